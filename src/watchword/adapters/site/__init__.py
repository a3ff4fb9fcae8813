"""The world as the site meets it."""
