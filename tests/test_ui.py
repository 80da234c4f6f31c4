"""What people see: it fits their screen, carries nothing hostile, and never stops a run."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import threading
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import live
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import profiles
from collector.alarm import Alarm
from collector.bursts import Writer
from collector.entries import Told
from collector.errors import DiskFullError, NotABundleError
from collector.facts import DefaultRoute, Facts, Link
from collector.findings import Anchor, Code, Finding, Level, Verdict
from collector.handover.opening import Opened
from collector.handover.packing import Packed
from collector.handover.parts import Written
from collector.isolation import Reason, judge
from collector.model import Gap, Outcome, Profile
from collector.paris import Doubt, Entered
from collector.result import Result
from collector.sources import SOURCES
from collector.ui import (
    added,
    as_json,
    errors,
    final,
    meanings,
    messages,
    network,
    packed,
    progress,
    qr,
    report,
    terminal,
)
from collector.ui.remaining import Remaining
from collector.verify import Report

ROOT = Path(__file__).parent.parent
HOSTILE = "a\x1b[2J\x1b]0;x\x07\n\u202eexe.\u200bgpj\u2066\r\x9b31m"
START = "K7QF-2MZA-PX4D-WLNE-6TRB-YH3G-UJ5S-ACVI"
SEAL = "MZ2X-WQ7A-4NLE-KD6P-TBRY-G3HU-S5JC-IVAF"
SHA256 = "3f" * 32
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
LANGUAGES = pytest.mark.parametrize("lang", ["fr", "en"])
PATH = Path("/media/secretariat/Clé USB/preuves/CABINET-1_poste-accueil_20261123T101500Z")
LIVE = Link("eth0", 2, "ethernet", admin_up=True, carrier=True, operstate="up", physical=True)
CONNECTED = judge(Facts((LIVE,), (DefaultRoute(2, {}),)))
SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from itertools import pairwise
from pathlib import Path
from test_ui import scripted
scripted({lang!r})
"""


@pytest.fixture(autouse=True)
def english():
    yield
    messages.install("en")


def made(**more):
    given = {
        "bundle": PATH,
        "case": "CABINET-1",
        "exit_code": 0,
        "records": 1234,
        "artifacts": 57,
        "gaps": 0,
        "isolation": {"open": "ISOLATED", "close": "ISOLATED", "run": "ISOLATED"},
        "reasons": (),
        "start_code": START,
        "seal_code": SEAL,
        "seal_sha256": SHA256,
        "never_off": ("unknown", ("no_sign",)),
        "seconds": 83.2,
        "reason": None,
        "missed": (),
    }
    given |= {"recipients": (), "practice_identity": None}
    return Result(**(given | more))


def alarm(running):
    """Return an encryption that was seen, by a program whose name is an attack on the terminal."""
    since = 1_790_000_000 * 10**9
    return Alarm(running, 7, since, 3600, (Writer(4242, HOSTILE, None, "events", 9),))


def worst(**more):
    """Return a result with everything to say at once."""
    connected = {"open": "CONNECTED", "close": "CONNECTED", "run": "CONNECTED"}
    missed = tuple((source.name, outcome) for source in SOURCES for outcome in ("denied", "failed", "failed"))
    reasons = tuple(Reason("other_connected", HOSTILE) for _ in range(9))
    given = {"exit_code": 3, "gaps": 40_000, "isolation": connected, "missed": missed, "reasons": reasons}
    given["never_off"] = ("no", ("started_after",))
    return made(**(given | more))


def play(look):
    """Tell a short run as `acquisition` tells it."""
    look.opened(PATH, START)
    look.isolation("open", CONNECTED)
    for number, source in enumerate(SOURCES, 1):
        look.step(number, len(SOURCES) + 1, source.name, source.seconds)
        look.counted(1234)
        for _ in range(20):
            look.gap(source.name, Gap(Outcome.DENIED, "not allowed", HOSTILE))
    look.power(on_battery=True, percent=41)
    look.phase("files", SEAL)
    look.stopping("signal")
    look.step(len(SOURCES) + 1, len(SOURCES) + 1, "seal", 10)
    look.close()
    look.close()


