"""`collect --case … --watch TIME`: how far a host's clock is from the operator's watch, and what exports make of it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta, timezone

import live
import made
import pytest
import wine
from hypothesis import given
from hypothesis import strategies as st

from collector.arguments import is_zone_like, watch_offset
from collector.errors import UsageError

LIVE = wine.posix("a live Linux, and exports, which are an expert's; a run of Windows: test_windows_collect.py")
NOW = made.MadeClock().moment
ZONES = st.integers(-12 * 4, 14 * 4).map(lambda quarters: 900 * quarters)


def moment(utc_s, offset_s):
    return made.replace(NOW, utc_ns=utc_s * 10**9 + 999_999_999, offset_s=offset_s)


@given(st.integers(86_400, 4_000_000_000), ZONES, st.integers(-43_200, 43_199))
def test_a_time_of_day_is_the_nearest_one(utc_s, zone, difference):
    """Over midnight and in every zone: what the watch shows less what the clock shows, half a day away at most."""
    shown = datetime.fromtimestamp(utc_s + difference, timezone(timedelta(seconds=zone)))
    assert watch_offset(f"{shown:%H:%M:%S}", moment(utc_s, zone)) == difference


@given(st.integers(0, 4_000_000_000), ZONES, ZONES, st.integers(86_400, 4_000_000_000))
def test_a_date_and_time_is_exact(utc_s, zone, other, watch_s):
    """Years away (a dead battery), in the host's zone or in the one that is given."""
    shown = datetime.fromtimestamp(watch_s, timezone(timedelta(seconds=other)))
    assert watch_offset(shown.isoformat(), moment(utc_s, zone)) == watch_s - utc_s
    here = datetime.fromtimestamp(watch_s, timezone(timedelta(seconds=zone))).replace(tzinfo=None)
    assert watch_offset(here.isoformat(), moment(utc_s, zone)) == watch_s - utc_s


WRONG = ["", "24:00", "12:60", "12:00:60", "noon", "2026-11-26", "12", "-1:00", "1:2:3", "\u0661\u0662:00",
         "12:00\n; rm", "2026-13-01T00:00:00", "9" * 4000, "\x1b[2J"]  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_what_no_watch_shows_is_refused(text):
    with pytest.raises(UsageError):
        watch_offset(text, NOW)


def test_a_difference_of_a_time_zone_is_told():
    """Whole quarters of an hour, about: a wrong zone, not a wrong clock. What a clock drifts by is none."""
    assert all(is_zone_like(seconds) for seconds in (3600, -3600, 7190, 19_800, -900, 3655))
    assert not any(is_zone_like(seconds) for seconds in (0, 30, -60, 600, 1300, 86_400 + 300))


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Return a real bundle whose operator's watch was in the year 2001, and that difference."""
    folder, beside = tmp_path_factory.mktemp("watch"), tmp_path_factory.mktemp("beside")
    tree = live.files_in(beside / "tree", 2)
    watch = int(datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC).timestamp())
    before = int(time.time())
    quick = ("--no-memory", "--profile", "triage", "--scan", tree)
    done = live.collect(folder, *quick, "--watch", "2001-02-03T05:05:06+01:00")
    assert done.code in live.SEALED, done.err
    path = live.only_bundle(folder).path
    offset = int(json.loads((path / "manifest.jsonl").read_text("ascii").split("\n", 1)[0])["clock"]["watch_offset"])
    assert watch - int(time.time()) <= offset <= watch - before
    return path, offset


@LIVE
def test_a_real_run_records_it_and_verifies(compared):
    """A decimal string where negative, as `offset_s`; both verifiers take it (also the vectors `watch_offset`)."""
    path, offset = compared
    opening = json.loads((path / "manifest.jsonl").read_text("ascii").split("\n", 1)[0])
    assert opening["clock"]["watch_offset"] == str(offset)
    assert live.run("verify", path).code == 0


@LIVE
@pytest.mark.parametrize("form", ["timesketch", "bodyfile", "iris", "case", "csv"])
def test_every_timeline_moves_the_hosts_times_and_says_so(compared, tmp_path, form):
    """Times of the host are the watch's; the export itself and the command tell by how much."""
    path, offset = compared
    out = tmp_path / "out.jsonl"
    done = live.run("export", path, "--format", form, "--out", out)
    assert done.code == 0, done.err
    assert str(offset) in done.out
    if form == "timesketch":
        events = [json.loads(line) for line in out.read_text("ascii").splitlines()]
        for event in events:
            moved = datetime.fromisoformat(event["datetime"]) - datetime.fromisoformat(event["host_datetime"])
            assert (moved.total_seconds(), event["clock_correction_s"]) == (offset, str(offset))
        (start,) = (event for event in events if event["timestamp_desc"] == "Collection Start Time")
        assert start["datetime"].startswith("2001-02-03T04:")
    elif form == "bodyfile":
        text = out.read_text("utf-8")
        assert f"(collect) CLOCK: {offset} seconds were added" in text
    elif form == "iris":
        text = (out / "iris-timeline.csv").read_text("utf-8")
        assert '"2001-02-03T04:' in text
        assert f"Clock: {offset} seconds were added" in text
    elif form == "case":
        text = out.read_text("ascii")
        assert '"2001-02-03T04:' in text
        assert f"{offset} seconds were added" in text
    else:
        assert f'"{offset}"' in (out / "_bundles.csv").read_text("utf-8")
        assert "doesn't add them" in done.out.replace("\n", " ")


@LIVE
def test_a_wrong_watch_starts_nothing(tmp_path):
    done = live.collect(tmp_path, "--no-memory", "--watch", "25:00")
    assert done.code == 2
    assert list(tmp_path.iterdir()) == []
    assert "watch shows" in done.err
