"""Whether the file system keeps times of last access, so that reading moves them."""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import winreg
from contextlib import suppress
from functools import cache
from typing import Final

_KEY: Final = r"SYSTEM\CurrentControlSet\Control\FileSystem"


@cache
def is_kept() -> bool | None:
    """Tell whether reading moves times of last access here; `None`: the system doesn't tell.

    NtfsDisableLastAccessUpdate: odd means that NTFS keeps none; its highest bit says that Windows is new enough to
    choose by itself. FAT keeps the day in any case.
    """
    with suppress(OSError, TypeError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _KEY) as key:
        return not int(winreg.QueryValueEx(key, "NtfsDisableLastAccessUpdate")[0]) & 1
    return None
