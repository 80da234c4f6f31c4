"""The seal: one spelling of a signature, one code for paper, and slips of the pen counted."""

from __future__ import annotations

import hashlib
import string

import made
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import seal
from collector.manifest import Head

HEAD = Head(made.SID, 8, 4341, "a" * 64, "b" * 64)
TEXT = seal.checkpoint_text(HEAD)
ALPHABET = string.ascii_uppercase + "234567"
DIGESTS = st.binary(min_size=32, max_size=32)


def public(number=1):
    return seal.public_line(made.key(number))


def test_a_checkpoint_is_five_lines():
    """Name and sid, records, bytes, hash of all, hash of the last line; each ends in LF."""
    assert (
        b"evidence-collector/v1/" + made.SID.encode() + b"\n8\n4341\n" + b"a" * 64 + b"\n" + b"b" * 64 + b"\n"
    ) == TEXT


def test_what_was_signed_is_known_again():
    """The run's key, the text, the purpose: all three must be those of the signature."""
    blob = seal.sign(TEXT, made.key())
    assert seal.is_signed(TEXT, blob, public())
    assert not seal.is_signed(TEXT + b"x", blob, public())
    assert not seal.is_signed(TEXT, blob, public(2))
    assert not seal.is_signed(TEXT, blob, public(), seal.PHASE_NAMESPACE)
    assert not seal.is_signed(TEXT, seal.sign(TEXT, made.key(), seal.PHASE_NAMESPACE), public())


@given(st.binary(max_size=400))
def test_any_signature_file_is_judged(data):
    """Any bytes are no signature; none makes the check raise."""
    assert not seal.is_sealed(TEXT, data, public())
    assert not seal.is_signed(TEXT, data, public())


@given(st.data())
def test_every_byte_of_a_signature_file_counts(data):
    """Any byte replaced, inserted or removed, and it is no longer the signature."""
    file = seal.armoured(seal.sign(TEXT, made.key()))
    assert seal.is_sealed(TEXT, file, public())
    at = data.draw(st.integers(0, len(file) - 1))
    other = bytes([data.draw(st.integers(0, 255).filter(lambda byte: byte != file[at]))])
    assert not seal.is_sealed(TEXT, file[:at] + other + file[at + 1 :], public())
    assert not seal.is_sealed(TEXT, file[:at] + file[at + 1 :], public())
    longer = file[:at] + other + file[at:]
    assert not seal.is_sealed(TEXT, longer, public())


@given(DIGESTS)
def test_a_code_is_for_paper(digest):
    """Eight groups of four, no 0, 1, 8 or 9; its own code has no errors."""
    code = seal.code(digest)
    assert [len(group) for group in code.split("-")] == [4] * 8
    assert set(code) <= set(ALPHABET + "-")
    assert seal.code_errors(code, digest) == 0


@given(DIGESTS, st.data())
def test_slips_are_counted_one_by_one(digest, data):
    """A code with k characters wrong has k errors, for every k from 0 to 32."""
    code = list(seal.code(digest).replace("-", ""))
    places = data.draw(st.sets(st.integers(0, 31)))
    for place in places:
        code[place] = data.draw(st.sampled_from([char for char in ALPHABET if char != code[place]]))
    assert seal.code_errors("".join(code), digest) == len(places)


@given(DIGESTS, st.randoms())
def test_a_code_is_read_as_people_write(digest, chance):
    """Small letters, spaces, any hyphen or none, and 0, 1, 8 for O, I, B, which don't occur otherwise."""
    code = seal.code(digest).replace("O", "0").replace("I", "1").replace("B", "8").lower()
    written = "".join(chance.choice([" ", "", "-", "\u2011", "\u00a0"]) if char == "-" else char for char in code)
    assert seal.code_errors(f" {written}\n", digest) == 0


@given(st.text(st.characters(), max_size=50))
def test_any_text_is_a_code_or_none(text):
    """Whatever is typed: the number of wrong characters, or `None` where it is no code."""
    errors = seal.code_errors(text, b"\0" * 32)
    assert errors is None or 0 <= errors <= 32


@pytest.mark.parametrize(
    "typed", ["", "AAAA", "A" * 31, "A" * 33, "9" * 32, "A" * 31 + "!", "é" * 32, "\u0131" * 32, "\u017f" * 32]
)
def test_what_is_no_code_is_not_counted(typed):
    """Too short, too long, or characters that a code never has (the capitals of the last two are I and S)."""
    assert seal.code_errors(typed, b"\0" * 32) is None


def test_limits_of_slips_are_those_of_the_format():
    """Two count as a match, six as near."""
    assert (seal.MATCH_ERRORS, seal.NEAR_ERRORS) == (2, 6)


def test_sums_are_spelled_as_sha256sum_does():
    """Sorted by path, two spaces, LF."""
    digest = hashlib.sha256(b"").hexdigest()
    assert seal.sums_text([("b", digest), ("a", digest)]) == f"{digest}  a\n{digest}  b\n".encode()
