#!/usr/bin/env python3
"""A second verifier of an evidence bundle, written from docs/SPEC.md alone; the standard library, ssh-keygen, openssl.

Run: second_verifier.py BUNDLE [--start-code C] [--seal-code C] [--kit-nonce N] [--expert-key FILE] [--tsa-root PEM].
It writes nothing into the bundle and follows no link. Numbers in brackets are sections of the SPEC, steps those of 8.
"""
from __future__ import annotations

import argparse, base64, contextlib, hashlib, json, os, re, stat, subprocess, sys, tempfile
from collections import Counter, namedtuple
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

Check = Callable[[bytes, bytes, str, str], bool]  # message, blob, key, namespace
Report = namedtuple("Report", "verdict findings anchors")  # a finding is (code, subject), the root cause first
LINE, SMALL, TAIL = 1 << 16, 1 << 20, 1 << 30  # (3.1)
MAGIC, ORDER = b"SSHSIG\0\0\0\1", 2**252 + 27742317777372353535851937790883648493  # of the group of Ed25519
SEAL, PHASE, RECEIPT = (f"evidence-collector{x}@v1" for x in ("", "-phase", "-receipt"))
FIXED = ("manifest.jsonl", "checkpoint", "checkpoint.sig", "run_key.pub", "allowed_signers", "LISEZ-MOI.txt")
SEALED = (*FIXED, "SHA256SUMS", "custody.jsonl")
CHECKPOINT = "[^\n]*\n(0|[1-9][0-9]{0,15})\n(0|[1-9][0-9]{0,15})\n([^\n]*)\n([^\n]*)\n"
KEPT = {"EXTRA_FILE": 200, "CLOCK_STEP": 20}  # findings that are kept of a code; of others 1,000
LEVEL = dict.fromkeys(("TORN_TAIL", "NOT_CLOSED", "PARTIAL"), 1) | {"CLOCK_STEP": 3}  # 0: ALTERED, 1: INCOMPLETE,
LEVEL |= dict.fromkeys(("LITTER", "SEAL_NEAR", "TIMESTAMP_INVALID"), 2)  # from 2 on: INFORMATION
TABLES = {  # (5, 10) by the first letter of manifest, custody or (3.7) object; `-` private, `?` or null, `[]` a list
    (where, kind): row.split()[2:] for row in """
mc * v:one sid:sid seq:count type:word prev:hash utc:utc local:local mono_ns:ns boot_ns:ns boot_id:boot
m open case:case -operator:text? -witness:text? tool:tool -arguments:text[] -host:free clock:free kit_nonce:nonce?\
 run_key:key recipients:age[] readme_sha256:hash continues:continues?
mc intent path:path kind:word source:word
mc artifact path:path kind:word source:word -subject:text? method:plain outcome:had started:utc ended:utc size:count\
 sha256:hash rows:count? -source_times:free? flags:word[]
mc gap source:word outcome:gap path:path? -subject:text? -reason:text
mc observation what:word -data:free
mc note observed:utc? -text:text
m phase name:word code:code signature:base64
m resume run_key:key tool:tool -arguments:text[] -torn:torn?
m close outcome:ended reason:word? counts:counts isolation:isolation same_boot:boolean
c resume tool:tool -torn:torn?
c handover,receipt by:text? to:text role:text? reason:text? place:text? condition:text? checked:checked
c signature key:signer signature:base64
o tool version:plain sha256:hash privileges:word
o checked verdict:result files:count bytes:count
o torn length:count sha256:hash base64:base64
o counts intents:count artifacts:count gaps:count observations:count notes:count
o isolation open:verdict? close:verdict? run:verdict?
o continues sid:sid head:hash records:count
""".strip().splitlines() for where in row.split()[0] for kind in row.split()[1].split(",")}
FORMS = dict(form.split(" ", 1) for form in re.split("\n|  ", r"""hash [0-9a-f]{64}  sid [0-9a-f]{32}
ns 0|[1-9][0-9]{0,19}  word [a-z0-9][a-z0-9_-]{0,39}  case [A-Za-z0-9][A-Za-z0-9._-]{0,63}  plain [ -~]{1,200}
code [A-Z2-7]{4}(?:-[A-Z2-7]{4}){7}  nonce [0-9a-f]{32,128}  boot [A-Za-z0-9-]{1,64}  age age1[0-9a-z]{1,2000}
key ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-P][A-Za-z0-9+/]{42}  had collected|empty  ended complete|cut_short
base64 (?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?
path (?:artifacts|attachments)/[0-9]{6,9}-[a-z0-9-]{1,40}(?:\.(?!part\b)[a-z0-9]{1,8}){1,2}
signer (?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)\
 [A-Za-z0-9+/]{4,4096}={0,2}
gap absent|denied|locked|timed_out|over_limit|unsupported|failed  verdict ISOLATED|CONNECTED|UNKNOWN
result ANCHORED|UNANCHORED|INCOMPLETE  utc WHENZ  local WHEN(?!-00:00)[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]""".replace(
    "WHEN", r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}").replace("\\\n", "")))

def _fits(form: str, value: Any) -> bool:  # (3.3 to 3.7)
    if form.endswith("?"):
        return value is None or _fits(form[:-1], value)
    if form.endswith("[]"):
        return isinstance(value, list) and all(_fits(form[:-2], x) for x in value)
    if form in FORMS:
        fits = isinstance(value, str) and re.fullmatch(FORMS[form], value)
        with contextlib.suppress(ValueError):
            return bool(fits and (form not in {"utc", "local"} or datetime.fromisoformat(value)))
        return False
    if row := TABLES.get(("o", form)):
        table = dict(x.split(":") for x in row)
        return isinstance(value, dict) and list(value) == list(table) and all(_fits(table[x], value[x]) for x in table)
    if form == "text" and isinstance(value, dict):
        told = list(value) == ["text", "hex"] and isinstance(value["hex"], str)
        raw = bytes.fromhex(value["hex"]) if told and re.fullmatch("(?:[0-9a-f]{2})+", value["hex"]) else b""
        return raw.decode(errors="replace") == value.get("text") and value["text"].encode() != raw
    if form in {"free", "inside"} and isinstance(value, dict):
        if form == "inside" and list(value) == ["text", "hex"]:
            return _fits("text", value)
        return list(value) == sorted(value) and all(_fits("inside", x) for x in value.values())
    if form == "inside":
        return not isinstance(value, list) or all(_fits("inside", x) for x in value)
    kinds = {"text": str, "one": int, "count": int, "boolean": bool}
    return type(value) is kinds.get(form) and (form != "one" or value == 1)

def _plain(value: Any, depth: int) -> bool:  # (3.1)
    if isinstance(value, dict | list):
        return depth > 0 and all(_plain(x, depth - 1) for x in (value.values() if isinstance(value, dict) else value))
    return value is None or isinstance(value, str) or (isinstance(value, int) and 0 <= value < 2**53)

def _spelled(line: bytes) -> dict[str, Any] | None:  # (3.2)
    try:
        record = json.loads(line.decode("ascii"))
        json.dumps(record, ensure_ascii=False).encode()  # refuses a surrogate without its partner
        same = json.dumps(record, separators=(",", ":")).encode() == line
    except (ValueError, RecursionError):
        return None
    return record if same and isinstance(record, dict) and _plain(record, 8) else None

def _code(digest: str) -> str:  # (4.4)
    return "-".join(re.findall("....", base64.b32encode(bytes.fromhex(digest)[:20]).decode()))

def _wrong(typed: str, digest: str) -> int:  # (4.4) the number of wrong characters
    kept = re.sub("[- \u2010\u2011\u2013\u00a0\t\r\n]", "", typed)
    kept = kept.upper().translate(str.maketrans("018", "OIB")) if kept.isascii() else ""
    if not re.fullmatch("[A-Z2-7]{32}", kept):
        raise ValueError("no code: " + typed)
    return sum(a != b for a, b in zip(kept, _code(digest).replace("-", ""), strict=True)) if digest else 32

def _strings(data: bytes, rest: int = 0) -> list[bytes]:  # (4.2) all of them, up to so many last bytes
    out = []
    while len(data) != rest:
        size = 4 + int.from_bytes(data[:4], "big")
        if len(data) < size + rest:
            raise ValueError("cut short")
        out.append(data[4:size])
        data = data[size:]
    return out

def _in_form(blob: bytes, key: str, namespace: str) -> bool:  # (4.2, 10.2) all but what is signed; ValueError
    kind, public = key.split(" ")[0].encode(), base64.b64decode(key.split(" ")[1], validate=True)
    rsa, fido, curve = kind == b"ssh-rsa", kind.startswith(b"sk-"), re.search(b"nistp([0-9]+)", kind)
    (*start, digest, body), parts = _strings(blob[10:]), _strings(public)
    name, signature = _strings(body, 5 * fido)
    numbers = parts[1:] if rsa else _strings(signature) if curve else []  # each a positive mpint in its one spelling
    bits = [int.from_bytes(x, "big").bit_length() for x in numbers if x.strip(b"\0")]
    sound = (blob[:10], start, parts[0]) == (MAGIC, [public, namespace.encode(), b""], kind) \
        and (digest == b"sha512" or (digest, namespace) == (b"sha256", RECEIPT)) and (not fido or body[-5] & 1) \
        and len(parts) == 2 + bool(curve) + rsa + fido and len(bits) == len(numbers) == 2 * (rsa or bool(curve)) \
        and all(len(x) == n // 8 + 1 and x[0] < 128 for x, n in zip(numbers, bits, strict=True))
    if rsa and sound:
        sound = 2048 <= bits[1] <= 16384 and bits[0] > 1 and parts[1][-1] & 1 and len(signature) == (bits[1] + 7) // 8
        return bool(sound) and name in {b"rsa-sha2-512", b"rsa-sha2-256"}
    if curve and sound:
        length = 1 + 2 * ((int(curve[1]) + 7) // 8)
        return name == kind and parts[1] == curve[0] and parts[2][:1] == b"\4" and len(parts[2]) == length
    ed25519 = len(signature) == 64 and int.from_bytes(signature[32:], "little") < ORDER
    return bool(sound) and name == kind and ed25519

def _armour(blob: bytes) -> bytes:  # (4.2)
    lines = re.findall(".{1,70}", base64.b64encode(blob).decode())
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()

def _ask(*arguments: str, given: bytes = b"", **files: bytes) -> str | None:  # what a stock program says if it agrees
    try:
        with tempfile.TemporaryDirectory() as place:
            for name, data in files.items():
                Path(place, name).write_bytes(data)
            done = subprocess.run(arguments, cwd=place, input=given, capture_output=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(f"{arguments[0]}: {error}") from None
    return None if done.returncode else done.stdout.decode(errors="replace")

def ssh_keygen(message: bytes, blob: bytes, key: str, namespace: str) -> bool:
    """Tell whether stock ssh-keygen takes the signature."""
    options = ("-Y", "verify", "-f", "signers", "-I", "x", "-n", namespace, "-s", "sig")
    return _ask("ssh-keygen", *options, given=message, signers=f"x {key}\n".encode(), sig=_armour(blob)) is not None

def _stamped(token: bytes, data: bytes, roots: bytes) -> str | None:  # (10.3) the genTime of one that holds
    said = _ask("openssl", "ts", "-reply", "-in", "token", "-text", token=token) or ""
    info = said.rpartition("TST info:")[2]  # what stands before it is not signed
    when = re.search(r"\nTime stamp: (\w{3} +\d+ [\d:]{8})(?:\.\d+)?( \d{4}) GMT\n", info)
    if not when or "\nHash Algorithm: sha256\n" not in info or not said.startswith("Status info:\nStatus: Granted.\n"):
        return None
    time = datetime.strptime(when[1] + when[2], "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    options = ("-data", "data", "-in", "token", "-CAfile", "roots", "-attime", f"{time.timestamp():.0f}")
    held = _ask("openssl", "ts", "-verify", *options, token=token, data=data, roots=roots)
    return None if held is None else time.isoformat()

class _Chain:  # the records of manifest or custody, read once: steps 2 and 9
    def __init__(self, bundle: _Bundle, name: str) -> None:
        self.bundle, self.name, self.where = bundle, name, name[0]
        self.folder = "artifacts/" if name == "manifest.jsonl" else "attachments/"
        self.sid, self.last, self.start, self.total = "", "0" * 64, "", hashlib.sha256()
        self.count, self.size, self.shift, self.pending = 0, 0, 0, -1
        self.whole, self.readable, self.torn = True, True, False
        self.first, self.before, self.files, self.open = ({} for _ in range(4))  # type: dict[str, Any]
        self.encrypted: bool | None = None  # not known without a first record
        self.keys, self.signers, self.announced, self.strangers = list[str](), list[str](), set[str](), set[str]()
        self.counts = {x.split(":")[0]: 0 for x in TABLES["o", "counts"]}
    def statement(self) -> bytes:  # (4.1) the checkpoint of what was read so far
        lines = (f"evidence-collector/v1/{self.sid}", self.count, self.size, self.total.hexdigest(), self.last)
        return "".join(f"{x}\n" for x in lines).encode()
    def fault(self, code: str, index: int) -> None:
        self.whole = False
        code = code if self.where == "m" or code == "RECEIPT_INVALID" else "CUSTODY_BREAK"
        self.bundle.add(code, f"{self.name} line {index + 1}")
    def settle(self, *, broken: bool) -> None:  # the line with a wrong `prev` if the next breaks too, else the one before
        if self.pending >= 0:
            self.fault("CHAIN_BREAK", self.pending if broken else max(self.pending - 1, 0))
        self.pending = -1
    def read(self) -> None:  # OSError where it can't be read
        with self.bundle.opened(self.name) as file:
            while line := file.readline(LINE + 1):
                message, own, part, size = self.statement(), hashlib.sha256(), line, 0
                while part:
                    own.update(part.removesuffix(b"\n"))
                    self.total.update(part)
                    size, ended = size + len(part), part.endswith(b"\n")
                    part = b"" if ended or size > TAIL else file.readline(SMALL)
                self.size, self.torn = self.size + size, not ended
                if ended:
                    self.line(line[:-1] if len(line) == size else b"", message, own.hexdigest())
                elif size > TAIL:
                    return self.fault("BAD_RECORD", self.count)
        self.bundle.add("TORN_TAIL", self.name, self.torn)
    def line(self, line: bytes, message: bytes, own: str) -> None:
        record, self.start = _spelled(line), self.start or own
        code = "BAD_RECORD" if record is None else self.misfit(record)
        if record is None or code:
            self.settle(broken=False)
            self.fault(code, self.count)
            record = {}
        else:
            shift, self.sid = record["seq"] - self.count, self.sid or record["sid"]
            shifted, broken = shift not in {0, self.shift}, self.readable and record["prev"] != self.last
            explained, self.shift = self.pending >= 0, shift
            self.settle(broken=broken and not shifted)
            if shifted or (not broken and record["sid"] not in {self.sid, *self.strangers}):
                self.fault("CHAIN_BREAK", self.count)
            elif broken and not explained:
                self.whole, self.pending = False, self.count
            self.strangers.add(record["sid"])
            if self.whole and (code := self.breach(record, message)):
                self.fault(code, self.count)
            self.take(record)
        self.readable, self.before, self.count, self.last = bool(record), record, self.count + 1, own
    def misfit(self, record: dict[str, Any]) -> str:  # (5) the code of a record that does not fit its table
        kind, hidden = str(record.get("type")), self.encrypted
        if type(record.get("v")) is int and record["v"] != 1:
            return "FORMAT_VERSION"
        hidden = bool(record.get("recipients")) if kind == "open" else "private" in record if hidden is None else hidden
        row = TABLES.get((self.where, kind), ["no:type"])
        clear = [x for x in row if x[0] != "-" or not hidden]
        clear += ["private:base64"] if len(clear) < len(row) else []
        table = dict(x.lstrip("-").split(":") for x in TABLES[self.where, "*"] + clear)
        wrong = next((x for x in table if not _fits(table[x], record[x])), "") if list(record) == list(table) else "type"
        if wrong or datetime.fromisoformat(record["utc"]) != datetime.fromisoformat(record["local"]):
            return "UNSAFE_PATH" if wrong == "path" else "SCHEMA"
        return "" if (record.get("path") or self.folder).startswith(self.folder) else "UNSAFE_PATH"
    def breach(self, record: dict[str, Any], message: bytes) -> str:  # (5.3, 10.2) the code of the first broken rule
        kind, path, before = record["type"], record.get("path") or "", self.before.get("type")
        said, ended = self.open.get(path, ("", "")), (record.get("kind"), record.get("source"))
        key, namespace = (record["key"], RECEIPT) if kind == "signature" else ("".join(self.keys[-1:]), PHASE)
        rules = (
            (self.where == "m" and (kind == "open") != (self.count == 0), "SCHEMA"),
            (before == "close" and kind != "resume", "DATA_AFTER_CLOSE"),
            (kind == "intent" and not path.startswith(f"{self.folder}{self.count:06d}-"), "UNSAFE_PATH"),
            ((kind == "artifact" and said != ended) or (kind == "gap" and path and said[1] != ended[1]), "SCHEMA"),
            (kind == "close" and (self.open or record["counts"] != self.counts), "SCHEMA"),
            (kind == "phase" and record["code"] != _code(self.last), "SCHEMA"),
            (kind == "signature" and before != "receipt", "SCHEMA"))
        code = next((code for broken, code in rules if broken), "")
        if kind in {"phase", "signature"} and not code:
            good = self.bundle.signed(message, base64.b64decode(record["signature"]), key, namespace)
            code = "" if good else "SIGNATURE_INVALID" if kind == "phase" else "RECEIPT_INVALID"
            self.signers += [key] if kind == "signature" and good else []
        return code
    def take(self, record: dict[str, Any]) -> None:  # what later lines and steps need
        kind, path = record["type"], record.get("path")
        if kind == "open" and not self.count:
            self.first, self.encrypted = record, bool(record["recipients"])
        if kind + "s" in self.counts:
            self.counts[kind + "s"] += 1
        self.keys += [record["run_key"]] if "run_key" in record else []
        if kind == "intent":
            self.open[path] = (record["kind"], record["source"])
            self.announced.add(path)
        elif path:
            self.open.pop(path, None)
            if kind == "artifact":
                self.files.setdefault(path, (record["size"], record["sha256"], record["kind"], "partial" in record["flags"]))
        if self.where == "m" and self.whole and self.before.get("boot_id") == record["boot_id"]:  # step 11
            (a, b), (c, d) = ((datetime.fromisoformat(x["utc"]), int(x["boot_ns"])) for x in (self.before, record))
            apart = abs((c - a) // timedelta(microseconds=1) * 1000 - (d - b)) > 10**9
            self.bundle.add("CLOCK_STEP", self.name, d < b or apart)

class _Bundle:  # the folder, held open
    def __init__(self, path: str | os.PathLike[str], check: Check) -> None:
        self.check, self.found, self.kept = check, list[tuple[int, str, str]](), Counter[str]()
        self.folders, self.hashes = {"": os.open(path, os.O_RDONLY | os.O_DIRECTORY)}, dict[str, str]()
        for name in ("artifacts", "attachments"):
            with contextlib.suppress(OSError):
                self.folders[name + "/"] = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self.folders[""])
        self.manifest, self.custody = _Chain(self, "manifest.jsonl"), _Chain(self, "custody.jsonl")
        self.sealed, got = self.kind("checkpoint") != 0, self.read("checkpoint", tell=False)
        self.checkpoint = got[0] if got else None
        self.said = re.fullmatch(CHECKPOINT, (self.checkpoint or b"").decode("latin-1"))
    def add(self, code: str, subject: str, wrong: object = True, level: int | None = None) -> None:
        self.kept[code] += bool(wrong)
        if wrong and self.kept[code] <= KEPT.get(code, 1000):
            self.found.append((LEVEL.get(code, 0) if level is None else level, code, subject))
    def kind(self, path: str) -> int:  # by lstat; 0 where there is nothing
        folder, _, name = path.rpartition("/")
        try:
            return stat.S_IFMT(os.lstat(name, dir_fd=self.folders[folder + "/" * bool(folder)]).st_mode)
        except (OSError, KeyError):
            return 0
    def opened(self, path: str) -> BinaryIO:
        folder, _, name = path.rpartition("/")
        if self.kind(path) != stat.S_IFREG:
            raise OSError("no regular file")
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.fdopen(os.open(name, flags, dir_fd=self.folders[folder + "/" * bool(folder)]), "rb")
    def read(self, path: str, keep: int = SMALL, *, tell: bool = True) -> tuple[bytes, int, str] | None:
        """Return the first bytes (one more than asked), size and hash of a file, or tell why there are none."""
        try:
            with self.opened(path) as file:
                data = file.read(keep + 1)
                size, total = len(data), hashlib.sha256(data)
                while part := file.read(SMALL):
                    size += len(part)
                    total.update(part)
        except OSError:
            other = self.kind(path) not in {0, stat.S_IFREG}  # of a sealed file step 1 has told that
            self.add("NOT_A_REGULAR_FILE" if other else "MISSING", path, tell and not (other and path in SEALED))
            return None
        self.hashes[path] = total.hexdigest()
        return data, size, total.hexdigest()
    def signed(self, message: bytes, blob: bytes, key: str, namespace: str) -> bool:
        try:
            return bool(key) and _in_form(blob, key, namespace) and self.check(message, blob, key, namespace)
        except (ValueError, IndexError):
            return False
    def seals(self, message: bytes | None, file: bytes) -> bool:  # (4.2) whether checkpoint.sig is the last key's
        try:
            blob = base64.b64decode(b"".join(file.split(b"\n")[1:-2]))
        except ValueError:
            return False
        key = "".join(self.manifest.keys[-1:])
        return message is not None and file == _armour(blob) and self.signed(message, blob, key, SEAL)
    def steps(self) -> None:
        chain, custody = self.manifest, self.custody
        for name in SEALED:  # step 1
            self.add("NOT_A_REGULAR_FILE", name, self.kind(name) not in {0, stat.S_IFREG})
        for name in ("artifacts", "attachments"):
            code = "MISSING" if self.kind(name) == stat.S_IFDIR else "NOT_A_REGULAR_FILE"
            self.add(code, name, self.kind(name) and name + "/" not in self.folders)
        try:  # step 2
            chain.read()
        except OSError:
            self.add("MISSING", chain.name, self.kind(chain.name) in {0, stat.S_IFREG})
            self.add("MISSING", "checkpoint", self.checkpoint is None and self.kind("checkpoint") == stat.S_IFREG)
            return
        chain.settle(broken=bool(self.said and self.said[4] != chain.last))
        unclosed = self.sealed and chain.whole and chain.before.get("type") != "close"  # step 3
        self.add("TRUNCATED", chain.name, not chain.count or unclosed)
        self.add("NOT_CLOSED", "checkpoint", not self.sealed)
        for path in chain.open if chain.whole and not self.sealed else ():
            self.add("PARTIAL", path)
        if self.sealed:
            self.seal()
        self.contents(chain)  # step 6
        self.others()
        if self.kind(custody.name):  # step 9
            custody.sid, custody.encrypted = chain.sid, chain.encrypted
            custody.last = hashlib.sha256(self.checkpoint or b"").hexdigest()
            self.add("CUSTODY_BREAK", custody.name, self.checkpoint is None)
            try:
                custody.read()
            except OSError:
                self.add("CUSTODY_BREAK", custody.name, self.kind(custody.name) == stat.S_IFREG)
            custody.settle(broken=False)
            self.contents(custody)
            for path in custody.open if custody.whole else ():
                self.add("PARTIAL", path)
        self.listing()
    def seal(self) -> None:  # steps 4 and 5
        chain, said, rebuilt, file = self.manifest, self.said, self.manifest.statement(), self.read("checkpoint.sig", tell=False)
        held = self.seals(rebuilt, file[0] if file else b"")
        if self.checkpoint is None:
            self.read("checkpoint")
        elif self.checkpoint != rebuilt:
            if said and not held:
                count, same = int(said[1]), chain.count == int(said[1])
                follows = chain.count > count or (same and chain.torn)
                self.add("TRUNCATED", chain.name, count > chain.count)
                self.add("DATA_AFTER_CLOSE", chain.name, chain.whole and int(said[2]) < chain.size and follows)
                changed = chain.whole and same and not chain.torn and said[4] != chain.last
                self.add("CHAIN_BREAK", f"{chain.name} line {chain.count}", changed)
            self.add("CHECKPOINT_MISMATCH", "checkpoint")
        if file is None:
            self.read("checkpoint.sig")
        elif chain.keys and self.checkpoint is not None:
            self.add("SIGNATURE_INVALID", "checkpoint.sig", not (held or self.seals(self.checkpoint, file[0])))
    def contents(self, chain: _Chain) -> None:  # steps 6 and 9
        for path, (size, sha256, _, partial) in chain.files.items():
            got = self.read(path, 0)
            self.add("CONTENT_MISMATCH", path, got and got[1:] != (size, sha256))
            self.add("PARTIAL", path, partial, 2)
    def others(self) -> None:  # step 7
        chain, must = self.manifest, {"LISEZ-MOI.txt": self.manifest.first.get("readme_sha256", "")}
        if self.sealed and chain.keys:
            pairs = [(SEAL, chain.keys[-1]), *((PHASE, x) for x in chain.keys)]
            signers = "".join(f'{chain.sid} namespaces="{x}" {key}\n' for x, key in pairs)
            for name, text in (("run_key.pub", chain.keys[-1] + "\n"), ("allowed_signers", signers)):
                must[name] = hashlib.sha256(text.encode()).hexdigest()
        for name, sha256 in must.items():
            got = self.read(name)
            self.add("CONTENT_MISMATCH", name, got and sha256 and (got[2] != sha256 or got[1] > SMALL))
        if not self.sealed or not chain.keys:
            return
        must |= {"checkpoint": hashlib.sha256(chain.statement()).hexdigest(), chain.name: self.said[3] if self.said else ""}
        self.hashes[chain.name] = chain.total.hexdigest()
        wanted = {x: {must.get(x, ""), self.hashes.get(x, "")} - {""} for x in FIXED}
        wanted |= {x: {y[1]} for x, y in chain.files.items()}
        optional = chain.open.keys() - wanted.keys()
        file = self.read("SHA256SUMS", 2 * sum(67 + len(x) for x in [*wanted, *optional]) + LINE)
        text = file[0].decode("latin-1") if file else ""
        listed = [(x[66:], x[:64]) for x in text.split("\n") if x]
        lies = dict(listed)
        wanted |= {x: {lies[x]} for x in optional if x in lies}
        told = [(x, lies[x] if lies.get(x) in good else min(good, default="-")) for x, good in sorted(wanted.items())]
        wrong = min({*told} ^ {*listed}, default=("", ""))[0]
        same = not file or text == "".join(f"{sha256}  {x}\n" for x, sha256 in told)
        self.add("SUMS_MISMATCH", "SHA256SUMS" + f": {wrong}" * bool(wrong), not same)
    def listing(self) -> None:  # step 8
        chain, custody, named = self.manifest, self.custody, {*SEALED, "artifacts", "attachments"}
        named |= {*chain.files, *custody.files}
        legal = {*custody.open, *(x + ".part" for x in custody.open), *(chain.open if self.sealed else chain.announced)}
        legal |= set() if self.sealed else {".reserve", *(x + ".part" for x in SEALED)}
        for folder, descriptor in self.folders.items():
            for path in sorted(folder + x for x in os.listdir(descriptor)):
                name, regular = path.removeprefix(folder), self.kind(path) == stat.S_IFREG
                part = not self.sealed and folder == "artifacts/" and name.endswith(".part") and _fits("path", path[:-5])
                litter = name in {"desktop.ini", "Thumbs.db", ".DS_Store"} or name.startswith("._")
                if path in legal or part:
                    self.add("NOT_A_REGULAR_FILE", path, not regular and path not in named)
                elif path not in named:
                    self.add("LITTER" if litter and regular and folder != "artifacts/" else "EXTRA_FILE", path)
    def outside(self, start: str | None, seal: str | None, nonce: str | None,
                keys: Sequence[str], roots: Sequence[str]) -> list[str]:  # step 10; the anchors
        chain, data, anchors = self.manifest, self.checkpoint, list[str]()
        self.add("START_CODE_MISMATCH", chain.name, start is not None and _wrong(start, chain.start) > 2)
        wrong = 0 if seal is None else _wrong(seal, "" if data is None else hashlib.sha256(data).hexdigest())
        self.add("SEAL_MISMATCH" if wrong > 6 else "SEAL_NEAR", "checkpoint", wrong > 2)
        self.add("KIT_NONCE_MISMATCH", chain.name, nonce is not None and chain.first and chain.first["kit_nonce"] != nonce.lower())
        anchors += [f"seal code, {wrong} characters differ"] if seal is not None and wrong < 3 else []
        anchors += [f"receipt under {x}" for x in self.custody.signers if x in {" ".join(y.split()[:2]) for y in keys}]
        for path, (_, sha256, kind, _) in self.custody.files.items() if roots else ():
            if kind == "timestamp" and (token := self.read(path, tell=False)) and token[2] == sha256:
                time = _stamped(token[0], data or b"", b"\n".join(Path(x).read_bytes() for x in roots))
                self.add("TIMESTAMP_INVALID", path, not time)
                anchors += [f"timestamp {time}, {path}"] if time else []
        return anchors

def examine(path: str | os.PathLike[str], *, start_code: str | None = None, seal_code: str | None = None,
            kit_nonce: str | None = None, expert_keys: Sequence[str] = (), tsa_roots: Sequence[str] = (),
            check_signature: Check | None = None) -> Report:
    """Verify the bundle in a folder; ValueError where it is none or a code is none, RuntimeError without a program."""
    bundle = _Bundle(path, check_signature or ssh_keygen)
    try:
        if not any(bundle.kind(x) for x in ("manifest.jsonl", "checkpoint", "SHA256SUMS")):
            raise ValueError("no bundle")
        bundle.steps()
        anchors = bundle.outside(start_code, seal_code, kit_nonce, expert_keys, tsa_roots)
    finally:
        for descriptor in bundle.folders.values():
            os.close(descriptor)
    found = sorted(bundle.found, key=lambda x: x[0])  # step 12
    verdict = ("ALTERED", "INCOMPLETE")[found[0][0]] if found and found[0][0] < 2 else "ANCHORED" if anchors else "UNANCHORED"
    return Report(verdict, [(code, _shown(subject)) for _, code, subject in found], anchors)

def _shown(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", lambda x: f"\\x{ord(x[0]):02x}", text.encode("ascii", "backslashreplace").decode())

def main() -> int:
    """Run the command line; return the exit code of section 9."""
    parser = argparse.ArgumentParser(description="Verify an evidence bundle.")
    parser.add_argument("bundle")
    for name in ("--start-code", "--seal-code", "--kit-nonce"):
        parser.add_argument(name)
    for name in ("--expert-key", "--tsa-root"):
        parser.add_argument(name, action="append", default=[])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    try:
        keys = [Path(x).read_text("utf-8") for x in given.expert_key]
        report = examine(given.bundle, start_code=given.start_code, seal_code=given.seal_code,
                         kit_nonce=given.kit_nonce, expert_keys=keys, tsa_roots=given.tsa_root)
    except (ValueError, OSError, RuntimeError) as error:
        print("error: " + _shown(str(error)), file=sys.stderr)
        return 2
    lines = [" ".join(x) for x in report.findings] + [*report.anchors, report.verdict]
    print(json.dumps(report._asdict()) if given.json else "\n".join(lines))
    return {"ALTERED": 1, "INCOMPLETE": 3}.get(report.verdict, 0)

if __name__ == "__main__":
    sys.exit(main())
