"""The list that GetAdaptersAddresses fills, taken apart: which interfaces IP stands on, with what.

It is one piece of memory whose structures point at one another (IP_ADAPTER_ADDRESSES_LH and those it leads to,
iptypes.h, 64-bit). A pointer that leads out of the piece leads nowhere, and a list that comes back to itself ends.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.winformats import networktables

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ENTRIES: Final = 4096
"""Most entries of one list."""

_POINTER: Final = struct.Struct("<Q")
_NUMBER: Final = struct.Struct("<I")
# Offsets into IP_ADAPTER_ADDRESSES_LH.
_INDEX, _NEXT, _NAME, _UNICAST, _DNS, _SUFFIX, _INDEX6, _MORE_SUFFIXES = 4, 8, 16, 24, 48, 56, 108, 440
_ENTRY_NEXT, _ENTRY_ADDRESS, _PREFIX_LENGTH = 8, 16, 56  # IP_ADAPTER_UNICAST_ADDRESS_LH, IP_ADAPTER_DNS_SERVER_ADDRESS
_SUFFIX_TEXT, _SUFFIX_BYTES = 8, 512  # IP_ADAPTER_DNS_SUFFIX: Next, WCHAR String[256]
_NAME_BYTES: Final = 1 << 12
_SOCKADDR_BYTES: Final = 28


@dataclass(frozen=True, slots=True)
class Adapter:
    """One interface that IP stands on; `name` is its GUID in braces."""

    index: int
    name: str
    addresses: tuple[str, ...]
    """With prefix length."""
    servers: tuple[str, ...]
    suffixes: tuple[str, ...]


def parse(raw: bytes, base: int) -> list[Adapter]:
    """Return each adapter of a list that stood at the address `base`; raises `ValueError` for a torn one."""
    piece = _Piece(raw, base)
    found = []
    for at in piece.chain(0, _NEXT):
        index = piece.number(at + _INDEX) or piece.number(at + _INDEX6)
        size = piece.number(at)
        more = piece.pointer(at + _MORE_SUFFIXES) if size >= _MORE_SUFFIXES + _POINTER.size else None
        suffixes = [piece.wide(piece.pointer(at + _SUFFIX), _NAME_BYTES)]
        suffixes += [piece.wide(entry + _SUFFIX_TEXT, _SUFFIX_BYTES) for entry in piece.chain(more, 0)]
        found.append(
            Adapter(
                index,
                piece.narrow(piece.pointer(at + _NAME)),
                tuple(piece.addresses(at + _UNICAST, prefix=True)),
                tuple(piece.addresses(at + _DNS, prefix=False)),
                tuple(dict.fromkeys(suffix for suffix in suffixes if suffix)),
            )
        )
    return found


class _Piece:
    """The memory that was filled, read by offset."""

    def __init__(self, raw: bytes, base: int) -> None:
        self._raw = raw
        self._base = base

    def number(self, at: int) -> int:
        """Return a ULONG; raises `ValueError` outside of the piece."""
        return self._value(_NUMBER, at)

    def pointer(self, at: int) -> int | None:
        """Return the offset that a pointer leads to, `None` for NULL or one that leads out of the piece."""
        to = self._value(_POINTER, at) - self._base
        return to if 0 <= to < len(self._raw) else None

    def chain(self, first: int | None, following: int) -> Iterator[int]:
        """Yield the offset of each entry of a list whose pointer to the next one stands at `following`."""
        seen: set[int] = set()
        while first is not None and first not in seen and len(seen) < MAX_ENTRIES:
            seen.add(first)
            yield first
            first = self.pointer(first + following)

    def addresses(self, at: int, *, prefix: bool) -> Iterator[str]:
        """Yield the addresses of a list, the pointer to which stands at `at`."""
        for entry in self.chain(self.pointer(at), _ENTRY_NEXT):
            where = self.pointer(entry + _ENTRY_ADDRESS)
            if where is None:
                continue
            try:
                _, address, scope = networktables.sockaddr(self._raw[where : where + _SOCKADDR_BYTES])
            except ValueError:  # another family
                continue
            length = self._raw[entry + _PREFIX_LENGTH : entry + _PREFIX_LENGTH + 1]
            yield f"{address}/{length[0]}" if prefix and length else _with_zone(address, scope)

    def wide(self, at: int | None, most: int) -> str:
        """Return a UTF-16 text, empty where there is none."""
        return "" if at is None else networktables.wide(self._raw[at : at + most])

    def narrow(self, at: int | None) -> str:
        """Return a text of bytes, empty where there is none."""
        raw = b"" if at is None else self._raw[at : at + _NAME_BYTES].partition(b"\0")[0]
        return raw.decode("latin-1")

    def _value(self, form: struct.Struct, at: int) -> int:
        if at < 0 or at + form.size > len(self._raw):
            raise ValueError("the list of adapters is torn")
        value: int = form.unpack_from(self._raw, at)[0]
        return value


def _with_zone(address: ipaddress.IPv4Address | ipaddress.IPv6Address, scope: int) -> str:
    zoned = scope and isinstance(address, ipaddress.IPv6Address) and address.is_link_local
    return f"{address}%{scope}" if zoned else str(address)
