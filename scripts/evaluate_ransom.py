"""Measures how many ransom notes are found among notes, and among files that are none.

    scripts/evaluate-ransom --notes DIR --benign DIR_OR_LIST [--json | --list] [--as WAY]

A family is a first-level folder of --notes. --benign is a folder, or a file with one path a line. Of each file, the
head and the tail are read as in a run; links are not followed, and what is no regular file is not opened. With --json
exactly one object is printed: notes, found, families, families_found, benign, false_positives, seconds (of judging, all
files), slowest (of one file). What could not be read is told on stderr and counts nowhere. Where nothing was judged
of an argument, or it is neither a folder nor a list, the exit code is 2.

--as rewrites each plain note before it is judged: utf-16-le, utf-16-be (with their marks), utf-16-le-bare,
utf-16-be-bare, entities, spans (HTML, one per letter), zero-width, homoglyphs (Cyrillic a, e, o), rtf.
"""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if sys.platform == "win32":  # noqa: TID251 - the scripts are for POSIX systems
    raise NotImplementedError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from collector.ransom import notes, reading  # beside this checkout's scripts, not what is installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HOMOGLYPHS: Final = str.maketrans("aeo", "\u0430\u0435\u043e")
_RTF_SIGNS: Final = str.maketrans({"\\": "\\\\", "{": "\\{", "}": "\\}", "\n": "\\par\n"})


def _rtf(text: str) -> bytes:
    shown = "".join(c if c.isascii() else f"\\u{ord(c)}?" for c in text.translate(_RTF_SIGNS) if ord(c) < 0x8000)
    return ("{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\f0\\fs20 " + shown + "}").encode()


WAYS: Final[dict[str, Callable[[str], bytes]]] = {
    "utf-16-le": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf-16-be": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-16-le-bare": lambda text: text.encode("utf-16-le"),
    "utf-16-be-bare": lambda text: text.encode("utf-16-be"),
    "entities": lambda text: "".join(c if c.isspace() else f"&#{ord(c)};" for c in text).encode(),
    "spans": lambda text: ("<html><body>" + "".join(f"<span>{c}</span>" for c in text) + "</body></html>").encode(),
    "zero-width": lambda text: "\u200d".join(text).encode(),
    "homoglyphs": lambda text: text.translate(_HOMOGLYPHS).encode(),
    "rtf": _rtf,
}
"""How a plain text can be hidden: each keeps what a person reads."""


@dataclass
class Tally:
    """What was judged so far."""

    seconds: float = 0.0
    slowest: float = 0.0
    unread: int = 0
    files: int = 0
    hits: int = 0
    families: dict[str, bool] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def not_read(self, reason: OSError | ValueError, path: object = None) -> None:
        """Tell on stderr what could not be read, and count it."""
        self.unread += 1
        said = getattr(reason, "strerror", None) or reason
        print(f"not read: {str(path or getattr(reason, 'filename', ''))!a}: {said}", file=sys.stderr)

    def judge(self, path: Path, way: str, name: str) -> bool | None:
        """Judge one file; None where it can't be read or holds nothing to rewrite."""
        try:
            data = content(path)
        except (OSError, ValueError) as e:  # a zero byte in a list's line makes no path
            self.not_read(e, path)
            return None
        if way:
            plain = reading.read(data)
            if plain.form != "text":
                return None
            data = WAYS[way](data.decode(plain.encoding.replace("binary", "latin-1"), "replace").lstrip("\ufeff"))
            data = data[: notes.HEAD] + data[notes.HEAD :][-notes.TAIL :]
        started = time.perf_counter()
        judged = notes.judge_note(name, data)
        took = time.perf_counter() - started
        self.seconds += took
        self.slowest = max(self.slowest, took)
        self.files += 1
        self.hits += judged.is_note
        return judged.is_note


def content(path: Path) -> bytes:
    """Return head and tail of a regular file; raises `OSError` for anything else, which is never opened for long."""
    if not stat.S_ISREG(os.lstat(path).st_mode):  # to open a device may do something
        raise OSError(0, "not a regular file")
    found = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(found)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file")
        data = whole(found, notes.HEAD, 0)
        if status.st_size > len(data):
            data += whole(found, notes.TAIL, max(len(data), status.st_size - notes.TAIL))
        return data
    finally:
        os.close(found)


