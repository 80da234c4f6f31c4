"""Who is logged on: the sessions of the terminal service, then other logons, then who uses a share of this machine.

All is asked of services of this machine itself (the server's name is NULL); no packet leaves.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import time
from ctypes import wintypes
from typing import TYPE_CHECKING, Final, cast

from collector.host.windows import accounts, calls, process, snapshot
from collector.model import Gap, Outcome
from collector.times import utc_text
from collector.winformats import filetimes, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.model import Json, Row

MAX_SESSIONS: Final = 10_000

_USER_NAME: Final = 5
_DOMAIN_NAME: Final = 7
_CLIENT_NAME: Final = 10
_CLIENT_ADDRESS: Final = 14
_SESSION_INFO: Final = 24
"""WTS_INFO_CLASS (wtsapi32.h)."""
_KINDS: Final = {
    2: "user", 3: "network", 4: "batch", 7: "user", 8: "network", 9: "newcredentials", 10: "user", 11: "user",
    12: "user",
}  # fmt: skip
"""SECURITY_LOGON_TYPE (ntsecapi.h), but for services, in words of ours; `user`: somebody at a screen."""
_PEOPLE: Final = ("S-1-5-21-", "S-1-12-1-")
"""How the identifiers of accounts begin; others are the system's own helpers."""
_MORE_DATA: Final = 234
_NO_SERVER: Final = 2114
"""NERR_ServerNotStarted (lmerr.h): nothing is shared, so nobody uses it."""
_EVERYTHING: Final = 0xFFFFFFFF
_SECOND: Final = 10**9


_H, _D, _P, _W, _B = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, wintypes.LPCWSTR, wintypes.BOOL
_list_sessions = calls.function("wtsapi32", "WTSEnumerateSessionsW", _B, _H, _D, _D, _P, _P)
_about_session = calls.function("wtsapi32", "WTSQuerySessionInformationW", _B, _H, _D, ctypes.c_int, _P, _P)
_free_session = calls.function("wtsapi32", "WTSFreeMemory", None, _P)


class _Session(ctypes.Structure):
    """WTS_SESSION_INFOW (wtsapi32.h)."""

    _fields_ = (("number", wintypes.DWORD), ("station", wintypes.LPWSTR), ("state", ctypes.c_int))


class _Share(ctypes.Structure):
    """SESSION_INFO_10 (lmshare.h): who uses a share, from where, for how many seconds."""

    _fields_ = (
        ("client", wintypes.LPWSTR),
        ("user", wintypes.LPWSTR),
        ("time", wintypes.DWORD),
        ("idle", wintypes.DWORD),
    )


def rows() -> Iterator[Row | Gap]:
    """Yield a row for each session of the terminal service, one that only listens too, then other logons, then shares.

    A session without a user is `login`; its `pid` is that of its winlogon.exe.
    """
    known: set[tuple[str, int]] = set()
    try:
        leaders = _leaders()
        sessions = _sessions()
    except (OSError, ValueError) as error:
        yield _gap(error, "the sessions of the terminal service could not be listed")
    else:
        if not sessions:  # seen under Wine; our own is one, always
            yield Gap(Outcome.UNSUPPORTED, "the terminal service lists no session, not even ours")
        for number, station in sessions:
            name, row = _row(number, station, leaders)
            known.add((name.lower(), number))
            yield row
    try:
        found = accounts.logons()
    except OSError as error:
        yield _gap(error, "the logons that the system holds could not be listed")
    else:
        yield from (_logon(one) for one in found if _counts(one, known))
    try:
        yield from _shares()
    except OSError as error:
        if error.winerror != _NO_SERVER:
            yield _gap(error, "those who use a share of this machine could not be listed")


def _gap(error: OSError | ValueError, what: str) -> Gap:
    return calls.gap_of(error, what) if isinstance(error, OSError) else Gap(Outcome.FAILED, what)


