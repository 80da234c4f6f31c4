"""The main job on this live machine: what a program does here is found in the bundle, and stock tools agree."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import live
import pytest
import suspect

if sys.platform != "linux":
    pytest.skip("runs on a live Linux", allow_module_level=True)

KINDS = [
    "system",
    "processes",
    "connections",
    "neighbours",
    "routes",
    "interfaces",
    "suspects",
    "executables",
    "services",
    "dns",
    "sessions",
    "windows",
    "screen",
    "recent-files",
]
"""The order of volatility as the issue gives it, written down again: the code's own list would prove nothing."""
PHASES = ["volatile", "executables", "state", "screen", "traces", "files"]
ODD = ["two\nlines", "\x1b[31mred", b"\xff\xfe", "", "é \u202e"]
"""Arguments of the program to be found."""


@dataclass(frozen=True)
class Live:
    """One run on this machine while the suspect held everything it holds."""

    bundle: live.Bundle
    result: dict
    pid: int
    sockets: dict[str, str]
    tree: Path
    held: Path
    touched: Path
    """A file written over and over while the run lasted."""


@contextmanager
def suspected(display: str, held: Path):
    """Hold the suspect while the block lasts."""
    arguments = [sys.executable, suspect.__file__, display, held, *ODD]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        line = process.stdout.readline()
        assert line, "the suspect did not start"
        yield process.pid, json.loads(line)
    finally:
        process.communicate()


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> Live:
    """Return what one run saw."""
    pytest.importorskip("Xlib")
    folder = tmp_path_factory.mktemp("live")
    tree, out = live.files_in(folder / "tree", 3), folder / "out"
    out.mkdir()
    (tree / "é\n\x1b[31m").write_bytes(b"named")
    (tree / os.fsdecode(b"\xff\xfe")).write_bytes(b"not Unicode")
    os.utime(live.files_in(tree / "old", 1) / "f00000", ns=(0, 0))
    held, touched = tree / "held", tree / "touched"
    for display in live.display():
        with suspected(display, held) as (pid, sockets):
            run = live.start(
                "--case", "T1", "--out", out, "--scan", tree, "--json", "--quiet", "--operator", "A. Martin",
                env={"DISPLAY": display},
            )  # fmt: skip
            while run.poll() is None:
                touched.write_text("again")
                time.sleep(0.005)
            done = live.ended(run)
    assert done.code in live.SEALED, done.err
    return Live(live.only_bundle(out), done.json, pid, sockets, tree, held, touched)


def test_json_of_a_run_has_the_promised_keys(seen):
    """`--json` names the bundle, its counts, its verdicts and its codes, as they stand in the bundle."""
    result, bundle = seen.result, seen.bundle
    promised = [
        "bundle",
        "case",
        "exit",
        "records",
        "artifacts",
        "gaps",
        "isolation",
        "start_code",
        "seal_code",
        "seconds",
    ]
    assert set(promised) <= set(result)
    assert Path(result["bundle"]) == bundle.path
    assert result["case"] == "T1"
    assert result["records"] == len(bundle.records)
    assert result["artifacts"] == len(bundle.artifacts())
    assert result["gaps"] == len(bundle.gaps())
    assert list(result["isolation"]) == ["open", "close", "run"]


def test_the_process_is_found(seen):
    """Its row has its parent, its arguments byte for byte, its user, its folder and the file that it holds open."""
    (row,) = [row for row in seen.bundle.rows("processes") if row["pid"] == seen.pid]
    assert row["ppid"] == os.getpid()
    arguments = [live.text_of(argument) for argument in row["cmdline"]]
    assert arguments[3:] == [os.fsencode(argument) for argument in [seen.held, *ODD]]
    assert row["uid"] == os.getuid()
    assert row["username"] == Path("/etc/passwd").read_text().split(f":x:{os.getuid()}:")[0].rpartition("\n")[2]
    assert row["cwd"] == str(Path.cwd())
    assert str(seen.held) in [file["path"] for file in row["open_files"]]
    assert row["exe"] == os.path.realpath(sys.executable)
    assert row["exe_deleted"] is False


def test_its_sockets_are_found_and_joined_to_it(seen):
    """The listening and the connected socket stand with both addresses, their state and its pid."""
    rows = [row for row in seen.bundle.rows("connections") if row["pid"] == seen.pid]
    told = {(row["laddr"], row["raddr"], str(row["status"]).upper()) for row in rows}
    listening, calling = seen.sockets["listening"], seen.sockets["calling"]
    assert {laddr for laddr, _, status in told if status == "LISTEN"} == {listening}
    assert (calling, listening, "ESTABLISHED") in told
    assert (listening, calling, "ESTABLISHED") in told


