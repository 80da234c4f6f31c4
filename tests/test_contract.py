"""Every source on every host module delivers the columns that design.md promises, and says why where it can't.

The same tests run on the live machine (Linux, or Windows under Wine) and on the recorded Mac of `recorded_mac.py`.
What a host can't give is a gap with its outcome and reason; what it gives is JSON as the model says.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from collector import facts, isolation
from collector.bursts import Writers
from collector.definitions import SYSTEMS
from collector.heads import Head
from collector.host import HostError, this_host
from collector.model import MAX_SAFE_INTEGER, UNKNOWN_BOOT, Blob, Budget, Gap, Moment, Outcome, Profile, Request
from collector.sources import planned
from collector.sources.activity import ActivitySource
from collector.sources.footprint import FootprintSource

PROMISED = {
    "system": "hostname os version maker model serial boot_time timezone users disks uptime_s privileges",
    "services": "name start_mode state state_expected",
    "processes": "pid ppid name exe cmdline username create_time status cwd exe_deleted open_files threads rss",
    "executables": "path pids sha256 size deleted",
    "connections": "family type laddr raddr status pid",
    "interfaces": "name kind admin_up carrier addresses state",
    "routes": "destination gateway interface",
    "neighbours": "address mac state",
    "dns": "type value",
    "sessions": "user terminal remote_host started",
    "windows": "title pid geometry visible",
    "activity": "utc event path",
    "recent-files": "path size mtime_ns ctime_ns btime_ns mode owner sha256 judged",
    "ransom": "what path family confidence reasons",
    "footprint": "pids bytes_read bytes_written peak_memory traces",
}
"""The table of design.md, section 4, "at least", written down again in the names of our columns."""

BLOBS = {
    "screen": {"screen"},
    "suspects": {"file", "process-memory"},
    "memory": {"memory"},
    "ransom": {"file"},
    "artifacts": {"file", "command", "registry"},
}
"""Which kinds of files each source may yield (design.md, section 4); all others yield none."""

ALWAYS = ("system", "processes", "interfaces", "artifacts", "recent-files", "ransom", "executables")
"""Sources that have at least one row on every machine that these tests run on."""

SOURCES = planned(whole_memory=True, system="Windows")
"""All there are: Windows has one more than the others, who answer it with a gap."""
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
STATES = {"down", "no_carrier", "internal", "connected", "unknown"}
DEFINITION = """name: Planted
doc: What a test planted.
sources:
- type: FILE
  attributes: {{paths: ['{folder}{sep}*'], separator: '{sep}'}}
---
name: Version
doc: What Windows says of itself.
sources:
- type: REGISTRY_KEY
  attributes: {{keys: ['HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows NT\\CurrentVersion']}}
supported_os: [Windows]
"""


@dataclass
class Given:
    """What one source of one host yielded: blobs were read to their end."""

    rows: list = field(default_factory=list)
    blobs: list = field(default_factory=list)
    gaps: list = field(default_factory=list)


@dataclass
class World:
    """A host, what is asked of it, and what its sources answered so far."""

    host: object
    request: Request
    given: dict = field(default_factory=dict)

    def ask(self, source) -> Given:
        """Return all that a source yields, asked once."""
        if source.name not in self.given:
            given = self.given[source.name] = Given()
            if source.name == "memory":  # only asked where the expert gave a program: none is there
                return given
            try:
                for item in source.collect(self.host, self.request):
                    if isinstance(item, Gap):
                        given.gaps.append(item)
                    elif isinstance(item, Blob):
                        given.blobs.append((item, sum(map(len, item.chunks))))
                        given.rows += [item.row] if item.row is not None else []
                    else:
                        given.rows.append(item)
            except HostError as error:
                given.gaps.append(error.gap)
        return self.given[source.name]


def request_for(folder) -> Request:
    """Return a request that looks at one planted folder only, with small budgets and no copies of programs."""
    tree = folder / "tree"
    tree.mkdir()
    (tree / "letter.txt").write_bytes(b"a letter")
    (tree / "é.docx.locked").write_bytes(os.urandom(4096))
    (tree / "README_DECRYPT.txt").write_text(
        "All your files have been encrypted. To decrypt them pay 0.5 bitcoin. Contact us at unlock@onionmail.org."
    )
    rule = folder / "planted.yaml"
    rule.write_text(DEFINITION.format(folder=tree, sep=os.sep), encoding="utf-8")
    return Request(
        since_ns=0,
        scan=(os.fsencode(tree),),
        profile=Profile("contract", budgets={"suspects": Budget(bytes=0)}),
        rules=(rule,),
        copies=False,
        out=os.fsencode(folder),
    )


HOSTS = ["live", *(["macOS, recorded"] if os.name == "posix" else [])]
"""A recorded Mac walks and reads as every POSIX system does; on Windows nothing of it can run."""


@pytest.fixture(scope="module", params=HOSTS)
def world(request, tmp_path_factory) -> World:
    """Return a host and what is asked of it."""
    folder = tmp_path_factory.mktemp("contract")
    if request.param == "live":
        return World(this_host(), request_for(folder))
    import recorded_mac  # noqa: PLC0415 - loads what Windows has not

    from collector.host.darwin import DarwinHost  # noqa: PLC0415 - the same

    return World(DarwinHost(recorded_mac.made(folder / "mac")), request_for(folder))


def demand_json(value, where: str) -> None:
    """Demand a value of the model: no float, no bytes, integers that every reader keeps."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int):
        assert -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER, where
    elif isinstance(value, str):
        value.encode("utf-8")  # a lone surrogate has its bytes in `hex` instead
    elif isinstance(value, list):
        for item in value:
            demand_json(item, where)
    else:
        assert type(value) is dict, f"{where}: {type(value)}"
        for name, item in value.items():
            assert type(name) is str, where
            demand_json(item, f"{where}.{name}")
        if "hex" in value:
            bytes.fromhex(value["hex"])


