"""How the process meets the system: standard streams, signals, what is printed, and its end."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from collector import text
from collector.errors import CollectorError
from collector.host import console
from collector.ui import errors as shown
from collector.ui.messages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from collector.result import Stop

LANG = click.option(
    "--lang",
    type=click.Choice(sorted(LANGUAGES, reverse=True)),
    expose_value=False,  # `main` looks for it first of all: errors in the arguments are told in it, too
    help="Language of the messages; else the system's.",
)


INTERRUPTED = 130
"""Exit code of what was ended by a signal before it was done: as a shell reports an interrupt."""

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
"""Signals that ask a program to end, by whichever of these names the system has."""


def heed_signals(stop: Stop) -> None:
    """Let signals that end a program leave word in `stop`, so that what runs closes by itself."""

    def on_signal(_number: int, _frame: object) -> None:
        if stop.reason in (None, "disk_full"):  # who ends a run on a full stick wants it to go on nowhere else
            stop.reason = "signal"

    _heed(on_signal)


@contextlib.contextmanager
def orderly() -> Iterator[None]:
    """Let signals that end a program end what runs inside as Ctrl-C does: it removes what it made, then exit 130."""
    heard: list[int] = []

    def on_signal(number: int, _frame: object) -> None:
        if not heard:  # people press it twice: the second one would end the removal
            heard.append(number)
            raise KeyboardInterrupt

    _heed(on_signal)
    try:
        yield
    except KeyboardInterrupt:
        leave(INTERRUPTED)


def heed_interrupts() -> None:
    """Let signals that end a program end what is shown: nothing is at work any more that has to be closed."""

    def on_signal(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    _heed(on_signal)


def _heed(on_signal: Callable[[int, object], None]) -> None:
    """Call `on_signal` for each signal that ends a program and is not ignored already."""
    for number in (getattr(signal, name) for name in _ENDING if hasattr(signal, name)):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, on_signal)
    console.heed_closing()
    console.pass_halts()


def say(words: str) -> bool:
    """Write to stdout what was asked for and tell whether it went anywhere.

    Where it can't be written that is said, and the exit code stands.
    """
    try:
        sys.stdout.write(words)
        sys.stdout.flush()
    except (OSError, ValueError):
        unsaid()
        return False
    return leads_anywhere(sys.stdout)


def leads_anywhere(stream: TextIO) -> bool:
    """Tell whether somebody may read what is written there: the null device takes everything and keeps nothing."""
    try:
        return stream.fileno() not in _CLOSED and not console.keeps_nothing(stream)
    except (OSError, ValueError):  # no file behind it, or one that is gone: writing shows that
        return True


def unsaid() -> None:
    """Tell that the answer could not be written; the exit code stands."""
    shown.show(CollectorError("the answer could not be written to standard output"), sys.stderr)


_CLOSED: set[int] = set()
"""Standard streams that were closed when we were started."""


def keep_streams() -> None:
    """Give a closed standard stream the null device: else the next file, the manifest, would take its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
            _CLOSED.add(number)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - stays open to the end
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the same
    for stream in (sys.stdout, sys.stderr):  # into a file or a pipe Windows writes an old code page
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=text.PLAIN)


def leave(code: int) -> NoReturn:
    """End the process at once: a source that hangs in the system must not hold it."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more
            stream.flush()
    console.give_halts_back()
    os._exit(code)
