"""How a run goes, told on stderr: drawn over on a terminal, line by line elsewhere, or not at all.

None draws more than ten times a second, raises, or waits for who looks on (`Steady`): a run does not depend on them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from collector.sources import SOURCES
from collector.ui import disks, encryption, network, terminal, words
from collector.ui.messages import N_, _, ngettext
from collector.ui.remaining import Remaining, bar
from collector.ui.secret import Secret
from collector.ui.steady import Steady

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import IO, TextIO

    from rich.live import Live
    from rich.text import Text

    from collector.alarm import Alarm
    from collector.isolation import Verdict
    from collector.model import Gap
    from collector.onlooker import Onlooker

REDRAW_SECONDS = 0.1  # the shortest time between two drawings: ten a second are enough for an eye
SEAL_SECONDS = 10.0  # the last step's budget, as `acquisition` gives it
GAP_LINES = 5  # gaps of one step that get a line of their own where lines are kept: there may be thousands

_READING_KEY = N_("Reading key of the practice, for paper only: it is stored nowhere.")
_IN_CLEAR = N_("The evidence is not encrypted: whoever has the stick can read it.")


class Quiet:
    """Looks on and says nothing (`--quiet`)."""

    def opened(self, bundle: Path, start_code: str) -> None:
        """See `Onlooker`."""

    def encrypted(self, identity: str | None) -> None:
        """See `Onlooker`."""

    def disks(self, encrypted: tuple[str, ...]) -> None:
        """See `Onlooker`."""

    def step(self, number: int, total: int, source: str, seconds: float) -> None:
        """See `Onlooker`."""

    def counted(self, count: int) -> None:
        """See `Onlooker`."""

    def gap(self, source: str, gap: Gap) -> None:
        """See `Onlooker`."""

    def phase(self, name: str, code: str) -> None:
        """See `Onlooker`."""

    def isolation(self, when: str, verdict: Verdict) -> None:
        """See `Onlooker`."""

    def alarmed(self, alarm: Alarm) -> None:
        """See `Onlooker`."""

    def power(self, *, on_battery: bool, percent: int | None) -> None:
        """See `Onlooker`."""

    def stopping(self, reason: str) -> None:
        """See `Onlooker`."""

    def pause(self) -> None:
        """Clear what moves, so that something can be asked; what comes next is shown again."""

    def close(self) -> None:
        """Leave the terminal as it was found; may be called twice."""


def onlooker(stream: TextIO, *, quiet: bool, to_program: bool = False) -> Quiet:
    """Return who tells a person on this stream how the run goes, or a program that reads it (`secret.Secret`)."""
    if quiet:
        return KeyOnly(stream)
    try:
        return TerminalProgress(stream) if Steady(stream).is_lively() else LineProgress(stream, to_program=to_program)
    except Exception:  # noqa: BLE001 - rich is broken or gone: plain lines serve
        return LineProgress(stream, to_program=to_program)


class KeyOnly(Quiet):
    """Says only what can't wait (`--quiet`): the practice's secret (see `encrypted`), and that files are encrypted."""

    def __init__(self, stream: TextIO) -> None:
        self.terminal = Steady(stream)
        self._told = False
        self._secret = Secret(self.terminal, self._named, self._say, to_program=True)

    def encrypted(self, identity: str | None) -> None:
        """Name the secret before anything is encrypted to it alone: a run that is killed has no end to name it at."""
        if identity is not None:
            self._secret.given(identity)

    def step(self, number: int, total: int, source: str, seconds: float) -> None:  # noqa: ARG002 - Onlooker's
        """Take the secret away from pictures."""
        self._secret.step(source)

    def close(self) -> None:
        """Name the secret if it was not yet."""
        self._secret.close()
        self.terminal.close()

    def _named(self, identity: str) -> None:
        self._say(f"{_(_READING_KEY)}\n{identity}")

    def _say(self, words: str) -> None:
        self.terminal.write(words + "\n")
        self.terminal.flush()

    def alarmed(self, alarm: Alarm) -> None:
        """Say it at once; the last lines of a run say how it ended."""
        if not self._told:
            self._told = True
            self.terminal.write("\n".join(encryption.lines(alarm, terminal.WIDTH)) + "\n")
            self.terminal.flush()


class LineProgress(Quiet):
    """One plain line for each step and event: for a log, a pipe or a terminal that can't move its cursor."""

    def __init__(self, stream: TextIO, *, to_program: bool = False) -> None:
        self.terminal = Steady(stream)
        self._clock, self._started = time.monotonic, time.monotonic()
        self._count = self._gaps = 0
        self._names = False
        """Whether names of the host are told: what is encrypted in the bundle doesn't stand in a log beside it."""
        self._running = self._told_battery = False
        self._secret = Secret(self.terminal, self._named, self._say, to_program=to_program)

    def opened(self, bundle: Path, start_code: str) -> None:
        """Name the folder and the code."""
        self._say(_("The evidence is written to:"))
        for line in terminal.fold_path(str(bundle), terminal.WIDTH - 10):
            self._say(line)
        self._say(_("Start code, to be written on paper with the time: {code}", code=start_code))

    def encrypted(self, identity: str | None) -> None:
        """Name the practice's secret: a run that is cut short has no end to name it at."""
        self._names = identity is None
        if identity is None:
            self._say(_(_IN_CLEAR))
            return
        self._secret.given(identity)

    def _named(self, identity: str) -> None:
        self._say(_(_READING_KEY))
        self.terminal.write(identity + "\n")  # whole, so that it can be copied
        self.terminal.flush()

    def disks(self, encrypted: tuple[str, ...]) -> None:
        """Say it once."""
        self._say(disks.said(encrypted))

    def step(self, number: int, total: int, source: str, seconds: float) -> None:  # noqa: ARG002 - Onlooker's
        """Sum up the step before, then name this one."""
        self._sum_up()
        self._secret.step(source)
        self._running, self._count, self._gaps = True, 0, 0
        self._say(_("Step {number} of {total}: {doing}", number=number, total=total, doing=words.doing(source)))

    def counted(self, count: int) -> None:
        """Keep the count for the end of the step."""
        self._count = count

    def gap(self, source: str, gap: Gap) -> None:
        """Name the first gaps of a step; the rest are counted."""
        self._gaps += 1
        if self._gaps <= GAP_LINES:
            said = _(
                "Not read: {source}: {outcome}", source=words.about(source), outcome=words.outcome(gap.outcome.value)
            )
            is_told = gap.subject is not None and self._names
            self._say(said + (f" ({terminal.shown(gap.subject)})" if is_told else ""))

    def phase(self, name: str, code: str) -> None:  # noqa: ARG002 - Onlooker's
        """Name the code of this moment."""
        self._sum_up()
        self._say(_("Code of this moment (for an expert): {code}", code=code))

    def isolation(self, when: str, verdict: Verdict) -> None:  # noqa: ARG002 - Onlooker's
        """Say the verdict and why."""
        for line in network.now_lines(verdict.verdict, terminal.WIDTH):
            self._say(line)
        for reason in verdict.reasons[:GAP_LINES]:
            self._say("- " + network.reason(reason))

    def alarmed(self, alarm: Alarm) -> None:
        """Say what happens and what to do; each time that it is recorded anew."""
        for line in encryption.lines(alarm, terminal.WIDTH - 10):
            self._say(line)

    def power(self, *, on_battery: bool, percent: int | None) -> None:
        """Say that the charger has to be plugged in, once."""
        if on_battery and not self._told_battery:
            self._told_battery = True
            self._say(words.on_battery(percent))

    def stopping(self, reason: str) -> None:
        """Say that what is done is kept."""
        self._say(words.stopping(reason))

    def close(self) -> None:
        """Sum up the last step."""
        self._sum_up()
        self._secret.close()
        self.terminal.close()

    def _sum_up(self) -> None:
        if not self._running:
            return
        self._running = False
        said = ngettext("{count} item noted", "{count} items noted", self._count)
        if self._gaps:
            said += ", " + ngettext("{count} could not be read", "{count} could not be read", self._gaps)
        self._say(said)

    def _say(self, line: str) -> None:
        minutes, seconds = divmod(max(0, int(self._clock() - self._started)), 60)
        start = f"[{minutes:02}:{seconds:02}] "
        self.terminal.write("\n".join(terminal.fold(line, terminal.WIDTH - 1, start, " " * len(start))) + "\n")
        self.terminal.flush()


