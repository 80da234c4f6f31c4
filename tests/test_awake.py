"""logind's inhibitor lock over a real message bus; absence, refusal and a hostile bus are gaps, in time."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import live
import pytest

if sys.platform != "linux":
    pytest.skip("logind is Linux's", allow_module_level=True)

from collector.host import HostError
from collector.host.linux import Roots, inhibitor
from collector.model import Outcome

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

# logind's own interface on a real bus: what was asked for, and whether a lock is still held, by its pipe as logind
# does it. dbusmock's template answers Inhibit with a descriptor that nobody watches.
LOGIND = """
import os, sys, threading
import dbus, dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib
DBusGMainLoop(set_as_default=True)
bus = dbus.bus.BusConnection(sys.argv[1])
refused = sys.argv[2].split(",") if len(sys.argv) > 2 else []
class Manager(dbus.service.Object):
    @dbus.service.method("org.freedesktop.login1.Manager", in_signature="ssss", out_signature="h")
    def Inhibit(self, what, who, why, mode):
        print("asked", what, mode, who, why, sep="|", flush=True)
        if what.split(":")[0] in refused:
            raise dbus.DBusException("no", name="org.freedesktop.DBus.Error.AccessDenied")
        reader, writer = os.pipe()
        def wait():
            os.read(reader, 1)
            print("released", flush=True)
        threading.Thread(target=wait, daemon=True).start()
        given = dbus.types.UnixFd(writer)
        os.close(writer)
        return given
name = dbus.service.BusName("org.freedesktop.login1", bus)
Manager(bus, "/org/freedesktop/login1")
print("ready", flush=True)
GLib.MainLoop().run()
"""


@pytest.fixture
def bus(tmp_path):
    """Yield roots whose system bus is a real one of the test's own."""
    with running_bus(tmp_path, CONFIG) as roots:
        yield roots


@contextlib.contextmanager
def running_bus(tmp_path, config):
    live.needs("dbus-daemon")
    (tmp_path / "dbus").mkdir()
    path = tmp_path / "dbus" / "system_bus_socket"
    (tmp_path / "bus.conf").write_text(config.format(path=path))
    daemon = subprocess.Popen(["dbus-daemon", f"--config-file={tmp_path / 'bus.conf'}", "--nofork", "--nopidfile"])
    try:
        live.wait_for(path.exists)
        yield Roots(run=str(tmp_path))
    finally:
        daemon.kill()
        daemon.wait()


@contextlib.contextmanager
def logind(roots, *refused):
    """Run the interface of logind on the bus; yields the process, whose lines tell what it was asked."""
    python = "/usr/bin/python3"
    there = subprocess.run([python, "-c", "import dbus, gi"], check=False, capture_output=True)
    if there.returncode:
        pytest.skip("needs python3-dbus and python3-gi")
    address = f"unix:path={roots.run}/dbus/system_bus_socket"
    command = [python, "-c", LOGIND, address, *([",".join(refused)] if refused else [])]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert service.stdout.readline() == "ready\n"
        yield service
    finally:
        service.kill()
        service.communicate()


def test_the_lock_is_asked_for_held_and_given_back(bus):
    """Sleep, idle and shutdown are blocked from the call to the release, and not a moment longer."""
    with logind(bus) as service:
        lock = inhibitor.keep_awake(bus)
        _, what, mode, who, why = service.stdout.readline().rstrip("\n").split("|")
        assert {"shutdown", "sleep", "idle", "handle-lid-switch"} <= set(what.split(":"))
        assert (what, mode) == (lock.what, lock.mode)
        assert (mode, who) == ("block", "evidence-collector")
        assert "preuves" in why
        lock.release()
        lock.release()
        assert service.stdout.readline() == "released\n"


