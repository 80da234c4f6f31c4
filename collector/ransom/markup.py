"""Takes the text out of HTML (also in an HTA) and RTF: what a person would read, words unbroken.

A tag that only changes how letters look vanishes; one that begins something new becomes a space. So a note with a
`span` around every letter reads like the note without. Every pattern reads its input once.
"""

from __future__ import annotations

import html
import re
from typing import Final

_INLINE: Final = frozenset(
    "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd label mark nobr o s samp small span strike strong "
    "sub sup tt u var wbr".split()
)
_UNSEEN: Final = ("script", "style", "noscript", "template", "svg")
_TAG: Final = re.compile(r"<[/!?]?([A-Za-z][A-Za-z0-9:-]{0,20}+)?[^<>]{0,4096}+>")
_IS_HTML: Final = re.compile(
    r"<(?:!doctype html|html|head|body|title|meta|div|span|font|center|table|script|style|h[1-6]|p|br|hta:application)"
    r"[\s>/]",
    re.IGNORECASE,
)
_HREF: Final = re.compile(r"""\b(?:href|value|content)\s{0,9}+=\s{0,9}+["']?([^"'<>\s]{5,300}+)""", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}+|#[xX][0-9a-fA-F]{1,6}+|[A-Za-z]{2,8}+);")
_MOST_LINKS: Final = 200
_ENOUGH: Final = 200
"""Characters of text below which the strings of scripts are looked at too: such a page writes itself."""

_RTF: Final = re.compile(
    r"\\'(?P<byte>[0-9a-fA-F]{2})|\\u(?P<number>-?[0-9]{1,6}+) ?|\\(?P<word>[a-zA-Z]{1,32}+)(?P<value>-?[0-9]{1,10}+)? ?"
    r"|\\(?P<sign>[^a-zA-Z])|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)"
)
_RTF_UNSEEN: Final = frozenset(
    "fonttbl colortbl stylesheet info pict object objdata themedata colorschememapping latentstyles datastore generator "
    "listtable listoverridetable rsidtbl xmlnstbl mmathPr filetbl revtbl fldinst header footer".split()
)
_RTF_SPACES: Final = frozenset("par line tab cell row sect page softline emspace enspace".split())


def is_html(text: str) -> bool:
    """Tell whether a text is HTML: a tag of it near the beginning."""
    return bool(_IS_HTML.search(text, 0, 4096))


def has_entities(text: str) -> bool:
    """Tell whether a text without tags is written in character references."""
    return len(_ENTITY.findall(text[:4096])) > 5  # noqa: PLR2004 - prose has one or two


def unescaped(text: str) -> str:
    """Return a text with its character references as the characters they stand for."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)


def from_html(text: str) -> str:
    """Return what a page shows, and after it what its links lead to."""
    scripts: list[str] = []
    text = _without_comments(text)
    for name in _UNSEEN:
        text = _without(text, name, scripts)
    links = _HREF.findall(text)[:_MOST_LINKS]
    shown = unescaped(_TAG.sub(_space_or_nothing, text))
    if len(shown.split(maxsplit=_ENOUGH)) * 5 < _ENOUGH:
        strings = " ".join(scripts)
        shown += " " + unescaped(_TAG.sub(_space_or_nothing, strings))
    return shown + " \n " + " \n ".join(unescaped(link) for link in links)


def _space_or_nothing(tag: re.Match[str]) -> str:
    name = (tag[1] or "").lower()
    if name in _INLINE:
        return ""
    return " "


def _without_comments(text: str) -> str:
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[at:start])
        at = end + 3
    return "".join(parts) + text[at:]


def _without(text: str, name: str, removed: list[str]) -> str:
    """Return a text without one kind of element; what stood inside is appended to `removed`."""
    parts, at, low = [], 0, text.lower()
    if len(low) != len(text):  # a letter whose small form is longer: rare, and never in a tag
        return text
    while (start := low.find(f"<{name}", at)) >= 0 and (end := low.find(f"</{name}", start)) >= 0:
        parts.append(text[at:start])
        if name == "script":
            removed.append(text[start:end])
        at = end
    return " ".join(parts) + text[at:]


def from_rtf(data: bytes) -> str:
    """Return the text of a rich text file: groups that show nothing left out, letters of all forms read."""
    text = data.decode("latin-1")
    out: list[str] = []
    page, depth, unseen, skip, pending = "cp1252", 0, 0, 0, bytearray()
    for found in _RTF.finditer(text):
        kind = found.lastgroup
        word = found["word"]
        if kind == "byte" and not unseen:
            if skip:
                skip -= 1
            else:
                pending.append(int(found["byte"], 16))
            continue
        if pending:
            out.append(_bytes(pending, page))
            pending.clear()
        if kind == "brace":
            depth += 1 if found["brace"] == "{" else -1
            skip = 0
            if unseen and depth < unseen:
                unseen = 0
        elif unseen:
            continue
        elif word:
            if word in _RTF_UNSEEN:
                unseen = max(depth, 1)
            elif word in _RTF_SPACES:
                out.append("\n")
            elif word == "ansicpg" and found["value"]:
                page = f"cp{found['value'].lstrip('-')[:5]}"
        elif kind == "number":
            out.append(chr(int(found["number"]) % 0x10000))
            skip = 1
        elif kind == "sign":
            if found["sign"] == "*":
                unseen = max(depth, 1)
            elif found["sign"] in "{}\\":
                out.append(found["sign"])
            elif found["sign"] in "~\r\n":
                out.append(" ")
        elif kind == "text":
            out.append(found["text"][skip:])
            skip = 0
    out.append(_bytes(pending, page))
    return "".join(out).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _bytes(raw: bytearray, page: str) -> str:
    try:
        return bytes(raw).decode(page, "replace")
    except LookupError:
        return bytes(raw).decode("cp1252", "replace")
