"""What makes a process suspicious, judged from facts: attacks that are seen, and ordinary hosts where nothing is."""

from __future__ import annotations

import re

import pytest

from collector import rules as rule_files
from collector import suspicion
from collector.errors import RuleError
from collector.marks import Marks
from collector.suspicion import HostFacts, ProcessFacts, judge
from collector.suspicion_rules import WEIGHTS, read_suspicion
from collector.suspicion_rules import suspicion as table

HOST = HostFacts(homes=("/home/anne", "/data/homes/luc"), asked=("/partage",))
PACKAGED = rule_files.folder() / "ransom" / "suspicion.yaml"


def facts(exe, name="x", **more):
    """Return facts with the script found as the host finds it."""
    found = ProcessFacts(7, name, exe, **{"uid": 1000, "name_gone": False, "owner": 0, "mode": 0o755, **more})
    script = suspicion.script_of(exe, found.arguments, found.cwd, table()) if found.script is None else found.script
    return ProcessFacts(**{field: getattr(found, field) for field in found.__slots__} | {"script": script})


def codes(*args, **more):
    return [reason.code for reason in judge(facts(*args, **more), HOST, table()).reasons]


SUSPECTS = {
    "from /tmp": (facts("/tmp/a"), {"temporary_folder"}),
    "from shared memory": (facts("/dev/shm/x/a"), {"temporary_folder"}),
    "from a run folder": (facts("/run/user/1000/a"), {"temporary_folder"}),
    "deleted from a home": (facts("/home/anne/a", name_gone=True, replaced=False), {"home_folder", "deleted"}),
    "a home that is not in /home": (facts("/data/homes/luc/.x/a"), {"home_folder", "hidden_folder"}),
    "hidden among downloads": (facts("/home/anne/Téléchargements/.a/b"), {"people_folder", "hidden_folder"}),
    "never on a disk": (facts("/memfd:a", in_memory=True), {"memory_file"}),
    "sshd elsewhere": (facts("/var/lib/x/sshd", "sshd"), {"system_name"}),
    "a cut name elsewhere": (facts("/home/anne/m", "systemd-journal"), {"system_name", "home_folder"}),
    "a kernel thread with a program": (facts("/usr/local/bin/m", "kworker/0:1"), {"kernel_name"}),
    "brackets in its arguments": (facts("/usr/bin/m", arguments=("[kworker/u4:2]",)), {"kernel_name"}),
    "python in /tmp": (facts("/usr/bin/python3.11", arguments=("python3", "-u", "/tmp/e.py")), {"script_temporary"}),
    "relative to /tmp": (facts("/bin/bash", arguments=("bash", "e.sh"), cwd="/tmp/x"), {"script_temporary"}),
    "perl with an option": (facts("/usr/bin/perl", arguments=("perl", "-I", "/l", "/var/tmp/e")), {"script_temporary"}),
    "java": (facts("/usr/bin/java", arguments=("java", "-cp", "/l", "-jar", "/tmp/e.jar")), {"script_temporary"}),
    "wine": (facts("/usr/lib/wine/wine64-preloader", arguments=("Z:\\tmp\\e.exe",)), {"script_temporary"}),
    "root runs what is somebody else's, and is open": (
        facts("/opt/a/b", uid=0, owner=1000, mode=0o777, name_gone=True),
        {"foreign_root", "open_file", "deleted_system"},
    ),
    "a folder of all": (facts("/var/opt/x/b", folder_open=True, uid=0, owner=33), {"open_folder", "foreign_root"}),
    "a system's program that encrypts": (
        facts("/usr/bin/openssl", writing=tuple(f"/home/anne/Documents/{n}.docx" for n in range(9)), newly=4),
        {"writes_people_files", "works_through"},
    ),
    "in a share that was named": (
        facts("/usr/bin/a", writing=tuple(f"/partage/{n}" for n in range(5)), write_rate=2**30, newly=3),
        {"writes_people_files", "writes_fast", "works_through"},
    ),
    "a rule": (facts("/usr/bin/a", rules=("takes_recovery_away_windows",)), {"rule"}),
}  # fmt: skip


