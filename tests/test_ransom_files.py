"""Encrypted files: what one file's bytes tell, what many tell together, and that no name or size breaks either.

The files are made by scripts/ordinary_files.py, which also encrypts them; the large table comes from
`scripts/evaluate-encrypted`.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import subprocess
import sys
import zlib
from base64 import b64encode
from pathlib import Path

import pytest
import wine
from hypothesis import example, given
from hypothesis import strategies as st

from collector.errors import RuleError
from collector.ransom import files, groups, magics, randomness, renames, tallies, trailers
from collector.ransom.groups import Groups

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
sys.path.insert(0, str(SCRIPTS))

import evaluate_encrypted  # noqa: E402 - it lies in scripts/
import ordinary_files  # noqa: E402

HOUR = 3600 * 10**9
START = 1_790_000_000 * 10**9


def random_bytes(size: int, seed: str = "") -> bytes:
    return hashlib.shake_256(b"test" + seed.encode()).digest(size)


PNG = b"\x89PNG\r\n\x1a\n" + random_bytes(9000) + b"IEND\xaeB`\x82"


def judge(name: str, content: bytes) -> files.FileJudgement:
    return evaluate_encrypted.judged(name, content)


@pytest.fixture(scope="module")
def made():
    """Return three files of each type."""
    return evaluate_encrypted.made(3, seed=5)


# One file


def test_ordinary_files_are_plain(made):
    """No file of the 31 types is taken for encrypted or even suspected, under its name or an older copy's."""
    assert len({name.rsplit(".", 1)[1] for name, _ in made}) > 15
    for name, content in made:
        for shown in (name, name + ".bak", name + ".1"):
            assert judge(shown, content).verdict == "plain", (shown, judge(shown, content))


@pytest.mark.parametrize("mode", ["whole", "head", "alternate", "footer"])
def test_files_encrypted_from_their_start_are_found(made, mode):
    """Whoever encrypts the first kilobytes is found in each file of each type, renamed or not."""
    for number, (name, content) in enumerate(made):
        now = ordinary_files.encrypted(content, mode, hashlib.sha256(b"%d" % number).digest())
        for shown in (name, name + ".wq7kz"):
            judgement = judge(shown, now)
            assert judgement.verdict in ("encrypted", "suspect"), (shown, mode, judgement)
            assert judgement.original == name.rsplit(".", 1)[1]


@pytest.mark.parametrize(
    ("mode", "least"), [("tenth", 0.9), ("spared-head", 0.8), ("interleave", 0.9), ("tail-footer", 0.8)]
)
def test_files_encrypted_in_part_are_mostly_found(made, mode, least):
    """What spares a head, or most bytes, is found by the end of the file, its middle, or the step of the cipher."""
    key = bytes(32)
    hits = [judge(name, ordinary_files.encrypted(content, mode, key)).is_hit for name, content in made]
    assert sum(hits) >= least * len(hits)


