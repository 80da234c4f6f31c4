"""Traces of ransomware: notes and their places, encrypted files and samples of them, what was typed, the family."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from collector import levels, tracing
from collector.hunt import limits_of
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
        limits = limits_of(
            request.profile.name,
            named=request.scan is not None,
            samples=levels.takes(request.level, self.name, "samples"),
            weak_notes=levels.takes(request.level, self.name, "weak notes"),
        )
        yield from Search(host.trees(request), limits, request.known).items()
