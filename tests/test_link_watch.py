"""The watch on the routing socket, and `collect isolation --watch`, on real interfaces."""

from __future__ import annotations

import contextlib
import ctypes
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import live
import pytest
import spaces
from spaces import ROOT

if sys.platform != "linux":
    pytest.skip("the routing socket of Linux", allow_module_level=True)

from collector import isolation, watching
from collector.facts import Facts, Link, LinkChange
from collector.host import kept_changes
from collector.host.linux import Roots, clock, link_watch, listening, namespaces, netlink
from collector.timeline import Timeline
from collector.ui import live as ui_live

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
    "an address": (
        VETH,
        ["addr add 192.0.2.4/24 dev va"],
        "address",
        {"address": "192.0.2.4/24", "interface": "va"},
    ),
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
    small = "from collector.host.linux import listening\nlistening.BUFFER_BYTES = 1\n"
    small += "listening.Listener._run = lambda self, real=listening.Listener._run:"
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
    monkeypatch.setattr(kept_changes, "MAX_CHANGES", 10)
    moment = watch._clock.now()
    for _ in range(50):
        watch._keep(LinkChange(moment, "address", None, 1, address="192.0.2.1/24"))
    watch.stop()
    kept = watch.changes()
    assert len(kept) <= 11
    assert kept[-1].what == "lost"


@pytest.mark.parametrize("broken", [(link_watch.KernelWatch, "_learn"), (listening.Listener, "_take")])
def test_a_thread_that_dies_is_told(space, monkeypatch, broken):
    """Whatever ends the listening ends in `lost`: what follows is not watched."""

    def raises(*_):
        raise ValueError

    monkeypatch.setattr(*broken, raises)
    watch = link_watch.watch(Roots())
    watch._listener._rouse()
    watch.stop()
    assert watch.wait(30)
    assert {change.what for change in watch.changes()} == {"lost"}
    watch.stop()


def test_bytes_that_are_no_message_are_told():
    """A message that rtnetlink(7) does not promise is a loss, not the end."""
    watch = link_watch.watch(Roots())
    space = watch._spaces[None]
    with pytest.raises(OSError, match="Bad message"):
        watch._told(space, netlink.Message(16, 0, b"\0" * 3), watch._clock.now())
    for garbage in (b"\0" * 3, b"\xff" * 40, b"\x13\0\0\0" + bytes(15)):
        watch._understand(listening.Heard(None, watch._clock.now(), garbage))
    watch.stop()
    assert [change.what for change in watch.changes()].count("lost") >= 2


def test_what_is_heard_is_bounded_too(space, monkeypatch):
    """Messages that nobody fetches are kept up to a bound, in bytes as well; then one without bytes says so."""
    listener = listening.Listener(clock.LinuxClock(Roots()))
    listener.fetch(0)
    monkeypatch.setattr(listening, "MAX_BYTES", 100)
    moment = listener._clock.now()
    for _ in range(50):
        listener._keep(listening.Heard(None, moment, bytes(40)))
    listener.stop()
    live.wait_for(lambda: listener.ended)
    heard = listener.fetch(0)
    assert [len(one.datagram or b"") for one in heard] == [40, 40, 0]
    assert listener.fetch(0) == []


def test_the_listener_waits_for_nobody(space, monkeypatch):
    """A change has the time at which it came, though what makes sense of it hangs (a radio, a slow driver)."""

    def slow(*arguments, real=link_watch.KernelWatch._built):
        time.sleep(3)
        return real(*arguments)

    monkeypatch.setattr(link_watch.KernelWatch, "_built", slow)
    with in_namespace(space):
        watch = link_watch.watch(Roots())
        space.ip(VETH[0])
        before = time.monotonic_ns()
        space.ip("link set va up")
        after = time.monotonic_ns()
    watch.stop()
    live.wait_for(lambda: not watch._thread.is_alive())
    ups = [one for one in watch.changes() if one.what == "link" and one.link.admin_up]
    assert before <= ups[0].moment.mono_ns <= after + 2_000_000_000


