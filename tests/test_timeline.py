"""The timeline: each change is judged at its moment, and nothing slips between two of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collector.facts import DefaultRoute, Facts, Link, LinkChange, Namespace, Unread
from collector.model import Gap, Moment, Outcome
from collector.timeline import Timeline

NOW = Moment(0, 0, 0, 0, "boot")
LOOPBACK = Link("lo", 1, "loopback", admin_up=True, carrier=True, operstate="unknown", physical=False)
ROUTE = DefaultRoute(2, {"family": "inet", "destination": "0.0.0.0/0", "interface": "eth0"})
OTHER = "net:[4026532281]"


def eth(*, up=False, ups=0, **more):
    state = {"admin_up": True, "carrier": True, "operstate": "up"} if up else {"admin_up": True, "carrier": False}
    return Link("eth0", 2, more.pop("kind", "ethernet"), **(state | {"carrier_ups": ups} | more))


def changed(link, namespace=None):
    return LinkChange(NOW, "link", namespace, link.index, link)


def test_a_link_that_came_up_and_went_again_was_connected_in_between():
    """Two changes a tenth of a second apart: the verdict of the first is CONNECTED, that of the second ISOLATED."""
    timeline = Timeline(Facts((LOOPBACK, eth())))
    assert timeline.take(changed(eth(up=True, ups=1))).worst == "CONNECTED"
    last = timeline.take(changed(eth(ups=1)))
    assert (last.worst, last.between) == ("ISOLATED", ())


@pytest.mark.parametrize("way", ["change", "reading"])
@pytest.mark.parametrize("off", [True, False])
def test_the_carrier_counter_tells_what_no_change_told(way, off):
    """The kernel counted one more carrier since, and it is gone again: connected in between, and named."""
    after = eth(ups=4, admin_up=not off, carrier=None if off else False)
    timeline = Timeline(Facts((LOOPBACK, eth(ups=3))))
    judged = timeline.take(changed(after)) if way == "change" else timeline.settle(Facts((LOOPBACK, after)))
    assert judged.worst == "CONNECTED"
    assert [(reason.code, reason.subject) for reason in judged.between] == [("came_up", "eth0")]
    assert judged.verdict.verdict == "ISOLATED"


def test_the_counter_of_an_internal_link_says_nothing():
    """A bridge or veth that came and went connected nobody, unless the way outside led over it."""
    before, after = eth(ups=3, kind="veth"), eth(ups=9, kind="veth")
    assert Timeline(Facts((LOOPBACK, before))).settle(Facts((LOOPBACK, after))).worst == "ISOLATED"
    routed = Timeline(Facts((LOOPBACK, before), (ROUTE,))).settle(Facts((LOOPBACK, after), (ROUTE,)))
    assert routed.worst == "CONNECTED"


def test_a_counter_that_is_not_told_or_starts_anew_is_no_alarm():
    """A link of the same number that was made anew counts from zero; an old kernel counts nothing."""
    for before, after in ((7, 0), (None, 3), (3, None)):
        judged = Timeline(Facts((LOOPBACK, eth(ups=before)))).settle(Facts((LOOPBACK, eth(ups=after))))
        assert judged.worst == "ISOLATED"


def test_a_link_made_since_counts_from_zero():
    """A stick plugged in, joined and switched off between two readings: the link is new, its counter tells."""
    judged = Timeline(Facts((LOOPBACK,))).settle(Facts((LOOPBACK, eth(ups=1))))
    assert [(reason.code, reason.subject) for reason in judged.between] == [("came_up", "eth0")]
    assert Timeline(Facts((LOOPBACK,))).settle(Facts((LOOPBACK, eth(ups=0)))).worst == "ISOLATED"


@pytest.mark.parametrize("what", ["links", "namespaces"])
@pytest.mark.parametrize("where", ["here", "there"])
def test_a_link_that_could_not_be_read_before_is_not_taken_for_new(what, where):
    """Whether its counter rose since is not known."""
    unread = (Unread(what, Gap(Outcome.FAILED, "x")),)
    more = {"unread": unread} if where == "here" else {"others": (Namespace(OTHER, unread=unread),)}
    judged = Timeline(Facts((LOOPBACK,), **more)).settle(Facts((LOOPBACK, eth(ups=7))))
    assert judged.worst == "ISOLATED"


def test_a_link_that_was_moved_takes_its_count_along():
    """From one namespace to another a link keeps index, address and counter: nothing came up."""
    there = Namespace(OTHER, links=(eth(ups=7, mac="02:00:00:00:00:01"),))
    moved = eth(ups=7, mac="02:00:00:00:00:01")
    judged = Timeline(Facts((LOOPBACK,), others=(there,))).settle(Facts((LOOPBACK, moved)))
    assert judged.worst == "ISOLATED"


def test_a_namespace_that_is_new_is_judged_from_its_first_word():
    """Made in mid-run: its links count before everything is read anew, and not where only our own do."""
    for scope, expected in (("host", "CONNECTED"), ("namespace", "ISOLATED")):
        timeline = Timeline(Facts((LOOPBACK,), scope=scope))
        assert timeline.take(changed(eth(up=True, ups=1), OTHER)).worst == expected
        assert [(space.name, len(space.links)) for space in timeline.facts.others] == [(OTHER, 1)]
        timeline.take(LinkChange(NOW, "link-gone", OTHER, 2, eth()))
        assert timeline.facts.others[0].links == ()


@pytest.mark.parametrize("operstate", ["down", "lowerlayerdown", "unknown"])
def test_a_carrier_that_operstate_does_not_show_yet_counts(operstate):
    """The kernel derives operstate up to a second later: waiting for it would miss a tenth of a second."""
    timeline = Timeline(Facts((LOOPBACK, eth())))
    assert timeline.take(changed(eth(up=True, ups=1, operstate=operstate))).worst == "CONNECTED"


def test_an_operstate_that_lags_connects_nobody():
    """Up without a carrier is a moment of the kernel's: doubtful, which whoever asks settles by reading anew."""
    timeline = Timeline(Facts((LOOPBACK, eth())))
    assert timeline.take(changed(eth(operstate="up"))).worst == "UNKNOWN"
    assert timeline.settle(Facts((LOOPBACK, eth(operstate="down")))).worst == "ISOLATED"


