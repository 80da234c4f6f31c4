"""Ansible's filter `host_names`: what stands in `on` or behind `-l`, one by one, as Ansible itself takes it apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible.errors import AnsibleError
from ansible.inventory.manager import split_host_pattern

if TYPE_CHECKING:
    from collections.abc import Callable


class FilterModule:
    """Where Ansible looks for filters."""

    def filters(self) -> dict[str, Callable[[object], list[str]]]:
        """Return the one filter."""
        return {"host_names": _host_names}


def _host_names(pattern: object) -> list[str]:
    """Return each name or pattern of names, whether it is asked for or (`!`, `&`) left out.

    Raises `AnsibleError` where one is missing: of `-e "on=a, b"`, Ansible takes `on=a,` and throws the rest away.
    """
    if str(pattern).rstrip().endswith((",", ":")):
        raise AnsibleError(f"a name is missing after {pattern}: write the names without spaces")
    return [str(name).lstrip("!&") for name in split_host_pattern(pattern)]
