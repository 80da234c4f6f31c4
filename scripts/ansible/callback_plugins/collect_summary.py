"""Ansible's callback `collect_summary`: when the play ends, however it ends, one summary of all hosts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fleet import summary
from fleet.journey import Told, as_json

DOCUMENTATION = """
name: collect_summary
type: aggregate
short_description: one summary of a collection from many hosts
description: [Text on the screen and three files in the folder of the case (text, JSON and a page to print).]
"""
_ACTION = "collect_evidence"


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """Gathers what the action told of each host."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "collect_summary"
    CALLBACK_NEEDS_ENABLED = False

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, dict[str, object]] = {}
        self._where: dict[str, str] = {}

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Remember a host before anything is known of it: a play that is interrupted names it, too."""
        if str(task.action).endswith(_ACTION):
            name = str(host.get_name())
            self._told[name] = as_json(Told(name, step="wait", message="the play ended before this host did"))

    def v2_runner_on_ok(self, result: Any) -> None:
        """Take what is told of a host."""
        self._take(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - Ansible's
        """Take what is told of a host; an error of ours in its place is told, too."""
        self._take(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Take what is told of a host."""
        self._take(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ARG002 - Ansible's
        """Print the summary, and write it where the case lies."""
        if not self._told:
            return
        case, language = self._where.get("case", "?"), self._where.get("language", "fr")
        whole = summary.summary(case, language, list(self._told.values()))
        self._display.display(summary.as_text(whole))
        if "folder" in self._where:
            for path in summary.write(whole, Path(self._where["folder"])):
                self._display.display(str(path))

    def _take(self, result: Any) -> None:
        name = str(result.host.get_name())
        if name not in self._told or not str(result.task.action).endswith(_ACTION):
            return
        given = result.result
        if isinstance(given.get("collect"), dict):
            self._told[name] = dict(given["collect"])
            self._where = dict(given["collect_summary"])
        else:
            self._told[name] = as_json(Told(name, message=str(given.get("msg", ""))))
