"""The third verifier, which knew the text of docs/SPEC.md alone, says what the first one says."""

from __future__ import annotations

import ast
import base64
import json
import os
import random
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import tampered
import test_timestamp
import tsa
import vectors

from collector import countersign
from collector.anchors import Trusted
from collector.errors import NotABundleError, UsageError
from collector.schema import is_signer
from collector.timestamp import roots_from
from collector.verify import examine

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "third_verifier.py"
sys.path.insert(0, str(SCRIPT.parent))
import third_verifier as third  # noqa: E402 - a script, which is no package

ALL = vectors.all_vectors()
SOUND = [vector for vector in ALL if vector.expect != "ALTERED"]
SHARES = 8
WRITTEN_IN = 640
"""Lines that the third verifier may have: it is to be read in one sitting."""
NOTE = {"type": "note", "observed": None, "text": "Seen."}
HANDED = {"by": "Anne", "to": "Expert", "role": None, "reason": None, "place": None, "condition": None,
          "checked": {"verdict": "UNANCHORED", "files": 9, "bytes": 9000}}  # fmt: skip
RECEIPT = "evidence-collector-receipt@v1"


def asked(vector: vectors.Vector) -> dict:
    """Return what a vector's arguments mean for the third verifier."""
    given = dict(zip(vector.arguments[::2], vector.arguments[1::2], strict=True))
    keys = [given["--expert-key"].replace(",", " ")] if "--expert-key" in given else []
    roots = [(tsa.SAMPLE / given["--tsa-root"]).read_bytes()] if "--tsa-root" in given else []
    codes = {name: given.get("--" + name.replace("_", "-")) for name in ("start_code", "seal_code", "kit_nonce")}
    return {**codes, "expert_keys": keys, "tsa_roots": roots}


def told(report) -> tuple[str, str, str]:
    """Return verdict, code and subject of the first finding."""
    return (report.verdict, *report.findings[0][:2]) if report.findings else (report.verdict, "", "")


def quick(message: bytes, blob: bytes, public: bytes, namespace: str) -> bool:
    """Check a signature without a process, but for keys that are not Ed25519."""
    check = tampered.check if public.startswith(tampered.string(tampered.ALGORITHM)) else third._ssh_keygen
    return check(message, blob, public, namespace)


@pytest.mark.parametrize("vector", ALL, ids=lambda vector: vector.name)
def test_every_vector_is_told_for_what_it_is(vector, tmp_path):
    """Verdict, code and place of the first finding; by stock programs; and nothing in the folder changed."""
    folder = vector.lay(tmp_path / "bundle")
    before = vectors.snapshot(folder)
    report = third.examine(folder, **asked(vector))
    verdict, code, subject = told(report)
    assert (verdict, code) == (vector.expect, vector.code), report.findings
    if code == "SUMS_MISMATCH":  # the first verifier names a path only where the sets of lines differ
        subject, _, _ = subject.partition(":")
    assert subject == (vector.subject.partition(":")[0] if code == "SUMS_MISMATCH" else vector.subject)
    assert all(text.isprintable() for finding in report.findings for text in finding)
    assert vectors.snapshot(folder) == before


@pytest.mark.parametrize("share", range(SHARES))
def test_both_say_the_same_of_mutants(share, tmp_path):
    """Flipped bytes, moved lines and files, records that were changed and sealed again: one verdict."""
    seen = set()
    for number in range(share, 640, SHARES):
        vector, world = tampered.mutant(number, SOUND if number % 3 else ALL)
        given = dict(zip(vector.arguments[::2], vector.arguments[1::2], strict=True))
        folder = tampered.laid(world, tmp_path / str(number))
        try:
            first = examine(folder, vectors.trusted(given))
        except NotABundleError:
            with pytest.raises(third.UsageError):
                third.examine(folder, check_signature=quick)
            continue
        report = third.examine(folder, **asked(vector), check_signature=quick)
        assert report.verdict == str(first.verdict), (number, vector.name, first.findings, report.findings)
        seen.add(report.verdict)
    assert seen >= {"ALTERED", "INCOMPLETE", "UNANCHORED"}


# What stands unsealed, and what no vector holds: a place where two readings of the text once differed, each.


