"""The practice's reading key while a run goes on: never on a screen that the run takes a picture of.

The picture lies in the evidence, and in papers for the police and the insurer: whoever had it could read everything.
"""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING, Final

from collector.sources import SOURCES
from collector.sources.screens import ScreenSource
from collector.sources.windows import WindowSource
from collector.ui.messages import N_, _

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.ui.steady import Steady

_AWAY: Final = frozenset({WindowSource.name, ScreenSource.name})
"""Steps at which it is off the screen: from the one before the pictures on, so that a window has time to redraw."""
_NAMES: Final = [source.name for source in SOURCES]
_AFTER: Final = frozenset({*_NAMES[_NAMES.index(ScreenSource.name) + 1 :], "clipboard", "registry", "seal"})
"""Steps that come once the pictures are taken, or would have been."""
_REDRAW_SECONDS: Final = 0.3
"""For a window that draws what we wrote a little later."""
_WIPE_SECONDS: Final = 10.0
"""How long a terminal that stands still with the key on it is waited for. Then a picture may show the key: to wait on
would let whoever stops that terminal stop the run."""
_CLEARED: Final = N_("The reading key is off the screen while it is photographed; it comes again right after.")
_LATER: Final = N_("The reading key of the practice comes as soon as the screens are photographed.")


class Secret:
    """Shows it at once where it can be taken away again (or where nobody sees it: a file), else after the pictures.

    `to_program`: what a pipe carries is read by a program (`--json`, `--quiet`), not shown by one: it has the key of
    a run that is killed, too.
    """

    def __init__(
        self, out: Steady, show: Callable[[str], None], say: Callable[[str], None], *, to_program: bool = False
    ) -> None:
        self._out, self._show, self._say = out, show, say
        self._to_program = to_program
        self._identity: str | None = None
        self._is_shown = False

    def given(self, identity: str) -> None:
        """Show it, or say that it comes."""
        self._identity = identity
        if self._out.is_lively() or self._is_unseen():
            self._shown(identity)
        else:
            self._say(_(_LATER))

    def step(self, source: str, clearing: Callable[[], None] = lambda: None) -> None:
        """Take it away before pictures are taken, and show it after them; `clearing` comes before the terminal is."""
        if self._identity is None:
            return
        if source in _AWAY and self._is_shown and self._out.is_lively():
            clearing()
            self._out.wipe()
            self._is_shown = False
            self._say(_(_CLEARED))
            self._out.settle(_WIPE_SECONDS)
            time.sleep(_REDRAW_SECONDS)
        elif source in _AFTER:
            self.close()

    def close(self) -> None:
        """Show it if it is not: there is nothing more to wait for."""
        if self._identity is not None and not self._is_shown:
            self._shown(self._identity)

    def _shown(self, identity: str) -> None:
        self._is_shown = True
        self._show(identity)

    def _is_unseen(self) -> bool:
        try:
            mode = os.fstat(self._out.fileno()).st_mode
            return stat.S_ISREG(mode) or (self._to_program and stat.S_ISFIFO(mode))
        except (OSError, ValueError, AttributeError):
            return False
