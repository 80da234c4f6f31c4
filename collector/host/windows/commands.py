"""Runs a program that a definition names: no shell, nothing of the operator's environment, bounded, its tree killed.

Only programs of Windows itself run: below System32, and owned by Windows or its administrators, so that nobody else
has put them there. What they start ends with them.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import hashlib
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector import expansion
from collector.expansion import UnexpandableError
from collector.host.windows import files, jobs
from collector.model import Blob, Gap, Outcome, number
from collector.text import from_bytes, from_native
from collector.winformats import paths

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from collector.definitions import Source
    from collector.expansion import Facts
    from collector.model import Row
    from collector.text import Text

SECONDS: Final = 30
"""The longest that one program may run."""

MAX_OUTPUT: Final = 16 << 20
"""Most bytes of standard output that are kept."""

MAX_COMPLAINT: Final = 2000
"""Bytes of standard error that the gap of a program that failed tells."""

OWNERS: Final = frozenset(
    (
        "S-1-5-18",  # the system
        "S-1-5-32-544",  # administrators
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",  # TrustedInstaller
    )
)
"""Whose a program may be ("Well-known SIDs"): what Windows installs is TrustedInstaller's."""

_PULSE: Final = 0.02


@dataclass(slots=True)
class _Ran:
    """What became of a program."""

    over: bool = False
    late: bool = False
    lasts: bool = False
    complaint: bytes = b""
    exit_code: int | None = None
    flags: list[str] = field(default_factory=list)


def run(facts: Facts, row: Row, source: Source, deadline: float) -> Iterator[Row | Blob | Gap]:
    """Yield the output of a program with its row, or the row and a gap that says why it did not run or end well."""
    try:
        program, why = _program(facts, source.program)
    except UnexpandableError as e:
        yield row
        yield Gap(Outcome.UNSUPPORTED, f"a program was not run: {e}", from_native(source.program))
        return
    subject = from_native(program)
    try:
        digest, owner = _looked_at(program)
    except OSError as e:
        yield row | {"outcome": files.outcome_of(e).value}
        if files.outcome_of(e) is not Outcome.ABSENT:  # not there: the row says so
            yield files.gap_of(e, "a program can't be opened", subject)
        return
    if why is None and owner not in OWNERS:
        why = "it belongs neither to Windows nor to its administrators"
    if why is not None:
        yield row | {"outcome": Outcome.DENIED.value}
        yield Gap(Outcome.DENIED, f"a program was not run: {why}", subject)
        return
    row |= {"program_sha256": digest, "outcome": Outcome.COLLECTED.value}
    ran = _Ran()
    output = _output(facts, [program, *source.arguments], min(deadline, time.monotonic() + SECONDS), ran, row)
    yield Blob("command", ".txt", "standard output of a program of the host", output, subject, None, ran.flags, row)
    yield from _gaps(ran, subject)


def _gaps(ran: _Ran, told: Text) -> Iterator[Gap]:
    """Yield what is to be said of a program that ran."""
    if ran.late:
        yield Gap(Outcome.TIMED_OUT, f"a program ran longer than {SECONDS} s or the profile allow: ended", told)
    if ran.over:
        yield Gap(Outcome.OVER_LIMIT, f"a program wrote more than {MAX_OUTPUT} bytes: ended", told)
    if ran.lasts:
        yield Gap(Outcome.LOCKED, "a program, or what it started, could not be ended", told)
    if ran.exit_code is None:
        yield Gap(Outcome.FAILED, "a program can't be run", from_bytes(ran.complaint) or told)
    elif ran.exit_code and not (ran.late or ran.over):
        yield Gap(Outcome.FAILED, f"a program ended with {ran.exit_code}", from_bytes(ran.complaint) or told)


def _program(facts: Facts, named: str) -> tuple[str, str | None]:
    """Return the path of a program, and why it may not run; raises `UnexpandableError`."""
    (pattern,) = expansion.expand(named, "\\", facts)[:1]
    if not all(isinstance(part, bytes) for part in pattern):
        raise UnexpandableError("a program is named by its path, not by a pattern")
    path = b"\\".join(part for part in pattern if isinstance(part, bytes))
    home = facts.environ["environ_systemroot"] + b"\\System32"
    inside = paths.is_in(path, home) and paths.folded(path) != paths.folded(home)
    return os.fsdecode(path), None if inside else "only programs below System32 are run"


def _looked_at(program: str) -> tuple[str, str | None]:
    """Return hash and owner of a program; raises `OSError`."""
    digest, at = hashlib.sha256(), 0
    with files.open_file(program) as file:
        while data := file.read(1 << 18, at):
            digest.update(data)
            at += len(data)
        return digest.hexdigest(), file.owner()


def _environment(facts: Facts) -> dict[str, str]:
    """Return the little that programs of Windows need, as the registry has it."""
    known = {name: os.fsdecode(value) for name, value in facts.environ.items()}
    root = known["environ_systemroot"]
    return {
        "SystemRoot": root,
        "windir": root,
        "SystemDrive": known["environ_systemdrive"],
        "ProgramData": known["environ_programdata"],
        "Path": f"{root}\\System32",
    }


def _output(facts: Facts, command: list[str], deadline: float, ran: _Ran, row: Row) -> Iterator[bytes]:
    """Yield what a program writes, and an empty part now and then; when this ends, so has all that it started."""
    digest, size = hashlib.sha256(), 0
    try:
        job = jobs.Job()
        child = job.start(command, os.path.dirname(command[0]), _environment(facts))
    except OSError as e:
        ran.complaint = f"error {e.winerror} of Windows".encode("ascii")
        row |= {"outcome": Outcome.FAILED.value, "size": 0}
        return
    try:
        for data in _read(child, deadline, ran):
            kept = data[: MAX_OUTPUT - size]
            digest.update(kept)
            size += len(kept)
            yield kept
            if len(kept) < len(data):
                ran.over = True
                break
    finally:
        ran.exit_code = child.poll()
        ran.lasts = not job.end(child)
        ran.exit_code = child.returncode if ran.exit_code is None else ran.exit_code
        for pipe in (child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
        row["exit_code"] = None if ran.exit_code is None else number(ran.exit_code)
        row["size"], row["sha256"] = size, digest.hexdigest()
        row["outcome"] = (Outcome.COLLECTED if size else Outcome.EMPTY).value
        if ran.late or ran.over:
            ran.flags.append("cut")
            row["outcome"] = (Outcome.TIMED_OUT if ran.late else Outcome.OVER_LIMIT).value


def _read(child: subprocess.Popen[bytes], deadline: float, ran: _Ran) -> Iterator[bytes]:
    """Yield standard output until the program has ended or its time is over; what it complains of is kept in `ran`.

    A pipe that a child of the program holds open does not keep us: once the program itself has ended and nothing
    comes any more, that is the end.
    """
    while True:
        ended = child.poll() is not None
        came = jobs.waiting(child.stdout)
        ran.complaint = (ran.complaint + jobs.waiting(child.stderr))[:MAX_COMPLAINT]
        yield came
        if not came:
            if ended:
                return
            time.sleep(_PULSE)
        ran.late = time.monotonic() > deadline
        if ran.late:
            return
