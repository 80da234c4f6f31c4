"""`collect rules`, and what `--profile` and `--rules` mean: arguments and exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.cli.process import LANG, leave, say
from collector.errors import RuleError, UsageError
from collector.ui import errors as shown
from collector.ui.messages import _

if TYPE_CHECKING:
    from collector.library import Library
    from collector.model import Profile


def profile(name: str) -> Profile:
    """Return the profile that an operator named; raises `UsageError`."""
    from collector import profiles  # noqa: PLC0415 - verify needs none of it

    if name not in profiles.NAMES:
        raise UsageError("there is no such profile", hint="the profiles are triage, standard and full")
    return profiles.named(name)


def checked(given: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the files and folders of an expert's definitions, each read and found right; raises `RuleError`."""
    if given:
        from collector.library import Library  # noqa: PLC0415 - only here

        _added(Library.packaged(), given)
    return tuple(Path(one).resolve() for one in given)


def _added(library: Library, given: tuple[str, ...]) -> list[str]:
    return [definition.name for one in given for definition in library.add(Path(one))]


@click.group("rules")
@LANG
def rules_group() -> None:
    """Show and check the artifact definitions: what is collected, as data."""


@rules_group.command("list")
@click.option("--profile", "name", metavar="NAME", help="Only those of a profile, in its order.")
@LANG
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def list_command(name: str | None, *, as_json: bool) -> None:
    """List the packaged definitions."""
    from collector.library import Library  # noqa: PLC0415 - only here

    library = Library.packaged()
    chosen = None if name is None else profile(name)
    names = list(library.order if chosen is None else chosen.definitions)
    if chosen is not None and chosen.everything:
        names += library.order
    found = [library.get(one) for one in names] if chosen is None else list(library.members(names))
    if as_json:
        listed = [
            {
                "name": one.name,
                "file": one.file,
                "line": one.line,
                "systems": [*one.systems],
                "types": sorted({source.type for source in one.sources}),
                "doc": one.doc,
            }
            for one in found
        ]
        say(json.dumps({"definitions": listed}) + "\n")
    else:
        say("".join(f"{one.name}  {one.file}:{one.line}  {', '.join(one.systems)}\n" for one in found))


@rules_group.command("check")
@click.argument("paths", nargs=-1)
@LANG
def check_command(paths: tuple[str, ...]) -> None:
    """Check files or folders of definitions, or the packaged ones: the first that is wrong is told."""
    from collector import profiles  # noqa: PLC0415 - only here
    from collector.library import Library  # noqa: PLC0415 - the same

    if not all(Path(path).exists() for path in paths):
        hint = "give a file of definitions, or a folder of such files"
        raise UsageError("there is no such file or folder", hint=hint)
    library = Library.packaged()
    try:
        if paths:
            count = len(_added(library, paths))
        else:
            count = len([library.get(name) for name in library.order])
            for name in profiles.NAMES:
                known = profiles.named(name)
                for unknown in (one for one in (*known.definitions, *known.without) if one not in library):
                    raise RuleError(f"{name}.yaml:1: no definition is called {unknown}")
            for _definition in library.members(library.order):
                pass
            _check_detection()
    except RuleError as error:
        shown.show(error, sys.stderr)
        leave(1)
    say(_("Definitions that are right: {count}.", count=count) + "\n")


def _check_detection() -> None:
    """Read the packaged detection rules; raises `RuleError` for one that is wrong."""
    from collector import activity_rules, ransom_rules, suspicion_rules  # noqa: PLC0415 - only here
    from collector.marks import Marks  # noqa: PLC0415 - the same
    from collector.ransom import magics  # noqa: PLC0415 - the same

    ransom_rules.note_rules()
    ransom_rules.families()
    suspicion_rules.suspicion()
    suspicion_rules.suspicion(suspicion_rules.WINDOWS)
    activity_rules.activity()
    magics.marks()
    for name in ("programs.yar", "recovery.yar"):
        Marks(name)
