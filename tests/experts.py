"""The experts' own tools, in the environment that scripts/test makes of tests/experts/*.lock.

They run there by the name of their command; a test that wants one is skipped, with the reason, where it was not made.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
_NAMED = os.environ.get("COLLECT_EXPERTS")
PYTHON = Path(_NAMED) if _NAMED else CHECKOUT / ".venv-experts/bin/python"
_START = """
import sys
from importlib.metadata import entry_points
sys.argv = sys.argv[1:]
sys.exit(next(iter(entry_points(group="console_scripts", name=sys.argv[0]))).load()())
"""
"""Starts a command by its name: the scripts in `bin` name the folder in which the environment was built."""


def run(command, *arguments, cwd=None) -> str:
    """Run a tool's command; returns what it printed, fails with what it said."""
    return _ran(["-c", _START, command, *map(str, arguments)], cwd)


def python(code, *arguments, cwd=None) -> str:
    """Run a few lines in the tools' environment; returns what they printed."""
    return _ran(["-c", code, *map(str, arguments)], cwd)


def _ran(arguments, cwd) -> str:
    if not PYTHON.exists():
        pytest.skip("needs the experts' tools: scripts/test makes their environment")
    done = subprocess.run([PYTHON, "-I", "-B", *arguments], cwd=cwd, capture_output=True, text=True, check=False,
                          timeout=600)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
