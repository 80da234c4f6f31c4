"""The pictures of a verified bundle: which there are, and each as a file of its own, as it is or blurred."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from collector import age
from collector.errors import RefusedError, UsageError
from collector.handover import export_output, picture
from collector.handover.export_evidence import opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyrage.x25519 import Identity

    from collector.handover.picture import Box
    from collector.inventory import Stored
    from collector.verify import VerifiedBundle

KIND: Final = "screen"
"""Artifacts that show a screen; as a picture, or a console's text."""
_BLURRED_COPY: Final = re.compile(r"piece-(A?[0-9]{1,9})-floutee(?![0-9a-z]).{0,60}", re.IGNORECASE | re.DOTALL)
"""What `name_of` gives to a blurred copy, with what browsers, mail programs and file managers make of a second one of
that name (` (1)`, ` - Copie`, `_1`): taken for one too many, the original is not printed, which harms nobody."""
_ATTACHED: Final = (".png", ".jpg", ".jpeg")
"""What was attached and is a picture."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture of a bundle; `number` is that of its path."""

    number: int
    stored: Stored
    attached: bool

    @property
    def suffix(self) -> str:
        """Return what a file of it is called by: `.png`."""
        return PurePosixPath(self.stored.path.removesuffix(age.SUFFIX)).suffix

    @property
    def exhibit(self) -> str:
        """Return how it is named: `26`, or what was attached after the seal, `A3`."""
        return f"A{self.number}" if self.attached else str(self.number)


def found(bundle: VerifiedBundle) -> list[Shown]:
    """Return the pictures of screens, then those that were attached, each in order."""
    screens = [_shown(one, attached=False) for one in bundle.inventory.stored.values() if one.kind == KIND]
    custody = bundle.custody.inventory.stored.values() if bundle.custody is not None else ()
    attached = [_shown(one, attached=True) for one in custody]
    return [*screens, *(one for one in attached if one.suffix in _ATTACHED)]


def _shown(stored: Stored, *, attached: bool) -> Shown:
    name = stored.path.rpartition("/")[2]
    return Shown(int(name.partition("-")[0]), stored, attached)


def named(bundle: VerifiedBundle, exhibit: str) -> Shown:
    """Return the picture of an exhibit's name; raises `UsageError`."""
    wanted = exhibit.strip().upper()
    mark, digits = ("A", wanted[1:]) if wanted.startswith("A") else ("", wanted)
    for one in found(bundle):
        if one.exhibit == mark + digits.lstrip("0"):
            return one
    raise UsageError("the bundle has no picture of this number", hint="collect picture BUNDLE lists them")


def content(bundle: VerifiedBundle, shown: Shown, identities: Sequence[Identity] = ()) -> bytes:
    """Return the bytes of a picture, decrypted where needed.

    Raises `UsageError` without a key, `RefusedError` for one that doesn't fit, a file that is cut short, too large or
    not what its record says, and `AlteredError` for one that changed since it was verified.
    """
    evidence = opened(bundle, identities)
    data = bytearray()

    def take(piece: bytes) -> None:
        data.extend(piece)
        if len(data) > picture.MAX_BYTES:
            raise RefusedError("the picture is too large", hint="open the bundle with age and a viewer")

    if not evidence.content(shown.stored, take):
        if evidence.is_mismatched(shown.stored):
            hint = "rely on it for nothing, keep the bundle as it is and tell the expert"
            raise RefusedError("the picture is another than its record says (content_sha256)", hint=hint)
        raise RefusedError("the picture was cut short, or this key does not read it", hint="try another key")
    return bytes(data)


def write(
    bundle: VerifiedBundle, shown: Shown, out: Path, identities: Sequence[Identity], *, blur: bool, keep: Sequence[Box]
) -> Path:
    """Write one picture outside the bundle, as it is or blurred, and return where it stands; what fails leaves nothing.

    `out` is a new name, or an existing folder for a name of ours. Raises what `content` and `picture.blurred` do.
    """
    path = export_output.place(out, name_of(shown.exhibit, shown.suffix, blur=blur))
    data = content(bundle, shown, identities)
    if blur:
        try:
            data = picture.blurred(data, label(shown.exhibit, data), keep)
        except ValueError as error:
            hint = "write --keep X,Y,WIDTH,HEIGHT in pixels, from the upper left corner"
            raise UsageError(f"a rectangle to keep lies outside: {error}", hint=hint) from error
    with export_output.file(path) as made:
        made.write(data)
    return path


def name_of(exhibit: str, suffix: str, *, blur: bool) -> str:
    """Return the name that a picture gets as a file of its own; `suffix` is that of the original."""
    return f"piece-{exhibit}-floutee.png" if blur else f"piece-{exhibit}{suffix}"


def original_of(name: str) -> str | None:
    """Return the exhibit of which a file of this name is the blurred copy, `None` for any other name."""
    copy = _BLURRED_COPY.fullmatch(name)
    return None if copy is None else copy[1].upper()


def label(exhibit: str, original: bytes) -> tuple[str, str]:
    """Return what a blurred copy says on itself: that it is one, of which exhibit, and the original's SHA-256."""
    digest = hashlib.sha256(original).hexdigest()
    return f"Copie floutee de la piece {exhibit} - blurred copy of exhibit {exhibit}", f"SHA256 (original): {digest}"
