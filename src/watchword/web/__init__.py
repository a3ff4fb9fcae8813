"""HTTP: pages and their messages."""
