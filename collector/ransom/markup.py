"""Takes the text out of HTML (also in an HTA) and RTF: what a person would read, words unbroken.

A tag that only changes how letters look vanishes; one that begins something new becomes a space. So a note with a
`span` around every letter reads like the note without. Every pattern reads its input once.
"""

from __future__ import annotations

import html
import re
from typing import Final

_INLINE: Final = (
    "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd label mark nobr o s samp small span strike "
    "strong sub sup tt u var wbr"
)
_INLINE_TAGS: Final = frozenset(_INLINE.split())
_UNSEEN: Final = ("script", "style", "noscript", "template", "svg")
_TAG: Final = re.compile(r"<[/!?]?([A-Za-z][A-Za-z0-9:-]{0,20}+)?[^<>]{0,4096}+>")
_IS_HTML: Final = re.compile(
    r"<(?:!doctype html|html|head|body|title|meta|div|span|font|center|table|script|style|h[1-6]|p|br|hta:application)"
    r"[\s>/]",
    re.IGNORECASE,
)
_HREF: Final = re.compile(r"""\b(?:href|value|content)\s{0,9}+=\s{0,9}+["']?([^"'<>\s]{5,300}+)""", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}+|#[xX][0-9a-fA-F]{1,6}+|[A-Za-z]{2,8}+);")
_ESCAPE: Final = re.compile(
    r"\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\u\{([0-9a-fA-F]{1,6}+)\}|%u([0-9a-fA-F]{4})|((?:%[0-9a-fA-F]{2}){1,4096}+)"
    r"|\\([nrt])"
)
"""How scripts write letters: in their strings, and for `unescape` and `decodeURIComponent`."""

_MOST_LINKS: Final = 200
_ENOUGH: Final = 40
"""Words of text below which the strings of scripts are looked at too: such a page writes itself."""

_RTF: Final = re.compile(
    r"\\'(?P<byte>[0-9a-fA-F]{2})|\\u(?P<number>-?[0-9]{1,6}+) ?"
    r"|\\(?P<word>[a-zA-Z]{1,32}+)(?P<value>-?[0-9]{1,10}+)? ?|\\(?P<sign>[^a-zA-Z])|(?P<brace>[{}])"
    r"|(?P<text>[^\\{}\r\n]+)"
)
_RTF_UNSEEN: Final = (
    "fonttbl colortbl stylesheet info pict object objdata themedata colorschememapping latentstyles datastore "
    "generator listtable listoverridetable rsidtbl xmlnstbl mmathPr filetbl revtbl fldinst"
)
_RTF_UNSEEN_GROUPS: Final = frozenset(_RTF_UNSEEN.split())
_RTF_SPACES: Final = frozenset({"par", "line", "tab", "cell", "row", "sect", "page", "softline", "emspace", "enspace"})


def is_html(text: str) -> bool:
    """Tell whether a text is HTML: a tag of it near the beginning."""
    return bool(_IS_HTML.search(text, 0, 4096))


def has_entities(text: str) -> bool:
    """Tell whether a text without tags is written in character references."""
    return len(_ENTITY.findall(text[:4096])) > 5


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
    if len(shown.split(maxsplit=_ENOUGH)) < _ENOUGH:
        strings = _ESCAPE.sub(_letter, " ".join(scripts))
        shown += " " + unescaped(_TAG.sub(_space_or_nothing, strings))
    return shown + " \n " + " \n ".join(unescaped(link) for link in links)


def _letter(escape: re.Match[str]) -> str:
    """Return what an escape of a script stands for. One pass: what comes out is not looked at again."""
    if escape[5]:
        data = bytes.fromhex(escape[5].replace("%", ""))
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data.decode("latin-1")
    number = int(escape[1] or escape[2] or escape[3] or escape[4] or "20", 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else " "


def _space_or_nothing(tag: re.Match[str]) -> str:
    name = (tag[1] or "").lower()
    if name in _INLINE_TAGS:
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
    reader = _RtfReader()
    for found in _RTF.finditer(data.decode("latin-1")):
        reader.take(found)
    reader.flush()
    return "".join(reader.out).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class _RtfReader:
    """Reads the tokens of a rich text file one by one; depth is counted, so that no nesting is too deep."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._page = "cp1252"
        self._depth = 0
        self._unseen = 0  # the depth of the group that shows nothing; 0 outside of one
        self._skip = 0  # characters that stand for a Unicode one in old programs
        self._bytes = bytearray()

    def take(self, found: re.Match[str]) -> None:
        """Read one token."""
        if found["byte"] and not self._unseen:
            if self._skip:
                self._skip -= 1
            else:
                self._bytes.append(int(found["byte"], 16))
            return
        self.flush()
        if found["brace"]:
            self._depth += 1 if found["brace"] == "{" else -1
            self._skip = 0
            if self._unseen and self._depth < self._unseen:
                self._unseen = 0
        elif self._unseen:
            return
        elif found["word"]:
            self._word(found["word"], found["value"] or "")
        elif found["number"]:
            self.out.append(chr(int(found["number"]) % 0x10000))
            self._skip = 1
        elif found["sign"]:
            self._sign(found["sign"])
        else:
            self.out.append((found["text"] or "")[self._skip :])
            self._skip = 0

    def flush(self) -> None:
        """Turn the bytes gathered so far into letters of their code page."""
        if self._bytes:
            try:
                self.out.append(self._bytes.decode(self._page, "replace"))
            except LookupError:  # a page that nobody knows
                self.out.append(self._bytes.decode("cp1252", "replace"))
            self._bytes.clear()

    def _word(self, word: str, value: str) -> None:
        if word in _RTF_UNSEEN_GROUPS:
            self._unseen = max(self._depth, 1)
        elif word in _RTF_SPACES:
            self.out.append("\n")
        elif word == "ansicpg" and value:
            self._page = f"cp{value.lstrip('-')[:5]}"

    def _sign(self, sign: str) -> None:
        if sign == "*":
            self._unseen = max(self._depth, 1)
        elif sign in "{}\\":
            self.out.append(sign)
        elif sign in "~\r\n":
            self.out.append(" ")
