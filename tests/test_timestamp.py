"""RFC 3161: what is accepted, what is refused, and that both checkers say the same.

The authority is made in the test (tests/tsa.py): certificates by `cryptography`, replies by stock openssl.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import tsa
import vectors
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from collector import der, second_opinion, timestamp
from collector.errors import TimestampError, UsageError

if not Path(tsa.OPENSSL).exists():
    pytest.skip("the authority of these tests is stock openssl", allow_module_level=True)

DATA = b"evidence-collector/v1/0\n1\n2\n3\n4\n"
STAMPING = (tsa.STAMPING,)


class World:
    """One root, authorities under it, and a folder to work in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = tsa.party("Root")
        self.signer = tsa.party("Authority", self.root, usage=STAMPING)
        self.between = tsa.party("Between", self.root)
        self.under = tsa.party("An authority under another one", self.between, usage=STAMPING)
        self.past = tsa.party("Past", self.root, usage=STAMPING, years=(2020, 2022))
        self.roots = [self.root.certificate]

    def reply(self, *more: tsa.Party, signer: tsa.Party | None = None, nonce: int = 99, data: bytes = DATA) -> bytes:
        return tsa.reply(self.folder, timestamp.request(data, nonce), signer or self.signer, *more)

    def signed(self, *more: tsa.Party, signer: tsa.Party | None = None, status: int = 0, **how: object) -> bytes:
        content = tsa.info(DATA, **how)  # type: ignore[arg-type]
        return tsa.signed(self.folder, content, signer or self.signer, *more, status=status)

    def check(self, reply: bytes, nonces: list[int] | None = None) -> timestamp.Stamp:
        return timestamp.check(reply, DATA, self.roots, nonces)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def plain(world):
    """Return a reply of `openssl ts` that the library reads."""
    return world.reply()


def refused(world: World, reply: bytes, nonces: list[int] | None = None) -> str:
    """Return why a reply is refused; the sentence holds nothing of its bytes, and a hint follows."""
    with pytest.raises(TimestampError) as caught:
        world.check(reply, nonces)
    assert caught.value.hint
    assert caught.value.exit_code == 1
    return str(caught.value)


UNREADABLE = "this is no reply of a timestamp authority (RFC 3161, in DER)"
NO_GOOD = "the signature or the certificates of the timestamp do not hold under the roots given"
NOT_OURS = "the timestamp is not of this evidence's seal, or not over its SHA-256"
NO_PURPOSE = "the certificate that signed the timestamp is not one for time stamping only (marked critical)"

NO_CERTIFICATE = "the certificate that signed the timestamp can't be read, or is for no purpose"
REFUSAL = "the authority did not give a timestamp: its reply is a refusal"


# what is asked ------------------------------------------------------------------------------


@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 2**63, 2**64 - 1])
def test_a_request_is_what_openssl_reads(tmp_path, nonce):
    """SHA-256 of the checkpoint, the nonce, the certificate wanted; and our own reader finds the nonce again."""
    request = timestamp.request(DATA, nonce)
    (tmp_path / "q").write_bytes(request)
    told = tsa.run(tmp_path, "ts", "-query", "-in", "q", "-text", "-out", "out").decode()
    assert "Hash Algorithm: sha256" in told
    assert "Certificate required: yes" in told
    shown = int(re.search(r"Nonce: (0x[0-9A-F]+)", told)[1], 16)
    rows = re.findall(r" - ((?:[0-9a-f]{2}[ -]){16})", told)
    digest = "".join(rows).replace(" ", "").replace("-", "")
    assert (shown, digest) == (nonce, hashlib.sha256(DATA).hexdigest())
    assert timestamp.nonce_of(request) == nonce


@pytest.mark.parametrize("bad", [b"", b"0", b"\x30\x00", b"\x30\x80", b"x" * 4096, timestamp.request(DATA, 5)[:-1]])
def test_what_is_no_request_has_no_nonce(bad):
    """A damaged request in custody names no nonce; it breaks nothing."""
    assert timestamp.nonce_of(bad) is None


