"""Names that the files `hosts` and `hosts.ics` of Windows give to addresses, and lists of servers in the registry."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE_BYTES: Final = 1 << 16
"""Longest line taken apart: a longer one is no entry that a person wrote."""

_BOM: Final = b"\xef\xbb\xbf"
_BETWEEN: Final = re.compile(r"[\s,;]+")


class Entry(NamedTuple):
    """One line: the address, then the names."""

    address: bytes
    names: list[bytes]


def entries(content: bytes) -> Iterator[Entry | None]:
    """Yield each entry of a hosts file; `None` for a line that is too long."""
    for line in io.BytesIO(content.removeprefix(_BOM)):
        if len(line) > LINE_BYTES:
            yield None
            continue
        words = line.partition(b"#")[0].split()
        if words:
            yield Entry(words[0], words[1:])


def words(value: object) -> list[str]:
    """Return the servers or domains of a registry value: strings with spaces, commas or semicolons between them."""
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    found = [word for text in texts if isinstance(text, str) for word in _BETWEEN.split(text.partition("\0")[0])]
    return [word for word in found if word]
