"""Windows never looks isolated by mistake: what its tables say of links, addresses and routes is judged rightly.

The bytes are made after the documentation (MIB_IF_ROW2, MIB_IPFORWARD_ROW2, MIB_IPNET_ROW2 in netioapi.h;
IP_ADAPTER_ADDRESSES_LH in iptypes.h; WLAN_* in wlanapi.h; learn.microsoft.com) and hold what a usual machine lists;
they are no recording of one.
"""

from __future__ import annotations

import random
import socket
import struct
import uuid

import pytest

from collector.facts import DefaultRoute, Facts, Radio
from collector.isolate import undo_text
from collector.isolation import judge
from collector.sources.interfaces import InterfaceSource
from collector.winformats import adapters, cuts, links, networktables, wlan

GUID = uuid.UUID("4d36e972-0000-4000-8000-000000000001")
LOOPBACK = {"type": 24, "hardware": False, "alias": "Loopback Pseudo-Interface 1", "index": 1}
LIVE = {"oper": 1, "admin": 1, "media": 1}
UNPLUGGED = {"oper": 2, "admin": 1, "media": 2}
DISABLED = {"oper": 2, "admin": 2, "media": 0}
GONE = {"oper": 6, "admin": 2, "media": 0}


def wide(name, size):
    return name.encode("utf-16-le", "surrogatepass").ljust(size, b"\0")[:size]


def row_bytes(
    *, type=6, hardware=True, filter=False, alias="Ethernet", index=5, tunnel=0, medium=0,  # noqa: A002 - its names
    oper=1, admin=1, media=1, description="Intel(R) Ethernet", guid=GUID,
):
    head = struct.pack("<QI16s", 6 << 48 | index << 24, index, guid.bytes_le)
    head += wide(alias, 514) + wide(description, 514)
    mac = bytes.fromhex("020000000005").ljust(32, b"\0")
    numbers = struct.pack("<7I", 1500, type, tunnel, 0, medium, 2, 0)
    state = struct.pack("<B3x3I", hardware | filter << 1 | hardware << 2, oper, admin, media)
    return (head + struct.pack("<I", 6) + mac + mac + numbers + state).ljust(networktables.IF_ROW_BYTES, b"\0")


def read(*, addresses=("192.0.2.7/24",), has_ip=True, driver=None, station=None, **fields):
    row = networktables.interface(row_bytes(**fields))
    beside = links.Beside(addresses, has_ip, driver, station)
    return None if links.is_plumbing(row, beside) else links.link(row, beside)


def judged(*found, routes=()):
    loopback = read(**LOOPBACK, addresses=("127.0.0.1/8", "::1/128"))
    return judge(Facts((loopback, *[one for one in found if one is not None]), tuple(routes)))


USUAL = [
    {"alias": "Local Area Connection* 6", "hardware": False, "has_ip": False, **LIVE},  # WAN Miniport (IP)
    {"alias": "Local Area Connection* 2", "hardware": False, "has_ip": False, **UNPLUGGED},  # WAN Miniport (SSTP)
    {"alias": "Ethernet-WFP Native MAC Layer LightWeight Filter-0000", "hardware": False, "filter": True,
     "has_ip": False, **LIVE},
    {"alias": "Ethernet-Npcap Packet Driver (NPCAP)-0000", "hardware": True, "filter": True, "has_ip": False, **LIVE},
    {"alias": "Ethernet (Kernel Debugger)", "hardware": False, "has_ip": False, **GONE},
    {"alias": "vEthernet (WSL)", "hardware": False, "driver": "vms_mp", "addresses": ("172.20.0.1/20",), **LIVE},
    {"alias": "VMware Network Adapter VMnet8", "hardware": False, "driver": "*vmnetadapter8", **LIVE},
    {"alias": "VirtualBox Host-Only Network", "hardware": False, "driver": "sun_vboxnetadp", **LIVE},
    {"alias": "Teredo Tunneling Pseudo-Interface", "hardware": False, "type": 131, "tunnel": 14,
     "addresses": ("fe80::100:7f:fffe/64",), **LIVE},
    {"alias": "isatap.home", "hardware": False, "type": 131, "tunnel": 13, "addresses": (), **UNPLUGGED},
    {"alias": "OpenVPN TAP-Windows6", "hardware": False, "driver": "tap0901", "addresses": (), **UNPLUGGED},
    {"alias": "Bluetooth Network Connection", "medium": 10, **UNPLUGGED},
    {"alias": "Wi-Fi", "type": 71, "medium": 9, **DISABLED},
    {"alias": "USB LAN that was pulled out", **GONE},
]
"""What a usual laptop lists while it is off the network."""


