"""One host, from the first contact to the last: connect, copy, start, wait, fetch, verify, clean.

Each step either succeeds or ends the journey, which is told with the step's name. What is told is kept on this machine
after each step that matters, so that the same play, started again, goes on where this one ended: a host with a bundle
that verifies is left alone, a run that still goes on is waited for, one that was cut short is resumed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import time
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, TypeVar

from fleet import answers, checking, fetching
from fleet.answers import AnswerError, printable
from fleet.target import LostError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fleet.target import Target
    from fleet.wishes import Wishes

T = TypeVar("T")

_STATE = "state.json"
_LEAST_ROOM = 256 << 20
"""Free bytes on the host below which no run is started there: a full disk is a second disaster."""
_STEPS = ("connect", "copy", "start", "wait", "fetch", "verify", "clean")
_KILLED = 128
"""Above it a shell tells of a signal."""


@dataclass(slots=True)
class Told:
    """What is told of one host; the summary is made of these."""

    host: str
    outcome: str = "failed"
    """collected, already, unreachable, killed or failed."""
    step: str = _STEPS[0]
    message: str | None = None
    exit: int | None = None
    sealed: bool = False
    isolation: str | None = None
    verdict: str | None = None
    findings: list[str] = field(default_factory=list)
    seconds: float | None = None
    took: float = 0
    resumed: bool = False
    root: bool | None = None
    records: int | None = None
    artifacts: int | None = None
    gaps: int | None = None
    missed: list[str] = field(default_factory=list)
    bundle: str | None = None
    sid: str | None = None
    """Which bundle it is, in its own words: what two hosts gave, one of them has not made."""
    start_code: str | None = None
    seal_code: str | None = None
    folder: str | None = None
    key_file: str | None = None
    """Where the practice's reading key lies on this machine: never the key."""
    bytes: int | None = None
    left: str | None = None
    """What of ours is still on the host: nothing, bundle, all; None where it is not known."""

    @property
    def good(self) -> bool:
        """Tell whether a sealed bundle of this host lies here, verified."""
        return self.outcome in ("collected", "already")


