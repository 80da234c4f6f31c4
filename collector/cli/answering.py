"""`collect answers`: what a person says of the attack once the evidence is sealed, for the papers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.cli.after import refused
from collector.cli.packing import key_file
from collector.cli.process import INTERRUPTED, LANG, heed_interrupts, leave, say
from collector.errors import UsageError
from collector.questions import GROUPS, LONGEST, QUESTIONS
from collector.ui import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collector.answers import Answer

_HINT_SET = "answer with --set NAME=VALUE; collect answers --list names all questions and what each takes"
_HINT_ALL = "collect answers --list names all questions and what each takes"


def _list(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    if value and not context.resilient_parsing:
        from collector.ui import answering  # noqa: PLC0415 - only here

        say(answering.listing())
        context.exit()


@click.command("answers")
@click.argument("bundle")
@click.option("--group", type=click.Choice(list(GROUPS)), help="Ask this group only.")
@click.option("--set", "given", metavar="NAME=VALUE", multiple=True, help="Answer without asking; ? is: I don't know.")
@click.option("--identity", metavar="KEYFILE", help="age identity file, to see earlier answers; - to type it.")
@click.option("--list", "listed", is_flag=True, is_eager=True, expose_value=False, callback=_list,
              help="List the questions and what each takes.")  # fmt: skip
@LANG
def answers_command(bundle: str, group: str | None, given: tuple[str, ...], identity: str | None) -> None:
    """Answer the questions for the dossier; each answer is added to a sealed bundle's custody chain."""
    from collector import custody  # noqa: PLC0415 - only here
    from collector.ui import answering  # noqa: PLC0415 - the same

    path = Path(bundle)
    if given and (group is not None or identity is not None):
        raise UsageError("--set asks nothing: it goes without --group and --identity", hint=_HINT_ALL)
    meant = parsed(given)
    with refused():
        custody.sealed(path)  # before anybody is asked
    keep, count = _keeper(path)
    if given:
        _doubted(path, meant)
        for name, answers in meant.items():
            keep(name, answers)
    elif terminal.is_attended():
        _asked(path, group, identity, keep, count)
    else:
        raise UsageError("nobody is there to be asked", hint=_HINT_SET)
    say(answering.kept(count()))


def _doubted(path: Path, meant: Mapping[str, Mapping[str, Answer]]) -> None:
    """Warn of moments that can hardly be right: they are taken all the same."""
    from collector import answered  # noqa: PLC0415 - only here
    from collector.ui import answering  # noqa: PLC0415 - the same

    with refused():
        earlier = answered.earlier(path)
    given = {name: answer for answers in meant.values() for name, answer in answers.items()}
    for line in answering.doubts(given, earlier):
        terminal.show(sys.stderr, "\n".join(terminal.fold(line, terminal.WIDTH)) + "\n")


def _keeper(path: Path) -> tuple[Callable[[str, Mapping[str, Answer]], None], Callable[[], int]]:
    """Return what adds the answers of a group to a bundle, and what tells how many were added so far."""
    from collector import answers, custody, tool  # noqa: PLC0415 - only here
    from collector.host import this_host  # noqa: PLC0415 - the same

    host = this_host()
    added: list[str] = []

    def keep(group: str, given: Mapping[str, Answer]) -> None:
        with refused():
            for data in answers.as_records(group, given):
                custody.observe(path, answers.WHAT, data, host.clock, dict(tool.identity(host.privileges())))
        added.extend(given)

    return keep, lambda: len(set(added))


def _asked(
    path: Path,
    group: str | None,
    identity: str | None,
    keep: Callable[[str, Mapping[str, Answer]], None],
    count: Callable[[], int],
) -> None:
    """Ask a person; what is done is kept whatever ends it, and how much that is is said."""
    from collector import answered  # noqa: PLC0415 - only here
    from collector.handover import keys  # noqa: PLC0415 - the same
    from collector.ui import answering, typed  # noqa: PLC0415 - the same

    heed_interrupts()
    try:
        with refused():
            earlier = answered.earlier(path, [] if identity is None else keys.identities(key_file(identity)))
        questions = answering.Answering(sys.stdin, sys.stderr, earlier, keep)
        if group is None:
            questions.groups()
        else:
            questions.group(group)
    except typed.Gone:  # nobody answers any more: what was answered is kept
        return
    except KeyboardInterrupt:
        sys.stderr.write("\n" + answering.kept(count()))
        leave(INTERRUPTED)


def parsed(given: tuple[str, ...]) -> dict[str, dict[str, Answer]]:
    """Return the answers of `NAME=VALUE`, by their group; of a name the last counts. Raises `UsageError`."""
    said: dict[str, Answer] = {}
    for text in given:
        name, mark, value = text.partition("=")
        if not mark or name not in QUESTIONS:
            shown = terminal.shown(name, 40)
            raise UsageError(f"this names no question: {shown}", hint=_HINT_ALL)
        said[name] = _answer(name, value)
    grouped = {group: {name: said[name] for name in names if name in said} for group, names in GROUPS.items()}
    return {group: answers for group, answers in grouped.items() if answers}


def _answer(name: str, value: str) -> Answer:
    from collector.ui import answering, spoken, typed  # noqa: PLC0415 - only here

    question = QUESTIONS[name]
    text = typed.cleaned(value)
    takes = answering.taken(name)
    wrong = UsageError(f"this is no answer to {name}", hint=f"it takes {takes}; a question mark says: I don't know")
    if spoken.is_unknown(text):
        return None
    if question.form == "moment":
        return _moment(name, text, wrong.hint)
    if question.form == "ticks":
        ticked = [part.strip() for part in text.split(",") if part.strip()]
        names = [option for option, _words in question.options]
        if not set(ticked) <= set(names):
            raise wrong
        return [option for option in names if option in ticked]
    if question.form == "number":
        number = spoken.whole_number(text)
        if number is None:
            raise wrong
        return number
    fits = text in dict(question.options) if question.form == "one" else 0 < len(text) <= LONGEST
    if not fits:
        raise wrong
    return text


def _moment(name: str, text: str, hint: str) -> Answer:
    """Return a moment whose date is written in full: a script gives the same answer on any day."""
    from collector import answers  # noqa: PLC0415 - only here
    from collector.arguments import paris_moment  # noqa: PLC0415 - the same

    try:
        return {**answers.moment(paris_moment(text))}
    except UsageError as error:
        raise UsageError(f"this is no answer to {name}: {error}", hint=hint) from error
