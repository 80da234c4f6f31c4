"""What a host tells of its networks: the facts that `isolation` judges and `timeline` keeps up to date.

Types only. `None` is not applicable, or not read and then named in `unread`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.model import Gap, Moment, Row
    from collector.text import Text


@dataclass(frozen=True, slots=True)
class Link:
    """One interface as it was read.

    `carrier` has no meaning while the link is switched off. `master` and `peer` are indexes
    of links in the same namespace: the bridge or bond it belongs to, and a veth's other end.
    Where that end stands in another namespace, `peer` is its index there and
    `peer_namespace` our number of that namespace (`Namespace.number`).
    """

    name: Text
    index: int
    kind: str | None
    admin_up: bool | None
    carrier: bool | None
    operstate: str | None = None
    addresses: tuple[str, ...] = ()
    mac: str | None = None
    permanent_mac: str | None = None
    """The address that the maker gave it, where the driver tells."""
    driver: Text | None = None
    physical: bool | None = None
    master: int | None = None
    peer: int | None = None
    peer_namespace: int | None = None
    wifi: Text | None = None
    """Name of the Wi-Fi network that it is joined to."""
    associated: bool | None = None
    """Whether a Wi-Fi link is joined to a network; `None` where it is none or nothing tells."""
    carrier_ups: int | None = None
    """How often the kernel saw its carrier come, since the link was made; never set back."""
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """A unicast route to everywhere, or to a large part of it; `index` is its link, if known."""

    index: int | None
    row: Row


@dataclass(frozen=True, slots=True)
class Unread:
    """A whole table that was not, or not wholly, read: links, addresses, routes, devices, namespaces or radios."""

    what: str
    gap: Gap


@dataclass(frozen=True, slots=True)
class Namespace:
    """Another network namespace of this machine, seen from a task that stands in it.

    `name` is the kernel's (`net:[4026532281]`); `pid` is the process of that task, and `task` the task
    itself as its path below procfs (`12`, or `12/task/13` for a thread that stands elsewhere than its process);
    `number` is what our own namespace calls it (see `Link.peer_namespace`), if it has a number.
    """

    name: str
    pid: int | None = None
    task: str | None = None
    number: int | None = None
    links: tuple[Link, ...] = ()
    default_routes: tuple[DefaultRoute, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Radio:
    """A radio as rfkill tells: `kind` wifi, bluetooth, cellular or other; blocked by software or by a switch."""

    index: int
    name: Text
    kind: str
    soft_blocked: bool
    hard_blocked: bool


@dataclass(frozen=True, slots=True)
class RemoteAccess:
    """A running program that lets somebody use this computer from elsewhere: its product and process."""

    product: str
    name: Text
    pid: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read of the networks of a machine.

    `links`, `default_routes` are of our own network namespace. `scope` is `host` where that
    is the system's own, else `namespace`, and `scope_reason` is then `other_namespace` or
    `scope_unread`. `others` are the further namespaces that hold a process. `idle_devices`
    are network devices of the machine that show no interface anywhere.
    `hidden_processes` counts processes whose namespace could not be read: they decide nothing.
    """

    links: tuple[Link, ...]
    default_routes: tuple[DefaultRoute, ...] = ()
    scope: str = "host"
    scope_reason: str | None = None
    idle_devices: tuple[Text, ...] = ()
    unread: tuple[Unread, ...] = ()
    others: tuple[Namespace, ...] = ()
    radios: tuple[Radio, ...] = ()
    remote_access: tuple[RemoteAccess, ...] = ()
    hidden_processes: int = 0


@dataclass(frozen=True, slots=True)
class LinkChange:
    """One change of the network as the kernel told it, with the clocks at which it was received.

    `what` is `link` (made or changed: `link` is its new state, without addresses), `link-gone`,
    `address`, `address-gone` (`address` with prefix length), `route`, `route-gone` (`route`;
    only those that lead outside, see `DefaultRoute`) or `lost` (the kernel could not keep up:
    changes are missing before this one). The links of a namespace that is new come as if made then.
    `namespace` is `None` for our own, else its name.
    """

    moment: Moment
    what: str
    namespace: str | None = None
    index: int | None = None
    link: Link | None = None
    address: str | None = None
    route: DefaultRoute | None = None
    name: Text | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that `--isolate` does: switch a link down (`down`) or block a radio (`block`).

    `namespace` is that of the link, `None` for our own. `undo` are the command lines that
    restore what it takes away, in order, quoted for a POSIX shell; on Windows for PowerShell.
    """

    what: str
    index: int
    name: Text
    kind: str | None
    undo: tuple[str, ...]
    namespace: str | None = None
