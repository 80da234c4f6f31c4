"""Fuzzes the opener of hand-over files from inside the encryption: an input is two bytes of flags and a tar stream.

The first byte says in which pieces the stream is fed (what age gives out is cut anywhere), the second whether it is
unpacked into a real folder as well. Members, fields of headers, PAX records and bytes change, and checksums mostly fit
again. What must hold for any input:

* no exception comes out but `CollectorError`, its words can be printed, and no more is handed on than came in;
* the same stream in other pieces is the same archive, refused or taken;
* what is taken holds one top folder, names of SPEC section 2, each once, regular files and folders only;
* what is taken is read by Python's own `tarfile` as the same names and bytes: no two programs see two bundles;
* unpacked, nothing lies outside the one new folder, and nothing at all where it was refused.
"""

from __future__ import annotations

import io
import os
import random
import re
import shutil
import tarfile
from typing import TYPE_CHECKING

import bundles
import changes
import vectors

from collector.errors import CollectorError

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 40_000
BLOCK = 512
PIECES = (0, 1, 7, 100, 511, 512, 513, 10_240)
UNPACKED = 1
TOP = "T-1_poste-1_20261118T110640Z"
SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9._-][A-Za-z0-9._~-]*){0,2}", re.ASCII)
"""`~` stands in names that lost power leaves."""
NAMES = (
    "../x", "/etc/x", f"{TOP}/../x", f"{TOP}/artifacts/../../x", "x" * 100, f"{TOP}//manifest.jsonl",
    f"{TOP}/./checkpoint",
    f"{TOP}/artifacts", f"{TOP}/artifacts/", f"{TOP}/MANIFEST.jsonl", f"{TOP}/manifest.jsonl", "T-2/manifest.jsonl",
    TOP, "",
    f"{TOP}/artifacts/000001-processes.jsonl", f"{TOP}/artifacts/000001-processes.jsonl/x", f"{TOP}/._x",
    f"{TOP}\\x", "con",
    f"{TOP}/\x1b[2J", f"{TOP}/attachments/000000-attachment.jpg", f"{TOP}/attachments/Thumbs.db", ".", "./" + TOP,
    "\u202e",
)  # fmt: skip
FIELDS = {
    "mode": (100, 8), "uid": (108, 8), "size": (124, 12), "mtime": (136, 12), "sum": (148, 8), "kind": (156, 1),
    "target": (157, 100), "magic": (257, 8), "user": (265, 32), "device": (329, 16), "prefix": (345, 155),
    "rest": (500, 12),
}  # fmt: skip
VALUES = (
    b"", b"0", b"7", b"00000000000\0", b"00000001000\0", b"77777777777\0", b"\x80" + bytes(7) + b"\x01\x00\x00\x00",
    b"-1",
    b" 1 ", b"\xff" * 8, b"ustar\x0000", b"ustar  \0", b"ustar\0", b"x", b"/etc/passwd", b"\0x", b"8", b"a",
)  # fmt: skip
PAX = (
    ("size", "0"), ("size", "31"), ("size", "9999999999999"), ("size", "-1"), ("size", "01"), ("path", "/etc/x"),
    ("mtime", "1.5"),
    ("mtime", ""), ("linkpath", "x"), ("hdrcharset", "BINARY"), ("GNU.sparse.major", "1"), ("uid", "0"), ("uname",
    "\u202e"), ("", ""),
)  # fmt: skip


class Memory:
    """Takes the members of an archive and keeps them."""

    def __init__(self) -> None:
        self.members: list[list] = []
        self.wrong: list[str] = []
        self.open = False

    def folder(self, top: str, name: str) -> None:
        self._member(top, name, -1)

    def file(self, top: str, name: str, size: int) -> None:
        self._member(top, name, size)
        self.open = True

    def _member(self, top: str, name: str, size: int) -> None:
        if self.open:
            self.wrong.append("a member begins inside another")
        self.members.append([top, name, size, b""])

    def write(self, data) -> None:
        if not self.open:
            self.wrong.append("bytes of no file")
        self.members[-1][3] += bytes(data)

    def done(self) -> None:
        if not self.open or len(self.members[-1][3]) != self.members[-1][2]:
            self.wrong.append("a file ends with more or fewer bytes than it was announced with")
        self.open = False


def install(_second: str = "") -> None:
    """Do nothing: the reader is given all it needs."""


def _fed(sink, text: bytes, size: int) -> str:
    """Feed a stream; return the refusal, or nothing."""
    from collector.handover.unpacking import TarReader

    reader = TarReader(sink, len(text))
    try:
        for at in range(0, len(text), size or max(1, len(text))):
            reader.feed(text[at : at + (size or len(text))])
        reader.end()
    except CollectorError as error:
        assert str(error).isprintable() and error.hint.isprintable()
        return str(error)
    return ""


