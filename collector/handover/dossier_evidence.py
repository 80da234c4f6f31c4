"""Parts 12 to 15 of a dossier: exhibits and gaps, the tool's log, the slip, the note to the expert."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from collector import layout, seal, vocabulary
from collector.handover.dossier_facts import text_of, whole
from collector.handover.dossier_parts import Field, Fields, Heading, Part, Slip, Table, Text
from collector.handover.slip_form import form_of
from collector.handover.slip_parts import Command
from collector.inventory import recipients_of
from collector.text import readable

if TYPE_CHECKING:
    from collector.handover.dossier_draft import Draft
    from collector.handover.dossier_facts import Exhibit
    from collector.handover.dossier_parts import Block
    from collector.model import Json

_LONGEST_COMMAND = 360
_COMMAND_LINE = "command-line"
"""`who` of a consent that nobody was asked for (SPEC 5.2)."""
_NO_PATIENT = frozenset({
    "system", "connections", "interfaces", "routes", "neighbours", "executables", "services", "sessions", "footprint",
    "summary", "undo-isolation", "timestamp", "timestamp-request", "dns",
})  # fmt: skip
"""Kinds in which no name of a patient can stand, as far as anybody knows."""
_LEVEL_B = frozenset({"recent-files", "activity"})
_LEVEL_C = frozenset({"process-memory", "memory", "clipboard", "registry", "artifacts", "command"})


def exhibits(draft: Draft) -> Part:
    """Return every file with its number, kind, size, fingerprint, level; and what was not collected."""
    said, facts = draft.said, draft.facts
    recipients = recipients_of(facts.opening)
    keys = ", ".join(f"{one[:12]}…{one[-8:]}" for one in recipients[:4])
    if len(recipients) > 4:  # noqa: PLR2004 - as many as the slip names
        keys += " " + said.counted("and_more", len(recipients) - 4)
    names = said("exhibits_names") if recipients else ""
    intro = [said("exhibits_intro", names=names)]
    intro += [said("exhibits_encrypted", keys=keys) if recipients else said("exhibits_clear")]
    intro += [said("exhibits_level", level=facts.level), *_consent(draft)]
    headings = tuple(said(f"col_{name}") for name in ("exhibit", "nature", "size", "sha256", "level", "patients"))
    rows = tuple(_exhibit(draft, one) for one in facts.exhibits)
    blocks: list[Block] = [Text(tuple(intro)), Table(headings, (17, 33, 17, 84, 8, 15), rows, mono=(3,), small=True)]
    if facts.more_exhibits:
        what = ", ".join(f"{_named(draft, kind)} ({count})" for kind, count in facts.more_exhibits.most_common(12))
        blocks.append(Text((said("exhibits_more", what=what),), "small"))
    blocks += _missing(draft)
    return Part(12, said("exhibits"), tuple(blocks))


def _consent(draft: Draft) -> list[str]:
    said, consent = draft.said, draft.facts.latest("consent")
    answer = str(consent.get("answer", ""))
    if answer == "yes":
        who = text_of(consent.get("who"))  # whoever typed it: the screen asks whether the doctor in charge agrees
        name = "exhibits_consent_typed" if who == _COMMAND_LINE else "exhibits_consent_who"
        return [said("exhibits_consent_yes", who=said(name, who=who) if who else "")]
    return [said("exhibits_consent_no")] if answer == "no" else []


def _exhibit(draft: Draft, one: Exhibit) -> tuple[str, ...]:
    said = draft.said
    kind = _kind(draft, one)
    level, patients = _judged(one, kind)
    level = min(level, draft.facts.level)  # a part of what is called so was taken at the lower level already
    return one.label, _named(draft, kind), said.number(one.size), one.sha256, level, said(f"patients_{patients}")


def _kind(draft: Draft, one: Exhibit) -> str:
    if one.kind != "file":
        return one.kind
    if one.is_attachment:
        return "attachment"
    told = draft.rows.copies.get(one.path, "")
    return f"ransom-{told}" if told in ("note", "faint", "sample", "original") else "file"


def _named(draft: Draft, kind: str) -> str:
    known = ("ransom-note", "ransom-faint", "ransom-sample", "ransom-original", "file", "attachment", "command",
             "process-memory", "undo-isolation", "timestamp", "timestamp-request")  # fmt: skip
    if kind in known:
        return draft.said(f"kind_{kind}")
    return vocabulary.about(kind, draft.said.language).replace("'", "\u2019")


def _judged(one: Exhibit, kind: str) -> tuple[str, str]:
    """Return the level of a file (users.md, section 3), and whether patients' data may stand in it."""
    if kind in ("ransom-sample", "ransom-original"):
        return "C", "yes"
    if kind in ("ransom-note", "attachment"):
        return "A", "possibly"
    if kind == "ransom-faint":  # it may be a letter of the practice
        return "C", "possibly"
    if kind == "file":
        return ("A", "no") if one.source == "suspects" else ("C", "possibly")
    if kind in _NO_PATIENT:
        return "A", "no"
    return "B" if kind in _LEVEL_B else "C" if kind in _LEVEL_C else "A", "possibly"


