"""What the kernel saw of a whole run (strace): no packet, no write outside the bundle, no program, no atime moved."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import live
import pytest

if sys.platform != "linux":
    pytest.skip("strace is of Linux", allow_module_level=True)

pytestmark = [pytest.mark.root, pytest.mark.slow]

OPENS = {"open", "openat", "openat2", "creat", "open_by_handle_at"}
CHANGES = re.compile(
    r"(mkdir|mknod|rename|unlink|rmdir|symlink|link|truncate|chmod|fchmod|chown|fchown|lchown|utime|utimensat|utimes|futimesat"
    r"|setxattr|lsetxattr|fsetxattr|removexattr|lremovexattr|fremovexattr|fallocate|copy_file_range)(at|at2|2)?"
)
WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile", "splice", "ftruncate", "fallocate"}
NEVER = {
    *("execve", "execveat", "fork", "vfork", "ptrace", "process_vm_writev", "reboot", "mount", "umount2", "pivot_root"),
    *("init_module", "finit_module", "delete_module", "kexec_load", "settimeofday", "clock_settime", "sethostname"),
    *("setdomainname", "swapon", "swapoff", "kill", "tkill", "unshare", "bpf", "io_uring_setup", "chroot"),
}
"""Calls that would change the host, start a program or send a signal: the run makes none of them."""
NEW_NETWORK = ("CLONE_NEWNET", "0x40000000")
"""The one kind of namespace that a thread of ours may enter, to make a socket in it and end (setns(2))."""
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\w+)(?:<(.*)>)?(?:\(deleted\))?(?: .*)?")
_WRITABLE = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE")


class Call(NamedTuple):
    """A system call: name, arguments as strace prints them, result, and what a descriptor it returned stands for."""

    name: str
    arguments: str
    result: str
    opened: str | None

    @property
    def paths(self) -> list[str]:
        """Return every path that the call names, relative ones joined to their folder."""
        found, folder = [], ""
        for descriptor, text in re.findall(r'(?:AT_FDCWD|\d+)<([^>]*)>|"((?:[^"\\]|\\.)*)"', self.arguments):
            if descriptor:
                folder = descriptor
            else:
                found.append(os.path.normpath(Path(folder, text)))
        return found or [folder]


@dataclass(frozen=True)
class Trace:
    """All calls of a command, those before its first own instruction (execve and the loader) too."""

    calls: list[Call]
    code: int
    out: str

    def of(self, *names: str) -> list[Call]:
        return [call for call in self.calls if call.name in names]


def traced(folder: Path, *args: object, **options: object) -> Trace:
    """Run a command under strace, each thread into a file of its own so that no call is torn in two."""
    live.needs("strace")
    folder.mkdir()
    strace = ["strace", "-ff", "-yy", "-qq", "-v", "-s", "4096", "-o", folder / "thread"]
    done = live.run(*args, before=[*options.pop("before", ()), *strace], **options)
    calls = []
    for file in folder.iterdir():
        for line in file.read_text(errors="replace").splitlines():
            if match := _CALL.fullmatch(line):
                calls.append(Call(*match.groups()))
            else:
                unended = line.endswith(("= ?", "= ? <unavailable>"))  # the end of the process overtook it
                assert unended or line.startswith(("+++", "---", "exit", "rt_sigreturn")), line
    return Trace(calls, done.code, done.out)


@pytest.fixture(scope="module")
def host(tmp_path_factory) -> Path:
    """Return a copy of /etc whose atimes are old, so that any read would move them, to be mounted over /etc."""
    copy = tmp_path_factory.mktemp("host") / "etc"
    subprocess.run(["cp", "-a", "/etc", copy], check=True)
    aged(copy)
    return copy


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """Return a tree with files of several kinds and old atimes."""
    tree = tmp_path_factory.mktemp("scanned") / "tree"
    live.files_in(tree / "one/two/three", 5)
    live.files_in(tree / "one", 5)
    (tree / "link").symlink_to("one/f00000")
    (tree / "to-folder").symlink_to("one")
    os.mkfifo(tree / "fifo")
    os.link(tree / "one/f00001", tree / "hard")
    (tree / "big").write_bytes(b"x" * 3_000_000)
    aged(tree)
    return tree


def aged(folder: Path) -> None:
    """Set every atime before its mtime: the kernel moves such a one at the first read (relatime)."""
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, ns=(10**18, 1_700_000_000 * 10**9), follow_symlinks=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, host, tree):
    """Return the trace of a whole run with a display, and the times of tree and /etc before and after."""
    live.needs("unshare")
    folder = tmp_path_factory.mktemp("trace")
    (folder / "out").mkdir()
    before = seen(tree), seen(host)
    inside = ["unshare", "-m", "sh", "-c", f'mount --bind {host} /etc && exec "$@"', "sh"]
    for display in live.display():
        trace = traced(
            folder / "calls", "--case", "T1", "--out", folder / "out", "--scan", tree, "--json", "--quiet",
            before=inside, env={"DISPLAY": display}, timeout=600,
        )  # fmt: skip
    assert trace.code in live.SEALED
    bundle = live.assert_sealed(live.only_bundle(folder / "out").path)
    assert bundle.artifacts("screen"), "the run had no display, so that the trace would prove less"
    return trace, bundle, before, (seen(tree), seen(host))


def seen(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return atime, mtime and ctime of everything in a folder; looking moves none of them."""
    found = {}
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        status = path.lstat()
        found[str(path)] = (status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)
        if stat.S_ISDIR(status.st_mode):
            fd = os.open(path, os.O_RDONLY | os.O_NOATIME)
            waiting += [path / name for name in os.listdir(fd)]  # noqa: PTH208 - of a descriptor
            os.close(fd)
    return found


