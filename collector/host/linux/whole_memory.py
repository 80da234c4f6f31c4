"""The memory of the whole machine, through an acquisition program of the expert's (avml): we put none into a kernel.

The program writes where it is told, and takes a path. What stands there is a FIFO on a small file system in memory that
only the program's own mount namespace has: nothing is written on the host, and what comes is read, hashed and stored.
What runs is a sealed copy of what was hashed, in memory: nothing can change it in between, and a stick from which no
program may be started serves as well.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "linux"

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import os
import re
import selectors
import struct
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Final

from collector.host import HostError, machine_image
from collector.host.linux import children, files
from collector.host.machine_image import MAX_PROGRAM, PIECE, PULSE
from collector.model import Gap, Outcome
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.model import Blob, Request

MORE: Final = 256 << 20
"""What an image may take beyond the memory that the system counts: firmware and kernel keep some, headers are added."""

PLACES: Final = ("/dev/shm", "/run", "/tmp", "/mnt")  # noqa: S108 - hidden in the program's namespace, never written to
"""Folders of which one has the FIFO, in the program's namespace only."""

_RAM: Final = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ : System RAM$")
_LEAVING_S: Final = 1.0
_NEW_MOUNTS: Final = 0x00020000  # CLONE_NEWNS (linux/sched.h)
_SLAVE: Final = 0x4000 | 1 << 19  # MS_REC, MS_SLAVE (linux/mount.h): a stick that is taken out is gone here, too
_PLAIN: Final = 2 | 4 | 8  # MS_NOSUID, MS_NODEV, MS_NOEXEC
_MFD_EXEC: Final = 0x10  # linux/memfd.h, since 6.3; older kernels refuse it and need no word
_SEALS: Final = 0x1 | 0x2 | 0x4 | 0x8  # F_SEAL_SEAL, _SHRINK, _GROW, _WRITE (linux/fcntl.h)
_ADD_SEALS: Final = 1033
_OPENED: Final = 0x20  # IN_OPEN (linux/inotify.h)
_CLOSED: Final = 0x08  # IN_CLOSE_WRITE
_EVENT: Final = struct.Struct("iIII")


