"""The last screen of a run: where the evidence is, what is missing, the codes, and what to do now.

It fits a terminal of 80x24: what can be read elsewhere gives way first (the list of gaps, then remarks on the
network, then empty lines; while files are being encrypted, what to do about a run that was cut short, too). The QR
code follows only where there is room for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from collector import continuing, uptime
from collector.sources import SOURCES
from collector.ui import disks, encryption, errors, network, qr, terminal, words
from collector.ui.messages import N_, _, elsewhere, ngettext
from collector.ui.terminal import Terminal

if TYPE_CHECKING:
    from typing import TextIO

    from collector.result import Result

CUT_SHORT = {
    "signal": (
        N_("The collection was stopped before its end."),
        N_("It is not serious: what was noted is kept and closed. For more, start it again."),
    ),
    "disk_full": (
        N_("The USB stick is full."),
        N_("What is copied is kept. Plug in another, empty stick and start again."),
    ),
    "max_time": (
        N_("The time allowed is over."),
        N_("It is not serious: what was noted is kept and closed. Tell the expert."),
    ),
}
"""What happened; then whether it is serious and what to do."""


class _Room(NamedTuple):
    """How much may be shown: lines of gaps and of remarks on the network, and whether empty lines stand between."""

    gaps: int
    remarks: int
    airy: bool


_ROOMS = (
    _Room(6, 4, airy=True),
    _Room(4, 3, airy=True),
    _Room(3, 2, airy=True),
    _Room(2, 2, airy=True),
    _Room(2, 1, airy=False),
    _Room(1, 1, airy=False),
    _Room(0, 1, airy=False),
    _Room(0, 0, airy=False),
)
"""From the most to the least; the first that fits is taken."""


def show(result: Result, stream: TextIO, spare: int = 0, *, goes_on: bool = False) -> None:
    """Write the last screen, and the QR code where there is room; never raises for what becomes of the stream.

    `spare` rows are left free for what is asked below it. Where it `goes_on`, what to do next has a screen of its own.
    """
    out = Terminal(stream)
    columns, rows = out.size() if out.isatty() else (terminal.WIDTH, terminal.HEIGHT)
    rows -= spare
    lines = screen(result, columns - 1, rows - 1, goes_on=goes_on)
    strong = {lines[0], *_code_lines(result.start_code), *_code_lines(result.seal_code)}
    if result.isolation.get("run") != "ISOLATED":
        strong.update(network.run_lines(result.isolation, columns - 1))
    strong.update(_alarm(result, columns - 1, airy=True))
    if _is_running(result):
        strong.update(_next(result, columns - 1)[: len(encryption.STEPS)])
    for line in lines:
        marked = line in strong and out.has_colour()
        out.write(f"{terminal.BOLD}{line}{terminal.PLAIN}\n" if marked else line + "\n")
    if out.is_lively():
        _show_qr(result, out, columns, rows - 1 - len(lines))
    out.flush()


def _show_qr(result: Result, out: Terminal, columns: int, rows: int) -> None:
    try:
        drawn = qr.lines(result.seal_sha256, colour=out.has_colour())
        plain = qr.lines(result.seal_sha256, colour=False)
    except Exception:  # noqa: BLE001 - the code stands above in letters; a broken library takes nothing from it
        return
    if len(drawn) + 2 <= rows and len(plain[0]) < columns:
        out.write("\n" + _("The same fingerprint, for a photograph:") + "\n" + "\n".join(drawn) + "\n")


def short(result: Result) -> str:
    """Return what even `--quiet` leaves on stderr: folder, seal code, and the practice's secret if there is one."""
    lines = encryption.headline(result.alarm, terminal.WIDTH - 1) if result.alarm is not None else []
    lines += terminal.fold_path(str(result.bundle), terminal.WIDTH - 1)
    lines.append(_("Seal code: {code}", code=result.seal_code))
    if result.practice_identity is not None:
        lines += [_("Reading key of the practice, for paper only: it is stored nowhere."), result.practice_identity]
    return "\n".join(lines) + "\n"


def held() -> str:
    """Return what is said last of all where the process can't end: there is nothing to wait for."""
    said = _(
        "A disk of this computer that does not answer keeps this program from ending. "
        "The evidence is closed all the same: do not wait, close this window."
    )
    return "\n".join(terminal.fold(said, terminal.WIDTH - 1)) + "\n"


def screen(result: Result, columns: int, rows: int, *, goes_on: bool = False) -> list[str]:
    """Return the last screen as lines of at most `columns`, in at most `rows` of them if it can be done."""
    lines: list[str] = []
    for room in _ROOMS:
        lines = _screen(result, columns, room, goes_on=goes_on)
        if len(lines) <= rows:
            break
    return lines


def _screen(result: Result, columns: int, room: _Room, *, goes_on: bool) -> list[str]:
    blocks = [
        [*_head(result, columns, room), *_alarm(result, columns, airy=room.airy), *_where(result, columns)],
        [*_missing(result, columns, room), *_network(result, columns, room), *disks.lines(result.disks, columns)],
        _codes(result, columns, expert=not goes_on),
        _next(result, columns, goes_on=goes_on),
    ]
    lines: list[str] = []
    for block in blocks:
        lines += ["", *block] if room.airy and lines else block
    return lines


def _is_running(result: Result) -> bool:
    return result.alarm is not None and result.alarm.running


