"""Reads what a host says. The host was attacked: every byte may have been chosen by whoever attacked it.

One reading for each answer, everything bounded; what does not have exactly the form is an `AnswerError`. What a person
will see goes through `printable`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

MOST_ANSWER = 256 << 10
"""Bytes of what a run says: its progress and one JSON object, some ten KiB."""
MOST_LISTED = 32 << 20
MOST_FILES = 200_000
"""Of one bundle; a run with 60,000 small files makes fewer."""
SHOWN = 300
"""Letters of a host's words that are shown."""

BUNDLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", re.ASCII)
_CODE = re.compile(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){7}", re.ASCII)
_CASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_SID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_FILE = re.compile(
    r" *([0-9]{1,15}) \./((?:(?:artifacts|attachments)/)?[A-Za-z0-9.][A-Za-z0-9._-]{0,150})", re.ASCII
)  # fmt: skip
_TOTAL = re.compile(r" *[0-9]{1,16} total", re.ASCII)
_KEY = re.compile(rb"^(AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58})\r?$", re.MULTILINE)
_SOURCE = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
_VERDICTS = frozenset({"ISOLATED", "CONNECTED", "UNKNOWN"})
SEALED = (0, 3, 4)
"""Exit codes of a run that left a sealed bundle."""


class AnswerError(Exception):
    """A host's answer does not have the form that it must have."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a host is, and what of ours is there."""

    root: bool
    system: str
    room: int
    """Free bytes where we would write."""
    state: str
    """none, running, ended or lost."""
    exit: int | None
    bundles: tuple[tuple[str, bool], ...]
    """Bundles of this case there, by name, which ends with their time; each with whether it is sealed."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run said at its end."""

    bundle: str
    exit: int
    records: int
    artifacts: int
    gaps: int
    isolation: str | None
    start_code: str
    seal_code: str
    seconds: float
    missed: tuple[str, ...]
    recipients: int
    reason: str | None


