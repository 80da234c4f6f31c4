"""Deadlines count from the awareness, in the time of Paris, never too late by our doing, and promise nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import deadline_words as words
from collector import paris
from collector.arguments import paris_moment
from collector.deadlines import HOURS, deadlines
from collector.errors import UsageError
from collector.handover import ics
from collector.paris import Doubt, Entered
from collector.ui import due, messages, terminal

ROOT = Path(__file__).parent.parent
ORACLE = pytest.mark.skipif(sys.platform == "win32", reason="a bare Windows has no time zones to compare with")
PARIS = None if sys.platform == "win32" else ZoneInfo("Europe/Paris")
HOUR = timedelta(hours=1)

_CHANGES = [
    datetime(year, month, day, 1)  # noqa: DTZ001 - UTC or Paris, as the test takes it
    for year in range(2000, 2101)
    for month in (3, 10)
    for day in range(25, 32)
    if date(year, month, day).weekday() == 6
]
_EDGES = [datetime(year, month, day) for year in (2000, 2024, 2026, 2028, 2100) for month, day in ((2, 28), (12, 31))]  # noqa: DTZ001
NAIVE = st.one_of(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31)),  # noqa: DTZ001 - made exact by the test
    st.builds(lambda at, minutes: at + timedelta(minutes=minutes), st.sampled_from(_CHANGES), st.integers(-300, 300)),
    st.builds(lambda at, minutes: at + timedelta(minutes=minutes), st.sampled_from(_EDGES), st.integers(-3000, 3000)),
    st.builds(
        lambda at, minutes: at - HOURS + timedelta(minutes=minutes), st.sampled_from(_CHANGES), st.integers(-99, 99)
    ),
).map(lambda moment: moment.replace(second=0, microsecond=0))
UTC_MOMENTS = NAIVE.map(lambda moment: moment.replace(tzinfo=UTC))
LANGUAGE = st.sampled_from(words.LANGUAGES)


def by_step(found):
    return {one.step: one for one in found}


@pytest.fixture(autouse=True)
def english():
    """Leave the process in English."""
    yield
    messages.install("en")


# the clock of Paris


@ORACLE
@given(UTC_MOMENTS)
def test_the_clock_of_paris_is_that_of_the_time_zone_database(utc):
    """Our rule and zoneinfo agree on every moment, changes of the clock included."""
    assert paris.local(utc).isoformat() == utc.astimezone(PARIS).isoformat()


@ORACLE
@given(NAIVE)
def test_of_two_moments_that_may_be_meant_the_earlier_is_taken(wall):
    """What a time on the wall means is the earlier of zoneinfo's two readings; where they differ a doubt is told."""
    readings = [wall.replace(tzinfo=PARIS, fold=fold).astimezone(UTC) for fold in (0, 1)]
    back = [utc.astimezone(PARIS).replace(tzinfo=None) == wall for utc in readings]
    entered = paris.entered(wall)
    assert entered.utc == min(readings)
    if readings[0] == readings[1]:
        assert entered.doubt is Doubt.NONE
    else:
        assert entered.doubt is (Doubt.TWICE if all(back) else Doubt.NEVER)


@pytest.mark.parametrize(
    ("wall", "utc", "doubt"),
    [
        ("2026-11-26 08:30", "2026-11-26T07:30", Doubt.NONE),
        ("2026-07-14 08:30", "2026-07-14T06:30", Doubt.NONE),
        ("2026-10-25 01:59", "2026-10-24T23:59", Doubt.NONE),
        ("2026-10-25 02:00", "2026-10-25T00:00", Doubt.TWICE),
        ("2026-10-25 02:59", "2026-10-25T00:59", Doubt.TWICE),
        ("2026-10-25 03:00", "2026-10-25T02:00", Doubt.NONE),
        ("2027-03-28 01:59", "2027-03-28T00:59", Doubt.NONE),
        ("2027-03-28 02:00", "2027-03-28T00:00", Doubt.NEVER),
        ("2027-03-28 02:59", "2027-03-28T00:59", Doubt.NEVER),
        ("2027-03-28 03:00", "2027-03-28T01:00", Doubt.NONE),
    ],
)
def test_changes_of_the_clock_on_every_system(wall, utc, doubt):
    """The same without zoneinfo: moments written out by hand."""
    assert paris_moment(wall) == Entered(datetime.fromisoformat(utc + "+00:00"), doubt)


