// Commands that take away what a victim could recover from, in histories of shells and other short texts.
// One rule a deed; `meta.reason` is the code that is recorded. Facts: MITRE ATT&CK T1490 (Inhibit System Recovery),
// T1070 (Indicator Removal), T1489 (Service Stop), SigmaHQ's rules for vssadmin, wbadmin, bcdedit and wevtutil.

rule shadow_copies_deleted {
    meta:
        reason = "shadow_copies_deleted"
    strings:
        $a = /vssadmin(\.exe)?"?[ \t]{1,8}(delete|resize)[ \t]{1,8}shadow/ nocase
        $b = /shadowcopy[ \t]{1,8}(delete|where)/ nocase
        $c = /win32_shadowcopy.{0,80}(delete|remove)/ nocase
        $d = /diskshadow(\.exe)?[^\r\n]{0,40}delete/ nocase
    condition:
        any of them
}

rule backups_deleted {
    meta:
        reason = "backups_deleted"
    strings:
        $a = /wbadmin(\.exe)?"?[ \t]{1,8}delete[ \t]{1,8}(catalog|systemstatebackup|backup)/ nocase
        $b = /bcdedit[^\r\n]{0,60}recoveryenabled[ \t]{1,8}"?no/ nocase
        $c = /bcdedit[^\r\n]{0,60}ignoreallfailures/ nocase
        $d = /btrfs[ \t]{1,8}subvolume[ \t]{1,8}delete/
        $e = /(zfs|zpool)[ \t]{1,8}destroy/
        $f = /(restic|borg)[ \t]{1,8}(forget|prune|delete)/
        $g = /lvremove[ \t]/
        $h = /rm[ \t]{1,8}-[a-zA-Z]{1,8}[ \t]{1,8}[^\r\n]{0,80}(backup|snapshot|sauvegarde)/ nocase
    condition:
        any of them
}

rule logs_deleted {
    meta:
        reason = "logs_deleted"
    strings:
        $a = /wevtutil(\.exe)?"?[ \t]{1,8}(cl|clear-log)[ \t]/ nocase
        $b = /Clear-EventLog/ nocase
        $c = /fsutil[ \t]{1,8}usn[ \t]{1,8}deletejournal/ nocase
        $d = /(rm|shred|truncate)[ \t][^\r\n]{0,60}\/var\/log\//
        $e = /(>|cat[ \t]{1,8}\/dev\/null[ \t]{1,8}>)[ \t]{0,8}\/var\/log\//
        $f = /journalctl[^\r\n]{0,40}--vacuum/
        $g = /history[ \t]{1,8}-c\b/
        $h = /unset[ \t]{1,8}HISTFILE|HISTFILE=\/dev\/null|HISTSIZE=0/
    condition:
        any of them
}

rule machines_stopped {
    meta:
        reason = "machines_stopped"
    strings:
        $a = /esxcli[^\r\n]{0,40}vm[ \t]{1,8}process[ \t]{1,8}kill/
        $b = /vim-cmd[ \t]{1,8}vmsvc\/power\.off/
        $c = /virsh[ \t]{1,8}(destroy|undefine)/
        $d = /vim-cmd[ \t]{1,8}vmsvc\/snapshot\.remove/
    condition:
        any of them
}

rule carried_out {
    meta:
        reason = "carried_out"
    strings:
        $a = /rclone(\.exe)?[ \t]{1,8}(copy|sync|move|config)/ nocase
        $b = /mega(cmd|-put|sync|-login)/ nocase
        $c = /(winscp|pscp|curl[ \t][^\r\n]{0,80}-T|curl[ \t][^\r\n]{0,80}--upload-file)/ nocase
    condition:
        any of them
}
