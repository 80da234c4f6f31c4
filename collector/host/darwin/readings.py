"""The lowest readings of a Mac: what everything else of this package is made from.

The live ones (`live`) call the system; recorded ones let every other room run where there is no Mac.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from collector.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DUMP, FLAGS, LINKS = 1, 2, 6
"""NET_RT_DUMP, NET_RT_FLAGS, NET_RT_IFLIST2 (bsd/sys/socket.h)."""

NOT_BUILT: Final = "not built for macOS yet"
"""How the reason of a gap begins where this program, not the Mac, is what is missing."""


def text_of(value: object) -> str | None:
    """Return a text that was told of a process; `None` where it is empty or an `Outcome`, which is a string, too."""
    return value if isinstance(value, str) and not isinstance(value, Outcome) and value else None


class SocketReading(NamedTuple):
    """One socket of a process: addresses are (address, port), or the path of a unix socket."""

    family: str
    type: str
    local: tuple[str, int] | str | None
    remote: tuple[str, int] | str | None
    status: str | None


class Battery(NamedTuple):
    """How the machine is powered, as far as it has a battery."""

    plugged: bool | None
    percent: int | None


class Readings(Protocol):
    """One Mac."""

    @property
    def root(self) -> str:
        """Where the files of the system stand: empty, or a folder of recorded ones."""

    def clocks(self) -> tuple[int, int, int]:
        """Return the wall clock, the clock that stands still in sleep, and the one that does not, in nanoseconds."""

    def sysctl(self, name: str) -> bytes:
        """Return the value of sysctlbyname(3); raises `OSError`."""

    def routing(self, family: int, what: int, argument: int) -> bytes:
        """Return a dump of sysctl(3), CTL_NET PF_ROUTE 0 `family` `what` `argument`; raises `OSError`."""

    def media(self, name: bytes) -> tuple[int, int]:
        """Return `ifm_status` and `ifm_active` of SIOCGIFMEDIA for an interface; raises `OSError`."""

    def functional_type(self, name: bytes) -> int:
        """Return what SIOCGIFFUNCTIONALTYPE says that an interface is for; raises `OSError`."""

    def switch_off(self, name: bytes) -> None:
        """Clear IFF_UP of an interface (SIOCSIFFLAGS); raises `OSError`."""

    def filesystems(self) -> bytes:
        """Return what getfsstat(2) tells without asking the file systems (MNT_NOWAIT); raises `OSError`."""

    def registry(self, name: str) -> str:
        """Return a text of the machine's own entry in the I/O Registry; raises `OSError`."""

    def battery(self) -> Battery | None:
        """Return how the machine is powered; `None` where it has no battery; raises `OSError`."""

    def swap(self) -> tuple[int, int]:
        """Return bytes of swap: in all, free; raises `OSError`."""

    def available(self) -> int:
        """Return bytes of memory that can be had without swapping; raises `OSError`."""

    def effective_user(self) -> int:
        """Return the number of the user that the tool runs as."""

    def pids(self) -> list[int]:
        """Return the numbers of all processes; raises `OSError`."""

    def process(self, pid: int) -> Mapping[str, object] | None:
        """Return what is known of a process, `None` where it has ended.

        Keys: name, ppid, uid, exe, cmdline, cwd, open_files (pairs of number and path), status, create_time (seconds
        since 1970), threads, rss. What can't be had is an `Outcome` in place of the value.
        """

    def program(self, pid: int) -> tuple[str | None, str | None]:
        """Return name and executable of a process, as far as they can be had."""

    def sockets(self, pid: int) -> list[SocketReading]:
        """Return the sockets of a process; raises `OSError`."""

    def screens(self) -> list[bytes]:
        """Return a picture (PNG) of each monitor; raises `HostError`."""

    def hold_awake(self, reason: str) -> Callable[[], None]:
        """Hold off sleep for want of use (IOPMAssertionCreateWithName), and return what lets go; raises `OSError`."""
