"""Holds off sleep, idle and shutdown through logind's inhibitor locks (systemd.io/INHIBITOR_LOCKS).

Asked over the system bus at its fixed place only: an address from the environment may be
the attacker's, and may name a host. The lock lasts as long as its descriptor, so the
kernel gives it back however we end.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import stat
import sys
import threading
from typing import TYPE_CHECKING, Any

from collector.host import HostError
from collector.host.linux import files
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.host.linux import Roots

SECONDS = 3.0
"""Longest wait for the bus and logind together, which answer in milliseconds."""

_WHO = "evidence-collector"
_WHY = "Collecte de preuves en cours : ne pas éteindre / Evidence is being collected: do not power off"
_WISHES = (
    ("shutdown:sleep:idle:handle-lid-switch:handle-suspend-key:handle-hibernate-key", "block"),
    ("sleep:idle:handle-lid-switch", "block"),
    ("idle", "block"),
    ("shutdown:sleep", "delay"),
)
"""From all to little: polkit may refuse some to an ordinary user. `delay` holds off for some seconds only."""


class Lock:
    """See `collector.host.Awake`."""

    def __init__(self, fd: int, what: str, mode: str) -> None:
        self._fd: int | None = fd
        self.what = what
        self.mode = mode

    def release(self) -> None:
        """See `Awake`."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


def keep_awake(roots: Roots) -> Lock:
    """Take the widest lock that is given; raises `HostError` within `SECONDS`."""
    path = f"{roots.run}/dbus/system_bus_socket"
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise HostError(Gap(Outcome.FAILED, "no socket stands in the place of the system bus"))
    except OSError as error:
        raise HostError(files.gap_of(error, "the system bus is not there")) from error
    box: queue.SimpleQueue[Lock | Gap] = queue.SimpleQueue()
    asking = _Asking(path)

    def ask() -> None:
        try:
            box.put(asking.lock())
        except Exception as error:  # noqa: BLE001 - whatever the library raises for what a hostile bus sends
            box.put(_gap_of(error))

    try:
        threading.Thread(target=ask, name="inhibitor", daemon=True).start()
    except RuntimeError as error:
        raise HostError(Gap(Outcome.FAILED, "the system gives no thread to ask in")) from error
    try:
        answer = box.get(timeout=SECONDS)
    except queue.Empty:
        asking.hang_up()
        raise HostError(Gap(Outcome.TIMED_OUT, "the system bus or logind did not answer in time")) from None
    if isinstance(answer, Gap):
        raise HostError(answer)
    return answer


class _Asking:
    """One conversation with the bus."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket: socket.socket | None = None

    def lock(self) -> Lock:
        """Return the lock; raises whatever the bus, logind or the library refuse with."""
        from jeepney import DBusAddress, DBusErrorResponse, new_method_call
        from jeepney.auth import BEGIN, Authenticator
        from jeepney.io.blocking import DBusConnection

        self._socket = sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        with contextlib.closing(sock):
            sock.settimeout(SECONDS)
            sock.connect(self._path)
            _authenticate(sock, Authenticator(enable_fds=True))
            sock.sendall(BEGIN)
            bus = DBusConnection(sock, enable_fds=True)  # says hello by itself
            manager = DBusAddress(
                "/org/freedesktop/login1", bus_name="org.freedesktop.login1", interface="org.freedesktop.login1.Manager"
            )
            refused: Exception = LookupError()
            for what, mode in _WISHES:
                try:
                    body = self._asked(bus, new_method_call(manager, "Inhibit", "ssss", (what, _WHO, _WHY, mode)))
                except DBusErrorResponse as error:
                    refused = error
                    continue
                return Lock(body[0].to_raw_fd(), what, mode)
            raise refused

    def hang_up(self) -> None:
        """End the conversation from outside: what still waits gets an error."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _asked(bus: Any, message: Any) -> Any:
        from jeepney.wrappers import unwrap_msg

        return unwrap_msg(bus.send_and_get_reply(message, timeout=SECONDS))


def _authenticate(sock: socket.socket, steps: Any) -> None:
    """Say who we are as the library's steps want it; what the bus sends is bounded by them."""
    for data in steps:
        sock.sendall(data)
        answer = sock.recv(1024)
        if not answer:
            raise ConnectionError("the bus hung up")
        steps.feed(answer)


def _gap_of(error: Exception) -> Gap:
    if isinstance(error, TimeoutError):
        return Gap(Outcome.TIMED_OUT, "the system bus or logind did not answer in time")
    if isinstance(error, OSError) and error.errno is not None:
        return files.gap_of(error, "the system bus can't be asked")
    name = str(getattr(error, "name", ""))
    if name.endswith(("AccessDenied", "InteractiveAuthorizationRequired")):
        return Gap(Outcome.DENIED, "logind lets us hold nothing off")
    if name.endswith(("ServiceUnknown", "NameHasNoOwner", "UnknownMethod", "UnknownObject")):
        return Gap(Outcome.ABSENT, "no logind answers on the system bus")
    return Gap(Outcome.FAILED, f"the system bus or logind answered with something else ({type(error).__name__})")
