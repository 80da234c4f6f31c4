"""Links, routes, neighbours and resolvers of Linux, on real interfaces in namespaces of the test's own.

The facts and the verdict are made by a child in the namespace; nothing of it is replaced.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
import spaces
from spaces import ROOT, run

if sys.platform != "linux":
    pytest.skip("asks the Linux kernel", allow_module_level=True)

from collector import isolation
from collector.facts import Facts, Unread
from collector.host.linux import Roots, devices, links, netlink, networks, resolvers, routes
from collector.host.posix import resolver_files
from collector.model import Gap, Outcome
from collector.sources.dns import DnsSource
from collector.sources.neighbours import NeighbourSource
from collector.sources.routes import RouteSource

HERE = Path(__file__).resolve().parent
PROBE = """
import dataclasses, json
from collector import isolation
from collector.host.linux import Roots, links, netlink, networks, routes
{before}
facts = networks.facts(Roots())
verdict = isolation.judge(facts)
rows = [dataclasses.asdict(row) if dataclasses.is_dataclass(row) else row for row in routes.routes()]
neighbours = list(routes.neighbours())
print(json.dumps({{"verdict": verdict.as_json(), "codes": [reason.code for reason in verdict.reasons],
    "exit": isolation.EXIT_CODES[verdict.verdict], "routes": rows, "neighbours": neighbours,
    "indexes": [link.index for link in facts.links], "kinds": [link.kind for link in facts.links]}}))
