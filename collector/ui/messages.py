"""The catalogues: every sentence is written in English where it is used and looked up in the chosen language.

Whatever is wrong with a catalogue, the English sentence is shown: a translation never stops a run. Sentences that
other rooms write (errors, findings, reasons) carry the context `elsewhere`; `scripts/catalogues` finds them there.
"""

from __future__ import annotations

import gettext as stock
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from collector import vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

DOMAIN = "collector"
ELSEWHERE = "elsewhere"
"""Context of the sentences that other rooms write."""

_LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("en", *sorted(path.parent.parent.name for path in _LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")))
"""What there is: a catalogue is a language. English is that of the sentences themselves and has none."""
_CONTEXT_END = "\x04"
"""What stands between a context and its sentence in a compiled catalogue (gettext manual, section 10.3)."""
_LONGEST = 600
"""Longest sentence that is compared with the templates: what a field holds may be chosen by an attacker."""
_FIELD = re.compile(r"\{(\w+)\}")


class _Catalogue(stock.GNUTranslations):
    """A compiled catalogue that can also list the templates of other rooms."""

    def templates(self) -> list[str]:
        """Return every sentence of another room that has fields, the most exact first."""
        start = ELSEWHERE + _CONTEXT_END
        keys = [key for key in vars(self)["_catalog"] if isinstance(key, str) and key.startswith(start)]
        found = [key.removeprefix(start) for key in keys if _FIELD.search(key)]
        return sorted(found, key=lambda template: -len(_FIELD.sub("", template)))


class _State:
    """What is installed; one process speaks one language."""

    language = "en"
    catalogue: stock.NullTranslations = stock.NullTranslations()
    templates: tuple[tuple[re.Pattern[str], str], ...] = ()


def install(lang: str | None, system: str = "") -> None:
    """Choose the language: `lang`, the first of LC_ALL, LC_MESSAGES and LANG that is set, the system's, or English."""
    told = (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name))
    wanted = lang or next(told, "") or system
    language = re.split(r"[_.@-]", wanted)[0].lower()
    _State.language = language if language in LANGUAGES else "en"
    _State.catalogue, _State.templates = stock.NullTranslations(), ()
    if _State.language == "en":
        return
    try:
        catalogue = _read(_State.language)
        _State.templates = tuple((_pattern(template), template) for template in catalogue.templates())
        _State.catalogue = catalogue
    except Exception:  # noqa: BLE001 - whatever a broken catalogue raises, the run goes on in English
        _State.language = "en"


def _read(language: str) -> _Catalogue:
    with (_LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        return _Catalogue(file)


def names_none(system: str = "") -> bool:
    """Tell whether neither the environment nor the system names a language: that of programs (C) is nobody's."""
    told = (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name))
    return re.split(r"[_.@-]", next(told, "") or system)[0] in ("", "C", "POSIX")


def asked(arguments: Sequence[str]) -> str | None:
    """Return what the last `--lang` of a command line says, before the rest of it is understood, or `None`."""
    found = None
    for at, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            found = argument.removeprefix("--lang=")
        elif argument == "--lang" and at + 1 < len(arguments):
            found = arguments[at + 1]
    return found


def language() -> str:
    """Return the language that is installed, one of `LANGUAGES`."""
    return _State.language


def said_in(language: str, message: str, **fields: object) -> str:
    """Return a sentence in another language than the one that is chosen."""
    try:
        return (message if language == "en" else _read(language).gettext(message)).format(**fields)
    except Exception:  # noqa: BLE001 - see above
        return message.format(**fields)


def _(message: str, **fields: object) -> str:
    """Return the sentence in the chosen language with its named fields filled in."""
    try:
        found = _State.catalogue.gettext(message) if message else ""
        return found.format(**fields) if fields else found
    except Exception:  # noqa: BLE001 - see above; a wrong sentence in the code itself still raises
        return message.format(**fields) if fields else message


def ngettext(singular: str, plural: str, count: int, **fields: object) -> str:
    """Return the sentence for `count` things; `{count}` is filled in with its digits grouped."""
    fields = {"count": number(count), **fields}
    try:
        return _State.catalogue.ngettext(singular, plural, count).format(**fields)
    except Exception:  # noqa: BLE001 - see above
        return (singular if count == 1 else plural).format(**fields)


def N_(message: str) -> str:  # noqa: N802 - gettext's name for "translate this later"
    """Return the sentence as it is, marked for the catalogue; `_` is called where it is shown."""
    return message


def number(count: int) -> str:
    """Return an integer as a person of the chosen language writes it."""
    return vocabulary.number(count, _State.language)


def elsewhere(sentence: str, **fields: object) -> str:
    """Return a sentence that another room wrote, translated where the catalogue has it or its template.

    With fields, `sentence` is the template itself. Without, what a template's fields stand for is read out of the
    sentence; a field that is a sentence again (an error of the system) is translated too.
    """
    try:
        found = _State.catalogue.pgettext(ELSEWHERE, sentence) if sentence else ""
        if fields:
            return found.format(**fields)
        return found if found != sentence else _from_template(sentence)
    except Exception:  # noqa: BLE001 - see above
        return sentence.format(**fields) if fields else sentence


def _from_template(sentence: str) -> str:
    if len(sentence) > _LONGEST:
        return sentence
    for pattern, template in _State.templates:
        match = pattern.fullmatch(sentence)
        if match is not None:
            values = {name: elsewhere(value) for name, value in match.groupdict().items()}
            return _State.catalogue.pgettext(ELSEWHERE, template).format(**values)
    return sentence


def _pattern(template: str) -> re.Pattern[str]:
    """Return the pattern of the sentences that a template makes; a field may hold anything but nothing."""
    pattern, seen = "", set()
    for at, piece in enumerate(_FIELD.split(template)):
        if at % 2 == 0:
            pattern += re.escape(piece)
        else:
            pattern += f"(?P={piece})" if piece in seen else f"(?P<{piece}>.+?)"
            seen.add(piece)
    return re.compile(pattern, re.DOTALL)
