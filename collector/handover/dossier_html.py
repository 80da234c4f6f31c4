"""Draws a dossier as one HTML page that asks for nothing else and prints on A4; pictures stand in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.handover import slip_html

if TYPE_CHECKING:
    from collector.handover.dossier_parts import Dossier


def drawn(dossier: Dossier) -> bytes:
    """Return the page: the same bytes for the same dossier."""
    return slip_html.templates().get_template("dossier.html.j2").render(dossier=dossier).encode("utf-8")
