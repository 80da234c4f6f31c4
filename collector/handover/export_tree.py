r"""Where the files of a host go that an export lays out as a tree: into a folder or a zip, under names that are safe.

A name of the host is kept as far as every system can hold it. In each part of a path, what is no plain letter (control
and bidi characters, bytes that are no UTF-8, `< > : " | ? * \\`), a last dot or space, the first letter of a device of
Windows (`CON`) and `.` or `..` as a whole are written as `%` and two hexadecimal digits a byte. A percent sign that
two hexadecimal digits follow is written so, too.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from collector.handover.export_output import NewFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAX_PART = 200
"""Bytes of one part of a path: file systems hold 255."""
MAX_PATH = 1000
"""Bytes of a whole path inside the tree."""
_PERCENT = re.compile(r"%(?=[0-9A-Fa-f]{2})")
_UNSAFE = frozenset('<>:"|?*\\')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE | re.ASCII)
_OLDEST, _NEWEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)


class Tree(Protocol):
    """A tree that is filled file by file."""

    def folder(self, name: str) -> None:
        """Make a folder and those above it; it may be there."""

    def file(self, name: str, mtime_ns: int | None) -> contextlib.AbstractContextManager[Callable[[bytes], object]]:
        """Give what takes the bytes of a new file, whose folder is made with it; no other stands at this name."""


def part(raw: bytes) -> str | None:
    """Return one part of a host's path as a name that is safe to make anywhere, none where it would be too long."""
    text = _PERCENT.sub("%25", raw.decode("utf-8", "surrogateescape"))
    if text.strip(".") == "":
        text = text.replace(".", "%2E")
    if text[-1:] in (".", " "):
        text = text[:-1] + _hexed(text[-1])
    if _DEVICE.fullmatch(text):
        text = _hexed(text[0]) + text[1:]
    safe = "".join(char if char.isprintable() and char not in _UNSAFE else _hexed(char) for char in text)
    return safe if 0 < len(safe.encode("utf-8")) <= MAX_PART else None


def _hexed(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))


class FolderTree:
    """A tree in a new folder of ours."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, name: str) -> None:
        """Make a folder and those above it."""
        (self._root / name).mkdir(0o700, parents=True, exist_ok=True)

    @contextlib.contextmanager
    def file(self, name: str, mtime_ns: int | None) -> Iterator[Callable[[bytes], object]]:
        """Make a file, with the host's time of last change where it is one that this system knows."""
        path = self._root / name
        path.parent.mkdir(0o700, parents=True, exist_ok=True)
        made = NewFile(path)
        try:
            yield made.write
            made.finish()
        finally:
            made.close()
        if mtime_ns is not None:
            with contextlib.suppress(OSError, OverflowError):
                os.utime(path, ns=(mtime_ns, mtime_ns))


class ZipTree:
    """A tree in a zip, its files deflated; times of files are UTC there."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._made: set[str] = set()

    def folder(self, name: str) -> None:
        """Make a folder and those above it."""
        parts = name.split("/")
        for end in range(1, len(parts) + 1):
            path = "/".join(parts[:end]) + "/"
            if path not in self._made:
                self._made.add(path)
                info = zipfile.ZipInfo(path)
                info.external_attr = (stat.S_IFDIR | 0o700) << 16 | 0x10  # of DOS: a folder
                self._archive.writestr(info, b"")

    @contextlib.contextmanager
    def file(self, name: str, mtime_ns: int | None) -> Iterator[Callable[[bytes], object]]:
        """Make a file, with the host's time of last change where a zip can hold it."""
        self.folder(name.rpartition("/")[0])
        info = zipfile.ZipInfo(name, _dos(mtime_ns))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = (stat.S_IFREG | 0o600) << 16
        with self._archive.open(info, "w", force_zip64=True) as made:
            yield made.write


def _dos(mtime_ns: int | None) -> tuple[int, int, int, int, int, int]:
    try:
        found = datetime.fromtimestamp((mtime_ns or 0) // 10**9, UTC).timetuple()[:6]
    except (OverflowError, OSError, ValueError):
        return _OLDEST
    return max(_OLDEST, min(_NEWEST, found))
