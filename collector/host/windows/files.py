r"""How a file of the host is read: regular, bounded, never through a reparse point, never fetched from elsewhere.

Every room of `host/windows/` reads through here; nothing else opens a path of the host. A path is opened name by name
from the root of its volume, so that a junction or link on the way leads nowhere (one to a server would send a packet),
no name is a device (`CON`, `NUL.txt`), and a last dot or space, or 32,767 characters, are names like others. With the
right to make backups (`SeBackupPrivilege`, switched on where we have it) access lists hide nothing.

Reading moves the time of last access where the system keeps it (`lastaccess`): to keep it from that, one has to open
the file for writing attributes, and that is more of a trace.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import errno
import msvcrt
import os
import struct
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from collector.host.windows import calls, lastaccess, ntcalls, rights, volumes
from collector.model import Gap, Outcome
from collector.winformats import paths, reparse, sids, streams
from collector.winformats.filetimes import known_ns, utc_ns
from collector.winformats.folders import Facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.text import Text
    from collector.winformats.paths import Place
    from collector.winformats.streams import Stream

SMALL: Final = 1 << 20
"""Most that a text file of the system may hold to be read at once: 1 MiB."""
SLICE: Final = 64 << 10
"""Bytes of one slice of a folder: at most 600 entries."""

_BASIC, _STREAMS, _TAG = 0, 7, 9
"""Classes of GetFileInformationByHandleEx (FILE_INFO_BY_HANDLE_CLASS, minwinbase.h)."""
_ID_BOTH_DIRECTORY: Final = 10
_TIMES: Final = struct.Struct("<4q")
_ATTRIBUTES_TAG: Final = struct.Struct("<II")
_BACKUP_SEMANTICS: Final = 0x0200_0000
_NO_MORE_FILES: Final = (18, 2)
"""ERROR_NO_MORE_FILES; ERROR_FILE_NOT_FOUND: the root of a FAT volume, which has no entry of itself, holds nothing."""
_END_OF_STREAMS: Final = 38  # ERROR_HANDLE_EOF: no stream at all, as of a folder
_MORE_DATA: Final = (122, 234)
_TRIES: Final = 4
_PAUSE_S: Final = 0.05
_MOST_STREAMS: Final = 64 << 10

ELSEWHERE: Final = "its content lies elsewhere (in a cloud, on a tape) and would be fetched"


class RefusedError(OSError):
    """A thing of the host that we don't open; its text is a plain phrase of ours."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.ENXIO, why)


@dataclass(slots=True)
class Counters:
    """What this process opened on the host, for the footprint."""

    files: int = 0
    folders: int = 0
    atime_moved: int = 0
    """Opened for reading while the system keeps times of last access."""


COUNTERS = Counters()


def outcome_of(error: OSError) -> Outcome:
    """Return the outcome that a system error stands for."""
    return calls.outcome_of(error)


def gap_of(error: OSError, what: str, subject: Text | None = None) -> Gap:
    """Return the gap for a system error: `what` is a plain phrase, without names from the host."""
    if isinstance(error, RefusedError):
        return Gap(Outcome.UNSUPPORTED, f"{what}: {error.strerror}", subject)
    return calls.gap_of(error, what, subject)


def place_of(path: bytes | str) -> Place:
    """Return where an absolute path of a local volume leads; raises `OSError`, before anything is opened."""
    try:
        return volumes.local(paths.place(os.fsdecode(path)))
    except paths.PathError as error:
        raise RefusedError(str(error)) from error


class File:
    """An open file or folder of the host; closes itself as a context."""

    def __init__(self, handle: int, *, shadow: str | None = None) -> None:
        self.handle = handle
        self.shadow = shadow
        """The shadow copy that it was read from, since the file itself is locked."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it; may be called twice."""
        handle, self.handle = self.handle, 0
        if handle:
            ntcalls.close(handle)

    def detached(self) -> int:
        """Return the handle, which is whoever asked for it to close from now on."""
        handle, self.handle = self.handle, 0
        return handle

    def descriptor(self) -> int:
        """Return a descriptor for `os.read`, which now closes the file; raises `OSError`."""
        fd = msvcrt.open_osfhandle(self.handle, os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)
        self.handle = 0
        return fd

    def facts(self) -> Facts:
        """Return what the file system says of it now; raises `OSError`."""
        return facts_of(self.handle)

    def read(self, length: int, offset: int) -> bytes:
        """Return bytes from a place on, fewer at the end; raises `OSError`."""
        buffer = ctypes.create_string_buffer(length)
        done = ntcalls.read_at(self.handle, ctypes.addressof(buffer), length, offset)
        return buffer.raw[:done]

    def streams(self) -> list[Stream]:
        """Return its alternate data streams; raises `OSError` (unsupported where the file system has none)."""
        size = 4096
        while True:
            buffer = ctypes.create_string_buffer(size)
            try:
                ntcalls.ask(self.handle, _STREAMS, buffer)
            except OSError as error:
                if error.winerror == _END_OF_STREAMS:
                    return []
                if error.winerror not in _MORE_DATA or size >= _MOST_STREAMS:
                    raise
                size *= 4
            else:
                return list(streams.streams(buffer.raw))

    def mark(self) -> bytes:
        """Return the start of its stream `Zone.Identifier`; raises `OSError`."""
        below = ntcalls.open_name(f":{streams.MARK}", self.handle, ntcalls.READ, ntcalls.NOT_FOLDER)
        with File(below) as stream:
            return stream.read(streams.MARK_BYTES, 0)

    def owner(self) -> str | None:
        """Return the identifier of its owner, `S-1-…`; `None` where there is none. Raises `OSError`."""
        return sids.owner(ntcalls.descriptor(self.handle))


