"""Linux, asked through procfs, sysfs, netlink and the X server's own socket.

One room for each thing that is asked; this file only says which room answers what.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.host.linux import clock, connections, executables, processes, system
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from collector import expansion
    from collector.bursts import Writers
    from collector.definitions import Definition
    from collector.facts import Change, Facts
    from collector.heads import Head
    from collector.host import ActivityWatch, Awake, LinkWatch, Trees
    from collector.host.posix.mounts import MountTable
    from collector.model import Blob, Clock, Json, Request, Row
    from collector.text import Text

assert sys.platform == "linux"  # mypy looks at the rest for this system only


@dataclass(frozen=True, slots=True)
class Roots:
    """Where the system's own trees stand; a test gives recorded ones."""

    proc: str = "/proc"
    sys: str = "/sys"
    etc: str = "/etc"
    run: str = "/run"
    lib: str = "/usr/lib"
    dev: str = "/dev"
    var: str = "/var"
    tmp: str = "/tmp"  # noqa: S108 - where X servers keep their sockets; nothing is written there

    # What `collector.host.posix` asks of a system (`ground.Ground`).

    def mount_table(self) -> MountTable:
        from collector.host.linux import mounts

        return mounts.MountTable(self)

    def people(self) -> list[bytes]:
        from collector.host.linux import homes

        return homes.people(self)

    def expansion_facts(self, table: MountTable) -> tuple[expansion.Facts, Gap | None]:
        from collector.host.linux import homes

        return homes.facts(self, table)

    def run_program(
        self, table: MountTable, row: Row, program: str, arguments: tuple[str, ...], deadline: float
    ) -> Iterator[Row | Blob | Gap]:
        from collector.host.linux import commands

        yield from commands.run(table, row, program, arguments, deadline)


class LinuxHost:
    """The Linux host we run on (see `collector.host.Host` for each method's promise)."""

    def __init__(self, roots: Roots | None = None) -> None:
        self.roots = roots or Roots()
        self.clock: Clock = clock.LinuxClock(self.roots)
        self._table = processes.ProcessTable(self.roots)

    def hostname(self) -> Text:
        return system.hostname(self.roots)

    def privileges(self) -> str:
        return system.privileges()

    def open_facts(self) -> dict[str, Json]:
        return system.open_facts(self.roots)

    def system(self) -> Iterator[Row | Gap]:
        yield from system.rows(self.roots)

    def processes(self) -> Iterator[Row | Gap]:
        yield from self._table.rows()

    def connections(self) -> Iterator[Row | Gap]:
        yield from connections.rows(self.roots, self._table)

    def executables(self) -> Iterator[Row | Gap]:
        yield from executables.rows(self.roots, self._table)

    # What follows is not volatile: each room is loaded when it is asked.

    def suspects(self, request: Request) -> Iterator[Row | Blob | Gap]:
        from collector.host.linux import copies

        yield from copies.items(self.roots, request)

    def whole_memory(self, request: Request) -> Iterator[Blob | Gap]:
        from collector.host.linux import whole_memory

        yield from whole_memory.items(self.roots, request)

    def services(self) -> Iterator[Row | Gap]:
        from collector.host.linux import services

        yield from services.rows(self.roots)

    def link_facts(self) -> Facts:
        from collector.host.linux import networks

        return networks.facts(self.roots)

    def watch_links(self) -> LinkWatch:
        from collector.host.linux import link_watch

        return link_watch.watch(self.roots)

    def plan_isolation(self, facts: Facts) -> tuple[Change, ...]:
        from collector.host.linux import cutting

        return cutting.plan(self.roots, facts)

    def carry_out(self, change: Change) -> None:
        from collector.host.linux import cutting

        cutting.carry_out(self.roots, change)

    def keep_awake(self) -> Awake:
        from collector.host.linux import inhibitor

        return inhibitor.keep_awake(self.roots)

    def power(self) -> dict[str, Json]:
        from collector.host.linux import power

        return power.state(self.roots)

    def suspends(self) -> int | None:
        return clock.suspends(self.roots)

    def boot_time_ns(self) -> int | None:
        try:
            return clock.boot_time_ns(self.roots)
        except (OSError, ValueError):
            return None

    def power_events(self) -> Iterator[Row | Gap]:
        from collector.host.linux import power_events

        yield from power_events.rows(self.roots)

    def routes(self) -> Iterator[Row | Gap]:
        from collector.host.linux import routes

        yield from routes.routes()

    def neighbours(self) -> Iterator[Row | Gap]:
        from collector.host.linux import routes

        yield from routes.neighbours()

    def resolvers(self) -> Iterator[Row | Gap]:
        from collector.host.linux import resolvers

        yield from resolvers.rows(self.roots)

    def sessions(self) -> Iterator[Row | Gap]:
        from collector.host.linux import sessions

        yield from sessions.rows(self.roots)

    def windows(self) -> Iterator[Row | Gap]:
        from collector.host.linux import windows

        yield from windows.rows(self.roots)

    def screens(self) -> Iterator[Blob | Gap]:
        from collector.host.linux import screens

        yield from screens.pictures(self.roots)

    def clipboard(self) -> Iterator[Row | Gap]:
        yield Gap(Outcome.UNSUPPORTED, "the clipboard is not asked for on this system: each program keeps its own")

    def changed_files(self, request: Request) -> Iterator[Row | Gap]:
        from collector.host.posix import recent

        yield from recent.rows(self.roots, request)

    def trees(self, request: Request) -> Trees:
        from collector.host.posix import trees

        return trees.Trees(self.roots, request)

    def system_word(self) -> str:
        return "Linux"

    def registry(self, request: Request, chosen: Iterable[Definition]) -> Iterator[Row | Gap]:  # noqa: ARG002 - nothing to look up
        yield Gap(Outcome.UNSUPPORTED, "there is no registry on this system")

    def artifacts(self, request: Request, chosen: Iterable[Definition]) -> Iterator[Row | Blob | Gap]:
        from collector.host.posix import artifacts

        yield from artifacts.items(self.roots, request, chosen)

    def watch_activity(self, request: Request) -> ActivityWatch:
        from collector.host.linux import activity

        return activity.watch(self.roots, request)

    def heads(self, paths: Sequence[bytes]) -> list[Head]:
        from collector.host.linux import writers

        return writers.heads(paths)

    def writers(self, folders: Sequence[bytes]) -> Writers:
        from collector.host.linux import writers

        return writers.find(self.roots, folders)

    def footprint(self) -> Row:
        from collector.host.linux import footprint

        return footprint.row(self.roots)
