"""Documented calls of macOS that Python has not: sysctl, getfsstat, ioctl of links, IOKit, what may be drawn.

Structures: sys/sysctl.h, sys/mount.h, net/if.h, net/if_media.h, sys/sockio.h, sys/resource.h; IOKit/pwr_mgt/IOPMLib.h
and IOKitLib.h. Everything raises `OSError` with the number that the call left.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "darwin"

import ctypes
import errno
import os
import socket
import struct
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_SYSTEM: Final = "/usr/lib/libSystem.B.dylib"
_FRAMEWORK: Final = "/System/Library/Frameworks/{0}.framework/{0}"

_NET, _ROUTE = 4, 17
"""CTL_NET, PF_ROUTE."""
_NOWAIT: Final = 2
"""MNT_NOWAIT: the file systems themselves are not asked."""
_MAX_BYTES: Final = 64 << 20
_TRIES: Final = 5
_MORE: Final = 8
"""A table that grows between two calls: an eighth more room is offered."""

_MEDIA: Final = 0xC02C6938
"""SIOCGIFMEDIA: _IOWR('i', 56, struct ifmediareq), 44 bytes packed to four."""
_FUNCTION: Final = 0xC02069AD
"""SIOCGIFFUNCTIONALTYPE: _IOWR('i', 173, struct ifreq), 32 bytes."""
_GET_FLAGS, _SET_FLAGS = 0xC0206911, 0x80206910
"""SIOCGIFFLAGS and SIOCSIFFLAGS: _IOWR('i', 17, struct ifreq), _IOW('i', 16, struct ifreq)."""
_FLAGS_REQUEST: Final = struct.Struct("<16sH14x")
_UP: Final = 0x1
_MEDIA_REQUEST: Final = struct.Struct("<16siiiiiQ")
_REQUEST: Final = struct.Struct("<16sI12x")

_ATIME, _DATALESS, _PROCESS, _OFF = 2, 3, 0, 1
"""IOPOL_TYPE_VFS_ATIME_UPDATES, IOPOL_TYPE_VFS_MATERIALIZE_DATALESS_FILES, IOPOL_SCOPE_PROCESS, IOPOL_…_OFF."""

_UTF8: Final = 0x08000100
"""kCFStringEncodingUTF8."""
_LEVEL_ON: Final = 255
"""kIOPMAssertionLevelOn."""
_NO_IDLE_SLEEP: Final = b"PreventUserIdleSystemSleep"
"""kIOPMAssertionTypePreventUserIdleSystemSleep."""
_MAX_STRING: Final = 4096


@cache
def library(name: str) -> ctypes.CDLL:
    """Return libSystem (`System`) or a framework, from the system's own folder only."""
    return ctypes.CDLL(_SYSTEM if name == "System" else _FRAMEWORK.format(name), use_errno=True)


def fail(number: int | None = None) -> OSError:
    """Return the error that a call left."""
    code = ctypes.get_errno() if number is None else number
    return OSError(code, os.strerror(code))


def sysctl(name: str) -> bytes:
    """Return the value of sysctlbyname(3)."""
    call = library("System").sysctlbyname
    call.argtypes = (ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    return _grown(lambda buffer, size: call(name.encode(), buffer, size, None, 0))


def routing(family: int, what: int, argument: int) -> bytes:
    """Return a dump of sysctl(3), CTL_NET PF_ROUTE 0 family what argument."""
    call = library("System").sysctl
    call.argtypes = (
        *(ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t),
    )
    path = (ctypes.c_int * 6)(_NET, _ROUTE, 0, family, what, argument)
    return _grown(lambda buffer, size: call(path, 6, buffer, size, None, 0))


def _grown(call: Callable[[object, object], int]) -> bytes:
    """Return what a sysctl fills: the size is asked for first, and again where the table has grown meanwhile."""
    size = ctypes.c_size_t(0)
    for _ in range(_TRIES):
        if call(None, ctypes.byref(size)):
            raise fail()
        if size.value > _MAX_BYTES:
            raise fail(errno.EFBIG)
        size.value += size.value // _MORE
        buffer = ctypes.create_string_buffer(max(1, size.value))
        if not call(buffer, ctypes.byref(size)):
            return buffer.raw[: size.value]
        if ctypes.get_errno() != errno.ENOMEM:
            raise fail()
    raise fail(errno.ENOMEM)


def filesystems(entry: int) -> bytes:
    """Return the array of struct statfs, `entry` bytes each, that getfsstat(2) fills."""
    system = library("System")
    call = getattr(system, "getfsstat$INODE64", None) or system.getfsstat  # Intel, and Apple silicon
    call.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
    count = call(None, 0, _NOWAIT)
    if count < 0:
        raise fail()
    buffer = ctypes.create_string_buffer((count + _MORE) * entry)
    count = call(buffer, len(buffer), _NOWAIT)
    if count < 0:
        raise fail()
    return buffer.raw[: count * entry]


def media(name: bytes) -> tuple[int, int]:
    """Return `ifm_status` and `ifm_active` of an interface; the socket sends nothing."""
    request = bytearray(_MEDIA_REQUEST.pack(name, 0, 0, 0, 0, 0, 0))
    _ioctl(_MEDIA, request)
    _, _, _, status, active, _, _ = _MEDIA_REQUEST.unpack(request)
    return status, active


def functional_type(name: bytes) -> int:
    """Return what an interface is for (IFRTYPE_FUNCTIONAL_…)."""
    request = bytearray(_REQUEST.pack(name, 0))
    _ioctl(_FUNCTION, request)
    return int(_REQUEST.unpack(request)[1])


def switch_off(name: bytes) -> None:
    """Clear IFF_UP of an interface, as `ifconfig NAME down` does."""
    request = bytearray(_FLAGS_REQUEST.pack(name, 0))
    _ioctl(_GET_FLAGS, request)
    flags = _FLAGS_REQUEST.unpack(request)[1]
    _ioctl(_SET_FLAGS, bytearray(_FLAGS_REQUEST.pack(name, flags & ~_UP)))


def _ioctl(number: int, request: bytearray) -> None:
    import fcntl

    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asked:
        fcntl.ioctl(asked, number, request)


def quiet() -> list[OSError]:
    """Ask that reading moves no time of access and fetches nothing from a cloud; return what was refused."""
    call = library("System").setiopolicy_np
    call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int)
    return [fail() for kind in (_ATIME, _DATALESS) if call(kind, _PROCESS, _OFF)]


