"""Lays out a kit: the stick that a practice keeps, with the program for its computers and what the expert chose.

What is on it: the one-folder programs (copied), what a person starts (`kit_start`), two sheets to be printed
(`kit_sheets`), `kit.json`, an empty folder for the evidence, and `SHA256SUMS` of all that, written last: a kit whose
laying out was cut off is refused by the program. `collector.kit` reads it. A stick may be FAT: no links, no modes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import __version__, age, disk, kit, layout, papers, tool
from collector.countersign import public_key
from collector.errors import CollectorError, RefusedError, UsageError
from collector.handover import kit_sheets, kit_start, lettering
from collector.schema import is_case

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

SHEETS = ("INSTRUCTIONS.pdf", "NE-PAS-ETEINDRE.pdf")
_SECRET = re.compile(r"AGE-SECRET-KEY-|AGE-PLUGIN-[A-Z0-9-]+-1|PRIVATE[ -]+KEY", re.IGNORECASE)
"""What only private keys hold: identities of age and of its plugins, and every PEM form of OpenSSH, PuTTY and X.509."""
_HELD_KEY = re.compile(rb"AGE-SECRET-KEY-1[A-Z0-9]{58}|-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|PuTTY-User-Key-File-\d")
"""What a file holds that is a private key: a library that reads such keys holds their first words only."""
_MOST_OF_KEY = 64 << 10
"""Bytes of the largest file that is looked into for one."""
_UNFIT = re.compile(r'[\x00-\x1f<>:"|?*\\]|[. ]$')
"""What no name on a FAT or exFAT medium may hold, or end with."""
_SPACES = re.compile("[\u00a0\u2007\u2009\u202f]")
"""What telephone numbers are written with on web pages."""
_MOST_FILES = 10_000
_SLACK = 4 << 20
"""Room that a medium needs beside the files themselves: they take whole clusters, and there are folders."""
_FULL = "use a stick with more room"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the expert asked for; `checked` is how one is made."""

    recipients: tuple[str, ...]
    expert_keys: tuple[str, ...]
    case: str | None
    contact: str | None
    language: str
    programs: Mapping[str, Path]
    """For each system its one-folder program."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program as it was copied; `sha256` is what it will say of itself (SPEC 5.1)."""

    files: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Laid:
    """A kit that was laid out: what is to be published, or kept at home."""

    folder: Path
    nonce: str
    programs: Mapping[str, Program]
    sums_sha256: str
    beside: tuple[str, ...]
    """What lay there before, and has no part in it."""


def checked(
    recipients: Sequence[str],
    expert_keys: Sequence[str],
    case: str | None,
    contact: str | None,
    language: str,
    programs: Mapping[str, Path],
) -> Wish:
    """Return a wish that can be carried out; raises `UsageError`, first of all for whatever looks like a private key.

    No error repeats what it found: it may be secret.
    """
    for text in (*recipients, *expert_keys, case or "", contact or ""):
        refuse_secret(text)
    if not recipients:
        raise UsageError(
            "a kit needs somebody who can read its evidence",
            hint="give the expert's public key: --recipient age1… (age-keygen makes one)",
        )
    if not programs:
        raise UsageError(
            "a kit needs a program", hint="give the folder of a built program: --program-windows, --program-linux"
        )
    if case is not None and not is_case(case):
        raise UsageError(
            "this case id can't name a folder",
            hint="use 1 to 64 letters, digits, dots, hyphens or underscores, the first a letter or digit",
        )
    for system, folder in programs.items():
        _refuse_program(system, folder)
    return Wish(
        recipients=age.checked(recipients),
        expert_keys=tuple(dict.fromkeys(map(public_key, expert_keys))),
        case=case,
        contact=_contact(contact),
        language=language,
        programs=programs,
    )


