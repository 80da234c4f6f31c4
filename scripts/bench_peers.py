"""Compares a run with `acquire` (dissect) on one host, beside one staged attack: time, memory, size, what was found.

    .venv-test/bin/python scripts/bench_peers.py --acquire PATH [--keep] [--json]

As root on Linux, in a PID and mount namespace of its own, where the attack's cron entry and unit stand in /etc and its
encrypted tree in root's home. `acquire` is installed by whoever compares: `pip install acquire` in an environment of
its own. What is found is what can be found again in the output: the very bytes of a trace, wherever they lie in it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess  # noqa: TID251 - runs both programs
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests")]

import attack  # type: ignore[import-not-found] # noqa: E402 - found by the line above

if TYPE_CHECKING:
    from collections.abc import Iterator

PLANTED = ("etc/cron.d", "etc/systemd/system")
LAUNCH = "import sys; sys.path.insert(0, sys.argv.pop(1)); from collector.cli import main; main()"
COLLECT = [sys.executable, "-I", "-B", "-c", LAUNCH, str(CHECKOUT)]
ASKED = ("--case", "BENCH", "--yes", "--quiet")
CHUNK = 1 << 22
OVERLAP = 1 << 16
"""A trace is shorter than this, so that none is lost between two pieces."""


@contextmanager
def scene() -> Iterator[tuple[attack.Attack, list[str], Path, Path]]:
    """Stage the attack; yields it, the prefix that enters its namespaces, its tree and a folder for output."""
    with tempfile.TemporaryDirectory(dir="/root") as home, tempfile.TemporaryDirectory() as work:
        root, tree = Path(work) / "root", attack.grow(Path(home) / "Documents", folders=6, count=40)
        for part in PLANTED:
            shutil.copytree(f"/{part}", root / part, symlinks=True)
        (Path(work) / "out").mkdir()
        with subprocess.Popen(["unshare", "-pmf", "--mount-proc", "--kill-child", "sleep", "7200"]) as holder:
            try:
                yield from _staged(holder.pid, Path(work), root, tree)
            finally:
                holder.kill()


def _staged(holder: int, work: Path, root: Path, tree: Path) -> Iterator[tuple[attack.Attack, list[str], Path, Path]]:
    children = Path(f"/proc/{holder}/task/{holder}/children")
    while not (first := children.read_text().strip()) or Path(f"/proc/{first}/comm").read_text() != "sleep\n":
        time.sleep(0.05)
    inside = ["nsenter", "-t", first, "-p", "-m"]
    for part in PLANTED:
        subprocess.run([*inside, "mount", "--bind", root / part, f"/{part}"], check=True)
    with attack.staged(work / "hidden" / ".x", tree, root, before=inside, pause=0.5) as running:
        while len(list(tree.rglob(f"*{attack.APPENDED}"))) < 60:
            time.sleep(0.2)
        yield running, inside, tree, work / "out"


def measured(command: list[str]) -> dict[str, float]:
    """Run a program and return its wall time, CPU and the peak memory of its largest process."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    return {
        "exit": process.returncode,
        "seconds": round(seconds, 2),
        "cpu": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mb": round(usage.ru_maxrss / 1024, 1),
    }


def traces(running: attack.Attack, tree: Path) -> dict[str, tuple[bytes, ...]]:
    """Return what an expert would look for, each as some bytes that stand nowhere else, of which one is enough."""
    samples = tuple(tree.rglob(f"*{attack.APPENDED}"))
    with Path(f"/proc/{_outside(running)}/exe").open("rb") as program:
        executable = program.read()
    return {
        "ransom note": (attack.WORDS.encode(),),
        "encrypted sample": tuple(sample.read_bytes()[:256] for sample in samples),
        "deleted executable": (executable[len(executable) // 2 :][:4096],),
        "cron entry": (b"@reboot root /tmp/journal-helper",),
        "systemd unit": (b"ExecStart=/tmp/journal-helper",),
        "process and its name": (str(running.program).encode(),),
        "name of an encrypted file": tuple(sample.name.encode() for sample in samples),
    }


def _outside(running: attack.Attack) -> int:
    """Return the number of the attack's process outside of its namespace."""
    for status in Path("/proc").glob("[0-9]*/exe"):
        try:
            if str(status.readlink()).removesuffix(" (deleted)") == str(running.program):
                return int(status.parent.name)
        except OSError:
            continue
    raise SystemExit("the attack has ended")


def found(out: Path, wanted: dict[str, tuple[bytes, ...]], running: attack.Attack) -> dict[str, bool]:
    """Return which traces stand in any file of an output."""
    seen = dict.fromkeys([*wanted, "key in memory"], False)
    for path in (path for path in out.rglob("*") if path.is_file() and not path.suffix.endswith("log")):
        last = b""
        with path.open("rb") as file:
            while data := file.read(CHUNK):
                piece = last + data
                for name, marks in wanted.items():
                    seen[name] = seen[name] or any(mark in piece for mark in marks)
                seen["key in memory"] = seen["key in memory"] or running.has_key(piece)
                last = data[-OVERLAP:]
    return seen


def said(out: Path) -> dict[str, bool]:
    """Return what our own bundle says beyond bytes: the group, the start, and that it was still running."""
    bundle = next(path for path in out.iterdir() if path.is_dir())
    whats = {json.loads(line).get("what") for line in (bundle / "manifest.jsonl").read_bytes().splitlines()}
    tables = b"".join(path.read_bytes() for path in bundle.glob("artifacts/*-ransom.jsonl"))
    return {
        "group of encrypted files": attack.APPENDED.encode() in tables and b'"what":"encrypted"' in tables,
        "start of encryption": "encryption-start" in whats,
        "still running": "encryption-running" in whats,
    }


def main() -> None:
    """Run both and print what each took and found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--acquire", help="the program `acquire`")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results: dict[str, dict[str, object]] = {}
    with scene() as (running, inside, tree, out):
        profiles = ("triage", "standard")
        ways = {f"collect {name}": [*COLLECT, *ASKED, "--profile", name, "--out", ""] for name in profiles}
        if given.acquire:
            ways["acquire minimal"] = [given.acquire, "/", "--profile", "minimal", "--output", ""]
        for name, command in ways.items():
            wanted = traces(running, tree)
            folder = out / hashlib.sha256(name.encode()).hexdigest()[:8]
            folder.mkdir()
            result: dict[str, object] = dict(measured([*inside, *command[:-1], str(folder)]))
            result["mb"] = round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1)
            result["found"] = {**found(folder, wanted, running), **(said(folder) if name.startswith("collect") else {})}
            results[name] = result
            shutil.rmtree(folder)
    if given.json:
        print(json.dumps(results, indent=1))
        return
    for name, result in results.items():
        print(name, {key: value for key, value in result.items() if key != "found"})
        for trace, is_there in result["found"].items():  # type: ignore[attr-defined] # our own mapping
            print(f"    {'yes' if is_there else 'no ':4}{trace}")


if __name__ == "__main__":
    main()
