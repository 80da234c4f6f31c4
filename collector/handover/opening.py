"""Opens a hand-over file: decrypts, unpacks into a folder of its own, verifies, and only then gives it its name.

The file, the archive and the bundle in it are attacker-chosen. Until the verification passed, everything lies in one
new folder that only we can enter; when anything is wrong, that folder is removed and nothing else was touched.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyrage

from collector import disk, handles, layout, papers
from collector.chainfile import read_chain
from collector.contents import SMALL, mismatch
from collector.errors import AlteredError, CollectorError, NotABundleError, RefusedError, WriteError
from collector.handover import archive
from collector.handover.behind import Behind, Gathering, Giving, apart
from collector.handover.parts import PartReader, all_of
from collector.handover.unpacking import TarReader, refused
from collector.verify import altered, verify_unhashed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyrage.x25519 import Identity

    from collector.inventory import Inventory
    from collector.verify import Report

MAX_HEADER = 1 << 18
"""Bytes of an age header: pyrage keeps all of it in memory. A recipient takes about 100."""

_PREFIX = ".collect-open-"
_MAGIC = b"age-encryption.org/v1\n"
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_BY_FD = os.open in os.supports_dir_fd and os.mkdir in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")
_SMALL = (layout.CHECKPOINT, layout.SIGNATURE, layout.RUN_KEY, layout.SIGNERS, layout.README)
_HINT_AGAIN = (
    "keep the file, and ask for it again; `sha256sum -c` on the .sha256 file beside it tells which part is bad"
)
_HINT_ROOM = "make room there, or give another folder with --out; the file itself is untouched"


@dataclass(frozen=True, slots=True)
class Opened:
    """A bundle that was unpacked, verified and given its name."""

    path: Path
    report: Report


def open_file(path: Path, identities: Sequence[Identity], out: Path) -> Opened:
    """Unpack the bundle of a hand-over file into a new folder in `out`, named as it was packed.

    Raises `UsageError` for a folder that is none, `RefusedError` for a file that can't be opened, and `AlteredError`
    for a bundle that is not what was sealed; then nothing is left of it, or the hint names what could not be removed.
    The verdict may be INCOMPLETE.
    """
    papers.refuse_folder(out, "--out")
    source = PartReader(all_of(path))
    try:
        _look(source.peek(MAX_HEADER), source.length)
        folder = _Folder(out)
        try:
            _decrypt(source, TarReader(folder, source.length), identities)
            return folder.finished()
        except BaseException as error:
            if folder.remove():
                raise
            hint = f"delete {folder.name} in the folder of --out by hand: it holds decrypted evidence"
            if isinstance(error, CollectorError):
                error.hint = hint  # what it advised can wait, and it may have said that all is removed
                raise
            raise RefusedError("it was broken off, and what was unpacked could not be removed", hint=hint) from error
    finally:
        source.close()


def remains(out: Path) -> list[Path]:
    """Return the folders that runs left in `out` which were killed, or which are at work there now."""
    return sorted(out.glob(f"{_PREFIX}*{layout.PART}"))


def _look(start: bytes, length: int) -> None:
    """Refuse what is no age file, before anything is made for it."""
    if not start.startswith(_MAGIC):
        hint = "give the .tar.age file that `collect pack` wrote, or its first part .tar.age.001"
        raise RefusedError("this is no age file", hint=hint)
    if b"\n--- " not in start:
        detail = "its header is too long" if length > MAX_HEADER else "it was cut short"
        raise RefusedError(f"the age file is refused: {detail}", hint=_HINT_AGAIN)


class _Source(Giving):
    """The encrypted file, in its parts."""

    def __init__(self, source: PartReader) -> None:
        super().__init__()
        self._source = source

    def _next(self, size: int) -> bytes:
        try:
            return self._source.read(size)
        except OSError as error:
            what = os.strerror(error.errno or 0)
            raise RefusedError(f"the file can't be read: {what}", hint=_HINT_AGAIN) from error


def _decrypt(source: PartReader, reader: TarReader, identities: Sequence[Identity]) -> None:
    """Decrypt; reading the archive, hashing and writing are done behind."""
    writing = Behind(reader.feed)
    writer, given = Gathering(writing), _Source(source)
    try:
        try:
            apart(lambda: pyrage.decrypt_io(given, writer, list(identities)), given.fail)
        except BaseException as error:
            writing.stop()  # what came before the error has its say first
            failed = writing.failed or writer.failed or given.failed
            if failed is not None:
                raise failed from None
            if isinstance(error, pyrage.DecryptError) and "No matching keys" in str(error):
                hint = "use the key of one of its recipients: the expert's, or the practice's, which is on paper"
                raise RefusedError("this key does not open the file", hint=hint) from error
            if isinstance(error, pyrage.DecryptError | OSError):
                raise RefusedError(
                    "the file is damaged, or was cut short: it can't be decrypted", hint=_HINT_AGAIN
                ) from error
            raise
        writer.flush()
        writing.finish()
    finally:
        writing.stop()
    reader.end()


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = os.strerror(error.errno or 0)
        raise RefusedError(f"the bundle can't be unpacked here: {what}", hint=_HINT_ROOM) from error


class _Folder:
    """A new folder that takes an archive's members and becomes the bundle; the `Sink` of a `TarReader`."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._top = ""
        self._name = ""
        self._fd = -1
        self._sizes: dict[str, int] = {}
        self._sum = hashlib.sha256()
        self._sums: dict[str, str] = {}
        """Hash of each file's bytes as they were written, into a folder that nobody else may enter."""
        self._recorded: Inventory | None = None
        with _refusals():
            self._path = Path(tempfile.mkdtemp(prefix=_PREFIX, suffix=layout.PART, dir=out))
        self._folders: dict[str, int] = {}

    def folder(self, top: str, name: str) -> None:
        """Make a folder of the bundle; the top folder is the new one itself."""
        self._called(top)
        self._open_folder(name)

    def file(self, top: str, name: str, size: int) -> None:
        """Make a file that no other stands in the way of."""
        self._called(top)
        self._expected(name, size)
        self._sizes[name] = size
        self._name, self._sum = name, hashlib.sha256()
        folder, _, last = name.rpartition("/")
        at = self._open_folder(folder)
        with _refusals():
            if _BY_FD:
                self._fd = os.open(last, handles.NEW, 0o600, dir_fd=at)
            else:
                self._fd = handles.new(self._path / name)

    def write(self, data: memoryview) -> None:
        """Write a file's next bytes, all of them."""
        self._sum.update(data)
        with _refusals():
            while data:
                count = os.write(self._fd, data)
                if not count:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                data = data[count:]

    def done(self) -> None:
        """Close a file; once the manifest is here, what it records is held against every other file at once."""
        fd, self._fd = self._fd, -1
        self._sums[self._name] = self._sum.hexdigest()
        with _refusals():
            os.close(fd)
        if self._name == layout.MANIFEST:
            with _refusals():
                self._recorded = read_chain(self._path / layout.MANIFEST, folder=layout.ARTIFACTS).inventory
            for name, size in self._sizes.items():
                self._expected(name, size)

    def finished(self) -> Opened:
        """Verify what was unpacked and give it its name; raises `AlteredError` or `RefusedError`."""
        self._close()
        hint = "what was unpacked is removed; keep the file and tell the expert"
        try:
            bundle = verify_unhashed(self._path)
        except AlteredError as error:
            raise AlteredError(str(error), hint=hint) from error
        except NotABundleError as error:
            raise refused("it holds no bundle") from error
        chains = {layout.MANIFEST: bundle.inventory}
        if bundle.custody is not None:
            chains[layout.CUSTODY] = bundle.custody.inventory
        for name, inventory in chains.items():
            for stored in inventory.stored.values():  # the rest of step 6: each was hashed as it was written
                if self._sums.get(stored.path) != stored.sha256:
                    raise altered(mismatch(stored, name), hint)
        path = self._out / self._top
        with _refusals():
            self._refuse_taken()
            handles.patiently(lambda: self._path.rename(path))
        return Opened(path, bundle.report)

    @property
    def name(self) -> str:
        """Return the name that it has until it is finished."""
        return self._path.name

    def remove(self) -> bool:
        """Remove everything that was made, as far as the medium lets itself be written; tell whether that is all."""
        self._close()
        shutil.rmtree(self._path, ignore_errors=True)
        try:
            return not disk.stands(self._path)
        except WriteError:
            return False

    def _called(self, top: str) -> None:
        """Learn the bundle's name with the first member; it must be free."""
        if not self._top:
            self._top = top
            self._refuse_taken()

    def _refuse_taken(self) -> None:
        if os.path.lexists(self._out / self._top):
            hint = "nothing is written over: move it away, or give another folder with --out"
            raise RefusedError(f"{self._top} stands in the folder already", hint=hint)

    def _expected(self, name: str, size: int) -> None:
        """Refuse a file that is larger than any of its name, or not what the manifest records of it."""
        if (name in _SMALL or archive.is_litter(name)) and size > SMALL:
            raise refused(f"{name} is far longer than it may be")
        if self._recorded is None or not name.startswith(layout.ARTIFACTS + "/"):
            return
        if name.endswith(layout.PART) or layout.is_torn_name(name):  # what may stand there the verification tells
            return
        stored = self._recorded.stored.get(name)
        if stored is not None and stored.size != size:
            raise AlteredError(
                f"{name} has {size} bytes; {stored.size} are recorded", hint="keep the file and tell the expert"
            )
        if stored is None and name not in self._recorded.pending:
            raise AlteredError(f"no record names {name}", hint="keep the file and tell the expert")

    def _open_folder(self, name: str) -> int:
        """Return a descriptor of a folder of ours, made if it is not there yet; -1 where the system has none."""
        if name not in self._folders:
            with _refusals():
                if _BY_FD:
                    if name:
                        root = self._open_folder("")
                        os.mkdir(name, 0o700, dir_fd=root)
                        self._folders[name] = os.open(name, _FOLDER, dir_fd=root)
                    else:
                        self._folders[name] = os.open(self._path, _FOLDER)
                else:
                    if name:
                        os.mkdir(self._path / name, 0o700)  # noqa: PTH102 - as above
                    self._folders[name] = -1
        return self._folders[name]

    def _close(self) -> None:
        descriptors = [fd for fd in (self._fd, *self._folders.values()) if fd >= 0]
        self._fd = -1
        self._folders = {}
        for fd in descriptors:
            with contextlib.suppress(OSError):
                os.close(fd)
