"""macOS, asked through sysctl, psutil, property lists and documented calls.

One room for each thing that is asked; `readings` says what all of them are made from, and `live` is the only one that
calls the system, so that the others run on recorded readings. Type-checked and tested on those; not yet run on a Mac.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.host import HostError
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from collector import expansion
    from collector.bursts import Writers
    from collector.definitions import Definition
    from collector.facts import Change, Facts
    from collector.heads import Head
    from collector.host import ActivityWatch, Awake, LinkWatch, Trees
    from collector.host.darwin.readings import Readings
    from collector.host.posix.mounts import MountTable
    from collector.model import Blob, Clock, Json, Request, Row
    from collector.text import Text


def _not_built(what: str) -> Gap:
    return Gap(Outcome.UNSUPPORTED, f"not built for macOS yet: {what}")


class DarwinHost:
    """The Mac we run on (see `collector.host.Host` for each method's promise), or a recorded one."""

    def __init__(self, readings: Readings | None = None) -> None:
        from collector.host.darwin import clock, processes

        if readings is None:
            from collector.host.darwin import live

            readings = live.LiveReadings()
        self._readings = readings
        self.clock: Clock = clock.DarwinClock(readings)
        self._table = processes.ProcessTable(readings)

    def hostname(self) -> Text:
        from collector.host.darwin import system

        return system.hostname(self._readings)

    def privileges(self) -> str:
        from collector.host.darwin import system

        return system.privileges(self._readings)

    def open_facts(self) -> dict[str, Json]:
        from collector.host.darwin import system

        return system.open_facts(self._readings)

    def system(self) -> Iterator[Row | Gap]:
        from collector.host.darwin import system

        yield from system.rows(self._readings)

    def processes(self) -> Iterator[Row | Gap]:
        yield from self._table.rows()

    def connections(self) -> Iterator[Row | Gap]:
        from collector.host.darwin import connections

        yield from connections.rows(self._readings, self._table)

    def executables(self) -> Iterator[Row | Gap]:
        from collector.host.darwin import executables

        yield from executables.rows(self._readings, self._table)

    def suspects(self, request: Request) -> Iterator[Row | Blob | Gap]:
        from collector.host.darwin import suspects

        yield from suspects.items(self._readings, request)

    def whole_memory(self, request: Request) -> Iterator[Blob | Gap]:  # noqa: ARG002 - the Protocol's
        raise HostError(_not_built("the memory of the whole machine"))

    def services(self) -> Iterator[Row | Gap]:
        from collector.host.darwin import services

        yield from services.rows(self._readings, self._table)

    def link_facts(self) -> Facts:
        from collector.host.darwin import networks

        return networks.facts(self._readings)

    def watch_links(self) -> LinkWatch:
        from collector.host.darwin import link_watch

        return link_watch.watch(self._readings)

    def plan_isolation(self, facts: Facts) -> tuple[Change, ...]:
        from collector.host.darwin import cutting

        return cutting.plan(self._readings, facts)

    def carry_out(self, change: Change) -> None:
        from collector.host.darwin import cutting

        cutting.carry_out(self._readings, change)

    def keep_awake(self) -> Awake:
        from collector.host.darwin import power

        return power.keep_awake(self._readings)

    def power(self) -> dict[str, Json]:
        from collector.host.darwin import power

        return power.state(self._readings)

    def suspends(self) -> int | None:
        return None  # macOS keeps no such number for everybody to read; the clocks tell that it slept

    def boot_time_ns(self) -> int | None:
        from collector.host.darwin import clock

        try:
            return clock.boot_time_ns(self._readings)
        except OSError:
            return None

    def power_events(self) -> Iterator[Row | Gap]:
        from collector.host.darwin import sessions

        yield from sessions.power_events(self._readings)

    def routes(self) -> Iterator[Row | Gap]:
        from collector.host.darwin import routes

        yield from routes.routes(self._readings)

    def neighbours(self) -> Iterator[Row | Gap]:
        from collector.host.darwin import routes

        yield from routes.neighbours(self._readings)

    def resolvers(self) -> Iterator[Row | Gap]:
        from collector.host.darwin import resolvers

        yield from resolvers.rows(self._readings)

    def sessions(self) -> Iterator[Row | Gap]:
        from collector.host.darwin import sessions

        yield from sessions.rows(self._readings)

    def windows(self) -> Iterator[Row | Gap]:
        yield _not_built("titles of windows")

    def screens(self) -> Iterator[Blob | Gap]:
        from collector.host.darwin import screens

        yield from screens.pictures(self._readings)

    def clipboard(self) -> Iterator[Row | Gap]:
        yield Gap(Outcome.UNSUPPORTED, "the clipboard is not asked for on this system")

    def changed_files(self, request: Request) -> Iterator[Row | Gap]:
        from collector.host.posix import recent

        yield from recent.rows(_Ground(self._readings), request)

    def trees(self, request: Request) -> Trees:
        from collector.host.posix import trees

        return trees.Trees(_Ground(self._readings), request)

    def system_word(self) -> str:
        return "Darwin"

    def registry(self, request: Request, chosen: Iterable[Definition]) -> Iterator[Row | Gap]:  # noqa: ARG002 - the Protocol's
        yield Gap(Outcome.UNSUPPORTED, "there is no registry on this system")

    def artifacts(self, request: Request, chosen: Iterable[Definition]) -> Iterator[Row | Blob | Gap]:
        from collector.host.posix import artifacts

        yield from artifacts.items(_Ground(self._readings), request, chosen)

    def watch_activity(self, request: Request) -> ActivityWatch:
        from collector.host.darwin import activity

        return activity.watch(self._readings, request)

    def heads(self, paths: Sequence[bytes]) -> list[Head]:
        from collector.host.darwin import writers

        return writers.heads(paths)

    def writers(self, folders: Sequence[bytes]) -> Writers:  # noqa: ARG002 - the Protocol's
        from collector.bursts import Writers

        return Writers((), len(self._table.find()))

    def footprint(self) -> Row:
        from collector.host.darwin import footprint

        return footprint.row(self._readings)


class _Ground:
    """What the rooms of files ask (`collector.host.posix.ground.Ground`)."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def mount_table(self) -> MountTable:
        from collector.host.darwin import mounts

        return mounts.table(self._readings)

    def people(self) -> list[bytes]:
        from collector.host.darwin import accounts

        return accounts.people(self._readings)

    def expansion_facts(self, table: MountTable) -> tuple[expansion.Facts, Gap | None]:  # noqa: ARG002 - the Protocol's
        from collector.host.darwin import accounts

        return accounts.expansion_facts(self._readings)

    def run_program(
        self,
        table: MountTable,  # noqa: ARG002 - the Protocol's
        row: Row,
        program: str,  # noqa: ARG002 - the same
        arguments: tuple[str, ...],  # noqa: ARG002 - the same
        deadline: float,  # noqa: ARG002 - the same
    ) -> Iterator[Row | Blob | Gap]:
        yield row
        yield _not_built("running the programs that definitions name")
