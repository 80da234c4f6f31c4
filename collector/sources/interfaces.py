"""Every network interface, as `collect isolation --json` judges it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from collector import isolation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class InterfaceSource:
    """Every network interface in every namespace that holds a process, as `collect isolation --json` judges it."""

    name = "interfaces"
    kind = "interfaces"
    columns: ClassVar[Mapping[str, str]] = {
        "name": "Name of the interface.",
        "kind": "ethernet, wifi, cellular, bluetooth, vpn, tunnel, bridge, bond, vlan, macvlan, veth, tap, dummy, ifb, loopback, other.",
        "admin_up": "Whether it is switched on; it works again as soon as it has a carrier.",
        "carrier": "Whether a cable or radio link is there; not applicable while switched off.",
        "operstate": "State that the system derives (RFC 2863).",
        "addresses": "Addresses with prefix length.",
        "mac": "Hardware address in use.",
        "permanent_mac": "Hardware address that its maker gave it, where the driver tells.",
        "wifi": "Name of the Wi-Fi network that it is joined to.",
        "namespace": "The other network namespace that it stands in; not applicable to our own.",
        "driver": "Driver of the device, where one is behind it.",
        "state": "Our judgement: down, no_carrier, internal, connected or unknown.",
        "unread": "The columns of this row that could not be read, each with its outcome.",
    }
    seconds = 10
    core = True
    phase = "volatile"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one row for each, then a gap for each table that could not be read."""
        facts = host.link_facts()
        verdict = isolation.judge(facts)
        yield from verdict.interfaces
        yield from verdict.elsewhere
        yield from (unread.gap for unread in facts.unread)
        yield from (unread.gap for space in facts.others for unread in space.unread)
