"""What `suspicion` judges, read of one process that is held open."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, cast

import psutil

from collector import text
from collector.host.windows import files, process, processes, system, volumes
from collector.model import Outcome
from collector.suspicion import HostFacts, ProcessFacts
from collector.winformats import filetimes, judged

if TYPE_CHECKING:
    from collector.model import Gap, Json
    from collector.suspicion_rules import SuspicionRules
    from collector.winformats.processlist import Listed

MAX_ARGUMENTS: Final = 16 << 10
"""Most characters of arguments that are judged."""
MAX_TOPS: Final = 200
"""Most folders at the top of the system's drive that count as people's."""

_NOT_PEOPLES: Final = frozenset((
    "windows", "windows.old", "program files", "program files (x86)", "programdata", "users", "perflogs", "recovery",
    "system volume information", "boot", "efi", "intel", "amd", "nvidia", "drivers", "documents and settings",
    "inetpub", "msocache", "onedrivetemp", "temp", "tmp",
))  # fmt: skip
"""Folders at the top of the system's drive that hold no files of people."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The facts of one process, as they are judged, and the same as Windows names it; its file by volume and number."""

    facts: ProcessFacts
    listed: Listed
    path: str | None = None
    script: str | None = None
    cwd: str | None = None
    identity: tuple[int, int] | None = None
    denied: bool = False
    """Whether the system hides its program from us."""
    names: dict[str, str] = field(default_factory=dict)
    """What the judge's paths are called by Windows."""


class FactReader:
    """Reads processes; `gaps` are what it has to do without."""

    def __init__(self, table: SuspicionRules, asked: tuple[bytes, ...]) -> None:
        self.gaps: list[Gap] = []
        self.drive = volumes.windows_folder()[:2]
        homes = [self.judged(text.readable(cast("str", home))) for home in system.profiles().values() if home]
        kept = tuple(sorted({home for home in homes if home.count("/") > 1 and not home.startswith("/windows/")}))
        temporary = (*table.paths["temporary"], *(f"{home}/.appdata/local/temp" for home in kept))
        self.rules = replace(table, paths={**table.paths, "temporary": temporary})
        """The table, with the temporary folder of each person."""
        tops = (*asked, *self._tops()) if asked else self._tops()
        self.host = HostFacts(kept, tuple(self.judged(os.fsdecode(one)) for one in tops))

    def judged(self, path: str) -> str:
        """Return a path as it is judged."""
        return judged.judged(path, self.drive)

    def _tops(self) -> tuple[bytes, ...]:
        r"""Return the folders at the top of the system's drive where a practice may keep its files: `C:\Dossiers`."""
        drive = os.fsencode(f"{self.drive}\\")
        try:
            names = [name for name, facts in files.entries(drive, most=10_000) if facts.type == "folder"]
        except OSError as error:
            self.gaps.append(files.gap_of(error, "the top of the system's drive could not be listed"))
            return ()
        kept = [name for name in names if not name.startswith((b"$", b".")) and _lower(name) not in _NOT_PEOPLES]
        return tuple(drive + name for name in kept[:MAX_TOPS])

    def read(self, listed: Listed) -> Seen | None:
        """Return what is known of a process; `None` for one of the kernel. Raises `OSError` where it has ended."""
        if process.is_of_kernel(listed):
            return None
        name = process.name_of(listed)
        is_guarded = process.is_guarded(listed)
        arguments = () if is_guarded else _arguments(listed.pid)
        facts = ProcessFacts(listed.pid, name.lower(), arguments=arguments)
        try:
            with process.opened(listed) as held:
                path = process.path(held)
        except ProcessLookupError:
            raise
        except OSError:
            return Seen(facts, listed, denied=True)
        unread: dict[str, Json] = {}
        cwd = None
        if not is_guarded:
            cwd = processes.asked(unread, "cwd", lambda: psutil.Process(listed.pid).cwd()) or None
        script = judged.script_of(path, arguments, cwd, self.rules)
        names = {self.judged(one): one for one in (path, script) if one is not None}
        facts = replace(
            facts,
            exe=self.judged(path),
            cwd=cwd,
            script=None if script is None else self.judged(script),
            script_gone=None if script is None else process.is_gone(script),
        )
        seen = Seen(facts, listed, path, script, cwd, names=names)
        return self._of_file(seen, path)

    def _of_file(self, seen: Seen, path: str) -> Seen:
        """Add what the executable itself tells; one that lies with somebody else is not touched."""
        try:
            with files.open_file(os.fsencode(path), look=True) as file:
                told = file.facts()
        except OSError as error:
            gone = files.outcome_of(error) is Outcome.ABSENT or None
            return replace(seen, facts=replace(seen.facts, name_gone=gone, replaced=False if gone else None))
        newer = told.btime_ns is not None and told.btime_ns > filetimes.utc_ns(seen.listed.created)
        facts = replace(seen.facts, name_gone=newer, replaced=newer)
        return replace(seen, facts=facts, identity=told.identity)


def _arguments(pid: int) -> tuple[str, ...]:
    unread: dict[str, Json] = {}
    kept: list[str] = []
    left = MAX_ARGUMENTS
    for argument in processes.asked(unread, "cmdline", lambda: psutil.Process(pid).cmdline()) or ():
        kept.append(argument[:left])
        left -= len(kept[-1])
        if left <= 0:
            break
    return tuple(kept)


def _lower(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass").lower()