"""

class Namespace(spaces.Namespace):
    """One that can be asked for its facts."""

    def probe(self, before="", enter=None):
        enter = enter or ["ip", "netns", "exec", self.name]
        environment = os.environ | {"PYTHONPATH": str(HERE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
        code = PROBE.format(before=before)
        return json.loads(run(*enter, sys.executable, "-W", "error", "-c", code, env=environment))


@pytest.fixture
def namespace():
    made = Namespace()
    yield made
    made.close()


VETH = ["link add va type veth peer name vb", "link set va up"]
VETH_UP = [*VETH, "link set vb up"]
BOTH = {"va": "internal", "vb": "internal"}

# What is set up in an empty namespace, the state of each link but lo, the verdict, the exit code.
WORLDS = {
    "nothing but a loopback that is down": ([], {"lo": "down"}, "ISOLATED", 0),
    "loopback up": (["link set lo up"], {"lo": "internal"}, "ISOLATED", 0),
    "veth up at both ends": (VETH_UP, BOTH, "ISOLATED", 0),
    "veth, peer down": (VETH, {"va": "no_carrier", "vb": "down"}, "ISOLATED", 0),
    "veth admin down": (["link add va type veth peer name vb"], {"va": "down", "vb": "down"}, "ISOLATED", 0),
    "veth with an address of IPv6 only": (
        [*VETH_UP, "addr add fd00::2/64 dev va nodad"],
        BOTH,
        "ISOLATED",
        0,
    ),
    "default route over a live veth": (
        [*VETH_UP, "addr add 192.0.2.2/24 dev va", "route add default via 192.0.2.1"],
        {"va": "connected", "vb": "internal"},
        "CONNECTED",
        1,
    ),
    "default route over a veth whose peer went down": (
        [*VETH_UP, "addr add 192.0.2.2/24 dev va", "route add default via 192.0.2.1", "link set vb down"],
        {"va": "no_carrier", "vb": "down"},
        "ISOLATED",
        0,
    ),
    "default route of IPv6 alone": (
        [*VETH_UP, "addr add fd00::2/64 dev va nodad", "-6 route add default via fd00::1 dev va"],
        {"va": "connected", "vb": "internal"},
        "CONNECTED",
        1,
    ),
    "default in two halves, as VPN clients set it": (
        [*VETH_UP, "route add 0.0.0.0/1 dev va", "route add 128.0.0.0/1 dev va"],
        {"va": "connected", "vb": "internal"},
        "CONNECTED",
        1,
    ),
    "default in a table of its own": (
        [*VETH_UP, "route add default dev va table 1000"],
        {"va": "connected", "vb": "internal"},
        "CONNECTED",
        1,
    ),
    "default with two next hops": (
        [
            *VETH_UP,
            "addr add 192.0.2.2/24 dev va",
            "addr add 198.51.100.2/24 dev vb",
            "route add default nexthop via 192.0.2.1 dev va nexthop via 198.51.100.1 dev vb",
        ],
        {"va": "connected", "vb": "connected"},
        "CONNECTED",
        1,
    ),
    "default that leads nowhere": ([*VETH_UP, "route add blackhole default"], BOTH, "ISOLATED", 0),
    "bridge without ports": (["link add br0 type bridge", "link set br0 up"], {"br0": "internal"}, "ISOLATED", 0),
    "bridge with a live veth": (
        ["link add br0 type bridge", *VETH_UP, "link set va master br0", "link set br0 up"],
        BOTH | {"br0": "internal"},
        "ISOLATED",
        0,
    ),
    "bridge whose only port is down": (
        [
            "link add br0 type bridge",
            "link add va type veth peer name vb",
            "link set va master br0",
            "link set br0 up",
        ],
        {"br0": "no_carrier", "va": "down", "vb": "down"},
        "ISOLATED",
        0,
    ),
    "bridge with a tunnel behind it": (
        [
            "link add br0 type bridge",
            "link add vx0 type vxlan id 7 dstport 4789",
            *VETH_UP,
            "link set vx0 up master br0",
            "link set va master br0",
            "link set br0 up",
        ],
        {"br0": "connected", "vx0": "connected", "va": "connected", "vb": "connected"},
        "CONNECTED",
        1,
    ),
    "vxlan": (
        ["link add vx0 type vxlan id 7 dstport 4789", "link set vx0 up"],
        {"vx0": "connected"},
        "CONNECTED",
        1,
    ),
    "macvlan over a live link": (
        [*VETH_UP, "link add mv0 link va type macvlan", "link set mv0 up"],
        BOTH | {"mv0": "connected"},
        "CONNECTED",
        1,
    ),
    "macvlan over a dead link": (
        [*VETH, "link add mv0 link va type macvlan", "link set mv0 up"],
        {"va": "no_carrier", "vb": "down", "mv0": "no_carrier"},
        "ISOLATED",
        0,
    ),
    "tun that a program holds": (["hold tun0 tun", "link set tun0 up"], {"tun0": "connected"}, "CONNECTED", 1),
    "tun that pretends to be Ethernet": (
        ["hold tun0 tun 1", "link set tun0 up"],
        {"tun0": "connected"},
        "CONNECTED",
        1,
    ),
    "tun that pretends to be a loopback": (
        ["hold tun0 tun 772", "link set tun0 up"],
        {"tun0": "connected"},
        "CONNECTED",
        1,
    ),
    "tun that nobody holds": (
        ["tuntap add tun0 mode tun", "link set tun0 up"],
        {"tun0": "no_carrier"},
        "ISOLATED",
        0,
    ),
    "tap of a virtual machine": (["hold tap0 tap", "link set tap0 up"], {"tap0": "internal"}, "ISOLATED", 0),
    "ifb": (["link add ifb9 type ifb", "link set ifb9 up"], {"ifb9": "internal"}, "ISOLATED", 0),
}


@pytest.mark.parametrize("world", WORLDS)
class TestWorlds:
    pytestmark = ROOT

    def test_states_verdict_and_exit_code(self, namespace, world):
        """Real interfaces in a namespace get exactly these states, this verdict and this exit code."""
        commands, states, verdict, code = WORLDS[world]
        for command in commands:
            namespace.ip(command)
        seen = namespace.probe()
        found = {row["name"]: row["state"] for row in seen["verdict"]["interfaces"] if row["name"] in states}
        assert (found, seen["verdict"]["verdict"], seen["exit"]) == (states, verdict, code)
        assert seen["verdict"]["scope"] == "namespace"
        assert "other_namespace" in seen["codes"] or "scope_unread" in seen["codes"]
        assert set(states) | {"lo"} == {row["name"] for row in seen["verdict"]["interfaces"]}


class TestNamespaces:
    pytestmark = ROOT

    def test_what_a_row_says(self, namespace):
        """Kind, states, addresses and hardware address are those that were set; carrier is nothing while down."""
        for command in [*VETH_UP, "link set vb down", "link set va address 02:00:00:00:00:0a"]:
            namespace.ip(command)
        namespace.ip("addr add 192.0.2.2/24 dev va")
        namespace.ip("addr add 192.0.2.9 peer 198.51.100.1/32 dev va")
        rows = {row["name"]: row for row in namespace.probe()["verdict"]["interfaces"]}
        va, vb = rows["va"], rows["vb"]
        assert va["addresses"][:2] == ["192.0.2.2/24", "192.0.2.9/32"]
        assert (va["kind"], va["admin_up"], va["carrier"], va["mac"]) == ("veth", True, False, "02:00:00:00:00:0a")
        assert (vb["admin_up"], vb["carrier"], vb["state"]) == (False, None, "down")
        assert va["unread"] == {}

    def test_a_bridge_just_switched_on_is_read_until_it_settles(self, namespace):
        """Carrier 1 with operstate down is a moment of the kernel, not a fact: the row shows what it becomes."""
        for command in ["link add br0 type bridge", *VETH_UP, "link set va master br0", "link set br0 up"]:
            namespace.ip(command)
        rows = {row["name"]: row for row in namespace.probe()["verdict"]["interfaces"]}
        bridge = rows["br0"]
        assert (bridge["carrier"], bridge["operstate"], bridge["state"]) == (True, "up", "internal")

    def test_a_veth_to_another_namespace_is_judged_at_our_end(self, namespace):
        """The other end may have an uplink; that is for the judgement of its own namespace."""
        other = Namespace()
        try:
            namespace.ip(f"link add va index 60 type veth peer name vb netns {other.name}")
            # A link of ours has the number that the far end has over there: it is not the peer.
            far = json.loads(run("ip", "-n", other.name, "-j", "link", "show", "dev", "vb"))[0]["ifindex"]
            namespace.ip(f"link add vx0 index {far} type vxlan id 7 dstport 4789")
            namespace.ip("link set va up")
            other.ip("link set vb up")
            other.ip("route add default dev vb")
            here, there = namespace.probe(), other.probe()
        finally:
            other.close()
        states = {row["name"]: row["state"] for row in here["verdict"]["interfaces"]}
        assert states == {"lo": "down", "va": "internal", "vx0": "down"}
        assert (here["verdict"]["verdict"], there["verdict"]["verdict"]) == ("ISOLATED", "CONNECTED")

    def test_a_name_of_odd_bytes_keeps_them(self, namespace):
        """The kernel takes any bytes but slash, colon, NUL and blanks: kept in the row, escaped in the sentence."""
        name = b"\x1b[31m{0}\xff"
        namespace.ip(["link", "add", name, "type", "vxlan", "id", "7", "dstport", "4789"])
        namespace.ip(["link", "set", name, "up"])
        verdict = namespace.probe()["verdict"]
        assert verdict["interfaces"][1]["name"]["hex"] == name.hex()
        assert "\x1b" not in " ".join(verdict["reasons"])
        assert any("\\x1b[31m{0}" in reason for reason in verdict["reasons"])

    def test_a_sysfs_of_another_namespace_is_not_believed(self, namespace):
        """After a bare setns /sys shows the old namespace: a link there of the same name says nothing of ours."""
        if shutil.which("nsenter") is None:
            pytest.skip("needs nsenter")
        outer = netlink.dump(netlink.GET_LINK).entries()
        names = [parsed.name for parsed in map(links.parse_link, outer) if parsed.hardware == 1]
        if not names:
            pytest.skip("this namespace has no Ethernet link to take the name of")
        namespace.ip(["link", "add", names[-1], "type", "vxlan", "id", "7", "dstport", "4789"])
        namespace.ip(["link", "set", names[-1], "up"])
        row = namespace.probe(enter=["nsenter", f"--net=/run/netns/{namespace.name}"])["verdict"]["interfaces"][1]
        assert (row["name"], row["kind"], row["driver"]) == (os.fsdecode(names[-1]), "tunnel", None)

    def test_the_rows_of_routes_and_neighbours(self, namespace):
        """Routes of both families and of any table, and neighbours, have every column as it was set."""
        for command in [
            *VETH_UP,
            "addr add 192.0.2.2/24 dev va",
            "addr add fd00::2/64 dev va nodad",
            "route add 203.0.113.0/24 via 192.0.2.1 src 192.0.2.2 metric 77 table 1000 proto static",
            "route add unreachable 203.0.113.7/32",
            "-6 route add 2001:db8::/32 via fd00::1 dev va metric 5 proto dhcp",
            "neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev va",
            "neigh add fd00::1 lladdr 02:00:00:00:00:02 dev va router nud stale",
        ]:
            namespace.ip(command)
        seen = namespace.probe()
        assert all(set(row) == set(RouteSource.columns) for row in seen["routes"])
        assert all(set(row) == set(NeighbourSource.columns) for row in seen["neighbours"])
        found = {row["destination"]: row for row in seen["routes"]}
        assert found["203.0.113.0/24"] == {
            "family": "inet",
            "destination": "203.0.113.0/24",
            "gateway": "192.0.2.1",
            "interface": "va",
            "source": "192.0.2.2",
            "metric": 77,
            "table": 1000,
            "protocol": "static",
            "scope": "global",
            "type": "unicast",
        }
        assert found["203.0.113.7/32"]["type"] == "unreachable"
        assert (found["2001:db8::/32"]["gateway"], found["2001:db8::/32"]["protocol"]) == ("fd00::1", "dhcp")
        known = {row["address"]: row for row in seen["neighbours"]}
        assert known["192.0.2.1"] == {
            "family": "inet",
            "address": "192.0.2.1",
            "mac": "02:00:00:00:00:01",
            "interface": "va",
            "state": "permanent",
            "router": False,
        }
        assert (known["fd00::1"]["state"], known["fd00::1"]["router"]) == ("stale", True)

    def test_a_table_over_the_limit_is_cut_with_a_gap(self, namespace):
        """More entries than the limit: the first are kept, the rest is a gap, and the verdict is not ISOLATED."""
        for command in [*VETH_UP, *(f"route add 203.0.113.{host}/32 dev va" for host in range(8))]:
            namespace.ip(command)
        seen = namespace.probe("netlink.MAX_MESSAGES = 5")
        rows = [row for row in seen["routes"] if row.get("family") == "inet"]
        gaps = [row for row in seen["routes"] if "outcome" in row]
        assert (len(rows), [gap["outcome"] for gap in gaps]) == (5, ["over_limit"])
        assert (seen["verdict"]["verdict"], seen["codes"][0], seen["exit"]) == ("UNKNOWN", "routes_unread", 3)

    def test_no_packet_can_leave(self, namespace, tmp_path):
        """The only sockets are netlink, and what is sent goes to the kernel."""
        if shutil.which("strace") is None:
            pytest.skip("needs strace")
        trace = tmp_path / "trace"
        for command in [*VETH_UP, "route add default dev va"]:
            namespace.ip(command)
        calls = "trace=socket,connect,sendto,sendmsg,sendmmsg,execve"
        enter = ["ip", "netns", "exec", namespace.name, "strace", "-f", "-qq", "-e", calls, "-o", str(trace)]
        assert namespace.probe(enter=enter)["verdict"]["verdict"] == "CONNECTED"
        lines = trace.read_text().splitlines()
        sockets = [line for line in lines if "socket(" in line]
        assert sockets
        assert all("AF_NETLINK" in line for line in sockets)
        assert {"NETLINK_ROUTE", "NETLINK_GENERIC"} >= {line.rpartition(", ")[2].partition(")")[0] for line in sockets}
        assert not [line for line in lines if "connect(" in line or "sendmsg(" in line or "sendmmsg(" in line]
        sends = [line for line in lines if "sendto(" in line]
        assert sends
        asked = ("RTM_GET", "nlctrl", "NLM_F_DUMP", "0x300")
        assert all((any(word in line for word in asked) and "nl_pid=0" in line) or "NULL, 0" in line for line in sends)
        assert sum("execve(" in line for line in lines) == 1


def recorded(name):
    """Return the datagram of a recorded dump: hexadecimal after lines of `#` that tell where it comes from."""
    lines = (HERE / "testdata" / "netlink" / name).read_text().splitlines()
    return bytes.fromhex("".join(line for line in lines if not line.startswith("#")))


PARSERS = {
    "links.hex": (netlink.GET_LINK, links.parse_link),
    "addresses.hex": (netlink.GET_ADDRESS, links.parse_address),
    "routes.hex": (netlink.GET_ROUTE, lambda body: routes.parse_route(body, {})),
    "neighbours.hex": (netlink.GET_NEIGHBOUR, lambda body: routes.parse_neighbour(body, {})),
}


def parsed(name, datagram):
    kind, parse = PARSERS[name]
    return [parse(body) for body in netlink.Dump(kind, (datagram,)).entries()]


def test_recorded_links_are_parsed():
    """A recorded dump of every kind this kernel has gives names, kinds and relations."""
    found = {link.name: link for link in parsed("links.hex", recorded("links.hex"))}
    assert [(link.kind, link.admin_up, link.carrier) for link in found.values()] == [
        (b"", True, True),
        (b"bridge", True, True),
        (b"veth", True, True),
        (b"veth", True, True),
        (b"vxlan", False, True),  # what carrier says of a link that is switched off
        (b"macvlan", True, True),
    ]
    assert found[b"va"].master == found[b"br0"].index
    assert found[b"va"].peer == found[b"vb"].index


def test_a_route_that_is_only_cached_is_no_default():
    """The kernel's cache entries (RTM_F_CLONED) are rows of type `cached`, and judge nothing."""
    for body in netlink.Dump(netlink.GET_ROUTE, (recorded("routes.hex"),)).entries():
        plain = routes.parse_route(body, {})
        cached = routes.parse_route(body[:8] + (0x200).to_bytes(4, "little") + body[12:], {})
        assert [hop.row["type"] for hop in cached] == ["cached"] * len(plain)
        assert not any(hop.is_default for hop in cached)
    assert any(hop.is_default for hops in parsed("routes.hex", recorded("routes.hex")) for hop in hops)


