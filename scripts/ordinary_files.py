"""Makes ordinary files of many types, and encrypts them as ransomware does: for measuring and for tests.

Everything follows from the seed. Only the standard library and libraries of the product are used; no file of a host
is read. The modes are those that public analyses describe (docs/RANSOM-FILES.md).
"""

from __future__ import annotations

import bz2
import csv
import email.message
import gzip
import io
import json
import lzma
import math
import py_compile
import random
import sqlite3
import struct
import tarfile
import tempfile
import wave
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from fpdf import FPDF
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT: Final = (
    "le patient la patiente consulte pour une douleur du genou droit depuis trois semaines sans traumatisme examen "
    "clinique normal tension artérielle température prescription de paracétamol renouvellement du traitement habituel "
    "contrôle dans un mois ordonnance courrier au confrère radiographie bilan sanguin glycémie cholestérol vaccination "
    "rappel rendez-vous certificat médical arrêt de travail facture honoraires tiers payant mutuelle carte vitale "
    "antécédents allergie pénicilline asthme diabète hypertension kinésithérapie infirmière à domicile pansement suivi"
)
WORDS: Final = TEXT.split()


class Maker:
    """Makes the content of one file after another."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def size(self) -> int:
        """Return a size of text between 3 and some hundred KiB, small ones more often."""
        return int(2 ** self.random.uniform(11.6, 18.3))

    def words(self, size: int) -> str:
        """Return text of about a size."""
        parts, length = [], 0
        while length < size:
            sentence = " ".join(self.random.choices(WORDS, k=self.random.randint(4, 18))).capitalize()
            parts.append(f"{sentence} ({self.random.randint(1, 9999)}).\n")
            length += len(parts[-1])
        return "".join(parts)

    def picture(self, *, plain: bool = False) -> Image.Image:
        """Return a picture: a noisy gradient with shapes, or one of few colours."""
        side = self.random.randint(64, 420)
        image = Image.new("RGB", (side, side), tuple(self.random.choices(range(256), k=3)))
        if not plain:
            noise = Image.effect_noise((side, side), self.random.randint(5, 60)).convert("RGB")
            image = Image.blend(Image.radial_gradient("L").resize((side, side)).convert("RGB"), noise, 0.4)
        draw = ImageDraw.Draw(image)
        for _ in range(12):
            x, y = self.random.randint(0, side), self.random.randint(0, side)
            colour = tuple(self.random.choices(range(256), k=3))
            draw.ellipse((x, y, x + side // 5, y + side // 7), fill=colour)
        return image

    def saved(self, form: str, **options: object) -> bytes:
        """Return a picture in a format of Pillow."""
        out = io.BytesIO()
        self.picture(plain=form == "GIF").save(out, form, **options)
        return out.getvalue()

    def zipped(self, parts: dict[str, bytes]) -> bytes:
        """Return a ZIP archive of some parts."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        return out.getvalue()

    def markup(self, tag: str) -> bytes:
        """Return XML of paragraphs."""
        lines = self.words(self.size()).splitlines()
        return ("<?xml version='1.0'?>\n<d>" + "".join(f"<{tag}>{line}</{tag}>\n" for line in lines) + "</d>").encode()


def _docx(maker: Maker) -> bytes:
    parts = {"[Content_Types].xml": b"<Types/>", "_rels/.rels": b"<r/>", "word/document.xml": maker.markup("w:t")}
    if maker.random.random() < 0.5:
        parts["word/media/image1.jpeg"] = maker.saved("JPEG", quality=80)
    return maker.zipped(parts)


def _odt(maker: Maker) -> bytes:
    return maker.zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": maker.markup("text:p")})


