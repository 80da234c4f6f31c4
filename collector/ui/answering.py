"""`collect answers` on a terminal: which groups there are, how much of each is answered, and one question a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collector.answers import when
from collector.questions import BEFORE, GROUPS, QUESTIONS
from collector.ui import asking, moments, spoken
from collector.ui.asking import Page
from collector.ui.messages import N_, _, elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from collector.answers import Answer

NAMES: Final = {
    "awareness": N_("WHEN AND WHO"),
    "seen": N_("WHAT YOU SEE"),
    "practice": N_("THE PRACTICE"),
    "attack": N_("THE ATTACK"),
    "damage": N_("THE DAMAGE"),
    "data": N_("THE DATA"),
    "reported": N_("WHO WAS TOLD"),
}
"""Of each group of `questions.GROUPS`, as a heading."""
_LEAVING = N_("{key} = stop here; what was answered is kept")
_TAKES: Final = {
    "text": N_("a text of at most 300 characters"),
    "number": N_("a number"),
    "moment": N_("a date in full and a time of day in Paris, for example 2026-11-26 08:30"),
}
"""What each form takes on the command line."""


class Answering:
    """Asks for groups of questions; what is known from before, if it could be read, is shown and can be corrected."""

    def __init__(
        self,
        source: TextIO,
        stream: TextIO,
        earlier: Mapping[str, Answer] | None,
        keep: Callable[[str, Mapping[str, Answer]], None],
    ) -> None:
        """`keep` takes the answers of a group that are new, as soon as it is done."""
        self._page = Page(source, stream)
        self._earlier = earlier
        self._known: dict[str, Answer] = dict(earlier or {})
        self._keep = keep
        self._page.aware = when(self._known.get("aware"))

    def group(self, group: str) -> bool:
        """Ask one group and keep what is new; tell whether a person went through to its end.

        What was answered is kept, too, where the input ends (`typed.Gone`) or somebody ends the program.
        """
        said = {name: self._known[name] for name in GROUPS[group] if name in self._known}
        steps = [asking.question_of(name, NAMES[group], _(_LEAVING, key=asking.LEAVE)) for name in GROUPS[group]]
        try:
            return asking.series(self._page, steps, said)
        finally:
            new = {name: answer for name, answer in said.items() if self._is_new(name, answer)}
            if new:
                self._keep(group, new)
                self._known.update(new)
                self._page.aware = when(self._known.get("aware"))

    def _is_new(self, name: str, answer: Answer) -> bool:
        return name not in self._known or self._known[name] != answer

    def groups(self) -> None:
        """Ask group after group, in the order that a person chooses; raises `typed.Gone`."""
        offered = [group for group in GROUPS if group not in BEFORE] + list(BEFORE)
        below = ""
        done: set[str] = set()
        while True:
            following = next((group for group in offered if group not in done and not self._is_full(group)), None)
            said = self._chosen(offered, following, below)
            if said == asking.LEAVE or (not said and following is None):
                return
            below = ""
            number = spoken.line_number(said, len(offered))
            group = following if not said else None if number is None else offered[number - 1]
            if group is None:
                below = _("Type one of these numbers, then Enter.")
            elif self.group(group):
                done.add(group)
            else:
                return

    def _is_full(self, group: str) -> bool:
        return all(name in self._known for name in GROUPS[group])

    def _chosen(self, offered: list[str], following: str | None, below: str) -> str:
        page = self._page
        page.screen(_("QUESTIONS FOR THE DOSSIER"))
        for number, group in enumerate(offered, 1):
            count = sum(name in self._known for name in GROUPS[group])
            line = _("{count} of {total} answered", count=count, total=len(GROUPS[group]))
            line = "" if self._earlier is None and not count else line  # there may be more than can be read
            page.say(f"{number}  {_(NAMES[group]):<28}{line}")
        page.say("", _("Each group is kept as soon as it is done. What is not known stays a blank in the papers."))
        if self._earlier is None:
            page.say(_("Earlier answers are encrypted: to see them here, give the reading key with --identity."))
        page.say("")
        if following is not None:
            page.say(_("Enter: {group}. Or type the number of another group.", group=_(NAMES[following])))
            page.say(_(_LEAVING, key=asking.LEAVE))
        else:
            page.say(_("Enter: finished. Or type the number of a group, to correct it."))
        if below:
            page.say("", below)
        return page.line().text


def doubts(given: Mapping[str, Answer], earlier: Mapping[str, Answer] | None) -> list[str]:
    """Return what is to be said of moments that can hardly be right, each with the question's name."""
    aware = when(given["aware"] if "aware" in given else (earlier or {}).get("aware"))
    found = []
    for name, answer in given.items():
        moment = when(answer)
        if moment is not None:
            found += [f"{name}: {doubt}" for doubt in moments.doubts(name, moment, aware)]
    return found


def listing() -> str:
    """Return the names that `--set` takes, by group, with what each takes."""
    lines = []
    for group, names in GROUPS.items():
        lines.append(f"{group}:")
        for name in names:
            lines += [f"  {name}: {elsewhere(QUESTIONS[name].text)}", f"      {taken(name)}"]
    return "\n".join(lines) + "\n"


def taken(name: str) -> str:
    """Return what a question takes on the command line."""
    question = QUESTIONS[name]
    options = ", ".join(option for option, _words in question.options)
    if question.form == "ticks":
        return _("any of these, with commas between, or nothing: {options}", options=options)
    return _("one of these: {options}", options=options) if question.form == "one" else _(_TAKES[question.form])


def kept(count: int) -> str:
    """Return what is said at the end."""
    if not count:
        return _("No answer was added.") + "\n"
    said = _("The answers are added to the custody chain: {count}.", count=count)
    return said + "\n" + _("They can't be taken back; a correction is a new answer.") + "\n"
