"""Decides over many files what no single one tells: which of them were encrypted together.

Files are added one by one, those of one folder together; memory stays bounded whatever their names are. What was
forgotten to keep it so is counted (`forgotten`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.ransom import magics, renames, tallies
from collector.ransom.tallies import Pair, Sample, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.ransom.files import FileJudgement
    from collector.ransom.renames import Rename

MOST_EXTENSIONS: Final = 1024
"""Extensions that are kept when twice as many have come: those with most hits, then those with most files."""

MOST_FOLDERS: Final = 8192
"""Folders whose share of encrypted files is kept, those with the most of them."""

MOST_NAMES: Final = 10_000
"""Names of one folder among which an encrypted file's original is sought."""

LONGEST_EXTENSION: Final = 64

LEAST_FILES: Final = 10
LEAST_KNOWN: Final = 3
"""Files that make a group; fewer where known ransomware appends that extension."""

SEVERAL: Final = 3
"""Original types, and folders, of which several speak for ransomware."""

MANY: Final = 50
HALF: Final = 0.5

DENSE: Final = 0.3
"""Share of encrypted-looking files from which a folder counts where nothing was renamed."""

REASONS: Final = {
    "content": "most of its files look encrypted",
    "some_content": "some of its files look encrypted",
    "several_types": "several types of files bear it",
    "several_folders": "it is found in several folders",
    "near_times": "half of its files or more were changed within one hour",
    "known_extension": "known ransomware appends this extension",
    "names_only": "only names speak for it: no content was read, or nothing was found in it",
    "changing_extension": "each file bears another extension of the same form",
    "renamed_whole": "nothing is left of the original names",
    "not_renamed": "the files bear their own names still",
    "twins": "originals stand beside their encrypted twins",
}
"""Every reason, as the end of an English sentence."""

