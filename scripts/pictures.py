"""What `scripts/pictures` does: watches a real run in tmux, draws its screens as SVG, and a page of its papers as PNG.

Nothing is drawn that was not shown: a screen is what tmux says that the terminal holds, with its colours. The run is
of a made folder, in network and host name namespaces of their own; it takes no memory of other programs. The reading
key of the practice, which the run shows, is left out of the pictures: what looks like a key alarms whoever scans for
keys.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess  # noqa: TID251 - runs tmux, the collector and pdftoppm
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from collector import answers, custody, tool
from collector.arguments import paris_moment
from collector.host import this_host
from collector.questions import QUESTIONS

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "pictures"
COLUMNS, ROWS = 80, 46
HOST = "accueil-1"
LANGUAGES = {"en": "C.UTF-8", "fr": "fr_FR.UTF-8"}
TITLES = {"en": "A run: its progress, and its last screen", "fr": "Une collecte : en cours, puis terminée"}
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from collector.cli import main; main()"
NOTE = (
    "Your files are encrypted. To get them back pay 0.4 bitcoin. Write to help-me@onionmail.example, your id: 7F3A-99. "
    "Do not rename files, do not use recovery software: you will lose them. Price doubles in 3 days.\n"
)
PAGE = 4
"""Of the dossier, the page that is shown: the deadlines."""
LONGEST_WAIT = 180.0

WIDTH, HEIGHT = 8.43, 18
"""Of one cell, in pixels, for a font of 14."""
PAPER, INK, BOLD, FAINT = "#171a21", "#c9d1d9", "#ffffff", "#8b949e"
COLOURS = {36: "#56c2d6", 32: "#7ec77e", 33: "#e3c06b", 31: "#ef7c7c"}


@dataclass(frozen=True)
class Piece:
    """Some letters of one line that look alike."""

    at: int
    text: str
    colour: str
    bold: bool


class Look:
    """How letters look from here on; `tmux capture-pane -e` says so once, and it holds over the ends of lines."""

    def __init__(self) -> None:
        self.colour, self.bold, self.faint = INK, False, False

    def turn(self, sequence: str) -> None:
        """Take the numbers of an SGR sequence in."""
        for number in (int(one or 0) for one in sequence[2:-1].split(";")):
            if number == 0:
                self.colour, self.bold, self.faint = INK, False, False
            self.bold, self.faint = self.bold or number == 1, self.faint or number == 2
            self.colour = COLOURS.get(number, INK if number == 39 else self.colour)

    def pieces(self, line: str) -> list[Piece]:
        """Return the pieces of a line; the bar of progress is one of its own."""
        found, at = [], 0
        for part in re.split(r"(\x1b\[[0-9;]*m|[█░]+)", line):
            if part.startswith("\x1b"):
                self.turn(part)
                continue
            if part.strip():
                ink = BOLD if self.bold and self.colour == INK else self.colour
                found.append(Piece(at, part, FAINT if self.faint else ink, self.bold))
            at += len(part)
        return found


def drawn(screens: list[list[str]], title: str) -> str:
    """Return screens, one below the other, as an SVG that needs no font of anybody's."""
    gap, edge = 26, 18
    width = COLUMNS * WIDTH + 2 * edge
    body, top = [], 0.0
    for lines in screens:
        height = len(lines) * HEIGHT + 2 * edge
        body.append(f'<rect x="0" y="{top:g}" width="{width:.0f}" height="{height}" rx="8" fill="{PAPER}"/>')
        look = Look()
        for row, line in enumerate(lines):
            base = top + edge + row * HEIGHT + 14
            body += [_text(piece, edge, base) for piece in look.pieces(line)]
        top += height + gap
    total = f'width="{width:.0f}" height="{top - gap:.0f}"'
    style = 'font-family="ui-monospace,DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="14"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {total} viewBox="0 0 {width:.0f} {top - gap:.0f}" {style}>'
    return "\n".join([head, f"<title>{html.escape(title)}</title>", *body, "</svg>", ""])


