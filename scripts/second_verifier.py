#!/usr/bin/env python3
"""Verifies a bundle: a second reader, written from the text of docs/SPEC.md alone; it shares no line with `collect`.

    python3 second_verifier.py BUNDLE [--start-code C] [--seal-code C] [--kit-nonce N] [--expert-key PUB]...
        [--tsa-root PEM]... [--require-anchor] [--json]

It needs Python 3.11. `ssh-keygen -Y verify` judges signatures and, for --tsa-root, `openssl ts -verify` timestamps:
the first there is of PROGRAMS, else of the caller's PATH. Exit codes: section 9. It writes nothing into the bundle,
follows no link, reads in pieces; memory grows with the number of recorded files alone. Numbers in brackets: the SPEC.
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
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Check = Callable[[bytes, bytes, bytes, str], bool]
PROGRAMS = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")
SEAL, PHASE, RECEIPT = (f"evidence-collector{part}@v1" for part in ("", "-phase", "-receipt"))
LINE, SMALL, TAIL, KEPT, ORDER = 65_536, 1 << 20, 1 << 30, 1000, 2**252 + 27742317777372353535851937790883648493
MAGIC = b"SSHSIG\0\0\0\1"
FOLDER = ("checkpoint", "checkpoint.sig", "run_key.pub", "allowed_signers", "LISEZ-MOI.txt", "manifest.jsonl")
NAMES = (*FOLDER, "custody.jsonl", "SHA256SUMS")
LEVEL = dict.fromkeys(("TORN_TAIL", "NOT_CLOSED", "PARTIAL"), 1) | dict.fromkeys(
    ("LITTER", "SEAL_NEAR", "TIMESTAMP_INVALID", "CLOCK_STEP"), 2)
TABLES = {  # (5, 10) of `m`anifest and `c`ustody, and `o`bjects (3.7). `*`: private; `?`: or null; `[]`: a list of
    (where, kind): [(*field.lstrip("*").split(":"), field[0] == "*") for field in row.split()[2:]] for row in """
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
    for where in row.split()[0] for kind in row.split()[1].split(",")}
DAY, NUMBER = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}", "(0|[1-9][0-9]{0,15})"
FORMS = dict(form.split(" ", 1) for form in (  # (3.7)
    "hash [0-9a-f]{64}", "sid [0-9a-f]{32}", "ns 0|[1-9][0-9]{0,19}", "word [a-z0-9][a-z0-9_-]{0,39}",
    "case [A-Za-z0-9][A-Za-z0-9._-]{0,63}", "key ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-P][A-Za-z0-9+/]{42}",
    "base64 (?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?",
    "code [A-Z2-7]{4}(?:-[A-Z2-7]{4}){7}", "plain [ -~]{1,200}", "boot [A-Za-z0-9-]{1,64}", "nonce [0-9a-f]{32,128}",
    r"signer (?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com"
    r"|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]{4,4096}={0,2}", "age age1[0-9a-z]{1,2000}",
    r"path (?:artifacts|attachments)/[0-9]{6,9}-[a-z0-9-]{1,40}(?:\.(?!part\b)[a-z0-9]{1,8}){1,2}",
    "got collected|empty", "missed absent|denied|locked|timed_out|over_limit|unsupported|failed",
    "end complete|cut_short", "verdict ISOLATED|CONNECTED|UNKNOWN", "held ANCHORED|UNANCHORED|INCOMPLETE",
    f"utc {DAY}Z", f"local {DAY}(?!-00:00)[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]",
    f"checkpoint evidence-collector/v1/(?P<sid>[0-9a-f]{{32}})\n{NUMBER}\n{NUMBER}\n([0-9a-f]{{64}})\n([0-9a-f]{{64}})\n"))


class UsageError(Exception):
    """Exit 2: no bundle, a code that is none, a program that is missing."""


