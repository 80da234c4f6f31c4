"""The manifest: one accepted spelling, limits at which writer and reader meet, and a reader that nothing surprises."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import made
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from collector import schema, text
from collector.errors import LimitError, ManifestFormatError
from collector.manifest import (
    MAX_DEPTH,
    MAX_LINE,
    Chain,
    ChainReader,
    ManifestWriter,
    decode,
    encode,
    local_text,
    utc_text,
)
from collector.model import MAX_SAFE_INTEGER, Moment

CHARACTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, MAX_SAFE_INTEGER) | CHARACTERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CHARACTERS, inner, max_size=3),
    max_leaves=12,
)
ANY_TEXT = st.text(st.characters(), max_size=40)
"""Lone surrogates included: what Python makes of names that are not UTF-8."""


class Lines:
    """Takes lines and keeps them."""

    def __init__(self):
        self.data = b""

    def write_all(self, data):
        self.data += data


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def writer(tables=schema.MANIFEST):
    out = Lines()
    return out, ManifestWriter(out, Chain(made.SID), tables)


def note(text_of_it):
    return {"observed": None, "text": text_of_it}


@given(st.dictionaries(CHARACTERS, JSON, max_size=5))
def test_any_record_comes_back_as_it_was(record):
    """Whatever JSON holds within the limits: decode(encode(x)) is x, key order and all, and it is one ASCII line."""
    assume(depth(record) <= MAX_DEPTH)
    line = encode(record)
    assert line.isascii()
    assert b"\n" not in line
    assert json.dumps(decode(line)) == json.dumps(record)


@given(st.binary(max_size=300))
@example(b"")
@example(b"[" * MAX_LINE)
@example(b'{"a":' * 20_000)
@example(b'{"v":' + b"9" * 60_000 + b"}")
@example(b'{"a":1e999}')
@example(b"\xff\xfe{\x00}\x00")
@example(b'{"a":"\\ud83d"}')
@example(b'{"\\ude00\\ud83d":0}')
@example(b"x" * (MAX_LINE + 1))
def test_any_bytes_are_a_record_or_refused(line):
    """No bytes whatever make the reader raise anything but its own error, and what it takes has this one spelling."""
    try:
        record = decode(line)
    except ManifestFormatError:
        return
    assert encode(record) == line


@given(st.text(st.sampled_from(' \t{}[]":,\\u0123456789abcdefEtrnlNI.+-'), max_size=60))
def test_anything_that_looks_like_json_is_a_record_or_refused(line):
    """The same for what is made of JSON's own characters."""
    test_any_bytes_are_a_record_or_refused.hypothesis.inner_test(b'{"a":' + line.encode() + b"}")


@given(
    st.lists(
        st.binary(max_size=60) | st.dictionaries(st.sampled_from([f.name for f in schema.COMMON]), JSON).map(encode)
    )
)
def test_any_lines_are_read_to_their_end(lines):
    """The chain reader takes any lines, counts each, and reports all of them: none of these is a bundle's."""
    reader = ChainReader()
    for line in lines:
        reader.feed(line)
    reader.end("0" * 64)
    assert reader.chain.records == len(lines)
    assert {problem.line for problem in reader.problems} >= set(range(1, len(lines) + 1)) - {0}


@given(
    st.fixed_dictionaries({field.name: JSON for field in (*schema.COMMON, *schema.MANIFEST["artifact"])}).map(
        lambda record: {**record, "v": 1, "type": "artifact"}
    )
)
def test_any_values_in_the_right_fields_are_judged(record):
    """Every check of a field takes any JSON: a finding at worst, never an exception of Python's."""
    assume(depth(record) <= MAX_DEPTH)
    with pytest.raises(ManifestFormatError) as caught:
        schema.check(decode(encode(record)), schema.MANIFEST, encrypted=False)
    assert caught.value.code in ("SCHEMA", "UNSAFE_PATH")


def test_writer_and_reader_meet_at_the_longest_line():
    """A line of 64 KiB is written and read; one byte more is refused by both, and the writer writes nothing of it."""
    out, lines = writer()
    lines.append("note", made.MadeClock().now(), note(""))
    room = MAX_LINE - (len(out.data) - 1)
    out, lines = writer()
    lines.append("note", made.MadeClock().now(), note("x" * room))
    line = out.data[:-1]
    assert len(line) == MAX_LINE
    decode(line)
    before = out.data
    head = lines.chain.head()
    with pytest.raises(LimitError):
        lines.append("note", made.MadeClock().now(), note("x" * (room + 1)))
    assert out.data == before
    assert lines.chain.head() == head
    with pytest.raises(ManifestFormatError):
        decode(line.replace(b'"xx', b'"xxx', 1))


def nested(levels):
    value = 0
    for _ in range(levels):
        value = {"a": value}
    return value


def test_writer_and_reader_meet_at_the_deepest_nesting():
    """Eight deep, the record itself counted, is written and read; nine deep is refused by both."""
    out, lines = writer()
    fields = {"what": "x", "data": nested(MAX_DEPTH - 1)}
    lines.append("observation", made.MadeClock().now(), fields)
    assert decode(out.data[:-1])["data"] == nested(MAX_DEPTH - 1)
    before = out.data
    with pytest.raises(ValueError, match="our own record"):
        lines.append("observation", made.MadeClock().now(), {"what": "x", "data": nested(MAX_DEPTH)})
    assert out.data == before
    with pytest.raises(ManifestFormatError):
        decode(encode(nested(MAX_DEPTH + 1)))