def _missing(draft: Draft) -> list[Block]:
    said = draft.said
    ranked = sorted(draft.facts.gaps.items(), key=lambda item: (item[0][0], item[0][1]))
    rows = tuple((said.source(source), draft.why_not(why), said.number(times)) for (source, why), times in ranked[:60])
    blocks: list[Block] = [Heading(said("not_collected")), Text((said("not_collected_note"),), "small")]
    if rows:
        headings = (said("col_source"), said("col_why"), said("col_times"))
        blocks.append(Table(headings, (90, 64, 20), rows, small=True))
    else:
        blocks.append(Text((said("no_gaps"),)))
    if draft.rows.left_out:
        what = ", ".join(said.source(source) for source in draft.rows.left_out)
        blocks.append(Text((said("exhibits_left_out", what=what),)))
    return [*blocks, Text((said("never_collected"),))]


def log(draft: Draft) -> Part:
    """Return what the tool is, what it did, and what it leaves behind."""
    said, facts = draft.said, draft.facts
    tool = facts.opening["tool"]
    told = tool if isinstance(tool, dict) else {}
    rights = str(told.get("privileges"))
    phases = [
        said("log_step", what=said(f"phase_{name}") if name in _PHASES else name, when=f"{when:%H:%M:%S} UTC")
        for name, when in facts.phases[:20]
    ]
    fields = (
        draft.known("log_name", f"evidence-collector {text_of(told.get('version'), 60)}"),
        draft.known("log_sha256", str(told.get("sha256")), mono=True),
        draft.known("log_privileges", said(rights) if rights in ("root", "administrator", "user") else rights),
        draft.known("log_arguments", _arguments(facts.opening.get("arguments"))),
    )
    gaps = sum(facts.gaps.values())
    files = len(facts.evidence.bundle.inventory.stored)
    counts = f"{said.counted('log_files', files)}, {said.counted('log_gaps', gaps)}"
    changed = sum(one.get("step") == "done" for one in facts.observed.get("isolate", []))
    isolate = said("log_isolate_none")
    if changed:
        isolate = said("log_isolate_1" if changed == 1 else "log_isolate_n", number=said.number(changed))
    actions = (
        Field(said("started"), said.long_moment(facts.started)),
        Field(said("ended"), said.long_moment(facts.ended)),
        draft.known("log_end", _end(draft)),
        draft.known("log_phases", " · ".join(phases)),
        draft.known("log_counts", counts),
        draft.known("log_resumes", said.number(facts.resumes)),
        draft.known("log_isolate", isolate),
        draft.known("log_clock", said.number(len(facts.observed.get("clock-step", [])))),
    )
    changes = Text((said("changes_1"), said("changes_2"), said("changes_3")), "list")
    blocks: tuple[Block, ...] = (
        Heading(said("log_tool")),
        Fields(fields),
        Heading(said("log_actions")),
        Fields(actions),
        Text((said("method_1"), said("method_2")), "list"),
        Heading(said("log_traces")),
        Fields(tuple(_footprint(draft))),
        changes,
    )
    return Part(13, said("log"), blocks)


_PHASES = ("volatile", "executables", "state", "screen", "traces", "files")


def _arguments(arguments: Json) -> str:
    listed = arguments[:_LONGEST_COMMAND] if isinstance(arguments, list) else []
    words = [shlex.quote(readable(one)[:_LONGEST_COMMAND]) for one in listed]  # type: ignore[arg-type]  # texts
    return text_of(" ".join(words), _LONGEST_COMMAND)


def _end(draft: Draft) -> str:
    if draft.facts.evidence.bundle.inventory.closing is None:
        return draft.said("log_open")
    why = draft.cut_short()
    return draft.said("log_cut_short", why=why) if why else draft.said("log_complete")


