"""Judges whether a file is a ransom note: by what it says, how densely it says it, and how it is called.

A note of this genre says what happened, what is demanded, how to make contact, what not to do. Each of these is a rule
in `rules/ransom/notes.yar` with a weight; the score is the sum over the part of the text, some thousand characters
long, where they stand closest. So a long text in which the same words are strewn about gathers little. What shows a
text about ransomware (a detection rule, advice to victims) takes away from the score wherever it stands.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from collector import ransom_rules
from collector.ransom import concepts, contacts, families, reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import yara_x

    from collector.ransom.contacts import Contact
    from collector.ransom.families import Likeness
    from collector.ransom_rules import Feature

HEAD: Final = 256 * 1024
"""Bytes from the beginning of a file that are looked at."""

TAIL: Final = 64 * 1024
"""Bytes from the end of a longer file, joined to these."""

WINDOW: Final = 2500
"""Characters within which what is counted must stand: most notes are shorter, and longer ones are as dense."""

_MOST_MATCHES: Final = 64
"""Matches of one pattern that are kept."""

_GROUP_MOST: Final = 8
"""What one part of a note can add: a text that only warns, in ten ways, is none."""

_CORE: Final = frozenset({"happened", "demand", "recover", "threat"})
"""A note has at least one of these: contact and warnings alone are in every manual."""

_THRESHOLDS: Final = ((30, 6), (80, 7), (200, 10), (400, 13), (800, 15), (10**9, 17))
"""The score that makes a note, by its length in words: a short one can't say much, and a long one can by chance."""

_BARE: Final = 24
"""Words up to which a text that only leads to an address can be a note, of low confidence: some families write no more
than that."""

_BARE_WITHOUT_NAME: Final = 60
"""The same, under a telling name, where the address is one that is had without a name."""

_STRONG: Final = 4
"""Weight of a rule from which on it says what hardly any other text says. A note has one such: that files were
encrypted, how to restore them and whom to write to are also told by every shop for backups."""

_MANY: Final = 4
"""Parts of a note that are strong together."""

_TELLING: Final = 3
"""Weight of a name from which on it tells by itself what the file is."""

CONFIDENCES: Final = ("low", "medium", "high")

_MARK: Final = re.compile(r"^[^\w\s(]{1,20}|[!#@$]{2}")
_WRITTEN_BY_PROGRAMMERS: Final = re.compile(
    r"\.(?:rst|md|adoc|tex|pot?|pyi?|[ch]|cc|cpp|go|rs|rb|p[lm]|java|css|ya?ml|toml|json|[1-8])\Z", re.IGNORECASE
)
"""Names that tell nothing: no victim opens such a file with a double click, so hardly any note is one."""

_MORE_FOR_PROGRAMMERS: Final = 7
"""Points above the line that a file of such a name needs where it gives no hidden address: manuals of programs that
encrypt, back up and restore come nearer to a note than anything else."""

_SHORT_FORM: Final = frozenset({"files_are_encrypted", "recover_by_writing"})
"""Rules that together say what hardly any other text says, though a bank or a laboratory may say each: all that is told
by the short notes of a whole kind of families."""

_GIVEN: Final = "xblobx"
"""A word that is no word: a number, a key, an address of no known kind."""

_ADDRESSES: Final = frozenset({"onion", "url", "email", "telegram"})
_MORE_IN_OTHERS: Final = 7
"""Points above the line that a text in another language than English needs where it names neither ransom nor a hidden
address: what practices and those who write to them say of encryption, terms and passwords comes as near as that."""

_MORE_WITHOUT_ADDRESS: Final = 1
"""Points above the line that a text without any address needs: of 210 development notes 11 name none, and leaflets,
manuals and policies that come near a note seldom name one."""

_EAST_ASIAN: Final = re.compile("[\u2e80-\ud7ff]")