def test_its_executable_is_hashed(seen):
    """The row of the interpreter names the process and the hash that `sha256sum` would give."""
    (row,) = [row for row in seen.bundle.rows("executables") if seen.pid in row["pids"]]
    assert row["sha256"] == hashlib.sha256(Path(sys.executable).read_bytes()).hexdigest()


def test_its_window_is_found(seen):
    """Title, place, size and owner of the window, the owner as the display server knows it."""
    (row,) = [row for row in seen.bundle.rows("windows") if row["pid"] == seen.pid]
    assert row["title"] == suspect.TITLE
    assert row["geometry"] == list(suspect.WINDOW)
    assert row["visible"] is True


def test_the_picture_of_the_screen_is_what_was_drawn(seen):
    """Every pixel of the PNG has the colour that was painted there."""
    width, height = suspect.SCREEN
    found = [
        pixels(seen.bundle.path / one["path"])
        for one in seen.bundle.artifacts("screen")
        if one["path"].endswith(".png")
    ]
    drawn = [[suspect.expected(x, y) for x in range(width)] for y in range(height)]
    assert drawn in found


def pixels(path: Path) -> list[list[tuple[int, ...]]]:
    """Return the rows of a PNG of 8-bit RGB without filters; checks every chunk's sum."""
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, head, packed = 8, b"", b""
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length) == (zlib.crc32(name + body),)
        head, packed = body if name == b"IHDR" else head, packed + body if name == b"IDAT" else packed
        at += 12 + length
    assert name == b"IEND"
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", head)
    assert (depth, colour) == (8, 2)
    raw, stride = zlib.decompress(packed), 1 + width * 3
    assert len(raw) == stride * height
    lines = [raw[stride * y : stride * (y + 1)] for y in range(height)]
    assert {line[0] for line in lines} == {0}, "a filter that this test does not know"
    return [[tuple(line[i : i + 3]) for i in range(1, stride, 3)] for line in lines]


def test_recent_files_are_found_with_their_hashes(seen):
    """Every file made in the tree stands there once, its name byte for byte, with its hash; an old one by its ctime."""
    rows = {live.text_of(row["path"]): row for row in seen.bundle.rows("recent-files")}
    files = {os.fsencode(path): path for path in seen.tree.rglob("*") if path.is_file()}
    assert set(files) - set(rows) <= {os.fsencode(seen.touched)}, "missed"
    for name, path in files.items():
        if path not in (seen.touched, seen.held):
            assert rows[name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
            assert rows[name]["mtime_ns"] == str(path.stat().st_mtime_ns)
    assert rows[os.fsencode(seen.tree / "old/f00000")]["mtime_ns"] == "0", "put back, and still recent by its ctime"


def test_activity_shows_what_was_written_meanwhile(seen):
    """A file written while the run lasts has its events, after the start and before the end."""
    rows = [row for row in seen.bundle.rows("activity") if row["path"] == str(seen.touched)]
    assert "modified" in {row["event"] for row in rows}
    begin, end = seen.bundle.records[0]["utc"], seen.bundle.close["utc"]
    assert all(begin <= row["utc"] <= end for row in rows)


def test_sources_are_read_in_the_order_of_volatility(seen):
    """The artifacts' numbers rise in the order of volatility; what ends the run stands last."""
    order = {record["seq"]: record["source"] for record in seen.bundle.of("intent")}
    first = [source for _, source in sorted(order.items())]
    sources = list(dict.fromkeys(first))
    assert [source for source in sources if source in KINDS] == [kind for kind in KINDS if kind in sources]
    assert sources[-3:] == ["activity", "footprint", "summary"]
    asked = {record["source"] for record in (*seen.bundle.artifacts(), *seen.bundle.gaps())}
    assert set(KINDS) <= asked, "a source left neither an artifact nor a gap"
    assert [record["path"][10:16] for record in seen.bundle.of("intent")] == [f"{seq:06d}" for seq in sorted(order)]


def test_every_phase_is_closed_with_a_code(seen):
    """The phases follow each other, and each code is that of the record before it."""
    phases = seen.bundle.of("phase")
    assert [phase["name"] for phase in phases] == PHASES
    for phase in phases:
        digest = hashlib.sha256(seen.bundle.lines[phase["seq"] - 1].removesuffix(b"\n")).digest()
        assert phase["code"].replace("-", "") == base64.b32encode(digest)[:32].decode()


def test_every_table_keeps_its_contract(seen):
    """The first line of every JSONL artifact is a header whose columns, each with a sentence, are every row's keys."""
    tables = [one for one in seen.bundle.artifacts() if one["path"].endswith(".jsonl")]
    assert {one["kind"] for one in tables} >= {"system", "processes", "connections", "activity", "footprint", "summary"}
    for one in tables:
        lines = (seen.bundle.path / one["path"]).read_bytes().splitlines()
        header = json.loads(lines[0])
        assert (header["kind"], header["source"]) == (one["kind"], one["source"])
        assert all(isinstance(said, str) and said.endswith(".") for said in header["columns"].values())
        for line in lines[1:]:
            assert list(json.loads(line)) == list(header["columns"]), one["path"]
        assert one["rows"] == len(lines) - 1
        assert one["outcome"] == ("collected" if one["rows"] else "empty")


def test_close_counts_what_is_there(seen):
    """The counts of the `close` record are those of the records before it, and the same boot lasted."""
    close = seen.bundle.close
    assert close["counts"]["artifacts"] == len(seen.bundle.artifacts())
    assert close["counts"]["gaps"] == len(seen.bundle.gaps())
    assert (close["outcome"], close["reason"], close["same_boot"]) == ("complete", None, True)
    assert close["isolation"] == seen.result["isolation"]


def test_stock_tools_agree(seen):
    """`sha256sum`, `ssh-keygen` and `openssl` verify the bundle without our software."""
    live.needs("sha256sum", "ssh-keygen", "openssl", "base32", "bash")
    path = seen.bundle.path
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=path, check=True)
    listed = {line[66:] for line in (path / "SHA256SUMS").read_text().splitlines()}
    files = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
    assert files - listed == {"SHA256SUMS"}
    identity = (path / "allowed_signers").read_text().split()[0]
    check = ["ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-I", identity, "-n", "evidence-collector@v1"]
    with (path / "checkpoint").open("rb") as checkpoint:
        subprocess.run([*check, "-s", "checkpoint.sig"], stdin=checkpoint, cwd=path, check=True, capture_output=True)
    line = "openssl dgst -sha256 -binary {} | base32 | tr -d '\\n' | cut -c1-32"
    for name, code in (("checkpoint", "seal_code"), ("first", "start_code")):
        (path.parent / "first").write_bytes(seen.bundle.lines[0].removesuffix(b"\n"))
        file = name if name == "checkpoint" else str(path.parent / "first")
        done = subprocess.run(["bash", "-c", line.format(file)], cwd=path, check=True, capture_output=True, text=True)
        assert done.stdout.strip() == seen.result[code].replace("-", "")
    (path.parent / "first").unlink()


