"""Takes the text out of a PDF: its uncompressed and Flate streams, its fonts' tables of characters; no more.

No general reader: it follows no cross-reference table, executes nothing, unpacks at most `MOST_UNPACKED` bytes however
much was packed, and reads its input once per kind of thing looked for. What a PDF only shows as a picture is not read.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

MOST_UNPACKED: Final = 1 << 19
"""Bytes unpacked of one file, over all its streams."""

MOST_STREAMS: Final = 256
_MOST_TEXT: Final = 256 * 1024
_MOST_CODES: Final = 65536
"""Codes of all fonts together that are looked up."""

_OBJECT: Final = re.compile(rb"(?<![0-9])([0-9]{1,7}+)\s{1,3}+[0-9]{1,5}+\s{1,3}+obj\b")
_STREAM: Final = re.compile(rb"stream\r?\n")
_TO_UNICODE: Final = re.compile(rb"/ToUnicode\s{1,3}+([0-9]{1,7}+)\s")
_NAMED: Final = re.compile(rb"/([A-Za-z0-9_+.-]{1,40}+)\s{1,3}+([0-9]{1,7}+)\s{1,3}+[0-9]{1,5}+\s{1,3}+R")
_HEX: Final = re.compile(rb"<([0-9A-Fa-f\s]{0,2000}+)>")
_RANGE: Final = re.compile(
    rb"<([0-9A-Fa-f]{1,8}+)>\s{0,3}+<([0-9A-Fa-f]{1,8}+)>\s{0,3}+(<[^<>]{1,64}+>|\[[^\]]{0,9000}+\])"
)
_SHOWN: Final = re.compile(
    rb"/(?P<font>[A-Za-z0-9_+.-]{1,40}+)\s{1,9}+-?[0-9.]{1,12}+\s{1,9}+Tf"
    rb"|\((?P<plain>(?:[^()\\]|\\.){0,4000}+)\)|<(?P<hex>[0-9A-Fa-f\s]{1,4000}+)>"
    rb"|(?P<height>-?[0-9.]{1,12}+)\s{1,3}+(?P<move>T[dDm])\b|(?<=[\])>\s])(?P<line>T\*|'|\")"
    rb"|(?P<gap>-[0-9]{3,5}+)(?=[\s.(<])",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|.))", re.DOTALL)
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b"", b"\n": b"", b"\r": b"", b"\r\n": b""}


@dataclass(frozen=True)
class _Table:
    """What the codes of a font stand for, and whether they have two bytes."""

    codes: dict[int, str]
    wide: bool


def text(data: bytes) -> str:
    """Return what the pages say in the order of the file; empty where nothing can be read (encrypted, pictures)."""
    bodies, streams = _parts(data)
    tables: dict[bytes, _Table] = {}
    described = b"\n".join([*bodies.values(), *(raw for _, raw in streams if b"/Type" in raw[:65536])])
    by_number = dict(streams)
    objects = _objects(bodies, streams)
    fonts = {number: found[1] for number, body in objects if (found := _TO_UNICODE.search(body)) is not None}
    read: dict[bytes, _Table] = {}
    for name, number in _NAMED.findall(described)[:4096]:
        if number not in fonts or name in tables or (stream := fonts[number]) not in by_number:
            continue
        if stream not in read:
            codes = _table(by_number[stream], _MOST_CODES - sum(len(table.codes) for table in read.values()))
            read[stream] = _Table(codes, wide=max(codes, default=0) > 0xFF)
        tables[name] = read[stream]
    pages = [_page(raw, tables) for _, raw in streams if b"Tj" in raw or b"TJ" in raw]
    return "\n".join(pages)[:_MOST_TEXT]


def _parts(data: bytes) -> tuple[dict[bytes, bytes], list[tuple[bytes, bytes]]]:
    """Return the dictionaries of all objects by number, and the unpacked streams with their object's number."""
    bodies: dict[bytes, bytes] = {}
    streams: list[tuple[bytes, bytes]] = []
    room = MOST_UNPACKED
    heads = list(_OBJECT.finditer(data))[:65536]
    for found, following in zip_longest(heads, heads[1:]):
        end = following.start() if following else len(data)
        start = _STREAM.search(data, found.end(), end)
        bodies.setdefault(found[1], data[found.end() : start.start() if start else end][:8192])
        if start is None or len(streams) >= MOST_STREAMS or room <= 0:
            continue
        head, raw = bodies[found[1]], data[start.end() : end]
        if b"/Image" in head or b"/FontFile" in head or b"/Length1" in head:
            continue
        if b"FlateDecode" in head:
            raw = _unpacked(raw, room)
            room -= len(raw)
        streams.append((found[1], raw[:MOST_UNPACKED]))
    return bodies, streams


