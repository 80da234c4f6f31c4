"""What the built program holds, said once for every system: `program.spec` asks, under the system it is built for.

What isn't needed is named with its reason. On the host memory is evidence, a stick is small, and what isn't there
needs no update and alarms no antivirus.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path, PurePath

SCRIPTS = Path(__file__).resolve().parent

SYSTEM = "windows" if sys.platform == "win32" else "linux"  # noqa: TID251 - it is built on the system it is built for

DATA = (
    ("collector/LISEZ-MOI.txt", "collector"),
    ("collector/handover/*.j2", "collector/handover"),
    ("collector/ui/locale/*/LC_MESSAGES/*.mo", None),
    ("rules/**/*", "collector/_rules"),
)
"""Files of ours that are not modules, and the folder they go to; None is the one they stand in."""

OTHERS = {
    "linux": ("host/windows", "host/darwin", "winformats", "macformats"),
    "windows": ("host/linux", "host/darwin", "host/posix", "macformats"),
}
"""Rooms of `collector/` that are for other systems."""
MSS = ("linux", "windows", "darwin")
"""What mss has, of which one is for a system."""

LOADED_BY_NAME = {
    "linux": ("mss", "mss.linux", "mss.linux.xcb", "watchdog.observers.inotify_c"),
    "windows": ("mss", "mss.windows", "watchdog.observers.read_directory_changes", "watchdog.observers.winapi"),
}
"""Modules that someone imports by a name in a string, beside those that `by_name` finds in our own code."""

ABSENT = (
    "http", "http.client", "urllib.request", "unittest", "unittest.mock",  # pictures from the network, signed PDFs
    "fontTools", "fontTools.pens", "fontTools.pens.basePen", "fontTools.pens.ttGlyphPen", "fontTools.subset",
    "fontTools.svgLib", "fontTools.svgLib.path", "fontTools.ttLib", "fontTools.ttLib.tables",
    "fontTools.ttLib.tables.BitmapGlyphMetrics", "fontTools.ttLib.tables.C_O_L_R_", "fontTools.ttLib.tables.otTables",
    "fontTools.varLib", "fontTools.varLib.instancer", "fontTools.varLib.varStore",  # fonts: ours are a reader's own
    "defusedxml", "defusedxml.ElementTree",  # drawings in SVG
)  # fmt: skip
"""What fpdf2 imports at its start and our sheets never use; `absent` answers to these names."""

UNUSED = (
    *ABSENT,
    "PIL",  # fpdf2 draws pictures with it: our sheets hold none
    "attr", "attrs", "dateutil", "typing_extensions",  # the build's own; rich and others look whether they are there
    "cffi", "pycparser",  # cryptography needs `_cffi_backend` only
    "pygments", "markdown_it", "mdurl", "IPython",  # rich: coloured source text and Markdown
    "watchdog.tricks", "watchdog.watchmedo", "watchdog.utils.process_watcher",  # runs programs on events
    "watchdog.observers.fsevents",
    "artifacts.reader", "artifacts.registry",  # of `artifacts` the data alone is read
    "rich.markdown", "rich.syntax", "rich.traceback", "rich.json", "rich.__main__", "rich.prompt",
    "setuptools", "pkg_resources", "_distutils_hack", "distutils", "pip", "packaging",  # tools of a developer
    "tkinter", "turtle", "curses", "readline", "sqlite3", "doctest", "pdb", "pydoc", "test", "lib2to3", "ensurepip",
    "sitecustomize", "usercustomize",  # of the machine that builds, never of ours
    "ssl", "_ssl", "ftplib", "smtplib", "imaplib", "poplib", "telnetlib", "xmlrpc", "socketserver", "wsgiref",
    "webbrowser", "asyncio", "multiprocessing", "concurrent", "jeepney.io",  # network
    "importlib.metadata", "_uuid", "bz2", "_bz2", "lzma", "_lzma", "_decimal", "statistics", "_pickle",  # not needed
    "argparse",  # of modules that are run by themselves
    "email._header_value_parser", "email.headerregistry", "email.policy", "email._policybase", "email.contentmanager",
    "email.generator", "email.message", "email.feedparser", "email.parser", "email.iterators", "email.header",
    # of `email`, cryptography takes `utils` alone
    "_codecs_hk", "_codecs_iso2022",  # letters of Hong Kong and Japanese mail: no ransom note is read by them
)  # fmt: skip
"""What stays out. A module of ours that imports one of these ends the build."""

BROKEN = (
    "encodings.bz2_codec", "pty", "tty", "encodings.big5hkscs", "encodings.iso2022_jp", "encodings.iso2022_jp_1",
    "encodings.iso2022_jp_2", "encodings.iso2022_jp_2004", "encodings.iso2022_jp_3", "encodings.iso2022_jp_ext",
    "encodings.iso2022_kr",
)  # fmt: skip
"""Modules that are there because their neighbours are, and that can't be imported for want of what is left out."""

