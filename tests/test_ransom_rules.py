"""The rules for ransom traces: what is loaded, and what is refused with file, line and reason."""

from __future__ import annotations

import importlib.util
import re

import pytest

from collector import ransom_rules, rules, strictyaml
from collector.errors import RuleError
from collector.ransom import reading

META = '{\n  meta:\n    language = "en"\n    group = "GROUP"\n    weight = 3\n    reason = "says so"\n'
RULE = META + "  strings:\n    $a = / pay /\n  condition:\n    $a\n}\n"
GOOD = "".join(
    f"rule r_{group} " + RULE.replace("GROUP", group).replace("= 3", "= -3" if group == "about" else "= 3")
    for group in ransom_rules.GROUPS
)
FIRST = "rule r_happened"


def test_packaged_rules_for_notes() -> None:
    """Every packaged rule has its meaning, and each language can tell a note: something strong, and a second part."""
    table = ransom_rules.note_rules()
    assert (rules.folder() / "ransom" / "notes.yar").is_file()
    for language in set(ransom_rules.LANGUAGES) - {"any", "other"}:
        own = [feature for feature in table.features.values() if feature.language == language]
        assert max(feature.weight for feature in own) >= 4
        assert {"happened", "demand", "recover", "contact", "warning"} <= {feature.group for feature in own}


def test_rules_are_written_for_the_words_they_see() -> None:
    """No pattern asks for what no text has after normalisation: capitals, accents, or an unbounded gap."""
    text = (rules.folder() / "ransom" / "notes.yar").read_text("utf-8")
    patterns = re.findall(r"^ +\$\w+ = /(.*)/$", text, re.MULTILINE)
    assert len(patterns) > 200
    for pattern in patterns:
        plain = re.sub(r"\[\^? ?[^\]]*\]|\{[^}]*\}", "", pattern)
        assert plain == plain.lower()
        assert not re.search(r"[*+]", plain), pattern
        words = "".join(char if char.isalnum() or char == " " else " " for char in plain)
        assert reading.words(words) == " ".join(words.split()), pattern


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (GOOD.replace("/ pay /", "/ pay(/", 1), 8, "regular expression"),
        (GOOD.replace("    $a\n", "    $b\n", 1), 10, "unknown pattern"),
        (GOOD.replace('    language = "en"\n', "", 1), 1, "needs language"),
        (GOOD.replace("    weight = 3\n", "    weight = 3\n    more = 1\n", 1), 1, "nothing else"),
        (GOOD.replace('"en"', '"xx"', 1), 1, "unknown language"),
        (GOOD.replace('"happened"', '"hapened"', 1), 1, "unknown group"),
        (GOOD.replace("= 3", "= 0", 1), 1, "weight"),
        (GOOD.replace("= 3", "= 10", 1), 1, "weight"),
        (GOOD.replace("= 3", "= true", 1), 1, "weight"),
        (GOOD.replace("= 3", "= -3", 1), 1, "negative"),
        (GOOD.replace('"says so"', '"  "', 1), 1, "plain words"),
        (GOOD.replace('"says so"', '"a\\nb"', 1), 1, "plain words"),
        (GOOD.split("rule r_threat", maxsplit=1)[0], 1, "no rule of the group"),
        ('include "/etc/passwd"\n' + GOOD, 1, "include"),
        ("#" * (strictyaml.MAX_RULE_FILE + 1), 1, "larger"),
    ],
)
def test_wrong_rules_for_notes_are_refused(tmp_path, text, line, reason) -> None:
    """A rule that is wrong is refused with file, line and reason; it never quietly finds nothing."""
    path = tmp_path / "notes.yar"
    path.write_text(GOOD)
    assert len(ransom_rules.read_note_rules(path).features) == len(ransom_rules.GROUPS)
    path.write_text(text)
    with pytest.raises(RuleError, match=rf"^notes\.yar:{line}: .*{reason}"):
        ransom_rules.read_note_rules(path)


def test_rules_that_are_no_text_are_refused(tmp_path) -> None:
    """Bytes that are not UTF-8 are refused with their line."""
    path = tmp_path / "notes.yar"
    path.write_bytes(b"// ok\n// \xff\n")
    with pytest.raises(RuleError, match=r"^notes\.yar:2: not UTF-8"):
        ransom_rules.read_note_rules(path)


def test_packaged_families() -> None:
    """The table holds hundreds of families, and no extension or name that ordinary files have."""
    table = ransom_rules.families()
    assert len(table) > 400
    assert sum(len(family.names) for family in table) > 300
    extensions = {extension for family in table for extension in family.extensions}
    assert len(extensions) > 500
    assert extensions & {".html", ".exe", ".dll", ".txt", ".enc", ".zip", ".css"} == set()
    names = {name for family in table for name in family.names}
    assert names & {"readme.txt", "read_me.txt", "wallpaper.jpg"} == set()
    assert [text for text in extensions | names if re.search(r"[\[\]<>{}*%|\\/]|random", text)] == []


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("A:\n  names: [note.txt]\n  extension: [.xx]\n", 3, "unknown field"),
        ("A:\n  names: note.txt\n", 2, "list"),
        ("A:\n  names: [Note.txt]\n", 2, "small letters"),
        ("A:\n  names: ['note.txt ']\n", 2, "small letters"),
        ("A:\n  names: [n.t]\n", 2, "characters"),
        ("A:\n  names: [note.txt, note.txt]\n", 2, "twice"),
        ("A:\n  extensions: [locked]\n", 2, "dot"),
        ("A:\n  extensions: ['.a b']\n", 2, "dot"),
        ("A:\n  marks: ['two  words']\n", 2, "mark"),
        ("A:\n  marks: ['with-dash']\n", 2, "mark"),
        ("A:\n  called: ['Two']\n", 2, "small letters"),
        ("A:\n  own: ['a-b']\n", 2, "mark"),
        ("A: {}\n", 1, "has one of names"),
        ("A:\n  marks: [aaaa]\nA:\n  marks: [bbbb]\n", 3, "twice"),
    ],
)
def test_wrong_families_are_refused(tmp_path, text, line, reason) -> None:
    """A table with an error is refused with file, line and reason."""
    path = tmp_path / "families.yaml"
    path.write_text(text)
    with pytest.raises(RuleError, match=rf"^families\.yaml:{line}: .*{reason}"):
        ransom_rules.read_families(path)


def test_raw_names_are_cleaned(checkout) -> None:
    """The script drops ordinary extensions and names, templates, sentences, and marks that are ordinary words."""
    spec = importlib.util.spec_from_file_location("ransom_families", checkout / "scripts/ransom_families.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    raw = {
        "GoodName Ransomware": {
            "extensions": [".html", ".EXE", ".GoodName", ".[id].x", "random", ".a b", ".id-[ID]_x"],
            "note_names": ["readme.txt", "GoodName_Help.TXT", "[id].html", "a, b.txt", "<random>.txt", "x"],
            "synonyms": ["Table", "Other Thing"],
        },
        "Table": {"extensions": [".exe"], "note_names": ["README.txt"], "synonyms": []},
    }
    made = script.table(raw, frozenset({"table", "other", "thing"}))
    assert made.startswith("# ")
    assert made.split("\n\n", 1)[1] == (
        '"GoodName Ransomware":\n  names: ["goodname_help.txt"]\n  extensions: [".goodname"]\n  marks: ["goodname"]\n'
    )