def test_the_trace_saw_the_run(whole):
    """The trace holds what a run must do; a trace of nothing would pass every other test."""
    trace, bundle, *_ = whole
    opened = {call.opened for call in trace.of(*OPENS)}
    for record in bundle.artifacts():
        assert str(bundle.path / record["path"]) + ".part" in opened
    assert len(trace.of("fsync")) > 30
    assert [call for call in trace.of("socket") if "AF_NETLINK" in call.arguments]
    assert [call for call in trace.of("connect") if "AF_UNIX" in call.arguments], "the display was not asked"


def test_no_internet_socket_is_made(whole):
    """The families of the sockets made are netlink and unix; nothing is connected or sent to any other."""
    trace, *_ = whole
    assert {call.arguments.split(",")[0] for call in trace.of("socket", "socketpair")} <= {"AF_UNIX", "AF_NETLINK"}
    for call in trace.of("connect", "bind", "sendto", "sendmsg", "sendmmsg", "listen", "accept", "accept4"):
        assert re.match(r"\d+<(UNIX|NETLINK)", call.arguments), call
    for call in trace.of("ioctl"):
        assert not re.search(r"SIOCS|SIOC\w*ADD|SIOC\w*DEL", call.arguments), call


def test_nothing_is_written_outside_the_bundle(whole):
    """Every file opened for writing, made, renamed or removed lies in the bundle; there is no exception for any."""
    trace, bundle, *_ = whole
    assert outside(trace, bundle.path) == []


def outside(trace: Trace, bundle: Path | None) -> list[Call]:
    """Return the calls that may have changed a path outside the bundle."""

    def is_inside(path: str) -> bool:
        return bundle is not None and (path == str(bundle) or path.startswith(f"{bundle}/"))

    found = [
        call
        for call in trace.calls
        if (call.name in OPENS and (_WRITABLE.search(call.arguments) or call.name == "creat"))
        or CHANGES.fullmatch(call.name)
        if not all(is_inside(path) for path in ([call.opened] if call.opened else call.paths))
    ]
    for call in trace.of(*WRITES):
        held = re.match(r"\d+<(.*?)>(?:\(deleted\))?(?:,|$)", call.arguments)
        assert held, call
        if not is_inside(held[1]) and not re.match(r"(pipe|UNIX|NETLINK|anon_inode|/dev/null|socket|/memfd:)", held[1]):
            found.append(call)
    return found


def test_no_program_is_started_and_nothing_of_the_host_is_changed(whole):
    """One execve, that of the command itself; new threads, no new process; clocks are only read."""
    trace, *_ = whole
    assert [call.arguments[:60] for call in trace.of(*NEVER)][1:] == []
    assert trace.of(*NEVER)[0].name == "execve"
    for call in trace.of("clone", "clone3"):
        assert "CLONE_THREAD" in call.arguments, call
    for call in trace.of("setns"):
        assert any(word in call.arguments for word in NEW_NETWORK), call
    for call in trace.of("adjtimex", "clock_adjtime"):
        assert "modes=0" in call.arguments, call


