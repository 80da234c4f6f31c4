"""A harmless encryptor of our own: python encryptor.py FOLDER MODE FILES_A_SECOND. Files get random bytes, no more.

It touches only what lies in the folder, one file after the other, and writes a line for each file that is done.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

EXTENSION = ".crypt0r"
NOTE = "HOW_TO_GET_BACK.txt"
MODES = (
    "rename",
    "replace",
    "rename first",
    "in place",
    "extension for each",
    "replace, extension for each",
    "another name",
)


def main(folder: Path, mode: str, rate: float) -> None:
    """Encrypt every file of a tree once."""
    dice = random.Random(7)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.name == NOTE or path.suffix == EXTENSION:
            continue
        encrypt(path, mode, dice)
        if not (path.parent / NOTE).exists():
            (path.parent / NOTE).write_text("a test\n")
        print(path, flush=True)
        time.sleep(1 / rate)


def encrypt(path: Path, mode: str, dice: random.Random) -> None:
    """Put random bytes in the place of a file's content, in the way that a mode names."""
    garbage = dice.randbytes(path.stat().st_size)
    after = path.with_name(path.name + EXTENSION)
    if mode.endswith("extension for each"):
        after = path.with_name(f"{path.name}.{dice.getrandbits(40):08x}q")
    elif mode == "another name":
        after = path.with_name(f"{dice.getrandbits(40):010x}{EXTENSION}")
    if mode == "rename first":
        path.rename(after)
        path = after
    if mode.startswith("replace"):
        after.write_bytes(garbage)
        path.unlink()
        return
    with path.open("r+b") as file:
        file.write(garbage)
        file.flush()
        os.fsync(file.fileno())
    if mode in ("rename", "extension for each", "replace, extension for each", "another name"):
        path.rename(after)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
