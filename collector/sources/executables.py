"""The file of every running program, hashed, even where it has been deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class ExecutableSource:
    """The file of every running program, hashed, even where it has been deleted."""

    name = "executables"
    kind = "executables"
    columns: ClassVar[Mapping[str, str]] = {
        "path": "Path of the executable, as the system gives it.",
        "pids": "Processes that run it.",
        "sha256": "SHA-256 of its content.",
        "size": "Size in bytes.",
        "deleted": "Whether its name has been deleted since.",
        "device": "Device of the file, major:minor; on Windows the volume's serial number.",
        "inode": "Number of the file on its device.",
        "mtime_ns": "Last change of content, nanoseconds since 1970 UTC.",
        "mode": "Permissions, octal.",
        "owner": "User number of the owner; on Windows the identifier.",
        "flags": "Such as changed-while-reading, setuid, memfd, newer-than-process.",
        "signature": "What Windows says of its signature, offline: valid, valid_by_catalog, none, changed, expired, revoked, distrusted, untrusted or an error; elsewhere none is asked for.",
        "unread": "The columns of this row that could not be read, each with its outcome.",
    }
    seconds = 60
    core = False
    phase = "executables"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one row for each."""
        yield from host.executables()
