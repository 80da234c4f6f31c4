"""Countersignatures: SSHSIG by any stock SSH key, FIDO keys too (docs/SPEC.md, section 10.2).

Checks only; signing is `ssh-keygen`'s, where the key is. Pure functions over bytes.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import struct
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from collector.errors import UsageError
from collector.schema import is_signer

if TYPE_CHECKING:
    from collections.abc import Callable

NAMESPACE = "evidence-collector-receipt@v1"
"""10.2: what such a signature is for; no other signature can be taken for it."""
MIN_RSA_BITS, MAX_RSA_BITS = 2048, 16384
"""10.2: sizes of RSA keys: below, OpenSSH calls them weak; above, it takes none."""

_MAGIC = b"SSHSIG"
_USER_PRESENT = 1
"""FIDO: the flag that somebody touched the key (OpenSSH, PROTOCOL.u2f)."""
_CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "ecdsa-sha2-nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "ecdsa-sha2-nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "ecdsa-sha2-nistp521": (ec.SECP521R1(), hashes.SHA512()),
}
_RSA_HASHES: dict[bytes, hashes.HashAlgorithm] = {b"rsa-sha2-512": hashes.SHA512(), b"rsa-sha2-256": hashes.SHA256()}


def public_key(text: str) -> str:
    """Return `type base64` of a public key as OpenSSH writes it, comment and options left out; raises `UsageError`."""
    words = text.split()
    for kind, body in itertools.pairwise(words):
        if is_signer(f"{kind} {body}") and _is_of_type(kind, body):
            return f"{kind} {body}"
    raise UsageError(
        "this is no public SSH key that can sign", hint="give the .pub file: one line that starts with ssh- or ecdsa-"
    )


def _is_of_type(kind: str, body: str) -> bool:
    try:
        return _Reader(base64.b64decode(body)).string() == kind.encode()
    except ValueError:
        return False


def key_of(blob: bytes) -> str | None:
    """Return the public key that an SSHSIG blob names, as OpenSSH writes it; `None` where it names none."""
    try:
        public = _Reader(blob[10:]).string()
        key = f"{_Reader(public).string().decode('ascii')} {base64.b64encode(public).decode('ascii')}"
    except ValueError:
        return None
    return key if is_signer(key) else None


def fingerprint(key: str) -> str:
    """Return the fingerprint of a public key as `ssh-keygen -l` shows it: `SHA256:…`."""
    digest = hashlib.sha256(base64.b64decode(key.split(" ")[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").removesuffix("=")


def holds(message: bytes, blob: bytes, key: str) -> bool:
    """Tell whether `blob` is a signature of a message by a key, in the form of 10.2 and nothing beside it."""
    try:
        kind, body = key.split(" ")
        public = base64.b64decode(body)
        if base64.b64encode(public).decode("ascii") != body:  # another spelling of the same bytes, or none
            return False
        return _checked(message, blob, kind, public)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False  # whatever a library says of hostile bytes: it does not hold


def _checked(message: bytes, blob: bytes, kind: str, public: bytes) -> bool:
    reader = _Reader(blob)
    if reader.take(6) != _MAGIC or reader.take(4) != struct.pack(">I", 1):
        return False
    key, namespace, reserved, name, signature = (reader.string() for _ in range(5))
    reader.end()
    if (key, namespace, reserved) != (public, NAMESPACE.encode(), b"") or name not in (b"sha512", b"sha256"):
        return False
    digest = hashlib.new(name.decode("ascii"), message).digest()
    signed = _MAGIC + b"".join(struct.pack(">I", len(part)) + part for part in (namespace, b"", name, digest))
    of_key = _Reader(public)
    if of_key.string() != kind.encode():
        return False
    _TYPES[kind](of_key, _Reader(signature), signed, kind)
    return True


def _ed25519(key: _Reader, signature: _Reader, signed: bytes, kind: str) -> None:
    public = key.string()
    key.end()
    signature.named(kind)
    raw = signature.string()
    signature.end()
    Ed25519PublicKey.from_public_bytes(public).verify(raw, signed)


def _rsa(key: _Reader, signature: _Reader, signed: bytes, _kind: str) -> None:
    exponent, modulus = key.integer(), key.integer()
    key.end()
    algorithm = _RSA_HASHES.get(signature.string())
    raw = signature.string()
    signature.end()
    if algorithm is None or not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        raise ValueError("not a signature that this format takes")
    rsa.RSAPublicNumbers(exponent, modulus).public_key().verify(raw, signed, padding.PKCS1v15(), algorithm)


def _ecdsa(key: _Reader, signature: _Reader, signed: bytes, kind: str) -> None:
    curve, algorithm = _CURVES[kind]
    if key.string() != kind.removeprefix("ecdsa-sha2-").encode():
        raise ValueError("another curve than the type says")
    public = _point(curve, key.string())
    key.end()
    signature.named(kind)
    public.verify(_dss(signature.string()), signed, ec.ECDSA(algorithm))
    signature.end()


def _point(curve: ec.EllipticCurve, data: bytes) -> ec.EllipticCurvePublicKey:
    if data[:1] != b"\x04":
        raise ValueError("OpenSSH takes uncompressed points only")
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, data)


def _dss(pair: bytes) -> bytes:
    numbers = _Reader(pair)
    r, s = numbers.integer(), numbers.integer()
    numbers.end()
    return encode_dss_signature(r, s)


def _fido(key: _Reader, signature: _Reader, signed: bytes, kind: str) -> None:
    curve = b"" if kind.startswith("sk-ssh-ed25519") else key.string()
    public, application = key.string(), key.string()
    key.end()
    signature.named(kind)
    raw, flags, counter = signature.string(), signature.take(1), signature.take(4)
    signature.end()
    if not flags[0] & _USER_PRESENT:
        raise ValueError("nobody touched the key")
    whole = hashlib.sha256(application).digest() + flags + counter + hashlib.sha256(signed).digest()
    if not curve:
        Ed25519PublicKey.from_public_bytes(public).verify(raw, whole)
        return
    if curve != b"nistp256":
        raise ValueError("another curve than the type says")
    _point(ec.SECP256R1(), public).verify(_dss(raw), whole, ec.ECDSA(hashes.SHA256()))


class _Reader:
    """Reads the strings of SSH's wire format (RFC 4251, section 5); raises `ValueError` where they end early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        part = self._data[self._at : self._at + count]
        if len(part) != count:
            raise ValueError("it ends early")
        self._at += count
        return part

    def string(self) -> bytes:
        return self.take(int.from_bytes(self.take(4), "big"))

    def named(self, kind: str) -> None:
        if self.string() != kind.encode():
            raise ValueError("a signature of another type than the key")

    def integer(self) -> int:
        """Return an mpint: positive, in its shortest form."""
        data = self.string()
        value = int.from_bytes(data, "big")
        if data[:1] > b"\x7f" or (data[:1] == b"\0" and data[1:2] <= b"\x7f"):
            raise ValueError("not a positive integer in its one spelling")
        return value

    def end(self) -> None:
        if self._at != len(self._data):
            raise ValueError("something follows")


_TYPES: dict[str, Callable[[_Reader, _Reader, bytes, str], None]] = {
    "ssh-ed25519": _ed25519,
    "ssh-rsa": _rsa,
    **dict.fromkeys(_CURVES, _ecdsa),
    "sk-ssh-ed25519@openssh.com": _fido,
    "sk-ecdsa-sha2-nistp256@openssh.com": _fido,
}
