"""Fuzzes the strict reader in memory: bytes to lines, records, fields, chain, inventory, phases and clock steps.

An input is one byte of flags and a file: bit 0 says custody, bit 1 that a checkpoint names the last line, and the bits
from 2 on the size of some pieces in which the file is read a second time. What must hold for any input:

* no exception comes out; a line is a record or has its finding;
* the same bytes in other pieces are the same chain;
* a line that is taken is taken by stock `json` with the same value, and spelled by it with the same bytes;
* with no finding the chain is what hashlib and stock `json` say of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import zlib
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import changes
import vectors

from collector import chainfile, disk, layout, manifest, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECES = (0, 0, 0, 0, 1, 2, 7, 1000)
"""Sizes of the pieces; at 0 the input is read once only."""
CUTS = 6
CUSTODY, NAMES_LAST = 1, 2
LONGEST = 3000
"""Longest input that the fuzzer makes: a manifest of five records; longer ones are slower and reach nothing else."""

_STOCK = json.JSONEncoder(separators=(",", ":"))
_decode = manifest.decode
_memory: list[bytes] = []


def _compared(line: bytes) -> manifest.Record:
    record = _decode(line)
    if json.loads(line) != record or _STOCK.encode(record).encode() != line:
        raise AssertionError("stock json reads or spells this line otherwise")
    _within(record, 1)
    return record


def _within(value: object, depth: int) -> None:
    """Raise for what SPEC 3 has no place for: floats, large numbers, lone surrogates, more than eight levels."""
    if isinstance(value, dict | list):
        assert depth <= 8
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            _within(item, depth + 1)
    elif isinstance(value, str):
        value.encode("utf-8")
    else:
        assert value is None or (isinstance(value, int) and 0 <= value < 2**53)


def install(_second: str = "") -> None:
    """Let the reader of files read from memory, and look at every line that is taken."""
    manifest.decode = _compared
    nothing = os.open(os.devnull, os.O_RDONLY)
    disk.open_regular = lambda _path: os.dup(nothing)
    disk.chunks = lambda _fd: map(memoryview, _memory)


def _read(flags: int, text: bytes, size: int) -> chainfile.ChainFile:
    start = zlib.crc32(text) % (len(text) + 1) if size else 0
    cuts = [0, *range(start, min(len(text), start + CUTS * size), size or 1), len(text)]
    _memory[:] = [text[at:to] for at, to in pairwise(cuts) if at < to]
    custody = bool(flags & CUSTODY)
    last = text.rsplit(b"\n", 2)[-2] if flags & NAMES_LAST and text.count(b"\n") > 1 else b""
    return chainfile.read_chain(
        Path("memory"),
        folder=layout.ATTACHMENTS if custody else layout.ARTIFACTS,
        tables=schema.CUSTODY if custody else schema.MANIFEST,
        sid=changes.w.SID if custody else "",
        last=hashlib.sha256(last).hexdigest() if last else None,
    )


def judge(data: bytes) -> None:
    """Read one input; raises `AssertionError` for what must not be, and whatever else comes out."""
    flags, text = (data[0] if data else 0), data[1:]
    chain = _read(flags, text, 0)
    size = PIECES[flags >> 2 & 7]
    if size and len(text) > size:
        other = _read(flags, text, size)
        different = [
            f.name for f in fields(chain) if f.name != "torn" and getattr(chain, f.name) != getattr(other, f.name)
        ]
        torn = (chain.torn.length, chain.torn.start) == (other.torn.length, other.torn.start)
        assert not different and torn, f"read in pieces of {size} it is another chain: {different}"
    lines, tail = changes.cut(text)
    head = chain.head
    assert (head.records, head.length, chain.torn.length) == (len(lines), len(text), len(tail))
    assert head.sha256 == hashlib.sha256(text).hexdigest()
    if not chain.problems:
        before = changes.w.ZERO
        for number, line in enumerate(lines):
            record = json.loads(line)
            assert (record["seq"], record["prev"], record["v"]) == (number, before, 1)
            assert len(line) <= manifest.MAX_LINE
            before = hashlib.sha256(line).hexdigest()
    assert all(0 < problem.line <= len(lines) + 1 and problem.detail.isprintable() for problem in chain.problems)


def seeds() -> Iterator[bytes]:
    """Yield inputs from the vectors: each chain, each chain as one with recipients, and each line that differs."""
    seen: set[bytes] = set()
    for vector in vectors.all_vectors():
        for name, flag in ((layout.MANIFEST, 0), (layout.CUSTODY, CUSTODY)):
            entry = vector.world.get(name)
            is_file = isinstance(entry, list) or (isinstance(entry, dict) and "base64" in entry)
            text = vectors.content(entry) if is_file else b""
            lines = changes.cut(text)[0]
            hidden = b"".join(line + b"\n" for line in changes.relinked(changes.encrypted(lines)))
            for made in (text, hidden, *(line + b"\n" for line in lines)):
                if made not in seen and len(made) < LONGEST:
                    seen.add(made)
                    yield bytes([flag | NAMES_LAST | len(seen) % 8 << 2]) + made


def mutator(inputs: list[bytes]):
    """Return a mutator: bytes, lines and fields, and then, mostly, the chain made to fit.

    It works without `atheris.Mutate`, which in 3.0 can't be called once there is a mutator of one's own.
    """
    pool = [line for data in inputs for line in data[1:].split(b"\n") if line]

    def changed(data: bytes, size: int, seed: int) -> bytes:
        chance = random.Random(seed)
        flags, text = data[:1] or b"\0", data[1:]
        if chance.random() < 0.1:
            flags = chance.randbytes(1)
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            text = _changed(chance, text, pool)
        made = flags + text
        return made[:size]

    return changed


def _changed(chance: random.Random, text: bytes, pool: list[bytes]) -> bytes:
    which = chance.randrange(8)
    if which < 2:
        return changes.changed_bytes(chance, text, chance.choice(pool))
    lines, tail = changes.cut(text)
    if which == 2:
        lines = changes.changed_lines(chance, lines, pool)
    elif which == 3 and lines:
        at = chance.randrange(len(lines))
        lines[at] = changes.changed_bytes(chance, lines[at], chance.choice(pool)).replace(b"\n", b"")
    else:
        lines = changes.changed_field(chance, lines, pool)
    if chance.random() < 0.7:
        lines = changes.relinked(lines)
    return b"".join(line + b"\n" for line in lines) + tail
