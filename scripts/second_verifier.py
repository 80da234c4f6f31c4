#!/usr/bin/env python3
"""A second verifier of an evidence bundle, written from docs/SPEC.md alone; the standard library, ssh-keygen, openssl.

Run: second_verifier.py BUNDLE [--start-code C] [--seal-code C] [--kit-nonce N] [--expert-key FILE] [--tsa-root PEM].
"""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import hashlib
import json
import os
import re
import stat
import struct
import subprocess  # noqa: TID251 - runs stock ssh-keygen and openssl for whoever verifies
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_DIRECTORY, _NOFOLLOW = getattr(os, "O_DIRECTORY", 0), getattr(os, "O_NOFOLLOW", 0)
Check = Callable[[bytes, bytes, str, str], bool]
MAX_LINE, MAX_TAIL, SMALL = 65536, 1 << 30, 1 << 20
FIXED = ("manifest.jsonl", "checkpoint", "checkpoint.sig", "run_key.pub", "allowed_signers", "LISEZ-MOI.txt")
SEALED, LITTER = (*FIXED, "SHA256SUMS", "custody.jsonl"), ("desktop.ini", "Thumbs.db", ".DS_Store")
INCOMPLETE, INFORMATION = ("TORN_TAIL", "NOT_CLOSED"), ("LITTER", "SEAL_NEAR", "TIMESTAMP_INVALID", "CLOCK_STEP")
LEVELS, STEPS = ("ALTERED", "INCOMPLETE", "INFORMATION"), (1, 2, 3, 4, 5, 6, 7, 9, 8, 10, 11)
SEAL_NS, PHASE_NS, RECEIPT_NS = (f"evidence-collector{x}@v1" for x in ("", "-phase", "-receipt"))
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group of Ed25519: a larger scalar is another spelling
_WHEN = r"[0-9]{4}-[01][0-9]-[0-3][0-9]T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}"
_GAP = "absent|denied|locked|timed_out|over_limit|unsupported|failed"
_WORDS = {  # form: what its string matches as a whole
    "hash": "[0-9a-f]{64}", "sid": "[0-9a-f]{32}", "ns": "0|[1-9][0-9]{0,19}", "word": "[a-z0-9][a-z0-9_-]{0,39}",
    "case": "[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "code": "[A-Z2-7]{4}(?:-[A-Z2-7]{4}){7}", "plain": "[ -~]{1,200}",
    "key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-P][A-Za-z0-9+/]{42}", "nonce": "[0-9a-f]{32,128}",
    "base64": "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?",
    "signer": r"(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)"
    r"@openssh\.com) [A-Za-z0-9+/]{4,4096}={0,2}", "boot": "[A-Za-z0-9-]{1,64}", "age": "age1[0-9a-z]{1,2000}",
    "path": r"(?:artifacts|attachments)/[0-9]{6,9}-[a-z0-9-]{1,40}(?:\.(?!part\b)[a-z0-9]{1,8}){1,2}", "gapped": _GAP,
    "had": "collected|empty", "verdict": "ISOLATED|CONNECTED|UNKNOWN", "ended": "complete|cut_short",
    "result": "ANCHORED|UNANCHORED|INCOMPLETE", "utc": _WHEN + "Z", "local": _WHEN + "(?!-00:00)[+-][0-9:]{5}",
}  # fmt: skip
_OBJECTS = {
    "tool": "version:plain sha256:hash privileges:word", "checked": "verdict:result files:count bytes:count",
    "torn": "length:count sha256:hash base64:base64", "continues": "sid:sid head:hash records:count",
    "counts": "intents:count artifacts:count gaps:count observations:count notes:count",
    "isolation": "open:verdict? close:verdict? run:verdict?",
}  # fmt: skip
_COMMON = "v:one sid:sid seq:count type:word prev:hash utc:utc local:local mono_ns:ns boot_ns:ns boot_id:boot "
_BOTH = {  # a field with - is private (section 11)
    "intent": "path:path kind:word source:word", "observation": "what:word -data:free",
    "artifact": "path:path kind:word source:word -subject:text? method:plain outcome:had started:utc ended:utc "
    "size:count sha256:hash rows:count? -source_times:free? flags:[word]",
    "gap": "source:word outcome:gapped path:path? -subject:text? -reason:text", "note": "observed:utc? -text:text",
}  # fmt: skip
_HANDED = "by:text? to:text role:text? reason:text? place:text? condition:text? checked:checked"
_TABLES = {
    "manifest.jsonl": _BOTH | {
        "open": "case:case -operator:text? -witness:text? tool:tool -arguments:[text] -host:free clock:free "
        "kit_nonce:nonce? run_key:key recipients:[age] readme_sha256:hash continues:continues?",
        "phase": "name:word code:code signature:base64",
        "resume": "run_key:key tool:tool -arguments:[text] -torn:torn?",
        "close": "outcome:ended reason:word? counts:counts isolation:isolation same_boot:boolean",
    },
    "custody.jsonl": _BOTH | {"resume": "tool:tool -torn:torn?", "handover": _HANDED, "receipt": _HANDED,
                              "signature": "key:signer signature:base64"},
}  # fmt: skip
COUNTED = {x: x + "s" for x in ("intent", "artifact", "gap", "observation", "note")}


class ToolError(Exception):
    """A stock program is not there, or gives no answer."""


