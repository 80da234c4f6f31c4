"""Builds the one-folder program: `build_program.py linux|windows [--out DIR]`, in the environment of the build.

PyInstaller collects what `program.py` says, from a copy of our sources and a folder of locked libraries. Then
everything is held against where it came from: a file that nobody answers for ends the build. The same commit,
libraries, Python and system give the same bytes (docs/BUILD.md says how far that goes).
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shutil
import stat
import subprocess  # noqa: TID251 - runs PyInstaller and git
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NoReturn

import program
import program_parts
import program_sbom
import program_wheels

ROOT = Path(__file__).resolve().parent.parent
CACHES = shutil.ignore_patterns("__pycache__", ".*")
FOREIGN = (b"Wine builtin DLL", b"Wine placeholder DLL")
"""What stands in every library of Wine's own: none of them goes to a real Windows."""


def main() -> None:
    """Build, check and put in place; ends the process with exit code 1 and a sentence where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system", choices=("linux", "windows"))
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="gets a folder for the system")
    given = parser.parse_args()
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=out) as scratch:
        built = build(given.system, Path(scratch))
        shutil.rmtree(out / given.system, ignore_errors=True)
        built.rename(out / given.system)
    print(out / given.system)


def build(system: str, scratch: Path) -> Path:
    """Build in a scratch folder and return the folder with the program, its sums and its bill of materials."""
    when = moment()
    source, dist, said = scratch / "source", scratch / "dist", scratch / "said.json"
    for name in ("collector", "rules"):
        shutil.copytree(ROOT / name, source / name, ignore=CACHES)
    for path in source.glob("collector/**/*.py"):
        if path.parent.name != "cli":  # there they are help texts
            path.write_text(without_docstrings(path.read_text("utf-8")), "utf-8")
    site = program_wheels.folder(ROOT / f".venv-program-{system}", system, ROOT / "requirements.lock")
    where = {"PROGRAM_SOURCE": source, "PROGRAM_SITE": site, "PROGRAM_SAID": said, "PYINSTALLER_CONFIG_DIR": scratch}
    command = ["-s", "-B", "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    for option, value in (("--distpath", dist), ("--workpath", scratch / "work")):
        command += [option, named(system, value)]
    command.append(named(system, ROOT / "scripts/program.spec"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {name: named(system, path) for name, path in where.items()}
    environment |= {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": str(when), "TZ": "UTC"}
    environment["PYTHONPATH"] = (";" if system == "windows" else ":").join(
        named(system, path) for path in (site, *tools(system))
    )
    done = subprocess.run(
        [*python(system), *command], cwd=scratch, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
    )  # fmt: skip
    if done.returncode or not said.is_file():
        fail(f"PyInstaller ended with {done.returncode}", done.stdout[-4000:])
    found = json.loads(said.read_text("utf-8"))
    folder = dist / "collect"
    owners = program_parts.Owners(system, source, site, found)
    try:
        parts = owners.parts(folder)
    except program_parts.Foreign as e:
        fail(str(e), "leave it out in scripts/program.py, or add its library to the lock")
    refuse_missing(owners, scratch / "work/program/warn-program.txt")
    refuse_foreign(folder)
    if system == "windows":
        refuse_unmet(folder, tools(system)[0])
    pack_again(folder / "_internal/base_library.zip")
    (folder / "LICENCES.txt").write_bytes(owners.licences(parts).encode())
    settle(folder, when)
    bom = program_sbom.text(parts, folder, system, when)
    (dist / program_sbom.NAME).write_text(bom, "utf-8")
    (dist / "SHA256SUMS").write_text(program_sbom.sums(dist), "utf-8")
    settle(dist, when)
    return dist


def without_docstrings(text: str) -> str:
    """Return a module without its docstrings, each line where it was: a tenth of what we bring along."""
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            said = node.body[0] if node.body else None
            if said is not None and ast.get_docstring(node, clean=False) is not None:
                first, last = said.lineno, said.end_lineno or said.lineno
                lines[first - 1 : last] = [" " * said.col_offset + '""', *[""] * (last - first)]
    return "\n".join(lines)


def moment() -> int:
    """Return the second that every time in the program is set to: the commit's, or SOURCE_DATE_EPOCH."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    except (OSError, subprocess.CalledProcessError):
        fail("no commit says what time this source is of", "set SOURCE_DATE_EPOCH to seconds since 1970")


def python(system: str) -> list[str]:
    """Return what runs a Python of a system."""
    if system == "linux":
        return [sys.executable]
    runner = os.environ.get("COLLECT_WINPY")
    if not runner:
        fail("no Windows Python is named", "set COLLECT_WINPY to a program that runs one (see docs/BUILD.md)")
    return [runner]


def tools(system: str) -> list[Path]:
    """Return the folders that hold PyInstaller where the Python that runs it has none."""
    if system == "linux":
        return []
    lock = ROOT / "scripts/build-requirements.lock"
    return [program_wheels.folder(ROOT / f".venv-build-{system}", system, lock)]


def named(system: str, path: Path) -> str:
    r"""Return how a path is called there: Wine shows `/` as `Z:\`."""
    return str(path) if system == "linux" else "Z:" + str(path).replace("/", "\\")


def refuse_missing(owners: program_parts.Owners, warnings: Path) -> None:
    """End the build where a module of ours imports one that is not in the program."""
    wrong = owners.missing(warnings.read_text("utf-8"))
    if wrong:
        fail("what is in the program imports what is not", "\n".join(wrong))


def refuse_foreign(folder: Path) -> None:
    """End the build where a library of Wine's would be taken to a real Windows."""
    for path in folder.rglob("*"):
        if path.is_file() and any(sign in path.read_bytes()[:512] for sign in FOREIGN):
            fail(f"{path.name} is a library of Wine's own", "name it in LIBRARIES_LEFT in scripts/program.py")


def refuse_unmet(folder: Path, wheels: Path) -> None:
    """End the build where a library asks for one that is neither in the program nor a part of Windows."""
    sys.path.append(str(wheels))
    import pefile  # noqa: PLC0415 - a tool of the Windows build

    files = [path for path in folder.rglob("*") if path.suffix.lower() in {".exe", ".dll", ".pyd"}]
    there = {path.name.lower() for path in files} | program.WINDOWS_OWN
    for path in files:
        read = pefile.PE(str(path), fast_load=True)
        read.parse_data_directories([pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_IMPORT"]])
        for entry in getattr(read, "DIRECTORY_ENTRY_IMPORT", ()):  # a library of forwarders only asks for none
            wanted = entry.dll.decode("ascii").lower()
            if wanted not in there and not wanted.startswith("api-ms-win-"):
                fail(f"{path.name} needs {wanted}", "which is neither here nor in WINDOWS_OWN in scripts/program.py")


def pack_again(path: Path) -> None:
    """Pack the modules that Python starts with: PyInstaller stores them as they are."""
    with zipfile.ZipFile(path) as old:
        held = sorted((name, old.read(name)) for name in old.namelist())
    with zipfile.ZipFile(path, "w") as new:
        for name, content in held:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content, compresslevel=9)


def settle(folder: Path, when: int) -> None:
    """Give every file and folder the same time and plain rights: nothing of this machine stays in them."""
    for path in (folder, *folder.rglob("*")):
        runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if runs else 0o644)
        os.utime(path, (when, when))


def fail(message: str, hint: str) -> NoReturn:
    """End the process with a sentence and what to do."""
    print(f"error: {message}\nhint: {hint}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