# what holds ---------------------------------------------------------------------------------


def test_a_reply_of_openssl_holds(world, plain):
    """Time, name and number are those that `openssl ts -reply -text` prints."""
    (world.folder / "in").write_bytes(plain)
    told = tsa.run(world.folder, "ts", "-reply", "-in", "in", "-text", "-out", "out").decode()
    stamp = world.check(plain, [99])
    serial = re.search(r"Serial number: 0x0*([0-9A-F]+)", told)[1].lower()
    moment = re.search(r"Time stamp: (.*) GMT", told)[1]
    assert stamp.serial == serial
    assert stamp.time[8:10].lstrip("0") + stamp.time[10:19].replace("T", " ") in moment.replace("  ", " ")
    assert (stamp.authority, stamp.nonce, stamp.by) == ("CN=Authority,C=FR", True, "rfc3161-client")


def good(world: World) -> dict[str, bytes]:
    """Return replies that hold and that the library reads."""
    rsa_root = tsa.party("RSA", key=rsa.generate_private_key(65537, 2048))
    rsa_signer = tsa.party("R", rsa_root, usage=STAMPING, key=rsa.generate_private_key(65537, 2048))
    world.roots.append(rsa_root.certificate)
    return {
        "ts": world.reply(),
        "rsa": world.reply(signer=rsa_signer),
        "cms": world.signed(),
        "without a nonce": world.signed(nonce=None),
        "a long nonce": world.signed(nonce=2**159),
        "a fraction": world.signed(time=b"20261125120000.25Z"),
        "accuracy": world.signed(more=tsa.tlv(0x30, tsa.number(1))),
        "expired since": world.signed(signer=world.past, time=b"20210101000000Z"),
        "first second": world.signed(signer=world.past, time=b"20200101000000Z"),
        "chain": world.signed(world.between, signer=world.under),
        "root among them": world.signed(world.root),
    }


def test_both_checkers_accept_what_is_good(world):
    """On replies that hold, the library and openssl agree, on the time too: `-attime` is the genTime of our reader."""
    for name, reply in good(world).items():
        found = timestamp._read(reply)
        timestamp._by_library(reply, found, DATA, world.roots)
        timestamp._by_program(reply, found, DATA, world.roots)
        assert world.check(reply).by == "rfc3161-client", name


def test_a_fraction_of_a_second_is_kept(world):
    """The library drops it; the stamp doesn't, and what is finer than a microsecond is cut."""
    assert world.check(world.signed(time=b"20261125120000.25Z")).time == "2026-11-25T12:00:00.250000Z"
    assert world.check(world.signed(time=b"20261125235959.999999999Z")).time == "2026-11-25T23:59:59.999999Z"


def test_what_only_openssl_reads_is_checked_by_it(world):
    """Two certificates in the order in which OpenSSL 3.0 writes them: the library can't parse that, openssl accepts."""
    reply = world.reply(world.between, signer=world.under)
    with pytest.raises(timestamp._CannotReadError):
        timestamp._by_library(reply, timestamp._read(reply), DATA, world.roots)
    stamp = world.check(reply, [99])
    assert (stamp.by, stamp.authority) == ("openssl", "CN=An authority under another one,C=FR")


def test_openssl_refuses_on_the_same_grounds(world):
    """The second opinion is no back door: other data, another root and a time outside are refused there too."""
    reply = world.reply(world.between, signer=world.under)
    with pytest.raises(TimestampError):
        timestamp.check(reply, DATA, [tsa.party("Root").certificate])
    with pytest.raises(TimestampError):
        timestamp.check(reply, DATA + b"x", world.roots)
    for data, at in ((DATA + b"x", 1_795_000_000), (DATA, 0)):
        with pytest.raises(TimestampError, match="does not accept it"):
            second_opinion.on_timestamp(reply, data, world.root.pem, at)


