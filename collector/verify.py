"""Tells whether a bundle is what was sealed, trusting nothing of what wrote it.

The steps are numbered as in docs/SPEC.md section 8, and each block carries its number:

 (1) the folder holds regular files only, under the format's names
 (2) every line is a record in the one accepted spelling and names the line before it
 (3) the last record is `close`, and a checkpoint stands beside it
 (4) the checkpoint says what the manifest is
 (5) the run's last key signed the checkpoint; each phase was signed by the key of its time
 (6) every artifact has the size and the hash of its record
 (7) the other sealed files have their one spelling
 (8) no other file stands in the folder
 (9) the custody chain starts from the checkpoint and holds
(10) what the verifier brings from outside fits
(11) clocks that were set are told
(12) the verdict is that of the worst finding

Nothing is written, no link is followed, memory is bounded by the limits of the format. After
a break the verifier reads on and classifies; what names the cause comes first.
"""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from collector import layout, schema, seal
from collector.anchors import Held, Trusted, compared
from collector.chainfile import read_chain
from collector.contents import SMALL, contents_of, unreadable
from collector.errors import AlteredError
from collector.findings import Level, Verdict
from collector.inventory import recipients_of

if TYPE_CHECKING:
    from pathlib import Path

    from collector.chainfile import ChainFile
    from collector.contents import Contents
    from collector.findings import Anchor, Finding, Findings
    from collector.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Report:
    """What `examine` found; `findings` have the root cause first."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    more_findings: int
    records: int
    artifacts: int
    attachments: int
    start_code: str | None
    seal_code: str | None
    seal_sha256: str | None
    anchors: tuple[Anchor, ...]
    recipients: tuple[str, ...]
    """Who can read the bundle; empty: it is not encrypted."""
    resumed: tuple[int, ...]
    """`seq` of each `resume`: what follows one is bound by later anchors only."""
    level: str | None = None
    """The level of privacy (docs/PRIVACY.md), the least private where several are named; `None`: it names none."""
    case: str | None = None
    sid: str | None = None
    """`case` and `sid` of the first record; `None` where there is no whole one."""


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """A bundle that was just found unaltered: the only thing that exports and custody are made from."""

    path: Path
    report: Report
    inventory: Inventory
    custody: ChainFile | None
    checkpoint: bytes | None


@dataclass(frozen=True, slots=True)
class UnhashedBundle:
    """A bundle in which all holds but that nobody has hashed its artifacts and attachments yet (half of step 6).

    For who reads every byte of them anyway, hashes it and compares: `handover.packing`.
    """

    path: Path
    report: Report
    inventory: Inventory
    custody: ChainFile | None
    checkpoint: bytes | None


def verify_unhashed(path: Path, trusted: Trusted | None = None) -> UnhashedBundle:
    """Return the bundle, its files looked at and not hashed; raises as `verify_bundle` does."""
    bundle = _consistent(_examined(path, trusted or Trusted(), hashed=False))
    return UnhashedBundle(bundle.path, bundle.report, bundle.inventory, bundle.custody, bundle.checkpoint)


def verify_bundle(path: Path, trusted: Trusted | None = None) -> VerifiedBundle:
    """Return the bundle, consistent as far as it goes; raises `AlteredError` or `NotABundleError`."""
    return _consistent(_examined(path, trusted or Trusted()))


def _consistent(bundle: VerifiedBundle) -> VerifiedBundle:
    if bundle.report.verdict is Verdict.ALTERED:
        hint = "keep it as it is and tell the expert; `collect verify` lists what was found"
        raise altered(bundle.report.findings[0], hint)
    return bundle


def altered(first: Finding, hint: str) -> AlteredError:
    """Return the refusal of a bundle for the first thing that was found, which is the cause."""
    return AlteredError(f"the bundle was altered: {first.code} at {first.subject}: {first.detail}", hint=hint)


def examine(path: Path, trusted: Trusted) -> Report:
    """Run every step over a bundle's folder; raises `NotABundleError` and, for a code that is none, `UsageError`."""
    return _examined(path, trusted).report


def _examined(path: Path, trusted: Trusted, *, hashed: bool = True) -> VerifiedBundle:
    contents = contents_of(path, hashed=hashed)
    try:
        bundle = _steps(contents, trusted)
        if not contents.is_there():
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    except OSError as error:  # no verdict over a bundle that nobody can look at
        raise unreadable(error) from error
    return bundle


