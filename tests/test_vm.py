"""What this machine's kernel lacks, in a small virtual machine: kinds of links, real cables, Wi-Fi, suspend.

There the collector stands in the host's own namespace with nothing connected: scope `host`.
"""

from __future__ import annotations

import json
import sys
import time

import pytest

if sys.platform != "linux":
    pytest.skip("boots a kernel of Linux", allow_module_level=True)

import vm

pytestmark = [pytest.mark.slow]

# Each world: what is done, then what undoes it; the states of its links, the verdict and the exit code.
KINDS = {
    "nothing but a loopback": ("", "", {"lo": "down"}, "ISOLATED", 0),
    "a dummy": ("ip('link add d0 type dummy'); ip('link set d0 up')", "", {"d0": "internal"}, "ISOLATED", 0),
    "a dummy with a default route": (
        "ip('route add default dev d0')",
        "ip('route delete default dev d0')",
        {"d0": "connected"},
        "CONNECTED",
        1,
    ),
    "a vlan on it": (
        "load('8021q'); ip('link add link d0 name v7 type vlan id 7'); ip('link set v7 up')",
        "ip('link delete v7')",
        {"d0": "internal", "v7": "connected"},
        "CONNECTED",
        1,
    ),
    "a macvlan on it": (
        "load('macvlan'); ip('link add m0 link d0 type macvlan'); ip('link set m0 up')",
        "ip('link delete m0')",
        {"m0": "connected"},
        "CONNECTED",
        1,
    ),
    "a bond without a port": (
        "load('bonding'); ip('link add b0 type bond'); ip('link set b0 up')",
        "",
        {"b0": "no_carrier"},
        "ISOLATED",
        0,
    ),
    "a bond with a port that is up": (
        "ip('link set d0 down'); ip('link set d0 master b0')",
        "",
        {"b0": "connected", "d0": "connected"},
        "CONNECTED",
        1,
    ),
    "a vlan on that bond": (
        "ip('link add link b0 name v8 type vlan id 8'); ip('link set v8 up')",
        "ip('link delete b0')",
        {"b0": "connected", "d0": "connected", "v8": "connected"},
        "CONNECTED",
        1,
    ),
    "an ipvlan on the dummy": (
        "load('ipvlan'); ip('link set d0 up'); ip('link add i0 link d0 type ipvlan'); ip('link set i0 up')",
        "ip('link delete i0')",
        {"d0": "internal", "i0": "connected"},
        "CONNECTED",
        1,
    ),
    "a macvlan of another namespace": (
        (
            "H = holder(); ip('link add m1 link d0 type macvlan'); ip(f'link set m1 netns {H.pid}')\n"
            "inside(H, 'link set m1 up')"
        ),
        "inside(H, 'link delete m1'); H.kill(); H.wait()",
        {"d0": "internal", "m1@": "connected"},
        "CONNECTED",
        1,
    ),
    "a bridge with the dummy as its port": (
        "load('bridge'); ip('link add br0 type bridge'); ip('link set d0 master br0'); ip('link set br0 up')",
        "",
        {"br0": "internal", "d0": "internal"},
        "ISOLATED",
        0,
    ),
    "a bridge with a tunnel behind it": (
        "load('vxlan'); ip('link add x0 type vxlan id 7 dstport 4789'); ip('link set x0 master br0 up')",
        "ip('link delete x0'); ip('link delete br0'); ip('link delete d0')",
        {"br0": "connected", "d0": "connected", "x0": "connected"},
        "CONNECTED",
        1,
    ),
    "a wireguard that is off": (
        "load('wireguard'); ip('link add wg0 type wireguard')",
        "",
        {"wg0": "down"},
        "ISOLATED",
        0,
    ),
    "a wireguard that is on": ("ip('link set wg0 up')", "", {"wg0": "connected"}, "CONNECTED", 1),
    "a wireguard in another namespace": (
        "ip('link set wg0 down'); H = holder(); ip(f'link set wg0 netns {H.pid}'); inside(H, 'link set wg0 up')",
        "inside(H, 'link delete wg0'); H.kill(); H.wait()",
        {"wg0@": "connected"},
        "CONNECTED",
        1,
    ),
    "a container with a way out that is a veth": (
        (
            "load('veth'); H = holder(); ip(f'link add c0 type veth peer name c1 netns {H.pid}')\n"
            "ip('link set c0 up')\n"
            "inside(H, 'link set c1 up'); inside(H, 'route add default dev c1')"
        ),
        "ip('link delete c0'); H.kill(); H.wait()",
        {"c0": "internal", "c1@": "internal"},
        "ISOLATED",
        0,
    ),
}

