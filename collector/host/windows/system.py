"""The host itself: what it is, since when it runs, who may log on, which disks it has."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import os
import winreg
from contextlib import suppress
from ctypes import wintypes
from typing import TYPE_CHECKING, Any, Final, cast

from collector import text
from collector.host.columns import Columns
from collector.host.windows import accounts, calls, clock, disks
from collector.model import UNKNOWN_BOOT, Outcome, number
from collector.times import utc_text
from collector.winformats import smbios

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.model import Gap, Json, Row
    from collector.text import Text

MAX_USERS: Final = 10_000
"""Most accounts listed; a practice has a handful."""

_CURRENT: Final = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_PROFILES: Final = rf"{_CURRENT}\ProfileList"
_BIOS: Final = r"HARDWARE\DESCRIPTION\System\BIOS"
_ZONE: Final = r"SYSTEM\CurrentControlSet\Control\TimeZoneInformation"
_TIME_SERVICE: Final = r"SYSTEM\CurrentControlSet\Services\W32Time\Parameters"
_ELEVEN: Final = 22_000
"""The first build of Windows 11: its registry still says that it is Windows 10."""
_DNS_NAME: Final = 5
"""ComputerNamePhysicalDnsHostname (sysinfoapi.h)."""
_RSMB: Final = int.from_bytes(b"RSMB", "big")
_MAX_TABLE: Final = 1 << 20
_ARCHITECTURES: Final = {0: "i686", 5: "armv7l", 9: "x86_64", 12: "aarch64"}
"""PROCESSOR_ARCHITECTURE_* (winnt.h) in the words that uname(2) has for them."""
_SECOND: Final = 10**9


class _Memory(ctypes.Structure):
    """MEMORYSTATUSEX (sysinfoapi.h)."""

    _fields_ = (
        ("length", wintypes.DWORD),
        ("load", wintypes.DWORD),
        ("total", ctypes.c_uint64),
        ("available", ctypes.c_uint64),
        ("commit", ctypes.c_uint64),
        ("commit_free", ctypes.c_uint64),
        ("virtual", ctypes.c_uint64 * 3),
    )


class _User(ctypes.Structure):
    """USER_INFO_20 (lmaccess.h): name, full name, comment, flags, number."""

    _fields_ = (
        ("name", wintypes.LPWSTR),
        ("full", wintypes.LPWSTR),
        ("comment", wintypes.LPWSTR),
        ("flags", wintypes.DWORD),
        ("number", wintypes.DWORD),
    )


_D, _P = wintypes.DWORD, ctypes.c_void_p
_computer_name = calls.function("kernel32", "GetComputerNameExW", wintypes.BOOL, ctypes.c_int, _P, _P)
_firmware = calls.function("kernel32", "GetSystemFirmwareTable", wintypes.UINT, _D, _D, _P, _D)
_system_info = calls.function("kernel32", "GetNativeSystemInfo", None, _P)
_memory_status = calls.function("kernel32", "GlobalMemoryStatusEx", wintypes.BOOL, _P)
_list_users = calls.function("netapi32", "NetUserEnum", _D, wintypes.LPCWSTR, _D, _D, _P, _D, _P, _P, _P)
_free = calls.function("netapi32", "NetApiBufferFree", _D, _P)


def hostname() -> Text:
    """Return the host's own name as the system holds it; empty where it doesn't tell."""
    buffer, length = ctypes.create_unicode_buffer(1024), wintypes.DWORD(1024)
    if not _computer_name(_DNS_NAME, buffer, ctypes.byref(length)):
        return ""
    return accounts.native("".join(buffer[: length.value]))


def privileges() -> str:
    """Return `administrator` with full rights, else `user`: an administrator who was not asked by UAC is one, too."""
    is_elevated = accounts.is_elevated()
    if is_elevated is None:
        is_elevated = bool(calls.function("shell32", "IsUserAnAdmin", wintypes.BOOL)())
    return "administrator" if is_elevated else "user"


def open_facts() -> dict[str, Json]:
    """Return `host` (who it is) and `clock` (how its time stands); what can't be had is `None`."""
    facts = Columns(calls.outcome_of)
    zone = _timezone()
    return {
        "host": {**_identity(facts), "machine_id": facts.get("machine_id", _machine_id)},
        "clock": {
            "timezone": zone["name"],
            "offset_s": zone["offset_s"],
            "boot_time": utc_text(clock.boot_time_ns()),
            "ntp": _ntp(),
        },
    }


