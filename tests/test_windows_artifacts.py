"""What definitions name on a Windows host, friendly or hostile: copied once, within bounds, nobody leads us astray.

Under Wine there are no junctions, no symbolic links, no shadow copies and no owners; what follows them is tested where
such a file can be had (tests of `collector.host.windows.files`) or by its bytes.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import time
from ctypes import wintypes
from pathlib import Path

import psutil
import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

from collector import definitions
from collector.host import taking, ways
from collector.host.windows import artifacts, calls, commands, files, profiles
from collector.model import Blob, Budget, Gap, Outcome, Profile, Request
from collector.sources.artifacts import ArtifactSource
from collector.winformats.paths import Place

WINE = calls.under_wine()


def definition(*paths: object, name: str = "Mine", kind: str = "FILE") -> definitions.Definition:
    source = definitions.Source(kind, 1, paths=tuple(str(path) for path in paths), separator="\\")
    return definitions.Definition(name, "", (source,), "mine.yaml", 1)


def command(program: str, *arguments: str) -> definitions.Definition:
    source = definitions.Source("COMMAND", 1, program=program, arguments=arguments)
    return definitions.Definition("Mine", "", (source,), "mine.yaml", 1)


class Taken:
    """What a pass over definitions yielded, each blob read as the run reads it."""

    def __init__(
        self, *chosen: definitions.Definition, exclude: tuple[bytes, ...] = (), programs: bool = False, **budget: int
    ) -> None:
        profile = Profile("test", runs_programs=programs, budgets={"artifacts": Budget(**budget)})
        self.rows: list[dict] = []
        self.gaps: list[Gap] = []
        self.blobs: list[tuple[Blob, bytes]] = []
        for item in artifacts.items(Request(0, exclude=exclude, profile=profile), chosen):
            if isinstance(item, Gap):
                self.gaps.append(item)
            elif isinstance(item, Blob):
                self.blobs.append((item, b"".join(item.chunks)))
                self.rows.append(item.row)
            else:
                self.rows.append(item)
        assert all(list(row) == list(ArtifactSource.columns) for row in self.rows)

    @property
    def copies(self) -> list[bytes]:
        return [data for _, data in self.blobs]

    def told(self) -> list[tuple]:
        return [(row["path"] and row["path"].rpartition("\\")[2], row["outcome"]) for row in self.rows]


def test_a_file_is_copied_once_with_its_facts(tmp_path):
    """Two definitions name it, in different case: one copy, two rows, its hash and its times."""
    (tmp_path / "Évidence.txt").write_bytes(b"what is to be kept")
    path = tmp_path / "évidence.TXT"
    taken = Taken(definition(tmp_path / "*.txt"), definition(path, name="Again"))
    assert taken.copies == [b"what is to be kept"]
    assert taken.told() == [("Évidence.txt", "collected"), ("évidence.TXT", "again")]
    row, stat = taken.rows[0], (tmp_path / "Évidence.txt").stat()
    assert row["sha256"] == hashlib.sha256(b"what is to be kept").hexdigest()
    assert (row["size"], row["type"], int(row["mtime_ns"]), row["definition"]) == (18, "file", stat.st_mtime_ns, "Mine")
    assert taken.blobs[0][0].source_times["mtime_ns"] == str(stat.st_mtime_ns)


def test_patterns_find_what_they_name(tmp_path):
    """`*`, `?`, `**2` and a plain name, in either case; folders are no files, and PATH lists them."""
    for name in ("a.log", "B.LOG", "sub/c.log", "sub/d/e.log", "sub/d/f/g.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)

    def found(*paths, kind="FILE"):
        return [name for name, _ in Taken(definition(*paths, kind=kind)).told()]

    assert found(tmp_path / "*.Log") == ["B.LOG", "a.log"]
    assert found(tmp_path / "?.log") == ["B.LOG", "a.log"]
    assert found(tmp_path / "SUB" / "C.log") == ["C.log"]
    assert found(tmp_path / "**2") == ["B.LOG", "a.log", "c.log"]
    assert found(tmp_path / "**3" / "*.log") == ["B.LOG", "a.log", "c.log", "e.log", "g.log"]
    assert found(tmp_path / "*" / "c.log") == ["c.log"]
    assert found(tmp_path, tmp_path / "s*", kind="PATH") == [tmp_path.name, "sub"]
    assert found(tmp_path / "none") == [None]


def test_a_path_without_a_drive_is_looked_for_on_each():
    r"""`\windows\win.ini` means the root of every local drive."""
    taken = Taken(definition("\\windows\\win.ini"))
    assert [row["path"] for row in taken.rows] == ["C:\\windows\\win.ini"]


@pytest.mark.parametrize(
    "path", ["\\\\server\\share\\x", "C:\\windows\\win.ini:stream", "C:\\a|b", "Q:\\x", "C:\\windows\\win.ini\\below"]
)
def test_what_is_no_file_of_this_machine_is_not_opened(path):
    """A server, a stream, letters that no name has, no drive, a file as a folder: nothing is copied."""
    taken = Taken(definition(path))
    assert taken.copies == []
    assert {outcome for _, outcome in taken.told()} <= {"absent", "unsupported"}


def test_hostile_names_are_kept(tmp_path):
    """A device's name, a last dot and space, a turned reading direction: told as they are, and copied."""
    names = ["con.txt", "aux", "dot.", "space ", "a\u202egpj.exe"]
    for name in names:
        Path(f"\\\\?\\{tmp_path}\\{name}").write_bytes(b"x" + name[:3].encode())
    taken = Taken(definition(tmp_path / "*"))
    assert {row["path"] for row in taken.rows} == {f"{tmp_path}\\{name}" for name in names}
    assert sorted(taken.copies) == sorted(b"x" + name[:3].encode() for name in names)


