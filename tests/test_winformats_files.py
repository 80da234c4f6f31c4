"""Folders, streams, paths, reparse points and drives of Windows are read from their bytes and letters, on any system.

The buffers are made here, after the structures named in each test; none is a recording, since Wine 8.0 has neither
streams nor reparse points of its own.
"""

from __future__ import annotations

import struct

import pytest

from collector.text import joined, parted
from collector.winformats import filetimes, folders, paths, reparse, sids, streams, volumes
from collector.winformats.notifications import notifications
from collector.winformats.volumes import Kind

TICKS = 133_000_000_000_000_000
"""A day in 2022, in units of 100 ns since 1601."""
DIRECTORY, HIDDEN, ARCHIVE, OFFLINE, REPARSE = 0x10, 0x2, 0x20, 0x1000, 0x400
RECALL_ON_OPEN, RECALL_ON_DATA_ACCESS, SPARSE, PINNED = 0x40000, 0x400000, 0x200, 0x80000


def entry(name, *, attributes=ARCHIVE, times=(TICKS,) * 4, size=7, tag=0, short="", inode=4711, last=False):
    """Make a FILE_ID_BOTH_DIR_INFO after winbase.h, padded to 8 bytes."""
    raw, brief = name.encode("utf-16-le", "surrogatepass"), short.encode("utf-16-le")
    head = struct.pack("<4q", *times) + struct.pack("<2q", size, 4096) + struct.pack("<III", attributes, len(raw), tag)
    body = head + struct.pack("<Bx24s2xQ", len(brief), brief, inode) + raw
    body += b"\0" * (-(len(body) + 8) % 8)
    return struct.pack("<II", 0 if last else len(body) + 8, 0) + body


def buffer(*entries):
    return memoryview(b"".join(entries) + b"\xee" * 32)


def test_a_listing_tells_folders_and_what_is_recent():
    """Dots are left out, an old file is not built, any of three recent times makes a file recent."""
    old = TICKS - 10**9
    raw = buffer(
        entry(".", attributes=DIRECTORY),
        entry("..", attributes=DIRECTORY),
        entry("Été", attributes=DIRECTORY, times=(old,) * 4),
        entry("old.txt", times=(old, TICKS, old, old)),  # only looked at
        entry("born.txt", times=(TICKS, old, old, old)),
        entry("written.txt", times=(old, old, TICKS, old), short="WRITTE~1.TXT"),
        entry("changed.txt", times=(old, old, old, TICKS), last=True),
    )
    listed = folders.listed(raw, 0xABCD, filetimes.utc_ns(TICKS))
    assert listed.subfolders == ["Été".encode()]
    assert [name for name, _ in listed.changed] == [b"born.txt", b"written.txt", b"changed.txt"]
    facts = dict(listed.changed)[b"written.txt"]
    assert facts.identity == (0xABCD, 4711)
    assert (facts.size, facts.short, facts.type) == (7, "WRITTE~1.TXT", "file")
    assert (facts.mtime_ns, facts.ctime_ns) == (filetimes.utc_ns(TICKS), filetimes.utc_ns(old))
    assert {name for name, _ in folders.all_of(raw, 1)} == {
        *("Été".encode(), b"old.txt", b"born.txt", b"written.txt", b"changed.txt")
    }


def test_names_keep_every_unit():
    """A lone surrogate, an emoji, a last dot and twins by case are names like others."""
    names = ["\ud800lone", "a🔒b", "dot.", "A", "a", "\u202egnp.exe"]
    raw = buffer(*(entry(name, last=name is names[-1]) for name in names))
    found = [name for name, _ in folders.all_of(raw, 1)]
    assert found == [name.encode("utf-8", "surrogatepass") for name in names]


@pytest.mark.parametrize("length", [0, 8, 60, 103])
def test_a_listing_that_is_cut_off_is_no_listing(length):
    """Bytes are never read from beyond what came."""
    with pytest.raises(ValueError, match="cut off"):
        folders.listed(memoryview(entry("a.txt", last=True))[:length], 1, 0)


def test_a_name_longer_than_its_buffer_is_no_name():
    """Nor does a length in it lead beyond."""
    raw = bytearray(entry("a.txt", last=True))
    raw[60:64] = struct.pack("<I", 0xFFFF)
    with pytest.raises(ValueError, match="cut off"):
        folders.listed(memoryview(raw), 1, 0)


