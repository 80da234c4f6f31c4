"""Turns verified bundles of one case into files that experts' own tools read; each bundle's hosts stay told apart.

Read `export_evidence` first, how a bundle is read; then `export_output`, where the result goes; then the formats, one
file each: `export_csv`, `export_bodyfile`, `export_timesketch` (with `export_events`, what is an event).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import layout
from collector.errors import UsageError
from collector.handover import export_bodyfile, export_csv, export_output, export_timesketch
from collector.handover.export_evidence import opened, told_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pyrage.x25519 import Identity

    from collector.handover.export_evidence import Evidence
    from collector.handover.export_output import NewFile
    from collector.verify import VerifiedBundle

FORMATS = ("csv", "bodyfile", "timesketch")
_SUFFIXES = {"csv": "-csv", "bodyfile": ".body", "timesketch": "-timesketch.jsonl"}
_FILES: dict[str, Callable[[Sequence[Evidence], NewFile], None]] = {
    "bodyfile": export_bodyfile.write,
    "timesketch": export_timesketch.write,
}
_LONGEST_NAME = 80


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
    path = export_output.place(out, case + _SUFFIXES[form])
    if form == "timesketch" and not path.name.endswith(".jsonl"):
        hint = "give a name that ends in .jsonl with --out"
        raise UsageError("Timesketch knows this format by the end of its name", hint=hint)
    if form in _FILES:
        with export_output.file(path) as made:
            _FILES[form](evidence, made)
        return Exported(form, path, (), tuple(evidence))
    with export_output.folder(path) as folder:
        files = export_csv.write(evidence, folder)
    return Exported(form, path, tuple(files), tuple(evidence))
