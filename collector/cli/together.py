"""Several bundles at once: worked on side by side, told in the order in which they were named.

Threads do: what takes long, hashing and reading, lets go of the interpreter. Signals come to the thread that waits,
which looks up twice a second, since Windows wakes nobody who waits without an end.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from collector.errors import CollectorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

_Done = TypeVar("_Done")

MOST = 8
"""Bundles at once: one disk or share feeds them all, and each holds the names of its files."""
_PATIENCE = 0.5


def each(bundles: Sequence[Path], work: Callable[[Path], _Done]) -> Iterator[tuple[Path, _Done | CollectorError]]:
    """Yield each bundle with what `work` returned or refused, in the order given, as soon as it may be told.

    Any other exception is raised in its turn. Whoever stops early goes on without waiting for the rest.
    """
    if len(bundles) == 1:
        yield bundles[0], _done(work, bundles[0])
        return
    pool = ThreadPoolExecutor(max_workers=min(len(bundles), MOST, os.cpu_count() or 1))
    try:
        futures = [pool.submit(_done, work, bundle) for bundle in bundles]
        for bundle, future in zip(bundles, futures, strict=True):
            yield bundle, _waited(future)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _done(work: Callable[[Path], _Done], bundle: Path) -> _Done | CollectorError:
    try:
        return work(bundle)
    except CollectorError as error:
        return error


def _waited(future: Future[_Done | CollectorError]) -> _Done | CollectorError:
    while True:
        try:
            return future.result(_PATIENCE)
        except TimeoutError:
            if future.done():  # it was the work's own
                raise
