"""Which trees of this machine are walked, which never, and which belong to people and are walked first."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.host.posix.low import entries, files
from collector.host.posix.mounts import Kind, MountTable, Tree, resolved
from collector.host.walking import MAX_PATH
from collector.model import Gap, Outcome
from collector.text import from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.posix.ground import Ground
    from collector.model import Request

_NOT_TOUCHED: Final = {
    Kind.PSEUDO: "made by the kernel: not scanned",
    Kind.NETWORK: "network file system: not touched",
    Kind.FUSE: "file system answered by a program (FUSE): not touched",
    Kind.UNKNOWN: "file system of a type that we don't know: not touched",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The trees of one walk, each file of them once, and why others are left out."""

    trees: tuple[Tree, ...]
    exclude: tuple[bytes, ...]
    """Resolved paths that are never looked into."""
    identities: frozenset[tuple[int, int]]
    """What those are on disk: device and inode."""
    gaps: tuple[Gap, ...]


def scope_of(table: MountTable, request: Request) -> Scope:
    """Return what a request is about: the trees it names, or every local file system."""
    exclude, identities = _excluded(table, request.exclude)
    if request.scan is None:
        return Scope(tuple(table.local()), tuple(exclude), identities, tuple(_untouched(table, b"/")))
    gaps: list[Gap] = []
    asked: list[bytes] = []
    for path in request.scan:
        try:
            asked.append(resolved(table, path))
        except OSError as e:
            gaps.append(files.gap_of(e, "a path to scan can't be reached", from_bytes(path[:MAX_PATH])))
    for path in asked:
        if path in exclude or is_below(path, exclude):
            gaps.append(Gap(Outcome.UNSUPPORTED, "a path to scan lies in the bundle itself", from_bytes(path)))
        elif (kind := table.kind(path)) is not Kind.LOCAL:
            gaps.append(Gap(Outcome.UNSUPPORTED, _NOT_TOUCHED[kind], from_bytes(path)))
    for path in sorted({path for path in asked if not is_below(path, {*asked} - {path})}):
        gaps.extend(_untouched(table, path))
    return Scope(tuple(table.local(asked)), tuple(exclude), identities, tuple(gaps))


def people_first(table: MountTable, scope: Scope, ground: Ground) -> list[Tree]:
    """Return trees of people's folders that lie in the scope: homes, then what they share; each once.

    What can't be reached is left out here: `people_untouched` tells it.
    """
    places: list[bytes] = []
    for path in _places(table, scope, ground):
        if not isinstance(path, Gap) and not any(_covers(other, path) for other in places):
            places = [other for other in places if not is_below(other, [path])] + [path]
    order = {path: number for number, path in enumerate(places)}
    found = table.local(places) if places else []
    return sorted(found, key=lambda tree: min((order[p] for p in places if _covers(p, tree.path)), default=0))


def people_untouched(table: MountTable, scope: Scope, ground: Ground) -> Iterator[Gap]:
    """Yield a gap for each of people's folders, or mount below one, that lies in the scope and is not walked."""
    told: set[bytes] = set()
    for path in _places(table, scope, ground):
        if isinstance(path, Gap):
            yield path
            continue
        mount = table.at(path)
        untouched = [path] if mount is not None and mount.kind is not Kind.LOCAL else []
        untouched += sorted(place for place, one in table.visible.items() if one.remote and is_below(place, [path]))
        for place in untouched:
            if place not in told:
                told.add(place)
                yield Gap(Outcome.UNSUPPORTED, _NOT_TOUCHED[table.kind(place)], from_bytes(place))


def _places(table: MountTable, scope: Scope, ground: Ground) -> Iterator[bytes | Gap]:
    """Yield people's folders that lie in the scope, resolved; a gap for one that is there and can't be reached."""
    for named in people(ground):
        try:
            path = resolved(table, named)
        except OSError as e:
            if files.outcome_of(e) is not Outcome.ABSENT:
                yield files.gap_of(e, "a folder of people can't be reached", from_bytes(named[:MAX_PATH]))
        except ValueError:  # no path at all: a NUL in it
            continue
        else:
            if _is_in_scope(path, scope):
                yield path


def people(ground: Ground) -> list[bytes]:
    """Return the homes of people, then the places that they share, as far as they are told in whole; unresolved."""
    return [path for path in ground.people() if path.startswith(b"/") and path.strip(b"/")]


def _is_in_scope(path: bytes, scope: Scope) -> bool:
    return any(_covers(tree.path, path) for tree in scope.trees) and not any(_covers(p, path) for p in scope.exclude)


def _covers(top: bytes, path: bytes) -> bool:
    return path == top or is_below(path, [top])


def _excluded(table: MountTable, paths: tuple[bytes, ...]) -> tuple[list[bytes], frozenset[tuple[int, int]]]:
    """Return the resolved paths of excluded folders and, where asking can't hang, what they are on disk."""
    places, identities = [], set()
    for path in paths:
        try:
            place = resolved(table, path)
            if not table.is_remote(place):
                facts = entries.Reader().facts(place)
                identities.add((facts.device, facts.inode))
        except OSError:  # not there (yet): its path alone excludes it
            place = os.path.abspath(path)
        places.append(place)
    return places, frozenset(identities)


def _untouched(table: MountTable, top: bytes) -> Iterator[Gap]:
    """Yield a gap for each mount at or below a path that may hold files and is never touched."""
    for path, mount in sorted(table.visible.items()):
        if mount.remote and (is_below(path, [top]) or path == top == b"/"):
            yield Gap(Outcome.UNSUPPORTED, _NOT_TOUCHED[mount.kind], from_bytes(path))


def is_below(path: bytes, tops: list[bytes] | set[bytes] | tuple[bytes, ...]) -> bool:
    """Tell whether a path lies below one of some others, by the letters alone."""
    return any(path.startswith(top.rstrip(b"/") + b"/") and path != top for top in tops)
