"""RFC 3161: request out, answer in, checked offline.

A token is read three times. Our own reader comes first: it takes DER only and finds what was signed and by whom, so
that nothing rests on what two libraries make of unsigned bytes. Then rfc3161-client checks the signature and the
certificates at genTime, and must have read the same. It can't read some replies that are sound (two certificates in
the order in which OpenSSL writes them): then stock openssl decides (`second_opinion`). What a library says is *wrong*
is wrong, and nobody else is asked. Whether a certificate was revoked is not looked up: that would need the network.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from collector import der, disk
from collector.errors import TimestampError, UsageError
from collector.text import printable
from collector.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from cryptography.x509 import Certificate

MAX_TOKEN = 1 << 20
"""Bytes of a reply: real ones have 1 to 10 KB."""
MAX_ROOTS = 1 << 20
"""Bytes of a file of root certificates: all that a Linux system trusts take 220 KB."""
LIBRARY, PROGRAM = "rfc3161-client", "openssl"

_LONGER = ("sha256", "sha384", "sha512")
_SHA256 = bytes.fromhex("608648016503040201")
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")
_ESS, _ESS_V2 = bytes.fromhex("2a864886f70d010910020c"), bytes.fromhex("2a864886f70d010910022f")
_SHA1 = bytes.fromhex("2b0e03021a")
_HASHES = {_SHA1: "sha1"} | {bytes.fromhex(f"60864801650304020{n}"): name for n, name in enumerate(_LONGER, 1)}
_TIME = re.compile(rb"([0-9]{14})(?:\.([0-9]{1,9}))?Z")
_GRANTED = 0
_EPOCH, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_UNREADABLE = "this is no reply of a timestamp authority (RFC 3161, in DER)"
_ASK_AGAIN = "take the file as the authority sent it, or ask it again with a new request"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A timestamp that holds: the bytes existed not later than `time`, says `authority`."""

    time: str
    """The token's genTime, in the spelling of SPEC 3.3, cut to the microsecond."""
    authority: str
    """The subject of the certificate that signed it, safe to print."""
    serial: str
    """The authority's number of this token, in hexadecimal."""
    nonce: bool
    """Whether it carries a nonce, which ties it to one request."""
    by: str
    """Who checked signature and certificates: `rfc3161-client` or `openssl`."""


@dataclass(frozen=True, slots=True)
class _Token:
    """What our own reader finds in a granted reply; nothing of it is proven yet."""

    algorithm: bytes
    imprint: bytes
    serial: int
    moment: datetime
    nonce: int | None
    signer: bytes
    """The one certificate, in DER, that has the issuer and number of the one signature."""


def request(checkpoint: bytes, nonce: int) -> bytes:
    """Return the TimeStampReq over a checkpoint: SHA-256, with a nonce, asking for the certificate."""
    algorithm = der.element(der.SEQUENCE, der.element(der.OID, _SHA256), der.element(der.NULL))
    imprint = der.element(der.SEQUENCE, algorithm, der.element(der.OCTETS, hashlib.sha256(checkpoint).digest()))
    return der.element(der.SEQUENCE, der.number(1), imprint, der.number(nonce), der.element(der.BOOLEAN, b"\xff"))


def nonce_of(asked: bytes) -> int | None:
    """Return the nonce of a TimeStampReq, `None` where it has none or is not one."""
    try:
        (whole,) = der.items(asked)
        fields = der.inside(whole, der.SEQUENCE)
        return next((der.integer(field) for field in fields[2:] if field.tag == der.INTEGER), None)
    except ValueError:
        return None


def roots_from(paths: Sequence[Path]) -> tuple[Certificate, ...]:
    """Return the certificates of PEM files that the verifier brings; raises `UsageError`, also where there are none."""
    if not paths:
        raise UsageError(
            "no root certificate is given, and nothing inside the evidence or the reply is a root of trust",
            hint="get the authority's root certificate from its own website and give the file with --tsa-root",
        )
    return tuple(root for path in paths for root in _roots(path))


def _roots(path: Path) -> list[Certificate]:
    from cryptography import x509  # noqa: PLC0415 - memory on the host is evidence

    try:
        pem = disk.read_regular(path.resolve(), MAX_ROOTS)  # systems keep their roots behind links
        with _of_any_number():
            return x509.load_pem_x509_certificates(pem)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise UsageError(f"a file of root certificates can't be read: {reason}", hint="check --tsa-root") from error
    except Exception as error:
        raise UsageError(
            "a file given as root certificate holds no certificate in PEM",
            hint="a PEM file starts with -----BEGIN CERTIFICATE-----; openssl x509 -inform DER -in FILE makes one",
        ) from error


