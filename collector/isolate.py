"""`--isolate`: cuts the machine off on request, and leaves behind how to undo it.

The undo text is on the medium before anything is touched; each change is announced, made
and confirmed in the manifest, one after the other. A kill between two of them leaves what
was already done to be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from collector.errors import DiskFullError
from collector.host import HostError
from collector.ledger import as_json
from collector.model import Gap, Outcome
from collector.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.bundle import Bundle
    from collector.facts import Change, Facts
    from collector.host import Host
    from collector.model import Json

SOURCE = "isolate"
UNDO_KIND = "undo-isolation"
MOST_LINES = 40
"""Most undo lines in one observation; the artifact holds them all."""
MOST_CHARACTERS = 12_000
"""… and most characters of them, which JSON may double: with the rest of the record they fit its line."""

_HEADS = {
    "Linux": """\
# Réseau coupé par le collecteur de preuves (--isolate).
# Pour revenir en arrière, UNE FOIS QUE L'EXPERT L'A PERMIS : les commandes de
# ce fichier, en root, dans cet ordre, ou le fichier entier : sh CE_FICHIER
# « File exists » n'est pas une erreur : cela était déjà revenu.
#
# Network cut off by the evidence collector (--isolate).
# To undo it, ONCE THE EXPERT ALLOWS IT: the commands of this file, as root, in
# this order, or the whole file: sh THIS_FILE
# "File exists" is no error: that had come back already.
# What DHCP or a router gives comes back by itself.
""",
    "Windows": """\
# Réseau coupé par le collecteur de preuves (--isolate).
# Pour revenir en arrière, UNE FOIS QUE L'EXPERT L'A PERMIS : les commandes de
# ce fichier, dans PowerShell ouvert en tant qu'administrateur, dans cet ordre.
# Redémarrer l'ordinateur rétablirait aussi les liens, mais effacerait des traces.
#
# Network cut off by the evidence collector (--isolate).
# To undo it, ONCE THE EXPERT ALLOWS IT: the commands of this file, in
# PowerShell opened as administrator, in this order.
# Restarting the computer would bring the links back too, but wipe out traces.
# What DHCP or a router gives comes back by itself.
""",
}
"""By the system's word in artifact definitions (`Host.system_word`)."""


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
    try:
        _write_undo(run.bundle, undo_text(changes, host.system_word()))
    except DiskFullError:
        run.missed(SOURCE, Gap(Outcome.OVER_LIMIT, "nothing was switched off: no room to write how it is undone"))
        raise
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


def _write_undo(bundle: Bundle, text: str) -> None:
    file = bundle.artifact(UNDO_KIND, "undo-isolation", ".txt", "planned from the links and routes as they were")
    file.write(text.encode("utf-8"))
    bundle.finish(file)
    bundle.commit()


def undo_text(changes: tuple[Change, ...], system: str = "Linux") -> str:
    """Return the instructions that undo changes: the last one first, what it is as a comment, its lines as they are."""
    lines = [_HEADS.get(system, _HEADS["Linux"])]
    for change in reversed(changes):
        where = "" if change.namespace is None else f", {change.namespace}"
        lines.append(f"# {printable(change.name, 64)} ({change.kind or '?'}{where})\n")
        lines += [line + "\n" for line in change.undo]
    return "".join(lines)


def _as_data(change: Change) -> dict[str, Json]:
    kept = _fitting(change.undo)
    return {
        "change": change.what,
        "interface": as_json(change.name),
        "index": change.index,
        "kind": change.kind,
        "namespace": change.namespace,
        "undo": [*kept],
        "undo_more": len(change.undo) - len(kept),
    }


def _fitting(undo: tuple[str, ...]) -> list[str]:
    """Return the first lines, as many as an observation holds; none is cut."""
    kept: list[str] = []
    left = MOST_CHARACTERS
    for line in undo[:MOST_LINES]:
        left -= len(line)
        if left < 0:
            break
        kept.append(line)
    return kept
