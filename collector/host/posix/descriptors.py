"""What is read through a descriptor that a room of the system has opened; the same on every POSIX system."""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SMALL: Final = 1 << 20
"""Most that a text file of the system may hold to be read at once: 1 MiB."""
MAX_HASHED: Final = 512 << 20
"""Most bytes of one executable that are hashed: larger ones are rare and would eat the source's time."""
_CHUNK: Final = 1 << 20


@contextmanager
def held(fd: int) -> Iterator[int]:
    """Hold a descriptor, and close it at the end."""
    try:
        yield fd
    finally:
        os.close(fd)


def whole(fd: int, limit: int = SMALL) -> bytes:
    """Return what a descriptor gives to its end; raises `OSError`, EFBIG where that is more than `limit` bytes."""
    parts = []
    left = limit + 1
    while left and (part := os.read(fd, min(left, 1 << 16))):
        parts.append(part)
        left -= len(part)
    if not left:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return b"".join(parts)


def names(fd: int) -> list[bytes]:
    """Return the names in an open folder in order; raises `OSError`."""
    return sorted(os.fsencode(name) for name in os.listdir(fd))


def digest(
    fd: int, limit: int = MAX_HASHED, ask: Callable[[Callable[[], Any]], Any] = lambda work: work()
) -> tuple[str, bool]:
    """Return the SHA-256 of an open file and whether it changed meanwhile.

    `ask` does one piece of work that may hang. Raises what that raises, and `OSError`; EFBIG where it holds more than
    `limit` bytes, however it grows.
    """
    before = ask(lambda: os.fstat(fd))
    sha256 = hashlib.sha256()
    left = limit
    while left >= 0 and before.st_size <= limit and (chunk := ask(lambda: os.read(fd, _CHUNK))):
        sha256.update(chunk)
        left -= len(chunk)
    if left < 0 or before.st_size > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    after = ask(lambda: os.fstat(fd))
    times = (after.st_size, after.st_mtime_ns, after.st_ctime_ns)
    return sha256.hexdigest(), times != (before.st_size, before.st_mtime_ns, before.st_ctime_ns)
