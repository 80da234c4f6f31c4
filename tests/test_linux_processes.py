"""Processes, connections and executables of this very host, against the kernel's and psutil's answers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import live
import psutil
import pytest

from collector.host.linux import Roots, connections, executables, process, processes, sockets
from collector.host.posix import descriptors
from collector.model import Gap, Outcome
from collector.sources.connections import ConnectionSource
from collector.sources.executables import ExecutableSource
from collector.sources.processes import ProcessSource

if sys.platform != "linux":
    pytest.skip("Linux only", allow_module_level=True)

HOSTILE = b"a\nb\x1b[31m\xff\xe2\x80\xaez"
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def split(items):
    items = list(items)
    return [i for i in items if not isinstance(i, Gap)], [i for i in items if isinstance(i, Gap)]


def walk():
    table = processes.ProcessTable(Roots())
    rows, gaps = split(table.rows())
    return table, {row["pid"]: row for row in rows}, gaps


@contextlib.contextmanager
def started(arguments, **options):
    with subprocess.Popen(arguments, **options) as child:
        try:
            yield child
        finally:
            child.kill()


@contextlib.contextmanager
def python(code, *prefix, **options):
    """Run a program that prints a line when it is ready, then waits to be killed."""
    arguments = [
        *prefix,
        "/usr/bin/python3",
        "-I",
        "-S",
        "-c",
        code + "\nprint('ready', flush=True)\nimport time\ntime.sleep(600)",
    ]
    with started(arguments, stdout=subprocess.PIPE, **options) as child:
        assert child.stdout.readline() == b"ready\n"
        yield child


def until(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came true")


def link(path):
    return str(Path(path).readlink())


def comm(pid):
    return Path(f"/proc/{pid}/stat").read_bytes()


def test_processes_are_those_that_psutil_sees():
    """Every process that lives throughout is found once, with psutil's parent, name, user, start and threads."""
    before = set(psutil.pids())
    _, rows, _ = walk()
    stable = before & set(psutil.pids())
    assert stable <= set(rows)
    assert os.getpid() in stable
    for pid in stable:
        row, theirs = rows[pid], psutil.Process(pid)
        assert list(row) == list(ProcessSource.columns)
        assert row["ppid"] == theirs.ppid()
        assert row["uid"] == theirs.uids().effective
        assert abs(datetime.fromisoformat(row["create_time"]).timestamp() - theirs.create_time()) < 1.1
    mine = rows[os.getpid()]
    assert mine["cmdline"] == psutil.Process().cmdline()
    assert mine["cwd"] == str(Path.cwd())
    assert mine["exe"] == psutil.Process().exe()
    assert mine["namespace"] == link("/proc/self/ns/net")
    assert mine["unread"] == {}
    assert abs(mine["rss"] - psutil.Process().memory_info().rss) < 16 << 20


def test_a_deleted_program_is_found_and_hashed(tmp_path):
    """Malware that removes its own file is still hashed, before every program that has its file."""
    program = tmp_path / "gone"
    shutil.copy("/bin/sleep", program)
    with started([program, "600"]) as child:
        until(lambda: b"(gone)" in comm(child.pid))
        program.unlink()
        table, rows, _ = walk()
        found, _ = split(executables.rows(Roots(), table))
    assert rows[child.pid]["exe"] == str(program)
    assert rows[child.pid]["exe_deleted"] is True
    row = next(row for row in found if child.pid in row["pids"])
    assert list(row) == list(ExecutableSource.columns)
    assert row["path"] == str(program)
    assert row["deleted"] is True
    assert row["sha256"] == hashlib.sha256(Path("/bin/sleep").read_bytes()).hexdigest()
    assert row["size"] == Path("/bin/sleep").stat().st_size
    assert [one["deleted"] for one in found] == sorted((one["deleted"] for one in found), reverse=True)
    assert len({(one["device"], one["inode"]) for one in found}) == len(found)


