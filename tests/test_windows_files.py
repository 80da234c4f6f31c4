"""A file of a Windows host is opened by the very name that it has, through nothing, and never where it isn't."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import winreg
from ctypes import wintypes

from collector.host.windows import calls, files, lastaccess, ntcalls, rights, scope, shadows, volumes
from collector.model import Outcome
from collector.winformats.volumes import Kind

WINE = calls.under_wine()


def outcome(attempt, *arguments) -> Outcome:
    """Return what an attempt that must fail comes to."""
    try:
        attempt(*arguments)
    except OSError as error:
        return files.outcome_of(error)
    pytest.fail("it went well")


def long(path: Path | str) -> str:
    return f"\\\\?\\{path}"


def made(folder: Path, name: str, data: bytes = b"content") -> str:
    """Make a file by its very name, whatever Windows would make of that."""
    path = f"{folder}\\{name}"
    Path(long(path)).write_bytes(data)
    return path


def test_names_that_windows_makes_devices_of_or_shortens_are_files(tmp_path):
    """`CON` and `NUL.txt` would be devices, a last dot or space would be dropped: here each is the file it names."""
    for number, name in enumerate(("CON", "NUL.txt", "COM1", "dot.", "space ", "é à ü", "日本", "a" * 240)):
        data = b"%d" % number
        path = made(tmp_path, name, data)
        assert files.read_small(path) == files.read_small(os.fsencode(long(path))) == data
    assert set(files.names(os.fsencode(tmp_path))) >= {b"CON", b"dot.", b"space ", "é à ü".encode()}


def test_paths_longer_than_260(tmp_path):
    """A path of a thousand letters is opened name by name."""
    path = str(tmp_path)
    for _ in range(12):
        path += "\\" + "x" * 90
        Path(long(path)).mkdir()
    deep = made(path, "deep.txt", b"deep")
    assert len(deep) > 1000
    assert files.read_small(deep) == b"deep"
    assert files.names(path) == [b"deep.txt"]


@pytest.mark.parametrize(
    "path",
    [
        r"\\server\share\x",
        "//server/share/x",
        r"\\?\UNC\server\share\x",
        r"\\.\pipe\x",
        r"\\.\PhysicalDrive0",
        r"\\?\pipe\x",
        r"\\?\GLOBALROOT\Device\NamedPipe\x",
        "CON",
        "relative.txt",
        "C:relative.txt",
        "C:\\a\0b",
        r"C:\a.txt:hidden",
        "",
    ],
)
def test_what_is_no_file_of_a_volume_is_refused_by_its_letters(path):
    """Servers, devices, pipes and streams are not even asked."""
    with pytest.raises(files.RefusedError) as raised:
        files.open_file(path)
    gap = files.gap_of(raised.value, "a file can't be read")
    assert gap.outcome is Outcome.UNSUPPORTED
    assert "server" not in gap.reason
    assert "Errno" not in gap.reason


def test_reading_is_bounded_and_a_folder_is_no_file(tmp_path):
    """What is larger than asked for is refused, never cut silently."""
    path = made(tmp_path, "large", b"x" * 1000)
    assert files.read_small(path, limit=1000) == b"x" * 1000
    assert outcome(lambda: files.read_small(path, limit=999)) is Outcome.OVER_LIMIT
    assert outcome(files.read_small, os.fsencode(tmp_path)) is Outcome.UNSUPPORTED
    assert outcome(files.read_small, f"{path}\\below") is Outcome.ABSENT


def test_a_locked_file_can_be_looked_at_and_is_told_as_locked(tmp_path):
    """Somebody holds it open and shares nothing: its facts are had, its bytes are not, and no shadow copy is made."""
    path = made(tmp_path, "locked.db", b"12345")
    create = calls.function(
        "kernel32",
        "CreateFileW",
        wintypes.HANDLE,
        *(wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD, wintypes.DWORD),
        wintypes.HANDLE,
    )
    handle = create(long(path), 0xC000_0000, 0, None, 3, 0, None)
    with calls.closing(handle):
        for attempt in (files.open_file, files.open_or_shadow):
            assert outcome(attempt, path) is Outcome.LOCKED
        with files.open_file(path, look=True) as file:
            assert file.facts().size == 5
    assert files.read_small(path) == b"12345"


def test_we_hinder_nobody(tmp_path):
    """While we read a file, others write, rename and delete it."""
    path = made(tmp_path, "report.docx")
    with files.open_file(path) as file:
        Path(path).write_bytes(b"new content")
        Path(path).rename(f"{path}.locked")
        assert file.read(100, 0) == b"new content"
        Path(f"{path}.locked").unlink()
    assert not list(tmp_path.iterdir())


def test_facts_hold_all_four_times_and_the_file_index(tmp_path):
    """The listing of a folder and an open file tell the same, as Python's own call does where it tells it."""
    path = made(tmp_path, "facts.txt", b"x" * 77)
    os.utime(path, ns=(1_600_000_000_000_000_000, 1_500_000_000_123_456_700))
    st = Path(path).stat()
    [(name, listed)] = files.entries(os.fsencode(tmp_path))
    with files.open_file(path) as file:
        opened = file.facts()
        owner = file.owner()
    assert name == b"facts.txt"
    assert listed.is_same(opened)
    assert opened.identity == (st.st_dev, st.st_ino)
    assert (opened.size, opened.mtime_ns, opened.links) == (77, 1_500_000_000_123_456_700, 1)
    assert listed._replace(links=1, short=None) == opened._replace(atime_ns=listed.atime_ns)
    assert opened.ctime_ns is not None
    assert opened.ctime_ns > opened.mtime_ns
    assert owner is not None
    assert owner.startswith("S-1-")


