"""What ran: the staged attack is found with its file and its key, and processes that resist are told as gaps.

Only processes of the tests themselves are looked at: by their number, or in a PID namespace of the test.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import json
import mmap
import os
import shutil
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import attack
import live
import pytest

from collector import corefile
from collector.model import Blob, Gap, Outcome, Request
from collector.sources.suspects import SuspectSource

if sys.platform != "linux":
    pytest.skip("Linux only", allow_module_level=True)

from collector.host import patience
from collector.host.linux import Roots, copies, mappings, memory, mounts, suspects

ROOT = [pytest.mark.root, pytest.mark.skipif(os.geteuid() != 0, reason="needs root")]
PAGE = mmap.PAGESIZE
SECRET = hashlib.sha256(b"what the tests look for").digest()
MAKE_SECRET = "import hashlib; secret = hashlib.sha256(b'what the tests look for').digest()"
"""Of a child: it stands in none of its files."""
LIBC = "import ctypes, mmap; libc = ctypes.CDLL(None); at = lambda m: ctypes.addressof(ctypes.c_char.from_buffer(m))"


@contextlib.contextmanager
def child(code, *, program="/usr/bin/python3", folder=None, **options):
    """Run a program that says one JSON value when it is ready; yields the process and it. `wait()` waits for a line."""
    words = "import json, sys, os\ndef wait(): sys.stdin.readline()\ndef say(x): print(json.dumps(x), flush=True)\n"
    arguments, pipe = [program, "-S", "-c", words + code + "\nwait()"], subprocess.PIPE
    process = subprocess.Popen(arguments, stdin=pipe, stdout=pipe, cwd=folder, **options)
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@dataclass
class Core:
    """A core file, read with nothing but the layout of ELF."""

    data: bytes

    @functools.cached_property
    def loads(self):
        """Return address, length, offset and stored bytes of each PT_LOAD, in the order of the file."""
        start, count = struct.unpack_from("<Q", self.data, 32)[0], struct.unpack_from("<H", self.data, 56)[0]
        found = [struct.unpack_from("<IIQQQQQQ", self.data, start + 56 * number) for number in range(count)]
        return [(address, length, offset, size) for kind, _, offset, address, _, size, length, _ in found if kind == 1]

    def at(self, address, length):
        """Return the bytes at an address; `None` where they are not stored."""
        for start, _, offset, size in self.loads:
            if start <= address < start + size:
                return self.data[offset + address - start :][:length]
        return None

    @property
    def index(self):
        """Return the lines of our own note."""
        return [json.loads(line) for line in self.notes[corefile.INDEX_OWNER, corefile.INDEX].splitlines()]

    @property
    def notes(self):
        start = struct.unpack_from("<Q", self.data, 32)[0]
        kind, _, offset, _, _, size, _, _ = struct.unpack_from("<IIQQQQQQ", self.data, start)
        assert kind == 4
        found, at = {}, offset
        while at < offset + size:
            owner, length, number = struct.unpack_from("<III", self.data, at)
            name = self.data[at + 12 : at + 12 + owner - 1]
            at += 12 + -(-owner // 4) * 4
            found[name, number] = self.data[at : at + length]
            at += -(-length // 4) * 4
        return found

    def check(self):
        """Demand what every reader of core files relies on."""
        machine = corefile.MACHINES[os.uname().machine]
        assert self.data[:20] == b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 4, machine)
        loads = self.loads
        assert loads == sorted(loads)
        assert all(one[0] + one[1] <= other[0] for one, other in itertools.pairwise(loads))
        assert all(size <= length and size % PAGE == offset % PAGE == 0 for _, length, offset, size in loads)
        assert sum(size for *_, size in loads) == len(self.data) - min(offset for _, _, offset, _ in loads)
        return self


def dumped(pid, most=1 << 30, *, meanwhile=None, seconds=60.0):
    """Return the core of a process, flags and gaps; `meanwhile` is called after its first chunk."""
    with suspects.folder(Roots(), pid) as (dir_fd, _):
        planned = memory.plan(dir_fd, mounts.MountTable(Roots()), most)
        dump = memory.Dump(dir_fd, planned, "it", seconds)
        parts = []
        for part in dump.blob.chunks:
            parts.append(part)
            if len(parts) == 1 and meanwhile:
                meanwhile()
        gaps = list(dump.gaps())
        dump.close()
    return Core(b"".join(parts)), dump.blob.flags, gaps


def taken(pids, **request):
    """Return rows, blobs with their bytes, and gaps of some processes."""
    rows, blobs, gaps = [], [], []
    for item in copies.items(Roots(), Request(0, **request), pids):
        if isinstance(item, Gap):
            gaps.append(item)
        elif isinstance(item, Blob):
            blobs.append((item, b"".join(item.chunks)))
        else:
            rows.append(item)
    return rows, blobs, gaps


def copied_python(folder, name):
    """Return this Python under another name, and the environment that it needs to run there."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    shutil.copyfile(os.path.realpath(sys.executable), program)
    program.chmod(0o755)
    return program, {"PYTHONHOME": sys.base_prefix}


