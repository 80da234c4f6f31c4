"""What is told of an export: where it stands, which hosts are in it, and what a reader of it must know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.ui import as_json, terminal
from collector.ui.messages import _, ngettext, number

if TYPE_CHECKING:
    from collector.handover.export import Exported
    from collector.handover.export_evidence import Evidence

_WIDTH = terminal.WIDTH - 1
_COUNTS = (
    "written", "undated", "cut", "left_out", "neutralised", "unread_rows", "unread_files", "unread_records",
    "malformed_records", "mismatched_files",
)  # fmt: skip


def exported_json(done: Exported) -> dict[str, object]:
    """Return the object of `collect export … --json`."""
    return {
        "format": done.format,
        "out": as_json.path_json(done.path),
        "files": list(done.files),
        "bundles": [
            {
                "bundle": as_json.path_json(one.bundle.path),
                "host": one.host,
                "sid": one.sid,
                "verdict": one.verdict,
                "timezone": one.timezone,
                "clock_correction_s": one.correction_s,
                **{name: getattr(one.tally, name) for name in _COUNTS},
            }
            for one in done.evidence
        ],
    }


def exported_text(done: Exported) -> str:
    """Return what is said when an export was made."""
    lines = _folded(_("The export is made, from evidence that was checked byte by byte:"))
    lines += terminal.fold_path(str(done.path), _WIDTH, "  ")
    for one in done.evidence:
        lines += _folded(_host(done, one))
    lines += [line for sentence in _remarks(done) for line in _folded(sentence)]
    return "\n".join(lines) + "\n"


def _host(done: Exported, one: Evidence) -> str:
    said = _(
        "{host}: {count} lines; time zone of the host: {zone}.",
        host=one.host,
        count=number(one.tally.written),
        zone=one.timezone or "?",
    )
    if one.incomplete:
        said += " " + _("INCOMPLETE: this bundle was not closed, and the export says so.")
    if one.correction_s is None:
        return said + " " + _("Nobody compared its clock with a watch: times are as the host's clock had them.")
    if done.format in ("csv", "dissect"):
        told = _("Its clock: {seconds} s to add to reach the operator's watch; this format doesn't add them.",
                 seconds=one.correction_s)  # fmt: skip
    else:
        told = _("Its clock: {seconds} s were added to its times to reach the operator's watch.",
                 seconds=one.correction_s)  # fmt: skip
    return said + " " + told


def _remarks(done: Exported) -> list[str]:
    counts = {name: done.total(name) for name in _COUNTS}
    told = {
        "neutralised": ngettext(
            "{count} cell that a spreadsheet would have calculated has an apostrophe in front.",
            "{count} cells that a spreadsheet would have calculated have an apostrophe in front.",
            counts["neutralised"],
        ),
        "cut": ngettext(
            "{count} text was too long for this format and ends in an ellipsis; the bundle has all of it.",
            "{count} texts were too long for this format and end in an ellipsis; the bundle has all of them.",
            counts["cut"],
        ),
        "left_out": ngettext(
            "{count} thing was left out: this format takes no more, or it could name a patient; the bundle has it.",
            "{count} things were left out: this format takes no more, or they could name a patient; the bundle has "
            "them.",
            counts["left_out"],
        ),
        "undated": ngettext(
            "{count} time is no date and was left out.",
            "{count} times are no dates and were left out.",
            counts["undated"],
        ),
        "unread_rows": ngettext(
            "{count} row can't be read and was left out.",
            "{count} rows can't be read and were left out.",
            counts["unread_rows"],
        ),
        "unread_files": ngettext(
            "{count} file ends before its end: it was cut short when it was collected, or its encryption is damaged.",
            "{count} files end before their end: they were cut short when they were collected, or their encryption is "
            "damaged.",
            counts["unread_files"],
        ),
        "unread_records": ngettext(
            "The encrypted part of {count} record can't be read with this key.",
            "The encrypted part of {count} records can't be read with this key.",
            counts["unread_records"],
        ),
        "malformed_records": malformed(counts["malformed_records"]),
        "mismatched_files": mismatched(counts["mismatched_files"]),
    }
    return [sentence for name, sentence in told.items() if counts[name]]


def malformed(count: int) -> str:
    """Return what is said of records whose encrypted part a key opens, and that is not of its form (SPEC 11)."""
    return ngettext(
        "The encrypted part of {count} record is malformed: only its clear part was used. Tell the expert.",
        "The encrypted part of {count} records is malformed: only their clear part was used. Tell the expert.",
        count,
    )


def mismatched(count: int) -> str:
    """Return what is said of files that hold something else than their record says (`content_sha256`)."""
    return ngettext(
        "{count} file holds something else than its record says (content_sha256): rely on nothing of it, and tell the "
        "expert.",
        "{count} files hold something else than their records say (content_sha256): rely on nothing of them, and tell "
        "the expert.",
        count,
    )


def _folded(sentence: str) -> list[str]:
    return terminal.fold(sentence, _WIDTH)
