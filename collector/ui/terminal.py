"""Where text goes: how wide it is there, what it can show, and that it may vanish at any moment.

Nothing written through here raises: a stick is worth more than the window that looks on.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from typing import TYPE_CHECKING

from collector import text
from collector.host import console

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from collector.text import Text

WIDTH = 80
"""Widest line that is ever written, in columns; a terminal of 80x24 is what every system has."""
HEIGHT = 24
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"
CLEAR, FORGET = "\x1b[H\x1b[2J", "\x1b[3J"
"""What clears the screen, and then what was scrolled away (to where some terminals push what is cleared)."""


class Terminal:
    """A text stream that swallows what happens to it; `gone` then says what, once, in the system's words."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.gone: str | None = None
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Tell whether a person looks on."""
        try:
            return console.is_console(self._stream)
        except (OSError, ValueError):
            return False

    def is_lively(self) -> bool:
        """Tell whether lines can be drawn over: a terminal that moves its cursor."""
        return self.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown") and console.draws()

    def has_colour(self) -> bool:
        """Tell whether bold and colours are welcome (no-color.org: any value that is not empty forbids them)."""
        return self.is_lively() and not os.environ.get("NO_COLOR")

    def fileno(self) -> int:
        """Return the number of the file behind; raises `OSError` if there is none, as every stream does."""
        return self._stream.fileno()

    def size(self) -> tuple[int, int]:
        """Return columns and rows now, columns at most 80; 80x24 where they can't be had."""
        try:
            columns, rows = os.get_terminal_size(self.fileno())
        except (OSError, ValueError, AttributeError):
            return WIDTH, HEIGHT
        return min(columns or WIDTH, WIDTH), rows or HEIGHT

    def write(self, words: str) -> int:
        """Write a text, or nothing once the stream is gone."""
        if self.gone is None:
            try:
                self._stream.write(words)
            except UnicodeEncodeError:
                self._again(words.encode(self.encoding, text.PLAIN).decode(self.encoding))
            except (OSError, ValueError) as error:
                self._lost(error)
        return len(words)

    def wipe(self) -> None:
        """Clear the screen and all that was scrolled away, where the terminal can: nobody scrolls back to a secret."""
        if self.is_lively():
            self.write(CLEAR + FORGET)
            self.flush()

    def flush(self) -> None:
        """Flush, or do nothing once the stream is gone."""
        if self.gone is None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._lost(error)

    def _again(self, words: str) -> None:
        try:
            self._stream.write(words)
        except (OSError, ValueError) as error:
            self._lost(error)

    def _lost(self, error: OSError | ValueError) -> None:
        self.gone = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def is_attended() -> bool:
    """Tell whether a person can be asked: the standard input and error are a terminal."""
    return all(stream is not None and Terminal(stream).isatty() for stream in (sys.stdin, sys.stderr))


def show(stream: TextIO, words: str) -> None:
    """Write a text of lines to a stream whatever becomes of it."""
    terminal = Terminal(stream)
    terminal.write(words)
    terminal.flush()


def width(words: str) -> int:
    """Return how many columns a text takes: two for wide characters, none for combining ones."""
    return sum(_columns(char) for char in words)


def _columns(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fold(words: str, columns: int, indent: str = "", later: str | None = None) -> list[str]:
    """Return a text as lines of at most `columns`, broken at spaces, and inside a word only where it must be.

    `indent` stands before the first line and `later`, if other, before the rest.
    """
    rest = indent if later is None else later
    room = max(columns - max(width(indent), width(rest)), 8)
    lines: list[str] = []
    line, empty = indent, True
    for word in words.split(" "):
        if not empty and width(line) + 1 + width(word) <= columns:
            line += " " + word
            continue
        for piece in _pieces(word, room):
            if not empty:
                lines.append(line)
                line = rest
            line += piece
            empty = False
    return [*lines, line]


def _pieces(word: str, room: int) -> Iterator[str]:
    """Yield a word in pieces that fit: a path breaks after its separators where it can."""
    piece = ""
    for char in word:
        if width(piece) + _columns(char) > room:
            cut = max(piece.rfind("/"), piece.rfind("\\")) + 1
            cut = cut if cut > len(piece) // 2 else len(piece)
            yield piece[:cut]
            piece = piece[cut:]
        piece += char
    yield piece


def fold_path(path: str, columns: int, indent: str = "") -> list[str]:
    """Return a path of the host, as it may be shown, in lines of at most `columns`; its spaces break nothing."""
    return [indent + piece for piece in _pieces(path_text(path), columns - width(indent))]


def clipped(words: str, columns: int) -> str:
    """Return a text cut to `columns`, its cut marked."""
    if width(words) <= columns:
        return words
    kept = ""
    for char in words:
        if width(kept + char) >= columns:
            break
        kept += char
    return kept + "…"


def path_text(path: str, limit: int = 4096) -> str:
    """Return a path of the host as it may be shown."""
    return text.printable(text.from_native(path), limit)


def shown(words: Text | None, limit: int = 200) -> str:
    """Return a text of the host as it may be shown."""
    return text.printable(words, limit)