@pytest.mark.parametrize("name", PARSERS)
def test_damaged_bytes_raise_one_error_only(name):
    """Each cut and each changed byte of a recorded dump is parsed or refused with `OSError`, never anything else."""
    whole = recorded(name)
    assert parsed(name, whole)
    refused = 0
    for at in range(len(whole)):
        flipped = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        for damaged in (whole[:at], flipped):
            try:
                parsed(name, damaged)
            except OSError:
                refused += 1
    assert refused > len(whole) // 2


def test_an_error_of_the_kernel_is_raised():
    """The kernel's refusal is an `OSError` with its number, in an error message and in the end of a dump."""
    for kind in (2, 3):
        refusal = netlink.Message(kind, 0, (-1).to_bytes(4, sys.byteorder, signed=True))
        with pytest.raises(PermissionError):
            netlink._raise_error(refusal)
    netlink._raise_error(netlink.Message(3, 0, bytes(4)))


def test_a_table_that_changed_each_time_is_a_gap():
    """An interrupted dump may miss a link, so it is never the ground of an all-clear."""
    gap = links._incomplete(netlink.Dump(netlink.GET_LINK, (), interrupted=True))
    assert gap is not None
    facts = Facts((), unread=(Unread("links", gap),))
    assert isolation.judge(facts).verdict == "UNKNOWN"


