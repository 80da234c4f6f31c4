"""What Windows says of itself and of its processes: in the columns promised, against what this process knows."""

from __future__ import annotations

import dataclasses
import json
import os
import sys

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import subprocess
import winreg
from contextlib import contextmanager
from pathlib import Path

from collector import suspicion_rules
from collector.host.windows import accounts, calls, disks, handles, process, processes, program_facts, system
from collector.model import Gap, Outcome
from collector.sources.processes import ProcessSource
from collector.sources.system import SystemSource

WINE = calls.under_wine()
WAIT = "import sys; print('ready', flush=True); sys.stdin.read()"


@contextmanager
def running(*arguments, program=sys.executable, code=WAIT, cwd=None):
    """Start a program that waits; its standard input ends it."""
    with subprocess.Popen(
        [program, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=cwd
    ) as child:  # fmt: skip
        assert child.stdout.readline().strip() == b"ready"
        try:
            yield child
        finally:
            child.stdin.close()


def row_of(pid):
    (row,) = [one for one in processes.ProcessTable().rows() if not isinstance(one, Gap) and one["pid"] == pid]
    return row


def test_the_host_is_one_row_of_the_promised_columns():
    """What is `None` is named in `unread`, and all of it can be written."""
    (row,) = system.rows()
    assert list(row) == list(SystemSource.columns)
    assert {name for name in row if row[name] is None} <= set(row["unread"])
    assert row["hostname"]
    assert row["os"].startswith(("Windows", "Microsoft Windows"))
    assert row["architecture"] == "x86_64"
    assert row["privileges"] in ("administrator", "user")
    assert row["tool_pid"] == os.getpid()
    assert row["memory"]["total"] > row["memory"]["available"] > 0
    assert json.loads(json.dumps(row)) == row


def test_the_user_of_this_profile_is_listed_with_home_and_identifier():
    """Name, identifier and home belong together."""
    (row,) = system.rows()
    mine = [one for one in row["users"] if one["name"] == os.environ["USERNAME"]]
    assert mine[0]["home"].lower() == os.environ["USERPROFILE"].lower()
    assert mine[0]["uid"].startswith("S-1-5-21-")


def test_the_opening_says_who_the_host_is_and_how_its_clock_stands():
    """The names of SPEC, and nothing besides."""
    facts = system.open_facts()
    wanted = "hostname os version kernel architecture maker model serial machine_id"
    assert " ".join(facts["host"]) == wanted
    assert list(facts["clock"]) == ["timezone", "offset_s", "boot_time", "ntp"]


def test_windows_11_is_not_called_10(monkeypatch):
    """Its registry still says 10; the build tells."""
    monkeypatch.setattr(system, "value", lambda _, name, *__: {"ProductName": "Windows 10 Pro"}.get(name, "22631"))
    assert system._product() == "Windows 11 Pro"
    monkeypatch.setattr(system, "value", lambda _, name, *__: {"ProductName": "Windows 10 Pro"}.get(name, "19045"))
    assert system._product() == "Windows 10 Pro"


def test_a_disk_has_number_and_size():
    """As far as it tells; its encryption is never said to be none where its partitions could not be read."""
    for disk in disks.disks():
        assert disk["name"].startswith("PhysicalDrive")
        assert disk["encryption"] in ("bitlk", "luks", "none_seen", "unknown")
        assert set(disk) == {"name", "model", "serial", "size", "removable", "encryption", "file_systems"}


def test_volumes_that_can_not_be_listed_are_not_told_to_be_none(monkeypatch):
    """Unknown is no empty list."""
    monkeypatch.setattr(disks, "_find_first", lambda *_: disks._INVALID)
    assert {disk["file_systems"] for disk in disks.disks()} <= {None}
    assert disks._volumes() is None


def test_a_profile_with_a_hostile_name_keeps_its_bytes():
    """A lone surrogate, and a bidi mark, in the path of a profile."""
    key = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-21-7-7-7-500"
    name = "C:\\Users\\\ud800\u202eexe"
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, key, access=winreg.KEY_WRITE | winreg.KEY_WOW64_64KEY) as opened:
        winreg.SetValueEx(opened, "ProfileImagePath", 0, winreg.REG_SZ, name)
    try:
        (row,) = system.rows()
    finally:
        winreg.DeleteKeyEx(winreg.HKEY_LOCAL_MACHINE, key, winreg.KEY_WOW64_64KEY)
    (mine,) = [one for one in row["users"] if one["uid"] == "S-1-5-21-7-7-7-500"]
    assert bytes.fromhex(mine["home"]["hex"]) == name.encode("utf-8", "surrogatepass")


def test_a_program_is_listed_with_all_that_belongs_to_it(tmp_path):
    """Numbers, name, path, arguments with accents, folder, user, start, threads, memory, and the file it holds open."""
    folder = tmp_path / "été"
    folder.mkdir()
    kept = folder / "dossier patient.txt"
    kept.write_text("x")
    code = f"held = open({str(kept)!r}, 'ab'); " + WAIT
    with running("--patient", "Zoé", 'with "quotes"', code=code, cwd=folder) as child:
        row = row_of(child.pid)
    assert list(row) == list(ProcessSource.columns)
    assert row["ppid"] == os.getpid()
    assert row["name"].lower() == "python.exe"
    assert Path(row["exe"]) == Path(sys.executable)
    assert row["exe_deleted"] is False
    assert row["cmdline"][-3:] == ["--patient", "Zoé", 'with "quotes"']
    assert Path(row["cwd"]) == folder
    assert row["username"].endswith(os.environ["USERNAME"])
    assert row["create_time"].startswith("20")
    assert row["threads"] >= 1
    assert row["rss"] > 1 << 20
    assert row["status"] == "running"
    assert Path(kept) in [Path(one["path"]) for one in row["open_files"]]
    assert {name for name in row if row[name] is None} - set(row["unread"]) == {"uid", "root", "namespace"}


