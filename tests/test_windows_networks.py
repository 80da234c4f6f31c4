"""What Windows itself answers about its network has the form that the sources promise, and sends nothing.

Here under Wine, over whatever interfaces this machine has; `test_windows_network_wine.py` changes them.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import types
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

from collector.facts import Unread
from collector.host import kept_changes
from collector.host.windows import cutting, link_watch, networks, radios, remote, routes
from collector.isolation import judge
from collector.model import Gap
from collector.sources.interfaces import InterfaceSource
from collector.sources.neighbours import NeighbourSource
from collector.sources.routes import RouteSource
from collector.winformats import wlan


def test_every_interface_has_the_columns_that_are_promised():
    """And the loopback, which every machine has, is internal."""
    facts = networks.facts()
    verdict = judge(facts)
    assert verdict.interfaces
    assert all(set(row) == set(InterfaceSource.columns) for row in verdict.interfaces)
    assert {row["state"] for row in verdict.interfaces if row["kind"] == "loopback"} == {"internal"}
    assert facts.scope == "host"
    assert not [one for one in facts.unread if one.what in ("links", "addresses", "routes")]


@pytest.mark.parametrize(
    ("ask", "columns"), [(routes.routes, RouteSource.columns), (routes.neighbours, NeighbourSource.columns)]
)
def test_routes_and_neighbours_have_theirs(ask, columns):
    """Whatever can't be had is a gap."""
    items = list(ask())
    assert items
    assert all(isinstance(one, Gap) or set(one) == set(columns) for one in items)


def test_what_has_no_radio_is_no_gap_and_what_can_not_be_asked_is():
    """Wine 8.0 has a Wi-Fi service without interfaces, and no Bluetooth at all."""
    unread: list[Unread] = []
    stations, found = radios.wifi(unread)
    assert (stations, found, unread) == ({}, [], [])
    assert radios.bluetooth(0, unread) == []
    assert {one.what for one in unread} <= {"radios"}


def test_a_program_of_the_table_is_found_by_its_name(tmp_path):
    """A copy of a program under the name of one that gives remote access is told with its number."""
    import shutil  # noqa: PLC0415 - for this test
    import subprocess  # noqa: PLC0415 - the same

    fake = tmp_path / "AnyDesk.exe"
    shutil.copy2(Path(os.environ["SYSTEMROOT"]) / "system32" / "cmd.exe", fake)
    child = subprocess.Popen([fake, "/c", "pause"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        unread: list[Unread] = []
        found = [one for one in remote.running(unread) if one.pid == child.pid]
        assert unread == []
        assert [(one.product, one.name) for one in found] == [("AnyDesk", "AnyDesk.exe")]
    finally:
        child.stdin.close()
        child.kill()
        child.wait(30)


def test_a_watch_ends_and_leaves_nothing_behind():
    """Stopped twice; no thread is left, and a quiet network has told nothing that is lost."""
    before = threading.active_count()
    watch = link_watch.watch()
    try:
        assert watch.wait(0.0) in (True, False)
    finally:
        watch.stop()
        watch.stop()
    assert threading.active_count() == before
    assert "lost" not in {change.what for change in watch.changes()}


def test_changes_that_nobody_fetches_are_bounded(monkeypatch):
    """More than are kept become one `lost` at the end."""
    monkeypatch.setattr(kept_changes, "MAX_CHANGES", 3)
    watch = link_watch.watch()
    watch.stop()
    watch.changes()
    one = link_watch.LinkChange(watch._clock.now(), "link-gone", index=1)
    for _ in range(5):
        watch._keep(one)
    assert [change.what for change in watch.changes()] == ["link-gone"] * 3 + ["lost"]
    assert watch.changes() == []


def test_a_reading_that_fails_is_told_once():
    """As long as it can't be read it is lost once, not each half second."""
    watch = link_watch.watch()
    watch.stop()
    watch.changes()
    missing = [Unread("routes", Gap("denied", "not now"))]
    for _ in range(3):
        watch._compare(watch._last, missing, watch._clock.now())
    watch._compare(watch._last, [], watch._clock.now())
    watch._compare(watch._last, missing, watch._clock.now())
    assert [change.what for change in watch.changes()] == ["lost", "lost"]


def test_a_plan_is_made_without_changing_anything():
    """Two plans over the same facts are the same."""
    facts = networks.facts()
    assert cutting.plan(facts) == cutting.plan(facts)


def test_nobody_is_asked_for_leave_to_name_a_network(monkeypatch):
    """Windows 11 24H2 would put its question about the place on the screen: the name is left out, and that is told."""
    seen = wlan.Interface(bytes(16), "{0}", "Wi-Fi", associated=True)
    asked = []
    monkeypatch.setattr(radios, "opened", lambda: contextlib.nullcontext(None))
    monkeypatch.setattr(radios, "listed", lambda _: [seen])
    monkeypatch.setattr(radios, "_asked", lambda *arguments: asked.append(arguments[2]) or b"")
    for build, codes, unread in ((22_631, [4, 7], None), (26_100, [4], "denied")):
        asked.clear()
        monkeypatch.setattr(sys, "getwindowsversion", lambda build=build: types.SimpleNamespace(build=build))
        stations, _ = radios.wifi([])
        assert asked == codes
        assert stations["{0}"].unread == unread
        assert stations["{0}"].associated