def test_a_long_path_is_copied(tmp_path):
    """Beyond 260 letters Windows' own programs stop; we don't."""
    folder = Path("\\\\?\\" + str(tmp_path), *["d" * 60] * 6)
    folder.mkdir(parents=True)
    (folder / "deep.txt").write_bytes(b"deep")
    taken = Taken(definition(tmp_path / "**7"))
    assert taken.copies == [b"deep"]
    assert len(taken.rows[0]["path"]) > 360


def lock(path: Path):
    """Open a file so that nobody else may, as a registry hive is."""
    handle, number = wintypes.HANDLE, wintypes.DWORD
    types = (wintypes.LPCWSTR, number, number, ctypes.c_void_p, number, number, handle)
    create = calls.function("kernel32", "CreateFileW", handle, *types)
    handle = create(str(path), 0xC0000000, 0, None, 3, 0, None)
    assert handle not in (None, 0xFFFF_FFFF_FFFF_FFFF)
    return handle


def test_a_locked_file_is_a_gap_that_says_what_helps(tmp_path):
    """No shadow copy has it: its row, `locked`, and how the expert gets it."""
    path = tmp_path / "NTUSER.DAT"
    path.write_bytes(b"regf")
    with calls.closing(lock(path)):
        taken = Taken(definition(path))
    assert taken.told() == [("NTUSER.DAT", "locked")]
    ((outcome, reason),) = [(gap.outcome, gap.reason) for gap in taken.gaps]
    assert outcome is Outcome.LOCKED
    assert "reg save" in reason
    assert taken.rows[0]["size"] == 4, "its facts are had all the same"


def test_what_comes_from_a_shadow_copy_says_so(tmp_path, monkeypatch):
    """The copy is older than the file: a flag, its own times, and a method that says what was read."""
    path, older = tmp_path / "SYSTEM", tmp_path / "older"
    path.write_bytes(b"now")
    older.write_bytes(b"an hour ago")

    def from_copy(_: object) -> files.File:
        file = files.open_file(str(older))
        file.shadow = "HarddiskVolumeShadowCopy7"
        return file

    monkeypatch.setattr(files, "open_or_shadow", from_copy)
    taken = Taken(definition(path))
    ((blob, data),) = taken.blobs
    assert data == b"an hour ago"
    assert (taken.rows[0]["flags"], taken.rows[0]["outcome"]) == ([], "collected")
    assert blob.flags == ["shadow-copy"]
    assert "shadow copy" in blob.method
    assert blob.source_times["mtime_ns"] == str(older.stat().st_mtime_ns)


def test_another_file_in_its_place_is_not_copied(tmp_path, monkeypatch):
    """Between the look and the copy somebody put another file there."""
    path, other = tmp_path / "found", tmp_path / "other"
    path.write_bytes(b"found")
    other.write_bytes(b"secret of another")
    monkeypatch.setattr(files, "open_or_shadow", lambda _: files.open_file(str(other)))
    taken = Taken(definition(path))
    assert (taken.copies, taken.told()) == ([], [("found", "failed")])


