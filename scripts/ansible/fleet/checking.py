"""Runs `collect verify` on this machine over what was fetched."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess  # noqa: TID251 - runs the provider's own collect, on the provider's own machine
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_LONGEST = 3600


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

    @property
    def holds(self) -> bool:
        """Tell whether nothing changed and the bundle was closed."""
        return self.exit == 0 and self.verdict in ("ANCHORED", "UNANCHORED")


def check(verifier: Sequence[str], folder: Path, start_code: str | None, seal_code: str | None) -> Checked:
    """Verify a bundle against the codes that its run told over ssh; raises `CheckError`."""
    words = [*verifier, "verify", str(folder), "--json"]
    for option, code in (("--start-code", start_code), ("--seal-code", seal_code)):
        if code is not None:
            words += [option, code]
    try:
        with _unbounded():
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST, check=False)
        told = json.loads(done.stdout)
        findings = [one["code"] for one in told["findings"] if one["level"] != "information"]
        return Checked(done.returncode, told["verdict"], tuple(findings), told["seal_code"])
    except (OSError, subprocess.TimeoutExpired) as e:
        raise CheckError(f"collect verify could not be run on this machine: {e}") from e
    except (ValueError, KeyError, TypeError) as e:
        why = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CheckError(f"collect verify says nothing that can be read: {why[0] if why else done.returncode}") from e


@contextlib.contextmanager
def _unbounded() -> Iterator[None]:
    """Let a program of ours take the memory that it needs: the bound is for what a host says."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