def _unpacked(raw: bytes, room: int) -> bytes:
    """Return what a packed stream holds, at most `room` bytes; of a broken one what comes before the break."""
    try:
        return zlib.decompressobj().decompress(raw, room)
    except zlib.error:
        return b""


def _objects(bodies: dict[bytes, bytes], streams: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return number and dictionary of every object, those in object streams too."""
    found = list(bodies.items())
    for _, raw in streams:
        first = re.match(rb"\s{0,3}+((?:[0-9]{1,8}+\s{1,3}+){2,4000}+)", raw)
        if first is None:
            continue
        numbers = first[1].split()
        places = [int(place) for place in numbers[1::2]]
        ends = [*places[1:], len(raw) - first.end()]
        for number, place, end in zip(numbers[::2], places, ends, strict=False):
            found.append((number, raw[first.end() + place : first.end() + min(end, place + 8192)]))
    return found


def _table(raw: bytes, most: int) -> dict[int, str]:
    """Return which characters the codes of a font stand for, at most so many."""
    table: dict[int, str] = {}
    for block in raw.split(b"beginbfchar")[1:200]:
        codes = _HEX.findall(block.split(b"endbfchar")[0])
        for code, meaning in zip(codes[::2], codes[1::2], strict=False):
            if len(table) < most:
                table[_number(code)] = _characters(meaning)
    for block in raw.split(b"beginbfrange")[1:200]:
        body = block.split(b"endbfrange")[0]
        for line in _RANGE.findall(body):
            low, high = _number(line[0]), _number(line[1])
            if len(table) + high - low >= most or high < low:
                continue
            if line[2].startswith(b"["):
                for code, meaning in zip(range(low, high + 1), _HEX.findall(line[2]), strict=False):
                    table[code] = _characters(meaning)
                continue
            first = _characters(line[2][1:-1])
            for code in range(low, high + 1):
                table[code] = first[:-1] + chr(min(ord(first[-1]) + code - low, 0x10FFFF)) if first else ""
    return table


def _number(digits: bytes) -> int:
    return int(b"".join(digits.split()) or b"0", 16)


def _characters(digits: bytes) -> str:
    clean = b"".join(digits.split())
    return bytes.fromhex((clean + b"0" * (len(clean) % 2)).decode()).decode("utf-16-be", "replace")


def _page(raw: bytes, tables: dict[bytes, _Table]) -> str:
    """Return what one page shows; a step to another line is a line, a wide step a space."""
    out: list[str] = []
    size, height = 0, b""
    table: _Table | None = None
    for found in _SHOWN.finditer(raw):
        kind = found.lastgroup
        if kind == "font":
            table = tables.get(found["font"])
        elif kind == "move":  # a step along the line is none between words: their spaces are among the characters
            if found["height"].strip(b"-0.") if found["move"] != b"Tm" else found["height"] != height:
                out.append("\n")
            height = found["height"] if found["move"] == b"Tm" else height
        elif kind == "line":
            out.append("\n")
        elif kind == "gap":
            out.append(" ")
        else:
            codes = _plain(found["plain"]) if kind == "plain" else _pairs(found["hex"])
            shown = _shown(codes, table)
            out.append(shown)
            size += len(shown)
            if size > _MOST_TEXT:
                break
    return "".join(out)


def _plain(raw: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return bytes([int(found[1], 8) & 0xFF])
        return _ESCAPED.get(found[2], found[2])

    return _ESCAPE.sub(one, raw)


def _pairs(digits: bytes) -> bytes:
    clean = b"".join(digits.split())
    return bytes.fromhex((clean + b"0" * (len(clean) % 2)).decode())


def _shown(codes: bytes, table: _Table | None) -> str:
    """Return the characters of codes: by the font's table where it has one, else as Latin-1."""
    even = len(codes) % 2 == 0
    if table is None:
        return codes.decode("utf-16-be" if codes[:1] == b"\0" and even else "cp1252", "replace")
    wide = even and (table.wide or codes[:1] == b"\0")
    numbers = [int.from_bytes(codes[at : at + 2], "big") for at in range(0, len(codes), 2)] if wide else list(codes)
    return "".join(table.codes.get(number, " ") for number in numbers)
