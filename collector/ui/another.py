"""Another folder or stick, once the first is full or gone: those that were given before, then what a person names.

What is said is what happened, whether it is serious, and what to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from collector import continuing
from collector.ui import terminal
from collector.ui.messages import N_, _, elsewhere
from collector.ui.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from collector.errors import CollectorError

HAPPENED = {
    continuing.FULL: N_("The USB stick is full. What is already copied is kept."),
    continuing.GONE: N_("The USB stick can't be written any more: was it taken out? What is already copied is kept."),
}
_LONGEST = 4096
"""Most that is read of a line that somebody types."""
_MOST = 200
"""Most that is shown of an error."""


class Another:
    """Names the next folder: see `continuing.Elsewhere`."""

    def __init__(
        self, spares: Sequence[Path], source: TextIO, stream: TextIO, *, asks: bool, pause: Callable[[], None]
    ) -> None:
        """`pause` clears what moves on the terminal before something is asked there."""
        self._spares = list(spares)
        self._source, self._terminal = source, Terminal(stream)
        self._asks, self._pause = asks, pause
        self._has_named = False

    def __call__(self, why: str, error: CollectorError | None) -> Path | None:
        """Return the next folder, or `None`: there is none (then nothing is said), or nobody answers."""
        if not (self._spares or self._asks or self._has_named):
            return None  # whoever asked tells the error
        self._pause()
        if error is None:
            self._say(_(HAPPENED[why]))
        else:
            self._say(_("The evidence can't be written there:") + " " + terminal.shown(elsewhere(str(error)), _MOST))
        if self._spares:
            place, self._has_named = self._spares.pop(0), True
            self._say(_("The collection goes on in another folder:"))
            self._terminal.write("\n".join(terminal.fold_path(str(place), terminal.WIDTH - 3, "  ")) + "\n")
            self._terminal.flush()
            return place
        if not self._asks:
            return None
        self._say(_("Plug in another, empty USB stick. Leave the computer on."))
        self._say(_("Then type its drive or folder, for example E:\\ (Enter alone: stop here)."))
        self._terminal.write("> ")
        self._terminal.flush()
        try:
            said = self._source.readline(_LONGEST).strip().strip('"')
        except (OSError, ValueError):  # the terminal is gone
            return None
        return Path(said) if said else None

    def _say(self, text: str) -> None:
        self._terminal.write("\n".join(terminal.fold(text, self._terminal.size()[0] - 1)) + "\n")
        self._terminal.flush()
