"""What is told of a hand-over file that was made or opened, and the practice's key for paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.ui import as_json, paper, terminal
from collector.ui.messages import _, ngettext, number
from collector.ui.report import sentences

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

    from collector.handover.opening import Opened
    from collector.handover.packing import Packed

_WIDTH = terminal.WIDTH - 1


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
    said = ngettext(
        "The evidence is packed into {count} encrypted file, and a list of fingerprints:",
        "The evidence is packed into {count} encrypted files, and a list of fingerprints:",
        len(done.files) - 1,
    )
    lines = _folded(said)
    for one in done.files:
        lines += terminal.fold_path(str(one.path), _WIDTH, "  ")
    lines += _folded(_("Size: {size} bytes.", size=number(done.size)))
    lines += [_("Who can open it:"), *(f"  {one}" for one in done.recipients)]
    if done.practice_identity is None:
        told = [_("The practice's own key is the one that was put on paper when the evidence was collected.")]
    else:
        alone = [_("No expert was named: only the practice's own key on paper opens it.")]
        told = alone if len(done.recipients) == 1 else []
        told.append(_("Whoever has the practice's key can read the evidence."))
        told.append(_("Keep the key in an envelope, apart from the USB stick."))
    for sentence in told:
        lines += _folded(sentence)
    return "\n".join(lines) + "\n"


def show_identity(identity: str, stream: TextIO) -> bool:
    """Show the practice's key as a run does, and tell whether the stream took it.

    It stands nowhere else, and a lost one can't be made again.
    """
    return paper.show_reading_key(identity, None, stream, asks=False)


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
    """Return what is said when a hand-over file was opened: the verdict in the words of `collect verify`."""
    lines = _folded(_("The bundle is unpacked and verified:"))
    lines += terminal.fold_path(str(found.path), _WIDTH, "  ")
    lines += _folded(_(sentences(found.report)[0]))
    if found.report.seal_code is not None:
        lines += _folded(_("Seal code: {code}", code=found.report.seal_code))
        told = _("Compare it with the paper: `collect verify` with --seal-code does that, and says what it proves.")
        lines += _folded(told)
    return "\n".join(lines) + "\n"


def _folded(sentence: str) -> list[str]:
    return terminal.fold(sentence, _WIDTH)
