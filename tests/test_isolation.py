"""The judge: each line of `RULES`, the verdict of the machine, and what a person is told."""

from __future__ import annotations

import json
import string
from dataclasses import replace

import pytest

from collector import isolation
from collector.facts import DefaultRoute, Facts, Link, Namespace, Radio, RemoteAccess, Unread
from collector.isolation import judge
from collector.model import Gap, Outcome
from collector.sources.interfaces import InterfaceSource

LOOPBACK = Link("lo", 1, "loopback", admin_up=True, carrier=True, operstate="unknown", physical=False)
UP = {"admin_up": True, "carrier": True, "operstate": "up"}
UNPLUGGED = {"admin_up": True, "carrier": False, "operstate": "down"}
DOWN = {"admin_up": False, "carrier": None, "operstate": "down"}
GAP = Gap(Outcome.DENIED, "the interfaces can't be listed")
ROUTE = {"family": "inet", "destination": "0.0.0.0/0", "interface": "x"}


def link(kind, state, index=2, **more):
    return Link(more.pop("name", f"x{index}"), index, kind, **(state | more))


def judged(*links, **more):
    return judge(Facts((LOOPBACK, *links), **more))


def codes(verdict):
    return [reason.code for reason in verdict.reasons]


# One line of RULES each: its number, links of which the first is judged, whether it carries a default route.
LINES = [
    (0, [link("ethernet", DOWN, physical=True)], False, "down", None),
    (1, [link("wifi", UNPLUGGED, associated=True)], False, "connected", "wifi_connected"),
    (2, [link("ethernet", {"admin_up": None, "carrier": True})], False, "unknown", "link_unread"),
    (2, [link("ethernet", {"admin_up": True, "carrier": None})], False, "unknown", "link_unread"),
    (3, [link("ethernet", {"admin_up": True, "carrier": False, "operstate": "up"})], False, "unknown", "contradiction"),
    (4, [link("ethernet", UNPLUGGED, physical=True)], False, "no_carrier", "no_carrier"),
    (5, [link("ethernet", UP, physical=True)], False, "connected", "ethernet_connected"),
    (7, [link("veth", UP)], True, "connected", "default_route"),
    (8, [link(None, UP)], False, "unknown", "kind_unread"),
    (9, [LOOPBACK], False, "internal", None),
    (10, [link("bridge", UP), link("ethernet", UNPLUGGED, 3, master=2)], False, "connected", "internal_joined"),
    (11, [link("bridge", UP)], False, "internal", None),
]
ELSEWHERE = "net:[4026532281]"
IN_ANOTHER = (6, link("veth", UP))
"""The line that only a link of another namespace meets."""


def elsewhere(*links, routes=(), number=None, unread=()):
    return Namespace(ELSEWHERE, 77, "77", number, links, tuple(DefaultRoute(index, ROUTE) for index in routes), unread)


@pytest.mark.parametrize(("line", "links", "outside", "state", "code"), LINES)
def test_each_line_of_the_table_judges_its_link(line, links, outside, state, code):
    """The link gets exactly the state and reason of the line that is meant for it."""
    routes = (DefaultRoute(links[0].index, ROUTE),) if outside else ()
    verdict = judge(Facts(tuple(links), routes))
    assert verdict.interfaces[0]["state"] == state == isolation.RULES[line].state
    mine = [reason.code for reason in verdict.reasons if reason.subject == links[0].name]
    assert mine == ([] if code is None else [code])


def test_no_line_of_the_table_is_without_a_test():
    """A rule that is added has to bring its example."""
    assert {line for line, *_ in [*LINES, IN_ANOTHER]} == set(range(len(isolation.RULES)))


def test_a_veth_in_another_namespace_is_judged_at_our_end():
    """A container's way out is a veth whose other end is ours: its default route leads to us, not outside."""
    line, veth = IN_ANOTHER
    verdict = judged(others=(elsewhere(veth, routes=(2,)),))
    assert verdict.verdict == "ISOLATED"
    assert verdict.interfaces[1]["state"] == "internal" == isolation.RULES[line].state
    assert verdict.interfaces[1]["namespace"] == ELSEWHERE


