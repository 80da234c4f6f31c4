"""Displays, windows, pictures and consoles: real X servers, real pixels, real cookies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from importlib import import_module
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("X displays are asked on Linux", allow_module_level=True)

from collector.host import pictures as shapes
from collector.host.linux import Roots, authorities, consoles, displays, mounts, screens, windows
from collector.model import Blob, Gap, Outcome
from collector.sources.windows import WindowSource

COOKIE = bytes(range(16))
NOBODY = 65534
HERE = Path(__file__).resolve().parent.parent
needs_x = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")


@pytest.fixture(autouse=True)
def no_display(monkeypatch):
    """No test sees the display of whoever runs it."""
    for name in ("DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def short():
    """Return a folder with a path short enough for sockets, which other users may look into."""
    with tempfile.TemporaryDirectory(prefix="x") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def alone(short):
    """Return roots where nothing is shown: no process, no socket, no console."""
    for name in ("proc/self", "tmp/.X11-unix", "dev"):
        (short / name).mkdir(parents=True)
    shutil.copyfile("/proc/self/mountinfo", short / "proc/self/mountinfo")
    return Roots(proc=str(short / "proc"), tmp=str(short / "tmp"), dev=str(short / "dev"))


@contextlib.contextmanager
def xvfb(*more, size="320x240x24", prefix=(), cwd=None):
    """Run an X server and yield its display number; it forgets nothing when another test's client leaves."""
    reader, writer = os.pipe()
    command = [*prefix, "Xvfb", "-displayfd", str(writer), "-screen", "0", size, "-nolisten", "tcp", "-noreset"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*command, *more], pass_fds=(writer,), cwd=cwd, **quiet) as server:
        os.close(writer)
        try:
            with os.fdopen(reader, encoding="ascii") as answer:
                yield int(answer.readline())
        finally:
            server.terminate()


@contextlib.contextmanager
def drawing(number, monkeypatch=None):
    """Connect to a display without a cookie, as a program that shows something."""
    with authorities.in_environment(number, None):
        connection = windows.load_xlib().Display(f"unix:{number}")
    try:
        yield connection
    finally:
        connection.close()


def show(connection, x, y, width, height, pixel, **properties):
    """Show a window that no window manager would touch; properties are name=(type, bytes)."""
    root = connection.screen().root
    window = root.create_window(x, y, width, height, 0, 24, background_pixel=pixel, override_redirect=True)
    for name, (kind, value) in properties.items():
        window.change_property(connection.intern_atom(name), connection.intern_atom(kind), 8, value)
    window.map()
    connection.sync()
    return window


