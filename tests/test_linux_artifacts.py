"""What definitions name on a Linux host, friendly or hostile: copied once, within bounds, nobody leads us astray."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import live
import pytest
from test_trace import NEVER, traced

if sys.platform != "linux":
    pytest.skip("this room is Linux", allow_module_level=True)

from collector import definitions, expansion
from collector.host import taking
from collector.host.linux import Roots, commands, homes
from collector.host.linux.mounts import MountTable
from collector.host.posix import artifacts
from collector.host.posix.places import Finder, Match
from collector.host.ways import MAX_FOLDERS
from collector.model import Blob, Budget, Gap, Outcome, Profile, Request
from collector.reading import Reading
from collector.sources.artifacts import ArtifactSource
from collector.strictyaml import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = pytest.mark.root
SOMEBODY = 65534
"""A user number that is not ours."""


def definition(*paths: object, name: str = "Mine", kind: str = "FILE") -> definitions.Definition:
    """Return a definition of paths."""
    source = definitions.Source(kind, 1, paths=tuple(str(path) for path in paths))
    return definitions.Definition(name, "", (source,), "mine.yaml", 1)


def command(program: str, *arguments: str) -> definitions.Definition:
    source = definitions.Source("COMMAND", 1, program=program, arguments=arguments)
    return definitions.Definition("Mine", "", (source,), "mine.yaml", 1)


class Taken:
    """What a pass over definitions yielded, each blob read as the run reads it."""

    def __init__(
        self,
        *chosen: definitions.Definition,
        roots: Roots | None = None,
        exclude: tuple[bytes, ...] = (),
        programs: bool = False,
        **budget: int,
    ) -> None:
        profile = Profile("test", runs_programs=programs, budgets={"artifacts": Budget(**budget)})
        self.rows: list[dict] = []
        self.gaps: list[Gap] = []
        self.blobs: list[tuple[Blob, bytes]] = []
        for item in artifacts.items(roots or Roots(), Request(0, exclude=exclude, profile=profile), chosen):
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

    def said(self, reason: str) -> list[Gap]:
        """Return the gaps whose reason holds some words."""
        return [gap for gap in self.gaps if reason in gap.reason]

    def outcomes(self) -> dict[str, str]:
        """Return the outcome of each row by the last part of its path."""
        return {str(row["path"]).rpartition("/")[2]: row["outcome"] for row in self.rows}


def test_a_file_is_copied_with_its_times_and_owner(tmp_path):
    """Content, hash, size, all four times and the owner; atime is that of before we read it."""
    path = tmp_path / "log"
    path.write_bytes(b"a line\n" * 100_000)
    before = path.stat()
    taken = Taken(definition(path))
    ((blob, data),) = taken.blobs
    (row,) = taken.rows
    assert path.stat().st_atime_ns == before.st_atime_ns
    assert data == path.read_bytes()
    assert (blob.kind, blob.suffix, blob.subject) == ("file", ".bin", str(path))
    assert (row["sha256"], row["size"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert (row["mtime_ns"], row["atime_ns"]) == (str(before.st_mtime_ns), str(before.st_atime_ns))
    assert (row["owner"], row["mode"], row["outcome"]) == (before.st_uid, "0644", "collected")
    assert blob.source_times["ctime_ns"] == str(before.st_ctime_ns)
    assert blob.flags == []
    assert taken.gaps == []


def test_a_file_is_copied_once_whoever_names_it(tmp_path):
    """Two definitions and a hard link: one copy, and a row for each with the same device and inode."""
    path = tmp_path / "one"
    path.write_text("content")
    os.link(path, tmp_path / "two")
    taken = Taken(definition(tmp_path / "*"), definition(path, name="Other"))
    assert taken.copies == [b"content"]
    assert [(row["definition"], row["outcome"]) for row in taken.rows] == [
        ("Mine", "collected"), ("Mine", "again"), ("Other", "again"),
    ]  # fmt: skip
    assert len({(row["device"], row["inode"]) for row in taken.rows}) == 1


def test_what_is_not_there_is_told(tmp_path):
    """One row for a definition that applies and finds nothing; none for one of another system."""
    elsewhere = definitions.Definition("Theirs", "", definition("/x").sources, "", 1, ("Windows",))
    taken = Taken(definition(tmp_path / "none", tmp_path / "no/*"), elsewhere)
    assert [(row["definition"], row["path"], row["outcome"]) for row in taken.rows] == [("Mine", None, "absent")]
    assert taken.gaps == []


def test_an_empty_file_is_empty(tmp_path):
    """It is there, and nothing of it is missing: no copy and no gap."""
    (tmp_path / "log").touch()
    taken = Taken(definition(tmp_path / "log"))
    assert (taken.outcomes(), taken.copies, taken.gaps) == ({"log": "empty"}, [], [])


def test_nothing_but_a_file_is_opened(tmp_path):
    """A FIFO in the place of a log would hang whoever opens it; a socket and a folder are no content either."""
    os.mkfifo(tmp_path / "auth.log")
    (tmp_path / "folder").mkdir()
    taken = Taken(definition(tmp_path / "*"))
    assert taken.outcomes() == {"auth.log": "unsupported"}
    assert [gap.subject for gap in taken.gaps] == [str(tmp_path / "auth.log")]
    listed = Taken(definition(tmp_path / "*", kind="PATH"))
    assert listed.outcomes() == {"auth.log": "listed", "folder": "listed"}
    assert (listed.copies, listed.gaps) == ([], [])


def test_a_name_is_whatever_the_host_calls_it(tmp_path):
    """Newlines, escapes and bytes that are no text stand in rows as they are, and in no other form."""
    (tmp_path / "a\n\x1b[2J").write_text("x")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).write_text("y")
    taken = Taken(definition(tmp_path / "*"))
    assert [row["path"] for row in taken.rows] == [
        f"{tmp_path}/a\n\x1b[2J",
        {"text": f"{tmp_path}/\ufffd", "hex": (os.fsencode(tmp_path) + b"/\xff").hex()},
    ]


@ROOT
def test_a_link_of_somebody_else_leads_nowhere(tmp_path):
    """A user's `.bash_history` that leads to /etc/shadow, or a folder that leads to /etc: listed, never followed."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".bash_history").symlink_to("/etc/passwd")
    (home / ".ssh").symlink_to("/etc")
    for path in (home / ".bash_history", home / ".ssh", home):
        os.lchown(path, SOMEBODY, SOMEBODY)
    taken = Taken(definition(home / ".bash_history", home / ".ssh/passwd"))
    assert taken.copies == []
    assert [(row["outcome"], row["target"]) for row in taken.rows] == [("listed", "/etc/passwd")]
    assert [gap.subject for gap in taken.said("not the system's own")] == [str(home / ".ssh")]


