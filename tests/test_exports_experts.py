"""What `collect export` makes is taken by the experts' own tools, as they come from their makers.

dissect.target opens the tree, plaso the body file, Timesketch's server checks its lines as it imports them, PyMISP
loads the event, case_validate finds that the graph conforms. IRIS is a service and no library: its importers' rules
stand in test_exports_shared.py.
"""

from __future__ import annotations

import json

import experts
import made
import pytest
from test_exports import COPIES, KEY, NAMES, bundle, exported, with_copies
from test_exports_shared import HOSTILE, TOOL, attacked

from collector import custody

TIMESKETCH = """
import json, sys
from timesketch.lib.utils import read_and_validate_jsonl
with open(sys.argv[1], encoding="utf-8") as file:
    print(json.dumps([event["timestamp"] for event in read_and_validate_jsonl(file)]))
"""
MISP = """
import json, sys
from pymisp import MISPEvent
event = MISPEvent()
event.load_file(sys.argv[1], validate=True, metadata_only=False)
print(json.dumps([[one.type, one.category, one.value, one.uuid] for one in event.attributes]))
print(json.dumps([event.uuid, event.distribution, event.published, [tag.name for tag in event.tags]]))
"""


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return bundle(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("name", ["tree", "tree.zip"])
def test_target_query_opens_the_tree(tmp_path, name):
    """dissect.target itself answers hostname, system, users and hashes of a Linux host, and opens a Windows one."""
    exported(tmp_path / name, "dissect", with_copies(tmp_path, COPIES))
    tree = tmp_path / name
    told = experts.run("target-query", "-q", tree, "-f", "hostname,os")
    assert "poste-1" in told
    assert "linux" in told
    told = experts.run("target-query", "-q", "-s", tree, "-f", "users,acquire.hashes")
    assert "name='root'" in told
    assert "sha256=" + "ab" * 32 in told
    windows = with_copies(tmp_path, {"C:\\Users\\zoe\\note.txt": b"pay"}, sid="b" * 32, os="Windows 10")
    other = tmp_path / f"w-{name}"
    exported(other, "dissect", windows)
    assert "windows" in experts.run("target-query", "-q", other, "-f", "os")
    assert experts.run("target-fs", "-q", other, "ls", "C:/Users/zoe").split() == ["note.txt"]


def test_plaso_reads_the_body_file_without_a_warning(tmp_path, plain):
    """The tool itself takes every entry, hostile names too: an event for each time, nothing it had to recover from."""
    body, store = tmp_path / "b.body", tmp_path / "b.plaso"
    exported(body, "bodyfile", plain)
    quiet = ["--parsers", "bodyfile", "--single-process", "--unattended", "-q", "--status_view", "none"]
    experts.run("log2timeline", *quiet, "--timezone", "UTC", "--storage-file", store, body, cwd=tmp_path)
    told = experts.run("pinfo", store, cwd=tmp_path)
    assert f"bodyfile : {4 * len(NAMES) + 1}\n" in told
    assert "No warnings stored." in told


def test_plaso_reads_the_tree(tmp_path):
    """log2timeline over the folder of `dissect` finds the files' times where they stood on the host."""
    exported(tmp_path / "tree", "dissect", with_copies(tmp_path, COPIES))
    store = tmp_path / "t.plaso"
    quiet = ["--parsers", "filestat", "--single-process", "--unattended", "-q", "--status_view", "none"]
    experts.run("log2timeline", *quiet, "--storage-file", store, tmp_path / "tree", cwd=tmp_path)
    lines = tmp_path / "t.jsonl"
    experts.run("psort", "-q", "--status_view", "none", "-o", "json_line", "-w", lines, store, cwd=tmp_path)
    found = [json.loads(line) for line in lines.read_text().splitlines()]
    assert any(one["filename"].endswith("/fs/$rootfs$/etc/hostname") for one in found)


def test_timesketch_imports_every_line(tmp_path, plain):
    """The rules of its own server (timesketch.lib.utils) take each line, and give it the time that we meant."""
    lines = tmp_path / "e.jsonl"
    exported(lines, "timesketch", plain, attacked(tmp_path, sid="b" * 32))
    stamps = json.loads(experts.python(TIMESKETCH, lines))
    events = [json.loads(line) for line in lines.read_text().splitlines()]
    assert len(stamps) == len(events) > 50
    assert all(isinstance(stamp, int) for stamp in stamps)
    start = next(number for number, one in enumerate(events) if one["data_type"] == "collect:processes")
    assert stamps[start] == 1_794_996_000_500_000  # 2026-11-18T10:00:00.5Z


def test_misp_loads_the_event(tmp_path):
    """PyMISP takes every attribute with its type and category, against MISP's own schema."""
    file = tmp_path / "m.json"
    exported(file, "misp", attacked(tmp_path, HOSTILE))
    attributes, event = map(json.loads, experts.python(MISP, file).splitlines())
    written = json.loads(file.read_text())["Event"]
    assert attributes == [[one["type"], one["category"], one["value"], one["uuid"]] for one in written["Attribute"]]
    assert len(attributes) > 10
    assert event == [written["uuid"], 0, False, ["tlp:amber+strict"]]


def test_the_graph_conforms(tmp_path):
    """case_validate: every class, property and cardinality of CASE and UCO, for a bundle with all of custody."""
    system = {"maker": "X", "os": "Debian GNU/Linux", "version": "6.12.48"}
    path = attacked(tmp_path, HOSTILE, watch="-600", system=system)
    custody.note(path, 'La secr\u00e9taire "><script>alert(1)</script>', made.MadeClock(), TOOL)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8")
    custody.attach(path, photo, "l'\u00e9cran", made.MadeClock(), TOOL)
    said = custody.HandOver(to="Adjudante Zo\u00eb", by="Dr =cmd", reason="plainte", place="\u202ePau")
    custody.hand_over(path, said, made.MadeClock(), TOOL)
    other = attacked(tmp_path, sid="c" * 32, host="accueil", close=False)
    graph = tmp_path / "g.jsonld"
    exported(graph, "case", path, other)
    assert "Conforms: True" in experts.run("case_validate", graph)
    exported(tmp_path / "h.jsonld", "case", attacked(tmp_path, sid="d" * 32, readers=[KEY]), keys=[KEY])
    assert "Conforms: True" in experts.run("case_validate", tmp_path / "h.jsonld")
