"""A Linux host, asked through its `sh`: no Python there, no module of Ansible's, no file but in our own folder."""

from __future__ import annotations

import hashlib
import io
import re
import secrets
import shlex
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from fleet import answers
from fleet.answers import AnswerError
from fleet.target import PART, LostError, RefusedError, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_HERE = Path(__file__).parent
_REFUSED = 97
_MIB = 1 << 20
_MOST_WORDS = 60_000
"""Letters of the names that are asked for at once: far below what a command line may hold."""


def _without_comments(name: str) -> str:
    lines = (_HERE / name).read_text(encoding="ascii").splitlines()
    return "\n".join(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))


class PosixTarget:
    """See `Target`."""

    SYSTEM, STARTER = "linux", "collect"

    def __init__(self, execute: Callable[[str, bytes, float], Said], place: str, silence: float) -> None:
        self._execute = execute
        self._place = place
        self._silence = silence
        self._script = _without_comments("target.sh")

    def look(self) -> answers.Look:
        """See `Target`."""
        return answers.look(self._ask("look"))

    def make(self) -> None:
        """See `Target`."""
        self._ask("make")

    def copy(self, files: Sequence[tuple[str, Callable[[], bytes]]]) -> None:
        """See `Target`; every file is executable: a stick's file system may not say which are."""
        self.make()
        sums, given = [], any(name == "SHA256SUMS" for name, _ in files)
        batch, size = io.BytesIO(), 0
        archive = tarfile.open(fileobj=batch, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - closed as it is sent
        for name, read in files:
            data = read()
            sums.append(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
            _add(archive, name, data)
            size += len(data)
            if size >= PART:
                self._send(archive, batch)
                batch, size = io.BytesIO(), 0
                archive = tarfile.open(fileobj=batch, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - the same
        if not given:
            _add(archive, "SHA256SUMS", "".join(sums).encode())
        self._send(archive, batch)
        self._ask("check", str(len(files) + (not given)), slow=True)

    def _send(self, archive: tarfile.TarFile, batch: io.BytesIO) -> None:
        archive.close()
        self._ask("take", data=batch.getvalue(), slow=True)

    def program(self, *below: str) -> str:
        """See `Target`."""
        return "/".join((self._place, "program", *below))

    def bundle(self, name: str = "") -> str:
        """See `Target`."""
        return f"{self._place}/out/{name}" if name else f"{self._place}/out"

    def start(self, token: str, words: Sequence[str]) -> None:
        """See `Target`."""
        state, _ = answers.polled(self._ask("start", token, _without_comments("job.sh"), *words))
        if state == "lost":
            raise RefusedError("the run did not start")

    def poll(self) -> tuple[str, int | None]:
        """See `Target`."""
        return answers.polled(self._ask("poll"))

    def answer(self) -> bytes:
        """See `Target`."""
        return self._ask("answer", str(answers.MOST_ANSWER + 1))

    def heard(self) -> None:
        """See `Target`."""
        self._ask("heard")

    def files(self, bundle: str) -> dict[str, int]:
        """See `Target`."""
        return answers.files(self._ask("list", bundle, slow=True))

    def read(self, bundle: str, names: Sequence[str], size: int) -> bytes:
        """See `Target`."""
        return self._exactly(size, "files", bundle, *(f"./{name}" for name in names))

    def part(self, bundle: str, name: str, start: int, size: int) -> bytes:
        """See `Target`."""
        return self._exactly(size, "part", bundle, f"./{name}", str(start // _MIB), str(-(-size // _MIB)))

    def clean(self, *what: str) -> int:
        """See `Target`."""
        said = self._ask("clean", *what, slow=True).strip()
        if not re.fullmatch(rb"[0-9]{0,5}", said):
            raise AnswerError("the host does not say what is left")
        return int(said or b"0")

    def _exactly(self, size: int, *words: str) -> bytes:
        data = self._ask(*words, slow=True)
        if len(data) != size:
            raise AnswerError("a file of the bundle is not as long as the host said")
        return data

    def _ask(self, verb: str, *words: str, data: bytes = b"", slow: bool = False) -> bytes:
        """Run one verb of `target.sh` and return what it printed; `slow` for what reads or writes much."""
        mark = secrets.token_hex(8)
        line = shlex.join(["sh", "-c", self._script, "collect", mark, verb, self._place, *words])
        # Never an empty input: Ansible would ask for a terminal, which changes bytes.
        said = self._execute(line, data or b"\n", max(self._silence, 300) if slow else self._silence)
        _, begun, out = said.out.partition(f"\n={mark}=\n".encode())
        if said.code == 0 and begun:
            return out
        told = answers.printable(said.err.strip().splitlines()[-1] if said.err.strip() else b"it does not say why")
        if not begun:
            raise LostError(f"the host did not run what it was asked: {told}")
        raise RefusedError(f"{verb}: {told}" if said.code != _REFUSED else told)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o700
    archive.addfile(member, io.BytesIO(data))
