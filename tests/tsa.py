"""A timestamp authority for tests: certificates made here, replies signed by stock openssl.

`reply` asks `openssl ts`, which stamps the present time. `signed` lets `openssl cms` sign any TSTInfo, so that a test
says what time, imprint, nonce or certificate a token has. Run as a program (with the checkout in PYTHONPATH) it writes
the two samples of tests/testdata/tsa anew; vectors that hold them are to be made anew then.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import vectors
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from collector import timestamp

SAMPLE = Path(__file__).parent / "testdata" / "tsa"
NONCE = 0x1122334455667788
"""Of the two samples."""

OPENSSL = "/usr/bin/openssl"
SHA256, SHA512 = bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040203")
STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
CONFIG = """
[tsa]
default_tsa = one
[one]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256, sha512
signer_digest = sha256
ess_cert_id_alg = sha256
tsa_name = yes
accuracy = secs:1, millisecs:500
"""


def day(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Party:
    """Somebody with a certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def party(
    name: str,
    issuer: Party | None = None,
    *,
    usage: tuple[x509.ObjectIdentifier, ...] = (),
    critical: bool = True,
    years: tuple[int, int] = (2020, 2120),
    serial: int | None = None,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
) -> Party:
    """Return a party; without an issuer, a root; with no usage, an authority over certificates."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
        x509.NameAttribute(NameOID.COMMON_NAME, name),
    ])  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(day(years[0]))
        .not_valid_after(day(years[1]))
        .add_extension(x509.BasicConstraints(ca=not usage, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=critical)
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    return Party(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def run(folder: Path, *arguments: str) -> bytes:
    """Run openssl in a folder; return what it wrote to `out`."""
    done = subprocess.run([OPENSSL, *arguments], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return (folder / "out").read_bytes()


def _lay(folder: Path, signer: Party, *more: Party) -> None:
    private = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files = {"signer": signer.pem, "key": private, "more": b"".join(other.pem for other in more)}
    for name, content in files.items():
        (folder / name).write_bytes(content)


def reply(folder: Path, query: bytes, signer: Party, *more: Party) -> bytes:
    """Return what `openssl ts -reply` answers a query, `more` being other certificates that go into it."""
    _lay(folder, signer, *more)
    (folder / "config").write_text(CONFIG)
    (folder / "query").write_bytes(query)
    chain = ["-chain", "more"] if more else []
    return run(
        folder,
        *("ts", "-reply", "-config", "config", "-queryfile", "query"),
        *("-signer", "signer", "-inkey", "key", *chain, "-out", "out"),
    )


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return a DER element of any length."""
    content = b"".join(parts)
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8 or 1)
    return bytes([tag]) + (size if len(content) < 128 else bytes([128 + len(size)]) + size) + content


def number(value: int) -> bytes:
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1))


def info(
    data: bytes,
    *,
    time: bytes = b"20261125120000Z",
    nonce: int | None = None,
    algorithm: bytes = SHA256,
    serial: int = 7,
    digest: bytes | None = None,
    more: bytes = b"",
    version: int = 1,
) -> bytes:
    """Return a TSTInfo."""
    imprint = tlv(0x30, tlv(0x30, tlv(6, algorithm), tlv(5)), tlv(4, digest or hashlib.sha256(data).digest()))
    fields = [number(version), tlv(6, b"\x2a\x03\x04"), imprint, number(serial), tlv(0x18, time)]
    return tlv(0x30, *fields, b"" if nonce is None else number(nonce), more)


def signed(
    folder: Path,
    content: bytes,
    signer: Party,
    *more: Party,
    kind: str = "1.2.840.113549.1.9.16.1.4",
    status: int = 0,
    options: tuple[str, ...] = ("-cades",),
) -> bytes:
    """Return a reply with a token over a TSTInfo, signed by `openssl cms`."""
    _lay(folder, signer, *more)
    (folder / "content").write_bytes(content)
    chain = ["-certfile", "more"] if more else []
    token = run(
        folder,
        *("cms", "-sign", "-binary", "-nodetach", "-nosmimecap", *options, "-md", "sha256", "-econtent_type", kind),
        *("-in", "content", "-signer", "signer", "-inkey", "key", *chain, "-outform", "DER", "-out", "out"),
    )
    return tlv(0x30, tlv(0x30, number(status)), token)


def rewrite() -> None:
    """Write tests/testdata/tsa anew: new keys, which are thrown away, and the present time."""
    checkpoint = vectors.content(vectors.read(vectors.FOLDER / "good.vector").world["checkpoint"])
    root = party("Test root, good for nothing", years=(2026, 2100))
    signer = party("Test timestamp authority, good for nothing", root, usage=(STAMPING,), years=(2026, 2100))
    other = b"These bytes are the checkpoint of no bundle.\n"
    stranger = party("Another test root, good for nothing", years=(2026, 2100))
    files = {"root.pem": root.pem, "other.pem": stranger.pem, "other.bin": other}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in {"good": checkpoint, "other": other}.items():
            files[f"{name}.tsq"] = timestamp.request(data, NONCE)
            files[f"{name}.tsr"] = reply(Path(folder), files[f"{name}.tsq"], signer)
    for name, content in files.items():
        (SAMPLE / name).write_bytes(content)


if __name__ == "__main__":
    rewrite()
