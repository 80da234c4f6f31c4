"""What lies in the clipboard, as text: only where it was asked for, and only into an encrypted bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class ClipboardSource:
    """Text in the clipboard, which may be a password: with `--clipboard` only, encrypted, and so outside `SOURCES`."""

    name = "clipboard"
    kind = "clipboard"
    columns: ClassVar[Mapping[str, str]] = {
        "text": "Text that lies there; null where there is none.",
        "size": "Bytes of it, as the system holds it.",
        "formats": "Names or numbers of all forms in which something lies there.",
        "pid": "Process that put it there, where its window still is.",
        "changes": "How often the clipboard changed since the session began.",
        "flags": "Of cut (only the first MiB of the text).",
    }
    seconds = 10
    core = False
    phase = "screen"

    def collect(self, host: Host, request: Request) -> Iterator[Item]:  # noqa: ARG002 - the same for every source
        """Yield one row."""
        yield from host.clipboard()
