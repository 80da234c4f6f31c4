"""What is added after the seal, and shown of it: `collect note`, `attach`, `journal`, `handover`, `receive`."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.arguments import entry_number, seen_at
from collector.cli.process import LANG, say
from collector.errors import DiskFullError, RefusedError, WriteError
from collector.ui import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collector.anchors import Trusted
    from collector.custody import HandOver
    from collector.entries import Told
    from collector.manifest import Record
    from collector.model import Clock, Json
    from collector.verify import VerifiedBundle


def _entry(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of an entry of the main courante."""
    for option in reversed(
        (
            click.option("--observed", metavar="TIME", help="When it was seen, in Paris time; left out: not known."),
            click.option("--by", metavar="NAME", help="Who says so."),
            click.option("--corrects", metavar="NUMBER", help="The entry that this one corrects; it stays as it is."),
            LANG,
            click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output."),
        )
    ):
        command = option(command)
    return command


def _said(observed: str | None, by: str | None, corrects: str | None) -> Told:
    from collector.entries import Told  # noqa: PLC0415 - only here

    return Told(seen_at(observed), by, entry_number(corrects))


@click.command("note")
@click.argument("bundle")
@click.argument("text")
@_entry
def note_command(bundle: str, text: str, *, as_json: bool, **said: str | None) -> None:
    """Add a note to the main courante of a sealed bundle."""
    from collector import custody, tool  # noqa: PLC0415 - only here
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.ui import added  # noqa: PLC0415 - the same

    host, told, path = this_host(), _said(**said), Path(bundle)
    with refused():
        record = custody.note(path, text, host.clock, dict(tool.identity(host.privileges())), told)
    if as_json:
        say(json.dumps(added.note_json(path, record, told)) + "\n")
    else:
        say(added.note_text(int(str(record["number"])), told, host.clock.now().utc_ns))


@click.command("attach")
@click.argument("bundle")
@click.argument("files", nargs=-1, required=True)
@click.option("--text", metavar="TEXT", help="What the file is.")
@_entry
def attach_command(
    bundle: str, files: tuple[str, ...], text: str | None, *, as_json: bool, **said: str | None
) -> None:
    """Copy files (phone photographs, e-mails, invoices) into a sealed bundle, each as an entry of its own."""
    from collector import custody, entries, tool  # noqa: PLC0415 - only here
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.ui import added  # noqa: PLC0415 - the same

    host, told, path = this_host(), _said(**said), Path(bundle)
    for file in files:  # before anything is copied
        os.close(entries.attachable(Path(file)))
    identity: Record = dict(tool.identity(host.privileges()))
    done: list[Record] = []
    try:
        for file in files:
            with refused():
                record = custody.attach(path, Path(file), text, host.clock, identity, told)
            record["again"] = [*record["again"], *_same(record, done)]  # type: ignore[misc]
            done.append(record)
            if not as_json:
                say(added.attachment_text(record, told, host.clock.now().utc_ns))
    finally:
        if as_json and done:
            say(json.dumps(added.attachments_json(path, done, told)) + "\n")


def _same(record: Record, done: list[Record]) -> list[Json]:
    """Return the numbers of what was attached just now with the same content: encrypted, nothing else could tell."""
    content = record["content_sha256"]
    return [] if content is None else [one["number"] for one in done if one["content_sha256"] == content]


