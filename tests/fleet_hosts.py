"""Hosts to collect from: each a network, process, mount and host name of its own, with a real sshd, on one bridge.

The machine that collects is such a namespace, too: no packet leaves it, and no address of this machine is used.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

import live
import spaces

SSHD = "/usr/sbin/sshd"
_INSIDE = """
set -e
hostname "$1"
mount -t tmpfs none /run
mkdir /run/sshd
mount -t tmpfs -o mode=1777 none /var/tmp
mkdir /run/changed /run/work
mount -t overlay -o "lowerdir=$2,upperdir=/run/changed,workdir=/run/work" none "$2"
exec {sshd} -D -e -f "$3"
"""


class Network:
    """The bridge, and the namespace of whoever collects."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hosts: dict[str, Host] = {}
        self.collector = spaces.Namespace()
        for line in ("link set lo up", "link add br0 type bridge", "link set br0 up", "addr add 192.0.2.1/24 dev br0"):
            self.collector.ip(line)
        self.key = folder / "key"
        _keygen(self.key)
        self.known = folder / "known_hosts"

    def add(self, name: str) -> Host:
        self.hosts[name] = Host(self, name, len(self.hosts) + 11)
        return self.hosts[name]

    def inventory(self, everywhere: dict[str, object], variables: dict[str, dict[str, object]]) -> Path:
        """Write the list of hosts as a provider has it: variables of all, and of each."""
        options = f"-o UserKnownHostsFile={self.known} -o StrictHostKeyChecking=yes -o ConnectTimeout=5"
        shared = {
            **everywhere,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": options,
        }
        hosts = {host.name: {"ansible_host": host.address, **variables[host.name]} for host in self.hosts.values()}
        path = self.folder / "hosts.json"
        path.write_text(json.dumps({"all": {"hosts": hosts, "vars": shared}}))
        self.known.write_text("".join(host.known for host in self.hosts.values()))
        return path

    def close(self) -> None:
        for host in self.hosts.values():
            host.close()
        self.collector.close()


class Host:
    """One host; `/var/tmp` is its own, and so is whatever is written into root's home: `/run/changed`."""

    def __init__(self, network: Network, name: str, number: int) -> None:
        self.name = name
        self.address = f"192.0.2.{number}"
        self.folder = network.folder / name
        self.folder.mkdir()
        self.process: subprocess.Popen[bytes] | None = None
        self.space = spaces.Namespace()
        for command in ("link set lo up", f"link add up{number} type veth peer name eth0 netns {self.space.name}"):
            (self.space if "lo" in command else network.collector).ip(command)
        network.collector.ip(f"link set up{number} master br0 up")
        self.space.ip(f"addr add {self.address}/24 dev eth0")
        self.space.ip("link set eth0 up")
        _keygen(self.folder / "host_key")
        self.known = f"{self.address} {(self.folder / 'host_key.pub').read_text()}"
        self.config = self.folder / "sshd_config"
        self.config.write_text(f"""
ListenAddress {self.address}
HostKey {self.folder}/host_key
AuthorizedKeysFile {network.key}.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PidFile none
""")

    def configure(self, line: str) -> None:
        """Add a line to what its sshd is told."""
        with self.config.open("a") as file:
            file.write(line + "\n")

    def start(self) -> None:
        """Switch it on; returns when its sshd listens."""
        self.space.ip("link set eth0 up")
        script = _INSIDE.format(sshd=SSHD)
        home = os.path.expanduser("~root")  # noqa: PTH111 - of root, whatever HOME says
        log = self.folder / "sshd.log"
        log.touch()
        times = log.read_text().count("Server listening") + 1
        with log.open("ab") as said:
            self.process = subprocess.Popen(
                [*self.space.enter, "unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child",
                 "sh", "-c", script, "sh", self.name, home, str(self.config)],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip
        live.wait_for(lambda: log.read_text().count("Server listening") == times)

    @property
    def root(self) -> Path:
        """Return its root folder as it sees it, for whoever looks from outside."""
        (inside,) = _children(self.process.pid)
        return Path(f"/proc/{inside}/root")

    def cut_power(self) -> None:
        """End everything in it at once, and its network."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        self.process = None
        self.space.ip("link set eth0 down")

    def close(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)
        self.space.close()


def _children(pid: int) -> list[int]:
    """Return the processes that a process started: of `unshare --fork`, the first of its namespace."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _keygen(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True)