class Report:
    """What it comes to (section 9): `verdict`, `findings` (code, subject, detail), cause first, and `anchors`."""

    def __init__(self) -> None:
        self.kept: tuple[list[tuple[str, str, str]], ...] = ([], [], [])
        self.counted, self.anchors = [0, 0, 0], list[str]()

    def add(self, code: str, subject: str, detail: object = "", level: int | None = None) -> None:
        """Count a finding and keep it among the first of its level; the steps come in the order of section 9."""
        level = LEVEL.get(code, 0) if level is None else level
        self.counted[level] += 1
        if len(self.kept[level]) < KEPT:
            self.kept[level].append((code, _shown(subject), _shown(str(detail))))

    @property
    def findings(self) -> list[tuple[str, str, str]]:
        """Those that were kept."""
        return [*self.kept[0], *self.kept[1], *self.kept[2]]

    @property
    def verdict(self) -> str:
        """(12)."""
        unhurt = "ANCHORED" if self.anchors else "UNANCHORED"
        return "ALTERED" if self.counted[0] else "INCOMPLETE" if self.counted[1] else unhurt


def _shown(text: str) -> str:  # (3.4)
    cut = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:200])
    return "".join(cut) + "…" * (len(text) > 200)


def _code(digest: str) -> str:  # (4.4)
    return "-".join(re.findall("....", base64.b32encode(bytes.fromhex(digest)[:20]).decode()))


def _typed(code: str) -> str:  # (4.4)
    letters = re.sub("[- \u2010\u2011\u2013\u00a0\t\r\n]", "", code)
    letters = letters.upper().translate(str.maketrans("018", "OIB")) if letters.isascii() else ""
    if not re.fullmatch("[A-Z2-7]{32}", letters):
        raise UsageError(f"{_shown(code)} is no code")
    return "-".join(re.findall("....", letters))


def _is_text(value: Any) -> bool:  # (3.4)
    if not isinstance(value, dict) or list(value) != ["text", "hex"] or not isinstance(value["hex"], str):
        return isinstance(value, str)
    raw = bytes.fromhex(value["hex"]) if re.fullmatch("(?:[0-9a-f]{2})+", value["hex"]) else b""
    text = raw.decode("utf-8", "replace")
    return bool(text == value["text"] and text.encode() != raw)


def _is_free(value: Any, *, inner: bool = False) -> bool:  # (3.5)
    if not isinstance(value, dict):
        return inner and (not isinstance(value, list) or all(_is_free(v, inner=True) for v in value))
    if inner and list(value) == ["text", "hex"]:
        return _is_text(value)
    return list(value) == sorted(value) and all(_is_free(v, inner=True) for v in value.values())


def _fits(form: str, value: Any) -> bool:  # (3.7)
    if form[-1] == "?":
        return value is None or _fits(form[:-1], value)
    if form[-1] == "]":
        return isinstance(value, list) and all(_fits(form[:-2], v) for v in value)
    if form in FORMS:
        return isinstance(value, str) and bool(re.fullmatch(FORMS[form], value)) and (
            form not in ("utc", "local") or bool(_moment(value)))
    if row := TABLES.get(("o", form)):
        names = [name for name, *_ in row]
        return isinstance(value, dict) and list(value) == names and all(_fits(f, value[n]) for n, f, _ in row)
    return {"one": type(value) is int and value == 1, "count": type(value) is int, "boolean": type(value) is bool,
            "text": _is_text(value), "free": _is_free(value)}[form]


def _moment(text: str) -> datetime | None:  # (3.3) a time that exists
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _plain(value: Any, depth: int) -> bool:  # (3.1)
    if isinstance(value, dict | list):
        return depth > 0 and all(_plain(v, depth - 1) for v in (value.values() if isinstance(value, dict) else value))
    return value is None or isinstance(value, str | bool) or (isinstance(value, int) and 0 <= value < 1 << 53)


def _spelled(line: bytes | None) -> dict[str, Any] | None:  # (3.2)
    try:
        record = json.loads((line or b"").decode("ascii"))
        json.dumps(record, ensure_ascii=False).encode()  # a surrogate without its partner has no UTF-8
        same = json.dumps(record, separators=(",", ":")).encode() == line
    except (ValueError, RecursionError):
        return None
    return record if same and isinstance(record, dict) and _plain(record, 8) else None


