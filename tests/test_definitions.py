"""Artifact definitions: all published ones load and mean something, wrong ones are refused with line and reason."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import live
import pytest
import wine
import yaml

from collector import definitions, expansion, profiles, rules, strictyaml
from collector.errors import RuleError
from collector.expansion import Deep, Facts, Glob, Refusal, UnexpandableError, expand
from collector.library import PACKAGED, Library, rule_files
from collector.strictyaml import Document

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
name: Mine
doc: A file.
sources:
- type: FILE
  attributes: {paths: ['/etc/mine']}
supported_os: [Linux]
"""
COMMAND = GOOD.replace("FILE", "COMMAND").replace("paths: ['/etc/mine']", "cmd: /bin/true, args: []")
USERS = Facts(
    "Linux",
    {"environ_x": b"/opt/x"},
    (
        {"users.homedir": b"/home/anne", "users.username": b"anne"},
        {"users.homedir": b"/home/b*b", "users.username": b"b*b"},
    ),
)


def read(text: str) -> definitions.Definition:
    return definitions.read(Document("mine.yaml", text.encode()))


def written(folder: Path, *names: str, **groups: list[str]) -> Path:
    """Write a file of small definitions and of groups."""
    texts = [GOOD.replace("Mine", name) for name in names]
    for name, members in groups.items():
        text = GOOD.replace("Mine", name).replace("FILE", "ARTIFACT_GROUP")
        texts.append(text.replace("paths: ['/etc/mine']", f"names: {json.dumps(members)}"))
    path = folder / "mine.yaml"
    path.write_text("---\n".join(texts))
    return path


def shown(pattern: expansion.Pattern) -> str:
    """Return a pattern for reading: names as they are, `<…>` for what many names match."""
    return "/".join(
        part.decode() if isinstance(part, bytes) else f"<{part.levels}>" if isinstance(part, Deep) else "<glob>"
        for part in pattern
    )


@pytest.fixture(scope="module")
def library() -> Library:
    return Library.packaged()


@pytest.fixture(scope="module")
def published() -> list[dict]:
    """Return the published definitions as the reference parser has them, which is not ours."""
    files = sorted(rules.published().glob("*.yaml"))
    return [one for path in files for one in yaml.load_all(path.read_bytes(), Loader=yaml.SafeLoader) if one]


def test_all_published_definitions_load_with_everything_that_they_say(library, published):
    """731 of them, none changed: names, aliases, systems, types, paths, commands and members are what the files say."""
    assert len(published) == 731
    for one in published:
        mine = library.get(one["name"])
        assert mine.name == one["name"]
        assert list(mine.aliases) == one.get("aliases", [])
        assert list(mine.systems) == one.get("supported_os", [])
        assert mine.doc == one["doc"]
        assert len(mine.sources) == len(one["sources"])
        for source, told in zip(mine.sources, one["sources"], strict=True):
            attributes = told["attributes"]
            assert source.type == told["type"]
            assert list(source.paths) == attributes.get("paths", [])
            assert list(source.names) == attributes.get("names", [])
            assert list(source.keys) == attributes.get("keys", [])
            assert (source.program, list(source.arguments)) == (attributes.get("cmd", ""), attributes.get("args", []))
            pairs = [(pair["key"], pair["value"]) for pair in attributes.get("key_value_pairs", [])]
            assert list(source.values) == pairs
            assert source.query == attributes.get("query", "")


def test_the_index_names_what_the_files_define(library, published):
    """Names are found by a look at the text; a strict reading of each place finds the same name, and every alias."""
    files = rule_files(rules.folder() / "artifacts")
    ours = [definitions.read(one).name for path in files for one in strictyaml.documents(path)]
    assert library.order == [*ours, *(one["name"] for one in published)]
    for name in library.order:
        assert library.get(name).name == name
    for one in published:
        for alias in one.get("aliases", []):
            assert library.get(alias).name == one["name"]


def test_every_group_leads_to_definitions(library):
    """No published group names what nobody defines, and none is inside itself."""
    assert len(list(library.members(library.order))) > 700


def test_each_of_ours_is_short_and_has_its_own_name():
    """A definition is read at a glance; `Collect` in front keeps its name apart from those that will be published."""
    for path in rule_files(rules.folder() / PACKAGED[0]):
        for document in strictyaml.documents(path):
            one = definitions.read(document)
            assert one.name.startswith("Collect"), one.name
            assert len(document.raw.strip().splitlines()) <= 15, one.name


