"""What a Mac tells is understood, judged without a false all-clear, and bounded where it is hostile.

There was no Mac: `recorded_mac` says where its bytes and values come from.
"""

from __future__ import annotations

import errno
import json
import os
import plistlib
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

if sys.platform == "win32":
    pytest.skip("walks and reads as POSIX systems do", allow_module_level=True)

import live
import recorded_mac
from hypothesis import given
from hypothesis import strategies as st
from recorded_mac import IDLE, OFFLINE, UP, Nic, Way

from collector import isolation
from collector.host import HostError
from collector.host.darwin import DarwinHost, crossing, entries, files, mounts
from collector.host.darwin.readings import DUMP, LINKS
from collector.host.posix.mounts import Kind
from collector.macformats import plists, routing, statfs, utmpx
from collector.model import Blob, Gap, Outcome, Request


@pytest.fixture
def mac(tmp_path):
    """Return a made Mac; nothing of it is shared between tests."""
    return recorded_mac.made(tmp_path / "mac")


def judged(mac, *more: Nic, ways: tuple[Way, ...] = (), **changed: Nic) -> isolation.Verdict:
    """Return the judgement of the Mac with some interfaces changed or added, and some routes more."""
    mac.nics = [changed.get(nic.name, nic) for nic in OFFLINE] + list(more)
    mac.ways = [*IDLE, *ways]
    return isolation.judge(DarwinHost(mac).link_facts())


def nic(name: str) -> Nic:
    return next(one for one in OFFLINE if one.name == name)


def states(verdict: isolation.Verdict) -> dict[str, tuple[str, str]]:
    return {row["name"]: (row["kind"], row["state"]) for row in verdict.interfaces}


def test_a_mac_off_the_network_is_isolated(mac):
    """Its own tunnels, its coprocessor and switched-off radios connect nobody; their scoped routes are no way out."""
    verdict = judged(mac)
    assert verdict.verdict == "ISOLATED"
    assert verdict.routes == ()
    assert states(verdict) == {
        "lo0": ("loopback", "internal"),
        "gif0": ("tunnel", "down"),
        "stf0": ("tunnel", "down"),
        "anpi0": ("veth", "no_carrier"),
        "en3": ("ethernet", "no_carrier"),
        "en1": ("ethernet", "no_carrier"),
        "bridge0": ("bridge", "no_carrier"),
        "ap1": ("wifi", "no_carrier"),
        "en0": ("wifi", "down"),
        "awdl0": ("wifi", "down"),
        "llw0": ("wifi", "no_carrier"),
        "en5": ("veth", "internal"),
        "utun0": ("tap", "internal"),
        "utun1": ("tap", "internal"),
    }


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("en0", {"flags": 0x8863, "media": recorded_mac.WIFI_ACTIVE}),
        ("en3", {"media": recorded_mac.ACTIVE}),
        ("awdl0", {"flags": 0x8943, "media": recorded_mac.WIFI_ACTIVE}),
        ("llw0", {"media": recorded_mac.WIFI_ACTIVE}),
        ("ap1", {"media": recorded_mac.WIFI_ACTIVE}),
        ("bridge0", {"media": recorded_mac.ACTIVE}),
        ("utun0", {"addresses": ("fe80::1/64", "10.8.0.2/24")}),
        ("utun0", {"addresses": ("fd00::2/64",)}),
    ],
)
def test_whatever_has_a_link_connects(mac, name, change):
    """Wi-Fi, cable, AirDrop, a bridge whose members are not read, a VPN: each alone makes the Mac CONNECTED."""
    assert judged(mac, **{name: replace(nic(name), **change)}).verdict == "CONNECTED"


