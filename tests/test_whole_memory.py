"""The memory of the whole machine through an acquisition program: what it wrote, what ran, and that nothing is left."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("mount namespaces of Linux", allow_module_level=True)

import acquirer
import live

from collector import age
from collector.host import HostError, machine_image
from collector.host.linux import LinuxHost, Roots, whole_memory
from collector.model import Blob, Gap, Outcome, Request

ROOT = pytest.mark.root
COUNTED = whole_memory._counted
LESS = f"""
import sys; sys.path[:0] = ['{live.ROOT}']
import collector.host.linux.whole_memory as it
it._counted, it.KEPT, it.MORE = (lambda _: 0), 0, 64 << 20
"""
"""Put before a run: the machine has little memory."""
IMAGE = b"".join(acquirer.lime(number << 24, bytes([number]) * (1 << 20)) for number in range(5))


def program(folder, mode="plain", python=sys.executable):
    """Write an acquisition program of a mode and return its path."""
    path = folder / "avml"
    text = Path(acquirer.__file__).read_text().replace('main("plain")', f'main("{mode}")')
    path.write_text(f"#!{python}\n{text}")
    path.chmod(0o644)  # as on a stick from which nothing may be started
    return path


def taken(path, out, **more):
    """Return the parts of the image and what else was said."""
    request = Request(0, memory_program=path, out=os.fsencode(out), **more)
    parts, gaps = [], []
    for item in LinuxHost(Roots()).whole_memory(request):
        if isinstance(item, Blob):
            parts.append((b"".join(item.chunks), item))
        else:
            gaps.append(item)
    return parts, gaps


@pytest.fixture(autouse=True)
def little(monkeypatch):
    """Let the machine have little memory, so that any medium has room for it."""
    monkeypatch.setattr(whole_memory, "_counted", lambda _: 0)
    monkeypatch.setattr(machine_image, "KEPT", 0)
    monkeypatch.setattr(whole_memory, "MORE", 64 << 20)


@ROOT
def test_the_image_is_what_the_program_wrote(tmp_path):
    """Byte for byte, with the hash of what ran; the FIFO is in no folder of the machine, no child is left."""
    before = {place: set(Path(place).iterdir()) for place in whole_memory.PLACES if Path(place).is_dir()}
    mounts = Path("/proc/self/mountinfo").read_bytes()
    path = program(tmp_path)
    (((data, blob),), gaps) = taken(path, tmp_path)
    assert (data, gaps) == (IMAGE, [])
    assert blob.method.endswith(hashlib.sha256(path.read_bytes()).hexdigest())
    assert blob.subject == str(path)
    assert Path("/proc/self/mountinfo").read_bytes() == mounts
    for place, names in before.items():
        assert Path(place, "memory") not in set(Path(place).iterdir()) - names
    assert not running(path)


def running(word):
    """Return the processes with a word in their arguments."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.fsencode(word) in (process / "cmdline").read_bytes():
                found.append(process.name)
    return found


