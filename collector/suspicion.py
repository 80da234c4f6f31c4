"""Judges what is known of a running program: why it deserves a closer look, and how much.

Pure: facts in, reasons out. What weighs how much, and every list, is data
(`rules/ransom/suspicion.yaml`, `suspicion-windows.yaml`). A reason is no proof: administrators and developers do odd
things, too; that a process has none is no proof either.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from collector.suspicion_rules import Interpreter, SuspicionRules

MOST: Final = 100
"""The highest score."""
TASK_NAME: Final = 15
"""Bytes to which Linux cuts the name of a process."""

_VERSION: Final = re.compile(r"[-.\d]+$")
_SHARES: Final = ("/srv", "/mnt", "/media", "/run/media")
"""Where people's files lie beside their homes: shares and media."""
_OPEN_TO_ALL: Final = 0o002


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Where people keep their files: homes of the accounts, and the folders that the operator named."""

    homes: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """What is known of one process that has a program; `None` where it could not be had.

    `exe` is the path without what the kernel appends; `name_gone` whether its name has been
    deleted, `replaced` whether another file stands there. `folder_open` tells that everybody
    may write to the folder of the executable, `mounted` that it lies in a network or FUSE file
    system (an AppImage mounts itself so in a temporary folder). `writing` are the files open for writing, `newly`
    how many files were opened for writing since the first look.
    """

    pid: int
    name: str
    exe: str | None = None
    name_gone: bool | None = None
    replaced: bool | None = None
    in_memory: bool = False
    mode: int | None = None
    owner: int | None = None
    folder_open: bool | None = None
    mounted: bool | None = None
    uid: int | None = None
    arguments: tuple[str, ...] = ()
    cwd: str | None = None
    script: str | None = None
    script_gone: bool | None = None
    writing: tuple[str, ...] = ()
    newly: int = 0
    write_rate: int | None = None
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is odd: a code of the table, its weight, and what of the host it is about."""

    code: str
    weight: int
    detail: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """All reasons, heaviest first, their sum (100 at most), and `low`, `medium` or `high`; `None`: no suspect."""

    reasons: tuple[Reason, ...]
    score: int
    confidence: str | None


def judge(facts: ProcessFacts, host: HostFacts, rules: SuspicionRules) -> Judgement:
    """Return what speaks against a process."""
    found: dict[str, Reason] = {}
    for code, detail in _reasons(facts, host, rules):
        found.setdefault(code, Reason(code, rules.weights[code], detail))
    reasons = tuple(sorted(found.values(), key=lambda reason: (-reason.weight, reason.code)))
    score = min(MOST, sum(reason.weight for reason in reasons))
    levels = rules.levels
    confidence = None
    if score >= levels["suspect"]:
        confidence = "high" if score >= levels["high"] else "medium" if score >= levels["medium"] else "low"
    return Judgement(reasons, score, confidence)


def _reasons(facts: ProcessFacts, host: HostFacts, rules: SuspicionRules) -> Iterator[tuple[str, str]]:
    if facts.exe is not None:
        yield from _of_executable(facts, facts.exe, host, rules)
        yield from _of_system_name(facts, facts.exe, rules)
    yield from _of_kernel_name(facts, rules)
    if facts.script is not None:
        wanted = {"temporary": "script_temporary", "public": "script_public", "people": "script_people"}
        wanted["hidden"] = "script_hidden"
        for place in places(facts.script, host, rules):
            if place in wanted:
                yield wanted[place], facts.script
        if facts.script_gone:
            yield "script_deleted", facts.script
    yield from _of_writing(facts, host, rules)
    for rule in facts.rules:
        yield "rule", rule


def _of_executable(facts: ProcessFacts, exe: str, host: HostFacts, rules: SuspicionRules) -> Iterator[tuple[str, str]]:
    where = () if facts.in_memory else places(exe, host, rules)
    if facts.mounted and "temporary" in where:
        yield "mounted_image", exe
    else:
        yield from ((f"{place}_folder", exe) for place in where if place != "system")
    if facts.in_memory:
        yield "memory_file", exe
    elif facts.name_gone:
        yield "replaced" if facts.replaced else "deleted_system" if "system" in where else "deleted", exe
    if facts.folder_open and "temporary" not in where and not facts.in_memory:
        yield "open_folder", exe
    if facts.mode is not None and facts.mode & _OPEN_TO_ALL and not facts.in_memory:
        yield "open_file", f"{facts.mode & 0o7777:04o}"
    if facts.uid == 0 and facts.owner:
        yield "foreign_root", str(facts.owner)


def _of_system_name(facts: ProcessFacts, exe: str, rules: SuspicionRules) -> Iterator[tuple[str, str]]:
    own = posixpath.basename(exe)
    known = {name[:TASK_NAME]: name for name in rules.names["system_names"]}
    in_system = not facts.in_memory and _below(exe, rules.paths["system"])
    if not in_system and (own in rules.names["system_names"] or facts.name in known):
        yield "system_name", own if own in rules.names["system_names"] else facts.name
    elif in_system and facts.name in known and own not in rules.names["system_names"]:
        yield "system_name_taken", facts.name


