r"""`bodyfile`: the four times of every file, for mactime and plaso (The Sleuth Kit, body file 3.x).

    MD5|name|inode|mode_as_string|UID|GID|size|atime|mtime|ctime|crtime

Times are whole seconds since 1970 UTC, cut down, 0 where there is none. MD5 is 0: we make SHA-256, which the other
exports hold. A name is one line of eleven fields whatever the host called its file: `|` is written `\x7c`, control
characters and bytes that are no UTF-8 `\xNN` and so on, a backslash `\x5c` (plaso takes `\\x0a` for a line feed); paths
of Windows get slashes, as fls writes them. An owner that is no number (Windows) stays empty. Where several hosts are in
one file, each name begins with its host in brackets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import schema
from collector.handover.export_moments import SECOND, from_number, from_utc
from collector.handover.export_texts import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.handover.export_evidence import Evidence
    from collector.handover.export_output import NewFile
    from collector.manifest import Record
    from collector.model import Json, Row

KINDS = ("recent-files", "artifacts", "executables", "ransom")
"""Tables whose rows are files with times."""
TIMES = ("atime_ns", "mtime_ns", "ctime_ns", "btime_ns")
"""In the order of the format; crtime is the birth."""
GROUPS = ("encrypted", "extension", "family")
"""Rows of `ransom` that are of many files: their times are those of none."""
TABLED = ("artifacts", "ransom")
"""Sources whose copies stand in their own table, times and all."""
_LETTERS = {
    "file": "r", "folder": "d", "symlink": "l", "fifo": "p", "socket": "s", "block": "b", "char": "c",
    "junction": "l", "reparse": "l",
}  # fmt: skip
"""The letters of fls for the types of our rows."""
MAX_NAME = 65_536
"""Characters of a name; a path of Windows has 32,767 at most."""
_MAX_NUMBER = 20


def write(evidence: Sequence[Evidence], out: NewFile) -> None:
    """Write the files of all bundles, each host in the order of its bundle."""
    for one in evidence:
        _Body(one, out, f"[{_name(one.host)}]" if len(evidence) > 1 else "").write()


def is_file(kind: str, row: Row) -> bool:
    """Tell whether a row is one file's, told for the first time, so that its times are that file's."""
    if kind == "ransom" and row.get("what") in GROUPS:
        return False
    return row.get("path") is not None and row.get("outcome") != "again"


class _Body:
    """The entries of one bundle."""

    def __init__(self, evidence: Evidence, out: NewFile, prefix: str) -> None:
        self._evidence = evidence
        self._out = out
        self._prefix = prefix
        self._shift = (evidence.correction_s or 0) * SECOND

    def write(self) -> None:
        evidence = self._evidence
        self._mark()
        evidence.records(self._copy)
        for stored in evidence.tables():
            if stored.kind in KINDS:
                kind = stored.kind
                evidence.rows(stored, lambda row, kind=kind: self._row(kind, row))  # type: ignore[misc]

    def _mark(self) -> None:
        """Say in the file itself, which has no room for remarks, what a reader must know of this bundle."""
        evidence = self._evidence
        began = from_utc(evidence.opening["utc"]) or 0
        marks = []
        if evidence.incomplete:
            marks.append(f"INCOMPLETE: bundle {evidence.sid} was never closed")
        if self._shift:
            marks.append(f"CLOCK: {evidence.correction_s} seconds were added to every time of this host")
        for mark in marks:
            self._entry(f"(collect) {mark}", {"mtime_ns": str(began)}, "r/r---------")

    def _copy(self, record: Record) -> None:
        """Take a copied file that stands in no table: its record has its times."""
        times = record.get("source_times")
        if record["type"] != "artifact" or record["source"] in TABLED or not isinstance(times, dict):
            return
        if record.get("subject") is not None:
            self._entry(_path(record["subject"]), {**times, "size": None}, "r/r---------")

    def _row(self, kind: str, row: Row) -> None:
        if not is_file(kind, row) or all(row.get(name) is None for name in TIMES):
            return
        letter = _LETTERS.get(str(row.get("type")), "r")
        name = _path(row["path"])
        if letter == "l" and row.get("target") is not None:
            name += " -> " + _path(row["target"])
        self._entry(name, row, f"{letter}/{letter}{_mode(row.get('mode'))}")

    def _entry(self, name: str, row: Row, mode: str) -> None:
        if len(name) > MAX_NAME:
            name = name[: MAX_NAME - 1] + "…"
            self._evidence.tally.cut += 1
        times = [self._seconds(row.get(column)) for column in TIMES]
        fields = [
            "0", self._prefix + name, _digits(row.get("inode")) or "0", mode,
            _digits(row.get("owner")), _digits(row.get("group")), _digits(row.get("size")) or "0", *times,
        ]  # fmt: skip
        self._out.write(("|".join(fields) + "\n").encode("utf-8"))
        self._evidence.tally.written += 1

    def _seconds(self, value: Json) -> str:
        found = from_number(value)
        if found is None and value is not None:
            self._evidence.tally.undated += 1
        return str((found + self._shift) // SECOND) if found else "0"


def _path(value: Json) -> str:
    r"""Return a path as fls would write it: `C:/Users` for `C:\Users`, and a backslash of POSIX escaped."""
    if isinstance(value, dict) and schema.is_text(value):
        raw = bytes.fromhex(str(value["hex"])[: 8 * (MAX_NAME + 1)])  # a character has four bytes at most
        told = raw.replace(b"\\", b"/" if _is_windows(str(value["text"])) else b"\\x5c")
        return _name(told.decode("utf-8", "backslashreplace"))
    text = (value if isinstance(value, str) else str(value))[: MAX_NAME + 1]  # `_entry` sees that it was longer
    return _name(text.replace("\\", "/" if _is_windows(text) else "\\x5c"))


def _is_windows(path: str) -> bool:
    return path[1:3] == ":\\" or path.startswith("\\\\")


def _name(text: str) -> str:
    return escaped(text).replace("|", "\\x7c")


def _digits(value: Json) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = str(value)
    return text if text.isascii() and text.isdecimal() and len(text) <= _MAX_NUMBER else ""


def _mode(value: Json) -> str:
    """Return `rwxr-xr-x` for permissions in octal, nine hyphens where there are none."""
    text = value if isinstance(value, str) else ""
    if not text or len(text) > 7 or text.strip("01234567"):  # noqa: PLR2004 - 0100755
        return "-" * 9
    bits = int(text, 8) & 0o7777
    letters = [letter if bits & 1 << (8 - place) else "-" for place, letter in enumerate("rwxrwxrwx")]
    for bit, place, plain, alone in ((0o4000, 2, "s", "S"), (0o2000, 5, "s", "S"), (0o1000, 8, "t", "T")):
        if bits & bit:
            letters[place] = plain if letters[place] == "x" else alone
    return "".join(letters)
