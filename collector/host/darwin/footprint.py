"""What this process itself did to the host so far."""

from __future__ import annotations

import os
import resource
import sys
import time
from typing import TYPE_CHECKING, Final

from collector import text
from collector.host.posix.low import files
from collector.model import Outcome, number

if TYPE_CHECKING:
    from collector.host.darwin.readings import Readings
    from collector.model import Json, Row

_TRACES: Final = (
    "the memory of the tool's process replaced free memory and file cache",
    "files that were read are in the file cache now",
    "the system's own records of started programs (unified log, XProtect, shell history) may name the tool",
)


def row(readings: Readings) -> Row:
    """Return the row; a figure that can't be read is `None` and named in `unread`."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    traces: list[Json] = list(_TRACES)
    unread: dict[str, Json] = dict.fromkeys(("bytes_read", "bytes_written"), str(Outcome.UNSUPPORTED))
    created = (readings.process(os.getpid()) or {}).get("create_time")
    seconds = f"{max(0.0, time.time() - created):.3f}" if isinstance(created, float) else None
    if seconds is None:
        unread["seconds"] = str(Outcome.FAILED)
    executable: Json = text.from_native(sys.executable)  # type: ignore[assignment] # Text is Json; mypy can't see it
    return {
        "pids": [os.getpid()],
        "executable": executable,
        "seconds": seconds,
        "cpu_seconds": f"{usage.ru_utime + usage.ru_stime:.3f}",
        "peak_memory": number(usage.ru_maxrss),  # bytes, where Linux counts KiB (getrusage(2))
        "bytes_read": None,
        "bytes_written": None,
        "files_opened": files.COUNTERS.files,
        "folders_opened": files.COUNTERS.folders,
        "atime_kept": files.COUNTERS.atime_moved == 0,
        "written_outside": [],
        "traces": traces,
        "unread": unread,
    }
