"""The printable « bordereau de remise »: the paper that goes with a bundle from hand to hand.

Read `slip_facts` first, what is read out of the bundle; then `slip_form`, which makes a form of it (`slip_parts`) in
the words of `slip_words`, as `slip_said` puts them. `slip_pdf` and `slip_html` draw it; both say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector import layout, papers
from collector.errors import DiskFullError, RefusedError, WriteError
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

    Where a name is taken both get a number; nothing that stands there is touched. Raises what `facts_of` and
    `papers.refuse_folder` raise, and `RefusedError` where it can't be written; then nothing is left behind.
    """
    papers.refuse_folder(folder, "--out")
    form = form_of(facts_of(bundle), language)
    drawn = {".pdf": slip_pdf.drawn(form), ".html": slip_html.drawn(form)}
    stem = layout.safe_name(bundle.path.resolve().name, _LONGEST_NAME) + "-bordereau"
    for number in range(1, _TRIES):
        name = stem if number == 1 else f"{stem}-{number}"
        pdf, html = (folder / (name + suffix) for suffix in drawn)
        if not papers.is_free(pdf, html):
            continue
        try:
            papers.put(dict(zip((pdf, html), drawn.values(), strict=True)))
        except (DiskFullError, WriteError) as error:
            raise RefusedError("the slip can't be written: the folder takes no more files", hint=_HINT) from error
        return pdf, html
    raise RefusedError("a thousand slips of this bundle stand in this folder", hint=_HINT)
