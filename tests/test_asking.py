"""The questions of guided mode, without a run: each form, ways back and out, the worst that can be typed, moments."""

from __future__ import annotations

import io
import itertools
import re
import sys
from datetime import UTC, datetime, timedelta

import pytest

from collector import answers, arguments, eyes, paris
from collector.cli import kitting
from collector.errors import NoMomentError, UsageError
from collector.questions import BEFORE, GROUPS, LONGEST, QUESTIONS
from collector.ui import answering, asking, guided, messages, moments, spoken, terminal, typed

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


@pytest.mark.parametrize("given", [["operator"], ["operator", "witness"], []])
def test_a_name_given_on_the_command_line_is_not_asked_again(given):
    """Fewer questions, counted as such; the others stand as before."""
    messages.install("en")
    out = io.StringIO()
    told = guided.Guide(io.StringIO("\n" + "?\n" * 40), out).ask("CASE-1", given)
    shown = out.getvalue()
    assert ("What is your name?" in shown) == ("operator" not in given)
    assert ("as a witness?" in shown) == ("witness" not in given)
    counts = {int(count) for count in re.findall(r"QUESTION [0-9]+ OF ([0-9]+)", shown)}
    whole = {int(count) for count in re.findall(r"QUESTION [0-9]+ OF ([0-9]+)", asked("", *["?"] * 40)[1])}
    assert max(counts) == max(whole) - len(given)
    assert set(told.eyes.values()) == {"unknown"}


