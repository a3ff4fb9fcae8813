"""The keypad's page at the site."""
