"""Resolvers, search domains and names that the host resolves by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class DnsSource:
    """Resolvers, search domains and names that the host resolves by itself."""

    name = "dns"
    kind = "dns"
    columns: ClassVar[Mapping[str, str]] = {
        "type": "nameserver, search, option, host, cache, or link: the file is only a link.",
        "value": "Address, domain, option or where the link leads.",
        "names": "Names that a host entry gives to the address.",
        "origin": "File or interface that it comes from.",
    }
    seconds = 10
    core = False
    phase = "state"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one row for each."""
        yield from host.resolvers()
