"""Running programs that deserve a closer look, with the reasons; their files and their memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class SuspectSource:
    """Running programs that deserve a closer look, with the reasons; their files and their memory follow as artifacts."""

    name = "suspects"
    kind = "suspects"
    columns: ClassVar[Mapping[str, str]] = {
        "pid": "Process id.",
        "ppid": "Process id of the parent.",
        "name": "Name that the system shows.",
        "exe": "Path of the executable.",
        "exe_deleted": "Whether the executable's file has been deleted since.",
        "cmdline": "Arguments, as a list, the first 16 KiB.",
        "script": "The script that it runs, where it is an interpreter.",
        "uid": "Number of the user it runs as.",
        "create_time": "When it started, UTC.",
        "cwd": "Working folder.",
        "score": "Sum of the weights of the reasons, 100 at most.",
        "confidence": "What the score means: low, medium or high. It is no proof.",
        "reasons": "Why: code, weight and detail each, as in rules/ransom/suspicion.yaml, on Windows suspicion-windows.yaml.",
        "ours": "tool: this process is the tool itself; started_tool: one that started it.",
        "parents": "Those that started it, the nearest first: pid, name and exe each.",
        "environment": "Its environment, the first 64 KiB.",
        "writing": "Files that it holds open for writing, or held while it was looked at.",
        "write_rate": "Bytes per second that it sent to disks while it was looked at.",
        "program": "What became of its executable: follows (an artifact file), interpreter, ours, not_asked, or an outcome.",
        "memory": "What became of its memory: follows (an artifact process-memory), ours, not_asked, or an outcome.",
        "unread": "The columns of this row that could not be read, each with its outcome.",
    }
    seconds = 180
    core = False
    phase = "executables"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:
        """Yield one row for each, then files and memory."""
        yield from host.suspects(request)
