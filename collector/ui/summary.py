"""What is told at the end of many verifications: how many of each verdict, and which folders to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from collector.ui import terminal
from collector.ui.messages import N_, _, ngettext, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_VERDICTS = {
    "ANCHORED": N_("ANCHORED"),
    "UNANCHORED": N_("UNANCHORED"),
    "INCOMPLETE": N_("INCOMPLETE"),
    "ALTERED": N_("ALTERED"),
    None: N_("could not be verified"),
}
"""What each is called, in their order: as `report.VERDICTS` begins."""
_NAMED = 50
"""Folders that are named for one verdict; `--json` has all."""


class One(NamedTuple):
    """What came of one folder: its verdict, none where it could not be verified, and whether its exit code is 0."""

    path: Path
    verdict: str | None
    good: bool


def summary_text(ones: Sequence[One]) -> str:
    """Return the lines of the summary, what is well first; folders that are not are named."""
    width = terminal.WIDTH - 1
    heading = ngettext("{count} folder in all:", "{count} folders in all:", len(ones))
    lines = terminal.fold(heading, width)
    for verdict, called in _VERDICTS.items():
        found = [one for one in ones if one.verdict == verdict]
        if not found:
            continue
        lines += terminal.fold(f"{number(len(found))} {_(called)}", width, "  ", "    ")
        bad = [one for one in found if not one.good]
        for one in bad[:_NAMED]:
            lines += terminal.fold_path(str(one.path), width, "    ")
        if len(bad) > _NAMED:
            lines.append("    " + _("… and {count} more", count=number(len(bad) - _NAMED)))
    return "\n".join(lines) + "\n"
