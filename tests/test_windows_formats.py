"""Formats of Windows, read from bytes that were made after their documentation: whole, torn, and hostile."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.winformats import filetimes, handles, processlist, sids, smbios, storage

BASE = 0x7FF0_0000
UUID = bytes.fromhex("78563412bc9af0de0123456789abcdef")


def entry(pid, name="", step=0, *, states=(), at=0):
    """Make one SYSTEM_PROCESS_INFORMATION (phnt, ntexapi.h) with a thread for each state, its name behind it."""
    threads = b"".join(
        struct.pack("<qqqI4xQQQiiIII4x", 0, 0, 0, 0, 0, pid, 1000 + n, 8, 8, 0, state, why)
        for n, (state, why) in enumerate(states)
    )
    raw = name.encode("utf-16-le", "surrogatepass")
    head = bytearray(256)
    struct.pack_into("<II", head, 0, step, len(states))
    struct.pack_into("<q", head, 32, filetimes.EPOCH + 10_000_000)
    struct.pack_into("<HH4xQ", head, 56, len(raw), len(raw), BASE + at + 256 + len(threads) if raw else 0)
    struct.pack_into("<QQII", head, 80, pid, 4, 77, 1)
    struct.pack_into("<Q", head, 144, 4096)
    struct.pack_into("<QQ", head, 232, 11, 22)
    return bytes(head) + threads + raw


def test_the_list_of_processes_is_read_field_by_field():
    """Two processes: numbers, name, start, session, memory, bytes moved; one whose threads are all held is stopped."""
    first = entry(300, "é\ud800.exe", 1024, states=((5, 5), (5, 5))).ljust(1024, b"\0")
    second = entry(301, "", at=1024, states=((5, 5), (2, 0)))
    one, other = processlist.parse(first + second, BASE)
    numbers = (one.pid, one.ppid, one.session, one.handles, one.rss, one.read, one.written)
    assert numbers == (300, 4, 1, 77, 4096, 11, 22)
    assert one.name.decode("utf-16-le", "surrogatepass") == "é\ud800.exe"
    assert filetimes.utc(one.created) == "1970-01-01T00:00:01.000000Z"
    assert (one.threads, one.suspended, other.name, other.suspended) == ((1000, 1001), True, b"", False)


@pytest.mark.parametrize(
    "raw", [b"", entry(1)[:200], entry(1, step=8) + entry(2), entry(1, step=4096)], ids=["empty", "torn", "loop", "far"]
)
def test_a_list_of_processes_that_makes_no_sense_is_refused(raw):
    """Nothing is read outside of it, and nothing twice."""
    with pytest.raises(ValueError, match="list of processes"):
        list(processlist.parse(raw, BASE))


def test_a_name_that_points_outside_of_the_list_is_none():
    """The kernel's pointers are believed only inside of what it gave."""
    raw = bytearray(entry(1, "a.exe"))
    struct.pack_into("<Q", raw, 64, BASE - 8)
    assert next(processlist.parse(bytes(raw), BASE)).name == b""


def test_handles_are_read_with_process_number_type_and_rights():
    """SYSTEM_HANDLE_INFORMATION_EX: a count that lies reads no further than the bytes go."""
    body = struct.pack("<QQQIHHII", 0, 4242, 0x88, 0x12019F, 0, 37, 0, 0)
    assert list(handles.parse(struct.pack("<QQ", 9, 0) + body)) == [handles.Handle(4242, 0x88, 37, 0x12019F)]
    assert list(handles.parse(b"")) == []


def test_identifiers_are_spelled_as_everywhere():
    """S-1-5-21-… and S-1-5-18; what is none is refused."""
    assert sids.spelled(bytes.fromhex("010100000000000512000000")) == "S-1-5-18"
    long = bytes([1, 5]) + (5).to_bytes(6, "big") + struct.pack("<5I", 21, 1, 2, 2**32 - 1, 1001)
    assert sids.spelled(long) == "S-1-5-21-1-2-4294967295-1001"
    for raw in (b"", b"\x02" + long[1:], long[:-1], b"\x01\xff" + long[2:]):
        with pytest.raises(ValueError, match="identifier"):
            sids.spelled(raw)


@pytest.mark.parametrize(
    ("sid", "is_known"),
    [("S-1-5-18", True), ("S-1-5-80-1-2", True), ("S-1-5-21-1-2-3-1001", True), ("S-1-5-21-9-9-9-1001", False),
     ("S-1-5-21-1-2-3-4-1001", False), ("S-1-12-1-5-6", False)],
)  # fmt: skip
def test_only_what_this_machine_knows_is_looked_up(sid, is_known):
    """The identifier of a domain's user, or of the directory in the cloud, would be asked for over the network."""
    assert sids.is_known_here(sid, "S-1-5-21-1-2-3") is is_known
    assert sids.is_known_here("S-1-5-21-1-2-3-1001", None) is False


