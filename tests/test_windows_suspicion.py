"""What is suspect of a program of Windows, where its paths lead, and its memory as a minidump: pure, on any system."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import suspicion, suspicion_rules
from collector.suspicion import HostFacts, ProcessFacts
from collector.winformats import judged, minidump

RULES = suspicion_rules.suspicion(suspicion_rules.WINDOWS)
HOST = HostFacts(homes=("/users/zoé",), asked=("/dossiers",))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (r"C:\Windows\System32\svchost.exe", "/windows/system32/svchost.exe"),
        (r"c:/Program Files/A\b.exe", "/program files/a/b.exe"),
        (r"\\?\C:\Users\Zoé\AppData\Local\Temp\x.exe", "/users/zoé/.appdata/local/temp/x.exe"),
        (r"C:\Users\Zoé\Documents\AppData\x.exe", "/users/zoé/documents/appdata/x.exe"),
        (r"D:\Données\x.exe", "/mnt/d/données/x.exe"),
        ("\\\\Serveur\\Partage\\x.exe", "/mnt/unc/serveur/partage/x.exe"),
        (r"\\?\UNC\Serveur\Partage\x.exe", "/mnt/unc/serveur/partage/x.exe"),
        ("C:", "/"),
        ("D:", "/mnt/d/"),
        ("\ud800.exe", "\ud800.exe"),
    ],
)
def test_paths_are_turned_into_the_judges_form(path, told):
    """Drive of the system, other drives, shares, long forms, and what is hidden in a home."""
    assert judged.judged(path) == told


@given(st.text())
def test_no_path_stops_the_judge(path):
    """Whatever a program is called: a form, and a judgement."""
    facts = ProcessFacts(1, "a", exe=judged.judged(path))
    assert suspicion.judge(facts, HOST, RULES).score >= 0


@pytest.mark.parametrize(
    ("exe", "arguments", "script"),
    [
        ("powershell.exe", ["-NoP", "-ExecutionPolicy", "Bypass", "-File", r"C:\a b.ps1", "x"], r"C:\a b.ps1"),
        ("powershell.exe", ["-ep", "bypass", r"C:\a.ps1"], r"C:\a.ps1"),
        ("powershell.exe", ["-w", "hidden", "-enc", "SQBFAFgA"], None),
        ("powershell.exe", ["-e", "SQBFAFgA"], None),
        ("pwsh.exe", ["-Command", "Get-Process"], None),
        ("wscript.exe", ["//B", "//Nologo", r"C:\Users\Zoé\facture.js"], r"C:\Users\Zoé\facture.js"),
        ("mshta.exe", ["https://example.org/a.hta"], None),
        ("mshta.exe", ["javascript:close()"], None),
        ("rundll32.exe", [r"C:\ProgramData\a.dll,Start", "1"], r"C:\ProgramData\a.dll"),
        ("regsvr32.exe", ["/s", "/n", r"C:\a.dll"], r"C:\a.dll"),
        ("cmd.exe", ["/d", "/c", r'"C:\Users\Public\go.bat" now'], r"C:\Users\Public\go.bat"),
        ("cmd.exe", ["/c", "dir"], None),
        ("python.exe", ["-X", "utf8", "go.py"], r"C:\work\go.py"),
        ("python.exe", ["-c", "pass"], None),
        ("java.exe", ["-jar", "..\\a.jar"], r"C:\a.jar"),
        ("notepad.exe", [r"C:\a.ps1"], None),
        ("cscript.exe", [], None),
    ],
)
def test_the_script_of_an_interpreter_is_found(exe, arguments, script):
    """By the options as each reads them; code on the command line is no file."""
    path = f"C:\\Windows\\System32\\{exe}"
    assert judged.script_of(path, [path, *arguments], "C:\\work", RULES) == script


def judgement(exe, **more):
    facts = ProcessFacts(9, exe.rpartition("\\")[2].lower(), exe=judged.judged(exe), **more)
    found = suspicion.judge(facts, HOST, RULES)
    return found.confidence, {reason.code for reason in found.reasons}


@pytest.mark.parametrize(
    ("exe", "codes"),
    [
        (r"C:\Users\Public\a.exe", {"temporary_folder"}),
        (r"C:\Windows\Temp\a.exe", {"temporary_folder"}),
        (r"C:\$Recycle.Bin\S-1-5-21\a.exe", {"temporary_folder"}),
        (r"C:\PerfLogs\svchost.exe", {"temporary_folder", "system_name"}),
        (r"C:\Users\Zoé\AppData\Roaming\lsass.exe", {"home_folder", "system_name"}),
        (r"C:\ProgramData\explorer.exe", {"public_folder", "system_name"}),
        (r"E:\system.exe", {"public_folder", "kernel_name"}),
    ],
)
def test_where_no_program_belongs_it_is_suspect(exe, codes):
    """Where everybody may write, or under a name of the system's own in another place."""
    confidence, found = judgement(exe)
    assert confidence is not None
    assert found == codes


