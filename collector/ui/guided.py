"""Guided mode, as far as it goes: one thing a screen, then the same run as `collect --case`.

Asks for what only eyes see (`collector.eyes`). Every question may be answered « je ne sais pas »;
an end of input (the terminal is gone) answers so too, and the run begins: evidence comes first.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector import eyes
from collector.schema import is_case
from collector.ui import terminal
from collector.ui.messages import N_, _, elsewhere
from collector.ui.terminal import Terminal

if TYPE_CHECKING:
    from typing import TextIO

LONGEST_LINE = 400
"""Most characters taken of one answer."""

_FIRST = (
    N_("Take a photograph of this computer's screen with your telephone."),
    N_("Pull the network cable out, and switch the Wi-Fi off."),
    N_("Do not power the computer off: what it remembers is evidence."),
    N_("Delete nothing, and do not pay."),
)
_WHY = N_("Why: the attackers may still be connected, and what the computer remembers is lost when it is switched off.")
_LETTERS = {
    "yes": N_("y"),
    "no": N_("n"),
    "unknown": N_("?"),
    "none": N_("0"),
}
"""The letter of each answer; the translation has the language's own."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the person said: `case` is valid, `operator` as typed."""

    case: str
    operator: str | None
    eyes: dict[str, str] = field(default_factory=dict)


def proposed() -> str:
    """Return the case number that is proposed: the day, as the wall clock has it."""
    from datetime import datetime  # noqa: PLC0415 - only guided mode

    return f"INCIDENT-{datetime.now().astimezone():%Y%m%d}"


class _Gone(Exception):  # noqa: N818 - not an error: nobody answers any more
    """The input has ended."""


class Guide:
    """Asks on one pair of streams."""

    def __init__(self, source: TextIO, stream: TextIO) -> None:
        self._source = source
        self._terminal = Terminal(stream)

    def first(self, contact: str | None = None) -> None:
        """Show what is done before anything else, and who is to be called, until it is done."""
        with contextlib.suppress(_Gone):
            self._first_screen(contact)

    def explain(self, title: str, *sentences: str) -> None:
        """Show what comes next, until a person has read it."""
        with contextlib.suppress(_Gone):
            self._screen(title)
            for sentence in sentences:
                self._say(sentence)
            self._say("")
            self._say(_("Press Enter to go on."))
            self._line()

    def ask(self, proposed: str) -> Told:
        """Return what was said; `proposed` is the case number that Enter accepts."""
        case, operator = proposed, None
        answers: dict[str, str] = {}
        try:
            for number, name in enumerate(eyes.QUESTIONS, 1):
                answers[name] = self._question(number, name)
            self._open_points(answers)
            case = self._case(proposed)
            self._screen(_("Your name (Enter: leave it out)"))
            operator = self._line()[:200] or None
        except _Gone:
            pass
        return Told(case, operator, answers)

    def _first_screen(self, contact: str | None) -> None:
        self._screen(_("BEFORE ANYTHING ELSE"))
        for at, step in enumerate(_FIRST, 1):
            self._say(f"{at}. {_(step)}", later="   ")
        self._say("")
        self._say(_(_WHY))
        self._say("")
        if contact is not None:
            self._say(_("Number to call: {contact}", contact=contact))
            self._say("")
        self._say(_("When it is done, press Enter."))
        self._line()

    def _question(self, number: int, name: str) -> str:
        self._screen(_("What you see ({number} of {total})", number=number, total=len(eyes.QUESTIONS)))
        self._say(elsewhere(eyes.QUESTIONS[name]))
        self._say("")
        keys = {_(letter): answer for answer, letter in _LETTERS.items()}
        self._say(
            _(
                "{yes} = yes   {no} = no   {unknown} = I don't know   {none} = there is none here",
                **{answer: letter for letter, answer in keys.items()},
            )
        )
        while True:
            said = self._line().lower()
            if not said or said[:1] in keys:
                return keys.get(said[:1], "unknown")
            self._say(_("Type one of these letters, then Enter. Enter alone: I don't know."))

    def _open_points(self, answers: dict[str, str]) -> None:
        still = eyes.open_points(answers)
        if not still:
            return
        self._screen(_("STILL TO DO NOW, IF YOU CAN"))
        for name in still:
            self._say("- " + elsewhere(eyes.QUESTIONS[name]), later="  ")
        self._say("")
        self._say(_("Press Enter to go on: your answers are noted as you gave them."))
        self._line()

    def _case(self, proposed: str) -> str:
        self._screen(_("Case number (Enter: {proposed})", proposed=proposed))
        while True:
            said = self._line()
            if not said:
                return proposed
            if is_case(said):
                return said
            self._say(_("Use letters, digits, dots, hyphens or underscores only, or just press Enter."))

    def _screen(self, title: str) -> None:
        self._say("")
        self._say("=" * min(60, self._width()))
        self._say(title)
        self._say("")

    def _say(self, text: str, later: str = "") -> None:
        lines = terminal.fold(text, self._width(), "", later) if text else [""]
        self._terminal.write("\n".join(lines) + "\n")
        self._terminal.flush()

    def _width(self) -> int:
        return max(20, min(terminal.WIDTH, self._terminal.size()[0] - 1))

    def _line(self) -> str:
        self._terminal.write("> ")
        self._terminal.flush()
        try:
            line = self._source.readline(LONGEST_LINE)
        except (OSError, ValueError) as error:  # the terminal is gone, or what was typed is no text
            raise _Gone from error
        if not line:
            raise _Gone
        return line.strip()
