"""What stands behind the links: devices in sysfs, and whether these are the host's own links."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from collector import text
from collector.host.linux import files
from collector.model import Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.host.linux import Roots
    from collector.text import Text

MAX_DEVICES = 10_000
"""Most devices looked at on one bus."""

_KERNEL_THREAD = 0x00200000  # PF_KTHREAD (include/linux/sched.h)
_PARENT, _FLAGS = 1, 6  # fields of /proc/PID/stat counted after the name (proc(5): 4 and 9)

# DEVTYPE in uevent.
_RADIOS = {b"wlan": "wifi", b"wwan": "cellular", b"bluetooth": "bluetooth"}


@dataclass(frozen=True, slots=True)
class Device:
    """What sysfs says of one link: `path` is its device, `None` where it has none.

    `radio` is wifi, cellular or bluetooth; `unread` is why nothing could be read.
    """

    path: bytes | None = None
    driver: Text | None = None
    radio: str | None = None
    unread: Outcome | None = None


class _Bus(NamedTuple):
    name: str
    is_network: Callable[[bytes], bool]
    """Tells from the device's folder; raises `OSError`."""
    part_of_device: bool = False
    """An entry is one function of a device, and any of them may carry the interface."""


def scope(roots: Roots) -> tuple[str, str | None]:
    """Return `host` where our network namespace is the system's own, else `namespace` and why.

    The system's own is that of a kernel thread. In a container pid 2 may be any process,
    so it has to be one that no program can become: the flag PF_KTHREAD and no parent.
    """
    try:
        stat = files.read_small(f"{roots.proc}/2/stat", limit=4096)
        fields = stat.rpartition(b")")[2].split()
        if fields[_PARENT] != b"0" or not int(fields[_FLAGS]) & _KERNEL_THREAD:
            return "namespace", "scope_unread"
        own = os.readlink(f"{roots.proc}/thread-self/ns/net")
        hosts = os.readlink(f"{roots.proc}/2/ns/net")
    except (OSError, ValueError, IndexError):
        return "namespace", "scope_unread"
    return ("host", None) if own == hosts else ("namespace", "other_namespace")


def behind(roots: Roots, name: bytes, index: int, mac: str | None) -> Device:
    """Return what sysfs says of a link; `unread` where it shows another namespace's links.

    A sysfs mount shows the namespace it was mounted in. A link of the same name in another
    namespace may even have the same index, so its hardware address has to agree as well.
    """
    if not name or b"/" in name or name in (b".", b".."):
        return Device(unread=files.outcome_of(OSError(errno.ENOENT, "")))
    folder = os.fsencode(roots.sys) + b"/class/net/" + name
    try:
        same_index = int(files.read_small(folder + b"/ifindex", limit=4096)) == index
        shown_mac = files.read_small(folder + b"/address", limit=4096).strip().decode("ascii", "replace")
        if not same_index or shown_mac != (mac or ""):
            return Device(unread=files.outcome_of(OSError(errno.ENOENT, "")))
        uevent = files.read_small(folder + b"/uevent", limit=65536)
        return Device(_target(folder + b"/device"), _driver(folder + b"/device/driver"), _radio(folder, uevent))
    except OSError as error:
        return Device(unread=files.outcome_of(error))
    except ValueError:
        return Device(unread=files.outcome_of(OSError(errno.EIO, "")))


def of_bus(roots: Roots, bus: bytes, name: bytes) -> Device:
    """Return the device that the routing socket names; nothing where it names none (kernels before 5.14 never do).

    For links of other namespaces, which our sysfs doesn't show. What is named must stand on that bus.
    """
    if not name or not bus or b"/" in name + bus or name in (b".", b"..") or bus in (b".", b".."):
        return Device(unread=Outcome.UNSUPPORTED if not name else Outcome.FAILED)
    path = os.fsencode(roots.sys) + b"/bus/" + bus + b"/devices/" + name
    try:
        os.stat(path)
        return Device(os.path.realpath(path), _driver(path + b"/driver"))
    except OSError as error:
        return Device(unread=files.outcome_of(error))


def without_interface(roots: Roots, seen: list[bytes]) -> tuple[Text, ...]:
    """Return the network devices of the machine that none of the device paths `seen` belongs to.

    PCI and virtio devices of the network class and USB devices that declare a network
    function; a USB device of vendor-specific class can't be told before a driver takes it.
    Raises `OSError` where the devices can't be listed.
    """
    root = os.fsencode(roots.sys) + b"/bus/"
    buses = set(_listed(root))
    idle: dict[bytes, None] = {}
    for bus in _BUSES:
        if os.fsencode(bus.name) not in buses:
            continue  # this machine has no such bus
        folder = root + os.fsencode(bus.name) + b"/devices/"
        for entry in _listed(folder):
            if not bus.is_network(folder + entry):
                continue
            path = os.path.realpath(folder + entry)
            path = os.path.dirname(path) if bus.part_of_device else path
            if not any(device == path or device.startswith(path + b"/") for device in seen):
                idle[os.path.basename(path)] = None
    return tuple(text.from_bytes(name) for name in idle)


def _listed(folder: bytes) -> list[bytes]:
    fd = files.open_source(folder, folder=True)
    try:
        names = sorted(os.fsencode(name) for name in os.listdir(fd))
    finally:
        os.close(fd)
    if len(names) > MAX_DEVICES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return names


def _target(link: bytes) -> bytes | None:
    """Return where a link of sysfs leads; `None` where there is none."""
    try:
        os.readlink(link)
    except FileNotFoundError:
        return None
    return os.path.realpath(link)


def _driver(link: bytes) -> Text | None:
    try:
        return text.from_bytes(os.path.basename(os.readlink(link)))
    except FileNotFoundError:
        return None


def _radio(folder: bytes, uevent: bytes) -> str | None:
    for line in uevent.splitlines():
        key, _, value = line.partition(b"=")
        if key == b"DEVTYPE" and value in _RADIOS:
            return _RADIOS[value]
    return "wifi" if _target(folder + b"/phy80211") is not None else None


def _pci_is_network(device: bytes) -> bool:
    """Network controllers, and the radios of class 0d that carry a network (PCI Code and ID Assignment, 1.14)."""
    number = files.read_small(device + b"/class", limit=4096).strip()
    return number[:4] == b"0x02" or number[:6] in (b"0x0d12", b"0x0d20", b"0x0d21", b"0x0d40", b"0x0d41")


def _virtio_is_network(device: bytes) -> bool:
    return files.read_small(device + b"/device", limit=4096).strip() == b"0x0001"


def _usb_is_network(device: bytes) -> bool:
    """CDC ECM, NCM and MBIM, and RNDIS in its three spellings (USB class codes)."""
    if b":" not in os.path.basename(device):
        return False  # a whole device; its interfaces are entries of their own
    parts = (b"/bInterfaceClass", b"/bInterfaceSubClass", b"/bInterfaceProtocol")
    function = b"".join(files.read_small(device + part, limit=4096).strip() for part in parts)
    return function[:4] in (b"0206", b"020d", b"020e") or function in (b"0202ff", b"e00103", b"ef0401")


_BUSES = (
    _Bus("pci", _pci_is_network),
    _Bus("virtio", _virtio_is_network),
    _Bus("usb", _usb_is_network, part_of_device=True),
)
