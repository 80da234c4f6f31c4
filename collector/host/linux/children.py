"""What a program that we run has started: all of it ends with the program, also what left its session."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

from collector.host.linux import files, process

assert sys.platform == "linux"

if TYPE_CHECKING:
    import subprocess

MAX_COMPLAINT: Final = 2000
"""Bytes of standard error that the gap of a program that failed tells."""

_ENDING: Final = 5.0
"""Seconds in which a program that was killed must have ended."""

_SUBREAPER: Final = 36
"""PR_SET_CHILD_SUBREAPER (prctl(2)): what a program leaves behind becomes our child, so that we can end it."""


def adopt() -> None:
    """Become the one to whom orphans of our children come; where the kernel can't, nothing."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def leave() -> None:
    """Be it no longer."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 0, 0, 0, 0)


def ours() -> set[int]:
    """Return the children that we have now."""
    return set(_family().get(os.getpid(), ()))


def left(child: subprocess.Popen[bytes], before: set[int]) -> bool:
    """Tell whether anything that a program has started is still there after its own end; takes in what has ended."""
    alive = False
    for pid in ours() - before - {child.pid}:
        with contextlib.suppress(OSError):
            alive |= os.waitpid(pid, os.WNOHANG)[0] == 0
    return alive


def end(child: subprocess.Popen[bytes], before: set[int]) -> bool:
    """Kill a program and whatever it has started, also what left its session; tell whether all of it has ended.

    Children that were there before are not its own. As what is orphaned becomes ours, each round finds those that the
    last one has set free. What hangs in the kernel can't be killed: it is left after some seconds.
    """
    if child.poll() is None:  # once it is reaped its number may be somebody else's
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
    deadline = time.monotonic() + _ENDING
    while time.monotonic() < deadline:
        child.poll()
        known = _family()
        alive = [pid for pid in known.get(os.getpid(), ()) if pid not in before]
        if not alive:
            return True
        for pid in alive:
            for one in _below(pid, known):
                with contextlib.suppress(OSError):
                    os.kill(one, signal.SIGKILL)
            if pid != child.pid:  # whose end `child` itself takes in
                with contextlib.suppress(OSError):
                    os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)
    return False


def _below(pid: int, known: dict[int, list[int]]) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for one in found:
        found.extend(known.get(one, ()))
    return found


def _family() -> dict[int, list[int]]:
    """Return the children of each process."""
    found: dict[int, list[int]] = {}
    for name in files.names("/proc", kernel=True):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                parent = process.parse_stat(files.read_kernel(f"/proc/{int(name)}/stat")).ppid
                found.setdefault(parent, []).append(int(name))
    return found
