"""How an error is told: what happened, then what to do; each is one sentence in the chosen language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.ui import terminal
from collector.ui.messages import _, elsewhere

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

    from collector.errors import CollectorError

LONGEST = 600
"""Most characters of one sentence that are shown."""


class _Called:
    """Who is to be called, where a kit says so; one process has one kit."""

    contact: str | None = None


def call(somebody: str | None) -> None:
    """Say who is to be called once something is over or broken: a name and a number, as they may be shown."""
    _Called.contact = somebody


def contact() -> str | None:
    """Return who is to be called, as it may be shown; `None` where no kit says so."""
    return _Called.contact


def show(error: CollectorError, stream: TextIO, place: Path | None = None) -> None:
    """Write a deliberate error to a stream whatever becomes of that; `place`: the folder that it is about."""
    columns = _columns(stream)
    path = "" if place is None else "\n".join(terminal.fold_path(str(place), columns or LONGEST)) + "\n"
    terminal.show(stream, path + error_text(str(error), error.hint, columns=columns))


def show_crash(error: BaseException, stream: TextIO) -> None:
    """Write what to do when the tool itself broke, and the mistake's own words for whoever mends it."""
    terminal.show(stream, crash_text(error, columns=_columns(stream)))


def error_text(message: str, hint: str = "", *, columns: int | None = None) -> str:
    """Return the lines of an error, one for each sentence where `columns` is not given, as a script reads them."""
    lines = _labelled(_("error:"), message, columns)
    if hint:
        lines += _labelled(_("hint:"), hint, columns)
    return "\n".join(lines) + "\n"


def crash_text(error: BaseException, *, columns: int | None = None) -> str:
    """Return the lines of an error that nobody foresaw."""
    what = _("The tool stopped by a mistake of its own. Nothing was deleted.")
    then = _("Leave the computer on, take a photograph of this screen and call your IT provider.")
    lines = _labelled(_("error:"), what, columns) + _labelled(_("hint:"), then, columns)
    if _Called.contact is not None:
        lines += _labelled(" ", _("Number to call: {contact}", contact=_Called.contact), columns)
    return "\n".join([*lines, *_labelled(" ", f"{type(error).__name__}: {error}", columns)]) + "\n"


def _labelled(label: str, sentence: str, columns: int | None) -> list[str]:
    shown = terminal.shown(elsewhere(sentence), LONGEST)
    return [f"{label} {shown}"] if columns is None else terminal.fold(shown, columns, label + " ", "  ")


def _columns(stream: TextIO) -> int | None:
    """Return the width to fold to: a terminal's, or none where a script reads."""
    out = terminal.Terminal(stream)
    return out.size()[0] - 1 if out.isatty() else None