def registry(name: str) -> str:
    """Return a text (or bytes that are one) of IOPlatformExpertDevice, the machine's entry in the I/O Registry."""
    kit, core = library("IOKit"), library("CoreFoundation")
    kit.IOServiceMatching.restype = ctypes.c_void_p
    kit.IOServiceMatching.argtypes = (ctypes.c_char_p,)
    kit.IOServiceGetMatchingService.argtypes = (ctypes.c_uint, ctypes.c_void_p)
    kit.IOServiceGetMatchingService.restype = ctypes.c_uint
    kit.IORegistryEntryCreateCFProperty.argtypes = (ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint)
    kit.IORegistryEntryCreateCFProperty.restype = ctypes.c_void_p
    kit.IOObjectRelease.argtypes = (ctypes.c_uint,)
    core.CFRelease.argtypes = (ctypes.c_void_p,)
    service = kit.IOServiceGetMatchingService(0, kit.IOServiceMatching(b"IOPlatformExpertDevice"))
    if not service:
        raise fail(errno.ENOENT)
    key = _cf_string(name.encode())
    try:
        value = kit.IORegistryEntryCreateCFProperty(service, key, None, 0)
        if not value:
            raise fail(errno.ENOENT)
        try:
            return _cf_text(value)
        finally:
            core.CFRelease(value)
    finally:
        core.CFRelease(key)
        kit.IOObjectRelease(service)


def _cf_string(value: bytes) -> int:
    call = library("CoreFoundation").CFStringCreateWithCString
    call.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint)
    call.restype = ctypes.c_void_p
    made: int | None = call(None, value, _UTF8)
    if not made:
        raise fail(errno.EINVAL)
    return made


def _cf_text(value: int) -> str:
    core = library("CoreFoundation")
    for name in ("CFGetTypeID", "CFDataGetLength"):
        getattr(core, name).argtypes = (ctypes.c_void_p,)
        getattr(core, name).restype = ctypes.c_long
    for name in ("CFStringGetTypeID", "CFDataGetTypeID"):
        getattr(core, name).restype = ctypes.c_long
    kind = core.CFGetTypeID(value)
    if kind == core.CFStringGetTypeID():
        core.CFStringGetCString.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_long, ctypes.c_uint)
        core.CFStringGetCString.restype = ctypes.c_bool
        buffer = ctypes.create_string_buffer(_MAX_STRING)
        if core.CFStringGetCString(value, buffer, len(buffer), _UTF8):
            return buffer.value.decode("utf-8", "replace")
    elif kind == core.CFDataGetTypeID():
        core.CFDataGetBytePtr.argtypes = (ctypes.c_void_p,)
        core.CFDataGetBytePtr.restype = ctypes.c_void_p
        length = min(int(core.CFDataGetLength(value)), _MAX_STRING)
        return ctypes.string_at(core.CFDataGetBytePtr(value), length).rstrip(b"\0").decode("utf-8", "replace")
    raise fail(errno.EINVAL)


def hold_awake(reason: str) -> Callable[[], None]:
    """Hold off sleep for want of use and return what lets go; the system lets go by itself when this process ends."""
    kit, core = library("IOKit"), library("CoreFoundation")
    create = kit.IOPMAssertionCreateWithName
    create.argtypes = (ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)
    create.restype = ctypes.c_int
    core.CFRelease.argtypes = (ctypes.c_void_p,)
    number = ctypes.c_uint(0)
    kind, name = _cf_string(_NO_IDLE_SLEEP), _cf_string(reason.encode())
    try:
        if create(kind, _LEVEL_ON, name, ctypes.byref(number)):
            raise fail(errno.EPERM)
    finally:
        core.CFRelease(kind)
        core.CFRelease(name)
    kit.IOPMAssertionRelease.argtypes = (ctypes.c_uint,)

    def release() -> None:
        kit.IOPMAssertionRelease(number)

    return release


def may_draw() -> bool:
    """Tell whether the user allowed this program to see the screen (CGPreflightScreenCaptureAccess); asks nobody."""
    call = getattr(library("CoreGraphics"), "CGPreflightScreenCaptureAccess", None)
    if call is None:  # before macOS 10.15 everybody may
        return True
    call.restype = ctypes.c_bool
    return bool(call())