@pytest.mark.parametrize(
    "way",
    [
        Way("0.0.0.0/1", 16, UP | recorded_mac.STATIC, "10.8.0.1"),
        Way("128.0.0.0/1", 16, UP | recorded_mac.STATIC, "10.8.0.1"),
        Way("2000::/3", 16, UP | recorded_mac.STATIC),
        Way("::/0", 16, UP | recorded_mac.GATEWAY, "fe80::"),
        Way("::/0", 16, UP | recorded_mac.GATEWAY | recorded_mac.IFSCOPE, "fd00::1"),
        Way("10.20.0.0/16", 16, UP | recorded_mac.STATIC),
        Way("fd12::/64", 16, UP),
    ],
    ids=lambda way: way.to,
)
def test_a_route_makes_an_idle_tunnel_a_vpn(mac, way):
    """A tunnel with link-local addresses only, over which anything beyond the link is reached, is a VPN."""
    verdict = judged(mac, ways=(way,))
    assert states(verdict)["utun0"] == ("vpn", "connected")
    assert states(verdict)["utun1"] == ("tap", "internal")
    assert verdict.verdict == "CONNECTED"


@pytest.mark.parametrize(
    "unknown",
    [
        Nic("en9", 30, 0x8863, recorded_mac.ETHER, "00:24:27:09:06:b7", (), None, recorded_mac.WIRED),
        Nic("en9", 30, 0x8863, recorded_mac.ETHER, "00:24:27:09:06:b7", (), (0x0, 0x20), recorded_mac.WIRED),
        Nic("new0", 30, 0x8863, 0xE0, "", (), None, None),
        Nic("new0", 30, 0x8863, 0xE0, "", (), recorded_mac.ACTIVE, None),
        Nic("utun9", 30, 0x8011, recorded_mac.OTHER),
    ],
)
def test_doubt_is_never_isolated(mac, unknown):
    """No word on its link, no word on what it is: UNKNOWN."""
    assert judged(mac, unknown).verdict == "UNKNOWN"


@pytest.mark.parametrize("raw", [b"", b"\x01", b"\xff" * 300, recorded_mac.link_dump(OFFLINE)[:-3]])
def test_links_that_can_not_be_read_are_not_isolated(mac, raw):
    """An empty, torn or foreign dump of links is UNKNOWN, and so is one of routes that is torn."""
    mac.raw = {LINKS: raw}
    assert isolation.judge(DarwinHost(mac).link_facts()).verdict == "UNKNOWN"
    if raw:
        mac.raw = {DUMP: raw}
        told = DarwinHost(mac)
        assert isolation.judge(told.link_facts()).verdict == "UNKNOWN"
        assert [item.outcome for item in told.routes()] == [Outcome.FAILED] * 2


def test_denied_dumps_are_not_isolated(mac):
    """Where the kernel refuses, nothing is said to be off the network."""
    mac.denied = {"routing"}
    assert isolation.judge(DarwinHost(mac).link_facts()).verdict == "UNKNOWN"


def test_addresses_and_hardware_addresses(mac):
    """Prefixes, IPv6 without the kernel's embedded index, and hardware addresses are those that ifconfig shows."""
    rows = {row["name"]: row for row in judged(mac).interfaces}
    assert rows["lo0"]["addresses"] == ["127.0.0.1/8", "::1/128", "fe80::1/64"]
    assert rows["en5"]["addresses"] == ["fe80::aede:48ff:fe00:1122/64"]
    assert rows["en5"]["mac"] == "ac:de:48:00:11:22"
    assert rows["utun0"]["mac"] is None


def test_neighbours_and_their_states(mac):
    """An entry with a hardware address and no end is permanent, without one incomplete; else the kernel tells none."""
    rows = list(DarwinHost(mac).neighbours())
    assert [(row["address"], row["mac"], row["interface"], row["state"]) for row in rows] == [
        ("192.168.1.1", "a4:3e:51:00:00:01", "en0", None),
        ("192.168.1.7", "a4:3e:51:00:00:07", "en0", "permanent"),
        ("192.168.1.9", None, "en0", "incomplete"),
    ]