@pytest.mark.parametrize(
    ("name", "content", "verdict", "reason"),
    [
        ("a.docx", b"", "unknown", "empty"),
        ("a.docx", bytes(5000), "unknown", "blank"),
        ("a.jpg", b"\x89PNG\r\n\x1a\n" + bytes(range(250)), "plain", "other_kind"),
        ("a.xls", b"<html><table><tr><td>12</td></tr></table></html>" * 9, "plain", "other_kind"),
        ("a.br", random_bytes(5000), "unknown", "looks_random_by_design"),
        ("a.hc", random_bytes(5000), "unknown", "looks_random_by_design"),
        ("a", random_bytes(5000), "suspect", "no_known_magic"),
        ("a.unheardof", random_bytes(5000), "suspect", "no_known_magic"),
        ("a.docx.x1y2z3", b"Salted__" + random_bytes(5000), "encrypted", "encrypted_container"),
        ("a.docx", b"age-encryption.org/v1\n" + random_bytes(5000), "encrypted", "encrypted_container"),
        ("a.docx.age", b"age-encryption.org/v1\n" + random_bytes(5000), "plain", None),
        ("a.enc", b"Salted__" + random_bytes(5000), "unknown", "looks_random_by_design"),
        ("a.docx.enc", random_bytes(5000), "suspect", "magic_missing"),
        ("a.docx.part", random_bytes(5000), "suspect", "magic_missing"),
        ("a.dl_", random_bytes(5000), "suspect", "no_known_magic"),
        ("a.docx", random_bytes(5000), "encrypted", "random_head"),
        ("a.txt", random_bytes(5000), "encrypted", "no_known_magic"),
        ("a.docx.akira", random_bytes(300), "encrypted", "known_extension"),
        ("0F3A.akira", random_bytes(5000), "encrypted", "known_extension"),
        ("a.docx.akira", b"PK\x03\x04 all in order", "suspect", "known_extension"),
        ("a.akira", b"an ordinary text about films\n" * 30, "plain", "known_extension"),
        ("a.docx.x1y2z3", random_bytes(5000), "encrypted", "appended_extension"),
        ("a.docx.x1y2z3", random_bytes(60), "suspect", "magic_missing"),
        ("a.docx.x1y2z3", b64encode(random_bytes(3000)), "suspect", "coded_text"),
        ("a.docx.x1y2z3", b"a text in its place\n" * 50, "plain", "other_kind"),
        ("a.txt", b"un texte\r\n" * 500 + random_bytes(600), "encrypted", "random_tail"),
        ("a.zip", b"PK\x03\x04" + random_bytes(9000), "encrypted", "trailer_missing"),
        ("a.zip.part", b"PK\x03\x04" + random_bytes(9000), "suspect", "trailer_missing"),
        ("a.png", PNG + random_bytes(280), "suspect", "footer"),
        ("a.png", PNG, "plain", None),
    ],
)  # fmt: skip
def test_one_file(name, content, verdict, reason):
    """Each verdict and its reason, on the smallest file that has it."""
    judgement = judge(name, content)
    assert judgement.verdict == verdict, judgement
    assert reason is None or reason in judgement.reasons
    assert set(judgement.reasons) <= set(files.REASONS)


def test_texts_of_all_encodings_are_text():
    """French in five encodings, Chinese and Russian in theirs, cut anywhere, are text; random bytes are none."""
    for encoding in ("utf-8", "cp1252", "cp850", "utf-16", "utf-16-le", "utf-16-be"):
        raw = ("Ordonnance renouvelée à l'identique, contrôle dans un mois.\r\n" * 40).encode(encoding)
        assert all(randomness.is_text(raw[cut : cut + 512]) for cut in range(0, 64, 2)), encoding
    others = (("病人说他头痛三天了。\n", "gb18030"), ("Пациент здоров.\n", "koi8-r"), ("患者は元気です\n", "shift-jis"))
    for text, encoding in others:
        for coded in (encoding, "utf-8"):
            raw = (text * 80).encode(coded)
            assert all(randomness.is_text(raw[cut : cut + 512]) for cut in range(8)), (encoding, coded)
    assert not any(randomness.is_text(random_bytes(512, str(seed))) for seed in range(300))


def test_random_bytes_look_random_and_compressed_text_does_too():
    """The band holds what is encrypted, of every length that is judged: at most one window in a hundred falls out."""
    for size in (128, 256, 512, 4096):
        looks = [randomness.is_random(random_bytes(size, f"{size}/{seed}")) for seed in range(400)]
        assert sum(looks) >= 396, size
    assert not randomness.is_random(random_bytes(100))
    assert not randomness.is_random(bytes(range(256)) * 2)  # too even
    assert not randomness.is_random("Le patient consulte pour une douleur du genou.".encode("utf-16-le") * 6)


@pytest.mark.parametrize(
    ("name", "original", "appended", "key"),
    [
        ("report.docx", "docx", "", ""),
        ("report.DOCX.LockBit", "docx", ".LockBit", ".lockbit"),
        ("a.docx.id-BCBEF350.[someone@example.com].bip", "docx", ".id-BCBEF350.[someone@example.com].bip", ".bip"),
        ("a.docx.[someone@example.com]", "docx", ".[someone@example.com]", ".[someone@example.com]"),
        ("a.docx.help@example.com", "docx", ".help@example.com", ".com"),
        ("[someone@example.com]image.png.gaf", "png", ".gaf", ".gaf"),
        ("x.txt_crypt", "txt", "_crypt", "_crypt"),
        ("archive.tar.gz", "gz", "", ""),
        ("archive.tar.gz.k4d9s", "gz", ".k4d9s", ".k4d9s"),
        ("libm.so.6", "so", "", ""),
        ("syslog.2.gz", "gz", "", ""),
        ("9F3A44.q1w2e3", "", ".q1w2e3", ".q1w2e3"),
        (".bashrc", "", "", ""),
        ("", "", "", ""),
        ("....", "", "", ""),
    ],
)
def test_names_are_taken_apart(name, original, appended, key):
    """What was appended, and what the file was before, in the ways in which families rename."""
    rename = renames.split(name, magics.marks())
    assert (rename.original, rename.appended, rename.key) == (original, appended, key)
    assert not appended or rename.stem + rename.appended == name


