"""Resolvers, hosts files and the registry's lists of Windows: each entry is kept as it stands, and nobody is asked.

The texts here are made by hand, in the form of the hosts file that comes with Windows and of the registry values that
Microsoft documents (NameServer, SearchList, GenericDNSServers of [MS-GPNRPT]).
"""

from __future__ import annotations

import contextlib
import sys
import threading

import pytest

from collector.model import Outcome
from collector.sources.dns import DnsSource
from collector.winformats import hosts

WINDOWS = pytest.mark.skipif(sys.platform != "win32", reason="Windows, here under Wine")


def test_a_hosts_file_is_read_line_by_line():
    """The mark at its start, comments, tabs, CRLF, bytes that are no text."""
    content = b"\xef\xbb\xbf127.0.0.1\tlocalhost # us\r\n# nothing\r\n\r\n203.0.113.9 update.av.example  av\xff\r\n"
    assert list(hosts.entries(content)) == [
        (b"127.0.0.1", [b"localhost"]),
        (b"203.0.113.9", [b"update.av.example", b"av\xff"]),
    ]


def test_a_line_without_end_is_no_entry():
    """It is told, and the entries after it are read."""
    content = b"1.2.3.4 " + b"a" * hosts.LINE_BYTES + b"\n5.6.7.8 b\n"
    assert list(hosts.entries(content)) == [None, (b"5.6.7.8", [b"b"])]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("192.0.2.1,192.0.2.2", ["192.0.2.1", "192.0.2.2"]),
        ("192.0.2.1 192.0.2.2", ["192.0.2.1", "192.0.2.2"]),
        (["a.example", "b.example"], ["a.example", "b.example"]),
        ("2001:db8::1;2001:db8::2", ["2001:db8::1", "2001:db8::2"]),
        ("a\0hidden", ["a"]),
        ("", []),
        (None, []),
        (7, []),
        (b"\0", []),
    ],
)
def test_a_registry_value_is_a_list_of_words(value, expected):
    """Whatever type somebody wrote there."""
    assert hosts.words(value) == expected


@contextlib.contextmanager
def planted(path, name, value, kind):
    import winreg  # noqa: PLC0415 - only there

    with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
        winreg.SetValueEx(key, name, 0, kind, value)
    try:
        yield
    finally:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_ALL_ACCESS) as key:
            winreg.DeleteValue(key, name)


@WINDOWS
def test_a_resolver_that_somebody_set_is_found_in_the_registry():
    """Also for a link that is out now, and with a name that holds half a character."""
    from collector.host.windows import resolvers  # noqa: PLC0415 - only there

    place = rf"{resolvers._SERVICES}\Tcpip\Parameters\Interfaces\{{4D36E972-0000-4000-8000-00000000abcd}}"
    with planted(place, "NameServer", "203.0.113.66,\ud800", 1):
        rows = [row for row in resolvers.rows() if isinstance(row, dict)]
    assert all(set(row) == set(DnsSource.columns) for row in rows)
    found = [row for row in rows if row["origin"] == rf"HKLM\{place}\NameServer"]
    assert [(row["type"], row["value"]) for row in found] == [
        ("nameserver", "203.0.113.66"),
        ("nameserver", {"text": "���", "hex": "eda080"}),
    ]


@WINDOWS
def test_host_entries_are_read_where_the_registry_says_that_they_lie(tmp_path):
    """Malware moves the file by DataBasePath: both places are read; one on another computer never is."""
    from collector.host.windows import resolvers  # noqa: PLC0415 - only there
    from collector.model import Gap, Outcome  # noqa: PLC0415 - the same

    (tmp_path / "hosts").write_bytes(b"203.0.113.66 bank.example\n")
    rows = list(resolvers._host_files([str(tmp_path)]))
    (moved,) = [row for row in rows if isinstance(row, dict) and row["value"] == "203.0.113.66"]
    assert (moved["type"], moved["names"]) == ("host", ["bank.example"])
    for elsewhere in (r"\\203.0.113.66\share", r"\\?\UNC\203.0.113.66\share", "//203.0.113.66/share", "etc", ""):
        gaps = [one for one in resolvers._host_files([elsewhere]) if isinstance(one, Gap) and one.subject is not None]
        assert Outcome.UNSUPPORTED in {gap.outcome for gap in gaps}


@WINDOWS
def test_the_cache_says_what_it_could_not_tell():
    """An empty cache and one that can't be had look the same to us: it is a gap, never nothing at all."""
    from collector.host.windows import resolvers  # noqa: PLC0415 - only there

    assert list(resolvers._cached())


@WINDOWS
def test_a_service_that_never_answers_holds_nobody_up():
    """A program that keeps a table for Windows may hang, or be suspended: that is a gap, and the run goes on."""
    from collector.host.windows import answers  # noqa: PLC0415 - there on Windows only

    hangs = threading.Event()
    (gap,) = answers.in_time(lambda: [hangs.wait(20)], 0.2)
    assert gap.outcome is Outcome.TIMED_OUT
    hangs.set()
    assert [*answers.in_time(lambda: (one for one in "ab"))] == ["a", "b"]
    with pytest.raises(ZeroDivisionError):
        [*answers.in_time(lambda: [1 // 0])]
