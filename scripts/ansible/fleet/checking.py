"""Runs `collect verify` on this machine over what was fetched."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess  # noqa: TID251 - runs the provider's own collect, on the provider's own machine
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleet import answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_LONGEST = 3600
_MOST_OPEN = 1 << 20
"""Bytes of a bundle's first record, which are some two KiB."""


class CheckError(Exception):
    """The bundle could not be verified at all: that says nothing about it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What `collect verify` said."""

    exit: int
    verdict: str
    findings: tuple[str, ...]
    """Codes of what is more than information, root cause first."""
    seal_code: str | None
    case: str | None
    """The case and the sid that the bundle itself names; None where it does not hold."""
    sid: str | None

    @property
    def holds(self) -> bool:
        """Tell whether nothing changed and the bundle was closed."""
        return _holds(self.exit, self.verdict)


def _holds(code: int, verdict: str) -> bool:
    return code == 0 and verdict in ("ANCHORED", "UNANCHORED")


def check(verifier: Sequence[str], folder: Path, start_code: str | None, seal_code: str | None) -> Checked:
    """Verify a bundle against the codes that its run told over ssh; raises `CheckError`.

    Raises `AnswerError` where it holds, but does not say which bundle of which case it is.
    """
    words = [*verifier, "verify", str(folder), "--json"]
    for option, code in (("--start-code", start_code), ("--seal-code", seal_code)):
        if code is not None:
            words += [option, code]
    try:
        with _unbounded():
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST, check=False)
        told = json.loads(done.stdout)
        findings = [one["code"] for one in told["findings"] if one["level"] != "information"]
        verdict, confirmed = told["verdict"], told["seal_code"]
    except (OSError, subprocess.TimeoutExpired) as e:
        raise CheckError(f"collect verify could not be run on this machine: {e}") from e
    except (ValueError, KeyError, TypeError) as e:
        why = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CheckError(f"collect verify says nothing that can be read: {why[0] if why else done.returncode}") from e
    case, sid = _opened(folder) if _holds(done.returncode, verdict) else (None, None)
    return Checked(done.returncode, verdict, tuple(findings), confirmed, case, sid)


def _opened(folder: Path) -> tuple[str, str]:
    """Return the case and the sid of a bundle that holds."""
    with (folder / "manifest.jsonl").open("rb") as file:
        line = file.readline(_MOST_OPEN)
    return answers.opened(line)


@contextlib.contextmanager
def _unbounded() -> Iterator[None]:
    """Let a program of ours take the memory that it needs: the bound is for what a host says."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
