"""Reads a tar that anybody may have made, strictly and in bounded memory (SPEC 13.2); writes nothing by itself.

Bytes are pushed in as they are decrypted. What comes out goes to a `Sink`: names that SPEC section 2 has, each once,
below one top folder, regular files and folders only. Whatever else an archive can say is refused, and so is whatever
two programs might read in two ways.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from collector.errors import RefusedError
from collector.handover import archive
from collector.handover.archive import BLOCK
from collector.text import from_bytes, printable

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PAX = 4096
"""Bytes of the PAX records before one member: ours take 20, those of GNU tar about 100."""
MAX_PADDING = 1 << 20
"""Bytes of zeros after an archive's end: tar fills its last record, of 10 KiB unless told otherwise."""
MAX_MEMBERS = 1_000_000
"""Members of one archive: a name takes about 100 bytes of memory."""

_ZEROS = bytes(BLOCK)
_OCTAL = re.compile(rb" *([0-7]+)[ \0]*")
_IGNORED: Final = ((100, 108), (108, 116), (116, 124), (136, 148), (329, 337), (337, 345))
"""Mode, uid, gid, mtime and device: not used, but in a form that every program reads."""
_NUMBER = re.compile(rb" *[0-7]*[ \0]*|[\x80\xff].*", re.DOTALL)
_PAX_LENGTH = re.compile(rb"([1-9][0-9]{0,3}) ")
_PAX_IGNORED: Final = {
    "mtime": re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?"),
    "atime": re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?"),
    "ctime": re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?"),
    "uid": re.compile(r"[0-9]{1,20}"),
    "gid": re.compile(r"[0-9]{1,20}"),
    "uname": re.compile(r"[^\0]{1,200}"),
    "gname": re.compile(r"[^\0]{1,200}"),
}
"""Records that change neither name, kind nor bytes; they are checked and not used."""
_PAX_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
REASONS: Final = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a FIFO",
    b"7": "a contiguous file",
    b"D": "a folder with a list of names",
    b"M": "the rest of a file from another volume",
    b"N": "a long name in an old form",
    b"S": "a sparse file",
    b"V": "a volume's label",
    b"K": "a long name of a link in GNU form",
    b"L": "a long name in GNU form",
    b"g": "PAX records for the whole archive",
    b"X": "PAX records of another form",
    b"": "a member of an unknown type",
}
"""What may not stand in an archive, by its type."""
_HINT_USTAR = "a bundle packed again by hand opens if it was packed with: tar --format=ustar"
_HINT_CUT = "the file was cut short, or is not what `collect pack` makes: ask for it again"
_HINT_NOT_OURS = (
    "this is not what `collect pack` makes; keep the file, and ask whoever sent it to pack the bundle again"
)


class Sink(Protocol):
    """Where an archive's members go, in their order."""

    def folder(self, top: str, name: str) -> None:
        """Take a folder, `""` for the top folder itself; the top folder's name is the same every time."""

    def file(self, top: str, name: str, size: int) -> None:
        """Take the beginning of a file; exactly `size` bytes follow."""

    def write(self, data: memoryview) -> None:
        """Take a file's next bytes."""

    def done(self) -> None:
        """Take the end of a file."""


def refused(what: str, hint: str = _HINT_NOT_OURS) -> RefusedError:
    """Return the refusal of an archive."""
    return RefusedError(f"the archive inside is refused: {what}", hint=hint)


