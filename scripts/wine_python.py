"""Sets up a real CPython for Windows under Wine, once, in `.wine/` of the checkout; says where on stdout.

    python wine_python.py

From Debian's packages (the caller installs them) and PyPI only. Nothing is taken without a hash: the wheels for
Windows are those of our own locks, the interpreter's pinned here. In `.wine/` stand afterwards

    py311/   the interpreter and everything that the locks name
    prefix/  a Windows as Wine makes it
    winpy    runs the interpreter: `.wine/winpy -m collector.cli --version`

It is made anew when this file or a lock changes; two started at once wait for each other. Tested with the Wine 8.0 of
Debian 12. Nothing here mends what Wine does not do: the product has to bear that, as it has to bear a broken Windows.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess  # noqa: TID251 - runs Wine, pip and a compiler
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from environment import Refused, say, wait_for_turn
from packaging.markers import Marker

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".wine"
HOME, PREFIX, RUNNER, MADE_FROM = PLACE / "py311", PLACE / "prefix", PLACE / "winpy", PLACE / "made-from"
LOCKS = ("requirements.lock", "tests/requirements.lock", "scripts/build-requirements.lock")
WINE, SERVER = Path("/usr/lib/wine/wine64"), Path("/usr/lib/wine/wineserver64")
"""Debian's `wine` in PATH asks for the 32-bit one; these two don't."""
COMPILER = "x86_64-w64-mingw32-gcc"

CARRIER = "panda3d==1.10.16 --hash=sha256:37acfb92655c4226879f95c988e2ef1449a53c54486d6c1ebc00e2772429af82\n"
"""python.org is no package registry. This wheel for Windows, a game engine's, has the interpreter's DLL and extension
modules in its `deploy_libs/`: CPython 3.11.9 of the MSC build."""
DLLS = ("libcrypto-3.dll", "libssl-3.dll", "libffi-8.dll", "sqlite3.dll")
WINDOWS = {
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "python_version": "3.11",
    "python_full_version": "3.11.9",
    "sys_platform": "win32",
    "platform_system": "Windows",
    "platform_machine": "AMD64",
    "os_name": "nt",
}
"""What the markers of a lock are judged by: pip itself would judge by the machine that it runs on."""
SOURCE_ONLY = "artifacts"
"""Published without a wheel and pure Python: taken from the environment that was made from the same locks."""
NOT_THERE = frozenset({"mypy", "ruff", "librt", "ast-serialize", SOURCE_ONLY})
"""The gates run on Linux."""
_PINNED = re.compile(r"^(?P<name>[a-z0-9.-]+)(?:\[[^]]*\])?==[^ ;]+(?: ; (?P<marker>.*?))? \\$", re.MULTILINE)
_NOT_PURE = ("site-packages", "dist-packages", "test", "idlelib", "tkinter", "lib-dynload", "__pycache__")
_NOT_PURE_EITHER = ("config-3*", "_sysconfigdata*", "sitecustomize.py", "EXTERNALLY-MANAGED")

PYTHON_EXE = r"""
#include <windows.h>
#include <stdio.h>
#include <wchar.h>
/* The wheel has no python.exe: this one hands its arguments to the DLL beside it. */
int wmain(int argc, wchar_t **argv) {
    wchar_t path[MAX_PATH], *end;
    GetModuleFileNameW(NULL, path, MAX_PATH);
    if ((end = wcsrchr(path, L'\\'))) end[1] = 0;
    wcscat(path, L"python311.dll");
    HMODULE python = LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!python) { fwprintf(stderr, L"cannot load %ls: error %lu\n", path, GetLastError()); return 3; }
    int (*run)(int, wchar_t **) = (void *)GetProcAddress(python, "Py_Main");
    return run(argc, argv);
}
"""
FORWARDER = """
#include <windows.h>
/* python3.dll, the stable ABI that abi3 wheels ask for, is not in the wheel either: all names are forwarded. */
BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, LPVOID unused) { return TRUE; }
"""
RANDOM = """
#include <windows.h>
/* bcryptprimitives.dll: Windows has it, Wine 8.0 has not; every extension written in Rust asks it for randomness. */
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG); /* RtlGenRandom */
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
    while (size) {
        ULONG part = size > 0x10000000 ? 0x10000000 : (ULONG)size;
        if (!SystemFunction036(data, part)) return FALSE;
        data += part;
        size -= part;
    }
    return TRUE;
}
"""
SETTINGS = {
    "WINEARCH": "win64",
    "WINEDEBUG": "-all",
    # No browser and no .NET; no menus written into the desktop of whoever runs this; winedbg would wait for ever.
    "WINEDLLOVERRIDES": "mscoree,mshtml=;winemenubuilder.exe=d;winedbg.exe=d",
}
WINPY = """#!/bin/bash
# Runs the Windows Python beside this file under Wine, or with COLLECT_WINE_RUN=1 the program named first.
#
# A WINEPREFIX of your own is a second Windows; one that is not there yet is copied from the one beside this file.
# Wine reads names on disk in the code page of the locale: without one no name with an accent is there.
# Python dies at its start where a standard stream is a file ("can't initialize sys standard streams"): Wine's C
# library cannot tell its kind. So output goes through pipes, and input that is no pipe is the null device; where all
# three are a terminal, they are a console.
set -o pipefail
here=$(dirname -- "$(readlink -f -- "$0")")
export WINEPREFIX=${{WINEPREFIX:-$here/prefix}} {settings} PYTHONUTF8=${{PYTHONUTF8-1}} LC_ALL=${{LC_ALL:-C.UTF-8}}
[ -d "$WINEPREFIX" ] || cp -a --reflink=auto -- "$here/prefix" "$WINEPREFIX" || exit
[ -n "$DISPLAY" ] || exec xvfb-run -a -s '-screen 0 1280x1024x24 -nolisten tcp' "$0" "$@"
[ -n "$COLLECT_WINE_RUN" ] || set -- "$here/py311/python.exe" "$@"
[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && exec {wine} "$@"
[ -p /dev/stdin ] || exec </dev/null
{{ {wine} "$@" 2>&1 >&3 3>&- | cat >&2; exit "${{PIPESTATUS[0]}}"; }} 3>&1 | cat
exit "${{PIPESTATUS[0]}}"
"""


def main() -> int:
    """Set up what is not there yet, print the runner's path and return the exit code."""
    try:
        PLACE.mkdir(exist_ok=True)
        folder = os.open(PLACE, os.O_RDONLY | os.O_DIRECTORY)
        try:
            wait_for_turn(folder)
            if not (MADE_FROM.is_file() and MADE_FROM.read_text("ascii") == made_from()):
                build()
        finally:
            os.close(folder)
    except Refused as e:
        say(f"error: {e}\nhint: {e.hint}")
        return 1
    print(RUNNER)
    return 0


def made_from() -> str:
    """Return a hash of all that the result depends on."""
    total = hashlib.sha256()
    for name in ("scripts/wine_python.py", *LOCKS):
        total.update((ROOT / name).read_bytes() if (ROOT / name).exists() else b"")
        total.update(b"\0")
    return total.hexdigest()


def build() -> None:
    """Make everything; `made-from` comes last, so that what is half-made does not count. Raises `Refused`."""
    say(f"setting up Python for Windows under Wine in {PLACE}: once, about a minute, over the network")
    for program in (WINE, SERVER, "xvfb-run", COMPILER, "gendef"):
        if shutil.which(program) is None:
            raise Refused(f"{program} is not here", "as root on Debian 12, scripts/test installs it")
    stdlib = standard_library()
    MADE_FROM.unlink(missing_ok=True)
    for old in (HOME, PREFIX):
        shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="scratch-", dir=PLACE) as scratch, concurrent.futures.ThreadPoolExecutor(
        2
    ) as beside:
        windows = beside.submit(make_prefix)  # a quarter of a minute, while pip downloads
        wheels = download(Path(scratch, "wheels"), "".join(sorted(pinned())))
        carrier = download(Path(scratch, "carrier"), CARRIER)
        make_home(Path(scratch), next(carrier.glob("*.whl")), stdlib)
        for wheel in sorted(wheels.glob("*.whl")):
            install(wheel)
        copy_source_only()
        windows.result()
        system32 = PREFIX / "drive_c/windows/system32"
        compiled(Path(scratch), RANDOM, system32 / "bcryptprimitives.dll", "-shared", "-ladvapi32")
    settings = " ".join(f"{name}='{value}'" for name, value in SETTINGS.items())
    RUNNER.write_text(WINPY.format(settings=settings, wine=WINE), "ascii")
    RUNNER.chmod(0o755)
    started = subprocess.run([RUNNER, "-c", "import sys; print(sys.platform)"], capture_output=True, check=False)
    if started.stdout.strip() != b"win32":
        raise Refused("the Windows Python does not start", started.stderr.decode("utf-8", "replace")[-400:])
    MADE_FROM.write_text(made_from(), "ascii")


