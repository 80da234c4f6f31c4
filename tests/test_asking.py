"""The questions of guided mode, without a run: each form, ways back and out, the worst that can be typed, moments."""

from __future__ import annotations

import io
import itertools
import re
from datetime import UTC, datetime

import pytest

from collector import answers
from collector.questions import BEFORE, GROUPS, LONGEST, QUESTIONS
from collector.ui import asking, guided, messages, moments, terminal, typed

JARGON = re.compile(r"hash|art[ei]fact|manifest|checksum|digest|sha-?256", re.IGNORECASE)


@pytest.fixture(autouse=True)
def english():
    """Leave the process in English."""
    yield
    messages.install("en")


def asked(*lines, lang="en"):
    """Return what guided mode makes of lines that are typed, and what it wrote."""
    messages.install(lang)
    out = io.StringIO()
    told = guided.Guide(io.StringIO("".join(line + "\n" for line in lines)), out).ask("CASE-1")
    return told, out.getvalue()


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_i_do_not_know_is_an_answer_to_everything(lang):
    """`?` thirty times: each question is answered with nothing known, in both languages."""
    told, out = asked("", *["?"] * 40, lang=lang)
    assert told.case == "CASE-1"
    assert (told.operator, told.witness) == (None, None)
    assert set(told.eyes.values()) == {"unknown"}
    given = {name: answer for group in told.answers.values() for name, answer in group.items()}
    assert given == {name: None for group in BEFORE for name in GROUPS[group] if name != "paper_since"}
    assert not JARGON.search(out)
    assert [line for line in out.split("\n") if terminal.width(line) > 79] == []


def test_enter_alone_answers_nothing():
    """Who presses Enter through all of it has said nothing: no tick is a "none of these"."""
    told, _out = asked(*[""] * 40)
    assert (told.answers, told.eyes) == ({}, {})


def test_a_way_back_and_a_way_out():
    """`<` shows the answer of before and takes another; `!` keeps what was said until then."""
    told, out = asked("", "Ann", "<", "<", "<", "Bob", "nurse", "!")
    assert "So far: Ann" in out
    assert told.operator == "Bob"
    assert told.answers == {"awareness": {"role": "nurse"}}
    told, _out = asked("", "Ann", "<", "", "nurse", "<", "?", "!")
    assert (told.operator, told.answers) == ("Ann", {"awareness": {"role": None}})
    assert asked("!")[0].answers == {}


def test_ticks_and_moments_are_kept_by_whoever_leaves():
    """`!` under a list that was ticked, or under a moment that was understood, does not take it back."""
    seen = itertools.chain([""], [""] * 19, ["1 2", "!"])
    assert asked(*seen)[0].answers == {"seen": {"stopped": ["agenda", "records"]}}
    told, out = asked("", *[""] * 6, "2026-10-25 02:30", "!")
    assert told.answers["awareness"]["aware"] == {"utc": "2026-10-25T00:30Z", "doubt": "twice"}
    assert "this hour came twice" in " ".join(out.split())


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("\x1b[A\x1b[31mred\x1b[0m\x1b]0;t\x07", "red0;t"),
        ("a\u202egpj.exe\u200b", "agpj.exe"),
        ("\x00NUL\x07", "NUL"),
        ('"><script>alert(1)</script>', '"><script>alert(1)</script>'),
        ("=cmd|'/c calc'!A1", "=cmd|'/c calc'!A1"),
        ("\udcc3\udca9t\udcc3\udca9", "été"),
        ("\udce9t\udce9 \u0153", "été \u0153"),
        ("tab\tand   spaces\u00a0", "tab and spaces"),
    ],
)
def test_the_worst_that_can_be_typed(line, kept):
    """No control character is kept; a letter in the code page of another terminal is the letter that was meant."""
    told, out = asked("", "", line, "!")
    assert told.answers == {"awareness": {"role": kept}}
    assert "\x1b" not in out


def test_four_thousand_letters():
    """One line answers one question: the first letters are kept once that was said, or a shorter text is."""
    told, out = asked("", "", "x" * 40_000, "", "y" * 301, "short", "z" * 301, "!")
    assert told.answers["awareness"] == {"role": "x" * LONGEST, "site": "z" * LONGEST}
    assert told.witness == "short"
    assert f"only the first {LONGEST} letters are kept" in out
    assert len(asked("", "n" * 500, "", "!")[0].operator) == asking.NAME


def test_what_a_person_writes_for_a_moment(monkeypatch):
    """The time alone, today, yesterday, no year, two digits of one: completed by the clock, and shown."""
    class Now(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 1, 2, 23, 30, tzinfo=UTC).astimezone(tz)  # in Paris the third has begun

    monkeypatch.setattr(moments, "datetime", Now)
    for lang, text, utc in (
        ("en", "8:30", "2026-01-03T07:30"),
        ("fr", "8h", "2026-01-03T07:00"),
        ("fr", "hier 18h", "2026-01-02T17:00"),
        ("fr", "Aujourd'hui, 0h10", "2026-01-02T23:10"),
        ("en", "yesterday at 18:00", "2026-01-02T17:00"),
        ("fr", "31/12 à 9h", "2025-12-31T08:00"),
        ("fr", "3/1/26 8h30", "2026-01-03T07:30"),
        ("en", "2026-01-02T10:00", "2026-01-02T09:00"),
    ):
        messages.install(lang)
        found = moments.understood(text)
        assert found is not None, text
        assert f"{found.utc:%Y-%m-%dT%H:%M}" == utc, text
    for text in ("", "demain", "99/99", "32/1", "25h", "9" * 4000, "1/" * 2000, "hier hier"):
        assert moments.understood(text) is None, text[:20]
    assert moments.remarks(moments.understood("2027-01-01 10:00")), "that is still to come"


def test_every_group_fits_a_line_however_long_its_answers():
    """The longest text in the letters that take most room: encrypted it still is a record; mostly a group is one."""
    worst = "\U0001f600" * LONGEST
    for group, names in GROUPS.items():
        given = {name: worst for name in names if QUESTIONS[name].form == "text"}
        parts = answers.as_records(group, given)
        assert answers.latest(parts) == given
        assert all(len(str(part).encode("unicode_escape")) * 4 / 3 < 60_000 for part in parts)
    assert len(answers.as_records("practice", dict.fromkeys(GROUPS["practice"], "short"))) == 1


def test_the_consent_of_a_level_takes_a_clear_yes():
    """The screens before the run: read until Enter, and only `y` agrees; nobody there does not."""
    for typed_in, agreed in (("\n\ny\n", True), ("\n\n\n", False), ("\n\nno\n", False), ("", False)):
        wanted = guided.Before((("A", "b"), ("C", "d")), ("LEVEL C", "what is taken"))
        assert guided.Guide(io.StringIO(typed_in), io.StringIO()).before(wanted) is agreed
    assert guided.Guide(io.StringIO("y\n"), io.StringIO()).before(guided.Before()) is None


def test_a_stray_byte_ends_no_questions(tmp_path):
    """A terminal in the code page of Western Europe under a program that expects UTF-8: the letter is kept."""
    (tmp_path / "line").write_bytes(b"\xe9t\xe9\n\xff\xfe\x80\n")
    with (tmp_path / "line").open(encoding="utf-8") as source:
        typed.prepare(source)
        assert typed.line(source, 10).text == "été"
        assert typed.line(source, 10).text == "ÿþ€"
        with pytest.raises(typed.Gone):
            typed.line(source, 10)
