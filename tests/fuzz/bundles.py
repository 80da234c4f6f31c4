"""Fuzzes the verifier with whole bundles: an input is a program of changes to one of the vectors.

The first byte says which vector; then each change is one byte and what it takes. Lines, fields, bytes, files and names
change; chains, seals and SHA256SUMS may be made to fit again, also by the run's own test key, so that the fuzzer gets
beyond the chain. The bundle is laid down in memory (/dev/shm) and verified. What must hold for any input:

* no exception comes out but `CollectorError`, and the folder is what it was before in every byte, name and time;
* verdict and findings fit each other; what they say of the bundle can be printed;
* a bundle that nobody signed again is never UNANCHORED or ANCHORED unless every sealed byte is what it was;
* ANCHORED needs a seal code of this very checkpoint;
* `verify_bundle` raises `AlteredError` exactly for ALTERED; a note is added to the bundle, or refused without a trace;
* a second verifier, where one is given, comes to the same verdict and the same first code.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import changes
import made
import vectors
from changes import Choices, w

from collector import custody, layout
from collector.anchors import Trusted
from collector.errors import AlteredError, CollectorError
from collector.findings import Level, Verdict
from collector.verify import examine, verify_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST = 200
"""Bytes of a program."""
MOST_CHANGES = 12
MOST_LINE = 3000
TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
UNHARMED = ("UNANCHORED", "ANCHORED")
NAMES = (
    *layout.SEALED_FILES, layout.SUMS, layout.CUSTODY, layout.RESERVE, w.PATH, "artifacts/000003-connections.jsonl",
    "artifacts/000001-processes.jsonl.part", "artifacts/x", "attachments/000000-attachment.jpg", "attachments/x", "x",
    "manifest.jsonl.part", "checkpoint.part", "MANIFEST.JSONL", "desktop.ini", ".DS_Store", "._x", "artifacts/._x",
    "attachments/Thumbs.db", "artifacts/\x1b[2J", "\u202egpj", "\udcff", "a\nb", "artifacts/000001-processes.jsonl ",
    "artifacts/sub/000001-processes.jsonl", "attachments", "artifacts", "x/y", "custody.jsonl.part",
    "artifacts/000001~1.JSO", "artifacts/000001-proces", "artifacts/000009~3", "attachments/000000~1.jpg",
    "MANIFE~1.PAR", "allowed_signe", "lisez-~2.txt",
)  # fmt: skip
"""Names that a change may give: those of the format, those beside it, and those that would move a cursor."""


@dataclass
class State:
    """A bundle while it is changed, and what the verifier is given beside it."""

    world: dict
    arguments: dict[str, str]
    origin: vectors.Vector
    signed: bool = False
    """Whether a change signed it again: then nothing but an anchor can tell."""

    def text(self, path: str) -> bytes:
        entry = self.world.get(path)
        return entry if isinstance(entry, bytes) else b""

    def lines(self, path: str) -> list[bytes]:
        return changes.cut(self.text(path))[0]

    def put(self, path: str, lines: list[bytes]) -> None:
        self.world[path] = b"".join(line + b"\n" for line in lines) + changes.cut(self.text(path))[1]


def as_bytes(vector: vectors.Vector) -> dict:
    return {
        path: vectors.content(entry) if isinstance(entry, list) or "base64" in entry else entry
        for path, entry in vector.world.items()
    }


BASES = vectors.all_vectors()
WORLDS = [as_bytes(vector) for vector in BASES]
LINES = sorted(
    {
        line
        for world in WORLDS
        for name in (layout.MANIFEST, layout.CUSTODY)
        if isinstance(world.get(name), bytes)
        for line in changes.cut(world[name])[0]
        if len(line) < MOST_LINE
    }
)
"""What a line may give way to: every line of every vector."""


def sealed_part(world: dict) -> frozenset:
    """Return what the seal must hold: everything but custody, attachments, litter and the two folders themselves."""
    return frozenset(
        (path, entry if isinstance(entry, bytes) else json.dumps(entry))
        for path, entry in world.items()
        if path not in (layout.CUSTODY, *layout.FOLDERS)
        and not path.startswith(layout.ATTACHMENTS + "/")
        and not (isinstance(entry, bytes) and "/" not in path and layout.is_litter(path))
    )


ORIGINALS: dict[object, set[frozenset]] = {}
"""Sealed parts of the vectors that are as they were sealed, by their checkpoint."""
for _vector, _world in zip(BASES, WORLDS, strict=True):
    if _vector.expect in UNHARMED:
        ORIGINALS.setdefault(_world[layout.CHECKPOINT], set()).add(sealed_part(_world))


# --- the changes


def a_file(chance: Choices, state: State) -> str:
    files = sorted(path for path, entry in state.world.items() if isinstance(entry, bytes))
    return chance.choice(files) if files else layout.MANIFEST


def some_bytes(chance: Choices, state: State) -> None:
    path = a_file(chance, state)
    other = state.text(a_file(chance, state))
    state.world[path] = changes.changed_bytes(chance, state.text(path), other)


def a_chain(chance: Choices, state: State) -> str:
    return layout.CUSTODY if layout.CUSTODY in state.world and chance.randrange(2) else layout.MANIFEST


def some_lines(chance: Choices, state: State) -> None:
    path = a_chain(chance, state)
    state.put(path, changes.changed_lines(chance, state.lines(path), LINES))


def a_field(chance: Choices, state: State) -> None:
    path = a_chain(chance, state)
    state.put(path, changes.changed_field(chance, state.lines(path), LINES))


def a_small_file(chance: Choices, state: State) -> None:
    path = chance.choice((layout.CHECKPOINT, layout.SIGNATURE, layout.SUMS, layout.SIGNERS, layout.RUN_KEY))
    lines = state.lines(path)
    if chance.randrange(2) or not lines:
        state.put(path, changes.changed_lines(chance, lines, [*lines, b"", b"0", b"#", b"1" * 30]))
    else:
        at = chance.randrange(len(lines))
        lines[at] = changes.changed_bytes(chance, lines[at])
        state.put(path, lines)


def remove(chance: Choices, state: State) -> None:
    state.world.pop(chance.choice(sorted(state.world) or [""]), None)


def rename(chance: Choices, state: State) -> None:
    old, new = a_file(chance, state), chance.choice(NAMES)
    if old in state.world:
        state.world[new] = state.world.pop(old)


def swap(chance: Choices, state: State) -> None:
    one, two = a_file(chance, state), a_file(chance, state)
    if one in state.world and two in state.world:
        state.world[one], state.world[two] = state.world[two], state.world[one]


def put_file(chance: Choices, state: State) -> None:
    name = chance.choice(NAMES)
    state.world[name] = chance.choice((b"", b"x", w.README, w.PROCESSES, state.text(a_file(chance, state))))


def put_other(chance: Choices, state: State) -> None:
    """Put what is no file in a file's place."""
    name = chance.choice((a_file(chance, state), chance.choice(NAMES)))
    target = chance.choice(("/dev/zero", "manifest.jsonl", "/proc/self/mem", "nowhere", ".", "/", "/dev/tty"))
    state.world[name] = chance.choice(({"folder": True}, {"fifo": True}, {"symlink": target}))


