"""`collect timestamp`: a request leaves as a QR code, a reply comes in checked, and a refusal changes nothing."""

from __future__ import annotations

import base64
import hashlib
import os
import pty
import re
import shutil
import subprocess
import sys
import termios
from pathlib import Path

import live
import made
import pytest
import tsa
import vectors

from collector import custody, stamps, timestamp
from collector.errors import AlteredError, DiskFullError, NotABundleError, NotClosedError, RefusedError, TimestampError
from collector.manifest import decode
from collector.ui import glyphs
from collector.verify import Trusted, examine

if sys.platform != "linux" or not Path(tsa.OPENSSL).exists():
    pytest.skip("the authority of these tests is stock openssl", allow_module_level=True)

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Return a root and an authority under it, and lay the root down as a file."""
    folder = tmp_path_factory.mktemp("tsa")
    root = tsa.party("Root")
    (folder / "root.pem").write_bytes(root.pem)
    return folder, root, tsa.party("Authority", root, usage=(tsa.STAMPING,))


@pytest.fixture
def bundle(tmp_path):
    return made.sealed(tmp_path)


def ask(path: Path) -> stamps.Asked:
    return stamps.ask(path, made.MadeClock(), dict(TOOL))


def answered(authority, request: bytes, path: Path) -> Path:
    """Let the authority answer a request; return the file of its reply."""
    folder, _root, signer = authority
    path.write_bytes(tsa.reply(folder, request, signer))
    return path


def take_in(authority, path: Path, file: Path, clock=None) -> stamps.Taken:
    return stamps.take_in(path, file, [authority[1].certificate], clock or made.MadeClock(), dict(TOOL))


def records(path):
    return [decode(line) for line in (path / "custody.jsonl").read_bytes().splitlines()]


def holds(path: Path) -> bool:
    """Tell whether a verification finds nothing at all."""
    report = examine(path, Trusted())
    return (str(report.verdict), report.findings) == ("UNANCHORED", ())


# custody ------------------------------------------------------------------------------------


def test_a_request_and_its_reply_stand_in_custody(bundle, authority, tmp_path):
    """Both are files of custody whose source is their kind; the seal is not touched, and the reply holds again."""
    sealed = {name: seen for name, seen in vectors.snapshot(bundle).items() if name != "."}
    asked = ask(bundle)
    reply = answered(authority, asked.request, tmp_path / "reply.tsr")
    taken = take_in(authority, bundle, reply)
    after = vectors.snapshot(bundle)
    assert {name: after[name] for name in sealed} == sealed
    kinds = [(record["type"], record["kind"], record["source"], record["path"]) for record in records(bundle)]
    request_path, token_path = "attachments/000000-timestamp-request.tsq", "attachments/000002-timestamp.tsr"
    assert kinds == [
        ("intent", "timestamp-request", "timestamp-request", request_path),
        ("artifact", "timestamp-request", "timestamp-request", request_path),
        ("intent", "timestamp", "timestamp", token_path),
        ("artifact", "timestamp", "timestamp", token_path),
    ]
    checkpoint = (bundle / "checkpoint").read_bytes()
    assert asked.sha256 == hashlib.sha256(checkpoint).hexdigest()
    assert taken.stored["path"] == token_path
    stored = (bundle / token_path).read_bytes()
    assert stored == reply.read_bytes()
    assert timestamp.check(stored, checkpoint, [authority[1].certificate]) == taken.stamp
    assert holds(bundle)


def test_openssl_alone_verifies_what_was_taken_in(bundle, authority, tmp_path):
    """The command that anybody can type: the file in custody, the checkpoint, the root."""
    taken = take_in(authority, bundle, answered(authority, ask(bundle).request, tmp_path / "reply.tsr"))
    done = subprocess.run(
        [tsa.OPENSSL, "ts", "-verify", "-data", "checkpoint", "-in", taken.stored["path"],
         "-CAfile", authority[0] / "root.pem"],
        cwd=bundle, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Verification: OK" in done.stdout


def test_each_request_has_its_own_nonce(bundle, authority, tmp_path):
    """Two requests differ; the reply to either is taken in, one to a request of nobody is not."""
    first, second = ask(bundle), ask(bundle)
    assert first.request != second.request
    for number, asked in enumerate((second, first)):
        assert take_in(authority, bundle, answered(authority, asked.request, tmp_path / f"{number}.tsr")).stamp.nonce
    checkpoint = (bundle / "checkpoint").read_bytes()
    other = answered(authority, timestamp.request(checkpoint, 1), tmp_path / "other.tsr")
    before = vectors.snapshot(bundle)
    with pytest.raises(TimestampError, match="answers another request"):
        take_in(authority, bundle, other)
    assert vectors.snapshot(bundle) == before
    assert holds(bundle)


def test_a_request_that_was_changed_names_no_nonce(bundle, authority, tmp_path):
    """A request in custody whose bytes are not those of its record is no request: nobody can plant a nonce."""
    asked = ask(bundle)
    (bundle / str(asked.stored["path"])).write_bytes(
        timestamp.request((bundle / "checkpoint").read_bytes(), 1)
    )
    reply = answered(authority, timestamp.request((bundle / "checkpoint").read_bytes(), 1), tmp_path / "reply.tsr")
    with pytest.raises(TimestampError, match="answers another request"):
        take_in(authority, bundle, reply)


def test_an_attachment_is_no_request(bundle, authority, tmp_path):
    """Any file may be attached, a large one too: none is read for a nonce, even where it is a request."""
    checkpoint = (bundle / "checkpoint").read_bytes()
    (tmp_path / "large.bin").write_bytes(bytes(100_000))
    (tmp_path / "planted.tsq").write_bytes(timestamp.request(checkpoint, 1))
    for name in ("large.bin", "planted.tsq"):
        custody.attach(bundle, tmp_path / name, None, made.MadeClock(), dict(TOOL))
    asked = ask(bundle)
    with pytest.raises(TimestampError, match="answers another request"):
        take_in(authority, bundle, answered(authority, timestamp.request(checkpoint, 1), tmp_path / "planted.tsr"))
    assert take_in(authority, bundle, answered(authority, asked.request, tmp_path / "reply.tsr")).stamp.nonce


def test_a_reply_without_a_nonce_needs_no_request(bundle, authority, tmp_path):
    """The digest was typed at the authority's: custody has no request, and the stamp says that it has no nonce."""
    folder, _root, signer = authority
    (tmp_path / "reply.tsr").write_bytes(tsa.signed(folder, tsa.info((bundle / "checkpoint").read_bytes()), signer))
    taken = take_in(authority, bundle, tmp_path / "reply.tsr")
    assert (taken.stamp.nonce, taken.stamp.time) == (False, "2026-11-25T12:00:00.000000Z")
    assert len(records(bundle)) == 2
    assert holds(bundle)


