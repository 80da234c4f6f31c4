"""The power is cut at every write of a run, under the kernel's own drivers of FAT and exFAT.

One virtual machine runs `collect`, `note` and `attach` onto two disks whose writes are logged (tests/blocklog.py), and
is killed. What lay on each disk after each write, and after writes that reached it in another order, is read back
here, verified and taken up again: at a sample of writes, or with `COLLECT_FAULTS=all` at every one. The same machine's
clock is set by hours while it collects.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("boots a kernel of Linux", allow_module_level=True)

import blocklog
import faults
import made
import stepper
import vm

from collector import custody, resume
from collector.anchors import Trusted
from collector.errors import NotABundleError
from collector.findings import Level
from collector.verify import examine

pytestmark = [pytest.mark.slow, pytest.mark.root]

ALL = os.environ.get("COLLECT_FAULTS") == "all"
SAMPLE = 60
KINDS = {"vfat": "fat32", "exfat": "exfat"}
"""The kernel's name of a file system and that of tests/faults.py, which mounts it here."""
RUN = """
load("virtio_pci", "virtio_blk", "vfat", "nls_cp437", "nls_ascii", "exfat")
os.makedirs("/tmp/tree")
for number in range(40):
    open(f"/tmp/tree/{number}", "w").close()

def set_clock(hours):
    time.clock_settime(time.CLOCK_REALTIME, time.time() + hours * 3600)

def verified(bundle):
    done = collect("verify", bundle, "--json")
    said = json.loads(done["out"])
    return {"code": done["code"], "verdict": said["verdict"], "codes": [one["code"] for one in said["findings"]]}

def run_under_a_clock_that_is_set(case, ends):
    # by hours, again and again, from the birth of the bundle on, until `ends` says so
    arguments = ("--case", case, "--out", "/tmp", "--scan", "/tmp/tree", "--yes", "--json", "--quiet")
    process = collect(*arguments, wait=False)
    found, times = [], 0
    while process.poll() is None:
        found = [name for name in os.listdir("/tmp") if name.startswith(case)]
        if not found or not os.path.exists(f"/tmp/{found[0]}/manifest.jsonl"):
            time.sleep(0.01)
            continue
        set_clock((5, -9, 4)[times % 3])
        times += 1
        time.sleep(0.3)
        if ends(f"/tmp/{found[0]}"):
            process.kill()
    done = ended(process)
    return f"/tmp/{found[0]}", {"run": done["code"], "err": done["err"], "times": times}

bundle, done = run_under_a_clock_that_is_set("CLOCK", lambda bundle: False)
tell("clock", {**done, **verified(bundle)})
bundle, done = run_under_a_clock_that_is_set("KILL", lambda bundle: len(os.listdir(bundle + "/artifacts")) > 4)
set_clock(-7)
tell("clock, killed", {**done, **verified(bundle)})
done = collect("resume", bundle, "--json", "--quiet")
tell("clock, resumed", {**verified(bundle), "resume": done["code"], "err": done["err"]})
for letter, kind in zip("ab", ("vfat", "exfat")):
    os.makedirs("/mnt/" + kind)
    subprocess.run(["/bin/busybox", "mount", "-t", kind, "/dev/vd" + letter, "/mnt/" + kind], check=True)
    tell("mounted " + kind, 1)
    done = collect("--case", "VM", "--out", "/mnt/" + kind, "--scan", "/tmp/tree", "--yes", "--json", "--quiet")
    tell("finished " + kind, done)
    bundle = json.loads(done["out"])["bundle"]
    tell("noted " + kind, collect("note", bundle, "after the seal"))
    tell("attached " + kind, collect("attach", bundle, "/etc/passwd"))
time.sleep(600)
"""
MOMENTS = ("mounted", "finished", "noted", "attached")


@pytest.fixture(scope="module")
def disks(tmp_path_factory):
    """Return the folder of images as they were before, their logs, and how long each log was at each moment."""
    folder = tmp_path_factory.mktemp("power")
    devices = ["-nic", "none"]
    for kind, ours in KINDS.items():
        image = faults.image(ours, folder / f"{kind}.img")
        shutil.copyfile(image, folder / f"{kind}.before")
        (folder / f"{kind}.log").touch()
        devices += ["-blockdev", f"driver=file,filename={image},node-name={kind}-file"]
        devices += ["-blockdev", f"driver=file,filename={folder / kind}.log,node-name={kind}-log"]
        devices += ["-blockdev", f"driver=blklogwrites,file={kind}-file,log={kind}-log,node-name={kind}"]
        devices += ["-device", f"virtio-blk-pci,drive={kind}"]
    box = vm.Machine(folder / "vm", RUN, *devices)
    ends = {}
    try:
        for kind in KINDS:
            for moment in MOMENTS:
                box.wait_for(f"{moment} {kind}", 600)
                ends[kind, moment] = (folder / f"{kind}.log").stat().st_size
    finally:
        box.close()  # SIGKILL: the power is cut right after the last word
    told = {one["name"]: one["value"] for one in box.answers()}
    for kind in KINDS:
        assert told[f"finished {kind}"]["code"] == 0, told
        assert told[f"attached {kind}"]["code"] == 0, told
    return folder, ends, told