def decode(png):
    """Return width, height and the rows of a PNG of 8-bit RGB without filters."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, head = 8, b"", b""
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length)[0] == zlib.crc32(name + data)
        head = data if name == b"IHDR" else head
        packed += data if name == b"IDAT" else b""
        at += length + 12
    width, height, *form = struct.unpack(">2I5B", head)
    assert form == [8, 2, 0, 0, 0]
    lines = zlib.decompress(packed)
    assert len(lines) == height * (width * 3 + 1)
    rows = [lines[start : start + width * 3 + 1] for start in range(0, len(lines), width * 3 + 1)]
    assert {row[0] for row in rows} == {0}
    return width, height, [row[1:] for row in rows]


def of_display(items, number):
    """Return what concerns one display: other tests may run servers at the same time."""
    name = re.compile(rf"unix:{number}\b")
    concerns = {dict: lambda item: item["display"], displays.Display: lambda item: item.name}
    return [item for item in items if name.match(str(concerns.get(type(item), lambda item: item.subject)(item)))]


def pictures(number, roots=None):
    """Return the items of one display, with the bytes of each picture."""
    items = screens.pictures(roots or Roots())
    found = [(item, b"".join(item.chunks) if isinstance(item, Blob) else b"") for item in items]
    wanted = of_display([item for item, _ in found], number)
    return [(item, data) for item, data in found if item in wanted]


@needs_x
def test_the_picture_is_what_was_drawn():
    """Every pixel of the picture is the one that was drawn, and the subject says where it was."""
    with xvfb("-br") as number, drawing(number) as connection:
        show(connection, 10, 20, 64, 48, 0x12AB9F)
        window = show(connection, 200, 100, 120, 140, 0xFF0001)
        context = window.create_gc(foreground=0x0000FE)
        window.fill_rectangle(context, 5, 6, 7, 8)
        connection.sync()
        ((blob, data),) = pictures(number)
    expected = [bytearray(320 * 3) for _ in range(240)]
    for left, top, width, height, colour in (
        (10, 20, 64, 48, "12ab9f"),
        (200, 100, 120, 140, "ff0001"),
        (205, 106, 7, 8, "0000fe"),
    ):
        for row in range(top, top + height):
            expected[row][left * 3 : (left + width) * 3] = bytes.fromhex(colour) * width
    assert decode(data) == (320, 240, [bytes(row) for row in expected])
    assert (blob.kind, blob.suffix, blob.subject) == ("screen", ".png", f"unix:{number}.0 320x240+0+0")
    assert blob.method == f"mss {import_module('mss').__version__}"


@needs_x
def test_two_displays_are_two_pictures():
    """Each display's picture shows what stands on it."""
    with xvfb() as one, xvfb() as two, drawing(one) as at_one, drawing(two) as at_two:
        show(at_one, 0, 0, 320, 240, 0x010203)
        show(at_two, 0, 0, 320, 240, 0xA0B0C0)
        ((_, first),), ((_, second),) = pictures(one), pictures(two)
    assert decode(first)[2] == [b"\x01\x02\x03" * 320] * 240
    assert decode(second)[2] == [b"\xa0\xb0\xc0" * 320] * 240


@needs_x
def test_the_server_is_not_left_alone_while_it_is_asked():
    """One connection stays open while a display is used: a server without a client forgets what was shown."""
    with xvfb() as number, drawing(number) as connection:
        before = our_connections(connection)
        during = [
            our_connections(connection)
            for found in displays.reachable(Roots())
            if getattr(found, "number", None) == number
            for _ in waiting(20)
        ]
    assert (before, set(during), len(during)) == (1, {2}, 20)


@needs_x
def test_a_monitor_beyond_the_limit_is_a_gap(monkeypatch):
    """A picture that would take too much memory is not taken."""
    monkeypatch.setattr(shapes, "MAX_PIXELS", 320 * 240 - 1)
    with xvfb() as number:
        ((gap, _),) = pictures(number)
    assert gap.outcome is Outcome.OVER_LIMIT


@needs_x
def test_pixels_in_another_form_are_a_gap():
    """A screen of 256 colours, which mss does not read, is a gap and no wrong picture."""
    with xvfb(size="320x240x8") as number:
        ((gap, _),) = pictures(number)
    assert gap.outcome is Outcome.UNSUPPORTED


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ([(0, 0, 8, 6)], [(0, 0, 8, 6)]),
        ([(0, 0, 8, 6), (0, 0, 4, 6), (4, 0, 4, 6)], [(0, 0, 4, 6), (4, 0, 4, 6)]),
        ([(0, 0, 8, 6), (0, 0, 8, 6), (0, 0, 8, 6)], [(0, 0, 8, 6)]),
        ([(0, 0, 8, 6), (-2, -1, 4, 4), (6, 0, 9, 9)], [(0, 0, 2, 3), (6, 0, 2, 6)]),
        ([(0, 0, 8, 6), (90, 0, 4, 4)], [(0, 0, 8, 6)]),
        ([(-8, -2, 16, 8), (-8, -2, 8, 6), (0, 0, 8, 6)], [(-8, -2, 8, 6), (0, 0, 8, 6)]),
    ],
)
def test_monitors_are_cut_to_the_screen(found, kept):
    """Mirrored monitors are one picture, and none is asked for outside of the screen."""
    sides = ("left", "top", "width", "height")
    monitors = shapes.monitors([dict(zip(sides, box, strict=True)) for box in found])
    assert [tuple(monitor.values()) for monitor in monitors] == kept