@ROOT
def test_a_link_of_roots_own_is_followed(tmp_path):
    """A unit that is enabled is a link: it is listed, and what it leads to is copied."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/evil.service").write_text("[Service]")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/evil.service").symlink_to("../lib/evil.service")
    (tmp_path / "run").symlink_to("etc")
    taken = Taken(definition(tmp_path / "run/*.service"))
    assert taken.copies == [b"[Service]"]
    assert [row["outcome"] for row in taken.rows] == ["listed", "collected"]
    (tmp_path / "etc").chmod(0o777)  # now anybody could have put the link there
    assert Taken(definition(tmp_path / "run/*.service")).copies == []


def test_links_in_a_circle_end(tmp_path):
    """Links that lead to one another, and a folder that leads to itself."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "self").symlink_to(".")
    taken = Taken(definition(tmp_path / "a", tmp_path / "a/x", tmp_path / "self/self/self/**10"))
    assert taken.copies == []
    assert {row["type"] for row in taken.rows} == {"symlink"}


@ROOT
def test_what_may_not_be_read_is_a_gap(tmp_path):
    """As an ordinary user: a folder and a file of root are denied with their paths, and never told as empty."""
    for above in live.folders_of(tmp_path):
        above.chmod(0o711)
    (tmp_path / "locked").mkdir(mode=0o700)
    (tmp_path / "open").mkdir()
    (tmp_path / "open/secret").write_text("x")
    (tmp_path / "open/secret").chmod(0o600)
    os.seteuid(SOMEBODY)
    try:
        taken = Taken(definition(tmp_path / "locked/*", tmp_path / "open/*"))
        nothing = Taken(definition(tmp_path / "locked/*"))
    finally:
        os.seteuid(0)
    assert [row["outcome"] for row in nothing.rows] == ["denied"], "absent would be a claim"
    assert taken.outcomes() == {"secret": "denied"}
    assert [(gap.outcome, gap.subject) for gap in taken.gaps] == [
        (Outcome.DENIED, str(tmp_path / "locked")), (Outcome.DENIED, str(tmp_path / "open/secret")),
    ]  # fmt: skip