def world_of(name: str) -> dict[str, bytes]:
    vector = next(vector for vector in ALL if vector.name == name)
    entries = ((path, entry) for path, entry in vector.world.items() if "folder" not in entry)
    return {path: vectors.content(entry) for path, entry in entries}


def records_of(world: dict[str, bytes]) -> list[dict]:
    return [json.loads(line) for line in world["manifest.jsonl"].splitlines()]


def both(world: dict[str, bytes], folder: Path) -> tuple[str, str]:
    """Return verdict and first code of a bundle, on which both agree."""
    tampered.laid(world, folder)
    first, report = examine(folder, Trusted()), third.examine(folder, check_signature=quick)
    code = str(first.findings[0].code) if first.findings else ""
    assert (str(first.verdict), code) == told(report)[:2], (first.findings, report.findings)
    return told(report)[:2]


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("custody.jsonl.part", "ALTERED"),
        ("SHA256SUMS.part", "INCOMPLETE"),
        ("artifacts/000009-x.jsonl.part", "INCOMPLETE"),
        ("artifacts/000009-x.part.part", "ALTERED"),
        ("artifacts/000009-x.jsonl.part.part", "ALTERED"),
        ("attachments/000009-x.jsonl.part", "ALTERED"),
        ("checkpoint.sig", "INCOMPLETE"),
    ],
)
def test_what_may_stand_in_an_unsealed_bundle(name, verdict, tmp_path):
    assert both(world_of("never_closed") | {name: b"x"}, tmp_path / "b")[0] == verdict


@pytest.mark.parametrize(
    ("name", "of", "cut", "verdict"),
    [
        ("checkpoint.part", "checkpoint", 1, "UNANCHORED"),
        ("SHA256SUMS.part", "SHA256SUMS", None, "UNANCHORED"),
        ("custody.jsonl.part", "custody.jsonl", 100, "UNANCHORED"),
        ("artifacts/000001-processes.jsonl.part", "artifacts/000001-processes.jsonl", 4, "UNANCHORED"),
        ("run_key.pub.part", "run_key.pub", 0, "ALTERED"),
        ("LISEZ-MOI.txt.part", "checkpoint", None, "ALTERED"),
        ("._x.part", "checkpoint", 3, "UNANCHORED"),
        ("x.part", "checkpoint", 3, "ALTERED"),
    ],
)
def test_a_name_from_before_is_the_beginning_of_the_file_beside_it(name, of, cut, verdict, tmp_path):
    world = world_of("custody_note")
    assert both(world | {name: world[of][:cut]}, tmp_path / "b")[0] == verdict
    longer = both(world | {name: world[of][:cut] + b"x"}, tmp_path / "longer")[0]
    assert longer == ("UNANCHORED" if name == "._x.part" else "ALTERED")


def test_a_file_whose_intent_ended_in_a_gap_is_extra(tmp_path):
    world = world_of("unsealed_not_recorded")
    records = records_of(world)
    intent = next(record for record in records if record["type"] == "intent")
    gap = {name: value for name, value in records[0].items() if name in ("v", "sid", "seq", "type", "prev", "utc",
           "local", "mono_ns", "boot_ns", "boot_id")}  # fmt: skip
    gap |= {"type": "gap", "source": intent["source"], "outcome": "failed", "path": intent["path"], "subject": None}
    tampered.sealed(world, tampered.linked([*records, gap | {"reason": "none"}], "0" * 64, custody=False))
    assert both(world, tmp_path / "b") == ("ALTERED", "EXTRA_FILE")


def test_a_bundle_without_artifacts_needs_no_folder_for_them(tmp_path):
    """A tar or an archive may have lost an empty folder; nothing is lost with it."""
    world = world_of("good")
    kept = [record for record in records_of(world) if record["type"] not in ("intent", "artifact")]
    world = {name: data for name, data in world.items() if "/" not in name}
    tampered.sealed(world, tampered.linked(kept, "0" * 64, custody=False))
    assert both(world, tmp_path / "b") == ("UNANCHORED", "")
    (tmp_path / "b" / "artifacts").rmdir()
    assert str(examine(tmp_path / "b", Trusted()).verdict) == "UNANCHORED"
    assert third.examine(tmp_path / "b", check_signature=quick).verdict == "UNANCHORED"


