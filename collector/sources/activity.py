"""File events seen while collecting: is something still writing?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import ActivityWatch, Host
    from collector.model import Item, Request


class ActivitySource:
    """File events seen while collecting; started first and read last, so it stands outside `SOURCES`."""

    name = "activity"
    kind = "activity"
    columns: ClassVar[Mapping[str, str]] = {
        "utc": "When the event was received, UTC.",
        "event": "created, modified, deleted, moved-from, moved-to or attributes.",
        "path": "Path that the event names.",
        "folder": "Whether it is a folder; null: not told (Windows before 10, 1709).",
    }

    def start(self, host: Host, request: Request) -> ActivityWatch:
        """Start watching; raises `HostError` where nothing can be watched."""
        return host.watch_activity(request)

    def collect(self, watch: ActivityWatch) -> Iterator[Item]:
        """Yield one row for each event, then the gaps."""
        watch.stop()
        yield from watch.rows()
