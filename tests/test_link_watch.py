"""The watch on the routing socket, and `collect isolation --watch`, on real interfaces."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time

import live
import pytest
import spaces
from spaces import ROOT

if sys.platform != "linux":
    pytest.skip("the routing socket of Linux", allow_module_level=True)

from collector import isolation
from collector.facts import LinkChange
from collector.host.linux import Roots, link_watch, namespaces, netlink

pytestmark = ROOT

WATCHER = """
import json, sys
sys.path.insert(0, {root!r})
from collector.host.linux import Roots, link_watch
from collector.vigil import change_data
{before}
watch = link_watch.watch(Roots())
print("listening", flush=True)
sys.stdin.readline()
watch.stop()
print(json.dumps([change_data(change) for change in watch.changes()]))
"""
VETH = ["link add va type veth peer name vb"]


@pytest.fixture
def space():
    made = spaces.Namespace()
    yield made
    made.close()


def seen(space, commands, before=""):
    """Return what a watch in the namespace receives while commands are carried out."""
    code = WATCHER.format(root=str(live.ROOT), before=before)
    process = subprocess.Popen(
        [*space.enter, sys.executable, "-W", "error", "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "listening\n"
    for command in commands:
        space.ip(command)
    time.sleep(0.2)
    out, _ = process.communicate("\n", timeout=60)
    assert process.returncode == 0
    return json.loads(out)


CHANGES = {
    "switched on": (VETH, ["link set va up"], "link", {"interface": "va", "admin_up": True}),
    "plugged in": ([*VETH, "link set va up"], ["link set vb up"], "link", {"interface": "va", "carrier": True}),
    "pulled out": (
        [*VETH, "link set va up", "link set vb up"],
        ["link set vb down"],
        "link",
        {"interface": "va", "carrier": False, "carrier_ups": 1},
    ),
    "switched off": ([*VETH, "link set va up"], ["link set va down"], "link", {"interface": "va", "admin_up": False}),
    "made": ([], VETH, "link", {"interface": "va", "kind": "veth"}),
    "deleted": (VETH, ["link delete va"], "link-gone", {"interface": "va"}),
    "renamed": (VETH, ["link set va name été"], "link", {"interface": "été"}),
    "an address": (VETH, ["addr add 192.0.2.4/24 dev va"], "address", {"address": "192.0.2.4/24"}),
    "no address": (
        [*VETH, "addr add 192.0.2.4/24 dev va"],
        ["addr delete 192.0.2.4/24 dev va"],
        "address-gone",
        {"address": "192.0.2.4/24"},
    ),
    "an address of IPv6": (VETH, ["addr add fd00::4/64 dev va nodad"], "address", {"address": "fd00::4/64"}),
    "the way outside": (
        [*VETH, "link set va up", "link set vb up"],
        ["route add default dev va table 7"],
        "route",
        {"destination": "0.0.0.0/0", "interface": "va", "table": 7},
    ),
    "no way outside": (
        [*VETH, "link set va up", "link set vb up", "-6 route add default dev va"],
        ["-6 route delete default dev va"],
        "route-gone",
        {"destination": "::/0", "interface": "va"},
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_kind_of_change_is_received(space, name):
    """Links, addresses and routes that lead outside: what the kernel tells is what a change says."""
    setup, commands, what, expected = CHANGES[name]
    for command in setup:
        space.ip(command)
    found = [change for change in seen(space, commands) if change["what"] == what]
    assert any(expected.items() <= change.items() for change in found), found


def test_a_port_that_leaves_its_bridge_is_not_gone(space):
    """The kernel tells of ports under the bridge's own family: the link itself is still there."""
    for command in [*VETH, "link add br0 type bridge", "link set va master br0"]:
        space.ip(command)
    found = seen(space, ["link set va nomaster"])
    assert "link-gone" not in {change["what"] for change in found}


def test_a_name_of_odd_bytes_keeps_them(space):
    """An interface may be named with anything but white space, a slash and a colon."""
    found = seen(space, [["link", "add", b"\x1b[31m\xff", "type", "bridge"]])
    names = [change["interface"] for change in found if change["what"] == "link"]
    assert {"text": "\x1b[31m�", "hex": b"\x1b[31m\xff".hex()} in names


def test_what_the_kernel_could_not_keep_for_us_is_told(space):
    """A receive buffer that overflows ends in `lost`, never in silence."""
    space.ip(VETH[0])
    small = "link_watch.BUFFER_BYTES = 1\nlink_watch.KernelWatch._run = lambda self, real=link_watch.KernelWatch._run:"
    small += " (__import__('time').sleep(1.5), real(self))"
    (batch := live.Path("/tmp") / f"batch-{space.name}").write_text("link set va up\nlink set va down\n" * 200)
    try:
        found = seen(space, [["-batch", str(batch)]], small)
    finally:
        batch.unlink()
    assert "lost" in {change["what"] for change in found}


def test_our_own_memory_is_bounded(monkeypatch):
    """More changes than are kept end in one `lost` after the first ones."""
    watch = link_watch.watch(Roots())
    monkeypatch.setattr(link_watch, "MAX_CHANGES", 10)
    moment = watch._clock.now()
    for _ in range(50):
        watch._keep(LinkChange(moment, "address", None, 1, address="192.0.2.1/24"))
    watch.stop()
    kept = watch.changes()
    assert len(kept) <= 11
    assert kept[-1].what == "lost"


def test_a_thread_that_dies_is_told(monkeypatch):
    """Whatever ends the listening ends in `lost`: what follows is not watched."""

    def broken(*_):
        raise ValueError

    monkeypatch.setattr(link_watch.KernelWatch, "_learn", broken)
    watch = link_watch.watch(Roots())
    assert watch.wait(30)
    assert [change.what for change in watch.changes()] == ["lost"]
    watch.stop()
    watch.stop()


