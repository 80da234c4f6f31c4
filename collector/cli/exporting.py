"""`collect export`: files for experts' tools, made from verified bundles."""

from __future__ import annotations

import json
from pathlib import Path

import click

from collector.cli.packing import key_file
from collector.cli.process import LANG, leave, orderly, say

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
    from collector.handover import keys  # noqa: PLC0415 - only here
    from collector.handover.export import export  # noqa: PLC0415 - the same
    from collector.ui import exported as shown  # noqa: PLC0415 - the same
    from collector.verify import verify_bundle  # noqa: PLC0415 - the same

    identities = [] if identity is None else keys.identities(key_file(identity))
    with orderly():
        verified = [verify_bundle(Path(bundle)) for bundle in bundles]
        done = export(verified, form, Path(out), identities)
    say(json.dumps(shown.exported_json(done)) + "\n" if as_json else shown.exported_text(done))
    leave(3 if done.incomplete else 0)