def test_fat_keeps_no_time_of_change_and_no_number():
    """0 is "not kept", never the year 1601; a file without number is known again by birth and size."""
    raw = buffer(entry("a.txt", times=(TICKS, TICKS, TICKS, 0), inode=0, last=True))
    [(_, facts)] = folders.all_of(raw, 1)
    assert facts.ctime_ns is None
    assert facts.is_same(facts._replace(links=1, atime_ns=0))
    assert not facts.is_same(facts._replace(size=8))
    numbered = facts._replace(inode=5)
    assert not numbered.is_same(numbered._replace(inode=6))
    assert numbered.is_same(numbered._replace(size=8))


@pytest.mark.parametrize(
    ("attributes", "tag", "kind", "is_link", "is_elsewhere"),
    [
        (ARCHIVE, 0, "file", False, False),
        (DIRECTORY, 0, "folder", False, False),
        (DIRECTORY | REPARSE, 0xA0000003, "junction", True, False),  # IO_REPARSE_TAG_MOUNT_POINT
        (ARCHIVE | REPARSE, 0xA000000C, "symlink", True, False),  # IO_REPARSE_TAG_SYMLINK
        (DIRECTORY | REPARSE, 0xA000000C, "symlink", True, False),
        (ARCHIVE | REPARSE, 0xA000001D, "symlink", True, False),  # IO_REPARSE_TAG_LX_SYMLINK
        (ARCHIVE | REPARSE, 0x80000023, "socket", True, False),  # IO_REPARSE_TAG_AF_UNIX
        (ARCHIVE | REPARSE, 0x8000001B, "reparse", True, False),  # IO_REPARSE_TAG_APPEXECLINK
        (ARCHIVE | REPARSE, 0x12345678, "reparse", True, False),  # nobody knows
        (ARCHIVE | REPARSE, 0x80000017, "file", False, False),  # IO_REPARSE_TAG_WOF
        (ARCHIVE | REPARSE | SPARSE, 0x80000013, "file", False, False),  # IO_REPARSE_TAG_DEDUP
        (ARCHIVE | REPARSE | PINNED, 0x9000601A, "file", False, False),  # IO_REPARSE_TAG_CLOUD_6, and here
        (ARCHIVE | REPARSE | OFFLINE | RECALL_ON_DATA_ACCESS, 0x9000601A, "file", False, True),
        (ARCHIVE | RECALL_ON_DATA_ACCESS, 0, "file", False, True),  # as a program sees it that isn't shown the tag
        (ARCHIVE | OFFLINE, 0, "file", False, True),
        (DIRECTORY | REPARSE | RECALL_ON_OPEN, 0x9000701A, "folder", False, True),
        (DIRECTORY | REPARSE, 0x9000701A, "folder", False, False),
        (ARCHIVE | REPARSE, 0x9000001C, "file", False, True),  # IO_REPARSE_TAG_PROJFS
        (ARCHIVE | REPARSE, 0xC0000004, "file", False, True),  # IO_REPARSE_TAG_HSM
        (ARCHIVE | REPARSE, 0x80000021, "file", False, True),  # IO_REPARSE_TAG_ONEDRIVE
    ],
)
def test_what_leads_elsewhere_is_known_by_its_tag(attributes, tag, kind, is_link, is_elsewhere):
    """Tags of MS-FSCC 2.1.2.1: a link is never opened through, a placeholder never opened, the rest is read."""
    assert reparse.kind(attributes, tag) == kind
    assert reparse.is_link(attributes, tag) is is_link
    assert reparse.is_placeholder(attributes, tag) is is_elsewhere
    assert reparse.is_entered(attributes, tag) is (kind == "folder" and not is_elsewhere)


def test_a_tag_counts_only_where_the_attributes_say_so():
    """The same field holds the size of extended attributes otherwise."""
    assert reparse.kind(DIRECTORY, 0xA0000003) == "folder"
    [(_, facts)] = folders.all_of(buffer(entry("a", tag=0xA000000C, last=True)), 1)
    assert (facts.tag, facts.type) == (0, "file")


