"""What a person is told of the network verdict, and the text of `collect isolation`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import isolation
from collector.ui import terminal
from collector.ui.messages import N_, _, elsewhere, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from collector.isolation import Reason, Verdict

UNKNOWN = N_("Network: I could not check everything. Look at the cable and the Wi-Fi yourself.")
NOW = {
    "ISOLATED": N_("Network: this computer is cut off from every network. Leave it so."),
    "CONNECTED": N_("This computer still seems connected to the Internet."),
    "UNKNOWN": UNKNOWN,
}
"""The verdict of this moment."""
TO_UNPLUG = N_("Unplug the cable, switch the Wi-Fi off. Do not power off.")

STATES = {
    "down": N_("switched off"),
    "no_carrier": N_("on, not plugged in"),
    "internal": N_("inside this computer only"),
    "connected": N_("CONNECTED"),
    "unknown": N_("could not be checked"),
}


def reason(given: Reason) -> str:
    """Return one reason as a sentence in the chosen language, safe to print."""
    return elsewhere(isolation.REASONS[given.code], name=given.name)


def reasons(given: Iterable[Reason], columns: int, most: int, *, count_rest: bool = True) -> list[str]:
    """Return the first reasons as lines of a list, and how many more there are."""
    every = list(given)
    lines = [line for one in every[:most] for line in terminal.fold("- " + reason(one), columns, "  ", "    ")]
    if count_rest and len(every) > most:
        rest = len(every) - most
        lines.append("  " + ngettext("- {count} more remark", "- {count} more remarks", rest))
    return lines


def now_lines(verdict: str, columns: int) -> list[str]:
    """Return the verdict of this moment, and what to do about it."""
    lines = terminal.fold(_(NOW.get(verdict, UNKNOWN)), columns)
    return [*lines, *terminal.fold(_(TO_UNPLUG), columns)] if verdict == "CONNECTED" else lines


def warning(verdict: str, columns: int) -> list[str]:
    """Return what to say while a run goes on: nothing once the computer is cut off."""
    return [] if verdict == "ISOLATED" else now_lines(verdict, columns)


def run_lines(verdicts: Mapping[str, str | None], columns: int) -> list[str]:
    """Return what a whole run saw of the network."""
    if verdicts.get("run") == "ISOLATED":
        said = _("Network: this computer was cut off from the start to the end. Leave it so.")
    elif verdicts.get("close") == "CONNECTED":
        return warning("CONNECTED", columns)
    elif verdicts.get("close") == "ISOLATED" and verdicts.get("run") == "CONNECTED":
        at_first = _("Network: this computer was connected at first. It is cut off now: leave it so.")
        partly = _("Network: this computer was connected for a part of the time. It is cut off now: leave it so.")
        said = at_first if verdicts.get("open") == "CONNECTED" else partly
    else:
        return warning("UNKNOWN", columns)
    return terminal.fold(said, columns)


def isolation_text(verdict: Verdict) -> str:
    """Return the text of `collect isolation`: the verdict, what to do, and every link."""
    lines = now_lines(verdict.verdict, terminal.WIDTH)
    if verdict.scope != "host":
        lines += terminal.fold(_("Only a part of this computer (a container) was looked at."), terminal.WIDTH)
    if verdict.reasons:
        lines += ["", *reasons(verdict.reasons, terminal.WIDTH, len(verdict.reasons))]
    lines += ["", _("The links of this computer:")]
    for row in verdict.interfaces:
        name = row["name"]
        state = str(row["state"])
        shown = terminal.shown(name if isinstance(name, str | dict) else None, 64)  # type: ignore[arg-type]
        entry = _(
            "{name} ({kind}): {state}",
            name=shown if row["namespace"] is None else f"{shown} @ {terminal.shown(str(row['namespace']))}",
            kind=terminal.shown(str(row["kind"] or "?")),
            state=_(STATES[state]) if state in STATES else terminal.shown(state),
        )
        lines += terminal.fold("- " + entry, terminal.WIDTH, "  ", "    ")
    lines += ["", *terminal.fold(_("This is what the system says of itself; no packet was sent."), terminal.WIDTH)]
    return "\n".join(lines) + "\n"
