"""The tar inside a hand-over file: its blocks as we write them, and the names that may stand in one (SPEC 13.1)."""

from __future__ import annotations

import re

from collector import layout

BLOCK = 512
END = bytes(2 * BLOCK)
"""Two blocks of zeros end an archive; nothing of ours follows them."""
LARGEST = 8**11
"""First size that eleven octal digits can't hold (8 GiB): a PAX record gives it."""
MAX_TOP = 100
"""Longest name of the one top folder: with it every name fits the two fields of USTAR."""

_NAME, _PREFIX = 100, 155
_TOP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,98}(?<![.])", re.ASCII)
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE | re.ASCII)
_FILE = r"[0-9]{6,9}-[a-z0-9-]{1,40}(?:\.[a-z0-9]{1,8}){1,2}(?:\.part)?"
_ROOT = (*layout.SEALED_FILES, layout.SUMS, layout.CUSTODY)
_UNSEALED = (layout.RESERVE, *(name + layout.PART for name in _ROOT))
_LITTER = re.compile(r"(?:attachments/)?(?:desktop\.ini|Thumbs\.db|\.DS_Store|\._[A-Za-z0-9._-]{1,97})", re.ASCII)
_OURS = "|".join(map(re.escape, (*_ROOT, *_UNSEALED)))
_MEMBER = re.compile(rf"(?:{_OURS}|(?:artifacts|attachments)/{_FILE})", re.ASCII)


def is_top(name: str) -> bool:
    """Tell whether a folder of this name may be the one top folder: safe to make on every system."""
    return _TOP.fullmatch(name) is not None and _DEVICE.fullmatch(name) is None


def top_for(name: str) -> str:
    """Return the top folder for a bundle's folder: its own name, or what is safe of it."""
    if is_top(name):
        return name
    safe = layout.safe_name(name, MAX_TOP - 1)
    return safe if is_top(safe) else f"bundle-{safe}"[: MAX_TOP - 1].rstrip(".")


def is_member(name: str) -> bool:
    """Tell whether section 2 of SPEC has a file of this name, below the top folder."""
    return any(one.fullmatch(name) for one in (_MEMBER, _LITTER)) or layout.is_torn_name(name)


def is_litter(name: str) -> bool:
    """Tell whether a file of this name is only what file managers leave."""
    return _LITTER.fullmatch(name) is not None


def folder(name: str) -> bytes:
    """Return the block of a folder."""
    return _header(name + "/", 0o700, 0, b"5")


def file(name: str, size: int) -> bytes:
    """Return the block that stands before a file's bytes, or the three of one of 8 GiB and more."""
    if size < LARGEST:
        return _header(name, 0o600, size, b"0")
    record = _record("size", str(size))
    return _header("PaxHeaders", 0o600, len(record), b"x") + padded(record) + _header(name, 0o600, 0, b"0")


def padding(size: int) -> bytes:
    """Return the zeros that follow a file of this size up to the next block."""
    return bytes(-size % BLOCK)


def padded(data: bytes) -> bytes:
    """Return data with the zeros that follow it."""
    return data + padding(len(data))


def _record(key: str, value: str) -> bytes:
    """Return a PAX record: its own length in decimal comes first and counts itself."""
    rest = f" {key}={value}\n"
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return f"{length}{rest}".encode("ascii")


def _header(name: str, mode: int, size: int, kind: bytes) -> bytes:
    prefix = ""
    if len(name) > _NAME:
        prefix, _, name = name.partition("/")
    parts = (
        name.encode("ascii").ljust(_NAME, b"\0"),
        b"%07o\0" % mode,
        b"0000000\0" * 2,  # uid, gid
        b"%011o\0" % size,
        b"0" * 11 + b"\0",  # mtime
        b" " * 8,  # checksum, counted as spaces
        kind + bytes(100),  # no link
        b"ustar\x0000",
        bytes(64),  # no names of user and group
        b"0000000\0" * 2,  # no device
        prefix.encode("ascii").ljust(_PREFIX, b"\0"),
        bytes(12),
    )
    block = b"".join(parts)
    return block.replace(b" " * 8, b"%06o\0 " % sum(block), 1)
