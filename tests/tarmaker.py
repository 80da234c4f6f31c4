"""Makes tar archives block by block, right or wrong in one place each; knows nothing of the code under test."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TOP = "T-1_poste-1_x"
END = bytes(1024)
KEY = "AGE-SECRET-KEY-1QYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZ9K4CN"
"""A published test key: 32 bytes of 0x01. Anyone can decrypt with it."""


def header(name, size=0, kind=b"0", *, link=b"", prefix=b"", magic=b"ustar\x0000", **raw) -> bytes:
    """Return one header block; `raw` puts bytes at a field's place: size_field, checksum, tail, mode_field."""
    block = bytearray(512)

    def put(at, data):
        block[at : at + len(data)] = data

    put(0, name if isinstance(name, bytes) else name.encode())
    put(100, raw.get("mode_field", b"0000644\0"))
    put(108, b"0001750\0" * 2)
    put(124, raw.get("size_field", b"%011o\0" % size))
    put(136, b"15000000000\0")
    put(156, kind)
    put(157, link)
    put(257, magic)
    put(345, prefix)
    put(500, raw.get("tail", b""))
    put(148, b" " * 8)
    put(148, raw.get("checksum", b"%06o\0 " % sum(block)))
    return bytes(block)


def filled(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def file(name, data=b"", **how) -> bytes:
    return header(name, len(data), **how) + filled(data)


def pax(*records: bytes, kind=b"x", raw=None) -> bytes:
    """Return a PAX header with records `key=value`, or with bytes as they are."""
    data = b"".join(record(one) for one in records) if raw is None else raw
    return file("PaxHeaders/x", data, kind=kind)


def record(body: bytes) -> bytes:
    length = len(body) + 2
    while len(str(length)) + len(body) + 2 != length:
        length = len(str(length)) + len(body) + 2
    return str(length).encode() + b" " + body + b"\n"


def members(bundle: Path) -> list[tuple[str, bytes]]:
    """Return the files of a bundle with their bytes, the manifest first."""
    names = sorted(one.relative_to(bundle).as_posix() for one in bundle.rglob("*") if one.is_file())
    names.sort(key=lambda name: (name != "manifest.jsonl", "/" in name, name))
    return [(name, (bundle / name).read_bytes()) for name in names]


def whole(bundle: Path, *, top=TOP, without=(), before=b"", after=b"", end=END) -> bytes:
    """Return the archive of a bundle, with bytes put in before its first member, before its end and after that."""
    kept = [(name, data) for name, data in members(bundle) if name not in without]
    return before + b"".join(file(f"{top}/{name}", data) for name, data in kept) + after + end


def names_in(data: bytes) -> list[str]:
    """Return what Python's own reader finds in an archive."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()