@pytest.mark.parametrize("kind", ["ethernet", "wifi", "cellular", "vpn", "tunnel", "macvlan", "vlan", "bond"])
def test_a_real_link_in_another_namespace_counts_on_the_whole_machine(kind):
    """A cable that was moved into a container is still this machine's cable; the reason names where it is."""
    there = elsewhere(link(kind, UP, name="x2"))
    verdict = judged(others=(there,))
    assert verdict.verdict == "CONNECTED"
    assert f"x2 @ {ELSEWHERE}" in verdict.reasons[0].text
    alone = judged(others=(there,), scope="namespace", scope_reason="other_namespace")
    assert (alone.verdict, [row["state"] for row in alone.elsewhere]) == ("ISOLATED", ["connected"])
    assert len(alone.interfaces) == 1


def test_a_tap_in_another_namespace_connects_by_its_default_route():
    """Only a veth is excused: what stands behind a tap is a program."""
    assert judged(others=(elsewhere(link("tap", UP)),)).verdict == "ISOLATED"
    assert judged(others=(elsewhere(link("tap", UP), routes=(2,)),)).verdict == "CONNECTED"


def test_our_veth_leads_through_another_namespace_to_its_port():
    """A bridge over there with a real port makes our end connected, though the port has no cable yet."""
    ours = link("veth", UP, 2, peer=5, peer_namespace=0)
    port = link("ethernet", UNPLUGGED, 7, master=6)
    there = (link("veth", UP, 5, master=6), link("bridge", UP, 6))
    assert judged(ours, others=(elsewhere(*there, number=0),)).verdict == "ISOLATED"
    assert codes(judged(ours, others=(elsewhere(*there, port, number=0),)))[0] == "internal_joined"
    assert judged(ours, others=(elsewhere(*there, port, number=1),)).interfaces[1]["state"] == "internal"
    alone = judged(ours, others=(elsewhere(*there, port, number=0),), scope="namespace")
    assert alone.verdict == "ISOLATED", "from within a container our end alone is judged"


def test_what_says_more_than_the_verdict_changes_nothing():
    """Remote access, Bluetooth and processes that hide their namespace are told, or not, and decide nothing."""
    more = Facts(
        (LOOPBACK,),
        radios=(Radio(0, "hci0", "bluetooth", soft_blocked=False, hard_blocked=False),),
        remote_access=(RemoteAccess("AnyDesk", "anydesk", 12), RemoteAccess("AnyDesk", "anydesk", 13)),
        hidden_processes=3,
        unread=(Unread("radios", GAP), Unread("remote", GAP)),
    )
    assert (judge(more).verdict, codes(judge(more))) == ("ISOLATED", ["remote_access", "bluetooth_on"])
    told = judge(more).as_json()
    assert [one["pid"] for one in told["remote_access"]] == [12, 13]
    assert (told["radios"][0]["name"], told["hidden_processes"]) == ("hci0", 3)
    blocked = replace(more.radios[0], soft_blocked=True)
    assert codes(judge(replace(more, radios=(blocked,)))) == ["remote_access"]


KINDS = [
    ("ethernet", "connected", "ethernet_connected"),
    ("wifi", "connected", "wifi_connected"),
    ("cellular", "connected", "cellular_connected"),
    ("bluetooth", "connected", "bluetooth_connected"),
    ("vpn", "connected", "vpn_connected"),
    ("tunnel", "connected", "vpn_connected"),
    ("bond", "connected", "virtual_connected"),
    ("vlan", "connected", "virtual_connected"),
    ("macvlan", "connected", "virtual_connected"),
    ("other", "connected", "other_connected"),
    ("bridge", "internal", None),
    ("tap", "internal", None),
    ("veth", "internal", None),
    ("dummy", "internal", None),
    ("ifb", "internal", None),
]


@pytest.mark.parametrize(("kind", "state", "code"), KINDS)
def test_what_a_live_link_of_each_kind_counts_as(kind, state, code):
    """A link with carrier is connected even without an address, unless its kind reaches nobody by itself."""
    verdict = judged(link(kind, UP))
    assert verdict.interfaces[1]["state"] == state
    assert codes(verdict) == ([] if code is None else [code])
    assert verdict.verdict == ("CONNECTED" if state == "connected" else "ISOLATED")


