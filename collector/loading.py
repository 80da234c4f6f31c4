"""Loads what a run asks the system with before it is asked: the stick that holds our program may be taken out."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil

_ROOMS = {"linux": ("host", "host.posix", "host.linux"), "darwin": ("host", "host.posix", "host.darwin")}


def rooms_of(system: str) -> None:
    """Load every module of the rooms of a system; what can't be loaded is told by whoever needs it."""
    for name in _ROOMS.get(system.lower(), ("host", f"host.{system.lower()}")):
        with contextlib.suppress(ImportError, OSError):
            room = importlib.import_module(f"collector.{name}")
            for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
                if not found.ispkg:
                    _load(found.name)


def _load(name: str) -> None:
    with contextlib.suppress(Exception):  # a room of another system, or one whose library is missing here
        importlib.import_module(name)
