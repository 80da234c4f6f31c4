"""Judges interface facts into a verdict: whether this machine is off the network.

Pure: no file, no socket, no clock. `RULES` is the whole judgement of one link, first match
wins; `judge` is the judgement of the machine. A false alarm costs a phone call, a false
all-clear costs the case: whatever is doubtful is never ISOLATED.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from collector import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from collector.facts import DefaultRoute, Facts, Link, Radio, RemoteAccess, Unread
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
    "namespace_unread": "The network of a separate area ({name}) could not be looked into: ask for an expert.",
    "namespaces_unread": "Which separate networks this computer holds could not be read: check every cable by eye.",
    "addresses_unread": "The addresses of the network links could not all be read: check every cable and Wi-Fi by eye.",
    "routes_unread": "The routes could not all be read: check every cable and Wi-Fi by eye.",
    "devices_unread": "The list of network devices could not be read: check every cable and Wi-Fi by eye.",
    # What should be known beside the verdict.
    "no_carrier": "{name} has no link but is switched on: it works again as soon as it is plugged in; leave it out.",
    "wifi_no_carrier": "Wi-Fi {name} is joined to no network but is switched on: switch it off, or it may join one.",
    "cellular_no_carrier": "The mobile network {name} is not connected but is switched on: switch on airplane mode.",
    "bluetooth_on": "Bluetooth is switched on: switch it off, it may reach a telephone or another computer.",
    "remote_access": "{name} is running; it can let somebody use this computer from elsewhere: tell the expert.",
    # What happened in the course of a run (`collector/vigil.py`, `collector/timeline.py`).
    "came_up": "{name} was connected for a while and no longer is: leave it unplugged and switched off.",
    "slept": "The computer slept for a while during the collection: nobody watched its network meanwhile.",
    "restarted": "The computer was started anew during the collection: nobody watched its network meanwhile.",
    "unwatched": "Nobody watched the network for a part of the collection.",
    "changes_lost": "More happened on the network than could be noted.",
    # How far the verdict goes.
    "other_namespace": "Only the links of this container or namespace were judged, not those of the whole computer.",
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

_OTHERS = "namespaces"
_DECIDING = frozenset({"links", "addresses", "routes", "devices", _OTHERS})
"""What of `Unread.what` decides; radios and programs say more about links that are judged anyway."""

_NO_CARRIER = {"wifi": "wifi_no_carrier", "cellular": "cellular_no_carrier"}


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that led to the verdict: a key of `REASONS`, what it concerns, and in which other namespace."""

    code: str
    subject: Text | None = None
    namespace: str | None = None

    @property
    def name(self) -> str:
        """What it concerns, safe to print."""
        shown = text.printable(self.subject, 64)
        return shown if self.namespace is None else f"{shown} @ {self.namespace}"

    @property
    def text(self) -> str:
        """The sentence in English, safe to print."""
        return REASONS[self.code].format(name=self.name)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement: `interfaces` are rows of the interfaces source, `routes` the default routes.

    `elsewhere` are links of other namespaces that decide nothing here (scope `namespace`).
    """

    verdict: str
    scope: str
    interfaces: tuple[Row, ...]
    elsewhere: tuple[Row, ...]
    routes: tuple[Row, ...]
    reasons: tuple[Reason, ...]
    """What connects comes first, then what could not be seen, then what should be known beside it."""
    connected: tuple[Reason, ...] = ()
    """Those of the reasons that connect."""
    radios: tuple[Row, ...] = ()
    """Each radio: name, kind, soft_blocked, hard_blocked."""
    remote_access: tuple[Row, ...] = ()
    """Each running program that can let somebody in from elsewhere: product, name, pid."""
    hidden_processes: int = 0
    """Processes whose namespace could not be read; they decide nothing."""

    def as_json(self) -> dict[str, Json]:
        """Return the object that `collect isolation --json` prints."""
        return {
            "verdict": self.verdict,
            "scope": self.scope,
            "interfaces": list(self.interfaces),
            "routes": list(self.routes),
            "reasons": [reason.text for reason in self.reasons],
            "elsewhere": list(self.elsewhere),
            "radios": list(self.radios),
            "remote_access": list(self.remote_access),
            "hidden_processes": self.hidden_processes,
        }


_Key: TypeAlias = "tuple[str | None, int | None]"
"""A link of the machine: its namespace (`None`: our own) and its index there."""


class _Seen(NamedTuple):
    """A link with what its neighbours say of it."""

    link: Link
    namespace: str | None
    default_route: bool
    joined: bool
    """Its bridge, port or veth peer leads to a link that is not internal."""


class Rule(NamedTuple):
    """One line of the judgement of a link."""

    state: str
    code: str | None
    applies: Callable[[_Seen], bool]


RULES: tuple[Rule, ...] = (
    Rule("down", None, lambda seen: seen.link.admin_up is False),
    Rule("connected", "other_connected", lambda seen: bool(seen.link.admin_up and seen.link.associated)),
    Rule("unknown", "link_unread", lambda seen: seen.link.admin_up is None or seen.link.carrier is None),
    Rule("unknown", "contradiction", lambda seen: not seen.link.carrier and seen.link.operstate in ("up", "dormant")),
    Rule("no_carrier", "no_carrier", lambda seen: not seen.link.carrier),
    # From here on the link is live: switched on, and with a carrier.
    Rule("connected", "other_connected", lambda seen: _is_real(seen.link)),
    # A veth in another namespace is judged at our end: a container's way out is ours.
    Rule("internal", None, lambda seen: seen.namespace is not None and seen.link.kind == "veth"),
    Rule("connected", "default_route", lambda seen: seen.default_route),
    Rule("unknown", "kind_unread", lambda seen: seen.link.kind is None),
    Rule("internal", None, lambda seen: seen.link.kind == "loopback"),
    Rule("connected", "internal_joined", lambda seen: seen.joined),
    Rule("internal", None, lambda seen: seen.link.kind in INTERNAL_KINDS),
)
"""The judgement of one link: the first line that applies. Tests name each line."""


def judge(facts: Facts) -> Verdict:
    """Return the verdict on a machine, or on one namespace of it (`Facts.scope`); never raises for what they say."""
    whole = facts.scope == "host"
    joined = _joined(facts)
    reasons: dict[str, list[Reason]] = {"connected": [], "unknown": [], "aside": []}
    rows: dict[bool, list[Row]] = {True: [], False: []}
    for space in _spaces(facts):
        counts = whole or space.name is None
        outside = {route.index for route in space.default_routes}
        for link in space.links:
            rule = _first(_Seen(link, space.name, link.index in outside, (space.name, link.index) in joined))
            rows[counts].append(_row(link, rule.state, space.name))
            if rule.code is not None and counts:
                weight = rule.state if rule.state in reasons else "aside"
                reasons[weight].append(Reason(_code_for(rule.code, link), link.name, space.name))
    reasons["unknown"] += _machine_reasons(facts)
    reasons["aside"] += _aside(facts)
    verdict = "CONNECTED" if reasons["connected"] else "UNKNOWN" if reasons["unknown"] else "ISOLATED"
    return Verdict(
        verdict,
        facts.scope,
        tuple(rows[True]),
        tuple(rows[False]),
        tuple(route.row for space in _spaces(facts) if whole or space.name is None for route in space.default_routes),
        tuple(reason for weight in reasons.values() for reason in weight),
        tuple(reasons["connected"]),
        tuple(_radio_row(radio) for radio in facts.radios),
        tuple(_program_row(program) for program in facts.remote_access),
        facts.hidden_processes,
    )


def worst(verdicts: Iterable[str]) -> str:
    """Return the worst of several verdicts, CONNECTED over UNKNOWN over ISOLATED; UNKNOWN of none."""
    given = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in given), "UNKNOWN")


class _Space(NamedTuple):
    """One namespace of the facts; `name` is `None` for the one we look from."""

    name: str | None
    links: tuple[Link, ...]
    default_routes: tuple[DefaultRoute, ...]
    unread: tuple[Unread, ...]


def _spaces(facts: Facts) -> list[_Space]:
    own = _Space(None, facts.links, facts.default_routes, facts.unread)
    return [own, *(_Space(one.name, one.links, one.default_routes, one.unread) for one in facts.others)]


def _machine_reasons(facts: Facts) -> list[Reason]:
    """Return what makes the machine UNKNOWN whatever its links are."""
    whole = facts.scope == "host"
    said = dict.fromkeys(one.what for one in facts.unread if one.what in _DECIDING and (whole or one.what != _OTHERS))
    reasons = [Reason(f"{what}_unread") for what in said]
    if not facts.links:
        reasons.append(Reason("no_links"))
    for space in _spaces(facts) if whole else _spaces(facts)[:1]:
        if {route.index for route in space.default_routes} - {link.index for link in space.links}:
            reasons.append(Reason("route_without_link"))
        if space.name is not None and any(one.what in _DECIDING for one in space.unread):
            reasons.append(Reason("namespace_unread", space.name))
    if whole:
        reasons += [Reason("device_without_interface", name) for name in facts.idle_devices]
    return reasons


def _aside(facts: Facts) -> list[Reason]:
    """Return what should be known beside the verdict."""
    products = dict.fromkeys(one.product for one in facts.remote_access)
    reasons = [Reason("remote_access", product) for product in products]
    if any(radio.kind == "bluetooth" and not (radio.soft_blocked or radio.hard_blocked) for radio in facts.radios):
        reasons.append(Reason("bluetooth_on"))
    if facts.scope_reason is not None:
        reasons.append(Reason(facts.scope_reason))
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


def _joined(facts: Facts) -> set[_Key]:
    """Return the links that lead to one that is not internal.

    Ports and their bridge, and the two ends of a veth, lead to one another, from our own
    namespace into others too. A port counts whatever its state: it may be plugged in at any moment.
    """
    whole = facts.scope == "host"  # from within a container our end alone is judged
    numbers = {one.number: one.name for one in facts.others if whole and one.number is not None}
    every = [(space.name, link) for space in _spaces(facts) for link in space.links]
    beside: dict[_Key, set[_Key]] = {(name, link.index): set() for name, link in every}
    for name, link in every:
        far: list[_Key] = [(name, link.master)]
        if link.peer_namespace is None:
            far.append((name, link.peer))
        elif name is None and link.peer_namespace in numbers:  # the numbers are our own namespace's
            far.append((numbers[link.peer_namespace], link.peer))
        for other in far:
            if other in beside:
                beside[name, link.index].add(other)
                beside[other].add((name, link.index))
    reached: set[_Key] = set()
    todo: list[_Key] = [(name, link.index) for name, link in every if _is_real(link) or link.kind is None]
    while todo:
        key = todo.pop()
        if key not in reached:
            reached.add(key)
            todo += beside[key]
    return reached


def _radio_row(radio: Radio) -> Row:
    return {
        "name": cast("Json", radio.name),
        "kind": radio.kind,
        "soft_blocked": radio.soft_blocked,
        "hard_blocked": radio.hard_blocked,
    }


def _program_row(program: RemoteAccess) -> Row:
    return {"product": program.product, "name": cast("Json", program.name), "pid": program.pid}


def _row(link: Link, state: str, namespace: str | None) -> Row:
    """Return a row of the interfaces source (`collector/sources/interfaces.py`)."""
    return {
        "name": cast("Json", link.name),
        "kind": link.kind,
        "admin_up": link.admin_up,
        "carrier": link.carrier,
        "operstate": link.operstate,
        "addresses": list(link.addresses),
        "mac": link.mac,
        "permanent_mac": link.permanent_mac,
        "wifi": cast("Json", link.wifi),
        "namespace": namespace,
        "driver": cast("Json", link.driver),
        "state": state,
        "unread": dict(link.unread),
    }
