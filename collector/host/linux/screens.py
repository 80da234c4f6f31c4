"""A picture of every monitor of every display that can be reached, through mss.

Pictures are taken with plain GetImage: the faster way shares a piece of our memory with the
server, which could cut it short and so kill this process (SIGBUS).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
import threading
from contextlib import suppress
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from collector.host import pictures as shapes
from collector.host.linux import authorities, consoles, displays
from collector.model import Blob, Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots

_SONAMES: Final = {
    "xcb": "libxcb.so.1",
    "xcb-randr": "libxcb-randr.so.0",
    "xcb-render": "libxcb-render.so.0",
    "xcb-shm": "libxcb-shm.so.0",
    "xcb-xfixes": "libxcb-xfixes.so.0",
}
"""What mss asks for, and the name that the loader knows it by; the numbers are part of the interface."""
_loading = threading.Lock()


def pictures(roots: Roots) -> Iterator[Blob | Gap]:
    """Yield one PNG for each monitor; where no picture was had, the text of the consoles.

    One picture at a time is held, so the consumer reads a `Blob` before it asks for the next.
    """
    taken = False
    for found in displays.reachable(roots):
        for item in [found] if isinstance(found, Gap) else _of_display(found):
            taken = taken or isinstance(item, Blob)
            yield item
    if not taken:
        yield from consoles.texts(roots)


def load_mss() -> Any:
    """Return the module `mss` with its libraries loaded; starts no program. Raises `OSError`.

    mss finds libraries with `ctypes.util.find_library`, which runs ldconfig, gcc and others
    from PATH. While it loads, that function is one of ours, which knows the five names that
    the XCB way needs; for the names of the old Xlib way it says that there are none.
    """
    with _loading:
        for soname in _SONAMES.values():
            ctypes.CDLL(soname)
        before = ctypes.util.find_library
        ctypes.util.find_library = _soname
        try:
            mss = import_module("mss")
            import_module("mss.linux.xcb").initialize()
        finally:
            ctypes.util.find_library = before
    return mss


def _soname(name: str) -> str | None:
    return _SONAMES.get(name)


def _of_display(display: displays.Display) -> Iterator[Blob | Gap]:
    """Yield the pictures of one display; nothing is raised."""
    try:
        mss = load_mss()
    except (OSError, AttributeError):  # not there, or too old for a function that mss names
        yield Gap(Outcome.ABSENT, "libxcb or one of its parts is not installed, or too old", display.name)
        return
    for screen in range(min(display.screens, shapes.MAX_MONITORS)):
        yield from _of_screen(mss, display, f"{display.name}.{screen}")


def _of_screen(mss: Any, display: displays.Display, name: str) -> Iterator[Blob | Gap]:
    """Yield the pictures of one screen (in the sense of X: one root window with its monitors)."""
    camera = None
    try:
        with authorities.in_environment(display.number, display.cookie):
            camera = mss.MSS(backend="xgetimage", display=name)
        monitors = shapes.monitors(camera.monitors)
        for monitor in islice(monitors, shapes.MAX_MONITORS):
            yield _picture(mss, camera, monitor, name)
        if len(monitors) > shapes.MAX_MONITORS:
            yield Gap(Outcome.OVER_LIMIT, f"{len(monitors) - shapes.MAX_MONITORS} monitors over the limit", name)
    except TimeoutError:
        yield Gap(Outcome.TIMED_OUT, "another display was still being connected to", name)
    except _xcb_error():
        yield Gap(Outcome.FAILED, "the X server let us in and then broke off", name)
    except mss.ScreenShotError:
        yield Gap(Outcome.UNSUPPORTED, "the screen's pixels are in a form that mss does not read", name)
    finally:
        if camera is not None:
            with suppress(mss.ScreenShotError):
                camera.close()


def _picture(mss: Any, camera: Any, monitor: dict[str, int], name: str) -> Blob | Gap:
    """Take one picture; raises nothing but what ends the connection."""
    left, top, width, height = (monitor[side] for side in ("left", "top", "width", "height"))
    subject = f"{name} {width}x{height}+{left}+{top}"
    if width * height > shapes.MAX_PIXELS:
        return Gap(Outcome.OVER_LIMIT, f"the monitor has more than {shapes.MAX_PIXELS} pixels", subject)
    try:
        shot = camera.grab(monitor)
    except mss.ScreenShotError:
        return Gap(Outcome.FAILED, "the X server gave no picture of the monitor", subject)
    if len(shot.raw) != width * height * 4:
        return Gap(Outcome.FAILED, "the X server gave a picture of another size than the monitor's", subject)
    return Blob("screen", ".png", f"mss {mss.__version__}", shapes.png(shot), subject)


def _xcb_error() -> type[Exception]:
    """Return the class that mss raises where the connection fails."""
    error: type[Exception] = import_module("mss.linux.xcbhelpers").XError
    return error
