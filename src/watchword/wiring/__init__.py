"""Where the parts of a process are joined, one module for each process."""
