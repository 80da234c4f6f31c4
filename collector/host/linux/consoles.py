"""The text consoles of the kernel: what stands on the screen where no X server shows one.

Their files are devices, which `files.open_source` refuses: here they are opened on purpose,
after a look at the device number, and never written to.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
from typing import TYPE_CHECKING, Final

from collector.host.linux import files
from collector.model import Blob, Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots

MAX_CONSOLES: Final = 63
"""The kernel has no more (MAX_NR_CONSOLES)."""
MAX_CELLS: Final = 1 << 20
"""Most bytes read of a console: 255 by 255 cells of four bytes are 260,100."""

_MAJOR: Final = 7
_VCSU: Final = 64
_VCSA: Final = 128
"""Minor numbers are 64 + n for the characters and 128 + n for size and attributes (vcs(4))."""


def texts(roots: Roots) -> Iterator[Blob | Gap]:
    """Yield the text of every console that isn't blank; one gap where all are, or none exists."""
    looked_at = 0
    blank = True
    for number in range(1, MAX_CONSOLES + 1):
        try:
            header, cells = _cells(roots, number)
        except OSError as e:
            if files.outcome_of(e) is not Outcome.ABSENT and e.errno != errno.ENXIO:  # ENXIO: not in use
                blank = False
                yield files.gap_of(e, "a text console could not be read", f"tty{number}")
            continue
        looked_at += 1
        shown = screen_text(header, cells)
        if shown.strip():
            blank = False
            chunks = iter((shown.encode("utf-8"),))
            yield Blob("screen", ".txt", "vcs", chunks, f"tty{number} {header[1]}x{header[0]}")
    if not looked_at and blank:
        yield Gap(Outcome.ABSENT, "no text console")
    elif blank:
        yield Gap(Outcome.ABSENT, "text consoles are blank")


def screen_text(header: tuple[int, int], cells: str) -> str:
    """Return the lines of a screen, without the blanks at their ends; `header` is rows and columns.

    The kernel says 255 for anything larger: then the columns follow from the number of cells.
    """
    rows, columns = header
    if rows and rows * columns != len(cells):
        columns = len(cells) // rows
    lines = [cells[start : start + columns] for start in range(0, len(cells), columns)] if columns else []
    return "".join(line.replace("\0", " ").rstrip() + "\n" for line in lines)


def _cells(roots: Roots, number: int) -> tuple[tuple[int, int], str]:
    """Return rows, columns and the characters of a console; raises `OSError`."""
    with_size = _read(f"{roots.dev}/vcsa{number}", _VCSA + number)
    if len(with_size) < 4:  # noqa: PLR2004 - the header: rows, columns, cursor
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    header = (with_size[0], with_size[1])
    try:
        raw = _read(f"{roots.dev}/vcsu{number}", _VCSU + number)
    except OSError:  # before Linux 4.19, or no Unicode screen: the glyph's number stands for the character
        return header, with_size[4::2].decode("cp437")
    points = struct.unpack(f"={len(raw) // 4}I", raw[: len(raw) // 4 * 4])
    return header, "".join(_character(point) for point in points)


def _character(point: int) -> str:
    """Return a character; what is no Unicode scalar value becomes U+FFFD."""
    return chr(point) if point < 0xD800 or 0xE000 <= point < 0x110000 else "�"  # noqa: PLR2004 - surrogates, the end


def _read(path: str, minor: int) -> bytes:
    """Return what a console's device holds; raises `OSError`, ENODEV where the file isn't that device."""
    device = os.makedev(_MAJOR, minor)
    _check(os.stat(path, follow_symlinks=False), device)
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
    try:
        fd = os.open(path, flags | os.O_NOATIME)
    except PermissionError:
        fd = os.open(path, flags)
        files.COUNTERS.atime_moved += 1
    try:
        _check(os.fstat(fd), device)
        files.COUNTERS.files += 1
        parts = []
        left = MAX_CELLS
        while left and (part := os.read(fd, left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
    finally:
        os.close(fd)


def _check(status: os.stat_result, device: int) -> None:
    """Raise `OSError` where a file isn't the device: opening another one could have an effect."""
    if not stat.S_ISCHR(status.st_mode) or status.st_rdev != device:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
