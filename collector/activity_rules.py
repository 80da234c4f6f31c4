"""Reads `rules/ransom/activity.yaml`: when file activity counts as encryption. As strict as every rule file."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Final

import yaml

from collector import strictyaml
from collector.ransom import magics
from collector.rules import folder

if TYPE_CHECKING:
    from pathlib import Path

_EXTENSION: Final = re.compile(r"[a-z0-9_-]{1,20}")

MAX_LIMIT: Final = 100_000
"""Largest limit of a rule: what is counted up to it is kept in memory."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When file activity counts as encryption; `rules/ransom/activity.yaml` says what each number means."""

    window_s: int
    still_s: int
    alone_files: int
    alone_types: int
    alone_folders: int
    files: int
    note_folders: int
    rewritten_files: int
    rewritten_types: int
    rewritten_folders: int
    heads: int
    heads_percent: int
    onset_files: int
    onset_types: int
    pause_s: int


@dataclass(frozen=True, slots=True)
class Activity:
    """What `bursts` and `onset` judge by; extensions are lower case, without their dot."""

    limits: Limits
    ordinary: frozenset[bytes]
    """Of what people and programs make every day, as `ransom.magics` has it."""
    temporary: frozenset[bytes]
    """What programs append while they write: never ordinary."""


@cache
def activity() -> Activity:
    """Return when file activity counts as encryption; read once. Raises `RuleError`."""
    return read_activity(folder() / "ransom" / "activity.yaml")


def read_activity(path: Path) -> Activity:
    """Return what `activity` does, of one file; raises `RuleError` for anything but the form of ours."""
    document = strictyaml.single(path)
    tree = document.tree()
    parts = dict(document.pairs(tree))
    if set(parts) != {"limits", "temporary"}:
        raise document.wrong(tree, "limits and temporary are expected, and nothing else")
    limits = {name: _count(document, value) for name, value in document.pairs(parts["limits"])}
    if set(limits) != {field.name for field in fields(Limits)}:
        odd = sorted(set(limits) ^ {field.name for field in fields(Limits)})
        raise document.wrong(parts["limits"], f"limits that are missing or unknown: {', '.join(odd)}")
    temporary = {word.encode() for word in _words(document, parts["temporary"], _EXTENSION)}
    marks = magics.marks()
    ordinary = {word.encode() for word in (*marks.by_extension, *marks.ordinary, *marks.transparent)}
    return Activity(Limits(**limits), frozenset(ordinary - temporary), frozenset(temporary))


def _words(document: strictyaml.Document, node: yaml.Node, form: re.Pattern[str]) -> list[str]:
    """Return the words of a list of strings, each of its form and there once."""
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise document.wrong(node, "a list of words is expected")
    words: dict[str, None] = {}
    for item in node.value:
        for word in document.string(item).split():
            if not form.fullmatch(word):
                raise document.wrong(item, f"not of the form {form.pattern}: {word}")
            if word in words:
                raise document.wrong(item, f"{word} stands here twice")
            words[word] = None
    return list(words)


def _count(document: strictyaml.Document, node: yaml.Node) -> int:
    """Return a whole number from 1 on."""
    plain = isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:int"
    if not plain or not re.fullmatch(r"[1-9]\d{0,5}", node.value) or int(node.value) > MAX_LIMIT:
        raise document.wrong(node, f"a whole number from 1 to {MAX_LIMIT} is expected")
    return int(node.value)
