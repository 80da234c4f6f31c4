#!/usr/bin/env python3
"""Verifies a bundle: a third reader, written from the text of docs/SPEC.md alone; it shares nothing with `collect`.

    python3 third_verifier.py BUNDLE [--start-code C] [--seal-code C] [--kit-nonce N] [--expert-key PUB]...
        [--tsa-root PEM]... [--require-anchor] [--json]

`ssh-keygen -Y verify` judges signatures and, with roots, `openssl ts -verify` timestamps: the first one in PROGRAMS,
else in PATH. Exit codes: section 9. It writes nothing into the bundle and follows no link; memory grows with the
number of recorded files alone. Numbers in comments are sections of the SPEC, those in brackets its steps (section 8).
"""
from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess  # noqa: TID251 - runs the two stock programs
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
PROGRAMS = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")
SEAL, PHASE, RECEIPT = (f"evidence-collector{part}@v1" for part in ("", "-phase", "-receipt"))
MAGIC, ORDER = b"SSHSIG\0\0\0\1", 2**252 + 27742317777372353535851937790883648493
LINE, SMALL, TAIL, KEPT = 65_536, 1 << 20, 1 << 30, 1000
FOLDER = ("LISEZ-MOI.txt", "allowed_signers", "checkpoint", "checkpoint.sig", "manifest.jsonl", "run_key.pub")
LEVEL = {"TORN_TAIL": 1, "NOT_CLOSED": 1, "PARTIAL": 1, "LITTER": 2, "SEAL_NEAR": 2, "TIMESTAMP_INVALID": 2,
         "CLOCK_STEP": 2}  # fmt: skip
TABLES: dict[tuple[str, str], list[tuple[str, str, bool]]] = {  # 5, 10: of `m`anifest, `c`ustody; `o`bjects of 3.7
    (where, kind): [(name.strip("*"), form, name[0] == "*") for name, form in (f.split(":") for f in row.split()[2:])]
    for row in """
mc common v:one sid:sid seq:count type:word prev:hash utc:utc local:local mono_ns:ns boot_ns:ns boot_id:boot
m open case:case *operator:text? *witness:text? tool:tool *arguments:text[] *host:free clock:free kit_nonce:nonce?\
 run_key:key recipients:age[] readme_sha256:hash continues:continues?
mc intent path:path kind:word source:word
mc artifact path:path kind:word source:word *subject:text? method:plain outcome:got started:utc ended:utc size:count\
 sha256:hash rows:count? *source_times:free? flags:word[]
mc gap source:word outcome:missed path:path? *subject:text? *reason:text
mc observation what:word *data:free
mc note observed:utc? *text:text
m phase name:word code:code signature:base64
m resume run_key:key tool:tool *arguments:text[] *torn:torn?
m close outcome:end reason:word? counts:counts isolation:isolation same_boot:boolean
c resume tool:tool *torn:torn?
c handover,receipt by:text? to:text role:text? reason:text? place:text? condition:text? checked:checked
c signature key:signer signature:base64
o tool version:plain sha256:hash privileges:word
o checked verdict:held files:count bytes:count
o torn length:count sha256:hash base64:base64
o counts intents:count artifacts:count gaps:count observations:count notes:count
o isolation open:verdict? close:verdict? run:verdict?
o continues sid:sid head:hash records:count""".strip().splitlines()
    for where in row.split()[0] for kind in row.split()[1].split(",")}  # fmt: skip
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{6}"
FORMS = dict(row.split(" ", 1) for row in (  # 3.7
    "hash [0-9a-f]{64}", "sid [0-9a-f]{32}", "ns 0|[1-9][0-9]{0,19}", "word [a-z0-9][a-z0-9_-]{0,39}",
    "case [A-Za-z0-9][A-Za-z0-9._-]{0,63}", "key ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-P][A-Za-z0-9+/]{42}",
    "base64 (?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?",
    "code [A-Z2-7]{4}(?:-[A-Z2-7]{4}){7}", "plain [ -~]{1,200}", "boot [A-Za-z0-9-]{1,64}", "nonce [0-9a-f]{32,128}",
    r"signer (?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)"  # noqa: ISC004
    r"@openssh\.com) [A-Za-z0-9+/]{4,4096}={0,2}", "age age1[0-9a-z]{1,2000}", "got collected|empty",
    r"path (?:artifacts|attachments)/[0-9]{6,9}-[a-z0-9-]{1,40}(?:\.(?!part\b)[a-z0-9]{1,8}){1,2}",
    "missed absent|denied|locked|timed_out|over_limit|unsupported|failed", "held ANCHORED|UNANCHORED|INCOMPLETE",
    "end complete|cut_short", "verdict ISOLATED|CONNECTED|UNKNOWN", f"utc {DAY}Z",
    f"local {DAY}(?!-00:00)[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]"))  # fmt: skip

