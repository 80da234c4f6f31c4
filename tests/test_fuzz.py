"""The fuzzers, briefly: the same inputs every time, their promises hold, and a verifier that is broken breaks them.

How to run them at length stands in docs/FUZZING.md.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parent / "fuzz"
BROKEN = """
import os, sys
from pathlib import Path
fuzz = Path(sys.argv[1])
sys.path[:0] = [str(fuzz.parent.parent), str(fuzz.parent), str(fuzz)]
import {harness} as harness
from collector import chainfile, contents, manifest, verify
from collector.handover import opening, unpacking
seeds = list(harness.seeds())
harness.install("")
for broken in {changes!r}:
    child = os.fork()
    if child == 0:
        os.environ["FUZZ_FINDINGS"] = sys.argv[2]
        harness.install("")
        exec(broken)
        for seed in seeds:
            try:
                harness.judge(seed)
            except Exception as error:
                print(type(error).__name__, "at", broken, flush=True)
                os._exit(0)
        print("NOBODY NOTICED", broken, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
BREAKS = {
    "bundles": (
        "contents.Contents.extras = lambda *_, **__: None",
        "contents.Contents.spelled = lambda *_, **__: None",
        "verify._signature = lambda *_: None",
        "contents._shown = lambda name: name",
        "verify._line = lambda text, number: text.split(b'\\n')[number - 1]",
    ),
    "reader": (
        "harness._decode = lambda line: __import__('json').loads(line)",
        "manifest._DECODER = __import__('json').JSONDecoder()",
        "manifest._bounded = lambda *_: None",
        "chainfile._Splitter.lines = lambda self: iter(b''.join(map(bytes, chainfile.disk.chunks(0))).split(b'\\n'))",
    ),
    "archives": (
        "unpacking.TarReader._once = lambda *_: None",
        "unpacking.TarReader._name = lambda self, block: block[:100].rstrip(b'\\0').decode('ascii')",
        "unpacking.TarReader.end = lambda self: None",
        "unpacking.TarReader.feed = lambda self, data, f=unpacking.TarReader.feed: f(self, data[:len(data) & ~511])",
        "unpacking._NUMBER = unpacking.re.compile(b'.*', unpacking.re.DOTALL)",
        "unpacking._PAX_IGNORED['path'] = unpacking.re.compile('.*')",
        "unpacking.archive.is_member = lambda name: True",
        "unpacking.archive.is_top = lambda top: True",
        "opening._Folder.remove = lambda self: True",
        "opening._Folder._called = lambda self, top: setattr(self, '_top', '../' + top)",
        "opening._Folder._open_folder = lambda self, name: opening.os.open(self._out, opening._FOLDER)",
    ),
}
"""Ways to break the verifier or the opener, each of which some promise of a fuzzer must show."""


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is for Linux and Python before 3.14")
@pytest.mark.parametrize(("name", "runs"), [("reader", 6000), ("bundles", 1000), ("archives", 800)])
def test_a_fuzzer_finds_nothing(name, runs, tmp_path):
    """So many inputs from the seeds on: every promise at the top of the fuzzer's file holds."""
    command = [sys.executable, "-B", FUZZ / "run.py", name, "--runs", str(runs), "--seed", "1", "--work", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900, cwd=tmp_path)
    assert run.returncode == 0, run.stderr[-4000:]
    done = re.search(r"Done (\d+) runs", run.stderr)
    assert done is not None
    assert int(done[1]) >= runs  # the last inputs come in a batch
    assert list(tmp_path.glob("*-*")) == [], "findings were kept"


@pytest.mark.parametrize("harness", BREAKS)
def test_a_broken_verifier_does_not_pass_the_seeds(harness, tmp_path):
    """Each promise can be broken: with a check taken out of the verifier, the seeds alone show it."""
    program = BROKEN.format(harness=harness, changes=BREAKS[harness])
    command = [sys.executable, "-B", "-c", program, FUZZ, tmp_path]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    told = run.stdout.splitlines()
    assert len(told) == len(BREAKS[harness]), run.stderr[-4000:]
    assert [line for line in told if line.startswith("NOBODY")] == []