def test_a_file_is_found_in_any_case_and_listed_in_its_own(tmp_path):
    """A definition may write SYSTEM32 where the folder is System32; twins that differ by case only stay two."""
    made(tmp_path, "Mixed.Txt", b"mixed")
    assert files.read_small(f"{str(tmp_path).upper()}\\MIXED.TXT") == b"mixed"
    with files.open_folder(os.fsencode(tmp_path)) as folder, files.open_below("Mixed.Txt", folder.handle) as file:
        assert file.read(10, 0) == b"mixed"


def test_an_open_file_is_a_descriptor_for_whoever_wants_one(tmp_path):
    """`opened` and `open_source` work as on Linux; the descriptor can't be written to and closes the file."""
    path = made(tmp_path, "a.txt", b"abc")
    with files.opened(path) as fd:
        assert os.read(fd, 10) == b"abc"
        with pytest.raises(OSError, match="Errno 9"):  # EBADF: not open for writing
            os.write(fd, b"x")
    before = files.COUNTERS.files
    os.close(files.open_source(path))
    assert files.COUNTERS.files == before + 1
    Path(path).unlink()


def test_nothing_stays_open(tmp_path):
    """A thousand files and failures later, this process holds as many handles as before."""
    path = made(tmp_path, "a.txt")
    count = calls.function("kernel32", "GetProcessHandleCount", wintypes.BOOL, wintypes.HANDLE, ctypes.c_void_p)

    def handles() -> int:
        number = wintypes.DWORD()
        assert count(wintypes.HANDLE(-1).value, ctypes.byref(number))
        return number.value

    files.read_small(path)
    before = handles()
    for _ in range(100):
        files.read_small(path)
        files.names(str(tmp_path))
        for wrong in (f"{path}.none", str(tmp_path), f"{path}\\x"):
            outcome(files.open_file, wrong)
    assert handles() - before < 10


def test_volumes_are_local_and_each_is_there_once():
    """The system's volume is among them, by its letter; what a letter stands for is asked of the kernel alone."""
    found = list(volumes.volumes())
    assert volumes.Volume("C:\\", Kind.LOCAL) in found
    assert len({volume.path for volume in found}) == len(found)
    assert volumes.windows_folder().lower() == "c:\\windows"