@pytest.mark.parametrize("host", tampered.TEXTS)
def test_a_free_object_that_is_a_text(host, tmp_path):
    world = world_of("good")
    records = records_of(world)
    records[0]["host"] = host
    tampered.sealed(world, tampered.linked(records, "0" * 64, custody=False))
    assert both(world, tmp_path / "b")[0] == ("UNANCHORED" if host in tampered.TEXTS[:1] else "ALTERED")


# Custody, made by hand and signed by stock ssh-keygen


def custody(world: dict[str, bytes], *records: dict, sign=None) -> list[bytes]:
    """Add custody records to a sealed world; `sign(message)` gives the blob of each signature."""
    common = {name: records_of(world)[-1][name] for name in ("v", "sid", "seq", "type", "prev", "utc", "local",
              "mono_ns", "boot_ns", "boot_id")}  # fmt: skip
    lines: list[bytes] = []
    for number, record in enumerate(records):
        prev = tampered.sha256(lines[-1] if lines else world["checkpoint"])
        if record["type"] == "signature":
            record["signature"] = base64.b64encode(sign(tampered.statement(common["sid"], lines))).decode()
        lines.append(tampered.encode(common | {"seq": number, "prev": prev} | record))
    world["custody.jsonl"] = b"".join(line + b"\n" for line in lines)
    return lines


class Signer:
    """A key of somebody, made and used by stock ssh-keygen."""

    def __init__(self, folder: Path, *how: str) -> None:
        self.path = folder / "key"
        subprocess.run(["/usr/bin/ssh-keygen", "-q", "-N", "", "-C", "", "-f", self.path, *how], check=True)
        self.public = " ".join((folder / "key.pub").read_text().split()[:2])

    def __call__(self, message: bytes, *options: str) -> bytes:
        command = ["/usr/bin/ssh-keygen", "-q", "-Y", "sign", "-f", self.path, "-n", RECEIPT, *options]
        armour = subprocess.run(command, input=message, capture_output=True, check=True).stdout
        return base64.b64decode(b"".join(armour.splitlines()[1:-1]))


def verdicts(folder: Path, *keys: str) -> tuple[str, str]:
    """Return the verdict and first code, on which both agree under these keys, by stock programs."""
    first, report = examine(folder, Trusted(expert_keys=keys)), third.examine(folder, expert_keys=keys)
    code = str(first.findings[0].code) if first.findings else ""
    assert (str(first.verdict), code) == told(report)[:2], (first.findings, report.findings)
    return told(report)[:2]


@pytest.mark.parametrize(
    "how",
    [("-t", "ed25519"), ("-t", "rsa", "-b", "2048"), *(("-t", "ecdsa", "-b", bits) for bits in ("256", "384", "521"))],
    ids=lambda how: "-".join(how[1::2]),
)
@pytest.mark.parametrize("digest", ["sha512", "sha256"])
def test_a_receipt_that_stock_ssh_keygen_signed_is_an_anchor(how, digest, tmp_path):
    """Under the key that the verifier brings; under none it proves nothing; and what is before it can't be changed."""
    signer = Signer(tmp_path, *how)
    chain = [NOTE, {"type": "handover", **HANDED}, {"type": "receipt", **HANDED},
             {"type": "signature", "key": signer.public}, NOTE]  # fmt: skip
    world = world_of("good")
    custody(world, *chain, sign=lambda message: signer(message, "-O", f"hashalg={digest}"))
    folder = tampered.laid(world, tmp_path / "bundle")
    assert verdicts(folder, signer.public) == ("ANCHORED", "")
    assert verdicts(folder, "ssh-ed25519 AAAA") == ("UNANCHORED", "")
    blob = signer(b"something else")
    custody(world, *chain, sign=lambda _: blob)
    (folder / "custody.jsonl").write_bytes(world["custody.jsonl"])
    assert verdicts(folder, signer.public) == ("ALTERED", "RECEIPT_INVALID")


