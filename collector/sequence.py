"""How bundles that were verified stand to one another: which go on from others (SPEC 8.1), which are the same."""

from __future__ import annotations

import hashlib
import itertools
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from collector import disk, layout
from collector.errors import ManifestFormatError, NotABundleError
from collector.manifest import MAX_LINE, decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from collector.verify import Report


class Joint(StrEnum):
    """How a bundle fits the one that it goes on from."""

    JOINED = "joined"
    """It names a record of the other, which is there as it was."""
    SHORTER = "shorter"
    """The other holds fewer records than that: the last ones never reached the stick that was taken out."""
    RESUMED = "resumed"
    """The other was taken up again before that record and went its own way."""
    DIFFERENT = "different"
    """The other holds something else in its place: one of the two was replaced."""
    ABSENT = "absent"
    """The other was not given."""


_ORDER = (Joint.DIFFERENT, Joint.JOINED, Joint.RESUMED, Joint.SHORTER)
"""Which of several counts: one that was replaced is told before all, then what tells the most (SPEC 8.1)."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a bundle goes on from: its sid, the bundle of that sid if it was given, and how they fit."""

    later: Path
    sid: str
    earlier: Path | None
    joint: Joint


@dataclass(frozen=True, slots=True)
class Twins:
    """Bundles of one sid, in the order given: copies, or, where `different`, at least two that were written apart."""

    sid: str
    bundles: tuple[Path, ...]
    different: bool


def twins(examined: Sequence[tuple[Path, Report]]) -> list[Twins]:
    """Return those bundles that give the same sid; their first records or their seals tell whether they differ."""
    by_sid: dict[str, list[tuple[Path, Report]]] = {}
    for path, report in examined:
        if report.sid is not None:
            by_sid.setdefault(report.sid, []).append((path, report))
    return [
        Twins(sid, tuple(path for path, _ in group), _differ([report for _, report in group]))
        for sid, group in by_sid.items()
        if len(group) > 1
    ]


def _differ(reports: Sequence[Report]) -> bool:
    seals = {report.seal_sha256 for report in reports} - {None}  # a copy of before the closing has none
    return len(seals) > 1 or len({report.start_code for report in reports}) > 1


def links(bundles: Sequence[Path]) -> list[Link]:
    """Return a link for each bundle that goes on from another; raises `NotABundleError` for one that can't be read.

    None of them may be ALTERED.
    """
    openings = {path: record for path in bundles for _, record in itertools.islice(_records(path), 1)}
    by_sid: dict[str, list[Path]] = {}
    for path, opening in openings.items():
        by_sid.setdefault(str(opening["sid"]), []).append(path)
    found = []
    for path, opening in openings.items():
        named = opening.get("continues")
        if isinstance(named, dict):
            sid, records, head = str(named["sid"]), int(str(named["records"])), str(named["head"])
            fits = [(earlier, _joint(earlier, records, head)) for earlier in by_sid.get(sid, ()) if earlier != path]
            earlier, joint = min(fits, key=lambda fit: _ORDER.index(fit[1]), default=(None, Joint.ABSENT))
            found.append(Link(path, sid, earlier, joint))
    return found


def _joint(earlier: Path, records: int, head: str) -> Joint:
    resumed, last = False, None
    for number, (line, record) in enumerate(_records(earlier), 1):
        last = record["type"]
        resumed = resumed or last == "resume"
        if number == records:
            same = hashlib.sha256(line).hexdigest() == head
            return Joint.JOINED if same else Joint.RESUMED if resumed else Joint.DIFFERENT
    if resumed:
        return Joint.RESUMED
    return Joint.DIFFERENT if last == "close" else Joint.SHORTER  # what was closed has lost no end


def _records(path: Path) -> Iterator[tuple[bytes, dict[str, object]]]:
    """Yield each line of a manifest, without LF, and its record, up to the first that is none."""
    try:
        fd = disk.open_regular(path / layout.MANIFEST)
    except OSError as error:
        raise NotABundleError("the folder can't be read any more") from error
    with os.fdopen(fd, "rb") as file:
        while (line := file.readline(MAX_LINE + 1)).endswith(b"\n"):
            try:
                record = decode(line[:-1])
            except ManifestFormatError:
                return
            yield line[:-1], dict(record)
