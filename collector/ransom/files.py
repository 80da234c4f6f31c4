"""Judges one file by its name and some of its bytes: is it what its name says, or has it been encrypted?

Nothing is opened here: the caller reads the first `HEAD` and the last `TAIL` bytes, and, where `wants_probes` says so,
`PROBE` bytes at each of `probe_offsets`. A single file is weak evidence; `groups` decides over many. The steps are
those of docs/RANSOM-FILES.md, and the numbers in `judge_bytes` are theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from collector.ransom import magics, randomness, renames, trailers

if TYPE_CHECKING:
    from collector.ransom.magics import Kind, Marks
    from collector.ransom.renames import Rename
    from collector.ransom.trailers import Trailer

HEAD: Final = 4096
TAIL: Final = 4096
PROBE: Final = randomness.WINDOW
PROBES: Final = 16
"""Places between head and tail that are looked at: intermittent encryption leaves both alone, not the middle."""

SHORT: Final = 256
"""A second, shorter look where a small file was encrypted in part."""

FEW: Final = 0.12
HALF: Final = 0.5
MOST: Final = 0.75
"""Shares of random-looking windows: two of sixteen; half; and what is much for a database or a container."""

_PACKED_DICOM: Final = (b"1.2.840.10008.1.2.4.", b"1.2.840.10008.1.2.5", b"1.2.840.10008.1.2.1.99")
"""Transfer syntaxes (DICOM PS3.5, annex A) in which the pictures are compressed and look random."""

_FINE_WAV: Final = (b"\x18\0", b"\x20\0", b"\x40\0")
_FINE_AU: Final = (b"\0\0\0\x04", b"\0\0\0\x05", b"\0\0\0\x06", b"\0\0\0\x07")
"""Samples of 24, 32 and 64 bits, whose lower bytes are noise; RIFX and RF64 are hardly used for others."""

_CODED: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_\r\n"
"""Base64, both alphabets, and hexadecimal digits: some families write what they encrypted as text."""

VERDICTS: Final = ("plain", "encrypted", "suspect", "unknown")

REASONS: Final = {
    "magic_missing": "it does not begin as its kind of file does",
    "no_known_magic": "it begins as no kind of file that is known, and is no text",
    "random_head": "its first bytes look encrypted",
    "random_start": "its very first bytes look encrypted, the following do not",
    "interleaved": "encrypted-looking bytes alternate with others in small equal steps",
    "coded_text": "it holds nothing but the letters in which bytes are written out",
    "trailer_missing": "what ends such a file is not there",
    "random_tail": "its last bytes look encrypted",
    "footer": "encrypted-looking bytes stand behind the end of the file",
    "random_middle": "parts of its middle look encrypted",
    "broken_inside": "inside, it is not what such a picture is made of",
    "known_extension": "known ransomware appends this extension",
    "appended_extension": "an unknown extension stands behind an ordinary one",
    "other_kind": "it is an ordinary file of another kind than its name says",
    "encrypted_container": "it is the output of a program that encrypts, under the name of another file",
    "looks_random_by_design": "files of this kind always look encrypted",
    "blank": "it holds one byte, repeated",
    "empty": "it is empty, or none of it was read",
    "too_short": "it is too short to be told",
}
"""Every reason, as the end of an English sentence."""


@dataclass(frozen=True, slots=True)
class FileJudgement:
    """What is said of one file: `verdict` is one of `VERDICTS`, `reasons` are keys of `REASONS`.

    `original` is the extension that the file had, `appended` what was put behind it (see `renames`), `kind` the kind
    of file that it is by its content, where that is known.
    """

    verdict: str
    original: str
    appended: str
    reasons: tuple[str, ...]
    kind: str | None = None

    @property
    def is_hit(self) -> bool:
        """Whether something speaks for encryption."""
        return self.verdict in ("encrypted", "suspect")


@dataclass(frozen=True, slots=True)
class _Seen:
    """One file as it is judged."""

    rename: Rename
    expected: Kind | None
    head: bytes
    tail: bytes
    size: int
    probes: tuple[bytes, ...]

    def says(self, verdict: str, *reasons: str, kind: Kind | None = None) -> FileJudgement:
        name = kind.name if kind is not None else None
        return FileJudgement(verdict, self.rename.original, self.rename.appended, reasons, name)


def probe_offsets(size: int) -> tuple[int, ...]:
    """Return where to read `PROBE` bytes each, ascending and even; none where head and tail hold it all."""
    between = size - HEAD - TAIL - PROBE
    if between <= 0:
        return ()
    offsets = {HEAD + between * number // (PROBES - 1) // PROBE * PROBE for number in range(PROBES)}
    return tuple(sorted(offsets))


def wants_probes(judgement: FileJudgement, size: int) -> bool:
    """Tell whether probes could change a judgement that was made without: an ordinary file so far, and larger."""
    if judgement.verdict not in ("plain", "suspect") or not probe_offsets(size):
        return False
    kind = next((kind for kind in magics.marks().kinds if kind.name == judgement.kind), None)
    return kind is not None and (kind.content in ("text", "low", "mixed") or kind.name == "jpeg")


def judge_bytes(name: str, head: bytes, tail: bytes, size: int, middle: bytes = b"") -> FileJudgement:
    """Return what is said of a file, of its name, first and last bytes, size, and joined probes of its middle.

    `size` is what the host says and may be a lie: nothing is made as large as it.
    """
    table = magics.marks()
    rename = renames.split(name, table)
    seen = _Seen(
        rename,
        table.by_extension.get(rename.original),
        head[:HEAD],
        tail[-TAIL:] or head[-TAIL:],
        max(size, len(head)),
        tuple(randomness.windows(middle)[:PROBES]),
    )
    judgement = _judge(seen, table)
    return _with_name(judgement, rename, table)


def _judge(seen: _Seen, table: Marks) -> FileJudgement:
    head, expected = seen.head, seen.expected
    # (1) nothing to judge
    if not head or head.count(head[0]) == len(head):
        return seen.says("unknown", "blank" if head else "empty")
    # (2) it begins as its name says, or as another ordinary file does
    if expected is not None and expected.heads and expected.begins(head):
        return _whole(seen, expected)
    readable = randomness.is_text(head[: randomness.WINDOW])
    found = None if readable and expected is not None and expected.content == "text" else table.find(head)
    if found is not None:
        return _otherwise(seen, found)
    if readable:
        return _text(seen)
    # (3) it begins as nothing that is known
    is_opaque = expected is not None and expected.is_opaque
    if is_opaque or (not seen.rename.appended and randomness.is_deflated(head)):
        return seen.says("unknown", "looks_random_by_design")
    return _strange(seen)


def _otherwise(seen: _Seen, found: Kind) -> FileJudgement:
    """Judge a file that begins as one of another kind than its name says, or whose name says nothing."""
    if found.content != "encrypted":
        judgement = _whole(seen, found)
        reasons = judgement.reasons if seen.expected is None else (*judgement.reasons, "other_kind")
        return replace(judgement, reasons=reasons)
    if seen.expected is None or seen.expected.is_opaque:
        return seen.says("unknown", "looks_random_by_design", kind=found)
    verdict = "suspect" if seen.rename.is_wrapped else "encrypted"
    return seen.says(verdict, "encrypted_container", kind=found)


def _strange(seen: _Seen) -> FileJudgement:
    """Judge a file that is neither of a known kind nor text: rule D of the study."""
    expected, head = seen.expected, seen.head
    start = head[: randomness.WINDOW]
    mark = "no_known_magic" if expected is None or not expected.heads else "magic_missing"
    sure = "encrypted" if seen.rename.appended and not seen.rename.is_wrapped else "suspect"
    if randomness.is_random(start):
        if expected is None:
            sure = "suspect"
        elif len(start) == randomness.WINDOW and not seen.rename.is_wrapped:
            sure = "encrypted"
        return seen.says(sure, mark, "random_head")
    if expected is None:
        return seen.says("unknown", mark)
    if randomness.is_interleaved(head):
        return seen.says("suspect" if seen.rename.is_wrapped else "encrypted", mark, "interleaved")
    for reason, is_so in (
        ("random_head", randomness.share(head) >= HALF),
        ("random_start", any(randomness.is_random(start[:short]) for short in (SHORT, randomness.LEAST))),
    ):
        if is_so:
            return seen.says(sure, mark, reason)
    if seen.rename.appended and not seen.rename.is_wrapped:
        return seen.says("suspect", mark)
    return seen.says("unknown", mark, *(["too_short"] if len(start) < randomness.LEAST else []))


def _text(seen: _Seen) -> FileJudgement:
    """Judge a file that begins as text: where its kind is text, random bytes further on are none of its own."""
    expected = seen.expected
    if expected is None:
        return seen.says("plain")
    if expected.content != "text":
        coded = seen.rename.appended and len(seen.head) >= randomness.LEAST and not seen.head.translate(None, _CODED)
        return seen.says("suspect", "magic_missing", "coded_text") if coded else seen.says("plain", "other_kind")
    if any(_is_foreign(window) for window in (seen.tail[-randomness.WINDOW :], seen.tail[-SHORT:])):
        return seen.says("encrypted", "random_tail", kind=expected)
    inside = [*seen.probes]
    for data in (seen.head, seen.tail):
        inside += [] if randomness.is_text(data) else randomness.windows(data)
    if foreign := sum(_is_foreign(window) for window in inside):
        return seen.says("encrypted" if foreign > 1 else "suspect", "random_middle", kind=expected)
    if not randomness.is_text(seen.head) and randomness.is_interleaved(seen.head):
        return seen.says("encrypted", "interleaved", kind=expected)
    return seen.says("plain", kind=expected)


def _is_foreign(window: bytes) -> bool:
    return randomness.is_random(window) and not randomness.is_text(window)


def _whole(seen: _Seen, kind: Kind) -> FileJudgement:
    """Judge a file whose head is in order, by its end and its middle."""
    if kind.content == "text":
        return _text(replace(seen, expected=kind))
    trailer = trailers.look(kind, seen.head, seen.tail, seen.size)
    judgement = _by_end(seen, kind, trailer) or _by_middle(seen, kind)
    if judgement is not None:
        return judgement
    return seen.says("plain", *(["trailer_missing"] if trailer and not trailer.is_there else []), kind=kind)


def _by_end(seen: _Seen, kind: Kind, trailer: Trailer | None) -> FileJudgement | None:
    # (4) its end, and what stands behind it
    if trailer is None:
        return None
    if trailer.is_there:
        footer = randomness.is_random(trailer.behind[-randomness.WINDOW :])
        return seen.says("suspect", "footer", kind=kind) if footer else None
    if any(randomness.is_random(seen.tail[-last:]) for last in (randomness.WINDOW, SHORT)):
        half = seen.rename.is_wrapped  # `.part`: half a download
        return seen.says("suspect" if half else "encrypted", "trailer_missing", "random_tail", kind=kind)
    if randomness.is_interleaved(seen.tail):
        return seen.says("encrypted", "trailer_missing", "interleaved", kind=kind)
    return None


def _by_middle(seen: _Seen, kind: Kind) -> FileJudgement | None:
    # (5) its middle
    if kind.content in ("high", "encrypted"):
        broken = kind.name == "jpeg" and trailers.broken_jpeg(seen.probes)
        return seen.says("suspect", "broken_inside", kind=kind) if broken else None
    if _looks_random_inside(kind, seen.head):
        return None
    inside = seen.probes or randomness.windows(seen.head)[1:]  # of a small file, its head is the middle too
    share = sum(randomness.is_random(window) for window in inside) / len(inside) if inside else 0.0
    if kind.content == "low" and share >= HALF:
        return seen.says("encrypted", "random_middle", kind=kind)
    end = randomness.is_random(seen.tail[-randomness.WINDOW :])
    for reason, is_so in (
        ("random_middle", share >= (FEW if kind.content == "low" else MOST) and (end or kind.content == "low")),
        ("random_tail", end and kind.content == "low"),
        ("interleaved", randomness.is_interleaved(seen.head)),
    ):
        if is_so:
            return seen.says("suspect", reason, kind=kind)
    return None


def _looks_random_inside(kind: Kind, head: bytes) -> bool:
    """Tell whether the head says that this one of its kind may look random: compressed, or the low bits of sound."""
    if kind.name == "dicom":
        return any(mark in head for mark in _PACKED_DICOM)
    if kind.name == "wav":
        return head[:4] != b"RIFF" or head[34:36] in _FINE_WAV
    return kind.name == "au" and head[12:16] in _FINE_AU


def _with_name(judgement: FileJudgement, rename: Rename, table: Marks) -> FileJudgement:
    """Add what the name says; it turns a suspicion into a verdict, and nothing ordinary into more than a suspicion."""
    reasons = list(judgement.reasons)
    verdict = judgement.verdict
    if rename.key.lstrip("._-") in table.ransom:
        reasons.append("known_extension")
        if verdict == "suspect":
            verdict = "encrypted"
        elif verdict in ("plain", "unknown") and rename.original and "empty" not in reasons:
            verdict = "suspect"
    elif rename.appended and rename.original and not rename.is_wrapped:
        reasons.append("appended_extension")
    return replace(judgement, verdict=verdict, reasons=tuple(reasons))
