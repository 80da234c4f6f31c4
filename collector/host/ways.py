"""What one pattern of an artifact definition may cost while it is looked for, the same on every system."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector.model import Gap, Outcome
from collector.text import from_bytes

if TYPE_CHECKING:
    from collector.expansion import Pattern

MAX_ENTRIES: Final = 50_000
"""Names of one folder that are looked at: a home with more is not a home."""

MAX_FOLDERS: Final = 20_000
"""Folders that one pattern opens: `**10` over a home stays bounded."""

MAX_OPEN: Final = 100
"""Folders open at once, one below the other."""


@dataclass(slots=True)
class Way:
    """What one pattern has cost so far, and how deep it stands; ends at `deadline` (`time.monotonic`)."""

    deadline: float
    folders: int = 0
    links: int = 0
    level: int = 0
    seen: set[bytes] = field(default_factory=set)

    def ends(self, parts: Pattern, path: bytes) -> list[Gap] | None:
        """Count one more folder: return what is told where the way ends there (maybe nothing), `None` where it doesn't.

        `parts` are what is left of the pattern, `path` is the folder's.
        """
        self.folders += 1
        if not parts or self.folders > MAX_FOLDERS or time.monotonic() > self.deadline:
            if self.folders == MAX_FOLDERS + 1:
                reason = f"a path leads to more than {MAX_FOLDERS} folders"
                return [Gap(Outcome.OVER_LIMIT, reason, from_bytes(path))]
            return []
        if self.level >= MAX_OPEN:
            return [Gap(Outcome.OVER_LIMIT, f"a path is deeper than {MAX_OPEN} folders", from_bytes(path))]
        return None


def too_many(path: bytes) -> Gap:
    """Return the gap of a folder that holds more than is looked at."""
    return Gap(Outcome.OVER_LIMIT, f"a folder holds more than {MAX_ENTRIES} names", from_bytes(path))