# Scope and devices on made trees: this machine has one network namespace of its own and one device.

KERNEL_THREAD = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0"
IMPOSTOR = "2 (kthreadd) S 0 0 0 0 -1 4194304 0 0"
CHILD = "2 (kthreadd) S 1 0 0 0 -1 2129984 0 0"


@pytest.mark.parametrize(
    ("stat", "own", "expected"),
    [
        (KERNEL_THREAD, "net:[1]", ("host", None)),
        (KERNEL_THREAD, "net:[2]", ("namespace", "other_namespace")),
        (IMPOSTOR, "net:[1]", ("namespace", "scope_unread")),
        (CHILD, "net:[1]", ("namespace", "scope_unread")),
        ("nonsense", "net:[1]", ("namespace", "scope_unread")),
        (None, "net:[1]", ("namespace", "scope_unread")),
    ],
)
def test_the_scope_is_the_host_only_beside_a_real_kernel_thread(tmp_path, stat, own, expected):
    """A program named kthreadd with pid 2, as in a container, does not make its namespace the host's."""
    for pid, target in (("2", "net:[1]"), ("thread-self", own)):
        (tmp_path / pid / "ns").mkdir(parents=True)
        (tmp_path / pid / "ns" / "net").symlink_to(target)
    if stat is not None:
        (tmp_path / "2" / "stat").write_text(stat)
    assert devices.scope(Roots(proc=str(tmp_path))) == expected


