"""Looks for what ends a whole file of its kind, and for what stands behind it.

Ransomware that spares the head of a file rarely spares its end; and many families append their key to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collector.ransom.magics import Kind

_ZIP_END: Final = b"PK\x05\x06"
_ZIP_END_BYTES: Final = 22
_BZIP2_END: Final = 0x177245385090
_BZIP2_MASK: Final = (1 << 48) - 1
_BZIP2_BYTES: Final = 11
_MOST_DEFLATE: Final = 1032
"""Deflate shrinks to no less than this part (RFC 1951): more can't have been inside."""

_TAR_BLOCK: Final = 512
_SQLITE_PAGE: Final = 512
_SQLITE_TYPES: Final = frozenset({0, 2, 5, 10, 13})

_MARK: Final = 0xFF
_IN_PICTURE: Final = frozenset({0, *range(0xD0, 0xD8)})
_MOST_PREVIEW: Final = 4
"""Marks of JPEG, those that stand in a picture's data, and how many others an embedded preview may bring."""

_SHORT: Final = 2
_NEAR: Final = 64
"""An end of two bytes is found in four kilobytes of random ones too often: it has to stand near the very end."""


@dataclass(frozen=True, slots=True)
class Trailer:
    """What was found of a file's end: whether it stands there, and the bytes behind it."""

    is_there: bool
    behind: bytes = b""


def look(kind: Kind, head: bytes, tail: bytes, size: int) -> Trailer | None:
    """Return what ends the file; `None` where the kind has no end that can be checked."""
    if not kind.ends or not tail:
        return None
    found = [_one(end, head, tail, size) for end in kind.ends]
    return min((one for one in found if one.is_there), key=lambda one: len(one.behind), default=Trailer(is_there=False))


def _one(end: str | bytes, head: bytes, tail: bytes, size: int) -> Trailer:
    if isinstance(end, str):
        return _CHECKS[end](head, tail, size)
    place = (tail if len(end) > _SHORT else tail[-_NEAR:]).rfind(end)
    if place >= 0 and len(end) <= _SHORT:
        place += max(len(tail) - _NEAR, 0)
    return Trailer(is_there=True, behind=tail[place + len(end) :]) if place >= 0 else Trailer(is_there=False)


def _zip(_head: bytes, tail: bytes, _size: int) -> Trailer:
    """Find the end of the central directory, which says how long the comment is that ends the file."""
    place = tail.rfind(_ZIP_END)
    if place < 0:
        return Trailer(is_there=False)
    comment = int.from_bytes(tail[place + 20 : place + 22], "little")
    return Trailer(is_there=True, behind=tail[place + _ZIP_END_BYTES + comment :])


def _gzip(_head: bytes, tail: bytes, size: int) -> Trailer:
    """Read how long the content was: not longer than deflate allows; zeros behind it are padding."""
    bare = tail.rstrip(b"\0")
    lengths = {int.from_bytes(bare[-4:], "little")} | {
        int.from_bytes((bare + bytes(zeros))[-4:], "little") for zeros in range(1, 5) if len(tail) - len(bare) >= zeros
    }
    return Trailer(is_there=min(lengths) <= size * _MOST_DEFLATE)


def _bzip2(_head: bytes, tail: bytes, _size: int) -> Trailer:
    """Find the mark of the end: no whole number of bytes from it, so all eight places are tried."""
    bits = int.from_bytes(tail.rstrip(b"\0")[-_BZIP2_BYTES:], "big")
    padded = int.from_bytes(tail[-_BZIP2_BYTES:], "big")
    marks = {one >> shift & _BZIP2_MASK for one in (bits, padded) for shift in range(32, 41)}
    return Trailer(is_there=_BZIP2_END in marks)


def _sqlite(head: bytes, tail: bytes, size: int) -> Trailer:
    """Look for whole pages: the first byte of each is a type of tree, or the upper one of a number."""
    page = int.from_bytes(head[16:18], "big")
    page = 65536 if page == 1 else page
    if page < _SQLITE_PAGE or page & (page - 1):
        return Trailer(is_there=False)
    behind = size % page
    if behind:
        return Trailer(is_there=behind < len(tail), behind=tail[-behind:] if behind < len(tail) else b"")
    return Trailer(is_there=page > len(tail) or tail[-page] in _SQLITE_TYPES)


def _riff(head: bytes, tail: bytes, size: int) -> Trailer:
    """Compare with the length that the head tells: half a file is not whole, what stands behind is no part of it."""
    behind = size - 8 - int.from_bytes(head[4:8], "little")
    return Trailer(is_there=behind >= 0, behind=tail[-behind:] if 1 < behind < len(tail) else b"")


def _tar(_head: bytes, tail: bytes, _size: int) -> Trailer:
    """Look for the empty blocks that end every archive."""
    return Trailer(is_there=not tail[-_TAR_BLOCK:].strip(b"\0"))


_CHECKS: Final[Mapping[str, Callable[[bytes, bytes, int], Trailer]]] = {
    "<zip>": _zip, "<gzip>": _gzip, "<bzip2>": _bzip2, "<tar>": _tar, "<sqlite>": _sqlite, "<riff>": _riff,
}  # fmt: skip
"""Checks that know the format, by the names that magics.yaml gives them; each takes head, tail and size."""


def broken_jpeg(probes: tuple[bytes, ...]) -> bool:
    """Tell whether marks stand where no picture has them: in its data a 0xff is followed by 0 or a restart.

    Headers and previews inside hold others, so some are allowed; encrypted bytes hold hardly one that is right.
    """
    wrong = right = 0
    for probe in probes:
        for mark, after in pairwise(probe):
            if mark != _MARK or after == _MARK:  # repeated: it fills
                continue
            if after in _IN_PICTURE:
                right += 1
            else:
                wrong += 1
    return wrong >= _MOST_PREVIEW and wrong > right