def scripted(lang):
    """Do what the child of the pty tests does."""
    messages.install(lang)
    look = progress.onlooker(sys.stderr, quiet=False)
    before = threading.active_count()
    look._clock = iter(range(10**6)).__next__  # a second for each look: every event is drawn
    play(look)
    assert threading.active_count() == before
    final.show(worst(reason="disk_full"), sys.stderr)
    terminal.show(sys.stderr, f"kind={type(look).__name__} gone={look.terminal.gone}\n")
    os._exit(0)  # as the command line leaves: the interpreter's own last flush would fail on a terminal that is gone


def on_a_terminal(lang, *, hang_up=False, **environment):
    """Run `scripted` on a real terminal of 80x24; return all that it wrote there."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    code = SCRIPT.format(root=str(ROOT / "tests"), lang=lang)
    env = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    env = {name: value for name, value in env.items() if value}
    child = subprocess.Popen([sys.executable, "-c", code], stderr=follower, stdout=follower, stdin=follower, env=env)
    os.close(follower)
    written = b""
    while select.select([leader], [], [], 30)[0]:
        try:
            data = os.read(leader, 65536)
        except OSError:  # Linux: the last one has closed it
            break
        written += data
        if not data or (hang_up and len(written) > 100):
            break
    os.close(leader)
    return child.wait(30), written.decode()


def without_colours(written):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written).replace("\r", "\n")


@LANGUAGES
def test_a_real_terminal_shows_step_times_counts_code_and_that_stopping_is_safe(lang):
    """On 80x24 the progress is drawn, then wiped, and the cursor is given back."""
    code, written = on_a_terminal(lang, NO_COLOR="")
    assert code == 0, written
    assert "kind=TerminalProgress gone=None" in written
    shown = without_colours(written)
    for expected in {
        "fr": (
            f"Étape 2 sur {len(SOURCES) + 1} : Je note les programmes en cours",
            "N'éteignez pas",
            "environ",
            "Recopiez-le sur papier",
        ),
        "en": (
            f"Step 2 of {len(SOURCES) + 1}: I note the programs that are running",
            "Do not power off",
            "about",
            "Write it on paper",
        ),
    }[lang]:
        assert expected.replace(" :", "\u00a0:") in shown
    assert "K7QF   2MZA   PX4D   WLNE" in shown
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h") == 1
    assert max(terminal.width(line) for line in shown.split("\n")) <= 80
    assert not CONTROL.search(shown)
    assert "\x1b[2J" not in written
    assert "\x1b]0" not in written


def test_no_colour_where_none_is_wanted():
    """NO_COLOR leaves no colour and no bold; moving the cursor is no colour."""
    code, written = on_a_terminal("en", NO_COLOR="1")
    assert code == 0, written
    assert not re.search(r"\x1b\[[0-9;]+m", written.replace("\x1b[0m", ""))


def test_a_dumb_terminal_gets_plain_lines():
    """TERM=dumb can't move its cursor."""
    code, written = on_a_terminal("fr", TERM="dumb")
    assert code == 0, written
    assert "kind=LineProgress" in written
    assert not CONTROL.search(written.replace("\r\n", "\n"))


def test_a_terminal_that_vanishes_does_not_stop_the_run():
    """The window is closed in the middle: the run goes on to its end (a signal is the command line's business)."""
    code, written = on_a_terminal("fr", hang_up=True)
    assert code == 0, written


