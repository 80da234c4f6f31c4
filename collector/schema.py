"""What each type of record holds: the tables of docs/SPEC.md section 5, in their order.

A record has exactly the fields of its table, in the table's order, none left out. Where the
bundle is encrypted to recipients, the private ones are replaced by one `private` field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from collector import layout
from collector.errors import ManifestFormatError
from collector.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from collector.model import Json

Check: TypeAlias = "Callable[[Json], bool]"

ZERO_HASH = "0" * 64
"""`prev` of the first line: nothing stands before it."""


def matches(pattern: str) -> Check:
    """Return the check for a string that matches the whole pattern."""
    fullmatch = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: isinstance(value, str) and fullmatch(value) is not None


def one_of(*words: str) -> Check:
    """Return the check for one of some words."""
    return lambda value: isinstance(value, str) and value in words


def or_null(check: Check) -> Check:
    """Return the check for `null` or what another check takes."""
    return lambda value: value is None or check(value)


def list_of(check: Check) -> Check:
    """Return the check for a list of what another check takes."""
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def record_of(**fields: Check) -> Check:
    """Return the check for an object with exactly these fields in this order."""
    names = list(fields)
    return lambda value: (
        isinstance(value, dict) and list(value) == names and all(fields[name](item) for name, item in value.items())
    )


def is_count(value: Json) -> bool:
    """Tell whether this is an integer; the reader has refused what is out of bounds."""
    return isinstance(value, int) and not isinstance(value, bool)  # true == 1 in Python


def is_bool(value: Json) -> bool:
    """Tell whether this is true or false."""
    return isinstance(value, bool)


def is_text(value: Json) -> bool:
    """Tell whether this is a text: a string, or `{text, hex}` where the bytes are not UTF-8."""
    if isinstance(value, str):
        return True
    if not (isinstance(value, dict) and list(value) == ["text", "hex"]):
        return False
    readable, raw = value["text"], value["hex"]
    if not (isinstance(readable, str) and isinstance(raw, str) and _HEX.fullmatch(raw)):
        return False
    name = bytes.fromhex(raw)
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return readable == name.decode("utf-8", "replace")  # what people read is what the bytes say
    return False  # valid Unicode has one spelling: the plain string


def is_free(value: Json) -> bool:
    """Tell whether this is an object whose fields the format leaves open: keys ascending, all levels."""
    return isinstance(value, dict) and _ascending(value)


def _ascending(value: Json) -> bool:
    if isinstance(value, dict):
        if list(value) == ["text", "hex"]:
            return is_text(value)
        return list(value) == sorted(value) and all(_ascending(item) for item in value.values())
    return not isinstance(value, list) or all(_ascending(item) for item in value)


def is_utc(value: Json) -> bool:
    """Tell whether this is a UTC time in the one spelling."""
    return isinstance(value, str) and _UTC.fullmatch(value) is not None and same_instant(value, value[:-1] + "+00:00")


def same_instant(utc: str, local: str) -> bool:
    """Tell whether a `utc` and a `local` of the right form are times, and the same instant."""
    try:
        return datetime.fromisoformat(local) == datetime.fromisoformat(utc)
    except ValueError:
        return False


_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)
_FORM = r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}"  # later Pythons take 24:00 for the next day
UTC_FORM = _FORM + "Z"
LOCAL_FORM = _FORM + r"(?!-00:00)[+-](?:[01]\d|2[0-3]):[0-5]\d"  # Python takes +01:99 and -00:00 as well
_UTC = re.compile(UTC_FORM, re.ASCII)

is_hash = matches(r"[0-9a-f]{64}")
is_sid = matches(r"[0-9a-f]{32}")
is_nanoseconds = matches(r"0|[1-9][0-9]{0,19}")
is_word = matches(r"[a-z0-9][a-z0-9_-]{0,39}")
is_case = matches(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
is_key = matches(r"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-P][A-Za-z0-9+/]{42}")  # A-P: 32 bytes of key, not 33
# The last character before `=` has spare bits, which are zero: one spelling.
is_base64 = matches(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?")
is_nonce = matches(r"[0-9a-f]{32,128}")
is_code = matches(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){7}")
is_plain = matches(r"[ -~]{1,200}")
is_path = matches(layout.STORED)
# A stock SSH key of somebody else's: the types of OpenSSH that can sign, FIDO keys too (4.2).
is_signer = matches(r"(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]{4,4096}={0,2}")  # noqa: E501 - one pattern, as the page has it
is_verdict = one_of("ISOLATED", "CONNECTED", "UNKNOWN")
is_gap = one_of(*(o for o in Outcome if o not in (Outcome.COLLECTED, Outcome.EMPTY)))

_TOOL = record_of(version=is_plain, sha256=is_hash, privileges=is_word)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record; a private one goes into the ciphertext when there are recipients."""

    name: str
    check: Check
    private: bool = False


