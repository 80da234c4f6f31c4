r"""Where the files of a host go that an export lays out as a tree: into a folder or a zip, under names that are safe.

A name of the host is kept as far as every system can hold it. In each part of a path, what is no plain letter (control
and bidi characters, bytes that are no UTF-8, `< > : " | ? * \\ /`), a last dot or space, the first letter of a device
of Windows (`CON`) and `.` or `..` as a whole are written as `%` and two hexadecimal digits a byte. A percent sign that
two hexadecimal digits follow is written so, too.

No file lies outside of a tree, whoever asks for it: both trees hold each part of each name against the same rule once
more, and refuse the export where one does not keep to it.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from collector import disk
from collector.errors import DiskFullError, RefusedError, WriteError
from collector.handover.export_output import NewFile, new_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAX_PART = 200
"""Bytes of one part of a path: file systems hold 255."""
MAX_PATH = 1000
"""Bytes of a whole path inside the tree."""
_PERCENT = re.compile(r"%(?=[0-9A-Fa-f]{2})")
_UNSAFE = frozenset('<>:"|?*\\/')
"""Both separators are among them: what splits a path on one system is a letter of a name on the other."""
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\..*)?", re.IGNORECASE | re.ASCII
)
_OLDEST, _NEWEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)


class Tree(Protocol):
    """A tree that is filled file by file; raises `RefusedError` for a name that would not lie in it."""

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
    return safe if _is_safe(safe) else None


def checked(name: str) -> list[str]:
    """Return the parts of a name in a tree; raises `RefusedError` unless each of them is safe to make anywhere."""
    parts = name.split("/")
    if not all(_is_safe(one) for one in parts):
        hint = "nothing was left behind; take another format, and tell whoever made this program"
        raise RefusedError("the export is refused: a file would lie outside of its folder", hint=hint)
    return parts


def _is_safe(name: str) -> bool:
    """Tell whether this is one part of a path on every system: no way up, no drive, no device, no second part."""
    return (
        name.isprintable()
        and 0 < len(name.encode("utf-8")) <= MAX_PART
        and _UNSAFE.isdisjoint(name)
        and name[-1] not in ". "
        and _DEVICE.fullmatch(name) is None
    )


def _hexed(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))


def _above(parts: list[str], made: set[str]) -> Iterator[str]:
    """Yield each folder on the way that was not made yet, the highest first."""
    for end in range(1, len(parts) + 1):
        path = "/".join(parts[:end])
        if path not in made:
            made.add(path)
            yield path


class FolderTree:
    """A tree in a new folder of ours; raises what `disk` does."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._made: set[str] = set()

    def folder(self, name: str) -> None:
        """Make a folder and those above it."""
        for path in _above(checked(name), self._made):
            try:
                new_folder(self._root / path)
            except (DiskFullError, WriteError):
                if not _is_folder(self._root / path):  # a medium that knows one case only has it already
                    raise

    @contextlib.contextmanager
    def file(self, name: str, mtime_ns: int | None) -> Iterator[Callable[[bytes], object]]:
        """Make a file, with the host's time of last change where it is one that this system knows."""
        *above, _ = checked(name)
        self.folder("/".join(above))
        path = self._root / name
        if disk.stands(path):  # `PROGRA~1`, or an accent in two spellings
            hint = "give another place with --out; as a name that ends in .zip, each host by itself"
            raise RefusedError("two files of the host have one name on this medium", hint=hint)
        made = NewFile(path)
        try:
            yield made.write
            made.finish()
        finally:
            made.close()
        if mtime_ns is not None:
            with contextlib.suppress(OSError, OverflowError):
                os.utime(path, ns=(mtime_ns, mtime_ns))


def _is_folder(path: Path) -> bool:
    try:
        return disk.kind(path) == stat.S_IFDIR
    except OSError:
        return False


class ZipTree:
    """A tree in a zip, its files deflated; times of files are UTC there."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._made: set[str] = set()

    def folder(self, name: str) -> None:
        """Make a folder and those above it."""
        for path in _above(checked(name), self._made):
            info = zipfile.ZipInfo(path + "/")
            info.external_attr = (stat.S_IFDIR | 0o700) << 16 | 0x10  # of DOS: a folder
            self._archive.writestr(info, b"")

    @contextlib.contextmanager
    def file(self, name: str, mtime_ns: int | None) -> Iterator[Callable[[bytes], object]]:
        """Make a file, with the host's time of last change where a zip can hold it."""
        *above, _ = checked(name)
        self.folder("/".join(above))
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
