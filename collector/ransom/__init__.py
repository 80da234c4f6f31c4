"""Judges names and bytes for what ransomware leaves: notes, encrypted files, the family. Pure: it opens nothing.

Encrypted files: read `files` first, which judges one; then `groups`, which decides over many.
"""