@ROOT
@pytest.mark.parametrize("part", [1 << 20, len(IMAGE) // 2, len(IMAGE)])
def test_a_large_image_comes_in_parts(tmp_path, monkeypatch, part):
    """FAT takes no file of 4 GiB: joined in their order the parts are the image, and none of them is empty."""
    monkeypatch.setattr(machine_image, "PART", part)
    parts, gaps = taken(program(tmp_path), tmp_path)
    assert b"".join(data for data, _ in parts) == IMAGE
    assert [len(data) for data, _ in parts[:-1]] == [part] * (len(parts) - 1)
    assert parts[-1][0]
    assert not gaps


@ROOT
def test_a_program_that_fails_is_a_gap(tmp_path):
    """What it complains of is told; the file that it left empty is there, too."""
    (((data, _),), (gap,)) = taken(program(tmp_path, "fails"), tmp_path)
    assert data == b""
    assert (gap.outcome, gap.subject) == (Outcome.FAILED, "locked down /proc/kcore\n")


@ROOT
def test_a_program_that_writes_for_ever_is_ended(tmp_path, monkeypatch):
    """More than the machine can have is no memory of it: cut, told, and the program is killed."""
    monkeypatch.setattr(whole_memory, "MORE", 16 << 20)
    (((data, blob),), (gap,)) = taken(program(tmp_path, "endless"), tmp_path)
    assert len(data) <= 16 << 20
    assert data.startswith(IMAGE)
    assert (gap.outcome, blob.flags) == (Outcome.OVER_LIMIT, ["cut"])


@ROOT
def test_a_launcher_is_waited_for(tmp_path):
    """What a program has launched still writes after its own end: the image is whole, and nothing is amiss."""
    (((data, _),), gaps) = taken(program(tmp_path, "launches"), tmp_path)
    assert (data, gaps) == (IMAGE, [])


@ROOT
@pytest.mark.parametrize(
    ("mode", "outcome", "reason"),
    [
        ("nothing", Outcome.FAILED, "wrote nothing where it was told to"),
        ("begins again", Outcome.FAILED, "began 2 times"),
        ("silent", Outcome.TIMED_OUT, "wrote nothing for 1 s"),
    ],
)
def test_what_is_no_whole_image_is_a_gap(tmp_path, monkeypatch, mode, outcome, reason):
    """Success is never said of a program that wrote nothing, began anew, or says nothing any more."""
    monkeypatch.setattr(machine_image, "SILENT_S", 1)
    path = program(tmp_path, mode)
    _, gaps = taken(path, tmp_path)
    assert gaps[0].outcome is outcome
    assert reason in gaps[0].reason
    assert not running(path)


def test_all_memory_is_counted(tmp_path):
    """The ranges of the kernel where root may read them; else what the system counts, and a margin."""
    (tmp_path / "meminfo").write_text("MemTotal:       1000 kB\nMemFree: 5 kB\n")
    (tmp_path / "iomem").write_text(
        "00000000-00000fff : Reserved\n00001000-0009ffff : System RAM\n00100000-0013ffff : System RAM\n"
        "  00100000-0011ffff : Kernel code\n"
    )
    assert COUNTED(Roots(proc=str(tmp_path))) == 0x9F000 + 0x40000
    (tmp_path / "iomem").write_text("00000000-00000000 : System RAM\n")
    assert COUNTED(Roots(proc=str(tmp_path))) == 1000 * 1024 * 21 // 20
    (tmp_path / "meminfo").write_text("nonsense")
    with pytest.raises(HostError):
        COUNTED(Roots(proc=str(tmp_path)))


@ROOT
def test_whoever_leaves_ends_the_program(tmp_path):
    """A run that ends while the program hangs: it is killed, with what it started in a session of its own."""
    path = program(tmp_path, "hangs")
    request = Request(0, memory_program=path, out=os.fsencode(tmp_path))
    items = LinuxHost(Roots()).whole_memory(request)
    blob = next(items)
    chunks = blob.chunks
    assert next(data for data in chunks if data) == b"before it hangs"
    chunks.close()
    items.close()
    assert not running(path)
    assert not running("/bin/sleep\0987")


@ROOT
def test_what_ran_is_what_was_hashed(tmp_path):
    """A program that is another one by the time it is started is not what is started."""
    path = program(tmp_path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    fd, told = whole_memory._sealed(os.fsencode(path))
    path.write_text("#!/bin/false\n")
    assert told == digest
    with pytest.raises(PermissionError):
        os.write(fd, b"x")
    os.close(fd)


def test_where_there_is_no_room_nothing_is_started(tmp_path, monkeypatch):
    """The rest of the evidence has precedence: the gap tells what is needed and what there is."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(whole_memory, "_counted", lambda _: 1 << 60)
    with pytest.raises(HostError) as raised:
        taken(program(tmp_path), tmp_path)
    assert raised.value.gap.outcome is Outcome.OVER_LIMIT
    monkeypatch.setattr(whole_memory, "_counted", lambda _: 0)
    with pytest.raises(HostError) as raised:
        taken(program(tmp_path), tmp_path, max_size=1000)
    assert raised.value.gap.reason.endswith("the memory of the machine takes 67108864 bytes, there is room for 1000")


def test_others_than_root_are_denied(tmp_path, monkeypatch):
    """Nothing is started that could only fail."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(HostError) as raised:
        taken(program(tmp_path), tmp_path)
    assert raised.value.gap.outcome is Outcome.DENIED


@ROOT
@pytest.mark.parametrize("content", [b"", b"no program\n", b"\x7fELF broken"])
def test_what_is_no_program_is_a_gap(tmp_path, content):
    """The system's refusal is told."""
    path = tmp_path / "avml"
    path.write_bytes(content)
    try:
        _, gaps = taken(path, tmp_path)
    except HostError as error:
        gaps = [error.gap]
    assert [isinstance(gap, Gap) for gap in gaps] == [True]


@ROOT
def test_a_whole_run_has_it_encrypted(tmp_path):
    """`collect --memory-program`: an artifact that only the recipient reads, with the program's hash; else refused."""
    plain = live.collect(tmp_path, "--memory-program", program(tmp_path))
    assert (plain.code, plain.err.startswith("error: the whole memory holds passwords")) == (2, True)
    identity, recipient = age.new_identity()
    absent = live.collect(tmp_path, "--memory-program", tmp_path / "none", "--recipient", recipient)
    assert absent.code == 2
    path = program(tmp_path)
    scan = ("--scan", live.files_in(tmp_path / "tree", 3))
    done = live.collect(tmp_path, "--memory-program", path, "--recipient", recipient, *scan, fault=LESS)
    assert done.code in live.SEALED, done
    bundle = live.assert_sealed(done.json["bundle"], identity)
    (record,) = bundle.artifacts("memory")
    assert record["method"].endswith(hashlib.sha256(path.read_bytes()).hexdigest())
    assert record["content_sha256"] == hashlib.sha256(IMAGE).hexdigest()
    assert live.decrypted((bundle.path / record["path"]).read_bytes(), identity) == IMAGE
    assert bundle.observed("request")[0]["memory_program"] == str(path)
    kinds = [one["kind"] for one in bundle.artifacts()]
    before, after = kinds[: kinds.index("memory")], kinds[kinds.index("memory") :]
    assert "processes" in before  # whether anything was suspect is this machine's affair
    assert not {"suspects", "executables"} & set(after)
    assert "ransom" in after


def test_a_dry_run_names_the_step(tmp_path):
    """It stands where it is done: after the programs, before the services."""
    asked = ("--case", "X", "--dry-run", "--json", "--memory-program", program(tmp_path))
    steps = [one["source"] for one in live.run(*asked, "--recipient", age.new_identity()[1]).json["steps"]]
    assert steps[steps.index("memory") - 1 : steps.index("memory") + 2] == ["executables", "memory", "services"]


@ROOT
@pytest.mark.parametrize("how", ["signal", "gone"])
def test_no_program_outlives_the_run(tmp_path, how):
    """Ctrl-C, or the stick is taken out, while the program hangs: the run ends, and before it what it has started."""
    path = program(tmp_path, "hangs")
    out = tmp_path / "out"
    out.mkdir()
    scan = ("--scan", live.files_in(tmp_path / "tree", 3), "--recipient", age.new_identity()[1])
    asked = ("--case", "T1", "--out", out, "--memory-program", path, *scan, "--quiet")
    run = live.start(*asked, fault=LESS)
    live.wait_for(lambda: running("/bin/sleep\0987"))
    if how == "signal":
        run.send_signal(signal.SIGINT)
    else:
        live.only_bundle(out).path.rename(tmp_path / "elsewhere")
    assert live.ended(run).code in (3, 4) if how == "signal" else live.ended(run).code
    assert not running(path)
    assert not running("/bin/sleep\0987")
