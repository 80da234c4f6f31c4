"""A second writer of the bundle format, made by hand from docs/SPEC.md for the vectors.

It loads nothing of `collector`, so that a mistake there shows as a difference. Everything is fixed: keys that anyone
may sign with, one time, one identity. A bundle is a mapping of paths to bytes, or to a mapping for what is no file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Record: TypeAlias = "dict[str, Any]"
World: TypeAlias = "dict[str, bytes | dict[str, Any]]"

SID = "0123456789abcdef0123456789abcdef"
README = b"A text for a test.\n"
PROCESSES = b'{"kind":"processes"}\n{"pid":1}\n'
PATH = "artifacts/000001-processes.jsonl"
ZERO = "0" * 64
SEAL = "evidence-collector@v1"
PHASE = "evidence-collector-phase@v1"
RECEIPT = "evidence-collector-receipt@v1"
AGE = b"age-encryption.org/v1\n-> X25519 made\n--- made\n"
"""What stands for an age file: nobody without a key could tell more."""
AGE_RECIPIENT = "age1" + "q" * 58
TOOL = {"version": "0", "sha256": ZERO, "privileges": "root"}
ISOLATION = {"open": "ISOLATED", "close": "ISOLATED", "run": "ISOLATED"}
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of Ed25519 (RFC 8032): a signature with this added to its second half is the same to a careless verifier."""


def sha256(data: bytes) -> str:
    """Return the hash as the format writes it."""
    return hashlib.sha256(data).hexdigest()


def code(digest: str) -> str:
    """Return the code for paper of a hash."""
    text = base64.b32encode(bytes.fromhex(digest))[:32].decode()
    return "-".join(text[at : at + 4] for at in range(0, 32, 4))


def utc(tick: int) -> str:
    """Return the moment of a tick, a millisecond each."""
    moment = datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC) + timedelta(milliseconds=tick)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record(kind: str, tick: int, /, **fields: object) -> Record:
    """Return a record without its place in a chain."""
    moment = datetime.fromisoformat(utc(tick)) + timedelta(hours=1)
    return {
        "v": 1,
        "sid": SID,
        "seq": None,
        "type": kind,
        "prev": None,
        "utc": utc(tick),
        "local": moment.strftime("%Y-%m-%dT%H:%M:%S.%f+01:00"),
        "mono_ns": str(10**12 + tick * 10**6),
        "boot_ns": str(2 * 10**12 + tick * 10**6),
        "boot_id": "boot-1",
        **fields,
    }


def opening(tick: int = 1, **fields: object) -> Record:
    """Return an `open` record."""
    usual: Record = {
        "case": "T-1",
        "operator": "Anne",
        "witness": None,
        "tool": TOOL,
        "arguments": ["--case", "T-1"],
        "host": {"hostname": "poste-1"},
        "clock": {"ntp": "unknown", "timezone": "CET"},
        "kit_nonce": None,
        "run_key": public(1),
        "recipients": [],
        "readme_sha256": sha256(README),
        "continues": None,
    }
    return record("open", tick, **(usual | fields))


def intent(tick: int, path: str, name: str) -> Record:
    """Return an `intent` record; kind and source have one name."""
    return record("intent", tick, path=path, kind=name, source=name)


def artifact(tick: int, path: str, name: str, data: bytes, **fields: object) -> Record:
    """Return the `artifact` record of a file."""
    usual: Record = {
        "path": path,
        "kind": name,
        "source": name,
        "subject": None,
        "method": "test",
        "outcome": "collected",
        "started": utc(tick - 2),
        "ended": utc(tick - 1),
        "size": len(data),
        "sha256": sha256(data),
        "rows": 1,
        "source_times": None,
        "flags": [],
    }
    return record("artifact", tick, **(usual | fields))


def gap(tick: int, **fields: object) -> Record:
    """Return a `gap` record."""
    usual: Record = {"source": "screen", "outcome": "absent", "path": None, "subject": None, "reason": "no display"}
    return record("gap", tick, **(usual | fields))