@pytest.mark.parametrize(
    "exe",
    [r"C:\Windows\System32\svchost.exe", r"C:\Windows\explorer.exe", r"C:\Program Files (x86)\Cabinet\c.exe",
     r"C:\ProgramData\Microsoft\Windows Defender\Platform\4.18\MsMpEng.exe", r"D:\Logiciels\medecin.exe",
     r"C:\Users\Zoé\AppData\Local\Microsoft\OneDrive\OneDrive.exe", r"C:\Users\Zoé\AppData\Local\Programs\a\a.exe"],
)  # fmt: skip
def test_ordinary_programs_are_no_suspects(exe):
    """Of the system, installed for all or for one, on a second drive, the antivirus in its own folder."""
    assert judgement(exe)[0] is None


def test_a_script_of_a_temporary_folder_makes_its_interpreter_suspect():
    """The interpreter itself is the system's: what it runs is not."""
    confidence, found = judgement(
        r"C:\Windows\System32\wscript.exe", script=judged.judged(r"C:\Users\Public\facture.js"), script_gone=True
    )
    assert confidence == "medium"
    assert found == {"script_temporary", "script_deleted"}


def test_files_of_people_are_those_of_homes_other_drives_shares_and_folders_beside():
    """Not what programs keep for themselves in AppData."""
    for path in (r"C:\Users\Zoé\Documents\a.docx", r"D:\a.docx", r"\\nas\b\a.docx", r"C:\Dossiers\a.docx"):
        assert suspicion.is_peoples(judged.judged(path), HOST, RULES)
    for path in (r"C:\Users\Zoé\AppData\Local\a.db", r"C:\Windows\a.log", r"C:\ProgramData\a.db"):
        assert not suspicion.is_peoples(judged.judged(path), HOST, RULES)


def made_dump(pages=b"x" * 4096):
    region = minidump.Region(0x10000, 4096, 0x10000, 4, 0x1000, 4, minidump.PRIVATE)
    image = minidump.Region(0x400000, 8192, 0x400000, 2, 0x1000, 2, minidump.IMAGE, "\\Device\\é\ud800.exe")
    about = minidump.About([(7, 0x7FF0)], [region, image], (10, 0, 19045), 9, 1_700_000_000, b"evidence-collector\n")
    return minidump.head(about, [minidump.Range(0x10000, 4096)]) + pages


def test_a_minidump_has_its_streams_where_the_directory_says():
    """Header, directory, and each stream by its own layout (minidumpapiset.h)."""
    dump = made_dump()
    magic, version, count, directory, *_ = struct.unpack_from("<4sIIIIIQ", dump)
    assert (magic, version & 0xFFFF) == (b"MDMP", 0xA793)
    listed = struct.iter_unpack("<III", dump[directory : directory + 12 * count])
    streams = {kind: (size, at) for kind, size, at in listed}
    assert set(streams) == {3, 4, 7, 9, 10, 16}
    assert struct.unpack_from("<HHHBBIII", dump, streams[7][1])[5:] == (10, 0, 19045)
    assert struct.unpack_from("<IIIIIQ", dump, streams[3][1])[::5] == (1, 0x7FF0)
    count, base, size, _, _, name = struct.unpack_from("<IQIIII", dump, streams[4][1])
    length = struct.unpack_from("<I", dump, name)[0]
    assert (count, base, size) == (1, 0x400000, 8192)
    assert dump[name + 4 : name + 4 + length].decode("utf-16-le", "surrogatepass") == "\\Device\\é\ud800.exe"
    ranges, at, start, stored = struct.unpack_from("<QQQQ", dump, streams[9][1])
    assert (ranges, start, stored) == (1, 0x10000, 4096)
    assert dump[at:] == b"x" * 4096
    assert dump[streams[10][1] :].startswith(b"evidence-collector\n\0")


def test_more_ranges_than_a_reader_bears_are_refused():
    """A programmer's mistake: whoever plans keeps to the limit."""
    about = minidump.About([], [], (10, 0, 1), 9, 0)
    with pytest.raises(ValueError, match="too many"):
        minidump.head(about, [minidump.Range(0, 4096)] * (minidump.MAX_RANGES + 1))
