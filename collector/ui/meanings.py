"""What each finding of a verification means and what to do about it, for a person."""

from __future__ import annotations

from collector.findings import Code
from collector.ui.messages import N_

MEANINGS: dict[Code, str] = {
    Code.NOT_A_REGULAR_FILE: N_("Something that is not an ordinary file stands in the folder."),
    Code.FORMAT_VERSION: N_("This evidence was written in a form that this version does not know."),
    Code.BAD_RECORD: N_("A line of the log was damaged or rewritten."),
    Code.UNSAFE_PATH: N_("A line of the log names a file that it must not name."),
    Code.SCHEMA: N_("A line of the log does not say what it must say."),
    Code.CHAIN_BREAK: N_("A line of the log was changed, removed, added or moved."),
    Code.TORN_TAIL: N_("The last line of the log is not whole: it was cut while it was being written."),
    Code.NOT_CLOSED: N_("The collection was interrupted before its end and never closed."),
    Code.DATA_AFTER_CLOSE: N_("Something was added to the log after it was closed."),
    Code.TRUNCATED: N_("The end of the log was removed."),
    Code.CHECKPOINT_MISMATCH: N_("The log is not the one that was closed, or the closing file was changed."),
    Code.SIGNATURE_INVALID: N_("The signature does not fit."),
    Code.CONTENT_MISMATCH: N_("The content of this file was changed."),
    Code.MISSING: N_("A file is missing or cannot be read."),
    Code.PARTIAL: N_("This file holds only what was written before an interruption."),
    Code.SUMS_MISMATCH: N_("The list of fingerprints was changed."),
    Code.EXTRA_FILE: N_("This file was added: it is no part of the evidence."),
    Code.LITTER: N_("Left by a file manager or by lost power. It is no part of the evidence and harms nothing."),
    Code.CUSTODY_BREAK: N_("What was added after the closing (notes, attachments) was changed."),
    Code.START_CODE_MISMATCH: N_("The start code given is not that of this evidence."),
    Code.SEAL_MISMATCH: N_("The seal code given is not that of this evidence."),
    Code.SEAL_NEAR: N_("The seal code given is nearly that of this evidence, but not near enough."),
    Code.KIT_NONCE_MISMATCH: N_("This evidence was not collected with the kit given."),
    Code.TIMESTAMP_INVALID: N_("The time stamp does not fit."),
    Code.RECEIPT_INVALID: N_("The receipt does not fit."),
    Code.CLOCK_STEP: N_("The clock of the computer was set or jumped during the collection."),
}

_KEEP = N_("Keep this copy as it is, look for another copy, and tell the expert.")
_CODE = N_("Check that this is the right folder and the right paper, then copy the code again.")

ADVICE: dict[Code, str] = {
    Code.FORMAT_VERSION: N_("Use the version of the software that collected it, or a newer one."),
    Code.NOT_CLOSED: N_(
        "On the same computer, `collect resume` goes on and closes it. Otherwise hand it over as it is."
    ),
    Code.MISSING: N_("Was the copy complete? Compare with the USB stick it came from."),
    Code.EXTRA_FILE: N_("Do not open it and do not delete it: tell the expert."),
    Code.START_CODE_MISMATCH: _CODE,
    Code.SEAL_MISMATCH: _CODE,
    Code.SEAL_NEAR: N_("Compare the paper with the photograph of the screen, letter by letter."),
    Code.KIT_NONCE_MISMATCH: N_("Check that this is the kit that was used."),
}
"""What to do; `advice` gives the rest."""


def advice(code: Code, *, altered: bool) -> str | None:
    """Return what to do about a finding, still in English, or `None` where there is nothing to do."""
    return ADVICE.get(code, _KEEP if altered else None)