def note(tick: int, text: str) -> Record:
    """Return a `note` record."""
    return record("note", tick, observed=None, text=text)


def phase(tick: int, key: int = 1, namespace: str = PHASE) -> Record:
    """Return a `phase` record; code and signature are filled in by `linked`."""
    return record("phase", tick, name="volatile", code=None, signature=(key, namespace))


def resume(tick: int, key: int = 2, torn: Record | None = None) -> Record:
    """Return a `resume` record that names a new key."""
    return record("resume", tick, run_key=public(key), tool=TOOL, arguments=[], torn=torn)


def close(tick: int, **counts: int) -> Record:
    """Return a `close` record; counts that are not given are zero."""
    usual: Record = {"intents": 0, "artifacts": 0, "gaps": 0, "observations": 0, "notes": 0}
    fields = {"outcome": "complete", "reason": None, "counts": usual | counts, "isolation": ISOLATION}
    return record("close", tick, **fields, same_boot=True)


def handover(tick: int, kind: str = "handover", **fields: object) -> Record:
    """Return a `handover` or `receipt` record."""
    usual: Record = {
        "by": "Cabinet",
        "to": "Me Expert",
        "role": "expert",
        "reason": "analyse",
        "place": None,
        "condition": None,
        "checked": {"verdict": "UNANCHORED", "files": 1, "bytes": len(PROCESSES)},
    }
    return record(kind, tick, **(usual | fields))


def countersigned(tick: int, key: int = 7, **how: Any) -> Record:
    """Return a `signature` record by a test key; `how` goes to `receipt_blob`, and it is filled in by `linked`."""
    named = how.pop("named", None)
    own = fido_public(key) if how.get("fido") else public(key)
    return record("signature", tick, key=named or own, signature=(key, how))


def veiled(kind: Record, *names: str) -> Record:
    """Return a record as it stands in an encrypted bundle: some fields give way to one ciphertext (a made one)."""
    clear = {name: value for name, value in kind.items() if name not in names}
    return {**clear, "private": base64.b64encode(AGE).decode()}


def story() -> list[Record]:
    """Return the records of the usual small bundle."""
    return [
        opening(1),
        intent(2, PATH, "processes"),
        artifact(5, PATH, "processes", PROCESSES),
        gap(6),
        phase(7),
        close(8, intents=1, artifacts=1, gaps=1),
    ]