def rows() -> Iterator[Row | Gap]:
    """Yield one row: the host."""
    facts = Columns(calls.outcome_of)
    boot_id = clock.boot_id()
    if boot_id == UNKNOWN_BOOT:
        facts.unread["boot_id"] = str(Outcome.FAILED)
    yield {
        **_identity(facts),
        "boot_time": utc_text(clock.boot_time_ns()),
        "boot_id": boot_id,
        "uptime_s": clock.running()[1] // _SECOND,
        "timezone": _timezone(),
        "ntp": _ntp(),
        "users": facts.get("users", _users),
        "disks": facts.get("disks", disks.disks),
        "memory": facts.get("memory", _memory),
        "privileges": privileges(),
        "tool_pid": os.getpid(),
        "unread": facts.unread,
    }


def _identity(facts: Columns) -> dict[str, Json]:
    machine = smbios.Machine()
    with suppress(OSError, ValueError):  # the registry has the same of most machines, but for the serial number
        machine = smbios.parse(firmware_table())
    return {
        "hostname": cast("Json", hostname()),
        "os": facts.get("os", _product),
        "version": facts.get("version", _version),
        "kernel": facts.get("kernel", lambda: str(value(_CURRENT, "BuildLabEx", "BuildLab"))),
        "architecture": _ARCHITECTURES.get(processor()),
        "maker": facts.get("maker", lambda: _written(machine.maker, "SystemManufacturer")),
        "model": facts.get("model", lambda: _written(machine.model, "SystemProductName")),
        "serial": facts.get("serial", lambda: _written(machine.serial, "SystemSerialNumber")),
    }


def value(key: str, *names: str) -> Any:
    """Return the first of some values that a key of the machine holds; raises `OSError`, that of the last."""
    failure: OSError | None = None
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, access=winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as opened:
        for name in names:
            try:
                return winreg.QueryValueEx(opened, name)[0]
            except OSError as error:
                failure = error
    raise failure or FileNotFoundError(2, "no such value")


def firmware_table() -> bytes:
    """Return the firmware's own table about the machine; raises `OSError`."""
    buffer = ctypes.create_string_buffer(_MAX_TABLE)
    length = _firmware(_RSMB, 0, buffer, _MAX_TABLE)
    if not length:
        raise calls.last_error()
    return buffer.raw[: min(length, _MAX_TABLE)]


def _product() -> Json:
    name = str(value(_CURRENT, "ProductName"))
    if name.startswith("Windows 10") and _build() >= _ELEVEN:
        name = "Windows 11" + name.removeprefix("Windows 10")
    return cast("Json", accounts.native(name))


def _build() -> int:
    digits = str(value(_CURRENT, "CurrentBuildNumber", "CurrentBuild"))
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _version() -> Json:
    """Return such as `22H2, 10.0.19045.3803`: the name of the release, and its number with that of the update."""
    try:
        numbers = f"{value(_CURRENT, 'CurrentMajorVersionNumber')}.{value(_CURRENT, 'CurrentMinorVersionNumber')}"
    except OSError:  # before Windows 10
        numbers = str(value(_CURRENT, "CurrentVersion"))
    numbers += f".{_build()}"
    with suppress(OSError):
        numbers += f".{value(_CURRENT, 'UBR')}"
    with suppress(OSError):
        name = str(value(_CURRENT, "DisplayVersion", "ReleaseId", "CSDVersion"))
        numbers = f"{name}, {numbers}" if name else numbers
    return cast("Json", accounts.native(numbers))


