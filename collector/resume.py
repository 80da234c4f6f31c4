"""Takes up a bundle whose run was cut short: what is there is kept, a new key goes on (SPEC 7.4)."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from collector import age, disk, handles, layout, seal
from collector.bundle import Bundle, keep_reserve
from collector.chainfile import read_chain
from collector.errors import AlteredError, DiskFullError, NotABundleError, RefusedError, WriteError
from collector.inventory import recipients_of
from collector.manifest import Chain
from collector.orphans import answer_orphans, remove_torn
from collector.verify import verify_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from collector.chainfile import ChainFile
    from collector.inventory import Inventory
    from collector.manifest import Record
    from collector.model import Clock, Json


def reopen(
    path: Path,
    key: Ed25519PrivateKey,
    clock: Clock,
    fields: Record,
    seen: Callable[[Record], None] | None = None,
    machine: Json = None,
) -> Bundle:
    """Return the bundle, ready to go on; `fields` are tool and arguments of the `resume` record.

    Every earlier record is shown to `seen`; `machine` is this host's `machine_id`. Raises
    `NotABundleError`, `RefusedError` (sealed already, begun on another machine, or another
    process writes it) and `AlteredError`; then nothing was changed.
    """
    if not disk.stands(path / layout.MANIFEST):
        raise NotABundleError(
            "this folder is no bundle: it holds no manifest.jsonl",
            hint="start a new run with `collect --case`",
        )
    if disk.stands(path / layout.CHECKPOINT):
        raise RefusedError(
            "this bundle is sealed already", hint="check it with `collect verify`; start a new run for more"
        )
    if not disk.is_regular(path / layout.MANIFEST):
        raise AlteredError("something else stands in the place of the manifest", hint="`collect verify` says where")
    try:
        fd = handles.held(path / layout.MANIFEST)
    except OSError as error:
        reason = f"the manifest can't be opened for writing: {os.strerror(error.errno or 0)}"
        raise RefusedError(reason, hint="take off the write protection, and resume again") from error
    if fd < 0:
        raise RefusedError(
            "another run is still writing this bundle", hint="wait until it ends, or stop it with Ctrl-C"
        )
    try:
        chain = read_chain(path / layout.MANIFEST, folder=layout.ARTIFACTS, seen=seen)
        _refuse(path, chain, machine)
        recipients = age.usable(recipients_of(chain.inventory.opening))
        bundle = Bundle(path, fd, joined(chain, fd), chain.inventory, key, clock, recipients)
        disk.remove(path / layout.RESERVE, missing_ok=True)
        torn = chain.torn.as_record()
        bundle.append("resume", {"run_key": seal.public_line(key), **fields, "torn": torn}, synced=False)
        bundle.end_here()
        _drop_unfinished_seal(path)
        remove_torn(bundle)
        answer_orphans(bundle)
        with contextlib.suppress(DiskFullError):  # a disk that is full may still hold the end of the run
            keep_reserve(path)
    except OSError as error:
        os.close(fd)
        raise disk.translated(error) from error
    except BaseException:
        os.close(fd)
        raise
    return bundle


def _refuse(path: Path, chain: ChainFile, machine: Json) -> None:
    """Raise what speaks against going on with this bundle here, if anything does."""
    opening = chain.inventory.opening
    if chain.problems or opening is None:
        raise AlteredError("the bundle was altered: nothing is added to it", hint="`collect verify` says where")
    begun_on = _machine(opening)
    if machine is not None and begun_on is not None and machine != begun_on:
        hint = "start a new run here with `collect --case`"
        raise RefusedError("this bundle was begun on another computer", hint=hint)
    refuse_strangers(path, path / layout.ARTIFACTS)
    verify_bundle(path)  # what was altered is not sealed over


def _machine(opening: Record) -> Json:
    host = opening.get("host")
    return host.get("machine_id") if isinstance(host, dict) else None


def refuse_strangers(*folders: Path) -> None:
    """Raise `AlteredError` if a link, folder or device stands in the place of a file, or of one of these folders."""
    for folder in folders:
        if not disk.stands(folder):
            continue
        usual = disk.kind(folder) == stat.S_IFDIR
        for file in folder.iterdir() if usual else ():
            usual = usual and (file.name in layout.FOLDERS or disk.kind(file) == stat.S_IFREG)
        if not usual:
            raise AlteredError(
                "a link, folder or device stands in the bundle where none may: nothing is added to it",
                hint="`collect verify` says where",
            )


def joined(chain: ChainFile, fd: int) -> Chain:
    """Return the running sums of a chain that was read, its file set to go on after the last whole line.

    A torn tail still lies there: the next record, which keeps it, is written over it, and
    then `Ledger.end_here` cuts what is left. So it is never nowhere.
    """
    keep = chain.head.length - chain.torn.length
    os.lseek(fd, 0, os.SEEK_SET)
    sums = Chain(chain.head.sid, chain.first)
    rest = b""
    while sums.length < keep and (data := os.read(fd, disk.CHUNK)):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            sums.add(line)
    if (sums.length, sums.last) != (keep, chain.head.last):
        raise WriteError("the file changed while it was taken up")
    os.lseek(fd, keep, os.SEEK_SET)
    return sums


def _drop_unfinished_seal(path: Path) -> None:
    """Remove what an interrupted close had written: it is made anew, by the new key."""
    old = path / (layout.MANIFEST + layout.PART)
    born_twice = disk.stands(old) and disk.begins(old, path / layout.MANIFEST)
    for name in (layout.SUMS, layout.SIGNATURE, layout.RUN_KEY, layout.SIGNERS, layout.CHECKPOINT, layout.MANIFEST):
        whole = path / name
        if name not in (layout.CHECKPOINT, layout.MANIFEST):
            disk.remove(whole, missing_ok=True)
        if name != layout.MANIFEST or not born_twice:
            disk.remove(whole.with_name(name + layout.PART), missing_ok=True)


def finished_sources(inventory: Inventory, sources: Iterable[tuple[str, str, str, bool]]) -> frozenset[str]:
    """Return the sources that a run that goes on need not read again, given as (name, kind, phase, is a table).

    They are those of whose artifacts none is partial or cut; one that is not a table may
    yield more artifacts as long as its phase was not closed.
    """
    unfinished = {stored.kind for stored in inventory.stored.values() if not stored.whole}
    begun = {stored.kind for stored in inventory.stored.values()} - unfinished
    return frozenset(
        name for name, kind, phase, table in sources if kind in begun and (table or phase in inventory.phases)
    )
