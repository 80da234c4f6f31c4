"""How this system opens, holds and names a file of a bundle, where Windows and the others differ.

A verifier needs this too, on whatever it runs, and must not load `collector.host`: so this is the one other room that
asks which system it is. Nothing here knows what a bundle is; `disk` does.

On Windows the file that we write may be read by everybody and written, renamed and deleted by nobody else as long as
it is open (CreateFileW, dwShareMode): that is the one writer's lock, and it holds off a ransomware beside us. Others
do the same to us: a virus scanner that looks at a new file holds it for moments. What it refuses is tried again.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NO_SYNC: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES})
"""What network file systems answer that can't sync a folder, or only a file that is open for writing."""
_NAME_SURROGATE: Final = 0x20000000
"""Bit of a reparse tag that stands for another name: links and junctions ([MS-FSCC] 2.1.2.1). A file that was
compressed, deduplicated or is kept in a cloud has a tag without it, and its own bytes."""

NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
"""How a file is made that was not there, below a folder that is open; O_EXCL follows no link."""

T = TypeVar("T")


def kind(told: os.stat_result) -> int:
    """Return the type of an entry as `os.lstat` told it: S_IFLNK for whatever stands for another name."""
    if getattr(told, "st_reparse_tag", 0) & _NAME_SURROGATE:  # a junction shows as a folder
        return stat.S_IFLNK
    return stat.S_IFMT(told.st_mode)


if sys.platform == "win32":
    import _winapi
    import msvcrt

    _READ, _WRITE = 0x80000000, 0x40000000  # GENERIC_READ, GENERIC_WRITE (winnt.h)
    _SHARE_READ, _SHARE_ALL = 1, 7  # FILE_SHARE_READ; with FILE_SHARE_WRITE and FILE_SHARE_DELETE (winnt.h)
    _CREATE_NEW, _OPEN_EXISTING, _OPEN_ALWAYS = 1, 3, 4  # fileapi.h
    _PLAIN, _FOLDER, _NO_LINK = 0x80, 0x02000000, 0x00200000
    # FILE_ATTRIBUTE_NORMAL, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT
    _REPARSE = stat.FILE_ATTRIBUTE_REPARSE_POINT
    _PATIENCE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
    """Seconds between tries: a scanner lets go after some milliseconds, three seconds are long for it."""
    _HELD = frozenset({5, 32, 33})  # ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
    _UNABLE = _HELD | {1, 50, 87, 120}
    """With ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED, ERROR_INVALID_PARAMETER and ERROR_CALL_NOT_IMPLEMENTED: what
    file systems answer that open no folder for writing."""
    _NUMBERS = {
        21: errno.ENODEV,  # ERROR_NOT_READY: no stick in the drive
        39: errno.ENOSPC,  # ERROR_HANDLE_DISK_FULL
        55: errno.ENODEV,  # ERROR_DEV_NOT_EXIST: the network drive is gone
        112: errno.ENOSPC,  # ERROR_DISK_FULL
        223: errno.EFBIG,  # ERROR_FILE_TOO_LARGE
        433: errno.ENODEV,  # ERROR_NO_SUCH_DEVICE
        1006: errno.ENODEV,  # ERROR_FILE_INVALID: another medium is in the drive
        1167: errno.ENODEV,  # ERROR_DEVICE_NOT_CONNECTED
        1295: errno.ENOSPC,  # ERROR_DISK_QUOTA_EXCEEDED
    }
    """winerror.h, where Python's own errno says something else (PC/errmap.h)."""

    def number(error: OSError) -> int:
        """Return the errno that a system error stands for."""
        return _NUMBERS.get(error.winerror or 0) or error.errno or 0

    def patiently(call: Callable[[], T]) -> T:
        """Return what a call does; while another program holds the file, try again for three seconds."""
        for seconds in _PATIENCE:
            try:
                return call()
            except OSError as error:
                if error.winerror not in _HELD:
                    raise
                time.sleep(seconds)
        return call()

    def reading(path: Path | str) -> int:
        """Open a file for reading, never through a link or a device, in nobody's way; raises `OSError`."""
        told = os.lstat(path)
        cloud = told.st_file_attributes & _REPARSE and kind(told) == stat.S_IFREG  # its own bytes, by its driver
        fd = patiently(lambda: _opened(path, _READ, _SHARE_ALL, _OPEN_EXISTING, _PLAIN if cloud else _NO_LINK))
        if not cloud and os.fstat(fd).st_file_attributes & _REPARSE:  # since a moment ago
            os.close(fd)
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return fd

    def new(path: Path) -> int:
        """Make a file that was not there, for writing, ours alone until it is closed; raises `OSError`."""
        return _opened(path, _WRITE, _SHARE_READ, _CREATE_NEW, _PLAIN)

    def held(path: Path, *, make: bool = False) -> int:
        """Open the file of a chain for reading and writing as its one writer, -1 where it has one; raises `OSError`."""
        how = _OPEN_ALWAYS if make else _OPEN_EXISTING
        try:
            fd = patiently(lambda: _opened(path, _READ | _WRITE, _SHARE_READ, how, _NO_LINK))
        except OSError as error:
            if error.winerror == 32:  # noqa: PLR2004 - ERROR_SHARING_VIOLATION
                return -1
            raise
        if os.fstat(fd).st_file_attributes & _REPARSE:
            os.close(fd)
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return fd

    def born(path: Path) -> int:
        """Make the file of a chain and hold it as its one writer; raises `OSError`."""
        return _opened(path, _READ | _WRITE, _SHARE_READ, _CREATE_NEW, _PLAIN)

    def rename_held(fd: int, old: Path, new: Path) -> None:
        """Give a file that we hold as its one writer its name, and sync it under that; raises `OSError`.

        Nobody can rename what is open, we neither: it is let go and taken again under the same descriptor.
        """
        at, size = os.lseek(fd, 0, os.SEEK_CUR), os.fstat(fd).st_size
        _put(os.open(os.devnull, os.O_RDWR), fd)
        patiently(lambda: old.rename(new))
        again = held(new)
        if again < 0:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        _put(again, fd)
        if os.fstat(fd).st_size != size:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        os.lseek(fd, at, os.SEEK_SET)
        os.fsync(fd)

    def _put(other: int, fd: int) -> None:
        os.dup2(other, fd, inheritable=False)
        os.close(other)

    def sync_name(path: Path) -> None:
        """Bring a file onto the medium under its new name: on FAT this writes its folder's entry, too.

        One that another program holds that very moment is left: its bytes were synced before.
        """
        try:
            fd = patiently(lambda: _opened(path, _WRITE, _SHARE_ALL, _OPEN_EXISTING, _NO_LINK))
        except OSError as error:
            if error.winerror in _HELD:
                return
            raise
        sync_and_close(fd)

    def sync_folder(path: Path) -> None:
        """Bring a folder's entries onto the medium, where its file system can: NTFS does, others may refuse."""
        try:
            fd = _opened(path, _WRITE, _SHARE_ALL, _OPEN_EXISTING, _FOLDER | _NO_LINK)
        except OSError as error:
            if error.winerror in _UNABLE:
                return
            raise
        sync_and_close(fd)

    def _opened(path: Path | str, access: int, share: int, how: int, flags: int) -> int:
        handle = _winapi.CreateFile(str(path), access, share, 0, how, flags, 0)
        return msvcrt.open_osfhandle(handle, os.O_BINARY | os.O_NOINHERIT)

