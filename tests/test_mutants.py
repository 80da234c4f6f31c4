"""The mutation run: what it changes and what it leaves alone, that it sees a check that no test holds, and a sample.

The whole run takes an hour or so and is made by hand after the verifier was changed: docs/FUZZING.md.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
SCRIPTS = CHECKOUT / "scripts"
EXPLAINED = CHECKOUT / "tests" / "testdata" / "mutants.toml"
SAMPLE = 100
"""Mutants of the sample: two to four minutes on two busy cores."""
TEXT = '''
"""A docstring with 1 in it."""
from __future__ import annotations

LIMIT: int = 3


def judged(data: bytes, limit: int = LIMIT) -> str | None:
    """Return a word."""
    if len(data) > limit and not data.startswith(b"x"):
        raise ValueError(f"too long: {limit}", "a sentence stays")
    for part in data[1:limit]:
        if part in (7, 8):
            continue
        seen(part, code="BAD_RECORD")
    return "word" if data else None
'''


def load(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def made(tmp_path):
    """Return the mutants of TEXT, each with the text it makes."""
    path = tmp_path / "text.py"
    path.write_text(TEXT)
    return {mutant.key: ast.unparse(mutant.made(TEXT)) for mutant in load("mutants").mutants(path)}


def test_each_mutant_is_one_change(made):
    """None is the text as it is, no two are the same text, and each can be compiled."""
    texts = list(made.values())
    assert ast.unparse(ast.parse(TEXT)) not in texts
    assert len(set(texts)) == len(texts)
    for text in texts:
        compile(text, "text", "exec")


@pytest.mark.parametrize(
    "line",
    [
        "if len(data) >= limit and (not data.startswith(b'x')):",
        "if len(data) <= limit and (not data.startswith(b'x')):",
        "if len(data) > limit or not data.startswith(b'x'):",
        "if len(data) > limit:",
        "if not data.startswith(b'x'):",
        "if len(data) > limit and data.startswith(b'x'):",
        "if len(data) > limit and (not data.endswith(b'x')):",
        "if len(data) > limit and (not data.startswith(b'XXx')):",
        "if True:",
        "if False:",
        "LIMIT: int = 2",
        "LIMIT: int = 4",
        "for part in data[:limit]:",
        "for part in data[1:]:",
        "if part not in (7, 8):",
        "seen(part)",
        "seen(part, code='XXBAD_RECORD')",
        "return None",
        "return 'word' if True else None",
        "return 'XXword' if data else None",
    ],
)
def test_every_kind_of_break_is_made(made, line):
    """Comparisons, conditions, limits, codes, arguments, slices, results: each as somebody might get it wrong."""
    assert any(line in text and line not in ast.unparse(ast.parse(TEXT)) for text in made.values())


def test_what_no_test_should_hold_is_left_alone(made):
    """Docstrings, annotations and sentences stay in every mutant but the one that removes their statement."""
    for text in made.values():
        assert "A docstring with 1 in it." in text
        assert "limit: int" in text
        assert "'a sentence stays'" in text or "raise ValueError" not in text


def test_every_explanation_is_of_a_mutant():
    """Each key in the file of reasons is that of a mutant as the code is now, stands there once, and has a reason."""
    known = {m.key for path in sorted((CHECKOUT / "collector").glob("*.py")) for m in load("mutants").mutants(path)}
    groups = tomllib.loads(EXPLAINED.read_text("utf-8"))["survivors"]
    keys = [key for group in groups for key in group["mutants"]]
    assert [key for key in keys if key not in known] == []
    assert len(set(keys)) == len(keys)
    assert all(len(group["why"]) > 30 for group in groups)


def run(*words, **environment):
    command = [sys.executable, "-B", SCRIPTS / "mutation.py", *words]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=1800, env={**os.environ, **environment}
    )


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="mutants are tried in forked children")
def test_a_sample_of_mutants_is_killed_or_explained():
    """So many mutants, chosen by what the mutated files are: a test kills each, or its reason stands in the file."""
    text = b"".join(path.read_bytes() for path in sorted((CHECKOUT / "collector").glob("*.py")))
    seed = int(hashlib.sha256(text).hexdigest()[:8], 16)
    done = run("--sample", str(SAMPLE), "--seed", str(seed))
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert f"{SAMPLE} mutants: " in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="mutants are tried in forked children")
def test_a_module_that_the_tests_load_first_meets_its_mutants():
    """Whatever the parent has loaded to lay the vectors down: the child loads it anew, with the change."""
    done = run("manifest.py", "--only", "self.chain = Chain(sid, first) => (gone)")
    assert "1 mutants: 1 killed" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
