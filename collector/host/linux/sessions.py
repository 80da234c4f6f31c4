"""Who is logged on: utmp read by ourselves (the libc's way would move its atime), then logind's own records."""

from __future__ import annotations

import ipaddress
import os
import struct
import sys
from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.linux import clock, files
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.model import Json, Row

MAX_SESSIONS: Final = 10_000

_UTMP: Final = struct.Struct("=hxxi32s4s32s256shhiii16s20x")
"""struct utmp of x86-64 and arm64, 384 bytes (utmp(5))."""
_TYPES: Final = {
    1: "runlevel",
    2: "boot",
    3: "clock",
    4: "clock",
    5: "init",
    6: "login",
    7: "user",
    8: "dead",
}
_IPV4_BYTES: Final = 4


def rows(roots: Roots) -> Iterator[Row | Gap]:
    """Yield a row for each record of utmp, then for each session of logind whose leader is not among them."""
    leaders: set[Json] = set()
    try:
        raw = files.read_small(f"{roots.run}/utmp", limit=MAX_SESSIONS * _UTMP.size)
    except OSError as error:
        yield files.gap_of(error, "the record of logged-on users (utmp) could not be read")
    else:
        for row in parse_utmp(raw):
            if row["type"] == "user":
                leaders.add(cast("int", row["pid"]))
            yield row
        if len(raw) % _UTMP.size:
            yield Gap(Outcome.FAILED, f"the last {len(raw) % _UTMP.size} bytes of utmp are no whole record")
    yield from _logind(roots, leaders)


def parse_utmp(raw: bytes) -> Iterator[Row]:
    """Yield the records that are not empty; a torn one at the end is left out."""
    for start in range(0, len(raw) - _UTMP.size + 1, _UTMP.size):
        kind, pid, line, _, user, host, _, _, _, seconds, micros, address = _UTMP.unpack_from(raw, start)
        if kind == 0:
            continue
        yield {
            "user": _string(user),
            "terminal": _string(line),
            "remote_host": _string(host) or _address(address),
            "started": clock.utc(((seconds & 0xFFFF_FFFF) * 1_000_000 + micros) * 1000),
            "pid": pid if pid > 0 else None,
            "type": _TYPES.get(kind),
        }


def _string(field: bytes) -> Json:
    """Return a field up to its NUL; `None` where it is empty."""
    value = field.partition(b"\0")[0]
    return cast("Json", text.from_bytes(value)) if value else None


def _address(raw: bytes) -> Json:
    """Return the address the user came from: four bytes of IPv4, else IPv6; `None` where it is zero."""
    if not raw.strip(b"\0"):
        return None
    if not raw[_IPV4_BYTES:].strip(b"\0"):
        return str(ipaddress.IPv4Address(raw[:_IPV4_BYTES]))
    return str(ipaddress.IPv6Address(raw))


def _logind(roots: Roots, leaders: set[Json]) -> Iterator[Row | Gap]:
    """Yield the sessions that logind keeps under /run (systems without utmp: Debian 13 and later)."""
    path = f"{roots.run}/systemd/sessions"
    try:
        listed = files.names(path)
    except OSError as error:
        if files.outcome_of(error) is not Outcome.ABSENT:
            yield files.gap_of(error, "the sessions of logind could not be listed")
        return
    for name in (name for name in listed[:MAX_SESSIONS] if b"." not in name):  # `N.ref` is a FIFO
        try:
            fields = _fields(files.read_small(os.fsencode(path) + b"/" + name, limit=1 << 16))
        except OSError as error:
            yield files.gap_of(error, "a session of logind could not be read", text.from_bytes(name))
            continue
        row = _session(fields)
        if row["pid"] not in leaders:
            yield row
    if len(listed) > MAX_SESSIONS:
        yield Gap(Outcome.OVER_LIMIT, f"sessions of logind beyond {MAX_SESSIONS} were not read")


def _fields(raw: bytes) -> dict[bytes, bytes]:
    return {name: value for name, sign, value in (line.partition(b"=") for line in raw.split(b"\n")) if sign}


def _session(fields: dict[bytes, bytes]) -> Row:
    leader = fields.get(b"LEADER", b"")
    started = fields.get(b"REALTIME", b"")
    is_number = started.isdigit() and len(started) < 20  # noqa: PLR2004 - microseconds in 64 bits
    return {
        "user": _string(fields.get(b"USER", b"")),
        "terminal": _string(fields.get(b"TTY", fields.get(b"DISPLAY", b""))),
        "remote_host": _string(fields.get(b"REMOTE_HOST", b"")),
        "started": clock.utc(int(started) * 1000) if is_number else None,
        "pid": int(leader) if leader.isdigit() and len(leader) < 11 else None,  # noqa: PLR2004 - 32 bits
        "type": "login" if fields.get(b"CLASS") == b"greeter" else "user",
    }
