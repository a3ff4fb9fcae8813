"""The design system and the HTTP manners that all pages share."""
