"""What definitions name in the registry is told byte for byte, and nobody hides from it or leads it astray.

Keys are planted through winreg and, where Win32 can't (names with a NUL, links), through the kernel's own calls.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import ctypes
import winreg
from ctypes import wintypes

from collector import definitions
from collector.host.windows import keys, profiles, registry, volumes
from collector.model import Budget, Gap, Outcome, Profile, Request
from collector.sources.registry import RegistrySource
from collector.text import to_bytes

HOME = "Software\\évidence"
RUN = "Software\\Microsoft\\Windows\\CurrentVersion\\Run"


def definition(*named: str | tuple[str, str], name: str = "Mine") -> definitions.Definition:
    """Return a definition of keys, or of pairs of a key and a value."""
    if isinstance(named[0], tuple):
        source = definitions.Source("REGISTRY_VALUE", 1, values=named)
    else:
        source = definitions.Source("REGISTRY_KEY", 1, keys=named)
    return definitions.Definition(name, "", (source,), "mine.yaml", 1)


class Taken:
    """What a pass over definitions yielded."""

    def __init__(self, *chosen: definitions.Definition, **budget: int) -> None:
        profile = Profile("test", budgets={"registry": Budget(**budget)})
        items = list(keys.rows(Request(0, profile=profile), chosen))
        self.rows = [item for item in items if isinstance(item, dict)]
        self.gaps = [item for item in items if isinstance(item, Gap)]
        assert all(list(row) == list(RegistrySource.columns) for row in self.rows)

    def told(self) -> list[tuple]:
        return [(row["value"], row["type"], row["data"], row["flags"]) for row in self.rows]


def sid() -> str:
    """Return the SID under which our own keys stand."""
    return next(os.fsdecode(user["users.sid"]) for user in profiles.profiles().keys.users)


def remove(parent, name):
    """Delete a key and all below it."""
    with contextlib.suppress(FileNotFoundError):
        with winreg.OpenKey(parent, name, 0, winreg.KEY_ALL_ACCESS) as key, contextlib.suppress(OSError):
            while True:
                remove(key, winreg.EnumKey(key, 0))
        winreg.DeleteKey(parent, name)


@pytest.fixture
def planted():
    """Return a key of ours under HKEY_LOCAL_MACHINE that is deleted afterwards."""
    remove(winreg.HKEY_LOCAL_MACHINE, HOME)
    with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, HOME) as key:
        yield key
    remove(winreg.HKEY_LOCAL_MACHINE, HOME)


def below(*names: str) -> str:
    return "\\".join(["HKEY_LOCAL_MACHINE", HOME, *names])


def native_name(text: str):
    raw = text.encode("utf-16-le", "surrogatepass")
    buffer = ctypes.create_string_buffer(raw, len(raw) + 2)
    return registry._Name(len(raw), len(raw), ctypes.addressof(buffer)), buffer


def set_native(key, name: str, kind: int, raw: bytes) -> int:
    """Set a value by a name that may hold a NUL."""
    told, _buffer = native_name(name)
    return ctypes.WinDLL("ntdll").NtSetValueKey(
        wintypes.HANDLE(int(key)), ctypes.byref(told), 0, kind, raw, len(raw)
    ) & 0xFFFFFFFF  # fmt: skip


def create_native(key, name: str, options: int = 0):
    """Create a key by a name that may hold a NUL, or as a link; return status and handle."""
    told, _buffer = native_name(name)
    attributes = registry._Attributes(48, int(key), ctypes.pointer(told), 0x40 | (0x100 if options else 0), None, None)
    handle = wintypes.HANDLE()
    call = ctypes.WinDLL("ntdll").NtCreateKey
    call.argtypes = [ctypes.c_void_p, wintypes.DWORD, ctypes.c_void_p, wintypes.ULONG, *[ctypes.c_void_p] * 1,
                     wintypes.ULONG, ctypes.c_void_p]  # fmt: skip
    status = call(ctypes.byref(handle), 0xF003F, ctypes.byref(attributes), 0, None, options, None)
    return status & 0xFFFFFFFF, handle


def test_a_run_key_is_told_with_its_accents():
    """Each user's run key, as the profile's own definition names it: text, time and all."""
    started = time.time_ns()
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN) as key:
        winreg.SetValueEx(key, "Démarrage été", 0, winreg.REG_SZ, "C:\\Users\\Émile\\rançon.exe /à")
        try:
            taken = Taken(definition(f"HKEY_USERS\\%%users.sid%%\\{RUN}"))
            again = Taken(definition(f"hkey_current_user\\{RUN.upper()}\\*"))
        finally:
            winreg.DeleteValue(key, "Démarrage été")
    (row,) = [row for row in taken.rows if row["value"] == "Démarrage été"]
    assert row["data"] == "C:\\Users\\Émile\\rançon.exe /à"
    assert (row["type"], row["outcome"], row["definition"]) == ("REG_SZ", "collected", "Mine")
    assert row["key"] == f"HKEY_USERS\\{sid()}\\{RUN}"
    assert started - 10**10 < int(row["written_ns"]) < time.time_ns() + 10**10
    assert row["size"] == 2 * len("C:\\Users\\Émile\\rançon.exe /à") + 2
    assert "Démarrage été" in [row["value"] for row in again.rows], "`*` stands for values, too, in either case"


def test_every_type_is_kept(planted):
    """Numbers are numbers, lists are lists, bytes are hexadecimal digits, the unnamed value has the empty name."""
    for name, kind, data in (
        ("", winreg.REG_SZ, "unnamed"),
        ("d", winreg.REG_DWORD, 0xFFFFFFFF),
        ("q", winreg.REG_QWORD, 2**64 - 1),
        ("m", winreg.REG_MULTI_SZ, ["un", "deux"]),
        ("b", winreg.REG_BINARY, b"\x00\xff"),
        ("e", winreg.REG_EXPAND_SZ, "%SystemRoot%\\x"),
        ("n", winreg.REG_NONE, None),
    ):
        winreg.SetValueEx(planted, name, 0, kind, data)
    assert sorted(Taken(definition(below())).told()) == [
        ("", "REG_SZ", "unnamed", []),
        ("b", "REG_BINARY", "00ff", []),
        ("d", "REG_DWORD", 0xFFFFFFFF, []),
        ("e", "REG_EXPAND_SZ", "%SystemRoot%\\x", []),
        ("m", "REG_MULTI_SZ", ["un", "deux"], []),
        ("n", "REG_NONE", "", []),
        ("q", "REG_QWORD", str(2**64 - 1), []),
    ]


def test_what_hides_behind_a_nul_is_told(planted):
    """The trick of Poweliks: names that programs of Windows can't open, and text behind the end of a text."""
    assert set_native(planted, "\0run", 1, "C:\\evil.exe\0".encode("utf-16-le")) == 0
    assert set_native(planted, "open", 1, "seen\0hidden\0".encode("utf-16-le")) == 0
    status, handle = create_native(planted, "sub\0key")
    assert status == 0
    assert set_native(handle.value, "v", 4, b"\x07\0\0\0") == 0
    taken = Taken(definition(below("**3")))
    assert sorted(taken.told()) == [
        ("\0run", "REG_SZ", "C:\\evil.exe", ["hidden-name"]),
        ("open", "REG_SZ", "seen\0hidden", []),
        ("v", "REG_DWORD", 7, ["hidden-name"]),
    ]
    assert [row["key"] for row in taken.rows if row["value"] == "v"] == [below("sub\0key")]
    ctypes.WinDLL("ntdll").NtDeleteKey(handle)


