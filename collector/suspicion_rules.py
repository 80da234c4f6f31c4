"""Reads `rules/ransom/suspicion.yaml` and `programs.yar`: what makes a running program worth a closer look.

As strict as `rules`: anything but the form of ours is refused with file, line and reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import yaml

from collector.errors import RuleError
from collector.rules import _pairs, _string, _tree, _wrong, folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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

SCAN_SECONDS: Final = 5
"""Longest that YARA may look at one program; its engine is linear, so this is never met by ours."""
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
def suspicion() -> SuspicionRules:
    """Return the packaged table; read once in a run. Raises `RuleError`."""
    return read_suspicion(folder() / "ransom" / "suspicion.yaml")


def read_suspicion(path: Path) -> SuspicionRules:
    """Return what one file says; raises `RuleError` for anything but the form of ours."""
    tree = _tree(path)
    parts = dict(_pairs(path, tree))
    wanted = ("levels", "weights", "figures", *PATHS, *NAMES, "interpreters")
    for name, value in parts.items():
        if name not in wanted:
            raise _wrong(path, value, f"unknown part; the parts are {', '.join(wanted)}")
    if missing := [name for name in wanted if name not in parts]:
        raise _wrong(path, tree, f"missing: {', '.join(missing)}")
    levels = _numbers(path, parts["levels"], LEVELS, 100)
    if not 0 < levels["suspect"] <= levels["medium"] <= levels["high"]:
        raise _wrong(path, parts["levels"], "the levels ascend from above 0: suspect, medium, high")
    lists = {name: _strings(path, parts[name], path_like=name in PATHS) for name in (*PATHS, *NAMES)}
    return SuspicionRules(
        levels,
        _numbers(path, parts["weights"], WEIGHTS, 100),
        _numbers(path, parts["figures"], FIGURES, _MAX_NUMBER),
        {name: lists[name] for name in PATHS},
        {name: lists[name] for name in NAMES},
        _interpreters(path, parts["interpreters"]),
    )


def _numbers(path: Path, node: yaml.Node, names: tuple[str, ...], most: int) -> dict[str, int]:
    """Return a mapping that holds exactly these names, each with a number."""
    found = {}
    for name, value in _pairs(path, node):
        if name not in names:
            raise _wrong(path, value, f"unknown name; the names are {', '.join(names)}")
        number = str(value.value)
        if not isinstance(value, yaml.ScalarNode) or value.tag != "tag:yaml.org,2002:int" or not number.isdigit():
            raise _wrong(path, value, "a whole number is expected")
        if int(number[:20]) > most:
            raise _wrong(path, value, f"more than {most}")
        found[name] = int(number)
    if missing := [name for name in names if name not in found]:
        raise _wrong(path, node, f"missing: {', '.join(missing)}")
    return found


def _strings(path: Path, node: yaml.Node, *, path_like: bool = False, empty: bool = False) -> tuple[str, ...]:
    """Return a list of different strings; `path_like`: absolute paths without a slash at the end."""
    if not isinstance(node, yaml.SequenceNode) or not (node.value or empty):
        raise _wrong(path, node, "a list of strings is expected")
    found: dict[str, None] = {}
    for item in node.value:
        text = _string(path, item)
        if not text or (path_like and (not text.startswith("/") or text.endswith("/") or "//" in text)):
            raise _wrong(path, item, "an absolute path without a slash at its end is expected" if text else "empty")
        if text in found:
            raise _wrong(path, item, f"{text} stands here twice")
        found[text] = None
    return tuple(found)


def _interpreters(path: Path, node: yaml.Node) -> dict[str, Interpreter]:
    found = {}
    for name, value in _pairs(path, node):
        options = dict(_pairs(path, value))
        if set(options) != {"value", "code"}:
            raise _wrong(path, value, "an interpreter has the lists value and code")
        found[name] = Interpreter(
            frozenset(_strings(path, options["value"], empty=True)),
            frozenset(_strings(path, options["code"], empty=True)),
        )
    if not found:
        raise _wrong(path, node, "empty")
    return found


class ProgramRules:
    """The YARA rules for programs, compiled; one object serves one thread."""

    def __init__(self, path: Path | None = None) -> None:
        """Compile the packaged rules or those of a file; raises `RuleError`."""
        import yara_x  # noqa: PLC0415 - 20 MB that only a run with suspects needs

        path = path or folder() / "ransom" / "programs.yar"
        compiler = yara_x.Compiler(includes_enabled=False)
        try:
            compiler.add_source(path.read_text(encoding="utf-8"), origin=path.name)
        except OSError as e:
            raise RuleError(f"{path.name}:1: can't be read: {e.strerror}") from e
        except (yara_x.CompileError, UnicodeDecodeError) as e:
            raise RuleError(f"{path.name}:{_line(path, e)}: {str(e).splitlines()[0]}") from e
        self._scanner: Any = yara_x.Scanner(compiler.build())
        self._scanner.set_timeout(SCAN_SECONDS)
        self._scanner.fast_scan(yes=True)
        self._failed: tuple[type[Exception], ...] = (yara_x.TimeoutError, yara_x.ScanError)

    def matches(self, data: bytes) -> tuple[str, ...] | None:
        """Return the names of the rules that match, ascending; `None` where the engine gave up."""
        try:
            return tuple(sorted(rule.identifier for rule in self._scanner.scan(data).matching_rules))
        except self._failed:
            return None


def _line(path: Path, error: Exception) -> int:
    """Return the line that a compiler's report names (`--> programs.yar:3:5`), else the first."""
    _, _, after = str(error).partition(f"{path.name}:")
    number = after.split(":", 1)[0]
    return int(number) if number.isdigit() else 1
