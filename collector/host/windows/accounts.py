"""Who somebody is: identifiers of users and their names, of what this machine knows itself. No domain is asked.

Names come from the logons that the system holds (they carry the name that was typed), then, for identifiers that are
well known or of this machine, from its own table (LookupAccountSidW). All others stay identifiers. What can't be
avoided: for one of the machine's own that it no longer has (an account deleted since), Windows may ask its domain.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import os
from contextlib import contextmanager, suppress
from ctypes import wintypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector import text
from collector.host.windows import calls
from collector.winformats import sids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.text import Text

MAX_LOGONS: Final = 10_000
"""Most logons of the system that are looked at; a desktop has about twenty."""

_TOKEN_QUERY: Final = 0x8
_TOKEN_USER: Final = 1
_TOKEN_ELEVATION: Final = 20
_MAX_SID: Final = 68
_MAX_NAME: Final = 512
_ACCOUNT_DOMAIN: Final = 5
"""PolicyAccountDomainInformation (ntsecapi.h)."""
_VIEW_LOCAL: Final = 1


_H, _D, _P, _U, _W = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, ctypes.c_ulong, wintypes.LPCWSTR
_open_token = calls.function("advapi32", "OpenProcessToken", wintypes.BOOL, _H, _D, _P)
_token_information = calls.function("advapi32", "GetTokenInformation", wintypes.BOOL, _H, ctypes.c_int, _P, _D, _P)
_look_up = calls.function("advapi32", "LookupAccountSidW", wintypes.BOOL, _W, _P, _P, _P, _P, _P, _P)
_open_policy = calls.function("advapi32", "LsaOpenPolicy", _U, _P, _P, _U, _P)
_query_policy = calls.function("advapi32", "LsaQueryInformationPolicy", _U, _P, ctypes.c_int, _P)
_free_policy = calls.function("advapi32", "LsaFreeMemory", _U, _P)
_close_policy = calls.function("advapi32", "LsaClose", _U, _P)
_list_logons = calls.function("secur32", "LsaEnumerateLogonSessions", _U, _P, _P)
_logon_data = calls.function("secur32", "LsaGetLogonSessionData", _U, _P, _P)
_free_logon = calls.function("secur32", "LsaFreeReturnBuffer", _U, _P)


class _String(ctypes.Structure):
    """LSA_UNICODE_STRING (ntlsa.h): `length` in bytes."""

    _fields_ = (("length", ctypes.c_ushort), ("most", ctypes.c_ushort), ("buffer", ctypes.c_void_p))

    def text(self) -> str:
        """Return it as Python holds it."""
        return ctypes.wstring_at(self.buffer, self.length // 2) if self.buffer and self.length else ""


class _Logon(ctypes.Structure):
    """The head of SECURITY_LOGON_SESSION_DATA (ntsecapi.h), the same since Windows XP."""

    _fields_ = (
        ("size", ctypes.c_ulong),
        ("luid", ctypes.c_ulong * 2),
        ("user", _String),
        ("domain", _String),
        ("package", _String),
        ("kind", ctypes.c_ulong),
        ("session", ctypes.c_ulong),
        ("sid", ctypes.c_void_p),
        ("time", ctypes.c_int64),
    )


class _Domain(ctypes.Structure):
    """POLICY_ACCOUNT_DOMAIN_INFO (ntsecapi.h)."""

    _fields_ = (("name", _String), ("sid", ctypes.c_void_p))


class _Attributes(ctypes.Structure):
    """LSA_OBJECT_ATTRIBUTES (ntlsa.h): all zero but its length."""

    _fields_ = (("length", ctypes.c_ulong), ("unused", ctypes.c_void_p * 5))


@dataclass(frozen=True, slots=True)
class Logon:
    """One logon that the system holds; `kind` is SECURITY_LOGON_TYPE, `time` a FILETIME."""

    name: str
    sid: str | None
    kind: int
    session: int
    time: int


class Names:
    """Names of users by their identifier, each asked for once."""

    def __init__(self) -> None:
        self.machine = _machine_sid()
        """The machine's own identifier, with which those of its accounts begin; `None`: not told."""
        self._known: dict[str, str | None] = {}
        with suppress(OSError, AttributeError):
            for logon in logons():
                if logon.sid is not None and logon.name and sids.is_known_here(logon.sid, self.machine) is False:
                    self._known.setdefault(logon.sid, logon.name)

    def of(self, raw: bytes) -> Text:
        r"""Return `DOMAIN\name` for the bytes of an identifier, or the identifier itself; raises `ValueError`."""
        sid = sids.spelled(raw)
        if sid not in self._known:
            self._known[sid] = _looked_up(raw) if sids.is_known_here(sid, self.machine) else None
        return native(self._known[sid] or sid)


