"""Makes the environment of the scripts: whole or not at all, from locked versions with their hashes.

    python3 environment.py FOLDER... -- LOCK...

The first FOLDER that can take it becomes the environment; its path is printed on stdout, everything else on stderr.
It is built under a temporary name beside it and renamed when it is complete, so a half-made one never counts. Two
started at once wait for each other: the lock is the kernel's, on the folder around it, and ends with the process.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess  # noqa: TID251 - runs venv and pip
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if sys.platform == "win32":  # noqa: TID251 - the scripts are for POSIX systems
    raise NotImplementedError

import fcntl

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE_ONLY = ("artifacts", "acstore", "dfwinreg", "dtfabric", "timesketch")
"""Published as a source archive alone, so built here, all in Python: the first is ours (docs/adr/0002), the others
are experts' tools, which only tests use. Everything else in a lock comes as a wheel."""
MADE_FROM = "made-from"
"""The file in an environment that holds the text of its locks; `environment.sh` compares it."""


class Refused(Exception):  # noqa: N818 - not our error: the machine can't
    """The environment can't be made: the message and what to do next."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def main(arguments: Sequence[str]) -> int:
    """Make the environment, print its path and return the exit code."""
    middle = arguments.index("--")
    folders, locks = [Path(a) for a in arguments[:middle]], [Path(a) for a in arguments[middle + 1 :]]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        print(first_possible(folders, locks))
    except Refused as e:
        say(f"error: {e}\nhint: {e.hint}")
        return 1
    except KeyboardInterrupt:
        say("error: interrupted; the environment was not made\nhint: start again")
        return 128 + signal.SIGINT
    return 0


def first_possible(folders: Sequence[Path], locks: Sequence[Path]) -> Path:
    """Make the environment in the first folder whose place takes one and return that folder; raises `Refused`."""
    text = b"".join(lock.read_bytes() for lock in locks)
    for folder in folders:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            place = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            continue
        try:
            wait_for_turn(place)
            if fits(folder, text):  # another start has just made it
                return folder
            if takes_environment(folder.parent):
                build(folder, locks, text)
                return folder
        finally:
            os.close(place)
    raise Refused(
        "no folder takes the Python environment: " + ", ".join(str(folder.parent) for folder in folders),
        "set XDG_CACHE_HOME to a folder that you can write to; a FAT stick will not do",
    )


def wait_for_turn(place: int) -> None:
    """Lock the folder until it is closed or the process ends, however it ends."""
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another start, which is making the environment")
        fcntl.flock(place, fcntl.LOCK_EX)


def fits(folder: Path, text: bytes) -> bool:
    """Tell whether the environment is there, was made from this text and still has its Python."""
    try:
        return (folder / MADE_FROM).read_bytes() == text and os.access(folder / "bin/python", os.X_OK)
    except OSError:
        return False


def takes_environment(place: Path) -> bool:
    """Tell whether a folder can be written, takes links (FAT does not) and lets programs run (noexec does not)."""
    try:
        with tempfile.TemporaryDirectory(prefix=".venv-probe-", dir=place) as scratch:
            program, link = Path(scratch, "program"), Path(scratch, "link")
            program.write_text("#!/bin/sh\n")
            program.chmod(0o700)
            link.symlink_to(program)
            subprocess.run([link], check=True)
    except OSError:
        return False
    return True


def build(folder: Path, locks: Sequence[Path], text: bytes) -> None:
    """Build under a temporary name, then take the place of what was there; raises `Refused`."""
    say(f"making the Python environment {folder}: once, about a minute, over the network")
    for left in folder.parent.glob(f"{folder.name}-new-*"):  # of a start that was killed: it is our turn
        shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"{folder.name}-new-", dir=folder.parent))
    try:
        new = scratch / "environment"
        # The real file, python3.11 and not python3: when the system moves on, the link dangles and a new one is made.
        python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        run([python, "-I", "-m", "venv", str(new)], "the environment can't be made", "is there room on the disk?")
        pip = [str(new / "bin/python"), "-I", "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input"]
        pip += ["install", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
        pip += ["--no-binary", ",".join(SOURCE_ONLY)]
        run(
            [*pip, *(part for lock in locks for part in ("--requirement", str(lock)))],
            "pip can't install what the lock names",
            "pip says why in the lines above; is there a network, and room on the disk?",
        )
        (new / MADE_FROM).write_bytes(text)
        if folder.is_symlink() or folder.exists():
            folder.rename(scratch / "old")
        new.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def run(command: Sequence[str], what: str, hint: str) -> None:
    """Run a program whose output goes to stderr; raises `Refused`."""
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True)
    except (OSError, subprocess.CalledProcessError) as e:
        raise Refused(what, hint) from e


def say(text: str) -> None:
    """Tell the user; stdout belongs to the program that is started afterwards."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