@contextlib.contextmanager
def in_namespace(space):
    """Stand in a namespace with this thread and those that it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    home, there = Path("/proc/thread-self/ns/net"), Path(f"/run/netns/{space.name}")
    with home.open() as home, there.open() as there:
        assert libc.setns(there.fileno(), 0x4000_0000) == 0
        try:
            yield
        finally:
            assert libc.setns(home.fileno(), 0x4000_0000) == 0


def namespace_of(process):
    return live.os.readlink(f"/proc/{process.pid}/ns/net")


class TestOtherNamespaces:
    """From the system's own namespace, all that hold a process are listened to."""

    @pytest.fixture
    def watch(self):
        watch = link_watch.watch(Roots())
        if not watch._whole:
            watch.stop()
            pytest.skip("this test runs in a container's namespace")
        live.wait_for(lambda: watch._last_census is not None)
        yield watch
        watch.stop()

    @pytest.fixture
    def holder(self, space):
        space.ip("link add vx0 type vxlan id 7 dstport 4789")
        holder = subprocess.Popen([*space.enter, "sleep", "600"])
        live.wait_for(lambda: namespace_of(holder) != live.os.readlink("/proc/self/ns/net"))
        yield holder
        holder.kill()
        holder.wait()

    def test_a_link_there_is_watched(self, watch, space, holder):
        """The links of one that is new are told as if just made, what follows as it comes, until nobody is there."""
        name = namespace_of(holder)

        def arrived(found=[], **state):  # noqa: B006 - what came is kept
            found.extend(change.link for change in watch.changes() if change.namespace == name)
            links = [link for link in found if link is not None and link.name == "vx0"]
            return any(all(getattr(link, key) == value for key, value in state.items()) for link in links)

        live.wait_for(lambda: arrived(admin_up=False))
        space.ip("link set vx0 up")
        live.wait_for(lambda: arrived(admin_up=True, carrier=True, kind="tunnel"))
        assert name in watch._listener.listened()
        holder.kill()
        holder.wait()
        live.wait_for(lambda: name not in watch._listener.listened())
        live.wait_for(lambda: name not in watch._spaces)

    def test_it_counts_in_the_timeline_though_it_was_not_there_at_the_start(self, watch, space, holder):
        """A namespace made in mid-run whose link is up for a moment: CONNECTED, before anything is read anew."""
        timeline = Timeline(Facts((Link("lo", 1, "loopback", admin_up=True, carrier=True),)))
        seen = []
        name = namespace_of(holder)

        def taken(verdict):
            seen.extend(timeline.take(change) for change in watch.changes() if change.namespace == name)
            return any(judged.worst == verdict for judged in seen)

        live.wait_for(lambda: taken("ISOLATED"))
        space.ip("link set vx0 up")
        space.ip("link set vx0 down")
        live.wait_for(lambda: taken("CONNECTED"))

    def test_a_link_that_leads_there_makes_it_found_at_once(self, watch, space, monkeypatch):
        """The kernel tells that another namespace got a number: it is looked for without waiting for the next round."""
        monkeypatch.setattr(link_watch, "CENSUS_S", 600.0)
        live.wait_for(lambda: watch._next_census > time.monotonic() + 300)
        holder = subprocess.Popen([*space.enter, "sleep", "600"])
        link = f"v{live.os.getpid()}"
        try:
            live.wait_for(lambda: namespace_of(holder) != live.os.readlink("/proc/self/ns/net"))
            assert namespace_of(holder) not in watch._listener.listened()
            spaces.run("ip", "link", "add", link, "type", "veth", "peer", "name", "vb", "netns", space.name)
            live.wait_for(lambda: namespace_of(holder) in watch._listener.listened())
        finally:
            subprocess.run(["ip", "link", "delete", link], check=False)
            holder.kill()
            holder.wait()


