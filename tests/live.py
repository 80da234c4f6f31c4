"""Runs the real command on this live machine and reads what it left behind; nothing here is simulated."""

from __future__ import annotations

import base64
import ctypes
import functools
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from collector.anchors import Trusted
from collector.ui.as_json import report_json
from collector.verify import examine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from collector.cli import main; main()"
SEALED = (0, 4)
"""A run that ended with a complete bundle: isolation confirmed or not, which depends on the machine."""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """Return the one JSON object that is all of standard output."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1, "more than the one line"
        return json.loads(self.out)


def command(*args: object, python: str = sys.executable, root: Path | str = ROOT, fault: str = "") -> list[str]:
    """Return the arguments that run `collect` from this checkout, isolated from the caller's environment.

    A run takes no memory, environment or file of suspicious programs unless the test asks for it (`--memory`):
    what else runs on the machine of the tests is nobody's evidence. Where it looks at a tree of the test, it copies
    the few artifacts of triage.
    """
    words = [str(argument) for argument in args]
    collects = not words or words[0].startswith("-") or words[0] == "resume"
    if collects and "--memory" not in words:
        words.append("--no-memory")
    if collects and words[0] != "resume" and "--scan" in words and "--profile" not in words:
        words += ["--profile", "triage"]
    return [python, "-I", "-B", "-c", fault + _START, str(root), *words]


def fault(call: str, number: int, what: str = "os.kill(os.getpid(), 9)") -> str:
    """Return what makes a command meet a fault as it makes a system call for the n-th time: killed, or an error."""
    return f"""
import os
def broken(*arguments, real=os.{call}, count=[0], **named):
    count[0] += 1
    if count[0] == {number}:
        {what}
    return real(*arguments, **named)
os.{call} = broken
"""


def environment(**more: str) -> dict[str, str]:
    """Return our environment without a display and in plain English, then what the test says."""
    left = ("DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "LANG", "LC_MESSAGES", "LANGUAGE")
    kept = {name: value for name, value in os.environ.items() if name not in left}
    return {**kept, "LC_ALL": "C.UTF-8", **more}


def run(*args: object, before: Iterable[object] = (), timeout: float = 120, **options: object) -> Done:
    """Run `collect ARGS…` to its end, behind a prefix such as `unshare -n`; a traceback fails the test."""
    broken = str(options.pop("fault", ""))
    env = environment(**options.pop("env", {}))  # type: ignore[arg-type]
    done = subprocess.run(
        [*(str(part) for part in before), *command(*args, fault=broken)],
        capture_output=True, timeout=timeout, env=env, stdin=subprocess.DEVNULL, check=False, **options,
    )  # fmt: skip
    written = (data.replace(os.linesep.encode(), b"\n") for data in (done.stdout, done.stderr))
    out, err = (data.decode("utf-8", "backslashreplace") for data in written)
    assert_no_crash(err)
    if "--json" in args and out:
        json.loads(out)
        assert out.count("\n") == 1, "--json prints one object and nothing else"
    return Done(done.returncode, out, err)


def assert_no_crash(err: str) -> None:
    """Demand that the tool met nothing that it had not foreseen: neither Python's words for that nor our own."""
    for said in ("Traceback", "a mistake of its own", "à cause d'un défaut"):
        assert said not in err, err