def test_a_usual_machine_with_its_cable_out_is_isolated():
    """Filters, miniports, virtual switches and sleeping tunnels, up on every machine, don't make it connected."""
    found = [read(index=number, **one) for number, one in enumerate(USUAL, 10)]
    verdict = judged(read(**UNPLUGGED), *found)
    assert verdict.verdict == "ISOLATED", [reason.text for reason in verdict.reasons]
    assert found[:4] == [None] * 4, "what is no link is not listed as one"
    assert all(set(row) == set(InterfaceSource.columns) for row in verdict.interfaces)


@pytest.mark.parametrize("number", range(len(USUAL)))
def test_the_same_machine_with_its_cable_in_is_connected(number):
    """None of the others hides the one link that leads outside, whatever stands before it."""
    found = [read(index=10 + place, **one) for place, one in enumerate(USUAL[number:] + USUAL[:number])]
    verdict = judged(*found, read(alias="Ethernet", **LIVE))
    assert verdict.verdict == "CONNECTED"
    assert "Ethernet" in verdict.reasons[0].text


WAYS_OUT = [
    ({"type": 71, "medium": 9}, "wifi_connected"),
    ({"medium": 9}, "wifi_connected"),
    ({"type": 243}, "cellular_connected"),
    ({"medium": 8}, "cellular_connected"),
    ({"medium": 10}, "bluetooth_connected"),
    ({"type": 23, "hardware": False}, "vpn_connected"),
    ({"type": 53, "hardware": False}, "vpn_connected"),
    ({"hardware": False, "driver": "tap0901"}, "vpn_connected"),
    ({"hardware": False, "driver": "wintun"}, "vpn_connected"),
    ({"hardware": False}, "other_connected"),
    ({"hardware": False, "filter": True}, "other_connected"),
    ({"hardware": True, "filter": True}, "ethernet_connected"),
    ({"hardware": True, "has_ip": False, "addresses": ()}, "ethernet_connected"),
    ({"hardware": True, "oper": 2}, "ethernet_connected"),
    ({"type": 144}, "other_connected"),
    ({"type": 131, "tunnel": 15, "hardware": False, "addresses": ()}, "vpn_connected"),
    ({"type": 131, "tunnel": 14, "hardware": False, "addresses": ("2001:0:1:2::3/32",)}, "vpn_connected"),
    ({"type": 24, "hardware": True}, None),
    ({"hardware": False, "driver": "compositebus\\ms_implat_mp"}, "virtual_connected"),
]


@pytest.mark.parametrize(("fields", "code"), WAYS_OUT)
def test_every_live_way_out_is_told_by_its_kind(fields, code):
    """A row that is live and not known for certain to be internal connects the machine, with the right advice."""
    verdict = judged(read(**(LIVE | fields)))
    assert verdict.verdict == "CONNECTED"
    assert code is None or verdict.reasons[0].code == code


def test_a_virtual_switch_that_carries_the_default_route_is_a_way_out():
    """The host's own end of an external switch is what a cable is elsewhere."""
    switch = read(hardware=False, driver="vms_mp", **LIVE)
    out = DefaultRoute(5, {"destination": "0.0.0.0/0"})
    assert judged(switch).verdict == "ISOLATED"
    assert judged(switch, routes=[out]).reasons[0].code == "default_route"


def test_a_default_route_over_a_row_that_was_left_out_is_a_doubt():
    """Plumbing that routes lead over is no plumbing."""
    out = DefaultRoute(77, {"destination": "0.0.0.0/0"})
    assert judged(read(hardware=False, has_ip=False, index=77, **LIVE), routes=[out]).verdict == "UNKNOWN"


