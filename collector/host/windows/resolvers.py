"""Resolvers, search domains, host entries and the names that the DNS cache holds; nobody is asked for any of them.

In use: GetAdaptersAddresses. Configured, also for links that are out now: the registry. Names that were looked up
lately: DnsGetCacheDataTable of dnsapi, which Microsoft does not document and `ipconfig /displaydns` rests on; it reads
the table of the cache service of this computer and sends nothing. It gives names and record types without addresses:
those could be had only through a query, which we don't make.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import os
import winreg
from ctypes import wintypes
from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.windows import answers, calls, files, iphelper
from collector.model import Gap, Outcome
from collector.winformats import hosts, networktables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.model import Json, Row
    from collector.text import Text

FILE_BYTES: Final = 8 << 20
"""Largest file read: lists of blocked names reach several MiB."""
MAX_ROWS: Final = 100_000
"""Most rows of one file, and of the cache."""
MAX_KEYS: Final = 2000
"""Most interfaces and rules looked up in the registry; each that was ever plugged in has left an entry."""

_SERVICES: Final = r"SYSTEM\CurrentControlSet\Services"
_STACKS: Final = (rf"{_SERVICES}\Tcpip\Parameters", rf"{_SERVICES}\Tcpip6\Parameters")
_RULES: Final = (
    rf"{_SERVICES}\Dnscache\Parameters\DnsPolicyConfig",
    r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient\DnsPolicyConfig",
)
"""Name Resolution Policy Table ([MS-GPNRPT]): other resolvers for some names."""
_VALUES: Final = {
    "NameServer": "nameserver",
    "DhcpNameServer": "nameserver",
    "ProfileNameServer": "nameserver",
    "Domain": "search",
    "DhcpDomain": "search",
    "SearchList": "search",
    "DhcpDomainSearchList": "search",
    "GenericDNSServers": "nameserver",
    "Name": "option",
    "DataBasePath": "option",
}
_NO_MORE: Final = 259  # ERROR_NO_MORE_ITEMS
_FILES: Final = ("hosts", "hosts.ics")


class _CacheEntry(ctypes.Structure):
    """DNS_CACHE_ENTRY, as it is known: the next entry, the name, the record type, the length of the data, flags."""

    _fields_ = (
        ("pNext", ctypes.c_void_p),
        ("pszName", ctypes.c_void_p),
        ("wType", wintypes.WORD),
        ("wDataLength", wintypes.WORD),
        ("dwFlags", wintypes.ULONG),
    )


def rows() -> Iterator[Row | Gap]:
    """Yield a row for each resolver and search domain in use, each configured, each host entry, each cached name."""
    yield from _in_use()
    folders: list[str] = []
    yield from _configured(folders)
    yield from _host_files(folders)
    yield from answers.in_time(_cached)


def _in_use() -> Iterator[Row | Gap]:
    names: dict[int, Text] = {}
    try:
        for body in iphelper.table("GetIfTable2", networktables.IF_ROW_BYTES).bodies:
            row = networktables.interface(body)
            names[row.index] = text.from_native(row.alias)
        adapters = iphelper.with_ip()
    except OSError as error:
        yield calls.gap_of(error, "the resolvers in use can't be read")
        return
    except ValueError:
        yield Gap(Outcome.FAILED, "the resolvers in use are not in the form that Windows documents")
        return
    for adapter in adapters:
        origin = names.get(adapter.index) or text.from_native(adapter.name)
        for kind, values in (("nameserver", adapter.servers), ("search", adapter.suffixes)):
            yield from (_row(kind, text.from_native(value), origin) for value in values)


def _configured(folders: list[str]) -> Iterator[Row | Gap]:
    """Yield what the registry holds; where the hosts file lies is added to `folders`."""
    for stack in _STACKS:
        yield from _key(stack, folders)
        yield from _keys_below(rf"{stack}\Interfaces")
    for place in _RULES:
        yield from _keys_below(place)


def _keys_below(place: str) -> Iterator[Row | Gap]:
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
            names = []
            for number in range(MAX_KEYS):
                try:
                    names.append(winreg.EnumKey(key, number))
                except OSError as error:
                    if error.winerror != _NO_MORE:
                        raise
                    break
            else:
                yield Gap(Outcome.OVER_LIMIT, f"only the first {MAX_KEYS} interfaces or rules were looked up", place)
    except FileNotFoundError:
        return  # no such interface, no such rule
    except OSError as error:
        yield calls.gap_of(error, "a part of the registry about resolvers can't be read", place)
        return
    for name in names:
        yield from _key(rf"{place}\{name}", [])


def _key(place: str, folders: list[str]) -> Iterator[Row | Gap]:
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
            for name, kind in _VALUES.items():
                try:
                    value, _ = winreg.QueryValueEx(key, name)
                except FileNotFoundError:
                    continue
                origin = text.from_native(rf"HKLM\{place}\{name}")
                if name == "DataBasePath":
                    folders.append(str(value))
                    yield _row(kind, text.from_native(str(value)), origin)
                else:
                    yield from (_row(kind, text.from_native(word), origin) for word in hosts.words(value))
    except FileNotFoundError:
        return
    except OSError as error:
        yield calls.gap_of(error, "a part of the registry about resolvers can't be read", text.from_native(place))


def _host_files(folders: list[str]) -> Iterator[Row | Gap]:
    """Yield the entries of the hosts files where they always lie, and where the registry says that they lie."""
    room = ctypes.create_unicode_buffer(260)
    calls.library("kernel32").GetSystemDirectoryW(room, len(room))
    system = room.value
    usual = rf"{system}\drivers\etc"
    told = [folder.replace("%SystemRoot%", os.path.dirname(system)) for folder in folders]
    for folder in {os.path.normcase(one): one for one in (usual, *told)}.values():
        for name in _FILES:
            path = os.path.join(folder, name)
            try:
                content = files.read_small(path, limit=FILE_BYTES)  # never on another computer
            except OSError as error:
                if name == "hosts" or files.outcome_of(error) is not Outcome.ABSENT:
                    yield files.gap_of(error, "a file of host entries can't be read", text.from_native(path))
                continue
            yield from _content(path, content)


def _content(path: str, content: bytes) -> Iterator[Row | Gap]:
    origin = text.from_native(path)
    for count, entry in enumerate(hosts.entries(content)):
        if count >= MAX_ROWS:
            yield Gap(Outcome.OVER_LIMIT, f"only the first {MAX_ROWS} entries were kept", origin)
            return
        if entry is None:
            yield Gap(Outcome.OVER_LIMIT, "a line of the file of host entries is too long", origin)
            continue
        names = [text.from_bytes(name) for name in entry.names]
        yield _row("host", text.from_bytes(entry.address), origin, names)


def _cached() -> Iterator[Row | Gap]:
    """Yield each name and record type of the DNS cache.

    The entries are not given back: nothing documents how they were allocated, and a wrong guess would end us.
    """
    first = ctypes.c_void_p()
    try:
        call = calls.library("dnsapi").DnsGetCacheDataTable
    except (OSError, AttributeError):
        yield Gap(Outcome.UNSUPPORTED, "this system does not tell what its DNS cache holds")
        return
    call.argtypes = [ctypes.POINTER(ctypes.c_void_p)]
    call.restype = wintypes.BOOL
    if not call(ctypes.byref(first)) or not first.value:
        yield Gap(Outcome.ABSENT, "the DNS cache told nothing: it is empty, or its service does not run")
        return
    at: int | None = first.value
    count = 0
    while at is not None and count < MAX_ROWS:
        entry = _CacheEntry.from_address(at)
        following, name, kind = entry.pNext, entry.pszName, entry.wType
        if name:
            yield _row("cache", text.from_native(ctypes.wstring_at(name)), f"DNS cache, record type {kind}")
        at = following
        count += 1
    if at is not None:
        yield Gap(Outcome.OVER_LIMIT, f"only the first {MAX_ROWS} names of the DNS cache were kept")


def _row(kind: str, value: Text, origin: Text, names: list[Text] | None = None) -> Row:
    return {
        "type": kind,
        "value": cast("Json", value),
        "names": cast("Json", names),
        "origin": cast("Json", origin),
    }