def test_budgets_are_kept_and_what_is_left_out_is_counted(tmp_path):
    """One file too large, then as many as the bytes in all allow, then none."""
    for name, size in (("a", 10), ("b", 1000), ("c", 10), ("d", 10)):
        (tmp_path / name).write_bytes(b"x" * size)
    taken = Taken(definition(tmp_path / "*"), file_bytes=100, bytes=25)
    assert [outcome for _, outcome in taken.told()] == ["collected", "over_limit", "collected", "over_limit"]
    assert {gap.outcome for gap in taken.gaps} == {Outcome.OVER_LIMIT}
    assert any("1 files of 10 bytes" in gap.reason for gap in taken.gaps)
    assert Taken(definition(tmp_path / "*"), files=1).told()[1:] == [
        ("b", "over_limit"), ("c", "over_limit"), ("d", "over_limit"),
    ]  # fmt: skip


def test_bounds_of_a_pattern(tmp_path, monkeypatch):
    """A folder that somebody filled, and one that leads down without end, end by their limits."""
    for number in range(6):
        (tmp_path / f"{number}").mkdir()
    monkeypatch.setattr(taking, "MAX_MATCHES", 3)
    listed = Taken(definition(tmp_path / "*", kind="PATH"))
    assert len(listed.rows) == 3
    assert "more than 3 things" in listed.gaps[0].reason
    monkeypatch.setattr(ways, "MAX_FOLDERS", 2)
    assert "more than 2 folders" in Taken(definition(tmp_path / "**" / "x")).gaps[0].reason
    monkeypatch.setattr(ways, "MAX_ENTRIES", 2)
    assert "more than 2 names" in Taken(definition(tmp_path / "*", kind="PATH")).gaps[0].reason


