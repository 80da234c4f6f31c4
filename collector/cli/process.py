"""How the process meets the system: standard streams, signals, what is printed, and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from collector.errors import CollectorError
from collector.ui import errors as shown

if TYPE_CHECKING:
    from collector.acquisition import Stop

LANG = click.option(
    "--lang",
    type=click.Choice(["fr", "en"]),
    expose_value=False,  # `main` looks for it first of all: errors in the arguments are told in it, too
    help="Language of the messages; else the system's.",
)


def heed_signals(stop: Stop) -> None:
    """Let signals that end a program leave word in `stop`, so that what runs closes by itself."""

    def on_signal(_number: int, _frame: object) -> None:
        if stop.reason is None:
            stop.reason = "signal"

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:  # nohup
            signal.signal(getattr(signal, name), on_signal)


def say(text: str) -> None:
    """Write to stdout what was asked for; where nobody takes it, say so, and let the exit code stand."""
    try:
        click.echo(text, nl=False)
        sys.stdout.flush()
    except (OSError, ValueError):
        unsaid()


def unsaid() -> None:
    """Tell that the answer could not be written; the exit code stands."""
    shown.show(CollectorError("the answer could not be written to standard output"), sys.stderr)


def keep_streams() -> None:
    """Give a closed standard stream the null device: else the next file, the manifest, would take its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - stays open to the end
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the same


def leave(code: int) -> None:
    """End the process at once: a source that hangs in the system must not hold it."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more
            stream.flush()
    os._exit(code)