def test_a_killed_process_gives_the_lock_back(bus):
    """The lock is a descriptor: the kernel closes it however we end."""
    code = (
        f"import sys; sys.path.insert(0, {str(live.ROOT)!r})\n"
        "from collector.host.linux import Roots, inhibitor\n"
        f"lock = inhibitor.keep_awake(Roots(run={bus.run!r}))\n"
        "print('held', flush=True)\nsys.stdin.read()\n"
    )
    with logind(bus) as service:
        holder = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert holder.stdout.readline() == "held\n"
        assert service.stdout.readline().startswith("asked|")
        holder.kill()
        holder.communicate()
        assert service.stdout.readline() == "released\n"


def test_what_is_refused_is_asked_for_in_smaller_pieces(bus):
    """An ordinary user may not block a shutdown: then sleep and idle are, and what is held says so."""
    with logind(bus, "shutdown"):
        lock = inhibitor.keep_awake(bus)
        assert (lock.what, lock.mode) == ("sleep:idle:handle-lid-switch", "block")
        lock.release()


def test_a_refusal_of_everything_is_a_gap(bus):
    """`denied`, with its reason."""
    with logind(bus, "shutdown", "sleep", "idle"), pytest.raises(HostError) as refused:
        inhibitor.keep_awake(bus)
    assert refused.value.gap.outcome is Outcome.DENIED


def test_dbusmock_s_logind_is_understood(bus):
    """The template of python-dbusmock, which follows logind's interface, gives a lock too."""
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import dbusmock"], check=False, capture_output=True).returncode:
        pytest.skip("needs python3-dbusmock")
    address = f"unix:path={bus.run}/dbus/system_bus_socket"
    env = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address}
    mock = subprocess.Popen([python, "-m", "dbusmock", "--template", "logind"], env=env, stdout=subprocess.DEVNULL)
    try:
        lock = None
        for _ in range(300):
            with contextlib.suppress(HostError):
                lock = inhibitor.keep_awake(bus)
                break
            time.sleep(0.05)
        assert lock is not None
        lock.release()
    finally:
        mock.kill()
        mock.wait()


def test_a_bus_without_logind_is_a_gap(bus):
    """A container with a bus of its own."""
    with pytest.raises(HostError) as refused:
        inhibitor.keep_awake(bus)
    assert refused.value.gap.outcome is Outcome.ABSENT


@pytest.mark.parametrize("there", ["nothing", "file", "link", "dead"])
def test_no_bus_is_a_gap(tmp_path, there):
    """Nothing there, a file or a link in its place, a socket that nobody listens on: a gap with its reason."""
    (tmp_path / "dbus").mkdir()
    place = tmp_path / "dbus" / "system_bus_socket"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    if there == "file":
        place.write_text("x")
    elif there == "link":
        place.symlink_to(tmp_path / "dead")
    elif there == "dead":
        (tmp_path / "dead").rename(place)
    with pytest.raises(HostError) as refused:
        inhibitor.keep_awake(Roots(run=str(tmp_path)))
    assert refused.value.gap.outcome in (Outcome.ABSENT, Outcome.FAILED)
    assert str(tmp_path) not in refused.value.gap.reason


HELLO = b"OK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n"
HOSTILE = {
    "silence": (),
    "hangs up": (b"",),
    "garbage": (b"\xff" * 4096,),
    "an endless line": (b"A" * 65536,) * 2000,
    "rejects": (b"REJECTED EXTERNAL\r\n",) * 50,
    "agrees, then garbage": (HELLO, b"\0" * 100_000),
    "agrees, then a message of 4 GiB": (HELLO, b"l\x02\x01\x01" + b"\xff" * 12 + b"\0" * 4096),
    "agrees, then nothing": (HELLO,),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_bus_costs_seconds_and_no_more(tmp_path, name, monkeypatch):
    """Whatever stands at the bus's place says: a gap, within the limit, with no exception from the library."""
    monkeypatch.setattr(inhibitor, "SECONDS", 1.0)
    (tmp_path / "dbus").mkdir()
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "dbus" / "system_bus_socket"))
    server.listen()
    done = threading.Event()

    def serve():
        with contextlib.suppress(OSError):
            peer, _ = server.accept()
            with peer:
                peer.recv(64)
                for part in HOSTILE[name]:
                    if not part:
                        return
                    peer.sendall(part)
                    time.sleep(0.01)
                done.wait(20)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    started = time.monotonic()
    with pytest.raises(HostError) as refused:
        inhibitor.keep_awake(Roots(run=str(tmp_path)))
    assert time.monotonic() - started < 15
    assert refused.value.gap.outcome in (Outcome.TIMED_OUT, Outcome.FAILED, Outcome.ABSENT, Outcome.DENIED)
    done.set()
    server.close()
    thread.join(20)


