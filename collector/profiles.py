"""Profiles: which definitions a run takes, in the order of worth, and what each source may cost (`rules/profiles/`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from collector import rules, strictyaml
from collector.model import Budget, Profile

if TYPE_CHECKING:
    from pathlib import Path

    import yaml

    from collector.strictyaml import Document

NAMES: Final = ("triage", "standard", "full")
DEFAULT: Final = "standard"

MAX_DEFINITIONS: Final = 2000

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_LIMITS: Final = {"seconds": 86_400, "bytes": 1 << 40, "file_bytes": 1 << 40, "files": 1_000_000}
"""What a budget may say, and the most of it."""
_FIELDS: Final = ("name", "doc", "runs_programs", "everything", "budgets", "without", "definitions")


def named(name: str) -> Profile:
    """Return a packaged profile; raises `RuleError`."""
    return read(rules.folder() / "profiles" / f"{name}.yaml")


def read(path: Path) -> Profile:
    """Return the profile of a file; raises `RuleError` for anything but the form of ours."""
    document = strictyaml.single(path)
    tree = document.tree()
    found = dict(document.pairs(tree))
    for name, node in found.items():
        if name not in _FIELDS:
            raise document.wrong(node, f"unknown field {name[:50]}")
    for name in _FIELDS:
        if name not in found:
            raise document.wrong(tree, f"{name} is missing")
    return Profile(
        name=_word(document, found["name"]),
        definitions=_words(document, found["definitions"]),
        without=frozenset(_words(document, found["without"])),
        everything=document.boolean(found["everything"]),
        runs_programs=document.boolean(found["runs_programs"]),
        budgets={name: _budget(document, node) for name, node in document.pairs(found["budgets"])},
    )


def _budget(document: Document, node: yaml.Node) -> Budget:
    limits = {}
    for name, value in document.pairs(node):
        if name not in _LIMITS:
            raise document.wrong(value, f"unknown limit; the limits are {', '.join(_LIMITS)}")
        limits[name] = document.integer(value)
        if limits[name] > _LIMITS[name]:
            raise document.wrong(value, f"{name} may be {_LIMITS[name]} at most")
    return Budget(**limits)


def _words(document: Document, node: yaml.Node) -> tuple[str, ...]:
    return tuple(_word(document, one) for one in document.items(node, MAX_DEFINITIONS))


def _word(document: Document, node: yaml.Node) -> str:
    word = document.string(node)
    if not _WORD.fullmatch(word):
        raise document.wrong(node, "a name is letters, digits, '_', '.' and '-'")
    return word
