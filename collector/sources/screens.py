"""A picture of every screen: the ransom message as the victim sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class ScreenSource:
    """A picture of every screen: the ransom message as the victim sees it."""

    name = "screen"
    kind = "screen"
    columns: ClassVar[Mapping[str, str]] = {}
    seconds = 30
    core = False
    phase = "screen"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one picture for each monitor."""
        yield from host.screens()