@pytest.mark.parametrize("name", profiles.NAMES)
def test_a_profile_names_what_there_is(library, name):
    """Each name is a definition, stands once, and only `full` runs programs."""
    profile = profiles.named(name)
    assert profile.name == name
    assert [one for one in (*profile.definitions, *profile.without) if one not in library] == []
    assert len(set(profile.definitions)) == len(profile.definitions)
    assert profile.runs_programs is profile.everything is (name == "full")
    budget = profile.budget("artifacts")
    assert None not in (budget.seconds, budget.bytes, budget.file_bytes, budget.files)


@pytest.mark.parametrize("system", ["Linux", "Darwin"])
@pytest.mark.parametrize("name", profiles.NAMES)
def test_no_secret_is_taken_unless_asked_for(library, name, system):
    """Hashes of passwords, private keys and stores of passwords are copied by no profile, nor are mail and messages."""
    profile = profiles.named(name)
    names = [*profile.definitions, *(library.order if profile.everything else ())]
    taken = [one for one in library.members(names, system) if one.name not in profile.without]
    copied = {
        (one.name, path)
        for one in taken
        for source in one.sources
        if source.type == "FILE" and one.applies(source, system)
        for path in source.paths
    }
    wrong = re.compile(r"shadow|/id_|Login Data|/[Cc]ookies|key\d\.db|logins\.json|ssh/\*$|[Ss]ignal|/keyrings/\*$")
    if system == "Darwin":
        more = r"|Keychains/.*(keychain|user\.db)|dslocal/.*/users|/Library/Messages/|Notes/|Trash|/Backup/"
        more += r"|/Library/Mail/.*(IMAP|POP|Mailboxes|Envelope|Signatures|\]/\*$)|Mail Downloads"
        wrong = re.compile(wrong.pattern + more)
    assert [path for path in copied if wrong.search(path[1])] == []


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "empty"),
        ("- name\n", 1, "mapping"),
        (GOOD + "nmae: x\n", 7, "unknown field nmae"),
        (GOOD + "name: Mine\n", 7, "twice"),
        (GOOD.replace("doc: A file.\n", ""), 1, "doc is missing"),
        (GOOD.replace("A file.", "no"), 2, "a string is expected"),
        (GOOD.replace("name: Mine", "name: a b"), 1, "a name is"),
        (GOOD.replace("Linux", "Lunix"), 6, "unknown system"),
        (GOOD.replace("FILE", "FIEL"), 4, "unknown type"),
        (GOOD.replace("paths:", "path:"), 5, "unknown attribute path"),
        (GOOD.replace("paths: ['/etc/mine']", "separator: '/'"), 5, "FILE needs paths"),
        (GOOD.replace("'/etc/mine'", ""), 5, "no path"),
        (GOOD.replace("/etc/mine", "/etc/../shadow"), 5, "leads downwards"),
        (GOOD.replace("/etc/mine", "/etc/./mine"), 5, "leads downwards"),
        (GOOD.replace("/etc/mine", "etc/mine"), 5, "absolute"),
        (GOOD.replace("/etc/mine", "/" + "a/" * 100), 5, "1024 characters"),
        (GOOD.replace("/etc/mine", "/" + "a" * 2000), 5, "1024 characters"),
        (GOOD.replace("'/etc/mine'", r'"/etc/\n"'), 5, "control character"),
        (GOOD.replace("'/etc/mine'", r'"/etc/\0"'), 5, "control character"),
        (GOOD.replace("'/etc/mine'", "&a '/x', *a"), 5, "alias"),
        (GOOD.replace("'/etc/mine'", "[" * 50 + "]" * 50), 5, "nested deeper"),
        (GOOD.replace("'/etc/mine'", ", ".join(["/a"] * 100_000)), 5, "more than 1000"),
        (GOOD.replace("'/etc/mine'", "!!python/object/apply:os.system ['id']"), 5, "a string is expected"),
        (COMMAND.replace("/bin/true", "evil"), 5, "absolute path"),
        (COMMAND.replace("/bin/true", "./true"), 5, "absolute path"),
        (COMMAND.replace("/bin/true", "/bin/../tmp/true"), 5, "absolute path"),
        (COMMAND.replace("args: []", "args: -x"), 5, "a list is expected"),
        (COMMAND.replace("args: []", "args: [1]"), 5, "a string is expected"),
        (COMMAND.replace("args: []", "args: [], shell: true"), 5, "unknown attribute shell"),
        (COMMAND.replace(", args: []", ""), 5, "needs args"),
        (GOOD.replace("[Linux]", "[Linux"), 7, "not YAML"),
    ],
)
def test_a_wrong_definition_is_refused_with_line_and_reason(text, line, reason):
    """A typing error, or an attack, never turns into something that is quietly not collected, or run."""
    with pytest.raises(RuleError, match=rf"^mine\.yaml:{line}: .*{re.escape(reason)}"):
        read(text)