def test_our_own_threads_stay_where_they_are(space):
    """A socket is made in another namespace by a thread that ends: no thread of ours changes its own."""
    holder = subprocess.Popen([*space.enter, "sleep", "600"])
    try:
        live.wait_for(lambda: str(holder.pid) in namespaces.census(Roots()).others.values())
        name = next(name for name, pid in namespaces.census(Roots()).others.items() if pid == str(holder.pid))
        home = live.os.readlink("/proc/self/ns/net")
        with namespaces.socket_in(Roots(), str(holder.pid), name) as kernel:
            there = list(netlink.dump(netlink.GET_LINK, kernel=kernel).entries())
        # The thread that entered may still be on its way out.
        tasks = Path("/proc/self/task")
        live.wait_for(lambda: {live.os.readlink(task / "ns/net") for task in tasks.iterdir()} == {home})
        with pytest.raises(OSError, match="Stale"):
            namespaces.socket_in(Roots(), str(holder.pid), "net:[1]")
    finally:
        holder.kill()
        holder.wait()
    assert len(there) == 1
    assert threading.active_count() < 10


def listens(pid):
    """Tell whether in a process's own namespace a socket joined the groups of links, addresses and routes."""
    with contextlib.suppress(OSError):
        if live.os.readlink(f"/proc/{pid}/ns/net") == live.os.readlink("/proc/self/ns/net"):
            return False  # not there yet: in this one other runs may listen
        lines = live.Path(f"/proc/{pid}/net/netlink").read_text().splitlines()[1:]
        return any(int(line.split()[3], 16) & 0x551 == 0x551 for line in lines)  # RTMGRP_LINK and so on
    return False


def watched(space, *arguments, during=(), after=1.0):
    """Return `collect isolation --watch` in the namespace with commands carried out in its midst, then a Ctrl-C.

    A watch of so many seconds would end before the commands do, on a machine that is busy enough.
    """
    process = live.start("isolation", "--watch", "1h", *arguments, before=space.enter)
    live.wait_for(lambda: listens(process.pid))
    time.sleep(1.0)  # its first reading is done, on a busy machine, too
    for command in during:
        if isinstance(command, float):
            time.sleep(command)
        else:
            space.ip(command)
    if during:
        time.sleep(after)
        process.send_signal(signal.SIGINT)
    return process


FLAP = ["link set vx0 up", 0.1, "link set vx0 down"]
TUNNEL = "link add vx0 type vxlan id 7 dstport 4789"


def test_the_watch_tells_a_tenth_of_a_second(space):
    """The worst moment is the verdict and the exit code; the object lists the changes and how it is now."""
    space.ip(TUNNEL)
    done = live.ended(watched(space, "--json", during=FLAP))
    assert done.code == 1
    told = done.json
    assert (told["verdict"], told["verdict_now"]) == ("CONNECTED", "ISOLATED")
    assert any(change.get("interface") == "vx0" and change.get("admin_up") for change in told["changes"])
    assert told["changes_counted"] == len(told["changes"])
    assert any("vx0" in reason for reason in told["reasons"])
    assert told["watched_ms"] >= 1000  # the flap and what comes after it


ROUTED = [*VETH, "link set va up", "addr add 192.0.2.2/24 dev va"]


@pytest.mark.parametrize("family", ["", "-6 "])
def test_a_cable_plugged_in_for_a_tenth_of_a_second(space, family):
    """The far end of a veth comes and goes; the way to the outside leads over it for that moment."""
    for command in [*ROUTED, "addr add fd00::2/64 dev va nodad"]:
        space.ip(command)
    flap = ["link set vb up", f"{family}route replace default dev va", 0.1, "link set vb down"]
    done = live.ended(watched(space, "--json", during=flap))
    assert (done.code, done.json["verdict"], done.json["verdict_now"]) == (1, "CONNECTED", "ISOLATED")
    assert {"link", "route"} <= {change["what"] for change in done.json["changes"]}


def test_what_is_switched_on_without_a_cable_is_no_false_alarm(space):
    """States in between, as the kernel passes through them, connect nobody: no verdict but ISOLATED."""
    for command in [*ROUTED, "route add default via 192.0.2.1", "tuntap add tun0 mode tun"]:
        space.ip(command)
    for command in ["link add mv0 link va type macvlan", "link add br0 type bridge", "link set vb master br0"]:
        space.ip(command)
    toggled = [f"link set {name} {way}" for name in ("va", "mv0", "br0", "tun0") for way in ("down", "up")]
    done = live.ended(watched(space, "--json", during=toggled * 5))
    assert (done.code, done.json["verdict"]) == (0, "ISOLATED"), done.json["reasons"]
    assert done.json["changes_counted"] >= 20


