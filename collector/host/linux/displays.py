"""Which X displays exist, whose they are, and the cookie that opens each.

They are found in our own environment, in that of every process that may be read, and among
the sockets of X servers. Only local sockets are ever connected to: a display over TCP is a
gap. Whether a server answers and lets us in is asked here, with time limits of our own, since
the libraries that ask next have none and don't say why they failed.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
import struct
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from collector import text
from collector.errors import CollectorError
from collector.host.linux import authorities, files, mounts
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host.linux import Roots

MAX_DISPLAYS: Final = 16
"""Most displays, refused ones and Wayland compositors that are looked at, each: a practice has one or two."""
ANSWER_SECONDS: Final = 2.0
"""How long a server may take to accept and to answer; a live one takes milliseconds."""

_LOCAL_DISPLAY: Final = re.compile(rb"(?:[A-Za-z0-9._-]*/unix|unix/?)?:([0-9]{1,5})(?:\.[0-9]{1,5})?")
_SOCKET_NAME: Final = re.compile(rb"X([0-9]{1,5})")
_MAX_SOCKET_NAMES: Final = 4_096
_WANTED: Final = frozenset({b"DISPLAY", b"XAUTHORITY", b"HOME", b"WAYLAND_DISPLAY", b"XDG_RUNTIME_DIR"})


@dataclass(frozen=True, slots=True)
class Display:
    """A display whose server answered and let us in.

    `user` is the one whose processes are shown on it, or else the one that runs the server.
    """

    number: int
    screens: int
    user: int | None
    cookie: bytes | None

    @property
    def name(self) -> str:
        """What to give to libxcb and python-xlib: with `unix`, neither falls back to TCP, as they do for `:0`."""
        return f"unix:{self.number}"


@dataclass(slots=True)
class _Claims:
    """What the environments and the sockets say; ordered, ours first."""

    displays: dict[int, set[int]] = field(default_factory=dict)
    authorities: dict[int, dict[authorities.Authority, None]] = field(default_factory=dict)
    refused: dict[bytes, None] = field(default_factory=dict)
    compositors: dict[bytes, None] = field(default_factory=dict)
    unread: int = 0

    def add(self, environment: Mapping[bytes, bytes], user: int, *, own: bool = False) -> None:
        """Take what one environment says."""
        if (name := environment.get(b"DISPLAY")) is not None and name:
            self._add_display(name, environment, user, own=own)
        compositor = environment.get(b"WAYLAND_DISPLAY")
        folder = environment.get(b"XDG_RUNTIME_DIR", b"")
        if compositor and (compositor.startswith(b"/") or folder.startswith(b"/")):
            self.compositors[os.path.join(folder, compositor)] = None

    def _add_display(self, name: bytes, environment: Mapping[bytes, bytes], user: int, *, own: bool) -> None:
        match = _LOCAL_DISPLAY.fullmatch(name)
        if match is None:
            self.refused[name] = None
            return
        number = int(match[1])
        self.displays.setdefault(number, set()).add(user)
        path = environment.get(b"XAUTHORITY") or os.path.join(environment.get(b"HOME", b""), b".Xauthority")
        if path.startswith(b"/"):
            self.authorities.setdefault(number, {})[authorities.Authority(path, None if own else user)] = None


def reachable(roots: Roots) -> Iterator[Display | Gap]:
    """Yield every display that lets us in, and a gap for each that doesn't; nothing is raised.

    Connects to local sockets only and starts no program. A Wayland compositor is a gap of
    its own: nothing shown by it can be asked for, even where X clients are shown there, too.
    A display is to be used before the next one is asked for.
    """
    claims = _Claims()
    claims.add(os.environb, os.geteuid(), own=True)
    yield from _add_processes(claims, roots)
    yield from _add_sockets(claims, roots)
    try:
        table: mounts.MountTable | None = mounts.MountTable(roots)
    except (OSError, CollectorError):
        table = None  # then no path that a process names is touched
    for refused in islice(claims.refused, MAX_DISPLAYS):
        reason = "a display that is not on a local socket (TCP, for example) is never connected to"
        yield Gap(Outcome.UNSUPPORTED, reason, text.from_bytes(refused[:256]))
    compositors = [path for path in islice(claims.compositors, MAX_DISPLAYS) if _is_socket(path, table)]
    for compositor in compositors:
        reason = "what a Wayland compositor shows can't be asked for"
        yield Gap(Outcome.UNSUPPORTED, reason, text.from_bytes(compositor[:4096]))
    if not claims.displays and not claims.refused and not compositors:
        yield Gap(Outcome.ABSENT, "no display")
    for number in islice(claims.displays, MAX_DISPLAYS):
        yield from _reach(number, claims, table, roots)
    more = sum(max(0, len(of) - MAX_DISPLAYS) for of in (claims.displays, claims.refused, claims.compositors))
    if more:
        yield Gap(Outcome.OVER_LIMIT, f"{more} more displays than the limit of {MAX_DISPLAYS} were not looked at")


def _add_processes(claims: _Claims, roots: Roots) -> Iterator[Gap]:
    """Read the environment of every process that lets us."""
    denied = failed = 0
    try:
        pids = [name for name in os.listdir(roots.proc) if name.isdigit()]
    except OSError as e:
        yield files.gap_of(e, "the processes could not be listed")
        return
    for pid in pids:
        try:
            user, raw = _of_process(roots, int(pid), "environ")
        except OSError as e:
            denied += files.outcome_of(e) is Outcome.DENIED
            failed += files.outcome_of(e) not in (Outcome.DENIED, Outcome.ABSENT)
            continue
        pairs = (variable.partition(b"=") for variable in raw.split(b"\0"))
        claims.add({name: value for name, _, value in pairs if name in _WANTED}, user)
    for outcome, count in ((Outcome.DENIED, denied), (Outcome.FAILED, failed)):
        if count:
            yield Gap(outcome, f"displays were not looked for in the environment of {count} process(es)")


def _of_process(roots: Roots, pid: int, name: str) -> tuple[int, bytes]:
    """Return who a process acts as and the start of one of its files; raises `OSError`."""
    folder = files.open_kernel(f"{roots.proc}/{pid}", folder=True)
    try:
        return os.fstat(folder).st_uid, files.read_kernel_start(name, dir_fd=folder)[0]
    finally:
        os.close(folder)


def _add_sockets(claims: _Claims, roots: Roots) -> Iterator[Gap]:
    """List the sockets of X servers."""
    try:
        folder = files.open_source(f"{roots.tmp}/.X11-unix", folder=True)
    except FileNotFoundError:
        return
    except OSError as e:
        yield files.gap_of(e, "the sockets of X servers could not be listed")
        return
    try:
        with os.scandir(folder) as entries:
            names = [os.fsencode(entry.name) for entry in islice(entries, _MAX_SOCKET_NAMES)]
    finally:
        os.close(folder)
    for number in sorted(int(match[1]) for name in names if (match := _SOCKET_NAME.fullmatch(name))):
        claims.displays.setdefault(number, set())


def _is_socket(path: bytes, table: mounts.MountTable | None) -> bool:
    """Return whether a path that a process names is a socket; nothing remote is touched."""
    try:
        return table is not None and not table.is_remote(path) and stat.S_ISSOCK(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def _reach(number: int, claims: _Claims, table: mounts.MountTable | None, roots: Roots) -> Iterator[Display | Gap]:
    """Yield the display if its server lets us in, or the gap that says why not.

    The connection that was let in stays open while the display is used: a server whose last
    client leaves starts anew and forgets what was shown.
    """
    subject = f"unix:{number}"
    try:
        entered = _enter(number, claims, table, roots)
    except OSError as e:
        yield _unreachable(e, subject)
    except ValueError:
        yield Gap(Outcome.FAILED, "what answers at the socket of a display is not an X server", subject)
    else:
        if entered is None:
            yield Gap(Outcome.DENIED, "the X server let us in with none of the cookies that were found", subject)
            return
        connection, display = entered
        with connection:
            yield display


def _enter(
    number: int, claims: _Claims, table: mounts.MountTable | None, roots: Roots
) -> tuple[socket.socket, Display] | None:
    """Ask a server for entry with one cookie after another; raises `OSError`, and `ValueError` for another's answer."""
    left: list[bytes | None] | None = None
    while left is None or left:
        with ExitStack() as stack:
            server = stack.enter_context(_connect(number, roots))
            pid, user, _ = struct.unpack("3i", server.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            if left is None:
                sources = [*_of_server(pid, roots), *claims.authorities.get(number, ())]
                left = [*authorities.cookies(number, sources, table)] or [None]
            cookie = left.pop(0)
            if (screens := _ask(server, cookie)) is not None:
                stack.pop_all()
                users = claims.displays[number] - {0}
                return server, Display(number, screens, users.pop() if len(users) == 1 else user, cookie)
    return None


def _unreachable(error: OSError, subject: str) -> Gap:
    """Return the gap for a server that could not be asked."""
    if isinstance(error, (TimeoutError, BlockingIOError)):
        return Gap(Outcome.TIMED_OUT, f"the X server did not answer within {ANSWER_SECONDS:g} seconds", subject)
    if isinstance(error, (ConnectionRefusedError, FileNotFoundError)):
        return Gap(Outcome.ABSENT, "a display is named and no X server is behind it", subject)
    return files.gap_of(error, "the X server could not be asked", subject)


def _connect(number: int, roots: Roots) -> socket.socket:
    """Connect to a display's socket; raises `OSError`, `TimeoutError` where the server takes nobody."""
    address = os.fsencode(f"{roots.tmp}/.X11-unix/X{number}")
    try:
        if not stat.S_ISSOCK(os.lstat(address).st_mode):  # a link could lead to any daemon's socket
            raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
    except FileNotFoundError:
        address = b"\0" + address  # the name without a file, which servers listen at as well
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        server.settimeout(ANSWER_SECONDS)
        server.connect(address)
    except OSError:
        server.close()
        raise
    return server


def _ask(server: socket.socket, cookie: bytes | None) -> int | None:
    """Return the number of screens, or `None` where the server refuses; raises `OSError` and `ValueError`.

    X Window System Protocol, section 8 "Connection Setup". Nothing else is asked.
    """
    name, data = (b"", b"") if cookie is None else (authorities.COOKIE, cookie)
    order = b"l" if sys.byteorder == "little" else b"B"
    head = order + b"\0" + struct.pack("=HHHHH", 11, 0, len(name), len(data), 0)
    deadline = time.monotonic() + ANSWER_SECONDS
    server.sendall(head + name + bytes(-len(name) % 4) + data + bytes(-len(data) % 4))
    status, _, major, _, words = struct.unpack("=BBHHH", _receive(server, 8, deadline))
    if status in (0, 2):  # Failed, Authenticate
        return None
    setup = _receive(server, words * 4, deadline)
    if status != 1 or major != 11 or len(setup) < 32 or not setup[20]:  # noqa: PLR2004 - the protocol's own
        raise ValueError("not an X server")
    return setup[20]


def _receive(server: socket.socket, length: int, deadline: float) -> bytes:
    """Return exactly so many bytes; raises `OSError`, and `ValueError` where the server ends early."""
    parts = []
    while length:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        server.settimeout(left)
        part = server.recv(length)
        if not part:
            raise ValueError("too short")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _of_server(pid: int, roots: Roots) -> list[authorities.Authority]:
    """Return the file that the server itself was told to take cookies from (`-auth`)."""
    try:
        user, raw = _of_process(roots, pid, "cmdline")
    except OSError:
        return []  # another's process, or in another namespace: the environments are left
    arguments = raw.split(b"\0")
    at = arguments.index(b"-auth") + 1 if b"-auth" in arguments else len(arguments)
    return [authorities.Authority(path, user) for path in arguments[at : at + 1] if path.startswith(b"/")]