def refuse_secret(text: str) -> None:
    """Raise `UsageError` for a text that looks like a private key."""
    if _SECRET.search(text):
        raise UsageError(
            "this looks like a private key: it must never be on a stick that goes to other people",
            hint="give the public half: the line age1… (age-keygen -y), or the .pub file of an SSH key",
        )


def _contact(given: str | None) -> str | None:
    """Return who is to be called as it is printed; raises `UsageError` for what would not be whole on paper."""
    if given is None:
        return None
    contact = _SPACES.sub(" ", unicodedata.normalize("NFC", given)).strip()
    fits = 0 < len(contact) <= kit.MAX_CONTACT and all(unicodedata.category(char)[0] != "C" for char in contact)
    if not fits or not all(map(lettering.is_drawn, contact)):
        raise UsageError(
            "this contact can't be printed in one line",
            hint="write a name and a telephone number of 100 letters and digits at most: Mme Martin, 06 12 34 56 78",
        )
    return contact


def _refuse_program(system: str, folder: Path) -> None:
    starts = kit.PROGRAMS[system]
    if not (folder / starts).is_file() or not (folder / "_internal").is_dir():
        raise UsageError(
            f"this is no folder of a built program: {starts} and _internal belong into it",
            hint="give the folder that the build script names at its end",
        )


def lay(wish: Wish, out: Path, now: datetime) -> Laid:
    """Lay a kit out in an existing folder; nothing that stands there is touched.

    Raises what `papers.refuse_folder` does, and `RefusedError` where something of a kit or in its way stands there, a
    program can't be laid on a stick, or the stick takes no more; then nothing is left behind.
    """
    papers.refuse_folder(out, "--out")
    beside = _refuse_taken(out)
    sources = {system: _program_files(folder) for system, folder in wish.programs.items()}
    _refuse_held_keys([*map(out.joinpath, beside), *(path for files in sources.values() for path in files.values())])
    size = sum(path.stat().st_size for files in sources.values() for path in files.values())
    if shutil.disk_usage(out).free < size + _SLACK:
        raise RefusedError("there is not enough room for the kit", hint=_FULL)
    made: list[Path] = []
    try:
        sums: dict[str, str] = {}
        programs: dict[str, Program] = {}
        for system, files in sources.items():
            digests = dict(_copied(files, out / system, made))
            sums |= {f"{system}/{name}": digest for name, digest in digests.items()}
            total = sum((out / system / name).stat().st_size for name in digests)
            programs[system] = Program(len(digests), total, tool.listed_sha256(digests.items()))
        nonce = secrets.token_hex(16)
        for name, data in _own_files(wish, nonce, programs, now).items():
            _put(out / name, data, made)
            sums[name] = hashlib.sha256(data).hexdigest()
        _folder(out / kit.EVIDENCE, made)
        text = kit.sums_text(sums)
        _put(out / kit.SUMS, text, made)
        kit.check(out)  # what the medium gives back is what was written
    except BaseException as error:
        _unmake(made)
        if isinstance(error, OSError):
            error = disk.translated(error)
        if isinstance(error, CollectorError) and not isinstance(error, RefusedError | UsageError):
            raise RefusedError("the kit can't be laid out here: the folder takes no more files", hint=_FULL) from error
        raise error from None
    return Laid(out, nonce, programs, hashlib.sha256(text).hexdigest(), beside)


def _refuse_taken(out: Path) -> tuple[str, ...]:
    """Return what lies in the folder and may stay there; raises `RefusedError` for what belongs to a kit, or starts."""
    own = (*kit.PROGRAMS, *kit.STARTERS.values(), *SHEETS, kit.NAME, kit.SUMS, kit.EVIDENCE)
    if {name.casefold() for name in own} & {entry.name.casefold() for entry in os.scandir(out)}:
        raise RefusedError(
            "something of a kit stands in this folder already", hint="empty the stick first, or take another"
        )
    beside = kit.beside(out)
    if any(kit.is_started(name) for name in beside):
        raise RefusedError(
            "something that can be started lies in this folder: a kit would be refused beside it",
            hint="empty the stick first, or put it into a folder of its own",
        )
    return beside


