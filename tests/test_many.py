"""`collect verify` and `collect export` with many bundles: side by side, told in the order given, one summary."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading

import live
import made
import pytest
import wine

from collector.cli import together
from collector.errors import NotABundleError
from collector.ui.summary import _NAMED, One, summary_text
from collector.verify import verify_bundle


def sealed(folder, number):
    place = folder / f"pc-{number}"
    place.mkdir()
    bundle = made.unsealed(place, sid=f"{number:032x}")
    bundle.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    return bundle.path


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Return five folders: whole, altered, no bundle, never closed, whole."""
    folder = tmp_path_factory.mktemp("many")
    paths = [sealed(folder, number) for number in range(3)]
    victim = next((paths[1] / "artifacts").iterdir())
    victim.write_bytes(victim.read_bytes() + b"x")
    (folder / "no-bundle").mkdir()
    (folder / "open").mkdir()
    unclosed = made.unsealed(folder / "open", sid="f" * 32)
    return [paths[0], paths[1], folder / "no-bundle", unclosed.path, paths[2]]


def test_each_bundle_gets_its_verdict_in_the_order_given(many):
    """One that is refused and one that was altered keep nobody's verdict back; the exit code is the worst: 2."""
    done = live.run("verify", *many)
    assert done.code == 2
    assert "no bundle" in done.err
    assert str(many[2]) in done.err.replace("\n", "")
    body, _, summary = done.out.rpartition("5 folders in all:")
    found = [line.split(":")[0] for line in body.splitlines() if line.startswith(("UNANCHORED", "ALTERED", "INCOMP"))]
    assert found == ["UNANCHORED", "ALTERED", "INCOMPLETE", "UNANCHORED"]
    lines = [line.strip() for line in summary.splitlines()]
    assert [line for line in lines if line[:1].isdigit()] == [
        "2 UNANCHORED", "1 INCOMPLETE", "1 ALTERED", "1 could not be verified",
    ]  # fmt: skip
    for path, named in zip(many, (False, True, True, True, False), strict=True):
        assert (str(path) in summary.replace("\n    ", "")) == named
    assert live.run("verify", *many[3:], many[0]).code == 3
    assert live.run("verify", *many[:2], many[3]).code == 1


def test_json_of_many_has_an_entry_for_each(many, tmp_path):
    """One object, whatever was given: `bundles` in the order given, those that are none too; of one bundle its own."""
    done = live.run("verify", *many, tmp_path / "nowhere", "--json")
    assert done.code == 2
    assert [one["bundle"] for one in done.json["bundles"]] == [str(path) for path in (*many, tmp_path / "nowhere")]
    found = [one["verdict"] for one in done.json["bundles"]]
    assert found == ["UNANCHORED", "ALTERED", None, "INCOMPLETE", "UNANCHORED", None]
    for one in done.json["bundles"]:
        assert set(one) == {"bundle", "verdict", "error"} if one["verdict"] is None else "error" not in one
    assert "no bundle" in done.json["bundles"][2]["error"]
    assert (set(done.json), done.json["twins"]) == ({"bundles", "links", "twins"}, [])
    told = live.run("verify", many[0], "--json").json
    assert (told["verdict"], told["case"], told["sid"]) == ("UNANCHORED", "T-1", f"{0:032x}")


def test_json_of_many_of_which_none_is_a_bundle_is_an_object(many, tmp_path):
    done = live.run("verify", many[2], tmp_path / "nowhere", "--json")
    assert done.code == 2
    assert [one["verdict"] for one in done.json["bundles"]] == [None, None]


def test_the_same_evidence_given_more_than_once_is_named(many, tmp_path):
    """By its path twice or as a copy, whole or not: one line and one field name them; the exit code stays."""
    shutil.copytree(many[0], tmp_path / "copy")
    for path in (many[0], tmp_path / "copy"):
        done = live.run("verify", many[4], many[0], path)
        assert done.code == 0
        _, _, said = done.out.partition("The same evidence was given more than once:\n")
        named, _, _ = said.partition("\n\n")
        assert named.replace("\n  ", "") == f"  {many[0]}{path}"
        assert "WARNING" not in done.out
        told = live.run("verify", many[4], many[0], path, "--json").json["twins"]
        assert told == [{"sid": f"{0:032x}", "bundles": [str(many[0]), str(path)], "different": False}]
    victim = next((tmp_path / "copy/artifacts").iterdir())
    victim.write_bytes(b"x")
    done = live.run("verify", many[0], tmp_path / "copy", "--json")
    assert (done.code, done.json["twins"][0]["different"]) == (1, False)
    assert "more than once" not in live.run("verify", *many).out


@wine.posix("symbolic links")
def test_a_link_to_evidence_is_the_same_evidence(many, tmp_path):
    (tmp_path / "link").symlink_to(many[0])
    (told,) = live.run("verify", many[0], tmp_path / "link", "--json").json["twins"]
    assert told["bundles"] == [str(many[0]), str(tmp_path / "link")]