def test_the_kinds_of_the_table_are_those_of_the_source():
    """The interfaces source promises exactly the kinds that have a rule."""
    promised = InterfaceSource.columns["kind"].rstrip(".").split(", ")
    assert sorted(promised) == sorted([kind for kind, *_ in KINDS] + ["loopback"])


@pytest.mark.parametrize("kind", [kind for kind, *_ in KINDS] + [None])
@pytest.mark.parametrize(("state", "expected"), [(DOWN, "down"), (UNPLUGGED, "no_carrier")])
def test_a_default_route_over_a_dead_link_connects_nobody(kind, state, expected):
    """Off or unplugged is isolated whatever the kind, though its route may still stand."""
    verdict = judged(link(kind, state), default_routes=(DefaultRoute(2, ROUTE),))
    assert (verdict.interfaces[1]["state"], verdict.verdict) == (expected, "ISOLATED")
    assert verdict.routes == (ROUTE,)


@pytest.mark.parametrize("kind", [kind for kind, *_ in KINDS] + [None])
def test_a_default_route_over_a_live_link_is_connected_whatever_the_kind(kind):
    """A false alarm costs a phone call, a false all-clear costs the case."""
    verdict = judged(link(kind, UP), default_routes=(DefaultRoute(2, ROUTE),))
    assert (verdict.interfaces[1]["state"], verdict.verdict) == ("connected", "CONNECTED")


@pytest.mark.parametrize("operstate", ["unknown", "down", "lowerlayerdown", "dormant", "up", None])
def test_carrier_counts_where_operstate_lags(operstate):
    """A link with carrier is live whatever operstate says: the kernel derives it later."""
    verdict = judged(link("ethernet", UP | {"operstate": operstate}))
    assert verdict.verdict == "CONNECTED"


def test_a_device_is_connected_whatever_its_kind():
    """A physical link is never internal, not even one whose kind could not be read."""
    assert judged(link(None, UP, physical=True)).verdict == "CONNECTED"


def test_a_veth_is_connected_through_a_bridge_at_its_other_end():
    """Behind a veth stand its peer, the peer's bridge and the bridge's ports."""
    near = link("veth", UP, 2, peer=3)
    far = link("veth", UP, 3, peer=2, master=4)
    bridge = link("bridge", UP, 4)
    port = link("ethernet", UNPLUGGED, 5, master=4)
    assert judged(near, far, bridge).verdict == "ISOLATED"
    states = {row["name"]: row["state"] for row in judged(near, far, bridge, port).interfaces}
    assert states == {"lo": "internal", "x2": "connected", "x3": "connected", "x4": "connected", "x5": "no_carrier"}


def test_a_port_of_unread_kind_may_lead_outside():
    """A bridge is internal only where every port is known to be."""
    verdict = judged(link("bridge", UP), link(None, UNPLUGGED, 3, master=2))
    assert [row["state"] for row in verdict.interfaces] == ["internal", "connected", "no_carrier"]


def test_unplugged_is_not_disabled():
    """A link that is on without a carrier is isolated, and the reasons say that it revives."""
    verdict = judged(link("ethernet", UNPLUGGED, name="eth0"), link("wifi", UNPLUGGED, 3, name="wlan0"))
    assert verdict.verdict == "ISOLATED"
    assert codes(verdict) == ["no_carrier", "wifi_no_carrier"]
    assert verdict.reasons[0].text.startswith("eth0 has no link but is switched on: it works again")


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (Facts(()), "no_links"),
        (Facts((LOOPBACK,), unread=(Unread("links", GAP), Unread("links", GAP))), "links_unread"),
        (Facts((LOOPBACK,), unread=(Unread("addresses", GAP),)), "addresses_unread"),
        (Facts((LOOPBACK,), unread=(Unread("routes", GAP),)), "routes_unread"),
        (Facts((LOOPBACK,), unread=(Unread("devices", GAP),)), "devices_unread"),
        (Facts((LOOPBACK,), (DefaultRoute(None, ROUTE),)), "route_without_link"),
        (Facts((LOOPBACK,), (DefaultRoute(9, ROUTE),)), "route_without_link"),
        (Facts((LOOPBACK,), unread=(Unread("namespaces", GAP),)), "namespaces_unread"),
        (Facts((LOOPBACK,), others=(elsewhere(unread=(Unread("namespaces", GAP),)),)), "namespace_unread"),
        (Facts((LOOPBACK,), others=(elsewhere(unread=(Unread("routes", GAP),)),)), "namespace_unread"),
        (Facts((LOOPBACK,), idle_devices=("0000:00:03.0",)), "device_without_interface"),
    ],
)
def test_what_could_not_be_read_is_unknown_never_isolated(facts, code):
    """Each table that is missing makes UNKNOWN with its reason, said once."""
    verdict = judge(facts)
    assert (verdict.verdict, codes(verdict)) == ("UNKNOWN", [code])