def from_another(chance: Choices, state: State) -> None:
    """Take a file of another vector."""
    other = chance.choice(WORLDS)
    names = sorted(other)
    name = chance.choice(names)
    state.world[name] = other[name]


def relink(chance: Choices, state: State) -> None:
    path = a_chain(chance, state)
    first = w.sha256(state.text(layout.CHECKPOINT)) if path == layout.CUSTODY else w.ZERO
    state.put(path, changes.relinked(state.lines(path), first, renumber=bool(chance.randrange(2))))


def rehash(_chance: Choices, state: State) -> None:
    """Let the records say what the files are, and put them where the records say."""
    for path in (layout.MANIFEST, layout.CUSTODY):
        lines = state.lines(path)
        for at, line in enumerate(lines):
            record = changes.parsed(line)
            if record and record.get("type") == "artifact" and isinstance(record.get("path"), str):
                data = state.text(record["path"])
                record |= {"size": len(data), "sha256": w.sha256(data)}
                lines[at] = changes.spelled(record)
        if lines:
            state.put(path, lines)


def new_sums(_chance: Choices, state: State) -> None:
    sealed = {path: data for path, data in state.world.items() if path.isascii() and path.isprintable()}
    outside = (layout.CUSTODY, layout.ATTACHMENTS)
    state.world[layout.SUMS] = w.sums({p: d for p, d in sealed.items() if not p.startswith(outside)})


