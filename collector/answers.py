"""What a person answered to `questions`: how it is kept in a bundle (SPEC 5.2, 10.1), and what counts. Pure.

An answer is `None` where the person said "I don't know"; a question that nobody answered is not there at all. What is
said later, after the seal, stands in the custody chain: of each name the last counts, and nothing that was said goes.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from collector import paris
from collector.questions import GROUPS, LONGEST, NUMBER, QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from collector.model import Json
    from collector.questions import Question

WHAT: Final = "answers"
"""The name of the observation."""

Answer: TypeAlias = "str | int | list[str] | dict[str, str] | None"
"""A text, a number, the name of an option, names of options, a moment (`moment`), or `None`: "I don't know"."""

_MOST: Final = 30_000
"""Characters of the answers in one record: escaped, encrypted and in base64 they still fit a line of 64 KiB."""

_UTC: Final = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]Z")


def moment(entered: paris.Entered) -> dict[str, str]:
    """Return a moment as an answer: `utc` to the minute, and what of it was open (`paris.Doubt`)."""
    return {"utc": f"{entered.utc:%Y-%m-%dT%H:%MZ}", "doubt": entered.doubt.value}


def when(answer: Answer) -> paris.Entered | None:
    """Return the moment of an answer, or `None` for anything else."""
    if not isinstance(answer, dict) or not _is_moment(answer):
        return None
    return paris.Entered(datetime.fromisoformat(answer["utc"]), paris.Doubt(answer["doubt"]))


def is_answer(question: Question, answer: object) -> bool:
    """Tell whether this may be an answer to a question: `None` always may."""
    if answer is None:
        return True
    names = {name for name, _words in question.options}
    if question.form == "text":
        return isinstance(answer, str) and 0 < len(answer) <= LONGEST
    if question.form == "number":
        return isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer <= NUMBER
    if question.form == "moment":
        return isinstance(answer, dict) and _is_moment(answer)
    if question.form == "one":
        return isinstance(answer, str) and answer in names
    ticked = {one for one in answer if isinstance(one, str)} if isinstance(answer, list) else set()
    return isinstance(answer, list) and len(answer) == len(ticked) and ticked <= names


def _is_moment(answer: Mapping[str, object]) -> bool:
    utc, doubt = answer.get("utc"), answer.get("doubt")
    if set(answer) != {"utc", "doubt"} or not isinstance(utc, str) or not isinstance(doubt, str):
        return False
    if doubt not in {one.value for one in paris.Doubt} or not _UTC.fullmatch(utc):
        return False
    try:
        datetime.fromisoformat(utc)
    except ValueError:  # the 31st of a month that has none
        return False
    return True


def as_data(group: str, given: Mapping[str, Answer]) -> dict[str, Json]:
    """Return the data of an `answers` observation, in the order of the questions; raises `ValueError`."""
    if set(given) - set(GROUPS[group]):
        raise ValueError(f"not questions of the group {group}: {sorted(set(given) - set(GROUPS[group]))}")
    for name, answer in given.items():
        if not is_answer(QUESTIONS[name], answer):
            raise ValueError(f"not an answer to {name}")
    ordered: dict[str, Json] = {name: _as_json(given[name]) for name in GROUPS[group] if name in given}
    return {"group": group, "given": ordered}


def as_records(group: str, given: Mapping[str, Answer]) -> list[dict[str, Json]]:
    """Return the data of as many observations as a group needs so that each fits a line, also encrypted: mostly one.

    Raises `ValueError` as `as_data` does.
    """
    parts: list[dict[str, Answer]] = [{}]
    for name in (name for name in GROUPS[group] if name in given):
        if parts[-1] and _length({**parts[-1], name: given[name]}) > _MOST:
            parts.append({})
        parts[-1][name] = given[name]
    as_data(group, given)
    return [as_data(group, part) for part in parts]


def _length(given: Mapping[str, Answer]) -> int:
    return len(json.dumps(given))


def _as_json(answer: Answer) -> Json:
    if isinstance(answer, dict):
        return {**answer}
    return [*answer] if isinstance(answer, list) else answer


def latest(observed: Iterable[Mapping[str, object]]) -> dict[str, Answer]:
    """Return what counts of the data of `answers` observations, oldest first; what is no answer of ours is left out."""
    found: dict[str, Answer] = {}
    for data in observed:
        given = data.get("given")
        for name, answer in given.items() if isinstance(given, dict) else ():
            question = QUESTIONS.get(name)
            if question is not None and is_answer(question, answer):
                found[name] = answer
    return {name: found[name] for name in QUESTIONS if name in found}
