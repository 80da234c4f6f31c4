#!/usr/bin/env python3
"""Prints which definitions mean something on this host, by source type, and each that does not with its reason.

`scripts/resolve_definitions.py [--json]`: nothing is copied and no program is run. The published definitions and ours
are counted apart. A source *resolves* where this tool would look for what it names; *finds* where something is there.
"""

# ruff: noqa: E402 - the checkout is named first

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

assert sys.platform == "linux"  # noqa: TID251 - asks that host

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from collector import expansion
from collector.definitions import TYPES, Definition, Source
from collector.expansion import Refusal
from collector.host.linux import Roots, homes
from collector.host.linux.mounts import MountTable
from collector.host.posix.places import Finder, Match
from collector.library import PACKAGED, Library

SECONDS = 600


def main() -> None:
    """Count, and print."""
    library = Library.packaged()
    table = MountTable(Roots())
    facts, _ = homes.facts(Roots(), table)
    finder = Finder(table, (), time.monotonic() + SECONDS)
    counts: dict[str, Counter[str]] = {f"{where} {kind}": Counter() for where in PACKAGED for kind in TYPES}
    refused: dict[str, Counter[str]] = {}
    names: dict[str, list[str]] = {}
    published = Counter[str]()
    for definition in map(library.get, library.order):
        where = PACKAGED[0] if definition.name.startswith("Collect") else PACKAGED[1]
        published[where] += 1
        for source in definition.sources:
            row = counts[f"{where} {source.type}"]
            row["parsed"] += 1
            result = outcome(definition, source, facts, finder)
            if result in ("finds", "nothing there"):
                row["resolved"] += 1
                row["found"] += result == "finds"
            else:
                row["refused"] += 1
                refused.setdefault(f"{source.type}: {result}", Counter())[where] += 1
                row["elsewhere"] += result.startswith("for another system")
                names.setdefault(f"{source.type}: {result}", []).append(definition.name)
    if "--json" in sys.argv:
        print(json.dumps({"definitions": published, "sources": counts, "refused": refused, "names": names}))
        return
    print(f"definitions that parse: {dict(published)}\n")
    print("| whose and type | sources that parse | for this system | resolve | find something |\n|---|---|---|---|---|")
    for name, row in counts.items():
        if row["parsed"]:
            mine = row["parsed"] - row["elsewhere"]
            print(f"| {name} | {row['parsed']} | {mine} | {row['resolved']} | {row['found']} |")
    print("\n| not resolved, and why | published | ours |\n|---|---|---|")
    for reason, one in sorted(refused.items()):
        print(f"| {reason} | {one[PACKAGED[1]]} | {one[PACKAGED[0]]} |")
    for reason, those in sorted(names.items()):  # one line for each definition that is refused would be 600
        if "another system" not in reason:
            print(f"\n{reason}: {', '.join(those)}.")


def outcome(definition: Definition, source: Source, facts: expansion.Facts, finder: Finder) -> str:
    """Return `finds`, `nothing there`, or why a source is not resolved."""
    refused = expansion.refusal(definition, source, facts.system)
    if refused is not None:
        elsewhere = not definition.applies(source, facts.system)
        return f"{refused.reason} ({', '.join(source.systems or definition.systems)})" if elsewhere else refused.reason
    if source.type == "ARTIFACT_GROUP":
        return "finds"  # its members answer for themselves
    if source.type == "COMMAND":
        return "finds" if Path(source.program).exists() else "nothing there"
    reasons = []
    result = ""
    for pattern in expansion.patterns(source, facts):
        if isinstance(pattern, Refusal):
            reasons.append(pattern.reason)
        elif any(isinstance(found, Match) for found in finder.find(pattern)):
            return "finds"
        else:
            result = "nothing there"
    return result or reasons[0]


if __name__ == "__main__":
    main()
