"""What definitions name in the registry of Windows: a row for each value, and for each key that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from collector.model import Gap, Outcome
from collector.sources.artifacts import chosen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from collector.host import Host
    from collector.model import Item, Request


class RegistrySource:
    """What definitions name in the registry, value by value: on Windows only, and so outside `SOURCES`."""

    name = "registry"
    kind = "registry"
    columns: ClassVar[Mapping[str, str]] = {
        "definition": "Name of the definition that named it first.",
        "key": "Path of the key from its root, 64-bit view; where nothing was found, as the definition has it.",
        "value": "Name of the value; empty: the key's unnamed one; null: the row is about the key itself.",
        "type": "Type of the value: REG_SZ, REG_DWORD, …, a number that Windows gives no name to, or key.",
        "data": "Text, list of texts or number, by the type; hexadecimal digits for any other; null where it can't be had.",
        "size": "Bytes of the data; of a key: how many values it has.",
        "subkeys": "Of a key: how many keys lie below it.",
        "written_ns": "When the key was last written, nanoseconds since 1970 UTC; a value has no time of its own.",
        "outcome": "collected, empty (a key without values), again (told before, for another definition), absent, or as in a gap.",
        "flags": "Of cut (only the first 512 KiB of the data), not-of-its-type (told in hexadecimal), hidden-name (holds a NUL: programs of Windows can't see it).",
    }
    seconds = 120
    core = False
    phase = "traces"
    system = "Windows"
    """The only system that has one."""

    def collect(self, host: Host, request: Request) -> Iterator[Item]:
        """Yield a row for each value that the definitions of the profile name."""
        if request.profile.definitions or request.profile.everything or request.rules:
            yield from host.registry(request, chosen(request, host.system_word()))
        else:
            yield Gap(Outcome.UNSUPPORTED, "no definition was asked for")
