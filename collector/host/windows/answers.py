"""Waits for a service of Windows only so long: one that hangs, or was suspended, never answers who asks it.

Sessions, services, the event log and the DNS cache are each kept by a program of their own, which is asked by a local
call without a limit of time. Who wants the collection to stand still has to suspend one of them only.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

from typing import TYPE_CHECKING, Final, TypeVar

from collector.host.patience import LostError, Patience
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")

SECONDS: Final = 15.0
"""The longest that one service may take; a busy one takes a second."""


def in_time(ask: Callable[[], Iterable[T]], seconds: float = SECONDS) -> Iterator[T | Gap]:
    """Yield what is told, once it is told whole, or a gap where it is not in time; raises what `ask` raises."""
    waiting = Patience(seconds)
    try:
        yield from waiting.call(lambda: [*ask()])
    except LostError:
        yield Gap(Outcome.TIMED_OUT, f"a service of Windows did not answer within {seconds:g} s: it hangs, or is held")
    finally:
        waiting.end()
