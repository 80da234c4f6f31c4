"""`collect deadlines`, and the watch that a clock is compared with: arguments and exit codes."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.arguments import is_zone_like, paris_moment, watch_offset
from collector.cli.process import LANG, say
from collector.errors import DiskFullError, RefusedError, UsageError, WriteError
from collector.ui import terminal
from collector.ui.messages import _, language

if TYPE_CHECKING:
    from collector.model import Moment
    from collector.paris import Entered

_HINT = "give another with --ics, for example --ics deadlines.ics"


@click.command("deadlines")
@click.option("--aware", metavar="TIME", help="When somebody became aware of the attack, in Paris time.")
@click.option("--initial", metavar="TIME", help="When the CNIL got its first notice, in Paris time.")
@click.option("--ics", "ics_file", metavar="FILE", help="Write the dates as a calendar file, too.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def deadlines_command(aware: str | None, initial: str | None, ics_file: str | None, *, as_json: bool) -> None:
    """Work out until when to complain, notify and tell whom, counted from when somebody became aware."""
    from collector import deadlines  # noqa: PLC0415 - only here
    from collector.handover import ics  # noqa: PLC0415 - the same
    from collector.ui import due  # noqa: PLC0415 - the same
    from collector.ui.as_json import path_json  # noqa: PLC0415 - the same

    if aware is None:
        hint = "write when somebody saw it first, in Paris time: collect deadlines --aware '2026-11-26 08:30'"
        raise UsageError("the moment of awareness is not given", hint=hint)
    now = datetime.now(UTC)
    today = None if as_json else now  # a script writes its dates whole
    start = paris_moment(aware, today)
    notice = None if initial is None else _notice(paris_moment(initial, today), start)
    found = deadlines.deadlines(start.utc, None if notice is None else notice.utc)
    path = None if ics_file is None else _free(ics_file)
    if not as_json:
        say(due.told(start, notice, found, now))  # first of all: a file that fails takes no date away
    if path is not None:
        _write(path, ics.calendar(found, start.utc, now, language()))
        if not as_json:
            say("\n" + due.written(str(path)))
    if as_json:
        say(json.dumps({**due.as_json(start, notice, found), "ics": None if path is None else path_json(path)}) + "\n")


def _free(name: str) -> Path:
    """Return where a new file may be written; raises `UsageError` or `RefusedError`."""
    from collector import papers  # noqa: PLC0415 - only here

    path = Path(name)
    if not path.name:
        raise UsageError("the calendar file has no name", hint=_HINT)
    papers.refuse_folder(path.parent, "--ics")
    if not papers.is_free(path):
        raise RefusedError("a file of this name is there already", hint=_HINT)
    return path


def _write(path: Path, data: bytes) -> None:
    from collector import papers  # noqa: PLC0415 - only here

    try:
        papers.put({path: data})
    except (DiskFullError, WriteError) as error:
        raise RefusedError("the calendar file can't be written", hint=_HINT) from error


def _notice(given: Entered, aware: Entered) -> Entered:
    """Return when the CNIL got its first notice; raises `UsageError` for one before the awareness."""
    from collector import deadlines  # noqa: PLC0415 - only here

    notice = deadlines.not_before(given, aware.utc)
    if notice is None:
        raise UsageError("the first notice to the CNIL is before the awareness", hint="look at both times again")
    return notice


def compared(shown: str, now: Moment) -> int:
    """Return the seconds to add to this clock to reach the operator's watch, and say where a time zone may be wrong."""
    offset = watch_offset(shown, now)
    if is_zone_like(offset):
        words = _(
            "The watch and this computer differ by {minutes} minutes. If only its time zone is wrong, its clock is "
            "right: then start again with the offset of your own time, as in --watch 2026-11-26T14:03:20+01:00.",
            minutes=round(offset / 60),
        )
        terminal.show(sys.stderr, "\n".join(terminal.fold(words, terminal.WIDTH - 1)) + "\n")
    return offset