def test_a_letter_that_stands_for_a_folder_leads_to_it(tmp_path):
    """`subst` gives a folder a letter: files are told by the path that they really have."""
    made(tmp_path, "a.txt", b"behind a letter")
    types = (wintypes.BOOL, wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR)
    define = calls.function("kernel32", "DefineDosDeviceW", *types)
    assert define(0, "Q:", str(tmp_path))
    try:
        assert files.place_of("Q:\\a.txt").text.lower() == f"{tmp_path}\\a.txt".lower()
        assert files.read_small("Q:\\a.txt") == b"behind a letter"
        assert ("Q:", Kind.FOLDER) in list(volumes.letters())
        assert all(volume.path != "Q:\\" or volume.kind is Kind.FOLDER for volume in volumes.volumes())
    finally:
        define(2, "Q:", None)


def test_rights_are_switched_on_where_we_have_them():
    """One that nobody has is told as such."""
    assert not rights.enable("SeNoSuchPrivilege")
    assert rights.enable("SeBackupPrivilege")  # Wine's user is an administrator


def test_devices_of_the_kernel_are_listed_without_asking_a_service():
    """The list that shadow copies are found in is there; here it holds none."""
    assert any(name.startswith("HarddiskVolume") for name in ntcalls.objects("\\Device"))
    assert shadows.copies() == ()


def test_profiles_are_expanded_without_our_environment(monkeypatch):
    """Whoever started us may have set SystemDrive to a place of their own."""
    monkeypatch.setenv("SystemDrive", "X:")
    assert scope._expanded("%systemdrive%\\Users\\Zoé") == "C:\\Users\\Zoé"
    assert scope._expanded("%SystemRoot%\\x") == "C:\\Windows\\x"


@pytest.mark.skipif(WINE, reason="Wine 8.0: os.symlink makes nothing, and no junction can be made")
def test_links_on_the_way_lead_nowhere(tmp_path):
    """A junction or a link in the middle of a path is refused."""
    (tmp_path / "real").mkdir()
    made(tmp_path / "real", "a.txt")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert outcome(files.open_file, f"{tmp_path}\\link\\a.txt") is Outcome.UNSUPPORTED


@pytest.mark.skipif(WINE, reason="Wine 8.0: lists no streams, and makes a file of its own for each")
def test_streams_are_listed_and_the_mark_of_the_web_is_read(tmp_path):
    """A file that came from the web says so; a hidden stream is listed by name and size."""
    path = made(tmp_path, "a.exe")
    for name, data in (("Zone.Identifier", b"[ZoneTransfer]\r\nZoneId=3\r\n"), ("hidden", b"x" * 99)):
        Path(long(f"{path}:{name}")).write_bytes(data)
    with files.open_file(path, look=True) as file:
        assert {(one.name, one.size) for one in file.streams()} == {("Zone.Identifier", 26), ("hidden", 99)}
        assert file.mark().startswith(b"[ZoneTransfer]")


@pytest.mark.parametrize(("value", "is_kept"), [(0, True), (1, False), (0x80000002, True), (0x80000003, False)])
def test_whether_reading_moves_times_is_told_by_the_registry(value, is_kept, monkeypatch):
    """NtfsDisableLastAccessUpdate of Windows 7 and of Windows 10, under a key of our own."""
    monkeypatch.setattr(lastaccess, "_KEY", r"SOFTWARE\made by a test")
    with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, lastaccess._KEY) as key:
        winreg.SetValueEx(key, "NtfsDisableLastAccessUpdate", 0, winreg.REG_DWORD, value)
    lastaccess.is_kept.cache_clear()
    try:
        assert lastaccess.is_kept() is is_kept
    finally:
        winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, lastaccess._KEY)
        lastaccess.is_kept.cache_clear()
    assert lastaccess.is_kept() is None
    lastaccess.is_kept.cache_clear()