def test_the_line_is_that_of_the_file(tmp_path):
    """The second definition of a file is told by its own line."""
    path = tmp_path / "two.yaml"
    path.write_text("# comment\n---\n" + GOOD + "---\n" + GOOD.replace("Mine", "Other").replace("paths", "pahts"))
    with pytest.raises(RuleError, match=r"^two\.yaml:14: unknown attribute pahts"):
        Library.packaged().add(path)


def test_groups_are_followed_once_and_in_order(tmp_path):
    """A definition that two groups name comes once, at its first place; a group has no place of its own."""
    library = Library()
    library.add(written(tmp_path, "A", "B", "C", G=["B", "A"], H=["G", "C", "A"]))
    assert [one.name for one in library.members(["H", "B"])] == ["B", "A", "C"]


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ({"G": ["G"]}, r"mine\.yaml:4: G is a group inside itself"),
        ({"G": ["H"], "H": ["I"], "I": ["G"]}, "is a group inside itself"),
        ({"G": ["Nowhere"]}, r"mine\.yaml:4: no definition is called Nowhere"),
        ({f"G{n}": [f"G{n + 1}"] for n in range(9)} | {"G9": ["UnixPasswdFile"]}, "nested deeper than 8"),
    ],
)
def test_a_wrong_group_is_refused(tmp_path, groups, reason):
    """A circle, however long, a member that nobody defines, groups without end."""
    with pytest.raises(RuleError, match=reason):
        Library.packaged().add(written(tmp_path, **groups))


def test_a_name_that_is_taken_is_refused(tmp_path):
    """Nobody's rule can take the place of a packaged one; an alias counts."""
    for name in ("UnixPasswdFile", "WinAppXRT", "CollectLinuxCron"):
        with pytest.raises(RuleError, match=f"{name} is defined already"):
            Library.packaged().add(written(tmp_path, name))


def test_folders_without_rules_are_refused(tmp_path):
    """An empty folder, or one that isn't there, is a mistake and not an empty list."""
    with pytest.raises(RuleError, match="no definition"):
        Library().add(tmp_path)
    with pytest.raises(RuleError, match="can't be read"):
        Library().add(tmp_path / "none")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/passwd", ["etc/passwd"]),
        ("//etc///passwd/", ["etc/passwd"]),
        ("/etc/*.d/x?/[ab]", ["etc/<glob>/<glob>/<glob>"]),
        ("/a/**/b", ["a/<10>/b"]),
        ("/a/**3", ["a/<3>"]),
        ("/a/**99/b", ["a/<10>/b"]),
        ("/a/**.d", ["a/<glob>"]),
        ("%%environ_x%%/y", ["opt/x/y"]),
        ("%%users.homedir%%/.x", ["home/anne/.x", "home/b*b/.x"]),
        ("/l/L.%%users.username%%", ["l/L.anne", "l/L.b*b"]),
        ("%%users.homedir%%/%%users.username%%", ["home/anne/anne", "home/b*b/b*b"]),
    ],
)
def test_a_path_is_expanded(path, expected):
    """Each variable of users gives one path for each of them, never one's home with another's name."""
    assert [shown(one) for one in expand(path, "/", USERS)] == expected


def test_what_a_host_calls_a_home_is_no_wildcard():
    """A home named `b*b`, beside wildcards of the definition, matches its own name only."""
    pattern = expand("/l/%%users.username%%-*", "/", USERS)[1]
    assert isinstance(pattern[1], Glob)
    assert pattern[1].matches(b"b*b-1")
    assert not pattern[1].matches(b"bbb-1")


