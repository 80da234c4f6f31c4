"""What the tool says of itself in a record: version and the hash of its own files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from collector import __version__

_LEFT_OUT = frozenset({"__pycache__", "_rules"})
"""What interpreters write beside our files, and the rules, which are counted under their own name."""


def own_sha256() -> str:
    """Return the hash over the tool's own files: SHA-256 of their `sha256sum` list, sorted by name (SPEC 5.1)."""
    package = Path(__file__).parent
    roots = {
        "collector": package,
        "rules": package / "_rules" if (package / "_rules").is_dir() else package.parent / "rules",
    }
    lines = []
    for name, root in roots.items():
        for path in root.rglob("*"):
            inner = path.relative_to(root)
            if path.is_file() and not any(part in _LEFT_OUT or part.startswith(".") for part in inner.parts):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                lines.append((f"{name}/{inner.as_posix()}", digest))
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(lines))
    return hashlib.sha256(text.encode()).hexdigest()


def identity(privileges: str) -> dict[str, str]:
    """Return the `tool` field of `open` and `resume`."""
    return {"version": __version__, "sha256": own_sha256(), "privileges": privileges}