def test_routes_as_netstat_shows_them(mac):
    """Default routes have prefix 0, halves of everything 1; who set them and over what is told."""
    mac.ways = [
        Way("0.0.0.0/0", 12, UP | recorded_mac.GATEWAY | recorded_mac.STATIC, "192.168.1.1"),
        Way("128.0.0.0/1", 16, UP | recorded_mac.STATIC, "10.8.0.1"),
        Way("192.168.1.0/24", 12, UP),
        Way("192.168.1.5/32", 12, UP | recorded_mac.HOST | recorded_mac.LLINFO, "aa:bb:cc:dd:ee:ff"),
    ]
    told = [(row["destination"], row["gateway"], row["interface"], row["protocol"]) for row in DarwinHost(mac).routes()]
    assert told == [
        ("0.0.0.0/0", "192.168.1.1", "en0", "static"),
        ("128.0.0.0/1", "10.8.0.1", "utun0", "static"),
        ("192.168.1.0/24", None, "en0", "kernel"),
        ("192.168.1.5/32", None, "en0", "kernel"),
    ]


def test_firmlinks_make_one_tree(mac):
    """Every file has the path that people know: the data volume shows at its firmlinks, not a second time below."""
    table = mounts.table(mac)
    assert [tree.path for tree in table.local()] == [b"/", b"/System/Volumes/Data", b"/Users", b"/private"]
    assert table.kind(b"/Users/anna/Letter.docx") is Kind.LOCAL
    assert table.kind(b"/System/Volumes/Data/Users/anna") is Kind.PSEUDO
    assert table.kind(b"/System/Volumes/Data/.fseventsd") is Kind.LOCAL
    assert table.kind(b"/dev/disk3") is Kind.PSEUDO
    assert table.is_remote(b"/Volumes/server/share")
    assert b"/AppleInternal" not in table.visible, "a firmlink to nothing is no tree"


def test_what_is_not_stored_here_is_network(mac):
    """A local type without MNT_LOCAL, and a type that nobody knows, are never touched."""
    mac.mounted += recorded_mac.statfs("/Volumes/net", "host:/x", "apfs", 5, 0)
    mac.mounted += recorded_mac.statfs("/Volumes/new", "new", "newfs", 6)
    mac.mounted += recorded_mac.statfs("/Volumes/.timemachine/x", "TimeMachine@/dev/disk3s5", "apfs", 7, 0x40001000)
    table = mounts.table(mac)
    assert table.is_remote(b"/Volumes/.timemachine/x/Users"), "an older state of what is here"
    assert table.is_remote(b"/Volumes/net/a")
    assert table.is_remote(b"/Volumes/new/a")


def test_without_the_mounts_nothing_is_touched(mac, tmp_path):
    """Recent files, definitions, executables: where the mounts can't be read, gaps only."""
    mac.denied = {"filesystems"}
    host = DarwinHost(mac)
    request = Request(0, scan=(os.fsencode(tmp_path),))
    for items in (host.changed_files(request), host.artifacts(request, ()), host.executables()):
        assert [item.outcome for item in items] == [Outcome.DENIED]
    with pytest.raises(HostError):
        host.trees(request)


def test_processes_are_what_psutil_told(mac):
    """Columns that were denied are empty and named; arguments keep their bytes; a network path is not touched."""
    rows = {row["pid"]: row for row in DarwinHost(mac).processes() if isinstance(row, dict)}
    assert rows[1]["unread"] == dict.fromkeys(("cmdline", "cwd", "open_files", "rss"), "denied")
    assert rows[1]["username"] == "root"
    assert rows[300]["cmdline"] == ["Word", {"text": "é\ufffd", "hex": "c3a9ff"}, ""]
    assert rows[300]["open_files"] == [{"fd": 3, "path": "/Users/anna/Letter.docx"}]
    assert rows[300]["create_time"] == "2024-05-27T08:58:20.250000Z"
    assert rows[400]["exe_deleted"] is None
    assert rows[os.getpid()]["exe_deleted"] is False
    assert 500 not in rows


def test_an_executable_that_is_hidden_is_no_path(mac):
    """An outcome in place of a path is told as such, and nothing of that name is looked at."""
    mac.more = {700: {"name": "x", "exe": Outcome.DENIED, "ppid": 1}}
    host = DarwinHost(mac)
    (row,) = [item for item in host.processes() if isinstance(item, dict) and item["pid"] == 700]
    assert (row["exe"], row["exe_deleted"]) == (None, None)
    assert row["unread"] == {"exe": "denied", "exe_deleted": "denied"}
    assert not [item for item in host.executables() if isinstance(item, dict) and 700 in item["pids"]]


