"""Kits of stand-in programs: the Linux one runs this checkout, the Windows one is a few bytes with the right names."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import live
import pyrage

if TYPE_CHECKING:
    from pathlib import Path

_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from collector.cli import main; main()"
SHORT = ("--no-memory", "--profile", "triage")
"""What keeps a run on the machine of the tests short."""


class Expert:
    """Who prepares kits: an age identity and a public SSH key."""

    def __init__(self) -> None:
        identity = pyrage.x25519.Identity.generate()
        self.identity = str(identity)
        self.recipient = str(identity.to_public())
        self.ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8Ht8Z3j6yDWPBHQtOp/R9rjWvfMYo3MSA/K6q8D86r"


def programs(folder: Path) -> dict[str, Path]:
    """Make both one-folder programs, with a link inside one, as PyInstaller lays some on Linux."""
    windows, linux = folder / "program-windows", folder / "program-linux"
    for program in (windows, linux):
        (program / "_internal/lib").mkdir(parents=True)
    (windows / "collect.exe").write_bytes(b"MZ stand-in")
    (windows / "_internal/python311.dll").write_bytes(b"MZ library")
    (windows / "_internal/lib/données.txt").write_bytes(b"")
    starts = " ".join(map(shlex.quote, [sys.executable, "-I", "-B", "-c", _START, str(live.ROOT)]))
    (linux / "collect").write_text(f'#!/bin/sh\nexec {starts} "$@"\n', "utf-8")
    (linux / "collect").chmod(0o755)
    (linux / "_internal/libz.so.1.3").write_bytes(b"ELF library")
    (linux / "_internal/libz.so").symlink_to("libz.so.1.3")
    return {"windows": windows, "linux": linux}


def words(stick: Path, expert: Expert, made: dict[str, Path], *more: str) -> list[str]:
    """Return the command that lays out a kit of these programs."""
    given = [word for system, folder in made.items() for word in (f"--program-{system}", str(folder))]
    return ["kit", "--out", str(stick), "--recipient", expert.recipient, *given, *more]
