"""What an IT provider's machine does with what an attacked host answers: a real shell on this machine plays the host.

No ssh and no Ansible here (test_ansible.py has both): the host's whole side is the real one, and what it runs as
`collect` is the collector, or a program of the attacker's.
"""

from __future__ import annotations

import base64
import fcntl
import importlib
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import built
import live
import pytest

_AT = str(live.ROOT / "scripts/ansible")
CASE = "CABINET-7"
KEY = "AGE-SECRET-KEY-1" + "Q" * 58
READER = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
WORST = '\x1b[2J\x9b31m\u202egpj.exe "><script>alert(1)</script> =cmd|calc\r\n' + "A" * 4000


@pytest.fixture(scope="module")
def fleet():
    """Return the provider's side; its modules are Ansible's to find, not ours."""
    sys.path.insert(0, _AT)
    try:
        names = ["answers", "checking", "fetching", "journey", "kits"]
        names += ["posix", "summary", "target", "windows", "wishes"]
        yield type("Fleet", (), {name: importlib.import_module(f"fleet.{name}") for name in names})
    finally:
        sys.path.remove(_AT)


def words() -> list[str]:
    return [word for word in live.command() if word != "--no-memory"]


class Host:
    """A shell of this machine, in the place of an ssh connection."""

    def __init__(self, fleet: Any, folder: Path, *, path: str | None = None) -> None:
        self.fleet, self.folder, self.path = fleet, folder, path or os.environ["PATH"]
        self.folder.mkdir(exist_ok=True)
        self.calls = 0
        self.lost: range = range(0)
        """Numbers of the calls that find the connection gone."""

    def execute(self, line: str, data: bytes, seconds: float) -> Any:
        self.calls += 1
        if self.calls in self.lost:
            raise self.fleet.target.LostError("the cable is out")
        done = subprocess.run(
            ["sh", "-c", line], input=data, capture_output=True, timeout=max(seconds, 60), check=False,
            env={"PATH": self.path, "HOME": "/"},
        )  # fmt: skip
        return self.fleet.target.Said(done.returncode, b"Welcome to this host!\n" + done.stdout, done.stderr)

    @property
    def ours(self) -> Path:
        return self.folder / f"evidence-{CASE}"


class Provider:
    """The provider's folder, and the wishes of most tests."""

    def __init__(self, fleet: Any, folder: Path) -> None:
        self.fleet, self.results = fleet, folder / "results"
        self.given = {
            "case": CASE, "results": str(self.results), "recipients": READER, "verifier": words(), "pause": 0.05,
            "profile": "triage", "memory": False, "patience": 1, "scan": [str(live.files_in(folder / "scan", 3))],
        }  # fmt: skip

    def travel(self, host: Host, **more: object) -> Any:
        wishes = self.fleet.wishes.wished({**self.given, "place": str(host.folder), **more})
        target = self.fleet.posix.PosixTarget(host.execute, wishes.place, wishes.silence)
        journey = self.fleet.journey.Journey(
            wishes, host.folder.name, target, partial(self.fleet.kits.program, wishes), lambda: None
        )
        return journey.run()

    def here(self) -> set[str]:
        """Return what lies in the folders of the hosts, by name."""
        return {path.name for folder in self.results.glob("*/*") if folder.is_dir() for path in folder.iterdir()}


@pytest.fixture
def provider(fleet, tmp_path):
    return Provider(fleet, tmp_path)