RUN = """
def run(*more):
    done = collect("--case", "VM", "--out", "/tmp", "--scan", "/tmp/tree",
        "--profile", "triage", "--no-memory", "--yes", "--json", "--quiet", *more)
    return sealed(done)

def sealed(done):
    said = json.loads(done["out"]) if done["out"] else {}
    lines = [json.loads(line) for line in open(said["bundle"] + "/manifest.jsonl")] if said else []
    seen = [(line["what"], line["data"]) for line in lines if line["type"] == "observation"]
    verified = collect("verify", said["bundle"], "--json") if said else done
    return {"code": done["code"], "err": done["err"], "isolation": said.get("isolation"), "seen": seen,
            "gaps": [line["source"] for line in lines if line["type"] == "gap"], "verify": verified["code"]}

def in_its_files(case, out="/tmp"):
    for _ in range(6000):
        for name in os.listdir(out):
            if name.startswith(case) and os.path.exists(f"{out}/{name}/manifest.jsonl"):
                with open(f"{out}/{name}/manifest.jsonl", "rb") as manifest:
                    if b'"kind":"recent-files"' in manifest.read():
                        return
        time.sleep(0.01)
    tell("failed", "the run never came to its files")

os.makedirs("/tmp/tree")
"""


def machine(tmp_path, script, *devices):
    return vm.Machine(tmp_path / "vm", script, *devices)


def test_kinds_that_only_another_kernel_has(tmp_path):
    """dummy, vlan, macvlan, bond, wireguard, alone and in another namespace, judged as the whole machine."""
    script = "".join(
        f"{setup}\ntell({name!r}, isolation())\n{undo}\n" for name, (setup, undo, *_) in KINDS.items()
    ).replace("\ntell", "\ntime.sleep(0.2)\ntell", 1)
    told = machine(tmp_path, "load('dummy'); ip('link delete dummy0')\n" + script).ended()
    assert "failed" not in told, told["failed"]
    for name, (_, _, states, verdict, code) in KINDS.items():
        seen = told[name]
        assert (seen["verdict"], seen["code"], seen["scope"]) == (verdict, code, "host"), (name, seen)
        assert states.items() <= seen["states"].items(), (name, seen)
    assert told["a wireguard that is on"]["kinds"]["wg0"] == "vpn"
    assert told["a bond without a port"]["kinds"]["b0"] == "bond"
    assert any("wg0 @ net:[" in reason for reason in told["a wireguard in another namespace"]["reasons"])


CABLE = """
load("virtio_pci")
tell("no driver", isolation())
load("virtio_net")
ip("link set eth0 up")
time.sleep(0.5)
tell("plugged in", isolation())
H = holder()
ip(f"link set eth0 netns {H.pid}")
inside(H, "link set eth0 up")
time.sleep(0.5)
tell("in another namespace", isolation())
inside(H, "link set eth0 netns 1")
H.kill(); H.wait()
ip("netns add hidden")
ip("link set eth0 netns hidden")
tell("where no process is", isolation())
ip("netns delete hidden")
for _ in range(100):
    if os.path.exists("/sys/class/net/eth0"):
        break
    time.sleep(0.1)
ip("link set eth0 up")
time.sleep(0.5)
tell("pull", 1)
for _ in range(200):
    if read("/sys/class/net/eth0/carrier").strip() == "0":
        break
    time.sleep(0.1)
tell("pulled out", isolation())
H = holder()
ip("link set eth0 down")
ip(f"link set eth0 netns {H.pid}")
tell("off in another namespace", isolation())
H.kill(); H.wait()
for _ in range(100):
    if os.path.exists("/sys/class/net/eth0"):
        break
    time.sleep(0.1)
ip("link set eth0 up")
# What the kernel calls when it is asked for something that a module would give.
os.makedirs("/sbin", exist_ok=True)
with open("/sbin/modprobe", "w") as program:
    program.write("#!/bin/busybox sh\\necho $@ >> /run/asked\\n")
os.chmod("/sbin/modprobe", 0o755)
subprocess.run(["ip", "link", "add", "x0", "type", "geneve"], capture_output=True)
tell("asked", read("/run/asked"))
os.unlink("/run/asked")
tell("calm", run())
tell("asked by us", os.path.exists("/run/asked") and read("/run/asked"))
# A tree that takes long enough: the cable is put in for a tenth of a second while it is read.
for number in range(20000):
    open(f"/tmp/tree/{number}", "w").close()
process = collect("--case", "FLAP", "--out", "/tmp", "--scan", "/tmp/tree",
        "--profile", "triage", "--no-memory", "--yes", "--json", "--quiet", wait=False)
in_its_files("FLAP")
tell("mid-run", 1)
tell("flapped", sealed(ended(process)))
"""


