"""What the provider asked for, checked before any host is touched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_PLACE = re.compile(r"(?:/[A-Za-z0-9][A-Za-z0-9._-]*)+|[A-Za-z]:(?:\\[A-Za-z0-9][A-Za-z0-9._ -]*)+", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,6})([KMGT])", re.ASCII)
_OURS = frozenset(
    {"--case", "--operator", "--witness", "--out", "--recipient", "--kit", "--json", "--yes", "--quiet", "--dry-run"}
    | {"--max-size", "--profile", "--since", "--scan", "--no-memory", "--lang", "--isolate", "--level"}
)
"""Arguments that have a variable of their own, or would break what is asked of a run here."""


class WishError(Exception):
    """What was asked for can't be done: the message says which variable, and why."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The variables of the role (`roles/collect/defaults/main.yml` explains each)."""

    case: str
    results: Path
    place: str
    verifier: tuple[str, ...]
    operator: str = ""
    witness: str = ""
    recipients: tuple[str, ...] = ()
    in_clear: bool = False
    kit: Path | None = None
    program: Path | None = None
    command: tuple[str, ...] = ()
    level: str = "B"
    """What may be taken (docs/PRIVACY.md). The level of a command line is C; nobody on the host can be asked here."""
    profile: str = "standard"
    since: str = "7d"
    scan: tuple[str, ...] = ()
    memory: bool = True
    max_size: str = "4G"
    arguments: tuple[str, ...] = ()
    language: str = "fr"
    again: bool = False
    remove_bundle: bool = False
    pause: float = 5
    """Seconds between two looks at a run that goes on."""
    patience: float = 600
    """Seconds without an answer after which a host counts as lost."""
    silence: float = 60
    """Seconds that a host may take for one short answer."""
    longest: float = 4 * 3600
    """Seconds after which a run is left to itself."""

    @property
    def quota(self) -> int:
        """Return the most bytes that are fetched from one host: its artifacts, what encryption adds, the manifest."""
        most = bytes_of(self.max_size)
        return most + most // 16 + (256 << 20)

    @property
    def folder(self) -> Path:
        """Return where everything of the case lies on the controller."""
        return self.results / self.case

    def run_words(self, out: str, kit: str | None) -> list[str]:
        """Return the arguments of a new run."""
        words = ["--case", self.case, "--out", out, "--level", self.level, "--profile", self.profile]
        words += ["--since", self.since, "--max-size", self.max_size, "--lang", self.language, "--json", "--yes"]
        if self.operator:
            words += ["--operator", self.operator]
        if self.witness:
            words += ["--witness", self.witness]
        if kit is not None:
            words += ["--kit", kit]
        for reader in self.recipients:
            words += ["--recipient", reader]
        return [*words, *self._looked_at(), *self.arguments]

    def resume_words(self, bundle: str) -> list[str]:
        """Return the arguments that go on with a run that was cut short."""
        return ["resume", bundle, "--lang", self.language, "--json", *self._looked_at()]

    def _looked_at(self) -> list[str]:
        scanned = [word for path in self.scan for word in ("--scan", path)]
        return scanned if self.memory else [*scanned, "--no-memory"]


def wished(given: Mapping[str, object]) -> Wishes:
    """Return the wishes that variables name; raises `WishError`."""
    unknown = sorted(set(given) - set(Wishes.__slots__))
    if unknown:
        raise WishError(f"collect_{unknown[0]}: there is no such variable")
    case = _text(given, "case")
    if not CASE.fullmatch(case):
        raise WishError("case: letters, digits, dots, hyphens and underscores, at most 64; give it with -e case=…")
    if not _text(given, "results"):
        raise WishError("results: give the folder on this machine that bundles go into, with -e results=…")
    wishes = Wishes(
        case=case,
        results=Path(_text(given, "results")).expanduser().absolute(),
        place=_place(given, case),
        verifier=_words(given, "verifier"),
        operator=_text(given, "operator"),
        witness=_text(given, "witness"),
        recipients=_words(given, "recipients"),
        in_clear=_flag(given, "in_clear", default=False),
        kit=_folder(given, "kit"),
        program=_folder(given, "program"),
        command=_words(given, "command"),
        level=_text(given, "level", "B"),
        profile=_text(given, "profile", "standard"),
        since=_text(given, "since", "7d"),
        scan=_words(given, "scan"),
        memory=_flag(given, "memory", default=True),
        max_size=_text(given, "max_size", "4G"),
        arguments=_words(given, "arguments"),
        language=_text(given, "language", "fr"),
        again=_flag(given, "again", default=False),
        remove_bundle=_flag(given, "remove_bundle", default=False),
        pause=_seconds(given, "pause", 5),
        patience=_seconds(given, "patience", 600),
        silence=_seconds(given, "silence", 60),
        longest=_seconds(given, "longest", 4 * 3600),
    )
    _fits(wishes)
    return wishes