def made_sysfs(tree, interface, device, uevent=""):
    """Make an interface with the device that it hangs on, as sysfs shows them."""
    folder = tree / "class" / "net" / interface
    folder.mkdir(parents=True)
    (folder / "ifindex").write_text("7\n")
    (folder / "address").write_text("02:00:00:00:00:07\n")
    (folder / "uevent").write_text(uevent)
    if device is not None:
        (tree / "drivers" / "brcmfmac").mkdir(parents=True, exist_ok=True)
        (tree / device).mkdir(parents=True, exist_ok=True)
        (tree / device / "driver").symlink_to(tree / "drivers" / "brcmfmac")
        (folder / "device").symlink_to(tree / device)
    return Roots(sys=str(tree))


def ethernet(name=b"x", index=7, mac="02:00:00:00:00:07"):
    return links.RawLink(
        name,
        index,
        hardware=1,
        admin_up=True,
        carrier=True,
        operstate="up",
        mac=mac,
        kind=b"",
        is_tap=False,
        master=None,
        peer=None,
        peer_namespace=None,
        permanent_mac=None,
        carrier_ups=1,
        device=b"",
        bus=b"",
    )


@pytest.mark.parametrize(
    ("device", "uevent", "kind", "physical"),
    [
        ("devices/pci0/0000:00:03.0", "INTERFACE=x\n", "ethernet", True),
        ("devices/pci0/0000:00:03.0", "DEVTYPE=wlan\n", "wifi", True),
        ("devices/usb1/1-1:1.0", "DEVTYPE=wwan\n", "cellular", True),
        ("devices/usb1/1-1:1.0", "DEVTYPE=bluetooth\n", "bluetooth", True),
        (None, "INTERFACE=x\n", "other", False),
    ],
)
def test_what_stands_behind_a_link(tmp_path, device, uevent, kind, physical):
    """Ethernet, Wi-Fi, cellular and Bluetooth are told apart by the device; all of them live are connected."""
    roots = made_sysfs(tmp_path, "x", device, uevent)
    raw = ethernet()
    link = links.build(raw, devices.behind(roots, raw.name, raw.index, raw.mac), (), None)
    assert (link.kind, link.physical, link.unread) == (kind, physical, {})
    assert link.driver == ("brcmfmac" if device else None)
    assert isolation.judge(Facts((link,))).verdict == "CONNECTED"


