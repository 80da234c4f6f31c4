"""A file system that answers until a program runs from it and then never again: hanging_fuse.py PLACE stay|detach.

Runs in mounts of its own (`unshare -m`), so that nobody else sees it. Prints the number of the process that runs from
it, then a line for each request that comes while nothing is answered. Ends with its standard input.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

IMAGE = Path("/bin/sleep").read_bytes() + bytes(8 << 20)
ROOT, PROGRAM = 1, 2
LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE = 1, 2, 3, 14, 15, 18
INIT, OPENDIR, INTERRUPT, MORE_FORGET = 26, 27, 36, 42
UNANSWERED = (FORGET, INTERRUPT, MORE_FORGET)
ENOENT, ENOSYS = 2, 38


def attributes(node: int) -> bytes:
    """Return struct fuse_attr (include/uapi/linux/fuse.h)."""
    mode, size = (0o040755, 4096) if node == ROOT else (0o100755, len(IMAGE))
    return struct.pack("<QQQQQQIIIIIIIIII", node, size, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(operation: int, node: int, body: bytes) -> bytes | int:
    """Return what stands in the answer to one request, or its error."""
    if operation == INIT:
        return struct.pack("<IIIIHHI", 7, 31, 0, 0, 0, 0, 4096) + bytes(40)
    if operation == LOOKUP:
        entry = struct.pack("<QQQQII", PROGRAM, 0, 0, 0, 0, 0) + attributes(PROGRAM)
        return entry if body.split(b"\0")[0] == b"program" else ENOENT
    if operation == GETATTR:
        return struct.pack("<QII", 0, 0, 0) + attributes(node)
    if operation in (OPEN, OPENDIR):
        return struct.pack("<QII", 1, 0, 0)
    if operation == READ:
        _, offset, size = struct.unpack_from("<QQI", body)
        return IMAGE[offset : offset + size]
    return ENOSYS


def serve(fuse: int, hanging: threading.Event) -> None:
    """Answer requests until nothing is to be answered any more, and tell those that come then."""
    while True:
        try:
            request = os.read(fuse, 1 << 20)
        except OSError:
            return
        _, operation, unique, node = struct.unpack_from("<IIQQ", request)
        if operation in UNANSWERED:
            continue
        if hanging.is_set() and operation != RELEASE:  # that comes as the program ends
            print(f"request {operation}", flush=True)
            continue
        said = answer(operation, node, request[40:])
        data, error = (b"", -said) if isinstance(said, int) else (said, 0)
        os.write(fuse, struct.pack("<IiQ", 16 + len(data), error, unique) + data)


def main(place: str, how: str) -> None:
    """Mount, run a program from there, answer no more."""
    fuse = os.open("/dev/fuse", os.O_RDWR)
    hanging = threading.Event()
    options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0,allow_other"
    subprocess.run(["mount", "-i", "-t", "fuse", "-o", options, "none", place], pass_fds=[fuse], check=True, timeout=30)
    threading.Thread(target=serve, args=(fuse, hanging), daemon=True).start()
    child = subprocess.Popen([f"{place}/program", "600"])
    while Path(f"/proc/{child.pid}/comm").read_text() != "program\n":
        time.sleep(0.01)
    time.sleep(0.5)  # its first pages are there
    hanging.set()
    if how == "detach":
        subprocess.run(["umount", "-l", place], check=True)
    print(child.pid, flush=True)
    sys.stdin.read()
    child.kill()
    subprocess.run(["umount", "-l", place], check=False, stderr=subprocess.DEVNULL)
    os._exit(0)  # its own descriptor ends what hangs


if __name__ == "__main__":
    main(*sys.argv[1:])
