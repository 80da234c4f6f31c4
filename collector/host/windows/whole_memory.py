r"""The memory of the whole machine, through an acquisition program of the expert's (winpmem): we put no driver in.

The program takes a path and writes there from start to end. What it is given is a named pipe of ours (`\\.\pipe\…`):
nothing of the image is written on the host, and what comes is read, hashed and stored. Nobody can change the program
between its hash and its end: it is held open without leave for others to write. What the program itself leaves on the
host (a driver and its service, as long as it runs) is its own doing, and said in its documentation.

Tested under Wine with a program of ours that writes as such ones do; not yet run with winpmem on a machine.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import _winapi
import contextlib
import ctypes
import errno
import hashlib
import msvcrt
import os
import queue
import secrets
import shutil
import threading
import time
from ctypes import wintypes
from typing import TYPE_CHECKING, Final

from collector.host import HostError, machine_image
from collector.host.machine_image import MAX_PROGRAM, PIECE, PULSE
from collector.host.windows import accounts, calls, files, jobs, system, volumes
from collector.model import Gap, Outcome
from collector.text import from_bytes

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from collector.model import Blob, Request

MORE: Final = 3 << 30
"""What an image may take beyond the memory that is built in: a raw one has the gaps of devices in it, as zeros."""
MAX_COMPLAINT: Final = 2000

_AHEAD: Final = 8
"""Pieces that are read before they are stored."""
_SOON: Final = 0.001
_INBOUND_FIRST: Final = 0x1 | 0x80000
"""PIPE_ACCESS_INBOUND, FILE_FLAG_FIRST_PIPE_INSTANCE: nobody else has a pipe of this name."""
_BYTES_LOCAL: Final = 0x8
"""PIPE_TYPE_BYTE, PIPE_READMODE_BYTE, PIPE_WAIT, PIPE_REJECT_REMOTE_CLIENTS."""
_CAME: Final = (535, 232)
"""ERROR_PIPE_CONNECTED, ERROR_NO_DATA: somebody was there before we listened, or even gone again: it can be read."""

_disconnect = calls.function("kernel32", "DisconnectNamedPipe", wintypes.BOOL, wintypes.HANDLE)
_installed = calls.function("kernel32", "GetPhysicallyInstalledSystemMemory", wintypes.BOOL, ctypes.c_void_p)


class _Pipe:
    """A named pipe that is read by a thread, a few pieces ahead; whoever writes may come again."""

    def __init__(self) -> None:
        """Make it; raises `OSError`."""
        self.name = f"\\\\.\\pipe\\evidence-{secrets.token_hex(16)}"
        self._handle = _winapi.CreateNamedPipe(self.name, _INBOUND_FIRST, _BYTES_LOCAL, 1, 0, PIECE, 0, 0)
        self.pieces: queue.Queue[bytes] = queue.Queue(_AHEAD)
        self.opened = 0
        self.connected = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="acquisition-pipe", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                _winapi.ConnectNamedPipe(self._handle)
            except OSError as error:
                if error.winerror not in _CAME:
                    return
            if self._over.is_set():
                return
            self.opened += 1
            self.connected = True
            with contextlib.suppress(OSError):  # broken: the writer has closed it
                while not self._over.is_set():
                    self._put(_winapi.ReadFile(self._handle, PIECE)[0])
            _disconnect(self._handle)
            self.connected = False

    def _put(self, data: bytes) -> None:
        """Hand a piece on, as soon as there is room for it."""
        while not self._over.is_set():
            with contextlib.suppress(queue.Full):
                self.pieces.put(data, timeout=PULSE)
                return

    def close(self) -> None:
        """Let go of it: whoever waits in the thread is let out by a writer of our own."""
        self._over.set()
        with contextlib.suppress(OSError):
            os.close(os.open(self.name, os.O_WRONLY | os.O_BINARY))
        self._thread.join(5.0)
        if not self._thread.is_alive():
            _winapi.CloseHandle(self._handle)


class _Image(machine_image.Image):
    """A program that runs, and what it wrote; `held` is its file, which nobody may write to."""

    def __init__(self, job: jobs.Job, child: subprocess.Popen[bytes], pipe: _Pipe, held: int, most: int) -> None:
        super().__init__(most)
        self._job = job
        self._child = child
        self._pipe = pipe
        self._held = held
        self._complaint = b""
        self._words = b""
        """The last that it said on its standard output: many a program complains there."""
        self._ended: bool | None = None
        """Whether all of it has ended; `None`: it has not been asked to."""

    def pieces(self) -> Iterator[bytes]:
        """See `Image`."""
        heard, was_over = time.monotonic(), False
        while True:
            is_over = self._child.poll() is not None  # looked at first: what it wrote before is in the pipe by now
            is_over &= not self._pipe.connected  # a launcher may end before what it has launched
            try:
                data = self._pipe.pieces.get(timeout=_SOON if self._listen() else PULSE)
            except queue.Empty:
                if is_over and was_over:  # twice: our thread may just be on its way
                    return
                was_over = is_over
                if time.monotonic() - heard > machine_image.SILENT_S:
                    self.silent = True
                    return
                yield b""
                continue
            heard = time.monotonic()
            if not self.take(data):
                return
            yield data

    def _listen(self) -> bool:
        """Keep what the program says, and tell whether it said anything: it waits until that is read."""
        complaint, words = jobs.waiting(self._child.stderr), jobs.waiting(self._child.stdout)
        self._complaint = (self._complaint + complaint)[:MAX_COMPLAINT]
        self._words = (self._words + words)[-MAX_COMPLAINT:]
        return bool(complaint or words)

    def end(self, *, is_whole: bool) -> bool:  # noqa: ARG002 - the job knows all that it started, and ends it
        """See `Image`."""
        if self._ended is None:
            self._child.poll()  # an exit code of its own is kept
            self._ended = self._job.end(self._child)
            self._pipe.close()
            for pipe in (self._child.stdout, self._child.stderr):
                if pipe is not None:
                    pipe.close()
            os.close(self._held)
        return self._ended

    def told(self) -> tuple[int | None, int, bytes]:
        """See `Image`."""
        return self._child.returncode, self._pipe.opened, self._complaint or self._words


def items(request: Request) -> Iterator[Blob | Gap]:
    """Yield what the program of the request wrote, in parts; raises `HostError` where it was not started."""
    assert request.memory_program is not None
    path = os.path.abspath(request.memory_program)
    subject = from_bytes(os.fsencode(path))
    if not accounts.is_elevated():
        raise HostError(Gap(Outcome.DENIED, "only an administrator may read the memory of the whole machine", subject))
    needed = _counted() + MORE
    machine_image.demand_room(needed, _room(request), subject)
    try:
        held, digest = _held(path)
    except OSError as error:
        raise HostError(files.gap_of(error, "the acquisition program can't be opened", subject)) from error
    try:
        image = _started(path, held, needed)
    except OSError as error:
        os.close(held)
        raise HostError(files.gap_of(error, "the acquisition program can't be run", subject)) from error
    yield from image.parts(f"an acquisition program of the expert's, sha256 {digest}", subject)


def _counted() -> int:
    """Return the memory of the machine in bytes: what is built in, or what Windows uses of it; raises `HostError`."""
    kilobytes = ctypes.c_uint64()
    if _installed(ctypes.byref(kilobytes)) and kilobytes.value:
        return kilobytes.value * 1024
    with contextlib.suppress(OSError):
        return system.physical_memory()
    raise HostError(Gap(Outcome.FAILED, "not started: the system does not tell how much memory there is"))


def _room(request: Request) -> int:
    """Return the bytes that an image may take; raises `HostError`."""
    try:
        free = shutil.disk_usage(os.fsdecode(request.out)).free
    except OSError as error:
        raise HostError(files.gap_of(error, "not started: the room of the medium can't be read")) from error
    return machine_image.room(free, request)


def _held(path: str) -> tuple[int, str]:
    """Return the program's file, which nobody may change as long as it is held, and its SHA-256; raises `OSError`."""
    handle = _winapi.CreateFile(path, _winapi.GENERIC_READ, 1, 0, _winapi.OPEN_EXISTING, 0, 0)  # FILE_SHARE_READ
    fd = msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)
    digest, size = hashlib.sha256(), 0
    try:
        while data := os.read(fd, PIECE):
            digest.update(data)
            size += len(data)
            if size > MAX_PROGRAM:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    except OSError:
        os.close(fd)
        raise
    return fd, digest.hexdigest()


def _started(path: str, held: int, most: int) -> _Image:
    """Start the program with the name of a pipe of ours; raises `OSError`."""
    pipe = _Pipe()
    root = volumes.windows_folder()
    known = ("SYSTEMDRIVE", "TEMP", "TMP", "PROGRAMDATA")
    environment = {name: os.environ[name] for name in known if name in os.environ}
    environment |= {"SystemRoot": root, "windir": root, "Path": f"{root}\\System32"}
    try:
        job = jobs.Job()
        child = job.start([path, pipe.name], root, environment)
    except OSError:
        pipe.close()
        raise
    return _Image(job, child, pipe, held, most)
