"""The text and the JSON of `collect isolation --watch`: a line for each change, with its time, as it comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from collector.ui import network, terminal, words
from collector.ui.messages import _, ngettext
from collector.vigil import change_data

if TYPE_CHECKING:
    from typing import TextIO

    from collector.facts import LinkChange
    from collector.isolation import Reason, Verdict
    from collector.model import Json, Moment
    from collector.text import Text
    from collector.watching import Spectator, Watched

MOST_LINES = 1000
"""Most changes that get a line: what floods a terminal is read by nobody."""


class Spoken:
    """Tells a person, line by line."""

    def __init__(self, out: TextIO) -> None:
        """Write to `out`, and nothing more once nobody reads it (`terminal.Terminal.gone`)."""
        self.out = terminal.Terminal(out)
        self._told = 0
        self._states: dict[tuple[str | None, int | None], tuple[str, str]] = {}
        """Name and state of each link as they were last told."""

    def verdict(self, verdict: Verdict) -> None:
        """See `Spectator`."""
        lines = network.now_lines(verdict.verdict, terminal.WIDTH)
        lines += network.reasons(verdict.connected, terminal.WIDTH, 5)
        self._say(lines)

    def change(self, change: LinkChange) -> None:
        """See `Spectator`. What tells a person nothing new, such as a counter, gets no line."""
        if self._told > MOST_LINES:
            return
        said = self._of_link(change) if change.link is not None else _said(change)
        if said is None:
            return
        self._told += 1
        if self._told > MOST_LINES:
            self._say([_("More changes follow; they are counted.")])
        else:
            self._say(terminal.fold(f"{_clock(change.moment)}  {said}", terminal.WIDTH, "", " " * 14))

    def end(self, watched: Watched) -> None:
        """Tell the last lines."""
        self._say(_summary(watched))

    def _say(self, lines: list[str]) -> None:
        self.out.write("\n".join(lines) + "\n")
        self.out.flush()

    def _of_link(self, change: LinkChange) -> str | None:
        assert change.link is not None
        key, link = (change.namespace, change.index), change.link
        name = _named(link.name, change.namespace)
        if change.what == "link-gone":
            self._states.pop(key, None)
            return _("{name}: gone", name=name)
        state = _state(link.admin_up, link.carrier)
        before, self._states[key] = self._states.get(key), (name, state)
        if before == (name, state):
            return None
        if before is not None and before[0] != name:
            return _("{old} is now called {name}: {state}", old=before[0], name=name, state=state)
        return _("{name}: {state}", name=name, state=state)


class _Silent:
    def verdict(self, verdict: Verdict) -> None:
        """See `Spectator`."""

    def change(self, change: LinkChange) -> None:
        """See `Spectator`."""


def _said(change: LinkChange) -> str:
    """Return what a change of anything but a link says."""
    name = _named(change.name, change.namespace) if change.name is not None else f"#{change.index}"
    if change.route is not None:
        interface = change.route.row["interface"]
        if isinstance(interface, str | dict):
            name = _named(interface, change.namespace)  # type: ignore[arg-type]
        if change.what == "route-gone":
            return _("{name}: no longer the way to the outside", name=name)
        return _("{name}: the way to the outside", name=name)
    if change.address is not None:
        if change.what == "address-gone":
            return _("{name}: address {address} removed", name=name, address=change.address)
        return _("{name}: address {address} added", name=name, address=change.address)
    return _("more happened than could be noted")


def silent() -> Spectator:
    """Return who says nothing (`--json`)."""
    return _Silent()


def _summary(watched: Watched) -> list[str]:
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
        lines += network.now_lines(watched.verdict.verdict, terminal.WIDTH)
    else:
        lines += terminal.fold(_(network.UNKNOWN), terminal.WIDTH)
    return [*lines, *network.reasons(_past(watched), terminal.WIDTH, 10)]


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