def _text(piece: Piece, edge: int, base: float) -> str:
    bare = piece.text.rstrip()
    lead = len(bare) - len(bare.lstrip())
    x, shown = edge + (piece.at + lead) * WIDTH, bare.strip()
    if set(shown) <= {"█", "░"}:  # the bar: fonts leave gaps between its letters
        full = shown.count("█")
        bars = ((0, full, 1), (full, len(shown) - full, 0.25))
        return "".join(
            f'<rect x="{x + start * WIDTH:.2f}" y="{base - 12:g}" width="{count * WIDTH:.2f}" height="13" '
            f'fill="{piece.colour}" fill-opacity="{opacity}"/>'
            for start, count, opacity in bars
            if count
        )
    weight = ' font-weight="bold"' if piece.bold else ""
    length = f'textLength="{len(shown) * WIDTH:.2f}" lengthAdjust="spacingAndGlyphs" xml:space="preserve"'
    return f'<text x="{x:.2f}" y="{base:g}" fill="{piece.colour}"{weight} {length}>{html.escape(shown)}</text>'


class Watched:
    """A run in a terminal of its own."""

    def __init__(self, work: Path, arguments: list[str], lang: str) -> None:
        self._socket = ["tmux", "-L", f"pictures-{os.getpid()}-{lang}", "-f", "/dev/null"]
        python = [sys.executable, "-I", "-B", "-c", START, str(ROOT), *arguments, "--lang", lang]
        inside = f"hostname {HOST}; cd '{work}'; exec env LC_ALL={LANGUAGES[lang]} \"$@\""
        command = ["unshare", "--net", "--uts", "sh", "-c", inside, "run", *python]
        size = ["-x", str(COLUMNS), "-y", str(ROWS)]
        subprocess.run([*self._socket, "new-session", "-d", *size, *command], check=True)

    def screen(self) -> list[str]:
        """Return what the terminal holds, line by line, with its colours."""
        done = subprocess.run(
            [*self._socket, "capture-pane", "-e", "-p"], capture_output=True, text=True, check=False
        )
        return done.stdout.rstrip().splitlines()

    def until(self, pattern: str) -> list[str]:
        """Wait for a screen that has this, and return it."""
        end = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < end:
            lines = self.screen()
            if re.search(pattern, re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))):
                return lines
            time.sleep(0.1)
        raise SystemExit(f"error: the run never showed {pattern!r}")

    def press(self, key: str) -> None:
        """Press a key."""
        subprocess.run([*self._socket, "send-keys", key], check=True)

    def end(self) -> None:
        """Close the terminal."""
        subprocess.run([*self._socket, "kill-server"], check=False, stderr=subprocess.DEVNULL)


def scene(work: Path) -> str:
    """Make what the run looks at and where it writes; returns the recipient."""
    for name in ("stick", "cabinet", "papers"):
        (work / name).mkdir()
    for number in range(24):
        (work / "cabinet" / f"modele-{number:02}.docx.locked").write_bytes(os.urandom(30_000))
    (work / "cabinet" / "HOW_TO_DECRYPT.txt").write_text(NOTE)
    key = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout
    (work / "expert.key").write_text(key)
    found = re.search("age1[0-9a-z]+", key)
    assert found is not None
    return found[0]


