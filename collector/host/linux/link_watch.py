"""Changes of the network as the kernel tells them: one thread that listens on the routing socket.

One socket for our own namespace and, where that is the system's own, one for each other
that holds a process; those that are made later are found once a second. A socket keeps its
namespace alive, so it is closed as soon as no process is left there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from collector.facts import DefaultRoute, LinkChange
from collector.host import HostError
from collector.host.linux import clock, devices, files, links, namespaces, netlink, radios, routes

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.facts import Link
    from collector.host.linux import Roots
    from collector.model import Moment

MAX_CHANGES = 10_000
"""Most changes kept until they are fetched, which happens ten times a second."""
BUFFER_BYTES = 4 << 20
"""What the kernel may keep for us: some thousand changes, should this thread get no time."""
CENSUS_S = 1.0
"""Between two looks for new namespaces."""
MAX_KNOWN = 10_000
"""Most devices remembered."""

# Of include/uapi/linux/rtnetlink.h: the groups of links, IPv4 addresses and routes, IPv6 addresses and routes.
_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
_NEW_LINK, _GONE_LINK, _NEW_ADDRESS, _GONE_ADDRESS, _NEW_ROUTE, _GONE_ROUTE = 16, 17, 20, 21, 24, 25
_WIRELESS = 11  # IFLA_WIRELESS: such a message tells of a scan and carries no state
_LINK_BYTES = 16  # struct ifinfomsg
_FORCE_BUFFER = 33  # SO_RCVBUFFORCE (include/uapi/asm-generic/socket.h)
_RECEIVE = 1 << 17


def watch(roots: Roots) -> KernelWatch:
    """Start listening: what the kernel tells after this returns is received. Raises `HostError`, `RuntimeError`."""
    try:
        own = netlink.opened()
    except OSError as error:
        raise HostError(files.gap_of(error, "the network can't be watched")) from error
    try:
        _listen(own)
        return KernelWatch(roots, own)
    except OSError as error:
        own.close()
        raise HostError(files.gap_of(error, "the network can't be watched")) from error
    except RuntimeError:  # no thread is to be had
        own.close()
        raise


def _listen(kernel: socket.socket) -> None:
    for option in (_FORCE_BUFFER, socket.SO_RCVBUF):
        with contextlib.suppress(OSError):  # the first needs a privilege, the second is cut to what is allowed
            kernel.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
            break
    kernel.bind((0, _GROUPS))
    kernel.setblocking(False)  # noqa: FBT003 - its only form


class _Space:
    """One namespace that is listened to: its socket, and what is known of its links."""

    def __init__(self, name: str | None, kernel: socket.socket) -> None:
        self.name = name
        self.kernel = kernel
        self.names: dict[int, bytes] = {}
        self.devices: dict[tuple[int, bytes, str | None], devices.Device] = {}


class KernelWatch:
    """See `collector.host.LinkWatch`."""

    def __init__(self, roots: Roots, own: socket.socket) -> None:
        self._roots = roots
        self._clock = clock.LinuxClock(roots)
        self._kept: deque[LinkChange] = deque()
        self._overflow = False
        self._there = threading.Condition()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._stopped = False
        self._spaces: dict[int, _Space] = {own.fileno(): _Space(None, own)}
        self._poll = select.poll()
        self._poll.register(own.fileno(), select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)
        self._others: dict[str, int] = {}
        self._next_census = 0.0
        self._whole = devices.scope(roots)[0] == "host"
        self._thread = threading.Thread(target=self._run, name="link-watch", daemon=True)
        self._thread.start()

    def changes(self) -> list[LinkChange]:
        """See `LinkWatch`."""
        with self._there:
            found = list(self._kept)
            self._kept.clear()
            if self._overflow:
                self._overflow = False
                found.append(LinkChange(self._clock.now(), "lost"))
            return found

    def wait(self, seconds: float) -> bool:
        """See `LinkWatch`."""
        with self._there:
            return self._there.wait_for(lambda: bool(self._kept) or self._overflow, seconds)

    def stop(self) -> None:
        """See `LinkWatch`."""
        if self._stopped:
            return
        self._stopped = True
        os.eventfd_write(self._wake, 1)
        self._thread.join(2.0)

    def _run(self) -> None:
        try:
            self._learn(next(iter(self._spaces.values())))
            while not self._stopped:
                if self._whole:
                    self._look_for_namespaces()
                for fd, _ in self._poll.poll(CENSUS_S * 1000):
                    if fd in self._spaces:
                        self._receive(self._spaces[fd])
            for space in list(self._spaces.values()):
                self._receive(space)  # what came before the end
        except Exception:  # noqa: BLE001 - whatever ends this thread: what follows is not watched, and that is told
            self._lost(None)
        finally:
            for space in self._spaces.values():
                space.kernel.close()

    def _receive(self, space: _Space) -> None:
        """Take everything that is there now; its clocks are read at once."""
        while True:
            try:
                datagram, _, flags, sender = space.kernel.recvmsg(_RECEIVE)
            except BlockingIOError:
                return
            except OSError as error:
                self._lost(space.name)
                if error.errno != errno.ENOBUFS:
                    raise
                continue
            moment = self._clock.now()
            if sender[0] != 0:
                continue  # not the kernel
            if flags & socket.MSG_TRUNC:
                self._lost(space.name)
                continue
            try:
                for message in netlink.messages(datagram):
                    for change in self._told(space, message, moment):
                        self._keep(change)
            except OSError:  # not what rtnetlink(7) promises
                self._lost(space.name)

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
            space.names[raw.index] = raw.name
            return [LinkChange(moment, what, space.name, raw.index, self._built(space, raw))]
        if kind in (_NEW_ADDRESS, _GONE_ADDRESS) and family in routes.FAMILIES:
            index, address = links.parse_address(body)
            what = "address" if kind == _NEW_ADDRESS else "address-gone"
            return [LinkChange(moment, what, space.name, index, address=address)]
        if kind in (_NEW_ROUTE, _GONE_ROUTE) and family in routes.FAMILIES:
            return self._routes(space, message, moment)
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
        if key not in space.devices:
            if len(space.devices) >= MAX_KNOWN:
                space.devices.clear()
            space.devices[key] = links.device_of(self._roots, raw, own=space.name is None)
        return links.build(raw, space.devices[key], (), self._station(space, raw, space.devices[key]))

    @staticmethod
    def _station(space: _Space, raw: links.RawLink, device: devices.Device) -> radios.Station | None:
        """Return whether a Wi-Fi link of our own namespace is joined; elsewhere its carrier tells."""
        if space.name is not None or device.radio != "wifi":
            return None
        try:
            return radios.stations().get(raw.index)
        except OSError:  # nl80211 does not answer: the carrier tells
            return None

    def _learn(self, space: _Space) -> None:
        """Learn the names of the links of a namespace, which routes are told by."""
        with contextlib.suppress(OSError):  # then routes are told without the name of their link
            kernel = netlink.opened() if space.name is None else self._second(space.name)
            with kernel:
                for body in netlink.dump(netlink.GET_LINK, kernel=kernel).entries():
                    raw = links.parse_link(body)
                    space.names.setdefault(raw.index, raw.name)

    def _second(self, name: str) -> socket.socket:
        return namespaces.socket_in(self._roots, self._others[name], name)

    def _look_for_namespaces(self) -> None:
        """Listen in namespaces that are new, and no more in those that no process is left in; once a second."""
        now = time.monotonic()
        if now < self._next_census:
            return
        self._next_census = now + CENSUS_S
        try:
            self._others = dict(list(namespaces.census(self._roots).others.items())[: namespaces.MAX_NAMESPACES])
        except OSError:  # the reading of the facts tells it
            return
        listened = {space.name: fd for fd, space in self._spaces.items() if space.name is not None}
        for name in set(listened) - set(self._others):
            self._close(listened[name])
        for name in set(self._others) - set(listened):
            with contextlib.suppress(OSError):  # it ended, or we may not enter: the reading of the facts tells it
                kernel = self._second(name)
                try:
                    _listen(kernel)
                except OSError:
                    kernel.close()
                    raise
                space = _Space(name, kernel)
                self._spaces[kernel.fileno()] = space
                self._poll.register(kernel.fileno(), select.POLLIN)
                self._learn(space)

    def _close(self, fd: int) -> None:
        self._poll.unregister(fd)
        self._spaces.pop(fd).kernel.close()

    def _keep(self, change: LinkChange) -> None:
        with self._there:
            if len(self._kept) >= MAX_CHANGES:
                self._overflow = True
            else:
                self._kept.append(change)
            self._there.notify_all()

    def _lost(self, namespace: str | None) -> None:
        self._keep(LinkChange(self._clock.now(), "lost", namespace))
