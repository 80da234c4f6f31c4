"""What changed between two readings of the network, for systems that don't tell each change with what it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from collector.facts import LinkChange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.facts import DefaultRoute, Link
    from collector.model import Moment


@dataclass(frozen=True, slots=True)
class Reading:
    """The links by their index, without addresses; those apart; the routes that lead outside."""

    links: dict[int, Link] = field(default_factory=dict)
    addresses: dict[int, tuple[str, ...]] = field(default_factory=dict)
    routes: tuple[DefaultRoute, ...] = ()

    @classmethod
    def of(cls, links: tuple[Link, ...], routes: tuple[DefaultRoute, ...]) -> Reading:
        """Return the reading that was made of these."""
        return cls({link.index: bare(link) for link in links}, {link.index: link.addresses for link in links}, routes)


def bare(link: Link) -> Link:
    """Return a link without its addresses, each of which is a change of its own."""
    return replace(link, addresses=())


def changes(before: Reading, after: Reading, moment: Moment) -> Iterator[LinkChange]:
    """Yield each change as `LinkChange` has it: first what goes, then links, then what stands on them."""
    for index, link in before.links.items():
        if index not in after.links:
            yield LinkChange(moment, "link-gone", index=index, name=link.name)
    for route in before.routes:
        if route not in after.routes:
            yield LinkChange(moment, "route-gone", index=route.index, route=route)
    for index, link in after.links.items():
        earlier = before.links.get(index)
        if link != earlier:
            yield LinkChange(moment, "link", index=index, link=link, name=link.name)
        yield from _addresses(index, before.addresses.get(index, ()), after.addresses.get(index, ()), link, moment)
    for route in after.routes:
        if route not in before.routes:
            yield LinkChange(moment, "route", index=route.index, route=route)


def _addresses(
    index: int, before: tuple[str, ...], after: tuple[str, ...], link: Link, moment: Moment
) -> Iterator[LinkChange]:
    for address in before:
        if address not in after:
            yield LinkChange(moment, "address-gone", index=index, address=address, name=link.name)
    for address in after:
        if address not in before:
            yield LinkChange(moment, "address", index=index, address=address, name=link.name)
