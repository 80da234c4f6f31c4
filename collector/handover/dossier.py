"""The « dossier de remise »: what a victim hands to police, insurer and authorities, made from a verified bundle.

Read `dossier_facts` and `dossier_rows` first, what is read out of the bundle; then `dossier_form`, the fifteen parts,
made in `dossier_front`, `dossier_account`, `dossier_attack`, `dossier_notices`, `dossier_letters` and
`dossier_evidence` out of `dossier_parts`, in the words of `dossier_words` and its neighbours as `dossier_said` puts
them. `dossier_pdf` and `dossier_html` draw it; both say the same. docs/DOSSIER.md tells what each part is filled from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector import papers
from collector.errors import DiskFullError, NotClosedError, RefusedError, WriteError
from collector.handover import dossier_html, dossier_pdf, slip_facts
from collector.handover.dossier_draft import draft_of
from collector.handover.dossier_facts import facts_of
from collector.handover.dossier_form import dossier_of, letter_of
from collector.handover.dossier_rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyrage.x25519 import Identity

    from collector.handover.dossier_facts import Facts
    from collector.verify import VerifiedBundle

NAMES = ("dossier.pdf", "dossier.html", "lettre-procureur.pdf")
_TRIES = 1000
_HINT = "choose an existing folder that can be written with --out"


@dataclass(frozen=True, slots=True)
class Made:
    """A dossier that was written, and what a person must know of it."""

    files: tuple[Path, ...]
    incomplete: bool
    """The bundle was not closed, and every page says so."""
    unread: int
    """Records whose encrypted part this key does not read."""
    malformed: int
    """Records whose encrypted part this key opens, and it is not of its form."""
    mismatched: int
    """Files that were read and hold something else than their record says."""
    answered: int
    """Questions that somebody answered, with what they know or that they don't."""


def write(bundle: VerifiedBundle, folder: Path, language: str, identities: Sequence[Identity] = ()) -> Made:
    """Write the dossier in `fr` or `en` into an existing folder; the letter is always French, as it is posted.

    Raises what `papers.refuse_folder` raises, `UsageError` for an encrypted bundle without a key, `RefusedError` for
    another's key or where it can't be written, `AlteredError` for a bundle that changed meanwhile; nothing is left.
    """
    papers.refuse_folder(folder, "--out")
    facts = facts_of(bundle, identities)
    rows, slip = rows_of(facts), _slip(bundle, facts)
    draft = draft_of(facts, rows, slip, language)
    whole = dossier_of(draft)
    letter = letter_of(draft_of(facts, rows, slip, "fr"))
    drawn = (dossier_pdf.drawn(whole), dossier_html.drawn(whole), dossier_pdf.drawn(letter))
    paths = _free(folder)
    try:
        papers.put(dict(zip(paths, drawn, strict=True)))
    except (DiskFullError, WriteError) as error:
        raise RefusedError("the dossier can't be written: the folder takes no more files", hint=_HINT) from error
    tally = facts.evidence.tally
    missing = (tally.unread_records, tally.malformed_records, tally.mismatched_files)
    return Made(paths, facts.evidence.incomplete, *missing, len(facts.answers))


def _free(folder: Path) -> tuple[Path, ...]:
    """Return where the papers go: a dossier is made anew as answers come in, so all get a number where one is taken."""
    for number in range(1, _TRIES):
        paths = tuple(folder / (name if number == 1 else name.replace(".", f"-{number}.")) for name in NAMES)
        if papers.is_free(*paths):
            return paths
    raise RefusedError("a thousand dossiers stand in this folder", hint=_HINT)


def _slip(bundle: VerifiedBundle, facts: Facts) -> slip_facts.SlipFacts | None:
    """Return what the slip says; `None` for a bundle of which none can be made."""
    try:
        return slip_facts.facts_of(bundle, facts.opening)
    except NotClosedError:
        return None