def test_the_checkpoint_says_what_the_manifest_is(seen):
    """Five lines: label with the bundle's id, records, bytes, hash of the manifest, hash of its last line."""
    raw = (seen.bundle.path / "manifest.jsonl").read_bytes()
    assert (seen.bundle.path / "checkpoint").read_text() == (
        f"evidence-collector/v1/{seen.bundle.records[0]['sid']}\n{len(seen.bundle.records)}\n{len(raw)}\n"
        f"{hashlib.sha256(raw).hexdigest()}\n{hashlib.sha256(seen.bundle.lines[-1][:-1]).hexdigest()}\n"
    )


# Verify -------------------------------------------------------------------------------------


def test_verify_without_a_code_is_unanchored(seen):
    """Consistent and closed; nothing inside the bundle anchors it."""
    done = live.verify(seen.bundle.path)
    assert (done.code, done.json["verdict"]) == (0, "UNANCHORED")
    assert done.json["anchors"] == []
    assert (done.json["start_code"], done.json["seal_code"]) == (seen.result["start_code"], seen.result["seal_code"])


def test_require_anchor_without_one_is_exit_4(seen):
    """`--require-anchor` refuses a bundle that nothing from outside holds, a start code included."""
    assert live.verify(seen.bundle.path, "--require-anchor").code == 4
    assert live.verify(seen.bundle.path, "--require-anchor", "--start-code", seen.result["start_code"]).code == 4


@pytest.mark.parametrize(
    "spell", [str, str.lower, lambda code: code.replace("-", ""), lambda code: code.replace("-", " ")]
)
def test_the_seal_code_anchors(seen, spell):
    """However it is copied from the paper."""
    done = live.verify(seen.bundle.path, "--require-anchor", "--seal-code", spell(seen.result["seal_code"]))
    assert (done.code, done.json["verdict"]) == (0, "ANCHORED")