def test_a_file_is_opened_once_more_by_its_handle(tmp_path):
    """So the content of a deduplicated or compressed file is had, whatever lies under its name by then."""
    path = made(tmp_path, "a.txt", b"mine")
    with files.open_file(path, look=True) as file:
        with files.File(files.reopened(file.handle)) as again:
            assert again.read(10, 0) == b"mine"
        made(tmp_path, "b.txt", b"other")
        (tmp_path / "a.txt").rename(tmp_path / "c.txt")
        (tmp_path / "b.txt").rename(tmp_path / "a.txt")
        if WINE:  # 8.0: opens by the name
            with pytest.raises(OSError, match=str(errno.ESTALE)):
                files.reopened(file.handle)
        else:
            with files.File(files.reopened(file.handle)) as again:
                assert again.read(10, 0) == b"mine"


def test_shadow_copies_are_known_by_their_names_the_highest_first():
    """What only looks like one isn't."""
    names = ["HarddiskVolume2", "HarddiskVolumeShadowCopy9", "HarddiskVolumeShadowCopy12", "HarddiskVolumeShadowCopyX"]
    assert shadows.numbers(names) == [12, 9]


def test_the_newest_state_of_a_file_is_taken_from_the_copies_of_its_own_volume(tmp_path, monkeypatch):
    """Of several that have it, and none of another volume. Two folders stand for copies: there are none here."""
    path = made(tmp_path, "SYSTEM", b"live")
    place = files.place_of(path)
    with files.open_folder(place._replace(names=()).text) as root:
        serial = ntcalls.information(root.handle).serial
    types = (wintypes.BOOL, wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR)
    define = calls.function("kernel32", "DefineDosDeviceW", *types)
    for letter, when, data in (("M:", 1, b"old"), ("N:", 3, b"newest"), ("O:", 2, b"older"), ("P:", 9, b"foreign")):
        folder = tmp_path / letter[0] / Path(*place.names[:-1])
        folder.mkdir(parents=True)
        Path(long(folder), "SYSTEM").write_bytes(data)
        os.utime(folder / "SYSTEM", ns=(when * 10**18 // 10, when * 10**18 // 10))
        assert define(0, letter, str(tmp_path / letter[0]))
    copies = ((serial, "M:"), (serial, "N:"), (serial, "O:"), (serial + 1, "P:"))
    monkeypatch.setattr(shadows, "copies", lambda: copies)
    try:
        found = shadows.newest(place)
        assert found is not None
        with found:
            assert (found.shadow, found.read(10, 0)) == ("N:", b"newest")
        assert shadows.newest(place._replace(names=("none",))) is None
    finally:
        for letter in ("M:", "N:", "O:", "P:"):
            define(2, letter, None)


def test_a_volume_that_bitlocker_keeps_is_locked(tmp_path, monkeypatch):
    """Its code has the highest bit, of which Python would make an error of another kind that nobody expects."""
    monkeypatch.setattr(calls, "_dos_error", lambda _: 0x80310000)
    with pytest.raises(OSError) as told:  # noqa: PT011 - the number is looked at below
        files.open_folder(tmp_path / "not there")
    assert files.outcome_of(told.value) is Outcome.LOCKED
    assert files.gap_of(told.value, "what").reason == "what: error 80310000 of Windows"


def test_a_file_system_without_tags_is_read(tmp_path, monkeypatch):
    """FAT and exFAT answer ERROR_INVALID_PARAMETER to whoever asks a plain file for its reparse tag."""
    real, empty = ntcalls.ask, False

    def ask(handle, number, buffer):
        if number in (files._TAG, files._STREAMS):
            raise ctypes.WinError(87)
        if number == files._ID_BOTH_DIRECTORY + 1 and empty:
            raise ctypes.WinError(2)
        real(handle, number, buffer)

    monkeypatch.setattr(ntcalls, "ask", ask)
    below = tmp_path / "a"
    below.mkdir()
    path = made(below, "b")
    assert files.read_small(path) == b"content"
    assert files.names(os.fsencode(below)) == [b"b"]
    with files.open_file(path, look=True) as file:
        assert file.facts().size == len(b"content")
    empty = True  # the root of an empty stick has not even its dots
    assert files.names(os.fsencode(below)) == []