def _steps(contents: Contents, trusted: Trusted) -> VerifiedBundle:
    path, found = contents.path, contents.found
    contents.look()  # (1)
    sealed = contents.names.get(layout.CHECKPOINT, False)
    checkpoint = contents.small(layout.CHECKPOINT) if sealed else None
    manifest = _manifest(contents, checkpoint)  # (2)
    if manifest is None:
        inventory, custody = None, None
    else:
        inventory = manifest.inventory
        _closed(manifest, found, sealed=sealed)  # (3)
        signature = contents.peek(layout.SIGNATURE)
        _checkpoint(manifest, checkpoint, signature, found)  # (4)
        _signature(contents, manifest, checkpoint, signature)  # (5)
        contents.stored(inventory.stored.values())  # (6)
        again = hashlib.sha256(seal.checkpoint_text(manifest.head)).hexdigest().encode("ascii")
        hashes = {layout.MANIFEST: _line(checkpoint, 4), layout.CHECKPOINT: again}
        contents.manifest_sha256 = manifest.head.sha256
        contents.spelled(inventory, manifest.head.sid, hashes, sealed=sealed)  # (7)
        custody = _custody(contents, manifest, checkpoint)  # (9)
        contents.extras(inventory, custody.inventory if custody else None, sealed=sealed)  # (8)
    anchors = compared(trusted, Held(path, manifest, custody, checkpoint), found)  # (10)
    for step in manifest.clock_steps if manifest else ():  # (11)
        found.add("CLOCK_STEP", layout.MANIFEST, step, Level.INFORMATION)
    report = _report(found, manifest, custody, checkpoint, anchors)
    return VerifiedBundle(path, report, inventory, custody, checkpoint)  # type: ignore[arg-type]  # None only when ALTERED


def _manifest(contents: Contents, checkpoint: bytes | None) -> ChainFile | None:
    # (2) every line is a record in the one accepted spelling and names the line before it
    last = _line(checkpoint, 5).decode("ascii", "replace") if checkpoint is not None else None
    try:
        chain = read_chain(contents.path / layout.MANIFEST, folder=layout.ARTIFACTS, last=last)
    except OSError as error:
        if contents.names.get(layout.MANIFEST) is not False:
            contents.found.add("MISSING", layout.MANIFEST, f"it can't be read: {os.strerror(error.errno or 0)}")
        return None
    for problem in chain.problems:
        contents.found.add(problem.code, f"{layout.MANIFEST} line {problem.line}", problem.detail)
    if chain.torn.length:
        detail = f"{chain.torn.length} bytes follow the last whole line"
        contents.found.add("TORN_TAIL", layout.MANIFEST, detail, Level.INCOMPLETE)
    return chain


def _closed(manifest: ChainFile, found: Findings, *, sealed: bool) -> None:
    # (3) the last record is `close`, and a checkpoint stands beside it
    if manifest.first_line is None:
        found.add("TRUNCATED", layout.MANIFEST, "its first record is gone, which it held when it got its name")
    if not sealed:
        found.add("NOT_CLOSED", layout.CHECKPOINT, "the bundle was never sealed", Level.INCOMPLETE)
        for path in manifest.inventory.pending if not manifest.problems else ():
            found.add("PARTIAL", path, "announced and never finished", Level.INCOMPLETE)
    elif manifest.inventory.closing is None and not manifest.problems:
        found.add("TRUNCATED", layout.MANIFEST, "its last record is not close, and yet it was sealed")


def _checkpoint(manifest: ChainFile, checkpoint: bytes | None, signature: bytes | None, found: Findings) -> None:
    # (4) the checkpoint says what the manifest is
    rebuilt = seal.checkpoint_text(manifest.head)
    if checkpoint is None or checkpoint == rebuilt:
        return
    key = manifest.inventory.keys[-1] if manifest.inventory.keys else None
    if key is not None and signature is not None and seal.is_sealed(rebuilt, signature, key):
        found.add("CHECKPOINT_MISMATCH", layout.CHECKPOINT, "it was changed: the signature is that of the manifest")
        return
    records, length = _number(checkpoint, 2), _number(checkpoint, 3)
    if records is not None and records > manifest.head.records:
        detail = f"{records} records were sealed, {manifest.head.records} are here"
        found.add("TRUNCATED", layout.MANIFEST, detail)
    more = manifest.torn.length > 0 or (records is not None and records < manifest.head.records)
    if more and length is not None and length < manifest.head.length and not manifest.problems:
        detail = f"{manifest.head.length - length} bytes follow what was sealed"
        found.add("DATA_AFTER_CLOSE", layout.MANIFEST, detail)
    other = _line(checkpoint, 5) != manifest.head.last.encode("ascii")
    if records == manifest.head.records and other and not more and not manifest.problems:
        where = f"{layout.MANIFEST} line {records}"
        found.add("CHAIN_BREAK", where, f"line {records} is not the line that the checkpoint names")
    found.add("CHECKPOINT_MISMATCH", layout.CHECKPOINT, "the manifest is not the one that was sealed")


