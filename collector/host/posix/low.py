"""How the system we run on opens a file and describes an entry: the one place of this room that asks which it is."""

from __future__ import annotations

import sys

if sys.platform == "darwin":
    from collector.host.darwin import entries, files
    from collector.host.darwin.crossing import open_folder
else:
    from collector.host.linux import entries, files
    from collector.host.linux.crossing import open_folder

__all__ = ("entries", "files", "open_folder")
