#!/usr/bin/env python3
"""Prints which definitions mean something on this host, by source type, and each that does not with its reason.

`scripts/resolve_definitions.py [--json]`: nothing is copied and no program is run. The published definitions and ours
are counted apart. A source *resolves* where this tool would look for what it names; *finds* where something is there.
Linux and Windows are judged, each on itself: Windows' figures are made under Wine, where little is there to be found.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from collector import expansion
from collector.definitions import TYPES, Definition, Source
from collector.expansion import Refusal
from collector.library import PACKAGED, Library
from collector.model import Gap, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 600


def main() -> None:
    """Count, and print."""
    library = Library.packaged()
    host = on_this_host()
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
            result = outcome(definition, source, host)
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


class OnHost(Protocol):
    """How one system looks for what a source names."""

    facts: expansion.Facts

    def finds(self, pattern: expansion.Pattern) -> bool:
        """Tell whether something is where a path leads."""

    def finds_key(self, pattern: expansion.Pattern, value: str | None) -> bool:
        """Tell whether the registry has a key, or a value of it."""

    def has_program(self, program: str) -> bool:
        """Tell whether a program is there."""


def on_this_host() -> OnHost:
    """Return how the system that we run on looks."""
    return WindowsHere() if sys.platform == "win32" else LinuxHere()  # noqa: TID251 - asks the host that it runs on


class LinuxHere:
    """Linux, as `collector.host.posix` looks."""

    def __init__(self) -> None:
        rooms = ("linux", "linux.homes", "linux.mounts", "posix.places")
        linux, homes, mounts, places = (import_module(f"collector.host.{room}") for room in rooms)
        table = mounts.MountTable(linux.Roots())
        self.facts: expansion.Facts = homes.facts(linux.Roots(), table)[0]
        self._finder: Any = places.Finder(table, (), time.monotonic() + SECONDS)

    def finds(self, pattern: expansion.Pattern) -> bool:
        """Tell whether something is where a path leads."""
        return any(not isinstance(found, Gap) for found in self._finder.find(pattern))

    def finds_key(self, pattern: expansion.Pattern, value: str | None) -> bool:  # noqa: ARG002 - there is no registry
        """Tell that there is none."""
        return False

    def has_program(self, program: str) -> bool:
        """Tell whether a program is there."""
        return Path(program).exists()


class WindowsHere:
    """Windows, as `collector.host.windows` looks."""

    def __init__(self) -> None:
        rooms = ("keys", "places", "profiles")
        keys, places, profiles = (import_module(f"collector.host.windows.{room}") for room in rooms)
        self.facts: expansion.Facts = profiles.profiles().facts
        self._finder: Any = places.Finder((), time.monotonic() + SECONDS)
        self._keys: Any = keys.Taking(self.facts, Request(0))

    def finds(self, pattern: expansion.Pattern) -> bool:
        """Tell whether something is where a path leads."""
        return any(not isinstance(found, Gap) for found in self._finder.find(pattern))

    def finds_key(self, pattern: expansion.Pattern, value: str | None) -> bool:
        """Tell whether the registry has a key, or a value of it."""
        return bool(self._keys.finds(pattern, value))

    def has_program(self, program: str) -> bool:
        """Tell whether a program is there."""
        return any(self.finds(pattern) for pattern in expansion.expand(program, "\\", self.facts))


def outcome(definition: Definition, source: Source, host: OnHost) -> str:
    """Return `finds`, `nothing there`, or why a source is not resolved."""
    facts = host.facts
    refused = expansion.refusal(definition, source, facts.system)
    if refused is not None:
        elsewhere = not definition.applies(source, facts.system)
        return f"{refused.reason} ({', '.join(source.systems or definition.systems)})" if elsewhere else refused.reason
    if source.type == "ARTIFACT_GROUP":
        return "finds"  # its members answer for themselves
    if source.type == "COMMAND":
        return "finds" if host.has_program(source.program) else "nothing there"
    reasons = []
    result = ""
    for meant, value in meanings(source, facts):
        if isinstance(meant, Refusal):
            reasons.append(meant.reason)
        elif host.finds(meant) if source.paths else host.finds_key(meant, value):
            return "finds"
        else:
            result = "nothing there"
    return result or reasons[0]


def meanings(source: Source, facts: expansion.Facts) -> Iterator[tuple[expansion.Pattern | Refusal, str | None]]:
    """Yield what the paths or keys of a source mean on a host, with the name of a value."""
    if source.paths:
        yield from ((pattern, None) for pattern in expansion.patterns(source, facts))
    for _, value, meant in expansion.keys(source, facts):
        yield from ((meant, value),) if isinstance(meant, Refusal) else ((pattern, value) for pattern in meant)


if __name__ == "__main__":
    main()
