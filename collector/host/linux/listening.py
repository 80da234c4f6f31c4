"""Takes what the kernel tells of the network as soon as it tells it: a thread that waits for nobody else.

It reads the clocks and keeps the bytes; `link_watch` makes sense of them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from collector.host.linux import netlink

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.model import Clock, Moment

MAX_DATAGRAMS, MAX_BYTES = 10_000, 8 << 20
"""Most that is kept until it is fetched: messages of 1.5 KiB, at most 20,000 of them a second (measured)."""
BUFFER_BYTES = 4 << 20
"""What the kernel may keep for us: some thousand messages, should the thread get no time."""
MAX_TURN = 256
"""Most messages taken of one namespace before the next one has its turn."""

# Of include/uapi/linux/rtnetlink.h: the groups of links, IPv4 addresses and routes, IPv6 addresses and routes.
_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
_NUMBERS = 1 << 27  # RTNLGRP_NSID: another namespace gets a number of ours, as a link leads there
_FORCE_BUFFER = 33  # SO_RCVBUFFORCE (include/uapi/asm-generic/socket.h)
_RECEIVE = 1 << 17


class Heard(NamedTuple):
    """One datagram of a namespace (`None`: our own) and the clocks as it was taken; no bytes where some are missing."""

    namespace: str | None
    moment: Moment
    datagram: bytes | None


class Listener:
    """Listens in our own namespace, and in others from `add` to `drop`."""

    def __init__(self, clock: Clock) -> None:
        """Listen from now on. Raises `OSError`, `RuntimeError` where no thread is to be had."""
        self._clock = clock
        self._kernels: dict[int, tuple[str | None, socket.socket]] = {}
        self._leaving: deque[int] = deque()
        self._heard: deque[Heard] = deque()
        self._bytes = 0
        self._missing: Heard | None = None
        self._there = threading.Condition()
        self._stopped = False
        self.ended = False
        """Nothing more comes."""
        self._poll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            self._poll.register(self._wake, select.EPOLLIN)
            self.add(None, netlink.opened())
            threading.Thread(target=self._run, name="link-watch", daemon=True).start()
        except (OSError, RuntimeError):
            self._close()
            raise

    def add(self, namespace: str | None, kernel: socket.socket) -> None:
        """Listen to a socket as well, made in the namespace and not yet bound; raises `OSError`, and it is closed."""
        try:
            for option in (_FORCE_BUFFER, socket.SO_RCVBUF):
                with contextlib.suppress(OSError):  # the first needs a privilege, the second is cut to what is allowed
                    kernel.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
                    break
            try:
                kernel.bind((0, _GROUPS | _NUMBERS))
            except OSError:  # before Linux 4.0
                kernel.bind((0, _GROUPS))
            kernel.setblocking(False)  # noqa: FBT003 - its only form
            with self._there:
                if self.ended:
                    raise OSError(errno.ESHUTDOWN, os.strerror(errno.ESHUTDOWN))
                self._kernels[kernel.fileno()] = (namespace, kernel)  # before anything can be heard there
                try:
                    self._poll.register(kernel.fileno(), select.EPOLLIN)
                except OSError:
                    del self._kernels[kernel.fileno()]
                    raise
        except OSError:
            kernel.close()
            raise

    def drop(self, namespace: str) -> None:
        """Listen there no more; the thread itself closes the socket, so that its number is not another file's."""
        self._leaving += [fd for fd, (name, _) in list(self._kernels.items()) if name == namespace]
        self._rouse()

    def listened(self) -> set[str]:
        """Return the other namespaces that are listened in."""
        return {name for name, _ in list(self._kernels.values()) if name is not None}

    def fetch(self, seconds: float) -> list[Heard]:
        """Return what was heard since the last call, waiting so long at most for something to be heard."""
        with self._there:
            self._there.wait_for(lambda: self._heard or self._missing or self.ended, seconds)
            found = list(self._heard)
            if self._missing is not None:
                found.append(self._missing)
            self._heard.clear()
            self._bytes, self._missing = 0, None
            return found

    def stop(self) -> None:
        """Take what is there and listen no more; `fetch` still gives what was heard."""
        self._stopped = True
        self._rouse()

    def _rouse(self) -> None:
        with self._there:
            if not self.ended:
                os.eventfd_write(self._wake, 1)

    def _run(self) -> None:
        try:
            while not self._stopped:
                for fd, _ in self._poll.poll():
                    if fd == self._wake:
                        os.eventfd_read(self._wake)
                    else:
                        self._take(fd, MAX_TURN)
                while self._leaving:
                    self._forget(self._leaving.popleft())
            for fd in list(self._kernels):
                self._take(fd, MAX_DATAGRAMS)  # what came before the end
        except Exception:  # noqa: BLE001 - whatever ends this thread: what follows is not heard, and that is told
            self._keep(Heard(None, self._clock.now(), None))
        finally:
            with self._there:
                self.ended = True
                self._close()
                self._there.notify_all()

    def _take(self, fd: int, most: int) -> None:
        """Take what one socket has; the clocks are read at once."""
        namespace, kernel = self._kernels[fd]
        for _ in range(most):
            try:
                datagram, _, flags, sender = kernel.recvmsg(_RECEIVE)
            except BlockingIOError:
                return
            except OSError as error:
                self._keep(Heard(namespace, self._clock.now(), None))
                if error.errno == errno.ENOBUFS:
                    continue  # the kernel dropped some
                if namespace is None:
                    raise
                self._forget(fd)
                return
            if sender[0] == 0:  # the kernel and nobody else
                whole = not flags & socket.MSG_TRUNC
                self._keep(Heard(namespace, self._clock.now(), datagram if whole else None))

    def _keep(self, heard: Heard) -> None:
        with self._there:
            size = len(heard.datagram or b"")
            if len(self._heard) >= MAX_DATAGRAMS or self._bytes + size > MAX_BYTES:
                self._missing = self._missing or heard._replace(datagram=None)
            else:
                self._bytes += size
                self._heard.append(heard)
            self._there.notify_all()

    def _forget(self, fd: int) -> None:
        if fd in self._kernels:
            self._poll.unregister(fd)
            self._kernels.pop(fd)[1].close()

    def _close(self) -> None:
        for _, kernel in self._kernels.values():
            kernel.close()
        self._kernels.clear()
        self._poll.close()
        os.close(self._wake)
