"""`collect picture`: look at the pictures of a bundle, and make a blurred copy that may be handed on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.cli.packing import key_file
from collector.cli.process import LANG, leave, orderly, say
from collector.errors import UsageError
from collector.ui.messages import _

if TYPE_CHECKING:
    from collector.handover.picture import Box
    from collector.handover.pictures import Shown


@click.command("picture")
@click.argument("bundle")
@click.argument("number", required=False)
@click.option("--out", metavar="PATH", help="New file, or an existing folder to make it in; outside the bundle.")
@click.option("--blur", is_flag=True, help="A copy of coarse squares: what can be read on it is what --keep leaves.")
@click.option("--keep", metavar="X,Y,W,H", multiple=True, help="Leave a rectangle readable, in pixels; repeatable.")
@click.option("--identity", metavar="KEYFILE", help="age identity file, for encrypted bundles; - reads standard input.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def picture_command(
    bundle: str,
    number: str | None,
    out: str | None,
    blur: bool,  # noqa: FBT001 - click gives flags as arguments
    keep: tuple[str, ...],
    identity: str | None,
    as_json: bool,  # noqa: FBT001 - the same
) -> None:
    """List the pictures of a bundle, or write one of them to look at; every byte is checked before."""
    from collector.handover import keys, pictures  # noqa: PLC0415 - only here
    from collector.ui import terminal  # noqa: PLC0415 - the same
    from collector.ui.as_json import path_json  # noqa: PLC0415 - the same
    from collector.verify import verify_bundle  # noqa: PLC0415 - the same

    boxes = _boxes(keep)
    if keep and not blur:
        raise UsageError("--keep says what of a blurred copy stays readable", hint="add --blur")
    if number is not None and out is None:
        raise UsageError("no place is given for the picture", hint="give a new file with --out, outside the bundle")
    identities = [] if identity is None else keys.identities(key_file(identity))
    with orderly():
        verified = verify_bundle(Path(bundle))
        if number is None or out is None:
            _list(pictures.found(verified), as_json=as_json)
            leave(0)
        shown = pictures.named(verified, number)
        path = pictures.write(verified, shown, Path(out), identities, blur=blur, keep=boxes)
    if as_json:
        told = {"bundle": path_json(verified.path), "exhibit": shown.exhibit, "out": path_json(path), "blurred": blur}
        say(json.dumps(told) + "\n")
        leave(0)
    width = terminal.WIDTH - 1
    lines = terminal.fold(_("The blurred copy is made:") if blur else _("The picture is written:"), width)
    lines += terminal.fold_path(str(path), width, "  ")
    if blur:
        lines += terminal.fold(_("Look at it before you hand it on. The picture in the evidence is unchanged."), width)
    else:
        lines += terminal.fold(_("It may show data of patients: delete it once you have looked at it."), width)
        lines += terminal.fold(_("With --blur a copy is made that may be handed on."), width)
    say("\n".join(lines) + "\n")


def _boxes(given: tuple[str, ...]) -> list[Box]:
    """Return the rectangles that stay readable; raises `UsageError`."""
    from collector.handover.picture import MAX_KEPT, Box  # noqa: PLC0415 - only here

    if len(given) > MAX_KEPT:
        raise UsageError(f"{len(given)} rectangles are too many", hint=f"{MAX_KEPT} are allowed")
    found = []
    for text in given:
        match = re.fullmatch(r"([0-9]{1,5}),([0-9]{1,5}),([0-9]{1,5}),([0-9]{1,5})", text.replace(" ", ""))
        if match is None:
            raise UsageError("this is no rectangle", hint="write --keep X,Y,WIDTH,HEIGHT, for example 0,0,800,600")
        found.append(Box(*map(int, match.groups())))
    return found


def _list(found: list[Shown], *, as_json: bool) -> None:
    if as_json:
        listed = [{"exhibit": one.exhibit, "path": one.stored.path, "size": one.stored.size} for one in found]
        say(json.dumps({"pictures": listed}) + "\n")
    elif not found:
        say(_("The bundle holds no picture.") + "\n")
    else:
        say("".join(f"{one.exhibit:>6}  {one.stored.path}  {one.stored.size}\n" for one in found))