def _of_kernel_name(facts: ProcessFacts, rules: SuspicionRules) -> Iterator[tuple[str, str]]:
    first = facts.arguments[0] if facts.arguments else ""
    for said in (facts.name, first[1:-1] if first.startswith("[") and first.endswith("]") else ""):
        for thread in rules.names["kernel_names"]:
            rest = said[len(thread) :]
            if said.startswith(thread) and (thread[-1] in "/_" or not rest[:1].isalpha()):
                yield "kernel_name", said


def _of_writing(facts: ProcessFacts, host: HostFacts, rules: SuspicionRules) -> Iterator[tuple[str, str]]:
    figures = rules.figures
    people = [path for path in facts.writing if is_peoples(path, host, rules)]
    if len(people) >= figures["people_files"]:
        yield "writes_people_files", str(len(people))
    if facts.newly >= figures["other_files"]:
        yield "works_through", str(facts.newly)
    if facts.write_rate is not None and facts.write_rate >= figures["write_rate"]:
        yield "writes_fast", str(facts.write_rate)


def places(path: str, host: HostFacts, rules: SuspicionRules) -> tuple[str, ...]:
    """Return what a path lies in: `system` alone, or of temporary, public, people, home and hidden what holds.

    One of the first four at most, in this order: a home below /srv is a home. A temporary folder may lie in the
    system's (Windows).
    """
    if _below(path, rules.paths["system"]) and not _below(path, rules.paths["temporary"]):
        return ("system",)
    found = []
    home = _home(path, host, rules)
    if _below(path, rules.paths["temporary"]):
        found.append("temporary")
    elif home is not None:
        inside = path[len(home) :].split("/")[1:-1]
        found.append("people" if inside and inside[0] in rules.names["people"] else "home")
    elif _below(path, rules.paths["public"]):
        found.append("public")
    usual = rules.names["hidden_usual"]
    if any(part.startswith(".") and part not in usual for part in posixpath.dirname(path).split("/")):
        found.append("hidden")
    return tuple(found)


def is_peoples(path: str, host: HostFacts, rules: SuspicionRules) -> bool:
    """Tell whether a file is one of those that people keep: in a home outside of hidden folders, on a share or medium.

    What programs keep for themselves in a home lies in hidden folders.
    """
    if _below(path, host.asked):
        return True
    home = _home(path, host, rules)
    if home is not None:
        return not any(part.startswith(".") for part in path[len(home) :].split("/"))
    return _below(path, _SHARES)


def script_of(
    exe: str, arguments: Sequence[str], cwd: str | None, rules: SuspicionRules
) -> str | None:  # fmt: skip
    """Return the absolute path of the script that an interpreter runs; `None` where it is none or runs no file."""
    known = _interpreter(posixpath.basename(exe), rules)
    if known is None:
        return None
    if _drive_path(arguments[0] if arguments else "") is not None:  # wine shows the program itself
        return _drive_path(arguments[0])
    rest = list(arguments[1:])
    if posixpath.basename(exe) == "busybox" and rest and posixpath.basename(arguments[0]) == "busybox":
        del rest[0]
    found = _first_file(rest, known)
    if found is None:
        return None
    windows = _drive_path(found)
    if windows is not None:
        return windows
    if not found.startswith("/") and cwd is None:
        return None
    return posixpath.normpath(posixpath.join(cwd or "/", found))


def _first_file(arguments: list[str], known: Interpreter) -> str | None:
    """Return the first argument that is no option; `None` where the program itself stands among the options."""
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            return next(waiting, None)
        if not argument.startswith("-") or argument == "-":
            return None if argument in ("-", "") else argument
        cluster = argument[1:].islower() and "-" + argument[-1] in known.code  # as in `bash -lc`, `perl -ne`
        if argument in known.code or cluster:
            return None
        if argument in known.value:
            next(waiting, None)
    return None


def _interpreter(name: str, rules: SuspicionRules) -> Interpreter | None:
    known = rules.interpreters
    return known.get(name) or known.get(_VERSION.sub("", name))


def _drive_path(argument: str) -> str | None:
    r"""Return where wine's drive Z leads: `Z:\tmp\x.exe` is /tmp/x.exe; other drives are links that we don't follow."""
    if argument[:3].upper() != "Z:\\":
        return None
    return posixpath.normpath(argument[2:].replace("\\", "/"))


def _home(path: str, host: HostFacts, rules: SuspicionRules) -> str | None:
    """Return the home that a path lies in: of an account, or a folder below those that hold homes."""
    for home in host.homes:
        if _below(path, (home,)):
            return home
    for top in rules.paths["homes"]:
        if _below(path, (top,)):
            rest = path[len(top) :].split("/")
            return top if top == "/root" or len(rest) < 3 else f"{top}/{rest[1]}"  # noqa: PLR2004 - "", name, file
    return None


def _below(path: str, folders: Sequence[str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)
