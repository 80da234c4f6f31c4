"""Countersignatures of every type of key, made part by part: each byte of them counts, and nothing may stand beside."""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from collector import countersign
from collector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE = b"what is signed\n"
NAMESPACE = b"evidence-collector-receipt@v1"

def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def mpint(number: int) -> bytes:
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


@dataclass(frozen=True)
class Parts:
    """A key and how it signs: `public` and what `sign` returns are what stands in the strings of PROTOCOL.sshsig."""

    kind: str
    public: bytes
    sign: Callable[[bytes], bytes]
    digest: str = "sha512"

    def key(self) -> str:
        return f"{self.kind} {base64.b64encode(self.public).decode()}"

    def blob(self) -> bytes:
        hashed = hashlib.new(self.digest, MESSAGE).digest()
        head = string(NAMESPACE) + string(b"") + string(self.digest.encode())
        start = b"SSHSIG" + struct.pack(">I", 1) + string(self.public)
        return start + head + string(self.sign(b"SSHSIG" + head + string(hashed)))

    def holds(self) -> bool:
        return countersign.holds(MESSAGE, self.blob(), self.key())

    def signed_with(self, change: Callable[[bytes], bytes]) -> Parts:
        """Return the same key with something done to the signature's own string."""
        return replace(self, sign=lambda data: change(self.sign(data)))


def ed25519() -> Parts:
    key = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    kind = b"ssh-ed25519"
    return Parts(kind.decode(), string(kind) + string(public), lambda data: string(kind) + string(key.sign(data)))


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def dss(key: ec.EllipticCurvePrivateKey, algorithm: hashes.HashAlgorithm, data: bytes) -> tuple[int, int]:
    return decode_dss_signature(key.sign(data, ec.ECDSA(algorithm)))


def ecdsa(curve: str, public: Callable[[ec.EllipticCurvePrivateKey], bytes] = point, named: str = "") -> Parts:
    made = {"nistp256": (ec.SECP256R1(), hashes.SHA256()), "nistp384": (ec.SECP384R1(), hashes.SHA384())}[curve]
    key = ec.derive_private_key(7, made[0])
    kind = f"ecdsa-sha2-{curve}".encode()

    def sign(data: bytes) -> bytes:
        return string(kind) + string(b"".join(map(mpint, dss(key, made[1], data))))

    return Parts(kind.decode(), string(kind) + string((named or curve).encode()) + string(public(key)), sign)


def fido(*, flags: int = 1, signer: int = 2, more: bytes = b"") -> Parts:
    key, other = (Ed25519PrivateKey.from_private_bytes(bytes([one]) * 32) for one in (2, signer))
    kind = b"sk-ssh-ed25519@openssh.com"
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(data: bytes) -> bytes:
        end = bytes([flags]) + struct.pack(">I", 5)
        whole = hashlib.sha256(b"ssh:").digest() + end + hashlib.sha256(data).digest()
        return string(kind) + string(other.sign(whole)) + end

    return Parts(kind.decode(), string(kind) + string(public) + string(b"ssh:") + more, sign)


def fido_nist(*, signer: int = 7, curve: bytes = b"nistp256", more: bytes = b"") -> Parts:
    key, other = (ec.derive_private_key(one, ec.SECP256R1()) for one in (7, signer))
    kind = b"sk-ecdsa-sha2-nistp256@openssh.com"

    def sign(data: bytes) -> bytes:
        end = b"\1" + struct.pack(">I", 5)
        whole = hashlib.sha256(b"ssh:").digest() + end + hashlib.sha256(data).digest()
        return string(kind) + string(b"".join(map(mpint, dss(other, hashes.SHA256(), whole)))) + end

    return Parts(kind.decode(), string(kind) + string(curve) + string(point(key)) + string(b"ssh:") + more, sign)


