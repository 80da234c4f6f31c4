"""What the undo lines of `--isolate` bring back: everything that the kernel dropped, exactly, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import live
import pytest
import spaces
from spaces import ROOT, run

if sys.platform != "linux":
    pytest.skip("real interfaces of Linux", allow_module_level=True)

from collector.facts import Change, Facts, Link, Namespace
from collector.host.linux import Roots, cutting, undoing
from collector.isolate import _as_data, undo_text

CUT = """
import json, sys
sys.path.insert(0, {root!r})
from collector.host.linux import LinuxHost
from collector.isolate import undo_text
host = LinuxHost()
plan = host.plan_isolation(host.link_facts())
for change in plan[:{most}]:
    host.carry_out(change)
print(json.dumps([[c.name, list(c.undo)] for c in plan]))
print(undo_text(plan))
"""
VOLATILE = {
    "valid_life_time",
    "preferred_life_time",
    "flags",
    "operstate",
    "expires",
    "cacheinfo",
    "used",
    "age",
    "index",
}

# What is set up on va and vc, both of them cables of this namespace, and on vi, which is not.
WORLDS = {
    "a gateway that is on the link though no address says so": [
        "addr add 10.73.0.1/32 dev va",
        "route add default via 192.0.2.1 dev va onlink",
    ],
    "a gateway that another route makes reachable": [
        "addr add 10.73.0.1/32 dev va",
        "route add 192.0.2.1/32 dev va scope link",
        "route add default via 192.0.2.1 dev va src 10.73.0.1 metric 100 proto dhcp",
        "-6 addr add fd73::1/128 dev va nodad",
        "-6 route add fd74::1/128 dev va",
        "-6 route add default via fd74::1 dev va",
    ],
    "several next hops, all of them cut": [
        "addr add 10.73.0.1/24 dev va",
        "addr add 10.74.0.1/24 dev vc",
        "route add default proto static nexthop via 10.73.0.2 dev va weight 3 nexthop via 10.74.0.2 dev vc weight 1",
        "-6 addr add fd73::1/64 dev va nodad",
        "-6 addr add fd74::1/64 dev vc nodad",
        "-6 route add fd99::/64 metric 9 nexthop via fd73::2 dev va nexthop via fd74::2 dev vc",
    ],
    "several next hops, one of which stays": [
        "addr add 10.73.0.1/24 dev va",
        "addr add 10.75.0.1/24 dev vi",
        "route add 10.99.0.0/16 nexthop via 10.73.0.2 dev va weight 3 nexthop via 10.75.0.2 dev vi weight 1",
    ],
    "several next hops over one link": [
        "addr add 10.73.0.1/24 dev va",
        "route add 10.99.0.0/16 nexthop via 10.73.0.2 dev va nexthop via 10.73.0.3 dev va onlink",
    ],
    "same destination, other class and metric": [
        "addr add 10.73.0.1/24 dev va",
        "route add 10.99.0.0/16 via 10.73.0.2 metric 5",
        "route add 10.99.0.0/16 via 10.73.0.3 metric 6",
        "route add 10.99.0.0/16 tos 0x10 via 10.73.0.4 metric 5",
    ],
    "what a route carries beside its way": [
        "addr add 10.73.0.1/24 dev va",
        "route add 10.99.0.0/16 via 10.73.0.2 mtu lock 1400 advmss 1300 initcwnd 20 quickack 1 congctl reno",
        "route add 10.98.0.0/16 via 10.73.0.2 mtu 1300 realm 3/7 table 77000",
        "-6 addr add fd73::1/64 dev va nodad",
        "-6 route add fd99::/64 via fd73::2 pref high mtu 1350 hoplimit 7",
        "-6 route add fd98::/64 from fd73::/64 via fd73::2",
    ],
    "types that are not unicast": [
        "addr add 10.73.0.1/24 dev va",
        "route add local 10.99.0.0/24 dev va table 100",
        "-6 route add local fd97::/64 dev va table 100",
        "-6 route add multicast ff15::/16 dev va table 100",
        "-6 route add unreachable fd96::/64 dev lo",
        "route add multicast 239.1.0.0/16 dev va",
        "route add broadcast 10.73.0.77 dev va table 100",
    ],
    "IPv4 by way of an IPv6 gateway": [
        "-6 addr add fd73::1/64 dev va nodad",
        "route add 10.99.0.0/16 via inet6 fd73::2 dev va",
    ],
    "IPv6 addresses of every sort": [
        "-6 addr add fd73::1/64 dev va",
        "-6 addr add fd73::2/128 dev va nodad noprefixroute",
        "-6 addr add fd73::3 peer fd73:1::1/128 dev va",
        "-6 addr add fd75::3/64 dev va metric 77",
        "-6 addr add fe80::99/64 dev va",
        "-6 addr add fd76::1/64 dev va preferred_lft 0",
    ],
    "an IPv6 source": ["-6 addr add fd73::1/64 dev va", "SLEEP", "-6 route add fd99::/64 via fd73::2 src fd73::1"],
    "a neighbour that was set by hand": [
        "addr add 10.73.0.1/24 dev va",
        "neigh add 10.73.0.2 lladdr 02:00:00:00:00:07 dev va nud permanent",
        "neigh add fd73::2 lladdr 02:00:00:00:00:08 dev va nud permanent router",
    ],
    "an upper link with a lower number": [
        "link add mv0 index 7 link va type macvlan",
        "link set mv0 up",
        "addr add 10.76.0.1/24 dev mv0",
        "route add default via 10.76.0.2 dev mv0",
    ],
}


class Cables:
    """A namespace with two cables to another one, and a pair of links of its own."""

    def __init__(self):
        self.here, self.there = spaces.Namespace(), spaces.Namespace()
        for command in (
            f"link add va index 60 type veth peer name vb netns {self.there.name}",
            f"link add vc index 62 type veth peer name vd netns {self.there.name}",
            "link add vi index 64 type veth peer name vj",
            *(f"link set {name} up" for name in ("lo", "va", "vc", "vi", "vj")),
        ):
            self.here.ip(command)
        for name in ("vb", "vd"):
            self.there.ip(f"link set {name} up")

    def state(self):
        """Return addresses, routes and lasting neighbours, without what counts time."""
        told = []
        for command in (
            ("-d", "addr", "show"),
            ("-d", "-4", "route", "show", "table", "all"),
            ("-d", "-6", "route", "show", "table", "all"),
            ("neigh", "show", "nud", "permanent"),
        ):
            found = json.loads(run("ip", "-n", self.here.name, "-j", *command) or b"[]")
            told += [(command[-3:], row) for row in _plain(found)]
        rows = [json.dumps(row, sort_keys=True) for row in told]
        return sorted(rows)

    def settle(self):
        """Wait until no address is tentative any more and every link has settled."""
        live.wait_for(lambda: b"tentative" not in run("ip", "-n", self.here.name, "-6", "addr"))
        live.wait_for(lambda: run("ip", "-n", self.here.name, "-6", "route", "show", "table", "all", "dev", "va"))

    def close(self):
        self.here.close()
        self.there.close()


def _plain(found):
    if isinstance(found, dict):
        kept = {key: _plain(value) for key, value in found.items() if key not in VOLATILE}
        if "addr_info" in found:
            return {
                "ifname": found["ifname"],
                "up": "UP" in found["flags"],
                "addr": sorted(map(json.dumps, kept["addr_info"])),
            }
        if "nexthops" in kept:
            kept["nexthops"] = sorted(map(json.dumps, kept["nexthops"]))
        return kept
    return [_plain(one) for one in found] if isinstance(found, list) else found


@pytest.fixture
def cables():
    made = Cables()
    yield made
    made.close()


def cut(space, most=99):
    """Carry out the plan, or its first part; return it as names and lines, and the undo text."""
    plan, _, text = space.run(CUT.format(root=str(live.ROOT), most=most)).decode().partition("\n")
    return json.loads(plan), text


@pytest.mark.parametrize("world", WORLDS)
class TestWorlds:
    pytestmark = ROOT

    def test_everything_comes_back_exactly(self, cables, world):
        """The undo text is a script of a POSIX shell: run to its end it restores addresses, routes and neighbours."""
        for command in WORLDS[world]:
            if command == "SLEEP":
                cables.settle()
            else:
                cables.here.ip(command)
        cables.settle()
        before = cables.state()
        plan, text = cut(cables.here)
        assert {name for name, _ in plan} >= {"va", "vc"}
        assert cables.state() != before
        done = subprocess.run(
            [*cables.here.enter, "sh", "-e"], input=text.encode(), capture_output=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, b""), text
        cables.settle()
        assert cables.state() == before, text


class TestUndo:
    pytestmark = ROOT

    def test_the_undo_may_be_done_twice_and_after_a_part_of_the_cut(self, cables):
        """A kill after the first change leaves the rest as it was: the same lines then change nothing but the first."""
        for command in WORLDS["several next hops, all of them cut"]:
            cables.here.ip(command)
        cables.settle()
        before = cables.state()
        plan, text = cut(cables.here, most=1)
        assert len(plan) == 2
        assert cables.state() != before
        for _ in range(2):
            done = subprocess.run([*cables.here.enter, "sh"], input=text.encode(), capture_output=True, check=False)
            assert set(done.stderr.splitlines()) <= {b"RTNETLINK answers: File exists"}
            cables.settle()
            assert cables.state() == before

    def test_what_a_router_gives_is_not_made_to_last(self, cables):
        """An address with an end (SLAAC, DHCPv6) is left to who gave it: brought back, it would never end."""
        cables.here.ip("-6 addr add fd73::1/64 dev va valid_lft 5000 preferred_lft 4000")
        cables.here.ip("-6 route add default via fe80::1 dev va proto ra")
        cables.settle()
        _, text = cut(cables.here)
        assert "fd73::1" not in text
        assert "fe80::1" not in text

    @pytest.mark.parametrize(
        "name",
        [b"$(id)", b"a'b\"c", b";x&", b"\xe9\xff", "é".encode(), b"-x", b"-\xff", b"a\x1bb", b"a\\n\x7f", b"~", b"!!"],
    )
    @pytest.mark.parametrize("shell", ["dash", "bash"])
    def test_hostile_names_come_back_in_every_shell(self, name, shell):
        """A name that a shell would act upon, or can't show, is one word of ASCII and brings the very link back."""
        if shutil.which(shell) is None:
            pytest.skip(f"needs {shell}")
        space = spaces.Namespace()
        try:
            space.ip(["link", "add", "name", name, "type", "vxlan", "id", "7", "dstport", "4789"])
            space.ip(["link", "set", "dev", name, "up"])
            space.ip(["addr", "add", "10.73.0.1/24", "dev", name])
            space.ip(["-6", "addr", "add", "fd73::1/64", "dev", name, "nodad"])
            space.ip(["route", "add", "default", "via", "10.73.0.2", "dev", name])
            before = run("ip", "-n", space.name, "route")
            _, text = cut(space)
            assert all(line.isascii() for line in text.splitlines() if not line.startswith("#"))
            assert b",UP" not in run("ip", "-n", space.name, "-o", "link", "show", "type", "vxlan")
            run(*space.enter, shell, "-e", input=text.encode())
            assert b",UP" in run("ip", "-n", space.name, "-o", "link", "show", "type", "vxlan")
            assert run("ip", "-n", space.name, "route") == before
        finally:
            space.close()

    def test_without_room_for_the_undo_text_nothing_is_touched(self, cables, tmp_path):
        """The link stays as it is, the gap says why, and the bundle is sealed all the same."""
        fault = (
            f"import sys; sys.path.insert(0, {str(live.ROOT)!r})\n"
            "from collector.ledger import ArtifactFile\nfrom collector.errors import DiskFullError\n"
            "def flush(self, real=ArtifactFile.flush, **how):\n"
            "    if self.kind == 'undo-isolation':\n        self.cut = True\n        raise DiskFullError('full')\n"
            "    real(self, **how)\n"
            "ArtifactFile.flush = flush\n"
        )
        cables.settle()
        before = cables.state()
        done = live.run("--case", "F", "--out", tmp_path, "--scan", tmp_path, "--isolate", "--yes", "--json",
                        before=cables.here.enter, fault=fault)  # fmt: skip
        assert cables.state() == before
        bundle = live.assert_sealed(done.json["bundle"])
        assert (done.code, bundle.close["reason"]) == (3, "disk_full")
        assert [(gap["outcome"], gap["reason"]) for gap in bundle.gaps("isolate")] == [
            ("over_limit", "nothing was switched off: no room to write how it is undone")
        ]
        assert bundle.observed("isolate") == []

    def test_a_link_in_another_namespace_comes_back_by_way_of_its_process(self):
        """On the whole machine a link elsewhere is cut there, and its lines enter there; ours are left alone."""
        live.needs("nsenter")
        space = spaces.Namespace()
        resident = subprocess.Popen([*space.enter, "sleep", "600"])
        try:
            live.wait_for(lambda: b"sleep" in Path(f"/proc/{resident.pid}/cmdline").read_bytes()[:5])
            space.ip("link add vx0 type vxlan id 7 dstport 4789")
            space.ip("link set vx0 up")
            space.ip("route add default dev vx0")
            before = run("ip", "-n", space.name, "route")
            (shown,) = json.loads(run("ip", "-n", space.name, "-j", "link", "show", "vx0"))
            link = Link("vx0", shown["ifindex"], "tunnel", admin_up=True, carrier=True)
            name, task = str(Path(f"/proc/{resident.pid}/ns/net").readlink()), str(resident.pid)
            there = Namespace(name, resident.pid, task, None, (link,))
            (change,) = cutting.plan(Roots(), Facts((), others=(there,)))
            cutting.carry_out(Roots(), change)
            assert run("ip", "-n", space.name, "route") == b""
            run("sh", "-e", "-c", "\n".join(change.undo))
            assert run("ip", "-n", space.name, "route") == before
        finally:
            resident.kill()
            resident.wait(60)
            space.close()


