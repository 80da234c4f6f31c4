"""The host itself: what it is, since when it runs, who may log on, which disks it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class SystemSource:
    """The host itself: what it is, since when it runs, who may log on, which disks it has."""

    name = "system"
    kind = "system"
    columns: ClassVar[Mapping[str, str]] = {
        "hostname": "The host's own name.",
        "os": "The system's name as it gives itself.",
        "version": "The system's version.",
        "kernel": "Release and version of the kernel.",
        "architecture": "Processor architecture.",
        "maker": "Maker of the machine.",
        "model": "Model of the machine.",
        "serial": "Serial number of the machine.",
        "boot_time": "When the system started, UTC.",
        "boot_id": "Identity of this start of the system.",
        "uptime_s": "Whole seconds since the start, suspends included.",
        "timezone": "Time zone: name and offset from UTC in seconds.",
        "ntp": "State of time synchronisation: synchronized, unsynchronized or unknown.",
        "users": "Local accounts: name, uid, home, shell.",
        "disks": "Disks: name, model, serial, size, removable, encryption (luks, plain, tcrypt, bitlk, none_seen or unknown), file systems.",
        "memory": "Memory in bytes: total, available, swap total, swap free.",
        "privileges": "What the tool runs as: root, administrator or user.",
        "tool_pid": "Process id of the tool.",
        "unread": "The columns of this row that could not be read, each with its outcome.",
    }
    seconds = 10
    core = False
    phase = "volatile"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one row for each."""
        yield from host.system()
