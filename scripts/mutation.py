"""Breaks each check of the verifier by hand and looks whether a test turns red: `scripts/mutate [FILE...] [OPTIONS]`.

    scripts/mutate                          every mutant of every file in FILES; a report goes to --report
    scripts/mutate verify.py seal.py        those of two files
    scripts/mutate --sample 300 --seed 7    so many of all of them, chosen by the seed (printed)
    scripts/mutate --again REPORT           those that survived an earlier run

Each mutant is loaded in a forked child before what depends on it, and meets the vectors first, then the tests of
TESTS. One that no test kills must stand in tests/testdata/mutants.toml with the reason why; one that stands there and
is killed, or is no mutant any more, is told too. Exit code 0: every survivor is explained and every explanation needed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.abc
import importlib.util
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutants import Mutant, mutants

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
EXPLAINED = ROOT / "tests" / "testdata" / "mutants.toml"
FILES = (
    "manifest",
    "seal",
    "verify",
    "custody",
    "entries",
    "anchors",
    "contents",
    "chainfile",
    "inventory",
    "schema",
    "countersign",
    "times",
)
"""What is mutated, the heart first."""
TESTS = (
    "test_checks.py",
    "test_checks_chains.py",
    "test_countersign.py",
    "test_seal.py",
    "test_custody.py",
    "test_manifest.py",
    "test_spec.py",
    "test_resume.py",
    "test_bundle.py",
    "test_tamper.py",
    "test_meanwhile.py",
    "test_receipts.py",
    "test_encryption.py",
)
"""What a mutant meets after the vectors, the quickest first."""
OF_CUSTODY = (
    "test_checks.py",
    "test_custody.py",
    "test_journal.py",
    "test_meanwhile.py",
    "test_receipts.py",
    "test_encryption.py",
)
"""Those that load custody.py at all, and with it entries.py; their mutants meet no other."""
LEFT_OUT = (
    "test_no_byte_can_change_unnoticed",  # every byte of a bundle: minutes; the vectors flip one of each file
    "test_the_command_says_the_same",  # starts the command, which loads the file as it lies there
    "test_the_stock_programs",
    "test_a_manifest_cut_at_any_byte",
    "test_the_threat_model",
    "test_each_row",
    "sparse",
    "full",
    "fills",
    "garbage",
    "custody_bytes",
    "endless",
    "at_its_end",
    "test_no_bit_of_a_signature_can_change",
    "test_the_whole_way",
    "test_a_key_in_an_agent",
    "test_a_key_that_cannot_sign",
    "test_names_are_shown",
    "test_a_run_",
    "test_without_a_recipient",
    "test_memory",
    "stock_age",
    "given_up",
    "kit_brings",
    "refuses_a_hand_over",
    "does_not_fit",
    "takes_nothing",
    "no_system_takes",
    "not_unicode",
    "nothing_of_ours",
    "quiet_run",
    "a_thousand",
)
"""Parts of names of tests that cost seconds and kill nothing that the others let live."""
EXAMPLES = 20
"""Examples of each property; the same ones every time."""
CPU_SECONDS = 90
WALL_SECONDS = 300
MEMORY = 4 << 30
"""What one mutant may take; an endless loop or a list without end is killed and counted apart."""

SURVIVED, KILLED, TIMED_OUT, STRANGE = "survived", "killed", "timed out", "crashed"


@dataclass(frozen=True)
class Result:
    """What became of a mutant."""

    key: str
    line: int
    outcome: str
    by: str
    seconds: float


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module of the package with a change in it; every other one as it lies there."""

    def __init__(self, name: str, path: Path, mutant: Mutant) -> None:
        self._name, self._path, self._mutant = name, path, mutant

    def find_spec(self, fullname: str, _path: object, _target: ModuleType | None = None) -> ModuleSpec | None:
        """Answer for the one module."""
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def create_module(self, _spec: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed source."""
        tree = self._mutant.made(self._path.read_text("utf-8"))
        exec(compile(tree, str(self._path), "exec"), module.__dict__)


# --- in the child: the vectors, then the tests


def lay_vectors(folder: Path) -> list[tuple[Any, Path]]:
    """Lay every vector down once; the verifier writes nothing."""
    vectors = importlib.import_module("vectors")
    return [(vector, vector.lay(folder / vector.name)) for vector in vectors.all_vectors()]


def first_wrong(laid: Iterable[tuple[Any, Path]]) -> str:
    """Return the first vector that is told otherwise than tests/test_reports.py wants it; nothing if none is."""
    verify = importlib.import_module("collector.verify")  # the child loads it, and the mutant with it
    reports = importlib.import_module("reports")
    expected = reports.expected()
    for vector, folder in laid:
        report = verify.examine(folder, reports.trusted(vector))
        if reports.told(report) != expected[vector.name]:
            return f"vector {vector.name}"
        if not all(finding.detail.isprintable() and finding.subject.isprintable() for finding in report.findings):
            return f"vector {vector.name}: not printable"
    return ""


class Watch:
    """Remembers the first test that failed."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take a report of pytest's in."""
        if report.failed and not self.failed:
            self.failed = report.nodeid.rpartition("/")[2]

    def pytest_collectreport(self, report: Any) -> None:
        """Take in that a file can't be loaded: a red test, too."""
        self.pytest_runtest_logreport(report)


def first_red(tests: Sequence[str], room: Path) -> str:
    """Return the first test that fails; nothing if all are green."""
    pytest = importlib.import_module("pytest")
    watch = Watch()
    words = [
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--no-header",
        "--tb=short",
        "--assert=plain",
        f"--basetemp={room}",
    ]
    words += [
        "--hypothesis-profile=mutation",
        "-m",
        "not slow and not root",
        f"--rootdir={ROOT}",
        "-c",
        str(ROOT / "pyproject.toml"),
    ]
    words += ["-k", " and ".join(f"not {name}" for name in LEFT_OUT)]
    paths = [str(ROOT / "tests" / name) for name in tests if (ROOT / "tests" / name).exists()]
    code = int(pytest.main([*words, *paths], plugins=[watch]))
    return watch.failed or (f"pytest ends with {code}" if code else "")


def forget() -> None:
    """Unload the package and all that may hold it: a module that the parent has loaded would meet no mutant."""
    for name, module in list(sys.modules.items()):
        file = Path(getattr(module, "__file__", None) or "/")
        ours = file.parent in (ROOT / "tests", ROOT / "scripts") and name not in ("__main__", "mutants")
        if ours or name.partition(".")[0] == "collector":
            del sys.modules[name]


def tried(mutant: Mutant | None, laid: list[tuple[Any, Path]], room: Path) -> str:
    """Load a mutant and return what kills it; nothing if it lives."""
    forget()
    if mutant is not None:
        path = ROOT / "collector" / mutant.file
        sys.meta_path.insert(0, Mutated(f"collector.{path.stem}", path, mutant))
    try:
        wrong = first_wrong(laid)
    except Exception as error:  # noqa: BLE001 - whatever comes out of a broken verifier is a red test
        wrong = f"vectors: {type(error).__name__}: {error}"
    own = Path(mutant.file).stem if mutant else ""
    tests = OF_CUSTODY if own in ("custody", "entries") else TESTS
    return wrong or first_red(sorted(tests, key=lambda name: own not in name), room)


def in_child(mutant: Mutant | None, laid: list[tuple[Any, Path]], room: Path) -> None:
    """Try a mutant in this process and leave what killed it in a file; does not return."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    room.mkdir()
    output = os.open(room / "output", os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        by = tried(mutant, laid, room / "tests")
    except BaseException as error:  # noqa: BLE001 - a SystemExit out of a mutant, too
        by = f"{type(error).__name__}: {error}"
    (room / "by").write_text(by, "utf-8", "replace")
    os._exit(0)


# --- in the parent: children and what becomes of them


class Children:
    """Runs mutants in forked children, some at a time."""

    def __init__(self, laid: list[tuple[Any, Path]], room: Path, jobs: int) -> None:
        self.laid, self._room, self._jobs = laid, room, jobs
        self._running: dict[int, tuple[Mutant | None, Path, float]] = {}
        self._count = 0

    def start(self, mutant: Mutant | None) -> list[Result]:
        """Start one, after having waited for room; returns those that ended meanwhile."""
        ended = []
        while len(self._running) >= self._jobs:
            ended.append(self._wait())
        self._count += 1
        room = self._room / f"{self._count}"
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            in_child(mutant, self.laid, room)
        self._running[child] = (mutant, room, time.monotonic())
        return ended

    def rest(self) -> list[Result]:
        """Wait for all that still run."""
        ended = []
        while self._running:
            ended.append(self._wait())
        return ended

    def _wait(self) -> Result:
        while True:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child in self._running:
                break
            for late, (_, _, since) in self._running.items():
                if time.monotonic() - since > WALL_SECONDS:
                    os.killpg(late, signal.SIGKILL)
            time.sleep(0.01)
        mutant, room, since = self._running.pop(child)
        by = (room / "by").read_text("utf-8") if (room / "by").exists() else ""
        outcome = KILLED if by else SURVIVED
        if status:
            number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            outcome = TIMED_OUT if number in (signal.SIGXCPU, signal.SIGKILL) else STRANGE
            by = f"signal {number}"
        shutil.rmtree(room, ignore_errors=True)
        key, line = (mutant.key, mutant.line) if mutant else ("", 0)
        return Result(key, line, outcome, by, round(time.monotonic() - since, 2))


def preload(children: Children, room: Path) -> None:
    """Try the files as they lie there, then load here what that loaded beside the package and its tests."""
    listed = room / "modules"
    hypothesis = importlib.import_module("hypothesis")
    house = {"deadline": None, "database": None, "derandomize": True, "max_examples": EXAMPLES}
    quiet = list(hypothesis.HealthCheck)
    hypothesis.settings.register_profile("mutation", **house, suppress_health_check=quiet)
    child = os.fork()
    if child == 0:
        output = os.open(room / "baseline", os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        try:
            by = tried(None, children.laid, room / "tests")
        except BaseException:  # noqa: BLE001 - the child must not run on into the parent's code
            traceback.print_exc()
            os._exit(1)
        known = {path.stem for path in (ROOT / "tests").glob("*.py")}
        names = [n for n, m in sys.modules.items() if m and n.split(".")[0] not in known | {"collector", "__main__"}]
        listed.write_text(json.dumps({"by": by, "names": names}))
        os._exit(0)
    os.waitpid(child, 0)
    found = json.loads(listed.read_text()) if listed.exists() else {"by": "it crashed", "names": []}
    if found["by"]:
        print((room / "baseline").read_text("utf-8", "replace")[-4000:])
        sys.exit(f"error: without any change a test is red already: {found['by']}")
    for name in found["names"]:
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001 - it is only to save time
            continue


def explained() -> dict[str, str]:
    """Return the reason of each mutant that may survive."""
    if not EXPLAINED.exists():
        return {}
    groups = tomllib.loads(EXPLAINED.read_text("utf-8"))["survivors"]
    return {key: group["why"] for group in groups for key in group["mutants"]}


def chosen(given: argparse.Namespace) -> list[Mutant]:
    """Return the mutants that the command asks for."""
    names = [Path(name).stem for name in given.files] or FILES
    every = [mutant for name in names for mutant in mutants(ROOT / "collector" / f"{name}.py")]
    if given.again:
        left = {one["key"] for one in json.loads(given.again.read_text())["mutants"] if one["outcome"] == SURVIVED}
        every = [mutant for mutant in every if mutant.key in left]
    if given.only:
        every = [mutant for mutant in every if given.only in mutant.key]
    if given.sample:
        left_out = tomllib.loads(EXPLAINED.read_text("utf-8"))["left_out"]
        for name, why in left_out.items():
            print(f"left out of the sample: {name}: {why}")
        every = [mutant for mutant in every if mutant.file not in left_out]
        chance = random.Random(given.seed)
        every = chance.sample(every, min(given.sample, len(every)))
    return every


def write(report: Path | None, seed: int, results: list[Result]) -> None:
    """Write what became of the mutants so far."""
    if report is not None:
        text = json.dumps({"seed": seed, "mutants": [asdict(result) for result in results]}, indent=1)
        report.write_text(text, "utf-8")


def told(results: list[Result], *, whole: bool) -> int:
    """Print what survived and what is wrong with the reasons; return the exit code."""
    reasons = explained()
    living = [result for result in results if result.outcome == SURVIVED]
    dead = {result.key for result in results if result.outcome != SURVIVED} - {result.key for result in living}
    bad = [result for result in living if result.key not in reasons]
    for result in bad:
        print(f"SURVIVED  line {result.line}: {result.key}")
    stale = [key for key in reasons if key in dead]
    if whole:
        files = {key.partition(" ")[0] for key in (result.key for result in results)}
        known = {result.key for result in results}
        stale += [key for key in reasons if key not in known and key.partition(" ")[0] in files]
    for key in stale:
        print(f"EXPLAINED FOR NOTHING  {key}")
    counts = Counter(result.outcome for result in results)
    print(
        f"{len(results)} mutants: {counts[KILLED]} killed, {counts[TIMED_OUT]} timed out, {counts[STRANGE]} crashed, "
        f"{len(living)} survived, {len(living) - len(bad)} of them explained; {len(stale)} reasons without a survivor"
    )
    return 1 if bad or stale else 0


def main() -> int:
    """Run what is asked for."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("files", nargs="*", help="names of files of collector/ (default: all that are mutated)")
    asked.add_argument("--sample", type=int, default=0, help="try only so many, chosen by the seed")
    asked.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked.add_argument("--only", default="", help="try only those whose name holds this")
    asked.add_argument("--again", type=Path, help="try only those that survived in this report")
    asked.add_argument("--report", type=Path, help="write what became of each, as JSON")
    asked.add_argument("--jobs", type=int, default=1)
    given = asked.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    todo = chosen(given)
    since = time.monotonic()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=memory) as place:
        room = Path(place)
        (room / "vectors").mkdir()
        (room / "keys").mkdir()
        os.environ["KEYS_OF_RECEIPTS"] = str(room / "keys")  # tests/test_receipts.py: made once, by the first child
        children = Children(lay_vectors(room / "vectors"), room, given.jobs)
        preload(children, room)
        print(f"{len(todo)} mutants; seed {given.seed}; every test is green without a change", flush=True)
        results: list[Result] = []
        for number, mutant in enumerate(todo, 1):
            results += children.start(mutant)
            if number % 100 == 0:
                alive = sum(result.outcome == SURVIVED for result in results)
                print(f"{number} tried, {alive} survived, {time.monotonic() - since:.0f} s", flush=True)
            if number % 10 == 0:
                write(given.report, given.seed, results)
        results += children.rest()
    write(given.report, given.seed, results)
    return told(results, whole=not (given.sample or given.again or given.only))


if __name__ == "__main__":
    sys.exit(main())
