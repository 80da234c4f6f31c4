"""An open chain and the files that its records announce: written once, recorded last.

The write order of docs/SPEC.md section 7 is here and nowhere else: whatever the instant at
which the process or the machine stops, what lies in the folder verifies as far as it goes.
A bundle is one such chain (`collector.bundle`), custody another (`collector.custody`).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector import age, countersign, disk, layout, seal
from collector.errors import CollectorError, DiskFullError, RefusedError, WriteError
from collector.manifest import MAX_RECORDS, ManifestWriter, decode
from collector.model import Gap, Outcome
from collector.text import readable
from collector.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from collector.inventory import Inventory
    from collector.manifest import Chain, Record
    from collector.model import Clock, Json
    from collector.schema import Tables
    from collector.text import Text

GROUP_FILES = 64
"""Artifacts that may share one sync once the volatile phase is over (SPEC 7.3) …"""
GROUP_SECONDS = 1.0
"""… and the longest that the first of them may wait for it."""
MAX_SUBJECT = 2500
"""Longest subject of a record in characters: 20 bytes each at most (text and hex), so that it fits a line …"""
MAX_HIDDEN = 1500
"""… and where it is encrypted, which makes three bytes four."""
_FULL = "the folder of the bundle is full: what room is left is for its seal"
_BUFFER = 256 * 1024
_DRIP_SECONDS = 2.0
"""A long artifact is synced this often while it grows, so that lost power costs seconds of it."""


@dataclass(slots=True)
class ArtifactFile:
    """An artifact being written: hashed as the bytes go out, under a temporary name."""

    path: str
    kind: str
    source: str
    method: str
    started: str
    part: Path
    fd: int
    is_full: Callable[[], bool]
    """Whether the reserve is being spent: what room is left is for records and the seal."""
    encryption: age.Encryption | None = None
    taken: int = 0
    """Bytes of content taken; encrypted, more of them are stored."""
    size: int = 0
    lines: int = 0
    """Whole lines of a table written so far."""
    cut: bool = False
    _sum: hashlib._Hash = field(default_factory=hashlib.sha256)
    _waiting: list[bytes] = field(default_factory=list)
    _waiting_bytes: int = 0
    _synced: float = field(default_factory=time.monotonic)

    def write(self, data: bytes) -> None:
        """Add bytes; raises `DiskFullError` or `WriteError`, and then takes no more."""
        if not data:  # whoever reads had nothing to say
            return
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        self.taken += len(data)
        if self._waiting_bytes >= _BUFFER:
            self.flush()
            if time.monotonic() - self._synced > _DRIP_SECONDS:
                disk.sync(self.fd)
                self._synced = time.monotonic()

    def flush(self, *, last: bool = False) -> None:
        """Hand what is buffered to the system; what could not be written is dropped and `cut` says so."""
        data = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        if self.cut:
            return
        try:
            if self.is_full():
                raise DiskFullError(_FULL)
            if self.encryption is not None:
                data = self.encryption.end(data) if last else self.encryption.feed(data)
            disk.write_all(self.fd, data, counted=self._count)
        except CollectorError:
            self.cut = True
            if self.encryption is not None:
                self.encryption.drop()
            raise

    def _count(self, written: bytes) -> None:
        self.size += len(written)
        if self.path.endswith(".jsonl"):
            self.lines += written.count(b"\n")
        self._sum.update(written)

    def sha256(self) -> str:
        """Return the hash of the bytes written so far."""
        return self._sum.hexdigest()

    def content_sha256(self) -> str | None:
        """Return the hash of the content of an encrypted file, or `None` where not all of it is stored."""
        return None if self.encryption is None or self.cut else self.encryption.content_sha256()


class ChainFileOnDisk:
    """The file of an open chain: takes whole lines, spends the reserve when the disk is full."""

    def __init__(self, fd: int, reserve: Path) -> None:
        self.fd = fd
        self._reserve = reserve
        self.is_spent = False
        """Whether the reserve was given up: nothing but records and the seal may be written then."""
        self._broken = False

    def write_all(self, data: bytes) -> None:
        """Append every byte or raise `DiskFullError` or `WriteError`, and then take back the part that was written.

        Another line may follow once there is room; where the part can't be taken back, none is taken any more.
        """
        if self._broken:
            raise WriteError("a line that was cut short stands at the end of the chain")
        start = os.lseek(self.fd, 0, os.SEEK_CUR)
        try:
            disk.write_all(self.fd, data, self.make_room)
        except CollectorError:
            self._broken = True
            with contextlib.suppress(OSError):  # then it stays broken, and what lies there is a torn tail
                os.ftruncate(self.fd, start)
                os.lseek(self.fd, start, os.SEEK_SET)
                self._broken = False
            raise

    def make_room(self) -> bool:
        """Give up the reserve; `False` if it is gone already."""
        try:
            disk.remove(self._reserve)
        except OSError:
            return False
        self.is_spent = True
        return True


class Ledger:
    """An open chain, written by this process alone; its files stand in one folder of the bundle."""

    def __init__(
        self,
        path: Path,
        fd: int,
        chain: Chain,
        inventory: Inventory,
        clock: Clock,
        tables: Tables,
        recipients: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.recipients = recipients
        """Who can read what is private; empty: everybody (SPEC 11)."""
        self.clock = clock
        self.inventory = inventory
        self.grouped = False
        """Whether artifacts may share a sync; off while the volatile phase lasts."""
        self._file = ChainFileOnDisk(fd, path / layout.RESERVE)
        self._writer = ManifestWriter(self._file, chain, tables)
        self._tables = tables
        self._group: list[tuple[ArtifactFile, Record]] = []
        self._group_since = 0.0
        self._looked = 0.0

    @property
    def sid(self) -> str:
        """The bundle's own random identity."""
        return self._writer.chain.sid

    @property
    def records(self) -> int:
        """Records so far."""
        return self._writer.chain.records

    def append(self, kind: str, fields: Record, *, synced: bool = True) -> Record:
        """Add a record and, unless told otherwise, bring it onto the medium."""
        if self.records >= MAX_RECORDS - 1:
            raise DiskFullError("a manifest takes no more records")
        record = self._writer.append(kind, self.clock.now(), self._veiled(kind, fields))
        self.inventory.add(record)
        if synced:
            disk.sync(self._file.fd)
        return record

    def append_countersigned(self, fields: Record, sign: Callable[[bytes], bytes]) -> None:
        """Add a `receipt` and the `signature` under it; `sign` makes an SSHSIG blob of a message.

        Whatever `sign` raises comes out, as does what the disk refuses to take, and then nothing was added; raises
        `RefusedError` if what was made does not hold. Where only the last sync fails, both are added and not yet safe.
        """
        _, line = self._writer.drafted("receipt", self.clock.now(), fields)
        ahead = self._writer.chain.longer(line)
        message = seal.checkpoint_text(ahead.head())
        blob = sign(message)
        key = countersign.key_of(blob)
        if key is None or not countersign.holds(message, blob, key):
            raise RefusedError("what the key made is no signature that holds", hint="try another key, or another form")
        signature: Record = {"key": key, "signature": base64.b64encode(blob).decode("ascii")}
        _, under = ManifestWriter(self._file, ahead, self._tables).drafted("signature", self.clock.now(), signature)
        self._writer.write(line, under)  # together: a full disk must not leave a receipt that nobody signed
        for one in (line, under):
            self.inventory.add(decode(one))
        disk.sync(self._file.fd)

    def _veiled(self, kind: str, fields: Record) -> Record:
        """Return the fields with the private ones encrypted, if there are recipients (SPEC 11, clause 1)."""
        names = self._tables.private(kind)
        if not self.recipients or not names:
            return fields
        private = {name: fields[name] for name in names}
        if kind == "artifact":
            private["content_sha256"] = fields.get("content_sha256")
        clear = {name: value for name, value in fields.items() if name not in private}
        return {**clear, "private": age.hidden(private, self.recipients)}

    def _fitting(self, text: Text | None) -> Json:
        return fitting(text, MAX_HIDDEN if self.recipients else MAX_SUBJECT)

    def gap(self, source: str, gap: Gap, path: str | None = None) -> None:
        """Record what could not be had; `path` is that of the intent that it ends, if one was made."""
        fields: Record = {
            "source": source,
            "outcome": gap.outcome.value,
            "path": path,
            "subject": self._fitting(gap.subject),
            "reason": self._fitting(gap.reason),
        }
        self.append("gap", fields, synced=not self.grouped)

    def artifact(self, kind: str, source: str, suffix: str, method: str, *, clear: bool = False) -> ArtifactFile:
        """Announce an artifact and open its file; raises `DiskFullError` or `WriteError`.

        It is encrypted to the recipients, if there are any, unless it is `clear` by its kind (SPEC 10.3).
        """
        if self._file.is_spent:
            raise DiskFullError(_FULL)
        encryption = age.Encryption(self.recipients) if self.recipients and not clear else None
        suffix += "" if encryption is None else age.SUFFIX
        path = f"{self.inventory.folder}/{self.records:06d}-{source}{suffix}"
        self.append("intent", {"path": path, "kind": kind, "source": source}, synced=not self.grouped)
        part = self.path / (path + layout.PART)
        started = utc_text(self.clock.now().utc_ns)
        try:
            fd = self._create(part)
        except DiskFullError:
            self.gap(source, Gap(Outcome.OVER_LIMIT, "the folder of the bundle is full"), path)  # ends the intent
            raise
        return ArtifactFile(path, kind, source, method, started, part, fd, lambda: self._file.is_spent, encryption)

    def _create(self, part: Path) -> int:
        try:
            return disk.create(part)
        except WriteError:
            if not self._group:
                raise
        self.commit()  # the system may give us few open files, and a group holds many
        return disk.create(part)

    def finish(
        self,
        file: ArtifactFile,
        *,
        rows: int | None = None,
        subject: Text | None = None,
        source_times: Mapping[str, str] | None = None,
        flags: tuple[str, ...] = (),
    ) -> None:
        """Record an artifact that is written; on a full disk what fits of it, flagged `cut`.

        Raises `DiskFullError` after that if nobody was told yet.
        """
        full = None
        try:
            file.flush(last=True)
        except DiskFullError as error:
            full = error
        if file.cut:
            flags = (*flags, "cut")
            rows = None if rows is None or file.encryption is not None else max(0, file.lines - 1)
        empty = not file.cut and (file.taken == 0 if rows is None else rows == 0)
        fields: Record = {
            "path": file.path,
            "kind": file.kind,
            "source": file.source,
            "subject": self._fitting(subject),
            "method": file.method,
            "outcome": (Outcome.EMPTY if empty else Outcome.COLLECTED).value,
            "started": file.started,
            "ended": utc_text(self.clock.now().utc_ns),
            "size": file.size,
            "sha256": file.sha256(),
            "rows": rows,
            "source_times": None if source_times is None else ordered(dict(source_times)),
            "flags": [*sorted(set(flags))],
        }
        if self.recipients:
            fields["content_sha256"] = file.content_sha256()
        if not self._group:
            self._group_since = time.monotonic()
        self._group.append((file, fields))
        if not self.grouped or len(self._group) >= GROUP_FILES or self.is_due():
            self.commit()
        if full is not None:
            raise full

    def abandon(self, file: ArtifactFile, gap: Gap) -> None:
        """Give the room of an artifact back that could not be written (`cut`); the gap ends its intent."""
        os.close(file.fd)
        disk.remove(file.part)
        self.gap(file.source, gap, file.path)

    def is_due(self) -> bool:
        """Tell whether the oldest grouped artifact has waited for its sync long enough."""
        return bool(self._group) and time.monotonic() - self._group_since >= GROUP_SECONDS

    def commit(self) -> None:
        """Sync what is grouped and only then record it: files, intents, names, folder, records (SPEC 7.2, 7.3)."""
        group, self._group = self._group, []
        if not group:
            disk.sync(self._file.fd)
            return
        with contextlib.ExitStack() as closing:  # also those behind one whose sync fails
            for file, _ in group:
                closing.callback(os.close, file.fd)
            for file, _ in group:
                disk.sync(file.fd)
        disk.sync(self._file.fd)
        disk.rename(*((file.part, self.path / file.path) for file, _ in group))
        disk.sync_folder(self.path / self.inventory.folder)
        for _, fields in group:
            self.append("artifact", fields, synced=False)
        disk.sync(self._file.fd)

    def check_there(self) -> None:
        """Raise `WriteError` if the chain's file is gone from the folder; looks once a second at most."""
        now = time.monotonic()
        if now - self._looked < 1:
            return
        self._looked = now
        name = layout.MANIFEST if self.inventory.folder == layout.ARTIFACTS else layout.CUSTODY
        if not os.path.lexists(self.path / name):
            raise WriteError("the folder of the bundle is gone", hint="plug the stick in again and start a new run")

    def end_here(self) -> None:
        """Cut what lies behind the last record (a torn tail that it has taken in) and sync."""
        try:
            end = os.lseek(self._file.fd, 0, os.SEEK_CUR)
            if os.fstat(self._file.fd).st_size > end:  # some drivers refuse a cut that cuts nothing
                os.ftruncate(self._file.fd, end)
        except OSError as error:
            raise disk.translated(error) from error
        disk.sync(self._file.fd)

    def release(self) -> None:
        """Close the chain's file; nothing more is added by this object."""
        os.close(self._file.fd)


def ordered(value: Json) -> Json:
    """Return a free object with its keys ascending at every level (SPEC 3.5)."""
    if isinstance(value, dict):
        if list(value) == ["text", "hex"]:
            return value
        return {name: ordered(value[name]) for name in sorted(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def fitting(text: Text | None, limit: int) -> Json:
    """Return a text as JSON; one that no line could hold (a path thousands of folders deep) loses its middle."""
    shown = readable(text)
    if len(shown) <= limit:
        return as_json(text)
    return f"{shown[: limit // 2 - 1]}\N{HORIZONTAL ELLIPSIS}{shown[-limit // 2 :]}"


def as_json(text: Text | None) -> Json:
    """Return a text as the JSON value it already is."""
    return text  # type: ignore[return-value]  # dict is invariant; a Text is JSON
