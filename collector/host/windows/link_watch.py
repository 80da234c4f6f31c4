"""Changes of links, addresses and routes: read anew as soon as Windows says that there is one, and twice a second.

NotifyIpInterfaceChange, NotifyUnicastIpAddressChange and NotifyRouteChange2 (netioapi.h) call us, but tell only that
something changed; what it was is the difference of two readings. A link that came and went within the milliseconds of
a reading is told by nobody. Where Windows calls nobody (IP does not stand on the link), the readings alone tell.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import threading
import time
from typing import TYPE_CHECKING, Final

from collector.facts import LinkChange
from collector.host import HostError
from collector.host.kept_changes import KeptChanges
from collector.host.readings import Reading, changes
from collector.host.windows import calls, clock, networks, radios, routes

if TYPE_CHECKING:
    from collector.facts import Unread
    from collector.model import Moment

READ_S: Final = 0.5
"""Between two readings where nobody called."""
SOONEST_S: Final = 0.02
"""Between two readings, however often we are called."""
STOP_S: Final = 2.0
"""Longest wait for the thread at the end: the Wi-Fi service may take its time."""

_CALLS: Final = ("NotifyIpInterfaceChange", "NotifyUnicastIpAddressChange", "NotifyRouteChange2")
_CALLBACK: Final = ctypes.WINFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_DECIDING: Final = ("links", "addresses", "routes")


def watch() -> Watch:
    """Start watching: what changes after this returns is seen. Raises `HostError`, `RuntimeError`."""
    return Watch()


class Watch(KeptChanges):
    """See `collector.host.LinkWatch`."""

    def __init__(self) -> None:
        super().__init__(clock.WindowsClock())
        self._called = threading.Event()
        self._stopped = False
        self._drivers: dict[str, str] = {}
        self._indexes: set[int] = set()
        self._callback = _CALLBACK(self._on_call)
        self._handles: list[ctypes.c_void_p] = []
        self._listen()
        try:
            self._last, missing = self._read()
            links = [one for one in missing if one.what == "links"]
            if links:
                raise HostError(links[0].gap)
            self._unread = bool(missing)
            self._thread = threading.Thread(target=self._run, name="link-watch", daemon=True)
            self._thread.start()
        except (HostError, RuntimeError):
            self._cancel()
            raise

    def stop(self) -> None:
        """See `LinkWatch`."""
        if self._stopped:
            return
        self._stopped = True
        self._cancel()
        self._called.set()
        self._thread.join(STOP_S)
        if self._thread.is_alive():  # it hangs in Windows, and what it has not told yet is missing
            self._lost()

    def _listen(self) -> None:
        """Let Windows call us; where it doesn't, the readings go on without."""
        library = calls.library("iphlpapi")
        for name in _CALLS:
            call = getattr(library, name, None)
            if call is None:
                continue
            handle = ctypes.c_void_p()
            call.argtypes = [ctypes.c_ushort, _CALLBACK, ctypes.c_void_p, ctypes.c_ubyte, ctypes.c_void_p]
            call.restype = ctypes.c_ulong
            if call(0, self._callback, None, 0, ctypes.byref(handle)) == 0 and handle.value:
                self._handles.append(handle)

    def _cancel(self) -> None:
        """Let Windows call us no more: it returns when no call is under way."""
        for handle in self._handles:
            calls.library("iphlpapi").CancelMibChangeNotify2(handle)
        self._handles.clear()

    def _on_call(self, _context: int | None, _row: int | None, _kind: int) -> None:
        self._called.set()

    def _run(self) -> None:
        try:
            while True:
                self._called.wait(READ_S)
                self._called.clear()
                ended = self._stopped  # before the reading: what changed up to now is in it
                moment = self._clock.now()
                reading, missing = self._read()
                self._compare(reading, missing, moment)
                if ended:
                    return
                time.sleep(SOONEST_S)
        except Exception:  # noqa: BLE001 - whatever ends this thread: what follows is not watched, and that is told
            self._lost()

    def _compare(self, reading: Reading, missing: list[Unread], moment: Moment) -> None:
        if missing:
            if not self._unread:
                self._keep(LinkChange(moment, "lost"))
            self._unread = True
            return
        self._unread = False
        for change in changes(self._last, reading, moment):
            self._keep(change)
        self._last = reading

    def _read(self) -> tuple[Reading, list[Unread]]:
        """Return what is there now, and what of it that decides could not be read."""
        stations, _ = radios.wifi([])
        seen = networks.look(stations, self._drivers)
        missing = list(seen.unread)
        outside = routes.default_routes(missing)
        if seen.links and {link.index for link in seen.links} != self._indexes:
            self._indexes = {link.index for link in seen.links}
            self._drivers = networks.drivers([])  # a link that is new has a driver that was not looked up yet
            seen = networks.look(stations, self._drivers)
        return Reading.of(seen.links, outside), [one for one in missing if one.what in _DECIDING]
