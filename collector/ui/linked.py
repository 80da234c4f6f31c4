"""What is told of bundles that go on from one another, and of those that are one and the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.sequence import Joint
from collector.ui import as_json, terminal
from collector.ui.messages import N_, _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.model import Json
    from collector.sequence import Link, Twins

_JOINTS = {
    Joint.JOINED: N_("This evidence goes on from the other one without a break:"),
    Joint.SHORTER: N_("This evidence goes on from the other one, whose last lines were lost with its stick:"),
    Joint.RESUMED: N_("This evidence goes on from the other one, which was taken up again afterwards:"),
    Joint.DIFFERENT: N_("This evidence does not go on from the other one, though it says so: one was replaced."),
    Joint.ABSENT: N_("This evidence goes on from another folder. Verify both in one go."),
}


def link_text(link: Link) -> str:
    """Return the lines on one link: the later bundle, how it fits, the earlier one."""
    width = terminal.WIDTH - 1
    lines = [*terminal.fold_path(str(link.later), width), *terminal.fold(_(_JOINTS[link.joint]), width)]
    if link.earlier is not None:
        lines += terminal.fold_path(str(link.earlier), width)
    return "\n".join(lines) + "\n"


def twins_text(twins: Twins) -> str:
    """Return the lines on bundles of one sid: what that means, and where they lie."""
    sentence = (
        _(
            "WARNING: these folders say that they are the same evidence, but their codes differ. "
            "Keep all of them and tell the expert:"
        )
        if twins.different
        else _("The same evidence was given more than once:")
    )
    width = terminal.WIDTH - 1
    paths = [line for path in twins.bundles for line in terminal.fold_path(str(path), width, "  ")]
    return "\n".join([*terminal.fold(sentence, width), *paths]) + "\n"


def twins_json(twins: Sequence[Twins]) -> list[Json]:
    """Return them as `collect verify A B --json` has them beside `bundles`."""
    return [
        {"sid": one.sid, "bundles": [as_json.path_json(path) for path in one.bundles], "different": one.different}
        for one in twins
    ]


def links_json(links: Sequence[Link]) -> list[Json]:
    """Return the links as `collect verify A B --json` has them beside `bundles`."""
    return [
        {
            "bundle": as_json.path_json(link.later),
            "sid": link.sid,
            "continues": None if link.earlier is None else as_json.path_json(link.earlier),
            "joint": link.joint.value,
        }
        for link in links
    ]
