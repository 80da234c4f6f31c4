"""Reads one YAML document as nodes that know their lines, and refuses whatever could be read in two ways.

No object is ever made from a tag, no alias is followed (a small file would become a huge one) and no
key stands twice; depth and size are bounded. Whatever is wrong is a `RuleError` with file, line and reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import yaml

from collector.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C parser where PyYAML was built with it: ten times faster."""

MAX_RULE_FILE: Final = 1 << 20
"""Largest rule file: 1 MiB. The largest of ours holds some kilobytes, of the published ones 145."""

MAX_DEPTH: Final = 16
"""Deepest nesting: the parser recurses in C, where no exception stops it. ForensicArtifacts needs 6."""

MAX_SECOND_READING: Final = 64 << 10
"""Largest document that the slower parser reads where the C one refuses it (see `Document.tree`)."""

_START: Final = re.compile(rb"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
"""Begins a document; inside a text it can't stand at the start of a line (YAML 1.1, section 4.1.2)."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document of a rule file; `before` counts the lines of the file above it, `start` the bytes."""

    file: str
    raw: bytes
    before: int = 0
    start: int = 0

    def tree(self) -> yaml.Node:
        """Return the document as nodes; raises `RuleError`, also where it is empty.

        libyaml refuses `{paths:['x']}`, which YAML 1.1 allows and a published definition has, so the parser in Python
        is asked too; where both refuse, the first one's reason is told.
        """
        try:
            tree = self._tree(_Loader)
        except yaml.MarkedYAMLError as e:
            try:
                if len(self.raw) > MAX_SECOND_READING:
                    raise
                tree = self._tree(yaml.SafeLoader)
            except yaml.YAMLError:
                raise self.wrong(e.problem_mark, f"not YAML: {e.problem}") from e
        except (yaml.YAMLError, RecursionError, ValueError) as e:
            raise self.wrong(None, f"not YAML: {type(e).__name__}") from e
        if tree is None:
            raise self.wrong(None, "empty")
        return tree

    def _tree(self, loader: Any) -> yaml.Node | None:
        depth = 0
        for event in yaml.parse(self.raw, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise self.wrong(event.start_mark, f"nested deeper than {MAX_DEPTH}")
            if isinstance(event, yaml.AliasEvent):
                raise self.wrong(event.start_mark, "aliases are not allowed")
        node: yaml.Node | None = yaml.compose(self.raw, Loader=loader)
        return node

    def pairs(self, node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
        """Yield the keys and values of a mapping, each key a string that stands there once."""
        if not isinstance(node, yaml.MappingNode):
            raise self.wrong(node, "a mapping is expected")
        seen = set()
        for key, value in node.value:
            name = self.string(key)
            if name in seen:  # PyYAML keeps the last one without a word
                raise self.wrong(key, f"{name} stands here twice")
            seen.add(name)
            yield name, value

    def items(self, node: yaml.Node, most: int) -> list[yaml.Node]:
        """Return the parts of a list that holds at most so many."""
        if not isinstance(node, yaml.SequenceNode):
            raise self.wrong(node, "a list is expected")
        if len(node.value) > most:
            raise self.wrong(node, f"more than {most} stand here")
        return list(node.value)

    def string(self, node: yaml.Node) -> str:
        """Return a string; `no`, `1` and the like, which YAML takes for other things, are refused."""
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
            raise self.wrong(node, "a string is expected")
        return str(node.value)

    def integer(self, node: yaml.Node) -> int:
        """Return a count written with decimal digits."""
        if not isinstance(node, yaml.ScalarNode) or not re.fullmatch(r"0|[1-9][0-9]{0,14}", node.value):
            raise self.wrong(node, "a whole number is expected")
        return int(node.value)

    def boolean(self, node: yaml.Node) -> bool:
        """Return `true` or `false`; YAML 1.1 knows ten more ways to say either."""
        plain = isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:bool"
        if not plain or node.value not in ("true", "false"):
            raise self.wrong(node, "true or false is expected")
        return bool(node.value == "true")

    def wrong(self, place: Any, reason: str) -> RuleError:
        """Return the error that names the file, the line of a node or mark (or the first), and a reason."""
        return RuleError(f"{self.file}:{self.line(place)}: {reason}")

    def line(self, place: Any) -> int:
        """Return the line of a node or mark in the file, as people count."""
        mark = getattr(place, "start_mark", place)
        return self.before + (int(mark.line) + 1 if mark else 1)


def read(path: Path) -> bytes:
    """Return a rule file's bytes; raises `RuleError` where it can't be had or is too large."""
    try:
        if path.exists() and not path.is_file():  # a FIFO would wait for ever
            raise RuleError(f"{path.name}:1: can't be read: it is no file")
        with path.open("rb") as file:
            raw = file.read(MAX_RULE_FILE + 1)
    except OSError as e:
        raise RuleError(f"{path.name}:1: can't be read: {e.strerror}") from e
    if len(raw) > MAX_RULE_FILE:
        raise RuleError(f"{path.name}:1: larger than {MAX_RULE_FILE} bytes")
    return raw


def single(path: Path) -> Document:
    """Return the one document of a rule file; raises `RuleError`."""
    return Document(path.name, read(path))


def documents(path: Path) -> Iterator[Document]:
    """Yield the documents of a rule file, without those that hold comments only; raises `RuleError`."""
    raw = read(path)
    starts = [0, *(match.start() for match in _START.finditer(raw)), len(raw)]
    for start, end in pairwise(starts):
        part = raw[start:end]
        if re.sub(rb"^---|#[^\n]*", b"", part).strip():
            yield Document(path.name, part, raw.count(b"\n", 0, start), start)
