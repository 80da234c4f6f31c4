"""A picture of every monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.host import HostError
from collector.model import Blob, Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.darwin.readings import Readings


def pictures(readings: Readings) -> Iterator[Blob | Gap]:
    """Yield a picture of every monitor; where the user never allowed that, a gap: what came would be the wallpaper."""
    try:
        found = readings.screens()
    except HostError as error:
        yield error.gap
        return
    for picture in found:
        yield Blob("screen", ".png", "drawn by the window server", iter([picture]))
    if not found:
        yield Gap(Outcome.ABSENT, "there is no monitor")
