"""Hand-overs and countersigned receipts: any stock SSH key signs, stock ssh-keygen agrees, nothing forged holds."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import live
import made
import pytest
import vectors
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import countersign, custody, seal, signing
from collector.anchors import Trusted
from collector.errors import AlteredError, LimitError, NotClosedError, RefusedError, UsageError
from collector.verify import examine

# It makes what no key here can: signatures of FIDO keys.
sys.path.insert(0, str(live.ROOT / "scripts"))
import second_writer as w

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
KINDS = {
    "ed25519": ["-t", "ed25519"],
    "rsa-2048": ["-t", "rsa", "-b", "2048"],
    "rsa-3072": ["-t", "rsa", "-b", "3072"],
    "nistp256": ["-t", "ecdsa", "-b", "256"],
    "nistp384": ["-t", "ecdsa", "-b", "384"],
    "nistp521": ["-t", "ecdsa", "-b", "521"],
}
MESSAGE = b"what is signed\n"


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> dict[str, Path]:
    """Return a private key of each kind, made by stock ssh-keygen."""
    folder = Path(os.environ.get("KEYS_OF_RECEIPTS") or tmp_path_factory.mktemp("keys"))
    for name, kind in KINDS.items() if not (folder / "nistp521").exists() else ():  # the mutation run makes them once
        command = ["ssh-keygen", "-q", *kind, "-N", "", "-C", "an expert", "-f", folder / name]
        subprocess.run(command, check=True)
    return {name: folder / name for name in KINDS}


def public(key: Path) -> str:
    return countersign.public_key(key.with_suffix(".pub").read_text())


@pytest.fixture
def bundle(tmp_path) -> Path:
    return made.sealed(tmp_path)


def stock_agrees(folder: Path, message: bytes, blob: bytes, key: str) -> bool:
    """Tell what stock `ssh-keygen -Y verify` says."""
    (folder / "signers").write_text(f'me namespaces="{countersign.NAMESPACE}" {key}\n')
    (folder / "sig").write_bytes(seal.armoured(blob))
    command = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "me", "-n", countersign.NAMESPACE, "-s", "sig"]
    return subprocess.run(command, input=message, cwd=folder, capture_output=True, check=False).returncode == 0


# Signatures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hashed", ["sha512", "sha256"])
def test_a_signature_of_each_kind_holds_and_only_for_what_it_signed(tmp_path, keys, kind, hashed):
    """Made by stock ssh-keygen: it holds; for another message, key or purpose it does not, and ssh-keygen agrees."""
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", keys[kind], "-n", countersign.NAMESPACE]
    command += ["-O", f"hashalg={hashed}"]
    done = subprocess.run(command, input=MESSAGE, capture_output=True, check=True)
    blob = base64.b64decode(b"".join(done.stdout.split(b"\n")[1:-2]))
    key = public(keys[kind])
    assert countersign.holds(MESSAGE, blob, key)
    assert stock_agrees(tmp_path, MESSAGE, blob, key)
    assert countersign.key_of(blob) == key
    assert not countersign.holds(MESSAGE + b"\n", blob, key)
    assert not countersign.holds(MESSAGE, blob + b"\0", key)
    other = public(keys["ed25519" if kind != "ed25519" else "rsa-2048"])
    assert not countersign.holds(MESSAGE, blob, other)
    told = subprocess.run(["ssh-keygen", "-l", "-f", keys[kind]], capture_output=True, text=True, check=True).stdout
    assert countersign.fingerprint(key) in told.split()


@pytest.mark.parametrize("kind", KINDS)
def test_no_bit_of_a_signature_can_change(keys, kind):
    """Every bit of the blob of every kind: the signature no longer holds."""
    blob, key = signing.signed(MESSAGE, keys[kind]), public(keys[kind])
    assert countersign.holds(MESSAGE, blob, key)
    step = 1 if len(blob) < 400 else 3
    for at in range(0, len(blob) * 8, step):
        changed = bytearray(blob)
        changed[at // 8] ^= 1 << at % 8
        assert not countersign.holds(MESSAGE, bytes(changed), key), at
    assert not any(countersign.holds(MESSAGE, blob[:cut], key) for cut in range(len(blob)))


@pytest.mark.parametrize("flags", [1, 5, 0, 4])
def test_a_fido_key_must_have_been_touched(tmp_path, flags):
    """Made as PROTOCOL.u2f says; stock ssh-keygen takes it too, and does not ask for the touch."""
    blob, key = w.receipt_blob(MESSAGE, 7, fido=True, flags=flags), w.fido_public(7)
    assert countersign.holds(MESSAGE, blob, key) == bool(flags & 1)
    assert stock_agrees(tmp_path, MESSAGE, blob, key)
    assert not stock_agrees(tmp_path, MESSAGE + b"x", blob, key)
    assert countersign.key_of(blob) == key


def test_a_fido_key_of_nist(tmp_path):
    """An ECDSA key behind a FIDO token, made as PROTOCOL.u2f says: stock ssh-keygen and we agree."""
    def string(data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + data

    def mpint(value: int) -> bytes:
        return string(value.to_bytes(value.bit_length() // 8 + 1, "big"))

    secret = ec.generate_private_key(ec.SECP256R1())
    point = secret.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    kind = b"sk-ecdsa-sha2-nistp256@openssh.com"
    public = string(kind) + string(b"nistp256") + string(point) + string(b"ssh:")
    head = string(countersign.NAMESPACE.encode()) + string(b"") + string(b"sha512")
    signed = b"SSHSIG" + head + string(hashlib.sha512(MESSAGE).digest())
    for flags, holds in ((1, True), (0, False)):
        told = bytes([flags, 0, 0, 0, 9])
        whole = hashlib.sha256(b"ssh:").digest() + told + hashlib.sha256(signed).digest()
        r, s = decode_dss_signature(secret.sign(whole, ec.ECDSA(hashes.SHA256())))
        blob = b"SSHSIG\0\0\0\1" + string(public) + head + string(string(kind) + string(mpint(r) + mpint(s)) + told)
        key = f"{kind.decode()} {base64.b64encode(public).decode()}"
        assert countersign.holds(MESSAGE, blob, key) is holds
        assert stock_agrees(tmp_path, MESSAGE, blob, key), "stock ssh-keygen does not ask for the touch"


@settings(max_examples=300)
@given(st.binary(max_size=300), st.sampled_from(list(countersign._TYPES)), st.binary(max_size=80))
def test_garbage_never_holds_and_never_raises(blob, kind, body):
    """Whatever stands in the record: it does not hold, and that is all."""
    key = f"{kind} {base64.b64encode(body).decode()}"
    assert not countersign.holds(MESSAGE, blob, key)
    assert not countersign.holds(MESSAGE, b"SSHSIG\0\0\0\1" + blob, key)
    countersign.key_of(b"SSHSIG\0\0\0\1" + blob)


def test_a_weak_rsa_key_is_refused(tmp_path):
    """1024 bits: stock ssh-keygen would still sign with it; the format takes 2048 on."""
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", tmp_path / "weak"], check=True)
    blob = signing.signed(MESSAGE, tmp_path / "weak")
    assert not countersign.holds(MESSAGE, blob, public(tmp_path / "weak"))


def test_public_keys_are_read_as_openssh_writes_them(keys):
    """With comment, options or a name before them; what is none is refused."""
    key = public(keys["ed25519"])
    for line in (key, f"{key} me@here\n", f'me namespaces="x" {key} c', f"  {key}"):
        assert countersign.public_key(line) == key
    for line in ("", "ssh-rsa", key.replace("ed25519", "rsa"), "ssh-ed25519 AAAA", "ssh-dss AAAAB3NzaC1kc3M="):
        with pytest.raises(UsageError):
            countersign.public_key(line)


# Records --------------------------------------------------------------------------------------


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in (path / "custody.jsonl").read_bytes().splitlines()]


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_way_of_a_bundle(bundle, keys, tmp_path, kind):
    """Given away, got, countersigned: ANCHORED under that key alone, and stock ssh-keygen checks it by hand."""
    gave = live.run("handover", bundle, "--to", "Me Élodie Expert", "--by", "Cabinet", "--reason", "analyse", "--json")
    assert gave.code == 0, gave
    assert (gave.json["by"], gave.json["to"]) == ("Cabinet", "Me Élodie Expert")
    got = live.run("receive", bundle, "--key", keys[kind], "--place", "Bordeaux", "--json")
    assert got.code == 0, got
    assert (got.json["by"], got.json["to"]) == ("Cabinet", "Me Élodie Expert"), "as the hand-over before it says"
    size = sum(file.stat().st_size for file in (bundle / "artifacts").iterdir())
    assert got.json["checked"] == {"verdict": "UNANCHORED", "files": 2, "bytes": size}
    pub = keys[kind].with_suffix(".pub")
    told = live.verify(bundle, "--expert-key", pub, "--require-anchor")
    assert (told.code, told.json["verdict"]) == (0, "ANCHORED")
    (anchor,) = told.json["anchors"]
    assert (anchor["kind"], anchor["anchors"], anchor["holder"]) == ("receipt", True, "Me Élodie Expert")
    assert anchor["not_later_than"] == lines_of(bundle)[1]["utc"]
    listed = subprocess.run(["ssh-keygen", "-l", "-f", pub], capture_output=True, text=True, check=True).stdout
    assert anchor["key"] in listed.split()
    other = keys["rsa-2048" if kind != "rsa-2048" else "ed25519"].with_suffix(".pub")
    for more in ((), ("--expert-key", other)):
        assert live.verify(bundle, *more, "--require-anchor").code == 4
    by_hand(bundle, pub, tmp_path)


def by_hand(bundle: Path, pub: Path, folder: Path) -> None:
    """Follow docs/SPEC.md 10.2 with stock programs."""
    page = (live.ROOT / "docs/SPEC.md").read_text()
    script = page[page.index("    head -n N custody.jsonl") :].split("\n\n")[0]
    record = lines_of(bundle)[-1]
    blob = base64.b64decode(record["signature"])
    (folder / "theirs.sig").write_bytes(seal.armoured(blob))
    (folder / "theirs").write_text(f"expert {pub.read_text()}")
    (folder / "custody.jsonl").write_bytes((bundle / "custody.jsonl").read_bytes())
    for old, new in {
        "THEIR_SIGNERS": "theirs", "-I NAME": "-I expert", "SIGNATURE": "theirs.sig", "SID": record["sid"],
        "-n N": f"-n {record['seq']}", " N ": f" {record['seq']} ",
    }.items():  # fmt: skip
        assert old in script
        script = script.replace(old, new)
    done = subprocess.run(["sh", "-ec", script], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.startswith('Good "evidence-collector-receipt@v1" signature for expert')


def test_a_key_in_an_agent_signs(bundle, keys, tmp_path):
    """Only the public half is on the disk; the secret is in ssh-agent."""
    live.needs("ssh-agent")
    socket = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL) as agent:
        try:
            while not socket.exists():
                assert agent.poll() is None
            env = {"SSH_AUTH_SOCK": str(socket)}
            subprocess.run(["ssh-add", "-q", keys["ed25519"]], env={**os.environ, **env}, check=True)
            alone = tmp_path / "alone.pub"
            alone.write_bytes(keys["ed25519"].with_suffix(".pub").read_bytes())
            assert live.run("receive", bundle, "--key", alone, "--name", "E", env=env).code == 0
        finally:
            agent.terminate()
    assert live.verify(bundle, "--expert-key", alone).json["verdict"] == "ANCHORED"


@pytest.mark.parametrize("what", ["missing", "folder", "no key", "locked"])
def test_a_key_that_cannot_sign_changes_nothing(bundle, tmp_path, what):
    """Refused with what to do, and not a byte is added: no receipt without its signature."""
    key = tmp_path / "key"
    if what == "folder":
        key.mkdir()
    elif what == "no key":
        key.write_text("nothing")
    elif what == "locked":
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", key], check=True)
    before = vectors.snapshot(bundle)
    done = live.run("receive", bundle, "--key", key, "--name", "Eve", start_new_session=True)
    assert done.code == (1 if what in ("no key", "locked") else 2)
    assert "error: " in done.err
    assert "hint: " in done.err
    (bundle / "custody.jsonl").unlink(missing_ok=True)  # an empty one may have been made
    after = vectors.snapshot(bundle)
    assert {k: v for k, v in after.items() if k != "."} == {k: v for k, v in before.items() if k != "."}


def hand_over(path: Path, **said: str) -> None:
    custody.hand_over(path, custody.HandOver(**{"to": "B", **said}), made.MadeClock(), dict(TOOL))


def test_a_bundle_that_was_altered_is_not_handed_over(bundle):
    """The verification before it finds it, and nothing is recorded."""
    artifact = next((bundle / "artifacts").iterdir())
    artifact.write_bytes(artifact.read_bytes() + b"x")
    with pytest.raises(AlteredError):
        hand_over(bundle)
    assert not (bundle / "custody.jsonl").exists()


def test_a_bundle_that_changes_while_it_is_handed_over_is_told(bundle, monkeypatch):
    """The verification after it finds what the one before could not."""
    real = custody._opened

    def changing(*arguments):
        artifact = next((bundle / "artifacts").iterdir())
        artifact.write_bytes(artifact.read_bytes() + b"x")
        return real(*arguments)

    monkeypatch.setattr(custody, "_opened", changing)
    with pytest.raises(AlteredError, match="CONTENT_MISMATCH"):
        hand_over(bundle)


def test_what_cannot_be_handed_over(tmp_path, bundle):
    """Not sealed, to nobody, or told at too great length: each its own refusal."""
    (tmp_path / "open").mkdir()
    open_bundle = made.unsealed(tmp_path / "open")
    open_bundle.release()
    with pytest.raises(NotClosedError):
        hand_over(open_bundle.path)
    with pytest.raises(UsageError):
        hand_over(bundle, to="")
    with pytest.raises(LimitError):
        hand_over(bundle, reason="x" * 501)
    code = "-".join(["AAAA"] * 8)
    with pytest.raises(AlteredError, match="SEAL_MISMATCH"):
        custody.hand_over(bundle, custody.HandOver(to="B"), made.MadeClock(), dict(TOOL), Trusted(seal_code=code))
    assert not (bundle / "custody.jsonl").exists()


def test_the_longest_hand_over_fits_its_line(bundle):
    """Six fields of the worst spelling at their longest."""
    worst = "\udcff" * 500
    hand_over(bundle, **dict.fromkeys(("to", "by", "role", "reason", "place", "condition"), worst))
    assert str(examine(bundle, Trusted()).verdict) == "UNANCHORED"
    assert lines_of(bundle)[0]["to"]["hex"] == "ff" * 500


def test_who_had_it_is_who_gives_it(bundle):
    """A name that is left out is the one that the chain tells."""
    hand_over(bundle, to="courier", by="practice")
    hand_over(bundle, to="expert")
    assert [(line["by"], line["to"]) for line in lines_of(bundle)] == [("practice", "courier"), ("courier", "expert")]


def test_a_signature_that_does_not_hold_is_not_recorded(bundle, keys):
    """What a key made is checked before it is written."""
    for blob in (b"", b"x" * 100, signing.signed(b"something else", keys["ed25519"])):
        with pytest.raises(RefusedError):
            custody.receive(bundle, custody.HandOver(to="B"), lambda _, blob=blob: blob, made.MadeClock(), dict(TOOL))
    assert (bundle / "custody.jsonl").read_bytes() == b""
    assert str(examine(bundle, Trusted()).verdict) == "UNANCHORED"


def receive(path: Path, key: Path) -> None:
    custody.receive(path, custody.HandOver(to="B"), lambda m: signing.signed(m, key), made.MadeClock(), dict(TOOL))


def test_a_full_disk_leaves_no_receipt_that_nobody_signed(bundle, keys):
    """Room for the receipt and not for the signature under it: neither is there, and nobody is named as holder."""
    custody.note(bundle, "x", made.MadeClock(), dict(TOOL))
    before = (bundle / "custody.jsonl").read_bytes()
    limit = len(before) + 900
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        f"import sys; sys.argv = ['collect', 'receive', {str(bundle)!r}, '--key', {str(keys['ed25519'])!r}]\n"
        "sys.argv += ['--name', 'E']\n"
        "from collector.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=live.ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "hint: " in done.stderr
    assert (bundle / "custody.jsonl").read_bytes() == before
    receive(bundle, keys["ed25519"])
    assert [line["type"] for line in lines_of(bundle)] == ["note", "receipt", "signature"]


def test_a_kit_brings_no_key_that_anchors(bundle, keys, tmp_path):
    """`kit.json` lies on the stick: whoever replaced the bundle may have put a key of their own into it."""
    receive(bundle, keys["ed25519"])
    kit = tmp_path / "kit.json"
    kit.write_text(json.dumps({"nonce": "00" * 16, "expert_keys": [public(keys["ed25519"])]}))
    told = json.loads(live.run("verify", bundle, "--kit", kit, "--json").out)
    assert [anchor["anchors"] for anchor in told["anchors"] if anchor["kind"] == "receipt"] == [False]
    own = keys["ed25519"].with_suffix(".pub")
    crossed_out = tmp_path / "keys"
    crossed_out.write_text(f"{public(keys['nistp256'])}\n  # {own.read_text()}")
    for given_key, verdict in ((own, "ANCHORED"), (crossed_out, "UNANCHORED")):
        told = json.loads(live.run("verify", bundle, "--expert-key", given_key, "--json").out)
        assert told["verdict"] == verdict


def test_what_refuses_a_hand_over_refuses_it_before_it_is_recorded(bundle):
    """A code that `verify` does not accept, and a slip where none can stand: exit code and hint, and no record."""
    code = seal.code(hashlib.sha256((bundle / "checkpoint").read_bytes()).digest())
    near = "".join("2" if place in {0, 1, 2, 3} and char != "2" else char for place, char in enumerate(code))
    for exit_code, more in (
        (1, ("--seal-code", near)),
        (2, ("--slip", bundle.parent / "nowhere")),
        (2, ("--slip", "x" * 5000)),
        (2, ("--slip", bundle)),
        (2, ("--slip", bundle / "artifacts")),
    ):
        done = live.run("handover", bundle, "--to", "B", *more)
        assert (done.code, done.out) == (exit_code, "")
        assert "hint: " in done.err
    assert not (bundle / "custody.jsonl").exists()


@pytest.mark.root
def test_a_slip_that_does_not_fit_is_told_and_the_record_stands(bundle, small_disk):
    """Exit 1 says that it is recorded, so that nobody records it twice; the slip is made elsewhere."""
    done = live.run("handover", bundle, "--to", "B", "--slip", small_disk)
    assert (done.code, done.out) == (1, "")
    assert "the hand-over is recorded, but its slip could not be written\nhint: do not record it again" in done.err
    assert list(small_disk.iterdir()) == []
    assert (bundle / "custody.jsonl").read_bytes().count(b"\n") == 1


@pytest.mark.root
def test_a_folder_that_takes_nothing_is_refused_before_it_is_recorded(bundle, small_disk):
    """A stick with its lock on, named for the slip."""
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = live.run("handover", bundle, "--to", "B", "--slip", small_disk)
    assert (done.code, done.out) == (1, "")
    assert "nothing can be written into this folder\nhint: give another with --slip" in done.err
    assert not (bundle / "custody.jsonl").exists()


def test_a_key_whose_name_no_system_takes_is_no_key(bundle):
    """Told of the key, never of the bundle: exit 2, and nothing recorded."""
    done = live.run("receive", bundle, "--key", "x" * 5000, "--name", "E")
    assert (done.code, done.out) == (2, "")
    assert "there is no such key" in done.err
    assert verify_codes(bundle) == []


def verify_codes(bundle):
    return [str(found.code) for found in examine(bundle, Trusted()).findings]


@pytest.mark.skipif(sys.platform != "linux", reason="names of folders that are not UTF-8")
def test_a_folder_whose_name_is_not_unicode_is_told_as_its_bytes(bundle, keys):
    """Every command says it in the same way, and what it prints is JSON for strict readers too."""
    folder = bundle.rename(bundle.parent / os.fsdecode(b"w\xff"))
    path = {"text": str(folder.parent) + "/w\ufffd", "hex": os.fsencode(folder).hex()}
    (folder.parent / "out").mkdir()
    for command in (
        ("handover", folder, "--to", "B"),
        ("receive", folder, "--key", keys["ed25519"]),
        ("slip", folder, "--out", folder.parent / "out"),
        ("timestamp", "request", folder, "--out", folder.parent / "out"),
        ("pack", folder, "--out", folder.parent / "out"),
    ):
        done = live.run(*command, "--json")
        assert done.code == 0
        json.dumps(told := json.loads(done.out), ensure_ascii=False).encode("utf-8", "strict")
        assert told["bundle"] == path


def test_nothing_of_ours_is_written_into_a_bundle(bundle, tmp_path):
    """One file more, and the evidence would be ALTERED by our own hand: of this bundle or of another."""
    other = tmp_path / "other"
    other.mkdir()
    other = made.sealed(other)
    (other / "LISEZ-MOI.txt").unlink()  # a bundle all the same: the manifest stands
    packed = live.run("pack", bundle, "--json", "--out", tmp_path)
    secret = tmp_path / "secret"
    told = json.loads(packed.out)
    secret.write_text(told["practice_identity"])
    for out in (other, other / "artifacts"):
        for command in (
            ("timestamp", "request", other, "--out", out),
            ("timestamp", "request", bundle, "--out", out),
            ("open", told["files"][0], "--identity", secret, "--out", out),
            ("pack", bundle, "--out", out),
            ("slip", bundle, "--out", out),
            ("--case", "X", "--yes", "--quiet", "--out", out),
        ):
            done = live.run(*command)
            assert (done.code, done.out) == (2, "")
            assert "hint: " in done.err
    assert [str(found.code) for found in examine(other, Trusted()).findings] == ["MISSING"]
    assert not (other / "custody.jsonl").exists()


def test_names_are_shown_without_their_tricks(bundle, keys):
    """A name with escape sequences and bidi marks moves no cursor, in text and in JSON."""
    name = "Me \x1b[31mRouge\u202e\n"
    for command in (("handover", bundle, "--to", name), ("receive", bundle, "--key", keys["ed25519"], "--name", name)):
        done = live.run(*command)
        assert done.code == 0
        assert "\x1b" not in done.out + done.err
        assert "\u202e" not in done.out + done.err
    shown = live.run("verify", bundle, "--expert-key", keys["ed25519"].with_suffix(".pub"))
    assert "\x1b" not in shown.out
    assert "Rouge" in shown.out


def test_what_is_added_while_it_is_checked_ends_the_hand_over(bundle, monkeypatch):
    """Between the verification and the lock somebody else hands it over: refused, and only theirs is recorded."""
    real = custody._opened

    def overtaken(*arguments):
        monkeypatch.setattr(custody, "_opened", real)
        hand_over(bundle, to="Courier")
        return real(*arguments)

    monkeypatch.setattr(custody, "_opened", overtaken)
    with pytest.raises(RefusedError, match="while it was checked"):
        hand_over(bundle)
    assert [line["to"] for line in lines_of(bundle)] == ["Courier"]
