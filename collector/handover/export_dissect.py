"""`dissect`: the copied files as the tree they came from, which `target-query` opens as a folder or a zip.

    fs/$rootfs$/etc/passwd, fs/C/Users/…     each whole copy at its place on the host, in names of `export_tree`
    fs/$rootfs$/$metadata$/file-hashes.csv.gz     SHA-256 of every file that was hashed, for `-f acquire.hashes`
                                                  (Windows: fs/$metadata$, which dissect finds in no folder or zip)
    $others$/000047-artifacts.bin     copies that have no place: beginnings and ends, parts, strange or taken paths

dissect tells a Linux host by `etc`, `var` and `sys`, a Windows host by `Windows/System32`: these folders are there in
any case. Several bundles are a folder with one such tree for each host. Nothing is corrected: times are those of the
host's clock.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import unicodedata
from typing import TYPE_CHECKING

from collector import schema
from collector.handover.export_moments import from_number
from collector.handover.export_texts import cell
from collector.handover.export_tree import MAX_PATH, part
from collector.text import readable, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.handover.export_evidence import Evidence
    from collector.handover.export_tree import Tree
    from collector.inventory import Stored
    from collector.manifest import Record
    from collector.model import Json, Row

HASHED = ("recent-files", "artifacts", "executables")
"""Tables whose rows hold hashes of the host's own files."""
_ROOT = "fs/$rootfs$"
_ALWAYS = {
    "windows": ("fs/C/Windows/System32/config",),
    "mac": (f"{_ROOT}/Library",),
    "linux": tuple(f"{_ROOT}/{name}" for name in ("etc", "var", "sys")),
}
_METADATA = "$metadata$"
"""Folder of acquire's, whose files are no copies: none of the host's has this name, and nothing of it lies below."""
_HASHES = _METADATA + "/file-hashes.csv.gz"
_PARTIAL = frozenset({"cut", "partial", "head-and-tail", "zero-filled"})
_CUT_SUBJECT = "…"
_DRIVE = 3
_MAX_HASHED_PATH = 32_768
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MOST_BYTES = 1 << 63
"""dissect reads a size as a number of 64 bits."""


def write(evidence: Evidence, tree: Tree) -> None:
    """Lay out one host; raises what `Evidence` and the tree do."""
    _Layout(evidence, tree).write()


class _Layout:
    """The tree of one host."""

    def __init__(self, evidence: Evidence, tree: Tree) -> None:
        self._evidence = evidence
        self._tree = tree
        self._files = {f"{_ROOT}/{_METADATA}"}
        """Names that are taken, in the one spelling that a file system may tell apart; so are those of the folders."""
        self._folders = {one for names in _ALWAYS.values() for name in names for one in _and_above(name)}
        self._copies: list[tuple[str, str, int | None]] = []
        """Path in the bundle, name in the tree, time of last change."""

    def write(self) -> None:
        self._evidence.records(self._plan)
        system = self._system()
        for name in _ALWAYS[system]:
            self._tree.folder(name)
        self._hashes("fs" if system == "windows" else _ROOT)
        stored = self._evidence.bundle.inventory.stored
        for path, name, mtime_ns in self._copies:
            self._copy(stored[path], name, mtime_ns)

    def _system(self) -> str:
        """Return which system the host has, by its own word, else by its paths."""
        told = self._evidence.opening.get("host")
        name = cell(told.get("os"), 200)[0].lower() if isinstance(told, dict) else ""
        drives = any(name.startswith("fs/") and not name.startswith(_ROOT) for _, name, _ in self._copies)
        return "windows" if drives or "windows" in name else "mac" if "mac" in name else "linux"

    def _plan(self, record: Record) -> None:
        """Find the place of a copied file."""
        if record["type"] != "artifact" or record["kind"] != "file":
            return
        path, times, flags = str(record["path"]), record.get("source_times"), record["flags"]
        partial = bool(_PARTIAL.intersection(str(flag) for flag in flags)) if isinstance(flags, list) else True
        name = None if partial else _place(record.get("subject"))
        if name is None or not self._take(name):
            name = "$others$/" + path.rpartition("/")[2].removesuffix(".age")
        self._copies.append((path, name, from_number(times.get("mtime_ns")) if isinstance(times, dict) else None))

    def _take(self, name: str) -> bool:
        """Take a name, unless it is taken, or is a folder of another, or a file stands where its folder would."""
        *above, whole = _and_above(name)
        if whole in self._files or whole in self._folders or not self._files.isdisjoint(above):
            return False
        self._files.add(whole)
        self._folders.update(above)
        return True

    def _copy(self, stored: Stored, name: str, mtime_ns: int | None) -> None:
        with self._tree.file(name, mtime_ns) as take:
            self._evidence.content(stored, take, counted=True)
        self._evidence.tally.written += 1

    def _hashes(self, root: str) -> None:
        with self._tree.file(f"{root}/{_HASHES}", None) as take:
            packed = gzip.GzipFile(fileobj=_Writer(take), mode="wb", mtime=0)
            with packed, io.TextIOWrapper(packed, encoding="utf-8", newline="") as text:
                table = csv.writer(text)
                table.writerow(["path", "file-size", "md5", "sha1", "sha256"])
                for stored in self._evidence.tables():
                    if stored.kind in HASHED:
                        self._evidence.rows(stored, lambda row: self._hash(row, table.writerow))


    def _hash(self, row: Row, write: Callable[[list[str]], object]) -> None:
        """Tell the hash of a file; a row that has none says nothing, one that is none of ours is counted."""
        size, sha256, path = row.get("size"), row.get("sha256"), row.get("path")
        if sha256 is None or size is None:
            return
        fits = isinstance(sha256, str) and _SHA256.fullmatch(sha256) is not None and schema.is_text(path)
        if not fits or type(size) is not int or not 0 <= size < _MOST_BYTES:
            self._evidence.tally.left_out += 1
            return
        write([cell(path, _MAX_HASHED_PATH)[0], str(size), "", "", str(sha256)])


class _Writer:
    """A file that only writes."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take

    def write(self, data: bytes) -> int:
        """Hand on a copy: what comes in may be a view of a buffer."""
        self._take(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Have nothing to do."""


def _place(subject: Json) -> str | None:
    """Return where a host's path stands in the tree, none where it is no absolute path or too long."""
    if not schema.is_text(subject) or _CUT_SUBJECT in readable(subject):  # type: ignore[arg-type]  # is_text has looked
        return None
    try:
        raw = to_bytes(subject)  # type: ignore[arg-type]  # the same
    except UnicodeEncodeError:  # half a surrogate pair
        return None
    if raw.startswith(b"/"):
        root, rest = _ROOT, raw.split(b"/")[1:]
    elif raw[1:_DRIVE] == b":\\" and raw[:1].isalpha():
        root, rest = f"fs/{raw[:1].decode().upper()}", raw[_DRIVE:].split(b"\\")  # a slash in a part: `part` sees it
    else:
        return None
    parts = [part(one) for one in rest]
    if None in parts:
        return None
    name = "/".join([root, *map(str, parts)])
    return name if len(name.encode("utf-8")) <= MAX_PATH else None


def _and_above(name: str) -> list[str]:
    """Return the folders above a name and itself, spelled alike where some file system takes them for one.

    That is small and capital letters, and an accent that is a letter of its own or part of one.
    """
    alike = unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).upper().casefold())
    parts = alike.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
