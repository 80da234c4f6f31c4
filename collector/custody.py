"""What happens after the seal: notes and attachments, in a chain that starts from the checkpoint (SPEC 10)."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from collector import disk, layout, schema, seal
from collector.chainfile import read_chain
from collector.errors import AlteredError, LimitError, NotABundleError, NotClosedError, RefusedError, UsageError
from collector.ledger import Ledger, as_json
from collector.orphans import answer_orphans
from collector.resume import joined, refuse_strangers
from collector.text import from_native

if TYPE_CHECKING:
    from pathlib import Path

    from collector.manifest import Record
    from collector.model import Clock

MAX_NOTE = 2500
"""Longest note in characters: 24 bytes each at most (text and hex), so it fits a line of 64 KiB whatever it says."""

_SUFFIXES = (
    ".csv .doc .docx .eml .gif .heic .html .jpeg .jpg .json .log .m4a .mov .mp3 .mp4 .msg .odt .pdf .png .rtf .tsr "
    ".txt .webp .xls .xlsx .zip"
)
"""Endings that an attachment may keep, so that it opens with a double click; any other becomes `.bin`."""


def note(path: Path, text: str, clock: Clock, tool: Record) -> Record:
    """Add a note to a sealed bundle; raises `LimitError` for one that is too long."""
    if not text.strip():
        raise UsageError("the note is empty", hint="put the text in quotes after the bundle's folder")
    if len(text) > MAX_NOTE:
        raise LimitError(f"the note has {len(text)} characters; {MAX_NOTE} are allowed", hint="attach it as a file")
    ledger = _opened(path, clock, tool)
    try:
        return ledger.append("note", {"observed": None, "text": as_json(from_native(text))})
    finally:
        ledger.release()


def attach(path: Path, file: Path, text: str | None, clock: Clock, tool: Record) -> Record:
    """Copy a file into a sealed bundle and record it; returns its `artifact` record."""
    if text is not None and len(text) > MAX_NOTE:
        raise LimitError(f"the text has {len(text)} characters; {MAX_NOTE} are allowed", hint="attach it as a file")
    try:
        source = disk.open_regular(file)
    except OSError as error:
        reason = "it is no regular file" if error.errno is None else os.strerror(error.errno)
        raise RefusedError(f"the file can't be attached: {reason}", hint="give the path of an ordinary file") from error
    try:
        ledger = _opened(path, clock, tool)
        try:
            return _copied(ledger, source, file, text)
        finally:
            ledger.release()
    finally:
        os.close(source)


def _copied(ledger: Ledger, source: int, file: Path, text: str | None) -> Record:
    folder = ledger.path / layout.ATTACHMENTS
    if not folder.is_dir() or folder.is_symlink():
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise disk.translated(error) from error
        disk.sync_folder(ledger.path)
    before = os.fstat(source)
    suffix = file.suffix.lower() if file.suffix.lower() in _SUFFIXES.split() else ".bin"
    artifact = ledger.artifact("file", "attachment", suffix, "copied")
    try:
        for chunk in disk.chunks(source):
            artifact.write(bytes(chunk))
    except OSError as error:
        raise RefusedError(f"the file can't be read: {os.strerror(error.errno or 0)}") from error
    after = os.fstat(source)
    changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
    ledger.finish(
        artifact,
        subject=from_native(file.name),
        source_times={"mtime_ns": str(max(0, before.st_mtime_ns))},
        flags=("changed-while-reading",) if changed else (),
    )
    if text:
        ledger.append("note", {"observed": None, "text": as_json(from_native(text))})
    stored = ledger.inventory.stored[artifact.path]
    return {"path": stored.path, "size": stored.size, "sha256": stored.sha256}


def _opened(path: Path, clock: Clock, tool: Record) -> Ledger:
    """Return the custody chain of a bundle whose seal holds, ready for the next record.

    The artifacts are not hashed again (that is `verify`'s, and a hand-over's). Raises
    `NotABundleError`, `NotClosedError`, `AlteredError` or `RefusedError`; then nothing was changed.
    """
    checkpoint = _sealed(path)
    sid = checkpoint.split(b"\n")[0].decode("ascii").rsplit("/", 1)[1]
    first = hashlib.sha256(checkpoint).hexdigest()
    if os.path.lexists(path / layout.CUSTODY) and not disk.is_regular(path / layout.CUSTODY):
        raise AlteredError("something else stands in the place of the custody file", hint="`collect verify` says where")
    refuse_strangers(path / layout.ATTACHMENTS)  # before the custody file is made: a refusal leaves no trace
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(path / layout.CUSTODY, flags, 0o600)
    except OSError as error:
        raise RefusedError(f"the custody file can't be opened: {os.strerror(error.errno or 0)}") from error
    try:
        if not disk.lock(fd):
            raise RefusedError("another command is adding to this bundle", hint="wait until it ends and try again")
        chain = read_chain(
            path / layout.CUSTODY,
            folder=layout.ATTACHMENTS,
            tables=schema.CUSTODY,
            sid=sid,
            first=first,
        )
        if chain.problems:
            raise AlteredError(
                "the custody chain was altered: nothing is added to it", hint="`collect verify` says where"
            )
        disk.sync_folder(path)  # a custody file that was just made has its name for good
        sums = joined(chain, fd)
        ledger = Ledger(path, fd, sums, chain.inventory, clock, schema.CUSTODY)
        if chain.torn.length or chain.inventory.pending:
            ledger.append("resume", {"tool": tool, "torn": chain.torn.as_record()}, synced=False)
            ledger.end_here()
            answer_orphans(ledger)
    except OSError as error:
        os.close(fd)
        raise disk.translated(error) from error
    except BaseException:
        os.close(fd)
        raise
    return ledger


def _sealed(path: Path) -> bytes:
    """Return the checkpoint of a bundle whose manifest and signature it fits."""
    if not os.path.lexists(path / layout.MANIFEST):
        raise NotABundleError("this folder is no bundle: it holds no manifest.jsonl")
    if not os.path.lexists(path / layout.CHECKPOINT):
        raise NotClosedError("this bundle was never sealed", hint="end its run first with `collect resume`")
    try:
        checkpoint = disk.read_regular(path / layout.CHECKPOINT, disk.CHUNK)
        signature = disk.read_regular(path / layout.SIGNATURE, disk.CHUNK)
        manifest = read_chain(path / layout.MANIFEST, folder=layout.ARTIFACTS)
    except OSError as error:
        raise AlteredError(f"the bundle's seal can't be read: {os.strerror(error.errno or 0)}") from error
    keys = manifest.inventory.keys
    holds = not manifest.problems and checkpoint == seal.checkpoint_text(manifest.head)
    if not holds or not keys or not seal.is_sealed(checkpoint, signature, keys[-1]):
        raise AlteredError(
            "the bundle's seal does not hold: nothing is added to it", hint="`collect verify` says where"
        )
    return checkpoint
