"""`collect kit`, and how a run begins that was started from one."""

from __future__ import annotations

import itertools
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector import kit as kits
from collector import tool
from collector.cli.process import LANG, leave, say
from collector.errors import BundleNotMadeError, KitError, UsageError
from collector.host import console
from collector.ui import errors as shown
from collector.ui import guided, kit_screens, terminal
from collector.ui.messages import _, asked, install, language, names_none

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.answers import Answer
    from collector.handover.kit import Laid


@click.command("kit")
@click.option("--out", metavar="DIR", required=True, help="The stick: an existing folder, best an empty one.")
@click.option("--recipient", "recipients", metavar="AGE", multiple=True, help="Who can read the evidence: age1…")
@click.option("--expert-key", "expert_keys", metavar="PUB", multiple=True, help="Public SSH key, or a file with some.")
@click.option("--case", metavar="ID", help="Case id, where there is a case already.")
@click.option("--contact", metavar="NAME, NUMBER", help="Who is to be called; printed on both sheets.")
@click.option("--program-windows", metavar="FOLDER", help="Built program: collect.exe and _internal.")
@click.option("--program-linux", metavar="FOLDER", help="Built program: collect and _internal.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def kit_command(
    out: str,
    recipients: tuple[str, ...],
    expert_keys: tuple[str, ...],
    case: str | None,
    contact: str | None,
    program_windows: str | None,
    program_linux: str | None,
    *,
    as_json: bool,
) -> None:
    """Lay out a stick for a practice: programs, sheets to print, who can read; holds no private key."""
    from datetime import UTC, datetime  # noqa: PLC0415 - only here

    from collector.handover import kit  # noqa: PLC0415 - the same
    from collector.ui.as_json import path_json  # noqa: PLC0415 - the same

    given = {"windows": program_windows, "linux": program_linux}
    programs = {system: Path(folder) for system, folder in given.items() if folder is not None} or _own_program()
    spoken = language() if asked(sys.argv[1:]) else "fr"  # the practice's language, not that of this machine
    for text in (*recipients, *expert_keys):
        kit.refuse_secret(text)
    wish = kit.checked(recipients, _keys(expert_keys), case, contact, spoken, programs)
    laid = kit.lay(wish, Path(out), datetime.now(UTC))
    if as_json:
        say(json.dumps({"kit": path_json(laid.folder), **_published(laid)}) + "\n")
        return
    say(kit_screens.laid_text(laid))


def _own_program() -> dict[str, Path]:
    """Return the one-folder program that we are, by its system; nothing where we are none."""
    own = tool.program_folder()
    return {} if own is None else {system: own for system, starts in kits.PROGRAMS.items() if (own / starts).is_file()}


def _published(laid: Laid) -> dict[str, object]:
    programs = {
        system: {"files": program.files, "size": program.size, "sha256": program.sha256}
        for system, program in laid.programs.items()
    }
    beside = [terminal.path_text(name) for name in laid.beside]
    return {"nonce": laid.nonce, "sums_sha256": laid.sums_sha256, "programs": programs, "beside": beside}


