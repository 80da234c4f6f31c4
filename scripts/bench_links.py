"""Measures how late the collector hears that a cable was plugged in or pulled, against a bare loop that only receives.

`measure` starts this file again in a network namespace of its own (`unshare -n`), with a veth
whose far end is switched on and off by a netlink message: the near end's carrier comes and
goes. Two more processes listen: the collector's watch beside a main thread that hashes and
encodes without pause, and a loop that does nothing but receive and read the clock. Needs root.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import socket  # noqa: TID251 - the bare loop that is compared with
import statistics
import struct
import subprocess  # noqa: TID251 - the namespace and the two that listen
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

assert sys.platform == "linux"  # noqa: TID251 - measures that host

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(CHECKOUT)]

from collector.host.linux import Roots, link_watch, links, netlink  # noqa: E402 - from this checkout

if TYPE_CHECKING:
    from collections.abc import Sequence

NEAR, FAR = "va", "vb"
PAUSE_S = 0.05
"""Between two changes: what comes later than twice this counts as missed."""
_LINK = struct.Struct("=BBHiII")  # ifinfomsg: family, padding, hardware type, index, flags, change
_UP = 0x1


def measure(flaps: int) -> dict[str, object]:
    """Return median and worst of both in milliseconds, from right before the message that changes the link."""
    command = ["unshare", "-n", sys.executable, "-B", __file__, "flap", str(flaps)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"unshare -n needs root: {done.stderr}")
    told: dict[str, object] = json.loads(done.stdout)
    return told


def flap(flaps: int) -> dict[str, object]:
    """Switch the far end on and off so many times, each listener seeing every one, and compare."""
    subprocess.run(["ip", "link", "add", NEAR, "type", "veth", "peer", "name", FAR], check=True)
    index = {name: socket.if_nametoindex(name) for name in (NEAR, FAR)}
    _switch(index[NEAR], on=True)
    listeners = {what: _start(what) for what in ("ours", "bare")}
    changes: list[tuple[int, int, bool]] = []
    for number in range(2 * flaps):
        on = number % 2 == 0
        before = time.monotonic_ns()
        _switch(index[FAR], on=on)
        changes.append((before, time.monotonic_ns(), on))
        time.sleep(PAUSE_S)
    time.sleep(0.5)
    late = {what: _late(changes, _end(process, index[NEAR])) for what, process in listeners.items()}
    median = {what: statistics.median(found) for what, found in late.items()}
    return {
        "median_ms": median["ours"],
        "worst_ms": max(late["ours"]),
        "bare_median_ms": median["bare"],
        "bare_worst_ms": max(late["bare"]),
        "ratio": median["ours"] / median["bare"],
        "set_ms": statistics.median((after - before) / 1e6 for before, after, _ in changes),
        "changes": len(changes),
        "missed": len(changes) - len(late["ours"]),
        "bare_missed": len(changes) - len(late["bare"]),
        "aim": "50 ms",
    }


def _switch(index: int, *, on: bool) -> None:
    """Switch a link on or off (RTM_NEWLINK)."""
    netlink.ask(16, _LINK.pack(0, 0, 0, index, _UP if on else 0, _UP), netlink.ACKNOWLEDGE)


def _start(what: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-B", __file__, what]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "listening\n"
    return process


def _end(process: subprocess.Popen[str], index: int) -> list[tuple[int, bool]]:
    """End a listener; return when it heard of the carrier of a link, and which."""
    out, _ = process.communicate("\n")
    return [(at, carrier) for at, which, carrier in json.loads(out) if which == index]


def _late(changes: Sequence[tuple[int, int, bool]], heard: Sequence[tuple[int, bool]]) -> list[float]:
    """Return, in milliseconds, how long after each change the first word of its carrier came."""
    late = []
    for number, (before, _, on) in enumerate(changes):
        until = changes[number + 2][0] if number + 2 < len(changes) else None  # then the same is set again
        came = (at for at, carrier in heard if carrier == on and at >= before and (until is None or at < until))
        with contextlib.suppress(StopIteration):
            late.append((next(came) - before) / 1e6)
    return late


def ours() -> list[tuple[int, int, bool]]:
    """Listen as a run does, with a main thread that never rests."""
    watch = link_watch.watch(Roots())
    print("listening", flush=True)
    found = []
    looked = 0.0
    block = os.urandom(1 << 16)
    while not select.select([sys.stdin], [], [], 0)[0]:
        json.dumps({"sha256": hashlib.sha256(block).hexdigest(), "rows": list(range(2000))})
        if time.monotonic() - looked > 0.1:
            looked = time.monotonic()
            found += watch.changes()
    watch.stop()
    found += watch.changes()
    return [(one.moment.mono_ns, one.link.index, bool(one.link.carrier)) for one in found if one.link is not None]


def bare() -> list[tuple[int, int, bool]]:
    """Receive, read the clock, and nothing else."""
    kernel = netlink.opened()
    kernel.bind((0, 1))
    print("listening", flush=True)
    heard = []
    while select.select([sys.stdin, kernel], [], [])[0] != [sys.stdin]:
        datagram = kernel.recv(1 << 17)
        heard.append((time.monotonic_ns(), datagram))
    kernel.close()
    every = [(at, message) for at, datagram in heard for message in netlink.messages(datagram)]
    raw = [(at, links.parse_link(message.body)) for at, message in every if message.kind == 16]
    return [(at, link.index, bool(link.admin_up and link.carrier)) for at, link in raw]


if __name__ == "__main__":
    given = sys.argv[1]
    print(json.dumps(flap(int(sys.argv[2])) if given == "flap" else {"ours": ours, "bare": bare}[given]()))