@needs_x
def test_a_hostile_title_keeps_its_bytes_and_its_process():
    """Title, class, place and process of a window; the process is the server's word, not the window's lie."""
    title = b"\x1b[2J\xff\xfe\n\xe2\x80\xae evil"
    with xvfb() as number, drawing(number) as connection:
        window = show(
            connection,
            *(-5, 20, 64, 48, 0),
            _NET_WM_NAME=("UTF8_STRING", title),
            WM_NAME=("STRING", b"other"),
            WM_CLASS=("STRING", b"instance\0Cl\xe9ss\0"),
        )
        window.change_property(
            connection.intern_atom("_NET_WM_PID"), connection.intern_atom("CARDINAL"), 32, [1]
        )  # fmt: skip
        plain = show(connection, 0, 0, 1, 1, 0, WM_NAME=("STRING", b"caf\xe9"))
        plain.unmap()
        connection.sync()
        rows = of_display(windows.rows(Roots()), number)
    assert [row["title"] for row in rows] == [{"text": title.decode("utf-8", "replace"), "hex": title.hex()}, "café"]
    assert rows[0] == {
        "title": rows[0]["title"],
        "pid": os.getpid(),
        "pid_from": "server",
        "class_name": {"text": "Cl�ss", "hex": b"Cl\xe9ss".hex()},
        "geometry": ["-5", 20, 64, 48],
        "visible": True,
        "display": f"unix:{number}",
        "user": os.geteuid(),
    }
    assert rows[1]["visible"] is False
    assert all(set(row) == set(WindowSource.columns) for row in rows)


@needs_x
def test_a_listed_window_that_vanished_is_counted():
    """A window manager's list is used; an entry that is gone is a gap, a lock screen beside the list is found."""
    with xvfb() as number, drawing(number) as connection:
        root = connection.screen().root
        managed = show(connection, 0, 0, 9, 9, 0, WM_NAME=("STRING", b"managed"))
        show(connection, 0, 0, 320, 240, 0, WM_NAME=("STRING", b"lock"))
        listed = [managed.id, managed.id + 0x0FFF00, managed.id]
        root.change_property(connection.intern_atom("_NET_CLIENT_LIST"), 33, 32, listed)
        connection.sync()
        *rows, gap = of_display(windows.rows(Roots()), number)
    assert [row["title"] for row in rows] == ["managed", "lock"]
    assert (gap.outcome, gap.reason) == (Outcome.ABSENT, "1 window(s) vanished while they were read")


@needs_x
def test_too_many_windows_are_a_gap(monkeypatch):
    """Beyond the limit no window is read, and a gap says so; titles are cut."""
    monkeypatch.setattr(windows, "MAX_WINDOWS", 2)
    with xvfb() as number, drawing(number) as connection:
        for _ in range(3):
            show(connection, 0, 0, 9, 9, 0, WM_NAME=("STRING", b"x" * 9_000))
        *rows, gap = of_display(windows.rows(Roots()), number)
    assert [len(row["title"]) for row in rows] == [4096, 4096]
    assert gap.outcome is Outcome.OVER_LIMIT


@needs_x
@pytest.mark.root
def test_another_users_session_is_found_through_its_processes(short):
    """As root: the cookie that another user's process names opens his display, and he is its user."""
    authority = short / "home" / "authority"
    as_nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    authority.parent.mkdir()
    authority.write_bytes(entry(None, COOKIE))
    for path in (authority, authority.parent):
        os.chown(path, NOBODY, NOBODY)
        path.chmod(stat.S_IRWXU)
    # The server names its file by a relative path, so that only the environment tells where it is.
    with xvfb("-auth", "authority", prefix=as_nobody, cwd=authority.parent) as number:
        (gap,) = of_display(displays.reachable(Roots()), number)
        assert gap.outcome is Outcome.DENIED
        environment = {"DISPLAY": f":{number}", "XAUTHORITY": str(authority), "PATH": os.environ["PATH"]}
        with subprocess.Popen([*as_nobody, "sleep", "600"], env=environment) as process:
            wait_for_environment(process.pid, b"XAUTHORITY")
            try:
                (found,) = of_display(displays.reachable(Roots()), number)
                ((blob, data),) = pictures(number)
            finally:
                process.kill()
    assert found == displays.Display(number, 1, NOBODY, COOKIE)
    assert decode(data)[:2] == (320, 240)
    assert isinstance(blob, Blob)


