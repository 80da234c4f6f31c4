"""The second verifier, written from the SPEC alone, agrees with the vectors and with the first one."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import random
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