def test_a_stream_that_breaks_is_noted_once_and_left_alone():
    """A broken pipe and a closed stream: everything is told to nobody."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as stream:
        look = progress.LineProgress(stream)
        play(look)
        final.show(worst(), stream)
        assert look.terminal.gone == "Broken pipe"
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # what is buffered goes somewhere at the end
    look = progress.LineProgress(stream)
    play(look)
    assert look.terminal.gone == "ValueError"


def test_rich_on_a_terminal_that_broke_ends_nothing():
    """Drawing on a stream that fails raises nothing and starts no exit, as rich alone would."""

    class Broken(io.StringIO):
        def write(self, _words):
            raise OSError(5, "Input/output error")

    look = progress.TerminalProgress(Broken())
    play(look)
    assert look.terminal.gone == "Input/output error"


@LANGUAGES
def test_lines_elsewhere_are_plain_narrow_and_few(lang):
    """Without a terminal: no control character, at most 80 columns, thousands of gaps are counted, not listed."""
    messages.install(lang)
    stream = io.StringIO()
    look = progress.onlooker(stream, quiet=False)
    assert type(look) is progress.LineProgress
    look.encrypted(None)
    play(look)
    lines = stream.getvalue().split("\n")
    assert not CONTROL.search(stream.getvalue())
    assert max(terminal.width(line) for line in lines) <= 80
    assert START in stream.getvalue()
    assert sum("\\x1b[2J" in line for line in lines) == progress.GAP_LINES * len(SOURCES)
    counted = {"fr": "20 n'ont pas pu être lus", "en": "20 could not be read"}[lang]
    assert stream.getvalue().count(counted) == len(SOURCES)


def test_quiet_says_nothing(capfd):
    """--quiet writes nothing at all."""
    play(progress.onlooker(sys.stderr, quiet=True))
    assert capfd.readouterr() == ("", "")


def test_a_name_that_the_encoding_has_not_is_written_all_the_same():
    """A terminal in Latin-1 shows what it can."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "iso-8859-1", write_through=True)
    terminal.show(stream, "clé 鍵\n")
    assert raw.getvalue() == b"cl\xe9 \\u9375\n"


BUDGETS = [source.seconds for source in SOURCES] + [10.0]


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 2000)), max_size=60))
def test_the_time_left_is_never_negative_and_never_jumps(events):
    """Whatever the steps take, the estimate moves only as time passes, bounded, and the bar only grows."""
    now, step = 0.0, 0
    remaining = Remaining(BUDGETS, now)
    last, done = remaining.seconds(now), 0.0
    for next_step, passed in events:
        if next_step and step < len(BUDGETS):
            step += 1
            remaining.step(step, now)
            assert remaining.seconds(now) == pytest.approx(last)  # a step that ends moves nothing at once
        now += passed
        shown = remaining.seconds(now)
        assert 0 <= shown <= sum(BUDGETS)
        assert abs(shown - last) <= passed + sum(BUDGETS) * passed / 5
        assert done <= remaining.fraction(now) <= 1
        last, done = shown, remaining.fraction(now)


@pytest.mark.parametrize("longest", [0.3, 60, 900])
def test_the_time_left_moves_smoothly_to_nothing(longest):
    """Ten looks a second at a run whose one long step takes less than usual, as usual, or all it may."""
    remaining, now, shown = Remaining(BUDGETS, 0.0), 0.0, []
    for step, budget in enumerate(BUDGETS, 1):
        remaining.step(step, now)
        for _ in range(int((longest if budget == max(BUDGETS) else 0.3) * 10)):
            now += 0.1
            shown.append(remaining.seconds(now))
    assert min(shown) >= 0
    assert max(abs(b - a) for a, b in pairwise(shown)) < 4
    assert max(shown) <= max(shown[0], 0.2 * longest + 60)
    for _ in range(600):  # a seal that takes a minute longer than it may
        now += 0.1
        assert remaining.seconds(now) >= 0
    assert remaining.seconds(now) < 1


