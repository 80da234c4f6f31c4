"""Suspicious programs on Windows: listed with their reasons, their files and their memory taken, within limits."""

from __future__ import annotations

import json
import os
import sys

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import ctypes
import shutil
import struct
import subprocess
from contextlib import contextmanager
from ctypes import wintypes
from pathlib import Path

from collector.host.windows import calls, copies, memory, process, snapshot, suspects
from collector.model import Blob, Gap, Outcome, Request
from collector.sources.suspects import SuspectSource
from collector.winformats import minidump

HOME = Path(sys.executable).parent
PUBLIC = Path(os.environ["PUBLIC"]) / "té"
SECRET = "clé-" + "4f1c9a77e0"
CODE = f"""
import sys
secret = bytes.fromhex({SECRET.encode().hex()!r}) * 3
held = [open(path, 'ab') for path in sys.argv[1:]]
print('ready', flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def program():
    """Put an interpreter into the folder that all users share, as malware likes it."""
    PUBLIC.mkdir(parents=True, exist_ok=True)
    for library in [*HOME.glob("*.dll"), HOME / "python.exe"]:
        shutil.copy(library, PUBLIC)
    yield PUBLIC / "python.exe"
    shutil.rmtree(PUBLIC, ignore_errors=True)


@contextmanager
def running(program, *arguments):
    environment = {**os.environ, "PYTHONHOME": str(HOME), "MARK": "Zoé"}
    with subprocess.Popen(
        [program, "-c", CODE, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as child:  # fmt: skip
        assert child.stdout.readline().strip() == b"ready"
        try:
            yield child
        finally:
            child.stdin.close()


def taken(request, pid):
    """Return rows, files with their bytes, and gaps of a search in one process."""
    rows, blobs, gaps = [], [], []
    for item in suspects.items(request, [pid, os.getpid()]):
        if isinstance(item, Blob):
            blobs.append((item, b"".join(item.chunks)))
        elif isinstance(item, Gap):
            gaps.append(item)
        else:
            rows.append(item)
    return rows, blobs, gaps


def test_a_program_that_holds_peoples_files_open_is_listed_and_taken(program):
    """Reasons, parents, environment, what it writes; its file byte for byte, its memory with what only that held."""
    documents = Path(os.environ["USERPROFILE"]) / "Dossiers patients"
    documents.mkdir(parents=True, exist_ok=True)
    paths = [str(documents / f"dossier {number}.txt") for number in range(6)]
    try:
        with running(program, *paths) as child:
            rows, blobs, gaps = taken(Request(since_ns=0), child.pid)
    finally:
        shutil.rmtree(documents)
    (row,) = [one for one in rows if one["pid"] == child.pid]
    assert list(row) == list(SuspectSource.columns)
    assert json.loads(json.dumps(row)) == row
    assert row["exe"].lower() == str(program).lower()
    assert {one["code"] for one in row["reasons"]} == {"temporary_folder", "writes_people_files"}
    assert row["reasons"][0]["detail"] == row["exe"]
    assert {path.lower() for path in paths} <= {path.lower() for path in row["writing"]}
    assert row["parents"][0]["pid"] == os.getpid()
    assert "MARK=Zoé" in row["environment"]
    assert (row["program"], row["memory"], row["ours"]) == ("follows", "follows", None)
    assert gaps == []
    (file, content), (dump, pages) = blobs
    assert (file.kind, content) == ("file", program.read_bytes())
    assert (dump.kind, dump.suffix, dump.flags) == ("process-memory", ".dmp", [])
    assert SECRET.encode() * 3 in pages


def stream(dump, number):
    """Return a stream of a minidump as the system's own library reads it (MiniDumpReadDumpStream)."""
    read = calls.function(
        "dbghelp", "MiniDumpReadDumpStream", wintypes.BOOL, ctypes.c_void_p, wintypes.ULONG, ctypes.c_void_p,
        ctypes.c_void_p, ctypes.c_void_p,
    )  # fmt: skip
    found, size = ctypes.c_void_p(), wintypes.ULONG()
    assert read(dump, number, None, ctypes.byref(found), ctypes.byref(size))
    return ctypes.string_at(found.value, size.value)


def test_the_systems_own_library_reads_the_memory(program):
    """Modules with the program's name, its thread with its block, and as many pages as the list of ranges says."""
    with running(program) as child:
        _, blobs, _ = taken(Request(since_ns=0), child.pid)
    (pages,) = [content for blob, content in blobs if blob.kind == "process-memory"]
    dump = ctypes.create_string_buffer(pages, len(pages))
    modules = stream(dump, 4)
    names = []
    for number in range(struct.unpack_from("<I", modules)[0]):
        at = struct.unpack_from("<QIIII", modules, 4 + 108 * number)[4]
        names.append(pages[at + 4 : at + 4 + struct.unpack_from("<I", pages, at)[0]].decode("utf-16-le"))
    assert any(name.lower().endswith("té\\python.exe") for name in names)
    threads = stream(dump, 3)
    assert struct.unpack_from("<I", threads)[0] >= 1
    assert struct.unpack_from("<IIIIQ", threads, 4)[4] != 0
    ranges = stream(dump, 9)
    count, at = struct.unpack_from("<QQ", ranges)
    assert sum(size for _, size in struct.iter_unpack("<QQ", ranges[16 : 16 + 16 * count])) == len(pages) - at


