"""Ransom notes told from other texts, whatever they are written in and however they are hidden.

The texts are our own (tests/ransom_texts.py). Figures over real notes are in docs/RANSOM.md; `scripts/evaluate-ransom`
measures them.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import unicodedata
import zlib
from pathlib import Path

import fpdf
import pytest
import wine
from ransom_texts import LETTERS, MAIL, NOTES, ONION, ORDINARY, PAPERS, SHORT_NOTES

from collector.ransom import contacts, families, markup, notes, pdf, reading

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

if sys.platform != "win32":
    import evaluate_ransom

SCRIPT = wine.posix("the script is for POSIX systems")


def judge(text: str | bytes, name: str = "x.txt") -> notes.NoteJudgement:
    data = text.encode() if isinstance(text, str) else text
    return notes.judge_note(name, data[: notes.HEAD] + data[notes.HEAD :][-notes.TAIL :])


@pytest.mark.parametrize("language", NOTES)
def test_a_note_is_one_in_every_language(language) -> None:
    """A note is told by its text alone, with a reason for each of its parts."""
    judged = judge(NOTES[language])
    assert judged.is_note
    assert judged.confidence in notes.CONFIDENCES
    assert len(judged.reasons) == len(judged.explained) == len(set(judged.reasons))
    assert all(text.strip() for text in judged.explained)


@pytest.mark.parametrize("kind", ORDINARY)
def test_what_only_resembles_a_note_is_none(kind) -> None:
    """Advice to victims, manuals of encryption, a shop's mail, an onion mirror: the same words, and no note."""
    judged = judge(ORDINARY[kind])
    assert not judged.is_note
    assert (judged.contacts, judged.family, judged.likenesses) == ((), None, ())


@pytest.mark.parametrize("kind", PAPERS)
def test_everyday_papers_are_no_notes(kind) -> None:
    """A practice's invoice, manual, alert or complaint is no note: it is neither copied nor told as one."""
    assert not judge(PAPERS[kind]).is_note


@pytest.mark.parametrize("kind", LETTERS)
def test_a_letter_with_an_ordinary_address_is_no_sure_note(kind) -> None:
    """So its address and its text go into no paper and no export that is shared; with a hidden address it is one."""
    assert judge(LETTERS[kind]).confidence == "low"
    hidden = judge(LETTERS[kind].replace(MAIL, ONION))
    assert hidden.is_note


@pytest.mark.parametrize("kind", SHORT_NOTES)
def test_a_note_of_few_or_polite_words_is_one(kind) -> None:
    """A verb left out, the familiar form, a compensation instead of a ransom: still a note."""
    assert judge(SHORT_NOTES[kind]).is_note


def test_our_own_texts_are_no_notes(checkout) -> None:
    """What the collector ships and says of ransomware, its rules included, is never taken for a note."""
    paths = [p for folder in ("docs", "rules", "collector") for p in (checkout / folder).rglob("*") if p.is_file()]
    texts = [path for path in paths if path.suffix in {".md", ".txt", ".yaml", ".yar", ".po", ".py"}]
    assert len(texts) > 100
    taken = [path.name for path in texts if judge(path.read_bytes(), path.name).is_note]
    assert taken in ([], ["REASONS.md"])  # which lists all that notes say, one thing a line


def script(text: str) -> bytes:
    return f"<html><body><script>document.write('{text}')</script></body></html>".encode()