@LANGUAGES
@pytest.mark.parametrize("reason", ["signal", "disk_full", "max_time", None])
def test_the_last_screen_fits_and_has_all_that_matters(lang, reason):
    """With everything to say at once it fits 80x24, and codes, digest, place and next steps are never left out."""
    messages.install(lang)
    lines = final.screen(worst(reason=reason), 79, 23)
    assert len(lines) <= 23
    assert max(terminal.width(line) for line in lines) <= 79
    text = "\n".join(lines)
    assert not CONTROL.search(text)
    for row in (
        "K7QF   2MZA   PX4D   WLNE",
        "TBRY   G3HU   S5JC   IVAF",
        SHA256,
        "certutil -hashfile checkpoint SHA256",
    ):
        assert row in text
    assert str(PATH) in text.replace("\n  ", "")
    assert "17cyber.gouv.fr" in text
    assert {"fr": "N'éteignez pas", "en": "Do not power off"}[lang] in text
    assert "40" in text


@LANGUAGES
@pytest.mark.parametrize("reason", ["signal", None])
@pytest.mark.parametrize("running", [True, False, None])
def test_the_last_screen_says_that_the_disk_is_encrypted(lang, reason, running):
    """Whoever thinks of switching off reads it there, whatever else is to be said; of no known encryption, nothing."""
    messages.install(lang)
    alarmed = None if running is None else alarm(running)
    lines = final.screen(worst(reason=reason, alarm=alarmed, disks=("bitlk",)), 79, 23)
    assert len(lines) <= 23
    assert max(terminal.width(line) for line in lines) <= 79
    assert any("BitLocker" in line for line in lines)
    assert "BitLocker" not in "\n".join(final.screen(worst(reason=reason, alarm=alarmed), 79, 23))


def test_a_log_names_nothing_that_the_bundle_encrypts():
    """What can't be read is counted by its source; its name is for who can read the bundle. The disk is told."""
    for identity, told in ((None, True), ("AGE-SECRET-KEY-1X", False)):
        stream = io.StringIO()
        look = progress.LineProgress(stream)
        look.encrypted(identity)
        look.step(1, 2, "recent-files", 1)
        look.gap("recent-files", Gap(Outcome.DENIED, "a file can't be read", "/home/DUPONT_Jean_IRM"))
        look.disks(("luks",))
        look.close()
        assert ("DUPONT" in stream.getvalue()) == told
        assert "Encrypted disk (LUKS)" in stream.getvalue()


@LANGUAGES
@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("reason", ["signal", "disk_full", "max_time", None])
def test_the_last_screen_says_that_files_were_encrypted_and_still_fits(lang, reason, running):
    """The worst news stands among the first lines, though everything else is to be said, too."""
    messages.install(lang)
    lines = final.screen(worst(reason=reason, alarm=alarm(running)), 79, 23)
    assert len(lines) <= 23
    assert max(terminal.width(line) for line in lines) <= 79
    assert any(line.startswith({"fr": "ATTENTION", "en": "WARNING"}[lang]) for line in lines[:5])
    assert "certutil -hashfile checkpoint SHA256" in "\n".join(lines)
    roomy = "\n".join(final.screen(made(alarm=alarm(running)), 79, 40))
    assert {"fr": "N'éteignez que si", "en": "Power off only if"}[lang] in roomy


@LANGUAGES
@pytest.mark.parametrize("reason", ["signal", "disk_full", "max_time", None])
@pytest.mark.parametrize("made_so", [made, worst])
def test_while_files_are_encrypted_the_first_steps_are_about_that(lang, reason, made_so):
    """At 80x24, whatever else is to be said: whom to call, what to unplug, and to keep it on, a line each."""
    messages.install(lang)
    lines = final.screen(made_so(reason=reason, exit_code=3, alarm=alarm(running=True)), 79, 23)
    assert len(lines) <= 23
    steps = lines[-5:]
    assert [step[:3] for step in steps] == [f"{number}. " for number in range(1, 6)]
    for step, said in zip(steps, {
        "fr": ("17cyber.gouv.fr", "disques de sauvegarde", "N'éteignez que s'il", "code de fermeture", "clé USB"),
        "en": ("17cyber.gouv.fr", "backup disks", "Do not power off unless they ask", "seal code", "USB stick"),
    }[lang], strict=True):  # fmt: skip
        assert said in step
    assert "NAS" in steps[1]
    assert "K7QF   2MZA   PX4D   WLNE" in "\n".join(lines)
    assert SHA256 in "\n".join(lines)