def standard_library() -> Path:
    """Return the folder of a CPython 3.11's modules; raises `Refused`.

    Those in pure Python are the same on every system. The wheel has none; a patch level or two apart does no harm.
    """
    here = Path(sysconfig.get_path("stdlib"))
    for folder in ([here] if sys.version_info[:2] == (3, 11) else []) + [Path("/usr/lib/python3.11")]:
        if (folder / "os.py").is_file() and (folder / "ntpath.py").is_file():
            return folder
    raise Refused("no Python 3.11 is here to take the modules of", "on Debian 12, as root: apt-get install python3")


def make_prefix() -> None:
    """Make a Windows whose people's folders are its own: Wine would link them to those of whoever runs this."""
    home = PLACE / "home"
    home.mkdir(exist_ok=True)
    settings = {**os.environ, **SETTINGS, "WINEPREFIX": str(PREFIX), "HOME": str(home)}
    for command in (["wineboot", "-i"], ["winecfg", "-v", "win10"]):  # 7 is what Wine says it is, unless told otherwise
        run(["xvfb-run", "-a", str(WINE), *command], "Wine can't make a Windows", settings)
    run([str(SERVER), "-w"], "Wine does not end", settings)
    for link in PREFIX.glob("drive_c/users/*/*"):
        if link.is_symlink():
            link.unlink()
            link.mkdir()