def test_limits_leave_the_rest_and_say_so(program):
    """A megabyte of memory, a thousand bytes of the file: cut, with how much was left."""
    with running(program) as child:
        _, blobs, gaps = taken(Request(since_ns=0, memory_process_bytes=1 << 20, program_bytes=1000), child.pid)
    (file, content), (_, pages) = blobs
    assert (len(content), file.flags) == (1000, ["cut"])
    assert 1 << 20 <= len(pages) < 2 << 20
    assert {gap.outcome for gap in gaps} == {Outcome.OVER_LIMIT}
    assert any(f"{program.stat().st_size - 1000} bytes were left" in gap.reason for gap in gaps)


def test_without_copies_it_is_only_listed(program):
    """Neither file nor memory nor environment."""
    with running(program) as child:
        rows, blobs, _ = taken(Request(since_ns=0, copies=False), child.pid)
    (row,) = [one for one in rows if one["pid"] == child.pid]
    assert (row["program"], row["memory"], row["environment"]) == ("not_asked", "not_asked", None)
    assert blobs == []


def test_the_memory_of_the_tool_itself_is_never_taken(monkeypatch):
    """It holds the key of the run: even where everything speaks against it."""
    monkeypatch.setattr(suspects.suspicion, "places", lambda *_: ("temporary",))
    rows, blobs, _ = taken(Request(since_ns=0), os.getpid())
    (row,) = rows
    assert (row["ours"], row["program"], row["memory"], row["environment"]) == ("tool", "ours", "ours", None)
    assert blobs == []


def test_a_process_that_ends_while_its_memory_is_read_is_cut_with_a_gap(program):
    """What was there until then is kept; the file says that it is cut."""
    with running(program) as child:
        (listed,) = [one for one in snapshot.processes() if one.pid == child.pid]
        with process.opened(listed, process.READ_MEMORY) as held:
            dump = memory.Dump(held, memory.plan(held, 1 << 30), listed.threads, "a process", 60.0)
            chunks = dump.blob.chunks
            assert next(chunks).startswith(b"MDMP")
            child.kill()
            child.wait(30)
            rest = b"".join(chunks)
            gaps = list(dump.gaps())
    assert "cut" in dump.blob.flags
    assert len(rest) < memory.MAX_REGIONS * memory.PAGE
    assert gaps[0].outcome is Outcome.ABSENT


def test_time_that_is_over_cuts_the_memory(program):
    """No second left: the first piece is kept, the rest is a gap."""
    with running(program) as child:
        (listed,) = [one for one in snapshot.processes() if one.pid == child.pid]
        with process.opened(listed, process.READ_MEMORY) as held:
            dump = memory.Dump(held, memory.plan(held, 1 << 30), listed.threads, "a process", -1.0)
            b"".join(dump.blob.chunks)
    (gap,) = dump.gaps()
    assert (gap.outcome, dump.blob.flags) == (Outcome.TIMED_OUT, ["cut"])


@pytest.mark.parametrize(
    ("region", "rank"),
    [
        (minidump.Region(0, 4096, 0, 4, 0x1000, 0x40, minidump.PRIVATE), 0),
        (minidump.Region(0, 4096, 0, 4, 0x1000, 4, minidump.PRIVATE), 1),
        (minidump.Region(0, 4096, 0, 4, 0x1000, 8, minidump.IMAGE, "a"), 3),
        (minidump.Region(0, 4096, 0, 4, 0x1000, 2, minidump.IMAGE, "a"), 5),
        (minidump.Region(0, 4096, 0, 4, 0x1000, 0x104, minidump.PRIVATE), None),
        (minidump.Region(0, 4096, 0, 4, 0x1000, 1, minidump.PRIVATE), None),
        (minidump.Region(0, 4096, 0, 4, 0x2000, 0, minidump.PRIVATE), None),
        (minidump.Region(0, 4096, 0, 4, 0x1000, 2, minidump.MAPPED, "\\Device\\Mup\\srv\\a"), None),
    ],
)
def test_the_best_of_the_memory_comes_first(region, rank):
    """Code of no file, own data, changed programs, programs; guarded pages and files of servers are not touched."""
    assert memory.choose(region)[0] == rank


def test_a_refusal_of_windows_says_what_may_be_behind_it():
    """Protected processes (of the antivirus) give their memory to nobody."""
    gap = copies._refused(ctypes.WinError(5), "a process")
    assert gap.outcome is Outcome.DENIED
    assert "protects" in gap.reason
    assert copies._refused(ProcessLookupError(3, "x"), "a process").outcome is Outcome.ABSENT
