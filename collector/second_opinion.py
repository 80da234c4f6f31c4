"""Stock `openssl`, asked about a timestamp that our own library can't read.

It runs on the verifier's machine only, never while evidence is collected: a fixed program, a list of arguments, an
empty environment, a time limit, and files in a private folder that is nobody's evidence.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from collector.errors import TimestampError

PROGRAMS = ("/opt/homebrew/bin/openssl", "/usr/local/opt/openssl@3/bin/openssl", "/usr/bin/openssl")
"""Where systems keep OpenSSL. Before macOS's own, a LibreSSL without `-attime`, the two places of Homebrew."""
FOLDERS = ("/tmp", "/var/tmp")  # noqa: S108 - a private folder is made inside; the default may be the current folder
SECONDS = 20
"""Longest that the program may take: it needs a few milliseconds."""
_OK = b"Verification: OK"


def on_timestamp(reply: bytes, data: bytes, roots: bytes, at: int) -> None:
    """Let `openssl ts -verify` judge a TimeStampResp over `data` at a moment (seconds since 1970).

    `roots` is PEM. Raises `TimestampError` unless the program is there and says that all of it holds.
    """
    program = next((path for path in PROGRAMS if Path(path).is_absolute() and os.access(path, os.X_OK)), None)
    if program is None:
        raise TimestampError(
            "this timestamp can't be read here, and the program openssl, which may be able to, is not installed",
            hint="check it on a Linux computer with openssl; what openssl needs is in docs/SPEC.md, section 10.3",
        )
    try:
        said = _run(program, reply, data, roots, at)
    except (OSError, subprocess.SubprocessError) as error:
        raise TimestampError(
            "the program openssl could not be asked about this timestamp", hint="try again, or on another computer"
        ) from error
    if said.returncode != 0 or _OK not in said.stdout.splitlines():
        raise TimestampError(
            "the program openssl, asked because this timestamp can't be read here, does not accept it",
            hint="give the root certificate of the authority that made it with --tsa-root",
        )


def _run(program: str, reply: bytes, data: bytes, roots: bytes, at: int) -> subprocess.CompletedProcess[bytes]:
    parent = next((folder for folder in FOLDERS if Path(folder).is_dir()), None)
    if parent is None:
        raise FileNotFoundError("no folder for temporary files")
    with tempfile.TemporaryDirectory(prefix="timestamp-", dir=parent) as folder:  # made with mode 0700
        for name, content in {"reply": reply, "data": data, "roots": roots, "config": b""}.items():
            Path(folder, name).write_bytes(content)
        command = [program, "ts", "-verify", "-config", "config", "-attime", str(at)]
        return subprocess.run(  # noqa: S603 - a fixed program and arguments of ours
            [*command, "-in", "reply", "-data", "data", "-CAfile", "roots"],
            cwd=folder, env={}, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False,
        )  # fmt: skip