def printable(text: str | bytes, most: int = SHOWN) -> str:
    """Return a host's words for a screen or a page: one line, cut, and nothing that could steer a terminal."""
    if isinstance(text, bytes):
        text = text[: most * 8].decode("utf-8", "replace")
    shown = "".join(char if char.isprintable() else " " for char in text[: most * 8])
    shown = " ".join(shown.split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def look(said: bytes) -> Look:
    """Read the answer to `look`."""
    words: dict[str, str] = {}
    bundles = []
    for line in _lines(said, 64 << 10):
        word, _, rest = line.partition(" ")
        if word == "bundle":
            sealed, _, name = rest.partition(" ")
            if sealed not in ("sealed", "open") or not BUNDLE_NAME.fullmatch(name):
                raise AnswerError(f"a folder lies among the bundles that is none of ours: {printable(name, 60)!r}")
            bundles.append((name, sealed == "sealed"))
        elif word in words:
            raise AnswerError("the host says something twice")
        else:
            words[word] = rest
    room = words.get("room", "").split()
    if not {"uid", "system", "room", "state"} <= set(words) or len(room) < 6:
        raise AnswerError("the host does not say what it is: is it a Linux with the usual programs?")
    state, code = state_of([f"state {words['state']}"])
    return Look(
        root=words["uid"] == "0",
        system=printable(words["system"], 40),
        room=_number(room[3]) * 1024,
        state=state,
        exit=code,
        bundles=tuple(sorted(bundles, key=lambda bundle: (bundle[0].rpartition("_")[2], bundle[0]))),
    )


def state_of(lines: list[str]) -> tuple[str, int | None]:
    """Return the state of the run on the host, and its exit code once it has ended."""
    for line in lines:
        found = re.fullmatch(r"state (?:(none|running|lost)|(ended) ([0-9]{1,3}))", line)
        if found is not None:
            return (found[1] or found[2], None if found[3] is None else int(found[3]))
    raise AnswerError("the host does not say how far its run is")


def polled(said: bytes) -> tuple[str, int | None]:
    """Read the answer to `start` or `poll`."""
    return state_of(_lines(said, 4096))


def reading_key(said: bytes) -> str | None:
    """Return the practice's reading key where a run says it; a run that was cut short has said it, too."""
    found = _KEY.search(said)
    return None if found is None else found[1].decode("ascii")


def without_key(said: bytes) -> str:
    """Return the last words of a run for a person: never a key, never the JSON object."""
    lines = [line for line in said.splitlines() if b"AGE-SECRET-KEY" not in line.upper() and not line.startswith(b"{")]
    wrong = [line for line in lines if line.startswith((b"error", b"hint", b"erreur", b"conseil"))]
    return printable(b" ".join(wrong or lines[-3:]))


def run(said: bytes, case: str, code: int) -> Run:
    """Read the JSON object that stands in the last line of what a run said."""
    if len(said) > MOST_ANSWER:
        raise AnswerError("the run says more than a run says")
    given = _object(said.rstrip(b"\n").rpartition(b"\n")[2])
    if given.get("case") != case or given.get("exit") != code:
        raise AnswerError("the run's answer is of another case, or of another end")
    path = given.get("bundle")
    path = path.get("text") if isinstance(path, dict) else path
    name = re.split(r"[/\\]", path)[-1] if isinstance(path, str) else ""
    if not BUNDLE_NAME.fullmatch(name) or not name.startswith(case + "_"):
        raise AnswerError("the run names no bundle of ours")
    isolation = given.get("isolation")
    verdict = isolation.get("run") if isinstance(isolation, dict) else None
    missed = given.get("missed")
    listed = [one.get("source") for one in missed if isinstance(one, dict)] if isinstance(missed, list) else []
    seconds = given.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 10**7:
        raise AnswerError("the run does not say how long it took")
    recipients = given.get("recipients")
    reason = given.get("reason")
    return Run(
        bundle=name,
        exit=code,
        records=_count(given, "records"),
        artifacts=_count(given, "artifacts"),
        gaps=_count(given, "gaps"),
        isolation=verdict if isinstance(verdict, str) and verdict in _VERDICTS else None,
        start_code=_code(given, "start_code"),
        seal_code=_code(given, "seal_code"),
        seconds=float(seconds),
        missed=tuple(str(one) for one in listed[:50] if isinstance(one, str) and _SOURCE.fullmatch(one)),
        recipients=len(recipients) if isinstance(recipients, list) else 0,
        reason=printable(reason, 100) if isinstance(reason, str) else None,
    )


def opened(line: bytes) -> tuple[str, str]:
    """Return the case and the sid that a bundle's first record names."""
    given = _object(line)
    case, sid = given.get("case"), given.get("sid")
    if given.get("type") != "open" or not isinstance(case, str) or not _CASE.fullmatch(case):
        raise AnswerError("the bundle does not say of which case it is")
    if not isinstance(sid, str) or not _SID.fullmatch(sid):
        raise AnswerError("the bundle does not say which it is")
    return case, sid


def files(said: bytes) -> dict[str, int]:
    """Return the files of a bundle with their sizes; a name that is not of a bundle's form is refused."""
    listed: dict[str, int] = {}
    folded: set[str] = set()
    for line in _lines(said, MOST_LISTED):
        found = _FILE.fullmatch(line)
        if found is None:
            if _TOTAL.fullmatch(line):
                continue
            raise AnswerError(f"something in the bundle has no name of ours: {printable(line, 80)!r}")
        size, name = int(found[1]), found[2]
        if name.rpartition("/")[2].strip(".") == "" or name.lower() in folded:
            raise AnswerError(f"a name in the bundle stands twice, or is none: {printable(name, 80)!r}")
        listed[name] = size
        folded.add(name.lower())
        if len(listed) > MOST_FILES:
            raise AnswerError("the bundle has more files than a run makes")
    if "checkpoint" not in listed or "manifest.jsonl" not in listed:
        raise AnswerError("the bundle has no checkpoint or no manifest any more")
    return listed


def kept(text: str) -> dict[str, Any]:
    """Read what this machine kept of an earlier play; what can't be read is nothing."""
    try:
        return _object(text.encode())
    except AnswerError:
        return {}


def _lines(said: bytes, most: int) -> list[str]:
    if len(said) > most:
        raise AnswerError("the host says more than it was asked")
    try:
        return [line.rstrip("\r") for line in said.decode("ascii").split("\n") if line.strip()]
    except UnicodeDecodeError as e:
        raise AnswerError("the host's answer holds letters that none of ours has") from e


def _object(line: bytes) -> dict[str, Any]:
    try:
        given = json.loads(line, object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError) as e:
        raise AnswerError("the run did not end with one JSON object") from e
    if not isinstance(given, dict):
        raise AnswerError("the run did not end with one JSON object")
    return given


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _refused(word: str) -> None:
    raise ValueError(word)


def _count(given: dict[str, Any], name: str) -> int:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise AnswerError(f"the run's {name} is no count")
    return value


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text, re.ASCII):
        raise AnswerError("the host does not say how much room it has")
    return int(text)


def _code(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise AnswerError(f"the run's {name} is no code")
    return value
