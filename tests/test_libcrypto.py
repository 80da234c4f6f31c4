"""The host's configuration of OpenSSL runs no code in the collector and holds it up nowhere, at none of its doors.

A FIFO that nobody writes to stands where the configuration would be: who opens it waits, and the test's time ends.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import live
import made
import pytest

if sys.platform != "linux":
    pytest.skip("FIFOs and mounts of Linux", allow_module_level=True)

DOORS = {
    "scripts/collect": live.command("--version"),
    "python -m": [sys.executable, "-B", "-m", "collector.cli", "--version"],
    "the built program": [sys.executable, "-B", str(live.ROOT / "scripts/program_main.py"), "--version"],
}


@pytest.fixture
def fifo(tmp_path) -> Path:
    os.mkfifo(tmp_path / "openssl.cnf")
    return tmp_path / "openssl.cnf"


@pytest.mark.parametrize("command", DOORS.values(), ids=DOORS)
def test_a_configuration_that_the_environment_names_is_not_opened(fifo, command):
    """At every door the environment is changed before anything that hashes is loaded."""
    env = live.environment(OPENSSL_CONF=str(fifo), PYTHONPATH=str(live.ROOT))
    done = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_nor_is_it_by_the_library_that_signs(fifo, tmp_path):
    """`cryptography` brings an OpenSSL of its own, which checks the signature of the seal."""
    bundle = made.sealed(tmp_path)
    assert live.run("verify", bundle, env={"OPENSSL_CONF": str(fifo)}, timeout=60).code == 0


@pytest.mark.root
def test_the_systems_own_configuration_is_not_opened(fifo, tmp_path):
    """The same where the file of the system itself holds who reads it."""
    live.needs("unshare")
    kept = [path for path in ("/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf") if Path(path).is_file()]
    if not kept:
        pytest.skip("OpenSSL has no configuration here")
    inside = ["unshare", "-m", "sh", "-c", f'mount --bind {fifo} {kept[0]} && exec "$@"', "sh"]
    assert live.run("verify", made.sealed(tmp_path), before=inside, timeout=60).code == 0


def test_a_program_that_we_start_is_told_nothing_of_it():
    """What is set for ourselves reaches no child: each has an environment of its own, named where it is started."""
    calls = [
        (path.relative_to(live.ROOT), {word.arg for word in node.keywords})
        for path in live.ROOT.glob("collector/**/*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("subprocess.Popen", "subprocess.run")
    ]
    assert len(calls) >= 5
    assert [path for path, words in calls if "env" not in words] == []
