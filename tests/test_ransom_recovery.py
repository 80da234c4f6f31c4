"""What was typed: deeds that take a victim's recovery away are told, ordinary commands are not."""

from __future__ import annotations

import pytest

from collector.errors import RuleError
from collector.marks import Marks
from collector.ransom import recovery

DEEDS = {
    "vssadmin.exe delete shadows /all /quiet": "shadow_copies_deleted",
    "VSSADMIN Resize ShadowStorage /for=c: /maxsize=401MB": "shadow_copies_deleted",
    "wmic shadowcopy delete": "shadow_copies_deleted",
    "Get-WmiObject Win32_ShadowCopy | ForEach-Object {$_.Delete();}": "shadow_copies_deleted",
    "wbadmin delete catalog -quiet": "backups_deleted",
    "bcdedit /set {default} recoveryenabled No": "backups_deleted",
    "bcdedit /set {default} bootstatuspolicy ignoreallfailures": "backups_deleted",
    "btrfs subvolume delete /.snapshots/12/snapshot": "backups_deleted",
    "zfs destroy -r tank/practice@daily": "backups_deleted",
    "rm -rf /mnt/nas/Sauvegardes": "backups_deleted",
    "wevtutil cl Security": "logs_deleted",
    "rm -f /var/log/auth.log": "logs_deleted",
    ": > /var/log/wtmp": "logs_deleted",
    "history -c": "logs_deleted",
    "unset HISTFILE": "logs_deleted",
    "esxcli vm process kill --type=force --world-id=1": "machines_stopped",
    "rclone copy /home/marie mega:x": "carried_out",
}

ORDINARY = """
ls -la
cd /var/log && less auth.log
tail -f /var/log/syslog
rm -rf build/ __pycache__
git commit -m 'delete shadow of the box'
vssadmin list shadows
wbadmin get versions
btrfs subvolume list /
zfs list -t snapshot
history | grep ssh
rclone --version
bcdedit /enum
restic backup /home
journalctl -u ssh -f
"""


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_is_told(deed):
    """Each among ordinary commands, and by its own code alone."""
    text = (ORDINARY + deed + "\n" + ORDINARY).encode()
    assert recovery.judge_history(text) == (DEEDS[deed],)


def test_ordinary_commands_are_no_deed():
    """Looking at backups and logs is what an administrator does."""
    assert recovery.judge_history(ORDINARY.encode()) == ()


def test_only_the_end_of_a_history_is_looked_at():
    """However much stands before it, and whatever bytes it is made of."""
    deed = b"\nhistory -c\n"
    assert recovery.judge_history(b"\xff\x00\x1b[2J" * 2_000_000 + deed) == ("logs_deleted",)
    assert recovery.judge_history(deed + b"x" * recovery.LOOKED_AT) == ()


def test_every_rule_has_a_reason_that_is_explained():
    """A code that nobody explains would stand in a report."""
    rules = Marks("recovery.yar")
    for deed in DEEDS:
        assert {meta["reason"] for meta in rules.found(deed.encode()).values()} <= set(recovery.REASONS)


@pytest.mark.parametrize(("text", "line"), [("rule a {\n strings:\n $x = /(/\n condition: $x }", 3), ("rule", 1)])
def test_a_wrong_rule_is_refused_with_its_line(tmp_path, text, line):
    """A typing error must not turn into a rule that never matches."""
    path = tmp_path / "wrong.yar"
    path.write_text(text)
    with pytest.raises(RuleError, match=rf"^wrong\.yar:{line}: "):
        Marks("wrong.yar", path)


def test_a_rule_file_that_is_not_there_is_refused(tmp_path):
    """And so is one that is no text."""
    with pytest.raises(RuleError, match="can't be read"):
        Marks("gone.yar", tmp_path / "gone.yar")
    (tmp_path / "bytes.yar").write_bytes(b"\xff\xfe")
    with pytest.raises(RuleError, match=r"bytes\.yar:1"):
        Marks("bytes.yar", tmp_path / "bytes.yar")