def _leaders() -> dict[int, int]:
    """Return the number of winlogon.exe in each session; raises `OSError` or `ValueError`."""
    return {one.session: one.pid for one in snapshot.processes() if process.name_of(one).lower() == "winlogon.exe"}


def _sessions() -> list[tuple[int, str]]:
    """Return number and station of each session; raises `OSError`."""
    first, count = ctypes.POINTER(_Session)(), wintypes.DWORD()
    if not _list_sessions(None, 0, 1, ctypes.byref(first), ctypes.byref(count)):
        raise calls.last_error()
    try:
        return [(first[at].number, first[at].station or "") for at in range(min(count.value, MAX_SESSIONS))]
    finally:
        _free_session(first)


def _row(number: int, station: str, leaders: dict[int, int]) -> tuple[str, Row]:
    """Return who is logged on in a session, as the other list names them, and its row."""
    user, domain = _string(number, _USER_NAME), _string(number, _DOMAIN_NAME)
    name = f"{domain}\\{user}" if domain and user else user
    client = _string(number, _CLIENT_NAME)
    address = terminal.client_address(_asked(number, _CLIENT_ADDRESS))
    row: Row = {
        "user": _text(name),
        "terminal": _text(station),
        "remote_host": _text(f"{client} ({address})" if client and address else client or address or ""),
        "started": filetimes.utc(terminal.logon_time(_asked(number, _SESSION_INFO))),
        "pid": leaders.get(number),
        "type": "user" if user else "login",
    }
    return name, row


def _asked(number: int, what: int) -> bytes:
    """Return what the terminal service tells of a session; nothing where it doesn't."""
    data, length = ctypes.c_void_p(), wintypes.DWORD()
    done = _about_session(None, number, what, ctypes.byref(data), ctypes.byref(length))
    if not done or not data.value:
        return b""
    try:
        return ctypes.string_at(data.value, length.value)
    finally:
        _free_session(data)


def _string(number: int, what: int) -> str:
    return _asked(number, what).decode("utf-16-le", "surrogatepass").partition("\0")[0]


def _counts(logon: accounts.Logon, known: set[tuple[str, int]]) -> bool:
    """Tell whether a logon is somebody's, and none of the sessions that were listed."""
    if logon.kind not in _KINDS or logon.sid is None or not logon.sid.startswith(_PEOPLE):
        return False
    return _KINDS[logon.kind] != "user" or (logon.name.lower(), logon.session) not in known


def _logon(logon: accounts.Logon) -> Row:
    return {
        "user": _text(logon.name),
        "terminal": None,
        "remote_host": None,
        "started": filetimes.utc(logon.time),
        "pid": None,
        "type": _KINDS[logon.kind],
    }


def _shares() -> Iterator[Row]:
    """Yield who uses a share of this machine, from where; raises `OSError`."""
    ask = calls.function("netapi32", "NetSessionEnum", _D, _W, _W, _W, _D, _P, _D, _P, _P, _P)
    free = calls.function("netapi32", "NetApiBufferFree", _D, _P)
    first = ctypes.POINTER(_Share)()
    read, total, again = wintypes.DWORD(), wintypes.DWORD(), wintypes.DWORD()
    status = ask(
        None, None, None, 10, ctypes.byref(first), _EVERYTHING, ctypes.byref(read),
        ctypes.byref(total), ctypes.byref(again),
    )  # fmt: skip
    if status not in (0, _MORE_DATA):
        raise ctypes.WinError(status)
    try:
        for at in range(min(read.value, MAX_SESSIONS) if first else 0):
            one = first[at]
            yield {
                "user": _text(one.user or ""),
                "terminal": None,
                "remote_host": _text((one.client or "").lstrip("\\")),
                "started": utc_text(time.time_ns() - one.time * _SECOND),
                "pid": None,
                "type": "network",
            }
    finally:
        free(first)


def _text(name: str) -> Json:
    """Return a name; `None` where there is none."""
    return cast("Json", accounts.native(name)) if name else None