class UsageError(Exception):
    """Exit 2: no bundle, a code that is none, a program that is missing."""

class Report(NamedTuple):
    """What it comes to; `findings` (code, subject, detail) have the cause first, and KEPT of each level are kept."""

    verdict: str
    findings: list[tuple[str, str, str]]
    anchors: list[str]

def _shown(text: str) -> str:  # 3.4; of separators it escapes more than it must
    code = ("\\x{:02x}", "\\u{:04x}", "\\U{:08x}")
    cut = (c if c.isprintable() else code[(c > "\xff") + (c > "\uffff")].format(ord(c)) for c in text[:200])
    return "".join(cut) + "…" * (len(text) > 200)

def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

def _code(digest: str) -> str:  # 4.4
    return "-".join(re.findall("....", base64.b32encode(bytes.fromhex(digest)[:20]).decode()))

def _wrong(typed: str, digest: str) -> int:  # 4.4: how many characters differ
    code = re.sub("[- \u2010\u2011\u2013\u00a0\t\r\n]", "", typed)
    code = code.upper().translate(str.maketrans("018", "OIB")) if code.isascii() else ""
    if not re.fullmatch("[A-Z2-7]{32}", code):
        raise UsageError(f"{_shown(typed)} is no code")
    return sum(a != b for a, b in zip(code, _code(digest).replace("-", ""), strict=True))

def _is_text(value: Any) -> bool:  # 3.4
    if not isinstance(value, dict) or list(value) != ["text", "hex"] or not isinstance(value["hex"], str):
        return isinstance(value, str)
    raw = bytes.fromhex(value["hex"]) if re.fullmatch("(?:[0-9a-f]{2})+", value["hex"]) else b""
    text = raw.decode("utf-8", "replace")
    return bool(text == value["text"] and text.encode() != raw)

def _ordered(value: Any) -> bool:  # 3.5
    if not isinstance(value, dict):
        return not isinstance(value, list) or all(map(_ordered, value))
    named = list(value) == sorted(value) and all(map(_ordered, value.values()))
    return _is_text(value) if list(value) == ["text", "hex"] else named

def _fits(form: str, value: Any) -> bool:  # 3.7
    if form[-1] in "?]":
        one, many = form.rstrip("?[]"), value if isinstance(value, list) else [None]
        return value is None or _fits(one, value) if form[-1] == "?" else all(_fits(one, v) for v in many)
    if form in FORMS:
        return isinstance(value, str) and bool(re.fullmatch(FORMS[form], value)) and (
            form not in ("utc", "local") or bool(_moment(value)))  # fmt: skip
    if fields := TABLES.get(("o", form)):
        named = isinstance(value, dict) and list(value) == [name for name, *_ in fields]
        return named and all(_fits(inner, value[name]) for name, inner, _ in fields)
    return {"one": type(value) is int and value == 1, "count": type(value) is int, "boolean": type(value) is bool,
            "text": _is_text(value), "free": isinstance(value, dict) and _ordered(value)}[form]  # fmt: skip

def _moment(text: str) -> datetime | None:  # 3.3
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None

def _plain(value: Any, depth: int) -> bool:  # 3.1, 3.2
    if isinstance(value, dict | list):
        return depth > 0 and all(_plain(v, depth - 1) for v in (value.values() if isinstance(value, dict) else value))
    return value is None or isinstance(value, str | bool) or (isinstance(value, int) and 0 <= value < 1 << 53)

def _spelled(line: bytes) -> dict[str, Any] | None:  # 3.2
    try:
        record = json.loads(line.decode("ascii"))
        json.dumps(record, ensure_ascii=False).encode()  # a surrogate without its partner has no UTF-8
        same = json.dumps(record, separators=(",", ":")).encode() == line
    except (ValueError, RecursionError):
        return None
    return record if same and isinstance(record, dict) and _plain(record, 8) else None

def _string(data: bytes) -> bytes:  # 4.2
    return len(data).to_bytes(4, "big") + data

def _strings(data: bytes, rest: int = 0) -> list[bytes]:  # all of them, but for so many bytes; ValueError
    out = list[bytes]()
    while len(data) > rest:
        size = 4 + int.from_bytes(data[:4], "big")
        if len(data) < size + rest:
            raise ValueError("cut short")
        out, data = [*out, data[4:size]], data[size:]
    return out

def _mpints(numbers: list[bytes]) -> bool:  # positive, each in its one spelling
    return all(n[:1] < b"\x80" and n.lstrip(b"\0") and (n[0] or n[1] > 127) for n in numbers)