@given(
    st.one_of(st.text(), st.text(".[]@_-~ \udcff\u202eax1", max_size=400)),
    st.binary(max_size=9000),
    st.integers(-(2**63), 2**64),
)
@example("." * 100_000, b"x", 0)
@example("a" + ".docx" * 20_000, b"PK\x03\x04", 2**63)
@example("[" * 100_000 + "@" * 100_000, b"", -1)
@example("x.sqlite", b"SQLite format 3\0\0\0" + bytes(400), 10**18)
@example("x.webp", b"RIFF\xff\xff\xff\xffWEBP" + bytes(range(256)), 0)
def test_whatever_a_host_says_a_judgement_comes_back(name, content, size):
    """No name, no bytes and no size that lies raise, or make anything as large as the size says."""
    judgement = files.judge_bytes(name, content[:4096], content[-4096:], size, content)
    assert judgement.verdict in files.VERDICTS
    assert set(judgement.reasons) <= set(files.REASONS)
    assert len(judgement.appended) <= renames.LONGEST
    offsets = files.probe_offsets(size)
    assert len(offsets) <= files.PROBES
    assert all(files.HEAD <= place <= size - files.TAIL - files.PROBE for place in offsets)
    assert list(offsets) == sorted(set(offsets))


def test_a_jpeg_is_told_from_random_bytes_inside():
    """Marks of JPEG stand in a picture's data in one way only."""
    picture = (random_bytes(8000).replace(b"\xff", b"\xff\0"),)
    assert not trailers.broken_jpeg(picture)
    assert trailers.broken_jpeg((random_bytes(8000),))


# Many files


def fill(store: Groups, names, *, content=None, folder=lambda n: f"/home/u/{n % 7}", mtime=lambda n: START + n * 10**9):
    for number, name in enumerate(names):
        body = random_bytes(5000, name) if content is None else content
        store.add(folder(number), name, judge(name, body), len(body), mtime(number))


TYPES = ("docx", "pdf", "jpg", "txt", "sqlite")


def test_one_appended_extension_is_a_sure_group():
    """The same unknown extension over types, folders and a short time: high, with its reasons, samples and counts."""
    store = Groups()
    fill(store, [f"f{n}.{TYPES[n % 5]}.wq7kz" for n in range(60)])
    (group,) = store.groups()
    assert (group.how, group.pattern, group.files, group.confidence) == ("extension", ".wq7kz", 60, "high")
    assert {"content", "several_types", "several_folders", "near_times"} <= set(group.reasons)
    assert set(group.reasons) <= set(groups.REASONS)
    assert dict(group.originals) == dict.fromkeys(TYPES, 12)
    assert group.folders == 7
    assert group.first_ns == START
    assert tallies.LEAST_SAMPLES <= len(group.samples) <= tallies.MOST_SAMPLES
    assert {sample.original for sample in group.samples} == set(TYPES)


def test_samples_are_the_smallest_the_largest_and_one_of_each_type():
    """An expert gets what a decryptor is found with."""
    store = Groups()
    for number in range(40):
        name = f"f{number}.{TYPES[number % 5]}.wq7kz"
        store.add("/a", name, judge(name, random_bytes(600)), 600 + number, START)
    (group,) = store.groups()
    whys = [sample.why for sample in group.samples]
    assert group.samples[0].size == 600
    assert group.samples[1].size == 639
    assert whys[:2] == ["smallest", "largest"]
    assert len(group.samples) == len(set(group.samples))


@pytest.mark.parametrize("backwards", [False, True])
def test_an_original_beside_its_twin_is_a_pair(backwards):
    """`x.docx` beside `x.docx.ext` is found in whatever order a folder is listed; not where both are encrypted."""
    store = Groups()
    names = [f"f{n}.{TYPES[n % 5]}.wq7kz" for n in range(20)] + ["f3.txt", "f4.sqlite"]
    if backwards:
        names.reverse()
    for name in names:
        body = b"un texte ordinaire\n" * 90 if name == "f3.txt" else random_bytes(5000, name)
        store.add("/a", name, judge(name, body), len(body), START)
    store.add("/b", "f1.pdf", judge("f1.pdf", b"%PDF-1.4\n%%EOF\n"), 15, START)
    (group,) = store.groups()
    assert [(pair.original, pair.encrypted) for pair in group.pairs] == [("f3.txt", "f3.txt.wq7kz")]
    assert "twins" in group.reasons