class _Image(machine_image.Image):
    """A program that runs, what it wrote to `pipe`, and when somebody opened or closed that (`notices`, inotify)."""

    def __init__(self, child: subprocess.Popen[bytes], pipe: int, notices: int, most: int, before: set[int]) -> None:
        super().__init__(most)
        self._child = child
        self._pipe = pipe
        self._notices = notices
        self._before = before
        self._opened = self._writers = 0
        self._complaint = b""

    def _notice(self) -> None:
        """Count who has opened and closed the pipe since."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._notices, 1 << 16):
                for _, mask, _, _ in _EVENT.iter_unpack(data):  # a watched file has no names
                    self._opened += bool(mask & _OPENED)
                    self._writers += bool(mask & _OPENED) - bool(mask & _CLOSED)

    def pieces(self) -> Iterator[bytes]:
        """See `Image`."""
        complaints = self._child.stderr
        assert complaints is not None
        heard = time.monotonic()
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._pipe, selectors.EVENT_READ)
            waiting.register(complaints, selectors.EVENT_READ)
            while True:
                over = self._child.poll() is not None  # looked at first: what it wrote before is in the pipe by now
                self._notice()
                over &= self._writers <= 0  # a launcher may end before what it has launched
                ready = [key.fileobj for key, _ in waiting.select(0 if over else PULSE)]
                if complaints in ready:
                    said = os.read(complaints.fileno(), 1 << 16)
                    self._complaint = (self._complaint + said)[:children.MAX_COMPLAINT]
                    if not said:
                        waiting.unregister(complaints)
                if self._pipe in ready:
                    data, heard = os.read(self._pipe, PIECE), time.monotonic()
                    if not self.take(data):
                        return
                    yield data
                elif over:
                    return
                elif time.monotonic() - heard > machine_image.SILENT_S:
                    self.silent = True
                    return
                elif complaints not in ready:
                    yield b""

    def end(self, *, is_whole: bool) -> bool:
        """See `Image`."""
        until = time.monotonic() + _LEAVING_S
        while is_whole and (left := children.left(self._child, self._before)) and time.monotonic() < until:
            time.sleep(0.02)
        self.orphans = is_whole and left
        gone = children.end(self._child, self._before)
        if self._child.stderr is not None and not self._child.stderr.closed:
            self._child.stderr.close()
            os.close(self._pipe)
            os.close(self._notices)
            children.leave()
        return gone

    def told(self) -> tuple[int | None, int, bytes]:
        """See `Image`."""
        return self._child.returncode, self._opened, self._complaint


def items(roots: Roots, request: Request) -> Iterator[Blob | Gap]:
    """Yield what the program of the request wrote, in parts; raises `HostError` where it was not started."""
    assert request.memory_program is not None
    path = os.fsencode(request.memory_program)
    subject = from_bytes(path)
    if os.geteuid() != 0:
        raise HostError(Gap(Outcome.DENIED, "only root may read the memory of the whole machine", subject))
    needed = _counted(roots) + MORE
    machine_image.demand_room(needed, _room(request), subject)
    try:
        program, digest = _sealed(path)
    except OSError as e:
        raise HostError(files.gap_of(e, "the acquisition program can't be opened", subject)) from e
    try:
        image = _started(program, path, needed)
    except OSError as e:
        raise HostError(files.gap_of(e, "the acquisition program can't be run", subject)) from e
    finally:
        os.close(program)
    yield from image.parts(f"an acquisition program of the expert's, sha256 {digest}", subject)


def _counted(roots: Roots) -> int:
    """Return the memory of the machine in bytes, what the kernel keeps for itself too; raises `HostError`.

    As root the kernel tells the ranges (/proc/iomem); what it counts elsewhere leaves out 1 to 2 percent.
    """
    try:
        ram = [line.split()[0] for line in files.read_kernel(f"{roots.proc}/iomem").splitlines() if _RAM.search(line)]
        ranges = [[int(end, 16) for end in one.split(b"-")] for one in ram]
        if any(last for _, last in ranges):  # others than root are told zeros
            return sum(last - first + 1 for first, last in ranges)
        for line in files.read_kernel(f"{roots.proc}/meminfo").splitlines():
            name, _, value = line.partition(b":")
            if name == b"MemTotal":
                return int(value.split()[0]) * 1024 * 21 // 20
    except (OSError, ValueError, IndexError):
        pass
    raise HostError(Gap(Outcome.FAILED, "not started: the system does not tell how much memory there is"))


def _room(request: Request) -> int:
    """Return the bytes that an image may take; raises `HostError`."""
    try:
        medium = os.statvfs(request.out)
    except OSError as e:
        raise HostError(files.gap_of(e, "not started: the room of the medium can't be read")) from e
    return machine_image.room(medium.f_bavail * medium.f_frsize, request)


def _sealed(path: bytes) -> tuple[int, str]:
    """Return a copy of a program in memory that nothing can change any more, and its SHA-256; raises `OSError`."""
    source = files.open_source(path)
    try:
        if os.fstat(source).st_size > MAX_PROGRAM:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        copy = _memory_file()
        try:
            digest, size = hashlib.sha256(), 0
            while data := os.read(source, PIECE):
                size += len(data)
                if size > MAX_PROGRAM:
                    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
                digest.update(data)
                while data:
                    data = data[os.write(copy, data) :]
            fcntl.fcntl(copy, _ADD_SEALS, _SEALS)
        except OSError:
            os.close(copy)
            raise
    finally:
        os.close(source)
    return copy, digest.hexdigest()


def _memory_file() -> int:
    flags = os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC
    try:
        return os.memfd_create("acquisition", flags | _MFD_EXEC)
    except OSError as e:
        if e.errno != errno.EINVAL:
            raise
    return os.memfd_create("acquisition", flags)


def _started(program: int, path: bytes, most: int) -> _Image:
    """Start the program in a mount namespace of its own; raises `OSError`.

    A thread makes that namespace, starts the program in it and ends: no other thread of ours is ever in it.
    """
    made: list[_Image] = []
    failed = [OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))]

    def work() -> None:
        try:
            made.append(_in_namespace(program, path, most))
        except OSError as e:
            failed.append(e)

    thread = threading.Thread(target=work, name="acquisition-program", daemon=True)
    thread.start()
    thread.join()
    if not made:
        raise failed[-1]
    return made[0]


def _in_namespace(program: int, path: bytes, most: int) -> _Image:
    libc = ctypes.CDLL(None, use_errno=True)
    place = next((one for one in PLACES if os.path.isdir(one) and not os.path.islink(one)), None)
    if place is None:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    _done(libc.unshare(_NEW_MOUNTS))
    _done(libc.mount(None, b"/", None, _SLAVE, None))
    _done(libc.mount(b"none", place.encode(), b"tmpfs", _PLAIN, b"size=64k,mode=0700"))
    target = f"{place}/memory"
    os.mkfifo(target, 0o600)
    pipe = os.open(target, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)  # also for writing: so it has no end before ours
    notices = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if notices < 0 or libc.inotify_add_watch(notices, target.encode(), _OPENED | _CLOSED) < 0:
        os.close(pipe)
        if notices >= 0:
            os.close(notices)
        _done(-1)
    with contextlib.suppress(OSError):  # where it stays small it is slower, and the same bytes
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIECE)
    before = children.ours()
    children.adopt()
    try:
        child = subprocess.Popen(  # noqa: S603 - what the expert gave; an argument list, no shell
            [path, target.encode()],
            executable=f"/proc/self/fd/{program}",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
            env={"LANG": "C.UTF-8"},
            pass_fds=(program,),
            start_new_session=True,
        )
    except OSError:
        children.leave()
        os.close(pipe)
        os.close(notices)
        raise
    os.set_blocking(child.stderr.fileno(), False)  # type: ignore[union-attr]  # asked for above
    return _Image(child, pipe, notices, most, before)


def _done(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