def facts_of(handle: int) -> Facts:
    """Return what the file system says of an open file or folder; raises `OSError`."""
    told = ntcalls.information(handle)
    basic = ctypes.create_string_buffer(40)
    ntcalls.ask(handle, _BASIC, basic)
    born, read, written, changed = _TIMES.unpack_from(basic)
    return Facts(
        attributes=told.attributes,
        tag=_tag(handle) if told.attributes & reparse.REPARSE else 0,
        size=told.size_high << 32 | told.size_low,
        inode=told.index_high << 32 | told.index_low,
        device=told.serial,
        atime_ns=utc_ns(read),
        btime_ns=known_ns(born),
        ctime_ns=known_ns(changed),
        mtime_ns=utc_ns(written),
        links=told.links,
    )


def open_below(name: str, above: int, *, look: bool = False) -> File:
    """Open a file by the very name that its folder lists, for reading, or to `look` only; raises `OSError`."""
    return _file(name, above, look=look, exact=True)


def open_file(path: bytes | str, *, look: bool = False) -> File:
    """Open a file by its absolute path, name by name, for reading, or only to `look` at its facts; raises `OSError`."""
    place = place_of(path)
    if not place.names:
        raise RefusedError("a folder")
    with _folder(place._replace(names=place.names[:-1]), ntcalls.PASS) as above:
        return _file(place.names[-1], above.handle, look=look, exact=False)


def open_folder(path: bytes | str, *, waiting: bool = False) -> File:
    """Open a folder by its absolute path, name by name, to list it or to wait for its changes; raises `OSError`."""
    found = _folder(place_of(path), ntcalls.LIST, waiting=waiting)
    COUNTERS.folders += 1
    return found


def open_folder_below(name: str, above: int, *, exact: bool = True) -> File:
    """Open a folder below another one to list it; raises `OSError`."""
    found = _below(name, above, ntcalls.LIST, exact=exact)
    COUNTERS.folders += 1
    return found


def _folder(place: Place, access: int, *, waiting: bool = False) -> File:
    """Open the folders from the root of a volume down, each without following anything."""
    rights.enable("SeBackupPrivilege")
    names = place.names
    start = access if not names else ntcalls.PASS
    found = File(ntcalls.open_name(place.root, None, start, ntcalls.FOLDER, waiting=waiting and not names))
    for number, name in enumerate(names, 1):
        last = number == len(names)
        with found as above:
            rights_asked = access if last else ntcalls.PASS
            found = _below(name, above.handle, rights_asked, exact=False, waiting=waiting and last)
    return found


def _below(name: str, above: int, access: int, *, exact: bool, waiting: bool = False) -> File:
    options = ntcalls.FOLDER | ntcalls.NO_FOLLOW
    found = File(ntcalls.open_name(name, above, access, options, exact=exact, waiting=waiting))
    try:
        attributes, tag = _attributes(found.handle)
        if reparse.is_link(attributes, tag):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if reparse.is_placeholder(attributes, tag):
            raise RefusedError(ELSEWHERE)
    except OSError:
        found.close()
        raise
    return found


def _attributes(handle: int) -> tuple[int, int]:
    """Return attributes and reparse tag; FAT and exFAT, which have no tags, refuse to be asked for one."""
    basic = ctypes.create_string_buffer(40)
    ntcalls.ask(handle, _BASIC, basic)
    attributes = int.from_bytes(basic.raw[32:36], "little")
    return attributes, _tag(handle) if attributes & reparse.REPARSE else 0


def _tag(handle: int) -> int:
    buffer = ctypes.create_string_buffer(8)
    ntcalls.ask(handle, _TAG, buffer)
    return int(_ATTRIBUTES_TAG.unpack_from(buffer)[1])


