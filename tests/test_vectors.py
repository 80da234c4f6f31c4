"""The vectors: each is a bundle with one thing wrong, and the verifier says exactly what, without touching it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import made
import pytest
import vectors

from collector.findings import Code
from collector.model import Gap, Outcome
from collector.verify import examine

ALL = vectors.all_vectors()
MADE_BY = Path(__file__).resolve().parent.parent / "scripts"


@pytest.mark.parametrize("vector", ALL, ids=lambda vector: vector.name)
def test_each_vector_is_told_for_what_it_is(vector, tmp_path):
    """Verdict, code and place of the first finding are those of the header, and nothing in the folder changed."""
    folder = vector.lay(tmp_path / "bundle")
    given = dict(zip(vector.arguments[::2], vector.arguments[1::2], strict=True))
    trusted = vectors.trusted(given)
    before = vectors.snapshot(folder)
    report = examine(folder, trusted)
    first = report.findings[0] if report.findings else None
    told = (str(report.verdict), str(first.code) if first else "", first.subject if first else "")
    assert told == (vector.expect, vector.code, vector.subject), report.findings
    assert vectors.snapshot(folder) == before
    assert all(finding.detail.isprintable() and finding.subject.isprintable() for finding in report.findings)


def test_one_cause_is_not_told_as_a_hundred(tmp_path):
    """A line removed near the start of a long manifest gives a few findings, the first of them at that line."""
    bundle = made.unsealed(tmp_path)
    for number in range(500):
        bundle.gap("screen", Gap(Outcome.ABSENT, f"no display {number}"))
    bundle.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    manifest = bundle.path / "manifest.jsonl"
    lines = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(b"".join(lines[:9] + lines[10:]))
    report = examine(bundle.path, vectors.trusted({}))
    assert (str(report.findings[0].code), report.findings[0].subject) == ("CHAIN_BREAK", "manifest.jsonl line 10")
    assert len(report.findings) < 8


def test_the_second_writer_makes_the_same_bytes(tmp_path):
    """Two writers that share no code make the same bundle from the same inputs, byte by byte, names and all."""
    bundle = made.bundle.create(tmp_path, "T-1", made.opening(), made.README, made.key(), made.MadeClock(), made.SID)
    file = bundle.artifact("processes", "processes", ".jsonl", "test")
    file.write(b'{"kind":"processes"}\n{"pid":1}\n')
    bundle.finish(file, rows=1)
    bundle.gap("screen", Gap(Outcome.ABSENT, "no display"))
    bundle.phase("volatile")
    bundle.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    other = next(vector for vector in ALL if vector.name == "good").lay(tmp_path / "other")
    ours, theirs = (
        {str(p.relative_to(f)): p.is_dir() or p.read_bytes() for p in f.rglob("*")} for f in (bundle.path, other)
    )
    assert ours == theirs


def test_the_vectors_are_what_the_script_makes():
    """Run again, the script has nothing to change: no vector was edited by hand."""
    run = subprocess.run(
        [sys.executable, "-B", str(MADE_BY / "gen_vectors.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", ["gen_vectors.py", "second_writer.py"])
def test_the_second_writer_knows_nothing_of_the_first(name):
    """No line of the script loads `collector`: a mistake there can't hide in both."""
    loaded = set()
    for node in ast.walk(ast.parse((MADE_BY / name).read_text())):
        if isinstance(node, ast.Import):
            loaded |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            loaded.add(str(node.module).split(".")[0])
    assert loaded <= set(sys.stdlib_module_names) | {"cryptography", "second_writer"}


def test_vectors_are_small_and_cover_the_codes():
    """Each is under 9 KiB, and every code that this version can give is the first finding of one of them."""
    assert len(ALL) >= 200
    assert max(path.stat().st_size for path in vectors.FOLDER.iterdir()) < 9216
    assert {vector.code for vector in ALL} - {""} == {str(code) for code in Code}
