"""What is copied onto a host: a kit, or one program's folder; read on this machine, file by file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from fleet.wishes import WishError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fleet.target import Target
    from fleet.wishes import Wishes

_SUMS = "SHA256SUMS"
_EVIDENCE = "preuves"


def program(wishes: Wishes, target: Target) -> list[tuple[str, Callable[[], bytes]]]:
    """Return the files to copy, each with what reads it; raises `WishError` where one is not as its sums say."""
    folder = wishes.kit or wishes.program
    assert folder is not None
    sums, above = folder / _SUMS, ""
    if wishes.kit is None:
        sums, above = folder.parent / _SUMS, f"{folder.name}/"  # as scripts/build-linux lays it
    starter = target.STARTER if wishes.kit is None else f"{target.SYSTEM}/{target.STARTER}"
    for name in (starter,) if wishes.kit is None else (starter, "kit.json", _SUMS):
        if not (folder / name).is_file():
            raise WishError(f"{folder} has no {name}: is it a kit, or the folder `collect` that a build makes?")
    files = {path.relative_to(folder).as_posix(): path for path in sorted(_below(folder))}
    known = _sums(sums) if sums.is_file() else {}
    for name, path in files.items():
        expected = known.get(above + name)
        if expected is not None and hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise WishError(f"{path} is not what {sums} says")
        if expected is None and known and name != _SUMS:
            raise WishError(f"{path} does not stand in {sums}")
    return [(name, path.read_bytes) for name, path in files.items()]


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_symlink():
            raise WishError(f"{path} is a link: copy the folder as it was made")
        if path.is_dir():
            if path.name != _EVIDENCE:
                yield from _below(path)
        else:
            yield path


def _sums(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: sum_ for sum_, _, name in (line.partition("  ") for line in lines)}
