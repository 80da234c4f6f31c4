"""The keys that open a hand-over file: identities as they stand in a file, or as they are typed from paper."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyrage

from collector.errors import UsageError

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

MAX_KEYFILE = 1 << 16
"""Bytes of an identity file; one identity takes 75, and comments a few lines."""
MAX_IDENTITIES = 64
"""Each is tried on each recipient's stanza of a header."""
_PREFIX = "AGE-SECRET-KEY-1"
_TYPED = re.compile(rf"(?:{_PREFIX}[0-9A-Z]+)+")
_SLIPS = str.maketrans("OIB1", "0L8L")
"""What Bech32 has not, and what a person means by it; its checksum refuses a wrong guess."""


def identities(data: bytes) -> list[Identity]:
    """Return the identities of a key file; spaces, line ends and small letters are forgiven. Raises `UsageError`.

    No error repeats what was in the file: it is secret.
    """
    hint = "an identity file has a line AGE-SECRET-KEY-1…; lines that start with # are comments"
    if len(data) > MAX_KEYFILE:
        raise UsageError("the identity file is too long", hint=hint)
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UsageError("the identity file is no text", hint=hint) from error
    typed = "".join("".join(line.split()) for line in lines if not line.lstrip().startswith("#")).upper()
    if _TYPED.fullmatch(typed) is None:
        raise UsageError("the identity file holds no age identity", hint=hint)
    found = []
    for text in typed.split(_PREFIX)[1:]:
        try:
            found.append(pyrage.x25519.Identity.from_str(_PREFIX + text.translate(_SLIPS)))
        except pyrage.IdentityError as error:
            slip = "compare it with the paper, character by character; it is 74 characters long"
            raise UsageError("an identity has a mistyped or missing character", hint=slip) from error
    if len(found) > MAX_IDENTITIES:
        raise UsageError(f"{len(found)} identities are too many", hint=f"{MAX_IDENTITIES} are allowed")
    return found
