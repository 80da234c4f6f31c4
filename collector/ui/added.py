"""What is told of a note or an attachment that was added after the seal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import countersign
from collector.findings import Verdict
from collector.ui import terminal
from collector.ui.as_json import path_json
from collector.ui.messages import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collector.chainfile import ChainFile
    from collector.manifest import Record
    from collector.model import Json
    from collector.text import Text
    from collector.verify import VerifiedBundle


_WIDTH = terminal.WIDTH - 1


def note_text() -> str:
    """Return what is said when a note stands in the custody chain."""
    return "\n".join(_folded(_("The note is added. It can't be changed any more; a correction is a new note.")))


def attachment_text(record: Record) -> str:
    """Return what is said when a file was copied; `record` has its path, size and sha256."""
    path = terminal.shown(str(record["path"]))
    lines = [
        *_folded(_("The file is copied into the evidence as {path}.", path=path)),
        *_folded(_("Its fingerprint (SHA-256): {sha256}", sha256=record["sha256"])),
    ]
    return "\n".join(lines)


def handed_text(bundle: VerifiedBundle, papers: Sequence[Path] = ()) -> str:
    """Return what is said of a hand-over or receipt that was just recorded and checked again."""
    holder, custody = _holder(bundle)
    lines = [
        *_folded(_("Recorded: {to} has the evidence now.", to=terminal.shown(_text(holder["to"])))),
        *_folded(_("Every file was checked before and after, and is as it was closed.")),
        _("Seal code: {code}", code=bundle.report.seal_code),
    ]
    if bundle.report.verdict is Verdict.ANCHORED:
        lines += _folded(_("What you gave to compare with fits."))
    if custody.receipts and custody.inventory.last_type == "signature":
        key = countersign.fingerprint(custody.receipts[-1].key)
        lines += _folded(_("Countersigned with the key {key}.", key=key))
    if papers:
        lines.append(_("The hand-over slip is ready to be printed:"))
    for path in papers:
        lines += terminal.fold_path(str(path), _WIDTH)
    return "\n".join(lines) + "\n"


def handed_json(bundle: VerifiedBundle, papers: Sequence[Path] = ()) -> dict[str, object]:
    """Return the object of `collect handover` and `collect receive --json`."""
    holder, custody = _holder(bundle)
    signed = custody.inventory.last_type == "signature"
    return {
        "bundle": path_json(bundle.path),
        "verdict": bundle.report.verdict.value,
        "seal_code": bundle.report.seal_code,
        "to": holder["to"],
        "by": holder["by"],
        "checked": holder["checked"],
        "slip": [path_json(path) for path in papers],
        "custody_records": custody.head.records,
        "custody_head": custody.head.last,
        "key": countersign.fingerprint(custody.receipts[-1].key) if signed and custody.receipts else None,
    }


def _folded(sentence: str) -> list[str]:
    return terminal.fold(sentence, _WIDTH)


def _holder(bundle: VerifiedBundle) -> tuple[Record, ChainFile]:
    custody = bundle.custody
    if custody is None or custody.inventory.holder is None:
        raise RuntimeError("nothing was handed over")
    return custody.inventory.holder, custody


def _text(value: Json) -> Text:
    return value  # type: ignore[return-value]  # the table has seen that it is a text