def test_two_seals_of_one_evidence_are_no_copies(many, tmp_path):
    """Whoever has made other evidence under the sid of this one is seen as soon as both are given."""
    other = made.sealed(tmp_path, sid=f"{0:032x}", number=2)
    unfinished = tmp_path / "earlier"
    shutil.copytree(many[3], unfinished)
    done = live.run("verify", many[0], many[3], other, unfinished)
    assert done.code == 3
    said = "WARNING: these folders say that they are the same evidence, but their codes differ. Keep all of them"
    assert said in " ".join(done.out.split())
    assert done.out.count("The same evidence was given more than once:") == 1
    told = live.run("verify", many[0], many[3], other, unfinished, "--json").json["twins"]
    assert [(one["bundles"], one["different"]) for one in told] == [
        ([str(many[0]), str(other)], True),
        ([str(many[3]), str(unfinished)], False),
    ]


def test_a_code_is_that_of_one_bundle(many):
    """Compared with every bundle it would call genuine evidence altered: refused, and nothing is said of any."""
    for option in ("--seal-code", "--start-code"):
        done = live.run("verify", many[0], many[3], option, "ABCD-EFGH-IJKL-MNOP")
        assert done.code == 2
        assert "a code is that of one bundle" in done.err
        assert done.out == ""


def test_many_are_worked_on_at_once_and_told_in_order(tmp_path, monkeypatch):
    """The first one waits for the second one to be done: it would for ever, were they taken one after the other."""
    monkeypatch.setattr(together.os, "cpu_count", lambda: 2)
    second = threading.Event()

    def work(path):
        if path.name == "a":
            assert second.wait(60)
        elif path.name == "b":
            second.set()
        else:
            raise NotABundleError("no bundle")
        return path.name

    found = [*together.each([tmp_path / name for name in "abc"], work)]
    assert [path.name for path, _ in found] == ["a", "b", "c"]
    assert [one for _, one in found[:2]] == ["a", "b"]
    assert isinstance(found[2][1], NotABundleError)


def test_a_mistake_of_ours_is_not_swallowed(tmp_path):
    def work(path):
        raise TimeoutError(path.name)

    with pytest.raises(TimeoutError, match="a"):
        list(together.each([tmp_path / "a", tmp_path / "b"], work))


@wine.posix("SIGINT")
def test_ctrl_c_ends_many_at_once(tmp_path):
    """While two of three are being read, Ctrl-C ends the command at once with 130; no thread holds it."""
    paths = [sealed(tmp_path, number) for number in range(3)]
    start = (
        "import sys, threading\n"
        f"sys.path.insert(0, {str(live.ROOT)!r})\n"
        "import collector.verify as verify\n"
        "def stuck(*_):\n"
        "    print('reading', flush=True)\n"
        "    threading.Event().wait()\n"
        "verify.examine = stuck\n"
        "from collector.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-I", "-B", "-c", start, "verify", *map(str, paths)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "reading\n"
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
            assert process.returncode == 130
        finally:
            process.kill()  # else leaving `with` would wait for it, for ever where a thread does hold it


@wine.posix("exports are an expert's, on Linux")
def test_an_export_of_many_names_each_that_it_refuses(many, tmp_path):
    """Whoever gave five is told of both that can't be exported, and nothing is made."""
    done = live.run("export", *many, "--format", "timesketch", "--out", tmp_path)
    assert done.code == 2
    plain = done.err.replace("\n", "")
    assert str(many[1]) in plain
    assert str(many[2]) in plain
    assert "altered" in done.err
    assert list(tmp_path.iterdir()) == []
    done = live.run("export", many[0], many[3], many[4], "--format", "timesketch", "--out", tmp_path, "--json")
    assert done.code == 3
    assert [one["sid"] for one in done.json["bundles"]] == [f"{0:032x}", "f" * 32, f"{2:032x}"]
    events = [json.loads(line) for line in (tmp_path / "T-1-timesketch.jsonl").read_text().splitlines()]
    assert [*dict.fromkeys(one["sid"] for one in events)] == [f"{0:032x}", "f" * 32, f"{2:032x}"]


def test_the_same_verdicts_as_one_by_one(tmp_path):
    """Nine bundles, some of them altered, more than there are hands: in one call as alone."""
    paths = [sealed(tmp_path, number) for number in range(9)]
    for path in paths[::3]:
        victim = next((path / "artifacts").iterdir())
        victim.write_bytes(victim.read_bytes()[:-1])
    shutil.rmtree(paths[7])
    told = {path: type(found).__name__ for path, found in together.each(paths, verify_bundle)}
    for number, path in enumerate(paths):
        wanted = "NotABundleError" if number == 7 else "AlteredError" if number % 3 == 0 else "VerifiedBundle"
        assert told[path] == wanted


def test_a_summary_of_hundreds_stays_short(tmp_path):
    ones = [One(tmp_path / f"{number}", "ALTERED", good=False) for number in range(300)]
    lines = summary_text([*ones, One(tmp_path / "\x1b[2Jx", None, good=False)]).splitlines()
    assert len(lines) < 4 * _NAMED
    assert "… and 250 more" in "\n".join(lines)
    assert all(line.isprintable() and len(line) < 80 for line in lines)
