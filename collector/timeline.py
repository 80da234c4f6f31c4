"""Keeps the facts of the network up to date from one change to the next, and judges every moment. Pure.

A link that was up for a tenth of a second between two readings is in the facts of that
tenth: each change is applied to what was known and the result is judged. Between two
changes nothing slips either: the kernel counts how often a link's carrier came. A carrier
that operstate doesn't show yet counts: a false all-clear is worse than a false alarm.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from collector.facts import Namespace
from collector.isolation import Reason, judge

if TYPE_CHECKING:
    from collector.facts import DefaultRoute, Facts, Link, LinkChange
    from collector.isolation import Verdict


class Judged(NamedTuple):
    """The verdict of a moment, and what was connected since the moment before it and no longer is."""

    verdict: Verdict
    between: tuple[Reason, ...]

    @property
    def worst(self) -> str:
        """The verdict, counting what was connected in between."""
        return "CONNECTED" if self.between else self.verdict.verdict


class Timeline:
    """The facts as they are now, after every change so far."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def take(self, change: LinkChange) -> Judged:
        """Apply one change and judge."""
        before, self.facts = self.facts, _applied(self.facts, change)
        verdict = judge(self.facts)
        return Judged(verdict, _came_and_went(before, self.facts, verdict.connected, change))

    def settle(self, facts: Facts) -> Judged:
        """Take over facts that were read anew, and judge."""
        before, self.facts = self.facts, facts
        verdict = judge(facts)
        return Judged(verdict, _came_and_went(before, facts, verdict.connected))


def _came_and_went(
    before: Facts, after: Facts, connected: tuple[Reason, ...], change: LinkChange | None = None
) -> tuple[Reason, ...]:
    """Return each link whose carrier came since and is gone again, where it would have connected the machine.

    `connected` are the reasons of the verdict on `after`; after one `change` only its link is looked at.
    """
    known = {(space, link.index): link.carrier_ups for space, link in _every_link(before)}
    moved = {(link.index, link.mac): link.carrier_ups for _, link in _every_link(before)}
    unseen = _unseen(before)
    raised: dict[str | None, list[Link]] = {}
    for space, link in _every_link(after):
        if link.carrier_ups is None or (link.admin_up and link.carrier):
            continue
        if change is not None and (space, link.index) != (change.namespace, change.index):
            continue
        # A link that was not there has been made since, or has come from another namespace with its count.
        first = None if unseen else moved.get((link.index, link.mac), 0)
        earlier = known.get((space, link.index), first)
        if earlier is not None and link.carrier_ups > earlier:
            raised.setdefault(space, []).append(replace(link, admin_up=True, carrier=True, operstate="up"))
    if not raised:
        return ()
    for space, links in raised.items():  # what one link is judged to be does not hang on another one's carrier
        up = {link.index: link for link in links}
        after = _with_links(after, space, [up.get(link.index, link) for link in _links(after, space)])
    new = [reason for reason in judge(after).connected if reason not in connected]
    return tuple(Reason("came_up", reason.subject, reason.namespace) for reason in new)


def _unseen(facts: Facts) -> bool:
    """Tell whether links may have been there that were not read."""
    unread = [*facts.unread, *(one for space in facts.others for one in space.unread)]
    return any(one.what in ("links", "namespaces") for one in unread)


def _applied(facts: Facts, change: LinkChange) -> Facts:
    if change.link is not None and change.namespace not in (None, *(space.name for space in facts.others)):
        # A namespace that is new: until everything is read anew, what its links tell is all that is known of it.
        facts = replace(facts, others=(*facts.others, Namespace(str(change.namespace))))
    links, routes = _links(facts, change.namespace), _routes(facts, change.namespace)
    if change.what == "link" and change.link is not None:
        earlier = next((link for link in links if link.index == change.index), None)
        new = change.link if earlier is None else replace(change.link, addresses=earlier.addresses)
        links = [new if link.index == change.index else link for link in links]
        if earlier is None:
            links.append(new)
        if not new.admin_up:  # the kernel drops its routes and does not tell of each
            routes = [route for route in routes if route.index != change.index]
    elif change.what == "link-gone":
        links = [link for link in links if link.index != change.index]
        routes = [route for route in routes if route.index != change.index]
    elif change.what in ("address", "address-gone") and change.address is not None:
        links = [_addressed(link, change) if link.index == change.index else link for link in links]
    elif change.what in ("route", "route-gone") and change.route is not None:
        routes = [route for route in routes if route != change.route]
        if change.what == "route":
            routes.append(change.route)
    return _with_routes(_with_links(facts, change.namespace, links), change.namespace, routes)


def _addressed(link: Link, change: LinkChange) -> Link:
    kept = tuple(address for address in link.addresses if address != change.address)
    if change.what == "address" and change.address is not None:
        kept = (*kept, change.address)
    return replace(link, addresses=kept)


def _every_link(facts: Facts) -> list[tuple[str | None, Link]]:
    own: list[tuple[str | None, Link]] = [(None, link) for link in facts.links]
    return own + [(space.name, link) for space in facts.others for link in space.links]


def _links(facts: Facts, namespace: str | None) -> list[Link]:
    if namespace is None:
        return list(facts.links)
    return [link for space in facts.others if space.name == namespace for link in space.links]


def _routes(facts: Facts, namespace: str | None) -> list[DefaultRoute]:
    if namespace is None:
        return list(facts.default_routes)
    return [route for space in facts.others if space.name == namespace for route in space.default_routes]


def _with_links(facts: Facts, namespace: str | None, links: list[Link]) -> Facts:
    if namespace is None:
        return replace(facts, links=tuple(links))
    others = [replace(one, links=tuple(links)) if one.name == namespace else one for one in facts.others]
    return replace(facts, others=tuple(others))


def _with_routes(facts: Facts, namespace: str | None, routes: list[DefaultRoute]) -> Facts:
    if namespace is None:
        return replace(facts, default_routes=tuple(routes))
    others = [replace(one, default_routes=tuple(routes)) if one.name == namespace else one for one in facts.others]
    return replace(facts, others=tuple(others))
