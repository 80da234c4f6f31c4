"""Whether file activity is an encryption that goes on: counters of bounded memory, and the judge over them. Pure.

`Counters` takes every file event, also those that are not kept as rows. `candidates` names the files whose first bytes
would decide; `judge` decides by counters and heads together. What people and programs do every day creates files,
or gives back a temporary name; an encryption takes files that were there, of many types in many folders, and gives
all of them one unknown extension or bytes that look like cipher.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from collector import heads, suffixes
from collector.text import joined

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collector.activity_rules import Activity
    from collector.text import Text

KINDS: Final = ("created", "rewritten", "renamed", "deleted")
"""What is counted: new files, old ones that were closed after writing, files with another name, and gone ones."""
RATE_S: Final = 10
"""Over how many seconds a rate is given."""

_MOST_SECONDS: Final = 120
_MOST_GROUPS: Final = 64
_MOST_TIMES: Final = 512
_MOST_TYPES: Final = 64
_MOST_FOLDERS: Final = 64
_MOST_NAMES: Final = 1_024
_MOST_KNOWN: Final = 16_384
_MOST_TWINS: Final = 4_096
_MOST_MOVES: Final = 64
_MOST_NOTE: Final = 200
_A_PART: Final = 4
"""So many times fewer files than a threshold are enough to look on for longer."""


class Place(NamedTuple):
    """A file by its folder and its name in it."""

    folder: bytes
    name: bytes

    @property
    def path(self) -> bytes:
        """Return both as one path."""
        return joined(self.folder, self.name)


@dataclass(slots=True)
class _Group:
    """Files that something was done to: how many, when, of which types, where."""

    files: int = 0
    first: float = 0.0
    times: deque[float] = field(default_factory=lambda: deque(maxlen=_MOST_TIMES))
    types: set[bytes] = field(default_factory=set)
    folders: dict[bytes, int] = field(default_factory=dict)
    places: deque[Place] = field(default_factory=lambda: deque(maxlen=heads.MOST * 2))

    def add(self, place: Place, kind: bytes, now: float) -> None:
        self.first = self.first if self.files else now
        self.files += 1
        self.times.append(now)
        self.places.append(place)
        if len(self.types) < _MOST_TYPES:
            self.types.add(kind)
        if place.folder in self.folders or len(self.folders) < _MOST_FOLDERS:
            self.folders[place.folder] = self.folders.get(place.folder, 0) + 1


@dataclass(frozen=True, slots=True)
class Group:
    """Files of one unknown extension, or of any (`extension` is empty), as they stand now."""

    extension: bytes
    files: int
    """In all, since the watch began."""
    recent: int
    """Within the window."""
    types: int
    folders: tuple[bytes, ...]
    """Those with the most files first."""
    places: tuple[Place, ...]
    """The last files, the newest first."""
    since: float
    last: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What the counters hold at one moment; times are those that were handed in."""

    now: float
    totals: dict[str, int]
    recent: dict[str, int]
    """By kind, over the last `RATE_S` seconds."""
    peak: int
    """Most events in one second."""
    lost: int
    """How often the system's own queue was full: what it dropped is not counted."""
    renamed: tuple[Group, ...]
    """Files that got an unknown extension and are no longer there under the name before; the largest first."""
    born: tuple[Group, ...]
    """New files with an unknown extension behind an ordinary one."""
    rewritten: Group
    mixed: Group
    """Those of `renamed` together: some encryptions give each file an extension of its own."""
    note: tuple[bytes, int] | None
    """The file name that was created in the most folders, and in how many."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """An encryption that goes on; `reasons` are words of ours: renamed, born, rewritten, cipher, notes."""

    group: Group
    reasons: tuple[str, ...]
    looked: heads.Looked
    note: tuple[bytes, int] | None


@dataclass(frozen=True, slots=True)
class Writer:
    """A process that wrote in the folders; `basis` says how that is known.

    `events`: the kernel named it with each of `count` file events. `open-files`: it had files there open for writing,
    seen `count` times. `bytes`: it wrote `count` bytes, anywhere, while we looked.
    """

    pid: int
    name: Text | None
    exe: Text | None
    basis: str
    count: int


@dataclass(frozen=True, slots=True)
class Writers:
    """Who writes, the surest first, and how many processes could not be looked into."""

    found: tuple[Writer, ...]
    unknown: int


class Counters:
    """Counts file events in bounded memory. Not safe against threads: its owner holds a lock."""

    def __init__(self, rules: Activity) -> None:
        # An `OrderedDict` forgets its oldest at once; a dict would look for it among all that it has forgotten before.
        self._rules = rules
        self._totals = dict.fromkeys(KINDS, 0)
        self._seconds: dict[int, list[int]] = {}
        self._peak = self._lost = 0
        self._renamed: dict[bytes, _Group] = {}
        self._born: dict[bytes, _Group] = {}
        self._rewritten, self._mixed = _Group(), _Group()
        self._seen: OrderedDict[int, bool] = OrderedDict()
        """Files that were born while we looked on (true) or rewritten already (false), by their hash."""
        self._twins: OrderedDict[int, Place] = OrderedDict()
        """New names with an unknown extension, by the hash of each name they may have been made from."""
        self._names: dict[bytes, set[bytes]] = {}
        self._moves: OrderedDict[int, Place] = OrderedDict()

    def created(self, place: Place, now: float) -> None:
        """Count a new file."""
        self._count("created", now)
        self._is_born(place, now)
        if len(place.name) <= _MOST_NOTE and not suffixes.is_unknown(suffixes.extension(place.name), self._rules):
            folders = self._names.setdefault(place.name, set())
            if len(folders) < _MOST_FOLDERS:
                folders.add(place.folder)
            if len(self._names) > _MOST_NAMES:
                once = [name for name, where in self._names.items() if len(where) == 1][: _MOST_NAMES // 2]
                for name in once or list(self._names)[: _MOST_NAMES // 2]:
                    del self._names[name]

    def written(self, place: Place, now: float) -> None:
        """Count a file that was closed after writing, unless it is new, or was counted before."""
        key = hash(place)
        if key in self._seen:
            return
        self._remember(key, born=False)
        self._count("rewritten", now)
        told = suffixes.appended(place.name, self._rules)
        self._rewritten.add(place, told.type if told else suffixes.extension(place.name), now)

    def moved_from(self, place: Place, cookie: int) -> None:
        """Take the first half of a rename."""
        self._moves[cookie] = place
        if len(self._moves) > _MOST_MOVES:
            self._moves.popitem(last=False)

    def moved_to(self, place: Place, cookie: int, now: float) -> None:
        """Take the second half; a first half that never came is a file from elsewhere."""
        before = self._moves.pop(cookie, None)
        self._count("renamed", now)
        if before is None:
            self._is_born(place, now)
            return
        born = self._seen.get(hash(before))
        if born:  # so a program gives a new file its name in the end
            self._is_born(place, now)
            return
        if born is False:  # it is looked at where it is now
            self._remember(hash(place), born=False)
            self._rewritten.places.append(place)
        self._is_renamed(place, suffixes.renamed(before.name, place.name, self._rules), now)

    def deleted(self, place: Place, now: float) -> None:
        """Count a file that is gone; beside a new one that bears its name and more, it was replaced by that."""
        self._count("deleted", now)
        twin = self._twins.pop(hash(place), None)
        if twin is not None:
            self._is_renamed(twin, suffixes.renamed(place.name, twin.name, self._rules), now)

    def overflowed(self) -> None:
        """Take note that the system dropped events."""
        self._lost += 1

    def tally(self, now: float) -> Tally:
        """Return what is counted so far."""
        span = [counted for second, counted in self._seconds.items() if int(now) - RATE_S < second <= int(now)]
        window = self._rules.limits.window_s
        named = max(self._names.items(), key=lambda item: len(item[1]), default=None)
        return Tally(
            now=now,
            totals=dict(self._totals),
            recent={kind: sum(counted[at] for counted in span) for at, kind in enumerate(KINDS)},
            peak=self._peak,
            lost=self._lost,
            renamed=_frozen(self._renamed, now, window),
            born=_frozen(self._born, now, window),
            rewritten=_frozen({b"": self._rewritten}, now, window)[0],
            mixed=_frozen({b"": self._mixed}, now, window)[0],
            note=None if named is None else (named[0], len(named[1])),
        )

    def _count(self, kind: str, now: float) -> None:
        self._totals[kind] += 1
        second = self._seconds.get(int(now))
        if second is None:
            second = self._seconds[int(now)] = [0] * len(KINDS)
            if len(self._seconds) > _MOST_SECONDS:
                del self._seconds[next(iter(self._seconds))]
        second[KINDS.index(kind)] += 1
        self._peak = max(self._peak, sum(second))

    def _is_renamed(self, place: Place, told: suffixes.Appended | None, now: float) -> None:
        if told is not None:
            _group(self._renamed, told.extension).add(place, told.type, now)
            self._mixed.add(place, told.type, now)

    def _is_born(self, place: Place, now: float) -> None:
        self._remember(hash(place), born=True)
        last = suffixes.extension(place.name)
        if not suffixes.is_unknown(last, self._rules):
            return
        told = suffixes.appended(place.name, self._rules)
        if told is not None:
            _group(self._born, last).add(place, told.type, now)
        stem = place.name
        for _ in range(3):  # `a.docx.id-1.locked` was made from `a.docx`
            stem, dot, _rest = stem.rpartition(b".")
            if not dot or not stem:
                break
            self._twins[hash(Place(place.folder, stem))] = place
        while len(self._twins) > _MOST_TWINS:
            self._twins.popitem(last=False)

    def _remember(self, key: int, *, born: bool) -> None:
        self._seen[key] = born
        if len(self._seen) > _MOST_KNOWN:
            self._seen.popitem(last=False)


def candidates(tally: Tally, rules: Activity) -> tuple[Group, ...]:
    """Return the groups that may be an encryption, so that a look at their files would decide."""
    limits = rules.limits
    found = [group for group in (*tally.renamed, *tally.born, tally.mixed) if group.recent >= limits.files]
    one = tally.rewritten
    wide = one.types >= limits.rewritten_types and len(one.folders) >= limits.rewritten_folders
    return (*found, one) if one.recent >= limits.rewritten_files and wide else tuple(found)


def stirs(tally: Tally, rules: Activity) -> bool:
    """Tell whether renames go on that would come to a candidate, if they were looked at for longer."""
    return any(group.recent * _A_PART >= rules.limits.files for group in (*tally.renamed, tally.mixed))


def known(tally: Tally, extension: bytes | None, rules: Activity) -> Judgement | None:
    """Return the encryption that goes on with an extension which other files have shown to be one's already."""
    found = (group for group in (*tally.renamed, *tally.born) if group.extension == extension)
    enough = (group for group in found if group.recent * _A_PART >= rules.limits.files)
    nothing = heads.Looked(0, 0, 0)
    return next((Judgement(group, ("recent-files",), nothing, None) for group in enough), None)