class TarReader:
    """A strict reader of a stream of at most `length` bytes; `feed` and `end` raise `RefusedError`."""

    def __init__(self, sink: Sink, length: int) -> None:
        self._sink = sink
        self._to_come = length
        self._block = bytearray()
        self._wanted = BLOCK
        self._next: Callable[[bytes], None] = self._header
        self._left = 0
        """Bytes of the present file that have not come yet."""
        self._pax: dict[str, str] | None = None
        self._pax_size = 0
        self._top = ""
        self._seen: dict[str, str] = {}
        """What each name is, in the one case that a file system may tell apart."""
        self._zeros = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the archive."""
        view = memoryview(data)
        while view:
            part = view[: self._left or self._wanted - len(self._block)]
            view = view[len(part) :]
            self._to_come -= len(part)
            if self._left:
                self._sink.write(part)
                self._left -= len(part)
                if not self._left:
                    self._sink.done()
                continue
            self._block += part
            if len(self._block) == self._wanted:
                block = bytes(self._block)
                self._block.clear()
                self._wanted = BLOCK
                self._next(block)

    def end(self) -> None:
        """Take the end of the stream."""
        if self._zeros < len(archive.END) or self._block:
            raise refused("it ends before its end", hint=_HINT_CUT)

    def _header(self, block: bytes) -> None:
        if block == _ZEROS:
            if self._pax is not None:
                raise refused("PAX records stand before no file")
            self._zeros = BLOCK
            self._next = self._ending
            return
        self._check(block)
        kind = block[156:157]
        if kind == b"x":
            self._begin_pax(block)
            return
        name = self._name(block)
        if kind not in (b"0", b"\0", b"5"):
            what = REASONS.get(kind, REASONS[b""])
            raise refused(f"{what} stands in it", hint=_HINT_USTAR if kind in b"LKgX" else _HINT_NOT_OURS)
        if any(block[157:257]):
            raise refused("a file or folder names the target of a link")
        size = self._size(block)
        self._pax = None
        if kind == b"5":
            self._folder(name, size)
        else:
            self._file(name, size)

    def _ending(self, block: bytes) -> None:
        self._zeros += BLOCK
        if block != _ZEROS:
            raise refused("something follows its end")
        if self._zeros > MAX_PADDING:
            raise refused("its end is followed by too many zeros")

    def _check(self, block: bytes) -> None:
        total = sum(block) - sum(block[148:156]) + 8 * 0x20
        found = _OCTAL.fullmatch(block[148:156])
        if found is None or int(found[1], 8) != total:
            raise refused("the checksum of a header is wrong")
        if block[257:265] not in (b"ustar\x0000", b"ustar  \0"):
            raise refused("a header is in no form that is read", hint=_HINT_USTAR)
        if not all(_NUMBER.fullmatch(block[start:end]) for start, end in _IGNORED):
            raise refused("a number in a header is in no form that is read")
        if any(block[500:512]) or (block[262:263] == b" " and any(block[345:500])):  # GNU's own fields, sparse maps too
            raise refused("a header has fields of an unknown form", hint=_HINT_USTAR)

    def _name(self, block: bytes) -> str:
        prefix, name = _text(block[345:500]), _text(block[:100])
        raw = prefix + b"/" + name if prefix else name
        try:
            return raw.decode("ascii")
        except UnicodeDecodeError:
            raise _misnamed(raw) from None

    def _size(self, block: bytes) -> int:
        found = _OCTAL.fullmatch(block[124:136])
        if found is None:  # base 256, a sign, or nothing
            raise refused("the size of a file is in no form that is read", hint=_HINT_USTAR)
        size = int(found[1], 8)
        if self._pax is not None and "size" in self._pax:
            told = int(self._pax["size"])
            if size not in (0, told):
                raise refused("a file has two sizes")
            size = told
        if size > self._to_come:
            raise refused("a file is longer than what is left of it", hint=_HINT_CUT)
        return size

    def _begin_pax(self, block: bytes) -> None:
        if self._pax is not None:
            raise refused("PAX records stand before PAX records")
        found = _OCTAL.fullmatch(block[124:136])
        size = int(found[1], 8) if found else MAX_PAX + 1
        if not 0 < size <= MAX_PAX:
            raise refused("PAX records have no length that is read")
        self._pax_size = size
        self._wanted = size + -size % BLOCK
        self._next = self._take_pax

    def _take_pax(self, data: bytes) -> None:
        self._next = self._header
        if any(data[self._pax_size :]):
            raise refused("something stands in the padding of PAX records")
        self._pax = _pax(data[: self._pax_size])

    def _folder(self, name: str, size: int) -> None:
        if size:
            raise refused("a folder has a size")
        top, _, rest = name.removesuffix("/").partition("/")
        self._below(top, name)
        if rest not in ("", "artifacts", "attachments"):
            raise _misnamed(name.encode("ascii"))
        self._once(rest)
        self._sink.folder(top, rest)

    def _file(self, name: str, size: int) -> None:
        top, _, rest = name.partition("/")
        self._below(top, name)
        if not archive.is_member(rest):
            raise _misnamed(name.encode("ascii"))
        self._once(rest)
        self._sink.file(top, rest, size)
        self._left = size
        if not size:
            self._sink.done()
        elif size % BLOCK:
            self._next = self._padding
            self._wanted = -size % BLOCK

    def _padding(self, data: bytes) -> None:
        self._next = self._header
        if any(data):
            raise refused("something stands in the padding of a file")

    def _below(self, top: str, name: str) -> None:
        if not archive.is_top(top):
            raise _misnamed(name.encode("ascii"))
        if self._top not in ("", top):
            raise refused("it holds more than one top folder")
        self._top = top

    def _once(self, name: str) -> None:
        known = self._seen.get(name.casefold())
        if known is not None:
            raise refused(
                "a name stands in it twice" if known == name else "two names differ in small and capital letters only"
            )
        if len(self._seen) == MAX_MEMBERS:
            raise refused(f"it holds more than {MAX_MEMBERS} members")
        self._seen[name.casefold()] = name


def _text(field: bytes) -> bytes:
    """Return a field up to its first NUL; zeros must follow."""
    text, _, rest = field.partition(b"\0")
    if any(rest):
        raise refused("something stands behind the end of a name")
    return text


def _misnamed(name: bytes) -> RefusedError:
    shown = printable(from_bytes(name), 120)
    return refused(f"no bundle has a file or folder named {shown}")


def _pax(data: bytes) -> dict[str, str]:
    """Return the records of a PAX header: `length key=value LF` each, none twice, and none that we don't know."""
    records: dict[str, str] = {}
    while data:
        found = _PAX_LENGTH.match(data)
        length = int(found[1]) if found else 0
        if found is None or not found.end() < length <= len(data) or data[length - 1 : length] != b"\n":
            raise refused("PAX records are in no form that is read")
        try:
            key, equals, value = data[found.end() : length - 1].decode("utf-8").partition("=")
        except UnicodeDecodeError:
            key = equals = value = ""
        form = _PAX_SIZE if key == "size" else _PAX_IGNORED.get(key)
        if form is None or not equals:
            raise refused(f"a PAX record that is not read stands in it: {printable(key, 60)}", hint=_HINT_USTAR)
        if key in records or form.fullmatch(value) is None:
            raise refused("a PAX record stands in it twice or has no value that is read")
        records[key] = value
        data = data[length:]
    return records
