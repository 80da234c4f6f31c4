"""How a system is asked: the only rooms that know which system this is.

`this_host()` returns the one we run on. Every method that yields answers with rows that
hold exactly the columns its source in `collector/sources/` promises, and with a `Gap` for
whatever could not be had. System errors are translated here; nothing here raises for what
the host does, except `HostError` where a whole source can't be asked.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from collector.bursts import Tally, Writers
    from collector.definitions import Definition
    from collector.facts import Change, Facts, LinkChange
    from collector.heads import Head
    from collector.model import Blob, Clock, Gap, Json, Request, Row
    from collector.text import Text


class HostError(Exception):
    """A source can't be asked at all: carries the `Gap` that says why."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.reason)
        self.gap = gap


class ActivityWatch(Protocol):
    """File events seen while the run lasts, bounded in memory."""

    def stop(self) -> None:
        """End the watch; no event is added after it returns. May be called twice."""

    def tally(self) -> Tally | None:
        """Return what all events so far come to, kept or not; `None` where that is not known."""

    def rows(self) -> Iterator[Row | Gap]:
        """Yield what was seen, oldest first, then a gap for what could not be watched or kept."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A regular file that a walk came by; times in nanoseconds since 1970 UTC. `place` is the host's own hold on it."""

    place: object
    name: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    btime_ns: int | None
    identity: tuple[int, int]
    """Device and inode."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Files of one folder that were seen together; a folder may come in several, and an empty batch at any time."""

    folder: bytes
    place: object
    files: list[Seen]


class Part(NamedTuple):
    """The first and the last bytes of a file of `size` bytes; they never overlap."""

    head: bytes
    tail: bytes
    size: int


class Trees(Protocol):
    """The recent files of this machine, those of people first, and a gap for all that can't be walked, unbounded.

    What can't be had of one file is returned as its `Gap`.
    """

    entered: int
    """Trees that were walked so far, or whose gap was yielded."""

    def people(self) -> Iterator[Batch | Gap]:
        """Yield the recent regular files of people's folders: homes, then what they share."""

    def rest(self) -> Iterator[Batch | Gap]:
        """Yield those of all other trees of the request."""

    def locate(self, folder: bytes, name: bytes) -> Seen | Gap:
        """Return a file that the walk came by before, by folder and name."""

    def read(self, seen: Seen, head: int, tail: int) -> Part | Gap:
        """Return the first and the last bytes of a file."""

    def probe(self, seen: Seen, offsets: tuple[int, ...], length: int) -> bytes | Gap:
        """Return `length` bytes at each of some places of a file, joined."""

    def copy(self, seen: Seen, limit: int, kind: str = "file") -> Blob | Gap:
        """Return a file as an artifact: whole, or its ends where it holds more than `limit`."""

    def close(self) -> None:
        """Let go of what is held open."""


class LinkWatch(Protocol):
    """Changes of links, addresses and routes as the kernel tells them, in every namespace that counts."""

    def changes(self) -> list[LinkChange]:
        """Return what came since the last call, oldest first; never waits.

        A change stands under the clocks at which it was received. Bounded: where more came than is
        kept, or the kernel dropped some, a change `lost` stands in their place.
        """

    def wait(self, seconds: float) -> bool:
        """Wait until a change is there, for so long at most, and tell whether one is."""

    def stop(self) -> None:
        """End the watch: what was received before it returns can still be had. May be called twice."""


class Awake(Protocol):
    """Holds the machine awake until it is released or the process ends."""

    @property
    def what(self) -> str:
        """What is held off, colon-separated in logind's words: `shutdown:sleep:idle:handle-lid-switch`."""

    @property
    def mode(self) -> str:
        """`block`, or `delay` where it is held off for some seconds only."""

    def release(self) -> None:
        """Let go; may be called twice."""


