"""A bundle that is being written: born with `open`, divided by phases, closed by the seal.

How its artifacts reach the disk is in `collector.ledger`; how a bundle that was cut short is
taken up again, in `collector.resume`.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import disk, handles, layout, schema, seal
from collector.errors import BundleNotMadeError, CollectorError
from collector.inventory import Inventory, recipients_of
from collector.ledger import Ledger, ordered
from collector.manifest import Chain
from collector.orphans import answer_orphans

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from collector.manifest import Head, Record
    from collector.model import Clock, Json

RESERVE_BYTES = 4 << 20
"""Room kept so that a full disk can still be recorded and sealed: 20,000 artifacts need 2.2 MB of sums."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the seal of a closed bundle is: its code for paper and the full digest."""

    digest: bytes
    records: int

    @property
    def code(self) -> str:
        """The seal code."""
        return seal.code(self.digest)


class Bundle(Ledger):
    """A bundle that is being written; the private key lives in this object only."""

    def __init__(
        self,
        path: Path,
        fd: int,
        chain: Chain,
        inventory: Inventory,
        key: Ed25519PrivateKey,
        clock: Clock,
        recipients: tuple[str, ...] = (),
    ) -> None:
        super().__init__(path, fd, chain, inventory, clock, schema.MANIFEST, recipients)
        self._key = key

    def head(self) -> Head:
        """Return where the chain stands: count and hash of the last record are what a next bundle names."""
        return self._writer.chain.head()

    def observe(self, what: str, data: Mapping[str, Json], *, synced: bool = True) -> None:
        """Record what was seen of the host while collecting; several may share the sync of the last one."""
        self.append("observation", {"what": what, "data": ordered(dict(data))}, synced=synced)

    def phase(self, name: str) -> str:
        """Close a phase: what is grouped is synced, the key signs the chain so far; return the code."""
        self.commit()
        head = self.head()
        signature = seal.sign(seal.checkpoint_text(head), self._key, seal.PHASE_NAMESPACE)
        code = seal.code(bytes.fromhex(head.last))
        self.append("phase", {"name": name, "code": code, "signature": _base64(signature)})
        return code

    def close(self, *, outcome: str, reason: str | None, isolation: Record, same_boot: bool) -> Sealed:
        """Write the last record and the seal; after this the bundle takes no record any more."""
        self.commit()
        if self.inventory.pending:  # a file whose sync failed on a full disk: kept as a resume would keep it
            try:
                answer_orphans(self)
            except OSError as error:
                raise disk.translated(error) from error
        counts: Json = dict(self.inventory.counts)
        fields: Record = {
            "outcome": outcome,
            "reason": reason,
            "counts": counts,
            "isolation": isolation,
            "same_boot": same_boot,
        }
        self.append("close", fields)
        return self._seal()

    def _seal(self) -> Sealed:
        head = self.head()
        checkpoint = seal.checkpoint_text(head)
        keys = self.inventory.keys
        texts = {
            layout.RUN_KEY: (keys[-1] + "\n").encode("ascii"),
            layout.SIGNERS: seal.allowed_signers(head.sid, keys),
            layout.SIGNATURE: seal.armoured(seal.sign(checkpoint, self._key)),
        }
        plain = {**texts, layout.CHECKPOINT: checkpoint}
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in plain.items()}
        sums[layout.MANIFEST] = head.sha256
        opening = self.inventory.opening or {}
        sums[layout.README] = str(opening["readme_sha256"])
        sums.update((path, stored.sha256) for path, stored in self.inventory.stored.items())
        texts[layout.SUMS] = seal.sums_text(sums.items())
        try:  # before the first new name: on a full disk even a name may not fit
            disk.remove(self.path / layout.RESERVE, missing_ok=True)
        except OSError as error:  # nothing is sealed that the seal would not cover
            raise disk.translated(error) from error
        for name, data in texts.items():
            disk.put_file(self.path / name, data)
        disk.sync_folder(self.path)
        disk.put_file(self.path / layout.CHECKPOINT, checkpoint)
        disk.sync_folder(self.path)
        self.release()
        return Sealed(hashlib.sha256(checkpoint).digest(), head.records)


