"""`misp`: one event in MISP's core format with what tells of the attacker, for the expert to look through and share.

Nothing in it tells of the practice: see `export_indicators`; nor the name of the case, a host, a user or a path. It is
not published, its distribution is 0 (your organisation only) and its tag `tlp:amber+strict`. Types and categories are
MISP's own; a value is at most 500 characters. The same bundles give the same file, byte for byte: each UUID is one of
version 5, made of the bundles' numbers and the value.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from collector.handover.export_indicators import indicators
from collector.handover.export_moments import SECOND, from_utc, iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.handover.export_evidence import Evidence
    from collector.handover.export_indicators import Indicator
    from collector.handover.export_output import NewFile

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:evidence-collector:v1")
"""In which our UUIDs of version 5 are made."""
_TYPES = {
    "onion": ("onion-address", "Network activity"),
    "url": ("domain", "Network activity"),
    "ip": ("ip-dst", "Network activity"),
    "email": ("email", "Social network"),
    "tox": ("text", "Social network"),
    "session": ("text", "Social network"),
    "telegram": ("text", "Social network"),
    "bitcoin": ("btc", "Financial fraud"),
    "monero": ("xmr", "Financial fraud"),
    "dash": ("dash", "Financial fraud"),
    "litecoin": ("text", "Financial fraud"),
    "dogecoin": ("text", "Financial fraud"),
    "zcash": ("text", "Financial fraud"),
    "tron": ("text", "Financial fraud"),
    "ethereum": ("text", "Financial fraud"),
    "note-name": ("filename", "Artifacts dropped"),
    "note-sha256": ("sha256", "Artifacts dropped"),
    "program-sha256": ("sha256", "Payload delivery"),
    "ending": ("filename-pattern", "Artifacts dropped"),
    "family": ("text", "Attribution"),
}
"""MISP's type and category for each kind."""
_MOST_NAMED = 20
"""Bundles whose number stands in the title."""


def write(evidence: Sequence[Evidence], out: NewFile) -> None:
    """Write the event."""
    found = indicators(evidence)
    sids = ",".join(sorted(one.sid for one in evidence))
    began = [(from_utc(one.opening["utc"]) or 0) + (one.correction_s or 0) * SECOND for one in evidence]
    first = str(max(0, min(began)) // SECOND)
    families = [one.value for one in found if one.kind == "family"]
    info = "Ransomware" + (f", resembles {families[0]}" if families else "") + f", {len(evidence)} machine(s), bundle "
    info += ", ".join(one.sid[:8] for one in evidence[:_MOST_NAMED]) + (" ..." if len(evidence) > _MOST_NAMED else "")
    if any(one.incomplete for one in evidence):
        info += " (INCOMPLETE: not every bundle was closed)"
    event = {
        "uuid": str(uuid.uuid5(NAMESPACE, f"misp/{sids}")),
        "info": info,
        "date": (iso(max(0, min(began))) or "")[:10],
        "timestamp": first,
        "published": False,
        "distribution": "0",
        "threat_level_id": "4",
        "analysis": "0",
        "Tag": [{"name": "tlp:amber+strict"}],
        "Attribute": [_attribute(one, sids, first) for one in found],
    }
    out.write(json.dumps({"Event": event}, indent=1).encode("ascii") + b"\n")


def _attribute(found: Indicator, sids: str, stamp: str) -> dict[str, object]:
    kind, category = _TYPES[found.kind]
    return {
        "uuid": str(uuid.uuid5(NAMESPACE, f"misp/{sids}/{found.kind}/{found.value}")),
        "type": kind,
        "category": category,
        "value": found.value,
        "comment": found.said,
        "to_ids": found.sure and kind != "text",
        "distribution": "5",
        "disable_correlation": False,
        "timestamp": stamp,
    }
