"""Does a piece of work again and again, each time ending it at the next step that the system is asked for.

    python stepper.py WORK HOW FOLDER

WORK is run, resume or attach. HOW is `kill` (SIGKILL before the step), `half` (half of a write reaches the file, then
SIGKILL), or the name of an error that the step gives once (`ENOSPC`, `EIO`). What lies there after step N is left in
FOLDER/N; one JSON list a line says what became of it. The work is that of the real writer, in a process of its own.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

import made  # noqa: E402 - found by the line above

from collector import bundle, custody, resume  # noqa: E402 - the same
from collector.errors import CollectorError, DiskFullError  # noqa: E402 - the same
from collector.model import Gap, Outcome  # noqa: E402 - the same

STEPS = ("open", "write", "fsync", "rename", "replace", "unlink", "mkdir", "ftruncate", "posix_fallocate")
TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
CLOSE = {"outcome": "complete", "reason": None, "isolation": dict(made.ISOLATION), "same_boot": True}


def collected(open_bundle, names):
    """Write artifacts as a run does: a full disk ends one and not the run."""
    for name in names:
        try:
            file = open_bundle.artifact(name, name, ".jsonl", "test")
            file.write(b'{"kind":"x"}\n')
            open_bundle.finish(file, rows=0)
        except DiskFullError:
            open_bundle.observe("disk-full", {})


def run(folder):
    """Prepare nothing; collect two artifacts at once and three in a group, then close."""

    def work():
        made_bundle = bundle.create(folder, "T-1", made.opening(), made.README, made.key(), made.MadeClock(), made.SID)
        collected(made_bundle, ("processes", "connections"))
        made_bundle.gap("screen", Gap(Outcome.ABSENT, "no display"))
        made_bundle.phase("volatile")
        made_bundle.grouped = True
        collected(made_bundle, ("recent", "ransom", "services"))
        made_bundle.close(**CLOSE)

    return work


def cut_short(folder):
    """Leave a bundle as a run leaves it that was killed: one file whole, one half, one lost, half a record."""
    left = made.unsealed(folder)
    opened = [left.artifact(name, name, ".jsonl", "test") for name in ("empty", "recent")]
    half = opened[1]
    half.write(b"half of it")
    half.flush()
    (left.path / "artifacts" / "000099-lost.jsonl.part").write_bytes(b"its intent was lost with the power")
    left.release()
    for file in opened:
        os.close(file.fd)
    with (left.path / "manifest.jsonl").open("ab") as file:
        file.write(b'{"v":1,"sid":"0123')
    return left.path


def resumed(folder):
    """Prepare a run that was cut short; take it up and close it."""
    path = cut_short(folder)

    def work():
        again = resume.reopen(path, made.key(2), made.MadeClock(), {"tool": TOOL, "arguments": []})
        collected(again, ("services",))
        again.close(**CLOSE)

    return work


def attach(folder):
    """Prepare a sealed bundle; add a note and a file."""
    path = made.sealed(folder)
    photo = folder / "photo.jpg"
    photo.write_bytes(b"\xff\xd8 a photograph")

    def work():
        clock = made.MadeClock()
        custody.note(path, "one", clock, dict(TOOL))
        custody.attach(path, photo, "of the screen", clock, dict(TOOL))

    return work


WORK = {"run": run, "resume": resumed, "attach": attach}


class Steps:
    """Counts the steps of this process and spoils one of them."""

    def __init__(self, at, how):
        self.at, self.how, self.count = at, how, 0
        for name in STEPS:
            setattr(os, name, self.step(name, getattr(os, name)))

    def step(self, name, real):
        def stepped(*arguments, **named):
            if name == "open" and not arguments[1] & os.O_CREAT:
                return real(*arguments, **named)
            self.count += 1
            if self.count != self.at:
                return real(*arguments, **named)
            if self.how not in ("kill", "half"):
                number = getattr(errno, self.how)
                raise OSError(number, os.strerror(number))
            if self.how == "half" and name == "write":
                real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError

        return stepped


def child(work, how, at):
    """Do the work in this process; return what became of it."""
    steps = Steps(at, how)
    try:
        work()
    except CollectorError as error:
        return type(error).__name__, steps.count >= at
    return "done", steps.count >= at


def main(name, how, folder):
    """Go on until the work has fewer steps than asked for."""
    reached, at = True, 0
    while reached:
        at += 1
        place = Path(folder) / f"{at:04d}"
        place.mkdir(parents=True)
        work = WORK[name](place)
        reader, writer = os.pipe()
        number = os.fork()
        if number == 0:
            try:
                told = child(work, how, at)
            except BaseException as error:  # noqa: BLE001 - it is told to the test
                told = (f"CRASH {error!r}", True)
            with open(writer, "w") as pipe:  # noqa: PTH123 - a descriptor
                pipe.write(json.dumps(told))
            os._exit(0)
        os.close(writer)
        with open(reader) as pipe:  # noqa: PTH123 - a descriptor
            text = pipe.read()
        os.waitpid(number, 0)
        outcome, reached = json.loads(text) if text else ("killed", True)
        print(json.dumps([place.name, outcome, reached]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
