"""Reads a chain (manifest or custody) from its file, in bounded memory, whatever stands in it."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector import countersign, disk, schema, seal
from collector.clocks import step_between
from collector.errors import ManifestFormatError
from collector.inventory import Inventory
from collector.manifest import MAX_LINE, ChainReader, Head, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from collector.manifest import Record
    from collector.schema import Tables
    from collector.text import Text

TORN_KEPT = 16 * 1024
"""Bytes of a torn tail that a `resume` record keeps; length and hash are of the whole."""
MAX_TAIL = 1 << 30
"""Bytes without a line end after which a file is not read on."""
_MAX_STEPS = 20


@dataclass(slots=True)
class TornTail:
    """What lies after the last LF: a record that was being written, or padding of lost power."""

    length: int = 0
    start: bytes = b""
    _sum: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, data: bytes) -> None:
        """Take the next bytes in."""
        self.length += len(data)
        self.start = (self.start + data)[: MAX_LINE + 1]
        self._sum.update(data)

    def as_record(self) -> Record | None:
        """Return the `torn` field of a `resume` record."""
        if not self.length:
            return None
        text = base64.b64encode(self.start[:TORN_KEPT]).decode("ascii")
        return {"length": self.length, "sha256": self._sum.hexdigest(), "base64": text}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt whose countersignature holds: `key` signed the custody chain up to `line`."""

    key: str
    to: Text
    utc: str
    line: int


@dataclass(slots=True)
class ChainFile:
    """A chain as it was read: `problems` in the order of lines, empty if it holds."""

    inventory: Inventory
    problems: list[Problem]
    head: Head
    """The file as it lies: `length` and `sha256` are of every byte of it, a torn tail included."""
    torn: TornTail
    first_line: bytes | None
    clock_steps: list[str]
    last_record: Record | None
    first: str
    """What its first line must name: zeros, or the hash of the checkpoint."""
    receipts: list[Receipt] = field(default_factory=list)
    """The countersigned receipts that hold (SPEC 10.2), in order."""


def read_chain(
    path: Path,
    *,
    folder: str,
    tables: Tables = schema.MANIFEST,
    sid: str = "",
    first: str = schema.ZERO_HASH,
    last: str | None = None,
    seen: Callable[[Record], None] | None = None,
    encrypted: bool | None = None,
) -> ChainFile:
    """Read a whole chain; raises `OSError` if the file can't be opened or read.

    `last` is the hash that a checkpoint names for the last line, if there is one. Every
    record that can be read is shown to `seen`. `encrypted` tells it of a custody chain; a manifest
    tells it itself. Where nothing tells it, each record is taken in either form.
    """
    reader = ChainReader(sid, first, tables, encrypted=encrypted)
    chain = ChainFile(Inventory(folder), reader.problems, reader.chain.head(), TornTail(), None, [], None, first)
    splitter = _Splitter(path)
    for line in splitter.lines():
        before = reader.chain.head() if b'"type":"phase"' in line or b'"type":"signature"' in line else None
        if chain.first_line is None:
            chain.first_line = line
        record = reader.feed(line)
        if record is not None:
            _take(chain, reader, record, before)
            if seen is not None:
                seen(record)
    chain.torn = splitter.torn
    reader.end(last)
    if splitter.endless:
        reader.problems.append(Problem(reader.chain.records + 1, "BAD_RECORD", "the line does not end within 1 GiB"))
    sums = reader.chain
    chain.head = Head(sums.sid, sums.records, splitter.length, splitter.sum.hexdigest(), sums.last)
    return chain


@dataclass(slots=True)
class _Splitter:
    """Cuts a file into lines in one pass and sums up every byte of it."""

    path: Path
    length: int = 0
    sum: hashlib._Hash = field(default_factory=hashlib.sha256)
    torn: TornTail = field(default_factory=TornTail)
    endless: bool = False
    """Whether reading stopped at `MAX_TAIL` bytes without a line end."""

    def lines(self) -> Iterator[bytes]:
        """Yield each line without LF; one over the limit loses what lies in its middle, and stays over it."""
        fd = disk.open_regular(self.path)
        try:
            for view in disk.chunks(fd):
                chunk = bytes(view)
                self.length += len(chunk)
                self.sum.update(chunk)
                *lines, tail = chunk.split(b"\n")
                for line in lines:
                    yield self.torn.start + line
                    self.torn = TornTail()
                self.torn.add(tail)
                if self.torn.length > MAX_TAIL:  # no record and no padding of a crash: it may be endless
                    self.endless = True
                    return
        finally:
            os.close(fd)


def _take(chain: ChainFile, reader: ChainReader, record: Record, before: Head | None) -> None:
    if reader.broken:  # after a break the rules between records prove nothing; its files are still looked at
        chain.inventory.add_unproven(record)
        return
    try:
        chain.inventory.add(record)
    except ManifestFormatError as error:
        reader.refuse(error.code, str(error))
        chain.inventory.add_unproven(record)
        return
    if before is not None and record["type"] == "phase":
        _check_phase(chain, reader, record, before)
    if before is not None and record["type"] == "signature":
        _check_countersignature(chain, reader, record, before)
    if chain.last_record is not None and len(chain.clock_steps) < _MAX_STEPS:
        step = step_between(chain.last_record, record)
        if step is not None:
            chain.clock_steps.append(step)
    chain.last_record = record


def _check_phase(chain: ChainFile, reader: ChainReader, record: Record, before: Head) -> None:
    blob = base64.b64decode(str(record["signature"]))
    message = seal.checkpoint_text(before)
    if record["code"] != seal.code(bytes.fromhex(before.last)):
        reader.refuse("SCHEMA", "the code of this phase is not that of the line before it")
    elif not seal.is_signed(message, blob, chain.inventory.keys[-1], seal.PHASE_NAMESPACE):
        reader.refuse("SIGNATURE_INVALID", "the run's key did not sign the lines before this phase")


def _check_countersignature(chain: ChainFile, reader: ChainReader, record: Record, before: Head) -> None:
    blob, key = base64.b64decode(str(record["signature"])), str(record["key"])
    receipt = chain.last_record  # the inventory has seen that it is one
    if receipt is None or not countersign.holds(seal.checkpoint_text(before), blob, key):
        reader.refuse("RECEIPT_INVALID", "the key that it names did not sign the custody records before it")
        return
    to: Text = receipt["to"]  # type: ignore[assignment]  # the table has seen that it is a text
    chain.receipts.append(Receipt(key, to, str(receipt["utc"]), reader.chain.records - 1))
