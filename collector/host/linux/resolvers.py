"""Which files hold the resolvers on Linux."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from collector.host.posix.resolver_files import parse_hosts, parse_resolv, read

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.model import Gap, Row

_KNOWN_RESOLV = (
    "systemd/resolve/resolv.conf",
    "systemd/resolve/stub-resolv.conf",
    "NetworkManager/resolv.conf",
    "resolvconf/resolv.conf",
)
"""Under /run: where services put what /etc/resolv.conf then links to; read themselves, where present."""


def rows(roots: Roots) -> Iterator[Row | Gap]:
    """Yield a row for each resolver, search domain, option and host entry, and for a file that is only a link."""
    known = [f"{roots.run}/{name}" for name in _KNOWN_RESOLV]
    yield from read(f"{roots.etc}/resolv.conf", parse_resolv, known)
    for path in known:
        if os.path.lexists(path):
            yield from read(path, parse_resolv, known)
    yield from read(f"{roots.etc}/hosts", parse_hosts, [])
