"""What `--level` means, and who agrees to more: a person on a screen, or whoever typed the option."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import arguments, levels

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPED = "command-line"
"""Who agreed where nobody was asked: whoever typed `--level C`."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The level of a run, and the `consent` that is recorded (SPEC 5.2), where contents were in question."""

    level: str
    consent: Mapping[str, str | None] | None = None


def level(given: str | None, *, asked: bool, contents: Mapping[str, object]) -> str:
    """Return the level before anybody was asked; `contents` are the options that take contents, by their names.

    Raises `UsageError` as `arguments.level`, before a person has answered a single question.
    """
    return arguments.level(given, asked=asked, contents=[name for name, value in contents.items() if value])


def agreed(given: str | None, least: str, *, asks: bool, expert: bool) -> Agreed:
    """Return the level that a run has: as it was given, else, where a person is asked, as they say.

    `expert`: somebody outside the practice can read the bundle.
    """
    if given is not None:
        consent = {"level": least, "answer": "yes", "who": TYPED} if least == levels.EXPERT else None
        return Agreed(least, consent)
    if not asks or least == levels.EXPERT:
        return Agreed(least)
    from collector.ui import level_screens  # noqa: PLC0415 - only where a person is asked

    answer = level_screens.ask(sys.stdin, sys.stderr, expert=expert)
    found = levels.EXPERT if answer.said == "yes" else least
    return Agreed(found, {"level": levels.EXPERT, "answer": answer.said, "who": answer.who})
