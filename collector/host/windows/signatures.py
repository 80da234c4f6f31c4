"""What Windows says of a program's signature, from what it has at hand: no packet leaves, nothing is fetched.

Most programs of the system carry no signature of their own: a catalog has their digest. What Windows uses to judge is
named in the registry, and malware can name itself there (ATT&CK T1553.003): then it would run inside of us. So it is
looked at first, and where anything but the system's own library stands there, no signature is asked for.
"""
# ruff: noqa: E402 - what follows the assertion is for this system only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import os
import uuid
import winreg
from contextlib import suppress
from ctypes import wintypes
from typing import Final

from collector.host.windows import calls

VERDICTS: Final = {
    0: "valid",
    0x800B0100: "none",  # TRUST_E_NOSIGNATURE
    0x800B0003: "none",  # TRUST_E_SUBJECT_FORM_UNKNOWN
    0x80096010: "changed",  # TRUST_E_BAD_DIGEST
    0x800B0101: "expired",  # CERT_E_EXPIRED
    0x800B010C: "revoked",  # CERT_E_REVOKED
    0x800B0111: "distrusted",  # TRUST_E_EXPLICIT_DISTRUST
    0x800B0109: "untrusted",  # CERT_E_UNTRUSTEDROOT
    0x800B010A: "untrusted",  # CERT_E_CHAINING
}
"""Answers of WinVerifyTrust (winerror.h) in words of ours; any other is told by its number."""

_PE: Final = "{C689AAB8-8E78-11D0-8C47-00C04FC295EE}"
"""CRYPT_SUBJTYPE_PE_IMAGE (mssip.h)."""
_POLICY: Final = "{00AAC56B-CD44-11D0-8CC2-00C04FC295EE}"
"""WINTRUST_ACTION_GENERIC_VERIFY_V2 (softpub.h)."""
_SUBJECTS: Final = r"SOFTWARE\Microsoft\Cryptography\OID\EncodingType 0"
_PROVIDERS: Final = r"SOFTWARE\Microsoft\Cryptography\Providers\Trust"
_LIBRARIES: Final = (
    *((rf"{_SUBJECTS}\{one}\{_PE}", "Dll") for one in ("CryptSIPDllGetSignedDataMsg", "CryptSIPDllVerifyIndirectData")),
    *(
        (rf"{_PROVIDERS}\{one}\{_POLICY}", "$DLL")
        for one in ("Initialization", "Message", "Signature", "Certificate", "CertCheck", "FinalPolicy", "Cleanup")
    ),
)
"""Where the registry names what judges a program's signature."""

_NO_UI: Final = 2
_NO_REVOCATION: Final = 0
_FILE, _CATALOG = 1, 2
_VERIFY, _CLOSE = 1, 2
_OFFLINE: Final = 0x10 | 0x1000 | 0x2000
"""WTD_REVOCATION_CHECK_NONE, WTD_CACHE_ONLY_URL_RETRIEVAL, WTD_DISABLE_MD2_MD4 (wintrust.h)."""
_MAX_HASH: Final = 64
_NOBODY: Final = ctypes.c_void_p(-1).value


class _Guid(ctypes.Structure):
    """GUID (guiddef.h)."""

    _fields_ = (("first", ctypes.c_uint32), ("second", ctypes.c_uint16 * 2), ("last", ctypes.c_ubyte * 8))


class _File(ctypes.Structure):
    """WINTRUST_FILE_INFO (wintrust.h)."""

    _fields_ = (
        ("size", wintypes.DWORD),
        ("path", wintypes.LPCWSTR),
        ("handle", wintypes.HANDLE),
        ("subject", ctypes.POINTER(_Guid)),
    )


class _Catalog(ctypes.Structure):
    """WINTRUST_CATALOG_INFO (wintrust.h); `admin` came with Windows 8."""

    _fields_ = (
        ("size", wintypes.DWORD),
        ("version", wintypes.DWORD),
        ("catalog", wintypes.LPCWSTR),
        ("tag", wintypes.LPCWSTR),
        ("path", wintypes.LPCWSTR),
        ("handle", wintypes.HANDLE),
        ("hash", ctypes.c_void_p),
        ("length", wintypes.DWORD),
        ("context", ctypes.c_void_p),
        ("admin", wintypes.HANDLE),
    )


class _Data(ctypes.Structure):
    """WINTRUST_DATA (wintrust.h), without what Windows 8 added."""

    _fields_ = (
        ("size", wintypes.DWORD),
        ("callback", ctypes.c_void_p),
        ("client", ctypes.c_void_p),
        ("ui", wintypes.DWORD),
        ("revocation", wintypes.DWORD),
        ("choice", wintypes.DWORD),
        ("what", ctypes.c_void_p),
        ("action", wintypes.DWORD),
        ("state", wintypes.HANDLE),
        ("url", ctypes.c_void_p),
        ("flags", wintypes.DWORD),
        ("context", wintypes.DWORD),
    )


class _CatalogFile(ctypes.Structure):
    """CATALOG_INFO (mscat.h)."""

    _fields_ = (("size", wintypes.DWORD), ("path", ctypes.c_wchar * 260))


_H, _D, _P, _W, _B = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, wintypes.LPCWSTR, wintypes.BOOL
_verify = calls.function("wintrust", "WinVerifyTrust", ctypes.c_uint32, _H, _P, _P)
_acquire = calls.function("wintrust", "CryptCATAdminAcquireContext", _B, _P, _P, _D)
_release = calls.function("wintrust", "CryptCATAdminReleaseContext", _B, _H, _D)
_hash = calls.function("wintrust", "CryptCATAdminCalcHashFromFileHandle", _B, _H, _P, _P, _D)
_find = calls.function("wintrust", "CryptCATAdminEnumCatalogFromHash", _H, _H, _P, _D, _D, _P)
_told = calls.function("wintrust", "CryptCATCatalogInfoFromContext", _B, _H, _P, _D)
_let_go = calls.function("wintrust", "CryptCATAdminReleaseCatalogContext", _B, _H, _H, _D)


