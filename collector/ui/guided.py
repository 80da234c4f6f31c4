"""Guided mode, until the run begins: one thing a screen, then the same run as `collect --case`; `afterwards` goes on.

What is done first; who, where, which case and when; what only eyes see (`collector.eyes`); what is disturbed
(`collector.questions`). Every question may be answered "I don't know" or left, and `!` begins the run at once:
evidence comes first. An end of the input does so, too.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from collector import eyes
from collector.questions import BEFORE, GROUPS, LONGEST
from collector.ui import asking, messages, spoken, terminal
from collector.ui.asking import Page, Step
from collector.ui.messages import N_, _, elsewhere
from collector.ui.typed import Gone

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping
    from typing import TextIO

    from collector.answers import Answer

_FIRST = (
    N_("Take a photograph of this computer's screen with your telephone."),
    N_("Pull the network cable out, and switch the Wi-Fi off."),
    N_("Do not power the computer off: what it remembers is evidence."),
    N_("Delete nothing, and do not pay."),
)
_WHY = N_("Why: the attackers may still be connected, and what the computer remembers is lost when it is switched off.")
_LEAVING = N_("{key} = begin the collection at once")
_WHO, _WHEN, _NETWORK, _SEEN = N_("WHO AND WHERE"), N_("WHEN"), N_("THE NETWORK"), N_("WHAT YOU SEE")
_OPERATOR, _WITNESS, _CASE = "operator", "witness", "case"
"""What is asked and kept in the `open` record."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the person said: `case` is valid, `operator` and `witness` as typed; answers by their group."""

    case: str
    operator: str | None = None
    witness: str | None = None
    eyes: dict[str, str] = field(default_factory=dict)
    answers: dict[str, dict[str, Answer]] = field(default_factory=dict)


def proposed() -> str:
    """Return the case number that is proposed: the day, as the wall clock has it."""
    from datetime import datetime  # noqa: PLC0415 - only guided mode

    return f"INCIDENT-{datetime.now().astimezone():%Y%m%d}"


