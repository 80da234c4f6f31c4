"""Traces of ransomware: notes and their places, encrypted files and samples of them, what was typed, the family."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from collector import hunt, levels, tracing
from collector.searching import Search

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class RansomSource:
    """Traces of ransomware: notes and their places, encrypted files and samples of them, what was typed, the family."""

    name = "ransom"
    kind = "ransom"
    columns: ClassVar[Mapping[str, str]] = tracing.COLUMNS
    seconds = 360
    core = False
    phase = "traces"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:
        """Yield rows and files, the most telling first; raises `HostError` where nothing can be walked."""
        listed = levels.takes(request.level, "recent-files") and request.profile.seconds(
            "recent-files", 1, named=request.scan is not None
        )
        limits = hunt.limits_of(
            request.profile.name,
            named=request.scan is not None,
            samples=levels.takes(request.level, self.name, "samples"),
            weak_notes=levels.takes(request.level, self.name, "weak notes"),
            # Where `recent-files` names the same folders, or no folder is named at all, the first tells enough.
            single_gaps=1 if listed or not levels.takes(request.level, self.name, "path") else hunt.SINGLE_GAPS,
        )
        yield from Search(host.trees(request), limits, request.known).items()
