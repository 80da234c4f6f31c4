"""Columns of a row, filled one by one: what can't be had is `None`, and named in `unread` with its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collector.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.model import Json

OF_PROCESS: Final = (
    "ppid",
    "name",
    "exe",
    "exe_deleted",
    "cmdline",
    "username",
    "uid",
    "create_time",
    "status",
    "cwd",
    "root",
    "open_files",
    "threads",
    "rss",
    "namespace",
)
"""What is told of a process beside its number, in the order of the source's columns; no system has all of it."""


class Columns:
    """Asks for facts one by one; `outcome_of` is the system's own reading of an error."""

    def __init__(self, outcome_of: Callable[[OSError], Outcome]) -> None:
        self._outcome_of = outcome_of
        self.unread: dict[str, Json] = {}

    def get(self, column: str, ask: Callable[[], Json]) -> Json:
        """Return the fact."""
        try:
            return ask()
        except OSError as error:
            self.unread[column] = str(self._outcome_of(error))
        except ValueError:
            self.unread[column] = str(Outcome.FAILED)
        return None

    def lacks(self, column: str) -> None:
        """Name a column that is not asked for on this system."""
        self.unread[column] = str(Outcome.UNSUPPORTED)
