"""What `suspicion` judges, read of one process through one descriptor of its folder."""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from collector import suspicion, text
from collector.host.linux import accounts, files, mounts, process
from collector.host.linux.reaching import Reach, Reaches
from collector.suspicion import HostFacts, ProcessFacts

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.host.linux.process import Stat
    from collector.model import Gap
    from collector.suspicion_rules import SuspicionRules

MAX_ARGUMENTS: Final = 16 << 10
"""Most bytes of arguments that are judged; the list of processes has more of them."""
MAX_WRITING: Final = 1_000
"""Most files open for writing that are kept of a process."""
MAX_FD: Final = 8_192
"""Most open files of a process that are looked at."""

NOBODY: Final = 65534
"""The first user number that is none of a person again (`accounts.FIRST_PERSON` is the lowest)."""

_MEMFD: Final = b"/memfd:"
_FLAGS: Final = re.compile(rb"^flags:\s+([0-7]+)$", re.MULTILINE)
_WRITTEN: Final = re.compile(rb"^(write_bytes|wchar): (\d{1,20})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Seen:
    """The facts of one process, which process it is (`start` in ticks), and its executable by device and inode."""

    facts: ProcessFacts
    start: int
    ppid: int
    link: bytes
    identity: tuple[int, int] | None
    denied: bool
    """Whether the system hides its executable from us."""


class FactReader:
    """Reads processes; `gaps` are what it has to do without."""

    def __init__(self, roots: Roots, rules: SuspicionRules, asked: tuple[bytes, ...]) -> None:
        self._rules = rules
        self.gaps: list[Gap] = []
        self.mounts: mounts.MountTable | None = None
        try:
            self.mounts = mounts.MountTable(roots)
        except OSError as error:
            self.gaps.append(files.gap_of(error, "the mounts could not be read, so no file of a program is touched"))
        self._reaches = Reaches(roots, self.mounts)
        homes: set[str] = set()
        try:
            for account in accounts.accounts(roots):
                # a service's home holds its own data
                if account.uid == 0 or accounts.FIRST_PERSON <= account.uid < NOBODY:
                    homes.add(_text(text.to_bytes(account.home)))
        except OSError as error:
            self.gaps.append(files.gap_of(error, "the homes of the accounts could not be read"))
        usual = (*rules.paths["system"], *rules.paths["temporary"], *rules.paths["public"])
        kept = (home for home in homes if home.count("/") > 1 and not _is_below(home, usual))
        self.host = HostFacts(tuple(sorted(kept)), tuple(_text(path) for path in self._resolved(asked)))

    def read(self, pid: int, dir_fd: int, now: Stat) -> Seen | None:
        """Return what is known of a process (`suspects.folder`); `None` for what has no program or has ended."""
        if now.has_no_program:
            return None
        name = text.readable(text.from_bytes(now.name))
        uid = _uid(dir_fd)
        arguments = _arguments(dir_fd)
        try:
            link = os.readlink(b"exe", dir_fd=dir_fd)
        except OSError as error:
            if files.outcome_of(error).value == "absent":
                return None
            said = arguments[0] if arguments else ""  # what it calls itself stands for what it is
            script = suspicion.script_of(said, arguments, None, self._rules)
            facts = ProcessFacts(pid, name, uid=uid, arguments=arguments, script=script)
            return Seen(facts, now.start, now.ppid, b"", None, denied=True)
        raw_cwd = _link(b"cwd", dir_fd)
        cwd = None if raw_cwd is None else _text(raw_cwd)
        exe = _text(link.removesuffix(process.DELETED))
        script = suspicion.script_of(exe, arguments, cwd, self._rules)
        facts = ProcessFacts(
            pid, name, exe, in_memory=link.startswith(_MEMFD), uid=uid, arguments=arguments, cwd=cwd, script=script,
            script_gone=self._gone(script, dir_fd),
        )  # fmt: skip
        facts, identity = self._of_file(facts, link, dir_fd)
        return Seen(facts, now.start, now.ppid, link, identity, denied=False)

    def _resolved(self, asked: tuple[bytes, ...]) -> Iterator[bytes]:
        """Yield the operator's folders as the kernel names what is opened below them."""
        for path in asked:
            with suppress(OSError):  # the source that looks through them tells
                if self.mounts is not None:
                    yield mounts.resolved(self.mounts, path)

    def _of_file(
        self, facts: ProcessFacts, link: bytes, dir_fd: int
    ) -> tuple[ProcessFacts, tuple[int, int] | None]:
        """Add what the executable itself tells; one that lies with somebody else is not touched."""
        path = link.removesuffix(process.DELETED)
        if self.mounts is None:
            return replace(facts, mounted=False), None
        try:
            reach = self._reaches.of(link, "", dir_fd)
            if reach is not Reach.NEAR:
                return replace(facts, mounted=reach is Reach.REMOTE), None
            status = os.stat(b"exe", dir_fd=dir_fd)  # follows the kernel's own link
        except (OSError, ValueError):
            return facts, None
        identity = (status.st_dev, status.st_ino)
        facts = replace(facts, mounted=False, mode=stat.S_IMODE(status.st_mode), owner=status.st_uid)
        if facts.in_memory:
            return facts, identity
        gone = link.endswith(process.DELETED)
        if self.mounts.is_remote(path) or not self._same_mounts(dir_fd):  # another file has that name here
            return replace(facts, name_gone=gone), identity
        there = _status(link)  # a name may end as the kernel marks one that is gone
        gone = gone and (there is None or (there.st_dev, there.st_ino) != identity)
        folder = _status(path.rpartition(b"/")[0] or b"/")
        is_open = folder is not None and bool(folder.st_mode & stat.S_IWOTH)
        replaced = gone and _status(path) is not None
        if link.endswith(process.DELETED) and not gone:
            facts = replace(facts, exe=_text(link))
        return replace(facts, name_gone=gone, replaced=replaced, folder_open=is_open), identity

    def _gone(self, script: str | None, dir_fd: int) -> bool | None:
        if script is None or self.mounts is None or not self._same_mounts(dir_fd):
            return None
        path = os.fsencode(script)
        return None if self.mounts.is_remote(path) else _status(path) is None

    def _same_mounts(self, dir_fd: int) -> bool:
        """Tell whether a path means the same to the process as to us."""
        return self._reaches.has_our_mounts("", dir_fd)


def written(dir_fd: int) -> tuple[int, int] | None:
    """Return how many bytes a process has sent to disks and written at all; `None` where the system doesn't tell us."""
    try:
        found = dict(_WRITTEN.findall(files.read_kernel("io", dir_fd=dir_fd, limit=4096)))
        return int(found[b"write_bytes"]), int(found[b"wchar"])
    except (OSError, KeyError):
        return None


def writing(dir_fd: int) -> list[bytes] | None:
    """Return the paths of files that a process holds open for writing, each once; `None` where that is hidden."""
    try:
        found, _ = process.descriptors(dir_fd, MAX_FD)
    except OSError:
        return None
    paths: dict[bytes, None] = {}
    for fd, link in islice(found, MAX_FD):
        if link is None or not link.startswith(b"/") or link.startswith((b"/dev/", b"/proc/", b"/sys/")):
            continue
        try:
            flags = _FLAGS.search(files.read_kernel(f"fdinfo/{fd}", dir_fd=dir_fd, limit=1 << 16))
        except OSError:
            continue  # closed meanwhile
        if flags and int(flags[1], 8) & os.O_ACCMODE in (os.O_WRONLY, os.O_RDWR):
            paths[link] = None
            if len(paths) == MAX_WRITING:
                break
    return list(paths)


def _arguments(dir_fd: int) -> tuple[str, ...]:
    try:
        raw, _ = files.read_kernel_start("cmdline", dir_fd=dir_fd, limit=MAX_ARGUMENTS)
    except OSError:
        return ()
    return tuple(_text(part) for part in raw.rstrip(b"\0").split(b"\0")) if raw else ()


def _uid(dir_fd: int) -> int | None:
    try:
        return process.parse_uid(files.read_kernel("status", dir_fd=dir_fd))
    except (OSError, ValueError):
        return None


def _link(name: bytes | str, dir_fd: int | None) -> bytes | None:
    try:
        return os.readlink(os.fsencode(name), dir_fd=dir_fd)
    except OSError:
        return None


def _status(path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (OSError, ValueError):
        return None


def _text(raw: bytes) -> str:
    """Return the native form of a path: it keeps every byte (surrogateescape)."""
    return os.fsdecode(raw)


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)