DOUBTS = [
    {"oper": 1, "admin": 2, "media": 1},
    {"oper": 1, "admin": 2, "media": 0},
    {"oper": 1, "admin": 3, "media": 1},
    {"oper": 1, "admin": 1, "media": 2},
    {"oper": 4, "admin": 1, "media": 0},
    {"oper": 6, "admin": 1, "media": 1},
    {"oper": 99, "admin": 1, "media": 99},
    {"oper": 1, "admin": 0, "media": 1},
]


@pytest.mark.parametrize("state", DOUBTS)
def test_a_row_that_contradicts_itself_is_never_isolated(state):
    """Switched off and up, unplugged and up, gone and connected, numbers that nobody knows."""
    verdict = judged(read(**state))
    assert verdict.verdict == "UNKNOWN"
    assert [reason.code for reason in verdict.reasons if reason.subject == "Ethernet"]


def test_no_state_of_a_live_card_is_isolated_by_chance():
    """All states that there are, on hardware: only those are quiet that say "off", "no link" or "no device"."""
    quiet = set()
    for oper in range(9):
        for admin in range(5):
            for media in range(4):
                if judged(read(oper=oper, admin=admin, media=media)).verdict == "ISOLATED":
                    quiet.add((oper, admin, media))
    assert all(oper != 1 and (media != 1 or admin == 2) for oper, admin, media in quiet)
    assert all(admin == 2 or oper in (2, 6, 7) or media == 2 for oper, admin, media in quiet)
    assert (2, 1, 2) in quiet


@pytest.mark.parametrize("media", [0, 1, 2])
def test_what_has_no_medium_is_internal_whatever_its_medium_says(media):
    """Loopback, a sleeping tunnel, a virtual switch: no cable of theirs can be out, so there is no contradiction."""
    state = {"hardware": False, "oper": 1, "admin": 1, "media": media}
    switch = read(driver="vms_mp", index=6, **state)
    loopback = read(type=24, index=1, **state)
    verdict = judge(Facts((loopback, switch, read(type=131, tunnel=14, addresses=(), index=7, **state))))
    assert (verdict.verdict, [row["state"] for row in verdict.interfaces]) == ("ISOLATED", ["internal"] * 3)
    out = DefaultRoute(6, {"destination": "0.0.0.0/0"})
    assert judge(Facts((loopback, switch), (out,))).verdict == "CONNECTED"


def test_wifi_that_is_joined_is_connected_whatever_its_carrier_says():
    """The Wi-Fi service knows first."""
    station = links.Station(associated=True, network=b"Cabinet M\xc3\xa9dical")
    found = read(type=71, station=station, **UNPLUGGED)
    assert judged(found).reasons[0].code == "wifi_connected"
    assert found.wifi == "Cabinet Médical"


def test_a_radio_that_is_off_is_switched_off():
    """In airplane mode the interface stays enabled; its radio is off, so it can't join a network by itself."""
    off = links.Station(associated=False, off=True)
    assert judged(read(type=71, station=off, **UNPLUGGED)).interfaces[1]["state"] == "down"
    assert judged(read(type=71, station=off, **LIVE)).verdict == "CONNECTED", "what is joined all the same counts"


def test_what_could_not_be_read_beside_a_row_is_said():
    """Without the addresses a sleeping tunnel can't be told from one that works."""
    tunnel = read(type=131, tunnel=14, hardware=False, addresses=None, has_ip=None, **LIVE)
    assert (judged(tunnel).verdict, tunnel.unread) == ("UNKNOWN", {"addresses": "failed"})
    assert judged(read(hardware=False, addresses=None, has_ip=None, **LIVE)).verdict == "CONNECTED"
    assert read(station=links.Station(unread="denied"), type=71).unread == {"wifi": "denied"}


@pytest.mark.parametrize("name", ["\ud800x", "a\x1b[2Jb", "é" * 257, "\u202egnp.exe", ""])
def test_a_name_keeps_what_it_is(name):
    """A lone surrogate, an escape sequence, a name that fills its field: kept, and safe to print."""
    found = read(alias=name, **LIVE)
    shown = judged(found).reasons[0].text
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    if name != "\ud800x":
        assert found.name == name
    else:
        assert found.name == {"text": "���x", "hex": "eda08078"}