def _file(name: str, above: int, *, look: bool, exact: bool) -> File:
    """Look what a name is, and open that very file if it is one that lies here."""
    options = ntcalls.NOT_FOLDER | ntcalls.NO_FOLLOW
    with _looked(name, above, options, exact=exact, owner=look) as seen:
        if not ntcalls.is_on_disk(seen.handle):
            raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
        attributes, tag = _attributes(seen.handle)
        if reparse.is_link(attributes, tag):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if look:
            return File(seen.detached())
        if reparse.is_placeholder(attributes, tag):
            raise RefusedError(ELSEWHERE)
        if tag in reparse.STUBS:
            handle = reopened(seen.handle)
        else:
            with File(_patiently(name, above, ntcalls.READ, options, exact=exact)) as found:
                if ntcalls.information(found.handle).attributes & reparse.REPARSE and not attributes & reparse.REPARSE:
                    raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
                handle = found.detached()
    COUNTERS.files += 1
    COUNTERS.atime_moved += lastaccess.is_kept() is not False
    return File(handle)


def reopened(handle: int) -> int:
    """Open the file of a handle for reading, its reparse point answered by the volume itself; raises `OSError`.

    Windows opens the very file, Wine what bears its name by then: another one is refused.
    """
    with File(ntcalls.reopened(handle, ntcalls.READ, _BACKUP_SEMANTICS)) as found:
        if not found.facts().is_same(facts_of(handle)):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return found.detached()


def _looked(name: str, above: int, options: int, *, exact: bool, owner: bool) -> File:
    """Open a file for its facts, and for its `owner` where we may have that."""
    if owner:
        with suppress(PermissionError):
            return File(_patiently(name, above, ntcalls.LOOK, options, exact=exact))
    return File(_patiently(name, above, ntcalls.LOOK_ONLY, options, exact=exact))


def _patiently(name: str, above: int, access: int, options: int, *, exact: bool) -> int:
    """Open a file; one that is held for a moment only (a scanner, an oplock) is tried again."""
    for _ in range(_TRIES - 1):
        try:
            return ntcalls.open_name(name, above, access, options, exact=exact)
        except OSError as error:
            if error.winerror != ntcalls.OPLOCK_BREAKS_ERROR:
                raise
        time.sleep(_PAUSE_S)
    return ntcalls.open_name(name, above, access, options, exact=exact)


def open_source(path: bytes | str) -> int:
    """Open a file of the host for reading and return the descriptor; raises `OSError`."""
    with open_file(path) as file:
        return file.descriptor()


def open_or_shadow(path: bytes | str) -> File:
    """Open a file; one that is locked is taken from the newest shadow copy of its volume that has it.

    Raises the `OSError` of the file itself where there is no shadow copy, or we may not read them. No shadow copy is
    ever made. What is read from one is older than the file: `File.shadow` names it.
    """
    from collector.host.windows import shadows

    try:
        return open_file(path)
    except OSError as error:
        if outcome_of(error) is Outcome.LOCKED and (found := shadows.newest(place_of(path))) is not None:
            return found
        raise


@contextmanager
def opened(path: bytes | str) -> Iterator[int]:
    """Hold a file of the host open for reading; raises `OSError`."""
    fd = open_source(path)
    try:
        yield fd
    finally:
        os.close(fd)


def read_small(path: bytes | str, *, limit: int = SMALL) -> bytes:
    """Return a small file whole; raises `OSError`, EFBIG where it holds more than `limit` bytes."""
    with open_file(path) as file:
        parts, at = [], 0
        while at <= limit and (part := file.read(min(limit + 1 - at, 1 << 16), at)):
            parts.append(part)
            at += len(part)
        if at > limit:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return b"".join(parts)


def slices(handle: int) -> Iterator[memoryview]:
    """Yield the entries of an open folder, a buffer at a time (`collector.winformats.folders`); raises `OSError`.

    A buffer is valid until the next one is asked for.
    """
    buffer = ctypes.create_string_buffer(SLICE)
    view = memoryview(buffer).cast("B")
    number = _ID_BOTH_DIRECTORY + 1  # from the start
    while True:
        try:
            ntcalls.ask(handle, number, buffer)
        except OSError as error:
            if error.winerror in _NO_MORE_FILES:
                return
            raise
        yield view
        number = _ID_BOTH_DIRECTORY


def entries(path: bytes | str, *, most: int = 100_000) -> list[tuple[bytes, Facts]]:
    """Return the names in a folder, in order, with their facts; raises `OSError`, EFBIG beyond `most` of them."""
    from collector.winformats import folders

    found: list[tuple[bytes, Facts]] = []
    with open_folder(path) as folder:
        device = ntcalls.information(folder.handle).serial
        for raw in slices(folder.handle):
            found.extend(folders.all_of(raw, device))
            if len(found) > most:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return sorted(found, key=lambda one: one[0])


def names(path: bytes | str) -> list[bytes]:
    """Return the names in a folder in order; raises `OSError`."""
    return [name for name, _ in entries(path)]