@pytest.fixture
def host(fleet, tmp_path):
    return Host(fleet, tmp_path / "host")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Make one real bundle, and what its run said."""
    folder = tmp_path_factory.mktemp("real")
    scan = live.files_in(folder / "scan", 3)
    done = live.run("--case", CASE, "--out", folder, "--scan", scan, "--recipient", READER, "--json")
    assert done.code in (0, 3, 4), done.err
    return Path(done.json["bundle"]), done


def attackers(
    path: Path, real, *, evil: str = ":", out: str | None = None, err: str = "", code: int | None = None
) -> dict[str, object]:
    """Make a program that leaves the real bundle, does something to it, and says what it is told to."""
    bundle, done = real
    path.mkdir()
    (path / "out").write_text(done.out if out is None else out)
    (path / "err").write_text(err)
    program = path / "program"
    program.write_text(
        f'#!/bin/sh\ncp -a {shlex.quote(str(bundle))} "$4/"\ncd "$4/{bundle.name}" || exit\n{evil}\n'
        f"cat {path}/err >&2\ncat {path}/out\nexit {done.code if code is None else code}\n"
    )
    program.chmod(0o755)
    return {"command": [str(program)]}


@pytest.mark.parametrize("shell", ["this machine's", "busybox alone"])
def test_a_host_needs_a_shell_and_the_usual_programs_only(shell, provider, host, tmp_path):
    """A folder is copied, checked there, run, and removed once its bundle is here and verified; on busybox, too."""
    if shell == "busybox alone":
        live.needs("busybox")
        (tmp_path / "bin").mkdir()
        subprocess.run(["busybox", "--install", "-s", tmp_path / "bin"], check=True)
        host.path = str(tmp_path / "bin")
    program = tmp_path / "collect"
    (program / "_internal/deep").mkdir(parents=True)
    (program / "_internal/deep/data.bin").write_bytes(os.urandom(5_000_000))
    (program / "collect").write_text(f'#!/bin/sh\nexec {shlex.join(words())} "$@"\n')
    told = provider.travel(host, program=str(program))
    assert (told.outcome, told.verdict, told.left) == ("collected", "ANCHORED", "bundle"), told
    live.assert_sealed(told.folder)
    assert [path.name for path in host.ours.iterdir()] == ["out"]
    assert stat.S_IMODE(host.ours.stat().st_mode) == 0o700
    assert provider.travel(host, program=str(program), remove_bundle=True).outcome == "already"
    if shell == "busybox alone":
        return
    again = provider.travel(host, program=str(program), remove_bundle=True, again="true")
    assert (again.outcome, again.bundle != told.bundle) == ("collected", True)
    assert not (host.ours / "out" / again.bundle).exists()
    assert (host.ours / "out" / told.bundle).exists(), "only what this play brought here is removed"


@pytest.mark.slow
def test_a_kit_is_copied_and_checked_and_gives_the_readers(checkout, tmp_path_factory, provider, host, tmp_path):
    """The kit's own program, built, checks the kit on the host; nothing but the host's folder tells who reads."""
    made = built.made(checkout, tmp_path_factory, "linux")
    kit = tmp_path / "kit"
    kit.mkdir()
    done = live.run("kit", "--out", kit, "--recipient", READER, "--program-linux", made / "collect")
    assert done.code == 0, done.err
    told = provider.travel(host, kit=str(kit), recipients=[])
    assert (told.outcome, told.verdict) == ("collected", "ANCHORED"), told
    assert live.run("verify", told.folder, "--kit", kit / "kit.json", "--json").json["findings"] == []
    assert told.key_file is not None
    (kit / "linux/collect").write_bytes(b"changed")
    with pytest.raises(provider.fleet.wishes.WishError, match="is not what"):
        provider.travel(Host(provider.fleet, tmp_path / "other"), kit=str(kit), recipients=[])


def test_a_copy_that_changed_on_its_way_is_not_run(provider, host, tmp_path):
    """An antivirus of the host takes a file, or changes one: the run is not started."""
    program = tmp_path / "collect"
    program.mkdir()
    ran = tmp_path / "ran"
    (program / "collect").write_text(f"#!/bin/sh\ntouch {ran}\n")
    (program / "library").write_text("whole\n")

    def execute(line: str, data: bytes, seconds: float) -> object:
        if " check " in line:
            (host.ours / "program/library").write_text("other\n")
        return Host.execute(host, line, data, seconds)

    host.execute = execute
    told = provider.travel(host, program=str(program))
    assert (told.outcome, told.step) == ("failed", "copy")
    assert "library: FAILED" in told.message
    assert not ran.exists()


def answer(real, **changed: object) -> str:
    return json.dumps({**real[1].json, **changed}) + "\n"


LIES = {
    "no JSON": lambda _: "done.\n",
    "two of a name": lambda real: real[1].out.replace('{"', '{"case": "X", "', 1),
    "not a number": lambda real: answer(real).replace(str(real[1].json["seconds"]), "NaN"),
    "nested": lambda _: "[" * 100_000 + "\n",
    "another case": lambda real: answer(real, case="X"),
    "another exit": lambda real: answer(real, exit=1),
    "a path out of the folder": lambda real: answer(real, bundle="/x/.."),
    "a bundle of another case": lambda real: answer(real, bundle="/x/OTHER_20261126T100000Z"),
    "a name to be run": lambda real: answer(real, bundle=f"/x/{CASE}_$(touch x)"),
    "true for a count": lambda real: answer(real, records=True),
    "a code that steers": lambda real: answer(real, seal_code="\x1b[2J"),
    "a long text": lambda _: "A" * 900_000,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_run_that_answers_otherwise_is_refused(lie, provider, host, real, tmp_path):
    """Nothing is fetched, nothing of the host's words is left raw; the bundle stays where it is."""
    told = provider.travel(host, **attackers(tmp_path / "evil", real, out=LIES[lie](real)))
    assert (told.outcome, told.sealed, told.folder) == ("failed", False, None)
    assert told.message.isprintable()
    assert provider.here() == {".lock"}
    assert (host.ours / "out" / real[0].name).is_dir()