@pytest.mark.parametrize(
    "fields",
    [
        note("\ud800"),
        note(1),
        {"text": "x"},
        {"observed": None, "text": "x", "more": 1},
        note({"text": "a", "hex": "61"}),
    ],
)
def test_the_writer_writes_nothing_that_its_reader_would_refuse(fields):
    """A mistake of ours is a ValueError before a byte is written, not an altered bundle afterwards."""
    out, lines = writer()
    with pytest.raises(ValueError, match="our own record"):
        lines.append("note", made.MadeClock().now(), fields)
    assert (out.data, lines.chain.records) == (b"", 0)


@pytest.mark.parametrize("number", [0, 1, MAX_SAFE_INTEGER])
def test_integers_that_every_reader_keeps_are_taken(number):
    """0 to 2^53-1."""
    assert decode(b'{"a":%d}' % number) == {"a": number}


@pytest.mark.parametrize("spelling", [b"-1", b"-0", b"00", b"1.0", b"1e0", b"9007199254740992", b"NaN", b"Infinity"])
def test_other_numbers_are_refused(spelling):
    """Below, above, signed, with a fraction, with an exponent, with a zero before, or none at all."""
    with pytest.raises(ManifestFormatError):
        decode(b'{"a":' + spelling + b"}")


@given(st.integers(-(10**19), 10**22), st.integers(-86_340, 86_340))
def test_any_clock_makes_a_time_that_the_reader_takes(utc_ns, offset_s):
    """Before 1970, beyond the year 9999, any offset: the two spellings are valid and name one instant."""
    utc, local = utc_text(utc_ns), local_text(utc_ns, offset_s)
    assert schema.is_utc(utc)
    assert schema.matches(schema.LOCAL_FORM)(local)
    assert schema.same_instant(utc, local)


@given(st.integers(0, 4_000_000_000_000_000))
def test_times_are_cut_to_the_microsecond(microseconds):
    """A time is that of its microsecond, not of the next."""
    stamp = datetime.strptime(utc_text(microseconds * 1000 + 999), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert round(stamp.timestamp() * 10**6) == microseconds


def test_the_chain_is_over_the_bytes_that_lie_there():
    """`prev` is the hash of the line before as it was written, and the head that of the whole."""
    out, lines = writer()
    clock = made.MadeClock()
    for number in range(3):
        lines.append("note", clock.now(), note(str(number)))
    written = out.data.split(b"\n")[:-1]
    assert [decode(line)["prev"] for line in written] == [
        "0" * 64,
        *(hashlib.sha256(line).hexdigest() for line in written[:-1]),
    ]
    head = lines.chain.head()
    assert (head.records, head.length) == (3, len(out.data))
    assert head.sha256 == hashlib.sha256(out.data).hexdigest()
    assert head.last == hashlib.sha256(written[-1]).hexdigest()


def test_a_moment_is_told_by_every_clock():
    """The record carries wall clock, its offset, both boot clocks as strings, and the boot's name."""
    out, lines = writer()
    lines.append("note", Moment(1_795_000_000 * 10**9 + 1, -3600, 2**63, 2**63 + 1, "boot-9"), note("x"))
    record = decode(out.data[:-1])
    assert (record["utc"], record["local"]) == ("2026-11-18T11:06:40.000000Z", "2026-11-18T10:06:40.000000-01:00")
    assert (record["mono_ns"], record["boot_ns"], record["boot_id"]) == (str(2**63), str(2**63 + 1), "boot-9")


@given(st.binary(max_size=60))
def test_any_name_keeps_its_bytes(raw):
    """A name of any bytes is a text that the schema takes, and its bytes can be had back."""
    kept = text.from_bytes(raw)
    assert schema.is_text(kept)
    assert (kept.encode() if isinstance(kept, str) else bytes.fromhex(kept["hex"])) == raw
    assert decode(encode({"a": kept})) == {"a": kept}


@given(ANY_TEXT)
def test_any_name_from_the_system_is_taken(name):
    """Whatever Python makes of a path or an argument, lone surrogates of Windows included, is a text."""
    assert schema.is_text(text.from_native(name))


@given(st.binary(max_size=60).map(text.from_bytes) | ANY_TEXT)
def test_what_is_shown_moves_no_cursor(name):
    """No control, format, surrogate, private or unassigned character is ever left in what is printed."""
    shown = text.printable(name)
    assert all(char.isprintable() or char == "\N{IDEOGRAPHIC SPACE}" or char.isspace() for char in shown)
    assert not any(char in shown for char in "\x1b\n\r\t\x00\u202e\u2066\u200b\u2028\ufeff\x9b")


def test_bidi_and_ansi_are_spelled_out():
    """What would turn or colour a line is told by its number."""
    assert text.printable("a\x1b[31m\u202egpj.exe\n") == "a\\x1b[31m\\u202egpj.exe\\x0a"
