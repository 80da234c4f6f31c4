"""Two readings of the network tell what changed between them, as the timeline that judges each moment needs it."""

from __future__ import annotations

from dataclasses import replace

from collector.facts import DefaultRoute, Facts, Link
from collector.host.readings import Reading, changes
from collector.model import Moment
from collector.timeline import Timeline

NOW = Moment(1, 0, 2, 3, "boot")
LOOPBACK = Link("lo", 1, "loopback", admin_up=True, carrier=True, addresses=("127.0.0.1/8",))
CABLE = Link("Ethernet", 5, "ethernet", admin_up=True, carrier=False, operstate="down", physical=True)
LIVE = replace(CABLE, carrier=True, operstate="up", addresses=("192.0.2.7/24", "fe80::7/64"))
OUT = DefaultRoute(5, {"destination": "0.0.0.0/0"})


def told(before, after, before_routes=(), after_routes=()):
    found = changes(Reading.of(before, before_routes), Reading.of(after, after_routes), NOW)
    return [(one.what, one.index, one.address) for one in found]


def test_nothing_that_stays_is_told():
    """Two equal readings are no change."""
    assert told((LOOPBACK, LIVE), (LOOPBACK, LIVE), (OUT,), (OUT,)) == []


def test_a_cable_that_is_plugged_in():
    """The link, then each address, then the way out; backwards the way out goes first."""
    plugged = told((LOOPBACK, CABLE), (LOOPBACK, LIVE), (), (OUT,))
    addresses = [("address", 5, "192.0.2.7/24"), ("address", 5, "fe80::7/64")]
    assert plugged == [("link", 5, None), *addresses, ("route", 5, None)]
    pulled = told((LOOPBACK, LIVE), (LOOPBACK, CABLE), (OUT,), ())
    assert pulled[0] == ("route-gone", 5, None)
    assert ("address-gone", 5, "fe80::7/64") in pulled


def test_a_link_that_comes_and_one_that_goes():
    """What is new is told with its addresses, what is gone with its name."""
    assert told((LOOPBACK,), (LOOPBACK, LIVE))[0] == ("link", 5, None)
    (gone,) = changes(Reading.of((LOOPBACK, CABLE), ()), Reading.of((LOOPBACK,), ()), NOW)
    assert (gone.what, gone.name, gone.moment) == ("link-gone", "Ethernet", NOW)


def test_the_timeline_comes_to_what_the_second_reading_says():
    """Applied one by one, the changes lead from the one verdict to the other, and to the same facts."""
    timeline = Timeline(Facts((LOOPBACK, CABLE)))
    verdicts = [
        timeline.take(change).verdict.verdict
        for change in changes(Reading.of((LOOPBACK, CABLE), ()), Reading.of((LOOPBACK, LIVE), (OUT,)), NOW)
    ]
    assert set(verdicts) == {"CONNECTED"}
    assert timeline.facts == Facts((LOOPBACK, LIVE), (OUT,))
    for change in changes(Reading.of((LOOPBACK, LIVE), (OUT,)), Reading.of((LOOPBACK, CABLE), ()), NOW):
        last = timeline.take(change).verdict.verdict
    assert last == "ISOLATED"
    assert timeline.facts == Facts((LOOPBACK, CABLE))
