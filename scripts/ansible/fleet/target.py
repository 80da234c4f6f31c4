"""How a host is asked: the few things that are asked of one, whatever its system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fleet.answers import Look

PART = 4 << 20
"""Bytes that are asked for at once, and sent at once: a host's answer is held in memory."""


class LostError(Exception):
    """The host did not answer: the connection is gone, or nothing came in time."""


class RefusedError(Exception):
    """The host answered that it did not do what was asked; the message is its own, made printable."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command on the host left."""

    code: int
    out: bytes
    err: bytes


class Target(Protocol):
    """One host; each raises `LostError`, `RefusedError` or `AnswerError`."""

    SYSTEM: str
    """The folder of a kit that holds its program."""
    STARTER: str
    """What starts it there."""

    def look(self) -> Look:
        """Tell what the host is, and what of ours is there."""

    def copy(self, files: Sequence[tuple[str, Callable[[], bytes]]]) -> None:
        """Make our folder, copy the program into it, and check every byte on arrival."""

    def program(self, *below: str) -> str:
        """Return the path on the host of something that was copied."""

    def bundle(self, name: str = "") -> str:
        """Return the path on the host of a bundle, or of the folder of bundles."""

    def make(self) -> None:
        """Make our folder."""

    def start(self, token: str, words: Sequence[str]) -> None:
        """Start a run that goes on without us; once for a token."""

    def poll(self) -> tuple[str, int | None]:
        """Return how far the run is: its state, and its exit code."""

    def answer(self) -> bytes:
        """Return what the run said; it can be asked again until `heard`."""

    def heard(self) -> None:
        """Let the host forget what the run said."""

    def files(self, bundle: str) -> dict[str, int]:
        """Return the files of a bundle, with their sizes."""

    def read(self, bundle: str, names: Sequence[str], size: int) -> bytes:
        """Return the bytes of some small files, one after the other."""

    def part(self, bundle: str, name: str, start: int, size: int) -> bytes:
        """Return a part of a large file; `start` is a multiple of `PART`."""

    def clean(self, *what: str) -> int:
        """Remove `program`, `job` or `bundle NAME`; return how many files and folders of ours are left."""