def test_no_seconds_are_one_look(space):
    """`--watch 0s` ends at once with the verdict of now."""
    space.ip(TUNNEL)
    space.ip("link set vx0 up")
    done = live.run("isolation", "--watch", "0s", "--json", before=space.enter)
    assert (done.code, done.json["verdict"], done.json["verdict_now"]) == (1, "CONNECTED", "CONNECTED")


def test_changes_without_end_do_not_hold_the_watch(monkeypatch):
    """Whoever makes more changes than can be judged is told to have done so; time and signals are still looked at."""
    moment = clock.LinuxClock(Roots()).now()
    flood = [LinkChange(moment, "address", None, 1, address="192.0.2.1/24")] * 1000
    facts = Facts((Link("lo", 1, "loopback", admin_up=True, carrier=True),))
    monkeypatch.setattr(watching, "JUDGING_S", 0.0)
    seen = watching.Watched(isolation.judge(facts), "ISOLATED", 0.0)
    assert watching._take_all(seen, Timeline(facts), flood, ui_live.silent())
    assert (seen.worst, seen.counted, seen.changes) == ("UNKNOWN", 1000, [])


def test_the_watch_in_words(space):
    """A line for each change with its time, the verdict when it changes, a summary; nothing hostile gets through."""
    space.ip(TUNNEL)
    space.ip(["link", "add", "\x1b[31mx", "type", "bridge"])
    done = live.ended(watched(space, during=[*FLAP, ["link", "set", "\x1b[31mx", "up"]]))
    assert done.code == 1
    lines = done.out.splitlines()
    assert any(line.endswith("vx0: switched on, plugged in") for line in lines), lines
    assert any(line.endswith("vx0: switched off") for line in lines)
    assert "The computer was connected for a part of this time." in done.out
    assert "\x1b" not in done.out
    assert max(map(len, lines)) <= 80


def test_each_kind_of_line(space):
    """What is told is what happened, in order, once each; a link has its name though it was there before."""
    for command in [*VETH, "link set vb up"]:
        space.ip(command)
    during = [
        *("addr add 192.0.2.4/24 dev va", "link set va up", "route add default dev va"),
        *("addr delete 192.0.2.4/24 dev va", "link set vb down", "link set va down"),
        *(["link", "set", "va", "name", "$(x)é"], "link delete vb"),
    ]
    done = live.ended(watched(space, during=during))
    said = [line[14:] for line in done.out.splitlines() if line[2:3] == ":" and line[14:16] in ("va", "$(")]
    expected = [
        *("va: address 192.0.2.4/24 added", "va: switched on, plugged in", "va: the way to the outside"),
        *("va: address 192.0.2.4/24 removed", "va: on, not plugged in", "va: switched off"),
        *("va is now called $(x)é: switched off", "$(x)é: gone"),
    ]
    assert [line for line in said if "fe80" not in line] == expected


def test_a_terminal_that_goes_away_does_not_end_the_watch(space):
    """Nobody reads any more: that is said once, and the exit code is still that of the worst verdict."""
    space.ip(TUNNEL)
    process = live.start("isolation", "--watch", "3s", before=space.enter)
    process.stdout.readline()
    process.stdout.close()
    for command in ("link set vx0 up", "link set vx0 down") * 10:
        space.ip(command)
    with process.stderr:
        err = process.stderr.read()
    assert process.wait(60) == 1
    assert err.count("could not be written") == 1


def test_nothing_happens_and_a_signal_ends_the_watch_early(space):
    """An hour's watch ends at Ctrl-C with its summary and the exit code so far."""
    process = watched(space, "--json")
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
    done = live.ended(watched(space, "--json", during=[["-batch", str(tmp_path / "batch")]], after=8.0))
    assert done.code == isolation.EXIT_CODES[done.json["verdict"]]
    assert len(done.json["changes"]) == 1000
    assert done.json["changes_counted"] >= 2000
