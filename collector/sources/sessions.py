"""Every logged-on user."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class SessionSource:
    """Every logged-on user."""

    name = "sessions"
    kind = "sessions"
    columns: ClassVar[Mapping[str, str]] = {
        "user": "Name of the user.",
        "terminal": "Terminal or display.",
        "remote_host": "Where the user came from, where recorded.",
        "started": "When the session started, UTC.",
        "pid": "Process that leads the session.",
        "type": "user, login, boot, runlevel, dead, network, batch or newcredentials, as the system records it.",
    }
    seconds = 10
    core = False
    phase = "state"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one row for each."""
        yield from host.sessions()