def smbios_table(*parts: tuple[int, bytes, list[bytes]]) -> bytes:
    """Make RawSMBIOSData (sysinfoapi.h) of some structures, after DMTF DSP0134."""
    out = b""
    for kind, body, strings in parts:
        out += bytes([kind, len(body) + 4, 0, 0]) + body + b"".join(one + b"\0" for one in strings) + b"\0"
        out += b"" if strings else b"\0"
    return struct.pack("<BBBBI", 0, 3, 2, 0, len(out)) + out


def test_the_firmware_tells_maker_model_serial_and_identity():
    """Structures of firmware, system and board; blanks around a string are not kept, a blank one is none."""
    system = bytes([1, 2, 0, 3]) + UUID + b"\6\0\0"
    table = smbios_table(
        (0, bytes([1, 2, 0, 0, 0, 0]), [b"Maker", b"1.2.3"]),
        (1, system, [b"Dell Inc. ", b"OptiPlex 7090", b" 8XYZ123"]),
        (2, bytes([1, 2, 3, 4]), [b"Dell Inc.", b"0ABC", b"A00", b"   "]),
        (127, b"", []),
    )
    assert smbios.parse(table) == smbios.Machine(
        b"Dell Inc.", b"OptiPlex 7090", b"8XYZ123", "12345678-9abc-def0-0123-456789abcdef", None, b"1.2.3"
    )


def test_a_machine_without_identity_has_none():
    """All zeros and all ones mean so (DSP0134, 7.2.1); a table without the system's structure is refused."""
    for uuid in (bytes(16), b"\xff" * 16):
        assert smbios.parse(smbios_table((1, bytes(4) + uuid, []))).uuid is None
    with pytest.raises(ValueError, match="system"):
        smbios.parse(smbios_table((0, bytes(4), [])))


@given(st.binary(max_size=200))
def test_no_table_of_firmware_leads_astray(rest):
    """Whatever stands behind a sound head: an answer, or a refusal of ours."""
    head = smbios_table((1, bytes(4) + UUID, [b"a"]))
    assert smbios.parse(head + rest).uuid is not None
    with suppress(ValueError):
        smbios.parse(bytes(8) + rest)


def descriptor(serial: bytes = b"  S3Z9NB0K\0") -> bytes:
    """Make a STORAGE_DEVICE_DESCRIPTOR (winioctl.h)."""
    names = b"SAMSUNG \0SSD 860\0"
    return struct.pack("<IIBBBBIIII8x", 40, 60, 0, 0, 1, 1, 36, 45, 0, 53) + names + serial


def test_a_disk_says_what_it_is():
    """Names without blanks; an offset of zero, or outside, is a name that it doesn't have."""
    assert storage.device(descriptor()) == storage.Device(b"SAMSUNG", b"SSD 860", b"S3Z9NB0K", removable=True)
    far = bytearray(descriptor())
    struct.pack_into("<I", far, 24, 9999)
    assert storage.device(bytes(far)).serial is None
    with pytest.raises(ValueError, match="device"):
        storage.device(b"\0" * 8)


def test_partitions_and_extents_are_read():
    """DRIVE_LAYOUT_INFORMATION_EX and VOLUME_DISK_EXTENTS; empty partitions and counts that lie are passed by."""
    parts = [(1 << 20, 500 << 20), (0, 0), (501 << 20, 1 << 30)]
    entries = [struct.pack("<IIQQI", 1, 0, *part, 0).ljust(144, b"\0") for part in parts]
    layout = struct.pack("<II40x", 1, 99) + b"".join(entries)
    assert storage.partitions(layout) == [1 << 20, 501 << 20]
    assert storage.extents(struct.pack("<I4xI4xQQ", 7, 2, 5, 6)) == [storage.Extent(2, 5, 6)]
    assert storage.partitions(b"") == storage.extents(b"") == []


@pytest.mark.parametrize(
    ("first", "mark"),
    [(b"\xeb\x58\x90-FVE-FS-", "bitlk"), (b"\xeb\x52\x90NTFS    ", None), (b"LUKS\xba\xbe\0\1", "luks"), (b"", None),
     (b"\xeb\x58\x90MSWIN4.1".ljust(424, b"\0") + bytes.fromhex("3bd66749292ed84a8399f6a339e3d001"), "bitlk"),
     (b"\xeb\x58\x90MSWIN4.1".ljust(512, b"\0"), None)],
)  # fmt: skip
def test_an_encrypted_volume_is_known_by_its_start(first, mark):
    """BitLocker, BitLocker To Go, LUKS; a FAT that is none stays one."""
    assert storage.encryption(first) == mark


@pytest.mark.parametrize("filetime", [0, -1, filetimes.EPOCH - 1, 2**63 - 1])
def test_a_time_outside_of_ours_is_none(filetime):
    """Windows writes 0 for "never", and the highest number, too."""
    assert filetimes.utc(filetime) is None
