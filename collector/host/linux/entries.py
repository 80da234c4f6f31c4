"""The entries of a folder and the times of each, asked of the kernel in one call per slice and per entry.

Why not `os.scandir` and `os.stat`: those give no time of birth, and asking for it besides
would be a second call for each file of the host. Where the C library is too old for these
calls, those answer.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "linux"

import ctypes
import os
import struct
from itertools import islice
from typing import TYPE_CHECKING, Final

from collector.host.posix.entry import DOTS, Facts, sort
from collector.host.walking import Slice

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

SLICE: Final = 32 << 10
"""Bytes of one slice of a folder: at most 1,365 entries (24 bytes the shortest), as `getdents64` gives them."""

_FOLDER: Final = 4
_UNKNOWN: Final = 0
"""Types of an entry (`DT_DIR`, `DT_UNKNOWN`): some file systems don't say until they are asked for the times."""

_HERE: Final = -100
_NO_FOLLOW_NO_AUTOMOUNT: Final = 0x100 | 0x800
_BASIC_AND_BIRTH: Final = 0xFFF
_BIRTH: Final = 0x800
# linux/stat.h, struct statx: the same on every architecture.
_SECONDS = struct.Struct("=q8xq8xq")
_SECONDS_AT = 0x50
_STATX = struct.Struct("=I12xIIIH2xQQ16xqI4xqI4xqI4xqI4x8xII")
_ENTRY = struct.Struct("=HB")
_ENTRY_AT, _NAME_AT = 16, 19
_NANO: Final = 10**9


class Reader:
    """Reads folders for one thread: it holds the buffers."""

    def __init__(self) -> None:
        # Keeping errno costs a tenth of the walk, so a call that failed is made again by
        # `_statx_errno`.
        library, with_errno = ctypes.CDLL(None), ctypes.CDLL(None, use_errno=True)
        statx = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)
        self._statx = _function(library, "statx", ctypes.c_int, *statx)
        self._statx_errno = _function(with_errno, "statx", ctypes.c_int, *statx)
        getdents = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
        self._getdents = _function(with_errno, "getdents64", ctypes.c_ssize_t, *getdents)
        self._facts = ctypes.create_string_buffer(256)
        self._facts_at = ctypes.addressof(self._facts)
        self._slice = ctypes.create_string_buffer(SLICE)
        self._slice_at = ctypes.addressof(self._slice)

    def facts(self, name: bytes | int, fd: int = _HERE) -> Facts:
        """Return the facts of an entry of an open folder or of a path, of a link itself; raises `OSError`.

        `name` may also be where it stands in our memory.
        """
        if self._statx_errno is None:
            name = name if isinstance(name, bytes) else ctypes.string_at(name)
            return _facts_of(os.stat(name, dir_fd=None if fd == _HERE else fd, follow_symlinks=False))
        if self._statx_errno(fd, name, _NO_FOLLOW_NO_AUTOMOUNT, _BASIC_AND_BIRTH, self._facts_at):
            _fail()
        return self._unpacked()

    def slices(self, fd: int, since_ns: int, never: Container[bytes] = ()) -> Iterator[Slice[Facts]]:
        """Yield an open folder slice by slice; names in `never` are left out untouched; raises `OSError`."""
        if self._getdents is None or self._statx is None:
            yield from self._slices_by_stat(fd, since_ns, never)
            return
        while (length := self._getdents(fd, self._slice_at, SLICE)) > 0:
            yield self._slice_of(fd, ctypes.string_at(self._slice_at, length), since_ns, never)
        if length < 0:
            _fail()

    def _slice_of(self, fd: int, raw: bytes, since_ns: int, never: Container[bytes]) -> Slice[Facts]:
        """Ask the kernel for each entry of a slice.

        This is the loop that runs once for each file of the host: nothing is built for a
        file that isn't recent, not even its name.
        """
        found: Slice[Facts] = Slice([], [])
        call, head, seconds = self._statx, _ENTRY.unpack_from, _SECONDS.unpack_from
        assert call is not None
        facts, facts_at, names_at = self._facts, self._facts_at, self._slice_at + _NAME_AT
        since_s = since_ns // _NANO
        start, length = 0, len(raw)
        while start < length:
            here = start
            size, kind = head(raw, here + _ENTRY_AT)
            start += size
            if kind == _FOLDER:
                if (name := _name(raw, here)) not in never and name not in DOTS:
                    found.subfolders.append(name)
            elif never and _name(raw, here) in never:
                pass
            elif call(fd, names_at + here, _NO_FOLLOW_NO_AUTOMOUNT, _BASIC_AND_BIRTH, facts_at):
                self._again(fd, _name(raw, here), since_ns, found)
            elif kind == _UNKNOWN:
                sort(_name(raw, here), self._unpacked(), since_ns, found)
            else:
                birth, entry, content = seconds(facts, _SECONDS_AT)
                if content >= since_s or entry >= since_s or birth >= since_s:
                    sort(_name(raw, here), self._unpacked(), since_ns, found)
        return found

    def _slices_by_stat(self, fd: int, since_ns: int, never: Container[bytes]) -> Iterator[Slice[Facts]]:
        """Do the same where the C library is too old."""
        with os.scandir(fd) as entries:
            while part := list(islice(entries, 1024)):
                found: Slice[Facts] = Slice([], [])
                for name in [os.fsencode(entry.name) for entry in part]:
                    if name not in never:
                        self._again(fd, name, since_ns, found)
                yield found

    def _again(self, fd: int, name: bytes, since_ns: int, found: Slice[Facts]) -> None:
        try:
            sort(name, self.facts(name, fd), since_ns, found)
        except OSError as e:
            found.changed.append((name, e))

    def _unpacked(self) -> Facts:
        (
            mask, links, owner, group, mode, inode, size,
            a_s, a_ns, b_s, b_ns, c_s, c_ns, m_s, m_ns, major, minor,
        ) = _STATX.unpack_from(self._facts)  # fmt: skip
        return Facts(
            *(mode, size, links, owner, group, inode, os.makedev(major, minor)),
            a_s * _NANO + a_ns,
            b_s * _NANO + b_ns if mask & _BIRTH else None,
            c_s * _NANO + c_ns,
            m_s * _NANO + m_ns,
        )


def _name(raw: bytes, start: int) -> bytes:
    first = start + _NAME_AT
    return raw[first : raw.index(b"\0", first)]


def _function(library: ctypes.CDLL, name: str, result: type, *arguments: type) -> Callable[..., int] | None:
    """Return a function of the C library, or `None` where it is too old (statx: glibc 2.28, getdents64: 2.30)."""
    function = getattr(library, name, None)
    if function is not None:
        function.argtypes, function.restype = arguments, result
    return function


def _fail() -> None:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))


def _facts_of(st: os.stat_result) -> Facts:
    return Facts(
        *(st.st_mode, st.st_size, st.st_nlink, st.st_uid, st.st_gid, st.st_ino, st.st_dev),
        st.st_atime_ns,
        None,
        st.st_ctime_ns,
        st.st_mtime_ns,
    )
