"""A Mac that is not there: readings that `DarwinHost` is given in place of a live one's.

Origin. There was no Mac to record on. Bytes are made here after Apple's headers: xnu bsd/net/route.h, bsd/net/if.h,
bsd/net/if_var.h, bsd/net/if_dl.h, bsd/sys/mount.h (the files at github.com/apple-oss-distributions/xnu); records of
utmpx after plaso's `utmp.yaml`. The values are those that people's Macs printed: links and flags after `ifconfig` in
github.com/utmapp/UTM/issues/6664 (Apple silicon) and github.com/Parallels/vagrant-parallels/issues/426 (`en5`, with a
T2), default routes of idle tunnels (`default fe80::%utun0 UGcIg utun0`) after `netstat -rn` in public notes. File
systems and property lists are made after Apple's manual pages (launchd.plist(5), getfsstat(2)).
"""

from __future__ import annotations

import errno
import ipaddress
import os
import plistlib
import struct
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from collector.host import HostError
from collector.host.darwin.readings import DUMP, FLAGS, LINKS, Battery, SocketReading, text_of
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

INET, LINK, INET6 = 2, 18, 30
ETHER, LOOP, OTHER, GIF, STF, BRIDGE = 0x6, 0x18, 0x1, 0x37, 0x39, 0xD1
ACTIVE, INACTIVE = (0x3, 0x20), (0x1, 0x20)
WIFI_ACTIVE, WIFI_INACTIVE = (0x3, 0x80), (0x1, 0x80)
WIRED, WIFI, AWDL, COPROCESSOR = 2, 3, 4, 6
UP, GATEWAY, HOST, LLINFO, STATIC, CLONED, IFSCOPE = 0x1, 0x2, 0x4, 0x400, 0x800, 0x20000, 0x1000000


@dataclass
class Nic:
    """One interface of a made Mac: what `ifconfig -v` shows."""

    name: str
    index: int
    flags: int
    kind: int = ETHER
    mac: str = ""
    addresses: tuple[str, ...] = ()
    media: tuple[int, int] | None = None
    function: int | None = None
    packets: tuple[int, int] = (0, 0)


@dataclass
class Way:
    """One route: `gateway` is an address, a hardware address, or nothing."""

    to: str
    index: int
    flags: int
    gateway: str = ""
    expire: int = 0


def sockaddr(address: str, index: int = 0) -> bytes:
    """Return a sockaddr_in or sockaddr_in6; a link-local address holds its interface, as the kernel has it (KAME)."""
    packed = ipaddress.ip_address(address).packed
    if len(packed) == 4:
        return struct.pack("<BBH4s8x", 16, INET, 0, packed)
    if packed[:2] in (b"\xfe\x80", b"\xff\x02"):
        packed = packed[:2] + index.to_bytes(2, "big") + packed[4:]
    return struct.pack("<BBHI16sI", 28, INET6, 0, 0, packed, 0)


def mask(address: str, bits: int) -> bytes:
    """Return a netmask as the kernel keeps it: cut behind its last byte that is not zero."""
    is_v6 = ":" in address
    width, start = (16, 8) if is_v6 else (4, 4)
    packed = (((1 << bits) - 1) << (width * 8 - bits)).to_bytes(width, "big").rstrip(b"\0")
    if not packed:
        return b"\0"
    return bytes([start + len(packed), INET6 if is_v6 else INET]).ljust(start, b"\0") + packed


def sockaddr_dl(name: str, mac: str, index: int, kind: int) -> bytes:
    address = bytes.fromhex(mac.replace(":", ""))
    data = (name.encode() + address).ljust(12, b"\0")
    return struct.pack("<BBHBBBB", 8 + len(data), LINK, index, kind, len(name.encode()), len(address), 0) + data