def test_a_name_that_ends_like_a_deleted_one_is_not_deleted(tmp_path):
    """The kernel's suffix can be part of a real name: the file is looked at."""
    program = tmp_path / "here (deleted)"
    shutil.copy("/bin/sleep", program)
    with started([program, "600"]) as child:
        until(lambda: b"(here (deleted)" in comm(child.pid))
        table, _, _ = walk()
        found, _ = split(executables.rows(Roots(), table))
    row = next(row for row in found if child.pid in row["pids"])
    assert (row["path"], row["deleted"]) == (str(program), False)


def test_a_program_started_from_memory_is_flagged():
    """A program that never was a file (memfd) is hashed and flagged."""
    memory = os.memfd_create("payload", 0)
    os.write(memory, Path("/bin/sleep").read_bytes())
    with started(["sleep", "600"], executable=f"/proc/self/fd/{memory}", pass_fds=[memory]) as child:
        until(lambda: "memfd:" in link(f"/proc/{child.pid}/exe"))
        os.close(memory)
        found, _ = split(executables.rows(Roots(), processes.ProcessTable(Roots())))
    row = next(row for row in found if child.pid in row["pids"])
    assert row["flags"] == ["memfd"]
    assert row["deleted"] is True
    assert row["path"] == "/memfd:payload"
    assert row["sha256"] == hashlib.sha256(Path("/bin/sleep").read_bytes()).hexdigest()


def test_hostile_names_keep_every_byte(tmp_path):
    """Line feeds, ANSI, bidi marks and invalid UTF-8 in a program's name and arguments change nothing around them."""
    program = os.fsencode(tmp_path) + b"/" + HOSTILE
    shutil.copy("/bin/sleep", program)
    with started([HOSTILE, b"600", b"0"], executable=program) as child:
        until(lambda: HOSTILE in comm(child.pid))
        _, rows, _ = walk()
    row = rows[child.pid]
    assert bytes.fromhex(row["exe"]["hex"]) == program
    assert bytes.fromhex(row["name"]["hex"]) == HOSTILE[:15]
    assert [bytes.fromhex(row["cmdline"][0]["hex"]), *row["cmdline"][1:]] == [HOSTILE, "600", "0"]
    assert row["ppid"] == os.getpid()
    assert json.loads(json.dumps(row)) == row


def test_a_name_full_of_parentheses_moves_no_field():
    """A process named `) Z 1 (` can't make itself a zombie or another's child."""
    stat = process.parse_stat(b"77 (x) Z 1 (\n) S 5 6 7 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 3 0 999 4096 12 1\n")
    assert (stat.name, stat.state, stat.ppid, stat.threads, stat.start, stat.pages) == (
        b"x) Z 1 (\n",
        b"S",
        5,
        3,
        999,
        12,
    )


def test_what_ends_during_the_walk_is_one_gap():
    """Processes that end between the listing and their turn have no row; one gap counts them."""
    children = [subprocess.Popen(["/bin/sleep", "600"]) for _ in range(3)]
    table = processes.ProcessTable(Roots())
    items = table.rows()
    first = next(items)
    for child in children:
        child.kill()
        child.wait()
    rows, gaps = split(items)
    assert first["pid"] < min(child.pid for child in children)
    assert not {child.pid for child in children} & {row["pid"] for row in rows}
    ended = [gap for gap in gaps if gap.outcome is Outcome.ABSENT and "ended" in gap.reason]
    assert len(ended) == 1
    assert int(ended[0].reason.split()[0]) >= 3


