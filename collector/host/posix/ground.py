"""What the rooms of files ask of a system: what is mounted, where people keep their files, how a program is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.expansion import Facts
    from collector.host.posix.mounts import MountTable
    from collector.model import Blob, Gap, Row


class Ground(Protocol):
    """One system, or the recorded trees of one."""

    def mount_table(self) -> MountTable:
        """Return what is mounted now; raises `OSError`, and `RuleError` for a wrong table of types."""

    def people(self) -> list[bytes]:
        """Return where people keep their files: homes first, then what they share; absolute, links unresolved."""

    def expansion_facts(self, table: MountTable) -> tuple[Facts, Gap | None]:
        """Return what paths of definitions are expanded from, and a gap where the accounts can't be read."""

    def run_program(
        self, table: MountTable, row: Row, program: str, arguments: tuple[str, ...], deadline: float
    ) -> Iterator[Row | Blob | Gap]:
        """Yield the output of a program with its row, or the row and a gap that says why it did not run or end well."""
