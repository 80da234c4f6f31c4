"""The levels of privacy A, B and C: what each takes, and why. Data, and nothing else; pure.

Names of files tell names of patients, so that "only names and hashes" tells them too: at A no name of a file of the
practice is written, at B names are (a recipient alone can read them, where there are recipients), at C contents. What a
level leaves out was not asked for: it is no gap. A bundle says its level in the clear (SPEC 5.2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from collector.model import Blob

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from collector.definitions import Definition
    from collector.model import Item, Json, Row

LEVELS: Final = ("A", "B", "C")
ASKED: Final = "B"
"""The level of guided mode and of a kit, unless another one was said."""
EXPERT: Final = "C"
"""The level of a bare command line: an expert's choice."""
WHOLE: Final = "all"
"""The part of a source that is all of it."""
STRANGE: Final = "strange extensions"


@dataclass(frozen=True, slots=True)
class Line:
    """From which level on a part of a source is taken, and why not before.

    `part` is `all`, a column of its rows, or a word of `PARTS`.
    """

    source: str
    part: str
    level: str
    why: str


PARTS: Final = {
    WHOLE: "all of it",
    "definitions": "definitions of the profile, by the table below",
    "folders": "folders in which files are being encrypted",
    "memory": "memory and environment of suspicious programs",
    "programs": "files of suspicious programs, and scripts that they run",
    "samples": "copies of encrypted files, and of originals beside them",
    STRANGE: "extensions that not everybody knows, but for those of encrypted files",
    "weak notes": "copies of texts that only weakly resemble a ransom note, and the addresses in them",
}
"""Parts that are no column, in words."""

TABLE: Final = (
    Line("system", WHOLE, "A", "names no patient: the machine, its accounts, its disks and whether they are encrypted"),
    Line("processes", WHOLE, "A", "what runs: vanishes with the power"),
    Line("processes", "cmdline", "B", "arguments name documents that are open; at A those of suspicious programs only"),
    Line("processes", "cwd", "B", "the name of a folder may be a patient's"),
    Line("processes", "open_files", "B", "names of documents"),
    Line("connections", WHOLE, "A", "the state of the network"),
    Line("neighbours", WHOLE, "A", "the state of the network"),
    Line("routes", WHOLE, "A", "the state of the network"),
    Line("interfaces", WHOLE, "A", "the state of the network"),
    Line("dns", WHOLE, "A", "the state of the network"),
    Line("suspects", WHOLE, "A", "programs that deserve a closer look, with their arguments: the attack itself"),
    Line("suspects", "cwd", "B", "the name of a folder may be a patient's"),
    Line("suspects", "writing", "B", "names of documents"),
    Line("suspects", "programs", "B", "a program holds no record of a patient; at A its fingerprint is noted"),
    Line("suspects", "memory", "C", "memory holds what was on the screen and in the files"),
    Line("executables", WHOLE, "A", "fingerprints of programs that run"),
    Line("services", WHOLE, "A", "what starts by itself, and what was stopped"),
    Line("sessions", WHOLE, "A", "who is logged on"),
    Line("windows", WHOLE, "A", "which programs show a window"),
    Line("windows", "title", "B", "titles of windows name the document that is open"),
    Line("screen", WHOLE, "A", "the ransom message as it is seen; look at the pictures, and hand on blurred copies"),
    Line("ransom", WHOLE, "A", "ransom notes, and counts of encrypted files by extension"),
    Line("ransom", "path", "B", "the name of a file or folder may be a patient's"),
    Line("ransom", "types", "B", "what stands behind the last dot may be a name"),
    Line("ransom", STRANGE, "B", "what stands behind the last dot may be a name"),
    Line("ransom", "weak notes", "C", "a letter of the practice may resemble one"),
    Line("ransom", "samples", "C", "contents; ask for a file first that is no patient's: an installer, a template"),
    Line("registry", WHOLE, "A", "what the definitions below name"),
    Line("registry", "definitions", "C", "settings and what starts by itself from B on, what was opened at C only"),
    Line("artifacts", WHOLE, "A", "what the definitions below name"),
    Line("artifacts", "definitions", "C", "tasks, list of logs from A on, settings from B on, the rest at C only"),
    Line("recent-files", WHOLE, "B", "names, times and fingerprints of changed files: names of patients"),
    Line("activity", WHOLE, "B", "names of files that change while this runs"),
    Line("encryption-running", "folders", "B", "the name of a folder may be a patient's"),
    Line("memory", WHOLE, "C", "holds what was on the screen and in the files; only where it was asked for"),
    Line("clipboard", WHOLE, "C", "may hold anything; only where it was asked for"),
    Line("footprint", WHOLE, "A", "what the tool itself did"),
    Line("summary", WHOLE, "A", "counts without any name"),
)
"""Every source, in the order of reading; a part that is not named is taken with all of its source."""

