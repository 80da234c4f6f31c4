"""`--isolate`: cuts the machine off on request, and leaves behind how to undo it.

The undo text is on the medium before anything is touched; each change is announced, made
and confirmed in the manifest, one after the other. A kill between two of them leaves what
was already done to be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from collector.host import HostError
from collector.ledger import as_json
from collector.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.bundle import Bundle
    from collector.facts import Change, Facts
    from collector.host import Host
    from collector.model import Gap, Json

SOURCE = "isolate"
UNDO_KIND = "undo-isolation"
MOST_LINES = 40
"""Most undo lines in one observation; the artifact holds them all."""
LONGEST_LINE = 300

_HEAD = """\
Réseau coupé par le collecteur de preuves (--isolate). Pour revenir en arrière, une fois que l'expert l'a
permis : en root, ces commandes, dans cet ordre.
Network cut off by the evidence collector (--isolate). To undo it, once the expert allows it: as root, these
commands, in this order. What the system does by itself (DHCP, router advertisements) comes back by itself.

"""


class IsolateRun(Protocol):
    """What cutting off needs of its run."""

    bundle: Bundle

    def observe(self, what: str, data: Mapping[str, Json]) -> None:
        """Record an observation, synced."""

    def missed(self, source: str, gap: Gap) -> None:
        """Record a gap."""


def cut_off(run: IsolateRun, host: Host, facts: Facts) -> int:
    """Carry out the plan for these facts and return how many changes were made; each that failed is a gap.

    Raises `DiskFullError` before anything is touched where the undo text does not fit, and between two changes
    where an announcement does not.
    """
    changes = host.plan_isolation(facts)
    if not changes:
        run.observe(SOURCE, {"step": "nothing"})
        return 0
    text = undo_text(changes)
    file = run.bundle.artifact(UNDO_KIND, "undo-isolation", ".txt", "planned from the links and routes as they were")
    file.write(text.encode("utf-8"))
    run.bundle.finish(file)
    run.bundle.commit()
    done = 0
    for change in changes:
        data = _as_data(change)
        run.observe(SOURCE, {"step": "before", **data})
        try:
            host.carry_out(change)
        except HostError as error:
            run.missed(SOURCE, error.gap)
            continue
        run.observe(SOURCE, {"step": "done", **data})
        done += 1
    run.bundle.commit()
    return done


def undo_text(changes: tuple[Change, ...]) -> str:
    """Return the instructions that undo changes: the last one first, what it is as a comment, its lines as they are."""
    lines = [_HEAD]
    for change in reversed(changes):
        where = "" if change.namespace is None else f", {change.namespace}"
        lines.append(f"# {printable(change.name, 64)} ({change.kind or '?'}{where})\n")
        lines += [line + "\n" for line in change.undo]
    return "".join(lines)


def _as_data(change: Change) -> dict[str, Json]:
    kept = [line[:LONGEST_LINE] for line in change.undo[:MOST_LINES]]
    return {
        "change": change.what,
        "interface": as_json(change.name),
        "index": change.index,
        "kind": change.kind,
        "namespace": change.namespace,
        "undo": [*kept],
        "undo_more": len(change.undo) - len(kept),
    }
