"""Holds off sleep, idle and shutdown through logind's inhibitor locks (systemd.io/INHIBITOR_LOCKS).

Asked over the system bus at its fixed place only: an address from the environment may be
the attacker's, and may name a host. The lock lasts as long as its descriptor, so the
kernel gives it back however we end. The protocol is jeepney's; the waiting and the limits
are ours, for its own connection waits without end and takes a message of any size.
"""

from __future__ import annotations

import array
import errno
import itertools
import os
import socket
import stat
import struct
import sys
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.host import HostError
from collector.host.linux import files
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from jeepney import Header, Message

    from collector.host.linux import Roots

SECONDS = 3.0
"""Longest wait for the bus and logind together, which answer in milliseconds."""
MOST_BYTES: Final = 1 << 14
"""Longest message taken: what a bus tells somebody who only asked for a lock is under 500 bytes (measured)."""
MOST_BYTES_IN_ALL: Final = 1 << 17

_WHO: Final = "evidence-collector"
_WHY: Final = "Collecte de preuves en cours : ne pas éteindre / Evidence is being collected: do not power off"
_WISHES: Final = (
    ("shutdown:sleep:idle:handle-lid-switch:handle-suspend-key:handle-hibernate-key", "block"),
    ("sleep:idle:handle-lid-switch", "block"),
    ("idle", "block"),
    ("shutdown:sleep", "delay"),
)
"""From all to little: polkit may refuse some to an ordinary user. `delay` holds off for some seconds only."""

_START_BYTES: Final = 16
_LOGIND: Final = "org.freedesktop.login1"
_ERROR: Final = "org.freedesktop.DBus.Error."
_OUTCOMES: Final = {
    f"{_ERROR}AccessDenied": Outcome.DENIED,
    f"{_ERROR}AuthFailed": Outcome.DENIED,
    f"{_ERROR}InteractiveAuthorizationRequired": Outcome.DENIED,
    f"{_ERROR}ServiceUnknown": Outcome.ABSENT,
    f"{_ERROR}NameHasNoOwner": Outcome.ABSENT,
    f"{_ERROR}UnknownObject": Outcome.ABSENT,
    f"{_ERROR}UnknownInterface": Outcome.ABSENT,
    f"{_ERROR}UnknownMethod": Outcome.ABSENT,
    f"{_ERROR}NoReply": Outcome.TIMED_OUT,
    f"{_ERROR}Timeout": Outcome.TIMED_OUT,
    f"{_ERROR}TimedOut": Outcome.TIMED_OUT,
    f"{_ERROR}LimitsExceeded": Outcome.OVER_LIMIT,
    f"{_ERROR}InvalidArgs": Outcome.UNSUPPORTED,
    f"{_ERROR}NotSupported": Outcome.UNSUPPORTED,
    f"{_LOGIND}.OperationInProgress": Outcome.LOCKED,
}
_REASONS: Final = {
    Outcome.DENIED: "the system does not let this account hold off sleep and shutdown",
    Outcome.ABSENT: "logind does not run here, so nothing can hold off sleep and shutdown",
    Outcome.TIMED_OUT: "logind did not answer in time: sleep and shutdown are not held off",
    Outcome.OVER_LIMIT: "logind takes no more locks: sleep and shutdown are not held off",
    Outcome.UNSUPPORTED: "logind does not know this way to hold off sleep and shutdown",
    Outcome.LOCKED: "a sleep or a shutdown is already under way",
    Outcome.FAILED: "logind answered with an error: sleep and shutdown are not held off",
}
_HOPELESS: Final = (Outcome.ABSENT, Outcome.TIMED_OUT, Outcome.OVER_LIMIT)
"""Refusals that a smaller wish meets as well."""

_MALFORMED: Final = (
    ValueError,  # a bad encoding, a number outside of its list, our own refusals
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
    struct.error,
)
"""What jeepney raises over bytes that are no D-Bus."""


class _Answer(NamedTuple):
    """What the bus answered: the name of an error or `None`, the signature and the body."""

    error: str | None
    signature: str
    body: bytes


class Lock:
    """See `collector.host.Awake`: it lasts until our end of logind's pipe is closed."""

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
    try:
        with _Bus(_connected(roots)) as bus:
            bus.enter()
            return _widest(bus)
    except (TimeoutError, BlockingIOError) as error:
        raise HostError(Gap(Outcome.TIMED_OUT, "the system bus did not answer in time")) from error
    except OSError as error:
        if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
            raise HostError(Gap(Outcome.ABSENT, "there is no system bus here")) from error
        raise HostError(files.gap_of(error, "the system bus can't be asked")) from error
    except _MALFORMED as error:
        gap = Gap(Outcome.FAILED, "what answers at the place of the system bus does not speak as one")
        raise HostError(gap) from error


def _widest(bus: _Bus) -> Lock:
    refused = Outcome.FAILED
    for what, mode in _WISHES:
        answer = bus.inhibit(what, mode)
        if isinstance(answer, Lock):
            return answer
        refused = answer
        if refused in _HOPELESS:
            break
    raise HostError(Gap(refused, _REASONS[refused]))