class _FaultError(Exception):
    def __init__(self, code: str, detail: str = "") -> None:
        self.code, self.detail = code, detail


@dataclass
class Report:
    """What a verification found; findings are (code, subject, detail), the root cause first."""

    verdict: str = ""
    findings: list[tuple[str, str, str]] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)


def shown(text: str) -> str:
    """Return text as ASCII that moves no cursor."""
    plain = text.encode("ascii", "backslashreplace").decode()
    return "".join(x if " " <= x <= "~" else f"\\x{ord(x):02x}" for x in plain)


def code_of(digest: str) -> str:
    """Return the code of a SHA-256 (4.4), without hyphens."""
    return base64.b32encode(bytes.fromhex(digest)[:20]).decode()


def _typed(code: str) -> str:
    kept = re.sub("[ \\-\u2010\u2011\u2013\u00a0\t\r\n]", "", code)
    kept = re.sub("[a-z]", lambda m: m[0].upper(), kept).translate(str.maketrans("018", "OIB"))
    if not re.fullmatch("[A-Z2-7]{32}", kept):
        raise ValueError("no code: " + shown(code))
    return kept


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _cut(data: bytes, count: int) -> tuple[list[bytes], bytes]:
    out = []
    for _ in range(count):
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            raise ValueError("cut short")
        out.append(data[4 : 4 + size])
        data = data[4 + size :]
    return out, data


def _armour(blob: bytes) -> bytes:
    text = base64.b64encode(blob)
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return b"\n".join([b"-----BEGIN SSH SIGNATURE-----", *lines, b"-----END SSH SIGNATURE-----", b""])


def _run_blob(blob: bytes, key: str, namespace: str) -> bool:
    """Tell whether a blob is the one spelling of 4.2 for this key."""
    public, end = base64.b64decode(key.split(" ")[1]), blob[-64:]
    body = _string(b"ssh-ed25519") + _string(end)
    head = b"SSHSIG\0\0\0\1" + _string(public) + _string(namespace.encode()) + _string(b"") + _string(b"sha512")
    return len(end) == 64 and blob == head + _string(body) and int.from_bytes(end[32:], "little") < ORDER


