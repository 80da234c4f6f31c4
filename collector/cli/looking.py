"""`collect isolation`: arguments and exit codes."""

from __future__ import annotations

import json
import sys

import click

from collector.arguments import duration
from collector.cli.process import LANG, heed_signals, leave, say, unsaid
from collector.errors import NotJudgedError


@click.command("isolation")
@click.option("--watch", "watch_text", metavar="DURATION", help="Look on for so long, for example 60s.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def isolation_command(watch_text: str | None, *, as_json: bool) -> None:
    """Tell whether this machine is off the network; sends nothing, changes nothing."""
    from collector import isolation  # noqa: PLC0415 - only here
    from collector.host import HostError, this_host  # noqa: PLC0415 - the same
    from collector.result import Stop  # noqa: PLC0415 - the same
    from collector.ui import live, network  # noqa: PLC0415 - the same
    from collector.watching import watch  # noqa: PLC0415 - the same

    seconds = None if watch_text is None else duration(watch_text)
    try:
        if seconds is not None:
            stop = Stop()
            heed_signals(stop)
            spoken = None if as_json else live.Spoken(sys.stdout)
            watched = watch(this_host(), seconds, spoken or live.silent(), stop)
            if spoken is None:
                say(json.dumps(live.as_json(watched)) + "\n")
            else:
                spoken.end(watched)
                if spoken.out.gone:
                    unsaid()
            leave(isolation.EXIT_CODES[watched.worst])
        verdict = isolation.judge(this_host().link_facts())
    except (HostError, OSError, RuntimeError) as error:  # too few files or threads are to be had, too
        why = error.gap.reason if isinstance(error, HostError) else "the system gives too little to look with"
        raise NotJudgedError(why, hint="look at the cables and the Wi-Fi yourself") from error
    say(json.dumps(verdict.as_json()) + "\n" if as_json else network.isolation_text(verdict))
    leave(isolation.EXIT_CODES[verdict.verdict])
