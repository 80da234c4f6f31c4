"""The console that we were started in, where Windows has its own ways: its language, its window, its arguments.

Asked by the command line before anything else, so it loads nothing but ctypes on Windows, termios elsewhere.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from typing import TYPE_CHECKING, Final

from collector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

CLOSING_SECONDS: Final = 60
"""How long the end of a console is held up at most. Windows ends us sooner: 5 seconds after its window was closed,
20 where the machine goes down (SetConsoleCtrlHandler, HandlerRoutine: "Timeouts")."""


_HIDDEN: Final = re.compile(r'(?:--[a-z-]+=)?(?:[A-Za-z]:|\\|\.\.?\\)[^"]*"(?P<rest>.*)', re.DOTALL)
"""A path with a quotation mark in it, which no name on Windows may hold."""


def unquoted(arguments: Sequence[str]) -> list[str]:
    r"""Return arguments as they were meant on Windows, where `"D:\"` means `D:"`; raises `UsageError`.

    A backslash before a quotation mark makes it a part of the name (CommandLineToArgvW). At the end of the line the
    meaning is clear; elsewhere it has swallowed what follows.
    """
    meant = []
    for at, argument in enumerate(arguments, 1):
        hidden = _HIDDEN.fullmatch(argument)
        if hidden is None:
            meant.append(argument)
        elif hidden["rest"] or at != len(arguments):
            raise UsageError(
                "a backslash before a quotation mark hides it, and the rest of the line with it",
                hint='write D:\\ without quotation marks, or double the backslash: "D:\\\\"',
            )
        else:
            meant.append(argument[:-1] + "\\")
    return meant


if sys.platform == "win32":
    import _thread
    import atexit
    import ctypes
    import msvcrt
    import signal
    import time
    from ctypes import wintypes
    from functools import cache

    _FRENCH: Final = 0x0C
    """Primary language of a LANGID (winnt.h, LANG_FRENCH)."""
    _ENDS: Final = frozenset({2, 5, 6})  # CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT (wincon.h)
    _INPUT: Final = -10  # STD_INPUT_HANDLE (processenv.h)
    _OUTPUTS: Final = (-11, -12)  # STD_OUTPUT_HANDLE, STD_ERROR_HANDLE (processenv.h)
    _VIRTUAL_TERMINAL: Final = 0x4  # ENABLE_VIRTUAL_TERMINAL_PROCESSING (consoleapi.h), since Windows 10
    _QUICK_EDIT, _EXTENDED = 0x40, 0x80  # ENABLE_QUICK_EDIT_MODE, ENABLE_EXTENDED_FLAGS (consoleapi.h)
    _SYSTEM32_ONLY: Final = 0x800  # LOAD_LIBRARY_SEARCH_SYSTEM32 (libloaderapi.h)

    def language() -> str:
        """Return the language in which Windows speaks to this user, `fr` or `en`."""
        return "fr" if _kernel32().GetUserDefaultUILanguage() & 0x3FF == _FRENCH else "en"

    def given() -> list[str]:
        """Return the arguments that we were started with; raises `UsageError`."""
        return unquoted(sys.argv[1:])

    def is_console(stream: TextIO) -> bool:
        """Tell whether a person may look on; raises `OSError` or `ValueError` where the stream is gone.

        To the C library the null device is a terminal, too: only a console has a mode (GetConsoleMode).
        """
        handle = wintypes.HANDLE(msvcrt.get_osfhandle(stream.fileno()))
        return bool(_kernel32().GetConsoleMode(handle, ctypes.byref(wintypes.DWORD())))

    def keeps_nothing(stream: TextIO) -> bool:
        """Tell whether a stream leads to the null device: no console, and yet a device of characters.

        Raises `OSError` or `ValueError` where the stream is gone.
        """
        return stat.S_ISCHR(os.fstat(stream.fileno()).st_mode) and not is_console(stream)

    def forget(stream: TextIO) -> None:
        """Drop the keys that were pressed and not read yet; nothing where nobody may look on.

        Raises `OSError` or `ValueError` where the stream is gone.
        """
        if is_console(stream):
            _kernel32().FlushConsoleInputBuffer(wintypes.HANDLE(msvcrt.get_osfhandle(stream.fileno())))

    @cache
    def draws() -> bool:
        """Tell whether the console moves its cursor as terminals do, once it was asked to; before Windows 10 none."""
        kernel32, able = _kernel32(), []
        for number in _OUTPUTS:
            mode = wintypes.DWORD()
            handle = wintypes.HANDLE(kernel32.GetStdHandle(wintypes.DWORD(number)))
            if kernel32.GetConsoleMode(handle, ctypes.byref(mode)):
                able.append(bool(kernel32.SetConsoleMode(handle, wintypes.DWORD(mode.value | _VIRTUAL_TERMINAL))))
        return all(able)

    def heed_closing() -> None:
        """Let the end of the console be heard as SIGBREAK, and hold it up so that what runs can close by itself.

        The C library hears it too, but answers at once, and then Windows ends the process in mid-write.
        """
        _kernel32().SetConsoleCtrlHandler(_on_end, True)  # noqa: FBT003 - Add, as the call has it

    def pass_halts() -> None:
        """Let no click into the window stop us: it would mark text, and whoever writes there waits until that ends.

        Windows 10 has it so by default (QuickEdit). It is the window's own setting: `give_halts_back` at the end.
        """
        kernel32, mode = _kernel32(), wintypes.DWORD()
        handle = wintypes.HANDLE(kernel32.GetStdHandle(wintypes.DWORD(_INPUT)))
        if not kernel32.GetConsoleMode(handle, ctypes.byref(mode)) or not mode.value & _QUICK_EDIT:
            return
        if kernel32.SetConsoleMode(handle, wintypes.DWORD(mode.value & ~_QUICK_EDIT | _EXTENDED)):
            _before.append(mode.value | _EXTENDED)
            atexit.register(give_halts_back)

    def give_halts_back() -> None:
        """Put the window's setting back as it was; may be called twice."""
        while _before:
            handle = wintypes.HANDLE(_kernel32().GetStdHandle(wintypes.DWORD(_INPUT)))
            _kernel32().SetConsoleMode(handle, wintypes.DWORD(_before.pop()))

    _before: list[int] = []
    """The mode of the input of our console, where we changed it."""

    def _closing(event: int) -> bool:
        if event not in _ENDS:
            return False  # Ctrl-C and Ctrl-Break are Python's
        ending()
        return True

    def ending() -> None:
        """Have the run close by itself, as on SIGBREAK, and keep Windows waiting meanwhile; not for the main thread."""
        _thread.interrupt_main(signal.SIGBREAK)
        time.sleep(CLOSING_SECONDS)  # whoever returns from here has no more time

    _on_end = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)(_closing)
    """Kept for as long as the process lives: Windows calls it."""

    @cache
    def _kernel32() -> ctypes.WinDLL:
        kernel32 = ctypes.WinDLL("kernel32", winmode=_SYSTEM32_ONLY)
        kernel32.GetUserDefaultUILanguage.restype = wintypes.WORD
        kernel32.GetStdHandle.restype = wintypes.HANDLE
        return kernel32

