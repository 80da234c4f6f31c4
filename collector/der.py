"""The little of DER (X.690) that a timestamp needs: bytes into elements, elements into bytes.

Stricter than most readers: lengths are definite and as short as they can be, tags are one byte, and an element ends
where the one around it ends. What passes here has one reading only.
"""

from __future__ import annotations

from typing import NamedTuple

BOOLEAN, INTEGER, OCTETS, NULL, OID, TIME, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x05, 0x06, 0x18, 0x30, 0x31
CONTEXT = 0xA0
"""Tag `[0]` of the element around it; `[1]` is one more."""

MAX_ITEMS = 128
"""Elements of one level; a timestamp has a dozen, and a chain of certificates a few."""
MAX_INTEGER = 64
"""Bytes of an integer; serial numbers and nonces have 20 at most."""
_LONG, _ENDLESS, _MANY = 0x80, 0x1F, 4


class DerError(ValueError):
    """These bytes are not the DER that was expected; says nothing of them."""


class Item(NamedTuple):
    """One element: its tag, its content, and all of its bytes."""

    tag: int
    value: bytes
    whole: bytes


def items(data: bytes) -> list[Item]:
    """Return the elements that fill these bytes to the last; raises `DerError`."""
    found: list[Item] = []
    at = 0
    while at < len(data):
        if len(found) == MAX_ITEMS:
            raise DerError("too many elements")
        tag = data[at]
        start, length = _length(data, at + 1)
        if tag & _ENDLESS == _ENDLESS or start + length > len(data):
            raise DerError("an element is not whole")
        found.append(Item(tag, data[start : start + length], data[at : start + length]))
        at = start + length
    return found


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Return where the content starts and how long it is."""
    first = data[at] if at < len(data) else _LONG
    if first < _LONG:
        return at + 1, first
    count = first - _LONG
    length = int.from_bytes(data[at + 1 : at + 1 + count])
    if not 1 <= count <= _MANY or len(data) < at + 1 + count or length < max(_LONG, 1 << 8 * (count - 1)):
        raise DerError("a length is not spelled the one way")
    return at + 1 + count, length


def inside(item: Item, tag: int) -> list[Item]:
    """Return the elements inside an element of this tag; raises `DerError`."""
    return items(value(item, tag))


def value(item: Item, tag: int) -> bytes:
    """Return the content of an element of this tag; raises `DerError`."""
    if item.tag != tag:
        raise DerError("another element was expected")
    return item.value


def integer(item: Item) -> int:
    """Return the number of an INTEGER; raises `DerError`."""
    raw = value(item, INTEGER)
    if not 1 <= len(raw) <= MAX_INTEGER:
        raise DerError("an integer is too long")
    return int.from_bytes(raw, signed=True)


def element(tag: int, *parts: bytes) -> bytes:
    """Return an element with this content, which is shorter than 128 bytes."""
    content = b"".join(parts)
    if len(content) >= _LONG:
        raise ValueError("longer than one byte of length says")
    return bytes((tag, len(content))) + content


def number(count: int) -> bytes:
    """Return an INTEGER that is not negative."""
    return element(INTEGER, count.to_bytes(count.bit_length() // 8 + 1))
