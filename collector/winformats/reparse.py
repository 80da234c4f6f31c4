"""What an entry of a folder is, by its attributes and its reparse tag, and whether reading it is harmless.

Attributes: "File Attribute Constants" (winnt.h). Tags: MS-FSCC 2.1.2.1. A placeholder is a file whose content lies
elsewhere (OneDrive, a tape, a server): opening it would fetch it, over the network.
"""

from __future__ import annotations

from typing import Final

DIRECTORY: Final = 0x10
REPARSE: Final = 0x400
_OFFLINE: Final = 0x1000
_RECALL_ON_OPEN: Final = 0x40000
_RECALL_ON_DATA_ACCESS: Final = 0x400000

MOUNT_POINT: Final = 0xA000_0003
SYMLINK: Final = 0xA000_000C
_CLOUD: Final = 0x9000_001A
_CLOUD_NUMBER: Final = 0x0000_F000
"""Bits in which the tags of the cloud's placeholders differ: IO_REPARSE_TAG_CLOUD to IO_REPARSE_TAG_CLOUD_F."""

_TYPES: Final = {
    MOUNT_POINT: "junction",
    SYMLINK: "symlink",
    0xA000_001D: "symlink",  # IO_REPARSE_TAG_LX_SYMLINK: of Linux beside Windows (WSL)
    0x8000_0023: "socket",  # IO_REPARSE_TAG_AF_UNIX
    0x8000_0024: "fifo",  # IO_REPARSE_TAG_LX_FIFO
    0x8000_0025: "char",  # IO_REPARSE_TAG_LX_CHR
    0x8000_0026: "block",  # IO_REPARSE_TAG_LX_BLK
}
_ELSEWHERE: Final = {
    0xC000_0004,  # IO_REPARSE_TAG_HSM
    0x8000_0006,  # IO_REPARSE_TAG_HSM2
    0x8000_001E,  # IO_REPARSE_TAG_STORAGE_SYNC
    0x8000_0021,  # IO_REPARSE_TAG_ONEDRIVE, before the cloud's own
    0x9000_001C,  # IO_REPARSE_TAG_PROJFS: a program answers
    0x9000_0027,  # IO_REPARSE_TAG_STORAGE_SYNC_FOLDER
}
_HERE: Final = {
    0x8000_0013,  # IO_REPARSE_TAG_DEDUP: chunks of the same volume
    0x8000_0017,  # IO_REPARSE_TAG_WOF: compressed on the same volume
}
STUBS: Final = frozenset(_HERE)
"""Files whose content is had by opening them once more without FILE_OPEN_REPARSE_POINT, and lies on the volume."""


def is_cloud(tag: int) -> bool:
    """Tell whether a tag is one of the cloud's files: a placeholder, or one that is here, too."""
    return tag & ~_CLOUD_NUMBER == _CLOUD


def kind(attributes: int, tag: int) -> str:
    """Return what an entry is, in the words of `recent-files`: `tag` counts where the attributes say it is one."""
    if attributes & REPARSE:
        if tag in _TYPES:
            return _TYPES[tag]
        if not (is_cloud(tag) or tag in _HERE or tag in _ELSEWHERE):
            return "reparse"
    return "folder" if attributes & DIRECTORY else "file"


def is_link(attributes: int, tag: int) -> bool:
    """Tell whether an entry leads elsewhere, so that nothing is opened through it."""
    return kind(attributes, tag) not in ("file", "folder")


def is_placeholder(attributes: int, tag: int) -> bool:
    """Tell whether reading an entry, or listing it, would fetch it from elsewhere or ask a program for it."""
    if attributes & (_RECALL_ON_OPEN | _RECALL_ON_DATA_ACCESS | _OFFLINE):
        return True
    return bool(attributes & REPARSE) and tag in _ELSEWHERE


def is_entered(attributes: int, tag: int) -> bool:
    """Tell whether an entry is a folder that a walk goes into."""
    return kind(attributes, tag) == "folder" and not is_placeholder(attributes, tag)
