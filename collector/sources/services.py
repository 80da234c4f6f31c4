"""Every service, its state and the state it should be in."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class ServiceSource:
    """Every service, its state and the state it should be in."""

    name = "services"
    kind = "services"
    columns: ClassVar[Mapping[str, str]] = {
        "name": "Name of the service.",
        "start_mode": "enabled, disabled, static, masked, generated, indirect or unknown.",
        "state": "State now: running, stopped or unknown.",
        "state_expected": "State that its start mode asks for: running, stopped or unknown.",
        "definition": "File or registry key that defines it.",
        "command": "Command that it starts, as written there; one a line, then the library that it loads (Windows).",
        "user": "User it runs as, where stated.",
        "manager": "systemd, sysv, scm (Windows), driver (of Windows) or another.",
        "pids": "Its processes, where known.",
        "unread": "The columns of this row that could not be read, each with its outcome.",
    }
    seconds = 15
    core = False
    phase = "state"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one row for each."""
        yield from host.services()
