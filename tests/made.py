"""A made world: a clock that is told what it says, a fixed key, and small bundles written by the real writer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector import bundle
from collector.model import Gap, Moment, Outcome

if TYPE_CHECKING:
    from pathlib import Path

README = b"A text for a test.\n"
SID = "0123456789abcdef0123456789abcdef"
ISOLATION = {"open": "ISOLATED", "close": "ISOLATED", "run": "ISOLATED"}


def key(number: int = 1) -> Ed25519PrivateKey:
    """Return a published test key: anyone can sign with it."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


@dataclass
class MadeClock:
    """Moves on by a millisecond each time it is read; `jump` sets the wall clock."""

    moment: Moment = Moment(  # noqa: RUF009 - frozen
        utc_ns=1_795_000_000 * 10**9, offset_s=3600, mono_ns=10**12, boot_ns=2 * 10**12, boot_id="boot-1"
    )

    def now(self) -> Moment:
        step = 10**6
        old = self.moment
        self.moment = replace(
            old, utc_ns=old.utc_ns + step, mono_ns=old.mono_ns + step, boot_ns=old.boot_ns + step
        )
        return self.moment

    def jump(self, seconds: int) -> None:
        self.moment = replace(self.moment, utc_ns=self.moment.utc_ns + seconds * 10**9)


def opening(case: str = "T-1") -> dict:
    """Return the fields of an `open` record."""
    return {
        "case": case,
        "operator": "Anne",
        "witness": None,
        "tool": {"version": "0", "sha256": "0" * 64, "privileges": "root"},
        "arguments": ["--case", case],
        "host": {"hostname": "poste-1"},
        "clock": {"ntp": "unknown", "timezone": "CET"},
        "kit_nonce": None,
        "run_key": "",
        "recipients": [],
        "readme_sha256": "",
        "continues": None,
    }


def unsealed(folder: Path, *, clock: MadeClock | None = None, sid: str | None = SID, number: int = 1) -> bundle.Bundle:
    """Return a bundle with two artifacts, a gap and a phase, still open."""
    made = bundle.create(folder, "T-1_poste-1_x", opening(), README, key(number), clock or MadeClock(), sid)
    texts = {"processes": b'{"kind":"processes"}\n{"pid":1}\n', "connections": b'{"kind":"connections"}\n'}
    for name, text in texts.items():
        file = made.artifact(name, name, ".jsonl", "test")
        file.write(text)
        made.finish(file, rows=text.count(b"\n") - 1)
    made.gap("screen", Gap(Outcome.ABSENT, "no display"))
    made.phase("volatile")
    return made


def sealed(folder: Path, **how: object) -> Path:
    """Return the folder of a small sealed bundle."""
    made = unsealed(folder, **how)  # type: ignore[arg-type]
    made.close(outcome="complete", reason=None, isolation=dict(ISOLATION), same_boot=True)
    return made.path
