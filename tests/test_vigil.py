"""A whole run looks on from `open` to `close`: what happens to real links in mid-run, and what is made of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import live
import pytest
import spaces
from spaces import ROOT

if sys.platform != "linux":
    pytest.skip("real interfaces of Linux", allow_module_level=True)

pytestmark = ROOT

VETH = ["link add va type veth peer name vb", "link set vb up"]
ROUTED = [
    *VETH,
    "link set va up",
    "addr add 192.0.2.2/24 dev va",
    "route add default via 192.0.2.1",
    "link set vb down",
]

# What is set up, what happens for a tenth of a second in mid-run, and the verdicts at open, at close, of the run.
FLAPS = {
    "the cable of the way outside is put in and pulled out": (
        ROUTED,
        ["link set vb up"],
        ["link set vb down"],
        ("ISOLATED", "ISOLATED", "CONNECTED"),
    ),
    "a tunnel comes up and goes": (
        ["link add vx0 type vxlan id 7 dstport 4789"],
        ["link set vx0 up"],
        ["link set vx0 down"],
        ("ISOLATED", "ISOLATED", "CONNECTED"),
    ),
    "a tunnel is made and deleted": (
        [],
        ["link add vx0 type vxlan id 7 dstport 4789", "link set vx0 up"],
        ["link delete vx0"],
        ("ISOLATED", "ISOLATED", "CONNECTED"),
    ),
    "a default route comes over a live veth": (
        [*VETH, "link set va up"],
        ["route add default dev va"],
        ["route delete default dev va"],
        ("ISOLATED", "ISOLATED", "CONNECTED"),
    ),
    "a default route of IPv6 alone": (
        [*VETH, "link set va up"],
        ["-6 route add default dev va"],
        ["-6 route delete default dev va"],
        ("ISOLATED", "ISOLATED", "CONNECTED"),
    ),
    "a macvlan over a veth": (
        [*VETH, "link set va up", "link add mv0 link va type macvlan"],
        ["link set mv0 up"],
        ["link set mv0 down"],
        ("ISOLATED", "ISOLATED", "CONNECTED"),
    ),
    "a veth that leads nowhere": (
        [*VETH, "link set va up"],
        ["link set vb down"],
        ["link set vb up"],
        ("ISOLATED", "ISOLATED", "ISOLATED"),
    ),
    "a bridge without a real port": (
        ["link add br0 type bridge", *VETH, "link set va master br0"],
        ["link set va up", "link set br0 up"],
        ["link set br0 down"],
        ("ISOLATED", "ISOLATED", "ISOLATED"),
    ),
    "what was connected at first is cut off": (
        [*ROUTED, "link set vb up"],
        ["link set vb down"],
        [],
        ("CONNECTED", "ISOLATED", "CONNECTED"),
    ),
    "what was cut off stays connected": (
        ROUTED,
        ["link set vb up"],
        [],
        ("ISOLATED", "CONNECTED", "CONNECTED"),
    ),
}


@pytest.fixture
def space():
    made = spaces.Namespace()
    yield made
    made.close()


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return live.long_scan(tmp_path_factory.mktemp("tree"))


def in_the_files_phase(out):
    """Tell whether the run of this folder has begun its longest step."""
    found = list(out.glob("*/manifest.jsonl"))
    return found and b'"kind":"recent-files"' in found[0].read_bytes()


def flapped(space, tree, out, setup, there, back):
    """Run `collect` in the namespace, do something to its links for a tenth of a second in mid-run."""
    out.mkdir()
    for command in setup:
        space.ip(command)
    process = live.start(
        "--case", "FLAP", "--out", out, "--scan", tree, "--json", "--quiet", "--yes", before=space.enter
    )
    live.wait_for(lambda: in_the_files_phase(out))
    for command in there:
        space.ip(command)
    time.sleep(0.1)
    for command in back:
        space.ip(command)
    assert not list(out.glob("*/checkpoint")), "the run was over too soon"
    return live.ended(process)


@pytest.mark.parametrize("name", FLAPS)
def test_a_tenth_of_a_second_in_mid_run(space, tree, tmp_path, name):
    """What connects for 100 ms is in the manifest and in the verdict of the whole run: exit 4."""
    setup, there, back, (opened, closed, run) = FLAPS[name]
    done = flapped(space, tree, tmp_path / "out", setup, there, back)
    assert done.json["isolation"] == {"open": opened, "close": closed, "run": run}
    assert done.code == (0 if run == "ISOLATED" else 4)
    bundle = live.assert_sealed(done.json["bundle"])
    assert bundle.observed("link-change"), "no change was recorded"
    seen = bundle.observed("isolation")
    whens = [one["when"] for one in seen]
    assert (whens[0], whens.count("close")) == ("open", 1)
    # What the kernel still settles while the run seals is read anew: it can only make the verdict of the run worse.
    assert {*whens[whens.index("close") + 1 :]} <= {"change", "settled"}
    assert ("CONNECTED" in {one["verdict"] for one in seen}) == (run == "CONNECTED")
    if run == "CONNECTED" and opened == "ISOLATED":
        assert "change" in whens


def test_a_change_stands_under_the_clocks_of_its_reception(space, tree, tmp_path):
    """What a change says: when it was received, which link, and how its carrier counts."""
    done = flapped(space, tree, tmp_path / "out", ROUTED, ["link set vb up"], ["link set vb down"])
    bundle = live.Bundle(done.json["bundle"])
    changes = [one for one in bundle.observed("link-change") if one.get("interface") == "va" and one["what"] == "link"]
    ups = [one for one in changes if one["carrier"]]
    assert ups
    assert ups[-1]["carrier_ups"] == max(one["carrier_ups"] for one in changes) > 0
    for one in changes:
        assert one["received"].endswith("Z")
        assert int(one["received_mono_ns"]) > 0
        assert (one["kind"], one["namespace"]) == ("veth", None)


def test_an_uplink_of_a_second_namespace_decides_nothing_here(space, tree, tmp_path):
    """The links of a namespace are judged alone, and the reasons say so; the other's are in the evidence."""
    other = spaces.Namespace()
    holder = subprocess.Popen([*other.enter, "sleep", "600"])
    try:
        other.ip("link add vx9 type vxlan id 9 dstport 4789")
        done = flapped(space, tree, tmp_path / "out", [], ["link add br0 type bridge"], [])
        other.ip("link set vx9 up")
        again = live.run("--case", "TWO", "--out", tmp_path, "--scan", tmp_path / "out", "--json", before=space.enter)
    finally:
        holder.kill()
        holder.wait()
        other.close()
    assert (done.code, again.code) == (0, 0)
    bundle = live.Bundle(again.json["bundle"])
    assert bundle.observed("isolation")[0]["scope"] == "namespace"
    rows = {row["name"]: row for row in bundle.rows("interfaces")}
    assert rows["vx9"]["state"] == "connected"
    assert rows["vx9"]["namespace"].startswith("net:[")
    assert "vx9" not in json.dumps(bundle.observed("isolation"))


