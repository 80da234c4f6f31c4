"""Reads the rules and refuses wrong ones: data that says what is what.

A rule file that isn't exactly as written here is refused with its name, line and reason:
a typing error in it must not turn into evidence that is quietly not collected.
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from collector import strictyaml
from collector.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_SYSTEM_CLASSES: Final = ("local", "pseudo", "network", "fuse")

_FILE_SYSTEM_TYPE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(\.\*)?")

_PROGRAM_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


def folder() -> Path:
    """Return the folder of the packaged rules: beside the package in a wheel, else in the checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "_rules"
    return installed if installed.is_dir() else package.parent / "rules"


def published() -> Path:
    """Return the folder of the published artifact definitions; raises `RuleError` where they are not installed.

    They are the data of the package `artifacts`, of which no code is loaded.
    """
    found = importlib.util.find_spec("artifacts")
    for place in (found.submodule_search_locations or ()) if found is not None else ():
        if (data := Path(place) / "data").is_dir():
            return data
    raise RuleError("artifacts:1: the published definitions (package `artifacts`) are not installed")


@cache
def filesystems() -> Mapping[str, str]:
    """Return the class of every known type of file system, `name.*` for all subtypes of one.

    Read once in a run. Raises `RuleError`.
    """
    return read_filesystems(folder() / "filesystems.yaml")


def read_filesystems(path: Path) -> Mapping[str, str]:
    """Return what `filesystems` does, of one file; raises `RuleError` for anything but the form of ours."""
    classes: dict[str, str] = {}
    document = strictyaml.single(path)
    for name, value in document.pairs(document.tree()):
        if name not in FILE_SYSTEM_CLASSES:
            raise document.wrong(value, f"unknown class; the classes are {', '.join(FILE_SYSTEM_CLASSES)}")
        if not isinstance(value, yaml.SequenceNode):
            raise document.wrong(value, "a class holds a list of types")
        for item in value.value:
            kind = document.string(item)
            if not _FILE_SYSTEM_TYPE.fullmatch(kind):
                raise document.wrong(item, "a type is letters, digits, '_', '-' and '.', or ends in '.*'")
            if kind in classes:
                raise document.wrong(item, f"{kind} stands here twice")
            classes[kind] = name
    if missing := set(FILE_SYSTEM_CLASSES) - set(classes.values()):
        raise RuleError(f"{path.name}:1: empty or missing class: {', '.join(sorted(missing))}")
    return classes


@cache
def remote_access() -> Mapping[str, str]:
    """Return the product of every name of a program that gives remote access; read once. Raises `RuleError`."""
    return read_remote_access(folder() / "remote_access.yaml")


def read_remote_access(path: Path) -> Mapping[str, str]:
    """Return what `remote_access` does, of one file; raises `RuleError` for anything but the form of ours."""
    products: dict[str, str] = {}
    document = strictyaml.single(path)
    for product, value in document.pairs(document.tree()):
        if not isinstance(value, yaml.SequenceNode) or not value.value:
            raise document.wrong(value, "a product holds a list of names")
        for item in value.value:
            name = document.string(item)
            if not _PROGRAM_NAME.fullmatch(name):
                raise document.wrong(item, "a name is letters, digits, '_', '-' and '.'")
            if name in products:
                raise document.wrong(item, f"{name} stands here twice")
            products[name] = product
    return products
