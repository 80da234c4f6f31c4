r"""What ordinary files look like inside, by kind, and which extensions say what: the tables of rules/ransom/.

`marks()` reads both tables once and refuses a wrong one with file, line and reason. How they are written stands at
their tops. Nothing of a host is opened here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from collector import rules, strictyaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import yaml

CONTENTS: Final = ("text", "low", "mixed", "high", "encrypted")
"""How random a kind of file looks: readable, never, in parts, nearly everywhere; or encrypted, and says so."""

CHECKED_ENDS: Final = ("<gzip>", "<bzip2>", "<zip>", "<tar>", "<sqlite>", "<riff>")
"""Ends that bytes alone don't tell (see `collector/ransom/trailers.py`)."""

CIPHER: Final = "cipher"
"""The kind whose extensions people and ransomware alike put behind another (`.enc`)."""

LISTS: Final = ("ordinary", "transparent", "ransom")

MAX_OFFSET: Final = 4000
"""A head lies within the first 4 KiB, which is all that a judge is given."""

LEAST_FOUND: Final = 3
"""Bytes that a head has at least where it names the kind of a file that bears another extension: with fewer,
one file of random bytes in some hundreds would be an ordinary one."""

_EXTENSION: Final = re.compile(r"[^\x00-\x20./\\A-Z]{1,64}")
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,40}")
_PART: Final = re.compile(r"\\x([0-9a-fA-F]{2})|\\([rnt0s?\\])|([\x21-\x5b\x5d-\x7e])")
_PLACED: Final = re.compile(r"@(0|[1-9][0-9]{0,3}) (.*)")
_ESCAPES: Final = {"r": 13, "n": 10, "t": 9, "0": 0, "s": 32, "\\": 92, "?": None}

Pieces = tuple[tuple[int, bytes], ...]
"""Bytes that all have to stand at their offsets."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: how it begins and ends, and how random it looks between."""

    name: str
    extensions: tuple[str, ...]
    heads: tuple[Pieces, ...]
    ends: tuple[str | bytes, ...]
    content: str

    def begins(self, head: bytes) -> bool:
        """Tell whether a file of this kind may begin so; where nothing is known of heads, it may."""
        return not self.heads or any(_stands(pieces, head) for pieces in self.heads)

    @property
    def is_opaque(self) -> bool:
        """Whether it looks random by design and bears no mark: nothing can be said of its content."""
        return self.content == "high" and not self.heads


@dataclass(frozen=True, slots=True)
class Marks:
    """Both tables, ready to be asked."""

    kinds: tuple[Kind, ...]
    by_extension: Mapping[str, Kind]
    by_start: Mapping[bytes, tuple[tuple[Kind, Pieces], ...]]
    elsewhere: tuple[tuple[Kind, Pieces], ...]
    ordinary: frozenset[str]
    transparent: frozenset[str]
    ransom: frozenset[str]

    def find(self, head: bytes) -> Kind | None:
        """Return the first kind of the table that begins so, if any; two bytes alone name none."""
        for kind, pieces in (*self.by_start.get(head[:LEAST_FOUND], ()), *self.elsewhere):
            if _stands(pieces, head):
                return kind
        return None

    def is_known(self, extension: str) -> bool:
        """Tell whether ordinary files bear this extension (lower case, without the point)."""
        return extension in self.by_extension or extension in self.ordinary


@cache
def marks() -> Marks:
    """Return the packaged tables, read once in a run. Raises `RuleError`."""
    folder = rules.folder() / "ransom"
    return join(read_magics(folder / "magics.yaml"), folder / "extensions.yaml")


def join(kinds: tuple[Kind, ...], extensions: Path) -> Marks:
    """Return both tables as one; raises `RuleError` where an extension stands in both."""
    by_extension = {extension: kind for kind in kinds for extension in kind.extensions}
    lists = read_extensions(extensions, frozenset(by_extension))
    by_start: dict[bytes, list[tuple[Kind, Pieces]]] = {}
    elsewhere = []
    for kind in kinds:
        for pieces in kind.heads:
            offset, first = pieces[0]
            if offset == 0 and len(first) >= LEAST_FOUND:
                by_start.setdefault(first[:LEAST_FOUND], []).append((kind, pieces))
            elif sum(len(piece) for _, piece in pieces) >= LEAST_FOUND:
                elsewhere.append((kind, pieces))
    starts = {start: tuple(found) for start, found in by_start.items()}
    return Marks(kinds, by_extension, starts, tuple(elsewhere), **lists)


