"""Who is told how a run goes: a screen, a log, or nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from collector.alarm import Alarm
    from collector.isolation import Verdict
    from collector.model import Gap


class Onlooker(Protocol):
    """Who is told how a run goes; every method returns at once and raises nothing."""

    def opened(self, bundle: Path, start_code: str) -> None:
        """Tell that the bundle is born: from here on something is preserved."""

    def encrypted(self, identity: str | None) -> None:
        """Tell the practice's own secret, to be copied now: it is stored nowhere; `None`: nothing is encrypted."""

    def disks(self, encrypted: tuple[str, ...]) -> None:
        """Tell that fixed disks are encrypted, and how: before anybody thinks of switching off."""

    def step(self, number: int, total: int, source: str, seconds: float) -> None:
        """Tell that the next step begins; `seconds` is the longest it may take. The last one is `seal`."""

    def counted(self, count: int) -> None:
        """Tell how many rows or files of the present step are written, a few times a second."""

    def gap(self, source: str, gap: Gap) -> None:
        """Tell that something was expected and not obtained."""

    def phase(self, name: str, code: str) -> None:
        """Tell that a phase is closed; `code` is the head code that may be written down."""

    def isolation(self, when: str, verdict: Verdict) -> None:
        """Tell how the network was judged: `when` as in the `isolation` observation (SPEC, section 5.2)."""

    def alarmed(self, alarm: Alarm) -> None:
        """Tell that files are being encrypted while we look on: at once, and again while it goes on."""

    def power(self, *, on_battery: bool, percent: int | None) -> None:
        """Tell whether the machine runs on its battery, and how full that is."""

    def stopping(self, reason: str) -> None:
        """Tell that the run is being cut short and closes: reason as in the `close` record."""