def easter(year):
    """Easter by another way than ours: Meeus, Astronomical Algorithms, chapter 8."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), f = divmod(b, 4), (b + 8) // 25
    h = (19 * a + b - d - (b - f + 1) // 3 + 15) % 30
    (i, k), m = divmod(c, 4), 0
    ell = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * ell) // 451
    month, day = divmod(h + ell - 7 * m + 114, 31)
    return date(year, month, day + 1)


def test_days_off():
    """Saturdays, Sundays and the eleven holidays of a hundred years, and no other day."""
    fixed = {(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)}
    for year in range(2000, 2101):
        moving = {easter(year) + timedelta(days=days) for days in (1, 39, 50)}
        for number in range(365):
            day = date(year, 1, 1) + timedelta(days=number)
            off = day.weekday() >= 5 or day in moving or (day.month, day.day) in fixed
            assert (paris.day_off(day) is not None) == off, day
    assert paris.day_off(date(2026, 5, 14)) == "ascension"
    assert paris.day_off(date(2026, 11, 1)) == "all-saints"  # a Sunday, too
    assert paris.day_off(date(2038, 4, 26)) == "easter-monday"  # Easter at its latest


# the deadlines


@given(UTC_MOMENTS, st.integers(0, 60 * 24 * 30))
def test_seventy_two_hours_pass(aware, later):
    """Complaint, first notice and complement: exactly 72 hours pass, whatever clocks and months do meanwhile."""
    initial = aware + timedelta(minutes=later)
    found = by_step(deadlines(aware, initial))
    for step, start in (("complaint", aware), ("cnil", aware), ("cnil-complement", initial)):
        passed = found[step].due.astimezone(UTC) - start
        assert passed.total_seconds() == 72 * 3600
    assert found["cnil"].done == initial
    assert found["cnil"].is_late == (later > 72 * 60)
    assert found["complaint"].done is None


@pytest.mark.parametrize(
    ("aware", "due_local"),
    [
        ("2026-10-23 12:00", "2026-10-26T11:00:00+01:00"),  # the clock goes back: an hour less on the wall
        ("2027-03-26 12:00", "2027-03-29T13:00:00+02:00"),
        ("2026-02-27 12:00", "2026-03-02T12:00:00+01:00"),
        ("2028-02-27 12:00", "2028-03-01T12:00:00+01:00"),  # a leap year
        ("2026-12-30 23:30", "2027-01-02T23:30:00+01:00"),
    ],
)
def test_on_the_wall_the_hour_moves_with_the_clock(aware, due_local):
    """Across a change the deadline stands an hour earlier or later on the wall; months and leap days change nothing."""
    found = by_step(deadlines(paris_moment(aware).utc))
    assert paris.local(found["complaint"].due).isoformat() == due_local


@given(UTC_MOMENTS)
def test_what_to_aim_at_is_open_and_in_time(aware):
    """The earlier moment is open, after the awareness and before the deadline, and offices are closed from there on."""
    for one in deadlines(aware, aware):
        if one.due is None or one.step == "limitation":
            assert one.closed is None
            assert one.earlier is None
            continue
        assert one.closed == paris.closed(one.due)
        latest = paris.last_open(one.due)
        assert paris.closed(latest) is None
        assert one.earlier == (latest if one.closed and latest > aware else None)
        step = latest + timedelta(minutes=10)
        while step < one.due:
            assert paris.closed(step) is not None
            step += timedelta(minutes=10)


@pytest.mark.parametrize(("hour", "aim"), [("16:59", "2026-04-03T15:00"), ("17:00", None), ("18:00", None)])
def test_when_no_office_is_open_before_the_deadline(hour, aim):
    """From a Friday evening to Easter Monday there is nothing to aim at: it says to call now."""
    one = by_step(deadlines(paris_moment(f"2026-04-03 {hour}").utc))["complaint"]
    assert one.closed == "easter-monday"
    assert one.earlier == (aim and datetime.fromisoformat(aim + "+00:00"))
    if aim is not None:
        return
    assert "appelez maintenant" in " ".join(words.office(one.closed, one.earlier, "fr"))


@pytest.mark.parametrize(
    ("aware", "day"),
    [("2026-11-26 08:30", "2032-11-26"), ("2028-02-29 23:59", "2034-02-28"), ("2096-02-29", "2102-02-28")],
)
def test_six_years_end_with_their_first_minute(aware, day):
    """The limitation is the first minute of the day, so that no hour of it is counted on; 29 February becomes 28."""
    limit = by_step(deadlines(paris_moment(aware).utc))["limitation"].due
    assert paris.local(limit).replace(tzinfo=None) == datetime.combine(date.fromisoformat(day), time())


@given(UTC_MOMENTS)
def test_six_years_are_never_later_than_six_years(aware):
    """Whatever the day: same day of the month, or the 28th of February, six years on."""
    limit = paris.local(by_step(deadlines(aware))["limitation"].due)
    here = paris.local(aware)
    assert (limit.year - here.year, limit.month) == (6, here.month)
    assert limit.day == (28 if (here.month, here.day) == (2, 29) else here.day)


def test_without_a_first_notice_the_complement_has_no_date():
    """Its clock has not begun; and a notice before the awareness is nobody's."""
    assert by_step(deadlines(paris_moment("26/11/2026 8h").utc))["cnil-complement"].due is None
    with pytest.raises(ValueError, match="before the awareness"):
        deadlines(paris_moment("26/11/2026 8h").utc, paris_moment("26/11/2026 7h59").utc)