# The attack, through the command.


@pytest.fixture(scope="module")
def inside():
    """Return the prefix that enters a PID namespace of the test: there, nothing else of this machine is seen."""
    live.needs("unshare", "nsenter")
    if os.geteuid() != 0:
        pytest.skip("needs root to make a PID namespace")
    with subprocess.Popen(["unshare", "-pf", "--mount-proc", "--kill-child", "sleep", "600"]) as holder:
        children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children")
        live.wait_for(lambda: children.read_text().strip())
        first = children.read_text().strip()
        live.wait_for(lambda: Path(f"/proc/{first}/comm").read_text() == "sleep\n")
        yield ["nsenter", "-t", first, "-p", "-m"]
        holder.kill()


@pytest.fixture(scope="module")
def collected(inside, tmp_path_factory):
    """Return the attack and the bundle of a run while it held its key."""
    folder = tmp_path_factory.mktemp("attack")
    tree = attack.grow(folder / "Documents")
    (folder / "out").mkdir()
    with attack.staged(folder / "hidden" / ".x", tree, folder / "root", before=inside) as running:
        done = live.collect(folder / "out", "--scan", tree, "--yes", "--memory", before=inside)
    assert done.code in live.SEALED, done.err
    return running, live.assert_sealed(done.json["bundle"]), folder


@pytest.mark.root
def test_the_attack_is_found_and_says_why(collected):
    """The process has a row with high confidence: a system's name, a temporary and hidden folder, no file any more."""
    running, bundle, _ = collected
    (row,) = [row for row in bundle.rows("suspects") if row["pid"] == running.pid]
    assert list(row) == list(SuspectSource.columns)
    assert {"system_name", "temporary_folder", "hidden_folder", "deleted"} <= {one["code"] for one in row["reasons"]}
    assert (row["confidence"], row["exe"], row["exe_deleted"]) == ("high", str(running.program), True)
    assert (row["program"], row["memory"], row["ours"], row["unread"]) == ("follows", "follows", None, {})
    assert "ESSAI=of the attack" in row["environment"]
    (same,) = [one for one in bundle.rows("processes") if one["pid"] == running.pid]
    assert same["create_time"][:22] == row["create_time"][:22]


@pytest.mark.root
def test_its_deleted_executable_is_in_the_bundle(collected):
    """Byte for byte, though no name leads to it any more, and listed among the executables with the same digest."""
    running, bundle, _ = collected
    copies_of_it = [one for one in bundle.artifacts("file") if one["subject"] == str(running.program)]
    assert [one["sha256"] for one in copies_of_it] == [running.program_sha256]
    assert running.program_sha256 in [row["sha256"] for row in bundle.rows("executables")]
    assert not running.program.exists()


@pytest.mark.root
def test_its_key_is_in_the_dump(collected):
    """The key that stands nowhere on a disk is in the memory that was taken, in a file that keeps ELF's rules."""
    running, bundle, folder = collected
    (record,) = [one for one in bundle.artifacts("process-memory") if f"process {running.pid}:" in one["subject"]]
    assert record["path"].endswith("-suspects.core")
    assert record["flags"] in ([], ["zero-filled"])
    data = (bundle.path / record["path"]).read_bytes()
    Core(data).check()
    assert running.has_key(data)
    others = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".core")
    assert not any(running.has_key(path.read_bytes()) for path in others)


@pytest.mark.root
def test_what_is_ordinary_beside_it_is_not_listed(collected):
    """Of all that ran in the namespace, only the attack is a suspect, and only its memory was taken."""
    running, bundle, _ = collected
    assert [row["pid"] for row in bundle.rows("suspects")] == [running.pid]
    assert len(bundle.rows("processes")) > 2
    assert len(bundle.artifacts("process-memory")) == 1


