"""Adapters that both processes use."""