def _string(data: bytes) -> bytes:  # (4.2)
    return len(data).to_bytes(4, "big") + data


def _strings(data: bytes, rest: int = 0) -> list[bytes]:  # all of them, up to so many bytes; ValueError
    out = []
    while len(data) > rest:
        size = 4 + int.from_bytes(data[:4], "big")
        if len(data) < size + rest:
            raise ValueError("cut short")
        out.append(data[4:size])
        data = data[size:]
    return out


def _public(key: str) -> bytes:
    return base64.b64decode(key.split(" ")[1], validate=True)


def _ours(blob: bytes, key: str, namespace: str) -> bool:  # (4.2) it is the one that is rebuilt; RFC 8032, 5.1.7: S < L
    inner = _string(b"ssh-ed25519") + _string(blob[-64:])
    parts = (_public(key), namespace.encode(), b"", b"sha512", inner)
    return blob == MAGIC + b"".join(map(_string, parts)) and int.from_bytes(blob[-32:], "little") < ORDER


def _theirs(blob: bytes, key: str) -> bool:  # (10.2) its form; ValueError
    kind, public = key.split(" ")[0].encode(), _public(key)
    *start, digest, signature = _strings(blob[len(MAGIC) :])
    name, value = _strings(signature, 5 if kind[:3] == b"sk-" else 0)
    good = blob.startswith(MAGIC) and start == [public, RECEIPT.encode(), b""] and digest in (b"sha256", b"sha512")
    good = good and _strings(public)[0] == kind and (kind[:3] != b"sk-" or bool(signature[-5] & 1))
    if kind == b"ssh-rsa":
        bits = int.from_bytes(_strings(public)[2], "big").bit_length()
        good = good and 2048 <= bits <= 16384 and len(value) == (bits + 7) // 8
        return good and name in (b"rsa-sha2-256", b"rsa-sha2-512")
    if b"ed25519" in kind:
        return good and name == kind and len(value) == 64 and int.from_bytes(value[32:], "little") < ORDER
    numbers = [int.from_bytes(n, "big") for n in _strings(value)]
    mpints = (_string(n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in numbers)
    return good and name == kind and len(numbers) == 2 and all(numbers) and value == b"".join(mpints)


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


def _armour(blob: bytes) -> bytes:  # (4.2)
    lines = re.findall(".{1,70}", base64.b64encode(blob).decode())
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()


def _ssh_keygen(message: bytes, blob: bytes, public: bytes, namespace: str) -> bool:
    key = b"x %s %s\n" % (_strings(public)[0], base64.b64encode(public))
    arguments = ("-Y", "verify", "-f", "key", "-I", "x", "-n", namespace, "-s", "sig")
    return _ask("ssh-keygen", *arguments, stdin=message, key=key, sig=_armour(blob)) is not None


def _stamped(token: bytes, data: bytes, roots: bytes) -> str | None:  # (10.3) the genTime of one that holds
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
        self.bundle, self.name, self.last = bundle, name, last
        self.sid: str | None = None
        self.where, self.folder = ("c", "attachments") if name == "custody.jsonl" else ("m", "artifacts")
        self.count = self.length = self.shift = 0
        self.whole, self.readable, self.torn = True, True, False
        self.pending: int | None = None  # a line whose `prev` is another
        self.total, self.start, self.kind, self.closed = hashlib.sha256(), "", "", False
        self.first: dict[str, Any] | None = None
        self.before: dict[str, Any] | None = None
        self.encrypted: bool | None = None
        self.counts = {name: 0 for name, *_ in TABLES["o", "counts"]}
        self.keys, self.strangers, self.announced, self.stamps = list[str](), set[str](), set[str](), list[str]()
        self.open = dict[str, tuple[str, str]]()
        self.files = dict[str, tuple[int, str, bool]]()
        self.signers, self.steps = list[tuple[str, str]](), 0

    def fault(self, line: int, code: str, why: str) -> None:
        self.whole = False
        code, why = (code, why) if self.where == "m" else ("CUSTODY_BREAK", f"{code}: {why}")
        self.bundle.report.add(code, f"{self.name} line {line + 1}", why)

    def statement(self) -> bytes:  # (4.1) of what was read
        lines = (f"evidence-collector/v1/{self.sid}", self.count, self.length, self.total.hexdigest(), self.last)
        return "".join(f"{line}\n" for line in lines).encode()

    def read(self, file: BinaryIO) -> None:
        while part := file.readline(LINE + 1):
            first, own, total, size = part, hashlib.sha256(), self.total.copy(), 0
            while True:
                own.update(part.removesuffix(b"\n"))
                total.update(part)
                size += len(part)
                if part[-1:] in (b"", b"\n") or size > TAIL:
                    break
                part = file.readline(SMALL)
            if part[-1:] == b"\n":
                self.line(first[:-1] if size == len(first) else None, own.hexdigest())
                self.count, self.last = self.count + 1, own.hexdigest()
            elif part:
                self.fault(self.count, "BAD_RECORD", "no end of line")
            else:
                self.bundle.report.add("TORN_TAIL", self.name, f"{size} bytes")
            self.length, self.total, self.torn = self.length + size, total, part[-1:] != b"\n"
            if self.torn:
                return

    def settle(self, *, broken: bool) -> None:  # (2) names a changed line, once the line after the break is known
        if self.pending is not None:
            line, self.pending = self.pending if broken else max(self.pending - 1, 0), None
            self.fault(line, "CHAIN_BREAK", "not the line that is named")

    def line(self, raw: bytes | None, own: str) -> None:
        self.start, record = self.start or own, _spelled(raw)
        wrong = ("BAD_RECORD", "not the one accepted spelling") if record is None else self.misfit(record)
        if record is None or wrong:
            self.settle(broken=False)
            self.readable, self.before = False, None
            self.fault(self.count, *(wrong or ("", "")))
            return
        broken, explained, shift = record["prev"] != self.last, self.pending is not None, record["seq"] - self.count
        self.settle(broken=broken)
        self.sid, told = self.sid or record["sid"], record["sid"] in self.strangers
        if shift != self.shift:
            self.fault(self.count, "CHAIN_BREAK", f"its seq is {record['seq']}")
        elif broken and self.readable and not explained:
            self.whole, self.pending = False, self.count
        elif record["sid"] != self.sid and not told:
            self.strangers |= {record["sid"]} if len(self.strangers) < KEPT else set()
            self.fault(self.count, "CHAIN_BREAK", f"its sid is {record['sid']}")
        self.shift, self.readable = shift, True
        if self.whole and (wrong := self.breach(record)):
            self.fault(self.count, *wrong)
        self.track(record)

    def misfit(self, record: dict[str, Any]) -> tuple[str, str] | None:  # (5)
        kind = record.get("type")
        row = TABLES.get((self.where, kind)) if isinstance(kind, str) else None
        if type(record.get("v")) is int and record["v"] != 1:
            return "FORMAT_VERSION", f"version {record['v']}"
        if row is None:
            return "SCHEMA", "no such type"
        hidden = bool(record.get("recipients")) if kind == "open" else self.encrypted
        if any(private for *_, private in row) and ("private" in record if hidden is None else hidden):
            row = [*(field for field in row if not field[2]), ("private", "base64", False)]
        row = TABLES[self.where, "common"] + row
        if list(record) != [name for name, *_ in row]:
            return "SCHEMA", "not the fields of its type in their order"
        for name, form, _ in row:
            there = form[:4] != "path" or not isinstance(record[name], str) or record[name].startswith(self.folder)
            if not (_fits(form, record[name]) and there):
                return "UNSAFE_PATH" if form[:4] == "path" else "SCHEMA", name
        same = _moment(record["local"]) == _moment(record["utc"])
        return None if same else ("SCHEMA", "utc and local are not the same instant")

    def breach(self, record: dict[str, Any]) -> tuple[str, str] | None:  # (5.3) the first rule that is broken
        kind, path, key = record["type"], record.get("path") or "", self.keys[-1] if self.keys else ""
        mine, ends = (record.get("kind", ""), record.get("source", "")), kind in ("artifact", "gap") and path
        said = self.open.get(path, ("", ""))
        rules = (
            ("SCHEMA", "`open` is first and nowhere else", self.where == "m" and (kind == "open") != (not self.count)),
            ("DATA_AFTER_CLOSE", "only `resume` may follow `close`", self.closed and kind != "resume"),
            ("UNSAFE_PATH", "not its own number",
             kind == "intent" and not path.startswith(f"{self.folder}/{self.count:06d}-")),
            ("SCHEMA", "not the end of an open intent",
             ends and (path not in self.open or said[1] != mine[1] or (kind == "artifact" and said != mine))),
            ("SCHEMA", "no receipt before it", kind == "signature" and self.kind != "receipt"),
            ("SCHEMA", "intents are open, or counts are others",
             kind == "close" and (self.open or record["counts"] != self.counts)),
            ("SCHEMA", "not the code of the line before", kind == "phase" and record["code"] != _code(self.last)),
            ("SIGNATURE_INVALID", "phase", kind == "phase" and not self.bundle.signed(
                self.statement(), base64.b64decode(record["signature"]), key, PHASE)),
        )
        return next(((code, why) for code, why, broken in rules if broken), None)

    def track(self, record: dict[str, Any]) -> None:
        kind, path, self.kind = record["type"], record.get("path"), record["type"]
        if kind + "s" in self.counts:
            self.counts[kind + "s"] += 1
        if kind == "open" and self.first is None:
            self.first, self.encrypted = record, bool(record["recipients"])
        if "run_key" in record:
            self.keys.append(record["run_key"])
        self.closed = kind == "close" or (self.closed and kind != "resume")
        if kind == "intent":
            self.open[path] = (record["kind"], record["source"])
            self.announced.add(path)
        elif path:
            self.open.pop(path, None)
        if kind == "artifact":
            self.files[path] = (record["size"], record["sha256"], "partial" in record["flags"])
            self.stamps += [path] if record["kind"] == "timestamp" else []
        if kind == "signature" and self.whole:
            if self.bundle.signed(self.statement(), base64.b64decode(record["signature"]), record["key"], RECEIPT):
                self.signers.append((record["key"], record["utc"]))
            else:
                self.bundle.report.add("RECEIPT_INVALID", f"{self.name} line {self.count + 1}")
        before, self.before = self.before, record
        if self.where == "m" and before and before["boot_id"] == record["boot_id"] and self.steps < 20:
            (a, b), (c, d) = ((datetime.fromisoformat(r["utc"]), int(r["boot_ns"])) for r in (before, record))
            if d < b or abs((c - a) // timedelta(microseconds=1) * 1000 - (d - b)) > 10**9:
                self.steps += 1
                self.bundle.clock.append(f"{self.name} line {self.count + 1}")


class _Bundle:
    def __init__(self, root: Path, check: Check) -> None:
        self.root, self.check, self.report, self.clock = root, check, Report(), list[str]()
        self.add, self.sealed = self.report.add, bool(_look(root / "checkpoint"))
        self.texts = {name: self.small(name) for name in NAMES[:5]}
        self.data, self.rebuilt = self.texts["checkpoint"][0], b""
        self.chain, self.custody = _Chain(self, "manifest.jsonl", "0" * 64), _Chain(self, "custody.jsonl", "")

    def small(self, name: str) -> tuple[bytes | None, str]:  # a file, or the code of what is wrong with it
        try:
            with _opened(self.root / name) as file:
                data = file.read(SMALL + 1)
        except OSError:
            return None, "MISSING" if _look(self.root / name) in ("", "file") else ""  # else step 1 has told
        return (data, "") if len(data) <= SMALL else (None, "CONTENT_MISMATCH")

    def state(self, path: str, size: int, sha256: str) -> str:  # (6) the code of what is wrong with a file
        folder = _look((self.root / path).parent) == "folder"
        if folder and _look(self.root / path) in ("folder", "other"):
            return "NOT_A_REGULAR_FILE"
        try:
            with _opened(self.root / path) as file:
                same = os.fstat(file.fileno()).st_size == size
                same = same and hashlib.file_digest(file, "sha256").hexdigest() == sha256
                return "" if same else "CONTENT_MISMATCH"
        except OSError:
            return "MISSING"

    def signed(self, message: bytes, blob: bytes, key: str, namespace: str) -> bool:  # (4.2, 10.2)
        try:
            good = _theirs(blob, key) if namespace == RECEIPT else bool(key) and _ours(blob, key, namespace)
            return good and self.check(message, blob, _public(key), namespace)
        except (ValueError, IndexError):
            return False

    def names(self) -> None:  # (1)
        for name in (*NAMES, ".", "artifacts", "attachments"):
            kind, wanted = _look(self.root / name), "file" if name in NAMES else "folder"
            if kind not in ("", wanted):
                self.add("NOT_A_REGULAR_FILE", name)
            elif wanted == "folder" and (kind or name == "artifacts"):
                try:
                    os.scandir(self.root / name).close()
                except OSError as e:
                    self.add("MISSING", name, e)
        if self.sealed and self.texts["checkpoint"][1]:
            self.add(self.texts["checkpoint"][1], "checkpoint")

    def read(self) -> bool:  # (2) to (9)
        said = re.fullmatch(FORMS["checkpoint"], (self.data or b"").decode("latin-1"))
        if not self.through(self.chain):
            return False
        self.chain.settle(broken=said is not None and said[5] != self.chain.last)
        self.seal(said)
        self.stored(self.chain)
        self.others(said)
        if _look(self.root / "custody.jsonl") == "file":
            altered = self.report.counted[0]
            if not self.sealed:
                self.add("CUSTODY_BREAK", "custody.jsonl", "there is no checkpoint")
            self.custody.sid, self.custody.encrypted = said[1] if said else self.chain.sid, self.chain.encrypted
            self.custody.last = hashlib.sha256(self.data or b"").hexdigest()
            if self.through(self.custody):
                self.custody.settle(broken=False)
                self.stored(self.custody)
                self.unfinished(self.custody)
            self.custody.whole = self.report.counted[0] == altered
        return True

    def through(self, chain: _Chain) -> bool:
        try:
            with _opened(self.root / chain.name) as file:
                chain.read(file)
        except OSError as e:
            if _look(self.root / chain.name) in ("", "file"):
                self.add("MISSING", chain.name, e)
            return False
        return True

    def unfinished(self, chain: _Chain) -> None:
        for path in chain.open if chain.whole else ():
            self.add("PARTIAL", path, "announced and never finished")

    def stored(self, chain: _Chain) -> None:  # (6)
        for path, (size, sha256, partial) in chain.files.items():
            if code := self.state(path, size, sha256):
                self.add(code, path)
            if partial:
                self.add("PARTIAL", path, "taken over by a resume", 2)

    def seal(self, said: re.Match[str] | None) -> None:  # (3), (4), (5)
        chain = self.chain
        if not chain.count:
            self.add("TRUNCATED", chain.name, "no record at all")
        elif self.sealed and chain.whole and chain.kind != "close":
            self.add("TRUNCATED", chain.name, "the last record is not `close`")
        if not self.sealed:
            self.add("NOT_CLOSED", "checkpoint")
            self.unfinished(chain)
            return
        (sig, wrong), self.rebuilt, key = self.texts["checkpoint.sig"], chain.statement(), (chain.keys or [""])[-1]
        try:
            blob = base64.b64decode(b"".join((sig or b"").split(b"\n")[1:-2]))
        except ValueError:
            blob = b""
        held = [m for m in {self.rebuilt, self.data} if m is not None and sig == _armour(blob)
                and self.signed(m, blob, key, SEAL)]  # fmt: skip
        if self.data not in (None, self.rebuilt):
            if said and self.rebuilt not in held:
                records, length, follow = int(said[2]), int(said[3]), chain.count > int(said[2]) or chain.torn
                if records > chain.count:
                    self.add("TRUNCATED", chain.name, f"{chain.count} records of {records}")
                elif chain.whole and length < chain.length and follow:
                    self.add("DATA_AFTER_CLOSE", chain.name)
                elif chain.whole and records == chain.count and not chain.torn and said[5] != chain.last:
                    self.add("CHAIN_BREAK", f"{chain.name} line {chain.count}")
            self.add("CHECKPOINT_MISMATCH", "checkpoint")
        if wrong:
            self.add(wrong, "checkpoint.sig")
        elif sig is not None and not held:
            self.add("SIGNATURE_INVALID", "checkpoint.sig")
        self.held = bool(held)

    def others(self, said: re.Match[str] | None) -> None:  # (7)
        chain, sums = self.chain, dict[str, set[str]]()
        if chain.first:
            sums["LISEZ-MOI.txt"] = {chain.first["readme_sha256"]}
        if self.sealed and chain.keys:
            lines = [f"{chain.sid} namespaces=\"{SEAL}\" {chain.keys[-1]}\n"]
            lines += [f"{chain.sid} namespaces=\"{PHASE}\" {key}\n" for key in chain.keys]
            sums["run_key.pub"] = {hashlib.sha256(f"{chain.keys[-1]}\n".encode()).hexdigest()}
            sums["allowed_signers"] = {hashlib.sha256("".join(lines).encode()).hexdigest()}
        for name in ("run_key.pub", "allowed_signers", "LISEZ-MOI.txt")[0 if self.sealed else 2 :]:
            data, wrong = self.texts[name]
            there = hashlib.sha256(data).hexdigest() if data is not None else ""
            if wrong or (data is not None and name in sums and there not in sums[name]):
                self.add(wrong or "CONTENT_MISMATCH", name)
            sums[name] = sums.get(name, set()) | {there}
        if self.sealed:
            sums["manifest.jsonl"] = {chain.total.hexdigest(), said[4] if said else ""}
            sums["checkpoint"] = {hashlib.sha256(m or b"").hexdigest() for m in (self.data, self.rebuilt)}
            sums["checkpoint.sig"] = {hashlib.sha256(self.texts["checkpoint.sig"][0] or b"").hexdigest()}
            if not self.held:
                sums["checkpoint.sig"] = set()
            self.sums(sums | {path: {sha256} for path, (_, sha256, _) in chain.files.items()})

    def sums(self, must: dict[str, set[str]]) -> None:  # (7) an empty set: it can't be known
        try:
            with _opened(self.root / "SHA256SUMS") as file:
                lines = (line.decode("latin-1").partition("  ") for line in iter(lambda: file.readline(300), b""))
                lines = (line for line in lines if line[2].removesuffix("\n") not in self.chain.open)
                for path in sorted(must):
                    digest, _, name = next(lines, ("", "", ""))
                    if name != path + "\n" or (must[path] and digest not in must[path]):
                        return self.add("SUMS_MISMATCH", "SHA256SUMS", path)
                if more := next(lines, None):
                    self.add("SUMS_MISMATCH", "SHA256SUMS", more[2])
        except OSError as e:
            if _look(self.root / "SHA256SUMS") in ("", "file"):
                self.add("MISSING", "SHA256SUMS", e)

    def folder(self) -> None:  # (8)
        missing = {sha: path for path, (size, sha, _) in self.chain.files.items() if not _look(self.root / path)}
        named = 0
        for where in ("", "artifacts/", "attachments/"):
            if _look(self.root / where) != "folder":
                continue
            with os.scandir(self.root / where) as entries:
                for name in (where + entry.name for entry in entries):
                    code = self.entry(name)
                    named += code == "EXTRA_FILE"
                    if code and (code != "EXTRA_FILE" or named <= 200):
                        self.add(code, name)
                    elif code:
                        self.report.counted[0] += 1

    def entry(self, name: str) -> str:
        stem, base, kind = name.removesuffix(".part"), name.rpartition("/")[2], _look(self.root / name)
        if name in (*NAMES, "artifacts", "attachments") or name in self.chain.files or name in self.custody.files:
            return ""
        if self.sealed and name in self.chain.open:
            return ""
        part = stem != name and (stem in NAMES or (stem[:10] == "artifacts/" and re.fullmatch(FORMS["path"], stem)))
        if (not self.sealed and (name == ".reserve" or part or name in self.chain.announced)) or stem in self.custody.open:
            return "" if kind == "file" else "NOT_A_REGULAR_FILE"
        litter = base in ("desktop.ini", "Thumbs.db", ".DS_Store") or base.startswith("._")
        return "LITTER" if litter and kind == "file" and name[:10] != "artifacts/" else "EXTRA_FILE"

    def anchors(self, start: str | None, seal: str | None, nonce: str | None, keys: Iterable[str], roots: bytes) -> None:
        def wrong(typed: str, digest: str) -> int:
            return sum(a != b for a, b in zip(_typed(typed), _code(digest), strict=True))  # (10)
        chain, custody, own = self.chain, self.custody, hashlib.sha256(self.data or b"").hexdigest()
        if start and chain.start and wrong(start, chain.start) > 2:
            self.add("START_CODE_MISMATCH", chain.name)
        if seal:
            count = wrong(seal, own) if self.data is not None else 32
            if count > 2:
                self.add("SEAL_MISMATCH" if count > 6 else "SEAL_NEAR", "checkpoint", f"{count} characters differ")
            else:
                self.report.anchors.append(f"seal code, {count} characters differ")
        if nonce is not None and chain.first and chain.first["kit_nonce"] != nonce.lower():
            self.add("KIT_NONCE_MISMATCH", chain.name)
        brought = {tuple(key.split()[:2]) for key in keys}
        anchors = [f"{key}, not later than {utc}" for key, utc in custody.signers if tuple(key.split()) in brought]
        for path in custody.stamps if roots else ():
            if not self.state(path, *custody.files[path][:2]):
                time = _stamped(self.small(path)[0] or b"", self.data or b"", roots)
                if time:
                    anchors.append(f"{path}, not later than {time}")
                else:
                    self.add("TIMESTAMP_INVALID", path)
        self.report.anchors += anchors if custody.whole else []
        for subject in self.clock:  # (11)
            self.add("CLOCK_STEP", subject)


def examine(path: str | os.PathLike[str], *, start_code: str | None = None, seal_code: str | None = None,
            kit_nonce: str | None = None, expert_keys: Iterable[str] = (), tsa_roots: Iterable[bytes] = (),
            check_signature: Check | None = None) -> Report:  # fmt: skip
    """Verify a bundle (section 8). Keys are lines `type base64`, roots PEM; UsageError if it can't be done."""
    root, roots = Path(path), b"\n".join(tsa_roots)
    for name in ("ssh-keygen",) * (check_signature is None) + ("openssl",) * bool(roots):
        _program(name)
    for code in filter(None, (start_code, seal_code)):
        _typed(code)
    if not any(_look(root / name) for name in ("manifest.jsonl", "checkpoint", "SHA256SUMS")):
        raise UsageError(f"{_shown(str(path))} is no bundle")
    bundle = _Bundle(root, check_signature or _ssh_keygen)
    bundle.names()
    if bundle.read():
        bundle.folder()
    bundle.anchors(start_code, seal_code, kit_nonce, expert_keys, roots)
    return bundle.report


def main() -> int:
    """Run from a terminal."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
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
        roots = [file.read_bytes() for file in asked.tsa_root]
        report = examine(asked.bundle, start_code=asked.start_code, seal_code=asked.seal_code, expert_keys=keys,
                         kit_nonce=asked.kit_nonce, tsa_roots=roots)  # fmt: skip
    except (UsageError, OSError, ValueError) as e:
        parser.error(_shown(str(e)))
    if asked.json:
        print(json.dumps({"verdict": report.verdict, "findings": report.findings, "counted": report.counted,
                          "anchors": report.anchors}))  # fmt: skip
    else:
        print("\n".join([report.verdict, *map("  ".join, report.findings), *report.anchors]))
    codes = {"ALTERED": 1, "INCOMPLETE": 3, "UNANCHORED": 4 if asked.require_anchor else 0}
    return codes.get(report.verdict, 0)


if __name__ == "__main__":
    raise SystemExit(main())
