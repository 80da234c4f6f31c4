"""`collect pack` and `collect open` that nobody hears, or that are ended from outside: nothing gets lost or lies about.

A new practice key reaches somebody or its file is not kept; what was decrypted is removed, or said to stand there.
"""

from __future__ import annotations

import json
import signal
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
    return next(line for line in said.splitlines() if line.startswith("AGE-SECRET-KEY-"))


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


# Signals ------------------------------------------------------------------------------------

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]


@pytest.fixture
def keyfile(tmp_path):
    path = tmp_path / "key.txt"
    path.write_text(f"{KEY}\n")
    return path


@pytest.fixture(scope="module")
def age(tmp_path_factory, bundle):
    """Return the small bundle of the tests as a hand-over file."""
    path = tmp_path_factory.mktemp("age") / "x.tar.age"
    path.write_bytes(pyrage.encrypt(tar.whole(bundle), [KEY.to_public()]))
    return path


def signalled(call, number, at):
    """Return the fault by which a command gets a signal as it makes a system call for the n-th time."""
    return live.fault(call, at, f"os.kill(os.getpid(), {int(number)})")


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_in_the_midst_of_opening_leaves_nothing(age, keyfile, out, number):
    """At the first bytes that are written, at later ones, and as the bundle gets its name: exit 130."""
    for at in (1, 3, 9):
        fault = signalled("write", number, at)
        done = live.run("open", age, "--identity", keyfile, "--out", out, fault=fault)
        assert (done.code, done.out, done.err, names(out)) == (130, "", "", []), at
    fault = signalled("rename", number, 1)
    done = live.run("open", age, "--identity", keyfile, "--out", out, fault=fault)
    assert (done.code, names(out)) == (130, [])


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_in_the_midst_of_packing_leaves_nothing(bundle, out, number):
    """While it encrypts, while it writes the sums, and at each of the two names that it gives: exit 130."""
    for call, at in (("write", 1), ("write", 2), ("rename", 1), ("rename", 2)):
        done = live.run("pack", bundle, "--out", out, fault=signalled(call, number, at))
        assert (done.code, done.out, done.err, names(out)) == (130, "", "", []), (call, at)


def test_a_second_signal_does_not_end_the_removal(age, keyfile, out):
    """People press Ctrl-C twice; a shutdown sends SIGTERM after SIGHUP."""
    for second in SIGNALS:
        fault = signalled("write", signal.SIGTERM, 3) + signalled("unlink", second, 1)
        done = live.run("open", age, "--identity", keyfile, "--out", out, fault=fault)
        assert (done.code, names(out)) == (130, []), done


def test_a_wait_that_was_interrupted_still_waits_the_next_time(checkout):
    """CPython 3.11 takes a thread for ended whose `join` was interrupted: it would write on while all is removed."""
    program = """
import os, signal, sys, threading
sys.path.insert(0, sys.argv[1])
from collector.handover.behind import Behind
gate, done = threading.Event(), []
def work(piece):
    os.kill(os.getpid(), signal.SIGINT)
    gate.wait()
    done.append(piece)
behind = Behind(work)
behind.put(1)
try:
    behind.stop()
except KeyboardInterrupt:
    threading.Timer(0.3, gate.set).start()
    behind.stop()
    print(done)
"""
    told = subprocess.run([sys.executable, "-c", program, checkout], capture_output=True, text=True, check=False)
    assert told.stdout == "[1]\n", told


def test_under_nohup_a_hangup_is_not_heard(age, keyfile, bundle, out):
    """What was told to outlive its terminal does."""
    nohup = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"]
    fault = signalled("write", signal.SIGHUP, 1)
    assert live.run("open", age, "--identity", keyfile, "--out", out, before=nohup, fault=fault).code == 0
    assert live.run("pack", bundle, "--out", out, before=nohup, fault=fault).code == 0
    assert names(out) == [TOP, NAME, NAME + ".sha256"]


# What is left all the same ------------------------------------------------------------------

STAYS = live.fault("unlink", 1, "raise OSError(5, os.strerror(5))")
"""A medium that does not let the first of the files be removed."""


def test_what_could_not_be_removed_is_said_to_stand_there(tmp_path, bundle, keyfile, out):
    """An altered bundle on a medium that fails: the refusal's own words, and the hint names what is left."""
    age = tmp_path / "x.tar.age"
    age.write_bytes(pyrage.encrypt(tar.whole(bundle).replace(b'{"pid":1}', b'{"pid":2}'), [KEY.to_public()]))
    done = live.run("open", age, "--identity", keyfile, "--out", out, fault=STAYS)
    (left,) = names(out)
    assert (done.code, done.out) == (1, "")
    assert "error: the bundle was altered: CONTENT_MISMATCH" in done.err
    assert f"hint: delete {left} in the folder of --out by hand" in done.err
    assert "is removed" not in done.err


def test_a_signal_after_which_nothing_can_be_removed_says_so(age, keyfile, out):
    """SIGTERM, and then the medium fails: exit 1 with what to do, not the silent end of an interrupt."""
    done = live.run(
        "open", age, "--identity", keyfile, "--out", out, fault=signalled("write", signal.SIGTERM, 3) + STAYS
    )
    (left,) = names(out)
    assert (done.code, done.out) == (1, "")
    assert "error: it was broken off, and what was unpacked could not be removed" in done.err
    assert f"delete {left} in" in done.err


def test_what_a_kill_left_of_a_pack_is_told_as_that(bundle, out):
    """The next run is refused, and the hint says what the file is; without it the pack is made."""
    killed = live.run("pack", bundle, "--out", out, fault=live.fault("fsync", 1))
    assert (killed.code, names(out)) == (-9, [NAME + ".001.part"])
    done = live.run("pack", bundle, "--out", out)
    assert (done.code, names(out)) == (1, [NAME + ".001.part"])
    assert f"error: {NAME}.001.part stands in the folder already" in done.err
    assert "hint: an earlier `collect pack` was killed and left it unfinished: delete it" in done.err
    (out / f"{NAME}.001.part").unlink()
    assert live.run("pack", bundle, "--out", out).code == 0


def test_what_a_kill_left_of_an_opening_is_named_by_the_next(age, keyfile, out):
    """KILL asks nobody. The next run names the folder on one line, touches nothing of it, and opens the file."""
    killed = live.run("open", age, "--identity", keyfile, "--out", out, fault=live.fault("write", 5))
    (left,) = names(out)
    assert killed.code == -9
    before = live.snapshot(out / left)
    done = live.run("open", age, "--identity", keyfile, "--out", out, "--json")
    assert (done.code, done.json["verdict"]) == (0, "UNANCHORED")
    (line,) = done.err.splitlines()
    assert str(out / left) in line
    assert "may hold decrypted evidence" in line
    assert (names(out), live.snapshot(out / left)) == ([left, TOP], before)
