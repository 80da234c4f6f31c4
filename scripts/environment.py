"""Makes the environment of the scripts: whole or not at all, from locked versions with their hashes.

    python3 environment.py FOLDER... -- LOCK...

The first FOLDER whose place can be written gets the environment; its path is printed on stdout, everything else on
stderr. It is built under a temporary name beside it and renamed when it is complete, so a half-made one never counts;
`made-from` inside holds the text of its locks. Two started at once wait for each other: the lock is the kernel's, on
the place itself, and ends with the process. Only the standard library is used, and pip inside the new environment.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

assert sys.platform != "win32"  # noqa: S101 - lets mypy skip this file there: the scripts are for POSIX systems

import fcntl  # noqa: E402 - not on Windows

if TYPE_CHECKING:
    from collections.abc import Sequence

MADE_FROM = "made-from"
"""The file in an environment that holds what it was made from; `environment.sh` compares it."""


class Refusal(Exception):  # noqa: N818 - it is an answer to the user
    """The environment can't be made: the message and what to do next."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def main(arguments: Sequence[str]) -> int:
    """Make the environment, print its path and return the exit code."""
    middle = arguments.index("--")
    folders, locks = [Path(a) for a in arguments[:middle]], [Path(a) for a in arguments[middle + 1 :]]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(128 + signal.SIGHUP))
    try:
        print(make(place_for(folders), locks))
    except Refusal as e:
        say(f"error: {e}\nhint: {e.hint}")
        return 1
    except KeyboardInterrupt:
        say("error: interrupted, the environment was not made\nhint: start again")
        return 128 + signal.SIGINT
    return 0


def place_for(folders: Sequence[Path]) -> Path:
    """Return the first folder whose parent takes an environment: written to, with links, programs may run there."""
    for folder in folders:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f"{folder.name}-new-", dir=folder.parent) as scratch:
                program = Path(scratch, "program")
                program.write_text("#!/bin/sh\n")
                program.chmod(0o700)
                Path(scratch, "link").symlink_to(program)
                subprocess.run([Path(scratch, "link")], check=True)
        except OSError:  # read-only; a FAT stick takes no links; mounted noexec
            continue
        return folder
    raise Refusal(
        "no folder can take the Python environment: " + ", ".join(str(f.parent) for f in folders),
        "set XDG_CACHE_HOME to a folder that you can write to, not on a FAT stick",
    )


def make(folder: Path, locks: Sequence[Path]) -> Path:
    """Make the environment in `folder` unless another start has just done it; return `folder`."""
    text = b"".join(lock.read_bytes() for lock in locks)
    place = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another start that is making the environment")
            fcntl.flock(place, fcntl.LOCK_EX)
        if not fits(folder, text):
            for left in folder.parent.glob(f"{folder.name}-new-*"):  # of one that was killed: we hold the lock
                shutil.rmtree(left, ignore_errors=True)
            build(folder, locks, text)
    finally:
        os.close(place)
    return folder


def fits(folder: Path, text: bytes) -> bool:
    """Tell whether the environment is there, was made from this text, and still has its Python."""
    try:
        return (folder / MADE_FROM).read_bytes() == text and os.access(folder / "bin/python", os.X_OK)
    except OSError:
        return False


def build(folder: Path, locks: Sequence[Path], text: bytes) -> None:
    """Build under a temporary name, then put it in the place of what was there; raises `Refusal`."""
    say(f"making the Python environment {folder} (once; a minute, and the network is needed)")
    scratch = Path(tempfile.mkdtemp(prefix=f"{folder.name}-new-", dir=folder.parent))
    try:
        new = scratch / "environment"
        # The real file, python3.11 and not python3: should the system move on, the link dangles and we build anew.
        python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        run([python, "-I", "-m", "venv", str(new)], "the environment could not be made", "is python3-venv installed?")
        install = [str(new / "bin/python"), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        install += ["--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
        run(
            [*install, *(part for lock in locks for part in ("--requirement", str(lock)))],
            "pip could not install what the lock names",
            "is there a network, and room on the disk? pip says above what is missing; ready-made packages are needed",
        )
        (new / MADE_FROM).write_bytes(text)
        new.chmod(0o755)
        if folder.is_symlink() or folder.exists():
            folder.rename(scratch / "old")
        new.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def run(command: Sequence[str], what: str, hint: str) -> None:
    """Run a program that says nothing on stdout; raises `Refusal`."""
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True)
    except (OSError, subprocess.CalledProcessError) as e:
        raise Refusal(what, hint) from e


def say(text: str) -> None:
    """Tell the user; stdout belongs to the program that is started afterwards."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
