"""Opens a folder below another one and stays on its device: macOS has no call that refuses to cross."""

from __future__ import annotations

import errno
import os

from collector.host.darwin import files


def open_folder(name: bytes, dir_fd: int) -> int:
    """Open a folder of an open one and return its descriptor; raises `OSError`, EXDEV for another device's.

    It is looked at first, so that no mount is entered that appeared after the table of mounts was read, and no
    firmlink (`mounts`).
    """
    here = os.fstat(dir_fd).st_dev
    if os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_dev != here:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    fd = files.open_source(name, dir_fd=dir_fd, folder=True)
    if os.fstat(fd).st_dev != here:
        os.close(fd)
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    return fd