class Ended(Exception):  # noqa: N818 - the journey is over, which is not always an error
    """The journey of a host ends here."""

    def __init__(self, outcome: str, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


def folder_name(host: str) -> str:
    """Return the name of a host's folder here: its own where it is plain, else made of it and of its hash."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", host)[:60].lstrip(".-")
    return plain if plain and plain == host else f"{plain}~{hashlib.sha256(host.encode()).hexdigest()[:8]}"


class Journey:
    """The steps of one host. `run` never raises for what a host does."""

    def __init__(
        self,
        wishes: Wishes,
        host: str,
        target: Target,
        program: Callable[[Target], list[tuple[str, Callable[[], bytes]]]],
        reconnect: Callable[[], None],
    ) -> None:
        self.wishes = wishes
        self.target = target
        self.program = program
        self.reconnect = reconnect
        self.home = wishes.folder / folder_name(host)
        self.told = Told(host)

    def run(self) -> Told:
        """Make the journey and return what is told of it."""
        began = time.monotonic()
        try:
            with self._alone():
                self._travel()
        except Ended as end:
            self.told.outcome, self.told.message = end.outcome, str(end)
        except LostError as error:
            first = self.told.step == _STEPS[0]
            self.told.outcome = "unreachable"
            self.told.message = str(error) if first else f"the host answered no more: {error}"
        except (RefusedError, AnswerError, checking.CheckError) as error:
            self.told.outcome, self.told.message = "failed", str(error)
        except (OSError, MemoryError) as error:
            self.told.outcome, self.told.message = "failed", f"on this machine: {error or 'out of memory'}"
        self.told.took = round(time.monotonic() - began, 3)
        return self.told

    def _travel(self) -> None:
        kept = self._kept()
        if kept is not None and kept.verdict is not None and not self.wishes.again:
            self._check_again(kept)
            return
        look = self.target.look()  # the first contact is not asked for twice
        self.told.root = look.root
        if look.state in ("running", "ended"):
            self._hear(self._wait(look.state, look.exit))
        else:
            self._choose(look, kept)
        if self.told.bundle is None:
            self._hear(self._wait("running", None))
        self._bring_home()

    def _choose(self, look: answers.Look, kept: Told | None) -> None:
        """No run goes on there: take up what an earlier play left, or start one."""
        cut = [name for name, sealed in look.bundles if not sealed]
        sealed = [name for name, sealed in look.bundles if sealed and not (self.home / name).is_dir()]
        if cut:
            self._start(look, cut[-1])
        elif self.wishes.again or not sealed:
            self._start(look, None)
        elif kept is not None and kept.bundle in sealed:
            self._take_up(kept)  # heard by an earlier play, which was cut short before the bundle was here
        else:
            self.told.bundle, self.told.sealed = sealed[-1], True
            self.told.message = "sealed by a run whose codes were not heard: verified without them"

    def _start(self, look: answers.Look, resumes: str | None) -> None:
        """Copy the program, and start a run or go on with one."""
        self.told.step = "copy"
        if look.room < _LEAST_ROOM:
            raise Ended("failed", f"the host has {look.room >> 20} MiB left where the bundle would go")
        words = list(self.wishes.command)
        kit = None
        if words:
            self._asked(self.target.make)
        else:
            self._asked(lambda: self.target.copy(self.program(self.target)))
            inside = (self.target.SYSTEM,) if self.wishes.kit is not None else ()
            words = [self.target.program(*inside, self.target.STARTER)]
            kit = None if self.wishes.kit is None else self.target.program("kit.json")
        self.told.step = "start"
        self.told.resumed = resumes is not None
        if resumes is None:
            words += self.wishes.run_words(self.target.bundle(), kit)
        else:
            words += self.wishes.resume_words(self.target.bundle(resumes))
        token = secrets.token_hex(8)
        self._asked(lambda: self.target.start(token, words))

    def _wait(self, state: str, code: int | None) -> int:
        """Wait for the end of the run and return its exit code."""
        self.told.step = "wait"
        until = time.monotonic() + self.wishes.longest
        while state == "running":
            if time.monotonic() > until:
                raise Ended("failed", "the run still goes on; start the play again to wait for it")
            time.sleep(self.wishes.pause)
            state, code = self._asked(self.target.poll)
        if state != "ended" or code is None:
            raise Ended("killed", "the run was killed, or the host was started anew")
        return code

    def _hear(self, code: int) -> None:
        """Ask what the run said; its reading key goes into a file of this machine, and nowhere else."""
        self.told.exit = code
        said = self._asked(self.target.answer)
        key = answers.reading_key(said)
        if code not in answers.SEALED:
            self._keep_key(key, None)
            self._let_go()
            if code > _KILLED:
                raise Ended("killed", f"the run was killed (signal {code - _KILLED})")
            raise Ended("failed", f"no bundle (exit {code}): {answers.without_key(said)}")
        try:
            run = answers.run(said, self.wishes.case, code)
        except AnswerError:
            self._let_go()  # it will not be better the next time
            raise
        told = self.told
        told.bundle, told.sealed, told.isolation = run.bundle, True, run.isolation
        told.start_code, told.seal_code, told.seconds = run.start_code, run.seal_code, run.seconds
        told.records, told.artifacts, told.gaps, told.missed = run.records, run.artifacts, run.gaps, list(run.missed)
        self._keep_key(key, run.bundle)
        self._keep()
        self._let_go()

    def _let_go(self) -> None:
        """Let the host forget the answer, which is here: the next play will not find it."""
        self._asked(self.target.heard)
        self._asked(lambda: self.target.clean("job"))

    def _take_up(self, kept: Told) -> None:
        """Go on from what an earlier play heard."""
        for name in ("exit", "sealed", "isolation", "seconds", "records", "artifacts", "gaps", "missed", "resumed"):
            setattr(self.told, name, getattr(kept, name))
        for name in ("bundle", "start_code", "seal_code", "key_file"):
            setattr(self.told, name, getattr(kept, name))

    def _bring_home(self) -> None:
        """Fetch the bundle, verify it here, and only then take away from the host what we brought."""
        told = self.told
        assert told.bundle is not None
        bundle = told.bundle
        told.step = "fetch"
        incoming, final = self.home / f".incoming-{bundle}", self.home / bundle
        if final.exists():
            raise Ended("failed", f"{final} lies here already, and is not what an earlier play verified")
        told.bytes = fetching.fetch(self.target, bundle, incoming, self.wishes.quota, self._asked)
        told.step = "verify"
        try:
            self._verify(incoming)
        except Ended as end:
            raise Ended(end.outcome, f"{end}; what was fetched is in {self._set_aside(incoming, 'refused')}") from end
        except (AnswerError, checking.CheckError) as error:
            aside = self._set_aside(incoming, "unverified")
            raise Ended("failed", f"{error}; what was fetched is in {aside}") from error
        told.folder = str(final)
        self._keep()  # first: a folder here that no state tells of would be nobody's, and collected once more
        incoming.rename(final)
        told.step = "clean"
        self._asked(lambda: self.target.clean("job"))
        if not self.wishes.command:
            self._asked(lambda: self.target.clean("program"))
        if self.wishes.remove_bundle:
            os.sync()  # the copy is the only one from here on
            left = self._asked(lambda: self.target.clean("bundle", bundle))
        else:
            left = self._asked(lambda: self.target.clean("nothing"))
        told.left = "nothing" if left == 0 else "bundle"
        told.outcome = "collected"
        self._keep()

    def _set_aside(self, incoming: Path, why: str) -> Path:
        """Name a copy so that no later play takes its place: it may be the only one."""
        bundle = incoming.name.removeprefix(".incoming-")
        return incoming.rename(self.home / f".{why}-{bundle}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")

    def _verify(self, folder: Path) -> None:
        told = self.told
        checked = checking.check(self.wishes.verifier, folder, told.start_code, told.seal_code)
        told.findings = list(checked.findings)
        if not checked.holds:
            told.verdict = checked.verdict
            why = ", ".join(checked.findings[:5])
            raise Ended("failed", f"{checked.verdict}: {why}")
        if checked.case != self.wishes.case:
            told.verdict = None
            raise Ended("failed", f"it is a bundle of another case: {checked.case}")
        told.sid = checked.sid
        told.verdict, told.seal_code = checked.verdict, checked.seal_code

    def _check_again(self, kept: Told) -> None:
        """Verify what an earlier play brought home; the host is not contacted."""
        self.told = kept
        kept.step = "verify"
        folder = self.home / str(kept.bundle)
        try:
            self._verify(folder)
        except Ended as end:
            raise Ended("failed", f"{end}: {folder} verified when it was fetched") from end
        kept.outcome, kept.message = "already", None

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask the host; where it does not answer, again until the patience is over."""
        until = time.monotonic() + self.wishes.patience
        while True:
            try:
                return ask()
            except LostError:
                if time.monotonic() > until:
                    raise
                time.sleep(min(self.wishes.pause, 5))
                self.reconnect()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Make the host's folder here, and keep another play out of it."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.home / ".lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Ended("failed", "another play is at work on this host") from None
            yield

    def _keep_key(self, key: str | None, bundle: str | None) -> None:
        """Write the reading key of the practice where only this user reads it."""
        if key is None:
            earlier = sorted(self.home.glob("reading-key-*.txt")) if self.told.resumed else []
            self.told.key_file = str(earlier[-1]) if earlier else None
            return
        path = self.home / f"reading-key-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.txt"
        lines = [f"# Cle de lecture du cabinet / reading key of the practice: case {self.wishes.case}"]
        lines += [f"# bundle {bundle}" if bundle else "# of a run that was cut short", key]
        _write_new(path, "\n".join(lines) + "\n")
        self.told.key_file = str(path)

    def _keep(self) -> None:
        new = self.home / f"{_STATE}.new"
        new.unlink(missing_ok=True)
        _write_new(new, json.dumps(asdict(self.told)) + "\n")
        new.replace(self.home / _STATE)

    def _kept(self) -> Told | None:
        """Return what was kept of this host, if there is a bundle to it."""
        try:
            given = answers.kept((self.home / _STATE).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return None
        known = {one.name for one in fields(Told)}
        if not isinstance(given.get("bundle"), str) or not set(given) <= known or not given.get("host"):
            return None
        told = Told(**given)
        if told.folder is None or not (self.home / given["bundle"]).is_dir():
            told.verdict = None  # not here: heard, but never fetched
        return told


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 - a descriptor
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def as_json(told: Told) -> dict[str, object]:
    """Return what is told as the object of the summary."""
    return {**asdict(told), "message": None if told.message is None else printable(told.message, 500)}
