"""Questions to a person, one a screen: how each kind is asked, ways back and out. Keyboard only, 80 columns by 24.

At every question `?` says "I don't know", Enter alone leaves it (or keeps what was said before), `<` goes back and `!`
leaves all the rest. An end of the input is `typed.Gone`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector import deadline_words, eyes
from collector.answers import when
from collector.arguments import MAX_NAME
from collector.errors import UsageError
from collector.questions import LONGEST, QUESTIONS, YES_NO
from collector.schema import is_case
from collector.ui import moments, spoken, terminal, typed
from collector.ui.messages import _, elsewhere, language
from collector.ui.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from collector.answers import Answer
    from collector.paris import Entered

BACK, LEAVE, UNKNOWN, NONE = "<", "!", spoken.UNKNOWN, "0"
"""What is typed alone: the question before, all the rest left out, "I don't know", none of these."""


class Move(Exception):  # noqa: N818 - not an error: where the person goes instead of answering
    """No answer was typed; `Page.kept` is one all the same."""


class Back(Move):
    """The question before is wanted."""


class Leave(Move):
    """The rest of the questions is left."""


class Unsaid(Move):
    """Enter alone."""


class Nothing:
    """No answer so far."""


NOTHING: Final = Nothing()


class Page:
    """One pair of streams: a screen is cleared and written, a line is read."""

    def __init__(self, source: TextIO, stream: TextIO) -> None:
        typed.prepare(source)
        self._source = source
        self.terminal = Terminal(stream)
        self._gone = False
        self.title = ""
        """Of the question that is being asked."""
        self.aware: Entered | None = None
        """When somebody first noticed, as far as that was answered."""
        self.kept: Answer | Nothing = NOTHING
        """What counts as the answer to the question that is asked, whatever ends it."""

    @property
    def width(self) -> int:
        """Return the columns of a line."""
        return max(20, min(terminal.WIDTH, self.terminal.size()[0]) - 1)

    def clear(self) -> None:
        """Take away what stood there: one thing at a time is on the screen."""
        self.terminal.write(terminal.CLEAR if self.terminal.is_lively() else "\n")

    def screen(self, title: str, *strong: str) -> None:
        """Begin a screen: its title, then sentences that stand out."""
        self.clear()
        self._stand_out(title)
        self.say("-" * self.width, "")
        for sentence in strong:
            self._stand_out(sentence)

    def _stand_out(self, sentence: str) -> None:
        before, after = (terminal.BOLD, terminal.PLAIN) if self.terminal.has_colour() else ("", "")
        for line in terminal.fold(sentence, self.width):
            self.terminal.write(before + line + after + "\n")

    def say(self, *sentences: str, later: str = "") -> None:
        """Write sentences, each folded; an empty one is an empty line. Never raises."""
        for sentence in sentences:
            self.terminal.write("\n".join(terminal.fold(sentence, self.width, "", later)) + "\n")
        self.terminal.flush()

    def line(self, longest: int = LONGEST) -> typed.Line:
        """Return what is typed; raises `typed.Gone`, and after that ever again: who ended the input wants no more."""
        if self._gone:
            raise typed.Gone
        self.terminal.write("> ")
        self.terminal.flush()
        try:
            return typed.line(self._source, longest)
        except typed.Gone:
            self._gone = True
            raise

    def answer(self, longest: int = LONGEST) -> typed.Line:
        """Return what is typed as an answer; raises `Back`, `Leave`, `Unsaid`, `typed.Gone`."""
        line = self.line(longest)
        moves = {"": Unsaid, BACK: Back, LEAVE: Leave}
        if line.text in moves:
            raise moves[line.text]
        return line

    def wait(self, said: str | None = None) -> None:
        """Wait for Enter; raises `typed.Gone`."""
        self.say("", _("Press Enter to go on.") if said is None else said)
        self.line()


@dataclass(frozen=True, slots=True)
class Step:
    """One question in a series: its name, what it belongs to, how it is asked, and after which answers."""

    name: str
    heading: str
    asks: Callable[[Page, Step, Answer | Nothing], Answer]
    text: str
    wanted: Callable[[Mapping[str, Answer]], bool] = lambda _said: True
    leaving: str = ""
    """What `!` does here."""


def series(page: Page, steps: Sequence[Step], said: dict[str, Answer]) -> bool:
    """Ask one after the other and put what is said into `said`; tell whether they came to their end.

    Raises `typed.Gone`; what was said until then stands in `said`.
    """
    at, path = 0, list[int]()
    while at < len(steps):
        step = steps[at]
        if not step.wanted(said):
            at += 1
            continue
        page.title = _("{what} - QUESTION {number} OF {total}", what=_(step.heading), number=at + 1, total=len(steps))
        page.kept = NOTHING
        try:
            page.aware = when(said.get("aware")) or page.aware
            said[step.name] = step.asks(page, step, said.get(step.name, NOTHING))
        except (Move, typed.Gone, KeyboardInterrupt) as end:
            if not isinstance(page.kept, Nothing):
                said[step.name] = page.kept
            if isinstance(end, Leave):
                return False
            if isinstance(end, Back):
                at = path.pop() if path else at
                continue
            if not isinstance(end, Unsaid):
                raise
        path.append(at)
        at += 1
    return True


def question_of(name: str, heading: str, leaving: str = "") -> Step:
    """Return the step of a question of `questions.QUESTIONS`."""
    question = QUESTIONS[name]
    forms = {"text": _text, "number": _number, "moment": _moment, "one": _one, "ticks": _ticks}
    asks = _yes_no if question.options == YES_NO else forms[question.form]
    wanted = _on_paper if name == "paper_since" else _always
    return Step(name, heading, asks, elsewhere(question.text), wanted, leaving)


def _always(_said: Mapping[str, Answer]) -> bool:
    return True


def _on_paper(said: Mapping[str, Answer]) -> bool:
    return said.get("paper") == "yes"


def shown(name: str, answer: Answer) -> str:
    """Return an answer in words, as it may be shown."""
    question = QUESTIONS.get(name)
    moment = when(answer)
    if answer is None:
        return _("I don't know")
    if moment is not None:
        return deadline_words.moment(moment.utc, language())
    if question is None:  # of `collector.eyes`, or of guided mode alone
        words = {"yes": _("yes"), "no": _("no"), "none": _("there is none here")} if name in eyes.QUESTIONS else {}
    else:
        words = {option: elsewhere(said) for option, said in question.options}
    if isinstance(answer, list):
        return ", ".join(words.get(option, option) for option in answer) or _("none of these")
    return terminal.shown(words.get(str(answer), str(answer)), LONGEST)


# ---- how each form is asked


def ask(
    page: Page, step: Step, before: Answer | Nothing, *lines: str, enter: str = "", below: Sequence[str] = ()
) -> None:
    """Write the screen of a question: `lines` are what may be typed, `below` answers what was just typed."""
    page.screen(page.title, step.text)
    question = QUESTIONS.get(step.name)
    if question is not None and question.example is not None:
        page.say(_("(For example: {example})", example=elsewhere(question.example)))
    if lines:
        page.say("", *lines, later="        ")
    if not isinstance(before, Nothing):
        page.say("", _("So far: {answer}", answer=terminal.clipped(shown(step.name, before), 120)))
        enter = enter or _("Enter alone: keep it.")
    page.say("", (enter or _("Enter alone: leave it out.")) + "   " + _("{key} = I don't know", key=UNKNOWN))
    _ways(page, step, below)


def _ways(page: Page, step: Step, below: Sequence[str]) -> None:
    page.say(_("{key} = the question before", key=BACK) + "   " + step.leaving)
    if below:
        page.say("", *below)


def _text(page: Page, step: Step, before: Answer | Nothing, longest: int = LONGEST) -> Answer:
    below: tuple[str, ...] = ()
    kept: Answer | Nothing = NOTHING
    while True:
        ask(page, step, before if isinstance(kept, Nothing) else NOTHING, below=below)
        try:
            line = page.answer(longest)
        except Move:
            page.kept = kept
            raise
        if not line.cut:
            return None if spoken.is_unknown(line.text) else line.text
        kept = line.text
        too_long = _("That is too long: only the first {count} letters are kept.", count=longest)
        below = (too_long, terminal.clipped(line.text, 120), _("Enter: it is all right so. Or type it again, shorter."))


def name_of(page: Page, step: Step, before: Answer | Nothing) -> Answer:
    """Ask for a person's name."""
    return _text(page, step, before, MAX_NAME)