@needs_x
@pytest.mark.root
def test_the_servers_own_file_opens_it(short):
    """As root: the file that the server was told to take cookies from is enough."""
    (short / "authority").write_bytes(entry(None, COOKIE))
    with xvfb("-auth", str(short / "authority")) as number:
        (found,) = of_display(displays.reachable(Roots()), number)
    assert found == displays.Display(number, 1, 0, COOKIE)


@needs_x
def test_a_wrong_cookie_is_denied(short, monkeypatch):
    """A server that refuses is a gap `denied`, for windows and pictures, and our environment is as it was."""
    (short / "right").write_bytes(entry(None, COOKIE))
    (short / "wrong").write_bytes(entry(None, COOKIE[::-1]))
    with xvfb("-auth", "right", cwd=short) as number:
        monkeypatch.setenv("DISPLAY", f":{number}")
        monkeypatch.setenv("XAUTHORITY", str(short / "wrong"))
        ((picture, _),) = pictures(number)
        (window,) = of_display(windows.rows(Roots()), number)
        assert os.environ["XAUTHORITY"] == str(short / "wrong")
        monkeypatch.setenv("XAUTHORITY", str(short / "right"))
        ((blob, _),) = pictures(number)
        assert os.environ["XAUTHORITY"] == str(short / "right")
    assert picture.outcome is window.outcome is Outcome.DENIED
    assert isinstance(blob, Blob)


@needs_x
@pytest.mark.parametrize("trap", ["link", "fifo", "large", "missing", "foreign"])
def test_a_trap_for_a_cookie_file_is_not_read(trap, short, monkeypatch):
    """A link, a FIFO, a huge file or none where the cookie should be: denied, without hanging."""
    right, named = short / "right", short / "named"
    right.write_bytes(entry(None, COOKIE))
    if trap == "link":
        named.symlink_to(right)
    elif trap == "fifo":
        os.mkfifo(named)
    elif trap == "large":
        named.write_bytes(right.read_bytes() + bytes(authorities.MAX_AUTHORITY))
    elif trap == "foreign":
        named.write_bytes(entry(None, COOKIE, family=0))
    with xvfb("-auth", "right", cwd=short) as number:
        monkeypatch.setenv("DISPLAY", f"unix:{number}.0")
        monkeypatch.setenv("XAUTHORITY", str(named))
        ((gap, _),) = pictures(number)
    assert gap.outcome is Outcome.DENIED


def test_a_cookie_file_of_someone_else_is_not_read(short):
    """A file is read for the user it belongs to: nobody can have us carry another's cookie."""
    (short / "root").write_bytes(entry(7, COOKIE))
    table = mounts.MountTable(Roots())
    named = os.fsencode(short / "root")
    owner = os.geteuid()
    assert list(authorities.cookies(7, [authorities.Authority(named, owner)], table)) == [COOKIE]
    assert list(authorities.cookies(7, [authorities.Authority(named, owner + 1)], table)) == []
    assert list(authorities.cookies(7, [authorities.Authority(named, owner)], None)) == []


def test_an_authority_file_is_read_as_xau_writes_it():
    """Entries for this display or any, this host's first; a broken end and other forms are left out."""
    here = entry(5, b"here")
    other = entry(5, b"other", address=b"other-host")
    wild = entry(5, b"wild", family=65535, address=b"")
    raw = other + entry(6, b"six") + wild + here + entry(5, b"xdm", name=b"XDM-AUTHORIZATION-1") + here[:-1]
    assert authorities.cookies_in(raw, 5) == [b"here", b"other", b"wild"]
    assert authorities.cookies_in(authorities.authority_entry(5, COOKIE), 5) == [COOKIE]
    assert authorities.cookies_in(authorities.authority_entry(5, COOKIE), 6) == []
    for length in range(len(here)):
        assert authorities.cookies_in(here[:length], 5) == []