@pytest.mark.parametrize(("notice", "late"), [("29/11/2026 8h30", False), ("29/11/2026 8h31", True)])
def test_a_notice_in_the_last_minute_is_in_time(notice, late):
    """The seventy-second hour belongs to the deadline."""
    found = deadlines(paris_moment("26/11/2026 8h30").utc, paris_moment(notice).utc)
    assert by_step(found)["cnil"].is_late == late


# what a person types


@pytest.mark.parametrize(
    "typed",
    [
        "2026-11-26 08:30", "2026-11-26T08:30", "26/11/2026 8h30", "26/11/2026 à 8 h 30", "26/11/2026  08H30",
        "26/11/2026\u00a08\u00a0h\u00a030", "2026-11-26T07:30Z", "2026-11-26 11:30+04:00", "2026-11-26 08:30:59",
        "26.11.2026 8h30", "26 novembre 2026 8h30", "26 Nov. 2026, 8:30", "November 26, 2026 8:30",
        "26/11/26 8h30", "26.11.26 8h30", "le 26 novembre 2026 à 8h30", "jeudi 26 novembre 2026 8h30",
        "jeudi 26 novembre 2026 à 8 h 30", "le jeudi 26/11/2026, vers 8h30", "À 8h30, le jeudi 26 novembre 2026.",
        "26/11/2026 8 heures 30", "26/11/2026 8h30 du matin", "26/11/2026 dans la matinée, vers les 8h30",
        "26/11/2026 8h30 environ", "Thursday 26 November 2026 8:30", "on Thursday, the 26th of November 2026 at 8:30",
        "Thursday 2026-11-26 around 8:30", "8:30 on 26 November 2026", "26/11/2026 in the morning at about 8:30",
    ],
)  # fmt: skip
def test_one_moment_has_many_spellings(typed):
    """As in France, as in ISO 8601, with an offset or without."""
    assert paris_moment(typed) == Entered(datetime(2026, 11, 26, 7, 30, tzinfo=UTC))


def test_without_a_time_of_day_the_day_begins():
    """Its first minute, and the doubt is told."""
    assert paris_moment("26/11/2026") == Entered(datetime(2026, 11, 25, 23, tzinfo=UTC), Doubt.DAY)


@pytest.mark.parametrize(
    "typed",
    ["", "hier", "8h30", "26/11 8h", "31/02/2026 8h", "2026-11-26 24:00", "2026-11-26 8:60", "26/11/2026 8",
     "1999-12-31 8h", "2101-01-01 8h", "٢٠٢٦-11-26 08:30", "2026-11-26 08:30+24:00", "2026-11-26 08:30 08:30"],
)  # fmt: skip
def test_what_is_no_moment_is_refused_with_an_example(typed):
    """Never guessed: a wrong date would be a wrong deadline."""
    with pytest.raises(UsageError) as refused:
        paris_moment(typed)
    assert "26/11/2026 8h30" in refused.value.hint


