"""Compares the files of a bundle with what its records say: steps 1 and 6 to 8 of docs/SPEC.md section 8."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector import disk, layout, seal
from collector.errors import NotABundleError, WriteError
from collector.findings import Code, Finding, Findings, Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from collector.inventory import Inventory, Stored

SMALL = 1 << 20
"""Longest README, key or signature file that is read: ours are under 8 KiB, and 150 bytes for each resume."""
_SUM_LINE = 64 + 2 + 1
"""Bytes of a line of SHA256SUMS beside its path."""
_SLACK = 1 << 16
"""Bytes by which SHA256SUMS may be too long and is still compared line by line."""
MAX_EXTRA = 200
"""Extra files that are named one by one; a folder of millions is told by their number."""

_ROOT = frozenset({*layout.SEALED_FILES, layout.SUMS, layout.CUSTODY, *layout.FOLDERS})
_UNSEALED = frozenset({layout.RESERVE, *(name + layout.PART for name in (*layout.SEALED_FILES, layout.SUMS))})


def contents_of(path: Path, *, hashed: bool) -> Contents:
    """Return the contents of a bundle's folder, not looked at yet; raises `NotABundleError` for another folder."""
    try:
        if any(disk.stands(path / name) for name in (layout.MANIFEST, layout.CHECKPOINT, layout.SUMS)):
            return Contents(path, hashed=hashed)
    except WriteError as error:  # no verdict over a bundle that nobody can look at
        raise unreadable(error.__cause__) from error
    except OSError as error:
        raise unreadable(error) from error
    raise NotABundleError(
        "this folder is no bundle: it holds no manifest.jsonl",
        hint="give the folder that `collect --case` named at its end",
    )


def unreadable(cause: BaseException | None) -> NotABundleError:
    """Return what is said of a folder that can't be read, or not any more."""
    number = (cause.errno if isinstance(cause, OSError) else None) or errno.EIO
    hint = "plug the stick in again and try again"
    if number in (errno.EACCES, errno.EPERM):
        hint = "take the rights to read it, or copy the bundle to where you may read it, and try again"
    return NotABundleError(f"this folder can't be read: {os.strerror(number)}", hint=hint)


