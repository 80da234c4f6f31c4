"""File events seen while the run lasts: people's folders and all below them, as the kernel tells them (`notices`).

An event says what happened to which name, not who did it. "Modified" comes once for several writes that follow each
other, and for a folder whenever something in it comes or goes. Only a system since Windows 10 1709 tells whether it is
a folder; before that it is one where something was seen below it.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from collector import activity_rules
from collector.bursts import Counters, Place
from collector.errors import RuleError
from collector.host import HostError
from collector.host.walking import MAX_PATH
from collector.host.windows import files, notices, scope
from collector.model import Gap, Outcome
from collector.text import from_bytes, joined, parted
from collector.times import utc_text
from collector.winformats import notifications, paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from collector.bursts import Tally
    from collector.model import Json, Request, Row
    from collector.winformats.notifications import Notification

MAX_FOLDERS: Final = 60
"""Most folders watched, each with all below it: a thread waits for 64 things at most (MAXIMUM_WAIT_OBJECTS)."""
KEPT_AT_EACH_END: Final = 5_000
"""Events kept of the beginning and of the end: about 2 MB in all."""

_STOP_SECONDS: Final = 2.0
_DRAIN_SECONDS: Final = 0.5
"""How long what has come already is still fetched at the end."""
_LOOK_SECONDS: Final = 5.0
_MOST_FOLDERS_KNOWN: Final = 4_096


class Event(NamedTuple):
    """A file event."""

    utc_ns: int
    event: str
    path: bytes
    folder: bool | None


def watch(request: Request) -> Watch:
    """Start watching the trees of the request, or people's folders; raises `HostError` where nothing can be watched."""
    found = scope.scope_of(request)
    try:
        return Watch(request, scope.people_first(found) if request.scan is None else found.trees)
    except OSError as error:
        raise HostError(files.gap_of(error, "the kernel gives no file events")) from error


