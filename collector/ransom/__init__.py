"""Judges what ransomware leaves behind, by names and bytes alone: it opens nothing and asks no host.

Read `reading` (bytes to text), `notes` (is it a ransom note?), `contacts` (what the note names) and `families`.
"""
