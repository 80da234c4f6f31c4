"""Parts 8 and 9 of a dossier: what the CNIL and the ARS ask for, each on pages of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.handover.dossier_parts import Field, Fields, Heading, Part, Text

if TYPE_CHECKING:
    from collector.handover.dossier_draft import Draft
    from collector.handover.dossier_parts import Block


def cnil(draft: Draft) -> Part:
    """Return the fields of a notice to the CNIL (GDPR, article 33)."""
    said, given = draft.said, draft.given
    estimate = draft.agreed_estimate()
    when = said("cnil_estimate", when=said.long_moment(estimate)) if estimate is not None else ""
    blocks: list[Block] = [
        Text((said("cnil_intro"),)),
        Heading(said("cnil_who")),
        draft.answered("practice", "practice_form", "siret", "address", "responsible", "role", "phone", "email"),
        draft.answered("dpo", "provider", "vendor", "hosting"),
        Heading(said("cnil_dates")),
        Fields(
            (
                draft.known("cnil_start", when),
                draft.known("cnil_end", ""),
                draft.field("aware"),
                given.field("first_sign"),
                draft.known("cnil_late", "", lines=2),
            )
        ),
        Heading(said("cnil_nature")),
        draft.answered("confidentiality", "integrity", "availability"),
        Fields((draft.origin(),)),
        Heading(said("cnil_data")),
        draft.answered("categories", "persons", "records_count", "minors"),
        Heading(said("cnil_effects")),
        Fields((given.field("severity"), draft.known("cnil_consequences", "", lines=3), given.field("care"))),
        Heading(said("cnil_measures")),
        draft.answered("before", "after", "informed"),
        Heading(said("cnil_others")),
        draft.answered("complaint", "ars_told", "cnil_initial"),
    ]
    return Part(8, said("cnil"), tuple(blocks))


def ars(draft: Draft) -> Part:
    """Return the four headings of a report to the ARS."""
    said, given = draft.said, draft.given
    family = draft.family()
    origin = draft.origin()
    cause = Field(said("ars_cause"), family or origin.value, 2, note=said("family_note") if family else origin.note)
    scope = [given.text(name) for name in ("stopped", "categories") if given.knows(name)]
    blocks: tuple[Block, ...] = (
        Text((said("ars_intro"),)),
        Heading(said("ars_a")),
        draft.answered("practice", "practice_form", "finess", "siret", "address"),
        draft.answered("responsible", "role", "phone", "email"),
        Heading(said("ars_b")),
        Fields(
            (
                draft.field("aware", label=said("ars_found")),
                given.field("first_sign"),
                draft.known("ars_scope", said("join").join(scope), lines=2),
                given.field("machines"),
                given.field("files"),
                given.field("after", lines=2, label=said("ars_state")),
            )
        ),
        Heading(said("ars_c")),
        Heading(said("ars_on_data")),
        draft.answered("confidentiality", "integrity", "availability", "categories", "persons"),
        Heading(said("ars_on_persons")),
        draft.answered("care"),
        Heading(said("ars_on_systems")),
        draft.answered("applications", "infrastructure", "stopped"),
        Heading(said("ars_on_structure")),
        draft.answered("work", "paper"),
        Heading(said("ars_d")),
        Fields((cause, given.field("suspect_mail", lines=2), given.field("remote_access"))),
    )
    return Part(9, said("ars"), blocks)
