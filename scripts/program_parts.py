"""Whose each part of a built program is: every module, library and file, with its licence.

The libraries are found in the folder of wheels, Python by its own folder, what Debian ships by its packages. What is
of none of these has no business in the program: `Foreign`.
"""

from __future__ import annotations

import json
import re
import subprocess  # noqa: TID251 - asks dpkg whose a library is
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import program
import program_wheels
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

ROOT = Path(__file__).resolve().parent.parent
OURS = "evidence-collector"
LICENCE_OF_PYTHON = ("LICENSE.txt", "lib/python3.*/LICENSE.txt", "Lib/LICENSE.txt")

SPDX = {
    "jinja2": "BSD-3-Clause",
    "libffi8": "MIT",
    "libgcc-s1": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "mss": "MIT",
    "pyinstaller": "GPL-2.0-or-later WITH Bootloader-exception",
    "pyrage": "MIT",
    "python-xlib": "LGPL-2.1-or-later",
    "rfc3161-client": "Apache-2.0",
    "segno": "BSD-3-Clause",
    "yara-x": "BSD-3-Clause",
}
"""Licences that the metadata of a component name in words of their own, or not; read in its licence file."""

_LICENCE_FILE = re.compile(r"(?i)(licen[cs]e|copying|notice)")
_NOT_THERE = re.compile(r"^(?:missing|excluded) module named '?([\w.]+)'? - imported by (.*)$", re.MULTILINE)


class Foreign(Exception):  # noqa: N818 - it is not ours, and neither is the mistake
    """A file is in the program that nobody answers for."""


@dataclass
class Part:
    """A component of the program: what it is, under what licence, and what of it is there."""

    name: str
    version: str
    kind: str
    """As the purl has it: pypi, deb, generic."""
    licences: list[str]
    made_of: str = ""
    """The file that the lock names, and its hash."""
    sha256: str = ""
    texts: list[tuple[str, str]] = field(default_factory=list)
    """The licences themselves: name and text."""
    inside: list[dict[str, Any]] = field(default_factory=list)
    """What was compiled into it, as its own bill of materials says (PEP 770)."""
    modules: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    """What of it is there: modules in the archive, and files, as the program's folder names them."""


class Owners:
    """Knows whose a path is; `found` is what the spec wrote about the program."""

    def __init__(self, system: str, source: Path, site: Path, found: dict[str, Any]) -> None:
        self._system, self._source, self._site, self._found = system, source, site, found
        self._home = here(found["python"]["home"])
        self._parts: dict[str, Part] = {}
        self._of_file: dict[str, str] = {}
        for info in sorted(site.glob("*.dist-info")):
            for line in (info / "RECORD").read_text("utf-8").splitlines():
                self._of_file[line.split(",", maxsplit=1)[0]] = info.name

    def parts(self, folder: Path) -> list[Part]:
        """Return every component, sorted by name, with all that is in the folder; raises `Foreign`."""
        for name, path, _ in self._found["modules"]:
            self._part(path).modules.append(name)
        known = {f"_internal/{PurePath(here(name)).as_posix()}": path for name, path in self._placed()}
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = path.relative_to(folder).as_posix()
            part = self._part(known[name]) if name in known else self._built(name)
            part.files.append(name)
        self._built("").files.append("LICENCES.txt")  # is written when all is known
        return sorted(self._parts.values(), key=lambda part: part.name.lower())

    def _placed(self) -> Iterator[tuple[str, str]]:
        for name, path, _ in [*self._found["binaries"], *self._found["datas"]]:
            if name != "base_library.zip":
                yield name.replace("\\", "/"), path

    def _built(self, name: str) -> Part:
        """Return whose a file is that PyInstaller makes: the program itself, and the modules Python starts with."""
        if name == "_internal/base_library.zip":
            return self._keep("python", self._python)
        if name not in {"", "collect", "collect.exe"}:
            raise Foreign(f"{name} is in the program, and nobody knows where it comes from")
        self._keep("pyinstaller", self._bootloader).files[:] = []
        return self._keep(OURS, self._ours)

    def _part(self, name: str) -> Part:
        path = here(name)
        if path.is_relative_to(self._site):
            info = self._of_file.get(path.relative_to(self._site).as_posix())
            if info is None:
                raise Foreign(f"{name} is of no library that the lock names")
            return self._keep(info, lambda: self._library(self._site / info))
        if path.is_relative_to(self._source) or path.is_relative_to(ROOT / "scripts"):
            return self._keep(OURS, self._ours)
        stdlib = self._home if self._system == "windows" else self._home / "lib/python3.11"
        if "site-packages" not in path.parts and (path.is_relative_to(stdlib) or path.name.startswith("libpython3")):
            return self._keep("python", self._python)
        if self._system == "linux":
            package = of_debian(path)
            return self._keep(package, lambda: debian(package))
        raise Foreign(f"{name} is neither of Python nor of a library that the lock names")

    def _keep(self, key: str, make: Any) -> Part:
        if key not in self._parts:
            self._parts[key] = make()
        return self._parts[key]

    @staticmethod
    def _ours() -> Part:
        texts = [("LICENSE", (ROOT / "LICENSE").read_text("utf-8"))]
        return Part(OURS, program.version(ROOT), "generic", ["Apache-2.0"], texts=texts)

    def _python(self) -> Part:
        texts = [p for pattern in LICENCE_OF_PYTHON for p in sorted(self._home.glob(pattern))]
        if not texts:
            raise Foreign("the licence of Python is not where Python is")
        words = [("LICENSE.txt", texts[0].read_text("utf-8"))]
        return Part("python", self._found["python"]["version"], "generic", ["Python-2.0.1"], texts=words)

    def _bootloader(self) -> Part:
        info = here(self._found["pyinstaller"])
        part = self._library(info)
        part.name = "pyinstaller-bootloader"
        part.kind = "generic"
        return part

    def _library(self, info: Path) -> Part:
        about = HeaderParser().parsestr((info / "METADATA").read_text("utf-8"))
        name, version = str(about["Name"]), str(about["Version"])
        part = Part(name, version, "pypi", licences_of(about))
        reports = [self._site / program_wheels.REPORT, info.parent / program_wheels.REPORT]
        for report in (json.loads(path.read_text("utf-8")) for path in reports if path.is_file()):
            for made in report["made"]:
                if canonicalize_name(made["name"]) == canonicalize_name(name) and made["version"] == version:
                    part.made_of, part.sha256 = made["file"], made["sha256"]
        for path in sorted(p for p in info.rglob("*") if p.is_file()):
            if path.parent.name == "sboms":
                part.inside += json.loads(path.read_text("utf-8")).get("components", [])
            elif _LICENCE_FILE.match(path.name) and path.suffix != ".py":
                part.texts.append((path.name, path.read_text("utf-8", "replace")))
        if not part.texts:
            words = f"{' '.join(part.licences)}. The published file holds no text of it; see {home_of(about)}."
            part.texts.append(("licence", words))
        if part.inside:
            part.texts.append(("what is compiled into it", brought(part)))
        return part

    def missing(self, warnings: str) -> list[str]:
        """Return what our own modules import and the program does not hold, from PyInstaller's list.

        What stands under a condition of the whole module is for a type checker, as is a room that isn't written yet.
        """
        wrong = []
        there = {name for name, _, _ in self._found["modules"]} | {"pyrage.x25519"}  # pyrage makes it as it loads
        for module, importers in _NOT_THERE.findall(warnings):
            if module.startswith("collector."):
                continue
            ours = [who for who in re.findall(r"(collector[\w.]*) \(([^)]*)\)", importers) if module not in there]
            wrong += [f"{who} imports {module}" for who, how in ours if how != "conditional"]
        return wrong

    @staticmethod
    def licences(parts: list[Part]) -> str:
        """Return the text of every licence, one after another."""
        said: dict[str, list[str]] = {}
        for part in parts:
            for name, text in part.texts:
                said.setdefault(text.strip(), []).append(f"{part.name} {part.version}: {name}")
        rule = "=" * 100
        blocks = ["\n".join((rule, *whose, rule, text, "")) for text, whose in said.items()]
        return "What this program is made of, and under which licences.\n\n" + "\n".join(blocks)


