"""YARA rules of ours, compiled by YARA-X: its engine is linear in time, whatever an attacker wrote into a file.

The engine takes 20 MB of memory, so it is loaded when the first rule is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from collector.errors import RuleError
from collector.rules import folder

if TYPE_CHECKING:
    from pathlib import Path

SCAN_SECONDS: Final = 5
"""Longest that one scan may take: linear in time it takes milliseconds, so that this stops what nobody thought of."""


class Marks:
    """The rules of one file; one object serves one thread."""

    def __init__(self, name: str, path: Path | None = None) -> None:
        """Compile a file of `rules/ransom/`, or another; raises `RuleError` with file, line and reason."""
        import yara_x  # noqa: PLC0415 - see above

        path = path or folder() / "ransom" / name
        compiler = yara_x.Compiler(includes_enabled=False)
        try:
            compiler.add_source(path.read_text(encoding="utf-8"), origin=path.name)
        except OSError as e:
            raise RuleError(f"{path.name}:1: can't be read: {e.strerror}") from e
        except (yara_x.CompileError, UnicodeDecodeError) as e:
            raise RuleError(f"{path.name}:{_line(path, e)}: {str(e).splitlines()[0]}") from e
        self._scanner: Any = yara_x.Scanner(compiler.build())
        self._scanner.set_timeout(SCAN_SECONDS)
        self._scanner.fast_scan(yes=True)  # whether a rule matches, not how often
        self._failed: tuple[type[Exception], ...] = (yara_x.TimeoutError, yara_x.ScanError)

    def matches(self, data: bytes) -> tuple[str, ...] | None:
        """Return the names of the rules that match, ascending; `None` where the engine gave up."""
        found = self.found(data)
        return None if found is None else tuple(sorted(found))

    def found(self, data: bytes) -> dict[str, dict[str, Any]] | None:
        """Return the metadata of each rule that matches, by its name; `None` where the engine gave up."""
        try:
            return {rule.identifier: dict(rule.metadata) for rule in self._scanner.scan(data).matching_rules}
        except self._failed:
            return None


def _line(path: Path, error: Exception) -> int:
    """Return the line that a compiler's report names (`--> programs.yar:3:5`), else the first."""
    _, _, after = str(error).partition(f"{path.name}:")
    number = after.split(":", 1)[0]
    return int(number) if number.isdigit() else 1
