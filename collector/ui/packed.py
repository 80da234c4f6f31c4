"""What is told of a hand-over file that was made or opened, and the practice's key for paper."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from collector.ui import as_json, qr, terminal
from collector.ui.messages import _, ngettext
from collector.ui.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

    from collector.handover.opening import Opened
    from collector.handover.packing import Packed

_GROUP, _ROW = 4, 10
"""Characters of a group and groups of a row of the key on paper."""


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
    if done.practice_identity is None:
        lines.append(_("The practice's own key is the one that was put on paper when the evidence was collected."))
    return "\n".join(lines) + "\n"


def show_identity(identity: str, stream: TextIO) -> bool:
    """Write the practice's key as text and as QR code, and tell whether the stream took it.

    It stands nowhere else, and a lost one can't be made again.
    """
    out = Terminal(stream)
    groups = [identity[at : at + _GROUP] for at in range(0, len(identity), _GROUP)]
    rows = [" ".join(groups[at : at + _ROW]) for at in range(0, len(groups), _ROW)]
    head = _("THE PRACTICE'S KEY. It is stored nowhere: write it on paper now, or photograph this screen.")
    keep = _("Whoever has it can read the evidence. Keep it in an envelope, apart from the USB stick.")
    columns = out.size()[0] - 1
    lines = [*terminal.fold(head, columns), *(f"      {row}" for row in rows), *terminal.fold(keep, columns)]
    with contextlib.suppress(Exception):  # the key stands above in letters; a broken library takes nothing from it
        lines += qr.lines(identity, colour=out.has_colour())
    out.write("\n" + "\n".join(lines) + "\n")
    out.flush()
    return out.gone is None


def remains_text(path: Path) -> str:
    """Return the line about a folder that an earlier run left because it was killed."""
    return (
        _(
            "An earlier opening was killed and left {folder}, which may hold decrypted evidence: delete it, unless "
            "`collect open` is still at work there.",
            folder=terminal.path_text(str(path)),
        )
        + "\n"
    )


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
