"""One summary of all hosts: text for a terminal, JSON for a program, a page for paper. French or English."""

from __future__ import annotations

import html
import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleet.answers import printable
from fleet.summary_words import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

GOOD = ("collected", "already")
@dataclass(frozen=True, slots=True)
class Summary:
    """All that is told of one play."""

    case: str
    made: str
    language: str
    hosts: Sequence[Mapping[str, object]]

    def word(self, name: str, **values: object) -> str:
        """Return a text in the language of the summary; a word that is not known stands for itself."""
        pair = WORDS.get(name)
        return printable(name, 60) if pair is None else pair[self.language == "en"].format(**values)

    @property
    def good(self) -> int:
        """Return how many hosts have a verified bundle here."""
        return sum(host["outcome"] in GOOD for host in self.hosts)

    @property
    def headline(self) -> str:
        """Return the one sentence that matters."""
        whole = len(self.hosts)
        head = self.word("all" if self.good == whole else "head", good=self.good, all=whole, bad=whole - self.good)
        twins = sum(bool(host.get("twins")) for host in self.hosts)
        return f"{head} {self.word('twinned', twins=twins)}" if twins else head


def summary(case: str, language: str, hosts: Sequence[Mapping[str, object]]) -> Summary:
    """Return the summary of hosts: those that need somebody first, then by name.

    Hosts that gave one and the same bundle get each other's names as `twins`: all but one gave what is not theirs.
    """
    by_sid: dict[object, list[str]] = {}
    for host in hosts:
        if host.get("sid"):
            by_sid.setdefault(host["sid"], []).append(str(host["host"]))
    twinned = [
        {**host, "twins": [name for name in by_sid.get(host.get("sid"), []) if name != str(host["host"])]}
        for host in hosts
    ]
    ordered = sorted(twinned, key=lambda host: (host["outcome"] in GOOD and not host["twins"], str(host["host"])))
    return Summary(case, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), language, ordered)


def as_text(told: Summary) -> str:
    """Return the summary for a terminal: two lines a host, and what needs somebody first."""
    lines = ["", told.word("title", case=told.case), ""]
    for host in told.hosts:
        name = printable(str(host["host"]), 40)
        lines.append(f"{name:<20} {_outcome(told, host)}")
        lines += [f"    {line}" for line in (*_details(told, host), *_where(host))]
    lines += ["", told.headline]
    if any(host.get("key_file") for host in told.hosts):
        lines.append(told.word("keys"))
    return "\n".join(lines) + "\n"


def as_json(told: Summary) -> str:
    """Return the summary as one JSON object."""
    counts = {"hosts": len(told.hosts), "good": told.good}
    return json.dumps({"case": told.case, "made": told.made, **counts, "told": list(told.hosts)}, indent=1) + "\n"


def as_page(told: Summary) -> str:
    """Return the summary as a page that needs nothing else and prints on A4; every word of a host is escaped."""
    rows = "".join(_row(told, host) for host in told.hosts)
    heads = "".join(f"<th>{_html(told.word(name))}</th>" for name in ("host", "outcome", "network", "check", "seconds"))
    keys = f"<p>{_html(told.word('keys'))}</p>" if any(host.get("key_file") for host in told.hosts) else ""
    notes = "".join(f"<p>{_html(told.word(name))}</p>" for name in ("note", "codes"))
    title = _html(told.word("title", case=told.case))
    return (
        f'<!DOCTYPE html>\n<html lang="{told.language}"><head><meta charset="utf-8"><title>{title}</title>\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<style>{_STYLE}</style></head><body>\n<h1>{title}</h1><p>{_html(told.made)}</p>"
        f'<p class="head">{_html(told.headline)}</p>\n<table><thead><tr>{heads}</tr></thead>\n{rows}</table>\n'
        f'{notes}{keys}<p class="sign">{_html(told.word("sign"))}</p></body></html>\n'
    )


