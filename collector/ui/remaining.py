"""How much longer a run takes, estimated: pure, told of steps and of the time.

The steps' budgets are the longest they may take; a run usually takes about a tenth of them. The estimate shown
follows the raw one slowly, so that it neither jumps when a step ends early nor stands still.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from collector.ui.messages import number

if TYPE_CHECKING:
    from collections.abc import Sequence

USUAL_SHARE = 0.1
"""Of its budget a step usually takes this much: a run on a small computer takes about two of its twenty minutes."""
TAIL = 0.25
"""A step that takes longer than usual is expected to take this much of what it has taken, again."""
SMOOTHING_SECONDS = 5.0
"""Time in which the estimate shown takes over two thirds of a change of the raw one."""


class Remaining:
    """The estimate; `budgets` are those of all steps in their order, and time is any clock that goes forward."""

    def __init__(self, budgets: Sequence[float], now: float) -> None:
        self._budgets = budgets
        self._step_started = self._looked = now
        self._step = 0
        self._shown = USUAL_SHARE * sum(budgets)
        self._fraction = 0.0

    def step(self, number: int, now: float, total: int | None = None, seconds: float = 0) -> None:
        """Take in that step `number` (from 1) begins; with more steps in all than budgets, this one is new to us."""
        if total is not None and total > len(self._budgets):
            self._budgets = [*self._budgets[: number - 1], seconds, *self._budgets[number - 1 :]]
        self._step, self._step_started = number, now

    def seconds(self, now: float) -> float:
        """Return the seconds left, about; never negative."""
        passed = max(0.0, now - self._looked)
        self._looked = max(now, self._looked)
        aged = max(0.0, self._shown - passed)
        self._shown = aged + (self._raw(now) - aged) * (1 - math.exp(-passed / SMOOTHING_SECONDS))
        return self._shown

    def fraction(self, now: float) -> float:
        """Return how much of the run is done, from 0 to 1, in shares of the budgets; never goes back."""
        if 1 <= self._step <= len(self._budgets):
            budget, elapsed = self._budgets[self._step - 1], max(0.0, now - self._step_started)
            part = budget * (1 - math.exp(-elapsed / (USUAL_SHARE * budget))) if budget > 0 else 0.0
            self._fraction = max(self._fraction, (sum(self._budgets[: self._step - 1]) + part) / sum(self._budgets))
        return min(1.0, self._fraction)

    def _raw(self, now: float) -> float:
        later = USUAL_SHARE * sum(self._budgets[self._step :])
        if not 1 <= self._step <= len(self._budgets):
            return later
        budget, elapsed = self._budgets[self._step - 1], max(0.0, now - self._step_started)
        tail = min(TAIL * elapsed, max(0.0, budget - elapsed))
        return later + max(USUAL_SHARE * budget - elapsed, tail)


def bar(done: float, columns: int, encoding: str) -> str:
    """Return a bar with its percentage, in characters that the terminal has."""
    full, empty = ("█", "░") if encoding.lower().replace("-", "") == "utf8" else ("#", ".")
    percent = f" {number(min(99, int(done * 100)))} %"
    room = max(columns - len(percent), 1)
    filled = min(room, int(done * room))
    return full * filled + empty * (room - filled) + percent
