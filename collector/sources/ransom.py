"""Traces of ransomware: each distinct note once with its places, groups of encrypted files, samples, originals."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from collector.searching import Search, limits_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class RansomSource:
    """Traces of ransomware: notes with their places, groups of encrypted files and samples of them, the family."""

    name = "ransom"
    kind = "ransom"
    columns: ClassVar[Mapping[str, str]] = {
        "what": "note, encrypted, sample, original, recovery, extension or family.",
        "path": "Path of the file; of a group, of one of its files.",
        "size": "Size in bytes.",
        "mtime_ns": "Last change of content, nanoseconds since 1970 UTC; of a group, of its first file.",
        "ctime_ns": "Last change of the entry; of a group, the last change of content of its last file.",
        "btime_ns": "Birth, where the file system keeps it.",
        "sha256": "SHA-256 of the content, where all of it was read: it names the `file` artifact too.",
        "copied": "whole or ends: what of the file is an artifact of its own, named by its subject.",
        "extension": "What was appended to the names, or the extension that is counted.",
        "count": "Files of the group, extension or family; places of the note so far.",
        "folders": "Folders that they lie in.",
        "types": "Extensions that files of the group had before, with their numbers.",
        "family": "Name of the family.",
        "confidence": "low, medium or high.",
        "score": "Points of the judgement.",
        "reasons": "Why, as codes (docs/RANSOM.md).",
        "contacts": "What the note names: kind, value, and whether a checksum holds.",
    }
    seconds = 360
    core = False
    phase = "traces"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:
        """Yield rows and files, the most telling first; raises `HostError` where nothing can be walked."""
        yield from Search(host.trees(request), request, limits_of(request)).items()