@click.command("journal")
@click.argument("bundle")
@click.option("--identity", metavar="KEYFILE", help="age identity file, for encrypted bundles; - reads standard input.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def journal_command(bundle: str, identity: str | None, *, as_json: bool) -> None:
    """Show the main courante of a sealed bundle: all that was said and added, in order; writes nothing."""
    from collector import custody  # noqa: PLC0415 - only here
    from collector.cli.packing import key_file  # noqa: PLC0415 - the same
    from collector.handover import keys  # noqa: PLC0415 - the same
    from collector.ui import journaled  # noqa: PLC0415 - the same

    identities = [] if identity is None else keys.identities(key_file(identity))
    path = Path(bundle)
    found = custody.journal_of(path, identities)
    say(json.dumps(journaled.journal_json(path, found)) + "\n" if as_json else journaled.journal_text(found))


def _told(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that tell of a hand-over."""
    for option in reversed(
        (
            click.option("--by", metavar="NAME", help="Who gives it; else who got it last."),
            click.option("--role", metavar="TEXT", help="In what capacity it is received: courier, expert, police."),
            click.option("--reason", metavar="TEXT", help="What for."),
            click.option("--place", metavar="TEXT", help="Where."),
            click.option("--condition", metavar="TEXT", help="State of the stick or envelope, and its number."),
            click.option("--seal-code", metavar="CODE", help="Seal code from the paper, compared as `verify` does."),
            click.option("--slip", "slip_out", metavar="DIR", help="Also make the slip to be printed, in this folder."),
            LANG,
            click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output."),
        )
    ):
        command = option(command)
    return command


@click.command("handover")
@click.argument("bundle")
@click.option("--to", metavar="NAME", required=True, help="Who gets it.")
@_told
def handover_command(bundle: str, to: str, **options: Any) -> None:
    """Record that a sealed bundle is given to somebody; every byte is checked before and after."""
    from collector import custody  # noqa: PLC0415 - only here

    _handed(bundle, to, custody.hand_over, **options)


@click.command("receive")
@click.argument("bundle")
@click.option("--key", metavar="SSHKEY", required=True, help="Your private SSH key, or its .pub with an agent.")
@click.option("--name", metavar="NAME", help="Your name; else the one that the last hand-over names.")
@_told
def receive_command(bundle: str, key: str, name: str | None, **options: Any) -> None:
    """Record that you got a sealed bundle, and countersign it; every byte is checked before and after."""
    from collector import custody, signing  # noqa: PLC0415 - only here

    def received(
        path: Path, said: HandOver, clock: Clock, tool: Record, trusted: Trusted | None = None
    ) -> VerifiedBundle:
        return custody.receive(path, said, lambda message: signing.signed(message, Path(key)), clock, tool, trusted)

    _handed(bundle, name or "", received, **options)


def _handed(
    bundle: str,
    to: str,
    act: Callable[..., VerifiedBundle],
    *,
    seal_code: str | None,
    slip_out: str | None,
    as_json: bool,
    **said: str | None,
) -> None:
    from collector import custody, papers, tool  # noqa: PLC0415 - only here
    from collector.anchors import Trusted  # noqa: PLC0415 - the same
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.ui import added  # noqa: PLC0415 - the same

    host = this_host()
    slips: tuple[Path, ...] = ()
    if slip_out is not None:  # before anything is recorded
        papers.refuse_folder(Path(slip_out), "--slip")
    with refused():
        identity = dict(tool.identity(host.privileges()))
        told = custody.HandOver(to=to, **said)
        after = act(Path(bundle), told, host.clock, identity, Trusted(seal_code=seal_code))
    if slip_out is not None:
        slips = _slip(after, Path(slip_out))
    say(json.dumps(added.handed_json(after, slips)) + "\n" if as_json else added.handed_text(after, slips))


def _slip(bundle: VerifiedBundle, folder: Path) -> tuple[Path, ...]:
    from collector.handover import slip  # noqa: PLC0415 - only here

    try:
        return slip.write(bundle, folder, messages.language())
    except RefusedError as error:
        hint = "do not record it again: make the slip with `collect slip`, into a folder that can be written"
        raise RefusedError("the hand-over is recorded, but its slip could not be written", hint=hint) from error


@contextlib.contextmanager
def refused() -> Iterator[None]:
    """Turn what stops a run into a refusal: exit 3 would say that the bundle is not closed."""
    try:
        yield
    except (DiskFullError, WriteError) as error:
        hint = "nothing that was sealed is touched; make room, or copy the bundle to a stick that can be written"
        raise RefusedError(str(error), hint=hint) from error
