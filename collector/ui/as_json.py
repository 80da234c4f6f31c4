"""What `--json` prints: one object for a run, one for a verified bundle (docs/SPEC.md; design.md, section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import text
from collector.ledger import as_json

if TYPE_CHECKING:
    from pathlib import Path

    from collector.errors import CollectorError
    from collector.model import Json
    from collector.result import Result
    from collector.verify import Report


def path_json(path: Path) -> Json:
    """Return a path; one that is not Unicode keeps its bytes as `{"text", "hex"}`."""
    native = text.from_native(str(path))
    return native if isinstance(native, str) else dict(native)


def result_json(result: Result) -> dict[str, object]:
    """Return the object of `collect --case … --json`."""
    missed: list[Json] = [{"source": source, "outcome": outcome} for source, outcome in result.missed]
    return {
        "bundle": path_json(result.bundle),
        "case": result.case,
        "exit": result.exit_code,
        "records": result.records,
        "artifacts": result.artifacts,
        "gaps": result.gaps,
        "isolation": {when: result.isolation.get(when) for when in ("open", "close", "run")},
        "start_code": result.start_code,
        "seal_code": result.seal_code,
        "seal_sha256": result.seal_sha256,
        "recipients": list(result.recipients),
        "level": result.level,
        "practice_identity": result.practice_identity,
        "seconds": round(result.seconds, 3),
        "never_powered_off": result.never_off[0],
        "reason": result.reason,
        "missed": missed,
        "own_files_disturbed": result.disturbed,
        "continues": [{"bundle": path_json(path), "why": why} for path, why in result.parts],
    }


def report_json(report: Report, path: Path) -> dict[str, object]:
    """Return the object of `collect verify BUNDLE --json`; findings have the root cause first."""
    findings: list[Json] = [
        {
            "code": finding.code.value,
            "subject": finding.subject,
            "detail": finding.detail,
            "level": finding.level.name.lower(),
        }
        for finding in report.findings
    ]
    anchors: list[Json] = [
        {
            "kind": anchor.kind,
            "anchors": anchor.anchors,
            "detail": anchor.detail,
            "holder": as_json(anchor.holder),
            "key": anchor.key,
            "not_later_than": anchor.not_later_than,
        }
        for anchor in report.anchors
    ]
    return {
        "bundle": path_json(path),
        "case": report.case,
        "sid": report.sid,
        "verdict": report.verdict.value,
        "findings": findings,
        "more_findings": report.more_findings,
        "records": report.records,
        "artifacts": report.artifacts,
        "attachments": report.attachments,
        "start_code": report.start_code,
        "seal_code": report.seal_code,
        "seal_sha256": report.seal_sha256,
        "anchors": anchors,
        "recipients": list(report.recipients),
        "level": report.level,
        "resumed": list(report.resumed),
    }


def refused_json(error: CollectorError, path: Path) -> dict[str, object]:
    """Return what stands in the place of `report_json` for one of several folders that could not be verified."""
    return {"bundle": path_json(path), "verdict": None, "error": str(error)}