class Watch:
    """A running watch (see `collector.host.ActivityWatch`)."""

    def __init__(self, request: Request, trees: Sequence[bytes]) -> None:
        self._lock = threading.Lock()
        """Held over everything below but what only the thread uses."""
        self._first: list[Event] = []
        self._last: deque[Event] = deque(maxlen=KEPT_AT_EACH_END)
        self._seen = self._overflows = self._ended = 0
        self._counters = _counters()
        """Of every event, also those that are not kept."""
        self._gaps: list[Gap] = []
        self._stopped = self._closed = False
        self._cookie = 0
        self._latest: tuple[bytes, str] | None = None
        self._folders: OrderedDict[bytes, None] = OrderedDict()
        self._excluded = _spellings(request.exclude)
        self._bell = notices.Bell()
        self._notices: list[notices.Notices] = []
        for tree in trees[:MAX_FOLDERS]:
            self._begin(tree)
        if len(trees) > MAX_FOLDERS:
            left = len(trees) - MAX_FOLDERS
            self._gaps.append(Gap(Outcome.OVER_LIMIT, f"{MAX_FOLDERS} folders were watched, {left} were not"))
        self.watched = len(self._notices)
        """How many folders are watched."""
        self._thread = threading.Thread(target=self._work, name="activity", daemon=True)
        self._thread.start()

    def _begin(self, tree: bytes) -> None:
        try:
            self._notices.append(notices.Notices(tree))
        except OSError as error:
            subject = from_bytes(tree[: MAX_PATH])
            self._gaps.append(files.gap_of(error, "a folder can't be watched", subject))

    def stop(self) -> None:
        """End the watch; no event is added after it returns. May be called twice."""
        with self._lock:
            first = not self._stopped
            self._stopped = True
        if first:
            self._bell.ring()
            self._thread.join(_STOP_SECONDS)
            with self._lock:
                self._closed = True

    def tally(self) -> Tally | None:
        """Return what all events so far come to; `None` where the rules that say what counts can't be read."""
        with self._lock:
            return None if self._counters is None else self._counters.tally(time.monotonic())

    def rows(self) -> Iterator[Row | Gap]:
        """Yield what was seen, oldest first, then the gaps."""
        with self._lock:
            kept, seen = [*self._first, *self._last], self._seen
            gaps, overflows, ended = [*self._gaps], self._overflows, self._ended
        for event in kept:
            yield row(event)
        if seen > len(kept):
            reason = f"{seen - len(kept)} file events of {seen}, between the first and the last, were not kept"
            yield Gap(Outcome.OVER_LIMIT, reason)
        if overflows:
            yield Gap(Outcome.OVER_LIMIT, f"the kernel's buffer was full {overflows} time(s): file events were lost")
        if ended:
            yield Gap(Outcome.ABSENT, f"{ended} folder(s) or drive(s) that were watched are gone")
        yield from gaps
        if not self.watched and not gaps:
            yield Gap(Outcome.ABSENT, "there was no folder to watch")

    # In the thread.

    def _work(self) -> None:
        try:
            while self._notices and not self._stopped:
                at = notices.first([*(one.bell for one in self._notices), self._bell], _LOOK_SECONDS)
                if at is not None and at < len(self._notices):
                    self._take(at)
            deadline = time.monotonic() + _DRAIN_SECONDS
            while self._notices and time.monotonic() < deadline:
                at = notices.first([one.bell for one in self._notices], 0)
                if at is None:
                    return  # nothing is left that had come
                self._take(at)
        except Exception:  # noqa: BLE001 - whatever ends this thread: what follows is not seen, and that is told
            with self._lock:
                self._gaps.append(Gap(Outcome.FAILED, "file events could not be understood, and were watched no more"))
        finally:
            for one in self._notices:
                one.close()

    def _take(self, at: int) -> None:
        """Fetch what came of a folder, and put it behind the others, so that a busy one doesn't hide them."""
        one = self._notices.pop(at)
        self._notices.append(one)  # first: whatever comes, it is closed, which the kernel needs that writes to it
        try:
            found = one.fetch()
        except notices.LostError:
            with self._lock:
                self._overflows += 1
                if self._counters is not None:
                    self._counters.overflowed()
        except notices.EndedError:
            self._notices.remove(one)
            one.close()
            with self._lock:
                self._ended += 1
        else:
            now = time.time_ns()
            with self._lock:
                for notification in found:
                    self._keep(one.path, notification, now)

    def _keep(self, tree: bytes, told: Notification, now: int) -> None:
        """Keep one event and count it; the lock is held."""
        path = joined(tree, told.name)
        if self._closed or any(paths.is_in(path, folder) for folder in self._excluded):
            return
        event = Event(now, told.event, path, self._is_folder(path, told))
        if told.event == notifications.MODIFIED and self._latest == (path, told.event):
            return  # several writes in a row
        self._latest = (path, told.event)
        self._seen += 1
        kept = self._first if len(self._first) < KEPT_AT_EACH_END else self._last
        kept.append(event)
        if self._counters is not None:
            self._count(self._counters, event)

    def _is_folder(self, path: bytes, told: Notification) -> bool | None:
        above = parted(path)[0]
        self._folders[above] = None
        self._folders.move_to_end(above)
        if len(self._folders) > _MOST_FOLDERS_KNOWN:
            self._folders.popitem(last=False)
        if told.folder is not None:
            return told.folder
        return True if path in self._folders else None

    def _count(self, counters: Counters, event: Event) -> None:
        if event.folder:
            return
        place, now = Place(*parted(event.path)), time.monotonic()
        if event.event == notifications.CREATED:
            counters.created(place, now)
        elif event.event == notifications.MODIFIED:
            counters.written(place, now)
        elif event.event == notifications.DELETED:
            counters.deleted(place, now)
        elif event.event == notifications.MOVED_FROM:  # its other half is the next event
            self._cookie += 1
            counters.moved_from(place, self._cookie)
        else:
            counters.moved_to(place, self._cookie, now)


def row(event: Event) -> Row:
    """Return the row of an event."""
    return {
        "utc": utc_text(event.utc_ns),
        "event": event.event,
        "path": cast("Json", from_bytes(event.path)),
        "folder": event.folder,
    }


def _counters() -> Counters | None:
    try:
        return Counters(activity_rules.activity())
    except RuleError:  # the events are kept all the same
        return None


def _spellings(folders: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the ways in which our own folders may be told: as they were named, and as they really lie."""
    found: dict[bytes, None] = {}
    for folder in folders:
        name = scope.absolute(folder)
        real = os.path.realpath(name).removeprefix("\\\\?\\")
        found |= dict.fromkeys((os.fsencode(name), os.fsencode(real)))
    return tuple(found)
