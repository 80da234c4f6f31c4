"""The second verifier, written from the SPEC alone, agrees with the vectors and with the first one."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import vectors
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FILE = Path(__file__).resolve().parents[1] / "scripts" / "second_verifier.py"
_spec = importlib.util.spec_from_file_location("second_verifier", FILE)
second = importlib.util.module_from_spec(_spec)
sys.modules["second_verifier"] = second
_spec.loader.exec_module(second)

TSA = Path(__file__).resolve().parent / "testdata" / "tsa"
ALL = vectors.all_vectors()
STOCK = (
    "good", "receipt_and_key", "receipt_fido", "receipt_untouched", "receipt_sha256", "receipt_sha384",
    "resume_partial", "resumed_sealed_by_first_key",
)  # fmt: skip


def fast(message, blob, key, namespace):
    """Check an Ed25519 signature in this process; leave other keys to stock ssh-keygen."""
    if not key.startswith("ssh-ed25519 "):
        return second.ssh_keygen(message, blob, key, namespace)
    hashed = "sha256" if b"\0\0\0\x06sha256" in blob else "sha512"
    signed = b"SSHSIG" + b"".join(
        len(x).to_bytes(4, "big") + x
        for x in (namespace.encode(), b"", hashed.encode(), hashlib.new(hashed, message).digest())
    )
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.split(" ")[1])[-32:])
        public.verify(blob[-64:], signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def run(vector, folder, check):
    given = dict(zip(vector.arguments[::2], vector.arguments[1::2], strict=True))
    key, root = given.get("--expert-key"), given.get("--tsa-root")
    return second.examine(
        vector.lay(folder / "bundle"),
        start_code=given.get("--start-code"), seal_code=given.get("--seal-code"), kit_nonce=given.get("--kit-nonce"),
        expert_keys=() if key is None else (key.replace(",", " "),),
        tsa_roots=() if root is None else (str(TSA / root),), check_signature=check,
    )  # fmt: skip


def agrees(vector, report):
    code, subject = report.findings[0][:2] if report.findings else ("", "")
    assert (report.verdict, code, subject) == (vector.expect, vector.code, vector.subject), report.findings[:5]


@pytest.mark.parametrize("vector", ALL, ids=[x.name for x in ALL])
def test_a_vector_has_its_verdict(vector, tmp_path):
    agrees(vector, run(vector, tmp_path, fast))


@pytest.mark.parametrize(
    "vector",
    [x for x in ALL if x.name in STOCK or x.name.startswith(("signature_", "phase_"))],
    ids=lambda x: x.name,
)
def test_stock_ssh_keygen_says_the_same(vector, tmp_path):
    agrees(vector, run(vector, tmp_path, None))


def _relink(lines):
    """Give the lines new seq and prev, as somebody who rewrites a bundle would."""
    out, prev = [], "0" * 64
    for number, line in enumerate(lines):
        try:
            record = json.loads(line)
            record["seq"], record["prev"] = number, prev
            line = json.dumps(record, separators=(",", ":")).encode()  # noqa: PLW2901
        except (ValueError, TypeError):
            pass
        out.append(line)
        prev = hashlib.sha256(line).hexdigest()
    return out


def _edit_lines(chance, place):
    lines = place.read_bytes().split(b"\n")
    tail = lines.pop()
    if not lines:
        return
    at = chance.randrange(len(lines))
    match chance.randrange(6):
        case 0:
            del lines[at]
        case 1:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case 2:
            lines.insert(at, lines[chance.randrange(len(lines))])
        case 3:
            tail = lines.pop() if chance.random() < 0.5 else chance.randbytes(9).replace(b"\n", b"")
        case _:
            record = json.loads(lines[at])
            name = chance.choice(list(record))
            record[name] = chance.choice(
                [None, True, 0, 7, 2**53, -1, 1.5, "", "x", [], {}, {"text": "\ufffd", "hex": "ff"}, record[name]]
            )
            if chance.random() < 0.2:
                record.pop(name)
            lines[at] = json.dumps(record, separators=(",", ":")).encode()
    if chance.random() < 0.6:
        lines = _relink(lines)
    place.write_bytes(b"\n".join([*lines, tail]))


def _damage(chance, bundle):
    """Change one thing, somehow."""
    files = sorted(x for x in bundle.rglob("*") if x.is_file() and not x.is_symlink())
    files = [x for x in files if x.stat().st_size]
    chain = [x for x in files if x.name in {"manifest.jsonl", "custody.jsonl"}]
    place = chance.choice(files)
    match chance.randrange(10):
        case 0 | 1:
            data = bytearray(place.read_bytes())
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            place.write_bytes(bytes(data))
        case 2:
            place.unlink()
        case 3:
            other = chance.choice(files)
            one, two = place.read_bytes(), other.read_bytes()
            place.write_bytes(two)
            other.write_bytes(one)
        case 4:
            name = chance.choice([".DS_Store", "x", "checkpoint.part", ".reserve", "custody.jsonl", "artifacts/._x",
                                  "artifacts/000001-a.txt.part", "attachments/000000-a.txt"])  # fmt: skip
            (bundle / name).parent.mkdir(exist_ok=True)
            (bundle / name).write_bytes(chance.choice([b"", b"x", b"{}\n"]))
        case 5:
            place.write_bytes(place.read_bytes()[: chance.randrange(place.stat().st_size)])
        case 6 if "checkpoint" in {x.name for x in files}:
            for name in chance.choice([["checkpoint"], ["checkpoint", "SHA256SUMS", "run_key.pub"]]):
                (bundle / name).unlink(missing_ok=True)
        case _ if chain:
            _edit_lines(chance, chance.choice(chain))


SLOW = ("receipt_fido", "receipt_sha384")
SOUND = [x for x in ALL if x.expect != "ALTERED" and not x.needs_links and x.name not in SLOW]


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_bundle_has_the_verdict_of_the_first_verifier(seed, tmp_path, monkeypatch):
    from collector import anchors, verify  # noqa: PLC0415

    chance = random.Random(seed)
    bundle = chance.choice(SOUND).lay(tmp_path / "bundle")
    for _ in range(chance.choice([1, 1, 1, 2])):
        _damage(chance, bundle)
    try:
        theirs = verify.examine(bundle, anchors.Trusted())
    except Exception as error:  # noqa: BLE001
        with pytest.raises(ValueError, match="no bundle"):
            second.examine(bundle, check_signature=fast)
        print(error)
        return
    ours = second.examine(bundle, check_signature=fast)
    first = [str(getattr(x, "code", x)).split(".")[-1] for x in theirs.findings]
    assert ours.verdict == str(getattr(theirs.verdict, "value", theirs.verdict)), (ours.findings, theirs.findings)
    assert [x[0] for x in ours.findings][:1] == first[:1], (ours.findings, theirs.findings)


def _no_hash(bundle):
    """Take the signature away, and make its line in the list something that is no hash."""
    (bundle / "checkpoint.sig").unlink()
    sums = bundle / "SHA256SUMS"
    lines = sums.read_bytes().split(b"\n")
    sums.write_bytes(b"\n".join("é".encode() + x[2:] if x.endswith(b"  checkpoint.sig") else x for x in lines))


@pytest.mark.parametrize(
    ("damage", "first"),
    [
        (_no_hash, "MISSING checkpoint.sig"),
        (lambda bundle: (bundle / "checkpoint").write_bytes(bytes((1 << 20) + 1)), "CONTENT_MISMATCH checkpoint"),
        (lambda bundle: (bundle / "checkpoint.sig").write_bytes(bytes(1 << 21)), "CONTENT_MISMATCH checkpoint.sig"),
        (lambda bundle: (bundle / "run_key.pub").write_bytes(bytes(1 << 21)), "CONTENT_MISMATCH run_key.pub"),
    ],
)
def test_what_no_damage_of_chance_finds(damage, first, tmp_path):
    """Found by an attacker: a list that crashed the one, a file over its limit of which both said something else."""
    from collector import anchors, verify  # noqa: PLC0415

    bundle = next(one for one in ALL if one.name == "good").lay(tmp_path / "bundle")
    damage(bundle)
    theirs, ours = verify.examine(bundle, anchors.Trusted()), second.examine(bundle, check_signature=fast)
    assert (theirs.verdict.value, ours.verdict) == ("ALTERED", "ALTERED")
    assert f"{theirs.findings[0].code.value} {theirs.findings[0].subject}" == first
    assert " ".join(ours.findings[0]) == first
    assert "NOT_CLOSED" not in {one.code.value for one in theirs.findings} | {one[0] for one in ours.findings}


def test_a_file_of_keys_is_read_line_by_line(tmp_path):
    """As both commands read it: comments and other keys before, options and a comment around; a file without any."""
    vector = next(one for one in ALL if one.name == "receipt_and_key")
    bundle = vector.lay(tmp_path / "bundle")
    key = dict(zip(vector.arguments[::2], vector.arguments[1::2], strict=True))["--expert-key"].replace(",", " ")
    other = (bundle / "run_key.pub").read_text()
    for text, verdict in (
        (f"# {key}\n{other}\n  {key} someone@somewhere\n", "ANCHORED"),
        (f'no-pty,command="x" {key}\n', "ANCHORED"),
        (f"{other}#{key}\n", "UNANCHORED"),
        ("# nothing\n\n", "error"),
        (f"# c\n{key}\ngarbage line\n", "error"),
        (f"\ufeff{key} x\r\n", "ANCHORED"),
        (f"{key} Ren\udce9e\n", "ANCHORED"),
        (f"{other.strip()} {key}\n", "UNANCHORED"),
    ):
        file = tmp_path / "keys.pub"
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
        for program in (("-m", "collector.cli", "verify"), (str(FILE),)):
            command = [sys.executable, "-B", *program, str(bundle), "--expert-key", str(file), "--json"]
            done = subprocess.run(command, cwd=FILE.parents[1], capture_output=True, text=True, check=False)
            assert (json.loads(done.stdout)["verdict"] if done.stdout else "error") == verdict, (text, done)
            assert done.returncode == (2 if verdict == "error" else 0)


def test_it_is_one_file_of_the_standard_library():
    import ast  # noqa: PLC0415

    names = set()
    for node in ast.walk(ast.parse(FILE.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {x.name.split(".")[0] for x in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            names.add(node.module.split(".")[0])
    assert names <= sys.stdlib_module_names
    assert len(FILE.read_text("utf-8").splitlines()) < 400