@dataclass(frozen=True)
class NoteJudgement:
    """What a file was judged to be, and why.

    `reasons` are codes (names of rules); `explained` says the same in plain English words. `confidence` is one of
    CONFIDENCES and only means something where `is_note` holds. `likenesses` are all families it resembles, the most
    likely first, of which `family` is the first where it is likely enough. `contacts` are empty where it is no note.
    """

    is_note: bool
    score: int
    confidence: str
    reasons: tuple[str, ...]
    explained: tuple[str, ...]
    family: str | None
    likenesses: tuple[Likeness, ...]
    contacts: tuple[Contact, ...]
    form: str


def judge_note(name: str, data: bytes) -> NoteJudgement:
    """Judge a file by its name and its bytes: the first HEAD and the last TAIL of a long one, joined by the caller.

    Never raises for what stands in them; the work is bounded whatever they are.
    """
    read = reading.read(data)
    marked, found = contacts.marked(read.text)
    body = reading.words(marked)
    named, said = _features(name, body)
    called = sum(feature.weight for feature in named)
    about = {feature for _, feature in said if feature.weight < 0}
    best = [*_densest([one for one in said if one[1] not in about]), *sorted(about, key=lambda feature: feature.code)]
    score = max(0, _score(best))
    short_of = _threshold(body) - min(called, 3) - score
    groups = {feature.group for feature in best if feature.weight > 0}
    is_note = (short_of <= 0 and _is_whole(best, groups, called)) or _is_bare(best, body, found.all(), called, short_of)
    if is_note and -short_of < _MORE_IN_OTHERS and _is_of_others(best) and not _is_paid(best, body, found.all()):
        is_note = False
    if is_note and -short_of < _MORE_WITHOUT_ADDRESS and not found.all() and _GIVEN not in body.split():
        is_note = False
    manual = bool(_WRITTEN_BY_PROGRAMMERS.search(name))
    if is_note and -short_of < _MORE_FOR_PROGRAMMERS and manual and not _has_hidden(found.all()):
        is_note = False
    heard = () if is_note else concepts.tells(body, found.all(), about=bool(about), manual=manual)
    is_note = is_note or bool(heard)
    is_ordinary = bool(found.all()) and not _is_hidden(best, body, found.all())
    named_in = [one.value for one in found.all() if one.kind in _ADDRESSES] if is_note else []
    likenesses = families.likenesses(name, body, addresses=named_in) if is_note else ()
    reasons = [*named, *sorted(best, key=lambda feature: -feature.weight)]
    return NoteJudgement(
        is_note=is_note,
        score=score,
        confidence="low" if is_ordinary else _confidence(score, groups, len(body.split(maxsplit=30)), -short_of),
        reasons=(*(feature.code for feature in reasons), *(f"near_address_{one}" for one in heard)),
        explained=(*(feature.reason for feature in reasons), *(concepts.REASONS[one] for one in heard)),
        family=next((one.family for one in likenesses if one.confidence != "low"), None),
        likenesses=likenesses,
        contacts=contacts.complete(read.text, found) if is_note else (),
        form=read.form,
    )


def _is_of_others(best: Sequence[Feature]) -> bool:
    """Tell whether what tells of a text is mostly in another language than English."""
    weights: Counter[str] = Counter()
    for one in best:
        weights[one.language] += max(0, one.weight)
    del weights["any"]
    return bool(weights) and weights.most_common(1)[0][0] != "en"


def _is_paid(best: Sequence[Feature], body: str, known: Sequence[Contact]) -> bool:
    """Tell whether a text demands, names money that leaves no name, or an address that ordinary letters don't give."""
    if any(one.group == "demand" and one.weight >= _STRONG for one in best):
        return True
    return _is_hidden(best, body, known)


def _is_hidden(best: Sequence[Feature], body: str, known: Sequence[Contact]) -> bool:
    """Tell whether a text names an address that ordinary letters don't give, Tor, or money that leaves no name.

    What a laboratory, a host or an IT provider writes of encrypted files, keys and terms has none of these.
    """
    return _has_hidden(known) or any(one.code == "tor_browser" for one in best) or concepts.speaks_of_money(body)


def _has_hidden(known: Sequence[Contact]) -> bool:
    """Tell whether one of these addresses is of a kind that ordinary letters don't give."""
    return any(one.kind not in {"url", "email"} or ".onion" in one.value or concepts.is_private(one) for one in known)


