"""What a definition means on one host: variables filled in, paths taken apart into what is looked for part by part.

Pure: `Facts` says what the host is like. What can't be expanded is refused with its reason. A home folder's name is
the host's, so it is taken as it is: a `*` in it matches nothing but itself. On Windows names match in either case.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from collector.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from collector.definitions import Definition, Source

MAX_DEEP: Final = 10
"""Levels of `**` without a number, and the most that a number may say (plaso's limit, too)."""

MAX_PATTERNS: Final = 20_000
"""Patterns of one source, all users' together: 86 paths for each of 200 homes, and some."""

_VARIABLE: Final = re.compile(r"%%([A-Za-z0-9_.]+)%%")
_DEEP: Final = re.compile(r"\*\*([0-9]{0,3})")
_MAGIC: Final = re.compile(r"[*?\[]")
_USERS: Final = "users."
_WINDOWS: Final = "Windows"
_DRIVE: Final = re.compile(r"[A-Za-z]:")
KERNEL: Final = "\\Device\\"
"""On Windows: begins a path of the kernel's own objects, of which volumes and shadow copies are listed, not opened."""
_MINE: Final = "HKEY_CURRENT_USER\\"
_EVERYBODYS: Final = "HKEY_USERS\\%%users.sid%%\\"
"""The keys of whoever runs us are those of every user: the victim may be another one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What paths are expanded from: the values of `environ_…`, and for each user those of `users.…`.

    Values are the host's own bytes. A path with a variable of users stands for one path of each user. `drives` are
    the local ones of Windows (`C:`): a path there that names none is looked for on each.
    """

    system: str
    environ: Mapping[str, bytes] = field(default_factory=dict)
    users: tuple[Mapping[str, bytes], ...] = ()
    drives: tuple[bytes, ...] = ()

    @property
    def separator(self) -> str:
        """What stands between the parts of a path."""
        return "\\" if self.system == _WINDOWS else "/"


@dataclass(frozen=True, slots=True)
class Glob:
    """A part of a path that many names may match: `*`, `?`, `[…]` as in fnmatch(3), hidden names too."""

    pattern: re.Pattern[str]

    def matches(self, name: bytes) -> bool:
        """Tell whether a name matches, in linear time whatever it holds."""
        return self.pattern.fullmatch(name.decode("utf-8", "surrogateescape")) is not None


@dataclass(frozen=True, slots=True)
class Deep:
    """`**5`: so many folders at most, or none; at the end of a path, whatever lies up to so many levels below."""

    levels: int


Part: TypeAlias = "bytes | Glob | Deep"
Pattern: TypeAlias = "tuple[Part, ...]"
"""The parts of an absolute path."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A source, or one path of it, that means nothing on this host, and why."""

    outcome: Outcome
    reason: str


class UnexpandableError(Exception):
    """A path means nothing on this host; the message is the reason."""


_REFUSED: Final = {
    "REGISTRY_KEY": "there is no registry on this system",
    "REGISTRY_VALUE": "there is no registry on this system",
    "WMI": "there is no WMI on this system",
}


NO_WMI: Final = "WMI is not asked: it starts programs of the host, and what answers may be replaced by an attacker"


def refusal(definition: Definition, source: Source, system: str) -> Refusal | None:
    """Return why a source as a whole means nothing on a system, or `None`."""
    if not definition.applies(source, system):
        return Refusal(Outcome.UNSUPPORTED, "for another system")
    if source.type in _REFUSED and system != _WINDOWS:
        return Refusal(Outcome.UNSUPPORTED, _REFUSED[source.type])
    if source.type == "WMI":
        return Refusal(Outcome.UNSUPPORTED, NO_WMI)
    if source.type == "COMMAND" and not _is_absolute(source.program, system):
        return Refusal(Outcome.UNSUPPORTED, "the program is not named by its absolute path")
    return None


def _is_absolute(program: str, system: str) -> bool:
    if system != _WINDOWS:
        return program.startswith("/")
    start, *rest = program.split("\\")
    return bool(rest) and ".." not in rest and bool(_DRIVE.fullmatch(start) or _VARIABLE.fullmatch(start))


def patterns(source: Source, facts: Facts) -> Iterator[Pattern | Refusal]:
    """Yield what the paths of a source mean here, each pattern once, in order; what means nothing, with its reason."""
    seen: set[object] = set()
    for path in source.paths:
        try:
            expanded = expand(path, source.separator, facts)
        except UnexpandableError as e:
            yield Refusal(Outcome.UNSUPPORTED, str(e))
            continue
        for pattern in expanded:
            if pattern not in seen:
                seen.add(pattern)
                yield pattern
            if len(seen) >= MAX_PATTERNS:
                yield Refusal(Outcome.OVER_LIMIT, f"more than {MAX_PATTERNS} paths")
                return


def keys(source: Source, facts: Facts) -> Iterator[tuple[str, str | None, list[Pattern] | Refusal]]:
    """Yield each key of a registry source as written, the name of its value (`None`: all), and what it means here."""
    pairs: list[tuple[str, str | None]] = [*source.values, *((key, None) for key in source.keys)]
    for key, value in pairs:
        whole = key
        if key.upper().startswith(_MINE):
            whole = _EVERYBODYS + key[len(_MINE) :]
        try:
            yield key, value, _expanded(whole, "\\", facts, (b"",))
        except UnexpandableError as e:
            yield key, value, Refusal(Outcome.UNSUPPORTED, str(e))


def expand(path: str, separator: str, facts: Facts) -> list[Pattern]:
    """Return what one path means for each user that it is about; raises `UnexpandableError`."""
    if facts.system != _WINDOWS:
        if separator != "/":
            raise UnexpandableError("a path of another system")
        return _expanded(path, separator, facts, (b"",))
    if separator == "/" and path.startswith("/"):
        raise UnexpandableError("a path of another system")
    driveless = path.startswith("\\") and not path.startswith(KERNEL)
    if driveless and not facts.drives:
        raise UnexpandableError("no local drive is known")
    return _expanded(path, separator, facts, facts.drives if driveless else (b"",))


def _expanded(path: str, separator: str, facts: Facts, starts: tuple[bytes, ...]) -> list[Pattern]:
    names = _VARIABLE.findall(path)
    about_users = any(name.startswith(_USERS) for name in names)
    found: dict[Pattern, None] = {}
    missing = ""
    for user in facts.users if about_users else ({},):
        values = {**facts.environ, **user}
        lacking = [name for name in names if name not in values]
        if lacking:
            missing = lacking[0]
            continue
        for start in starts:
            found[_parts(path, separator, values, start, facts)] = None
    if not found:
        raise UnexpandableError(f"%%{missing}%% has no value on this system" if missing else "there is no user")
    return list(found)


def _parts(path: str, separator: str, values: Mapping[str, bytes], start: bytes, facts: Facts) -> Pattern:
    """Return the parts of a path. Values may have several parts, or be the start or end of one; they are literal."""
    parts: list[list[str | bytes]] = [[start]]
    for number, piece in enumerate(_VARIABLE.split(path)):
        if number % 2:
            first, *rest = values[piece].split(facts.separator.encode("ascii"))
            parts[-1].append(first)
            parts.extend([one] for one in rest)
        else:
            begin, *more = piece.split(separator)
            parts[-1].append(begin)
            parts.extend([one] for one in more)
    pattern = tuple(part for part in (_part(one, facts) for one in parts) if part != b"")
    if b".." in pattern or b"." in pattern:
        raise UnexpandableError("a variable leads upwards")
    return pattern


def _part(pieces: Sequence[str | bytes], facts: Facts) -> Part:
    text = "".join(piece if isinstance(piece, str) else _escaped(piece) for piece in pieces)
    if deep := _DEEP.fullmatch(text):
        return Deep(min(MAX_DEEP, int(deep[1] or MAX_DEEP)))
    if any(isinstance(piece, str) and _MAGIC.search(piece) for piece in pieces):
        caseless = re.IGNORECASE if facts.system == _WINDOWS else 0
        return Glob(re.compile(fnmatch.translate(text), caseless))  # its groups are atomic: no name takes long
    return b"".join(piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogateescape") for piece in pieces)


def _escaped(value: bytes) -> str:
    return re.sub(r"([*?\[])", r"[\1]", value.decode("utf-8", "surrogateescape"))


def shown(pattern: Pattern) -> bytes:
    """Return a pattern up to its first part that is not a plain name, for what is told of it."""
    plain = []
    for part in pattern:
        if not isinstance(part, bytes):
            plain.append(b"*")
            break
        plain.append(part)
    return b"/" + b"/".join(plain)