_CLASSES: Final = (
    ("[0-9]", frozenset("0123456789")),
    ("[0-9a-f]", frozenset("0123456789abcdefABCDEF")),
    ("[a-z]", frozenset("abcdefghijklmnopqrstuvwxyz")),
    ("[A-Z]", frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")),
    ("[a-z0-9]", frozenset("abcdefghijklmnopqrstuvwxyz0123456789")),
    ("[A-Z0-9]", frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")),
    ("[A-Za-z0-9]", frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")),
)


class Extension(NamedTuple):
    """One line of the histogram."""

    extension: str
    files: int
    bytes: int
    is_known: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Files that were encrypted together, as it seems.

    `how` is `extension`, `form` or `in_place`; `pattern` the extension, or the form of it as a regular expression.
    `originals` are the extensions that the files had, with their numbers. `folders` is a lower bound where
    `folders_more`. `first_ns` and `last_ns` bound the fullest hour of changes. `confidence` is high, medium or low;
    `reasons` are keys of `REASONS`.
    """

    how: str
    pattern: str
    files: int
    bytes: int
    encrypted: int
    suspect: int
    plain: int
    unread: int
    originals: tuple[tuple[str, int], ...]
    folders: int
    folders_more: bool
    first_ns: int
    last_ns: int
    confidence: str
    reasons: tuple[str, ...]
    samples: tuple[Sample, ...]
    pairs: tuple[Pair, ...]


class Groups:
    """Takes files in and tells groups; `forgotten` counts tallies that were given up to bound memory."""

    def __init__(self) -> None:
        self._marks = magics.marks()
        self._by_key: dict[str, Tally] = {}
        self._by_form: dict[str, Tally] = {}
        self._in_place = Tally()
        self._shares: dict[int, list[int]] = {}
        self._histogram: dict[str, list[int]] = {}
        self._folder: str | None = None
        self._names: set[str] = set()
        self._waiting: dict[str, tuple[str, str]] = {}
        self.forgotten = 0

    def add(self, folder: str, name: str, judgement: FileJudgement | None, size: int, mtime_ns: int) -> None:
        """Count one file; `judgement` is `None` where its content was not read."""
        rename = renames.split(name, self._marks)
        key = rename.key[:LONGEST_EXTENSION]
        self._count(key or rename.original, size)
        sample = Sample(folder, name, size, rename.original)
        hit = judgement is not None and judgement.is_hit
        if rename.appended:
            self._tally(key).add(sample, judgement, mtime_ns, rename.appended)
        elif rename.original and judgement is not None:
            self._add_in_place(sample, judgement, mtime_ns)
        if hit and (rename.appended or not rename.original):
            text = key or "name " + name
            form = form_of(text[:LONGEST_EXTENSION])
            self._by_form.setdefault(form, Tally()).add(sample, judgement, mtime_ns, text)
        self._find_twin(folder, name, rename, key, hit=hit)

    def _count(self, extension: str, size: int) -> None:
        line = self._histogram.setdefault(extension, [0, 0])
        line[0] += 1
        line[1] += max(size, 0)
        if len(self._histogram) > 2 * MOST_EXTENSIONS:
            kept = sorted(self._histogram.items(), key=lambda item: item[1][0], reverse=True)[:MOST_EXTENSIONS]
            self.forgotten += len(self._histogram) - len(kept)
            self._histogram = dict(kept)

    def _tally(self, key: str) -> Tally:
        if key not in self._by_key and len(self._by_key) >= 2 * MOST_EXTENSIONS:
            kept = sorted(self._by_key.items(), key=lambda item: (item[1].hits, item[1].files), reverse=True)
            self.forgotten += len(kept) - MOST_EXTENSIONS
            self._by_key = dict(kept[:MOST_EXTENSIONS])
        return self._by_key.setdefault(key, Tally())

    def _add_in_place(self, sample: Sample, judgement: FileJudgement, mtime_ns: int) -> None:
        """Count a file that bears an ordinary name: how many of its folder look encrypted decides."""
        share = self._shares.setdefault(hash(sample.folder), [0, 0])
        share[0] += 1
        share[1] += judgement.is_hit
        if judgement.is_hit:
            self._in_place.add(sample, judgement, mtime_ns, "")
        if len(self._shares) > 2 * MOST_FOLDERS:
            kept = sorted(self._shares.items(), key=lambda item: item[1][1], reverse=True)[:MOST_FOLDERS]
            self.forgotten += len(self._shares) - len(kept)
            self._shares = dict(kept)

    def _find_twin(self, folder: str, name: str, rename: Rename, key: str, *, hit: bool) -> None:
        """Look for `x.docx` beside `x.docx.ext`, in whatever order they come."""
        if folder != self._folder:
            self._folder = folder
            self._names.clear()
            self._waiting.clear()
        if rename.appended and rename.original:
            if rename.stem in self._names:
                self._tally(key).pair(Pair(folder, rename.stem, name))
            elif len(self._waiting) < MOST_NAMES:
                self._waiting[rename.stem] = (key, name)
        elif not rename.appended and not hit:
            if name in self._waiting:
                twin_key, twin = self._waiting.pop(name)
                self._tally(twin_key).pair(Pair(folder, name, twin))
            elif len(self._names) < MOST_NAMES:
                self._names.add(name)

    def histogram(self, most: int = 100) -> list[Extension]:
        """Return the extensions with the most files, appended ones with their point; the empty one is none."""
        lines = sorted(self._histogram.items(), key=lambda item: (-item[1][0], item[0]))[:most]
        return [Extension(name, files, size, self._marks.is_known(name)) for name, (files, size) in lines]

    def groups(self) -> list[Group]:
        """Return the groups found so far, the surest and largest first."""
        found = [*self._of_extensions(), *self._of_forms(), *self._of_places()]
        worth = {"high": 0, "medium": 1, "low": 2}
        return sorted(found, key=lambda group: (worth[group.confidence], -group.files, group.pattern))

    def _of_extensions(self) -> Iterator[Group]:
        for key, tally in self._by_key.items():
            known = key.lstrip("._-") in self._marks.ransom
            confidence, reasons = weigh(tally, known=known)
            if confidence:
                yield _group("extension", key, tally, confidence, reasons)

    def _of_forms(self) -> Iterator[Group]:
        """Yield groups whose files bear each another extension, or another name, of one form."""
        for form, tally in self._by_form.items():
            if tally.files < LEAST_FILES or len(tally.forms) * 2 < min(tally.files, 1000):
                continue
            is_name = form.startswith("name ")
            several = len(tally.originals) >= SEVERAL
            if not several and len(tally.folders) < SEVERAL:
                continue
            reasons = ["content", "renamed_whole" if is_name or not tally.originals else "changing_extension"]
            reasons += _common(tally)
            sure = several and tally.verdicts["encrypted"] >= LEAST_FILES
            confidence = "high" if sure and "several_folders" in reasons else "medium" if sure else "low"
            yield _group("form", form.removeprefix("name "), tally, _at_most(confidence, tally), reasons)

    def _of_places(self) -> Iterator[Group]:
        """Yield the group of files that were encrypted and not renamed."""
        tally = self._in_place
        dense = sum(hits for judged, hits in self._shares.values() if hits >= SEVERAL and hits >= DENSE * judged)
        judged = sum(judged for judged, _ in self._shares.values())
        if judged and tally.files >= DENSE * judged:
            dense = tally.files
        if dense < LEAST_FILES or len(tally.originals) < SEVERAL:
            return
        reasons = ["content", "not_renamed", *_common(tally)]
        sure = dense >= MANY and tally.verdicts["encrypted"] * 2 >= tally.files and "several_folders" in reasons
        confidence = _at_most("high" if sure else "medium" if dense >= MANY / 2 else "low", tally)
        yield _group("in_place", "", tally, confidence, reasons)


def weigh(tally: Tally, *, known: bool) -> tuple[str, list[str]]:
    """Return the confidence that files of one appended extension were encrypted, and why; empty where there is none."""
    if tally.files < (LEAST_KNOWN if known else LEAST_FILES):
        return "", []
    types, share = len(tally.originals), tally.hits / tally.judged if tally.judged else 0.0
    reasons = _common(tally)
    points = len(reasons) - ("twins" in reasons)  # an original that still stands speaks for a copy of one's own
    if known:
        reasons.append("known_extension")
        points += 2
    if share >= HALF and tally.hits >= LEAST_KNOWN:
        reasons.insert(0, "content")
        points += 3
    elif share >= 0.2 and tally.hits >= LEAST_KNOWN:
        reasons.insert(0, "some_content")
        points += 2
    else:
        return _by_names(tally, reasons, known=known)
    if points >= 6 and types >= SEVERAL:
        return _at_most("high", tally), reasons
    if points >= 4 and (types > 1 or known):
        return _at_most("medium", tally), reasons
    if points >= 3 and (types > 1 or known or len(tally.folders) >= LEAST_FILES // 2):
        return "low", reasons
    return "", []


def _at_most(confidence: str, tally: Tally) -> str:
    """Return the confidence, low where no file surely is encrypted, or most have their original beside them.

    So are the copies that somebody encrypts of their own files: ransomware leaves no original.
    """
    return "low" if not tally.verdicts["encrypted"] or tally.paired * 2 > tally.files else confidence


def _by_names(tally: Tally, reasons: list[str], *, known: bool) -> tuple[str, list[str]]:
    """Weigh a group whose content says nothing: never more than low, and never against content that was read."""
    unread = tally.judged * 2 < tally.files
    enough = {"several_types", "several_folders", "near_times"}
    if known or (unread and tally.files >= MANY and enough <= set(reasons)):
        return "low", ["names_only", *reasons]
    return "", []


def _common(tally: Tally) -> list[str]:
    share, _, _ = tally.times.densest_hour()
    facts = {
        "several_types": len(tally.originals) >= SEVERAL,
        "several_folders": len(tally.folders) >= SEVERAL,
        "near_times": share >= HALF,
        "twins": bool(tally.pairs),
    }
    return [reason for reason, is_so in facts.items() if is_so]


def _group(how: str, pattern: str, tally: Tally, confidence: str, reasons: list[str]) -> Group:
    _, first, last = tally.times.densest_hour()
    verdicts = tally.verdicts
    return Group(
        how, pattern, tally.files, tally.bytes,
        verdicts["encrypted"], verdicts["suspect"], verdicts["plain"] + verdicts["unknown"], verdicts["unread"],
        tuple(tally.originals.most_common(20)),
        len(tally.folders), len(tally.folders) >= tallies.MOST_FOLDERS,
        first, last, confidence, tuple(reasons), tally.samples.chosen(), tuple(tally.pairs),
    )  # fmt: skip


def form_of(text: str) -> str:
    """Return the form of a random-looking text as a regular expression: its marks, and the class of what is between.

    At most a few thousand forms exist of texts of `LONGEST_EXTENSION` characters that bear one point or none; of
    longer or stranger ones only the length is told.
    """
    lead = "name " if text.startswith("name ") else ""
    rest = text.removeprefix(lead)
    point = "\\." if rest.startswith(".") else ""
    body = rest.removeprefix(".")
    for name, letters in _CLASSES:
        if body and letters.issuperset(body):
            return f"{lead}{point}{name}{{{len(body)}}}"
    return f"{lead}{point}.{{{len(body)}}}"
