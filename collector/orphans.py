"""What is done with files that were announced and never recorded: nothing written is lost (SPEC 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import disk, layout
from collector.model import Gap, Outcome
from collector.text import from_native
from collector.times import utc_text

if TYPE_CHECKING:
    from pathlib import Path

    from collector.ledger import Ledger
    from collector.manifest import Record


def answer_orphans(ledger: Ledger) -> None:
    """Record what was written of each file that was announced and never recorded: partial, or a gap.

    Of a manifest, temporary files that nothing announces go too: their intents were grouped and lost with the power.
    Custody syncs each intent before its file is made; what stands there unannounced is somebody else's.
    """
    folder = ledger.path / ledger.inventory.folder
    for path, intent in list(ledger.inventory.pending.items()):
        _answer(ledger, path, intent)
    if ledger.inventory.folder == layout.ARTIFACTS and folder.is_dir():
        _remove_unannounced(ledger, folder)
    for changed in (folder, ledger.path):
        if changed.is_dir():
            disk.sync_folder(changed)


def remove_torn(ledger: Ledger) -> None:
    """Remove what lost power left in the bundle's own folder of names that were being made; each is told first."""
    texts = (layout.README, layout.MANIFEST)
    for entry in sorted(ledger.path.iterdir()):
        if layout.is_torn_name(entry.name):
            wholes = [name for name in texts if layout.start_of(name) == layout.start_of(entry.name)]
        elif entry.name == layout.README + layout.PART:
            wholes = [layout.README]
        else:
            continue
        _remove(ledger, entry, wholes)


def _remove_unannounced(ledger: Ledger, folder: Path) -> None:
    starts = layout.by_start(ledger.inventory.stored)
    for entry in sorted(folder.iterdir()):
        name = f"{ledger.inventory.folder}/{entry.name}"
        if layout.is_torn_name(name):
            _remove(ledger, entry, starts.get(layout.start_of(name), []))
        elif layout.is_part_name(name):
            _remove(ledger, entry, [name.removesuffix(layout.PART)])


def _remove(ledger: Ledger, entry: Path, wholes: list[str]) -> None:
    """Record a temporary file that nothing announces, and remove it; unless its clusters are those of another file."""
    if any(disk.stands(whole) and disk.begins(entry, whole) for whole in map(ledger.path.joinpath, wholes)):
        return
    lost = "a temporary file whose announcement was lost with the power is removed"
    size, sha256 = disk.digest(entry)
    ledger.gap("resume", Gap(Outcome.FAILED, f"{lost}: {size} bytes, sha256 {sha256}", from_native(entry.name)))
    disk.remove(entry)


def _answer(ledger: Ledger, path: str, intent: Record) -> None:
    final = ledger.path / path
    part = ledger.path / (path + layout.PART)
    source = str(intent["source"])
    for written in (final, *sorted((part, *_torn(final, path)), key=_size, reverse=True)):
        if not disk.stands(written):
            continue
        size, sha256 = disk.digest(written)
        if size == 0:
            disk.remove(written)
            disk.sync_folder(written.parent)  # before its gap is: else power could bring back what no record names
            continue
        disk.sync_name(written)
        if written != final:
            disk.rename((written, final))
            disk.sync_folder(final.parent)
        now = utc_text(ledger.clock.now().utc_ns)
        ledger.append(
            "artifact",
            {
                "path": path,
                "kind": intent["kind"],
                "source": source,
                "subject": None,
                "method": "taken over from a run that was cut short",
                "outcome": Outcome.COLLECTED.value,
                "started": str(intent["utc"]),
                "ended": now,
                "size": size,
                "sha256": sha256,
                "rows": None,
                "source_times": None,
                "flags": ["partial"],
            },
        )
        return
    ledger.gap(source, Gap(Outcome.FAILED, "cut short before anything of it was written"), path)


def _torn(final: Path, path: str) -> list[Path]:
    """Return where an entry stands of which lost power let only a part be written; an empty one goes."""
    found = []
    for entry in sorted(final.parent.iterdir()) if final.parent.is_dir() else ():
        name = f"{path.rpartition('/')[0]}/{entry.name}"
        if not layout.is_torn_name(name) or layout.start_of(name) != layout.start_of(path):
            continue
        if entry.lstat().st_size == 0:  # a new name gets its length, and its clusters, last
            disk.remove(entry)
        else:
            found.append(entry)
    return found


def _size(path: Path) -> int:
    return path.lstat().st_size if disk.stands(path) else -1