def message(fields, body=b"", *, kind=2):
    """Return a little-endian D-Bus message with whatever header fields: (code, signature, raw value)."""
    raw = b""
    for code, signature, value in fields:
        raw += bytes(-len(raw) % 8) + bytes([code, len(signature)]) + signature + b"\0"
        raw += bytes(-len(raw) % 4) * (signature != b"g") + value
    head = struct.pack("<cBBBIII", b"l", kind, 1, 1, len(body), 9, len(raw)) + raw
    return head + bytes(-len(head) % 8) + body


def answer_to(serial, signature=b""):
    return [(5, b"u", struct.pack("<I", serial)), (8, b"g", bytes([len(signature)]) + signature + b"\0")]


ONE, EMPTIES = struct.pack("<I", 1), struct.pack("<II", 1 << 26, 0)
SIGNAL = message([(1, b"o", struct.pack("<I", 2) + b"/x\0"), (3, b"s", ONE + b"C\0")], kind=4)
NAMED = message(answer_to(1, b"s"), ONE + b"x\0")
LOCK = message([*answer_to(2, b"h"), (9, b"u", ONE)], bytes(4))
POISON = {
    "an array of empty structures": (message(answer_to(1, b"a()"), EMPTIES), 0),
    "one in the header": (message([*answer_to(1), (1, b"a()", EMPTIES)]), 0),
    "a message of 4 GiB that comes": (struct.pack("<cBBBIII", b"l", 2, 1, 1, 2**32 - 64, 9, 16) + bytes(64 << 20), 0),
    "signals without end": (SIGNAL * 100_000, 0),
    "an answer without a lock": (NAMED + message(answer_to(2, b"h"), bytes(4)), 0),
    "an answer of another kind": (NAMED + message(answer_to(2, b"s"), ONE + b"x\0"), 0),
    "a heap of files": (NAMED + LOCK, 20),
}


@pytest.mark.parametrize("name", POISON)
def test_what_a_hostile_bus_says_leaves_nothing_behind(tmp_path, name):
    """In a child: a gap; then no thread that works on, no memory to speak of and no descriptor left."""
    (tmp_path / "dbus").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "dbus" / "system_bus_socket"))
        server.listen()
        code = f"""
import sys; sys.path.insert(0, {str(live.ROOT)!r})
import os, resource, time
from collector.host import HostError
from collector.host.linux import Roots, inhibitor
import jeepney.low_level, jeepney.auth
def files(): return len(os.listdir("/proc/self/fd"))
had, memory = files(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    inhibitor.keep_awake(Roots(run={str(tmp_path)!r}))
except HostError as error:
    worked = time.process_time()
    time.sleep(1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(error.gap.outcome, time.process_time() - worked, (peak - memory) >> 10, files() - had, flush=True)
os._exit(0)
"""
        asking = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        with contextlib.suppress(OSError):
            server.settimeout(30)
            peer, _ = server.accept()
            said, more = POISON[name]
            with peer:
                peer.settimeout(30)
                for until, answer in ((b"\r\n", HELLO[:37]), (b"FD\r\n", HELLO[37:]), (b"Hello", b"")):
                    heard = b""
                    while until not in heard:
                        heard += peer.recv(4096)
                    peer.sendall(answer)
                place = said.find(LOCK) if more else 0
                peer.sendall(said[:place])
                socket.send_fds(peer, [said[place:]], [0] * more) if more else peer.sendall(said[place:])
                asking.wait(30)
        told, _ = asking.communicate(timeout=30)
    outcome, cpu, mebibytes, left = told.split()
    assert outcome in ("failed", "timed_out")
    assert float(cpu) < 0.5
    assert int(mebibytes) < 16
    assert int(left) == 0


