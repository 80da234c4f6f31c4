"""Every service and driver: what the registry defines, and what the service control manager says of it now.

The registry is read, not the manager's copy: everybody may, and what was written there since the last start, or is
hidden from the manager, is a row as well.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import winreg
from contextlib import suppress
from ctypes import wintypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from collector.host.windows import accounts, answers, calls
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.model import Json, Row

MAX_SERVICES: Final = 20_000
"""Most services read; a desktop has some seven hundred, drivers among them."""

KEY: Final = r"SYSTEM\CurrentControlSet\Services"

_CONNECT: Final = 0x1 | 0x4
"""SC_MANAGER_CONNECT, SC_MANAGER_ENUMERATE_SERVICE (winsvc.h)."""
_KINDS: Final = (0x3FF, 0x3B)
"""SERVICE_TYPE_ALL, and what Windows before 10 takes for it: drivers and services."""
_STATE_ALL: Final = 3
_MORE_DATA: Final = 234
_NO_MORE: Final = 259  # ERROR_NO_MORE_ITEMS
_BUFFER: Final = 256 << 10
_DRIVERS: Final = 0x0B
_IS_ANY: Final = 0x3FF
_AUTOMATIC: Final = 2
_MODES: Final = {0: "enabled", 1: "enabled", 2: "enabled", 3: "static", 4: "disabled"}
"""Start of a service (winsvc.h): boot, system, automatic; on demand, which is what we call static; disabled."""
_STATES: Final = {1: "stopped", 4: "running"}


_H, _D, _P, _W, _B = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, wintypes.LPCWSTR, wintypes.BOOL
_open_manager = calls.function("advapi32", "OpenSCManagerW", _H, _W, _W, _D)
_close_manager = calls.function("advapi32", "CloseServiceHandle", _B, _H)
_list_services = calls.function(
    "advapi32", "EnumServicesStatusExW", _B, _H, ctypes.c_int, _D, _D, _P, _D, _P, _P, _P, _W
)  # fmt: skip


class _Status(ctypes.Structure):
    """ENUM_SERVICE_STATUS_PROCESSW (winsvc.h)."""

    _fields_ = (
        ("name", wintypes.LPWSTR),
        ("display", wintypes.LPWSTR),
        ("type", wintypes.DWORD),
        ("state", wintypes.DWORD),
        ("accepted", wintypes.DWORD),
        ("exit_code", wintypes.DWORD),
        ("own_code", wintypes.DWORD),
        ("check_point", wintypes.DWORD),
        ("hint", wintypes.DWORD),
        ("pid", wintypes.DWORD),
        ("flags", wintypes.DWORD),
    )


@dataclass(frozen=True, slots=True)
class State:
    """What the manager says of one service."""

    state: int
    pid: int


@dataclass(frozen=True, slots=True)
class Definition:
    """What the registry holds of one service; `None` where the value isn't there or is of another type."""

    kind: int | None = None
    start: int | None = None
    command: str | None = None
    library: str | None = None
    user: str | None = None
    is_triggered: bool = False
    outcome: Outcome | None = None
    """Why it could not be read."""


def rows() -> Iterator[Row | Gap]:
    """Yield a row for each service and driver in order of name, then the gaps.

    `state_expected` is `running` where it starts by itself, with the system and not on an event, and is no driver.
    """
    gaps: list[Gap] = []
    names: list[str] = []
    states: dict[str, tuple[str, State]] | None = None
    try:
        names = _names()
    except OSError as error:
        gaps.append(calls.gap_of(error, "the registry's list of services could not be read"))
    try:
        listed = {}
        for one in answers.in_time(_states):
            if isinstance(one, Gap):
                gaps.append(one)
            else:
                listed[one[0].lower()] = one
        states = listed or None
    except OSError as error:
        gaps.append(calls.gap_of(error, "the service control manager did not list its services, so no state is known"))
    known = {name.lower(): name for name in names} | {low: one[0] for low, one in (states or {}).items()}
    for low, name in sorted(known.items())[:MAX_SERVICES]:
        defined = _definition(name)
        if defined.kind is None and defined.outcome is None and low not in (states or {}):
            continue  # a key of a driver's settings, no service
        found = (states or {}).get(low)
        yield _row(name, defined, found[1] if found else None)
    if len(known) > MAX_SERVICES:
        gaps.append(Gap(Outcome.OVER_LIMIT, f"services beyond {MAX_SERVICES} were not read"))
    yield from gaps