def case_of(proposed: str) -> Callable[[Page, Step, Answer | Nothing], Answer]:
    """Return what asks for a case number; Enter alone, and "I don't know", take the one that is proposed."""

    def asks(page: Page, step: Step, before: Answer | Nothing) -> Answer:
        taken = proposed if isinstance(before, Nothing) else str(before)
        below: tuple[str, ...] = ()
        while True:
            enter = _("Enter alone: {proposed}.", proposed=taken)
            ask(page, step, NOTHING, _("A number of the police or gendarmerie comes next."), enter=enter, below=below)
            try:
                line = page.answer()
            except Unsaid:
                return taken
            if spoken.is_unknown(line.text):
                return taken
            if is_case(line.text) and not line.cut:
                return line.text
            below = (_("Use letters, digits, dots, hyphens or underscores only, or just press Enter."),)

    return asks


def _number(page: Page, step: Step, before: Answer | Nothing) -> Answer:
    below: tuple[str, ...] = ()
    while True:
        ask(page, step, before, _("Type a number. About right will do."), below=below)
        text = page.answer().text
        if spoken.is_unknown(text):
            return None
        number = spoken.whole_number(text)
        if number is not None:
            return number
        below = (_("A whole number, please, in digits only, for example 3."),)


def _moment(page: Page, step: Step, before: Answer | Nothing) -> Answer:
    below: tuple[str, ...] = ()
    entered, refusals = None, 0
    how = _("The day and the time of day in Paris. The time alone means today.")
    while True:
        enter = "" if entered is None else _("Enter alone: that is right.")
        ask(page, step, before, how, enter=enter, below=below)
        try:
            text = page.answer().text
        except Move:
            if entered is not None:
                page.kept = moments.as_answer(entered)
            raise
        if spoken.is_unknown(text):
            return None
        try:
            entered = moments.understood(text)
            below = moments.shown(step.name, entered, page.aware)
        except UsageError as error:
            entered, refusals = None, refusals + 1
            below = moments.refused(step.name, error, refusals)