def test_the_names_of_the_command_line_are_kept(monkeypatch):
    """What was given stands, what was not is as typed."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("\nnurse\nBob\n!\n"))
    told = kitting.ask(kitting.Start(), kitting.Asked("C-7", "Ann"), elevated=True)
    assert (told.case, told.operator, told.witness) == ("C-7", "Ann", "Bob")
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n!\n"))
    told = kitting.ask(kitting.Start(), kitting.Asked("C-7", "Ann", "Eve"), elevated=True)
    assert (told.operator, told.witness) == ("Ann", "Eve")


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
    assert len(asked("", "n" * 500, "", "!")[0].operator) == arguments.MAX_NAME


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
        ("fr", "aujourd\u2019hui 8h", "2026-01-03T07:00"),
        ("fr", "avant-hier 8h", "2026-01-01T07:00"),
        ("fr", "Avant hier à midi", "2026-01-01T11:00"),
        ("en", "day before yesterday at noon", "2026-01-01T11:00"),
        ("fr", "minuit", "2026-01-02T23:00"),
        ("fr", "hier midi", "2026-01-02T11:00"),
        ("fr", "25.11.25 8h", "2025-11-25T07:00"),
        ("fr", "25 novembre 8h", "2025-11-25T07:00"),
        ("fr", "1er janvier 8h30", "2026-01-01T07:30"),
        ("fr", "à 8h", "2026-01-03T07:00"),
        ("fr", "vers 8h30", "2026-01-03T07:30"),
        ("en", "hier soir 20h30", "2026-01-02T19:30"),
        ("fr", "this morning at around 8:30", "2026-01-03T07:30"),
        ("fr", "samedi 3 janvier 8h30", "2026-01-03T07:30"),
    ):
        messages.install(lang)
        found = moments.understood(text)
        assert f"{found.utc:%Y-%m-%dT%H:%M}" == utc, text
    no_moments = ("", "demain", "99/99", "32/1", "25h", "9" * 4000, "1/" * 2000, "hier hier")
    for text in (*no_moments, "25.11", "8.30", "45 mai", "mai", "minuit midi"):
        with pytest.raises(UsageError):
            moments.understood(text)
    assert moments.doubts("aware", moments.understood("2027-01-01 10:00"), None), "that is still to come"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("30/02/2026 8h", "Ce jour n'existe pas."),
        ("26/11/2026 25h", "Cette heure n'existe pas."),
        ("vendredi 26 novembre 2026 8h30", "se contredisent : le 26/11/2026 est un jeudi, pas un vendredi."),
        ("hier soir", "Il manque l'heure. Écrivez aussi l'heure, par exemple 18h30 ;"),
        ("hier soir à minuit", "L'heure et le moment de la journée ne vont pas ensemble."),
        ("jeudi 8h30", "Le jour de la semaine ne suffit pas."),
        ("bientôt", "Je n'ai pas compris."),
    ],
)
def test_a_moment_that_is_refused_says_why(text, why):
    """In the first place the reason; the second time, whatever came before, what to type for yesterday as well."""
    told, out = asked(*to_the("aware"), text, text, "!", lang="fr")
    said = " ".join(out.replace("\u00a0", " ").split())
    assert told.answers == {}
    assert said.count(why) == 2
    (typed_in,) = re.findall(r"tapez : ([0-9/]+ 18h30)", said)
    assert said.index(why) < said.rindex(why) < said.index("tapez :")
    told, out = asked(*to_the("aware"), typed_in, "", "!", lang="fr")
    evening = paris.entered(datetime.strptime(typed_in, "%d/%m/%Y %Hh%M"))  # noqa: DTZ007 - the clock of Paris
    assert told.answers == {"awareness": {"aware": answers.moment(evening)}}
    assert datetime.now(UTC) - evening.utc < timedelta(days=2)


def test_a_question_without_an_example_gives_one_at_once():
    """Where "as in the example" would point at nothing."""
    for name, count in (("aware", 1), ("complaint", 2)):
        lines = moments.refused(name, NoMomentError("no date"), 1)
        assert len(lines) == count
        assert "as in the example" in lines[0]
        assert len(moments.refused(name, NoMomentError("no date"), 2)) == 2


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
    """The last screen before the run: only `y` agrees; nobody there does not."""
    for typed_in, agreed in (("y\n", True), ("\n", False), ("no\n", False), ("", False)):
        assert guided.Guide(io.StringIO(typed_in), io.StringIO()).agreed(lambda: ("LEVEL C", "what is taken")) is agreed


NO_YES = ("on verra", "oublie", "ouh la non", "on ne sait pas", "non", "nsp", "ok", "obligé ?", "", "?")


@pytest.mark.parametrize("typed_in", NO_YES)
def test_what_only_begins_with_the_letter_is_no_consent(typed_in):
    """Whole letter or word, in French as in English; anything else takes less."""
    messages.install("fr")
    wanted = ("NIVEAU C", "ce qui est pris")
    assert guided.Guide(io.StringIO(f"{typed_in}\n"), io.StringIO()).agreed(lambda: wanted) is False
    for yes in ("o", " O ", "oui", "OUI.", "y", "Yes"):
        assert guided.Guide(io.StringIO(f"{yes}\n"), io.StringIO()).agreed(lambda: wanted) is True


@pytest.mark.parametrize(
    ("typed_in", "agreed"),
    [("oui, je suis d'accord", True), ("on verra", True), ("d'accord", False), ("ok", False), ("oui mais non", False)],
)
def test_what_is_neither_yes_nor_no_is_asked_again(typed_in, agreed):
    """A doctor's words that were not understood are not recorded as a refusal."""
    messages.install("fr")
    shown = io.StringIO()
    source = io.StringIO(f"{typed_in}\n{'o' if agreed else ''}\n")
    assert guided.Guide(source, shown).agreed(lambda: ("NIVEAU C", "ce qui est pris")) is agreed
    assert shown.getvalue().count("NIVEAU C") == 2
    assert shown.getvalue().count("Tapez o pour oui, ou Entrée seule pour non.") == 1
    assert source.read() == ""


def to_the(name):
    """Return as many times Enter as lead to a question of guided mode."""
    steps = [step.name for step in guided._steps("CASE-1") if step.name != "paper_since"]
    return ["", *[""] * steps.index(name)]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("on ne sait pas", "unknown"), ("nsp", "unknown"), ("Je ne sais pas.", "unknown"), ("aucune idée", "unknown"),
        ("I don\u2019t know", "unknown"), ("?", "unknown"), ("OUI", "yes"), ("o", "yes"), ("Non", "no"), ("n", "no"),
        ("0", "none"), ("on verra", None), ("nous", None), ("0 ou 1", None), ("peut-être", None),
    ],
)  # fmt: skip
def test_a_letter_is_taken_whole(line, answer):
    """What is neither yes nor no is asked again, and what says "I don't know" in words is that."""
    told, out = asked(*to_the("cable"), line, "!", lang="fr")
    assert told.eyes == ({} if answer is None else {"cable": answer})
    assert ("Tapez l'un de ces signes" in out) == (answer is None)
    told, _out = asked(*to_the("paper"), line, "!", lang="fr")
    kept = {"unknown": None, "yes": "yes", "no": "no"}
    expected = {"seen": {"paper": kept[answer]}} if answer in kept else {}
    assert told.answers == expected


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize(
    "line",
    ["I don\u2019t know", "no idea.", "?", "je ne sais pas", "Nsp", "je sais pas", "sais pas", "J\u2019sais pas",
     "aucune idée", "on sait pas"],
)  # fmt: skip
def test_i_do_not_know_in_words_is_no_text(lang, line):
    """In a text, a name, a case number as everywhere: nothing known, not those words, whichever language is spoken."""
    told, _out = asked("", line, line, line, line, line, "!", lang=lang)
    assert (told.operator, told.witness, told.case) == (None, None, "CASE-1")
    assert told.answers == {"awareness": {"role": None, "site": None}}
    more = f"{line} vraiment"
    assert asked("", "", more, "!", lang=lang)[0].answers == {"awareness": {"role": more}}