def _footprint(draft: Draft) -> list[Field]:
    said, row = draft.said, draft.rows.footprint

    def size(name: str) -> str:
        value = whole(row.get(name))
        return "?" if value is None else said.size(value, exact=False)

    def count(name: str) -> str:
        value = whole(row.get(name))
        return "?" if value is None else said.number(value)

    if not row:
        return [draft.known(f"log_{name}", "") for name in ("seconds", "memory", "bytes", "opened", "atime", "outside")]
    kept = "log_atime_kept" if row.get("atime_kept") is True else "log_atime_moved"
    outside = row.get("written_outside")
    some = len(outside) if isinstance(outside, list) else 0
    seconds = text_of(row.get("seconds"), 20).partition(".")[0]
    return [
        draft.known("log_seconds", said("log_seconds_are", seconds=seconds) if seconds else ""),
        draft.known("log_memory", size("peak_memory")),
        draft.known("log_bytes", f"{size('bytes_read')} / {size('bytes_written')}"),
        draft.known("log_opened", f"{count('files_opened')} / {count('folders_opened')}"),
        draft.known("log_atime", "" if row.get("atime_kept") is None else said(kept)),
        draft.known("log_outside", said.counted("log_outside_some", some) if some else said("log_outside_none")),
    ]


def _boxes(draft: Draft) -> dict[str, str]:
    """Return what answers say of boxes of the slip; where it was found is the address and the place in it."""
    given = draft.given
    place = ", ".join(one for one in (given.text("address"), given.text("site")) if one)
    return {"complaint": given.text("police_number"), "place": place, "function": given.text("role")}


def possession(draft: Draft) -> Part:
    """Return the slip, or why there is none."""
    said = draft.said
    intro = (said("possession_intro"), said("possession_seal"))
    blocks: list[Block] = [Text(intro), Text((said("order_reminder"),), "warning")]
    if draft.slip is None:
        blocks.append(Text((said("possession_torn" if draft.facts.is_torn else "possession_none"),), "warning"))
    else:
        blocks.append(Slip(form_of(replace(draft.slip, answered=_boxes(draft)), said.language)))
    return Part(14, said("possession"), tuple(blocks))


def expert(draft: Draft) -> Part:
    """Return how to decrypt and to verify, in stock commands."""
    said, facts = draft.said, draft.facts
    recipients = recipients_of(facts.opening)
    blocks: list[Block] = [Heading(said("expert_format")), Text((said("expert_format_1"),))]
    blocks.append(Heading(said("expert_open")))
    if recipients:
        first = next((one.path for one in facts.exhibits if one.path.endswith(".age")), "artifacts/….age")
        says = said.counted("expert_keys", len(recipients))
        blocks.append(Command(says, f"age -d -i KEY {first} > {first.partition('/')[2].removesuffix('.age')}"))
    else:
        blocks.append(Text((said("expert_clear"),)))
    key = " --identity KEY" if recipients else ""
    blocks += [
        Command(said("expert_open_all"), f"collect export BUNDLE --format timesketch --out DIR{key}"),
        Heading(said("expert_verify")),
    ]
    if facts.evidence.bundle.checkpoint is None:
        blocks.append(Text((said("expert_no_seal"),)))
    else:
        who = f"ssh-keygen -Y verify -f {layout.SIGNERS} -I {facts.evidence.sid} \\"
        what = f"  -n {seal.NAMESPACE} -s {layout.SIGNATURE} < {layout.CHECKPOINT}"
        blocks += [
            Text((said("verify_where"),)),
            Command(said("verify_sums"), f"sha256sum -c {layout.SUMS}"),
            Command(said("verify_signature"), f"{who}\n{what}"),
            Command(said("verify_code"), "openssl dgst -sha256 -binary checkpoint | base32 | cut -c1-32"),
            Fields(
                (
                    Field(said("seal_code"), str(facts.evidence.bundle.report.seal_code), mono=True),
                    Field(said("expert_seal"), str(facts.evidence.bundle.report.seal_sha256), mono=True),
                )
            ),
            Text((said("verify_windows"),), "small"),
        ]
    facts_said = tuple(said(f"expert_fact_{number}") for number in (1, 2, 3))
    blocks += [Heading(said("expert_facts")), Text(facts_said, "list")]
    return Part(15, said("expert"), tuple(blocks))