def test_a_real_cable_is_pulled_and_put_in_for_a_moment(tmp_path):
    """A network card with and without its driver, its cable in and out; a whole run says so: exit 0, and 4."""
    nic = ("-netdev", "hubport,hubid=0,id=n0", "-device", "virtio-net-pci,netdev=n0,id=net0")
    box = machine(tmp_path, RUN + CABLE, *nic)
    try:
        box.wait_for("pull")
        box.monitor("set_link net0 off")
        box.wait_for("mid-run")
        box.monitor("set_link net0 on")
        time.sleep(0.1)
        box.monitor("set_link net0 off")
        told = box.ended()
    finally:
        box.close()
    assert "failed" not in told, told["failed"]
    assert told["no driver"]["verdict"] == "UNKNOWN"
    assert told["no driver"]["code"] == 3
    assert any("shows no link here" in reason for reason in told["no driver"]["reasons"])
    plugged = told["plugged in"]
    assert (plugged["verdict"], plugged["states"]["eth0"], plugged["kinds"]["eth0"]) == (
        "CONNECTED", "connected", "ethernet",
    )  # fmt: skip
    away = told["in another namespace"]
    assert (away["verdict"], away["code"], away["states"]["eth0@"]) == ("CONNECTED", 1, "connected")
    hidden = told["where no process is"]
    assert (hidden["verdict"], hidden["code"]) == ("UNKNOWN", 3), "nobody can look there: never an all-clear"
    pulled = told["pulled out"]
    assert (pulled["verdict"], pulled["code"], pulled["states"]["eth0"]) == ("ISOLATED", 0, "no_carrier")
    assert any("eth0 has no link but is switched on" in reason for reason in pulled["reasons"])
    away = told["off in another namespace"]
    assert (away["verdict"], away["states"]["eth0@"]) == ("ISOLATED", "down")
    assert "rtnl-link-geneve" in told["asked"], "this kernel does not ask for modules: nothing is shown"
    assert told["asked by us"] is False, "a run made the kernel run a program and load a module"
    calm = told["calm"]
    assert calm["isolation"] == {"open": "ISOLATED", "close": "ISOLATED", "run": "ISOLATED"}, calm
    assert (calm["code"], calm["verify"]) == (0, 0), calm
    flapped = told["flapped"]
    assert flapped["isolation"] == {"open": "ISOLATED", "close": "ISOLATED", "run": "CONNECTED"}, flapped
    assert (flapped["code"], flapped["verify"]) == (4, 0)
    changes = [data for what, data in flapped["seen"] if what == "link-change" and data.get("interface") == "eth0"]
    assert any(change["carrier"] for change in changes)