UNUSED_ON = {
    "linux": ("xml.etree", "xml.parsers", "xml.dom", "pyexpat", "_elementtree", "click._winconsole"),
    "windows": (),  # its tasks and events are written in XML
}
"""The same, of one system."""

LIBRARIES_LEFT = re.compile(
    r"libcrypto\.so|libX|libbsd\.so|libmd\.so|libuuid\.so|libbz2\.so|liblzma\.so"  # the host's, see docs/BUILD.md
    r"|api-ms-win-|ucrtbase|bcryptprimitives|ext-ms-"  # a part of Windows
)
"""Libraries that are not taken along: those that a host which needs them has."""

WINDOWS_OWN = frozenset({
    "advapi32.dll", "bcrypt.dll", "bcryptprimitives.dll", "comctl32.dll", "crypt32.dll", "gdi32.dll", "iphlpapi.dll",
    "kernel32.dll", "ntdll.dll", "ole32.dll", "oleaut32.dll", "pdh.dll", "powrprof.dll", "psapi.dll", "shell32.dll",
    "user32.dll", "userenv.dll", "version.dll", "ws2_32.dll",
})  # fmt: skip
"""Libraries of Windows 10 that the program's own ask for, beside its C runtime (`api-ms-win-*`)."""

_ABOUT = """VSVersionInfo(
    ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}),
    kids=[
        StringFileInfo([StringTable("040904B0", [
            StringStruct("FileDescription", "Preserves evidence of a ransomware attack"),
            StringStruct("FileVersion", "{version}"),
            StringStruct("InternalName", "collect"),
            StringStruct("LegalCopyright", "Apache-2.0"),
            StringStruct("OriginalFilename", "collect.exe"),
            StringStruct("ProductName", "evidence-collector"),
            StringStruct("ProductVersion", "{version}"),
        ])]),
        VarFileInfo([VarStruct("Translation", [0x0409, 1200])]),
    ],
)
"""
_IMPORT = re.compile(r"""import_module\(\s*["']([A-Za-z_][\w.]*)["']""")


def modules(source: Path) -> list[str]:
    """Return every module of ours for this system, and what they and others load by name, in order."""
    found = set(LOADED_BY_NAME[SYSTEM]) | {"artifacts"}
    for path in source.glob("collector/**/*.py"):
        parts = path.relative_to(source).with_suffix("").parts
        if "/".join(parts[1:3]) in OTHERS[SYSTEM] or parts[1] in OTHERS[SYSTEM]:
            continue
        found.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        found.update(_IMPORT.findall(path.read_text("utf-8")))
    return sorted(found)


def left_out() -> list[str]:
    """Return the modules that stay out: what isn't used, and the rooms of other systems."""
    rooms = ["collector." + room.replace("/", ".") for room in OTHERS[SYSTEM]]
    return [*UNUSED, *UNUSED_ON[SYSTEM], *rooms, *(f"mss.{name}" for name in MSS if name != SYSTEM)]


def data(source: Path) -> list[tuple[str, str, str]]:
    """Return our files that are no modules: name in the program, where it is, and what PyInstaller calls it."""
    files = []
    for pattern, folder in DATA:
        top = PurePath(pattern.split("/", maxsplit=1)[0])
        for path in sorted(source.glob(pattern)):
            if path.is_file():
                inner = PurePath(path.relative_to(source))
                if folder is not None:
                    inner = PurePath(folder) / (inner.relative_to(top) if "**" in pattern else inner.name)
                files.append((str(inner), str(path), "DATA"))
    return files


def definitions(package: Path) -> list[tuple[str, str, str]]:
    """Return the published artifact definitions, the data of the package `artifacts`."""
    return [(f"artifacts/data/{p.name}", str(p), "DATA") for p in sorted((package / "data").glob("*.yaml"))]


def stand_ins() -> list[tuple[str, str, str]]:
    """Return what answers for modules that are left out."""
    return [(name, str(SCRIPTS / "absent/__init__.py"), "PYMODULE-2") for name in ABSENT]


def version(source: Path) -> str:
    """Return the version of a copy of our sources."""
    text = (source / "collector/__init__.py").read_text("utf-8")
    (found,) = re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    return str(found)


def about(source: Path) -> str:
    """Return what Windows shows as the program's details."""
    numbers = [int(number) for number in re.findall(r"\d+", version(source))]
    return _ABOUT.format(version=version(source), numbers=tuple((*numbers, 0, 0, 0, 0)[:4]))


def is_ours(module: str) -> bool:
    """Tell whether a module is the collector's: its docstrings are help texts and stay."""
    return module.split(".", maxsplit=1)[0] == "collector"


def is_taken(library: str) -> bool:
    """Tell whether a library or extension goes into the program."""
    return LIBRARIES_LEFT.match(PurePath(library).name) is None