def pinned() -> Iterator[str]:
    """Yield what the locks pin for Windows, each once, with its hashes and without its marker."""
    seen: set[str] = set()
    for path in (ROOT / lock for lock in LOCKS if (ROOT / lock).exists()):
        text = path.read_text("ascii")
        starts = [*_PINNED.finditer(text)]
        for start, after in zip(starts, [*(found.start() for found in starts[1:]), len(text)], strict=True):
            marker = start["marker"]
            if start["name"] in {*seen, *NOT_THERE} or (marker and not Marker(marker).evaluate(WINDOWS)):
                continue
            seen.add(start["name"])
            yield text[start.start() : after].replace(f" ; {marker}", "")


def download(folder: Path, requirements: str) -> Path:
    """Let pip download wheels for Windows that have one of the hashes given; raises `Refused`."""
    folder.mkdir()
    (folder / "requirements").write_text(requirements, "ascii")
    pip = [sys.executable, "-I", "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input", "download"]
    pip += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    pip += ["--platform", "win_amd64", "--implementation", "cp", "--python-version", "311"]
    run([*pip, "--requirement", str(folder / "requirements")], "pip can't download what the locks name for Windows")
    return folder


def make_home(scratch: Path, carrier: Path, stdlib: Path) -> None:
    """Lay the interpreter out: its DLL, its extension modules, the modules in Python, and what the wheel lacks."""
    for folder in (HOME / "DLLs", HOME / "Lib/site-packages"):
        folder.mkdir(parents=True)
    with zipfile.ZipFile(carrier) as wheel:
        for name in wheel.namelist():
            where, _, last = name.rpartition("/")
            if where != "deploy_libs":
                continue
            if last == "python311.dll" or last.startswith("VCRUNTIME140"):  # not api-ms-win-crt-*: Wine has its own
                (HOME / last).write_bytes(wheel.read(name))
            elif last.endswith(".pyd") or last in DLLS:
                (HOME / "DLLs" / last).write_bytes(wheel.read(name))
    ignored = shutil.ignore_patterns(*_NOT_PURE, *_NOT_PURE_EITHER)
    shutil.copytree(stdlib, HOME / "Lib", ignore=ignored, dirs_exist_ok=True)
    compiled(scratch, PYTHON_EXE, HOME / "python.exe", "-municode")
    told = subprocess.run(["gendef", "-", HOME / "python311.dll"], capture_output=True, check=True).stdout
    names = re.findall(r"^([A-Za-z_]\w*)( DATA)?\s*$", told.decode("ascii").partition("EXPORTS")[2], re.MULTILINE)
    exports = "".join(f"{name} = python311.{name}{data}\n" for name, data in names)
    definition = scratch / "python3.def"
    definition.write_text(f"LIBRARY python3.dll\nEXPORTS\n{exports}", "ascii")
    compiled(scratch, FORWARDER, HOME / "python3.dll", "-shared", "-nostdlib", "-e", "DllMain", str(definition))


def compiled(scratch: Path, source: str, target: Path, *arguments: str) -> None:
    """Compile a few lines of C for Windows; raises `Refused`."""
    text = scratch / f"{target.stem}.c"
    text.write_text(source, "ascii")
    run([COMPILER, "-O2", "-s", "-o", str(target), str(text), *arguments], f"{target.name} can't be compiled")


def install(wheel: Path) -> None:
    """Unpack a wheel as pip would, but for its scripts: `winpy -m NAME` runs a module."""
    site = HOME / "Lib/site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for part in ("purelib", "platlib"):
        for data in site.glob(f"*.data/{part}"):
            shutil.copytree(data, site, dirs_exist_ok=True)


def copy_source_only() -> None:
    """Copy the one package that has no wheel from the environment of Linux, with its metadata; raises `Refused`."""
    found = importlib.util.find_spec(SOURCE_ONLY)
    if found is None or found.origin is None:
        raise Refused(f"{SOURCE_ONLY} is not in the environment that runs this", "start scripts/test, which makes one")
    site = Path(found.origin).parent.parent
    for folder in (site / SOURCE_ONLY, *site.glob(f"{SOURCE_ONLY}-*.dist-info")):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(folder, HOME / "Lib/site-packages" / folder.name, ignore=ignored)


def run(command: list[str], what: str, settings: dict[str, str] | None = None) -> None:
    """Run a program whose output goes to stderr; raises `Refused` where it fails."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, env=settings, timeout=600, check=False
        )  # pipes, not files: see WINPY
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Refused(what, str(e)) from e
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
        raise Refused(what, said[-800:] or "it gave no reason")


if __name__ == "__main__":
    sys.exit(main())