def test_patterns_find_what_they_name(planted):
    """`*` one level and the values above it, `**2` two levels, case does not matter, and nothing beyond."""
    for path, value in (("a\\b\\c", "deep"), ("a\\b", "mid"), ("a", "top"), ("ax\\b", "other"), ("z", "no")):
        with winreg.CreateKey(planted, path) as key:
            winreg.SetValueEx(key, value, 0, winreg.REG_SZ, "x")
    winreg.SetValueEx(planted, "root", 0, winreg.REG_SZ, "x")
    winreg.SetValueEx(planted, "a-root", 0, winreg.REG_SZ, "x")

    def values(*patterns):
        return sorted(row["value"] or "" for row in Taken(definition(*patterns)).rows)

    assert values(below("A")) == ["top"]
    assert values(below("*")) == ["", "a-root", "no", "root", "top"]
    assert values(below("A*")) == ["", "a-root", "top"]
    assert values(below("a*", "B")) == ["mid", "other"]
    assert values(below("**2")) == ["", "a-root", "mid", "no", "other", "root", "top"]
    assert values(below("**", "b")) == ["mid", "other"]
    assert values(below("?")) == ["no", "top"]
    assert values(below("[z]")) == ["no"]


def test_values_are_named_in_either_case_and_by_pattern(planted):
    """One value, several by a pattern, the unnamed one; a value that is not there is told as absent."""
    for name in ("Item 1", "Item 2", "Other", ""):
        winreg.SetValueEx(planted, name, 0, winreg.REG_SZ, "x")
    taken = Taken(definition((below(), "item *"), (below(), "OTHER"), (below(), ""), (below(), "none")))
    told = [(row["value"], row["outcome"], row["key"]) for row in taken.rows]
    assert told == [
        ("Item 1", "collected", below()),
        ("Item 2", "collected", below()),
        ("Other", "collected", below()),
        ("", "collected", below()),
        ("none", "absent", below()),
    ]


