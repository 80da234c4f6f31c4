"""What `--level` means, and who agrees to more: a person on a screen, or whoever typed the option."""

from __future__ import annotations

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


def agreed(given: str | None, least: str, *, answer: bool | None = None, who: str | None = None) -> Agreed:
    """Return the level that a run has: as it was given, else as a person answered who was asked for C (`who`).

    `answer`: whether they agreed (`ui.level_screens`); `None`: nobody was asked.
    """
    if given is not None:
        return Agreed(least, _consent("yes", TYPED) if least == levels.EXPERT else None)
    if answer is None:
        return Agreed(least)
    return Agreed(levels.EXPERT if answer else least, _consent("yes" if answer else "no", who))


def screen(given: str | None, least: str, *, expert: bool) -> tuple[str, ...] | None:
    """Return what a person is asked before the run: `None` where the level was given, or is the highest anyway.

    `expert`: somebody outside the practice can read the bundle.
    """
    from collector.ui import level_screens  # noqa: PLC0415 - only where a person is asked

    if given is not None or least == levels.EXPERT:
        return None
    return level_screens.consent(expert=expert)


def _consent(answer: str, who: str | None) -> Mapping[str, str | None]:
    return {"level": levels.EXPERT, "answer": answer, "who": who}
