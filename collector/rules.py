"""Reads the rules and refuses wrong ones: data that says what is what.

A rule file that isn't exactly as written here is refused with its name, line and reason:
a typing error in it must not turn into evidence that is quietly not collected.
"""

from __future__ import annotations

import re
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
    for name, value in pairs(path, tree(path)):
        if name not in FILE_SYSTEM_CLASSES:
            raise wrong(path, value, f"unknown class; the classes are {', '.join(FILE_SYSTEM_CLASSES)}")
        if not isinstance(value, yaml.SequenceNode):
            raise wrong(path, value, "a class holds a list of types")
        for item in value.value:
            kind = string(path, item)
            if not _FILE_SYSTEM_TYPE.fullmatch(kind):
                raise wrong(path, item, "a type is letters, digits, '_', '-' and '.', or ends in '.*'")
            if kind in classes:
                raise wrong(path, item, f"{kind} stands here twice")
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
    for product, value in pairs(path, tree(path)):
        if not isinstance(value, yaml.SequenceNode) or not value.value:
            raise wrong(path, value, "a product holds a list of names")
        for item in value.value:
            name = string(path, item)
            if not _PROGRAM_NAME.fullmatch(name):
                raise wrong(path, item, "a name is letters, digits, '_', '-' and '.'")
            if name in products:
                raise wrong(path, item, f"{name} stands here twice")
            products[name] = product
    return products


def content(path: Path) -> bytes:
    """Return the bytes of a rule file; raises `RuleError` where it can't be read or is too large."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_RULE_FILE + 1)
    except OSError as e:
        raise RuleError(f"{path.name}:1: can't be read: {e.strerror}") from e
    if len(raw) > MAX_RULE_FILE:
        raise RuleError(f"{path.name}:1: larger than {MAX_RULE_FILE} bytes")
    return raw


def tree(path: Path) -> yaml.Node:
    """Return the one YAML document of a file as nodes, which know their lines; raises `RuleError`."""
    raw = content(path)
    try:
        depth = 0
        for event in yaml.parse(raw, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise RuleError(f"{path.name}:{_line(event.start_mark)}: nested deeper than {MAX_DEPTH}")
            if isinstance(event, yaml.AliasEvent):  # aliases multiply: a small file becomes a huge one
                raise RuleError(f"{path.name}:{_line(event.start_mark)}: aliases are not allowed")
        root = yaml.compose(raw, Loader=_Loader)
    except yaml.MarkedYAMLError as e:
        raise RuleError(f"{path.name}:{_line(e.problem_mark)}: not YAML: {e.problem}") from e
    except (yaml.YAMLError, RecursionError, ValueError) as e:
        raise RuleError(f"{path.name}:1: not YAML: {type(e).__name__}") from e
    if root is None:
        raise RuleError(f"{path.name}:1: empty")
    return root


def pairs(path: Path, node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the keys and values of a mapping, each key a string that stands there once."""
    if not isinstance(node, yaml.MappingNode):
        raise wrong(path, node, "a mapping is expected")
    seen = set()
    for key, value in node.value:
        name = string(path, key)
        if name in seen:  # PyYAML keeps the last one without a word
            raise wrong(path, key, f"{name} stands here twice")
        seen.add(name)
        yield name, value


def string(path: Path, node: yaml.Node) -> str:
    """Return a string; `no`, `1` and the like, which YAML takes for other things, are refused."""
    if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
        raise wrong(path, node, "a string is expected")
    return str(node.value)


def wrong(path: Path, node: yaml.Node, reason: str) -> RuleError:
    """Return the refusal of a node: file, line and reason."""
    return RuleError(f"{path.name}:{_line(node.start_mark)}: {reason}")


def _line(mark: Any) -> int:
    """Return the line of a mark as people count; the first where the parser gives none."""
    return mark.line + 1 if mark else 1
