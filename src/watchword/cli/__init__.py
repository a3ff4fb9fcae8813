"""The command line; each command imports its process's parts only when it runs."""
