"""The timestamps of a bundle: its requests and tokens as files of its custody (SPEC 10.3)."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import custody, disk, layout, timestamp
from collector.errors import AlteredError, RefusedError
from collector.resume import refuse_strangers
from collector.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.x509 import Certificate

    from collector.inventory import Stored
    from collector.manifest import Record
    from collector.model import Clock
    from collector.timestamp import Stamp

REQUEST, TOKEN = layout.TIMESTAMP_REQUEST, layout.TIMESTAMP
"""Kinds of the two files."""
_NONCE_BITS = 64
_MAX_REQUEST = 4096
_A_DAY = 86400 * 10**9


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that stands in custody."""

    request: bytes
    sha256: str
    """What is to be stamped: the full digest behind the seal code."""
    stored: Record


@dataclass(frozen=True, slots=True)
class Taken:
    """A timestamp that holds and stands in custody."""

    stamp: Stamp
    stored: Record
    clock_is_behind: bool
    """Whether this machine's clock is more than a day before the time that the authority gave."""


def ask(path: Path, clock: Clock, tool: Record) -> Asked:
    """Record a new request for a sealed bundle; raises what `custody.note` raises."""
    checkpoint, _ = custody.sealed(path)
    request = timestamp.request(checkpoint, secrets.randbits(_NONCE_BITS))
    stored = custody.add_clear(path, request, REQUEST, ".tsq", clock, tool)
    return Asked(request, hashlib.sha256(checkpoint).hexdigest(), stored)


def take_in(path: Path, file: Path, roots: Sequence[Certificate], clock: Clock, tool: Record) -> Taken:
    """Check an authority's reply and, if it holds, record it; a refusal changes nothing.

    Raises `TimestampError`, `RefusedError` for a file that can't be read, and what `custody.note` raises.
    """
    checkpoint, recipients = custody.sealed(path)
    try:
        token = disk.read_regular(file, timestamp.MAX_TOKEN)
    except OSError as error:
        reasons = {errno.ENXIO: "it is no regular file", errno.EFBIG: "it is too large"}
        reason = reasons.get(error.errno or 0, os.strerror(error.errno or 0))
        raise RefusedError(f"the timestamp can't be read: {reason}", hint="give the path of the .tsr file") from error
    stamp = timestamp.check(token, checkpoint, roots, _nonces(path, checkpoint, recipients))
    is_behind = stamp.time > utc_text(clock.now().utc_ns + _A_DAY)  # one spelling: the texts stand in order of time
    stored = custody.add_clear(path, token, TOKEN, ".tsr", clock, tool)
    return Taken(stamp, stored, is_behind)


def _nonces(path: Path, checkpoint: bytes, recipients: tuple[str, ...]) -> set[int]:
    """Return the nonces of the requests in custody whose bytes are those of their record."""
    if not os.path.lexists(path / layout.CUSTODY):
        return set()
    try:
        chain = custody.chain_of(path, checkpoint, recipients)
        refuse_strangers(path / layout.ATTACHMENTS)
        kept = (stored for stored in chain.inventory.stored.values() if stored.kind == REQUEST)
        return {nonce for stored in kept if (nonce := _nonce(path, stored)) is not None}
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise AlteredError(f"the custody chain can't be read: {reason}", hint="`collect verify` says where") from error


def _nonce(path: Path, stored: Stored) -> int | None:
    text = disk.read_regular(path / stored.path, _MAX_REQUEST)
    return timestamp.nonce_of(text) if hashlib.sha256(text).hexdigest() == stored.sha256 else None
