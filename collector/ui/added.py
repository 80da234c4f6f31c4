"""What is told of a note or an attachment that was added after the seal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import countersign, journal
from collector.deadline_words import moment
from collector.findings import Verdict
from collector.ui import journaled, terminal
from collector.ui.as_json import path_json
from collector.ui.due import DOUBTS
from collector.ui.messages import _, language

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collector.chainfile import ChainFile
    from collector.entries import Told
    from collector.manifest import Record
    from collector.model import Json
    from collector.text import Text
    from collector.verify import VerifiedBundle


_WIDTH = terminal.WIDTH - 1


def note_text(number: int, told: Told, now_ns: int) -> str:
    """Return what is said when a note stands in the custody chain; `now_ns` is this machine's clock."""
    lines = _folded(_("The note is added as entry {number}.", number=number)) + _told(told, now_ns)
    corrected = _("It can't be changed any more; a correction is a new note, with --corrects {number}.", number=number)
    lines += _folded(corrected)
    return "\n".join(lines) + "\n"


def attachment_text(record: Record, told: Told, now_ns: int) -> str:
    """Return what is said when a file was copied; `record` is that of `custody.attach`."""
    path, number = terminal.shown(str(record["path"])), record["number"]
    lines = [
        *_folded(_("The file is copied into the evidence as {path}, entry {number}.", path=path, number=number)),
        *_folded(_("Its fingerprint (SHA-256): {sha256}", sha256=record["sha256"])),
        *(line for sentence in journaled.said_by_file(record["says"]) for line in _folded(sentence)),
        *_told(told, now_ns),
    ]
    if record["again"]:
        numbers = journal.shortened([int(str(one)) for one in record["again"]])  # type: ignore[union-attr]
        again = _("The same file was attached before: entry {numbers}. It is kept once more.", numbers=numbers)
        lines += _folded(again)
    return "\n".join(lines) + "\n"


def _told(told: Told, now_ns: int) -> list[str]:
    """Return the lines about when it was seen and what it corrects."""
    lines: list[str] = []
    if told.observed is not None:
        lines += _folded(_("Seen: {moment}.", moment=moment(told.observed.utc, language())))
        if told.observed.doubt in DOUBTS:
            lines += _folded(_(DOUBTS[told.observed.doubt]), "  ")
        if told.observed.utc.timestamp() * 10**9 > now_ns:
            careful = _("Careful: by this computer's clock that is still to come. Look at the date again.")
            lines += _folded(careful, "  ")
    if told.corrects is not None:
        lines += _folded(_("It corrects entry {number}, which stays as it is.", number=told.corrects))
    return lines


def note_json(path: Path, record: Record, told: Told) -> dict[str, object]:
    """Return the object of `collect note --json`."""
    numbers = {name: record[name] for name in ("number", "seq")}
    return {"bundle": path_json(path), **numbers, "written": record["utc"], **_told_json(told)}


def attachments_json(path: Path, records: Sequence[Record], told: Told) -> dict[str, object]:
    """Return the object of `collect attach --json`."""
    return {"bundle": path_json(path), "attached": list(records), **_told_json(told)}


def _told_json(told: Told) -> dict[str, object]:
    doubt = None if told.observed is None else told.observed.doubt.value
    return {"observed": told.utc(), "doubt": doubt, "corrects": told.corrects}


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


def _folded(sentence: str, indent: str = "") -> list[str]:
    return terminal.fold(sentence, _WIDTH, indent, indent)


def _holder(bundle: VerifiedBundle) -> tuple[Record, ChainFile]:
    custody = bundle.custody
    if custody is None or custody.inventory.holder is None:
        raise RuntimeError("nothing was handed over")
    return custody.inventory.holder, custody


def _text(value: Json) -> Text:
    return value  # type: ignore[return-value]  # the table has seen that it is a text
