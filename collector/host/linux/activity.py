"""File events seen while the run lasts, through inotify (the layer of watchdog that holds the descriptor).

Folders are chosen and opened by a walk of our own, breadth first, since watchdog's own
recursion would move the folders' atime and has no bounds. A folder is watched through the
descriptor that was opened, so that what was looked at is what is watched. What happens in
a new folder before it is watched, a moment after its birth, isn't seen.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from collector import activity_rules
from collector.bursts import Counters
from collector.errors import CollectorError, RuleError
from collector.host import HostError
from collector.host.linux import events, files, mounts
from collector.host.posix import scope
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.bursts import Tally
    from collector.host.linux import Roots
    from collector.model import Request, Row

MAX_FOLDERS: Final = 4_096
"""Most folders watched: half of what the kernel lets a user watch at least (max_user_watches)."""
WALK_SECONDS: Final = 2.0
"""How long folders are looked for, at the start and again for all that appear later."""
MAX_ENTRIES: Final = 20_000
"""Most entries of one folder that are looked at, so that a folder of a million files doesn't take all the time."""
KEPT_AT_EACH_END: Final = 5_000
"""Events kept of the beginning and of the end: about 2 MB in all."""

_CHECK_EVERY: Final = 256
_STOP_SECONDS: Final = 1.0
_OURS: Final = 0  # what watchdog knows our callback by, at each folder
_ONLYDIR_EXCL_UNLINK: Final = 0x0100_0000 | 0x0400_0000


@dataclass(slots=True)
class _Folder:
    """A watched folder; `inode` is device and inode."""

    path: bytes
    inode: tuple[int, int]


def watch(roots: Roots, request: Request) -> Watch:
    """Start watching and return at once: the folders are looked for in the background.

    Watched are the folders of the request, or else the homes of local accounts and the
    places that people share. Raises `HostError` where there is no inotify.
    """
    try:
        from watchdog.observers.inotify_c import InotifyFD

        inotify = InotifyFD()  # not the shared instance: this one can be closed
    except OSError as e:
        outcome = Outcome.OVER_LIMIT if e.errno in (errno.EMFILE, errno.ENFILE) else files.outcome_of(e)
        raise HostError(Gap(outcome, "the kernel gives no inotify")) from e
    except Exception as e:  # watchdog's own class is made in the module that failed to load
        raise HostError(Gap(Outcome.UNSUPPORTED, "watchdog does not run on this system")) from e
    logging.getLogger("watchdog").addHandler(logging.NullHandler())  # it would print to the terminal
    return Watch(roots, request, inotify)