@pytest.mark.parametrize(("extension", "originals", "least"), [("gpg", 0, "low"), ("gpg", 36, ""), ("wq7kz", 36, "")])
def test_copies_that_somebody_encrypted_themselves_are_at_most_a_weak_group(extension, originals, least):
    """36 documents in 3 folders, wrapped by an ordinary program, or beside their originals: never more than low.

    Neither by an own name of the wrapping nor by an unknown one; and what has no original is still told.
    """
    store = Groups()
    for number in range(36):
        folder, name = f"/home/u/{number // 12}", f"f{number}.{TYPES[number % 3]}"
        store.add(folder, f"{name}.{extension}", judge(f"{name}.{extension}", random_bytes(5000, name)), 5000, START)
        if number < originals:
            store.add(folder, name, judge(name, b"un texte ordinaire\n" * 90), 1710, START)
    found = {group.confidence for group in store.groups()}
    assert {least} - {""} <= found <= {"low"}


def test_few_originals_beside_them_take_nothing_from_an_attack_and_add_nothing():
    """Ransomware that was cut off while it deleted leaves some originals: the group is as sure as without them."""
    found = []
    for originals in (0, 1):
        store = Groups()
        for number in range(60):
            folder, name = f"/home/u/{number // 10}", f"f{number}.{TYPES[number % 5]}"
            store.add(folder, f"{name}.wq7kz", judge(f"{name}.wq7kz", random_bytes(5000, name)), 5000, START)
            if number % 10 < originals:
                store.add(folder, name, judge("a.txt", b"un texte ordinaire\n" * 90), 1710, START)
        (group,) = store.groups()
        found.append((group.confidence, "twins" in group.reasons, len(group.pairs)))
    assert found == [("high", False, 0), ("high", True, 6)]


def test_another_extension_for_each_file_is_one_group():
    """Random extensions of one form are recognised as that form."""
    store = Groups()
    fill(store, [f"f{n}.{TYPES[n % 5]}.{hashlib.sha256(b'%d' % n).hexdigest()[:7]}" for n in range(60)])
    (group,) = store.groups()
    assert (group.how, group.pattern, group.confidence) == ("form", r"\.[0-9a-f]{7}", "high")
    assert "changing_extension" in group.reasons


def test_names_that_are_gone_are_one_group():
    """Where nothing is left of the names, content and folders speak, with low confidence."""
    store = Groups()
    fill(store, [hashlib.sha256(b"%d" % n).hexdigest()[:32].upper() for n in range(60)])
    (group,) = store.groups()
    assert (group.how, group.confidence) == ("form", "low")
    assert "renamed_whole" in group.reasons


def test_files_that_keep_their_names_are_one_group():
    """Encrypted in place: many of a folder that don't begin as their names say."""
    store = Groups()
    fill(store, [f"f{n}.{TYPES[n % 5]}" for n in range(100)])
    (group,) = store.groups()
    assert (group.how, group.pattern, group.confidence) == ("in_place", "", "high")
    assert "not_renamed" in group.reasons


def test_a_few_odd_files_among_thousands_are_no_group():
    """Two in ten thousand false hits of a whole machine don't add up to an attack."""
    store = Groups()
    for folder in range(100):
        plain = judge("a.txt", b"un texte ordinaire\n" * 90)
        for number in range(100):
            store.add(f"/usr/{folder}", f"f{number}.txt", plain, 1710, START + folder * HOUR)
        name = f"odd.{TYPES[folder % 5]}"
        store.add(f"/usr/{folder}", name, judge(name, random_bytes(5000, str(folder))), 5000, START + folder * HOUR)
    assert store.groups() == []


@pytest.mark.parametrize("extension", ["tmpl", "snapshot", "dpkg-new", "zz_TOP"])
def test_ordinary_content_behind_a_new_extension_is_no_group(extension):
    """Copies and templates bear strange extensions over several types too; what they hold is ordinary."""
    store = Groups()
    fill(store, [f"f{n}.{TYPES[n % 5]}.{extension}" for n in range(100)], content=b"un texte ordinaire\n" * 90)
    found = [group for group in store.groups() if group.confidence != "low"]
    assert found == []


