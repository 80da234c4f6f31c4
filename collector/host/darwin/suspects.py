"""The processes that deserve a closer look: a row for each with the reasons, then their files.

Judged is what a process is and where it lies (rules/ransom/suspicion-macos.yaml). What it writes is not seen here.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from collector import suspicion, suspicion_rules
from collector.host.darwin import accounts, clock
from collector.host.darwin.processes import mount_table, name_gone, native
from collector.host.darwin.readings import text_of
from collector.host.posix.low import files
from collector.host.posix.mounts import resolved
from collector.model import Blob, Gap, Outcome
from collector.suspicion import HostFacts, ProcessFacts
from collector.text import from_native

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host.darwin.readings import Readings
    from collector.host.posix.mounts import MountTable
    from collector.model import Json, Request, Row
    from collector.suspicion import Judgement

MAX_SUSPECTS: Final = 500
MAX_ARGUMENTS: Final = 16 << 10
MAX_PARENTS: Final = 32
MAX_FILE: Final = 256 << 20
"""Most bytes of one program's file; of a larger one its start is kept."""
FOLLOWS: Final = "follows"
NOT_ASKED: Final = "not_asked"
OURS: Final = "ours"

_TABLE: Final = "suspicion-macos.yaml"
_CHUNK: Final = 1 << 20
_UNSEEN: Final = ("environment", "writing", "write_rate", "memory")


@dataclass(frozen=True, slots=True)
class _Suspect:
    """One process with its facts and what speaks against it; `ours`: `tool`, `started_tool` or `None`."""

    facts: ProcessFacts
    ppid: int | None
    created: Json
    judgement: Judgement
    ours: str | None
    program: str


def items(readings: Readings, request: Request) -> Iterator[Row | Blob | Gap]:
    """Yield a row for each suspect among the processes of now, heaviest first, then their files; raises `RuleError`."""
    gaps: list[Gap] = []
    table = mount_table(readings, gaps)
    told = _told(readings, gaps)
    found, hidden = _judged(readings, told, table, request)
    for one in found[:MAX_SUSPECTS]:
        yield _row(one, told)
    if request.copies and table is not None:
        yield from _programs(table, found[:MAX_SUSPECTS], request.program_bytes)
    if hidden:
        gaps.append(Gap(Outcome.DENIED, f"{hidden} processes hide their executable and were judged by name alone"))
    yield from gaps
    yield Gap(
        Outcome.UNSUPPORTED,
        "not built for macOS yet: what processes write, rules over their files, and their memory",
    )


def _told(readings: Readings, gaps: list[Gap]) -> dict[int, Mapping[str, object]]:
    try:
        pids = sorted(readings.pids())
    except OSError as error:
        gaps.append(files.gap_of(error, "the list of processes could not be read"))
        return {}
    found = ((pid, readings.process(pid)) for pid in pids)
    return {pid: told for pid, told in found if told is not None}


def _judged(
    readings: Readings, told: Mapping[int, Mapping[str, object]], table: MountTable | None, request: Request
) -> tuple[list[_Suspect], int]:
    """Return the suspects, heaviest first, and how many processes hide what they run."""
    rules = suspicion_rules.suspicion(_TABLE)
    homes = [os.fsdecode(path) for path in accounts.people(readings) if path.startswith(b"/Users/")]
    asked = tuple(os.fsdecode(path) for path in request.scan or ())
    host = HostFacts(tuple(sorted(home for home in homes if home != "/Users/Shared")), asked)
    ours = _ours(told)
    found = []
    hidden = 0
    for pid, one in told.items():
        exe = one.get("exe")
        hidden += isinstance(exe, Outcome)
        if not exe:
            continue  # the kernel's own
        facts = _facts(pid, one, table, rules)
        judgement = suspicion.judge(facts, host, rules)
        if judgement.confidence is not None:
            program = _wanted(facts, ours.get(pid), table, request)
            ppid = one.get("ppid")
            created = one.get("create_time")
            when = clock.moment(round(created * 1_000_000) * 1000) if isinstance(created, float) else None
            found.append(
                _Suspect(facts, ppid if isinstance(ppid, int) else None, when, judgement, ours.get(pid), program)
            )
    return sorted(found, key=lambda one: (-one.judgement.score, one.facts.pid)), hidden


def _ours(told: Mapping[int, Mapping[str, object]]) -> dict[int, str]:
    """Return our own process and those that started it."""
    found = {os.getpid(): "tool"}
    above: object = told.get(os.getpid(), {}).get("ppid")
    while isinstance(above, int) and above > 1 and above not in found:
        found[above] = "started_tool"
        above = told.get(above, {}).get("ppid")
    return found


def _facts(
    pid: int, one: Mapping[str, object], table: MountTable | None, rules: suspicion_rules.SuspicionRules
) -> ProcessFacts:
    exe = text_of(one.get("exe"))
    arguments = _arguments(one.get("cmdline"))
    folder = text_of(one.get("cwd"))
    script = suspicion.script_of(exe or (arguments[0] if arguments else ""), arguments, folder, rules)
    known: dict[str, Any] = {}
    path = None if exe is None else os.fsencode(exe)
    if path is not None and table is not None and not table.is_remote(path):
        known = {"mounted": False, "name_gone": name_gone(path)}
        status, above = _status(path), _status(path.rpartition(b"/")[0] or b"/")
        if status is not None:
            known |= {"mode": stat.S_IMODE(status.st_mode), "owner": status.st_uid}
        known["folder_open"] = above is not None and bool(above.st_mode & stat.S_IWOTH)
    if script is not None and table is not None:
        known["script_gone"] = _script_gone(table, os.fsencode(script))
    uid = one.get("uid")
    return ProcessFacts(
        pid,
        text_of(one.get("name")) or "",
        exe,
        uid=uid if isinstance(uid, int) else None,
        arguments=arguments,
        cwd=folder,
        script=script,
        **known,
    )


