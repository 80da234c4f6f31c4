"""The command line: arguments, exit codes, nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector import __version__
from collector.arguments import case_id, duration, paths, said, since, size
from collector.errors import (
    CollectorError,
    DiskFullError,
    NotABundleError,
    NotJudgedError,
    RefusedError,
    UsageError,
    WriteError,
)
from collector.ui import errors as shown
from collector.ui import messages, terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collector.acquisition import Onlooker, Result, Stop
    from collector.host import Host

_LANG = click.option(
    "--lang",
    type=click.Choice(["fr", "en"]),
    expose_value=False,  # `main` looks for it first of all: errors in the arguments are told in it, too
    help="Language of the messages; else the system's.",
)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--case", metavar="ID", help="Case id: letters, digits, dots, hyphens, underscores.")
@click.option("--operator", metavar="NAME", help="Who runs the collection.")
@click.option("--witness", metavar="NAME", help="Who watches it.")
@click.option("--out", metavar="DIR", default=".", help="Existing folder for the bundle, best on a stick.")
@click.option("--since", "since_text", metavar="7d|ISO", default="7d", help="Start of the window of recent files.")
@click.option("--scan", metavar="PATH", multiple=True, help="Look for recent files here only; may be repeated.")
@click.option("--max-size", metavar="SIZE", help="Most that the bundle's artifacts may take, for example 2G.")
@click.option("--max-time", metavar="DURATION", help="Longest that the run may take, for example 15m.")
@click.option("--isolate", is_flag=True, help="Switch the network off once what vanishes first is sealed.")
@_LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would be collected; write nothing.")
@click.version_option(__version__, prog_name="collect")
@click.pass_context
def collect(  # noqa: PLR0917 - one for each option
    context: click.Context,
    case: str | None,
    operator: str | None,
    witness: str | None,
    out: str,
    since_text: str,
    scan: tuple[str, ...],
    max_size: str | None,
    max_time: str | None,
    isolate: bool,  # noqa: FBT001 - click gives flags as arguments
    as_json: bool,  # noqa: FBT001 - the same
    quiet: bool,  # noqa: FBT001 - the same
    yes: bool,  # noqa: FBT001 - the same
    dry_run: bool,  # noqa: FBT001 - the same
) -> None:
    """Preserve the evidence of a ransomware attack on this machine in one sealed folder."""
    if context.invoked_subcommand is not None:
        return
    guided_mode = case is None and not (as_json or quiet or yes or dry_run) and terminal.is_attended()
    if case is None and not guided_mode:
        raise UsageError("no case is given", hint="write for example: collect --case CABINET-1 (see collect --help)")
    from collector.acquisition import Limits, Stop  # noqa: PLC0415 - verify needs none of it
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.model import Case  # noqa: PLC0415 - the same
    from collector.session import Plan, begin  # noqa: PLC0415 - the same
    from collector.ui import cutting  # noqa: PLC0415 - the same

    seen = None
    if case is None:
        from collector.ui import guided  # noqa: PLC0415 - only here

        told = guided.Guide(sys.stdin, sys.stderr).ask(guided.proposed())
        case, operator, seen = told.case, operator or told.operator, told.eyes
    who = Case(case_id(case), said(operator), said(witness))
    limits = Limits(
        seconds=None if max_time is None else duration(max_time),
        size=None if max_size is None else size(max_size),
    )
    host = this_host()
    cut = isolate and cutting.agreed(host, sys.stdin, sys.stderr, asks=not (yes or dry_run))
    plan = Plan(
        case=who,
        out=Path(out),
        since_ns=since(since_text, host.clock.now().utc_ns),
        scan=paths(scan),
        limits=limits,
        arguments=tuple(sys.argv[1:]),
        isolate=cut,
        declined=isolate and not cut,
        eyes=seen,
    )
    if dry_run:
        from collector.sources import SOURCES  # noqa: PLC0415 - only here
        from collector.ui import report  # noqa: PLC0415 - the same

        _print(report.dry_run_text(SOURCES))
        return
    _run(lambda looker, stop: begin(plan, host, looker, stop), Stop(), as_json=as_json, quiet=quiet)


@collect.command("resume")
@click.argument("bundle")
@click.option("--scan", metavar="PATH", multiple=True, help="Look for recent files here only; may be repeated.")
@_LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option("--quiet", is_flag=True, help="No progress.")
def resume_command(bundle: str, scan: tuple[str, ...], *, as_json: bool, quiet: bool) -> None:
    """Go on with a run that was cut short, and seal its bundle."""
    from collector.acquisition import Stop  # noqa: PLC0415 - verify needs none of it
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.session import go_on  # noqa: PLC0415 - the same

    raw = paths(scan)
    host: Host = this_host()
    arguments = tuple(sys.argv[1:])
    _run(
        lambda looker, stop: go_on(Path(bundle), raw, arguments, host, looker, stop),
        Stop(),
        as_json=as_json,
        quiet=quiet,
    )


def _run(work: Callable[[Onlooker, Stop], Result], stop: Stop, *, as_json: bool, quiet: bool) -> None:
    """Do a run: signals close it, progress goes to stderr, and the process ends with its exit code."""
    from collector.ui import as_json as forms  # noqa: PLC0415 - only a run
    from collector.ui import final, progress, terminal  # noqa: PLC0415 - the same

    looker = progress.onlooker(sys.stderr, quiet=quiet)
    _heed_signals(stop)
    try:
        result = work(looker, stop)
    finally:
        looker.close()
    if quiet:
        terminal.show(sys.stderr, final.short(result))
    else:
        final.show(result, sys.stderr)
    if as_json:
        _print(json.dumps(forms.result_json(result)) + "\n")
    _leave(result.exit_code)


def _heed_signals(stop: Stop) -> None:
    """Let signals that end a program leave word in `stop`, so that what runs closes by itself."""

    def on_signal(_number: int, _frame: object) -> None:
        if stop.reason is None:
            stop.reason = "signal"

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:  # nohup
            signal.signal(getattr(signal, name), on_signal)


def _print(text: str) -> None:
    """Write to stdout what was asked for; where nobody takes it, say so, and let the exit code stand."""
    try:
        click.echo(text, nl=False)
        sys.stdout.flush()
    except (OSError, ValueError):
        _unprinted()


def _unprinted() -> None:
    shown.show(CollectorError("the answer could not be written to standard output"), sys.stderr)


def _keep_streams() -> None:
    """Give a closed standard stream the null device: else the next file, the manifest, would take its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - stays open to the end
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the same


