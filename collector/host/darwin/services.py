"""The jobs of launchd, from the property lists that define them; launchd itself is not asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.darwin import accounts
from collector.host.posix.low import files
from collector.macformats import plists
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.darwin.processes import ProcessTable
    from collector.host.darwin.readings import Readings
    from collector.macformats.plists import Job
    from collector.model import Json, Row

MAX_JOBS: Final = 5_000

_FOLDERS: Final = (
    "/Library/LaunchDaemons",
    "/Library/LaunchAgents",
    "/System/Library/LaunchDaemons",
    "/System/Library/LaunchAgents",
)
"""launchd.plist(5); those of each home follow."""
_DAEMONS: Final = b"/LaunchDaemons"
_OVERRIDES: Final = "/private/var/db/com.apple.xpc.launchd"
"""`disabled.plist` is of daemons, `disabled.UID.plist` of a user's agents."""


def rows(readings: Readings, table: ProcessTable) -> Iterator[Row | Gap]:
    """Yield a row for each job; a job runs where a process has its program as executable, else that is unknown.

    Whether somebody switched a job off is known as far as launchd's own list may be read.
    """
    gaps: list[Gap] = []
    daemons, agents = _switched(readings, gaps, of_users=False), _switched(readings, gaps, of_users=True)
    yield from gaps[:1]  # the same folder, the same reason
    running: dict[str, list[int]] = {}
    for pid, exe in table.find().items():
        if exe is not None:
            running.setdefault(exe, []).append(pid)
    left = MAX_JOBS
    for folder in (*(os.fsencode(one) for one in _FOLDERS), *_of_homes(readings)):
        try:
            names = files.names(os.fsencode(readings.root) + folder)
        except OSError as error:
            if files.outcome_of(error) is not Outcome.ABSENT:
                yield files.gap_of(error, "a folder of launchd's jobs can't be listed", text.from_bytes(folder))
            continue
        for name in names:
            if not name.endswith(b".plist"):
                continue
            left -= 1
            if left < 0:
                yield Gap(Outcome.OVER_LIMIT, f"jobs of launchd beyond {MAX_JOBS} were not read")
                return
            yield _row(readings, folder + b"/" + name, daemons if folder.endswith(_DAEMONS) else agents, running)


def _of_homes(readings: Readings) -> list[bytes]:
    try:
        return [home + b"/Library/LaunchAgents" for home in accounts.homes(readings)]
    except OSError:
        return []  # the source of the system tells that no home is seen


def _switched(readings: Readings, gaps: list[Gap], *, of_users: bool) -> dict[str, bool] | None:
    """Return which jobs were switched off, by label; `None` where that can't be read.

    Of users' agents one counts as off where every user who switched it, switched it off.
    """
    folder = f"{readings.root}{_OVERRIDES}"
    found: dict[str, bool] = {}
    try:
        for name in files.names(folder):
            if not name.startswith(b"disabled.") or of_users == (name == b"disabled.plist"):
                continue
            told = plists.overrides(plists.read(files.read_small(os.fsencode(folder) + b"/" + name)))
            found |= {label: off and found.get(label, True) for label, off in told.items()}
    except OSError as error:
        if files.outcome_of(error) is Outcome.ABSENT:
            return found
        gaps.append(files.gap_of(error, "which jobs of launchd were switched off can't be read"))
        return None
    except ValueError:
        gaps.append(Gap(Outcome.FAILED, "a list of jobs of launchd that were switched off is no property list"))
        return None
    return found


def _row(readings: Readings, path: bytes, switched: dict[str, bool] | None, running: dict[str, list[int]]) -> Row:
    unread: dict[str, Json] = {}
    job: Job | None = None
    try:
        job = plists.job(plists.read(files.read_small(os.fsencode(readings.root) + path)))
    except OSError as error:
        unread = dict.fromkeys(("command", "user", "start_mode"), str(files.outcome_of(error)))
    except ValueError:
        unread = dict.fromkeys(("command", "user", "start_mode"), str(Outcome.FAILED))
    stem = os.fsdecode(path.rpartition(b"/")[2].removesuffix(b".plist"))
    label = (job.label if job is not None else None) or stem
    off = job.disabled if job is not None else None
    if switched is None and job is not None:
        off = None
    elif switched is not None and label in switched:
        off = switched[label]
    pids: list[Json] = list(running.get(job.program, ())) if job is not None and job.program else []
    mode = "unknown" if off is None else "disabled" if off else "enabled"
    return {
        "name": cast("Json", text.from_native(label)),
        "start_mode": mode,
        "state": "running" if pids else "unknown",
        "state_expected": _expected(mode, job),
        "definition": cast("Json", text.from_bytes(path)),
        "command": None if job is None else _command(job),
        "user": None if job is None or job.user is None else cast("Json", text.from_native(job.user)),
        "manager": "launchd",
        "pids": pids or None,
        "unread": unread,
    }


def _expected(mode: str, job: Job | None) -> str:
    if mode == "disabled":
        return "stopped"
    return "running" if mode == "enabled" and job is not None and job.keeps_alive else "unknown"


def _command(job: Job) -> Json:
    told = "\n".join(job.arguments or filter(None, (job.program,)))
    return cast("Json", text.from_native(told)) if told else None
