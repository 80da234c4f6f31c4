"""Network namespaces of a test's own, with real interfaces made by `ip`; they end with the test."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys

import pytest

ROOT = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make network namespaces"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="needs iproute2 to make interfaces"),
]
COUNT = itertools.count()

# A program that holds a tun or tap: name, mode and, where asked for, a false hardware type (TUNSETLINK).
HOLDER = """
import fcntl, os, struct, sys
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", sys.argv[1].encode(), {"tun": 1, "tap": 2}[sys.argv[2]] | 0x1000))
if len(sys.argv) > 3:
    fcntl.ioctl(fd, 0x400454CD, int(sys.argv[3]))
print("held", flush=True)
sys.stdin.read()
"""


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, timeout=60, **more).stdout


class Namespace:
    """A network namespace of the test, with its loopback down; ends with what was started in it."""

    def __init__(self):
        self.name = f"eclinks{os.getpid()}-{next(COUNT)}"
        self.holders = []
        self.enter = ["ip", "netns", "exec", self.name]
        made = subprocess.run(["ip", "netns", "add", self.name], check=False, capture_output=True, timeout=60)
        if made.returncode:
            pytest.skip(f"no network namespace can be made here: {made.stderr.decode(errors='replace').strip()}")

    def ip(self, command):
        """Run `ip` with a line of words, or with a list of raw arguments."""
        words = command.split() if isinstance(command, str) else command
        if words[0] == "hold":
            self.hold(*words[1:])
        else:
            run("ip", "-n", self.name, *words)

    def hold(self, *arguments):
        command = ["ip", "netns", "exec", self.name, sys.executable, "-c", HOLDER, *arguments]
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holders.append(holder)
        assert holder.stdout.readline() == b"held\n"

    def run(self, code, *arguments, **more):
        """Run Python code inside and return its standard output."""
        return run(*self.enter, sys.executable, "-c", code, *arguments, **more)

    def close(self):
        for holder in self.holders:
            holder.communicate(timeout=60)
        subprocess.run(["ip", "netns", "delete", self.name], check=False, timeout=60)
