"""Where the deliveries of one source go: rows into one JSONL artifact, each blob into its own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from collector import rows
from collector.errors import DiskFullError
from collector.model import Blob, Gap, Outcome
from collector.reading import BlobEnd, Chunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.bundle import Bundle
    from collector.ledger import ArtifactFile
    from collector.model import Row
    from collector.reading import Delivery


class OutputRun(Protocol):
    """What an output needs of its run."""

    bundle: Bundle

    def missed(self, source: str, gap: Gap) -> None:
        """Record a gap."""

    def counted(self, size: int) -> None:
        """Count bytes of artifacts."""

    def told(self, count: int) -> None:
        """Tell who looks on how many rows or files there are."""


@dataclass(slots=True)
class Output:
    """Where the deliveries of one source go: rows into one JSONL artifact, each blob into its own."""

    run: OutputRun
    source: str
    kind: str
    columns: Mapping[str, str]
    clear: bool = False
    """Whether everybody may read it, even where the bundle is encrypted."""
    count: int = 0
    """Rows and files written; a file that has a row counts once."""
    _rows: int = 0
    _file: ArtifactFile | None = None
    _blob: tuple[Blob, ArtifactFile] | None = None
    _gaps: int = 0
    _cut_rows: int = 0
    _told: float = 0.0

    def take(self, delivery: Delivery) -> None:
        """Write one delivery; raises `DiskFullError`, after which `full` records what fits."""
        if isinstance(delivery, Gap):
            self.missed(delivery)
        elif isinstance(delivery, list):
            self._table(delivery)
        elif isinstance(delivery, Blob):
            bundle = self.run.bundle
            self._blob = (delivery, bundle.artifact(delivery.kind, self.source, delivery.suffix, delivery.method))
        elif isinstance(delivery, Chunk) and self._blob is not None:
            self._write(self._blob[1], delivery.data)
        elif isinstance(delivery, BlobEnd):
            self._end_blob()
        if time.monotonic() - self._told > 0.1:  # noqa: PLR2004 - ten times a second is enough for an eye
            self._told = time.monotonic()
            self.run.told(self.count)

    def missed(self, gap: Gap) -> None:
        """Record a gap of this source."""
        self._gaps += 1
        self.run.missed(self.source, gap)

    def full(self) -> None:
        """Record that the folder of the bundle is full, and what fits of what is open."""
        self.missed(Gap(Outcome.OVER_LIMIT, "cut short: the folder of the bundle is full"))
        self.end()

    def end(self, *flags: str) -> None:
        """Record what is written; a source that ended with neither row nor gap is an empty artifact.

        Raises `DiskFullError` if that shows now; then it is recorded all the same.
        """
        full = None
        if self._blob is not None:
            try:
                self._end_blob("cut")
            except DiskFullError as error:  # the table is ended all the same: no intent stays open
                full = error
        if self._cut_rows:
            self.missed(Gap(Outcome.OVER_LIMIT, f"{self._cut_rows} rows were longer than 4 MiB and are cut"))
        if self._file is None and self.columns and not self._gaps and full is None:
            self._jsonl()
        if self._file is not None:
            file, self._file = self._file, None
            flags = (*flags, "row-cut") if self._cut_rows else flags
            self.run.bundle.finish(file, rows=self._rows, flags=flags)
        self.run.told(self.count)
        if full is not None:
            raise full

    def _end_blob(self, *flags: str) -> None:
        if self._blob is None:
            return
        (blob, file), self._blob = self._blob, None
        flags = (*blob.flags, *flags)
        try:
            self.run.bundle.finish(file, subject=blob.subject, source_times=blob.source_times, flags=flags)
        finally:
            if blob.row is None:
                self.count += 1
            else:
                self._table([_true(blob.row, file, flags)])
                if self._file is not None:
                    self._file.flush()  # what a row says of a file is not to be lost where the file is kept

    def _table(self, table: list[Row]) -> None:
        self._write(self._jsonl(), b"".join(self._line(row) for row in table))
        self._rows += len(table)
        self.count += len(table)

    def _jsonl(self) -> ArtifactFile:
        if self._file is None:
            self._file = self.run.bundle.artifact(
                self.kind, self.source, ".jsonl", "read through the system's interfaces", clear=self.clear
            )
            self._file.write(rows.header(self.kind, self.source, self.columns))
        return self._file

    def _line(self, row: Row) -> bytes:
        data, cut = rows.line(row)
        self._cut_rows += cut
        return data

    def _write(self, file: ArtifactFile, data: bytes) -> None:
        self.run.counted(len(data))
        file.write(data)


def _true(row: Row, file: ArtifactFile, flags: tuple[str, ...]) -> Row:
    """Return the row of a file as it became: what reads runs ahead of what writes, and a cut file holds less."""
    told: Row = {**row, "artifact": file.path, "flags": [*sorted(set(flags))]}
    if "cut" in flags or file.cut:
        told["sha256"] = None
        told["flags"] = [*sorted({*flags, "cut"})]
    return told
