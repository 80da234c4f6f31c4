"""Ten hosts, each with a real sshd, are collected by one `ansible-playbook`: the summary says which failed, and where.

One has no sshd, one's collector is killed, one loses power in mid-run; the other seven are complete. An eleventh is the
attacker's: it answers whatever it is asked without end. The same command, given again, leaves alone what is here,
resumes what was cut short, and collects what was not reached.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import fleet_hosts
import live
import pytest
import spaces

CASE = "CABINET-7"
NAMES = [f"pc-{number:02}" for number in range(1, 11)]
COPIED, UNROUTED, BECOMES, CLOSED, KILLED, DARK = "pc-01", "pc-02", "pc-03", "pc-08", "pc-09", "pc-10"
WELL = [name for name in NAMES if name not in (CLOSED, KILLED, DARK)]
ENDLESS = "pc-66"
_PYTHON = Path(os.environ.get("COLLECT_ANSIBLE", live.ROOT / ".venv-ansible")) / "bin/python"
pytestmark = [
    *spaces.ROOT,
    pytest.mark.skipif(not _PYTHON.exists(), reason="scripts/test sets Ansible up"),
    pytest.mark.skipif(not Path(fleet_hosts.SSHD).exists(), reason="needs openssh-server"),
]


def program(fault: str = "") -> list[str]:
    """Return the words that start `collect` from this checkout on a host; its arguments are the role's."""
    return [word for word in live.command(fault=fault) if word != "--no-memory"]


def script(path: Path, words: list[str]) -> Path:
    """Write a program that starts another one, with its own arguments after the words."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    path.chmod(0o755)
    return path


@dataclass
class Play:
    """One call of `ansible-playbook` that has ended."""

    code: int
    out: str
    log: str
    told: dict[str, dict]
    page: str


class Provider:
    """The IT provider's machine, and the practice's ten hosts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = folder / "results"
        self.network = fleet_hosts.Network(folder)
        self.control = Path(tempfile.mkdtemp(prefix="ec-", dir="/tmp"))  # names of sockets are short
        self.scan = live.files_in(folder / "scan", 5)
        identity = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout.splitlines()
        self.expert, self.recipient = identity[-1], identity[-2].split()[-1]
        self.plays = 0

    def close(self) -> None:
        self.network.close()
        shutil.rmtree(self.control)

    def play(self, hosts: dict[str, dict[str, object]], *words: str) -> Play:
        """Run the playbook once, as talkative as it can be; it must end by itself."""
        self.plays += 1
        log = self.folder / f"play-{self.plays}.log"
        given = {"case": CASE, "operator": "A. Martin", "recipients": self.recipient, "results": str(self.results)}
        everywhere = {
            "collect_command": program(), "collect_verifier": program(), "collect_scan": [str(self.scan)],
            "collect_profile": "triage", "collect_memory": False, "collect_max_size": "64M", "collect_language": "en",
            "collect_pause": 1, "collect_silence": 30, "collect_patience": 30,
        }  # fmt: skip
        command = [
            *self.network.collector.enter, str(_PYTHON), "-I", "-m", "ansible", "playbook", "-f", "11",
            "-i", str(self.network.inventory(everywhere, {name: hosts.get(name, {}) for name in self.network.hosts})),
            str(live.ROOT / "scripts/ansible/collect.yml"), "-e", json.dumps(given), *words,
        ]  # fmt: skip
        env = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}, "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(self.folder / "ansible"), "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.control),
            "ANSIBLE_LOG_PATH": str(log),
        }  # fmt: skip
        done = subprocess.run(
            command, env=env, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False
        )
        out = done.stdout.decode() + done.stderr.decode()
        summaries = sorted((self.results / CASE).glob("summary-*.json"))
        assert len(summaries) == self.plays, out[-5000:]
        told = {host["host"]: host for host in json.loads(summaries[-1].read_text())["told"]}
        return Play(done.returncode, out, log.read_text(), told, summaries[-1].with_suffix(".html").read_text())

    def key(self, told: dict) -> str:
        """Return the reading key that was kept of a host."""
        return Path(told["key_file"]).read_text().splitlines()[-1]


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    live.needs("age-keygen", "ssh-keygen", "unshare")
    made = Provider(tmp_path_factory.mktemp("provider"))
    try:
        for name in (*NAMES, ENDLESS):
            host = made.network.add(name)
            if name == ENDLESS:
                host.configure(f"ForceCommand yes {'A' * 200}")
            if name != CLOSED:
                host.start()
            if name != UNROUTED:
                host.space.ip("route add default via 192.0.2.1")
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def first(provider):
    """Run the first play: three of ten hosts go wrong, each in its own way."""
    copied = script(provider.folder / "collect/collect", program())
    (copied.parent / "_internal").mkdir()
    (copied.parent / "_internal/data.bin").write_bytes(os.urandom(9_000_000))  # goes over in more than one piece
    killed = script(provider.folder / "killed", program(live.fault("fsync", 40)))
    hangs = script(provider.folder / "hangs", program(live.fault("fsync", 40, "__import__('time').sleep(600)")))
    hosts: dict[str, dict[str, object]] = {
        BECOMES: {"ansible_become": True, "ansible_become_method": "su"},
        COPIED: {"collect_command": [], "collect_program": str(copied.parent)},
        KILLED: {"collect_command": [str(killed)]},
        DARK: {"collect_command": [str(hangs)], "collect_silence": 5, "collect_patience": 3},
        ENDLESS: {"collect_silence": 10},
    }
    dark = provider.network.hosts[DARK]
    out = dark.root / f"var/tmp/evidence-{CASE}/out"

    def cut() -> None:
        live.wait_for(lambda: list(out.glob("*/artifacts/*")), 200)  # eleven hosts start at once; the play has 300
        dark.cut_power()

    watcher = threading.Thread(target=cut)
    watcher.start()
    try:
        return provider.play(hosts, "-vvvv")
    finally:
        watcher.join()


