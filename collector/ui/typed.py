"""What a person types: one line at a time, whatever the terminal sends, without anything that is no letter."""

from __future__ import annotations

import contextlib
import io
import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.host import console

if TYPE_CHECKING:
    from typing import TextIO

_PIECE: Final = 4096
"""Characters that are read at once: the longest line that a terminal of Linux gives (termios, MAX_CANON)."""
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?")
"""What arrow keys and a paste send beside letters."""
_NO_LETTERS: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control and format characters, halves of characters, other ends of lines."""



class Gone(Exception):  # noqa: N818 - not an error: nobody answers any more
    """The input has ended."""


class Line(NamedTuple):
    """What was typed, and whether more was than is kept."""

    text: str
    cut: bool


def prepare(source: TextIO) -> None:
    """Let a byte that is no letter of the terminal's encoding come through: it costs a letter, not the answer."""
    if isinstance(source, io.TextIOWrapper) and source.errors != "surrogateescape":
        with contextlib.suppress(io.UnsupportedOperation):  # it was read from before: a letter may end the questions
            source.reconfigure(errors="surrogateescape")


def forget(source: TextIO) -> None:
    """Drop what was typed on a terminal before anything was asked: it answers nothing that is shown from now on."""
    with contextlib.suppress(OSError, ValueError):  # the terminal is gone, or it is none of the system's
        console.forget(source)


def line(source: TextIO, longest: int) -> Line:
    """Return the next line, at most `longest` characters of it; the rest is read and dropped. Raises `Gone`."""
    read = ""
    while True:
        try:
            piece = source.readline(_PIECE)
        except (OSError, ValueError) as error:  # the terminal is gone
            raise Gone from error
        if not piece and not read:
            raise Gone
        read += piece[: max(0, 2 * _PIECE - len(read))]
        if not piece or piece.endswith("\n"):
            break
    text = cleaned(read)
    return Line(text[:longest].rstrip(), len(text) > longest)


def cleaned(read: str) -> str:
    """Return what a person meant to type: no control characters, single spaces."""
    spaced = " ".join(_ESCAPES.sub("", _decoded(read)).split())
    return "".join(char for char in spaced if unicodedata.category(char) not in _NO_LETTERS).strip()


def _decoded(read: str) -> str:
    """Return a text whose stray bytes are letters: of UTF-8, else of the code page of Western Europe."""
    if not any("\udc80" <= char <= "\udcff" for char in read):
        return read
    try:
        return read.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return "".join(
            bytes([ord(char) - 0xDC00]).decode("cp1252", "replace") if "\udc80" <= char <= "\udcff" else char
            for char in read
        )
