"""`collect verify`: arguments and exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from collector.cli.process import LANG, leave, say
from collector.errors import NotABundleError, UsageError
from collector.ui import errors as shown


@click.command("verify")
@click.argument("bundles", nargs=-1, required=True)
@click.option("--start-code", metavar="CODE", help="Start code as written down when the run began.")
@click.option("--seal-code", metavar="CODE", help="Seal code as written down at the end.")
@click.option("--kit", metavar="FILE", help="The kit.json of the stick that was used.")
@click.option("--require-anchor", is_flag=True, help="Exit 4 unless something outside the bundle anchors it.")
@LANG
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
            say(report.verify_text(found, Path(bundle)))
    if as_json and told:
        say(json.dumps(told[0] if len(bundles) == 1 else {"bundles": told}) + "\n")
    leave(worst_exit(codes))


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