def demand_gap(gap: Gap) -> None:
    """Demand a plain reason."""
    assert gap.outcome in set(Outcome) - {Outcome.COLLECTED, Outcome.EMPTY}
    assert gap.reason.strip() == gap.reason != ""
    assert gap.reason.isprintable()
    demand_json(gap.subject, "subject")


def test_the_table_of_the_design_is_whole():
    """Every source that yields rows promises at least the columns that design.md names for its kind."""
    columns = {one.kind: set(one.columns) for one in (*SOURCES, ActivitySource(), FootprintSource())}
    assert set(PROMISED) - set(columns) == set()
    missing = {kind: set(names.split()) - columns[kind] for kind, names in PROMISED.items()}
    assert [kind for kind, names in missing.items() if names] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_rows_hold_exactly_the_columns(world, source):
    """No column is missing, none is added, and every value is JSON as the model says."""
    for row in world.ask(source).rows:
        assert list(row) == list(source.columns) or set(row) == set(source.columns)
        demand_json(row, source.name)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_what_could_not_be_had_is_told(world, source):
    """Gaps carry outcome and reason, `unread` names columns that are empty or cut, and silence is no answer."""
    given = world.ask(source)
    for gap in given.gaps:
        demand_gap(gap)
    for row in given.rows:
        unread = row.get("unread") or {}
        assert set(unread) <= set(source.columns)
        assert set(unread.values()) <= {str(outcome) for outcome in Outcome}
    if source.name in ALWAYS:
        assert given.rows
    if source.core:
        assert given.rows or given.gaps
    if source.name == "registry":
        assert bool(given.rows) == (world.host.system_word() == "Windows")
        assert given.rows or [gap.outcome for gap in given.gaps] == [Outcome.UNSUPPORTED]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_files_are_of_the_kinds_of_the_design(world, source):
    """A source yields files of its kinds only, each with the method by which it was read."""
    for blob, _ in world.ask(source).blobs:
        assert blob.kind in BLOBS.get(source.name, set())
        assert re.fullmatch(r"\.[a-z0-9]+", blob.suffix)
        assert blob.method
        assert all(re.fullmatch(r"[a-z-]+", flag) for flag in blob.flags)
        demand_json(blob.subject, "subject")
        demand_json(dict(blob.source_times or {}), "source_times")


def test_times_are_spelled_alike(world):
    """Moments are UTC with microseconds, times of files decimal strings of nanoseconds."""
    for source in SOURCES:
        for row in world.ask(source).rows:
            for column in {"create_time", "boot_time", "started", "utc"} & set(row):
                assert row[column] is None or UTC.fullmatch(row[column])
            for column in {"mtime_ns", "ctime_ns", "btime_ns", "atime_ns"} & set(row):
                assert row[column] is None or re.fullmatch(r"-?\d+", row[column])


def test_the_planted_files_are_found(world):
    """Recent files, traces of ransomware and an expert's definition all see what was planted."""
    rows = {source.name: world.ask(source).rows for source in SOURCES}
    assert {Path(os.fsdecode(live_bytes(row["path"]))).name for row in rows["recent-files"]} == {
        "letter.txt",
        "é.docx.locked",
        "README_DECRYPT.txt",
    }
    assert all(re.fullmatch("[0-9a-f]{64}", row["sha256"]) for row in rows["recent-files"])
    assert "note" in {row["what"] for row in rows["ransom"]}
    assert {row["outcome"] for row in rows["artifacts"]} == {"collected"}
    assert sum(size for _, size in world.ask(source_of("artifacts")).blobs) == sum(
        row["size"] for row in rows["recent-files"]
    )


def test_the_interfaces_are_judged(world):
    """Every interface has one of the five states, and doubt is never called isolated."""
    told = world.host.link_facts()
    assert isinstance(told, facts.Facts)
    verdict = isolation.judge(told)
    assert {row["state"] for row in (*verdict.interfaces, *verdict.elsewhere)} <= STATES
    demand_json(verdict.as_json(), "isolation")
    assert all(isinstance(change, facts.Change) for change in world.host.plan_isolation(told))
    if any(one.what in ("links", "addresses", "routes") for one in told.unread):
        assert verdict.verdict != "ISOLATED"


def test_the_clock_is_read(world):
    """Clocks never run backwards within a boot, and the boot has a name that stays."""
    before, after = world.host.clock.now(), world.host.clock.now()
    assert isinstance(before, Moment)
    assert 0 < before.mono_ns <= after.mono_ns
    assert before.boot_ns <= after.boot_ns
    assert before.boot_id == after.boot_id != ""
    assert before.boot_id != UNKNOWN_BOOT or world.host.system_word() != "Linux"


def test_what_the_open_record_says(world):
    """`open.host` and `open.clock` have their keys (SPEC), and the host its name and rights."""
    told = world.host.open_facts()
    demand_json(told, "open")
    assert set(told) == {"host", "clock"}
    identity = {"hostname", "os", "version", "kernel", "architecture", "maker", "model", "serial", "machine_id"}
    assert set(told["host"]) == identity
    assert set(told["clock"]) == {"timezone", "offset_s", "boot_time", "ntp"}
    demand_json(world.host.hostname(), "hostname")
    assert world.host.privileges() in ("root", "administrator", "user")
    assert world.host.system_word() in SYSTEMS


def test_power_and_its_events(world):
    """Mains and batteries, starts and shutdowns: said, or told why not."""
    try:
        power = world.host.power()
    except HostError as error:
        demand_gap(error.gap)
    else:
        assert set(power) == {"mains", "batteries"}
        assert power["mains"] in (True, False, None)
        assert all(set(one) == {"name", "percent", "status"} for one in power["batteries"])
    for event in world.host.power_events():
        if isinstance(event, Gap):
            demand_gap(event)
        else:
            assert set(event) == {"utc", "what", "source"}
            assert event["what"] in ("boot", "shutdown")
    for number in (world.host.suspends(), world.host.boot_time_ns()):
        assert number is None or number >= 0


def test_a_watch_says_what_it_saw(world):
    """The watch over files has the columns of its source, the watch over links ends; or they say why there is none."""
    try:
        watch = world.host.watch_activity(world.request)
    except HostError as error:
        demand_gap(error.gap)
    else:
        for item in ActivitySource().collect(watch):
            if isinstance(item, Gap):
                demand_gap(item)
            else:
                assert set(item) == set(ActivitySource.columns)
    try:
        links = world.host.watch_links()
    except HostError as error:
        demand_gap(error.gap)
    else:
        assert links.wait(0) in (True, False)
        assert all(isinstance(change, facts.LinkChange) for change in links.changes())
        links.stop()
        links.stop()


def test_the_machine_is_held_awake_or_says_why_not(world):
    """What holds it awake says what it holds off, and lets go twice; or there is a gap."""
    try:
        awake = world.host.keep_awake()
    except HostError as error:
        demand_gap(error.gap)
        return
    assert awake.what
    assert awake.mode in ("block", "delay")
    awake.release()
    awake.release()


def test_heads_writers_and_footprint(world):
    """First bytes of files, who writes, and what the tool itself did, in their forms."""
    letter = world.request.scan[0] + os.sep.encode() + b"letter.txt"
    first, missing = world.host.heads([letter, letter + b".gone"])
    assert isinstance(first, Head)
    assert (first.path, first.data) == (letter, b"a letter")
    assert missing.data is None
    assert isinstance(world.host.writers([world.request.scan[0]]), Writers)
    row = world.host.footprint()
    assert set(row) == set(FootprintSource.columns)
    demand_json(row, "footprint")
    assert row["pids"] == [os.getpid()]
    assert row["written_outside"] == []


def live_bytes(text) -> bytes:
    """Return the raw bytes of a text of a row."""
    return bytes.fromhex(text["hex"]) if isinstance(text, dict) else text.encode("utf-8")


def source_of(name: str):
    """Return the source of a name."""
    return next(source for source in SOURCES if source.name == name)


def test_the_system_is_the_one_that_runs(world):
    """The live host is the one of this system."""
    if type(world.host) is not type(this_host()):
        assert world.host.system_word() == "Darwin"
        return
    assert world.host.system_word() == {"linux": "Linux", "win32": "Windows", "darwin": "Darwin"}[sys.platform]
