"""Photographs as telephones make them, built byte by byte after the formats' own pages: JPEG and HEIF with EXIF."""

from __future__ import annotations

import struct
import zlib

PLACE = b"48;51;29"
"""What stands for a place in a made picture: nothing may copy it."""


def tiff(*, order: str = "<", place: bool = True, taken: str = "2026:11:26 08:31:05", maker: bytes = b"Apple\0",
         offset: bytes = b"+01:00\0") -> bytes:  # fmt: skip
    """Return an EXIF block (TIFF 6.0; CIPA DC-008): maker and model, time taken with its offset, and a place."""
    texts = {"maker": maker, "model": b"iPhone 13\0", "taken": taken.encode() + b"\0", "offset": offset, "gps": PLACE}
    first = 8
    exif = first + 2 + 12 * (4 if place else 3) + 4
    gps = exif + 2 + 12 * 2 + 4
    at = gps + (2 + 12 + 4 if place else 0)
    places = {}
    for name, data in texts.items():
        places[name] = at
        at += len(data)

    def text(tag: int, name: str) -> bytes:
        data = texts[name]
        if len(data) <= 4:
            return struct.pack(order + "HHI", tag, 2, len(data)) + data.ljust(4, b"\0")
        return struct.pack(order + "HHII", tag, 2, len(data), places[name])

    def number(tag: int, value: int) -> bytes:
        return struct.pack(order + "HHII", tag, 4, 1, value)

    def directory(*entries: bytes) -> bytes:
        return struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4)

    links = [number(0x8769, exif), *([number(0x8825, gps)] if place else [])]
    block = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", first)
    block += directory(text(0x010F, "maker"), text(0x0110, "model"), *links)
    block += directory(text(0x9003, "taken"), text(0x9011, "offset"))
    block += directory(text(0x0002, "gps")) if place else b""
    return block + b"".join(texts.values())


def jpeg(block: bytes | None = None, *, before: bytes = b"") -> bytes:
    """Return a small JPEG with an EXIF segment; `before` stands in front of it."""
    body = b"Exif\0\0" + (tiff() if block is None else block)
    app1 = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    return b"\xff\xd8" + before + app1 + b"\xff\xda\x00\x02" + zlib.compress(b"a picture" * 9) + b"\xff\xd9"


def heic(block: bytes | None = None, *, version: int = 1, pieces: int = 1) -> bytes:
    """Return a HEIF file whose EXIF item lies behind 300,000 bytes of picture (ISO/IEC 14496-12, 23008-12)."""
    payload = struct.pack(">I", 6) + b"Exif\0\0" + (tiff(order=">") if block is None else block)
    wide = ">I" if version == 2 else ">H"

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body) + 8) + kind + body

    def full(kind: bytes, version: int, body: bytes) -> bytes:
        return box(kind, bytes([version, 0, 0, 0]) + body)

    def meta(offset: int) -> bytes:
        infe = [full(b"infe", 2, struct.pack(">HH", n, 0) + kind + b"\0") for n, kind in ((1, b"hvc1"), (9, b"Exif"))]
        iinf = full(b"iinf", 0, struct.pack(">H", 2) + b"".join(infe))
        items = b""
        for number, start, length in ((1, 0, 8), (9, offset, len(payload))):
            method = struct.pack(">H", 0) if version else b""
            extents = struct.pack(">II", start, length) * (pieces if number == 9 else 1)
            items += struct.pack(wide, number) + method + struct.pack(">HH", 0, len(extents) // 8) + extents
        return full(b"meta", 0, iinf + full(b"iloc", version, b"\x44\x00" + struct.pack(wide, 2) + items))

    front = box(b"ftyp", b"heic" + bytes(4) + b"mif1")
    picture = bytes(300_000)
    start = len(front) + len(meta(0)) + 8 + len(picture)
    return front + meta(start) + box(b"mdat", picture + payload)
