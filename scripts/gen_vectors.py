#!/usr/bin/env python3
"""Writes tests/testdata/vectors: one small bundle each, one thing wrong with it, and what a verifier must say.

    python scripts/gen_vectors.py            writes the vectors, removes those that are no longer made
    python scripts/gen_vectors.py --check    writes nothing; exit code 1 unless they lie there as they would be made

The names of the files are the index of what can happen to a bundle. A vector is a header (`expect`, `code` and
`subject` of the first finding, `arguments` of the command, `comment`), an empty line, and a JSON object of the folder:
a file is the list of its lines (joined with LF; a long run of one character is `{"repeat": …, "times": …}`), or
`{"base64": …}`, and what is no file is `{"folder": true}`, `{"fifo": true}` or `{"symlink": target}`.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import second_writer as w
from second_writer import PATH, World

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "testdata" / "vectors"
TSA = FOLDER.parent / "tsa"
MANIFEST, CHECKPOINT, SIG = "manifest.jsonl", "checkpoint", "checkpoint.sig"
CUSTODY, SUMS, SIGNERS, KEY = "custody.jsonl", "SHA256SUMS", "allowed_signers", "run_key.pub"
PHOTO = "attachments/000000-attachment.jpg"
OTHER = "artifacts/000003-connections.jsonl"
NONCE = "ab" * 16
LONG_RUN = 300


@dataclass(frozen=True)
class Vector:
    """One bundle and what must be said of it."""

    name: str
    world: World
    expect: str
    code: str
    subject: str
    comment: str
    arguments: str = ""

    def text(self) -> str:
        """Return the file of this vector."""
        header = {
            "expect": self.expect,
            "code": self.code,
            "subject": self.subject,
            "arguments": self.arguments,
            "comment": self.comment,
        }
        lines = [f"{name}: {value}\n" for name, value in header.items() if value]
        folder = {path: _told(self.world[path]) for path in sorted(self.world)}
        return "".join(lines) + "\n" + json.dumps(folder, indent=1) + "\n"


def _told(entry: bytes | dict[str, Any]) -> Any:
    if not isinstance(entry, bytes):
        return entry
    try:
        return [_line(line) for line in entry.decode("ascii").split("\n")]
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(entry).decode()}


def _line(line: str) -> Any:
    parts: list[Any] = []
    at = 0
    for run in re.finditer(rf"(.)\1{{{LONG_RUN},}}", line, re.DOTALL):
        parts += [line[at : run.start()], {"repeat": run[1], "times": len(run[0])}]
        at = run.end()
    return [*parts, line[at:]] if parts else line


VECTORS: dict[str, Vector] = {}


def add(name: str, world: World, expect: str, code: str, subject: str, comment: str, arguments: str = "") -> None:
    """Take a vector in."""
    if name in VECTORS:
        raise ValueError(name)
    VECTORS[name] = Vector(name, world, expect, code, subject, comment, arguments)


def line(number: int) -> str:
    """Return the place of a line."""
    return f"{MANIFEST} line {number}"


# --- the manifest as it lies there, changed after the seal

GOOD = w.linked(w.story())


def changed(path: str, data: bytes | dict[str, Any] | None, world: World | None = None) -> World:
    """Return a bundle (the usual sealed one) with one entry changed, added or, for `None`, removed."""
    made = dict(w.sealed(GOOD) if world is None else world)
    if data is None:
        del made[path]
    else:
        made[path] = data
    return made


def replaced(path: str, old: bytes, new: bytes, world: World | None = None) -> World:
    """Return a bundle with some bytes of a file replaced; nothing else follows."""
    data = (w.sealed(GOOD) if world is None else world)[path]
    if not isinstance(data, bytes) or data.count(old) != 1:
        raise ValueError(f"{old!r} does not stand once in {path}")
    return changed(path, data.replace(old, new), world)


def lines_of_the_manifest() -> None:
    """Add what is done to whole lines, and to the end."""
    text = w.joined(GOOD)
    bad = "ALTERED"
    one, two, three = GOOD[:3]
    rest = GOOD[3:]
    for name, lines, code, where, comment in (
        ("first_removed", GOOD[1:], "CHAIN_BREAK", line(1), "the first line is gone"),
        ("middle_removed", [one, two, *rest], "CHAIN_BREAK", line(3), "a line in the middle is gone"),
        ("last_removed", GOOD[:-1], "TRUNCATED", MANIFEST, "the last line is gone"),
        ("last_three_removed", GOOD[:-3], "TRUNCATED", MANIFEST, "the last lines are gone"),
        ("swapped", [one, three, two, *rest], "CHAIN_BREAK", line(2), "two neighbours changed places"),
        ("first_two_swapped", [two, one, three, *rest], "CHAIN_BREAK", line(1), "the first two changed places"),
        ("duplicated", [one, two, two, three, *rest], "CHAIN_BREAK", line(3), "a line stands there twice"),
        ("last_duplicated", [*GOOD, GOOD[-1]], "CHAIN_BREAK", line(7), "the last line stands there twice"),
        ("empty_line", [one, two, b"", three, *rest], "BAD_RECORD", line(3), "an empty line was put in"),
    ):
        add(name, changed(MANIFEST, w.joined(lines)), bad, code, where, comment)
    more = w.linked([*w.story(), w.note(9, "later")])
    add("appended_after_close", changed(MANIFEST, w.joined(more)), bad, "DATA_AFTER_CLOSE", line(7), "a record follows")
    add(
        "appended_torn", changed(MANIFEST, text + b'{"v":1'), bad, "DATA_AFTER_CLOSE", MANIFEST, "half a record follows"
    )
    add("appended_empty_line", changed(MANIFEST, text + b"\n"), bad, "BAD_RECORD", line(7), "an empty line follows")
    add("nul_padding", changed(MANIFEST, text + bytes(512)), bad, "DATA_AFTER_CLOSE", MANIFEST, "NULs follow the seal")
    add("last_newline_cut", changed(MANIFEST, text[:-1]), bad, "TRUNCATED", MANIFEST, "the last LF was cut off")
    add("cut_in_a_line", changed(MANIFEST, text[:-100]), bad, "TRUNCATED", MANIFEST, "the end of the last line is gone")
    add("manifest_empty", changed(MANIFEST, b""), bad, "TRUNCATED", MANIFEST, "nothing is left of it")
    add("manifest_missing", changed(MANIFEST, None), bad, "MISSING", MANIFEST, "it was removed from a sealed bundle")
    link = changed(MANIFEST, {"symlink": CHECKPOINT})
    add("manifest_symlink", link, bad, "NOT_A_REGULAR_FILE", MANIFEST, "a link stands in its place")
    edits: tuple[tuple[str, bytes, bytes, int, str], ...] = (
        ("first_line_changed", b'"operator":"Anne"', b'"operator":"Anna"', 1, "the first line was edited"),
        ("middle_line_changed", b'"no display"', b'"no displax"', 4, "a line in the middle was edited"),
        ("last_line_changed", b'"same_boot":true', b'"same_boot":false', 6, "the last line was edited"),
        ("last_line_changed_same_length", b'"reason":null,"counts"', b'"reason":"xx","counts"', 6, "edited, as long"),
    )
    for name, old, new, number, comment in edits:
        add(name, replaced(MANIFEST, old, new), bad, "CHAIN_BREAK", line(number), comment)


# --- lines of a bundle whose chain and seal are right: only the rule of the format is broken


def forged(number: int, old: bytes, new: bytes) -> World:
    """Return the usual bundle with one line spelled otherwise, and everything after it made to fit."""

    def spelled(text: bytes) -> bytes:
        if text.count(old) != 1:
            raise ValueError(f"{old!r} does not stand once in line {number}")
        return text.replace(old, new)

    return w.sealed(w.linked(w.story(), {number - 1: spelled}))


def told(records: list[w.Record], **how: Any) -> World:
    """Return a sealed bundle with these records."""
    return w.sealed(w.linked(records), **how)


_DEEP = b'"host":{"hostname":"poste-1"}'
_OPERATOR = b'"operator":"Anne"'
_LOCAL = b'"local":"2026-11-18T12:06:40.001000+01:00"'
_UTC = b'"utc":"2026-11-18T11:06:40.001000Z"'
_OWN_PATH = b'"path":"artifacts/000001-processes.jsonl"'


def _nested(levels: int) -> bytes:
    return b'"host":' + b'{"a":' * levels + b"1" + b"}" * levels


SPELLINGS: tuple[tuple[str, str, int, bytes, bytes, str], ...] = (
    ("seq_true", "SCHEMA", 2, b'"seq":1', b'"seq":true', "true is 1 in some languages"),
    ("seq_text", "SCHEMA", 2, b'"seq":1', b'"seq":"1"', "a number as a string"),
    ("seq_float", "BAD_RECORD", 2, b'"seq":1', b'"seq":1.0', "a number with a fraction"),
    ("seq_exponent", "BAD_RECORD", 2, b'"seq":1', b'"seq":1e0', "a number with an exponent"),
    ("seq_minus_zero", "BAD_RECORD", 1, b'"seq":0', b'"seq":-0', "zero with a sign"),
    ("seq_leading_zero", "BAD_RECORD", 2, b'"seq":1', b'"seq":01', "a number with a zero before it"),
    ("seq_skipped", "CHAIN_BREAK", 4, b'"seq":3', b'"seq":4', "a number is left out; every hash fits"),
    ("negative", "BAD_RECORD", 3, b'"rows":1', b'"rows":-1', "a negative integer"),
    ("too_big_int", "BAD_RECORD", 3, b'"rows":1', b'"rows":9007199254740992', "2^53 is no longer exact everywhere"),
    ("largest_int_in_text", "SCHEMA", 3, b'"rows":1', b'"rows":"9007199254740992"', "rows is a number"),
    ("huge_int", "BAD_RECORD", 3, b'"rows":1', b'"rows":' + b"1" * 5000, "5000 digits: more than Python reads"),
    ("nan", "BAD_RECORD", 3, b'"rows":1', b'"rows":NaN', "not a number"),
    ("infinity", "BAD_RECORD", 3, b'"rows":1', b'"rows":1e999', "a number beyond any float"),
    ("duplicate_key", "BAD_RECORD", 2, b'"seq":1', b'"seq":1,"seq":1', "a name stands there twice"),
    ("duplicate_key_other", "BAD_RECORD", 1, _OPERATOR, b'"operator":"Eve",' + _OPERATOR, "two values, two readings"),
    ("white_space", "BAD_RECORD", 2, b'"seq":1', b'"seq": 1', "a space between tokens"),
    ("space_at_end", "BAD_RECORD", 2, b'"source":"processes"}', b'"source":"processes"} ', "a space at the end"),
    ("carriage_return", "BAD_RECORD", 2, b'"source":"processes"}', b'"source":"processes"}\r', "a line ends in CR LF"),
    ("byte_order_mark", "BAD_RECORD", 1, b'{"v":1', b'\xef\xbb\xbf{"v":1', "the file begins with a byte order mark"),
    ("other_escape", "BAD_RECORD", 1, _OPERATOR, b'"operator":"\\u0041nne"', "an escape where none is needed"),
    ("slash_escape", "BAD_RECORD", 2, b"artifacts/", b"artifacts\\/", "JSON lets a slash be escaped"),
    ("upper_escape", "BAD_RECORD", 1, _OPERATOR, b'"operator":"Ren\\u00E9"', "an escape in capital letters"),
    ("non_ascii", "BAD_RECORD", 1, _OPERATOR, '"operator":"René"'.encode(), "UTF-8 beside escapes: two spellings"),
    ("raw_control", "BAD_RECORD", 1, _OPERATOR, b'"operator":"An\x00ne"', "a NUL inside a string"),
    ("lone_surrogate", "BAD_RECORD", 1, _OPERATOR, b'"operator":"\\ud800"', "half of a character"),
    ("nested_nine", "BAD_RECORD", 1, _DEEP, _nested(8), "objects nine deep"),
    ("nested_brackets", "BAD_RECORD", 1, _DEEP, b'"host":' + b"[" * 30000 + b"]" * 30000, "deeper than any stack"),
    ("long_line", "BAD_RECORD", 4, b'"no display"', b'"' + b"x" * 66000 + b'"', "longer than 64 KiB"),
    ("array", "BAD_RECORD", 2, b'{"v":1', b'[{"v":1', "not an object"),
    ("upper_hex", "SCHEMA", 1, w.sha256(w.README).encode(), w.sha256(w.README).upper().encode(), "a hash in capitals"),
    ("short_hash", "SCHEMA", 1, w.sha256(w.README).encode(), w.sha256(w.README)[:-1].encode(), "63 digits"),
    ("text_hex_of_valid_utf8", "SCHEMA", 1, b'"Anne"', b'{"text":"Anne","hex":"416e6e65"}', "UTF-8 is a plain string"),
    (
        "text_hex_differ",
        "SCHEMA",
        1,
        b'"Anne"',
        b'{"text":"Anne","hex":"41ff"}',
        "what is read is not what the bytes say",
    ),
    ("hex_before_text", "SCHEMA", 1, b'"Anne"', b'{"hex":"41ff","text":"A\\ufffd"}', "names in another order"),
    ("utc_local_differ", "SCHEMA", 1, _LOCAL, _LOCAL.replace(b"12:", b"13:"), "another instant"),
    ("utc_without_fraction", "SCHEMA", 1, _UTC, b'"utc":"2026-11-18T11:06:40Z"', "another spelling of a time"),
    ("utc_no_such_day", "SCHEMA", 1, _UTC, b'"utc":"2026-02-30T11:06:40.001000Z"', "the thirtieth of February"),
    ("local_in_zulu", "SCHEMA", 1, _LOCAL, b'"local":"2026-11-18T11:06:40.001000Z"', "an offset has a number"),
    ("local_minus_zero", "SCHEMA", 1, _LOCAL, b'"local":"2026-11-18T11:06:40.001000-00:00"', "zero with a sign"),
    ("local_99_minutes", "SCHEMA", 1, _LOCAL, b'"local":"2026-11-18T12:45:40.001000+00:99"', "99 minutes of offset"),
    ("local_before_year_one", "SCHEMA", 1, _LOCAL, b'"local":"0001-01-01T00:00:00.000000+23:59"', "before all time"),
    ("mono_leading_zero", "SCHEMA", 1, b'"mono_ns":"1', b'"mono_ns":"01', "a decimal string with a zero before it"),
    ("wrong_version", "FORMAT_VERSION", 1, b'"v":1', b'"v":2', "a format that this verifier does not know"),
    ("version_true", "SCHEMA", 1, b'"v":1', b'"v":true', "true is 1 in some languages"),
    ("unknown_type", "SCHEMA", 4, b'"type":"gap"', b'"type":"gone"', "a type that the format does not have"),
    ("custody_type_in_manifest", "SCHEMA", 4, b'"type":"gap"', b'"type":"receipt"', "a type that stands elsewhere"),
    ("field_missing", "SCHEMA", 4, b',"subject":null', b"", "a field is left out"),
    ("field_extra", "SCHEMA", 4, b',"subject":null', b',"subject":null,"more":null', "a field too many"),
    (
        "fields_swapped",
        "SCHEMA",
        4,
        b'"source":"screen","outcome":"absent"',
        b'"outcome":"absent","source":"screen"',
        "-",
    ),
    ("gap_collected", "SCHEMA", 4, b'"absent"', b'"collected"', "a gap with the outcome of an artifact"),
    ("artifact_absent", "SCHEMA", 3, b'"outcome":"collected"', b'"outcome":"absent"', "an artifact that is a gap"),
    ("case_with_slash", "SCHEMA", 1, b'"case":"T-1"', b'"case":"../T-1"', "a case that leads elsewhere"),
    (
        "key_of_33_bytes",
        "SCHEMA",
        1,
        b"AAAAIIqI",
        b"AAAAIYqI",
        "the key's length field is wrong: ssh-keygen refuses it",
    ),
    ("key_with_comment", "SCHEMA", 1, b'G0D29c"', b'G0D29c x"', "a comment after the key"),
    ("other_sid", "CHAIN_BREAK", 4, w.SID.encode(), b"f" * 32, "a line of another bundle"),
    ("path_traversal", "UNSAFE_PATH", 2, _OWN_PATH, b'"path":"artifacts/../../etc/passwd"', "out of the folder"),
    ("path_absolute", "UNSAFE_PATH", 2, _OWN_PATH, b'"path":"/etc/passwd"', "anywhere"),
    ("path_backslash", "UNSAFE_PATH", 2, _OWN_PATH, b'"path":"artifacts\\\\000001-x.jsonl"', "a folder of Windows"),
    ("path_other_number", "UNSAFE_PATH", 2, _OWN_PATH, b'"path":"artifacts/000002-x.jsonl"', "not its own number"),
    (
        "path_more_zeros",
        "UNSAFE_PATH",
        2,
        _OWN_PATH,
        b'"path":"artifacts/0000001-x.jsonl"',
        "two spellings of a number",
    ),
    ("path_other_folder", "UNSAFE_PATH", 2, _OWN_PATH, b'"path":"attachments/000001-x.jsonl"', "custody's folder"),
    (
        "path_of_a_part",
        "UNSAFE_PATH",
        2,
        _OWN_PATH,
        b'"path":"artifacts/000001-x.part"',
        "the name of an unfinished file",
    ),
    (
        "path_with_newline",
        "UNSAFE_PATH",
        2,
        _OWN_PATH,
        b'"path":"artifacts/000001-x.jsonl\\n"',
        "a pattern that ends early",
    ),
    ("phase_code_wrong", "SCHEMA", 5, b'"code":"', b'"code":"A', "a phase whose code has a character more"),
    ("counts_wrong", "SCHEMA", 6, b'"gaps":1', b'"gaps":2', "close counts what is not there"),
    ("counts_missing", "SCHEMA", 6, b',"notes":0', b"", "close leaves a count out"),
    ("same_boot_null", "SCHEMA", 6, b'"same_boot":true', b'"same_boot":null', "neither true nor false"),
)


def lines_of_the_format() -> None:
    """Add what one line must not be, then what several lines must not be together."""
    for name, code, number, old, new, comment in SPELLINGS:
        add(name, forged(number, old, new), "ALTERED", code, line(number), comment)
    good = "UNANCHORED"
    add("good", w.sealed(GOOD), good, "", "", "nothing is wrong, and nothing outside anchors it")
    add("nested_eight", forged(1, _DEEP, _nested(7)), good, "", "", "objects eight deep are allowed")
    add("text_hex", forged(1, b'"Anne"', b'{"text":"A\\ufffd","hex":"41ff"}'), good, "", "", "a name that is not UTF-8")
    add("largest_int", forged(3, b'"rows":1', b'"rows":9007199254740991'), good, "", "", "2^53-1 is allowed")
    opened, announced, recorded = w.story()[:3]
    twice = w.artifact(6, PATH, "processes", w.PROCESSES)
    end = w.close(9, intents=1, artifacts=1)
    kind = w.artifact(5, PATH, "processes", w.PROCESSES, kind="services")
    source = w.artifact(5, PATH, "processes", w.PROCESSES, source="services")
    step = w.gap(6 + 3_600_000)
    step["boot_ns"] = w.gap(6)["boot_ns"]
    between: tuple[tuple[str, list[w.Record], str, int, str], ...] = (
        ("two_opens", [opened, w.opening(2), w.close(3)], "SCHEMA", 2, "open stands there twice"),
        ("open_missing", [w.note(1, "x"), w.close(2, notes=1)], "SCHEMA", 1, "the first record is another"),
        ("artifact_without_intent", [opened, recorded, w.close(9, artifacts=1)], "SCHEMA", 2, "it was not announced"),
        ("artifact_twice", [opened, announced, recorded, twice, end], "SCHEMA", 4, "one intent, two artifacts"),
        ("artifact_kind_other", [opened, announced, kind, end], "SCHEMA", 3, "not the kind that was announced"),
        ("artifact_source_other", [opened, announced, source, end], "SCHEMA", 3, "not the source that was announced"),
        ("gap_without_intent", [opened, w.gap(2, path=PATH), w.close(9, gaps=1)], "SCHEMA", 2, "it ends nothing"),
        ("intent_open_at_close", [opened, announced, w.close(9, intents=1)], "SCHEMA", 3, "announced, never recorded"),
        ("two_closes", [opened, w.close(2), w.close(3)], "DATA_AFTER_CLOSE", 3, "closed twice"),
        ("not_closed_and_sealed", [opened, w.gap(2)], "TRUNCATED", 0, "sealed, and its last record is not close"),
        ("phase_signed_by_other_key", [opened, w.phase(2, 9), w.close(3)], "SIGNATURE_INVALID", 2, "not the run's"),
        ("phase_signed_as_seal", [opened, w.phase(2, 1, w.SEAL), w.close(3)], "SIGNATURE_INVALID", 2, "another use"),
    )
    for name, records, code, number, comment in between:
        files: dict[str, bytes] = {PATH: w.PROCESSES} if any(item["type"] == "artifact" for item in records) else {}
        add(name, told(records, files=files), "ALTERED", code, line(number) if number else MANIFEST, comment)
    other = w.code(w.sha256(b"x")).encode()
    coded = w.linked(w.story(), {4: lambda text: re.sub(rb'"code":"[^"]*"', b'"code":"' + other + b'"', text)})
    add(
        "phase_code_of_another_line",
        w.sealed(coded),
        "ALTERED",
        "SCHEMA",
        line(5),
        "a code that was never on the screen",
    )
    inside = w.linked(w.story(), {4: _other_key_inside})
    add("phase_other_key_inside", w.sealed(inside), "ALTERED", "SIGNATURE_INVALID", line(5), "it names another key")
    spare = w.linked(w.story(), {4: _spare_bits})
    add("phase_spare_bits", w.sealed(spare), "ALTERED", "SCHEMA", line(5), "the same signature in another spelling")
    for name, offset, comment in (
        ("watch_offset", 600, "the watch was ten minutes ahead of the host's clock"),
        ("watch_offset_negative", "-600", "the host's clock was ten minutes ahead of the watch"),
    ):
        watched = w.opening(clock={"ntp": "unknown", "timezone": "CET", "watch_offset": offset})
        add(name, told([watched, w.close(7)], files={}), good, "", "", comment)
    clock = told([opened, step, w.close(3_600_007, gaps=1)], files={})
    add("clock_step", clock, good, "CLOCK_STEP", MANIFEST, "the wall clock was set; information, no alteration")


def _other_key_inside(text: bytes) -> bytes:
    """Return a phase whose signature holds, but whose blob names another key than the one that signed."""
    start, blob = text.split(b'"signature":"')
    raw = bytearray(base64.b64decode(blob[:-2]))
    raw[40] ^= 1
    return start + b'"signature":"' + base64.b64encode(raw) + b'"}'


def _spare_bits(text: bytes) -> bytes:
    at = text.rindex(b'="}') - 1
    return text[:at] + bytes([text[at] + 1]) + text[at + 1 :]


# --- runs that were cut short and taken up again


def cut_short() -> None:
    """Add what a crash or lost power leaves, and what must not pass for it."""
    records = w.story()
    half = w.linked(records[:5])
    partly = w.linked(records[:2])
    started = w.unsealed(partly, {PATH + ".part": b"half of it"})
    some = "INCOMPLETE"
    add("never_closed", w.unsealed(half), some, "NOT_CLOSED", CHECKPOINT, "the run was killed")
    add("close_without_checkpoint", w.unsealed(GOOD), some, "NOT_CLOSED", CHECKPOINT, "killed while it was sealed")
    almost = changed(CHECKPOINT, None)
    add("killed_before_checkpoint", almost, some, "NOT_CLOSED", CHECKPOINT, "all but the checkpoint is there")
    torn = w.unsealed(half)
    torn[MANIFEST] = w.joined(half) + b'{"v":1,"sid":"01'
    add("torn_tail", torn, some, "TORN_TAIL", MANIFEST, "killed while a record was written")
    padded = {**torn, MANIFEST: w.joined(half) + bytes(900)}
    add("nul_padding_unsealed", padded, some, "TORN_TAIL", MANIFEST, "lost power left NULs")
    add("unsealed_with_part", started, some, "NOT_CLOSED", CHECKPOINT, "killed while an artifact was written")
    add(
        "unsealed_not_recorded",
        w.unsealed(partly),
        some,
        "NOT_CLOSED",
        CHECKPOINT,
        "killed before an artifact was recorded",
    )
    lost = changed("artifacts/000007-recent.jsonl.part", b"x", w.unsealed(half))
    add("unsealed_intent_lost", lost, some, "NOT_CLOSED", CHECKPOINT, "lost power took the intent")
    torn_names = (
        ("alias", "artifacts/000007~1.JSO", "only the old short form was written"),
        ("slot", "artifacts/000007-artifa", "only the first 13 characters were written"),
        ("in_the_folder", "ALLOWE~1", "a text of the seal"),
    )
    for name, path, comment in torn_names:
        left = changed(path, b"x", w.unsealed(half))
        add(f"unsealed_torn_name_{name}", left, some, "NOT_CLOSED", CHECKPOINT, f"FAT, power lost: {comment}")
    kept = changed(".reserve", b"", w.unsealed(half))
    add("unsealed_with_reserve", kept, some, "NOT_CLOSED", CHECKPOINT, "the reserve of a run that goes on")
    bad = "ALTERED"
    add(
        "unsealed_and_empty", w.unsealed([], {}), bad, "TRUNCATED", MANIFEST, "a manifest is born with its first record"
    )
    link = changed(PATH + ".part", {"symlink": "/etc/passwd"}, w.unsealed(partly, {}))
    add("unsealed_part_symlink", link, bad, "NOT_A_REGULAR_FILE", PATH + ".part", "a resume would have followed it")
    both = changed("custody.jsonl.part", b"x", link)
    add("unsealed_link_and_extra", both, bad, "NOT_A_REGULAR_FILE", PATH + ".part", "told in the order of the paths")
    extra = changed("artifacts/000001-other.jsonl", b"x", w.unsealed(half))
    longer = changed("artifacts/000007-artifac", b"x", w.unsealed(half))
    add("unsealed_no_torn_name", longer, bad, "EXTRA_FILE", "artifacts/000007-artifac", "FAT tears after 13 characters")
    held = changed("artifacts/000007~1.JSO", {"symlink": "/etc/passwd"}, w.unsealed(half))
    add("unsealed_torn_symlink", held, bad, "NOT_A_REGULAR_FILE", "artifacts/000007~1.JSO", "FAT has no links")
    add("unsealed_extra", extra, bad, "EXTRA_FILE", "artifacts/000001-other.jsonl", "no record announced it")
    flipped = changed(PATH, w.PROCESSES.replace(b"1", b"2"), w.unsealed(half))
    add("unsealed_artifact_flipped", flipped, bad, "CONTENT_MISMATCH", PATH, "recorded, then changed")


def taken_up() -> None:
    """Add what `resume` makes of such a bundle, and what must not pass for it."""
    records = w.story()
    good, bad = "UNANCHORED", "ALTERED"
    voids = [*records, w.resume(9), w.phase(10, 2), w.close(11, intents=1, artifacts=1, gaps=1)]
    add("resume_voids_close", told(voids, keys=(1, 2)), good, "", "", "closed, not sealed, taken up again")
    old = told(voids, keys=(1, 2), signer=1)
    add("resumed_sealed_by_first_key", old, bad, "SIGNATURE_INVALID", SIG, "the key of the earlier part signed")
    back = changed(MANIFEST, w.joined(w.linked(voids)[:6]), told(voids, keys=(1, 2)))
    add("cut_back_to_first_close", back, bad, "TRUNCATED", MANIFEST, "cut where it was closed once before")
    stale = [*records[:4], w.resume(9), w.phase(10, 1), w.close(11, intents=1, artifacts=1, gaps=1)]
    where = line(6)
    add("phase_by_key_before_resume", told(stale, keys=(1, 2)), bad, "SIGNATURE_INVALID", where, "a key of the past")
    part = w.artifact(9, PATH, "processes", w.PROCESSES, flags=["partial"])
    piece = [*records[:2], w.resume(6), part, w.close(11, intents=1, artifacts=1)]
    add("resume_partial", told(piece, keys=(1, 2)), good, "PARTIAL", PATH, "what was written of it; information")


# --- the other sealed files


def the_seal() -> None:
    """Add what is done to checkpoint, signature, keys, sums and README."""
    bad = "ALTERED"
    text = w.checkpoint(GOOD)
    rows = text.split(b"\n")
    for number, name in enumerate(("sid", "records", "length", "sum", "head")):
        last = rows[number][-1:]
        other = [*rows]
        other[number] = rows[number][:-1] + (b"0" if last != b"0" else b"1")
        comment = f"its line {number + 1} was changed; the signature is that of the manifest"
        add(
            f"checkpoint_{name}",
            changed(CHECKPOINT, b"\n".join(other)),
            bad,
            "CHECKPOINT_MISMATCH",
            CHECKPOINT,
            comment,
        )
    for name, data, comment in (
        ("checkpoint_sixth_line", text + b"x\n", "a line follows"),
        ("checkpoint_newline_cut", text[:-1], "the last LF is gone"),
        ("checkpoint_crlf", text.replace(b"\n", b"\r\n"), "an editor of Windows saved it"),
        ("checkpoint_empty", b"", "nothing is left of it"),
        ("checkpoint_not_ascii", text.replace(rows[3], b"\xb5" * 64), "bytes that are no text where a hash stands"),
        ("checkpoint_leading_zero", text.replace(b"\n6\n", b"\n06\n"), "two spellings of a number"),
    ):
        add(name, changed(CHECKPOINT, data), bad, "CHECKPOINT_MISMATCH", CHECKPOINT, comment)
    link = changed(CHECKPOINT, {"symlink": "elsewhere"})
    add("checkpoint_symlink", link, bad, "NOT_A_REGULAR_FILE", CHECKPOINT, "a link stands in its place")
    cut = w.sealed(GOOD[:4])
    add(
        "cut_and_resealed_by_other_key",
        {**cut, SIG: w.armoured(w.signature(w.checkpoint(GOOD[:4]), 9))},
        bad,
        "TRUNCATED",
        MANIFEST,
        "lines cut off, a new checkpoint, a key that is not the run's",
    )
    own = w.linked([w.opening(1), w.close(8)])
    add(
        "shortened_and_resealed_by_other_key",
        w.sealed(own, {}, signer=9),
        bad,
        "SIGNATURE_INVALID",
        SIG,
        "a shorter story, sealed by a key that is not the run's",
    )

    blob = w.signature(text)
    seal = w.armoured(blob)
    scalar = int.from_bytes(blob[-32:], "little") + w.GROUP_ORDER
    for name, data, comment in (
        ("signature_other_key", w.armoured(w.signature(text, 9)), "someone else's signature"),
        ("signature_other_namespace", w.armoured(w.signature(text, 1, "file")), "signed for another purpose"),
        ("signature_of_a_phase", w.armoured(w.signature(text, 1, w.PHASE)), "a phase's signature taken for the seal"),
        ("signature_of_other_text", w.armoured(w.signature(text + b"\n")), "the signature of something else"),
        (
            "signature_sha256",
            w.armoured(w.signature(text, 1, w.SEAL, "sha256")),
            "ssh-keygen takes it; another spelling",
        ),
        ("signature_other_scalar", w.armoured(blob[:-32] + scalar.to_bytes(32, "little")), "S+L: a careless verifier"),
        ("signature_width_76", w.armoured(blob, 76), "armour of another width: ssh-keygen takes it"),
        ("signature_trailing_byte", seal + b"\n", "ssh-keygen takes what follows"),
        ("signature_text_before", b"\n" + seal, "something stands before it"),
        ("signature_crlf", seal.replace(b"\n", b"\r\n"), "ssh-keygen takes it"),
        ("signature_newline_cut", seal[:-1], "the last LF is gone"),
        ("signature_spare_bits", _spare(seal), "bits of base64 that mean nothing"),
        ("signature_blob_longer", w.armoured(blob + b"\0"), "a byte after the signature, inside the armour"),
        (
            "signature_other_key_inside",
            w.armoured(blob[:40] + bytes([blob[40] ^ 1]) + blob[41:]),
            "it names another key",
        ),
        ("signature_empty", b"", "nothing is left of it"),
    ):
        add(name, changed(SIG, data), bad, "SIGNATURE_INVALID", SIG, comment)
    add("signature_missing", changed(SIG, None), bad, "MISSING", SIG, "it was removed")

    signers, key = _bytes(SIGNERS), _bytes(KEY)
    for name, path, data, comment in (
        ("signers_space", SIGNERS, signers.replace(b" ssh", b"  ssh", 1), "ssh-keygen takes two spaces"),
        ("signers_comment", SIGNERS, b"# x\n" + signers, "ssh-keygen takes comments"),
        ("signers_wildcard", SIGNERS, signers.replace(w.SID.encode(), b"*", 1), "anyone may be the signer"),
        ("signers_other_key", SIGNERS, signers + f"{w.SID} {w.public(9)}\n".encode(), "one signer more"),
        ("run_key_other", KEY, w.public(9).encode() + b"\n", "another key"),
        ("run_key_comment", KEY, key[:-1] + b" me\n", "a comment after the key"),
        ("readme_changed", "LISEZ-MOI.txt", b"Nothing to see here.\n", "the text beside the bundle was replaced"),
    ):
        add(name, changed(path, data), bad, "CONTENT_MISMATCH", path, comment)
    add("readme_missing", changed("LISEZ-MOI.txt", None), bad, "MISSING", "LISEZ-MOI.txt", "it was removed")
    readme = changed("LISEZ-MOI.txt", b"Nothing to see here.\n")
    readme[SUMS] = w.sums(readme)
    add("readme_changed_with_sums", readme, bad, "CONTENT_MISMATCH", "LISEZ-MOI.txt", "and SHA256SUMS made to fit")

    sums = _bytes(SUMS)
    first, *others = sums.splitlines(keepends=True)
    for name, data, where, comment in (
        ("sums_reordered", b"".join([*others, first]), SUMS, "sha256sum does not mind"),
        ("sums_asterisk", sums.replace(b"  ", b" *"), SUMS, "the other mode of sha256sum"),
        (
            "sums_upper",
            sums.replace(first[:64], first[:64].upper()),
            f"{SUMS}: LISEZ-MOI.txt",
            "sha256sum takes capitals",
        ),
        ("sums_extra", sums + b"0" * 64 + b"  ../outside\n", f"{SUMS}: ../outside", "it names a file outside"),
        ("sums_line_removed", b"".join(others), f"{SUMS}: LISEZ-MOI.txt", "a file is no longer checked"),
        ("sums_duplicated", first + sums, SUMS, "a line stands there twice"),
        ("sums_comment", b"# x\n" + sums, SUMS, "a line that is none"),
        ("sums_endless", sums + b"0" * 100_000, SUMS, "far longer than the records give it"),
        ("sums_newline_cut", sums[:-1], SUMS, "the last LF is gone"),
    ):
        add(name, changed(SUMS, data), bad, "SUMS_MISMATCH", where, comment)
    add("sums_missing", changed(SUMS, None), bad, "MISSING", SUMS, "it was removed")


def _bytes(path: str) -> bytes:
    data = w.sealed(GOOD)[path]
    if not isinstance(data, bytes):
        raise TypeError(path)
    return data


def _spare(seal: bytes) -> bytes:
    at = seal.index(b"=\n") - 1
    return seal[:at] + bytes([seal[at] + 1]) + seal[at + 1 :]


# --- artifacts and what stands beside them


def the_files() -> None:
    """Add what is done to artifacts, and what is put into the folder."""
    bad, extra = "ALTERED", "EXTRA_FILE"
    flipped = w.PROCESSES.replace(b"1", b"2")
    add("artifact_flipped", changed(PATH, flipped), bad, "CONTENT_MISMATCH", PATH, "one byte was changed")
    add("artifact_grown", changed(PATH, w.PROCESSES + b"\n"), bad, "CONTENT_MISMATCH", PATH, "one byte was added")
    add("artifact_emptied", changed(PATH, b""), bad, "CONTENT_MISMATCH", PATH, "nothing is left of it")
    fitted = changed(PATH, flipped)
    fitted[SUMS] = w.sums(fitted)
    add("artifact_flipped_with_sums", fitted, bad, "CONTENT_MISMATCH", PATH, "and SHA256SUMS made to fit")
    add("artifact_missing", changed(PATH, None), bad, "MISSING", PATH, "it was removed")
    renamed = changed("artifacts/000001-services.jsonl", w.PROCESSES, changed(PATH, None))
    add("artifact_renamed", renamed, bad, "MISSING", PATH, "it has another name")
    for name, entry in (
        ("symlink", {"symlink": "../LISEZ-MOI.txt"}),
        ("symlink_to_same", {"symlink": "../copy"}),
        ("fifo", {"fifo": True}),
        ("folder", {"folder": True}),
    ):
        world = changed(PATH, entry)
        if name == "symlink_to_same":
            world["copy"] = w.PROCESSES
        add(f"artifact_{name}", world, bad, "NOT_A_REGULAR_FILE", PATH, "something else stands in its place")
    moved = changed("elsewhere/000001-processes.jsonl", w.PROCESSES, changed(PATH, None))
    moved["artifacts"] = {"symlink": "elsewhere"}
    add("artifacts_symlink", moved, bad, "NOT_A_REGULAR_FILE", "artifacts", "the folder is a link to a true copy")
    gone = changed("artifacts", None, changed(PATH, None))
    add("artifacts_missing", gone, bad, "MISSING", PATH, "the whole folder was removed")
    file = changed("artifacts", b"", changed(PATH, None))
    add("artifacts_a_file", file, bad, "NOT_A_REGULAR_FILE", "artifacts", "a file stands in the place of the folder")
    for name, path, comment in (
        ("artifact_added", OTHER, "no record names it"),
        ("hidden_file", ".hidden", "a dot does not hide it"),
        ("hidden_in_artifacts", "artifacts/.x", "a dot does not hide it"),
        ("litter_in_artifacts", "artifacts/desktop.ini", "no file manager is excused there"),
        ("litter_other_case", "thumbs.DB", "the list is exact"),
        ("part_when_sealed", PATH + ".part", "an unfinished file in a sealed bundle"),
        ("torn_name_when_sealed", PATH[:16] + "~1.JSO", "its bytes begin no other file's"),
        ("reserve_when_sealed", ".reserve", "the reserve in a sealed bundle"),
        ("checkpoint_part_when_sealed", "checkpoint.part", "an unfinished seal beside the seal"),
        ("attachment_without_custody", "attachments/000000-attachment.jpg", "no custody record names it"),
        ("backup_of_the_manifest", "manifest.jsonl~", "an editor was at work"),
    ):
        add(name, changed(path, b"x"), bad, extra, path, comment)
    add("extra_folder", changed("more", {"folder": True}), bad, extra, "more", "an empty folder")
    add("extra_fifo", changed("more", {"fifo": True}), bad, extra, "more", "nothing reads it")
    add("extra_symlink", changed("more", {"symlink": "/"}), bad, extra, "more", "nothing follows it")
    add("litter_folder", changed("._x", {"folder": True}), bad, extra, "._x", "a file manager leaves files")
    add(
        "extra_name_with_escape",
        changed("\x1b[31mred\n", b"x"),
        bad,
        extra,
        "\\x1b[31mred\\x0a",
        "a name for a terminal",
    )
    for number, path in enumerate(("desktop.ini", "Thumbs.db", ".DS_Store", "._checkpoint"), 1):
        add(
            f"litter_{number}", changed(path, b"x"), "UNANCHORED", "LITTER", path, "left by a file manager; information"
        )
    twins = (("checkpoint", CHECKPOINT, None), ("artifact", PATH, None), ("manifest", MANIFEST, 900))
    for name, path, length in twins:
        data = w.sealed(GOOD)[path]
        before = changed(path + ".part", bytes(data)[:length]) if isinstance(data, bytes) else {}
        why = "power was lost inside a rename on FAT; information"
        add(f"{name}_with_its_name_from_before", before, "UNANCHORED", "LITTER", path + ".part", why)
    before = changed(PATH[:16] + "~1.PAR", w.sealed(GOOD)[PATH])
    add("artifact_with_a_torn_name", before, "UNANCHORED", "LITTER", PATH[:16] + "~1.PAR", "torn; information")
    add("empty_name_from_before", changed(CHECKPOINT + ".part", b""), bad, extra, CHECKPOINT + ".part", "no byte")


# --- after the seal


def in_custody(records: list[w.Record], seal: bytes | None = None, **more: bytes | dict[str, Any]) -> World:
    """Return the usual sealed bundle with a custody chain."""
    first = w.sha256(w.checkpoint(GOOD) if seal is None else seal)
    return {**w.sealed(GOOD), CUSTODY: w.joined(w.linked(records, first=first)), **more}


def after_the_seal() -> None:
    """Add notes and attachments, right and wrong."""
    good, bad, some = "UNANCHORED", "ALTERED", "INCOMPLETE"
    photo = b"\xff\xd8 a photograph"
    usual = {"rows": None, "kind": "file"}
    pair = [w.intent(20, PHOTO, "attachment"), w.artifact(23, PHOTO, "attachment", photo, **usual)]
    pair[0]["kind"] = "file"
    notes = [w.note(20, "one"), w.note(21, "two"), w.note(22, "three")]
    add("custody_note", in_custody(notes[:1]), good, "", "", "a note after the seal")
    add("custody_attachment", in_custody(pair, **{PHOTO: photo}), good, "", "", "a photograph after the seal")
    add("custody_tail_removed", in_custody(notes[:2]), good, "", "", "LIMIT: only a receipt holds custody's own tail")
    chain = in_custody(notes)[CUSTODY]
    if not isinstance(chain, bytes):
        raise TypeError
    lines = chain.splitlines(keepends=True)
    for name, data, number, comment in (
        ("custody_changed", chain.replace(b'"one"', b'"won"'), 1, "a note was edited"),
        ("custody_first_removed", b"".join(lines[1:]), 1, "the first note is gone"),
        ("custody_middle_removed", lines[0] + lines[2], 2, "a note is gone"),
        ("custody_not_json", chain + b"{}\n", 4, "a line that is no record"),
    ):
        world = changed(CUSTODY, data, in_custody(notes))
        add(name, world, bad, "CUSTODY_BREAK", f"{CUSTODY} line {number}", comment)
    where = f"{CUSTODY} line 1"
    other = in_custody(notes, b"another checkpoint\n")
    add("custody_of_another_seal", other, bad, "CUSTODY_BREAK", where, "it starts from another checkpoint")
    stranger = w.note(20, "one") | {"sid": "f" * 32}
    add("custody_of_another_sid", in_custody([stranger]), bad, "CUSTODY_BREAK", where, "a line of another bundle")
    add("custody_with_close", in_custody([w.close(20)]), bad, "CUSTODY_BREAK", where, "a type of the manifest")
    early = {**w.unsealed(GOOD), CUSTODY: w.joined(w.linked(notes))}
    add("custody_without_seal", early, bad, "CUSTODY_BREAK", CUSTODY, "there is no seal for it to start from")
    link = changed(CUSTODY, {"symlink": "x"})
    add("custody_symlink", link, bad, "NOT_A_REGULAR_FILE", CUSTODY, "a link stands in its place")
    torn = changed(CUSTODY, chain + b'{"v":1', in_custody(notes))
    add("custody_torn", torn, some, "TORN_TAIL", CUSTODY, "a note was being written")
    begun = in_custody(pair[:1], **{PHOTO + ".part": photo[:5]})
    add("attachment_unfinished", begun, some, "PARTIAL", PHOTO, "it was being copied")
    add("attachment_only_announced", in_custody(pair[:1]), some, "PARTIAL", PHOTO, "announced, nothing written")
    world = in_custody(pair, **{PHOTO: photo + b"!"})
    add("attachment_changed", world, bad, "CONTENT_MISMATCH", PHOTO, "it is not what was recorded")
    add("attachment_missing", in_custody(pair), bad, "MISSING", PHOTO, "it was removed")
    more = in_custody(pair, **{PHOTO: photo, "attachments/000001-x.jpg": photo})
    add("attachment_extra", more, bad, "EXTRA_FILE", "attachments/000001-x.jpg", "no record names it")
    litter = in_custody(pair, **{PHOTO: photo, "attachments/Thumbs.db": b"x"})
    add("attachments_litter", litter, good, "LITTER", "attachments/Thumbs.db", "left by a file manager; information")


# --- hand-overs, receipts and countersignatures


def the_receipts() -> None:
    """Add what is signed after the seal, right and wrong."""
    good, bad, anchored = "UNANCHORED", "ALTERED", "ANCHORED"
    given = [w.note(20, "one"), w.handover(21)]
    got = [*given, w.handover(22, "receipt")]
    signed = [*got, w.countersigned(23)]
    seven = _given(w.public(7))
    add("handover", in_custody(given), good, "", "", "given away, and nothing signed")
    add("receipt_unsigned", in_custody(got), good, "", "", "got, and nothing signed")
    add("receipt", in_custody(signed), good, "", "", "signed by a key that the verifier does not bring: no anchor")
    add("receipt_and_key", in_custody(signed), anchored, "", "", "and the verifier brings the key", seven)
    other = _given(w.public(8))
    add("receipt_and_other_key", in_custody(signed), good, "", "", "the verifier brings another key: no anchor", other)
    own = [*got, w.countersigned(23, 1)]
    add("receipt_by_the_run_key", in_custody(own), good, "", "", "the run's own key: not from outside", seven)
    short = [*got, w.countersigned(23, hashed="sha256")]
    add("receipt_sha256", in_custody(short), anchored, "", "", "ssh-keygen's other hash", seven)
    touched = [*got, w.countersigned(23, fido=True)]
    add("receipt_fido", in_custody(touched), anchored, "", "", "a FIDO key was touched", _given(w.fido_public(7)))
    alone = [w.handover(22, "receipt"), w.countersigned(23)]
    add("receipt_first", in_custody(alone), anchored, "", "", "the first thing after the seal", seven)
    after = [*signed, w.note(24, "later")]
    add("receipt_and_note_after", in_custody(after), anchored, "", "", "LIMIT: nothing holds what follows", seven)
    add("receipt_removed", in_custody(given), good, "", "", "LIMIT: cut off behind the hand-over: no anchor", seven)
    fourth = f"{CUSTODY} line 4"
    wrong: tuple[tuple[str, list[w.Record], str], ...] = (
        ("receipt_untouched", [*got, w.countersigned(23, fido=True, flags=0)], "nobody touched the FIDO key"),
        ("receipt_by_other_key", [*got, w.countersigned(23, 8, named=w.public(7))], "it names another key than signed"),
        ("receipt_as_seal", [*got, w.countersigned(23, namespace=w.SEAL)], "signed for another purpose"),
        ("receipt_as_phase", [*got, w.countersigned(23, namespace=w.PHASE)], "signed for another purpose"),
        ("receipt_as_file", [*got, w.countersigned(23, namespace="file")], "a signature of a file, made elsewhere"),
        ("receipt_blob_longer", [*got, w.countersigned(23, more=b"\0")], "a byte follows the signature"),
        ("receipt_sha384", [*got, w.countersigned(23, hashed="sha384")], "a hash that OpenSSH does not take"),
        ("receipt_not_sshsig", [*got, w.record("signature", 23, key=w.public(7), signature="AAAA")], "no signature"),
        ("receipt_empty", [*got, w.record("signature", 23, key=w.public(7), signature="")], "nothing is left of it"),
    )
    for name, records, comment in wrong:
        add(name, in_custody(records), bad, "RECEIPT_INVALID", fourth, comment, seven)
    true = w.linked(signed, first=w.sha256(w.checkpoint(GOOD)))[3]
    moved = json.loads(true)["signature"]
    for name, records, comment in (
        ("receipt_rewritten", [*given, w.handover(22, "receipt", to="Eve")], "who got it was changed, all relinked"),
        ("receipt_note_rewritten", [w.note(20, "won"), *got[1:]], "a note before it was changed, all relinked"),
        ("receipt_note_removed", got[1:], "a note before it was removed, all relinked"),
        ("receipt_later", [*given, w.handover(25, "receipt")], "its time was changed, all relinked"),
    ):
        forged_by = w.record("signature", 26, key=w.public(7), signature=moved)
        where = f"{CUSTODY} line {len(records) + 1}"
        add(name, in_custody([*records, forged_by]), bad, "RECEIPT_INVALID", where, comment, seven)
    breaks: tuple[tuple[str, list[w.Record], int, str], ...] = (
        ("signature_without_receipt", [*given, w.countersigned(23)], 3, "under a hand-over, not a receipt"),
        ("signature_alone", [w.countersigned(23)], 1, "under nothing"),
        ("signature_twice", [*signed, w.countersigned(24, 8)], 5, "under a countersignature"),
        ("signature_of_dss", [*got, w.countersigned(23, named="ssh-dss AAAA")], 4, "a type of key that nobody takes"),
        ("handover_of_altered", [w.handover(20, checked={"verdict": "ALTERED", "files": 1, "bytes": 1})], 1, "-"),
        ("handover_to_nobody", [w.handover(20, to=None)], 1, "who gets it is not said"),
    )
    for name, records, number, comment in breaks:
        add(name, in_custody(records), bad, "CUSTODY_BREAK", f"{CUSTODY} line {number}", comment)
    edited = replaced(CUSTODY, b'"role":"expert","reason":"analyse",', b"", in_custody(given))
    add("handover_cut", edited, bad, "CUSTODY_BREAK", f"{CUSTODY} line 2", "fields were cut out of it")
    seen = {"attempts": 1, "groups": [1, 5], "matched": True}
    typed = w.record("observation", 20, what="seal-code-copied", data=seen)
    add("custody_observation", in_custody([typed]), good, "", "", "the seal code was typed back")


def _given(key: str) -> str:
    """Return the argument that brings a key; the space in it is a comma here."""
    return f"--expert-key {key.replace(' ', ',')}"


# --- timestamps


def the_timestamps() -> None:
    """Add tokens of an authority (tests/testdata/tsa), over this seal and over other bytes."""
    good, anchored = "UNANCHORED", "ANCHORED"
    place = "attachments/000000-timestamp.tsr"
    root, other = "--tsa-root root.pem", "--tsa-root other.pem"

    def stamped(name: str) -> World:
        token = (TSA / name).read_bytes()
        records = [w.intent(20, place, "timestamp"), w.artifact(23, place, "timestamp", token, rows=None)]
        return in_custody(records, **{place: token})

    add("timestamp", stamped("good.tsr"), good, "", "", "a token, and no root to check it under: no anchor")
    add("timestamp_and_root", stamped("good.tsr"), anchored, "", "", "and the verifier brings the root", root)
    invalid = "TIMESTAMP_INVALID"
    comment = "the verifier brings another root: no anchor, nothing altered"
    add("timestamp_and_other_root", stamped("good.tsr"), good, invalid, place, comment, other)
    add("timestamp_of_other_bytes", stamped("other.tsr"), good, invalid, place, "a token over something else", root)
    cut = stamped("good.tsr")
    token = cut[place]
    if isinstance(token, bytes):
        cut[place] = token[:-1]
    add("timestamp_cut", cut, "ALTERED", "CONTENT_MISMATCH", place, "the file is not what was recorded", root)
    gone = {path: entry for path, entry in cut.items() if path != place}
    add("timestamp_missing", gone, "ALTERED", "MISSING", place, "the file was removed", root)


# --- bundles that are encrypted


def encrypted() -> None:
    """Add bundles whose private fields and files only a recipient can read; everybody verifies them."""
    good, bad = "UNANCHORED", "ALTERED"
    path = PATH + ".age"
    for_open = ("operator", "witness", "arguments", "host")
    opened = w.veiled(w.opening(1, recipients=[w.AGE_RECIPIENT]), *for_open)
    stored = w.veiled(w.artifact(5, path, "processes", w.AGE), "subject", "source_times")
    gone = w.veiled(w.gap(6), "subject", "reason")
    told_all = [opened, w.intent(2, path, "processes"), stored, gone, w.phase(7), w.story()[-1]]
    files = {path: w.AGE}
    world = w.sealed(w.linked(told_all), files)
    add("encrypted", world, good, "", "", "private fields and files can't be read; all else is checked")
    flipped = changed(path, w.AGE[:-1] + b"?", world)
    add("encrypted_artifact_flipped", flipped, bad, "CONTENT_MISMATCH", path, "a byte of the age file")
    lines = w.linked(told_all)
    private = base64.b64encode(w.AGE)
    other = changed(MANIFEST, w.joined(lines).replace(private, base64.b64encode(b"?" + w.AGE[1:]), 1), world)
    add("encrypted_private_changed", other, bad, "CHAIN_BREAK", line(1), "a ciphertext was exchanged")
    fewer = changed(MANIFEST, w.joined(lines).replace(w.AGE_RECIPIENT.encode(), b"age1" + b"p" * 58, 1), world)
    add("encrypted_recipient_exchanged", fewer, bad, "CHAIN_BREAK", line(1), "another recipient in its place")
    clear_open = w.opening(1, recipients=[w.AGE_RECIPIENT])
    clear_gap = [*told_all[:3], w.gap(6), *told_all[4:]]
    for name, records, number, comment in (
        ("encrypted_gap_clear", clear_gap, 4, "a record with its private fields in the clear"),
        ("encrypted_open_clear", [clear_open, *told_all[1:]], 1, "the first record clear"),
        ("private_without_recipients", [w.opening(1), *told_all[1:]], 3, "a ciphertext, and nobody to read it"),
        ("encrypted_twice", [*told_all[:3], gone | {"reason": "no display"}, *told_all[4:]], 4, "both forms at once"),
        ("encrypted_not_base64", [*told_all[:3], gone | {"private": "?"}, *told_all[4:]], 4, "no ciphertext"),
        ("recipient_upper", [opened | {"recipients": ["AGE1" + "Q" * 58]}, *told_all[1:]], 1, "another spelling"),
    ):
        add(name, w.sealed(w.linked(records), files), bad, "SCHEMA", line(number), comment)
    hidden = w.sealed(w.linked([gone, *told_all[1:]]), files)
    add("encrypted_without_open", hidden, bad, "SCHEMA", line(1), "no first record says who can read it")
    again = w.story()
    again.insert(4, opened)
    add("encrypted_open_in_the_middle", w.sealed(w.linked(again)), bad, "SCHEMA", line(5), "one in another form")
    first = w.sha256(w.checkpoint(lines))
    hidden_note = w.joined(w.linked([w.veiled(w.note(20, "x"), "text")], first=first))
    lost = {**changed(MANIFEST, b"x" + w.joined(lines)[1:], world), CUSTODY: hidden_note}
    add("encrypted_first_line_lost", lost, bad, "BAD_RECORD", line(1), "one byte: no line after it is blamed")
    for name, record, number, comment in (
        ("encrypted_custody", w.veiled(w.note(20, "x"), "text"), 0, "a note that only recipients read"),
        ("encrypted_custody_clear", w.note(20, "x"), 1, "a note in the clear after an encrypted bundle"),
    ):
        noted = {**world, CUSTODY: w.joined(w.linked([record, w.handover(21)], first=first))}
        where = f"{CUSTODY} line {number}"
        add(name, noted, bad if number else good, "CUSTODY_BREAK" if number else "", where if number else "", comment)
    veiled = in_custody([w.veiled(w.note(20, "x"), "text")])
    add("custody_private_without_recipients", veiled, bad, "CUSTODY_BREAK", f"{CUSTODY} line 1", "nobody could read it")


def encrypted_with_counts() -> None:
    """Add an encrypted bundle with the one artifact that everybody may read."""
    path, summary = PATH + ".age", "artifacts/000004-summary.jsonl"
    counts = b'{"kind":"summary"}\n{"level":"B"}\n'
    told_all = [
        w.veiled(w.opening(1, recipients=[w.AGE_RECIPIENT]), "operator", "witness", "arguments", "host"),
        w.intent(2, path, "processes"),
        w.veiled(w.artifact(5, path, "processes", w.AGE), "subject", "source_times"),
        w.veiled(w.record("observation", 6, what="level-b", data={}), "data"),
        w.intent(7, summary, "summary"),
        w.veiled(w.artifact(10, summary, "summary", counts), "subject", "source_times"),
        w.close(11, intents=2, artifacts=2, observations=1),
    ]
    world = w.sealed(w.linked(told_all), {path: w.AGE, summary: counts})
    add("encrypted_summary_clear", world, "UNANCHORED", "", "", "counts that everybody may read, beside the rest")
    risen = changed(summary, counts.replace(b"B", b"C"), world)
    add("encrypted_summary_changed", risen, "ALTERED", "CONTENT_MISMATCH", summary, "the level that it tells")


# --- what the verifier brings


def slipped(text: str, slips: int) -> str:
    """Return a code with so many characters wrong."""
    out, left = "", slips
    for char in text:
        slip = char != "-" and left > 0
        left -= slip
        out += ("A" if char != "A" else "B") if slip else char
    return out


def the_codes() -> None:
    """Add codes from paper, right and wrong, and bundles that only a code can tell from the true one."""
    seal, start = w.code(w.sha256(w.checkpoint(GOOD))), w.code(w.sha256(GOOD[0]))
    good, anchored, bad = "UNANCHORED", "ANCHORED", "ALTERED"
    near, wrong = "SEAL_NEAR", "SEAL_MISMATCH"
    for name, arguments, expect, code, comment in (
        ("seal_code_right", seal, anchored, "", "the code from the paper fits"),
        ("seal_code_two_slips", slipped(seal, 2), anchored, "", "two slips of the pen count as a match"),
        ("seal_code_three_slips", slipped(seal, 3), good, near, "three do not: ask for the photograph"),
        ("seal_code_five_slips", slipped(seal, 5), good, near, "nor do five"),
        ("seal_code_six_slips", slipped(seal, 6), good, near, "nor do six"),
        ("seal_code_seven_slips", slipped(seal, 7), bad, wrong, "seven are another code"),
        ("seal_code_wrong", w.code(w.sha256(b"x")), bad, wrong, "the code of something else"),
        (
            "seal_code_as_written",
            _as_written(seal),
            anchored,
            "",
            "0, 1 and 8 for O, I and B; small letters, no hyphens",
        ),
    ):
        add(name, w.sealed(GOOD), expect, code, CHECKPOINT if code else "", comment, f"--seal-code {arguments}")
    arguments = f"--seal-code {seal}"
    add("seal_code_of_an_unsealed_bundle", w.unsealed(GOOD), bad, wrong, CHECKPOINT, "the seal was removed", arguments)
    both = f"{arguments} --kit-nonce {'0' * 32}"
    add("seal_code_and_nonce_wrong", w.unsealed(GOOD), bad, wrong, CHECKPOINT, "the seal code is told first", both)
    mismatch = "START_CODE_MISMATCH"
    wrong_start = f"--start-code {slipped(start, 3)}"
    add("start_code_right", w.sealed(GOOD), good, "", "", "it fits, and is no anchor alone", f"--start-code {start}")
    add("start_code_wrong", w.sealed(GOOD), bad, mismatch, MANIFEST, "another first line", wrong_start)
    faked = w.linked([w.opening(1, operator="Eve", run_key=w.public(9)), w.close(8)])
    fake = w.sealed(faked, {}, keys=(9,))
    add("rewritten_without_codes", fake, good, "", "", "LIMIT: a whole new bundle is only told by what is outside it")
    add("rewritten_and_seal_code", fake, bad, wrong, CHECKPOINT, "made anew by someone else", arguments)
    add("rewritten_and_start_code", fake, bad, mismatch, MANIFEST, "made anew by someone else", f"--start-code {start}")
    later = w.linked([*w.story()[:-1], w.note(8, "later"), w.close(9, intents=1, artifacts=1, gaps=1, notes=1)])
    add("resealed_by_own_key_and_seal_code", w.sealed(later), bad, wrong, CHECKPOINT, "the run's key leaked", arguments)
    kit = w.sealed(w.linked([w.opening(1, kit_nonce=NONCE), w.close(8)]), {})
    add("kit_nonce_right", kit, good, "", "", "it fits, and is no anchor alone", f"--kit-nonce {NONCE}")
    add("kit_nonce_wrong", kit, bad, "KIT_NONCE_MISMATCH", MANIFEST, "another kit", f"--kit-nonce {'cd' * 16}")
    add("kit_nonce_none", w.sealed(GOOD), bad, "KIT_NONCE_MISMATCH", MANIFEST, "no kit", f"--kit-nonce {NONCE}")


def _as_written(code: str) -> str:
    return code.replace("-", "").replace("O", "0").replace("I", "1").replace("B", "8").lower()


PARTS: tuple[Callable[[], None], ...] = (
    lines_of_the_manifest,
    lines_of_the_format,
    cut_short,
    taken_up,
    the_seal,
    the_files,
    after_the_seal,
    the_receipts,
    the_timestamps,
    encrypted,
    encrypted_with_counts,
    the_codes,
)


def main() -> int:
    """Write the vectors, or with `--check` tell whether they lie there."""
    for part in PARTS:
        part()
    made = {f"{vector.name}.vector": vector.text() for vector in VECTORS.values()}
    there = {path.name: path.read_text("ascii") for path in FOLDER.glob("*")}
    if "--check" in sys.argv[1:]:
        wrong = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
        print("\n".join(wrong) or f"{len(made)} vectors are as they are made")
        return 1 if wrong else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in there.keys() - made.keys():
        (FOLDER / name).unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, "ascii")
    print(f"{len(made)} vectors, the longest {max(map(len, made.values()))} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