class TerminalProgress(Quiet):
    """A few lines that are drawn over: step, bar, times, counts, the start code, and that stopping is safe."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.console import Console  # noqa: PLC0415 - six megabytes that only a terminal needs
        from rich.live import Live  # noqa: PLC0415 - the same

        self.terminal = Steady(stream)
        self._clock = clock
        self._started = self._drawn = clock()
        self._remaining = Remaining([*(source.seconds for source in SOURCES), SEAL_SECONDS], self._started)
        self._step = ""
        self._code = self._moment_code = self._stopping = self._battery = ""
        self._verdict = "ISOLATED"
        self._alarm: Alarm | None = None
        self._before = self._count = self._gaps = 0
        colour: Any = "standard" if self.terminal.has_colour() else None
        self._console = Console(
            file=cast("IO[str]", self.terminal),
            force_terminal=True,
            color_system=colour,
            no_color=colour is None,
            markup=False,
            emoji=False,
            highlight=False,
            legacy_windows=False,  # one that draws (`is_lively`) is none, wherever standard output leads
        )
        self._live: Live | None = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
            get_renderable=self._render,
        )
        self._secret = Secret(self.terminal, lambda identity: self._above(_(_READING_KEY), identity), self._above)

    def opened(self, bundle: Path, start_code: str) -> None:  # noqa: ARG002 - the end names the folder
        """Show the start code from here on."""
        self._code = start_code
        self._draw()

    def encrypted(self, identity: str | None) -> None:
        """Let the practice's secret stand above what moves: a run that is cut short has no end to name it at."""
        if identity is None:
            self._above(_(_IN_CLEAR))
        else:
            self._secret.given(identity)

    def _above(self, *sentences: str) -> None:
        lines = [line for one in sentences for line in terminal.fold(one, self.terminal.size()[0] - 1)]
        self._console.print("\n".join(lines), highlight=False, soft_wrap=True)

    def disks(self, encrypted: tuple[str, ...]) -> None:
        """Let it stand above what moves."""
        lines = disks.lines(encrypted, self.terminal.size()[0] - 1)
        self._console.print("\n".join(lines), highlight=False, soft_wrap=True)

    def step(self, number: int, total: int, source: str, seconds: float) -> None:
        """Show the step."""
        self._secret.step(source, self.pause)
        self._before, self._count = self._before + self._count, 0
        self._step = _("Step {number} of {total}: {doing}", number=number, total=total, doing=words.doing(source))
        self._remaining.step(number, self._clock(), total, seconds)
        self._draw()

    def counted(self, count: int) -> None:
        """Show the count and the times, if it is time to draw; called with nothing new it keeps the times moving."""
        self._count = count
        self._draw_if_due()

    def gap(self, source: str, gap: Gap) -> None:  # noqa: ARG002 - the end names them
        """Show how many there are."""
        self._gaps += 1
        self._draw_if_due()

    def phase(self, name: str, code: str) -> None:  # noqa: ARG002 - Onlooker's
        """Show the code of this moment."""
        self._moment_code = code
        self._draw_if_due()

    def isolation(self, when: str, verdict: Verdict) -> None:  # noqa: ARG002 - Onlooker's
        """Show what to unplug while there is something."""
        self._verdict = verdict.verdict
        self._draw()

    def alarmed(self, alarm: Alarm) -> None:
        """Let the whole of it stand above what moves, once; the most urgent stays on the screen."""
        if self._alarm is None:
            lines = encryption.lines(alarm, self.terminal.size()[0] - 1)
            self._console.print("\n".join(lines), style="bold red", highlight=False, soft_wrap=True)
        self._alarm = alarm
        self._draw()

    def power(self, *, on_battery: bool, percent: int | None) -> None:
        """Show that the charger has to be plugged in, while it is not."""
        self._battery = words.on_battery(percent) if on_battery else ""
        self._draw()

    def stopping(self, reason: str) -> None:
        """Show that what is done is being kept."""
        self._stopping = words.stopping(reason)
        self._draw()

    def pause(self) -> None:
        """Wipe the lines; the next one that is told draws them again."""
        if self._live is not None and self._live.is_started:
            self._live.stop()

    def close(self) -> None:
        """Wipe the lines and give the cursor back."""
        self.pause()
        self._live = None
        self._secret.close()
        self.terminal.close()

    def _draw_if_due(self) -> None:
        if self._clock() - self._drawn >= REDRAW_SECONDS:
            self._draw()

    def _draw(self) -> None:
        if self._live is None or self.terminal.gone is not None or self.terminal.is_stalled:
            return
        self._drawn = self._clock()
        columns, rows = self.terminal.size()
        self._console.size = cast("Any", (columns, rows))
        if not self._live.is_started:
            self._live.start()
        self._live.refresh()

    def _render(self) -> Text:
        """Return the lines as they are now."""
        from rich.text import Text  # noqa: PLC0415 - see above

        columns = self.terminal.size()[0] - 1
        now = self._clock()
        done = self._remaining.fraction(now)
        times = f"{words.duration(now - self._started)}, {words.left(self._remaining.seconds(now))}"
        counts = ngettext("{count} item noted", "{count} items noted", self._before + self._count)
        if self._gaps:
            counts += ", " + ngettext("{count} could not be read", "{count} could not be read", self._gaps)
        drawn = Text(no_wrap=True, overflow="crop")
        drawn.append(terminal.clipped(self._step, columns) + "\n", "bold")
        drawn.append(bar(done, columns, self.terminal.encoding) + "\n", "cyan")
        drawn.append(terminal.clipped(times, columns) + "\n" + terminal.clipped(counts, columns) + "\n")
        for line in encryption.short(self._alarm, columns) if self._alarm is not None else ():
            drawn.append(line + "\n", "bold red")
        for line in network.warning(self._verdict, columns):
            drawn.append(line + "\n", "bold red")
        for line in terminal.fold(self._battery, columns) if self._battery else ():
            drawn.append(line + "\n", "bold red")
        if self._code:
            drawn.append("\n" + terminal.clipped(_("Start code. Write it on paper, with the time:"), columns) + "\n")
            drawn.append("".join(f"    {row}\n" for row in words.code_rows(self._code)), "bold")
        if self._moment_code:
            drawn.append(terminal.clipped(_("For an expert: {code}", code=self._moment_code), columns) + "\n", "dim")
        last = self._stopping or _("Do not power off. You can stop with Ctrl-C: what is done is kept.")
        drawn.append("\n" + "\n".join(terminal.fold(last, columns)))
        return drawn


if TYPE_CHECKING:
    _quiet: Onlooker = Quiet()