THINGS = {
    "a link": "ln -s /etc/passwd artifacts/000001-x.jsonl",
    "a link out, as a folder": "ln -s / attachments",
    "a FIFO": "mkfifo artifacts/pipe",
    "a name with a line end": "touch \"$(printf 'artifacts/a\\n7 b')\"",
    "names that a line end makes look like ours": "mkdir \"$(printf 'artifacts/a\\n7 .')\"; cd artifacts/a*; touch b",
    "a name that steers": "touch \"$(printf 'artifacts/\\033[2J')\"",
    "a folder in a folder": "mkdir artifacts/more; touch artifacts/more/x",
    "a folder of the attacker's": "mkdir .ssh; touch .ssh/authorized_keys",
    "names that differ in case": "touch artifacts/A artifacts/a",
    "ten gigabytes": "truncate -s 10G artifacts/000001-x.jsonl",
    "no checkpoint": "rm checkpoint",
}


@pytest.mark.parametrize("thing", THINGS)
def test_a_bundle_that_is_none_of_ours_is_not_fetched(thing, provider, host, real, tmp_path):
    """Refused before a byte of it is here; told at which step."""
    told = provider.travel(host, remove_bundle=True, **attackers(tmp_path / "evil", real, evil=THINGS[thing]))
    assert (told.outcome, told.step) == ("failed", "fetch"), told
    assert told.message.isprintable()
    assert not any(name.startswith((".new", ".incoming", CASE)) for name in provider.here())
    assert (host.ours / "out" / real[0].name).is_dir()


@pytest.mark.parametrize(
    ("evil", "finding"),
    [
        ("printf x >> artifacts/$(ls artifacts | head -n 1)", "CONTENT_MISMATCH"),
        ("rm artifacts/$(ls artifacts | head -n 1)", "MISSING"),
        ("touch artifacts/999999-more.jsonl", "EXTRA_FILE"),
    ],
)
def test_what_changed_after_its_seal_is_told_and_nothing_is_removed(evil, finding, provider, host, real, tmp_path):
    """The copy is kept aside as it came; the host keeps bundle and program."""
    told = provider.travel(host, remove_bundle=True, **attackers(tmp_path / "evil", real, evil=evil))
    assert (told.outcome, told.step, told.verdict) == ("failed", "verify", "ALTERED"), told
    assert finding in told.findings
    assert (host.ours / "out" / real[0].name).is_dir()
    (aside,) = [name for name in provider.here() if name.startswith(f".refused-{real[0].name}-")]
    assert told.message.endswith(aside)
    assert not any(name.startswith((".incoming", real[0].name)) for name in provider.here())
    host.lost = range(host.calls + 3, 10_000)
    provider.travel(host, command=[str(tmp_path / "evil/program")])
    assert aside in provider.here()


def test_a_copy_gives_way_only_to_a_whole_one(fleet, tmp_path):
    """The connection is lost in a second fetch: what the first brought is still there until a third is whole."""
    into = tmp_path / ".incoming-K1_x"

    def fetch(data: bytes | None) -> None:
        def read(*_: object) -> bytes:
            if data is None:
                raise fleet.target.LostError("gone")
            return data

        target = type("Target", (), {"files": lambda _, __: {"manifest.jsonl": 3, "checkpoint": 3}, "read": read})()
        fleet.fetching.fetch(target, "K1_x", into, 10**9, lambda ask: ask())

    fetch(b"abcdef")
    with pytest.raises(fleet.target.LostError):
        fetch(None)
    assert (into / "manifest.jsonl").read_bytes() == b"abc"
    fetch(b"uvwxyz")
    assert (into / "manifest.jsonl").read_bytes() == b"uvw"
    assert [path.name for path in tmp_path.iterdir()] == [into.name]


