"""Who is logged on, and when the system was started: utmpx, read by ourselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from collector import text
from collector.host.darwin import clock
from collector.host.posix.low import files
from collector.macformats import utmpx
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.host.darwin.readings import Readings
    from collector.macformats.utmpx import Record
    from collector.model import Json, Row

_FILE: Final = "/private/var/run/utmpx"
_BOOT: Final = 2


def rows(readings: Readings) -> Iterator[Row | Gap]:
    """Yield a row for each record of utmpx."""
    for one in _records(readings):
        if isinstance(one, Gap):
            yield one
        elif one.type in utmpx.TYPES:
            yield {
                "user": _string(one.user),
                "terminal": _string(one.line),
                "remote_host": _string(one.host),
                "started": clock.moment(one.time_ns),
                "pid": one.pid if one.pid > 0 else None,
                "type": utmpx.TYPES[one.type],
            }


def power_events(readings: Readings) -> Iterator[Row | Gap]:
    """Yield the start and shutdown that utmpx tells; those before stand in the unified log, which is not read."""
    for one in _records(readings):
        if isinstance(one, Gap):
            yield one
        elif one.type in (_BOOT, utmpx.SHUTDOWN):
            what = "boot" if one.type == _BOOT else "shutdown"
            yield {"utc": clock.moment(one.time_ns), "what": what, "source": "utmpx"}
    yield Gap(Outcome.UNSUPPORTED, "not built for macOS yet: starts and shutdowns of the unified log")


def _records(readings: Readings) -> Iterator[Record | Gap]:
    try:
        records, torn = utmpx.parse(files.read_small(f"{readings.root}{_FILE}", limit=8 << 20))
    except OSError as error:
        yield files.gap_of(error, "the record of logged-on users (utmpx) could not be read")
        return
    except ValueError:
        yield Gap(Outcome.FAILED, "the record of logged-on users (utmpx) is none that we know")
        return
    yield from records
    if torn:
        yield Gap(Outcome.FAILED, f"the last {torn} bytes of utmpx are no whole record")


def _string(field: bytes) -> Json:
    return cast("Json", text.from_bytes(field)) if field else None
