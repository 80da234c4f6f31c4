"""Entries of a folder as the file system lists them: FILE_ID_BOTH_DIR_INFO (winbase.h; MS-FSCC 2.4.17).

All four times, the number of the file and its 8.3 name come with the listing: nothing is opened for them. The times of
a listing are those of the last time that the file was closed: what a program holds open and writes to may be newer.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.winformats import reparse
from collector.winformats.filetimes import known_ns, of_ns, utc_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENTRY: Final = struct.Struct("<II4qqqIIIBx24s2xQ")
_HEAD: Final = struct.Struct("<I4xq8xqq16xI")
"""The start of an entry: what follows, three of its times, its attributes."""
NO_NUMBERS: Final = (0, 0xFFFF_FFFF_FFFF_FFFF)
"""Numbers of a file on file systems that have none, or none that fits."""


class Facts(NamedTuple):
    """What the file system says of one entry; times in nanoseconds since 1970 UTC."""

    attributes: int
    tag: int
    size: int
    inode: int
    device: int
    """Serial number of the volume."""
    atime_ns: int
    btime_ns: int | None
    ctime_ns: int | None
    """Last change of the entry; FAT keeps none."""
    mtime_ns: int
    short: str | None = None
    """8.3 name beside its own."""
    links: int | None = None

    @property
    def type(self) -> str:
        """Return what it is, in the words of `recent-files`."""
        return reparse.kind(self.attributes, self.tag)

    @property
    def identity(self) -> tuple[int, int]:
        """Return volume and number."""
        return self.device, self.inode

    def since(self, since_ns: int) -> bool:
        """Return whether content, entry or birth is of that time or later; malware puts times back."""
        return any(ns is not None and ns >= since_ns for ns in (self.mtime_ns, self.ctime_ns, self.btime_ns))

    def is_same(self, other: Facts) -> bool:
        """Tell whether the other is the same file: by its number, or by birth and size where it has none."""
        if self.inode in NO_NUMBERS or other.inode in NO_NUMBERS:
            return (self.device, self.btime_ns, self.size) == (other.device, other.btime_ns, other.size)
        return self.identity == other.identity


class Listed(NamedTuple):
    """Part of a folder: its subfolders, what is recent among the rest, and what only the network would give."""

    subfolders: list[bytes]
    changed: list[tuple[bytes, Facts]]
    placeholders: list[bytes]
    """Folders that were not entered, since a program or the network would be asked for what is in them."""


def listed(raw: memoryview, device: int, since_ns: int) -> Listed:
    """Return what one buffer of entries tells; raises `ValueError` where it is none.

    This is the loop that runs once for each file of the host: nothing is built for a file that isn't recent.
    """
    found = Listed([], [], [])
    since = of_ns(since_ns)
    unpack = _HEAD.unpack_from
    at = 0
    while True:
        try:
            following, born, written, changed, attributes = unpack(raw, at)
        except struct.error as error:
            raise ValueError("an entry of a folder is cut off") from error
        if attributes & reparse.DIRECTORY or written >= since or changed >= since or born >= since:
            _, name, facts = _entry(raw, at, device)
            if reparse.kind(attributes, facts.tag) == "folder":
                if name in (b".", b".."):
                    pass
                elif reparse.is_placeholder(attributes, facts.tag):
                    found.placeholders.append(name)
                else:
                    found.subfolders.append(name)
            elif facts.since(since_ns):
                found.changed.append((name, facts))
        if not following:
            return found
        at += following


def all_of(raw: memoryview, device: int) -> Iterator[tuple[bytes, Facts]]:
    """Yield every entry of one buffer but the two dots; raises `ValueError` where it is none."""
    at = 0
    while True:
        following, name, facts = _entry(raw, at, device)
        if name not in (b".", b".."):
            yield name, facts
        if not following:
            return
        at += following


def _entry(raw: memoryview, at: int, device: int) -> tuple[int, bytes, Facts]:
    try:
        following, _, born, read, written, changed, size, _, attributes, length, tag, short_length, short, inode = (
            _ENTRY.unpack_from(raw, at)
        )
    except struct.error as error:
        raise ValueError("an entry of a folder is cut off") from error
    start = at + _ENTRY.size
    if start + length > len(raw) or short_length > len(short):
        raise ValueError("the name of an entry is cut off")
    facts = Facts(
        attributes=attributes,
        tag=tag if attributes & reparse.REPARSE else 0,
        size=size,
        inode=inode,
        device=device,
        atime_ns=utc_ns(read),
        btime_ns=known_ns(born),
        ctime_ns=known_ns(changed),
        mtime_ns=utc_ns(written),
        short=native(bytes(short[:short_length])) or None,
    )
    return following, utf8(bytes(raw[start : start + length])), facts


def native(raw: bytes) -> str:
    """Return a name in UTF-16 as Python has it; lone surrogates stay."""
    return raw.decode("utf-16-le", "surrogatepass")


def utf8(raw: bytes) -> bytes:
    """Return a name in UTF-16 as the bytes that we keep (`os.fsencode` on Windows)."""
    return native(raw).encode("utf-8", "surrogatepass")
