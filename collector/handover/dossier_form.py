"""Makes the parts of a dossier, in their order; and the letter alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.handover import (
    dossier_account,
    dossier_attack,
    dossier_evidence,
    dossier_front,
    dossier_letters,
    dossier_notices,
)
from collector.handover.dossier_parts import Dossier, Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.handover.dossier_draft import Draft

PARTS: tuple[Callable[[Draft], Part], ...] = (
    dossier_front.cover,
    dossier_front.now,
    dossier_front.due,
    dossier_front.identity,
    dossier_account.account,
    dossier_attack.attack,
    dossier_attack.machines,
    dossier_attack.consequences,
    dossier_notices.cnil,
    dossier_notices.ars,
    dossier_letters.complaint,
    dossier_letters.others,
    dossier_evidence.exhibits,
    dossier_evidence.log,
    dossier_evidence.possession,
    dossier_evidence.expert,
)
"""The outline of users.md, section 6."""


def dossier_of(draft: Draft) -> Dossier:
    """Return the whole dossier."""
    return _bound(draft, draft.said("dossier_title"), tuple(part(draft) for part in PARTS), head=_head(draft))


def letter_of(draft: Draft) -> Dossier:
    """Return the letter to the procureur alone: it is posted, so it bears no mark of the dossier."""
    title = draft.said("letter")
    return _bound(draft, title, (Part(10, "", dossier_letters.letter(draft)),), head="")


def _head(draft: Draft) -> str:
    head = draft.said("dossier_head")
    if not draft.facts.evidence.incomplete:
        return head
    return f"{head}  ·  {draft.said('dossier_torn' if draft.facts.is_torn else 'dossier_incomplete')}"


def _bound(draft: Draft, title: str, parts: tuple[Part, ...], head: str) -> Dossier:
    said = draft.said
    return Dossier(
        language=said.language,
        title=title,
        parts=parts,
        head=head,
        foot=said("dossier_foot", case=draft.facts.case),
        page=said("page", number="{number}", pages="{pages}"),
        escapes=said("escapes_dossier" if head else "escapes_letter"),
        made=draft.facts.last,
    )
