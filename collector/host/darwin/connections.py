"""Every socket of the processes that we may look into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.posix.low import files
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.darwin.processes import ProcessTable
    from collector.host.darwin.readings import Readings, SocketReading
    from collector.model import Json, Row

MAX_SOCKETS: Final = 200_000


def rows(readings: Readings, table: ProcessTable) -> Iterator[Row | Gap]:
    """Yield a row for each socket, with all processes that hold one of the same addresses; then the gaps.

    The kernel gives sockets by process; one that several hold is known by its two ends alone, so a socket without a
    remote end and state stands once for each process.
    """
    joined: dict[object, tuple[SocketReading, list[int]]] = {}
    denied = failed = 0
    for pid in table.find():
        try:
            found = readings.sockets(pid)
        except OSError as error:
            outcome = files.outcome_of(error)
            denied += outcome is Outcome.DENIED
            failed += outcome not in (Outcome.DENIED, Outcome.ABSENT)
            continue
        for one in found:
            shared = one.local is not None and (one.remote is not None or one.status is not None)
            key: object = one if shared else (len(joined),)
            holders = joined.setdefault(key, (one, []))[1]
            holders += [pid] if pid not in holders else []
            if len(joined) >= MAX_SOCKETS:
                break
    for one, holders in joined.values():
        yield _row(one, holders)
    if denied:
        yield Gap(Outcome.DENIED, f"the sockets of {denied} processes of others may be seen by root only")
    if failed:
        yield Gap(Outcome.FAILED, f"the sockets of {failed} processes could not be read")
    if len(joined) >= MAX_SOCKETS:
        yield Gap(Outcome.OVER_LIMIT, f"sockets beyond {MAX_SOCKETS} were not read")


def _row(one: SocketReading, holders: list[int]) -> Row:
    pids: list[Json] = list(holders)
    return {
        "family": one.family,
        "type": one.type,
        "laddr": _address(one.local, one.family),
        "raddr": _address(one.remote, one.family),
        "status": one.status,
        "pid": holders[0],
        "pids": pids,
        "uid": None,
        "inode": None,
        "namespace": None,
    }


def _address(value: tuple[str, int] | str | None, family: str) -> Json:
    if not value:
        return None
    if isinstance(value, str):
        return cast("Json", text.from_native(value))
    return f"[{value[0]}]:{value[1]}" if family == "inet6" else f"{value[0]}:{value[1]}"
