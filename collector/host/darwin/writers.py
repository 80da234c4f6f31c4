"""The first bytes of files; who writes them is not seen on macOS."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from collector.heads import BYTES, MOST, Head
from collector.host.posix.low import files

if TYPE_CHECKING:
    from collections.abc import Sequence


def heads(paths: Sequence[bytes]) -> list[Head]:
    """Return the first bytes of some files; see `collector.host.Host`."""
    return [_head(path) for path in paths[:MOST]]


def _head(path: bytes) -> Head:
    try:
        if os.path.realpath(path) != path:  # a folder above it became a link
            return Head(path, None)
        with files.opened(path) as fd:
            return Head(path, os.pread(fd, BYTES, 0), _has_companion(path))
    except (OSError, ValueError):
        return Head(path, None)


def _has_companion(path: bytes) -> bool:
    try:
        os.stat(path.rpartition(b".")[0], follow_symlinks=False)
    except (OSError, ValueError):
        return False
    return True
