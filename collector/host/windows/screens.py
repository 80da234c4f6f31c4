"""A picture of every monitor of the desktop that is in front, in true pixels, through mss (GDI).

What Windows shows on a desktop of its own (locked, a question for rights) no program of people can see: a gap.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

from contextlib import suppress
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any

from collector.host import HostError
from collector.host import pictures as shapes
from collector.host.windows import calls, desktops
from collector.model import Blob, Gap, Outcome
from collector.text import from_native

if TYPE_CHECKING:
    from collections.abc import Iterator

BLACK = "a picture is black from edge to edge: the screen is off, or what it shows is kept from programs"


def pictures() -> Iterator[Blob | Gap]:
    """Yield one PNG for each monitor, or a gap that says why there is none.

    One picture at a time is held, so the consumer reads a `Blob` before it asks for the next.
    """
    try:
        with desktops.in_front() as name:
            yield from _of_desktop(name)
    except HostError as e:
        yield e.gap


def load_mss() -> Any:
    """Return the module `mss`; raises `OSError`.

    mss loads its libraries by name alone. They are loaded from the system's folder before, and a library that is
    loaded is the one that its name then gives.
    """
    for name in ("user32", "gdi32"):
        calls.library(name)
    with suppress(OSError):  # not before Windows 8.1
        calls.library("shcore")
    return import_module("mss")


def _of_desktop(desktop: str) -> Iterator[Blob | Gap]:
    """Yield the pictures of one desktop; nothing is raised."""
    try:
        mss = load_mss()
    except OSError as e:
        yield calls.gap_of(e, "what draws on Windows can't be loaded")
        return
    camera = None
    try:
        camera = mss.MSS()
        monitors = camera.monitors
        boxes = shapes.monitors(monitors)
        for box in islice(boxes, shapes.MAX_MONITORS):
            yield from _picture(mss, camera, box, _called(monitors, box))
        if not boxes:
            yield Gap(Outcome.ABSENT, "there is no monitor", desktops.shown(desktop))
        elif len(boxes) > shapes.MAX_MONITORS:
            reason = f"{len(boxes) - shapes.MAX_MONITORS} monitors over the limit"
            yield Gap(Outcome.OVER_LIMIT, reason, desktops.shown(desktop))
    except (OSError, mss.ScreenShotError) as e:
        code = calls.outcome_of(e) if isinstance(e, OSError) else Outcome.FAILED
        yield Gap(code, "Windows gave no picture of the desktop", desktops.shown(desktop))
    finally:
        if camera is not None:
            with suppress(OSError, mss.ScreenShotError):
                camera.close()


def _called(found: list[dict[str, Any]], box: dict[str, int]) -> str:
    """Return what Windows calls the monitor of a rectangle, e.g. `Generic PnP Monitor`."""
    names = (one.get("name") for one in found if all(one[side] == box[side] for side in box))
    return next((name for name in names if name), "monitor")


def _picture(mss: Any, camera: Any, box: dict[str, int], name: str) -> Iterator[Blob | Gap]:
    """Yield one picture, and a gap where nothing is to be seen on it."""
    left, top, width, height = (box[side] for side in ("left", "top", "width", "height"))
    subject = from_native(f"{name} {width}x{height}{left:+d}{top:+d}")
    if width * height > shapes.MAX_PIXELS:
        yield Gap(Outcome.OVER_LIMIT, f"the monitor has more than {shapes.MAX_PIXELS} pixels", subject)
        return
    try:
        shot = camera.grab(box)
    except (OSError, mss.ScreenShotError):
        yield Gap(Outcome.FAILED, "Windows gave no picture of the monitor", subject)
        return
    if len(shot.raw) != width * height * 4:
        yield Gap(Outcome.FAILED, "Windows gave a picture of another size than the monitor's", subject)
        return
    black = not any(shot.raw[0::4]) and not any(shot.raw[1::4]) and not any(shot.raw[2::4])
    yield Blob("screen", ".png", f"mss {mss.__version__}", shapes.png(shot), subject)
    if black:
        yield Gap(Outcome.FAILED, BLACK, subject)