@pytest.mark.parametrize("name", SUSPECTS)
def test_what_is_suspicious_is_listed_with_its_reasons(name):
    """Each of these reaches the level at which a process is listed, for exactly these reasons."""
    one, expected = SUSPECTS[name]
    judged = judge(one, HOST, table())
    assert {reason.code for reason in judged.reasons} == expected
    assert judged.confidence is not None
    assert judged.score == min(100, sum(reason.weight for reason in judged.reasons))


ORDINARY = {
    "init": facts("/usr/lib/systemd/systemd", "systemd", uid=0),
    "a session's ssh": facts("/usr/sbin/sshd", "sshd", uid=0, arguments=("sshd: anne [priv]",)),
    "a program that was updated": facts("/usr/bin/dockerd", "dockerd", uid=0, name_gone=True, replaced=True),
    "a package that was removed": facts("/usr/lib/postgresql/14/bin/postgres", "postgres", name_gone=True),
    "a browser": facts(
        "/usr/lib/firefox/firefox", "firefox", write_rate=2**24, newly=0,
        writing=tuple(f"/home/anne/.mozilla/firefox/p/{n}.sqlite" for n in range(60)),
    ),
    "an office": facts("/usr/lib/libreoffice/program/soffice.bin", writing=("/home/anne/Documents/a.odt",)),
    "a copy to a medium": facts("/usr/bin/rsync", writing=("/media/anne/USB/.a.x",), write_rate=2**27, newly=9),
    "a database": facts("/usr/sbin/mysqld", "mysqld", writing=tuple(f"/var/lib/mysql/{n}" for n in range(80))),
    "a flatpak": facts("/app/bin/gimp", "gimp"),
    "a snap": facts("/snap/firefox/1/usr/lib/firefox/firefox", "firefox"),
    "an AppImage": facts("/tmp/.mount_KritaX/usr/bin/krita", "krita", mounted=True),
    "a tool of one's own": facts("/home/anne/.local/bin/uv", "uv"),
    "a build of one's own": facts("/home/anne/src/x/target/debug/x", "x", name_gone=True, replaced=True),
    "an editor's server": facts("/home/anne/.vscode-server/bin/1/node", "node"),
    "python at work": facts("/usr/bin/python3", arguments=("python3", "-m", "http.server"), cwd="/tmp"),
    "a script of a home": facts("/usr/bin/python3", arguments=("python3", "serve.py"), cwd="/home/anne/src"),
    "a script with a file of /tmp": facts("/usr/bin/perl", arguments=("perl", "/usr/bin/x", "/tmp/in")),
    "a shell": facts("/usr/bin/bash", arguments=("bash", "-lc", "/tmp/x")),
    "a container's own": facts("/usr/local/bin/node", arguments=("node", "/app/server.js"), name_gone=False),
    "a worker of celery": facts("/usr/bin/python3.11", arguments=("[celeryd: w@h:MainProcess]",)),
    "busybox's daemon": facts("/bin/busybox", "crond", uid=0, arguments=("crond", "-f")),
    "nothing may be known": ProcessFacts(9, "x"),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_process_is_not_listed(name):
    """What every desktop, server and developer's machine runs stays below the level."""
    judged = judge(ORDINARY[name], HOST, table())
    assert judged.confidence is None, judged


def test_a_name_cannot_move_a_program_into_the_systems_folders():
    """Only whole folders count, and a prefix that looks like one doesn't."""
    assert codes("/usrx/sshd", "sshd") == ["system_name"]
    assert "temporary_folder" not in codes("/tmpx/a")
    assert codes("/tmp/usr/bin/a") == ["temporary_folder"]


def test_hostile_arguments_neither_raise_nor_hide_a_script():
    """Empty arguments, only options, a drive of wine that is none, a path that climbs."""
    for arguments in ((), ("",), ("python3",), ("python3", ""), ("python3", "-"), ("python3", "--"), ("python3", "-W")):
        assert facts("/usr/bin/python3", arguments=arguments, cwd="/tmp").script is None
    assert facts("/usr/bin/python3", arguments=("python3", "/usr/../tmp/a\n")).script == "/tmp/a\n"
    assert facts("/usr/bin/python3", arguments=("python3", "--", "-x"), cwd="/tmp").script == "/tmp/-x"
    assert facts("/usr/bin/python3", arguments=("python3", "a.py"), cwd=None).script is None
    assert codes("/usr/bin/wine", arguments=("C:\\x.exe",)) == []


def test_every_weight_is_used_and_every_code_has_one():
    """The table and the judge know the same codes."""
    source = (rule_files.folder().parent / "collector" / "suspicion.py").read_text()
    places = {"temporary", "public", "people", "home", "hidden"}
    for code in WEIGHTS:
        place, _, kind = code.rpartition("_")
        assert f'"{code}"' in source or (kind == "folder" and place in places), code


GOOD = PACKAGED.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("levels:", "levls:", "unknown part"),
        ("suspect: 40", "suspect: 70", "the levels ascend"),
        ("suspect: 40", "suspect: 0", "the levels ascend"),
        ("  memory_file: 50", "  memory_fil: 50", "unknown name"),
        ("  memory_file: 50", "", "missing: memory_file"),
        ("  memory_file: 50", "  memory_file: -1", "a whole number"),
        ("  memory_file: 50", "  memory_file: 101", "more than 100"),
        ("  memory_file: 50", "  memory_file: '50'", "a whole number"),
        ("  memory_file: 50", "  memory_file: 0x10", "a whole number"),
        ("people_files: 5", "people_files: 5\n  people_files: 6", "stands here twice"),
        ("temporary: [/tmp,", "temporary: [tmp,", "absolute path"),
        ("temporary: [/tmp,", "temporary: [/tmp/,", "absolute path"),
        ("temporary: [/tmp,", "temporary: [/tmp, /tmp,", "stands here twice"),
        ("homes: [/root, /home]", "homes: []", "a list of strings"),
        ("homes: [/root, /home]", "homes: /root", "a list of strings"),
        ("mono: {value: [], code: []}", "mono: {value: []}", "the lists value and code"),
        ("mono: {value: [], code: []}", "mono: {value: [], code: [no]}", "a string is expected"),
        ("homes: [/root, /home]", "homes: &a [/root]\nother: *a", "alias"),
    ],
)
def test_a_wrong_table_is_refused_with_line_and_reason(tmp_path, old, new, reason):
    """A typing error never turns into a suspect that is quietly not seen."""
    assert old in GOOD
    path = tmp_path / "suspicion.yaml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleError, match=rf"^suspicion\.yaml:\d+: .*{re.escape(reason)}"):
        read_suspicion(path)