def own_prefixes() -> tuple[str, ...]:
    """Return where the program itself and what loads it lie, and where the kernel answers: no atime of evidence."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    paths |= {sys.prefix, sys.base_prefix + "/lib", str(live.ROOT)}
    kernel = {"/proc", "/sys", "/dev/null", "/dev/shm"}
    loader = {"/lib", "/lib64", "/usr/lib", "/usr/local/lib", "/usr/bin", "/usr/share/X11", "/usr/share/zoneinfo"}
    loader.add(f"/etc/python3.{sys.version_info.minor}")
    return tuple(sorted({os.path.realpath(path) for path in paths} | paths | kernel | loader))


LOADER = {"/etc/ld.so.cache", "/etc/localtime", "/etc/locale.alias"}
"""Read by the loader and the C library as any program starts, before a line of ours runs."""


def test_everything_is_read_without_moving_its_atime(whole):
    """Beside the program's own files, whatever is opened for reading on a disk is opened with O_NOATIME."""
    trace, bundle, *_ = whole
    own = (*own_prefixes(), str(bundle.path.parent))  # the folder of `--out` is opened to be synced
    moved = set()
    for call in trace.of(*OPENS):
        path = call.opened and call.opened.split("<")[0]  # of a device its numbers stand behind it
        if path is None or "O_NOATIME" in call.arguments or "O_PATH" in call.arguments or path in LOADER:
            continue
        if path.startswith("/memfd:"):
            continue  # memory of ours: the cookie of a display
        if not any(path == prefix or path.startswith(prefix + "/") for prefix in own) and path.startswith("/"):
            moved.add(path)
    assert moved == set()


def test_no_time_has_moved_in_the_tree(whole, tree):
    """atime, mtime and ctime of every file, link and folder of the scanned tree are what they were."""
    _, _, (before, _), (after, _) = whole
    assert after == before
    assert len(before) > 15
    watched(tree / "one/f00000")


def test_no_time_has_moved_in_etc(whole, host):
    """The same for /etc, where passwd, hosts, resolv.conf, machine-id and the units are read."""
    _, _, (_, before), (_, after) = whole
    moved = {path.replace(str(host), "/etc", 1) for path in before if before[path] != after.get(path)}
    moved -= {path for path in moved if path.startswith("/etc/python3")}  # the interpreter's own
    # Linux reads no link without moving the link's own atime; where units are enabled stands in links alone.
    moved -= {path for path in moved if Path(path).is_symlink()}
    assert moved <= LOADER
    assert after.keys() == before.keys()
    watched(host / "passwd")


def watched(path: Path) -> None:
    """Demand that this file system moves atimes at all; otherwise the test proved nothing, and says so."""
    before = path.stat().st_atime_ns
    path.read_bytes()
    if path.stat().st_atime_ns == before:
        pytest.skip("this file system moves no atime")


def test_verify_writes_nothing_at_all(whole, tmp_path):
    """`collect verify` opens no file for writing, makes no socket and starts nothing."""
    _, bundle, *_ = whole
    copy = Path(shutil.copytree(bundle.path, tmp_path / "copy"))
    before = live.snapshot(copy)
    trace = traced(tmp_path / "calls", "verify", copy, "--json")
    assert trace.code == 0
    assert outside(trace, None) == []
    assert trace.of("socket", "socketpair", "connect", "clone", "clone3", "fork", "vfork") == []
    assert live.snapshot(copy) == before


@pytest.mark.parametrize("display", ["192.0.2.1:0", "localhost:10.0", "tcp/[::1]:1", "example.invalid:0"])
def test_a_display_over_tcp_is_never_connected_to(tmp_path, display):
    """It is a gap that names it; no INET socket is made and no name looked up."""
    (tmp_path / "out").mkdir()
    args = ["--case", "T1", "--out", tmp_path / "out", "--scan", live.files_in(tmp_path / "tree", 1), "--json"]
    args += ["--profile", "triage"]
    trace = traced(tmp_path / "calls", *args, env={"DISPLAY": display})
    assert trace.code in live.SEALED
    assert [call for call in trace.calls if "AF_INET" in call.arguments and call.name in ("socket", "connect")] == []
    bundle = live.only_bundle(tmp_path / "out")
    for source in ("windows", "screen"):
        assert [gap for gap in bundle.gaps(source) if (gap["subject"], gap["outcome"]) == (display, "unsupported")]