def states(kind, log, ends):
    """Yield (what, last write, writes, flushed) of disks as lost power may leave them.

    Up to each write (`flushed` is `None`), or with some of the writes since a flush: then what was flushed.
    """
    chosen = random.Random(kind)  # the same sample each time
    every = [number for number, entry in enumerate(log) if entry.ends > ends[kind, "mounted"]]
    numbers = every if ALL else sorted(chosen.sample(every, min(SAMPLE, len(every))))
    numbers += [max(n for n in every if log[n].ends <= ends[kind, moment]) for moment in MOMENTS[1:]]
    for number in sorted(set(numbers)):
        yield f"up to write {number}", number, log[: number + 1], None
        flushed = max((n for n in range(number + 1) if log[n].is_flush), default=0)
        since = [entry for entry in log[flushed + 1 : number + 1] if entry.data]
        if len(since) > 1:
            some = chosen.sample(since, chosen.randrange(1, len(since)))
            told = f"up to write {number}, {len(some)} of {len(since)} since the flush"
            yield told, number, log[: flushed + 1] + some, log[: flushed + 1]


@pytest.mark.parametrize("kind", KINDS)
def test_power_cut_at_any_write(disks, tmp_path, kind, record_property):
    """Never ALTERED: no bundle yet, a prefix that resumes to a seal, or the seal; after "finished" always the seal."""
    folder, ends, _ = disks
    log = blocklog.entries(folder / f"{kind}.log")
    seen: dict[str, int] = {}
    for what, number, done, flushed in states(kind, log, ends):

        def disk(writes, to):
            image = Path(shutil.copyfile(folder / f"{kind}.before", tmp_path / "image"))
            blocklog.apply(image, writes)
            return read_back(KINDS[kind], image, tmp_path / to)

        left = disk(done, "left")
        try:
            became = judged(left)
        except AssertionError:
            if flushed is None:
                raise
            assert_torn_after_the_flush(left, disk(flushed, "flushed"))
            became = "torn inside"
        seen[became] = seen.get(became, 0) + 1
        for moment in MOMENTS[1:]:
            if log[number].ends >= ends[kind, moment]:
                assert became == "sealed", (what, became)
        if log[number].ends >= ends[kind, "attached"]:
            chain = (next(left.glob("VM_*")) / "custody.jsonl").read_text()
            assert chain.count('"type":"artifact"') == 1, what
    print(kind, seen)
    record_property(kind, str(seen))
    assert {"unborn", "resumed", "sealed"} <= set(seen), seen


def assert_torn_after_the_flush(left, flushed):
    """Of the sectors of one sync a later one was written, an earlier one not: before them nothing is changed."""
    (path,), (synced,) = left.glob("VM_*"), flushed.glob("VM_*")
    whole = (synced / "manifest.jsonl").read_bytes()
    lines = whole[: whole.rfind(b"\n") + 1]
    assert (path / "manifest.jsonl").read_bytes().startswith(lines)
    findings = [one for one in examine(path, Trusted()).findings if one.level is Level.ALTERED]
    assert {str(one.code) for one in findings} <= {"BAD_RECORD", "CHAIN_BREAK"}, findings
    assert all(int(one.subject.rsplit(" ", 1)[1]) > lines.count(b"\n") for one in findings), findings


def test_a_real_clock_set_by_hours_while_collecting(disks):
    """Told as CLOCK_STEP and never ALTERED; killed then, and taken up under another hour, it ends sealed."""
    told = disks[2]
    whole = told["clock"]
    assert (whole["run"], whole["code"], whole["verdict"]) == (0, 0, "UNANCHORED"), whole
    assert set(whole["codes"]) == {"CLOCK_STEP"}, whole
    assert whole["times"] > 2
    killed = told["clock, killed"]
    assert (killed["run"], killed["verdict"]) == (-9, "INCOMPLETE"), killed
    assert {"NOT_CLOSED", "CLOCK_STEP"} <= set(killed["codes"]) <= {"NOT_CLOSED", "CLOCK_STEP", "PARTIAL", "TORN_TAIL"}
    resumed = told["clock, resumed"]
    assert resumed["verdict"] == "UNANCHORED", resumed
    assert resumed["resume"] == 4, "nobody watched the network between the kill and the resume"
    assert set(resumed["codes"]) <= {"CLOCK_STEP", "PARTIAL"}


def read_back(ours, image, to):
    """Return a copy of what a disk holds, mounted as a verifier would."""
    shutil.rmtree(to, ignore_errors=True)
    for repaired in (False, True):
        if repaired:  # as Windows offers to: exFAT knows that it was not taken out in peace
            subprocess.run(["fsck.exfat", "-y", image], check=False, capture_output=True)
        shutil.rmtree(to, ignore_errors=True)
        stick = faults.Stick(ours, image.parent / "stick", image)
        try:
            shutil.copytree(stick.place, to)
        except OSError:
            if repaired or ours != "exfat":
                raise
        else:
            break
        finally:
            stick.unmount()
            shutil.rmtree(image.parent / "stick")
    return to


def judged(left):
    """Demand what is promised of a disk; return what became of it."""
    found = [path for path in left.iterdir() if (path / "manifest.jsonl").exists()]
    if not found:
        for path in left.iterdir():
            with pytest.raises(NotABundleError):
                examine(path, Trusted())
        return "unborn"
    (path,) = found
    verdict = faults.unaltered(path)
    if verdict == "UNANCHORED" or (path / "checkpoint").exists():
        custody.note(path, "later", made.MadeClock(), dict(stepper.TOOL))
        assert faults.unaltered(path) == "UNANCHORED"
        return "sealed"
    again = resume.reopen(path, made.key(3), made.MadeClock(), {"tool": stepper.TOOL, "arguments": []})
    again.close(**stepper.CLOSE)
    assert faults.unaltered(path) == "UNANCHORED"
    return "resumed"
