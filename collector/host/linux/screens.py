"""A picture of every monitor of every display that can be reached, through mss.

Pictures are taken with plain GetImage: the faster way shares a piece of our memory with the
server, which could cut it short and so kill this process (SIGBUS).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import struct
import sys
import threading
import zlib
from contextlib import suppress
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from collector.host.linux import authorities, consoles, displays
from collector.model import Blob, Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots

MAX_MONITORS: Final = 16
"""Most monitors of a display."""
MAX_PIXELS: Final = 64 << 20
"""Most pixels of a monitor (two 8K ones); taking a picture holds 8 bytes for each, keeping it 4."""

_SONAMES: Final = {
    "xcb": "libxcb.so.1",
    "xcb-randr": "libxcb-randr.so.0",
    "xcb-render": "libxcb-render.so.0",
    "xcb-shm": "libxcb-shm.so.0",
    "xcb-xfixes": "libxcb-xfixes.so.0",
}
"""What mss asks for, and the name that the loader knows it by; the numbers are part of the interface."""
_BAND_ROWS: Final = 64
"""Rows compressed at once: what is made of a picture beside the picture stays under 2 MB on a 4K monitor."""

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


def png(shot: Any) -> Iterator[bytes]:
    """Yield a screenshot as a PNG of 8-bit RGB (PNG, third edition), a band of rows at a time.

    `mss.tools.to_png` gives the same picture and holds it three times over.
    """
    width, height = shot.size
    yield b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    packer = zlib.compressobj(6)
    with memoryview(shot.raw) as raw:
        for top in range(0, height, _BAND_ROWS):
            band = bytes(raw[top * width * 4 : (top + _BAND_ROWS) * width * 4])
            rgb = bytearray(len(band) // 4 * 3)
            rgb[::3], rgb[1::3], rgb[2::3] = band[2::4], band[1::4], band[::4]
            lines = (rgb[start : start + width * 3] for start in range(0, len(rgb), width * 3))
            if packed := packer.compress(b"".join(b"\0" + line for line in lines)):
                yield _chunk(b"IDAT", packed)
    yield _chunk(b"IDAT", packer.flush()) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))


def _of_display(display: displays.Display) -> Iterator[Blob | Gap]:
    """Yield the pictures of one display; nothing is raised."""
    try:
        mss = load_mss()
    except (OSError, AttributeError):  # not there, or too old for a function that mss names
        yield Gap(Outcome.ABSENT, "libxcb or one of its parts is not installed, or too old", display.name)
        return
    for screen in range(min(display.screens, MAX_MONITORS)):
        yield from _of_screen(mss, display, f"{display.name}.{screen}")


def _of_screen(mss: Any, display: displays.Display, name: str) -> Iterator[Blob | Gap]:
    """Yield the pictures of one screen (in the sense of X: one root window with its monitors)."""
    camera = None
    try:
        with authorities.in_environment(display.number, display.cookie):
            camera = mss.MSS(backend="xgetimage", display=name)
        monitors = _monitors(camera.monitors)
        for monitor in islice(monitors, MAX_MONITORS):
            yield _picture(mss, camera, monitor, name)
        if len(monitors) > MAX_MONITORS:
            yield Gap(Outcome.OVER_LIMIT, f"{len(monitors) - MAX_MONITORS} monitors over the limit", name)
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
    if width * height > MAX_PIXELS:
        return Gap(Outcome.OVER_LIMIT, f"the monitor has more than {MAX_PIXELS} pixels", subject)
    try:
        shot = camera.grab(monitor)
    except mss.ScreenShotError:
        return Gap(Outcome.FAILED, "the X server gave no picture of the monitor", subject)
    if len(shot.raw) != width * height * 4:
        return Gap(Outcome.FAILED, "the X server gave a picture of another size than the monitor's", subject)
    return Blob("screen", ".png", f"mss {mss.__version__}", png(shot), subject)


def _monitors(found: list[dict[str, Any]]) -> list[dict[str, int]]:
    """Return the rectangles of the monitors, each once, cut to the root window; else the root window.

    `found` is in the form of mss: the root window first. Mirrored monitors are the same
    rectangle; one that is partly outside would make the server refuse the whole picture.
    """
    whole = found[0]
    kept: dict[tuple[int, ...], dict[str, int]] = {}
    for monitor in [*found[1:], whole]:
        left, top = max(0, monitor["left"]), max(0, monitor["top"])
        right = min(whole["width"], monitor["left"] + monitor["width"])
        bottom = min(whole["height"], monitor["top"] + monitor["height"])
        if right > left and bottom > top and not (monitor is whole and kept):
            box = {"left": left, "top": top, "width": right - left, "height": bottom - top}
            kept.setdefault(tuple(box.values()), box)
    return list(kept.values())


def _xcb_error() -> type[Exception]:
    """Return the class that mss raises where the connection fails."""
    error: type[Exception] = import_module("mss.linux.xcbhelpers").XError
    return error