def test_a_link_that_is_new_counts_from_its_first_word():
    """A link that was made while we look on is judged like any other."""
    timeline = Timeline(Facts((LOOPBACK,)))
    assert timeline.take(changed(eth(up=True, ups=1))).worst == "CONNECTED"
    assert timeline.take(LinkChange(NOW, "link-gone", None, 2, eth())).worst == "ISOLATED"
    assert [link.name for link in timeline.facts.links] == ["lo"]


def test_a_default_route_connects_a_live_veth_and_goes_with_the_link():
    """The kernel does not tell of each route that it drops with a link: switched on again it is internal."""
    timeline = Timeline(Facts((LOOPBACK, eth(up=True, kind="veth"))))
    assert timeline.take(LinkChange(NOW, "route", None, 2, route=ROUTE)).worst == "CONNECTED"
    timeline.take(changed(eth(kind="veth", admin_up=False, carrier=None)))
    assert timeline.take(changed(eth(up=True, kind="veth"))).worst == "ISOLATED"


def test_a_route_is_taken_away_as_it_came():
    """The same route is not kept twice, and gone is gone."""
    timeline = Timeline(Facts((LOOPBACK, eth(up=True, kind="veth"))))
    for what in ("route", "route"):
        timeline.take(LinkChange(NOW, what, None, 2, route=ROUTE))
    assert timeline.facts.default_routes == (ROUTE,)
    assert timeline.take(LinkChange(NOW, "route-gone", None, 2, route=ROUTE)).worst == "ISOLATED"


def test_addresses_come_and_go_and_stay_through_other_changes():
    """A change of the link says nothing of its addresses: they stay as they were told."""
    timeline = Timeline(Facts((LOOPBACK, eth(addresses=("192.0.2.2/24",)))))
    timeline.take(LinkChange(NOW, "address", None, 2, address="fd00::2/64"))
    timeline.take(changed(eth(up=True, ups=1)))
    assert timeline.facts.links[1].addresses == ("192.0.2.2/24", "fd00::2/64")
    timeline.take(LinkChange(NOW, "address-gone", None, 2, address="192.0.2.2/24"))
    assert timeline.facts.links[1].addresses == ("fd00::2/64",)


def test_a_link_of_another_namespace_is_kept_apart():
    """The same number in another namespace is another link; it counts where the whole machine is looked at."""
    there = Namespace(OTHER, 7, "7", 0, (eth(kind="wifi"),))
    timeline = Timeline(Facts((LOOPBACK, eth(kind="veth")), others=(there,)))
    judged = timeline.take(changed(eth(up=True, ups=1, kind="wifi"), OTHER))
    assert judged.worst == "CONNECTED"
    assert timeline.facts.links[1].kind == "veth"
    back = timeline.settle(replace(timeline.facts, others=(replace(there, links=(eth(ups=2, kind="wifi"),)),)))
    assert [(reason.code, reason.namespace) for reason in back.between] == [("came_up", OTHER)]


def test_a_change_that_says_only_that_changes_are_missing_judges_what_is_known():
    """`lost` changes no fact."""
    timeline = Timeline(Facts((LOOPBACK, eth())))
    assert timeline.take(LinkChange(NOW, "lost")).worst == "ISOLATED"