def test_a_zombie_has_a_row_without_what_it_has_not():
    """A process that ended and was not reaped is a row; having no memory is not "unreadable"."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    until(lambda: b") Z " in comm(child))
    try:
        _, rows, _ = walk()
    finally:
        os.waitpid(child, 0)
    assert (rows[child]["status"], rows[child]["exe"], rows[child]["unread"]) == ("zombie", None, {})


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the number of the system call is x86-64's")
def test_a_leader_that_has_ended_hides_nothing():
    """A program that ends its first thread looks like a zombie: its other threads still show what it is."""
    waiting = "threading.Thread(target=time.sleep, args=(600,)).start()"
    code = f"import ctypes, threading, time; {waiting}; ctypes.CDLL(None).syscall(60, 0)"
    with started(["/usr/bin/python3", "-I", "-S", "-c", code]) as child:
        until(lambda: b") Z " in comm(child.pid))
        table, rows, _ = walk()
        found, _ = split(executables.rows(Roots(), table))
    row = rows[child.pid]
    assert row["status"] == "zombie"
    assert row["exe"] == os.path.realpath("/usr/bin/python3")
    assert row["cmdline"][-1] == code
    assert any(child.pid in one["pids"] for one in found)


def test_limits_are_kept_and_told():
    """Megabytes of arguments and thousands of open files are cut, named in the row, and in one gap."""
    code = (
        "import os, resource, socket, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (1500, 4096))\n"
        "kept = [os.open('/dev/null', os.O_RDONLY) for _ in range(1200)]\n"
        "late = socket.create_server(('127.0.0.1', 0)); print(late.getsockname()[1], flush=True)"
    )
    arguments = ["/usr/bin/python3", "-I", "-S", "-c", code + "\nimport time\ntime.sleep(600)", "x" * 120_000]
    with started(arguments, stdout=subprocess.PIPE) as child:
        port = int(child.stdout.readline())
        table, rows, gaps = walk()
        found, _ = split(connections.rows(Roots(), table))
    row = rows[child.pid]
    assert row["unread"] == {"cmdline": "over_limit", "open_files": "over_limit"}
    assert len(row["cmdline"][-1]) < process.MAX_CMDLINE
    assert len(row["open_files"]) == process.MAX_OPEN_FILES
    assert sum(gap.outcome is Outcome.OVER_LIMIT for gap in gaps) == 1
    assert [one["pid"] for one in found if one["laddr"] == f"127.0.0.1:{port}"] == [child.pid]


def tcp_pair(family, host):
    server = socket.create_server((host, 0), family=family)
    client = socket.create_connection(server.getsockname()[:2])
    return server, client, server.accept()[0]


@pytest.mark.parametrize(
    ("family", "host", "shown"), [(socket.AF_INET, "127.0.0.1", "127.0.0.1"), (socket.AF_INET6, "::1", "[::1]")]
)
@pytest.mark.parametrize("walked", [True, False])
def test_tcp_sockets_are_joined_to_their_process(family, host, shown, walked):
    """A listener and both ends of a connection are found with state and holder, with or without a walk before."""
    try:
        server, client, accepted = tcp_pair(family, host)
    except OSError as error:
        pytest.skip(f"no {shown} here: {error}")
    with server, client, accepted:
        table = walk()[0] if walked else processes.ProcessTable(Roots())
        rows, _ = split(connections.rows(Roots(), table))
        port, other = server.getsockname()[1], client.getsockname()[1]
        inode = str(os.fstat(server.fileno()).st_ino)
    ours = [row for row in rows if row["laddr"] in (f"{shown}:{port}", f"{shown}:{other}")]
    assert sorted((row["laddr"], row["raddr"] or "", row["status"]) for row in ours) == sorted(
        [
            (f"{shown}:{port}", "", "LISTEN"),
            (f"{shown}:{port}", f"{shown}:{other}", "ESTABLISHED"),
            (f"{shown}:{other}", f"{shown}:{port}", "ESTABLISHED"),
        ]
    )
    assert {row["pid"] for row in ours} == {os.getpid()}
    assert all(list(row) == list(ConnectionSource.columns) for row in rows)
    listening = next(row for row in ours if row["status"] == "LISTEN")
    assert (listening["inode"], listening["uid"], listening["raddr"]) == (inode, os.geteuid(), None)
    assert listening["namespace"] == link("/proc/self/ns/net")


def test_unix_sockets_keep_hostile_paths(tmp_path, monkeypatch):
    """A path with a line feed stays one row, abstract names begin with @, an inherited socket names all holders."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as named, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract:
        named.bind(HOSTILE)
        named.listen()
        abstract.bind(b"\0collector-" + str(os.getpid()).encode())
        with started(["/bin/sleep", "600"], pass_fds=[named.fileno()]) as child:
            rows, _ = split(connections.rows(Roots(), walk()[0]))
            pids = sorted([os.getpid(), child.pid])
        inodes = [str(os.fstat(one.fileno()).st_ino) for one in (named, abstract)]
    ours = {row["inode"]: row for row in rows if row["inode"] in inodes}
    listening, datagram = (ours[inode] for inode in inodes)
    assert bytes.fromhex(listening["laddr"]["hex"]) == HOSTILE
    assert (listening["status"], listening["type"], listening["pids"]) == ("LISTEN", "stream", pids)
    assert (datagram["laddr"], datagram["type"]) == (f"@collector-{os.getpid()}", "dgram")