else:
    import fcntl

    _READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

    def number(error: OSError) -> int:
        """Return the errno that a system error stands for."""
        return error.errno or 0

    def patiently(call: Callable[[], T]) -> T:
        """Return what a call does: here nobody can hold a file against us."""
        return call()

    def reading(path: Path | str) -> int:
        """Open a file for reading, never through a link, and waiting for nobody; raises `OSError`."""
        return os.open(path, _READING)

    def new(path: Path) -> int:
        """Make a file that was not there, for writing; raises `OSError`. O_EXCL follows no link either."""
        return os.open(path, NEW, 0o600)

    def held(path: Path, *, make: bool = False) -> int:
        """Open the file of a chain for reading and writing as its one writer, -1 where it has one; raises `OSError`."""
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT if make else 0), 0o600)
        if _lock(fd):
            return fd
        os.close(fd)
        return -1

    def born(path: Path) -> int:
        """Make the file of a chain and hold it as its one writer; raises `OSError`."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        _lock(fd)
        return fd

    def rename_held(fd: int, old: Path, new: Path) -> None:  # noqa: ARG001 - Windows needs it
        """Give a file that we hold as its one writer its name, and sync it under that; raises `OSError`."""
        old.rename(new)
        sync_name(new)

    def sync_name(path: Path) -> None:
        """Bring a file onto the medium once more, under its new name; raises `OSError`."""
        sync_and_close(os.open(path, _READING))

    def sync_folder(path: Path) -> None:
        """Bring a folder's entries onto the medium; raises `OSError`."""
        sync_and_close(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC))

    def _lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in (errno.EAGAIN, errno.EACCES)  # a medium without locks has no other writer
        return True


def sync_and_close(fd: int) -> None:
    """Sync what is open and close it; a medium that can't sync this is none the worse for it. Raises `OSError`."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(fd)