@pytest.fixture(scope="module")
def second(provider, first):
    """Run the same command once more; a host that is done can't be reached any more, the others are well again."""
    provider.network.hosts[WELL[-1]].cut_power()
    for name in (CLOSED, DARK):
        provider.network.hosts[name].start()
    return provider.play({}, "-e", "remove_bundle=true", "-l", f"!{ENDLESS}")


def test_the_others_complete_and_the_summary_says_which_failed(first):
    """Ansible's exit code is not 0: 4, where a host was unreachable. Each that went wrong is told with its step."""
    assert first.code == 4, first.out[-3000:]
    assert set(first.told) == {*NAMES, ENDLESS}
    assert [name for name in NAMES if first.told[name]["outcome"] == "collected"] == WELL, first.out[-3000:]
    assert first.told[ENDLESS]["outcome"] in ("unreachable", "failed"), "ended by the clock, or by its memory"
    assert "AAAA" not in first.out + first.log
    wrong = ((CLOSED, "unreachable", "connect"), (KILLED, "killed", "wait"), (DARK, "unreachable", "wait"))
    for name, outcome, step in wrong:
        assert (first.told[name]["outcome"], first.told[name]["step"]) == (outcome, step), first.told[name]
        assert not first.told[name]["sealed"]
    assert "signal 9" in first.told[KILLED]["message"]
    for name, words in ((CLOSED, "UNREACHABLE while connecting"), (KILLED, "KILLED while collecting")):
        assert f"{name:<20} {words}" in first.out
        assert words in first.page
    assert "7 of 11 hosts have a verified bundle here; 4 have none." in first.out


def test_each_bundle_is_that_hosts_and_verifies(provider, first):
    """Sealed with exit 4, for a host driven from afar is connected; verified with the codes that came by ssh."""
    for name in WELL:
        told = first.told[name]
        assert told["verdict"] == "ANCHORED"
        isolated = name == UNROUTED
        assert (told["exit"], told["isolation"]) == ((0, "ISOLATED") if isolated else (4, "CONNECTED"))
        folder = Path(told["folder"])
        assert folder.parent == provider.results / CASE / name
        opening = json.loads(live.assert_sealed(folder).lines[0])
        for reader in (provider.key(told), provider.expert):
            private = json.loads(live.decrypted(base64.b64decode(opening["private"]), reader))
            assert (private["operator"], private["host"]["hostname"]) == ("A. Martin", name)
        told_by_us = live.examined(folder)
        assert (told_by_us["seal_code"], told_by_us["start_code"]) == (told["seal_code"], told["start_code"])


def test_the_reading_key_is_nowhere_but_in_its_file(provider, first):
    """Not in the most talkative output or log, the summary, or anything on the host; its file is its owner's alone."""
    written = [path for path in provider.results.rglob("*") if path.is_file()]
    for name in [*WELL, KILLED]:
        kept = Path(first.told[name]["key_file"])
        key = provider.key(first.told[name])
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert key.startswith("AGE-SECRET-KEY-1")
        assert key not in first.out + first.log
        assert [path for path in written if key.encode() in path.read_bytes()] == [kept]
        if name != WELL[-1]:  # which the second play switches off
            left = [path for path in (provider.network.hosts[name].root / "var/tmp").rglob("*") if path.is_file()]
            assert left
            assert not any(key.encode() in path.read_bytes() for path in left)
    assert "EXEC" in first.log, "the log was talkative"


def test_nothing_is_left_on_a_host_but_the_bundle(provider, first):
    """No module of Ansible's, no program of ours, no job: nothing in the home, and one folder elsewhere."""
    for name in WELL[:-1]:
        root = provider.network.hosts[name].root
        assert [path for path in (root / "run/changed").rglob("*") if not path.is_dir()] == []
        bundle = root / f"var/tmp/evidence-{CASE}/out" / first.told[name]["bundle"]
        left = {path for path in (root / "var/tmp").rglob("*") if bundle not in (path, *path.parents)}
        assert left == {root / "var/tmp" / f"evidence-{CASE}", bundle.parent}
        assert first.told[name]["left"] == "bundle"


