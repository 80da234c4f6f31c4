"""`collect open`: what we and stock programs packed opens; whatever else stands in a file leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import unicodedata

import live
import made
import pyrage
import pytest
import tarmaker as tar
import vectors
import wine
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import custody
from collector.anchors import Trusted
from collector.errors import CollectorError, UsageError
from collector.handover import keys
from collector.handover.opening import MAX_HEADER, open_file
from collector.handover.unpacking import MAX_PADDING, TarReader
from collector.verify import examine

KEY = pyrage.x25519.Identity.from_str(tar.KEY)
TOP = tar.TOP
MANIFEST = f"{TOP}/manifest.jsonl"
TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
ARTIFACT = f"{TOP}/artifacts/000001-processes.jsonl"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return made.sealed(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def keyfile(tmp_path):
    path = tmp_path / "key.txt"
    path.write_text(f"# a comment\n\n{KEY}\n")
    return path


def encrypted(folder, data, name="x.tar.age"):
    path = folder / name
    path.write_bytes(pyrage.encrypt(data, [KEY.to_public()]))
    return path


def is_printable(text):
    return not [char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")]


def assert_refused(path, out, code=1, said=""):
    """Open a file and demand a refusal with a hint, and that nothing at all was left or touched anywhere beside."""
    before = vectors.snapshot(path.parent)
    with pytest.raises(CollectorError) as refusal:
        open_file(path, [KEY], out)
    error = refusal.value
    assert error.exit_code == code
    assert error.hint
    assert said in str(error), error
    assert is_printable(str(error) + error.hint)
    assert list(out.iterdir()) == []
    after = vectors.snapshot(path.parent)
    assert {name: what for name, what in after.items() if name not in (".", "out")} == {
        name: what for name, what in before.items() if name not in (".", "out")
    }


# What opens ---------------------------------------------------------------------------------


def same(one, other):
    left, right = dict(tar.members(one)), dict(tar.members(other))
    return left == right


def test_the_plain_archive_of_the_tests_opens(tmp_path, out, bundle):
    """The archive that the hostile ones are made from is a good one: what they are refused for is their own fault."""
    found = open_file(encrypted(tmp_path, tar.whole(bundle)), [KEY], out)
    assert found.path == out / TOP
    assert found.report.verdict == "UNANCHORED"
    assert same(found.path, bundle)
    assert [path.name for path in out.iterdir()] == [TOP]
    if not wine.WINDOWS:  # where a folder has the rights of the one around it
        assert {oct(path.stat().st_mode & 0o777) for path in out.rglob("*")} == {"0o700", "0o600"}


@pytest.mark.parametrize("form", ["gnu", "ustar", "posix"])
@pytest.mark.parametrize("how", [[], ["-b1"], ["-b100"], ["--sort=name", "--owner=léa:12345", "--mtime=1971-01-01"]])
@wine.posix("stock programs of Debian")
def test_stock_tar_and_age_make_files_that_open(tmp_path, out, bundle, keyfile, form, how):
    """GNU, USTAR and PAX forms, other orders, owners, times and record sizes; PAX times of nanoseconds."""
    age = tmp_path / "by-hand.age"
    packed = subprocess.run(
        ["tar", f"--format={form}", *how, "-cf", "-", "-C", bundle.parent, bundle.name], capture_output=True, check=True
    ).stdout
    subprocess.run(["age", "-r", str(KEY.to_public()), "-o", age], input=packed, check=True)
    done = live.run("open", age, "--identity", keyfile, "--out", out, "--json")
    assert done.code == 0, done
    assert done.json == {
        "bundle": str(out / TOP), "verdict": "UNANCHORED", "records": 8, "artifacts": 2,
        "seal_code": done.json["seal_code"],
    }  # fmt: skip
    assert same(out / TOP, bundle)


def test_a_bundle_with_custody_and_litter_opens(tmp_path, out, bundle):
    """Notes, attachments, and what a file manager left, which verify tells."""
    copy = shutil.copytree(bundle, tmp_path / "copy" / TOP)
    photo = tmp_path / "p.jpg"
    photo.write_bytes(b"picture")
    assert live.run("attach", copy, photo).code == 0
    (copy / "Thumbs.db").write_bytes(b"x")
    (copy / "attachments" / "._p.jpg").write_bytes(b"x")
    found = open_file(encrypted(tmp_path, tar.whole(copy)), [KEY], out)
    assert [finding.code for finding in found.report.findings] == ["LITTER", "LITTER"]
    assert same(found.path, copy)


def test_an_unfinished_bundle_opens_and_exit_3_says_so(tmp_path, out, keyfile):
    """INCOMPLETE: reserve and all; it can be taken up or looked at."""
    left = made.unsealed(tmp_path / "in") if (tmp_path / "in").mkdir() is None else None
    age = encrypted(tmp_path, tar.whole(left.path))
    done = live.run("open", age, "--identity", keyfile, "--out", out, "--json")
    assert (done.code, done.json["verdict"], done.json["seal_code"]) == (3, "INCOMPLETE", None)


def test_names_that_lost_power_leaves_open_too(tmp_path, out):
    """Packed by stock programs from a stick whose power was cut: what the folder is, its copy is (SPEC 2, 13.2)."""
    for name, path, begins, sealed in (
        ("a", "artifacts/000001~1.JSO", "", False),
        ("b", "artifacts/000001-proces", "", False),
        ("c", "MANIFE~1.JSO", "manifest.jsonl", True),
        ("d", "custody.jsonl.part", "custody.jsonl", True),
    ):
        (tmp_path / name).mkdir()
        if sealed:
            lies = made.sealed(tmp_path / name)
            custody.note(lies, "hello", made.MadeClock(), TOOL)
        else:
            unsealed = made.unsealed(tmp_path / name)
            unsealed.release()
            lies = unsealed.path
        (lies / path).write_bytes((lies / begins).read_bytes()[:50] if begins else b"{")
        (out / name).mkdir()
        told = open_file(encrypted(tmp_path, tar.whole(lies), f"{name}.tar.age"), [KEY], out / name)
        assert told.report.verdict == examine(lies, Trusted()).verdict == ("UNANCHORED" if sealed else "INCOMPLETE")
        assert same(told.path, lies)


def test_parts_are_found_from_any_of_them(tmp_path, out, bundle):
    """`.001` and those that follow; with one missing in between, or the last one, nothing is opened."""
    data = encrypted(tmp_path, tar.whole(bundle)).read_bytes()
    for number, at in enumerate(range(0, len(data), 5000), 1):
        (tmp_path / f"y.tar.age.{number:03d}").write_bytes(data[at : at + 5000])
    assert number > 3
    for first in (1, 3):
        shutil.rmtree(open_file(tmp_path / f"y.tar.age.{first:03d}", [KEY], out).path)
    (tmp_path / f"y.tar.age.{number:03d}").rename(tmp_path / "last")
    assert_refused(tmp_path / "y.tar.age.001", out, said="cut short")
    (tmp_path / "last").rename(tmp_path / f"y.tar.age.{number:03d}")
    (tmp_path / "y.tar.age.002").rename(tmp_path / "second")
    assert_refused(tmp_path / "y.tar.age.001", out, said="part 002")
    (tmp_path / "y.tar.age.002").symlink_to("second")
    assert_refused(tmp_path / "y.tar.age.001", out, said="no regular file")


@pytest.mark.parametrize("form", ["gnu", "posix"])
@wine.posix("stock programs of Debian")
def test_a_time_before_1970_and_a_large_uid_open(tmp_path, out, bundle, form):
    """Base 256 in fields that are not used, PAX records in the other form."""
    packed = subprocess.run(
        ["tar", f"--format={form}", "--owner=x:4000000", "--mtime=1969-01-01", "-cf", "-", "-C", bundle.parent, TOP],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert same(open_file(encrypted(tmp_path, packed), [KEY], out).path, bundle)


# Keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{key}", "{lower}\n", "# c\n\n  {key}  \r\n", "{grouped}", "{other}\n{key}\n", "\ufeff{key}", "{broken}",
    ],
)  # fmt: skip
def test_an_identity_as_it_may_be_typed(tmp_path, out, bundle, text):
    """Comments, several keys, small letters, groups of four, a line broken in two; from a file and standard input."""
    key = str(KEY)
    forms = {
        "key": key, "lower": key.lower(), "other": str(pyrage.x25519.Identity.generate()),
        "grouped": " ".join(key[at : at + 4] for at in range(0, len(key), 4)), "broken": key[:40] + "\n " + key[40:],
    }  # fmt: skip
    age = encrypted(tmp_path, tar.whole(bundle))
    (tmp_path / "key").write_bytes(text.format(**forms).encode())
    assert open_file(age, keys.identities((tmp_path / "key").read_bytes()), out).path.is_dir()
    done = subprocess.run(
        live.command("open", age, "--identity", "-", "--out", tmp_path), input=(tmp_path / "key").read_bytes(),
        capture_output=True, check=True,
    )  # fmt: skip
    assert b"UNANCHORED" in done.stdout


def test_letters_that_the_key_has_not_are_forgiven():
    """O for 0, B for 8, I or 1 for L: Bech32 has none of them."""
    key = str(KEY)
    head, rest = key[:16], key[16:]
    for right, typed in (("0", "O"), ("8", "B"), ("L", "I"), ("L", "1")):
        (found,) = keys.identities((head + rest.replace(right, typed)).encode())
        assert str(found) == key


@pytest.mark.parametrize(
    "data",
    [
        b"", b"# nothing\n", b"\xff\xfe", b"AGE-SECRET-KEY-1", b"age1abc", b"-----BEGIN OPENSSH PRIVATE KEY-----\n",
        str(KEY).encode()[:-1], str(KEY).encode() + b"Q", b"x" * 70_000, (str(KEY) + "\n").encode() * 65,
        str(KEY).encode() + b"\x1b[31m", b"AGE-PLUGIN-YUBIKEY-1QQQ\n",
    ],
    ids=range(12),
)  # fmt: skip
def test_a_key_file_that_is_none_is_exit_2(tmp_path, out, bundle, data):
    """Nothing is made, and the secret is not repeated."""
    age = encrypted(tmp_path, tar.whole(bundle))
    path = tmp_path / "key"
    path.write_bytes(data)
    done = live.run("open", age, "--identity", path, "--out", out, "--json")
    assert (done.code, done.out) == (2, "")
    assert "hint:" in done.err
    assert str(KEY)[20:40] not in done.err
    assert list(out.iterdir()) == []


def test_the_wrong_key_and_places_that_can_not_be_had(tmp_path, out, bundle, keyfile):
    """Another's key; a file that is missing or a FIFO; a folder that is missing; a name that is taken."""
    age = encrypted(tmp_path, tar.whole(bundle))
    with pytest.raises(CollectorError, match="this key does not open"):
        open_file(age, [pyrage.x25519.Identity.generate()], out)
    assert list(out.iterdir()) == []
    os.mkfifo(tmp_path / "fifo.age")
    for path in (tmp_path / "missing.age", tmp_path / "fifo.age", tmp_path, tmp_path / "missing" / "x.age.001"):
        with pytest.raises(CollectorError):
            open_file(path, [KEY], out)
    done = live.run("open", age, "--identity", keyfile, "--out", tmp_path / "nowhere")
    assert (done.code, done.out) == (2, "")
    assert "there is no such folder" in done.err
    assert "hint: give another with --out" in done.err
    done = live.run("open", tmp_path / "missing", "--identity", tmp_path / "missing", "--out", tmp_path / "nowhere")
    assert "there is no such folder" in done.err, "looked at before anything is read"
    with pytest.raises(UsageError):
        open_file(age, [KEY], tmp_path / "nowhere")
    for make in (lambda p: p.mkdir(), lambda p: p.write_text("mine"), lambda p: p.symlink_to("/nonexistent")):
        make(out / TOP)
        with pytest.raises(CollectorError, match="stands in the folder already"):
            open_file(age, [KEY], out)
        assert [path.name for path in out.iterdir()] == [TOP]
        shutil.rmtree(out / TOP) if (out / TOP).is_dir() else (out / TOP).unlink()


