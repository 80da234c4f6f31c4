"""`case`: provenance and custody as a graph of CASE/UCO 1.4 in JSON-LD, for tools that exchange cases.

An investigation; for each bundle the device it came from, our tool, the persons who are named, the collection as an
action with its times and results, one exhibit (an observable file and its provenance record) for each stored file with
its SHA-256, what could not be had as annotations, the seal, and everything that custody tells as actions: notes,
attachments, hand-overs, receipts. The same bundles give the same file: each identifier ends in a UUID of version 5 of
the bundle's number and the record's. Times of the host are moved to the operator's watch where one was compared, and
the action says so; custody's are never moved. Texts of the host are plain literals: none is an identifier, and in a
statement of several each is quoted as JSON.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from collector import age, schema
from collector.handover.export_misp import NAMESPACE
from collector.handover.export_moments import SECOND, from_number, from_utc, iso
from collector.handover.export_texts import cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.handover.export_evidence import Evidence
    from collector.handover.export_output import NewFile
    from collector.manifest import Record
    from collector.model import Json

MAX_TEXT = 4000
_CONTEXT = {
    "kb": "https://evidence-collector.invalid/kb/",
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_CUSTODY = {
    "note": "Note in the journal", "observation": "Observation after the seal", "handover": "Hand-over",
    "receipt": "Receipt", "signature": "Countersignature of the receipt", "gap": "Not obtained",
}  # fmt: skip
_HASHED = {"stored": "The file as it lies in the bundle", "content": "What the encrypted file holds"}
"""What each hash is of: two of one file have the same method."""
_TOLD = ("text", "what", "data", "by", "to", "role", "reason", "condition", "outcome", "checked", "key", "observed")
_QUOTED = json.JSONEncoder(ensure_ascii=False)
_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


def write(evidence: Sequence[Evidence], out: NewFile) -> None:
    """Write the graph of all bundles; nodes are written as they are read, so memory holds their names alone."""
    graph = _Graph(out)
    for one in evidence:
        _Bundle(one, graph).write()
    case = str(evidence[0].opening["case"])
    sids = ",".join(sorted(one.sid for one in evidence))
    graph.node(
        "investigation",
        str(uuid.uuid5(NAMESPACE, f"case/{sids}")),
        "case-investigation:Investigation",
        {
            "uco-core:name": case,
            "case-investigation:focus": "Ransomware",
            "uco-core:description": f"Evidence of case {case}: {len(evidence)} bundle(s), each verified before.",
            "uco-core:object": [{"@id": name} for name in graph.names],
        },
    )
    graph.end()


class _Graph:
    """The file: one node after the other."""

    def __init__(self, out: NewFile) -> None:
        self._out = out
        self._first = True
        self.names: list[str] = []
        out.write(f'{{"@context":{_ENCODER.encode(_CONTEXT)},\n"@graph":[\n'.encode("ascii"))

    def node(self, name: str, number: str, kind: str, fields: dict[str, object]) -> str:
        """Write a node and return its identifier; fields without a value are left out."""
        found = f"kb:{name}-{number}"
        node = _ENCODER.encode({"@id": found, "@type": kind, **_kept(fields)})
        self._out.write((("" if self._first else ",\n") + node).encode("ascii"))
        self._first = False
        if name != "investigation":
            self.names.append(found)
        return found

    def end(self) -> None:
        """Close what is open."""
        self._out.write(b"\n]}\n")


class _Bundle:
    """The nodes of one bundle."""

    def __init__(self, evidence: Evidence, graph: _Graph) -> None:
        self._evidence = evidence
        self._graph = graph
        self._shift = evidence.correction_s or 0
        self._exhibits: list[str] = []
        self._records: list[str] = []
        self._persons: dict[str, str] = {}
        self._ended: Record | None = None
        self._device = self._tool = ""

    def write(self) -> None:
        """Write the device, the tool, the exhibits, the collection and its seal, then what custody tells."""
        evidence = self._evidence
        self._device = self._write_device()
        self._tool = self._write_tool(evidence.opening.get("tool"), "tool")
        evidence.records(self._record)
        collection = self._collection()
        self._seal(collection)
        evidence.custody(self._custody)

    def _node(self, name: str, what: str, kind: str, fields: dict[str, object]) -> str:
        self._evidence.tally.written += 1
        number = str(uuid.uuid5(NAMESPACE, f"case/{self._evidence.sid}/{what}"))
        return self._graph.node(name, number, kind, fields)

    def _facet(self, name: str, what: str, kind: str, fields: dict[str, object]) -> dict[str, object]:
        number = uuid.uuid5(NAMESPACE, f"case/{self._evidence.sid}/{what}/{name}")
        return {"@id": f"kb:{name}-{number}", "@type": kind, **_kept(fields)}

    def _write_device(self) -> str:
        host = self._evidence.opening.get("host")
        told = host if isinstance(host, dict) else {}
        names = ("maker", "model", "serial", "os", "version", "hostname")
        fields = {name: self._text(told.get(name)) for name in names}
        facets = [
            self._facet("device-facet", "device", "uco-observable:DeviceFacet", {
                "uco-observable:model": fields["model"], "uco-observable:serialNumber": fields["serial"],
            }),
            self._facet("computer-facet", "device", "uco-observable:ComputerSpecificationFacet", {
                "uco-observable:hostname": fields["hostname"],
            }),
            self._facet("system-facet", "device", "uco-observable:OperatingSystemFacet", {
                "uco-core:name": fields["os"],
            }),
            self._facet("software-facet", "device", "uco-observable:SoftwareFacet", {
                "uco-observable:version": fields["version"],
            }),
        ]  # fmt: skip
        return self._node("device", "device", "uco-observable:Device", {
            "uco-core:name": self._evidence.host,
            "uco-core:description": f"Maker: {fields['maker']}" if fields["maker"] else None,
            "uco-core:hasFacet": facets,
        })  # fmt: skip

    def _write_tool(self, tool: Json, what: str) -> str:
        told = tool if isinstance(tool, dict) else {}
        return self._node("tool", what, "uco-tool:Tool", {
            "uco-core:name": "evidence-collector (collect)",
            "uco-tool:version": self._text(told.get("version")),
            "uco-tool:toolType": "Collection",
            "uco-core:description": f"SHA-256 as in SPEC 5.1: {self._text(told.get('sha256'))}; "
                                    f"rights: {self._text(told.get('privileges'))}",
        })  # fmt: skip

    def _person(self, name: Json) -> str | None:
        """Return the node of a person who is named, made once."""
        told = self._text(name)
        if not told:
            return None
        if told not in self._persons:
            self._persons[told] = self._node("person", f"person/{told}", "uco-identity:Person", {"uco-core:name": told})
        return self._persons[told]

    def _record(self, record: Record) -> None:
        kind = record["type"]
        if kind == "artifact":
            self._exhibit(record, "exhibit", self._shift)
        elif kind == "gap":
            said = [self._text(record.get(name)) for name in ("source", "outcome")]
            said += [self._quoted(record.get(name)) for name in ("subject", "reason")]
            self._node("gap", f"{record['seq']}", "uco-core:Annotation", {
                "uco-core:statement": "Not obtained: " + ", ".join(part for part in said if part),
                "uco-core:objectCreatedTime": self._time(record["utc"], self._shift),
                "uco-core:object": [{"@id": self._device}],
            })  # fmt: skip
        elif kind in ("observation", "note"):
            self._node("observation", f"{record['seq']}", "uco-core:Annotation", {
                "uco-core:statement": self._told(record),
                "uco-core:objectCreatedTime": self._time(record["utc"], self._shift),
                "uco-core:object": [{"@id": self._device}],
            })  # fmt: skip
        elif kind == "resume":
            self._write_tool(record.get("tool"), f"tool/{record['seq']}")
        elif kind == "close":
            self._ended = record

    def _exhibit(self, record: Record, name: str, shift: int) -> tuple[str, str]:
        """Write a stored file and its provenance record, and return both."""
        evidence, what, path = self._evidence, f"{name}/{record['seq']}", str(record["path"])
        times = record.get("source_times")
        written = from_number(times.get("mtime_ns")) if isinstance(times, dict) else None
        modified = None if written is None else iso(written + shift * SECOND)
        said = f"{record['kind']} from {record['source']}, {record['method']}"
        subject = self._quoted(record.get("subject"))
        flags = record.get("flags")
        said += f"; of the host: {subject}" if subject else ""
        said += f"; flags: {' '.join(map(str, flags))}" if isinstance(flags, list) and flags else ""
        file = self._node("file", what, "uco-observable:File", {
            "uco-core:name": path,
            "uco-core:description": said,
            "uco-core:hasFacet": [
                self._facet("file-facet", what, "uco-observable:FileFacet", {
                    "uco-observable:fileName": path.rpartition("/")[2],
                    "uco-observable:filePath": path,
                    "uco-observable:isDirectory": False,
                    "uco-observable:sizeInBytes": record["size"],
                }),
                self._facet("content-facet", what, "uco-observable:ContentDataFacet", {
                    "uco-observable:sizeInBytes": record["size"],
                    "uco-observable:isEncrypted": path.endswith(age.SUFFIX),
                    "uco-observable:hash": [
                        self._hash(what, "stored", record["sha256"]), *self._plain_hash(what, record),
                    ],
                }),
            ],
        })  # fmt: skip
        kept = self._node("provenance", f"{what}/provenance", "case-investigation:ProvenanceRecord", {
            "uco-core:description": f"Last change on the host: {modified}" if modified else None,
            "case-investigation:exhibitNumber": f"{evidence.sid[:8]}-{record['seq']:06d}",
            "case-investigation:rootExhibitNumber": evidence.sid,
            "uco-core:object": [{"@id": file}],
        })  # fmt: skip
        if name == "exhibit":
            self._exhibits.append(file)
            self._records.append(kept)
        return file, kept

    def _plain_hash(self, what: str, record: Record) -> list[dict[str, object]]:
        """Return the hash of what an encrypted file holds, once it is compared; it is told apart by its description."""
        found = self._evidence.content_sha256(record)
        return [] if found is None else [self._hash(what, "content", found)]

    def _hash(self, what: str, of: str, digest: Json) -> dict[str, object]:
        return self._facet(f"hash-{of}", what, "uco-types:Hash", {
            "uco-core:description": _HASHED[of],
            "uco-types:hashMethod": "SHA256",
            "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": str(digest)},
        })  # fmt: skip

    def _collection(self) -> str:
        evidence = self._evidence
        opening, ended = evidence.opening, self._ended
        said = f"Collection of bundle {evidence.sid}, verdict {evidence.verdict}."
        if self._shift:
            said += (
                f" Clock: {self._shift} seconds were added to every time of the host, but those inside statements and "
                "texts, to reach the operator's watch."
            )
        elif evidence.correction_s is None:
            said += " Nobody compared the host's clock with a watch."
        said += "" if ended else " INCOMPLETE: it was never closed."
        arguments = opening.get("arguments")
        people = [self._person(opening.get(name)) for name in ("operator", "witness")]
        return self._node("collection", "collection", "case-investigation:InvestigativeAction", {
            "uco-core:name": "Collection",
            "uco-core:description": said + f" Arguments: {self._text(arguments)}",
            "uco-action:startTime": self._time(opening["utc"], self._shift),
            "uco-action:endTime": self._time(ended["utc"], self._shift) if ended else None,
            "uco-action:performer": {"@id": people[0]} if people[0] else None,
            "uco-action:participant": [{"@id": people[1]}] if people[1] else None,
            "uco-action:instrument": [{"@id": self._tool}],
            "uco-action:object": [{"@id": self._device}],
            "uco-action:result": [{"@id": one} for one in (*self._records, *self._exhibits)],
        })  # fmt: skip

    def _seal(self, collection: str) -> None:
        evidence = self._evidence
        report, ended = evidence.bundle.report, self._ended
        if ended is None or report.seal_sha256 is None:
            return
        anchors = ", ".join(anchor.kind for anchor in report.anchors) or "none"
        self._node("seal", "seal", "case-investigation:InvestigativeAction", {
            "uco-core:name": "Seal",
            "uco-core:description": f"Seal code {report.seal_code}; SHA-256 of the checkpoint {report.seal_sha256}; "
                                    f"anchors held at the export: {anchors}.",
            "uco-action:startTime": self._time(ended["utc"], self._shift),
            "uco-action:endTime": self._time(ended["utc"], self._shift),
            "uco-action:instrument": [{"@id": self._tool}],
            "uco-action:object": [{"@id": one} for one in self._records],
            "case-investigation:wasInformedBy": [{"@id": collection}],
        })  # fmt: skip

    def _custody(self, record: Record) -> None:
        kind = str(record["type"])
        when = self._time(record["utc"], 0)
        fields: dict[str, object] = {"uco-action:startTime": when, "uco-action:endTime": when}
        if kind == "artifact":
            file, kept = self._exhibit(record, "attachment", 0)
            fields |= {"uco-core:name": "Attachment", "uco-action:result": [{"@id": kept}, {"@id": file}]}
        elif kind in _CUSTODY:
            passed = kind in ("handover", "receipt")
            giver, taker = self._person(record.get("by")), self._person(record.get("to"))
            performer, other = (giver, taker) if kind == "handover" else (taker, giver)
            fields |= {
                "uco-core:name": _CUSTODY[kind],
                "uco-core:description": self._told(record),
                "uco-action:performer": {"@id": performer} if performer else None,
                "uco-action:participant": [{"@id": other}] if other else None,
                "uco-action:object": [{"@id": one} for one in self._records] if passed else None,
            }
        else:
            return
        self._node("custody", f"custody/{record['seq']}", "case-investigation:InvestigativeAction", fields)

    def _told(self, record: Record) -> str:
        found = [(name, self._quoted(record.get(name))) for name in (*_TOLD, "place")]
        return "; ".join(f"{name}: {text}" for name, text in found if text)

    def _quoted(self, value: Json) -> str:
        """Return a value as JSON, empty for none: what somebody wrote can't be read as one more field."""
        text = self._text(value)
        return _QUOTED.encode(text) if text and schema.is_text(value) else text

    def _text(self, value: Json) -> str:
        text, cut = cell(value, MAX_TEXT)
        self._evidence.tally.cut += cut
        return text

    def _time(self, value: Json, shift: int) -> dict[str, str] | None:
        found = from_utc(value)
        told = None if found is None else iso(found + shift * SECOND)
        return None if told is None else {"@type": "xsd:dateTime", "@value": told}


def _kept(fields: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value not in (None, "", [])}
