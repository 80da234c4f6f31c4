"""The memory of the whole machine, where the expert gave a program that takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class MemorySource:
    """The memory of the whole machine, in files: with `--memory-program` only, and so outside `SOURCES`."""

    name = "memory"
    kind = "memory"
    columns: ClassVar[Mapping[str, str]] = {}
    seconds = 3600
    core = False
    phase = "executables"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:
        """Yield the parts of the image, in their order."""
        yield from host.whole_memory(request)
