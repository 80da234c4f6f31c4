"""The tables of sockets of Windows: each row is read as the documentation lays it out, and none is made up.

The bytes here are made after the documentation (tcpmib.h, udpmib.h; learn.microsoft.com, "MIB_TCPROW_OWNER_PID
structure (tcpmib.h)" and its three siblings); those at the end come from the system that the test runs on.
"""

from __future__ import annotations

import os
import socket
import struct
import sys

import pytest

from collector.sources.connections import ConnectionSource
from collector.winformats import sockettables

TCP4, TCP6, UDP4, UDP6 = sockettables.TABLES
LOCAL6 = socket.inet_pton(socket.AF_INET6, "fe80::1")
FAR6 = socket.inet_pton(socket.AF_INET6, "2001:db8::2")
JUNK = b"\xde\xad"
"""What stands in the upper half of a port's field, which the documentation leaves undefined."""


def port(number):
    return struct.pack(">H", number) + JUNK


def table(*rows):
    return struct.pack("<I", len(rows)) + b"".join(rows)


def tcp4(state, pid, far=b"\xcb\x00\x71\x05"):
    return struct.pack("<I", state) + b"\xc0\x00\x02\x02" + port(49152) + far + port(443) + struct.pack("<I", pid)


def test_a_tcp_row_tells_both_ends_its_state_and_its_holder():
    """Addresses and ports are in network order; the junk beside a port is nobody's port."""
    (one,), count = sockettables.rows_of(TCP4, table(tcp4(5, 4321)), 10)
    assert one == ("inet", "stream", "192.0.2.2:49152", "203.0.113.5:443", "ESTABLISHED", 4321)
    assert count == 1


def test_a_listener_has_no_other_end():
    """What stands in the remote fields of a listener means nothing."""
    (one,), _ = sockettables.rows_of(TCP4, table(tcp4(2, 4)), 10)
    assert (one.status, one.raddr) == ("LISTEN", None)


def test_a_link_local_address_names_its_link():
    """fe80::1 exists on every link: without the number of the link it would say nothing."""
    row = LOCAL6 + struct.pack("<I", 12) + port(80) + FAR6 + struct.pack("<I", 0) + port(1) + struct.pack("<II", 5, 77)
    (one,), _ = sockettables.rows_of(TCP6, table(row), 10)
    assert (one.laddr, one.raddr, one.pid) == ("[fe80::1%12]:80", "[2001:db8::2]:1", 77)


def test_udp_has_one_end_and_no_state():
    """Both families of UDP."""
    (four,), _ = sockettables.rows_of(UDP4, table(bytes(4) + port(53) + struct.pack("<I", 9)), 10)
    (six,), _ = sockettables.rows_of(UDP6, table(bytes(16) + bytes(4) + port(5353) + struct.pack("<I", 8)), 10)
    assert four == ("inet", "dgram", "0.0.0.0:53", None, None, 9)
    assert six == ("inet6", "dgram", "[::]:5353", None, None, 8)


def test_a_state_that_nobody_knows_is_its_number():
    """No state is guessed."""
    (one,), _ = sockettables.rows_of(TCP4, table(tcp4(99, 1)), 10)
    assert one.status == "99"


@pytest.mark.parametrize("which", sockettables.TABLES)
def test_a_table_that_says_more_than_it_holds_is_not_believed(which):
    """A count of four thousand million, a torn row, no bytes at all: what is there is read, the rest is counted."""
    whole = struct.pack("<I", 2**32 - 1) + bytes(which.row) + bytes(which.row - 1)
    sockets, count = sockettables.rows_of(which, whole, 10)
    assert (len(sockets), count) == (1, 2**32 - 1)
    assert sockettables.rows_of(which, b"\1\0", 10) == ([], 0)
    assert len(sockettables.rows_of(which, table(*[bytes(which.row)] * 5), 3)[0]) == 3


@pytest.mark.skipif(sys.platform != "win32", reason="Windows, here under Wine")
def test_our_own_sockets_stand_in_the_tables():
    """A listener, a connection and an IPv6 datagram socket of this very process are found with its number."""
    from collector.host.windows import connections  # noqa: PLC0415 - only there

    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        six.bind(("::1", 0))
        with socket.create_connection(server.getsockname()) as client:
            rows = list(connections.rows())
            listening = f"127.0.0.1:{server.getsockname()[1]}"
            ours = f"127.0.0.1:{client.getsockname()[1]}"
            datagram = f"[::1]:{six.getsockname()[1]}"
    assert all(set(row) == set(ConnectionSource.columns) for row in rows if isinstance(row, dict))
    found = {(row["laddr"], row["raddr"], row["status"]): row for row in rows if isinstance(row, dict)}
    assert (listening, None, "LISTEN") in found
    assert (ours, listening, "ESTABLISHED") in found
    assert (datagram, None, None) in found
    assert all(row["pid"] == (row["pids"] or [None])[0] for row in found.values())
    # Wine 8.0 finds the holder for some of them only; a holder that it names is the right one.
    holders = {found[key]["pid"] for key in found if key[0] in (listening, ours, datagram)}
    assert holders <= {os.getpid(), None}