PIECES = (
    "le", "jeudi", "Monday", "26/11", "26/11/26", "2026-11-26", "26 novembre", "mai", "hier", "ce", "matin", "soir",
    "cette nuit", "avant-hier", "à", "vers", "8h30", "8:30", "8 h", "midi", "minuit", "du", "environ", "T", "Z", ",",
    "31.2.2026", "November 26", "(heure de Paris, UTC+1)", "25h", "2026", "last night", "in the", "evening", "+01:00",
)  # fmt: skip
NOW = datetime(2026, 11, 27, 13, 30, tzinfo=UTC)
"""A Friday, half past two in the afternoon in Paris."""


@pytest.mark.parametrize(
    ("typed", "wall"),
    [
        ("8h30", "2026-11-27 08:30"), ("à 8h", "2026-11-27 08:00"), ("vers 8h30", "2026-11-27 08:30"),
        ("ce matin 8h", "2026-11-27 08:00"), ("8h30 ce matin", "2026-11-27 08:30"), ("midi", "2026-11-27 12:00"),
        ("8h du soir", "2026-11-27 20:00"), ("cet après-midi 2h", "2026-11-27 14:00"),
        ("ce soir vers 18 h", "2026-11-27 18:00"), ("hier 18h", "2026-11-26 18:00"),
        ("hier soir 20h30", "2026-11-26 20:30"), ("hier soir à 8h", "2026-11-26 20:00"),
        ("hier au soir, 20 h", "2026-11-26 20:00"), ("avant hier à midi", "2026-11-25 12:00"),
        ("26/11 8h30", "2026-11-26 08:30"), ("le jeudi 26 novembre à 8h30", "2026-11-26 08:30"),
        ("28/11 8h30", "2025-11-28 08:30"), ("cette nuit 3h", "2026-11-27 03:00"),
        ("cette nuit vers 23h", "2026-11-26 23:00"), ("la nuit dernière à minuit", "2026-11-27 00:00"),
        ("yesterday 8:30", "2026-11-26 08:30"), ("at 8:30 yesterday", "2026-11-26 08:30"),
        ("around 8:30", "2026-11-27 08:30"), ("this morning 8:30", "2026-11-27 08:30"),
        ("last night 23:00", "2026-11-26 23:00"), ("yesterday evening at 8:30", "2026-11-26 20:30"),
        ("the day before yesterday, 8:30", "2026-11-25 08:30"),
    ],
)  # fmt: skip
def test_a_day_that_is_not_written_is_counted_from_the_clock(typed, wall):
    """And only where a clock is given: a script's date is in full."""
    meant = paris.entered(datetime.fromisoformat(wall))
    assert paris_moment(typed, NOW) == replace(meant, by_clock=True)
    with pytest.raises(UsageError, match="date is not written in full"):
        paris_moment(typed)


def test_of_a_night_the_last_time_that_it_was_that_hour():
    """« cette nuit 23h » at half past eleven at night is half an hour ago."""
    late = datetime(2026, 11, 27, 22, 30, tzinfo=UTC)
    assert paris_moment("cette nuit 23h", late).utc == late - timedelta(minutes=30)
    assert paris_moment("cette nuit 3h", late).utc == datetime(2026, 11, 27, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("hier soir", "hour is missing"), ("ce matin", "hour is missing"), ("cette nuit", "hour is missing"),
        ("last night", "hour is missing"), ("this morning", "hour is missing"), ("le 26/11/2026 au soir", "hour is"),
        ("hier matin 18h", "do not go together"), ("hier soir à minuit", "do not go"), ("cette nuit 14h", "do not go"),
        ("vendredi 26 novembre 2026 8h30", "26/11/2026 is a Thursday, not a Friday"),
        ("Monday 26/11 8:30", "26/11/2026 is a Thursday, not a Monday"), ("lundi 26/11/2026", "is a Thursday"),
        ("30/02/2026 8h", "no such day"), ("29/2 8h", "no such day"), ("26/11/2026 24h", "no such time of day"),
        ("jeudi 8h30", "the day of the week alone"), ("1.1.1999 8h", "year can't be right"),
        ("jeudi 26 novembre 2026 à 8 h 30 (heure de Paris, UTC+2)", "no such time of day"),
        ("vers le 26 novembre", "no date and time"), ("demain 8h", "no date and time"), ("8h30+04:00", "no date and"),
        ("hier 8h soir matin", "no date and time"), ("26 8h", "no date and time"), ("x" * 100_000, "no date and time"),
    ],
)  # fmt: skip
def test_no_hour_is_made_up_and_no_contradiction_passed_over(typed, why):
    """A part of a day names no hour; a weekday, an offset, a part of the day that does not fit is said to be so."""
    with pytest.raises(UsageError, match=why) as refused:
        paris_moment(typed, NOW)
    assert refused.value.hint


