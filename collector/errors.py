"""Every deliberate exception: one sentence, one exit code and a next step for a human each.

A programmer's mistake stays a plain `RuntimeError` or `ValueError`, outside this tree.
"""

from __future__ import annotations


class CollectorError(Exception):
    """The root: `str()` says what happened, `hint` what to do next; both are safe to print."""

    exit_code = 1
    default_hint = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or self.default_hint


class UsageError(CollectorError):
    """The command's words are wrong: nothing was written."""

    exit_code = 2


class NoMomentError(UsageError):
    """In words that should say a day and a time of day, none was found."""


class NotABundleError(CollectorError):
    """The folder holds no manifest: there is nothing to verify, resume or add to."""

    exit_code = 2
    default_hint = "give the folder that `collect --case` named at its end"


class BundleNotMadeError(CollectorError):
    """No bundle could be born: nothing was preserved."""

    exit_code = 1


class KitError(CollectorError):
    """The kit is not as it was prepared: nothing is collected with it. `changes`: what differs, a sentence each."""

    exit_code = 1
    default_hint = "leave the computer on, use another kit, and call the number on the sheet INSTRUCTIONS"

    def __init__(self, message: str, *, changes: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.changes = changes


class NotClosedError(CollectorError):
    """The bundle was never sealed, so nothing may be added after the seal."""

    exit_code = 3


class RefusedError(CollectorError):
    """The request is understood and not carried out: the bundle is altered or already closed."""

    exit_code = 1


class MalformedError(RefusedError):
    """A key opens the encrypted part of a record, and it is not what its table has (docs/SPEC.md, section 11)."""

    default_hint = "go by what stands in the clear, and tell the expert"


class AlteredError(CollectorError):
    """The bundle is not what was sealed: nothing is made from it."""

    exit_code = 1


class LimitError(CollectorError):
    """A value is larger than the format allows (docs/SPEC.md, section 3)."""

    exit_code = 1


class DiskFullError(CollectorError):
    """The folder of the bundle takes no more bytes: what is written stays."""

    exit_code = 3
    default_hint = "what is written stays; plug in an empty stick and start again"


class WriteError(CollectorError):
    """The folder of the bundle can't be written any more (stick removed, read-only, broken)."""

    exit_code = 3
    default_hint = "what is written stays; once the stick can be written again, `collect resume` goes on"


class ManifestFormatError(CollectorError):
    """A line of a manifest is not in the one accepted spelling."""

    exit_code = 1

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotJudgedError(CollectorError):
    """Nothing could be learnt of the network: neither isolated nor connected."""

    exit_code = 3


class RuleError(CollectorError):
    """A rule file is wrong: its name, the line and the reason are in the message."""

    exit_code = 2


class TimestampError(CollectorError):
    """A reply of a timestamp authority proves nothing of this bundle: nothing was written."""

    exit_code = 1