def replaced() -> bool | None:
    """Tell whether anything but the system's own library would judge; `None` where nothing is named at all."""
    known = False
    for key, name in _LIBRARIES:
        for view in (winreg.KEY_WOW64_64KEY, winreg.KEY_WOW64_32KEY):
            with (
                suppress(FileNotFoundError),
                winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, access=winreg.KEY_READ | view) as opened,
            ):
                known = True
                if not is_ours(str(winreg.QueryValueEx(opened, name)[0])):
                    return True
    return False if known else None


def is_ours(library: str) -> bool:
    """Tell whether a library's name means the system's own: alone, or in its folder, however that is written."""
    folder, _, name = library.lower().rpartition("\\")
    root = os.path.dirname(_system_folder()).lower()
    folders = {"", *(rf"{top}\{one}" for top in (root, "%systemroot%", "%windir%") for one in ("system32", "syswow64"))}
    return name == "wintrust.dll" and folder in folders


def _system_folder() -> str:
    ask = calls.function("kernel32", "GetSystemDirectoryW", wintypes.UINT, _P, wintypes.UINT)
    buffer = ctypes.create_unicode_buffer(wintypes.MAX_PATH)
    ask(buffer, wintypes.MAX_PATH)
    return buffer.value


def verdict(path: str, handle: int) -> str:
    """Return what Windows says of an open program: see `executables`, `signature`. The path is only a name here."""
    answer = _of_file(path, handle)
    if VERDICTS.get(answer) != "none":
        return VERDICTS.get(answer, f"error {answer:08x}")
    by_catalog = _of_catalog(path, handle, "SHA256")
    if by_catalog is None:
        by_catalog = _of_catalog(path, handle, None)
    if by_catalog is None:
        return "none"
    if by_catalog == 0:
        return "valid_by_catalog"
    return VERDICTS.get(by_catalog, f"error {by_catalog:08x}")


def _of_file(path: str, handle: int) -> int:
    subject = _guid(_PE)  # so that no other library is asked whether the file is one of its own
    what = _File(ctypes.sizeof(_File), path, handle, ctypes.pointer(subject))
    return _asked(_FILE, ctypes.addressof(what))


def _of_catalog(path: str, handle: int, algorithm: str | None) -> int | None:
    """Return the answer for a file that a catalog of the system names by its digest; `None` where none does.

    Catalogs of Windows 8 and later name it by SHA-256, those before by SHA-1 (`None`).
    """
    admin = wintypes.HANDLE()
    digest, length = (ctypes.c_ubyte * _MAX_HASH)(), wintypes.DWORD(_MAX_HASH)
    if not _admitted(admin, algorithm):
        return None
    try:
        if not _hashed(admin, handle, length, digest, algorithm):
            return None
        catalog = _find(admin, digest, length.value, 0, None)
        if not catalog:
            return None
        try:
            info = _CatalogFile(ctypes.sizeof(_CatalogFile))
            if not _told(catalog, ctypes.byref(info), 0):
                return None
            tag = bytes(digest[: length.value]).hex().upper()
            size = _Catalog.admin.offset if algorithm is None else ctypes.sizeof(_Catalog)
            place = ctypes.addressof(digest)
            what = _Catalog(size, 0, info.path, tag, path, handle, place, length.value, None, admin)
            return _asked(_CATALOG, ctypes.addressof(what))
        finally:
            _let_go(admin, catalog, 0)
    finally:
        _release(admin, 0)


def _admitted(admin: wintypes.HANDLE, algorithm: str | None) -> bool:
    """Open the catalogs of the system; tells whether they are to be had."""
    if algorithm is None:
        return bool(_acquire(ctypes.byref(admin), None, 0))
    with suppress(OSError):  # before Windows 8
        acquire = calls.function("wintrust", "CryptCATAdminAcquireContext2", _B, _P, _P, _W, _P, _D)
        return bool(acquire(ctypes.byref(admin), None, algorithm, None, 0))
    return False


def _hashed(
    admin: wintypes.HANDLE, handle: int, length: wintypes.DWORD, digest: ctypes.Array[ctypes.c_ubyte],
    algorithm: str | None,
) -> bool:  # fmt: skip
    """Have the digest made by which catalogs name a file; tells whether it was."""
    if algorithm is None:
        return bool(_hash(handle, ctypes.byref(length), digest, 0))
    with suppress(OSError):  # Wine 8.0 has no such function
        make = calls.function("wintrust", "CryptCATAdminCalcHashFromFileHandle2", _B, _H, _H, _P, _P, _D)
        return bool(make(admin, handle, ctypes.byref(length), digest, 0))
    return False


def _asked(choice: int, what: int) -> int:
    """Ask for a verdict: no window, no revocation list, no address is fetched; then let its state go."""
    policy = _guid(_POLICY)
    data = _Data(ctypes.sizeof(_Data))
    data.ui, data.revocation, data.choice, data.what = _NO_UI, _NO_REVOCATION, choice, what
    data.action, data.flags = _VERIFY, _OFFLINE
    answer = int(_verify(_NOBODY, ctypes.byref(policy), ctypes.byref(data)))
    data.action = _CLOSE
    _verify(_NOBODY, ctypes.byref(policy), ctypes.byref(data))
    return answer


def _guid(text: str) -> _Guid:
    return _Guid.from_buffer_copy(uuid.UUID(text).bytes_le)
