"""Bundles that dossiers are made from: the attack, the machine and a picture of its screen as a run leaves them."""

from __future__ import annotations

import json
import struct
import zlib
from datetime import datetime
from typing import TYPE_CHECKING

import made

from collector import answers, bundle, custody, layout, paris
from collector.model import Gap, Outcome
from collector.questions import GROUPS, LONGEST, QUESTIONS

if TYPE_CHECKING:
    from pathlib import Path

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
PATIENT = "DUPONT_Jean_IRM"
"""Stands in every path that a run would find: no paper may show it."""
ONION = "lockbitapt2d73krlbewgv27tquljgxr33xbwwsp6rkyieto7u4ncead.onion"
NOTE = f"ALL YOUR FILES HAVE BEEN ENCRYPTED\n\nPay 25 000 USD in Bitcoin.\nhttp://{ONION}\n"
SYSTEM = {
    "hostname": "ACCUEIL-2", "os": "Windows 10", "version": "22H2", "kernel": "19045", "maker": "Dell Inc.",
    "model": "OptiPlex 7010", "serial": "8XK2LQ3", "boot_time": "2026-11-18T07:00:00.000000Z",
    "disks": [{"model": "Samsung 870", "size": 500_107_862_016, "encryption": "bitlk"}],
}  # fmt: skip
FOOTPRINT = {
    "seconds": "41.200", "peak_memory": 90_000_000, "bytes_read": 7_000_000, "bytes_written": 3_000_000,
    "files_opened": 4159, "folders_opened": 3214, "atime_kept": True, "written_outside": [], "traces": [],
}  # fmt: skip


def moment(text: str) -> dict[str, str]:
    """Return a moment of Paris as an answer."""
    return answers.moment(paris.entered(datetime.fromisoformat(text)))


def png(width: int = 64, height: int = 36, *, colour: int = 2, pixel: bytes = b"\x96\x00\x00") -> bytes:
    """Return a picture of one colour, as our own pictures of screens are made."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))

    rows = zlib.compress(b"".join(b"\0" + pixel * width for _ in range(height)))
    head = struct.pack(">2I5B", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def ransom_rows(note: str) -> list[dict]:
    """Return what a search tells of an attack; `note` is where the copy of the note stands."""
    at = f"C:\\Patients\\{PATIENT}\\"
    contacts = [
        {"kind": "onion", "value": ONION, "checked": True},
        {"kind": "bitcoin", "value": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "checked": True},
    ]
    return [
        {"what": "note", "path": at + "RESTORE-MY-FILES.txt", "artifact": note, "sha256": "ab" * 32, "count": 1,
         "family": "LockBit", "confidence": "high", "contacts": contacts},
        {"what": "note", "path": f"C:\\Patients\\{PATIENT}2\\RESTORE-MY-FILES.txt", "count": 2, "confidence": "high"},
        {"what": "encrypted", "path": at + f"{PATIENT}.pdf.lockbit", "extension": ".lockbit", "count": 1234,
         "folders": 56, "types": {".pdf": 1000, ".docx": 234}, "confidence": "high",
         "mtime_ns": str(1_794_990_000 * 10**9)},
        {"what": "sample", "path": at + f"{PATIENT}.pdf.lockbit", "artifact": "artifacts/999999-x.bin"},
        {"what": "family", "family": "LockBit", "confidence": "high"},
        {"what": "extension", "extension": ".lockbit", "count": 1234, "reasons": []},
        {"what": "extension", "extension": ".docx", "count": 20, "reasons": ["ordinary"]},
        {"what": "extension", "extension": f".{PATIENT}", "count": 3, "reasons": []},
    ]  # fmt: skip


def table(kind: str, rows: list[dict]) -> bytes:
    """Return a table in the form of SPEC 6.1, as far as a reader of ours looks."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in ({"kind": kind, "columns": {}}, *rows))


def unsealed(folder: Path, *, readers: tuple[str, ...] = (), tables: dict[str, list[dict]] | None = None,
             picture: bytes | None = None, **opening: object) -> bundle.Bundle:  # fmt: skip
    """Return a bundle of an attacked machine, still open."""
    fields = {
        **made.opening("CABINET-7"), "operator": "Sophie Bernard", "witness": "Éloïse Œuvrard",
        "arguments": ["--case", "CABINET-7"], "host": {"hostname": "ACCUEIL-2"},
        "clock": {"ntp": "unsynchronized", "timezone": "Europe/Paris", "watch_offset": 95},
        "recipients": [*readers],
    }  # fmt: skip
    fields |= opening
    one = bundle.create(folder, "CABINET-7_x", fields, made.README, made.key(), made.MadeClock(), made.SID)
    one.observe("isolation", {"when": "open", "verdict": "CONNECTED", "reasons": []})
    copy = _stored(one, "file", "ransom", ".bin", NOTE.encode())
    usual = {
        "system": [SYSTEM], "footprint": [FOOTPRINT], "ransom": ransom_rows(copy),
        "recent-files": [{"path": f"C:\\P\\{PATIENT}\\{at}.lockbit", "judged": ["encrypted"]} for at in range(5)],
        "services": [{"name": "VeeamBackup", "state": "stopped", "state_expected": "running"}],
    }  # fmt: skip
    for kind, rows in (usual if tables is None else tables).items():
        _stored(one, kind, kind, ".jsonl", table(kind, rows))
    _stored(one, "screen", "screen", ".png", png() if picture is None else picture, subject=":0.0 64x36+0+0")
    one.observe("encryption-start", {"estimate_utc": "2026-11-18T10:00:00.000000Z", "basis": "judged"})
    one.observe("uptime", {"verdict": "yes"})
    one.gap("connections", Gap(Outcome.DENIED, f"/home/{PATIENT}", None))
    one.gap("recent-files", Gap(Outcome.OVER_LIMIT, "too many", f"/srv/{PATIENT}"))
    return one


def _stored(one: bundle.Bundle, kind: str, source: str, suffix: str, data: bytes, **more: object) -> str:
    file = one.artifact(kind, source, suffix, "test")
    file.write(data)
    one.finish(file, **more)
    return file.path


def sealed(folder: Path, **how: object) -> Path:
    """Return the folder of such a bundle, closed."""
    one = unsealed(folder, **how)
    one.close(outcome="complete", reason=None, isolation={**made.ISOLATION, "run": "CONNECTED"}, same_boot=True)
    return one.path


def say(path: Path, given: dict[str, object]) -> None:
    """Add answers to a sealed bundle, group by group."""
    for group, names in GROUPS.items():
        ours = {name: given[name] for name in names if name in given}
        if ours:
            custody.observe(path, answers.WHAT, answers.as_data(group, ours), made.MadeClock(), TOOL)


def every(text: str = "réponse {name}") -> dict[str, object]:
    """Return an answer to every question; texts name their question."""
    ticks = {
        "ticks": lambda question: [name for name, _ in question.options],
        "number": lambda _question: 4321,
        "one": lambda question: question.options[0][0],
        "moment": lambda _question: moment("2026-11-26T08:30"),
    }
    return {
        name: text.format(name=name)[:LONGEST] if question.form == "text" else ticks[question.form](question)
        for name, question in QUESTIONS.items()
    }


def attached(path: Path, folder: Path, data: bytes, name: str = f"{PATIENT}.jpg", text: str | None = None) -> None:
    """Attach a file of this name."""
    (folder / name).write_bytes(data)
    custody.attach(path, folder / name, text, made.MadeClock(), TOOL)


def stored_names(path: Path) -> list[str]:
    """Return the names of the files of a bundle."""
    return sorted(one.name for one in (path / layout.ARTIFACTS).iterdir())
