"""What is told of timestamps: how to ask an authority from another device, and what its reply proves."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from collector.ui import qr, terminal
from collector.ui.messages import _

if TYPE_CHECKING:
    from pathlib import Path

    from collector.stamps import Asked, Taken
    from collector.ui.terminal import Terminal

_COLUMNS = terminal.WIDTH - 1


def request_code(asked: Asked) -> str:
    """Return what the QR code of a request holds: its bytes in base64."""
    return base64.b64encode(asked.request).decode("ascii")


def request_picture(asked: Asked) -> bytes:
    """Return the PNG of a request: the QR code, and below it the full digest."""
    digest = [asked.sha256[at : at + 32] for at in (0, 32)]
    return qr.picture(request_code(asked), ["SHA-256 (checkpoint):", *digest])


def asked_text(asked: Asked, file: Path, picture: Path) -> str:
    """Return what to do with a request, on another device, in order."""
    code = request_code(asked)
    lines = [
        *_folded(_("The request for a timestamp is written. It holds a fingerprint, and none of the evidence:"), ""),
        *terminal.fold_path(str(file), _COLUMNS, "  "),
        *terminal.fold_path(str(picture), _COLUMNS, "  "),
        "",
        *_folded(_("Now use ANOTHER device, one that was not attacked. NEVER plug this stick into it."), ""),
        *_folded(_("1. Photograph the QR code with a telephone: here on the screen, or in the picture (.png).")),
        *_folded(_("2. Send the photograph to your IT provider or expert. What follows is theirs to do.")),
        *_folded(_("3. On a computer that was not attacked, read the QR code, and send what it holds:")),
        f"   printf %s '{code}' | base64 -d > request.tsq",  # commands are not folded: they are copied
        "   curl -H 'Content-Type: application/timestamp-query' --data-binary @request.tsq -o reply.tsr URL",
        *_folded("   " + _("URL is the address of the timestamp authority that you choose, https://…")),
        *_folded("   " + _("Where an authority has a form for a fingerprint, choose SHA-256 and type this:")),
        f"   {asked.sha256}",
        *_folded(_("4. Only a QUALIFIED timestamp (European regulation eIDAS, article 41) is presumed right.")),
        *_folded("   " + _("The free services are not qualified: a court weighs their timestamps freely.")),
        *_folded(_("5. Keep the reply (reply.tsr). On a clean computer, with a copy of the evidence:")),
        "   " + _("collect timestamp import FOLDER reply.tsr --tsa-root ROOT.pem"),
    ]
    return "\n".join(lines) + "\n"


def _folded(sentence: str, later: str = "   ") -> list[str]:
    words = sentence.strip()
    return terminal.fold(words, _COLUMNS, "   " if sentence.startswith(" ") else "", later)


def show_code(asked: Asked, out: Terminal) -> None:
    """Draw the QR code of a request on a terminal that has room for all of it, else say where it is."""
    if not out.is_lively():
        return
    columns, rows = out.size()
    drawn = qr.drawn(request_code(asked), colour=out.has_colour())
    if len(drawn) + 1 < rows and len(qr.drawn(request_code(asked), colour=False)[0]) < columns:
        out.write("\n".join(["", *drawn, ""]))
    else:
        out.write(_("This window is too small for the QR code: open the picture.") + "\n")
    out.flush()


def taken_text(taken: Taken) -> str:
    """Return what a timestamp proves that was taken in."""
    stamp = taken.stamp
    sentences = [
        _("The timestamp holds and is kept with the evidence as {path}.", path=str(taken.stored["path"])),
        _("The evidence existed, as it is sealed, not later than {time}.", time=stamp.time),
        _("So says: {authority} (number {serial}).", authority=terminal.shown(stamp.authority), serial=stamp.serial),
        _("Checked with: {program}. Whether a certificate was revoked was not looked up.", program=stamp.by),
    ]
    if not stamp.nonce:
        sentences.append(_("It carries no nonce: it is tied to the fingerprint, and to no single request."))
    if taken.clock_is_behind:
        sentences.append(_("Careful: this computer's clock is more than a day before the time of the timestamp."))
    return "\n".join(line for sentence in sentences for line in _folded(sentence)) + "\n"
