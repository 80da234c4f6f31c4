"""Changes of the network as the kernel tells them: what `listening` hears, made into facts.

There is one socket for our own namespace and, where that is the system's own, one for each
other that holds a process. Those made later are found once a second, or as soon as a link of
ours leads or moves there; their links are then told as if they had just been made. What comes
and goes there before that is told by nobody, and what other namespaces do in the first moment
of the watch only by the readings. A socket keeps its namespace alive, so it is closed as soon
as no process is left there.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

from collector import text
from collector.facts import DefaultRoute, LinkChange
from collector.host import HostError
from collector.host.kept_changes import KeptChanges
from collector.host.linux import clock, devices, files, links, listening, namespaces, netlink, radios, routes

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.facts import Link
    from collector.host.linux import Roots
    from collector.model import Moment

CENSUS_S = 1.0
"""Between two looks for new namespaces."""
SOONEST_CENSUS_S = 0.2
"""Between two, where a link leads or moves to another namespace."""
MAX_KNOWN = 10_000
"""Most names and devices remembered."""
MAX_TOLD = 1_000
"""Most links of a namespace just found that are told as changes; the reading that follows has them all."""
STOP_S = 2.0
"""Longest wait for the threads at the end: one of them may be asking about a radio."""

_NEW_LINK, _GONE_LINK, _NEW_ADDRESS, _GONE_ADDRESS, _NEW_ROUTE, _GONE_ROUTE, _NEW_NUMBER = 16, 17, 20, 21, 24, 25, 88
_WIRELESS = 11  # IFLA_WIRELESS: such a message tells of a scan and carries no state
_LINK_BYTES = 16  # struct ifinfomsg


def watch(roots: Roots) -> KernelWatch:
    """Start listening: what the kernel tells after this returns is received. Raises `HostError`, `RuntimeError`."""
    try:
        return KernelWatch(roots, listening.Listener(clock.LinuxClock(roots)))
    except OSError as error:
        raise HostError(files.gap_of(error, "the network can't be watched")) from error


class _Space:
    """One namespace that is listened to: what is known of its links."""

    def __init__(self, name: str | None) -> None:
        self.name = name
        self.names: dict[int, bytes] = {}
        self.devices: dict[tuple[int, bytes, str | None], devices.Device] = {}

    def learn(self, raw: links.RawLink) -> None:
        """Remember the name of a link, which routes are told by."""
        if len(self.names) >= MAX_KNOWN and raw.index not in self.names:
            self.names.clear()
        self.names[raw.index] = raw.name


class KernelWatch(KeptChanges):
    """See `collector.host.LinkWatch`."""

    def __init__(self, roots: Roots, listener: listening.Listener) -> None:
        super().__init__(clock.LinuxClock(roots))
        self._roots = roots
        self._listener = listener
        self._stopped = False
        self._spaces: dict[str | None, _Space] = {None: _Space(None)}
        self._pids: dict[str, str] = {}
        self._next_census = 0.0
        self._last_census: float | None = None
        self._whole = devices.scope(roots)[0] == "host"
        self._thread = threading.Thread(target=self._run, name="link-changes", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no second thread is to be had
            listener.stop()
            raise

    def stop(self) -> None:
        """See `LinkWatch`."""
        if self._stopped:
            return
        self._stopped = True
        self._listener.stop()
        self._thread.join(STOP_S)
        if self._thread.is_alive():  # it hangs in the kernel, and what it has not told yet is missing
            self._lost()

    def _run(self) -> None:
        try:
            self._learn(self._spaces[None])
            while True:
                if self._whole and not self._stopped:
                    self._look_for_namespaces()
                ended = self._listener.ended
                for heard in self._listener.fetch(0.0 if ended else self._patience()):
                    self._understand(heard)
                if ended:
                    return
        except Exception:  # noqa: BLE001 - whatever ends this thread: what follows is not watched, and that is told
            self._lost()

    def _patience(self) -> float:
        return max(0.0, self._next_census - time.monotonic()) if self._whole else CENSUS_S

    def _understand(self, heard: listening.Heard) -> None:
        space = self._spaces.get(heard.namespace)
        if space is None or heard.datagram is None:
            self._keep(LinkChange(heard.moment, "lost", heard.namespace))
            return
        try:
            for message in netlink.messages(heard.datagram):
                for change in self._told(space, message, heard.moment):
                    self._keep(change)
        except OSError:  # not what rtnetlink(7) promises
            self._keep(LinkChange(heard.moment, "lost", heard.namespace))

    def _told(self, space: _Space, message: netlink.Message, moment: Moment) -> list[LinkChange]:
        """Return what a message tells; nothing where it changes nothing that is judged. Raises `OSError`."""
        kind, body = message.kind, message.body
        family = body[0] if body else None
        if kind in (_NEW_LINK, _GONE_LINK):
            # A bridge tells of its ports under its own family: no change of the link itself.
            if family != socket.AF_UNSPEC or _WIRELESS in netlink.attributes(body, _LINK_BYTES):
                return []
            raw = links.parse_link(body)
            what = "link" if kind == _NEW_LINK else "link-gone"
            if what == "link-gone":
                self._soon(space)  # it may have moved to a namespace that is new
            space.learn(raw)
            return [LinkChange(moment, what, space.name, raw.index, self._built(space, raw))]
        if kind in (_NEW_ADDRESS, _GONE_ADDRESS) and family in routes.FAMILIES:
            index, address = links.parse_address(body)
            what = "address" if kind == _NEW_ADDRESS else "address-gone"
            name = space.names.get(index)
            known = None if name is None else text.from_bytes(name)
            return [LinkChange(moment, what, space.name, index, address=address, name=known)]
        if kind in (_NEW_ROUTE, _GONE_ROUTE) and family in routes.FAMILIES:
            return self._routes(space, message, moment)
        if kind == _NEW_NUMBER:
            self._soon(space)
        return []

    def _routes(self, space: _Space, message: netlink.Message, moment: Moment) -> list[LinkChange]:
        """Return the next hops of a route that lead outside."""
        what = "route" if message.kind == _NEW_ROUTE else "route-gone"
        return [
            LinkChange(moment, what, space.name, hop.link, route=DefaultRoute(hop.link, hop.row))
            for hop in routes.parse_route(message.body, space.names)
            if hop.is_default
        ]

    def _built(self, space: _Space, raw: links.RawLink) -> Link:
        """Return a link with what stands behind it, looked up once as long as name and address stay."""
        key = (raw.index, raw.name, raw.mac)
        device = space.devices.get(key)
        if device is None:
            device = links.device_of(self._roots, raw, own=space.name is None)
            if len(space.devices) >= MAX_KNOWN:
                space.devices.clear()
            if device.unread is None:  # else it is looked up again: udev may have renamed it in between
                space.devices[key] = device
        return links.build(raw, device, (), self._station(space, raw, device))

    @staticmethod
    def _station(space: _Space, raw: links.RawLink, device: devices.Device) -> radios.Station | None:
        """Return whether a Wi-Fi link of our own namespace is joined; elsewhere its carrier tells."""
        if space.name is not None or device.radio != "wifi":
            return None
        try:
            return radios.stations().get(raw.index)
        except OSError:  # nl80211 does not answer: the carrier tells
            return None

    def _learn(self, space: _Space) -> list[links.RawLink]:
        """Learn the names of the links of a namespace; return the links."""
        found = []
        with contextlib.suppress(OSError):  # then routes are told without the name of their link
            kernel = netlink.opened() if space.name is None else self._socket_in(space.name)
            with kernel:
                for body in netlink.dump(netlink.GET_LINK, kernel=kernel).entries():
                    found.append(links.parse_link(body))
                    space.learn(found[-1])
        return found

    def _socket_in(self, name: str) -> socket.socket:
        return namespaces.socket_in(self._roots, self._pids[name], name)

    def _soon(self, space: _Space) -> None:
        """Look for namespaces soon: a link of ours leads or moved to another."""
        if space.name is None and self._last_census is not None:
            self._next_census = min(self._next_census, self._last_census + SOONEST_CENSUS_S)

    def _look_for_namespaces(self) -> None:
        """Listen in namespaces that are new, and no more in those that no process is left in."""
        now = time.monotonic()
        if now < self._next_census:
            return
        first = self._last_census is None
        self._last_census, self._next_census = now, now + CENSUS_S
        try:
            self._pids = dict(list(namespaces.census(self._roots).others.items())[: namespaces.MAX_NAMESPACES])
        except OSError:  # the reading of the facts tells it
            return
        listened = self._listener.listened()
        for name in listened - set(self._pids):
            self._listener.drop(name)
        for gone in [name for name in self._spaces if name is not None and name not in listened]:
            del self._spaces[gone]
        for name in set(self._pids) - listened:
            self._spaces[name] = _Space(name)
            with contextlib.suppress(OSError):  # it ended, or we may not enter: the reading of the facts tells it
                self._listener.add(name, self._socket_in(name))
                self._introduce(self._spaces[name], tell=not first)

    def _introduce(self, space: _Space, *, tell: bool) -> None:
        """Learn the links of a namespace just found; those of one that is new are told as if they were just made."""
        found = self._learn(space)
        moment = self._clock.now()
        for raw in found[: MAX_TOLD if tell else 0]:
            self._keep(LinkChange(moment, "link", space.name, raw.index, self._built(space, raw)))
