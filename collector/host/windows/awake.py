"""Holds off idle sleep and, as far as Windows lets a program, shutdown and logging off.

Idle sleep: an execution state of a thread of our own, and a power request with its reason in words; the display stays
on, too, for a machine with modern standby sleeps as soon as it is dark, whatever else is asked. Shutdown: a hidden
top-level window that answers WM_QUERYENDSESSION with no and says why (ShutdownBlockReasonCreate); Windows asks us
before other programs. Whoever insists, forces it or holds the power button is not held off, nor is a lid that is shut
or a sleep that somebody asks for; where Windows says so before (WM_ENDSESSION), the run closes in the seconds left.
All of it ends with the thread, so with us, however we end.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import threading
from ctypes import wintypes
from typing import Final

from collector.host import HostError, console
from collector.host.windows import calls
from collector.model import Gap, Outcome

SECONDS: Final = 5.0
"""Longest wait for the thread to hold, and to let go."""
WINDOW_CLASS: Final = "evidence-collector-awake"

_WHY: Final = "Collecte de preuves en cours : ne pas éteindre / Evidence is being collected: do not power off"
# SetThreadExecutionState, power requests (winnt.h, winbase.h)
_CONTINUOUS, _SYSTEM_REQUIRED, _DISPLAY_REQUIRED = 0x8000_0000, 0x1, 0x2
_SIMPLE_STRING: Final = 0x1  # POWER_REQUEST_CONTEXT_SIMPLE_STRING
_REQUESTS: Final = (1, 0)  # PowerRequestSystemRequired, PowerRequestDisplayRequired
_INVALID: Final = ctypes.c_void_p(-1).value
_FIRST_ASKED: Final = 0x3FF  # SetProcessShutdownParameters: the highest level that is not the system's own
# winuser.h
_QUERY_END_SESSION, _END_SESSION, _CLOSE = 0x11, 0x16, 0x10
_SHUTTING_DOWN: Final = 0x2000  # SM_SHUTTINGDOWN: whoever else sends us that word is not believed
_WINDOW_PROCEDURE: Final = ctypes.WINFUNCTYPE(
    ctypes.c_ssize_t, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM
)


_ending: Final = threading.Event()
"""The session ends, whatever we answered."""


class _WindowClass(ctypes.Structure):
    """WNDCLASSW."""

    _fields_ = (
        ("style", wintypes.UINT),
        ("lpfnWndProc", _WINDOW_PROCEDURE),
        ("cbClsExtra", ctypes.c_int),
        ("cbWndExtra", ctypes.c_int),
        ("hInstance", wintypes.HINSTANCE),
        ("hIcon", wintypes.HANDLE),
        ("hCursor", wintypes.HANDLE),
        ("hbrBackground", wintypes.HANDLE),
        ("lpszMenuName", wintypes.LPCWSTR),
        ("lpszClassName", wintypes.LPCWSTR),
    )


class _Reason(ctypes.Structure):
    """REASON_CONTEXT with a simple string; the union's other member is longer."""

    _fields_ = (
        ("Version", wintypes.ULONG),
        ("Flags", wintypes.DWORD),
        ("SimpleReasonString", wintypes.LPCWSTR),
        ("rest", ctypes.c_byte * 16),
    )


def keep_awake() -> Held:
    """Hold off what can be held off; raises `HostError` within `SECONDS` where nothing can."""
    return Held()


