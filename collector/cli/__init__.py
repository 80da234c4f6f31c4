"""The command line: arguments, exit codes, nothing else."""

from __future__ import annotations

import collector.cli.libcrypto  # noqa: F401 - before anything else: what is loaded below hashes

# isort: split
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from collector import __version__, age
from collector.arguments import case_id, duration, encrypted_only, here, paths, program, said, since, size
from collector.cli import (
    after,
    answering,
    consenting,
    dating,
    exporting,
    kitting,
    looking,
    packing,
    papers,
    picturing,
    ruling,
    stamping,
    verifying,
)
from collector.cli.process import INTERRUPTED, LANG, heed_signals, keep_streams, leave, say
from collector.errors import CollectorError, UsageError
from collector.host import console
from collector.ui import errors as shown
from collector.ui import kit_screens, messages, terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collector.answers import Answer
    from collector.host import Host
    from collector.result import Result, Stop
    from collector.ui.progress import Quiet


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--case", metavar="ID", help="Case id: letters, digits, dots, hyphens, underscores.")
@click.option("--operator", metavar="NAME", help="Who runs the collection.")
@click.option("--witness", metavar="NAME", help="Who watches it.")
@click.option("--out", metavar="DIR", help="Existing folder for the bundle, best on a stick; else the kit's, or here.")
@click.option("--spare", "spares", metavar="DIR", multiple=True, help="Go on here if the first is full or gone.")
@click.option("--since", "since_text", metavar="7d|ISO", default="7d", help="Start of the window of recent files.")
@click.option("--scan", metavar="PATH", multiple=True, help="Look for recent files here only; may be repeated.")
@click.option("--max-size", metavar="SIZE", help="Most that the bundle's artifacts may take, for example 2G.")
@click.option("--max-time", metavar="DURATION", help="Longest that the run may take, for example 15m.")
@click.option("--recipient", "recipients", metavar="AGE", multiple=True, help="Encrypt to this age recipient too.")
@click.option("--kit", metavar="FILE", help="The kit.json of the stick, which is checked first.")
@click.option("--level", metavar="A|B|C", help="What may be taken: A no names of files, B names, C contents, too.")
@click.option("--watch", metavar="TIME", help="What your watch shows as you press Enter: 14:03:20, or with its date.")
@click.option("--profile", metavar="NAME", default="standard", help="What is taken: triage, standard or full.")
@click.option("--rules", metavar="DIR", multiple=True, help="Collect these artifact definitions, too; may be repeated.")
@click.option("--memory/--no-memory", default=True, help="Take memory and files of suspects, or list them only.")
@click.option("--memory-program", metavar="FILE", help="Take the whole memory with this program (avml), encrypted.")
@click.option("--clipboard", is_flag=True, help="Take the text in the clipboard, which may be a password, encrypted.")
@click.option("--isolate", is_flag=True, help="Switch the network off once what vanishes first is sealed.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would be collected; write nothing.")
@click.option("--elevated", is_flag=True, hidden=True, help="Started anew by ourselves, with all rights.")
@click.version_option(__version__, prog_name="collect")
@click.pass_context
def collect(  # noqa: PLR0917 - one for each option
    context: click.Context,
    case: str | None,
    operator: str | None,
    witness: str | None,
    out: str | None,
    spares: tuple[str, ...],
    since_text: str,
    scan: tuple[str, ...],
    max_size: str | None,
    max_time: str | None,
    recipients: tuple[str, ...],
    kit: str | None,
    level: str | None,
    watch: str | None,
    profile: str,
    rules: tuple[str, ...],
    memory: bool,  # noqa: FBT001 - click gives flags as arguments
    memory_program: str | None,
    clipboard: bool,  # noqa: FBT001 - the same
    isolate: bool,  # noqa: FBT001 - the same
    as_json: bool,  # noqa: FBT001 - the same
    quiet: bool,  # noqa: FBT001 - the same
    yes: bool,  # noqa: FBT001 - the same
    dry_run: bool,  # noqa: FBT001 - the same
    elevated: bool,  # noqa: FBT001 - the same
) -> None:
    """Preserve the evidence of a ransomware attack on this machine in one sealed folder."""
    if context.invoked_subcommand is not None:
        return
    attended = not (as_json or quiet or yes or dry_run) and terminal.is_attended()
    guided_mode = case is None and attended
    kept = kitting.begun(kit, quiet=quiet or as_json)
    if case is None and not guided_mode and kept.kit is None:
        raise UsageError("no case is given", hint="write for example: collect --case CABINET-1 (see collect --help)")
    takes = {"--rules": rules, "--memory-program": memory_program, "--clipboard": clipboard}
    least = consenting.level(level, asked=guided_mode or kept.kit is not None, contents=takes)
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.model import Case  # noqa: PLC0415 - the same
    from collector.result import Limits, Stop  # noqa: PLC0415 - verify needs none of it
    from collector.session import Plan, begin  # noqa: PLC0415 - the same
    from collector.ui import another, cutting  # noqa: PLC0415 - the same

    host = this_host()
    compared = None if watch is None else dating.compared(watch, host.clock.now())
    asked = kitting.Asked(kept.case if case is None else case, operator, witness)
    readers = age.checked((*recipients, *kept.recipients))
    plan = Plan(  # before a person has answered a single question: what is wrong with the command is told first
        case=Case(case_id(asked.case), said(asked.operator), said(asked.witness)),
        out=Path(out or (here() if kept.kit is None else ".")),
        since_ns=since(since_text, host.clock.now().utc_ns),
        scan=paths(scan),
        limits=Limits(
            seconds=None if max_time is None else duration(max_time),
            size=None if max_size is None else size(max_size),
        ),
        arguments=tuple(sys.argv[1:]),
        copies=memory,
        memory_program=program(memory_program, encrypts=bool(readers) or guided_mode),
        clipboard=encrypted_only(clipboard, encrypts=bool(readers) or guided_mode),
        recipients=readers,
        practice=guided_mode,
        kit_nonce=kept.nonce,
        beside=kept.beside,
        profile=ruling.profile(profile),
        rules=ruling.checked(rules),
        watch_offset=compared,
    )
    if guided_mode:
        asked = kitting.ask(
            kept, asked, elevated=elevated, consent=lambda: consenting.screen(level, least, expert=bool(readers))
        )
    agreed = consenting.agreed(level, least, answer=asked.agreed, who=asked.operator)
    cut = isolate and cutting.agreed(host, sys.stdin, sys.stderr, asks=not (yes or dry_run))
    plan = replace(
        plan,
        case=Case(case_id(asked.case), said(asked.operator), said(asked.witness)),
        out=plan.out if dry_run else kitting.folder(kept, out, asks=guided_mode, spare=bool(spares)),
        isolate=cut,
        declined=isolate and not cut,
        eyes=asked.eyes,
        answers=asked.answers or {},
        unasked=asked.broke,
        elevation=asked.elevation,
        level=agreed.level,
        consent=agreed.consent,
    )
    if dry_run:
        from collector.sources import planned  # noqa: PLC0415 - only here
        from collector.ui import report  # noqa: PLC0415 - the same

        named, sources = plan.scan is not None, planned(
            whole_memory=plan.memory_program is not None,
            system=host.system_word(),
            clipboard=plan.clipboard,
            level=plan.level,
        )
        if as_json:
            steps = report.dry_run_times(sources, plan.profile, named=named)
            say(json.dumps({"steps": [{"source": name, "seconds": seconds} for name, seconds in steps.items()]}) + "\n")
        else:
            say(report.dry_run_text(sources, plan.profile, named=named))
        return

    if guided_mode:
        kitting.ready(asked, host.privileges())

    def work(looker: Quiet, stop: Stop) -> Result:
        places = another.Another([*map(Path, spares)], sys.stdin, sys.stderr, asks=attended, pause=looker.pause)
        return begin(replace(plan, elsewhere=places), host, looker, stop)

    _run(
        work,
        Stop(),
        host,
        as_json=as_json,
        quiet=quiet,
        asks=attended,
        guided=asked.answers,
        holds=elevated and attended,
    )