else:
    import atexit
    import signal
    import termios

    def language() -> str:
        """Return nothing: the environment tells the language."""
        return ""

    def given() -> list[str]:
        """Return the arguments that we were started with."""
        return sys.argv[1:]

    def is_console(stream: TextIO) -> bool:
        """Tell whether a person may look on; raises `OSError` or `ValueError` where the stream is gone."""
        return stream.isatty()

    def keeps_nothing(stream: TextIO) -> bool:
        """Tell whether a stream leads to the null device; raises `OSError` or `ValueError` where it is gone."""
        null = os.stat(os.devnull)
        told = os.fstat(stream.fileno())
        return stat.S_ISCHR(told.st_mode) and told.st_rdev == null.st_rdev

    def forget(stream: TextIO) -> None:
        """Drop the keys that were pressed and not read yet; nothing where nobody may look on.

        Raises `OSError` or `ValueError` where the stream is gone.
        """
        if not stream.isatty():
            return
        try:
            termios.tcflush(stream.fileno(), termios.TCIFLUSH)
        except termios.error as error:
            raise OSError(*error.args) from error

    def draws() -> bool:
        """Tell whether terminals move their cursor: here TERM tells it."""
        return True

    def heed_closing() -> None:
        """Do nothing: a terminal that goes away sends SIGHUP."""

    def pass_halts() -> None:
        """Let no Ctrl-S, which some press to save, stop the terminal: it would show nothing more until a Ctrl-Q.

        It is the terminal's own setting: `give_halts_back` at the end.
        """
        for fd in (2, 1):
            if not _before and _flows(fd, at_all=False):
                _before.append(fd)
                atexit.register(give_halts_back)

    def give_halts_back() -> None:
        """Put the terminal's setting back as it was; may be called twice."""
        while _before:
            _flows(_before.pop(), at_all=True)

    _before: list[int] = []
    """The descriptor of our terminal, where we changed it."""

    def _flows(fd: int, *, at_all: bool) -> bool:
        """Have Ctrl-S and Ctrl-Q stop and start our terminal, or not; tell whether that was changed."""
        kept = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})  # in the background it stops
        try:
            if os.tcgetpgrp(fd) != os.getpgrp() and not at_all:
                return False  # it is another program's
            mode = termios.tcgetattr(fd)
            if bool(mode[0] & termios.IXON) is at_all:
                return False
            mode[0] ^= termios.IXON
            termios.tcsetattr(fd, termios.TCSANOW, mode)
        except (OSError, termios.error):  # it is none, not ours, or gone
            return False
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, kept)
        return True