def test_a_day_alone_is_a_day_in_words_too():
    """« hier » is yesterday without an hour, as its date alone would be."""
    assert paris_moment("hier", NOW) == replace(paris_moment("26/11/2026"), by_clock=True)
    assert paris_moment("jeudi 26 novembre 2026") == paris_moment("26/11/2026")


@given(UTC_MOMENTS.filter(lambda utc: 2001 <= utc.year < 2100), LANGUAGE)
def test_what_the_tool_prints_it_reads(utc, language):
    """Every moment as it stands on screen and paper, also of the hour that comes twice: its offset says which."""
    assert paris_moment(words.moment(utc, language)) == Entered(utc)
    assert paris_moment(words.day(utc, language)) == paris.day_entered(paris.local(utc).date())


@given(st.one_of(st.text(), st.from_regex(r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}[ T]\d{1,2}[:h]\d{2}", fullmatch=True)))
def test_any_text_is_a_moment_or_refused(typed):
    """Nothing else comes out."""
    for now in (None, NOW):
        try:
            entered = paris_moment(typed, now)
        except UsageError:
            continue
        assert entered.utc.tzinfo is UTC


@given(st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join))
def test_any_words_of_ours_are_a_moment_or_refused(typed):
    """In whatever order."""
    test_any_text_is_a_moment_or_refused.hypothesis.inner_test(typed)


# the words


def documented():
    """Return the table of docs/DEADLINES.md: step, source, how it is known."""
    page = ROOT.joinpath("docs/DEADLINES.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| ([^|]+) \| ([^|]+) \| (\w+) \|$", page, re.MULTILINE)
    return [(step, source, known) for step, _, source, known in rows]


def test_the_page_says_what_the_program_says():
    """The documented table is the code's, row by row and in its order."""
    known = {"read": "copy", "memory": "memory"}
    assert documented() == [(name, step.source[0], known[step.basis]) for name, step in words.STEPS.items()]
    assert list(words.STEPS) == [one.step for one in deadlines(datetime.now(UTC))]


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_everything_is_to_be_verified_and_every_date_to_be_confirmed(language):
    """No source goes without it; what is from memory says so; only what never was prudent is not called so."""
    verify, confirm, prudent, memory, address = {
        "fr": ("à vérifier", "à confirmer", "prudente", "de mémoire", "adresse"),
        "en": ("to be verified", "to be confirmed", "Prudent", "from memory", "address"),
    }[language]
    for name, step in words.STEPS.items():
        assert verify in words.source(name, language)
        assert (memory in words.source(name, language)) == (step.basis == "memory")
        assert confirm in words.label(name, language)
        assert (prudent in words.label(name, language)) == (name != "limitation")
    assert [name for name, step in words.STEPS.items() if step.basis == "memory"] == ["insurer"]
    assert verify in words.said(words.STEPS["insurer"].know, language)  # the five working days
    assert verify in words.said(words.STEPS["ars"].know, language)  # whether a health centre must
    assert verify in words.said(words.STEPS["complaint"].know, language)  # what a letter does
    assert f"notifications.cnil.fr ({address} {verify})" in words.said(words.STEPS["cnil"].know, language)


@pytest.mark.parametrize(
    ("step", "french"),
    [
        ("ars", "Recommandé pour un cabinet"),  # users.md 0.2
        ("complaint", "Seule une plainte compte\u00a0: ni 17Cyber, ni un signalement"),  # 0.1
        ("17cyber", "n'est pas une plainte"),  # 0.1
        ("disconnect", "N'éteignez pas l'ordinateur"),  # 1.1
        ("helpers", "avant toute démarche"),  # 1.4, MACSF
        ("cnil", "En cas de doute, déclarez"),  # 1.2
        ("cnil-complement", "si possible"),  # 1.2
        ("patients", "décide"),  # 1.2: to be decided
        ("limitation", "6\u00a0ans à partir des faits"),  # 1.1
    ],
)
def test_the_words_follow_what_is_known(step, french):
    """The clause of users.md stands beside each."""
    assert french in words.said(words.STEPS[step].know, "fr")


def test_no_promise_no_jargon_no_telephone_number():
    """Nor words that only a police officer may use; and French is set as French is."""
    pairs = [pair for step in words.STEPS.values() for pair in (step.name, step.when, step.know, step.source)]
    for pair in [*pairs, *words.CLOSED.values()]:
        both = " ".join(pair)
        never = r"garanti|guarante|certain|facultatif|optional|scell|procès|hash|artefact|ESEA"
        assert not re.search(never, both, re.IGNORECASE)
        assert not re.search(r"0[0-9]([ .]?[0-9]{2}){4}", both)
        assert not re.search(r"[^\u00a0~][;!?:](\s|$)|« | »|\u2019", pair[0]), pair[0]


@pytest.mark.parametrize("language", ["fr", "en"])
@given(aware=UTC_MOMENTS, later=st.integers(0, 60 * 24 * 9), doubts=st.tuples(*[st.sampled_from(Doubt)] * 2))
@settings(max_examples=60)
def test_every_line_fits_the_screen(language, aware, later, doubts):
    """At 80 columns, whatever the dates; each step once, with its source."""
    messages.install(language)
    notice = Entered(aware + timedelta(minutes=later), doubts[1]) if later else None
    found = deadlines(aware, notice.utc if notice else None)
    said = due.told(Entered(aware, doubts[0]), notice, found, aware - HOUR)
    assert max(terminal.width(line) for line in said.splitlines()) < 80
    assert re.findall(r"^ ?(\d+)\. ", said, re.MULTILINE) == [str(number) for number in range(1, 12)]
    assert said.count("Source\u00a0: " if language == "fr" else "Source: ") == 11
    assert "{" not in said


def test_an_english_or_french_moment():
    """Written out in full: nobody takes the month for the day."""
    first = paris_moment("01/12/2026 8h05").utc
    french = words.moment(first, "fr").replace("\u00a0", " ")
    assert french == "mardi 1er décembre 2026 à 8 h 05 (heure de Paris, UTC+1)"
    assert words.moment(first, "en") == "Tuesday 1 December 2026 at 08:05 (Paris time, UTC+1)"
    twice = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert [words.moment(utc, "en")[-7:] for utc in twice] == [" UTC+2)", " UTC+1)"]


# the calendar file


def parsed(data):
    """Read strictly after RFC 5545, as far as the file goes: name, properties and components of the one outermost."""
    assert data.endswith(b"\r\n")
    lines = data[:-2].split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert all(0 < len(line) <= 75 for line in lines)
    unfolded = []
    for line in lines:
        text = line.decode("utf-8")  # each line on its own: no character is cut
        if text.startswith(" "):
            unfolded[-1] += text[1:]
        else:
            unfolded.append(text)
    stack = [("", {}, [])]
    for line in unfolded:
        match = re.fullmatch(r"([A-Z-]+)((?:;[A-Z-]+=[A-Za-z0-9-]+)*):(.*)", line)
        assert match, line
        name, _, value = match.groups()
        assert all(char.isprintable() or char == "\u00a0" for char in value)
        if name == "BEGIN":
            stack.append((value, {}, []))
        elif name == "END":
            done = stack.pop()
            assert done[0] == value
            stack[-1][2].append(done)
        else:
            assert name not in stack[-1][1], "given twice"
            stack[-1][1][name] = value
    (_, properties, (calendar,)) = stack.pop()
    assert not stack
    assert not properties
    return calendar


def unescaped(value):
    assert not re.search(r"(?<!\\)(?:\\\\)*\\[^\\;,n]", value)
    assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value)
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], value)


