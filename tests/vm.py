"""A small virtual machine for what this machine's kernel lacks: Debian's own kernel under qemu, all in memory.

`boot` runs a Python script as root in it, beside the collector of this checkout, and returns what the script told.
The kernel is fetched once from Debian's packages, never installed, into `.vm/` of the checkout.
"""

from __future__ import annotations

import fcntl
import json
import lzma
import os
import shutil
import socket
import stat
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STORE = ROOT / ".vm"
GUEST = Path(__file__).resolve().parent / "vm_guest.py"
MODULES = (
    "virtio_blk vfat nls_cp437 nls_ascii exfat dummy bonding 8021q wireguard macvlan ipvlan vxlan tun veth bridge "
    "virtio_net virtio_pci e1000 mac80211_hwsim rfkill ipv6"
)
PACKAGES = (
    "click yaml _yaml cryptography cffi _cffi_backend rich pygments markdown_it mdurl segno mss watchdog Xlib six "
    "jeepney typing_extensions yara_x artifacts"
)
LEFT_OUT = ("site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3",
            "pydoc_data", "turtledemo", "__pycache__", "distutils", "unittest")  # fmt: skip
CONSOLE = "console=ttyS0 quiet panic=-1 no_console_suspend no_timer_check"
"""Emulated on a busy machine, ticks come late, and the kernel's check of its timer would end in a panic."""


@dataclass(frozen=True)
class Image:
    """What qemu boots: the kernel, and a file system in memory."""

    kernel: Path
    packed: Path
    """The same as it was packaged: slower to start, but only so it wakes from suspend-to-RAM."""
    initramfs: Path


def needs() -> None:
    """Skip where a machine can't be made."""
    for program in ("qemu-system-x86_64", "busybox", "cpio", "depmod", "apt-cache", "dpkg-deb", "ip", "iw", "ldd"):
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            pytest.skip(f"needs {program}")


def image() -> Image:
    """Return the image for this checkout, made if it is not there; two test processes wait for each other."""
    needs()
    STORE.mkdir(exist_ok=True)
    with (STORE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tree = _kernel()
        initramfs = STORE / f"base-{sys.version_info[0]}.{sys.version_info[1]}-{tree.name}.cpio"
        made_from = _made_from(tree)
        stamp = initramfs.with_suffix(".from")
        if not initramfs.exists() or not stamp.exists() or stamp.read_text() != made_from:
            _pack(_base(tree), initramfs)
            stamp.write_text(made_from)
        (packed,) = (tree / "boot").glob("vmlinuz-*")
        return Image(_bare(packed), packed, initramfs)


def _made_from(tree: Path) -> str:
    paths = [sys.prefix, sysconfig.get_path("stdlib"), str(tree), MODULES, PACKAGES, __file__]
    return "\n".join([*paths, Path(__file__).read_text(), (ROOT / "requirements.lock").read_text()])


def _kernel() -> Path:
    """Return the unpacked package of Debian's kernel; the newest that apt knows, else one that is there."""
    names = _known() or (subprocess.run(["apt-get", "-qq", "update"], check=False, capture_output=True) and _known())
    there = sorted(path for path in STORE.glob("linux-image-*") if path.is_dir())
    if names and (STORE / names[0]).is_dir():
        return STORE / names[0]
    if not names and there:
        return there[-1]
    if not names:
        pytest.skip("apt knows no kernel of Debian's: apt-get update")
    new = STORE / "new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    done = subprocess.run(["apt-get", "-qq", "download", names[0]], check=False, capture_output=True, cwd=new)
    packages = list(new.glob("*.deb"))
    if done.returncode or not packages:
        pytest.skip(f"the kernel's package can't be fetched: {done.stderr.decode(errors='replace').strip()[:200]}")
    subprocess.run(["dpkg-deb", "-x", packages[0], new / "tree"], check=True)
    version = next((new / "tree/lib/modules").iterdir()).name
    subprocess.run(["depmod", "-b", new / "tree", version], check=True, capture_output=True)
    (new / "tree").rename(STORE / names[0])
    shutil.rmtree(new)
    return STORE / names[0]


def _bare(packed: Path) -> Path:
    """Return the kernel unpacked, where it is packed with xz: emulated, that takes longer than all the rest of a start.

    Where it stands in the file is told by the kernel's Documentation/arch/x86/boot.rst.
    """
    bare = packed.with_name("vmlinux")
    if not bare.exists():
        image = packed.read_bytes()
        offset, length = (int.from_bytes(image[at : at + 4], "little") for at in (0x248, 0x24C))
        payload = image[((image[0x1F1] or 4) + 1) * 512 + offset :][:length]
        try:
            content = lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(payload)
        except lzma.LZMAError:
            return packed
        new = bare.with_suffix(".new")
        new.write_bytes(content)
        new.rename(bare)
    return bare


def _known() -> list[str]:
    """Return the name of the package of Debian's present kernel, if apt has a list."""
    told = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], check=False, capture_output=True, text=True)
    return [line.split()[1] for line in told.stdout.splitlines() if line.strip().startswith("Depends: linux-image")]