@pytest.mark.root
def test_suspects_come_right_before_the_executables(collected):
    """After the volatile phase, which it doesn't slow, and before anything else of worth."""
    _, bundle, _ = collected
    order = [record.get("kind") or record["name"] for record in bundle.records if record["type"] in ("intent", "phase")]
    assert order[order.index("volatile") + 1] == "suspects"
    assert order.index("process-memory") < order.index("executables")


@pytest.mark.root
def test_without_memory_it_is_listed_only(inside, tmp_path):
    """`--no-memory` takes neither memory nor environment nor file, says so in the row, and a resume keeps to it."""
    tree = attack.grow(tmp_path / "tree")
    (tmp_path / "out").mkdir()
    with attack.staged(tmp_path / "x", tree, tmp_path / "root", before=inside) as running:
        done = live.collect(tmp_path / "out", "--scan", tree, "--yes", "--no-memory", before=inside)
    bundle = live.assert_sealed(done.json["bundle"])
    (row,) = bundle.rows("suspects")
    told = (row["pid"], row["program"], row["memory"], row["environment"])
    assert told == (running.pid, "not_asked", "not_asked", None)
    assert bundle.artifacts("process-memory") == []
    assert [one for one in bundle.artifacts("file") if one["source"] == "suspects"] == []
    assert bundle.observed("request")[0]["memory"] is False


@pytest.mark.root
def test_a_run_that_is_encrypted_hides_the_memory(inside, tmp_path):
    """With recipients neither the key nor the program's path stands in clear, and the recipient finds the key."""
    live.needs("age", "age-keygen")
    tree = attack.grow(tmp_path / "tree")
    (tmp_path / "out").mkdir()
    made = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True)
    identity = next(line for line in made.stdout.splitlines() if line.startswith("AGE-SECRET-KEY-"))
    recipient = made.stdout.split("public key: ")[1].split()[0]
    with attack.staged(tmp_path / "x", tree, tmp_path / "root", before=inside) as running:
        more = ("--yes", "--memory", "--recipient", recipient)
        done = live.collect(tmp_path / "out", "--scan", tree, *more, before=inside)
    bundle = live.assert_sealed(done.json["bundle"], identity)
    everything = b"".join(path.read_bytes() for path in bundle.path.rglob("*") if path.is_file())
    assert not running.has_key(everything)
    assert running.program.name.encode() not in everything
    (record,) = bundle.artifacts("process-memory")
    assert running.has_key(live.decrypted((bundle.path / record["path"]).read_bytes(), identity))


# Memory that resists.


def test_a_terabyte_that_is_sparse_costs_what_is_in_it():
    """Three pages of 2^40 bytes: those that are looked up are stored, the rest is told, and nothing new is touched."""
    code = f"""{LIBC}
{MAKE_SECRET}
big = mmap.mmap(-1, 1 << 40, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)
big[0:32] = big[1 << 35 : (1 << 35) + 32] = big[(1 << 40) - 4096 : (1 << 40) - 4064] = secret
say(at(big))"""
    with child(code) as (process, address):
        rollup = Path(f"/proc/{process.pid}/smaps_rollup")
        before = rollup.read_text().split("Rss:")[1].split()[0]
        core, flags, gaps = dumped(process.pid)
        after = rollup.read_text().split("Rss:")[1].split()[0]
        assert int(after) - int(before) <= 64, "a page of its own stack, at most: no page of the terabyte"
    core.check()
    assert core.at(address, 32) == core.at(address + (1 << 35), 32) == SECRET
    assert core.at(address + 8 * PAGE, 1) is None
    assert len(core.data) < 64 << 20
    assert flags == []
    (gap,) = gaps
    assert gap.outcome is Outcome.OVER_LIMIT
    assert gap.reason.startswith(f"{PAGE} bytes of memory")


def test_memory_that_was_locked_away_is_read():
    """A page without any right (as libsodium keeps keys), and one that no core dump of the kernel would hold."""
    code = f"""{LIBC}
{MAKE_SECRET}
first, second = mmap.mmap(-1, 4096, flags=0x22), mmap.mmap(-1, 4096, flags=0x22)
first[0:32] = second[0:32] = secret
places = [at(first), at(second)]
assert libc.mprotect(ctypes.c_void_p(places[0]), 4096, 0) == 0
assert libc.madvise(ctypes.c_void_p(places[1]), 4096, 16) == 0
say(places)"""
    with child(code) as (process, places):
        core, flags, gaps = dumped(process.pid)
    assert [core.check().at(place, 32) for place in places] == [SECRET, SECRET]
    assert (flags, gaps) == ([], [])


