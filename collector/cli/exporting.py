"""`collect export`: files for experts' tools, made from verified bundles."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.cli.packing import key_file
from collector.cli.process import LANG, leave, orderly, say
from collector.cli.verifying import worst_exit
from collector.errors import CollectorError
from collector.ui import errors as shown_errors

if TYPE_CHECKING:
    from collector.verify import VerifiedBundle

_FORMATS = ("csv", "bodyfile", "timesketch", "dissect", "iris", "misp", "case")


@click.command("export")
@click.argument("bundles", nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(_FORMATS), required=True, help="What to make.")
@click.option("--out", metavar="PATH", required=True, help="New file or folder; or an existing folder to make it in.")
@click.option("--identity", metavar="KEYFILE", help="age identity file, for encrypted bundles; - reads standard input.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def export_command(bundles: tuple[str, ...], form: str, out: str, identity: str | None, *, as_json: bool) -> None:
    """Make files for experts' tools from the bundles of one case; every byte is checked before."""
    from collector.cli import together  # noqa: PLC0415 - only here
    from collector.handover import keys  # noqa: PLC0415 - the same
    from collector.handover.export import export  # noqa: PLC0415 - the same
    from collector.ui import exported as shown  # noqa: PLC0415 - the same
    from collector.verify import verify_bundle  # noqa: PLC0415 - the same

    identities = [] if identity is None else keys.identities(key_file(identity))
    with orderly():
        verified: list[VerifiedBundle] = []
        codes = []
        for path, found in together.each([Path(bundle) for bundle in bundles], verify_bundle):
            if not isinstance(found, CollectorError):
                verified.append(found)
            elif len(bundles) == 1:
                raise found
            else:  # whoever gave thirty is told of each that can't be exported
                shown_errors.show(found, sys.stderr, place=path)
                codes.append(found.exit_code)
        if codes:
            leave(worst_exit(codes))
        done = export(verified, form, Path(out), identities)
    say(json.dumps(shown.exported_json(done)) + "\n" if as_json else shown.exported_text(done))
    leave(3 if done.incomplete else 0)
