"""Our slugs and numbers as a person reads them, French and English side by side: one thing has one name everywhere.

The screen (`ui`) and the paper (`handover.slip_said`) both take them from here. Apostrophes are straight; the paper
sets its own.
"""

from __future__ import annotations

from collector import text

LANGUAGES = ("fr", "en")
"""The order in every pair of sentences."""

SOURCES = {
    "system": ("l'ordinateur lui-même", "the computer itself"),
    "processes": ("programmes en cours", "running programs"),
    "connections": ("connexions", "connections"),
    "suspects": ("programmes suspects", "suspicious programs"),
    "memory": ("mémoire de l'ordinateur", "memory of the computer"),
    "executables": ("empreintes des programmes", "fingerprints of programs"),
    "services": ("services", "services"),
    "interfaces": ("câbles et Wi-Fi", "cables and Wi-Fi"),
    "routes": ("chemins du réseau", "network routes"),
    "neighbours": ("ordinateurs voisins", "computers nearby"),
    "dns": ("recherche des noms", "lookup of names"),
    "sessions": ("utilisateurs connectés", "users logged on"),
    "windows": ("fenêtres ouvertes", "open windows"),
    "clipboard": ("presse-papiers", "clipboard"),
    "screen": ("images des écrans", "pictures of the screens"),
    "ransom": ("traces de la rançon", "traces of the ransomware"),
    "registry": ("registre de Windows", "registry of Windows"),
    "artifacts": ("traces et journaux", "traces and logs"),
    "recent-files": ("fichiers récents", "recent files"),
    "network-watch": ("changements du réseau pendant la collecte", "changes of the network during the collection"),
    "isolate": ("coupure du réseau", "cutting off the network"),
    "awake": ("maintien de l'ordinateur en éveil", "keeping the computer awake"),
    "power": ("secteur et batterie", "mains and battery"),
    "power-events": ("démarrages et arrêts précédents", "earlier starts and shutdowns"),
    "activity": ("fichiers modifiés pendant la collecte", "files changing during the collection"),
    "footprint": ("traces de l'outil", "traces of this tool"),
    "summary": ("résumé", "summary"),
    "resume": ("fin d'une collecte interrompue", "end of an interrupted collection"),
    "seal": ("fermeture", "closing"),
}
"""What a source is about, as a noun; one that is not here is shown by its slug."""

OUTCOMES = {
    "absent": ("absent", "not there"),
    "denied": ("accès refusé", "access refused"),
    "locked": ("utilisé par un autre programme", "in use by another program"),
    "timed_out": ("trop long", "took too long"),
    "over_limit": ("trop gros", "too large"),
    "unsupported": ("impossible sur cet ordinateur", "not possible here"),
    "failed": ("erreur de lecture", "error while reading"),
}
"""Why something was not obtained."""


def column(language: str) -> int:
    """Return where a language stands in a pair of ours; one that we have no pair of reads English."""
    return LANGUAGES.index(language if language in LANGUAGES else "en")


def about(source: str, language: str) -> str:
    """Return what a source is about."""
    return _said(SOURCES, source, language)


def outcome(slug: str, language: str) -> str:
    """Return why something was not obtained."""
    return _said(OUTCOMES, slug, language)


def number(count: int, language: str) -> str:
    """Return an integer with its digits grouped."""
    return f"{count:,}".replace(",", "\u00a0") if language == "fr" else f"{count:,}"


def _said(table: dict[str, tuple[str, str]], slug: str, language: str) -> str:
    return table[slug][column(language)] if slug in table else text.printable(slug)