@LANGUAGES
@pytest.mark.parametrize("look", [progress.LineProgress, progress.KeyOnly, progress.TerminalProgress])
def test_an_encryption_that_goes_on_is_told_at_once_with_what_to_do(lang, look):
    """Line by line, drawn over, or with --quiet: what happens, whom to call, what to unplug, and who does it."""
    messages.install(lang)
    stream = io.StringIO()
    looker = look(stream)
    looker.alarmed(alarm(running=True))
    looker.alarmed(alarm(running=True))
    looker.close()
    shown = without_colours(stream.getvalue())
    assert not CONTROL.search(shown)
    assert max(terminal.width(line) for line in shown.split("\n")) <= 80
    words = " ".join(line[8:] if look is progress.LineProgress else line for line in shown.split("\n"))
    for said in {
        "fr": ("un chiffrement est en cours (7 fichiers depuis 15:13:20)", "votre informaticien", "17cyber.gouv.fr",
               "Débranchez les disques de sauvegarde", "N'éteignez que", "le code qui permettrait de déchiffrer",
               "numéro 4242"),
        "en": ("files are being encrypted now (7 files since 15:13:20)", "Call your IT provider", "17cyber.gouv.fr",
               "Unplug backup disks", "Power off only if your IT provider asks", "number 4242"),
    }[lang]:  # fmt: skip
        assert said in " ".join(words.split())
    assert shown.count("4242") == (2 if look is progress.LineProgress else 1)


@LANGUAGES
def test_the_last_screen_says_how_the_network_was(lang):
    """Each course of the verdicts has its own sentence, and a calm run none that frightens."""
    messages.install(lang)
    courses = [("ISOLATED", "ISOLATED"), ("CONNECTED", "ISOLATED"), ("ISOLATED", "CONNECTED"), ("UNKNOWN", "ISOLATED")]
    told = set()
    for opened, closed in courses:
        run = min((opened, closed), key=["CONNECTED", "UNKNOWN", "ISOLATED"].index)
        told.add("\n".join(network.run_lines({"open": opened, "close": closed, "run": run}, 79)))
    assert len(told) == 4
    calm = "\n".join(final.screen(made(), 79, 23))
    assert "Internet" not in calm
    assert len(final.screen(made(), 79, 23)) <= 23


def test_the_remarks_on_the_network_name_what_to_unplug():
    """There is room for what to do about the network in an ordinary run."""
    messages.install("fr")
    still = {"open": "CONNECTED", "close": "CONNECTED", "run": "CONNECTED"}
    text = "\n".join(final.screen(made(isolation=still, reasons=CONNECTED.reasons, exit_code=4), 79, 23))
    assert "Ce poste semble encore relié à Internet.\nDébranchez le câble, coupez le Wi-Fi. N'éteignez pas." in text
    assert "Le câble réseau de eth0 est branché" in text


def test_quiet_still_leaves_folder_and_seal_code():
    """A seal code that nobody saw is lost: two lines remain."""
    assert SEAL in final.short(made())
    assert "CABINET-1_poste-accueil" in final.short(made())


def test_the_qr_code_is_the_digest_and_is_left_out_where_there_is_no_room(tmp_path):
    """What is drawn is, module by module, a QR code that a reader reads as the digest."""
    zbarimg = shutil.which("zbarimg")
    rows = qr.lines(SHA256, colour=False)
    assert max(map(len, rows)) < 80
    bits = []
    for row in rows:
        bits.append([char in "▄ " for char in row])  # upper half dark
        bits.append([char in "▀ " for char in row])
    image = f"P1\n{len(bits[0]) * 8} {len(bits) * 8}\n"
    image += "\n".join(" ".join("1" if bit else "0" for bit in row for _ in range(8)) for row in bits for _ in range(8))
    (tmp_path / "code.pbm").write_text(image + "\n")
    assert "\x1b" not in "".join(rows)
    if zbarimg is None:
        pytest.skip("zbarimg is not installed: the code was drawn and not read")
    read = subprocess.run([zbarimg, "-q", "--raw", tmp_path / "code.pbm"], capture_output=True, text=True, check=True)
    assert read.stdout.strip() == SHA256.upper()


