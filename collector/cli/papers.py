"""`collect slip` and `collect dossier`: papers that are made from a verified bundle."""

from __future__ import annotations

import json
from pathlib import Path

import click

from collector.cli.packing import key_file
from collector.cli.process import LANG, leave, orderly, say
from collector.ui.messages import _, language


@click.command("slip")
@click.argument("bundle")
@click.option("--out", metavar="DIR", required=True, help="Existing folder for the papers, outside the bundle.")
@click.option("--seal-code", metavar="CODE", help="Seal code from the paper, compared as `verify` does.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def slip_command(bundle: str, out: str, seal_code: str | None, *, as_json: bool) -> None:
    """Make the hand-over slip of a sealed bundle, to be printed: PDF and HTML; every byte is checked before."""
    from collector.anchors import Trusted  # noqa: PLC0415 - only here
    from collector.handover import slip  # noqa: PLC0415 - the same
    from collector.ui import terminal  # noqa: PLC0415 - the same
    from collector.ui.as_json import path_json  # noqa: PLC0415 - the same
    from collector.verify import verify_bundle  # noqa: PLC0415 - the same

    verified = verify_bundle(Path(bundle), Trusted(seal_code=seal_code))
    pdf, html = slip.write(verified, Path(out), language())
    if as_json:
        told = {"bundle": verified.path, "pdf": pdf, "html": html}
        say(json.dumps({name: path_json(path) for name, path in told.items()}) + "\n")
        return
    lines = [_("The hand-over slip is ready to be printed:")]
    for path in (pdf, html):
        lines += terminal.fold_path(str(path), terminal.WIDTH - 1)
    lines += terminal.fold(
        _("Fill in the empty boxes by hand and sign it. It goes with the stick."), terminal.WIDTH - 1
    )
    say("\n".join(lines) + "\n")


@click.command("dossier")
@click.argument("bundle")
@click.option("--out", metavar="DIR", required=True, help="Folder for the papers, outside the bundle; made if new.")
@click.option(
    "--identity", metavar="KEYFILE", help="age identity file of the practice, for an encrypted bundle; - types it."
)
@click.option("--seal-code", metavar="CODE", help="Seal code from the paper, compared as `verify` does.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def dossier_command(
    bundle: str, out: str, identity: str | None, seal_code: str | None, *, as_json: bool
) -> None:
    """Make the dossier for police, insurer, CNIL and ARS, with the letter of complaint: PDF and HTML, to be printed."""
    from collector import papers  # noqa: PLC0415 - only here
    from collector.anchors import Trusted  # noqa: PLC0415 - the same
    from collector.handover import dossier, keys  # noqa: PLC0415 - the same
    from collector.ui import bound  # noqa: PLC0415 - the same
    from collector.verify import verify_bundle  # noqa: PLC0415 - the same

    papers.refuse_parent(Path(out), "--out")  # before a key is asked for
    identities = [] if identity is None else keys.identities(key_file(identity))
    with orderly():
        verified = verify_bundle(Path(bundle), Trusted(seal_code=seal_code))
        with papers.folder(Path(out), "--out"):
            made = dossier.write(verified, Path(out), language(), identities)
    say(json.dumps(bound.made_json(verified, made)) + "\n" if as_json else bound.made_text(made))
    leave(3 if made.incomplete else 0)
