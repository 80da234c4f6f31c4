"""The shape of the house (docs/, design.md section 3): which room may load which, and how large a room may be.

The rules are the tables at the top. The tests read the source with `ast`; one starts a fresh Python and looks at what
it has really loaded.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import collector

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parent.parent

FLOORS = """
    errors text layout findings times paris spelled collector
    strictyaml deadlines deadline_words
    model rows rules tool vocabulary corefile questions
    schema facts eyes answers levels counts der second_opinion definitions expansion profiles marks
    ransom_rules suspicion_rules hunt
    isolation library ransom suspicion journal
    activity_rules
    suffixes heads winformats macformats handles attached
    timeline bursts onset
    manifest
    seal clocks inventory disk uptime age countersign
    ledger chainfile contents timestamp
    orphans anchors sequence
    bundle verify
    resume
    entries
    custody
    stamps papers kit answered
    handover
    host
    tracing
    searching
    sources reading ownfiles loading
    output vigil isolate alarm onlooker
    result
    acquisition watching
    continuing
    earlier
    session arguments signing
    ui
    cli
"""
"""The ground floor first. A room loads only rooms of floors below its own (and what is inside itself)."""

VERIFIER = (
    "manifest schema inventory seal clocks age countersign ledger chainfile contents findings anchors verify orphans "
    "resume custody entries journal attached disk handles layout bundle der timestamp second_opinion stamps sequence"
)
"""Runs on another machine than the one that was attacked, and must be readable without the rest."""

NEVER = (
    # these rooms          never load these, by whatever way                          because
    (VERIFIER, "host sources acquisition output session continuing ui cli", "a verifier trusts none of what collected"),
    (VERIFIER, "handover", "whoever verifies opens and packs nothing"),
    ("handover", "host sources acquisition output session ui cli", "what is handed over comes from a verified bundle"),
    (VERIFIER, "psutil mss watchdog yaml rich click Xlib segno", "a verifier needs Python and signatures only"),
    ("sources", "host.linux host.windows host.darwin", "a source knows no operating system"),
    ("sources", "bundle acquisition session ui cli", "a source knows not where its rows go"),
    ("host", "sources acquisition bundle ui cli", "a host answers and does not know who asks"),
    ("facts isolation timeline ransom rules suffixes heads bursts onset", "host sources bundle ui", "judges are pure"),
    ("paris spelled deadlines deadline_words", "host sources bundle ui", "deadlines come from what a person says"),
    ("questions answers", "host sources bundle ui os time pathlib", "what a person says is the same everywhere"),
    ("paris spelled deadlines deadline_words", "os time pathlib zoneinfo", "no clock, no file: everywhere the same"),
    ("winformats macformats", "host sources bundle ui", "formats are pure"),
    ("attached journal", "host sources bundle ui os time pathlib", "what is attached is hostile: bytes in, words out"),
    ("strictyaml definitions library expansion profiles", "host sources bundle ui", "rules mean the same everywhere"),
    ("levels counts", "host sources bundle ui os time pathlib", "what is taken is data; what is counted has no name"),
    ("suspicion suspicion_rules corefile", "host sources bundle ui", "the same"),
    ("acquisition session continuing vigil isolate alarm watching", "ui cli", "a run is the same without a screen"),
    ("sources acquisition vigil isolate alarm", "second_opinion stamps", "openssl is a verifier's, never a run's"),
    ("manifest", "disk bundle os time pathlib", "the heart opens nothing and looks at no clock"),
)
"""Read statically, imports for types only (`TYPE_CHECKING`) left out: they load nothing."""

NAMED_ONLY_BY = (
    # only these rooms       may name these
    ("host handles", "sys.platform"),  # how a file is opened, on the verifier's machine too
    ("host", "platform socket ctypes pwd grp"),
    ("host signing second_opinion", "subprocess"),  # the two run stock programs on the verifier's machine, in no run
    ("host", "psutil mss watchdog Xlib"),
    ("ui cli", "print"),
)

MOST_LINES = {"manifest": 310, "verify": 310}
"""Design: the heart and the verifier are read in one sitting; every other file under 400."""

MEANINGLESS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "lib", "manager", "handlers"}
"""Names that say nothing: what would lie there is missing a noun."""


@dataclass(frozen=True)
class Import:
    """One import: the full name, and whether it is made when the module is loaded, later, or for types only."""

    name: str
    when: str


@dataclass(frozen=True)
class Module:
    """One file of `collector/`."""

    name: str
    path: Path
    tree: ast.Module
    imports: tuple[Import, ...]

    @property
    def room(self) -> str:
        """Return the room of the house: `host` for `collector.host.linux.files`."""
        return self.name.split(".")[1] if "." in self.name else "collector"


@cache
def modules() -> dict[str, Module]:
    """Return every file of the package by its dotted name."""
    paths = {dotted(path): path for path in sorted(Path(CHECKOUT, "collector").rglob("*.py"))}
    found = {}
    for name, path in paths.items():
        tree = ast.parse(path.read_bytes(), filename=str(path))
        found[name] = Module(name, path, tree, tuple(imports_of(tree, paths, "at once")))
    return found


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(node: ast.AST, known: dict[str, Path], when: str) -> Iterator[Import]:
    """Yield the imports below a node; `from collector import disk` is an import of `collector.disk`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, when) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            for alias in child.names:
                full = f"{child.module}.{alias.name}"
                yield Import(full if full in known else str(child.module), when)
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            yield from (found for part in child.body for found in imports_of(ast.Module([part], []), known, "types"))
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imports_of(child, known, "types" if when == "types" else "later")
        else:
            yield from imports_of(child, known, when)


