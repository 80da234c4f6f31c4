"""The top-level windows of every display that can be reached, through python-xlib.

Titles and classes are what programs chose to say, byte for byte. Which process a window
belongs to is asked of the server first (X-Resource), which knows; a window's own word
(`_NET_WM_PID`) comes second and is marked as such.
"""

from __future__ import annotations

import platform
import socket
import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

from collector import text
from collector.host.linux import authorities, displays
from collector.model import Gap, Outcome, number

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.model import Json, Row
    from collector.text import Text

MAX_WINDOWS: Final = 5_000
"""Most windows of a display that are looked at."""
MAX_TITLE: Final = 4_096
"""Most bytes kept of a title or a class."""
DISPLAY_SECONDS: Final = 10.0
"""How long the windows of one display may take; then its connection is shut."""

_ANY_TYPE, _CARDINAL, _STRING, _WINDOW = 0, 6, 31, 33
_WM_CLASS, _WM_NAME = 67, 39
_INPUT_ONLY, _VIEWABLE = 2, 2
_LOCAL_PID: Final = 2


def rows(roots: Roots) -> Iterator[Row | Gap]:
    """Yield a row for each top-level window, and a gap for each display that could not be asked.

    Top-level are the windows that the window manager lists and those that bypass it while
    shown (a lock screen does); without a window manager, the children of the root that are
    shown or have a title, and their children that have one.
    """
    for found in displays.reachable(roots):
        if isinstance(found, Gap):
            yield found
        else:
            yield from _of_display(found)


def load_xlib() -> Any:
    """Return the module `Xlib.display`; starts no program.

    Xlib.support.unix_connect takes `platform.uname()[0]`, and indexing it runs `uname -p`
    from PATH to fill in the processor. It is said here before anyone asks.
    """
    platform.uname().__dict__.setdefault("processor", "")
    return import_module("Xlib.display")


def _of_display(display: displays.Display) -> Iterator[Row | Gap]:
    """Yield the windows of one display; whatever the server answers, nothing is raised."""
    over = threading.Event()
    connection = timer = None
    try:
        with authorities.in_environment(display.number, display.cookie):
            connection = load_xlib().Display(display.name)
        timer = threading.Timer(DISPLAY_SECONDS, _shut, (connection.display.socket, over))
        timer.daemon = True
        timer.start()
        connection.set_error_handler(lambda *_: None)  # the library's own prints to the terminal
        yield from _Reader(connection, display).rows()
    except TimeoutError:
        yield Gap(Outcome.TIMED_OUT, "another display was still being connected to", display.name)
    except Exception:  # noqa: BLE001 - the server may be hostile, and the library raises whatever its bytes lead to
        if over.is_set():
            reason = f"the windows took longer than {DISPLAY_SECONDS:g} seconds"
            yield Gap(Outcome.TIMED_OUT, reason, display.name)
        else:
            yield Gap(Outcome.FAILED, "the X server broke off or gave an answer that is none", display.name)
    finally:
        if timer is not None:
            timer.cancel()
        if connection is not None:
            with suppress(Exception):
                connection.close()


def _shut(connected: socket.socket, over: threading.Event) -> None:
    """End a connection that takes too long: the library itself waits for ever."""
    over.set()
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


