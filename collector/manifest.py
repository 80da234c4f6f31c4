"""The manifest: one record a line, each naming the hash of the line before it.

This is the heart. It opens nothing and looks at no clock: it takes a stream, a moment and
fields, and it takes lines back. The chain is over the bytes that lie there; a line is
hashed first, then read, then required to be spelled the one accepted way. The numbers in
comments are clauses of docs/SPEC.md.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeAlias

from collector import schema
from collector.errors import LimitError, ManifestFormatError
from collector.model import MAX_SAFE_INTEGER
from collector.times import local_text, utc_text

if TYPE_CHECKING:
    from collector.model import Json, Moment
    from collector.schema import Tables

Record: TypeAlias = "dict[str, Json]"

FORMAT = "evidence-collector/v1"
MAX_LINE = 64 * 1024
"""3.1: longest line in bytes, without LF; a reader needs no more memory than this."""
MAX_DEPTH = 8
"""3.1: deepest nesting of objects and lists."""
MAX_RECORDS = 1_000_000_000
"""3.1: `seq` has at most nine digits."""
MAX_PROBLEMS = 10_000
"""Problems that a reader keeps: the first ones tell, and a manifest of garbage must not fill memory."""


class Appendable(Protocol):
    """Where lines go."""

    def write_all(self, data: bytes) -> None:
        """Append every byte or raise; never a short write."""


_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":"))


def encode(record: Record) -> bytes:
    """Return the one accepted spelling of a record, without LF (3.2)."""
    return _ENCODER.encode(record).encode("ascii")


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is not an integer")


def _integer(text: str) -> int:
    value = int(text) if len(text) <= len(str(MAX_SAFE_INTEGER)) else -1
    if not 0 <= value <= MAX_SAFE_INTEGER:
        raise ValueError("integer out of bounds")
    return value


_DECODER = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number, parse_int=_integer)


def decode(line: bytes) -> Record:
    """Return the record of a line without LF; raises `ManifestFormatError` BAD_RECORD.

    Python's own leniencies are shut here: duplicate keys, white space and other escapes do
    not survive the comparison of spellings; floats, NaN, bounds and depth are looked at.
    """
    if len(line) > MAX_LINE:
        raise ManifestFormatError("BAD_RECORD", "the line is longer than 64 KiB")
    if not line.isascii():
        raise ManifestFormatError("BAD_RECORD", "the line is not ASCII")
    try:
        record = _DECODER.decode(line.decode("ascii"))
        if not isinstance(record, dict):
            raise ManifestFormatError("BAD_RECORD", "the line is not a JSON object")
        if b"\\ud" in line or line.count(b"{") + line.count(b"[") > MAX_DEPTH:  # else neither can be wrong
            _bounded(record, 1)
        spelled = encode(record)
    except (ValueError, RecursionError) as error:
        raise ManifestFormatError("BAD_RECORD", "the line is not JSON as this format takes it") from error
    if spelled != line:
        raise ManifestFormatError("BAD_RECORD", "the line is not in the one accepted spelling")
    return record


def _bounded(value: Json, depth: int) -> None:
    """Raise `ValueError` for what is nested too deeply or not made of Unicode characters."""
    if isinstance(value, str):
        value.encode("utf-8")  # a lone surrogate is no character (UnicodeEncodeError is a ValueError)
    elif isinstance(value, (dict, list)):
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            _bounded(item, depth + 1)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands: what a checkpoint says of it (4.1)."""

    sid: str
    records: int
    length: int
    sha256: str
    last: str


