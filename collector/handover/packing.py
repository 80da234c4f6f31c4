"""Makes one encrypted hand-over file from a bundle: the tar of SPEC 13.1, streamed into age.

What is packed is what the records say: the bundle was verified but for the bytes of its files, and each of those is
hashed as it goes into the archive. A difference ends the pack with nothing left of it.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pyrage

from collector import age, disk, layout, papers, seal
from collector.errors import AlteredError, NotClosedError, RefusedError, UsageError
from collector.findings import Verdict
from collector.handover import archive
from collector.handover.behind import Behind, Gathering, Giving, apart
from collector.handover.parts import MAX_PARTS, PartWriter
from collector.inventory import recipients_of
from collector.text import from_native, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from collector.handover.parts import Written
    from collector.verify import UnhashedBundle

MAX_RECIPIENTS = 64
"""Most recipients of a hand-over file: each takes 100 bytes of its header (`opening.MAX_HEADER`)."""
SMALLEST_PART = 1 << 16
"""Bytes below which a part makes no sense: one chunk of age takes as many."""

_SMALL = (layout.CHECKPOINT, layout.SIGNATURE, layout.RUN_KEY, layout.SIGNERS, layout.SUMS, layout.README)
_HINT_AGAIN = "no file was made of it; `collect verify` says whether the bundle itself was altered"


@dataclass(frozen=True, slots=True)
class Packed:
    """A hand-over file that was written whole; `practice_identity` is secret, and stored nowhere."""

    bundle: Path
    files: tuple[Written, ...]
    """The file or its parts in their order; last the list of their sums."""
    recipients: tuple[str, ...]
    practice_identity: str | None

    @property
    def size(self) -> int:
        """Return the bytes of the encrypted file, all parts together."""
        return sum(one.size for one in self.files[:-1])


@dataclass(frozen=True, slots=True)
class _Member:
    """One file to pack: the bytes themselves if it is small, else what its record says of them."""

    name: str
    size: int
    sha256: str
    data: bytes | None = None


def pack(
    bundle: UnhashedBundle,
    given: Iterable[str] = (),
    out: Path | None = None,
    split: int | None = None,
    told: Callable[[Packed], None] = lambda _: None,
) -> Packed:
    """Write the hand-over file of a bundle; raises before anything is written, or removes what it wrote.

    `told` gets the result before it is final: a file whose key got lost on the way is none. What it raises is raised.
    `UsageError` for a recipient, size or folder that is none, `NotClosedError` for a bundle that is not whole,
    `AlteredError` where it changes meanwhile, `RefusedError` for what the medium refuses.
    """
    path = bundle.path.absolute()
    path = path if path.name not in ("", "..") else path.resolve()
    folder = path.parent if out is None else out
    papers.refuse_folder(folder, "--out")
    own = age.usable(recipients_of(bundle.inventory.opening))
    recipients = age.checked([*own, *given], MAX_RECIPIENTS)
    _refuse_unfinished(bundle)
    secret = None
    if not own:
        secret, public = age.new_identity()
        recipients = (*recipients, public)
    members = list(_members(bundle))
    top = archive.top_for(path.name)
    _refuse_many(members, split)
    writer = PartWriter(folder, f"{top}.tar.age", split)
    try:
        _encrypted(path, top, members, writer, [age.recipient(text) for text in recipients])
        done = Packed(path, tuple(writer.commit()), recipients, secret)
        told(done)
    except BaseException:
        writer.discard()
        raise
    return done


def _refuse_unfinished(bundle: UnhashedBundle) -> None:
    if bundle.checkpoint is None:
        raise NotClosedError("this bundle was never sealed", hint="end its run first with `collect resume`")
    if bundle.report.verdict is Verdict.INCOMPLETE:
        raise NotClosedError(
            "what was added after the seal is not finished", hint="end it first: add a note with `collect note`"
        )


def _refuse_many(members: list[_Member], split: int | None) -> None:
    if split is None:
        return
    if split < SMALLEST_PART:
        raise UsageError("this size is too small for a part", hint="write for example --split 2G")
    length = sum(one.size + 2 * archive.BLOCK for one in members)
    if length // split >= MAX_PARTS:
        raise UsageError(f"it would take more than {MAX_PARTS} parts", hint="give a larger size with --split")


def _members(bundle: UnhashedBundle) -> Iterator[_Member]:
    """Yield what is packed in the one order of SPEC 13.1."""
    checkpoint = bundle.checkpoint or b""
    lines = checkpoint.split(b"\n")
    yield _Member(layout.MANIFEST, int(lines[2]), lines[3].decode("ascii"))
    for name, data in _small(bundle, checkpoint).items():
        yield _Member(name, len(data), hashlib.sha256(data).hexdigest(), data)
    stored = bundle.inventory.stored
    yield from (_Member(path, stored[path].size, stored[path].sha256) for path in sorted(stored))
    if bundle.custody is not None:
        head = bundle.custody.head
        yield _Member(layout.CUSTODY, head.length, head.sha256)
        stored = bundle.custody.inventory.stored
        yield from (_Member(path, stored[path].size, stored[path].sha256) for path in sorted(stored))


def _small(bundle: UnhashedBundle, checkpoint: bytes) -> dict[str, bytes]:
    """Return the small sealed files, each in the one spelling that records and seal give it (SPEC 8, steps 5 and 7)."""
    inventory = bundle.inventory
    listed = sum(len(path) + 67 for path in inventory.stored) + 67 * 20
    data: dict[str, bytes] = {}
    for name in _SMALL:
        try:
            data[name] = disk.read_regular(bundle.path / name, listed if name == layout.SUMS else disk.CHUNK)
        except OSError as error:
            raise _unreadable(name, error) from error
    sid, keys_named = str(inventory.opening["sid"]) if inventory.opening else "", inventory.keys
    hashes = {path: stored.sha256 for path, stored in inventory.stored.items()}
    hashes |= {name: hashlib.sha256(data[name]).hexdigest() for name in _SMALL if name != layout.SUMS}
    hashes[layout.MANIFEST] = checkpoint.split(b"\n")[3].decode("ascii")
    holds = {
        layout.CHECKPOINT: data[layout.CHECKPOINT] == checkpoint,
        layout.SIGNATURE: seal.is_sealed(checkpoint, data[layout.SIGNATURE], keys_named[-1]),
        layout.RUN_KEY: data[layout.RUN_KEY] == f"{keys_named[-1]}\n".encode("ascii"),
        layout.SIGNERS: data[layout.SIGNERS] == seal.allowed_signers(sid, keys_named),
        layout.README: inventory.opening is not None and hashes[layout.README] == inventory.opening["readme_sha256"],
        layout.SUMS: data[layout.SUMS] == seal.sums_text(hashes.items()),
    }
    for name, is_so in holds.items():
        if not is_so:
            raise AlteredError(f"{name} changed after it was verified", hint=_HINT_AGAIN)
    return data


def _blocks(path: Path, top: str, members: list[_Member], checking: Behind[_Checked]) -> Iterator[bytes]:
    """Yield the archive in pieces of at most `disk.CHUNK` and a block; raises `AlteredError`."""
    yield archive.folder(top)
    made: set[str] = set()
    for one in members:
        folder = one.name.rpartition("/")[0]
        if folder and folder not in made:
            made.add(folder)
            yield archive.folder(f"{top}/{folder}")
        yield archive.file(f"{top}/{one.name}", one.size)
        if one.data is None:
            yield from _bytes_of(path, one, checking)
        elif one.data:
            yield one.data
        if one.size % archive.BLOCK:
            yield archive.padding(one.size)
    yield archive.END


def _bytes_of(path: Path, one: _Member, checking: Behind[_Checked]) -> Iterator[bytes]:
    """Yield as many bytes as the records name, each handed over to be checked; raises `AlteredError`."""
    left = one.size
    total = _Checked(one, hashlib.sha256())
    try:
        fd = disk.open_regular(path / one.name)
    except OSError as error:
        raise _unreadable(one.name, error) from error
    try:
        while data := os.read(fd, min(left, disk.CHUNK) or 1):
            if not left:
                break
            left -= len(data)
            checking.put(total.of(data))
            yield data
    except OSError as error:
        raise _unreadable(one.name, error) from error
    finally:
        os.close(fd)
    if left or data:
        raise _other(one)
    checking.put(total.of(None))


class _Checked(NamedTuple):
    """The next bytes of a member on their way to its hash; `None` when all of them were."""

    member: _Member
    total: hashlib._Hash
    data: bytes | None = None

    def of(self, data: bytes | None) -> _Checked:
        """Return the same with other bytes."""
        return _Checked(self.member, self.total, data)


def _check(piece: _Checked) -> None:
    """Count bytes in, or raise `AlteredError` where all of them are not those of the record."""
    if piece.data is not None:
        piece.total.update(piece.data)
    elif piece.total.hexdigest() != piece.member.sha256:
        raise _other(piece.member)


def _other(one: _Member) -> AlteredError:
    return AlteredError(f"{one.name} is not what its record says", hint=_HINT_AGAIN)


def _unreadable(name: str, error: OSError) -> AlteredError:
    return AlteredError(f"{name} can't be read any more: {os.strerror(error.errno or 0)}", hint=_HINT_AGAIN)


def _gathered(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in pieces of about `disk.CHUNK`: headers and small files cost a call each otherwise."""
    held: list[bytes] = []
    holding = 0
    for block in blocks:
        held.append(block)
        holding += len(block)
        if holding >= disk.CHUNK // 2:
            yield b"".join(held)
            held, holding = [], 0
    yield b"".join(held)


