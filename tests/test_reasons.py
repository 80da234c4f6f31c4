"""Every code of a row of traces is explained in docs/REASONS.md; run this file (PYTHONPATH=.) to write it anew."""

from __future__ import annotations

from pathlib import Path

from collector import ransom_rules
from collector.ransom import concepts, files, groups, recovery

PAGE = Path(__file__).resolve().parent.parent / "docs" / "REASONS.md"
HOW = {
    "extension": "one thing was appended to the names of all",
    "form": "each bears another extension or name, all of one form",
    "in_place": "the files bear their own names",
}


def page() -> str:
    """Return the page as the tables of the code have it."""
    near = concepts.REASONS
    found = ransom_rules.note_rules().features.values()
    parts = {
        "`note` (rules of `rules/ransom/notes.yar`)": {one.code: one.reason for one in found},
        "`note`, its sentences unknown": {f"near_address_{one}": why for one, why in near.items()},
        "`encrypted`: the first code says how the files are known, the others why": HOW | groups.REASONS,
        "One file, as `collector.ransom.files` judges it (`scripts/evaluate-encrypted --list`)": files.REASONS,
        "`recovery`": recovery.REASONS,
        "`extension`": {"ordinary": "files of this kind are on every machine"},
    }
    lines = [
        "# Codes in the rows of `ransom`",
        "",
        "Written by `tests/test_reasons.py` from the tables of the code. `family` rows say in words what points to it.",
    ]
    for title, codes in parts.items():
        lines += ["", f"## {title}", "", "| code | meaning |", "|---|---|"]
        lines += [f"| `{code}` | {meaning} |" for code, meaning in codes.items()]
    return "\n".join(lines) + "\n"


def test_every_code_is_explained():
    """A row that an expert can't read is none."""
    assert PAGE.read_text("utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