def _mpint(data: bytes) -> int:
    value = int.from_bytes(data, "big")
    if not value or data != value.to_bytes(value.bit_length() // 8 + 1, "big"):
        raise ValueError("not a positive mpint in its one spelling")
    return value


def _receipt_blob(blob: bytes, key: str) -> bool:
    """Tell whether a blob is one of 10.2 for this key; what is signed is another question."""
    kind, word = key.split(" ")
    public = base64.b64decode(word, validate=True)
    head = b"SSHSIG\0\0\0\1" + _string(public) + _string(RECEIPT_NS.encode()) + _string(b"")
    (hashed, body), rest = _cut(blob[len(head) :], 2)
    if not blob.startswith(head) or rest or hashed not in {b"sha512", b"sha256"}:
        return False
    (name, signature), tail = _cut(body, 2)
    curve, fido = re.search("nistp([0-9]+)", kind), kind.startswith("sk-")
    parts, rest = _cut(public, 2 + (bool(curve) or kind == "ssh-rsa") + fido)
    if rest or parts[0] != kind.encode() or (len(tail) != 5 or not tail[0] & 1 if fido else tail):
        return False
    if kind == "ssh-rsa":
        exponent, modulus = map(_mpint, parts[1:])
        sound = name in {b"rsa-sha2-512", b"rsa-sha2-256"} and len(signature) == (modulus.bit_length() + 7) // 8
        return sound and 2048 <= modulus.bit_length() <= 16384 and exponent >= 3 and bool(exponent & 1)
    if not curve:
        return name == kind.encode() and len(signature) == 64 and int.from_bytes(signature[32:], "little") < ORDER
    numbers, rest = _cut(signature, 2)
    size = (int(curve[1]) + 7) // 8
    return name == kind.encode() and not rest and all(map(_mpint, numbers)) and parts[1] == curve[0].encode() \
        and parts[2][:1] == b"\4" and len(parts[2]) == 1 + 2 * size  # fmt: skip


def _run(arguments: list[str], given: bytes = b"") -> bool:
    try:
        done = subprocess.run(arguments, input=given, capture_output=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{arguments[0]}: {error}") from None
    return done.returncode == 0


def ssh_keygen(message: bytes, blob: bytes, key: str, namespace: str) -> bool:
    """Tell whether stock ssh-keygen takes the signature."""
    with tempfile.TemporaryDirectory() as place:
        signers, signature = Path(place, "signers"), Path(place, "sig")
        signers.write_text(f'x namespaces="{namespace}" {key}\n', "ascii")
        signature.write_bytes(_armour(blob))
        options = ["-f", str(signers), "-I", "x", "-n", namespace, "-s", str(signature)]
        return _run(["ssh-keygen", "-Y", "verify", *options], message)


def _der(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of the element at the start, which must have this tag, and what follows it."""
    if len(data) < 2 or data[0] != tag or data[1] == 0x80:
        raise ValueError("not the DER of a timestamp")
    start = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    size = int.from_bytes(data[2:start], "big") if start > 2 else data[1]
    if len(data) < start + size:
        raise ValueError("cut short")
    return data[start : start + size], data[start + size :]


def _time_of(token: bytes) -> int:
    """Return genTime of a granted TimeStampResp in seconds since 1970, cut."""
    status, rest = _der(_der(token, 0x30)[0], 0x30)
    if _der(status, 2)[0] != b"\0":
        raise ValueError("not granted")
    inner = _der(_der(_der(_der(rest, 0x30)[0], 6)[1], 0xA0)[0], 0x30)[0]
    inner = _der(_der(_der(inner, 2)[1], 0x31)[1], 0x30)[0]
    inner = _der(_der(_der(_der(_der(inner, 6)[1], 0xA0)[0], 4)[0], 0x30)[0], 2)[1]
    told = _der(_der(_der(_der(inner, 6)[1], 0x30)[1], 2)[1], 0x18)[0]
    if not re.fullmatch(rb"[0-9]{14}(?:\.[0-9]+)?Z", told):
        raise ValueError("no genTime")
    return int(datetime.strptime(told[:14].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp())


def _stamped(token: bytes, checkpoint: bytes, roots: Sequence[str]) -> int:
    when = _time_of(token)
    with tempfile.TemporaryDirectory() as place:
        data, reply, root = Path(place, "data"), Path(place, "reply"), Path(place, "roots")
        data.write_bytes(checkpoint)
        reply.write_bytes(token)
        root.write_bytes(b"\n".join(Path(x).read_bytes() for x in roots))
        options = ["-attime", str(when), "-data", str(data), "-in", str(reply), "-CAfile", str(root)]
        if not _run(["openssl", "ts", "-verify", *options]):
            raise ValueError("openssl does not take it")
    return when


def _instant(text: str) -> datetime | None:
    try:
        offset = timedelta() if text[26:] == "Z" else timedelta(hours=int(text[27:29]), minutes=int(text[30:]))
        if offset >= timedelta(days=1) or (text[26:] != "Z" and (text[29] != ":" or text[30] > "5")):
            return None
        return datetime.fromisoformat(text[:26]) - (-offset if text[26] == "-" else offset)
    except (ValueError, OverflowError):
        return None


def _text(value: Any) -> bool:
    if not isinstance(value, dict):
        return isinstance(value, str)
    if list(value) != ["text", "hex"] or not all(isinstance(x, str) for x in value.values()):
        return False
    if not re.fullmatch("(?:[0-9a-f]{2})+", value["hex"]):
        return False
    raw = bytes.fromhex(value["hex"])
    try:
        raw.decode()
    except UnicodeDecodeError:
        return bool(raw.decode(errors="replace") == value["text"])
    return False


def _free(value: Any, *, top: bool = True) -> bool:
    if isinstance(value, list):
        return not top and all(_free(x, top=False) for x in value)
    if not isinstance(value, dict):
        return not top
    if not top and list(value) == ["text", "hex"]:
        return _text(value)
    return list(value) == sorted(value) and all(_free(x, top=False) for x in value.values())


_FORMS: dict[str, Callable[[Any], bool]] = {
    "text": _text, "free": _free, "one": lambda x: type(x) is int and x == 1, "count": lambda x: type(x) is int,
    "boolean": lambda x: type(x) is bool,
}  # fmt: skip


def _fits(form: str, value: Any) -> bool:
    if form.endswith("?"):
        return value is None or _fits(form[:-1], value)
    if form.startswith("["):
        return isinstance(value, list) and all(_fits(form[1:-1], x) for x in value)
    if form in _OBJECTS:
        table = dict(x.split(":") for x in _OBJECTS[form].split())
        return isinstance(value, dict) and list(value) == list(table) and all(_fits(table[x], value[x]) for x in table)
    if form in _WORDS:
        fits = isinstance(value, str) and re.fullmatch(_WORDS[form], value) is not None
        return fits and (form not in {"utc", "local"} or _instant(value) is not None)
    return _FORMS[form](value)


def _plain(value: Any, depth: int = 1) -> None:
    if isinstance(value, (dict, list)):
        if depth > 8:
            raise ValueError("nested too deep")
        for child in [*value, *value.values()] if isinstance(value, dict) else value:
            _plain(child, depth + 1)
    elif isinstance(value, str):
        value.encode()
    elif value is not None and not (isinstance(value, int) and 0 <= value < 2**53):
        raise ValueError("a number out of range")


def _spelled(line: bytes | None) -> dict[str, Any]:
    """Return the object of a line in the one accepted spelling."""
    if line is None:
        raise _FaultError("BAD_RECORD", "longer than a line may be")
    try:
        record = json.loads(line.decode("ascii"))
        _plain(record)
        if not isinstance(record, dict) or json.dumps(record, separators=(",", ":")).encode() != line:
            raise ValueError("not in the one accepted spelling")
    except (ValueError, RecursionError) as error:
        raise _FaultError("BAD_RECORD", str(error)) from None
    return record


def _parse(line: bytes | None, tables: dict[str, str], *, encrypted: bool | None) -> dict[str, Any]:
    """Return the record of a line, or raise the fault of its spelling, version or table."""
    record = _spelled(line)
    if type(record.get("v")) is int and record["v"] != 1:
        raise _FaultError("FORMAT_VERSION")
    kind = record.get("type")
    if not isinstance(kind, str) or kind not in tables:
        raise _FaultError("SCHEMA", "no such type")
    if kind == "open":
        encrypted = bool(record.get("recipients"))
    fields = (_COMMON + tables[kind]).split()
    if any(x[0] == "-" for x in fields) and ("private" in record if encrypted is None else encrypted):
        fields = [x for x in fields if x[0] != "-"] + ["private:base64"]
    table = dict(x.lstrip("-").split(":") for x in fields)
    if list(record) != list(table):
        raise _FaultError("SCHEMA", "other fields than those of its table")
    for name, form in table.items():
        if not _fits(form, record[name]):
            raise _FaultError("UNSAFE_PATH" if name == "path" else "SCHEMA", name)
    if _instant(record["utc"]) != _instant(record["local"]):
        raise _FaultError("SCHEMA", "utc and local differ")
    return record


@dataclass
class _Line:
    data: bytes | None
    sha: str
    size: int
    before: tuple[int, str]
    ended: bool


class _Folder:
    """The bundle's folder, held open; nothing in it is followed."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.top = os.open(path, os.O_RDONLY | _DIRECTORY)
        self.folders: dict[str, int] = {"": self.top}
        for name in ("artifacts", "attachments"):
            with contextlib.suppress(OSError):
                self.folders[name] = os.open(name, os.O_RDONLY | _DIRECTORY | _NOFOLLOW, dir_fd=self.top)

    def close(self) -> None:
        for descriptor in self.folders.values():
            os.close(descriptor)

    def mode(self, path: str) -> int:
        """Return the kind of an entry by lstat; 0 where there is none."""
        folder, _, name = path.rpartition("/")
        try:
            return stat.S_IFMT(os.lstat(name, dir_fd=self.folders[folder]).st_mode)
        except (OSError, KeyError):
            return 0

    @contextlib.contextmanager
    def opened(self, path: str) -> Iterator[int]:
        """Give a descriptor of a regular file, or raise MISSING or NOT_A_REGULAR_FILE."""
        mode, (folder, _, name) = self.mode(path), path.rpartition("/")
        if mode and mode != stat.S_IFREG:
            raise _FaultError("NOT_A_REGULAR_FILE")
        try:
            flags = os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0)
            descriptor = os.open(name, flags, dir_fd=self.folders[folder])
        except (OSError, KeyError):
            raise _FaultError("MISSING") from None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _FaultError("NOT_A_REGULAR_FILE")
            yield descriptor
        except OSError:
            raise _FaultError("MISSING", "not readable") from None
        finally:
            os.close(descriptor)

    def read(self, path: str, limit: int = SMALL) -> bytes:
        """Return a file, or one byte more than its limit."""
        out = b""
        with self.opened(path) as descriptor:
            while len(out) <= limit and (chunk := os.read(descriptor, limit + 1 - len(out))):
                out += chunk
        return out

    def measured(self, path: str) -> tuple[int, str]:
        """Return size and hash of a file."""
        size, total = 0, hashlib.sha256()
        with self.opened(path) as descriptor:
            while chunk := os.read(descriptor, SMALL):
                size += len(chunk)
                total.update(chunk)
        return size, total.hexdigest()

    def lines(self, path: str) -> Iterator[_Line]:
        """Give each line without LF, and at the end what follows the last LF."""
        size, whole, data, sha, count = 0, hashlib.sha256(), b"", hashlib.sha256(), 0
        before = (0, whole.hexdigest())
        with self.opened(path) as descriptor:
            while count <= MAX_TAIL and (chunk := os.read(descriptor, MAX_LINE)):
                for piece in re.findall(b"[^\n]*\n|[^\n]+", chunk):
                    whole.update(piece)
                    size += len(piece)
                    part = piece.removesuffix(b"\n")
                    sha.update(part)
                    count += len(part)
                    data += part if count <= MAX_LINE else b""
                    if len(part) != len(piece):
                        yield _Line(data if count <= MAX_LINE else None, sha.hexdigest(), count, before, ended=True)
                        data, sha, count, before = b"", hashlib.sha256(), 0, (size, whole.hexdigest())
        yield _Line(None, whole.hexdigest(), count, (size, before[1]), ended=False)


def _checkpoint(sid: str, count: int, before: tuple[int, str], last: str) -> bytes:
    return f"evidence-collector/v1/{sid}\n{count}\n{before[0]}\n{before[1]}\n{last}\n".encode()


class _Chain:
    """The records of manifest or custody, read once."""

    def __init__(self, view: _Verifier, name: str, prev: str, sid: str, *, encrypted: bool | None) -> None:
        self.view, self.name, self.last, self.sid, self.encrypted = view, name, prev, sid, encrypted
        self.folder, self.step = ("artifacts/", 2) if name == "manifest.jsonl" else ("attachments/", 9)
        self.first: dict[str, Any] = {}
        self.before: dict[str, Any] | None = None
        self.files: dict[str, dict[str, Any]] = {}
        self.open: dict[str, dict[str, Any]] = {}
        self.announced: set[str] = set()
        self.strangers: set[str] = set()
        self.keys: list[str] = []
        self.signed: list[tuple[str, int]] = []
        self.counts = dict.fromkeys(COUNTED.values(), 0)
        self.count = self.distance = self.torn = self.size = 0
        self.sha = self.first_sha = ""
        self.whole, self.readable, self.pending = True, True, -1

    def fault(self, code: str, index: int, detail: str = "") -> int:
        """Tell a fault of a line; return the place of the finding."""
        subject = f"{self.name} line {index + 1}"
        if self.step == 9 and code != "RECEIPT_INVALID":
            code, detail = "CUSTODY_BREAK", f"{code} {detail}"
        return self.view.add(code, subject, detail, self.step)

    def walk(self) -> None:
        """Read all of it."""
        for line in self.view.folder.lines(self.name):
            if line.ended:
                self.line(line)
                self.count += 1
                continue
            self.torn, self.size, self.sha = line.size, line.before[0], line.sha
            if line.size > MAX_TAIL:
                self.fault("BAD_RECORD", self.count, "no end of line")
            elif line.size:
                self.view.add("TORN_TAIL", self.name, f"{line.size} bytes", self.step)

    def line(self, line: _Line) -> None:
        """Take one line in."""
        self.first_sha = self.first_sha or line.sha
        record = None
        try:
            record = _parse(line.data, _TABLES[self.name], encrypted=self.encrypted)
            if "path" in record and not (record["path"] or self.folder).startswith(self.folder):
                record = None
                raise _FaultError("UNSAFE_PATH", "other folder")
        except _FaultError as error:
            self.whole = False
            self.fault(error.code, self.count, error.detail)
        if record:
            self.link(record)
            try:
                if self.whole:
                    self.rules(record, line)
            except _FaultError as error:
                self.whole = False
                self.fault(error.code, self.count, error.detail)
            self.take(record)
        self.before, self.last, self.readable = record, line.sha, record is not None

    def link(self, record: dict[str, Any]) -> None:
        """Compare seq, prev, sid."""
        self.sid = self.sid or record["sid"]
        distance, self.distance = self.distance, record["seq"] - self.count
        pending, self.pending = self.pending, -1
        if self.distance not in {0, distance}:
            self.fault("CHAIN_BREAK", self.count, "seq")
        elif record["prev"] != self.last and self.readable:
            if pending >= 0:
                self.view.rename(pending, f"{self.name} line {self.count}")
            else:
                self.pending = self.fault("CHAIN_BREAK", max(self.count - 1, 0), "not what the next line names")
        elif record["sid"] != self.sid:
            if record["sid"] not in self.strangers:
                self.fault("CHAIN_BREAK", self.count, "sid")
            self.strangers.add(record["sid"])
        else:
            return
        self.whole = False

    def rules(self, record: dict[str, Any], line: _Line) -> None:
        """Hold the rules of 5.3."""
        kind, path = record["type"], record.get("path") or ""
        before = self.before["type"] if self.before else ""
        if self.step == 2 and (kind == "open") != (self.count == 0):
            raise _FaultError("SCHEMA", "open is the first record, and no other")
        if before == "close" and kind != "resume":
            raise _FaultError("DATA_AFTER_CLOSE")
        if kind == "intent" and not path.startswith(f"{self.folder}{self.count:06d}-"):
            raise _FaultError("UNSAFE_PATH", "other number")
        if kind in {"artifact", "gap"} and path:
            intent = self.open.get(path, {"source": "", "kind": ""})
            if intent["source"] != record["source"] or intent["kind"] != record.get("kind", intent["kind"]):
                raise _FaultError("SCHEMA", "ends no open intent of this kind and source")
        if kind == "close" and (self.open or record["counts"] != self.counts):
            raise _FaultError("SCHEMA", "open intents, or other counts")
        if kind in {"phase", "signature"}:
            self.signatures(record, _checkpoint(self.sid, self.count, line.before, self.last), before)

    def signatures(self, record: dict[str, Any], message: bytes, before: str) -> None:
        """Hold rule 8, and 10.2."""
        kind = record["type"]
        if kind == "phase":
            if record["code"].replace("-", "") != code_of(self.last):
                raise _FaultError("SCHEMA", "code")
            if not self.keys or not self.view.run_signed(message, record["signature"], self.keys[-1], PHASE_NS):
                raise _FaultError("SIGNATURE_INVALID")
        if kind == "signature":
            if before != "receipt":
                raise _FaultError("SCHEMA", "no receipt before it")
            if not self.view.receipt_signed(message, record["signature"], record["key"]):
                raise _FaultError("RECEIPT_INVALID")
            self.signed.append((record["key"], self.count))

    def take(self, record: dict[str, Any]) -> None:
        """Keep what later steps need."""
        kind, path = record["type"], record.get("path") or ""
        self.first = self.first or (record if self.count == 0 else {})
        if self.encrypted is None and kind == "open" and self.count == 0:
            self.encrypted = bool(record["recipients"])
        if kind in COUNTED:
            self.counts[COUNTED[kind]] += 1
        if "run_key" in record:
            self.keys.append(record["run_key"])
        if kind == "intent":
            self.open[path] = record
            self.announced.add(path)
        elif path:
            self.open.pop(path, None)
            if kind == "artifact":
                self.files.setdefault(path, record)
        self.clocks(record)

    def clocks(self, record: dict[str, Any]) -> None:
        """Tell a clock that was set since the record before."""
        if not self.whole or self.step == 9 or not self.before or self.before["boot_id"] != record["boot_id"]:
            return
        now, then = (datetime.fromisoformat(x["utc"]) for x in (record, self.before))
        ran = int(record["boot_ns"]) - int(self.before["boot_ns"])
        apart = abs((now - then) // timedelta(microseconds=1) * 1000 - ran) > 10**9
        if (ran < 0 or apart) and self.view.told("CLOCK_STEP") < 20:
            self.view.add("CLOCK_STEP", self.name, f"before line {self.count + 1}", 11)


class _Verifier:
    def __init__(self, folder: _Folder, check: Check) -> None:
        self.folder, self.check, self.anchors = folder, check, list[str]()
        self.found: list[tuple[int, int, str, str, str]] = []
        self.lost: dict[str, int] = {}
        self.hashes: dict[str, str] = {}
        self.sealed = folder.mode("checkpoint") != 0
        self.manifest = _Chain(self, "manifest.jsonl", "0" * 64, "", encrypted=None)
        self.custody: _Chain | None = None
        self.checkpoint: bytes | None = None
        self.rebuilt = b""

    def add(self, code: str, subject: str, detail: str, step: int, level: int | None = None) -> int:
        if level is None:
            level = 2 if code in INFORMATION else 1 if code in INCOMPLETE else 0
        self.lost[code] = self.told(code) + 1
        if self.lost[code] > 1000:
            return -1
        self.found.append((level, STEPS.index(step), code, subject, detail))
        return len(self.found) - 1

    def told(self, code: str) -> int:
        return self.lost.get(code, 0)

    def rename(self, place: int, subject: str) -> None:
        level, step, code, _, detail = self.found[place]
        self.found[place] = (level, step, code, subject, detail)

    def run_signed(self, message: bytes, signature: str, key: str, namespace: str) -> bool:
        blob = base64.b64decode(signature)
        return _run_blob(blob, key, namespace) and self.check(message, blob, key, namespace)

    def receipt_signed(self, message: bytes, signature: str, key: str) -> bool:
        blob = base64.b64decode(signature)
        try:
            return _receipt_blob(blob, key) and self.check(message, blob, key, RECEIPT_NS)
        except (ValueError, binascii.Error):
            return False

    def small(self, name: str, step: int) -> bytes | None:
        """Return a small file; None, and the finding, where there is none."""
        try:
            data = self.folder.read(name)
        except _FaultError as error:
            if error.code != "NOT_A_REGULAR_FILE":  # that one is told in step 1
                self.add(error.code, name, error.detail, step)
            return None
        self.hashes[name] = _sha(data)
        return data

    def entries(self) -> None:
        """Do step 1."""
        for name in (*SEALED, ".reserve", *(x + ".part" for x in SEALED)):
            legal = not self.sealed or name in SEALED
            if legal and self.folder.mode(name) not in {0, stat.S_IFREG}:
                self.add("NOT_A_REGULAR_FILE", name, "", 1 if name in SEALED else 8)
        for name in ("artifacts", "attachments"):
            mode = self.folder.mode(name)
            if mode and name not in self.folder.folders:
                self.add("MISSING" if mode == stat.S_IFDIR else "NOT_A_REGULAR_FILE", name, "", 1)

    def examine_manifest(self) -> bool:
        """Do steps 2 and 3; tell whether there is a manifest."""
        chain = self.manifest
        try:
            chain.walk()
        except _FaultError as error:
            if error.code != "NOT_A_REGULAR_FILE":
                self.add(error.code, chain.name, error.detail, 2)
            return False
        self.hashes[chain.name] = chain.sha
        if not chain.count:
            self.add("TRUNCATED", chain.name, "no record", 3)
        elif self.sealed and chain.whole and (chain.before or {}).get("type") != "close":
            self.add("TRUNCATED", chain.name, "the last record is not close", 3)
        if not self.sealed:
            self.add("NOT_CLOSED", "checkpoint", "", 3)
            for path in chain.open if chain.whole else ():
                self.add("PARTIAL", path, "announced and never finished", 3, 1)
        return True

    def seal(self) -> None:
        """Do steps 4 and 5."""
        chain, lying = self.manifest, self.small("checkpoint", 4)
        self.checkpoint = lying
        told = (lying or b"").decode("ascii", "replace").split("\n")
        sid = chain.sid or told[0].removeprefix("evidence-collector/v1/")
        self.rebuilt = _checkpoint(sid, chain.count, (chain.size, chain.sha), chain.last)
        file, key = self.small("checkpoint.sig", 5), chain.keys[-1] if chain.keys else ""
        blob = b""
        with contextlib.suppress(ValueError):
            blob = base64.b64decode(b"".join((file or b"").split(b"\n")[1:-2]))
        sound = bool(key) and file == _armour(blob) and _run_blob(blob, key, SEAL_NS)
        by_rebuilt = sound and self.check(self.rebuilt, blob, key, SEAL_NS)
        if lying is not None and lying != self.rebuilt:
            if not by_rebuilt:
                self.differs(told)
            self.add("CHECKPOINT_MISMATCH", "checkpoint", "", 4)
        if chain.pending >= 0 and len(told) > 4 and told[4] != chain.last:
            self.rename(chain.pending, f"{chain.name} line {chain.count}")
        if file is None or lying is None or not key or by_rebuilt:
            return
        if not sound or not self.check(lying, blob, key, SEAL_NS):
            self.add("SIGNATURE_INVALID", "checkpoint.sig", "", 5)

    def differs(self, told: list[str]) -> None:
        """Tell how checkpoint and manifest differ."""
        chain = self.manifest
        if len(told) != 6 or told[5] or not all(re.fullmatch("0|[1-9][0-9]{0,15}", x) for x in told[1:3]):
            return
        count, size = int(told[1]), int(told[2])
        follows = chain.count > count or (chain.count == count and chain.torn > 0)
        if count > chain.count:
            self.add("TRUNCATED", chain.name, f"{chain.count} of {count} records", 4)
        elif chain.whole and size < chain.size and follows:
            self.add("DATA_AFTER_CLOSE", chain.name, "", 4)
        elif chain.whole and count == chain.count and not follows and told[4] != chain.last:
            self.fault_last()

    def fault_last(self) -> None:
        """Tell that the last line was changed."""
        self.add("CHAIN_BREAK", f"{self.manifest.name} line {self.manifest.count}", "not what the checkpoint names", 4)

    def contents(self, chain: _Chain, step: int) -> None:
        """Do step 6 for one chain."""
        for path, record in chain.files.items():
            try:
                size, self.hashes[path] = self.folder.measured(path)
                if (size, self.hashes[path]) != (record["size"], record["sha256"]):
                    self.add("CONTENT_MISMATCH", path, "", step)
            except _FaultError as error:
                self.add(error.code, path, error.detail, step)
            if "partial" in record["flags"]:
                self.add("PARTIAL", path, "taken over by resume", step, 2)

    def rest(self) -> None:
        """Do step 7."""
        chain, readme = self.manifest, self.manifest.first.get("readme_sha256")
        data = self.small("LISEZ-MOI.txt", 7)
        if data is not None and readme and self.hashes["LISEZ-MOI.txt"] != readme:
            self.add("CONTENT_MISMATCH", "LISEZ-MOI.txt", "", 7)
        if not self.sealed or not chain.keys:
            return
        line = '{} namespaces="{}" {}\n'
        signers = line.format(chain.sid, SEAL_NS, chain.keys[-1])
        signers += "".join(line.format(chain.sid, PHASE_NS, x) for x in chain.keys)
        rebuilt = {"run_key.pub": (chain.keys[-1] + "\n").encode(), "allowed_signers": signers.encode()}
        for name, content in rebuilt.items():
            data = self.small(name, 7)
            if data is not None and data != content:
                self.add("CONTENT_MISMATCH", name, "", 7)
        wanted: dict[str, set[str | None]] = {x: {r["sha256"]} for x, r in chain.files.items()}
        told = (self.checkpoint or b"").decode("ascii", "replace").split("\n")
        said = {"manifest.jsonl": (told + [""] * 4)[3], "checkpoint": _sha(self.rebuilt), "LISEZ-MOI.txt": readme}
        for name in FIXED:
            content = rebuilt.get(name, b"")
            wanted[name] = {said.get(name), self.hashes.get(name), _sha(content) if content else None}
        self.sums(wanted)

    def sums(self, wanted: dict[str, set[str | None]]) -> None:
        """Compare SHA256SUMS."""
        optional = self.manifest.open.keys() - wanted.keys()
        limit = 2 * sum(67 + len(x) for x in [*wanted, *optional]) + MAX_LINE  # longer: told without the path
        try:
            text = self.folder.read("SHA256SUMS", limit).decode("latin-1")
        except _FaultError as error:
            if error.code != "NOT_A_REGULAR_FILE":
                self.add(error.code, "SHA256SUMS", error.detail, 7)
            return
        listed = [(x[66:], x[:64]) for x in text.split("\n") if x]
        lies, told = dict(listed), []
        for path in sorted({*wanted, *(x for x in optional if x in lies)}):
            good = [str(x) for x in wanted.get(path, {lies.get(path)}) if x]
            told.append((path, lies[path] if lies.get(path) in good else (good or ["-"])[0]))
        if text != "".join(f"{sha256}  {path}\n" for path, sha256 in told):
            wrong = sorted({*told} ^ {*listed})
            self.add("SUMS_MISMATCH", "SHA256SUMS" + (f": {wrong[0][0]}" if wrong and wrong[0][0] else ""), "", 7)

    def examine_custody(self) -> None:
        """Do step 9."""
        name = "custody.jsonl"
        if not self.folder.mode(name):
            return
        if self.checkpoint is None:
            self.add("CUSTODY_BREAK", name, "no checkpoint", 9)
            return
        manifest = self.manifest
        chain = self.custody = _Chain(self, name, _sha(self.checkpoint), manifest.sid, encrypted=manifest.encrypted)
        try:
            chain.walk()
        except _FaultError as error:
            if error.code != "NOT_A_REGULAR_FILE":
                self.add("CUSTODY_BREAK", name, error.code, 9)
        self.contents(chain, 9)
        for path in chain.open if chain.whole else ():
            self.add("PARTIAL", path, "announced and never finished", 9, 1)

    def others(self) -> None:
        """Do step 8."""
        top = {*SEALED, "artifacts", "attachments"} | (set() if self.sealed else {x + ".part" for x in SEALED})
        custody = self.custody
        open_ = set(custody.open) if custody else set()
        opened = {*(custody.files if custody else ()), *open_, *(x + ".part" for x in open_)}
        ours = set(self.manifest.files) | (set(self.manifest.open) if self.sealed else self.manifest.announced)
        named = top | opened | ours | (set() if self.sealed else {".reserve"})
        pure = opened | ours
        for folder, descriptor in self.folder.folders.items():
            for name in sorted(os.listdir(descriptor)):  # noqa: PTH208 - of a descriptor, so that no link is followed
                path = f"{folder}/{name}" if folder else name
                regular = self.folder.mode(path) == stat.S_IFREG
                part = not self.sealed and path.startswith("artifacts/") and path.endswith(".part") and _fits(
                    "path", path.removesuffix(".part"))  # fmt: skip
                if path in named or part:
                    recorded = path in self.manifest.files or (custody is not None and path in custody.files)
                    if (path in pure or part) and not recorded and not regular:
                        self.add("NOT_A_REGULAR_FILE", path, "", 8)
                elif folder != "artifacts" and regular and (name in LITTER or name.startswith("._")):
                    self.add("LITTER", path, "", 8)
                elif self.told("EXTRA_FILE") < 200:
                    self.add("EXTRA_FILE", path, "", 8)

    def outside(self, start: str | None, seal: str | None, nonce: str | None) -> None:
        """Do step 10 for codes and nonce."""
        chain = self.manifest
        if start is not None:
            digest = code_of(chain.first_sha) if chain.first_sha else "-" * 32
            if sum(a != b for a, b in zip(start, digest, strict=True)) > 2:
                self.add("START_CODE_MISMATCH", "manifest.jsonl", "", 10)
        if nonce is not None and chain.first and (chain.first.get("kit_nonce") or "-") != nonce.lower():
            self.add("KIT_NONCE_MISMATCH", "manifest.jsonl", "", 10)
        if seal is not None:
            digest = "-" * 32 if self.checkpoint is None else code_of(_sha(self.checkpoint))
            wrong = sum(a != b for a, b in zip(seal, digest, strict=True))
            if wrong > 2:
                self.add("SEAL_MISMATCH" if wrong > 6 else "SEAL_NEAR", "checkpoint", f"{wrong} characters", 10)
            else:
                self.anchors.append(f"seal code, {wrong} characters differ")

    def brought(self, keys: Sequence[str], roots: Sequence[str]) -> None:
        """Do step 10 for receipts and timestamps."""
        if not self.custody:
            return
        known = {" ".join(x.split()[:2]) for x in keys}
        self.anchors += [f"receipt, custody.jsonl line {n + 1}" for key, n in self.custody.signed if key in known]
        for path, record in self.custody.files.items() if roots else ():
            if record["kind"] != "timestamp" or self.hashes.get(path) != record["sha256"]:
                continue
            try:
                when = _stamped(self.folder.read(path), self.checkpoint or b"", roots)
                self.anchors.append(f"timestamp {when}, {path}")
            except (ValueError, _FaultError) as error:
                self.add("TIMESTAMP_INVALID", path, str(error), 10)


def examine(
    path: str | os.PathLike[str], *, start_code: str | None = None, seal_code: str | None = None,
    kit_nonce: str | None = None, expert_keys: Sequence[str] = (), tsa_roots: Sequence[str] = (),
    check_signature: Check | None = None,
) -> Report:  # fmt: skip
    """Verify the bundle in a folder; ValueError where it is none or a code is none."""
    start, seal = (None if x is None else _typed(x) for x in (start_code, seal_code))
    try:
        folder = _Folder(path)
    except OSError as error:
        raise ValueError("no bundle: " + shown(str(error))) from None
    try:
        if not any(folder.mode(x) for x in ("manifest.jsonl", "checkpoint", "SHA256SUMS")):
            raise ValueError("no bundle")
        view = _Verifier(folder, check_signature or ssh_keygen)
        view.entries()
        if view.examine_manifest():
            if view.sealed:
                view.seal()
            view.contents(view.manifest, 6)
            view.rest()
            view.examine_custody()
            view.others()
        elif view.sealed:
            view.checkpoint = view.small("checkpoint", 4)
        view.outside(start, seal, kit_nonce)
        view.brought(expert_keys, [str(x) for x in tsa_roots])
    finally:
        folder.close()
    found = sorted(view.found, key=lambda x: x[:2])
    worst = found[0][0] if found else 2
    verdict = LEVELS[worst] if worst < 2 else "ANCHORED" if view.anchors else "UNANCHORED"
    findings = [(code, shown(subject), shown(detail)) for _, _, code, subject, detail in found]
    return Report(verdict, findings, view.anchors)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code of section 9."""
    parser = argparse.ArgumentParser(description="Verify an evidence bundle.")
    parser.add_argument("bundle")
    for name in ("--start-code", "--seal-code", "--kit-nonce"):
        parser.add_argument(name)
    for name in ("--expert-key", "--tsa-root"):
        parser.add_argument(name, action="append", default=[])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        keys = [" ".join(Path(x).read_text("utf-8").split()[:2]) for x in given.expert_key]
        report = examine(given.bundle, start_code=given.start_code, seal_code=given.seal_code,
                         kit_nonce=given.kit_nonce, expert_keys=keys, tsa_roots=given.tsa_root)  # fmt: skip
    except (ValueError, OSError, ToolError) as error:
        print("error: " + shown(str(error)), file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps({"verdict": report.verdict, "findings": report.findings, "anchors": report.anchors}))
    else:
        for code, subject, detail in report.findings:
            print(f"{code} {subject} {detail}".rstrip())
        print("\n".join([*report.anchors, report.verdict]))
    return {"ALTERED": 1, "INCOMPLETE": 3}.get(report.verdict, 0)


if __name__ == "__main__":
    sys.exit(main())
