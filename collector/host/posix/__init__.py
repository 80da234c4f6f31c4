"""What Linux and macOS have in common: files walked, read and copied below descriptors.

`ground` says what a system must tell; `low` chooses how it opens and describes a file.
"""