def is_prime(number: int) -> bool:
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):  # enough below 2^78 (Sorenson and Webster, 2015)
        power = pow(base, odd, number)
        if power not in (1, number - 1) and all(
            (power := power * power % number) != number - 1 for _ in range(twos - 1)
        ):
            return False
    return True


@cache
def modulus(bits: int) -> tuple[int, tuple[int, ...]]:
    """Return a modulus of exactly so many bits, and the primes that it is made of: small ones, found in no time."""
    product, primes, start = 1, [], 2**63 + 1
    while product.bit_length() < bits:
        if bits - product.bit_length() < 128:  # the last one brings the product to its length
            start = max(3, (1 << (bits - 1)) // product + 1) | 1
        while not (is_prime(start) and (start - 1) % 65537 and product % start):
            start += 2
        primes.append(start)
        product, start = product * start, start + 2
    assert product.bit_length() == bits
    return product, tuple(primes)


def root(number: int, product: int, primes: tuple[int, ...]) -> int:
    """Return the number whose 65537th power this is, prime by prime (Chinese remainders)."""
    found = 0
    for prime in primes:
        rest = product // prime
        found += pow(number, pow(65537, -1, prime - 1), prime) * rest * pow(rest, -1, prime)
    return found % product


def rsa(bits: int = 2048, named: bytes = b"rsa-sha2-512", more: bytes = b"") -> Parts:
    number, primes = modulus(bits)
    name = "sha256" if named.endswith(b"256") else "sha512"
    prefix = {"sha256": "3031300d060960864801650304020105000420", "sha512": "3051300d060960864801650304020305000440"}

    def sign(data: bytes) -> bytes:
        end = bytes.fromhex(prefix[name]) + hashlib.new(name, data).digest()
        size = (bits + 7) // 8
        padded = b"\0\1" + b"\xff" * (size - len(end) - 3) + b"\0" + end
        signature = root(int.from_bytes(padded, "big"), number, primes)
        return string(named) + string(signature.to_bytes(size, "big"))

    return Parts("ssh-rsa", string(b"ssh-rsa") + mpint(65537) + mpint(number) + more, sign)


KINDS = {
    "ed25519": ed25519,
    "nistp256": lambda: ecdsa("nistp256"),
    "nistp384": lambda: ecdsa("nistp384"),
    "rsa": rsa,
    "fido": fido,
    "fido_nist": fido_nist,
}
ANY = pytest.mark.parametrize("name", KINDS)


@ANY
def test_each_byte_counts(name):
    """Of the blob, of the key and of the message: one bit, and it does not hold, or not by this key."""
    parts = KINDS[name]()
    blob, key = parts.blob(), parts.key()
    assert countersign.holds(MESSAGE, blob, key)
    assert countersign.key_of(blob) == key
    assert not countersign.holds(MESSAGE + b"\n", blob, key)
    for at in range(len(blob)):
        assert not countersign.holds(MESSAGE, blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :], key), at
    for data in (blob + b"\0", blob[:-1], b"", blob[:10]):
        assert not countersign.holds(MESSAGE, data, key)


@ANY
def test_nothing_stands_behind_a_signature_or_a_key(name):
    """A byte behind the signature's parts; and behind those of the key, which is then named with it all the same."""
    parts = KINDS[name]()
    assert not parts.signed_with(lambda data: data + b"\0").holds()
    assert not replace(parts, public=parts.public + b"\0").holds()


@ANY
def test_a_key_is_spelled_in_one_way(name):
    """In the blob, too: no other base64 of the same bytes, no other type than the key's own."""
    parts = KINDS[name]()
    kind, body = parts.key().split(" ")
    for key in (f"{kind} {body}\n", f"{kind} {body[:8]}!{body[8:]}", f"{kind}  {body}", body, f"{kind} {body} x"):
        assert not countersign.holds(MESSAGE, parts.blob(), key)
    for other in KINDS.values():
        if other().kind != kind:
            assert not countersign.holds(MESSAGE, parts.blob(), f"{other().kind} {body}")
            assert not countersign.holds(MESSAGE, parts.blob(), other().key())
    with pytest.raises(UsageError):
        countersign.public_key(f"{kind} {body[:8]}!{body[8:]}")
    assert countersign.public_key(f"\tno-pty {kind} {body} someone\n") == f"{kind} {body}"


