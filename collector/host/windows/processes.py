"""Every process that the kernel lists, and what executables join to."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeVar, cast

import psutil

from collector.host import columns
from collector.host.windows import accounts, calls, handles, process, snapshot
from collector.model import Gap, Outcome, number
from collector.winformats import filetimes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collector.model import Json, Row
    from collector.winformats.processlist import Listed

_T = TypeVar("_T")


class ProcessTable:
    """The processes last seen; `rows` fills it."""

    def __init__(self) -> None:
        self.listed: list[Listed] = []
        """Every process of the list, in ascending order of its number."""
        self.paths: dict[int, str] = {}
        """The program of each process, as far as it could be seen."""

    def refresh(self) -> list[Listed]:
        """Read the list of processes anew and return it; raises `OSError` or `ValueError`."""
        self.paths.clear()
        self.listed = sorted(snapshot.processes(), key=lambda one: one.pid)
        return self.listed

    def rows(self) -> Iterator[Row | Gap]:
        """Yield a row for each process in ascending order of pid, then the gaps, each kind in sum."""
        try:
            self.refresh()
        except OSError as error:
            yield calls.gap_of(error, "the list of processes could not be read")
            return
        except ValueError:
            yield Gap(Outcome.FAILED, "the list of processes makes no sense")
            return
        gaps: list[Gap] = []
        names = accounts.Names()
        opened = self._open_files(gaps)
        outcomes: Counter[str] = Counter()
        for one in self.listed:
            row = self._row(one, names, opened)
            outcomes.update(set(cast("dict[str, str]", row["unread"]).values()))
            yield row
        if outcomes["absent"]:
            gaps.append(Gap(Outcome.ABSENT, f"{outcomes['absent']} processes ended while they were read"))
        if any(map(process.is_guarded, self.listed)):
            gaps.append(Gap(Outcome.UNSUPPORTED, _GUARDED))
        for outcome, what in _SUMMED.items():
            if outcomes[str(outcome)]:
                reason = f"{outcomes[str(outcome)]} of {len(self.listed)} processes {what}: see the column unread"
                gaps.append(Gap(outcome, reason))
        yield from gaps

    def _open_files(self, gaps: list[Gap]) -> handles.OpenFiles:
        try:
            return handles.find(one for one in self.listed if not process.is_of_kernel(one))
        except OSError as error:
            gaps.append(calls.gap_of(error, "the open files of the processes could not be read"))
            outcome = calls.outcome_of(error)
            return handles.OpenFiles(unread={one.pid: outcome for one in self.listed})

    def _row(self, one: Listed, names: accounts.Names, opened: handles.OpenFiles) -> Row:
        """Return the row of one process; what can't be read is `None` and named in `unread`."""
        unread: dict[str, Json] = {}
        row: Row = {"pid": one.pid}
        row.update(dict.fromkeys(columns.OF_PROCESS))
        row |= {
            "ppid": one.ppid,
            "name": _text(process.name_of(one)),
            "create_time": filetimes.utc(one.created),
            "status": "stopped" if one.suspended else "running",
            "threads": one.thread_count,
            "rss": number(one.rss),
            "unread": unread,
        }
        if process.is_of_kernel(one):
            return row
        try:
            with process.opened(one) as held:
                self._body(one, held, row, names)
        except OSError as error:
            _fail(unread, error, "exe", "exe_deleted", "username", "cmdline", "cwd")
        if one.pid in opened.unread:
            unread["open_files"] = str(opened.unread[one.pid])
        if one.pid in opened.files:
            row["open_files"] = [{"fd": file.value, "path": _text(file.path)} for file in opened.files[one.pid]]
        return row

    def _body(self, one: Listed, held: int, row: Row, names: accounts.Names) -> None:
        """Add what is told of a process that is held open."""
        unread = cast("dict[str, Json]", row["unread"])
        try:
            path = process.path(held)
            self.paths[one.pid] = path
            row["exe"], row["exe_deleted"] = _text(path), process.is_gone(path)
        except OSError as error:
            _fail(unread, error, "exe", "exe_deleted")
        try:
            row["username"] = cast("Json", names.of(accounts.user(held)))
        except (OSError, ValueError) as error:
            _fail(unread, error, "username")
        if process.is_guarded(one):
            unread |= dict.fromkeys(("cmdline", "cwd"), str(Outcome.UNSUPPORTED))
            return
        cmdline = asked(unread, "cmdline", lambda: psutil.Process(one.pid).cmdline())
        row["cmdline"] = None if cmdline is None else [_text(argument) for argument in cmdline]
        cwd = asked(unread, "cwd", lambda: psutil.Process(one.pid).cwd())
        row["cwd"] = _text(cwd.rstrip("\\") if len(cwd) > 3 else cwd) if cwd else None  # noqa: PLR2004 - a drive itself


def asked(unread: dict[str, Json], column: str, ask: Callable[[], _T]) -> _T | None:
    """Return what psutil tells; where it doesn't, `None`, and the column is named in `unread`."""
    try:
        return ask()
    except psutil.AccessDenied:
        unread[column] = str(Outcome.DENIED)
    except psutil.NoSuchProcess:
        unread[column] = str(Outcome.ABSENT)
    except (OSError, psutil.Error, RuntimeError, ValueError) as error:
        _fail(unread, error, column)
    return None


_GUARDED: Final = (
    "arguments, folder and open files of lsass.exe were not read: it keeps the passwords of Windows, and whoever opens "
    "it so is taken for a thief of them"
)
_SUMMED: Final = {
    Outcome.DENIED: "hide some of their columns",
    Outcome.TIMED_OUT: "did not tell all of their open files in time",
    Outcome.OVER_LIMIT: f"have over {handles.MAX_FILES} open files",
    Outcome.FAILED: "could not be read whole",
}
"""What an outcome among the columns of processes means, for the one gap that sums them up."""


def _fail(unread: dict[str, Json], error: Exception, *columns: str) -> None:
    ended = isinstance(error, ProcessLookupError)
    outcome = calls.outcome_of(error) if isinstance(error, OSError) and not ended else Outcome.FAILED
    unread.update(dict.fromkeys(columns, str(Outcome.ABSENT if ended else outcome)))


def _text(name: str) -> Json:
    return cast("Json", accounts.native(name))
