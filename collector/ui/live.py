"""The text and the JSON of `collect isolation --watch`: a line for each change, with its time, as it comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from collector.ui import network, terminal, words
from collector.ui.messages import _, ngettext
from collector.vigil import change_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.facts import LinkChange
    from collector.isolation import Reason, Verdict
    from collector.model import Json, Moment
    from collector.text import Text
    from collector.watching import Spectator, Watched

MOST_LINES = 1000
"""Most changes that get a line: what floods a terminal is read by nobody."""


class Spoken:
    """Tells a person, line by line."""

    def __init__(self, out: Callable[[str], None]) -> None:
        self._out = out
        self._told = 0
        self._names: dict[tuple[str | None, int | None], str] = {}

    def verdict(self, verdict: Verdict) -> None:
        """See `Spectator`."""
        lines = network.now_lines(verdict.verdict, terminal.WIDTH)
        lines += network.reasons(verdict.connected, terminal.WIDTH, 5)
        self._out("\n".join(lines) + "\n")

    def change(self, change: LinkChange) -> None:
        """See `Spectator`."""
        self._told += 1
        if self._told == MOST_LINES + 1:
            self._out(_("More changes follow; they are counted.") + "\n")
        if self._told > MOST_LINES:
            return
        for line in terminal.fold(f"{_clock(change.moment)}  {self._said(change)}", terminal.WIDTH, "", " " * 14):
            self._out(line + "\n")

    def _said(self, change: LinkChange) -> str:
        key = (change.namespace, change.index)
        if change.link is not None:
            self._names[key] = _named(change.link.name, change.namespace)
        name = self._names.get(key, f"#{change.index}")
        if change.what == "lost":
            return _("more happened than could be noted")
        if change.what == "link-gone":
            return _("{name}: gone", name=name)
        if change.link is not None:
            state = _state(change.link.admin_up, change.link.carrier)
            return _("{name}: {state}", name=name, state=state)
        if change.address is not None:
            gone = change.what == "address-gone"
            told = _("{name}: address {address} removed") if gone else _("{name}: address {address} added")
            return told.format(name=name, address=change.address)
        gone = change.what == "route-gone"
        return (_("{name}: no longer the way to the outside") if gone else _("{name}: the way to the outside")).format(
            name=name
        )


class _Silent:
    def verdict(self, verdict: Verdict) -> None:
        """See `Spectator`."""

    def change(self, change: LinkChange) -> None:
        """See `Spectator`."""


def silent() -> Spectator:
    """Return who says nothing (`--json`)."""
    return _Silent()


def summary(watched: Watched) -> str:
    """Return the last lines: how long, how many changes, the worst that was seen."""
    lines = [
        "",
        _(
            "Watched for {time}: {changes}.",
            time=words.duration(watched.seconds),
            changes=ngettext("{count} change", "{count} changes", watched.counted),
        ),
    ]
    if watched.worst == watched.verdict.verdict:
        lines += network.now_lines(watched.worst, terminal.WIDTH)
    elif watched.worst == "CONNECTED":
        lines += terminal.fold(_("The computer was connected for a part of this time."), terminal.WIDTH)
    else:
        lines += terminal.fold(_(network.UNKNOWN), terminal.WIDTH)
    lines += network.reasons(_past(watched), terminal.WIDTH, 10)
    return "\n".join(lines) + "\n"


def as_json(watched: Watched) -> dict[str, Json]:
    """Return the object of `--watch --json`: that of the end, with the worst verdict as its verdict."""
    told = watched.verdict.as_json()
    now = told["verdict"]
    reasons: list[Json] = [reason.text for reason in (*_past(watched), *watched.verdict.reasons)]
    return {
        **told,
        "verdict": watched.worst,
        "verdict_now": now,
        "reasons": reasons,
        "watched_ms": int(watched.seconds * 1000),
        "changes": [change_data(change) for change in watched.changes],
        "changes_counted": watched.counted,
    }


def _past(watched: Watched) -> list[Reason]:
    still = {reason.name for reason in watched.verdict.connected}
    return [one for one in watched.happened if one.code != "came_up" or one.name not in still]


def _state(admin_up: bool | None, carrier: bool | None) -> str:  # noqa: FBT001 - two facts of one link
    if not admin_up:
        return _("switched off")
    if carrier is None:
        return _("could not be checked")
    return _("switched on, plugged in") if carrier else _("on, not plugged in")


def _named(name: Text, namespace: str | None) -> str:
    shown = terminal.shown(name, 64)
    return shown if namespace is None else f"{shown} @ {namespace}"


def _clock(moment: Moment) -> str:
    then = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=moment.utc_ns // 1000, seconds=moment.offset_s)
    return f"{then:%H:%M:%S}.{then.microsecond // 1000:03}"
