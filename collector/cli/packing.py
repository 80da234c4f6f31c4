"""The hand-over file: `collect pack`, `collect open`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.arguments import size
from collector.cli.process import LANG, leads_anywhere, leave, orderly, say
from collector.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from typing import TextIO

    from collector.handover.packing import Packed


@click.command("pack")
@click.argument("bundle")
@click.option("--recipient", "recipients", metavar="AGE", multiple=True, help="Who may open it (age1…); repeatable.")
@click.option("--out", metavar="DIR", help="Existing folder for the file; else beside the bundle.")
@click.option("--split", metavar="SIZE", help="Largest size of one file, for example 2G; FAT32 splits by itself.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def pack_command(
    bundle: str, recipients: tuple[str, ...], out: str | None, split: str | None, *, as_json: bool
) -> None:
    """Make one encrypted file of a sealed bundle, to hand over."""
    from collector import papers  # noqa: PLC0415 - only here
    from collector.handover.packing import pack  # noqa: PLC0415 - the same
    from collector.verify import verify_unhashed  # noqa: PLC0415 - the same

    limit = None if split is None else size(split)
    folder = None if out is None else Path(out)
    if folder is not None:
        papers.refuse_folder(folder, "--out")
    with orderly():
        pack(verify_unhashed(Path(bundle)), recipients, folder, limit, _told_as_json if as_json else _told)
    leave(0)  # else Python would try once more to write to a stream that took nothing, and end with a code of its own


def _told_as_json(done: Packed) -> None:
    """Print the object, which holds the practice's key if there is a new one; raises `RefusedError`."""
    from collector.ui import packed as shown  # noqa: PLC0415 - only here

    if not say(json.dumps(shown.packed_json(done)) + "\n"):
        _show_key(done, sys.stderr)


def _told(done: Packed) -> None:
    """Tell what was made, and show the practice's key apart from it if there is a new one; raises `RefusedError`."""
    from collector.ui import packed as shown  # noqa: PLC0415 - only here

    say(shown.packed_text(done))
    _show_key(done, sys.stderr, sys.stdout)


def _show_key(done: Packed, *streams: TextIO) -> None:
    """Show a new practice key on the first stream that takes it; raises `RefusedError` where none does."""
    from collector.ui import packed as shown  # noqa: PLC0415 - only here

    secret = done.practice_identity
    if secret is None or any(leads_anywhere(one) and shown.show_identity(secret, one) for one in streams):
        return
    raise RefusedError(
        "the practice's own key could not be shown anywhere, and without it no hand-over file is kept",
        hint="pack again where the key can be read: on a screen, or with --json into a program that keeps it",
    )


@click.command("open")
@click.argument("file")
@click.option("--identity", metavar="KEYFILE", required=True, help="age identity file; - reads it from standard input.")
@click.option("--out", metavar="DIR", required=True, help="Existing folder; the bundle becomes a new folder in it.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def open_command(file: str, identity: str, out: str, *, as_json: bool) -> None:
    """Open a hand-over file: decrypt, unpack and verify it."""
    from collector import papers  # noqa: PLC0415 - only here
    from collector.handover import keys  # noqa: PLC0415 - the same
    from collector.handover.opening import open_file, remains  # noqa: PLC0415 - the same
    from collector.ui import packed as shown  # noqa: PLC0415 - the same
    from collector.ui import terminal  # noqa: PLC0415 - the same

    papers.refuse_folder(Path(out), "--out")
    for left in remains(Path(out)):
        terminal.show(sys.stderr, shown.remains_text(left))
    with orderly():
        found = open_file(Path(file), keys.identities(key_file(identity)), Path(out))
    say(json.dumps(shown.opened_json(found)) + "\n" if as_json else shown.opened_text(found))
    leave(3 if found.report.verdict == "INCOMPLETE" else 0)


def key_file(name: str) -> bytes:
    """Return what an identity file holds, a byte more than it may at most; raises `UsageError`.

    `-` is the standard input: where that is a terminal, a person is asked for one line.
    """
    from collector import disk  # noqa: PLC0415 - only here
    from collector.handover.keys import MAX_KEYFILE  # noqa: PLC0415 - the same
    from collector.ui import reading_key, terminal, typed  # noqa: PLC0415 - the same

    if name == "-" and terminal.is_attended():
        try:
            return reading_key.asked(sys.stdin, sys.stderr).encode()
        except typed.Gone as error:
            raise UsageError("no key was typed", hint="type it from the paper, then Enter") from error
    try:
        if name == "-":
            return sys.stdin.buffer.read(MAX_KEYFILE + 1)
        return disk.read_regular(Path(name), MAX_KEYFILE)
    except OSError as error:
        what = os.strerror(error.errno or 0)
        hint = "give a file with a line AGE-SECRET-KEY-1…, or - to type it"
        raise UsageError(f"the identity file can't be read: {what}", hint=hint) from error