def test_names_alone_are_weak():
    """Where no content was read, a group of names is of low confidence and says why; few names are none."""
    store = Groups()
    for number in range(200):
        store.add(f"/a/{number % 9}", f"f{number}.{TYPES[number % 5]}.wq7kz", None, 10, START)
    (group,) = store.groups()
    assert (group.confidence, group.unread) == ("low", 200)
    assert "names_only" in group.reasons


@wine.slow("a minute")
def test_memory_is_bounded_by_count():
    """10^5 random extensions, names and folders: what is kept has fixed limits, and the attack stays in sight."""
    store = Groups()
    body = random_bytes(5000)
    hit = files.judge_bytes("a.docx.wq7kz", body[:4096], body[-4096:], len(body))
    for number in range(100_000):
        noise = hashlib.blake2b(b"%d" % number, digest_size=20).hexdigest()
        name = f"{noise}.{TYPES[number % 5]}.{noise[: number % 40 + 1]}x"
        judgement = None if number % 3 else hit
        if number % 500 == 0:
            name, judgement = f"{noise}.{TYPES[number // 500 % 5]}.wq7kz", hit
        store.add(f"/{noise}", name, judgement, number, START + number * HOUR)
    assert len(store._by_key) <= 2 * groups.MOST_EXTENSIONS
    assert len(store._histogram) <= 2 * groups.MOST_EXTENSIONS
    assert len(store._shares) <= 2 * groups.MOST_FOLDERS
    assert len(store._by_form) <= 4 * groups.LONGEST_EXTENSION * 9
    assert store.forgotten > 0
    for tally in [*store._by_key.values(), *store._by_form.values(), store._in_place]:
        assert len(tally.folders) <= tallies.MOST_FOLDERS
        assert len(tally.forms) <= tallies.MOST_FORMS
        assert len(tally.times.kept) <= tallies.MOST_TIMES
        assert len(tally.samples.chosen()) <= tallies.MOST_SAMPLES
    assert any(group.pattern == ".wq7kz" and group.files == 200 for group in store.groups())


def test_one_folder_of_endless_names_is_bounded():
    """The names among which twins are sought are limited, and hundreds of points in a name are."""
    store = Groups()
    for number in range(30_000):
        store.add("/a", f"f{number}.docx" + (".wq7kz" if number % 2 else ""), None, 1, START)
    assert len(store._names) <= groups.MOST_NAMES
    assert len(store._waiting) <= groups.MOST_NAMES
    store.add("/" + "d" * 10_000, "." * 100_000 + "docx.wq7kz", None, 2**70, -5)


def test_the_histogram_tells_extensions_and_which_are_ordinary():
    """Most files first."""
    store = Groups()
    for number in range(30):
        store.add("/a", f"f{number}.docx", None, 10, START)
        if number < 20:
            store.add("/a", f"g{number}.docx.wq7kz", None, 5, START)
    first, second = store.histogram()
    assert first == groups.Extension("docx", 30, 300, is_known=True)
    assert second == groups.Extension(".wq7kz", 20, 100, is_known=False)


# The tables

KIND = "png: {extensions: [png], heads: ['\\x89PNG'], ends: ['IEND'], content: high}\n"
LISTS = "ordinary: [dat]\ntransparent: [bak]\nransom: [akira]\n"


def test_packaged_tables_are_sane():
    """They load; random bytes begin as a known kind less than once in a hundred thousand; no kind is all of chance."""
    table = magics.marks()
    heads = [pieces for found in table.by_start.values() for _, pieces in found]
    heads += [pieces for _, pieces in table.elsewhere]
    assert sum(1 / 256 ** sum(len(piece) for _, piece in pieces) for pieces in heads) < 1e-5
    assert len(table.kinds) > 150
    assert len(table.ransom) > 400
    assert not table.ransom & {"html", "exe", "enc", "lock", "magic", "css", "dll", "bin", "zip", "mp3"}
    for extension in ("docx", "pdf", "dcm", "pst", "mdb", "evtx", "vhdx", "pack", "gpg", "hl7", "jpg"):
        assert extension in table.by_extension


