"""A program of ours runs in a job from its first instruction, or not at all."""

from __future__ import annotations

import sys

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import subprocess

from collector.host.windows import jobs, volumes

SAYS = "import sys; print('said'); sys.stdout.flush(); input()"


def test_what_waits_is_read_and_the_end_is_ours(tmp_path):
    """Its words come as it says them; ended with the job, it leaves nothing."""
    job = jobs.Job()
    child = job.start([sys.executable, "-c", SAYS], str(tmp_path), {"SystemRoot": volumes.windows_folder()})
    with child:
        assert child.wait(60) is not None  # it has no input
        assert jobs.waiting(child.stdout) == b"said\r\n"
        assert jobs.waiting(child.stdout) == b""
        assert job.end(child)
    assert jobs.waiting(None) == b""


def test_a_program_that_can_not_be_put_into_the_job_never_runs(tmp_path, monkeypatch):
    """It is ended before its first instruction, waited for, and its pipes are closed."""
    started = []

    class Noted(subprocess.Popen):
        def __init__(self, *words, **more):
            super().__init__(*words, **more)
            started.append(self)

    monkeypatch.setattr(jobs.subprocess, "Popen", Noted)
    job = jobs.Job()
    job.close()
    with pytest.raises(OSError) as caught:  # noqa: PT011 - any error of Windows
        job.start([sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')"], str(tmp_path), {})
    assert caught.value.winerror
    (child,) = started
    assert child.returncode is not None
    assert child.stdout.closed
    assert child.stderr.closed
    assert not (tmp_path / "ran").exists()
