"""Running programs on Windows: hashed once each, their signatures judged offline and by the system itself only."""

from __future__ import annotations

import hashlib
import json
import os
import sys

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import shutil
import subprocess
import winreg
from contextlib import contextmanager
from pathlib import Path

from collector.host.windows import executables, files, process, processes, signatures
from collector.model import Gap, Outcome
from collector.sources.executables import ExecutableSource

HOME = Path(sys.executable).parent
SIGNED = HOME / "python311.dll"
"""Signed by the Python Software Foundation."""
WAIT = "import sys; print('ready', flush=True); sys.stdin.read()"


@contextmanager
def running(program):
    environment = {**os.environ, "PYTHONHOME": str(HOME), "PATH": f"{HOME};{os.environ['PATH']}"}
    with subprocess.Popen(
        [program, "-c", WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as child:  # fmt: skip
        assert child.stdout.readline().strip() == b"ready"
        try:
            yield child
        finally:
            child.stdin.close()


def copied(folder: Path, name: str) -> Path:
    """Copy the interpreter to another place, with the libraries that it needs beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for library in HOME.glob("*.dll"):
        shutil.copy(library, folder)
    target = folder / name
    shutil.copy(HOME / "python.exe", target)
    return target


def test_a_running_program_is_hashed_once_for_all_its_processes(tmp_path):
    """Two processes of one file with an accent: one row, the digest of what lies there, and it can be written."""
    program = copied(tmp_path / "été", "à ouvrir.exe")
    with running(program) as one, running(program) as other:
        rows = [row for row in executables.rows(processes.ProcessTable()) if not isinstance(row, Gap)]
        (row,) = [row for row in rows if one.pid in row["pids"]]
        assert row["pids"] == sorted([one.pid, other.pid])
    assert list(row) == list(ExecutableSource.columns)
    assert Path(row["path"]) == program
    assert row["sha256"] == hashlib.sha256(program.read_bytes()).hexdigest()
    assert row["size"] == program.stat().st_size
    assert (row["deleted"], row["signature"], row["unread"]) == (False, "none", {})
    assert row["owner"].startswith("S-1-5-")
    assert row["flags"] == ["newer-than-process"] or row["flags"] == []
    assert json.loads(json.dumps(rows)) == rows


def test_a_file_younger_than_its_process_is_flagged(tmp_path):
    """Another file was put in place of the one that was started, or it was changed since."""
    program = copied(tmp_path, "a.exe")
    with running(program) as child:
        table = processes.ProcessTable()
        table.refresh()
        os.utime(program)
        (row,) = [row for row in executables.rows(table) if not isinstance(row, Gap) and child.pid in row["pids"]]
    assert "newer-than-process" in row["flags"]


def test_a_program_whose_name_is_gone_comes_first_and_says_so():
    """Windows lets a running program be renamed: the path under which it was started is then nobody's."""
    table = processes.ProcessTable()
    table.refresh()
    table.paths = {one.pid: "C:\\users\\nobody\\gone.exe" for one in table.listed if one.pid == os.getpid()}
    rows = [entry for entry in executables.rows(table) if not isinstance(entry, Gap)]
    gone = [row for row in rows if row["deleted"]]  # a program of a test beside this one may just have gone, too
    assert rows[: len(gone)] == gone
    (ours,) = [row for row in gone if os.getpid() in row["pids"]]
    assert (ours["path"], ours["sha256"]) == ("C:\\users\\nobody\\gone.exe", None)
    assert ours["unread"]["sha256"] == "absent"


def test_a_program_on_a_server_is_not_touched():
    """Its path alone says where it lies: no packet leaves."""
    table = processes.ProcessTable()
    table.refresh()
    table.paths = {one.pid: "\\\\server\\share\\a.exe" for one in table.listed if one.pid == os.getpid()}
    (row,) = [row for row in executables.rows(table) if not isinstance(row, Gap) and os.getpid() in row["pids"]]
    assert (row["deleted"], row["sha256"], row["unread"]["sha256"]) == (None, None, "unsupported")


def verdict(path):
    with files.open_file(str(path)) as file:
        return signatures.verdict(str(path), file.handle)


def test_a_signed_file_is_valid_and_one_changed_byte_is_told(tmp_path):
    """The real signature of a real library; unsigned is `none`."""
    assert verdict(SIGNED) == "valid"
    changed = tmp_path / "python311.dll"
    data = bytearray(SIGNED.read_bytes())
    data[0x2000] ^= 1
    changed.write_bytes(data)
    assert verdict(changed) == "changed"
    assert verdict(HOME / "python.exe") == "none"


@pytest.mark.parametrize("number", range(len(signatures._LIBRARIES)))
def test_whoever_put_himself_in_place_of_the_judge_is_not_asked(number):
    """Each entry of the registry that would load a library of somebody else into us (T1553.003)."""
    key, name = signatures._LIBRARIES[number]
    assert signatures.replaced() is False
    access = winreg.KEY_ALL_ACCESS | winreg.KEY_WOW64_64KEY
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, key, access=access) as opened:
        before, kind = winreg.QueryValueEx(opened, name)
        winreg.SetValueEx(opened, name, 0, kind, "C:\\ProgramData\\wintrust.dll")
        try:
            assert signatures.replaced() is True
            told = list(executables.rows(processes.ProcessTable()))
        finally:
            winreg.SetValueEx(opened, name, 0, kind, before)
    # Other tests beside this one start and end programs: those that just went are gaps, and have no file any more.
    gaps = [entry for entry in told if isinstance(entry, Gap)]
    rows = [entry for entry in told if not isinstance(entry, Gap)]
    assert [gap.outcome for gap in gaps].count(Outcome.UNSUPPORTED) == 1
    assert gaps[-1].outcome is Outcome.UNSUPPORTED
    assert {row["signature"] for row in rows} == {None}
    (ours,) = [row for row in rows if os.getpid() in row["pids"]]
    assert ours["sha256"]


@pytest.mark.parametrize(
    ("library", "ours"),
    [("WINTRUST.DLL", True), ("C:\\Windows\\System32\\wintrust.dll", True), ("wintrust.dll.exe", False),
     ("%SystemRoot%\\SysWOW64\\WinTrust.dll", True), ("D:\\wintrust.dll", False), ("evil.dll", False), ("", False)],
)  # fmt: skip
def test_only_the_library_of_the_system_is_ours(library, ours):
    """By its bare name or in the system's own folder."""
    assert signatures.is_ours(library) is ours


def test_too_large_a_program_is_not_hashed_in_part(tmp_path):
    """No digest of a piece: over the limit."""
    large = tmp_path / "large.exe"
    large.write_bytes(b"x" * 1000)
    with files.open_file(str(large)) as file:
        assert executables.digest(file, limit=1000) == hashlib.sha256(b"x" * 1000).hexdigest()
        with pytest.raises(OSError, match="large") as caught:
            executables.digest(file, limit=999)
    assert files.outcome_of(caught.value) is Outcome.OVER_LIMIT


def test_a_process_that_may_not_be_seen_is_counted(monkeypatch):
    """Neither a row without a path nor silence: a gap with the number."""

    def refuse(*_):
        raise PermissionError(13, "no")

    monkeypatch.setattr(process, "path", refuse)
    told = list(executables.rows(processes.ProcessTable()))
    assert {type(one) for one in told} == {Gap}
    (gap,) = [one for one in told if one.outcome is not Outcome.ABSENT]  # a program beside this test may have ended
    assert gap.outcome is Outcome.DENIED
    assert "may not be seen" in gap.reason


def test_a_registry_that_hides_who_judges_signatures_costs_them_only(monkeypatch):
    """Malware may take the right to read these keys from everybody: the executables are hashed all the same."""

    def denied():
        raise PermissionError(13, "denied", None, 5)

    monkeypatch.setattr(signatures, "replaced", denied)
    gaps = []
    assert not executables._signatures_asked(gaps)
    assert [gap.outcome for gap in gaps] == [Outcome.DENIED]
