#!/usr/bin/env python3
"""A second verifier of an evidence bundle, written from docs/SPEC.md alone; the standard library, ssh-keygen, openssl.

It writes nothing into the bundle and follows no link. Numbers in brackets are sections of the SPEC, steps those of 8.
"""
from __future__ import annotations
import argparse, json, os, re, stat, subprocess, sys, tempfile
from base64 import b32encode, b64decode, b64encode
from collections import namedtuple
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

Check = Callable[[bytes, bytes, str, str], bool]  # message, blob, key, namespace
Report = namedtuple("Report", "verdict findings anchors")  # a finding is (code, subject), the root cause first
LINE, SMALL, TAIL, FILE, FOLDER = 1 << 16, 1 << 20, 1 << 30, stat.S_IFREG, stat.S_IFDIR  # (3.1)
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group of Ed25519
SEAL, PHASE, RECEIPT = (f"evidence-collector{x}@v1" for x in ("", "-phase", "-receipt"))
FIXED = ("manifest.jsonl", "checkpoint", "checkpoint.sig", "run_key.pub", "allowed_signers", "LISEZ-MOI.txt")
SEALED, FOLDERS = (*FIXED, "SHA256SUMS", "custody.jsonl"), ("artifacts", "attachments")
NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
LEVEL = dict.fromkeys(("LITTER", "SEAL_NEAR", "TIMESTAMP_INVALID"), 2) | {"CLOCK_STEP": 3}  # INFORMATION
LEVEL |= dict.fromkeys(("TORN_TAIL", "NOT_CLOSED", "PARTIAL"), 1)  # INCOMPLETE; of all others 0: ALTERED
# (5, 10) the tables of manifest and custody, and (3.7) of objects: `-` private, `?` or null, `[]` a list
TABLES = {(where, kind): fields.split() for row in re.split("; ?\\s?", """mc * v:one sid:sid seq:count type:word\
 prev:hash utc:utc local:local mono_ns:ns boot_ns:ns boot_id:boot;
m open case:case -operator:text? -witness:text? tool:tool -arguments:text[] -host:free clock:free kit_nonce:nonce?\
 run_key:key recipients:age[] readme_sha256:hash continues:continues?;
mc artifact path:path kind:word source:word -subject:text? method:plain outcome:had started:utc\
 ended:utc size:count sha256:hash rows:count? -source_times:free? flags:word[]; mc intent path:path kind:word\
 source:word; mc gap source:word outcome:gap path:path? -subject:text? -reason:text; mc note observed:utc? -text:text;
mc observation what:word -data:free; m phase name:word code:code signature:base64; o tool version:plain sha256:hash\
 privileges:word; m resume run_key:key tool:tool -arguments:text[] -torn:torn?; c resume tool:tool -torn:torn?;
m close outcome:ended reason:word? counts:counts isolation:isolation same_boot:boolean; o torn length:count sha256:hash\
 base64:base64; c handover,receipt by:text? to:text role:text? reason:text? place:text? condition:text? checked:checked;
c signature key:signer signature:base64; o checked verdict:result files:count bytes:count; o counts intents:count\
 artifacts:count gaps:count observations:count notes:count; o isolation open:verdict? close:verdict? run:verdict?;
o continues sid:sid head:hash records:count""") for places, kinds, fields in [row.split(" ", 2)]
    for where in places for kind in kinds.split(",")}