def test_bytes_that_are_no_message_are_told():
    """A message that rtnetlink(7) does not promise is a loss, not the end."""
    watch = link_watch.watch(Roots())
    space = next(iter(watch._spaces.values()))
    with pytest.raises(OSError, match="Bad message"):
        watch._told(space, netlink.Message(16, 0, b"\0" * 3), watch._clock.now())
    watch.stop()


def test_a_link_in_another_namespace_is_watched_from_the_host(space):
    """Where we stand in the system's own namespace, the others that hold a process are listened to as well."""
    watch = link_watch.watch(Roots())
    if not watch._whole:
        watch.stop()
        pytest.skip("this test runs in a container's namespace")
    holder = subprocess.Popen([*space.enter, "sleep", "600"])
    try:
        live.wait_for(lambda: any(one.name is not None for one in list(watch._spaces.values())))
        found = []

        def arrived():
            found.extend(change for change in watch.changes() if change.namespace is not None)
            return any(change.link is not None and change.link.name == "va" for change in found)

        space.ip(VETH[0])
        live.wait_for(arrived)
        holder.kill()
        holder.wait()
        name = found[0].namespace
        live.wait_for(lambda: all(one.name != name for one in list(watch._spaces.values())))
    finally:
        holder.kill()
        holder.wait()
        watch.stop()


def test_our_own_threads_stay_where_they_are(space):
    """A socket is made in another namespace by a thread that ends: no thread of ours changes its own."""
    holder = subprocess.Popen([*space.enter, "sleep", "600"])
    try:
        live.wait_for(lambda: holder.pid in namespaces.census(Roots()).others.values())
        name = next(name for name, pid in namespaces.census(Roots()).others.items() if pid == holder.pid)
        before = {live.os.readlink(f"/proc/self/task/{task}/ns/net") for task in live.os.listdir("/proc/self/task")}
        with namespaces.socket_in(Roots(), holder.pid, name) as kernel:
            there = list(netlink.dump(netlink.GET_LINK, kernel=kernel).entries())
        after = {live.os.readlink(f"/proc/self/task/{task}/ns/net") for task in live.os.listdir("/proc/self/task")}
        with pytest.raises(OSError, match="Stale"):
            namespaces.socket_in(Roots(), holder.pid, "net:[1]")
    finally:
        holder.kill()
        holder.wait()
    assert len(there) == 1
    assert before == after == {live.os.readlink("/proc/self/ns/net")}
    assert threading.active_count() < 10


def watched(space, *arguments, during=(), seconds="2s"):
    """Return the end of `collect isolation --watch` in the namespace with commands carried out in its midst."""
    process = live.start("isolation", "--watch", seconds, *arguments, before=space.enter)
    time.sleep(1)
    for command in during:
        if isinstance(command, float):
            time.sleep(command)
        else:
            space.ip(command)
    return process


FLAP = ["link set vx0 up", 0.1, "link set vx0 down"]
TUNNEL = "link add vx0 type vxlan id 7 dstport 4789"


def test_the_watch_tells_a_tenth_of_a_second(space):
    """The worst moment is the verdict and the exit code; the object lists the changes and how it is now."""
    space.ip(TUNNEL)
    done = live.ended(watched(space, "--json", during=FLAP, seconds="3s"))
    assert done.code == 1
    told = done.json
    assert (told["verdict"], told["verdict_now"]) == ("CONNECTED", "ISOLATED")
    assert any(change.get("interface") == "vx0" and change["admin_up"] for change in told["changes"])
    assert told["changes_counted"] == len(told["changes"])
    assert any("vx0" in reason for reason in told["reasons"])
    assert told["watched_ms"] >= 3000


def test_the_watch_in_words(space):
    """A line for each change with its time, the verdict when it changes, a summary; nothing hostile gets through."""
    space.ip(TUNNEL)
    space.ip(["link", "add", "\x1b[31mx", "type", "bridge"])
    done = live.ended(watched(space, during=[*FLAP, ["link", "set", "\x1b[31mx", "up"]], seconds="3s"))
    assert done.code == 1
    lines = done.out.splitlines()
    assert any(line.endswith("vx0: switched on, plugged in") for line in lines), lines
    assert any(line.endswith("vx0: switched off") for line in lines)
    assert "The computer was connected for a part of this time." in done.out
    assert "\x1b" not in done.out
    assert max(map(len, lines)) <= 80


def test_nothing_happens_and_a_signal_ends_the_watch_early(space):
    """An hour's watch ends at Ctrl-C with its summary and the exit code so far."""
    process = watched(space, "--json", seconds="1h")
    process.send_signal(signal.SIGINT)
    done = live.ended(process)
    assert (done.code, done.json["verdict"], done.json["changes"]) == (0, "ISOLATED", [])
    assert done.json["watched_ms"] < 600_000


def test_a_length_that_is_none_is_refused():
    """Bad input gets a clear error, its hint and exit code 2."""
    done = live.run("isolation", "--watch", "soon")
    assert done.code == 2
    assert "hint:" in done.err


def test_a_thousand_flaps_do_not_hang_the_watch(space, tmp_path):
    """A flood is listed up to its bound and counted whole."""
    space.ip(VETH[0])
    (tmp_path / "batch").write_text("link set va up\nlink set va down\n" * 1000)
    done = live.ended(watched(space, "--json", during=[["-batch", str(tmp_path / "batch")]], seconds="8s"))
    assert done.code == isolation.EXIT_CODES[done.json["verdict"]]
    assert len(done.json["changes"]) == 1000
    assert done.json["changes_counted"] >= 2000