def padded(address: bytes) -> bytes:
    return address.ljust((len(address) + 3) // 4 * 4 or 4, b"\0") if len(address) > 1 else b"\0\0\0\0"


def link_dump(nics: list[Nic]) -> bytes:
    """Return what NET_RT_IFLIST2 dumps: an if_msghdr2 for each interface, then an ifa_msghdr for each address."""
    made = b""
    for nic in nics:
        body = padded(sockaddr_dl(nic.name, nic.mac, nic.index, nic.kind))
        head = struct.pack("<HBBiiH2xiiii", 160 + len(body), 5, 0x12, 0x10, nic.flags, nic.index, 0, 50, 0, 0)
        data = struct.pack("<B7xIIQQQQ64xIIII", nic.kind, 1500, 0, 0, nic.packets[0], 0, nic.packets[1], 0, 0, 0, 0)
        made += head + data + body
        for text in nic.addresses:
            address, _, bits = text.partition("/")
            body = padded(mask(address, int(bits))) + padded(sockaddr(address, nic.index))
            made += struct.pack("<HBBiiH2xi", 20 + len(body), 5, 0xC, 0x4 | 0x20, 0x1, nic.index, 0) + body
    return made


def route_dump(ways: list[Way]) -> bytes:
    """Return what NET_RT_DUMP dumps: an rt_msghdr for each route."""
    made = b""
    for way in ways:
        address, _, bits = way.to.partition("/")
        present = 0x1
        body = padded(sockaddr(address, way.index))
        if way.gateway or way.flags & LLINFO:
            present |= 0x2
            is_address = way.gateway and (way.gateway.count(":") != 5 or "." in way.gateway)
            gateway = sockaddr(way.gateway, way.index) if is_address else sockaddr_dl("", way.gateway, way.index, ETHER)
            body += padded(gateway)
        if not way.flags & HOST:
            present |= 0x4
            body += padded(mask(address, int(bits)))
        length = 92 + len(body)
        made += struct.pack("<HBBH2xiiiiiiI", length, 5, 0x4, way.index, way.flags, present, 0, 0, 0, 0, 0)
        made += struct.pack("<IIIi10I", 0, 1500, 0, way.expire, *([0] * 10)) + body
    return made


def statfs(path: str, source: str, kind: str, device: int, flags: int = 0x1000) -> bytes:
    head = struct.pack("<IiQQQQQiiIIII", 4096, 1 << 20, 1000, 500, 500, 100, 50, device, 0, 0, 0, flags, 0)
    return head + struct.pack("<16s1024s1024sI28x", kind.encode(), path.encode(), source.encode(), 0)


def utmpx_record(kind: int, user: str, line: str, pid: int, seconds: int, host: str = "") -> bytes:
    texts = (user.encode(), b"", line.encode(), pid, kind, seconds, 0, host.encode())
    return struct.pack("<256s4s32sih2xii256s64x", *texts)


OFFLINE = [
    Nic("lo0", 1, 0x8049, LOOP, "", ("127.0.0.1/8", "::1/128", "fe80::1/64")),
    Nic("gif0", 2, 0x8010, GIF),
    Nic("stf0", 3, 0x0, STF),
    Nic("anpi0", 4, 0x8863, ETHER, "82:ea:37:35:64:af", (), INACTIVE, COPROCESSOR),
    Nic("en3", 6, 0x8863, ETHER, "82:ea:37:35:64:8f", (), INACTIVE, WIRED),
    Nic("en1", 8, 0x8963, ETHER, "36:2d:83:2e:75:c0", (), INACTIVE, WIRED),
    Nic("bridge0", 10, 0x8863, BRIDGE, "36:2d:83:2e:75:c0", (), INACTIVE),
    Nic("ap1", 11, 0x8843, ETHER, "3e:22:fb:bb:9b:70", (), WIFI_INACTIVE),
    Nic("en0", 12, 0x8822, ETHER, "3c:22:fb:bb:9b:70", (), WIFI_INACTIVE, WIFI),
    Nic("awdl0", 13, 0x8822, ETHER, "ae:d3:8f:66:99:01", (), WIFI_INACTIVE, AWDL),
    Nic("llw0", 14, 0x8863, ETHER, "ae:d3:8f:66:99:01", (), WIFI_INACTIVE, AWDL),
    Nic("en5", 15, 0x8863, ETHER, "ac:de:48:00:11:22", ("fe80::aede:48ff:fe00:1122/64",), ACTIVE, COPROCESSOR),
    Nic("utun0", 16, 0x8051, OTHER, "", ("fe80::b8a1:1:2:3/64",)),
    Nic("utun1", 17, 0x8051, OTHER, "", ("fe80::ce81:b1c:bd2c:69e/64",)),
]
"""A Mac whose Wi-Fi is switched off and whose cables are out."""

IDLE = [
    Way("::/0", 16, UP | GATEWAY | IFSCOPE, "fe80::"),
    Way("::/0", 17, UP | GATEWAY | IFSCOPE, "fe80::"),
    Way("fe80::/64", 16, UP),
    Way("ff02::/32", 16, UP | 0x800000),
    Way("127.0.0.0/8", 1, UP | GATEWAY, "127.0.0.1"),
    Way("127.0.0.1/32", 1, UP | HOST | 0x200000, "127.0.0.1"),
]
NEIGHBOURS = [
    Way("192.168.1.1/32", 12, UP | HOST | LLINFO | CLONED, "a4:3e:51:00:00:01", 1234),
    Way("192.168.1.7/32", 12, UP | HOST | LLINFO | STATIC, "a4:3e:51:00:00:07"),
    Way("192.168.1.9/32", 12, UP | HOST | LLINFO | CLONED, "", 99),
]


def refused(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@dataclass
class RecordedMac:
    """Readings as `collector.host.darwin.readings.Readings` wants them."""

    root: str
    nics: list[Nic] = field(default_factory=lambda: list(OFFLINE))
    ways: list[Way] = field(default_factory=lambda: list(IDLE))
    neighbours: list[Way] = field(default_factory=lambda: list(NEIGHBOURS))
    raw: dict[int, bytes] = field(default_factory=dict)
    """Dumps that stand in place of those made from the lists above."""
    user: int = 501
    denied: set[str] = field(default_factory=set)
    """What may not be read: sysctl, routing, filesystems, registry, battery, pids."""
    more: dict[int, Mapping[str, object]] = field(default_factory=dict)
    """Further processes, or others in the place of ours."""
    mounted: bytes = b"".join((
        statfs("/", "/dev/disk3s1s1", "apfs", 0x01000011),
        statfs("/dev", "devfs", "devfs", 0x02000000),
        statfs("/System/Volumes/Data", "/dev/disk3s5", "apfs", 0x01000012),
        statfs("/Volumes/server", "//anna@server/share", "smbfs", 0x03000000, 0),
    ))  # fmt: skip

    values: ClassVar[Mapping[str, bytes]] = {
        "kern.hostname": b"cabinet-mac.local\0",
        "kern.version": b"Darwin Kernel Version 23.5.0: Wed May  1 20:12:58 PDT 2024; RELEASE_ARM64_T6000\0",
        "hw.machine": b"arm64\0",
        "hw.model": b"MacBookPro18,3\0",
        "hw.memsize": struct.pack("<Q", 16 << 30),
        "kern.boottime": struct.pack("<qi4x", 1_716_800_000, 250_000),
        "kern.bootsessionuuid": b"5E6FFEBE-0000-4000-8000-000000000001\0",
    }

    def _demand(self, what: str) -> None:
        if what in self.denied:
            raise refused(errno.EPERM)

    def clocks(self) -> tuple[int, int, int]:
        now = time.monotonic_ns()
        return time.time_ns(), now, now + 3_600 * 10**9

    def sysctl(self, name: str) -> bytes:
        self._demand("sysctl")
        if name not in self.values:
            raise refused(errno.ENOENT)
        return self.values[name]

    def routing(self, family: int, what: int, argument: int) -> bytes:
        self._demand("routing")
        if what in self.raw:
            return self.raw[what]
        if what == LINKS:
            return link_dump(self.nics)
        assert (what, argument) in ((DUMP, 0), (FLAGS, LLINFO))
        chosen = self.ways if what == DUMP else self.neighbours
        return route_dump([way for way in chosen if (":" in way.to.partition("/")[0]) == (family == INET6)])

    def _nic(self, name: bytes) -> Nic:
        return next(nic for nic in self.nics if nic.name.encode() == name)

    def media(self, name: bytes) -> tuple[int, int]:
        told = self._nic(name).media
        if told is None:
            raise refused(errno.EOPNOTSUPP)
        return told

    def functional_type(self, name: bytes) -> int:
        told = self._nic(name).function
        if told is None:
            raise refused(errno.EOPNOTSUPP)
        return told

    def switch_off(self, name: bytes) -> None:
        if self.user:
            raise refused(errno.EPERM)
        self.nics = [replace(nic, flags=nic.flags & ~UP) if nic.name.encode() == name else nic for nic in self.nics]

    def filesystems(self) -> bytes:
        self._demand("filesystems")
        return self.mounted

    def registry(self, name: str) -> str:
        self._demand("registry")
        known = {"IOPlatformSerialNumber": "C02MADEUP000", "manufacturer": "Apple Inc."}
        return known.get(name, "00000000-0000-1000-8000-3C22FBBB9B70")

    def battery(self) -> Battery | None:
        self._demand("battery")
        return Battery(plugged=False, percent=71)

    def swap(self) -> tuple[int, int]:
        return 2 << 30, 1 << 30

    def available(self) -> int:
        return 4 << 30

    def effective_user(self) -> int:
        return self.user

    @property
    def _processes(self) -> dict[int, Mapping[str, object]]:
        word = {"name": "Microsoft Word", "exe": "/Applications/Word.app/Word", "ppid": 1, "uid": 501, "rss": 9 << 20}
        word |= {"cmdline": ["Word", "é\udcff", ""], "cwd": "/", "open_files": [(3, "/Users/anna/Letter.docx")]}
        word |= {"status": "running", "create_time": 1_716_800_300.25, "threads": 12}
        launchd = {"name": "launchd", "exe": "/bin/sh", "ppid": 0, "uid": 0, "status": "sleeping", "threads": 4}
        hidden = dict.fromkeys(("cmdline", "cwd", "open_files", "rss"), Outcome.DENIED)
        launchd |= {**hidden, "create_time": 1_716_800_001.0}
        ours = {"name": "collect", "exe": "/bin/sh", "ppid": 1, "uid": 501, "create_time": time.time() - 1}
        kernel = {"name": "kernel_task", "exe": None, "ppid": 0, "uid": 0, "cmdline": [], "status": "running"}
        remote = {"name": "AnyDesk", "exe": "/Volumes/server/AnyDesk", "ppid": 1, "uid": 501, "cmdline": ["AnyDesk"]}
        return {0: kernel, 1: launchd, 300: word, 400: remote, 500: {}, os.getpid(): ours, **self.more}

    def pids(self) -> list[int]:
        self._demand("pids")
        return list(self._processes)

    def process(self, pid: int) -> Mapping[str, object] | None:
        return self._processes.get(pid) or None

    def program(self, pid: int) -> tuple[str | None, str | None]:
        told = self._processes.get(pid, {})
        return text_of(told.get("name")), text_of(told.get("exe"))

    def sockets(self, pid: int) -> list[SocketReading]:
        if pid == 1:
            raise refused(errno.EPERM)
        shared = SocketReading("inet", "stream", ("0.0.0.0", 7070), None, "LISTEN")
        return {
            300: [
                SocketReading("inet6", "stream", ("2001:db8::7", 50001), ("2001:db8::1", 443), "ESTABLISHED"),
                SocketReading("unix", "dgram", None, "/var/run/mDNSResponder", None),
                shared,
            ],
            400: [shared, SocketReading("inet", "dgram", ("127.0.0.1", 53), None, None)],
        }.get(pid, [])

    def screens(self) -> list[bytes]:
        raise HostError(Gap(Outcome.DENIED, "the user of this Mac has not allowed this program to see the screen"))

    def hold_awake(self, reason: str) -> Callable[[], None]:
        assert reason
        return lambda: None


def made(folder: Path, **changes: object) -> RecordedMac:
    """Return a Mac whose own files stand in a folder."""
    for name, content in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "Users/Shared").mkdir()
    return RecordedMac(str(folder), **changes)


def files() -> dict[str, bytes]:
    """Return the files of the system, by their path below its root."""
    version = {"ProductName": "macOS", "ProductVersion": "14.5", "ProductBuildVersion": "23F79"}
    agent = {"Label": "com.word.helper", "ProgramArguments": ["/Applications/Word.app/Word", "-q"], "KeepAlive": True}
    daemon = {"Label": "com.example.off", "Program": "/usr/local/bin/off", "RunAtLoad": True, "UserName": "anna"}
    switched = {"com.example.off": True}
    signature = utmpx_record(10, "utmpx-1.00", "", 0, 0)
    boot = utmpx_record(2, "", "~", 1, 1_716_800_001)
    anna = utmpx_record(7, "anna", "console", 130, 1_716_800_100)
    far = utmpx_record(7, "root", "ttys001", 900, 1_716_800_900, "192.0.2.77")
    return {
        "System/Library/CoreServices/SystemVersion.plist": plistlib.dumps(version),
        "Library/LaunchDaemons/com.example.off.plist": plistlib.dumps(daemon, fmt=plistlib.FMT_BINARY),
        "Library/LaunchDaemons/broken.plist": b"bplist00 and then nothing",
        "Users/anna/Library/LaunchAgents/com.word.helper.plist": plistlib.dumps(agent),
        "private/var/db/com.apple.xpc.launchd/disabled.plist": plistlib.dumps(switched),
        "private/var/db/com.apple.xpc.launchd/disabled.501.plist": plistlib.dumps({"com.example.agent": True}),
        "Library/LaunchAgents/com.example.agent.plist": plistlib.dumps({"Label": "com.example.agent"}),
        "private/var/run/utmpx": signature + boot + anna + far,
        "private/var/run/resolv.conf": b"search cabinet.local\nnameserver 192.168.1.1\n",
        "private/etc/hosts": b"127.0.0.1 localhost\n",
        "usr/share/firmlinks": b"/AppleInternal\tAppleInternal\n/Users\tUsers\n/private\tprivate\n",
    }