def test_a_bundle_of_another_case_is_not_collected(provider, host, real):
    """A host hands over a bundle that verifies, under a name of this case: the bundle itself names another."""
    out = host.folder / "evidence-OTHER/out"
    out.mkdir(parents=True, mode=0o700)
    out.parent.chmod(0o700)
    shutil.copytree(real[0], out / "OTHER_20261126T100000Z")
    told = provider.travel(host, case="OTHER", command=["false"])
    assert (told.outcome, told.step, told.verdict, told.folder) == ("failed", "verify", None, None), told
    assert f"another case: {CASE}" in told.message
    assert any(name.startswith(".refused-OTHER_20261126T100000Z-") for name in provider.here())


@pytest.mark.parametrize("moment", ["before the rename", "after the rename"])
def test_a_play_killed_as_the_copy_gets_its_name_is_gone_on_from(moment, provider, host, real, tmp_path, monkeypatch):
    """The next play takes the copy that is here, or fetches the bundle again: no second run is started."""
    evil = attackers(tmp_path / "evil", real)
    rename = Path.rename

    def killed(path: Path, to: Path) -> Path:
        if to.name != real[0].name:
            return rename(path, to)
        if moment == "after the rename":
            rename(path, to)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            provider.travel(host, **evil)
    told = provider.travel(host, command=["false"])
    assert (told.outcome, told.verdict) == ("already" if "after" in moment else "collected", "ANCHORED"), told
    assert real[0].name in provider.here()
    assert not any(name.startswith(".incoming") for name in provider.here())


@pytest.mark.parametrize(
    "line",
    [
        b"", b"[]", b'{"type":"open"}', b'{"type":"open","case":"A","case":"B","sid":"%s"}' % (b"0" * 32),
        b'{"type":"open","case":"A\\u001b","sid":"%s"}' % (b"0" * 32), b'{"type":"open","case":"A","sid":"x"}',
        b'{"type":"gap","case":"A","sid":"%s"}' % (b"0" * 32), b'{"type":"open","case":["A"],"sid":["x"]}',
    ],
)  # fmt: skip
def test_a_first_record_that_is_none_is_refused(line, fleet):
    """Strictly read: another type, a name twice, a case or a sid of another form."""
    assert fleet.answers.opened(b'{"type":"open","case":"A","sid":"%s"}' % (b"0" * 32)) == ("A", "0" * 32)
    with pytest.raises(fleet.answers.AnswerError):
        fleet.answers.opened(line)


def test_another_bundle_than_the_run_told_does_not_pass(provider, host, real, tmp_path):
    """The codes that came over ssh are held against what was fetched."""
    other = answer(real, seal_code="AAAA-" * 7 + "AAAA")
    told = provider.travel(host, **attackers(tmp_path / "evil", real, out=other))
    assert (told.step, told.findings) == ("verify", ["SEAL_MISMATCH"])


def test_what_a_failed_run_says_is_shown_without_its_powers_and_without_a_key(provider, host, real, tmp_path):
    """Control characters, bidi, a key that a broken run prints: none reaches the message, all is cut."""
    told = provider.travel(host, **attackers(tmp_path / "evil", real, err=f"error: {WORST}\n{KEY}\n", out="", code=1))
    assert (told.outcome, told.exit) == ("failed", 1)
    assert told.message.isprintable()
    assert len(told.message) < 400
    assert "AGE-SECRET" not in told.message
    assert Path(told.key_file).read_text().splitlines()[-1] == KEY


def test_a_lost_connection_is_waited_for(provider, host, real, tmp_path):
    """Calls that find the connection gone are made again, each way of them; nothing is started twice."""
    evil = attackers(tmp_path / "evil", real)
    host.lost = range(2, 1000, 2)  # every second one
    told = provider.travel(host, patience=30, **evil)
    assert (told.outcome, told.verdict) == ("collected", "ANCHORED"), told
    assert [path.name for path in (host.ours / "out").iterdir()] == [real[0].name]