def test_eyes_hold_only_what_was_answered():
    """Who left a question has not said "I don't know"."""
    told, _out = asked(*to_the("wifi"), "n", "", "?", "!", lang="fr")
    assert told.eyes == {"wifi": "no", "others": "unknown"}
    assert eyes.as_data(told.eyes) == told.eyes
    assert eyes.as_data({}) == {}


def test_a_number_is_whole_or_asked_again():
    """Thousands may be set off by one kind of mark; a fraction is no whole number of any kind."""
    for text, number in (
        ("3", 3), ("2 500", 2500), ("12.500", 12_500), ("1'000'000", 1_000_000), ("2\u00a0500", 2500), ("0012", 12),
        ("7,5", None), ("12.5", None), ("0,125", None), ("1.234,567", None), ("1 2", None), ("3 ou 4", None),
        ("-3", None), ("1,2345", None), ("1000001", None), ("12 34", None), ("٣", None), ("", None),
    ):  # fmt: skip
        assert spoken.whole_number(text) == number, text
    told, out = asked(*to_the("machines"), "7,5", "8", "!", lang="fr")
    assert told.answers == {"seen": {"machines": 8}}
    assert "Un nombre entier" in out


def test_ticks_are_numbers_and_nothing_else():
    """Words and ranges are asked again; who takes all back and presses Enter has said: none of these."""
    for text in ("pas 3", "1-3", "1 et 3", "3.", "1,,x"):
        told, out = asked(*to_the("stopped"), text, "!")
        assert told.answers == {}, text
        assert "Type the numbers of these lines" in out
    ticked = {"seen": {"stopped": ["agenda", "records", "prescriptions"]}}
    assert asked(*to_the("stopped"), "1, 3;2", "!")[0].answers == ticked
    assert asked(*to_the("stopped"), "1 3", "", "<", "1 3", "", "!")[0].answers == {"seen": {"stopped": []}}
    assert asked(*to_the("stopped"), "1", "1", "", "!")[0].answers == {}


class Ended(io.StringIO):
    """Lines that are typed, and then what ends it."""

    def __init__(self, lines, end):
        super().__init__("".join(line + "\n" for line in lines))
        self._end = end

    def readline(self, size=-1):
        read = super().readline(size)
        if not read and self._end is not None:
            raise self._end
        return read


def test_ticks_on_the_screen_outlive_the_end_of_the_input():
    """Ctrl-D under a list: the run begins with what is ticked there; a moment that nobody confirmed is no answer."""
    messages.install("en")
    for lines, kept in (
        (["1 3"], {"seen": {"stopped": ["agenda", "prescriptions"]}}),
        (["1 3", "", "<", "1"], {"seen": {"stopped": ["prescriptions"]}}),
        (["1", "1"], {}),
        (["1", "", "<", "1"], {"seen": {"stopped": []}}),
        (["1", "", "<", "1-3"], {"seen": {"stopped": ["agenda"]}}),
        (["?", "<", "2"], {"seen": {"stopped": ["records"]}}),
        (["1", "?"], {"seen": {"stopped": None}}),
    ):
        assert asked(*to_the("stopped"), *lines)[0].answers == kept, lines
    assert asked(*to_the("aware"), "2026-03-02 10:00")[0].answers == {}


def test_ticks_on_the_screen_outlive_ctrl_c():
    """In `collect answers`: what is ticked when somebody ends the program is kept, and nothing else of that list."""
    for lines, kept in ((["", "", "", "1 4"], [{"categories": ["identity", "health"]}]), (["", "", "", ""], [])):
        found = []
        source = Ended(lines, KeyboardInterrupt())
        asking_for = answering.Answering(source, io.StringIO(), {}, lambda _group, given, to=found: to.append(given))
        with pytest.raises(KeyboardInterrupt):
            asking_for.group("data")
        assert found == kept