def test_a_display_over_tcp_is_refused(alone, monkeypatch):
    """Every form that leads over a network is a gap `unsupported`; the local forms are taken."""
    for name in (
        "localhost:10.0",
        "192.0.2.1:0",
        "tcp/host:0",
        "tcp/:0",
        "host::0",
        "/tmp/x:0",
        ":0\n",
        ":x",
        "[::1]:0",
    ):
        monkeypatch.setenv("DISPLAY", name)
        (gap, *_) = list(displays.reachable(alone))
        assert (gap.outcome, gap.subject) == (Outcome.UNSUPPORTED, name)
    for name in (":9", "unix:9", "unix/:9.1", "host/unix:9"):
        monkeypatch.setenv("DISPLAY", name)
        (gap,) = list(displays.reachable(alone))
        assert (gap.outcome, gap.subject) == (Outcome.ABSENT, "unix:9")


def test_a_dead_socket_is_absent(alone):
    """A socket that its server left behind is a gap of its own."""
    listening(alone, 5).close()
    (gap,) = list(displays.reachable(alone))
    assert (gap.outcome, gap.subject) == (Outcome.ABSENT, "unix:5")


def test_a_server_that_never_answers_times_out(alone, monkeypatch):
    """A server that listens and is dead, or takes no more, costs a bounded time."""
    monkeypatch.setattr(displays, "ANSWER_SECONDS", 0.2)
    with listening(alone, 5):
        (silent,) = list(displays.reachable(alone))
    assert silent.outcome is Outcome.TIMED_OUT
    with listening(alone, 6, backlog=0) as full, contextlib.ExitStack() as stack:
        for _ in range(4):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)  # noqa: FBT003 - socket's own
            with contextlib.suppress(BlockingIOError):
                client.connect(full.getsockname())
        _, crowded = list(displays.reachable(alone))
    assert crowded.outcome is Outcome.TIMED_OUT


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"",
        b"\x01",
        b"\x01\0\x0b\0\0\0\0\0",
        b"\x01\0\x0b\0\0\0\xff\xff" + bytes(99),
    ],
)
def test_what_is_no_x_server_is_a_gap(alone, answer):
    """Whatever else answers at the socket, nothing is raised."""
    with listening(alone, 5) as server:
        thread = threading.Thread(target=serve, args=(server, answer))
        thread.start()
        (gap,) = list(displays.reachable(alone))
        thread.join()
    assert gap.outcome is Outcome.FAILED


def test_a_link_to_another_socket_is_not_connected_to(alone, short):
    """A link among the sockets could lead to any daemon: it is a gap, and nobody connects."""
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(short / "daemon"))
        other.listen()
        (short / "tmp/.X11-unix/X5").symlink_to(short / "daemon")
        (gap,) = list(displays.reachable(alone))
        other.setblocking(False)  # noqa: FBT003 - socket's own
        with pytest.raises(BlockingIOError):
            other.accept()
    assert gap.outcome is Outcome.FAILED


def test_more_displays_than_the_limit_are_counted(alone):
    """Hundreds of sockets don't stall the run."""
    for number in range(20):
        listening(alone, number).close()
    *gaps, last = list(displays.reachable(alone))
    assert len(gaps) == displays.MAX_DISPLAYS
    assert (last.outcome, last.reason) == (
        Outcome.OVER_LIMIT,
        "4 more displays than the limit of 16 were not looked at",
    )