def test_one_socket_of_two_processes_is_one_row(mac):
    """A listening socket that two processes hold stands once with both; hidden ones are counted."""
    items = list(DarwinHost(mac).connections())
    rows = [item for item in items if isinstance(item, dict)]
    assert [row["pids"] for row in rows if row["status"] == "LISTEN"] == [[300, 400]]
    assert [row["laddr"] for row in rows if row["family"] == "inet6"] == ["[2001:db8::7]:50001"]
    assert [item.outcome for item in items if isinstance(item, Gap)] == [Outcome.DENIED]


def test_sessions_and_boot(mac):
    """The file utmpx tells who is logged on, from where, and since when the system runs."""
    host = DarwinHost(mac)
    rows = [(row["user"], row["terminal"], row["remote_host"], row["type"]) for row in host.sessions()]
    assert rows == [
        (None, "~", None, "boot"),
        ("anna", "console", None, "user"),
        ("root", "ttys001", "192.0.2.77", "user"),
    ]
    boot = next(iter(host.power_events()))
    assert boot == {"utc": "2024-05-27T08:53:21.000000Z", "what": "boot", "source": "utmpx"}


def test_jobs_of_launchd(mac):
    """State, expectation and who switched it off are told; a broken list is a row that says so."""
    rows = {row["name"]: row for row in DarwinHost(mac).services()}
    told = {name: (row["start_mode"], row["state"], row["state_expected"], row["pids"]) for name, row in rows.items()}
    assert told == {
        "com.word.helper": ("enabled", "running", "running", [300]),
        "com.example.off": ("disabled", "unknown", "stopped", None),
        "com.example.agent": ("disabled", "unknown", "stopped", None),
        "broken": ("unknown", "unknown", "unknown", None),
    }
    assert rows["broken"]["unread"]["command"] == "failed"
    assert rows["com.example.off"]["user"] == "anna"


def test_accounts_as_root(mac, tmp_path):
    """Root reads the system's own records; services have no home that is walked."""
    records = tmp_path / "mac/private/var/db/dslocal/nodes/Default/users"
    records.mkdir(parents=True)
    for name, uid, home in (("anna", "501", "/Users/anna"), ("_www", "70", "/Library/WebServer"), ("x", "abc", "/x")):
        record = {"name": [name], "uid": [uid], "home": [home], "shell": ["/bin/zsh"]}
        (records / f"{name}.plist").write_bytes(plistlib.dumps(record, fmt=plistlib.FMT_BINARY))
    host = DarwinHost(mac)
    (row,) = host.system()
    assert [(user["name"], user["uid"]) for user in row["users"]] == [("_www", 70), ("anna", 501)]
    assert "users" not in row["unread"]


def test_a_user_sees_homes_and_says_so(mac):
    """Without that right the folders of /Users stand for the accounts, and the column is named as unread."""
    (row,) = DarwinHost(mac).system()
    assert [user["home"] for user in row["users"]] == ["/Users/anna"]
    assert "users" in row["unread"]


@pytest.mark.parametrize("what", ["sysctl", "registry", "pids", "battery"])
def test_what_is_denied_is_told(mac, what):
    """No reading that fails ends a source: the rest is there, and what lacks is named."""
    mac.denied = {what}
    host = DarwinHost(mac)
    (row,) = host.system()
    assert (row["unread"].get("serial") == "denied") == (what == "registry")
    assert (row["unread"].get("model") == "denied") == (what == "sysctl")
    gaps = [item for item in host.processes() if isinstance(item, Gap)]
    assert any("list of processes" in gap.reason for gap in gaps) == (what == "pids")
    if what == "battery":
        with pytest.raises(HostError):
            host.power()


