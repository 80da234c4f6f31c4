"""Data of registry values is told without losing a byte, whatever it claims to be.

The bytes are made here, after "Registry Value Types" (learn.microsoft.com/windows/win32/sysinfo/registry-value-types).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.rows import MAX_ROW, line
from collector.text import to_bytes
from collector.winformats import registry


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


@pytest.mark.parametrize(
    ("kind", "raw", "told"),
    [
        (1, utf16("C:\\été.exe\0"), ("REG_SZ", "C:\\été.exe", [])),
        (1, utf16("no end"), ("REG_SZ", "no end", [])),
        (1, b"", ("REG_SZ", "", [])),
        (1, utf16("seen\0hidden\0"), ("REG_SZ", "seen\0hidden", [])),
        (1, b"abc", ("REG_SZ", "616263", ["not-of-its-type"])),
        (2, utf16("%TEMP%\\a\0"), ("REG_EXPAND_SZ", "%TEMP%\\a", [])),
        (7, utf16("one\0two\0\0"), ("REG_MULTI_SZ", ["one", "two"], [])),
        (7, utf16("one\0\0behind\0\0"), ("REG_MULTI_SZ", ["one", "", "behind"], [])),
        (7, utf16("\0"), ("REG_MULTI_SZ", [], [])),
        (4, b"\x01\0\0\0", ("REG_DWORD", 1, [])),
        (4, b"\x01\0", ("REG_DWORD", "0100", ["not-of-its-type"])),
        (5, b"\0\0\0\x01", ("REG_DWORD_BIG_ENDIAN", 1, [])),
        (11, b"\xff" * 8, ("REG_QWORD", "18446744073709551615", [])),
        (3, b"\0\xff", ("REG_BINARY", "00ff", [])),
        (0, b"", ("REG_NONE", "", [])),
        (0x20001, b"\x05", ("0x20001", "05", [])),
        (0xFFFF0012, b"\x05", ("0xffff0012", "05", [])),
        (1, utf16("\ud800x"), ("REG_SZ", {"text": "\ufffd\ufffd\ufffdx", "hex": "eda08078"}, [])),
    ],
)
def test_each_type_is_told_as_what_it_is(kind, raw, told):
    """Text behind a NUL, half a character, a number of the wrong size: nothing is dropped and nothing raises."""
    assert registry.decoded(kind, raw) == told


@given(st.integers(0, 0xFFFFFFFF) | st.integers(0, 12), st.binary(max_size=64))
def test_no_byte_is_lost(kind, raw):
    """From what is told the bytes can be made again: exactly, or but for the NULs that end a text."""
    name, data, flags = registry.decoded(kind, raw)
    if isinstance(data, list):
        again = utf16("\0".join(to_bytes(one).decode("utf-8", "surrogatepass") for one in data))
        assert again == raw[: len(again)]
        assert not raw[len(again) :].strip(b"\0")
    elif name in ("REG_SZ", "REG_EXPAND_SZ", "REG_LINK") and not flags:
        again = utf16(to_bytes(data).decode("utf-8", "surrogatepass"))
        assert raw in (again, again + b"\0\0")
    elif name in ("REG_DWORD", "REG_QWORD", "REG_DWORD_BIG_ENDIAN") and not flags:
        assert int(data).to_bytes(len(raw), "big" if name.endswith("ENDIAN") else "little") == raw
    else:
        assert bytes.fromhex(data) == raw


@pytest.mark.parametrize(("kind", "unit"), [(1, "\x01\0"), (7, "é\0"), (3, "xx")])
def test_the_largest_value_fits_a_row(kind, unit):
    """Of 4 MiB of data the first part is told, marked as cut, and the row is not cut besides."""
    told = registry.decoded(kind, utf16(unit) * (1 << 20))
    text, cut = line({"data": told.data})
    assert (told.flags, cut) == (["cut"], False)
    assert len(text) < MAX_ROW
