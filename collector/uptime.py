"""Judges whether a machine was on all the time since the attack: clocks and logs in, yes, no or unknown out. Pure.

What only memory held is lost when a machine is switched off, so the authorities ask for it
to stay on. The first sign of the attack is the estimated start of the encryption; without
one nothing can be said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from collector.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.model import Json

CLOSE_NS = 120 * 10**9
"""Times nearer than two minutes are not told apart: the wall clock may have been set since."""

REASONS: dict[str, str] = {
    "on_since_before": "The computer was started before the first sign of the attack and was on ever since.",
    "started_after": "The computer was started after the first sign of the attack: what it remembered is lost.",
    "started_meanwhile": "The computer was started anew during the collection: what it remembered is lost.",
    "too_close": "The start of the computer and the first sign of the attack are too close to be told apart.",
    "no_sign": "No first sign of the attack is known yet, so the start of the computer can't be compared with it.",
    "no_boot_time": "The system does not tell when the computer was started.",
    "boot_unknown": "The system does not tell whether the computer was started anew during the collection.",
    "slept": "The computer slept for a while: it was not switched off, but it was not working either.",
}


@dataclass(frozen=True, slots=True)
class Times:
    """What is known: nanoseconds since 1970 UTC, `None` where it is not."""

    boot_ns: int | None
    first_sign_ns: int | None = None
    same_boot: bool | None = None
    slept: bool = False


class Rule(NamedTuple):
    """One line of the judgement."""

    verdict: str
    code: str
    applies: Callable[[Times], bool]


RULES: tuple[Rule, ...] = (
    Rule("no", "started_meanwhile", lambda times: times.same_boot is False),
    Rule("unknown", "no_boot_time", lambda times: times.boot_ns is None),
    Rule("unknown", "no_sign", lambda times: times.first_sign_ns is None),
    Rule("unknown", "too_close", lambda times: abs(_after_sign(times)) < CLOSE_NS),
    Rule("no", "started_after", lambda times: _after_sign(times) > 0),
    Rule("unknown", "boot_unknown", lambda times: times.same_boot is None),
    Rule("yes", "on_since_before", lambda times: True),  # noqa: ARG005 - what is left
)
"""The first line that applies."""


def judge(times: Times) -> tuple[str, tuple[str, ...]]:
    """Return the verdict and the codes of its reasons."""
    rule = next(rule for rule in RULES if rule.applies(times))
    return rule.verdict, (rule.code, *(["slept"] if times.slept else []))


def as_data(times: Times) -> dict[str, Json]:
    """Return what the `uptime` observation says of the judgement."""
    verdict, codes = judge(times)
    return {
        "verdict": verdict,
        "reasons": [REASONS[code] for code in codes],
        "boot_time": None if times.boot_ns is None else utc_text(times.boot_ns),
        "first_sign": None if times.first_sign_ns is None else utc_text(times.first_sign_ns),
        "same_boot": times.same_boot,
        "slept": times.slept,
    }


def _after_sign(times: Times) -> int:
    """Return how much later than the first sign the machine was started; both are known."""
    return (times.boot_ns or 0) - (times.first_sign_ns or 0)