_TASKS: Final = (
    "CollectLinuxRansomMarks", "CollectWindowsMarks", "CollectWindowsMessages", "CollectMacMarks",
    "CollectWindowsShadowCopies", "CollectWindowsRecovery", "CollectWindowsServices", "CollectWindowsTasks",
    "CollectLinuxCron", "CollectLinuxSystemdUnits", "CollectLinuxSystemdUserUnits", "CollectLinuxPackagedUnits",
    "CollectLinuxStartupScripts", "CollectMacJobs", "CollectMacStartup", "WindowsScheduledTasks", "AnacronFiles",
    "LinuxAtJobs", "LinuxCronTabs", "LinuxSystemdServices", "LinuxSystemdTimers", "LinuxSysVInit",
)  # fmt: skip
"""Taken from A on: the attacker's messages, services and tasks, whether the system can still restore itself."""

_SETTINGS: Final = (
    "CollectWindowsRunKeys", "CollectWindowsLogonPrograms", "CollectWindowsHijacks", "CollectWindowsSecurityState",
    "CollectWindowsRemoteDesktop", "CollectWindowsStartupFolders", "CollectWindowsProfiles",
    "CollectWindowsNetworkKeys", "CollectWindowsInstalledPrograms", "CollectWindowsTransferKeys",
    "CollectWindowsDroppedScripts", "CollectWindowsRestoreSettings", "CollectLinuxLoader", "CollectLinuxSsh",
    "CollectLinuxAccounts", "CollectLinuxPrivileges", "CollectLinuxTemporaryFiles", "CollectLinuxUserStartup",
    "CollectLinuxShellStartup", "CollectLinuxAutostart", "CollectLinuxUdevRules", "CollectLinuxKernelModules",
    "CollectLinuxPam", "CollectLinuxNames", "CollectLinuxSharesAndMounts", "CollectLinuxFirewall",
    "CollectLinuxPackageHooks", "CollectMacShellStartup", "CollectMacAccess", "CollectMacNetwork",
    "DNSResolvConfFile", "HostAccessPolicyConfiguration", "LinuxHostnameFile", "UnixHostsFile", "XDGAutostartEntries",
    "APTSources", "CronAtAllowDenyFiles", "DebianPackagesStatus", "KernelModules", "LinuxFstab",
    "LinuxNetworkManager", "LinuxPamConfigs", "LinuxPasswdFile", "NfsExportsFile", "SambaConfigFile",
    "SshdConfigFile", "UnixGroupsFile", "UnixPasswdFile", "UnixSudoersConfigurationFile", "RHostsFile",
    "SSHAuthorizedKeysFiles", "WindowsHostsFiles", "WindowsAutoexecBat", "WindowsAutorun",
    "WindowsGroupPolicyScripts", "WindowsPowerShellDefaultProfiles", "WindowsStartupFolders", "WindowsWinstart",
)  # fmt: skip
"""Taken from B on: what starts by itself, who may come in, what protects the machine, how it is set."""

_LOGS: Final = (
    "CollectLinuxLoginRecords", "CollectLinuxAuthLogs", "CollectLinuxAuditLogs", "CollectLinuxSystemLogs",
    "CollectLinuxPackageLogs", "CollectLinuxServiceLogs", "CollectLinuxWebLogs", "CollectLinuxJournal",
    "CollectWindowsMainEventLogs", "CollectWindowsEventLogs", "CollectWindowsDefenderLogs",
    "CollectWindowsNetworkFiles", "CollectMacLogs", "CollectMacUnifiedLog", "WindowsEventLogs",
    "WindowsFirewallLogFile",
)  # fmt: skip
"""Listed from A on (path, size, times), copied at C: the attack stands in them, and names of users and files, too."""

_PROGRAMS: Final = (
    "CollectAnyDesk", "CollectTeamViewer", "CollectScreenConnect", "CollectSplashtop", "CollectRustDesk",
    "CollectAtera", "CollectRclone", "CollectMegaSync", "CollectFileTransfer", "CollectTunnels",
    "CollectWindowsTunnels", "CollectRemoteDesktops", "CollectWindowsRemoteDesktops", "CollectWindowsExecution",
    "CollectWindowsHives", "CollectWindowsHiveBackups", "CollectWindowsWmiRepository", "CollectMacFileEvents",
)  # fmt: skip
"""Listed from B on, copied at C: remote access, what ran, hives. They name files that were sent or opened."""

