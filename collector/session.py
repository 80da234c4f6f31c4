"""From what the operator asked to a sealed bundle: makes or reopens it and lets `acquisition` run."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from collector import age, answers, bundle, continuing, eyes, layout, levels, profiles, resume, seal, tool
from collector.acquisition import Run
from collector.earlier import Earlier
from collector.errors import BundleNotMadeError
from collector.inventory import LEVEL
from collector.ledger import as_json, ordered
from collector.manifest import MAX_LINE, encode
from collector.model import UNKNOWN_BOOT, Gap, Outcome, Profile, Request, number
from collector.result import Limits
from collector.sources import left_out, planned
from collector.text import from_bytes, from_native, readable
from collector.times import utc_text
from collector.vigil import Vigil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collector.answers import Answer
    from collector.continuing import Elsewhere, Part
    from collector.host import Host
    from collector.manifest import Record
    from collector.model import Case, Json
    from collector.onlooker import Onlooker
    from collector.result import Result, Stop

MAX_ARGUMENT = 500
"""Longest part of one argument that is recorded, in characters."""
MAX_BESIDE = 20
"""Names that are recorded of what lay on the stick beside its kit."""
DEFAULT_WINDOW_S = 7 * 86400
"""The window of recently modified files, unless `--since` says otherwise: a week."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the operator asked for; `since_ns` and `scan` as in `model.Request`."""

    case: Case
    out: Path
    since_ns: int
    scan: tuple[bytes, ...] | None = None
    limits: Limits = field(default_factory=Limits)
    arguments: tuple[str, ...] = ()
    isolate: bool = False
    declined: bool = False
    """Whether `--isolate` was given and the person then said no."""
    recipients: tuple[str, ...] = ()
    """Who can read the bundle, checked by `age.checked`; the practice is added."""
    practice: bool = False
    """Whether the bundle is encrypted to the practice even where there is no other recipient."""
    kit_nonce: str | None = None
    copies: bool = True
    """Whether files and memory of suspicious programs are taken."""
    memory_program: Path | None = None
    """An acquisition program for the memory of the whole machine, if that is to be taken."""
    clipboard: bool = False
    """Whether the text in the clipboard is taken; the bundle is encrypted then."""
    eyes: Mapping[str, str] | None = None
    """What a person answered to `eyes.QUESTIONS`, where it was asked."""
    answers: Mapping[str, Mapping[str, Answer]] = field(default_factory=dict)
    """What a person answered to `questions.QUESTIONS`, by their groups."""
    unasked: str | None = None
    """A mistake of ours that ended these questions before their end."""
    beside: tuple[str, ...] = ()
    """What lay on the stick beside its kit (`kit.check`)."""
    level: str = levels.EXPERT
    """The level of privacy (`levels`)."""
    consent: Mapping[str, str | None] | None = None
    """Who was asked whether contents may be taken, and the answer (SPEC 5.2), where it was asked."""
    elevation: str | None = None
    """What came of asking Windows for all rights: `granted`, `refused` or `failed`, where it was asked."""
    profile: Profile = field(default_factory=Profile)
    rules: tuple[Path, ...] = ()
    """An expert's own definitions, checked by `library.Library.add`."""
    watch_offset: int | None = None
    """Seconds to add to the host's clock to reach the operator's watch, where the two were compared."""
    elsewhere: Elsewhere = continuing.nowhere
    """Names the folder where the run goes on once the first is full or gone."""


def default_since(host: Host) -> int:
    """Return the start of the default window, nanoseconds since 1970 UTC."""
    return max(0, host.clock.now().utc_ns - DEFAULT_WINDOW_S * 10**9)


