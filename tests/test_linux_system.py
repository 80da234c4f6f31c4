"""The host itself, its services and sessions: this host's own answers, and trees made for what it has not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from collector import clocks
from collector.host.linux import Roots, accounts, clock, disks, footprint, services, sessions, system
from collector.model import Gap, Outcome
from collector.sources.footprint import FootprintSource
from collector.sources.services import ServiceSource
from collector.sources.sessions import SessionSource
from collector.sources.system import SystemSource

if sys.platform != "linux":
    pytest.skip("Linux only", allow_module_level=True)


def split(items):
    items = list(items)
    return [i for i in items if not isinstance(i, Gap)], [i for i in items if isinstance(i, Gap)]


def write(path, content=b""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


@pytest.fixture
def roots(tmp_path):
    """Trees of a host that has nothing."""
    names = {"proc": "proc", "sys": "sys", "etc": "etc", "run": "run", "lib": "usr/lib"}
    return Roots(**{name: str(tmp_path / path) for name, path in names.items()})


def test_the_host_is_described_as_other_tools_describe_it():
    """Name, kernel, boot, memory and accounts agree with uname, psutil and /etc/passwd."""
    (row,), gaps = split(system.rows(Roots()))
    assert gaps == []
    assert list(row) == list(SystemSource.columns)
    assert row["hostname"] == os.uname().nodename
    assert row["kernel"] == f"{os.uname().release} {os.uname().version}"
    assert abs(datetime.fromisoformat(row["boot_time"]).timestamp() - psutil.boot_time()) < 2
    assert abs(row["uptime_s"] - (time.time() - psutil.boot_time())) < 3
    assert row["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert row["memory"]["total"] == psutil.virtual_memory().total
    assert [f"{one['name']}:{one['uid']}" for one in row["users"]] == [
        ":".join(line.split(":")[0:3:2]) for line in Path("/etc/passwd").read_text().splitlines()
    ]
    assert row["privileges"] == ("root" if os.geteuid() == 0 else "user")
    assert row["ntp"] in ("synchronized", "unsynchronized")
    assert {name for name in row if row[name] is None} == set(row["unread"])


def test_the_open_record_says_who_the_host_is():
    """`open_facts` names host and clock, with the offset that the system's own tool prints."""
    facts = system.open_facts(Roots())
    identity = ["hostname", "os", "version", "kernel", "architecture", "maker", "model", "serial", "machine_id"]
    assert list(facts["host"]) == identity
    assert list(facts["clock"]) == ["timezone", "offset_s", "boot_time", "ntp"]
    sign, hours, minutes = (
        (printed := subprocess.check_output(["date", "+%z"], text=True))[0],
        printed[1:3],
        printed[3:5],
    )
    assert facts["clock"]["offset_s"] == int(f"{sign}1") * (int(hours) * 3600 + int(minutes) * 60)


def test_a_host_that_tells_nothing_is_no_empty_host(roots):
    """Where nothing can be read, every such column is `None` and named in `unread`."""
    (row,), _ = split(system.rows(roots))
    silent = {
        "os",
        "version",
        "kernel",
        "maker",
        "model",
        "serial",
        "boot_time",
        "uptime_s",
        "users",
        "disks",
        "memory",
    }
    assert silent <= set(row["unread"])
    assert all(row[column] is None for column in silent)
    assert row["boot_id"] == clock.UNKNOWN_BOOT


def test_a_busy_machine_does_not_look_asleep(monkeypatch):
    """Put aside for 5 ms between two readings, now and then: the clocks that only run forward stay together."""
    at, reads = [10**15], [0]

    def read(which):
        reads[0] += 1
        at[0] += 5_000_000 if reads[0] % 7 in (2, 3) else 200
        return at[0] + (12_345 * 10**9 if which == time.CLOCK_BOOTTIME else 0)

    monkeypatch.setattr(time, "clock_gettime_ns", read)
    moments = [clock.LinuxClock(Roots()).now() for _ in range(40)]
    apart = [moment.boot_ns - moment.mono_ns for moment in moments]
    assert max(apart) - min(apart) < clocks.SUSPEND_NS // 10
    assert [moment.boot_ns for moment in moments] == sorted(moment.boot_ns for moment in moments)