def read_magics(path: Path) -> tuple[Kind, ...]:
    """Return the kinds of a file like ours, in its order; raises `RuleError` for anything else."""
    document = strictyaml.single(path)
    kinds = []
    seen: set[str] = set()
    for name, node in document.pairs(document.tree()):
        if not _KIND.fullmatch(name):
            raise document.wrong(node, "a kind is named in small letters, digits and '_'")
        kind = _kind(document, name, node)
        if twice := seen.intersection(kind.extensions):
            raise document.wrong(node, f"{min(twice)} stands under two kinds")
        seen.update(kind.extensions)
        kinds.append(kind)
    return tuple(kinds)


def _kind(document: strictyaml.Document, name: str, node: yaml.Node) -> Kind:
    fields: dict[str, list[yaml.Node]] = {}
    content = None
    for key, value in document.pairs(node):
        if key == "content":
            content = document.string(value)
            if content not in CONTENTS:
                raise document.wrong(value, f"unknown content; it is one of {', '.join(CONTENTS)}")
        elif key in ("extensions", "heads", "ends"):
            fields[key] = document.items(value, 100)
        else:
            raise document.wrong(value, f"{key} is unknown")
    if content is None or not fields.get("extensions"):
        raise document.wrong(node, "a kind has extensions and content")
    if content == "text" and fields.keys() & {"ends"}:
        raise document.wrong(node, "text has no end to check")
    extensions = tuple(_extension(document, item) for item in fields["extensions"])
    if len(set(extensions)) != len(extensions):
        raise document.wrong(node, "an extension stands here twice")
    heads = tuple(_head(document, item) for item in fields.get("heads", ()))
    ends = tuple(_end(document, item) for item in fields.get("ends", ()))
    return Kind(name, extensions, heads, ends, content)


def read_extensions(path: Path, taken: frozenset[str] = frozenset()) -> dict[str, frozenset[str]]:
    """Return the lists of a file like ours; raises `RuleError`, also where an extension is one of `taken`."""
    document = strictyaml.single(path)
    tree = document.tree()
    lists: dict[str, frozenset[str]] = {}
    seen = set(taken)
    for name, node in document.pairs(tree):
        if name not in LISTS:
            raise document.wrong(node, f"unknown list; the lists are {', '.join(LISTS)}")
        found = set()
        for item in document.items(node, 10_000):
            extension = _extension(document, item)
            if extension in seen:
                raise document.wrong(item, f"{extension} stands in the tables twice")
            seen.add(extension)
            found.add(extension)
        lists[name] = frozenset(found)
    if missing := set(LISTS) - set(lists):
        raise document.wrong(tree, f"missing list: {', '.join(sorted(missing))}")
    return lists


def _extension(document: strictyaml.Document, node: yaml.Node) -> str:
    extension = document.string(node)
    if not _EXTENSION.fullmatch(extension):
        raise document.wrong(node, "an extension is in lower case, without point, space or slash")
    return extension


def _end(document: strictyaml.Document, node: yaml.Node) -> str | bytes:
    text = document.string(node)
    if text in CHECKED_ENDS:
        return text
    pieces = tuple(_pieces(document, node, text, 0))
    if len(pieces) != 1 or pieces[0][0]:
        raise document.wrong(node, "an end is bytes without a gap")
    return pieces[0][1]


def _head(document: strictyaml.Document, node: yaml.Node) -> Pieces:
    text = document.string(node)
    offset = 0
    if placed := _PLACED.fullmatch(text):
        offset, text = int(placed[1]), placed[2]
    pieces = tuple(_pieces(document, node, text, offset))
    if not pieces or pieces[-1][0] + len(pieces[-1][1]) > MAX_OFFSET:
        raise document.wrong(node, f"a head has bytes, and within the first {MAX_OFFSET}")
    return pieces


def _pieces(document: strictyaml.Document, node: yaml.Node, text: str, offset: int) -> Iterator[tuple[int, bytes]]:
    """Yield the runs of bytes between the gaps, each with its offset."""
    run = bytearray()
    place = 0
    while place < len(text):
        part = _PART.match(text, place)
        if part is None:
            raise document.wrong(node, "written with \\xNN, \\r, \\n, \\t, \\0, \\s, \\?, \\\\ and visible ASCII")
        place = part.end()
        value = int(part[1], 16) if part[1] else _ESCAPES[part[2]] if part[2] else ord(part[3])
        if value is not None:
            run.append(value)
            continue
        if run:
            yield offset, bytes(run)
        offset += len(run) + 1
        run.clear()
    if run:
        yield offset, bytes(run)


def _stands(pieces: Pieces, head: bytes) -> bool:
    return all(head.startswith(piece, offset) for offset, piece in pieces)
