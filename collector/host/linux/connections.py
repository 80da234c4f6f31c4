"""Every socket of every network namespace that a process lives in, joined to its holders."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.host.linux.processes import ProcessTable
    from collector.host.linux.sockets import Socket
    from collector.model import Json, Row


def rows(_roots: Roots, table: ProcessTable) -> Iterator[Row | Gap]:
    """Yield a row for each socket of the kernel's tables, then one for each that is held and stands in none.

    The tables are those that the walk over the processes read at its start; where there was
    no whole walk, they and the holders are read now. A socket that stands in no table is not
    bound yet, of another family (vsock, alg, …) or younger than the tables: only its inode
    and its holders are known.
    """
    if not table.complete:
        table.find_holders()
    listed = set()
    for namespace, socket in table.sockets.sockets():
        listed.add(socket.inode)
        # a walk that was given up may still be running and add to the table: each holder once
        yield _row(namespace, socket, sorted(set(table.holders.get(socket.inode, ()))))
    unlisted = sorted(table.holders.keys() - listed)
    for inode in unlisted:
        yield _unlisted(inode, table.holders[inode])
    yield from table.sockets.all_gaps()
    if unlisted:
        reason = f"{len(unlisted)} sockets are held by processes and stand in no table: only holder and inode are known"
        yield Gap(Outcome.UNSUPPORTED, reason)
    if table.holders_unknown:
        hidden = f"the open files of {table.holders_unknown} processes could not all be read"
        reason = f"{hidden}: they may hold sockets that are shown without a pid"
        yield Gap(Outcome.DENIED, reason)


def _row(namespace: str | None, socket: Socket, holders: list[int]) -> Row:
    pids: list[Json] = list(holders)
    return {
        "family": socket.family,
        "type": socket.type,
        "laddr": cast("Json", socket.laddr),
        "raddr": socket.raddr,
        "status": socket.status,
        "pid": holders[0] if holders else None,
        "pids": pids,
        "uid": socket.uid,
        "inode": str(socket.inode) if socket.inode else None,
        "namespace": namespace,
    }


def _unlisted(inode: int, holders: list[int]) -> Row:
    pids: list[Json] = list(holders)
    empty: Row = dict.fromkeys(("family", "type", "laddr", "raddr", "status"))
    return empty | {"pid": holders[0], "pids": pids, "uid": None, "inode": str(inode), "namespace": None}