def reseal(chance: Choices, state: State) -> None:
    """Sign again what lies there, by the key that its last record names, or by a stranger's."""
    lines = state.lines(layout.MANIFEST)
    if not lines:
        return
    records = [record for record in map(changes.parsed, lines) if record]
    keys = [key for record in records if isinstance(key := record.get("run_key"), str) and key in changes.KEYS]
    signer = changes.KEYS[keys[-1]] if keys and chance.randrange(8) else 9
    text = w.checkpoint(lines).replace(
        w.SID.encode(), str(records[0].get("sid") if records else "").encode("ascii", "replace")
    )
    state.world[layout.CHECKPOINT] = text
    state.world[layout.SIGNATURE] = w.armoured(w.signature(text, signer))
    if keys:
        sid = text.split(b"\n")[0].decode().rpartition("/")[2]
        signers = [f'{sid} namespaces="{w.SEAL}" {keys[-1]}', *(f'{sid} namespaces="{w.PHASE}" {key}' for key in keys)]
        state.world[layout.RUN_KEY] = (keys[-1] + "\n").encode()
        state.world[layout.SIGNERS] = ("\n".join(signers) + "\n").encode()
    state.signed = True
    if chance.randrange(4):
        new_sums(chance, state)


def all_fits(chance: Choices, state: State) -> None:
    """Make everything fit again after a change: what only an anchor can tell, or a rule of the format."""
    rehash(chance, state)
    state.put(layout.MANIFEST, changes.relinked(state.lines(layout.MANIFEST)))
    reseal(chance, state)
    if layout.CUSTODY in state.world:
        state.put(
            layout.CUSTODY, changes.relinked(state.lines(layout.CUSTODY), w.sha256(state.text(layout.CHECKPOINT)))
        )


def recipients(_chance: Choices, state: State) -> None:
    for path in (layout.MANIFEST, layout.CUSTODY):
        if path in state.world:
            state.put(path, changes.encrypted(state.lines(path)))


def a_code(chance: Choices, state: State) -> None:
    """Give a code or a nonce: the right one, one with slips, that of another bundle, or none at all."""
    first = (state.lines(layout.MANIFEST) or [b""])[0]
    right = {
        "--seal-code": w.code(w.sha256(state.text(layout.CHECKPOINT))),
        "--start-code": w.code(w.sha256(first)),
        "--kit-nonce": str((changes.parsed(first) or {}).get("kit_nonce")),
    }
    which = chance.choice(sorted(right))
    text = list(chance.choice((right[which], w.code("00" * 32))))
    for _ in range(chance.randrange(9)):
        text[chance.randrange(len(text))] = chance.choice("ABab017-\u2011é\x00\ud800")
    state.arguments[which] = "".join(text)


CHANGES = (
    some_bytes, some_bytes, some_lines, a_field, a_field, a_small_file, remove, rename, swap, put_file, put_other,
    from_another, relink, rehash, new_sums, reseal, all_fits, all_fits, recipients, a_code,
)  # fmt: skip


def program(data: bytes) -> State:
    """Return the bundle that a program makes."""
    chance = Choices(data)
    number = chance.randrange(len(BASES)) if len(BASES) <= 256 else chance.randrange(65536) % len(BASES)
    origin = BASES[number]
    arguments = dict(zip(origin.arguments[::2], origin.arguments[1::2], strict=True))
    state = State(dict(WORLDS[number]), arguments, origin)
    for _ in range(MOST_CHANGES):
        if chance.done:
            break
        chance.choice(CHANGES)(chance, state)
    return state


# --- the bundle on disk, and what must hold


