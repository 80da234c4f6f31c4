"""What our own definitions for Windows find there, planted as ransomware and its operators leave it."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("Windows, here under Wine", allow_module_level=True)

import winreg

from test_windows_artifacts import Taken, definition
from test_windows_registry import remove

from collector import profiles as kinds
from collector.host.windows import artifacts, keys, profiles
from collector.model import Blob, Gap, Profile, Request
from collector.sources.artifacts import chosen

DESKTOP = "Control Panel\\Desktop"


def run(*names: str, profile: Profile | None = None) -> tuple[list[dict], list[dict], dict[str, bytes], list[Gap]]:
    """Return rows of the registry, rows of files, copies by path, and gaps of some definitions, or of a profile."""
    request = Request(0, profile=profile or Profile("test", names))
    registry: list[dict] = []
    files: list[dict] = []
    copies: dict[str, bytes] = {}
    gaps: list[Gap] = []
    for item in keys.rows(request, chosen(request, "Windows")):
        (gaps if isinstance(item, Gap) else registry).append(item)
    for item in artifacts.items(request, chosen(request, "Windows")):
        if isinstance(item, Blob):
            copies[item.row["path"]] = b"".join(item.chunks)
            files.append(item.row)
        else:
            (gaps if isinstance(item, Gap) else files).append(item)
    return registry, files, copies, gaps


@contextlib.contextmanager
def value(root, path, name, kind, data):
    """Set a value while the block runs, and put back what was there."""
    with winreg.CreateKey(root, path) as key:
        before = None
        with contextlib.suppress(OSError):
            before = winreg.QueryValueEx(key, name)
        winreg.SetValueEx(key, name, 0, kind, data)
        try:
            yield
        finally:
            if before is None:
                winreg.DeleteValue(key, name)
            else:
                winreg.SetValueEx(key, name, 0, before[1], before[0])


@pytest.mark.parametrize("key", profiles._PICTURES)
def test_the_ransom_wallpaper_is_copied_wherever_it_lies(tmp_path, key):
    """The value that names it, and the very picture: set by the user's own key or by a policy."""
    picture = tmp_path / "RANÇON.bmp"
    picture.write_bytes(b"BM" + b"pay" * 100)
    with value(winreg.HKEY_CURRENT_USER, key, "Wallpaper", winreg.REG_SZ, str(picture)):
        registry, _, copies, _ = run("CollectWindowsMarks")
    assert copies[str(picture)] == picture.read_bytes()
    assert str(picture) in [row["data"] for row in registry]


@pytest.mark.parametrize("path", ["\\\\attacker\\share\\pay.bmp", "..\\x.bmp", "", "C:\\", "\x00"])
def test_a_wallpaper_elsewhere_is_told_and_not_fetched(path):
    """On a server, nowhere, the whole drive: the value is evidence, and nothing is opened for it."""
    with value(winreg.HKEY_CURRENT_USER, DESKTOP, "Wallpaper", winreg.REG_SZ, path):
        registry, files, _, gaps = run("CollectWindowsMarks")
    assert [row["outcome"] for row in files] == ["absent"]
    assert [gap for gap in gaps if gap.outcome != "absent"] == []
    assert any(row["value"] == "Wallpaper" for row in registry)


def test_recovery_that_was_switched_off_is_told():
    """`bcdedit /set {default} recoveryenabled no` and `bootstatuspolicy ignoreallfailures`, as the hive has them.

    The elements are made here, after "BcdLibraryElementTypes" and "BcdOSLoaderElementTypes" (Windows SDK, bcd).
    """
    above = "BCD00000000\\Objects\\{5189b25c-5558-4bf2-bca4-289b11bd29e2}"
    try:
        with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, f"{above}\\Elements\\16000009") as key:
            winreg.SetValueEx(key, "Element", 0, winreg.REG_BINARY, b"\x00")
        with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, f"{above}\\Elements\\250000e0") as key:
            winreg.SetValueEx(key, "Element", 0, winreg.REG_BINARY, b"\x01" + bytes(7))
        registry, _, _, _ = run("CollectWindowsRecovery")
    finally:
        remove(winreg.HKEY_LOCAL_MACHINE, "BCD00000000")
    found = {row["key"].rpartition("\\")[2]: row["data"] for row in registry if row["outcome"] == "collected"}
    assert found == {"16000009": "00", "250000e0": "0100000000000000"}


def test_that_nothing_is_there_is_a_row():
    """No shadow copy, by the kernel and by the files: evidence, not silence."""
    _, files, _, gaps = run("CollectWindowsShadowCopies")
    assert [(row["definition"], row["outcome"]) for row in files] == [("CollectWindowsShadowCopies", "absent")]
    assert gaps == []


