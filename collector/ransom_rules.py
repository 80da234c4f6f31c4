"""Reads the rules by which ransom traces are judged: `rules/ransom/notes.yar`, `families*.yaml` beside it.

A file that isn't exactly as written here is refused with its name, line and reason, like every rule file (`rules`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import yaml

from collector import rules, strictyaml
from collector.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import yara_x

GROUPS: Final = ("happened", "threat", "demand", "recover", "contact", "warning", "business", "name", "about")
"""What a rule for notes can be about: the parts of a note, its name, and texts that only speak of ransomware."""

LANGUAGES: Final = ("any", "en", "fr", "de", "es", "pt", "it", "nl", "ru", "zh", "vi", "other")
"""The languages of rules; `any` for what stands in notes of all."""

MOST_WEIGHT: Final = 9

_LINE: Final = re.compile(r"-->\s[^:\n]{1,200}:(\d{1,7})")
_RULE: Final = re.compile(rb"^rule ([A-Za-z_][A-Za-z0-9_]{0,60})", re.MULTILINE)
_FIELDS: Final = ("names", "extensions", "marks", "own", "called")


@dataclass(frozen=True)
class Feature:
    """One thing that notes say: its code, its language, the part of a note, its weight, and plain words for it."""

    code: str
    language: str
    group: str
    weight: int
    reason: str


@dataclass(frozen=True)
class NoteRules:
    """The compiled rules for notes and what each of them means."""

    engine: yara_x.Rules
    features: Mapping[str, Feature]


@dataclass(frozen=True)
class Family:
    """What is known of one family: names of its notes, extensions of its files, words that stand in its notes.

    `marks` stand as they are; `own` names are written together or apart; `called` likewise, but they are ordinary
    words, which tell only where a note calls somebody so.
    """

    name: str
    names: tuple[str, ...]
    extensions: tuple[str, ...]
    marks: tuple[str, ...]
    own: tuple[str, ...] = ()
    called: tuple[str, ...] = ()


@cache
def note_rules() -> NoteRules:
    """Return the packaged rules for notes; read once in a run. Raises `RuleError`."""
    return read_note_rules(rules.folder() / "ransom" / "notes.yar")


def read_note_rules(path: Path) -> NoteRules:
    """Return the rules for notes of one file; raises `RuleError` for what the engine or this form refuses."""
    import yara_x  # noqa: PLC0415 - 20 MB of memory that only whoever judges texts needs

    raw = strictyaml.read(path)
    try:
        source = raw.decode("utf-8")
    except UnicodeDecodeError as e:
        line = raw.count(b"\n", 0, e.start) + 1
        raise RuleError(f"{path.name}:{line}: not UTF-8") from e
    compiler = yara_x.Compiler(includes_enabled=False)
    try:
        compiler.add_source(source)
    except yara_x.CompileError as e:
        place = found[1] if (found := _LINE.search(str(e))) else "1"
        reason = " ".join(str(e).partition("\n")[0].split())
        raise RuleError(f"{path.name}:{place}: {reason}") from e
    lines = {found[1].decode(): raw.count(b"\n", 0, found.start()) + 1 for found in _RULE.finditer(raw)}
    engine = compiler.build()
    features = {}
    for rule in engine:
        where = f"{path.name}:{lines.get(rule.identifier, 1)}"
        features[rule.identifier] = _feature(rule.identifier, tuple(rule.metadata), where)
    if missing := set(GROUPS) - {feature.group for feature in features.values()}:
        raise RuleError(f"{path.name}:1: no rule of the group {', '.join(sorted(missing))}")
    return NoteRules(engine, features)


def _feature(code: str, metadata: tuple[tuple[str, object], ...], where: str) -> Feature:
    """Return what a rule means; raises `RuleError`, which begins with `where`, for anything but the form of ours."""
    meta = dict(metadata)
    if set(meta) != {"language", "group", "weight", "reason"} or len(meta) != len(metadata):
        raise RuleError(f"{where}: {code} needs language, group, weight and reason, each once, and nothing else")
    language, group, weight, reason = (meta[field] for field in ("language", "group", "weight", "reason"))
    if language not in LANGUAGES:
        raise RuleError(f"{where}: unknown language; the languages are {', '.join(LANGUAGES)}")
    if group not in GROUPS:
        raise RuleError(f"{where}: unknown group; the groups are {', '.join(GROUPS)}")
    if isinstance(weight, bool) or not isinstance(weight, int) or not 0 < abs(weight) <= MOST_WEIGHT:
        raise RuleError(f"{where}: a weight is a whole number up to {MOST_WEIGHT}, and not 0")
    if (weight < 0) != (group == "about"):
        raise RuleError(f"{where}: the weight is negative in the group about, and only there")
    if not isinstance(reason, str) or not reason.isprintable() or not reason.strip():
        raise RuleError(f"{where}: a reason is one line of plain words")
    return Feature(code, str(language), str(group), weight, reason)


@dataclass(frozen=True)
class Concepts:
    """Beginnings of words by what they tell, and mailboxes that are had without a name."""

    words: Mapping[str, tuple[str, ...]]
    mailboxes: frozenset[str]


@cache
def concepts() -> Concepts:
    """Return the packaged words; read once in a run. Raises `RuleError`."""
    return read_concepts(rules.folder() / "ransom" / "concepts.yaml")


def read_concepts(path: Path) -> Concepts:
    """Return the concepts of one file, each a list of texts; raises `RuleError`."""
    document = strictyaml.single(path)
    found: dict[str, tuple[str, ...]] = {}
    for name, items in document.pairs(document.tree()):
        if not isinstance(items, yaml.SequenceNode) or not items.value:
            raise document.wrong(items, f"{name} is a list")
        texts = tuple(document.string(item) for item in items.value)
        for text, item in zip(texts, items.value, strict=True):
            if text != text.lower() or not re.fullmatch(r"[^\s.]\S*", text):
                raise document.wrong(item, "the beginning of a word, in small letters")
        if len(set(texts)) != len(texts):
            raise document.wrong(items, f"a thing stands twice in {name}")
        found[name] = texts
    mailboxes = found.pop("mailboxes", ())
    return Concepts(found, frozenset(mailboxes))


@cache
def families() -> tuple[Family, ...]:
    """Return the packaged tables of families; read once in a run. Raises `RuleError`."""
    folder = rules.folder() / "ransom"
    return (*read_families(folder / "families.yaml"), *read_families(folder / "families-called.yaml"))


def read_families(path: Path) -> tuple[Family, ...]:
    """Return the families of one file; raises `RuleError` for anything but the form of ours."""
    found = []
    document = strictyaml.single(path)
    for name, value in document.pairs(document.tree()):
        fields: dict[str, tuple[str, ...]] = {}
        for field, items in document.pairs(value):
            if field not in _FIELDS:
                raise document.wrong(items, f"unknown field; the fields are {', '.join(_FIELDS)}")
            if not isinstance(items, yaml.SequenceNode) or not items.value:
                raise document.wrong(items, f"{field} is a list")
            texts = tuple(document.string(item) for item in items.value)
            for text, item in zip(texts, items.value, strict=True):
                if reason := _refused(field, text):
                    raise document.wrong(item, reason)
            if len(set(texts)) != len(texts):
                raise document.wrong(items, f"a thing stands twice in {field}")
            fields[field] = texts
        if not fields:
            raise document.wrong(value, f"a family has one of {', '.join(_FIELDS)}")
        found.append(Family(name, *(fields.get(field, ()) for field in _FIELDS)))
    return tuple(found)


def _refused(field: str, text: str) -> str:
    """Return why a text can't stand in a field; empty where it can."""
    if text != text.lower() or not text.isprintable() or text != text.strip():
        return "small letters, nothing unprintable and no space around"
    if field == "extensions" and not re.fullmatch(r"\.[^\s/\\]{2,60}", text):
        return "an extension is a dot and what follows, without spaces"
    if field == "names" and not 4 <= len(text) <= 120:  # noqa: PLR2004 - shorter ones are every second file
        return "a name has 4 to 120 characters"
    if field in ("marks", "own", "called") and not re.fullmatch(r"[^\W_]+(?: [^\W_]+){0,7}", text):
        return "a mark is one to eight words as the rules for notes see them"
    return ""
