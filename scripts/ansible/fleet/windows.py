"""A Windows host, asked through its PowerShell, over WinRM or OpenSSH. Written, and not yet run on any Windows.

Unlike on Linux the run is a child of the connection: what a lost connection ends is resumed by the next play.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from fleet import answers
from fleet.answers import AnswerError
from fleet.target import PART, LostError, RefusedError, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PLACE = "C:\\ProgramData"
_LONGEST = 4 * 3600
_MOST_NAMES = 40
"""Names of files for one question: cmd.exe takes 8,191 letters, and they are encoded."""

LOOK = """
$i = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()
if ($i.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) { 'uid 0' } else { 'uid 1' }
'system Windows ' + [Environment]::OSVersion.Version
$d = New-Object IO.DriveInfo ([IO.Path]::GetPathRoot($p))
'room x x x ' + [math]::Floor($d.AvailableFreeSpace / 1024) + ' x x'
'state none'
Get-ChildItem -LiteralPath "$p\\out" -Directory -ErrorAction SilentlyContinue | ForEach-Object {
    $s = if (Test-Path -LiteralPath "$($_.FullName)\\checkpoint") { 'sealed' } else { 'open' }
    if (Test-Path -LiteralPath "$($_.FullName)\\manifest.jsonl") { "bundle $s $($_.Name)" }
}
"""
MAKE = """
if (-not (Test-Path -LiteralPath $p)) {
    New-Item -ItemType Directory -Path $p | Out-Null
    $a = @('/inheritance:r', '/grant:r', '*S-1-5-32-544:(OI)(CI)F', '*S-1-5-18:(OI)(CI)F')
    & "$env:SystemRoot\\System32\\icacls.exe" $p $a | Out-Null
}
$a = (Get-Item -LiteralPath $p -Force).Attributes
if ($a -band [IO.FileAttributes]::ReparsePoint) { throw 'our folder is a link' }
New-Item -ItemType Directory -Force -Path "$p\\out" | Out-Null
Remove-Item -LiteralPath "$p\\program" -Recurse -Force -ErrorAction SilentlyContinue
"""
UNPACK = """
Expand-Archive -LiteralPath "$p\\program.zip" -DestinationPath "$p\\program"
Remove-Item -LiteralPath "$p\\program.zip" -Force
$n = 0
foreach ($l in [IO.File]::ReadAllLines("$p\\program\\SHA256SUMS")) {
    $f = "$p\\program\\" + $l.Substring(66).Replace('/', '\\')
    $h = (Get-FileHash -Algorithm SHA256 -LiteralPath $f).Hash
    if ($h -ne $l.Substring(0, 64)) { throw "$f is not what was sent" }
    $n++
}
$f = @(Get-ChildItem -LiteralPath "$p\\program" -Recurse -File -Force)
if ($f.Count -ne $n + 1) { throw 'other files than were sent' }
"""
RUN = """
$o = & $w[0] @($w[1..($w.Count - 1)]) 2>&1 | ForEach-Object { "$_" }
"exit $LASTEXITCODE"
[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes(($o -join "`n")))
"""
LIST = """
$r = (Get-Item -LiteralPath "$p\\out\\$b").FullName.Length + 1
Get-ChildItem -LiteralPath "$p\\out\\$b" -Recurse -Force | ForEach-Object {
    if ($_.Attributes -band [IO.FileAttributes]::ReparsePoint) { throw 'a link lies in the bundle' }
    if (-not $_.PSIsContainer) { "$($_.Length) ./" + $_.FullName.Substring($r).Replace('\\', '/') }
}
"""
READ = """
$m = New-Object IO.MemoryStream
foreach ($n in $w) { $d = [IO.File]::ReadAllBytes("$p\\out\\$b\\" + $n.Replace('/', '\\')); $m.Write($d, 0, $d.Length) }
[Convert]::ToBase64String($m.ToArray())
"""
PART_OF = """
$f = [IO.File]::OpenRead("$p\\out\\$b\\" + $w[0].Replace('/', '\\'))
$f.Position = [long]$w[1]
$d = New-Object byte[] ([int]$w[2])
$n = 0
while ($n -lt $d.Length) { $k = $f.Read($d, $n, $d.Length - $n); if ($k -eq 0) { break }; $n += $k }
$f.Close()
[Convert]::ToBase64String($d, 0, $n)
"""
CLEAN = """
foreach ($n in $w) { Remove-Item -LiteralPath "$p\\$n" -Recurse -Force -ErrorAction SilentlyContinue }
foreach ($n in "$p\\out", $p) {
    if ((Test-Path -LiteralPath $n) -and -not (Get-ChildItem -LiteralPath $n -Force)) {
        Remove-Item -LiteralPath $n -Force
    }
}
if (Test-Path -LiteralPath $p) { @(Get-ChildItem -LiteralPath $p -Recurse -Force).Count + 1 } else { 0 }
"""


class WindowsTarget:
    """See `Target`."""

    SYSTEM, STARTER = "windows", "collect.exe"

    def __init__(
        self,
        execute: Callable[[str, bytes, float], Said],
        put_file: Callable[[str, str], object],
        place: str,
        silence: float,
    ) -> None:
        self._execute = execute
        self._put_file = put_file
        self._place = f"{_PLACE}\\{place.rpartition('/')[2]}" if place.startswith("/") else place
        self._silence = silence
        self._said: tuple[int, bytes] | None = None

    def look(self) -> answers.Look:
        """See `Target`."""
        return answers.look(self._ask(LOOK))

    def make(self) -> None:
        """See `Target`."""
        self._ask(MAKE)

    def copy(self, files: Sequence[tuple[str, Callable[[], bytes]]]) -> None:
        """See `Target`."""
        self.make()
        with tempfile.TemporaryDirectory() as scratch:
            packed = Path(scratch, "program.zip")
            sums = []
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, read in files:
                    data = read()
                    sums.append(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
                    archive.writestr(name, data)
                if not any(name == "SHA256SUMS" for name, _ in files):
                    archive.writestr("SHA256SUMS", "".join(sums))
            self._put_file(str(packed), f"{self._place}\\program.zip")
        self._ask(UNPACK, slow=True)

    def program(self, *below: str) -> str:
        """See `Target`."""
        return "\\".join((self._place, "program", *below))

    def bundle(self, name: str = "") -> str:
        """See `Target`."""
        return f"{self._place}\\out\\{name}" if name else f"{self._place}\\out"

    def start(self, token: str, words: Sequence[str]) -> None:  # noqa: ARG002 - it is asked once
        """See `Target`; returns when the run has ended."""
        try:
            said = self._ask(RUN, words=words, seconds=_LONGEST)
        except LostError as error:
            raise RefusedError(f"the connection was lost while it ran; start the play again: {error}") from error
        first, _, rest = said.strip().partition(b"\n")
        found = re.fullmatch(rb"exit ([0-9]{1,3})\r?", first)
        if found is None:
            raise AnswerError("the host does not say how its run ended")
        self._said = int(found[1]), _decoded(rest)

    def poll(self) -> tuple[str, int | None]:
        """See `Target`."""
        return ("lost", None) if self._said is None else ("ended", self._said[0])

    def answer(self) -> bytes:
        """See `Target`."""
        if self._said is None:
            raise RefusedError("nobody holds the answer any more")
        return self._said[1]

    def heard(self) -> None:
        """See `Target`."""
        self._said = None

    def files(self, bundle: str) -> dict[str, int]:
        """See `Target`."""
        return answers.files(self._ask(LIST, bundle, slow=True))

    def read(self, bundle: str, names: Sequence[str], size: int) -> bytes:
        """See `Target`."""
        groups = [names[at : at + _MOST_NAMES] for at in range(0, len(names), _MOST_NAMES)]
        data = b"".join(_decoded(self._ask(READ, bundle, words=group, slow=True)) for group in groups)
        return _exactly(data, size)

    def part(self, bundle: str, name: str, start: int, size: int) -> bytes:
        """See `Target`."""
        assert size <= PART
        words = [name, str(start), str(size)]
        return _exactly(_decoded(self._ask(PART_OF, bundle, words=words, slow=True)), size)

    def clean(self, *what: str) -> int:
        """See `Target`."""
        names = {"bundle": [f"out\\{what[-1]}"], "program": ["program"]}.get(what[0], [])
        said = self._ask(CLEAN, words=names, slow=True).strip()
        if not re.fullmatch(rb"[0-9]{1,6}", said):
            raise AnswerError("the host does not say what is left")
        return int(said)

    def _ask(
        self, script: str, bundle: str = "", *, words: Sequence[str] = (), slow: bool = False, seconds: float = 0
    ) -> bytes:
        """Run a script of PowerShell and return what it printed after our mark."""
        mark = secrets.token_hex(8)
        line = command_line(script, mark, self._place, bundle, words)
        said = self._execute(line, b"\n", seconds or (max(self._silence, 300) if slow else self._silence))
        _, begun, out = said.out.replace(b"\r\n", b"\n").partition(f"={mark}=\n".encode())
        if said.code == 0 and begun:
            return out
        told = answers.printable(said.err.strip() or b"it does not say why")
        if not begun:
            raise LostError(f"the host did not run what it was asked: {told}")
        raise RefusedError(told)


def command_line(script: str, mark: str, place: str, bundle: str, words: Sequence[str]) -> str:
    """Return the command line for a script: its variables are literals, so that nothing in them is ever run."""
    listed = ", ".join(_literal(word) for word in words)
    head = f"$ErrorActionPreference = 'Stop'\n$p = {_literal(place)}\n$b = {_literal(bundle)}\n$w = @({listed})\n"
    # What a program says on standard error is no error of PowerShell's.
    if script is RUN:
        head = head.replace("'Stop'", "'Continue'")
    whole = f"{head}'={mark}='\n{script.strip()}\n" + ("exit 0\n" if script is RUN else "")
    encoded = base64.b64encode(whole.encode("utf-16-le")).decode("ascii")
    return f"powershell.exe -NoProfile -NonInteractive -EncodedCommand {encoded}"


def _literal(text: str) -> str:
    """Return a literal of PowerShell; it takes five characters for a single quote."""
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", text) + "'"


def _decoded(said: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(said.split()), validate=True)
    except (binascii.Error, ValueError) as e:
        raise AnswerError("the host's answer is not in base64") from e


def _exactly(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise AnswerError("a file of the bundle is not as long as the host said")
    return data
