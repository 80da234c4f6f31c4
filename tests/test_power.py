"""Mains, batteries, starts and shutdowns; and whether the machine was on ever since the attack."""

from __future__ import annotations

import struct
import sys

import pytest

from collector import uptime
from collector.uptime import RULES, Times, judge

MINUTE = 60 * 10**9
SIGN = 1_700_000_000 * 10**9

LINES = [
    (0, Times(SIGN - 60 * MINUTE, SIGN, same_boot=False), "no", "started_meanwhile"),
    (1, Times(None, SIGN, same_boot=True), "unknown", "no_boot_time"),
    (2, Times(SIGN, None, same_boot=True), "unknown", "no_sign"),
    (3, Times(SIGN + MINUTE, SIGN, same_boot=True), "unknown", "too_close"),
    (3, Times(SIGN - MINUTE, SIGN, same_boot=True), "unknown", "too_close"),
    (4, Times(SIGN + 3 * MINUTE, SIGN, same_boot=True), "no", "started_after"),
    (4, Times(SIGN + 3 * MINUTE, SIGN, same_boot=None), "no", "started_after"),
    (5, Times(SIGN - 3 * MINUTE, SIGN, same_boot=None), "unknown", "boot_unknown"),
    (6, Times(SIGN - 3 * MINUTE, SIGN, same_boot=True), "yes", "on_since_before"),
]


@pytest.mark.parametrize(("line", "times", "verdict", "code"), LINES)
def test_each_line_judges(line, times, verdict, code):
    """Started before the first sign and ever since on: yes; after it: no; anything doubtful: unknown."""
    assert judge(times) == (verdict, (code,))
    assert (RULES[line].verdict, RULES[line].code) == (verdict, code)


def test_every_line_and_reason_is_tested():
    """A rule that is added brings its example; `slept` is told beside any verdict."""
    assert {line for line, *_ in LINES} == set(range(len(RULES)))
    slept = Times(SIGN - 3 * MINUTE, SIGN, same_boot=True, slept=True)
    assert judge(slept) == ("yes", ("on_since_before", "slept"))
    assert {code for *_, code in LINES} | {"slept"} == set(uptime.REASONS)
    told = uptime.as_data(slept)
    assert told["reasons"] == [uptime.REASONS["on_since_before"], uptime.REASONS["slept"]]
    assert told["first_sign"] == "2023-11-14T22:13:20.000000Z"


if sys.platform == "linux":
    from collector.host import HostError
    from collector.host.linux import Roots, power, power_events
    from collector.model import Gap, Outcome


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sysfs and wtmp are Linux's")


def supply(tree, name, **values):
    folder = tree / "class" / "power_supply" / name
    folder.mkdir(parents=True)
    for key, value in values.items():
        (folder / key).write_bytes(value if isinstance(value, bytes) else f"{value}\n".encode())


def test_a_laptop_on_its_battery(tmp_path):
    """The charger is out, the battery's charge is told; a mouse's battery is not the machine's."""
    supply(tmp_path, "AC", type="Mains", online="0")
    supply(tmp_path, "BAT0", type="Battery", capacity="41", status="Discharging", scope="System")
    supply(tmp_path, "hidpp_battery_0", type="Battery", capacity="5", status="Discharging", scope="Device")
    expected = {"mains": False, "batteries": [{"name": "BAT0", "percent": 41, "status": "Discharging"}]}
    assert power.state(Roots(sys=str(tmp_path))) == expected


def test_one_charger_of_several_is_enough(tmp_path):
    """USB-C: several supplies, of which one is plugged in."""
    supply(tmp_path, "ucsi-1", type="USB", online="0")
    supply(tmp_path, "ucsi-2", type="USB", online="1")
    assert power.state(Roots(sys=str(tmp_path))) == {"mains": True, "batteries": []}


BATTERY = {"type": "Battery", "capacity": "50", "scope": "System"}
EMPTYING = {**BATTERY, "status": "Discharging"}
OUT = {"type": "Mains", "online": "0"}
SUPPLIES = {
    "a charger whose voltage can be set": ({"u": {"type": "USB", "online": "2"}, "ac": OUT, "b": BATTERY}, True),
    "a battery that empties, and no charger told of": ({"b": EMPTYING}, False),
    "a phone that says it is a charger": (
        {"p": {"type": "USB", "online": "1", "scope": "Device"}, "ac": OUT, "b": EMPTYING},
        False,
    ),
    "a UPS that feeds the machine": ({"ups": {**EMPTYING, "type": "UPS"}}, False),
    "a desktop's USB-C sockets with nothing in them": ({"u": {"type": "USB", "online": "0"}}, None),
    "a pad that charges without a cable": ({"w": {"type": "Wireless", "online": "1"}, "b": EMPTYING}, True),
}