def test_devices_of_the_kernel_are_listed_and_not_opened():
    """As shadow copies are: a volume of this machine, by the kernel's own name."""
    taken = Taken(definition("\\Device\\harddiskvolume[0-9]*", kind="PATH"), definition("\\Device\\HarddiskVolume1"))
    told = [(row["path"], row["type"], row["outcome"]) for row in taken.rows]
    assert told[0] == told[-1] == ("\\Device\\HarddiskVolume1", "block", "listed")
    assert (taken.copies, taken.gaps) == ([], [])


def test_a_key_that_is_a_value_is_found():
    """Published definitions name values as if they were keys: `ProfilesDirectory` of the list of profiles is one."""
    registry, _, _, _ = run("AllUsersProfileEnvironmentVariable")
    told = [(row["value"], row["outcome"]) for row in registry]
    assert ("ProfilesDirectory", "collected") in told


SECRET = re.compile(r"(sam|security)(\*|\.(log.*|sav))?|ntds\.dit.*|login data.*|cookies.*", re.IGNORECASE)
"""Names of hives and databases that hold passwords, hashes or cookies."""

TRACES = {
    "CollectWindowsTasks": ("%systemroot%\\System32\\Tasks\\Mise à jour\\évil", "<Task/>"),
    "CollectPowerShellHistories": (
        *("%appdata%\\Microsoft\\Windows\\PowerShell\\PSReadLine\\ConsoleHost_history.txt", "vssadmin delete shadows"),
    ),
    "CollectWindowsStartupFolders": ("%startup%\\lire-moi.vbs", "x"),
    "CollectWindowsExecution": ("%systemroot%\\Prefetch\\EVIL.EXE-12345678.pf", "MAM"),
    "CollectWindowsDroppedScripts": ("%public%\\Pictures\\go.ps1", "x"),
    "CollectWindowsMainEventLogs": ("%systemroot%\\System32\\winevt\\Logs\\Security.evtx", "ElfFile"),
    "CollectAnyDesk": ("%programdata%\\AnyDesk\\connection_trace.txt", "Incoming"),
    "CollectChromiumHistories": ("%localappdata%\\Google\\Chrome\\User Data\\Default\\History", "SQLite"),
    "CollectWindowsLastOpened": ("%recent%\\dossier.lnk", "L"),
    "CollectWindowsNetworkFiles": ("%systemroot%\\System32\\drivers\\etc\\hosts", "127.0.0.1 x"),
    "CollectWindowsDefenderLogs": ("%programdata%\\Microsoft\\Windows Defender\\Support\\MPLog-1.log", "x"),
    "CollectWindowsHives": ("%userprofile%\\NTUSER.DAT", "regf"),
}
"""Where each leaves its trace, and what stands in it."""


@pytest.mark.parametrize("name", TRACES)
def test_traces_are_copied_from_where_windows_keeps_them(name):
    """Each definition finds the file that it is there for, and its row names it."""
    place, text = TRACES[name]
    facts = profiles.profiles().facts
    user = next(user for user in facts.users if "users.sid" in user)
    known = {key.rpartition("_")[2]: os.fsdecode(path) for key, path in facts.environ.items()}
    known |= {key.rpartition(".")[2]: os.fsdecode(path) for key, path in user.items()}
    path = Path(profiles._expanded(place, known))
    made = [above for above in path.parents if not above.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes() if path.exists() else None
    path.write_text(text)
    try:
        _, files, copies, _ = run(name)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
        for folder in made:
            folder.rmdir()
    assert copies[str(path)] == text.encode()
    assert [row["definition"] for row in files if row["path"] == str(path)] == [name]


def test_a_profile_is_gone_through_to_its_end():
    """Triage takes what it names without a failure, and no definition is refused as a whole."""
    registry, files, _, gaps = run(profile=kinds.named("triage"))
    assert {row["outcome"] for row in (*registry, *files)} <= {"collected", "absent", "empty", "again", "listed"}
    assert [gap for gap in gaps if gap.outcome not in ("absent", "locked")] == []


def test_no_profile_takes_passwords():
    """Hives of passwords and secrets are never looked for, whatever group names them."""
    for name in kinds.NAMES:
        request = Request(0, profile=kinds.named(name))
        for one in chosen(request, "Windows"):
            for source in one.sources:
                for path in source.paths if one.applies(source, "Windows") else ():
                    assert not SECRET.fullmatch(path.rpartition("\\")[2]), path
                for key, _ in source.values:
                    assert not key.upper().startswith(("HKEY_LOCAL_MACHINE\\SECURITY", "HKEY_LOCAL_MACHINE\\SAM"))