def test_where_openssl_is_not_there_it_says_so(world, monkeypatch):
    """Without a second opinion such a reply is refused, and the reason is not that it is wrong."""
    reply = world.reply(world.between, signer=world.under)
    monkeypatch.setattr(second_opinion, "PROGRAMS", ("/nowhere/openssl",))
    assert "openssl, which may be able to, is not installed" in refused(world, reply)


def test_openssl_that_says_nothing_is_no_acceptance(world, monkeypatch):
    """An exit code of 0 alone accepts nothing."""
    monkeypatch.setattr(second_opinion, "PROGRAMS", ("/bin/true",))
    assert "does not accept it" in refused(world, world.reply(world.between, signer=world.under))


def test_openssl_that_hangs_is_ended(world, tmp_path, monkeypatch):
    """The time limit holds; the folder it worked in was private, and is gone."""
    program = tmp_path / "hangs"
    program.write_text(f"#!/bin/sh\ncd .\nstat -c %a . > {tmp_path}/mode\nenv > {tmp_path}/env\nexec sleep 60\n")
    program.chmod(0o700)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr(second_opinion, "FOLDERS", (str(work),))
    monkeypatch.setattr(second_opinion, "PROGRAMS", (str(program),))
    monkeypatch.setattr(second_opinion, "SECONDS", 2)
    assert "could not be asked" in refused(world, world.reply(world.between, signer=world.under))
    assert list(work.iterdir()) == []
    assert (tmp_path / "mode").read_text() == "700\n"
    names = {line.split("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert names <= {"PWD", "OLDPWD", "SHLVL", "_"}, "what a shell sets for itself"


# what is refused ----------------------------------------------------------------------------


def bad(world: World) -> dict[str, tuple[bytes, str]]:
    """Return replies that do not hold, each for one reason, and the sentence that says it."""
    other_root = tsa.party("Root")
    tls = tsa.party("Web", world.root, usage=(ExtendedKeyUsageOID.SERVER_AUTH,))
    both = tsa.party("Both", world.root, usage=(*STAMPING, ExtendedKeyUsageOID.SERVER_AUTH))
    soft = tsa.party("Soft", world.root, usage=STAMPING, critical=False)
    from_leaf = tsa.party("Under a leaf", world.signer, usage=STAMPING)
    any_purpose = tsa.party("CA", world.root)
    reply = world.signed
    no_token = tsa.tlv(0x30, tsa.tlv(0x30, tsa.number(0)))
    refusal = tsa.tlv(0x30, tsa.tlv(0x30, tsa.number(2), tsa.tlv(0x30, tsa.tlv(12, b"no\x1b[31m"))))
    other_kind = tsa.signed(world.folder, tsa.info(DATA), world.signer, kind="1.2.840.113549.1.7.1")
    sha512 = hashlib.sha512(DATA).digest()
    return {
        "another root of the same name": (reply(signer=tsa.party("Authority", other_root, usage=STAMPING)), NO_GOOD),
        "its certificate expired": (reply(signer=world.past, time=b"20230101000000Z"), NO_GOOD),
        "its certificate not yet valid": (reply(signer=world.past, time=b"20191231235959Z"), NO_GOOD),
        "the root not yet valid": (reply(time=b"20190101000000Z"), NO_GOOD),
        "the one between is missing": (reply(signer=world.under), NO_GOOD),
        "signed under one that is no authority": (reply(world.signer, signer=from_leaf), NO_GOOD),
        "a certificate for the web": (reply(signer=tls), NO_PURPOSE),
        "for the web too": (reply(signer=both), NO_PURPOSE),
        "not marked critical": (reply(signer=soft), NO_PURPOSE),
        "for no purpose": (reply(signer=any_purpose), NO_CERTIFICATE),
        "over other bytes": (world.reply(data=DATA + b"\n"), NOT_OURS),
        "over SHA-512": (reply(algorithm=tsa.SHA512, digest=sha512), NOT_OURS),
        "SHA-512 said, SHA-256 meant": (reply(algorithm=tsa.SHA512), NOT_OURS),
        "half the digest": (reply(digest=hashlib.sha256(DATA).digest()[:16]), NOT_OURS),
        "granted with changes": (reply(status=1), REFUSAL),
        "a refusal with a token": (reply(status=2), REFUSAL),
        "a refusal": (refusal, REFUSAL),
        "granted without a token": (no_token, UNREADABLE),
        "a signature over another kind": (other_kind, UNREADABLE),
        "its certificate left out": (without_certificates(world), UNREADABLE),
        "a second certificate of its name and number": (reply(forged_twin(world)), UNREADABLE),
        "no hash of its certificate signed": (unbound(world), UNREADABLE),
        "another certificate of its name, number and key": (swapped_certificate(world), UNREADABLE),
        "signed by two": (signed_by_two(world), UNREADABLE),
        "another version": (reply(version=2), UNREADABLE),
        "a month that is none": (reply(time=b"20261325120000Z"), UNREADABLE),
        "no Z": (reply(time=b"20261125120000"), UNREADABLE),
        "a leap second": (reply(time=b"20261125235960Z"), UNREADABLE),
        "before 1970": (reply(time=b"19691231235959Z"), UNREADABLE),
        "the year 9999": (reply(time=b"99990101000000Z"), UNREADABLE),
        "two nonces": (reply(more=tsa.number(1) + tsa.number(2)), UNREADABLE),
        "a number without end": (reply(serial=2**600), UNREADABLE),
        "a request": (timestamp.request(DATA, 99), UNREADABLE),
        "a certificate": (world.root.der, UNREADABLE),
        "the token alone": (reply()[4 + 5 :], UNREADABLE),
        "in base64": (b"MII" * 100, UNREADABLE),
        "nothing": (b"", UNREADABLE),
        "10 MB": (b"\x30" * 10_000_000, "this file is too large for a timestamp"),
        "a million nested": (b"\x30\x80" * 500_000, UNREADABLE),
        "100,000 elements": (b"\x05\x00" * 100_000, UNREADABLE),
    }


def without_certificates(world: World) -> bytes:
    """Return a token whose certificates were left out, as of an authority that was not asked for them."""
    return tsa.signed(world.folder, tsa.info(DATA), world.signer, options=("-cades", "-nocerts"))


def unbound(world: World) -> bytes:
    """Return a token whose signature is bound to no certificate: openssl refuses that, the library does not."""
    return tsa.signed(world.folder, tsa.info(DATA), world.signer, options=())


def forged_twin(world: World, signer: tsa.Party | None = None) -> tsa.Party:
    """Return a certificate of anybody's making with the issuer's name and the number of the signer's."""
    impostor = tsa.party("Root")
    serial = (signer or world.signer).certificate.serial_number
    return tsa.party("Forged", impostor, usage=STAMPING, serial=serial)


def swapped_certificate(world: World) -> bytes:
    """Return a reply with another certificate in the place of the signer's: same name, number, key and length."""
    old = world.signer.certificate
    while True:  # the length of a signature varies
        new = tsa.party(
            "Authority", world.root, usage=STAMPING, years=(2020, 2121), serial=old.serial_number, key=world.signer.key
        )
        if len(new.der) == len(world.signer.der):
            return world.signed().replace(world.signer.der, new.der)


def signed_by_two(world: World) -> bytes:
    """Return a token with two signatures, each good."""
    (world.folder / "second").write_bytes(world.past.pem)
    key = world.past.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (world.folder / "second.key").write_bytes(key)
    options = ("-cades", "-signer", "second", "-inkey", "second.key")
    return tsa.signed(world.folder, tsa.info(DATA, time=b"20210101000000Z"), world.signer, options=options)


def test_each_refusal_has_its_own_reason(world):
    """Each reply has one thing wrong with it; nothing but `TimestampError` is raised, with a hint."""
    for name, (reply, sentence) in bad(world).items():
        assert (name, refused(world, reply)) == (name, sentence)


def test_what_one_checker_refuses_the_other_refuses(world):
    """Whatever our own reader lets through and the library refuses, openssl refuses as well."""
    compared = 0
    for name, (reply, sentence) in bad(world).items():
        if sentence != NO_GOOD:
            continue
        found = timestamp._read(reply)
        with pytest.raises(TimestampError):
            timestamp._by_program(reply, found, DATA, world.roots)
        compared += 1
        assert name
    assert compared == 6


def test_the_forged_second_certificate_is_refused_whichever_comes_first(world):
    """A certificate for the web signs, a forged one of its name and number has the purpose: no library is asked."""
    web = tsa.party("Web", world.root, usage=(ExtendedKeyUsageOID.SERVER_AUTH,))
    forged = forged_twin(world, web)
    assert refused(world, world.signed(signer=web)) == NO_PURPOSE
    assert refused(world, world.signed(forged, signer=web)) == UNREADABLE


def test_a_nonce_is_that_of_a_request(world):
    """The nonce must be one that was asked with; a token without one is accepted, and the stamp says so."""
    with_nonce, without = world.signed(nonce=5), world.signed()
    assert world.check(with_nonce, [4, 5]).nonce is True
    assert world.check(without, []).nonce is False
    assert world.check(with_nonce).nonce is True
    for nonces in ([], [4], [-5], [5 + 2**64]):
        assert "answers another request" in refused(world, with_nonce, nonces)


def test_no_part_of_a_reply_will_do(world, plain):
    """Cut anywhere, or with anything after it, it is no reply; and openssl is not asked, which ignores what follows."""
    for end in range(len(plain)):
        refused(world, plain[:end])
    for more in (b"\x00", b"\n", plain):
        assert refused(world, plain + more) == UNREADABLE


def malleable(reply: bytes) -> set[int]:
    """Return the offsets in a reply of `openssl ts` that may change and mean nothing: no signature covers them.

    The versions of SignedData and SignerInfo; the tag of the list of hashes, and in both places that name SHA-256 the
    tag of its empty parameters; the tag around the values of three signed attributes (what is signed is their DER,
    which a lenient reader writes anew); the name of the algorithm of the signature, which the key decides.
    """
    version = reply.index(b"\x02\x01\x03") + 2
    hashes = [reply.index(tsa.SHA256), reply.rindex(tsa.SHA256)]
    tags = [reply.rindex(bytes.fromhex(f"06092a864886f70d0109{number}")) + 11 for number in ("03", "04", "05")]
    signature = reply.rindex(bytes.fromhex("06082a8648ce3d040302")) + 2
    signer = reply.rindex(b"\x02\x01\x01\x30") + 2
    return {version, version + 1, signer, *(at + 9 for at in hashes), *tags, *range(signature, signature + 8)}


def test_no_flipped_byte_changes_what_a_reply_means(world, plain, capfd):
    """Every byte, each of three ways: refused, or the same time, name, number and nonce as before.

    What is accepted is what no signature covers, and neither library nor program writes a word of it.
    """
    stamp = world.check(plain, [99])
    accepted = set()
    for at, bit in itertools.product(range(len(plain)), (0x01, 0x20, 0x80)):
        changed = bytearray(plain)
        changed[at] ^= bit
        try:
            assert same(world.check(bytes(changed), [99]), stamp)
        except TimestampError:
            continue
        accepted.add(at)
    assert accepted == malleable(plain)
    assert capfd.readouterr() == ("", "")


def same(one: timestamp.Stamp, other: timestamp.Stamp) -> bool:
    return dataclasses.replace(one, by="") == dataclasses.replace(other, by="")


@given(at=st.integers(0, 1500), length=st.integers(0, 60), data=st.binary(max_size=60))
def test_no_splice_changes_what_a_reply_means(world, plain, at, length, data):
    """Any bytes in the place of any others: refused, or the same meaning."""
    at = at % len(plain)
    try:
        stamp = world.check(plain[:at] + data + plain[at + length :], [99])
    except TimestampError:
        return
    assert same(stamp, world.check(plain, [99]))


@given(data=st.binary(max_size=300))
def test_random_bytes_are_refused(world, data):
    """Nothing but `TimestampError`, whatever the bytes are."""
    assert refused(world, data) == UNREADABLE


@pytest.mark.parametrize(
    "data",
    [
        b"\x1f\x01\x00",  # a tag of more than one byte
        b"\x04\x81\x01a",  # a length in two bytes that one could hold
        b"\x04\x82\x00\xff" + bytes(255),  # in three, where two could
        b"\x30\x80\x00\x00",  # an element without a length
        b"\x04\x85\x00\x00\x00\x00\x80" + bytes(128),
        b"\x04",
        b"\x04\x81",
        b"\x04\x02a",
        b"\x05\x00" * (der.MAX_ITEMS + 1),
    ],
)
def test_der_has_one_spelling(data):
    """What another reader might take otherwise is taken by none of ours."""
    with pytest.raises(der.DerError):
        der.items(data)


def test_der_up_to_its_limits():
    """The longest lists, lengths and integers that are taken."""
    assert len(der.items(b"\x05\x00" * der.MAX_ITEMS)) == der.MAX_ITEMS
    for size in (0, 127, 128, 255, 256, 65535, 65536):
        (item,) = der.items(tsa.tlv(4, bytes(size)))
        assert (item.tag, len(item.value), item.whole) == (4, size, tsa.tlv(4, bytes(size)))
    assert der.integer(der.items(tsa.number(2**511 - 1))[0]) == 2**511 - 1
    with pytest.raises(der.DerError):
        der.integer(der.items(tsa.number(2**512))[0])


def test_two_readings_that_differ_are_no_timestamp(world, plain):
    """Whatever of time, number, nonce or imprint the library reads otherwise than we do."""
    found = timestamp._read(plain)
    others = {"moment": found.moment.replace(year=2025), "serial": 0, "nonce": None, "imprint": bytes(32)}
    for name, value in others.items():
        with pytest.raises(TimestampError, match="two readings"):
            timestamp._by_library(plain, dataclasses.replace(found, **{name: value}), DATA, world.roots)


def test_a_name_that_would_paint_the_terminal_is_safe(world):
    """The authority's name is text of its certificate: escaped before anybody sees it."""
    loud = tsa.party("A\x1b[31m\u202eB\n", world.root, usage=STAMPING)
    assert world.check(world.signed(signer=loud)).authority == "CN=A\\x1b[31m\\u202eB\\x0a,C=FR"


# roots --------------------------------------------------------------------------------------


def test_roots_are_pem_files_of_one_or_several(world, tmp_path):
    """All certificates of all files, also through a link, as systems keep them."""
    (tmp_path / "two.pem").write_bytes(b"a comment\n" + world.root.pem + world.between.pem)
    (tmp_path / "one.pem").write_bytes(world.past.pem.replace(b"\n", b"\r\n"))
    (tmp_path / "link.pem").symlink_to("one.pem")
    roots = timestamp.roots_from([tmp_path / "two.pem", tmp_path / "link.pem"])
    assert roots == (world.root.certificate, world.between.certificate, world.past.certificate)


def numbered_below_zero(party: tsa.Party) -> bytes:
    """Return the certificate of a party made with the number `SERIAL`, in DER, with a number that is none."""
    positive = SERIAL.to_bytes(8)
    assert party.der.count(positive) == 1
    return party.der.replace(positive, b"\xff" + positive[1:])


SERIAL = 0x0123456789ABCDEF


def test_a_root_with_a_number_that_is_none_is_taken_in_silence(tmp_path):
    """Systems trust such roots: nothing of ours stands on stderr for it, and other warnings stay what they are."""
    der = numbered_below_zero(tsa.party("Root", serial=SERIAL))
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    (tmp_path / "root.pem").write_bytes(pem)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        (root,) = timestamp.roots_from([tmp_path / "root.pem"])
        warnings.warn("another one", CryptographyDeprecationWarning, stacklevel=1)
        assert [str(one.message) for one in said] == ["another one"]
    assert root.public_bytes(Encoding.DER) == der


def test_no_other_warning_is_hidden_where_roots_are_read(tmp_path, monkeypatch):
    """What cryptography says of something else is heard; here, as everywhere in the tests, it is an error."""
    (tmp_path / "root.pem").write_bytes(tsa.party("Root").pem)

    def loud(_pem):
        warnings.warn("Parsed something else", CryptographyDeprecationWarning, stacklevel=2)
        return []

    monkeypatch.setattr("cryptography.x509.load_pem_x509_certificates", loud)
    with pytest.warns(CryptographyDeprecationWarning, match="something else"):
        timestamp.roots_from([tmp_path / "root.pem"])


def test_an_authority_with_a_number_that_is_none_is_read_in_silence(world):
    """A reply is as hostile as any file: its certificate puts nothing on stderr either; the signature is next."""
    der = numbered_below_zero(tsa.party("Authority", world.root, usage=STAMPING, serial=SERIAL))
    assert timestamp._authority(der) == "CN=Authority,C=FR"


def test_without_a_root_there_is_nothing_to_trust():
    """The reason is said: nothing inside is a root of trust."""
    with pytest.raises(UsageError, match="nothing inside the evidence or the reply is a root of trust"):
        timestamp.roots_from([])
    with pytest.raises(ValueError, match="under roots"):
        timestamp.check(b"", DATA, [])


@pytest.mark.parametrize("what", ["missing", "folder", "fifo", "empty", "der", "key", "cut", "large", "text"])
def test_a_file_that_is_no_root_is_a_mistake_in_the_command(world, tmp_path, what):
    """Exit code 2 and a hint, for whatever it is; no FIFO is waited for."""
    path = tmp_path / "root"
    contents = {
        "empty": b"", "der": world.root.der, "cut": world.root.pem[:-60], "large": world.root.pem * 2000, "text": b"hi",
        "key": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    }  # fmt: skip
    if what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    elif what in contents:
        path.write_bytes(contents[what])
    with pytest.raises(UsageError) as caught:
        timestamp.roots_from([path])
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_roots_given_twice_are_no_fault(world, plain):
    """The same root in two files is one root."""
    assert timestamp.check(plain, DATA, [world.root.certificate] * 2).by == "rfc3161-client"


# what is loaded -----------------------------------------------------------------------------


def test_nothing_is_loaded_before_it_is_needed():
    """Memory on the host is evidence: loading the room loads no library for it, and nothing that runs programs."""
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent.parent)!r}); before = set(sys.modules); "
        "import collector.timestamp, collector.stamps; print(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-I", "-B", "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "collector.timestamp" in loaded
    never = {"subprocess", "tempfile", "rfc3161_client", "collector.second_opinion", "segno", "PIL"}
    assert never & set(loaded) == set()


# the sample ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["good", "other"])
def test_the_sample_holds(name):
    """The two committed timestamps are sound under their root, and neither is over what the other is."""
    vector = vectors.content(vectors.read(vectors.FOLDER / "good.vector").world["checkpoint"])
    data = {"good": vector, "other": (tsa.SAMPLE / "other.bin").read_bytes()}
    roots = timestamp.roots_from([tsa.SAMPLE / "root.pem"])
    request, reply = ((tsa.SAMPLE / f"{name}{suffix}").read_bytes() for suffix in (".tsq", ".tsr"))
    assert request == timestamp.request(data[name], tsa.NONCE)
    own = data.pop(name)
    stamp = timestamp.check(reply, own, roots, [tsa.NONCE])
    assert (stamp.time[:11], stamp.by) == ("2026-11-25T", "rfc3161-client")
    assert stamp.authority == "CN=Test timestamp authority\\, good for nothing,C=FR"
    timestamp._by_program(reply, timestamp._read(reply), own, roots)
    (other,) = data.values()
    with pytest.raises(TimestampError, match="not of this evidence's seal"):
        timestamp.check(reply, other, roots)
