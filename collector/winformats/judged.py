r"""Paths of Windows in the form in which `suspicion` judges them, and the script that an interpreter was started with.

The judge knows paths with slashes. `C:\Windows` becomes `/windows`, where C: is the drive of the system; `D:\a` becomes
`/mnt/d/a`, `\\server\share\a` `/mnt/unc/server/share/a`: where people's files lie beside their homes. All is in small
letters, since Windows doesn't tell them apart. `AppData` of a person is hidden by Windows, so it gets a dot.
"""

from __future__ import annotations

import ntpath
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.suspicion_rules import SuspicionRules

_PREFIX: Final = re.compile(r"^(?:\\\\\?\\|\\\?\?\\|\\\\\.\\)(UNC\\)?", re.IGNORECASE)
_DRIVE: Final = re.compile(r"^([a-z]):(/|$)")
_APPDATA: Final = re.compile(r"^(/users/[^/]+)/appdata(?=/|$)")
_POWERSHELL: Final = ("powershell.exe", "pwsh.exe")
_RUN_BY_COMMA: Final = "rundll32.exe"
_SHELL: Final = "cmd.exe"
_SHELL_SCRIPTS: Final = (".bat", ".cmd")
_NO_FILE: Final = re.compile(r"^(?:https?|ftp|javascript|vbscript|about|res):", re.IGNORECASE)


def judged(path: str, drive: str = "C:") -> str:
    """Return a path as the judge knows it; `drive` is that of the system."""
    plain = _PREFIX.sub(lambda found: "\\\\" if found[1] else "", path).replace("\\", "/").lower()
    if plain.startswith("//"):
        plain = f"/mnt/unc/{plain.lstrip('/')}"
    elif plain[:2] == drive.lower():
        plain = plain[2:] or "/"
    elif found := _DRIVE.match(plain):
        plain = f"/mnt/{found[1]}/{plain[3:]}"
    return _APPDATA.sub(r"\1/.appdata", plain)


def script_of(exe: str, arguments: Sequence[str], cwd: str | None, rules: SuspicionRules) -> str | None:
    """Return the path of the script or library that a program of the table runs; `None` where there is none."""
    name = ntpath.basename(exe).lower()
    known = rules.interpreters.get(name)
    if known is None:
        return None
    rest = list(arguments[1:])
    if name == _SHELL:
        found = _of_shell(rest)
    else:
        found = _first_file(rest, known.value, known.code, powershell=name in _POWERSHELL)
    if found is None or not found or _NO_FILE.match(found):
        return None
    if name == _RUN_BY_COMMA:
        found = found.rpartition(",")[0] or found
    found = found.strip('"')
    if ntpath.isabs(found) and (found[1:2] == ":" or found.startswith("\\\\")):
        return found
    return None if cwd is None else ntpath.normpath(ntpath.join(cwd, found))


def _of_shell(arguments: list[str]) -> str | None:
    """Return the batch file that a command shell was started with: `cmd /d /c "x.bat" …`."""
    for argument in arguments:
        if argument.startswith("/"):
            continue
        first = argument.strip('"').split('"')[0]
        words = [first, *first.split(" ")[:1]]
        return next((word for word in words if word.lower().endswith(_SHELL_SCRIPTS)), None)
    return None


def _first_file(
    arguments: list[str], value: frozenset[str], code: frozenset[str], *, powershell: bool
) -> str | None:  # fmt: skip
    """Return the first argument that is no option; `None` where the program itself stands among the options."""
    waiting = iter(arguments)
    for argument in waiting:
        if not argument.startswith(("-", "/")) or len(argument) == 1:
            return argument
        option = "-" + argument[1:].lower()
        if powershell:
            if option in ("-f", "-fi", "-fil", "-file"):
                return next(waiting, None)
            if any(one.startswith(option) for one in code):  # it takes any beginning of a name
                return None
            if any(one.startswith(option) for one in value):
                next(waiting, None)
            continue
        if option in code:
            return None
        if option in value:
            next(waiting, None)
    return None
