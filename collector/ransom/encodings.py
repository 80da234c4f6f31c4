"""Finds out how the bytes of a text are to be read: Unicode in its forms, or one of the old code pages.

Windows notes come in UTF-16 with or without its mark and in the code pages of the victim's or the attacker's country.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from typing import Final

_SAMPLE: Final = 8192
"""Bytes by which a code page is chosen."""

_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_CODE_PAGES: Final = (
    # name          letters that texts in it mostly have outside ASCII
    ("cp1252", "àâäçéèêëîïôöùûüœáíóúñãõìòßæøåÀÂÉÈÊËÇÄÎÏÔÖÙÛÜÑµ§½²ªº¿¡€’‘“”«»–—…°•·\xa0™©®"),
    ("cp850", "àâäçéèêëîïôöùûüáíóúñßæøÀÉÈÊÇÄÖÜ«»°"),
    ("cp1250", "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáäčďéěíľĺňôöřšťúůüýžőűăâîşţßÁČĎÉĚÍŇÖŘŠŤÚŮÜÝŽ’‘“”„«»–—…°•\xa0"),
    ("cp1254", "çğıöşüÇĞİÖŞÜâîû’‘“”«»–—…°•\xa0"),
    ("cp852", "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáäčďéěíľĺňôöřšťúůüýžőűăâîşţßÁČĎÉĚÍŇÖŘŠŤÚŮÜÝŽ"),
    ("cp857", "çğıöşüÇĞİÖŞÜâîû"),
    ("cp1251", "абвгдежзийклмнопрстуфхцчшщъыьэюяёії"),
    ("koi8-r", "абвгдежзийклмнопрстуфхцчшщъыьэюяё"),
    ("cp866", "абвгдежзийклмнопрстуфхцчшщъыьэюяё"),
    ("cp1258", "ăâđêôơưàáãèéêìíòóõùúý\u0300\u0301\u0303\u0309\u0323"),
)

_LATIN: Final = frozenset({"cp1252", "cp850", "cp1250", "cp1254", "cp852", "cp857", "cp1258"})
"""Pages of languages whose letters are mostly ASCII."""

_LETTERS: Final = re.compile(rb"[A-Za-z]")
_FREQUENT: Final = frozenset("оеаинтсрвлкмдпуябыью")
"""The most frequent letters of Russian: a wrong Cyrillic code page yields the rare ones, or capitals."""

_SIMPLIFIED: Final = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里"
    "用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日"
    "者意无力与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见"
    "被利什二等产或新己制身果加西斯月话合回特代内信表给世位次度门任常先通教东声提立及比员解水名真论处走义"
    "各入几口认条平系气题活更别打四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命金指许"
    "统区保至队形社便空决治科司五基非则听却达光放即像难且权思完设式路记南品住告类求据程北该交规取格望术领"
    "共确传师密钥付款联邮箱恢复文件您请"
)
_EAST_ASIAN: Final = (
    # name       frequent signs: of each country its own
    ("gb18030", _SIMPLIFIED),
    ("big5", "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能檔案資料加密請聯繫付款恢復"),
    ("shift_jis", "あいうえかきくけこさしすせそたちつてとなにのはまみもやよらりるれろわをんがぎぐげごだばイル"),
    ("euc-kr", "이다는의에을를가하고지로은한기사서있인니도시리자어일정해수보그대부나파암호화복구습"),
)

_FEW_ZEROS: Final = 4
"""Zero bytes in a text of any length that don't make it a binary file; of a longer one, a fiftieth more."""

_PRINTABLE: Final = bytes((*b"\t\n\r", *range(0x20, 0x7F)))
_NOT_CONTROL: Final = bytes(byte for byte in range(256) if byte >= 0x20 or byte in b"\t\n\v\f\r\x1b")