def _public(key: str) -> bytes:
    data = base64.b64decode(key.partition(" ")[2], validate=True)
    if base64.b64encode(data).decode() != key.partition(" ")[2]:
        raise ValueError("another spelling")
    return data

def _ours(blob: bytes, key: str, namespace: str) -> bool:  # 4.2: rebuilt; S < L: RFC 8032, 5.1.7
    inner = _string(b"ssh-ed25519") + _string(blob[-64:])
    parts = (_public(key), namespace.encode(), b"", b"sha512", inner)
    return blob == MAGIC + b"".join(map(_string, parts)) and int.from_bytes(blob[-32:], "little") < ORDER

def _theirs(blob: bytes, key: str) -> bool:  # 10.2; ValueError
    kind, (of, *numbers) = key.partition(" ")[0].encode(), _strings(_public(key))
    *start, digest, signature = _strings(blob[len(MAGIC) :])
    name, value = _strings(signature, 5 if kind[:3] == b"sk-" else 0)
    good = blob.startswith(MAGIC) and start == [_public(key), RECEIPT.encode(), b""] and of == kind
    good = good and digest in (b"sha256", b"sha512") and (kind[:3] != b"sk-" or bool(signature[-5] & 1))
    curve = kind.partition(b"@")[0].rpartition(b"-")[2]  # ssh-keygen takes a NUL behind names
    good = good and (b"ecdsa" not in kind or numbers[0] == curve) and (kind[:3] != b"sk-" or numbers[-1][-1:] != b"\0")
    if kind == b"ssh-rsa":
        e, n = (int.from_bytes(number, "big") for number in numbers)
        good = good and e > 2 and e & 1 == 1 and 2048 <= n.bit_length() <= 16384 and _mpints(numbers)
        good = good and len(value) == (n.bit_length() + 7) // 8
        return good and name in (b"rsa-sha2-256", b"rsa-sha2-512")
    if b"ed25519" in kind:
        return good and name == kind and len(value) == 64 and int.from_bytes(value[32:], "little") < ORDER
    return good and name == kind and len(_strings(value)) == 2 and _mpints(_strings(value))

def _program(name: str) -> str:
    found = next((f"{p}/{name}" for p in PROGRAMS if Path(p, name).is_file()), None) or shutil.which(name)
    if not found:
        raise UsageError(f"{name} is missing: it judges what is signed")
    return found

def _ask(name: str, *arguments: str, stdin: bytes = b"", **files: bytes) -> str | None:  # what it says if it agrees
    with tempfile.TemporaryDirectory() as private:
        for file, data in files.items():
            Path(private, file).write_bytes(data)
        said = subprocess.run([_program(name), *arguments], cwd=private, input=stdin, capture_output=True, check=False)
    return None if said.returncode else said.stdout.decode("utf-8", "replace")

def _armour(blob: bytes) -> bytes:  # 4.2
    lines = re.findall(".{1,70}", base64.b64encode(blob).decode())
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()

def _ssh_keygen(message: bytes, blob: bytes, public: bytes, namespace: str) -> bool:
    key = b"x %s %s\n" % (_strings(public)[0], base64.b64encode(public))
    arguments = ("-Y", "verify", "-f", "key", "-I", "x", "-n", namespace, "-s", "sig")
    return _ask("ssh-keygen", *arguments, stdin=message, key=key, sig=_armour(blob)) is not None

