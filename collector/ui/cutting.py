"""What a person is shown and asked before `--isolate` changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import isolation
from collector.host import HostError
from collector.ui import network, terminal
from collector.ui.messages import _
from collector.ui.terminal import Terminal

if TYPE_CHECKING:
    from typing import TextIO

    from collector.facts import Change
    from collector.host import Host
    from collector.isolation import Verdict


def agreed(host: Host, source: TextIO | None, stream: TextIO, *, asks: bool) -> bool:
    """Show what would be switched off, and tell whether it may be: asked of a person if there is one and `asks`.

    Where the plan can't be made, or nothing stands in it, the run shows so later; nothing is asked.
    """
    out = Terminal(stream)
    try:
        facts = host.link_facts()
        changes = host.plan_isolation(facts)
    except HostError:
        return True
    lines = plan_lines(changes, host.privileges(), isolation.judge(facts))
    out.write("\n".join(lines) + "\n")
    out.flush()
    if not changes or not asks or source is None or not (out.isatty() and Terminal(source).isatty()):
        return True
    out.write(_("Switch these off now? [y/N] "))
    out.flush()
    try:
        said = source.readline(100).strip().lower()
    except (OSError, ValueError):
        said = ""
    if said[:1] == _("y"):
        return True
    for line in terminal.fold(_("Nothing is switched off. The collection goes on."), terminal.WIDTH):
        out.write(line + "\n")
    out.flush()
    return False


def plan_lines(changes: tuple[Change, ...], privileges: str, verdict: Verdict) -> list[str]:
    """Return what would be switched off and how it is undone; without the privilege, what to do by hand."""
    if not changes:
        return terminal.fold(_("There is nothing to switch off: no link leads outside."), terminal.WIDTH)
    lines = terminal.fold(_("This will be switched off, once what vanishes first is noted:"), terminal.WIDTH)
    for change in changes:
        where = "" if change.namespace is None else f" @ {change.namespace}"
        named = f"{terminal.shown(change.name, 64)} ({terminal.shown(change.kind or '?')}){where}"
        said = _("the radio {name}", name=named) if change.what == "block" else named
        lines += terminal.fold("- " + said, terminal.WIDTH, "  ", "    ")
    lines += terminal.fold(
        _("If you use this computer from elsewhere, that connection ends too. So does a wireless keyboard or mouse."),
        terminal.WIDTH,
    )
    lines += terminal.fold(
        _("If the evidence is written to a network disk, choose a USB stick first."), terminal.WIDTH
    )
    undo = _("The computer stays on. How to undo it is written into the evidence (undo-isolation).")
    lines += terminal.fold(undo, terminal.WIDTH)
    if privileges not in ("root", "administrator"):
        hand = _("Without administrator rights this may be refused. Then do it by hand:")
        lines += terminal.fold(hand, terminal.WIDTH)
        lines += network.reasons(verdict.reasons, terminal.WIDTH, 10)
    return lines
