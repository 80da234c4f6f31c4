"""The text of `collect verify` and of `--dry-run`: the answer first, then why, then what it does not prove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.findings import Level, Verdict
from collector.ui import meanings, terminal, words
from collector.ui.messages import N_, _, elsewhere, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collector.findings import Anchor, Finding
    from collector.model import Profile
    from collector.sources import Source
    from collector.verify import Report

WIDTH = terminal.WIDTH - 1
SHOWN_FINDINGS = 20
"""Findings that are spelled out; the root cause comes first and `--json` has them all."""

VERDICTS = {
    Verdict.ANCHORED: (
        N_("ANCHORED: nothing has changed since the closing, and something from outside confirms it."),
        N_("What that is, and who holds it, stands below."),
    ),
    Verdict.UNANCHORED: (
        N_("UNANCHORED: nothing has changed since the closing, as far as the folder itself can tell."),
        N_("But nothing from outside confirms it yet: someone could have replaced all of it."),
    ),
    Verdict.INCOMPLETE: (
        N_("INCOMPLETE: what is here is intact as far as it goes, but it was never closed."),
        N_("The collection was interrupted. What could have followed is not there."),
    ),
    Verdict.ALTERED: (
        N_("ALTERED: something was changed since this evidence was written."),
        N_("Do not rely on it. Do not delete anything: keep it as it is and tell the expert."),
    ),
}

UNFINISHED = (
    N_("INCOMPLETE: what was closed is whole, but something added afterwards (a note, a file) was not finished."),
    N_("The next note or hand-over that is recorded puts that in order."),
)
"""What is said instead of a bundle that is sealed."""

ANCHORS = {
    "seal_code": N_("seal code"),
    "start_code": N_("start code (shows the beginning only)"),
    "kit_nonce": N_("number of the kit (shows the beginning only)"),
    "receipt": N_("signed receipt"),
    "timestamp": N_("timestamp"),
}
_FITS = N_("matches")
"""What `anchors` says of a code that is right."""
LEVELS = {
    "A": N_("Level A: names and contents of documents were not asked for. That they are missing is no loss."),
    "B": N_("Level B: contents of documents were not asked for. That they are missing is no loss."),
}
"""What the level left out, where it left anything out."""
SHOWN_ANCHORS = 10
"""Anchors that are spelled out: those that hold first; `--json` has them all."""
_HOLDERS = {
    "seal_code": N_("held by: whoever keeps the paper; not later than: the date on it"),
    "start_code": N_("held by: whoever keeps the paper"),
    "kit_nonce": N_("held by: whoever gave the kit out; not earlier than: that day"),
}

LIMITS = (
    N_("What this does not prove:"),
    N_("- A malicious program with full rights can feed in false data before it is noted."),
    N_("- The key is born on the attacked computer. It proves the order and that nothing changed, not the origin."),
    N_("- The origin comes from outside: the seal code on paper or photographed at the closing."),
)


def sentences(report: Report) -> tuple[str, str]:
    """Return what a verdict is called, and what follows from it; not translated yet."""
    is_unfinished = report.verdict is Verdict.INCOMPLETE and report.seal_code is not None
    return UNFINISHED if is_unfinished else VERDICTS[report.verdict]


def verify_text(report: Report, path: Path) -> str:
    """Return the text of `collect verify` for one bundle."""
    lines = terminal.fold_path(str(path), WIDTH)
    for sentence in sentences(report):
        lines += terminal.fold(_(sentence), WIDTH)
    if report.findings:
        lines += ["", *_findings(report)]
    for block in (_anchors(report), _counted(report)):
        lines += ["", *block] if block else []
    lines.append("")
    for sentence in LIMITS:
        lines += terminal.fold(_(sentence), WIDTH, later="  ")
    return "\n".join(lines) + "\n"


def _findings(report: Report) -> list[str]:
    heading = _("What was found, the cause first:")
    lines = [heading]
    told: set[str] = set()
    for number, finding in enumerate(report.findings[:SHOWN_FINDINGS], 1):
        lines += _finding(number, finding, told)
    rest = len(report.findings) + report.more_findings - SHOWN_FINDINGS
    if rest > 0:
        lines.append(_more(rest))
    return lines


def _more(rest: int) -> str:
    return ngettext(
        "… and {count} more (see them all with --json)", "… and {count} more (see them all with --json)", rest
    )


def _finding(number: int, finding: Finding, told: set[str]) -> list[str]:
    """Return a finding: code and place, what it means, the detail, and what to do where that is not said yet."""
    start = f"{number:2}. "
    later = " " * len(start)
    place = f"{finding.code.value}: {terminal.shown(finding.subject)}"
    lines = terminal.fold(place, WIDTH, start, later)
    lines += terminal.fold(_(meanings.MEANINGS[finding.code]), WIDTH, later)
    lines += terminal.fold(f"({terminal.shown(elsewhere(finding.detail), 400)})", WIDTH, later)
    advice = meanings.advice(finding.code, altered=finding.level is Level.ALTERED)
    if advice is not None and advice not in told:
        told.add(advice)
        lines += terminal.fold("-> " + _(advice), WIDTH, later, later + "   ")
    return lines


def _anchors(report: Report) -> list[str]:
    """Return what confirms the bundle from outside, and how to get it where nothing does."""
    lines = []
    if report.anchors and report.verdict is not Verdict.ALTERED:
        lines.append(_("What confirms it from outside, or could:"))
        best = sorted(report.anchors, key=lambda anchor: not anchor.anchors)
        for anchor in best[:SHOWN_ANCHORS]:
            lines += terminal.fold(_anchor(anchor), WIDTH, "  ", "    ")
            if holder := _holder(anchor):
                lines += terminal.fold(holder, WIDTH, "    ", "    ")
        if len(best) > SHOWN_ANCHORS:
            lines.append(_more(len(best) - SHOWN_ANCHORS))
    if report.verdict is Verdict.UNANCHORED and report.seal_code is not None:
        for sentence in (
            _("To confirm it: take the paper or the photograph made when the collection ended."),
            _("Compare its seal code, letter by letter, with this one:"),
        ):
            lines += terminal.fold(sentence, WIDTH)
        lines += [f"      {row}" for row in words.code_rows(report.seal_code)]
        lines += terminal.fold(_("Or let the software compare: collect verify FOLDER --seal-code CODE"), WIDTH)
        lines += terminal.fold(_("If they differ, this is not the evidence that was closed then."), WIDTH)
    if not lines and report.verdict is Verdict.INCOMPLETE:
        lines.append(_("Nothing from outside confirms it."))
    return lines


def _anchor(anchor: Anchor) -> str:
    kind = _(ANCHORS[anchor.kind]) if anchor.kind in ANCHORS else terminal.shown(anchor.kind)
    detail = _(_FITS) if anchor.detail == _FITS else elsewhere(anchor.detail)
    return _("- {kind}: {detail}", kind=kind, detail=terminal.shown(detail))


def _holder(anchor: Anchor) -> str:
    if anchor.holder is None:
        return _(_HOLDERS[anchor.kind]) if anchor.kind in _HOLDERS else ""
    holder = terminal.shown(anchor.holder)
    when = words.written(anchor.not_later_than or "?")
    if anchor.key is not None:
        told = N_("held by: {holder}, key {key}; not later than, as they say: {when}")
        return _(told, holder=holder, key=anchor.key, when=when)
    return _("held by: {holder}; not later than: {when}", holder=holder, when=when)


def _counted(report: Report) -> list[str]:
    lines = [
        ngettext("{count} line in the log", "{count} lines in the log", report.records)
        + ", "
        + ngettext("{count} file of evidence", "{count} files of evidence", report.artifacts)
        + ", "
        + ngettext("{count} attachment", "{count} attachments", report.attachments)
    ]
    if report.start_code is not None:
        lines.append(_("Start code: {code}", code=report.start_code))
    if report.seal_code is not None:
        lines.append(_("Seal code: {code}", code=report.seal_code))
    if report.seal_sha256 is not None:
        lines += [
            _("Full fingerprint (SHA-256) of the file `checkpoint`:"),
            *terminal.fold(report.seal_sha256, WIDTH, "  "),
        ]
    if report.recipients:
        said = ngettext(
            "It is encrypted: {count} key can read it. Checked are the encrypted files, as they lie there.",
            "It is encrypted: {count} keys can read it. Checked are the encrypted files, as they lie there.",
            len(report.recipients),
        )
        lines += terminal.fold(said, WIDTH)
    if report.level in LEVELS:
        lines += terminal.fold(_(LEVELS[report.level]), WIDTH)
    if report.resumed:
        said = ngettext(
            "The collection was interrupted and taken up again {count} time, with a new key.",
            "The collection was interrupted and taken up again {count} times, each with a new key.",
            len(report.resumed),
        )
        lines += terminal.fold(said, WIDTH)
        lines += terminal.fold(_("What follows is bound only by what was written down at the end."), WIDTH)
    return lines


def dry_run_times(sources: Sequence[Source], profile: Profile, *, named: bool) -> dict[str, float]:
    """Return the steps that a run would take, in their order, with the longest that each may last, in seconds."""
    times = {source.name: profile.seconds(source.name, source.seconds, named=named) for source in sources}
    return {name: seconds for name, seconds in times.items() if seconds}


def dry_run_text(sources: Sequence[Source], profile: Profile, *, named: bool) -> str:
    """Return what a run would do, in its order; nothing is read or written for it. `named` as in `Profile.seconds`."""
    lines = terminal.fold(_("A run would take these steps, in this order. Nothing was read or written."), WIDTH)
    times = dry_run_times(sources, profile, named=named)
    for number, (name, seconds) in enumerate(times.items(), 1):
        longest = _("at most {duration}", duration=words.duration(seconds))
        lines += terminal.fold(f"{words.doing(name)} ({longest})", WIDTH, f"{number:2}. ", "    ")
    total = sum(times.values())
    lines += terminal.fold(
        _("In all at most {duration}; usually a few minutes.", duration=words.duration(total)), WIDTH
    )
    return "\n".join(lines) + "\n"