@pytest.mark.parametrize("name", ["n" * 16_383, "half\ud83d", "\x1b[2J\r\n", "a\u202egnp.exe", "\\path\\like\\"])
def test_hostile_names_of_values_are_told(planted, name):
    """The longest there may be, half a character, what moves a cursor or turns the reading direction."""
    assert set_native(planted, name, 4, b"\x01\0\0\0") == 0
    (row,) = Taken(definition(below())).rows
    assert to_bytes(row["value"]) == name.encode("utf-8", "surrogatepass")


def test_a_chain_of_keys_ends_by_its_levels(planted):
    """Keys 60 deep, half a character in their names: `**` goes ten down, and all is closed again."""
    path = "\\".join(["k\ud83d"] * 60)
    with winreg.CreateKey(planted, path):
        pass
    taken = Taken(definition(below("**")), definition(below("**", "none")))
    assert len([row for row in taken.rows if row["outcome"] == "empty"]) == 11
    assert taken.gaps == []


def test_a_value_of_many_keys_is_not_that_of_the_key_before(planted):
    r"""`Services\*` and a value: of the services, not of `Services` itself."""
    for path in ("one", "two"):
        with winreg.CreateKey(planted, path) as key:
            winreg.SetValueEx(key, "Path", 0, winreg.REG_SZ, path)
    winreg.SetValueEx(planted, "Path", 0, winreg.REG_SZ, "above")
    assert [row["data"] for row in Taken(definition((below("*"), "path"))).rows] == ["one", "two"]


def test_absent_empty_and_again_are_not_the_same(planted):
    """No key, a key without values, and a key that another definition named before."""
    with winreg.CreateKey(planted, "empty\\child"):
        pass
    first = definition(below("none"), below("empty"), name="First")
    second = definition(below("EMPTY"), name="Second")
    told = [(row["definition"], row["outcome"], row["subkeys"]) for row in Taken(first, second).rows]
    assert told == [("First", "absent", None), ("First", "empty", 1), ("Second", "again", None)]


def test_a_link_that_was_found_is_told_and_not_followed(planted):
    """A link to its own parent would lead round for ever."""
    with winreg.CreateKey(planted, "in") as inside:
        winreg.SetValueEx(inside, "v", 0, winreg.REG_SZ, "x")
        status, handle = create_native(inside, "round", 0x2)
        assert status == 0
        target = f"\\Registry\\Machine\\{HOME}".encode("utf-16-le")
        assert set_native(handle.value, "SymbolicLinkValue", registry.LINK, target) == 0
        try:
            taken = Taken(definition(below("**9")))
        finally:
            ctypes.WinDLL("ntdll").NtDeleteKey(handle)
    assert [(row["value"], row["type"]) for row in taken.rows] == [
        (None, "key"), ("v", "REG_SZ"), ("SymbolicLinkValue", "REG_LINK"),
    ]  # fmt: skip
    assert taken.rows[2]["data"] == f"\\Registry\\Machine\\{HOME}"


def test_a_named_link_is_followed():
    """CurrentControlSet is one, and what definitions ask for is behind it."""
    taken = Taken(definition("HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Control\\Session Manager\\Environment"))
    assert "ComSpec" in [row["value"] for row in taken.rows]


def test_large_values_and_budgets_are_bounded(planted):
    """A value of 2 MiB is cut and its size told; past the bytes in all, the row stays and its data doesn't."""
    winreg.SetValueEx(planted, "big", 0, winreg.REG_BINARY, b"\xab" * (2 << 20))
    winreg.SetValueEx(planted, "small", 0, winreg.REG_SZ, "x")
    taken = Taken(definition(below()))
    assert [(row["value"], row["size"], row["flags"]) for row in taken.rows] == [
        ("big", 2 << 20, ["cut"]), ("small", 4, []),
    ]  # fmt: skip
    assert taken.rows[0]["data"] == "ab" * (512 << 10)
    assert [gap.outcome for gap in taken.gaps] == [Outcome.OVER_LIMIT]
    short = Taken(definition(below()), bytes=10)
    assert [(row["value"], row["outcome"], row["data"]) for row in short.rows] == [
        ("big", "over_limit", None), ("small", "collected", "x"),
    ]  # fmt: skip
    assert [gap.outcome for gap in short.gaps] == [Outcome.OVER_LIMIT]


