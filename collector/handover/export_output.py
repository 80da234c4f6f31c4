"""Where an export goes: one new file or one new folder, under a temporary name until it is whole.

Never inside a bundle, never over what stands there; what fails leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from collector import disk, handles, layout, papers
from collector.errors import DiskFullError, RefusedError, UsageError, WriteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUFFER = 1 << 20
_HINT = "give another place with --out; what stands there is never written over"


class NewFile:
    """A new file that is written from its beginning to its end; raises what `disk` does."""

    def __init__(self, path: Path) -> None:
        self._fd = disk.create(path)
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        """Write every byte, a mebibyte at a time."""
        self._held += data
        if len(self._held) >= _BUFFER:
            self._flush()
        return len(data)

    def flush(self) -> None:
        """Have nothing to do until `finish`: what makes a zip asks for it."""

    def finish(self) -> None:
        """Bring everything onto the medium and close."""
        self._flush()
        disk.sync(self._fd)
        self.close()

    def close(self) -> None:
        """Close it as it is; it may be closed already."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _flush(self) -> None:
        disk.write_all(self._fd, bytes(self._held))
        self._held.clear()


def new_folder(path: Path) -> None:
    """Make a folder that only we can enter; raises what `disk` does, also where the name is taken."""
    try:
        path.mkdir(0o700)
    except OSError as error:
        raise disk.translated(error) from error


def place(out: Path, name: str) -> Path:
    """Return where an export will stand: `out` itself, or `name` in it where it is a folder already.

    Raises `UsageError` for a place inside a bundle or in no folder, `RefusedError` where something stands there.
    """
    if os.path.isdir(out):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
        path = out / name
    elif out.name in ("", "..") or str(out).endswith(("/", os.sep)):
        raise UsageError("there is no such folder", hint="give an existing folder, or a new name in one, with --out")
    else:
        path = out
    papers.refuse_folder(path.parent, "--out")
    try:
        free = papers.is_free(path)
    except (OSError, ValueError):
        free = False
    if not free:
        raise RefusedError("something stands under the name of the export already", hint=_HINT)
    return path


@contextlib.contextmanager
def file(path: Path) -> Iterator[NewFile]:
    """Give a file to be filled; it gets its name once that went well."""
    part = path.with_name(path.name + layout.PART)
    with _refusals():
        made = NewFile(part)
        try:
            yield made
            made.finish()
            disk.rename((part, path))
        except BaseException:
            made.close()
            with contextlib.suppress(OSError):
                disk.remove(part, missing_ok=True)
            raise


@contextlib.contextmanager
def folder(path: Path) -> Iterator[Path]:
    """Give a new folder to be filled, which only we can enter; it gets its name once that went well."""
    part = path.with_name(path.name + layout.PART)
    with _refusals():
        new_folder(part)
        try:
            yield part
            disk.sync_folder(part)
            if os.path.lexists(path):
                raise RefusedError("something stands under the name of the export already", hint=_HINT)
            try:
                handles.patiently(lambda: part.rename(path))
            except OSError as error:
                raise disk.translated(error) from error
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    with contextlib.suppress(DiskFullError, WriteError):  # it stands there whole; some media sync no folder
        disk.sync_folder(path.parent)


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (DiskFullError, WriteError) as error:
        hint = "make room there, or give another place with --out; nothing was left behind"
        raise RefusedError("the export can't be written: its folder takes no more", hint=hint) from error
