"""The cookies that open X displays: how they are found in authority files and handed to libraries.

The paths of these files are what processes say, so they are read as anything of the host is:
regular, bounded, no link. The libraries never see the path, only one cookie in memory.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.host.linux import files

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from collector.host.posix.mounts import MountTable

COOKIE: Final = b"MIT-MAGIC-COOKIE-1"
"""The only kind of entry that is used: the others need a clock or a key of the network."""
MAX_AUTHORITY: Final = 64 << 10
"""Most bytes of an X authority file: an entry has about 50."""
MAX_COOKIES: Final = 4
"""Most cookies tried on a display: the server writes a line in its log for each wrong one."""
WAIT_SECONDS: Final = 4.0
"""How long one connection waits for another that changes the environment."""

_FAMILY_LOCAL, _FAMILY_WILD = 256, 65535
_NO_FILE: Final = "/dev/null/none"

_environment = threading.Lock()
"""Held while XAUTHORITY is changed: the libraries read it from the environment only."""


class Authority(NamedTuple):
    """A file that is said to hold cookies; `claimant` is the user who says so, `None` for our own environment."""

    path: bytes
    claimant: int | None


@contextmanager
def in_environment(number: int, cookie: bytes | None) -> Iterator[None]:
    """Let a library find a display's cookie, in memory, while it connects; raises `TimeoutError`.

    The libraries would open whatever path XAUTHORITY names. They get a memory file that
    holds one entry, or a path that can't exist; nothing is written to a disk.
    """
    if not _environment.acquire(timeout=WAIT_SECONDS):
        raise TimeoutError(errno.ETIMEDOUT, "another display is still being connected to")
    before = os.environb.get(b"XAUTHORITY")
    fd = None
    try:
        if cookie is None:
            os.environ["XAUTHORITY"] = _NO_FILE
        else:
            fd = os.memfd_create("authority", os.MFD_CLOEXEC)
            os.write(fd, authority_entry(number, cookie))
            os.environ["XAUTHORITY"] = f"/proc/self/fd/{fd}"
        yield
    finally:
        if before is None:
            os.environb.pop(b"XAUTHORITY", None)
        else:
            os.environb[b"XAUTHORITY"] = before
        if fd is not None:
            os.close(fd)
        _environment.release()


def authority_entry(number: int, cookie: bytes) -> bytes:
    """Return an authority file of one entry: the form that libxcb and python-xlib look for on a local socket."""
    parts = (os.fsencode(os.uname().nodename), b"%d" % number, COOKIE, cookie)
    return struct.pack(">H", _FAMILY_LOCAL) + b"".join(struct.pack(">H", len(part)) + part for part in parts)


def cookies_in(raw: bytes, number: int) -> list[bytes]:
    """Return the cookies of an authority file for a local display, those of this host's name first.

    Form: Xau(3): family and four counted strings (address, number, name, data), big-endian.
    What follows a broken entry is left out.
    """
    here = os.fsencode(os.uname().nodename)
    found: list[tuple[bool, bytes]] = []
    start = 0
    while start + 2 <= len(raw):
        (family,) = struct.unpack_from(">H", raw, start)
        start += 2
        parts = []
        for _ in range(4):
            if start + 2 > len(raw):
                break
            (length,) = struct.unpack_from(">H", raw, start)
            if start + 2 + length > len(raw):
                break
            parts.append(raw[start + 2 : start + 2 + length])
            start += 2 + length
        else:
            address, which, name, data = parts
            if family in (_FAMILY_LOCAL, _FAMILY_WILD) and which in (b"", b"%d" % number) and name == COOKIE:
                found.append((address != here, data))
            continue
        break
    return [data for _, data in sorted(found, key=lambda entry: entry[0])]


def cookies(number: int, sources: Sequence[Authority], table: MountTable | None) -> Iterator[bytes]:
    """Yield the cookies to try, each once.

    A file is read where it belongs to the user who names it: otherwise a user could have us
    carry another's cookie to a socket of his own. Root and our own environment may name any.
    """
    seen: set[bytes] = set()
    for source in sources:
        if table is None or table.is_remote(os.path.normpath(source.path)):
            continue
        try:
            with files.opened(source.path) as fd:
                if source.claimant not in (None, 0, os.fstat(fd).st_uid):
                    continue
                raw = os.read(fd, MAX_AUTHORITY + 1)
        except (OSError, ValueError):
            continue  # without it the server says denied, which is the gap
        for cookie in cookies_in(raw, number) if len(raw) <= MAX_AUTHORITY else ():
            if cookie not in seen and len(seen) < MAX_COOKIES:
                seen.add(cookie)
                yield cookie