def test_a_file_that_grows_is_read_to_where_it_ended(tmp_path):
    """A log that is written faster than it is read: the copy has the size of the start, and is flagged."""
    path = tmp_path / "log"
    path.write_bytes(b"x" * 600_000)
    profile = Profile("test")
    for item in artifacts.items(Roots(), Request(0, profile=profile), [definition(path)]):
        assert isinstance(item, Blob)
        size = 0
        with path.open("ab") as growing:
            for chunk in item.chunks:
                size += len(chunk)
                growing.write(b"y" * len(chunk))
                growing.flush()
        assert size == 600_000
        assert item.flags == ["changed-while-reading"]


def test_a_file_that_shrinks_is_told(tmp_path):
    """A log that is rotated while it is read: what was there is kept, and flagged."""
    path = tmp_path / "log"
    path.write_bytes(b"x" * 600_000)
    for item in artifacts.items(Roots(), Request(0, profile=Profile("test")), [definition(path)]):
        assert isinstance(item, Blob)
        next(item.chunks)
        os.truncate(path, 10)
        assert b"".join(item.chunks) == b""
        assert item.flags == ["changed-while-reading"]


def test_budgets_leave_out_what_is_too_large_and_say_how_much(tmp_path):
    """One file too large (sparse, 1 TiB), then more than the bytes in all: smaller ones that follow still fit."""
    with (tmp_path / "0-sparse").open("wb") as sparse:
        sparse.truncate(1 << 40)
    for name, size in {"1": 4000, "2": 5000, "3": 4000}.items():
        (tmp_path / name).write_bytes(b"x" * size)
    taken = Taken(definition(tmp_path / "*"), file_bytes=6000, bytes=8000)
    assert taken.outcomes() == {"0-sparse": "over_limit", "1": "collected", "2": "over_limit", "3": "collected"}
    assert [gap.outcome for gap in taken.gaps] == [Outcome.OVER_LIMIT] * 3
    assert taken.said(f"1 files of {1 << 40} bytes in all were not copied: larger than 6000")
    assert taken.said("1 files of 5000 bytes in all were not copied: over the bytes")


def test_the_number_of_files_is_bounded(tmp_path):
    """A folder that somebody filled: so many are copied, and the rest counted; another definition has its turn."""
    live.files_in(tmp_path / "many", taking.MAX_MATCHES + 5)
    (tmp_path / "log").write_text("x")
    taken = Taken(definition(tmp_path / "many/*"), definition(tmp_path / "log", name="Other"), files=3)
    assert len(taken.copies) == 3
    assert len(taken.rows) == taking.MAX_MATCHES + 1
    assert taken.said(f"more than {taking.MAX_MATCHES} things")
    assert taken.said(f"{taking.MAX_MATCHES - 3 + 1} files of ")


def test_files_of_holes_take_no_room_of_others(tmp_path):
    """They cost an attacker nothing: a quarter of the bytes is all that they get."""
    for number in range(4):
        with (tmp_path / f"0-sparse{number}").open("wb") as sparse:
            sparse.truncate(100_000)
    (tmp_path / "log").write_bytes(b"x" * 300_000)
    taken = Taken(definition(tmp_path / "*"), bytes=440_000)
    assert taken.outcomes() == {"0-sparse0": "collected"} | dict.fromkeys(
        ("0-sparse1", "0-sparse2", "0-sparse3"), "over_limit"
    ) | {"log": "collected"}
    assert taken.said("3 files of 300000 bytes in all were not copied")


def test_one_home_crowds_out_no_other(tmp_path):
    """A pattern that is full ends there: the next one has its turn."""
    live.files_in(tmp_path / "many", taking.MAX_MATCHES + 5)
    (tmp_path / "log").write_text("x")
    both = definition(tmp_path / "many/*", tmp_path / "log")
    assert "log" in Taken(both, files=3).outcomes()


