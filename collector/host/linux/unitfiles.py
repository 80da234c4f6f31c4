"""What the unit files of systemd say of each service: which file defines it, what wants it, what it starts.

Nothing is asked of systemd itself and no link is followed: a link says what it means by where it points to
(systemd.unit(5), sections "Unit File Load Path" and "[Install] Section Options").
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector import text
from collector.host.linux import files
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots

MAX_UNITS: Final = 5_000
"""Most services read: a desktop has about 300."""
MAX_ENTRIES: Final = 50_000
"""Most entries of all folders together."""
MAX_UNIT_FILE: Final = 1 << 18

SUFFIX: Final = b".service"
_AT_EVERY_START: Final = frozenset(
    name + b".target"
    for name in (
        b"multi-user", b"graphical", b"default", b"basic", b"sysinit", b"local-fs", b"remote-fs", b"network",
        b"network-online", b"getty", b"sockets", b"timers", b"paths", b"swap", b"cryptsetup", b"time-sync",
    )
)  # fmt: skip
"""The targets that are reached whenever the system starts; others (rescue, sleep, shutdown) start nothing then."""


@dataclass(slots=True)
class Unit:
    """What the files say of one service; `enabled` where a folder of the host's own (not a package's) wants it."""

    name: bytes
    path: bytes | None = None
    masked: bool = False
    generated: bool = False
    enabled: bool = False
    wanted_at_start: bool = False
    drop_ins: dict[bytes, bytes] = field(default_factory=dict)
    """Name and path of each drop-in; of one name, that of the first folder."""


@dataclass(slots=True)
class Definition:
    """What is used of a unit file and its drop-ins; an empty assignment resets a list (systemd.syntax(7))."""

    commands: list[bytes] = field(default_factory=list)
    user: bytes | None = None
    kind: bytes = b"simple"
    installs: bool = False
    only_also: bool = False

    def read(self, raw: bytes) -> None:
        """Apply one file on top of what was read before."""
        section = b""
        for line in raw.replace(b"\\\n", b" ").split(b"\n"):
            entry = line.strip()
            if entry[:1] in (b"", b"#", b";"):
                continue
            if entry[:1] == b"[":
                section = entry
                continue
            key, _, value = (part.strip() for part in entry.partition(b"="))
            if section == b"[Service]":
                self._service(key, value)
            elif section == b"[Install]" and value:
                self.installs |= key in (b"WantedBy", b"RequiredBy", b"UpheldBy", b"Alias")
                self.only_also |= key in (b"Also", b"DefaultInstance")

    def _service(self, key: bytes, value: bytes) -> None:
        if key == b"ExecStart":
            self.commands = [*self.commands, value] if value else []
        elif key == b"User":
            self.user = value or None
        elif key == b"Type":
            self.kind = value


class UnitFiles:
    """The services of every folder in the order of precedence; `gaps` holds what could not be read."""

    def __init__(self, roots: Roots) -> None:
        self.units: dict[bytes, Unit] = {}
        self.gaps: list[Gap] = []
        self._left = MAX_ENTRIES
        usr = os.path.dirname(roots.lib)
        # systemd.unit(5), table 1; the last is for systems whose /lib is not yet a part of /usr.
        own = (f"{roots.etc}/systemd/system.control", f"{roots.run}/systemd/system.control")
        run = f"{roots.run}/systemd"
        folders = (
            *own,
            f"{run}/transient",
            f"{run}/generator.early",
            f"{roots.etc}/systemd/system",
            f"{roots.etc}/systemd/system.attached",
            f"{run}/system",
            f"{run}/system.attached",
            f"{run}/generator",
            f"{usr}/local/lib/systemd/system",
            f"{roots.lib}/systemd/system",
            f"{run}/generator.late",
            f"{os.path.dirname(usr)}/lib/systemd/system" if os.path.dirname(usr) != "/" else "/lib/systemd/system",
        )
        for folder in folders:
            operators = folder.startswith((roots.etc, f"{run}/system", f"{run}/transient"))
            self._folder(os.fsencode(folder), operators=operators, generated="/generator" in folder)
        if self._left <= 0:
            self.gaps.append(Gap(Outcome.OVER_LIMIT, f"unit files beyond {MAX_ENTRIES} entries were not listed"))

    def _folder(self, path: bytes, *, operators: bool, generated: bool) -> None:
        for name in self._list(path):
            entry = path + b"/" + name
            if name.endswith(SUFFIX):
                self._unit(entry, name, operators=operators, generated=generated)
            elif name.endswith((b".wants", b".requires", b".upholds")):
                by = name.rpartition(b".")[0]
                for wanted in self._list(entry):
                    if wanted.endswith(SUFFIX) and (unit := self._named(wanted)):
                        unit.enabled |= operators
                        unit.wanted_at_start |= by in _AT_EVERY_START
            elif name.endswith(SUFFIX + b".d") and (unit := self._named(name[:-2])):
                for file in self._list(entry):
                    if file.endswith(b".conf"):
                        unit.drop_ins.setdefault(file, entry + b"/" + file)

    def _unit(self, entry: bytes, name: bytes, *, operators: bool, generated: bool) -> None:
        """Take a file, a mask or a link; what an earlier folder defined stands."""
        try:
            target = os.readlink(entry)
        except OSError:  # no link
            target = b""
        if target and target != b"/dev/null" and os.path.basename(target) != name:
            # another name of the unit that the link points to: the link was made by enabling it (Alias=)
            if unit := self._named(os.path.basename(target)):
                unit.enabled |= operators
            return
        unit = self._named(name)
        if unit is None or unit.path is not None:
            return
        unit.path = entry
        unit.masked = target == b"/dev/null"
        unit.generated = generated

    def _named(self, name: bytes) -> Unit | None:
        """Return the service of a name, a new one where it is not known; `None` beyond the limit."""
        if name not in self.units and len(self.units) < MAX_UNITS:
            self.units[name] = Unit(name)
        elif name not in self.units and not any(gap.outcome is Outcome.OVER_LIMIT for gap in self.gaps):
            self.gaps.append(Gap(Outcome.OVER_LIMIT, f"services beyond {MAX_UNITS} were not read"))
        return self.units.get(name)

    def _list(self, path: bytes) -> Iterator[bytes]:
        """Yield the names in a folder in order; one that is not there is empty, another failure a gap."""
        try:
            names = files.names(path)[: self._left]
        except OSError as error:
            if files.outcome_of(error) not in (Outcome.ABSENT, Outcome.UNSUPPORTED):  # a link is another folder's
                self.gaps.append(files.gap_of(error, "a folder of unit files could not be read", text.from_bytes(path)))
            return
        self._left -= len(names)
        yield from names

    def template(self, unit: Unit) -> Unit:
        """Return the unit whose file defines this one: for an instance without its own file, the template's."""
        if unit.path is None and b"@" in unit.name:
            base = unit.name.partition(b"@")[0] + b"@" + SUFFIX
            return self.units.get(base, unit)
        return unit
