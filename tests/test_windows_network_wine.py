"""The network of Windows, judged over real interfaces: Wine runs inside a network namespace of the test's own.

Driven from Linux. COLLECT_WINPY names the program that starts Python for Windows under Wine; each namespace needs a
Wine of its own, so it gets a prefix that shares the files of the first (WINEPREFIX, or `prefix` beside that program).
Wine 8.0 says of every interface that it is switched on, of every one that is not a loopback that it is hardware, and
"up" of one without a carrier, where Windows says "down"; it goes on listing those that are gone, and lists no IPv6
routes and no IPv6 neighbours. So no interface is deleted here; `test_windows_readings.py` shows what is said then.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("driven from Linux", allow_module_level=True)

import spaces

WINPY = os.environ.get("COLLECT_WINPY", "")
CHECKOUT = Path(__file__).resolve().parent.parent
SECONDS = 120

pytestmark = [
    *spaces.ROOT,
    pytest.mark.slow,
    pytest.mark.skipif(not WINPY, reason="COLLECT_WINPY names no Python for Windows"),
]

# Evaluates each line that comes and answers with one line of JSON.
INSIDE = """
import sys, json
from collector import isolation
from collector.host import HostError, this_host
from collector.model import Gap
host = this_host()
state = {}
def judge():
    return isolation.judge(host.link_facts()).as_json()
def rows(name):
    return [{"gap": one.reason} if isinstance(one, Gap) else one for one in getattr(host, name)()]
def watch():
    state["watch"] = host.watch_links()
def changes(seconds):
    state["watch"].wait(seconds)
    return [
        [one.what, one.name, one.address, one.link and one.link.carrier, one.link and one.link.operstate]
        for one in state["watch"].changes()
    ]
def plan():
    state["plan"] = host.plan_isolation(host.link_facts())
    return [[one.what, one.name, len(one.undo)] for one in state["plan"]]
def cut(name):
    (change,) = [one for one in state["plan"] if one.name == name]
    try:
        host.carry_out(change)
    except HostError as error:
        return [str(error.gap.outcome), error.gap.reason]
def stop():
    state["watch"].stop()
    state["watch"].stop()
    return changes(0)
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    print(json.dumps(eval(line)), flush=True)
"""


class Windows:
    """One Wine with one Python in it, inside a namespace."""

    def __init__(self, namespace, folder):
        origin = Path(os.environ.get("WINEPREFIX") or Path(WINPY).parent / "prefix")
        prefix = folder / "prefix"
        prefix.mkdir()
        for file in [*origin.glob("*.reg"), *origin.glob(".update-timestamp")]:
            shutil.copy2(file, prefix)
        shutil.copytree(origin / "dosdevices", prefix / "dosdevices", symlinks=True)
        (prefix / "drive_c").symlink_to((origin / "drive_c").resolve())
        # A DISPLAY that is nobody's: no X server is started for what opens no window.
        environment = os.environ | {"WINEPREFIX": str(prefix), "DISPLAY": ":none"}
        self.namespace = namespace
        self.command = ["timeout", str(SECONDS), *namespace.enter, WINPY]
        self.more = {"cwd": CHECKOUT, "env": environment, "text": True, "stderr": subprocess.PIPE}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*self.command, "-u", "-c", INSIDE], stdin=pipe, stdout=pipe, **self.more)
        assert self.answer() == "ready"

    def answer(self):
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()[-2000:]
        return json.loads(line)

    def ask(self, expression):
        self.process.stdin.write(expression + "\n")
        self.process.stdin.flush()
        return self.answer()

    def collect(self, *arguments):
        command = [*self.command, "-m", "collector.cli", *arguments]
        return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **self.more)

    def close(self):
        self.process.communicate(timeout=SECONDS)
        pids = spaces.run("ip", "netns", "pids", self.namespace.name).split()
        for pid in pids:  # Wine's own services, which outlive the program by some seconds
            subprocess.run(["kill", "-KILL", pid.decode()], check=False, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    namespace = spaces.Namespace()
    try:
        namespace.ip("link set lo up")
        namespace.ip("link add cable type veth peer name wall")
        inside = Windows(namespace, tmp_path_factory.mktemp("wine"))
        try:
            yield inside
        finally:
            inside.close()
    finally:
        namespace.close()


@pytest.fixture
def net(windows):
    """Give the namespace, with both ends of the cable switched off before and after."""
    ip = windows.namespace.ip
    for end in ("cable", "wall"):
        ip(f"link set {end} down")
        ip(f"address flush dev {end}")
    yield ip
    for end in ("cable", "wall"):
        ip(f"link set {end} down")


def states(verdict):
    return {row["name"]: row["state"] for row in verdict["interfaces"]}


def test_a_machine_without_a_live_link_is_isolated(windows, net):
    """Loopback is live on every machine and reaches nobody."""
    verdict = windows.ask("judge()")
    assert verdict["verdict"] == "ISOLATED"
    found = states(verdict)
    assert (found["lo"], found["cable"], found["wall"]) == ("internal", "no_carrier", "no_carrier")


def test_a_live_link_connects_and_is_named(windows, net):
    """Both ends of the cable are plugged in; the address is the one that stands there."""
    net("link set cable up")
    net("link set wall up")
    net("address add 192.0.2.7/24 dev cable")
    verdict = windows.ask("judge()")
    assert verdict["verdict"] == "CONNECTED"
    assert states(verdict)["cable"] == "connected"
    row = next(row for row in verdict["interfaces"] if row["name"] == "cable")
    assert "192.0.2.7/24" in row["addresses"]
    assert row["mac"]
    assert any("cable" in reason for reason in verdict["reasons"])


def test_a_link_without_a_carrier_is_never_connected_and_never_sure(windows, net):
    """Wine says "up" and "no link" of it at once: a contradiction, so it is UNKNOWN; Windows itself says "down"."""
    net("link set cable up")
    verdict = windows.ask("judge()")
    assert (verdict["verdict"], states(verdict)["cable"]) == ("UNKNOWN", "unknown")


def test_a_bridge_with_a_live_port_is_connected(windows, net):
    """An interface that comes later is listed, and what can't be told from a card counts as one."""
    net("link add bridge0 type bridge")
    try:
        assert states(windows.ask("judge()"))["bridge0"] == "no_carrier"
        for words in ("cable master bridge0", "cable up", "wall up", "bridge0 up"):
            net(f"link set {words}")
        found = states(windows.ask("judge()"))
        assert (found["bridge0"], found["cable"]) == ("connected", "connected")
    finally:
        net("link set cable nomaster")
        net("link set bridge0 down")