def test_a_token_signs_for_its_own_key():
    """Touched, well made, and by another key: the signature is looked at, of both kinds of tokens."""
    assert not fido(signer=3).holds()
    assert not fido_nist(signer=8).holds()
    assert not fido(flags=4).holds()
    assert fido(flags=5).holds()


def test_a_curve_is_the_one_that_the_type_says():
    """Named otherwise in the key, it is refused, even where the signature is right."""
    assert not ecdsa("nistp256", named="nistp384").holds()
    assert not fido_nist(curve=b"nistp384").holds()


def test_points_are_not_compressed():
    """As OpenSSH takes them."""
    assert not ecdsa(
        "nistp256", lambda key: key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    ).holds()


@pytest.mark.parametrize("bits", [2048, 16384])
@pytest.mark.parametrize("named", [b"rsa-sha2-512", b"rsa-sha2-256"])
def test_rsa_of_the_sizes_and_hashes_that_openssh_takes(bits, named):
    """The smallest and the largest."""
    assert rsa(bits, named).holds()


def test_rsa_of_no_other_size_or_hash():
    """A bit less, a bit more, SHA-1, a name that nobody gave, a signature that is shorter than the modulus."""
    for parts in (rsa(2047), rsa(16385), rsa(named=b"ssh-rsa"), rsa(named=b"rsa-sha2-1024")):
        assert not parts.holds()


def test_numbers_are_positive_and_in_their_shortest_form():
    """An mpint with a zero too many, or one that reads as negative, is another spelling of the same signature."""

    def respelled(change: Callable[[bytes], bytes]) -> Parts:
        parts = ecdsa("nistp256")

        def sign(data: bytes) -> bytes:
            reader = countersign._Reader(parts.sign(data))
            kind, pair = reader.string(), countersign._Reader(reader.string())
            first, second = pair.string(), pair.string()
            return string(kind) + string(string(change(first)) + string(second))

        return replace(parts, sign=sign)

    assert respelled(bytes).holds()
    assert not respelled(lambda number: b"\0" + number).holds()
    assert not respelled(lambda number: b"\0\0" + number).holds()
    reader = countersign._Reader(b"".join(map(string, (b"\x7f\xff", b"\0\x80", b"\0\xff\0", b"\x01"))))
    assert [reader.integer() for _ in range(4)] == [0x7FFF, 0x80, 0xFF00, 1]
    for data in (b"\x80", b"\xff\x01", b"\0", b"\0\x7f", b"\0\0\x80", b"\0\x7f\xff", b"\0\x01\x80"):
        with pytest.raises(ValueError, match="one spelling"):
            countersign._Reader(string(data)).integer()


def test_a_pair_of_numbers_is_all_there_is():
    """A third number behind the two of an ECDSA signature is not passed over."""
    parts = ecdsa("nistp384")

    def sign(data: bytes) -> bytes:
        reader = countersign._Reader(parts.sign(data))
        return string(reader.string()) + string(reader.string() + mpint(1))

    assert not replace(parts, sign=sign).holds()


def test_what_names_no_key_that_can_sign_names_none():
    """A blob of a type that nobody signs with, or of no type at all."""
    for public in (string(b"ssh-dss") + string(b"x"), b"", string(b"\xff") + string(b"x")):
        blob = b"SSHSIG" + struct.pack(">I", 1) + string(public)
        assert countersign.key_of(blob) is None
    key = ed25519().key()
    assert countersign.fingerprint(key) == "SHA256:" + base64.b64encode(
        hashlib.sha256(base64.b64decode(key.split(" ")[1])).digest()
    ).decode().rstrip("=")