def judge(data: bytes) -> None:
    """Read one archive; raises `AssertionError` for what must not be."""
    flags, text = data[:2].ljust(2, b"\0"), data[2:]
    whole = Memory()
    refusal = _fed(whole, text, 0)
    assert not whole.wrong, whole.wrong
    assert sum(len(member[3]) for member in whole.members) <= len(text)
    size = PIECES[flags[0] % len(PIECES)]
    if size:
        pieces = Memory()
        assert _fed(pieces, text, size) == refusal, "in pieces it is another archive"
        assert pieces.members == whole.members
    if not refusal:
        taken(whole, text)
    if flags[1] & UNPACKED:
        unpacked(text, refusal)


def taken(memory: Memory, text: bytes) -> None:
    """Look that an archive that is taken is safe, and the same to a stock reader."""
    assert not memory.open
    tops = {member[0] for member in memory.members}
    names = [member[1] for member in memory.members]
    assert len(tops) <= 1
    assert len({name.casefold() for name in names}) == len(names)
    assert all(
        SAFE.fullmatch(f"{top}/{name}".rstrip("/")) and ".." not in name.split("/")
        for top, name, _, _ in memory.members
    )
    with tarfile.open(fileobj=io.BytesIO(text), mode="r:", errorlevel=2) as stock:
        for ours, theirs in zip(memory.members, stock, strict=True):
            top, name, size, data = ours
            assert (f"{top}/{name}".rstrip("/"), size < 0) == (theirs.name.rstrip("/"), theirs.isdir())
            if size >= 0:
                assert theirs.isreg()
                assert not theirs.issparse()
                file = stock.extractfile(theirs)
                assert file is not None
                assert file.read() == data


def unpacked(text: bytes, refusal: str) -> None:
    """Unpack for real: one new folder where it holds, nothing where it does not."""
    from collector.handover import opening

    place = bundles.room()
    out = place / "out"
    out.mkdir()
    try:
        folder = opening._Folder(out)
        try:
            again = _fed(folder, text, 0)
            if again:
                folder.remove()
            else:
                opened = folder.finished()
        except CollectorError as error:
            folder.remove()
            again = str(error)
            assert again.isprintable()
        assert again or not refusal
        left = sorted(os.listdir(out))
        assert left == ([] if again else [opened.path.name]), left
        assert os.listdir(place) == ["out"]
        for place, folders, files in os.walk(out):
            assert all(not os.path.islink(f"{place}/{name}") for name in folders)
            assert all(os.path.isfile(f"{place}/{name}") and not os.path.islink(f"{place}/{name}") for name in files)
    finally:
        shutil.rmtree(place)


# --- making and changing streams


def member(name: str, data: bytes | None, kind: bytes = b"") -> bytes:
    """Return the blocks of a member as any stock tar writes them; without data a folder."""
    raw = name.encode("utf-8", "surrogateescape")
    prefix = b""
    if len(raw) > 100 and b"/" in raw:
        prefix, _, raw = raw.partition(b"/")
    block = bytearray(BLOCK)
    block[0:100] = raw[:100].ljust(100, b"\0")
    block[100:124] = b"0000600\0" + b"0000000\0" * 2
    block[124:148] = b"%011o\0" % len(data or b"") + b"00000000000\0"
    block[156:157] = kind or (b"5" if data is None else b"0")
    block[257:265] = b"ustar\x0000"
    block[345:500] = prefix[:155].ljust(155, b"\0")
    return summed(bytes(block)) + (data or b"") + bytes(-len(data or b"") % BLOCK)


def summed(block: bytes) -> bytes:
    """Return a header with the checksum that fits it."""
    total = sum(block) - sum(block[148:156]) + 8 * 0x20
    return block[:148] + b"%06o\0 " % total + block[156:]


def records(pairs) -> bytes:
    """Return PAX records."""
    out = b""
    for key, value in pairs:
        rest = f" {key}={value}\n".encode()
        length = len(rest) + 1
        while len(str(length)) + len(rest) != length:
            length += 1
        out += str(length).encode() + rest
    return out


def archive_of(world: dict) -> bytes:
    """Return a bundle as an archive; manifest first."""
    files = {path: entry for path, entry in world.items() if isinstance(entry, bytes)}
    out = member(f"{TOP}/", None)
    folders = {path.partition("/")[0] for path in files if "/" in path}
    for path in sorted(files, key=lambda path: (path != "manifest.jsonl", path)):
        folder = path.partition("/")[0]
        if folder in folders:
            folders.remove(folder)
            out += member(f"{TOP}/{folder}/", None)
        out += member(f"{TOP}/{path}", files[path])
    return out + bytes(2 * BLOCK)