def test_wayland_is_a_gap_for_each_compositor(alone, short, monkeypatch):
    """A Wayland compositor is said to be there and not to be readable; one that is gone is not."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(short / "wayland-0"))
        for name in ("wayland-0", str(short / "wayland-0")):
            monkeypatch.setenv("WAYLAND_DISPLAY", name)
            (gap,) = list(displays.reachable(alone))
            assert (gap.outcome, gap.subject) == (Outcome.UNSUPPORTED, str(short / "wayland-0"))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-9")
    (gap,) = list(displays.reachable(alone))
    assert (gap.outcome, gap.reason) == (Outcome.ABSENT, "no display")


def test_no_display_is_a_gap_and_leads_to_the_consoles(alone):
    """Where no X server shows anything, the text consoles are looked at."""
    gaps = list(screens.pictures(alone))
    assert [(gap.outcome, gap.reason) for gap in gaps] == [
        (Outcome.ABSENT, "no display"),
        (Outcome.ABSENT, "no text console"),
    ]
    assert [gap.reason for gap in windows.rows(alone)] == ["no display"]


@pytest.mark.root
def test_the_text_of_a_console_is_kept(alone):
    """What stands on a text console of this machine is read through its devices, and read only."""
    with console(alone, 63) as terminal:
        terminal.write("\x1b[2J\x1b[H" + "YOUR FILES ARE LOCKED\r\n  pay é\r\n")
        terminal.flush()
        _, blob = list(screens.pictures(alone))
        terminal.write("\x1b[2J\x1b[H")
        terminal.flush()
        _, blank = list(screens.pictures(alone))
    lines = b"".join(blob.chunks).decode().split("\n")
    assert lines[:3] == ["YOUR FILES ARE LOCKED", "  pay é", ""]
    assert (blob.kind, blob.suffix) == ("screen", ".txt")
    assert re.fullmatch(r"tty63 \d+x\d+", blob.subject)
    assert (blank.outcome, blank.reason) == (Outcome.ABSENT, "text consoles are blank")


@pytest.mark.root
def test_a_device_in_disguise_is_not_opened(alone, short):
    """What is named like a console and is another device, a FIFO or a file is never opened."""
    os.mknod(short / "dev/vcsa1", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    os.mkfifo(short / "dev/vcsa2")
    (short / "dev/vcsa3").write_bytes(bytes(4004))
    (short / "dev/vcsa4").symlink_to("/dev/vcsa1")
    (gap,) = list(consoles.texts(alone))
    assert (gap.outcome, gap.reason) == (Outcome.ABSENT, "no text console")


def test_a_console_larger_than_its_header_can_say():
    """The kernel says 255 for more columns: they follow from the number of cells."""
    assert consoles.screen_text((2, 255), "a" * 300 + "b" * 300) == "a" * 300 + "\n" + "b" * 300 + "\n"
    assert consoles.screen_text((2, 3), "a\0 b\0c") == "a\nb c\n"
    assert consoles.screen_text((0, 0), "") == ""


def test_gaps_hold_no_name_of_the_host(alone, monkeypatch):
    """What the host says stands in the subject, which may be encrypted, and never in the reason."""
    monkeypatch.setenv("DISPLAY", "secret-host:0")
    gaps = [gap for gap in screens.pictures(alone) if isinstance(gap, Gap)]
    assert any("secret-host" in str(gap.subject) for gap in gaps)
    assert not any("secret-host" in gap.reason for gap in gaps)


PROBE = """
import os, sys
from collector.host.linux import Roots, activity, displays, screens, windows
from collector.model import Blob, Request
os.write(2, b"start-mark")
watch = activity.watch(Roots(), Request(0, scan=(os.fsencode(sys.argv[1]),)))
print(sum(isinstance(row, dict) for row in windows.rows(Roots())))
print(sum(len(b"".join(item.chunks)) for item in screens.pictures(Roots()) if isinstance(item, Blob)))
watch.stop()
list(watch.rows())
for room in (windows, screens):  # a server that went away meanwhile: the libraries would go on with TCP for ":50000"
    print(*(item.outcome for item in room._of_display(displays.Display(50_000, 1, None, None))))