def here(name: str) -> Path:
    r"""Return the path that a name in PyInstaller's lists means: Wine shows `/` as `Z:\`."""
    return Path(name[2:].replace("\\", "/") if name.upper().startswith("Z:") else name)


def licences_of(about: Message) -> list[str]:
    """Return the licences that a library's metadata state, as SPDX has them where it can be said."""
    if known := SPDX.get(canonicalize_name(str(about["Name"]))):
        return [known]
    if about["License-Expression"]:
        return [about["License-Expression"]]
    classes = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if line.startswith("License ::")]
    short = (about["License"] or "").strip().partition("\n")[0]
    return [short] if short else classes


def home_of(about: Message) -> str:
    """Return where a library is at home, as its metadata say."""
    linked = [str(line).rpartition(", ")[2] for line in about.get_all("Project-URL", [])]
    return next(filter(None, [str(about["Home-page"] or ""), *linked]), "its package index")


def brought(part: Part) -> str:
    """Return what was compiled into a library, a line each, with its licence."""
    lines = []
    for found in part.inside:
        stated = [entry.get("expression") or entry.get("license", {}).get("id") for entry in found.get("licenses", [])]
        words = " ".join(filter(None, stated)) or "not stated"
        lines.append(f"{found.get('name')} {found.get('version', '')}: {words}")
    return "\n".join(sorted(set(lines)))


def of_debian(path: Path) -> str:
    """Return the package that a system library is of; its own name where no dpkg knows."""
    for name in (path, path.resolve(), Path("/usr", *path.parts[1:])):
        command = ["dpkg-query", "-S", str(name)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            break
        if done.returncode == 0:
            return done.stdout.partition(":")[0]
    return path.name


def debian(package: str) -> Part:
    """Return what dpkg knows of a package."""
    command = ["dpkg-query", "-W", "-f=${Version}", package]
    try:
        version = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return Part(package, "", "generic", [])
    words = Path("/usr/share/doc", package, "copyright")
    texts = [("copyright", words.read_text("utf-8", "replace"))] if words.is_file() else []
    known = "X11" if package.startswith("libxcb") else SPDX.get(package)
    stated = {name for _, text in texts for name in re.findall(r"^License: (\S+)$", text, re.MULTILINE)}
    return Part(package, version, "deb", [known] if known else sorted(stated), texts=texts)