def _leave(code: int) -> None:
    """End the process at once: a source that hangs in the system must not hold it."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more
            stream.flush()
    os._exit(code)


@collect.command("verify")
@click.argument("bundles", nargs=-1, required=True)
@click.option("--start-code", metavar="CODE", help="Start code as written down when the run began.")
@click.option("--seal-code", metavar="CODE", help="Seal code as written down at the end.")
@click.option("--kit", metavar="FILE", help="The kit.json of the stick that was used.")
@click.option("--require-anchor", is_flag=True, help="Exit 4 unless something outside the bundle anchors it.")
@_LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def verify_command(
    bundles: tuple[str, ...],
    start_code: str | None,
    seal_code: str | None,
    kit: str | None,
    *,
    require_anchor: bool,
    as_json: bool,
) -> None:
    """Tell whether bundles are what was sealed; changes nothing."""
    from collector.anchors import Trusted  # noqa: PLC0415 - the same
    from collector.ui import as_json as forms  # noqa: PLC0415 - only here
    from collector.ui import report  # noqa: PLC0415 - the same
    from collector.verify import examine  # noqa: PLC0415 - the same

    trusted = Trusted(start_code, seal_code, None if kit is None else kit_nonce(Path(kit)))
    told: list[dict[str, object]] = []
    codes = []
    for bundle in bundles:
        try:
            found = examine(Path(bundle), trusted)
        except NotABundleError as error:  # the others are still verified
            shown.show(error, sys.stderr)
            codes.append(error.exit_code)
            continue
        codes.append(verify_exit(str(found.verdict), require_anchor=require_anchor))
        told.append(forms.report_json(found, Path(bundle)))
        if not as_json:
            _print(report.verify_text(found, Path(bundle)))
    if as_json and told:
        _print(json.dumps(told[0] if len(bundles) == 1 else {"bundles": told}) + "\n")
    _leave(worst_exit(codes))


def kit_nonce(path: Path) -> str:
    """Return the nonce of a kit.json; raises `UsageError` where it has none."""
    from collector import disk  # noqa: PLC0415 - only with --kit

    try:
        kit = json.loads(disk.read_regular(path, 1 << 20))
        nonce = kit["nonce"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            "this is no kit.json with a nonce", hint="give the file from the stick that was used"
        ) from error
    return str(nonce)


def verify_exit(verdict: str, *, require_anchor: bool) -> int:
    """Return the exit code of one verification (design, section 6)."""
    if verdict == "UNANCHORED" and require_anchor:
        return 4
    return {"ALTERED": 1, "INCOMPLETE": 3}.get(verdict, 0)


def worst_exit(codes: list[int]) -> int:
    """Return the worst of several exit codes: 2, then 1, 3, 4."""
    return next((code for code in (2, 1, 3, 4) if code in codes), 0)


@collect.command("isolation")
@click.option("--watch", "watch_text", metavar="DURATION", help="Look on for so long, for example 60s.")
@_LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def isolation_command(watch_text: str | None, *, as_json: bool) -> None:
    """Tell whether this machine is off the network; sends nothing, changes nothing."""
    from collector import isolation  # noqa: PLC0415 - only here
    from collector.acquisition import Stop  # noqa: PLC0415 - the same
    from collector.host import HostError, this_host  # noqa: PLC0415 - the same
    from collector.ui import live, network  # noqa: PLC0415 - the same
    from collector.watching import watch  # noqa: PLC0415 - the same

    seconds = None if watch_text is None else duration(watch_text)
    try:
        if seconds is not None:
            stop = Stop()
            _heed_signals(stop)
            spoken = None if as_json else live.Spoken(sys.stdout)
            watched = watch(this_host(), seconds, spoken or live.silent(), stop)
            if spoken is None:
                _print(json.dumps(live.as_json(watched)) + "\n")
            else:
                spoken.end(watched)
                if spoken.out.gone:
                    _unprinted()
            _leave(isolation.EXIT_CODES[watched.worst])
        verdict = isolation.judge(this_host().link_facts())
    except (HostError, OSError, RuntimeError) as error:  # too few files or threads are to be had, too
        why = error.gap.reason if isinstance(error, HostError) else "the system gives too little to look with"
        raise NotJudgedError(why, hint="look at the cables and the Wi-Fi yourself") from error
    _print(json.dumps(verdict.as_json()) + "\n" if as_json else network.isolation_text(verdict))
    _leave(isolation.EXIT_CODES[verdict.verdict])


@collect.command("note")
@click.argument("bundle")
@click.argument("text")
@_LANG
def note_command(bundle: str, text: str) -> None:
    """Add a note to a sealed bundle."""
    from collector import custody, tool  # noqa: PLC0415 - only here
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.ui import added  # noqa: PLC0415 - the same

    host = this_host()
    with _refused():
        custody.note(Path(bundle), text, host.clock, dict(tool.identity(host.privileges())))
    _print(added.note_text() + "\n")


@collect.command("attach")
@click.argument("bundle")
@click.argument("file")
@click.option("--text", metavar="TEXT", help="What the file is.")
@_LANG
def attach_command(bundle: str, file: str, text: str | None) -> None:
    """Copy a file (a phone photograph, an e-mail) into a sealed bundle."""
    from collector import custody, tool  # noqa: PLC0415 - only here
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.ui import added  # noqa: PLC0415 - the same

    host = this_host()
    with _refused():
        record = custody.attach(Path(bundle), Path(file), text, host.clock, dict(tool.identity(host.privileges())))
    _print(added.attachment_text(record) + "\n")


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    """Turn what stops a run into a refusal: exit 3 would say that the bundle is not closed."""
    try:
        yield
    except (DiskFullError, WriteError) as error:
        hint = "nothing that was sealed is touched; make room, or copy the bundle to a stick that can be written"
        raise RefusedError(str(error), hint=hint) from error


def main() -> None:
    """Run the command line; ends the process with the promised exit code."""
    _keep_streams()
    messages.install(messages.asked(sys.argv[1:]))
    try:
        collect.main(prog_name="collect", standalone_mode=False)
    except CollectorError as error:
        shown.show(error, sys.stderr)
        _leave(error.exit_code)
    except click.exceptions.Exit as left:
        sys.exit(left.exit_code)
    except click.ClickException as error:
        shown.show(UsageError(error.format_message(), hint="collect --help lists what there is"), sys.stderr)
        sys.exit(UsageError.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)  # before a run has begun: as a shell reports an interrupt
    except BrokenPipeError:
        _leave(1)
    except Exception as error:  # noqa: BLE001 - a mistake of ours: a victim is told what to do, not shown a traceback
        shown.show_crash(error, sys.stderr)
        _leave(1)


if __name__ == "__main__":
    main()
