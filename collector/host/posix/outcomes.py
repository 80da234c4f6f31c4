"""What a system error stands for, and what this process opened on the host; the same on every POSIX system."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collector.text import Text

_OUTCOMES = {
    errno.ENOENT: Outcome.ABSENT,
    errno.ESRCH: Outcome.ABSENT,
    errno.ENOTDIR: Outcome.ABSENT,
    errno.ENODEV: Outcome.ABSENT,
    errno.EACCES: Outcome.DENIED,
    errno.EPERM: Outcome.DENIED,
    errno.EBUSY: Outcome.LOCKED,
    errno.EAGAIN: Outcome.LOCKED,
    errno.ETXTBSY: Outcome.LOCKED,
    errno.ETIMEDOUT: Outcome.TIMED_OUT,
    errno.ELOOP: Outcome.UNSUPPORTED,
    errno.ENXIO: Outcome.UNSUPPORTED,
    errno.EXDEV: Outcome.UNSUPPORTED,
    errno.EOPNOTSUPP: Outcome.UNSUPPORTED,
    errno.EFBIG: Outcome.OVER_LIMIT,
    errno.EDEADLK: Outcome.UNSUPPORTED,
}


@dataclass(slots=True)
class Counters:
    """What this process opened on the host, for the footprint."""

    files: int = 0
    folders: int = 0
    atime_moved: int = field(default=0)
    """Opened without O_NOATIME, since the file is another user's."""


COUNTERS = Counters()


def outcome_of(error: OSError) -> Outcome:
    """Return the outcome that a system error stands for."""
    return _OUTCOMES.get(error.errno or 0, Outcome.FAILED)


_SAID = {errno.EDEADLK: "its content lies in a cloud and was not fetched"}
"""What the system's own words would hide: macOS answers so for a file without content (setiopolicy_np(3))."""


def gap_of(error: OSError, what: str, subject: Text | None = None) -> Gap:
    """Return the gap for a system error: `what` is a plain phrase, without names from the host."""
    code = error.errno or 0
    return Gap(outcome_of(error), f"{what}: {_SAID.get(code) or os.strerror(code)}", subject)
