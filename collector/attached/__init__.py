"""What a file that is attached says of itself: when and with which camera a picture was taken, when a letter was sent.

The file's bytes are kept as they are; this is for whoever reads the main courante. Everything in it is the file's own
word, and a file may be hostile: what is read is bounded, and what is not understood says nothing. Places (GPS) are
never copied, only that there is one. Pure: `read` is the one way to the bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from collector.attached import exif, heif, mail

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.model import Json

Read: TypeAlias = "Callable[[int, int], bytes]"
"""Returns up to so many bytes from an offset; fewer at the end."""

HEAD: Final = 256 * 1024
"""Bytes at the beginning in which a JPEG has its EXIF segment, and a letter its headers."""


def says(read: Read, suffix: str) -> dict[str, Json]:
    """Return what a file says of itself, empty where that is nothing; raises what `read` raises.

    A picture: `format`, `taken` (its camera's clock), `taken_offset`, `maker`, `model`, `has_place`. A letter (`.eml`):
    `format`, `date`, `from`, `to`, `subject`, `message_id`. A value that is not there is `None`.
    """
    head = read(0, HEAD)
    if head.startswith(b"\xff\xd8\xff"):
        return {"format": "jpeg", **exif.taken(exif.in_jpeg(head))}
    if heif.is_one(head):
        return {"format": "heif", **exif.taken(heif.exif_of(head, read))}
    if suffix == ".eml":
        found = mail.headers(head)
        return {"format": "mail", **found} if found else {}
    return {}
