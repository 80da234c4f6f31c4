// What encrypting programs carry in themselves, as a genre: commands that take recovery away, and notes that are about
// to be written. Few rules, each of several marks together: one string alone stands in every backup tool and manual.
// Written by ourselves; they name no family. `weight` is in suspicion.yaml, under `rule`.

rule takes_recovery_away_windows
{
    meta:
        what = "commands that delete shadow copies or switch recovery off"
    strings:
        $shadows = /vssadmin(\.exe)?['", ]{1,4}(delete|resize)['", ]{1,4}shadow/ ascii wide nocase
        $wmic = /wmic(\.exe)?['", ]{1,4}shadowcopy['", ]{1,4}delete/ ascii wide nocase
        $wmi = "Win32_ShadowCopy" ascii wide nocase
        $catalog = /wbadmin(\.exe)?['", ]{1,4}delete['", ]{1,4}(catalog|systemstatebackup|backup)/ ascii wide nocase
        $recovery = /recoveryenabled['", ]{1,4}no/ ascii wide nocase
        $ignore = "bootstatuspolicy ignoreallfailures" ascii wide nocase
        $events = /wevtutil(\.exe)?['", ]{1,4}(cl|clear-log)\b/ ascii wide nocase
        $usn = "fsutil usn deletejournal" ascii wide nocase
    condition:
        2 of them
}

rule takes_machines_down_esxi
{
    meta:
        what = "commands that stop virtual machines or remove their snapshots"
    strings:
        $kill = /esxcli[^\n\x00]{0,60}vm process kill/ ascii nocase
        $list = "vm process list" ascii nocase
        $off = "vim-cmd vmsvc/power.off" ascii nocase
        $snapshots = "vim-cmd vmsvc/snapshot.removeall" ascii nocase
        $volumes = "/vmfs/volumes" ascii
        $autostart = "hostd/vmAutoStart.xml" ascii nocase
    condition:
        ($kill and ($list or $volumes or $autostart)) or ($off and ($snapshots or $volumes)) or ($snapshots and $volumes)
}

rule takes_recovery_away_linux
{
    meta:
        what = "commands that remove snapshots or stop services before encryption"
    strings:
        $btrfs = /btrfs['", ]{1,4}subvolume['", ]{1,4}delete/ ascii
        $zfs = /zfs['", ]{1,4}destroy['", ]{1,4}-r/ ascii
        $lvm = /lvremove['", ]{1,4}-f/ ascii
        $history = "rm -rf /var/log" ascii
        $stop = /systemctl['", ]{1,4}(stop|disable)['", ]{1,4}(mysql|mariadb|postgresql|docker|libvirtd|smbd)/ ascii
        $files = /files? (have|has|are|were)( been)? (encrypted|locked)/ ascii wide nocase
    condition:
        $files and any of ($btrfs, $zfs, $lvm, $history, $stop)
}

rule carries_a_note
{
    meta:
        what = "the text of a ransom note beside a contact in the Tor network"
    strings:
        $files_en = /(all (of )?your|your) [^\n\x00]{0,60}files? [^\n\x00]{0,40}(encrypted|locked|stolen)/ ascii wide nocase
        $files_fr = /vos fichiers [^\n\x00]{0,40}(chiffr|crypt|verrouill|vol)/ ascii wide nocase
        $onion = /[a-z2-7]{56}\.onion/ ascii wide
        $browser = "torproject.org" ascii wide nocase
        $tox = /\b[0-9A-F]{76}\b/ ascii wide
        $wallet = /\b(bc1q[a-z0-9]{38}|[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93})\b/ ascii wide
        $decryptor = /decrypt(ion|or)? (tool|key|program|software)/ ascii wide nocase
    condition:
        any of ($files_*) and (($onion or $browser or $tox or $wallet) and $decryptor or 2 of ($onion, $tox, $wallet))
}
