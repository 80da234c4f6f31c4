"""How an error is told: what happened, then what to do; each is one sentence in the chosen language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.ui import terminal
from collector.ui.messages import _, elsewhere

if TYPE_CHECKING:
    from typing import TextIO

    from collector.errors import CollectorError

LONGEST = 600
"""Most characters of one sentence that are shown."""


def show(error: CollectorError, stream: TextIO) -> None:
    """Write a deliberate error to a stream whatever becomes of that."""
    terminal.show(stream, error_text(str(error), error.hint))


def show_crash(error: BaseException, stream: TextIO) -> None:
    """Write what to do when the tool itself broke, and the mistake's own words for whoever mends it."""
    terminal.show(stream, crash_text(error))


def error_text(message: str, hint: str = "") -> str:
    """Return the lines of an error; the sentences are those that were raised, in English."""
    lines = _labelled(_("error:"), message)
    if hint:
        lines += _labelled(_("hint:"), hint)
    return "\n".join(lines) + "\n"


def crash_text(error: BaseException) -> str:
    """Return the lines of an error that nobody foresaw."""
    lines = _labelled(_("error:"), _("The tool stopped by a mistake of its own. Nothing was deleted."))
    lines += _labelled(
        _("hint:"), _("Leave the computer on, take a photograph of this screen and call your IT provider.")
    )
    lines += terminal.fold(terminal.shown(f"{type(error).__name__}: {error}", LONGEST), terminal.WIDTH - 1, "  ")
    return "\n".join(lines) + "\n"


def _labelled(label: str, sentence: str) -> list[str]:
    return terminal.fold(terminal.shown(elsewhere(sentence), LONGEST), terminal.WIDTH - 1, label + " ", "  ")
