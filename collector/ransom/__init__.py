"""Judges what ransomware leaves behind."""