def _yes_no(page: Page, step: Step, before: Answer | Nothing) -> Answer:
    said = _("{yes} = yes   {no} = no", yes=_("y"), no=_("n"))
    return _letter(page, step, before, said)


def eye_of(page: Page, step: Step, before: Answer | Nothing) -> Answer:
    """Ask for what only eyes see (`collector.eyes`)."""
    said = _("{yes} = yes   {no} = no   {none} = there is none here", yes=_("y"), no=_("n"), none=NONE)
    return _letter(page, step, before, said, none=True)


def _letter(page: Page, step: Step, before: Answer | Nothing, said: str, *, none: bool = False) -> Answer:
    below: tuple[str, ...] = ()
    while True:
        ask(page, step, before, said, below=below)
        text = page.answer().text
        if spoken.is_unknown(text):
            return None
        if spoken.is_yes(text):
            return "yes"
        if spoken.is_no(text):
            return "no"
        if none and text == NONE:
            return "none"
        below = (_("Type one of these letters, then Enter."),)


def _one(page: Page, step: Step, before: Answer | Nothing) -> Answer:
    options = QUESTIONS[step.name].options
    lines = [f"{number} = {elsewhere(words)}" for number, (_name, words) in enumerate(options, 1)]
    below: tuple[str, ...] = ()
    while True:
        ask(page, step, before, *lines, below=below)
        text = page.answer().text
        if spoken.is_unknown(text):
            return None
        number = spoken.line_number(text, len(options))
        if number is not None:
            return options[number - 1][0]
        below = (_("Type one of these numbers, then Enter."),)


def _ticks(page: Page, step: Step, before: Answer | Nothing) -> Answer:
    options = QUESTIONS[step.name].options
    ticked = set(before) if isinstance(before, list) else set[str]()
    was_ticked = bool(ticked)
    below: tuple[str, ...] = ()
    while True:
        lines = [
            f"[{'x' if name in ticked else ' '}] {number:>2} {elsewhere(words)}"
            for number, (name, words) in enumerate(options, 1)
        ]
        _ask_ticks(page, step, before, lines, below, any_ticked=bool(ticked) or was_ticked)
        text = page.answer().text
        if spoken.is_unknown(text):
            return None
        if text == NONE:
            return []
        numbers = spoken.line_numbers(text, len(options))
        if numbers is not None:
            ticked ^= {options[number - 1][0] for number in numbers}
            left = [name for name, _words in options if name in ticked]
            page.kept = left if left or was_ticked else NOTHING  # all taken back: none of these, not what was before
            below = ()
        else:
            below = (_("Type the numbers of these lines, for example 1 3, then Enter."),)


def _ask_ticks(
    page: Page, step: Step, before: Answer | Nothing, lines: Sequence[str], below: Sequence[str], *, any_ticked: bool
) -> None:
    page.screen(page.title, step.text)
    page.say("", *lines, later="       ")
    so_far = [] if isinstance(before, Nothing) or any_ticked else [shown(step.name, before)]
    page.say(*(_("So far: {answer}", answer=one) for one in so_far), "")
    page.say(_("Type the numbers to tick, or to take back, for example 1 3, then Enter."))
    enter = _("Enter alone: go on.") if any_ticked or so_far else _("Enter alone: leave it out.")
    page.say(enter + "   " + _("{none} = none of these   {unknown} = I don't know", none=NONE, unknown=UNKNOWN))
    _ways(page, step, below)
