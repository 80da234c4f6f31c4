"""The network namespaces of this machine: which ones hold a process, and sockets made inside them.

A socket stays in the namespace it was made in, so a thread that lives only for that enters
it (setns(2)) and ends: no other thread of ours ever changes its namespace.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector.host.linux import netlink

assert sys.platform == "linux"

if TYPE_CHECKING:
    from collector.host.linux import Roots

MAX_PROCESSES = 200_000
"""Most processes looked at; the kernel's own limit is 4,194,304, an office machine has some hundreds."""
MAX_THREADS = 10_000
"""Most threads of one process looked at."""
MAX_NAMESPACES = 256
"""Most namespaces entered: a machine full of containers has some dozens."""
SECONDS = 3.0
"""Longest wait for the thread that enters a namespace, which takes microseconds."""

_ONE_THREAD = 3  # `.`, `..` and itself (fs/proc/base.c, proc_task_getattr)
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET (include/uapi/linux/sched.h)
_GET_NUMBER, _NUMBER, _FD = 90, 1, 3  # RTM_GETNSID, NETNSA_NSID, NETNSA_FD (include/uapi/linux/net_namespace.h)


@dataclass(slots=True)
class Census:
    """Which namespaces there are: `own` by its name (`net:[…]`), others by name with one task of each.

    A task is a process, or a thread of one, as its path below procfs: `12` or `12/task/13`.
    """

    own: str | None = None
    others: dict[str, str] = field(default_factory=dict)
    hidden: int = 0
    """Processes whose namespace can't be read."""
    cut: bool = False


def census(roots: Roots) -> Census:
    """Look at every process once; raises `OSError` where the processes can't be listed."""
    found = Census()
    try:
        found.own = os.readlink(f"{roots.proc}/thread-self/ns/net")
    except OSError:  # without procfs there is nothing to compare with
        return found
    names = [name for name in os.listdir(roots.proc) if name.isdecimal()]
    found.cut = len(names) > MAX_PROCESSES
    for name in names[:MAX_PROCESSES]:
        tasks = _tasks(roots, name)
        found.cut = found.cut or len(tasks) > MAX_THREADS
        for task in tasks[:MAX_THREADS]:
            try:
                space = os.readlink(f"{roots.proc}/{task}/ns/net")
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
            except OSError:
                found.hidden += 1
                break
            if space != found.own:
                found.others.setdefault(space, task)
    if len(found.others) > MAX_NAMESPACES:
        found.cut = True
    return found


def _tasks(roots: Roots, name: str) -> list[str]:
    """Return a process, and each of its threads where it has several: a thread may have a namespace of its own.

    The main thread may have ended before the others. The kernel gives the number of threads as links of the folder.
    Threads of our own stand elsewhere only for as long as `socket_in` takes: one of them is nobody to go by.
    """
    if name == str(os.getpid()):
        return [name]
    folder = f"{roots.proc}/{name}/task"
    try:
        if os.stat(folder).st_nlink <= _ONE_THREAD:
            return [name]
        return [f"{name}/task/{thread}" for thread in os.listdir(folder)]
    except OSError:  # it ended meanwhile
        return [name]


def socket_in(roots: Roots, task: str, name: str, protocol: int = socket.NETLINK_ROUTE) -> socket.socket:
    """Return a netlink socket made in the namespace `name` of a task, not yet bound.

    Raises `OSError`: EPERM without the privilege to enter, ESTALE where the task has gone
    and another one has its number, ETIMEDOUT.
    """
    box: list[socket.socket | OSError] = []

    def make() -> None:
        try:
            fd = _opened(roots, task, name)
            try:
                _enter(fd)
                box.append(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol))
            finally:
                os.close(fd)
        except OSError as error:
            box.append(error)

    try:
        maker = threading.Thread(target=make, name="namespace", daemon=True)
        maker.start()
    except RuntimeError as error:  # no thread is to be had
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
    maker.join(SECONDS)
    if not box:
        raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    if isinstance(box[0], OSError):
        raise box[0]
    return box[0]


def number_of(roots: Roots, task: str, name: str) -> int | None:
    """Return what our own namespace calls another one (see `Link.peer_namespace`), `None` if it has no number.

    The kernel gives a number where a link of ours has its other end there. Raises `OSError`.
    """
    fd = _opened(roots, task, name)
    try:
        body = bytes(4) + netlink.attribute(_FD, fd.to_bytes(4, sys.byteorder))
        answer = netlink.ask(_GET_NUMBER, body)
    finally:
        os.close(fd)
    raw = netlink.attributes(answer[0], 4).get(_NUMBER, b"") if answer else b""
    number = int.from_bytes(raw, sys.byteorder, signed=True) if raw else -1
    return number if number >= 0 else None


def _opened(roots: Roots, task: str, name: str) -> int:
    """Return the open namespace of a task, if it is still the one of that name."""
    fd = os.open(f"{roots.proc}/{task}/ns/net", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if f"net:[{os.fstat(fd).st_ino}]" != name:
        os.close(fd)
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
    return fd


def _enter(fd: int) -> None:
    """Move this thread alone into a namespace; `os.setns` is there from Python 3.12 on."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(ctypes.c_int(fd), ctypes.c_int(_NEW_NETWORK)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
