"""Services, sessions and our own footprint on Windows: in the columns promised, against what the test planted."""

from __future__ import annotations

import json
import os
import struct
import sys

import pytest

from collector.winformats import terminal

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import ctypes
import winreg
from contextlib import contextmanager

from collector.host.windows import accounts, calls, footprint, services, sessions
from collector.model import Gap, Outcome
from collector.sources.footprint import FootprintSource
from collector.sources.services import ServiceSource
from collector.sources.sessions import SessionSource

WINE = calls.under_wine()


@contextmanager
def planted(name, **values):
    """Write a service into the registry, as a program does that wants to come back, and take it away again."""
    path = f"{services.KEY}\\{name}"
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, path, access=winreg.KEY_ALL_ACCESS) as key:
        for value, data in values.items():
            kind = winreg.REG_DWORD if isinstance(data, int) else winreg.REG_EXPAND_SZ
            winreg.SetValueEx(key, value, 0, kind, data)
    try:
        yield path
    finally:
        winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, path)


def row_of(name):
    (row,) = [one for one in services.rows() if not isinstance(one, Gap) and one["name"] == name]
    return row


def test_every_service_is_a_row_of_the_promised_columns():
    """One that runs has its process, one that starts by itself is expected to run."""
    rows = list(services.rows())
    assert not [one for one in rows if isinstance(one, Gap)]
    for row in rows:
        assert list(row) == list(ServiceSource.columns)
        assert row["state"] in ("running", "stopped", "unknown")
    (log,) = [row for row in rows if row["name"].lower() == "eventlog"]
    assert (log["start_mode"], log["state"], log["state_expected"]) == ("enabled", "running", "running")
    assert log["pids"]
    assert log["command"].lower().endswith("wevtsvc.dll")
    assert json.loads(json.dumps(rows)) == rows


def test_a_service_that_goes_while_all_are_listed_costs_no_other(monkeypatch):
    """Counted before, the last one would be asked for in vain, and with it all that only the registry knows."""
    monkeypatch.setattr(services, "_states", lambda: iter(()))
    real, doomed = services.winreg.EnumKey, planted("Doomed", Type=16, Start=2)
    doomed.__enter__()

    def enumerate_(key, at):
        if at == 3:
            doomed.__exit__(None, None, None)
        return real(key, at)

    monkeypatch.setattr(services.winreg, "EnumKey", enumerate_)
    rows = list(services.rows())
    assert not [one for one in rows if isinstance(one, Gap)]
    assert "eventlog" in {row["name"].lower() for row in rows}


def test_a_logon_of_an_unknown_form_is_told_without_its_identifier():
    """One that makes no sense costs none of the others."""
    raw = ctypes.create_string_buffer(b"\x07\x01" + bytes(20))
    logon = accounts._logon(accounts._Logon(kind=10, session=2, sid=ctypes.addressof(raw), time=5))
    assert (logon.name, logon.sid, logon.kind, logon.session) == ("", None, 10, 2)


def test_a_service_that_was_written_since_the_start_is_listed():
    """The manager doesn't know it yet: its state is unknown, what it will start is told."""
    with planted("Patient", Type=16, Start=2, ImagePath=r"C:\Users\Public\été.exe -k", ObjectName="LocalSystem"):
        row = row_of("Patient")
    assert row["command"] == r"C:\Users\Public\été.exe -k"
    assert (row["start_mode"], row["state"], row["state_expected"]) == ("enabled", "unknown", "running")
    assert (row["user"], row["manager"], row["pids"]) == ("LocalSystem", "scm", None)


@pytest.mark.parametrize(
    ("values", "mode", "wanted", "manager"),
    [({"Type": 1, "Start": 0}, "enabled", "unknown", "driver"),
     ({"Type": 16, "Start": 4}, "disabled", "stopped", "scm"),
     ({"Type": 16, "Start": 3}, "static", "unknown", "scm"),
     ({"Type": 32, "Start": "x"}, "unknown", "unknown", "scm")],
)  # fmt: skip
def test_what_a_start_mode_asks_for(values, mode, wanted, manager):
    """Drivers come and go with their devices; what is disabled ought to stand; a start that is no number is unknown."""
    with planted("Modes", **values):
        row = row_of("Modes")
    assert (row["start_mode"], row["state_expected"], row["manager"]) == (mode, wanted, manager)


def test_one_that_waits_for_an_event_need_not_run():
    """Automatic with a trigger: stopped is its usual state."""
    waiting = services.Definition(16, 2, "a", is_triggered=True)
    assert services.expected(waiting) == "unknown"


