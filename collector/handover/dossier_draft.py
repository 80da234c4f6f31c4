"""What all parts of a dossier are made from: facts, rows, answers, and the words of one language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.handover.dossier_parts import Field, Fields
from collector.handover.dossier_said import Given, Words

if TYPE_CHECKING:
    from collector.handover.dossier_facts import Facts
    from collector.handover.dossier_rows import Rows
    from collector.handover.slip_facts import SlipFacts


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
        return Fields(tuple(self.given.field(name) for name in names))

    def known(self, label: str, value: str, *, lines: int = 1, note: str = "", mono: bool = False) -> Field:
        """Return a field under a label of ours; a value that is empty is a blank."""
        return Field(self.said(label), value, lines, note=note, mono=mono)

    def confidence(self, how: str) -> str:
        """Return a confidence in words."""
        return self.said(how) if how in ("low", "medium", "high") else self.said("low")

    def family(self) -> str:
        """Return the likeliest family and how sure that is; empty where none was found."""
        found = [one for one in self.rows.families if one[0]]
        if not found:
            return ""
        name, how = found[0]
        return f"{name} ({self.said('confidence', how=self.confidence(how))})"

    def extensions(self) -> str:
        """Return the extensions that were appended, those of low confidence by their number; empty where none was."""
        shown = [group.shown for group in self.rows.groups.values() if group.extension]
        named = [one for one in shown if one != "…"]
        hidden = len(shown) - len(named)
        return ", ".join([*named, *([self.said.counted("extensions_hidden", hidden)] if hidden else [])])

    def on_paper(self) -> bool:
        """Tell whether the practice works on paper, or nobody was asked: else it does so since no moment."""
        return "paper" not in self.facts.answers or self.given.answer("paper") == "yes"

    def has_demand(self) -> bool:
        """Tell whether a note was found, or somebody said what it asks for."""
        said = (self.given.knows("amount"), self.given.knows("ultimatum"), self.given.answer("leak") == "yes")
        return bool(self.rows.notes) or self.rows.untold > 0 or any(said)

    def ransom(self) -> str:
        """Return what letters add to the attack where a ransom is asked for."""
        return self.said("with_ransom") if self.has_demand() else ""

    def counted_notes(self) -> list[tuple[str, int]]:
        """Return what is told of notes by number only: the sentence, and how many."""
        both = (("note_faint", self.rows.faint), ("note_untold", self.rows.untold))
        return [(name, count) for name, count in both if count]


def draft_of(facts: Facts, rows: Rows, slip: SlipFacts | None, language: str) -> Draft:
    """Return what a dossier in `fr` or `en` is made from."""
    said = Words(language)
    return Draft(facts, rows, slip, said, Given(facts.answers, said))
