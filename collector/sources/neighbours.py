"""Every ARP and ND entry: who was talked to on the local network."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class NeighbourSource:
    """Every ARP and ND entry: who was talked to on the local network."""

    name = "neighbours"
    kind = "neighbours"
    columns: ClassVar[Mapping[str, str]] = {
        "family": "inet or inet6.",
        "address": "Address of the neighbour.",
        "mac": "Hardware address.",
        "interface": "Name of the interface.",
        "state": "incomplete, reachable, stale, delay, probe, failed, noarp, permanent or none.",
        "router": "Whether it says that it is a router.",
    }
    seconds = 10
    core = False
    phase = "volatile"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one row for each."""
        yield from host.neighbours()