@collect.command("resume")
@click.argument("bundle")
@click.option("--scan", metavar="PATH", multiple=True, help="Look for recent files here only; may be repeated.")
@click.option("--memory/--no-memory", default=True, help="As it was at the start, or without from here on.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option("--quiet", is_flag=True, help="No progress.")
def resume_command(bundle: str, scan: tuple[str, ...], *, memory: bool, as_json: bool, quiet: bool) -> None:
    """Go on with a run that was cut short, and seal its bundle."""
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.result import Stop  # noqa: PLC0415 - verify needs none of it
    from collector.session import go_on  # noqa: PLC0415 - the same

    kitting.begun(None, quiet=quiet or as_json)
    raw = paths(scan)
    host: Host = this_host()
    arguments = tuple(sys.argv[1:])
    _run(
        lambda looker, stop: go_on(Path(bundle), raw, arguments, host, looker, stop, copies=memory),
        Stop(),
        host,
        as_json=as_json,
        quiet=quiet,
        asks=not (as_json or quiet) and terminal.is_attended(),
    )


def _run(
    work: Callable[[Quiet, Stop], Result],
    stop: Stop,
    host: Host,
    *,
    as_json: bool,
    quiet: bool,
    asks: bool,
    guided: Mapping[str, Mapping[str, Answer]] | None = None,
    holds: bool = False,
) -> None:
    """Do a run: signals close it, progress goes to stderr, and the process ends with its exit code.

    In guided mode `guided` are the answers that were given before.
    With `holds` the window is ours alone and would close with us: its last screen waits for a key.
    """
    from collector.cli import ending  # noqa: PLC0415 - the same
    from collector.host import is_held  # noqa: PLC0415 - the same
    from collector.ui import as_json as forms  # noqa: PLC0415 - only a run
    from collector.ui import final, progress  # noqa: PLC0415 - the same

    looker = progress.onlooker(sys.stderr, quiet=quiet, to_program=as_json)
    heed_signals(stop)
    try:
        result = work(looker, stop)
    finally:
        looker.close()
    if quiet:
        terminal.show(sys.stderr, final.short(result))
    else:
        ending.show(result, host, asks=asks, guided=guided)
    if as_json:
        say(json.dumps(forms.result_json(result)) + "\n")
    if is_held():
        terminal.show(sys.stderr, final.held())
    if holds:
        kit_screens.hold(sys.stdin, sys.stderr)
    leave(result.exit_code)


for _command in (
    verifying.verify_command,
    looking.isolation_command,
    after.note_command,
    after.attach_command,
    after.journal_command,
    answering.answers_command,
    after.handover_command,
    after.receive_command,
    stamping.timestamp_group,
    packing.pack_command,
    packing.open_command,
    exporting.export_command,
    picturing.picture_command,
    papers.slip_command,
    papers.dossier_command,
    dating.deadlines_command,
    ruling.rules_group,
    kitting.kit_command,
):
    collect.add_command(_command)


def main() -> None:
    """Run the command line; ends the process with the promised exit code."""
    keep_streams()
    asked = messages.asked(sys.argv[1:]) or kitting.language_asked(sys.argv[1:])
    messages.install(asked, console.language())
    try:
        collect.main(console.given(), prog_name="collect", standalone_mode=False)
    except CollectorError as error:
        shown.show(error, sys.stderr)
        leave(error.exit_code)
    except click.exceptions.Exit as left:
        sys.exit(left.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message() + "\n")
        sys.exit(UsageError.exit_code)
    except click.ClickException as error:
        shown.show(UsageError(error.format_message(), hint="collect --help lists what there is"), sys.stderr)
        sys.exit(UsageError.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)  # before a run has begun
    except BrokenPipeError:
        leave(1)
    except Exception as error:  # noqa: BLE001 - a mistake of ours: a victim is told what to do, not shown a traceback
        _crashed(error)


def _crashed(error: Exception) -> NoReturn:
    """Say what to do, and end; where the folder that we were started in is gone, that was the mistake, and not ours."""
    try:
        if isinstance(error, FileNotFoundError) and error.filename is None:  # so says getcwd
            here()
    except UsageError as gone:
        shown.show(gone, sys.stderr)
        leave(gone.exit_code)
    shown.show_crash(error, sys.stderr)
    leave(1)