def _base(tree: Path) -> Path:
    """Lay out the file system: busybox, Python with the locked packages, `ip`, `iw`, the modules."""
    base = STORE / "base"
    shutil.rmtree(base, ignore_errors=True)
    for folder in ("bin", "proc", "sys", "dev", "tmp", "run", "etc", "var/log", "lib/modules", "root"):
        (base / folder).mkdir(parents=True)
    copied: list[Path] = []
    copied += [_copy(Path(shutil.which("busybox") or ""), base)]
    for name in ("ip", "iw"):
        program = shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")
        if program is not None:
            copied.append(_copy(Path(program), base))
    python = Path(os.path.realpath(sys.executable))
    copied.append(_copy(python, base))
    stdlib = Path(sysconfig.get_path("stdlib"))
    copied += _copy_tree(stdlib, base, lambda name: name in LEFT_OUT or name.startswith("config-"))
    site = Path(sysconfig.get_path("purelib"))
    packages = base / "packages"
    for name in PACKAGES.split():
        for found in [*site.glob(name), *site.glob(f"{name}.py"), *site.glob(f"{name}.*.so")]:
            target = packages / found.name
            if found.is_dir():
                shutil.copytree(found, target, ignore=shutil.ignore_patterns("__pycache__", "tests"), symlinks=False)
                copied += found.rglob("*.so")
            else:
                packages.mkdir(exist_ok=True)
                shutil.copy2(found, target)
                copied.append(found)
    _compile(base)
    for library in _libraries([path for path in copied if _is_elf(path)]):
        _copy(library, base)
    modules = next((tree / "lib/modules").iterdir())
    order = [name for wanted in MODULES.split() for name in _with_dependencies(modules, wanted)]
    for name in dict.fromkeys(order):
        shutil.copy2(modules / name, base / "lib/modules" / Path(name).name)
    (base / "lib/modules/order").write_text(json.dumps([Path(name).name for name in dict.fromkeys(order)]))
    (base / "init").write_text(
        "#!/bin/busybox sh\n"
        "/bin/busybox mount -t proc proc /proc\n/bin/busybox mount -t sysfs sysfs /sys\n"
        "/bin/busybox mount -t devtmpfs dev /dev\n/bin/busybox mount -t tmpfs tmpfs /tmp\n"
        "/bin/busybox mount -t tmpfs run /run\n"
        "export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1\n"
        f"{python} -B -X utf8 /guest.py >/dev/ttyS0 2>&1\n"
        "/bin/busybox poweroff -f\n"
    )
    (base / "init").chmod(0o755)
    (base / "python").write_text(str(python))
    if not (base / "bin/busybox").exists():
        shutil.copy2(shutil.which("busybox") or "", base / "bin/busybox")
    (base / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (base / "etc/hostname").write_text("vm\n")
    return base


def _compile(folder: Path) -> None:
    """Compile every module in place: under emulation that is most of a start. What is read is not checked again."""
    how = ["-q", "-j", "2", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([sys.executable, "-m", "compileall", *how, folder], check=True, capture_output=True)


def _with_dependencies(modules: Path, wanted: str) -> list[str]:
    """Return a module's file and before it those that it needs; nothing where it is built in."""
    for line in (modules / "modules.dep").read_text().splitlines():
        name, _, needed = line.partition(":")
        if Path(name).name.removesuffix(".ko") == wanted:
            return [*reversed(needed.split()), name]
    return []


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _libraries(programs: list[Path]) -> set[Path]:
    found: set[Path] = set()
    for program in programs:
        told = subprocess.run(["ldd", program], check=False, capture_output=True, text=True).stdout
        for word in told.replace("=>", " ").split():
            if word.startswith("/"):
                found.add(Path(word))
    return found


def _copy(path: Path, base: Path) -> Path:
    target = base / str(path).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy2(path, target)
    return path


def _copy_tree(source: Path, base: Path, left_out) -> list[Path]:
    copied = []
    for folder, folders, files in os.walk(source):
        folders[:] = [name for name in folders if not left_out(name)]
        copied += [_copy(Path(folder, name), base) for name in files if not name.endswith((".pyc", ".a"))]
    return [path for path in copied if path.suffix == ".so"]


def _pack(folder: Path, to: Path) -> None:
    names = subprocess.run(["find", ".", "-mindepth", "1", "-print0"], cwd=folder, check=True, capture_output=True)
    new = to.with_suffix(".new")
    with new.open("wb") as out:
        subprocess.run(
            ["cpio", "--null", "--create", "--format=newc", "--quiet", "--owner=0:0"],
            input=names.stdout, stdout=out, cwd=folder, check=True,
        )  # fmt: skip
    new.rename(to)


class Machine:
    """A machine that runs one script; `monitor` pulls its cables, `ended` waits for what the script told."""

    def __init__(self, folder: Path, script: str, *devices: str, sleeps: bool = False) -> None:
        made = image()
        top = folder / "top"
        top.mkdir(parents=True)
        shutil.copy2(GUEST, top / "guest.py")
        (top / "scenario.py").write_text(script)
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "collector", top / "collector", ignore=ignore)
        shutil.copytree(ROOT / "rules", top / "rules", ignore=ignore)
        _compile(top)
        for path in [top, *top.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        _pack(top, folder / "top.cpio")
        whole = folder / "initramfs"
        with whole.open("wb") as out:
            for part in (made.initramfs, folder / "top.cpio"):
                with part.open("rb") as file:
                    shutil.copyfileobj(file, out)
                out.write(bytes(-out.tell() % 512))
        self.console, self.told = folder / "console", folder / "told"
        self._monitor = folder / "monitor"
        network = devices or ("-nic", "none")
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            [
                "qemu-system-x86_64", "-accel", "tcg", "-m", "1100", "-nodefaults", "-display", "none", "-no-reboot",
                "-kernel", made.packed if sleeps else made.kernel, "-initrd", whole, "-append", CONSOLE,
                "-rtc", "base=utc",
                "-serial", f"file:{self.console}", "-serial", f"file:{self.told}",
                "-monitor", f"unix:{self._monitor},server=on,wait=off", *network,
            ],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def monitor(self, command: str) -> None:
        """Tell qemu's monitor something."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self._monitor))
            line.sendall(command.encode() + b"\n")
            time.sleep(0.02)

    def answers(self) -> list[dict]:
        """Return what the script has told so far, whole lines of JSON."""
        raw = self.told.read_bytes() if self.told.exists() else b""
        return [json.loads(line) for line in raw.split(b"\n")[:-1] if line.strip()]

    def wait_for(self, name: str, seconds: float = 120) -> None:
        """Wait until the script has told something of this name."""
        end = time.monotonic() + seconds
        while not any(one["name"] == name for one in self.answers()):
            broken = [one["value"] for one in self.answers() if one["name"] == "failed"]
            assert not broken, broken
            assert time.monotonic() < end, self._said()
            assert self.process.poll() is None, self._said()
            time.sleep(0.02)

    def wait_until_silent(self, quiet: float, seconds: float = 120) -> None:
        """Wait until nothing was told for so many seconds, as by a machine that sleeps."""
        end = time.monotonic() + seconds
        size, since = -1, time.monotonic()
        while time.monotonic() - since < quiet:
            if (now := self.told.stat().st_size) != size:
                size, since = now, time.monotonic()
            assert time.monotonic() < end, self._said()
            time.sleep(0.05)

    def ended(self, seconds: float = 240) -> dict[str, dict]:
        """Wait for the end; returns what was told by name."""
        try:
            self.process.wait(max(1, seconds - (time.monotonic() - self._started)))
        except subprocess.TimeoutExpired:
            pytest.fail(self._said())
        finally:
            self.close()
        told = {one["name"]: one["value"] for one in self.answers()}
        assert "end" in told, self._said()
        return told

    def close(self) -> None:
        self.process.kill()
        self.process.wait()

    def _said(self) -> str:
        said = self.console.read_bytes() if self.console.exists() else b""
        return "the machine did not end: " + said[-3000:].decode("utf-8", "replace")
