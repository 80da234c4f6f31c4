"""Bundles with something random wrong, made from the vectors: bytes, lines, records sealed again, files.

Nothing here is asked of `collector`: what is sealed again, is sealed by a few lines of its own. Each mutant comes from
a number, so that a failure can be made again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import struct
from typing import TYPE_CHECKING

import vectors
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {n: Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(1, 10)}
"""The published test keys, one of which made each vector."""
PUBLIC = {b"\0\0\0\x0bssh-ed25519\0\0\0 " + key.public_key().public_bytes_raw(): key for key in KEYS.values()}
ALGORITHM = b"ssh-ed25519"
DEEP = [[[[[[[]]]]]]]
TEXTS = [{"text": "\ufffd", "hex": "ff"}, {"hex": "ff", "text": "\ufffd"}, {"text": "a", "hex": "61"},
         {"text": "\ufffd\ufffd", "hex": "ff"}, {"text": "", "hex": ""}, {"text": "\ufffd", "hex": "FF"}]  # fmt: skip
WORDS = ["", "x", "X", "a" * 40, "a" * 41, "x\n", "é", "\x7f", "\x00", "\U0001f600", "partial", "processes",
         "collected", "empty", "failed", "complete", "ISOLATED", "0", "00", "18446744073709551616", "1" * 21,
         "a" * 64, "A" * 64,
         "f" * 32, "boot-1", "2026-11-18T11:06:40.001000Z", "2026-11-18T12:06:40.001000+01:00",
         "2026-11-18T11:06:40.001000+00:00", "2026-11-18T11:06:60.001000Z", "2026-11-18T24:00:00.000000Z",
         "2024-02-29T00:00:00.000000Z", "0000-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z",
         "artifacts/000001-processes.jsonl", "attachments/000001-processes.jsonl", "artifacts/000001-x.part",
         "artifacts/000001-x.jsonl.age", "artifacts/0000001-x.jsonl", "age1abc", "AAAA", "AA==", "AAA=", "AB==", "AAA",
         "open", "close", "note", "resume", "receipt", "signature", "phase", "intent", "artifact", "gap"]  # fmt: skip
VALUES = [None, True, False, 0, 1, 2, 2**53 - 1, 2**53, -1, 1.5, [], {}, ["x"], [None], {"a": 1, "b": 2},
          {"b": 1, "a": 2}, {"a": {"text": "x", "hex": "78"}}, {"a": [{"z": 1, "a": 2}]}, {"a": 1.5}, DEEP, [DEEP],
          {"é": 1, "z": 2}, {"z": 1, "é": 2}, {"\U00010000": 1, "\uffff": 2}, {"\uffff": 1, "\U00010000": 2},
          *TEXTS, *({"a": text} for text in TEXTS), *WORDS]  # fmt: skip
NAMES = ["x", "artifacts/x", "attachments/x", ".reserve", "checkpoint.part", "manifest.jsonl.part", "SHA256SUMS.part",
         "custody.jsonl.part", "custody.jsonl", "artifacts/000001-processes.jsonl.part",
         "artifacts/000009-x.jsonl.part", "artifacts/000009-x.part.part", "artifacts/000009-x.jsonl.part.part",
         "artifacts/000009-x.jsonl", "._x",
         "artifacts/._x", "attachments/._x", "Thumbs.db", "desktop.ini/x", "LISEZ-MOI.txt", "checkpoint.sig",
         "attachments/000000-attachment.jpg", "attachments/000000-attachment.jpg.part", "run_key.pub.part",
         "artifacts/000009-x.a.b.part", "artifacts/0000000009-x.a.part", ".DS_Store", "artifacts/.part"]  # fmt: skip


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def signed(message: bytes, namespace: str, digest: bytes) -> bytes:
    hashed = hashlib.new(digest.decode(), message).digest()
    return b"SSHSIG" + b"".join(map(string, (namespace.encode(), b"", digest, hashed)))


def blob(message: bytes, namespace: str, key: Ed25519PrivateKey) -> bytes:
    public = string(ALGORITHM) + string(key.public_key().public_bytes_raw())
    signature = string(ALGORITHM) + string(key.sign(signed(message, namespace, b"sha512")))
    parts = (public, namespace.encode(), b"", b"sha512", signature)
    return b"SSHSIG\0\0\0\1" + b"".join(map(string, parts))


def armoured(data: bytes) -> bytes:
    text = base64.b64encode(data).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()


def check(message: bytes, data: bytes, public: bytes, namespace: str) -> bool:
    """Check an Ed25519 signature without starting a program; another one holds for nobody here."""
    digest = b"sha256" if b"\0\0\0\x06sha256" in data else b"sha512"
    if not public.startswith(string(ALGORITHM)) or len(public) != 51:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public[19:]).verify(data[-64:], signed(message, namespace, digest))
    except InvalidSignature:
        return False
    return True


def code(digest: str) -> str:
    text = base64.b32encode(bytes.fromhex(digest)[:20]).decode()
    return "-".join(text[at : at + 4] for at in range(0, 32, 4))


def encode(record: object) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()


def statement(sid: object, lines: list[bytes]) -> bytes:
    whole = b"".join(line + b"\n" for line in lines)
    text = f"evidence-collector/v1/{sid}\n{len(lines)}\n{len(whole)}\n{sha256(whole)}\n"
    return f"{text}{sha256(lines[-1]) if lines else '0' * 64}\n".encode("ascii", "replace")


def private(key: object) -> Ed25519PrivateKey:
    """Return the private half of a public test key, or some other one."""
    try:
        return PUBLIC.get(base64.b64decode(str(key).split(" ")[-1]), KEYS[9])
    except ValueError:
        return KEYS[9]


def linked(records: list, first: str, *, custody: bool, sid: object = None) -> list[bytes]:
    """Give records their numbers, hashes, codes, counts and signatures, where their form has a place for them."""
    lines: list[bytes] = []
    key, counts = None, dict.fromkeys(("intents", "artifacts", "gaps", "observations", "notes"), 0)
    for number, record in enumerate(records):
        if isinstance(record, dict):
            kind = record.get("type")
            sid = record.get("sid") if sid is None else sid
            record |= {"seq": number, "prev": sha256(lines[-1]) if lines else first}
            key = record.get("run_key", key)
            if kind == "phase" and lines:
                record["code"] = code(sha256(lines[-1]))
            if kind in ("phase", "signature") and "signature" in record:
                name, by = ("receipt", record.get("key")) if custody else ("phase", key)
                data = blob(statement(sid, lines), f"evidence-collector-{name}@v1", private(by))
                record["signature"] = base64.b64encode(data).decode()
            if kind == "close" and isinstance(record.get("counts"), dict):
                record["counts"] = dict(counts)
            if isinstance(kind, str) and kind + "s" in counts:
                counts[kind + "s"] += 1
        lines.append(encode(record))
    return lines


def sealed(world: dict[str, bytes], lines: list[bytes]) -> None:
    """Make the manifest of these lines and, where there is a checkpoint, all that hangs on it."""
    world["manifest.jsonl"] = b"".join(line + b"\n" for line in lines)
    records = [record for record in map(json.loads, lines) if isinstance(record, dict)]
    if "checkpoint" not in world or not records:
        return
    keys = [str(record["run_key"]) for record in records if "run_key" in record] or ["none none"]
    sid = records[0].get("sid")
    world["checkpoint"] = statement(sid, lines)
    world["checkpoint.sig"] = armoured(blob(world["checkpoint"], "evidence-collector@v1", private(keys[-1])))
    world["run_key.pub"] = f"{keys[-1]}\n".encode("utf-8", "replace")
    named = [("", keys[-1]), *(("-phase", key) for key in keys)]
    text = "".join(f'{sid} namespaces="evidence-collector{part}@v1" {key}\n' for part, key in named)
    world["allowed_signers"] = text.encode("utf-8", "replace")
    listed = {name: sha256(data) for name, data in world.items() if "/" not in name and not name.startswith(".")}
    listed.pop("custody.jsonl", None)
    listed.pop("SHA256SUMS", None)
    stored = (r for r in records if r.get("type") == "artifact" and isinstance(r.get("path"), str))
    listed |= {record["path"]: record.get("sha256") for record in stored}
    sums = "".join(f"{digest}  {path}\n" for path, digest in sorted(listed.items(), key=lambda item: str(item[0])))
    world["SHA256SUMS"] = sums.encode("utf-8", "replace")
    custody(world)


def custody(world: dict[str, bytes], edit=None) -> None:
    """Link custody to the checkpoint again."""
    try:
        records = [json.loads(line) for line in world.get("custody.jsonl", b"").splitlines()]
    except ValueError:
        return
    if "checkpoint" in world and records:
        if edit:
            edit(records)
        sid = world["checkpoint"].split(b"\n")[0][22:].decode("ascii", "replace")
        lines = linked(records, sha256(world["checkpoint"]), custody=True, sid=sid)
        world["custody.jsonl"] = b"".join(line + b"\n" for line in lines)


def edit_records(records: list, rng: random.Random) -> None:
    """Change one or two records: a field, a field inside a field, the order of fields, the order of records."""
    for _ in range(rng.choice((1, 1, 1, 2))):
        if not records:
            return
        at = rng.randrange(len(records))
        record = records[at]
        how = rng.randrange(10)
        if how < 6 and isinstance(record, dict) and record:
            edit_field(record, rng, [other for other in records if isinstance(other, dict)])
        elif how == 6:
            del records[at]
        elif how == 7:
            records.insert(rng.randrange(len(records) + 1), json.loads(encode(record)))
        elif how == 8:
            other = rng.randrange(len(records))
            records[at], records[other] = records[other], records[at]
        elif isinstance(record, dict):
            items = list(record.items())
            rng.shuffle(items)
            record.clear()
            record.update(items[: rng.choice((len(items), len(items), len(items) - 1))])


def edit_field(record: dict, rng: random.Random, others: list[dict]) -> None:
    name = rng.choice(list(record))
    value = record[name]
    if isinstance(value, dict) and value and rng.random() < 0.6:
        edit_field(value, rng, others)
    elif isinstance(value, str) and value and rng.random() < 0.4:
        cut = rng.randrange(len(value))
        record[name] = value[:cut] + rng.choice(["", "a", "A", "0", "\n", "/", "-", "é"]) + value[cut + 1 :]
    elif rng.random() < 0.2 and name in (other := rng.choice(others)):
        record[name] = other[name]
    elif rng.random() < 0.1:
        record[rng.choice(["private", "x", "a"])] = rng.choice(VALUES)
    else:
        record[name] = rng.choice(VALUES)


def flip(world: dict[str, bytes], rng: random.Random) -> None:
    name = rng.choice([name for name, data in sorted(world.items()) if data] or sorted(world))
    data = bytearray(world[name] or b"x")
    for _ in range(rng.choice((1, 1, 2))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    world[name] = bytes(data)


def relined(world: dict[str, bytes], rng: random.Random) -> None:
    """Change the lines of a file, and let nothing else fit them."""
    name = rng.choice([name for name in sorted(world) if world[name].count(b"\n") > 1] or sorted(world))
    lines = world[name].splitlines(keepends=True) or [b""]
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    how = rng.randrange(5)
    if how == 0:
        del lines[at]
    elif how == 1:
        lines.insert(other, lines[at])
    elif how == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif how == 3:
        lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
    else:
        lines.append(rng.choice([b"\n", b"x", b"{}\n", b"\0" * 100]))
    world[name] = b"".join(lines)


def resealed(world: dict[str, bytes], rng: random.Random) -> None:
    try:
        records = [json.loads(line) for line in world.get("manifest.jsonl", b"").splitlines()]
    except (ValueError, RecursionError):
        return
    if "custody.jsonl" in world and rng.random() < 0.6:
        custody(world, lambda found: edit_records(found, rng))
        return
    edit_records(records, rng)
    if rng.random() < 0.1:
        records = records[: rng.randrange(len(records) + 1)]
    sealed(world, linked(records, "0" * 64, custody=False))
    if rng.random() < 0.15:
        for name in ("checkpoint", "custody.jsonl"):
            world.pop(name, None)


def moved(world: dict[str, bytes], rng: random.Random) -> None:
    one, other = rng.choice(sorted(world)), rng.choice([*sorted(world), *NAMES])
    how = rng.randrange(4)
    if how == 0:
        del world[one]
    elif how == 1:
        world[other] = world[one]
    elif how == 2 and other in world:
        world[one], world[other] = world[other], world[one]
    elif other not in world:
        world[other] = rng.choice([b"", b"x", world[one]])
    if rng.random() < 0.3:
        for name in ("checkpoint", "custody.jsonl"):
            world.pop(name, None)


def mutant(number: int, starts: list[vectors.Vector]) -> tuple[vectors.Vector, dict[str, bytes]]:
    """Return a vector and what became of its files."""
    rng = random.Random(number)  # the same ones each time
    vector = rng.choice(starts)
    world = {
        path: vectors.content(entry)
        for path, entry in vector.world.items()
        if not (isinstance(entry, dict) and {"folder", "symlink", "fifo"} & set(entry))
    }
    for _ in range(rng.choice((1, 1, 2))):
        if not world:
            break
        rng.choice((flip, relined, resealed, resealed, resealed, resealed, moved, moved))(world, rng)
    return vector, world


def laid(world: dict[str, bytes], folder: Path) -> Path:
    """Write them down; a name that would stand below a file is left out."""
    (folder / "artifacts").mkdir(parents=True)
    for name, data in world.items():
        place = folder / name
        if all(not parent.is_file() for parent in place.parents) and not place.is_dir():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    return folder
