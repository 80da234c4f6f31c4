"""A file system that never answers keeps our process from ending: the bundle is sealed before, and that is said."""

from __future__ import annotations

import sys

import live
import pytest

from collector.host import is_held

if sys.platform != "linux":
    pytest.skip("FUSE and /proc of Linux", allow_module_level=True)

from collector.host.linux import held

ANSWERS_NEVER = """
import builtins, io
def opened(path, *rest, real=open, **named):
    return io.BytesIO(b"request_wait_answer") if str(path).endswith("/wchan") else real(path, *rest, **named)
builtins.open = opened
"""
"""As /proc shows a thread that waits for a FUSE file system."""


@pytest.mark.parametrize(
    ("state", "place", "found"),
    [
        (b"S", b"futex_wait_queue", False), (b"R", b"0", False), (b"D", b"0", True),
        (b"S", b"request_wait_answer", True), (b"S", b"fuse_request_wait_answer", True),
    ],
)  # fmt: skip
def test_a_thread_that_no_signal_ends_is_seen(tmp_path, state, place, found):
    """By its state, or by where it waits before it is killed; its name may be an attack on whoever reads `stat`."""
    for number, (letter, where) in enumerate([(b"S", b"0"), (state, place)]):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "stat").write_bytes(b"7 (a) D (b) " + letter + b" 1 7 7 0 -1")
        (tmp_path / str(number) / "wchan").write_bytes(where)
    (tmp_path / "2").mkdir()  # it has ended meanwhile
    assert held.is_held(str(tmp_path)) is found


def test_none_of_ours_is_held_here(tmp_path):
    """This process ends; so would one whose threads can't be listed."""
    assert not is_held()
    assert not held.is_held(str(tmp_path / "none"))


@pytest.mark.parametrize(("fault", "said"), [("", False), (ANSWERS_NEVER, True)], ids=["ends", "held"])
def test_a_run_that_can_not_end_says_so_last(tmp_path, fault, said):
    """After the seal, the codes and the answer: nothing is to be waited for."""
    tree = live.files_in(tmp_path / "tree", 3)
    (tmp_path / "out").mkdir()
    done = live.run("--case", "T1", "--out", tmp_path / "out", "--scan", tree, "--json", fault=fault)
    live.assert_sealed(done.json["bundle"])
    assert done.err.endswith("The evidence is closed all the same: do not wait, close this window.\n") is said
