"""What is written outside a bundle: never inside one, never over what stands there, all or none of it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from collector import disk, layout
from collector.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def refuse_folder(folder: Path, option: str) -> None:
    """Raise `UsageError` for no folder, or one inside a bundle; `RefusedError` for one where nothing can be written.

    Asked of every folder that a command is given to write to, before it reads or records anything. A disk that is
    full shows only later.
    """
    hint = f"give another with {option}"
    if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
        raise UsageError("there is no such folder", hint=hint)
    disk.refuse_inside_bundle(folder, option)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RefusedError("nothing can be written into this folder", hint=hint)


def refuse_parent(folder: Path, option: str) -> None:
    """As `refuse_folder`, of a folder that `folder` makes where it is not there: then the one around it is asked."""
    refuse_folder(folder if os.path.lexists(folder) else folder.parent, option)


@contextlib.contextmanager
def folder(path: Path, option: str) -> Iterator[None]:
    """Make a folder that is not there, for us alone; where what is put into it fails, it goes again.

    Raises `RefusedError` where it can't be made.
    """
    is_new = not os.path.lexists(path)
    try:
        if is_new:
            path.mkdir(0o700)
    except OSError as error:
        raise RefusedError("nothing can be written into this folder", hint=f"give another with {option}") from error
    try:
        yield
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):  # somebody has put something into it: that stays
                path.rmdir()
        raise


def is_free(*paths: Path) -> bool:
    """Tell whether nothing stands at these names, nor at those that `put` writes under first."""
    return not any(os.path.lexists(name) for path in paths for name in (path, _part(path)))


def put(files: Mapping[Path, bytes]) -> None:
    """Write new files whole: temporary names, synced, renamed. Raises what `disk` does for one; then none is left."""
    made: list[Path] = []
    try:
        for path, data in files.items():
            fd = disk.create(_part(path))
            made.append(_part(path))
            try:
                disk.write_all(fd, data)
                disk.sync(fd)
            finally:
                os.close(fd)
        for number, path in enumerate(files):
            disk.rename((_part(path), path))
            made[number] = path
    except BaseException:
        for path in made:
            with contextlib.suppress(OSError):  # what is told is why the first one could not be written
                disk.remove(path)
        raise


def _part(path: Path) -> Path:
    return path.with_name(path.name + layout.PART)
