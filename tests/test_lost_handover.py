"""`collect pack` and `collect open` that nobody hears, or that are ended from outside: nothing gets lost or lies about.

A new practice key reaches somebody or its file is not kept; what was decrypted is removed, or said to stand there.
"""

from __future__ import annotations

import json
import subprocess
import sys

import made
import pyrage
import pytest
import tarmaker as tar

from collector import bundle as bundles
from collector.handover.opening import open_file

if sys.platform != "linux":
    pytest.skip("sends signals, fills and closes standard streams as Linux does", allow_module_level=True)

import live

KEY = pyrage.x25519.Identity.from_str(tar.KEY)
EXPERT = str(KEY.to_public())
TOP = tar.TOP
NAME = f"{TOP}.tar.age"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return made.sealed(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# Who hears the key --------------------------------------------------------------------------


def redirected(redirection, *args):
    """Run the command through a shell that sends its streams somewhere odd."""
    command = ["sh", "-c", f'"$@" {redirection}', "sh", *live.command(*args)]
    return subprocess.run(command, env=live.environment(), capture_output=True, text=True, check=False, timeout=120)


def key_in(said):
    """Return the practice's key as it stands on paper, or in the object of `--json`."""
    if said.startswith("{"):
        return json.loads(said)["practice_identity"]
    return "".join(line for line in said.splitlines() if line.startswith("      ")).replace(" ", "")


@pytest.mark.parametrize(
    ("redirection", "form"),
    [
        (">/dev/full", "--json"), (">&-", "--json"), (">/dev/null", "--json"), ("2>&-", "--json"),
        ("2>/dev/full", "--lang=en"), ("2>&-", "--lang=en"), ("2>/dev/null", "--lang=en"), ("<&- 2>&-", "--lang=en"),
        (">/dev/full", "--lang=en"), (">&-", "--lang=en"),
    ],
)  # fmt: skip
def test_a_key_that_one_stream_does_not_take_is_shown_on_the_other(bundle, out, redirection, form):
    """Full, closed or the null device: exit 0, and what is read on the stream that is left opens the file."""
    done = redirected(redirection, "pack", bundle, "--out", out, form)
    assert done.returncode == 0, done
    assert "" in (done.stdout, done.stderr)
    key = pyrage.x25519.Identity.from_str(key_in(done.stdout or done.stderr))
    assert open_file(out / NAME, [key], out).path.name == TOP


@pytest.mark.parametrize("form", ["--json", "--lang=en"])
@pytest.mark.parametrize(
    "redirection", [">/dev/full 2>/dev/full", ">&- 2>&-", ">/dev/null 2>/dev/full", ">/dev/full 2>/dev/null"]
)
def test_a_key_that_nobody_takes_leaves_no_file(bundle, out, redirection, form):
    """Exit 1: a file that nobody could open again would stand for evidence that is not there."""
    assert redirected(redirection, "pack", bundle, "--out", out, form).returncode == 1
    assert names(out) == []


def test_a_key_that_nobody_takes_is_told_with_a_hint(bundle, out):
    """The null device on one side, and a stream that breaks under the key but takes a line after it."""
    once = (
        "import sys\nreal, count = sys.stderr.write, [0]\n"
        "def write(words):\n count[0] += 1\n"
        " if count[0] == 1: raise OSError(28, 'full')\n return real(words)\nsys.stderr.write = write\n"
    )
    command = ["sh", "-c", '"$@" >/dev/null', "sh", *live.command("pack", bundle, "--out", out, fault=once)]
    done = subprocess.run(command, env=live.environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, names(out)) == (1, [])
    assert "error: the practice's own key could not be shown anywhere" in done.stderr
    assert "hint: " in done.stderr


@pytest.mark.parametrize("redirection", [">/dev/full 2>/dev/full", ">&- 2>&-"])
def test_a_file_without_a_new_key_needs_nobody_to_hear(tmp_path, out, redirection):
    """A bundle that was collected for somebody has its recipients: the file is kept, exit 0."""
    opening = {**made.opening(), "recipients": [EXPERT]}
    own = bundles.create(tmp_path, TOP, opening, made.README, made.key(), made.MadeClock(), made.SID)
    own.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    assert redirected(redirection, "pack", own.path, "--out", out).returncode == 0
    assert names(out) == [NAME, NAME + ".sha256"]
