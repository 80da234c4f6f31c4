"""Whether the first bytes of a file look like cipher. Pure: whoever read them hands them over.

Rule D of the prototype study: no known format, and bytes as evenly spread as random ones. Of 3,707 ordinary files it
took none for encrypted, and every one that was encrypted from its start. What an encryption spares at the start of a
file it can't see.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.ransom import magics, randomness

if TYPE_CHECKING:
    from collector.activity_rules import Activity

BYTES: Final = 4096
"""What is read of a file."""
MOST: Final = 16
"""Most files that are looked at once: 64 KiB in all."""

_FEWEST: Final = 64
"""Fewer than one file alone needs (`randomness.LEAST`): here several decide together."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first bytes of one file; `data` is `None` where the file is gone or could not be read."""

    path: bytes
    data: bytes | None
    companion: bool = False
    """Whether a file of the same name without its last extension stands beside it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What some heads came to: how many were long enough to say, how many look like cipher, their mean entropy."""

    read: int
    cipher: int
    millibits: int
    """Shannon entropy per byte in thousandths of a bit, of those that look like cipher, in the mean."""

    def decides(self, rules: Activity) -> bool:
        """Tell whether enough heads were read and enough of them look like cipher."""
        limits = rules.limits
        return self.read >= limits.heads and self.cipher * 100 >= self.read * limits.heads_percent


def entropy(data: bytes) -> int:
    """Return the Shannon entropy per byte, in thousandths of a bit."""
    counts = Counter(data).values()
    return round(-1000 * sum(n / len(data) * math.log2(n / len(data)) for n in counts)) if data else 0


def is_cipher(data: bytes) -> bool | None:
    """Tell whether a file's first bytes look like cipher; `None` where there are too few to say."""
    if len(data) < _FEWEST:
        return None
    if magics.marks().find(data) is not None or randomness.is_deflated(data):
        return False
    low, high = randomness.BAND
    return low <= randomness.chi_square(data[: randomness.WINDOW]) <= high


def look(heads: list[Head]) -> Looked:
    """Return what some heads come to; files that stand beside what they were made from don't count."""
    said = [(head.data, is_cipher(head.data)) for head in heads if head.data is not None and not head.companion]
    ciphers = [data for data, verdict in said if verdict]
    mean = sum(map(entropy, ciphers)) // len(ciphers) if ciphers else 0
    return Looked(sum(verdict is not None for _, verdict in said), len(ciphers), mean)
