"""Judges interface facts into a verdict: whether this machine is off the network.

Pure: no file, no socket, no clock. `RULES` is the whole judgement of one link, first match
wins; `judge` is the judgement of the machine. A false alarm costs a phone call, a false
all-clear costs the case: whatever is doubtful is never ISOLATED.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

from collector import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from collector.facts import Facts, Link
    from collector.model import Json, Row
    from collector.text import Text

EXIT_CODES = {"ISOLATED": 0, "CONNECTED": 1, "UNKNOWN": 3}
"""Exit code of `collect isolation` for each verdict (docs/SPEC.md; design.md, section 6)."""

_WORST_FIRST = ("CONNECTED", "UNKNOWN", "ISOLATED")

INTERNAL_KINDS = frozenset({"loopback", "bridge", "tap", "veth", "dummy", "ifb"})
"""Kinds that reach nobody by themselves. A dummy drops what it is given; an ifb hands
packets back to the link they were redirected from, which is judged itself."""

REASONS: dict[str, str] = {
    # Why CONNECTED: what a person does about it.
    "ethernet_connected": "The network cable of {name} is plugged in: pull it out at the computer or at the wall.",
    "wifi_connected": "Wi-Fi {name} is still connected: switch it off with its key, its switch or airplane mode.",
    "cellular_connected": "The mobile network {name} is still connected: switch on airplane mode or take the SIM out.",
    "bluetooth_connected": "Bluetooth {name} is still connected to a network: switch Bluetooth off.",
    "vpn_connected": "The VPN or tunnel {name} is still up: disconnect it, then run this check again.",
    "virtual_connected": "{name} is a network link on top of another one and is still up: switch that other one off.",
    "other_connected": "{name} is a network link of another kind and is still up: unplug it or switch it off.",
    "internal_joined": "{name} is up and a real network link belongs to it: unplug that link and switch {name} off.",
    "default_route": "{name} is up and is the way to the outside (default route): switch it off.",
    # Why UNKNOWN: what could not be seen.
    "link_unread": "{name} could not be read: check by eye that its cable is out or its radio off.",
    "kind_unread": "{name} is up and what it is could not be read: check by eye what it is connected to.",
    "contradiction": "{name} says that it is up and that it has no link: check its cable, then run this check again.",
    "no_links": "The system listed no network link at all, not even its own: nothing can be said.",
    "route_without_link": "There is a default route over a link that could not be seen: check every cable by eye.",
    "device_without_interface": "The network device {name} shows no link here: check by eye that it is unplugged.",
    "links_unread": "The network links could not all be read: check every cable and Wi-Fi by eye.",
    "addresses_unread": "The addresses of the network links could not all be read: check every cable and Wi-Fi by eye.",
    "routes_unread": "The routes could not all be read: check every cable and Wi-Fi by eye.",
    "devices_unread": "The list of network devices could not be read: check every cable and Wi-Fi by eye.",
    # What should be known beside the verdict.
    "no_carrier": "{name} has no link but is switched on: it works again as soon as it is plugged in; leave it out.",
    "wifi_no_carrier": "Wi-Fi {name} is joined to no network but is switched on: switch it off, or it may join one.",
    "cellular_no_carrier": "The mobile network {name} is not connected but is switched on: switch on airplane mode.",
    "other_namespace": "Only the links of this container or namespace were judged, not those of the whole computer.",
    "came_up": "{name} was connected for a moment and no longer is: leave it unplugged and switched off.",
    "scope_unread": "Whether these are the links of the whole computer could not be checked (run as root to check).",
}
"""Every reason as a template in English: the UI translates the template, then fills `{name}`."""

_CONNECTED = {
    "ethernet": "ethernet_connected",
    "wifi": "wifi_connected",
    "cellular": "cellular_connected",
    "bluetooth": "bluetooth_connected",
    "vpn": "vpn_connected",
    "tunnel": "vpn_connected",
    "bond": "virtual_connected",
    "vlan": "virtual_connected",
    "macvlan": "virtual_connected",
}

_NO_CARRIER = {"wifi": "wifi_no_carrier", "cellular": "cellular_no_carrier"}


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that led to the verdict: a key of `REASONS` and what it concerns."""

    code: str
    subject: Text | None = None

    @property
    def text(self) -> str:
        """The sentence in English, safe to print."""
        return REASONS[self.code].format(name=text.printable(self.subject))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement: `interfaces` are rows of the interfaces source, `routes` the default routes."""

    verdict: str
    scope: str
    interfaces: tuple[Row, ...]
    routes: tuple[Row, ...]
    reasons: tuple[Reason, ...]
    """What connects comes first, then what could not be seen, then what should be known beside it."""
    connected: tuple[Reason, ...] = ()
    """Those of the reasons that connect."""

    def as_json(self) -> dict[str, Json]:
        """Return the object that `collect isolation --json` prints."""
        return {
            "verdict": self.verdict,
            "scope": self.scope,
            "interfaces": list(self.interfaces),
            "routes": list(self.routes),
            "reasons": [reason.text for reason in self.reasons],
        }


class _Seen(NamedTuple):
    """A link with what its neighbours say of it."""

    link: Link
    default_route: bool
    joined: bool
    """Its bridge, port or veth peer in this namespace leads to a link that is not internal."""


class Rule(NamedTuple):
    """One line of the judgement of a link."""

    state: str
    code: str | None
    applies: Callable[[_Seen], bool]


RULES: tuple[Rule, ...] = (
    Rule("down", None, lambda seen: seen.link.admin_up is False),
    Rule("unknown", "link_unread", lambda seen: seen.link.admin_up is None or seen.link.carrier is None),
    Rule("unknown", "contradiction", lambda seen: not seen.link.carrier and seen.link.operstate in ("up", "dormant")),
    Rule("no_carrier", "no_carrier", lambda seen: not seen.link.carrier),
    # From here on the link is live: switched on, and with a carrier.
    Rule("connected", "other_connected", lambda seen: _is_real(seen.link)),
    Rule("connected", "default_route", lambda seen: seen.default_route),
    Rule("unknown", "kind_unread", lambda seen: seen.link.kind is None),
    Rule("internal", None, lambda seen: seen.link.kind == "loopback"),
    Rule("connected", "internal_joined", lambda seen: seen.joined),
    Rule("internal", None, lambda seen: seen.link.kind in INTERNAL_KINDS),
)
"""The judgement of one link: the first line that applies. Tests name each line."""


def judge(facts: Facts) -> Verdict:
    """Return the verdict on one namespace; never raises for what the facts say."""
    outside = {route.index for route in facts.default_routes}
    joined = _joined(facts.links)
    reasons: dict[str, list[Reason]] = {"connected": [], "unknown": [], "aside": []}
    rows = []
    for link in facts.links:
        rule = _first(_Seen(link, link.index in outside, link.index in joined))
        if rule.code is not None:
            weight = rule.state if rule.state in reasons else "aside"
            reasons[weight].append(Reason(_code_for(rule.code, link), link.name))
        rows.append(_row(link, rule.state))
    reasons["unknown"] += _machine_reasons(facts, outside)
    if facts.scope_reason is not None:
        reasons["aside"].append(Reason(facts.scope_reason))
    verdict = "CONNECTED" if reasons["connected"] else "UNKNOWN" if reasons["unknown"] else "ISOLATED"
    return Verdict(
        verdict,
        facts.scope,
        tuple(rows),
        tuple(route.row for route in facts.default_routes),
        tuple(reason for weight in reasons.values() for reason in weight),
        tuple(reasons["connected"]),
    )


def worst(verdicts: Iterable[str]) -> str:
    """Return the worst of several verdicts, CONNECTED over UNKNOWN over ISOLATED; UNKNOWN of none."""
    given = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in given), "UNKNOWN")


def _machine_reasons(facts: Facts, outside: set[int | None]) -> list[Reason]:
    """Return what makes the machine UNKNOWN whatever its links are."""
    reasons = [Reason(f"{what}_unread") for what in dict.fromkeys(unread.what for unread in facts.unread)]
    if not facts.links:
        reasons.append(Reason("no_links"))
    if outside - {link.index for link in facts.links}:
        reasons.append(Reason("route_without_link"))
    if facts.scope == "host":
        reasons += [Reason("device_without_interface", name) for name in facts.idle_devices]
    return reasons


def _is_real(link: Link) -> bool:
    """Tell whether a link reaches others by itself: a device, or a kind that is not internal."""
    return link.physical is True or (link.kind is not None and link.kind not in INTERNAL_KINDS)


def _first(seen: _Seen) -> Rule:
    return next(rule for rule in RULES if rule.applies(seen))


def _code_for(code: str, link: Link) -> str:
    """Return the reason in the words of the link's kind, where there are such."""
    if code == "other_connected":
        return _CONNECTED.get(link.kind or "", code)
    if code == "no_carrier":
        return _NO_CARRIER.get(link.kind or "", code)
    return code


def _joined(links: tuple[Link, ...]) -> set[int]:
    """Return the indexes of links that lead to one that is not internal.

    Ports and their bridge, and the two ends of a veth, lead to one another. A port counts
    whatever its state: it may be plugged in at any moment.
    """
    beside: dict[int, set[int]] = {link.index: set() for link in links}
    for link in links:
        for other in (link.master, link.peer):
            if other in beside:
                beside[link.index].add(other)
                beside[other].add(link.index)
    reached: set[int] = set()
    todo = [link.index for link in links if _is_real(link) or link.kind is None]
    while todo:
        index = todo.pop()
        if index not in reached:
            reached.add(index)
            todo += beside[index]
    return reached


def _row(link: Link, state: str) -> Row:
    """Return a row of the interfaces source (`collector/sources/interfaces.py`)."""
    return {
        "name": cast("Json", link.name),
        "kind": link.kind,
        "admin_up": link.admin_up,
        "carrier": link.carrier,
        "operstate": link.operstate,
        "addresses": list(link.addresses),
        "mac": link.mac,
        "driver": cast("Json", link.driver),
        "state": state,
        "unread": dict(link.unread),
    }