def _stamped(token: bytes, data: bytes, roots: bytes) -> str | None:  # 10.3: the genTime of one that holds
    wide = max(token[1] - 128, 0) if token[1:] else 0
    size = int.from_bytes(token[2 : 2 + wide], "big") if wide else int.from_bytes(token[1:2], "big")
    if len(token) != 2 + wide + size:  # openssl passes over what follows
        return None
    said = _ask("openssl", "ts", "-reply", "-in", "token", "-text", token=token) or ""
    info = said.rpartition("TST info:")[2]  # what stands before it is not signed
    when = re.search(r"\nTime stamp: (\w{3} +\d+ [\d:]{8})(?:\.\d+)?( \d{4}) GMT\n", info)
    if not when or "\nHash Algorithm: sha256\n" not in info or not said.startswith("Status info:\nStatus: Granted.\n"):
        return None
    time = datetime.strptime(when[1] + when[2], "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    arguments = ("-data", "data", "-in", "token", "-CAfile", "roots", "-attime", f"{time.timestamp():.0f}")
    held = _ask("openssl", "ts", "-verify", *arguments, token=token, data=data, roots=roots)
    return None if held is None else time.isoformat()

def _look(path: Path) -> str:  # by lstat; nothing where it can't be had
    try:
        mode = path.lstat().st_mode
    except (OSError, ValueError):
        return ""
    return "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "other"

def _opened(path: Path) -> BinaryIO:  # OSError; no link is followed, neither here nor as the folder
    if _look(path) != "file" or path.parent.is_symlink():
        raise OSError("not there, or not a regular file")
    flags = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    return os.fdopen(os.open(path, os.O_RDONLY | sum(flags)), "rb")

class _Chain:  # (2), and (9) for custody
    def __init__(self, bundle: _Bundle, name: str, last: str) -> None:
        self.bundle, self.name, self.sid, self.last = bundle, name, "", last
        self.where, self.folder = ("c", "attachments") if name == "custody.jsonl" else ("m", "artifacts")
        self.count = self.length = self.shift = 0
        self.whole, self.readable, self.torn, self.closed, self.kind, self.start = True, True, False, False, "", ""
        self.total, self.encrypted, self.pending = hashlib.sha256(), False, -1  # pending: a line with another `prev`
        self.first, self.before = dict[str, Any](), dict[str, Any]()
        self.keys, self.strangers, self.open, self.files = list[str](), set[str](), dict[str, Any](), dict[str, Any]()
        self.counts = dict.fromkeys((name for name, *_ in TABLES["o", "counts"]), 0)
        self.signers, self.steps = list[tuple[str, str]](), list[str]()

    def fault(self, line: int, code: str, why: str) -> None:
        self.whole = False
        code, why = (code, why) if self.where == "m" else ("CUSTODY_BREAK", f"{code}: {why}")
        self.bundle.add(code, f"{self.name} line {line + 1}", why)

    def statement(self) -> bytes:  # 4.1, of what was read so far
        lines = (f"evidence-collector/v1/{self.sid}", self.count, self.length, self.total.hexdigest(), self.last)
        return "".join(f"{line}\n" for line in lines).encode()

    def read(self) -> bool:
        try:
            with _opened(self.bundle.root / self.name) as file:
                while not self.torn and (part := file.readline(LINE + 1)):
                    self.one(part, file)
        except OSError as e:
            if self.where == "c":
                self.bundle.add("CUSTODY_BREAK", self.name, e)
            else:
                self.bundle.lost(self.name, e)
            return False
        return True

    def one(self, part: bytes, file: BinaryIO) -> None:  # a line and its LF, or a tail without
        first, own, total, size = part, hashlib.sha256(), self.total.copy(), 0
        while part:
            own.update(part.removesuffix(b"\n"))
            total.update(part)
            size += len(part)
            if part[-1:] == b"\n" or size > TAIL:
                break
            part = file.readline(SMALL)
        if part[-1:] == b"\n":
            self.line(first[:-1] if size == len(first) else b"", own.hexdigest())
            self.count, self.last = self.count + 1, own.hexdigest()
        elif part:
            self.fault(self.count, "BAD_RECORD", "no end of line")
        else:
            self.bundle.add("TORN_TAIL", self.name, f"{size} bytes")
        self.length, self.total, self.torn = self.length + size, total, part[-1:] != b"\n"

    def settle(self, *, broken: bool) -> None:  # names a changed line, once the line after the break is known
        line, self.pending = self.pending if broken else max(self.pending - 1, min(self.pending, 0)), -1
        if line >= 0:
            self.fault(line, "CHAIN_BREAK", "not the line that is named")

    def line(self, raw: bytes, own: str) -> None:
        self.start, record = self.start or own, _spelled(raw)
        wrong = ("BAD_RECORD", "not the one accepted spelling") if record is None else self.misfit(record)
        if record is None or wrong:
            self.settle(broken=False)
            self.readable, self.before = False, {}
            self.fault(self.count, *(wrong or ("", "")))
            return
        broken, explained, shift = record["prev"] != self.last, self.pending >= 0, record["seq"] - self.count
        self.settle(broken=broken)
        self.sid = self.sid or record["sid"]
        if shift not in (0, self.shift):
            self.fault(self.count, "CHAIN_BREAK", f"its seq is {record['seq']}")
        elif broken and self.readable and not explained:
            self.whole, self.pending = False, self.count
        elif record["sid"] not in (self.sid, *self.strangers):
            self.strangers |= {record["sid"]} if len(self.strangers) < KEPT else set()
            self.fault(self.count, "CHAIN_BREAK", f"its sid is {record['sid']}")
        elif self.whole and (wrong := self.breach(record)):
            self.fault(self.count, *wrong)
        self.shift, self.readable = shift, True
        self.track(record)

    def misfit(self, record: dict[str, Any]) -> tuple[str, str] | None:  # 5
        kind, version = record.get("type"), record.get("v")
        fields = TABLES.get((self.where, kind), []) if isinstance(kind, str) and kind != "common" else []
        if type(version) is int and version != 1:
            return "FORMAT_VERSION", f"version {version}"
        if self.where == "m" and not self.count:  # 11
            self.encrypted = kind == "open" and bool(record.get("recipients"))
        if self.encrypted and any(private for *_, private in fields):
            fields = [*(field for field in fields if not field[2]), ("private", "base64", False)]
        fields = TABLES["m", "common"] + fields if fields else []
        if not fields or list(record) != [name for name, *_ in fields]:
            return "SCHEMA", "not the fields of a type that may stand here, in their order"
        if wrong := next((name for name, form, _ in fields if not _fits(form, record[name])), ""):
            return "UNSAFE_PATH" if wrong == "path" else "SCHEMA", wrong
        same = _moment(record["local"]) == _moment(record["utc"])
        return None if same else ("SCHEMA", "utc and local are not the same instant")

    def breach(self, record: dict[str, Any]) -> tuple[str, str] | None:  # 5.3: the first rule that is broken
        kind, path, of = record["type"], record.get("path") or "", (record.get("kind"), record.get("source"))
        said, number = self.open.get(path, ("", "")), f"{self.folder}/{self.count:06d}-"
        rules = (
            ("SCHEMA", "`open` is first and nowhere else", self.where == "m" and (kind == "open") != (not self.count)),
            ("DATA_AFTER_CLOSE", "only `resume` may follow `close`", self.closed and kind != "resume"),
            ("UNSAFE_PATH", "not its folder and number", kind == "intent" and not path.startswith(number)),
            ("SCHEMA", "no open intent", path and kind in ("artifact", "gap") and said[1] != of[1]),
            ("SCHEMA", "not the kind of the intent", kind == "artifact" and said != of),
            ("SCHEMA", "an open intent", kind == "close" and self.open),
            ("SCHEMA", "other counts", kind == "close" and record["counts"] != self.counts),
            ("SCHEMA", "no receipt before it", kind == "signature" and self.kind != "receipt"),
            ("SCHEMA", "not the code of the line before", kind == "phase" and record["code"] != _code(self.last)),
            ("SIGNATURE_INVALID", "phase", kind == "phase" and not self.bundle.signed(
                self.statement(), base64.b64decode(record["signature"]), (self.keys or [". "])[-1], PHASE)),
        )  # fmt: skip
        return next(((code, why) for code, why, broken in rules if broken), None)

    def track(self, record: dict[str, Any]) -> None:
        kind, path, self.kind = record["type"], record.get("path") or "", record["type"]
        if kind + "s" in self.counts:
            self.counts[kind + "s"] += 1
        if kind == "open" and not self.first:
            self.first = record
        self.keys += [record["run_key"]] if "run_key" in record else []
        self.closed = kind == "close" or (self.closed and kind != "resume")
        if kind == "intent":
            self.open[path] = (record["kind"], record["source"])
        elif path:
            self.open.pop(path, None)
        if kind == "artifact":
            self.files[path] = (record["size"], record["sha256"], "partial" in record["flags"], record["kind"])
        if kind == "signature" and self.whole:
            if self.bundle.signed(self.statement(), base64.b64decode(record["signature"]), record["key"], RECEIPT):
                self.signers.append((record["key"], self.before["utc"]))
            else:
                self.whole = False
                self.bundle.add("RECEIPT_INVALID", f"{self.name} line {self.count + 1}")
        before, self.before = self.before, record
        if self.whole and before and before["boot_id"] == record["boot_id"] and len(self.steps) < 20:  # (11)
            gone = int(record["boot_ns"]) - int(before["boot_ns"])
            wall = datetime.fromisoformat(record["utc"]) - datetime.fromisoformat(before["utc"])
            step = abs(wall // timedelta(microseconds=1) * 1000 - gone)
            self.steps += [f"line {self.count} to line {self.count + 1}"] if gone < 0 or step > 10**9 else []

class _Bundle:
    def __init__(self, root: Path, check: Callable[[bytes, bytes, bytes, str], bool]) -> None:
        self.root, self.check, self.sealed = root, check, bool(_look(root / "checkpoint"))
        self.kept: tuple[list[tuple[str, str, str]], ...] = ([], [], [])
        self.anchors = list[str]()
        self.texts = {name: self.small(name) for name in FOLDER if name != "manifest.jsonl"}
        self.data, self.rebuilt, self.extra = self.texts["checkpoint"][0] or b"", b"", 0
        self.chain, self.custody = _Chain(self, "manifest.jsonl", "0" * 64), _Chain(self, "custody.jsonl", "")

    def add(self, code: str, subject: str, detail: object = "", level: int | None = None) -> None:
        kept = self.kept[LEVEL.get(code, 0) if level is None else level]  # steps come in the order of section 9
        kept += [(code, _shown(subject), _shown(str(detail)))] if len(kept) < KEPT else []

    def lost(self, name: str, why: object) -> None:
        if _look(self.root / name) in ("", "file"):  # else step 1 has told
            self.add("MISSING", name, why)

    def small(self, name: str) -> tuple[bytes | None, str]:  # a file, or the code of what is wrong with it
        try:
            with _opened(self.root / name) as file:
                data = file.read(SMALL + 1)
        except OSError:
            return None, "MISSING" if _look(self.root / name) in ("", "file") else ""
        return (data, "") if len(data) <= SMALL else (None, "CONTENT_MISMATCH")

    def signed(self, message: bytes, blob: bytes, key: str, namespace: str) -> bool:  # 4.2, 4.3, 10.2
        try:
            good = _theirs(blob, key) if namespace == RECEIPT else _ours(blob, key, namespace)
            return good and self.check(message, blob, _public(key), namespace)
        except (ValueError, IndexError):
            return False

    def names(self) -> None:  # (1)
        for name in (*FOLDER, "SHA256SUMS", "custody.jsonl", ".", "artifacts", "attachments"):
            kind, wanted = _look(self.root / name), "folder" if name in (".", "artifacts", "attachments") else "file"
            if kind not in ("", wanted):
                self.add("NOT_A_REGULAR_FILE", name)
            elif kind == "folder":
                try:
                    os.scandir(self.root / name).close()
                except OSError as e:
                    self.add("MISSING", name, e)
        if self.sealed and self.texts["checkpoint"][1]:
            self.add(self.texts["checkpoint"][1], "checkpoint")

    def read(self) -> bool:  # (2) to (9)
        said = [*self.data.decode("latin-1").split("\n"), "", "", "", ""]
        if not self.chain.read():
            return False
        self.chain.settle(broken=self.sealed and said[4] != self.chain.last)
        self.closed(said)
        self.stored(self.chain)
        self.others(said[3])
        if _look(self.root / "custody.jsonl") != "file":
            return True
        if not self.sealed:
            self.add("CUSTODY_BREAK", "custody.jsonl", "there is no checkpoint")
        self.custody.sid, self.custody.encrypted = self.chain.sid, self.chain.encrypted
        self.custody.last = _sha256(self.data)
        if self.custody.read():
            self.custody.settle(broken=False)
            self.stored(self.custody)
            self.unfinished(self.custody)
        return True

    def unfinished(self, chain: _Chain) -> None:
        for path in chain.open if chain.whole else ():
            self.add("PARTIAL", path, "announced and never finished")

    def closed(self, said: list[str]) -> None:  # (3), (4), (5)
        chain = self.chain
        if not chain.count or (self.sealed and chain.whole and chain.kind != "close"):
            self.add("TRUNCATED", chain.name, "the last record is not `close`")
        if not self.sealed:
            self.add("NOT_CLOSED", "checkpoint")
            self.unfinished(chain)
            return
        (sig, wrong), self.rebuilt, key = self.texts["checkpoint.sig"], chain.statement(), (chain.keys or [". "])[-1]
        try:
            blob = base64.b64decode(b"".join((sig or b"").split(b"\n")[1:-2]))
        except ValueError:
            blob = b""
        texts = {self.rebuilt, self.data} if sig == _armour(blob) else ()
        held = [text for text in texts if self.signed(text, blob, key, SEAL)]
        if self.data != self.rebuilt and self.texts["checkpoint"][0] is not None:
            if self.rebuilt not in held:
                self.differs(said)
            self.add("CHECKPOINT_MISMATCH", "checkpoint")
        if wrong or (sig is not None and not held):
            self.add(wrong or "SIGNATURE_INVALID", "checkpoint.sig")

    def differs(self, said: list[str]) -> None:  # (4)
        chain = self.chain
        records, length = (int(text) if re.fullmatch("[0-9]{1,18}", text) else -1 for text in said[1:3])
        follow = chain.torn or -1 < records < chain.count
        if records > chain.count:
            self.add("TRUNCATED", chain.name, f"{chain.count} records of {records}")
        if chain.whole and -1 < length < chain.length and follow:
            self.add("DATA_AFTER_CLOSE", chain.name)
        if chain.whole and records == chain.count and not chain.torn and said[4] != chain.last:
            self.add("CHAIN_BREAK", f"{chain.name} line {chain.count}")

    def stored(self, chain: _Chain) -> None:  # (6)
        for path, (size, sha256, partial, _) in chain.files.items():
            if code := self.state(path, size, sha256):
                self.add(code, path)
            if partial:
                self.add("PARTIAL", path, "taken over by a resume", 2)

    def state(self, path: str, size: int, sha256: str) -> str:
        folder = _look((self.root / path).parent) == "folder"
        if folder and _look(self.root / path) in ("folder", "other"):
            return "NOT_A_REGULAR_FILE"
        try:
            with _opened(self.root / path) as file:
                same = os.fstat(file.fileno()).st_size == size
                same = same and hashlib.file_digest(file, "sha256").hexdigest() == sha256  # type: ignore[arg-type]
                return "" if same else "CONTENT_MISMATCH"
        except OSError:
            return "MISSING"

    def others(self, manifest: str) -> None:  # (7)
        chain, must = self.chain, dict[str, str]()
        if chain.first:
            must["LISEZ-MOI.txt"] = chain.first["readme_sha256"]
        if self.sealed and chain.keys:
            lines = [(SEAL, chain.keys[-1]), *((PHASE, key) for key in chain.keys)]
            text = "".join(f'{chain.sid} namespaces="{namespace}" {key}\n' for namespace, key in lines)
            must |= {"run_key.pub": _sha256(f"{chain.keys[-1]}\n".encode()), "allowed_signers": _sha256(text.encode())}
        there = {name: "" if data is None else _sha256(data) for name, (data, _) in self.texts.items()}
        for name in ("LISEZ-MOI.txt", "run_key.pub", "allowed_signers")[: 3 if self.sealed else 1]:
            if wrong := self.texts[name][1] or (there[name] != must.get(name, there[name]) and "CONTENT_MISMATCH"):
                self.add(wrong, name)
        if self.sealed:
            must |= {"manifest.jsonl": manifest, "checkpoint": _sha256(self.rebuilt)}
            there["manifest.jsonl"] = chain.total.hexdigest()
            self.sums({name: {there[name], must.get(name, "")} for name in FOLDER})

    def sums(self, allowed: dict[str, set[str]]) -> None:  # (7)
        allowed |= {path: {sha256} for path, (_, sha256, *_) in self.chain.files.items()}
        try:
            with _opened(self.root / "SHA256SUMS") as file:
                lines = (line.decode("latin-1").partition("  ") for line in iter(lambda: file.readline(300), b""))
                lines = (line for line in lines if line[2].removesuffix("\n") not in self.chain.open)
                for path in sorted(allowed):
                    digest, _, name = next(lines, ("", "", ""))
                    if name != path + "\n" or digest not in allowed[path]:
                        self.add("SUMS_MISMATCH", f"SHA256SUMS: {path}")
                        return
                if more := next(lines, None):
                    self.add("SUMS_MISMATCH", f"SHA256SUMS: {more[2].strip()}".rstrip(": "))
        except OSError as e:
            self.lost("SHA256SUMS", e)

    def folder(self) -> None:  # (8)
        for where in ("", "artifacts/", "attachments/"):
            if _look(self.root / where) == "folder":
                with os.scandir(self.root / where) as entries:
                    for name in (where + entry.name for entry in entries):
                        code = self.entry(name)
                        self.extra += code == "EXTRA_FILE"
                        if code and (code != "EXTRA_FILE" or self.extra <= 200):
                            self.add(code, name)

    def entry(self, name: str) -> str:
        stem, base, file = name.removesuffix(".part"), name.rpartition("/")[2], _look(self.root / name) == "file"
        if name in (*FOLDER, "SHA256SUMS", "custody.jsonl", "artifacts", "attachments"):
            return ""
        if name in self.chain.files or name in self.custody.files or (self.sealed and name in self.chain.open):
            return ""
        part = stem != name and (stem in (*FOLDER, "SHA256SUMS") or re.fullmatch(FORMS["path"], stem))
        part = part and not name.startswith("attachments/")
        if stem in self.custody.open or (not self.sealed and (name == ".reserve" or part or name in self.chain.open)):
            return "" if file else "NOT_A_REGULAR_FILE"
        if stem != name and file and self.began(name, stem):
            return "LITTER"
        litter = base in ("desktop.ini", "Thumbs.db", ".DS_Store") or base.startswith("._")
        return "LITTER" if litter and file and not name.startswith("artifacts/") else "EXTRA_FILE"

    def began(self, name: str, stem: str) -> bool:  # 2: a name from before
        if stem not in (*FOLDER, "SHA256SUMS", "custody.jsonl", *self.chain.files, *self.custody.files):
            return False
        try:
            with _opened(self.root / name) as part, _opened(self.root / stem) as file:
                size = os.fstat(part.fileno()).st_size
                while data := part.read(SMALL):
                    if file.read(len(data)) != data:
                        return False
                return size > 0
        except OSError:
            return False

    def brought(self, codes: tuple[str | None, str | None], nonce: str | None, keys: set[str], roots: bytes) -> None:
        (start, seal), chain, custody, anchors = codes, self.chain, self.custody, self.anchors  # (10)
        if start is not None and (_wrong(start, chain.start or _sha256(b"")) > 2 or not chain.start):
            self.add("START_CODE_MISMATCH", chain.name)
        wrong = _wrong(seal, _sha256(self.data)) if seal is not None and self.data else 32
        if seal is not None and wrong > 2:
            self.add("SEAL_MISMATCH" if wrong > 6 else "SEAL_NEAR", "checkpoint", f"{wrong} characters differ")
        elif seal is not None:
            anchors.append(f"seal code, {wrong} characters differ")
        if nonce is not None and chain.first and chain.first["kit_nonce"] != nonce.lower():
            self.add("KIT_NONCE_MISMATCH", chain.name)
        for key, utc in custody.signers:
            anchors += [f"{key}, not later than {utc}"] if key in keys else []
        for path, (size, sha256, _, kind) in custody.files.items() if roots else ():
            if kind == "timestamp" and not self.state(path, size, sha256):
                time = _stamped(self.small(path)[0] or b"", self.data, roots)
                anchors += [f"{path}, not later than {time}"] if time else []
                if not time:
                    self.add("TIMESTAMP_INVALID", path)
        for step in chain.steps:  # (11)
            self.add("CLOCK_STEP", chain.name, step)

def examine(path: str | os.PathLike[str], *, start_code: str | None = None, seal_code: str | None = None,
            kit_nonce: str | None = None, expert_keys: Iterable[str] = (), tsa_roots: Iterable[bytes] = (),
            check_signature: Callable[[bytes, bytes, bytes, str], bool] | None = None) -> Report:  # fmt: skip
    """Verify a bundle (8). Keys are lines `type base64`, roots are PEM; UsageError where it can't be done."""
    root, roots, keys = Path(path), [*tsa_roots], {" ".join(key.split()[:2]) for key in expert_keys}
    for name in ("ssh-keygen",) * (check_signature is None) + ("openssl",) * bool(roots):
        _program(name)
    for code in (start_code, seal_code):
        _wrong("A" * 32 if code is None else code, "00" * 32)
    if not any(_look(root / name) for name in ("manifest.jsonl", "checkpoint", "SHA256SUMS")):
        raise UsageError(f"{_shown(str(path))} is no bundle")
    bundle = _Bundle(root, check_signature or _ssh_keygen)
    bundle.names()
    if bundle.read():
        bundle.folder()
    bundle.brought((start_code, seal_code), kit_nonce, keys, b"\n".join(roots))
    altered, incomplete, information = bundle.kept
    verdict = "ALTERED" if altered else "INCOMPLETE" if incomplete else "ANCHORED" if bundle.anchors else "UNANCHORED"
    return Report(verdict, altered + incomplete + information, [] if altered else bundle.anchors)  # (12)

def main() -> int:
    """Run from a terminal."""
    parser = argparse.ArgumentParser(description="Verifies a bundle; see docs/SPEC.md, sections 8 and 9.")
    parser.add_argument("bundle", type=Path)
    for name in ("--start-code", "--seal-code", "--kit-nonce"):
        parser.add_argument(name)
    for name in ("--expert-key", "--tsa-root"):
        parser.add_argument(name, action="append", type=Path, default=[])
    for name in ("--require-anchor", "--json"):
        parser.add_argument(name, action="store_true")
    asked = parser.parse_args()
    try:
        keys = [line for file in asked.expert_key for line in file.read_text("utf-8").splitlines()]
        report = examine(asked.bundle, start_code=asked.start_code, seal_code=asked.seal_code, expert_keys=keys,
            kit_nonce=asked.kit_nonce, tsa_roots=[file.read_bytes() for file in asked.tsa_root])  # fmt: skip
    except (UsageError, OSError, ValueError) as e:
        parser.error(_shown(str(e)))
    lines = [report.verdict, *map("  ".join, report.findings), *(f"anchor: {anchor}" for anchor in report.anchors)]
    print(json.dumps(report._asdict()) if asked.json else "\n".join(lines))
    return {"ALTERED": 1, "INCOMPLETE": 3, "UNANCHORED": 4 if asked.require_anchor else 0}.get(report.verdict, 0)

if __name__ == "__main__":
    raise SystemExit(main())
