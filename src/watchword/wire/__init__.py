"""Bytes to words and back, sans-IO."""