def nothing_runs(folder: Path, recipient: str, inventory: str, *words: str, **more: str) -> tuple[int, str]:
    """Run the playbook with a program that would leave a mark; return Ansible's exit code and all that it said."""
    given = {
        "case": "X", "results": str(folder / "results"), "recipients": recipient,
        "collect_place": str(folder), "collect_command": ["touch", str(folder / "ran")],
    }  # fmt: skip
    done = subprocess.run(
        [_PYTHON, "-I", "-m", "ansible", "playbook", "-i", inventory, "-c", "local",
         live.ROOT / "scripts/ansible/collect.yml", "-e", json.dumps(given), *words],
        env={"PATH": os.environ["PATH"], "ANSIBLE_HOME": str(folder / "ansible"), "LC_ALL": "C.UTF-8", **more},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=folder, timeout=300,
    )  # fmt: skip
    assert {path.name for path in folder.iterdir()} <= {"ansible"}, done.stdout
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("words", "more", "code", "said"),
    [
        (["--syntax-check"], {}, 0, "playbook: "),
        (["--check"], {}, 2, "nothing is tried out on a host that is evidence"),
        ([], {"ANSIBLE_DEBUG": "1"}, 2, "ANSIBLE_DEBUG prints what hosts say"),
    ],
)
def test_what_asks_for_no_run_makes_none(words, more, code, said, provider, tmp_path):
    """Ansible's own checks, and its way of printing all that a host says: nothing is started, nothing is kept."""
    found, out = nothing_runs(tmp_path, provider.recipient, "localhost,", *words, **more)
    assert found == code, out
    assert said in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-e", "on=servuer"], "no host and no group is called servuer"),
        (["-e", "on=pc-1,servuer"], "no host and no group is called servuer"),
        (["-e", "on=pc-1, pc-2"], "a name is missing after pc-1,: write the names without spaces"),
        (["-e", '{"on": ["pc-1", "pc-[1:2]:!servuer"]}'], "no host and no group is called servuer"),
        (["-l", "pc-1:servuer"], "no host and no group is called servuer"),
        (["-e", "on=pc-1", "-l", "pc-2"], "no host is left"),
        (["-e", "on=pc-*:!all"], "no host is left"),
    ],
)
def test_a_name_that_is_mistyped_is_no_success(words, said, provider, tmp_path):
    """Ansible itself warns, collects from whoever it does know, and exits 0: here nothing starts, and it exits 2."""
    code, out = nothing_runs(tmp_path, provider.recipient, "pc-1,pc-2,", *words)
    assert code == 2, out
    assert said in out


def test_an_inventory_that_is_not_there_is_no_success(provider, tmp_path):
    code, out = nothing_runs(tmp_path, provider.recipient, "missing.ini")
    assert code == 2, out
    assert "no host and no group is called all" in out


@pytest.mark.parametrize("words", [["-e", "on=localhost"], ["-e", "on=pc-*:localhost:!pc-1", "-l", "~local.+"]])
def test_a_name_that_is_known_is_let_through(words, provider, tmp_path):
    """Hosts, patterns and exclusions as in `hosts:`: what stops these plays is `ANSIBLE_DEBUG`, on the host itself."""
    code, out = nothing_runs(tmp_path, provider.recipient, "localhost,pc-1,", *words, ANSIBLE_DEBUG="1")
    assert code == 2, out
    assert "ANSIBLE_DEBUG prints what hosts say" in out
    assert "fatal: [localhost]" in out
    assert "fatal: [pc-1]" not in out


def test_the_page_is_for_paper(first):
    """It names each host with its seal code, holds no script, and asks for nothing from elsewhere."""
    for name in NAMES:
        assert f"<td>{name}</td>" in first.page or f'<td class="bad">{name}</td>' in first.page
    for name in WELL:
        assert first.told[name]["seal_code"] in first.page
    assert "<script" not in first.page
    assert "http" not in first.page.replace("http-equiv", "")


def test_the_same_command_goes_on_where_it_ended(provider, first, second):
    """What is here is not collected again, nor even contacted; the killed run is resumed; the others are collected."""
    assert second.code == 0, second.out[-3000:]
    for name in WELL:
        assert second.told[name]["outcome"] == "already"
        assert second.told[name]["bundle"] == first.told[name]["bundle"]
        assert len(list((provider.results / CASE / name).glob(f"{CASE}_*"))) == 1
    resumed = second.told[KILLED]
    assert (resumed["outcome"], resumed["resumed"]) == ("collected", True)
    bundle = live.assert_sealed(resumed["folder"])
    assert len(bundle.of("resume")) == 1
    assert resumed["key_file"] == first.told[KILLED]["key_file"], "the first part has told it"
    for name in (CLOSED, DARK):
        assert (second.told[name]["outcome"], second.told[name]["resumed"]) == ("collected", False)
    assert "All 10 hosts have a verified bundle here." in second.out


def test_a_bundle_is_removed_only_where_it_was_asked_and_is_here(provider, second):
    """With `remove_bundle=true` nothing of ours is left on a host whose copy here has verified."""
    for name in (CLOSED, KILLED, DARK):
        assert second.told[name]["left"] == "nothing"
        assert list((provider.network.hosts[name].root / "var/tmp").iterdir()) == []
        live.assert_sealed(second.told[name]["folder"])