def test_a_socket_in_no_table_is_still_shown():
    """A socket that is not bound stands in no table of the kernel: its holder and inode are kept, with a gap."""
    with socket.socket() as unbound:
        inode = str(os.fstat(unbound.fileno()).st_ino)
        rows, gaps = split(connections.rows(Roots(), walk()[0]))
    row = next(row for row in rows if row["inode"] == inode)
    assert (row["pid"], row["family"]) == (os.getpid(), None)
    assert any(gap.outcome is Outcome.UNSUPPORTED for gap in gaps)


@pytest.mark.root
@ROOT
def test_other_network_namespaces_are_read():
    """A listener hidden in a network namespace of its own is found, with the identity of that namespace."""
    name = f"collector-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True)
    if made.returncode:
        pytest.skip(f"no network namespace can be made: {made.stderr!r}")
    try:
        code = "import socket; kept = socket.create_server(('0.0.0.0', 4242))"
        with python(code, "ip", "netns", "exec", name) as child:
            namespace = link(f"/proc/{child.pid}/ns/net")
            table, rows, _ = walk()
            found, _ = split(connections.rows(Roots(), table))
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)
    assert rows[child.pid]["namespace"] == namespace != link("/proc/self/ns/net")
    listening = [row for row in found if row["namespace"] == namespace and row["status"] == "LISTEN"]
    assert [(row["laddr"], row["pid"]) for row in listening] == [("0.0.0.0:4242", child.pid)]


@pytest.mark.root
@ROOT
def test_an_ordinary_user_sees_rows_with_what_is_denied_named():
    """Without root every process has its row, what is denied is in `unread` and in one gap, and nothing looks empty."""

    def work():
        table, rows, gaps = walk()
        found, more = split(connections.rows(Roots(), table))
        hashed, third = split(executables.rows(Roots(), table))
        told = [[str(gap.outcome), gap.reason] for gap in (*gaps, *more, *third)]
        return [rows, found, hashed, told, os.getpid()]

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        rows, found, hashed, told, nobody = live.as_nobody(work)
    theirs, own = rows[str(os.getpid())], rows[str(nobody)]
    assert (theirs["exe"], theirs["open_files"], theirs["namespace"]) == (None, None, None)
    assert theirs["unread"] == dict.fromkeys(("exe", "exe_deleted", "cwd", "root", "namespace", "open_files"), "denied")
    assert theirs["cmdline"] == psutil.Process().cmdline()
    assert theirs["username"] == "root"
    assert own["unread"] == {}
    assert own["username"] == "nobody"
    kernel = [row for row in rows.values() if row["ppid"] == 2 or row["pid"] == 2]
    assert all(row["unread"] == {} for row in kernel)
    listening = next(row for row in found if row["laddr"] == f"127.0.0.1:{port}")
    assert os.getpid() not in listening["pids"]
    assert sum(nobody in row["pids"] for row in hashed) == 1
    assert sum(outcome == "denied" for outcome, _ in told) == 3


def test_a_host_without_ipv6_says_so_once(tmp_path):
    """The tables that are missing are gaps: IPv6 as a whole once, another by its name."""
    proc = tmp_path / "proc"
    (proc / "net").mkdir(parents=True)
    for name in sockets.TABLES:
        if not name.endswith("6") and name != "udplite":
            (proc / "net" / name).write_bytes(b"header\n")
    rows, gaps = split(connections.rows(Roots(proc=str(proc)), processes.ProcessTable(Roots(proc=str(proc)))))
    assert rows == []
    assert [(gap.outcome, gap.reason) for gap in gaps] == [
        (Outcome.ABSENT, "the kernel has no table of IPv6 sockets"),
        (Outcome.ABSENT, "the kernel has no table of udplite sockets"),
    ]


