"""Asks the kernel's routing socket for its tables; sends nothing to any network.

A dump is read whole and kept as the bytes the kernel gave (rtnetlink(7)); parsing them is
apart, so that recorded bytes can be a test. All numbers are in the machine's byte order.
"""

from __future__ import annotations

import errno
import itertools
import os
import socket
import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

GET_LINK, GET_ADDRESS, GET_ROUTE, GET_NEIGHBOUR = 18, 22, 26, 30
"""RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH; an answer carries the number less 2 (RTM_NEW…)."""

MAX_MESSAGES = 100_000
"""Most entries kept of one table: a full Internet routing table is larger, an office's never."""

ATTEMPTS = 5
"""How often a dump that the kernel calls inconsistent is asked again."""

SECONDS = 3.0
"""Longest wait for one answer of the kernel, which gives it at once."""

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")  # rtattr: length, type
_ERROR, _DONE = 2, 3
_REQUEST, _INTERRUPTED = 0x1, 0x10
DUMP, ACKNOWLEDGE = 0x300, 0x4
"""NLM_F_DUMP, NLM_F_ACK."""
_SEQUENCES = itertools.count(1)
_TYPE_MASK = 0x3FFF  # NLA_F_NESTED and NLA_F_NET_BYTEORDER are flags in the type
_RECEIVE = 1 << 17  # the kernel fills at most 32 KiB
# struct ifinfomsg, ifaddrmsg, rtmsg and ndmsg: 16, 8, 12 and 12 bytes, the family first.
_BODY_BYTES = {GET_LINK: 16, GET_ADDRESS: 8, GET_ROUTE: 12, GET_NEIGHBOUR: 12}
_EXT_MASK = struct.pack("=HHI", 8, 29, 8)  # IFLA_EXT_MASK: RTEXT_FILTER_SKIP_STATS


class Message(NamedTuple):
    """One netlink message without its header."""

    kind: int
    flags: int
    body: bytes


class Dump(NamedTuple):
    """What the kernel answered: datagrams as received.

    `cut` says that the table holds more than `MAX_MESSAGES`, `interrupted` that it changed
    during each attempt, so that entries may be missing or stand twice.
    """

    kind: int
    datagrams: tuple[bytes, ...]
    cut: bool = False
    interrupted: bool = False

    def entries(self) -> Iterator[bytes]:
        """Yield the body of each entry; raises `OSError` (EBADMSG) for bytes that are no message."""
        count = 0
        for datagram in self.datagrams:
            for message in messages(datagram):
                if message.kind == self.kind - 2 and count < MAX_MESSAGES:
                    count += 1
                    yield message.body


def opened(protocol: int = socket.NETLINK_ROUTE) -> socket.socket:
    """Return a socket to the kernel in the namespace we run in; raises `OSError`."""
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)


def dump(kind: int, family: int = socket.AF_UNSPEC, kernel: socket.socket | None = None) -> Dump:
    """Return a whole table of the namespace we run in, or of that in which `kernel` was made; raises `OSError`.

    The kernel may answer with other families too, where it lacks the one asked for.
    """
    if kernel is None:
        with opened() as own:
            return dump(kind, family, own)
    kernel.settimeout(SECONDS)
    for _ in range(ATTEMPTS):
        try:
            answer = _ask(kernel, kind, family, next(_SEQUENCES))
        except TimeoutError as error:  # raised without a number
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from error
        if answer.cut or not answer.interrupted:
            break
    return answer


def ask(
    kind: int, body: bytes, flags: int = 0, kernel: socket.socket | None = None, limit: int = MAX_MESSAGES
) -> list[bytes]:
    """Send one request and return the bodies that answer it; raises `OSError`, the kernel's own refusal too.

    With `DUMP` in `flags` they are a table, with `ACKNOWLEDGE` none where the kernel only says that it is done;
    without, there is one. Beyond `limit` entries: EMSGSIZE.
    """
    if kernel is None:
        with opened() as own:
            return ask(kind, body, flags, own, limit)
    kernel.settimeout(SECONDS)
    sequence = next(_SEQUENCES)
    kernel.send(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | flags, sequence, 0) + body)
    found: list[bytes] = []
    while True:
        try:
            datagram, _, received, sender = kernel.recvmsg(_RECEIVE)
        except TimeoutError as error:
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from error
        if sender[0] != 0 or unpack(_HEADER, datagram)[3] != sequence:
            continue
        if received & socket.MSG_TRUNC:
            raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
        for message in messages(datagram):
            if message.kind in (_ERROR, _DONE):
                _raise_error(message)
                return found
            found.append(message.body)
            if not flags:
                return found
        if len(found) > limit:
            raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))


