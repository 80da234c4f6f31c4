"""What artifact definitions name: files copied as they are, output of programs, and a row for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from collector import levels
from collector.library import Library
from collector.model import Gap, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.definitions import Definition
    from collector.host import Host
    from collector.model import Item, Request


class ArtifactSource:
    """What artifact definitions name: files copied as they are, output of programs, and a row for each."""

    name = "artifacts"
    kind = "artifacts"
    columns: ClassVar[Mapping[str, str]] = {
        "definition": "Name of the definition; a file that several name has a row for each, with the same device and inode.",
        "path": "Path of the file, without links, or of the program; null where the definition found nothing.",
        "type": "file, folder, symlink, fifo, socket, block, char or command; on Windows also junction and reparse.",
        "outcome": "collected, empty, listed (not copied: a folder, link or path only), again (copied before), absent, or as in a gap.",
        "artifact": "Path in the bundle of the copy or output.",
        "size": "Size in bytes: of the copy or output, or of what was not copied.",
        "sha256": "SHA-256 of the content that was copied.",
        "mtime_ns": "Last change of content, nanoseconds since 1970 UTC.",
        "ctime_ns": "Last change of the entry, where the file system keeps it.",
        "btime_ns": "Birth, where the file system keeps it.",
        "atime_ns": "Last access, before we read it.",
        "mode": "Permissions, octal; none on Windows.",
        "owner": "User number of the owner; on Windows its identifier, S-1-….",
        "group": "Group number; none on Windows.",
        "inode": "Number of the file on its device.",
        "device": "Device of the file, major:minor; on Windows the serial number of the volume, XXXX-XXXX.",
        "target": "Where a link leads.",
        "arguments": "Arguments of a program.",
        "program_sha256": "SHA-256 of a program that was run.",
        "exit_code": "How a program ended: its code, or minus the number of the signal.",
        "flags": "Of cut, cut-late, cut-size, changed-while-reading, unreadable, shadow-copy (locked: an older state of the file was copied).",
    }
    seconds = 300
    core = False
    phase = "traces"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:
        """Yield a row for each thing that the definitions of the profile name, and copies."""
        if request.profile.definitions or request.profile.everything or request.rules:
            yield from host.artifacts(request, chosen(request, host.system_word()))
        else:
            yield Gap(Outcome.UNSUPPORTED, "no definition was asked for")


def chosen(request: Request, system: str) -> Iterator[Definition]:
    """Yield the definitions of a request, each when its turn comes: an expert's, the profile's, and all others.

    What the profile never takes is taken where an expert's own definition names it, and so is what the level leaves
    out: an expert's own are for level C (`session`).
    """
    library = Library.packaged()
    own = [definition.name for path in request.rules for definition in library.add(path)]
    rest = library.order if request.profile.everything else ()
    taken = set(request.profile.without)
    for definition in library.members(own, system):
        taken.add(definition.name)
        yield definition
    for definition in library.members([*request.profile.definitions, *rest], system):
        found = None if definition.name in taken else levels.chosen(request.level, definition)
        if found is not None:
            yield found
