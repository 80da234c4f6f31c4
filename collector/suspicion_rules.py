"""Reads the tables `rules/ransom/suspicion*.yaml`: what makes a running program worth a closer look.

As strict as `rules`: anything but the form of ours is refused with file, line and reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import yaml

from collector import strictyaml
from collector.rules import folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WINDOWS: Final = "suspicion-windows.yaml"
"""The table of Windows: the same form, its own places and names."""

LEVELS: Final = ("suspect", "medium", "high")
WEIGHTS: Final = (
    "temporary_folder",
    "public_folder",
    "open_folder",
    "people_folder",
    "home_folder",
    "mounted_image",
    "hidden_folder",
    "open_file",
    "deleted",
    "deleted_system",
    "replaced",
    "memory_file",
    "system_name",
    "system_name_taken",
    "kernel_name",
    "foreign_root",
    "script_temporary",
    "script_public",
    "script_people",
    "script_hidden",
    "script_deleted",
    "writes_people_files",
    "works_through",
    "writes_fast",
    "rule",
)
"""Every code that a reason may have; each has its weight in the table."""
FIGURES: Final = ("people_files", "other_files", "write_rate")
PATHS: Final = ("temporary", "public", "system", "homes")
NAMES: Final = ("people", "hidden_usual", "system_names", "kernel_names")

_MAX_NUMBER: Final = 10**12


@dataclass(frozen=True, slots=True)
class Interpreter:
    """How a program that runs scripts reads its arguments.

    `value` are the options that take the next argument, `code` those after which no script follows.
    """

    value: frozenset[str]
    code: frozenset[str]


@dataclass(frozen=True, slots=True)
class SuspicionRules:
    """The whole table, in the names of the file."""

    levels: Mapping[str, int]
    weights: Mapping[str, int]
    figures: Mapping[str, int]
    paths: Mapping[str, tuple[str, ...]]
    names: Mapping[str, tuple[str, ...]]
    interpreters: Mapping[str, Interpreter]


@cache
def suspicion(name: str = "suspicion.yaml") -> SuspicionRules:
    """Return a packaged table, that of Windows by its name; read once in a run. Raises `RuleError`."""
    return read_suspicion(folder() / "ransom" / name)


def read_suspicion(path: Path) -> SuspicionRules:
    """Return what one file says; raises `RuleError` for anything but the form of ours."""
    document = strictyaml.single(path)
    tree = document.tree()
    parts = dict(document.pairs(tree))
    wanted = ("levels", "weights", "figures", *PATHS, *NAMES, "interpreters")
    for name, value in parts.items():
        if name not in wanted:
            raise document.wrong(value, f"unknown part; the parts are {', '.join(wanted)}")
    if missing := [name for name in wanted if name not in parts]:
        raise document.wrong(tree, f"missing: {', '.join(missing)}")
    levels = _numbers(document, parts["levels"], LEVELS, 100)
    if not 0 < levels["suspect"] <= levels["medium"] <= levels["high"]:
        raise document.wrong(parts["levels"], "the levels ascend from above 0: suspect, medium, high")
    lists = {name: _strings(document, parts[name], path_like=name in PATHS) for name in (*PATHS, *NAMES)}
    return SuspicionRules(
        levels,
        _numbers(document, parts["weights"], WEIGHTS, 100),
        _numbers(document, parts["figures"], FIGURES, _MAX_NUMBER),
        {name: lists[name] for name in PATHS},
        {name: lists[name] for name in NAMES},
        _interpreters(document, parts["interpreters"]),
    )


def _numbers(document: strictyaml.Document, node: yaml.Node, names: tuple[str, ...], most: int) -> dict[str, int]:
    """Return a mapping that holds exactly these names, each with a number."""
    found = {}
    for name, value in document.pairs(node):
        if name not in names:
            raise document.wrong(value, f"unknown name; the names are {', '.join(names)}")
        number = str(value.value)
        if not isinstance(value, yaml.ScalarNode) or value.tag != "tag:yaml.org,2002:int" or not number.isdigit():
            raise document.wrong(value, "a whole number is expected")
        if int(number[:20]) > most:
            raise document.wrong(value, f"more than {most}")
        found[name] = int(number)
    if missing := [name for name in names if name not in found]:
        raise document.wrong(node, f"missing: {', '.join(missing)}")
    return found


def _strings(
    document: strictyaml.Document, node: yaml.Node, *, path_like: bool = False, empty: bool = False
) -> tuple[str, ...]:
    """Return a list of different strings; `path_like`: absolute paths without a slash at the end."""
    if not isinstance(node, yaml.SequenceNode) or not (node.value or empty):
        raise document.wrong(node, "a list of strings is expected")
    found: dict[str, None] = {}
    for item in node.value:
        text = document.string(item)
        if not text or (path_like and (not text.startswith("/") or text.endswith("/") or "//" in text)):
            raise document.wrong(item, "an absolute path without a slash at its end is expected" if text else "empty")
        if text in found:
            raise document.wrong(item, f"{text} stands here twice")
        found[text] = None
    return tuple(found)


def _interpreters(document: strictyaml.Document, node: yaml.Node) -> dict[str, Interpreter]:
    found = {}
    for name, value in document.pairs(node):
        options = dict(document.pairs(value))
        if set(options) != {"value", "code"}:
            raise document.wrong(value, "an interpreter has the lists value and code")
        found[name] = Interpreter(
            frozenset(_strings(document, options["value"], empty=True)),
            frozenset(_strings(document, options["code"], empty=True)),
        )
    if not found:
        raise document.wrong(node, "empty")
    return found