def test_keys_without_end_end_by_the_limit(planted, monkeypatch):
    """Somebody who fills a key makes a gap, no long run."""
    for number in range(20):
        with winreg.CreateKey(planted, f"k{number:02}"):
            pass
    monkeypatch.setattr(keys, "MAX_KEYS", 5)
    taken = Taken(definition(below("*")))
    assert len(taken.rows) == 4
    assert [gap.outcome for gap in taken.gaps] == [Outcome.OVER_LIMIT]
    monkeypatch.setattr(keys, "MAX_NAMES", 3)
    assert "more than 3 keys" in Taken(definition(below("*"))).gaps[0].reason


def test_time_that_is_over_is_a_gap(planted):
    """What was not looked for is counted."""
    taken = Taken(definition(below()), seconds=0)
    assert (taken.rows, [gap.outcome for gap in taken.gaps]) == ([], [Outcome.TIMED_OUT])


@pytest.fixture
def profile(planted):
    """Return the key of a profile that is planted in the list of profiles."""
    path = f"{profiles._LIST.partition(chr(92))[2]}\\S-1-5-21-1-2-3-1001"
    with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
        yield key
    remove(winreg.HKEY_LOCAL_MACHINE, path)


def test_a_user_who_is_not_logged_on_is_a_gap(profile):
    """His keys lie in a file: told once, with where it is, and his folders are still looked into."""
    winreg.SetValueEx(profile, "ProfileImagePath", 0, winreg.REG_EXPAND_SZ, "%SystemDrive%\\users\\Zoé")
    found = profiles.profiles()
    assert b"C:\\users\\Zo\xc3\xa9\\AppData\\Local" in [user["users.localappdata"] for user in found.facts.users]
    assert b"S-1-5-21-1-2-3-1001" not in [user.get("users.sid") for user in found.keys.users]
    assert [(gap.outcome, gap.subject) for gap in found.gaps] == [
        (Outcome.ABSENT, "S-1-5-21-1-2-3-1001 C:\\users\\Zoé")
    ]


@pytest.mark.parametrize(
    "path",
    [
        *("\\\\server\\profiles\\anne", "C:\\", "C:\\users\\..\\windows", "C:relative"),
        *("\\users\\x", "", "Q:\\x", "C:\\a*b"),
    ],
)
def test_a_profile_that_leads_astray_is_not_touched(profile, path):
    """On another machine, the whole drive, upwards, on no drive: a gap, and no path of it."""
    winreg.SetValueEx(profile, "ProfileImagePath", 0, winreg.REG_SZ, path)
    found = profiles.profiles()
    assert [gap.outcome for gap in found.gaps] == [Outcome.UNSUPPORTED]
    assert b"S-1-5-21-1-2-3-1001" not in [user.get("users.sid") for user in found.facts.users]


def test_folders_that_were_moved_count_beside_the_usual_ones():
    """A user whose AppData lies on another drive has both looked into."""
    path = profiles._MOVED
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, path) as key:
        before = None
        with contextlib.suppress(OSError):
            before = winreg.QueryValueEx(key, "AppData")
        winreg.SetValueEx(key, "AppData", 0, winreg.REG_EXPAND_SZ, "%USERPROFILE%\\ailleurs")
        try:
            found = [user["users.appdata"] for user in profiles.profiles().facts.users if user.get("users.sid")]
        finally:
            if before is None:
                winreg.DeleteValue(key, "AppData")
            else:
                winreg.SetValueEx(key, "AppData", 0, before[1], before[0])
    assert [path.rpartition(b"\\")[2] for path in found] == [b"Roaming", b"ailleurs"]


def test_our_own_environment_is_never_asked(monkeypatch):
    """Whoever started us may have set it to anything."""
    for name in ("SystemRoot", "windir", "ProgramData", "ProgramFiles", "USERPROFILE", "APPDATA", "TEMP"):
        monkeypatch.setenv(name, "C:\\lie")
    found = profiles.profiles().facts
    told = [*found.environ.values(), *(path for user in found.users for path in user.values())]
    assert not [path for path in told if b"lie" in path]
    assert found.environ["environ_systemroot"].lower() == b"c:\\windows"


def test_another_root_is_a_gap():
    """A definition with a typing error in its root is not quietly nothing."""
    taken = Taken(definition("HKEY_LOCAL_MASHINE\\Software"))
    assert [gap.outcome for gap in taken.gaps] == [Outcome.UNSUPPORTED]
    assert [row["outcome"] for row in taken.rows] == ["unsupported"]


def test_no_drive_of_the_network_is_asked_what_it_is(monkeypatch):
    """What a letter stands for is looked up; nothing of it is opened, and no server hears of us."""
    real = volumes.target

    def target(letter):
        return "\\Device\\LanmanRedirector\\;Z:0\\server\\share" if letter == "Z:" else real(letter)

    monkeypatch.setattr(volumes, "target", target)
    assert "C:" in profiles.local_drives()
    assert "Z:" not in profiles.local_drives()
