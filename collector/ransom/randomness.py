"""Tells random-looking bytes from all others, on windows of at most some kilobytes.

Chi-square over the 256 values of a byte: about 255 for encrypted bytes whatever was encrypted, with a standard
deviation of 22.6. Compressed data comes near it too, which is why no verdict rests on it alone (Davies et al.,
Entropy 24(10) 1503). Too even is not random either: a table of all values stays below the band.
"""

from __future__ import annotations

import zlib
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW: Final = 512
"""Bytes of one look: enough to tell, few enough to lie between two blocks of an intermittent encryption."""

LEAST: Final = 128
"""With fewer bytes, ordinary binary data falls into the band by chance."""

BAND: Final = (150.0, 345.0)
"""Four standard deviations on either side, and a little more below."""

UNEVEN: Final = 450.0
"""Above this, a part is clearly not random: what stands beside an encrypted block."""

INTERLEAVES: Final = ((192, 64, 0), (256, 64, 0), (32, 16, 0), (32, 16, 16))
"""Encrypted in small steps: period, encrypted bytes, and where they begin. Black Basta takes 64 of each 192 or 256
bytes, LockFile each second run of 16."""

MOST_VALUES: Final = 200
"""Different bytes that a file encrypted in small steps holds at least: saves time on all others."""

_CONTROL: Final = bytes(sorted({*range(0x20), 0x7F} - set(b"\t\n\r\f\x08\x1b\x1a")))
"""What no text holds in any encoding of bytes; 0x1a ends a file of DOS."""

_UTF16: Final = ((0, "utf-16-be"), (1, "utf-16-le"))
_MOST_CUT: Final = 3
"""Bytes of one UTF-8 character that a window may cut off at either end."""

_ZLIB: Final = (b"x\x01", b"x^", b"x\x9c", b"x\xda")
_UNPACKED: Final = 1024
_LEAST_UNPACKED: Final = 8


def chi_square(window: bytes) -> float:
    """Return chi-square over the values of the bytes; 0 for none."""
    size = len(window)
    return 256.0 / size * sum(count * count for count in Counter(window).values()) - size if size else 0.0


def is_random(window: bytes) -> bool:
    """Tell whether the bytes could be encrypted; never so of fewer than `LEAST`."""
    return len(window) >= LEAST and BAND[0] <= chi_square(window) <= BAND[1]


def is_text(window: bytes) -> bool:
    """Tell whether the bytes could be text, in whatever encoding; a window may cut characters.

    Random bytes of the length of `LEAST` are taken for text once in a million, of 64 once in a thousand.
    """
    if not window.translate(None, _CONTROL + b"\0") and window:
        return False
    if len(window.translate(None, _CONTROL)) == len(window):
        return True
    if b"\0" in window:
        return _is_utf16(window)
    return _is_utf8(window)


def _is_utf8(window: bytes) -> bool:
    """Tell whether it is UTF-8 with hardly a control character (a log with colours, a form feed)."""
    for start in range(_MOST_CUT + 1):
        try:
            window[start:].decode()
        except UnicodeDecodeError as e:
            if e.start >= len(window) - start - _MOST_CUT and e.reason == "unexpected end of data":
                break
            if e.start:
                return False
        else:
            break
    else:
        return False
    return (len(window) - len(window.translate(None, _CONTROL))) * 100 <= len(window)


def _is_utf16(window: bytes) -> bool:
    """Tell whether it is UTF-16 of a script whose characters share their upper byte, as Latin ones do."""
    even = window[: len(window) // 2 * 2]
    for zeros, encoding in _UTF16:
        upper = even[zeros::2]
        if len(upper) < LEAST // 4 or upper.count(0) * 4 < len(upper) * 3:
            continue
        lower = even[1 - zeros :: 2]
        if len(lower.translate(None, _CONTROL + b"\0")) * 20 >= len(lower) * 19:
            try:
                even.decode(encoding, "strict")
            except UnicodeDecodeError as e:
                return e.start >= len(even) - _MOST_CUT
            return True
    return False


def is_interleaved(data: bytes) -> bool:
    """Tell whether random bytes alternate with others in small equal steps, as two families encrypt."""
    if len(set(data)) < MOST_VALUES:  # a third of some kilobytes at random holds them all
        return False
    return any(is_random(encrypted) and chi_square(spared) > UNEVEN for encrypted, spared in _interleaves(data))


def _interleaves(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for period, run, start in INTERLEAVES:
        if len(data) < 4 * period:
            continue
        pieces = [data[place : place + period] for place in range(start, len(data) - period + 1, period)]
        yield b"".join(piece[:run] for piece in pieces), b"".join(piece[run:] for piece in pieces)


def share(data: bytes) -> float:
    """Return the share of the whole windows that look random; 0 where there is none."""
    found = windows(data)
    return sum(is_random(window) for window in found) / len(found) if found else 0.0


def windows(data: bytes) -> list[bytes]:
    """Return the whole windows of some probes that were joined."""
    return [data[place : place + WINDOW] for place in range(0, len(data) - WINDOW + 1, WINDOW)]


def is_deflated(head: bytes) -> bool:
    """Tell whether bytes are a zlib stream (RFC 1950): git keeps its objects so, under names of random letters."""
    if head[:2] not in _ZLIB:
        return False
    try:
        return len(zlib.decompressobj().decompress(head, _UNPACKED)) >= _LEAST_UNPACKED
    except zlib.error:
        return False