def run(work: Path, recipient: str, lang: str) -> Path:
    """Watch one run, write its picture, and return its bundle."""
    arguments = ["--case", "CABINET-7", "--out", "stick", "--operator", "A. Martin", "--recipient", recipient]
    watched = Watched(work, [*arguments, "--no-memory", "--profile", "triage", "--scan", "cabinet"], lang)
    try:
        progress = watched.until(r"█{8}.* [1-9][0-9] ?.?%")
        watched.until("Enter\\b|Entrée")
        watched.press("Enter")
        watched.until("certutil")
        time.sleep(0.5)
        final = watched.screen()
        watched.press("Enter")
    finally:
        watched.end()
    bare = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in final]
    first = next(at for at, line in enumerate(bare) if not line.isupper() and "CABINET-7" in line)
    while first and bare[first - 1].strip() and not bare[first].startswith(("FINISHED", "TERMIN")):
        first -= 1
    kept = [line for line in progress if "AGE-SECRET-KEY" not in line]
    step = next(at for at, line in enumerate(kept) if re.search("Step|Étape", line))
    text = drawn([kept[step:], final[first:]], TITLES[lang])
    assert "AGE-SECRET-KEY" not in text
    (OUT / f"run-{lang}.svg").write_text(text, encoding="utf-8")
    (bundle,) = (work / "stick").iterdir()
    return bundle


def collect(*arguments: object) -> str:
    """Run `collect` and return what it prints."""
    command = [sys.executable, "-I", "-B", "-c", START, str(ROOT), *(str(one) for one in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


SAID: dict[str, dict[str, Any]] = {
    "awareness": {
        "aware": "2026-11-26 08:30",
        "noticed_by": "Mme Durand, secrétaire",
        "first_sign": "une page rouge qui réclame de l'argent",
        "last_normal": "2026-11-25 18:00",
        "role": "secrétaire",
        "site": "accueil, rez-de-chaussée",
    },
    "seen": {
        "applications": "all",
        "stopped": ["agenda", "records", "prescriptions", "billing"],
        "machines": 3,
        "files": ["unreadable", "renamed"],
        "work": ["disorganised", "cancelled"],
        "care": "delayed",
        "paper": "yes",
        "backup_plugged": None,
        "done": ["unplugged", "photo"],
    },
    "practice": {
        "practice": "Cabinet médical des Tilleuls",
        "practice_form": "SELARL",
        "address": "12 rue des Tilleuls, 33000 Bordeaux",
        "responsible": "Dr Anne Martin, médecin généraliste",
        "phone": "06 12 34 56 78",
        "provider": "Informatique du Port, 05 56 00 00 00",
    },
    "reported": {"provider_told": "2026-11-26 08:50", "cyber17": None},
}
"""What the people of the made practice answer; a moment is in Paris time."""


def answer(bundle: Path) -> None:
    """Put the answers of the made practice into a bundle."""
    host = this_host()
    for group, given in SAID.items():
        meant = {
            name: answers.moment(paris_moment(said)) if said and QUESTIONS[name].form == "moment" else said
            for name, said in given.items()
        }
        data = answers.as_data(group, meant)
        custody.observe(bundle, answers.WHAT, data, host.clock, dict(tool.identity(host.privileges())))


def page(pdf: Path, number: int, name: str) -> None:
    """Write one page of a paper as a picture of few colours."""
    stem = pdf.with_suffix("")
    subprocess.run(
        ["pdftoppm", "-r", "84", "-f", str(number), "-l", str(number), "-png", "-singlefile", pdf, stem], check=True
    )
    with Image.open(stem.with_suffix(".png")) as picture:
        picture.convert("L").quantize(16).save(OUT / name, optimize=True)


def main() -> None:
    """Make every picture."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        recipient = scene(work)
        for lang in LANGUAGES:
            bundle = run(work, recipient, lang)
            if lang == "fr":
                told = json.loads(collect("slip", bundle, "--out", work / "papers", "--lang", lang, "--json"))
                page(Path(told["pdf"]), 1, "slip-fr.png")
            answer(bundle)
            key = ("--identity", work / "expert.key")
            told = json.loads(collect("dossier", bundle, "--out", work / "papers", *key, "--lang", lang, "--json"))
            page(Path(told["pdf"]), PAGE, f"dossier-{lang}.png")
            shutil.rmtree(bundle)
    for path in sorted(OUT.iterdir()):
        print(f"{path.stat().st_size:8} {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