TAKEN: Final[Mapping[str, str]] = {
    **dict.fromkeys(_TASKS, "A"),
    **dict.fromkeys(_SETTINGS, "B"),
}
"""From which level on a definition is taken; one that is not named here at C only: histories, what was opened last,
and every definition that nobody has looked at for this."""
LISTED: Final[Mapping[str, str]] = {
    **dict.fromkeys(_LOGS, "A"),
    **dict.fromkeys(_PROGRAMS, "B"),
}
"""From which level on the files that a definition names are listed, without their content."""


def reaches(level: str, least: str) -> bool:
    """Tell whether a level takes what is taken from another one on."""
    return LEVELS.index(level) >= LEVELS.index(least)


_LEAST: Final = {(line.source, line.part): line.level for line in TABLE}


def takes(level: str, source: str, part: str = WHOLE) -> bool:
    """Tell whether a level takes a part of a source; a source that is not in the table at C only."""
    return reaches(level, _LEAST.get((source, part), EXPERT if part == WHOLE else "A"))


def left_out(level: str, sources: Iterable[str]) -> dict[str, list[str]]:
    """Return what a level leaves out of some sources, and of what is observed: parts by source, both in order."""
    wanted = {*sources, "encryption-running", "activity"}
    found: dict[str, list[str]] = {}
    for line in TABLE:
        if line.source in wanted and not reaches(level, line.level):
            parts = found.setdefault(line.source, [])
            if WHOLE not in parts:
                parts.append(line.part)
    return {source: found[source] for source in sorted(found)}


def chosen(level: str, definition: Definition) -> Definition | None:
    """Return a definition as a level takes it: as it is, its files to be listed only, or `None`."""
    if reaches(level, TAKEN.get(definition.name, EXPERT)):
        return definition
    if not reaches(level, LISTED.get(definition.name, EXPERT)):
        return None
    files = tuple(
        replace(source, type="PATH") for source in definition.sources if source.type in ("FILE", "PATH", "DIRECTORY")
    )
    return replace(definition, sources=files) if files else None


def withheld(level: str, source: str, columns: Iterable[str]) -> frozenset[str]:
    """Return the columns of a source that a level leaves out."""
    names = (*columns, STRANGE) if source == "ransom" else columns
    return frozenset(name for name in names if not takes(level, source, name))


def meanings(columns: Mapping[str, str], without: frozenset[str]) -> Mapping[str, str]:
    """Return what columns mean, and of those that are left out that they are."""
    if not without:
        return columns
    said = "Left out: the level of this collection does not ask for it."
    return {name: f"{meaning} {said}" if name in without else meaning for name, meaning in columns.items()}


def within(items: Iterator[Item], without: frozenset[str]) -> Iterator[Item]:
    """Yield what a source yields without some columns: they are null, and nothing is said of why they were unread.

    Where the path is left out, so are the subjects of gaps and files, and rows that hold nothing else.
    """
    told: set[str] = set()
    for item in items:
        if isinstance(item, dict):
            if STRANGE in without:
                _known_only(item, told)
            if "path" not in without or item.get("what") not in _PLACES:
                yield _bare(item, without)
        elif "path" not in without:
            yield item
        else:
            if isinstance(item, Blob) and item.row is not None:
                _bare(item.row, without)
            yield replace(item, subject=None)


_PLACES: Final = ("sample", "original")
"""Rows of `ransom` that tell nothing but where a file is."""


def _known_only(row: Row, told: set[str]) -> None:
    """Empty an extension of `ransom` that may be a name; `told` keeps those of files that look encrypted."""
    extension = str(row["extension"])
    if row["what"] == "encrypted" and row["confidence"] != "low":
        told.add(extension)
    elif row["what"] == "encrypted" or (row["what"] == "extension" and row["reasons"] != ["ordinary"]):
        row["extension"] = row["extension"] if extension in told else None


def _bare(row: Row, without: frozenset[str]) -> Row:
    """Empty columns of a row, the one that was given: whoever reads its file goes on filling it."""
    for name in without:
        if name in row:
            row[name] = None
    unread = row.get("unread")
    if isinstance(unread, dict):
        row["unread"] = {name: why for name, why in unread.items() if name not in without}
    return row


def observed(level: str, what: str, data: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the data of an observation as a level records it: lists that it leaves out are empty, and counted."""
    told = dict(data)
    for line in TABLE:
        held = told.get(line.part)
        if line.source == what and isinstance(held, list) and not reaches(level, line.level):
            more = told.get(f"{line.part}_more")
            told[line.part] = []
            told[f"{line.part}_more"] = len(held) + (more if isinstance(more, int) else 0)
    return told
