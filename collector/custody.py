"""What happens after the seal, in a chain that starts from the checkpoint (SPEC 10).

Notes, attachments, observations; hand-overs and receipts, each between two verifications of every
byte. In an encrypted bundle what is private goes to the recipients of `open` (SPEC 11).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import age, disk, handles, layout, schema, seal
from collector.chainfile import read_chain
from collector.errors import (
    AlteredError,
    DiskFullError,
    LimitError,
    NotABundleError,
    NotClosedError,
    RefusedError,
    UsageError,
)
from collector.inventory import recipients_of
from collector.ledger import Ledger, as_json, ordered
from collector.manifest import encode
from collector.model import Gap, Outcome
from collector.orphans import answer_orphans
from collector.resume import joined, refuse_strangers
from collector.text import from_native
from collector.verify import verify_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from collector.anchors import Trusted
    from collector.chainfile import ChainFile
    from collector.ledger import ArtifactFile
    from collector.manifest import Record
    from collector.model import Clock, Json
    from collector.text import Text
    from collector.verify import VerifiedBundle

MAX_NOTE = 2500
"""Longest note in characters: 24 bytes each at most (text and hex), so it fits a line of 64 KiB whatever it says."""

_MOST_HIDDEN = 45_000
"""Bytes of a note in an encrypted bundle: base64 makes four of three, and up to 17 recipients take 2,300 more."""

_HINT_TO = "give a name with --to"
_HINT_NAME = "give your name with --name"
MAX_SAID = 500
"""Longest field of a hand-over in characters: six of them fit a line (20 bytes each at most)."""

_SUFFIXES = (
    ".csv .doc .docx .eml .gif .heic .html .jpeg .jpg .json .log .m4a .mov .mp3 .mp4 .msg .odt .pdf .png .rtf .tsr "
    ".txt .webp .xls .xlsx .zip"
)
"""Endings that an attachment may keep, so that it opens with a double click; any other becomes `.bin`."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """What is said of a hand-over, as typed: who gives (`by`) what to whom, and the rest of SPEC 10.1."""

    to: str
    by: str | None = None
    role: str | None = None
    reason: str | None = None
    place: str | None = None
    condition: str | None = None


def note(path: Path, text: str, clock: Clock, tool: Record) -> Record:
    """Add a note to a sealed bundle; raises `LimitError` for one that is too long."""
    if not text.strip():
        raise UsageError("the note is empty", hint="put the text in quotes after the bundle's folder")
    if len(text) > MAX_NOTE:
        raise LimitError(f"the note has {len(text)} characters; {MAX_NOTE} are allowed", hint="attach it as a file")
    with _opened(path, clock, tool) as ledger:
        _refuse_unfit(ledger, text)
        return ledger.append("note", {"observed": None, "text": as_json(from_native(text))})


def observe(path: Path, what: str, data: Mapping[str, Json], clock: Clock, tool: Record) -> None:
    """Add an observation that was made after the seal."""
    with _opened(path, clock, tool) as ledger:
        ledger.append("observation", {"what": what, "data": ordered(dict(data))})


def hand_over(path: Path, said: HandOver, clock: Clock, tool: Record, trusted: Trusted | None = None) -> VerifiedBundle:
    """Record that a bundle is given away, between two verifications of every byte; returns the second.

    Raises what `verify_bundle` raises, `NotClosedError`, and `LimitError` for a field that is too long.
    """
    before = verify_bundle(path, trusted)
    holder = _holder(before)
    fields = _said(said, _HINT_TO, by=holder.get("to"))
    fields["checked"] = _checked(before, trusted)
    with _opened(path, clock, tool, before) as ledger:
        ledger.append("handover", fields)
    return verify_bundle(path, trusted)


def receive(
    path: Path,
    said: HandOver,
    sign: Callable[[bytes], bytes],
    clock: Clock,
    tool: Record,
    trusted: Trusted | None = None,
) -> VerifiedBundle:
    """Record that a bundle was got, countersigned, between two verifications of every byte; returns the second.

    `sign` makes an SSHSIG blob of a message (namespace `countersign.NAMESPACE`). Raises what `hand_over`
    raises, and what `sign` does; then nothing was added.
    """
    before = verify_bundle(path, trusted)
    holder = _holder(before)
    fields = _said(said, _HINT_NAME, by=holder.get("by"), to=holder.get("to"))
    fields["checked"] = _checked(before, trusted)
    with _opened(path, clock, tool, before) as ledger:
        ledger.append_countersigned(fields, sign)
    return verify_bundle(path, trusted)


def _refuse_changed(chain: ChainFile, before: ChainFile | None) -> None:
    """Raise `RefusedError` where custody is not byte for byte what was verified: what was checked is not all."""
    changed = chain.head.length > 0 if before is None else chain.head != before.head
    if changed:
        raise RefusedError("somebody added to this bundle while it was checked", hint="try again")


def _is_seen(char: str) -> bool:
    """Tell whether a character leaves a mark; a byte that is no UTF-8 (a name typed in another alphabet) does."""
    return (char.isprintable() and not char.isspace()) or "\udc80" <= char <= "\udcff"


def _holder(bundle: VerifiedBundle) -> Record:
    return (bundle.custody.inventory.holder if bundle.custody else None) or {}


def _said(said: HandOver, hint: str, **usual: Json) -> Record:
    """Return the fields as said, each that was left out as it stands in `usual`; `hint` where nobody gets it."""
    fields: Record = {}
    for name in ("by", "to", "role", "reason", "place", "condition"):
        text = getattr(said, name)
        if text is not None and len(text) > MAX_SAID:
            raise LimitError(f"{len(text)} characters are too many for one field; {MAX_SAID} are allowed")
        if text and not any(_is_seen(char) for char in text):
            raise UsageError("a name or text given is blank: it says nothing", hint="leave it out, or write it out")
        fields[name] = as_json(from_native(text)) if text else usual.get(name)
    if fields["to"] is None:
        raise UsageError("it is not said who gets the bundle", hint=hint)
    return fields


def _checked(bundle: VerifiedBundle, trusted: Trusted | None) -> Record:
    if bundle.checkpoint is None:
        raise NotClosedError("this bundle was never sealed", hint="end its run first with `collect resume`")
    given = None if trusted is None else trusted.seal_code
    if given is not None and not any(anchor.kind == "seal_code" for anchor in bundle.report.anchors):
        hint = "compare the code on the paper with the photograph, and type it again"
        raise RefusedError("the seal code given is not that of this bundle: 3 to 6 characters differ", hint=hint)
    stored = [*bundle.inventory.stored.values(), *(bundle.custody.inventory.stored.values() if bundle.custody else ())]
    verdict = bundle.report.verdict.value
    return {"verdict": verdict, "files": len(stored), "bytes": sum(file.size for file in stored)}


def attach(path: Path, file: Path, text: str | None, clock: Clock, tool: Record) -> Record:
    """Copy a file into a sealed bundle and record it; returns its `artifact` record."""
    if text is not None and len(text) > MAX_NOTE:
        raise LimitError(f"the text has {len(text)} characters; {MAX_NOTE} are allowed", hint="attach it as a file")
    try:
        source = disk.open_regular(file)
    except OSError as error:
        reason = "it is no regular file" if error.errno in (None, errno.ENXIO) else os.strerror(error.errno)
        raise RefusedError(f"the file can't be attached: {reason}", hint="give the path of an ordinary file") from error
    try:
        with _opened(path, clock, tool) as ledger:
            if text:
                _refuse_unfit(ledger, text)
            return _copied(ledger, source, file, text)
    finally:
        os.close(source)


def add_clear(path: Path, data: bytes, kind: str, suffix: str, clock: Clock, tool: Record) -> Record:
    """Store bytes that are clear in every bundle (SPEC 10.3) as a custody file; returns path, size and sha256."""
    with _opened(path, clock, tool) as ledger:
        _make_folder(ledger)
        artifact = ledger.artifact(kind, kind, suffix, "imported", clear=True)
        artifact.write(data)
        ledger.finish(artifact)
        stored = ledger.inventory.stored[artifact.path]
        return {"path": stored.path, "size": stored.size, "sha256": stored.sha256}


def _refuse_unfit(ledger: Ledger, text: str) -> None:
    """Raise `LimitError` for a text that no encrypted record can hold: before a file is copied that it goes with."""
    if ledger.recipients and len(encode({"text": as_json(from_native(text))})) > _MOST_HIDDEN:
        raise LimitError("the text is too long for a record that is encrypted", hint="attach it as a file")


def _make_folder(ledger: Ledger) -> None:
    folder = ledger.path / layout.ATTACHMENTS
    if not disk.stands(folder) or disk.kind(folder) != stat.S_IFDIR:
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise disk.translated(error) from error
        disk.sync_folder(ledger.path)


def _copied(ledger: Ledger, source: int, file: Path, text: str | None) -> Record:
    _make_folder(ledger)
    before = os.fstat(source)
    suffix = file.suffix.lower() if file.suffix.lower() in _SUFFIXES.split() else ".bin"
    artifact = ledger.artifact("file", "attachment", suffix, "copied")
    try:
        for chunk in disk.chunks(source):
            artifact.write(bytes(chunk))
        artifact.flush()
    except DiskFullError:
        ledger.abandon(artifact, Gap(Outcome.OVER_LIMIT, "there is no room for it", from_native(file.name)))
        raise
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        _give_up(ledger, artifact, from_native(file.name), reason)
        hint = "what could be read of it is kept; copy the file anew and attach the copy"
        raise RefusedError(f"the file can't be read: {reason}", hint=hint) from error
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


def _give_up(ledger: Ledger, artifact: ArtifactFile, name: Text, reason: str) -> None:
    """Record what was read of a file, and why no more: an intent left open would make the bundle INCOMPLETE."""
    ledger.finish(artifact, subject=name, flags=("partial",))
    ledger.gap("attachment", Gap(Outcome.FAILED, reason, name))


@contextlib.contextmanager
def _opened(path: Path, clock: Clock, tool: Record, before: VerifiedBundle | None = None) -> Iterator[Ledger]:
    """Yield the custody chain, as it was in `before` if that is given, and close it after."""
    ledger = _open(path, clock, tool, before)
    try:
        yield ledger
    except OSError as error:
        raise disk.translated(error) from error
    finally:
        ledger.release()


def _open(path: Path, clock: Clock, tool: Record, before: VerifiedBundle | None) -> Ledger:
    """Return the custody chain of a bundle whose seal holds, ready for the next record.

    The artifacts are not hashed again (that is `verify`'s, and a hand-over's). Raises
    `NotABundleError`, `NotClosedError`, `AlteredError` or `RefusedError`; then nothing was changed.
    """
    checkpoint, recipients = sealed(path)
    if disk.stands(path / layout.CUSTODY) and not disk.is_regular(path / layout.CUSTODY):
        raise AlteredError("something else stands in the place of the custody file", hint="`collect verify` says where")
    refuse_strangers(path / layout.ATTACHMENTS)  # before the custody file is made: a refusal leaves no trace
    try:
        fd = handles.held(path / layout.CUSTODY, make=True)
    except OSError as error:
        reason = f"the custody file can't be opened: {os.strerror(error.errno or 0)}"
        raise RefusedError(reason, hint="make room, or take off the write protection, and try again") from error
    if fd < 0:
        raise RefusedError("another command is adding to this bundle", hint="wait until it ends and try again")
    try:
        chain = chain_of(path, checkpoint, recipients)
        if before is not None:
            _refuse_changed(chain, before.custody)
        disk.sync_folder(path)  # a custody file that was just made has its name for good
        sums = joined(chain, fd)
        ledger = Ledger(path, fd, sums, chain.inventory, clock, schema.CUSTODY, recipients)
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


def chain_of(path: Path, checkpoint: bytes, recipients: tuple[str, ...]) -> ChainFile:
    """Return the custody chain as it lies; raises `AlteredError` where it does not hold, `OSError` where unreadable."""
    chain = read_chain(
        path / layout.CUSTODY,
        folder=layout.ATTACHMENTS,
        tables=schema.CUSTODY,
        sid=checkpoint.split(b"\n")[0].decode("ascii").rsplit("/", 1)[1],
        first=hashlib.sha256(checkpoint).hexdigest(),
        encrypted=bool(recipients),
    )
    if chain.problems:
        raise AlteredError("the custody chain was altered: nothing is added to it", hint="`collect verify` says where")
    return chain


def sealed(path: Path) -> tuple[bytes, tuple[str, ...]]:
    """Return the checkpoint of a bundle whose seal holds, and its recipients; raises what `note` would raise."""
    if not disk.stands(path / layout.MANIFEST):
        raise NotABundleError("this folder is no bundle: it holds no manifest.jsonl")
    if not disk.stands(path / layout.CHECKPOINT):
        raise NotClosedError("this bundle was never sealed", hint="end its run first with `collect resume`")
    try:
        checkpoint = disk.read_regular(path / layout.CHECKPOINT, disk.CHUNK)
        signature = disk.read_regular(path / layout.SIGNATURE, disk.CHUNK)
        manifest = read_chain(path / layout.MANIFEST, folder=layout.ARTIFACTS)
    except OSError as error:
        reason = f"the bundle's seal can't be read: {os.strerror(error.errno or 0)}"
        raise AlteredError(reason, hint="`collect verify` says where") from error
    keys = manifest.inventory.keys
    holds = not manifest.problems and checkpoint == seal.checkpoint_text(manifest.head)
    if not holds or not keys or not seal.is_sealed(checkpoint, signature, keys[-1]):
        raise AlteredError(
            "the bundle's seal does not hold: nothing is added to it", hint="`collect verify` says where"
        )
    return checkpoint, age.usable(recipients_of(manifest.inventory.opening))