FORMS = dict(form.split(" ", 1) for form in re.split("\n|  ", r"""hash [0-9a-f]{64}  sid [0-9a-f]{32}
ns 0|[1-9][0-9]{0,19}  word [a-z0-9][a-z0-9_-]{0,39}  case [A-Za-z0-9][A-Za-z0-9._-]{0,63}  plain [ -~]{1,200}
code [A-Z2-7]{4}(?:-[A-Z2-7]{4}){7}  nonce [0-9a-f]{32,128}  boot [A-Za-z0-9-]{1,64}  age age1[0-9a-z]{1,2000}
key ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-P][A-Za-z0-9+/]{42}  ended complete|cut_short
base64 (?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?
path (?:artifacts|attachments)/[0-9]{6,9}-[a-z0-9-]{1,40}(?:\.(?!part\b)[a-z0-9]{1,8}){1,2}
gap absent|denied|locked|timed_out|over_limit|unsupported|failed  verdict ISOLATED|CONNECTED|UNKNOWN
signer (?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) B64
result ANCHORED|UNANCHORED|INCOMPLETE  had collected|empty  utc WHENZ
local WHEN(?!-00:00)[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]""".replace(
    "WHEN", r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}").replace(
    "B64", "[A-Za-z0-9+/]{4,4096}={0,2}")))
TORN = re.compile(r"""(?aix)(?:(?:artifacts|attachments)/[0-9]{6}|manife|checkp|run_ke|allowe|lisez-|sha256|reserv)~
    [0-9](?:\.[a-z0-9]{1,3})?|(?:artifacts|attachments)/(?=(?:.{13})+\Z)[0-9]{6,9}-[a-z0-9.-]+|manifest\.json
    |checkpoint\.(?:si|pa)|run_key\.pub\.p|allowed_signe|SHA256SUMS\.pa""")  # (2)
def _fits(form: str, value: Any) -> bool:  # (3.3 to 3.7)
    if form.endswith("?"): return value is None or _fits(form[:-1], value)
    if form.endswith("[]"): return isinstance(value, list) and all(_fits(form[:-2], x) for x in value)
    if form in FORMS:
        with suppress(ValueError):
            fits = isinstance(value, str) and re.fullmatch(FORMS[form], value)
            return bool(fits and (form not in {"utc", "local"} or datetime.fromisoformat(value)))
    elif row := TABLES.get(("o", form)):
        table = dict(x.split(":") for x in row)
        return isinstance(value, dict) and list(value) == list(table) and all(_fits(table[x], value[x]) for x in table)
    elif isinstance(value, dict) and (form == "text" or (form == "inside" and list(value) == ["text", "hex"])):
        told = list(value) == ["text", "hex"] and re.fullmatch("(?:[0-9a-f]{2})+", str(value["hex"]))
        raw = bytes.fromhex(value["hex"]) if told and isinstance(value["hex"], str) else b""
        return raw.decode(errors="replace") == value.get("text") and value["text"].encode() != raw
    elif isinstance(value, dict) and form in {"free", "inside"}:
        return list(value) == sorted(value) and all(_fits("inside", x) for x in value.values())
    elif form == "inside": return not isinstance(value, list) or all(_fits("inside", x) for x in value)
    return type(value) is {"text": str, "count": int, "boolean": bool}.get(form) or form + repr(value) == "one1"
def _plain(value: Any, depth: int) -> bool:  # (3.1)
    if isinstance(value, dict | list):
        return depth > 0 and all(_plain(x, depth - 1) for x in (value.values() if isinstance(value, dict) else value))
    return value is None or isinstance(value, str) or (isinstance(value, int) and 0 <= value < 2**53)
def _spelled(line: bytes) -> dict[str, Any] | None:  # (3.2)
    with suppress(ValueError, RecursionError):
        record = json.loads(line.decode("ascii"))
        json.dumps(record, ensure_ascii=False).encode()  # refuses a surrogate without its partner
        same = json.dumps(record, separators=(",", ":")).encode() == line
        return record if same and isinstance(record, dict) and _plain(record, 8) else None
    return None
def _sha(data: bytes) -> str: return sha256(data).hexdigest()
def _code(digest: str) -> str: return "-".join(re.findall("....", b32encode(bytes.fromhex(digest)[:20]).decode()))
def _wrong(typed: str | None, digest: str) -> int:  # (4.4) the number of wrong characters
    if typed is None: return 0
    kept = re.sub("[- \u2010\u2011\u2013\u00a0\t\r\n]", "", typed)
    kept = kept.upper().translate(str.maketrans("018", "OIB")) if kept.isascii() else ""
    if not re.fullmatch("[A-Z2-7]{32}", kept): raise ValueError("no code: " + typed)
    return sum(a != b for a, b in zip(kept, _code(digest).replace("-", ""), strict=True)) if digest else 32
