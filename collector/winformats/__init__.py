"""Formats of Windows, read from bytes: pure, the same on every system."""
