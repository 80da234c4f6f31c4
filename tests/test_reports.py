"""Everything that the verifier says of each vector, not only what it says first."""

from __future__ import annotations

import pytest
import reports
import vectors

from collector.verify import examine

EXPECTED = reports.expected()


def test_each_vector_has_its_report():
    """The file of reports is of these very vectors; `python tests/reports.py` writes it anew."""
    assert list(EXPECTED) == [vector.name for vector in vectors.all_vectors()]


@pytest.mark.parametrize("vector", vectors.all_vectors(), ids=lambda vector: vector.name)
def test_the_whole_report_is_as_it_was(vector, tmp_path):
    """Verdict, every finding with its place and weight, counts, codes and anchors: none more, none less, in order."""
    report = examine(vector.lay(tmp_path / "bundle"), reports.trusted(vector))
    assert reports.told(report) == EXPECTED[vector.name], "if this is meant: python tests/reports.py"