def create(
    out: Path,
    name: str,
    opening: Record,
    readme: bytes,
    key: Ed25519PrivateKey,
    clock: Clock,
    sid: str | None = None,
    asked: Mapping[str, Mapping[str, Json]] | None = None,
) -> Bundle:
    """Make a bundle: its folder, then `manifest.jsonl` by rename, already holding a synced `open` (SPEC 7.1).

    What was `asked` for, by the name of the observation, is recorded before that rename too: a resume needs it
    however early the run ends. `sid` is random unless given (a test's). Raises `UsageError` for a folder inside a
    bundle, and `BundleNotMadeError` with nothing left behind but, at worst, an empty folder.
    """
    disk.refuse_inside_bundle(out, "--out")
    path = _new_folder(out, name)
    fd = -1
    try:
        disk.put_file(path / layout.README, readme)
        part = path / (layout.MANIFEST + layout.PART)
        fd = handles.born(part)
        keep_reserve(path)
        chain = Chain(sid or secrets.token_hex(16))
        bundle = Bundle(path, fd, chain, Inventory(), key, clock, recipients_of(opening))
        fields = {**opening, "run_key": seal.public_line(key), "readme_sha256": hashlib.sha256(readme).hexdigest()}
        bundle.append("open", fields)
        for what, data in (asked or {}).items():
            bundle.observe(what, data)
        disk.sync_folder(path)
        disk.sync_folder(disk.real(out))  # it may be named by a link
        disk.rename_held(fd, part, path / layout.MANIFEST)
        disk.sync_folder(path)
    except (OSError, CollectorError) as error:
        if fd >= 0:  # else the stick can't be taken out
            os.close(fd)
        _unmake(path)
        raise BundleNotMadeError(
            f"no bundle could be made in this folder: {error.strerror if isinstance(error, OSError) else error}",
            hint="choose another folder or stick with --out; nothing was preserved yet",
        ) from error
    return bundle


def _new_folder(out: Path, name: str) -> Path:
    hint = "choose an existing folder that can be written, on the stick, with --out"
    for number in range(1, 1000):
        path = out / (name if number == 1 else f"{name}-{number}")
        made = False
        try:
            path.mkdir(mode=0o700)
            made = True
            (path / layout.ARTIFACTS).mkdir(mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            if made:  # never what stood there before
                _unmake(path)
            reason = os.strerror(error.errno or 0)
            raise BundleNotMadeError(f"no folder for the bundle can be made: {reason}", hint=hint) from error
        return path
    raise BundleNotMadeError("a thousand bundles of this case stand in this folder", hint=hint)


def _unmake(path: Path) -> None:
    """Remove our own files of a bundle that was never born."""
    for name in (
        layout.MANIFEST,
        layout.README,
        layout.MANIFEST + layout.PART,
        layout.README + layout.PART,
        layout.RESERVE,
    ):
        try:
            disk.remove(path / name, missing_ok=True)
        except OSError:
            continue  # the folder that refused us stays as it is; the error that is raised says why
    for folder in (path / layout.ARTIFACTS, path):
        try:
            folder.rmdir()
        except OSError:
            continue  # not there, or it refused us before


def keep_reserve(path: Path) -> None:
    """Lay the reserve file down; raises `DiskFullError` or `WriteError` and then leaves none."""
    target = path / layout.RESERVE
    try:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    except OSError as error:
        raise disk.translated(error) from error
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(fd, 0, RESERVE_BYTES)
        else:
            disk.write_all(fd, bytes(RESERVE_BYTES))
    except (OSError, CollectorError) as error:
        os.close(fd)
        disk.remove(target, missing_ok=True)
        if isinstance(error, CollectorError):
            raise
        raise disk.translated(error) from error
    os.close(fd)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