@contextlib.contextmanager
def _of_any_number() -> Iterator[None]:
    """Take certificates numbered 0 or below without a word on stderr: a few roots that systems trust are."""
    from cryptography.utils import CryptographyDeprecationWarning  # noqa: PLC0415 - memory on the host is evidence

    with warnings.catch_warnings():
        said = "Parsed a serial number which wasn't positive"
        warnings.filterwarnings("ignore", message=said, category=CryptographyDeprecationWarning)
        yield


def check(
    token: bytes, checkpoint: bytes, roots: Sequence[Certificate], nonces: Collection[int] | None = None
) -> Stamp:
    """Return what a TimeStampResp proves of a checkpoint, under these roots and at its own genTime.

    Where `nonces` are given, a nonce of the token must be among them. Raises `TimestampError` with the first thing
    that is wrong; nothing else, whatever the bytes are.
    """
    if not roots:
        raise ValueError("a timestamp is checked under roots")
    if len(token) > MAX_TOKEN:
        raise TimestampError("this file is too large for a timestamp", hint=_ASK_AGAIN)
    found = _read(token)
    if found.algorithm != _SHA256 or not hmac.compare_digest(found.imprint, hashlib.sha256(checkpoint).digest()):
        raise TimestampError(
            "the timestamp is not of this evidence's seal, or not over its SHA-256",
            hint="take the timestamp that was asked for with this evidence's own request",
        )
    if nonces is not None and found.nonce is not None and found.nonce not in nonces:
        raise TimestampError(
            "the timestamp answers another request: its nonce is in none that custody holds",
            hint="ask the authority with the file that `collect timestamp request` wrote",
        )
    authority = _authority(found.signer)
    by = _verified(token, found, checkpoint, roots)
    return Stamp(
        time=utc_text((found.moment - _EPOCH) // timedelta(microseconds=1) * 1000),
        authority=authority,
        serial=f"{found.serial:x}",
        nonce=found.nonce is not None,
        by=by,
    )


def _read(token: bytes) -> _Token:
    """Take a reply apart (RFC 3161, 2.4.2; RFC 5652, 5.1); raises `TimestampError`."""
    try:
        (whole,) = der.items(token)
        status, *rest = der.inside(whole, der.SEQUENCE)
        if der.integer(der.inside(status, der.SEQUENCE)[0]) != _GRANTED:
            raise TimestampError("the authority did not give a timestamp: its reply is a refusal", hint=_ASK_AGAIN)
        (content,) = rest
        kind, body = der.inside(content, der.SEQUENCE)
        (signed,) = der.inside(body, der.CONTEXT)
        _version, _digests, info, certificates, *_lists, signatures = der.inside(signed, der.SEQUENCE)
        content_kind, wrapped = der.inside(info, der.SEQUENCE)
        (octets,) = der.inside(wrapped, der.CONTEXT)
        if (der.value(kind, der.OID), der.value(content_kind, der.OID)) != (_SIGNED_DATA, _TST_INFO):
            raise der.DerError("no timestamp is signed here")
        return _info(der.value(octets, der.OCTETS), _signer(certificates, signatures))
    except (ValueError, TypeError, IndexError) as error:  # too few or too many elements are the first two
        raise TimestampError(_UNREADABLE, hint=_ASK_AGAIN) from error


def _info(signed: bytes, signer: bytes) -> _Token:
    """Take TSTInfo apart (RFC 3161, 2.4.2); raises `ValueError`."""
    (whole,) = der.items(signed)
    version, _policy, imprint, serial, moment, *rest = der.inside(whole, der.SEQUENCE)
    algorithm, digest = der.inside(imprint, der.SEQUENCE)
    match = _TIME.fullmatch(der.value(moment, der.TIME))
    order = [der.SEQUENCE, der.BOOLEAN, der.INTEGER, der.CONTEXT, der.CONTEXT + 1]
    tags = [item.tag for item in rest]
    if der.integer(version) != 1 or match is None or tags != [tag for tag in order if tag in tags]:
        raise der.DerError("a field is not as it must be")
    second = datetime.strptime(match[1].decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    if not _EPOCH <= second < _LAST:
        raise der.DerError("no record could name this time")
    return _Token(
        algorithm=der.value(der.inside(algorithm, der.SEQUENCE)[0], der.OID),
        imprint=der.value(digest, der.OCTETS),
        serial=der.integer(serial),
        moment=second + timedelta(microseconds=int((match[2] or b"0").ljust(6, b"0")[:6])),
        nonce=next((der.integer(item) for item in rest if item.tag == der.INTEGER), None),
        signer=signer,
    )


def _signer(certificates: der.Item, signatures: der.Item) -> bytes:
    """Return the certificate that the one signature names; raises `ValueError`.

    Certificates are not signed. With a second one of the same issuer and number, the signature might be checked under
    one and the purpose on the other: it is refused.
    """
    (signature,) = der.inside(signatures, der.SET)
    _version, sid, _digest, attributes, *_rest = der.inside(signature, der.SEQUENCE)
    issuer, serial = der.inside(sid, der.SEQUENCE)
    named = []
    for certificate in der.inside(certificates, der.CONTEXT):
        fields = der.inside(der.inside(certificate, der.SEQUENCE)[0], der.SEQUENCE)
        fields = fields[1:] if fields[0].tag == der.CONTEXT else fields  # the version may be left out
        if (fields[0].whole, fields[2].whole) == (serial.whole, issuer.whole):
            named.append(certificate.whole)
    (found,) = named
    if not _is_bound(der.inside(attributes, der.CONTEXT), found):
        raise der.DerError("the signature does not name the hash of its certificate")
    return found


def _is_bound(attributes: list[der.Item], certificate: bytes) -> bool:
    """Tell whether what is signed holds the hash of the signer's certificate (RFC 3161, 2.4.1; RFC 5816)."""
    bound = False
    for attribute in attributes:
        kind, values = der.inside(attribute, der.SEQUENCE)
        if kind.value not in (_ESS, _ESS_V2):
            continue
        (listed,) = der.inside(values, der.SET)
        first = der.inside(der.inside(der.inside(listed, der.SEQUENCE)[0], der.SEQUENCE)[0], der.SEQUENCE)
        algorithm = _SHA1 if kind.value == _ESS else _SHA256
        if first[0].tag == der.SEQUENCE:
            algorithm = der.inside(first.pop(0), der.SEQUENCE)[0].value
        digest = hashlib.new(_HASHES.get(algorithm, ""), certificate, usedforsecurity=False).digest()
        if not hmac.compare_digest(der.value(first[0], der.OCTETS), digest):
            return False
        bound = True
    return bound


def _authority(certificate: bytes) -> str:
    """Return the name of the authority; raises `TimestampError` unless it may stamp time, and nothing else."""
    from cryptography import x509  # noqa: PLC0415 - memory on the host is evidence
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415 - the same

    try:
        with _of_any_number():
            signer = x509.load_der_x509_certificate(certificate)
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        allowed = usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
        name = signer.subject.rfc4514_string()
    except Exception as error:
        raise TimestampError(
            "the certificate that signed the timestamp can't be read, or is for no purpose", hint=_ASK_AGAIN
        ) from error
    if not allowed:
        raise TimestampError(
            "the certificate that signed the timestamp is not one for time stamping only (marked critical)",
            hint="only a certificate of a timestamp authority will do",
        )
    return printable(name)


class _CannotReadError(Exception):
    """The library can't parse a reply, or is not there; it has not judged it."""


def _verified(token: bytes, found: _Token, checkpoint: bytes, roots: Sequence[Certificate]) -> str:
    """Return who found signature and certificates good at genTime; raises `TimestampError`."""
    try:
        _by_library(token, found, checkpoint, roots)
    except _CannotReadError:
        _by_program(token, found, checkpoint, roots)
        return PROGRAM
    return LIBRARY


def _by_library(token: bytes, found: _Token, checkpoint: bytes, roots: Sequence[Certificate]) -> None:
    try:
        import rfc3161_client as library  # noqa: PLC0415 - memory on the host is evidence

        reply = library.decode_timestamp_response(token)
        told = reply.tst_info
        same = (told.gen_time, told.serial_number, told.nonce, told.message_imprint.message) == (
            found.moment.replace(microsecond=0), found.serial, found.nonce, found.imprint,
        )  # fmt: skip  # the library drops fractions of a second
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of its Rust part is no Exception
        raise _CannotReadError from error
    if not same:
        raise TimestampError("two readings of this timestamp differ", hint=_ASK_AGAIN)
    try:
        verifier = library.VerifierBuilder(roots=list(roots)).build()
        verifier.verify(reply, hashlib.sha256(checkpoint).digest())
    except library.VerificationError as error:
        raise TimestampError(
            "the signature or the certificates of the timestamp do not hold under the roots given",
            hint="give the root certificate of the authority that made it with --tsa-root",
        ) from error
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        raise _CannotReadError from error


def _by_program(token: bytes, found: _Token, checkpoint: bytes, roots: Sequence[Certificate]) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - only here

    from collector import second_opinion  # noqa: PLC0415 - a verification that asks nobody loads nothing that could

    pem = b"".join(root.public_bytes(Encoding.PEM) for root in roots)
    second_opinion.on_timestamp(token, checkpoint, pem, (found.moment - _EPOCH) // timedelta(seconds=1))
