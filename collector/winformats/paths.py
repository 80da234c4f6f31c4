r"""Paths of Windows taken apart without asking Windows, which would turn `CON` into a device and drop a last dot.

A path is a volume and the names below it. What no file of this machine can be, a share (`\\server\…`), a device
(`\\.\…`) or a pipe, is refused by its letters. See "Naming Files, Paths, and Namespaces" (learn.microsoft.com).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MOST: Final = 32_767
"""UTF-16 units of a path that the system takes (UNICODE_STRING counts its bytes in 16 bits)."""

_VOLUME: Final = re.compile(
    r"[A-Za-z]:(?=\\|$)"
    r"|Volume\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}(?=\\|$)"
    r"|GLOBALROOT\\Device\\HarddiskVolumeShadowCopy[0-9]{1,9}(?=\\|$)"
)
_LONG: Final = ("\\\\?\\", "\\??\\")


class PathError(ValueError):
    """A path that names no file of a volume of this machine; its message is a plain phrase without the path."""


class Place(NamedTuple):
    """A file or folder: its volume (`C:`, `Volume{…}`), and the names from its root down to it."""

    volume: str
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        r"""Return the path as it is told: `C:\a\b`; what has no letter begins with `\\?\`."""
        start = self.volume if is_letter(self.volume) else f"\\\\?\\{self.volume}"
        return "\\".join((start, *self.names)) if self.names else f"{start}\\"

    @property
    def root(self) -> str:
        r"""Return the root of the volume as the kernel takes it: `\??\C:\`."""
        return f"\\??\\{self.volume}\\"


def is_letter(volume: str) -> bool:
    """Tell whether a volume is named by a drive letter."""
    return len(volume) == 2 and volume[1] == ":"  # noqa: PLR2004 - a letter and a colon


def place(path: str) -> Place:
    """Return where an absolute path leads, by its letters alone; raises `PathError`."""
    rest = _local(path.replace("/", "\\"))
    if (volume := _VOLUME.match(rest)) is None:
        raise PathError("no absolute path of a volume")
    names: list[str] = []
    for name in rest[volume.end() :].split("\\"):
        if ":" in name:
            raise PathError("the name of an alternate data stream")
        if name == "..":
            names = names[:-1]
        elif name not in ("", "."):
            names.append(name)
    found = volume[0]
    return Place(found.upper() if is_letter(found) else found, tuple(names))


def _local(path: str) -> str:
    """Return a path without the prefix of long ones; raises `PathError`."""
    long = path.startswith(_LONG)
    rest = path[4:] if long else path
    if rest[:4].upper() == "UNC\\" if long else rest.startswith("\\\\") and not rest.startswith("\\\\."):
        raise PathError("a path of the network")
    if rest.startswith("\\"):
        raise PathError("a device")
    if "\0" in rest:
        raise PathError("a path with a NUL in it")
    return rest


def is_in(path: bytes, folder: bytes) -> bool:
    """Tell whether a path is a folder or below it, by the letters alone, in whatever case they are."""
    inner, outer = folded(path), folded(folder).rstrip(b"\\")
    return inner == outer or inner.startswith(outer + b"\\")


def folded(path: bytes) -> bytes:
    """Return a path in small letters, nearly as the file system compares them (it has a table of its own)."""
    return path.decode("utf-8", "surrogatepass").lower().encode("utf-8", "surrogatepass")
