"""What all parts of a dossier are made from: facts, rows, answers, and the words of one language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from collector import answers, deadlines
from collector.handover.dossier_facts import CUT_SHORT, NOT_STARTED, STOPPED, moment_of
from collector.handover.dossier_parts import BLANK, Field, Fields
from collector.handover.dossier_rows import SURE
from collector.handover.dossier_said import Given, Words
from collector.paris import Doubt, Entered
from collector.questions import QUESTIONS, STEPS

if TYPE_CHECKING:
    from datetime import datetime

    from collector.answers import Answer
    from collector.handover.dossier_facts import Facts
    from collector.handover.dossier_pictures import Picture
    from collector.handover.dossier_rows import Drawn, Rows
    from collector.handover.slip_facts import SlipFacts

MOMENTS = tuple(name for name, question in QUESTIONS.items() if question.form == "moment")
"""Answers that are moments."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A dossier being made. `slip` is none where the bundle was never closed."""

    facts: Facts
    rows: Rows
    slip: SlipFacts | None
    said: Words
    given: Given

    def answered(self, *names: str) -> Fields:
        """Return the fields of some answers."""
        return Fields(tuple(self.field(name) for name in names))

    def field(self, name: str, label: str = "") -> Field:
        """Return the field of an answer, and what is to be known of a moment."""
        doubt = self.doubt_of(name)
        notes = [self.said(f"moment_{doubt}")] if doubt else []
        notes += [self.said("aware_taken_back")] if name == "aware" and self.is_taken_back() else []
        return self.given.field(name, label=label, note=" — ".join(notes))

    def inline(self, name: str, blank: str = BLANK) -> str:
        """Return an answer as a part of a sentence; of a moment that is still to come dots: it is no fact."""
        return blank if self.doubt_of(name) == "future" else self.given.inline(name, blank) + self._open(name)

    def on_day(self, name: str) -> str:
        """Return the day of an answer as a part of a sentence, without its hour; the same."""
        return BLANK if self.doubt_of(name) == "future" else self.given.on_day(name) + self._open(name)

    def _open(self, name: str) -> str:
        """Return that an awareness that was taken back, or a use after it, is to be confirmed: a letter is signed."""
        is_open = (name == "aware" and self.is_taken_back()) or self.doubt_of(name) == "after"
        return f" ({self.said('to_confirm')})" if is_open else ""

    def known(self, label: str, value: str, *, lines: int = 1, note: str = "", mono: bool = False) -> Field:
        """Return a field under a label of ours; a value that is empty is a blank."""
        return Field(self.said(label), value, lines, note=note, mono=mono)

    def confidence(self, how: str) -> str:
        """Return a confidence in words."""
        return self.said(how) if how in ("low", "medium", "high") else self.said("low")

    def nothing(self) -> str:
        """Return what stands where the search for ransomware has no finding.

        That it was not begun or is not there, that it did not read everything or was told where to look; only one
        without a gap says that there is nothing.
        """
        why = [outcome for source, outcome in self.facts.gaps if source == "ransom"]
        if not self.rows.searched:
            stopped = any(one.startswith(NOT_STARTED) for one in why)
            return self.said("not_searched_stopped" if stopped else "not_searched")
        whole = not why and not self.rows.unread and self.facts.latest("request").get("scan") is None
        return self.said("none_found" if whole else "none_found_partly")

    def origin(self) -> Field:
        """Return where the breach came from, as far as the evidence or the answers tell; else a blank."""
        sure = any(how in SURE for _name, how in self.rows.families)
        known = self.has_demand() or self.rows.groups or sure or self.given.answer("files")
        return self.known("cnil_origin", self.said("cnil_origin_is") if known else "", note=self.said("to_confirm"))

    def family(self) -> str:
        """Return the likeliest family and how sure that is; empty where none was found."""
        found = [one for one in self.rows.families if one[0]]
        if not found:
            return ""
        name, how = found[0]
        if how not in SURE and not self.rows.notes:  # a name out of a text that may be a letter of the practice
            return self.said("family_hidden")
        return f"{name} ({self.said('confidence', how=self.confidence(how))})"

    def extensions(self) -> str:
        """Return the extensions that were appended, those of low confidence by their number; empty where none was."""
        shown = [group.shown for group in self.rows.groups.values() if group.extension]
        named = [one for one in shown if one != "…"]
        hidden = len(shown) - len(named)
        return ", ".join([*named, *([self.said.counted("extensions_hidden", hidden)] if hidden else [])])

    def aware(self) -> Entered | None:
        """Return the moment of awareness that counts, in every part."""
        return answers.when(self.given.answer("aware"))

    def is_taken_back(self) -> bool:
        """Tell whether the last answer about the awareness was "I don't know", and an earlier one counts."""
        return self.given.knows("aware") and self.facts.answers.get("aware") is None

    def doubt_of(self, name: str) -> str:
        """Return what is wrong with the moment of an answer: `future`, a step `before` the awareness, or nothing.

        `after`: an ordinary use later than the awareness.
        """
        moment, aware = answers.when(self.given.answer(name)), self.aware()
        if moment is None or (name == "paper_since" and not self.on_paper()):
            return ""
        if self._is_future(moment):
            return "future"
        if aware is None or self._is_future(aware):
            return ""
        if name == "last_normal":
            return "after" if deadlines.is_later(moment, aware) else ""
        if name not in STEPS:
            return ""
        return "before" if deadlines.not_before(moment, aware.utc) is None else ""

    def estimate(self) -> datetime | None:
        """Return since when files were encrypted at the latest, as the tool estimates it by the computer's clock."""
        return moment_of(self.facts.latest("encryption-start").get("estimate_utc"))

    def agreed_estimate(self) -> datetime | None:
        """Return that estimate where it is not later than the awareness: nobody knew of what had not begun."""
        estimate = self.estimate()
        return estimate if estimate is None or not self._is_after_awareness(estimate) else None

    def stayed_on(self) -> str:
        """Return whether the computer stayed on since the attack: `yes`, `no`, `unknown`; empty where nothing says so.

        Where the tool found nothing against it: `doubted` if the computer was started after somebody had noticed;
        if somebody answered that it was restarted `disputed`, of an `unknown` one `restarted`.
        """
        told = self.facts.latest("uptime")
        verdict, boot = str(told.get("verdict")), moment_of(told.get("boot_time"))
        if verdict not in ("yes", "unknown"):
            return verdict if verdict == "no" else ""
        if boot is not None and self._is_after_awareness(boot):
            return "doubted"
        if self.given.ticked("done", "restarted"):
            return "disputed" if verdict == "yes" else "restarted"
        return verdict

    def _is_after_awareness(self, moment: datetime) -> bool:
        """Tell whether the computer's clock stood at a moment after the awareness, its error taken away."""
        aware = self.aware()
        if aware is None or self._is_future(aware):
            return False
        corrected = moment + timedelta(seconds=self.facts.evidence.correction_s or 0)
        return deadlines.is_later(Entered(corrected, Doubt.NONE), aware)

    def _is_future(self, moment: Entered) -> bool:
        """Tell whether a moment is later than the bundle's last record, on a clock that was compared with a watch."""
        return moment.utc > self.facts.last + timedelta(seconds=max(0, self.facts.evidence.correction_s or 0))

    def when(self, entered: Entered) -> str:
        """Return a moment in figures, only its day where no hour was given."""
        return self.said.day(entered.utc) if entered.doubt is Doubt.DAY else self.said.short(entered.utc)

    def on_paper(self) -> bool:
        """Tell whether the practice works on paper, or nobody was asked: else it does so since no moment."""
        return "paper" not in self.facts.answers or self.given.answer("paper") == "yes"

    def has_demand(self) -> bool:
        """Tell whether a note was found, or somebody said what it asks for: in figures, "nothing" is a text, too."""
        texts = (str(self.given.answer(name) or "") for name in ("amount", "ultimatum"))
        figures = any(one.isdecimal() and one != "0" for text in texts for one in text)
        return bool(self.rows.notes) or self.rows.untold > 0 or self.given.answer("leak") == "yes" or figures

    def ransom(self) -> str:
        """Return what letters add to the attack where a ransom is asked for."""
        return self.said("with_ransom") if self.has_demand() else ""

    def picture_facts(self, picture: Picture, drawn: Drawn) -> list[tuple[str, str]]:
        """Return what is told of every picture: its size and its fingerprint, as it is and as it is stored."""
        said = self.said
        size = said("picture_pixels", width=picture.width, height=picture.height)
        found = [(said("picture_size"), size), (said("picture_sha256"), drawn.sha256)]
        stored = drawn.exhibit.sha256
        return found if stored == drawn.sha256 else [*found, (said("picture_stored"), stored)]

    def why_not(self, outcome: str) -> str:
        """Return why something was not obtained, not to its end, or not even begun."""
        for mark, word in ((NOT_STARTED, "not_started"), (CUT_SHORT, "cut_off")):
            if outcome.startswith(mark):
                return self.said(word, why=self._stopped(outcome.removeprefix(mark)))
        return self.said.outcome(outcome)

    def cut_short(self) -> str:
        """Return what cut the run short; empty where nothing did, or it is still open."""
        closing = self.facts.evidence.bundle.inventory.closing
        return "" if closing is None or closing["outcome"] == "complete" else self._stopped(str(closing["reason"]))

    def _stopped(self, reason: str) -> str:
        return self.said(f"reason_{reason}") if reason in STOPPED else reason

    def counted_notes(self) -> list[tuple[str, int]]:
        """Return what is told of notes by number only: the sentence, and how many."""
        both = (("note_faint", self.rows.faint), ("note_untold", self.rows.untold))
        return [(name, count) for name, count in both if count]


def draft_of(facts: Facts, rows: Rows, slip: SlipFacts | None, language: str) -> Draft:
    """Return what a dossier in `fr` or `en` is made from."""
    said = Words(language)
    return Draft(facts, rows, slip, said, Given(_counting(facts), said))


def _counting(facts: Facts) -> dict[str, Answer]:
    """Return the answers that count: the last, of the awareness the earliest if the last was "I don't know"."""
    said = [(entered.utc, one) for _written, one in facts.aware if (entered := answers.when(one)) is not None]
    if facts.answers.get("aware") is not None or not said:
        return facts.answers
    return {**facts.answers, "aware": min(said, key=lambda pair: pair[0])[1]}
