"""Measures the built programs: how fast they start beside a bare Python, what they take up, on Linux and under Wine.

Program and Python take turns. `cold` forgets the program's pages before each start, as it is on a stick that was just
plugged in, though not as slow as a stick. Under Wine both are started by one Windows Python that is already there.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess  # noqa: TID251 - builds and runs the programs
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
BARE = [sys.executable, "-I", "-S", "-c", "pass"]
LAUNCH = "import sys; sys.path.insert(0, sys.argv.pop(1)); from collector.cli import main; main()"
SOURCE = [sys.executable, "-I", "-B", "-c", LAUNCH, str(CHECKOUT), "--version"]

UNDER_WINE = """
import ctypes, json, subprocess, sys, time
from ctypes import wintypes
class Counters(ctypes.Structure):
    _fields_ = [("cb", wintypes.DWORD), ("faults", wintypes.DWORD)]
    _fields_ += [("peak", ctypes.c_size_t), ("more", ctypes.c_size_t * 7)]
def begun(*command):
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
def measured(*command):
    started = time.perf_counter()
    return begun(*command).wait(), time.perf_counter() - started
def peak(*command):
    ask, told = ctypes.WinDLL("psapi").GetProcessMemoryInfo, Counters(cb=ctypes.sizeof(Counters))
    ask.argtypes = [wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD]
    process, most = begun(*command), 0
    while process.poll() is None:
        if ask(int(process._handle), ctypes.byref(told), told.cb):
            most = max(most, told.peak)
        time.sleep(0.005)
    return most
program, rounds = sys.argv[1], int(sys.argv[2])
bare = [sys.executable, "-I", "-S", "-c", "pass"]
pairs = [(measured(program, "--version"), measured(*bare)) for _ in range(rounds + 1)]
print(json.dumps([pairs[1:], peak(program, "--version")]))
"""


def measure(folder: Path, rounds: int) -> dict[str, dict[str, object]]:
    """Build what can be built here and measure it."""
    results = {"i: the program for Linux": on_linux(built(folder, "linux"), rounds)}
    if os.environ.get("COLLECT_WINPY"):
        results["i: the program for Windows, under Wine"] = under_wine(built(folder, "windows"), rounds)
    return results


def built(folder: Path, system: str) -> Path:
    """Return the folder of a program, built anew."""
    command = [str(CHECKOUT / f"scripts/build-{system}"), "--out", str(folder)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return folder / system / "collect"


def room(program: Path) -> dict[str, object]:
    """Return what a program takes up."""
    sizes = [path.stat().st_size for path in program.rglob("*") if path.is_file()]
    return {"size_mib": sum(sizes) / 2**20, "size_bytes": sum(sizes), "files": len(sizes)}


def on_linux(program: Path, rounds: int) -> dict[str, object]:
    """Start the program, a bare Python and the same from the checkout in turns; the first turn counts for nothing."""
    told: dict[str, list[tuple[float, float, float]]] = {"program": [], "bare": [], "checkout": [], "cold": []}
    version = [str(program / "collect"), "--version"]
    for _ in range(rounds + 1):
        for what, command in (("program", version), ("bare", BARE), ("checkout", SOURCE)):
            told[what].append(started(command))
        forget(program)
        told["cold"].append(started(version))
    seconds = {what: statistics.median(turn[0] for turn in turns[1:]) for what, turns in told.items()}
    return {
        "seconds": seconds["program"],
        "cpu": statistics.median(turn[1] for turn in told["program"][1:]),
        "best": min(turn[0] for turn in told["program"][1:]),
        "aim": 0.3,
        "cold": seconds["cold"],
        "bare_python": seconds["bare"],
        "bare_ratio": seconds["program"] / seconds["bare"],
        "checkout": seconds["checkout"],
        "checkout_ratio": seconds["program"] / seconds["checkout"],
        "peak_mb": max(turn[2] for turn in told["program"]),
        **{f"{name}_peak_mb": peak for name, peak in peaks_of_work(program).items()},
        **room(program),
    }


def started(command: list[str]) -> tuple[float, float, float]:
    """Return seconds, seconds of processor and peak memory in MB of a command that must end well; 4: not isolated."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 4}:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def forget(program: Path) -> None:
    """Let the system drop the pages of a program, as if its disk had just been plugged in."""
    for path in program.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def peaks_of_work(program: Path) -> dict[str, float]:
    """Return the peak memory in MB of a small run and of its verification."""
    with tempfile.TemporaryDirectory() as name:
        tree, out = Path(name, "tree"), Path(name, "out")
        for folder in (tree, out):
            folder.mkdir()
        (tree / "note.txt").write_text("x")
        words = ["--case", "BENCH", "--no-memory", "--profile", "triage", "--scan", str(tree), "--out", str(out)]
        run = started([str(program / "collect"), *words, "--quiet", "--yes"])[2]
        return {"run": run, "verify": started([str(program / "collect"), "verify", str(next(out.iterdir()))])[2]}


def under_wine(program: Path, rounds: int) -> dict[str, object]:
    """Let the Windows Python start the program and itself in turns."""
    where = "Z:" + str(program / "collect.exe").replace("/", "\\")
    command = [os.environ["COLLECT_WINPY"], "-c", UNDER_WINE, where, str(rounds)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    pairs, peak = json.loads(done.stdout)
    if any(code for pair in pairs for code, _ in pair):
        raise SystemExit("a start under Wine failed")
    start = statistics.median(ours[1] for ours, _ in pairs)
    python = statistics.median(bare[1] for _, bare in pairs)
    return {
        "seconds": start,
        "bare_python": python,
        "ratio": start / python,
        "best": min(ours[1] for ours, _ in pairs),
        "peak_mb": peak / 2**20,
        **room(program),
    }
