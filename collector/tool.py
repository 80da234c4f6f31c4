"""What the tool says of itself in a record: version and the hash of its own files."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from collector import __version__, layout
from collector.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEFT_OUT = frozenset({"__pycache__", "_rules"})
"""What interpreters write beside our files, and the rules, which are counted under their own name."""


def program_folder() -> Path | None:
    """Return the folder of the one-folder program that we are, or `None` where Python runs us from our sources."""
    return Path(sys.executable).absolute().parent if getattr(sys, "frozen", False) else None


def own_sha256() -> str:
    """Return the hash over the tool's own files: SHA-256 of their `sha256sum` list, sorted by name (SPEC 5.1).

    Raises `RefusedError` where one of them can't be read.
    """
    program = program_folder()
    if program is not None:
        return listed_sha256(_digests(program))
    package = Path(__file__).parent
    roots = {
        "collector": package,
        "rules": package / "_rules" if (package / "_rules").is_dir() else package.parent / "rules",
    }
    lines = []
    for name, root in roots.items():
        for inner, digest in _digests(root):
            if not any(part in _LEFT_OUT or part.startswith(".") for part in inner.split("/")):
                lines.append((f"{name}/{inner}", digest))
    return listed_sha256(lines)


def listed_sha256(digests: Iterable[tuple[str, str]]) -> str:
    """Return the hash of a program of which the files' names and hashes are given."""
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _digests(root: Path) -> Iterable[tuple[str, str]]:
    """Yield the files below a folder, and what links there lead to: name with `/` and hash."""
    try:
        for path in root.rglob("*"):
            if path.is_file() and not layout.is_litter(path.name):
                with path.open("rb") as file:
                    yield path.relative_to(root).as_posix(), hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RefusedError(
            "a file of the program itself can't be read", hint="has the antivirus taken it? use another stick"
        ) from error


def identity(privileges: str) -> dict[str, str]:
    """Return the `tool` field of `open` and `resume`."""
    return {"version": __version__, "sha256": own_sha256(), "privileges": privileges}
