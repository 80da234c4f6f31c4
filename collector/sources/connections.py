"""Every socket, joined to the process that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class ConnectionSource:
    """Every socket, joined to the process that holds it."""

    name = "connections"
    kind = "connections"
    columns: ClassVar[Mapping[str, str]] = {
        "family": "Address family: inet, inet6, unix, netlink, packet; null for a held socket that stands in no table.",
        "type": "Socket type: stream, dgram, raw, seqpacket.",
        "laddr": "Local address: address:port, [address]:port, the path of a unix socket, protocol:portid of netlink, ifindex:protocol of packet; of a raw socket the port is its protocol.",
        "raddr": "Remote address, where there is one.",
        "status": "State of a TCP or unix socket.",
        "pid": "Process id of a holder; the first where several hold it.",
        "pids": "All holders.",
        "uid": "User who made it.",
        "inode": "The system's number of the socket.",
        "namespace": "Identity of its network namespace.",
    }
    seconds = 30
    core = True
    phase = "volatile"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one row for each."""
        yield from host.connections()