def in_rooms(names: str) -> list[Module]:
    """Return the modules of the rooms named; a room that is not built yet has none."""
    return [module for module in modules().values() if module.room in names.split()]


def loads(module: Module) -> dict[str, str]:
    """Return what a module loads by whatever way, each with the way to it."""
    ways: dict[str, str] = {}
    waiting = [(module, module.name)]
    while waiting:
        one, way = waiting.pop()
        for found in one.imports:
            if found.when == "types" or found.name in ways:
                continue
            ways[found.name] = f"{way} → {found.name}"
            if found.name in modules():
                waiting.append((modules()[found.name], ways[found.name]))
    return ways


def is_within(name: str, names: str) -> bool:
    """Tell whether a dotted name is one of the names or inside one; rooms stand without `collector.`."""
    name = name.removeprefix("collector.")
    return any(name == one or name.startswith(one + ".") for one in names.split())


def test_every_room_has_its_floor() -> None:
    """A new file has its place in the table of floors, and the table names no file that is gone."""
    rooms = {module.room for module in modules().values()}
    placed = FLOORS.split()
    assert len(placed) == len(set(placed))
    assert rooms - set(placed) == set(), "rooms without a floor"
    assert set(placed) - rooms == set(), "floors of rooms that are not there"


def test_imports_point_down() -> None:
    """Nothing loads a room of its own floor or of one above, early or late."""
    floor = {room: number for number, line in enumerate(FLOORS.strip().splitlines()) for room in line.split()}
    upwards = [
        f"{module.name} → {found.name} ({found.when})"
        for module in modules().values()
        for found in module.imports
        if found.when != "types" and found.name in modules()
        if (target := modules()[found.name]).room != module.room and floor[target.room] >= floor[module.room]
    ]
    assert upwards == []


def test_no_import_goes_in_a_circle() -> None:
    """No module waits, while it is loaded, for one that waits for it; inside a package neither."""
    order = {
        name: {found.name for found in module.imports if found.when == "at once" and found.name in modules()}
        for name, module in modules().items()
    }
    while free := [name for name, waits_for in order.items() if not waits_for]:
        for name in free:
            del order[name]
        for waits_for in order.values():
            waits_for.difference_update(free)
    assert sorted(order) == []


@pytest.mark.parametrize(("rooms", "never", "because"), NEVER, ids=lambda text: text.split(" ")[0])
def test_rooms_never_load(rooms: str, never: str, because: str) -> None:
    """The table NEVER holds, through any number of other modules."""
    ways = [way for module in in_rooms(rooms) for name, way in loads(module).items() if is_within(name, never)]
    assert ways == [], because


@pytest.mark.parametrize("room", ["verify", "custody", "bundle"])
def test_what_python_really_loads(room: str) -> None:
    """In a fresh interpreter, loading a verifier's room loads no collecting code and none of its libraries."""
    program = f"import sys, collector.{room}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); {program}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = done.stdout.split()
    assert f"collector.{room}" in loaded
    forbidden = [never for rooms, never, _ in NEVER if rooms == VERIFIER]
    assert [name for name in loaded if any(is_within(name, never) for never in forbidden)] == []


def test_only_some_rooms_name_some_things() -> None:
    """The table NAMED_ONLY_BY holds: for imports, for attributes such as `sys.platform`, and for calls of `print`."""
    wrong = [
        f"{module.path.relative_to(CHECKOUT)}:{line}: {name}"
        for allowed, names in NAMED_ONLY_BY
        for module in modules().values()
        if module.room not in allowed.split()
        for name, line in names_in(module.tree)
        if any(name == one or name.startswith(one + ".") for one in names.split())
    ]
    assert wrong == []


def names_in(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the things that a file imports or names, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module), node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}", node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node.lineno


def test_files_are_read_in_one_sitting() -> None:
    """No file of the package reaches 400 lines; the heart and the verifier not 310."""
    lines = {module: module.path.read_bytes().count(b"\n") for module in modules().values()}
    assert {m.name: n for m, n in lines.items() if n >= MOST_LINES.get(m.room, 400)} == {}


def test_no_room_without_a_noun() -> None:
    """No module or package bears a name under which anything could be kept."""
    parts = {part for name in modules() for part in name.split(".")}
    assert parts & MEANINGLESS == set()


def test_the_package_opens_with_a_map() -> None:
    """`collector/__init__.py` says what to read, and in which order."""
    text = collector.__doc__ or ""
    places = [text.find(f"`{room}`") for room in ("manifest", "bundle", "seal", "acquisition", "verify")]
    assert -1 not in places
    assert places == sorted(places)


def test_everything_public_says_what_it_promises() -> None:
    """Every module and all that is public in it has a docstring; a host's methods have the Protocol's."""
    silent = [
        f"{module.path.relative_to(CHECKOUT)}:{getattr(node, 'lineno', 1)}"
        for module in modules().values()
        for node in (module.tree, *public(module.tree, methods=module.room != "host"))
        if not ast.get_docstring(node)
    ]
    assert silent == []


def public(
    node: ast.Module | ast.ClassDef, *, methods: bool
) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the public classes and functions of a module or class."""
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef) and methods:
                yield from public(child, methods=True)
