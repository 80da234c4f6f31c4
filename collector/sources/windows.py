"""Every top-level window: what the victim and the attacker show."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class WindowSource:
    """Every top-level window: what the victim and the attacker show."""

    name = "windows"
    kind = "windows"
    columns: ClassVar[Mapping[str, str]] = {
        "title": "Title of the window.",
        "pid": "Process that owns it, as the display server or else the window itself says.",
        "pid_from": "Who says so: `server` (it knows), or `window` (which may lie).",
        "class_name": "Class that the program gave it.",
        "geometry": "x, y, width and height in pixels.",
        "visible": "Whether it is shown.",
        "display": "Display that it is on.",
        "user": "Number of the user whose display it is.",
    }
    seconds = 15
    core = False
    phase = "screen"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one row for each."""
        yield from host.windows()