def test_a_thousand_mappings_are_all_there():
    """Each of its own, with a guard between; every one is found where it stood."""
    code = f"""{LIBC}
{MAKE_SECRET}
places, kept = [], []
for number in range(1000):
    one = mmap.mmap(-1, 3 * 4096, flags=0x22)
    one[4096 : 4096 + 34] = secret + number.to_bytes(2, "big")
    assert libc.mprotect(ctypes.c_void_p(at(one)), 4096, 0) == 0
    places.append(at(one) + 4096)
    kept.append(one)
say(places)"""
    with child(code) as (process, places):
        core, _, gaps = dumped(process.pid)
    core.check()
    assert [core.at(place, 34) for place in places] == [SECRET + number.to_bytes(2, "big") for number in range(1000)]
    assert gaps == []


def test_what_is_in_shared_memory_or_changed_in_a_file_is_stored(tmp_path):
    """memfd, a changed page of a private mapping and a library without a name are; what stands in a file is not."""
    (tmp_path / "plain").write_bytes(b"p" * 3 * PAGE)
    (tmp_path / "gone").write_bytes(b"g" * PAGE)
    code = f"""{LIBC}
{MAKE_SECRET}
memfd = os.memfd_create("a\\nb")
os.truncate(memfd, 8192)
shared = mmap.mmap(memfd, 8192)
shared[0:32] = secret
plain = open("plain", "r+b")
private = mmap.mmap(plain.fileno(), 0, access=mmap.ACCESS_COPY)
private[4096 : 4096 + 32] = secret
public = mmap.mmap(plain.fileno(), 0)
file = open("gone", "r+b")
gone = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
touched = (public[0], private[0], gone[0])
os.unlink("gone")
say([at(shared), at(private), at(public), at(gone)])"""
    with child(code, folder=tmp_path) as (process, (shared, private, public, gone)):
        core, flags, gaps = dumped(process.pid)
    core.check()
    assert core.at(shared, 32) == core.at(private + PAGE, 32) == SECRET
    assert core.at(private, 1) is core.at(private + 2 * PAGE, 1) is core.at(public, 1) is None
    assert core.at(gone, 4) == b"gggg"
    assert (flags, gaps) == ([], [])
    told = {int(line["start"], 16): line["what"] for line in core.index}
    whys = ("shared-memory", "changed", "file", "deleted-file")
    assert (told[shared], told[private], told[public], told[gone]) == whys
    (name,) = [line["path"] for line in core.index if int(line["start"], 16) == shared]
    assert name == "/memfd:a\\012b (deleted)"


def test_what_vanishes_meanwhile_is_zeros_and_told():
    """A process that gives its memory back between the look and the read leaves zeros, a flag and a gap."""
    code = f"""{LIBC}
{MAKE_SECRET}
one = mmap.mmap(-1, 64 * 4096, flags=0x22)
for number in range(64): one[number * 4096 : number * 4096 + 32] = secret
place = at(one)
say(place)
wait()
assert libc.munmap(ctypes.c_void_p(place), 64 * 4096) == 0
say(True)"""
    with child(code) as (process, place):

        def give_back():
            process.stdin.write(b"\n")
            process.stdin.flush()
            assert process.stdout.readline() == b"true\n"

        core, flags, gaps = dumped(process.pid, meanwhile=give_back)
    assert flags == ["zero-filled"]
    assert core.check().at(place, 64 * PAGE) == bytes(64 * PAGE)
    assert [(gap.outcome, gap.reason.split(" ")[0]) for gap in gaps] == [(Outcome.ABSENT, str(64 * PAGE))]


def test_a_process_that_ends_meanwhile_leaves_what_was_read():
    """The core is cut, flagged, and the gap counts what was left; nothing waits and nothing is made up."""
    with child("big = bytearray(os.urandom(1 << 20) * 48); say(1)") as (process, _):

        def end():
            process.kill()
            process.wait()

        core, flags, gaps = dumped(process.pid, meanwhile=end)
    assert flags == ["cut"]
    (gap,) = gaps
    assert gap.outcome is Outcome.ABSENT
    left = int(gap.reason.rpartition(": ")[2].split(" ")[0])
    assert left > 48 << 20
    assert len(core.data) + left == sum(size for *_, size in core.loads) + min(offset for _, _, offset, _ in core.loads)


