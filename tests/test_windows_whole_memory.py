"""The memory of the machine through a program of the expert's: what it writes, and what becomes of one that misbehaves.

The program is made here, from a few lines of C: it opens the path that it is given as acquisition programs do
(CREATE_ALWAYS), and writes from start to end. Wine starts the compiler of the system below it.
"""

from __future__ import annotations

import hashlib
import sys

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import ctypes
import os
import subprocess
import threading
import time
from pathlib import Path

from collector.host import HostError, machine_image
from collector.host.windows import calls, whole_memory
from collector.model import Blob, Gap, Outcome, Request

WINE = calls.under_wine()
COMPILER = "/usr/bin/x86_64-w64-mingw32-gcc"
SOURCE = r"""
#include <windows.h>
#include <stdio.h>
static char piece[1 << 16];
static HANDLE opened(wchar_t *path) {
    return CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
}
int wmain(int count, wchar_t **words) {
    DWORD done; HANDLE out; int i, j;
    for (i = 0; i < 20000; i++) printf("progress %d of 20000\n", i);
    fflush(stdout);
    if (MODE == 1) return 0;
    if (MODE == 2) { fprintf(stderr, "the driver can't be loaded\n"); return 3; }
    out = opened(words[1]);
    if (out == INVALID_HANDLE_VALUE) { fprintf(stderr, "error %lu\n", GetLastError()); return 4; }
    if (MODE == 3) { WriteFile(out, "half", 4, &done, NULL); CloseHandle(out); Sleep(500); out = opened(words[1]); }
    if (MODE == 4) Sleep(600000);
    for (i = 0; i < 40 || MODE == 5; i++) {
        for (j = 0; j < sizeof piece; j++) piece[j] = (char)(i + j);
        if (!WriteFile(out, piece, sizeof piece, &done, NULL)) return 5;
    }
    CloseHandle(out);
    return 0;
}
"""
WHOLE = b"".join(bytes((number + at) & 0xFF for at in range(1 << 16)) for number in range(40))