def test_with_colour_the_same_qr_code_is_drawn_dark_on_light():
    """On a light terminal, too, dark modules are dark."""
    swap = str.maketrans("█▀▄ ", " ▄▀█")
    coloured = [row.removeprefix("\x1b[30;107m").removesuffix("\x1b[0m") for row in qr.lines(SHA256, colour=True)]
    assert [row.translate(swap) for row in coloured] == qr.lines(SHA256, colour=False)


def found(verdict, *findings, **more):
    given = {
        "verdict": verdict,
        "findings": findings,
        "more_findings": 0,
        "records": 42,
        "artifacts": 17,
        "attachments": 0,
        "start_code": START,
        "seal_code": SEAL,
        "seal_sha256": SHA256,
        "anchors": (),
        "resumed": (),
    }
    given["recipients"] = ()
    return Report(**(given | more))


@LANGUAGES
@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_comes_first_and_the_limits_last(lang, verdict):
    """Every verdict says its limits, none promises, nothing hostile gets through, no line is too wide."""
    messages.install(lang)
    findings = tuple(Finding(code, HOSTILE, "it can't be read: Permission denied") for code in Code)
    anchors = (Anchor("seal_code", anchors=True, detail="matches"), Anchor(HOSTILE, anchors=False, detail=HOSTILE))
    text = report.verify_text(found(verdict, *findings, anchors=anchors, resumed=(3, 9), more_findings=7), PATH)
    assert not CONTROL.search(text)
    assert max(terminal.width(line) for line in text.split("\n")) <= 80
    assert not re.search("authenti|scell", text, re.IGNORECASE)
    assert messages._(report.VERDICTS[verdict][0])[:9] in "\n".join(text.split("\n")[:4])
    assert messages._(report.LIMITS[0]) in text
    assert Code.NOT_A_REGULAR_FILE.value in text
    assert "13" in text  # 26 codes, 20 shown, and 7 that were not kept
    if lang == "fr":
        assert "accès refusé" in text


@LANGUAGES
def test_incomplete_says_what_is_not_complete(lang):
    """A run that was never closed, or a closed one to which something was added: nobody is told of the other."""
    messages.install(lang)
    torn = Finding(Code.TORN_TAIL, "custody.jsonl", "9 bytes follow the last whole line", Level.INCOMPLETE)
    for code, said, unsaid in (
        (SEAL, report.UNFINISHED, report.VERDICTS[Verdict.INCOMPLETE]),
        (None, report.VERDICTS[Verdict.INCOMPLETE], report.UNFINISHED),
    ):
        text = " ".join(report.verify_text(found(Verdict.INCOMPLETE, torn, seal_code=code), PATH).split())
        assert all(" ".join(messages._(sentence).split()) in text for sentence in said)
        assert not any(" ".join(messages._(sentence).split()) in text for sentence in unsaid)


@LANGUAGES
def test_unanchored_says_how_to_anchor(lang):
    """It shows the code in the groups of the paper and names the option."""
    messages.install(lang)
    text = report.verify_text(found(Verdict.UNANCHORED), PATH)
    assert "MZ2X   WQ7A   4NLE   KD6P" in text
    assert "--seal-code" in text
    anchored = report.verify_text(
        found(Verdict.ANCHORED, anchors=(Anchor("seal_code", anchors=True, detail=""),)), PATH
    )
    assert "--seal-code" not in anchored