@pytest.mark.parametrize("call", range(1, 12))
def test_the_next_play_goes_on_wherever_the_connection_was_lost(call, provider, host, real, tmp_path):
    """Lost for good at any call: told as unreachable; the next play ends with the one bundle, verified by its codes."""
    evil = attackers(tmp_path / "evil", real)
    host.lost = range(call, 10_000)
    told = provider.travel(host, patience=0.01, **evil)
    if told.outcome == "collected":
        pytest.skip(f"the journey had only {host.calls} calls")
    assert told.outcome == "unreachable"
    host.lost = range(0)
    told = provider.travel(host, **evil)
    assert told.outcome in ("collected", "already"), told
    assert told.verdict == "ANCHORED"
    assert [path.name for path in (host.ours / "out").iterdir()] == [real[0].name]


def test_two_plays_at_once_do_not_meet(provider, host, fleet, tmp_path):
    """The second is refused at a host that the first is at work on; the host is not asked."""
    folder = provider.results / CASE / host.folder.name
    folder.mkdir(parents=True)
    with (folder / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = provider.travel(host, command=["true"])
    assert (told.outcome, told.message) == ("failed", "another play is at work on this host")
    assert host.calls == 0


def test_a_bundle_here_that_changed_is_no_bundle(provider, host, real, tmp_path):
    """`already` is said of what verifies now, not of what did once."""
    evil = attackers(tmp_path / "evil", real)
    folder = Path(provider.travel(host, **evil).folder)
    with min((folder / "artifacts").iterdir()).open("ab") as file:
        file.write(b"x")
    told = provider.travel(host, **evil)
    assert (told.outcome, told.verdict) == ("failed", "ALTERED")


@pytest.mark.parametrize("made", ["a link", "another's", "a file"])
def test_a_folder_that_lies_there_already_is_not_ours(made, provider, host, tmp_path):
    """/var/tmp is open to every user of the host: what somebody laid there in our name is not written into."""
    (tmp_path / "elsewhere").mkdir()
    if made == "a link":
        host.ours.symlink_to(tmp_path / "elsewhere")
    elif made == "a file":
        host.ours.write_text("")
    else:
        if os.geteuid() != 0:
            pytest.skip("needs root to give a folder away")
        host.ours.mkdir()
        os.chown(host.ours, 65534, 65534)
    told = provider.travel(host, command=["true"])
    assert (told.outcome, told.step) == ("failed", "connect")
    assert "not a folder of ours" in told.message
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"case": "a/b"}, "case"), ({"case": "../x"}, "case"), ({"case": "-x"}, "case"), ({"results": ""}, "results"),
        ({"recipients": []}, "recipients"), ({"recipients": [KEY]}, "no age recipient"), ({"kit": "/"}, "one of kit"),
        ({"command": []}, "one of kit"), ({"arguments": ["--out=/x"]}, "--out"), ({"max_size": "4"}, "max_size"),
        ({"arguments": ["--isolate"]}, "--isolate"), ({"place": "var/tmp"}, "place"), ({"place": "/x/$(x)"}, "place"),
        ({"pause": "0"}, "pause"), ({"language": "de"}, "language"), ({"level": "D"}, "level"),
        ({"operator": "a\nb"}, "operator"), ({"again": "maybe"}, "again"), ({"wrong": 1}, "no such variable"),
    ],
)  # fmt: skip
def test_a_wish_that_cannot_be_is_refused_before_any_host_is_touched(more, said, provider, host):
    """The message names the variable; a private key that was given for a public one is not repeated."""
    with pytest.raises(provider.fleet.wishes.WishError, match=re.escape(said)) as refused:
        provider.travel(host, **{"command": ["true"], **more})
    assert KEY[6:] not in str(refused.value)
    assert host.calls == 0


def test_hosts_whose_names_are_no_names_of_folders_stay_apart(fleet):
    """An address, a path, a hidden name: each host has one folder of its own, below the case's."""
    names = ["pc-1", "fe80::1", "fe80:/1", "../pc-1", ".ssh", "", "PC É", "a" * 300]
    folders = [fleet.journey.folder_name(name) for name in names]
    assert folders[0] == "pc-1"
    assert len(set(folders)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{0,60}(~[0-9a-f]{8})?", one) and one[0] != "." for one in folders)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_summary_gives_an_attackers_words_no_power(language, fleet, tmp_path):
    """On a terminal, on the page and in JSON; whoever needs somebody stands first; no key."""
    told = [fleet.journey.Told(name, outcome="collected", step="clean", exit=4, sealed=True) for name in ("a", "b")]
    told.append(fleet.journey.Told(WORST, message=WORST, missed=[WORST], folder=WORST, verdict=WORST, isolation=WORST))
    whole = fleet.summary.summary(CASE, language, [fleet.journey.as_json(one) for one in told])
    paths = fleet.summary.write(whole, tmp_path / "case")
    text, data, page = (path.read_text() for path in paths)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in paths)
    assert all(char.isprintable() or char in "\n\u00a0" for char in text + page)
    assert "<script" not in page
    assert data.isascii()
    assert [host["host"][:1] for host in json.loads(data)["told"]] == ["\x1b", "a", "b"]
    assert max(map(len, text.splitlines())) < 600


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_summary_says_what_it_does_not_know_and_who_gave_the_same(language, fleet):
    """An exit code that nobody heard is not `complete`; a bundle that two hosts gave stands first, with both names."""
    told = [fleet.journey.Told(name, outcome="collected", sid=sid * 32, exit=0) for name, sid in ("a0", "b1", "c0")]
    told += [fleet.journey.Told(name, outcome="collected", exit=code) for name, code in (("d", None), ("e", 3))]
    whole = fleet.summary.summary(CASE, language, [fleet.journey.as_json(one) for one in told])
    assert [(host["host"], host["twins"]) for host in whole.hosts[:3]] == [("a", ["c"]), ("c", ["a"]), ("b", [])]
    assert whole.word("twinned", twins=2) in whole.headline
    text, page = fleet.summary.as_text(whole), fleet.summary.as_page(whole)
    for word, times in (("twins", 2), ("unheard", 1), ("cut", 1), ("whole", 3)):
        shown = whole.word(word) + (whole.word("colon") if word == "twins" else "")
        assert (text.count(shown), page.count(shown)) == (times, times), word


def test_a_words_pair_is_complete(fleet):
    """Every word that the summary asks for stands there in both languages."""
    source = Path(_AT, "fleet/summary.py").read_text()
    words = importlib.import_module("fleet.summary_words").WORDS
    asked = {*re.findall(r'word\("([a-z]+)"', source), "connect", "copy", "start", "wait", "fetch", "verify", "clean"}
    assert asked <= set(words)
    assert all(len(pair) == 2 and all(pair) for pair in words.values())


def decoded(line: str) -> str:
    program, _, encoded = line.rpartition(" ")
    assert program == "powershell.exe -NoProfile -NonInteractive -EncodedCommand"
    return base64.b64decode(encoded).decode("utf-16-le")


@pytest.mark.parametrize("script", ["LOOK", "MAKE", "UNPACK", "RUN", "LIST", "READ", "PART_OF", "CLEAN"])
def test_what_windows_is_asked_fits_its_command_line_and_runs_none_of_its_words(script, fleet):
    """Not run on a Windows: the words of others are literals, whatever quotes they hold; 8,191 letters is the most."""
    evil = "x'; Remove-Item C:\\ -Recurse; '\u2019$(calc)`n"
    line = fleet.windows.command_line(getattr(fleet.windows, script), "m", "C:\\ProgramData\\e", "b", [evil])
    assert len(line) < 8191
    text = decoded(line)
    assert "'x''; Remove-Item C:\\ -Recurse; ''\u2019\u2019$(calc)`n'" in text
    for opens, closes in ("{}", "()", "[]"):
        assert text.count(opens) == text.count(closes)


def test_nothing_is_left_of_a_play_that_found_no_host(provider, fleet, tmp_path):
    """Unreachable at the first contact: an empty folder, and the reason on one line."""
    host = Host(fleet, tmp_path / "host")
    host.lost = range(1, 10)
    told = provider.travel(host, command=["true"])
    assert (told.outcome, told.step, told.message) == ("unreachable", "connect", "the cable is out")
    assert host.calls == 1
    assert provider.here() == {".lock"}