class Watch:
    """A running watch (see `collector.host.ActivityWatch`); watchdog calls its `on_...` methods."""

    def __init__(self, roots: Roots, request: Request, inotify: Any) -> None:
        self._roots = roots
        self._request = request
        self._inotify = inotify
        self._lock = threading.Lock()
        """Held over everything below, and taken before watchdog's own, which never calls us under it."""
        self._wake = threading.Condition(self._lock)
        self._stopped = False
        self._first: list[events.Event] = []
        self._last: deque[events.Event] = deque(maxlen=KEPT_AT_EACH_END)
        self._seen = 0
        self._overflows = 0
        self._queue: deque[bytes] = deque()
        self._folders: dict[int, _Folder] = {}
        self._inodes: set[tuple[int, int]] = set()
        self._watched = 0
        self._moving: tuple[int, bytes] | None = None
        self._counters = _counters()
        """Of every event, also those that are not kept."""
        self._counts = dict.fromkeys(("left", "remote", "denied", "failed"), 0)
        self._limit = ""
        self._seconds = WALK_SECONDS
        self._settled = False
        self._excluded = {spelling for path in request.exclude for spelling in (path, os.path.realpath(path))}
        self._excluded_inodes = {inode for path in request.exclude if (inode := _inode(path)) is not None}
        self._table: mounts.MountTable | None = None
        self._walker = threading.Thread(target=self._walk, name="activity-walk", daemon=True)
        inotify.start()
        self._walker.start()

    def stop(self) -> None:
        """End the watch; no event is added after it returns. May be called twice.

        A walk that hangs in the kernel is left behind: its thread keeps no process alive.
        """
        with self._lock:
            first = not self._stopped
            self._stopped = True
            self._wake.notify_all()
        if first:
            self._walker.join(_STOP_SECONDS)
            self._inotify.stop()
            self._inotify.join(_STOP_SECONDS)

    def tally(self) -> Tally | None:
        """Return what all events so far come to; `None` where the rules that say what counts can't be read."""
        with self._lock:
            return None if self._counters is None else self._counters.tally(time.monotonic())

    def rows(self) -> Iterator[Row | Gap]:
        """Yield what was seen, oldest first, then the gaps."""
        with self._lock:
            kept = [*self._first, *self._last]
            seen = self._seen
        for event in kept:
            yield events.row(event)
        if seen > len(kept):
            reason = f"{seen - len(kept)} file events of {seen}, between the first and the last, were not kept"
            yield Gap(Outcome.OVER_LIMIT, reason)
        yield from self._gaps()

    def _gaps(self) -> Iterator[Gap]:
        """Yield what could not be watched."""
        with self._lock:
            counts = dict(self._counts)
            counts["left"] += len(self._queue)
            watched, overflows, limit = self._watched, self._overflows, self._limit
        if overflows:
            yield Gap(Outcome.OVER_LIMIT, f"the kernel's queue was full {overflows} time(s): file events were lost")
        if counts["left"]:
            why = limit or "the watch ended first"
            reason = f"{watched} folders were watched, {counts['left']} or the rest of them were not: {why}"
            yield Gap(Outcome.OVER_LIMIT, reason)
        if counts["remote"]:
            yield Gap(Outcome.UNSUPPORTED, f"{counts['remote']} folder(s) on network or FUSE mounts were not watched")
        if counts["denied"]:
            yield Gap(Outcome.DENIED, f"{counts['denied']} folder(s) could not be read and were not watched")
        if counts["failed"]:
            yield Gap(Outcome.FAILED, f"{counts['failed']} folder(s) could not be watched")
        if not watched and not any(counts.values()):
            yield Gap(Outcome.ABSENT, "there was no folder to watch")

    # Called by watchdog's thread.

    def on_event(self, event: Any) -> None:
        """Keep one event; a new folder is handed to the walk."""
        now = time.time_ns()
        with self._lock:
            if self._moving is not None:
                self._follow(self._moving, event)
            folder = self._folders.get(event.wd)
            if self._stopped or folder is None or not event.mask & events.ALL:
                return
            path = events.joined(folder.path, event.name)
            if event.mask & events.ISDIR and event.name:
                self._note_folder(event, path)
            if self._is_excluded(path):
                return
            self._seen += 1
            kept = self._first if len(self._first) < KEPT_AT_EACH_END else self._last
            told = events.Event(now, event.mask, folder.path, event.name)
            kept.append(told)
            if self._counters is not None:
                events.count(self._counters, told, event.cookie, time.monotonic())

    def on_watch_deleted(self, wd: int) -> None:
        """Take note that a watched folder is gone: its place is free again."""
        with self._lock:
            self._forget(wd)

    def on_queue_overflow(self) -> None:
        """Take note that the kernel's queue was full."""
        with self._lock:
            self._overflows += not self._stopped
            if self._counters is not None:
                self._counters.overflowed()

    def _note_folder(self, event: Any, path: bytes) -> None:
        """Remember a folder that is being moved, queue one that is new; the lock is held."""
        if event.mask & events.MOVED_FROM:
            self._moving = (event.cookie, path)
        elif event.mask & (events.MOVED_TO | events.CREATED):
            self._enqueue(path)
            self._wake.notify_all()

    def _follow(self, moving: tuple[int, bytes], event: Any) -> None:
        """Keep the paths of watched folders right after one was moved; the lock is held.

        The two halves of a move come one after the other. Where the second doesn't come,
        the folder left what is watched, and so do those in it.
        """
        self._moving = None
        cookie, before = moving
        into = self._folders.get(event.wd) if event.mask & events.MOVED_TO and event.cookie == cookie else None
        after = events.joined(into.path, event.name) if into is not None else None
        for wd, known in list(self._folders.items()):
            if not _is_in(known.path, before):
                continue
            if after is not None and not self._is_excluded(after):
                known.path = after + known.path[len(before) :]
            else:
                self._forget(wd)
                self._inotify.remove_callbacks([(wd, _OURS)])

    def _forget(self, wd: int) -> None:
        if (folder := self._folders.pop(wd, None)) is not None:
            self._inodes.discard(folder.inode)

    # The walk, in a thread of its own.

    def _walk(self) -> None:
        try:
            self._table = mounts.MountTable(self._roots)
        except (OSError, CollectorError):
            with self._lock:
                self._counts["failed"] += 1  # nothing is touched of which it isn't known where it lies
            return
        for named in self._request.scan if self._request.scan is not None else scope.people(self._roots):
            self._begin(self._table, named)
        while (path := self._next()) is not None:
            began = time.monotonic()
            try:
                self._visit(path, began + self._seconds)
            except (OSError, ValueError) as e:
                self._count(e)
            self._seconds -= time.monotonic() - began

    def _begin(self, table: mounts.MountTable, named: bytes) -> None:
        """Queue a folder that the walk begins with, by its path without links."""
        try:
            path = mounts.resolved(table, named)
        except (OSError, ValueError) as e:
            self._count(e)
        else:
            with self._lock:
                self._enqueue(path)

    def _next(self) -> bytes | None:
        """Return the next folder of the walk, waiting for one; `None` at the end of the watch."""
        with self._lock:
            while not self._stopped:
                if not self._queue:
                    if not self._settled:
                        self._settled = True
                        self._seconds = WALK_SECONDS
                    self._wake.wait()
                elif len(self._folders) >= MAX_FOLDERS:
                    self._leave(f"the limit of {MAX_FOLDERS} folders")
                elif self._seconds <= 0:
                    self._leave(f"the limit of {WALK_SECONDS:g} seconds of looking for folders")
                else:
                    return self._queue.popleft()
        return None

    def _leave(self, why: str) -> None:
        """Give up what is queued; the lock is held."""
        self._limit = why
        self._counts["left"] += len(self._queue)
        self._queue.clear()

    def _visit(self, path: bytes, deadline: float) -> None:
        """Watch one folder and queue those in it; raises `OSError`."""
        if self._is_elsewhere(path):
            return
        fd = files.open_source(path, folder=True)
        try:
            status = os.fstat(fd)
            inode = (status.st_dev, status.st_ino)
            if inode in self._excluded_inodes:
                with self._lock:
                    self._excluded.add(path)
            elif os.readlink(b"/proc/self/fd/%d" % fd) == path and self._watch(_Folder(path, inode), fd):
                self._enqueue_inner(path, fd, deadline)
        finally:
            os.close(fd)

    def _watch(self, folder: _Folder, fd: int) -> bool:
        """Watch an open folder; return whether it was not watched before. Raises `OSError`.

        The lock is held, so that no event of it is looked at before its path is known.
        """
        with self._lock:
            if folder.inode in self._inodes:
                return False
            mask = events.ALL | _ONLYDIR_EXCL_UNLINK
            wd: int = self._inotify.add_callback(b"/proc/self/fd/%d" % fd, mask, self, _OURS)
            if wd == -1:  # watchdog raises every error but this one
                raise OSError(errno.EACCES, os.strerror(errno.EACCES))
            self._folders[wd] = folder
            self._inodes.add(folder.inode)
            self._watched += 1
            return True

    def _enqueue_inner(self, path: bytes, fd: int, deadline: float) -> None:
        with os.scandir(fd) as entries:
            for count, entry in enumerate(entries):
                late = count % _CHECK_EVERY == 0 and time.monotonic() > deadline
                if late or self._stopped or count == MAX_ENTRIES:
                    with self._lock:
                        self._counts["left"] += 1
                        self._limit = self._limit or f"the limit of time or of {MAX_ENTRIES} entries of a folder"
                    return
                if entry.is_dir(follow_symlinks=False):
                    with self._lock:
                        self._enqueue(events.joined(path, os.fsencode(entry.name)))

    def _enqueue(self, path: bytes) -> None:
        """Queue a folder; the lock is held. More than can be watched are only counted."""
        if self._is_excluded(path):
            return
        if len(self._queue) < MAX_FOLDERS:
            self._queue.append(path)
        else:
            self._limit = f"the limit of {MAX_FOLDERS} folders"
            self._counts["left"] += 1

    def _is_excluded(self, path: bytes) -> bool:
        return any(_is_in(path, folder) for folder in self._excluded)

    def _is_elsewhere(self, path: bytes) -> bool:
        """Return whether a path isn't touched, by the mounts alone; one that may hang is counted."""
        mount = self._table.at(path) if self._table is not None else None
        if mount is None or mount.kind is mounts.Kind.LOCAL:
            return False
        with self._lock:
            self._counts["remote"] += mount.remote
        return True

    def _count(self, error: OSError | ValueError) -> None:
        """Count a folder that could not be watched; one that is gone, or became a link, is no loss."""
        outcome = files.outcome_of(error) if isinstance(error, OSError) else Outcome.FAILED
        with self._lock:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                self._counts["left"] += 1
                self._leave("the kernel lets this user watch no more")
            elif outcome is Outcome.DENIED:
                self._counts["denied"] += 1
            elif outcome not in (Outcome.ABSENT, Outcome.UNSUPPORTED):
                self._counts["failed"] += 1


def _counters() -> Counters | None:
    try:
        return Counters(activity_rules.activity())
    except RuleError:  # the events are kept all the same
        return None


def _is_in(path: bytes, folder: bytes) -> bool:
    """Return whether a path is a folder or below it, by the letters alone."""
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def _inode(path: bytes) -> tuple[int, int] | None:
    """Return device and inode of one of our own folders, by which it is known under any path."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
