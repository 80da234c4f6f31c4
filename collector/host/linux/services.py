"""Every service, its state and the state it should be in, without running a program or asking a bus."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.linux import files, unitfiles
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.linux import Roots
    from collector.host.linux.unitfiles import Unit, UnitFiles
    from collector.model import Json, Row

_CGROUP_DEPTH: Final = 12
MAX_CGROUPS: Final = 20_000
"""Most control groups looked at."""
_RUNLEVELS: Final = "2345"
_START: Final = re.compile(rb"([SK])\d\d(.+)", re.DOTALL)
_NO_SERVICES: Final = (b"README", b"skeleton", b"functions", b"rc", b"rcS")
"""What lies among the scripts and is none."""


def rows(roots: Roots) -> Iterator[Row | Gap]:
    """Yield a row for each systemd service, then, where systemd does not run, for each sysv script.

    The state is that of systemd's control groups and marks under /run; where systemd does not
    run, it is unknown for its units, and a sysv script's by the pid file of its name.
    """
    found = unitfiles.UnitFiles(roots)
    # sd_booted(3): the folder is there if and only if systemd is the service manager.
    booted = os.path.isdir(f"{roots.run}/systemd/system") and not os.path.islink(f"{roots.run}/systemd/system")
    gaps = found.gaps
    running = _running(roots, gaps) if booted else None
    active = _active(roots) if booted else set()
    for name in sorted({*found.units, *(running or {})}):
        unit = found.units.get(name, unitfiles.Unit(name))
        state = _state(name, running, active)  # a template itself never runs
        yield _row(found, unit, state, running or {}, booted=booted)
    if not booted:
        yield from _scripts(roots)
        reason = "systemd does not run on this host, so the state of its units is unknown"
        gaps.append(Gap(Outcome.UNSUPPORTED, reason))
    yield from gaps


def _state(name: bytes, running: dict[bytes, list[int]] | None, active: set[bytes]) -> str:
    if running is None:
        return "unknown"
    return "running" if running.get(name) or name in active else "stopped"


def _row(found: UnitFiles, unit: Unit, state: str, running: dict[bytes, list[int]], *, booted: bool) -> Row:
    source = found.template(unit)
    definition = unitfiles.Definition()
    unread: dict[str, Json] = {}
    try:
        if source.path is not None and not source.masked:
            definition.read(files.read_small(source.path, limit=unitfiles.MAX_UNIT_FILE))
        for _, drop_in in sorted({**source.drop_ins, **unit.drop_ins}.items()):
            definition.read(files.read_small(drop_in, limit=unitfiles.MAX_UNIT_FILE))
    except OSError as error:
        unread = dict.fromkeys(("command", "user"), str(files.outcome_of(error)))
    mode = _start_mode(unit, source, definition, unread)
    pids: list[Json] = list(running.get(unit.name, []))
    return {
        "name": _text(unit.name),
        "start_mode": mode,
        "state": state,
        "state_expected": _expected(mode, unit, definition) if booted else "unknown",
        "definition": _text(source.path),
        "command": _text(b"\n".join(definition.commands) or None),
        "user": _text(definition.user),
        "manager": "systemd",
        "pids": pids if booted else None,
        "unread": unread,
    }


def _start_mode(unit: Unit, source: Unit, definition: unitfiles.Definition, unread: dict[str, Json]) -> str:
    """Return what `systemctl is-enabled` calls it, as far as the files tell."""
    if unit.masked or source.masked:
        return "masked"
    if unit.enabled:
        return "enabled"
    if source.path is None or unread:
        return "unknown"
    if source.generated:
        return "generated"
    if definition.installs:
        return "disabled"
    return "indirect" if definition.only_also else "static"


def _expected(mode: str, unit: Unit, definition: unitfiles.Definition) -> str:
    """Return the state after a normal start: one-shot services come and go, static ones by need."""
    if mode in ("masked", "disabled"):
        return "stopped"
    if unit.wanted_at_start and definition.kind != b"oneshot" and definition.commands:
        return "running"
    return "unknown"


def _running(roots: Roots, gaps: list[Gap]) -> dict[bytes, list[int]] | None:
    """Return the processes of each service by its control group; `None` where the groups can't be read.

    A service's group lies below slices: of version 2 at the root or in `unified`, of version 1
    in the hierarchy that systemd names after itself.
    """
    base = os.fsencode(f"{roots.sys}/fs/cgroup")
    tops = [top for top in (base, base + b"/unified", base + b"/systemd") if os.path.isdir(top + b"/system.slice")]
    if not tops:
        gaps.append(Gap(Outcome.ABSENT, "systemd's control groups are not there, so the states are unknown"))
        return None
    found: dict[bytes, set[int]] = {}
    pending: list[tuple[bytes, bytes | None, int]] = [(top, None, 0) for top in tops]
    left = MAX_CGROUPS
    while pending and left:
        left -= 1
        path, service, depth = pending.pop()
        try:
            with os.scandir(path) as entries:
                below = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
            if service is not None:
                pids = files.read_kernel(path + b"/cgroup.procs").split()
                found.setdefault(service, set()).update(int(pid) for pid in pids if pid != b"0")
        except OSError as error:
            if files.outcome_of(error) not in (Outcome.ABSENT, Outcome.UNSUPPORTED):  # gone, or a threaded group
                gaps.append(files.gap_of(error, "a control group could not be read", text.from_bytes(path)))
            continue
        for name in below if depth < _CGROUP_DEPTH else ():
            inside = service or (name if name.endswith(unitfiles.SUFFIX) else None)
            if inside or name.endswith(b".slice"):
                pending.append((path + b"/" + name, inside, depth + 1))
    if not left:
        gaps.append(Gap(Outcome.OVER_LIMIT, f"control groups beyond {MAX_CGROUPS} were not looked at"))
    return {name: sorted(pids) for name, pids in found.items()}


def _active(roots: Roots) -> set[bytes]:
    """Return the units that systemd marks as active under /run, one-shot ones that remain, too."""
    mark = b"invocation:"
    try:
        names = files.names(f"{roots.run}/systemd/units")
    except OSError:
        return set()  # an older systemd marks none: the control groups tell
    return {name.removeprefix(mark) for name in names if name.startswith(mark)}


def _scripts(roots: Roots) -> Iterator[Row | Gap]:
    """Yield a row for each sysv script: enabled where a run level of normal use starts it."""
    enabled = set()
    known = set()
    for level in _RUNLEVELS:
        try:
            names = files.names(f"{roots.etc}/rc{level}.d")
        except OSError:
            continue  # a host without this run level
        for match in filter(None, map(_START.fullmatch, names)):
            known.add(match[2])
            enabled |= {match[2]} if match[1] == b"S" else set()
    try:
        scripts = files.names(f"{roots.etc}/init.d")[: unitfiles.MAX_UNITS]
    except OSError as error:
        yield files.gap_of(error, "the sysv scripts could not be listed")
        return
    for script in scripts:
        if script in _NO_SERVICES:
            continue
        pid = _pid_file(roots, script)
        alive = None if pid is None else os.path.lexists(f"{roots.proc}/{pid}")
        yield {
            "name": _text(script),
            "start_mode": "enabled" if script in enabled else "disabled" if script in known else "unknown",
            "state": "unknown" if alive is None else "running" if alive else "stopped",
            "state_expected": "running" if script in enabled else "stopped" if script in known else "unknown",
            "definition": _text(os.fsencode(f"{roots.etc}/init.d/") + script),
            "command": None,
            "user": None,
            "manager": "sysv",
            "pids": [pid] if alive else None,
            "unread": {},
        }


def _pid_file(roots: Roots, name: bytes) -> int | None:
    """Return the number in the pid file of a service's own name; `None` where it has none."""
    run = os.fsencode(roots.run) + b"/" + name
    for path in (run + b".pid", run + b"d.pid", run + b"/" + name + b".pid"):
        try:
            first = files.read_small(path, limit=64).split()[:1]
        except OSError:
            continue  # the state stays unknown
        if first and first[0].isdigit() and len(first[0]) < 11:  # noqa: PLR2004 - a pid has 22 bits
            return int(first[0])
    return None


def _text(raw: bytes | None) -> Json:
    return None if raw is None else cast("Json", text.from_bytes(raw))
