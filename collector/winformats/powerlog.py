"""What events of the System log say of starts and shutdowns, from the XML that EvtRender makes of them.

The schema is the event schema of Windows (learn.microsoft.com, "Event Schema"). The events: the same place,
"Troubleshoot unexpected reboots using system event logs"; the boot types of Kernel-Boot 27 are those of its message.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collector.model import Row

MAX_BYTES: Final = 1 << 16
"""Longest event taken apart: those that we ask for are under 2 KiB."""
QUERY: Final = (
    "*[System[(Provider[@Name='Microsoft-Windows-Kernel-General'] and (EventID=12 or EventID=13))"
    " or (Provider[@Name='Microsoft-Windows-Kernel-Boot'] and EventID=27)"
    " or (Provider[@Name='Microsoft-Windows-Kernel-Power'] and (EventID=41 or EventID=109))"
    " or (Provider[@Name='EventLog'] and (EventID=6005 or EventID=6006 or EventID=6008))"
    " or (Provider[@Name='User32'] and EventID=1074)]]"
)
"""XPath 1.0, as far as the event log knows it."""

_WHAT: Final = {
    ("Microsoft-Windows-Kernel-General", 12): "boot",
    ("Microsoft-Windows-Kernel-General", 13): "shutdown",
    ("Microsoft-Windows-Kernel-Power", 41): "boot",  # … after one that was not shut down
    ("Microsoft-Windows-Kernel-Power", 109): "shutdown",
    ("EventLog", 6005): "boot",
    ("EventLog", 6006): "shutdown",
    ("EventLog", 6008): "boot",  # logged at the start after a shutdown that was not expected
    ("User32", 1074): "shutdown",
}
_KERNEL_BOOT: Final = ("Microsoft-Windows-Kernel-Boot", 27)
_BOOT_TYPES: Final = {"0": "", "1": ", fast startup"}
"""BootType; 2 is the waking from hibernation, which is no start."""
_NAMESPACE: Final = "{http://schemas.microsoft.com/win/2004/08/events/event}"
_TIME: Final = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z")


def parse(xml: str) -> Row | None:
    """Return `utc`, `what` and `source` of one event, `None` for one that is no start or shutdown.

    Raises `ValueError` for what is no event.
    """
    if len(xml) > MAX_BYTES or "<!" in xml:
        raise ValueError("no event is so long, or brings a document type")
    try:
        event = ET.fromstring(xml)  # noqa: S314 - bounded, and without a document type nothing is expanded
    except (ET.ParseError, UnicodeError) as error:
        raise ValueError("no XML") from error
    system = event.find(f"{_NAMESPACE}System")
    if system is None:
        raise ValueError("no event")
    provider, number = _provider(system), (system.findtext(f"{_NAMESPACE}EventID") or "").strip()
    created = system.find(f"{_NAMESPACE}TimeCreated")
    time = _TIME.fullmatch("" if created is None else created.get("SystemTime", ""))
    if time is None or not number.isdecimal() or len(number) > len("65535"):
        raise ValueError("an event without its number or time")
    what, more = _meaning(event, (provider, int(number)))
    if what is None:
        return None
    utc = f"{time[1]}.{(time[2] or '')[:6].ljust(6, '0')}Z"
    return {"utc": utc, "what": what, "source": f"System log, {provider} {int(number)}{more}"}


def _provider(system: ET.Element) -> str:
    """Return the name of who logged it; the classic ones have theirs in another attribute as well."""
    provider = system.find(f"{_NAMESPACE}Provider")
    return "" if provider is None else provider.get("Name", "")


def _meaning(event: ET.Element, key: tuple[str, int]) -> tuple[str | None, str]:
    if key != _KERNEL_BOOT:
        return _WHAT.get(key), ""
    for data in event.iter(f"{_NAMESPACE}Data"):
        if data.get("Name") == "BootType":
            more = _BOOT_TYPES.get((data.text or "").strip())
            return (None, "") if more is None else ("boot", more)
    return None, ""