def test_a_walk_enters_no_junction_and_asks_no_cloud():
    """A junction loop is a row and not a way; a folder in the cloud is told."""
    raw = buffer(
        entry("real", attributes=DIRECTORY),
        entry("loop", attributes=DIRECTORY | REPARSE, tag=0xA0000003),
        entry("OneDrive", attributes=DIRECTORY | REPARSE, tag=0x9000701A),
        entry("far", attributes=DIRECTORY | REPARSE | RECALL_ON_OPEN, tag=0x9000701A, last=True),
    )
    listed = folders.listed(raw, 1, 0)
    assert listed.subfolders == [b"real", b"OneDrive"]
    assert listed.placeholders == [b"far"]
    assert [(name, facts.type) for name, facts in listed.changed] == [(b"loop", "junction")]


def stream(name, size, *, last=False):
    """Make a FILE_STREAM_INFO after winbase.h."""
    raw = name.encode("utf-16-le", "surrogatepass")
    body = struct.pack("<Iqq", len(raw), size, (size + 7) // 8 * 8) + raw
    body += b"\0" * (-(len(body) + 4) % 8)
    return struct.pack("<I", 0 if last else len(body) + 4) + body


def test_streams_but_the_file_s_own():
    """Names lose their colons and type, keep whatever else is in them."""
    raw = stream("::$DATA", 5) + stream(":Zone.Identifier:$DATA", 26) + stream(":\ud800🔒:$DATA", 2**40, last=True)
    assert list(streams.streams(raw + b"\0" * 100)) == [("Zone.Identifier", 26), ("\ud800🔒", 2**40)]
    assert list(streams.streams(stream("::$DATA", 5, last=True))) == []
    assert list(streams.streams(b"")) == []


@pytest.mark.parametrize("cut", [3, 23, 30])
def test_streams_that_are_cut_off(cut):
    """Nothing is read from beyond what came."""
    with pytest.raises(ValueError, match="cut off"):
        list(streams.streams(stream(":hidden:$DATA", 5, last=True)[:cut]))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (r"C:\a\b.txt", r"C:\a\b.txt"),
        ("c:/a//b.txt/", r"C:\a\b.txt"),
        (r"\\?\C:\a", r"C:\a"),
        (r"\??\C:\a", r"C:\a"),
        ("C:", "C:\\"),
        ("C:\\", "C:\\"),
        (r"C:\a\.\..\..\..\b", r"C:\b"),
        ("C:\\dot.\\space \\CON", "C:\\dot.\\space \\CON"),
        (r"\\?\Volume{01234567-89ab-cdef-0123-456789abcdef}\a", r"\\?\Volume{01234567-89ab-cdef-0123-456789abcdef}\a"),
        (r"\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy12\a", r"\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy12\a"),
    ],
)
def test_a_path_is_a_volume_and_names(path, text):
    """It is spelled one way, and what was spelled is read back."""
    place = paths.place(path)
    assert place.text == text
    assert paths.place(text) == place


@pytest.mark.parametrize(
    "path",
    [
        *(r"\\server\share\a", "//server/share", r"\\?\UNC\server\share", r"\\?\unc\s\s", r"\??\UNC\s\s"),
        *(r"\\.\C:", r"\\.\pipe\a", r"\\?\pipe\a", r"\\?\GLOBALROOT\Device\NamedPipe\a", r"\Device\Null", r"\a", "/a"),
        *("", "a", "a:b", "C:a", "CC:\\a", "CON", "C:\\a:b", "C:\\a\0", "\\\\", r"\\?\\\server\share"),
        r"\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopyX\a",
    ],
)
def test_what_is_no_path_of_a_volume(path):
    """It is refused by its letters, with a reason that names nothing."""
    with pytest.raises(paths.PathError) as raised:
        paths.place(path)
    assert "server" not in str(raised.value)


def test_paths_are_compared_in_any_case_and_by_whole_names():
    r"""`C:\\ab` does not lie in `C:\\a`."""
    assert paths.is_in(b"C:\\Users\\\xc3\x89mile\\a", b"c:\\users\\\xc3\xa9mile")
    assert paths.is_in(b"C:\\a", b"C:\\A")
    assert paths.is_in(b"C:\\a", b"C:\\")
    assert not paths.is_in(b"C:\\ab", b"C:\\a")
    assert not paths.is_in(b"C:\\", b"C:\\a")