def native(name: str) -> Text:
    """Return a name that Windows gave: as UTF-8, with lone surrogates as they are."""
    return text.from_bytes(os.fsencode(name))


@contextmanager
def token(process: int) -> Iterator[int]:
    """Hold the token of a process, by its handle; raises `OSError`."""
    handle = wintypes.HANDLE()
    if not _open_token(process, _TOKEN_QUERY, ctypes.byref(handle)):
        raise calls.last_error()
    with calls.closing(handle.value or 0) as held:
        yield held


def user(process: int) -> bytes:
    """Return the identifier of whom a process runs as; raises `OSError`."""
    with token(process) as held:
        raw = _token(held, _TOKEN_USER)
        return _sid_at(int.from_bytes(raw[0][:8], "little"), raw)


def is_elevated() -> bool | None:
    """Return whether we run with the full rights of an administrator; `None`: not told (before Windows Vista)."""
    try:
        with token(-1) as held:  # GetCurrentProcess() is this constant
            return any(_token(held, _TOKEN_ELEVATION)[0])
    except OSError:
        return None


def _token(held: int, kind: int) -> tuple[bytes, ctypes.Array[ctypes.c_char]]:
    buffer = ctypes.create_string_buffer(1024)
    length = wintypes.DWORD()
    if not _token_information(held, kind, buffer, len(buffer), ctypes.byref(length)):
        raise calls.last_error()
    return buffer.raw[: length.value], buffer


def _sid_at(address: int, _owner: object) -> bytes:
    """Return the bytes of the identifier at an address; `_owner` is what keeps that memory ours meanwhile."""
    parts = ctypes.string_at(address, 2)[1]
    return ctypes.string_at(address, 8 + 4 * min(parts, 15))


def _looked_up(raw: bytes) -> str | None:
    """Return the name that the machine has for an identifier of its own; `None` where it has none."""
    name, domain = ctypes.create_unicode_buffer(_MAX_NAME), ctypes.create_unicode_buffer(_MAX_NAME)
    sizes = wintypes.DWORD(_MAX_NAME), wintypes.DWORD(_MAX_NAME)
    use = ctypes.c_int()
    if not _look_up(None, raw, name, ctypes.byref(sizes[0]), domain, ctypes.byref(sizes[1]), ctypes.byref(use)):
        return None
    return f"{domain.value}\\{name.value}" if domain.value else name.value


def logons() -> list[Logon]:
    """Return the logons that the system holds, of services too; others' need an administrator. Raises `OSError`."""
    count, first = ctypes.c_ulong(), ctypes.c_void_p()
    status = _list_logons(ctypes.byref(count), ctypes.byref(first))
    if status:
        raise calls.status_error(status)
    found = []
    try:
        for number in range(min(count.value, MAX_LOGONS)):
            data = ctypes.POINTER(_Logon)()
            luid = ctypes.c_void_p((first.value or 0) + 8 * number)
            if _logon_data(luid, ctypes.byref(data)) or not data:
                continue  # of another user, or over since
            try:
                found.append(_logon(data.contents))
            finally:
                _free_logon(data)
    finally:
        _free_logon(first)
    return found


def _logon(data: _Logon) -> Logon:
    name, domain = data.user.text(), data.domain.text()
    sid = None
    with suppress(ValueError):  # of a form that nobody knows: the logon is told all the same
        sid = sids.spelled(_sid_at(data.sid, data)) if data.sid else None
    return Logon(f"{domain}\\{name}" if domain and name else name, sid, data.kind, data.session, data.time)


def _machine_sid() -> str | None:
    """Return the identifier of the machine as a domain of its own, by its own policy; `None` where it isn't told."""
    attributes = _Attributes(ctypes.sizeof(_Attributes))
    policy = ctypes.c_void_p()
    if _open_policy(None, ctypes.byref(attributes), _VIEW_LOCAL, ctypes.byref(policy)):
        return None
    try:
        domain = ctypes.POINTER(_Domain)()
        if _query_policy(policy, _ACCOUNT_DOMAIN, ctypes.byref(domain)) or not domain:
            return None
        try:
            sid = domain.contents.sid
            return sids.spelled(_sid_at(sid, domain)) if sid else None
        except ValueError:
            return None
        finally:
            _free_policy(domain)
    finally:
        _close_policy(policy)
