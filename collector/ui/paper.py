"""What must get onto paper before the terminal is gone: the practice's reading key, and the seal code typed back."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import select
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.ui import qr, terminal, typed
from collector.ui.messages import N_, _
from collector.ui.terminal import Terminal

if TYPE_CHECKING:
    from typing import TextIO

    from collector.model import Json

PATIENCE = 60
"""Seconds without a key after which a question is left: what was asked of nobody must not hold a run's end."""
_LONGEST = 400
"""Most characters taken of one line."""
TRIES = 3
"""How often the two groups may be typed before the question is left."""
_READING_KEY = (
    N_("READING KEY OF THE PRACTICE: copy it on paper, or photograph this screen."),
    N_("It is stored nowhere, and without it the practice can't read its evidence."),
)


def reading_key(identity: str, columns: int, rows: int, *, lively: bool, colour: bool) -> list[str]:
    """Return what is shown of the practice's secret: its letters, and its QR code where there is room for it."""
    title, why = (terminal.fold(_(sentence), columns) for sentence in _READING_KEY)
    lines = [*title, identity, *why]
    if not lively:
        return lines
    try:
        drawn, plain = qr.lines(identity, colour=colour), qr.lines(identity, colour=False)
    except Exception:  # noqa: BLE001 - the letters stand above; a broken library takes nothing from them
        return lines
    return [*lines, *drawn] if len(lines) + len(drawn) <= rows and len(plain[0]) <= columns else lines


def show_reading_key(
    identity: str, source: TextIO | None, stream: TextIO, *, asks: bool, patient: bool = False
) -> bool:
    """Show the practice's secret, and tell whether the stream took it; with `asks` wait until a person has it.

    Who is `patient` waits as long as that takes, else `PATIENCE`. Once a person has it, it is nowhere on the terminal
    any more, scrolled away neither.
    """
    out = Terminal(stream)
    columns, rows = out.size() if out.isatty() else (terminal.WIDTH, terminal.HEIGHT)
    lines = reading_key(identity, columns - 1, rows - 2, lively=out.is_lively(), colour=out.has_colour())
    if asks and source is not None:
        typed.forget(source)  # an Enter pressed while the run worked would take the key away unseen
    out.write("\n".join(lines) + "\n")
    if asks and source is not None:
        wait(_("When you have it, press Enter."), source, stream, patient=patient)
    out.flush()
    return out.gone is None


def wait(said: str, source: TextIO, stream: TextIO, *, patient: bool) -> None:
    """Write a sentence and wait for Enter, which clears the terminal of the secret that stood there."""
    out = Terminal(stream)
    out.write("\n".join(terminal.fold(said, out.size()[0] - 1)) + " ")
    out.flush()
    if _line(source, patient=patient) is not None:
        out.wipe()


@dataclass(frozen=True, slots=True)
class Copied:
    """What came of typing the seal code back: which groups (from 1) were asked, how often, and whether they fit."""

    groups: tuple[int, int]
    attempts: int
    matched: bool

    def as_data(self) -> dict[str, Json]:
        """Return the data of a `seal-code-copied` observation (SPEC, section 10)."""
        return {"groups": [*self.groups], "attempts": self.attempts, "matched": self.matched}


def typed_back(code: str, source: TextIO, stream: TextIO, *, patient: bool = False) -> Copied | None:
    """Ask for two groups of the seal code from the paper; `None` where nobody answers, or Enter alone does."""
    groups = code.split("-")
    first = secrets.randbelow(len(groups) // 2)
    second = len(groups) // 2 + secrets.randbelow(len(groups) - len(groups) // 2)
    out = Terminal(stream)
    ask = _(
        "To be sure, from your paper: type groups {first} and {second} of the seal code (Enter: leave it out).",
        first=first + 1,
        second=second + 1,
    )
    for attempt in range(1, TRIES + 1):
        out.write("\n".join(terminal.fold(ask, out.size()[0] - 1)) + "\n> ")
        out.flush()
        said = _plain(_line(source, patient=patient) or "")
        if not said:
            return None if attempt == 1 else Copied((first + 1, second + 1), attempt - 1, matched=False)
        if said == groups[first] + groups[second]:
            out.write(_("That is right.") + "\n")
            out.flush()
            return Copied((first + 1, second + 1), attempt, matched=True)
        wrong = _("That is not what stands there. Compare your paper with the screen, letter by letter.")
        out.write("\n".join(terminal.fold(wrong, out.size()[0] - 1)) + "\n")
    out.write(_("Photograph this screen instead.") + "\n")
    out.flush()
    return Copied((first + 1, second + 1), TRIES, matched=False)


def _plain(said: str) -> str:
    """Return what was typed as the code spells it (SPEC 4.4)."""
    typed = "".join(char for char in said.upper() if char not in " -\t\r\n")
    return typed.translate(str.maketrans("018", "OIB"))


def _line(source: TextIO, *, patient: bool) -> str | None:
    """Return what is typed, `None` where nobody is there."""
    try:
        with contextlib.suppress(io.UnsupportedOperation, AttributeError):  # no terminal of its own: it answers at once
            source.fileno()
            if os.name == "posix" and not patient and not select.select([source], [], [], PATIENCE)[0]:
                return None
        return typed.line(source, _LONGEST).text
    except (OSError, ValueError, typed.Gone):  # the terminal is gone
        return None