@dataclass(slots=True)
class Contents:
    """The names in a bundle's folder, `True` where it is a regular file; any method may raise `OSError`."""

    path: Path
    found: Findings = field(default_factory=Findings)
    names: dict[str, bool] = field(default_factory=dict)
    hashed: bool = True
    """Whether step 6 hashes each file; else it looks at kind and length only, and whoever asked hashes."""
    manifest_sha256: str = ""
    """Hash of the manifest as it lies, once it was read."""
    _unlisted: frozenset[str] = frozenset()
    _was: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        self._was = self._identity()

    def look(self) -> None:
        """(1) The folder holds regular files only, under the format's names."""
        unlisted = {}
        for folder in (*layout.FOLDERS, ""):  # the root last: who adds to custody makes its file before the folder
            if folder and not self._is_folder(folder):
                continue
            try:
                self._list(folder)
            except OSError as error:
                detail = f"the folder can't be listed: {os.strerror(error.errno or 0)}"
                unlisted[folder] = detail
        self._unlisted = frozenset(unlisted)
        for name in sorted({*(_ROOT & self.names.keys()), *unlisted}):
            if name in unlisted:
                self.found.add("MISSING", name or ".", unlisted[name])
            elif name in layout.FOLDERS and not self._is_folder(name):
                self.found.add("NOT_A_REGULAR_FILE", name, "something else stands in the place of this folder")
            elif name not in layout.FOLDERS and not self.names[name]:
                self._not_regular(name)

    def _is_folder(self, name: str) -> bool:
        return self._kind(name) == stat.S_IFDIR

    def _kind(self, name: str) -> int:
        """Return the type of an entry, 0 where none stands; raises `OSError`."""
        try:
            return disk.kind(self.path / name)
        except FileNotFoundError:
            return 0

    def _list(self, folder: str) -> None:
        with os.scandir(self.path / folder) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                self.names[name] = entry.is_file(follow_symlinks=False)

    def _came(self, path: str) -> bool:
        """Tell whether a file stands there that was added since the folder was listed, and take it in."""
        folder = path.partition("/")[0]
        if path not in self.names and self._is_folder(folder) and (kind := self._kind(path)):
            self.names[path] = kind == stat.S_IFREG
        return path in self.names

    def is_there(self) -> bool:
        """Tell whether the folder is still the one that was looked at first: a stick may have been pulled out."""
        return self._identity() == self._was

    def _identity(self) -> tuple[int, int]:
        told = self.path.stat()
        return told.st_dev, told.st_ino

    def _not_regular(self, name: str) -> None:
        self.found.add("NOT_A_REGULAR_FILE", name, "a link, folder or device stands in the place of a file")

    def small(self, name: str, limit: int = SMALL) -> bytes | None:
        """Return a small file's bytes, or `None` after having reported why not."""
        try:
            return disk.read_regular(self.path / name, limit)
        except OSError as error:
            self._unreadable(name, error)
            return None

    def peek(self, name: str) -> bytes | None:
        """Return a small file's bytes, or `None`; why not is told by `small`, in the step whose it is."""
        try:
            return disk.read_regular(self.path / name, SMALL)
        except OSError:
            return None

    def _unreadable(self, name: str, error: OSError) -> None:
        if self.names.get(name) is False:
            if name not in _ROOT:  # those of the root are reported by `look`
                self._not_regular(name)
        elif error.errno == errno.ENOENT:
            self.found.add("MISSING", name, "it is recorded and not there")
        elif error.errno == errno.EFBIG:
            code = "SUMS_MISMATCH" if name == layout.SUMS else "CONTENT_MISMATCH"
            self.found.add(code, name, "it is far longer than it may be")
        else:
            self.found.add("MISSING", name, f"it can't be read: {os.strerror(error.errno or 0)}")

    def stored(self, files: Iterable[Stored], chain: str = layout.MANIFEST) -> None:
        """(6) Every artifact has the size and the hash of its record."""
        for stored in files:
            if stored.path.partition("/")[0] in self._unlisted:
                continue  # told once, of the folder
            if stored.partial:
                detail = "what was written of it when the run was cut short"
                self.found.add("PARTIAL", stored.path, detail, Level.INFORMATION)
            try:
                if not self._came(stored.path):  # nothing is looked for through a folder that is a link
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
                place = f"{self.path}{os.sep}{stored.path.replace('/', os.sep)}"  # Windows knows no other behind `?`
                size, sha256 = disk.digest(place, stored.size) if self.hashed else (disk.length(place), stored.sha256)
                if size != stored.size:
                    detail = f"it is {size} bytes long; {stored.size} are recorded"
                    self.found.add("CONTENT_MISMATCH", stored.path, detail)
                elif sha256 != stored.sha256:
                    self.found.take(mismatch(stored, chain))
            except OSError as error:
                self._unreadable(stored.path, error)

    def spelled(self, inventory: Inventory, sid: str, texts: dict[str, bytes], *, sealed: bool) -> None:
        """(7) The other sealed files have their one spelling; `texts` are checkpoint and manifest hashes' sources."""
        opening = inventory.opening
        hashes = dict(texts)
        if opening is not None:
            hashes[layout.README] = str(opening["readme_sha256"]).encode("ascii")
            readme = self.small(layout.README)
            if readme is not None and hashlib.sha256(readme).hexdigest() != opening["readme_sha256"]:
                self.found.add("CONTENT_MISMATCH", layout.README, "it is not the text that the first record names")
        if not sealed or not inventory.keys:
            return
        expected = {
            layout.RUN_KEY: (inventory.keys[-1] + "\n").encode("ascii"),
            layout.SIGNERS: seal.allowed_signers(sid, inventory.keys),
        }
        for name, text in expected.items():
            hashes[name] = hashlib.sha256(text).hexdigest().encode("ascii")
            lies = self.small(name)
            if lies is not None and lies != text:
                self.found.add("CONTENT_MISMATCH", name, "it is not in the one spelling that the records give it")
        self._sums(inventory, hashes)

    def _sums(self, inventory: Inventory, hashes: dict[str, bytes]) -> None:
        files = {path: stored.sha256 for path, stored in inventory.stored.items()}
        files |= dict.fromkeys(inventory.pending, "")  # the line that should record them has its finding
        files |= dict.fromkeys(layout.SEALED_FILES, "")
        longest = sum(len(path) + _SUM_LINE for path in files)
        lies = self.small(layout.SUMS, 2 * longest + _SLACK)
        if lies is None:
            return
        listed = dict(_sum_lines(lies))
        files = {path: sha256 or listed.get(path, "") for path, sha256 in files.items()}
        for name in layout.SEALED_FILES:
            actual = self._hash(name)
            # A file that was changed has its own finding; here it is enough that SHA256SUMS names what was sealed.
            sealed = hashes.get(name, b"").decode("ascii", "ignore")  # a checkpoint may say anything
            files[name] = listed[name] if listed.get(name) in (actual, sealed) else (sealed or actual)
            if not files[name]:  # missing, which has its finding, and nothing else tells its hash
                files[name] = listed.get(name, "")
        known = [(path, sha256) for path, sha256 in files.items() if sha256 and sha256.isascii()]
        text = seal.sums_text(known)  # what is no hash stands in the list alone, and there is told
        if text != lies:
            wrong = sorted(set(_sum_lines(text)) ^ set(_sum_lines(lies)))
            where = f"{layout.SUMS}: {_shown(wrong[0][0])}" if wrong and wrong[0][0] else layout.SUMS
            self.found.add("SUMS_MISMATCH", where, "it is not the list of the sealed files in its one spelling")

    def _hash(self, name: str) -> str:
        """Return the hash of a small file, or nothing; one that is long is no sealed text and may be endless."""
        if name == layout.MANIFEST:
            return self.manifest_sha256
        try:
            return hashlib.sha256(disk.read_regular(self.path / name, SMALL)).hexdigest()
        except OSError:
            return ""  # reported where the file itself is looked at

    def _digest(self, name: str) -> tuple[int, str]:
        try:
            return disk.digest(self.path / name)
        except OSError:
            return 0, ""

    def extras(self, inventory: Inventory, attachments: Inventory | None, *, sealed: bool) -> None:
        """(8) No other file stands in the folder."""
        known = _ROOT | inventory.stored.keys()
        # Announced and never recorded: in a sealed bundle that has its own finding, that of the line that is wrong.
        legal = {*inventory.pending} if sealed else {*_UNSEALED, *_unfinished(inventory)}
        if attachments is not None:
            known |= attachments.stored.keys()
            legal |= _unfinished(attachments)
        torn = () if sealed else ("", layout.ARTIFACTS)
        if attachments is not None and attachments.pending:
            torn = (*torn, layout.ATTACHMENTS)
        gone = {(s.size, s.sha256): s.path for s in inventory.stored.values() if s.path not in self.names}
        extra, starts = 0, layout.by_start(known)
        for name in sorted(self.names.keys() - known, key=os.fsencode):
            folder, _, rest = name.rpartition("/")
            lost = folder == layout.ARTIFACTS and layout.is_part_name(name)  # lost power took its intent
            may_stand = name in legal or (not sealed and lost) or (folder in torn and layout.is_torn_name(name))
            if folder != layout.ARTIFACTS and layout.is_litter(rest) and self.names[name]:
                self.found.add("LITTER", _shown(name), "left by a file manager", Level.INFORMATION)
            elif may_stand and not self.names[name]:
                self._not_regular(name)
            elif may_stand or not self._kind(name):
                pass  # told with its intent, its intent was lost with the power, or it has its other name by now
            elif self._is_old_name(name, known, starts):
                left = "the name that the file beside it had before: power was lost inside the renaming"
                self.found.add("LITTER", _shown(name), left, Level.INFORMATION)
            else:
                extra += 1
                if extra <= MAX_EXTRA:
                    self._extra(name, gone)
        if extra > MAX_EXTRA:
            self.found.add("EXTRA_FILE", ".", f"{extra - MAX_EXTRA} more files that no record names")

    def _is_old_name(self, name: str, known: AbstractSet[str], starts: Mapping[str, list[str]]) -> bool:
        if layout.is_torn_name(name):
            wholes = starts.get(layout.start_of(name), [])
        else:
            wholes = [*({name.removesuffix(layout.PART)} & known - {name})]
        try:
            there = [self.path / whole for whole in sorted(wholes) if self.names.get(whole)]
            return self.names[name] and any(disk.begins(self.path / name, whole) for whole in there)
        except OSError:
            return False

    def _extra(self, name: str, gone: dict[tuple[int, str], str]) -> None:
        detail = "no record names it"
        size = (self.path / name).lstat().st_size if gone and self.names[name] else None
        if size in {size for size, _ in gone}:  # a file of another size is not read: it may be endless
            was = gone.get(self._digest(name))
            detail += f"; its bytes are those of {was}, which is missing" if was else ""
        self.found.add("EXTRA_FILE", _shown(name), detail)


def mismatch(stored: Stored, chain: str) -> Finding:
    """Return what is found of a file whose bytes are not those that a chain's record names."""
    detail = f"its bytes are not those that {chain} line {stored.line} records"
    return Finding(Code.CONTENT_MISMATCH, stored.path, detail)


def _unfinished(inventory: Inventory) -> set[str]:
    """Return the names that a file may have between its intent and its record."""
    return {*inventory.pending, *(path + layout.PART for path in inventory.pending)}


def _sum_lines(data: bytes) -> list[tuple[str, str]]:
    lines = data.decode("ascii", "replace").split("\n")
    return [(line[66:], line[:64]) for line in lines if line]


def _shown(name: str) -> str:
    from collector.text import from_native, printable  # noqa: PLC0415 - only where something is wrong

    return printable(from_native(name))
