"""Rule files: what is loaded, and what is refused with file, line and reason."""

from __future__ import annotations

import os
import re

import pytest

from collector import activity_rules, rules, strictyaml
from collector.errors import RuleError

GOOD = "local: [ext4]\npseudo: [proc]\nnetwork: [nfs]\nfuse: [fuse, fuse.*]\n"


def test_packaged_table_is_found_and_right():
    """The table that we ship loads, and says of each kind what the walk rests on."""
    assert (rules.folder() / "filesystems.yaml").is_file()
    table = rules.filesystems()
    expected = {"ext4": "local", "fuseblk": "local", "proc": "pseudo", "nfs4": "network", "cifs": "network"}
    expected |= {"autofs": "network", "fuse": "fuse", "fuse.*": "fuse"}
    assert {name: table[name] for name in expected} == expected


def test_good_table_is_read(tmp_path):
    """Each type is given its class."""
    path = tmp_path / "filesystems.yaml"
    path.write_text(GOOD)
    assert rules.read_filesystems(path) == {
        "ext4": "local", "proc": "pseudo", "nfs": "network", "fuse": "fuse", "fuse.*": "fuse",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "empty"),
        ("- local\n", 1, "mapping"),
        (GOOD + "loacl: [ext3]\n", 5, "unknown class"),
        (GOOD + "local: [ext3]\n", 5, "twice"),
        (GOOD.replace("[proc]", "[proc, ext4]"), 2, "twice"),
        (GOOD.replace("[proc]", "proc"), 2, "list"),
        (GOOD.replace("[proc]", "[]"), 1, "pseudo"),
        (GOOD.replace("[proc]", "[no]"), 2, "string"),
        (GOOD.replace("[proc]", "[[proc]]"), 2, "string"),
        (GOOD.replace("[proc]", "['a b']"), 2, "letters"),
        (GOOD.replace("[proc]", "[proc"), 3, "YAML"),
        (GOOD.replace("[proc]", "&a [proc]").replace("[nfs]", "*a"), 3, "alias"),
        (GOOD + "...\n---\nlocal: [ext3]\n", 6, "YAML"),
        (GOOD + "\x07", 1, "YAML"),
        ("[" * 100_000, 1, "nested"),
        ("#" * (strictyaml.MAX_RULE_FILE + 1), 1, "larger"),
    ],
)
def test_wrong_table_is_refused_with_line_and_reason(tmp_path, text, line, reason):
    """A typing error in the table never turns into files that are quietly not collected."""
    path = tmp_path / "filesystems.yaml"
    path.write_text(text)
    with pytest.raises(RuleError, match=rf"^filesystems\.yaml:{line}: .*{re.escape(reason)}"):
        rules.read_filesystems(path)


def test_missing_table_is_refused(tmp_path):
    """A wheel without its rules says so."""
    with pytest.raises(RuleError, match=r"^filesystems\.yaml:1: can't be read"):
        rules.read_filesystems(tmp_path / "filesystems.yaml")


ACTIVITY = rules.folder() / "ransom" / "activity.yaml"


def test_packaged_activity_rules_load():
    """What we ship loads: no extension is both ordinary and temporary, none that people use daily is missing."""
    found = activity_rules.activity()
    assert {b"docx", b"pdf", b"jpg", b"txt", b"dcm", b"gz", b"bak"} <= found.ordinary
    assert not found.ordinary & found.temporary
    assert found.limits.files < found.limits.alone_files


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("limits:", "limit:", "limits and temporary"),
        ("  window_s: 60 ", "  window: 60 ", "missing or unknown: window, window_s"),
        ("  window_s: 60 ", "  window_s: 0 ", "whole number"),
        ("  window_s: 60 ", "  window_s: 1e3 ", "whole number"),
        ("  window_s: 60 ", "  window_s: 0x10 ", "whole number"),
        ("  window_s: 60 ", "  window_s: true ", "whole number"),
        ("  window_s: 60 ", "  window_s: 999999 ", "whole number"),
        ("  window_s: 60 ", "  window_s: [60] ", "whole number"),
        ("  - cfsaved", "  - cfsaved cfsaved", "twice"),
        ("  - cfsaved", "  - .cfsaved", "form"),
        ("  - cfsaved", "  - {cfsaved: 1}\n  -", "string"),
    ],
)
def test_wrong_activity_rules_are_refused(tmp_path, old, new, reason):
    """A typing error never turns into an encryption that is quietly not told."""
    path = tmp_path / "activity.yaml"
    text = ACTIVITY.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(RuleError, match=rf"^activity\.yaml:[0-9]+: .*{re.escape(reason)}"):
        activity_rules.read_activity(path)


def test_a_fifo_is_no_rule_file(tmp_path):
    """It is refused at once: whoever opens it waits for ever."""
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(RuleError, match=r"^pipe\.yaml:1: can't be read: it is no file"):
        rules.read_filesystems(tmp_path / "pipe.yaml")