def test_the_clock_reads_every_clock():
    """The clocks go forward, suspends count only in one, and the boot id stays."""
    one, two = clock.LinuxClock(Roots()).now(), clock.LinuxClock(Roots()).now()
    assert one.mono_ns < two.mono_ns
    assert one.boot_ns >= one.mono_ns
    assert one.boot_id == two.boot_id != clock.UNKNOWN_BOOT
    assert abs(one.utc_ns - time.time_ns()) < 10**10
    assert one.offset_s == time.localtime().tm_gmtoff


def test_a_time_beyond_the_calendar_is_none():
    """A forged time can't stop the run: years after 9999 and before 1970 are not shown."""
    assert clock.utc(0) == "1970-01-01T00:00:00.000000Z"
    assert clock.utc(1_700_000_000_123_456_789) == "2023-11-14T22:13:20.123456Z"
    assert clock.utc(-1) is None
    assert clock.utc(2**63) == "2262-04-11T23:47:16.854775Z"
    assert clock.utc(2**70) is None


def test_os_release_quotes_are_undone():
    """Values come without their quotes and backslashes (os-release(5))."""
    raw = b'# c\nNAME="A \\"B\\""\nVERSION=\'1 (x)\'\nID=x\nnot a line\n'
    assert system.parse_os_release(raw) == {"NAME": b'A "B"', "VERSION": b"1 (x)", "ID": b"x"}


def test_accounts_of_a_broken_file_are_those_that_are_whole():
    """Lines that are no account are left out; a name that is not UTF-8 keeps its bytes."""
    raw = b"root:x:0:0::/root:/bin/sh\n\nshort:x:1\nbad:x:-1:0:::\nhuge:x:99999999999999:0:::\n\xff:x:7:0::/:/\n"
    assert [(one.name, one.uid) for one in accounts.parse_passwd(raw)] == [
        ("root", 0),
        ({"text": "\ufffd", "hex": "ff"}, 7),
    ]


def test_disks_tell_their_encryption_and_file_systems(roots):
    """An open LUKS mapping on a partition marks its disk; the file system mounted from it is named."""
    block = Path(roots.sys, "block")
    disk = block / "sda"
    for path, content in {
        "size": "2000", "dev": "8:0", "removable": "0", "device/model": "Disk  ", "sda1/partition": "1",
        "sda1/dev": "8:1", "device/vpd_pg80": "\0\x80\0\x06SERIAL",
    }.items():  # fmt: skip
        write(disk / path, content.encode("latin-1"))
    (disk / "holders").mkdir()
    write(disk / "sda1/holders/dm-0")
    for path, content in {"dm/uuid": "CRYPT-LUKS2-1-x", "dm/name": "x", "dev": "253:0", "size": "9"}.items():
        write(block / "dm-0" / path, content.encode())
    (block / "dm-0/holders").mkdir()
    write(block / "sdb/size", b"4000\n")
    (block / "sdb/holders").mkdir()
    write(block / "loop0/size", b"0\n")
    found = disks.disks(roots, [("253:0", b"/dev/mapper/x", b"/data", "ext4"), ("0:1", b"tmpfs", b"/run", "tmpfs")])
    assert [(one["name"], one["encryption"]) for one in found] == [("sda", "luks"), ("sdb", "none_seen")]
    assert found[0]["serial"] == "SERIAL"
    assert (found[0]["model"], found[0]["size"], found[0]["removable"]) == ("Disk", 1_024_000, False)
    assert found[0]["file_systems"] == [{"device": "/dev/mapper/x", "mount": "/data", "type": "ext4"}]


UTMP = """\
[2] [00000] [~~  ] [reboot  ] [~           ] [6.1.0               ] [0.0.0.0        ] [2023-11-14T22:13:20,123456+00:00]
[7] [04242] [ts/0] [doctor  ] [pts/0       ] [                    ] [192.0.2.7      ] [2023-11-14T23:13:20,000001+00:00]
[8] [00009] [ts/1] [        ] [pts/1       ] [host.example        ] [0.0.0.0        ] [2023-11-14T23:13:21,000000+00:00]
"""