def lay(world: dict, folder: Path) -> Path:
    """Lay a world down; where two entries want one name, the later one has lost."""
    folder.mkdir()
    for path, entry in world.items():
        place = f"{folder}/{path}"
        try:
            if "/" in path:
                os.makedirs(os.path.dirname(place), exist_ok=True)
            if isinstance(entry, bytes):
                with open(place, "xb") as file:
                    file.write(entry)
            elif "folder" in entry:
                os.makedirs(place, exist_ok=True)
            elif "fifo" in entry:
                os.mkfifo(place)
            else:
                os.symlink(entry["symlink"], place)
        except OSError:
            continue
    return folder


def present(folder: Path, world: dict) -> dict:
    """Return the entries that really lie there."""
    return {
        path: entry for path, entry in world.items() if os.path.lexists(folder / path) and _same(folder / path, entry)
    }


def _same(place: Path, entry: object) -> bool:
    return place.is_file() and not place.is_symlink() if isinstance(entry, bytes) else True


SECOND: list[Callable[..., tuple[str, str]]] = []
"""Whom to compare with, if anybody."""


def room() -> Path:
    """Return a new folder, in memory where there is such a place."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory))


def install(second: str = "") -> None:
    """Load the second verifier."""
    SECOND[:] = [loaded(second)] if second else []


def judge(data: bytes) -> None:
    """Make, lay down and verify one bundle; raises `AssertionError` for what must not be."""
    place = room()
    state = program(data)
    try:
        judged(lay(state.world, place / "bundle"), state, data, SECOND[0] if SECOND else None)
    except BaseException:
        kept(state, data)
        raise
    finally:
        shutil.rmtree(place)


def judged(folder: Path, state: State, data: bytes, second: Callable[..., tuple[str, str]] | None) -> None:
    given = state.arguments
    trusted = Trusted(given.get("--start-code"), given.get("--seal-code"), given.get("--kit-nonce"))
    before = vectors.snapshot(folder)
    try:
        report = examine(folder, trusted)
    except CollectorError as error:
        assert str(error).isprintable() and error.hint.isprintable()
        ours = (type(error).__name__, "")
    else:
        fits(report)
        holds(report, state, folder)
        ours = (str(report.verdict), str(report.findings[0].code) if report.findings else "")
    assert vectors.snapshot(folder) == before, "the folder was changed"
    if second is not None:
        theirs = second(folder, given)
        assert theirs == ours or (ours[0].endswith("Error") and theirs[0].startswith("error")), f"{ours} and {theirs}"
    if len(data) % 4 == 0:
        more(folder, trusted, ours[0], before)


def fits(report) -> None:
    """Hold the verdict against the worst finding, and look that all can be shown."""
    worst = max((finding.level for finding in report.findings), default=Level.INFORMATION)
    expected = {Level.ALTERED: Verdict.ALTERED, Level.INCOMPLETE: Verdict.INCOMPLETE}.get(worst)
    anchored = Verdict.ANCHORED if any(anchor.anchors for anchor in report.anchors) else Verdict.UNANCHORED
    assert report.verdict is (expected or anchored) or report.more_findings
    assert all(finding.detail.isprintable() and finding.subject.isprintable() for finding in report.findings)
    assert all(anchor.detail.isprintable() for anchor in report.anchors)
    assert [finding.level for finding in report.findings] == sorted((f.level for f in report.findings), reverse=True)


def holds(report, state: State, folder: Path) -> None:
    """Look that nothing sealed differs unless it was signed again, and that a seal code is that of this checkpoint."""
    if str(report.verdict) not in UNHARMED:
        return
    world = present(folder, state.world)
    if not state.signed:
        assert sealed_part(world) in ORIGINALS.get(world[layout.CHECKPOINT], set()), "a change went unnoticed"
    if report.verdict is Verdict.ANCHORED:
        right = w.code(w.sha256(world[layout.CHECKPOINT])).replace("-", "")
        typed = state.arguments["--seal-code"].upper().translate(str.maketrans("018", "OIB"))
        typed = "".join(char for char in typed if char.isalnum())
        assert sum(a != b for a, b in zip(typed, right, strict=True)) <= 2, "anchored by another code"


def more(folder: Path, trusted: Trusted, verdict: str, before: dict) -> None:
    """Try what is built on the verifier: nothing comes of an altered bundle, and custody adds to no broken one."""
    try:
        verify_bundle(folder, trusted)
    except AlteredError:
        assert verdict == "ALTERED"
    except CollectorError as error:
        assert verdict == type(error).__name__
    else:
        assert verdict not in ("ALTERED", "")
    try:
        custody.note(folder, "a note", made.MadeClock(), dict(TOOL))
    except CollectorError:
        untouched(before, folder)
        return
    after = examine(folder, Trusted())
    assert after.verdict is not Verdict.ALTERED or verdict in ("ALTERED", "UsageError")


def untouched(before: dict, folder: Path) -> None:
    """Look that a refusal left names, kinds, bytes and links as they were."""
    after = vectors.snapshot(folder)
    assert {k: (v[0], v[5]) for k, v in after.items()} == {k: (v[0], v[5]) for k, v in before.items()}, (
        "a refusal left a trace"
    )


def kept(state: State, data: bytes) -> None:
    """Keep the bundle as a vector beside the input: the vectors may have changed when somebody looks."""
    name = f"finding-{w.sha256(data)[:16]}"
    header = {"expect": "?", "arguments": " ".join(word for pair in state.arguments.items() for word in pair)}
    header["comment"] = f"made from {state.origin.name} by {data.hex()}"
    lines = "".join(f"{key}: {ascii(value)[1:-1]}\n" for key, value in header.items())
    world = {p: {"base64": base64.b64encode(e).decode()} if isinstance(e, bytes) else e for p, e in state.world.items()}
    folder = Path(os.environ.get("FUZZ_FINDINGS", tempfile.gettempdir()))
    (folder / f"{name}.vector").write_text(
        lines + "\n" + json.dumps(world, indent=1) + "\n", "utf-8", "surrogateescape"
    )
    print(f"the bundle is kept as {folder / name}.vector", file=sys.stderr)


def loaded(second: str) -> Callable[..., tuple[str, str]]:
    """Return the second verifier as a function of folder and arguments: verdict and code of the first finding."""
    if not second.endswith(".py"):
        return lambda folder, given: _answer(json.loads(_run([*shlex.split(second), str(folder)], given)))
    spec = importlib.util.spec_from_file_location("second_verifier", second)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["second_verifier"] = module
    spec.loader.exec_module(module)

    def examined(folder: Path, given: dict[str, str]) -> tuple[str, str]:
        # As `judged` does for the first: a receipt's key and a root are left to the vectors.
        codes = ("--start-code", "--seal-code", "--kit-nonce")
        words = {name.removeprefix("--").replace("-", "_"): value for name, value in given.items() if name in codes}
        try:
            return _answer(module.examine(folder, **words))
        except (Exception, SystemExit) as error:
            if type(error).__module__ == "builtins" and not isinstance(error, (SystemExit, ValueError)):
                raise
            return (f"error: {type(error).__name__}: {error}", "")

    return examined


def _run(command: list[str], given: dict[str, str]) -> bytes:
    words = [word for pair in given.items() for word in pair]
    return (
        subprocess.run([*command, *words], capture_output=True, check=False, timeout=60).stdout
        or b'{"verdict": "error"}'
    )


def _answer(told) -> tuple[str, str]:
    """Read an answer in any of the usual shapes: an object, a mapping, or a pair of verdict and findings."""

    def part(thing, name: str, place: int):
        if isinstance(thing, dict):
            return thing.get(name)
        return getattr(thing, name) if hasattr(thing, name) else thing[place]

    findings = part(told, "findings", 1) or []
    return str(part(told, "verdict", 0)), str(part(findings[0], "code", 0)) if findings else ""


def seeds() -> Iterator[bytes]:
    """Yield programs: each vector as it is, and each with some changes."""
    import random

    for number, _ in enumerate(BASES):
        chance = random.Random(number)
        start = number.to_bytes(1 if len(BASES) <= 256 else 3, "little")
        yield start
        yield from (start + chance.randbytes(size) for size in (6, 24))
