"""How a fuzzer changes a chain so that it gets beyond the first check: lines, fields, and what makes them fit again.

Everything is taken from a `random.Random` or from the fuzzer's own bytes (`Choices`), so that a program of changes
comes back the same. Nothing of `collector` is loaded: numbers, hashes and signatures are those of the second writer.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

sys.path[:0] = [
    str(Path(__file__).resolve().parent.parent),
    str(Path(__file__).resolve().parent.parent.parent / "scripts"),
]

import second_writer as w

KEYS = {w.public(number): number for number in (1, 2, 9)}
"""Test keys that a changed chain may be signed with again."""

VALUES = (
    None, True, False, 0, 1, 2, 2**53 - 1, 2**53, -1, 1.5, "", "a", "0", "1", "x" * 200, "x" * 2600, "A" * 64, "0" * 64,
    "f" * 64, "0" * 32, "é", "\x00", "\x7f", "\x1b[2J", "\u202e", "\ud83d", "\U0001f600", "\n", '"', "\\", "/", "..",
    "../x", "artifacts/000001-x.jsonl", "attachments/000000-attachment.jpg", "artifacts/000001-x.jsonl.part",
    "complete",
    "collected", "empty", "absent", "failed", "partial", "cut", "ISOLATED", "UNKNOWN", "2026-11-18T11:06:40.001000Z",
    "2026-11-18T12:06:40.001000+01:00", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00.000000+23:59", "age1q",
    "AA==",
    "AB==", [], {}, [[]], {"a": 1}, {"text": "\ufffd", "hex": "ff"}, {"text": "a", "hex": "61"}, {"hex": "ff",
    "text": "a"},
    ["age1qqqq"], [None], [{}], {"b": 1, "a": 2}, {"length": 1, "sha256": "0" * 64, "base64": "AA=="}, w.public(1),
    w.public(9),
)  # fmt: skip
"""What a field is set to: each edge of a check, and what stands in other fields."""

TYPES = (
    "open",
    "intent",
    "artifact",
    "gap",
    "observation",
    "note",
    "phase",
    "resume",
    "close",
    "handover",
    "receipt",
    "timestamp",
)


class Choices:
    """Reads choices from the fuzzer's bytes; at their end every choice is the first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at >= len(self._data)

    def randrange(self, below: int) -> int:
        size = 1 if below <= 256 else 3
        taken = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(taken, "little") % below

    def choice(self, items):
        return items[self.randrange(len(items))]

    def random(self) -> float:
        return self.randrange(256) / 256

    def randbytes(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken.ljust(count, b"\0")


def spelled(record: object) -> bytes:
    """Return the accepted spelling; what it has none for (a lone surrogate, a float) is spelled as Python would."""
    return json.dumps(record, separators=(",", ":")).encode("ascii")


def parsed(line: bytes) -> dict | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def changed_bytes(chance, data: bytes, other: bytes = b"") -> bytes:
    """Change a few bytes anywhere: flip, set, cut, insert, double, or take a piece of another file."""
    at = chance.randrange(len(data) + 1)
    size = 1 + chance.randrange(16)
    match chance.randrange(8):
        case 0 if data:
            at %= len(data)
            return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
        case 1 if data:
            at %= len(data)
            return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        case 2:
            return data[:at] + data[at + size :]
        case 3:
            return data[:at] + chance.randbytes(size) + data[at:]
        case 4:
            return data[:at]
        case 5:
            return data[:at] + data[max(0, at - size) : at] + data[at:]
        case 6 if other:
            start = chance.randrange(len(other))
            return data[:at] + other[start : start + size * 8] + data[at:]
        case _:
            return data + chance.choice((b"\n", b"\0" * 16, b'{"v":1', b"\r\n", b" ", b"\n\n"))


def changed_lines(chance, lines: list[bytes], others: list[bytes]) -> list[bytes]:
    """Remove, double, swap, move or take in whole lines; or spell one otherwise."""
    if not lines:
        return [chance.choice(others)] if others else lines
    lines = list(lines)
    at = chance.randrange(len(lines))
    match chance.randrange(7):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[at])
        case 2:
            to = chance.randrange(len(lines))
            lines[at], lines[to] = lines[to], lines[at]
        case 3 if others:
            lines.insert(at, chance.choice(others))
        case 4 if others:
            lines[at] = chance.choice(others)
        case 5:
            del lines[at:]
        case _:
            record = parsed(lines[at])
            if record is not None:
                how = chance.choice(({}, {"sort_keys": True}, {"ensure_ascii": False}, {"indent": 0}))
                lines[at] = json.dumps(record, **how).replace("\n", "").encode("utf-8", "surrogatepass")
    return lines


