"""Reads the rules and refuses wrong ones: data that says what is what.

A rule file that isn't exactly as written here is refused with its name, line and reason:
a typing error in it must not turn into evidence that is quietly not collected.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from collector.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C parser where PyYAML was built with it: ten times faster."""

MAX_RULE_FILE: Final = 1 << 20
"""Largest rule file: 1 MiB. The largest of ours holds some kilobytes."""

MAX_DEPTH: Final = 16
"""Deepest nesting: the parser recurses in C, where no exception stops it. ForensicArtifacts needs 6."""

FILE_SYSTEM_CLASSES: Final = ("local", "pseudo", "network", "fuse")

_FILE_SYSTEM_TYPE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(\.\*)?")

_PROGRAM_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")

_EXTENSION: Final = re.compile(r"[a-z0-9_-]{1,20}")

_MAGIC: Final = re.compile(r"(?:[0-9a-f]{2}){2,32}")

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
    temporary: frozenset[bytes]
    magics: tuple[bytes, ...]


def folder() -> Path:
    """Return the folder of the packaged rules: beside the package in a wheel, else in the checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "_rules"
    return installed if installed.is_dir() else package.parent / "rules"


@cache
def filesystems() -> Mapping[str, str]:
    """Return the class of every known type of file system, `name.*` for all subtypes of one.

    Read once in a run. Raises `RuleError`.
    """
    return read_filesystems(folder() / "filesystems.yaml")


def read_filesystems(path: Path) -> Mapping[str, str]:
    """Return what `filesystems` does, of one file; raises `RuleError` for anything but the form of ours."""
    classes: dict[str, str] = {}
    for name, value in _pairs(path, _tree(path)):
        if name not in FILE_SYSTEM_CLASSES:
            raise _wrong(path, value, f"unknown class; the classes are {', '.join(FILE_SYSTEM_CLASSES)}")
        if not isinstance(value, yaml.SequenceNode):
            raise _wrong(path, value, "a class holds a list of types")
        for item in value.value:
            kind = _string(path, item)
            if not _FILE_SYSTEM_TYPE.fullmatch(kind):
                raise _wrong(path, item, "a type is letters, digits, '_', '-' and '.', or ends in '.*'")
            if kind in classes:
                raise _wrong(path, item, f"{kind} stands here twice")
            classes[kind] = name
    if missing := set(FILE_SYSTEM_CLASSES) - set(classes.values()):
        raise RuleError(f"{path.name}:1: empty or missing class: {', '.join(sorted(missing))}")
    return classes


@cache
def remote_access() -> Mapping[str, str]:
    """Return the product of every name of a program that gives remote access; read once. Raises `RuleError`."""
    return read_remote_access(folder() / "remote_access.yaml")


def read_remote_access(path: Path) -> Mapping[str, str]:
    """Return what `remote_access` does, of one file; raises `RuleError` for anything but the form of ours."""
    products: dict[str, str] = {}
    for product, value in _pairs(path, _tree(path)):
        if not isinstance(value, yaml.SequenceNode) or not value.value:
            raise _wrong(path, value, "a product holds a list of names")
        for item in value.value:
            name = _string(path, item)
            if not _PROGRAM_NAME.fullmatch(name):
                raise _wrong(path, item, "a name is letters, digits, '_', '-' and '.'")
            if name in products:
                raise _wrong(path, item, f"{name} stands here twice")
            products[name] = product
    return products


@cache
def activity() -> Activity:
    """Return when file activity counts as encryption; read once. Raises `RuleError`."""
    return read_activity(folder() / "ransom" / "activity.yaml")


def read_activity(path: Path) -> Activity:
    """Return what `activity` does, of one file; raises `RuleError` for anything but the form of ours."""
    tree = _tree(path)
    parts = dict(_pairs(path, tree))
    if set(parts) != {"limits", "ordinary", "temporary", "magics"}:
        raise _wrong(path, tree, "limits, ordinary, temporary and magics are expected, and nothing else")
    limits = {name: _count(path, value) for name, value in _pairs(path, parts["limits"])}
    if set(limits) != {field.name for field in fields(Limits)}:
        odd = sorted(set(limits) ^ {field.name for field in fields(Limits)})
        raise _wrong(path, parts["limits"], f"limits that are missing or unknown: {', '.join(odd)}")
    extensions = [set(_words(path, parts[name], _EXTENSION)) for name in ("ordinary", "temporary")]
    if twice := extensions[0] & extensions[1]:
        raise _wrong(path, parts["temporary"], f"ordinary and temporary both: {', '.join(sorted(twice))}")
    return Activity(
        limits=Limits(**limits),
        ordinary=frozenset(word.encode() for word in extensions[0]),
        temporary=frozenset(word.encode() for word in extensions[1]),
        magics=tuple(bytes.fromhex(word) for word in _words(path, parts["magics"], _MAGIC)),
    )


def _words(path: Path, node: yaml.Node, form: re.Pattern[str]) -> list[str]:
    """Return the words of a list of strings, each of its form and there once."""
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise _wrong(path, node, "a list of words is expected")
    words: dict[str, None] = {}
    for item in node.value:
        for word in _string(path, item).split():
            if not form.fullmatch(word):
                raise _wrong(path, item, f"not of the form {form.pattern}: {word}")
            if word in words:
                raise _wrong(path, item, f"{word} stands here twice")
            words[word] = None
    return list(words)


def _count(path: Path, node: yaml.Node) -> int:
    """Return a whole number from 1 on."""
    plain = isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:int"
    if not plain or not re.fullmatch(r"[1-9]\d{0,5}", node.value) or int(node.value) > MAX_LIMIT:
        raise _wrong(path, node, f"a whole number from 1 to {MAX_LIMIT} is expected")
    return int(node.value)


def _tree(path: Path) -> yaml.Node:
    """Return the one YAML document of a file as nodes, which know their lines; raises `RuleError`."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_RULE_FILE + 1)
    except OSError as e:
        raise RuleError(f"{path.name}:1: can't be read: {e.strerror}") from e
    if len(raw) > MAX_RULE_FILE:
        raise RuleError(f"{path.name}:1: larger than {MAX_RULE_FILE} bytes")
    try:
        depth = 0
        for event in yaml.parse(raw, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise RuleError(f"{path.name}:{_line(event.start_mark)}: nested deeper than {MAX_DEPTH}")
            if isinstance(event, yaml.AliasEvent):  # aliases multiply: a small file becomes a huge one
                raise RuleError(f"{path.name}:{_line(event.start_mark)}: aliases are not allowed")
        tree = yaml.compose(raw, Loader=_Loader)
    except yaml.MarkedYAMLError as e:
        raise RuleError(f"{path.name}:{_line(e.problem_mark)}: not YAML: {e.problem}") from e
    except (yaml.YAMLError, RecursionError, ValueError) as e:
        raise RuleError(f"{path.name}:1: not YAML: {type(e).__name__}") from e
    if tree is None:
        raise RuleError(f"{path.name}:1: empty")
    return tree


def _pairs(path: Path, node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the keys and values of a mapping, each key a string that stands there once."""
    if not isinstance(node, yaml.MappingNode):
        raise _wrong(path, node, "a mapping is expected")
    seen = set()
    for key, value in node.value:
        name = _string(path, key)
        if name in seen:  # PyYAML keeps the last one without a word
            raise _wrong(path, key, f"{name} stands here twice")
        seen.add(name)
        yield name, value


def _string(path: Path, node: yaml.Node) -> str:
    """Return a string; `no`, `1` and the like, which YAML takes for other things, are refused."""
    if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
        raise _wrong(path, node, "a string is expected")
    return str(node.value)


def _wrong(path: Path, node: yaml.Node, reason: str) -> RuleError:
    return RuleError(f"{path.name}:{_line(node.start_mark)}: {reason}")


def _line(mark: Any) -> int:
    """Return the line of a mark as people count; the first where the parser gives none."""
    return mark.line + 1 if mark else 1