@LANGUAGES
def test_what_is_told_after_the_seal_is_narrow(lang):
    """Note, attachment and hand-over file: at most 80 columns whatever the path is, and nothing of it lost."""
    messages.install(lang)
    files = (Written(PATH / f"{'x' * 99}.tar.age", 141_160, SHA256), Written(PATH / "x.sha256", 1, SHA256))
    told = [
        added.note_text(123_456, Told(corrects=3), 0),
        added.attachment_text(
            {"path": f"attachments/{'x' * 99}.jpg", "sha256": SHA256, "number": 7, "again": [*range(40)],
             "says": {"taken": "x" * 90, "from": "y " * 90, "has_place": True}},
            Told(Entered(datetime(2026, 11, 26, 7, 30, tzinfo=UTC), Doubt.DAY)),
            0,
        ),
        packed.packed_text(Packed(PATH, files, ("age1" + "q" * 58,), "AGE-SECRET-KEY-1")),
        packed.packed_text(Packed(PATH, files, ("age1" + "q" * 58,), None)),
        *(packed.opened_text(Opened(PATH / ("x" * 99), found(verdict))) for verdict in Verdict),
    ]
    assert [line for text in told for line in text.splitlines() if terminal.width(line) > 79] == []
    assert SHA256 in told[1]
    assert ("141\u00a0160" if lang == "fr" else "141,160") in told[2]
    assert all(re.sub(r"\s", "", str(PATH)) in re.sub(r"\s", "", text) for text in told[2:])


@LANGUAGES
@pytest.mark.parametrize(
    ("verdict", "code", "said"),
    [
        (Verdict.UNANCHORED, SEAL, report.VERDICTS[Verdict.UNANCHORED]),
        (Verdict.INCOMPLETE, SEAL, report.UNFINISHED),
        (Verdict.INCOMPLETE, None, report.VERDICTS[Verdict.INCOMPLETE]),
    ],
)
def test_a_verdict_has_one_wording(lang, verdict, code, said):
    """What `open` says of a bundle is what `verify` says of it, in the same words."""
    messages.install(lang)
    opened = " ".join(packed.opened_text(Opened(PATH, found(verdict, seal_code=code))).split())
    verified = " ".join(report.verify_text(found(verdict, seal_code=code), PATH).split())
    words = " ".join(messages._(said[0]).split())
    assert words in opened
    assert words in verified
    assert lang == "en" or verdict.value not in opened


def test_every_finding_code_has_a_meaning_and_altered_ones_an_advice():
    """Nobody is left with a code alone."""
    assert set(meanings.MEANINGS) == set(Code)
    assert all(meanings.advice(code, altered=True) for code in Code)
    assert meanings.advice(Code.LITTER, altered=False) is None


@LANGUAGES
def test_the_isolation_text_names_what_to_unplug(lang):
    """Verdict, what to do, every link; a hostile interface name moves nothing."""
    messages.install(lang)
    hostile = Link(HOSTILE, 3, "wifi", admin_up=True, carrier=True, operstate="up", physical=True)
    text = network.isolation_text(judge(Facts((LIVE, hostile), scope="namespace", scope_reason="other_namespace")))
    assert not CONTROL.search(text)
    assert max(terminal.width(line) for line in text.split("\n")) <= 80
    assert {"fr": "Débranchez le câble", "en": "Unplug the cable"}[lang] in text
    assert "eth0" in text


@LANGUAGES
def test_a_dry_run_names_every_step(lang):
    """As many numbered lines as sources, in their order."""
    messages.install(lang)
    text = report.dry_run_text(SOURCES, Profile(), named=False)
    assert [int(number) for number in re.findall(r"^ ?(\d+)\. ", text, re.MULTILINE)] == list(
        range(1, len(SOURCES) + 1)
    )
    assert max(terminal.width(line) for line in text.split("\n")) <= 80


def test_a_dry_run_leaves_out_what_the_profile_leaves_out():
    """Triage lists no recent files, unless trees were named."""
    triage = profiles.named("triage")
    whole, named = (report.dry_run_text(SOURCES, triage, named=named) for named in (False, True))
    assert "recently" not in whole
    assert "recently" in named


def test_a_dry_run_is_one_object_where_json_is_asked_for():
    """With the same steps, and nothing else on standard output."""
    done = live.run("--case", "T1", "--dry-run", "--json", "--profile", "triage")
    assert (done.code, [step["source"] for step in done.json["steps"]][:2]) == (0, ["system", "processes"])
    assert "recent-files" not in {step["source"] for step in done.json["steps"]}


