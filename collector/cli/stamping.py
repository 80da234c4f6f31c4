"""`collect timestamp request` and `import`: arguments and exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from collector.cli.after import refused
from collector.cli.process import LANG, say
from collector.errors import DiskFullError, RefusedError, WriteError


@click.group("timestamp")
def timestamp_group() -> None:
    """Tie a sealed bundle to a date with a timestamp (RFC 3161); sends nothing."""


@timestamp_group.command("request")
@click.argument("bundle")
@click.option("--out", metavar="DIR", help="Existing folder for the request; else beside the bundle.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def request_command(bundle: str, out: str | None, *, as_json: bool) -> None:
    """Write a request that another device sends to a timestamp authority."""
    from collector import layout, papers, stamps, tool  # noqa: PLC0415 - only here
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.ui import stamped  # noqa: PLC0415 - the same
    from collector.ui.as_json import path_json  # noqa: PLC0415 - the same
    from collector.ui.terminal import Terminal  # noqa: PLC0415 - the same

    host = this_host()
    folder = Path(bundle).resolve()
    name = layout.safe_name(folder.name, 200)
    file = (folder.parent if out is None else Path(out)) / f"{name}.tsq"
    picture = file.with_name(file.name + ".png")
    papers.refuse_folder(file.parent, "--out")
    if not papers.is_free(file, picture):
        raise RefusedError("a request of this bundle stands in that folder already", hint="name another with --out")
    with refused():
        asked = stamps.ask(folder, host.clock, dict(tool.identity(host.privileges())))
    try:
        papers.put({file: asked.request, picture: stamped.request_picture(asked)})
    except (DiskFullError, WriteError) as error:
        hint = "name another folder with --out; a new request is made then"
        raise RefusedError("the request is recorded, but its file could not be written", hint=hint) from error
    if as_json:
        told = {
            "bundle": path_json(folder),
            "request": asked.stored["path"],
            "file": path_json(file),
            "picture": path_json(picture),
            "sha256": asked.sha256,
            "base64": stamped.request_code(asked),
        }
        say(json.dumps(told) + "\n")
        return
    say(stamped.asked_text(asked, file, picture))
    stamped.show_code(asked, Terminal(sys.stdout))


@timestamp_group.command("import")
@click.argument("bundle")
@click.argument("file")
@click.option("--tsa-root", "roots", metavar="PEM", multiple=True, help="Root certificate of the authority.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def import_command(bundle: str, file: str, roots: tuple[str, ...], *, as_json: bool) -> None:
    """Check an authority's reply, offline, and keep it with the bundle."""
    from collector import stamps, timestamp, tool  # noqa: PLC0415 - only here
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.ui import stamped  # noqa: PLC0415 - the same
    from collector.ui.as_json import path_json  # noqa: PLC0415 - the same

    trusted = timestamp.roots_from([Path(root) for root in roots])
    host = this_host()
    with refused():
        taken = stamps.take_in(Path(bundle), Path(file), trusted, host.clock, dict(tool.identity(host.privileges())))
    if not as_json:
        say(stamped.taken_text(taken))
        return
    told = {
        "bundle": path_json(Path(bundle)),
        "timestamp": taken.stored["path"],
        "time": taken.stamp.time,
        "authority": taken.stamp.authority,
        "serial": taken.stamp.serial,
        "nonce": taken.stamp.nonce,
        "by": taken.stamp.by,
        "clock_is_behind": taken.clock_is_behind,
    }
    say(json.dumps(told) + "\n")
