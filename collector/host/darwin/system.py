"""The host itself: what it is, since when it runs, who may log on, which disks it has."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final, cast

from collector import text
from collector.host.columns import Columns
from collector.host.darwin import accounts, clock, mounts
from collector.host.posix.low import files
from collector.macformats import plists
from collector.model import UNKNOWN_BOOT, Outcome, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.darwin.readings import Readings
    from collector.model import Gap, Json, Row
    from collector.text import Text

_VERSION: Final = "/System/Library/CoreServices/SystemVersion.plist"
_MAX_DISKS: Final = 256
_WORD: Final = 8


def hostname(readings: Readings) -> Text:
    """Return the host's own name as the kernel holds it; empty where it can't be read."""
    try:
        return text.from_bytes(readings.sysctl("kern.hostname").rstrip(b"\0"))
    except OSError:
        return ""


def privileges(readings: Readings) -> str:
    """Return `root` or `user`, by the effective user number."""
    return "root" if readings.effective_user() == 0 else "user"


def open_facts(readings: Readings) -> dict[str, Json]:
    """Return `host` (who it is) and `clock` (how its time stands); what can't be had is `None`."""
    facts = Columns(files.outcome_of)
    zone = _timezone(readings)
    machine = facts.get("machine_id", lambda: readings.registry("IOPlatformUUID"))
    return {
        "host": {**_identity(readings, facts), "machine_id": machine},
        "clock": {
            "timezone": zone["name"],
            "offset_s": zone["offset_s"],
            "boot_time": facts.get("boot_time", lambda: clock.moment(clock.boot_time_ns(readings))),
            "ntp": "unknown",
        },
    }


def rows(readings: Readings) -> Iterator[Row | Gap]:
    """Yield one row: the host."""
    facts = Columns(files.outcome_of)
    boot_id = clock.boot_id(readings)
    if boot_id == UNKNOWN_BOOT:
        facts.unread["boot_id"] = str(Outcome.FAILED)
    facts.lacks("ntp")
    yield {
        **_identity(readings, facts),
        "boot_time": facts.get("boot_time", lambda: clock.moment(clock.boot_time_ns(readings))),
        "boot_id": boot_id,
        "uptime_s": clock.uptime_s(readings),
        "timezone": _timezone(readings),
        "ntp": "unknown",
        "users": facts.get("users", lambda: _users(readings, facts)),
        "disks": facts.get("disks", lambda: _disks(readings)),
        "memory": _memory(readings, facts),
        "privileges": privileges(readings),
        "tool_pid": os.getpid(),
        "unread": facts.unread,
    }


def _identity(readings: Readings, facts: Columns) -> dict[str, Json]:
    version = _version(readings, facts)
    return {
        "hostname": cast("Json", hostname(readings)),
        "os": plists.text(version.get("ProductName")),
        "version": _build(version),
        "kernel": facts.get("kernel", lambda: _line(readings, "kern.version")),
        "architecture": facts.get("architecture", lambda: _line(readings, "hw.machine")),
        "maker": facts.get("maker", lambda: readings.registry("manufacturer")),
        "model": facts.get("model", lambda: _line(readings, "hw.model")),
        "serial": facts.get("serial", lambda: readings.registry("IOPlatformSerialNumber")),
    }


def _version(readings: Readings, facts: Columns) -> dict[str, Any]:
    try:
        return plists.read(files.read_small(f"{readings.root}{_VERSION}"))
    except OSError as error:
        outcome = files.outcome_of(error)
    except ValueError:
        outcome = Outcome.FAILED
    facts.unread["os"] = facts.unread["version"] = str(outcome)
    return {}


def _build(version: dict[str, Any]) -> str | None:
    """Return version and build, as `14.5 (23F79)`."""
    told, build = plists.text(version.get("ProductVersion")), plists.text(version.get("ProductBuildVersion"))
    return f"{told} ({build})" if told and build else told


def _line(readings: Readings, name: str) -> str:
    return readings.sysctl(name).rstrip(b"\0").decode("utf-8", "replace").strip()


def _timezone(readings: Readings) -> dict[str, Json]:
    """Return the name of the zone from where /etc/localtime points to, and the offset that libc applies now."""
    now = time.localtime()
    name: Text = now.tm_zone
    try:
        target = os.readlink(os.fsencode(f"{readings.root}/private/etc/localtime"))
        name = text.from_bytes(target.rpartition(b"zoneinfo/")[2])
    except OSError:
        pass  # the zone that libc applies is told
    return {"name": cast("Json", name), "offset_s": number(now.tm_gmtoff)}


def _users(readings: Readings, facts: Columns) -> list[Json]:
    """Return the accounts; where only root may read them, what the folders in /Users tell, named as `unread`, too."""
    try:
        return [
            {"name": one.name, "uid": number(one.uid), "home": one.home, "shell": one.shell}
            for one in accounts.accounts(readings)
        ]
    except OSError as error:
        facts.unread["users"] = str(files.outcome_of(error))
        return [
            {"name": _text(home.rpartition(b"/")[2]), "uid": uid, "home": _text(home), "shell": None}
            for home, uid in accounts.seen_homes(readings)
        ]


def _disks(readings: Readings) -> list[Json]:
    """Return what is mounted from devices, by disk (`disk3` of /dev/disk3s1); no device is opened.

    Whether FileVault is on is not told by any call that is documented: `unknown`.
    """
    disks: dict[str, dict[str, Json]] = {}
    for one in mounts.filesystems(readings):
        if not one.source.startswith(b"/dev/disk"):
            continue
        name = "disk" + os.fsdecode(one.source.removeprefix(b"/dev/disk")).partition("s")[0]
        disk = disks.setdefault(
            name,
            {
                "name": name,
                "model": None,
                "serial": None,
                "size": number(one.size),
                "removable": None,
                "encryption": "unknown",
                "file_systems": [],
            },
        )
        cast("list[Json]", disk["file_systems"]).append(
            {"device": _text(one.source), "mount": _text(one.path), "type": one.kind}
        )
        if len(disks) == _MAX_DISKS:
            break
    return list(disks.values())


def _memory(readings: Readings, facts: Columns) -> dict[str, Json]:
    total = facts.get("memory", lambda: number(int.from_bytes(readings.sysctl("hw.memsize")[:_WORD], "little")))
    available = facts.get("memory", lambda: number(readings.available()))
    swap_total = facts.get("memory", lambda: number(readings.swap()[0]))
    swap_free = facts.get("memory", lambda: number(readings.swap()[1]))
    return {"total": total, "available": available, "swap_total": swap_total, "swap_free": swap_free}


def _text(raw: bytes) -> Json:
    return cast("Json", text.from_bytes(raw))