"""


@needs_x
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("form", [":{}", "localhost:{}.0", "127.0.0.1:{}"])
def test_no_program_is_run_and_no_network_is_touched(form, short):
    """Under strace: no execve (mss would run ldconfig, python-xlib uname), local sockets only, nothing written."""
    with xvfb() as number, drawing(number) as connection:
        show(connection, 0, 0, 9, 9, 0)
        environment = {**os.environ, "DISPLAY": form.format(number), "PYTHONPATH": str(HERE)}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        log = short / "trace"
        calls = "trace=execve,execveat,fork,vfork,socket,connect,sendto,open,openat,creat,rename,unlink,write"
        command = ["strace", "-f", "-qq", "-s", "64", "-e", calls, "-o", str(log)]
        done = subprocess.run(
            [*command, sys.executable, "-c", PROBE, str(short)],
            env=environment, capture_output=True, text=True, check=True, timeout=300,
        )  # fmt: skip
    _, _, after = log.read_text(errors="replace").partition("start-mark")
    assert after
    rows, size, *gone = done.stdout.split()
    assert int(rows) >= 1
    assert int(size) > 100
    assert gone == ["failed", "failed"]
    assert not re.search(r"\b(execve|execveat|fork|vfork|creat|rename|unlink)\(", after)
    assert set(re.findall(r"\bsocket\((\w+)", after)) == {"AF_UNIX"}
    assert set(re.findall(r"sa_family=(\w+)", after)) == {"AF_UNIX"}
    opened = re.findall(r'\bopen(?:at)?\([^"]*"([^"]*)", ([A-Z_|]+)', after)
    assert opened
    assert [path for path, flags in opened if re.search("O_WRONLY|O_RDWR|O_CREAT", flags)] == []


@needs_x
def test_the_function_of_ctypes_is_put_back():
    """After mss has loaded, `ctypes.util.find_library` is Python's again."""
    screens.load_mss()
    from ctypes import util  # noqa: PLC0415 - looked at after the fact

    assert util.find_library.__module__ == "ctypes.util"


@needs_x
def test_our_png_is_the_one_of_mss():
    """Band by band or at once: the pixels are the same, also where the last band is short."""
    with xvfb(size="333x131x24") as number, drawing(number) as connection:
        show(connection, 3, 5, 200, 100, 0xC0FFEE)
        mss = screens.load_mss()
        with (
            authorities.in_environment(number, None),
            mss.MSS(backend="xgetimage", display=f"unix:{number}") as camera,
        ):
            shot = camera.grab(camera.monitors[0])
    assert decode(b"".join(shapes.png(shot))) == decode(import_module("mss.tools").to_png(shot.rgb, shot.size))


def entry(number, cookie, *, family=256, address=None, name=b"MIT-MAGIC-COOKIE-1"):
    """Return one entry of an authority file; no number stands for every display."""
    address = os.fsencode(os.uname().nodename) if address is None else address
    parts = (address, b"" if number is None else b"%d" % number, name, cookie)
    return struct.pack(">H", family) + b"".join(struct.pack(">H", len(part)) + part for part in parts)


def wait_for_environment(pid, name):
    """Wait until a process has become the program it was started as."""
    for _ in range(1_000):
        if name in Path(f"/proc/{pid}/environ").read_bytes() and Path(f"/proc/{pid}/comm").read_text() == "sleep\n":
            return
        time.sleep(0.01)
    pytest.fail("the process never ran")


def our_connections(connection):
    """Return how many of a server's clients are this process: other tests look at every server, too."""
    answer = connection.res_query_client_ids([{"client": 0, "mask": 2}])
    return sum(os.getpid() in entry.value for entry in answer.ids)


def waiting(times):
    """Count, slowly enough for a server to take note of what happened meanwhile."""
    for number in range(times):
        time.sleep(0.01)
        yield number


def listening(roots, number, backlog=8):
    """Return a socket that listens where an X server would."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{roots.tmp}/.X11-unix/X{number}")
    server.listen(backlog)
    return server


def serve(server, answer):
    """Take one caller and give an answer."""
    client, _ = server.accept()
    with client:
        client.recv(64)
        client.sendall(answer)


@contextlib.contextmanager
def console(roots, number):
    """Take a text console that nobody looks at, with its devices under `roots`; give it back."""
    disallocate = 0x5608
    try:
        terminal = Path(f"/dev/tty{number}").open("w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as e:
        pytest.skip(f"no text console here: {e}")
    for name, minor in (("vcsu", 64 + number), ("vcsa", 128 + number)):
        os.mknod(f"{roots.dev}/{name}{number}", stat.S_IFCHR | 0o600, os.makedev(7, minor))
    try:
        yield terminal
    finally:
        terminal.close()
        with Path("/dev/tty0").open("rb") as current, contextlib.suppress(OSError):
            fcntl.ioctl(current, disallocate, number)
