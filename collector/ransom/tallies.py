"""Counts what files of one group have in common, in memory that stays small whatever is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.ransom.files import FileJudgement

MOST_FOLDERS: Final = 500
MOST_TYPES: Final = 100
MOST_TIMES: Final = 128
MOST_FORMS: Final = 2000
MOST_PAIRS: Final = 10
LONGEST_PATH: Final = 4096

LEAST_SAMPLES: Final = 3
MOST_SAMPLES: Final = 10
"""Encrypted files that an expert gets of one group: enough to find a decryptor, few enough for any stick."""

SMALLEST: Final = 3

HOUR_NS: Final = 3600 * 10**9


@dataclass(frozen=True, slots=True)
class Sample:
    """A file worth collecting: where it is, how large, which extension it had, and why it was chosen."""

    folder: str
    name: str
    size: int
    original: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A file as it was made beside its encrypted twin, in one folder."""

    folder: str
    original: str
    encrypted: str


@dataclass(slots=True)
class Times:
    """Times of change: every one until there are too many, then every second, every fourth, and so on."""

    kept: list[int] = field(default_factory=list)
    step: int = 1
    seen: int = 0

    def add(self, time_ns: int) -> None:
        """Count one time."""
        if self.seen % self.step == 0:
            self.kept.append(time_ns)
        self.seen += 1
        if len(self.kept) > MOST_TIMES:
            del self.kept[1::2]
            self.step *= 2

    def densest_hour(self) -> tuple[float, int, int]:
        """Return the share of the times that lie in the fullest hour, and the first and last of them."""
        times = sorted(self.kept)
        if not times:
            return 0.0, 0, 0
        most, first, last = 0, 0, 0
        start = 0
        for end, time_ns in enumerate(times):
            while time_ns - times[start] > HOUR_NS:
                start += 1
            if end - start + 1 > most:
                most, first, last = end - start + 1, start, end
        return most / len(times), times[first], times[last]


@dataclass(slots=True)
class Samples:
    """The smallest files, the largest, and one of each type; a file that looks encrypted replaces those that don't."""

    smallest: list[Sample] = field(default_factory=list)
    largest: Sample | None = None
    by_type: dict[str, Sample] = field(default_factory=dict)
    are_hits: bool = False

    def offer(self, sample: Sample, *, is_hit: bool) -> None:
        """Keep a sample if it is of use."""
        if len(sample.folder) + len(sample.name) > LONGEST_PATH or self.are_hits > is_hit:
            return
        if is_hit and not self.are_hits:
            self.smallest, self.largest, self.by_type, self.are_hits = [], None, {}, True
        if len(self.smallest) < SMALLEST or sample.size < self.smallest[-1].size:
            self.smallest = sorted([*self.smallest, sample], key=lambda one: one.size)[:SMALLEST]
        if self.largest is None or sample.size > self.largest.size:
            self.largest = sample
        if sample.original not in self.by_type and len(self.by_type) < MOST_SAMPLES:
            self.by_type[sample.original] = sample

    def chosen(self) -> tuple[Sample, ...]:
        """Return at most `MOST_SAMPLES` files: the smallest, the largest, one of each type, then further small ones."""
        found: dict[tuple[str, str], Sample] = {}
        for sample, why in self._by_worth():
            chosen = Sample(sample.folder, sample.name, sample.size, sample.original, why)
            found.setdefault((sample.folder, sample.name), chosen)
        return tuple(found.values())[:MOST_SAMPLES]

    def _by_worth(self) -> Iterator[tuple[Sample, str]]:
        yield from ((sample, "smallest") for sample in self.smallest[:1])
        if self.largest is not None:
            yield self.largest, "largest"
        yield from ((sample, "type") for sample in self.by_type.values())
        yield from ((sample, "small") for sample in self.smallest[1:])


@dataclass(slots=True)
class Tally:
    """What the files of one group have in common."""

    files: int = 0
    bytes: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    originals: Counter[str] = field(default_factory=Counter)
    folders: set[int] = field(default_factory=set)
    forms: set[int] = field(default_factory=set)
    times: Times = field(default_factory=Times)
    samples: Samples = field(default_factory=Samples)
    pairs: list[Pair] = field(default_factory=list)
    paired: int = 0
    """Files whose original stands beside them; of the first few `pairs` tells which."""

    def add(self, sample: Sample, judgement: FileJudgement | None, mtime_ns: int, form: str) -> None:
        """Count one file; `form` is what tells its rename from others of the group."""
        self.files += 1
        self.bytes += max(sample.size, 0)
        self.verdicts[judgement.verdict if judgement is not None else "unread"] += 1
        if sample.original and (sample.original in self.originals or len(self.originals) < MOST_TYPES):
            self.originals[sample.original] += 1
        if len(self.folders) < MOST_FOLDERS:
            self.folders.add(hash(sample.folder))
        if len(self.forms) < MOST_FORMS:
            self.forms.add(hash(form))
        self.times.add(mtime_ns)
        self.samples.offer(sample, is_hit=judgement is not None and judgement.is_hit)

    def pair(self, pair: Pair) -> None:
        """Count a pair, and keep it if there is room."""
        self.paired += 1
        if len(self.pairs) < MOST_PAIRS and len(pair.folder) + len(pair.encrypted) <= LONGEST_PATH:
            self.pairs.append(pair)

    @property
    def hits(self) -> int:
        """Files of which something speaks for encryption."""
        return self.verdicts["encrypted"] + self.verdicts["suspect"]

    @property
    def judged(self) -> int:
        """Files whose content was read and said something."""
        return self.hits + self.verdicts["plain"] + self.verdicts["unknown"]
