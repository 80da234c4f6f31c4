"""What the records of a run that was cut short tell the one that goes on with it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector import isolation
from collector.model import Moment

if TYPE_CHECKING:
    from collector.manifest import Record
    from collector.model import Json


@dataclass(slots=True)
class Earlier:
    """What the records of the earlier part tell the later one."""

    since_ns: int = 0
    scan: tuple[bytes, ...] | None = None
    profile: str = ""
    rules: int = 0
    copies: bool = True
    verdicts: list[str] = field(default_factory=list)
    moment: Moment | None = None

    def take(self, record: Record) -> None:
        """Take the next record."""
        self.moment = _moment(record)
        if record["type"] != "observation":
            return
        data = record.get("data")
        if not isinstance(data, dict):
            return
        with contextlib.suppress(ValueError, KeyError):  # the format leaves `data` open: what we don't know we leave
            if record["what"] == "request":
                self.copies = data.get("memory") is not False
                self.since_ns = _nanoseconds(str(data["since"]))
                scan = data["scan"]
                self.scan = tuple(_raw(path) for path in scan) if isinstance(scan, list) else None
                self.profile, self.rules = str(data["profile"]), int(str(data["rules"]))
            elif record["what"] == "isolation" and data["verdict"] in isolation.EXIT_CODES:
                self.verdicts.append(str(data["verdict"]))


def _raw(path: Json) -> bytes:
    if isinstance(path, dict):
        return bytes.fromhex(str(path["hex"]))
    return str(path).encode("utf-8")


def _moment(record: Record) -> Moment:
    return Moment(
        utc_ns=_nanoseconds(str(record["utc"])),
        offset_s=0,
        mono_ns=int(str(record["mono_ns"])),
        boot_ns=int(str(record["boot_ns"])),
        boot_id=str(record["boot_id"]),
    )


def _nanoseconds(utc: str) -> int:
    from datetime import UTC, datetime  # noqa: PLC0415 - only a resume needs it

    then = datetime.fromisoformat(utc[:-1]).replace(tzinfo=UTC)
    return int(then.timestamp()) * 10**9 + then.microsecond * 1000
