"""Every process, and what connections and executables join to."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, cast

from collector import text
from collector.host import columns
from collector.host.darwin import accounts, clock, mounts
from collector.host.darwin.readings import text_of
from collector.host.posix.low import files
from collector.model import Gap, Outcome, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from collector.host.darwin.readings import Readings
    from collector.host.posix.mounts import MountTable
    from collector.model import Json, Row

MAX_PROCESSES: Final = 100_000
MAX_CMDLINE: Final = 64 << 10
"""Most characters of arguments kept of a process."""
MAX_OPEN_FILES: Final = 1_000

_STATES: Final = frozenset(("running", "sleeping", "disk-sleep", "stopped", "zombie", "idle", "dead"))


class ProcessTable:
    """The processes last seen: `rows` fills it."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings
        self.programs: dict[int, str | None] = {}
        """The executable of each process of the walk, by ascending number; `None` where it is not known."""

    def rows(self) -> Iterator[Row | Gap]:
        """Yield a row for each process in ascending order of pid, then the gaps of the walk, each kind in sum."""
        gaps: list[Gap] = []
        pids = self._pids(gaps)
        known = accounts.names(self._readings)
        table = mount_table(self._readings, gaps)
        outcomes: Counter[str] = Counter()
        ended = 0
        self.programs = {}
        for pid in pids:
            told = self._readings.process(pid)
            if told is None:
                ended += 1
                continue
            row, exe = _row(pid, told, known, table)
            self.programs[pid] = exe
            outcomes.update({str(outcome) for outcome in cast("dict[str, Json]", row["unread"]).values()})
            yield row
        if ended:
            gaps.append(Gap(Outcome.ABSENT, f"{ended} processes ended while they were read, without a row"))
        for outcome, what in _SUMMED.items():
            if outcomes[outcome]:
                gaps.append(Gap(outcome, f"{outcomes[outcome]} of {len(pids)} processes {what}: see the column unread"))
        yield from gaps

    def find(self) -> dict[int, str | None]:
        """Return the executables of the processes last seen, or, where none were, of those of now."""
        if not self.programs:
            for pid in self._pids([]):
                self.programs[pid] = self._readings.program(pid)[1]
        return self.programs

    def _pids(self, gaps: list[Gap]) -> list[int]:
        try:
            found = sorted(self._readings.pids())
        except OSError as error:
            gaps.append(files.gap_of(error, "the list of processes could not be read"))
            return []
        if len(found) > MAX_PROCESSES:
            gaps.append(Gap(Outcome.OVER_LIMIT, f"processes beyond the limit of {MAX_PROCESSES} were not read"))
        return found[:MAX_PROCESSES]


_SUMMED: Final = {
    Outcome.DENIED: "belong to somebody else and hide some of their columns",
    Outcome.OVER_LIMIT: f"have over {MAX_CMDLINE} characters of arguments or {MAX_OPEN_FILES} open files",
    Outcome.FAILED: "could not be read whole",
    Outcome.ABSENT: "ended while they were read",
}


def mount_table(readings: Readings, gaps: list[Gap]) -> MountTable | None:
    """Return the mounts; where they can't be read, `None` and a gap: then no path of a process is touched."""
    try:
        return mounts.table(readings)
    except OSError as error:
        gaps.append(files.gap_of(error, "the mounts could not be read, so no executable was looked at"))
        return None


def _row(
    pid: int, told: Mapping[str, object], known: dict[int, str], table: MountTable | None
) -> tuple[Row, str | None]:
    unread: dict[str, Json] = {}
    row: Row = {"pid": pid, **dict.fromkeys(columns.OF_PROCESS), "unread": unread}
    for column, source, shape in _SHAPES:
        value = told.get(source)
        if isinstance(value, Outcome):
            unread[column] = str(value)
        elif value is not None:
            row[column] = shape(value, unread)
    uid = row["uid"]
    if isinstance(uid, int):
        row["username"] = known.get(uid)
    elif "uid" in unread:
        unread["username"] = unread["uid"]
    exe = text_of(told.get("exe"))
    if exe is None:
        if "exe" in unread:
            unread["exe_deleted"] = unread["exe"]
        return row, None
    path = os.fsencode(exe)
    if table is None or table.is_remote(path):
        unread["exe_deleted"] = str(Outcome.UNSUPPORTED)
    else:
        row["exe_deleted"] = name_gone(path)
        if row["exe_deleted"] is None:
            unread["exe_deleted"] = str(Outcome.DENIED)
    return row, exe


def name_gone(path: bytes) -> bool | None:
    """Tell whether nothing stands at a path any more; `None` where we may not look."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return None
    return False


def _arguments(value: Any, unread: dict[str, Json]) -> Json:
    kept: list[Json] = []
    left = MAX_CMDLINE
    for argument in value:
        left -= len(argument) + 1
        if left < 0:
            unread["cmdline"] = str(Outcome.OVER_LIMIT)
            break
        kept.append(native(argument))
    return kept


def _open_files(value: Any, unread: dict[str, Json]) -> Json:
    if len(value) > MAX_OPEN_FILES:
        unread["open_files"] = str(Outcome.OVER_LIMIT)
    return [{"fd": fd, "path": native(path)} for fd, path in value[:MAX_OPEN_FILES]]


def native(value: Any, _unread: object = None) -> Json:
    """Return a name as Python's file functions give it."""
    return cast("Json", text.from_native(str(value)))


def _number(value: Any, _unread: object) -> Json:
    return number(int(value))


def _status(value: Any, _unread: object) -> Json:
    return value if value in _STATES else None


def _created(value: Any, _unread: object) -> Json:
    return clock.moment(round(float(value) * 1_000_000) * 1000)


_SHAPES: Final[tuple[tuple[str, str, Callable[[Any, dict[str, Json]], Json]], ...]] = (
    ("name", "name", native),
    ("ppid", "ppid", _number),
    ("uid", "uid", _number),
    ("exe", "exe", native),
    ("cmdline", "cmdline", _arguments),
    ("cwd", "cwd", native),
    ("open_files", "open_files", _open_files),
    ("status", "status", _status),
    ("create_time", "create_time", _created),
    ("threads", "threads", _number),
    ("rss", "rss", _number),
)
"""Column, key of the reading, and how one becomes the other."""