def test_no_program_is_started_by_asking(tmp_path):
    """A bus that would start logind is told not to: the collector runs no program, not even so."""
    live.needs("dbus-daemon")
    started = tmp_path / "started"
    service = f"[D-BUS Service]\nName=org.freedesktop.login1\nExec=/usr/bin/touch {started}\n"
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "org.freedesktop.login1.service").write_text(service)
    folder = f"<servicedir>{tmp_path / 'services'}</servicedir></busconfig>"
    with running_bus(tmp_path, CONFIG.replace("</busconfig>", folder)) as roots, pytest.raises(HostError) as refused:
        inhibitor.keep_awake(roots)
    assert refused.value.gap.outcome is Outcome.ABSENT
    assert not started.exists()


def test_the_way_to_the_bus_is_no_link(bus, tmp_path):
    """Neither the socket nor its folder may lead elsewhere."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "dbus").symlink_to(tmp_path / "dbus")
    with logind(bus), pytest.raises(HostError) as refused:
        inhibitor.keep_awake(Roots(run=str(tmp_path / "other")))
    assert refused.value.gap.outcome is Outcome.FAILED


def test_the_lock_is_not_inherited(bus):
    """A program that is run meanwhile does not hold it on."""
    with logind(bus):
        lock = inhibitor.keep_awake(bus)
        assert not os.get_inheritable(lock._fd)
        lock.release()


def test_an_address_from_the_environment_is_not_heeded(tmp_path, monkeypatch):
    """DBUS_SYSTEM_BUS_ADDRESS may name a host of the attacker's: only the fixed place counts."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "tcp:host=192.0.2.1,port=1")
    with pytest.raises(HostError) as refused:
        inhibitor.keep_awake(Roots(run=str(tmp_path)))
    assert refused.value.gap.outcome is Outcome.ABSENT


def test_only_a_local_socket_is_used(bus, tmp_path):
    """strace: the conversation with the bus is one AF_UNIX socket, to its fixed place."""
    live.needs("strace")
    code = (
        f"import sys; sys.path.insert(0, {str(live.ROOT)!r})\n"
        "from collector.host.linux import Roots, inhibitor\n"
        f"inhibitor.keep_awake(Roots(run={bus.run!r})).release()\n"
    )
    trace = tmp_path / "trace"
    with logind(bus):
        command = ["strace", "-f", "-qq", "-e", "trace=socket,connect,execve", "-o", str(trace)]
        subprocess.run([*command, sys.executable, "-c", code], check=True, timeout=60)
    lines = trace.read_text().splitlines()
    assert [line for line in lines if "socket(" in line]
    assert all("AF_UNIX" in line for line in lines if "socket(" in line or "connect(" in line)
    assert sum("execve(" in line for line in lines) == 1


def test_a_run_holds_the_lock_from_the_volatile_phase_to_its_end(bus, tmp_path):
    """The whole run: what is held stands in the manifest, and is given back after the seal."""
    fault = f"import sys; sys.path.insert(0, {str(live.ROOT)!r})\n"
    fault += f"from collector.host import linux\nlinux.Roots.__init__.__defaults__ = tuple({bus.run!r} if d == '/run' "
    fault += "else d for d in linux.Roots.__init__.__defaults__)\n"
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "tree").mkdir()
    with logind(bus) as service:
        done = live.run("--case", "AWAKE", "--out", out, "--scan", tmp_path / "tree", "--json", fault=fault)
        assert service.stdout.readline().startswith("asked|")
        assert service.stdout.readline() == "released\n"
    bundle = live.assert_sealed(done.json["bundle"])
    (held,) = bundle.observed("awake")
    assert held["mode"] == "block"
    assert "sleep" in held["holds"]
    assert bundle.gaps("awake") == []
    assert Path(done.json["bundle"]).is_dir()
    assert shutil.which("dbus-daemon")
