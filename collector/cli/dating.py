"""`collect deadlines`: arguments and exit codes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from collector.arguments import paris_moment
from collector.cli.process import LANG, say
from collector.errors import DiskFullError, RefusedError, UsageError, WriteError
from collector.paris import Doubt, Entered, local
from collector.ui.messages import language

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
    start = paris_moment(aware)
    notice = None if initial is None else _notice(paris_moment(initial), start)
    now = datetime.now(UTC)
    found = deadlines.deadlines(start.utc, None if notice is None else notice.utc)
    path = None if ics_file is None else _free(ics_file)
    if not as_json:
        say(due.told(start, notice, found, now))  # first of all: a file that fails takes no date away
    if path is not None:
        _write(path, ics.calendar(found, start.utc, now, language()))
        if not as_json:
            say("\n" + due.written(str(path)))
    if as_json:
        say(json.dumps({**due.as_json(start, found), "ics": None if path is None else path_json(path)}) + "\n")


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
    """Return when the CNIL got its first notice: never before the awareness, unless that is what was said."""
    if given.utc >= aware.utc:
        return given
    same_day = local(given.utc).date() == local(aware.utc).date()
    if same_day and given.doubt in (Doubt.DAY, Doubt.TWICE):  # the earlier moment was our choice
        return Entered(aware.utc)
    raise UsageError("the first notice to the CNIL is before the awareness", hint="look at both times again")