def decode(data: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding; an empty text where the bytes are no text."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace").rstrip("\0\ufffd"), name
    data = data.rstrip(b"\0")  # what a program filled up with: one such byte must not hide a text
    if name := _without_mark(data[:_SAMPLE]):
        return (data + b"\0" * (len(data) % 2)).decode(name, "replace"), name
    return _bytewise(data)


def _bytewise(data: bytes) -> tuple[str, str]:
    """Return the text of bytes that are no UTF-16, with the name of its encoding."""
    if data.count(0, 0, _SAMPLE) > _FEW_ZEROS + len(data[:_SAMPLE]) // 50:
        return "", "binary"
    data = data.replace(b"\0", b" ")  # as an editor shows them
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    text = data.decode("utf-8", "replace")  # head and tail were joined anywhere; a few bytes may be torn
    bad, foreign = text.count("\ufffd"), len(text) - len(text.encode("ascii", "ignore"))
    torn = bad <= 8 + foreign // 50
    if torn and foreign >= 2 * bad:
        return text, "utf-8"
    if len(data[:_SAMPLE].translate(None, _NOT_CONTROL)) * 50 > len(data[:_SAMPLE]):
        return "", "binary"
    if name := _code_page(data[:_SAMPLE]):  # also of few such bytes: a short text in Polish has five
        return data.decode(name, "replace"), name
    return (text, "utf-8") if torn else ("", "binary")


def _without_mark(sample: bytes) -> str:
    """Return the form of UTF-16 of a sample without a mark; empty where it is none."""
    pairs = len(sample) // 2
    if pairs < 8 or (b"\0" not in sample and len(set(sample[1::2])) > 3 and len(set(sample[::2])) > 3):
        return ""
    for name, high, low in (("utf-16-le", sample[1::2], sample[::2]), ("utf-16-be", sample[::2], sample[1::2])):
        zeros = high.count(0)
        if low.count(0) * 20 < pairs and (zeros * 2 > pairs or (high.count(4) + zeros) * 10 > pairs * 9):
            return name
        if zeros > _FEW_ZEROS and low.count(0) * 20 < pairs and _is_cjk(sample, name):
            return name
    return ""


def _is_cjk(sample: bytes, name: str) -> bool:
    """Tell whether a sample read as this UTF-16 is mostly Chinese, Japanese or Korean.

    Two small Latin letters read as one are a Chinese sign: what is ASCII, or whole UTF-8, is no UTF-16 for a zero byte.
    """
    if len(sample.translate(None, _PRINTABLE)) * 10 <= len(sample) or _is_utf8(sample):
        return False
    text = sample[: len(sample) // 2 * 2].decode(name, "replace")
    return len(re.findall(r"[\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]", text)) * 10 > len(text) * 6


def _is_utf8(sample: bytes) -> bool:
    """Tell whether a sample, whose last letter may be torn, is UTF-8 with letters beyond ASCII."""
    try:
        return not codecs.getincrementaldecoder("utf-8")().decode(sample).isascii()
    except UnicodeDecodeError:
        return False


def _code_page(sample: bytes) -> str:
    """Return the code page in which a sample makes most sense; empty where it makes none in any."""
    best, best_score = "", 0.3
    foreign = len(re.findall(rb"[\x80-\xff]", sample))
    if foreign * 10 > len(sample) * 9 and len(set(sample)) > 200:
        return ""
    for name, frequent in (*_CODE_PAGES, *_EAST_ASIAN):
        text = sample.decode(name, "replace")
        signs = {char: count for char, count in Counter(text).items() if not char.isascii()}
        if not signs or (name in _LATIN and foreign > len(_LETTERS.findall(sample))):
            continue
        total = sum(signs.values())
        score = sum(count for char, count in signs.items() if char in frequent) / total
        if name in {"cp1251", "koi8-r", "cp866"}:  # a Russian text has nearly all its letters here
            score = score * 0.5 + 0.5 * sum(count for char, count in signs.items() if char in _FREQUENT) / total
        if score > best_score + 0.02:  # the more usual page wins a draw
            best, best_score = name, score
    return best
