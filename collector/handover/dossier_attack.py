"""Parts 5 to 7 of a dossier: the attack, the machines, the consequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.eyes import QUESTIONS as SEEN_BY_EYES
from collector.handover.dossier_answers import EYES, SEEN
from collector.handover.dossier_facts import moment_of, text_of, whole
from collector.handover.dossier_parts import Field, Fields, Heading, Part, Quote, Shown, Table, Text

if TYPE_CHECKING:
    from collector.handover.dossier_draft import Draft
    from collector.handover.dossier_parts import Block
    from collector.handover.dossier_rows import Group, Note
    from collector.model import Json

_WALLETS = ("bitcoin", "litecoin", "dogecoin", "dash", "zcash", "tron", "ethereum", "monero")
_DISTURBED = ("stopped", "applications", "infrastructure", "files", "machines", "work", "care", "paper", "paper_since")


def attack(draft: Draft) -> Part:
    """Return what the attackers left: note, contacts, extension, family, pictures of the screens."""
    said = draft.said
    found = draft.nothing()
    blocks: list[Block] = [
        Heading(said("attack_found")),
        Fields(
            (
                Field(said("extension"), draft.extensions() or found),
                Field(said("family"), draft.family() or found, note=said("family_note")),
                *(Field(said("notes"), said.counted(name, count)) for name, count in draft.counted_notes()),
            )
        ),
        Heading(said("attack_asked")),
        draft.answered("amount", "ultimatum", "leak", "contacted", "paid"),
    ]
    if draft.rows.contacts:
        found_in = draft.rows.contacts.items()
        rows = tuple((_kind(draft, kind, checked=checked), value) for (kind, value), checked in found_in)
        headings = (said("contact_kind"), said("contact_value"))
        blocks += [Heading(said("contacts")), Table(headings, (45, 129), rows, mono=(1,))]
    for note in draft.rows.notes.values():
        blocks += _note(draft, note)
    blocks += [Heading(said("screens")), *_screens(draft)]
    return Part(5, said("attack"), tuple(blocks))


def _kind(draft: Draft, kind: str, *, checked: bool) -> str:
    said = draft.said
    known = ("onion", "url", "email", "victim_id", "deadline", "amount")
    name = said("kind_wallet", name=kind) if kind in _WALLETS else said(f"kind_{kind}") if kind in known else kind
    return said("contact_checked", kind=name) if checked else name


def _note(draft: Draft, note: Note) -> list[Block]:
    said = draft.said
    fields = [
        Field(said("note_name"), note.name or said("note_unnamed")),
        Field(said("note_places"), said.counted("places", note.places)),
    ]
    if note.artifact:
        fields.append(Field(said("note_exhibit"), note.artifact.partition("/")[2].partition("-")[0].lstrip("0")))
    if note.sha256:
        fields.append(Field(said("note_sha256"), note.sha256, mono=True))
    blocks: list[Block] = [Heading(said("notes")), Fields(tuple(fields))]
    return [*blocks, Quote(note.lines)] if note.lines else blocks


def _screens(draft: Draft) -> list[Block]:
    said = draft.said
    if not draft.rows.screens:
        return [Text((said("no_screen"),))]
    blocks: list[Block] = [Text((said("screens_note"),), "warning")]
    for drawn in draft.rows.screens:
        exhibit = drawn.exhibit
        if exhibit.label in draft.rows.hidden:
            blocks.append(Text((said("blurred_note", number=exhibit.label),), "small"))
            continue
        if drawn.picture is None:
            name = "picture_black" if drawn.is_black else "picture_not"
            blocks.append(Text((said(name, number=exhibit.number),), "small"))
            continue
        clock = f"{exhibit.ended:%Y-%m-%d %H:%M:%S}"
        facts = [(said("picture_when"), f"{said.long_moment(exhibit.ended)} ({said('picture_clock', utc=clock)})")]
        if exhibit.subject:
            facts.append((said("picture_monitor"), exhibit.subject))
        facts += draft.picture_facts(drawn.picture, drawn)
        blocks.append(Shown(drawn.picture, said("screen_title", number=exhibit.number), tuple(facts)))
    return blocks


def machines(draft: Draft) -> Part:
    """Return what is known of the computer that was examined, and a table for the others."""
    said, given = draft.said, draft.given
    eyes = draft.facts.latest("eyes")
    seen = []
    for name in SEEN_BY_EYES:
        answer = str(eyes.get(name, ""))
        label = said.pair(EYES[name])
        if answer == "unknown":
            seen.append(Field(label, said("unknown_answer"), unknown=True))
        else:
            seen.append(Field(label, said.pair(SEEN[answer]) if answer in SEEN else ""))
    headings = tuple(said(f"col_{name}") for name in ("machine", "role", "serial", "state", "cut"))
    blocks: tuple[Block, ...] = (
        Heading(said("machine_this")),
        Fields(tuple(_machine(draft))),
        Heading(said("machine_seen")),
        Fields(tuple(seen)),
        Heading(said("machine_backups")),
        draft.answered("backup_last", "backup_plugged"),
        Heading(said("machine_others")),
        Fields((given.field("machines"),)),
        Text((said("machine_others_note"),), "small"),
        Table(headings, (38, 42, 34, 32, 28), (), empty=8),
    )
    return Part(6, said("machines"), blocks)


def _machine(draft: Draft) -> list[Field]:
    said, facts, system = draft.said, draft.facts, draft.rows.system
    host = {name: text_of(system.get(name)) or facts.host(name) for name in ("hostname", "maker", "model", "serial")}
    parts = (text_of(system.get(name), 60) or facts.host(name) for name in ("os", "version", "kernel"))
    told = facts.isolation()
    words = {name: said(told.get(name, "not_noted")) for name in ("open", "close", "run")}
    boot = moment_of(system.get("boot_time"))
    stayed = draft.stayed_on()
    running = any(one.get("state") == "running" for one in facts.observed.get("encryption-running", []))
    return [
        draft.known("machine_name", host["hostname"]),
        draft.known("machine_model", " ".join(one for one in (host["maker"], host["model"]) if one)),
        draft.known("machine_serial", host["serial"]),
        draft.known("machine_system", " ".join(one for one in parts if one)),
        draft.known("machine_timezone", _clock(draft)),
        draft.known("machine_drift", _drift(draft)),
        draft.given.field("site"),
        draft.known("machine_role", ""),
        draft.known(
            "machine_network", said("network_at", **words), note=said("running_running") if running else ""
        ),
        draft.known("machine_boot", "" if boot is None else said.long_moment(boot)),
        draft.known("machine_on", said(f"uptime_{stayed}") if stayed else ""),
        draft.known("machine_disks", said("join").join(_disks(draft, system.get("disks")))),
    ]


def _clock(draft: Draft) -> str:
    clock = draft.facts.opening.get("clock")
    told = clock if isinstance(clock, dict) else {}
    ntp = told.get("ntp")
    set_by = draft.said(str(ntp) if ntp in ("synchronized", "unsynchronized") else "unknown")
    zone = text_of(told.get("timezone"), 60)
    return draft.said("machine_clock", zone=zone, how=set_by) if zone else ""


def _drift(draft: Draft) -> str:
    """Return how far the computer's clock was from the operator's watch, as far as somebody compared them."""
    seconds = draft.facts.evidence.correction_s
    return "" if seconds is None else draft.said.counted("drift", seconds, signed=f"{seconds:+d}")


def _disks(draft: Draft, disks: Json) -> list[str]:
    """Return each disk by its model, its size and whether the computer itself encrypts it (BitLocker, LUKS)."""
    said, found = draft.said, []
    for disk in disks[:8] if isinstance(disks, list) else ():
        if not isinstance(disk, dict):
            continue
        how = text_of(disk.get("encryption"), 20)
        plain = how in ("none_seen", "unknown", "")
        state = said(f"disk_{how or 'unknown'}") if plain else said("disk_encrypted", name=how.upper())
        size = whole(disk.get("size"))
        shown = "?" if size is None else said.size(size, exact=False)
        model = text_of(disk.get("model"), 40) or text_of(disk.get("name"), 40)
        found.append(said("machine_disk", model=model, size=shown, state=state))
    return found


def consequences(draft: Draft) -> Part:
    """Return what does not work any more, counts without names, and the damage."""
    said = draft.said
    blocks: list[Block] = [
        Heading(said("stopped_title")),
        draft.answered(*(name for name in _DISTURBED if name != "paper_since" or draft.on_paper())),
        Heading(said("counts_title")),
        Text((said("counts_note"),), "small"),
        *_counts(draft),
    ]
    stopped = [*draft.rows.stopped]
    if draft.rows.more_stopped:
        stopped.append(said("and_more_rows", number=said.number(draft.rows.more_stopped)))
    if stopped:
        blocks += [Heading(said("services_title")), Text((", ".join(stopped),))]
    rows = tuple((one, "", "") for one in said.lines("damage_rows"))
    headings = (said("col_damage"), said("col_amount"), said("col_proof"))
    blocks += [
        Heading(said("damage_title")),
        draft.answered("hours", "appointments", "damage"),
        Table(headings, (74, 40, 60), rows, empty=2, tall=True),
    ]
    return Part(7, said("consequences"), tuple(blocks))


def _counts(draft: Draft) -> list[Block]:
    said, rows = draft.said, draft.rows
    blocks: list[Block] = []
    told = tuple(_group(draft, group) for group in rows.groups.values())
    blocks.append(Text(told or (draft.nothing(),)))
    encrypted = [one for group in rows.groups.values() for one in group.types]
    types = [(said("type_was", type=name), count) for name, count in encrypted]
    types += [(said("type_now", type=name), count) for name, count in rows.extensions if name]
    if rows.other_extensions:
        types.append((said("type_other"), rows.other_extensions))
    if types:
        headings = (said("col_type"), said("col_files"))
        cells = tuple((name, said.number(count)) for name, count in types)
        blocks.append(Table(headings, (110, 64), cells, small=True))
    if rows.depths:
        headings = (said("col_depth"), said("col_files"))
        ranked = sorted(rows.depths.items())
        depths = tuple((said.counted("depth", depth), said.number(count)) for depth, count in ranked)
        blocks.append(Table(headings, (110, 64), depths, small=True))
    return blocks


def _group(draft: Draft, group: Group) -> str:
    said = draft.said
    name = "files_group" if group.extension else "files_in_place"
    return said.counted(
        name,
        group.files,
        extension=group.shown,
        folders=said.counted("folders_are", group.folders),
        how=draft.confidence(group.confidence),
    )