def test_the_limit_of_bytes_is_kept_and_the_best_comes_first():
    """Of 64 MiB with a limit of 1 MiB the heap comes first, no byte more is read, and what was left is told."""
    with child("big = [bytearray(os.urandom(1 << 20)) for _ in range(64)]; say(1)") as (process, _):
        core, _, gaps = dumped(process.pid, most=1 << 20)
        nothing, _, all_left = dumped(process.pid, most=0)
    core.check()
    stored = sum(size for *_, size in core.loads)
    assert 0 < stored <= 1 << 20
    first = min((offset, address) for address, _, offset, size in core.loads if size)[1]
    (path,) = [line["path"] for line in core.index if int(line["start"], 16) <= first < int(line["end"], 16)]
    assert path.startswith(("[heap]", "[stack"))
    left = int(gaps[0].reason.split(" ")[0])
    assert left > 60 << 20
    assert sum(size for *_, size in nothing.loads) == 0
    assert int(all_left[0].reason.split(" ")[0]) >= left + stored - (8 << 20)


def test_memory_in_countless_pieces_is_bounded(monkeypatch):
    """Every second page of 4 MiB is there: as many pieces as the limit allows are stored, and the rest is counted."""
    code = f"""{LIBC}
big = mmap.mmap(-1, 1 << 22, flags=0x22)
assert libc.madvise(ctypes.c_void_p(at(big)), 1 << 22, 15) == 0  # no huge pages
for number in range(0, 1024, 2): big[number * 4096] = 1
say(at(big))"""
    with child(code) as (process, place):
        whole, _, none_left = dumped(process.pid)
        monkeypatch.setattr(memory, "MAX_RUNS", 100)
        part, _, gaps = dumped(process.pid)
    stored = [one for one in whole.check().loads if place <= one[0] < place + (1 << 22)]
    assert [size for *_, size in stored if size] == [PAGE] * 512
    assert none_left == []
    assert sum(1 for *_, size in part.check().loads if size) == 100
    (gap,) = gaps
    missing = sum(size for *_, size in whole.loads) - sum(size for *_, size in part.loads)
    assert abs(int(gap.reason.split(" ")[0]) - missing) < 1 << 20


def test_the_limit_of_seconds_is_kept():
    """No time at all: the first chunk is the last, and the gap says how much was left."""
    with child("big = bytearray(os.urandom(1 << 20) * 32); say(1)") as (process, _):
        core, flags, gaps = dumped(process.pid, seconds=0.0)
    assert len(core.data) < 16 << 20
    assert flags == ["cut"]
    assert [gap.outcome for gap in gaps] == [Outcome.TIMED_OUT]


def test_gdb_reads_the_core():
    """A stock debugger finds the secret at its address, and says which files were mapped."""
    live.needs("gdb")
    code = f"{LIBC}\n{MAKE_SECRET}\none = mmap.mmap(-1, 4096, flags=0x22)\none[0:32] = secret\nsay(at(one))"
    with child(code) as (process, place):
        core, _, _ = dumped(process.pid)
    path = Path(live.tempfile.mkdtemp()) / "it.core"
    try:
        path.write_bytes(core.data)
        asked = ["gdb", "-nx", "-batch", "-c", path, "-ex", f"x/32xb {place:#x}", "-ex", "info proc mappings"]
        told = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60).stdout
    finally:
        shutil.rmtree(path.parent)
    shown = [line.partition(":")[2].split() for line in told.splitlines() if line.startswith(f"{place:#x}"[:8])]
    assert bytes(int(word, 16) for line in shown for word in line if len(word) == 4).startswith(SECRET)
    assert "python3" in told


SMAPS = """\
7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \nRss: 4 kB\nAnonymous: 4 kB\nSwap: 0 kB\nVmFlags: rd wr
7f0000001000-7f0000002000 rw-s 00000000 00:05 7 /dev/dri/card0\nRss: 4 kB\nVmFlags: rd wr sh
7f0000002000-7f0000003000 rw-p 00000000 00:05 0 \nRss: 4 kB\nSwap: 0 kB\nVmFlags: rd wr io pf dd
7f0000003000-7f0000005000 r--p 00000000 00:00 0 [vvar]\nRss: 4 kB\nVmFlags: rd
7f0000005000-7f0000006000 rw-s 00000000 00:2a 7 /net/a\nRss: 4 kB\nVmFlags: rd wr sh
7f0000006000-7f0000007000 rw-p 00000000 00:2b 7 /fuse/a\nRss: 4 kB\nAnonymous: 4 kB\nVmFlags: rd wr
7f0000007000-7f0000008000 rw-p 00000000 00:2b 7 /looks/local\nRss: 4 kB\nAnonymous: 4 kB\nVmFlags: rd wr
7f0000008000-7f0000009000 rw-p 00000000 00:00 0 \nRss: 0 kB\nSwap: 0 kB\nVmFlags: rd wr
7f0000009000-7f000000a000 rw-p 00000000 00:00 0 \nRss: 0 kB\nSwap: 4 kB\nVmFlags: rd wr um
7f000000a000-7f000000b000 r-xp 00000000 fe:00 9 /usr/lib/a\\012Rss: 9 kB\nRss: 4 kB\nAnonymous: 0 kB\nVmFlags: rd ex
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\nRss: 4 kB\nVmFlags: ex
a line that is none
"""
MOUNTS = b"""\
1 0 254:0 / / rw - ext4 /dev/a rw
2 1 0:42 / /net rw - nfs4 server:/a rw
3 1 0:43 / /fuse rw - fuse.sshfs server: rw
"""


