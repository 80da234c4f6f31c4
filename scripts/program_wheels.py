"""The libraries of a program: the wheels that a lock names for a system, in a folder, with the hash of each.

No lock names a registry: pip asks what it is set up to ask, and takes nothing whose hash is not in the lock.
"""

from __future__ import annotations

import json
import shutil
import subprocess  # noqa: TID251 - runs pip
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.markers import Marker, default_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SOURCE_ONLY = "artifacts"
"""Published as a source archive alone (docs/adr/0002): it is built here, and holds no code that is taken."""
REPORT = "made-of.json"
"""The file in a folder of libraries that says what each was made of; it is written last."""
TARGETS = {
    "linux": {},
    "windows": {
        "os_name": "nt",
        "platform_machine": "AMD64",
        "platform_system": "Windows",
        "sys_platform": "win32",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    },
}
"""What the markers of a lock are asked about a system, where it isn't the one that builds."""


def folder(place: Path, system: str, lock: Path) -> Path:
    """Return the folder that holds what a lock names for a system, made if need be."""
    wanted = list(entries(lock.read_text("ascii"), system))
    report = place / REPORT
    if report.is_file() and json.loads(report.read_text("utf-8"))["wanted"] == wanted:
        return place
    print(f"fetching the libraries of {lock.name} for {system}: once, over the network", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix=f"{place.name}-new-", dir=place.parent) as scratch:
        new = Path(scratch, "site")
        foreign = ["--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp"]
        named = [line for line in wanted if line.startswith(SOURCE_ONLY + "==")]
        made = list(installed(new, [line for line in wanted if line not in named], foreign * (system != "linux")))
        made += installed(new, named, [], source=True) if named else []
        (new / REPORT).write_text(json.dumps({"wanted": wanted, "made": made}, indent=1), "utf-8")
        shutil.rmtree(place, ignore_errors=True)
        new.rename(place)
    return place


def entries(lock: str, system: str) -> Iterator[str]:
    """Yield the requirements of a lock that a system needs, each with its hashes and without its marker."""
    asked = {key: str(value) for key, value in default_environment().items()} | TARGETS[system]
    for line in lock.replace("\\\n", " ").splitlines():
        if not line or line.startswith("#"):
            continue
        needed, *hashes = line.split(" --hash=")
        name, _, marker = needed.partition(";")
        if not marker or Marker(marker).evaluate(asked):
            yield " ".join([name.strip(), *(f"--hash={value.strip()}" for value in hashes)])


def installed(site: Path, wanted: Sequence[str], more: Sequence[str], *, source: bool = False) -> Iterator[Any]:
    """Install requirements into a folder and yield what each was made of: name, version, file and its hash."""
    with tempfile.TemporaryDirectory() as scratch:
        names, report = Path(scratch, "names.txt"), Path(scratch, "report.json")
        names.write_text("\n".join(wanted), "ascii")
        command = [sys.executable, "-I", "-m", "pip", "-q", "--disable-pip-version-check", "--no-input", "install"]
        command += ["--target", str(site), "--no-deps", "--require-hashes", "--no-compile", "--upgrade", *more]
        command += [] if source else ["--only-binary", ":all:"]
        command += ["--report", str(report), "-r", str(names)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"error: pip can't install what the lock names\n{done.stderr}")
        for entry in json.loads(report.read_text("utf-8"))["install"]:
            about, got = entry["metadata"], entry["download_info"]
            yield {
                "name": about["name"],
                "version": about["version"],
                "file": got["url"].rpartition("/")[2],
                "sha256": got["archive_info"]["hashes"]["sha256"],
            }
