"""Runs in the virtual machine of `vm.py`, as root and alone: what a scenario may use, then the scenario itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import traceback

PYTHON = sys.executable
LAUNCH = "import sys; sys.path[:0] = ['/', '/packages']; from collector.cli import main; main()"
TELLING = threading.Lock()
TOLD = open("/dev/ttyS1", "w", encoding="ascii", buffering=1)  # noqa: SIM115 - to the end


def tell(name, value):
    """Tell the tests something: a line of JSON on the second serial line."""
    with TELLING:
        TOLD.write(json.dumps({"name": name, "value": value}) + "\n")
        TOLD.flush()


def load(*names):
    """Load modules with what they need, in the order that was worked out when the image was made."""
    with open("/lib/modules/order", encoding="utf-8") as file:
        order = json.load(file)
    wanted = {name.replace("-", "_") for name in names}
    last = max(at for at, name in enumerate(order) if name.removesuffix(".ko").replace("-", "_") in wanted)
    for name in order[: last + 1]:
        module = name.removesuffix(".ko").replace("-", "_")
        if module in LOADED or (module in OWN and module not in wanted):
            continue
        subprocess.run(["/bin/busybox", "insmod", f"/lib/modules/{name}"], check=False, capture_output=True)
        LOADED.add(module)


LOADED: set[str] = set()
OWN = {
    "virtio_blk", "vfat", "nls_cp437", "nls_ascii", "exfat", "dummy", "bonding", "8021q", "wireguard", "macvlan",
    "ipvlan", "vxlan", "tun", "veth", "bridge", "virtio_net", "virtio_pci", "e1000", "mac80211_hwsim",
}  # fmt: skip
"""Modules that a scenario asks for itself: each makes links, or drives a device."""


def ip(words):
    done = subprocess.run(["ip", *words.split()], check=False, capture_output=True, text=True)
    if done.returncode:
        tell("failed", f"ip {words}: {done.stderr}")


def collect(*arguments, wait=True):
    command = [PYTHON, "-I", "-B", "-c", LAUNCH, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return ended(process) if wait else process


def ended(process):
    out, err = process.communicate()
    return {"code": process.returncode, "out": out, "err": err[-2000:]}


def isolation():
    """Return what `collect isolation --json` says: exit code, verdict, scope, state and namespace of each link."""
    done = collect("isolation", "--json")
    try:
        said = json.loads(done["out"])
    except ValueError:
        return done
    return {
        "code": done["code"],
        "verdict": said["verdict"],
        "scope": said["scope"],
        "states": {row["name"] + ("@" if row["namespace"] else ""): row["state"] for row in said["interfaces"]},
        "kinds": {row["name"]: row["kind"] for row in said["interfaces"]},
        "wifi": {row["name"]: row["wifi"] for row in said["interfaces"] if row["wifi"]},
        "reasons": said["reasons"],
    }


def holder():
    """Return a process in a network namespace of its own, which ends with `kill`."""
    code = "import ctypes, time; ctypes.CDLL(None).unshare(0x40000000); print('in', flush=True); time.sleep(600)"
    process = subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process


def inside(process, words):
    """Run `ip` in the namespace of a process."""
    code = (
        "import ctypes, os, subprocess\n"
        f"ctypes.CDLL(None).setns(os.open('/proc/{process.pid}/ns/net', 0), 0x40000000)\n"
        f"subprocess.run(['ip', *{words.split()!r}], check=True)"
    )
    done = subprocess.run([PYTHON, "-c", code], check=False, capture_output=True, text=True)
    if done.returncode:
        tell("failed", f"in a namespace, ip {words}: {done.stderr}")


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def main():
    tell("boot", {"uptime": float(read("/proc/uptime").split()[0])})
    try:
        with open("/scenario.py", encoding="utf-8") as file:
            exec(compile(file.read(), "/scenario.py", "exec"), globals())
    except BaseException:  # noqa: BLE001 - the test shows it
        tell("failed", traceback.format_exc())
    tell("end", {"uptime": float(read("/proc/uptime").split()[0]), "clock": time.time(), "pid": os.getpid()})


if __name__ == "__main__":
    main()