def sockaddr(address, scope=0):
    if ":" in address:
        return struct.pack("<HHI16sI", 23, 0, 0, socket.inet_pton(socket.AF_INET6, address), scope)
    return struct.pack("<HH4s20x", 2, 0, socket.inet_aton(address))


def route_bytes(destination, length, hop, *, index=5, protocol=3, origin=0, loopback=0):
    head = struct.pack("<QI", 0, index) + sockaddr(destination) + struct.pack("<B3x", length) + sockaddr(hop, index)
    return head + struct.pack("<B3xIIIIB3xII", 0, 2**32 - 1, 2**32 - 1, 25, protocol, loopback, 0, origin)


ROUTES = [
    ("0.0.0.0", 0, "192.0.2.1", True, "unicast"),
    ("0.0.0.0", 1, "10.8.0.1", True, "unicast"),
    ("128.0.0.0", 1, "10.8.0.1", True, "unicast"),
    ("224.0.0.0", 4, "0.0.0.0", False, "multicast"),
    ("10.0.0.0", 8, "0.0.0.0", False, "unicast"),
    ("255.255.255.255", 32, "0.0.0.0", False, "broadcast"),
    ("192.0.2.0", 24, "0.0.0.0", False, "unicast"),
    ("::", 0, "fe80::1", True, "unicast"),
    ("2000::", 3, "fe80::1", True, "unicast"),
    ("ff00::", 8, "::", False, "multicast"),
    ("fc00::", 7, "::", False, "unicast"),
]


@pytest.mark.parametrize(("destination", "length", "hop", "outside", "kind"), ROUTES)
def test_which_routes_lead_outside(destination, length, hop, outside, kind):
    """Defaults and the halves that VPN programs cover them with; nobody's multicast, no network of one's own."""
    found = networktables.route(route_bytes(destination, length, hop))
    assert (found.is_default, found.kind, found.prefix) == (outside, kind, f"{destination}/{length}")
    on_link = hop in ("0.0.0.0", "::")
    zone = "%5" if hop == "fe80::1" else ""
    assert found.gateway == (None if on_link else hop + zone)
    assert (found.metric, found.index) == (25, 5)


def test_a_neighbour_tells_address_and_state():
    """Who was talked to on the local network."""
    body = sockaddr("192.0.2.9") + struct.pack("<IQ32sIIB3xI", 5, 0, b"\x02\0\0\0\0\x09", 6, 4, 1, 0)
    found = networktables.neighbour(body)
    assert (found.address, found.mac.hex(":"), found.state, found.router) == ("192.0.2.9", "02:00:00:00:00:09", 4, True)


@pytest.mark.parametrize("parse", [networktables.interface, networktables.route, networktables.neighbour])
def test_bytes_that_are_no_row_are_refused(parse):
    """Too few bytes, another family, a prefix longer than its address."""
    for body in (b"", b"\0" * 20):
        with pytest.raises(ValueError, match=r".+"):
            parse(body)
    with pytest.raises(ValueError, match="prefix"):
        networktables.route(route_bytes("192.0.2.0", 33, "192.0.2.1"))
    with pytest.raises(ValueError, match="neither"):
        networktables.route(bytes(networktables.ROUTE_ROW_BYTES))


def test_a_table_that_says_more_rows_than_it_holds_is_cut():
    """The count is told so that what is missing can be said."""
    one = row_bytes()
    rows = networktables.bodies(struct.pack("<Q", 9) + one + one[:100], len(one), 100)
    assert (rows.count, rows.bodies) == (9, [one])
    assert networktables.bodies(b"\1", len(one), 100).bodies == []


BASE = 0x1_2345_0000