@dataclass(slots=True)
class Chain:
    """The running sums over the lines so far; the same for whoever writes and whoever reads."""

    sid: str
    first: str = schema.ZERO_HASH
    """What the first line names as `prev`: zeros in a manifest, sha256(checkpoint) in custody."""
    records: int = 0
    length: int = 0
    last: str = field(init=False)
    """Hash of the last line; before there is one, `first`."""
    _sum: hashlib._Hash = field(default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        self.last = self.first

    def add(self, line: bytes) -> None:
        """Count a line (without LF) in."""
        self.records += 1
        self.length += len(line) + 1
        self.last = hashlib.sha256(line).hexdigest()
        self._sum.update(line + b"\n")

    def head(self) -> Head:
        """Return where the chain stands now."""
        return Head(self.sid, self.records, self.length, self._sum.hexdigest(), self.last)

    def longer(self, line: bytes) -> Chain:
        """Return the chain as it would be after one more line."""
        longer = Chain(self.sid, self.first, self.records, self.length, self._sum.copy())
        longer.add(line)
        return longer


class ManifestWriter:
    """Appends records to a stream; every line is complete or an exception tells that it is not."""

    def __init__(self, out: Appendable, chain: Chain, tables: Tables = schema.MANIFEST) -> None:
        self._out = out
        self._tables = tables
        self.chain = chain

    def append(self, kind: str, moment: Moment, fields: Record) -> Record:
        """Write one record and return it; raises what `drafted` raises, before anything is written."""
        record, line = self.drafted(kind, moment, fields)
        self.write(line)
        return record

    def write(self, *lines: bytes) -> None:
        """Write lines that were drafted last, all in one piece, nothing else having been written since."""
        self._out.write_all(b"".join(line + b"\n" for line in lines))
        for line in lines:
            self.chain.add(line)

    def drafted(self, kind: str, moment: Moment, fields: Record) -> tuple[Record, bytes]:
        """Return the record that would come next, and its line without LF.

        Raises `LimitError` if the line would be too long, and `ValueError` if `fields` are
        not those of the table: that is a mistake of ours.
        """
        record: Record = {
            "v": 1,
            "sid": self.chain.sid,
            "seq": self.chain.records,
            "type": kind,
            "prev": self.chain.last,
            "utc": utc_text(moment.utc_ns),
            "local": local_text(moment.utc_ns, moment.offset_s),
            "mono_ns": str(moment.mono_ns),
            "boot_ns": str(moment.boot_ns),
            "boot_id": moment.boot_id,
            **fields,
        }
        line = encode(record)
        if len(line) > MAX_LINE:
            raise LimitError(f"a record of type {kind} would be {len(line)} bytes long; 65536 are allowed")
        try:
            schema.check(decode(line), self._tables, encrypted="private" in record)
        except ManifestFormatError as error:
            raise ValueError(f"our own record is wrong: {error}: {line[:2000]!r}") from error
        return record, line


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line: `line` counts from 1, `code` is a finding code."""

    line: int
    code: str
    detail: str


def _not_named(line: int, by: str) -> str:
    return f"line {line} is not the line that {by} names"


class ChainReader:
    """Reads lines and tells what is wrong with each; goes on after a break (docs/SPEC.md, 8, step 2).

    A line is changed if the next one (or, for the last, the checkpoint) does not name its
    hash. So a break is held back for one line: if the next line breaks too, it is the line
    between them whose `prev` was changed, not the line before.
    """

    def __init__(
        self,
        sid: str = "",
        first: str = schema.ZERO_HASH,
        tables: Tables = schema.MANIFEST,
        *,
        encrypted: bool | None = None,
    ) -> None:
        self.chain = Chain(sid, first)
        self.problems: list[Problem] = []
        self.encrypted = encrypted
        self._tables = tables
        self._held: tuple[int, str] | None = None
        self._unread = False
        self._shift = 0  # how far the numbers have moved: one removed line moves all that follow
        self._strangers: set[str] = set()

    def feed(self, line: bytes) -> Record | None:
        """Take the next line without LF; return its record if it is one, whatever the chain says."""
        number = self.chain.records + 1
        record = self._read(line, number)
        if record is not None:
            self._link(record, number)
        self._unread = record is None
        self.chain.add(line)
        return record

    @property
    def broken(self) -> bool:
        """Whether anything so far was wrong; what follows is listed and proves nothing."""
        return bool(self.problems) or self._held is not None

    def refuse(self, code: str, detail: str) -> None:
        """Report what a rule between records says of the line that was fed last."""
        self._add(Problem(self.chain.records, code, detail))

    def _add(self, problem: Problem) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)

    def _read(self, line: bytes, number: int) -> Record | None:
        try:
            record = decode(line)
            encrypted = "private" in record if self.encrypted is None else self.encrypted
            is_first = number == 1 and record.get("type") == "open"
            if is_first:
                encrypted = bool(record.get("recipients"))
            schema.check(record, self._tables, encrypted=encrypted)
            if is_first:
                self.encrypted = encrypted
        except ManifestFormatError as error:
            self._let_go()
            self._add(Problem(number, error.code, str(error)))
            return None
        return record

    def _link(self, record: Record, number: int) -> None:
        sid, seq = str(record["sid"]), record["seq"]
        if not self.chain.sid:
            self.chain.sid = sid
        fault = None
        shift, self._shift = self._shift, int(str(seq)) - self.chain.records
        if self._shift not in (0, shift):
            fault = Problem(number, "CHAIN_BREAK", f"record {seq} stands in the place of record {self.chain.records}")
        elif record["prev"] != self.chain.last:
            if self._held is not None:
                self._held = None
                fault = Problem(number - 1, "CHAIN_BREAK", _not_named(number - 1, f"line {number}"))
            elif not self._unread:  # an unreadable line has its own finding already
                what = _not_named(number - 1, f"line {number}") if number > 1 else "the first line names a wrong hash"
                self._held = number, what
                return
        elif sid != self.chain.sid and sid not in self._strangers and len(self._strangers) < MAX_PROBLEMS:
            self._strangers.add(sid)
            fault = Problem(number, "CHAIN_BREAK", "the line belongs to another bundle (sid)")
        self._let_go()
        if fault is not None:
            self._add(fault)

    def _let_go(self) -> None:
        """Report a break that the line after it did not explain: it is the line before that changed."""
        if self._held is not None:
            number, what = self._held
            self._add(Problem(max(1, number - 1), "CHAIN_BREAK", what))
            self._held = None

    def end(self, last: str | None) -> None:
        """Say that no line follows; `last` is the hash that the checkpoint names for the last line."""
        if self._held is not None and last is not None and last != self.chain.last:
            number, _ = self._held
            self._held = None
            self._add(Problem(number, "CHAIN_BREAK", _not_named(number, "the checkpoint")))
        self._let_go()