def test_a_definition_that_was_cut_is_told(tmp_path):
    """What was not looked through to its end is not `absent`."""
    taken = Taken(definition("/usr/**10/nosuchname*.zzz"), seconds=0.02)
    if taken.rows:
        assert [row["outcome"] for row in taken.rows] == ["timed_out"]
        assert taken.said("was not looked for to its end")


def test_time_that_is_over_is_told(tmp_path):
    """No time at all: nothing is copied, and the gap counts the definitions that had no turn."""
    (tmp_path / "log").write_text("x")
    taken = Taken(definition(tmp_path / "log"), definition(tmp_path / "log", name="Other"), seconds=0)
    assert (taken.rows, taken.copies) == ([], [])
    assert [(gap.outcome, gap.reason.split(" ")[0]) for gap in taken.gaps] == [(Outcome.TIMED_OUT, "2")]


def test_deep_folders_are_bounded(tmp_path):
    """`**2` looks two levels deep, and a middle `**` needs none."""
    for path in ("x", "a/x", "a/b/x", "a/b/c/x"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(path)
    assert Taken(definition(tmp_path / "**2")).copies == [b"a/x", b"x"]
    assert Taken(definition(tmp_path / "**2/x")).copies == [b"x", b"a/x", b"a/b/x"]
    assert Taken(definition(tmp_path / "a/**1/x")).copies == [b"a/x", b"a/b/x"]


def test_the_folders_of_a_path_are_bounded(tmp_path):
    """`**` in the middle, twice, over a tree: what is over the limit is a gap, and the way ends there."""
    for number in range(200):
        (tmp_path / str(number) / "a").mkdir(parents=True)
    path = tmp_path / "/".join(["**10"] * 8) / "none"
    taken = Taken(definition(path))
    assert [gap.outcome for gap in taken.said(f"more than {MAX_FOLDERS} folders")] == [Outcome.OVER_LIMIT]


def test_the_bundle_is_never_looked_into(tmp_path):
    """What we write ourselves is no trace of the host, by whatever link it is reached."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle/log").write_text("ours")
    (tmp_path / "link").symlink_to("bundle")
    (tmp_path / "log").write_text("theirs")
    taken = Taken(definition(tmp_path / "**", tmp_path / "link/log"), exclude=(os.fsencode(tmp_path / "bundle"),))
    assert taken.copies == [b"theirs"]


def mounted_as(tmp_path: Path, filesystem: str, place: Path) -> Roots:
    """Return roots whose table of mounts says that a file system of some type lies at a place."""
    (tmp_path / "proc/self").mkdir(parents=True)
    lines = ["1 0 8:1 / / rw - ext4 /dev/sda1 rw", f"2 1 0:50 / {place} rw - {filesystem} somewhere rw"]
    (tmp_path / "proc/self/mountinfo").write_text("\n".join(lines) + "\n")
    return Roots(proc=str(tmp_path / "proc"))


@pytest.mark.parametrize("filesystem", ["nfs4", "cifs", "fuse.sshfs", "autofs", "whatever"])
def test_no_file_system_that_may_hang_is_touched(tmp_path, filesystem):
    """Named, globbed or below `**`: what lies there is not looked at, and the gap names the place."""
    place = tmp_path / "home/net"
    place.mkdir(parents=True)
    (place / "log").write_text("far away")
    roots = mounted_as(tmp_path, filesystem, place)
    for path in ("home/net/log", "home/*/log", "home/**", "home/**3/log"):
        taken = Taken(definition(tmp_path / path), roots=roots)
        assert taken.copies == []
        assert {gap.subject for gap in taken.gaps} == {str(place)}, path


def test_what_the_kernel_makes_is_entered_by_name_only(tmp_path):
    """`*` and `**` don't wander into a pseudo file system; a path that names it does."""
    place = tmp_path / "root/proc"
    place.mkdir(parents=True)
    (place / "version").write_text("made")
    roots = mounted_as(tmp_path, "proc", place)
    assert Taken(definition(tmp_path / "root/*/version", tmp_path / "root/**"), roots=roots).copies == []
    assert Taken(definition(place / "version"), roots=roots).copies == [b"made"]


def test_a_file_of_the_kernel_is_read_though_its_size_is_none():
    """/proc says 0 bytes of each of its files; what they hold is copied within the limit for one file."""
    taken = Taken(definition("/proc/version", "/proc/self/status"))
    assert taken.copies[0] == Path("/proc/version").read_bytes()
    assert len(taken.copies) == 2
    cut = Taken(definition("/proc/version"), file_bytes=5)
    assert cut.copies == [Path("/proc/version").read_bytes()[:5]]
    assert [gap.outcome for gap in cut.gaps] == [Outcome.OVER_LIMIT]


def test_the_log_of_the_kernel_is_not_drained():
    """Who reads /proc/kmsg takes lines away from everybody else."""
    taken = Taken(definition("/proc/kmsg"))
    assert [row["outcome"] for row in taken.rows] in (["unsupported"], ["absent"])
    assert taken.copies == []


def test_registry_and_wmi_are_one_gap_each():
    """What Windows alone has is counted by type, not told for each definition."""
    sources = (definitions.Source("REGISTRY_KEY", 1, keys=("HKEY_USERS",)), definitions.Source("WMI", 1, query="x"))
    taken = Taken(*[definitions.Definition(f"D{n}", "", sources, "", 1) for n in range(3)])
    assert [gap.reason for gap in taken.gaps] == [
        "REGISTRY_KEY: there is no registry on this system: 3 sources of definitions",
        "WMI: there is no WMI on this system: 3 sources of definitions",
    ]


def test_homes_are_those_of_accounts(tmp_path):
    """A home that is the whole system, or a large part of it, is none; the others count, people's first."""
    lines = ["root:x:0:0::/root:/bin/sh", "bin:x:2:2::/bin:/x", "sys:x:3:3::/:/x", "mail:x:8:8::/var/mail:/x"]
    lines += ["w:x:33:33::/var:/x", "t:x:34:34::/tmp:/x", "evil:x:1001:1::/../etc:/x", "anne:x:1000:1::/home/a*:/x"]
    (tmp_path / "passwd").write_text("\n".join(lines) + "\n")
    facts, gap = homes.facts(Roots(etc=str(tmp_path)), MountTable(Roots()))
    found = [user["users.homedir"] for user in facts.users]
    assert gap is None
    assert [home for home in found if not home.startswith(b"/home/") or home == b"/home/a*"] == [
        b"/root", b"/home/a*", b"/var/mail",
    ]  # fmt: skip
    assert homes.facts(Roots(etc=str(tmp_path / "none")), MountTable(Roots()))[1] is not None


def test_a_folder_swapped_for_a_link_leads_nowhere(tmp_path):
    """Between the look and the entry somebody puts a link in the folder's place: nothing behind it is found."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home/a").mkdir()
    (tmp_path / "home/b").mkdir()
    (tmp_path / "home/b/log").write_text("x")
    finder = Finder(MountTable(Roots()), (), time.monotonic() + 60)
    (pattern,) = expansion.expand(f"{tmp_path}/home/**2", "/", expansion.Facts("Linux"))
    seen = []
    for found in finder.find(pattern):
        assert isinstance(found, Match)
        seen.append(found.path)
        if found.name == b"b":
            (tmp_path / "home/b").rename(tmp_path / "home/c")
            (tmp_path / "home/b").symlink_to("/etc")
    assert not [path for path in seen if b"passwd" in path]


# Programs of the host: profile `full` only.


def output(program: str, *arguments: str, **budget: int) -> tuple[Taken, dict]:
    taken = Taken(command(program, *arguments), programs=True, **budget)
    (row,) = taken.rows
    return taken, row


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_program_runs_only_where_the_profile_says_so():
    """Triage and standard: a row, one gap that counts, and no process."""
    taken = Taken(command("/usr/bin/touch", "/tmp/never"), command("/bin/true"))
    assert [row["outcome"] for row in taken.rows] == ["unsupported", "unsupported"]
    assert [gap.reason for gap in taken.gaps] == [
        "the profile test runs no program of this machine: 2 sources of definitions"
    ]
    assert taken.copies == []


def test_what_a_program_says_is_kept_with_its_hash_and_end():
    """Output, arguments, exit code, and the hash of the very file that ran."""
    taken, row = output("/bin/echo", "a b", "c")
    assert taken.copies == [b"a b c\n"]
    assert (row["outcome"], row["exit_code"], row["arguments"]) == ("collected", 0, ["a b", "c"])
    assert row["program_sha256"] == hashlib.sha256(Path("/bin/echo").read_bytes()).hexdigest()
    assert taken.blobs[0][0].kind == "command"


def test_no_shell_sees_an_argument(tmp_path):
    """Whatever a shell would run, expand or divide stays one argument."""
    hostile = f"$(touch {tmp_path}/x) `id` ; id | id && * ~ $HOME \n'\""
    taken, _ = output("/bin/echo", hostile)
    assert taken.copies == [hostile.encode() + b"\n"]
    assert list(tmp_path.iterdir()) == []


def test_a_program_sees_nothing_of_the_operator():
    """One variable, the root as folder, nothing on standard input, no open file of ours but itself."""
    assert output("/usr/bin/env")[0].copies == [b"LANG=C.UTF-8\n"]
    assert output("/bin/pwd")[0].copies == [b"/\n"]
    assert output("/bin/cat")[0].copies == [b""]
    listed = output("/bin/ls", "-l", "/proc/self/fd")[0].copies[0].decode()
    held = {one for one in re.findall(r" -> (\S+)", listed) if not one.startswith(("pipe:", "/proc/"))}
    assert held == {"/dev/null", os.path.realpath("/bin/ls")}


def test_a_program_that_fails_says_so():
    """Its exit code and the start of what it complained of."""
    taken, row = output("/bin/ls", "/nowhere-at-all")
    assert row["exit_code"] == 2
    assert row["outcome"] == "empty"
    (gap,) = taken.said("a program ended with 2")
    assert "nowhere-at-all" in gap.subject


def test_a_program_that_is_not_there_is_absent():
    """No gap: that it is not installed is what the row says."""
    taken, row = output("/usr/bin/no-such-program")
    assert (row["outcome"], taken.gaps, taken.copies) == ("absent", [], [])


def test_endless_output_is_bounded():
    """`yes` is ended once it has said enough; what it said first is kept, and flagged."""
    taken, row = output("/usr/bin/yes")
    assert [len(data) for data in taken.copies] == [commands.MAX_OUTPUT]
    assert (row["size"], row["outcome"], row["exit_code"]) == (commands.MAX_OUTPUT, "over_limit", "-9")
    assert taken.blobs[0][0].flags == ["cut"]
    assert taken.said("wrote more than")


TREE = (
    "sleep 1000 & echo $!; setsid sleep 1000 & echo $!; "
    "(setsid sh -c 'sleep 1000 & echo $!; sleep 1000' &); echo $$; "
)
"""Starts a child, one in a session of its own, and one that its parent leaves behind."""


def test_a_program_that_hangs_is_killed_with_all_that_it_started():
    """Children, those in a session of their own and those of parents that ended: none is left."""
    taken, row = output("/bin/sh", "-c", TREE + "sleep 1000", seconds=3)
    pids = [int(pid) for pid in taken.copies[0].split()]
    assert len(pids) == 4
    assert [pid for pid in pids if running(pid)] == []
    assert (row["outcome"], row["exit_code"]) == ("timed_out", "-9")
    assert taken.said("ran longer than")


def test_what_a_program_leaves_behind_is_killed():
    """It ends at once and its children hold its output open: that neither keeps us nor lasts."""
    taken, row = output("/bin/sh", "-c", TREE + "sleep 1; exit 3", seconds=60)
    pids = [int(pid) for pid in taken.copies[0].split()]
    assert len(pids) == 4
    assert [pid for pid in pids if running(pid)] == []
    assert row["exit_code"] == 3


def test_a_run_that_stops_ends_the_program():
    """A signal, `--max-time` or a full disk abandon the source: the program ends with it."""
    request = Request(0, profile=Profile("test", runs_programs=True))
    reading = Reading("artifacts", artifacts.items(Roots(), request, [command("/bin/sh", "-c", TREE + "sleep 1000")]))
    reading.start()
    said = b""
    for delivery in reading.deliveries():
        said += getattr(delivery, "data", b"")
        if said.count(b"\n") == 4:
            break
    reading.abandon()
    reading.join()
    assert [pid for pid in map(int, said.split()) if running(pid)] == []


@ROOT
@pytest.mark.parametrize("how", ["another's", "writable", "folder writable", "not executable"])
def test_a_program_that_others_may_change_is_not_run(tmp_path, how):
    """Whoever can write it chooses what runs as root: refused with the reason, and nothing ran."""
    folder = Path("/var/lib") / f"test-{tmp_path.name}-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        program = folder / "tool"
        program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho ran\n")
        program.chmod(0o755)
        trusted, _ = output(str(program))
        assert trusted.copies == [b"ran\n"], "the refusals below would prove nothing"
        (tmp_path / "ran").unlink()
        if how == "another's":
            os.chown(program, SOMEBODY, SOMEBODY)
        elif how == "not executable":
            program.chmod(0o644)
        else:
            path = program if how == "writable" else folder
            path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o020)
        taken, row = output(str(program))
        assert (row["outcome"], taken.copies) == ("denied", [])
        assert taken.said("was not run")
        assert not (tmp_path / "ran").exists()
    finally:
        with contextlib.suppress(OSError):
            (folder / "tool").unlink()
        folder.rmdir()


# Whole runs.


@pytest.fixture
def own(tmp_path) -> Iterator[Path]:
    """Return a folder with one definition, of a file of 6 MB and of an absent one."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "evidence").write_bytes(os.urandom(6_000_000))
    text = "name: Mine\ndoc: Mine.\nsources:\n- type: FILE\n  attributes: {paths: ['PATH', '/etc/passwd']}\n"
    (tmp_path / "rules/mine.yaml").write_text(text.replace("PATH", str(tmp_path / "evidence")))
    definitions.read(Document("mine.yaml", (tmp_path / "rules/mine.yaml").read_bytes()))
    return tmp_path


@pytest.mark.slow
def test_an_experts_definitions_come_first(own, out):
    """With `--rules DIR` what they name is in the bundle before anything else of the source, and rows say where."""
    args = ["--rules", own / "rules", "--profile", "triage", "--scan", own / "rules"]
    assert live.collect(out, *args).code in live.SEALED
    bundle = live.only_bundle(out)
    first, second, *_ = bundle.rows("artifacts")
    assert [row["definition"] for row in (first, second)] == ["Mine", "Mine"]
    assert (bundle.path / first["artifact"]).read_bytes() == (own / "evidence").read_bytes()
    (record,) = [one for one in bundle.artifacts("file") if one["path"] == first["artifact"]]
    assert (record["source"], record["subject"]) == ("artifacts", str(own / "evidence"))
    assert record["sha256"] == first["sha256"]
    (table,) = bundle.artifacts("artifacts")
    assert table["rows"] == len(bundle.rows("artifacts"))
    collected = [row for row in bundle.rows("artifacts") if row["outcome"] == "collected"]
    assert {row["artifact"] for row in collected} == {one["path"] for one in bundle.artifacts("file")}
    assert bundle.gaps("recent-files") == [], "trees that were named are listed, in triage too"
    live.assert_sealed(bundle.path)


@ROOT
@pytest.mark.slow
def test_a_disk_that_fills_up_keeps_the_table(own, mounted):
    """The copy that did not fit is flagged `cut`, its row stands in the table, and the bundle is closed and whole."""
    disk = mounted("-t", "tmpfs", "-o", "size=6m", "none")
    done = live.collect(disk, "--rules", own / "rules", "--profile", "triage", "--scan", own / "rules")
    assert done.code == 3
    bundle = live.only_bundle(disk)
    (record,) = bundle.artifacts("file")
    assert "cut" in record["flags"]
    assert live.run("verify", bundle.path).code == 0


@ROOT
@pytest.mark.slow
def test_triage_starts_no_program_of_the_host(own, out, tmp_path):
    """What the kernel saw: one execve, our own, and no call that changes the host."""
    args = ["--case", "T1", "--out", out, "--profile", "triage", "--rules", own / "rules", "--scan", own / "rules"]
    trace = traced(tmp_path / "calls", *args, "--json", "--quiet", timeout=600)
    assert trace.code in live.SEALED
    assert [call.name for call in trace.of(*NEVER)] == ["execve"]
    assert live.only_bundle(out).artifacts("file")