def _is_whole(best: Sequence[Feature], groups: set[str], called: int) -> bool:
    """Tell whether a text has what no note lacks: a core, a second part (or a telling name), something strong."""
    codes = {feature.code for feature in best}
    strong = called >= _TELLING or len(groups) >= _MANY or any(feature.weight >= _STRONG for feature in best)
    strong = strong or codes >= _SHORT_FORM
    return strong and bool(groups & _CORE) and (len(groups) > 1 or called >= _TELLING)


def _is_bare(best: Sequence[Feature], body: str, known: Sequence[Contact], called: int, short_of: int) -> bool:
    """Tell whether a text is only an address and what leads to it: few words; the address hidden, or introduced."""
    codes = {feature.code for feature in best}
    length = body.count(" ") + 1
    few = _BARE_WITHOUT_NAME if any(map(concepts.is_private, known)) else _BARE
    if called >= _TELLING and "mail_address" in codes and length <= few:
        return True
    if short_of > 0:
        return False
    if codes & {"onion_site", "chat_address"}:
        strong = any(feature.weight >= _STRONG for feature in best)
        return (length <= _BARE and strong) or (length <= _BARE // 2 and "mail_address" in codes)
    introduced = "write_to_address" in codes and any(feature.group in {"happened", "recover"} for feature in best)
    return length <= _BARE and introduced


def _confidence(score: int, groups: set[str], length: int, above: int) -> str:
    """Return how sure a note is: by what stands in it beyond what was needed, and by how much there is to judge."""
    if above >= 6 and len(groups) >= 4:
        return "high"
    return "medium" if above >= 2 and len(groups) >= 3 and score > 0 and length > 20 else "low"


@cache
def _scanner() -> yara_x.Scanner:
    import yara_x  # noqa: PLC0415 - 20 MB of memory that only whoever judges texts needs

    scanner = yara_x.Scanner(ransom_rules.note_rules().engine)
    scanner.max_matches_per_pattern(_MOST_MATCHES)
    return scanner


def _features(name: str, body: str) -> tuple[list[Feature], list[tuple[int, Feature]]]:
    """Return what the name has of a note's, and what the text says with the places where it does."""
    marked = "xmark " if _MARK.match(name) else ""
    title = f"xname {marked}{reading.words(reading.HUMP.sub(' ', reading.normal(name[-160:])))} \n "
    start = len(title.encode()) - 1
    features = ransom_rules.note_rules().features
    named, said = [], []
    for rule in _scanner().scan(f"{title}{body} ".encode()).matching_rules:
        feature = features[rule.identifier]
        places = [match.offset for pattern in rule.patterns for match in pattern.matches]
        if feature.group == "name":
            if any(place < start for place in places) and not _WRITTEN_BY_PROGRAMMERS.search(name):
                named.append(feature)
        else:
            said += [(place, feature) for place in places if place >= start]
    return named, sorted(said, key=lambda one: one[0])


def _densest(said: Sequence[tuple[int, Feature]]) -> list[Feature]:
    """Return what is said within the WINDOW that scores most."""
    best: list[Feature] = []
    best_score, first = 0, 0
    inside: Counter[Feature] = Counter()
    for place, feature in said:
        inside[feature] += 1
        while place - said[first][0] > WINDOW:
            gone = said[first][1]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            first += 1
        if inside[feature] == 1 and (score := _score(inside)) > best_score:
            best, best_score = list(inside), score
    return best


def _score(features: Iterable[Feature]) -> int:
    """Return the sum of weights in the language in which it is most, no group counting for more than its most."""
    languages: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for feature in features:
        languages[feature.language][feature.group] += feature.weight
    every = languages.pop("any", Counter())
    return max(
        sum(min(one[group] + every[group], _GROUP_MOST) for group in ransom_rules.GROUPS)
        for one in (*languages.values(), Counter[str]())
    )


def _threshold(body: str) -> int:
    length = body.count(" ") + 1 + len(_EAST_ASIAN.findall(body)) // 2  # a sign is half a word
    return next(score for most, score in _THRESHOLDS if length <= most)
