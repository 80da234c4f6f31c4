"""Who writes, and what the first bytes of files are: bounded, through no link, and "not told" rather than guessed."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

from collector import heads
from collector.host.windows import calls, files, ntcalls, writers

WINE = calls.under_wine()

WRITER = """
import sys, time
while True:
    with open(sys.argv[1], "ab") as file:
        file.write(b"x" * 9999)
        file.flush()
        time.sleep(0.1)
"""


def test_first_bytes_of_files_and_their_companions(tmp_path):
    """A file that is gone, a folder and a share have none; one beside which its original stands says so."""
    (tmp_path / "é.docx").write_bytes(b"original")
    (tmp_path / "é.docx.locked").write_bytes(b"x" * 10_000)
    names = ("é.docx.locked", "none", "")
    paths = [*(os.fsencode(tmp_path / name) for name in names), rb"\\s\x\y"]
    found = writers.heads(paths)
    assert [head.path for head in found] == paths
    assert (found[0].data, found[0].companion) == (b"x" * heads.BYTES, True)
    assert [head.data for head in found[1:]] == [None, None, None]
    assert len(writers.heads(paths[:1] * 100)) == heads.MOST


def test_who_writes_is_found_or_not_told(tmp_path):
    """A process that writes a file all the time is named where the system tells; we ourselves never are."""
    target = tmp_path / "a.locked"
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(target)])
    try:
        end = time.monotonic() + 30
        while not target.exists():
            assert time.monotonic() < end
            time.sleep(0.1)
        found = writers.find([os.fsencode(tmp_path)])
    finally:
        child.kill()
        child.wait()
    assert os.getpid() not in [one.pid for one in found.found]
    if WINE:
        assert found.unknown > 0
    else:  # Wine 8.0: tells neither who has a file open nor how much was written
        assert found.unknown == 0
        assert child.pid == found.found[0].pid
        assert found.found[0].basis == "open-files"
        assert str(found.found[0].name).lower() == "python.exe"


def test_a_folder_that_is_gone_costs_nothing_but_time(tmp_path):
    """Nobody writes in a folder that isn't there."""
    assert all(one.basis == "bytes" for one in writers.find([os.fsencode(tmp_path / "none")]).found)


def test_a_process_is_named_by_its_program():
    """Path and name of our own program are those of Python; a process that isn't there has none."""
    me = writers._writer(os.getpid(), "bytes", 1)
    assert str(me.exe).lower().endswith("\\python.exe")
    assert str(me.name).lower() == "python.exe"
    assert writers._writer(4, "bytes", 1).name == "System"
    gone = writers._writer(0x7FFFFFF0, "bytes", 1)
    assert (gone.name, gone.exe) == (None, None)


@pytest.mark.skipif(WINE, reason="Wine 8.0: knows no FileProcessIdsUsingFileInformation")
def test_a_file_knows_who_has_it_open(tmp_path):
    """Our own process is among them."""
    (tmp_path / "a").write_bytes(b"x")
    with files.open_file(os.fsencode(tmp_path / "a")) as file:
        assert os.getpid() in ntcalls.users(file.handle)
