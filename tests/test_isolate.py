"""`--isolate`: traffic that flowed flows no more, the recorded undo restores it, and a kill leaves a true story."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import live
import pytest
import spaces
from spaces import ROOT, run

if sys.platform != "linux":
    pytest.skip("real interfaces of Linux", allow_module_level=True)

from collector.facts import Change, DefaultRoute, Facts, Link, Namespace, Radio
from collector.host import HostError
from collector.host.linux import LinuxHost, Roots, cutting, undoing
from collector.isolate import undo_text
from collector.model import Outcome

PLAN = """
import json, sys
sys.path.insert(0, {root!r})
from collector.host.linux import LinuxHost
host = LinuxHost()
print(json.dumps([[c.what, c.name, c.kind, list(c.undo)] for c in host.plan_isolation(host.link_facts())]))
"""
SERVER = """
import socket, sys
server = socket.create_server((sys.argv[1], 7070), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("listening", flush=True)
while True:
    server.accept()[0].close()
"""
CLIENT = """
import socket, sys
socket.create_connection((sys.argv[1], 7070), timeout=3).close()
"""


class Pair:
    """Two namespaces that talk over two cables and a tunnel; the first is the machine that is cut off."""

    def __init__(self):
        self.here, self.there = spaces.Namespace(), spaces.Namespace()
        name = self.there.name
        for command in (
            f"link add va type veth peer name vb netns {name}",
            f"link add vc type veth peer name vd netns {name}",
            "link set lo up",
            "link set va up",
            "link set vc up",
            "addr add 10.71.0.1/24 dev va",
            "addr add 10.72.0.1/24 dev vc",
            "addr add fd71::1/64 dev va nodad",
            "link add vx0 type vxlan id 7 dstport 4789 remote 10.71.0.2",
            "link set vx0 up",
        ):
            self.here.ip(command)
        for command in (
            "link set lo up",
            "link set vb up",
            "link set vd up",
            "addr add 10.71.0.2/24 dev vb",
            "addr add 10.72.0.2/24 dev vd",
            "addr add 10.99.0.1/32 dev lo",
            "addr add fd71::2/64 dev vb nodad",
            "addr add fd99::1/128 dev lo nodad",
        ):
            self.there.ip(command)
        for command in (
            "route add default via 10.71.0.2 metric 50",
            "route add 10.99.0.0/16 via 10.72.0.2 src 10.72.0.1",
            "route add 10.98.0.0/16 via 10.71.0.2 table 55 metric 7 proto static",
            "route add 10.97.0.0/16 dev vc scope link",
            "-6 route add fd99::/64 via fd71::2 metric 9",
            "-6 route add default via fd71::2",
        ):
            self.here.ip(command)
        self.servers = []
        for address in ("10.99.0.1", "fd99::1"):
            server = subprocess.Popen(
                [*self.there.enter, sys.executable, "-c", SERVER, address], stdout=subprocess.PIPE, text=True
            )
            assert server.stdout.readline() == "listening\n"
            self.servers.append(server)

    def flows(self):
        """Tell for IPv4 and IPv6 whether a connection comes about."""
        commands = [[*self.here.enter, sys.executable, "-c", CLIENT, to] for to in ("10.99.0.1", "fd99::1")]
        done = [subprocess.run(one, check=False, capture_output=True, timeout=60) for one in commands]
        return [one.returncode == 0 for one in done]

    def state(self):
        """Return addresses and routes as `ip` tells them, without what counts time."""
        name = self.here.name
        addresses = run("ip", "-n", name, "addr", "show", "scope", "global").decode()
        kept = [line.split() for line in addresses.splitlines() if line.strip().startswith("inet")]
        routes = [run("ip", "-n", name, *family, "route", "show", "table", "all").decode() for family in ((), ("-6",))]
        own = [line for text in routes for line in text.splitlines() if "fe80" not in line and "ff00" not in line]
        return [kept, sorted(own)]

    def close(self):
        for server in self.servers:
            server.kill()
            server.communicate()
        self.here.close()
        self.there.close()


@pytest.fixture
def pair():
    made = Pair()
    yield made
    made.close()


def undo_of(bundle):
    """Return the undo text, which is in the bundle as one artifact of its own."""
    (record,) = bundle.artifacts("undo-isolation")
    return (bundle.path / record["path"]).read_text(encoding="utf-8")


class TestPair:
    pytestmark = ROOT

    def test_traffic_stops_and_the_recorded_undo_restores_it(self, pair, tmp_path):
        """Every link that leads outside goes down, loopback stays; the recorded lines bring all of it back."""
        assert pair.flows() == [True, True]
        before = pair.state()
        done = live.run("--case", "CUT", "--out", tmp_path, "--scan", tmp_path, "--isolate", "--yes", "--json",
                        before=pair.here.enter)  # fmt: skip
        assert pair.flows() == [False, False]
        assert done.code == 4
        assert done.json["isolation"] == {"open": "CONNECTED", "close": "ISOLATED", "run": "CONNECTED"}
        shown = json.loads(run("ip", "-n", pair.here.name, "-j", "link"))
        assert {link["ifname"] for link in shown if "UP" in link["flags"]} == {"lo"}
        bundle = live.assert_sealed(done.json["bundle"])
        recorded = [line for one in bundle.observed("isolate") if one["step"] == "done" for line in one["undo"]]
        undo = undo_of(bundle)
        assert sorted(recorded) == sorted(line for line in undo.splitlines() if line.startswith("ip "))
        run(*pair.here.enter, "sh", "-e", "-c", "\n".join(line for line in undo.splitlines()[5:]))
        live.wait_for(lambda: pair.flows() == [True, True])
        assert pair.state() == before

    def test_connections_neighbours_and_routes_are_read_before_anything_is_cut(self, pair, tmp_path):
        """The volatile network state is sealed by its phase record before the first change is even announced."""
        done = live.run("--case", "CUT", "--out", tmp_path, "--scan", tmp_path, "--isolate", "--yes", "--json",
                        before=pair.here.enter)  # fmt: skip
        records = live.Bundle(done.json["bundle"]).records
        first = next(r["seq"] for r in records if r["type"] == "observation" and r["what"] == "isolate")
        sealed = next(r["seq"] for r in records if r["type"] == "phase")
        for kind in ("connections", "neighbours", "routes", "interfaces", "processes"):
            assert next(r["seq"] for r in records if r["type"] == "artifact" and r["kind"] == kind) < sealed < first
        text = next(r["seq"] for r in records if r["type"] == "artifact" and r["kind"] == "undo-isolation")
        assert sealed < text < first
        assert {row["interface"] for row in live.Bundle(done.json["bundle"]).rows("routes")} >= {"va", "vc"}

    def test_the_plan_names_exactly_what_leads_outside(self, pair):
        """Both cables and the tunnel, the tunnel first; a veth within the namespace and the loopback stay."""
        pair.here.ip("link add vi type veth peer name vj")
        pair.here.ip("link set vi up")
        plan = json.loads(pair.here.run(PLAN.format(root=str(live.ROOT))))
        assert plan[0][1] == "vx0"
        assert sorted(name for _, name, _, _ in plan) == ["va", "vc", "vx0"]

    def test_a_kill_between_two_links_tells_what_was_done(self, pair, tmp_path):
        """Kill -9 after the first link: the manifest verifies as far as it goes and names one done, no more."""
        fault = (
            "from collector.host.linux import cutting\nimport os\n"
            "def dying(*a, real=cutting.carry_out, n=[0]):\n"
            "    n[0] += 1\n    os.kill(os.getpid(), 9) if n[0] == 2 else real(*a)\n"
            "cutting.carry_out = dying\n"
        )
        fault = f"import sys; sys.path.insert(0, {str(live.ROOT)!r})\n{fault}"
        done = live.run("--case", "CUT", "--out", tmp_path, "--scan", tmp_path, "--isolate", "--yes",
                        before=pair.here.enter, fault=fault)  # fmt: skip
        assert done.code in (-9, 137)
        (path,) = tmp_path.glob("CUT_*")
        assert live.verify(path).json["verdict"] == "INCOMPLETE"
        bundle = live.Bundle(path)
        steps = [(one["step"], one["interface"]) for one in bundle.observed("isolate")]
        assert steps[:2] == [("before", "vx0"), ("done", "vx0")]
        assert [step for step, _ in steps[2:]] == ["before"]
        assert "ip link set dev va up" in undo_of(bundle)
        shown = {link["ifname"]: link["flags"] for link in json.loads(run("ip", "-n", pair.here.name, "-j", "link"))}
        assert "UP" not in shown["vx0"]
        assert "UP" in shown["va"]
        assert "UP" in shown["vc"]

    def test_without_the_privilege_it_is_a_gap_and_is_said(self, pair, tmp_path):
        """Nothing is changed, the run goes on, and the person is told what to do by hand."""
        live.needs("setpriv")
        before = pair.state()
        drop = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]
        done = live.run("--case", "CUT", "--out", tmp_path, "--scan", tmp_path, "--isolate", "--yes", "--json",
                        before=[*pair.here.enter, *drop])  # fmt: skip
        assert pair.state() == before
        assert pair.flows() == [True, True]
        bundle = live.assert_sealed(done.json["bundle"])
        assert {gap["outcome"] for gap in bundle.gaps("isolate")} == {"denied"}
        assert {one["step"] for one in bundle.observed("isolate")} == {"before"}
        assert done.json["isolation"]["close"] == "CONNECTED"
        assert "cutting off the network: access refused" in done.err

    def test_nothing_to_cut_is_said_and_recorded(self, tmp_path):
        """A namespace with its loopback alone: no change, no undo text."""
        space = spaces.Namespace()
        try:
            done = live.run("--case", "CUT", "--out", tmp_path, "--scan", tmp_path, "--isolate", "--yes", "--json",
                            before=space.enter)  # fmt: skip
        finally:
            space.close()
        bundle = live.assert_sealed(done.json["bundle"])
        assert (done.code, bundle.observed("isolate")) == (0, [{"step": "nothing"}])
        assert bundle.artifacts("undo-isolation") == []
        assert "There is nothing to switch off" in done.err

    def test_without_being_asked_nothing_changes(self, pair, tmp_path):
        """A run without `--isolate`, and a dry run with it, leave every link as it was."""
        before = pair.state()
        live.run("--case", "CUT", "--out", tmp_path, "--scan", tmp_path, "--json", before=pair.here.enter)
        dry = live.run("--case", "DRY", "--out", tmp_path, "--isolate", "--dry-run", before=pair.here.enter)
        assert pair.state() == before
        assert "vx0 (tunnel)" in dry.err
        assert not list(tmp_path.glob("DRY_*"))

    @pytest.mark.parametrize("name", [b"$(id)", b"a'b\"c", b";x&", b"\xe9\xff", "é".encode(), b"-x", b"a\x1bb"])
    def test_hostile_names_are_cut_and_restored(self, name):
        """A name that a shell would act upon is one word in the undo line, and brings the very link back."""
        shell = shutil.which("bash")
        if shell is None:
            pytest.skip("needs bash for names that are no text")
        space = spaces.Namespace()
        try:
            space.ip(["link", "add", "name", name, "type", "vxlan", "id", "7", "dstport", "4789"])
            space.ip(["link", "set", "dev", name, "up"])
            code = PLAN.format(root=str(live.ROOT)) + "for c in host.plan_isolation(host.link_facts()):\n"
            code += "    host.carry_out(c)\n"
            lines = space.run(code).decode("utf-8", "surrogateescape").splitlines()
            plan = json.loads(lines[0])
            assert b"UP" not in run("ip", "-n", space.name, "-o", "link")
            run(*space.enter, shell, "-e", "-c", "\n".join(plan[0][3]))
            assert b",UP," in run("ip", "-n", space.name, "-o", "link")
        finally:
            space.close()


LOOPBACK = Link("lo", 1, "loopback", admin_up=True, carrier=True)


def up(kind, index=2, **more):
    return Link(f"x{index}", index, kind, **({"admin_up": True, "carrier": True} | more))


def planned(*links, **more):
    return [(c.what, c.name, c.namespace) for c in cutting.plan(Roots(), Facts((LOOPBACK, *links), **more))]


REAL = ("ethernet", "wifi", "cellular", "bluetooth", "vpn", "tunnel", "bond", "vlan", "macvlan", "other")


@pytest.mark.parametrize("kind", REAL)
def test_every_real_kind_is_switched_off_plugged_in_or_not(kind):
    """A link without a carrier would revive when it is plugged in; one that is off already stays so."""
    assert planned(up(kind)) == planned(up(kind, carrier=False)) == [("down", "x2", None)]
    assert planned(up(kind, admin_up=False, carrier=None)) == []


@pytest.mark.parametrize("kind", ["veth", "bridge", "tap", "dummy"])
def test_what_is_internal_stays_unless_the_way_outside_leads_over_it(kind):
    """On the whole machine containers keep their links; a default route makes one a way outside."""
    assert planned(up(kind)) == []
    assert planned(up(kind), default_routes=(DefaultRoute(2, {}),)) == [("down", "x2", None)]


def test_upper_links_go_before_what_they_stand_on():
    """Tunnel, vlan and bond first: each is switched off once, by us."""
    names = [name for _, name, _ in planned(up("ethernet"), up("bond", 3), up("vpn", 4))]
    assert names == ["x4", "x3", "x2"]


def test_links_of_other_namespaces_and_radios_on_the_whole_machine_only():
    """From within a container nothing outside of it is touched."""
    there = Namespace("net:[7]", 77, "77", 0, (up("wifi", 5), up("veth", 6)))
    radios = (
        Radio(0, "phy0", "wifi", soft_blocked=False, hard_blocked=False),
        Radio(1, "hci0", "bluetooth", soft_blocked=True, hard_blocked=False),
    )
    found = planned(others=(there,), radios=radios)
    assert found == [("down", "x5", "net:[7]"), ("block", "phy0", None)]
    assert planned(others=(there,), radios=radios, scope="namespace") == []


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_link_that_was_renamed_or_is_gone_is_not_touched():
    """A step is taken only on the link that it was planned for."""
    for index, name in ((1, "eth9"), (999_999, "lo")):
        with pytest.raises(HostError) as refused:
            LinuxHost().carry_out(Change("down", index, name, "ethernet", ()))
        assert refused.value.gap.outcome is Outcome.ABSENT


def test_the_undo_text_goes_backwards_and_prints_nothing_hostile():
    """The last change is undone first; a name of odd bytes stands escaped in the comment and quoted in the line."""
    hostile = {"text": "\x1b[31m�", "hex": b"\x1b[31m\xff".hex()}
    text = undo_text((Change("down", 2, "a", "vpn", ("one",)), Change("down", 3, hostile, "wifi", ("two", "three"))))
    assert "\x1b" not in text
    assert text.index("two\nthree\n") < text.index("one\n")
    assert undoing._quoted(b"\x1b[31m\xff") == "\"$(printf '\\033\\13331m\\377')\""
