"""Data of registry values, told without losing a byte: text as text, numbers as numbers, all else in hexadecimal.

Types are those of winnt.h ("Registry Value Types", learn.microsoft.com/windows/win32/sysinfo). Programs of Windows
stop reading a text at its first NUL; what stands behind one is told, too: it is a place to hide things.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

from collector.model import number
from collector.text import from_native

if TYPE_CHECKING:
    from collector.model import Json

NAMES: Final = {
    0: "REG_NONE",
    1: "REG_SZ",
    2: "REG_EXPAND_SZ",
    3: "REG_BINARY",
    4: "REG_DWORD",
    5: "REG_DWORD_BIG_ENDIAN",
    6: "REG_LINK",
    7: "REG_MULTI_SZ",
    8: "REG_RESOURCE_LIST",
    9: "REG_FULL_RESOURCE_DESCRIPTOR",
    10: "REG_RESOURCE_REQUIREMENTS_LIST",
    11: "REG_QWORD",
}

MAX_DATA: Final = 512 << 10
"""Most bytes of a value's data that are told: in hexadecimal 1 MiB, as text 1.5 MiB of a row at most."""

CUT: Final = "cut"
"""Flag: only the first `MAX_DATA` bytes are told; `size` is that of all."""
ODD: Final = "not-of-its-type"
"""Flag: the bytes are none of the type that the value claims, so they are told in hexadecimal."""

_TEXTS: Final = (1, 2, 6)
_LIST: Final = 7
_NUMBERS: Final = {4: ("little", 4), 5: ("big", 4), 11: ("little", 8)}


class Data(NamedTuple):
    """The data of a value as it is told."""

    type: str
    data: Json
    flags: list[str]


def decoded(kind: int, raw: bytes) -> Data:
    """Return the data of a value: text, a list of texts, a number, or hexadecimal digits, by its type."""
    name = NAMES.get(kind & 0xFFFFFFFF, f"{kind & 0xFFFFFFFF:#x}")
    kept, flags = raw[:MAX_DATA], [CUT] if len(raw) > MAX_DATA else []
    if kind in _NUMBERS:
        order, size = _NUMBERS[kind]
        if len(raw) == size:
            return Data(name, number(int.from_bytes(raw, "big" if order == "big" else "little")), flags)
    elif kind in (*_TEXTS, _LIST) and len(raw) % 2 == 0:
        text = kept.decode("utf-16-le", "surrogatepass")
        if kind == _LIST:
            return Data(name, [cast("Json", from_native(one)) for one in _listed(text)], flags)
        return Data(name, cast("Json", from_native(text.removesuffix("\0"))), flags)
    else:
        odd = kind in (*_TEXTS, _LIST)
        return Data(name, kept.hex(), [*flags, ODD] if odd else flags)
    return Data(name, kept.hex(), [*flags, ODD])


def _listed(text: str) -> list[str]:
    """Return the texts of a REG_MULTI_SZ, empty ones inside of it, too; the NULs that end it are no texts."""
    parts = text.split("\0")
    while parts and not parts[-1]:
        parts.pop()
    return parts