class _Reader:
    """Reads the windows of one open connection; raises what python-xlib raises."""

    def __init__(self, connection: Any, display: displays.Display) -> None:
        self._connection = connection
        self._display = display
        self._pids: dict[int, int | None] = {}
        self._vanished = 0
        self._gone: type[Exception] = import_module("Xlib.error").XError
        self._atoms = {
            name: connection.intern_atom(name) for name in ("_NET_CLIENT_LIST", "_NET_WM_NAME", "_NET_WM_PID")
        }

    def rows(self) -> Iterator[Row | Gap]:
        """Yield the windows of every screen of the display, then the gaps."""
        looked_at = 0
        seen: set[int] = set()
        for screen in self._connection.display.info.roots:
            for window in self._candidates(screen.root):
                if window.id in seen:
                    continue
                if looked_at == MAX_WINDOWS:
                    reason = f"more windows than the limit of {MAX_WINDOWS} of a display"
                    yield Gap(Outcome.OVER_LIMIT, reason, self._display.name)
                    return
                seen.add(window.id)
                looked_at += 1
                try:
                    row = self._row(screen.root, window)
                except self._gone:
                    self._vanished += 1
                    continue
                if row is not None:
                    yield row
        if self._vanished:
            yield Gap(Outcome.ABSENT, f"{self._vanished} window(s) vanished while they were read", self._display.name)

    def _candidates(self, root: Any) -> Iterator[Any]:
        """Yield what may be a top-level window of a screen, in the order of stacking where nobody lists them."""
        listed = root.get_property(self._atoms["_NET_CLIENT_LIST"], _WINDOW, 0, MAX_WINDOWS + 1)
        managed = listed is not None and listed.format == 32  # noqa: PLR2004 - bits
        for identity in listed.value if managed else ():
            yield self._connection.create_resource_object("window", identity)
        for child in root.query_tree().children:
            try:
                attributes = child.get_attributes()
                shown = attributes.map_state == _VIEWABLE and attributes.win_class != _INPUT_ONLY
                if managed:
                    if shown and attributes.override_redirect:
                        yield child
                    continue
                if shown or self._title(child) is not None:
                    yield child
                for grandchild in child.query_tree().children[:MAX_WINDOWS]:
                    if self._title(grandchild) is not None:
                        yield grandchild
            except self._gone:
                self._vanished += 1

    def _row(self, root: Any, window: Any) -> Row | None:
        shape = window.get_geometry()
        corner = root.translate_coords(window, 0, 0)
        pid, said_by = self._pid(window)
        return {
            "title": cast("Json", self._title(window)),
            "pid": pid,
            "pid_from": said_by,
            "class_name": cast("Json", self._class(window)),
            "geometry": [number(corner.x), number(corner.y), shape.width, shape.height],
            "visible": window.get_attributes().map_state == _VIEWABLE,
            "display": self._display.name,
            "user": self._display.user,
        }

    def _text(self, window: Any, atom: int) -> tuple[int, bytes] | None:
        """Return type and first bytes of a property that is text."""
        found = window.get_property(atom, _ANY_TYPE, 0, MAX_TITLE // 4)
        if found is None or found.format != 8:  # noqa: PLR2004 - bits
            return None
        return found.property_type, bytes(found.value)[:MAX_TITLE]

    def _title(self, window: Any) -> Text | None:
        """Return the title: `_NET_WM_NAME` (UTF-8, EWMH) or else `WM_NAME` (Latin-1 where it says STRING, ICCCM)."""
        if (found := self._text(window, self._atoms["_NET_WM_NAME"])) is not None:
            return text.from_bytes(found[1])
        if (found := self._text(window, _WM_NAME)) is None:
            return None
        return found[1].decode("latin-1") if found[0] == _STRING else text.from_bytes(found[1])

    def _class(self, window: Any) -> Text | None:
        """Return the second of the two strings of `WM_CLASS`: the class, as against the instance."""
        found = self._text(window, _WM_CLASS)
        return None if found is None else text.from_bytes(found[1].rstrip(b"\0").rpartition(b"\0")[2])

    def _pid(self, window: Any) -> tuple[int | None, str | None]:
        """Return the process and who names it."""
        if (pid := self._pid_of_client(window.id)) is not None:
            return pid, "server"
        said = window.get_property(self._atoms["_NET_WM_PID"], _CARDINAL, 0, 1)
        if said is None or said.format != 32 or not said.value:  # noqa: PLR2004 - bits
            return None, None
        return int(said.value[0]), "window"

    def _pid_of_client(self, identity: int) -> int | None:
        """Ask the server once for each client: all windows of a client share the bits outside the mask."""
        if not self._connection.has_extension("X-Resource"):
            return None
        client = identity & ~self._connection.display.info.resource_id_mask
        if client not in self._pids:
            with suppress(self._gone):
                answer = self._connection.res_query_client_ids([{"client": identity, "mask": _LOCAL_PID}])
                pids = [int(value) for entry in answer.ids for value in entry.value]
                self._pids[client] = pids[0] if pids else None
        return self._pids.get(client)
