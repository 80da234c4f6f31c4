"""Runs a program that a definition names: no shell, nothing of the operator's environment, bounded, its tree killed.

What runs is what was looked at: the program is opened, found to be root's own and nobody else's to change, hashed, and
started through that very descriptor.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "linux"

import errno
import hashlib
import os
import selectors
import stat
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector.host.linux import children, files
from collector.host.posix import descriptors
from collector.host.posix.mounts import resolved
from collector.model import Blob, Gap, Outcome, number
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from collector.host.posix.mounts import MountTable
    from collector.model import Row

SECONDS: Final = 30
"""The longest that one program may run."""

MAX_OUTPUT: Final = 16 << 20
"""Most bytes of standard output that are kept."""

ENVIRONMENT: Final = {"LANG": "C.UTF-8"}

_PULSE: Final = 0.2
"""Seconds between two looks whether whoever reads the output is still there."""


@dataclass(slots=True)
class _Ran:
    """What became of a program."""

    over: bool = False
    late: bool = False
    lasts: bool = False
    complaint: bytes = b""
    exit_code: int | None = None
    flags: list[str] = field(default_factory=list)


def run(
    table: MountTable, row: Row, program: str, arguments: tuple[str, ...], deadline: float
) -> Iterator[Row | Blob | Gap]:
    """Yield the output of a program with its row, or the row and a gap that says why it did not run or end well."""
    subject = from_bytes(os.fsencode(program))
    try:
        path, fd = _opened(table, os.fsencode(program))
    except OSError as e:
        yield row | {"outcome": files.outcome_of(e).value}
        if files.outcome_of(e) is not Outcome.ABSENT:  # not installed: the row says so
            yield files.gap_of(e, "a program can't be opened", subject)
        return
    try:
        why = _untrusted(path, fd)
        if why is not None:
            yield row | {"outcome": Outcome.DENIED.value}
            yield Gap(Outcome.DENIED, f"a program was not run: {why}", subject)
            return
        row["program_sha256"], _ = descriptors.digest(fd)
        ran = _Ran()
        row["outcome"] = Outcome.COLLECTED.value
        output = _output(fd, [program, *arguments], min(deadline, time.monotonic() + SECONDS), ran, row)
        yield Blob("command", ".txt", "standard output of a program of the host", output, subject, None, ran.flags, row)
    except OSError as e:
        yield row | {"outcome": files.outcome_of(e).value}
        yield files.gap_of(e, "a program can't be run", subject)
        return
    finally:
        os.close(fd)
    if ran.late:
        yield Gap(Outcome.TIMED_OUT, f"a program ran longer than {SECONDS} s or the profile allow: ended", subject)
    if ran.over:
        yield Gap(Outcome.OVER_LIMIT, f"a program wrote more than {MAX_OUTPUT} bytes: ended", subject)
    if ran.lasts:
        yield Gap(Outcome.LOCKED, "a program, or what it started, could not be ended", subject)
    if ran.exit_code and not (ran.late or ran.over):
        yield Gap(Outcome.FAILED, f"a program ended with {ran.exit_code}", from_bytes(ran.complaint) or subject)


def _opened(table: MountTable, program: bytes) -> tuple[bytes, int]:
    """Return where a program really lies and its descriptor; raises `OSError`, ENXIO where touching it may hang."""
    path = resolved(table, program)
    if table.is_remote(path):
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
    return path, files.open_source(path)


def _untrusted(path: bytes, fd: int) -> str | None:
    """Return why a program might be somebody else's than the system's, or `None`."""
    looked = [os.fstat(fd)]
    above = os.path.dirname(path)
    while True:
        looked.append(os.lstat(above))
        if above == b"/":
            break
        above = os.path.dirname(above)
    if any(one.st_uid for one in looked):
        return "it, or a folder above it, does not belong to root"
    if any(one.st_mode & (stat.S_IWGRP | stat.S_IWOTH) for one in looked):
        return "others than root may change it, or a folder above it"
    if not looked[0].st_mode & 0o111:
        return "it is not executable"
    return None


def _output(fd: int, command: list[str], deadline: float, ran: _Ran, row: Row) -> Iterator[bytes]:
    """Yield what a program writes, and an empty part now and then; when this ends, so has all that it started."""
    digest, size = hashlib.sha256(), 0
    before = children.ours()
    children.adopt()
    child = subprocess.Popen(  # noqa: S603 - what a rule names, looked at by `_untrusted`; an argument list, no shell
        command,
        executable=f"/proc/self/fd/{fd}",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=ENVIRONMENT,
        pass_fds=(fd,),
        start_new_session=True,
    )
    reading = _read(child, deadline, ran)
    try:
        for data in reading:
            kept = data[: MAX_OUTPUT - size]
            digest.update(kept)
            size += len(kept)
            yield kept
            if len(kept) < len(data):
                ran.over = True
                break
    finally:
        ran.lasts = not children.end(child, before)  # before its pipes are closed: it is we who end it
        reading.close()
        children.leave()
        ran.exit_code = child.returncode
        row["exit_code"] = None if child.returncode is None else number(child.returncode)
        row["size"], row["sha256"] = size, digest.hexdigest()
        row["outcome"] = (Outcome.COLLECTED if size else Outcome.EMPTY).value
        if ran.late or ran.over:
            ran.flags.append("cut")
            row["outcome"] = (Outcome.TIMED_OUT if ran.late else Outcome.OVER_LIMIT).value


def _read(child: subprocess.Popen[bytes], deadline: float, ran: _Ran) -> Generator[bytes, None, None]:
    """Yield standard output until the program has ended or its time is over; what it complains of is kept in `ran`.

    A pipe that a child of the program holds open does not keep us: once the program itself has ended and nothing
    comes any more, that is the end.
    """
    assert child.stdout is not None
    assert child.stderr is not None
    with selectors.DefaultSelector() as waiting, child.stdout, child.stderr:
        for pipe in (child.stdout, child.stderr):
            os.set_blocking(pipe.fileno(), False)
            waiting.register(pipe, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(_PULSE)
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                if not data:
                    waiting.unregister(key.fileobj)
                elif key.fileobj is child.stdout:
                    yield data
                else:
                    ran.complaint = (ran.complaint + data)[:children.MAX_COMPLAINT]
            if not ready:
                yield b""
                if child.poll() is not None:
                    return
            ran.late = time.monotonic() > deadline
            if ran.late:
                return
        while child.poll() is None and not ran.late:  # it says no more, and has not ended yet
            ran.late = time.monotonic() > deadline
            yield b""
            time.sleep(0.01)