def test_more_namespaces_than_the_limit_are_a_gap(monkeypatch):
    """A host with countless namespaces can't fill the memory: what is beyond the limit is counted."""
    monkeypatch.setattr(sockets, "MAX_NAMESPACES", 1)
    tables = sockets.SocketTables()
    tables.read_own("/proc/net", "net:[1]")
    folder = os.open("/proc/self", os.O_RDONLY | os.O_DIRECTORY)
    try:
        tables.read_other("net:[2]", folder)
        tables.read_other("net:[3]", folder)
    finally:
        os.close(folder)
    assert len(tables.raw) == 1
    assert [gap.reason for gap in tables.all_gaps() if gap.outcome is Outcome.OVER_LIMIT] == [
        "sockets of 2 more network namespaces were not read: the limit is 1"
    ]


def test_a_file_that_changes_while_it_is_hashed_is_known(tmp_path):
    """A hash of a moving file is flagged, one of a still file is not."""
    path = tmp_path / "moving"
    with path.open("wb") as out:
        out.truncate(64 << 20)
    fd = os.open(path, os.O_RDONLY)
    try:
        still = descriptors.digest(fd)
        os.lseek(fd, 0, os.SEEK_SET)
        begun, stop = threading.Event(), threading.Event()

        def append():
            with path.open("ab") as out:
                while not stop.is_set():
                    out.write(b"x")
                    out.flush()
                    begun.set()
                    time.sleep(0.0005)

        writer = threading.Thread(target=append)
        writer.start()
        begun.wait()
        changed = descriptors.digest(fd)[1]
        stop.set()
        writer.join()
    finally:
        os.close(fd)
    assert still == (hashlib.sha256(bytes(64 << 20)).hexdigest(), False)
    assert changed is True


def test_a_huge_program_is_not_hashed(tmp_path):
    """A program beyond the limit has its size and times, and no hash, told as over_limit."""
    path = tmp_path / "huge"
    path.write_bytes(b"x" * 1000)
    fd = os.open(path, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="File too large"):
            descriptors.digest(fd, limit=999)
        assert descriptors.digest(fd, limit=1000)[0] == hashlib.sha256(b"x" * 1000).hexdigest()
    finally:
        os.close(fd)


def test_a_stopped_process_is_shown_as_such():
    """What an operator (or an attacker) has frozen is told as stopped."""
    with started(["/bin/sleep", "600"]) as child:
        child.send_signal(signal.SIGSTOP)
        until(lambda: b") T " in comm(child.pid))
        _, rows, _ = walk()
    assert rows[child.pid]["status"] == "stopped"


def test_a_program_on_a_dead_network_mount_is_not_touched(tmp_path):
    """A program of a FUSE or network file system is a gap by its path alone, since a stat of it may never return."""
    fuse = tmp_path / "fuse"
    for pid, program in (("5", fuse / "program"), ("6", tmp_path / "local")):
        folder = tmp_path / "proc" / pid
        folder.mkdir(parents=True)
        (folder / "exe").symlink_to(program)
        program.parent.mkdir(exist_ok=True)
        program.write_bytes(b"x")
    (tmp_path / "proc/self").mkdir()
    (tmp_path / "proc/self/mountinfo").write_text(
        f"1 1 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:50 / {fuse} rw - fuse.sshfs host: rw\n"
    )
    roots = Roots(proc=str(tmp_path / "proc"))
    rows, gaps = split(executables.rows(roots, processes.ProcessTable(roots)))
    assert [(row["path"], row["pids"], row["sha256"]) for row in rows] == [
        (str(tmp_path / "local"), [6], hashlib.sha256(b"x").hexdigest())
    ]
    assert [(gap.outcome, gap.subject) for gap in gaps] == [(Outcome.UNSUPPORTED, str(fuse / "program"))]
