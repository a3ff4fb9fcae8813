"""The world as the station meets it."""
