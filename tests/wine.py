"""Which tests Windows can't load or Wine 8.0 can't show, each with its reason: used by `conftest.py`.

A file that cannot even be loaded on Windows is named here, and reported as skipped with this reason; one that is not
named and can't be loaded is an error. In other files a test says it itself: `@wine.cannot("…")`, `@wine.posix("…")`.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

WINDOWS = sys.platform == "win32"
UNDER_WINE = False
_INTERNAL_ERROR = 1359
"""ERROR_INTERNAL_ERROR."""
if sys.platform == "win32":
    import ctypes

    UNDER_WINE = hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")

NOT_LOADED = {
    "test_ansible.py": "a provider's machine and its hosts are Linux here, in namespaces",
    "test_fleet.py": "a provider's machine is a Linux; a shell plays the host",
    "test_build.py": "builds on Linux",
    "test_build_windows.py": "driven from Linux",
    "test_kit.py": "drives a terminal of POSIX",
    "test_bad_luck.py": "runs on a live Linux, with its limits",
    "test_answers_command.py": "drives a terminal of POSIX; its words on the command line are the same everywhere",
    "test_guided_broken.py": "drives a terminal of POSIX; that of Windows: test_windows_terminal.py",
    "test_guided_screens.py": "drives a terminal of POSIX; that of Windows: test_windows_terminal.py",
    "test_guided.py": "drives a terminal of POSIX; that of Windows: test_windows_terminal.py",
    "test_hostile.py": "FIFOs, devices and limits of Linux",
    "test_timestamp.py": "the authority of these tests is stock openssl",
    "test_isolate.py": "real interfaces of Linux",
    "test_link_watch.py": "the routing socket of Linux",
    "test_linux_network.py": "asks the Linux kernel",
    "test_linux_processes.py": "asks the Linux kernel",
    "test_linux_recent.py": "asks the Linux kernel",
    "test_linux_screens.py": "X displays are asked on Linux",
    "test_linux_system.py": "asks the Linux kernel",
    "test_live.py": "runs on a live Linux",
    "test_paper.py": "drives a terminal of POSIX; that of Windows: test_windows_terminal.py",
    "test_secret.py": "the same",
    "test_steady.py": "drives a terminal of POSIX; on Windows what is in the way there: test_windows_terminal.py",
    "test_stamps.py": "the authority of these tests is stock openssl, and a terminal of POSIX asks",
    "test_ui.py": "drives a terminal of POSIX; that of Windows: test_windows_terminal.py",
    "test_undo.py": "real interfaces of Linux",
    "test_vigil.py": "real interfaces of Linux",
}
"""By file."""

NOT_RUN = {
    "test_dossier.py": "reads the papers with stock programs; that one is made: test_windows_handover.py",
    "test_dossier_claims.py": "sentences out of a verified bundle: the same",
    "test_dossier_pictures.py": "bytes in, bytes out: the same",
    "test_levels.py": "whole runs, encrypted, at each level: what is left out is left out above the rooms of a system",
    "test_picture.py": "an expert's command, without a word of the system; long under Wine",
    "test_exports.py": "an expert's command: its bundles are of a live Linux, with names that Windows has not",
    "test_exports_shared.py": "the same",
    "test_exports_experts.py": "the same, and the experts' own tools are installed for Linux",
    "test_second_verifier.py": "its verifier is for whoever reads SPEC on Linux; ours meets the same vectors here",
    "test_fuzz.py": "the fuzzers are for Linux",
    "test_attached.py": "reads bytes that the test makes; what is attached there: test_journal.py",
    "test_front.py": "what the pages show is typed into a shell of Linux",
    "test_mutants.py": "a tool of the developers, on Linux",
    "test_packaging.py": "builds the wheel, which is the same for every system",
    "test_catalogue.py": "judges the source, which is the same on every system",
    "test_words.py": "the same",
    "test_house.py": "the same",
    "test_reasons.py": "the same",
    "test_cut_points.py": "counts POSIX calls; a run killed on Windows: test_windows_disk.py",
    "test_fresh_eyes.py": "a live Linux, its shells and limits",
    "test_receipts.py": "stock ssh-keygen signs; the vectors hold receipts of every kind",
    "test_lettering.py": "reads the page with stock programs; what draws it is the same on every system",
    "test_slip.py": "reads the paper with stock programs; that one is printed: test_windows_handover.py",
    "test_spec.py": "compares a page with what stock programs of Linux say",
}
"""By file: it says nothing more here than it says on Linux, and time is short."""


_REGISTRY = "artifacts clock definitions executables files power_events recent registry resolvers services system trees"
TOGETHER = {
    **{f"test_windows_{name}.py": "registry" for name in _REGISTRY.split()},
    **{f"test_windows_{name}.py": "desktop" for name in ("clipboard", "screens")},
}
"""Files of which one changes what another reads: values of the registry, the clipboard, what stands on the desktop."""


def scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Return what gives the tests to workers: a file to one of them, with those that it stands TOGETHER with.

    All workers share one Windows: its registry, its screen, its folders of people. What that does meanwhile of its own,
    and that programs of other tests come and go, each test has to bear. (pytest-xdist 3.8.0 knows such groups by a
    mark, too, which does nothing with pytest 9.2.)
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - not where tests run without it

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0].rpartition("/")[2]
            return TOGETHER.get(file, file)

    return Together(config, log)


def cannot(reason: str) -> pytest.MarkDecorator:
    """Skip a test under Wine only: a real Windows could show it."""
    return pytest.mark.skipif(UNDER_WINE, reason=f"Wine 8.0: {reason}")


def posix(reason: str) -> pytest.MarkDecorator:
    """Skip a test on Windows, where there is no such thing."""
    return pytest.mark.skipif(WINDOWS, reason=f"POSIX: {reason}")


def slow(what: str) -> pytest.MarkDecorator:
    """Skip a test on Windows that says there what it says on Linux, and takes too long for that."""
    return pytest.mark.skipif(WINDOWS, reason=f"the same on Linux, and long under Wine: {what}")


def needs_names(paths: Iterable[str]) -> None:
    """Skip the running test where no file of Windows can have one of these names."""
    if WINDOWS and any(ord(char) < 0x20 or char in '<>:"|?*' for path in paths for char in path):
        pytest.skip("no file of Windows has such a name")


class NotHere(pytest.Module):
    """A file that is reported as skipped and never loaded."""

    def collect(self):
        pytest.skip({**NOT_LOADED, **NOT_RUN}[self.path.name], allow_module_level=True)


def retry_processes() -> None:
    """Try again where Wine 8.0 makes no process and calls it an internal error, as it does once in some thousand times.

    That is Wine's, before anything of ours has run; any other error is raised as it is.
    """
    import _winapi  # noqa: PLC0415 - of Windows

    make = _winapi.CreateProcess

    def again(*arguments: object) -> object:
        for _ in range(3):
            try:
                return make(*arguments)
            except OSError as error:
                if getattr(error, "winerror", None) != _INTERNAL_ERROR:
                    raise
                time.sleep(1)
        return make(*arguments)

    _winapi.CreateProcess = again


def skipping(what: str):
    """Return a stand-in for a call that this system or Wine lacks: a test that needs it is skipped with the reason."""

    def call(*_arguments: object, **_named: object) -> None:
        if sys._getframe(2).f_globals["__name__"] != "_pytest.pathlib":  # which links to its newest folder
            pytest.skip(what)

    return call
