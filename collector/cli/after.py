"""What is added after the seal: `collect note`, `collect attach`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.cli.process import LANG, say
from collector.errors import DiskFullError, RefusedError, WriteError

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.command("note")
@click.argument("bundle")
@click.argument("text")
@LANG
def note_command(bundle: str, text: str) -> None:
    """Add a note to a sealed bundle."""
    from collector import custody, tool  # noqa: PLC0415 - only here
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.ui import added  # noqa: PLC0415 - the same

    host = this_host()
    with refused():
        custody.note(Path(bundle), text, host.clock, dict(tool.identity(host.privileges())))
    say(added.note_text() + "\n")


@click.command("attach")
@click.argument("bundle")
@click.argument("file")
@click.option("--text", metavar="TEXT", help="What the file is.")
@LANG
def attach_command(bundle: str, file: str, text: str | None) -> None:
    """Copy a file (a phone photograph, an e-mail) into a sealed bundle."""
    from collector import custody, tool  # noqa: PLC0415 - only here
    from collector.host import this_host  # noqa: PLC0415 - the same
    from collector.ui import added  # noqa: PLC0415 - the same

    host = this_host()
    with refused():
        record = custody.attach(Path(bundle), Path(file), text, host.clock, dict(tool.identity(host.privileges())))
    say(added.attachment_text(record) + "\n")


@contextlib.contextmanager
def refused() -> Iterator[None]:
    """Turn what stops a run into a refusal: exit 3 would say that the bundle is not closed."""
    try:
        yield
    except (DiskFullError, WriteError) as error:
        hint = "nothing that was sealed is touched; make room, or copy the bundle to a stick that can be written"
        raise RefusedError(str(error), hint=hint) from error
