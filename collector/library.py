"""The definitions by name: packaged ones are found in their files and read when they are asked for.

On the host memory is evidence: of the published files only an index of names is kept. An expert's own folder is read
whole before anything else happens, so that a wrong rule is refused before anything is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector import definitions, rules, strictyaml
from collector.definitions import Definition
from collector.errors import RuleError
from collector.strictyaml import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

PACKAGED: Final = ("artifacts", "forensicartifacts")
"""What is packaged: ours, a folder of `rules/`, and the published ones, the data of the package `artifacts`."""

MAX_FILES: Final = 1000
"""Rule files of one folder; the published ones are 32."""
MAX_DEPTH: Final = 8
"""Groups inside groups: the published ones need 3."""
MAX_MEMBERS: Final = 10_000
"""Definitions that a group may mean in all; there are not a tenth as many."""

_NAMES: Final = re.compile(rb"^(?:name|aliases):((?:[^\n]*\n)(?:[ \t]*- [^\n]*\n|[ \t]+[^\n]*\n)*)", re.MULTILINE)
_WORD: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a definition stands in a packaged file."""

    path: Path
    start: int
    size: int
    before: int


class Library:
    """Definitions by name and alias; `order` names each once, in the order in which they were added."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self._places: dict[str, _Place | Definition] = {}

    @classmethod
    def packaged(cls) -> Library:
        """Return the packaged definitions, ours first; raises `RuleError`."""
        library = cls()
        for folder in (rules.folder() / PACKAGED[0], rules.published()):
            for path in rule_files(folder):
                library._index(path)
        return library

    def _index(self, path: Path) -> None:
        for document in strictyaml.documents(path):
            names = [word for match in _NAMES.finditer(document.raw) for word in _WORD.findall(match[1])]
            place = _Place(path, document.start, len(document.raw), document.before)
            self._enter([name.decode("ascii") for name in names], place, f"{path.name}:{document.before + 1}")

    def add(self, path: Path) -> list[Definition]:
        """Read a file or folder of an expert's definitions whole and return them; raises `RuleError`.

        Groups are followed, so a member that nobody defines and a group inside itself are refused here.
        """
        added = []
        for file in rule_files(path) if path.is_dir() else (path,):
            for document in strictyaml.documents(file):
                definition = definitions.read(document)
                names = [definition.name, *definition.aliases]
                self._enter(names, definition, f"{definition.file}:{definition.line}")
                added.append(definition)
        if not added:
            raise RuleError(f"{path.name}:1: no definition stands here")
        for definition in added:
            for _ in self.members([definition.name]):
                pass
        return added

    def _enter(self, names: Sequence[str], place: _Place | Definition, where: str) -> None:
        for name in names:
            if name in self._places:
                raise RuleError(f"{where}: {name} is defined already")
            self._places[name] = place
        self.order.extend(names[:1])

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def get(self, name: str) -> Definition:
        """Return a definition by its name or an alias; raises `KeyError`, and `RuleError` for a wrong one."""
        place = self._places[name]
        if isinstance(place, Definition):
            return place
        with place.path.open("rb") as file:
            file.seek(place.start)
            return definitions.read(Document(place.path.name, file.read(place.size), place.before))

    def members(self, names: Iterable[str], system: str | None = None) -> Iterator[Definition]:
        """Yield the definitions that names mean, each once and in order; groups as what they name, in any depth.

        With a `system`, what a group names for others only is left out. A group that has sources of its own, too,
        comes before its members. Raises `RuleError` for a member that nobody defines, a group inside itself, and one
        that means too much.
        """
        done: set[str] = set()
        for name in names:
            yield from self._members(name, (), done, system)

    def _members(self, name: str, above: tuple[str, ...], done: set[str], system: str | None) -> Iterator[Definition]:
        definition = self.get(name)
        if definition.name in done:
            return
        where = f"{definition.file}:{definition.line}"
        if len(above) >= MAX_DEPTH:
            raise RuleError(f"{where}: groups are nested deeper than {MAX_DEPTH}")
        if len(done) >= MAX_MEMBERS:
            raise RuleError(f"{where}: more than {MAX_MEMBERS} definitions")
        done.add(definition.name)
        if any(source.type != "ARTIFACT_GROUP" for source in definition.sources):
            yield definition
        inside = (*above, definition.name)
        for source in definition.sources:
            for member in source.names if system is None or definition.applies(source, system) else ():
                if member not in self:
                    raise RuleError(f"{definition.file}:{source.line}: no definition is called {member}")
                if self.get(member).name in inside:
                    raise RuleError(f"{definition.file}:{source.line}: {member} is a group inside itself")
                yield from self._members(member, inside, done, system)


def rule_files(folder: Path) -> list[Path]:
    """Return the rule files of a folder in order of name; raises `RuleError`."""
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix == ".yaml" and path.is_file())
    except OSError as e:
        raise RuleError(f"{folder.name}:1: can't be read: {e.strerror}") from e
    if len(found) > MAX_FILES:
        raise RuleError(f"{folder.name}:1: more than {MAX_FILES} rule files")
    return found
