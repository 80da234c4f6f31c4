"""How the machine is powered, and what holds it awake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.host import HostError
from collector.host.posix.low import files

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.host.darwin.readings import Readings
    from collector.model import Json

REASON = "Evidence is being collected"
"""What `pmset -g assertions` shows."""


def state(readings: Readings) -> dict[str, Json]:
    """Return `mains` and `batteries`; raises `HostError`. A desktop has no battery and tells of neither."""
    try:
        told = readings.battery()
    except OSError as error:
        raise HostError(files.gap_of(error, "how the machine is powered can't be read")) from error
    if told is None:
        return {"mains": None, "batteries": []}
    status = None if told.plugged is None else "plugged in" if told.plugged else "discharging"
    return {"mains": told.plugged, "batteries": [{"name": "battery", "percent": told.percent, "status": status}]}


class Held:
    """Sleep for want of use is held off; a closed lid or an empty battery still puts it to sleep."""

    what = "idle"
    mode = "block"

    def __init__(self, release: Callable[[], None]) -> None:
        self._release: Callable[[], None] | None = release

    def release(self) -> None:
        """Let go; may be called twice."""
        if self._release is not None:
            self._release()
            self._release = None


def keep_awake(readings: Readings) -> Held:
    """Hold off sleep; raises `HostError` where the system doesn't let us."""
    try:
        return Held(readings.hold_awake(REASON))
    except OSError as error:
        raise HostError(files.gap_of(error, "the system does not let us hold it awake")) from error
