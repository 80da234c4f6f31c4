"""Judges names and bytes for what ransomware leaves: notes, encrypted files, what was typed, the family. Pure.

Notes: read `reading` (bytes to text), `notes` (is it one?), `contacts` (what it names), `families` (whose it may be).
Encrypted files: read `files` first, which judges one; then `groups`, which decides over many. What was typed:
`recovery`. Nothing here opens a file or asks a host.
"""