def test_utmp_is_read_as_its_own_tool_writes_it(roots):
    """Records written by utmpdump come back with type, user, origin and time; a torn one is a gap."""
    raw = subprocess.run(["utmpdump", "-r"], input=UTMP.encode(), capture_output=True, check=True).stdout
    write(Path(roots.run, "utmp"), raw + b"torn")
    rows, gaps = split(sessions.rows(roots))
    assert all(list(row) == list(SessionSource.columns) for row in rows)
    assert [(row["type"], row["user"], row["terminal"], row["remote_host"], row["pid"]) for row in rows] == [
        ("boot", "reboot", "~", "6.1.0", None),
        ("user", "doctor", "pts/0", "192.0.2.7", 4242),
        ("dead", None, "pts/1", "host.example", 9),
    ]
    assert rows[0]["started"] == "2023-11-14T22:13:20.123456Z"
    assert [gap.outcome for gap in gaps] == [Outcome.FAILED]


def test_sessions_of_logind_are_added_once(roots):
    """A graphical session that utmp doesn't know is found; one that it knows is not doubled."""
    raw = subprocess.run(["utmpdump", "-r"], input=UTMP.encode(), capture_output=True, check=True).stdout
    write(Path(roots.run, "utmp"), raw)
    write(Path(roots.run, "systemd/sessions/1"), b"# c\nUSER=doctor\nLEADER=4242\nREALTIME=1700000000000000\n")
    write(Path(roots.run, "systemd/sessions/2"), b"USER=nurse\nDISPLAY=:0\nLEADER=77\nREALTIME=1700000000000000\n")
    os.mkfifo(Path(roots.run, "systemd/sessions/3"))
    rows, gaps = split(sessions.rows(roots))
    assert [(row["user"], row["terminal"], row["pid"]) for row in rows[3:]] == [("nurse", ":0", 77)]
    assert rows[3]["started"] == "2023-11-14T22:13:20.000000Z"
    assert [gap.outcome for gap in gaps] == [Outcome.UNSUPPORTED]


def test_no_record_of_sessions_is_a_gap(roots):
    """A host without utmp is not a host where nobody is logged on."""
    rows, gaps = split(sessions.rows(roots))
    assert rows == []
    assert [gap.outcome for gap in gaps] == [Outcome.ABSENT]


def unit(roots, folder, name, text):
    write(Path(getattr(roots, folder), "systemd/system", name), text)


@pytest.fixture
def units(roots):
    """Make unit files of every kind, as packages, an operator and an attacker leave them."""
    install = b"[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\n"
    unit(roots, "lib", "on.service", install.replace(b"[Service]\n", b"[Service]\nUser=doctor\n"))
    unit(roots, "lib", "off.service", install)
    unit(roots, "lib", "static.service", b"[Service]\nExecStart=/bin/x\n")
    unit(roots, "lib", "masked.service", install)
    unit(roots, "lib", "over.service", install)
    unit(
        roots,
        "lib",
        "once.service",
        b"[Service]\nType=oneshot\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\n",
    )
    unit(roots, "lib", "tty@.service", b"[Service]\nExecStart=/bin/x %i\n[Install]\nWantedBy=getty.target\n")
    unit(roots, "lib", "aliased.service", b"[Service]\nExecStart=/bin/x\n[Install]\nAlias=other.service\n")
    etc = Path(roots.etc, "systemd/system")
    wants = etc / "multi-user.target.wants"
    for name in ("on", "once"):
        link(wants / f"{name}.service", f"/usr/lib/systemd/system/{name}.service")
    link(etc / "getty.target.wants/tty@tty1.service", "/usr/lib/systemd/system/tty@.service")
    link(etc / "masked.service", "/dev/null")
    link(etc / "other.service", "/usr/lib/systemd/system/aliased.service")
    unit(roots, "etc", "over.service", b"[Service]\nExecStart=/bin/evil\n")
    write(etc / "off.service.d/10-evil.conf", b"[Service]\nExecStart=\nExecStart=/bin/evil \\\n  --now\n")
    return roots


def test_start_modes_are_those_of_systemctl(units, tmp_path):
    """For each unit of a made tree, the start mode is what `systemctl is-enabled` answers for the same tree."""
    rows, _ = split(services.rows(units))
    assert all(list(row) == list(ServiceSource.columns) for row in rows)
    ours = {row["name"]: row["start_mode"] for row in rows if "@tty1" not in row["name"] and "tty@." not in row["name"]}
    told = {
        name: subprocess.run(
            ["systemctl", f"--root={tmp_path}", "is-enabled", name], capture_output=True, text=True, check=False
        ).stdout.strip()
        for name in ours
    }
    assert len(ours) == 7
    assert ours == told


