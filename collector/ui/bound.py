"""What is told of a dossier that was made: its files, what is missing in it, what to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.ui import as_json, exported, terminal
from collector.ui.messages import _, ngettext

if TYPE_CHECKING:
    from collector.handover.dossier import Made
    from collector.verify import VerifiedBundle

_WIDTH = terminal.WIDTH - 1


def made_json(bundle: VerifiedBundle, made: Made) -> dict[str, object]:
    """Return the object of `collect dossier … --json`."""
    names = ("pdf", "html", "letter")
    return {
        "bundle": as_json.path_json(bundle.path),
        "verdict": bundle.report.verdict.value,
        **{name: as_json.path_json(path) for name, path in zip(names, made.files, strict=True)},
        "answers": made.answered,
        "unread_records": made.unread,
        "malformed_records": made.malformed,
        "mismatched_files": made.mismatched,
    }


def made_text(made: Made) -> str:
    """Return what is said when a dossier was made."""
    lines = terminal.fold(_("The dossier is ready to be printed, from evidence that was checked byte by byte:"), _WIDTH)
    for path in made.files:
        lines += terminal.fold_path(str(path), _WIDTH, "  ")
    told = [
        _("It holds what professional secrecy covers: read each page before you give it away."),
        _("Fill in the dotted lines by hand, then sign the letter of complaint and post it, or take it to the police."),
    ]
    if not made.answered:
        told.insert(0, _("Nobody has answered the questions yet: the fields are blank."))
    if made.incomplete:
        told.insert(0, _("INCOMPLETE: this bundle was not closed, and every page says so."))
    if made.unread:
        told.append(
            ngettext(
                "The encrypted part of {count} record can't be read with this key.",
                "The encrypted part of {count} records can't be read with this key.",
                made.unread,
            )
        )
    if made.malformed:
        told.append(exported.malformed(made.malformed))
    if made.mismatched:
        told.append(exported.mismatched(made.mismatched))
    return "\n".join([*lines, *(line for one in told for line in terminal.fold(one, _WIDTH))]) + "\n"