class Host(Protocol):
    """The facts that every system gives, each in the columns of its source."""

    clock: Clock

    def hostname(self) -> Text:
        """Return the host's own name, asked of no network."""

    def privileges(self) -> str:
        """Return `root`, `administrator` or `user`: what the tool runs as."""

    def open_facts(self) -> dict[str, Json]:
        """Return what the `open` record says of the host: see SPEC, `open.host` and `open.clock`."""

    def system(self) -> Iterator[Row | Gap]:
        """Yield one row: the host."""

    def processes(self) -> Iterator[Row | Gap]:
        """Yield a row for each process visible now."""

    def connections(self) -> Iterator[Row | Gap]:
        """Yield a row for each socket, joined to the processes last seen."""

    def suspects(self, request: Request) -> Iterator[Row | Blob | Gap]:
        """Yield a row for each suspicious process, then, if the request says so, their files and their memory.

        A `Blob` is to be consumed before the next item is asked for.
        """

    def whole_memory(self, request: Request) -> Iterator[Blob | Gap]:
        """Yield the memory of the machine as the request's program writes it, in parts; raises `HostError`.

        A `Blob` is to be consumed before the next item is asked for.
        """

    def executables(self) -> Iterator[Row | Gap]:
        """Yield a row for each running executable, once per device and inode, deleted ones first."""

    def services(self) -> Iterator[Row | Gap]:
        """Yield a row for each service or daemon that the host knows."""

    def link_facts(self) -> Facts:
        """Return the facts that `isolation.judge` judges; sends no packet."""

    def watch_links(self) -> LinkWatch:
        """Start watching the network; raises `HostError` where nothing can be watched."""

    def plan_isolation(self, facts: Facts) -> tuple[Change, ...]:
        """Return what `carry_out` would do to cut this machine off, in its order; changes nothing."""

    def carry_out(self, change: Change) -> None:
        """Do one change and see that it is done; raises `HostError` where it is not."""

    def keep_awake(self) -> Awake:
        """Hold off sleep, idle and shutdown; raises `HostError` where the system doesn't let us."""

    def power(self) -> dict[str, Json]:
        """Return `mains` (boolean or null: not told) and `batteries`, a list of {name, percent, status}."""

    def suspends(self) -> int | None:
        """Return how often the system slept since its start, as it counts itself; `None`: not told."""

    def boot_time_ns(self) -> int | None:
        """Return when the system was started, nanoseconds since 1970 UTC by the clock of now; `None`: not told."""

    def power_events(self) -> Iterator[Row | Gap]:
        """Yield the starts and shutdowns that the logs tell, oldest first: {utc, what, source}.

        `what` is boot or shutdown, `source` the log's name.
        """

    def routes(self) -> Iterator[Row | Gap]:
        """Yield a row for each route of all tables and both families."""

    def neighbours(self) -> Iterator[Row | Gap]:
        """Yield a row for each ARP or ND entry."""

    def resolvers(self) -> Iterator[Row | Gap]:
        """Yield a row for each resolver, search domain and static host entry."""

    def sessions(self) -> Iterator[Row | Gap]:
        """Yield a row for each logged-on user."""

    def windows(self) -> Iterator[Row | Gap]:
        """Yield a row for each top-level window of every display that can be reached."""

    def screens(self) -> Iterator[Blob | Gap]:
        """Yield a picture of every monitor, or the text of the console where there is none."""

    def clipboard(self) -> Iterator[Row | Gap]:
        """Yield a row for the text in the clipboard; it is asked only where the request says so."""

    def changed_files(self, request: Request) -> Iterator[Row | Gap]:
        """Yield a row for each file that changed inside the window of the request."""

    def trees(self, request: Request) -> Trees:
        """Return the trees of a request for whoever judges files; raises `HostError` where none can be walked."""

    def system_word(self) -> str:
        """Return this system's word in artifact definitions (`collector.definitions.SYSTEMS`)."""

    def registry(self, request: Request, chosen: Iterable[Definition]) -> Iterator[Row | Gap]:
        """Yield what artifact definitions name in the registry, in their order; where there is none, a gap."""

    def artifacts(self, request: Request, chosen: Iterable[Definition]) -> Iterator[Row | Blob | Gap]:
        """Yield what artifact definitions name here, in their order and within the budget of the profile."""

    def watch_activity(self, request: Request) -> ActivityWatch:
        """Start watching file activity; raises `HostError` where nothing can be watched."""

    def heads(self, paths: Sequence[bytes]) -> list[Head]:
        """Return the first bytes of some regular files, `heads.MOST` at most; never through a link."""

    def writers(self, folders: Sequence[bytes]) -> Writers:
        """Return who writes in some local folders at this moment, as far as that can be seen; takes two seconds."""

    def footprint(self) -> Row:
        """Return what this process itself did so far."""


def this_host() -> Host:
    """Return the host we run on; raises `NotImplementedError` on a system we don't know."""
    if sys.platform == "linux":
        from collector.host.linux import LinuxHost

        return LinuxHost()
    if sys.platform == "win32":
        from collector.host.windows import WindowsHost

        return WindowsHost()
    if sys.platform == "darwin":
        from collector.host.darwin import DarwinHost

        return DarwinHost()
    raise NotImplementedError(f"no host module for {sys.platform}")


def may_rise() -> bool:
    """Tell whether we lack rights that this system gives a program once it has asked a person (UAC of Windows)."""
    if sys.platform == "win32":
        from collector.host.windows import elevation

        return elevation.may_rise()
    return False


def rise(arguments: Sequence[str], began: Callable[[], None]) -> int | None:
    """Start our own program anew with all rights, wait for its end and return its exit code; `None` if refused.

    The system asks the person; `began` is called once it runs. Raises `OSError` where it could not be asked.
    """
    if sys.platform == "win32":
        from collector.host.windows import elevation

        return elevation.rise(arguments, began)
    raise NotImplementedError("only Windows is asked")


def is_held() -> bool:
    """Tell whether something of ours waits in the system where no end of the process reaches it (Linux)."""
    if sys.platform == "linux":
        from collector.host.linux import held

        return held.is_held()
    return False