def _script_gone(table: MountTable, path: bytes) -> bool | None:
    """Tell whether a script is no longer there; `None` where that can't be seen, or looking may hang."""
    try:
        place = resolved(table, path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return None
    return None if table.is_remote(place) else name_gone(place)


def _status(path: bytes) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _arguments(value: object) -> tuple[str, ...]:
    """Return the first 16 KiB of the arguments."""
    kept: list[str] = []
    left = MAX_ARGUMENTS
    for argument in value if isinstance(value, list) else ():
        if left <= 0:
            break
        kept.append(str(argument)[:left])
        left -= len(kept[-1]) + 1
    return tuple(kept)


def _wanted(facts: ProcessFacts, ours: str | None, table: MountTable | None, request: Request) -> str:
    """Return what is to become of the executable; the row says so before it is tried."""
    if not request.copies:
        return NOT_ASKED
    if ours is not None:
        return OURS
    if facts.exe is None:
        return str(Outcome.DENIED)
    if table is None or table.is_remote(os.fsencode(facts.exe)):
        return str(Outcome.UNSUPPORTED)
    return str(Outcome.ABSENT) if facts.name_gone else FOLLOWS


def _row(one: _Suspect, told: Mapping[int, Mapping[str, object]]) -> Row:
    facts, judged = one.facts, one.judgement
    unread: dict[str, Json] = dict.fromkeys(_UNSEEN, str(Outcome.UNSUPPORTED))
    if facts.exe is None:
        unread["exe"] = str(Outcome.DENIED)
    return {
        "pid": facts.pid,
        "ppid": one.ppid,
        "name": native(facts.name),
        "exe": None if facts.exe is None else native(facts.exe),
        "exe_deleted": facts.name_gone,
        "cmdline": [native(argument) for argument in facts.arguments],
        "script": None if facts.script is None else native(facts.script),
        "uid": facts.uid,
        "create_time": one.created,
        "cwd": None if facts.cwd is None else native(facts.cwd),
        "score": judged.score,
        "confidence": judged.confidence,
        "reasons": [
            {"code": reason.code, "weight": reason.weight, "detail": native(reason.detail)} for reason in judged.reasons
        ],
        "ours": one.ours,
        "parents": _parents(one.ppid, told),
        "environment": None,
        "writing": None,
        "write_rate": None,
        "program": one.program,
        "memory": OURS if one.ours else str(Outcome.UNSUPPORTED),
        "unread": unread,
    }


def _parents(above: object, told: Mapping[int, Mapping[str, object]]) -> list[Json]:
    found: list[Json] = []
    while isinstance(above, int) and above in told and len(found) < MAX_PARENTS:
        one = told[above]
        name, exe = text_of(one.get("name")), text_of(one.get("exe"))
        found.append(
            {
                "pid": above,
                "name": None if name is None else native(name),
                "exe": None if exe is None else native(exe),
            }
        )
        above = one.get("ppid") if above else None
    return found


def _programs(table: MountTable, found: list[_Suspect], left: int) -> Iterator[Blob | Gap]:
    """Yield the executables, each once, and of an interpreter its script, within the limit of bytes."""
    paths: dict[str, None] = {}
    for one in found:
        if one.program == FOLLOWS:
            paths.setdefault(cast("str", one.facts.exe))
            if one.facts.script is not None:
                paths.setdefault(one.facts.script)
    for path in paths:
        subject = from_native(path)
        try:
            place = resolved(table, os.fsencode(path))
            if table.is_remote(place):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            fd = files.open_source(place)
        except OSError as error:
            yield files.gap_of(error, "the file of a suspicious process could not be copied", subject)
            continue
        except ValueError:
            yield Gap(Outcome.FAILED, "the file of a suspicious process has a name that no file can have", subject)
            continue
        with os.fdopen(fd, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            limit = min(left, MAX_FILE)
            flags = ["cut"] if status.st_size > limit else []
            times = {"mtime_ns": str(status.st_mtime_ns), "ctime_ns": str(status.st_ctime_ns)}
            chunks = _chunks(file.fileno(), min(limit, status.st_size), flags)
            yield Blob("file", ".bin", "read by the path that the system gives", chunks, subject, times, flags)
            left -= min(limit, status.st_size)
            if status.st_size > limit:
                more = status.st_size - limit
                reason = f"the file of a suspicious process is larger than the limit: {more} bytes of it were left"
                yield Gap(Outcome.OVER_LIMIT, reason, subject)


def _chunks(fd: int, left: int, flags: list[str]) -> Iterator[bytes]:
    try:
        while left > 0 and (data := os.read(fd, min(_CHUNK, left))):
            left -= len(data)
            yield data
    except OSError:
        flags.append("unreadable")
