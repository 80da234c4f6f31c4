"""What all tests share: where the checkout is, who may run what, and that no test measures time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import wine
from hypothesis import HealthCheck, settings

# Machines that run tests are busy: how long an example took says nothing. Nothing is written beside the tests.
settings.register_profile("house", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

if wine.WINDOWS:
    os.mkfifo = wine.skipping("POSIX: a FIFO in a folder")
    if wine.UNDER_WINE:
        os.symlink = wine.skipping("Wine 8.0: makes no link and says it did")
        wine.retry_processes()


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Report what Windows can't load as skipped, with its reason."""
    if wine.WINDOWS and module_path.name in {**wine.NOT_LOADED, **wine.NOT_RUN}:
        return wine.NotHere.from_parent(parent, path=module_path)
    return None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """On Windows, say which tests may not run side by side."""
    return wine.scheduler(config, log) if wine.WINDOWS else None


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Return the folder that holds `collector/`, `rules/` and `scripts/`."""
    return Path(__file__).resolve().parent.parent


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked `root` for everyone else."""
    if item.get_closest_marker("root") and getattr(os, "geteuid", lambda: -1)() != 0:
        pytest.skip("needs root: namespaces, mounts or other users' processes")


@pytest.fixture
def mounted(tmp_path):
    """Mount for one test: call it with the arguments of `mount`, the place last; everything is taken away after it."""
    places = []

    def do(*arguments: object) -> Path:
        place = tmp_path / f"mount-{len(places)}"
        place.mkdir()
        subprocess.run(["mount", *(str(one) for one in arguments), str(place)], check=True)
        places.append(place)
        return place

    yield do
    for place in reversed(places):
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def small_disk(mounted) -> Path:
    """Return a disk that has room for one file, and none for a second."""
    return mounted("-t", "tmpfs", "-o", "size=1m,nr_inodes=2", "none")


@pytest.fixture
def out(tmp_path) -> Path:
    """Return an empty folder for what is made."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder
