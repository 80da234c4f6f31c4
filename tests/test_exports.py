"""`collect export`: what experts' tools get is what the bundle holds, told apart by host, and nothing in it acts.

Bundles are real, made by the real writer; the readers are `csv`, `json` and the rules of the tools themselves, as
their sources state them (each named where it stands).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tracemalloc
import zipfile
from datetime import datetime

import live
import made
import pyrage
import pytest

from collector import bundle as bundles
from collector import custody, layout, paris
from collector.entries import Told
from collector.errors import AlteredError, RefusedError, UsageError
from collector.handover.export import export
from collector.model import Gap, Outcome
from collector.verify import verify_bundle

FORMATS = ["csv", "bodyfile", "timesketch", "dissect", "iris", "misp", "case"]
KEY = pyrage.x25519.Identity.generate()
OTHER = pyrage.x25519.Identity.generate()
NS = 1_795_000_000 * 10**9
NAMES = [
    "/srv/plain.txt",
    "/srv/two\nlines\r|0|forged|0",
    "/srv/\x1b[2J\x1b]0;title\x07red",
    "/srv/\u202egpj.exe",
    {"text": "/srv/\ufffd\ufffdbad", "hex": "2f7372762ffffe626164"},
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    'x";=1+1;"',
    "\uff1dHYPERLINK(1)",
    "C:\\Users\\Zo\u00eb\\note|1.txt",
    "/srv/back\\x0aslash",
    "\ud800alone",
    "../../../../etc/cron.d/evil",
]


def recent(path, number=0, **more):
    ns = str(NS + number * 10**9 + 123_456_789)
    return {"path": path, "type": "file", "size": 10, "mtime_ns": ns, "ctime_ns": str(int(ns) + 10**9),
            "btime_ns": str(int(ns) - 10**9), "atime_ns": str(int(ns) + 2 * 10**9), "mode": "0644", "owner": 1000,
            "group": 1000, "inode": str(77 + number), "sha256": "ab" * 32, "judged": [], "flags": [],
            **more}  # fmt: skip


TABLES = {
    "recent-files": [recent(name, number) for number, name in enumerate(NAMES)],
    "processes": [{"pid": 4, "name": "evil", "cmdline": ["evil", "-x", "=1"], "create_time": "2026-11-18T10:00:00.5Z"}],
    "sessions": [{"user": "zo\u00eb", "terminal": "tty1", "started": "2026-11-18T09:00:00.000000Z"}],
    "activity": [{"utc": "2026-11-18T11:00:00.000000Z", "event": "created", "path": "/srv/a.locked"}],
    "services": [{"name": "veeam", "state": "stopped"}],
}


def table(rows, columns=None):
    """Return the bytes of a table as our writer spells it; a row that is bytes stands as it is."""
    names = columns or dict.fromkeys((name for row in rows if isinstance(row, dict) for name in row), "A column.")
    lines = [json.dumps({"kind": "x", "columns": names}).encode()]
    return b"\n".join([*lines, *(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)]) + b"\n"


def bundle(folder, tables=TABLES, *, host="poste-1", sid=made.SID, case="T-1", watch=None, readers=(), close=True,
           system=None, observations=()):
    """Make a bundle with these tables, a copied file, a gap and observations; return its folder."""
    clock = made.MadeClock()
    opening = {
        **made.opening(case),
        "host": {"hostname": host, **(system or {})},
        "clock": {"ntp": "unknown", "timezone": "Europe/Paris", "watch_offset": watch},
        "recipients": [str(one.to_public()) for one in readers],
    }
    found = bundles.create(folder, f"{case}_{sid[:4]}", opening, made.README, made.key(), clock, sid)
    for kind, rows in tables.items():
        file = found.artifact(kind, kind, ".jsonl", "test")
        file.write(rows if isinstance(rows, bytes) else table(rows))
        found.finish(file, rows=None)
    copy = found.artifact("file", "suspects", ".bin", "test")
    copy.write(b"MZ")
    found.finish(copy, subject="/srv/copied", source_times={"mtime_ns": str(NS), "atime_ns": "0"})
    found.gap("screen", Gap(Outcome.ABSENT, "no display"))
    found.observe("encryption-start", {"estimate_utc": "2026-11-18T08:00:00.000000Z", "basis": "names"})
    for what, data in observations:
        found.observe(what, data)
    if close:
        found.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    return found.path


def exported(out, form, *paths, keys=()):
    return export([verify_bundle(path) for path in paths], form, out, keys)


def events(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def cells(path):
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8"))))


def entries(path):
    lines = path.read_bytes().decode("utf-8").split("\n")
    assert lines.pop() == ""
    return [line.split("|") for line in lines]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return bundle(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("broken", [b'{"kind":"x","colu', b"\xff", b"[]", b""])
def test_a_broken_header_costs_no_row(tmp_path, broken):
    """The first line is the header, whatever stands there; the rows behind it are told, and the line is counted."""
    rows = [{"path": f"/srv/{number}", "mtime_ns": str(NS)} for number in range(3)]
    data = b"\n".join([broken, *(json.dumps(row).encode() for row in rows)]) + b"\n"
    path = bundle(tmp_path, {"recent-files": data})
    done = exported(tmp_path / "t", "csv", path)
    assert [json.loads(row["_other"]) for row in cells(tmp_path / "t" / "recent-files.csv")] == rows
    assert done.evidence[0].tally.unread_rows == 1
    exported(tmp_path / "e.jsonl", "timesketch", path)
    found = [one["path"] for one in events(tmp_path / "e.jsonl") if one["data_type"] == "collect:recent-files"]
    assert found == [row["path"] for row in rows]


def test_what_is_refused_is_named(tmp_path):
    """Of several bundles: the one without a key, the one of another case, the one that is given twice."""
    for name in "abc":
        (tmp_path / name).mkdir()
    one, other = bundle(tmp_path / "a", {}), bundle(tmp_path / "b", {}, sid="b" * 32, case="T-2")
    locked = bundle(tmp_path / "c", {}, sid="c" * 32, readers=[KEY])
    for paths, keys, named in (
        ([one, locked], [], [locked]), ([one, locked], [OTHER], [locked]), ([one, other], [], [one, other]),
        ([one, one], [], [one]),
    ):  # fmt: skip
        with pytest.raises((UsageError, RefusedError)) as caught:
            exported(tmp_path / "out", "csv", *paths, keys=keys)
        assert all(str(path) in str(caught.value) for path in named)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", FORMATS)
def test_an_altered_bundle_gives_nothing(tmp_path, form):
    """One byte of one artifact is another: refused with exit 1, and nothing stands where the export would."""
    path = bundle(tmp_path)
    victim = next((path / layout.ARTIFACTS).glob("*-processes.jsonl"))
    data = bytearray(victim.read_bytes())
    data[-3] ^= 1
    victim.write_bytes(data)
    out = tmp_path / "out"
    out.mkdir()
    done = live.run("export", path, "--format", form, "--out", out)
    assert done.code == 1
    assert "altered" in done.err
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("form", "what"),
    [
        *((form, "artifacts/000001-recent-files.jsonl") for form in ("csv", "bodyfile", "timesketch", "dissect")),
        *((form, "manifest.jsonl") for form in FORMATS),
    ],
)
def test_what_changes_between_verifying_and_reading_is_altered(tmp_path, form, what):
    """A bundle that somebody changes once it was verified is refused as well, and the export is thrown away."""
    path = bundle(tmp_path)
    verified = verify_bundle(path)
    data = (path / what).read_bytes()
    (path / what).write_bytes(data.replace(b"plain.txt", b"plein.txt") + (b"" if b"plain.txt" in data else b"{}\n"))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(AlteredError):
        export([verified], form, out)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("form", ["csv", "timesketch"])
def test_a_header_that_somebody_changed_hides_no_row(tmp_path, form):
    """A table that says that it has no times any more is read through all the same, and so it is ALTERED."""
    path = bundle(tmp_path)
    verified = verify_bundle(path)
    victim = next((path / layout.ARTIFACTS).glob("*-recent-files.jsonl"))
    rows = victim.read_bytes().partition(b"\n")[2]
    victim.write_bytes(b'{"kind":"x","columns":{"a":"b"}}\n' + rows)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(AlteredError):
        export([verified], form, out)
    assert list(out.iterdir()) == []


def test_a_sealed_header_that_names_no_times_costs_no_event(tmp_path):
    """What a row holds is told, not what the header of its table says that it holds."""
    path = bundle(tmp_path, {"recent-files": table([recent("/srv/a")], {"path": "A column."})})
    exported(tmp_path / "e.jsonl", "timesketch", path)
    assert len([one for one in events(tmp_path / "e.jsonl") if one.get("path") == "/srv/a"]) == 4


def test_a_bundle_that_was_never_closed_is_exported_and_marked(tmp_path):
    """Exit 3, and each format says INCOMPLETE in itself."""
    path = bundle(tmp_path, close=False)
    out = tmp_path / "out"
    out.mkdir()
    for form in FORMATS:
        done = live.run("export", path, "--format", form, "--out", out, "--json")
        assert done.code == 3, done.err
        assert done.json["bundles"][0]["verdict"] == "INCOMPLETE"
    assert {row["verdict"] for row in cells(out / "T-1-csv" / "processes.csv")} == {"INCOMPLETE"}
    assert {event["verdict"] for event in events(out / "T-1-timesketch.jsonl")} == {"INCOMPLETE"}
    assert any(entry[1].startswith("(collect) INCOMPLETE") for entry in entries(out / "T-1.body"))


def test_an_encrypted_bundle_needs_a_readers_key_and_gives_the_same(tmp_path, plain):
    """Without a key and with a stranger's: refused and nothing left. With a reader's: what the clear bundle gives."""
    (tmp_path / "e").mkdir()
    path = bundle(tmp_path / "e", readers=[KEY, OTHER])
    assert all(file.suffix == ".age" for file in (path / layout.ARTIFACTS).iterdir())
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(UsageError):
        exported(out, "timesketch", path)
    with pytest.raises(RefusedError):
        exported(out, "timesketch", path, keys=[pyrage.x25519.Identity.generate()])
    assert list(out.iterdir()) == []
    for form, name in (("timesketch", "x.jsonl"), ("bodyfile", "x.body")):
        exported(tmp_path / f"clear-{name}", form, plain)
        exported(out / name, form, path, keys=[OTHER])
        clear, private = ((tmp_path / f"clear-{name}").read_text(), (out / name).read_text())
        if form == "timesketch":  # what a record says of its stored file is that of the age file
            clear, private = (
                [event for event in map(json.loads, text.splitlines()) if event["data_type"] in (
                    "collect:recent-files", "collect:processes", "collect:activity", "collect:observation")]
                for text in (clear, private)
            )  # fmt: skip
            times = ("utc", "local", "datetime", "seq")
            clear, private = ([{k: v for k, v in e.items() if k not in times} for e in one] for one in (clear, private))
        assert clear == private


def test_the_key_comes_from_a_file_or_the_keyboard_and_is_told_nowhere(tmp_path):
    path = bundle(tmp_path, readers=[KEY])
    key = tmp_path / "key.txt"
    key.write_text(f"# mine\n{KEY}\n")
    done = live.run("export", path, "--format", "csv", "--out", tmp_path / "tables", "--identity", key)
    assert done.code == 0, done.err
    assert str(KEY) not in done.out + done.err
    assert cells(tmp_path / "tables" / "sessions.csv")[0]["user"] == "zo\u00eb"


def test_a_spreadsheet_calculates_nothing(tmp_path, plain):
    """Whatever the separator that a spreadsheet takes, no cell begins as a formula does; what was changed is told."""
    done = exported(tmp_path / "t", "csv", plain)
    formula = re.compile(r"""^[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20]""")
    for file in (tmp_path / "t").iterdir():
        text = file.read_bytes().decode("utf-8")
        assert text.count("\n") == text.count("\r\n") == len(list(csv.reader(io.StringIO(text, newline=""))))
        for separator in ",;\t":
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
                for cell in row:
                    if separator == ",":
                        assert cell.startswith("'") or not formula.match(cell), cell
                    elif len(row) > 1:
                        assert not re.match(r'^[\s"]*[=+\-@]', cell), cell
    assert done.evidence[0].tally.neutralised >= 6
    said = live.run("export", plain, "--format", "csv", "--out", tmp_path / "u")
    assert "apostrophe" in said.out


def test_a_table_has_the_columns_of_its_header_and_every_row(tmp_path, plain):
    exported(tmp_path / "t", "csv", plain)
    rows = cells(tmp_path / "t" / "recent-files.csv")
    assert [*rows[0]] == ["host", "sid", "verdict", *TABLES["recent-files"][0], "_other"]
    assert len(rows) == len(NAMES)
    assert rows[1]["path"] == "/srv/two\\x0alines\\x0d|0|forged|0"
    assert rows[4]["path"] == "/srv/\\xff\\xfebad"
    assert json.loads(cells(tmp_path / "t" / "processes.csv")[0]["cmdline"]) == ["evil", "-x", "=1"]
    assert rows[NAMES.index("/srv/back\\x0aslash")]["path"] == "/srv/back\\x5cx0aslash"
    gaps = cells(tmp_path / "t" / "_gaps.csv")
    assert [(gap["source"], gap["outcome"], gap["reason"]) for gap in gaps] == [("screen", "absent", "no display")]


ALIKE = [
    "/srv/a\nb", "/srv/a\\x0ab", "/srv/a\\x5cx0ab", "/srv/a\u202eb", "/srv/a\\u202eb", "/srv/a\\\nb", "/srv/a\\\\x0ab",
    {"text": "/srv/\ufffdb", "hex": "2f7372762fff62"}, "/srv/\\xffb",
    {"text": "/srv\\xff\ufffd", "hex": "2f7372765c786666ff"},
    "/srv/\U000e0001b", "/srv/\\U000e0001b", "/srv/\ud800", "/srv/\\ud800",
]  # fmt: skip
"""Names that a reader could take for each other."""


@pytest.mark.parametrize("form", ["csv", "timesketch"])
def test_no_two_names_come_out_as_one(tmp_path, form):
    """Each name can be read back; paths of Windows keep their backslashes."""
    plain = ["C:\\Users\\x\\update\\xylo", "C:\\Udine\\xA0"]
    path = bundle(tmp_path, {"recent-files": [recent(name, inode=str(at)) for at, name in enumerate([*ALIKE, *plain])]})
    out = tmp_path / ("t.jsonl" if form == "timesketch" else "t")
    exported(out, form, path)
    rows = cells(out / "recent-files.csv") if form == "csv" else events(out)
    found = {row["inode"]: row["path"] for row in rows if row.get("inode")}
    assert len(set(found.values())) == len(ALIKE) + len(plain)
    assert [*found.values()][-2:] == plain
    if form == "timesketch":
        messages = {row["inode"]: row["message"] for row in rows if row.get("inode")}
        assert messages == {number: f"File: {name}" for number, name in found.items()}
    ours = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
    back = [ours.sub(lambda match: chr(int(match[1][1:], 16)), name) for name in found.values()]
    told = [name if isinstance(name, str) else bytes.fromhex(name["hex"]).decode("latin-1") for name in ALIKE]
    assert back[: len(ALIKE)] == told


@pytest.mark.parametrize("form", ["csv", "timesketch"])
def test_a_tables_own_columns_do_not_pass_for_ours(tmp_path, form):
    """A table with a column `host` or `verdict` gives `row_host`, `row_verdict`; each name stands once."""
    row = {"host": "OTHER", "row_host": "THIRD", "sid": "S-1-5-21", "verdict": "ANCHORED", "_other": "x", "utc": None}
    row |= {"started": "2026-11-18T09:00:00Z", "hostname": "H", "row_hostname": "G"}
    path = bundle(tmp_path, {"users": [row]})
    out = tmp_path / ("t.jsonl" if form == "timesketch" else "t")
    exported(out, form, path)
    if form == "csv":
        head = (out / "users.csv").read_text("utf-8").splitlines()[0].split(",")
        assert len(set(head)) == len(head)
        (found,) = cells(out / "users.csv")
        assert json.loads(found["_other"]) == {"_other": "x"}
        assert (found["host"], found["row_host"], found["row_row_host"]) == ("poste-1", "OTHER", "THIRD")
        assert found["row_sid"] == "S-1-5-21"
    else:
        (found,) = (one for one in events(out) if one["data_type"] == "collect:users")
        assert (found["hostname"], found["row_hostname"], found["row_row_hostname"]) == ("poste-1", "H", "G")
    assert found["sid"] == made.SID
    assert (found["verdict"], found["row_verdict"]) == ("UNANCHORED", "ANCHORED")


def test_no_name_of_the_host_becomes_one_of_ours(tmp_path, plain):
    """Every name in the folder is a kind's or one of the five that no kind can have."""
    exported(tmp_path / "t", "csv", plain)
    ours = {"_bundles.csv", "_gaps.csv", "_files.csv", "_observations.csv", "_custody.csv"}
    assert {file.name for file in (tmp_path / "t").iterdir()} == ours | {f"{kind}.csv" for kind in TABLES}
    hostile = bundle(tmp_path, {"con": TABLES["services"]}, host="../../x\n\x1b[31m", sid="e" * 32)
    exported(tmp_path / "u", "csv", hostile)
    assert {file.name for file in (tmp_path / "u").iterdir()} == ours | {"_con.csv"}
    assert cells(tmp_path / "u" / "_con.csv")[0]["host"] == "../../x\\x0a\\x1b[31m"


def test_a_body_file_has_eleven_fields_and_all_four_times(tmp_path, plain):
    """As mactime and plaso split it: at every `|`, at every line feed, numbers where they want numbers."""
    exported(tmp_path / "b.body", "bodyfile", plain)
    found = entries(tmp_path / "b.body")
    assert all(len(entry) == 11 for entry in found)
    assert all(field.isprintable() for entry in found for field in entry)
    assert len(found) == len(NAMES) + 1
    by_name = {entry[1]: entry for entry in found}
    assert by_name["/srv/plain.txt"] == [
        "0", "/srv/plain.txt", "77", "r/rrw-r--r--", "1000", "1000", "10",
        "1795000002", "1795000000", "1795000001", "1794999999",
    ]  # fmt: skip
    assert by_name["/srv/copied"][6:] == ["0", "0", "1795000000", "0", "0"]
    assert "C:/Users/Zo\u00eb/note\\x7c1.txt" in by_name
    assert "/srv/two\\x0alines\\x0d\\x7c0\\x7cforged\\x7c0" in by_name
    assert "/srv/back\\x5cx0aslash" in by_name  # a backslash of the host is none of ours
    assert "/srv/\\xff\\xfebad" in by_name


def test_a_body_file_says_what_is_not_there(tmp_path):
    """Windows has no permissions and owners that are no numbers; a file system without births says none."""
    row = recent("C:\\a", mode=None, owner="S-1-5-18", group=None, btime_ns=None, inode=None, atime_ns="soon")
    path = bundle(tmp_path, {"recent-files": [row, recent("/l", type="symlink", mode="4755")]})
    done = exported(tmp_path / "b", "bodyfile", path)
    windows, link = [entry for entry in entries(tmp_path / "b") if entry[1] in ("C:/a", "/l")]
    assert windows[2:8] == ["0", "r/r---------", "", "", "10", "0"]
    assert windows[10] == "0"
    assert link[3] == "l/lrwsr-xr-x"
    assert done.evidence[0].tally.undated == 1


def test_one_file_of_several_definitions_and_a_group_count_once(tmp_path):
    again = recent("/a", outcome="again")
    rows = [recent("/a", outcome="collected"), again, recent("/b", outcome="listed", mtime_ns=None)]
    groups = [recent("/g", what="encrypted", count=9), recent("/n", what="note")]
    path = bundle(tmp_path, {"artifacts": rows, "ransom": groups})
    exported(tmp_path / "b", "bodyfile", path)
    assert sorted(entry[1] for entry in entries(tmp_path / "b")) == ["/a", "/b", "/n", "/srv/copied"]
    exported(tmp_path / "e.jsonl", "timesketch", path)
    group = {event["timestamp_desc"] for event in events(tmp_path / "e.jsonl") if event.get("path") == "/g"}
    assert group == {"First Encrypted In Fullest Hour", "Last Encrypted In Fullest Hour"}


def test_timesketch_takes_every_line(tmp_path, plain):
    """The rules of its importer (timesketch/lib/utils.py, read_and_validate_jsonl) and of OpenSearch's fields hold."""
    exported(tmp_path / "e.jsonl", "timesketch", plain)
    raw = (tmp_path / "e.jsonl").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert raw.isascii()
    for line in raw.splitlines():
        event = json.loads(line)
        assert {"message", "datetime", "timestamp_desc"} <= event.keys()
        assert datetime.fromisoformat(event["datetime"]).utcoffset().total_seconds() == 0
        assert all(isinstance(value, str) for name, value in event.items() if name != "tag")
        assert all(isinstance(tag, str) for tag in event.get("tag", []))
        for value in (value for name, value in event.items() if name != "tag"):
            assert len(value.encode("utf-8")) < 32_766
            assert value.isprintable()


def test_the_timeline_has_every_event(tmp_path):
    """Starts, four times of files, sessions, activity, observations, gaps, the run itself and the custody journal."""
    path = bundle(tmp_path)
    tool = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
    custody.note(path, "La secr\u00e9taire a \u00e9teint l'\u00e9cran.", made.MadeClock(), tool)
    exported(tmp_path / "e.jsonl", "timesketch", path)
    found = events(tmp_path / "e.jsonl")
    when = {(event["data_type"], event["timestamp_desc"]): event["datetime"] for event in found}
    assert when["collect:processes", "Start Time"] == "2026-11-18T10:00:00.500000+00:00"
    assert when["collect:sessions", "Session Start Time"] == "2026-11-18T09:00:00.000000+00:00"
    assert when["collect:activity", "File Event Time"] == "2026-11-18T11:00:00.000000+00:00"
    assert when["collect:observation", "Estimated Encryption Start"] == "2026-11-18T08:00:00.000000+00:00"
    files = [event for event in found if event.get("path") == "/srv/plain.txt"]
    assert {event["timestamp_desc"]: event["datetime"][-21:-6] for event in files} == {
        "Content Modification Time": "11:06:40.123456"[:15], "Metadata Modification Time": "11:06:41.123456",
        "Creation Time": "11:06:39.123456", "Last Access Time": "11:06:42.123456",
    }  # fmt: skip
    for kind in ("open", "close", "gap", "artifact", "custody:note"):
        assert any(event["data_type"] == f"collect:{kind}" for event in found), kind
    assert any("La secr\u00e9taire" in event["message"] for event in found)
    copied = [event["timestamp_desc"] for event in found if event.get("subject") == "/srv/copied"]
    assert copied == ["Collection Time", "Content Modification Time"]


def test_several_hosts_stay_apart(tmp_path):
    """Three machines of one case, two of one name: one output, each line with its own host."""
    (tmp_path / "b").mkdir()
    paths = [
        bundle(tmp_path / "b", host=host, sid=sid * 32) for host, sid in (("pc", "a"), ("pc", "b"), ("accueil", "c"))
    ]
    exported(tmp_path / "e.jsonl", "timesketch", *paths)
    hosts = {event["sid"][0]: event["hostname"] for event in events(tmp_path / "e.jsonl")}
    assert hosts == {"a": "pc~aaaaaaaa", "b": "pc~bbbbbbbb", "c": "accueil"}
    exported(tmp_path / "t", "csv", *paths)
    assert [row["host"] for row in cells(tmp_path / "t" / "sessions.csv")] == [*hosts.values()]
    exported(tmp_path / "b.body", "bodyfile", *paths)
    prefixes = {entry[1].partition("]")[0] for entry in entries(tmp_path / "b.body")}
    assert prefixes == {f"[{host}" for host in hosts.values()}


def test_bundles_that_do_not_belong_together_are_refused(tmp_path):
    one = bundle(tmp_path, sid="a" * 32)
    two = bundle(tmp_path, sid="b" * 32, case="T-2")
    with pytest.raises(UsageError):
        exported(tmp_path / "e.jsonl", "timesketch", one, two)
    with pytest.raises(UsageError):
        exported(tmp_path / "e.jsonl", "timesketch", one, one)
    assert not (tmp_path / "e.jsonl").exists()


def test_a_clock_that_was_compared_is_put_right_and_said(tmp_path):
    """The host ran ten minutes fast: timelines say both times, a body file says so in itself, custody is not moved."""
    path = bundle(tmp_path, watch="-600")
    tool = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
    custody.note(path, "later", made.MadeClock(), tool)
    done = live.run("export", path, "--format", "timesketch", "--out", tmp_path / "e.jsonl")
    assert "-600" in done.out
    found = events(tmp_path / "e.jsonl")
    start = next(event for event in found if event["data_type"] == "collect:processes")
    assert (start["datetime"], start["host_datetime"]) == (
        "2026-11-18T09:50:00.500000+00:00", "2026-11-18T10:00:00.500000+00:00",
    )  # fmt: skip
    (note,) = (event for event in found if event["data_type"] == "collect:custody:note")
    assert (note["datetime"], note.get("host_datetime")) == ("2026-11-18T11:06:40.001000+00:00", None)
    exported(tmp_path / "b", "bodyfile", path)
    found = {entry[1]: entry for entry in entries(tmp_path / "b")}
    assert found["/srv/plain.txt"][8] == str(1_795_000_000 - 600)
    assert any("CLOCK: -600" in name for name in found)
    exported(tmp_path / "t", "csv", path)
    assert cells(tmp_path / "t" / "_bundles.csv")[0]["watch_offset_s"] == "-600"
    assert cells(tmp_path / "t" / "processes.csv")[0]["create_time"] == "2026-11-18T10:00:00.5Z"


ROWS_OF_GARBAGE = [
    b"not json", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"a":' + b"9" * 5000 + b"}", b"",
    b'{"path":"' + b"x" * (5 << 20) + b'"}',
]  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "bodyfile", "timesketch"])
@pytest.mark.parametrize("readers", [(), (KEY,)], ids=["clear", "encrypted"])
def test_rows_that_are_none_are_counted_and_the_rest_is_there(tmp_path, form, readers):
    columns = dict.fromkeys(recent("/a"), "A column.")
    odd = {"path": "/odd", "mtime_ns": True, "ctime_ns": {"a": [1]}, "atime_ns": 10**25, "btime_ns": "-9" + "9" * 19,
           "extra.field": {"deep": [1]}, "message": "mine", "datetime": 5}  # fmt: skip
    path = bundle(tmp_path, {"recent-files": table([*ROWS_OF_GARBAGE, odd, recent("/good")], columns)}, readers=readers)
    done = exported(tmp_path / "e.jsonl", form, path, keys=readers)
    assert done.evidence[0].tally.unread_rows == len(ROWS_OF_GARBAGE)
    if form == "csv":
        assert [row["path"] for row in cells(tmp_path / "e.jsonl" / "recent-files.csv")] == ["/odd", "/good"]
        assert "mine" in cells(tmp_path / "e.jsonl" / "recent-files.csv")[0]["_other"]
    else:
        assert b"/good" in (tmp_path / "e.jsonl").read_bytes()


@pytest.mark.parametrize("form", ["csv", "bodyfile", "timesketch"])
def test_rows_of_four_mebibytes_are_cut_told_and_fit_in_memory(tmp_path, form):
    """Forty MiB of rows, each as long as the format has: memory stays with one of them, the cut is counted."""
    wide = [recent("/srv/" + "\u202e" * 600_000, number) for number in range(12)]
    path = bundle(tmp_path, {"recent-files": wide})
    verified = verify_bundle(path)
    tracemalloc.start()
    try:
        done = export([verified], form, tmp_path / "e.jsonl")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert done.evidence[0].tally.cut >= 12
    assert peak < 32 << 20, peak


def test_nothing_is_written_over_nor_into_a_bundle(tmp_path, plain):
    taken = tmp_path / "e.jsonl"
    taken.write_text("mine")
    with pytest.raises(RefusedError):
        exported(taken, "timesketch", plain)
    assert taken.read_text() == "mine"
    (tmp_path / "T-1-csv").mkdir()
    with pytest.raises(RefusedError):
        exported(tmp_path, "csv", plain)
    before = live.snapshot(plain)
    for inside in (plain, plain / "x.jsonl", plain / "artifacts" / "x.jsonl"):
        with pytest.raises(UsageError):
            exported(inside, "timesketch", plain)
    with pytest.raises(UsageError):
        exported(tmp_path / "no" / "e.jsonl", "timesketch", plain)
    with pytest.raises(UsageError):
        exported(tmp_path / "e.txt", "timesketch", plain)
    assert live.snapshot(plain) == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["T-1-csv", "e.jsonl"]


@pytest.mark.parametrize("form", FORMATS)
def test_a_full_disk_leaves_nothing(tmp_path, plain, form):
    """The folder takes no more bytes in the middle: exit 1, and neither a half export nor a temporary one is left."""
    out = tmp_path / "out"
    out.mkdir()
    full = live.fault("write", 1, "raise OSError(28, 'No space left on device')")
    done = live.run("export", plain, "--format", form, "--out", out, fault=full)
    assert done.code == 1, done.err
    assert list(out.iterdir()) == []


def test_a_live_collection_of_this_machine_exports(tmp_path):
    """What the real command collected here comes out in all three formats; a name that is no UTF-8 keeps its bytes."""
    tree = live.files_in(tmp_path / "tree", 3)
    (tmp_path / "tree" / "a\nb").write_bytes(b"x")
    out = tmp_path / "out"
    out.mkdir()
    done = live.collect(out, "--scan", tree)
    assert done.code in live.SEALED, done.err
    path = live.only_bundle(out).path
    for form in FORMATS:
        told = live.run("export", path, "--format", form, "--out", tmp_path, "--json")
        assert told.code == 0, told.err
        assert told.json["bundles"][0]["unread_rows"] == 0
    assert any(entry[1].endswith("/a\\x0ab") for entry in entries(tmp_path / "T1.body"))
    rows = cells(tmp_path / "T1-csv" / "processes.csv")
    assert any(row["pid"] == "1" for row in rows)
    assert {"Start Time", "Creation Time", "Collection End Time"} <= {
        event["timestamp_desc"] for event in events(tmp_path / "T1-timesketch.jsonl")
    }


COPIES = {
    "/etc/hostname": b"poste-1\n",
    "/etc/passwd": b"root:x:0:0:root:/root:/bin/bash\n",
    "/etc/os-release": b"NAME=Debian\n",
    "/srv/../../../../tmp/evil": b"dots",
    "/srv/CON": b"device",
    "/srv/a:b\n\x1b[31m": b"control",
    "/srv/100%41": b"percent",
    "/srv/dir": b"a file that is a folder of the next one",
    "/srv/dir/inside": b"no place",
    "/etc/HOSTNAME": b"no place on every system",
    "relative": b"no path",
    "/srv/" + "x" * 300: b"too long",
    "/fs/$rootfs$/fs/C": b"mangled by nobody",
}


def with_copies(folder, copies, *, readers=(), sid=made.SID, **host):
    opening = {
        **made.opening(),
        "host": {"hostname": "poste-1", **host},
        "recipients": [str(one.to_public()) for one in readers],
    }
    found = bundles.create(folder, f"d_{sid[:4]}", opening, made.README, made.key(), made.MadeClock(), sid)
    for path, data in copies.items():
        file = found.artifact("file", "artifacts", ".bin", "test")
        file.write(data)
        found.finish(file, subject=path, source_times={"mtime_ns": str(NS)})
    half = found.artifact("file", "ransom", ".bin", "test")
    half.write(b"head")
    found.finish(half, subject="/srv/half", flags=["head-and-tail"])
    file = found.artifact("recent-files", "recent-files", ".jsonl", "test")
    file.write(table([recent(path, size=len(data)) for path, data in copies.items()]))
    found.finish(file, rows=len(copies))
    found.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    return found.path


def test_hashes_of_a_hostile_table_are_numbers_and_paths(tmp_path):
    """A size that is none stops dissect: such a row is left out and counted, one without a hash is none."""
    good = recent("/srv/good", size=5)
    sizes = (True, -1, 1 << 63, 10**400, 1.5, "7", [])
    rows = [good, *(recent("/srv/bad", size=size) for size in sizes), recent({"x": 1}),
            recent("/srv/x", sha256="AB" * 32), recent("/srv/none", sha256=None)]  # fmt: skip
    done = exported(tmp_path / "t", "dissect", bundle(tmp_path, {"recent-files": rows}))
    data = gzip.decompress((tmp_path / "t/fs/$rootfs$/$metadata$/file-hashes.csv.gz").read_bytes()).decode()
    assert [row["path"] for row in csv.DictReader(io.StringIO(data))] == ["/srv/good"]
    assert done.evidence[0].tally.left_out == len(sizes) + 2


def test_custody_and_the_end_of_a_run_stand_in_the_cells(tmp_path):
    """Each custody record has its number, an attachment its size and hash; a bundle says how it ended."""
    path = bundle(tmp_path, {})
    photo = tmp_path / "p.jpg"
    photo.write_bytes(b"\xff\xd8")
    tool = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
    custody.attach(path, photo, "x", made.MadeClock(), tool)
    exported(tmp_path / "t", "csv", path, bundle(tmp_path, {}, sid="b" * 32, close=False))
    rows = cells(tmp_path / "t" / "_custody.csv")
    assert [row["seq"] for row in rows] == [str(number) for number in range(len(rows))]
    assert [row["size"] for row in rows if row["type"] == "artifact"] == ["2"]
    first, second = cells(tmp_path / "t" / "_bundles.csv")
    assert (first["outcome"], bool(first["ended"]), bool(first["isolation"])) == ("complete", True, True)
    assert (second["outcome"], second["ended"], second["isolation"]) == ("", "", "")


@pytest.mark.parametrize(("form", "name"), [("timesketch", "t.jsonl"), ("iris", "t")])
def test_when_an_attachment_was_seen_stands_on_the_timeline(tmp_path, form, name):
    """The photo's own record has only when it was copied; what was said of it is an event of its own, never moved."""
    path = bundle(tmp_path, {}, watch=3600)
    photo = tmp_path / "p.png"
    photo.write_bytes(b"\x89PNG")
    seen = Told(paris.entered(datetime(2026, 11, 24, 8, 10)))  # noqa: DTZ001 a wall clock in Paris
    tool = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
    custody.attach(path, photo, None, made.MadeClock(), tool, seen)
    exported(tmp_path / name, form, path)
    if form == "timesketch":
        (when,) = [one["datetime"] for one in events(tmp_path / name) if one["timestamp_desc"] == "Entry Observed Time"]
        assert when.startswith("2026-11-24T07:10:00")
    else:
        text = (tmp_path / "t" / "iris-timeline.csv").read_text("utf-8")
        assert "2026-11-24T07:10:00" in text
        assert "Entry Observed Time" in text


def files_of(out):
    """Return what stands in a tree, a folder's or a zip's, by name."""
    if out.suffix == ".zip":
        with zipfile.ZipFile(out) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    return {file.relative_to(out).as_posix(): file.read_bytes() for file in out.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", ["tree", "tree.zip"])
@pytest.mark.parametrize("readers", [(), (KEY,)], ids=["clear", "encrypted"])
def test_a_tree_has_every_copy_and_leaves_its_root_nowhere(tmp_path, name, readers):
    """Each copy stands at its own place or among `$others$`; no name of the host climbs, acts or takes another's."""
    path = with_copies(tmp_path, COPIES, readers=readers)
    (tmp_path / "o").mkdir()
    exported(tmp_path / "o" / name, "dissect", path, keys=readers)
    assert [file.name for file in (tmp_path / "o").iterdir()] == [name]
    found = files_of(tmp_path / "o" / name)
    hashes = gzip.decompress(found.pop("fs/$rootfs$/$metadata$/file-hashes.csv.gz")).decode()
    assert len(list(csv.DictReader(io.StringIO(hashes)))) == len(COPIES)
    others = sorted(found.pop(one) for one in list(found) if one.startswith("$others$/"))
    lost = {"/srv/dir/inside", "/etc/HOSTNAME", "relative", "/srv/" + "x" * 300}
    assert others == sorted([b"head", *(COPIES[one] for one in lost)])
    root = "fs/$rootfs$"
    assert found == {
        f"{root}/etc/hostname": b"poste-1\n",
        f"{root}/etc/passwd": COPIES["/etc/passwd"],
        f"{root}/etc/os-release": b"NAME=Debian\n",
        f"{root}/srv/%2E%2E/%2E%2E/%2E%2E/%2E%2E/tmp/evil": b"dots",
        f"{root}/srv/%43ON": b"device",
        f"{root}/srv/a%3Ab%0A%1B[31m": b"control",
        f"{root}/srv/100%2541": b"percent",
        f"{root}/srv/dir": COPIES["/srv/dir"],
        f"{root}/fs/$rootfs$/fs/C": b"mangled by nobody",
    }


def test_trees_of_several_hosts_stand_side_by_side(tmp_path):
    """A folder with a tree for each; one zip holds one host."""
    paths = [with_copies(tmp_path, {"/etc/hostname": sid.encode()}, sid=sid * 32) for sid in "ab"]
    done = exported(tmp_path / "trees", "dissect", *paths)
    assert len(done.files) == 2
    for sid, name in zip("ab", done.files, strict=True):
        assert (tmp_path / "trees" / name / "fs/$rootfs$/etc/hostname").read_bytes() == sid.encode()
    with pytest.raises(UsageError):
        exported(tmp_path / "x.zip", "dissect", *paths)
    assert not (tmp_path / "x.zip").exists()
