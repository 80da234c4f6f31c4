"""Parts 10 and 11 of a dossier: the letter of complaint, the insurer's, the patients' notice, the breach register.

Each is on pages of its own. What is not known is a row of dots to write on; what a person does not know says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.handover.dossier_parts import (
    BLANK,
    Address,
    Field,
    Fields,
    Heading,
    NewPage,
    Part,
    Signature,
    Text,
    Tick,
    Ticks,
)

if TYPE_CHECKING:
    from collector.handover.dossier_draft import Draft
    from collector.handover.dossier_parts import Block

_LONG = BLANK * 3
_STEPS = 6
_MOST_VALUES = 3
"""Amounts, or time limits, of notes that one sentence takes; all of them stand in part 5."""
_CONCERNED = ("categories", "confidentiality", "integrity", "availability")
_ANNEXES = ("journal", "attack", "machines", "damage", "exhibits", "slip", "bills")


def complaint(draft: Draft) -> Part:
    """Return what to do before the letter is posted, and the letter."""
    said = draft.said
    steps = tuple(Tick(said(f"letter_step_{number}")) for number in range(1, _STEPS + 1))
    blocks: tuple[Block, ...] = (
        Text((said("letter_intro"),)),
        Heading(said("letter_before")),
        Ticks(steps),
        Text((said("letter_note"),), "small"),
        NewPage(),
        *letter(draft),
    )
    return Part(10, said("letter"), blocks)


def letter(draft: Draft) -> tuple[Block, ...]:
    """Return the letter to the procureur: the list of service-public.fr, sheet F34129, in its order."""
    said = draft.said
    told = {name: draft.inline(name) for name in ("role", "phone", "email", "address", "siret", "rpps", "responsible")}
    practice, form = draft.inline("practice"), draft.inline("practice_form")
    number = draft.inline("police_number")
    blocks: list[Block] = [
        Address(said.lines("letter_person", blank=BLANK, **told)),
        Address(said.lines("letter_for", practice=practice, form=form, **told)),
        Address(said.lines("letter_to", blank=BLANK), right=True),
        Address((said("letter_place", blank=BLANK),), right=True),
        Text((said("letter_object", ransom=draft.ransom()),), "strong"),
        Text((said("letter_reference", case=draft.facts.case, number=number),), "small"),
        Text((said("letter_hello"), said("letter_open", practice=practice)), "letter"),
        Heading(said("letter_when")),
        Text((_when(draft), *_estimate(draft)), "letter"),
        Heading(said("letter_account")),
        Text(_account(draft), "letter"),
        Fields((Field(said("letter_more"), lines=4),)),
        Heading(said("letter_author")),
        Text((said("letter_author_1", family=draft.family() or draft.nothing()),), "letter"),
        Heading(said("letter_witnesses")),
        Text((said("letter_witnesses_1", names=draft.inline("witnesses"), blank=BLANK),), "letter"),
        Heading(said("letter_damage")),
        Text((said("letter_damage_1", **_inline(draft, "hours", "appointments", "damage")),), "letter"),
        Heading(said("letter_law")),
        Text((said("letter_law_1", extortion=said("letter_extortion") if draft.has_demand() else ""),), "letter"),
        Heading(said("letter_evidence")),
        Text((_evidence(draft), said("letter_evidence_secret")), "letter"),
        Heading(said("letter_annexes")),
        Text(_annexes(draft), "list"),
        Text((said("letter_ask"),), "letter"),
        Signature((said("signature_place"), said("signature_name"), said("signature"))),
    ]
    return tuple(blocks)


def _inline(draft: Draft, *names: str) -> dict[str, str]:
    return {name: draft.inline(name) for name in names}


def _when(draft: Draft) -> str:
    return draft.said(
        "letter_when_1",
        aware=draft.inline("aware", _LONG),
        address=draft.inline("address", _LONG),
        site=draft.inline("site"),
        normal=draft.inline("last_normal"),
    )


def _estimate(draft: Draft) -> tuple[str, ...]:
    estimate = draft.agreed_estimate()
    return () if estimate is None else (draft.said("letter_estimate", when=draft.said.long_moment(estimate)),)


def _demand(draft: Draft) -> dict[str, str]:
    """Return what is asked for and until when: as answered, else as a note that was found has it."""
    told = {}
    for name, kind in (("amount", "amount"), ("ultimatum", "deadline")):
        values = [value for (one, value) in draft.rows.contacts if one == kind and value]
        by_note = draft.said("by_note", what=", ".join(values[:_MOST_VALUES]))
        told[name] = by_note if values and not draft.given.knows(name) else draft.inline(name)
    return told


def _traces(draft: Draft) -> list[str]:
    """Return what the search for ransomware found, a few words for each."""
    said, rows = draft.said, draft.rows
    found = []
    if draft.extensions():
        found.append(said("colon", label=said("extension").lower(), value=draft.extensions()))
    for note in rows.notes.values():
        value = f"{note.name or said('note_unnamed')} ({said.counted('places', note.places)})"
        found.append(said("colon", label=said("notes").lower(), value=value))
    return found + [said.counted(name, count) for name, count in draft.counted_notes()]


def _account(draft: Draft) -> tuple[str, ...]:
    said = draft.said
    return (
        said("letter_account_1", who=draft.inline("noticed_by"), sign=draft.inline("first_sign", _LONG)),
        said("letter_account_2", **_inline(draft, "stopped", "files", "machines", "work", "care")),
        said("letter_account_3", **_demand(draft), **_inline(draft, "leak", "contacted", "paid")),
        said(
            "letter_account_4",
            mail=draft.inline("suspect_mail", _LONG),
            remote=draft.inline("remote_access"),
            done=draft.inline("done"),
        ),
        " ".join((said("letter_found", what=said("join").join(_traces(draft)) or draft.nothing()), *_enclosed(draft))),
    )


def _enclosed(draft: Draft) -> list[str]:
    """Return what of the attack an annex shows: only what was found."""
    rows = draft.rows
    found = ["letter_enclosed_contacts"] if rows.contacts else []
    found += ["letter_enclosed_note"] if any(note.lines for note in rows.notes.values()) else []
    return [draft.said(name) for name in found]


def _evidence(draft: Draft) -> str:
    said, facts = draft.said, draft.facts
    report = facts.evidence.bundle.report
    tool = facts.opening["tool"]
    version = str(tool["version"]) if isinstance(tool, dict) else "?"
    collected = said(
        "letter_evidence_1",
        start=said.short(facts.started),
        end=said.short(facts.ended),
        version=version,
        files=said.counted("files_are", len(facts.evidence.bundle.inventory.stored)),
    )
    if report.seal_code is None:
        return f"{collected} {said('letter_evidence_open')}"
    return f"{collected} {said('letter_evidence_code', code=report.seal_code, sha256=report.seal_sha256)}"


def _annexes(draft: Draft) -> tuple[str, ...]:
    """Return the annexes that there are, numbered: no slip where none can be made, no attack where none was found."""
    there = {"slip": draft.slip is not None, "attack": draft.rows.tell_of_attack or draft.has_demand()}
    names = [name for name in _ANNEXES if there.get(name, True)]
    return tuple(draft.said(f"annex_{name}", number=number, blank=BLANK) for number, name in enumerate(names, 1))


def others(draft: Draft) -> Part:
    """Return the letter to the insurer, the notice to patients, and the entry of the breach register."""
    said = draft.said
    blocks: tuple[Block, ...] = (
        Text((said("letters_intro"),)),
        Text(tuple(said(f"letters_{number}") for number in (1, 2, 3)), "list"),
        Fields((Field(said("patients_decision"), lines=4),)),
        NewPage(),
        *_insurer(draft),
        NewPage(),
        *_patients(draft),
        NewPage(),
        *_register(draft),
    )
    return Part(11, said("letters"), blocks)


def _insurer(draft: Draft) -> tuple[Block, ...]:
    said, given, traces = draft.said, draft.given, _traces(draft)
    sender = tuple(draft.inline(name, _LONG) for name in ("practice", "address", "phone", "email"))
    to = said.lines("insurer_to", insurer=draft.inline("insurer", BLANK * 2), blank=BLANK)
    body = (
        said("letter_hello"),
        said("insurer_1", ransom=draft.ransom(), **_inline(draft, "aware", "practice", "address")),
        said("insurer_2", backup=draft.inline("backup_last"), **_inline(draft, "stopped", "machines", "work")),
        *([said("letter_found", what=said("join").join(traces))] if traces else []),
        said("insurer_3", **_inline(draft, "hours", "appointments", "damage", "paid")),
        *([said("insurer_unpaid")] if given.answer("paid") == "no" else []),
        said("insurer_4", cnil=draft.inline("cnil_initial"), **_inline(draft, "complaint", "provider")),
        said("insurer_5", start=said.short(draft.facts.started), **_inline(draft, "phone")),
        said("insurer_bye"),
    )
    return (
        Address(sender),
        Address(to, right=True),
        Address((said("letter_place", blank=BLANK),), right=True),
        Text((said("insurer_object", policy=draft.inline("policy")),), "strong"),
        Text(body, "letter"),
        Signature((said("signature_place"), said("signature_name"), said("signature"))),
    )


def _patients(draft: Draft) -> tuple[Block, ...]:
    said = draft.said
    return (
        Address(tuple(draft.inline(name, _LONG) for name in ("practice", "address"))),
        Address((said("letter_place", blank=BLANK),), right=True),
        Text((said("patients_object"),), "strong"),
        Text((said("patients_hello"),), "letter"),
        Heading(said("patients_nature")),
        Text((_happened(draft),), "letter"),
        Heading(said("patients_data")),
        Text((said("patients_data_1", **_inline(draft, *_CONCERNED)),), "letter"),
        Heading(said("patients_effects")),
        Text((said("patients_effects_1"),), "letter"),
        Heading(said("patients_measures")),
        Text((_measures(draft), said("patients_you")), "letter"),
        Heading(said("patients_contact")),
        Text((said("patients_contact_1", phone=BLANK, **_inline(draft, "responsible", "dpo")),), "letter"),
        Signature((said("signature_place"), said("signature_name"), said("signature"))),
    )


def _happened(draft: Draft) -> str:
    """Return what happened: unreadable files and a ransom only where an answer or a row says so."""
    said, given = draft.said, draft.given
    files = given.answer("files")
    found = [said("patients_nature_1", practice=draft.inline("practice"), aware=draft.on_day("aware"))]
    if draft.rows.groups or (isinstance(files, list) and {"unreadable", "renamed"} & {*files}):
        found.append(said("patients_unreadable"))
    if draft.has_demand():
        found.append(said("patients_money"))
    return " ".join(found)


def _measures(draft: Draft) -> str:
    told = {"cnil": draft.on_day("cnil_initial"), "complaint": draft.on_day("complaint")}
    return draft.said("patients_measures_1", after=draft.inline("after", _LONG), **told)


def _register(draft: Draft) -> tuple[Block, ...]:
    said, given = draft.said, draft.given
    return (
        Text((said("register_title"),), "strong"),
        Text((said("register_note"),), "small"),
        Fields((Field(said("register_number")), given.field("practice"), given.field("responsible"))),
        Heading(said("register_facts")),
        draft.answered("aware", "noticed_by", "first_sign"),
        Fields((draft.origin(),)),
        draft.answered("confidentiality", "integrity", "availability", "categories", "persons", "records_count"),
        Heading(said("register_effects")),
        draft.answered("care", "severity"),
        Fields((Field(said("cnil_consequences"), lines=2),)),
        Heading(said("register_measures")),
        draft.answered("before", "after", "informed", "cnil_initial", "complaint"),
        Fields((Field(said("register_why_not"), lines=2), Field(said("register_by")))),
    )