@given(UTC_MOMENTS, st.one_of(st.none(), st.integers(0, 9999)), LANGUAGE)
def test_the_calendar_is_one_by_the_book(aware, later, language):
    """CRLF, 75 octets, no character cut, every property that must be there, all moments in UTC and ours."""
    found = deadlines(aware, None if later is None else aware + timedelta(minutes=later))
    name, properties, events = parsed(ics.calendar(found, aware, aware + HOUR, language))
    assert name == "VCALENDAR"
    assert properties["VERSION"] == "2.0"
    assert "PRODID" in properties
    moments = set()
    for kind, event, alarms in events:
        assert kind == "VEVENT"
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "DESCRIPTION"} <= set(event)
        assert re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", event["DTSTAMP"])
        moments.add(event["DTSTART"])
        assert re.search("à confirmer|to be confirmed", unescaped(event["DESCRIPTION"]))
        assert re.search("à vérifier|to be verified", unescaped(event["DESCRIPTION"]))
        assert unescaped(event["SUMMARY"])
        assert alarms
        for inner, alarm, none in alarms:
            assert (inner, alarm["ACTION"], none) == ("VALARM", "DISPLAY", [])
            assert re.fullmatch(r"-P(T[0-9]+H|[0-9]+D)", alarm["TRIGGER"])
            assert alarm["DESCRIPTION"]
    due = [one for one in found if one.done is None and one.due is not None]
    earlier = [one.earlier for one in due if one.earlier is not None and one.earlier > aware + HOUR]
    wanted = [*(one.due for one in due), *earlier]
    assert moments == {f"{at:%Y%m%dT%H%M%SZ}" for at in wanted}
    assert len({event["UID"] for _, event, _ in events}) == len(events) == len(wanted)


