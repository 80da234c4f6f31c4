"""`collect verify`: arguments and exit codes."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.cli.process import LANG, leave, orderly, say
from collector.errors import CollectorError, NotABundleError, UsageError
from collector.kit import nonce_of
from collector.ui import errors as shown

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from collector.sequence import Link


@click.command("verify")
@click.argument("bundles", nargs=-1, required=True)
@click.option("--start-code", metavar="CODE", help="Start code as written down when the run began.")
@click.option("--seal-code", metavar="CODE", help="Seal code as written down at the end.")
@click.option("--kit", metavar="FILE", help="The kit.json of the stick that was used.")
@click.option("--expert-key", "expert_keys", metavar="PUB", multiple=True, help="Public SSH key of who receipted it.")
@click.option("--tsa-root", "tsa_roots", metavar="PEM", multiple=True, help="Root certificate of a timestamp service.")
@click.option("--require-anchor", is_flag=True, help="Exit 4 unless something outside the bundle anchors it.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def verify_command(
    bundles: tuple[str, ...],
    start_code: str | None,
    seal_code: str | None,
    kit: str | None,
    expert_keys: tuple[str, ...],
    tsa_roots: tuple[str, ...],
    *,
    require_anchor: bool,
    as_json: bool,
) -> None:
    """Tell whether bundles are what was sealed; changes nothing."""
    from collector.anchors import Trusted  # noqa: PLC0415 - only here
    from collector.cli import together  # noqa: PLC0415 - the same
    from collector.findings import Verdict  # noqa: PLC0415 - the same
    from collector.ui import as_json as forms  # noqa: PLC0415 - the same
    from collector.ui import linked, report  # noqa: PLC0415 - the same
    from collector.ui.summary import One, summary_text  # noqa: PLC0415 - the same
    from collector.verify import examine  # noqa: PLC0415 - the same

    _refuse_codes(len(bundles), start_code, seal_code)
    trusted = Trusted(
        start_code,
        seal_code,
        None if kit is None else nonce_of(Path(kit)),
        expert_keys=keys_from(expert_keys),  # none from the kit: it lies on the stick, with the bundle
        tsa_roots=roots_from(tsa_roots),
    )
    told: list[dict[str, object]] = []
    ones: list[One] = []
    unaltered = []
    codes = []
    with orderly():
        for path, found in together.each([Path(bundle) for bundle in bundles], lambda path: examine(path, trusted)):
            if isinstance(found, NotABundleError):  # the others are still verified
                shown.show(found, sys.stderr, place=None if len(bundles) == 1 else path)
                codes.append(found.exit_code)
                ones.append(One(path, None, good=False))
                continue
            if isinstance(found, CollectorError):  # a code that is none: the same for all of them
                raise found
            codes.append(verify_exit(str(found.verdict), require_anchor=require_anchor))
            ones.append(One(path, found.verdict.value, good=codes[-1] == 0))
            told.append(forms.report_json(found, path))
            if found.verdict is not Verdict.ALTERED:
                unaltered.append(path)
            if not as_json:
                say(("\n" if len(ones) > 1 else "") + report.verify_text(found, path))
        links = _links(unaltered, codes) if len(bundles) > 1 else []
    if not as_json:
        for link in links:
            say("\n" + linked.link_text(link))
        if len(bundles) > 1:
            say("\n" + summary_text(ones))
    elif told:
        said = told[0] if len(bundles) == 1 else {"bundles": told, "links": linked.links_json(links)}
        say(json.dumps(said) + "\n")
    leave(worst_exit(codes))


def _refuse_codes(count: int, *codes: str | None) -> None:
    """Refuse a code for several bundles: each but one would be called altered."""
    if count > 1 and any(code is not None for code in codes):
        hint = "verify that bundle alone with its code, then all of them without"
        raise UsageError("a code is that of one bundle", hint=hint)


def _links(unaltered: list[Path], codes: list[int]) -> list[Link]:
    """Return how the bundles go on from one another, and add the exit code of what that shows."""
    from collector import sequence  # noqa: PLC0415 - only of several bundles

    try:
        links = sequence.links(unaltered)
    except NotABundleError as error:  # a stick that was taken out since: the verdicts stand
        shown.show(error, sys.stderr)
        codes.append(error.exit_code)
        return []
    codes += [1 for link in links if link.joint is sequence.Joint.DIFFERENT]
    return links


def keys_from(files: tuple[str, ...]) -> tuple[str, ...]:
    """Return the public keys of some files, each line one; raises `UsageError` for a file without any."""
    from collector import countersign, disk  # noqa: PLC0415 - only with --expert-key

    keys: list[str] = []
    for name in files:
        try:
            text = disk.read_regular(Path(name), 1 << 20).decode("utf-8", "replace")
        except OSError as error:
            reason = "it is no regular file" if error.errno in (None, errno.ENXIO) else os.strerror(error.errno)
            raise UsageError(f"the key can't be read: {reason}", hint="give the .pub file of the expert") from error
        lines = [line for line in map(str.strip, text.split("\n")) if line and not line.startswith("#")]
        keys += [countersign.public_key(line) for line in lines or [""]]
    return tuple(keys)


def roots_from(files: tuple[str, ...]) -> tuple[Certificate, ...]:
    """Return the certificates of some PEM files; raises `UsageError` for a file without any."""
    if not files:
        return ()
    from collector import timestamp  # noqa: PLC0415 - only with --tsa-root

    return timestamp.roots_from([Path(name) for name in files])


def verify_exit(verdict: str, *, require_anchor: bool) -> int:
    """Return the exit code of one verification (design, section 6)."""
    if verdict == "UNANCHORED" and require_anchor:
        return 4
    return {"ALTERED": 1, "INCOMPLETE": 3}.get(verdict, 0)


def worst_exit(codes: list[int]) -> int:
    """Return the worst of several exit codes: 2, then 1, 3, 4."""
    return next((code for code in (2, 1, 3, 4) if code in codes), 0)
