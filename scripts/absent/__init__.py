"""Stands in the built program for each module that a library names and that we never use (`ABSENT` in program.py).

Whatever is asked of such a module is a class that has everything and can't be made: what would have used it ends with
a sentence.
"""

from __future__ import annotations


class _Everything(type):
    """Has whatever name it is asked for: libraries name constants of others where they begin."""

    def __getattr__(cls, name: str) -> type[Absent]:
        return __getattr__(name)


class Absent(metaclass=_Everything):
    """Something that is not in this program."""

    def __init__(self, *_: object, **__: object) -> None:
        raise NotImplementedError("this part of a library is not in this program")


def __getattr__(name: str) -> type[Absent]:
    if name.startswith("__"):
        raise AttributeError(name)
    return Absent
