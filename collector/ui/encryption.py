"""What a person is told while files are being encrypted, and at the end: what is seen, and what to do about it.

The words are those of the authorities (facts, users.md): keep the machine on, off the network, and let whoever is
called decide on more: the key may be in the memory, and what is not encrypted yet may be lost meanwhile.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from collector.ui import terminal
from collector.ui.messages import N_, _, ngettext

if TYPE_CHECKING:
    from collector.alarm import Alarm

MOST_PROGRAMS = 3
"""Most programs that are named: who reads this has to act."""
CALL = N_("Is the network cut? Call your IT provider at once, with a telephone, then open 17cyber.gouv.fr.")
KEEP_ON = N_("Power off only if your IT provider asks you to: the key may still be in the memory.")
UNPLUG = N_("Unplug backup disks and the cable of the network drive (NAS), but not the stick with the evidence.")
STEPS = (
    N_("Now, with a telephone: call your IT provider, then open 17cyber.gouv.fr."),
    N_("Unplug backup disks and the cable of the network drive (NAS)."),
    N_("Do not power off unless they ask you to. Do not plug the network in again."),
)
"""The same, a line each, as the first steps of the last screen."""
ENDED = N_("For some seconds now no more file was seen to be encrypted.")


def lines(alarm: Alarm, columns: int) -> list[str]:
    """Return what is said at once: what happens, what to do, and which program does it."""
    then = [_(CALL), _(UNPLUG), _(KEEP_ON)] if alarm.running else [_(ENDED), _(KEEP_ON)]
    return [line for one in [_happens(alarm), *then, *_programs(alarm)] for line in terminal.fold(one, columns)]


def headline(alarm: Alarm, columns: int) -> list[str]:
    """Return the one sentence that says what happens."""
    return terminal.fold(_happens(alarm), columns)


def short(alarm: Alarm, columns: int) -> list[str]:
    """Return what happens and why to keep the machine on, for a screen that tells the steps elsewhere."""
    return [line for one in (_happens(alarm), _(KEEP_ON)) for line in terminal.fold(one, columns)]


def _happens(alarm: Alarm) -> str:
    if alarm.running:
        return ngettext(
            "WARNING: files are being encrypted now ({count} file since {time}).",
            "WARNING: files are being encrypted now ({count} files since {time}).",
            alarm.files,
            time=_time(alarm),
        )
    return ngettext(
        "WARNING: files were encrypted while this ran ({count} file since {time}).",
        "WARNING: files were encrypted while this ran ({count} files since {time}).",
        alarm.files,
        time=_time(alarm),
    )


def _programs(alarm: Alarm) -> list[str]:
    return [
        _("Program: {name} (number {pid}).", name=terminal.shown(one.name, 64), pid=one.pid)
        for one in alarm.writers[:MOST_PROGRAMS]
    ]


def _time(alarm: Alarm) -> str:
    """Return when it was first seen, by the clock on the wall."""
    since = timedelta(microseconds=max(0, alarm.since_ns) // 1000, seconds=alarm.offset_s)
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + since:%H:%M:%S}"
