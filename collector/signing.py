"""Signs with a stock SSH key through stock `ssh-keygen`, FIDO keys and agents too.

Runs on the machine of whoever gets the bundle, never during a run: that is why a program may be run
here. It is started by absolute path with an argument list; passphrase and touch are between the
person and `ssh-keygen`.
"""

from __future__ import annotations

import base64
import binascii
import os
import subprocess
from pathlib import Path

from collector import countersign
from collector.errors import RefusedError, UsageError

PROGRAMS = (
    "/usr/bin/ssh-keygen",
    "/usr/local/bin/ssh-keygen",
    "/opt/homebrew/bin/ssh-keygen",
    r"C:\Windows\System32\OpenSSH\ssh-keygen.exe",
)
"""Where systems keep it: Linux, BSD, macOS, Windows."""
PATIENCE = 300
"""Seconds to type a passphrase and touch a key."""
_KEPT = ("SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_SK_PROVIDER", "DISPLAY", "WAYLAND_DISPLAY", "HOME", "SYSTEMROOT")
"""What it needs of the environment: agent, the window for a passphrase, the library for a FIDO key."""


def signed(message: bytes, key: Path) -> bytes:
    """Return the SSHSIG blob of a message; `key` is a private key file, or a `.pub` whose secret an agent holds.

    Raises `UsageError` where there is no such file, `RefusedError` where no signature was made.
    """
    if not os.path.isfile(key):  # noqa: PTH113 - Path.is_file raises where a folder may not be entered
        raise UsageError("there is no such key", hint="give your private SSH key file, or its .pub with an agent")
    program = next((path for path in PROGRAMS if Path(path).is_absolute() and Path(path).is_file()), None)
    if program is None:
        raise RefusedError("ssh-keygen is not here", hint="install OpenSSH, or receive the bundle on another machine")
    arguments = [program, "-Y", "sign", "-f", str(key.absolute()), "-n", countersign.NAMESPACE]
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    hint = "check the passphrase; touch the key when it blinks"
    try:
        done = subprocess.run(
            arguments, input=message, stdout=subprocess.PIPE, env=environment, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RefusedError("ssh-keygen made no signature", hint=hint) from error
    lines = done.stdout.split(b"\n")
    try:
        blob = base64.b64decode(b"".join(lines[1:-2]), validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    if done.returncode != 0 or not blob:
        raise RefusedError("ssh-keygen made no signature", hint=hint)
    return blob