def _head(result: Result, columns: int, room: _Room) -> list[str]:
    if result.exit_code != 3:  # noqa: PLR2004 - cut short, or a core source yielded nothing (design.md, section 6)
        return terminal.fold(_("FINISHED. The evidence is written down and closed."), columns)
    needs_then = room.airy or not _is_running(result)  # no other collection comes before the encryption is stopped
    if result.reason is None and any(why == continuing.GONE for _path, why in result.parts):
        happened = _("FINISHED on another stick. What was on the first one is not closed.")
        then = _("It is not serious: give both to the expert.")
        return [*terminal.fold(happened, columns), *terminal.fold(then, columns)]
    if result.reason is not None:
        happened, then = CUT_SHORT.get(result.reason, CUT_SHORT["signal"])
        return [*terminal.fold(_(happened), columns), *(terminal.fold(_(then), columns) if needs_then else [])]
    if result.disturbed:
        happened = _("FINISHED, but another program took or changed evidence on the stick meanwhile.")
        then = _("An antivirus, or the attack itself. It is noted. Give the stick to the expert and tell them.")
        return [*terminal.fold(happened, columns), *(terminal.fold(then, columns) if needs_then else [])]
    core = {source.name for source in SOURCES if source.core}
    named = ", ".join(dict.fromkeys(words.about(source) for source, _slug in result.missed if source in core))
    happened = _("Something important could not be noted ({what}).", what=named or "?")
    then = _("The rest is kept and closed. Do not try again: tell the expert.")
    return [*terminal.fold(happened, columns), *(terminal.fold(then, columns) if needs_then else [])]


def _alarm(result: Result, columns: int, *, airy: bool) -> list[str]:
    if result.alarm is None:
        return []
    return encryption.short(result.alarm, columns) if airy else encryption.headline(result.alarm, columns)


def _where(result: Result, columns: int) -> list[str]:
    counted = ngettext("{count} file of evidence", "{count} files of evidence", result.artifacts)
    records = ngettext("{count} line in the log", "{count} lines in the log", result.records)
    took = words.duration(result.seconds)
    return [
        *terminal.fold(
            _("{counted}, {records}, in {took}. Folder:", counted=counted, records=records, took=took), columns
        ),
        *terminal.fold_path(str(result.bundle), columns, "  "),
        *_begun(result, columns),
    ]


def _begun(result: Result, columns: int) -> list[str]:
    """Return where the evidence begins, if its folder was full or gone before the end."""
    if not result.parts:
        return []
    said = terminal.fold(_("It began in another folder. Keep that one, too:"), columns)
    return [*said, *(line for path, _why in result.parts for line in terminal.fold_path(str(path), columns, "  "))]


def _missing(result: Result, columns: int, room: _Room) -> list[str]:
    if not result.gaps:
        return [_("Everything that was looked for could be read.")]
    if not (room.airy or room.gaps or room.remarks):  # the last of all rooms
        short = ngettext("{count} item could not be read: see the evidence.",
                         "{count} items could not be read: see the evidence.", result.gaps)  # fmt: skip
        return terminal.fold(short, columns)
    said = ngettext(
        "{count} item could not be read. It is listed in the evidence. Do not try again.",
        "{count} items could not be read. They are listed in the evidence. Do not try again.",
        result.gaps,
    )
    lines = terminal.fold(said, columns)
    groups = words.grouped(result.missed)
    lines += [terminal.clipped("  - " + group, columns) for group in groups[: room.gaps]]
    rest = len(groups) - room.gaps
    if rest > 0 and room.airy:
        lines.append("  - " + ngettext("{count} more kind", "{count} more kinds", rest))
    elif rest > 0 and room.gaps:
        lines[-1] = terminal.clipped(lines[-1], columns - 2) + " …"
    return lines


def _network(result: Result, columns: int, room: _Room) -> list[str]:
    remarks = network.reasons(result.reasons, columns, room.remarks, count_rest=room.airy)
    verdict, codes = result.never_off
    off = [line for code in codes for line in terminal.fold(elsewhere(uptime.REASONS[code]), columns)]
    return [*network.run_lines(result.isolation, columns), *remarks, *(off if verdict == "no" and room.remarks else [])]


def _code_lines(code: str) -> list[str]:
    return [f"      {row}" for row in words.code_rows(code)]


def _codes(result: Result, columns: int, *, expert: bool) -> list[str]:
    return [
        *terminal.fold(_("Start code:"), columns),
        *_code_lines(result.start_code),
        *terminal.fold(_("SEAL CODE (to be written on paper, with the time):"), columns),
        *_code_lines(result.seal_code),
        *terminal.fold(_("Full fingerprint: one changed letter in the evidence changes all of it."), columns),
        *terminal.fold(result.seal_sha256, columns, "  "),
        *(["  certutil -hashfile checkpoint SHA256   (Windows)"] if expert else []),
    ]


def _next(result: Result, columns: int, *, goes_on: bool = False) -> list[str]:
    """Return what to do now, in its order; while files are being encrypted, that comes first."""
    write, keep = (
        _("Write the seal code on paper, or photograph this screen."),
        _("Keep the USB stick. Do not plug it into another computer."),
    )
    if goes_on and not _is_running(result):
        return terminal.fold(write, columns)
    if _is_running(result):
        steps = [*map(_, encryption.STEPS), write, keep]
    else:
        stay = _("Do not power off. Do not plug the network in again.")
        contact = errors.contact()
        told = (
            _("With a telephone: call your IT provider, then open 17cyber.gouv.fr.")
            if contact is None
            else _("With a telephone: call {contact}, then open 17cyber.gouv.fr.", contact=contact)
        )
        steps = [write, stay, keep, told]
    numbered = (f"{number}. {step}" for number, step in enumerate(steps, 1))
    return [line for step in numbered for line in terminal.fold(step, columns, later="   ")]
