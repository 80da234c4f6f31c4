"""Starts and shutdowns of Windows are told from its log as they happened, and nothing else is taken for one.

The events are made by hand after the documentation of the event schema and of each event (learn.microsoft.com, "Event
Schema", "Troubleshoot unexpected reboots using system event logs"): they are no recording. EvtQuery does not work
under Wine 8.0, so asking the log itself is not tested here.
"""

from __future__ import annotations

import contextlib
import struct
import sys

import pytest

from collector.winformats import powerlog

WINDOWS = pytest.mark.skipif(sys.platform != "win32", reason="Windows, here under Wine")


def event(provider, number, data="", time="2026-11-24T08:00:01.1234567Z", more=""):
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        f"<Provider Name='{provider}' Guid='{{a68ca8b7-004f-d7b6-a698-07e2de0f1f5d}}'/>"
        f"<EventID{more}>{number}</EventID><Version>0</Version><Level>4</Level>"
        f"<TimeCreated SystemTime='{time}'/><EventRecordID>7</EventRecordID><Channel>System</Channel>"
        f"<Computer>POSTE-1</Computer><Security/></System><EventData>{data}</EventData></Event>"
    )


KINDS = [
    ("Microsoft-Windows-Kernel-General", 12, "", "boot"),
    ("Microsoft-Windows-Kernel-General", 13, "<Data Name='StopTime'>2026-11-24T08:00:01Z</Data>", "shutdown"),
    ("Microsoft-Windows-Kernel-Power", 41, "<Data Name='BugcheckCode'>0</Data>", "boot"),
    ("Microsoft-Windows-Kernel-Power", 109, "", "shutdown"),
    ("EventLog", 6005, "", "boot"),
    ("EventLog", 6006, "", "shutdown"),
    ("EventLog", 6008, "<Data>19:12:44</Data><Data>23/11/2026</Data>", "boot"),
    ("User32", 1074, "<Data Name='param1'>C:\\evil.exe (POSTE-1)</Data>", "shutdown"),
    ("Microsoft-Windows-Kernel-Boot", 27, "<Data Name='BootType'>0</Data>", "boot"),
    ("Microsoft-Windows-Kernel-Boot", 27, "<Data Name='BootType'>1</Data>", "boot"),
]


@pytest.mark.parametrize(("provider", "number", "data", "what"), KINDS)
def test_each_event_is_a_start_or_a_shutdown(provider, number, data, what):
    """With the time at which it was logged, in our spelling, and the name of its log."""
    row = powerlog.parse(event(provider, number, data))
    assert (row["what"], row["utc"]) == (what, "2026-11-24T08:00:01.123456Z")
    assert row["source"].startswith(f"System log, {provider} {number}")
    assert row["source"].endswith("fast startup") == ("BootType'>1" in data)
    assert str(number) in powerlog.QUERY
    assert provider in powerlog.QUERY


@pytest.mark.parametrize(
    ("provider", "number", "data"),
    [
        ("Microsoft-Windows-Kernel-Boot", 27, "<Data Name='BootType'>2</Data>"),
        ("Microsoft-Windows-Kernel-Boot", 27, ""),
        ("Microsoft-Windows-Kernel-General", 1, ""),
        ("Somebody", 12, ""),
        ("", 6005, ""),
    ],
)
def test_anything_else_is_none(provider, number, data):
    """Waking from hibernation is no start, and the same number of another provider means something else."""
    assert powerlog.parse(event(provider, number, data)) is None


def test_old_events_carry_qualifiers_and_whole_seconds():
    """The classic ones have an attribute on their number; a time may come without a fraction."""
    row = powerlog.parse(event("EventLog", 6005, time="2026-11-24T08:00:01Z", more=" Qualifiers='32768'"))
    assert row["utc"] == "2026-11-24T08:00:01.000000Z"


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>" + event("EventLog", 6005, "<Data>&b;</Data>")
BROKEN = [
    "",
    "<Event",
    "<Event/>",
    BOMB,
    event("EventLog", 6005, "a" * powerlog.MAX_BYTES),
    event("EventLog", 6005, "\x00"),
    event("EventLog", 6005, "\ud800"),
    event("EventLog", "6005x"),
    event("EventLog", "9" * 5000),
    event("EventLog", 6005, time="yesterday"),
    event("EventLog", 6005, time="2026-11-24T08:00:01.12+01:00"),
    event("EventLog", 6005).replace("TimeCreated", "Time"),
]


@pytest.mark.parametrize("xml", BROKEN)
def test_what_is_no_event_is_refused(xml):
    """Nothing is expanded, nothing is guessed, and only one error comes of it."""
    with pytest.raises(ValueError, match=r".+"):
        powerlog.parse(xml)


@contextlib.contextmanager
def planted(value, kind):
    import winreg  # noqa: PLC0415 - only there

    from collector.host.windows import power_events  # noqa: PLC0415 - the same

    with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, power_events._PLACE) as key:
        winreg.SetValueEx(key, "ShutdownTime", 0, kind, value)
        try:
            yield power_events
        finally:
            winreg.DeleteValue(key, "ShutdownTime")


@WINDOWS
@pytest.mark.parametrize(
    ("value", "kind", "utc"),
    [
        (struct.pack("<Q", 134_084_448_010_000_000), 3, "2025-11-24T08:00:01.000000Z"),
        (bytes(8), 3, None),
        (b"\xff" * 8, 3, None),
        (b"1", 3, None),
        ("text", 1, None),
    ],
)
def test_the_registry_remembers_the_last_shutdown(value, kind, utc):
    """A time that makes no sense is no shutdown."""
    with planted(value, kind) as power_events:
        found = [row["utc"] for row in power_events._remembered()]
    assert found == ([] if utc is None else [utc])


@WINDOWS
def test_a_log_that_does_not_answer_is_a_gap():
    """And what the registry remembers is told all the same. Under Wine 8.0 the log never answers."""
    from collector.host.windows import calls  # noqa: PLC0415 - only there
    from collector.model import Gap  # noqa: PLC0415 - the same

    with planted(struct.pack("<Q", 134_084_448_010_000_000), 3) as power_events:
        items = list(power_events.rows())
    rows = [one for one in items if not isinstance(one, Gap)]
    assert "registry, ShutdownTime" in {row["source"] for row in rows}
    assert all(set(row) == {"utc", "what", "source"} for row in rows)
    assert [row["utc"] for row in rows] == sorted(row["utc"] for row in rows)
    assert any(isinstance(one, Gap) for one in items) or not calls.under_wine()