def test_a_name_of_thirty_thousand_letters_and_half_a_surrogate_is_kept():
    """Nothing of a hostile command is lost, and nothing breaks."""
    command = "C:\\\ud800\x1b[31m" + "x" * 30_000
    with planted("Hostile", Type=16, Start=2, ImagePath=command):
        row = row_of("Hostile")
    assert bytes.fromhex(row["command"]["hex"]) == command.encode("utf-8", "surrogatepass")


def test_without_the_manager_the_registry_still_tells(monkeypatch):
    """No state is made up: unknown, and a gap."""

    def refuse():
        raise calls.ctypes.WinError(5)
        yield

    monkeypatch.setattr(services, "_states", refuse)
    *rows, gap = services.rows()
    assert gap.outcome is Outcome.DENIED
    assert {row["state"] for row in rows} == {"unknown"}
    assert {row["pids"] for row in rows} == {None}


def test_sessions_are_rows_of_the_promised_columns():
    """Whoever is logged on, or a gap that says why not: never nothing at all."""
    found = list(sessions.rows())
    assert found
    for row in found:
        assert isinstance(row, Gap) or list(row) == list(SessionSource.columns)


@pytest.mark.skipif(WINE, reason="Wine 8.0: the terminal service lists no session")
def test_we_are_among_the_sessions():
    """The user of this test, with the time of the logon."""
    mine = [one for one in sessions.rows() if not isinstance(one, Gap) and one["type"] == "user"]
    assert any(os.environ["USERNAME"] in str(one["user"]) and one["started"] for one in mine)


def test_a_session_is_told_with_user_station_client_and_time(monkeypatch):
    """Answers as wtsapi32.h describes them (made by hand: Wine has none); half a surrogate in the client's name."""
    told = {
        sessions._USER_NAME: "Zoé\0".encode("utf-16-le"),
        sessions._DOMAIN_NAME: "CABINET\0".encode("utf-16-le"),
        sessions._CLIENT_NAME: "PC-\ud800\0".encode("utf-16-le", "surrogatepass"),
        sessions._CLIENT_ADDRESS: struct.pack("<I20s", 2, b"\0\0\xc0\xa8\x01\x05"),
        sessions._SESSION_INFO: struct.pack("<176x5q", 1, 0, 0, 133_500_000_000_000_000, 0),
    }
    monkeypatch.setattr(sessions, "_sessions", lambda: [(2, "RDP-Tcp#0"), (65536, "RDP-Tcp")])
    monkeypatch.setattr(sessions, "_asked", lambda number, what: told[what] if number == 2 else b"")
    monkeypatch.setattr(sessions, "_leaders", lambda: {2: 777})
    of_user = accounts.Logon("CABINET\\Zoé", "S-1-5-21-1-2-3-1001", 10, 2, 133_500_000_000_000_000)
    of_share = accounts.Logon("CABINET\\thief", "S-1-5-21-1-2-3-1002", 3, 0, 133_500_000_000_000_000)
    of_system = accounts.Logon("Font Driver Host\\UMFD-0", "S-1-5-96-0-0", 2, 0, 1)
    monkeypatch.setattr(accounts, "logons", lambda: [of_user, of_share, of_system])
    monkeypatch.setattr(sessions, "_shares", lambda: iter(()))
    first, second, third = sessions.rows()
    assert (first["user"], first["terminal"], first["pid"], first["type"]) == ("CABINET\\Zoé", "RDP-Tcp#0", 777, "user")
    assert bytes.fromhex(first["remote_host"]["hex"]).endswith(b" (192.168.1.5)")
    assert first["started"] == "2024-01-17T21:20:00.000000Z"
    assert (second["terminal"], second["type"], second["user"]) == ("RDP-Tcp", "login", None)
    assert (third["user"], third["type"]) == ("CABINET\\thief", "network")


def test_our_own_footprint_is_told():
    """Who we are, how long we run, how much memory at most."""
    row = footprint.row()
    assert list(row) == list(FootprintSource.columns)
    assert row["pids"] == [os.getpid()]
    assert str(row["executable"]).lower().endswith("python.exe")
    assert float(row["seconds"]) > 0
    assert float(row["cpu_seconds"]) > 0
    assert row["peak_memory"] > 1 << 20
    assert {name for name in row if row[name] is None} <= set(row["unread"])


def test_a_torn_answer_of_the_terminal_service_tells_nothing():
    """Too short, or of another family of addresses."""
    assert terminal.logon_time(b"\0" * 100) == 0
    assert terminal.client_address(b"\2\0\0\0") is None
    assert terminal.client_address(struct.pack("<I20s", 23, b"\1" * 20)) is None
    assert terminal.client_address(struct.pack("<I20s", 2, bytes(20))) is None
