"""`scripts/collect` on machines of all kinds: what it makes, when it makes it anew, and that half-made never counts.

The checkout is a made one: the real scripts, a program that tells how it was started, and a lock that names one small
wheel, found in a folder. So no network is needed but in the last test, which takes the real lock and the real program.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

if sys.platform == "win32":
    pytest.skip("the scripts are for POSIX systems", allow_module_level=True)

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import json, os, sys
def main():
    import grain
    told = {"argv": sys.argv, "grain": grain.VERSION, "packages": grain.__file__, "stdin": sys.stdin.read()}
    told |= {"cwd": os.getcwd(), "site": "site" in sys.modules}
    told |= {"isolated": sys.flags.isolated, "no_bytecode": sys.flags.dont_write_bytecode}
    json.dump(told, sys.stdout)
    sys.exit(7)
"""


class MadeCheckout:
    """A folder with a space in its name, the scripts in it, and wheels beside it."""

    def __init__(self, folder: Path, scripts: Path) -> None:
        self.root = folder / "my checkout"
        self.wheels = folder / "wheels"
        self.cache = folder / "cache"
        self.wheels.mkdir()
        shutil.copytree(scripts, self.root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        (self.root / "collector").mkdir()
        (self.root / "collector/__init__.py").touch()
        (self.root / "collector/cli.py").write_text(PROGRAM)
        self.lock("1.0")

    def lock(self, version: str, digest: str | None = None) -> None:
        """Make the wheel of a version and let the lock name it and nothing else."""
        info = f"grain-{version}.dist-info"
        path = self.wheels / f"grain-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr("grain.py", f"VERSION = {version!r}\n")
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: grain\nVersion: {version}\n")
            form = "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            wheel.writestr(f"{info}/WHEEL", form)
            wheel.writestr(f"{info}/RECORD", "")
        digest = digest or hashlib.sha256(path.read_bytes()).hexdigest()
        (self.root / "requirements.lock").write_text(f"grain=={version} --hash=sha256:{digest}\n")

    def environ(self, **more: str) -> dict[str, str]:
        """Return variables with no trace of the machine's own settings of pip, and no HOME."""
        return {
            "PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(self.cache), "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_NO_CACHE_DIR": "1",
        } | more  # fmt: skip

    def start(self, *arguments: str, before: tuple[str, ...] = (), **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*before, str(self.root / "scripts/collect"), *arguments],
            env=self.environ(**more), cwd=self.wheels, start_new_session=True, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def collect(self, *arguments: str, stdin: str = "", **more) -> tuple[int, dict, str]:
        """Run `scripts/collect` to its end; return its exit code, what the program told, and stderr."""
        out, err = (process := self.start(*arguments, **more)).communicate(stdin, timeout=300)
        return process.returncode, json.loads(out or "{}"), err

    def around(self) -> set[str]:
        """Return what lies in the checkout."""
        return {path.name for path in self.root.iterdir()}


@pytest.fixture
def made(tmp_path, checkout) -> MadeCheckout:
    return MadeCheckout(tmp_path, checkout / "scripts")


@pytest.fixture
def silent_index():
    """Return a listening socket: an index that takes the question and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(120)
        yield server


def is_from(environment: Path, told: dict[str, str]) -> bool:
    """Tell whether the program had its library from this environment."""
    return told["packages"].startswith(f"{environment}/lib/")


def asks(server: socket.socket) -> dict[str, str]:
    """Return variables that make pip ask this server."""
    return {"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": f"http://127.0.0.1:{server.getsockname()[1]}/"}


def test_first_and_second_start(made) -> None:
    """The first start makes the environment; the second finds it, asks pip for nothing and says nothing."""
    code, told, err = made.collect("verify", "a b", "*", "", stdin="from a pipe", PYTHONPATH="/nowhere")
    assert (code, told["argv"], told["stdin"]) == (7, ["collect", "verify", "a b", "*", ""], "from a pipe")
    assert (told["isolated"], told["no_bytecode"], told["site"]) == (1, 1, False)
    assert told["cwd"] == str(made.wheels)
    assert is_from(made.root / ".venv", told)
    assert err.startswith("making the Python environment")
    assert made.around() == {".venv", "collector", "scripts", "requirements.lock"}
    assert list(made.root.glob("collector/__pycache__")) + list(made.root.glob("scripts/__pycache__")) == []

    before = (made.root / ".venv").stat()
    shutil.rmtree(made.wheels)
    made.wheels.mkdir()
    assert made.collect("--version") == (7, told | {"argv": ["collect", "--version"], "stdin": ""}, "")
    assert (made.root / ".venv").stat() == before


def test_through_a_link(made, tmp_path) -> None:
    """A link to the script, in a folder of the PATH, finds the checkout behind it."""
    link = tmp_path / "collect"
    link.symlink_to(made.root / "scripts/collect")
    done = subprocess.run(
        [link, "x"], env=made.environ(), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert is_from(made.root / ".venv", json.loads(done.stdout)), done.stderr


def test_changed_lock_and_lost_python(made) -> None:
    """A lock that names another version makes a new environment, and so does a Python that is gone; nothing is left."""
    assert made.collect()[1]["grain"] == "1.0"
    made.lock("2.0")
    assert made.collect()[1]["grain"] == "2.0"
    (made.root / ".venv/bin/python").unlink()
    (made.root / ".venv/bin/python").symlink_to("/usr/bin/python3.of-last-year")
    assert made.collect()[0] == 7
    assert made.around() == {".venv", "collector", "scripts", "requirements.lock"}


def test_another_file_than_the_lock_names(made) -> None:
    """A wheel with another hash is refused with `error:` and `hint:`, and no environment is left."""
    made.lock("1.0", digest="0" * 64)
    code, told, err = made.collect()
    assert (code, told) == (1, {})
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in err
    assert err.splitlines()[-2].startswith("error: pip can't install")
    assert err.splitlines()[-1].startswith("hint: ")
    assert made.around() == {"collector", "scripts", "requirements.lock"}


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_makes(made, silent_index, end) -> None:
    """Ctrl-C or SIGTERM in the middle leaves nothing that could pass for an environment, and nothing else."""
    process = made.start(**asks(silent_index))
    with silent_index.accept()[0]:  # pip is installing: the environment is half made
        os.killpg(process.pid, end)
        out, err = process.communicate(timeout=60)
    assert (process.returncode != 0, out) == (True, ""), err
    assert made.around() == {"collector", "scripts", "requirements.lock"}
    assert made.collect()[0] == 7


def test_killed_while_it_makes(made, silent_index) -> None:
    """What `kill -9` leaves never counts; the next start makes a whole one and takes the rest away."""
    process = made.start(**asks(silent_index))
    with silent_index.accept()[0]:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
    assert len(left := made.around() - {"collector", "scripts", "requirements.lock"}) == 1
    assert left.pop().startswith(".venv-new-")
    assert made.collect()[1]["grain"] == "1.0"
    assert made.around() == {".venv", "collector", "scripts", "requirements.lock"}


def test_two_at_once(made, silent_index) -> None:
    """A second start waits for the first; when that is killed, it makes the environment itself."""
    first = made.start(**asks(silent_index))
    with silent_index.accept()[0]:
        second = made.start("second")
        assert second.stderr.readline().startswith("waiting for another start")
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate(timeout=60)
    out, err = second.communicate("", timeout=120)
    assert (second.returncode, json.loads(out)["argv"]) == (7, ["collect", "second"]), err


def test_many_at_once(made) -> None:
    """Four starts at the same instant all run, and one environment was made."""
    processes = [made.start(str(number)) for number in range(4)]
    ends = [process.communicate("", timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [7] * 4, ends
    assert [json.loads(out)["argv"][1] for out, _ in ends] == list("0123")
    assert "".join(err for _, err in ends).count("making the Python environment") == 1
    assert made.around() == {".venv", "collector", "scripts", "requirements.lock"}


def test_checkout_that_cannot_be_written(made) -> None:
    """Where the checkout is read-only, the environment goes to the cache of the user, and is found there again."""
    before: tuple[str, ...] = ()
    if os.geteuid() != 0:
        made.root.chmod(0o555)
    else:  # root may write anywhere but on a read-only mount
        read_only = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
        before = ("unshare", "--mount", "sh", "-c", read_only, str(made.root))
        if subprocess.run([*before, "true"], check=False, capture_output=True).returncode != 0:
            pytest.skip("this machine lets root mount nothing")
    code, told, err = made.collect(before=before)
    made.root.chmod(0o755)
    assert code == 7, err
    assert is_from(made.cache / "evidence-collector/.venv", told)
    assert made.around() == {"collector", "scripts", "requirements.lock"}
    assert made.collect() == (7, told, "")


def test_nowhere_to_write(made) -> None:
    """Where neither the checkout nor a cache takes an environment, this is said, with what to do."""
    done = subprocess.run(
        [sys.executable, made.root / "scripts/environment.py", "/proc/x/.venv", "/dev/null/.venv", "--", "/dev/null"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["error", "hint"]


@pytest.mark.parametrize(
    ("pythons", "said"),
    [
        ({}, "error: Python 3.11 or newer with its venv module is needed\n"),
        ({"python3": "no 3.9.2", "python": "no 2.7.18"}, "needed; here python3 is 3.9.2, python is 2.7.18\n"),
    ],
)
def test_no_python_that_will_do(made, tmp_path, pythons, said) -> None:
    """Without a Python that is new enough, the script names those that are there and says what to install."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("cat", "cmp", "sh"):
        (tools / name).symlink_to(shutil.which(name))
    for name, answer in pythons.items():  # stands for an old Python: answers the script's question as that would
        (tools / name).write_text(f"#!/bin/sh\necho {answer}\n")
        (tools / name).chmod(0o755)
    code, told, err = made.collect(PATH=str(tools))
    assert (code, told) == (1, {})
    assert said in err
    assert err.splitlines()[-1].startswith("hint: ")
    assert made.around() == {"collector", "scripts", "requirements.lock"}


@pytest.mark.slow
def test_the_real_lock_and_program(checkout, tmp_path) -> None:
    """In a fresh copy under a path with a space, the README's command makes its environment and seals a bundle."""
    root, tree, out = tmp_path / "a fresh copy", tmp_path / "tree", tmp_path / "out"
    for folder in ("collector", "rules", "scripts"):
        shutil.copytree(checkout / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    shutil.copy(checkout / "requirements.lock", root)
    tree.mkdir()
    out.mkdir()
    done = subprocess.run(
        [root / "scripts/collect", "--case", "DEMO-1", "--scan", tree, "--out", out, "--json", "--yes"],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd="/",
    )  # fmt: skip
    assert done.returncode in {0, 4}, done.stderr  # 4: sealed, and the machine that tests is on a network
    verified = subprocess.run([root / "scripts/collect", "verify", json.loads(done.stdout)["bundle"]], check=False)
    assert verified.returncode == 0
    assert list(root.rglob("collector/**/__pycache__")) == []
