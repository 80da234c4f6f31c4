"""Whether the kernel holds a thread of ours that no signal ends: the process then outlives its own end.

A FUSE file system that does not answer does that: a request that its server has taken is waited out, killed or not
(fs/fuse/dev.c, request_wait_answer). Whoever waits for our exit code waits with us.
"""

from __future__ import annotations

import os
import time
from typing import Final

TASKS: Final = "/proc/self/task"
WAITING: Final = b"request_wait_answer"
"""Where such a thread waits, as `wchan` names it, before it is killed; then it is in an uninterruptible sleep (D)."""
AGAIN_SECONDS: Final = 0.2
"""Between two looks: a thread that reads a slow disk sleeps the same way, and not for long."""


def is_held(tasks: str = TASKS) -> bool:
    """Tell whether a thread is at both looks where no signal reaches it."""
    first = _held(tasks)
    if not first:
        return False
    time.sleep(AGAIN_SECONDS)
    return bool(first & _held(tasks))


def _held(tasks: str) -> set[str]:
    try:
        return {task for task in os.listdir(tasks) if _waits(f"{tasks}/{task}")}
    except OSError:
        return set()


def _waits(task: str) -> bool:
    return _read(f"{task}/stat").rpartition(b") ")[2][:1] == b"D" or WAITING in _read(f"{task}/wchan")


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(4096)
    except OSError:  # it has ended, or the kernel does not say
        return b""
