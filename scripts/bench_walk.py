#!/usr/bin/env python3
"""Measures the walk for recent files against GNU find, in turn, on the same tree of the same machine.

    python scripts/bench_walk.py [--tree DIR | --files 1000000] [--rounds 3]

Prints seconds and the ratio to `find TREE -newermt DATE`, warm and (as root) cold, with
hashing timed apart, peak memory of both, and whether the two found the same files. The
hundredth part of the tree made last is the window.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess  # noqa: TID251 - it runs find
import sys
import tempfile
import time
from pathlib import Path

assert sys.platform == "linux"  # noqa: TID251 - measures that host

CHECKOUT = Path(__file__).resolve().parent.parent
FIND = "/usr/bin/find"
IN_FOLDER = 1000

sys.path.insert(0, str(CHECKOUT))


def make_tree(top: Path, files: int) -> None:
    """Make a tree of small files, 1000 to a folder, 40 folders to a folder."""
    for number in range(0, files, IN_FOLDER):
        folder = top / f"d{number // IN_FOLDER // 40:02d}" / f"s{number // IN_FOLDER:04d}"
        folder.mkdir(parents=True)
        for index in range(min(IN_FOLDER, files - number)):
            (folder / f"file-{index:04d}.txt").write_bytes(b"%d\n" % index)


def window_of(top: Path) -> int:
    """Return the time, in nanoseconds, since which a hundredth of the tree's folders was filled."""
    folders = sorted(top.glob("d*/s*"))
    first = folders[-max(1, len(folders) // 100)]
    return min(entry.stat().st_mtime_ns for entry in os.scandir(first)) - 1


def drop_caches() -> None:
    """Make the next read come from the disk; needs root."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")


def timed(command: list[str]) -> tuple[float, float, bytes]:
    """Run a program and return its seconds, its peak memory in MB and its output."""
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        out.seek(0)
        return seconds, usage.ru_maxrss / 1024, out.read()


def at(since_ns: int) -> str:
    """Return a time as find takes it."""
    return f"@{since_ns // 10**9}.{since_ns % 10**9:09d}"


def walk_once(tree: str, since_ns: int, *, hashed: bool) -> dict[str, float]:
    """Walk in this process and return seconds (imports apart) and the number of rows."""
    from collector.host.linux import Roots  # noqa: PLC0415 - only the child loads it
    from collector.host.posix import recent  # noqa: PLC0415 - the same
    from collector.model import Gap, Request  # noqa: PLC0415

    request = Request(since_ns, scan=(os.fsencode(tree),))
    if not hashed:
        request = Request(since_ns, scan=request.scan, hash_bytes=0, hash_seconds=0)
    started = time.perf_counter()
    rows = sum(not isinstance(row, Gap) for row in recent.rows(Roots(), request))
    return {"seconds": time.perf_counter() - started, "rows": rows}


def measure(tree: Path, rounds: int) -> dict[str, float]:
    """Return the figures: medians of the seconds, of the ratios to find, and peak memory."""
    since_ns = window_of(tree)
    ours = [sys.executable, __file__, "--once", str(since_ns), "--tree", str(tree)]
    find = [FIND, str(tree), "-newermt", at(since_ns)]
    same = timed(
        [FIND, str(tree), "!", "-type", "d", "(", "-newermt", at(since_ns), "-o", "-newerct", at(since_ns), ")"]
    )
    figures: dict[str, float] = {"found_by_find": same[2].count(b"\n")}
    modes = ["warm", "cold"] if os.geteuid() == 0 else ["warm"]
    for mode in modes:
        seconds: dict[str, list[float]] = {"find": [], "walk": [], "hashed": []}
        for _ in range(rounds):
            for name, command in (("find", find), ("walk", ours), ("hashed", [*ours, "--hash"])):
                if mode == "cold":
                    drop_caches()
                took, peak, out = timed(command)
                if name != "find":
                    answer = json.loads(out)
                    took = answer["seconds"]
                    figures["found_by_walk"] = answer["rows"]
                seconds[name].append(took)
                figures[f"{name}_peak_mb"] = max(peak, figures.get(f"{name}_peak_mb", 0))
        for name, values in seconds.items():
            figures[f"{mode}_{name}_seconds"] = statistics.median(values)
        for name in ("walk", "hashed"):
            ratios = [a / b for a, b in zip(seconds[name], seconds["find"], strict=True)]
            figures[f"{mode}_{name}_ratio"] = statistics.median(ratios)
    return figures


def main() -> None:
    """Make or take a tree, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tree", type=Path)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--once", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--hash", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once is not None:
        print(json.dumps(walk_once(str(arguments.tree), arguments.once, hashed=arguments.hash)))
        return
    if arguments.tree is not None:
        figures = measure(arguments.tree.resolve(), arguments.rounds)
    else:
        with tempfile.TemporaryDirectory(prefix="bench-walk-") as made:
            make_tree(Path(made), arguments.files)
            figures = measure(Path(made), arguments.rounds)
    for name, value in figures.items():
        print(f"{name:24} {value:10.2f}")


if __name__ == "__main__":
    main()
