"""Reads a verified bundle for an export: records and rows, decrypted where needed, pushed one by one.

Everything is read once more after the verification, so every byte is held against its record a second time: a file
that was changed in between is ALTERED, and the export that was begun is thrown away. What a bundle's own maker broke
(a row that is no JSON, a line longer than the format has, a record that no key reads) is counted and told, not
refused: the rest is evidence. Memory is bounded by one line.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pyrage

from collector import age, disk, layout, schema, seal
from collector.chainfile import read_chain
from collector.contents import mismatch, unreadable
from collector.errors import AlteredError, MalformedError, RefusedError, UsageError
from collector.findings import Verdict
from collector.handover.behind import apart
from collector.handover.pouring import Lines, Sink, Source
from collector.inventory import recipients_of
from collector.text import from_native, printable
from collector.verify import altered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyrage.x25519 import Identity

    from collector.chainfile import ChainFile
    from collector.inventory import Stored
    from collector.manifest import Record
    from collector.model import Row
    from collector.verify import VerifiedBundle

HOST_NAME = 60
"""Characters of a host's own name that tell it apart in an export."""
_SID = 8
_MOST_FOLDER = 200
_TABLE = (".jsonl", ".jsonl" + age.SUFFIX)
_AGAIN = "keep the bundle as it is and tell the expert; nothing was exported"


@dataclass(slots=True)
class Tally:
    """What became of what was read, for one bundle."""

    written: int = 0
    """Lines that the export holds of it: events, entries, rows."""
    unread_rows: int = 0
    """Rows that are no JSON object, or longer than the format has."""
    unread_files: int = 0
    """Tables and copies that end inside their encryption, or whose encryption is none."""
    mismatched_files: int = 0
    """Files that hold something else than their record says (`content_sha256`, SPEC 11)."""
    unread_records: int = 0
    """Records whose private fields this key does not read; what stands in the clear was used."""
    malformed_records: int = 0
    """Records whose private part the key opens, and it is not of its form (SPEC 11); used as those that it does not."""
    undated: int = 0
    """Times that are no date between the years 1 and 9999: they are in the bundle alone."""
    cut: int = 0
    """Texts that were too long for the format and end in an ellipsis."""
    neutralised: int = 0
    """Cells that a spreadsheet would have taken for a formula."""
    left_out: int = 0
    """Events or indicators that this format does not take: too many, too long, or telling of a patient."""