@pytest.mark.parametrize(
    ("path", "separator", "users", "reason"),
    [
        (r"%%environ_systemroot%%\x", "\\", USERS, "another system"),
        ("%%environ_systemroot%%/x", "/", USERS, "%%environ_systemroot%% has no value"),
        ("%%users.sid%%/x", "/", USERS, "%%users.sid%% has no value"),
        ("%%users.homedir%%/x", "/", Facts("Linux"), "there is no user"),
        ("%%users.homedir%%/x", "/", Facts("Linux", {}, ({"users.homedir": b"/home/../etc"},)), "leads upwards"),
    ],
)
def test_what_cannot_be_expanded_says_why(path, separator, users, reason):
    """A reason, not a crash and not a path with `%%` in it."""
    with pytest.raises(UnexpandableError, match=re.escape(reason)):
        expand(path, separator, users)


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("*.log", [b".log", b"a.log", b"a\n.log", b"\xff.log"], [b"a.logs"]),
        ("?", [b"a", b"\n", "é".encode()], [b"", b"ab"]),
        ("[!a]x", [b"bx"], [b"ax"]),
        ("a[*]b", [b"a*b"], [b"acb"]),
        ("*", [b"x", b".hidden", bytes(range(1, 47))], []),
    ],
)
def test_a_glob_matches_whole_names(glob, yes, no):
    """Newlines, bytes that are no text and hidden names are names like others."""
    (pattern,) = expand(f"/{glob}", "/", Facts("Linux"))
    assert isinstance(pattern[0], Glob)
    assert all(pattern[0].matches(name) for name in yes)
    assert not any(pattern[0].matches(name) for name in no)


def test_a_glob_ends_whatever_the_name():
    """With a backtracking matcher this would run for years."""
    (pattern,) = expand("/" + "*a" * 60 + "b", "/", Facts("Linux"))
    assert not pattern[0].matches(b"a" * 255)


def test_the_patterns_of_a_source_are_bounded():
    """A thousand paths of each of a thousand homes: what is over the limit is told."""
    users = tuple({"users.homedir": f"/home/{n}".encode()} for n in range(1000))
    source = definitions.Source("FILE", 1, paths=tuple(f"%%users.homedir%%/{n}" for n in range(1000)))
    found = list(expansion.patterns(source, Facts("Linux", {}, users)))
    assert len(found) == expansion.MAX_PATTERNS + 1
    assert isinstance(found[-1], Refusal)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("everything: false", "everything: no"), "triage.yaml:10: true or false"),
        (("everything: false", "everything: 'true'"), "true or false"),
        (("seconds: 60", "second: 60"), "unknown limit"),
        (("seconds: 60", "seconds: -1"), "whole number"),
        (("seconds: 60", "seconds: 0x10"), "whole number"),
        (("seconds: 60", "seconds: 999999"), "at most"),
        (("doc:", "dok:"), "unknown field dok"),
        (("runs_programs: false\n", ""), "runs_programs is missing"),
    ],
)
def test_a_wrong_profile_is_refused(tmp_path, change, reason):
    """A profile is a rule like any other."""
    text = (rules.folder() / "profiles" / "triage.yaml").read_text()
    assert change[0] in text
    path = tmp_path / "triage.yaml"
    path.write_text(text.replace(*change))
    with pytest.raises(RuleError, match=re.escape(reason)):
        profiles.read(path)


def test_rules_are_listed_and_checked(tmp_path):
    """`collect rules list` gives every definition; `check` tells right from wrong by its exit code."""
    listed = live.run("rules", "list", "--json").json["definitions"]
    assert len(listed) > 731
    assert {"name", "file", "line", "systems", "types", "doc"} == set(listed[0])
    triage = live.run("rules", "list", "--profile", "triage", "--json").json["definitions"]
    assert [one["name"] for one in triage] == list(profiles.named("triage").definitions)
    assert live.run("rules", "check").code == 0
    assert live.run("rules", "check", written(tmp_path, "A", G=["A"])).code == 0
    wrong = live.run("rules", "check", written(tmp_path, G=["Nowhere"]))
    assert (wrong.code, wrong.err) == (1, "error: mine.yaml:4: no definition is called Nowhere\n")
    assert live.run("rules", "check", tmp_path / "none").code == 2
    assert live.run("rules", "list", "--profile", "all").code == 2


@wine.slow("a whole run")
def test_a_wrong_rule_ends_a_run_before_anything_is_written(tmp_path, out):
    """Exit 2, the place and the reason, and the folder is as empty as before."""
    path = written(tmp_path, "A")
    path.write_text(path.read_text().replace("/etc/mine", "\x1b[2J/../x"))
    done = live.collect(out, "--rules", path)
    assert done.code == 2
    assert done.err.startswith("error: mine.yaml:")
    assert "\x1b" not in done.err
    assert list(out.iterdir()) == []


def test_what_a_wrong_rule_says_reaches_no_terminal(tmp_path):
    """A field whose name is an escape sequence is told with the sequence made harmless."""
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD + '"\\e[2J\\e]0;x": 1\n')
    done = live.run("rules", "check", path)
    assert done.code == 1
    assert "\x1b" not in done.err
