"""Lets a command, or the writer alone, meet one fault at each of its steps in the folder of a bundle, and judges after.

A step is a call of the system on a path or an open file inside that folder; all others are left alone. The work is done
in a process of its own, on a file system of its own: real commands, real files. See `Stick` for what it stands on,
`FAULTS` for what it meets, `Judge` for what is demanded. `scripts/faults` does all of it and counts.
"""

from __future__ import annotations

import errno
import fcntl
import importlib
import itertools
import json
import os
import pkgutil
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import live
import made
import stepper

import collector
from collector import custody, resume
from collector.anchors import Trusted
from collector.errors import CollectorError, NotABundleError
from collector.findings import Level
from collector.verify import examine

CHANGES = ("mkdir", "rename", "replace", "unlink", "rmdir", "write", "fsync", "ftruncate", "posix_fallocate")
LOOKS = ("read", "lstat", "stat", "listdir", "fstat")
FAULTS = {
    "ENOSPC": "one call is refused: no room",
    "EIO": "one call is refused: the medium gave an error",
    "EINTR": "one call is interrupted",
    "unread": "one look (read, list, stat) is refused with EIO",
    "short": "one write takes half of its bytes",
    "full": "from then on there is no room",
    "EROFS": "from then on the medium can be read only",
    "gone": "from then on every call, reads too, is answered with ENODEV: the stick was taken out",
    "kill": "SIGKILL before the call",
    "half": "half of a write, then SIGKILL",
    "power": "ext4 is shut down without its log: what was not synced is lost, every further call is EIO",
}
"""What is done, by name. `power` needs a real ext4."""
NOT_MET = "not met"
BROKEN, MOST_BROKEN = "BROKEN", 20
_FROM_THEN_ON = {"full": errno.ENOSPC, "EROFS": errno.EROFS, "gone": errno.ENODEV}
_NEEDS_ROOM = ("write", "mkdir", "posix_fallocate")
_SHUTDOWN, _WITHOUT_LOG = 0x8004587D, 2
"""EXT4_IOC_SHUTDOWN and its flag: linux/fs/ext4/ext4.h."""