@given(st.binary(max_size=400))
def test_no_bytes_surprise_a_parser(raw):
    """Whatever the bytes, a parser answers or raises `ValueError`."""
    head = struct.pack("<HBB", len(raw) + 4, 5, 0x12)
    for parse in (routing.interfaces, routing.routes, statfs.parse, utmpx.parse, plists.read):
        for data in (raw, head + raw, head[:3] + b"\x04" + raw, b"bplist00" + raw):
            try:
                parse(data)
            except ValueError:
                continue


def test_property_lists_of_wrong_types_are_survived():
    """A job or an account whose values are of any other type than they should be is told without them."""
    wrong = [None, 7, b"x", [7], {"a": "b"}, ["a", b"b", {}], True, 1.5, "x" * (1 << 20)]
    for value in wrong:
        names = ("Label", "Program", "ProgramArguments", "UserName", "Disabled", "RunAtLoad", "KeepAlive")
        told = plists.job(dict.fromkeys(names, value))
        assert told.label is None or len(told.label) <= plists.MAX_TEXT
        plists.account(dict.fromkeys(("name", "uid", "home", "shell"), value))
        plists.overrides({"a": value})
    with pytest.raises(ValueError, match="property list"):
        plists.read(b"<plist>" + b"<array>" * 100_000)


def test_files_are_read_through_no_link_and_no_fifo(tmp_path):
    """A link, a FIFO and a device are refused with the errors that the walk knows; a file is read within its limit."""
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "below").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    found = {}
    for name in ("link", "fifo"):
        with pytest.raises(OSError) as caught:  # noqa: PT011 - its number is what counts
            files.read_small(str(tmp_path / name))
        found[name] = caught.value.errno
    assert found == {"link": errno.ELOOP, "fifo": errno.ENXIO}
    with pytest.raises(NotADirectoryError):
        files.hold_folder(os.fsencode(tmp_path / "below"))
    assert files.read_small(str(tmp_path / "file")) == b"content"
    with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        files.read_small(str(tmp_path / "file"), limit=3)


def test_what_lies_in_a_cloud_is_not_fetched():
    """A placeholder (SF_DATALESS) is refused before it is opened, and the gap says why."""
    placeholder = SimpleNamespace(st_mode=0o100644, st_flags=files.DATALESS)
    with pytest.raises(OSError, match=os.strerror(errno.EDEADLK)) as caught:
        files._demand(placeholder, folder=False)
    gap = files.gap_of(caught.value, "a file can't be copied")
    assert (gap.outcome, gap.reason) == (
        Outcome.UNSUPPORTED,
        "a file can't be copied: its content lies in a cloud and was not fetched",
    )


def test_entries_are_those_of_stat(tmp_path):
    """The reader tells what stat tells, leaves out what is older or never touched, and knows the birth on a Mac."""
    (tmp_path / "new").write_bytes(b"12345")
    (tmp_path / "never").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    reader, status = entries.Reader(), (tmp_path / "new").stat()
    for since_ns, expected in ((0, [b"new"]), (status.st_ctime_ns + 10**9, [])):
        fd = os.open(tmp_path, os.O_RDONLY)
        try:
            (found,) = reader.slices(fd, since_ns, {b"never"})
        finally:
            os.close(fd)
        assert found.subfolders == [b"folder"]
        assert [name for name, _ in found.changed] == expected
    facts = reader.facts(os.fsencode(tmp_path / "new"))
    assert (facts.size, facts.inode) == (5, status.st_ino)
    names = ("mode", "size", "nlink", "uid", "gid", "ino", "dev", "atime_ns", "ctime_ns", "mtime_ns")
    born = SimpleNamespace(**{f"st_{name}": 0 for name in names}, st_birthtime=1_716_800_000.25)
    assert entries.facts_of(born).btime_ns == 1_716_800_000_250_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is another device")
def test_a_walk_stays_on_its_device():
    """A folder on another device (a mount, a firmlink) is refused before it is opened."""
    root = os.open("/", os.O_RDONLY)
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EXDEV)):
            crossing.open_folder(b"proc", root)
        os.close(crossing.open_folder(b"usr", root))
    finally:
        os.close(root)


