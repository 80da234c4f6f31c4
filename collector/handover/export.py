"""Turns verified bundles of one case into files that experts' own tools read; each bundle's hosts stay told apart.

Read `export_evidence` first, how a bundle is read; then `export_output`, where the result goes; then the formats, one
file each: `export_csv`, `export_bodyfile`, `export_timesketch` (with `export_events`, what is an event),
`export_dissect` (with `export_tree`, how a host's path becomes a name of ours), `export_iris` and `export_misp` (with
`export_indicators`, what tells of the attacker alone), `export_case`.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import layout
from collector.errors import UsageError
from collector.handover import (
    archive,
    export_bodyfile,
    export_case,
    export_csv,
    export_dissect,
    export_iris,
    export_misp,
    export_output,
    export_timesketch,
)
from collector.handover.export_evidence import opened, told_apart
from collector.handover.export_tree import FolderTree, ZipTree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pyrage.x25519 import Identity

    from collector.handover.export_evidence import Evidence
    from collector.handover.export_output import NewFile
    from collector.verify import VerifiedBundle

FORMATS = ("csv", "bodyfile", "timesketch", "dissect", "iris", "misp", "case")
_SUFFIXES = {
    "csv": "-csv", "bodyfile": ".body", "timesketch": "-timesketch.jsonl", "dissect": "-dissect", "iris": "-iris",
    "misp": "-misp.json", "case": "-case.jsonld",
}  # fmt: skip
_FILES: dict[str, Callable[[Sequence[Evidence], NewFile], None]] = {
    "bodyfile": export_bodyfile.write,
    "timesketch": export_timesketch.write,
    "misp": export_misp.write,
    "case": export_case.write,
}
_FOLDERS: dict[str, Callable[[Sequence[Evidence], Path], list[str]]] = {
    "csv": export_csv.write,
    "iris": export_iris.write,
}
_LONGEST_NAME = 80
_SHORT = 8
"""Digits of a bundle's number that tell a host apart for a person."""


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that is whole, and what a person must know of it."""

    format: str
    path: Path
    files: tuple[str, ...]
    """Names of the files in `path`, where it is a folder."""
    evidence: tuple[Evidence, ...]

    @property
    def incomplete(self) -> bool:
        """Tell whether one of the bundles was not closed."""
        return any(one.incomplete for one in self.evidence)

    def total(self, name: str) -> int:
        """Return the sum of a count over all bundles."""
        return sum(int(getattr(one.tally, name)) for one in self.evidence)


def export(
    bundles: Sequence[VerifiedBundle], form: str, out: Path, identities: Sequence[Identity] = ()
) -> Exported:
    """Write the bundles of one case in a format; `out` is a new name, or an existing folder for a name of ours.

    Raises `UsageError` for a key that is missing or bundles that don't belong together, `RefusedError` for a key that
    doesn't fit or a place where nothing can be written, and `AlteredError` for a bundle that changed meanwhile; then
    nothing is left behind.
    """
    evidence = [opened(bundle, identities) for bundle in bundles]
    told_apart(evidence)
    case = layout.safe_name(str(evidence[0].opening["case"]), _LONGEST_NAME)
    path = export_output.place(out, archive.top_for(case + _SUFFIXES[form]))  # a case `NUL` is no device
    if form == "timesketch" and not path.name.endswith(".jsonl"):
        hint = "give a name that ends in .jsonl with --out"
        raise UsageError("Timesketch knows this format by the end of its name", hint=hint)
    if form in _FILES:
        with export_output.file(path) as made:
            _FILES[form](evidence, made)
        return Exported(form, path, (), tuple(evidence))
    if form == "dissect" and path.name.endswith(".zip"):
        _zip(evidence, path)
        return Exported(form, path, (), tuple(evidence))
    with export_output.folder(path) as folder:
        files = _FOLDERS[form](evidence, folder) if form in _FOLDERS else _trees(evidence, folder)
    return Exported(form, path, tuple(files), tuple(evidence))


def _zip(evidence: Sequence[Evidence], path: Path) -> None:
    if len(evidence) > 1:
        hint = "give a name without .zip: it becomes a folder with a tree for each host"
        raise UsageError("one zip holds one host", hint=hint)
    with export_output.file(path) as made, zipfile.ZipFile(made, "w") as packed:
        export_dissect.write(evidence[0], ZipTree(packed))


def _trees(evidence: Sequence[Evidence], folder: Path) -> list[str]:
    if len(evidence) == 1:
        export_dissect.write(evidence[0], FolderTree(folder))
        return []
    names = _folders(evidence)
    for one, name in zip(evidence, names, strict=True):
        export_output.new_folder(folder / name)
        export_dissect.write(one, FolderTree(folder / name))
    return names


def _folders(evidence: Sequence[Evidence]) -> list[str]:
    """Return a folder for each host: its name and the start of its number, or all of it where two would be one."""
    for digits in (_SHORT, None):  # numbers are told apart already, so the whole ones are
        names = [f"{layout.safe_name(one.host, _LONGEST_NAME)}-{one.sid[:digits]}" for one in evidence]
        if len({name.casefold() for name in names}) == len(names):
            break
    return names
