r"""`"D:\"` on a command line of Windows: the backslash hides the quotation mark."""

from __future__ import annotations

import pytest

from collector.errors import UsageError
from collector.host.console import unquoted


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["--case", "X", "--out", 'D:"'], ["--case", "X", "--out", "D:\\"]),
        (['--out=D:"'], ["--out=D:\\"]),
        (["verify", '\\\\server\\share"'], ["verify", "\\\\server\\share\\"]),
        (["verify", '.\\bundle"'], ["verify", ".\\bundle\\"]),
        (["--out", "D:\\"], ["--out", "D:\\"]),
        (["note", "D:\\B", 'he said "pay" to us'], ["note", "D:\\B", 'he said "pay" to us']),
        ([], []),
    ],
)
def test_at_the_end_the_meaning_is_clear(given, meant):
    """The last argument gets its backslash back; a text with quotation marks stays as it is."""
    assert unquoted(given) == meant


@pytest.mark.parametrize("given", [["--out", 'D:" --json --quiet'], ['D:"', "more"], ['--out=D:" --json']])
def test_what_it_swallowed_is_refused(given):
    """Where more follows nobody knows what was meant: it is refused, with both ways to write it."""
    with pytest.raises(UsageError) as refused:
        unquoted(given)
    assert '"D:\\\\"' in refused.value.hint
