"""What only a person's eyes can tell of the isolation: the questions, and how answers are recorded. Pure.

The machine's own verdict stands beside them and is never changed by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.model import Json

QUESTIONS: dict[str, str] = {
    "cable": "Is the network cable of this computer unplugged?",
    "wifi": "Is the Wi-Fi of this computer off (its light, its key, airplane mode)?",
    "box": "On the Internet box, is the light of this computer's cable off?",
    "others": "Are the other computers of the practice off the network too?",
    "nas": "Is the network drive (NAS) unplugged from the network?",
    "backup": "Is the backup disk unplugged?",
    "reader": "Is the card reader unplugged from the network?",
}
"""Each as a question whose `yes` is the safe answer; its name is the field of the `eyes` observation."""

TO_DO: dict[str, str] = {
    "cable": "Pull the network cable out of this computer.",
    "wifi": "Switch the Wi-Fi of this computer off (its key, or airplane mode).",
    "box": "On the Internet box, unplug this computer's cable.",
    "others": "Take the other computers of the practice off the network too; leave them on.",
    "nas": "Unplug the network drive (NAS) from the network.",
    "backup": "Unplug the backup disk.",
    "reader": "Unplug the card reader from the network.",
}
"""What is done about each that was answered with no."""

ANSWERS = ("yes", "no", "unknown", "none")
"""`unknown`: the person could not tell; `none`: there is no such thing here. Who said nothing has no answer."""


def as_data(answers: Mapping[str, str]) -> dict[str, Json]:
    """Return the data of an `eyes` observation, only what somebody answered, in order; raises `ValueError`."""
    if set(answers) - set(QUESTIONS) or set(answers.values()) - set(ANSWERS):
        raise ValueError(f"not answers to our questions: {dict(answers)}")
    return {name: answers[name] for name in QUESTIONS if name in answers}


def open_points(answers: Mapping[str, str]) -> list[str]:
    """Return the names of the questions that were answered with no, in their order."""
    return [name for name in QUESTIONS if answers.get(name) == "no"]
