"""The built programs, made once for all tests of a session, and run the way a stick runs them: with nothing around."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from typing import TYPE_CHECKING

import live

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PASSED = ("HOME", "PATH", "WINEPREFIX", "XDG_CACHE_HOME", "DISPLAY")


def made(checkout: Path, factory: pytest.TempPathFactory, system: str) -> Path:
    """Return the folder that `scripts/build-SYSTEM` made; the workers of one session share it."""
    live.needs("git", "strip")
    base = factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with (shared / f"building-{system}").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (shared / "programs" / system).is_dir():
            build(checkout, shared / "programs", system)
    return shared / "programs" / system


def build(checkout: Path, out: Path, system: str) -> None:
    env = {name: os.environ[name] for name in (*PASSED, "COLLECT_WINPY") if name in os.environ}
    done = subprocess.run(
        [checkout / f"scripts/build-{system}", "--out", out], env=env, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=1500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def run(program: Path, *args: object, cwd: Path, before: tuple[object, ...] = (), **env: str) -> live.Done:
    """Run a Linux program in an environment that holds nothing but what the test gives."""
    done = subprocess.run(
        [*map(str, before), str(program / "collect"), *map(str, args)], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
        capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    out, err = done.stdout.decode(), done.stderr.decode("utf-8", "replace")
    live.assert_no_crash(err)
    return live.Done(done.returncode, out, err)


_WINDOWS = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL).returncode)"


def run_windows(program: Path, *args: object) -> live.Done:
    """Run a Windows program with the Windows Python that COLLECT_WINPY names; folders are given as Linux has them."""
    words = [windows(part) if isinstance(part, os.PathLike) else str(part) for part in (program / "collect.exe", *args)]
    done = subprocess.run(
        [os.environ["COLLECT_WINPY"], "-c", _WINDOWS, *words], stdin=subprocess.DEVNULL, capture_output=True,
        check=False, timeout=600,
    )  # fmt: skip
    out, err = (data.decode("utf-8", "replace").replace("\r\n", "\n") for data in (done.stdout, done.stderr))
    live.assert_no_crash(err)
    code = done.returncode
    if "problem while cleaning up temporary directory" in err:  # the code is xvfb-run's, not ours
        code = json.loads(out)["exit"]
    return live.Done(code, out, err)


def windows(path: Path) -> str:
    r"""Return how Wine calls a path: `Z:\` is `/`."""
    return "Z:" + str(path).replace("/", "\\")


def modules(checkout: Path, program: Path) -> set[str]:
    """Return the names of all modules in the archive of a program, as PyInstaller's own reader tells them."""
    reader = """
import sys
from PyInstaller.archive.readers import CArchiveReader
whole = CArchiveReader(sys.argv[1])
print(*whole.open_embedded_archive("PYZ.pyz" if "PYZ.pyz" in whole.toc else "PYZ-00.pyz").toc, sep="\\n")
"""
    file = next(path for path in (program / "collect", program / "collect.exe") if path.is_file())
    python = checkout / ".venv-build/bin/python"
    done = subprocess.run([python, "-E", "-s", "-B", "-c", reader, file], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
