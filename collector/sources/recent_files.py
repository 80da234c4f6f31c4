"""Every file whose content, entry or birth falls inside the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from collector.tracing import judged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class RecentFileSource:
    """Every file whose content, entry or birth falls inside the window."""

    name = "recent-files"
    kind = "recent-files"
    columns: ClassVar[Mapping[str, str]] = {
        "path": "Path of the file.",
        "type": "file, symlink, fifo, socket, block or char; on Windows also junction and reparse (another reparse point).",
        "size": "Size in bytes.",
        "mtime_ns": "Last change of content, nanoseconds since 1970 UTC.",
        "ctime_ns": "Last change of the entry, where the file system keeps it.",
        "btime_ns": "Birth, where the file system keeps it.",
        "atime_ns": "Last access, before we read it.",
        "mode": "Permissions, octal; none on Windows.",
        "owner": "User number of the owner; on Windows its identifier, S-1-….",
        "group": "Group number; none on Windows.",
        "inode": "Number of the file on its device.",
        "device": "Device of the file, major:minor; on Windows the serial number of the volume, XXXX-XXXX.",
        "links": "Number of hard links.",
        "sha256": "SHA-256 of its content, within the budget of hashes.",
        "judged": "What the traces found before say of it: note, encrypted; and executable, by mode or name.",
        "short_name": "8.3 name, where the file system of Windows keeps one.",
        "streams": "Alternate data streams (Windows): name and size of each, and the text of Zone.Identifier.",
        "flags": "Of hash-over-budget, changed-while-reading, replaced, vanished, denied, locked, elsewhere (in the cloud "
        "only: not fetched), unreadable, path-cut, streams-cut, mark-unread.",
    }
    seconds = 900
    core = False
    phase = "files"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:
        """Yield one row for each."""
        for item in host.changed_files(request):
            if isinstance(item, dict):
                item["judged"] = [*judged(item, request.known)]
            yield item
