"""The « bordereau de remise » as a form: sections of boxes, sentences and tables, before it is paper or screen.

Both papers are drawn from this one, so they say the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from collector import seal
from collector.handover.slip_parts import (
    COLUMNS,
    EMPTY,
    FULL,
    SAYS,
    SMALL,
    Box,
    Boxes,
    Chain,
    Code,
    CodePair,
    Command,
    Digest,
    Form,
    Row,
    Section,
    Sentences,
)
from collector.handover.slip_said import Words

if TYPE_CHECKING:
    from collector.handover.slip_facts import Codes, Collected, Entry, SlipFacts, Transfer, When

SHOWN_KEYS = 4
"""Recipients that are named; a bundle of many is told by their number."""
_SHORT_KEY = 23
"""Characters of a fingerprint that a small row has room for: 96 bits of it."""
_KEY = 21
"""Characters of a recipient that need no shortening; a real one has 62."""
ROOM = 240.0
"""Millimetres of the last page that rows of the chain may take."""
_LEAST_EMPTY = 3


def form_of(facts: SlipFacts, language: str) -> Form:
    """Return the form in `fr` or `en`."""
    said = Words(language)
    return Form(
        language=language,
        title=said("title"),
        subtitle=said("subtitle"),
        intro=said("private_paper"),
        escapes=said("escapes"),
        pages=(
            (
                _references(facts, said),
                _medium(facts, said),
                _machine(facts, said),
                _run(facts, said),
                _content(facts, said),
                _codes(facts, said),
                _made(said),
            ),
            (
                _digests(facts, said),
                Section(said("method"), (_listed(said, "method_1", "method_2"),)),
                Section(said("changes"), (_listed(said, "changes_1", "changes_2", "changes_3"),)),
                _gaps(facts.collected, said),
                _verify(facts, said),
                Section(said("limits"), (_listed(said, "limits_1", "limits_2", "limits_3"),)),
                _secrecy(said),
                _end(said),
            ),
            (_chain(facts, said),),
        ),
        foot=(
            f"{said('title')}  ·  {said('seal_foot', code=facts.codes.seal_code)}",
            said("case_foot", case=facts.case),
        ),
        initials=said("initials"),
        page=said("page", number="{number}", pages="{pages}"),
        closed=datetime.fromisoformat(facts.ended.utc),
    )


def _box(said: Words, name: str, entry: Entry, share: int = 1, lines: int = 1) -> Box:
    note = said("hidden") if entry.hidden else ""
    return Box(said(name), entry.text, share, lines, note)


def _blank(said: Words, name: str, share: int = 1) -> Box:
    return Box(said(name), share=share)


def _answered(facts: SlipFacts, said: Words, name: str, share: int = 1) -> Box:
    return Box(said(name), facts.answered.get(name, ""), share)


def _listed(said: Words, *names: str) -> Sentences:
    return Sentences(tuple(said(name) for name in names), listed=True)


def _references(facts: SlipFacts, said: Words) -> Section:
    case = Box(said("case"), facts.case, 3, lines=3)  # two on the PDF, even of 64 wide letters
    blanks = (_blank(said, name) for name in ("item", "envelope"))
    return Section("", (Boxes((case, *blanks, _answered(facts, said, "complaint"))),))


def _medium(facts: SlipFacts, said: Words) -> Section:
    blanks = Boxes(tuple(_blank(said, name) for name in ("nature", "maker", "model", "serial", "capacity")))
    return Section(said("medium"), (blanks, Boxes((Box(said("folder"), facts.folder, mono=True),))))


def _machine(facts: SlipFacts, said: Words) -> Section:
    machine = facts.machine
    return Section(
        said("machine"),
        (
            Boxes(
                (
                    _box(said, "name", machine.name),
                    _box(said, "maker", machine.maker),
                    _box(said, "model", machine.model),
                    _box(said, "serial", machine.serial),
                )
            ),
            Boxes(
                (
                    _box(said, "system", machine.system, 2),
                    _box(said, "timezone", machine.timezone),
                    Box(said("ntp"), said(machine.ntp)),
                )
            ),
            Boxes((_blank(said, "clock_computer", 2), _blank(said, "clock_watch", 2), _blank(said, "clock_drift"))),
        ),
    )


def _run(facts: SlipFacts, said: Words) -> Section:
    tool = facts.tool
    kit = (Box(said("kit_nonce"), tool.kit_nonce, 3, mono=True),) if tool.kit_nonce else ()
    privileges = said(tool.privileges) if tool.privileges in ("root", "administrator", "user") else tool.privileges
    return Section(
        said("run"),
        (
            Boxes((Box(said("started"), _both(facts.started, said)), Box(said("ended"), _both(facts.ended, said)))),
            Boxes((_answered(facts, said, "place"),)),
            Boxes(
                (
                    _box(said, "operator", facts.operator, 3),
                    _answered(facts, said, "function", 2),
                    _box(said, "witness", facts.witness, 3),
                    _blank(said, "function_witness", 2),
                )
            ),
            Boxes((Box(said("tool"), f"evidence-collector {tool.version}"), Box(said("privileges"), privileges), *kit)),
            Boxes((Box(said("tool_sha256"), tool.sha256, mono=True),)),
            Boxes((_box(said, "arguments", tool.arguments, lines=2),)),
        ),
    )


def _content(facts: SlipFacts, said: Words) -> Section:
    found = facts.collected
    verdicts = {
        name: said(verdict) if verdict is not None else said("not_noted") for name, verdict in found.isolation.items()
    }
    return Section(
        said("content"),
        (
            Boxes(
                (
                    Box(said("files"), said.number(found.files)),
                    Box(said("size"), said.size(found.size), 2),
                    Box(said("records"), said.number(found.records)),
                    Box(said("same_boot"), said("stayed_on") if found.same_boot else said("unknown"), 2),
                )
            ),
            Boxes((Box(said("isolation"), said("isolation_all", **verdicts)),)),
            Boxes((Box(said("recipients"), _recipients(facts.recipients, said), lines=2),)),
        ),
    )


def _recipients(recipients: tuple[str, ...], said: Words) -> str:
    if not recipients:
        return said("not_encrypted")
    keys = ", ".join(one if len(one) <= _KEY else f"{one[:12]}…{one[-8:]}" for one in recipients[:SHOWN_KEYS])
    if len(recipients) > SHOWN_KEYS:
        keys += " " + said.counted("and_more", len(recipients) - SHOWN_KEYS)
    return said.counted("keys", len(recipients), keys=keys)


def _codes(facts: SlipFacts, said: Words) -> Section:
    codes: Codes = facts.codes
    confirmed = said("anchored" if facts.verdict == "ANCHORED" else "unanchored")
    return Section(
        said("codes"),
        (
            CodePair(
                (
                    Code(said("start_code"), _rows(codes.start_code), said("start_meaning"), codes.start_sha256),
                    Code(said("seal_code"), _rows(codes.seal_code), said("seal_meaning"), codes.seal_sha256),
                )
            ),
            Boxes((Box(said("key"), codes.key, mono=True),)),
            Sentences((f"{said.counted('checked', facts.checked)} {confirmed}",)),
        ),
    )


def _digests(facts: SlipFacts, said: Words) -> Section:
    digests = (("checkpoint", facts.codes.seal_sha256), ("manifest", facts.codes.manifest_sha256))
    return Section(said("digests"), tuple(Digest(said(name), sha256) for name, sha256 in digests))


def _gaps(found: Collected, said: Words) -> Section:
    first: list[str] = []
    if found.cut_short:
        known = found.reason in ("signal", "max_time", "disk_full")
        first.append(said("cut_short", reason=said(f"reason_{found.reason}") if known else found.reason or "?"))
    if found.resumes:
        first.append(said.counted("resumed", found.resumes))
    if not found.gaps:
        return Section(said("gaps"), (Sentences((*first, said("no_gaps"))),))
    first.append(said("gaps_1" if found.gaps == 1 else "gaps_n", number=said.number(found.gaps)))
    lines = []
    for source, outcomes in found.missing:
        why = ", ".join(
            said.outcome(outcome)
            if times == 1
            else said("times", outcome=said.outcome(outcome), number=said.number(times))
            for outcome, times in outcomes
        )
        lines.append(said("gap_line", source=said.source(source), why=why))
    if found.more_gaps:
        lines.append(said.counted("gaps_more", found.more_gaps))
    return Section(said("gaps"), (Sentences(tuple(first)), Sentences(tuple(lines), listed=True, short=True)))


def _verify(facts: SlipFacts, said: Words) -> Section:
    who = f"ssh-keygen -Y verify -f allowed_signers -I {facts.sid} \\"
    what = f"  -n {seal.NAMESPACE} -s checkpoint.sig < checkpoint"
    return Section(
        said("verify"),
        (
            Sentences((said("verify_where"),)),
            Command(said("verify_sums"), "sha256sum -c SHA256SUMS"),
            Command(said("verify_signature"), f"{who}\n{what}"),
            Command(said("verify_code"), "openssl dgst -sha256 -binary checkpoint | base32 | cut -c1-32"),
            Sentences((said("verify_windows"),)),
        ),
    )


def _secrecy(said: Words) -> Section:
    blanks = Boxes((_blank(said, "order_called"), _blank(said, "order_person"), _blank(said, "order_answer", 2)))
    call = Sentences((said("secrecy_call"),), strong=True)
    return Section(said("secrecy"), (call, Sentences((said("secrecy_1"),)), blanks))


def _end(said: Words) -> Section:
    return Section(
        said("end"),
        (
            Boxes((_blank(said, "keep_until"), _blank(said, "returned"), _blank(said, "returned_to", 2)), tall=True),
            Boxes(
                (_blank(said, "destroyed"), _blank(said, "destroyed_how"), _blank(said, "destroyed_by", 2)), tall=True
            ),
        ),
    )


def _made(said: Words) -> Section:
    names = ("made_when", "made_where", "made_operator", "made_witness")
    return Section(said("made"), (Boxes(tuple(_blank(said, name) for name in names), tall=True),))


def _chain(facts: SlipFacts, said: Words) -> Section:
    names = ("number", *COLUMNS, "sign_by", "sign_to")
    more, count = facts.more_transfers, len(facts.transfers)
    room = ROOM - (SAYS if more else 0)
    full = count  # the latest ones are full, as many as leave room for empty rows
    while full and _height(full, count) + _LEAST_EMPTY * EMPTY > room:
        full -= 1
    table = Chain(
        headings=tuple(said(f"col_{name}") for name in names),
        rows=tuple(_row(one, said, full=at >= count - full) for at, one in enumerate(facts.transfers)),
        left_out=said("transfers_more", number=said.number(more)) if more else "",
        blanks=int((room - _height(full, count)) // EMPTY),
    )
    return Section(said("chain"), (Sentences((said("chain_says"),)), table))


def _height(full: int, count: int) -> float:
    return full * (FULL + SAYS) + (count - full) * SMALL


def _row(transfer: Transfer, said: Words, *, full: bool) -> Row:
    verdict = said(f"verdict_{transfer.verdict}")
    kind = said("handover")
    if transfer.received and transfer.key:
        key = transfer.key if full else transfer.key[:_SHORT_KEY] + "…"
        kind = said("receipt_signed" if full else "receipt_signed_short", key=key)
    elif transfer.received:
        kind = said("receipt_unsigned")
    size = said.size(transfer.size, exact=False)
    says = f"{kind}. {said.counted('rechecked', transfer.files, size=size, verdict=verdict)}."
    if not full:
        says = f"{kind}{said('short_check', number=said.number(transfer.files), verdict=verdict)}"
    texts = (getattr(transfer, name).text for name in COLUMNS[1:])
    return Row(f"R{transfer.number}", (_local(transfer.when, said), *texts), says, full)


def _rows(code: str) -> tuple[str, str]:
    """Return a code as it is copied by hand: two rows of four groups."""
    groups = code.split("-")
    return " ".join(groups[:4]), " ".join(groups[4:])


def _both(when: When, said: Words) -> str:
    return f"{_local(when, said)}  =  {said.moment(datetime.fromisoformat(when.utc))} UTC"


def _local(when: When, said: Words) -> str:
    """Return a moment on the clock of the place it was written at."""
    return f"{said.moment(datetime.fromisoformat(when.local))} (UTC{when.local[-6:]})"