def _refuse_held_keys(paths: Sequence[Path]) -> None:
    """Raise `RefusedError` where one of the files that would be on the stick is a private key; its name is told."""
    for path in paths:
        with contextlib.suppress(OSError):  # a folder, or what can't be read: copying tells that
            if disk.length(path) <= _MOST_OF_KEY and _HELD_KEY.search(disk.read_regular(path, _MOST_OF_KEY)):
                raise RefusedError(
                    f"a private key would be on the stick: {path.name}",
                    hint="keep it on your own machine, never on a stick that goes to other people",
                )


def _program_files(folder: Path) -> dict[str, Path]:
    """Return the files of a program by their names on the stick: what a link inside leads to is copied."""
    found: dict[str, Path] = {}
    around = folder.resolve()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or layout.is_litter(path.name):
            continue
        if not path.is_file() or not path.resolve().is_relative_to(around):
            raise RefusedError(f"the program holds something that is no file of its own: {name}", hint="build it again")
        if any(_UNFIT.search(part) for part in name.split("/")):
            raise RefusedError(f"the program holds a name that no stick can hold: {name}", hint="build it again")
        found[name] = path
    if len(found) > _MOST_FILES or len({name.casefold() for name in found}) < len(found):
        raise RefusedError("the program's files can't all lie on a stick", hint="build it again")
    return found


def _copied(files: Mapping[str, Path], target: Path, made: list[Path]) -> Iterator[tuple[str, str]]:
    """Copy files into a new folder; yield each one's name and hash."""
    _folder(target, made)
    for name, path in files.items():
        for folder in reversed((target / name).parents):
            if folder.is_relative_to(target) and not folder.exists():
                _folder(folder, made)
        data = path.read_bytes()
        _put(target / name, data, made, runs=os.access(path, os.X_OK))
        yield name, hashlib.sha256(data).hexdigest()


def _own_files(wish: Wish, nonce: str, programs: Mapping[str, Program], now: datetime) -> dict[str, bytes]:
    """Return what is made for this kit, by name."""
    stated = {
        "version": __version__,
        "made": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "nonce": nonce,
        "recipients": [*wish.recipients],
        "expert_keys": [*wish.expert_keys],
        "case": wish.case,
        "contact": wish.contact,
        "language": wish.language,
        "programs": {
            system: {"files": program.files, "size": program.size, "sha256": program.sha256}
            for system, program in programs.items()
        },
    }
    text = json.dumps(stated, indent=2, ensure_ascii=False) + "\n"
    refuse_secret(text)
    sheet = kit_sheets.Sheet(
        contact=wish.contact, case=wish.case, nonce=nonce, made=now, language=wish.language, systems=tuple(programs)
    )
    files = {kit.NAME: text.encode(), SHEETS[0]: kit_sheets.instructions(sheet), SHEETS[1]: kit_sheets.warning(sheet)}
    for system in programs:
        files[kit.STARTERS[system]] = kit_start.starter(system, wish.language)
    return files


def _folder(path: Path, made: list[Path]) -> None:
    path.mkdir()
    made.append(path)


def _put(path: Path, data: bytes, made: list[Path], *, runs: bool = False) -> None:
    fd = disk.create(path)
    made.append(path)
    try:
        disk.write_all(fd, data)
        disk.sync(fd)
    finally:
        os.close(fd)
    if runs or path.suffix == ".sh":
        with contextlib.suppress(OSError):  # FAT keeps none
            path.chmod(0o755)
    else:
        with contextlib.suppress(OSError):
            path.chmod(0o644)


def _unmake(made: list[Path]) -> None:
    for path in reversed(made):
        with contextlib.suppress(OSError):  # what is told is why it could not be laid out
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
