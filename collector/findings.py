"""What a verification finds, and the verdict that follows from it (docs/SPEC.md, section 9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.text import Text


class Level(IntEnum):
    """How much a finding weighs; the worst one decides the verdict."""

    INFORMATION = 0
    INCOMPLETE = 1
    ALTERED = 2


class Code(StrEnum):
    """Every finding code; the order is the order of the steps, root causes first."""

    NOT_A_REGULAR_FILE = "NOT_A_REGULAR_FILE"
    FORMAT_VERSION = "FORMAT_VERSION"
    BAD_RECORD = "BAD_RECORD"
    UNSAFE_PATH = "UNSAFE_PATH"
    SCHEMA = "SCHEMA"
    CHAIN_BREAK = "CHAIN_BREAK"
    TORN_TAIL = "TORN_TAIL"
    NOT_CLOSED = "NOT_CLOSED"
    DATA_AFTER_CLOSE = "DATA_AFTER_CLOSE"
    TRUNCATED = "TRUNCATED"
    CHECKPOINT_MISMATCH = "CHECKPOINT_MISMATCH"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    CONTENT_MISMATCH = "CONTENT_MISMATCH"
    MISSING = "MISSING"
    PARTIAL = "PARTIAL"
    SUMS_MISMATCH = "SUMS_MISMATCH"
    EXTRA_FILE = "EXTRA_FILE"
    LITTER = "LITTER"
    CUSTODY_BREAK = "CUSTODY_BREAK"
    START_CODE_MISMATCH = "START_CODE_MISMATCH"
    SEAL_MISMATCH = "SEAL_MISMATCH"
    SEAL_NEAR = "SEAL_NEAR"
    KIT_NONCE_MISMATCH = "KIT_NONCE_MISMATCH"
    TIMESTAMP_INVALID = "TIMESTAMP_INVALID"
    RECEIPT_INVALID = "RECEIPT_INVALID"
    CLOCK_STEP = "CLOCK_STEP"


class Verdict(StrEnum):
    """What a verification comes to; it never says "authentic"."""

    ALTERED = "ALTERED"
    INCOMPLETE = "INCOMPLETE"
    UNANCHORED = "UNANCHORED"
    ANCHORED = "ANCHORED"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: `subject` names the place in the bundle, `detail` says what is wrong there."""

    code: Code
    subject: str
    detail: str
    level: Level = Level.ALTERED


@dataclass(frozen=True, slots=True)
class Anchor:
    """Something outside the bundle that it was compared with and that fits."""

    kind: str
    """seal_code, start_code, kit_nonce, receipt or timestamp."""
    anchors: bool
    """Whether it makes the bundle ANCHORED; a start code or nonce alone never does."""
    detail: str
    holder: Text | None = None
    """Who holds it, as the bundle names them: the receiver, the time stamping authority; a name from outside."""
    key: str | None = None
    """Fingerprint of the key of a receipt."""
    not_later_than: str | None = None
    """UTC: the bundle was there by then; `None` where only the paper has the date."""


MAX_FINDINGS = 1000
"""Most findings that are kept of a level, and told of all; a bundle of garbage would fill memory otherwise."""


class Findings:
    """Collects findings; what is told of many are the worst, and of one level the first."""

    def __init__(self) -> None:
        self._kept: dict[Level, list[Finding]] = {level: [] for level in sorted(Level, reverse=True)}
        self._count = 0

    def add(self, code: str, subject: str, detail: str, level: Level = Level.ALTERED) -> None:
        """Make one and take it in."""
        self.take(Finding(Code(code), subject, detail, level))

    def take(self, finding: Finding) -> None:
        """Take one in."""
        self._count += 1
        kept = self._kept[finding.level]
        if len(kept) < MAX_FINDINGS:
            kept.append(finding)

    @property
    def worst(self) -> Level:
        """The worst level found, INFORMATION where nothing is."""
        return next((level for level, kept in self._kept.items() if kept), Level.INFORMATION)

    def told(self) -> tuple[tuple[Finding, ...], int]:
        """Return the findings by level, the worst first, and the number of those that are not among them."""
        told = tuple(finding for kept in self._kept.values() for finding in kept)[:MAX_FINDINGS]
        return told, self._count - len(told)