def begin(plan: Plan, host: Host, onlooker: Onlooker, stop: Stop) -> Result:
    """Run a whole acquisition; raises `BundleNotMadeError`, and `WriteError` if the folder goes away."""
    vigil = Vigil(host)  # listens from before the first record on
    identity, recipients = None, plan.recipients
    if recipients or plan.practice:
        identity, own = age.new_identity()
        recipients = (*recipients, own)
    try:
        setting = _Setting(
            plan,
            host,
            onlooker,
            stop,
            vigil,
            recipients,
            identity,
            time.monotonic(),
            tool.identity(host.privileges()),
            readme(),
        )
        run = setting.begun()
    except BaseException:
        vigil.stop()
        raise
    return continuing.to_the_end(run, plan.elsewhere, setting.next)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What stays the same while a run goes from one bundle to the next."""

    plan: Plan
    host: Host
    onlooker: Onlooker
    stop: Stop
    vigil: Vigil
    recipients: tuple[str, ...]
    identity: str | None
    started: float
    tool: dict[str, str]
    """What we said of ourselves at the start: a stick that is taken out takes our program along."""
    readme: bytes
    """The text for each bundle, for the same reason."""

    def begun(self) -> Run:
        """Make the first bundle, in another folder where the one that was given takes none, and return its run."""
        place = self.plan.out
        while True:
            try:
                return self.first(place)
            except BundleNotMadeError as error:
                other = self.plan.elsewhere(continuing.FULL, error)
                if other is None:
                    raise
                place = other

    def first(self, place: Path) -> Run:
        """Make the first bundle and return its run."""
        run = self._run(self._made(place, None), ())
        self.onlooker.encrypted(self.identity)
        if self.plan.declined:
            run.bundle.observe("isolate", {"step": "declined"})
        if self.plan.eyes:
            run.bundle.observe("eyes", eyes.as_data(self.plan.eyes))
        if self.plan.consent is not None:
            consent: dict[str, Json] = {**self.plan.consent, "who": _said(self.plan.consent["who"])}
            run.bundle.observe("consent", consent)
        for group, given in self.plan.answers.items():
            for data in answers.as_records(group, given):
                run.bundle.observe(answers.WHAT, data)
        if self.plan.unasked is not None:
            reason = "the questions ended before their end, by a mistake of this tool"
            run.missed(answers.WHAT, Gap(Outcome.FAILED, reason, from_native(self.plan.unasked[:MAX_ARGUMENT])))
        if self.plan.beside:
            names = [as_json(from_native(name)) for name in self.plan.beside[:MAX_BESIDE]]
            run.bundle.observe("kit", {"count": len(self.plan.beside), "beside": [*names]})
        if self.plan.elevation is not None:
            run.bundle.observe("elevation", {"answer": self.plan.elevation})
        return run

    def next(self, part: Part, place: Path) -> Run:
        """Make the bundle that goes on from another one, in another folder, and return its run."""
        bundles = (*(path for path in part.run.request.exclude), os.fsencode(part.run.bundle.path))
        run = self._run(self._made(place, part.continues()), bundles)
        run.done = part.done()
        run.earlier = (*part.run.earlier, part.run.bundle.inventory)
        run.bundle.observe("continued", part.observed())
        return run

    def _made(self, out: Path, continues: Json) -> bundle.Bundle:
        """Make a bundle; raises what `bundle.create` raises."""
        plan, host = self.plan, self.host
        facts = host.open_facts()
        clock = facts["clock"]
        compared = None if plan.watch_offset is None else number(plan.watch_offset)
        opening: Record = {
            "case": plan.case.case,
            "operator": _said(plan.case.operator),
            "witness": _said(plan.case.witness),
            "tool": {**self.tool},
            "arguments": _arguments(plan.arguments),
            "host": ordered(facts["host"]),
            "clock": ordered({**(clock if isinstance(clock, dict) else {}), "watch_offset": compared}),
            "kit_nonce": plan.kit_nonce,
            "run_key": "",
            "recipients": [*self.recipients],
            "readme_sha256": "",
            "continues": continues,
        }
        stamp = utc_text(host.clock.now().utc_ns)
        when = stamp[:19].replace("-", "").replace(":", "") + "Z"
        # SPEC 11, clause 4
        host_name = "" if self.recipients else layout.safe_name(readable(host.hostname()), 40) + "_"
        name = f"{plan.case.case}_{host_name}{when}"
        level, system = plan.level, host.system_word()
        left: dict[str, Json] = {"left_out": {name: [*parts] for name, parts in left_out(level, system).items()}}
        asked = {"request": _asked(plan), f"{LEVEL}{level.lower()}": left}
        return bundle.create(out, name, opening, self.readme, seal.new_key(), host.clock, asked=asked)

    def _run(self, made: bundle.Bundle, bundles: tuple[bytes, ...]) -> Run:
        plan = self.plan
        request = _request(plan.since_ns, plan.scan, made.path, plan.level, copies=plan.copies)
        run = Run(
            bundle=made,
            host=self.host,
            request=replace(
                request,
                exclude=(*request.exclude, *bundles),
                profile=plan.profile,
                rules=plan.rules,
                memory_program=plan.memory_program,
                clipboard=plan.clipboard,
                max_size=plan.limits.size,
            ),
            onlooker=self.onlooker,
            case=plan.case.case,
            start_code=_start_code(made.inventory.opening or {}),
            vigil=self.vigil,
            limits=plan.limits,
            practice_identity=self.identity,
            isolate=plan.isolate,
            stop=self.stop,
            started=self.started,
        )
        self.onlooker.opened(made.path, run.start_code)
        return run


def _asked(plan: Plan) -> dict[str, Json]:
    """Return the data of the `request` observation (SPEC 5.2)."""
    scan, more = _fitting([as_json(from_bytes(path)) for path in plan.scan or ()])
    return {
        "since": utc_text(plan.since_ns),
        "scan": None if plan.scan is None else scan,
        "scan_more": more,
        "profile": plan.profile.name,
        "rules": len(plan.rules),
        "level": plan.level,
        "memory": plan.copies,
        "clipboard": plan.clipboard,
        "memory_program": None if plan.memory_program is None else as_json(from_native(str(plan.memory_program))),
    }


def go_on(
    path: Path,
    scan: tuple[bytes, ...] | None,
    arguments: tuple[str, ...],
    host: Host,
    onlooker: Onlooker,
    stop: Stop,
    *,
    copies: bool = True,
) -> Result:
    """Resume a run that was cut short and seal its bundle; raises what `resume.reopen` raises."""
    started = time.monotonic()
    earlier = Earlier()
    identity: Json = dict(tool.identity(host.privileges()))
    fields: Record = {"tool": identity, "arguments": _arguments(arguments)}
    here = host.open_facts()["host"]
    machine = here.get("machine_id") if isinstance(here, dict) else None
    reopened = resume.reopen(path, seal.new_key(), host.clock, fields, earlier.take, machine)
    opening = reopened.inventory.opening or {}
    same_boot = opening["boot_id"] == host.clock.now().boot_id != UNKNOWN_BOOT
    sources = planned(whole_memory=False, system=host.system_word())
    known = [(source.name, source.kind, source.phase, bool(source.columns)) for source in sources]
    run = Run(
        bundle=reopened,
        host=host,
        request=replace(
            _request(
                earlier.since_ns or default_since(host),
                scan or earlier.scan,
                reopened.path,
                reopened.inventory.level or levels.EXPERT,  # a bundle that names none: there was no other then
                copies=copies and earlier.copies,
            ),
            profile=profiles.named(earlier.profile if earlier.profile in profiles.NAMES else profiles.DEFAULT),
        ),
        onlooker=onlooker,
        case=str(opening["case"]),
        start_code=_start_code(opening),
        vigil=Vigil(host, earlier.verdicts, earlier.moment),
        stop=stop,
        started=started,
        done=resume.finished_sources(reopened.inventory, known) if same_boot else frozenset(),
    )
    onlooker.opened(reopened.path, run.start_code)
    if not reopened.recipients:
        onlooker.encrypted(None)
    if reopened.recipients:  # SPEC 11: what the first part was asked is readable to recipients only
        where = "the usual window and folders are" if scan is None else "the usual window is"
        run.missed("request", Gap(Outcome.UNSUPPORTED, f"what was asked is encrypted: {where} searched"))
    if scan is not None and scan != earlier.scan and "ransom" not in run.done:
        run.missed("ransom", Gap(Outcome.OVER_LIMIT, "only what this resume was given (--scan) was searched"))
    if earlier.rules and "artifacts" not in run.done:
        run.missed("artifacts", Gap(Outcome.UNSUPPORTED, "the definitions given with --rules are not known any more"))
    try:
        return run.collect()
    finally:
        run.vigil.stop()


def _request(since_ns: int, scan: tuple[bytes, ...] | None, path: Path, level: str, *, copies: bool) -> Request:
    own = os.fsencode(path.resolve())
    return Request(
        since_ns=since_ns,
        scan=scan,
        exclude=(own,),
        copies=copies and levels.takes(level, "suspects", "programs"),
        memory=levels.takes(level, "suspects", "memory"),
        level=level,
        out=own,
    )


def _start_code(opening: Record) -> str:
    return seal.code(hashlib.sha256(encode(opening)).digest())


def _said(text: str | None) -> Json:
    return None if text is None else as_json(from_native(text))


def _arguments(arguments: Sequence[str]) -> list[Json]:
    """Return the arguments as they were given, as many as fit a line beside the rest of the record."""
    kept, more = _fitting([as_json(from_native(argument[:MAX_ARGUMENT])) for argument in arguments])
    return [*kept, f"… {more} more"] if more else kept


def _fitting(texts: Sequence[Json]) -> tuple[list[Json], int]:
    """Return the first of some texts, as many as take a third of a line, and how many follow."""
    kept: list[Json] = []
    left = MAX_LINE // 3
    for text in texts:
        left -= len(encode({"text": text}))
        if left < 0:
            break
        kept.append(text)
    return kept, len(texts) - len(kept)


def readme() -> bytes:
    """Return the text that is laid beside every bundle."""
    return (Path(__file__).parent / layout.README).read_bytes()
