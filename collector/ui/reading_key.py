"""The practice's reading key, typed from paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from collector.ui.asking import Page
from collector.ui.messages import _

if TYPE_CHECKING:
    from typing import TextIO

_LONGEST: Final = 1000
"""Most characters of one line: a key has 74, and people put spaces between."""


def asked(source: TextIO, stream: TextIO) -> str:
    """Return what is typed; raises `typed.Gone`."""
    page = Page(source, stream)
    page.screen(_("READING KEY OF THE PRACTICE"))
    page.say(_("Type it from your paper: AGE-SECRET-KEY-1 and what follows. Then Enter."))
    return page.line(_LONGEST).text
