"""What a person answered: every form checked, "I don't know" kept apart from silence, and the last word counts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import answers
from collector.paris import Doubt, Entered
from collector.questions import BEFORE, GROUPS, LONGEST, NUMBER, QUESTIONS

WORST = {
    "text": "é" * LONGEST,
    "number": NUMBER,
    "moment": {"utc": "2026-10-25T00:30Z", "doubt": "twice"},
}


def test_each_question_stands_in_one_group():
    """In the order in which they are asked."""
    assert [name for names in GROUPS.values() for name in names] == list(QUESTIONS)
    assert set(BEFORE) < set(GROUPS)


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_has_the_parts_of_its_form(name):
    """Options where there is something to choose, with names and words of their own, and only there."""
    question = QUESTIONS[name]
    names = [option for option, _words in question.options]
    assert question.form in ("text", "number", "moment", "one", "ticks")
    assert bool(names) is (question.form in ("one", "ticks"))
    assert len(set(names)) == len(names)
    assert len({words for _name, words in question.options}) == len(names)


@pytest.mark.parametrize("group", GROUPS)
def test_the_longest_answers_of_a_group_fit_a_line(group):
    """Encrypted, base64 makes four bytes of three."""
    given = {}
    for name in GROUPS[group]:
        question = QUESTIONS[name]
        ticks = [option for option, _words in question.options]
        given[name] = WORST.get(question.form) or (ticks if question.form == "ticks" else ticks[0])
        assert answers.is_answer(question, given[name])
    data = answers.as_data(group, given)
    assert list(data["given"]) == list(GROUPS[group])
    assert len(json.dumps(data)) < 40_000
    assert answers.latest([data]) == given


def test_i_do_not_know_is_not_silence():
    """The first is an answer, the second is not there."""
    data = answers.as_data("seen", {"care": None})
    assert answers.latest([data]) == {"care": None}


def test_the_last_word_counts():
    """Also where it takes knowledge back."""
    said = [answers.as_data("damage", one) for one in ({"hours": 3, "damage": "x"}, {"hours": 4}, {"damage": None})]
    assert answers.latest(said) == {"hours": 4, "damage": None}


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("hours", -1), ("hours", True), ("hours", "3"), ("hours", NUMBER + 1), ("site", ""), ("site", "x" * 301),
        ("site", ["x"]), ("care", "worse"), ("care", ["none"]), ("stopped", "agenda"), ("stopped", ["agenda"] * 2),
        ("stopped", ["agenda", "coffee"]), ("stopped", [["agenda"]]), ("aware", "2026-11-26"),
        ("aware", {"utc": "2026-02-30T08:30Z", "doubt": "none"}), ("aware", {"utc": "2026-02-20T08:30Z"}),
        ("aware", {"utc": "2026-02-20T08:30Z", "doubt": "much"}), ("aware", {"utc": 5, "doubt": "none"}),
        ("aware", {"utc": "2026-02-20T08:30Z", "doubt": ["none"]}), ("aware", {"utc": [], "doubt": {}}),
        ("stopped", [None]), ("stopped", [{}, []]),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_and_not_read(name, answer):
    """Neither written, nor believed where an attacker wrote it."""
    group = next(group for group, names in GROUPS.items() if name in names)
    with pytest.raises(ValueError, match=name):
        answers.as_data(group, {name: answer})
    assert answers.latest([{"group": group, "given": {name: answer}}]) == {}


@pytest.mark.parametrize("data", [{}, {"given": None}, {"given": ["aware"]}, {"given": {"nobody": "asked"}}])
def test_a_strange_observation_says_nothing(data):
    """Also of another version."""
    assert answers.latest([data]) == {}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["none", "agenda", "yes", "2026-02-20T08:30Z", "x"]),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(["utc", "doubt", "text", "hex"]), one),
    max_leaves=6,
)


@settings(max_examples=400)
@given(st.dictionaries(st.sampled_from([*QUESTIONS]), ANYTHING, max_size=4), st.sampled_from(["group", "given", "x"]))
def test_whatever_stands_in_an_observation_it_is_read(given_by, name):
    """Each value is an answer of its question's form, or none: nothing stops who reads the rest."""
    found = answers.latest([{name: given_by}])
    assert set(found) <= set(given_by)
    for question, answer in found.items():
        assert answers.is_answer(QUESTIONS[question], answer)
        assert answer == given_by[question]
        answers.when(answer)


def test_a_question_of_another_group_is_refused():
    """Whoever writes has made a mistake."""
    with pytest.raises(ValueError, match="hours"):
        answers.as_data("seen", {"hours": 3})


def test_moments_come_back():
    """To the minute, with what was open."""
    from datetime import UTC, datetime  # noqa: PLC0415 - only here

    entered = Entered(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), Doubt.TWICE)
    assert answers.when(answers.moment(entered)) == entered
    assert answers.when("2026") is None
    assert answers.when(None) is None