def _strings(data: bytes, rest: int = 0) -> list[bytes]:  # (4.2) all of them, up to so many last bytes
    if len(data) == rest: return []
    end = 4 + int.from_bytes(data[:4])
    if end + rest > len(data): raise ValueError("cut short")
    return [data[4:end], *_strings(data[end:], rest)]
def _in_form(blob: bytes, key: str, namespace: str) -> bool:  # (4.2, 10.2) what ssh-keygen does not hold; ValueError
    word, _, public64 = key.partition(" ")
    kind, public = word.encode(), b64decode(public64, validate=True)
    (*start, digest, body), fido = _strings(blob[10:]), kind.startswith(b"sk-")
    name, signature = _strings(body, 5 * fido)
    good = blob[:10] == b"SSHSIG\0\0\0\1" and start == [public, namespace.encode(), b""]
    good = good and (digest == b"sha512" or (digest, namespace) == (b"sha256", RECEIPT))
    if b"ed25519" in kind:
        good = good and name == kind and len(signature) == 64 and int.from_bytes(signature[32:], "little") < ORDER
    if kind == b"ssh-rsa":
        exponent, modulus = (int.from_bytes(x) for x in _strings(public)[1:])
        good = good and 2048 <= modulus.bit_length() <= 16384 and exponent > 1 and exponent % 2 == 1
        good = good and len(signature) == (modulus.bit_length() + 7) // 8
    return good and (not fido or body[-5] & 1 == 1)
def _armour(text: str) -> bytes:  # (4.2)
    lines = ["-----BEGIN SSH SIGNATURE-----", *re.findall(".{1,70}", text), "-----END SSH SIGNATURE-----", ""]
    return "\n".join(lines).encode()