@pytest.mark.parametrize(
    "raw", [ethernet(b"y"), ethernet(index=8), ethernet(mac="02:00:00:00:00:08"), ethernet(b".."), ethernet(b"a/b")]
)
def test_a_link_that_sysfs_does_not_show_is_unread_and_unknown(tmp_path, raw):
    """Another namespace's sysfs, or a name that would leave the folder, says nothing: never ISOLATED."""
    roots = made_sysfs(tmp_path, "x", "devices/pci0/0000:00:03.0")
    link = links.build(raw, devices.behind(roots, raw.name, raw.index, raw.mac), (), None)
    assert (link.kind, link.physical, set(link.unread)) == (None, None, {"kind", "driver"})
    assert isolation.judge(Facts((link,))).verdict == "UNKNOWN"


BUSES = {
    "pci": ("devices/pci0/0000:00:03.0", {"class": "0x020000\n"}),
    "virtio": ("devices/pci0/0000:00:04.0/virtio2", {"device": "0x0001\n"}),
    "usb": (
        "devices/usb1/1-1/1-1:1.0",
        {"bInterfaceClass": "02\n", "bInterfaceSubClass": "06\n", "bInterfaceProtocol": "00\n"},
    ),
}


@pytest.mark.parametrize("bus", BUSES)
@pytest.mark.parametrize("seen", [True, False])
def test_a_network_device_has_to_show_its_interface(tmp_path, bus, seen):
    """A PCI, virtio or USB network device without an interface in the list is named; with one it is not."""
    place, contents = BUSES[bus]
    folder = tmp_path / place
    folder.mkdir(parents=True)
    for name, content in contents.items():
        (folder / name).write_text(content)
    other = tmp_path / "devices" / "other:1.0"
    other.mkdir()
    for name in contents:
        (other / name).write_text("0x010000\n")
    listed = tmp_path / "bus" / bus / "devices"
    listed.mkdir(parents=True)
    (listed / folder.name).symlink_to(folder)
    (listed / other.name).symlink_to(other)
    found = devices.without_interface(Roots(sys=str(tmp_path)), [os.fsencode(folder)] if seen else [])
    assert found == (() if seen else (folder.parent.name if bus == "usb" else folder.name,))