def _signature(contents: Contents, manifest: ChainFile, checkpoint: bytes | None, signature: bytes | None) -> None:
    # (5) the run's last key signed the checkpoint (phases: while the lines are read)
    found = contents.found
    if checkpoint is not None and signature is None:
        contents.small(layout.SIGNATURE)  # tells why it can't be read
    if checkpoint is None or signature is None or not manifest.inventory.keys:
        return
    key = manifest.inventory.keys[-1]
    if not any(seal.is_sealed(text, signature, key) for text in (checkpoint, seal.checkpoint_text(manifest.head))):
        found.add("SIGNATURE_INVALID", layout.SIGNATURE, "it is not the checkpoint's signature by the run's key")


def _custody(contents: Contents, manifest: ChainFile, checkpoint: bytes | None) -> ChainFile | None:
    # (9) the custody chain starts from the checkpoint and holds
    if layout.CUSTODY not in contents.names:
        return None
    found = contents.found
    if checkpoint is None:
        found.add("CUSTODY_BREAK", layout.CUSTODY, "there is custody and no seal for it to start from")
        return None
    try:
        chain = read_chain(
            contents.path / layout.CUSTODY,
            folder=layout.ATTACHMENTS,
            tables=schema.CUSTODY,
            sid=manifest.head.sid,
            first=hashlib.sha256(checkpoint).hexdigest(),
            encrypted=bool(recipients_of(opening)) if (opening := manifest.inventory.opening) else None,
        )
    except OSError as error:
        found.add("CUSTODY_BREAK", layout.CUSTODY, f"it can't be read: {os.strerror(error.errno or 0)}")
        return None
    for problem in chain.problems:
        where = f"{layout.CUSTODY} line {problem.line}"
        if problem.code == "RECEIPT_INVALID":
            found.add("RECEIPT_INVALID", where, problem.detail)
        else:
            found.add("CUSTODY_BREAK", where, f"{problem.code}: {problem.detail}")
    if chain.torn.length:
        detail = f"{chain.torn.length} bytes follow the last whole line"
        found.add("TORN_TAIL", layout.CUSTODY, detail, Level.INCOMPLETE)
    for path in chain.inventory.pending if not chain.problems else ():
        found.add("PARTIAL", path, "an attachment that was not finished", Level.INCOMPLETE)
    contents.stored(chain.inventory.stored.values(), layout.CUSTODY)
    return chain


def _report(
    found: Findings,
    manifest: ChainFile | None,
    custody: ChainFile | None,
    checkpoint: bytes | None,
    anchors: tuple[Anchor, ...],
) -> Report:
    # (12) the verdict is that of the worst finding
    if found.worst is Level.ALTERED:
        verdict = Verdict.ALTERED
    elif found.worst is Level.INCOMPLETE:
        verdict = Verdict.INCOMPLETE
    else:
        verdict = Verdict.ANCHORED if any(anchor.anchors for anchor in anchors) else Verdict.UNANCHORED
    if verdict is Verdict.ALTERED:  # what fits does not make good what was altered
        anchors = tuple(replace(anchor, anchors=False) for anchor in anchors)
    first = manifest.first_line if manifest is not None else None
    opening = (manifest.inventory.opening if manifest is not None else None) or {}
    findings, more = found.told()
    return Report(
        verdict=verdict,
        findings=findings,
        more_findings=more,
        records=manifest.head.records if manifest is not None else 0,
        artifacts=len(manifest.inventory.stored) if manifest is not None else 0,
        attachments=len(custody.inventory.stored) if custody is not None else 0,
        start_code=None if first is None else seal.code(hashlib.sha256(first).digest()),
        seal_code=None if checkpoint is None else seal.code(hashlib.sha256(checkpoint).digest()),
        seal_sha256=None if checkpoint is None else hashlib.sha256(checkpoint).hexdigest(),
        anchors=anchors,
        recipients=recipients_of(manifest.inventory.opening) if manifest is not None else (),
        resumed=tuple(manifest.inventory.resumed) if manifest is not None else (),
        level=manifest.inventory.level if manifest is not None else None,
        case=str(opening["case"]) if "case" in opening else None,
        sid=str(opening["sid"]) if "sid" in opening else None,
    )


def _line(checkpoint: bytes | None, number: int) -> bytes:
    lines = (checkpoint or b"")[:SMALL].split(b"\n")
    return lines[number - 1] if len(lines) >= number else b""


def _number(checkpoint: bytes, number: int) -> int | None:
    text = _line(checkpoint, number)
    return int(text) if text.isdigit() and len(text) < 19 else None  # noqa: PLR2004 - digits of a 64-bit number