# Hostile archives ---------------------------------------------------------------------------

EVIL = b"evil"
NOTE = f"{TOP}/LISEZ-MOI.txt"


def before(data):
    return lambda b: tar.whole(b, before=data)


def after(data):
    return lambda b: tar.whole(b, after=data)


def also(name, **how):
    return after(tar.file(name, EVIL, **how))


def kind(letter, **how):
    return before(tar.header(f"{TOP}/checkpoint", 0, letter, **how))


def sized(field, name=ARTIFACT):
    return before(tar.header(name, size_field=field))


HOSTILE = {
    # names
    "zip_slip": (also(f"{TOP}/../evil"), "named"),
    "zip_slip_up": (also("../evil"), "named"),
    "zip_slip_deep": (also(f"{TOP}/artifacts/../../../evil"), "named"),
    "absolute": (also("/etc/evil"), "named"),
    "absolute_by_prefix": (also("evil", prefix=b"/tmp"), "named"),
    "dot_top": (also("./manifest.jsonl"), "named"),
    "backslashes": (also(f"{TOP}\\..\\evil"), "named"),
    "drive": (also("C:evil"), "named"),
    "other_top": (also("other/manifest.jsonl"), "more than one top"),
    "top_in_capitals": (also("t-1_POSTE-1_X/manifest.jsonl"), "more than one top"),
    "no_top": (also("manifest.jsonl"), "more than one top"),
    "hidden_top": (lambda b: tar.whole(b, top=".hidden"), "named"),
    "top_like_an_option": (lambda b: tar.whole(b, top="-rf"), "named"),
    "top_with_a_space": (lambda b: tar.whole(b, top="a b"), "named"),
    "top_is_a_device_of_windows": (lambda b: tar.whole(b, top="nul.x"), "named"),
    "top_ends_with_a_dot": (lambda b: tar.whole(b, top="a."), "named"),
    "top_too_long": (lambda b: tar.whole(b, top="x" * 100, without=[n for n, _ in tar.members(b)], after=tar.header(
        "manifest.jsonl", prefix=b"x" * 120)), "named"),
    "empty_name": (also(""), "named"),
    "only_a_slash": (before(tar.header("/", kind=b"5")), "named"),
    "double_slash": (also(f"{TOP}//manifest.jsonl"), "named"),
    "escape_sequence": (also(f"{TOP}/\x1b[31mred"), "named"),
    "line_feed": (also(f"{TOP}/a\nb"), "named"),
    "line_feed_after_a_good_name": (also(f"{TOP}/checkpoint\n"), "named"),
    "bidi": (also(f"{TOP}/\u202egnp"), "named"),
    "not_unicode": (also(TOP.encode() + b"/\xff\xfe"), "named"),
    "name_after_nul": (also(TOP.encode() + b"/checkpoint\0evil"), "behind the end of a name"),
    "unknown_name": (also(f"{TOP}/evil.exe"), "named"),
    "unknown_folder": (before(tar.header(f"{TOP}/evil/", kind=b"5")), "named"),
    "deeper": (also(f"{TOP}/artifacts/a/000001-x.txt"), "named"),
    "long_name": (also(f"{TOP}/artifacts/000001-" + "x" * 60), "named"),
    "fullwidth": (also(f"{TOP}/\uff4danifest.jsonl"), "named"),
    "normalisation": (after(tar.file(f"{TOP}/._\u00e9", EVIL) + tar.file(f"{TOP}/._e\u0301", EVIL)), "named"),
    # the same name twice
    "duplicate": (also(NOTE), "twice"),
    "duplicate_before": (before(tar.file(MANIFEST, b"{}\n") * 2), "twice"),
    "duplicate_folder": (before(tar.header(f"{TOP}/artifacts/", kind=b"5") * 2), "twice"),
    "case_collision": (after(tar.file(f"{TOP}/._a", EVIL) + tar.file(f"{TOP}/._A", EVIL)), "small and capital"),
    "case_of_a_sealed_file": (also(f"{TOP}/Manifest.jsonl"), "named"),
    # files as folders, folders as files
    "file_as_folder": (before(tar.header(MANIFEST + "/", kind=b"5")), "named"),
    "folder_as_file": (also(f"{TOP}/artifacts"), "named"),
    "top_as_file": (before(tar.file(TOP, EVIL)), "named"),
    "folder_with_a_size": (before(tar.header(f"{TOP}/artifacts/", 512, b"5") + bytes(512)), "has a size"),
    "old_folder": (before(tar.header(f"{TOP}/artifacts/", kind=b"\0")), "named"),
    # kinds
    "symlink": (kind(b"2", link=b"/etc/passwd"), "symbolic link"),
    "symlink_for_artifacts": (before(tar.header(f"{TOP}/artifacts", kind=b"2", link=b"/tmp")), "symbolic link"),
    "hard_link": (kind(b"1", link=b"../../etc/passwd"), "hard link"),
    "character_device": (kind(b"3"), "character device"),
    "block_device": (kind(b"4"), "block device"),
    "fifo": (kind(b"6"), "FIFO"),
    "contiguous": (kind(b"7"), "contiguous"),
    "socket_of_old_times": (kind(b"s"), "unknown type"),
    "gnu_sparse": (kind(b"S", magic=b"ustar  \0"), "sparse"),
    "gnu_dumpdir": (kind(b"D"), "list of names"),
    "gnu_multivolume": (kind(b"M"), "another volume"),
    "gnu_volume": (kind(b"V"), "label"),
    "gnu_long_name": (before(tar.file("././@LongLink", b"../evil\0", kind=b"L", magic=b"ustar  \0")), "long name"),
    "gnu_long_link": (before(tar.file("././@LongLink", b"../evil\0", kind=b"K", magic=b"ustar  \0")), "long name"),
    "link_name_on_a_file": (kind(b"0", link=b"/etc/passwd"), "target of a link"),
    # PAX
    "pax_path": (before(tar.pax(b"path=../evil")), "PAX record"),
    "pax_linkpath": (before(tar.pax(b"linkpath=/etc")), "PAX record"),
    "pax_sparse": (before(tar.pax(b"GNU.sparse.major=1")), "PAX record"),
    "pax_xattr": (before(tar.pax(b"SCHILY.xattr.user.x=1")), "PAX record"),
    "pax_charset": (before(tar.pax(b"hdrcharset=BINARY")), "PAX record"),
    "pax_global": (before(tar.pax(b"path=../evil", kind=b"g")), "whole archive"),
    "pax_solaris": (before(tar.pax(b"path=../evil", kind=b"X")), "another form"),
    "pax_bomb": (before(tar.header("x", 1 << 30, b"x")), "no length"),
    "pax_too_long": (before(tar.pax(b"mtime=" + b"1" * 5000)), "no length"),
    "pax_empty": (before(tar.header("x", 0, b"x")), "no length"),
    "pax_twice": (before(tar.pax(b"mtime=1", b"mtime=2")), "twice"),
    "pax_after_pax": (before(tar.pax(b"mtime=1") * 2), "before PAX"),
    "pax_at_the_end": (after(tar.pax(b"mtime=1")), "before no file"),
    "pax_length_wrong": (before(tar.pax(raw=b"99 mtime=1\n")), "no form"),
    "pax_length_zero": (before(tar.pax(raw=b"0 mtime=1\n")), "no form"),
    "pax_length_short": (before(tar.pax(raw=b"2 \n")), "no form"),
    "pax_length_padded": (before(tar.pax(raw=b"012 mtime=1\n")), "no form"),
    "pax_no_line_end": (before(tar.pax(raw=b"11 mtime=1.")), "no form"),
    "pax_no_equals": (before(tar.pax(b"mtime")), "PAX record"),
    "pax_not_unicode": (before(tar.pax(b"\xff\xfe=1")), "PAX record"),
    "pax_escape": (before(tar.pax(b"\x1b[31m=1")), "PAX record"),
    "pax_size_negative": (before(tar.pax(b"size=-1")), "no value"),
    "pax_size_huge": (before(tar.pax(b"size=" + b"9" * 19) + tar.header(ARTIFACT)), "longer than what is left"),
    "pax_size_endless": (before(tar.pax(b"size=" + b"9" * 3000)), "no value"),
    "pax_size_unicode_digits": (before(tar.pax("size=٣".encode())), "no value"),
    "pax_size_and_another": (before(tar.pax(b"size=4") + tar.file(NOTE, EVIL * 2)), "two sizes"),
    "pax_padding": (before(tar.header("x", 11, b"x") + tar.record(b"mtime=1") + b"x" * 501), "padding"),
    # sizes
    "size_base_256": (sized(b"\x80" + bytes(10) + b"\4"), "no form"),
    "size_negative_base_256": (sized(b"\xff" * 12), "no form"),
    "size_negative": (sized(b"-0000000001\0"), "no form"),
    "size_not_octal": (sized(b"00000000009\0"), "no form"),
    "size_empty": (sized(bytes(12)), "no form"),
    "size_overflow": (sized(b"77777777777\0"), "longer than what is left"),
    "size_of_a_small_file": (before(tar.file(NOTE, bytes((1 << 20) + 1))), "far longer"),
    "size_is_not_the_recorded": (lambda b: tar.whole(b, without=["artifacts/000001-processes.jsonl"], after=tar.file(
        ARTIFACT, EVIL)), "has 4 bytes;"),
    "size_is_not_the_recorded_and_came_first": (lambda b: tar.whole(b, without=["artifacts/000001-processes.jsonl"],
        before=tar.file(ARTIFACT, EVIL)), "has 4 bytes;"),
    "no_record_names_it": (also(f"{TOP}/artifacts/000002-x.txt"), "no record names"),
    # form
    "checksum": (before(tar.header(ARTIFACT, checksum=b"000000\0 ")), "checksum"),
    "checksum_empty": (before(tar.header(ARTIFACT, checksum=bytes(8))), "checksum"),
    "checksum_signed": (before(tar.header(ARTIFACT, checksum=b"-00001\0 ")), "checksum"),
    "old_form": (before(tar.header(ARTIFACT, magic=bytes(8))), "no form"),
    "star_form": (before(tar.header(ARTIFACT, tail=b"tar\0")), "unknown form"),
    "gnu_real_size": (before(tar.header(ARTIFACT, magic=b"ustar  \0", prefix=b"1")), "unknown form"),
    "padding_of_a_file": (before(tar.header(NOTE, 4) + EVIL + b"x" * 508), "padding"),
    "end_of_one_block": (lambda b: tar.whole(b, end=bytes(512)), "before its end"),
    "no_end": (lambda b: tar.whole(b, end=b""), "before its end"),
    "half_a_block_after_the_end": (lambda b: tar.whole(b, end=bytes(1024 + 100)), "before its end"),
    "garbage_after_the_end": (lambda b: tar.whole(b) + b"x" * 512, "follows its end"),
    "second_archive": (lambda b: tar.whole(b) * 2, "follows its end"),
    "member_after_one_zero_block": (after(bytes(512) + tar.file(NOTE, EVIL)), "follows its end"),
    "endless_zeros": (lambda b: tar.whole(b, end=bytes(MAX_PADDING + 512)), "too many zeros"),
    "empty": (lambda _: b"", "before its end"),
    "only_zeros": (lambda _: bytes(10240), "no bundle"),
    "no_tar": (lambda _: b"PK\3\4" + bytes(2000), "checksum"),
    # what was unpacked is no bundle, or not what was sealed
    "only_a_folder": (lambda _: tar.header(f"{TOP}/", kind=b"5") + tar.END, "no bundle"),
    "manifest_missing": (lambda b: tar.whole(b, without=["manifest.jsonl"]), "altered: MISSING"),
    "artifact_missing": (lambda b: tar.whole(b, without=["artifacts/000001-processes.jsonl"]), "altered: MISSING"),
    "artifact_changed": (lambda b: tar.whole(b).replace(b'{"pid":1}', b'{"pid":2}'), "altered: CONTENT_MISMATCH"),
    "extra_attachment": (also(f"{TOP}/attachments/000001-x.txt"), "altered: EXTRA_FILE"),
    "manifest_of_junk": (lambda b: tar.whole(b, without=["manifest.jsonl"], after=tar.file(
        MANIFEST, b"[" * 60_000 + b"\n")), "no record names"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_leaves_nothing(tmp_path, out, bundle, name):
    """Each is refused for its own reason, with a hint; the folder stays empty, and nothing beside it was touched."""
    make, said = HOSTILE[name]
    assert_refused(encrypted(tmp_path, make(bundle)), out, said=said)


def test_the_command_says_it_on_one_screen(tmp_path, out, bundle, keyfile):
    """The same through the command: exit 1, error and hint, nothing on standard output, in French and in English."""
    for name in ("zip_slip", "escape_sequence", "pax_escape", "artifact_changed", "not_unicode"):
        age = encrypted(tmp_path, HOSTILE[name][0](bundle))
        for language in ("fr", "en"):
            done = live.run("open", age, "--identity", keyfile, "--out", out, "--lang", language, "--json")
            assert (done.code, done.out) == (1, "")
            assert done.err.count("\n") == 2
            assert is_printable(done.err.replace("\n", ""))
            assert list(out.iterdir()) == []


@wine.slow("the same")
def test_an_archive_cut_anywhere_leaves_nothing(tmp_path, out, bundle):
    """Cut at every block, and in the middle of one."""
    data = tar.whole(bundle)
    for length in (*range(0, len(data) - 1, 512), *range(200, len(data), 2048)):
        assert_refused(encrypted(tmp_path, data[:length]), out, said="the archive inside is refused")


@wine.slow("a thousand archives")
def test_no_flipped_bit_of_a_header_is_read_otherwise(tmp_path, out, bundle):
    """Every bit of a header's fields that mean anything: refused. Only the checksum itself has another spelling."""
    data = tar.whole(bundle)
    for at in (*range(30), *range(124, 136), *range(148, 160), *range(256, 266), 345, 400, 499, 505):
        for bit in range(8):
            bad = bytearray(data)
            bad[at] ^= 1 << bit
            sink = Nowhere()
            try:
                TarReader(sink, len(bad)).feed(bytes(bad))
            except CollectorError:
                continue
            assert 148 <= at < 156
            assert tar.names_in(bytes(bad)) == sink.names


class Nowhere:
    """A sink that only looks whether the reader keeps its promises."""

    def __init__(self):
        self.names, self.left = [], 0

    def folder(self, _top, name):
        assert not self.left
        assert name in ("", "artifacts", "attachments")

    def file(self, top, name, size):
        assert not self.left
        assert ".." not in name
        assert name.count("/") <= 1
        assert name.isascii()
        self.names.append(f"{top}/{name}")
        self.left = size

    def write(self, data):
        self.left -= len(data)
        assert self.left >= 0

    def done(self):
        assert not self.left


@settings(max_examples=300)
@given(data=st.data())
@wine.slow("the same")
def test_the_reader_takes_nothing_that_stock_readers_read_otherwise(tmp_path_factory, data):
    """Archives with bytes changed, in pieces of any length: an error of ours, or the names that Python finds."""
    if not hasattr(Nowhere, "base"):
        Nowhere.base = tar.whole(made.sealed(tmp_path_factory.mktemp("base")))
    changed = bytearray(Nowhere.base)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at] = data.draw(st.integers(0, 255))
        if data.draw(st.booleans()):  # with a right checksum
            start = at - at % 512
            changed[start + 148 : start + 156] = b" " * 8
            changed[start + 148 : start + 156] = b"%06o\0 " % sum(changed[start : start + 512])
    step = data.draw(st.sampled_from([1, 100, 512, 8192, 1 << 20]))
    sink = Nowhere()
    reader = TarReader(sink, len(changed))
    try:
        for at in range(0, len(changed), step):
            reader.feed(bytes(changed[at : at + step]))
        reader.end()
    except CollectorError:
        return
    assert tar.names_in(bytes(changed)) == sink.names


# Hostile ciphertext -------------------------------------------------------------------------


def test_a_file_that_is_not_age_is_refused(tmp_path, out, bundle):
    """Nothing, junk, another format, an endless header, a passphrase, a file that trails or was cut."""
    good = pyrage.encrypt(tar.whole(bundle), [KEY.to_public()])
    cases = {
        "empty": b"", "junk": os.urandom(5000), "tar": tar.whole(bundle), "version": good.replace(b"/v1", b"/v2", 1),
        "armoured": pyrage.encrypt(tar.whole(bundle), [KEY.to_public()], armored=True),
        "endless": b"age-encryption.org/v1\n-> X25519 " + b"a" * (8 * MAX_HEADER),
        "passphrase": pyrage.passphrase.encrypt(tar.whole(bundle), "x"),
        "trailing": good + b"x", "twice": good + good, "header": good[:100],
        "no_payload": good[: good.index(b"\n---") + 49],
    }  # fmt: skip
    path = tmp_path / "x.tar.age"
    for data in cases.values():
        path.write_bytes(data)
        assert_refused(path, out)


@wine.slow("the same")
def test_no_flipped_bit_of_the_ciphertext_opens(tmp_path, out, bundle):
    """Every byte of the header, a sample of the rest: refused, and nothing left."""
    good = pyrage.encrypt(tar.whole(bundle), [KEY.to_public()])
    path = tmp_path / "x.tar.age"
    start = good.index(b"\n---") + 70
    for at in (*range(start), *range(start, len(good), len(good) // 60), len(good) - 1):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        path.write_bytes(bad)
        assert_refused(path, out)


@wine.slow("the same")
def test_a_file_cut_anywhere_is_refused(tmp_path, out, bundle):
    """A download that broke off, at 100 places."""
    good = pyrage.encrypt(tar.whole(bundle), [KEY.to_public()])
    path = tmp_path / "x.tar.age"
    for length in range(0, len(good), len(good) // 100):
        path.write_bytes(good[:length])
        assert_refused(path, out)


@wine.posix("the resource module sets the limit")
def test_an_endless_header_takes_no_memory(tmp_path, out, keyfile):
    """1 GB of header: pyrage would keep it all."""
    path = tmp_path / "x.tar.age"
    with path.open("wb") as file:
        file.write(b"age-encryption.org/v1\n-> X25519 a\n")
        file.truncate(1 << 30)
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({700 << 20}, {700 << 20}))\n"
    done = live.run("open", path, "--identity", keyfile, "--out", out, fault=limit)
    assert done.code == 1
    assert "header is too long" in done.err


# Bad luck -----------------------------------------------------------------------------------


@pytest.mark.root
def test_a_full_disk_leaves_nothing(tmp_path, bundle, keyfile):
    """Wherever the room ends."""
    big = made.unsealed(tmp_path / "b") if (tmp_path / "b").mkdir() is None else None
    file = big.artifact("file", "x", ".bin", "t")
    file.write(bytes(300_000))
    big.finish(file)
    big.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
    age = encrypted(tmp_path, tar.whole(big.path))
    place = tmp_path / "small"
    place.mkdir()
    codes = []
    for size in (8, 12, 16, 20, 40, 100, 200, 320, 360, 1000):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", place], check=True)
        try:
            done = live.run("open", age, "--identity", keyfile, "--out", place)
            codes.append(done.code)
            if done.code:
                assert done.code == 1
                assert "No space left" in done.err
                assert list(place.iterdir()) == []
        finally:
            subprocess.run(["umount", place], check=True)
    assert codes[0] == 1
    assert codes[-1] == 0


@pytest.mark.parametrize("call", ["write", "mkdir", "rename"])
@wine.slow("a process for each call")
def test_a_broken_disk_leaves_nothing(tmp_path, out, bundle, keyfile, call):
    """Each call in its turn meets an input/output error, until none is left to fail."""
    age = encrypted(tmp_path, tar.whole(bundle))
    for number in range(1, 40):
        broken = live.fault(call, number, "raise OSError(5, os.strerror(5))")
        done = live.run("open", age, "--identity", keyfile, "--out", out, "--json", fault=broken)
        if done.code == 0:
            break
        assert (done.code, done.out) == (1, "")
        assert "Input/output error" in done.err
        assert list(out.iterdir()) == []
    assert number > 1
    assert done.code == 0


@wine.posix("stock programs of Debian")
def test_memory_does_not_grow_with_the_file(tmp_path, out, keyfile):
    """256 MiB takes what 4 MiB takes, within 16 MiB."""
    peaks = []
    for size in (4, 256):
        folder = tmp_path / f"b{size}"
        folder.mkdir()
        big = made.unsealed(folder)
        file = big.artifact("file", "x", ".bin", "t")
        for number in range(size):
            file.write(bytes([number]) * (1 << 20))
        big.finish(file)
        big.close(outcome="complete", reason=None, isolation=dict(made.ISOLATION), same_boot=True)
        age = tmp_path / f"{size}.age"
        stock = f"tar -cf - -C {folder} {TOP} | age -r {KEY.to_public()} > {age}"
        subprocess.run(stock, shell=True, check=True)
        peak = (
            "import resource, os; old = os._exit\n"
            "def told(code): os.write(2, b'peak %d' % resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); old(code)\n"
            "os._exit = told\n"
        )
        done = live.run("open", age, "--identity", keyfile, "--out", out, fault=peak)
        assert done.code == 0
        peaks.append(int(done.err.rsplit("peak ", 1)[1]))
        shutil.rmtree(out / TOP)
    assert peaks[1] - peaks[0] < 16 << 10, peaks


@wine.posix("stock programs of Debian")
def test_stock_tar_lists_what_the_tests_make(bundle):
    """What the tests' own maker makes is what stock tar lists: the hostile ones differ in the one thing they name."""
    data = tar.whole(bundle)
    listed = subprocess.run(["tar", "-tf", "-"], input=data, capture_output=True, check=True).stdout.decode().split()
    assert listed == [f"{TOP}/{name}" for name, _ in tar.members(bundle)]