def bytes_of(text: str) -> int:
    """Return how many bytes a size such as `4G` is; raises `WishError`."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise WishError(f"collect_max_size: {text!r} is no size such as 4G")
    return int(found[1]) << 10 * (1 + "KMGT".index(found[2]))


def _fits(wishes: Wishes) -> None:
    if sum(way not in (None, ()) for way in (wishes.kit, wishes.program, wishes.command)) != 1:
        raise WishError("give one of kit, program (folders on this machine) or collect_command (words on the host)")
    if not (wishes.recipients or wishes.kit or wishes.in_clear):
        raise WishError(
            "recipients: give who can read the evidence, -e recipients=age1…; file names are patient data "
            "(collect_in_clear=true writes it in clear all the same)"
        )
    for reader in wishes.recipients:
        if not re.fullmatch(r"age1[02-9ac-hj-np-z]{58}", reader):
            raise WishError(f"recipients: {_shown(reader)} is no age recipient (age1…)")
    for word in wishes.arguments:
        if word.split("=")[0] in _OURS:
            raise WishError(f"collect_arguments: {word} has a variable of its own, or can't be given here")
    if wishes.level not in ("A", "B", "C"):
        raise WishError("level: A, B or C; with C you say that the doctor in charge agrees to contents")
    if wishes.language not in ("fr", "en"):
        raise WishError("collect_language: fr or en")
    if not wishes.verifier:
        raise WishError("collect_verifier: the words that start collect on this machine")
    _ = wishes.quota


def _shown(secret: str) -> str:
    """Return what may be shown of a word that was meant to be public, and may be a private key."""
    return secret[:5] + "…"


def _text(given: Mapping[str, object], name: str, default: str = "") -> str:
    value = given.get(name)
    text = default if value is None or value == "" else str(value)
    if not text.isprintable() or len(text) > 4096:
        raise WishError(f"{name}: one line of printable letters")
    return text


def _words(given: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = given.get(name)
    listed = value if isinstance(value, list | tuple) else str(value or "").split()
    words = tuple(str(word) for word in listed)
    if any(not word or "\n" in word or "\0" in word for word in words):
        raise WishError(f"{name}: a list of words, none empty, each on one line")
    return words


def _flag(given: Mapping[str, object], name: str, *, default: bool) -> bool:
    value = given.get(name, default)
    if isinstance(value, bool):
        return value
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": default}
    if str(value).lower() not in known:
        raise WishError(f"{name}: true or false")
    return known[str(value).lower()]


def _seconds(given: Mapping[str, object], name: str, default: float) -> float:
    try:
        seconds = float(str(given.get(name, default)))
    except ValueError as e:
        raise WishError(f"collect_{name}: a number of seconds") from e
    if not 0 < seconds < 10**6:
        raise WishError(f"collect_{name}: a number of seconds")
    return seconds


def _folder(given: Mapping[str, object], name: str) -> Path | None:
    text = _text(given, name)
    if not text:
        return None
    folder = Path(text).expanduser().absolute()
    if not folder.is_dir():
        raise WishError(f"{name}: there is no folder {folder} on this machine")
    return folder


def _place(given: Mapping[str, object], case: str) -> str:
    above = _text(given, "place", "/var/tmp")
    if not _PLACE.fullmatch(above):
        raise WishError("collect_place: the full path of a folder on the host, in plain letters")
    return f"{above}{'/' if above.startswith('/') else chr(92)}evidence-{case}"