@pytest.mark.parametrize("length", [0, 3, 7])
def test_bytes_that_are_no_entry_are_counted_in_a_comment(length):
    """Whatever a table holds, the link itself can be brought back, and what is missing is said."""
    tables = undoing.Tables(
        [b"\x0a" * length], [b"\x0a" * length], [b"\x0a" * length], ["the routes could not be read"]
    )
    link = Link("eth0", 2, "ethernet", admin_up=True, carrier=True)
    assert undoing.lines(tables, [link], "")[2] == (
        "# the routes could not be read",
        "# 3 entries could not be read",
        "ip link set dev eth0 up",
    )


def test_as_many_lines_as_fit_are_recorded_and_the_rest_counted():
    """Thousands of routes are all in the text; the observation holds whole lines only and fits its record."""
    undo = tuple(f"ip route append 10.{n >> 8}.{n & 255}.0/24 via 192.0.2.1 dev eth0" for n in range(5000))
    long = ("ip route append 10.0.0.0/8 " + "nexthop via 192.0.2.1 dev eth0 " * 1000, *undo)
    for lines in (undo, long):
        change = Change("down", 2, "eth0", "ethernet", lines)
        data = _as_data(change)
        assert data["undo"] == list(lines[: len(data["undo"])])
        assert len(data["undo"]) + data["undo_more"] == len(lines)
        assert len(json.dumps(data)) < 32_000
        assert undo_text((change,)).count("\n") > len(lines)
