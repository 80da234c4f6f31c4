"""What is told of a hand-over file that was made or opened, and the practice's key for paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.ui import as_json, paper, terminal
from collector.ui.messages import _, ngettext

if TYPE_CHECKING:
    from typing import TextIO

    from collector.handover.opening import Opened
    from collector.handover.packing import Packed


def packed_json(done: Packed) -> dict[str, object]:
    """Return the object of `collect pack … --json`."""
    return {
        "bundle": as_json.path_json(done.bundle),
        "files": [as_json.path_json(one.path) for one in done.files],
        "size": done.size,
        "recipients": list(done.recipients),
        "practice_identity": done.practice_identity,
    }


def opened_json(found: Opened) -> dict[str, object]:
    """Return the object of `collect open … --json`."""
    return {
        "bundle": as_json.path_json(found.path),
        "verdict": found.report.verdict.value,
        "records": found.report.records,
        "artifacts": found.report.artifacts,
        "seal_code": found.report.seal_code,
    }


def packed_text(done: Packed) -> str:
    """Return what is said when a hand-over file was written."""
    parts = len(done.files) - 1
    lines = [
        ngettext(
            "The evidence is packed into {count} encrypted file, and a list of fingerprints:",
            "The evidence is packed into {count} encrypted files, and a list of fingerprints:",
            parts,
        ),
        *(f"  {terminal.path_text(str(one.path))}" for one in done.files),
        _("Size: {size} bytes.", size=done.size),
        _("Who can open it:"),
        *(f"  {one}" for one in done.recipients),
    ]
    if done.practice_identity is not None and len(done.recipients) == 1:
        lines.append(_("No expert was named: only the practice's own key on paper opens it."))
    if done.practice_identity is not None:
        lines.append(_("Whoever has the practice's key can read the evidence."))
        lines.append(_("Keep the key in an envelope, apart from the USB stick."))
    else:
        lines.append(_("The practice's own key is the one that was put on paper when the evidence was collected."))
    return "\n".join(lines) + "\n"


def show_identity(identity: str, stream: TextIO) -> None:
    """Show the practice's key as a run does; it stands nowhere else, and a lost one can't be made again."""
    paper.show_reading_key(identity, None, stream, asks=False)


def opened_text(found: Opened) -> str:
    """Return what is said when a hand-over file was opened."""
    lines = [
        _("The bundle is unpacked and verified: {verdict}", verdict=found.report.verdict.value),
        f"  {terminal.path_text(str(found.path))}",
    ]
    if found.report.seal_code is not None:
        lines += [
            _("Seal code: {code}", code=found.report.seal_code),
            _("Compare it with the paper: `collect verify` with --seal-code does that, and says what it proves."),
        ]
    else:
        lines.append(_("It was never sealed: what is there is whole as far as it goes."))
    return "\n".join(lines) + "\n"