def test_a_weak_key_and_another_spelling_of_a_signature_are_refused(tmp_path):
    """RSA of 1,024 bits; S + L of Ed25519, which ssh-keygen takes; and a signature that follows no receipt."""
    world, (weak, right) = world_of("good"), (tmp_path / "weak", tmp_path / "right")
    weak.mkdir(), right.mkdir()
    key = Signer(weak, "-t", "rsa", "-b", "1024")
    receipt = {"type": "receipt", **HANDED}
    custody(world, receipt, {"type": "signature", "key": key.public}, sign=key)
    folder = tampered.laid(world, tmp_path / "bundle")
    assert verdicts(folder, key.public) == ("ALTERED", "RECEIPT_INVALID")
    key = Signer(right, "-t", "ed25519")

    def other(message: bytes) -> bytes:
        blob = key(message)
        return blob[:-32] + (int.from_bytes(blob[-32:], "little") + third.ORDER).to_bytes(32, "little")

    custody(world, receipt, {"type": "signature", "key": key.public}, sign=other)
    (folder / "custody.jsonl").write_bytes(world["custody.jsonl"])
    assert verdicts(folder, key.public) == ("ALTERED", "RECEIPT_INVALID")
    custody(world, receipt, NOTE, {"type": "signature", "key": key.public}, sign=key)
    (folder / "custody.jsonl").write_bytes(world["custody.jsonl"])
    assert verdicts(folder, key.public) == ("ALTERED", "CUSTODY_BREAK")


def split(data: bytes) -> list[bytes] | None:
    out = []
    while data:
        size = 4 + int.from_bytes(data[:4], "big")
        if len(data) < size:
            return None
        out.append(data[4:size])
        data = data[size:]
    return out