@dataclass(slots=True)
class Evidence:
    """One verified bundle, open for reading with the keys that were given."""

    bundle: VerifiedBundle
    identities: Sequence[Identity]
    opening: Record
    """The first record, in the clear."""
    host: str
    """What tells the host apart from the others of the same export; printable."""
    tally: Tally = field(default_factory=Tally)
    _missed: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By chain that was read: unread and malformed records, however often it is read."""
    _contents: dict[str, str | None] = field(default_factory=dict)
    """By path of a stored file: SHA-256 of what it holds in the clear, as its record says where a key reads that."""
    _unread: set[str] = field(default_factory=set)
    _mismatched: set[str] = field(default_factory=set)
    """Paths of files that were read, however often."""

    @property
    def sid(self) -> str:
        """Return the bundle's own number."""
        return str(self.opening["sid"])

    @property
    def verdict(self) -> str:
        """Return what the verification came to; INCOMPLETE marks what is exported."""
        return self.bundle.report.verdict.value

    @property
    def incomplete(self) -> bool:
        """Tell whether it was never closed, or something that was added after is unfinished."""
        return self.bundle.report.verdict is Verdict.INCOMPLETE

    @property
    def encrypted(self) -> bool:
        """Tell whether its files are age files."""
        return bool(recipients_of(self.opening))

    @property
    def timezone(self) -> str:
        """Return the host's time zone as the host gave it; printable."""
        zone = _clock(self.opening).get("timezone")
        return printable(zone, HOST_NAME) if schema.is_text(zone) else ""  # type: ignore[arg-type]

    @property
    def correction_s(self) -> int | None:
        """Return the seconds that bring the host's clock to the operator's watch; none: nobody compared them."""
        found = _clock(self.opening).get("watch_offset")
        if isinstance(found, bool) or not isinstance(found, int | str):
            return None
        text = str(found)
        return int(text) if text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 12 else None  # noqa: PLR2004 - digits of 3,000 years

    def tables(self) -> list[Stored]:
        """Return the artifacts that are tables, in their order."""
        return [stored for stored in self.bundle.inventory.stored.values() if stored.path.endswith(_TABLE)]

    def records(self, take: Callable[[Record], None]) -> None:
        """Give each record of the manifest, in the clear; raises `AlteredError` where it is not what was verified."""
        chain = self._chain(layout.MANIFEST, layout.ARTIFACTS, take)
        checkpoint = self.bundle.checkpoint
        held = chain.head.records == self.bundle.report.records and not chain.problems
        if not held or (checkpoint is not None and seal.checkpoint_text(chain.head) != checkpoint):
            raise _changed(layout.MANIFEST)

    def custody(self, take: Callable[[Record], None]) -> None:
        """Give each custody record, in the clear; raises `AlteredError` where it is not what was verified."""
        known, checkpoint = self.bundle.custody, self.bundle.checkpoint
        if known is None or checkpoint is None:
            return
        first = hashlib.sha256(checkpoint).hexdigest()
        chain = self._chain(layout.CUSTODY, layout.ATTACHMENTS, take, first=first)
        if chain.problems or chain.head != known.head:
            raise _changed(layout.CUSTODY)

    def header(self, stored: Stored) -> Row:
        """Return the first line of a table, empty where it is no row: kind, and columns with their meaning.

        It is not held against its record: only `rows`, which reads to the end, tells whether the table is as verified.
        """
        found: list[Row] = []

        def first(row: Row, number: int) -> None:
            if number == 1:
                found.append(row)
            raise _Enough

        with contextlib.suppress(_Enough):
            self._lines(stored, first, counted=False)
        return found[0] if found else {}

    def rows(self, stored: Stored, take: Callable[[Row], None]) -> None:
        """Give each row of a table, its header left out; raises `AlteredError` where it is not what was verified."""

        def row(one: Row, number: int) -> None:
            if number > 1:  # a first line that can't be read is the header all the same
                take(one)

        self._lines(stored, row, counted=True)

    def _chain(self, name: str, folder: str, take: Callable[[Record], None], first: str = "") -> ChainFile:
        unread = malformed = 0
        tables = schema.CUSTODY if first else schema.MANIFEST

        def clear(record: Record) -> None:
            nonlocal unread, malformed
            try:
                record = age.revealed(record, self.identities, tables)
            except MalformedError:
                malformed += 1
            except RefusedError:
                unread += 1
            if record["type"] == "artifact":
                content = record.get("content_sha256")
                self._contents[str(record["path"])] = str(content) if schema.is_hash(content) else None
            take(record)

        read = partial(read_chain, self.bundle.path / name, folder=folder, tables=tables, seen=clear)
        try:
            chain = read(sid=self.sid, first=first, encrypted=self.encrypted) if first else read()
        except OSError as error:
            raise unreadable(error) from error
        self._missed[name] = unread, malformed
        self.tally.unread_records, self.tally.malformed_records = map(sum, zip(*self._missed.values(), strict=True))
        return chain

    def content(self, stored: Stored, take: Callable[[bytes], object], *, counted: bool = False) -> bool:
        """Give a stored file's bytes in the clear, piece by piece; tell whether they came to their end, and are right.

        They are not where their hash is another than the record says (`content_sha256`): that is always counted, and
        with `counted` also a file that ends before its end. Raises `AlteredError` where the file is not what was
        verified; what was given then is worth nothing.
        """
        recorded = self._recorded(stored)
        try:
            fd = disk.open_regular(self.bundle.path / stored.path)
        except OSError as error:
            raise unreadable(error) from error
        sink = Sink(take, summed=recorded is not None)
        source = Source(fd)
        try:
            whole = self._poured(stored, source, sink)
            source.drain()
        except OSError as error:
            raise unreadable(error) from error
        finally:
            os.close(fd)
        if (source.size, source.sum.hexdigest()) != (stored.size, stored.sha256):
            raise altered(mismatch(stored, layout.MANIFEST), _AGAIN)
        if whole and sink.sum is not None and sink.sum.hexdigest() != recorded:
            self._mismatched.add(stored.path)
        elif counted and not whole:
            self._unread.add(stored.path)
        self.tally.unread_files, self.tally.mismatched_files = len(self._unread), len(self._mismatched)
        return whole and stored.path not in self._mismatched

    def content_sha256(self, record: Record) -> str | None:
        """Return the hash of what the stored file of an artifact's record holds, as the record says, once it is held.

        `None` where the record says none, or where the file holds something else or can't be read to its end: counted.
        """
        said = record.get("content_sha256")
        if not isinstance(said, str):
            return None
        path, custody = str(record["path"]), self.bundle.custody
        stored = self.bundle.inventory.stored.get(path)
        if stored is None and custody is not None:
            stored = custody.inventory.stored.get(path)
        return said if stored is not None and self.content(stored, lambda _piece: None, counted=True) else None

    def is_mismatched(self, stored: Stored) -> bool:
        """Tell whether a file that was read holds something else than its record says."""
        return stored.path in self._mismatched

    def _recorded(self, stored: Stored) -> str | None:
        """Return what a record says that a stored file holds; its chain is read where it was not yet."""
        if self.encrypted and stored.path not in self._contents:
            (self.custody if stored.path.startswith(layout.ATTACHMENTS) else self.records)(lambda _record: None)
        return self._contents.get(stored.path)

    def _lines(self, stored: Stored, take: Callable[[Row, int], None], *, counted: bool) -> None:
        lines = Lines(take)
        if self.content(stored, lines.feed, counted=counted) or self.is_mismatched(stored):
            lines.end()
        if counted:
            self.tally.unread_rows += lines.bad

    def _poured(self, stored: Stored, source: Source, sink: Sink) -> bool:
        """Pour a file into a sink, decrypted where it is an age file; tell whether that went to its end."""
        if not stored.path.endswith(age.SUFFIX):
            while data := source.read(disk.CHUNK):
                sink.write(data)
            return True
        try:
            apart(lambda: pyrage.decrypt_io(source, sink, list(self.identities)), source.fail)
        except BaseException as error:
            failed = sink.failed or source.failed
            if failed is not None:
                raise failed from None
            if isinstance(error, pyrage.DecryptError | OSError):
                return False
            raise
        return True


