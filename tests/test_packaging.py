"""The wheel: what is in it, and that it works where there is no checkout."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

CACHES = shutil.ignore_patterns("__pycache__", ".*_cache")
ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}


@pytest.fixture(scope="module")
def source(checkout, tmp_path_factory) -> Path:
    """Return a copy of what the wheel is made from: building writes nothing into the checkout."""
    copy = tmp_path_factory.mktemp("source")
    for folder in ("collector", "rules"):
        shutil.copytree(checkout / folder, copy / folder, ignore=CACHES)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(checkout / file, copy / file)
    return copy


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory) -> Path:
    """Return the wheel, built with what is installed: no network is asked."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=source, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """Return `bin/` of an environment that holds the wheel; its libraries are those of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin/python"
    pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "--python", python]
    subprocess.run([*pip, "install", "--no-index", "--no-deps", wheel], check=True, stdin=subprocess.DEVNULL)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("platlib") + "\n")
    return folder / "bin"


@pytest.fixture(scope="module")
def anywhere(tmp_path_factory) -> Path:
    """Return an empty folder to stand in: not the checkout."""
    return tmp_path_factory.mktemp("anywhere")


def run(folder: Path, *command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def test_every_file_is_in_the_wheel(source, wheel) -> None:
    """The wheel holds every file of the package, the rules as `collector/_rules`, and nothing else."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = {path.relative_to(source).as_posix() for path in source.glob("collector/**/*") if path.is_file()}
    rules = {
        f"collector/_{path.relative_to(source).as_posix()}" for path in source.glob("rules/**/*") if path.is_file()
    }
    assert names == package | rules


def test_what_people_and_rules_need_is_in_the_wheel(wheel) -> None:
    """The text for the bundle, the French catalogue, the rules and the licence are there."""
    names = zipfile.ZipFile(wheel).namelist()
    assert "collector/LISEZ-MOI.txt" in names
    assert "collector/_rules/filesystems.yaml" in names
    assert [name for name in names if name.endswith(".mo") and "/fr/" in name]
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]


def test_the_wheel_needs_what_the_lock_holds(checkout, wheel) -> None:
    """Every library that the wheel asks for is pinned in requirements.lock, in a version that it allows."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - only here

    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    lines = archive.read(metadata).decode().splitlines()
    needs = [Requirement(line.removeprefix("Requires-Dist: ")) for line in lines if line.startswith("Requires-Dist: ")]
    lock = (checkout / "requirements.lock").read_text().splitlines()
    pins = dict(line.split(" ")[0].split("==") for line in lock if "==" in line and not line.startswith(" "))
    assert needs
    assert [need for need in needs if pins[need.name.lower()] not in need.specifier] == []


def test_the_locks_name_no_place(checkout) -> None:
    """No address of a registry and no path of a machine stands in a lock, and every version has its hashes."""
    for lock in ("requirements.lock", "tests/requirements.lock"):
        text = (checkout / lock).read_text()
        entries = [entry for entry in text.replace("\\\n", "").splitlines() if not entry.startswith("#")]
        assert entries
        assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
        signs = ("://", "--index", "--extra-index", "--find-links", "file:", "/home/")
        assert [sign for sign in signs if sign in text] == []


def test_it_runs_from_the_wheel(installed, wheel, anywhere) -> None:
    """`collect --version` answers, and what answers is the wheel."""
    version = wheel.name.split("-")[1]
    done = run(anywhere, installed / "collect", "--version")
    assert (done.returncode, version in done.stdout) == (0, True), done.stderr
    where = run(anywhere, installed / "python", "-c", "import collector; print(collector.__file__)")
    assert Path(where.stdout).is_relative_to(installed.parent), where.stderr


def test_the_wheel_is_the_checkout(source, installed, anywhere) -> None:
    """The tool's own hash, which stands in every `open` record, is the same from the wheel and from the checkout."""
    program = "from collector import tool; print(tool.own_sha256())"
    from_wheel = run(anywhere, installed / "python", "-I", "-B", "-c", program)
    there = f"import sys; sys.path.insert(0, {str(source)!r}); "
    from_source = run(anywhere, installed / "python", "-I", "-B", "-c", there + program)
    assert len(from_wheel.stdout.strip()) == 64, from_wheel.stderr
    assert from_wheel.stdout == from_source.stdout


def test_a_folder_that_is_no_bundle(installed, anywhere, tmp_path) -> None:
    """`collect verify` of an ordinary folder is exit 2 with a reason and a hint, and changes nothing there."""
    (tmp_path / "letter.txt").write_text("Bonjour")
    done = run(anywhere, installed / "collect", "verify", tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(("error:", "erreur"))
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_whole_run_from_the_wheel(installed, anywhere, tmp_path) -> None:
    """A small run from the wheel seals a bundle that the wheel's own `verify` finds consistent, and says so in JSON."""
    tree, out = tmp_path / "tree", tmp_path / "out"
    tree.mkdir()
    out.mkdir()
    (tree / "LIRE-MOI.txt").write_text("Vos fichiers sont chiffrés.\n")
    done = run(
        anywhere, installed / "collect", "--case", "W-1", "--scan", tree, "--out", out, "--json", "--quiet", "--yes",
        "--no-memory",
    )  # fmt: skip
    assert done.returncode in {0, 4}, done.stderr  # 4: sealed, and the machine that tests is on a network
    answer = json.loads(done.stdout)
    assert (answer["case"], answer["exit"]) == ("W-1", done.returncode)
    bundle = Path(answer["bundle"])
    assert bundle.parent == out
    assert any(b"LIRE-MOI.txt" in path.read_bytes() for path in bundle.glob("artifacts/*recent-files.jsonl"))
    verified = run(anywhere, installed / "collect", "verify", bundle, "--seal-code", answer["seal_code"], "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["verdict"] == "ANCHORED"
