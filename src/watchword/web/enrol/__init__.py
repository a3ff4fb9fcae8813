"""The page on which a person receives codes."""