def processor() -> int:
    """Return the number of the processor's architecture, PROCESSOR_ARCHITECTURE_* (winnt.h)."""
    info = ctypes.create_string_buffer(64)  # SYSTEM_INFO is of 48 bytes
    _system_info(info)
    return int.from_bytes(info.raw[:2], "little")


def _written(of_firmware: bytes | None, name: str) -> Json:
    """Return what the firmware's table says, else what the registry copied from it; raises `OSError`."""
    if of_firmware is not None:
        return cast("Json", text.from_bytes(of_firmware))
    if not (copied := str(value(_BIOS, name)).strip()):
        raise FileNotFoundError(2, "blank")
    return cast("Json", accounts.native(copied))


def _machine_id() -> Json:
    """Return the identity that the installation gave the machine."""
    return cast("Json", accounts.native(str(value(r"SOFTWARE\Microsoft\Cryptography", "MachineGuid"))))


def _timezone() -> dict[str, Json]:
    """Return the name of the zone as the registry has it (the same in every language), and the offset of now."""
    name: str | None = None
    with suppress(OSError):
        name = str(value(_ZONE, "TimeZoneKeyName")).partition("\0")[0]
    return {"name": cast("Json", accounts.native(name or clock.zone_name())), "offset_s": number(clock.offset_s())}


def _ntp() -> str:
    """Return `unsynchronized` where the time service is told to ask nobody; whether it succeeded, only it knows."""
    with suppress(OSError):
        if str(value(_TIME_SERVICE, "Type")) == "NoSync":
            return "unsynchronized"
    return "unknown"


def _users() -> list[Json]:
    """Return the accounts of this machine, then whoever else has a profile here; raises `OSError`."""
    homes = profiles()
    machine = accounts.Names().machine
    found: list[Json] = []
    for name, relative in _local_users():
        sid = None if machine is None else f"{machine}-{relative}"
        home = homes.pop(sid, None) if sid is not None else None
        found.append({"name": cast("Json", accounts.native(name)), "uid": sid or relative, "home": home, "shell": None})
    for sid, home in homes.items():
        found.append({"name": None, "uid": sid, "home": home, "shell": None})
    return found[:MAX_USERS]


def _local_users() -> Iterator[tuple[str, int]]:
    """Yield name and number of each account of this machine; raises `OSError`. No other server is asked (NULL)."""
    buffer = ctypes.POINTER(_User)()
    read, total, again = wintypes.DWORD(), wintypes.DWORD(), wintypes.DWORD()
    status = _list_users(
        None, 20, 0, ctypes.byref(buffer), 0xFFFFFFFF, ctypes.byref(read), ctypes.byref(total),
        ctypes.byref(again),
    )  # fmt: skip
    if status:
        raise ctypes.WinError(status)
    try:
        yield from [(buffer[at].name or "", buffer[at].number) for at in range(min(read.value, MAX_USERS))]
    finally:
        _free(buffer)


def profiles() -> dict[str, Json]:
    """Return the home of everybody who has a profile here, by identifier; services' own are left out."""
    found: dict[str, Json] = {}
    with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _PROFILES) as key:
        for at in range(MAX_USERS):
            sid = winreg.EnumKey(key, at)  # raises at the end
            if not sid.startswith(("S-1-5-21-", "S-1-12-1-")):
                continue
            home: Json = None
            with suppress(OSError):
                home = cast("Json", accounts.native(str(value(rf"{_PROFILES}\{sid}", "ProfileImagePath"))))
            found[sid] = home
    return found


def physical_memory() -> int:
    """Return the bytes of memory that Windows uses; raises `OSError`."""
    return int(_memory_now().total)


def _memory_now() -> _Memory:
    memory = _Memory(ctypes.sizeof(_Memory))
    if not _memory_status(ctypes.byref(memory)):
        raise calls.last_error()
    return memory


def _memory() -> dict[str, Json]:
    """Return bytes; Windows counts memory and page file together."""
    memory = _memory_now()
    return {
        "total": number(memory.total),
        "available": number(memory.available),
        "swap_total": number(max(0, memory.commit - memory.total)),
        "swap_free": number(max(0, memory.commit_free - memory.available)),
    }
