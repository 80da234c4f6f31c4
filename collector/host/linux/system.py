"""The host itself: what it is, since when it runs, who may log on, which disks it has."""

from __future__ import annotations

import os
import re
import sys
import time
from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.columns import Columns
from collector.host.linux import accounts, clock, disks, files
from collector.model import Outcome, number

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.model import Gap, Json, Row
    from collector.text import Text

_STA_UNSYNC: Final = 0x40
_TIME_ERROR: Final = 5
"""adjtimex(2): nothing keeps the clock in step."""
_MEMORY: Final = {
    "total": "MemTotal",
    "available": "MemAvailable",
    "swap_total": "SwapTotal",
    "swap_free": "SwapFree",
}
_SECOND: Final = 10**9


def hostname(roots: Roots) -> Text:
    """Return the host's own name as the kernel holds it; empty where it can't be read."""
    try:
        return text.from_bytes(files.read_kernel(f"{roots.proc}/sys/kernel/hostname", limit=4096).rstrip(b"\n"))
    except OSError:
        return text.from_native(os.uname().nodename)


def privileges() -> str:
    """Return `root` or `user`, by the effective user number."""
    return "root" if os.geteuid() == 0 else "user"


def open_facts(roots: Roots) -> dict[str, Json]:
    """Return `host` (who it is) and `clock` (how its time stands); what can't be had is `None`."""
    facts = Columns(files.outcome_of)
    zone = _timezone(roots)
    return {
        "host": {**_identity(roots, facts), "machine_id": facts.get("machine_id", lambda: _machine_id(roots))},
        "clock": {
            "timezone": zone["name"],
            "offset_s": zone["offset_s"],
            "boot_time": facts.get("boot_time", lambda: clock.utc(clock.boot_time_ns(roots))),
            "ntp": _ntp(),
        },
    }


def rows(roots: Roots) -> Iterator[Row | Gap]:
    """Yield one row: the host."""
    facts = Columns(files.outcome_of)
    boot_id = clock.boot_id(f"{roots.proc}/sys/kernel/random/boot_id")
    if boot_id == clock.UNKNOWN_BOOT:
        facts.unread["boot_id"] = str(Outcome.FAILED)
    yield {
        **_identity(roots, facts),
        "boot_time": facts.get("boot_time", lambda: clock.utc(clock.boot_time_ns(roots))),
        "boot_id": boot_id,
        "uptime_s": facts.get("uptime_s", lambda: int(files.read_kernel(f"{roots.proc}/uptime").split(b".")[0])),
        "timezone": _timezone(roots),
        "ntp": _ntp(),
        "users": facts.get("users", lambda: _users(roots)),
        "disks": facts.get("disks", lambda: disks.disks(roots, _mounted(roots))),
        "memory": facts.get("memory", lambda: _memory(roots)),
        "privileges": privileges(),
        "tool_pid": os.getpid(),
        "unread": facts.unread,
    }


def parse_os_release(raw: bytes) -> dict[str, bytes]:
    """Return the assignments of os-release(5), quotes and backslashes undone."""
    found = {}
    for line in raw.split(b"\n"):
        match = re.fullmatch(rb"([A-Z][A-Z0-9_]*)=(.*)", line.strip())
        if match:
            value = match[2]
            if value[:1] in (b'"', b"'") and value[:1] == value[-1:]:
                value = value[1:-1]
            found[match[1].decode("ascii")] = re.sub(rb"\\(.)", rb"\1", value)
    return found


def _identity(roots: Roots, facts: Columns) -> dict[str, Json]:
    release = _os_release(roots, facts)
    dmi = f"{roots.sys}/class/dmi/id"
    tree = f"{roots.proc}/device-tree"
    kernel = f"{roots.proc}/sys/kernel"
    version = release.get("VERSION", release.get("VERSION_ID"))
    name = release.get("NAME")
    return {
        "hostname": cast("Json", hostname(roots)),
        "os": None if name is None else cast("Json", text.from_bytes(name)),
        "version": None if version is None else cast("Json", text.from_bytes(version)),
        "kernel": facts.get("kernel", lambda: _line(f"{kernel}/osrelease") + " " + _line(f"{kernel}/version")),
        "architecture": os.uname().machine,
        "maker": facts.get("maker", lambda: _line(f"{dmi}/sys_vendor")),
        "model": facts.get("model", lambda: _either(f"{dmi}/product_name", f"{tree}/model")),
        "serial": facts.get("serial", lambda: _either(f"{dmi}/product_serial", f"{tree}/serial-number")),
    }