def test_a_live_link_is_connected_though_something_else_could_not_be_read():
    """CONNECTED goes before UNKNOWN, in one verdict and over several."""
    verdict = judged(link("wifi", UP), unread=(Unread("routes", GAP),))
    assert verdict.verdict == "CONNECTED"
    assert codes(verdict) == ["wifi_connected", "routes_unread"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["ISOLATED", "ISOLATED"], "ISOLATED"),
        (["ISOLATED", "UNKNOWN"], "UNKNOWN"),
        (["UNKNOWN", "CONNECTED", "ISOLATED"], "CONNECTED"),
        ([], "UNKNOWN"),
    ],
)
def test_the_worst_of_several(given, expected):
    """One moment of connection makes the whole run CONNECTED; no verdict at all is no all-clear."""
    assert isolation.worst(given) == expected


@pytest.mark.parametrize("reason", ["other_namespace", "scope_unread"])
def test_a_verdict_on_a_namespace_says_so(reason):
    """Outside the host's own namespace the reasons say so, and the machine's devices decide nothing."""
    unread = (Unread("namespaces", GAP),)
    there = (elsewhere(unread=unread), elsewhere(link("ethernet", UP)))
    verdict = judged(
        scope="namespace", scope_reason=reason, idle_devices=("0000:00:03.0",), others=there, unread=unread
    )
    assert (verdict.verdict, verdict.scope, codes(verdict)) == ("ISOLATED", "namespace", [reason])


def test_every_reason_is_a_sentence_and_can_be_reached():
    """Templates hold no field but the name, end as sentences do, and each is given by some facts."""
    for template in isolation.REASONS.values():
        fields = {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}
        assert fields <= {"name"}
        assert template.endswith((".", ")."))
    reached = {code for *_, code in [*LINES, *KINDS] if code}
    reached |= {"no_carrier", "wifi_no_carrier", "no_links", "links_unread", "addresses_unread", "routes_unread"}
    reached |= {"devices_unread", "route_without_link", "device_without_interface", "other_namespace", "scope_unread"}
    reached |= set(codes(judged(link("cellular", UNPLUGGED))))
    reached |= {"namespaces_unread", "namespace_unread", "remote_access", "bluetooth_on"}
    reached |= {"came_up", "slept", "restarted", "unwatched", "changes_lost"}  # of a run: test_timeline, test_vigil
    assert reached == set(isolation.REASONS)


MORE = ("elsewhere", "radios", "remote_access", "hidden_processes")


def test_json_has_the_keys_and_columns_of_the_contract():
    """`collect isolation --json` and the interfaces source show the same rows, with every column."""
    verdict = judged(link("ethernet", UP, addresses=("192.0.2.1/24",)), default_routes=(DefaultRoute(2, ROUTE),))
    shown = verdict.as_json()
    assert list(shown) == ["verdict", "scope", "interfaces", "routes", "reasons", *MORE]
    assert all(list(row) == list(InterfaceSource.columns) for row in verdict.interfaces)
    assert json.loads(json.dumps(shown)) == shown
    assert isolation.EXIT_CODES[verdict.verdict] == 1


def test_a_hostile_name_reaches_no_terminal():
    """An interface may be named with ANSI sequences and braces: the row keeps its bytes, the sentence escapes it."""
    hostile = {"text": "\x1b[31m{0}�", "hex": b"\x1b[31m{0}\xff".hex()}
    verdict = judged(replace(link("ethernet", UP), name=hostile))
    assert verdict.interfaces[1]["name"] == hostile
    assert "\\x1b[31m{0}" in verdict.as_json()["reasons"][0]
    assert "\x1b" not in verdict.as_json()["reasons"][0]
