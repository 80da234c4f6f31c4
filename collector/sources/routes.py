"""Every route of all tables and both families."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class RouteSource:
    """Every route of all tables and both families."""

    name = "routes"
    kind = "routes"
    columns: ClassVar[Mapping[str, str]] = {
        "family": "inet or inet6.",
        "destination": "Destination as prefix; 0.0.0.0/0 and ::/0 are the defaults.",
        "gateway": "Next hop, where there is one.",
        "interface": "Name of the interface.",
        "source": "Preferred source address.",
        "metric": "Metric.",
        "table": "Number of the routing table.",
        "protocol": "Who set it: kernel, boot, static, dhcp, ra or a number.",
        "scope": "global, site, link, host or nowhere.",
        "type": "unicast, local, broadcast, blackhole, unreachable, prohibit, cached (learnt by the kernel) or another.",
    }
    seconds = 10
    core = False
    phase = "volatile"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one row for each."""
        yield from host.routes()
