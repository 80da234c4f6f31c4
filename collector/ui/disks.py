"""What a person is told of an encrypted disk, before anybody thinks of switching off: a key may then be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collector.ui import terminal
from collector.ui.messages import _

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES: Final = {
    "bitlk": "BitLocker", "luks": "LUKS", "tcrypt": "VeraCrypt", "plain": "dm-crypt", "fvault2": "FileVault",
}  # fmt: skip
"""What people know each form by, in its own word."""


def said(encrypted: Sequence[str]) -> str:
    """Return the one sentence, in the chosen language; `encrypted` as in `counts.Counts.disks`, not empty."""
    named = ", ".join(NAMES.get(one, terminal.shown(one, 20)) for one in encrypted)
    return _("Encrypted disk ({how}): switched off, it may ask for its recovery key.", how=named)


def lines(encrypted: Sequence[str], columns: int) -> list[str]:
    """Return it for a screen; nothing where no disk is known to be encrypted."""
    return terminal.fold(said(encrypted), columns) if encrypted else []