class _Reader(Giving):
    """The archive, piece by piece."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._piece, self._at = b"", 0

    def _next(self, size: int) -> bytes:
        if self._at >= len(self._piece):
            self._piece, self._at = next(self._pieces, b""), 0
        data = self._piece[self._at : self._at + size]
        self._at += len(data)
        return data


def _encrypted(
    path: Path, top: str, members: list[_Member], parts: PartWriter, recipients: list[pyrage.x25519.Recipient]
) -> None:
    """Encrypt the archive into its files.

    Checking its members, and hashing and writing what is encrypted, are done behind: each is about as much work as
    encrypting.
    """
    checking, writing = Behind(_check), Behind(parts.write)
    reader = _Reader(_gathered(_blocks(path, top, members, checking)))
    writer = Gathering(writing)
    try:
        try:
            apart(lambda: pyrage.encrypt_io(reader, writer, recipients), reader.fail)
        except BaseException as error:
            failed = reader.failed or writer.failed
            if failed is not None:
                raise failed from None
            if isinstance(error, pyrage.EncryptError):
                what = printable(from_native(str(error)))
                raise RefusedError(f"the file could not be encrypted: {what}", hint=_HINT_AGAIN) from error
            raise
        writer.flush()
        checking.finish()
        writing.finish()
    finally:
        checking.stop()
        writing.stop()
