"""The station's interface for other programs."""
