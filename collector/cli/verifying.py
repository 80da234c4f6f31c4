"""`collect verify`: arguments and exit codes."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from collector.cli.process import LANG, leave, orderly, say
from collector.errors import CollectorError, NotABundleError, UsageError
from collector.kit import nonce_of
from collector.ui import errors as shown

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from collector.sequence import Link, Twins
    from collector.verify import Report


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
    from collector import sequence  # noqa: PLC0415 - only here
    from collector.anchors import Trusted  # noqa: PLC0415 - only here
    from collector.cli import together  # noqa: PLC0415 - the same
    from collector.ui import report  # noqa: PLC0415 - the same
    from collector.verify import examine  # noqa: PLC0415 - the same

    _refuse_codes(len(bundles), start_code, seal_code)
    trusted = Trusted(
        start_code,
        seal_code,
        None if kit is None else nonce_of(Path(kit)),
        expert_keys=keys_from(expert_keys),  # none from the kit: it lies on the stick, with the bundle
        tsa_roots=roots_from(tsa_roots),
    )
    told: list[_Told] = []
    codes = []
    with orderly():
        for path, found in together.each([Path(bundle) for bundle in bundles], lambda path: examine(path, trusted)):
            if isinstance(found, NotABundleError):  # the others are still verified
                shown.show(found, sys.stderr, place=None if len(bundles) == 1 else path)
                codes.append(found.exit_code)
            elif isinstance(found, CollectorError):  # a code that is none: the same for all of them
                raise found
            else:
                codes.append(verify_exit(str(found.verdict), require_anchor=require_anchor))
                if not as_json:
                    say(("\n" if told else "") + report.verify_text(found, path))
            told.append(_Told(path, found, codes[-1]))
        links = _links(told, codes) if len(bundles) > 1 else []
    if len(bundles) > 1:
        twins = sequence.twins(_reports(told))
        say(_json(told, links, twins) if as_json else _text(told, links, twins))
    elif as_json and not isinstance(told[0].found, NotABundleError):  # which was said as an error
        say(json.dumps(told[0].json()) + "\n")
    leave(worst_exit(codes))


class _Told(NamedTuple):
    """One folder, what came of it, and the exit code of that."""

    path: Path
    found: Report | NotABundleError
    code: int

    def json(self) -> dict[str, object]:
        """Return its entry among several, which is the whole answer where it is alone."""
        from collector.ui import as_json  # noqa: PLC0415 - only with --json

        if isinstance(self.found, NotABundleError):
            return as_json.refused_json(self.found, self.path)
        return as_json.report_json(self.found, self.path)


def _json(told: list[_Told], links: list[Link], twins: list[Twins]) -> str:
    """Return what is said of several bundles to a program: an entry for each folder that was given."""
    from collector.ui import linked  # noqa: PLC0415 - only of several bundles

    said = {
        "bundles": [one.json() for one in told],
        "links": linked.links_json(links),
        "twins": linked.twins_json(twins),
    }
    return json.dumps(said) + "\n"


def _text(told: list[_Told], links: list[Link], twins: list[Twins]) -> str:
    """Return what is said of several bundles after each one's own lines."""
    from collector.ui import linked  # noqa: PLC0415 - only of several bundles
    from collector.ui.summary import One, summary_text  # noqa: PLC0415 - the same

    ones = [
        One(path, None if isinstance(found, NotABundleError) else found.verdict.value, good=code == 0)
        for path, found, code in told
    ]
    texts = [*map(linked.link_text, links), *map(linked.twins_text, twins), summary_text(ones)]
    return "".join("\n" + text for text in texts)


def _reports(told: list[_Told]) -> list[tuple[Path, Report]]:
    return [(one.path, one.found) for one in told if not isinstance(one.found, NotABundleError)]


def _refuse_codes(count: int, *codes: str | None) -> None:
    """Refuse a code for several bundles: each but one would be called altered."""
    if count > 1 and any(code is not None for code in codes):
        hint = "verify that bundle alone with its code, then all of them without"
        raise UsageError("a code is that of one bundle", hint=hint)


def _links(told: list[_Told], codes: list[int]) -> list[Link]:
    """Return how the bundles go on from one another, and add the exit code of what that shows."""
    from collector import sequence  # noqa: PLC0415 - only of several bundles
    from collector.findings import Verdict  # noqa: PLC0415 - the same

    unaltered = [path for path, report in _reports(told) if report.verdict is not Verdict.ALTERED]
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
            text = disk.read_regular(Path(name), 1 << 20).decode("utf-8-sig", "replace")
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
