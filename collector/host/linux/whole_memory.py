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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector.host import HostError
from collector.host.linux import children, files
from collector.model import Blob, Gap, Outcome
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from collector.host.linux import Roots
    from collector.model import Request

PART: Final = 1 << 30
"""Most bytes of one artifact; joined in their order the parts are what the program wrote. FAT takes no 4 GiB."""

KEPT: Final = 1 << 30
"""Bytes of the medium, and of `--max-size`, that are left to all that is collected after it."""

MAX_PROGRAM: Final = 256 << 20
"""Largest acquisition program: avml is of 10 MiB."""

MORE: Final = 256 << 20
"""What an image may take beyond the memory that the system counts: firmware and kernel keep some, headers are added."""

SILENT_S: Final = 120
"""Longest that the program may write nothing: what comes after it is worth more than waiting."""

PLACES: Final = ("/dev/shm", "/run", "/tmp", "/mnt")  # noqa: S108 - hidden in the program's namespace, never written to
"""Folders of which one has the FIFO, in the program's namespace only."""

_RAM: Final = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ : System RAM$")
_PIECE: Final = 1 << 20
_PULSE: Final = 0.2
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


@dataclass(slots=True)
class _Image:
    """A program that runs, and what it wrote and was not yet taken."""

    child: subprocess.Popen[bytes]
    pipe: int
    notices: int
    """Tells (inotify) when somebody opens or closes the pipe."""
    most: int
    before: set[int] = field(default_factory=set)
    left: bytes = b""
    taken: int = 0
    opened: int = 0
    writers: int = 0
    over: bool = False
    silent: bool = False
    orphans: bool = False
    complaint: bytes = b""

    def notice(self) -> None:
        """Count who has opened and closed the pipe since."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.notices, 1 << 16):
                for _, mask, _, _ in _EVENT.iter_unpack(data):  # a watched file has no names
                    self.opened += bool(mask & _OPENED)
                    self.writers += bool(mask & _OPENED) - bool(mask & _CLOSED)


def items(roots: Roots, request: Request) -> Iterator[Blob | Gap]:
    """Yield what the program of the request wrote, in parts; raises `HostError` where it was not started."""
    assert request.memory_program is not None
    path = os.fsencode(request.memory_program)
    subject = from_bytes(path)
    if os.geteuid() != 0:
        raise HostError(Gap(Outcome.DENIED, "only root may read the memory of the whole machine", subject))
    needed = _counted(roots) + MORE
    room = _room(request)
    if needed > room:
        told = f"not started: the memory of the machine takes {needed} bytes, there is room for {max(0, room)}"
        raise HostError(Gap(Outcome.OVER_LIMIT, told, subject))
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
    yield from _parts(image, f"an acquisition program of the expert's, sha256 {digest}", path)


def _parts(image: _Image, method: str, path: bytes) -> Iterator[Blob | Gap]:
    ended = False
    try:
        while True:
            flags: list[str] = []
            yield Blob("memory", ".bin", method, _part(image, flags), from_bytes(path), None, flags)
            if not image.left:
                break
        ended = True
    finally:
        until = time.monotonic() + _LEAVING_S
        while ended and (left := children.left(image.child, image.before)) and time.monotonic() < until:
            time.sleep(0.02)
        image.orphans = ended and left
        gone = _end(image)
    yield from _gaps(image, path, gone=gone)


def _gaps(image: _Image, path: bytes, *, gone: bool) -> Iterator[Gap]:
    """Yield what is wrong with an image that was read to its end."""
    subject, code = from_bytes(path), image.child.returncode
    if image.over:
        yield Gap(Outcome.OVER_LIMIT, f"an acquisition program wrote more than {image.most} bytes: ended", subject)
    if image.silent:
        yield Gap(Outcome.TIMED_OUT, f"an acquisition program wrote nothing for {SILENT_S} s: ended", subject)
    if image.orphans:
        yield Gap(Outcome.FAILED, "what an acquisition program had started was still there after it: ended", subject)
    if not gone:
        yield Gap(Outcome.LOCKED, "an acquisition program, or what it started, could not be ended", subject)
    if image.opened > 1:
        again = f"an acquisition program began {image.opened} times: what it wrote first is a try that it gave up"
        yield Gap(Outcome.FAILED, again, subject)
    if code and not (image.over or image.silent):
        said = from_bytes(image.complaint) if image.complaint else subject
        yield Gap(Outcome.FAILED, f"an acquisition program ended with {code}", said)
    elif not image.taken:
        yield Gap(Outcome.FAILED, "an acquisition program wrote nothing where it was told to", subject)


def _part(image: _Image, flags: list[str]) -> Generator[bytes, None, None]:
    """Yield up to `PART` bytes, and an empty piece now and then; what came beyond stays in `image.left`."""
    size, is_whole = 0, False
    pieces = _pieces(image)
    try:
        while not image.left or size < PART:
            data, image.left = image.left or next(pieces, None), b""
            if data is None:
                break
            kept = data[: PART - size]
            size, image.left = size + len(kept), data[len(kept) :]
            yield kept
        is_whole = not (image.over or image.silent)
    finally:
        if image.over or image.silent:
            flags.append("cut")
        if not is_whole:  # whoever reads has left, or it was too much
            _end(image)


def _pieces(image: _Image) -> Iterator[bytes]:
    """Yield what the program writes until it has ended, and an empty piece where nothing came for a while."""
    complaints = image.child.stderr
    assert complaints is not None
    heard = time.monotonic()
    with selectors.DefaultSelector() as waiting:
        waiting.register(image.pipe, selectors.EVENT_READ)
        waiting.register(complaints, selectors.EVENT_READ)
        while True:
            over = image.child.poll() is not None  # looked at first: what it wrote before is in the pipe by now
            image.notice()
            over &= image.writers <= 0  # a launcher may end before what it has launched
            ready = [key.fileobj for key, _ in waiting.select(0 if over else _PULSE)]
            if complaints in ready:
                said = os.read(complaints.fileno(), 1 << 16)
                image.complaint = (image.complaint + said)[:children.MAX_COMPLAINT]
                if not said:
                    waiting.unregister(complaints)
            if image.pipe in ready:
                data, heard = os.read(image.pipe, _PIECE), time.monotonic()
                image.taken += len(data)
                if image.taken > image.most:
                    image.over = True
                    return
                yield data
            elif over:
                return
            elif time.monotonic() - heard > SILENT_S:
                image.silent = True
                return
            elif complaints not in ready:
                yield b""


def _end(image: _Image) -> bool:
    """Kill the program and all that it started; tell whether all of it has ended. May be called again."""
    gone = children.end(image.child, image.before)
    if image.child.stderr is not None and not image.child.stderr.closed:
        image.child.stderr.close()
        os.close(image.pipe)
        os.close(image.notices)
        children.leave()
    return gone


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
    """Return the bytes that an image may take: what the medium has free, or the run may take, but for `KEPT`."""
    try:
        medium = os.statvfs(request.out)
    except OSError as e:
        raise HostError(files.gap_of(e, "not started: the room of the medium can't be read")) from e
    free = medium.f_bavail * medium.f_frsize
    return (free if request.max_size is None else min(free, request.max_size)) - KEPT


def _sealed(path: bytes) -> tuple[int, str]:
    """Return a copy of a program in memory that nothing can change any more, and its SHA-256; raises `OSError`."""
    source = files.open_source(path)
    try:
        if os.fstat(source).st_size > MAX_PROGRAM:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        copy = _memory_file()
        try:
            digest, size = hashlib.sha256(), 0
            while data := os.read(source, _PIECE):
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
        _done(-1)
    with contextlib.suppress(OSError):  # where it stays small it is slower, and the same bytes
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIECE)
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