def test_devices_and_what_lies_with_others_are_never_touched(tmp_path):
    """By mark, path and device of a made smaps: the reason of each mapping, and that a path can't forge a figure."""
    proc = tmp_path / "7"
    proc.mkdir()
    (proc / "smaps").write_text(SMAPS)
    (proc / "stat").write_bytes(Path("/proc/self/stat").read_bytes())
    (tmp_path / "self").mkdir()
    (tmp_path / "self/mountinfo").write_bytes(MOUNTS)
    with suspects.folder(Roots(proc=str(tmp_path)), 7) as (dir_fd, _):
        found, more = mappings.read(dir_fd)
    known = mounts.MountTable(Roots(proc=str(tmp_path)))
    assert not more
    assert [mappings.choose(one, known).why for one in found] == [
        "anonymous", "device", "device", "kernel", "remote", "remote", "remote", "untouched", "anonymous", "file",
        "kernel",
    ]  # fmt: skip
    assert [mappings.choose(one, known).pages is None for one in found] == [0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1]
    assert mappings.choose(found[8], known).pages == mappings.IN_MEMORY
    assert (found[9].resident, found[9].path) == (4096, b"/usr/lib/a\\012Rss: 9 kB")
    assert mappings.choose(found[9], None).why == "remote"


def test_runs_of_pages_are_found_across_the_pieces_that_are_read(tmp_path, monkeypatch):
    """Against a plain reading of the same table, whatever the length of the piece."""
    entries = [(1 << 63) if number % 7 in (0, 1, 2) or 40 <= number < 90 else 1 << 55 for number in range(200)]
    entries[150:160] = [1 << 62] * 10
    entries[160:165] = [1 << 63 | 1 << 61] * 5
    (tmp_path / "pagemap").write_bytes(struct.pack("<200Q", *entries))
    one = mappings.Mapping(0, 200 * PAGE, "rw-p", 0, "00:00", 0, b"")
    for table, wanted in (
        (mappings.ANY_PAGE, lambda entry: entry >> 62 in (1, 2)),
        (mappings.OWN_PAGE, lambda entry: entry >> 61 in (2, 4)),
        (mappings.IN_MEMORY, lambda entry: entry >> 62 == 2),
    ):
        expected = [number for number, entry in enumerate(entries) if wanted(entry)]
        for piece in (8, 56, 80, 1 << 20):
            monkeypatch.setattr(mappings, "_CHUNK", piece)
            with (tmp_path / "pagemap").open("rb") as file:
                found = list(mappings.runs(file.fileno(), one, table, 1 << 40))
            pages = [page for start, length in found for page in range(start // PAGE, (start + length) // PAGE)]
            assert pages == expected
            assert all(a + b < c for (a, b), (c, _) in itertools.pairwise(found)), "runs that touch are one"


# Processes that resist.


def test_a_name_with_newlines_and_bytes_that_are_no_text(tmp_path):
    """Row, file and memory are there; every byte of the name is kept and none of it ends in a gap's reason."""
    folder = tmp_path / "x"
    program, environment = copied_python(folder, os.fsdecode(b"a\n\x1b[31m\xff (deleted)"))
    with child("say(1)", program=program, env=environment) as (process, _):
        rows, blobs, gaps = taken([process.pid])
    (row,) = rows
    assert live.text_of(row["exe"]) == os.fsencode(program)
    assert row["exe_deleted"] is False
    assert [blob.kind for blob, _ in blobs] == ["file", "process-memory"]
    assert blobs[0][1] == program.read_bytes()
    assert live.text_of(blobs[0][0].subject) == os.fsencode(program)
    assert not any("\n" in gap.reason for gap in gaps)


def test_a_script_is_copied_instead_of_the_systems_interpreter(tmp_path):
    """A shell that runs a deleted script: the script's bytes come from the descriptor that the shell holds."""
    script = tmp_path / "run.sh"
    script.write_text("#!/bin/bash\nread line\necho done\n")
    with subprocess.Popen(["/bin/bash", script], stdin=subprocess.PIPE, cwd="/") as process:
        try:
            live.wait_for(lambda: any(
                fd.readlink() == script for fd in Path(f"/proc/{process.pid}/fd").iterdir() if fd.is_symlink()
            ))  # fmt: skip
            text = script.read_bytes()
            script.unlink()
            rows, blobs, _ = taken([process.pid])
        finally:
            process.kill()
    (row,) = rows
    assert (row["script"], row["program"]) == (str(script), "interpreter")
    assert {"script_temporary", "script_deleted"} <= {reason["code"] for reason in row["reasons"]}
    assert [(data, blob.subject) for blob, data in blobs if blob.kind == "file"] == [(text, str(script))]


def test_one_whose_first_thread_has_ended_does_not_hide(tmp_path):
    """Its folder shows neither program nor memory any more; both are had through a thread that lives on."""
    program, environment = copied_python(tmp_path, "x")
    code = f"""{MAKE_SECRET}
import ctypes, threading
label = b"behind the ended thread:" + secret
threading.Thread(target=wait).start()
say(1)
ctypes.CDLL(None).syscall({93 if os.uname().machine == "aarch64" else 60}, 0)"""
    with child(code, program=program, env=environment) as (process, _):
        live.wait_for(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
        rows, blobs, _ = taken([process.pid])
    assert (rows[0]["exe"], rows[0]["program"], rows[0]["memory"]) == (str(program), "follows", "follows")
    assert blobs[0][1] == program.read_bytes()
    assert b"behind the ended thread:" + SECRET in blobs[1][1]


def test_a_program_in_memory_is_copied(tmp_path):
    """One that was started from a memfd never had a file: its bytes are in the bundle all the same."""
    image = Path("/usr/bin/sleep").read_bytes()
    fd = os.memfd_create("x", 0)
    os.write(fd, image)
    with subprocess.Popen([f"/proc/self/fd/{fd}", "60"], executable=f"/proc/self/fd/{fd}", pass_fds=[fd]) as process:
        try:
            os.close(fd)
            rows, blobs, _ = taken([process.pid])
        finally:
            process.kill()
    assert [reason["code"] for reason in rows[0]["reasons"]] == ["memory_file"]
    assert blobs[0][1] == image


def test_one_that_works_through_peoples_files_is_seen(tmp_path):
    """A program of the system that holds one file of people open after the other, and some all the time."""
    code = """
held = [open(f"{n}.docx", "w") for n in range(6)]
say(1)
import itertools, select
for number in itertools.count():
    with open(f"b{number}.docx", "w") as file:
        file.write("x" * 1000); file.flush()
        if select.select([sys.stdin], [], [], 0.03)[0]: break"""
    with child(code, folder=tmp_path) as (process, _):
        rows, _, _ = taken([process.pid], scan=(os.fsencode(tmp_path),), copies=False)
    (row,) = rows
    assert {"writes_people_files", "works_through"} == {reason["code"] for reason in row["reasons"]}
    assert str(tmp_path / "0.docx") in row["writing"]


def test_a_rule_looks_into_the_program(tmp_path):
    """A program in the system's own Python's folder would pass; its script with the marks of the genre doesn't."""
    script = tmp_path / "work.py"
    marks = "X = 'vssadmin delete shadows /all', 'wmic shadowcopy delete'"
    script.write_text(f"{marks}\nimport sys\nprint(1, flush=True)\nsys.stdin.read()\n")
    with subprocess.Popen(["/usr/bin/python3", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        rows, _, _ = taken([process.pid], copies=False)
        process.stdin.close()
    assert ("rule", "takes_recovery_away_windows") in [(one["code"], one["detail"]) for one in rows[0]["reasons"]]


def test_our_own_process_is_named_and_never_dumped(tmp_path):
    """It holds the key of the run: it is listed like any suspect, as ours, and nothing of it is taken."""
    program, environment = copied_python(tmp_path, "collect-it")
    code = f"""sys.path[:0] = {[str(live.ROOT), *(path for path in sys.path if "site-packages" in path)]!r}
from collector.host.linux import Roots, copies
from collector.model import Request
items = list(copies.items(Roots(), Request(0), [os.getpid(), os.getppid()]))
say([item if isinstance(item, dict) else type(item).__name__ for item in items])"""
    with child(code, program=program, env=environment) as (process, told):
        assert [(row["pid"], row["ours"], row["memory"], row["program"]) for row in told] == [
            (process.pid, "tool", "ours", "ours")
        ]


def test_what_never_answers_holds_nobody_up(monkeypatch):
    """Work that hangs is left behind, what comes after it is done, errors come through, and threads are bounded."""
    monkeypatch.setattr(patience, "MAX_LOST", 2)
    never = threading.Event()
    waiting = patience.Patience(0.05)
    try:
        with pytest.raises(patience.LostError):
            waiting.call(never.wait)
        assert waiting.call(lambda: 1) == 1
        with pytest.raises(ZeroDivisionError):
            waiting.call(lambda: 1 // 0)
        with pytest.raises(patience.LostError):
            waiting.call(never.wait)
        with pytest.raises(patience.LostError):
            waiting.call(lambda: 1)
    finally:
        never.set()
        waiting.end()
    live.wait_for(lambda: not any(thread.name == "patience" for thread in threading.enumerate()))


def test_one_that_ended_or_became_another_is_a_gap(tmp_path):
    """Between the row and the copy: nothing of the process that has its number now is taken for it."""
    program, environment = copied_python(tmp_path, "x")
    with child("say(1)", program=program, env=environment) as (process, _):
        items = copies.items(Roots(), Request(0), [process.pid])
        row = next(item for item in items if isinstance(item, dict))
        process.kill()
        process.wait()
        rest = list(items)
    assert (row["program"], row["memory"]) == ("follows", "follows")
    assert [type(item) for item in rest] == [Gap, Gap]
    assert {gap.outcome for gap in rest} == {Outcome.ABSENT}


def test_the_limits_for_all_are_told(tmp_path):
    """No byte for files, none for memory: rows all the same, and a gap for each with how much was left."""
    program, environment = copied_python(tmp_path, "x")
    with child("say(1)", program=program, env=environment) as (process, _):
        rows, blobs, gaps = taken([process.pid], program_bytes=100, memory_bytes=0)
    assert len(rows) == 1
    assert [(blob.kind, blob.flags, len(data)) for blob, data in blobs] == [("file", ["cut"], 100)]
    assert blobs[0][1] == program.read_bytes()[:100]
    assert [gap.outcome for gap in gaps] == [Outcome.OVER_LIMIT, Outcome.OVER_LIMIT]
    assert f"{program.stat().st_size - 100} bytes" in gaps[0].reason


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_somebody_elses_process_is_told_as_denied(tmp_path):
    """Without privileges a process of root is judged by what it calls itself, and what is denied is said."""
    script = tmp_path / "x.py"
    script.write_text("print(1, flush=True); import sys; sys.stdin.read()")
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(["/usr/bin/python3", script], stdin=pipe, stdout=pipe) as first,
        subprocess.Popen(["[kworker/0:1]", "60"], executable="/bin/sleep") as second,
        subprocess.Popen(["/bin/sleep", "60"]) as ordinary,
    ):
        first.stdout.readline()

        def work():
            rows, blobs, gaps = taken([first.pid, second.pid, ordinary.pid])
            return [rows, len(blobs), [[str(gap.outcome), gap.reason] for gap in gaps]]

        rows, blobs, gaps = live.as_nobody(work)
        first.stdin.close()
        second.kill()
        ordinary.kill()
    found = {row["pid"]: [reason["code"] for reason in row["reasons"]] for row in rows}
    assert found == {first.pid: ["script_temporary"], second.pid: ["kernel_name"]}
    assert {(row["exe"], row["program"], row["memory"]) for row in rows} == {(None, "denied", "denied")}
    assert all(row["unread"] == {"environment": "denied"} for row in rows)
    assert blobs == 0
    assert [outcome for outcome, _ in gaps[:1]] == ["denied"]
    assert gaps[0][1].startswith("of 3 processes at most name and arguments")
    assert sum("Yama" in reason for _, reason in gaps) == 2
    assert sum("may not be seen" in reason for _, reason in gaps) == 2


def test_a_process_without_a_program_and_one_that_is_gone_are_no_suspects():
    """A kernel thread, a zombie and a number that nobody has: neither rows nor errors."""
    dead = subprocess.Popen(["/bin/true"])
    live.wait_for(lambda: Path(f"/proc/{dead.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
    started = time.monotonic()
    assert taken([2, dead.pid, 4_194_304 + 1], copies=False) == ([], [], [])
    assert time.monotonic() - started < 60
    dead.wait()