def test_a_file_that_is_gone_is_told_from_one_that_lies_elsewhere():
    """A running program can't be removed, but renamed: then its path is one that isn't there. A server isn't asked."""
    assert process.is_gone("C:\\no such folder\\gone.exe") is True
    assert process.is_gone(sys.executable) is False
    assert process.is_gone("\\\\server\\share\\a.exe") is None


def test_open_files_that_take_too_long_are_said_to():
    """With no time left at all, no process is said to have no open files."""
    found = processes.ProcessTable()
    found.refresh()
    opened = handles.find(found.listed, seconds=-1.0)
    assert opened.unread[os.getpid()] is Outcome.TIMED_OUT
    assert os.getpid() not in opened.files


def test_a_process_that_ended_is_not_taken_for_another():
    """Its number is refused when another process has it, or none."""
    table = processes.ProcessTable()
    with running() as child:
        (one,) = [listed for listed in table.refresh() if listed.pid == child.pid]
        with process.opened(one) as held:
            assert process.created(held) == one.created
        other = dataclasses.replace(one, created=one.created - 1)
        with pytest.raises(ProcessLookupError), process.opened(other):
            pass


def test_names_are_asked_of_nobody_else(monkeypatch):
    """The identifier of a domain's user is never looked up: it stays as it is."""
    asked = []
    monkeypatch.setattr(accounts, "_looked_up", lambda raw: asked.append(raw) or "X\\y")
    names = accounts.Names()
    names.machine = "S-1-5-21-1-1-1"
    foreign = bytes.fromhex("010500000000000515000000020000000200000002000000f4010000")
    assert names.of(foreign) == "S-1-5-21-2-2-2-500"
    assert asked == []
    assert names.of(bytes.fromhex("010100000000000512000000")) == "X\\y"
    assert len(asked) == 1


def test_a_list_that_can_not_be_read_is_a_gap(monkeypatch):
    """No row, one gap, and it says why."""

    def refuse(*_):
        raise calls.ctypes.WinError(5)

    monkeypatch.setattr(processes.snapshot, "query", refuse)
    (gap,) = processes.ProcessTable().rows()
    assert (gap.outcome, gap.reason) == (Outcome.DENIED, "the list of processes could not be read: error 5 of Windows")


def test_a_pipe_that_is_being_read_holds_nobody_up(tmp_path):
    """Behind it a file that is open for reading and writing, as ransomware opens it, is still found."""
    kept = tmp_path / "dossier.txt"
    kept.write_text("x")
    code = f"held = open({str(kept)!r}, 'r+b'); " + WAIT
    with running(code=code) as child:  # it waits in a read of its standard input, which is a pipe
        table = processes.ProcessTable()
        opened = handles.find([one for one in table.refresh() if one.pid == child.pid], writing=True)
    assert kept in [Path(one.path) for one in opened.files[child.pid]]
    assert all(one.writes for one in opened.files[child.pid])


def test_a_table_without_our_own_file_is_not_believed(monkeypatch):
    """No process is said to have nothing open where the table can't be right."""
    monkeypatch.setattr(handles.handles, "parse", lambda _: iter(()))
    with pytest.raises(OSError, match="50") as caught:
        handles.find([])
    assert calls.outcome_of(caught.value) is Outcome.UNSUPPORTED
    rows = [row for row in processes.ProcessTable().rows() if not isinstance(row, Gap)]
    assert {row["open_files"] for row in rows} == {None}
    assert {row["unread"]["open_files"] for row in rows} == {"unsupported"}


def test_the_keeper_of_passwords_is_not_opened_for_reading(monkeypatch):
    """Not its memory, not its handles; that is told, and a program of the same name elsewhere is read."""
    monkeypatch.setattr(process, "_KEEPER", "services.exe")  # Wine has no lsass.exe
    items = list(processes.ProcessTable().rows())
    (row,) = [one for one in items if not isinstance(one, Gap) and one["name"] == "services.exe"]
    assert row["exe"].lower().endswith("services.exe")
    assert {name: row["unread"].get(name) for name in ("cmdline", "cwd", "open_files")} == dict.fromkeys(
        ("cmdline", "cwd", "open_files"), "unsupported"
    )
    assert processes._GUARDED in [one.reason for one in items if isinstance(one, Gap)]
    monkeypatch.setattr(process, "_KEEPER", Path(sys.executable).name.lower())
    assert row_of(os.getpid())["cmdline"]


def test_the_drive_of_the_system_is_not_what_our_environment_says(monkeypatch):
    """A user's own variables reach us, and malware may write them."""
    monkeypatch.setenv("SYSTEMDRIVE", "Z:")
    reader = program_facts.FactReader(suspicion_rules.suspicion(suspicion_rules.WINDOWS), ())
    assert reader.drive == "C:"