def test_a_second_file_replaces_the_first():
    """The same awareness gives the same UIDs, at another time, in another language, after the first notice too."""
    aware = paris_moment("2026-11-26 08:30").utc

    def names(found, written, language):
        return {event["UID"] for _, event, _ in parsed(ics.calendar(found, aware, written, language))[2]}

    first = names(deadlines(aware), aware, "fr")
    assert names(deadlines(aware), aware + HOUR, "en") == first
    assert len(first & names(deadlines(aware, aware + HOUR), aware, "fr")) == 3


def test_nothing_is_aimed_at_that_is_over():
    """A file, a page and a screen of days later: what was to be aimed at instead is over, the step itself is not."""
    aware = paris_moment("2026-11-20 08:00").utc
    found = deadlines(aware)
    late = aware + timedelta(days=6)
    _name, _properties, events = parsed(ics.calendar(found, aware, late, "fr"))
    assert not [event for _, event, _ in events if event["UID"].endswith("-earlier@evidence-collector.invalid")]
    assert [event for _, event, _ in events if "-complaint@" in event["UID"]]
    entered = paris.Entered(aware)
    assert "Rather aim at" in due.told(entered, None, found, aware)
    assert "Rather aim at" not in due.told(entered, None, found, late)


@given(st.text())
def test_text_survives_the_calendar(value):
    """Escaping loses nothing that may be shown."""
    kept = "".join(char for char in value if char.isprintable() or char in "\u00a0\n")
    assert unescaped(ics._text(value)) == kept
    line = "SUMMARY:" + ics._text(value)
    folded = b"".join(ics._folded(line))
    assert folded.replace(b"\r\n ", b"") == line.encode() + b"\r\n"
    assert all(len(piece) <= 75 for piece in folded.split(b"\r\n"))


# the command


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "collector.cli", "deadlines", *arguments], cwd=folder, check=False, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"}, encoding="utf-8",
    )  # fmt: skip


