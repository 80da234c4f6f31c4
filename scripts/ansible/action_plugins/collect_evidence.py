"""Ansible's action `collect_evidence`: the journey of one host, over whatever connection Ansible has to it."""

from __future__ import annotations

import resource
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.constants import DEFAULT_DEBUG
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fleet import kits
from fleet.journey import Journey, as_json
from fleet.posix import PosixTarget
from fleet.target import LostError, Said
from fleet.windows import WindowsTarget
from fleet.wishes import WishError, Wishes, wished

if TYPE_CHECKING:
    from types import FrameType

    from fleet.target import Target

_MOST_MEMORY = 192 << 20
"""Bytes that the process of one host may take more than it has: Ansible keeps all that a host says in memory."""


class ActionModule(ActionBase):  # type: ignore[misc] # Ansible has no types
    """Collects from one host; the role gives the arguments."""

    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: object = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make the journey; what is told stands under `collect`."""
        super().run(tmp, task_vars)
        if self._task.check_mode:
            raise AnsibleError("nothing is tried out on a host that is evidence: leave --check out")
        host = str((task_vars or {}).get("inventory_hostname", ""))
        try:
            wishes = wished(self._task.args)
            if DEFAULT_DEBUG:
                raise WishError("ANSIBLE_DEBUG prints what hosts say, the practice's reading key too: switch it off")
        except WishError as error:
            raise AnsibleError(str(error)) from None
        # What a host says is never shown, however verbose Ansible is: it may hold the key, or terminal commands.
        self._play_context.no_log = self._connection._play_context.no_log = True  # noqa: SLF001 - Ansible's own switch
        _bound_memory()
        journey = Journey(wishes, host, self._target(wishes), partial(kits.program, wishes), self._connection.reset)
        try:
            told = journey.run()
        except WishError as error:  # the kit on this machine is not as its sums say
            raise AnsibleError(str(error)) from None
        done: dict[str, Any] = {
            "collect": {**as_json(told), "case": wishes.case},
            "collect_summary": {"case": wishes.case, "folder": str(wishes.folder), "language": wishes.language},
            "changed": told.outcome == "collected",
        }
        if not told.good:
            done["msg"] = f"{told.outcome}, at step {told.step}: {as_json(told)['message']}"
            done["unreachable" if told.outcome == "unreachable" else "failed"] = True
        return done

    def _target(self, wishes: Wishes) -> Target:
        if getattr(self._connection._shell, "_IS_WINDOWS", False):  # noqa: SLF001 - Ansible's own way to ask
            return WindowsTarget(self._execute, self._connection.put_file, wishes.place, wishes.silence)
        return PosixTarget(self._execute, wishes.place, wishes.silence)

    def _execute(self, line: str, data: bytes, seconds: float) -> Said:
        """Run a command line on the host; raises `LostError` when it does not end in time."""
        signal.signal(signal.SIGALRM, _too_long)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            # As surrogates each byte comes through Ansible's text as it was.
            done = self._low_level_execute_command(line, in_data=data, encoding_errors="surrogateescape")
        except AnsibleConnectionFailure as error:
            raise LostError(" ".join(str(error).split())) from None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        out, err = (str(done[name]).encode("utf-8", "surrogateescape") for name in ("stdout", "stderr"))
        return Said(int(done["rc"]), out, err)


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise LostError("it does not answer in time")


def _bound_memory() -> None:
    """Let this host's own process end, and no other, when the host says more than fits into memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + _MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
