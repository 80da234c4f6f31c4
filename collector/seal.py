"""The seal: the checkpoint, its signature, and the codes that a person can write on paper.

Pure functions over bytes; the private key is given, kept in memory and never written. The
numbers in comments are clauses of docs/SPEC.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from collector.manifest import FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from collector.manifest import Head

NAMESPACE = "evidence-collector@v1"
"""4.2: what the signature of a checkpoint is for; no other signature can be taken for it."""
PHASE_NAMESPACE = "evidence-collector-phase@v1"
"""4.3: what the signature of a phase is for; it can't be taken for the seal of a shorter bundle."""

CODE_LENGTH = 32
"""4.4: characters of a code: 160 bits, so that a pair prepared in advance costs 2^80."""
MATCH_ERRORS = 2
"""4.4: wrong characters that still count as a match with transcription errors (141 bits left)."""
NEAR_ERRORS = 6
"""4.4: wrong characters up to which the photograph is asked for."""

_MAGIC = b"SSHSIG"
_HASH = b"sha512"
_ALGORITHM = b"ssh-ed25519"
_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_END = "-----END SSH SIGNATURE-----"
_WIDTH = 70


def checkpoint_text(head: Head) -> bytes:
    """Return the five lines of a checkpoint (4.1)."""
    return f"{FORMAT}/{head.sid}\n{head.records}\n{head.length}\n{head.sha256}\n{head.last}\n".encode("ascii")


def new_key() -> Ed25519PrivateKey:
    """Return a new run key from the system's randomness."""
    return Ed25519PrivateKey.generate()


def public_line(key: Ed25519PrivateKey) -> str:
    """Return the public half as OpenSSH writes it: `ssh-ed25519 AAAA…`, without a comment."""
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _signed_data(message: bytes, namespace: str) -> bytes:
    """Return what is signed: PROTOCOL.sshsig, section 3."""
    digest = hashlib.sha512(message).digest()
    return _MAGIC + _string(namespace.encode()) + _string(b"") + _string(_HASH) + _string(digest)


def sign(message: bytes, key: Ed25519PrivateKey, namespace: str = NAMESPACE) -> bytes:
    """Return the SSHSIG blob of a message: PROTOCOL.sshsig, section 2."""
    return _blob(public_line(key), key.sign(_signed_data(message, namespace)), namespace)


def _blob(public: str, signature: bytes, namespace: str) -> bytes:
    return (
        _MAGIC
        + struct.pack(">I", 1)
        + _string(base64.b64decode(public.split(" ")[1]))
        + _string(namespace.encode())
        + _string(b"")
        + _string(_HASH)
        + _string(_string(_ALGORITHM) + _string(signature))
    )


def armoured(blob: bytes) -> bytes:
    """Return the text file that `ssh-keygen -Y verify` reads, in the spelling it writes."""
    text = base64.b64encode(blob).decode("ascii")
    lines = [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]
    return ("\n".join([_BEGIN, *lines, _END]) + "\n").encode("ascii")


def is_signed(message: bytes, blob: bytes, public: str, namespace: str = NAMESPACE) -> bool:
    """Tell whether `blob` is, byte by byte, the signature of a message by a key for a namespace."""
    raw = base64.b64decode(public.split(" ")[1])
    signature = blob[-64:]
    if blob != _blob(public, signature, namespace):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(raw[-32:]).verify(signature, _signed_data(message, namespace))
    except (InvalidSignature, ValueError):
        return False
    return True


def is_sealed(checkpoint: bytes, signature_file: bytes, public: str) -> bool:
    """Tell whether a signature file is the one spelling of a signature of this checkpoint."""
    lines = signature_file.split(b"\n")
    try:
        blob = base64.b64decode(b"".join(lines[1:-2]), validate=True)
    except (binascii.Error, ValueError):
        return False
    return armoured(blob) == signature_file and is_signed(checkpoint, blob, public)


def allowed_signers(sid: str, keys: Sequence[str]) -> bytes:
    """Return the file that tells `ssh-keygen` who may sign what: the last key the seal, each its phases."""
    lines = [f'{sid} namespaces="{NAMESPACE}" {keys[-1]}']
    lines += [f'{sid} namespaces="{PHASE_NAMESPACE}" {key}' for key in keys]
    return ("\n".join(lines) + "\n").encode("ascii")


def sums_text(files: Iterable[tuple[str, str]]) -> bytes:
    """Return `SHA256SUMS` for (path, sha256) pairs: sorted by path, in the spelling of sha256sum."""
    return "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(files)).encode("ascii")


def code(digest: bytes) -> str:
    """Return the first 160 bits of a SHA-256 as eight groups of four base32 characters (4.4)."""
    text = base64.b32encode(digest[:20]).decode("ascii")
    return "-".join(text[at : at + 4] for at in range(0, CODE_LENGTH, 4))


def code_errors(given: str, digest: bytes) -> int | None:
    """Return how many characters of a code as typed differ from the true one; `None` if it is no code.

    Case, spaces and hyphens don't count; 0, 1 and 8 don't occur in base32 and are read as
    O, I and B.
    """
    typed = "".join(char for char in given if char not in " -\t\r\n\u00a0\u2010\u2011\u2013")
    if not typed.isascii():  # a capital of some other letter may be one of ours
        return None
    typed = typed.upper().translate(str.maketrans("018", "OIB"))
    if len(typed) != CODE_LENGTH or not set(typed) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"):
        return None
    return sum(a != b for a, b in zip(typed, code(digest).replace("-", ""), strict=True))