def adapter_list(following=0):
    """One IP_ADAPTER_ADDRESSES_LH with two addresses, a resolver and two suffixes, at `BASE`."""
    parts = bytearray(448)
    places = {}

    def put(name, data):
        places[name] = BASE + len(parts)
        parts.extend(data.ljust(-(-len(data) // 8) * 8, b"\0"))

    put("name", b"{4D36E972-0000-4000-8000-000000000001}\0")
    put("suffix", wide("cabinet.example", 64))
    put("more", struct.pack("<Q", 0) + wide("autre.example", 512))
    for name, address in (("a1", "192.0.2.7"), ("a2", "fe80::7"), ("d1", "fec0:0:0:ffff::1"), ("d2", "fe80::53")):
        put(name, sockaddr(address, 5))
    put("u2", struct.pack("<IIQQi28xB7x", 64, 0, 0, places["a2"], 28, 64))
    put("u1", struct.pack("<IIQQi28xB7x", 64, 0, places["u2"], places["a1"], 16, 24))
    put("s2", struct.pack("<IIQQi4x", 32, 0, 0, places["d2"], 28))
    put("s1", struct.pack("<IIQQi4x", 32, 0, places["s2"], places["d1"], 28))
    struct.pack_into("<IIQQQ", parts, 0, 448, 5, following, places["name"], places["u1"])
    struct.pack_into("<QQ", parts, 48, places["s1"], places["suffix"])
    struct.pack_into("<Q", parts, 440, places["more"])
    return bytes(parts)


def test_the_list_of_adapters_is_read_through_its_pointers():
    """Addresses with their prefix, resolvers with their zone, suffixes of both places."""
    (one,) = adapters.parse(adapter_list(), BASE)
    assert one == adapters.Adapter(
        5,
        "{4D36E972-0000-4000-8000-000000000001}",
        ("192.0.2.7/24", "fe80::7/64"),
        ("fec0:0:0:ffff::1", "fe80::53%5"),
        ("cabinet.example", "autre.example"),
    )


def test_a_list_that_comes_back_to_itself_ends():
    """And a pointer that leads out of the memory that was filled leads nowhere."""
    assert len(adapters.parse(adapter_list(BASE), BASE)) == 1
    assert len(adapters.parse(adapter_list(2**63), BASE)) == 1
    assert adapters.parse(adapter_list(), 0)[0].addresses == ()


def test_no_bytes_of_a_list_break_the_reader():
    """Whatever is flipped or cut: a list of adapters or `ValueError`, nothing else."""
    chance = random.Random(6)
    whole = adapter_list()
    for _ in range(300):
        raw = bytearray(whole)
        for _ in range(chance.randrange(1, 20)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        cut = bytes(raw[: chance.randrange(len(raw) + 1)])
        for data in (bytes(raw), cut):
            try:
                adapters.parse(data, BASE)
            except ValueError:
                continue


def test_wifi_interfaces_and_their_network():
    """State, name of the network (bytes of any kind) and the radios."""
    info = GUID.bytes_le + wide("Intel(R) Wi-Fi 6", 512)
    raw = struct.pack("<II", 2, 0) + info + struct.pack("<I", 1) + info + struct.pack("<I", 7)
    first, second = wlan.interfaces(raw)
    assert (first.name, first.associated, second.associated) == (f"{{{GUID}}}", True, None)
    assert wlan.interfaces(raw[:-1]) == [first]
    assert wlan.interfaces(b"") == []
    connection = struct.pack("<II", 1, 0) + bytes(512) + struct.pack("<I32s", 4, b"\xff\x00ab") + bytes(60)
    assert wlan.network(connection) == b"\xff\x00ab"
    assert wlan.network(connection[:540]) is None
    assert wlan.network(struct.pack("<II", 1, 0) + bytes(600)) is None


@pytest.mark.parametrize(
    ("states", "software", "hardware"),
    [
        ([(1, 1)], False, False),
        ([(2, 1), (2, 1)], True, False),
        ([(2, 1), (1, 1)], False, False),
        ([(1, 2)], False, True),
    ],
)
def test_a_radio_is_off_when_all_its_parts_are(states, software, hardware):
    """One part that is on can send; a state that is not known (0) is not off."""
    raw = struct.pack("<I", len(states)) + b"".join(struct.pack("<III", 0, *one) for one in states)
    assert wlan.radio(raw) == (software, hardware)
    assert wlan.radio(struct.pack("<IIII", 1, 0, 0, 0)) == (False, False)
    assert wlan.radio(b"\0\0\0\0") is None


def planned(*found, routes=(), outside=(), radios=()):
    rows = {one["index"]: networktables.interface(row_bytes(**one)) for one, _ in found}
    seen = [links.link(rows[one["index"]], links.Beside((), has_ip=True, **more)) for one, more in found]
    facts = Facts(tuple(seen), tuple(DefaultRoute(index, {}) for index in outside), radios=tuple(radios))
    return cuts.plan(facts, rows, [networktables.route(one) for one in routes])


def test_what_leads_outside_is_cut_uppermost_first():
    """Cards, also those without a cable; a VPN before what it stands on; no loopback, no virtual switch."""
    plan = planned(
        (LOOPBACK, {}),
        ({"index": 5, "alias": "Ethernet", **LIVE}, {}),
        ({"index": 6, "alias": "Wi-Fi", "type": 71, **UNPLUGGED}, {}),
        ({"index": 7, "alias": "off", **DISABLED}, {}),
        ({"index": 8, "alias": "switch", "hardware": False, **LIVE}, {"driver": "vms_mp"}),
        ({"index": 9, "alias": "VPN", "hardware": False, "type": 53, **LIVE}, {}),
        ({"index": 10, "alias": "Local Area Connection* 1", "hardware": False, "type": 71, **UNPLUGGED}, {}),
        ({"index": 11, "alias": "odd", "admin": 3}, {}),
        radios=[
            Radio(0, "Intel(R) Wi-Fi", "wifi", soft_blocked=False, hard_blocked=False),
            Radio(1, "off already", "wifi", soft_blocked=True, hard_blocked=False),
            Radio(2, "Bluetooth", "bluetooth", soft_blocked=False, hard_blocked=False),
        ],
    )
    assert [(one.what, one.name) for one in plan] == [
        ("block", "Intel(R) Wi-Fi"),
        ("down", "VPN"),
        ("down", "Ethernet"),
        ("down", "Wi-Fi"),
        ("down", "odd"),
    ]


def test_a_virtual_switch_with_the_default_route_is_cut_too():
    """What is the way to the outside goes, whatever kind it is."""
    switch = ({"index": 8, "alias": "switch", "hardware": False, **LIVE}, {"driver": "vms_mp"})
    assert [one.name for one in planned(switch, outside=[8])] == ["switch"]


def test_undo_brings_back_the_link_and_what_somebody_set():
    """By its GUID, never by its name; routes of DHCP and of the system come back by themselves."""
    hostile = "'; Remove-Item C:\\ #\"`$(evil)"
    (change,) = planned(
        ({"index": 5, "alias": hostile, **LIVE}, {}),
        routes=[
            route_bytes("198.51.100.0", 24, "192.0.2.1"),
            route_bytes("2001:db8::", 32, "fe80::1"),
            route_bytes("203.0.113.0", 24, "0.0.0.0"),
            route_bytes("0.0.0.0", 0, "192.0.2.1", origin=2),
            route_bytes("192.0.2.0", 24, "0.0.0.0", protocol=2),
            route_bytes("198.51.100.0", 24, "192.0.2.1", index=6),
        ],
    )
    assert "evil" not in "".join(change.undo)
    text = undo_text((change,), "Windows")
    assert "PowerShell" in text
    assert "sh THIS_FILE" not in text
    assert [line for line in text.splitlines() if not line.startswith("#")] == list(change.undo)
    assert f"GUID='{{{str(GUID).upper()}}}'" in change.undo[0]
    wanted = [("198.51.100.0/24", "192.0.2.1"), ("2001:db8::/32", "fe80::1"), ("203.0.113.0/24", "0.0.0.0")]
    assert [line.split("'")[1::2] for line in change.undo[1:]] == [list(one) for one in wanted]
    many = [route_bytes("198.51.100.0", 24, "192.0.2.1")] * (cuts.MOST_ROUTES + 5)
    (change,) = planned(({"index": 5, **LIVE}, {}), routes=many)
    assert len(change.undo) == 1 + cuts.MOST_ROUTES