def start(*args: object, before: Iterable[object] = (), **options: object) -> subprocess.Popen[str]:
    """Start `collect ARGS…` and return at once; `root` is another checkout than this one."""
    broken, root = str(options.pop("fault", "")), options.pop("root", ROOT)
    env = environment(**options.pop("env", {}))  # type: ignore[arg-type]
    return subprocess.Popen(
        [*(str(part) for part in before), *command(*args, fault=broken, root=root)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=env,
        errors="backslashreplace", **options,
    )  # fmt: skip


def ended(process: subprocess.Popen[str], timeout: float = 120) -> Done:
    """Wait for the end of a command that was started."""
    out, err = process.communicate(timeout=timeout)
    assert_no_crash(err)
    return Done(process.returncode, out, err)


def collect(out: Path, *args: object, case: str = "T1", **options: object) -> Done:
    """Run `collect --case` into a folder."""
    return run("--case", case, "--out", out, "--json", "--quiet", *args, **options)


class Bundle:
    """A bundle as anybody can read it: with `json` alone."""

    def __init__(self, path: Path | str, identity: str | None = None) -> None:
        self.path = Path(path)
        self.identity = identity
        """Of a recipient, where the bundle is encrypted and is to be read."""

    @property
    def lines(self) -> list[bytes]:
        return (self.path / "manifest.jsonl").read_bytes().splitlines(keepends=True)

    @functools.cached_property
    def records(self) -> list[dict]:
        return [self._revealed(json.loads(line)) for line in self.lines]

    def _revealed(self, record: dict) -> dict:
        if self.identity is None or "private" not in record:
            return record
        private = json.loads(decrypted(base64.b64decode(record["private"]), self.identity))
        return {**record, **private}

    def of(self, kind: str) -> list[dict]:
        """Return the records of a type."""
        return [record for record in self.records if record["type"] == kind]

    def artifacts(self, kind: str | None = None) -> list[dict]:
        return [record for record in self.of("artifact") if kind in (None, record["kind"])]

    def header(self, kind: str) -> dict:
        return json.loads(self._lines(kind)[0])

    def rows(self, kind: str) -> list[dict]:
        return [json.loads(line) for line in self._lines(kind)[1:]]

    def _lines(self, kind: str) -> list[bytes]:
        (record,) = self.artifacts(kind)
        data = (self.path / record["path"]).read_bytes()
        is_clear = self.identity is None or not record["path"].endswith(".age")
        return (data if is_clear else decrypted(data, self.identity)).splitlines()

    def gaps(self, source: str | None = None) -> list[dict]:
        return [gap for gap in self.of("gap") if source in (None, gap["source"])]

    def observed(self, what: str) -> list[dict]:
        return [record["data"] for record in self.of("observation") if record["what"] == what]

    @property
    def close(self) -> dict:
        (record,) = self.of("close")
        assert record is self.records[-1]
        return record


def decrypted(data: bytes, identity: str) -> bytes:
    """Return what stock `age -d` makes of an age file."""
    with tempfile.NamedTemporaryFile("w") as key:
        key.write(identity + "\n")
        key.flush()
        return subprocess.run(["age", "-d", "-i", key.name], input=data, capture_output=True, check=True).stdout


def only_bundle(out: Path) -> Bundle:
    """Return the one bundle in a folder."""
    (path,) = out.iterdir()
    return Bundle(path)


def verify(path: Path, *args: object) -> Done:
    """Run `collect verify` and demand that it wrote nothing."""
    before = snapshot(path)
    done = run("verify", path, "--json", *args)
    assert snapshot(path) == before
    return done


def codes(told: Done | dict) -> list[str]:
    """Return the finding codes of a verification."""
    return [finding["code"] for finding in (told.json if isinstance(told, Done) else told)["findings"]]


def examined(path: Path | str) -> dict:
    """Return what `collect verify --json` prints, without the cost of a process."""
    return json.loads(json.dumps(report_json(examine(Path(path), Trusted()), Path(path))))


def assert_sealed(path: Path | str, identity: str | None = None) -> Bundle:
    """Demand that a bundle is consistent and closed; return it."""
    told = examined(path)
    assert told["verdict"] == "UNANCHORED", told
    assert [finding for finding in told["findings"] if finding["level"] != "information"] == []
    assert not list(Path(path).rglob("*.part"))
    assert not (Path(path) / ".reserve").exists()
    return Bundle(path, identity)


def folders_of(tmp_path: Path) -> list[Path]:
    """Return the folders that pytest made above and for one test: none of the machine's own (`/tmp` above all)."""
    made = ("pytest-", "popen-")
    return [tmp_path, *(above for above in tmp_path.parents if above.name.startswith(made))]


def snapshot(path: Path) -> dict[str, tuple]:
    """Return what stands in a folder: modes, times and bytes, whole."""
    found = {}
    for entry in [path, *sorted(path.rglob("*"))]:
        status = entry.lstat()
        data = hashlib.sha256(entry.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else ""
        found[str(entry.relative_to(path))] = (
            status.st_mode,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
            data,
        )
    return found


def text_of(value: object) -> bytes:
    """Return the bytes of a text of the host as a row holds it."""
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else str(value).encode()


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is so; fails the test if it never is."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def as_nobody(work: Callable[[], Any]) -> Any:
    """Return what `work` returns, as JSON has it, in a child of ours that is an ordinary user."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            # PR_SET_DUMPABLE: as after execve, it may look at itself
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
            with os.fdopen(theirs, "w") as out:
                json.dump(work(), out)
            code = 0
        finally:
            os._exit(code)
    os.close(theirs)
    with os.fdopen(ours) as answer:
        text = answer.read()
    assert os.waitpid(child, 0)[1] == 0
    return json.loads(text)


def needs(*programs: str) -> None:
    """Skip the test, with the reason, where a program is not installed."""
    for program in programs:
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            pytest.skip(f"needs {program}")


def files_in(folder: Path, count: int, name: str = "f{:05d}") -> Path:
    """Make a folder of small files; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / name.format(number)).write_bytes(b"%d\n" % number)
    return folder


def long_scan(folder: Path) -> Path:
    """Make a tree that takes seconds to scan and half a second to make: 60,000 names of three files."""
    for number in range(3):
        first = folder / f"{number}"
        first.write_bytes(bytes([number]) * 50_000)  # the first gibibyte of them is hashed
        (folder / f"names-{number}").mkdir()
        for name in range(20_000):
            os.link(first, folder / f"names-{number}" / f"{name:05d}")
    return folder


def display() -> Iterator[str]:
    """Yield the name of a fresh X display (Xvfb, 320 by 240, local socket only); ends the server after."""
    needs("Xvfb")
    readable, writable = os.pipe()
    arguments = ["Xvfb", "-displayfd", str(writable), "-screen", "0", "320x240x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(
        arguments, pass_fds=[writable], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(writable)
    with os.fdopen(readable, encoding="ascii") as said:
        number = said.readline().strip()
    try:
        assert number.isdigit(), "Xvfb did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(30)
