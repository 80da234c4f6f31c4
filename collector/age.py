"""Encryption to recipients (docs/SPEC.md, section 11): age files as they are written, and one record's private fields.

pyrage does the cryptography. It pulls from a reader and pushes to a writer; an artifact pushes what it is given.
`Encryption` turns one into the other with a thread that only ever runs while its owner waits.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from typing import TYPE_CHECKING, Any

from collector import schema
from collector.errors import MalformedError, ManifestFormatError, RefusedError, UsageError, WriteError
from collector.manifest import decode, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.manifest import Record
    from collector.schema import Tables

SUFFIX = ".age"
"""What follows the ordinary suffix of a file that is encrypted (SPEC 11, clause 2)."""
MAX_RECIPIENTS = 16
"""Most recipients, the practice among them: each takes 130 bytes of every record, which must fit its line."""

_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def checked(texts: Sequence[str], most: int = MAX_RECIPIENTS - 1) -> tuple[str, ...]:
    """Return recipients as given, each once; raises `UsageError` for one that is no age recipient, or too many."""
    hint = "copy it from the expert: it starts with age1 and has 62 letters and digits"
    found: dict[str, None] = {}
    for text in texts:
        try:
            found[str(recipient(text.strip()))] = None
        except ValueError as error:
            raise UsageError("this is no age recipient", hint=hint) from error
    if len(found) > most:
        raise UsageError(f"these are too many recipients; {most} are allowed", hint="leave some out")
    return tuple(found)


def recipient(text: str) -> Any:
    """Return a pyrage recipient; raises `ValueError` for one that is none, or to whom nobody can encrypt.

    A point of low order gives the same secret whatever the other half is: age panics over it, which is no Exception.
    """
    import pyrage  # noqa: PLC0415 - only where something is encrypted: memory on the host is evidence
    from cryptography.hazmat.primitives.asymmetric.x25519 import (  # noqa: PLC0415 - the same
        X25519PrivateKey,
        X25519PublicKey,
    )

    try:
        found = pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise ValueError("it is not spelled as a recipient is") from error
    bits = 0
    for letter in str(found)[len("age1") : -6]:  # Bech32: five bits a letter; its checksum was just held
        bits = bits << 5 | _BECH32.index(letter)
    X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes((bits >> 4).to_bytes(32, "big")))
    return found


def usable(recipients: tuple[str, ...]) -> tuple[str, ...]:
    """Return the recipients that a bundle names; raises `RefusedError` where nothing can be encrypted to one."""
    try:
        for text in recipients:
            recipient(text)
    except ValueError as error:
        raise RefusedError(
            "this bundle names a reader to whom nothing can be encrypted: nothing is added to it",
            hint="keep it as it is and tell the expert",
        ) from error
    return recipients


def new_identity() -> tuple[str, str]:
    """Return a new practice identity: its secret half, for paper only, and its recipient."""
    import pyrage  # noqa: PLC0415 - the same

    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def hidden(fields: Record, recipients: Sequence[str]) -> str:
    """Return the `private` field for an object of private fields (SPEC 11, clause 1)."""
    return base64.b64encode(_encrypted(encode(fields), recipients)).decode("ascii")


def revealed(record: Record, identities: Sequence[Any], tables: Tables = schema.MANIFEST) -> Record:
    """Return a record with its private fields in the clear, for pyrage identities of a recipient.

    A record of a chain that its reader accepted; a clear one comes back as it is. `tables` are those of its chain.
    Raises `RefusedError` where no identity fits, and its `MalformedError` where what is inside is not exactly the
    private fields of its table, in their order and forms, as its maker sealed it all the same.
    """
    import pyrage  # noqa: PLC0415 - the same

    if "private" not in record:
        return record
    try:
        plain = bytes(pyrage.decrypt(base64.b64decode(str(record["private"])), list(identities)))
    except pyrage.DecryptError as error:
        raise RefusedError("this key does not read the record", hint="give the key of one of the recipients") from error
    try:
        private = decode(plain)
        schema.check_private(str(record["type"]), private, tables)
    except ManifestFormatError as error:
        raise MalformedError("the encrypted part of a record is not of its form") from error
    return {name: value for name, value in record.items() if name != "private"} | private


def _parsed(recipients: Sequence[str]) -> list[Any]:
    import pyrage  # noqa: PLC0415 - the same

    return [pyrage.x25519.Recipient.from_str(text) for text in recipients]


def _encrypted(data: bytes, recipients: Sequence[str]) -> bytes:
    import pyrage  # noqa: PLC0415 - the same

    return bytes(pyrage.encrypt(data, _parsed(recipients)))


class Encryption:
    """One age file being made: content in, bytes of the age file out; holds at most 64 KiB of it back."""

    def __init__(self, recipients: Sequence[str]) -> None:
        self._recipients = recipients
        self._sum = hashlib.sha256()
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None
        self._input = memoryview(b"")
        self._output: list[bytes] = []
        self._ended = False
        self._waits = False
        self._failure: BaseException | None = None

    def feed(self, data: bytes) -> bytes:
        """Take content in and return what of the age file is ready; raises `WriteError` if no thread is to be had."""
        self._sum.update(data)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="encryption", daemon=True)
            try:
                self._thread.start()
            except RuntimeError as error:
                raise WriteError("the system gives no thread to encrypt with") from error
        return self._step(data)

    def end(self, data: bytes) -> bytes:
        """Take the last content in and return the rest of the age file."""
        if self._thread is not None:
            ready = self.feed(data)
            self._ended = True
            return ready + self._step(b"")
        self._sum.update(data)
        return _encrypted(data, self._recipients)  # small: no thread was needed

    def drop(self) -> None:
        """Give the age file up: what was returned so far is the whole of it."""
        self._failure = self._failure or WriteError("the file was given up")
        with self._turn:
            self._turn.notify_all()

    def content_sha256(self) -> str:
        """Return the hash of the content so far."""
        return self._sum.hexdigest()

    def _step(self, data: bytes) -> bytes:
        """Let the thread work until it wants more, or has ended."""
        with self._turn:
            self._input = memoryview(data)
            self._waits = False
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._waits or self._failure is not None)
            ready, self._output = b"".join(self._output), []
        if self._failure is not None and not isinstance(self._failure, _Finished):
            raise WriteError("encrypting failed") from self._failure
        return ready

    def _work(self) -> None:
        import pyrage  # noqa: PLC0415 - the same

        try:
            pyrage.encrypt_io(self, self, _parsed(self._recipients))
            end: BaseException = _Finished()
        except BaseException as error:  # noqa: BLE001 - told to the owner, in its own thread
            end = error
        with self._turn:
            self._failure = self._failure or end
            self._turn.notify_all()

    def read(self, size: int) -> bytes:
        """Hand content to pyrage, or wait for it; called by the thread only."""
        while not self._input:  # the owner waits meanwhile: nobody else touches it
            if self._failure is not None:
                raise self._failure
            if self._ended:
                return b""
            with self._turn:
                self._waits = True
                self._turn.notify_all()
                self._turn.wait_for(lambda: not self._waits or self._failure is not None)
        part, self._input = bytes(self._input[:size]), self._input[size:]
        return part

    def write(self, data: bytes) -> int:
        """Take bytes of the age file from pyrage; called by the thread only."""
        self._output.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Have nothing to do: `write` has taken everything."""


class _Finished(Exception):  # noqa: N818 - no error: the age file is whole
    """The thread has come to its end."""
