"""The thread that reads a source: what it had delivered is kept wherever it hangs, in its order."""

from __future__ import annotations

import itertools
import threading

import pytest

from collector.model import Blob, Gap, Outcome
from collector.reading import BlobEnd, Chunk, Reading


def test_the_rows_before_an_item_that_hangs_are_kept():
    """Three rows, then nothing for ever: all three come while the fourth is waited for."""
    hangs = threading.Event()

    def items():
        for number in range(3):
            yield {"n": number}
        hangs.wait()

    reading = Reading("test", items())
    reading.start()
    rows = []
    for delivery in reading.deliveries(0.01):
        rows += delivery or []
        if len(rows) == 3:
            break
    assert rows == [{"n": 0}, {"n": 1}, {"n": 2}]
    reading.abandon()
    hangs.set()
    reading.join()


def test_the_order_is_that_of_the_source():
    """Rows, gaps and files come as they were yielded, also where whoever takes them is now slow and now fast."""
    gap = Gap(Outcome.ABSENT, "x")

    def items():
        for number in range(2000):
            yield {"n": number}
            if number % 100 == 50:
                yield gap
                yield Blob("k", ".bin", "m", iter([b"a", b"b"]))

    reading = Reading("test", items())
    reading.start()
    told = []
    for turn, delivery in zip(itertools.count(), reading.deliveries(0.0001)):
        if turn % 7 == 0:
            threading.Event().wait(0.002)
        told += delivery if isinstance(delivery, list) else [] if delivery is None else [delivery]
    rows = [one["n"] for one in told if isinstance(one, dict)]
    assert rows == list(range(2000))
    for place, one in enumerate(told):
        if one is gap:
            assert told[place - 1] == {"n": told[place + 5]["n"] - 1}
            assert [type(part) for part in told[place + 1 : place + 5]] == [Blob, Chunk, Chunk, BlobEnd]


@pytest.mark.parametrize("error", [MemoryError, ValueError])
def test_the_rows_before_an_error_are_kept(error):
    """Whatever ends a source: what it had delivered is there."""

    def items():
        for number in range(10):
            yield {"n": number}
        raise error

    reading = Reading("test", items())
    reading.start()
    told = [one for delivery in reading.deliveries() if delivery is not None for one in as_list(delivery)]
    assert [one for one in told if isinstance(one, dict)] == [{"n": number} for number in range(10)]
    assert isinstance(told[-1], Gap)


def as_list(delivery):
    return delivery if isinstance(delivery, list) else [delivery]


def test_what_waits_is_there_where_the_taker_has_to_end():
    """Ctrl-C, or the time is over: what was delivered by then is taken, in its order."""
    delivered = threading.Event()
    goes_on = threading.Event()

    def items():
        for number in range(1000):
            yield {"n": number}
        delivered.set()
        goes_on.wait()

    reading = Reading("test", items())
    reading.start()
    delivered.wait()
    rows = [row for delivery in reading.rest() for row in delivery]
    assert rows == [{"n": number} for number in range(1000)]
    goes_on.set()
    reading.abandon()
    assert not reading.is_alive()