def _row(name: str, defined: Definition, now: State | None) -> Row:
    is_driver = bool(defined.kind and defined.kind & _DRIVERS)
    command = "\n".join(part for part in (defined.command, defined.library) if part)
    unread: dict[str, Json] = {}
    if defined.outcome is not None:
        unread = dict.fromkeys(("start_mode", "state_expected", "command", "user"), str(defined.outcome))
    pids: list[Json] = [now.pid] if now and now.pid else []
    return {
        "name": _text(name),
        "start_mode": _MODES.get(-1 if defined.start is None else defined.start, "unknown"),
        "state": _STATES.get(now.state, "unknown") if now else "unknown",
        "state_expected": expected(defined),
        "definition": _text(f"HKEY_LOCAL_MACHINE\\{KEY}\\{name}"),
        "command": _text(command) if command else None,
        "user": _text(defined.user) if defined.user else None,
        "manager": "driver" if is_driver else "scm",
        "pids": pids if now else None,
        "unread": unread,
    }


def expected(defined: Definition) -> str:
    """Return the state after a normal start."""
    if _MODES.get(-1 if defined.start is None else defined.start) == "disabled":
        return "stopped"
    is_driver = bool(defined.kind and defined.kind & _DRIVERS)
    automatic = defined.start == _AUTOMATIC and not is_driver and not defined.is_triggered
    return "running" if automatic else "unknown"


def _names() -> list[str]:
    """Return the names of all keys of services; raises `OSError` where they can't be listed."""
    found: list[str] = []
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, KEY) as key:
        while len(found) <= MAX_SERVICES:  # not counted before: one may come or go meanwhile
            try:
                found.append(winreg.EnumKey(key, len(found)))
            except OSError as error:
                if error.winerror != _NO_MORE:
                    raise
                break
    return found


def _definition(name: str) -> Definition:
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, f"{KEY}\\{name}") as key:
            return Definition(
                _number(_value(key, "Type")),
                _number(_value(key, "Start")),
                _string(_value(key, "ImagePath")),
                _library(key),
                _string(_value(key, "ObjectName")),
                is_triggered=_has_key(key, "TriggerInfo"),
            )
    except OSError as error:
        return Definition(outcome=calls.outcome_of(error))


def _library(key: winreg.HKEYType) -> str | None:
    """Return the library that svchost.exe loads for a service: it says what is run, the command does not."""
    with suppress(OSError), winreg.OpenKey(key, "Parameters") as below:
        if (found := _string(_value(below, "ServiceDll"))) is not None:
            return found
    return _string(_value(key, "ServiceDll"))


def _has_key(key: winreg.HKEYType, name: str) -> bool:
    with suppress(OSError), winreg.OpenKey(key, name):
        return True
    return False


def _value(key: winreg.HKEYType, name: str) -> Any:
    with suppress(OSError):
        return winreg.QueryValueEx(key, name)[0]
    return None


def _number(value: object) -> int | None:
    return value & _IS_ANY if isinstance(value, int) else None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _states() -> Iterator[tuple[str, State]]:
    """Yield name and state of each service and driver that the manager lists to us; raises `OSError`."""
    manager = _open_manager(None, None, _CONNECT)
    if not manager:
        raise calls.last_error()
    try:
        for kinds in _KINDS:
            try:
                yield from _listed(manager, kinds)
            except OSError as error:
                if kinds == _KINDS[-1] or calls.outcome_of(error) is not Outcome.UNSUPPORTED:
                    raise
            else:
                return
    finally:
        _close_manager(manager)


def _listed(manager: int, kinds: int) -> list[tuple[str, State]]:
    found: list[tuple[str, State]] = []
    size, needed, count, resume = _BUFFER, wintypes.DWORD(), wintypes.DWORD(), wintypes.DWORD()
    while len(found) <= MAX_SERVICES:
        buffer = ctypes.create_string_buffer(size)
        done = _list_services(
            manager, 0, kinds, _STATE_ALL, buffer, size, ctypes.byref(needed), ctypes.byref(count),
            ctypes.byref(resume), None,
        )  # fmt: skip
        error = calls.last_error()
        if not done and error.winerror != _MORE_DATA:
            raise error
        entries = ctypes.cast(buffer, ctypes.POINTER(_Status))
        found += [
            (entries[at].name or "", State(entries[at].state, entries[at].pid)) for at in range(count.value)
        ]  # fmt: skip
        if done or not count.value:
            return found
    return found


def _text(name: str) -> Json:
    return cast("Json", accounts.native(name))