def _ask(kernel: socket.socket, kind: int, family: int, sequence: int) -> Dump:
    body = bytes([family]) + bytes(_BODY_BYTES[kind] - 1) + (_EXT_MASK if kind == GET_LINK else b"")
    kernel.send(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | DUMP, sequence, 0) + body)
    kept: list[bytes] = []
    count = 0
    interrupted = False
    while True:
        datagram, _, flags, sender = kernel.recvmsg(_RECEIVE)
        if sender[0] != 0 or unpack(_HEADER, datagram)[3] != sequence:
            continue  # not the kernel, or the rest of an earlier attempt
        if flags & socket.MSG_TRUNC:
            raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
        kept.append(datagram)
        for message in messages(datagram):
            interrupted = interrupted or bool(message.flags & _INTERRUPTED)
            if message.kind in (_ERROR, _DONE):
                _raise_error(message)
                return Dump(kind, tuple(kept), interrupted=interrupted)
            count += 1
        if count > MAX_MESSAGES:
            return Dump(kind, tuple(kept), cut=True, interrupted=interrupted)


def _raise_error(message: Message) -> None:
    """Raise what an error, or the end of a dump, carries: a negative errno; 0 is the plain end."""
    code = -int.from_bytes(message.body[:4], sys.byteorder, signed=True)
    if code > 0:
        raise OSError(code, os.strerror(code))


def messages(datagram: bytes) -> Iterator[Message]:
    """Yield the messages of one datagram; raises `OSError` (EBADMSG) where a length is impossible."""
    at = 0
    while at < len(datagram):
        if at + _HEADER.size > len(datagram):
            raise malformed()
        length, kind, flags, _, _ = _HEADER.unpack_from(datagram, at)
        if length < _HEADER.size or at + length > len(datagram):
            raise malformed()
        yield Message(kind, flags, datagram[at + _HEADER.size : at + length])
        at += _aligned(length)


def attributes(body: bytes, start: int = 0) -> dict[int, bytes]:
    """Return the attributes that follow a fixed part of `start` bytes, by number; the last of equals counts.

    Raises `OSError` (EBADMSG) where a length is impossible.
    """
    found: dict[int, bytes] = {}
    at = start
    if len(body) < start:
        raise malformed()
    while at + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if length < _ATTRIBUTE.size or at + length > len(body):
            raise malformed()
        found[kind & _TYPE_MASK] = body[at + _ATTRIBUTE.size : at + length]
        at += _aligned(length)
    return found


def attribute(kind: int, value: bytes) -> bytes:
    """Return one attribute as the kernel takes it, padded."""
    raw = _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value
    return raw + bytes(-len(raw) % 4)


def unpack(form: struct.Struct, body: bytes, start: int = 0) -> tuple[int, ...]:
    """Return the numbers of a fixed part; raises `OSError` (EBADMSG) where it is too short."""
    if len(body) < start + form.size:
        raise malformed()
    return form.unpack_from(body, start)


def integer(raw: bytes) -> int:
    """Return an unsigned number of the kernel."""
    return int.from_bytes(raw, sys.byteorder)


def string(raw: bytes) -> bytes:
    """Return a NUL-terminated string of the kernel without its NUL."""
    return raw.split(b"\0", 1)[0]


def address(family: int, raw: bytes) -> str:
    """Return the text of an IPv4 or IPv6 address; raises `OSError` (EBADMSG) for a wrong length."""
    try:
        return socket.inet_ntop(family, raw)
    except ValueError as error:
        raise malformed() from error


def mac(raw: bytes) -> str | None:
    """Return a hardware address as pairs of digits with colons; `None` where there is none."""
    return raw.hex(":") or None


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def malformed() -> OSError:
    """Return the error for bytes that are not what rtnetlink(7) promises."""
    return OSError(errno.EBADMSG, os.strerror(errno.EBADMSG))