def parts_of(text: bytes) -> list[bytes]:
    """Cut a stream into members, as far as its headers tell where they end."""
    parts = []
    while len(text) >= BLOCK and text[:BLOCK] != bytes(BLOCK):
        digits = re.match(rb" *([0-7]{1,11})", text[124:136])
        size = int(digits[1], 8) if digits else 0
        end = BLOCK + size + -size % BLOCK
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text]


def seeds() -> Iterator[bytes]:
    """Yield the vectors as archives; some unpacked for real."""
    for number, vector in enumerate(vectors.all_vectors()):
        text = archive_of(bundles.as_bytes(vector))
        if len(text) < LONGEST:
            yield bytes([number % 8, number % 4 == 0]) + text
    yield b"\0\0" + member(f"{TOP}/manifest.jsonl", b"x", b"\0") + bytes(1024)
    long = member("PaxHeaders", records([("size", "1"), ("mtime", "1.5")]), b"x")
    yield b"\0\1" + long + member(f"{TOP}/manifest.jsonl", b"x") + bytes(1024)
    yield from (b"\3\1" + text for text in refused())


def refused() -> Iterator[bytes]:
    """Yield streams that are refused for one reason each: taken, each of them would break a promise."""
    one = member(f"{TOP}/manifest.jsonl", b"x")
    for name in (f"{TOP}/../x", "../manifest.jsonl", "\u202e", f"{TOP}/checkpoint/x"):
        yield member(name, b"x") + bytes(2 * BLOCK)
    yield one + one + bytes(2 * BLOCK)
    yield member("PaxHeaders", records([("path", f"{TOP}/checkpoint")]), b"x") + one + bytes(2 * BLOCK)
    odd = member(f"{TOP}/checkpoint", b"")
    yield one + summed(odd[:100] + b"0000008\0" + odd[108:]) + bytes(2 * BLOCK)
    yield one[: BLOCK + 1]


def mutator(inputs: list[bytes]):
    """Return a mutator over members, headers and PAX records, whose checksums mostly fit."""
    del inputs

    def changed(data: bytes, size: int, seed: int) -> bytes:
        chance = random.Random(seed)
        flags, parts = data[:2].ljust(2, b"\0"), parts_of(data[2:])
        if chance.random() < 0.2:
            flags = chance.randbytes(1) + bytes([chance.random() < 0.25])
        for _ in range(chance.choice((1, 1, 2, 3))):
            parts = changed_parts(chance, parts)
        return (flags + b"".join(parts))[:size]

    return changed


def changed_parts(chance, parts: list[bytes]) -> list[bytes]:
    """Change one thing of an archive."""
    parts = list(parts)
    at = chance.randrange(len(parts))
    match chance.randrange(10):
        case 0:
            del parts[at]
        case 1:
            parts.insert(at, chance.choice(parts))
        case 2:
            to = chance.randrange(len(parts))
            parts[at], parts[to] = parts[to], parts[at]
        case 3:
            parts.insert(
                at,
                member(
                    chance.choice(NAMES),
                    chance.choice((None, b"", b"x" * 600)),
                    chance.choice((b"", b"2", b"6", b"L", b"g")),
                ),
            )
        case 4:
            pairs = [chance.choice(PAX) for _ in range(1 + chance.randrange(2))]
            parts.insert(
                at,
                member(
                    "PaxHeaders",
                    changes.changed_bytes(chance, records(pairs)) if chance.randrange(4) == 0 else records(pairs),
                    b"x",
                ),
            )
        case 5:
            parts[at] = changes.changed_bytes(chance, parts[at], chance.choice(parts))
        case 6:
            parts.append(chance.choice((bytes(BLOCK), bytes(5 * BLOCK), b"x" * BLOCK, b"x")))
        case _:
            if len(parts[at]) >= BLOCK:
                parts[at] = changed_header(chance, parts[at])
    return parts or [b""]


def changed_header(chance, part: bytes) -> bytes:
    """Change a field of a header, or its name."""
    block, rest = part[:BLOCK], part[BLOCK:]
    if chance.randrange(3) == 0:
        name = chance.choice(NAMES).encode()[:100]
        block = name.ljust(100, b"\0") + block[100:]
    else:
        start, size = FIELDS[chance.choice(sorted(FIELDS))]
        value = chance.choice((*VALUES, *(bytes([kind]) for kind in b"012345678DKLMNSVXgx\0")))[:size]
        block = block[:start] + value.ljust(size, b"\0") + block[start + size :]
    return (summed(block) if chance.randrange(8) else block) + rest
