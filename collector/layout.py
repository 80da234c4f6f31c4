"""The names of a bundle's files: what may stand in the folder, and when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MANIFEST = "manifest.jsonl"
ARTIFACTS = "artifacts"
CHECKPOINT = "checkpoint"
SIGNATURE = "checkpoint.sig"
RUN_KEY = "run_key.pub"
SIGNERS = "allowed_signers"
SUMS = "SHA256SUMS"
README = "LISEZ-MOI.txt"
CUSTODY = "custody.jsonl"
ATTACHMENTS = "attachments"
RESERVE = ".reserve"
PART = ".part"
"""Ending of a file that is not complete yet; legal only while the bundle is unsealed."""

SEALED_FILES = (MANIFEST, CHECKPOINT, SIGNATURE, RUN_KEY, SIGNERS, README)
"""What `SHA256SUMS` lists beside the artifacts."""
TIMESTAMP, TIMESTAMP_REQUEST = "timestamp", "timestamp-request"
"""Kinds of the custody files that are clear in every bundle (SPEC 10.3)."""
FOLDERS = (ARTIFACTS, ATTACHMENTS)

STORED = r"(?:artifacts|attachments)/[0-9]{6,9}-[a-z0-9-]{1,40}(?:\.(?!part\b)[a-z0-9]{1,8}){1,2}"
"""The form of a stored file's path (SPEC 3.6)."""
_PART_NAME = re.compile(STORED + re.escape(PART), re.ASCII)


def is_part_name(path: str) -> bool:
    """Tell whether a stored file has this path while it is being written."""
    return _PART_NAME.fullmatch(path) is not None


_TORN_NAME = re.compile(
    r"(?:(?:artifacts|attachments)/[0-9]{6}|manife|checkp|run_ke|allowe|lisez-|sha256|reserv)~[0-9](?:\.[a-z0-9]{1,3})?"
    r"|(?:artifacts|attachments)/(?=(?:.{13})+\Z)[0-9]{6,9}-[a-z0-9.-]+"
    r"|manifest\.json|checkpoint\.(?:si|pa)|run_key\.pub\.p|allowed_signe|SHA256SUMS\.pa",
    re.ASCII | re.IGNORECASE,
)


def is_torn_name(path: str) -> bool:
    """Tell whether FAT shows such a name for a new entry of which lost power let only a part be written (SPEC 2).

    A long name is several slots of a folder, 13 characters each, and one of the old form; they may lie in two sectors.
    """
    return _TORN_NAME.fullmatch(path) is not None


def start_of(path: str) -> str:
    """Return what a path shares with a torn name of it: its folder and its first six characters, in small letters."""
    return path[: path.rfind("/") + 7].lower()


def by_start(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return paths by what a torn name of each begins with."""
    starts: dict[str, list[str]] = {}
    for path in paths:
        starts.setdefault(start_of(path), []).append(path)
    return starts


LITTER = frozenset({"desktop.ini", "Thumbs.db", ".DS_Store"})
"""What file managers leave behind, exactly; `._*` of macOS beside it."""


def is_litter(name: str) -> bool:
    """Tell whether a file manager left this in the bundle's folder (never inside `artifacts/`)."""
    return name in LITTER or name.startswith("._")


_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def safe_name(text: str, limit: int) -> str:
    """Return what a text contributes to a folder's name: our own alphabet, never empty, never hidden."""
    return _UNSAFE.sub("-", text)[:limit].strip(".-_") or "host"