@pytest.mark.parametrize("name", SUPPLIES)
def test_what_feeds_the_machine(tmp_path, name):
    """The words of the kernel's ABI (sysfs-class-power), in every way they may come together."""
    supplies, mains = SUPPLIES[name]
    for supply_name, values in supplies.items():
        supply(tmp_path, supply_name, **values)
    assert power.state(Roots(sys=str(tmp_path)))["mains"] is mains


def test_an_empty_bay_is_no_battery(tmp_path):
    """`present` 0: there is a place for a second battery and none in it."""
    supply(tmp_path, "BAT1", type="Battery", present="0")
    assert power.state(Roots(sys=str(tmp_path)))["batteries"] == []


def test_a_machine_that_tells_nothing(tmp_path):
    """No folder, or supplies without values: null, never a guess."""
    assert power.state(Roots(sys=str(tmp_path / "none"))) == {"mains": None, "batteries": []}
    supply(tmp_path, "BAT0", type="Battery")
    supply(tmp_path, "BAT1", type="Battery", capacity="999", status=b"\xff\x1b[31m")
    supply(tmp_path, "AC", type="Mains", online="maybe")
    told = power.state(Roots(sys=str(tmp_path)))
    assert told["mains"] is None
    assert [one["percent"] for one in told["batteries"]] == [None, None]
    assert told["batteries"][1]["status"] == {"text": "\ufffd\x1b[31m", "hex": b"\xff\x1b[31m".hex()}


def test_a_folder_that_cannot_be_read_is_a_gap(tmp_path):
    """A file in its place."""
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "power_supply").write_text("x")
    with pytest.raises(HostError):
        power.state(Roots(sys=str(tmp_path)))


def record(kind, seconds, user=b"", micros=0):
    """Return a record of utmp(5) as x86-64 has it."""
    fields = (kind, 0, b"~", b"~~", user, b"6.1.0", 0, 0, 0, seconds, micros, b"")
    return struct.pack("=hxxi32s4s32s256shhiii16s20x", *fields)


def logs(tmp_path, **files):
    (tmp_path / "log").mkdir(exist_ok=True)
    for name, raw in files.items():
        (tmp_path / "log" / name.replace("_", ".")).write_bytes(raw)
    return Roots(var=str(tmp_path))


def test_starts_and_shutdowns_in_their_order(tmp_path):
    """The rotated file first; logins, run levels and a torn record are none of it."""
    older = record(2, 1000, b"reboot") + record(7, 1100, b"anne")
    newer = record(1, 2000, b"shutdown", 500_000) + record(1, 2100, b"runlevel") + record(2, 3000, b"reboot")
    found = list(power_events.rows(logs(tmp_path, wtmp_1=older, wtmp=newer + b"\1" * 100)))
    assert found == [
        {"utc": "1970-01-01T00:16:40.000000Z", "what": "boot", "source": "wtmp.1"},
        {"utc": "1970-01-01T00:33:20.500000Z", "what": "shutdown", "source": "wtmp"},
        {"utc": "1970-01-01T00:50:00.000000Z", "what": "boot", "source": "wtmp"},
    ]


def test_the_latest_are_told_and_the_rest_counted(tmp_path):
    """A record file that somebody filled costs bounded memory and says what is left out."""
    found = list(power_events.rows(logs(tmp_path, wtmp=b"".join(record(2, n) for n in range(500)))))
    assert len(found) == power_events.MAX_EVENTS + 1
    assert found[0]["utc"] == "1970-01-01T00:05:00.000000Z"
    assert isinstance(found[-1], Gap)


@pytest.mark.parametrize("place", ["nothing", "folder", "link"])
def test_no_record_is_a_gap(tmp_path, place):
    """Debian 13 has none; a folder or a link in its place is not followed."""
    roots = logs(tmp_path)
    if place == "folder":
        (tmp_path / "log" / "wtmp").mkdir()
    elif place == "link":
        (tmp_path / "log" / "wtmp").symlink_to("/etc/hostname")
    (gap,) = power_events.rows(roots)
    assert gap.outcome is (Outcome.ABSENT if place == "nothing" else gap.outcome)
    assert isinstance(gap, Gap)
