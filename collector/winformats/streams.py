"""Alternate data streams of a file: FILE_STREAM_INFO (winbase.h; MS-FSCC 2.4.49), and what the mark of the web says.

A stream `Zone.Identifier` says where a file came from; programs hide others.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.winformats.folders import native

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK: Final = "Zone.Identifier"
MARK_BYTES: Final = 4096
"""Most that is read of one; browsers write some 200 bytes."""
MOST: Final = 64
"""Most streams of one file that are told."""

_HEAD: Final = struct.Struct("<IIqq")
_OWN: Final = "::$DATA"
_DATA: Final = ":$DATA"


class Stream(NamedTuple):
    """One alternate stream: its name without colons and type, and its size."""

    name: str
    size: int


def streams(raw: bytes) -> Iterator[Stream]:
    """Yield the alternate streams that a buffer lists, the file's own content left out; raises `ValueError`."""
    at = 0
    while raw:
        if at + _HEAD.size > len(raw):
            raise ValueError("a stream is cut off")
        following, length, size, _ = _HEAD.unpack_from(raw, at)
        start = at + _HEAD.size
        if start + length > len(raw) or length % 2:
            raise ValueError("the name of a stream is cut off")
        name = native(raw[start : start + length])
        if name != _OWN:
            yield Stream(name.removesuffix(_DATA).removeprefix(":"), size)
        if not following:
            return
        at += following
