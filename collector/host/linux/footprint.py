"""What this process itself did to the host so far."""

from __future__ import annotations

import os
import re
import resource
import sys
import time
from typing import TYPE_CHECKING, cast

from collector import text
from collector.host.linux import files, process
from collector.model import number

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.host.linux import Roots
    from collector.model import Json, Row

_TRACES = (
    "the memory of the tool's process replaced free memory and page cache",
    "files that were read are in the page cache now",
    "the system's own records of started programs (audit, accounting, shell history) may name the tool",
)


def row(roots: Roots) -> Row:
    """Return the row; a figure that can't be read is `None` and named in `unread`."""
    me = f"{roots.proc}/self"
    unread: dict[str, Json] = {}
    usage = resource.getrusage(resource.RUSAGE_SELF)
    traces: list[Json] = list(_TRACES)
    result: Row = {
        "pids": [os.getpid()],
        "executable": None,
        "seconds": None,
        "cpu_seconds": f"{usage.ru_utime + usage.ru_stime:.3f}",
        "peak_memory": number(usage.ru_maxrss * 1024),
        "bytes_read": None,
        "bytes_written": None,
        "files_opened": files.COUNTERS.files,
        "folders_opened": files.COUNTERS.folders,
        "atime_kept": files.COUNTERS.atime_moved == 0,
        "written_outside": [],
        "traces": traces,
        "unread": unread,
    }
    try:
        result["executable"] = cast("Json", text.from_bytes(os.readlink(os.fsencode(f"{me}/exe"))))
    except OSError as error:
        unread["executable"] = str(files.outcome_of(error))
    try:
        start = process.parse_stat(files.read_kernel(f"{me}/stat")).start / os.sysconf("SC_CLK_TCK")
        result["seconds"] = f"{time.clock_gettime(time.CLOCK_BOOTTIME) - start:.3f}"
    except (OSError, ValueError):
        unread["seconds"] = "failed"
    try:
        counted = dict(re.findall(rb"^(\w+): (\d+)$", files.read_kernel(f"{me}/io"), re.MULTILINE))
        result["bytes_read"] = number(int(counted[b"rchar"]))
        result["bytes_written"] = number(int(counted[b"wchar"]))
    except OSError as error:  # a kernel without task accounting has none
        unread["bytes_read"] = unread["bytes_written"] = str(files.outcome_of(error))
    try:
        if high := re.search(rb"^VmHWM:\s+(\d+) kB$", files.read_kernel(f"{me}/status"), re.MULTILINE):
            result["peak_memory"] = number(int(high[1]) * 1024)  # ru_maxrss counts what was there before exec, too
    except OSError:
        pass  # ru_maxrss stands
    return result