SLEEP = """
import glob, threading

def beat():
    while True:
        tell("beat", 1)
        time.sleep(0.2)

threading.Thread(target=beat, daemon=True).start()

def apart():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.clock_gettime_ns(time.CLOCK_MONOTONIC)

def sleep(how):
    before = apart()
    tell(how, 1)
    with open("/sys/power/state", "w") as state:
        state.write(how)
    return apart() - before

def run_that_sleeps(case, how):
    process = collect("--case", case, "--out", "/tmp", "--scan", "/tmp/tree",
        "--profile", "triage", "--no-memory", "--yes", "--json", "--quiet", wait=False)
    in_its_files(case)
    moved = sleep(how)
    return {"moved": moved, **sealed(ended(process))}

for place in glob.glob("/sys/devices/platform/i8042/serio*/power/wakeup"):
    with open(place, "w") as wakeup:
        wakeup.write("enabled")
for number in range(20000):
    open(f"/tmp/tree/{number}", "w").close()
tell("idle", run_that_sleeps("IDLE", "freeze"))
"""


def test_a_real_suspend_is_in_the_manifest(tmp_path):
    """Suspend-to-idle in mid-run, which moves no clock on this processor: the system's own count tells it."""
    box = vm.Machine(tmp_path / "vm", RUN + SLEEP, sleeps=True)
    try:
        box.wait_for("freeze")
        time.sleep(3)
        box.wait_until_silent(3)
        while not any(one["name"] == "idle" for one in box.answers()):
            assert box.process.poll() is None, "it did not wake but start anew"
            box.monitor("sendkey a")  # a machine that is awake takes no notice
            time.sleep(1)
        told = box.ended()
    finally:
        box.close()
    assert "failed" not in told, told["failed"]
    run = told["idle"]
    slept = [data for what, data in run["seen"] if what == "suspend"]
    assert sum(data["counted"] for data in slept) == 1, slept
    assert (run["code"], run["verify"], run["isolation"]["run"]) == (4, 0, "UNKNOWN"), run
    (uptime,) = [data for what, data in run["seen"] if what == "uptime"]
    assert (uptime["slept"], uptime["same_boot"]) == (True, True)


WIFI = """
load("mac80211_hwsim")
time.sleep(1)
subprocess.run(["iw", "dev", "wlan0", "set", "type", "ibss"], check=True)
tell("off", isolation())
ip("link set wlan0 up")
tell("not joined", isolation())
subprocess.run(["iw", "dev", "wlan0", "ibss", "join", "cabinet", "2412"], check=True)
for _ in range(100):
    if read("/sys/class/net/wlan0/carrier").strip() == "1":
        break
    time.sleep(0.1)
tell("joined", isolation())
tell("cut", run("--isolate"))
tell("after", isolation())
tell("radios", [read(f"/sys/class/rfkill/{name}/soft").strip() for name in sorted(os.listdir("/sys/class/rfkill"))])
(bundle,) = [name for name in os.listdir("/tmp") if name.startswith("VM_")]
(text,) = [name for name in os.listdir(f"/tmp/{bundle}/artifacts") if "undo-isolation" in name]
tell("undo", read(f"/tmp/{bundle}/artifacts/{text}"))
"""


def test_real_wifi_is_seen_joined_and_cut(tmp_path):
    """Simulated radios of the kernel's own: off, on, joined to a network by its name; --isolate blocks the radio."""
    told = machine(tmp_path, RUN + WIFI).ended()
    assert "failed" not in told, told["failed"]
    assert (told["off"]["verdict"], told["off"]["kinds"]["wlan0"]) == ("ISOLATED", "wifi")
    assert told["off"]["states"]["wlan0"] == "down"
    assert (told["not joined"]["verdict"], told["not joined"]["states"]["wlan0"]) == ("ISOLATED", "no_carrier")
    assert (told["joined"]["verdict"], told["joined"]["code"]) == ("CONNECTED", 1)
    assert told["joined"]["wifi"] == {"wlan0": "cabinet"}
    assert any("Wi-Fi wlan0 is still connected" in reason for reason in told["joined"]["reasons"])
    cut = told["cut"]
    assert cut["isolation"] == {"open": "CONNECTED", "close": "ISOLATED", "run": "CONNECTED"}, cut
    done = [(data["change"], data["step"]) for what, data in cut["seen"] if what == "isolate"]
    assert ("down", "done") in done
    assert ("block", "done") in done
    assert told["after"]["states"]["wlan0"] == "down"
    assert set(told["radios"]) == {"1"}
    assert "ip link set dev wlan0 up" in told["undo"]
    assert "rfkill unblock" in told["undo"]
    json.dumps(told)