WAYS = {
    "utf-8 with mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-16-le with mark": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf-16-be with mark": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-32 with mark": lambda text: text.encode("utf-32"),
    "cp1252": lambda text: text.encode("cp1252"),
    "cp850": lambda text: text.encode("cp850"),
    "entities": lambda text: "".join(f"&#{ord(c)};" for c in text).encode(),
    "hexadecimal entities in html": lambda text: ("<p>" + "".join(f"&#x{ord(c):x};" for c in text)).encode(),
    "a span per letter": lambda text: ("<html>" + "".join(f'<span class="a{c}">{c}</span>' for c in text)).encode(),
    "a bold per letter": lambda text: ("<div>" + "".join(f"<b>{c}</b><!-- x -->" for c in text)).encode(),
    "lines as blocks": lambda text: ("<body><div>" + text.replace("\n", "</div><div>") + "</div>").encode(),
    "written by a script": lambda text: ("<html><script>document.write('" + text + "')</script></html>").encode(),
    "written by a script, hexadecimal": lambda text: script("".join(f"\\x{ord(c):02x}" for c in text)),
    "written by a script, unicode": lambda text: script("".join(f"\\u{ord(c):04x}" for c in text)),
    "written by a script, points of code": lambda text: script("".join(f"\\u{{{ord(c):x}}}" for c in text)),
    "written by a script, accents only": lambda text: script(
        "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in text).replace("\n", "\\n")
    ),
    "written by a script, percent": lambda text: script("".join(f"%{byte:02X}" for byte in text.encode())),
    "written by a script, percent as latin-1": lambda text: script("".join(f"%{ord(c):02x}" for c in text)),
    "hta": lambda text: ("<HTA:APPLICATION ID=x><body><table><td>" + text.replace(" ", "&nbsp;") + "</td>").encode(),
    "zero-width": lambda text: "\u200b".join(text).encode(),
    "soft hyphens": lambda text: "\u00ad".join(text).encode(),
    "cyrillic a, e, o": lambda text: text.translate(str.maketrans("aeo", "\u0430\u0435\u043e")).encode(),
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" < c < "~" else c for c in text).encode(),
    "decomposed": lambda text: unicodedata.normalize("NFD", text).encode(),
    "capitals": lambda text: text.upper().encode(),
    "a frame": lambda text: "\n".join(f"| {line:<118} |" for line in text.split("\n")).encode(),
    "rtf": lambda text: (
        "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}\\f0 "
        + "".join(c if ord(c) < 128 else f"\\'{ord(c):02x}" for c in text.replace("\n", "\\par\n"))
        + "}"
    ).encode(),
    "rtf, unicode, a group per letter": lambda text: (
        "{\\rtf1" + "".join(f"{{\\b \\u{ord(c)}?}}" for c in text) + "}"
    ).encode(),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_hiding_the_words_does_not_help(way, language) -> None:
    """A note in another encoding, markup or spelling says the same, and is judged nearly the same."""
    hidden = judge(WAYS[way](NOTES[language].replace("\u2019", "'")))
    assert hidden.is_note
    assert hidden.score >= judge(NOTES[language]).score * 0.8
    assert contacts.Contact("email", MAIL) in hidden.contacts or way == "capitals"


@pytest.mark.parametrize(
    ("language", "encoding"),
    [("ru", "cp1251"), ("ru", "koi8-r"), ("ru", "cp866"), ("zh", "gb18030"), ("ru", "utf-16-le"), ("zh", "utf-16-be"),
     ("de", "cp850"), ("es", "cp1252"), ("pt", "cp1252"), ("it", "cp850")],
)  # fmt: skip
def test_code_pages_are_recognised(language, encoding) -> None:
    """A note in an old code page, or in UTF-16 without its mark, is read in the right one."""
    assert judge(NOTES[language].encode(encoding)).is_note


ZEROS = {
    "one at the end": lambda data: data + b"\0",
    "a sector of them at the end": lambda data: data + b"\0" * 20_000,
    "one amid": lambda data: data[:200] + b"\0" + data[200:],
    "one in front": lambda data: b"\0" + data,
    "three strewn": lambda data: data.replace(b". ", b".\0 ", 3),
}


@pytest.mark.parametrize("where", ZEROS)
@pytest.mark.parametrize(
    ("language", "encoding"),
    [("en", "ascii"), ("fr", "utf-8"), ("fr", "cp1252"), ("vi", "utf-8"), ("ru", "cp1251"),
     ("ru", "koi8-r"), ("zh", "gb18030")],
)  # fmt: skip
def test_a_zero_byte_hides_nothing(where, language, encoding) -> None:
    """A few zero bytes make no note a binary file, nor its letters Chinese signs of UTF-16."""
    data = NOTES[language].encode(encoding)
    assert judge(ZEROS[where](data)).score == judge(data).score > 0
    assert judge(ZEROS[where](data)).is_note


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_zero_bytes_after_unicode(language, encoding) -> None:
    """UTF-16 that was filled up with zero bytes, be their number odd or even, is still UTF-16."""
    for more in (1, 2, 10_001):
        assert judge(NOTES[language].encode(encoding) + b"\0" * more).is_note


def test_latin_letters_in_russian_words_are_seen_through() -> None:
    """A Russian note whose letters a, e, o, p, c are Latin ones reads like the note without."""
    disguised = NOTES["ru"].translate(str.maketrans("аеорс", "aeopc"))  # noqa: RUF001 - the disguise
    assert judge(disguised).score >= judge(NOTES["ru"]).score - 1


@pytest.mark.parametrize("font", [None, "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"])
def test_a_pdf_is_read(font) -> None:
    """The packed text of a PDF is read, by its font's table where the letters stand as numbers of the font."""
    page = fpdf.FPDF()
    page.add_page()
    if font and os.path.exists(font):  # noqa: PTH110 - one look
        page.add_font("own", "", font)
    page.set_font("own" if font and os.path.exists(font) else "Helvetica", size=11)  # noqa: PTH110
    page.multi_cell(0, 6, NOTES["en"])
    judged = judge(bytes(page.output()), "note.pdf")
    assert (judged.is_note, judged.form) == (True, "pdf")


def test_a_note_amid_nothing_is_found_and_strewn_words_are_not() -> None:
    """A dense note at the end of a long file counts; the same sentences a page apart from each other don't."""
    filler = "The weather was fine and nobody went to the river on that day. " * 60
    assert judge(filler * 3 + NOTES["en"]).is_note
    assert not judge((filler * 2).join(NOTES["fr"].split(". "))).is_note


def test_a_telling_name_helps_and_never_suffices() -> None:
    """A name such as notes have makes a short text one; with ordinary words, or none, it makes nothing."""
    short = f"Hello! {MAIL}"
    assert not judge(short).is_note
    assert judge(short, "HOW_TO_RECOVER_YOUR_FILES.txt").is_note
    assert judge(short, "HOW_TO_RECOVER_YOUR_FILES.txt").confidence == "low"
    assert not judge(short, "HOW_TO_RECOVER_YOUR_FILES.rst").is_note, "no victim opens it with a double click"
    for text in ("", "Dear all, the meeting is on Monday.", ORDINARY["mail"], ORDINARY["advice_fr"]):
        assert not judge(text, "RESTORE_FILES_README.txt").is_note


@pytest.mark.parametrize("place", ["{key} {text}", "{text} {key}", "{text} {key} {text}"])
def test_a_key_stands_for_an_address_wherever_it_stands(place) -> None:
    """Without an address a text that just reaches the line is none; a key of the victim's, first or last, is one."""
    text, key = "Your files are encrypted. Do not rename the files.", "7YWHMfk9JZe2LMvLfTq8NmXb4RkPwZcDsGhUjTnVaQyE"
    assert not judge(text).is_note
    assert judge(place.format(text=text, key=key)).is_note


def test_only_an_address_is_no_note() -> None:
    """Text that nobody could tell from a line of an address book is not called a note."""
    for text in (MAIL, f"PLAY\n{MAIL}", ONION):
        assert not judge(text, "x.txt").is_note


def test_bytes_of_programs_and_pictures_are_no_text() -> None:
    """A program that holds a note among its strings is not a note, and neither is random data."""
    noise = random.Random(5).randbytes(40_000)
    for data in (b"\x7fELF" + noise + NOTES["en"].encode() + noise, noise, b"\x89PNG\r\n\x1a\n" + noise, b"\0" * 5000):
        assert not judge(data).is_note


def test_contacts_are_structured() -> None:
    """All that a note names stands in its own field."""
    text = NOTES["en"] + f"\nChat: {ONION}abc Tox: {'AB' * 36}0000 https://t.me/some_gang 0.5 BTC $3,000"
    text += " to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa or bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    found = {(one.kind, one.value): one.checked for one in judge(text).contacts}
    assert found[("onion", ONION.removeprefix("http://") + "abc")]
    assert found[("email", MAIL)] is False
    assert found[("tox", "AB" * 36 + "0000")]
    assert found[("telegram", "t.me/some_gang")] is False
    assert found[("bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")]
    assert found[("bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")]
    assert ("victim_id", "7F3A99C1D2") in found
    assert ("deadline", "72 hours") in found
    assert {("amount", "0.5 BTC"), ("amount", "$3,000")} <= set(found)


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ("http://victim:Secret77@leaks.evil.top/x", "url", ""),
        ("HTTPS://victim:Secret77@leaks.evil.top:8443", "url", ""),
        ("ftp://victim:Secret77@leaks.evil.top/x", "url", ""),
        ("sftp://victim:Secret77@leaks.evil.top", "url", ""),
        ("http://victim:Se/cret77@leaks.evil.top/", "url", ""),
        ("http://victim@leaks.evil.top/x", "url", ""),
        ("http://a@b@leaks.evil.top/x", "url", ""),
        ("hxxps[:]//victim:Secret77@leaks.evil.top/", "url", ""),
        (f"http://victim:Secret77@{'a' * 56}.onion/x", "onion", f"{'a' * 56}.onion/x"),
        ("http://pay@evil.top/", "email", "pay@evil.top"),
        ("https://evil.top:8443/?write=pay@evil.top", "email", "pay@evil.top"),
        ("email:pay@evil.top", "email", "pay@evil.top"),
    ],
)
def test_a_login_is_nobodys_address(written, kind, value) -> None:
    """`user:password@` before a site makes no e-mail of the password and the site; the address stays as written."""
    found = [one for one in judge(f"{NOTES['en']}\nOr on {written} .").contacts if MAIL not in one.value]
    found = [(one.kind, one.value) for one in found if one.kind in ("email", "url") or "aaa" in one.value]
    assert found == [(kind, value or written)]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("https://t.me/some-gang", "t.me/some-gang"),
        ("t.me/joinchat/Ab-Cd_12", "t.me/joinchat/Ab-Cd_12"),
        ("https://t.me/+Ab-Cd_12", "t.me/+Ab-Cd_12"),
        ("t.me/gangst\u00e9", "t.me/gangst\u00e9"),
        ("telegram @some_gang.", "@some_gang"),
        ("telegram @some-gang", None),
        ("telegram or mail pay@evil.top", None),
    ],
)
def test_a_name_on_telegram_is_whole(written, value) -> None:
    """No beginning of a name is taken for a name, and no site of an e-mail for one."""
    found = [one.value for one in contacts.marked(f"Write: {written} now")[1].all() if one.kind == "telegram"]
    assert found == ([value] if value else [])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),  # the first block
        ("bitcoin", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
        ("bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),  # BIP 173
        ("bitcoin", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),  # BIP 350
        ("ethereum", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),  # EIP-55
        ("monero", "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A"),
    ],
)
def test_a_wallet_has_its_checksum(kind, value) -> None:
    """Published addresses are known by their checksum; with one sign changed they are nothing."""
    assert contacts.marked(f"send to {value} now")[1].all() == (contacts.Contact(kind, value, checked=True),)
    for at in (len(value) // 2, len(value) - 3):
        sign = {"a": "c", "A": "B"}.get(value[at], "a" if value[at].islower() or value[at].isdigit() else "A")
        assert contacts.marked(f"send to {value[:at]}{sign}{value[at + 1 :]} now")[1].all() == ()


def test_family_by_name_and_words() -> None:
    """A family is told with its reasons: by its own word and its own file name; by a common name never."""
    known = next(f for f in families.ransom_rules.families() if f.marks and f.names and len(f.marks[0]) > 6)
    by_word = judge(NOTES["en"] + f"\nThis is {known.marks[0]}.")
    assert known.name in {one.family for one in by_word.likenesses}
    both = judge(NOTES["en"] + f"\nThis is {known.marks[0]}.", known.names[0])
    best = next(one for one in both.likenesses if one.family == known.name)
    assert set(best.reasons) == {"words of the note", "name of the note"}
    assert judge(NOTES["en"], "readme.txt").family is None


CALLED = {
    "We are the Hive team.": ("Hive", "calls itself so"),
    "You were hacked by Royal!": ("Royal", "calls itself so"),
    "This is BlackSuit speaking": ("BlackSuit", "words of the note"),
    "This is black suit speaking": ("BlackSuit", "words of the note"),
    f"Go to cactusbg{'b' * 48}.onion": ("Cactus", "name in its address"),
    "your data was encrypted by the zorgblat ransomware": ("zorgblat", "calls itself so"),
}


@pytest.mark.parametrize("said", CALLED)
def test_a_family_that_names_itself(said) -> None:
    """Ordinary words tell where a note calls somebody so, own names anywhere; unknown names are of low confidence."""
    family, reason = CALLED[said]
    found = {one.family: one for one in judge(f"{NOTES['en']}\n{said}\n").likenesses}
    assert reason in found[family].reasons
    assert found[family].confidence == ("low" if family == "zorgblat" else "medium")


def test_an_ordinary_word_names_no_family() -> None:
    """Royal, hive, play: a note that merely uses them resembles nobody; in its file's name they tell."""
    text = f"{NOTES['en']}\nDo not play with us, our royal hive of hackers has your quantum of data.\n"
    assert judge(text, "readme.txt").likenesses == ()
    assert "Risen" in {one.family for one in judge(text, "Risen_Note.txt").likenesses}


@pytest.mark.parametrize("disguise", ["\n%PDF-", "%PDF-1.4\n", "%PDF- 1 0 obj\n"])
def test_no_word_of_a_document_hides_a_note(disguise) -> None:
    """What says that it is a document and shows nothing is read as the text that it is."""
    text = NOTES["en"]
    for disguised in (text + disguise, disguise + text, text[:60] + disguise + text[60:]):
        assert judge(disguised).is_note


def cut(data: bytes) -> bytes:
    return data[: notes.HEAD] + data[notes.HEAD :][-notes.TAIL :]


HOSTILE = {
    "ten megabytes of a": b"a" * 10_000_000,
    "nested tags": b"<html>" + b"<div>" * 2_000_000,
    "open brackets": b"<html>" + b"<" * 1_000_000,
    "open comments": b"<html>" + b"<!--" * 500_000,
    "open scripts": b"<html>" + b"<script>" * 300_000,
    "a million entities": b"&#97;" * 1_000_000,
    "entities without a meaning": b"<html>" + b"&notit;" * 500_000,
    "escapes": b"<html><script>" + b"\\u0061%61\\x61\\u{61}" * 200_000 + b"</script>",
    "half escapes": b"<html><script>" + b"\\u{\\x%6%u" * 300_000 + b"</script>",
    "escapes of no letter": b"<html><script>" + b"\\ud800\\u{ffffff}%ff%u0000" * 100_000 + b"</script>",
    "rtf braces": b"{\\rtf1" + b"{" * 1_000_000,
    "rtf letters": b"{\\rtf1" + b"\\'41" * 500_000,
    "one word of mixed scripts": "a\u0430".encode() * 350_000,
    "one word of a foreign script": "您".encode() * 350_000,
    "signs that grow": "\ufdfa".encode() * 200_000,
    "marks of seven kinds": "".join(mark * 9000 for mark in "a\u0345\u035c\u0315\u0300\u031b\u0323\u0327").encode(),
    "marks of two kinds": ("a" + "\u0315" * 32768 + "\u0300" * 32768).encode(),
    "a document without an object": b"%PDF-1.4\n",
    "a letter with a million marks": ("a" + "\u0301" * 500_000).encode(),
    "base64": random.Random(1).randbytes(300_000).hex().encode(),
    "wallets": b"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed " * 9000,
    "onions": ONION.encode() * 6000,
    "at signs": b"a@" * 200_000,
    "dots": b"a@" + b"a." * 200_000,
    "sentences of notes": b"do not rename your encrypted files or pay the third party police within 48 hours " * 5000,
    "beginnings of sentences": b"your all your all the data files we have been " * 9000,
    "pdf objects": b"%PDF-1.4\n" + b"1 0 obj " * 50_000,
    "pdf one table, many names": b"%PDF-1.4\n2 0 obj <</Type/X>> stream\nbeginbfrange <0000> <fff0> <0041> endbfrange "
    b"Tj endstream\n1 0 obj <</Type /ToUnicode 2 0 R " + b"".join(b"/F%d 1 0 R " % number for number in range(400)),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_judged_on_bounded_input(kind) -> None:
    """Whatever a file holds, no more than fixed amounts of text and words reach the rules, and it is no note.

    The length of each stage bounds its work, for every pattern reads its input once; a quadratic one would hang.
    """
    data = cut(HOSTILE[kind])
    assert len(data) <= reading.MOST_BYTES
    read = reading.read(data)
    assert len(read.text) <= reading.MOST_TEXT
    marked, found = contacts.marked(read.text)
    assert len(marked) <= 12 * reading.MOST_TEXT
    assert len(reading.words(marked)) <= 4 * reading.MOST_TEXT
    assert len(found.all()) <= contacts.MOST_EACH * len(contacts.KINDS)
    assert not judge(data).is_note


def test_checksums_are_counted(monkeypatch) -> None:
    """Of a file full of addresses only so many checksums are computed."""
    computed = []
    real = contacts._wallet
    monkeypatch.setattr(contacts, "_wallet", lambda kind, value: computed.append(value) or real(kind, value))
    contacts.marked(" ".join(f"0x{number:040x}" for number in range(5000)))
    assert len(computed) == contacts.MOST_CHECKED


def test_a_pdf_bomb_is_unpacked_to_a_bound() -> None:
    """Streams that unpack to gigabytes yield at most the bound, over all of them."""
    packed = zlib.compress(b"(a) Tj " * 3_000_000)
    data = b"%PDF-1.4\n" + b"".join(b"%d 0 obj <</FlateDecode>> stream\n%s\nendstream endobj\n" % (number, packed)
                                    for number in range(1, 30))  # fmt: skip
    _, streams = pdf._parts(cut(data))
    assert 0 < sum(len(raw) for _, raw in streams) <= pdf.MOST_UNPACKED
    assert len(pdf.text(cut(data))) <= 256 * 1024


def test_html_that_shows_something_else() -> None:
    """Inline tags vanish, block tags part words, scripts and styles are not shown where there is text."""
    page = "<p>one<b>two</b></p><p>three</p><style>four{}</style>" + "<div>word </div>" * 50 + "<script>five</script>"
    shown = markup.from_html(page)
    assert "onetwo " in shown
    assert "twothree" not in shown
    assert "four" not in shown
    assert "five" not in shown


def evaluate(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-B", "scripts/evaluate_ransom.py", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture
def collection(tmp_path):
    """Return folders of notes and of ordinary files, with what must not disturb: a pipe, a link, a large file."""
    for family, language in (("first", "en"), ("first", "fr"), ("second", "de"), ("third", "tor")):
        folder = tmp_path / "notes" / family
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{language}.txt").write_text(NOTES[language])
    (tmp_path / "notes/third/tor.txt").write_text("nothing of interest")
    benign = tmp_path / "benign"
    benign.mkdir()
    for kind, text in ORDINARY.items():
        (benign / f"{kind}.txt").write_text(text)
    os.mkfifo(benign / "pipe")
    (benign / "link.txt").symlink_to(tmp_path / "notes/first/en.txt")
    with (benign / "large.bin").open("wb") as large:
        large.truncate(3 << 30)
    (benign / "false.txt").write_text(NOTES["es"])
    return tmp_path


@SCRIPT
def test_evaluate_prints_one_object(collection, checkout, monkeypatch) -> None:
    """`--json` prints exactly the promised object; pipes and links are passed over, large files read in part."""
    monkeypatch.chdir(checkout)
    done = evaluate("--notes", collection / "notes", "--benign", collection / "benign", "--json")
    told = json.loads(done.stdout)
    seconds = told.pop("seconds"), told.pop("slowest")
    assert told == {"notes": 4, "found": 3, "families": 3, "families_found": 2, "benign": len(ORDINARY) + 2,
                    "false_positives": 1}  # fmt: skip
    assert 0 <= seconds[1] <= seconds[0]
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)


@SCRIPT
def test_evaluate_takes_a_list(collection, checkout, monkeypatch) -> None:
    """`--benign` may be a file of paths; what is not there or no file is told on stderr and counts nowhere."""
    monkeypatch.chdir(checkout)
    listing = collection / "list"
    benign = collection / "benign"
    listing.write_text(f"{benign}/gpg.txt\n{benign}/pipe\n{benign}/gone.txt\n{benign}/link.txt\n")
    done = evaluate("--benign", listing, "--list")
    assert done.returncode == 0
    assert done.stderr.count("not read:") == 3
    assert "benign           1\n" in done.stdout
    assert evaluate("--notes", collection / "nowhere").returncode == 2


@SCRIPT
def test_evaluate_survives_what_lists_hold(collection, checkout, monkeypatch) -> None:
    """Lines that end as on Windows name their file; a zero byte, a name too long or bytes of no text end no run."""
    monkeypatch.chdir(checkout)
    benign, listing = bytes(collection / "benign"), collection / "list"
    listing.write_bytes(b"%b/gpg.txt\r\n\r\n%b/a\0b\r\n%b/\xff\n%b/%b" % (benign, benign, benign, benign, b"x" * 5000))
    done = evaluate("--benign", listing, "--json")
    assert (done.returncode, json.loads(done.stdout)["benign"], done.stderr.count("not read:")) == (0, 1, 3)


@pytest.mark.parametrize("what", ["pipe", "/dev/zero", "gone", "gpg.txt"])
@pytest.mark.parametrize("option", ["--notes", "--benign"])
@SCRIPT
def test_evaluate_refuses_what_is_no_folder(collection, checkout, monkeypatch, option, what) -> None:
    """A pipe or a device is refused at once, and a list of paths that can't be read measures nothing: never 0 of 0."""
    monkeypatch.chdir(checkout)
    done = evaluate(option, collection / "benign" / what, "--json")
    assert done.returncode == 2
    assert "error:" in done.stderr or "nothing was judged" in done.stderr
    assert "Traceback" not in done.stderr


@SCRIPT
def test_evaluate_says_when_nothing_was_judged(tmp_path, checkout, monkeypatch) -> None:
    """An empty folder gives the object with zeros and a failure; without a folder there is only the failure."""
    monkeypatch.chdir(checkout)
    empty = evaluate("--notes", tmp_path, "--json")
    assert (empty.returncode, set(json.loads(empty.stdout).values())) == (2, {0})
    assert "nothing was judged" in empty.stderr
    nothing = evaluate("--json")
    assert (nothing.returncode, nothing.stdout) == (2, "")


@SCRIPT
def test_evaluate_tells_what_it_could_not_list(collection) -> None:
    """A folder that refuses and a file that vanished are told and counted, not passed over in silence."""
    tally = evaluate_ransom.Tally()
    walk = evaluate_ransom.files(collection / "notes", tally)
    assert next(walk).name == "en.txt"
    (collection / "notes/first/fr.txt").unlink()
    (collection / "notes/second/de.txt").unlink()
    (collection / "notes/second").rmdir()
    assert [path.name for path in walk] == ["tor.txt"]
    assert tally.unread == 2


@pytest.mark.parametrize("way", ["utf-16-le", "utf-16-be-bare", "entities", "spans", "zero-width", "homoglyphs", "rtf"])
@SCRIPT
def test_evaluate_hides_notes(collection, checkout, monkeypatch, way) -> None:
    """`--as` rewrites the notes, and none that was found is lost."""
    monkeypatch.chdir(checkout)
    told = json.loads(evaluate("--notes", collection / "notes", "--json", "--as", way).stdout)
    assert (told["notes"], told["found"]) == (4, 3)
