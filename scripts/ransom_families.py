"""Makes rules/ransom/families.yaml from the names that the MISP galaxy holds of ransomware families.

    python3 scripts/ransom_families.py NAMES.json [--ordinary WORDS] > rules/ransom/families.yaml

NAMES.json: {family: {"extensions": [...], "note_names": [...], "synonyms": [...]}}. Raw, the data would call a quarter
of all files encrypted: it names `.html` and `.exe`, and holds templates such as `[random].exe`. So this drops:
ordinary extensions and those of known media types; names that ordinary files have; whatever is a template, a list or a
sentence; and as marks all words that stand in WORDS, one a line (of ordinary documentation, made for the purpose).
"""

from __future__ import annotations

import argparse
import json
import mimetypes
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from collector.ransom import reading  # beside this checkout's scripts, not what is installed

HEAD = """\
# What is known of ransomware families by name: names of their notes, extensions of encrypted files, words of notes.
#
# Made by scripts/ransom_families.py; edit that, not this. Origin: MISP galaxy, cluster "ransomware"
# (MISP/misp-galaxy, clusters/ransomware.json, commit 9434ace4), CC0 1.0 or BSD 2-Clause; names are facts of theirs.
# Dropped: ordinary extensions (.html, .exe), names that ordinary files have, templates, marks that are ordinary words.
# A mark is words as the rules for notes see them. A likeness is no proof: names are copied between families.

"""

_EXTENSIONS = (
    ".7z .aes .asc .avi .bak .bat .bin .bit .bmp .c .cfg .clf .cmd .com .conf .cry .csv .dat .data .db .dll .dng "
    ".doc .docx .enc .exe .file .files .gif .good .gpg .gz .htm .html .info .ini .jar .jpeg .jpg .js .json .key "
    ".lnk .lock .log .magic .mail .md .mp3 .mp4 .msi .new .odt .old .orig .pdf .pgp .php .png .ppt .pptx .pst .py "
    ".rar .raw .rom .rtf .sav .save .sh .sql .sqlite .svg .sys .tar .temp .test .tif .tmp .tron .txt .url .vault "
    ".vbs .wallet .wav .wmv .xls .xlsx .xml .xyz .zip .1txt .rdm .scl .block .hush .java .bip .war .sage .deal "
    ".best .money .help .man .one .pay .pro .rs .ts .go .pl .rb .cs .hp .h .hpp .cpp .css .scss .po .mo .so .a .o "
    ".ko .img .iso .split "
)
ORDINARY_EXTENSIONS = frozenset(_EXTENSIONS.split())
_NAMES = (
    "readme.txt, readme.html, readme.htm, readme.md, read.txt, read_me.txt, read me.txt, help.txt, help.html, "
    "info.txt, info.html, info.hta, index.html, index.php, wallpaper.jpg, wallpaper.bmp, note.txt, notes.txt, "
    "license.txt, important.txt, warning.txt, attention.txt, contact.txt, instructions.txt, instruction.txt, "
    "information.txt, message.txt "
)
ORDINARY_NAMES = frozenset(name.strip() for name in _NAMES.split(","))
TEMPLATE = re.compile(r"[\[\]<>{}*%|\\/?]|random|\be\.g\.|&lt;|, |_id_|victim")


def extension(text: str) -> str:
    """Return an extension worth knowing, in small letters, or nothing."""
    text = text.strip().lower()
    known = text in ORDINARY_EXTENSIONS or text in mimetypes.types_map or text in mimetypes.common_types
    return "" if known or TEMPLATE.search(text) or not re.fullmatch(r"\.[^\s/\\]{2,60}", text) else text


def name(text: str) -> str:
    """Return the name of a note worth knowing, in small letters, or nothing."""
    text = " ".join(text.strip().lower().split())
    whole = re.fullmatch(r"[^\x00-\x1f]{2,110}\.[a-z0-9_]{2,12}", text) is not None and len(text) > 5
    return "" if text in ORDINARY_NAMES or TEMPLATE.search(text) or not whole or not text.isprintable() else text


def mark(text: str, ordinary: frozenset[str]) -> str:
    """Return the words by which a family calls itself, or nothing where ordinary texts have them, too."""
    words = reading.words(reading.normal(re.sub(r"\([^)]*\)", " ", text))).split()
    words = [word for word in words if word not in {"ransomware", "locker", "ransom", "virus", "the", "file"}]
    joined = " ".join(words)
    single = len(words) == 1 and len(joined) >= 5 and joined not in ordinary and not joined.isdigit()
    several = 1 < len(words) <= 3 and len(joined) >= 8 and any(w not in ordinary and len(w) > 3 for w in words)
    return joined if single or several else ""


def table(raw: dict[str, dict[str, list[str]]], ordinary: frozenset[str]) -> str:
    """Return the text of the table."""
    out = [HEAD]
    for family in sorted(raw, key=lambda family: (family.casefold(), family)):
        about = raw[family]
        fields = {
            "names": sorted({name(text) for text in about["note_names"]} - {""}),
            "extensions": sorted({extension(text) for text in about["extensions"]} - {""}),
            "marks": sorted({mark(text, ordinary) for text in (family, *about["synonyms"])} - {""}),
        }
        if any(fields.values()):
            out.append(f"{json.dumps(' '.join(family.split()), ensure_ascii=False)}:\n")
            out += [f"  {key}: {json.dumps(values, ensure_ascii=False)}\n" for key, values in fields.items() if values]
    return "".join(out)


def main() -> None:
    """Read the data, write the table to stdout."""
    parser = argparse.ArgumentParser(description="makes rules/ransom/families.yaml")
    parser.add_argument("names", type=Path)
    parser.add_argument("--ordinary", type=Path)
    options = parser.parse_args()
    ordinary = frozenset(options.ordinary.read_text("utf-8").split()) if options.ordinary else frozenset[str]()
    sys.stdout.write(table(json.loads(options.names.read_text("utf-8")), ordinary))


if __name__ == "__main__":
    main()
