"""Compares a bundle with what the verifier brings from outside: step 10 of docs/SPEC.md section 8."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import countersign, disk, layout, seal
from collector.errors import TimestampError, UsageError
from collector.findings import Anchor, Level

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.x509 import Certificate

    from collector.chainfile import ChainFile
    from collector.findings import Findings


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the verifier brings from outside; nothing inside a bundle is a root of trust."""

    start_code: str | None = None
    seal_code: str | None = None
    kit_nonce: str | None = None
    expert_keys: tuple[str, ...] = ()
    """Public keys, `type base64`, under which a receipt anchors."""
    tsa_roots: tuple[Certificate, ...] = ()
    """Certificates under which a timestamp anchors."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the steps before have read of a bundle; `custody` is `None` where none is there or can be read."""

    path: Path
    manifest: ChainFile | None
    custody: ChainFile | None
    checkpoint: bytes | None


def compared(trusted: Trusted, held: Held, found: Findings) -> tuple[Anchor, ...]:
    """(10) What the verifier brings from outside fits; raises `UsageError` for a code that is none."""
    manifest, checkpoint = held.manifest, held.checkpoint
    anchors = []
    if trusted.start_code is not None:
        line = manifest.first_line if manifest is not None else None
        errors = _code_errors(trusted.start_code, line, "start")
        if errors is not None and errors <= seal.MATCH_ERRORS:
            anchors.append(Anchor("start_code", anchors=False, detail=_errors(errors)))
        else:
            found.add("START_CODE_MISMATCH", layout.MANIFEST, "its first line is not the one that the start code names")
    if trusted.seal_code is not None:
        errors = _code_errors(trusted.seal_code, checkpoint, "seal")
        if errors is not None and errors <= seal.MATCH_ERRORS:
            anchors.append(Anchor("seal_code", anchors=True, detail=_errors(errors)))
        elif errors is not None and errors <= seal.NEAR_ERRORS:
            detail = f"{errors} characters differ: compare with the photograph of the screen; not accepted"
            found.add("SEAL_NEAR", layout.CHECKPOINT, detail, Level.INFORMATION)
        else:
            detail = "it is not the checkpoint that the seal code names"
            found.add("SEAL_MISMATCH", layout.CHECKPOINT, detail if checkpoint is not None else "there is no seal")
    if trusted.kit_nonce is not None and manifest is not None and manifest.inventory.opening is not None:
        if manifest.inventory.opening["kit_nonce"] == trusted.kit_nonce.lower():  # neither is a secret
            anchors.append(Anchor("kit_nonce", anchors=False, detail="the bundle was opened with this kit's nonce"))
        else:
            found.add("KIT_NONCE_MISMATCH", layout.MANIFEST, "it was not opened with this kit")
    if held.custody is not None and checkpoint is not None:
        anchors += _receipts(trusted, held.custody)
        anchors += _timestamps(trusted, held.path, held.custody, checkpoint, found)
    return tuple(anchors)


def _receipts(trusted: Trusted, custody: ChainFile) -> Iterator[Anchor]:
    for receipt in custody.receipts:
        known = receipt.key in trusted.expert_keys
        detail = "under a key that you gave" if known else "under a key that you did not give: no anchor"
        fingerprint = countersign.fingerprint(receipt.key)
        yield Anchor("receipt", known, detail, receipt.to, fingerprint, receipt.utc)


def _timestamps(
    trusted: Trusted, path: Path, custody: ChainFile, checkpoint: bytes, found: Findings
) -> Iterator[Anchor]:
    for stored in custody.inventory.stored.values():
        if stored.kind != layout.TIMESTAMP:
            continue
        if not trusted.tsa_roots:
            yield Anchor("timestamp", anchors=False, detail="not checked: you gave no certificate of an authority")
            continue
        from collector import timestamp  # noqa: PLC0415 - only where there is one to check

        try:
            token = disk.read_regular(path / stored.path, timestamp.MAX_TOKEN)
            if hashlib.sha256(token).hexdigest() != stored.sha256:
                continue  # step 9 has told it
            stamp = timestamp.check(token, checkpoint, trusted.tsa_roots)
        except OSError as error:
            if error.errno == errno.EFBIG:
                found.add("TIMESTAMP_INVALID", stored.path, "this file is too large for a timestamp", Level.INFORMATION)
            continue  # else the same
        except TimestampError as error:
            found.add("TIMESTAMP_INVALID", stored.path, str(error), Level.INFORMATION)
            continue
        detail = "under a certificate that you gave"
        yield Anchor("timestamp", anchors=True, detail=detail, holder=stamp.authority, not_later_than=stamp.time)


def _code_errors(given: str, data: bytes | None, which: str) -> int | None:
    errors = seal.code_errors(given, hashlib.sha256(data or b"").digest())
    if errors is None:
        reasons = {
            "start": "this is no start code: it has eight groups of four letters or digits 2 to 7",
            "seal": "this is no seal code: it has eight groups of four letters or digits 2 to 7",
        }
        hint = "copy it from the paper; spaces, hyphens and capital letters don't matter"
        raise UsageError(reasons[which], hint=hint)
    return errors if data is not None else None


def _errors(errors: int) -> str:
    return "matches" if errors == 0 else f"matches but for {errors} characters, taken for slips of the pen"
