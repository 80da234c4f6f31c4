"""The screen that asks whether contents may be taken, too (level C): what that is, who decides, and no by default.

Nothing is taken for want of an answer: Enter alone, "I don't know" and an end of input leave it at level B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.ui import terminal
from collector.ui.messages import N_, _
from collector.ui.terminal import Terminal

if TYPE_CHECKING:
    from typing import TextIO

LONGEST_LINE: Final = 400
"""Most characters taken of one answer."""
LONGEST_NAME: Final = 200
TRIES: Final = 5
"""How often something else than an answer is taken for a slip; then it is none."""

_LETTERS: Final = {"yes": N_("y"), "no": N_("n"), "unknown": N_("?")}
"""The letter of each answer; the translation has the language's own."""
_USUAL: Final = N_(
    "Noted in any case: the ransom message, programs, the network, names and times of changed files. No document is "
    "copied."
)
_MORE: Final = N_(
    "The expert can do more with copies, too: some encrypted files, the computer's logs, the memory of suspicious "
    "programs. These may hold data of patients."
)
_READERS: Final = {
    True: N_("They are encrypted: only the expert's key and the practice's reading key can open them."),
    False: N_("They are encrypted: only the practice's reading key can open them."),
}
_WHO: Final = N_("The doctor in charge decides. If nobody is sure, answer no: the expert can ask again.")
_QUESTION: Final = N_("Does the doctor agree to these copies?")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said: `yes`, `no` or `unknown`; and who agrees, as typed."""

    said: str
    who: str | None = None


def ask(source: TextIO, stream: TextIO, *, expert: bool) -> Answer:
    """Return what a person answers; never raises for what becomes of the terminal.

    `expert`: somebody outside the practice can read what is taken.
    """
    out = Terminal(stream)
    width = max(20, min(terminal.WIDTH, out.size()[0] - 1))
    title = _("WHAT MAY BE COPIED")
    lines = ["", "=" * min(60, width), title, ""]
    for text in (_(_USUAL), _(_MORE), _(_READERS[expert]), _(_WHO), _(_QUESTION)):
        lines += [*terminal.fold(text, width), ""]
    keys = {_(letter): answer for answer, letter in _LETTERS.items()}
    letters = {answer: letter for letter, answer in keys.items()}
    told = _("{yes} = yes   {no} = no   {unknown} = I don't know   (Enter alone: no)", **letters)
    lines += terminal.fold(told, width)
    out.write("\n".join(lines) + "\n")
    for _attempt in range(TRIES):
        said = _line(source, out)
        if said is None:
            return Answer("unknown")
        if not said:
            return Answer("no")
        answer = keys.get(said[:1].lower())
        if answer == "yes":
            return Answer("yes", _name(source, out, width))
        if answer is not None:
            return Answer(answer)
        out.write("\n".join(terminal.fold(told, width)) + "\n")
    return Answer("unknown")


def _name(source: TextIO, out: Terminal, width: int) -> str | None:
    for line in terminal.fold(_("Name of the doctor who agrees (Enter: leave it out)"), width):
        out.write(line + "\n")
    return (_line(source, out) or "")[:LONGEST_NAME] or None


def _line(source: TextIO, out: Terminal) -> str | None:
    """Return what was typed; `None` where nobody answers any more."""
    out.write("> ")
    out.flush()
    try:
        line = source.readline(LONGEST_LINE)
    except (OSError, ValueError):  # the terminal is gone, or what was typed is no text
        return None
    return line.strip() if line else None
