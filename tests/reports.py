"""The whole report of every vector: tests/testdata/reports.jsonl, one line each.

A vector's own header says what the first finding must be. This file holds everything else that the verifier says of
it: each further finding in its order, counts, codes, anchors. It is written by the verifier itself, so a change of it
is read like a change of code: `python tests/reports.py` writes it anew, `git diff` shows what the verifier now says.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

import vectors

from collector.verify import examine

if TYPE_CHECKING:
    from collector.anchors import Trusted
    from collector.verify import Report

FILE = Path(__file__).resolve().parent / "testdata" / "reports.jsonl"


def trusted(vector: vectors.Vector) -> Trusted:
    """Return what the command of a vector brings."""
    return vectors.trusted(dict(zip(vector.arguments[::2], vector.arguments[1::2], strict=True)))


def told(report: Report) -> dict:
    """Return a report without its sentences."""
    return {
        "verdict": str(report.verdict),
        "of": [report.case, report.sid],
        "findings": [[str(f.code), f.subject, f.level.name] for f in report.findings],
        "more": report.more_findings,
        "counts": [report.records, report.artifacts, report.attachments],
        "codes": [report.start_code, report.seal_code, report.seal_sha256],
        "anchors": [[a.kind, a.anchors, a.holder, a.key, a.not_later_than] for a in report.anchors],
        "recipients": list(report.recipients),
        "resumed": list(report.resumed),
        **({} if report.level is None else {"level": report.level}),  # few of them name one
    }


def expected() -> dict[str, dict]:
    """Return what the file says of each vector."""
    lines = map(json.loads, FILE.read_text("ascii").splitlines())
    return {line.pop("vector"): line for line in lines}


def main() -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory() as place:
        lines = [
            json.dumps({"vector": v.name, **told(examine(v.lay(Path(place) / v.name), trusted(v)))})
            for v in vectors.all_vectors()
        ]
    FILE.write_text("\n".join(lines) + "\n", "ascii")


if __name__ == "__main__":
    main()
