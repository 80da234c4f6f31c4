"""Compares a bundle with what the verifier brings from outside: step 10 of docs/SPEC.md section 8."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import layout, seal
from collector.errors import UsageError
from collector.findings import Anchor, Level

if TYPE_CHECKING:
    from collector.chainfile import ChainFile
    from collector.findings import Findings


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the verifier brings from outside; nothing inside a bundle is a root of trust."""

    start_code: str | None = None
    seal_code: str | None = None
    kit_nonce: str | None = None


def compared(
    trusted: Trusted, manifest: ChainFile | None, checkpoint: bytes | None, found: Findings
) -> tuple[Anchor, ...]:
    """(10) The codes and the kit that the verifier brings fit; raises `UsageError` for a code that is none."""
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
        nonce = str(manifest.inventory.opening["kit_nonce"] or "")
        if nonce and hmac.compare_digest(nonce.encode(), trusted.kit_nonce.lower().encode("utf-8", "replace")):
            anchors.append(Anchor("kit_nonce", anchors=False, detail="the bundle was opened with this kit's nonce"))
        else:
            found.add("KIT_NONCE_MISMATCH", layout.MANIFEST, "it was not opened with this kit")
    return tuple(anchors)


def _code_errors(given: str, data: bytes | None, which: str) -> int | None:
    errors = seal.code_errors(given, hashlib.sha256(data or b"").digest())
    if errors is None:
        raise UsageError(
            f"this is no {which} code: it has eight groups of four letters or digits 2 to 7",
            hint="copy it from the paper; spaces, hyphens and capital letters don't matter",
        )
    return errors if data is not None else None


def _errors(errors: int) -> str:
    return "matches" if errors == 0 else f"matches but for {errors} characters, taken for slips of the pen"
