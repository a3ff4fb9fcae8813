"""Watchword: a duress alarm code system in which the site never knows."""

__version__ = "0.1.0"