def whole(found: int, size: int, at: int) -> bytes:
    """Return `size` bytes from a place of an open file, fewer where it ends."""
    parts = b""
    while len(parts) < size and (part := os.pread(found, size - len(parts), at + len(parts))):
        parts += part
    return parts


def files(root: Path, tally: Tally) -> Iterator[Path]:
    """Yield the regular files below a folder, or those that a list names, in order of their names.

    A folder that can't be read, and what vanished since it was listed, is told and counted as unread.
    """
    if root.is_dir():
        for folder, folders, names in os.walk(root, onerror=tally.not_read):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                try:
                    regular = stat.S_ISREG(os.lstat(path).st_mode)
                except OSError as e:
                    tally.not_read(e)
                    continue
                if regular:
                    yield path
        return
    with root.open("rb") as lines:
        for line in iter(lambda: lines.readline(1 << 16), b""):
            if listed := line.rstrip(b"\r\n"):
                yield Path(os.fsdecode(listed))


def measure(options: argparse.Namespace) -> tuple[Tally, Tally]:
    """Judge all notes and all benign files."""
    bad, good = Tally(), Tally()
    notes.judge_note("", b"")  # the rules are read once in a run, not with the first file
    for path in files(options.notes, bad) if options.notes else ():
        family = path.relative_to(options.notes).parts[0] if options.notes.is_dir() else path.parent.name
        found = bad.judge(path, options.way, path.name)
        if found is not None:
            bad.families[family] = bad.families.get(family, False) or found
        if found is False:
            bad.told.append(f"missed: {str(path)!a}")
    for path in files(options.benign, good) if options.benign else ():
        if good.judge(path, "", path.name):
            good.told.append(f"false: {str(path)!a}")
    return bad, good


def refused(path: Path) -> str:
    """Return why an argument can't be measured; empty where it can. A pipe or a device is never opened."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as e:
        return str(getattr(e, "strerror", None) or e)
    if stat.S_ISDIR(mode):
        return "" if os.access(path, os.R_OK | os.X_OK) else "this folder can't be read"
    return "" if stat.S_ISREG(mode) else "neither a folder nor a list"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="measures how many ransom notes are found")
    parser.add_argument("--notes", type=Path, help="folder of notes: a family is a first-level folder")
    parser.add_argument("--benign", type=Path, help="folder, or a file with one path a line")
    parser.add_argument("--json", action="store_true", help="print one object and nothing else")
    parser.add_argument("--list", action="store_true", help="name the missed notes and the false ones")
    parser.add_argument("--as", dest="way", default="", choices=sorted(WAYS), help="rewrite plain notes first")
    options = parser.parse_args()
    if options.notes is None and options.benign is None:
        parser.error("nothing to judge: neither --notes nor --benign")
    for path in (options.notes, options.benign):
        if path is not None and (why := refused(path)):
            parser.error(f"{str(path)!a}: {why}")
    try:
        bad, good = measure(options)
    except OSError as e:  # of a list: what a file or a folder refuses is told and counted
        parser.error(f"{e.filename!a}: {e.strerror}")
    result = {
        "notes": bad.files,
        "found": bad.hits,
        "families": len(bad.families),
        "families_found": sum(bad.families.values()),
        "benign": good.files,
        "false_positives": good.hits,
        "seconds": round(bad.seconds + good.seconds, 3),
        "slowest": round(max(bad.slowest, good.slowest), 3),
    }
    done = 0
    for path, tally in ((options.notes, bad), (options.benign, good)):
        if path is not None and not tally.files:
            print(f"nothing was judged of {str(path)!a} ({tally.unread} not read)", file=sys.stderr)
            done = 2
    if options.json:
        print(json.dumps(result))
        return done
    if options.list:
        print(*bad.told, *good.told, sep="\n")
    for key, value in result.items():
        print(f"{key:16} {value}")
    print(f"{'unread':16} {bad.unread + good.unread}")
    return done


if __name__ == "__main__":
    sys.exit(main())