if not (WINE and Path(f"Z:{COMPILER}").exists()):
    pytest.skip("no compiler for Windows below Wine", allow_module_level=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return what makes a program of one mode, each once."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "acquirer.c").write_text(SOURCE)

    def make(mode):
        program = folder / f"acquirer {mode}.exe"
        if not program.exists():
            script = folder / f"compile{mode}"
            target, source = _below(program), _below(folder / "acquirer.c")
            words = f"{COMPILER} -municode -O1 -DMODE={mode} -o '{target}.part' '{source}'"
            script.write_text(f"{words} && mv '{target}.part' '{target}'\n", newline="\n")
            subprocess.run(["start", "/unix", "/bin/sh", _below(script)], check=True, timeout=60)
            until = time.monotonic() + 60
            while not program.exists() and time.monotonic() < until:
                time.sleep(0.1)
        return program

    return make


def _below(path):
    """Return a path as the system below Wine knows it."""
    ask = ctypes.CDLL("kernel32").wine_get_unix_file_name
    ask.restype = ctypes.c_void_p
    return ctypes.string_at(ask(ctypes.c_wchar_p(str(path)))).decode()


@pytest.fixture(autouse=True)
def roomy(monkeypatch):
    """Let the machine be small and the medium large."""
    monkeypatch.setattr(whole_memory, "_counted", lambda: 1 << 20)
    monkeypatch.setattr(whole_memory, "_room", lambda _: 1 << 40)


def taken(program):
    blobs, gaps = [], []
    for item in whole_memory.items(Request(since_ns=0, memory_program=program)):
        if isinstance(item, Blob):
            blobs.append((item, b"".join(item.chunks)))
        else:
            assert isinstance(item, Gap)
            gaps.append(item)
    return blobs, gaps


def test_what_the_program_writes_is_taken_byte_for_byte(made):
    """Its digest is named, no file of it is on the host, and its many words on the console don't stop it."""
    program = made(0)
    ((blob, content),), gaps = taken(program)
    assert gaps == []
    assert content == WHOLE
    assert (blob.kind, blob.flags) == ("memory", [])
    assert hashlib.sha256(program.read_bytes()).hexdigest() in blob.method


def test_parts_joined_are_the_whole(made, monkeypatch):
    """Parts of a megabyte: each full but the last."""
    monkeypatch.setattr(machine_image, "PART", 1 << 20)
    blobs, gaps = taken(made(0))
    assert gaps == []
    assert [len(content) for _, content in blobs] == [1 << 20, 1 << 20, len(WHOLE) - (2 << 20)]
    assert b"".join(content for _, content in blobs) == WHOLE


@pytest.mark.parametrize(
    ("mode", "outcome", "reason"),
    [(1, Outcome.FAILED, "wrote nothing"), (2, Outcome.FAILED, "ended with 3"), (3, Outcome.FAILED, "began 2 times")],
)
def test_a_program_that_misbehaves_is_told(made, mode, outcome, reason):
    """Nothing written, a failure with what it said, a second beginning."""
    _, gaps = taken(made(mode))
    assert [gap.outcome for gap in gaps] == [outcome]
    assert reason in gaps[0].reason


def test_a_silent_program_is_ended(made, monkeypatch):
    """What comes after it is worth more than waiting."""
    monkeypatch.setattr(machine_image, "SILENT_S", 1)
    ((blob, _),), gaps = taken(made(4))
    assert [gap.outcome for gap in gaps] == [Outcome.TIMED_OUT]
    assert blob.flags == ["cut"]


def test_a_program_without_end_is_ended(made, monkeypatch):
    """More than the machine can hold is no memory of it."""
    monkeypatch.setattr(whole_memory, "MORE", 4 << 20)
    ((blob, content),), gaps = taken(made(5))
    assert [gap.outcome for gap in gaps] == [Outcome.OVER_LIMIT]
    assert blob.flags == ["cut"]
    assert len(content) <= 5 << 20


def test_a_writer_that_is_gone_before_we_look_is_read(monkeypatch):
    """It opened, wrote and closed before we listened: what it wrote is there, and whoever comes next is heard too."""
    late, real = threading.Event(), whole_memory._winapi.ConnectNamedPipe
    monkeypatch.setattr(whole_memory._winapi, "ConnectNamedPipe", lambda handle: (late.wait(60), real(handle)))
    pipe = whole_memory._Pipe()
    try:
        for words in (b"first", b"second"):
            writer = os.open(pipe.name, os.O_WRONLY | os.O_BINARY)
            os.write(writer, words)
            os.close(writer)
            late.set()
            assert pipe.pieces.get(timeout=60) == words
            until = time.monotonic() + 60
            while pipe.connected and time.monotonic() < until:
                time.sleep(0.01)
    finally:
        pipe.close()
    assert not pipe._thread.is_alive()
    assert pipe.opened == 2


def test_whoever_stops_reading_ends_the_program(made):
    """The run is over, or the medium is gone: nothing of it goes on."""
    program = made(5)
    items = whole_memory.items(Request(since_ns=0, memory_program=program))
    blob = next(items)
    assert any(blob.chunks)
    blob.chunks.close()
    items.close()
    program.write_bytes(program.read_bytes())  # in use, or held by us, it could not be written to


def test_where_there_is_no_room_nothing_is_started(made, monkeypatch):
    """An image that does not fit is worth nothing, and fills the medium."""
    monkeypatch.setattr(whole_memory, "_room", lambda _: 1 << 20)
    with pytest.raises(HostError, match="not started"):
        taken(made(0))


def test_without_an_administrators_rights_nothing_is_started(made, monkeypatch):
    """It would fail, and say so in its own words."""
    monkeypatch.setattr(whole_memory.accounts, "is_elevated", lambda: False)
    with pytest.raises(HostError, match="administrator") as caught:
        taken(made(0))
    assert caught.value.gap.outcome is Outcome.DENIED


def test_a_program_that_is_not_there_or_is_none_is_a_gap(tmp_path):
    """The reason names no path: the subject does."""
    for name, outcome in (("gone.exe", Outcome.ABSENT), ("text.exe", Outcome.FAILED)):
        (tmp_path / "text.exe").write_text("no program")
        with pytest.raises(HostError) as caught:
            taken(tmp_path / name)
        assert caught.value.gap.outcome is outcome
        assert name not in caught.value.gap.reason


def test_the_machine_tells_how_much_memory_it_has(monkeypatch):
    """Built in, or used by Windows where that isn't told."""
    monkeypatch.undo()
    assert whole_memory._counted() > 256 << 20