def test_good_table_is_read(tmp_path):
    """Escapes, offsets and gaps become bytes at their places."""
    (tmp_path / "m.yaml").write_text(
        KIND + "riff: {extensions: [wav], heads: ['RIFF\\?\\?\\?\\?WAVE', '@257 us\\0\\s\\\\'], content: low}\n"
    )
    png, riff = magics.read_magics(tmp_path / "m.yaml")
    assert png.heads == (((0, b"\x89PNG"),),)
    assert png.ends == (b"IEND",)
    assert riff.heads == (((0, b"RIFF"), (8, b"WAVE")), ((257, b"us\0 \\"),))


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "empty"),
        (KIND + KIND, 2, "twice"),
        (KIND + KIND.replace("png:", "pong:"), 2, "two kinds"),
        (KIND.replace("png:", "Png:"), 1, "small letters"),
        (KIND.replace("high", "hihg"), 1, "unknown content"),
        (KIND.replace("heads", "haeds"), 1, "haeds is unknown"),
        (KIND.replace(", content: high", ""), 1, "content"),
        (KIND.replace("[png]", "[]"), 1, "extensions"),
        (KIND.replace("[png]", "[png, png]"), 1, "twice"),
        (KIND.replace("[png]", "[.png]"), 1, "without point"),
        (KIND.replace("[png]", "[PNG]"), 1, "lower case"),
        (KIND.replace("[png]", "[935]"), 1, "string"),
        (KIND.replace("\\x89", "\\q"), 1, "written with"),
        (KIND.replace("\\x89", "é"), 1, "written with"),
        (KIND.replace("\\x89PNG", "@5000 PNG"), 1, "within the first"),
        (KIND.replace("\\x89PNG", "\\?"), 1, "has bytes"),
        (KIND.replace("IEND", "IE\\?ND"), 1, "without a gap"),
        (KIND.replace("high", "text"), 1, "no end"),
        (KIND.replace("[png]", "png"), 1, "list"),
    ],
)
def test_wrong_kinds_are_refused(tmp_path, text, line, reason):
    """A typing error in the table never turns into files that are quietly not recognised."""
    path = tmp_path / "magics.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match=rf"^magics\.yaml:{line}: .*{re.escape(reason)}"):
        magics.read_magics(path)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (LISTS.replace("ransom", "ransum"), 3, "unknown list"),
        (LISTS.replace("ransom: [akira]\n", ""), 1, "missing list"),
        (LISTS.replace("akira", "dat"), 3, "twice"),
        (LISTS.replace("akira", "png"), 3, "twice"),
        (LISTS.replace("akira", "a b"), 3, "lower case"),
    ],
)
def test_wrong_extensions_are_refused(tmp_path, text, line, reason):
    """An ordinary extension never stands among those of ransomware as well."""
    (tmp_path / "m.yaml").write_text(KIND)
    path = tmp_path / "extensions.yaml"
    path.write_text(text)
    with pytest.raises(RuleError, match=rf"^extensions\.yaml:{line}: .*{re.escape(reason)}"):
        magics.join(magics.read_magics(tmp_path / "m.yaml"), path)


# The script


@wine.posix("the script is for POSIX systems")
def test_the_script_measures(tmp_path):
    """It prints one JSON object: a row for each mode and way of renaming; and judges the files below a folder."""
    script = [sys.executable, "-B", str(SCRIPTS / "evaluate_encrypted.py")]
    done = subprocess.run([*script, "--each", "1", "--json"], capture_output=True, check=True)
    told = json.loads(done.stdout)
    assert told["types"] >= 15
    rows = {(row["renamed"], row["mode"]): row for row in told["rows"]}
    assert len(rows) == 3 * (1 + len(ordinary_files.MODES))
    assert rows["kept", "plain"]["hits"] == 0
    assert rows["appended", "whole"]["by_group"] == rows["appended", "whole"]["files"]
    (tmp_path / "a.txt").write_text("un texte ordinaire\n")
    (tmp_path / "b.pdf").write_bytes(random_bytes(5000))
    (tmp_path / "c.pdf").symlink_to("b.pdf")
    done = subprocess.run([*script, "--benign", str(tmp_path), "--json"], capture_output=True, check=True)
    told = json.loads(done.stdout)
    assert (told["files"], told["verdicts"]) == (2, {"plain": 1, "encrypted": 1})


def test_objects_of_git_are_no_encrypted_files():
    """They bear names of random letters and begin with no mark of more than two bytes, but unpack."""
    data = zlib.compress(b"blob 900\0" + bytes(range(256)) * 4, 1)
    assert files.judge_bytes("7b272b9b26145d2a7351bfe95b9e22e483a0a3", data, data, len(data)).verdict == "unknown"
    noise = b"x\x01" + random.Random(5).randbytes(900)
    assert files.judge_bytes("7b272b9b26145d2a7351bfe95b9e22e483a0a3", noise, noise, len(noise)).is_hit
