"""Rules: pure, no clock, no IO, no randomness."""
