"""The networks of this machine put together: our own namespace, the others, radios, remote access.

One look at every process tells both the namespaces there are and the programs that let
somebody in from elsewhere.
"""

from __future__ import annotations

import errno
import sys
from typing import TYPE_CHECKING

from collector.facts import Facts, Namespace, Unread
from collector.host.linux import devices, files, links, namespaces, radios, remote
from collector.model import Gap, Outcome

assert sys.platform == "linux"

if TYPE_CHECKING:
    import socket

    from collector.host.linux import Roots
    from collector.text import Text


ATTEMPTS = 3
"""How often a namespace is tried whose task has just ended."""


def facts(roots: Roots) -> Facts:
    """Return what is known of every network of this machine; never raises for what the host does."""
    unread: list[Unread] = []
    own = links.look(roots, None, _stations(None, unread))
    scope, scope_reason = devices.scope(roots)
    census = namespaces.Census()
    try:
        census = namespaces.census(roots)
    except OSError as error:
        unread.append(Unread("namespaces", files.gap_of(error, "the processes can't be listed")))
    if census.cut:
        unread.append(Unread("namespaces", Gap(Outcome.OVER_LIMIT, "more processes or namespaces than are looked at")))
    seen = list(own.devices)
    others = []
    for name, task in list(census.others.items())[: namespaces.MAX_NAMESPACES]:
        space, behind = _other(roots, name, task)
        if space is not None:
            others.append(space)
            seen += behind
    idle: tuple[Text, ...] = ()
    if scope == "host":
        try:
            idle = devices.without_interface(roots, seen)
        except OSError as error:
            unread.append(Unread("devices", files.gap_of(error, "the network devices can't be listed")))
    blocked, programs = radios.rfkill(roots, unread), remote.running(roots, unread)
    return Facts(
        links=own.links,
        default_routes=own.default_routes,
        scope=scope,
        scope_reason=scope_reason,
        idle_devices=idle,
        unread=(*own.unread, *unread),
        others=tuple(others),
        radios=blocked,
        remote_access=programs,
        hidden_processes=census.hidden,
    )


def _other(roots: Roots, name: str, task: str) -> tuple[Namespace | None, tuple[bytes, ...]]:
    """Return another namespace and the devices behind its links; `None` where it has just ended.

    The task that it was found by may end while others stay in it: then it is looked for again.
    """
    error = OSError()
    for _ in range(ATTEMPTS):
        pid = int(task.partition("/")[0])
        unread: list[Unread] = []
        try:
            with namespaces.socket_in(roots, task, name) as kernel:
                seen = links.look(roots, kernel, _stations((roots, task, name), unread))
            number = namespaces.number_of(roots, task, name)
        except OSError as failed:
            error = failed
            if failed.errno not in (errno.ENOENT, errno.ESRCH, errno.ESTALE):
                break
            found = namespaces.census(roots).others.get(name)
            if found is None:
                return None, ()
            task = found
        else:
            told = (*seen.unread, *unread)
            return Namespace(name, pid, task, number, seen.links, seen.default_routes, told), seen.devices
    gap = files.gap_of(error, "another network namespace can't be looked into")
    return Namespace(name, int(task.partition("/")[0]), task, unread=(Unread("namespaces", gap),)), ()


def _stations(where: tuple[Roots, str, str] | None, unread: list[Unread]) -> dict[int, radios.Station]:
    """Return the Wi-Fi links of a namespace; none where the kernel has no Wi-Fi."""
    kernel: socket.socket | None = None
    try:
        if where is not None:
            kernel = namespaces.socket_in(*where, radios.GENERIC)
        return radios.stations(kernel)
    except OSError as error:
        if error.errno != errno.ENOENT:
            unread.append(Unread("radios", files.gap_of(error, "the Wi-Fi links can't be listed")))
        return {}
    finally:
        if kernel is not None:
            kernel.close()
