"""File events seen while the run lasts: people's folders and all below them, through watchdog (FSEvents on a Mac).

FSEvents joins what happens to one file within a moment: "modified" comes once for several writes, and not who wrote.
watchdog looks at each path that it is told of (`stat`), and goes into a folder that was moved.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from collector import activity_rules
from collector.bursts import Counters, Place
from collector.errors import RuleError
from collector.host import HostError
from collector.host.darwin import accounts, clock, mounts
from collector.host.posix.low import files
from collector.host.posix.mounts import Kind, resolved
from collector.host.posix.scope import is_below
from collector.model import Gap, Outcome
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.bursts import Tally
    from collector.host.darwin.readings import Readings
    from collector.model import Json, Request, Row

MAX_FOLDERS: Final = 64
"""Most folders watched, each with all below it."""
KEPT_AT_EACH_END: Final = 5_000
"""Events kept of the beginning and of the end: about 2 MB in all."""

_STOP_SECONDS: Final = 2.0
_KINDS: Final = {"created": "created", "modified": "modified", "deleted": "deleted", "attrib": "attributes"}


class Event(NamedTuple):
    """A file event."""

    utc_ns: int
    event: str
    path: bytes
    folder: bool


def watch(readings: Readings, request: Request) -> Watch:
    """Start watching the folders of the request, or people's; raises `HostError` where nothing can be watched."""
    gaps: list[Gap] = []
    folders = _folders(readings, request, gaps)
    try:
        from watchdog.observers import Observer

        observer = Observer()
    except Exception as error:  # watchdog's native part may fail to load in its own ways
        raise HostError(Gap(Outcome.UNSUPPORTED, "watchdog does not run on this system")) from error
    logging.getLogger("watchdog").addHandler(logging.NullHandler())  # it would print to the terminal
    return Watch(observer, folders, request, gaps)


def _folders(readings: Readings, request: Request, gaps: list[Gap]) -> list[bytes]:
    """Return the local folders to watch, none below another, by their paths without links; raises `HostError`."""
    try:
        table = mounts.table(readings)
    except OSError as error:  # without it any path may hang
        raise HostError(files.gap_of(error, "the mounts can't be read, so nothing was watched")) from error
    found: list[bytes] = []
    named = request.scan if request.scan is not None else tuple(accounts.people(readings))
    for path in named:
        try:
            place = resolved(table, path)
            if table.kind(place) is not Kind.LOCAL:
                gaps.append(Gap(Outcome.UNSUPPORTED, "a folder that is not local was not watched", from_bytes(path)))
            elif os.path.isdir(place) and place not in found:
                found.append(place)
        except (OSError, ValueError) as error:
            if request.scan is not None and isinstance(error, OSError):
                gaps.append(files.gap_of(error, "a folder to watch can't be reached", from_bytes(path)))
    tops = [path for path in found if not is_below(path, set(found) - {path})]
    if len(tops) > MAX_FOLDERS:
        reason = f"{MAX_FOLDERS} folders were watched, {len(tops) - MAX_FOLDERS} were not"
        gaps.append(Gap(Outcome.OVER_LIMIT, reason))
    return tops[:MAX_FOLDERS]


class Watch:
    """A running watch (see `collector.host.ActivityWatch`); watchdog calls `dispatch` in its own thread."""

    def __init__(self, observer: Any, folders: list[bytes], request: Request, gaps: list[Gap]) -> None:
        self._observer = observer
        self._lock = threading.Lock()
        """Held over everything below."""
        self._gaps = gaps
        self._first: list[Event] = []
        self._last: deque[Event] = deque(maxlen=KEPT_AT_EACH_END)
        self._seen = self._cookie = 0
        self._counters = _counters()
        """Of every event, also those that are not kept."""
        self._stopped = False
        self._excluded = {spelling for path in request.exclude for spelling in (path, os.path.realpath(path))}
        self._watched = 0
        for folder in folders:
            try:
                observer.schedule(self, os.fsdecode(folder), recursive=True)
                self._watched += 1
            except Exception:  # noqa: BLE001 - watchdog's own errors are no class of ours
                gaps.append(Gap(Outcome.FAILED, "a folder can't be watched", from_bytes(folder)))
        try:
            observer.start()
        except Exception as error:
            raise HostError(Gap(Outcome.FAILED, "the system gives no file events")) from error

    def stop(self) -> None:
        """End the watch; no event is added after it returns. May be called twice."""
        with self._lock:
            first = not self._stopped
            self._stopped = True
        if first:
            self._observer.stop()
            self._observer.join(_STOP_SECONDS)

    def tally(self) -> Tally | None:
        """Return what all events so far come to; `None` where the rules that say what counts can't be read."""
        with self._lock:
            return None if self._counters is None else self._counters.tally(time.monotonic())

    def rows(self) -> Iterator[Row | Gap]:
        """Yield what was seen, oldest first, then the gaps."""
        with self._lock:
            kept, seen, gaps, watched = [*self._first, *self._last], self._seen, [*self._gaps], self._watched
        for event in kept:
            yield {
                "utc": clock.moment(event.utc_ns),
                "event": event.event,
                "path": cast("Json", from_bytes(event.path)),
                "folder": event.folder,
            }
        if seen > len(kept):
            reason = f"{seen - len(kept)} file events of {seen}, between the first and the last, were not kept"
            yield Gap(Outcome.OVER_LIMIT, reason)
        yield from gaps
        if not watched and not gaps:
            yield Gap(Outcome.ABSENT, "there was no folder to watch")

    def dispatch(self, event: Any) -> None:
        """Keep and count one event of watchdog's."""
        now = time.time_ns()
        path, into = os.fsencode(event.src_path), os.fsencode(event.dest_path or "")
        with self._lock:
            if event.event_type == "moved":
                self._cookie += 1
                self._add(Event(now, "moved-from", path, event.is_directory))
                self._add(Event(now, "moved-to", into, event.is_directory))
            elif event.event_type in _KINDS:
                self._add(Event(now, _KINDS[event.event_type], path, event.is_directory))

    def _add(self, event: Event) -> None:
        """Keep one event; the lock is held."""
        excluded = event.path in self._excluded or is_below(event.path, self._excluded)
        if self._stopped or not event.path or excluded:
            return
        self._seen += 1
        kept = self._first if len(self._first) < KEPT_AT_EACH_END else self._last
        kept.append(event)
        if self._counters is not None and not event.folder:
            self._count(self._counters, event, time.monotonic())

    def _count(self, counters: Counters, event: Event, now: float) -> None:
        folder, _, name = event.path.rpartition(b"/")
        place = Place(folder or b"/", name)
        if event.event == "created":
            counters.created(place, now)
        elif event.event == "modified":
            counters.written(place, now)
        elif event.event == "moved-from":
            counters.moved_from(place, self._cookie)
        elif event.event == "moved-to":
            counters.moved_to(place, self._cookie, now)
        elif event.event == "deleted":
            counters.deleted(place, now)


def _counters() -> Counters | None:
    try:
        return Counters(activity_rules.activity())
    except RuleError:
        return None  # the run says that the rules are wrong
