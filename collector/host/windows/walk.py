"""How the walk (`collector.host.walking`) opens and reads folders on Windows: below their parent, never a junction."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import errno
import os
from typing import TYPE_CHECKING

from collector.host import walking
from collector.host.walking import Folder, Slice, Trouble
from collector.host.windows import files, ntcalls
from collector.winformats import folders
from collector.winformats.folders import Facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Folder", "Found", "OpenFolders", "Trouble", "Walk"]

Found = walking.Found[Facts]


class _Opener:
    def open_folder(self, name: bytes, above: int | None) -> int:
        if above is None:
            return files.open_folder(name).detached()
        return files.open_folder_below(os.fsdecode(name), above).detached()

    def identity(self, handle: int) -> tuple[int, int]:
        told = ntcalls.information(handle)
        return told.serial, told.index_high << 32 | told.index_low

    def close(self, handle: int) -> None:
        ntcalls.close(handle)


class OpenFolders(walking.OpenFolders):
    """The open folders of one thread."""

    def __init__(self) -> None:
        super().__init__(_Opener())


class _Eyes:
    """What one thread looks with."""

    def __init__(self, since_ns: int) -> None:
        self._since_ns = since_ns
        self._folders = OpenFolders()

    def enter(self, folder: Folder) -> int:
        return self._folders.of(folder)

    def slices(self, handle: int, folder: Folder) -> Iterator[Slice[Facts]]:
        assert folder.identity is not None
        for raw in files.slices(handle):
            try:
                listed = folders.listed(raw, folder.identity[0], self._since_ns)
            except ValueError as error:
                raise OSError(errno.EIO, os.strerror(errno.EIO)) from error
            changed: list[tuple[bytes, Facts | OSError]] = [*listed.changed]
            changed += [(name, files.RefusedError(files.ELSEWHERE)) for name in listed.placeholders]
            yield Slice(listed.subfolders, changed)

    def close(self) -> None:
        self._folders.close()


class Walk(walking.Walk[Facts]):
    """One walk over some trees for what changed since a time."""

    def __init__(self, tops: Sequence[Folder], since_ns: int, exclude: frozenset[tuple[int, int]]) -> None:
        super().__init__(tops, lambda: _Eyes(since_ns), exclude)
