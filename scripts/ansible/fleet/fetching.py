"""Takes a bundle home: names that are ours only, and never more bytes than were agreed."""

from __future__ import annotations

import os
import shutil
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from fleet.answers import AnswerError
from fleet.target import PART

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fleet.target import Target

SPARE = 1 << 30
"""Free bytes that are left on this machine: its disk is where the other hosts' bundles go, too."""
_TOGETHER = 300
"""Small files that are asked for at once."""


T = TypeVar("T")


class Ask(Protocol):
    """Asks the host, and again where the connection was lost."""

    def __call__(self, ask: Callable[[], T]) -> T:
        """Return the answer."""


def fetch(target: Target, bundle: str, into: Path, quota: int, ask: Ask) -> int:
    """Fetch a bundle into a new folder; returns its bytes. Raises `AnswerError` where it is none of ours, or too large.

    What an earlier fetch left in `into` may be the only copy: it gives way once the new one is whole, and not before.
    """
    part, old = into.with_name(f".new{into.name}"), into.with_name(f".old{into.name}")
    shutil.rmtree(part, ignore_errors=True)
    listed = ask(lambda: target.files(bundle))
    whole = sum(listed.values())
    if whole > quota:
        raise AnswerError(f"the bundle has {whole >> 20} MiB, more than the {quota >> 20} MiB that were agreed")
    if whole + SPARE > shutil.disk_usage(into.parent).free:
        raise AnswerError(f"this machine has no room for {whole >> 20} MiB in {into.parent}")
    part.mkdir(mode=0o700)
    for folder in sorted({name.partition("/")[0] for name in listed if "/" in name}):
        (part / folder).mkdir(mode=0o700)
    for names, size in _together(listed):
        data = ask(partial(target.read, bundle, names, size))
        at = 0
        for name in names:
            _write(part / name, [data[at : at + listed[name]]])
            at += listed[name]
    for name, size in listed.items():
        if size > PART:
            _write(part / name, _parts(target, bundle, name, size, ask))
    if into.exists():
        shutil.rmtree(old, ignore_errors=True)
        into.rename(old)
    part.rename(into)
    shutil.rmtree(old, ignore_errors=True)
    return whole


def _together(listed: dict[str, int]) -> Iterator[tuple[list[str], int]]:
    """Yield the small files in groups that fit into one answer, each with its size."""
    names: list[str] = []
    size = 0
    for name, length in listed.items():
        if length > PART:
            continue
        if names and (size + length > PART or len(names) == _TOGETHER):
            yield names, size
            names, size = [], 0
        names.append(name)
        size += length
    if names:
        yield names, size


def _parts(target: Target, bundle: str, name: str, size: int, ask: Ask) -> Iterator[bytes]:
    for start in range(0, size, PART):
        most = min(PART, size - start)
        yield ask(partial(target.part, bundle, name, start, most))


def _write(path: Path, parts: Iterator[bytes] | list[bytes]) -> None:
    """Write a new file; a link that lies there is not followed: it is refused."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
        file.writelines(parts)
        file.flush()
        os.fsync(descriptor)
