"""Windows, asked through psutil, ctypes and winreg.

One room for each thing that is asked; this file only says which room answers what. Tested under Wine 8.0.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from collector.host.windows import clock, processes, system

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from collector.bursts import Writers
    from collector.definitions import Definition
    from collector.facts import Change, Facts
    from collector.heads import Head
    from collector.host import ActivityWatch, Awake, LinkWatch, Trees
    from collector.model import Blob, Clock, Gap, Json, Request, Row
    from collector.text import Text

assert sys.platform == "win32"  # mypy looks at the rest for this system only


class WindowsHost:
    """The Windows host we run on (see `collector.host.Host` for each method's promise)."""

    def __init__(self) -> None:
        self.clock: Clock = clock.WindowsClock()
        self._table = processes.ProcessTable()

    def hostname(self) -> Text:
        return system.hostname()

    def privileges(self) -> str:
        return system.privileges()

    def open_facts(self) -> dict[str, Json]:
        return system.open_facts()

    def system(self) -> Iterator[Row | Gap]:
        yield from system.rows()

    def processes(self) -> Iterator[Row | Gap]:
        yield from self._table.rows()

    def connections(self) -> Iterator[Row | Gap]:
        from collector.host.windows import connections

        yield from connections.rows()

    def executables(self) -> Iterator[Row | Gap]:
        from collector.host.windows import executables

        yield from executables.rows(self._table)

    def suspects(self, request: Request) -> Iterator[Row | Blob | Gap]:
        from collector.host.windows import suspects

        yield from suspects.items(request)

    def whole_memory(self, request: Request) -> Iterator[Blob | Gap]:
        from collector.host.windows import whole_memory

        yield from whole_memory.items(request)

    def services(self) -> Iterator[Row | Gap]:
        from collector.host.windows import services

        yield from services.rows()

    def link_facts(self) -> Facts:
        from collector.host.windows import networks

        return networks.facts()

    def watch_links(self) -> LinkWatch:
        from collector.host.windows import link_watch

        return link_watch.watch()

    def plan_isolation(self, facts: Facts) -> tuple[Change, ...]:
        from collector.host.windows import cutting

        return cutting.plan(facts)

    def carry_out(self, change: Change) -> None:
        from collector.host.windows import cutting

        cutting.carry_out(change)

    def keep_awake(self) -> Awake:
        from collector.host.windows import awake

        return awake.keep_awake()

    def power(self) -> dict[str, Json]:
        from collector.host.windows import power

        return power.state()

    def suspends(self) -> int | None:
        return None  # Windows keeps no such number; the clocks tell that it slept

    def boot_time_ns(self) -> int | None:
        return clock.boot_time_ns()

    def power_events(self) -> Iterator[Row | Gap]:
        from collector.host.windows import answers, power_events

        yield from answers.in_time(power_events.rows)

    def routes(self) -> Iterator[Row | Gap]:
        from collector.host.windows import routes

        yield from routes.routes()

    def neighbours(self) -> Iterator[Row | Gap]:
        from collector.host.windows import routes

        yield from routes.neighbours()

    def resolvers(self) -> Iterator[Row | Gap]:
        from collector.host.windows import resolvers

        yield from resolvers.rows()

    def sessions(self) -> Iterator[Row | Gap]:
        from collector.host.windows import answers, sessions

        yield from answers.in_time(sessions.rows)

    def windows(self) -> Iterator[Row | Gap]:
        from collector.host.windows import windows

        yield from windows.rows()

    def screens(self) -> Iterator[Blob | Gap]:
        from collector.host.windows import screens

        yield from screens.pictures()

    def clipboard(self) -> Iterator[Row | Gap]:
        from collector.host.windows import clipboard

        yield from clipboard.rows()

    def changed_files(self, request: Request) -> Iterator[Row | Gap]:
        from collector.host.windows import recent

        yield from recent.rows(request)

    def trees(self, request: Request) -> Trees:
        from collector.host.windows import trees

        return trees.Trees(request)

    def system_word(self) -> str:
        return "Windows"

    def registry(self, request: Request, chosen: Iterable[Definition]) -> Iterator[Row | Gap]:
        from collector.host.windows import keys

        yield from keys.rows(request, chosen)

    def artifacts(self, request: Request, chosen: Iterable[Definition]) -> Iterator[Row | Blob | Gap]:
        from collector.host.windows import artifacts

        yield from artifacts.items(request, chosen)

    def watch_activity(self, request: Request) -> ActivityWatch:
        from collector.host.windows import activity

        return activity.watch(request)

    def heads(self, paths: Sequence[bytes]) -> list[Head]:
        from collector.host.windows import writers

        return writers.heads(paths)

    def writers(self, folders: Sequence[bytes]) -> Writers:
        from collector.host.windows import writers

        return writers.find(folders)

    def footprint(self) -> Row:
        from collector.host.windows import footprint

        return footprint.row()
