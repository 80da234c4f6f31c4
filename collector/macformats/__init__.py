"""Formats of macOS, read from bytes: pure, the same on every system."""
