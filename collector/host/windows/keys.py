"""What artifact definitions name in the registry: a row for each value, each told once, all of it bounded.

A key stands for its values. `*` at the end of a path stands for the keys there and for the values of the key before it
(in the field both are meant); `**5` for all that lies up to five levels below. A key that is a link to another is told
and not followed where it was only found; where a definition names it (CurrentControlSet), it is.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import fnmatch
import os
import re
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from collector import expansion
from collector.expansion import Deep, Glob, Refusal
from collector.host.windows import calls, profiles, registry
from collector.model import Gap, Outcome, number
from collector.text import from_native
from collector.winformats import registry as forms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from collector.definitions import Definition, Source
    from collector.expansion import Facts, Pattern
    from collector.model import Json, Request, Row

SOURCE: Final = "registry"
SECONDS: Final = 120
ORDERLY: Final = 0.95
"""Part of the time after which we end by ourselves."""
MAX_BYTES: Final = 128 << 20
"""Most bytes of data in all; a registry has some hundred MiB, a tenth of it is of interest."""
MAX_KEYS: Final = 20_000
"""Most keys that one pattern opens: all classes of a machine are some ten thousand."""
MAX_NAMES: Final = 50_000
"""Most keys below one key that are looked at, and most values of one."""
SINGLE_GAPS: Final = 50
HIDDEN: Final = "hidden-name"


class Found(NamedTuple):
    """A key that a pattern names; `below` says which of its values count, where not all do."""

    key: int
    path: str
    below: Glob | None = None
    link: bool = False


@dataclass(slots=True)
class _Way:
    """How many keys one pattern has opened so far."""

    keys: int = 0


def rows(request: Request, chosen: Iterable[Definition]) -> Iterator[Row | Gap]:
    """Yield what the chosen definitions name in the registry; one that finds nothing is a row, too."""
    known = profiles.profiles()
    yield from known.gaps
    taking = Taking(known.keys, request)
    for definition in chosen:
        yield from taking.definition(definition)
    yield from taking.ends()


class Taking:
    """One pass over definitions: what is left of the budgets, and what was told already."""

    def __init__(self, facts: Facts, request: Request) -> None:
        self._facts = facts
        budget = request.profile.budget(SOURCE)
        self._deadline = time.monotonic() + (SECONDS if budget.seconds is None else budget.seconds) * ORDERLY
        self._left = MAX_BYTES if budget.bytes is None else budget.bytes
        self._told: set[tuple[str, str | None]] = set()
        self._gaps: Counter[tuple[Outcome, str]] = Counter()
        self._late = self._cut = self._over = 0

    def definition(self, definition: Definition) -> Iterator[Row | Gap]:
        """Yield what one definition names."""
        for source in definition.sources:
            if source.type in ("REGISTRY_KEY", "REGISTRY_VALUE") and definition.applies(source, self._facts.system):
                if self._is_over():
                    self._late += 1
                    return
                yield from self._source(definition, source)
                if self._is_over():
                    reason = "a definition was not looked for to its end"
                    yield from self._gap(Gap(Outcome.TIMED_OUT, reason, definition.name))

    def _is_over(self) -> bool:
        return time.monotonic() >= self._deadline

    def finds(self, pattern: Pattern, name: str | None) -> bool:
        """Tell whether a key that a pattern names is there, or, with a name, a value of it that matches."""
        wanted = None if name is None else re.compile(fnmatch.translate(name), re.IGNORECASE)
        for found in self._find(pattern):
            if isinstance(found, Found) and found.below is None:
                if wanted is None:
                    return True
                with suppress(OSError):
                    if any(wanted.fullmatch(value.name) for value in registry.values(found.key)):
                        return True
        return False

    def _source(self, definition: Definition, source: Source) -> Iterator[Row | Gap]:
        for written, name, meant in expansion.keys(source, self._facts):
            trouble, count = Outcome.ABSENT, 0
            if isinstance(meant, Refusal):
                yield from self._gap(Gap(meant.outcome, meant.reason, definition.name))
                trouble = meant.outcome
            else:
                for item in self._meant(definition, meant, name):
                    if isinstance(item, Gap):
                        trouble = item.outcome
                        yield from self._gap(item)
                    else:
                        count += 1
                        yield item
            if not count:
                yield _row(definition, written, trouble) | {"value": name}

    def _meant(self, definition: Definition, patterns: list[Pattern], name: str | None) -> Iterator[Row | Gap]:
        """Yield what patterns name. Where no key has such a name, a value has: published definitions mean both."""
        found = False
        for item in self._patterns(definition, patterns, name):
            found = True
            yield item
        ends = {pattern[-1] for pattern in patterns if len(pattern) > 1 and isinstance(pattern[-1], bytes)}
        if found or name is not None or len(ends) != 1:
            return
        value = os.fsdecode(ends.pop())
        yield from self._patterns(definition, [pattern[:-1] for pattern in patterns], _literal(value))

    def _patterns(self, definition: Definition, patterns: list[Pattern], name: str | None) -> Iterator[Row | Gap]:
        wanted = None if name is None else re.compile(fnmatch.translate(name), re.IGNORECASE)
        for pattern in patterns:
            for found in self._find(pattern):
                if isinstance(found, Gap):
                    yield found
                else:
                    yield from self._key(definition, found, wanted, name)

    def _key(
        self, definition: Definition, found: Found, wanted: re.Pattern[str] | None, name: str | None
    ) -> Iterator[Row | Gap]:
        """Yield a row for each value of a key that counts; for a key that has none, or was told before, one."""
        if found.below is not None and wanted is not None:
            return  # the value of the keys that `*` names is asked for, not of the one before it
        named = None if name is None else name.lower()
        place = (found.path.lower(), named if found.below is None else found.below.pattern.pattern)
        if place in self._told or (place[0], None) in self._told:
            if found.below is None:
                yield _row(definition, found.path, Outcome.EMPTY) | {"type": "key", "outcome": "again"}
            return
        self._told.add(place)
        try:
            told = registry.info(found.key)
            base = _row(definition, found.path, Outcome.COLLECTED) | {"written_ns": number(told.written_ns)}
            count = 0
            for count_all, value in enumerate(registry.values(found.key)):
                if count_all >= MAX_NAMES:
                    yield Gap(Outcome.OVER_LIMIT, f"a key has more than {MAX_NAMES} values", from_native(found.path))
                    break
                if (wanted is not None and not wanted.fullmatch(value.name)) or not _counts(found.below, value.name):
                    continue
                count += 1
                yield self._value(base, value)
        except OSError as e:
            yield calls.gap_of(e, "the values of a key can't be read", from_native(found.path))
            return
        if not count and wanted is None and found.below is None:
            yield base | {
                "type": "key", "size": told.values, "subkeys": told.subkeys, "outcome": Outcome.EMPTY.value
            }  # fmt: skip

    def _value(self, base: Row, value: registry.Value) -> Row:
        """Return the row of a value within the budget."""
        row = base | {"value": cast("Json", from_native(value.name)), "size": number(value.size)}
        flags = [HIDDEN] if "\0" in value.name or HIDDEN in cast("list[str]", base["flags"]) else []
        kept = min(value.size, forms.MAX_DATA)
        if value.raw is None or kept > self._left:
            self._over += 1
            return row | {"outcome": Outcome.OVER_LIMIT.value, "flags": [*flags]}
        self._left -= kept
        data = forms.decoded(value.kind, value.raw)
        self._cut += forms.CUT in data.flags
        return row | {"type": data.type, "data": data.data, "flags": [*sorted({*flags, *data.flags})]}

    def _find(self, pattern: Pattern) -> Iterator[Found | Gap]:
        """Yield the keys that a pattern names; what isn't there is nothing, what can't be opened a gap."""
        root, *rest = pattern
        start = os.fsdecode(root) if isinstance(root, bytes) else ""
        if start.upper() not in registry.ROOTS:
            yield Gap(Outcome.UNSUPPORTED, "a key does not begin with a root that this system has")
            return
        yield from self._below(None, start, tuple(rest), _Way())

    def _below(self, key: int | None, path: str, parts: Pattern, way: _Way) -> Iterator[Found | Gap]:
        """Yield what `parts` name below a key; the plain names that they begin with are opened in one go."""
        plain, rest = _split(parts)
        if plain or key is None:
            yield from self._opened(key, path, plain, rest, way)
        elif not rest:
            yield Found(key, path)
        else:
            yield from self._expand(key, path, rest, way)

    def _opened(
        self, key: int | None, path: str, plain: list[str], rest: Pattern, way: _Way, *, link: bool = False
    ) -> Iterator[Found | Gap]:
        here = "\\".join([path, *plain])
        way.keys += 1
        if way.keys > MAX_KEYS or self._is_over():
            if way.keys == MAX_KEYS + 1:
                yield Gap(Outcome.OVER_LIMIT, f"a pattern leads to more than {MAX_KEYS} keys", from_native(path))
            return
        try:
            with registry.opened(here if key is None else "\\".join(plain), key, link=link) as opened:
                if link and _is_link(opened):
                    yield Found(opened, here, link=True)
                else:
                    yield from self._below(opened, here, rest, way) if rest else iter((Found(opened, here),))
        except OSError as e:
            if calls.outcome_of(e) is not Outcome.ABSENT:
                yield calls.gap_of(e, "a key can't be opened", from_native(here))

    def _expand(self, key: int, path: str, parts: Pattern, way: _Way) -> Iterator[Found | Gap]:
        """Yield what a part that many names may match leads to."""
        part, rest = parts[0], parts[1:]
        if isinstance(part, Deep) and not rest:
            yield Found(key, path)
        elif isinstance(part, Deep):
            yield from self._below(key, path, rest, way)
        elif isinstance(part, Glob) and not rest:
            yield Found(key, path, part)
        names: list[str] = []
        yield from _names(key, path, names)
        for name in names:
            if isinstance(part, Glob):
                if part.matches(os.fsencode(name)):
                    plain, more = _split(rest)
                    yield from self._opened(key, path, [name, *plain], more, way)
            elif isinstance(part, Deep):
                deeper: Pattern = (Deep(part.levels - 1), *rest) if part.levels > 1 else rest
                yield from self._opened(key, path, [name], deeper, way, link=True)

    def _gap(self, gap: Gap) -> Iterator[Gap]:
        """Yield a gap while there are few of its kind, else count it."""
        self._gaps[gap.outcome, gap.reason] += 1
        if self._gaps[gap.outcome, gap.reason] <= SINGLE_GAPS:
            yield gap

    def ends(self) -> Iterator[Gap]:
        """Yield a gap for each kind that was counted, and for what the budgets left out."""
        for (outcome, reason), count in self._gaps.items():
            if count > SINGLE_GAPS:
                yield Gap(outcome, f"{reason}: {count - SINGLE_GAPS} more")
        if self._cut:
            reason = f"{self._cut} values hold more than {forms.MAX_DATA} bytes: their start is told"
            yield Gap(Outcome.OVER_LIMIT, reason)
        if self._over:
            yield Gap(Outcome.OVER_LIMIT, f"the data of {self._over} values were not told: over what is taken in all")
        if self._late:
            reason = f"{self._late} definitions were not looked for: the time of the source is over"
            yield Gap(Outcome.TIMED_OUT, reason)


def _literal(name: str) -> str:
    """Return a name of a value as a pattern that matches nothing but itself."""
    return re.sub(r"([*?\[])", r"[\1]", name)


def _split(parts: Pattern) -> tuple[list[str], Pattern]:
    """Return the plain names that a pattern begins with, and what follows them."""
    plain = []
    for part in parts:
        if not isinstance(part, bytes):
            break
        plain.append(os.fsdecode(part))
    return plain, parts[len(plain) :]


def _names(key: int, path: str, names: list[str]) -> Iterator[Gap]:
    """Fill in the names below a key in order; yield a gap where they, or not all of them, can be had."""
    try:
        for name in registry.subkeys(key):
            if len(names) == MAX_NAMES:
                yield Gap(Outcome.OVER_LIMIT, f"a key holds more than {MAX_NAMES} keys", from_native(path))
                break
            names.append(name)
    except OSError as e:
        yield calls.gap_of(e, "the keys below a key can't be listed", from_native(path))
    names.sort()


def _is_link(key: int) -> bool:
    """Tell whether a key that was opened itself is a link to another; such a key has one value only."""
    try:
        first = next(registry.values(key), None)
    except OSError:
        return False
    return first is not None and first.kind == registry.LINK and first.name == "SymbolicLinkValue"


def _counts(below: Glob | None, name: str) -> bool:
    return below is None or below.matches(os.fsencode(name))


def _row(definition: Definition, key: str, outcome: Outcome) -> Row:
    return {
        "definition": definition.name,
        "key": cast("Json", from_native(key)),
        "value": None,
        "type": None,
        "data": None,
        "size": None,
        "subkeys": None,
        "written_ns": None,
        "outcome": outcome.value,
        "flags": [HIDDEN] if "\0" in key else [],
    }