WHOLE_RUN = """
import sys
from pathlib import Path
import recorded_mac
import collector.host
from collector.host.darwin import DarwinHost
mac = recorded_mac.made(Path(sys.argv[1]))
collector.host.this_host = lambda: DarwinHost(mac)
from collector.cli import main
sys.argv[1:] = sys.argv[2:]
main()
"""


def test_a_whole_run_on_the_recorded_mac(tmp_path):
    """It ends sealed and isolated (exit 0), verifies, finds what was planted, and says what is not built for a Mac."""
    tree, out = tmp_path / "tree", tmp_path / "out"
    tree.mkdir()
    out.mkdir()
    (tree / "README_DECRYPT.txt").write_text(
        "All your files have been encrypted. To decrypt them pay 0.5 bitcoin. Contact us at unlock@onionmail.org."
    )
    here = Path(__file__).parent
    paths = os.pathsep.join(map(str, (here, here.parent)))
    done = subprocess.run(
        [
            *(sys.executable, "-B", "-c", WHOLE_RUN, tmp_path / "mac", "--case", "M1", "--out", out, "--scan", tree),
            *("--json", "--quiet", "--no-memory", "--yes"),
        ],
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["isolation"] == {"open": "ISOLATED", "close": "ISOLATED", "run": "ISOLATED"}
    bundle = live.Bundle(Path(result["bundle"]))
    assert live.run("verify", bundle.path).code == 0
    assert [row["path"] for row in bundle.rows("recent-files")] == [str(tree / "README_DECRYPT.txt")]
    assert "note" in {row["what"] for row in bundle.rows("ransom")}
    unsupported = {gap["source"] for gap in bundle.gaps() if gap["outcome"] == "unsupported"}
    assert {"suspects", "windows", "dns"} <= unsupported
    assert not any(gap["outcome"] == "failed" for gap in bundle.gaps())


def plugged(name: str, **change: object) -> list[Nic]:
    """Return the interfaces of the Mac, one of them changed."""
    return [replace(nic(name), **change) if one.name == name else one for one in OFFLINE]


def until(watch, wanted: set[str]) -> list:
    """Return the changes that come, until all that are wanted have."""
    found = []
    while not wanted <= {change.what for change in found}:
        assert watch.wait(30), f"only {found}"
        found += watch.changes()
    return found


def test_a_cable_that_is_plugged_in_is_seen(mac):
    """While the run lasts a cable comes, with an address and a way out, and goes again: each is a change."""
    watch = DarwinHost(mac).watch_links()
    try:
        mac.nics = plugged("en3", media=recorded_mac.ACTIVE, addresses=("192.168.1.5/24",))
        mac.ways = [*IDLE, Way("0.0.0.0/0", 6, UP | recorded_mac.GATEWAY, "192.168.1.1")]
        came = until(watch, {"link", "address", "route"})
        assert {(change.what, change.index) for change in came} == {("link", 6), ("address", 6), ("route", 6)}
        (link,) = [change.link for change in came if change.what == "link"]
        assert (link.name, link.kind, link.carrier) == ("en3", "ethernet", True)
        mac.nics, mac.ways = [one for one in OFFLINE if one.name != "en3"], IDLE
        assert {change.index for change in until(watch, {"link-gone", "route-gone"})} == {6}
    finally:
        watch.stop()
        watch.stop()


def test_a_cable_that_came_and_went_between_two_looks_leaves_a_trace(mac):
    """Its carrier is off at both looks, but packets went through: changes are missing, and that is said."""
    watch = DarwinHost(mac).watch_links()
    try:
        mac.nics = plugged("en3", packets=(3, 4))
        assert [change.what for change in until(watch, {"lost"})] == ["lost"]
    finally:
        watch.stop()


def test_a_watch_that_can_not_read_says_so(mac):
    """Refused from the start it is a gap; refused later, changes are missing."""
    watch = DarwinHost(mac).watch_links()
    mac.denied = {"routing"}
    assert {change.what for change in until(watch, {"lost"})} == {"lost"}
    watch.stop()
    with pytest.raises(HostError) as caught:
        DarwinHost(mac).watch_links()
    assert caught.value.gap.outcome is Outcome.DENIED


@pytest.mark.skipif(sys.platform != "linux", reason="watchdog stands on inotify here, on FSEvents on a Mac")
def test_file_activity_is_seen_and_counted(mac, tmp_path):
    """What is written, renamed and deleted below the folders is a row each, and counts; the bundle's own does not."""
    tree, own = tmp_path / "tree", tmp_path / "tree" / "bundle"
    own.mkdir(parents=True)
    request = Request(0, scan=(os.fsencode(tree), os.fsencode(own)), exclude=(os.fsencode(own),))
    watch = DarwinHost(mac).watch_activity(request)
    (own / "manifest").write_bytes(b"ours")
    for number in range(3):
        (tree / f"{number}.docx").write_bytes(b"x")
        (tree / f"{number}.docx").rename(tree / f"{number}.docx.locked")
    (tree / "0.docx.locked").unlink()
    wanted = ("deleted", str(tree / "0.docx.locked"))
    ends = time.monotonic() + 60
    while wanted not in (told := [(row["event"], row["path"]) for row in watch.rows()]) and time.monotonic() < ends:
        time.sleep(0.05)
    watch.stop()
    watch.stop()
    assert wanted in told
    for event, name in (("created", "1.docx"), ("moved-from", "1.docx"), ("moved-to", "1.docx.locked")):
        assert (event, str(tree / name)) in told
    assert not [path for _, path in told if path.startswith(str(own / "manifest"))]
    assert watch.tally().totals["renamed"] == 3
    assert watch.tally().totals["deleted"] == 1


def test_a_folder_that_may_hang_is_not_watched(mac, tmp_path):
    """A network mount is a gap; without the mounts nothing is watched at all."""
    mac.mounted += recorded_mac.statfs(str(tmp_path / "share"), "//anna@server/share", "smbfs", 9, 0)
    watch = DarwinHost(mac).watch_activity(Request(0, scan=(os.fsencode(tmp_path / "share"),)))
    watch.stop()
    assert [item.outcome for item in watch.rows()] == [Outcome.UNSUPPORTED]
    mac.denied = {"filesystems"}
    with pytest.raises(HostError):
        DarwinHost(mac).watch_activity(Request(0, scan=(b"/tmp",)))


def process(exe: object, *arguments: str, **more: object) -> dict[str, object]:
    told = {"name": Path(str(exe)).name, "exe": str(exe), "cmdline": [str(exe), *arguments]}
    return {**told, "ppid": 1, "uid": 501, **more}


def test_suspicious_programs_and_their_files(mac, tmp_path):
    """What runs from where everybody may write is listed with its reasons and copied; ordinary programs are not."""
    planted, script = tmp_path / "Finder", tmp_path / "lock.py"
    planted.write_bytes(b"cipher" * 1000)
    script.write_bytes(b"encrypt()")
    mac.more = {
        600: process(planted),
        601: process("/usr/bin/env", name="env"),
        602: process("/usr/bin/python3", str(script), cwd="/"),
        603: process("/private/tmp/gone", name="gone", create_time=1_716_800_300.0),
        604: process("/Users/anna/Library/Application Support/Sync/Sync"),
        605: process("/System/Library/CoreServices/Dock.app/Contents/MacOS/Dock"),
        606: process("/Volumes/server/x"),
        607: {"name": "kernel_task", "exe": Outcome.DENIED, "ppid": 0, "cmdline": Outcome.DENIED},
    }
    items = list(DarwinHost(mac).suspects(Request(0)))
    rows = {item["pid"]: item for item in items if isinstance(item, dict)}
    codes = {pid: {reason["code"] for reason in row["reasons"]} for pid, row in rows.items()}
    assert codes[600] == {"temporary_folder", "system_name"}
    assert codes[602] == {"script_temporary"}
    assert codes[603] == {"temporary_folder", "deleted"}
    assert codes[607] == {"kernel_name"}
    assert codes[604] == {"home_folder", "deleted"}, "alone, to lie in a home lists nobody"
    assert not {601, 605, 606, 300, 1} & set(rows)
    assert next(iter(rows)) == 600
    assert [rows[pid]["program"] for pid in (600, 602, 603, 607)] == ["follows", "follows", "absent", "denied"]
    assert [one["name"] for one in rows[600]["parents"]] == ["launchd", "kernel_task"]
    assert rows[603]["create_time"] == "2024-05-27T08:58:20.000000Z"
    copies = {blob.subject: b"".join(blob.chunks) for blob in DarwinHost(mac).suspects(Request(0)) if is_blob(blob)}
    assert copies[str(planted)] == planted.read_bytes()
    assert copies[str(script)] == b"encrypt()"


def is_blob(item: object) -> bool:
    return isinstance(item, Blob)


def test_no_file_of_a_suspect_leads_astray(mac, tmp_path):
    """A link to a network mount, a FIFO and a name that no file can have are gaps; nothing is opened."""
    share, link, fifo = tmp_path / "share", tmp_path / "link.py", tmp_path / "fifo.py"
    mac.mounted += recorded_mac.statfs(str(share), "//anna@server/share", "smbfs", 9, 0)
    share.mkdir()
    (share / "x.py").write_bytes(b"x")
    link.symlink_to(share / "x.py")
    os.mkfifo(fifo)
    mac.more = {
        600 + number: process("/usr/bin/python3", str(path), cwd="/")
        for number, path in enumerate((link, fifo, f"{tmp_path}/a\0b.py"))
    }
    items = list(DarwinHost(mac).suspects(Request(0)))
    copied = [item.subject for item in items if isinstance(item, Blob)]
    assert copied in ([], ["/usr/bin/python3"])
    subjects = [item.subject for item in items if isinstance(item, Gap)]
    assert {str(link), str(fifo), f"{tmp_path}/a\0b.py"} <= {str(subject) for subject in subjects}


def test_isolate_switches_off_what_leads_outside(mac):
    """As root every link that may lead outside goes down, upper ones first, with what restores it; and it holds."""
    mac.user = 0
    judged(
        mac,
        ways=(
            Way("0.0.0.0/0", 12, UP | recorded_mac.GATEWAY | recorded_mac.STATIC, "192.168.1.1"),
            Way("10.8.0.0/16", 16, UP | recorded_mac.GATEWAY | recorded_mac.STATIC, "10.8.0.1"),
        ),
        en0=replace(nic("en0"), flags=0x8863, media=recorded_mac.WIFI_ACTIVE, addresses=("192.168.1.5/24",)),
        utun0=replace(nic("utun0"), addresses=("10.8.0.2/24",)),
    )
    host = DarwinHost(mac)
    changes = host.plan_isolation(host.link_facts())
    assert [change.name for change in changes] == ["utun0", "bridge0", "llw0", "en0", "ap1", "en1", "en3"]
    undo = {change.name: change.undo for change in changes}
    assert undo["en0"] == ("/sbin/ifconfig en0 up", "/sbin/route -n add -inet 0.0.0.0/0 192.168.1.1")
    assert undo["utun0"] == ("/sbin/ifconfig utun0 up", "/sbin/route -n add -inet 10.8.0.0/16 10.8.0.1")
    for change in changes:
        host.carry_out(change)
    assert {row["state"] for row in isolation.judge(host.link_facts()).interfaces} <= {"down", "internal", "no_carrier"}


def test_a_link_that_can_not_be_switched_off_is_told(mac):
    """Without root it is denied; a link that is gone, or whose number another one has, is left alone."""
    host = DarwinHost(mac)
    change = next(one for one in host.plan_isolation(host.link_facts()) if one.name == "en3")
    with pytest.raises(HostError) as caught:
        host.carry_out(change)
    assert caught.value.gap.outcome is Outcome.DENIED
    mac.user = 0
    mac.nics = [replace(one, name="en77") if one.name == "en3" else one for one in mac.nics]
    with pytest.raises(HostError) as caught:
        host.carry_out(change)
    assert caught.value.gap.outcome is Outcome.ABSENT
    assert all(one.flags & UP for one in mac.nics if one.name == "en77")