def test_devices_that_cannot_be_listed_are_an_error(tmp_path):
    """Without sysfs nobody can say that no device was missed."""
    with pytest.raises(FileNotFoundError):
        devices.without_interface(Roots(sys=str(tmp_path)), [])


def resolver_rows(tmp_path):
    return list(resolvers.rows(Roots(etc=str(tmp_path / "etc"), run=str(tmp_path / "run"))))


def test_resolvers_search_domains_options_and_hosts(tmp_path):
    """Each entry of resolv.conf and hosts is a row; a comment is none."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "resolv.conf").write_bytes(
        b"# comment\n; another\nnameserver 192.0.2.53\nsearch a.example b.example\noptions ndots:2 rotate\nsortlist x\n"
    )
    (tmp_path / "etc" / "hosts").write_bytes(b"127.0.0.1 localhost lh # me\n\n# no\n203.0.113.9\tev\xffil\n")
    rows = resolver_rows(tmp_path)
    assert all(set(row) == set(DnsSource.columns) for row in rows)
    assert [(row["type"], row["value"], row["names"]) for row in rows] == [
        ("nameserver", "192.0.2.53", None),
        ("search", "a.example", None),
        ("search", "b.example", None),
        ("option", "ndots:2", None),
        ("option", "rotate", None),
        ("option", "sortlist x", None),
        ("host", "127.0.0.1", ["localhost", "lh"]),
        ("host", "203.0.113.9", [{"text": "ev\ufffdil", "hex": b"ev\xffil".hex()}]),
    ]


def test_a_resolver_file_that_is_a_link_is_told_and_not_followed(tmp_path):
    """The usual link into /run is read at its end; a link to anywhere else is a row and a gap."""
    (tmp_path / "etc").mkdir()
    service = tmp_path / "run" / "systemd" / "resolve"
    service.mkdir(parents=True)
    (service / "resolv.conf").write_text("nameserver 192.0.2.1\n")
    (tmp_path / "etc" / "resolv.conf").symlink_to("../run/systemd/resolve/resolv.conf")
    (tmp_path / "secret").write_text("nameserver 192.0.2.66\n")
    (tmp_path / "etc" / "hosts").symlink_to("../secret")
    rows = resolver_rows(tmp_path)
    told = [(row["type"], row["value"]) for row in rows if not isinstance(row, Gap)]
    assert told == [
        ("link", "../run/systemd/resolve/resolv.conf"),
        ("nameserver", "192.0.2.1"),
        ("link", "../secret"),
    ]
    assert [(row.outcome, row.subject) for row in rows if isinstance(row, Gap)] == [(Outcome.UNSUPPORTED, "../secret")]


def test_resolver_files_that_cannot_be_read_are_gaps(tmp_path):
    """A missing file, a FIFO and an endless line are gaps; nothing blocks and nothing is empty."""
    (tmp_path / "etc").mkdir()
    os.mkfifo(tmp_path / "etc" / "resolv.conf")
    (tmp_path / "etc" / "hosts").write_bytes(b"192.0.2.1 " + b"a " * resolver_files.LINE_BYTES + b"\n192.0.2.2 b\n")
    rows = resolver_rows(tmp_path)
    assert [row.outcome for row in rows if isinstance(row, Gap)] == [Outcome.UNSUPPORTED, Outcome.OVER_LIMIT]
    assert [row["value"] for row in rows if not isinstance(row, Gap)] == ["192.0.2.2"]
    (tmp_path / "etc" / "hosts").unlink()
    assert resolver_rows(tmp_path)[-1].outcome == Outcome.ABSENT


def test_radios_that_cannot_be_read_are_told(tmp_path):
    """A file in the place of the radios' folder: a table that could not be read, never "no radios"."""
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "rfkill").write_text("x")
    assert "radios" in {unread.what for unread in networks.facts(Roots(sys=str(tmp_path))).unread}