@pytest.mark.parametrize("number", ["00012", "0001", "9" * 300, "0", "000", "5", "\u0663", "\u00b2", "1 2", "-1"])
def test_the_number_of_a_line_is_taken_whole(number):
    """Zeros before it, three hundred digits, digits of other letters: asked again, never cut to a number that fits."""
    told, out = asked(*to_the("applications"), number, "2", "!")
    assert told.answers == {"seen": {"applications": "slow"}}
    assert "Type one of these numbers" in out


@pytest.mark.parametrize("numbers", ["00011", "00011 2", "2,00010", "0001", "9" * 300])
def test_the_numbers_of_ticks_are_taken_whole(numbers):
    """As for one line: nothing of such a line is ticked."""
    told, out = asked(*to_the("stopped"), numbers, "3", "!")
    assert told.answers == {"seen": {"stopped": ["prescriptions"]}}
    assert "Type the numbers of these lines" in out


def test_a_mistake_of_ours_costs_the_questions_and_no_collection(monkeypatch):
    """A question that breaks is told and ends the questions, as the end of the input does: what was said is kept."""
    def broken(*_given):
        raise IndexError("list index out of range")

    monkeypatch.setattr(asking, "_one", broken)
    told, out = asked("", "Ann", "nurse", *to_the("applications")[3:], "")
    assert told.operator == "Ann"
    assert told.answers == {"awareness": {"role": "nurse"}}
    said = " ".join(out.split())
    assert "IndexError: list index out of range" in said
    assert "The collection begins" in said
    assert [line for line in out.split("\n") if terminal.width(line) > 79] == []
    assert asked(*to_the("applications"))[0].case == "CASE-1", "and where nobody is there to press Enter"


def test_a_moment_that_can_hardly_be_right_is_doubted():
    """Still to come by more than the minute of a rounding, or a step before anybody noticed: kept only by Enter."""
    def out(*lines):
        told, written = asked(*lines, "!")
        return told, " ".join(written.split())

    told, written = out(*to_the("aware"), "2099-01-01 10:00", "")
    assert "still to come" in written
    assert "Keep it all the same?" in written
    assert told.answers["awareness"]["aware"]["utc"] == "2099-01-01T09:00Z"
    lines = [*to_the("aware"), "2026-03-02 10:00", "", *[""] * (len(to_the("paper")) - len(to_the("aware")) - 1), "y"]
    assert "before somebody first noticed" in out(*lines, "2026-03-01 10:00")[1]
    assert "before somebody first noticed" in out(*lines, "2026-03-01")[1]
    for fine in ("2026-03-02", "2026-03-02 10:00"):
        assert "before somebody first noticed" not in out(*lines, fine)[1]
    now = datetime.now(UTC)
    assert moments.doubts("cyber17", paris.Entered(now + timedelta(seconds=30)), None) == []
    assert moments.doubts("last_normal", paris.Entered(now - timedelta(days=9)), paris.Entered(now)) == []
    (after,) = moments.doubts("last_normal", paris.Entered(now), paris.Entered(now - timedelta(hours=2)))
    assert after.startswith("Careful: that is after somebody first noticed the attack.")
    same_day = paris.Entered(paris.local(now).replace(hour=0, minute=0), paris.Doubt.DAY)
    assert moments.doubts("last_normal", same_day, same_day) == []
    twice, second = arguments.paris_moment("25/10/2026 2h30"), paris.Entered(datetime(2026, 10, 25, 1, 15, tzinfo=UTC))
    assert "before" not in " ".join(moments.doubts("cyber17", twice, second)), "the second 2:30 may be meant"


def test_a_stray_byte_ends_no_questions(tmp_path):
    """A terminal in the code page of Western Europe under a program that expects UTF-8: the letter is kept."""
    (tmp_path / "line").write_bytes(b"\xe9t\xe9\n\xff\xfe\x80\n")
    with (tmp_path / "line").open(encoding="utf-8") as source:
        typed.prepare(source)
        assert typed.line(source, 10).text == "été"
        assert typed.line(source, 10).text == "ÿþ€"
        with pytest.raises(typed.Gone):
            typed.line(source, 10)
