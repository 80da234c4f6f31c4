"""The kit: a stick that an expert prepared long before. Reads its `kit.json` and tells what is not as it was prepared.

Laying one out is `handover.kit`'s. What is checked here says that the stick is as it was laid out, not who did that:
whoever changes a file can change `SHA256SUMS` too, and the program that checks it. Origin is shown by what the expert
kept: the hash of `SHA256SUMS`, those of the programs (`open.tool.sha256` of a bundle), the kit's nonce.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from collector import disk, handles, layout
from collector.errors import KitError, UsageError
from collector.schema import is_case, is_hash, is_nonce
from collector.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "kit.json"
SUMS = "SHA256SUMS"
EVIDENCE = "preuves"
"""The folder of the stick that bundles are written into: the one thing there that changes."""
STARTERS = {"windows": "COLLECTER.cmd", "linux": "collecter.sh"}
"""What a person starts, for each system."""
PROGRAMS = {"windows": "collect.exe", "linux": "collect"}
"""The one-folder programs: the folder of each, and what starts it."""

MAX_CONTACT = 100
"""Characters of who is to be called: one line of a page."""
LEAST_ROOM, LEAST_AT_ALL = 64 << 20, 2 << 20
"""Free bytes below which a medium is called full before a run begins, where a person can plug another one in: what
vanishes first takes less; and where nobody can: what fits is better than nothing."""
_MOST_BYTES = 1 << 22
"""Of `kit.json`, and of `SHA256SUMS`: a program is some hundred files."""
_MOST_FOUND = 20_000
"""Files that are looked at in a program's folder; one has some hundred."""
_MOST_TOLD = 20

_OF_THE_SYSTEM = frozenset(
    {
        "$RECYCLE.BIN",
        ".Spotlight-V100",
        ".TemporaryItems",
        ".Trashes",
        ".fseventsd",
        "System Volume Information",
        "lost+found",
    }
)
"""What systems make by themselves in the first folder of a medium."""
_STARTED = (
    ".appref-ms .bat .chm .cmd .com .cpl .desktop .dll .exe .hta .inf .jar .js .jse .lnk .msc .msi .msp .pif .ps1 .py "
    ".reg .scf .scr .sh .url .vb .vbe .vbs .wsf .wsh"
)
"""What a double-click starts, or a program loads, by the ending of its name: none may lie beside the kit's own."""

_NO_KIT = "give the kit.json of the stick that was used"


@dataclass(frozen=True, slots=True)
class Kit:
    """What a `kit.json` says, checked; `folder` is where it lies."""

    folder: Path
    nonce: str
    recipients: tuple[str, ...]
    case: str | None = None
    contact: str | None = None
    language: str | None = None

    @property
    def evidence(self) -> Path:
        """Return the folder that bundles go into."""
        return self.folder / EVIDENCE


