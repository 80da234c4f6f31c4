"""What is told of a note or an attachment that was added after the seal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.ui import terminal
from collector.ui.messages import _

if TYPE_CHECKING:
    from collector.manifest import Record


def note_text() -> str:
    """Return what is said when a note stands in the custody chain."""
    return _("The note is added. It can't be changed any more; a correction is a new note.")


def attachment_text(record: Record) -> str:
    """Return what is said when a file was copied; `record` has its path, size and sha256."""
    path = terminal.shown(str(record["path"]))
    lines = [
        _("The file is copied into the evidence as {path}.", path=path),
        _("Its fingerprint (SHA-256): {sha256}", sha256=record["sha256"]),
    ]
    return "\n".join(lines)