COMMON = (
    Field("v", lambda value: is_count(value) and value == 1),
    Field("sid", is_sid),
    Field("seq", is_count),
    Field("type", is_word),
    Field("prev", is_hash),
    Field("utc", matches(UTC_FORM)),
    Field("local", matches(LOCAL_FORM)),
    Field("mono_ns", is_nanoseconds),
    Field("boot_ns", is_nanoseconds),
    Field("boot_id", matches(r"[A-Za-z0-9-]{1,64}")),
)

_INTENT = (Field("path", is_path), Field("kind", is_word), Field("source", is_word))
_ARTIFACT = (
    *_INTENT,
    Field("subject", or_null(is_text), private=True),
    Field("method", is_plain),
    Field("outcome", one_of(Outcome.COLLECTED, Outcome.EMPTY)),
    Field("started", is_utc),
    Field("ended", is_utc),
    Field("size", is_count),
    Field("sha256", is_hash),
    Field("rows", or_null(is_count)),
    Field("source_times", or_null(is_free), private=True),
    Field("flags", list_of(is_word)),
)
_GAP = (
    Field("source", is_word),
    Field("outcome", is_gap),
    Field("path", or_null(is_path)),
    Field("subject", or_null(is_text), private=True),
    Field("reason", is_text, private=True),
)
_OBSERVATION = (Field("what", is_word), Field("data", is_free, private=True))
_NOTE = (Field("observed", or_null(is_utc)), Field("text", is_text, private=True))
_CHECKED = record_of(verdict=one_of("ANCHORED", "UNANCHORED", "INCOMPLETE"), files=is_count, bytes=is_count)
# Clear in every bundle: whoever holds it must be able to read who held it before.
_HANDOVER = (
    Field("by", or_null(is_text)),
    Field("to", is_text),
    Field("role", or_null(is_text)),
    Field("reason", or_null(is_text)),
    Field("place", or_null(is_text)),
    Field("condition", or_null(is_text)),
    Field("checked", _CHECKED),
)
_TORN = or_null(record_of(length=is_count, sha256=is_hash, base64=is_base64))


class Tables(dict[str, tuple[Field, ...]]):
    """The fields of each record type, and what a line of it must look like."""

    def __init__(self, tables: dict[str, tuple[Field, ...]]) -> None:
        super().__init__(tables)
        self._expected = {
            (kind, hidden): _expected(fields, hidden=hidden)
            for kind, fields in tables.items()
            for hidden in (False, True)
        }

    def private(self, kind: str) -> tuple[str, ...]:
        """Return the names of the private fields of a record type, in their order."""
        return tuple(field.name for field in self[kind] if field.private)

    def expected(self, kind: str, *, encrypted: bool) -> tuple[list[str], tuple[Field, ...], tuple[Check, ...]]:
        """Return the names in a record of this type, its fields, and the check of each, all in their order."""
        return self._expected[kind, encrypted]


def _expected(fields: tuple[Field, ...], *, hidden: bool) -> tuple[list[str], tuple[Field, ...], tuple[Check, ...]]:
    clear = (*COMMON, *(field for field in fields if not (hidden and field.private)))
    if len(clear) < len(COMMON) + len(fields):
        clear = (*clear, Field("private", is_base64))
    return [field.name for field in clear], clear, tuple(field.check for field in clear)


