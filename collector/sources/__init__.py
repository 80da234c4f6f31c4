"""The sources, in the order they are read: most volatile first (RFC 3227, section 2.1).

Each is one small file with the same four parts: a name, what each column means, its
bounds, and `collect(host, request)`. None knows which system it asks. A new source is one
file and its line in `SOURCES`, whose order is the order of volatility.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from collector import levels
from collector.sources.artifacts import ArtifactSource
from collector.sources.clipboard import ClipboardSource
from collector.sources.connections import ConnectionSource
from collector.sources.dns import DnsSource
from collector.sources.executables import ExecutableSource
from collector.sources.interfaces import InterfaceSource
from collector.sources.memory import MemorySource
from collector.sources.neighbours import NeighbourSource
from collector.sources.processes import ProcessSource
from collector.sources.ransom import RansomSource
from collector.sources.recent_files import RecentFileSource
from collector.sources.registry import RegistrySource
from collector.sources.routes import RouteSource
from collector.sources.screens import ScreenSource
from collector.sources.services import ServiceSource
from collector.sources.sessions import SessionSource
from collector.sources.suspects import SuspectSource
from collector.sources.system import SystemSource
from collector.sources.windows import WindowSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class Source(Protocol):
    """What is collected from."""

    @property
    def name(self) -> str:
        """Our slug: it names the source in records and the file in `artifacts/`."""

    @property
    def kind(self) -> str:
        """The artifact kind of its rows (docs/SPEC.md, section 6)."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Every column of a row with one sentence on its meaning; empty where it yields files."""

    @property
    def seconds(self) -> float:
        """The longest it may take unless the profile says otherwise; what it has by then is kept."""

    @property
    def core(self) -> bool:
        """Whether a run that got nothing from it counts as cut short (exit 3)."""

    @property
    def phase(self) -> str:
        """The phase it belongs to; a `phase` record closes each."""

    def collect(self, host: Host, request: Request) -> Iterator[Item]:
        """Yield rows, files and gaps."""


SOURCES: tuple[Source, ...] = (
    SystemSource(),
    ProcessSource(),
    ConnectionSource(),
    NeighbourSource(),
    RouteSource(),
    InterfaceSource(),
    SuspectSource(),
    ExecutableSource(),
    ServiceSource(),
    DnsSource(),
    SessionSource(),
    WindowSource(),
    ScreenSource(),
    RansomSource(),
    ArtifactSource(),
    RecentFileSource(),
)


def planned(
    *, whole_memory: bool, system: str, clipboard: bool = False, level: str = levels.EXPERT
) -> tuple[Source, ...]:
    """Return the sources of a run in their order, for a system as `Host.system_word` calls it, as far as a level goes.

    The memory of the machine, if asked for, ends the phase of programs, and the clipboard that of the screen; the
    registry, where there is one, comes before the files that definitions name: it is small, and names what starts by
    itself.
    """
    found = list(SOURCES)
    if whole_memory:
        found.insert(_end(found, MemorySource.phase), MemorySource())
    if clipboard:
        found.insert(_end(found, ClipboardSource.phase), ClipboardSource())
    if system == RegistrySource.system:
        found.insert(next(at for at, one in enumerate(found) if one.name == ArtifactSource.name), RegistrySource())
    return tuple(source for source in found if levels.takes(level, source.name))


def left_out(level: str, system: str) -> dict[str, list[str]]:
    """Return what a level leaves out on a system, by source: parts as `levels.TABLE` names them."""
    return levels.left_out(level, [source.name for source in planned(whole_memory=False, system=system)])


def _end(found: list[Source], phase: str) -> int:
    """Return the place behind the last source of a phase."""
    return max(at for at, one in enumerate(found) if one.phase == phase) + 1
