"""The printable « bordereau de remise »: the paper that goes with a bundle from hand to hand.

Read `slip_facts` first, what is read out of the bundle; then `slip_form`, which makes a form of it (`slip_parts`) in
the words of `slip_words`, as `slip_said` puts them. `slip_pdf` and `slip_html` draw it; both say the same.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from collector import disk, layout
from collector.errors import CollectorError, RefusedError, UsageError
from collector.handover import slip_html, slip_pdf
from collector.handover.slip_facts import facts_of
from collector.handover.slip_form import form_of

if TYPE_CHECKING:
    from pathlib import Path

    from collector.verify import VerifiedBundle

_TRIES = 1000
_LONGEST_NAME = 150
_HINT = "choose an existing folder that can be written with --out"


def write(bundle: VerifiedBundle, folder: Path, language: str) -> tuple[Path, Path]:
    """Write `<bundle>-bordereau.pdf` and `.html` into an existing folder, in `fr` or `en`; return their paths.

    Where a name is taken both get a number; nothing that stands there is touched. Raises what `facts_of` raises,
    `UsageError` for no folder, or one inside the bundle (it would be an extra file there), and `RefusedError` where it
    can't be written; then nothing is left behind.
    """
    if not folder.is_dir():
        raise UsageError("there is no such folder for the slip", hint=_HINT)
    disk.refuse_inside_bundle(folder, "--out")
    form = form_of(facts_of(bundle), language)
    papers = {".pdf": slip_pdf.drawn(form), ".html": slip_html.drawn(form)}
    stem = layout.safe_name(bundle.path.resolve().name, _LONGEST_NAME) + "-bordereau"
    for number in range(1, _TRIES):
        name = stem if number == 1 else f"{stem}-{number}"
        paths = [folder / (name + suffix) for suffix in papers]
        try:
            _put_all(dict(zip(paths, papers.values(), strict=True)))
        except FileExistsError:
            continue
        except OSError as error:
            raise RefusedError(f"the slip can't be written: {os.strerror(error.errno or 0)}", hint=_HINT) from error
        return paths[0], paths[1]
    raise RefusedError("a thousand slips of this bundle stand in this folder", hint=_HINT)


def _put_all(files: dict[Path, bytes]) -> None:
    """Write new files, all or none; raises `FileExistsError` where a name is taken, `OSError` or `RefusedError`."""
    made: list[Path] = []
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        for path, data in files.items():
            fd = os.open(path, flags, 0o600)
            made.append(path)
            try:
                disk.write_all(fd, data)
                disk.sync(fd)
            finally:
                os.close(fd)
    except BaseException as error:
        for path in made:
            with contextlib.suppress(OSError):  # what is told is why the first one could not be written
                path.unlink()
        if isinstance(error, CollectorError):  # its words are those for a run
            raise RefusedError("the slip can't be written: the folder takes no more bytes", hint=_HINT) from error
        raise
