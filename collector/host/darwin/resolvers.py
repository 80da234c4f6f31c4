"""Resolvers, search domains and static host entries, as far as files hold them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from collector.host.posix.low import files
from collector.host.posix.resolver_files import parse_hosts, parse_resolv, read
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.darwin.readings import Readings
    from collector.model import Row


def rows(readings: Readings) -> Iterator[Row | Gap]:
    """Yield a row for each entry of resolv.conf, of the files of single domains (resolver(5)) and of hosts."""
    etc = f"{readings.root}/private/etc"
    written = f"{readings.root}/private/var/run/resolv.conf"
    if os.path.lexists(written):
        yield from read(written, parse_resolv, [])
    if os.path.lexists(f"{etc}/resolv.conf"):
        yield from read(f"{etc}/resolv.conf", parse_resolv, [written])
    try:
        names = files.names(f"{etc}/resolver")
    except OSError as error:
        names = []
        if files.outcome_of(error) is not Outcome.ABSENT:
            yield files.gap_of(error, "the resolvers of single domains can't be listed")
    for name in names:
        yield from read(f"{etc}/resolver/{os.fsdecode(name)}", parse_resolv, [])
    yield from read(f"{etc}/hosts", parse_hosts, [])
    yield Gap(Outcome.UNSUPPORTED, "not built for macOS yet: the resolvers of single interfaces, and the cache")
