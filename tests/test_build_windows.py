"""The built program for Windows x64, made and run with the Windows Python that COLLECT_WINPY names: here under Wine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import built
import live
import pytest
import vectors

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("COLLECT_WINPY" not in os.environ, reason="no Windows Python is named by COLLECT_WINPY"),
]

MOST_BYTES, MOST_FILES = 65 * 2**20, 150


@pytest.fixture(scope="module")
def made(checkout, tmp_path_factory) -> Path:
    return built.made(checkout, tmp_path_factory, "windows")


@pytest.fixture(scope="module")
def program(made) -> Path:
    return made / "collect"


def test_it_starts(program):
    """The version and the rules are told, with lines that end as Windows ends them."""
    assert built.run_windows(program, "--version").out == "collect, version 0.1.0\n"
    rules = built.run_windows(program, "rules", "list")
    assert (rules.code, rules.err) == (0, "")
    assert len(rules.out.splitlines()) > 700


@pytest.mark.parametrize(("name", "code"), [("good", 0), ("artifact_flipped", 1), ("never_closed", 3)])
def test_it_verifies_as_linux_does(program, tmp_path, name, code):
    """The same verdict, findings and codes as here, of a whole, a changed and an open bundle."""
    laid = vectors.read(vectors.FOLDER / f"{name}.vector").lay(tmp_path / "bundle")
    there, here = built.run_windows(program, "verify", laid, "--json"), live.run("verify", laid, "--json")
    assert (there.code, {**there.json, "bundle": ""}) == (code, {**here.json, "bundle": ""})


def test_a_whole_run(program, made, tmp_path):
    """It seals a bundle that verifies on Linux and under Wine, and that holds the file with an accented name."""
    for name in ("tree", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "tree/relevé de l'été.txt").write_text("Vos fichiers sont chiffrés.\n", "utf-8")
    words = ("--case", "W1", "--no-memory", "--profile", "triage", "--scan", tmp_path / "tree")
    done = built.run_windows(program, *words, "--out", tmp_path / "out", "--json", "--quiet", "--yes")
    assert done.code in live.SEALED, done.err
    (bundle,) = (tmp_path / "out").iterdir()
    checked = ("verify", bundle, "--seal-code", done.json["seal_code"], "--json")
    assert live.run(*checked).json["verdict"] == "ANCHORED"
    assert built.run_windows(program, *checked).json["verdict"] == "ANCHORED"
    recent = b"".join(path.read_bytes() for path in bundle.glob("artifacts/*recent-files.jsonl"))
    assert b"relev\\u00e9 de l'\\u00e9t\\u00e9.txt" in recent
    (said,) = json.loads((made / "collect.cdx.json").read_text())["metadata"]["component"]["hashes"]
    assert live.Bundle(bundle).records[0]["tool"]["sha256"] == said["content"]


def test_it_speaks_french(program, tmp_path):
    """The catalogues are there, and a pipe is UTF-8."""
    done = built.run_windows(program, "verify", tmp_path, "--lang", "fr")
    assert (done.code, done.err.startswith("erreur :")) == (2, True), done.err
    assert "�" not in done.err


def test_nothing_of_the_builder_is_there(checkout, program):
    """Neither a library of Wine's, nor what the set-up made for Wine: those shims never leave this machine."""
    names = {path.name.lower() for path in program.rglob("*")}
    assert {"python311.dll", "vcruntime140.dll", "libcrypto-3.dll", "collect.exe"} <= names
    assert [name for name in names if re.match(r"bcryptprimitives|api-ms-|ucrtbase|msvcrt", name)] == []
    modules = built.modules(checkout, program)
    assert [name for name in modules if re.match(r"sitecustomize|usercustomize|pytest|_pytest|PIL", name)] == []
    assert {"psutil", "mss.windows", "collector.host.windows", "collector.winformats"} <= modules
    assert [name for name in modules if re.match(r"collector\.host\.(linux|darwin)|jeepney|Xlib", name)] == []
    signs = (b"Wine builtin DLL", b"Wine placeholder DLL")
    assert [p.name for p in program.rglob("*") if p.is_file() and any(s in p.read_bytes()[:512] for s in signs)] == []


def test_it_is_small(program):
    """Under 65 MiB in under 150 files: Windows has no libcrypto of its own, so ours is there."""
    files = [path for path in program.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    assert len(files) < MOST_FILES


def test_its_lists_hold(checkout, made):
    """`sha256sum -c` passes, the bill is valid and names what the lock holds for Windows."""
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=made, check=True)
    done = subprocess.run([checkout / "scripts/sbom", made], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    bill = json.loads((made / "collect.cdx.json").read_text())
    lock = (checkout / "requirements.lock").read_text()
    libraries = {entry["name"].lower(): entry for entry in bill["components"] if "pkg:pypi/" in entry["purl"]}
    assert {"psutil", "cryptography", "yara-x", "mss"} <= set(libraries)
    for entry in libraries.values():
        assert f"sha256:{entry['hashes'][0]['content']}" in lock


def test_no_place_of_the_build_is_inside(checkout, made):
    """Neither the checkout nor an environment stands in any file, in either way of writing a path."""
    slashed = [str(checkout), str(checkout).replace("/", "\\"), ".venv-", ".building-", "pytest-of-", "\\wine\\"]
    places = [text.encode(code) for text in slashed for code in ("utf-8", "utf-16-le")]
    found = [
        (path.name, place)
        for path in made.rglob("*") if path.is_file()
        for place in places if place in path.read_bytes()
    ]  # fmt: skip
    assert found == []


def test_it_can_be_signed(checkout, made, tmp_path):
    """With a certificate of the test: the signature verifies, the program starts, its lists say what is there now."""
    live.needs("osslsigncode", "openssl")
    copy, key, chain = tmp_path / "windows", tmp_path / "key.pem", tmp_path / "chain.pem"
    shutil.copytree(made, copy)
    made_for_it = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]
    made_for_it += ["-addext", "extendedKeyUsage=codeSigning", "-keyout", str(key), "-out", str(chain)]
    subprocess.run(made_for_it, check=True, capture_output=True)
    done = subprocess.run(
        [checkout / "scripts/sign", copy, "-certs", chain, "-key", key], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("collect.exe", "_internal/python3.dll", "_internal/pyrage/pyrage.pyd"):
        assert signed(copy / "collect" / name, chain), name
    runtime = "collect/_internal/VCRUNTIME140.dll"
    assert (copy / runtime).read_bytes() == (made / runtime).read_bytes(), "Microsoft's signature stays"
    assert built.run_windows(copy / "collect", "--version").code == 0
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=copy, check=True)
    changed = bytearray((copy / "collect/collect.exe").read_bytes())
    changed[len(changed) // 2] ^= 1
    (copy / "collect/collect.exe").write_bytes(changed)
    assert not signed(copy / "collect/collect.exe", chain)


def signed(file: Path, chain: Path) -> bool:
    command = ["osslsigncode", "verify", "-CAfile", chain, "-in", file]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