def test_errors_have_a_label_and_a_next_step():
    """`error:` and `hint:`, in French `erreur :` and `conseil :`, and hostile data in them is escaped."""
    stream = io.StringIO()
    errors.show(NotABundleError("the note is empty", hint="attach it as a file"), stream)
    assert stream.getvalue() == "error: the note is empty\nhint: attach it as a file\n"
    messages.install("fr")
    assert errors.error_text("the note is empty", "attach it as a file") == (
        "erreur : la note est vide\nconseil : joignez-la comme fichier\n"
    )
    assert not CONTROL.search(errors.error_text(f"it can't be read: {HOSTILE}"))
    assert not CONTROL.search(errors.crash_text(RuntimeError(HOSTILE)))
    assert "hint" not in errors.error_text(str(DiskFullError("x")))
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        errors.show(DiskFullError("x"), gone)
        os.dup2(os.open(os.devnull, os.O_WRONLY), gone.fileno())


def test_json_holds_the_promised_keys_and_any_path():
    """One object, JSON all through; a path that is not Unicode keeps its bytes."""
    told = json.loads(json.dumps(as_json.result_json(worst(bundle=Path(os.fsdecode(b"/m/\xff\n")), reason="signal"))))
    assert list(told) == [
        *("bundle", "case", "exit", "records", "artifacts", "gaps", "isolation"),
        *("start_code", "seal_code", "seal_sha256", "recipients", "level", "practice_identity"),
        *("seconds", "never_powered_off", "reason", "missed", "own_files_disturbed", "continues"),
    ]
    assert told["bundle"] == {"text": "/m/\ufffd\n", "hex": "2f6d2fff0a"}
    assert told["isolation"] == {"open": "CONNECTED", "close": "CONNECTED", "run": "CONNECTED"}
    assert told["missed"][0] == {"source": "system", "outcome": "denied"}
    finding = Finding(Code.LITTER, "x", "y", Level.INFORMATION)
    told = json.loads(json.dumps(as_json.report_json(found(Verdict.UNANCHORED, finding), PATH)))
    assert told["findings"] == [{"code": "LITTER", "subject": "x", "detail": "y", "level": "information"}]
    assert {"verdict", "findings", "records", "artifacts", "start_code", "seal_code", "anchors"} <= set(told)


@given(st.text(max_size=400), st.integers(20, 80), st.sampled_from(["", "  ", " 1. "]))
def test_folding_loses_nothing_and_keeps_to_its_width(words, columns, indent):
    """Every character that is not a space is still there, and no line is too wide."""
    words = terminal.shown(words, 400)
    lines = terminal.fold(words, columns, indent, " " * len(indent))
    assert max(map(terminal.width, lines)) <= columns
    assert "".join(lines).removeprefix(indent).replace(" ", "") == words.replace(" ", "")
    clipped = terminal.clipped(words, columns)
    assert terminal.width(clipped) <= columns


def test_the_note_in_the_bundle_is_small_and_plain():
    """At most 8 KiB, UTF-8 without a mark, LF, with the commands that work without our software, in both languages."""
    data = (ROOT / "collector/LISEZ-MOI.txt").read_bytes()
    assert len(data) <= 8192
    assert not data.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in data
    text = data.decode()
    assert text.endswith("\n")
    assert not re.search(r"scell|authenti|artefact", text, re.IGNORECASE)
    for command in (
        "sha256sum -c SHA256SUMS",
        (
            """ssh-keygen -Y verify -f allowed_signers -I "$(cut -d' ' -f1 allowed_signers | head -n1)" """
            "-n evidence-collector@v1 -s checkpoint.sig < checkpoint"
        ),
        "openssl dgst -sha256 -binary checkpoint | base32 | cut -c1-32",
        "certutil -hashfile checkpoint SHA256",
    ):
        assert text.count(command) == 2