def test_a_wrong_yara_rule_is_refused_with_its_line(tmp_path):
    """So are a file that is none, and one that would read another file."""
    path = tmp_path / "programs.yar"
    for text, line in (("rule a {\n condition:\n  x\n}", 3), ('include "/etc/passwd"', 1), ("\n\nrule", 3)):
        path.write_text(text)
        with pytest.raises(RuleError, match=rf"^programs\.yar:{line}: "):
            Marks("programs.yar", path)
    with pytest.raises(RuleError, match=r"^programs\.yar:1: can't be read"):
        Marks("programs.yar", tmp_path / "none" / "programs.yar")


PROGRAMS = {
    "takes_recovery_away_windows": b"vssadmin.exe delete shadows /all\0bcdedit /set {default} recoveryenabled no",
    "takes_machines_down_esxi": b"esxcli --formatter=csv vm process kill -t=force -w=%s\0/vmfs/volumes/\0",
    "takes_recovery_away_linux": b"lvremove -f %s\0Your files were encrypted\0",
    "carries_a_note": b"All your important files are encrypted! Visit torproject.org and buy the decryption tool",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_rules_see_the_genre(name):
    """In ASCII in the middle of a program; no mark alone is enough."""
    engine = Marks("programs.yar")
    marks = PROGRAMS[name]
    assert engine.matches(b"\x7fELF" + bytes(5000) + marks + bytes(5000)) == (name,)
    for part in marks.split(b"\0"):
        assert len(part) > 60 or engine.matches(part) == ()
    if "windows" in name or "note" in name:
        assert engine.matches(marks.decode().encode("utf-16-le")) == (name,)


def test_text_about_ransomware_is_no_program_of_the_genre():
    """A manual that explains one command, and a page that speaks of Tor and encryption, match nothing."""
    engine = Marks("programs.yar")
    for text in (
        b"Use vssadmin delete shadows to free disk space. See also: wbadmin.",
        b"esxcli vm process list shows the virtual machines of the host.",
        b"Download the browser at torproject.org; messages are encrypted.",
        b"btrfs subvolume delete removes a snapshot. systemctl stop docker",
    ):
        assert engine.matches(text) == ()
