"""Judges what was typed: commands that delete backups, shadow copies and logs, stop machines or carry data away."""

from __future__ import annotations

from functools import cache
from typing import Final

from collector.marks import Marks

HISTORIES: Final = frozenset(
    {
        ".bash_history", ".zsh_history", ".ash_history", ".sh_history", ".history", ".python_history", "fish_history",
        ".mysql_history", ".psql_history", "consolehost_history.txt",
    }
)  # fmt: skip
"""Names of files in which shells and clients keep what was typed, in small letters."""
LOOKED_AT: Final = 4 << 20
"""Last bytes of a history that are looked at: 100,000 commands."""
LOGS: Final = frozenset(
    {"auth.log", "secure", "syslog", "messages", "wtmp", "btmp", "lastlog", "audit.log", "kern.log", "daemon.log"}
)
"""Logs of a Linux system that hold something on every host that was in use."""
EMPTIED: Final = "log_emptied"

REASONS: Final = {
    "shadow_copies_deleted": "shadow copies were deleted",
    "backups_deleted": "backups or snapshots were deleted, or the repair of the system switched off",
    "logs_deleted": "logs or the history of commands were deleted",
    "machines_stopped": "virtual machines were stopped or deleted",
    "carried_out": "a program that carries data away was used",
    EMPTIED: "a log that every used system fills is empty",
}
"""Every reason, as an English sentence."""


def judge_history(text: bytes) -> tuple[str, ...] | None:
    """Return the codes of `REASONS` that a history gives, in their order; `None` where the engine gave up."""
    found = _rules().found(text[-LOOKED_AT:])
    if found is None:
        return None
    codes = {str(meta["reason"]) for meta in found.values()}
    return tuple(code for code in REASONS if code in codes)


@cache
def _rules() -> Marks:
    return Marks("recovery.yar")
