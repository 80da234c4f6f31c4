"""Our slugs in plain words: what each step does, what each stop means; `vocabulary` has those that the paper shares.

A source that stands in `SOURCES` and not here would be shown by its slug; a test says so first.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from collector import text, vocabulary
from collector.deadline_words import moment
from collector.ui.messages import N_, _, language, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable

DOING = {
    "system": N_("I note what this computer is"),
    "processes": N_("I note the programs that are running"),
    "connections": N_("I note which programs talk to other computers"),
    "suspects": N_("I look for suspicious programs and keep traces of them"),
    "memory": N_("I copy the whole memory of the computer; this takes a while"),
    "executables": N_("I take the fingerprints of the running programs"),
    "services": N_("I note the services and whether they run"),
    "interfaces": N_("I look at cables, Wi-Fi and other links"),
    "routes": N_("I note the ways to other networks"),
    "neighbours": N_("I note the computers seen nearby on the network"),
    "dns": N_("I note how names of websites are looked up"),
    "sessions": N_("I note who is logged on"),
    "windows": N_("I note the titles of the open windows"),
    "screen": N_("I take a picture of each screen"),
    "clipboard": N_("I note the text in the clipboard"),
    "ransom": N_("I look for ransom notes and encrypted files"),
    "registry": N_("I read the settings of Windows that experts ask for"),
    "artifacts": N_("I copy the traces and logs that experts ask for"),
    "recent-files": N_("I list the files changed recently (the longest step)"),
    "seal": N_("I close the evidence and work out its code"),
}
"""What a step does, as its own sentence."""

_ASKED = N_("You asked to stop. I close what is already noted: wait a moment.")
STOPPING = {
    "signal": _ASKED,
    "disk_full": N_("The stick is full. I close what is already noted: wait a moment."),
    "max_time": N_("The time allowed is over. I close what is already noted: wait a moment."),
}
"""What is said while a run that is cut short closes."""


def doing(source: str) -> str:
    """Return what a step does."""
    return _(DOING[source]) if source in DOING else text.printable(source)


def about(source: str) -> str:
    """Return what a source is about."""
    return vocabulary.about(source, language())


def outcome(slug: str) -> str:
    """Return why something could not be read."""
    return vocabulary.outcome(slug, language())


def stopping(reason: str) -> str:
    """Return what is said of a run that is being cut short."""
    return _(STOPPING.get(reason, _ASKED))


def grouped(missed: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line for each source that missed something, in order: what, and why how often."""
    sources: dict[str, Counter[str]] = {}
    for source, slug in missed:
        sources.setdefault(source, Counter())[slug] += 1
    lines = []
    for source, counted in sources.items():
        why = ", ".join(
            outcome(slug) if count == 1 else _("{outcome} ({count} times)", outcome=outcome(slug), count=count)
            for slug, count in counted.most_common()
        )
        lines.append(_("{source}: {why}", source=about(source), why=why))
    return lines


def duration(seconds: float) -> str:
    """Return a length of time, never negative: `0 min 07 s`, or `1 h 02 min`."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return _("{hours} h {minutes} min", hours=hours, minutes=f"{minutes:02}")
    return _("{minutes} min {seconds} s", minutes=minutes, seconds=f"{whole % 60:02}")


def left(seconds: float) -> str:
    """Return the time left in words that do not pretend to be exact."""
    minutes = int(seconds / 60 + 0.5)
    if minutes < 1:
        return _("less than a minute left")
    return ngettext("about {count} minute left", "about {count} minutes left", minutes)


def on_battery(percent: int | None) -> str:
    """Return what to do about a computer that runs on its battery."""
    if percent is None:
        return _("The computer runs on its battery: plug the charger in, so that it does not go off.")
    return _("The computer runs on its battery ({percent} %): plug the charger in.", percent=percent)


def written(utc: str) -> str:
    """Return a `utc` of the format in words; one at the end of time, which no calendar has, as it is written."""
    try:
        return moment(datetime.fromisoformat(utc), language())
    except (ValueError, OverflowError):
        return text.printable(utc)


def code_rows(code: str) -> tuple[str, str]:
    """Return a code as it is copied by hand: two rows of four groups."""
    groups = code.split("-")
    return "   ".join(groups[:4]), "   ".join(groups[4:])
