"""Artifact definitions in the ForensicArtifacts schema: what is collected, as data.

Published definitions load unchanged, ours and an expert's stand beside them. A wrong one is refused with file, line
and reason. Nothing here looks at the host: `expansion` says what a definition means there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import yaml

    from collector.strictyaml import Document

SYSTEMS: Final = ("Android", "Darwin", "ESXi", "iOS", "Linux", "Windows")
TYPES: Final = (
    *("ARTIFACT_GROUP", "COMMAND", "DIRECTORY", "FILE", "PATH", "REGISTRY_KEY", "REGISTRY_VALUE", "WMI"),
)
"""Source types of the schema; DIRECTORY was published until 2022 and is a PATH."""

MAX_SOURCES: Final = 100
MAX_PATHS: Final = 1000
"""Paths, keys, names or arguments of one source: the largest published one has 86."""
MAX_TEXT: Final = 16 << 10
"""Characters of one string; the longest published path has 163, the longest `doc` some thousand."""
MAX_PATH: Final = 1024
MAX_LEVELS: Final = 64
"""Parts of a path: each may be an open folder while it is looked for."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LISTS: Final[tuple[str, ...]] = ("urls", "aliases", "labels", "provides", "conditions")
"""Lists of strings that a definition may have; the last three are no longer published, and older ones have them."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a definition; which fields are set depends on `type`.

    `values` are pairs of a registry key and the name of a value; `systems` is empty where it is for every system.
    """

    type: str
    line: int
    systems: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    separator: str = "/"
    names: tuple[str, ...] = ()
    program: str = ""
    arguments: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    query: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """One artifact definition and where it stands."""

    name: str
    doc: str
    sources: tuple[Source, ...]
    file: str
    line: int
    systems: tuple[str, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The other names it is known by."""
        return self.lists.get("aliases", ())

    def applies(self, source: Source, system: str) -> bool:
        """Tell whether a source of it is for this system."""
        return all(system in systems for systems in (self.systems, source.systems) if systems)


def read(document: Document) -> Definition:
    """Return the definition that a document is; raises `RuleError`."""
    tree = document.tree()
    found = dict(document.pairs(tree))
    for name, node in found.items():
        if name not in ("name", "doc", "sources", "supported_os", *_LISTS):
            raise document.wrong(node, f"unknown field {name[:50]}")
    for name in ("name", "doc", "sources"):
        if name not in found:
            raise document.wrong(tree, f"{name} is missing")
    systems = _systems(document, found.get("supported_os"))
    lists: dict[str, tuple[str, ...]] = {name: _strings(document, found[name]) for name in _LISTS if name in found}
    for alias in lists.get("aliases", ()):
        if not _NAME.fullmatch(alias):
            raise document.wrong(found["aliases"], "an alias is letters, digits, '_', '.' and '-'")
    nodes = document.items(found["sources"], MAX_SOURCES)
    if not nodes:
        raise document.wrong(found["sources"], "no source stands here")
    return Definition(
        name=_name(document, found["name"]),
        doc=_text(document, found["doc"]),
        sources=tuple(_source(document, node, systems) for node in nodes),
        file=document.file,
        line=document.line(tree),
        systems=systems,
        lists=lists,
    )


def _source(document: Document, node: yaml.Node, systems: tuple[str, ...]) -> Source:
    found = dict(document.pairs(node))
    for name, value in found.items():
        if name not in ("type", "attributes", "supported_os", "conditions"):
            raise document.wrong(value, f"unknown field {name[:50]} of a source")
    if "type" not in found or "attributes" not in found:
        raise document.wrong(node, "a source has a type and attributes")
    kind = document.string(found["type"])
    if kind not in TYPES:
        raise document.wrong(found["type"], f"unknown type of source; the types are {', '.join(TYPES)}")
    attributes = dict(document.pairs(found["attributes"]))
    needed, allowed, make = _ATTRIBUTES[kind]
    for name, value in attributes.items():
        if name not in (*needed, *allowed):
            raise document.wrong(value, f"unknown attribute {name[:50]} of {kind}")
    for name in needed:
        if name not in attributes:
            raise document.wrong(found["attributes"], f"{kind} needs {name}")
    source = make(document, kind, document.line(node), attributes)
    own = _systems(document, found.get("supported_os"))
    if kind == "COMMAND" and {"Linux", "Darwin"} & set(own or systems or SYSTEMS):
        _demand_absolute(document, attributes["cmd"], source.program)
    return replace(source, systems=own)


def _demand_absolute(document: Document, node: yaml.Node, program: str) -> None:
    if not program.startswith("/") or ".." in program.split("/"):
        raise document.wrong(node, "a program is named by its absolute path, so that no other can take its place")


def _files(document: Document, kind: str, line: int, attributes: dict[str, yaml.Node]) -> Source:
    separator = document.string(attributes["separator"]) if "separator" in attributes else "/"
    if separator not in ("/", "\\"):
        raise document.wrong(attributes["separator"], "a separator is '/' or '\\'")
    nodes = document.items(attributes["paths"], MAX_PATHS)
    if not nodes:
        raise document.wrong(attributes["paths"], "no path stands here")
    paths = []
    for node in nodes:
        path = document.string(node)
        parts = path.split(separator)
        if _CONTROL.search(path) or not path or len(path) > MAX_PATH or len(parts) > MAX_LEVELS:
            raise document.wrong(node, f"a path has 1 to {MAX_PATH} characters, none a control character")
        if "." in parts or ".." in parts:
            raise document.wrong(node, "a path leads downwards only: '.' and '..' are no parts of it")
        if separator == "/" and not path.startswith(("/", "%%")):
            raise document.wrong(node, "a path is absolute, or begins with a variable")
        paths.append(path)
    return Source(kind, line, paths=tuple(paths), separator=separator)


def _command(document: Document, kind: str, line: int, attributes: dict[str, yaml.Node]) -> Source:
    program = document.string(attributes["cmd"])
    arguments = _strings(document, attributes["args"], empty=True)
    if not program or "\0" in program or any("\0" in argument for argument in arguments):
        raise document.wrong(attributes["cmd"], "a program has a name, and no argument holds a NUL")
    return Source(kind, line, program=program, arguments=arguments)


def _group(document: Document, kind: str, line: int, attributes: dict[str, yaml.Node]) -> Source:
    names = tuple(_name(document, node) for node in document.items(attributes["names"], MAX_PATHS))
    if not names:
        raise document.wrong(attributes["names"], "a group names at least one definition")
    return Source(kind, line, names=names)


def _keys(document: Document, kind: str, line: int, attributes: dict[str, yaml.Node]) -> Source:
    return Source(kind, line, keys=_strings(document, attributes["keys"]))


def _values(document: Document, kind: str, line: int, attributes: dict[str, yaml.Node]) -> Source:
    values = []
    for node in document.items(attributes["key_value_pairs"], MAX_PATHS):
        pair = dict(document.pairs(node))
        if set(pair) != {"key", "value"}:
            raise document.wrong(node, "a key and a value are expected")
        values.append((_text(document, pair["key"]), _text(document, pair["value"])))
    if not values:
        raise document.wrong(attributes["key_value_pairs"], "no key stands here")
    return Source(kind, line, values=tuple(values))


def _query(document: Document, kind: str, line: int, attributes: dict[str, yaml.Node]) -> Source:
    if "base_object" in attributes:
        _text(document, attributes["base_object"])
    return Source(kind, line, query=_text(document, attributes["query"]))


_ATTRIBUTES: Final[
    Mapping[
        str,
        tuple[tuple[str, ...], tuple[str, ...], Callable[[Document, str, int, dict[str, yaml.Node]], Source]],
    ]
] = {
    "ARTIFACT_GROUP": (("names",), (), _group),
    "COMMAND": (("cmd", "args"), (), _command),
    "DIRECTORY": (("paths",), ("separator",), _files),
    "FILE": (("paths",), ("separator",), _files),
    "PATH": (("paths",), ("separator",), _files),
    "REGISTRY_KEY": (("keys",), (), _keys),
    "REGISTRY_VALUE": (("key_value_pairs",), (), _values),
    "WMI": (("query",), ("base_object",), _query),
}
"""For each type of source the attributes that it must have and may have, and what reads them."""


def _systems(document: Document, node: yaml.Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    systems = _strings(document, node)
    if not set(systems) <= set(SYSTEMS):
        raise document.wrong(node, f"unknown system; the systems are {', '.join(SYSTEMS)}")
    return systems


def _strings(document: Document, node: yaml.Node, *, empty: bool = False) -> tuple[str, ...]:
    found = tuple(_text(document, item) for item in document.items(node, MAX_PATHS))
    if not found and not empty:
        raise document.wrong(node, "nothing stands here")
    return found


def _text(document: Document, node: yaml.Node) -> str:
    text = document.string(node)
    if len(text) > MAX_TEXT:
        raise document.wrong(node, f"longer than {MAX_TEXT} characters")
    return text


def _name(document: Document, node: yaml.Node) -> str:
    name = document.string(node)
    if not _NAME.fullmatch(name):
        raise document.wrong(node, "a name is letters, digits, '_', '.' and '-'")
    return name
