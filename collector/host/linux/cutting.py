"""What `--isolate` changes: links switched off over the routing socket, radios blocked through rfkill.

The plan says first what would be done and how each step is undone; a step is taken only on
the very link that it was planned for, and looked at afterwards.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
from typing import TYPE_CHECKING

from collector import isolation
from collector.facts import Change
from collector.host import HostError
from collector.host.linux import files, links, namespaces, netlink, radios, undoing
from collector.model import Gap, Outcome
from collector.text import from_bytes

assert sys.platform == "linux"

if TYPE_CHECKING:
    import socket

    from collector.facts import Facts, Link
    from collector.host.linux import Roots

_SET_LINK, _UP = 19, 0x1  # RTM_SETLINK, IFF_UP
_LINK = struct.Struct("=BBHiII")  # ifinfomsg
_RADIO = struct.Struct("=IBBBB")  # rfkill_event: index, type, operation, soft, hard (include/uapi/linux/rfkill.h)
_CHANGE_ONE, _BLOCK = 2, 1

_UPPER_FIRST = ("vpn", "tunnel", "vlan", "macvlan", "bond")
"""Links that stand on others go first: then each is switched off once, by us."""


def plan(roots: Roots, facts: Facts) -> tuple[Change, ...]:
    """Return what would cut this machine off, in its order; changes nothing."""
    found: list[Change] = []
    whole = facts.scope == "host"
    outside = {route.index for route in facts.default_routes}
    own = [link for link in facts.links if _is_cut(link, outside, own_cable=not whole, links=facts.links)]
    found += _changes(roots, own, None, None)
    if whole:
        for space in facts.others:
            there = {route.index for route in space.default_routes}
            cut = [one for one in space.links if one.kind != "veth" and _is_cut(one, there, own_cable=False, links=())]
            found += _changes(roots, cut, space.name, space.task)
        found += [
            Change("block", radio.index, radio.name, radio.kind, (f"rfkill unblock {radio.index}",))
            for radio in facts.radios
            if radio.kind != "other" and not radio.soft_blocked
        ]
    return tuple(found)


def carry_out(roots: Roots, change: Change) -> None:
    """Do one change and see that it is done; raises `HostError` where it is not."""
    try:
        if change.what == "block":
            _block(roots, change)
        elif change.namespace is None:
            with netlink.opened() as kernel:
                _switch_off(kernel, change)
        else:
            task = namespaces.census(roots).others.get(change.namespace)
            if task is None:
                raise HostError(Gap(Outcome.ABSENT, "the namespace of the link is gone", change.name))
            with namespaces.socket_in(roots, task, change.namespace) as kernel:
                _switch_off(kernel, change)
    except OSError as error:
        what = "the radio can't be blocked" if change.what == "block" else "the link can't be switched off"
        raise HostError(files.gap_of(error, what, change.name)) from error


def _entering(namespace: str, task: str) -> str:
    """Return what enters a namespace in a shell, if the task is still in it: its number may be another's by then."""
    place = f"/proc/{task}/ns/net"
    return f"test \"$(readlink {place})\" = '{namespace}' && nsenter --net={place} "


def _is_cut(link: Link, outside: set[int | None], *, own_cable: bool, links: tuple[Link, ...]) -> bool:
    """Tell whether a link leads outside, now or as soon as it is plugged in.

    `own_cable`: in a container the veth whose other end stands elsewhere is what a cable is to a computer.
    """
    if not link.admin_up or link.kind == "loopback":
        return False
    real = link.physical is True or link.kind not in isolation.INTERNAL_KINDS
    cable = own_cable and link.kind == "veth" and (
        link.peer_namespace is not None or all(other.index != link.peer for other in links)
    )
    return real or cable or link.index in outside


def _changes(roots: Roots, cut: list[Link], namespace: str | None, task: str | None) -> list[Change]:
    """Return one change for each link, upper ones first, with what restores it."""
    if not cut:
        return []
    cut = sorted(cut, key=lambda link: (link.kind not in _UPPER_FIRST, -link.index))
    prefix = "" if namespace is None else _entering(namespace, task or "0")
    try:
        if namespace is None:
            tables = undoing.read(None)
        else:
            with namespaces.socket_in(roots, task or "0", namespace) as kernel:
                tables = undoing.read(kernel)
    except OSError as error:
        tables = undoing.Tables(missing=[f"addresses and routes could not be read: {error.strerror}"])
    undo = undoing.lines(tables, cut, prefix)
    return [Change("down", link.index, link.name, link.kind, undo[link.index], namespace) for link in cut]


def _switch_off(kernel: socket.socket, change: Change) -> None:
    """Clear IFF_UP of a link that still has its name, and see that it is cleared."""
    _same(kernel, change)
    body = _LINK.pack(0, 0, 0, change.index, 0, _UP)
    netlink.ask(_SET_LINK, body, netlink.ACKNOWLEDGE, kernel)
    if _same(kernel, change).admin_up:
        raise HostError(Gap(Outcome.FAILED, "the link was switched off and is on again", change.name))


def _same(kernel: socket.socket, change: Change) -> links.RawLink:
    for body in netlink.dump(netlink.GET_LINK, kernel=kernel).entries():
        raw = links.parse_link(body)
        if raw.index == change.index:
            if from_bytes(raw.name) == change.name:
                return raw
            break
    raise HostError(Gap(Outcome.ABSENT, "the link is gone, or another one has its number", change.name))


def _block(roots: Roots, change: Change) -> None:
    """Ask the kernel's rfkill device to block one radio, and see that it is blocked."""
    fd = os.open(f"{roots.dev}/rfkill", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        os.write(fd, _RADIO.pack(change.index, 0, _CHANGE_ONE, _BLOCK, 0))
    finally:
        os.close(fd)
    radio = next((one for one in radios.rfkill(roots, []) if one.index == change.index), None)
    if radio is None:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    if not radio.soft_blocked:
        raise HostError(Gap(Outcome.FAILED, "the radio was blocked and is not blocked", change.name))