def test_default_routes_stand_in_the_verdict(windows, net):
    """Also halves of the default, as VPN programs set them; a network of one's own is none."""
    net("link set cable up")
    net("link set wall up")
    net("address add 192.0.2.7/24 dev cable")
    net("route add default via 192.0.2.1 dev cable metric 7")
    net("route add 128.0.0.0/1 via 192.0.2.1 dev cable")
    net("route add 198.51.100.0/24 via 192.0.2.1 dev cable")
    found = windows.ask("judge()")["routes"]
    assert sorted(row["destination"] for row in found) == ["0.0.0.0/0", "128.0.0.0/1"]
    assert {row["gateway"] for row in found} == {"192.0.2.1"}
    rows = [row for row in windows.ask("rows('routes')") if "gap" not in row]
    assert {row["destination"] for row in rows} >= {"0.0.0.0/0", "198.51.100.0/24", "192.0.2.0/24"}
    assert {row["interface"] for row in rows} == {"cable"}


def test_a_neighbour_is_listed(windows, net):
    """An entry that was set by hand, with its address."""
    net("link set cable up")
    net("link set wall up")
    net("address add 192.0.2.7/24 dev cable")
    net("neighbour add 192.0.2.9 lladdr 02:00:00:00:00:09 dev cable nud permanent")
    found = [row for row in windows.ask("rows('neighbours')") if row.get("address") == "192.0.2.9"]
    assert [(row["mac"], row["interface"], row["state"]) for row in found] == [
        ("02:00:00:00:00:09", "cable", "permanent")
    ]


def test_changes_are_told_as_they_come(windows, net):
    """A link that comes up, its address, its way out, that way gone again, and a link that is new."""
    windows.ask("watch()")
    try:
        net("link set cable up")
        net("link set wall up")
        told = gathered(windows, lambda one: one[0] == "link" and one[1] == "cable" and one[3] is True)
        net("address add 192.0.2.7/24 dev cable")
        told += gathered(windows, lambda one: one[0] == "address" and one[2] == "192.0.2.7/24")
        net("route add default via 192.0.2.1 dev cable")
        told += gathered(windows, lambda one: one[0] == "route")
        net("link set cable down")
        told += gathered(windows, lambda one: one[0] == "route-gone")
        net("link add later type ifb")
        told += gathered(windows, lambda one: one[0] == "link" and one[1] == "later")
        assert "lost" not in {one[0] for one in told}
    finally:
        assert windows.ask("stop()") == []


def test_a_plan_names_what_leads_outside_and_a_cut_that_failed_is_told(windows, net):
    """Wine 8.0 can't switch anything off (SetIfEntry): the refusal is a gap, and nothing is said to be done."""
    net("link set cable up")
    net("link set wall up")
    net("address add 192.0.2.7/24 dev cable")
    net("route add 198.51.100.0/24 via 192.0.2.1 dev cable")
    plan = windows.ask("plan()")
    assert {"cable", "wall"} <= {name for _, name, _ in plan}
    assert "lo" not in {name for _, name, _ in plan}
    assert windows.ask("cut('cable')")[0] == "unsupported"
    assert windows.ask("judge()")["verdict"] == "CONNECTED"


def gathered(windows, wanted):
    """Return what was told up to the change that is wanted; fails where it doesn't come in ten seconds."""
    told = []
    for _ in range(20):
        told += windows.ask("changes(0.5)")
        if any(wanted(one) for one in told):
            return told
    raise AssertionError(f"not told: {told}")


def test_what_changes_before_the_end_of_the_watch_is_told(windows, net):
    """The last reading is made after the end was asked for."""
    windows.ask("watch()")
    net("link set cable up")
    net("link set wall up")
    assert any(one[0] == "link" and one[1] == "cable" for one in windows.ask("stop()"))


@pytest.mark.parametrize(("up", "code", "verdict"), [(False, 0, "ISOLATED"), (True, 1, "CONNECTED")])
def test_the_command_says_the_same(windows, net, up, code, verdict):
    """`collect isolation --json` under Wine: its exit code and its verdict."""
    if up:
        net("link set cable up")
        net("link set wall up")
    done = windows.collect("isolation", "--json")
    assert done.returncode == code, done.stderr[-2000:]
    assert json.loads(done.stdout)["verdict"] == verdict