def opened(bundle: VerifiedBundle, identities: Sequence[Identity]) -> Evidence:
    """Return the evidence of a bundle; raises `UsageError` without a key, `RefusedError` with another one.

    `RefusedError` also where the private part of its first record is malformed: that no other key would mend.
    """
    opening, folder = bundle.inventory.opening, _folder(bundle)
    if opening is None:
        said = "there is nothing to export"
        raise RefusedError(f"the bundle ends before it says where it comes from: {folder}", hint=said)
    if recipients_of(opening) and not identities:
        hint = "give the key of one of its readers with --identity: the expert's, or the practice's, which is on paper"
        raise UsageError(f"the bundle is encrypted: {folder}", hint=hint)
    try:
        clear = age.revealed(opening, identities)
    except MalformedError as error:
        raise RefusedError(f"the encrypted part of the first record is malformed: {folder}", hint=error.hint) from error
    except RefusedError as error:
        raise RefusedError(f"this key does not read the bundle: {folder}", hint=error.hint) from error
    told = clear.get("host")
    name = told.get("hostname") if isinstance(told, dict) else None
    host = printable(name, HOST_NAME) if schema.is_text(name) else ""  # type: ignore[arg-type]
    return Evidence(bundle, identities, clear, host or "unknown")


def told_apart(evidence: Sequence[Evidence]) -> None:
    """Give hosts of one name different ones; raises `UsageError` for bundles of two cases, or one bundle twice."""
    first = evidence[0]
    for one in evidence:
        if one.opening["case"] != first.opening["case"]:
            here, there = _folder(first.bundle), _folder(one.bundle)
            hint = "export each case into a file of its own"
            raise UsageError(f"these bundles are of different cases: {here}, {there}", hint=hint)
    seen: dict[str, Evidence] = {}
    for one in evidence:
        other = seen.setdefault(one.sid, one)
        if other is not one:
            here, there = _folder(other.bundle), _folder(one.bundle)
            raise UsageError(f"the same bundle is given twice: {here}, {there}", hint="name each bundle once")
    names = [one.host for one in evidence]
    for one in evidence:
        if names.count(one.host) > 1:
            one.host = f"{one.host}~{one.sid[:_SID]}"
    if len({one.host for one in evidence}) < len(evidence):  # only where somebody wants them confused
        for one in evidence:
            one.host = one.sid


def _folder(bundle: VerifiedBundle) -> str:
    """Return the folder of a bundle as an error tells it."""
    return printable(from_native(str(bundle.path)), _MOST_FOLDER)


def _clock(opening: Record) -> Record:
    clock = opening.get("clock")
    return clock if isinstance(clock, dict) else {}


def _changed(name: str) -> AlteredError:
    return AlteredError(f"{name} changed while it was exported", hint=_AGAIN)


class _Enough(Exception):  # noqa: N818 - no error: what was looked for is found
    """The first line is all that is wanted."""