def fields(path: Path) -> dict[str, object]:
    """Return the object of a kit.json, unchecked; raises `UsageError` where there is none."""
    try:
        found = json.loads(disk.read_regular(path, _MOST_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError("this is no kit.json with a nonce", hint=_NO_KIT) from error
    if not isinstance(found, dict):
        raise UsageError("this is no kit.json with a nonce", hint=_NO_KIT)
    return found


def nonce_of(path: Path) -> str:
    """Return the nonce of a kit.json as it stands there; raises `UsageError` where it has none."""
    nonce = fields(path).get("nonce")
    if not isinstance(nonce, str):
        raise UsageError("this is no kit.json with a nonce", hint=_NO_KIT)
    return nonce


def language_of(path: Path) -> str | None:
    """Return the language that a kit.json names, `None` for whatever else stands there; raises nothing."""
    try:
        language = fields(path).get("language")
    except UsageError:
        return None
    return language if isinstance(language, str) and language in ("fr", "en") else None


def read(path: Path) -> Kit:
    """Return what a kit.json says; raises `UsageError` for one that a run can't be made with."""
    found = fields(path)
    nonce, recipients = nonce_of(path).lower(), found.get("recipients", [])
    if not is_nonce(nonce):
        raise UsageError("the nonce of this kit.json is not 32 to 128 hexadecimal digits", hint=_NO_KIT)
    if not isinstance(recipients, list) or not all(isinstance(text, str) for text in recipients):
        raise UsageError("the recipients of this kit.json can't be read", hint=_NO_KIT)
    case, contact = found.get("case"), found.get("contact")
    if case is not None and not (isinstance(case, str) and is_case(case)):
        raise UsageError("the case of this kit.json can't name a folder", hint=_NO_KIT)
    return Kit(
        folder=path.absolute().parent,
        nonce=nonce,
        recipients=tuple(recipients),
        case=None if case is None else str(case),
        contact=printable(contact, MAX_CONTACT) if isinstance(contact, str) and contact.strip() else None,
        language=language_of(path),
    )


# ---- is it as it was prepared?


def check(folder: Path) -> tuple[str, ...]:
    """Hold every file of a kit against its SHA256SUMS; raises `KitError` for what was changed, is missing or was added.

    Returns the names of what lies beside the kit in its first folder and has no part in it, sorted: a ransom note, the
    expert's own tools. What the system or a file manager leaves there is not told. Added is also whatever could be
    started or loaded in place of ours.
    """
    sums = _sums(folder)
    there = set(_files(folder))
    changes = []
    for name, expected in sums.items():
        if name not in there:
            is_gone = not os.path.lexists(folder / name)  # else it is no file any more
            reason = f"{name} is missing" if is_gone else f"{name} was changed"
            changes.append(reason)
            continue
        try:
            digest = disk.digest(folder / name)[1]
        except OSError as error:
            if error.errno != errno.ENXIO:  # else it is no regular file any more
                reason = f"{name} can't be read ({os.strerror(error.errno or 0)})"
                changes.append(reason)
                continue
            digest = ""
        if digest != expected:
            reason = f"{name} was changed"
            changes.append(reason)
    beside = []
    for name in sorted(there - sums.keys()):
        if "/" in name or is_started(name):
            reason = f"{name} was added"
            changes.append(reason)
        else:
            beside.append(name)
    if changes:
        raise _refused(changes)
    return tuple(beside)


def is_started(name: str) -> bool:
    """Tell whether a double-click starts a file of this name, or a program may load it."""
    return Path(name.rstrip(". ")).suffix.lower() in _STARTED.split()  # Windows overlooks dots and blanks at the end


def beside(folder: Path) -> tuple[str, ...]:
    """Return what lies in a folder that holds no kit yet, the system's own left out, sorted; raises `KitError`."""
    return tuple(sorted(_files(folder)))


def _refused(changes: list[str]) -> KitError:
    first, more = changes[0], len(changes) - 1
    if not more:
        return KitError(f"the kit is not as it was prepared: {first}", changes=tuple(changes))
    return KitError(f"the kit is not as it was prepared: {first}, and {more} more", changes=tuple(changes[:_MOST_TOLD]))


def sums_text(sums: Mapping[str, str]) -> bytes:
    """Return the one form of a kit's SHA256SUMS, which `sha256sum -c` reads."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode()


def _sums(folder: Path) -> dict[str, str]:
    """Return what SHA256SUMS says, name to hash; raises `KitError` where it is missing or in another form."""
    if not os.path.lexists(folder / SUMS):
        raise _refused([f"{SUMS} is missing"])
    try:
        data = disk.read_regular(folder / SUMS, _MOST_BYTES)
        pairs = [line.split("  ", 1) for line in data.decode("utf-8").splitlines()]
        sums = {name: digest for digest, name in pairs}
    except (OSError, ValueError) as error:
        raise _refused([f"{SUMS} was changed"]) from error
    parts = [part for name in sums for part in name.split("/")]
    whole = NAME in sums and all(map(is_hash, sums.values())) and not {"", ".", ".."} & set(parts)
    if not whole or sums_text(sums) != data:
        raise _refused([f"{SUMS} was changed"])
    return sums


def _files(folder: Path) -> Iterator[str]:
    """Yield the names of a stick's files: of the first folder what is no bundle's or system's, of programs all.

    A folder that is not the kit's is one name. What is no regular file, such as a link, is named like one, unless it
    has the name of a listed file: then it is left out, and missing.
    """
    waiting = [""]
    count = 0
    while waiting:
        inner = waiting.pop()
        try:
            entries = list(os.scandir(folder / inner))
        except OSError as error:
            name = inner or folder.name
            reason = f"{name} can't be read ({os.strerror(error.errno or 0)})"
            raise _refused([reason]) from error
        for entry in entries:
            count += 1
            if count > _MOST_FOUND:
                raise _refused([f"{inner} was changed"])
            name = f"{inner}/{entry.name}" if inner else entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if not inner and ((is_folder and _is_systems(entry.name)) or entry.name in (EVIDENCE, SUMS)):
                continue
            if layout.is_litter(entry.name) and not is_folder:
                continue
            if is_folder and (inner or entry.name in PROGRAMS):
                waiting.append(name)
            else:
                yield name


def _is_systems(name: str) -> bool:
    return name in _OF_THE_SYSTEM or name.startswith((".Trash-", "FOUND."))


# ---- is there room for evidence?

REASONS = {
    "read-only": "nothing can be written on the stick: it is read-only, or refuses",
    "full": "the stick is full: there is no room for the evidence",
    "gone": "the folder for the evidence is not there: was the stick taken out?",
}
"""What `refusal_of` returns, as a sentence."""


def refusal_of(folder: Path, least: int = LEAST_ROOM) -> str | None:
    """Return why no bundle should be begun in this folder (`read-only`, `full`, `gone`), or `None`; makes the folder.

    Full is what has less than `least` bytes free.

    Nothing stays there: a file is made and removed again, for a medium tells only then.
    """
    trial = folder / ".essai"
    try:
        folder.mkdir(exist_ok=True)
        trial.unlink(missing_ok=True)  # of somebody who was killed here
        fd = handles.new(trial)
        try:
            os.write(fd, b"\0")
            os.fsync(fd)
        finally:
            os.close(fd)  # before the name goes: Windows lets nobody remove what is open
            trial.unlink()
        free = shutil.disk_usage(folder).free
    except (FileNotFoundError, ValueError):  # ValueError: no folder can be called so, whatever was typed
        return "gone"
    except OSError as error:
        return "full" if disk.is_full(error) else "read-only"
    return "full" if free < least else None