def test_paths_of_both_systems_are_joined_and_parted_by_their_own_mark():
    r"""The first letter tells which it is: `\\` is a letter like others on Linux, and no name has `/` on Windows."""
    assert joined(b"/a", b"b\\c") == b"/a/b\\c"
    assert joined(b"/", b"a") == b"/a"
    assert joined(b"/") == b"/"
    assert joined(b"C:\\", b"a", b"b") == b"C:\\a\\b"
    assert joined(b"C:\\") == b"C:\\"
    assert joined(b"\\\\?\\Volume{x}\\", b"a") == b"\\\\?\\Volume{x}\\a"
    assert parted(b"/a/b\\c") == (b"/a", b"b\\c")
    assert parted(b"C:\\a\\b") == (b"C:\\a", b"b")


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (r"\Device\HarddiskVolume3", Kind.LOCAL),
        (r"\Device\VeraCryptVolumeV", Kind.LOCAL),
        (r"\Device\CdRom0", Kind.DISC),
        (r"\??\C:\Users", Kind.FOLDER),
        (r"\??\UNC\server\share", Kind.NETWORK),
        (r"\Device\LanmanRedirector\;Z:000000000001a2b3\server\share", Kind.NETWORK),
        (r"\Device\Mup\;LanmanRedirector\;Z:0\server\share", Kind.NETWORK),
        (r"\Device\WebDavRedirector\;W:0\host@SSL\DavWWWRoot", Kind.NETWORK),
        (r"\Device\RdpDr\;T:1\tsclient\C", Kind.NETWORK),
        (r"\Device\VBoxMiniRdr\;E:\VBoxSvr\share", Kind.NETWORK),
        (r"\Device\HarddiskVolume3\..\Mup", Kind.UNKNOWN),
        (r"\Device\Dokan_1", Kind.UNKNOWN),
        ("", Kind.UNKNOWN),
    ],
)
def test_what_a_letter_stands_for_is_told_by_its_target(target, kind):
    """What nobody knows is not touched: a program or a server may answer there."""
    assert volumes.kind(target) is kind


def test_the_owner_of_a_descriptor():
    """SECURITY_DESCRIPTOR of MS-DTYP 2.4.6 with the owner S-1-5-21-1-2-3-1001; what is none is none."""
    sid = bytes([1, 5]) + (5).to_bytes(6, "big") + struct.pack("<5I", 21, 1, 2, 3, 1001)
    raw = struct.pack("<BBHIIII", 1, 0, 0x8000, 20, 0, 0, 0) + sid
    assert sids.owner(raw) == "S-1-5-21-1-2-3-1001"
    for wrong in (b"", raw[:19], raw[:30], raw[:20] + b"\x02" + raw[21:], struct.pack("<BBHIIII", 1, 0, 0, 0, 0, 0, 0)):
        assert sids.owner(wrong) is None


def notice(action, name, *, last=False, attributes=None):
    """Make a FILE_NOTIFY_INFORMATION, or its extended form where attributes are given (winnt.h)."""
    raw = name.encode("utf-16-le", "surrogatepass")
    if attributes is None:
        body = struct.pack("<II", action, len(raw)) + raw
    else:
        body = struct.pack("<I4q2qIIqqI", action, *(TICKS,) * 4, 0, 7, attributes, 0, 1, 2, len(raw)) + raw
    body += b"\0" * (-(len(body) + 4) % 8)
    return struct.pack("<I", 0 if last else len(body) + 4) + body


def test_file_events_of_both_forms():
    """The extended one tells whether it is a folder; an action of the future is left out."""
    names = ["a\\Été.docx", "\ud800", "b", "c"]
    plain = [notice(number, name) for number, name in zip((1, 4, 5, 99), names, strict=True)]
    found = list(notifications(b"".join(plain) + notice(2, "last", last=True), extended=False))
    assert found == [
        ("created", "a\\Été.docx".encode(), None),
        ("moved-from", b"\xed\xa0\x80", None),
        ("moved-to", b"b", None),
        ("deleted", b"last", None),
    ]
    raw = notice(3, "folder", attributes=DIRECTORY) + notice(3, "file", attributes=ARCHIVE, last=True)
    assert list(notifications(raw, extended=True)) == [("modified", b"folder", True), ("modified", b"file", False)]


@pytest.mark.parametrize("extended", [False, True])
def test_file_events_that_are_cut_off(extended):
    """Nothing is read from beyond what came."""
    raw = notice(1, "name.txt", last=True, attributes=ARCHIVE if extended else None)
    for cut in (0, 5, 11, 20, 80):
        if cut < len(raw) - 6:
            with pytest.raises(ValueError, match="cut off"):
                list(notifications(raw[:cut], extended=extended))
