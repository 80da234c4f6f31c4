"""Stands in for avml, which this machine can't have: takes a path and no link, and writes LiME in order, no seeking.

Its ranges hold made bytes. What it does beside that is said in its last line, which a test rewrites.
"""

import os
import struct
import subprocess
import sys
import time


def lime(start, data):
    """Return a range as LiME has it: magic, version, first and last address, eight bytes of nothing, the bytes."""
    return struct.pack("<IIQQ8x", 0x4C694D45, 1, start, start + len(data) - 1) + data


def main(mode):
    if mode == "nothing":
        return
    fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    if mode == "launches" and os.fork():
        os._exit(0)
    if mode == "launches":
        os.setsid()
        time.sleep(0.5)
    if mode == "begins again":  # as avml does, where a source of memory fails in the middle
        os.write(fd, b"half of the first source")
        os.close(fd)
        fd = os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
    if mode == "silent":
        time.sleep(600)
    if mode == "fails":
        print("locked down /proc/kcore", file=sys.stderr)
        sys.exit(1)
    if mode == "hangs":
        subprocess.Popen(["/bin/sleep", "987"], start_new_session=True)
        os.write(fd, b"before it hangs")
        time.sleep(600)
    with os.fdopen(fd, "wb") as out:
        for number in range(5):
            out.write(lime(number << 24, bytes([number]) * (1 << 20)))
        while mode == "endless":
            out.write(bytes(1 << 20))


if __name__ == "__main__":
    main("plain")