class Fault:
    """Counts this process's steps in a folder and spoils the n-th, or all from the n-th on."""

    def __init__(self, folder: Path, at: int, how: str) -> None:
        self.folder, self.at, self.how, self.count = os.fsencode(folder), at, how, 0
        self.met = ""
        """The call that was spoiled first."""
        self.files: set[int] = set()
        self.real = {name: getattr(os, name) for name in ("open", "close", *CHANGES, *LOOKS)}
        for name, real in self.real.items():
            setattr(os, name, self.step(name, real))

    def step(self, name, real):
        def stepped(*arguments, **named):
            if name == "close":
                self.files.discard(arguments[0])
                return real(*arguments)
            if not self.ours(arguments, named):
                return real(*arguments, **named)
            changes = name in CHANGES or (name == "open" and arguments[1] & (os.O_CREAT | os.O_WRONLY | os.O_RDWR))
            step = bool(changes) != (self.how == "unread")
            self.count += step
            result = self.spoiled(name, real, arguments, changes=bool(changes), step=step)
            if result is None:
                result = real(*arguments, **named)
            if name == "open":
                self.files.add(result)
            return result

        return stepped

    def ours(self, arguments, named) -> bool:
        if not arguments or named.get("dir_fd") is not None:
            return False
        if isinstance(arguments[0], int):
            return arguments[0] in self.files
        path = os.path.normpath(os.fsencode(arguments[0]))
        return path == self.folder or path.startswith(self.folder + b"/")

    def spoiled(self, name, real, arguments, *, changes, step):
        """Return what the call gives instead, `None` if it is done as asked; may raise or end the process."""
        if self.how in _FROM_THEN_ON:
            refused = changes if self.how == "EROFS" else name in _NEEDS_ROOM or (name == "open" and changes)
            if self.count >= self.at and (self.how == "gone" or refused):
                self.refuse(name, _FROM_THEN_ON[self.how])
            return None
        if not step or self.count != self.at:
            return None
        if self.how in ("short", "half"):
            if name != "write" or len(arguments[1]) < 2:
                return None
            self.met = name
            taken = real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
            if self.how == "short":
                return taken
        if self.how in ("kill", "half"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "power":
            self.met = name
            fd = self.real["open"](self.folder, os.O_RDONLY)
            fcntl.ioctl(fd, _SHUTDOWN, struct.pack("I", _WITHOUT_LOG))
            self.real["close"](fd)
            return None
        self.refuse(name, errno.EIO if self.how == "unread" else getattr(errno, self.how))
        return None

    def refuse(self, name, number):
        self.met = self.met or name
        raise OSError(number, os.strerror(number))


_MADE = {
    "ext4": (24, "mkfs.ext4", "-q"),
    "exfat": (24, "mkfs.exfat"),
    "fat32": (40, "mkfs.vfat", "-F", "32", "-s", "2"),
}
"""MiB, and the program that makes it."""


def image(kind: str, path: Path) -> Path:
    """Make an empty file system of a kind in a file; returns it."""
    size, *make = _MADE[kind]
    path.touch()
    os.truncate(path, size << 20)
    subprocess.run([*make, path], check=True, stdout=subprocess.DEVNULL)
    return path


class Stick:
    """A small file system of a kind, mounted from an image: ext4 by the kernel, exFAT and FAT32 by FUSE programs.

    fusefat can't add to a file that is shorter than a cluster once it was closed (EPERM; the kernel's vfat can): what
    is left on `fat32` is taken up on a copy, and the writer's note with an attachment after it is left out there.
    """

    def __init__(self, kind: str, folder: Path, file: Path | None = None) -> None:
        self.kind, self.place = kind, folder / kind
        self.place.mkdir(parents=True)
        self.image = file or image(kind, folder / f"{kind}.img")
        self.mount()
        if file is None:
            (self.place / "theirs.txt").write_bytes(b"what lay on the stick before")

    def mount(self) -> None:
        if self.kind == "fat32":
            command = ["fusefat", "-o", "rw+", self.image, self.place]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        elif self.kind == "ext4":
            subprocess.run(["mount", "-t", "ext4", "-o", "loop", self.image, self.place], check=True)
        else:
            told = subprocess.run(["losetup", "-f", "--show", self.image], check=True, capture_output=True, text=True)
            loop = told.stdout.strip()
            mount = ["mount.exfat-fuse", loop, self.place]
            subprocess.run(mount, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            subprocess.run(["losetup", "-d", loop], check=True)  # once it is unmounted
        end = time.monotonic() + 30
        while not os.path.ismount(self.place):
            assert time.monotonic() < end, "not mounted"

    def unmount(self) -> None:
        for _ in range(100):
            if subprocess.run(["umount", self.place], check=False, stderr=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.05)
        else:
            subprocess.run(["umount", "-l", self.place], check=True)

    def die(self) -> None:
        """Kill the program that is this file system: every call on it fails from now on (ENOTCONN)."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if os.fsencode(self.place) in words and words[0].split(b"/")[-1] in (b"fusefat", b"mount.exfat-fuse"):
                    os.kill(int(entry.name), signal.SIGKILL)
                    return
        raise AssertionError("no program of this file system is there")

    def plugged_in_again(self) -> None:
        self.unmount()
        self.mount()


@dataclass
class Ended:
    """How a piece of work ended: exit code (negative: the signal), what it said, the call that was spoiled."""

    code: int
    out: str
    err: str
    met: str
    more: bool
    """Whether the work had as many steps as were asked for."""


def loaded() -> None:
    """Load the whole package once, so that each command is a fork away."""
    for module in pkgutil.walk_packages(collector.__path__, "collector.", lambda _: None):  # rooms of other systems
        if not re.search(r"windows|darwin|locale|__main__", module.name):
            importlib.import_module(module.name)


def done(work, folder: Path, at: int, how: str, said: Path) -> Ended:
    """Do the work in a process of its own that meets a fault at its n-th step in the folder."""
    reader, writer = os.pipe()
    number = os.fork()
    if number == 0:
        code = 99
        try:
            for target, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(said / f"said-{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), target)
            fault = Fault(folder, at, how)
            end = os._exit

            def tell(code):
                fault.real["write"](writer, json.dumps([fault.met, fault.count >= at]).encode())
                end(code)

            os._exit = tell
            code = work()
        except SystemExit as left:
            code = left.code or 0
        except BaseException as error:  # noqa: BLE001 - the judge shows it
            print(f"Traceback {error!r}", file=sys.stderr, flush=True)
        os._exit(code)
    os.close(writer)
    with open(reader, "rb") as pipe:  # noqa: PTH123 - a descriptor
        told = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    met, more = json.loads(told) if told else ("kill", True)
    out, err = ((said / f"said-{name}").read_text(errors="backslashreplace") for name in ("out", "err"))
    return Ended(code, out, err, met, more)


def command(*arguments: object):
    """Return the work that is a command line."""

    def work() -> int:
        from collector.cli import main  # noqa: PLC0415 - in the child

        sys.argv = ["collect", *(str(argument) for argument in arguments)]
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="backslashreplace")
        main()
        return 0

    return work


def writer(work):
    """Return the work that is the writer's own, without a host; our own errors end it as they end a command."""

    def do() -> int:
        try:
            work()
        except CollectorError as error:
            print(f"error: {error}\nhint: {error.hint}", file=sys.stderr, flush=True)
            return error.exit_code
        return 0

    return do


SCAN = "scan"
"""The folder beside the sticks that commands look for recent files in."""


@dataclass(frozen=True)
class Work:
    """A piece of work: prepares a folder on the stick and returns what is to be done there."""

    name: str
    prepare: object
    after: str
    """What is demanded: `run` a bundle or none, `resume` one that becomes sealed, `custody`, `sealed` no change."""


def _cli_run(out: Path, bench: Path):
    return command("--case", "T-1", "--out", out, "--scan", bench / SCAN, "--json", "--quiet", "--yes", "--no-memory",
                   "--profile", "triage")  # fmt: skip


def _laid(bundle: Path, out: Path) -> None:
    """Copy a bundle's bytes and nothing else: fusefat takes neither modes nor times."""
    for path in [bundle, *sorted(bundle.rglob("*"))]:
        target = out / "bundle" / path.relative_to(bundle)
        if path.is_dir():
            target.mkdir()
        else:
            shutil.copyfile(path, target)


def _cli_resume(out: Path, bench: Path):
    _laid(bench / "unfinished", out)
    return command("resume", out / "bundle", "--json", "--quiet", "--no-memory")


def _cli_resume_sealed(out: Path, bench: Path):
    _laid(bench / "sealed", out)
    return command("resume", out / "bundle", "--json", "--quiet", "--no-memory")


def _cli_note(out: Path, bench: Path):
    _laid(bench / "sealed", out)
    return command("note", out / "bundle", "a note after the seal")


def _cli_attach(out: Path, bench: Path):
    _laid(bench / "sealed", out)
    return command("attach", out / "bundle", bench / SCAN / "f00000", "--text", "a photograph")


WORKS = {
    work.name: work
    for work in (
        Work("writer: run", lambda out, _: writer(stepper.run(out)), "run"),
        Work("writer: resume", lambda out, _: writer(stepper.resumed(out)), "resume"),
        Work("writer: note, attach", lambda out, _: writer(stepper.attach(out)), "custody"),
        Work("collect --case", _cli_run, "run"),
        Work("collect resume", _cli_resume, "resume"),
        Work("collect resume, sealed", _cli_resume_sealed, "sealed"),
        Work("collect note", _cli_note, "custody"),
        Work("collect attach", _cli_attach, "custody"),
    )
}


class Bench:
    """A folder with what the commands need: a tree to scan, a bundle cut short and a sealed one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        live.files_in(folder / SCAN, 2)
        (folder / "out").mkdir()
        asked = ("--case", "T-1", "--out", folder / "out", "--scan", folder / SCAN, "--json", "--quiet", "--yes")
        whole = live.run(*asked)
        assert whole.code in live.SEALED, whole
        Path(whole.json["bundle"]).rename(folder / "sealed")
        cut = live.run(*asked, fault=live.fault("fsync", 30))
        assert cut.code == -signal.SIGKILL, cut
        live.only_bundle(folder / "out").path.rename(folder / "unfinished")
        loaded()


def applies(kind: str, work: str, how: str) -> bool:
    """Tell whether this file system can meet this fault in this work."""
    return (how != "power" or kind == "ext4") and (kind, work) != ("fat32", "writer: note, attach")


def tried(stick: Stick, bench: Bench, work: Work, how: str, at: int) -> tuple[str, bool]:
    """Do the work with the fault at its n-th step and judge; return what became of it, and whether there are more.

    `not met` (the step could not be spoiled so), `unborn`, `sealed` by itself, or `resumed`. Raises `AssertionError`.
    """
    out = stick.place / "out"
    for folder in (out, bench.folder / "copy"):
        shutil.rmtree(folder, ignore_errors=True)
    out.mkdir()
    task = work.prepare(out, bench.folder)
    if how == "power":
        subprocess.run(["sync", "-f", stick.place], check=True)
    before = around(stick, bench)
    kept = [(path / "manifest.jsonl").read_bytes() for path in bundles(out)]
    ended = done(task, out, at, how, bench.folder)
    if how == "power" and ended.met:
        stick.plugged_in_again()
    assert around(stick, bench) == before, "something outside the bundle was touched"
    if stick.kind == "fat32":
        out = Path(shutil.copytree(out, bench.folder / "copy", dirs_exist_ok=False))
    became = Judge(work.after, how, ended, out, kept[0] if kept else b"").judged()
    return became if ended.met else NOT_MET, ended.more


def around(stick: Stick, bench: Bench) -> list:
    """Return what stands beside the bundle, on the stick and on the bench."""
    beside = [(path.name, path.read_bytes()) for path in sorted(stick.place.iterdir()) if path.is_file()]
    return [beside, sorted(path.name for path in stick.place.iterdir()), live.snapshot(bench.folder / SCAN)]


def bundles(out: Path) -> list[Path]:
    """Return the folders of bundles in a folder, in their order."""
    return [path for path in sorted(out.iterdir()) if (path / "manifest.jsonl").exists()]


@dataclass
class Judge:
    """What is demanded after a fault; the fault is over."""

    after: str
    how: str
    ended: Ended
    out: Path
    kept: bytes
    """The manifest before the work, if there was one: still the beginning of what is there."""

    def judged(self) -> str:
        """Return what became of the work; raises `AssertionError` where a promise is broken."""
        ended = self.ended
        live.assert_no_crash(ended.err)
        killed = ended.code == -signal.SIGKILL
        assert killed == (bool(ended.met) and self.how in ("kill", "half")), ended
        unread = ended.code == 2 and self.how in ("unread", "gone")  # nothing could be seen of the bundle
        assert killed or unread or ended.code in (0, 1, 3, 4), ended
        is_done = ended.code in (0, 4) or '"exit": 3' in ended.out
        if not killed and not is_done:
            assert re.search(r"^error: .+\n(  .+\n)*hint: .+", ended.err, re.MULTILINE), ended
            assert not ended.out, ended
        found = bundles(self.out)
        assert len(found) <= 1
        if not found:
            return self.unborn(killed=killed)
        assert ended.code != 1 or self.after != "run" or self.how in (*_FROM_THEN_ON, "power"), ended
        path = found[0]
        before = (path / "manifest.jsonl").read_bytes()
        assert before.startswith(self.kept) or self.kept.startswith(before), "the prefix is not what it was"
        verdict = unaltered(path)
        if self.after == "sealed":
            assert (before, verdict, is_done) == (self.kept, "UNANCHORED", False), "a sealed bundle was changed"
            return "sealed"
        if self.after == "custody":
            return self.custody(path, verdict, is_done=is_done)
        assert verdict == "UNANCHORED" or not is_done, (verdict, ended)
        if verdict == "UNANCHORED":
            return "sealed"
        assert verdict == "INCOMPLETE"
        refused = ended.code in (1, 2) and (self.after == "run" or before == self.kept)  # and then nothing was changed
        assert killed or ended.code == 3 or refused, ended
        again = resume.reopen(path, made.key(3), made.MadeClock(), {"tool": stepper.TOOL, "arguments": []})
        again.close(**stepper.CLOSE)
        assert unaltered(path) == "UNANCHORED"
        whole = before[: before.rfind(b"\n") + 1]
        assert (path / "manifest.jsonl").read_bytes().startswith(whole), "a whole record is gone"
        return "resumed"

    def unborn(self, *, killed: bool) -> str:
        assert self.after == "run"
        assert killed or self.ended.code == 1, self.ended
        left = [path for path in self.out.rglob("*") if path.is_file()]
        assert not left or self.how in ("kill", "half", "power", *_FROM_THEN_ON), ("left behind", left)
        assert not [path for path in left if path.name in ("manifest.jsonl", "checkpoint", "SHA256SUMS")]
        for folder in self.out.iterdir():
            try:
                examine(folder, Trusted())
            except NotABundleError:
                continue
            raise AssertionError("no bundle, and verified as one")
        return "unborn"

    def custody(self, path: Path, verdict: str, *, is_done: bool) -> str:
        assert verdict == "UNANCHORED" or not is_done, (verdict, self.ended)
        custody.note(path, "later", made.MadeClock(), dict(stepper.TOOL))
        assert unaltered(path) == "UNANCHORED"
        if is_done:
            chain = (path / "custody.jsonl").read_text()
            assert chain.count('"type":"note"') >= 2 or self.ended.met == "", "said done, and it is not there"
        return "sealed" if is_done else "resumed"


def unaltered(path: Path) -> str:
    """Return the verdict; raises `AssertionError` for ALTERED."""
    report = examine(path, Trusted())
    assert max((f.level for f in report.findings), default=Level.INFORMATION) < Level.ALTERED, report.findings
    return str(report.verdict)


def every(stick: Stick, bench: Bench, work: Work, how: str, step: int = 1, first: int = 1, last: int = 10_000):
    """Yield (at, what became of it) for each step, or each so-manieth, until the work has no more."""
    broken = 0
    for at in itertools.count(first, step):
        if at > last or broken > MOST_BROKEN:
            return
        try:
            became, more = tried(stick, bench, work, how, at)
        except Exception as error:  # noqa: BLE001 - counted, and shown
            became, more = f"{BROKEN}: {error!r}", True
            broken += 1
        if not more:
            return
        yield at, became
