"""What the tool itself did to the host, so that the expert can subtract it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping


class FootprintSource:
    """What the tool itself did; written by the run at its end, so it stands outside `SOURCES`."""

    name = "footprint"
    kind = "footprint"
    columns: ClassVar[Mapping[str, str]] = {
        "pids": "Process ids of the tool.",
        "executable": "Program that ran the tool.",
        "seconds": "Seconds from the start of the process, as a decimal string.",
        "cpu_seconds": "Processor time used, as a decimal string.",
        "peak_memory": "Peak resident memory in bytes.",
        "bytes_read": "Bytes read, page cache included.",
        "bytes_written": "Bytes written, page cache included.",
        "files_opened": "Files of the host opened for reading by the sources.",
        "folders_opened": "Folders of the host listed by the sources.",
        "atime_kept": "Whether the system let us read without moving the time of last access.",
        "written_outside": "Paths written outside the bundle; empty by design.",
        "traces": "Traces that running the tool leaves, in words.",
        "unread": "The columns of this row that could not be read, each with its outcome.",
    }
