"""A run whose folder is full or gone goes on in another one: a new bundle, which names the old one's head (SPEC 7.7).

What the old bundle holds is not collected again. The vigil over network, power and clocks is not interrupted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from collector import disk, resume
from collector.errors import BundleNotMadeError, CollectorError, DiskFullError, UsageError, WriteError
from collector.ledger import as_json
from collector.sources import planned
from collector.text import from_native

if TYPE_CHECKING:
    from pathlib import Path

    from collector.acquisition import Run
    from collector.model import Json
    from collector.result import Result

FULL, GONE = "full", "gone"
"""Why a run goes on elsewhere: its bundle is sealed and took no more bytes, or can't be written and is not sealed."""

Elsewhere: TypeAlias = Callable[[str, CollectorError | None], "Path | None"]
"""Names the next folder, or `None` where there is none: given why it is needed, and the error of the last one named."""


def nowhere(_why: str, _error: CollectorError | None) -> Path | None:
    """Name no folder: the run ends with its first."""
    return None


@dataclass(frozen=True, slots=True)
class Part:
    """What a run left in one bundle before it goes on in the next."""

    run: Run
    why: str

    def continues(self) -> dict[str, Json]:
        """Return the `continues` of the next bundle's `open`: the last record that this one was given."""
        head = self.run.bundle.head()
        return {"sid": head.sid, "head": head.last, "records": head.records}

    def observed(self) -> dict[str, Json]:
        """Return the data of the next bundle's `continued` observation (SPEC 5.2)."""
        return {"why": self.why, "bundle": as_json(from_native(self.run.bundle.path.name))}

    def done(self) -> frozenset[str]:
        """Return the sources that need not be read again: finished, and safe on the medium before it was gone."""
        bundle = self.run.bundle
        closed = frozenset(bundle.inventory.phases)
        sources = planned(whole_memory=False, system=self.run.host.system_word())
        first = sources[0].phase  # its records were synced one by one
        known = [
            (source.name, source.kind, source.phase, bool(source.columns))
            for source in sources
            if self.why == FULL or source.phase in closed or source.phase == first
        ]
        return (self.run.done | resume.finished_sources(bundle.inventory, known)) - self.run.cut_by_full


def to_the_end(run: Run, elsewhere: Elsewhere, anew: Callable[[Part, Path], Run]) -> Result:
    """Collect, in as many bundles as it takes, and return what became of the last one.

    Raises `WriteError` where the folder is gone and there is no other. `anew` makes the run of the next bundle; what
    it raises for the folder that was named is told to `elsewhere`, which may name another.
    """
    parts: list[Part] = []
    try:
        while True:
            lost: WriteError | None = None
            result: Result | None = None
            try:
                result = run.collect()
            except WriteError as error:
                lost = error
            if result is not None and result.reason != "disk_full":
                return _whole(result, parts)
            part = Part(run, GONE if result is None else FULL)
            after = None if lost is not None and run.stop.reason == "signal" else _next(part, elsewhere, anew)
            if after is None:
                if result is None:
                    assert lost is not None
                    raise lost
                return _whole(result, parts)
            if result is None:
                with contextlib.suppress(OSError):  # the stick is out: nothing can be done for what was open on it
                    run.bundle.release()
            parts.append(part)
            run = after
    finally:
        run.vigil.stop()


def _next(part: Part, elsewhere: Elsewhere, anew: Callable[[Part, Path], Run]) -> Run | None:
    """Return the run of the next bundle, or `None` where no folder takes one."""
    error: CollectorError | None = None
    before, part.run.stop.reason = part.run.stop.reason, None
    while (place := elsewhere(part.why, error)) is not None and part.run.stop.reason is None:
        try:
            disk.refuse_inside_bundle(place, "--spare")
            return anew(part, place)
        except (BundleNotMadeError, UsageError, DiskFullError, WriteError) as refused:
            error = refused
    part.run.stop.reason = part.run.stop.reason or before
    return None


def _whole(result: Result, parts: list[Part]) -> Result:
    """Return the result with what came before: a bundle that was lost is not sealed, so the run was cut short.

    One whose files somebody else took or changed counts as if that had been seen in the last one.
    """
    if not parts:
        return result
    lost = any(part.why == GONE for part in parts)
    disturbed = sum(part.run.disturbed for part in parts)
    return replace(
        result,
        parts=tuple((part.run.bundle.path, part.why) for part in parts),
        exit_code=3 if lost or disturbed else result.exit_code,
        disturbed=disturbed + result.disturbed,
        missed=tuple(one for part in parts for one in part.run.missed_so_far) + result.missed,
        disks=result.disks or next((part.run.counts.disks for part in parts if part.run.counts.disks), ()),
        alarm=result.alarm or next((part.run.alarm for part in reversed(parts) if part.run.alarm), None),
    )