def to_look_at(groups: Iterable[Group]) -> tuple[bytes, ...]:
    """Return the paths that `judge` wants the heads of: the last files of each group, in turn."""
    lists = [list(group.places) for group in groups]
    places = [places[at] for at in range(heads.MOST) for places in lists if at < len(places)]
    return tuple(dict.fromkeys(place.path for place in places))[: heads.MOST]


def judge(tally: Tally, seen: Iterable[heads.Head], rules: Activity) -> Judgement | None:
    """Return the encryption that goes on, the surest group first; `None` where there is none to be told.

    `seen` are the heads of `to_look_at`; without any, only what the names tell counts.
    """
    limits = rules.limits
    by_path = {head.path: head for head in seen}
    notes = tally.note is not None and tally.note[1] >= limits.note_folders
    renamed = set(tally.renamed)
    for group in candidates(tally, rules):
        own = [by_path[place.path] for place in group.places if place.path in by_path]
        looked = heads.look(own)
        cipher = looked.decides(rules)
        alone = group.recent >= limits.alone_files and group.types >= limits.alone_types
        alone = alone and len(group.folders) >= limits.alone_folders
        beside = notes and len(group.folders) >= limits.note_folders
        copied = 2 * sum(head.companion for head in own) > len(own)  # as `sed -i.orig` does: the files are there
        if cipher or (group in renamed and (alone or beside) and not copied):
            how = "rewritten" if group is tally.rewritten else "born" if group in tally.born else "renamed"
            said = (how, *(("cipher",) if cipher else ()), *(("notes",) if notes else ()))
            return Judgement(group, said, looked, tally.note if notes else None)
    return None


def _group(groups: dict[bytes, _Group], extension: bytes) -> _Group:
    """Return the group of an extension; the smaller half of too many is forgotten."""
    if extension not in groups and len(groups) >= _MOST_GROUPS:
        for name in sorted(groups, key=lambda name: groups[name].files)[: _MOST_GROUPS // 2]:
            del groups[name]
    return groups.setdefault(extension, _Group())


def _frozen(groups: dict[bytes, _Group], now: float, window: float) -> tuple[Group, ...]:
    found = [
        Group(
            extension=extension,
            files=group.files,
            recent=sum(then >= now - window for then in group.times),
            types=len(group.types),
            folders=tuple(sorted(group.folders, key=lambda name: (-group.folders[name], name))),
            places=tuple(reversed(group.places)),
            since=group.first,
            last=group.times[-1] if group.times else 0.0,
        )
        for extension, group in groups.items()
    ]
    return tuple(sorted(found, key=lambda group: (-group.recent, -group.files, group.extension)))