def bent(data: bytes, rng: random.Random, depth: int = 0) -> bytes:
    """Change one of the strings inside a string: a bit, a byte more or less, a zero in front or behind."""
    parts = split(data)
    if parts and depth < 4 and rng.random() < 0.8:
        at = rng.randrange(len(parts))
        parts[at] = bent(parts[at], rng, depth + 1)
        return b"".join(map(tampered.string, parts))
    at = rng.randrange(len(data) or 1)
    flipped = data[:at] + bytes([(data[at : at + 1] or b"x")[0] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    return rng.choice([b"\0" + data, data + b"\0", data[1:], data[:-1], data.lstrip(b"\0"), flipped, b""])


@pytest.mark.parametrize("how", [("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "521"), ("ed25519", "256"), ("fido", "")])
def test_both_take_the_same_spellings_of_keys_and_signatures(how, tmp_path):
    """Where ssh-keygen takes two spellings of a number or a name, this format has one."""
    rng = random.Random("".join(how))
    if how[0] == "fido":  # no token here: the one of a vector
        lines = world_of("receipt_fido")["custody.jsonl"].splitlines()
        at, record = next((at, r) for at, r in enumerate(map(json.loads, lines)) if r["type"] == "signature")
        key, message = record["key"], tampered.statement(record["sid"], lines[:at])
        blob = base64.b64decode(record["signature"])
    else:
        signer, message = Signer(tmp_path, "-t", how[0], "-b", how[1]), b"a message\n"
        key, blob = signer.public, signer(message)
    bundle = third._Bundle(tmp_path, third._ssh_keygen)
    told = []
    for number in range(120):
        public, parts = base64.b64decode(key.split(" ")[1]), split(blob[10:])
        if number % 3 == 0:
            public = parts[0] = bent(public, rng)
        elif number % 3 == 1:
            tail = parts[4][-5:] if how[0] == "fido" else b""
            parts[4] = bent(parts[4].removesuffix(tail), rng) + (tail if number % 2 else bytes([tail[0] ^ 1, *tail[1:]])
                                                                 if tail else b"")  # fmt: skip
        else:
            parts = split(bent(blob[10:], rng)) or []
        other = f"{key.split(' ')[0]} {base64.b64encode(public).decode()}"
        data = blob[:10] + b"".join(map(tampered.string, parts))
        if is_signer(other):
            told.append(countersign.holds(message, data, other))
            assert bundle.signed(message, data, other, RECEIPT) == told[-1], (number, other, data)
    assert bundle.signed(message, blob, key, RECEIPT)
    assert set(told) == {True, False}


# Timestamps of a local authority


def test_what_is_no_timestamp_for_one_is_none_for_the_other(tmp_path):
    """All that the first verifier's tests refuse, but for a number that is only too long."""
    world = test_timestamp.World(tmp_path)
    assert third._stamped(world.signed(), test_timestamp.DATA, world.root.pem) == "2026-11-25T12:00:00+00:00"
    assert third._stamped(world.reply(world.between, signer=world.under), test_timestamp.DATA, world.root.pem)
    taken = {name for name, (token, _) in test_timestamp.bad(world).items()
             if third._stamped(token, test_timestamp.DATA, world.root.pem)}  # fmt: skip
    assert taken == {"a number without end"}




def test_a_timestamp_of_a_local_authority_is_an_anchor_under_its_root(tmp_path):
    """Under another root, or with bytes behind it, it is none, and that is no alteration."""
    root, other = tsa.party("root"), tsa.party("other")
    signer = tsa.party("stamps", root, usage=[tsa.STAMPING])
    world = world_of("good")
    (tmp_path / "data").write_bytes(world["checkpoint"])
    query = ["/usr/bin/openssl", "ts", "-query", "-data", tmp_path / "data", "-sha256", "-cert"]
    query = subprocess.run(query, capture_output=True, check=True).stdout
    (tmp_path / "tsa").mkdir()
    token = tsa.reply(tmp_path / "tsa", query, signer)
    path = "attachments/000000-timestamp.tsr"
    for number, (data, pem, expected) in enumerate(
        [(token, root.pem, "ANCHORED"), (token, other.pem, "UNANCHORED"), (token + b"x", root.pem, "UNANCHORED")]
    ):
        of_file = {"path": path, "kind": "timestamp", "source": "attachment"}
        written = {"subject": None, "method": "copied", "outcome": "collected", "rows": None, "source_times": None,
                   "started": "2026-11-25T00:00:00.000000Z", "ended": "2026-11-25T00:00:00.000000Z",
                   "size": len(data), "sha256": tampered.sha256(data), "flags": []}  # fmt: skip
        order = ("subject", "method", "outcome", "started", "ended", "size", "sha256", "rows", "source_times", "flags")
        written = {name: written[name] for name in order}
        custody(world, {"type": "intent", **of_file}, {"type": "artifact", **of_file, **written})
        folder = tampered.laid(world | {path: data}, tmp_path / str(number))
        (tmp_path / "root.pem").write_bytes(pem)
        report = third.examine(folder, tsa_roots=[pem])
        first = examine(folder, Trusted(tsa_roots=roots_from([tmp_path / "root.pem"])))
        codes = [] if expected == "ANCHORED" else ["TIMESTAMP_INVALID"]
        assert (report.verdict, [code for code, _, _ in report.findings]) == (expected, codes), report
        assert (str(first.verdict), [str(finding.code) for finding in first.findings]) == (expected, codes)
        assert third.examine(folder).verdict == "UNANCHORED"


# Encryption to recipients (section 11)


def test_an_encrypted_bundle_is_verified_without_a_secret(tmp_path):
    """Private fields are gone from every table that has some, and stand in one `private`; else SCHEMA."""
    hidden = {"open": ("operator", "witness", "arguments", "host"), "artifact": ("subject", "source_times"),
              "gap": ("subject", "reason"), "observation": ("data",), "note": ("text",)}  # fmt: skip

    def sealed_for_one(record: dict) -> dict:
        names = hidden.get(record["type"], ())
        clear = {name: value for name, value in record.items() if name not in names}
        return clear | ({"private": "YWdl"} if names else {})

    world = world_of("good")
    records = records_of(world)
    records[0]["recipients"] = ["age1" + "q" * 58]
    records = [sealed_for_one(record) for record in records]
    tampered.sealed(world, tampered.linked(records, "0" * 64, custody=False))
    custody(world, sealed_for_one(NOTE), {"type": "receipt", **HANDED})
    assert both(world, tmp_path / "b") == ("UNANCHORED", "")
    custody(world, NOTE)
    assert both(world, tmp_path / "clear") == ("ALTERED", "CUSTODY_BREAK")
    records[-1]["private"] = "YWdl"
    tampered.sealed(world, tampered.linked(records, "0" * 64, custody=False))
    assert both(world, tmp_path / "more") == ("ALTERED", "SCHEMA")
    first, *lines = world_of("encrypted")["manifest.jsonl"].splitlines(keepends=True)
    world = world_of("encrypted") | {"manifest.jsonl": b"".join([lines[1], first, *lines[1:]])}
    assert both(world, tmp_path / "swapped") == ("ALTERED", "SCHEMA"), "only the first line says that it is encrypted"


# The program


def run(*arguments, **how) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-B", str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **how)


def test_exit_codes_are_those_of_the_format(tmp_path):
    good, altered, torn = (
        next(v for v in ALL if v.name == name).lay(tmp_path / name) for name in ("good", "swapped", "torn_tail")
    )
    assert run(good).returncode == 0
    assert run(good, "--require-anchor").returncode == 4
    assert run(altered).returncode == 1
    assert run(torn).returncode == 3
    assert run(tmp_path).returncode == 2
    assert run(good, "--seal-code", "no").returncode == 2
    told = json.loads(run(good, "--seal-code", "LP6M-NOLO-5WXE-Z3W4-L53R-YH3P-SCK2-AE6X", "--json").stdout)
    assert told["verdict"] == "ANCHORED"


def test_a_program_that_is_missing_is_said(tmp_path, monkeypatch, capsys):
    """And is no verdict."""
    folder = next(vector for vector in ALL if vector.name == "good").lay(tmp_path / "bundle")
    monkeypatch.setattr(third, "PROGRAMS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["third_verifier.py", str(folder)])
    with pytest.raises(SystemExit) as end:
        third.main()
    assert end.value.code == 2
    assert "ssh-keygen is missing" in capsys.readouterr().err
    with pytest.raises(third.UsageError, match="openssl is missing"):
        third.examine(folder, tsa_roots=[b"x"], check_signature=quick)


@pytest.mark.parametrize(
    ("name", "verdict"), [("line", 1), ("tail", 1), ("short_tail", 3), ("brackets", 1), ("digits", 1), ("extra", 1)]
)
def test_memory_stays_bounded_whatever_stands_there(name, verdict, tmp_path):
    """A line of 10 GB, a tail without an end, a million brackets; with 300 MiB of address space."""
    folder = next(vector for vector in ALL if vector.name == "never_closed").lay(tmp_path / "bundle")
    manifest = folder / "manifest.jsonl"
    with manifest.open("ab") as file:
        if name == "brackets":
            file.write(b"[" * 10**6 + b"]" * 10**6 + b"\n" + b'{"a":' * 13_000 + b"\n")
        if name == "digits":
            file.write(b'{"v":' + b"9" * 60_000 + b"}\n")
        file.truncate(file.tell() + {"line": 10**10, "tail": 10**13, "short_tail": 10**8}.get(name, 0))
        if name == "line":
            file.seek(0, os.SEEK_END)
            file.write(b"\n")
    if name == "extra":
        with (folder / "artifacts" / "x").open("wb") as file:
            file.truncate(10**13)
    limit = 300 << 20
    done = run(folder, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)), timeout=300)
    assert done.returncode == verdict, done.stderr


def test_it_needs_nothing_but_python():
    """No line of ours, no library; and a person can read it in one sitting."""
    source = SCRIPT.read_text("utf-8")
    assert len(source.splitlines()) < WRITTEN_IN
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert not node.level
            imported.add(str(node.module).partition(".")[0])
    assert imported <= sys.stdlib_module_names
    assert "__import__" not in source
    assert "importlib" not in source


def test_a_code_that_is_none_is_none_for_both(tmp_path):
    folder = next(vector for vector in ALL if vector.name == "good").lay(tmp_path / "bundle")
    others = ("A" * 31 + letter for letter in ("9", "\u00c0", "\u0131", "\u017f"))  # capitals of two are I and S
    for code in ("", "A" * 31, "A" * 33, "A" * 30 + "\ufb01", *others):
        with pytest.raises(UsageError):
            examine(folder, Trusted(seal_code=code))
        with pytest.raises(third.UsageError):
            third.examine(folder, seal_code=code)