MANIFEST = Tables(
    {
        "open": (
            Field("case", is_case),
            Field("operator", or_null(is_text), private=True),
            Field("witness", or_null(is_text), private=True),
            Field("tool", _TOOL),
            Field("arguments", list_of(is_text), private=True),
            Field("host", is_free, private=True),
            Field("clock", is_free),
            Field("kit_nonce", or_null(is_nonce)),
            Field("run_key", is_key),
            Field("recipients", list_of(matches(r"age1[0-9a-z]{1,2000}"))),
            Field("readme_sha256", is_hash),
            Field("continues", or_null(record_of(sid=is_sid, head=is_hash, records=is_count))),
        ),
        "intent": _INTENT,
        "artifact": _ARTIFACT,
        "gap": _GAP,
        "observation": _OBSERVATION,
        "note": _NOTE,
        "phase": (Field("name", is_word), Field("code", is_code), Field("signature", is_base64)),
        "resume": (
            Field("run_key", is_key),
            Field("tool", _TOOL),
            Field("arguments", list_of(is_text), private=True),
            Field("torn", _TORN, private=True),
        ),
        "close": (
            Field("outcome", one_of("complete", "cut_short")),
            Field("reason", or_null(is_word)),
            Field(
                "counts",
                record_of(intents=is_count, artifacts=is_count, gaps=is_count, observations=is_count, notes=is_count),
            ),
            Field("isolation", record_of(open=or_null(is_verdict), close=or_null(is_verdict), run=or_null(is_verdict))),
            Field("same_boot", is_bool),
        ),
    }
)
"""The records of `manifest.jsonl`."""

CUSTODY = Tables(
    {
        "intent": _INTENT,
        "artifact": _ARTIFACT,
        "gap": _GAP,
        "observation": _OBSERVATION,
        "note": _NOTE,
        "handover": _HANDOVER,
        "receipt": _HANDOVER,
        "signature": (Field("key", is_signer), Field("signature", is_base64)),
        "resume": (Field("tool", _TOOL), Field("torn", _TORN, private=True)),
    }
)
"""The records of `custody.jsonl`."""


CONTENT = Field("content_sha256", or_null(is_hash), private=True)
"""What the private part of an artifact has besides its table's fields, as the last one (section 11)."""


def check_private(kind: str, private: dict[str, Json], tables: Tables) -> None:
    """Raise `ManifestFormatError` SCHEMA unless an object is the private part of a record of this type."""
    fields = [field for field in tables[kind] if field.private]
    fields += [CONTENT] if kind == "artifact" else []
    if not fields or list(private) != [field.name for field in fields]:
        raise ManifestFormatError("SCHEMA", f"a record of type {kind} has other fields, or in another order")
    for field in fields:
        if not field.check(private[field.name]):
            raise ManifestFormatError("SCHEMA", f"field {field.name} of a record of type {kind} is not as it must be")


def check(record: dict[str, Json], tables: Tables, *, encrypted: bool) -> None:
    """Raise `ManifestFormatError` (FORMAT_VERSION, UNSAFE_PATH or SCHEMA) unless a record fits its table."""
    version = record.get("v")
    if is_count(version) and version != 1:
        raise ManifestFormatError("FORMAT_VERSION", f"format version {version} is not 1")
    kind = record.get("type")
    if not isinstance(kind, str) or kind not in tables:
        raise ManifestFormatError("SCHEMA", "no record of this type stands here")
    names, fields, checks = tables.expected(kind, encrypted=encrypted)
    if list(record) != names:
        raise ManifestFormatError("SCHEMA", f"a record of type {kind} has other fields, or in another order")
    for value, fits, field in zip(record.values(), checks, fields, strict=True):
        if not fits(value):
            code = "UNSAFE_PATH" if field.name == "path" else "SCHEMA"
            raise ManifestFormatError(code, f"field {field.name} of a record of type {kind} is not as it must be")
    if not same_instant(str(record["utc"]), str(record["local"])):
        raise ManifestFormatError("SCHEMA", "utc and local are not the same instant")
