"""A program for the collector to find: odd arguments, sockets, an open file, a window of known colours.

Paints the root of the display and one window on it, says what it holds as one line of JSON,
and stays until its standard input ends.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

from Xlib import X
from Xlib import display as xlib

SCREEN = (320, 240)
ROOT_COLOUR = 0x112233
WINDOW = (40, 30, 200, 120)
"""x, y, width, height."""
WINDOW_COLOUR = 0xB00020
STRIPE = (10, 20, 50, 60)
"""The same, inside the window."""
STRIPE_COLOUR = 0xFFEE44
TITLE = "VOS FICHIERS SONT CHIFFRÉS \x1b[31m\u202e"


def expected(x: int, y: int) -> tuple[int, int, int]:
    """Return red, green and blue of a pixel of the screen."""
    colour = ROOT_COLOUR
    if _inside(x, y, WINDOW):
        colour = WINDOW_COLOUR
        if _inside(x - WINDOW[0], y - WINDOW[1], STRIPE):
            colour = STRIPE_COLOUR
    return colour >> 16, colour >> 8 & 255, colour & 255


def _inside(x: int, y: int, box: tuple[int, int, int, int]) -> bool:
    return box[0] <= x < box[0] + box[2] and box[1] <= y < box[1] + box[3]


def draw(name: str) -> xlib.Display:
    """Paint the display; returns the connection, which holds the window."""
    connection = xlib.Display(name)
    root = connection.screen().root
    root.change_attributes(background_pixel=ROOT_COLOUR)
    root.clear_area()
    window = root.create_window(*WINDOW, 0, X.CopyFromParent, background_pixel=WINDOW_COLOUR, event_mask=X.ExposureMask)
    window.change_property(
        connection.intern_atom("_NET_WM_NAME"), connection.intern_atom("UTF8_STRING"), 8, TITLE.encode()
    )
    window.set_wm_class("suspect", "Suspect")
    window.map()
    while connection.next_event().type != X.Expose:
        pass
    window.fill_rectangle(window.create_gc(foreground=STRIPE_COLOUR), *STRIPE)
    connection.sync()
    return connection


def main() -> None:
    """Hold everything until told to end."""
    held = draw(sys.argv[1])
    listening = socket.create_server(("127.0.0.1", 0))
    calling = socket.create_connection(listening.getsockname())
    answering = listening.accept()[0]
    with Path(sys.argv[2]).open("w", encoding="utf-8") as opened:
        opened.write("held open\n")
        opened.flush()
        sockets = {
            "listening": "{}:{}".format(*listening.getsockname()),
            "calling": "{}:{}".format(*calling.getsockname()),
        }
        print(json.dumps(sockets), flush=True)
        sys.stdin.read()
    answering.close()
    held.close()


if __name__ == "__main__":
    main()
