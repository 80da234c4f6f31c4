"""docs/SPEC.md says what the code does: samples, tables, steps, codes and clauses are compared with it.

`PYTHONPATH=. python tests/test_spec.py` writes the parts of the page that the code makes (samples, columns).
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import tempfile
from pathlib import Path

import made
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import (
    chainfile,
    contents,
    counts,
    custody,
    findings,
    layout,
    ledger,
    manifest,
    model,
    rows,
    schema,
    verify,
)
from collector.ledger import ordered
from collector.sources import SOURCES
from collector.sources.activity import ActivitySource
from collector.sources.clipboard import ClipboardSource
from collector.sources.footprint import FootprintSource
from collector.sources.memory import MemorySource
from collector.sources.registry import RegistrySource
from collector.text import from_bytes
from collector.ui import report

ROOT = Path(__file__).parent.parent
SPEC = ROOT / "docs" / "SPEC.md"
MODEL = ROOT / "docs" / "THREAT_MODEL.md"
VECTORS = ROOT / "tests" / "testdata" / "vectors"
PAGE = SPEC.read_text(encoding="utf-8")
TOOL = made.opening()["tool"]
NOTE = "La secrétaire a éteint l'écran à 9 h 10."
WIDTH = 110
COMMANDS = (
    (
        "sha256sum -c SHA256SUMS",
        f"ssh-keygen -Y verify -f allowed_signers -n evidence-collector@v1 -s checkpoint.sig -I {made.SID} <checkpoint",
        "openssl dgst -sha256 -binary checkpoint | base32 | cut -c1-32",
    ),
    (
        "head -n 1 manifest.jsonl | tr -d '\\n' | openssl dgst -sha256 -binary | base32 | cut -c1-32",
        'head -c "$(sed -n 3p checkpoint)" manifest.jsonl | sha256sum',
    ),
)
_SAMPLE = re.compile(r"(?<=<!-- sample: )(\S+)( -->\n```\n)((?:[^`]|`(?!``))*)")
_CONSOLE = re.compile(r"(?<=<!-- console -->\n```\n)(?:[^`]|`(?!``))*")
_COLUMNS = re.compile(r"(?<=<!-- columns -->\n).*?(?=<!-- end -->)", re.DOTALL)


def sample(folder: Path) -> Path:
    """Make the bundle of section 0, with the note of section 10."""
    path = made.sealed(folder)
    custody.note(path, NOTE, made.MadeClock(), TOOL)
    return path


def wrapped(text: str) -> str:
    out = []
    for line in text.split("\n"):
        parts, rest = [], line
        while len(rest) > WIDTH:
            cut = rest.rfind(',"', 1, WIDTH) + 1 or WIDTH
            parts.append(rest[:cut])
            rest = rest[cut:]
        out.append("\n    ".join([*parts, rest]))
    return "\n".join(out)


def unwrapped(text: str) -> bytes:
    return text.replace("\n    ", "").encode()


def ran(command: str, folder: Path) -> str:
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def columns() -> str:
    """Return the tables of section 6.1."""
    out = []
    for source in (*SOURCES, MemorySource(), ClipboardSource(), RegistrySource(), ActivitySource(), FootprintSource()):
        told = f"`{source.kind}`: {(type(source).__doc__ or '').splitlines()[0]}"
        if hasattr(source, "seconds"):
            core = ", core (a run that got nothing from it exits with 3)" if source.core else ""
            told += f" Phase `{source.phase}`, at most {source.seconds} s{core}."
        out.append(table(told, source.columns))
    out.append(table("`summary`: Counts without any name.", counts.COLUMNS))
    return "".join(out)


def table(title: str, meanings: dict[str, str]) -> str:
    lines = [f"| `{name}` | {meaning} |" for name, meaning in meanings.items()]
    return "\n".join([f"\n{title}\n", *(["| column | meaning |", "|---|---|", *lines, ""] if lines else [""])])


def rows_of(marker: str, page: str = PAGE) -> list[list[str]]:
    """Return the cells of the first table after a marker of the page, without its head."""
    after = page.split(marker, 1)[1]
    found = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE)
    assert found
    return [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in found[0].splitlines()[2:]
    ]


def test_the_sample_is_what_the_code_makes(tmp_path):
    """Section 0 and 10: every file of the sample, byte by byte, and no other file."""
    path = sample(tmp_path)
    shown = {name: unwrapped(text) for name, _, text in _SAMPLE.findall(PAGE)}
    there = {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    assert shown == there


def test_the_stock_programs_say_what_the_page_shows(tmp_path):
    """Sections 0 and 4.4: sha256sum, ssh-keygen, openssl and base32 are run for real on the sample."""
    path = sample(tmp_path)
    blocks = _CONSOLE.findall(PAGE)
    assert len(blocks) == len(COMMANDS)
    for block, commands in zip(blocks, COMMANDS, strict=True):
        assert block == "".join(f"$ {command}\n{ran(command, path)}" for command in commands)


def test_the_sample_verifies(tmp_path):
    """Section 0: the sample is consistent, closed, and its seal code is the one that openssl prints."""
    found = verify.examine(sample(tmp_path), verify.Trusted())
    assert (found.verdict, found.findings) == ("UNANCHORED", ())
    codes = {found.seal_code.replace("-", ""), found.start_code.replace("-", "")}
    assert codes <= set(re.findall(r"^[A-Z2-7]{32}$", PAGE, re.MULTILINE))


TABLES = [
    ("common", schema.COMMON),
    *schema.MANIFEST.items(),
    *((f"custody {kind}", fields) for kind, fields in schema.CUSTODY.items() if fields != schema.MANIFEST.get(kind)),
]
"""Each table of records of the page, and the fields that the code has for it."""


def test_no_table_of_records_is_missing_or_invented():
    """Section 5: one table for each type, and none that the code doesn't have."""
    assert set(re.findall(r"<!-- record: (.*?) -->", PAGE)) == {name for name, _ in TABLES}