def test_more_changes_than_are_recorded_are_counted_and_judged(space, tree, tmp_path):
    """A flood of changes neither fills the manifest nor hides the one that connects."""
    flood = "\n".join(["link set vb down", "link set vb up"] * 400)
    (tmp_path / "batch").write_text(flood + "\n")
    out = tmp_path / "out"
    out.mkdir()
    for command in [*VETH, "link set va up"]:
        space.ip(command)
    process = live.start("--case", "FLOOD", "--out", out, "--scan", tree, "--json", "--quiet", before=space.enter)
    live.wait_for(lambda: in_the_files_phase(out))
    space.ip(["-batch", str(tmp_path / "batch")])
    space.ip("route add default dev va")
    space.ip("route delete default dev va")
    done = live.ended(process)
    bundle = live.assert_sealed(done.json["bundle"])
    assert done.json["isolation"]["run"] == "CONNECTED"
    changes = bundle.observed("link-change")
    assert len(changes) <= 1000
    (counted,) = bundle.observed("link-changes")
    assert counted["counted"] > len(changes)


def test_a_resumed_run_was_not_watched_all_the_time(space, tree, tmp_path):
    """Between the kill and the resume nobody looked: the verdict of the run is never an all-clear."""
    process = live.start("--case", "R", "--out", tmp_path, "--scan", tree, "--json", "--quiet", before=space.enter)
    live.wait_for(lambda: in_the_files_phase(tmp_path))
    process.kill()
    process.communicate()
    (path,) = tmp_path.glob("R_*")
    done = live.run("resume", path, "--json", "--quiet", before=space.enter)
    assert done.code == 4
    assert done.json["isolation"] == {"open": "ISOLATED", "close": "ISOLATED", "run": "UNKNOWN"}