_STYLE = (
    "@page{size:A4;margin:14mm}body{font:10.5pt/1.35 sans-serif;color:#000;max-width:190mm;margin:1em auto}"
    "h1{font-size:16pt;margin:0}.head{font-size:12pt;font-weight:bold;border:1pt solid #000;padding:2mm}"
    "table{border-collapse:collapse;width:100%}th{text-align:left;border-bottom:1pt solid #000}"
    "td,th{padding:1mm 2mm 1mm 0;vertical-align:top}tbody{break-inside:avoid}tbody+tbody td{border-top:.3pt solid #888}"
    "tbody tr+tr td{border:0!important;padding-top:0}.bad{font-weight:bold}.small{font-size:9pt;overflow-wrap:anywhere}"
    ".code{font:10pt monospace}.sign{margin-top:12mm}"
)


def _row(told: Summary, host: Mapping[str, object]) -> str:
    bad = "" if host["outcome"] in GOOD else ' class="bad"'
    name = printable(str(host["host"]), 60)
    cells = [name, _outcome(told, host), _network(told, host), _check(told, host), _time(host)]
    first = "".join(f"<td{bad}>{_html(cell)}</td>" for cell in cells)
    code = host.get("seal_code") if host["outcome"] in GOOD else None
    lines = [_html(line) for line in (*_more(told, host), *_where(host))]
    if code:
        lines.insert(0, f'{_html(told.word("seal") + told.word("colon"))}<span class="code">{_html(str(code))}</span>')
    second = f'<tr><td></td><td class="small" colspan="4">{"<br>".join(lines)}</td></tr>' if lines else ""
    return f"<tbody><tr>{first}</tr>{second}</tbody>\n"


def _outcome(told: Summary, host: Mapping[str, object]) -> str:
    word = told.word(str(host["outcome"]))
    if host["outcome"] not in GOOD:
        return f"{word} {told.word(str(host.get('step')))}"
    if host["outcome"] == "collected":
        code = host.get("exit")
        return f"{word}, {told.word('unheard' if code is None else 'cut' if code == 3 else 'whole')}"
    return word


def _network(told: Summary, host: Mapping[str, object]) -> str:
    return "" if not host.get("sealed") else told.word(str(host.get("isolation") or "UNKNOWN"))


def _check(told: Summary, host: Mapping[str, object]) -> str:
    return told.word(str(host["verdict"])) if host.get("verdict") else ""


def _time(host: Mapping[str, object]) -> str:
    seconds = host.get("seconds")
    if not isinstance(seconds, int | float):
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _details(told: Summary, host: Mapping[str, object]) -> list[str]:
    exit_code = "" if host.get("exit") is None else f"exit {host['exit']}"
    facts = [word for word in (exit_code, _network(told, host), _check(told, host), _time(host)) if word]
    return [*([" · ".join(facts)] if facts else []), *_more(told, host)]


def _more(told: Summary, host: Mapping[str, object]) -> list[str]:
    lines = []
    if host.get("message"):
        lines.append(printable(str(host["message"]), 500))
    twins = host.get("twins")
    if isinstance(twins, list) and twins:
        shown = [printable(str(one), 40) for one in twins[:8]]
        lines.append(f"{told.word('twins')}{told.word('colon')}{', '.join(shown)}{' …' if len(twins) > 8 else ''}")
    if host["outcome"] in ("killed", "unreachable"):
        lines.append(told.word("next"))
    for name, holds in (("user", host.get("root") is False), ("resumed", bool(host.get("resumed")))):
        if holds:
            lines.append(told.word(name))
    missed = host.get("missed")
    if isinstance(missed, list) and missed:
        shown = sorted({printable(str(one), 40) for one in missed})
        lines.append(f"{told.word('missed')}{told.word('colon')}{', '.join(shown[:8])}{' …' if len(shown) > 8 else ''}")
    if host["outcome"] in GOOD or host.get("step") != "connect":
        lines.append(told.word(str(host.get("left") or "unknown")))
    return lines


def _where(host: Mapping[str, object]) -> list[str]:
    return [printable(str(host[name]), 400) for name in ("folder", "key_file") if host.get(name)]


def _html(text: str) -> str:
    return html.escape(text, quote=True)


def write(told: Summary, folder: Path) -> list[Path]:
    """Write the three forms into a folder of this machine and return where they are."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = "summary-" + told.made.replace("-", "").replace(":", "")
    written = []
    for ending, text in (("txt", as_text(told)), ("json", as_json(told)), ("html", as_page(told))):
        path = folder / f"{stem}.{ending}"
        new = folder / f".{stem}.{ending}.new"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
            file.write(text)
        new.replace(path)
        written.append(path)
    return written