def changed_record(chance, record: dict, other: dict | None) -> dict:
    """Set, remove, move or rename a field, at any depth."""
    record = dict(record)
    if not record:
        return {chance.choice(("v", "a")): chance.choice(VALUES)}
    name = chance.choice(list(record))
    match chance.randrange(9):
        case 0 | 1 | 2:
            record[name] = chance.choice(VALUES)
        case 3 if other:
            taken = chance.choice(list(other))
            record[name if name in other or chance.randrange(2) else taken] = other.get(name, other[taken])
        case 4:
            del record[name]
        case 5:
            names = list(record)
            one, two = chance.randrange(len(names)), chance.randrange(len(names))
            names[one], names[two] = names[two], names[one]
            record = {key: record[key] for key in names}
        case 6 if isinstance(record[name], dict):
            record[name] = changed_record(chance, record[name], None)
        case 6 if isinstance(record[name], list):
            record[name] = [*record[name], chance.choice(VALUES)]
        case 6 if isinstance(record[name], int):
            record[name] = record[name] + chance.choice((1, -1))
        case 6 | 7 if isinstance(record[name], str):
            text = record[name]
            at = chance.randrange(len(text) + 1)
            record[name] = (
                text[:at] + chance.choice(("", "0", "a", "Z", ".", "\u202e", "-", "/", "\\")) + text[at + 1 :]
            )
        case 8 if "type" in record:
            record["type"] = chance.choice(TYPES)
        case _:
            record = {("x" if key == name else key): value for key, value in record.items()}
    return record


def changed_field(chance, lines: list[bytes], others: list[bytes]) -> list[bytes]:
    """Change a field of one record and spell it again."""
    lines = list(lines)
    if not lines:
        return lines
    at = chance.randrange(len(lines))
    record = parsed(lines[at])
    if record is not None:
        other = parsed(chance.choice(others)) if others else None
        lines[at] = spelled(changed_record(chance, record, other))
    return lines


def encrypted(lines: list[bytes]) -> list[bytes]:
    """Make a chain one with recipients: private fields give way to a ciphertext of nothing."""
    private = {
        "open": ("operator", "witness", "arguments", "host"),
        "artifact": ("subject", "source_times"),
        "gap": ("subject", "reason"),
        "observation": ("data",),
        "note": ("text",),
        "resume": ("arguments", "torn"),
    }
    out = []
    for line in lines:
        record = parsed(line)
        hidden = private.get(str((record or {}).get("type")), ())
        if record is not None and any(name in record for name in hidden):
            record = {name: value for name, value in record.items() if name not in hidden}
            if record["type"] == "open":
                record["recipients"] = ["age1qqqqqqqq"]
            record["private"] = "AAAA"
            line = spelled(record)  # noqa: PLW2901 - the line as it is now
        out.append(line)
    return out


def relinked(lines: list[bytes], first: str = w.ZERO, *, renumber: bool = True) -> list[bytes]:
    """Make numbers, hashes, paths, counts and phase signatures fit again, as far as lines are records."""
    counted = {
        "intent": "intents",
        "artifact": "artifacts",
        "gap": "gaps",
        "observation": "observations",
        "note": "notes",
    }
    out: list[bytes] = []
    moved: dict[str, str] = {}
    counts = dict.fromkeys(counted.values(), 0)
    key = 1
    for line in lines:
        record = parsed(line)
        if record is None:
            out.append(line)
            continue
        for name, value in (("seq", len(out)), ("prev", w.sha256(out[-1]) if out else first)):
            if name in record:
                record[name] = value
        kind, path = str(record.get("type")), record.get("path")
        if renumber and isinstance(path, str):
            if kind == "intent" and path.count("/") == 1 and "-" in path.split("/")[1]:
                folder, _, rest = path.partition("/")
                moved[path] = f"{folder}/{len(out):06d}-{rest.split('-', 1)[1]}"
            record["path"] = moved.get(path, path)
        if kind in counted:
            counts[counted[kind]] += 1
        if renumber and kind == "close" and "counts" in record:
            record["counts"] = dict(counts)
        key = KEYS.get(record.get("run_key"), key) if isinstance(record.get("run_key"), str) else key
        if kind == "phase" and out and {"code", "signature"} <= record.keys():
            record["code"] = w.code(w.sha256(out[-1]))
            record["signature"] = base64.b64encode(w.signature(w.checkpoint(out), key, w.PHASE)).decode()
        out.append(spelled(record))
    return out


def cut(text: bytes) -> tuple[list[bytes], bytes]:
    """Return the whole lines of a file, and what follows the last LF."""
    *lines, tail = text.split(b"\n")
    return lines, tail