def test_the_bundle_is_never_looked_into(tmp_path):
    """What the run writes is not evidence of the host."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "own").write_text("x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "theirs").write_text("x")
    exclude = (os.fsencode(str(tmp_path / "BUNDLE")),)
    taken = Taken(definition(tmp_path / "**2", tmp_path / "bundle" / "own"), exclude=exclude)
    assert [name for name, _ in taken.told()] == ["theirs"]


def test_empty_absent_and_listed_are_not_the_same(tmp_path):
    """An empty file, a file that is not there, a path that is only listed."""
    (tmp_path / "empty").touch()
    paths = definition(tmp_path / "empty"), definition(tmp_path / "none"), definition(tmp_path / "empty", kind="PATH")
    assert [outcome for _, outcome in Taken(*paths).told()] == ["empty", "absent", "listed"]


def test_registry_sources_are_left_to_their_own_source():
    """What the source `registry` takes is no row here and no gap; WMI is one gap with its reason."""
    key = definitions.Source("REGISTRY_KEY", 1, keys=("HKEY_LOCAL_MACHINE\\Software",))
    wmi = definitions.Source("WMI", 1, query="SELECT * FROM Win32_ShadowCopy")
    taken = Taken(definitions.Definition("Mine", "", (key, wmi), "mine.yaml", 1))
    assert taken.rows == []
    assert [gap.outcome for gap in taken.gaps] == [Outcome.UNSUPPORTED]
    assert "WMI is not asked" in taken.gaps[0].reason


# Programs of the host.


@pytest.fixture
def ours(monkeypatch):
    """Let programs run whose owner is us: under Wine all files are."""
    with files.open_file("C:\\windows\\system32\\cmd.exe", look=True) as file:
        monkeypatch.setattr(commands, "OWNERS", commands.OWNERS | {file.owner()})


CMD = "%%environ_systemroot%%\\System32\\cmd.exe"


def test_a_program_runs_only_where_the_profile_says_so(ours):
    """Its output, its hash and its code; and in the default profile nothing of it."""
    taken = Taken(command(CMD, "/c", "echo", "été"), programs=True)
    ((row,), (output,)) = taken.rows, taken.copies
    assert (row["type"], row["outcome"], row["exit_code"], row["flags"]) == ("command", "collected", 0, [])
    assert output.endswith(b"\r\n")
    assert row["program_sha256"] == hashlib.sha256(Path("C:/windows/system32/cmd.exe").read_bytes()).hexdigest()
    assert row["sha256"] == hashlib.sha256(output).hexdigest()
    refused = Taken(command(CMD, "/c", "echo", "x"))
    assert (refused.copies, refused.rows[0]["outcome"]) == ([], "unsupported")


def test_nothing_of_our_environment_reaches_it(ours, monkeypatch):
    """Secrets of whoever runs us, and a PATH that somebody planted, stay outside."""
    monkeypatch.setenv("SECRET_OF_OURS", "1")
    monkeypatch.setenv("COMSPEC", "C:\\lie.exe")
    (output,) = Taken(command(CMD, "/c", "set"), programs=True).copies
    assert b"SECRET_OF_OURS" not in output
    assert b"lie.exe" not in output
    assert b"SystemRoot=C:\\windows" in output


@pytest.mark.parametrize(
    "program", ["%%environ_programdata%%\\x.exe", "C:\\windows\\regedit.exe", "C:\\windows\\System32\\..\\x.exe",
                "C:\\windows\\System32x\\a.exe", "cmd.exe", "\\\\server\\share\\x.exe"]
)  # fmt: skip
def test_programs_elsewhere_do_not_run(ours, program):
    """Only what Windows itself keeps below System32 runs, named by its whole path."""
    taken = Taken(command(program), programs=True)
    assert taken.copies == []
    assert {gap.outcome for gap in taken.gaps} <= {Outcome.DENIED, Outcome.UNSUPPORTED}
    assert {outcome for _, outcome in taken.told()} <= {"denied", "unsupported", "absent"}


def test_a_program_of_somebody_else_does_not_run():
    """A file below System32 that a person owns was not put there by Windows."""
    taken = Taken(command(CMD, "/c", "echo", "x"), programs=True)
    if WINE:  # all files are ours there, and we are a person
        assert taken.copies == []
        assert [gap.outcome for gap in taken.gaps] == [Outcome.DENIED]
    else:
        assert taken.copies == [b"x\r\n"]


def test_a_program_and_its_children_end_with_the_time(ours, monkeypatch):
    """What it started in the background, too: nothing of it lives on."""
    monkeypatch.setattr(commands, "SECONDS", 8)
    inner = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(66)']); "
    script = inner + "print('started', flush=True); time.sleep(66)"
    monkeypatch.setattr(commands, "_program", lambda *_: (sys.executable, None))
    with files.open_file(sys.executable, look=True) as file:
        monkeypatch.setattr(commands, "OWNERS", {file.owner()})
    started = time.monotonic()
    taken = Taken(command("C:\\windows\\System32\\python.exe", "-c", script), programs=True)
    assert time.monotonic() - started < 40
    assert taken.copies == [b"started\r\n"]
    assert (taken.rows[0]["outcome"], taken.rows[0]["flags"]) == ("timed_out", [])
    assert [gap.outcome for gap in taken.gaps] == [Outcome.TIMED_OUT]
    living = []
    for process in psutil.process_iter():
        try:
            living.append(" ".join(process.cmdline()))
        except (OSError, psutil.Error):
            continue
    assert not [line for line in living if "time.sleep(66)" in line]


def test_output_without_end_is_cut(ours, monkeypatch):
    """A program that writes on and on is ended; what fits is kept and marked."""
    monkeypatch.setattr(commands, "MAX_OUTPUT", 100)
    monkeypatch.setattr(commands, "_program", lambda *_: (sys.executable, None))
    with files.open_file(sys.executable, look=True) as file:
        monkeypatch.setattr(commands, "OWNERS", {file.owner()})
    taken = Taken(command("C:\\windows\\System32\\p.exe", "-c", "while 1: print('x' * 50)"), programs=True)
    assert [len(data) for data in taken.copies] == [100]
    assert taken.blobs[0][0].flags == ["cut"]
    assert [gap.outcome for gap in taken.gaps] == [Outcome.OVER_LIMIT]


def test_what_a_program_complains_of_is_told(ours):
    """A code other than 0 is a gap with what it wrote to standard error."""
    taken = Taken(command(CMD, "/c", "echo oops 1>&2 & exit 3"), programs=True)
    assert taken.rows[0]["exit_code"] == 3
    assert [gap.reason for gap in taken.gaps] == ["a program ended with 3"]
    assert "oops" in str(taken.gaps[0].subject)


def test_profiles_are_where_definitions_look():
    """The file of a user's own folder is found through the registry's list of profiles."""
    home = os.fsdecode(next(user["users.userprofile"] for user in profiles.profiles().facts.users))
    marker = Path(home) / "AppData" / "Roaming" / "rançon-test.txt"
    marker.write_text("x")
    try:
        taken = Taken(definition("%%users.appdata%%\\RANÇON-*.txt"))
    finally:
        marker.unlink()
    assert [row["path"] for row in taken.rows] == [str(marker)]


def test_a_place_is_what_the_pattern_says():
    """The root of a volume, as a path of one part, is a folder like others."""
    assert Place("C:", ()).text == "C:\\"
    listed = Taken(definition("C:\\*", kind="PATH"))
    assert "windows" in [name.lower() for name, _ in listed.told()]