def _keys(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return public keys: each is one itself, or the name of a file that holds some."""
    from collector import disk  # noqa: PLC0415 - only here
    from collector.handover import kit  # noqa: PLC0415 - the same

    keys: list[str] = []
    for text in given:
        if text.startswith(("ssh-", "ecdsa-", "sk-")) and " " in text:
            keys.append(text)
            continue
        try:
            held = disk.read_regular(Path(text), 1 << 20).decode("utf-8", "replace")
        except OSError as error:
            raise UsageError(
                "the key can't be read: it is no public key itself, and no file has this name",
                hint="give the .pub file of the expert",
            ) from error
        kit.refuse_secret(held)
        keys += [line for line in map(str.strip, held.split("\n")) if line and not line.startswith("#")] or [""]
    return tuple(keys)


# ---- a run that is started from a kit


@dataclass(frozen=True, slots=True)
class Start:
    """What a run takes from the kit that it was started from; nothing without one."""

    kit: kits.Kit | None = None
    beside: tuple[str, ...] = ()

    @property
    def nonce(self) -> str | None:
        """Return the kit's nonce."""
        return None if self.kit is None else self.kit.nonce

    @property
    def case(self) -> str:
        """Return the kit's case, else the day as one: a script that has a kit needs no other."""
        return (self.kit.case if self.kit is not None else None) or guided.proposed()

    @property
    def recipients(self) -> tuple[str, ...]:
        """Return who the kit names as readers."""
        return () if self.kit is None else self.kit.recipients


def place(given: str | None) -> Path | None:
    """Return the kit.json of this run: the one that was given, else that of the stick which holds our program."""
    if given is not None:
        return Path(given)
    program = tool.program_folder()
    if program is None:
        return None
    signs = (kits.NAME, kits.SUMS, *kits.STARTERS.values())  # any of them: one that is gone is told, not overlooked
    stands = any(os.path.lexists(program.parent / name) for name in signs)
    return program.parent / kits.NAME if stands and program.name in kits.PROGRAMS else None


def language_asked(arguments: list[str]) -> str | None:
    """Return the language of the kit that a command line names, before the rest of it is understood; raises nothing."""
    given = next((after for word, after in itertools.pairwise(arguments) if word == "--kit"), None)
    given = next((word[len("--kit=") :] for word in arguments if word.startswith("--kit=")), given)
    path = None if arguments[:1] == ["verify"] else place(given)
    return None if path is None else kits.language_of(path)


def begun(given: str | None, *, quiet: bool = False) -> Start:
    """Hold the kit against its sums before anything else is done, and read it.

    Raises `KitError` where it is not as it was prepared, each difference shown before; `UsageError` for a kit.json
    that a run can't be made with.
    """
    path = place(given)
    if path is None:
        return Start()
    if not quiet:
        terminal.show(sys.stderr, kit_screens.checking_text())
    try:
        beside = kits.check(path.absolute().parent)
    except KitError as error:
        if len(error.changes) > 1:
            terminal.show(sys.stderr, kit_screens.changes_text(error))
        raise
    kit = kits.read(path)
    shown.call(kit.contact)
    if beside and not quiet:
        terminal.show(sys.stderr, kit_screens.beside_text(beside))
    return Start(kit, beside)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person said, or the command line in their place."""

    case: str
    operator: str | None
    witness: str | None = None
    eyes: dict[str, str] | None = None
    answers: dict[str, dict[str, Answer]] | None = None
    """By their groups; `None` where nobody was asked."""
    elevation: str | None = None
    agreed: bool | None = None
    """To the last screen of `ask`; `None` where there was none, or where it broke."""
    broke: str | None = None
    """A mistake of ours that ended the questions."""


def ask(
    start: Start, given: Asked, *, elevated: bool, consent: Callable[[], tuple[str, ...] | None] = lambda: None
) -> Asked:
    """Ask a person, one thing a screen: what is done first, all rights where they lack, then who, when, what they see.

    `consent` makes the last screen, its title and sentences, in the language that was chosen by then: whether the
    person agrees stands in `Asked.agreed`.
    French, where nothing says which language. Where all rights were given, another process of ours goes on: this one
    waits for its end and ends with its code. On Ctrl-C says that nothing was collected, and raises it.
    """
    if not asked(sys.argv[1:]) and start.kit is None and names_none(console.language()):
        install("fr")
    guide = guided.Guide(sys.stdin, sys.stderr)
    try:
        answer = "granted" if elevated else None
        with guide.kept():
            answer = answer or _first(guide, start)
        known = {"operator": given.operator, "witness": given.witness}
        told = guide.ask(given.case, [name for name, value in known.items() if value is not None])
        agreed = guide.agreed(consent)
    except KeyboardInterrupt:
        terminal.show(sys.stderr, kit_screens.left_text())
        raise
    operator, witness = given.operator or told.operator, given.witness or told.witness
    return Asked(told.case, operator, witness, told.eyes, told.answers, answer, agreed, guide.broke)


def ready(asked: Asked, privileges: str) -> None:
    """Say that the run begins, once nothing more is asked: the one place for what is to be known before it.

    `privileges` as in `host.privileges`; whoever was refused all rights has read so already.
    """
    has_all = privileges in ("root", "administrator") or asked.elevation is not None
    guide = guided.Guide(sys.stdin, sys.stderr)
    with guide.kept():
        guide.ready(*([] if has_all else [kit_screens.rights_text()]))


def _first(guide: guided.Guide, start: Start) -> str | None:
    """Show what is done first, and ask for all rights where they lack; return what came of that."""
    from collector.host import may_rise  # noqa: PLC0415 - verify needs none of it

    changed = guide.first(None if start.kit is None else start.kit.contact)
    if not may_rise():
        return None
    guide.explain(_("All rights"), *map(_, kit_screens.RISING))
    answer = _risen(["--lang", language()] if changed else [])
    guide.explain(_("All rights"), kit_screens.rights_text())
    return answer


def _risen(first: list[str]) -> str:
    """Have Windows start us anew with all rights and leave with that process's exit code; else return why not."""
    from collector.host import rise  # noqa: PLC0415 - the same

    arguments = [*sys.argv[1:], *first] if tool.program_folder() is not None else [*sys.orig_argv[1:], *first]
    try:
        code = rise([*arguments, "--elevated"], lambda: terminal.show(sys.stderr, kit_screens.elsewhere_text()))
    except Exception:  # noqa: BLE001 - whatever it is, the run goes on without all rights, and the bundle says so
        return "failed"
    return "refused" if code is None else leave(code)


def folder(start: Start, given: str | None, *, asks: bool, spare: bool = False) -> Path:
    """Return the folder for the bundle: the one given, the kit's own, or here.

    Where it takes nothing, a person is asked for another; a script is told by `BundleNotMadeError`, for a kit's own,
    unless it has named a spare one: that is for the run to take.
    """
    out = Path(given if given is not None else ".") if start.kit is None or given is not None else start.kit.evidence
    if start.kit is None:
        return out
    if asks:
        return kit_screens.Place(sys.stdin, sys.stderr).chosen(out)
    reason = kits.refusal_of(out, kits.LEAST_AT_ALL) if given is None and not spare else None
    if reason is not None:
        raise BundleNotMadeError(kits.REASONS[reason], hint="give a folder on another stick with --out")
    return out
