"""Measures the judges of encrypted files: `scripts/evaluate-encrypted` starts it.

Without `--benign`: makes files of each type (or copies those of `--files` into memory), encrypts them in each mode,
renamed or not, and prints which share is found, alone and by group. With it: judges every file below the paths and
prints how many are taken for encrypted. A file counts as found by group where its group is found at all, and, if it
does not bear the group's one extension, something speaks for it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import stat
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent)]

import ordinary_files  # noqa: E402 - it lies beside this file

from collector.ransom import files, magics  # noqa: E402 - the checkout it belongs to, not an installed one
from collector.ransom.groups import Groups  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

RENAMES: Final = ("kept", "appended", "changing")
FOLDERS: Final = 12


def judged(name: str, content: bytes) -> files.FileJudgement:
    """Judge content in memory as a caller judges a file."""
    head, tail, size = content[: files.HEAD], content[-files.TAIL :], len(content)
    judgement = files.judge_bytes(name, head, tail, size)
    if files.wants_probes(judgement, size):
        middle = b"".join(content[place : place + files.PROBE] for place in files.probe_offsets(size))
        judgement = files.judge_bytes(name, head, tail, size, middle)
    return judgement


def renamed(name: str, how: str) -> str:
    """Return a name as ransomware leaves it."""
    if how == "changing":
        return f"{name}.{hashlib.sha256(name.encode()).hexdigest()[:7]}"
    return name + ".wq7kz" if how == "appended" else name


def made(each: int, seed: int) -> list[tuple[str, bytes]]:
    """Return files of each type with their names."""
    maker = ordinary_files.Maker(seed)
    makers = ordinary_files.MAKERS.items()
    return [(f"{kind}-{n:03d}.{kind}", make(maker)) for n in range(each) for kind, make in makers]


def taken(paths: list[str], each: int) -> list[tuple[str, bytes]]:
    """Return at most so many ordinary files of each extension below some paths, read into memory, none written."""
    known = magics.marks().by_extension
    found: dict[str, list[tuple[str, bytes]]] = {}
    for number, entry in enumerate(walk(paths)):
        extension = Path(entry.name).suffix[1:].lower()
        mine = found.setdefault(extension, []) if extension in known else None
        if mine is None or len(mine) >= each or not 2048 <= entry.stat(follow_symlinks=False).st_size <= 4 << 20:
            continue
        try:
            mine.append((f"{number}-{entry.name}", Path(entry.path).read_bytes()))
        except OSError:
            continue
    return [one for mine in found.values() for one in mine]


def found_in(mode: str, how: str, originals: list[tuple[str, bytes]]) -> dict[str, Any]:
    """Encrypt the files in one mode and return what is found of them."""
    groups = Groups()
    verdicts: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for number, (name, content) in enumerate(originals):
        key = hashlib.sha256(f"{mode}{number}".encode()).digest()
        now = content if mode == "plain" else ordinary_files.encrypted(content, mode, key)
        judgement = judged(renamed(name, how), now)
        verdicts[judgement.verdict] += 1
        if not judgement.is_hit:
            missed[name.rpartition(".")[2]] += 1
        groups.add(f"/made/{number % FOLDERS}", renamed(name, how), judgement, len(now), number * 10**9)
    group = next(iter(groups.groups()), None)
    hits = verdicts["encrypted"] + verdicts["suspect"]
    by_group = 0 if group is None else len(originals) if group.how == "extension" else hits
    return {
        "mode": mode, "renamed": how, "files": len(originals), "encrypted": verdicts["encrypted"], "hits": hits,
        "by_group": by_group, "confidence": group.confidence if group else None,
        "reasons": list(group.reasons) if group else [], "missed": dict(missed),
    }  # fmt: skip


def measure(originals: list[tuple[str, bytes]], *, as_json: bool, listed: bool) -> None:
    """Print the table of modes."""
    kinds = len({name.rpartition(".")[2].lower() for name, _ in originals})
    started = time.perf_counter()
    rows = [found_in(mode, how, originals) for how in RENAMES for mode in ("plain", *ordinary_files.MODES)]
    seconds = time.perf_counter() - started
    if as_json:
        print(json.dumps({"types": kinds, "rows": rows, "seconds": round(seconds, 2)}))
        return
    print(f"{len(originals)} files of {kinds} types; % of files")
    print(f"{'renamed':10}{'mode':14}{'encrypted':>10}{'+ suspect':>10}{'by group':>10}  confidence")
    for row in rows:
        shares = "".join(f"{100 * row[name] / row['files']:10.1f}" for name in ("encrypted", "hits", "by_group"))
        print(f"{row['renamed']:10}{row['mode']:14}{shares}  {row['confidence'] or '-'}")
        if listed and row["missed"] and row["mode"] != "plain":
            print("          missed:", ", ".join(f"{kind} {count}" for kind, count in sorted(row["missed"].items())))


def walk(paths: list[str]) -> Iterator[os.DirEntry[str]]:
    """Yield the regular files below some paths, folder by folder, on their own file system; links are not followed."""
    tops = sorted({Path(path).resolve() for path in paths})
    tops = [top for top in tops if not any(other in top.parents for other in tops)]  # each file once
    waiting = [str(top) for top in tops]
    devices = {os.lstat(top).st_dev for top in tops}
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            try:
                info = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISDIR(info.st_mode) and info.st_dev in devices:
                waiting.append(entry.path)
            elif stat.S_ISREG(info.st_mode) and info.st_dev in devices:
                yield entry


def look(path: str, name: str, size: int) -> files.FileJudgement:
    """Read and judge one file."""
    if sys.platform == "win32":  # noqa: TID251 - the files of a host are those of a POSIX one
        raise NotImplementedError
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        head = os.pread(descriptor, files.HEAD, 0)
        tail = os.pread(descriptor, files.TAIL, max(size - files.TAIL, 0))
        judgement = files.judge_bytes(name, head, tail, size)
        if files.wants_probes(judgement, size):
            middle = b"".join(os.pread(descriptor, files.PROBE, place) for place in files.probe_offsets(size))
            judgement = files.judge_bytes(name, head, tail, size, middle)
        return judgement
    finally:
        os.close(descriptor)


def benign(paths: list[str], every: int, *, as_json: bool, listed: bool) -> None:
    """Print what is taken for encrypted of ordinary files."""
    groups = Groups()
    verdicts: Counter[str] = Counter()
    hits: list[tuple[str, str, tuple[str, ...]]] = []
    started, spent = time.perf_counter(), 0.0
    for number, entry in enumerate(walk(paths)):
        if number % every:
            continue
        info = entry.stat(follow_symlinks=False)
        try:
            before = time.process_time()
            judgement = look(entry.path, entry.name, info.st_size)
            spent += time.process_time() - before
        except OSError:
            verdicts["unreadable"] += 1
            continue
        verdicts[judgement.verdict] += 1
        if judgement.is_hit:
            hits.append((judgement.verdict, entry.path, judgement.reasons))
        groups.add(str(Path(entry.path).parent), entry.name, judgement, info.st_size, info.st_mtime_ns)
    judged_files = sum(verdicts.values()) - verdicts["unreadable"]
    found = groups.groups()
    told = {
        "files": judged_files, "verdicts": dict(verdicts),
        "encrypted_per_10000": round(1e4 * verdicts["encrypted"] / max(judged_files, 1), 2),
        "suspect_per_10000": round(1e4 * verdicts["suspect"] / max(judged_files, 1), 2),
        "groups": [[one.how, one.pattern, one.files, one.confidence, list(one.reasons)] for one in found],
        "microseconds_each": round(1e6 * spent / max(judged_files, 1), 1),
        "seconds": round(time.perf_counter() - started, 1),
    }  # fmt: skip
    if as_json:
        print(json.dumps(told))
    else:
        for name, value in told.items():
            print(f"{name}: {value}")
    if listed:
        for verdict, path, reasons in sorted(hits):
            print(verdict, ascii(path), *reasons, file=sys.stderr)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=40, help="files of each type (40)")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--benign", nargs="+", metavar="PATH", help="judge the ordinary files below these folders")
    parser.add_argument("--files", nargs="+", metavar="PATH", help="encrypt copies of the files below these instead")
    parser.add_argument("--every", type=int, default=1, help="with --benign: look at each Nth file only")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--list", action="store_true", help="name what was missed, or the false hits (on stderr)")
    given = parser.parse_args()
    if given.benign:
        benign(given.benign, given.every, as_json=given.json, listed=given.list)
    else:
        originals = taken(given.files, given.each) if given.files else made(given.each, given.seed)
        measure(originals, as_json=given.json, listed=given.list)


if __name__ == "__main__":
    main()
