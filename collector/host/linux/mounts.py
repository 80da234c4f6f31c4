"""What is mounted where on Linux: read from the kernel's table, without a stat."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "linux"

import re
from typing import TYPE_CHECKING, Final

from collector import rules
from collector.host.linux import files
from collector.host.posix import mounts
from collector.host.posix.mounts import Kind, Mount, kind_of, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.host.linux import Roots

__all__ = ("MAX_TABLE", "Kind", "Mount", "MountTable", "parse", "resolved")

MAX_TABLE: Final = 16 << 20
"""Most bytes of mountinfo that are read: the kernel allows 100,000 mounts of about 150 bytes."""

_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")
_DELETED: Final = b"//deleted"


def parse(table: bytes, classes: Mapping[str, str]) -> list[Mount]:
    """Return the mounts of a mountinfo text, in its order; a line that isn't one is left out.

    Form: Documentation/filesystems/proc.rst, section 3.5. Mount points that were deleted
    under their mount can't be reached by any path and are left out too.
    """
    mounts = []
    for line in table.split(b"\n"):
        head, separator, tail = line.partition(b" - ")
        fields, rest = head.split(b" "), tail.split(b" ")
        if not separator or len(fields) < 6 or len(rest) < 2:  # noqa: PLR2004 - the fields that always stand
            continue
        path = _unescaped(fields[4])
        if path.endswith(_DELETED) or not (fields[0].isdigit() and fields[1].isdigit()):
            continue
        filesystem = _unescaped(rest[0]).decode("ascii", "backslashreplace")
        mounts.append(
            Mount(
                int(fields[0]),
                int(fields[1]),
                fields[2].decode("ascii", "replace"),
                _unescaped(fields[3]),
                path,
                filesystem,
                _unescaped(rest[1]),
                kind_of(filesystem, classes),
            )
        )
    return mounts


class MountTable(mounts.MountTable):
    """The mounts of our mount namespace, as they were when the table was made.

    Raises `OSError` where mountinfo can't be read and `RuleError` where the table of types is wrong.
    """

    def __init__(self, roots: Roots) -> None:
        raw = files.read_small(f"{roots.proc}/self/mountinfo", limit=MAX_TABLE)
        super().__init__(parse(raw, rules.filesystems()))


def _unescaped(field: bytes) -> bytes:
    r"""Return a field with the kernel's `\040` (space), `\011`, `\012`, `\134`, `\043` undone."""
    return _ESCAPE.sub(lambda m: bytes([int(m[1], 8) & 0xFF]), field)