def test_services_tell_what_they_start(units):
    """An operator's file goes before a package's, a drop-in replaces the command, an instance has its template's."""
    rows = {row["name"]: row for row in split(services.rows(units))[0]}
    assert rows["over.service"]["command"] == "/bin/evil"
    assert rows["off.service"]["command"] == "/bin/evil    --now"
    assert (rows["on.service"]["command"], rows["on.service"]["user"]) == ("/bin/x", "doctor")
    assert rows["tty@tty1.service"]["definition"].endswith("usr/lib/systemd/system/tty@.service")
    assert rows["tty@tty1.service"]["start_mode"] == "enabled"


def test_states_come_from_control_groups(units):
    """A service with a process in its group (or below it) runs, one that is marked active, too; others are stopped."""
    Path(units.run, "systemd/system").mkdir(parents=True)
    link(Path(units.run, "systemd/units/invocation:once.service"), "0123")
    group = Path(units.sys, "fs/cgroup/system.slice")
    write(group / "on.service/cgroup.procs", b"11\n12\n")
    write(group / "off.service/cgroup.procs", b"")
    write(group / "off.service/inner/cgroup.procs", b"13\n")
    write(group / "system-tty.slice/tty@tty1.service/cgroup.procs", b"14\n")
    write(group / "transient.service/cgroup.procs", b"15\n")
    rows = {row["name"]: row for row in split(services.rows(units))[0]}
    seen = {name: (row["state"], row["state_expected"], row["pids"]) for name, row in rows.items()}
    assert seen["on.service"] == ("running", "running", [11, 12])
    assert seen["off.service"] == ("running", "stopped", [13])
    assert seen["tty@tty1.service"] == ("running", "running", [14])
    assert seen["transient.service"] == ("running", "unknown", [15])
    assert seen["once.service"] == ("running", "unknown", [])
    assert seen["masked.service"] == ("stopped", "stopped", [])
    assert rows["transient.service"]["start_mode"] == "unknown"


def test_scripts_tell_their_state_by_their_pid_file(roots):
    """Without systemd, a sysv script runs if the process of its pid file lives."""
    for name in ("alive", "dead", "silent"):
        write(Path(roots.etc, "init.d", name))
        link(Path(roots.etc, f"rc2.d/S01{name}"), f"../init.d/{name}")
    write(Path(roots.run, "alive.pid"), b"42\n")
    write(Path(roots.run, "dead.pid"), b"43\n")
    Path(roots.proc, "42").mkdir(parents=True)
    rows, gaps = split(services.rows(roots))
    assert [(row["name"], row["state"], row["state_expected"], row["pids"]) for row in rows] == [
        ("alive", "running", "running", [42]),
        ("dead", "stopped", "running", None),
        ("silent", "unknown", "running", None),
    ]
    assert [gap.outcome for gap in gaps] == [Outcome.UNSUPPORTED]


def test_no_service_file_stalls_the_run(roots):
    """A FIFO, a folder and a link in place of a unit file are rows whose command is unread."""
    folder = Path(roots.lib, "systemd/system")
    (folder / "folder.service").mkdir(parents=True)
    os.mkfifo(folder / "fifo.service")
    link(folder / "loop.service", "loop.service")
    rows, _ = split(services.rows(roots))
    assert [(row["name"], row["unread"]) for row in rows] == [
        (f"{name}.service", {"command": "unsupported", "user": "unsupported"}) for name in ("fifo", "folder", "loop")
    ]


def test_the_footprint_counts_what_was_done():
    """The tool tells its own memory, bytes and files; reading more makes the figures grow."""
    before = footprint.row(Roots())
    list(system.rows(Roots()))
    after = footprint.row(Roots())
    assert list(after) == list(FootprintSource.columns)
    assert after["unread"] == {}
    assert after["pids"] == [os.getpid()]
    assert after["executable"] == str(Path("/proc/self/exe").readlink())
    assert after["files_opened"] > before["files_opened"]
    assert after["bytes_read"] > before["bytes_read"]
    assert after["peak_memory"] >= psutil.Process().memory_info().rss // 2
    assert abs(float(after["seconds"]) - (time.time() - psutil.Process().create_time())) < 2