def _os_release(roots: Roots, facts: Columns) -> dict[str, bytes]:
    """Return os-release: the one in /etc is mostly a link to the other, and links are not followed."""
    try:
        return parse_os_release(files.read_small(f"{roots.etc}/os-release", limit=1 << 16))
    except OSError:
        pass  # the other one tells
    try:
        return parse_os_release(files.read_small(f"{roots.lib}/os-release", limit=1 << 16))
    except OSError as error:
        facts.unread["os"] = facts.unread["version"] = str(files.outcome_of(error))
        return {}


def _line(path: str) -> str:
    """Return one line of procfs or sysfs; a device tree ends it with a NUL."""
    return files.read_kernel(path, limit=4096).decode("utf-8", "replace").strip("\0\n ")


def _either(path: str, other: str) -> str:
    """Return the first that the machine has; raises the first's `OSError` where it has neither."""
    try:
        return _line(path)
    except FileNotFoundError as error:
        try:
            return _line(other)
        except OSError:
            raise error from None


def _machine_id(roots: Roots) -> str:
    return files.read_small(f"{roots.etc}/machine-id", limit=64).decode("ascii").strip()


def _timezone(roots: Roots) -> dict[str, Json]:
    """Return the name of the zone from where /etc/localtime points to, and the offset that libc applies now."""
    now = time.localtime()
    name: Text | None = None
    try:
        target = os.readlink(os.fsencode(f"{roots.etc}/localtime"))
        name = text.from_bytes(target.rpartition(b"zoneinfo/")[2])
    except OSError:
        try:
            name = text.from_bytes(files.read_small(f"{roots.etc}/timezone", limit=256).strip())
        except OSError:
            name = now.tm_zone
    return {"name": cast("Json", name), "offset_s": number(now.tm_gmtoff)}


def _ntp() -> str:
    """Return whether something keeps the clock in step, as the kernel knows it; reads only (modes 0)."""
    import ctypes

    class Timex(ctypes.Structure):
        """The head of struct timex (adjtimex(2)), with room for the rest on every architecture."""

        _fields_ = (
            ("modes", ctypes.c_uint),
            ("offset", ctypes.c_long),
            ("freq", ctypes.c_long),
            ("maxerror", ctypes.c_long),
            ("esterror", ctypes.c_long),
            ("status", ctypes.c_int),
            ("rest", ctypes.c_char * 512),
        )

    timex = Timex()
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return "unknown"
    if state < 0:
        return "unknown"
    return "unsynchronized" if state == _TIME_ERROR or timex.status & _STA_UNSYNC else "synchronized"


def _users(roots: Roots) -> list[Json]:
    return [
        cast("Json", {"name": one.name, "uid": one.uid, "home": one.home, "shell": one.shell})
        for one in accounts.accounts(roots)
    ]


def _mounted(roots: Roots) -> list[tuple[str, bytes, bytes, str]]:
    from collector.host.linux import mounts

    table = mounts.parse(files.read_kernel(f"{roots.proc}/self/mountinfo", limit=mounts.MAX_TABLE), {})
    return [(one.device, one.source, one.path, one.filesystem) for one in table]


def _memory(roots: Roots) -> dict[str, Json]:
    """Return bytes; /proc/meminfo counts KiB."""
    raw = files.read_kernel(f"{roots.proc}/meminfo").decode("ascii", "replace")
    written = dict(re.findall(r"^(\w+): +(\d{1,15}) kB$", raw, re.MULTILINE))
    return {
        ours: number(int(written[theirs]) * 1024) if theirs in written else None for ours, theirs in _MEMORY.items()
    }