@pytest.mark.parametrize(
    ("slips", "code", "verdict", "finding"),
    [
        (1, 0, "ANCHORED", None),
        (2, 0, "ANCHORED", None),
        (3, 0, "UNANCHORED", "SEAL_NEAR"),
        (5, 0, "UNANCHORED", "SEAL_NEAR"),
        (6, 0, "UNANCHORED", "SEAL_NEAR"),
        (7, 1, "ALTERED", "SEAL_MISMATCH"),
        (32, 1, "ALTERED", "SEAL_MISMATCH"),
    ],
)
def test_slips_in_the_seal_code(seen, slips, code, verdict, finding):
    """Two wrong characters are slips of the pen, three to six are near and anchor nothing, more is another seal."""
    done = live.verify(seen.bundle.path, "--seal-code", slipped(seen.result["seal_code"], slips))
    assert (done.code, done.json["verdict"]) == (code, verdict)
    assert live.codes(done) == ([] if finding is None else [finding])


def slipped(code: str, count: int) -> str:
    """Return a code with its first characters changed."""
    letters = code.replace("-", "")
    return "".join("B" if letter == "C" else "C" for letter in letters[:count]) + letters[count:]


def test_a_wrong_start_code_is_altered(seen):
    """The seal code of the same bundle is not its start code."""
    done = live.verify(seen.bundle.path, "--start-code", seen.result["seal_code"])
    assert (done.code, live.codes(done)) == (1, ["START_CODE_MISMATCH"])


def test_what_is_no_code_is_a_usage_error(seen):
    """A code of another length is refused with what a code looks like."""
    done = live.run("verify", seen.bundle.path, "--seal-code", "ABCD", "--json")
    assert (done.code, done.out) == (2, "")
    assert "hint:" in done.err


def test_of_several_bundles_the_worst_exit_counts(seen, tmp_path):
    """Usage before ALTERED before INCOMPLETE before sound, and every bundle is still told."""
    sound = seen.bundle.path
    altered, unsealed = (Path(shutil.copytree(sound, tmp_path / name)) for name in ("altered", "unsealed"))
    (altered / "LISEZ-MOI.txt").write_bytes(b"")
    for name in ("checkpoint", "checkpoint.sig", "SHA256SUMS"):
        (unsealed / name).unlink()
    done = live.run("verify", sound, unsealed, altered, sound, "--json")
    assert done.code == 1
    assert [told["verdict"] for told in done.json["bundles"]] == ["UNANCHORED", "INCOMPLETE", "ALTERED", "UNANCHORED"]
    assert live.run("verify", sound, unsealed, "--json").code == 3
    assert live.run("verify", sound, sound, "--json", "--require-anchor").code == 4
    assert live.run("verify", sound, tmp_path / "nothing", altered, "--json").code == 2


# Isolation ----------------------------------------------------------------------------------

CONNECTED = (
    "ip link add left type veth peer name right && ip address add 192.0.2.1/24 dev left && ip link set left up &&"
    ' ip link set right up && ip route add default via 192.0.2.254 && exec "$@"'
)


@pytest.mark.root
def test_an_isolated_host_is_exit_0(tmp_path):
    """With nothing but loopback, open and close say ISOLATED and the run is confirmed."""
    live.needs("unshare")
    done = live.collect(tmp_path, "--scan", live.files_in(tmp_path / "tree", 1), before=["unshare", "-n"])
    assert done.json["isolation"] == {"open": "ISOLATED", "close": "ISOLATED", "run": "ISOLATED"}, done.out
    assert done.code == done.json["exit"] == 0


@pytest.mark.root
def test_a_connected_host_is_exit_4(tmp_path):
    """With a live link and a default route the bundle is sealed all the same, and the exit code says so."""
    live.needs("unshare", "ip")
    inside = ["unshare", "-n", "sh", "-c", CONNECTED, "sh"]
    done = live.collect(tmp_path / "out", "--scan", live.files_in(tmp_path / "out", 1), before=inside)
    assert done.json["isolation"]["run"] == "CONNECTED"
    assert done.code == done.json["exit"] == 4
    live.assert_sealed(done.json["bundle"])


@pytest.mark.root
@pytest.mark.parametrize(
    ("inside", "code", "verdict"),
    [(["unshare", "-n"], 0, "ISOLATED"), (["unshare", "-n", "sh", "-c", CONNECTED, "sh"], 1, "CONNECTED")],
    ids=["loopback-only", "veth"],
)
def test_the_isolation_command(inside, code, verdict):
    """`collect isolation --json` gives the verdict, its scope and each interface, and the exit code."""
    live.needs("unshare", "ip")
    done = live.run("isolation", "--json", before=inside)
    told = done.json
    assert (done.code, told["verdict"]) == (code, verdict)
    assert set(told) >= {"verdict", "scope", "interfaces", "routes", "reasons"}
    keys = {"name", "kind", "admin_up", "carrier", "addresses", "state"}
    assert all(set(one) >= keys for one in told["interfaces"])
    assert "lo" in {one["name"] for one in told["interfaces"]}
    assert bool(told["reasons"]) == (verdict == "CONNECTED") or told["scope"] == "namespace"