def encode(value: object) -> bytes:
    """Return the one accepted spelling of a record."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def linked(
    records: Sequence[Record],
    spell: Mapping[int, Callable[[bytes], bytes]] | None = None,
    first: str = ZERO,
) -> list[bytes]:
    """Return the lines of records, each naming the one before; `spell` changes a line before it is named."""
    lines: list[bytes] = []
    for number, unplaced in enumerate(records):
        placed = dict(unplaced)
        placed["seq"] = number
        placed["prev"] = sha256(lines[-1]) if lines else first
        if placed["type"] == "phase":
            key, namespace = placed["signature"]
            placed["code"] = code(sha256(lines[-1]))
            placed["signature"] = base64.b64encode(signature(checkpoint(lines), key, namespace)).decode()
        if placed["type"] == "signature" and not isinstance(placed["signature"], str):
            key, how = placed["signature"]
            placed["signature"] = base64.b64encode(receipt_blob(checkpoint(lines, first), key, **how)).decode()
        line = encode(placed)
        lines.append(spell[number](line) if spell and number in spell else line)
    return lines


def joined(lines: Sequence[bytes]) -> bytes:
    """Return the file of some lines."""
    return b"".join(line + b"\n" for line in lines)


def checkpoint(lines: Sequence[bytes], first: str = ZERO) -> bytes:
    """Return the checkpoint of a manifest, or of a custody chain (what its receipts sign)."""
    text = joined(lines)
    last = sha256(lines[-1]) if lines else first
    return f"evidence-collector/v1/{SID}\n{len(lines)}\n{len(text)}\n{sha256(text)}\n{last}\n".encode()


def private(key: int) -> Ed25519PrivateKey:
    """Return a published test key."""
    return Ed25519PrivateKey.from_private_bytes(bytes([key]) * 32)


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _public_blob(key: int) -> bytes:
    return _string(b"ssh-ed25519") + _string(private(key).public_key().public_bytes_raw())


def public(key: int) -> str:
    """Return the public half of a test key as OpenSSH writes it."""
    return "ssh-ed25519 " + base64.b64encode(_public_blob(key)).decode()


def signature(message: bytes, key: int = 1, namespace: str = SEAL, hashed: str = "sha512") -> bytes:
    """Return an SSHSIG blob (PROTOCOL.sshsig)."""
    head = _string(namespace.encode()) + _string(b"") + _string(hashed.encode())
    signed = private(key).sign(b"SSHSIG" + head + _string(hashlib.new(hashed, message).digest()))
    inner = _string(b"ssh-ed25519") + _string(signed)
    return b"SSHSIG" + struct.pack(">I", 1) + _string(_public_blob(key)) + head + _string(inner)


def fido_public(key: int) -> str:
    """Return a test key as a FIDO key of OpenSSH (PROTOCOL.u2f)."""
    return "sk-ssh-ed25519@openssh.com " + base64.b64encode(_fido_blob(key)).decode()


def _fido_blob(key: int) -> bytes:
    raw = private(key).public_key().public_bytes_raw()
    return _string(b"sk-ssh-ed25519@openssh.com") + _string(raw) + _string(b"ssh:")


def receipt_blob(
    message: bytes,
    key: int,
    *,
    namespace: str = RECEIPT,
    hashed: str = "sha512",
    fido: bool = False,
    flags: int = 1,
    more: bytes = b"",
) -> bytes:
    """Return the SSHSIG blob of a countersignature; `flags` are those of a FIDO key, `more` follows the blob."""
    if not fido:
        return signature(message, key, namespace, hashed) + more
    head = _string(namespace.encode()) + _string(b"") + _string(hashed.encode())
    signed = b"SSHSIG" + head + _string(hashlib.new(hashed, message).digest())
    told = bytes([flags]) + struct.pack(">I", 5)
    raw = private(key).sign(hashlib.sha256(b"ssh:").digest() + told + hashlib.sha256(signed).digest())
    inner = _string(b"sk-ssh-ed25519@openssh.com") + _string(raw) + told
    return b"SSHSIG" + struct.pack(">I", 1) + _string(_fido_blob(key)) + head + _string(inner) + more


def armoured(blob: bytes, width: int = 70) -> bytes:
    """Return a signature file."""
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()


def unsealed(lines: Sequence[bytes], files: Mapping[str, bytes] | None = None) -> World:
    """Return a bundle that is being written; `files` are its artifacts."""
    world: World = {"LISEZ-MOI.txt": README, "artifacts": {"folder": True}}
    return {**world, "manifest.jsonl": joined(lines), **({PATH: PROCESSES} if files is None else files)}


def sealed(
    lines: Sequence[bytes],
    files: Mapping[str, bytes] | None = None,
    keys: Sequence[int] = (1,),
    signer: int | None = None,
) -> World:
    """Return a bundle with its seal, by the last of `keys` unless another one signs."""
    world = unsealed(lines, files)
    text = checkpoint(lines)
    signers = [f'{SID} namespaces="{SEAL}" {public(keys[-1])}']
    signers += [f'{SID} namespaces="{PHASE}" {public(key)}' for key in keys]
    world |= {
        "run_key.pub": (public(keys[-1]) + "\n").encode(),
        "allowed_signers": ("\n".join(signers) + "\n").encode(),
        "checkpoint": text,
        "checkpoint.sig": armoured(signature(text, keys[-1] if signer is None else signer)),
    }
    world["SHA256SUMS"] = sums(world)
    return world


def sums(world: World) -> bytes:
    """Return the SHA256SUMS of what is sealed in a bundle."""
    listed = {path: data for path, data in world.items() if isinstance(data, bytes) and path != "SHA256SUMS"}
    return "".join(f"{sha256(data)}  {path}\n" for path, data in sorted(listed.items())).encode()