def test_the_command_says_and_writes_it(tmp_path):
    """One JSON object, a calendar beside it, never over a file that is there."""
    asked = ("--aware", "2026-10-23 12:00", "--initial", "23/10/2026", "--ics", "dates.ics", "--json", "--lang", "fr")
    done = run(tmp_path, *asked)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["aware"] == {"utc": "2026-10-23T10:00:00Z", "paris": "2026-10-23T12:00:00+02:00", "doubt": "none"}
    found = {one["step"]: one for one in told["deadlines"]}
    assert found["complaint"]["due"] == {"utc": "2026-10-26T10:00:00Z", "paris": "2026-10-26T11:00:00+01:00"}
    assert found["cnil"]["done"]["utc"] == "2026-10-23T10:00:00Z"  # a day is never before the awareness on that day
    assert found["cnil"]["done"]["doubt"] == "day"  # no hour of it was said
    assert found["patients"]["due"] is None
    assert {one["verified"] for one in told["deadlines"]} == {False}
    calendar = tmp_path.joinpath("dates.ics").read_bytes()
    assert len(parsed(calendar)[2]) == 3
    assert told["ics"] == "dates.ics"
    again = run(tmp_path, *asked)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("erreur : il y a déjà un fichier de ce nom\n")
    assert tmp_path.joinpath("dates.ics").read_bytes() == calendar
    assert [path.name for path in tmp_path.iterdir()] == ["dates.ics"]


def test_of_a_notice_without_an_hour_only_the_day_is_told(tmp_path):
    """Not the awareness' hour, which only bounds it."""
    done = run(tmp_path, "--aware", "26/11/2026 8h30", "--initial", "26/11/2026", "--lang", "fr")
    said = " ".join(done.stdout.split())
    assert "Fait le jeudi 26 novembre 2026." in said
    assert "dimanche 29 novembre 2026 à 8 h 30" in said


def test_a_moment_that_the_clock_helped_with_says_so(tmp_path):
    """« hier 8h » is taken, its date is told first, and where it comes from; a date in full needs no such sentence."""
    said = " ".join(run(tmp_path, "--aware", "hier 8h", "--lang", "fr").stdout.split())
    assert " à 8 h (heure de Paris" in said.replace("\u00a0", " ")
    assert "Le jour ou l'année vient de l'horloge de cet ordinateur." in said
    said = run(tmp_path, "--aware", "2020-01-01 8h30", "--initial", "2/1/20 vers 8h30", "--lang", "fr").stdout
    assert "vient de l'horloge" not in " ".join(said.split())
    said = run(tmp_path, "--aware", "1/1/2020 8h30", "--initial", "hier", "--lang", "fr").stdout
    assert "vient de l'horloge" in " ".join(said.split())


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--aware", "demain"),
        ("--aware", "hier soir"),
        ("--aware", "vendredi 26/11/2026 8h"),
        ("--aware", "hier 8h", "--json"),
        ("--aware", "26/11/2026 8h", "--initial", "25/11/2026"),
        ("--aware", "26/11/2026 8h", "--initial", "26/11/2026 7h"),
        ("--aware", "26/11/2026 8h", "--ics", "absent/dates.ics"),
        ("--aware", "26/11/2026 8h", "--ics", ""),
    ],
)
def test_a_wrong_command_says_what_to_write(tmp_path, arguments):
    """Exit 2, an error and a hint in French, and nothing is written."""
    done = run(tmp_path, *arguments, "--lang", "fr")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"erreur : .+\nconseil : .+\n", done.stderr)
    assert not list(tmp_path.iterdir())


def test_a_calendar_that_fails_takes_no_date_away(tmp_path):
    """The dates are said, then what went wrong; nothing is left."""
    done = run(tmp_path, "--aware", "26/11/2026 8h", "--ics", "a" * 300 + ".ics", "--lang", "en")
    assert done.returncode == 1
    assert "Sunday 29 November 2026 at 08:00" in done.stdout
    assert "is written" not in done.stdout
    assert done.stderr.startswith("error: the calendar file can't be written\nhint: ")
    assert not list(tmp_path.iterdir())


def test_no_calendar_inside_a_bundle(tmp_path):
    """A file more would make the evidence look altered."""
    tmp_path.joinpath("manifest.jsonl").write_text("{}\n")
    done = run(tmp_path, "--aware", "26/11/2026 8h", "--ics", "dates.ics", "--lang", "en")
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.jsonl"]
