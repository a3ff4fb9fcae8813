"""The operators' pages: what is open, what to do next, and who would come."""
