"""Every process that is visible, with its parent, command line and open files."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class ProcessSource:
    """Every process that is visible, with its parent, command line and open files."""

    name = "processes"
    kind = "processes"
    columns: ClassVar[Mapping[str, str]] = {
        "pid": "Process id.",
        "ppid": "Process id of the parent.",
        "name": "Name that the system shows.",
        "exe": "Path of the executable.",
        "exe_deleted": "Whether the executable's file has been deleted since.",
        "cmdline": "Arguments, as a list.",
        "username": "Name of the user it runs as.",
        "uid": "Number of that user, the effective one.",
        "create_time": "When it started, UTC.",
        "status": "State: running, sleeping, disk-sleep, stopped, zombie, idle, dead.",
        "cwd": "Working folder.",
        "root": "Root folder, where it differs from the host's.",
        "open_files": "Open files: fd and path each; sockets and pipes as the system names them.",
        "threads": "Number of threads.",
        "rss": "Resident memory in bytes.",
        "namespace": "Identity of its network namespace.",
        "unread": "The columns of this row that could not be read, each with its outcome.",
    }
    seconds = 30
    core = True
    phase = "volatile"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one row for each."""
        yield from host.processes()