def _connected(roots: Roots) -> socket.socket:
    """Return a connection to the system bus; raises `OSError`, and `HostError` where a link stands on the way."""
    folder = _held(f"{roots.run}/dbus", None, stat.S_IFDIR)
    try:
        place = _held("system_bus_socket", folder, stat.S_IFSOCK)
    finally:
        os.close(folder)
    bus = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        bus.settimeout(SECONDS)
        bus.connect(f"/proc/self/fd/{place}")  # the very thing that was looked at
    except OSError:
        bus.close()
        raise
    finally:
        os.close(place)
    return bus


def _held(path: str, folder: int | None, kind: int) -> int:
    """Take hold of a path without opening it; raises `OSError`, and `HostError` where it is of another kind."""
    held = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    found = stat.S_IFMT(os.fstat(held).st_mode)
    if found != kind:
        os.close(held)
        raise HostError(Gap(Outcome.FAILED, "no socket stands in the place of the system bus"))
    return held


class _Bus:
    """One conversation with a bus that may be anything; bounded in time and in bytes."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._serials = itertools.count(1)
        self._deadline = time.monotonic() + SECONDS
        self._left = MOST_BYTES_IN_ALL
        self._received: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._drop()
        self._socket.close()

    def enter(self) -> None:
        """Say who we are, agree on handing over files, and get a name; raises what `keep_awake` catches."""
        from jeepney import message_bus
        from jeepney.auth import BEGIN, AuthenticationError, Authenticator

        speech = Authenticator(enable_fds=True)
        try:
            for line in speech:
                self._send(line)
                speech.feed(self._receive(1024))
        except AuthenticationError as error:
            if bytes(error.data).startswith(b"REJECTED"):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from error
            raise
        self._send(BEGIN)
        if self._ask(message_bus.Hello()).error is not None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def inhibit(self, what: str, mode: str) -> Lock | Outcome:
        """Ask for a lock; return it, or why it is refused. Raises what `keep_awake` catches."""
        from jeepney import DBusAddress, MessageFlag, new_method_call

        manager = DBusAddress("/org/freedesktop/login1", _LOGIND, f"{_LOGIND}.Manager")
        call = new_method_call(manager, "Inhibit", "ssss", (what, _WHO, _WHY, mode))
        call.header.flags |= MessageFlag.no_auto_start  # or the bus runs a program for us
        answer = self._ask(call)
        if answer.error is not None:
            return _OUTCOMES.get(answer.error, Outcome.FAILED)
        # The body is the lock's number among the files that came: the first, and only one.
        if answer.signature != "h" or answer.body != bytes(4) or len(self._received) != 1:
            raise ValueError("no lock")
        return Lock(self._received.pop(), what, mode)

    def _ask(self, call: Message) -> _Answer:
        """Send a call and return its answer; what else the bus says meanwhile is not listened to."""
        from jeepney import HeaderFields, MessageType

        serial = next(self._serials)
        self._send(call.serialise(serial))
        while True:
            self._drop()
            header, body = self._message()
            fields = header.fields
            is_answer = header.message_type in (MessageType.method_return, MessageType.error)
            if not is_answer or fields.get(HeaderFields.reply_serial) != serial:
                continue
            error = None
            if header.message_type is MessageType.error:
                error = str(fields.get(HeaderFields.error_name))
            return _Answer(error, str(fields.get(HeaderFields.signature, "")), body)

    def _message(self) -> tuple[Header, bytes]:
        """Return the header and the body of the next message (D-Bus Specification, "Message Format")."""
        from jeepney import Header
        from jeepney.low_level import calc_msg_size

        start = self._exactly(_START_BYTES)
        size = calc_msg_size(start)
        if size > MOST_BYTES:
            raise ValueError("too long")
        raw = start + self._exactly(size - _START_BYTES)
        fields_end = _START_BYTES + int.from_bytes(start[12:16], "little" if start[:1] == b"l" else "big")
        # The specification has no empty structure, and jeepney would fill an array of them for ever.
        if b"()" in raw[:fields_end]:
            raise ValueError("an empty structure")
        header, _ = Header.from_buffer(raw[:fields_end])
        return header, raw[fields_end + -fields_end % 8 :]

    def _set_timeout(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        self._socket.settimeout(left)

    def _send(self, data: bytes) -> None:
        self._set_timeout()
        self._socket.sendall(data)

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            data += self._receive(length - len(data))
        return data

    def _receive(self, most: int) -> bytes:
        """Return what came, at most so many bytes and one file; raises `OSError`, `ValueError` where it is too much."""
        self._set_timeout()
        room = socket.CMSG_SPACE(array.array("i").itemsize)
        data, control, flags, _ = self._socket.recvmsg(most, room, socket.MSG_CMSG_CLOEXEC)
        for level, kind, raw in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                files_given = array.array("i")
                files_given.frombytes(raw[: len(raw) - len(raw) % files_given.itemsize])
                self._received += files_given
        if flags & socket.MSG_CTRUNC:
            raise ValueError("more files than one")
        self._left -= len(data)
        if not data or self._left < 0:
            raise ValueError("too little or too much")
        return data

    def _drop(self) -> None:
        """Close what came with a message that was not asked for."""
        while self._received:
            os.close(self._received.pop())
