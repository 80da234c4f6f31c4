"""Resolvers, search domains and static host entries, from the files that hold them; nothing is asked."""

from __future__ import annotations

import errno
import io
import os
from typing import TYPE_CHECKING, cast

from collector import text
from collector.host.posix.low import files
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collector.model import Json, Row

FILE_BYTES = 8 << 20
"""Largest file read: lists of blocked names in /etc/hosts reach several MiB."""

LINE_BYTES = 1 << 16
"""Longest line taken apart: a longer one is no entry that a person wrote."""

MAX_ROWS = 100_000
"""Most rows of one file."""


def parse_resolv(line: bytes, origin: str) -> list[Row]:
    """Return the rows of one line (resolv.conf(5)): what has no row type of its own is an option, as it stands."""
    words = line.split()
    if not words or words[0][:1] in (b"#", b";"):
        return []
    keyword, values = words[0], words[1:]
    if keyword == b"nameserver" and values:
        return [_row("nameserver", values[0], origin)]
    if keyword in (b"search", b"domain"):
        return [_row("search", value, origin) for value in values]
    if keyword == b"options":
        return [_row("option", value, origin) for value in values]
    return [_row("option", b" ".join(words), origin)]


def parse_hosts(line: bytes, origin: str) -> list[Row]:
    """Return the row of one line (hosts(5)); none for a comment."""
    words = line.partition(b"#")[0].split()
    return [_row("host", words[0], origin, words[1:])] if words else []


def read(path: str, parse: Callable[[bytes, str], list[Row]], known: list[str]) -> Iterator[Row | Gap]:
    """Yield the rows of one file; a link is told, not followed."""
    try:
        if os.path.islink(path):
            target = os.readlink(os.fsencode(path))
            yield _row("link", target, path)
            resolved = os.path.normpath(os.path.join(os.path.dirname(os.fsencode(path)), target))
            if os.fsdecode(resolved) not in known:
                yield Gap(Outcome.UNSUPPORTED, "the file is a link to one that is not read", text.from_bytes(target))
            return
        content = files.read_small(path, limit=FILE_BYTES)
    except OSError as error:
        yield files.gap_of(error, "a file of the resolver can't be read", path)
        return
    count = 0
    for line in io.BytesIO(content):
        if len(line) > LINE_BYTES:
            yield files.gap_of(OSError(errno.EFBIG, ""), "a line of a resolver's file is too long", path)
            continue
        for row in parse(line, path):
            count += 1
            if count > MAX_ROWS:
                yield Gap(Outcome.OVER_LIMIT, f"only the first {MAX_ROWS} entries were kept", path)
                return
            yield row


def _row(kind: str, value: bytes, origin: str, names: list[bytes] | None = None) -> Row:
    return {
        "type": kind,
        "value": cast("Json", text.from_bytes(value)),
        "names": None if names is None else cast("Json", [text.from_bytes(name) for name in names]),
        "origin": origin,
    }
