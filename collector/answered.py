"""What was answered before, as a sealed bundle holds it: at its run, then in custody; read where it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from collector import age, answers, custody, disk, layout
from collector.chainfile import read_chain
from collector.contents import unreadable
from collector.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collector.answers import Answer
    from collector.manifest import Record


def earlier(path: Path, identities: Sequence[Any] = ()) -> dict[str, Answer] | None:
    """Return what counts by now, `None` where it is encrypted and no key is given.

    Raises what `custody.sealed` raises, `AlteredError` for a custody chain that does not hold, and `RefusedError` for
    a key that does not read every answer, or one whose encrypted part is malformed (`MalformedError`).
    """
    checkpoint, recipients = custody.sealed(path)
    if recipients and not identities:
        return None
    observed: list[dict[str, object]] = []
    refused: list[RefusedError] = []

    def take(record: Record) -> None:
        if record["type"] != "observation" or record.get("what") != answers.WHAT:
            return
        try:
            data = age.revealed(record, identities).get("data")
        except RefusedError as error:
            refused.append(error)
            return
        if isinstance(data, dict):
            observed.append({**data})

    try:
        read_chain(path / layout.MANIFEST, folder=layout.ARTIFACTS, seen=take)
        if disk.stands(path / layout.CUSTODY):
            custody.chain_of(path, checkpoint, recipients, seen=take)
    except OSError as error:
        raise unreadable(error) from error
    if refused:
        raise refused[0]
    return answers.latest(observed)