class Guide:
    """Asks on one pair of streams."""

    def __init__(self, source: TextIO, stream: TextIO) -> None:
        self._page = Page(source, stream)
        self.broke: str | None = None
        """A mistake of ours that ended the questions, as it calls itself."""

    def first(self, contact: str | None = None) -> bool:
        """Show what is done before anything else, and who is to be called, until it is done.

        The language can be changed there: tells whether it was.
        """
        changed = False
        with contextlib.suppress(Gone), self.kept():
            while True:
                self._first_screen(contact)
                said = self._page.line().text.lower()
                if said not in messages.LANGUAGES:
                    break
                messages.install(said)
                changed = True
        return changed

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Go on behind a block that breaks by a mistake of ours, which is told: the evidence does not wait for it."""
        try:
            yield
        except Gone:
            raise
        except Exception as error:  # noqa: BLE001 - it costs the rest of the questions, not the evidence
            self._broke(error)

    def _first_screen(self, contact: str | None) -> None:
        page = self._page
        page.screen(_("BEFORE ANYTHING ELSE"))
        for at, step in enumerate(_FIRST, 1):
            page.say(f"{at}. {_(step)}", later="   ")
        page.say("", _(_WHY), "")
        if contact is not None:
            page.say(_("Number to call: {contact}", contact=contact), "")
        for other in messages.LANGUAGES:
            if other != messages.language():
                page.say(messages.said_in(other, N_("English: type {code}, then Enter."), code=other))
        page.say("", _("When it is done, press Enter."))

    def explain(self, title: str, *sentences: str) -> None:
        """Show what comes next, until a person has read it."""
        with contextlib.suppress(Gone), self.kept():
            self._shown(title, *sentences)

    def _shown(self, title: str, *sentences: str) -> None:
        self._page.screen(title)
        self._page.say(*sentences)
        self._page.wait()

    def agreed(self, screen: Callable[[], tuple[str, ...] | None]) -> bool | None:
        """Tell whether a person agrees to what a screen says, its title and sentences.

        Enter alone, a no, "I don't know" and nobody there are a no; what is neither is asked again. `None` where there
        is no such screen, or where it breaks, which is told: nobody was asked.
        """
        answer = None
        with contextlib.suppress(Gone), self.kept():
            said = screen()
            if said is None:
                return None
            title, *sentences = said
            below: tuple[str, ...] = ()
            while answer is None:
                self._page.screen(title)
                self._page.say(*sentences)
                self._page.say("", *below, _("{yes} = yes, I agree   Enter alone = no", yes=_("y")))
                answer = False
                typed = self._page.line().text
                answer = None  # what was typed is neither a yes nor a no before it is understood
                answer = _agrees(typed)
                below = (_("Type {yes} for yes, or press Enter alone for no.", yes=_("y")), "")
        return answer

    def ask(self, proposed: str, given: Container[str] = ()) -> Told:
        """Return what was said; `proposed` is the case number that Enter accepts, names in `given` are known already.

        Those of `given` that are no question (`operator`, `witness` may be one) change nothing. What was said until the
        input ends, or until a question breaks, which is told, is returned.
        """
        said: dict[str, Answer] = {}
        with contextlib.suppress(Gone), self.kept():
            steps = [step for step in _steps(proposed) if step.name not in given]
            if self._begins(len(steps)) and asking.series(self._page, steps, said):
                self._open_points({name: str(said[name]) for name in eyes.QUESTIONS if said.get(name) is not None})
        told = Told(str(said.get(_CASE) or proposed), _name(said.get(_OPERATOR)), _name(said.get(_WITNESS)))
        with self.kept():
            told = replace(told, eyes={name: _eye(said[name]) for name in eyes.QUESTIONS if name in said})
        with self.kept():
            return replace(told, answers=_grouped(said))
        return told

    def _broke(self, error: Exception) -> None:
        """Say that the questions end by a mistake of ours, with its own words for whoever mends it; keep these.

        Where even that breaks, the run begins without a word.
        """
        self.broke = "; ".join(filter(None, [self.broke, f"{type(error).__name__}: {error}"]))
        with contextlib.suppress(Exception):
            self._shown(
                _("THE QUESTIONS END HERE"),
                _("The tool made a mistake of its own in a question. What you answered before is kept."),
                _("The collection begins all the same. Photograph this screen for your IT provider."),
                "",
                terminal.shown(self.broke, LONGEST),
            )

    def _begins(self, count: int) -> bool:
        """Say what the questions are for; tell whether they are wanted."""
        page = self._page
        page.screen(_("A FEW QUESTIONS BEFORE THE COLLECTION"))
        why = N_("{count} short questions, about five minutes. They help the expert, the police, the insurer.")
        page.say(_(why, count=count), "", _("{key}   I don't know. That is a good answer, too.", key=asking.UNKNOWN))
        page.say(_("{key}   Back to the question before.", key=asking.BACK))
        page.say(_("{key}   Begin the collection at once, at any question.", key=asking.LEAVE), "")
        urgent = N_("Is nobody there to answer, or do files change before your eyes? Then type {key} now.")
        page.say(_(urgent, key=asking.LEAVE))
        page.say(_("What the computer remembers fades. You can still answer later, on another computer."))
        page.say("", _("Press Enter for the questions."))
        return page.line().text != asking.LEAVE

    def _open_points(self, answers: Mapping[str, str]) -> None:
        still = eyes.open_points(answers)
        if not still:
            return
        self._page.screen(_("STILL TO DO NOW, IF YOU CAN"))
        for name in still:
            self._page.say("- " + elsewhere(eyes.TO_DO[name]), later="  ")
        self._page.wait(_("Press Enter to go on: your answers are noted as you gave them."))

    def ready(self, *remarks: str) -> None:
        """Say what comes, and what a plan or a machine calls for; nothing is waited for, since the run begins."""
        minutes = N_("It takes some minutes. Leave the computer on, the stick where it is, and the charger plugged in.")
        paper = N_("Take a sheet of paper and a pen: at the end there are codes to be copied.")
        code = N_("One is a fingerprint: a code worked out from all the evidence, which changes with any letter of it.")
        early = N_("To end early press Ctrl-C once: what was noted by then is kept and closed.")
        with contextlib.suppress(Exception):  # it begins without these words, too
            self._page.screen(_("THE COLLECTION BEGINS"))
            self._page.say(*map(_, (minutes, paper, code, early)), *remarks, "")


def _steps(proposed: str) -> list[Step]:
    leaving = _(_LEAVING, key=asking.LEAVE)

    def of(name: str, heading: str) -> Step:
        return asking.question_of(name, heading, leaving)

    who = [
        Step(_OPERATOR, _WHO, asking.name_of, _("What is your name?"), leaving=leaving),
        of("role", _WHO),
        Step(_WITNESS, _WHO, asking.name_of, _("Who is with you and watches, as a witness?"), leaving=leaving),
        of("site", _WHO),
        Step(_CASE, _WHO, asking.case_of(proposed), _("Which number shall this case have?"), leaving=leaving),
        of("police_number", _WHO),
    ]
    when = [of(name, _WHEN) for name in GROUPS["awareness"] if name not in ("role", "site", "police_number")]
    network = [
        Step(name, _NETWORK, asking.eye_of, elsewhere(question), leaving=leaving)
        for name, question in eyes.QUESTIONS.items()
    ]
    seen = [of(name, _SEEN) for group in BEFORE if group != "awareness" for name in GROUPS[group]]
    return [*who, *when, *network, *seen]


def _grouped(said: Mapping[str, Answer]) -> dict[str, dict[str, Answer]]:
    """Return the answers that are kept as such, by their group; no group without any."""
    grouped = {group: {name: said[name] for name in GROUPS[group] if name in said} for group in BEFORE}
    return {group: given for group, given in grouped.items() if given}


def _agrees(text: str) -> bool | None:
    if text in ("", asking.LEAVE) or spoken.is_no(text) or spoken.is_unknown(text):
        return False
    return True if spoken.is_yes(text) else None


def _name(answer: Answer) -> str | None:
    return None if answer is None else str(answer)


def _eye(answer: Answer) -> str:
    return "unknown" if answer is None else str(answer)