@pytest.mark.parametrize(("name", "fields"), TABLES, ids=lambda value: value if isinstance(value, str) else "")
def test_the_fields_of_a_record_are_those_of_the_schema(name, fields):
    """Section 5: names, order and privacy marks of each table are those of `collector.schema`."""
    shown = [(row[0].strip("`"), row[2]) for row in rows_of(f"<!-- record: {name} -->")]
    assert shown == [(field.name, "private" if field.private else "") for field in fields]


UTC = "2026-11-18T11:06:40.000000Z"
GOOD_TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
RAW = {"text": "\ufffd", "hex": "ff"}
COUNTS = {"intents": 0, "artifacts": 0, "gaps": 0, "observations": 0, "notes": 0}
FORMS = {  # good values, bad values
    "1": ([1], [0, 2, True, "1", None]),
    "sid": (["0" * 32], ["0" * 31, "A" * 32, None]),
    "hash": (["0" * 64], ["0" * 63, "A" * 64, 0]),
    "count": ([0, 2**53 - 1], [True, "0", None]),
    "word": (["a", "0-_"], ["", "A", "-a", "a" * 41]),
    "utc": ([UTC], [UTC[:-1], "2026-11-18T11:06:40Z", 0]),
    "local": ([UTC[:-1] + "+01:00"], [UTC, UTC[:-1] + "+0100", UTC[:-1] + "-00:00"]),
    "nanoseconds": (["0", "1" * 20], ["00", "-1", "1" * 21, 1]),
    "text": (
        ["", "é", RAW],
        [{"hex": "ff", "text": "\ufffd"}, {"text": "A", "hex": "41"}, {"text": "", "hex": "ff"}, 1],
    ),
    "free": ([{}, {"a": 1, "b": RAW}], [{"b": 1, "a": 1}, [], "", {"a": [{"c": 1, "b": 1}]}]),
    "case": (["T-1", "A" * 64], ["-T", "a/b", "", "A" * 65]),
    "tool": ([GOOD_TOOL], [dict(reversed(GOOD_TOOL.items())), {}, "1"]),
    "key": (["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43], ["ssh-rsa AAAA", None]),
    "continues": ([{"sid": "0" * 32, "head": "0" * 64, "records": 1}], [{}]),
    "path": (
        ["artifacts/000001-a.jsonl", "attachments/000001-a.tar.gz"],
        ["artifacts/1-a.b", "artifacts/000001-a.part", "../a", 1],
    ),
    "collected": (["collected"], ["absent", ""]),
    "empty": (["empty"], ["failed"]),
    "gap outcome": (["absent", "failed", "over_limit"], ["collected", "empty", ""]),
    "code": (["-".join(["AAAA"] * 8)], ["A" * 32, "0" * 39]),
    "base64": (["", "AA==", "AAAA"], ["A", "AA=", "A A=", "AB=="]),
    "torn": ([{"length": 1, "sha256": "0" * 64, "base64": ""}], [{}, ""]),
    "plain": (["x y"], ["", "é", "\n"]),
    "complete": (["complete"], [""]),
    "cut_short": (["cut_short"], [""]),
    "counts": ([COUNTS], [dict(reversed(COUNTS.items())), {}]),
    "isolation": ([dict(made.ISOLATION), {"open": None, "close": None, "run": None}], [{"open": "isolated"}, {}]),
    "checked": ([{"verdict": "ANCHORED", "files": 1, "bytes": 0}], [{"verdict": "ALTERED", "files": 1, "bytes": 0}]),
    "signer": (
        ["ssh-rsa AAAA", "sk-ssh-ed25519@openssh.com AAAAGnNr", "ecdsa-sha2-nistp521 AAAA=="],
        ["ssh-dss AAAA", "ssh-rsa AAAA me", "ssh-rsa", "ecdsa-sha2-nistp224 AAAA"],
    ),
    "boolean": ([True, False], [0, "true"]),
    "null": ([None], []),
    "[A-Za-z0-9-]{1,64}": (["a-B"], ["", "a b"]),
    "nonce": (["0" * 32], ["0" * 31]),
    "age1[0-9a-z]{1,2000}": (["age1q"], ["age1", "AGE1Q"]),
}


@pytest.mark.parametrize(("name", "fields"), TABLES, ids=lambda value: value if isinstance(value, str) else "")
def test_the_form_of_a_field_is_the_one_that_is_checked(name, fields):
    """Section 5: what the form of the page takes, the code takes; what it refuses, the code refuses."""
    for row, field in zip(rows_of(f"<!-- record: {name} -->"), fields, strict=True):
        form = row[1].removeprefix("list of ")
        parts = [part.strip("`") for part in form.split(" or ")]
        good = [value for part in parts for value in FORMS[part][0]]
        bad = [value for part in parts for value in FORMS[part][1] if value not in good or value is True]
        bad = [value for value in bad if not ("null" in parts and value is None)]
        if form != row[1]:
            good, bad = [[], good], [good[0], *([value] for value in bad)]
        assert [value for value in good if not field.check(value)] == [], field.name
        assert [value for value in bad if field.check(value)] == [], field.name


def test_the_patterns_of_the_forms_are_those_of_the_schema():
    """Section 3.7: each regular expression of the page is the one that the code matches."""
    code = dict(re.findall(r'^is_(\w+) = matches\(r"(.*)"\)(?:  #.*)?$', inspect.getsource(schema), re.MULTILINE))
    code["path"] = layout.STORED
    assert {row[0].strip("`"): row[1].strip("`") for row in rows_of("### 3.7 Forms")} == code


def spelled(text: str) -> str:
    """Write a string as clause 3.2 (3) words it, by other means than the code's."""
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
    out = ""
    for char in text:
        units = char.encode("utf-16-be").hex()
        long = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
        out += short.get(char) or (char if " " <= char <= "~" else long)
    return f'"{out}"'


@given(st.text() | st.text(alphabet=st.characters(max_codepoint=0xA0)))
def test_a_string_is_spelled_as_the_page_words_it(text):
    """Clause 3.2: the escapes of the page are those that the code writes and accepts."""
    line = b'{"a":' + spelled(text).encode("ascii") + b"}"
    assert manifest.encode({"a": text}) == line
    assert manifest.decode(line) == {"a": text}


def test_what_is_not_unicode_is_replaced_by_maximal_subparts():
    """Clause 3.4: the example of the Unicode standard (table 3-8), and a surrogate."""
    raw = bytes.fromhex("61f18080e180c262806380bf64") + b"\xed\xa0\x80"
    shown = {"text": "a\ufffd\ufffd\ufffdb\ufffdc\ufffd\ufffdd" + 3 * "\ufffd", "hex": raw.hex()}
    assert from_bytes(raw) == shown
    assert schema.is_text(shown)


def test_a_text_inside_a_free_object_keeps_its_order():
    """Clause 3.5: `text` before `hex` is a text; every other object ascends by code point."""
    assert list(ordered({"\U0001f600": RAW, "\uffee": 1, "a": 2})) == ["a", "\uffee", "\U0001f600"]
    assert list(ordered({"b": RAW})["b"]) == ["text", "hex"]


def test_the_columns_are_those_of_the_sources():
    """Section 6.1: every kind, column and meaning as `collector.sources` has them (else run this file)."""
    shown = _COLUMNS.search(PAGE)
    assert shown
    assert shown[0] == columns()


def test_the_steps_are_those_of_the_verifier():
    """Section 8: numbers and words of the list at the top of `collector/verify.py`."""
    listed = re.findall(r"^ ?\((\d+)\) (.*)$", verify.__doc__ or "", re.MULTILINE)
    assert re.findall(r"^\*\*\((\d+)\) (.*)\*\*$", PAGE, re.MULTILINE) == listed


def levels() -> dict[str, set[str]]:
    """Return the levels that the code gives to each finding code, from its calls of `Findings.add`."""
    told: dict[str, set[str]] = {str(code): set() for code in findings.Code}
    for path in (ROOT / "collector").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add":
                code = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
                if code in told and len(node.args) > 2:
                    level = node.args[3].attr if len(node.args) > 3 else "ALTERED"
                    told[code].add(level)
            elif isinstance(node, ast.Constant) and node.value in told and path.name in ("manifest.py", "schema.py"):
                told[node.value].add("ALTERED")
    return told


def test_the_finding_codes_are_those_of_the_code():
    """Section 9: every code, in order, with the levels that it is given."""
    listed = rows_of("## 9. Findings")
    assert [row[0].strip("`") for row in listed] == [str(code) for code in findings.Code]
    known = levels()
    for code, level, *_ in listed:
        assert set(level.split(" or ")) == (known[code.strip("`")] or {"reserved"}), code


def test_every_clause_that_the_code_cites_is_there():
    """The numbers in comments of `collector/` are headings of the page."""
    headings = set(re.findall(r"^#{2,3} (\d+(?:\.\d+)?)\.? ", PAGE, re.MULTILINE))
    cited = set()
    for path in (ROOT / "collector").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        cited |= set(re.findall(r"SPEC(?:\.md)?,? (?:section )?(\d+(?:\.\d+)?)", text))
        if path.name in ("manifest.py", "seal.py"):
            cited |= set(re.findall(r'(?:"""|\(|clause )(\d\.\d)(?:\)|:| )', text))
    assert cited >= {"3.1", "3.2", "3.3", "3.4", "3.5", "4.1", "4.4", "5.1", "5.3", "6.1", "7.1", "7.3", "7.4", "8"}
    assert cited <= headings


def test_the_limits_are_those_of_the_code():
    """Section 3.1: the figures of the page are the constants of the code."""
    shown = [int(row[1].split()[0].replace(",", "")) for row in rows_of("### 3.1 Limits") if row[1][0].isdigit()]
    assert shown == [
        manifest.MAX_LINE,
        manifest.MAX_DEPTH,
        0,
        manifest.MAX_RECORDS - 1,
        contents.SMALL,
        chainfile.MAX_TAIL,
        rows.MAX_ROW,
        custody.MAX_NOTE,
        ledger.MAX_SUBJECT,
    ]
    assert f"{model.MAX_SAFE_INTEGER:,} (2^53-1)" in PAGE
    assert f"the first {chainfile.TORN_KEPT:,}" in PAGE


def test_the_threat_model_names_codes_that_exist():
    """docs/THREAT_MODEL.md: each code in its table is one of `findings.Code`, and each that is given is named."""
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+|[A-Z]{6,})`", MODEL.read_text(encoding="utf-8")))
    codes = {code for code, given_levels in levels().items() if given_levels}
    verdicts = {str(verdict) for verdict in findings.Verdict}
    assert named - verdicts == codes


def test_each_row_of_the_threat_model_is_shown_by_its_vectors():
    """docs/THREAT_MODEL.md, section 5: each pattern names vectors, and one of them has a finding of its row."""
    for *_, finding, shown in rows_of("## 5. Attack", MODEL.read_text(encoding="utf-8")):
        codes = set(re.findall(r"`([A-Z_]+)`", finding))
        for pattern in re.findall(r"`([a-z_*?]+)`", shown):
            found = [path.read_text(encoding="utf-8") for path in VECTORS.glob(f"{pattern}.vector")]
            assert found, pattern
            headers = {code for code in findings.Code if any(f"\ncode: {code}\n" in text for text in found)}
            assert headers & codes if codes else not headers, pattern


def test_each_test_that_the_threat_model_names_is_there():
    """docs/THREAT_MODEL.md, section 5: `test_…` under "shown in" is a file of tests."""
    shown = [cells[-1] for cells in rows_of("## 5. Attack", MODEL.read_text(encoding="utf-8"))]
    named = set(re.findall(r"\btest_\w+", " ".join(shown)))
    assert "test_accidents" in named
    assert [name for name in sorted(named) if not (Path(__file__).parent / f"{name}.py").is_file()] == []


def test_the_fixed_sentences_are_those_of_the_report():
    """docs/THREAT_MODEL.md, section 8: what every report must say is what `collect verify` prints."""
    lines = MODEL.read_text(encoding="utf-8").splitlines()
    assert set(report.LIMITS[1:]) <= set(lines)


@pytest.mark.parametrize("page", [SPEC, MODEL], ids=lambda path: path.name)
def test_no_page_says_more_than_can_be_known(page):
    """Neither page calls a bundle genuine: the strongest word is ANCHORED."""
    assert "authentic" not in page.read_text(encoding="utf-8").lower()


def rewrite() -> None:
    """Write the made parts of the page anew."""
    with tempfile.TemporaryDirectory() as folder:
        path = sample(Path(folder))
        page = _SAMPLE.sub(lambda m: m[1] + m[2] + wrapped((path / m[1]).read_text(encoding="ascii")), PAGE)
        blocks = iter(COMMANDS)
        page = _CONSOLE.sub(lambda _: "".join(f"$ {command}\n{ran(command, path)}" for command in next(blocks)), page)
        SPEC.write_text(_COLUMNS.sub(lambda _: columns(), page), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
