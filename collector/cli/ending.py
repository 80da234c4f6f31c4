"""What a person sees and does once a run is over: everything is sealed, whatever is typed here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from collector.cli.process import heed_interrupts
from collector.errors import CollectorError
from collector.ui import afterwards, asking, final, paper, typed
from collector.ui import errors as shown
from collector.ui.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.answers import Answer
    from collector.host import Host
    from collector.manifest import Record
    from collector.result import Result
    from collector.ui.paper import Copied

_ROOM = 3
"""Rows below the last screen for what is asked there."""


def show(result: Result, host: Host, *, asks: bool, guided: Mapping[str, Mapping[str, Answer]] | None) -> None:
    """Show the codes and have them copied; then, in guided mode (its answers in `guided`), what to do next.

    Ctrl-C leaves what is still to be shown; the reading key, which is shown nowhere else, stays for one more Enter.
    """
    if not asks:
        _key(result, asks=False)
        final.show(result, sys.stderr)
        return
    heed_interrupts()
    if guided is not None:  # each screen is read: an Enter pressed while the run worked would turn one over
        typed.forget(sys.stdin)
    try:
        _key(result, asks=True, patient=guided is not None)
        if guided is None:
            final.show(result, sys.stderr, spare=_ROOM)
            _typed_back(result, host)
        else:
            _guided(result, host, guided)
    except KeyboardInterrupt:
        sys.stderr.write("\n")


def _key(result: Result, *, asks: bool, patient: bool = False) -> None:
    """Show the reading key. A Ctrl-C, which some press to copy what is marked, takes it away only once it was said."""
    if result.practice_identity is None:
        return
    if patient:
        asking.Page(sys.stdin, sys.stderr).clear()
    try:
        paper.show_reading_key(result.practice_identity, sys.stdin, sys.stderr, asks=asks, patient=patient)
    except KeyboardInterrupt:
        sys.stderr.write("\n" + _("The evidence is closed. But this key is shown nowhere else.") + "\n")
        paper.wait(_("When you have it, press Enter."), sys.stdin, sys.stderr, patient=patient)


def _guided(result: Result, host: Host, answers: Mapping[str, Mapping[str, Answer]]) -> None:
    """Show the seal code until it is on paper, then what to do next, then what becomes of the evidence."""
    page = asking.Page(sys.stdin, sys.stderr)
    page.clear()
    final.show(result, sys.stderr, spare=_ROOM, goes_on=True)
    copied = _typed_back(result, host, patient=True)
    try:
        if copied is not None and not copied.matched:  # what was typed has pushed the code up
            page.clear()
            final.show(result, sys.stderr, spare=_ROOM, goes_on=True)
            page.say(_("Photograph this screen instead."), _("When you have it, press Enter."))
            page.line()
        afterwards.steps(page, answers, copied=copied is not None and copied.matched)
    except typed.Gone:
        pass
    afterwards.later(page, result)


def _typed_back(result: Result, host: Host, *, patient: bool = False) -> Copied | None:
    """Let a person type two groups of the seal code from the paper, and note in custody what came of it."""
    from collector import custody, tool  # noqa: PLC0415 - only here

    copied = paper.typed_back(result.seal_code, sys.stdin, sys.stderr, patient=patient)
    if copied is None:
        return None
    try:
        identity: Record = dict(tool.identity(host.privileges()))
        custody.observe(result.bundle, "seal-code-copied", copied.as_data(), host.clock, identity)
    except CollectorError as error:  # the seal stands; what was asked after it is not worth the run's own exit code
        shown.show(error, sys.stderr)
    return copied
