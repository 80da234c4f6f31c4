"""What is shown of a kit: what differs, what Windows will ask, where evidence goes, and what was laid out."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from collector import kit
from collector.ui import terminal
from collector.ui.messages import N_, _, elsewhere, ngettext, number
from collector.ui.terminal import Terminal

if TYPE_CHECKING:
    from typing import TextIO

    from collector.errors import KitError
    from collector.handover.kit import Laid

_COLUMNS = terminal.WIDTH - 1
_LONGEST_LINE = 1000
"""Most characters taken of a folder's name."""
_TRIES = 5
"""How often another folder is asked for before the run begins where it can."""
RISING = (
    N_("Windows will now ask whether this program may make changes."),
    N_("Click YES: with all rights the collection sees more. Nothing on the computer is changed."),
    N_("If a password is asked that you don't have, click NO: the collection goes on with less, and says so."),
)
"""What is said before Windows asks (UAC)."""


def checking_text() -> str:
    """Return what is shown while the kit is held against its sums."""
    return _("Checking the stick…") + "\n"


def changes_text(error: KitError) -> str:
    """Return every difference that is told, each in its lines."""
    lines = [_("The kit is not as it was prepared:")]
    for change in error.changes:
        lines += terminal.fold(terminal.shown(elsewhere(change), 300), _COLUMNS, "- ", "  ")
    return "\n".join(lines) + "\n"


def beside_text(names: tuple[str, ...]) -> str:
    """Return what lies on the stick beside the kit."""
    shown = ", ".join(terminal.path_text(name, 60) for name in names[:5])
    more = ngettext(
        "On the stick, not of the kit, left alone: {names}",
        "On the stick, {count} things not of the kit, left alone: {names}",
        len(names),
        names=shown,
    )
    return "\n".join(terminal.fold(more, _COLUMNS)) + "\n"


def rights_text() -> str:
    """Return what is shown where all rights were refused."""
    return _("Without all rights. That is no harm: what is missing is noted, and the expert will complete it.")


def left_text() -> str:
    """Return what is shown where somebody leaves before the run."""
    said = _("Stopped before the collection: nothing was collected, and nothing was written.")
    again = _("Leave the computer on, and off the network. To begin again, start this program anew.")
    return "\n" + "\n".join([*terminal.fold(said, _COLUMNS), *terminal.fold(again, _COLUMNS)]) + "\n"


def elsewhere_text() -> str:
    """Return what is shown where the run goes on in another window."""
    return _("The collection goes on in the other window. Leave this one open.") + "\n"


def laid_text(laid: Laid) -> str:
    """Return what the expert is told of a kit that was laid out: what to publish, and what to keep."""
    lines = [_("The kit is ready:")]
    lines += terminal.fold_path(str(laid.folder), _COLUMNS, "  ")
    for system, program in laid.programs.items():
        lines += [
            _("program for {system}: {files} files, SHA-256", system=system, files=number(program.files)),
            "  " + program.sha256,
        ]
    lines += [_("SHA-256 of its SHA256SUMS"), "  " + laid.sums_sha256, _("number of the kit"), "  " + laid.nonce]
    steps = (
        _("Keep a copy of kit.json and of these sums: `collect verify --kit` needs it, and the stick can be replaced."),
        _("Print INSTRUCTIONS.pdf and NE-PAS-ETEINDRE.pdf and keep them with the stick."),
    )
    for step in steps:
        lines += terminal.fold(step, _COLUMNS)
    if laid.beside:
        lines.append(beside_text(laid.beside).rstrip("\n"))
    return "\n".join(lines) + "\n"


def hold(source: TextIO, stream: TextIO) -> None:
    """Wait for Enter, so that the last screen stays as long as somebody reads it."""
    terminal.show(stream, _("To close this window, press Enter.") + " ")
    with contextlib.suppress(OSError, ValueError):
        source.readline(_LONGEST_LINE)


class Place:
    """Asks a person for a folder that takes evidence."""

    def __init__(self, source: TextIO, stream: TextIO) -> None:
        self._source = source
        self._terminal = Terminal(stream)

    def chosen(self, out: Path) -> Path:
        """Return `out`, or what a person names instead until one of them takes evidence, five times at most."""
        for _attempt in range(_TRIES):
            reason = kit.refusal_of(out)
            if reason is None:
                return out
            said = self._asked(elsewhere(kit.REASONS[reason]))
            if said is None:
                break
            if said:
                out = _folder_of(said)
        return out

    def _asked(self, why: str) -> str | None:
        """Return what was typed, empty for Enter alone; `None` where nobody answers."""
        wanted = _("Plug in another, empty stick, or an external disk. Then type its letter or folder, and Enter.")
        place = "E:" if _has_drives() else "/media/cle"
        example = _("For example {example}. Enter alone: try the same one again.", example=place)
        for sentence in (why[:1].upper() + why[1:] + ".", wanted, example):
            for line in terminal.fold(sentence, _COLUMNS):
                self._terminal.write(line + "\n")
        self._terminal.write("> ")
        self._terminal.flush()
        try:
            line = self._source.readline(_LONGEST_LINE)
        except (OSError, ValueError):
            return None
        return line.strip().strip('"') if line else None


def _folder_of(said: str) -> Path:
    """Return the folder that was meant: a drive's letter alone is the drive's first folder."""
    letter = re.fullmatch(r"([A-Za-z]):?", said)
    return Path(f"{letter[1].upper()}:\\") if letter and _has_drives() else Path(said)


def _has_drives() -> bool:
    return bool(Path("C:\\").drive)
