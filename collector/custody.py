"""What happens after the seal, in a chain that starts from the checkpoint (SPEC 10).

Notes, attachments, observations; hand-overs and receipts, each between two verifications of every
byte. In an encrypted bundle what is private goes to the recipients of `open` (SPEC 11).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from collector import age, disk, handles, journal, layout, schema, seal
from collector.chainfile import read_chain
from collector.entries import (
    MAX_NOTE,
    Told,
    attachable,
    copied,
    field,
    make_folder,
    refuse_unfit,
    tie,
)
from collector.errors import (
    AlteredError,
    LimitError,
    MalformedError,
    NotABundleError,
    NotClosedError,
    RefusedError,
    UsageError,
)
from collector.inventory import recipients_of
from collector.journal import Journal
from collector.ledger import Ledger, as_json, ordered
from collector.orphans import answer_orphans
from collector.resume import joined, refuse_strangers
from collector.text import from_native
from collector.verify import verify_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from collector.anchors import Trusted
    from collector.chainfile import ChainFile
    from collector.manifest import Record
    from collector.model import Clock, Json
    from collector.schema import Tables
    from collector.verify import VerifiedBundle

_HINT_TO = "give a name with --to"
_HINT_NAME = "give your name with --name"


@dataclass(frozen=True, slots=True)
class HandOver:
    """What is said of a hand-over, as typed: who gives (`by`) what to whom, and the rest of SPEC 10.1."""

    to: str
    by: str | None = None
    role: str | None = None
    reason: str | None = None
    place: str | None = None
    condition: str | None = None


_UNTOLD = Told()


class _Custody(Ledger):
    """An open custody chain that knows which of its records are entries of the main courante."""

    entries: list[int]
    """`seq` of each, in order."""

    def append(self, kind: str, fields: Record, *, synced: bool = True) -> Record:
        """Add a record as a ledger does."""
        record = super().append(kind, fields, synced=synced)
        _enter(record, self.entries)
        return record

    def number(self, seq: Json) -> int:
        """Return the number that people know an entry by: counted from 1."""
        return self.entries.index(int(str(seq))) + 1


def note(path: Path, text: str, clock: Clock, tool: Record, told: Told = _UNTOLD) -> Record:
    """Add a note to a sealed bundle; raises `LimitError` for one that is too long.

    Returns its record and, as `number`, what number the entry has: `told.corrects` is such a one.
    """
    if not text.strip():
        raise UsageError("the note is empty", hint="put the text in quotes after the bundle's folder")
    if len(text) > MAX_NOTE:
        raise LimitError(f"the note has {len(text)} characters; {MAX_NOTE} are allowed", hint="attach it as a file")
    who = told.text()
    corrects = _corrected(path, told.corrects)
    with _opened(path, clock, tool) as ledger:
        refuse_unfit(ledger, text)
        record = ledger.append("note", {"observed": told.utc(), "text": as_json(from_native(text))})
        tie(ledger, int(str(record["seq"])), told.observed, who, corrects)
        return {**record, "number": ledger.number(record["seq"])}


def _corrected(path: Path, number: int | None) -> int | None:
    """Return `seq` of the entry that has this number; raises `UsageError` where none has: an entry never goes again."""
    if number is None:
        return None
    checkpoint, recipients = sealed(path)
    entries: list[int] = []
    if disk.stands(path / layout.CUSTODY):
        try:
            chain_of(path, checkpoint, recipients, lambda record: _enter(record, entries))
        except OSError as error:
            raise disk.translated(error) from error
    if not 1 <= number <= len(entries):
        numbers = range(1, len(entries) + 1)
        known = f"the entries are: {journal.shortened(numbers)}" if numbers else "there is no entry yet"
        raise UsageError(f"there is no entry number {number} to correct", hint=known)
    return entries[number - 1]


def _enter(record: Record, entries: list[int]) -> None:
    if journal.kind_of(record) is not None:
        entries.append(int(str(record["seq"])))


def journal_of(path: Path, identities: Sequence[Any] = ()) -> Journal:
    """Return the main courante of a sealed bundle; what no identity reads, or is malformed inside, is in it as hidden.

    Seal and both chains are checked, the bytes of artifacts are not. Raises what `note` raises, and `RefusedError` for
    identities of nobody who can read the bundle.
    """
    found = Journal()

    def shown(record: Record, take: Callable[..., None], tables: Tables) -> None:
        hidden, before, malformed = "private" in record, found.hidden, False
        if identities:
            try:
                record, hidden = age.revealed(record, identities, tables), False
            except RefusedError as error:
                if record["type"] == "open":
                    raise
                malformed = isinstance(error, MalformedError)
        take(record, hidden=hidden)
        if malformed:
            found.hidden, found.malformed = before, found.malformed + 1  # no key would read more

    checkpoint, recipients = sealed(path, lambda record: shown(record, found.manifest, schema.MANIFEST))
    if disk.stands(path / layout.CUSTODY):
        try:
            chain_of(path, checkpoint, recipients, lambda record: shown(record, found.custody, schema.CUSTODY))
        except OSError as error:
            reason = f"the custody chain can't be read: {os.strerror(error.errno or 0)}"
            raise AlteredError(reason, hint="`collect verify` says where") from error
    return found


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


def _holder(bundle: VerifiedBundle) -> Record:
    return (bundle.custody.inventory.holder if bundle.custody else None) or {}


def _said(said: HandOver, hint: str, **usual: Json) -> Record:
    """Return the fields as said, each that was left out as it stands in `usual`; `hint` where nobody gets it."""
    fields: Record = {}
    for name in ("by", "to", "role", "reason", "place", "condition"):
        text = getattr(said, name)
        fields[name] = field(text) if text else usual.get(name)
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


def attach(path: Path, file: Path, text: str | None, clock: Clock, tool: Record, told: Told = _UNTOLD) -> Record:
    """Copy a file into a sealed bundle and record it.

    Returns `seq`, `path`, `size` and `sha256` of its `artifact` record, `number` of its entry, `content_sha256` (of the
    file itself, where it is encrypted), `says` (what it says of itself), `again` (numbers of attachments with the same
    bytes; in an encrypted bundle nobody knows) and `note`: the number of the text's entry.
    """
    if text is not None and len(text) > MAX_NOTE:
        raise LimitError(f"the text has {len(text)} characters; {MAX_NOTE} are allowed", hint="attach it as a file")
    who = told.text()
    corrects = _corrected(path, told.corrects)
    source = attachable(file)
    try:
        with _opened(path, clock, tool) as ledger:
            if text:
                refuse_unfit(ledger, text)
            done, seq = copied(ledger, source, file), None
            if text:
                seq = ledger.append("note", {"observed": told.utc(), "text": as_json(from_native(text))})["seq"]
            says = done["says"] if isinstance(done["says"], dict) else None
            tie(ledger, int(str(done["seq"])), told.observed, who, corrects, seq, says)
            again = done["again"] if isinstance(done["again"], list) else []
            numbers: Record = {
                "number": ledger.number(done["seq"]),
                "note": None if seq is None else ledger.number(seq),
                "again": [ledger.number(one) for one in again],
            }
            return {**done, **numbers}
    finally:
        os.close(source)


def add_clear(path: Path, data: bytes, kind: str, suffix: str, clock: Clock, tool: Record) -> Record:
    """Store bytes that are clear in every bundle (SPEC 10.3) as a custody file; returns path, size and sha256."""
    with _opened(path, clock, tool) as ledger:
        make_folder(ledger)
        artifact = ledger.artifact(kind, kind, suffix, "imported", clear=True)
        artifact.write(data)
        ledger.finish(artifact)
        stored = ledger.inventory.stored[artifact.path]
        return {"path": stored.path, "size": stored.size, "sha256": stored.sha256}


@contextlib.contextmanager
def _opened(path: Path, clock: Clock, tool: Record, before: VerifiedBundle | None = None) -> Iterator[_Custody]:
    """Yield the custody chain, as it was in `before` if that is given, and close it after."""
    ledger = _open(path, clock, tool, before)
    try:
        yield ledger
    except OSError as error:
        raise disk.translated(error) from error
    finally:
        ledger.release()


def _open(path: Path, clock: Clock, tool: Record, before: VerifiedBundle | None) -> _Custody:
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
        entries: list[int] = []
        chain = chain_of(path, checkpoint, recipients, lambda record: _enter(record, entries))
        if before is not None:
            _refuse_changed(chain, before.custody)
        disk.sync_folder(path)  # a custody file that was just made has its name for good
        sums = joined(chain, fd)
        ledger = _Custody(path, fd, sums, chain.inventory, clock, schema.CUSTODY, recipients)
        ledger.entries = entries
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


def chain_of(
    path: Path, checkpoint: bytes, recipients: tuple[str, ...], seen: Callable[[Record], None] | None = None
) -> ChainFile:
    """Return the custody chain as it lies; raises `AlteredError` where it does not hold, `OSError` where unreadable.

    `seen` gets each record; what it got is worth nothing where this raises.
    """
    chain = read_chain(
        path / layout.CUSTODY,
        folder=layout.ATTACHMENTS,
        tables=schema.CUSTODY,
        sid=checkpoint.split(b"\n")[0].decode("ascii").rsplit("/", 1)[1],
        first=hashlib.sha256(checkpoint).hexdigest(),
        encrypted=bool(recipients),
        seen=seen,
    )
    if chain.problems:
        raise AlteredError("the custody chain was altered: nothing is added to it", hint="`collect verify` says where")
    return chain


def sealed(path: Path, seen: Callable[[Record], None] | None = None) -> tuple[bytes, tuple[str, ...]]:
    """Return the checkpoint of a bundle whose seal holds, and its recipients; raises what `note` would raise.

    `seen` is shown each record of the manifest; what it saw counts only where this returns.
    """
    if not disk.stands(path / layout.MANIFEST):
        raise NotABundleError("this folder is no bundle: it holds no manifest.jsonl")
    if not disk.stands(path / layout.CHECKPOINT):
        raise NotClosedError("this bundle was never sealed", hint="end its run first with `collect resume`")
    try:
        checkpoint = disk.read_regular(path / layout.CHECKPOINT, disk.CHUNK)
        signature = disk.read_regular(path / layout.SIGNATURE, disk.CHUNK)
        manifest = read_chain(path / layout.MANIFEST, folder=layout.ARTIFACTS, seen=seen)
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