def _ask(*arguments: str, given: bytes = b"", **files: bytes) -> str:  # what a program says; nothing if it refuses
    try:
        with tempfile.TemporaryDirectory() as place:
            for name, data in files.items(): Path(place, name).write_bytes(data)
            done = subprocess.run(arguments, cwd=place, input=given, capture_output=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error: raise RuntimeError(f"{arguments[0]}: {error}") from None
    return "" if done.returncode else done.stdout.decode(errors="replace") or "yes"
def ssh_keygen(message: bytes, blob: bytes, key: str, namespace: str) -> bool:
    """Tell whether stock ssh-keygen takes the signature."""
    options = ("-Y", "verify", "-f", "signers", "-I", "x", "-s", "sig", "-n", namespace)
    sig, signers = _armour(b64encode(blob).decode()), f"x {key}\n".encode()
    return bool(_ask("ssh-keygen", *options, given=message, sig=sig, signers=signers))
def _stamped(token: bytes, data: bytes, roots: bytes) -> str:  # (10.3) the genTime of one that holds
    said = _ask("openssl", "ts", "-reply", "-in", "token", "-text", token=token)
    when = re.search(r"\nHash Algorithm: sha256\n(?:.*\n)*?Time stamp: (\w{3} +\d+ [\d:]{8})(?:\.\d+)?( \d{4}) GMT\n",
                     said.rpartition("TST info:")[2])  # what stands before it is not signed
    if not when or not said.startswith("Status info:\nStatus: Granted.\n"): return ""
    time = datetime.strptime(when[1] + when[2], "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    options = ("-data", "data", "-in", "token", "-CAfile", "roots", "-attime", f"{time.timestamp():.0f}")
    return str(time) if _ask("openssl", "ts", "-verify", *options, token=token, data=data, roots=roots) else ""

class _Chain:  # the records of manifest or custody, read once: steps 2 and 9
    sid, start, last, count, size, tail, broken, whole, stepped = "", "", "0" * 64, 0, 0, 0, -1, True, False
    def __init__(self, bundle: _Bundle, name: str) -> None:
        self.bundle, self.name, self.where, self.folder = bundle, name, name[0], FOLDERS[name[0] == "c"] + "/"
        self.first, self.before, self.total = dict[str, Any](), dict[str, Any](), sha256()
        self.announced, self.open, self.files = (dict[str, dict[str, Any]]() for _ in range(3))
        self.keys, self.signers, self.counts = list[str](), list[str](), {x[:-6]: 0 for x in TABLES["o", "counts"]}
    def statement(self) -> bytes:  # (4.1) the checkpoint of what was read so far
        lines = (f"evidence-collector/v1/{self.sid}", self.count, self.size, self.total.hexdigest(), self.last, "")
        return "\n".join(map(str, lines)).encode()
    def fault(self, code: str, index: int) -> None:  # the first of a chain is told: what follows is unproven
        kept = self.where == "m" or code == "RECEIPT_INVALID"
        self.bundle.add(code if kept else "CUSTODY_BREAK", f"{self.name} line {index + 1}", self.whole)
        self.whole = False
    def settle(self, *, wrong: bool) -> None:  # after a wrong `prev`: that one was changed, if the next is wrong too
        if self.broken >= 0: self.fault("CHAIN_BREAK", self.broken if wrong else max(self.broken - 1, 0))
    def read(self) -> bool:
        message = self.statement()
        try:
            with self.bundle.opened(self.name) as file:
                while self.tail <= TAIL and (part := file.readline(LINE + 1)):
                    self.total.update(part)
                    self.size, self.tail = self.size + len(part), self.tail + len(part)
                    if part.endswith(b"\n"):
                        self.line(part[:-1] if self.tail == len(part) else b"", message)
                        self.tail, message = 0, self.statement()
        except OSError: return False
        if self.tail > TAIL: self.fault("BAD_RECORD", self.count)
        self.bundle.add("TORN_TAIL", self.name, self.tail)
        self.bundle.hashes[self.name] = self.total.hexdigest()
        return True
    def line(self, line: bytes, message: bytes) -> None:
        read, own = _spelled(line), _sha(line)
        code = "BAD_RECORD" if read is None else self.misfit(read)
        record: dict[str, Any] = {} if code else read or {}
        self.start, self.sid = self.start or own, self.sid or record.get("sid", "")
        wrong = record.get("prev", self.last) != self.last
        self.settle(wrong=wrong)
        if not code and self.whole:
            code = "CHAIN_BREAK" if record["seq"] != self.count or (record["sid"] != self.sid and not wrong) else ""
            self.broken = self.count if wrong and not code else -1
            code = self.breach(record, message) if not code and not wrong else code
        if code: self.fault(code, self.count)
        if record: self.take(record, record["type"], record.get("path") or "")
        self.before, self.count, self.last = record, self.count + 1, own
    def misfit(self, record: dict[str, Any]) -> str:  # (5) the code of a record that does not fit its table
        kind = str(record.get("type"))
        if type(record.get("v")) is int and record["v"] != 1: return "FORMAT_VERSION"
        is_first, row = kind == "open" and not self.count, TABLES.get((self.where, kind), ["no:type"])
        first = record if is_first else self.first
        clear = [x for x in row if x[0] != "-" or not (first.get("recipients") if first else "private" in record)]
        clear += ["private:base64"] * (len(clear) < len(row))
        table = dict(x.lstrip("-").split(":") for x in TABLES[self.where, "*"] + clear)
        wrong = [x for x in table if not _fits(table[x], record[x])] if list(record) == list(table) else ["type"]
        if not wrong and datetime.fromisoformat(record["utc"]) == datetime.fromisoformat(record["local"]): return ""
        return "UNSAFE_PATH" if wrong[:1] == ["path"] else "SCHEMA"
    def breach(self, record: dict[str, Any], message: bytes) -> str:  # (5.3, 10.2) the code of the first broken rule
        kind, path, before, hold = record["type"], record.get("path") or "", self.before.get("type"), self.bundle.signed
        same = all(self.open.get(path, {}).get(x) == record[x] for x in ("kind", "source") if x in record)
        if self.where == "m" and (kind == "open") != (self.count == 0): return "SCHEMA"
        if before == "close" and kind != "resume": return "DATA_AFTER_CLOSE"
        if kind == "intent": return "" if path.startswith(f"{self.folder}{self.count:06d}-") else "UNSAFE_PATH"
        if kind in {"artifact", "gap"}: return "" if same or not path else "SCHEMA"
        if kind == "close": return "SCHEMA" if self.open or record["counts"] != self.counts else ""
        if (kind == "phase" and record["code"] != _code(self.last)) or (kind == "signature" and before != "receipt"):
            return "SCHEMA"
        if kind == "phase" and not hold(message, record["signature"], self.keys, PHASE): return "SIGNATURE_INVALID"
        if kind != "signature": return ""
        self.signers.append(record["key"])
        return "" if hold(message, record["signature"], self.signers, RECEIPT) else "RECEIPT_INVALID"
    def take(self, record: dict[str, Any], kind: str, path: str) -> None:  # what later lines and steps need
        if kind == "open" and not self.count: self.first = record
        if kind + "s" in self.counts: self.counts[kind + "s"] += 1
        if "run_key" in record: self.keys.append(record["run_key"])
        if kind == "intent": self.open[path] = self.announced[path] = record
        else: self.open.pop(path, None)
        if kind == "artifact": self.files.setdefault(path, record)
        if self.whole and self.broken < 0 and self.before.get("boot_id") == record["boot_id"]:  # step 11
            (a, b), (c, d) = ((datetime.fromisoformat(x["utc"]), int(x["boot_ns"])) for x in (self.before, record))
            self.stepped |= d < b or abs((c - a) // timedelta.resolution * 1000 - (d - b)) > 10**9

class _Bundle:  # the folder, held open
    def __init__(self, path: str | os.PathLike[str], check: Check) -> None:
        self.check, self.found, flags = check, list[tuple[int, str, str]](), os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
        self.folders, self.hashes = {"": os.open(path, flags)}, dict[str, str]()
        for name in FOLDERS:
            with suppress(OSError): self.folders[name] = os.open(name, flags | NOFOLLOW, dir_fd=self.folders[""])
        self.lost = [x for x in FOLDERS if x not in self.folders and self.kind(x) == FOLDER]
        self.manifest, self.custody = _Chain(self, "manifest.jsonl"), _Chain(self, "custody.jsonl")
        self.sealed, self.checkpoint = self.kind("checkpoint") != 0, self.read("checkpoint", tell=False)[0]
        self.said = [*(self.checkpoint or b"").decode("latin-1").split("\n"), *[""] * 4]
    def add(self, code: str, subject: str, wrong: object = 1, level: int = -1) -> None:
        if wrong: self.found.append((LEVEL.get(code, 0) if level < 0 else level, code, subject))
    def kind(self, path: str) -> int:  # by lstat; 0 where there is nothing
        folder, _, name = path.rpartition("/")
        with suppress(OSError, KeyError): return stat.S_IFMT(os.lstat(name, dir_fd=self.folders[folder]).st_mode)
        return 0
    def opened(self, path: str) -> BinaryIO:  # OSError
        folder, _, name = path.rpartition("/")
        if self.kind(path) != FILE: raise OSError("no regular file")
        return os.fdopen(os.open(name, os.O_RDONLY | NOFOLLOW, dir_fd=self.folders[folder]), "rb")
    def read(self, path: str, keep: int = SMALL, *, tell: bool = True) -> tuple[bytes | None, int, str]:
        try:  # the first bytes (one more than asked), size and SHA-256 of a file
            with self.opened(path) as file:
                data, size, total = (part := file.read(keep + 1)), 0, sha256()
                while part:
                    total.update(part)
                    size, part = size + len(part), file.read(SMALL)
        except OSError:
            code = "MISSING" if self.kind(path) in {0, FILE} else "NOT_A_REGULAR_FILE"  # of SEALED told in step 1
            self.add(code, path, tell and not (code != "MISSING" and path in SEALED))
            return None, 0, ""
        over = path in FIXED and len(data) > keep  # longer than it may be: it is not looked into
        self.add("CONTENT_MISMATCH", path, over and tell)
        if not over: self.hashes[path] = total.hexdigest()
        return (None, 0, "") if over else (data, size, total.hexdigest())
    def signed(self, message: bytes, text: str, keys: list[str], namespace: str) -> bool:  # by the last of the keys
        with suppress(ValueError, IndexError, RecursionError):
            good = b64encode(blob := b64decode(text)).decode() == text and _in_form(blob, keys[-1], namespace)
            return good and self.check(message, blob, keys[-1], namespace)
        return False
    def steps(self) -> None:
        chain, custody, data = self.manifest, self.custody, self.checkpoint
        for name in sorted((*SEALED, *FOLDERS)):  # step 1
            self.add("NOT_A_REGULAR_FILE", name, self.kind(name) not in {0, FOLDER if name in FOLDERS else FILE})
            self.add("MISSING", name, name in self.lost)
        if not chain.read():  # step 2
            for name in (chain.name, "checkpoint") if data is None else (chain.name,): self.read(name)
            return
        chain.settle(wrong=self.checkpoint is not None and self.said[4] != chain.last)
        closed = not self.sealed or not chain.whole or chain.before.get("type") == "close"  # step 3
        self.add("TRUNCATED", chain.name, not (chain.count and closed))
        self.seal() if self.sealed else self.add("NOT_CLOSED", "checkpoint")
        self.contents(chain)  # step 6
        self.others()
        if self.kind(custody.name):  # step 9
            custody.sid, custody.first, custody.last = chain.sid, chain.first, _sha(data or b"")
            unread = data is None or (not custody.read() and self.kind(custody.name) == FILE)
            self.add("CUSTODY_BREAK", custody.name, unread)
            custody.settle(wrong=False)
            self.contents(custody)
        self.listing()
    def seal(self) -> None:  # steps 4 and 5
        chain, said, rebuilt, data = self.manifest, self.said, self.manifest.statement(), self.checkpoint
        file = self.read("checkpoint.sig", tell=False)[0]
        text = "".join((file or b"").decode("latin-1").split("\n")[1:-2])
        held = [x for x in {rebuilt, data or b""} if file == _armour(text) and self.signed(x, text, chain.keys, SEAL)]
        if data is None: self.read("checkpoint")
        elif data != rebuilt:
            if rebuilt not in held:
                records, length = (int(x) if re.fullmatch("[0-9]{1,18}", x) else None for x in said[1:3])
                follows = chain.tail > 0 or (records is not None and records < chain.count)
                more = chain.whole and follows and length is not None and length < chain.size
                changed = chain.whole and records == chain.count and not follows and said[4] != chain.last
                self.add("TRUNCATED", chain.name, records is not None and records > chain.count)
                self.add("DATA_AFTER_CLOSE", chain.name, more)
                self.add("CHAIN_BREAK", f"{chain.name} line {chain.count}", changed)
            self.add("CHECKPOINT_MISMATCH", "checkpoint")
        if file is None: self.read("checkpoint.sig")
        elif chain.keys and data is not None: self.add("SIGNATURE_INVALID", "checkpoint.sig", not held)
    def contents(self, chain: _Chain) -> None:  # steps 6 and 9
        for path, record in chain.files.items() if chain.folder[:-1] not in self.lost else ():
            data, *got = self.read(path, 0)
            self.add("CONTENT_MISMATCH", path, data is not None and got != [record["size"], record["sha256"]])
            self.add("PARTIAL", path, "partial" in record["flags"], 2)
        for path in chain.open: self.add("PARTIAL", path, chain.whole and (chain.where == "c" or not self.sealed))
    def others(self) -> None:  # step 7
        chain, must = self.manifest, {"LISEZ-MOI.txt": self.manifest.first.get("readme_sha256", "")}
        if self.sealed and chain.keys:
            lines = [(SEAL, chain.keys[-1]), *((PHASE, x) for x in chain.keys)]
            signers = "".join(f'{chain.sid} namespaces="{x}" {key}\n' for x, key in lines)
            must |= {"run_key.pub": _sha(f"{chain.keys[-1]}\n".encode()), "allowed_signers": _sha(signers.encode())}
        for name, digest in must.items():
            self.add("CONTENT_MISMATCH", name, (lies := self.read(name)[2]) and digest and lies != digest)
        if not self.sealed or not chain.keys: return
        must |= {chain.name: self.said[3], "checkpoint": _sha(chain.statement())}
        wanted = {x: {must.get(x, ""), self.hashes.get(x, "")} - {""} for x in FIXED}
        wanted |= {x: {record["sha256"]} for x, record in chain.files.items()}
        data, *_ = self.read("SHA256SUMS", most := 2 * sum(67 + len(x) for x in (*wanted, *chain.open)) + LINE)
        text = [x for x in (data or b"").decode("latin-1").split("\n") if x[66:] not in chain.open]
        pairs = {x[66:]: x[:64] for x in text if x}
        told = {x: min(good) if good and pairs.get(x) not in good else pairs.get(x, "") for x, good in wanted.items()}
        told = {x: digest for x, digest in sorted(told.items()) if digest}
        wrong = min({*told.items()} ^ {*pairs.items()}, default=("",))[0] if len(data or b"") <= most else ""
        same = data is None or text == [*(f"{digest}  {x}" for x, digest in told.items()), ""]
        self.add("SUMS_MISMATCH", f"SHA256SUMS: {wrong}".removesuffix(": "), not same)
    def listing(self) -> None:  # step 8
        chain, custody, loose = self.manifest, self.custody, not self.sealed
        named, starts = {*SEALED, *FOLDERS, *chain.files, *custody.files}, dict[str, list[str]]()
        for x in named: starts.setdefault(x[:x.rfind("/") + 7].lower(), []).append(x)
        legal = {*custody.open, *(x + ".part" for x in custody.open), *(chain.announced if loose else chain.open)}
        legal |= {".reserve", *(x + ".part" for x in (*FIXED, "SHA256SUMS"))} if loose else set()
        there = {f"{folder}/{x}".lstrip("/") for folder, fd in self.folders.items() for x in os.listdir(fd)}
        for path in sorted(there - named, key=os.fsencode):
            regular, torn, end = self.kind(path) == FILE, TORN.fullmatch(path), path.rfind("/") + 7
            part = path in legal or (bool(torn and custody.open) if path.startswith("attachments/") else
                   loose and bool(torn or (path.endswith(".part") and _fits("path", path[:-5]))))
            litter = re.fullmatch(r"(attachments/)?(desktop\.ini|Thumbs\.db|\.DS_Store|\._[^/]*)", path, re.DOTALL)
            old = starts.get(path[:end].lower(), []) if torn else [path[:-5]] if path[:-5] + ".part" == path else []
            before = regular and any(self.begins(path, x) for x in old if x in named)  # section 2
            code = "LITTER" if before or (litter and regular) else "EXTRA_FILE"
            self.add("NOT_A_REGULAR_FILE" if part else code, path, not (part and regular))
    def begins(self, part: str, whole: str) -> bool:  # whether the bytes of a file, one at least, begin another
        with suppress(OSError), self.opened(part) as one, self.opened(whole) as two:
            some = data = one.read(SMALL)
            while data and data == two.read(len(data)): data = one.read(SMALL)
            return some != b"" and not data
        return False

def examine(path: str | os.PathLike[str], *, start_code: str | None = None, seal_code: str | None = None,
            kit_nonce: str | None = None, expert_keys: Sequence[str] = (), tsa_roots: Sequence[str] = (),
            check_signature: Check | None = None) -> Report:
    """Verify the bundle in a folder; ValueError where it is none or a code is none, RuntimeError without a program."""
    bundle, roots = _Bundle(path, check_signature or ssh_keygen), [Path(x).read_bytes() for x in tsa_roots]
    chain, lines = bundle.manifest, [re.findall(r"(?m)^[^\S\n]*[^#\s].*", text) or [""] for text in expert_keys]
    keys = {next((y for y in map(" ".join, pairwise(x.split())) if _fits("signer", y)), "") for z in lines for x in z}
    try:
        if "" in keys: raise ValueError("no SSH key")
        if not any(map(bundle.kind, (chain.name, "checkpoint", "SHA256SUMS"))): raise ValueError("no bundle")
        bundle.steps()
        bundle.add("CLOCK_STEP", chain.name, chain.stepped)  # step 11
        bundle.add("START_CODE_MISMATCH", chain.name, _wrong(start_code, chain.start) > 2)  # step 10
        wrong = _wrong(seal_code, "" if bundle.checkpoint is None else _sha(bundle.checkpoint))
        bundle.add("SEAL_MISMATCH" if wrong > 6 else "SEAL_NEAR", "checkpoint", wrong > 2)
        fits = kit_nonce is None or not chain.first or chain.first["kit_nonce"] == kit_nonce.lower()
        bundle.add("KIT_NONCE_MISMATCH", chain.name, not fits)
        anchors = [f"seal code, {wrong} characters differ"] * (seal_code is not None and wrong < 3)
        anchors += [f"receipt under {x}" for x in bundle.custody.signers if x in keys]
        for name, record in bundle.custody.files.items() if roots else ():
            token, _, digest = bundle.read(name, tell=False)
            if record["kind"] == "timestamp" and token and digest == record["sha256"]:
                time = _stamped(token, bundle.checkpoint or b"", b"\n".join(roots))
                bundle.add("TIMESTAMP_INVALID", name, not time)
                anchors += [f"timestamp {time}, {name}"] * bool(time)
    finally:
        for descriptor in bundle.folders.values(): os.close(descriptor)
    found, unhurt = sorted(bundle.found, key=lambda x: x[0])[:1000], "ANCHORED" if anchors else "UNANCHORED"  # step 12
    verdict = {0: "ALTERED", 1: "INCOMPLETE"}.get(found[0][0], unhurt) if found else unhurt
    return Report(verdict, [(code, _shown(subject)) for _, code, subject in found], anchors)
def _shown(text: str) -> str:
    text = text.encode("ascii", "backslashreplace").decode()
    return "".join(x if " " <= x <= "~" else f"\\x{ord(x):02x}" for x in text)
def _main() -> int:  # the exit code of section 9
    parser = argparse.ArgumentParser(description="Verify an evidence bundle.")
    parser.add_argument("path", metavar="BUNDLE")
    for name in ("start_code", "seal_code", "kit_nonce"): parser.add_argument("--" + name.replace("_", "-"))
    for name in ("expert-key", "tsa-root"):
        parser.add_argument("--" + name, dest=name.replace("-", "_") + "s", action="append", default=[])
    parser.add_argument("--json", action="store_true")
    given = vars(parser.parse_args())
    try:
        given["expert_keys"] = [Path(x).read_text("utf-8-sig", "replace") for x in given["expert_keys"]]
        as_json, report = given.pop("json"), examine(**given)
    except (ValueError, OSError, RuntimeError) as error:
        print("error: " + _shown(str(error)), file=sys.stderr)
        return 2
    lines = [*map(" ".join, report.findings), *report.anchors, report.verdict]
    print(json.dumps(report._asdict()) if as_json else "\n".join(lines))
    return {"ALTERED": 1, "INCOMPLETE": 3}.get(report.verdict, 0)

if __name__ == "__main__": sys.exit(_main())
