"""Lays the vectors of tests/testdata/vectors down as folders; how they are made stands in scripts/gen_vectors.py."""

from __future__ import annotations

import base64
import json
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from collector import timestamp
from collector.anchors import Trusted

FOLDER = Path(__file__).resolve().parent / "testdata" / "vectors"


@dataclass(frozen=True)
class Vector:
    name: str
    expect: str
    code: str
    subject: str
    comment: str
    arguments: tuple[str, ...]
    world: dict

    def lay(self, folder: Path) -> Path:
        """Make the folder of this bundle and return it."""
        folder.mkdir()
        if sys.platform == "win32":
            import wine  # noqa: PLC0415 - it needs pytest, and others use this file without

            wine.needs_names(self.world)
        for path, entry in self.world.items():
            place = folder / path
            if isinstance(entry, dict) and "folder" in entry:
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(entry, dict) and "symlink" in entry:
                place.symlink_to(entry["symlink"])
            elif isinstance(entry, dict) and "fifo" in entry:
                os.mkfifo(place)
            else:
                place.write_bytes(content(entry))
        return folder

    @property
    def needs_links(self) -> bool:
        """Whether it holds what not every system has."""
        return any(isinstance(entry, dict) and not {"folder", "base64"} & set(entry) for entry in self.world.values())


def content(entry: object) -> bytes:
    if isinstance(entry, dict):
        return base64.b64decode(entry["base64"])
    assert isinstance(entry, list)
    return "\n".join(line if isinstance(line, str) else "".join(map(_part, line)) for line in entry).encode("ascii")


def trusted(given: dict[str, str]) -> Trusted:
    """Return what the arguments of a vector bring: the space of a key is a comma, a root is a file of testdata/tsa."""
    key, root = given.get("--expert-key"), given.get("--tsa-root")
    return Trusted(
        given.get("--start-code"),
        given.get("--seal-code"),
        given.get("--kit-nonce"),
        () if key is None else (key.replace(",", " "),),
        () if root is None else timestamp.roots_from([FOLDER.parent / "tsa" / root]),
    )


def _part(part: str | dict) -> str:
    return part if isinstance(part, str) else part["repeat"] * part["times"]


def read(path: Path) -> Vector:
    header, _, body = path.read_text("ascii").partition("\n\n")
    fields = dict(line.split(": ", 1) for line in header.split("\n"))
    arguments = tuple(fields.pop("arguments", "").split())
    fields = {"code": "", "subject": "", "comment": "", **fields}
    return Vector(name=path.stem, arguments=arguments, world=json.loads(body), **fields)


def all_vectors() -> list[Vector]:
    return [read(path) for path in sorted(FOLDER.glob("*.vector"))]


def snapshot(folder: Path) -> dict[str, tuple]:
    """Return all that can be seen of a folder: names, kinds, times of change, bytes and where links lead."""
    seen = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        found = path.lstat()
        what: object = None
        if stat.S_ISREG(found.st_mode):
            what = path.read_bytes()
        elif stat.S_ISLNK(found.st_mode):
            what = path.readlink()
        name = os.fsencode(path.relative_to(folder)).decode("latin-1")
        seen[name] = (found.st_mode, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size, what)
    return seen
