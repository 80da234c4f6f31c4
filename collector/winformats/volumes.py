r"""What a drive letter stands for, by its target among the kernel's names (QueryDosDeviceW): asked so, nothing is sent.

GetDriveTypeW may ask the server of a network drive; the target alone tells what it is.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final


class Kind(Enum):
    """What a letter stands for."""

    LOCAL = "local"
    NETWORK = "network"
    DISC = "disc"
    FOLDER = "folder"
    """Another path of this machine (`subst`)."""
    UNKNOWN = "unknown"


_LOCAL: Final = re.compile(
    r"\\Device\\(HarddiskVolume\d+|HarddiskDmVolumes\\.*|Harddisk\d+\\.*|RamDisk.*|ImDisk\d+|Floppy\d+"
    r"|(VeraCrypt|TrueCrypt)Volume[A-Z])",
    re.IGNORECASE,
)
_NETWORK: Final = re.compile(
    r"\\Device\\(Mup|LanmanRedirector|WebDavRedirector|NfsRdr|RdpDr|VBoxMiniRdr|vmhgfs|hgfs|PrlMiniRdr|WinDfs|"
    r"MRxDAV|MRxSmb\w*|Netware\w*|WNet\w*|P9Rdr)(\\|;|$)|\\\?\?\\UNC\\",
    re.IGNORECASE,
)
_DISC: Final = re.compile(r"\\Device\\CdRom\d+", re.IGNORECASE)

SUBSTITUTED: Final = "\\??\\"


def kind(target: str) -> Kind:
    """Return what a target is."""
    if _NETWORK.match(target):
        return Kind.NETWORK
    if target.startswith(SUBSTITUTED):
        return Kind.FOLDER
    if _LOCAL.fullmatch(target):
        return Kind.LOCAL
    return Kind.DISC if _DISC.fullmatch(target) else Kind.UNKNOWN