def _xlsx(maker: Maker) -> bytes:
    rows = "".join(f"<row><c><v>{maker.random.random()}</v></c></row>" for _ in range(maker.size() // 40))
    return maker.zipped({"[Content_Types].xml": b"<Types/>", "xl/worksheets/sheet1.xml": rows.encode()})


def _pdf(maker: Maker) -> bytes:
    pdf = FPDF()
    pdf.set_font("helvetica", size=11)
    for _ in range(maker.random.randint(1, 6)):
        pdf.add_page()
        pdf.multi_cell(0, 6, maker.words(1500))
        if maker.random.random() < 0.4:
            pdf.image(maker.picture(), w=60)
    return bytes(pdf.output())


def _sqlite(maker: Maker) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "made.sqlite")
        base = sqlite3.connect(path)
        base.execute("create table patients (id integer primary key, name text, note text, seen real)")
        rows = [(maker.words(20), maker.words(200), maker.random.random()) for _ in range(maker.size() // 250 + 1)]
        base.executemany("insert into patients (name, note, seen) values (?, ?, ?)", rows)
        base.commit()
        base.close()
        return path.read_bytes()


def _wav(maker: Maker) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        step = maker.random.uniform(0.01, 0.2)
        noise = maker.random
        sound.writeframes(b"".join(
            struct.pack("<h", int(9000 * math.sin(i * step) + noise.gauss(0, 300))) for i in range(maker.size() // 2)
        ))  # fmt: skip
    return out.getvalue()


def _csv(maker: Maker) -> bytes:
    out = io.StringIO()
    rows = csv.writer(out, delimiter=";")
    for number in range(maker.size() // 60 + 1):
        amount = f"{maker.random.uniform(0, 500):.2f}".replace(".", ",")
        rows.writerow([number, *maker.random.choices(WORDS, k=5), amount])
    return out.getvalue().encode("cp1252", "replace")


def _json(maker: Maker) -> bytes:
    rows = [{"id": n, "note": maker.words(80), "seen": maker.random.random()} for n in range(maker.size() // 150 + 1)]
    return json.dumps(rows, ensure_ascii=False, indent=1).encode()


def _eml(maker: Maker) -> bytes:
    message = email.message.EmailMessage()
    message["Subject"], message["From"] = "Résultats", "cabinet@example.org"
    message.set_content(maker.words(2000))
    message.add_attachment(maker.saved("JPEG"), maintype="image", subtype="jpeg", filename="radio.jpg")
    return message.as_bytes()


def _tar(maker: Maker) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in range(maker.random.randint(2, 6)):
            content = maker.words(maker.size() // 3).encode()
            info = tarfile.TarInfo(f"dossier/lettre{number}.txt")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _pyc(maker: Maker) -> bytes:
    functions = [f"def f{n}(x):\n    return {maker.words(60)!r} + x * {n}" for n in range(maker.size() // 300 + 1)]
    source = "\n".join(functions)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "made.py")
        path.write_text(source)
        return Path(str(py_compile.compile(str(path), str(Path(folder, "made.pyc"))))).read_bytes()


def _dcm(maker: Maker) -> bytes:
    picture = maker.picture().convert("L")
    header = bytes(128) + b"DICM" + struct.pack("<HH2sH", 8, 5, b"CS", 10) + b"ISO_IR 100"
    header += struct.pack("<HH2sH", 2, 0x10, b"UI", 20) + b"1.2.840.10008.1.2.1\0"
    header += struct.pack("<HH2sH", 0x10, 0x10, b"PN", 8) + b"DOE^JANE"
    header += struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, len(picture.tobytes()) * 2)
    return header + b"".join(struct.pack("<H", value * 16) for value in picture.tobytes())


def _pst(maker: Maker) -> bytes:
    pages = [b"!BDN" + bytes(4) + b"SM\x17\0" + bytes(500)]
    for _ in range(maker.size() // 512 + 1):
        text = maker.words(300).encode("utf-16-le")[:400]
        pages.append(struct.pack("<IHHQ", len(text), 0x8101, 0x6C6C, maker.random.randint(0, 2**40)) + text + bytes(96))
    return b"".join(pages)


def _doc(maker: Maker) -> bytes:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    text = maker.words(maker.size()).encode("cp1252", "replace")
    whole = head.ljust(512, b"\xff") + text
    return whole + bytes(-len(whole) % 512) + struct.pack("<128I", *range(1, 129))


def _hl7(maker: Maker) -> bytes:
    results = [(n, maker.random.randint(1, 999), maker.random.random()) for n in range(1, maker.size() // 40)]
    lines = [f"OBX|{n}|NM|{code}^GLU||{value:.2f}|g/l" for n, code, value in results]
    return ("MSH|^~\\&|LABO|CABINET|||20260101||ORU^R01|1|P|2.5\r" + "\r".join(lines)).encode()


def _evtx(maker: Maker) -> bytes:
    chunks = [b"ElfFile\0" + bytes(4088)]
    chunks += [
        (b"ElfChnk\0" + maker.words(60000).encode("utf-16-le"))[:65536] for _ in range(maker.size() // 65536 + 1)
    ]
    return b"".join(chunks)


def _text(maker: Maker) -> bytes:
    return maker.words(maker.size()).encode()


MAKERS: Final[dict[str, Callable[[Maker], bytes]]] = {
    "txt": _text,
    "html": lambda maker: b"<!DOCTYPE html>\n<html>" + maker.markup("p"),
    "xml": lambda maker: maker.markup("note"),
    "csv": _csv,
    "json": _json,
    "py": lambda maker: b"\n".join(b"print(%r)" % line for line in maker.words(maker.size()).encode().splitlines()),
    "rtf": lambda maker: b"{\\rtf1\\ansi " + maker.words(maker.size()).encode("cp1252", "replace") + b"}",
    "eml": _eml,
    "hl7": _hl7,
    "docx": _docx,
    "xlsx": _xlsx,
    "odt": _odt,
    "doc": _doc,
    "pdf": _pdf,
    "png": lambda maker: maker.saved("PNG"),
    "jpg": lambda maker: maker.saved("JPEG", quality=maker.random.randint(60, 95)),
    "gif": lambda maker: maker.saved("GIF"),
    "bmp": lambda maker: maker.saved("BMP"),
    "tif": lambda maker: maker.saved("TIFF"),
    "webp": lambda maker: maker.saved("WEBP"),
    "dcm": _dcm,
    "wav": _wav,
    "sqlite": _sqlite,
    "pst": _pst,
    "evtx": _evtx,
    "zip": lambda maker: maker.zipped({"a.txt": _text(maker), "b.csv": _csv(maker)}),
    "gz": lambda maker: gzip.compress(_text(maker), mtime=0),
    "bz2": lambda maker: bz2.compress(_text(maker)),
    "xz": lambda maker: lzma.compress(_text(maker)),
    "tar": _tar,
    "pyc": _pyc,
}
"""One maker for each type, by its extension."""

KIB: Final = 1024


def _interleave(size: int) -> list[tuple[int, int]]:
    """Return what Black Basta encrypts: small files whole, of others 64 bytes in each 256 or 192."""
    step = 256 if size <= 4 * KIB else 192
    return [(0, size)] if size <= 704 else _steps(0, size, step, 64)


def _steps(start: int, size: int, step: int, run: int) -> list[tuple[int, int]]:
    return [(place, min(place + run, size)) for place in range(start, size, step)]


SPANS: Final[dict[str, Callable[[int], list[tuple[int, int]]]]] = {
    "whole": lambda size: [(0, size)],
    "head": lambda size: [(0, min(size, 4 * KIB))],
    "tenth": lambda size: [(0, max(size // 10, 1))],
    "alternate": lambda size: _steps(0, size, 128 * KIB, 64 * KIB),
    "spared-head": lambda size: [(min(KIB, size), size)],
    "interleave": _interleave,
    "footer": lambda size: [(0, size)],
    "sixteen": lambda size: _steps(32, size, 32, 16),  # as LockFile does
    "islands": lambda size: _steps(4 * KIB, size, 16 * KIB, KIB),
    "tail-footer": lambda size: [(size // 2, size)],
}
"""Which bytes of a file of some size each mode encrypts. The last three are the hard ones."""

MODES: Final = tuple(SPANS)

FOOTER: Final = 280


def encrypted(content: bytes, mode: str, key: bytes) -> bytes:
    """Return a file's content as a mode leaves it: AES-256 in counter mode, each part at its own place."""
    stream = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(bytes(len(content) + FOOTER))
    out = bytearray(content)
    for start, end in SPANS[mode](len(content)):
        part = int.from_bytes(content[start:end], "big") ^ int.from_bytes(stream[start:end], "big")
        out[start:end] = part.to_bytes(end - start, "big")
    return bytes(out) + (stream[-FOOTER:] if mode in ("footer", "tail-footer") else b"")
