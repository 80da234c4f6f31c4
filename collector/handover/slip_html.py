"""Draws the form of a « bordereau de remise » as one HTML page that asks for nothing else and prints on A4."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from collector.handover import slip_parts
from collector.handover.slip_parts import Boxes, Chain, CodePair, Command, Digest, Sentences
from collector.handover.slip_qr import runs
from collector.text import escaped

if TYPE_CHECKING:
    from collector.handover.slip_parts import Form

_TEMPLATES = Path(__file__).parent
_KINDS = {
    Boxes: "boxes", Sentences: "sentences", Command: "command", CodePair: "codes", Digest: "digest", Chain: "chain",
}  # fmt: skip
_PILED = 2


def drawn(form: Form) -> bytes:
    """Return the page: the same bytes for the same form."""
    template = templates().get_template("slip.html.j2")
    return template.render(form=form).encode("utf-8")


def templates() -> jinja2.Environment:
    """Return where our templates are found, and what they may call."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(kind=_kind, groups=_groups, qr=_qr, calm=_calm)
    environment.globals["widths"] = slip_parts.WIDTHS
    return environment


def _kind(block: object) -> str:
    """Return the name of a block's kind: of a slip's, or of a dossier's by its class."""
    return _KINDS.get(type(block), type(block).__name__.lower())


def _groups(sha256: str) -> list[str]:
    """Return a digest in groups of four."""
    return [sha256[at : at + 4] for at in range(0, len(sha256), 4)]


def _qr(sha256: str) -> dict[str, object]:
    """Return the side and the path of the code, to be filled in one go."""
    side, dark = runs(sha256)
    return {"side": side, "path": "".join(f"M{x} {y}h{length}v1h-{length}z" for y, x, length in dark)}


def _calm(text: str) -> str:
    """Return a text in which marks that stand over or under a letter do not pile up: from the third on, escaped."""
    shown, piled = [], 0
    for char in text:
        piled = piled + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        shown.append(char if piled <= _PILED else escaped(char))
    return "".join(shown)