class Held:
    """See `collector.host.Awake`."""

    mode = "block"

    def __init__(self) -> None:
        self.what = ""
        self._ready = threading.Event()
        self._window: int | None = None
        self._wanted = threading.Event()
        self._gap: Gap | None = None
        self._thread = threading.Thread(target=self._run, name="awake", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            raise HostError(Gap(Outcome.FAILED, "the system gives no thread to stay awake with")) from error
        if not self._ready.wait(SECONDS):
            self.release()
            raise HostError(Gap(Outcome.TIMED_OUT, "Windows did not answer in time: sleep is not held off"))
        if self._gap is not None:
            raise HostError(self._gap)

    def release(self) -> None:
        """See `Awake`."""
        self._wanted.set()
        window = self._window
        if window is not None:
            calls.library("user32").PostMessageW(wintypes.HWND(window), _CLOSE, 0, 0)
        if not _ending.is_set():  # else it keeps Windows waiting for us, and every second counts
            self._thread.join(SECONDS)

    def _run(self) -> None:
        kernel = calls.library("kernel32")
        held = []
        try:
            kernel.SetThreadExecutionState.restype = wintypes.DWORD
            state = bool(kernel.SetThreadExecutionState(_CONTINUOUS | _SYSTEM_REQUIRED | _DISPLAY_REQUIRED))
            request = _requested()
            if state or request is not None:
                held.append("idle")
            level = _asked_first()
            window = _window()
            if window is not None and _says_why(window):
                held.insert(0, "shutdown")
        except (OSError, AttributeError) as error:
            failed = error if isinstance(error, OSError) else ctypes.WinError(127)
            self._gap = calls.gap_of(failed, "sleep and shutdown can't be held off")
            self._ready.set()
            return
        if not held:
            self._gap = Gap(Outcome.DENIED, "Windows lets this program hold off neither sleep nor shutdown")
        self.what, self._window = ":".join(held), window
        self._ready.set()
        if held:
            self._until_released(window)
        _let_go(request, level, window)

    def _until_released(self, window: int | None) -> None:
        """Answer messages until `release`, and whatever somebody else sends us; without a window there are none."""
        user = calls.library("user32")
        message = wintypes.MSG()
        while window is not None and not self._wanted.is_set():
            got = user.GetMessageW(ctypes.byref(message), None, 0, 0)
            if got < 0:  # the window is gone: what else is held stays held
                break
            if got:  # 0 is WM_QUIT, which any program may send
                user.DispatchMessageW(ctypes.byref(message))
        self._wanted.wait()


def _answer(window: int, message: int, first: int, second: int) -> int:
    """Say no to the end of the session; anything else is answered as Windows does."""
    if message == _QUERY_END_SESSION:
        return 0
    user = calls.library("user32")
    if message == _END_SESSION and first and user.GetSystemMetrics(_SHUTTING_DOWN):
        _ending.set()  # "shut down anyway": a program that has a window gets no event of its console for it
        console.ending()
        return 0
    if message == _CLOSE:  # `release` looks at its own word; whoever else sends it is not obeyed
        return 0
    user.DefWindowProcW.argtypes = [wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM]
    user.DefWindowProcW.restype = ctypes.c_ssize_t
    answer: int = user.DefWindowProcW(window, message, first, second)
    return answer


def _requested() -> int | None:
    """Return a power request that says why, `None` where Windows takes none (before Windows 7)."""
    kernel = calls.library("kernel32")
    kernel.PowerCreateRequest.restype = ctypes.c_void_p
    context = _Reason(0, _SIMPLE_STRING, _WHY)
    request: int | None = kernel.PowerCreateRequest(ctypes.byref(context))
    if request in (None, _INVALID):
        return None
    if not sum(bool(kernel.PowerSetRequest(wintypes.HANDLE(request), kind)) for kind in _REQUESTS):
        kernel.CloseHandle(wintypes.HANDLE(request))
        return None
    return request


def _asked_first() -> tuple[int, int] | None:
    """Let Windows ask us before other programs; return what was set before."""
    kernel = calls.library("kernel32")
    level, flags = wintypes.DWORD(), wintypes.DWORD()
    if not kernel.GetProcessShutdownParameters(ctypes.byref(level), ctypes.byref(flags)):
        return None
    if not kernel.SetProcessShutdownParameters(_FIRST_ASKED, flags):
        return None
    return level.value, flags.value


_PROCEDURE: Final = _WINDOW_PROCEDURE(_answer)
"""Kept for as long as Windows may call it."""


def _module() -> int | None:
    kernel = calls.library("kernel32")
    kernel.GetModuleHandleW.restype = ctypes.c_void_p
    module: int | None = kernel.GetModuleHandleW(None)
    return module


def _window() -> int | None:
    """Return a hidden top-level window: one for messages only would not be asked. `None`: there is no desktop."""
    user, module = calls.library("user32"), _module()
    kind = _WindowClass(lpfnWndProc=_PROCEDURE, hInstance=module, lpszClassName=WINDOW_CLASS)
    user.RegisterClassW(ctypes.byref(kind))  # where it is there already, the window tells
    create = user.CreateWindowExW
    create.argtypes = [
        wintypes.DWORD,
        wintypes.LPCWSTR,
        wintypes.LPCWSTR,
        wintypes.DWORD,
        *[ctypes.c_int] * 4,
        wintypes.HWND,
        wintypes.HMENU,
        wintypes.HINSTANCE,
        wintypes.LPVOID,
    ]
    create.restype = ctypes.c_void_p
    window: int | None = create(0, WINDOW_CLASS, _WHY, 0, 0, 0, 0, 0, None, None, module, None)
    return window


def _says_why(window: int) -> bool:
    return bool(calls.library("user32").ShutdownBlockReasonCreate(wintypes.HWND(window), ctypes.c_wchar_p(_WHY)))


def _let_go(request: int | None, level: tuple[int, int] | None, window: int | None) -> None:
    kernel, user = calls.library("kernel32"), calls.library("user32")
    if window is not None:
        user.ShutdownBlockReasonDestroy(wintypes.HWND(window))
        user.DestroyWindow(wintypes.HWND(window))
    user.UnregisterClassW(ctypes.c_wchar_p(WINDOW_CLASS), wintypes.HINSTANCE(_module()))
    if level is not None:
        kernel.SetProcessShutdownParameters(*level)
    if request is not None:
        for kind in _REQUESTS:
            kernel.PowerClearRequest(wintypes.HANDLE(request), kind)
        kernel.CloseHandle(wintypes.HANDLE(request))
    kernel.SetThreadExecutionState(_CONTINUOUS)