@pytest.mark.parametrize(("seconds", "behind"), [(-86401, True), (-86399, False), (0, False), (86400 * 365, False)])
def test_a_clock_far_before_the_timestamp_is_told(bundle, authority, tmp_path, seconds, behind):
    """More than a day before genTime; a clock that is ahead says nothing: the reply may be an old one."""
    folder, _root, signer = authority
    (tmp_path / "reply.tsr").write_bytes(tsa.signed(folder, tsa.info((bundle / "checkpoint").read_bytes()), signer))
    clock = made.MadeClock()
    clock.jump(1_795_608_000 - clock.moment.utc_ns // 10**9 + seconds)  # genTime, and some seconds
    assert take_in(authority, bundle, tmp_path / "reply.tsr", clock).clock_is_behind is behind


def test_what_is_not_sealed_or_does_not_hold_takes_nothing(tmp_path, authority):
    """Unsealed, no bundle, an altered seal, altered custody: an error of its own, and no byte changes."""
    opened = made.unsealed(tmp_path)
    opened.release()
    with pytest.raises(NotClosedError):
        ask(opened.path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotABundleError):
        ask(tmp_path / "empty")
    (tmp_path / "other").mkdir()
    path = made.sealed(tmp_path / "other")
    asked = ask(path)
    reply = answered(authority, asked.request, tmp_path / "reply.tsr")
    for name, at in (("checkpoint", 30), ("checkpoint.sig", 100), ("manifest.jsonl", 500), ("custody.jsonl", 20)):
        (tmp_path / name).mkdir()
        copy = Path(shutil.copytree(path, tmp_path / name / "copy"))
        content = bytearray((copy / name).read_bytes())
        content[at] ^= 1
        (copy / name).write_bytes(content)
        before = vectors.snapshot(copy)
        with pytest.raises(AlteredError):
            ask(copy)
        with pytest.raises(AlteredError):
            take_in(authority, copy, reply)
        assert vectors.snapshot(copy) == before


def test_attachments_that_are_a_link_are_not_followed(bundle, authority, tmp_path):
    """The folder of custody's files replaced by a link to a copy: nothing is read or written through it."""
    asked = ask(bundle)
    reply = answered(authority, asked.request, tmp_path / "reply.tsr")
    (bundle / "attachments").rename(tmp_path / "elsewhere")
    (bundle / "attachments").symlink_to(tmp_path / "elsewhere")
    before = vectors.snapshot(tmp_path)
    for attempt in (lambda: ask(bundle), lambda: take_in(authority, bundle, reply)):
        with pytest.raises(AlteredError):
            attempt()
    assert vectors.snapshot(tmp_path) == before


def test_a_full_disk_leaves_a_chain_that_goes_on(bundle, monkeypatch):
    """What did not fit is recorded as cut, the error says so, and the next request follows it."""
    real = os.write

    def full(fd: int, data: bytes) -> int:
        if bytes(data).startswith(b"0\x44"):  # the request itself
            raise OSError(28, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DiskFullError):
        custody.add_clear(bundle, b"0\x44abc", "timestamp-request", ".tsq", made.MadeClock(), dict(TOOL))
    monkeypatch.setattr(os, "write", real)
    ask(bundle)
    flags = [record["flags"] for record in records(bundle) if record["type"] == "artifact"]
    assert flags == [["cut"], []]
    assert holds(bundle)


# the commands -------------------------------------------------------------------------------


def test_the_request_leaves_as_files_that_are_not_the_bundle(bundle, tmp_path):
    """Beside the bundle, or where --out says; the picture reads as the request, its PNG shows a version 6 code."""
    (tmp_path / "out").mkdir()
    done = live.run("timestamp", "request", bundle, "--out", tmp_path / "out", "--json")
    assert (done.code, done.err) == (0, "")
    told = done.json
    assert set(told) == {"bundle", "request", "file", "picture", "sha256", "base64"}
    file, picture = Path(told["file"]), Path(told["picture"])
    assert [file.name, picture.name] == [bundle.name + ".tsq", bundle.name + ".tsq.png"]
    request = file.read_bytes()
    assert request == (bundle / told["request"]).read_bytes() == base64.b64decode(told["base64"])
    assert timestamp.nonce_of(request) is not None
    assert told["sha256"] == hashlib.sha256((bundle / "checkpoint").read_bytes()).hexdigest()
    assert live.verify(bundle).code == 0
    zbarimg = shutil.which("zbarimg")
    if zbarimg is None:
        pytest.skip("zbarimg is not installed: the code was drawn and not read")
    read = subprocess.run([zbarimg, "-q", "--raw", picture], capture_output=True, text=True, check=True)
    assert read.stdout.strip() == told["base64"]


def test_the_request_is_never_written_over_a_file(bundle):
    """A file of that name, or a dead link, is left alone, and the custody too."""
    for name in (bundle.name + ".tsq", bundle.name + ".tsq.png"):
        for link in (False, True):
            place = bundle.parent / name
            if link:
                place.symlink_to("nowhere")
            else:
                place.write_bytes(b"mine")
            before = vectors.snapshot(bundle.parent)
            done = live.run("timestamp", "request", bundle)
            assert (done.code, done.out) == (1, "")
            assert "error: a request of this bundle stands in that folder already\nhint: " in done.err
            assert vectors.snapshot(bundle.parent) == before
            place.unlink()


def test_a_folder_that_is_none_is_refused_before_anything_is_recorded(bundle, tmp_path):
    """Exit 2, and custody knows nothing of it."""
    before = vectors.snapshot(bundle.parent)
    done = live.run("timestamp", "request", bundle, "--out", tmp_path / "nowhere")
    assert (done.code, done.out) == (2, "")
    assert "there is no such folder\nhint: give another with --out" in done.err
    assert vectors.snapshot(bundle.parent) == before


@pytest.mark.root
def test_a_folder_that_takes_no_file_is_told(bundle, small_disk):
    """The request stands in custody then; no half of it is left, and the next attempt is another request."""
    done = live.run("timestamp", "request", bundle, "--out", small_disk)
    assert (done.code, done.out) == (1, "")
    assert "could not be written" in done.err
    assert list(small_disk.iterdir()) == []
    assert live.run("timestamp", "request", bundle).code == 0
    assert holds(bundle)


def test_the_request_says_what_to_do_in_order(bundle):
    """Another device first and never this stick; the command with the request in it; what no free service gives."""
    done = live.run("timestamp", "request", bundle)
    sha256 = hashlib.sha256((bundle / "checkpoint").read_bytes()).hexdigest()
    code = base64.b64encode((bundle.parent / (bundle.name + ".tsq")).read_bytes()).decode()
    words = " ".join(done.out.split())
    order = ["ANOTHER device", "NEVER plug this stick", "Photograph", code, "application/timestamp-query", sha256,
             "QUALIFIED", "article 41", "not qualified", "--tsa-root"]  # fmt: skip
    places = [words.find(said) for said in order]
    assert -1 not in places
    assert places == sorted(places)
    assert "█" not in done.out, "no code is drawn where no terminal is"
    command = next(line for line in done.out.splitlines() if "base64 -d" in line)
    made_there = subprocess.run(["sh", "-c", command.replace("> request.tsq", "")], capture_output=True, check=True)
    assert made_there.stdout == base64.b64decode(code)


@pytest.mark.parametrize(("rows", "drawn"), [(60, True), (24, False)])
def test_the_code_is_drawn_where_there_is_room(bundle, rows, drawn):
    """On a terminal of 60 rows the QR code is drawn; one of 24 is told to open the picture."""
    main, side = pty.openpty()
    termios.tcsetwinsize(side, (rows, 80))
    env = live.environment(TERM="xterm", NO_COLOR="1")
    process = subprocess.Popen(live.command("timestamp", "request", bundle), stdout=side, stderr=side, env=env)
    os.close(side)
    shown = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:  # EIO: nobody holds the other side any more
            break
        if not part:
            break
        shown += part
    os.close(main)
    assert process.wait() == 0
    lines = shown.decode().replace("\r", "").split("\n")
    rows_drawn = [line for line in lines if line.count("█") > 10]
    assert (len(rows_drawn) > 15) is drawn
    assert ("too small for the QR code" in shown.decode()) is not drawn


def test_import_checks_and_keeps(bundle, authority, tmp_path):
    """From request to token through the commands alone; the answer says time, name, number and who checked."""
    told = live.run("timestamp", "request", bundle, "--json").json
    reply = answered(authority, Path(told["file"]).read_bytes(), tmp_path / "reply.tsr")
    done = live.run("timestamp", "import", bundle, reply, "--tsa-root", authority[0] / "root.pem", "--json")
    assert done.code == 0
    stamp = timestamp.check(reply.read_bytes(), (bundle / "checkpoint").read_bytes(), [authority[1].certificate])
    assert done.json == {
        "bundle": str(bundle),
        "timestamp": "attachments/000002-timestamp.tsr",
        "time": stamp.time,
        "authority": "CN=Authority,C=FR",
        "serial": stamp.serial,
        "nonce": True,
        "by": "rfc3161-client",
        "clock_is_behind": False,
    }
    again = live.run("timestamp", "import", bundle, reply, "--tsa-root", authority[0] / "root.pem")
    assert again.code == 0, "the same reply again is one more file, and no harm"
    words = " ".join(again.out.split())
    assert f"not later than {stamp.time}" in words
    assert "no nonce" not in words
    assert live.verify(bundle).json["attachments"] == 3


def test_import_tells_what_a_reply_lacks(bundle, authority, tmp_path):
    """A token without a nonce, from an authority whose name would paint the terminal, years ahead of this clock."""
    folder, root, _signer = authority
    loud = tsa.party("A\x1b[31m\u202eB", root, usage=(tsa.STAMPING,))
    content = tsa.info((bundle / "checkpoint").read_bytes(), time=b"21190101000000Z")
    (tmp_path / "reply.tsr").write_bytes(tsa.signed(folder, content, loud))
    done = live.run("timestamp", "import", bundle, tmp_path / "reply.tsr", "--tsa-root", folder / "root.pem")
    assert done.code == 0
    words = " ".join(done.out.split())
    assert "It carries no nonce" in words
    assert "clock is more than a day before" in words
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert "A\\x1b[31m\\u202eB" in words


def test_import_without_a_root_says_why(bundle, authority, tmp_path):
    """Exit code 2: nothing inside is a root of trust; nothing is changed."""
    reply = answered(authority, ask(bundle).request, tmp_path / "reply.tsr")
    before = vectors.snapshot(bundle)
    done = live.run("timestamp", "import", bundle, reply)
    assert (done.code, done.out) == (2, "")
    assert "nothing inside the evidence or the reply is a root of trust" in done.err
    (tmp_path / "no.pem").write_bytes(b"no certificate")
    done = live.run("timestamp", "import", bundle, reply, "--tsa-root", tmp_path / "no.pem")
    assert (done.code, done.out) == (2, "")
    assert vectors.snapshot(bundle) == before


@pytest.mark.parametrize("what", ["wrong root", "other bytes", "missing", "empty", "folder", "link", "fifo", "10 MB"])
def test_a_refused_import_changes_nothing(bundle, authority, tmp_path, what):
    """Exit code 1, a reason and a hint, nothing on standard output, and the bundle as it was."""
    asked = ask(bundle)
    reply, root = tmp_path / "reply.tsr", authority[0] / "root.pem"
    if what == "wrong root":
        answered(authority, asked.request, reply)
        root = tmp_path / "root.pem"
        root.write_bytes(tsa.party("Root").pem)
    elif what == "other bytes":
        answered(authority, timestamp.request(b"other", 1), reply)
    elif what == "link":
        answered(authority, asked.request, tmp_path / "true.tsr")
        reply.symlink_to("true.tsr")
    elif what == "folder":
        reply.mkdir()
    elif what == "fifo":
        os.mkfifo(reply)
    elif what != "missing":
        reply.write_bytes(b"\x30" * (10_000_000 if what == "10 MB" else 0))
    before = vectors.snapshot(bundle)
    done = live.run("timestamp", "import", bundle, reply, "--tsa-root", root, timeout=30)
    assert (done.code, done.out) == (1, "")
    assert re.match(r"error: .+\nhint: .+", done.err)
    assert vectors.snapshot(bundle) == before


def test_a_reply_that_can_not_be_read_is_named_as_such(bundle, authority, tmp_path):
    """The reason is the file's, in words: no regular file, too large, not there."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").write_bytes(bytes(timestamp.MAX_TOKEN + 1))
    for name, reason in (("fifo", "no regular file"), ("large", "too large"), ("none", "No such file")):
        with pytest.raises(RefusedError, match=reason):
            take_in(authority, bundle, tmp_path / name)
    assert not (bundle / "custody.jsonl").exists()


def test_every_letter_below_the_code_is_its_own():
    """What stands below the QR code can be read: each letter it needs is there, whole, and unlike every other."""
    letters = "0123456789abcdef" + "".join(sorted(set("SHA-256 (checkpoint):") - set("0123456789abcdef")))
    shapes = {letter: tuple(tuple(row) for row in glyphs.rows(letter)) for letter in letters}
    assert len(set(shapes.values())) == len(letters)
    assert all(len(row) == glyphs.WIDTH and not row[-1] for shape in shapes.values() for row in shape)
    assert [letter for letter, shape in shapes.items() if not any(map(any, shape))] == [" "]
