"""`iris`, `misp` and `case`: what an expert shares tells of the attacker, never of a patient, and nothing in it acts.

The rules of IRIS's importers are those of iris-web's own source (case_timeline_routes.py, case_ioc_routes.py,
post_init.py); that MISP's and CASE's own tools take the files is in test_exports_experts.py.
"""

from __future__ import annotations

import csv
import json
import re
import tracemalloc
import uuid
from datetime import datetime

import live
import made
import pyrage
import pytest
from test_exports import KEY, NAMES, TABLES, bundle, exported, recent

from collector import custody
from collector.errors import AlteredError
from collector.handover import export_indicators
from collector.handover.export import export
from collector.ransom.notes import judge_note
from collector.verify import verify_bundle

TOOL = {"version": "0", "sha256": "0" * 64, "privileges": "root"}
EVENT_HEADER = (
    "event_date,event_tz,event_title,event_category,event_content,event_raw,event_source,event_assets,event_iocs,event_tags"
)
IOC_HEADER = "ioc_value,ioc_type,ioc_description,ioc_tags,ioc_tlp"
CATEGORIES = {
    "Unspecified", "Legitimate", "Remediation", "Initial Access", "Execution", "Persistence", "Privilege Escalation",
    "Defense Evasion", "Credential Access", "Discovery", "Lateral Movement", "Collection", "Command and Control",
    "Exfiltration", "Impact",
}  # fmt: skip
"""iris-web, post_init.py, create_safe_events_cats."""
TYPES = {"domain", "ip-dst", "email", "btc", "xmr", "dash", "sha256", "filename", "filename-pattern", "text"}
"""Of those of create_safe_ioctypes, the ones that we use."""
ONION = "a" * 56 + ".onion"
WALLET = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
CONTACTS = [
    {"kind": "email", "value": "pay@evil.example", "checked": False},
    {"kind": "email", "value": "+x=1@evil.example", "checked": False},
    {"kind": "onion", "value": ONION + "/chat?id=VICTIM77", "checked": True},
    {"kind": "url", "value": "hxxps://mega.example/folder/stolen-DUPONT", "checked": False},
    {"kind": "url", "value": "https://www.torproject.org/download", "checked": False},
    {"kind": "bitcoin", "value": WALLET, "checked": True},
    {"kind": "ethereum", "value": "0x" + "ab" * 20, "checked": False},
    {"kind": "telegram", "value": "@evil_chat", "checked": False},
    {"kind": "victim_id", "value": "VICTIM77", "checked": False},
    {"kind": "deadline", "value": "72 hours", "checked": False},
]


def note(path, **more):
    usual = {"family": "Akira", "confidence": "high", "contacts": None, "copied": None, "sha256": None}
    return recent(path, what="note", **{**usual, **more})


NOTES = [
    note("/home/zoe/Patients/DUPONT/akira_readme.txt", contacts=CONTACTS, sha256="cd" * 32, copied="whole"),
    note("/home/zoe/Patients/MARTIN/akira_readme.txt"),
    note("/home/zoe/Patients/MARTIN.odt.readme.txt"),
    note("/home/zoe/Agenda/MARTIN.odt.readme.txt"),
    note("C:\\Users\\zoe\\LEBRUN.txt", confidence="low", contacts=CONTACTS[:1]),
]
TRACES = [
    *NOTES,
    recent("/home/zoe/Patients/DUPONT/IRM.pdf.akira", what="encrypted", extension=".akira", confidence="high"),
    recent("/home/zoe/Patients/DUPONT/IRM.pdf.akira", what="sample", extension=".akira", confidence=None),
    recent("/home/zoe/Patients/DUPONT/IRM.pdf", what="original", confidence=None),
    {"what": "family", "family": "Akira", "confidence": "high", "path": None},
    {"what": "extension", "extension": ".dupont", "count": 4, "path": None},
]
RUNNING = [
    {"path": "/home/zoe/.cache/evil", "sha256": "ef" * 32, "pids": [7]},
    {"path": "/usr/bin/honest", "sha256": "0a" * 32, "pids": [8]},
]
SUSPECTS = [
    {"pid": 7, "exe": "/home/zoe/.cache/evil", "name": "evil", "confidence": "high", "ours": None, "script": None,
     "create_time": "2026-11-18T10:00:00.000000Z", "cmdline": ["evil", "--pass", "x"]},
    {"pid": 8, "exe": "/usr/bin/honest", "name": "honest", "confidence": "low", "ours": None, "script": None,
     "create_time": "2026-11-18T10:00:01.000000Z"},
]  # fmt: skip
WORST = [
    "\x1b[2J\x1b]0;t\x07", "\u202egpj", "a\nb\r\nc\u2028d\x85e\x0bf", '"><script>alert(1)</script>', "x" * 4000,
    "=cmd|'/c calc'!A1", "![](http://evil.example/x.png)", "` ` `", "a|b|c", "\x00nul", "{}", "\ud800", "kb:x", "@id",
]  # fmt: skip
HOSTILE = {
    **TABLES,
    "ransom": [
        *TRACES,
        *(note(f"/srv/{number}/{text}") for number, text in enumerate(WORST)),
        note("/srv/x/y", contacts=[
            *({"kind": kind, "value": text, "checked": True} for kind in ("email", "bitcoin", "tox", "url", "onion")
              for text in WORST),
            "no object", {"kind": 5, "value": []}, {"kind": "email"}, {"kind": {}, "value": "x"},
        ], sha256="not a hash", copied="whole"),
        *({"what": "family", "family": text, "confidence": "high"} for text in WORST),
        *({"what": "encrypted", "extension": text, "confidence": "high"} for text in (".a b", "./x", *WORST)),
        {"what": {}, "path": 5, "confidence": []}, {"what": "note", "confidence": "high", "path": {"hex": 1}},
    ],
    "suspects": [*SUSPECTS, {"pid": {}, "exe": [], "confidence": "high"}, {"exe": "\ud800", "confidence": "high"}],
    "executables": [*RUNNING, {"path": None, "sha256": 5}, {"path": "/x", "sha256": "zz" * 32}],
    "sessions": [{"user": text, "started": "2026-11-18T09:00:00.000000Z"} for text in WORST],
}  # fmt: skip
TELLING = ("zoe", "DUPONT", "MARTIN", "LEBRUN", "IRM", "Patients", "VICTIM77", "poste-1", "accueil", "T-1", "Anne",
           "/home", "Users", "evil --pass", "dupont")  # fmt: skip
"""What names the practice, its people, its patients or its machines."""


def attacked(folder, tables=None, **more):
    """Make a bundle of a machine that was attacked."""
    found = tables or {**TABLES, "ransom": TRACES, "suspects": SUSPECTS, "executables": RUNNING}
    return bundle(folder, found, **more)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Return a bundle that holds the worst in every field that an export reads."""
    path = attacked(tmp_path_factory.mktemp("hostile"), HOSTILE)
    for text in WORST[:-3]:
        custody.note(path, text[:2000].replace("\ud800", "?"), made.MadeClock(), TOOL)
    return path


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return attacked(tmp_path_factory.mktemp("usual"))


def imported(text):
    """Return rows as IRIS's importers read a file: split at each line end that Python knows, by the header's names."""
    lines = text.splitlines()
    return lines[0], list(csv.DictReader(lines, quotechar='"', delimiter=","))


def misp(path):
    return json.loads(path.read_bytes())["Event"]


def values(event):
    return {(one["type"], one["value"]) for one in event["Attribute"]}


@pytest.mark.parametrize("which", ["usual", "hostile"])
def test_iris_imports_the_timeline(tmp_path, request, which):
    """Its header letter by letter; each row has a title, a date as its schema wants it, a category that IRIS has."""
    exported(tmp_path / "i", "iris", request.getfixturevalue(which))
    text = (tmp_path / "i" / "iris-timeline.csv").read_bytes().decode("utf-8")
    header, rows = imported(text)
    assert header == EVENT_HEADER
    assert len(rows) > 10
    assert text.count("\n") == len(rows) + 1
    for row in rows:
        assert None not in row
        assert None not in row.values()
        datetime.strptime(row["event_date"], "%Y-%m-%dT%H:%M:%S.%f")  # noqa: DTZ007 - the offset is the next field
        assert row["event_tz"] == "+00:00"
        assert len(row["event_title"]) >= 2
        assert row["event_category"] in CATEGORIES
        assert row["event_assets"] == row["event_iocs"] == ""
        assert all(value.isprintable() for value in row.values())


@pytest.mark.parametrize("which", ["usual", "hostile"])
def test_iris_imports_the_iocs(tmp_path, request, which):
    exported(tmp_path / "i", "iris", request.getfixturevalue(which))
    header, rows = imported((tmp_path / "i" / "iris-iocs.csv").read_bytes().decode("utf-8"))
    assert header == IOC_HEADER
    assert {row["ioc_type"] for row in rows} <= TYPES
    assert {row["ioc_tlp"] for row in rows} == {"amber"}
    assert all(row["ioc_value"] and None not in row.values() and None not in row for row in rows)
    found = {(row["ioc_type"], row["ioc_value"]) for row in rows}
    assert {("btc", WALLET), ("domain", ONION), ("sha256", "cd" * 32), ("sha256", "ef" * 32), ("text", "Akira"),
            ("email", "pay@evil.example"), ("filename-pattern", "*.akira")} <= found  # fmt: skip
    if which == "usual":  # in the hostile one there are too many names of notes to tell whose they are
        assert ("filename", "akira_readme.txt") in found
    assert all(re.fullmatch("[0-9a-f]{64}", value) for kind, value in found if kind == "sha256")


def test_what_iris_shows_is_inert(tmp_path, hostile):
    """No tag opens, no picture is fetched, no cell is calculated; date and offset, of our making, stay as they are."""
    done = exported(tmp_path / "i", "iris", hostile)
    for name in ("iris-timeline.csv", "iris-iocs.csv"):
        _, rows = imported((tmp_path / "i" / name).read_bytes().decode("utf-8"))
        for row in rows:
            assert not any("<" in value for column, value in row.items() if column.startswith("event_"))
            for column, value in row.items():
                assert column == "event_tz" or not re.match(r"""^[\s"]*[=+\-@\uff1d]""", value), (column, value)
            content = row.get("event_content", "``")
            assert content.count("`") == 2
            assert "![" not in content.partition("`")[0]
    assert done.evidence[0].tally.neutralised > 0


def test_no_cell_opens_a_tag(tmp_path):
    """A host or a family that is HTML is inert in each cell; an IOC that holds `<` is left out and counted."""
    tag = "<img src=x onerror=alert(1)>"
    contacts = [{"kind": kind, "value": text, "checked": False} for kind in ("tox", "session") for text in (tag, "AB")]
    tables = {**HOSTILE, "ransom": [note("/a/n.txt", contacts=contacts, family=tag), *TRACES]}
    tables["suspects"] = [{"name": tag, "create_time": "2026-11-18T10:00:00Z"}, *SUSPECTS]
    done = exported(tmp_path / "i", "iris", attacked(tmp_path, tables, host=tag))
    for name in ("iris-timeline.csv", "iris-iocs.csv"):
        text = (tmp_path / "i" / name).read_text("utf-8")
        assert "<" not in text
        assert ">" not in text
    _, rows = imported((tmp_path / "i" / "iris-iocs.csv").read_text("utf-8"))
    assert {row["ioc_value"] for row in rows} >= {"AB", "*.akira"}
    _, rows = imported((tmp_path / "i" / "iris-timeline.csv").read_text("utf-8"))
    raw = [json.loads(row["event_raw"]) for row in rows if row["event_source"].startswith("collect suspects")]
    assert tag in [row.get("name") for row in raw]
    misp_left = exported(tmp_path / "m.json", "misp", done.evidence[0].bundle.path).evidence[0].tally.left_out
    assert done.evidence[0].tally.left_out == misp_left + 2


def test_iris_gets_what_happened_and_not_every_file(tmp_path, usual):
    """Traces, suspects, sessions, observations and the run; no line for each recent file or copied sample."""
    exported(tmp_path / "i", "iris", usual)
    _, rows = imported((tmp_path / "i" / "iris-timeline.csv").read_bytes().decode("utf-8"))
    titles = [row["event_title"] for row in rows]
    assert sum("Trace of ransomware: note" in title for title in titles) == len(NOTES)
    assert sum("Suspicious process" in title for title in titles) == len(SUSPECTS)
    assert not any(NAMES[0] in title or "sample" in title for title in titles)
    by_title = {row["event_title"]: row["event_category"] for row in rows}
    assert {by_title[title] for title in titles if "ransomware" in title} == {"Impact"}
    assert any("Collection began" in title for title in titles)


def test_iris_calls_an_attack_only_what_was_seen(tmp_path):
    """What was looked for and not seen is no impact: so it stands in the bundle of every clean machine."""
    seen = {"state": "running", "since": "2026-11-18T10:00:00.000000Z", "last": None}
    path = bundle(tmp_path, {}, observations=[
        ("encryption-running", {"state": "not-seen", "when": "close"}), ("encryption-running", seen),
        ("encryption-start", {"estimate_utc": None}),
    ])  # fmt: skip
    exported(tmp_path / "i", "iris", path)
    _, rows = imported((tmp_path / "i" / "iris-timeline.csv").read_text("utf-8"))
    told = [row for row in rows if "encryption" in row["event_raw"]]
    kinds = [(row["event_category"], json.loads(row["event_raw"])["data"]) for row in told]
    assert {category for category, data in kinds if data.get("state") == "running"} == {"Impact"}
    assert {category for category, data in kinds if data.get("state") == "not-seen"} == {"Unspecified"}
    assert {category for category, data in kinds if data == {"estimate_utc": None}} == {"Unspecified"}
    assert {category for category, data in kinds if data.get("basis")} == {"Impact"}


@pytest.mark.parametrize("which", ["usual", "hostile"])
def test_misp_is_told_nothing_of_the_practice(tmp_path, request, which):
    """No path, file, person, machine, case or victim's number; sites without what leads to the stolen data."""
    exported(tmp_path / "m.json", "misp", request.getfixturevalue(which))
    text = (tmp_path / "m.json").read_text("ascii")
    for word in TELLING:
        assert word not in text, word
    event = misp(tmp_path / "m.json")
    assert event["distribution"] == "0"
    assert event["published"] is False
    assert {("email", "pay@evil.example"), ("onion-address", ONION), ("domain", "mega.example"), ("btc", WALLET),
            ("text", "t.me/evil_chat"), ("sha256", "cd" * 32), ("sha256", "ef" * 32), ("text", "Akira"),
            ("filename-pattern", "*.akira")} <= values(event)  # fmt: skip
    assert ("domain", "www.torproject.org") not in values(event)
    assert ("sha256", "0a" * 32) not in values(event)  # a program of low confidence
    for one in event["Attribute"]:
        assert len(one["value"]) <= 500
        assert one["value"].isprintable()


def test_a_notes_name_is_shared_where_it_is_the_attackers(tmp_path, usual):
    """In two folders and no ending of a document inside; notes that are called after each file name none of them."""
    exported(tmp_path / "m.json", "misp", usual)
    assert {value for kind, value in values(misp(tmp_path / "m.json")) if kind == "filename"} == {"akira_readme.txt"}
    many = [note(f"/srv/{folder}/{name}-DUPONT") for folder in "ab" for name in "cdefgh"]
    path = attacked(tmp_path, {"ransom": many})
    done = exported(tmp_path / "n.json", "misp", path)
    assert values(misp(tmp_path / "n.json")) == set()
    assert done.evidence[0].tally.left_out == 6
    said = live.run("export", path, "--format", "misp", "--out", tmp_path / "o.json")
    assert "6 things were left out" in said.out


def test_names_of_machine_user_and_case_are_not_shared(tmp_path):
    """An attacker puts them into notes and endings; a user counts as a whole word, and root says nothing."""
    names = ["DECRYPT-MY-VM7-root-x.txt", "for_K6_all.txt", "hello zo\u00eb.txt", "Anne.txt"]
    names += ["zo\u00ebtrope.txt", "my_root.txt"]
    traces = [note(f"/srv/{folder}/{name}") for name in names[:4] for folder in "ab"]
    endings = [(".my-vm7", "high"), (".zo\u00eb", "high"), (".akira", "high")]
    endings = [recent("/a", what="encrypted", extension=one, confidence=sure) for one, sure in endings]
    tables = {
        "ransom": [*traces, *endings],
        "processes": [{"username": "MY-VM7\\Zo\u00eb"}, {"username": None}, {"username": "root"}, {"username": {}}],
        "sessions": [{"user": "vm", "started": None}],
    }
    done = exported(tmp_path / "m.json", "misp", attacked(tmp_path, tables, host="my-vm7", case="K6"))
    assert values(misp(tmp_path / "m.json")) == {("filename-pattern", "*.akira")}
    assert done.evidence[0].tally.left_out == 6
    tables["ransom"] = [note(f"/srv/{folder}/{name}") for name in names[4:] for folder in "ab"]
    exported(tmp_path / "n.json", "misp", attacked(tmp_path, tables, host="my-vm7", case="K6", sid="b" * 32))
    assert {value for _, value in values(misp(tmp_path / "n.json"))} == set(names[4:])


@pytest.mark.parametrize(
    ("named", "others"),
    [
        ({"host": "ACCUEIL2"}, ("accueil2@proton.me", "x.Accueil\uff12.evil.top", "*.ACCUEIL2", "@pay_accueil2_now")),
        ({"host": "accueil2.tilleuls.local"}, ("myaccueil2@evil.top", "tilleuls.evil.top", "*.accueil2", "*.TILLEULS")),
        ({"case": "dossier-77"}, ("dossier-77.accueil.top", "DOSSIER-77@evil.top", "@dossier_77")),
        ({"user": "TILLEULS\\jose"}, ("jose@tilleuls.top", "jose@evil.top", "cabinettilleuls.top", "*.tilleuls")),
        ({"user": "zoe.martin@tilleuls.local"}, ("zoe-martin@evil.top", "*.zoe.martin", "*.martin", "tilleuls.top")),
        ({"user": "Jose\u0301"}, ("*.Jos\u00e9", "*.jose", "jose@evil.top")),
        ({"user": "Ren\u00e9 Dupont"}, ("rene.dupont@evil.top", "*.Dupont")),
        ({"answers": {"practice": "Cabinet des Tilleuls", "email": "dr@ormes.fr"}}, ("x@tilleuls.top", "ormes.top")),
    ],
)  # fmt: skip
def test_an_address_that_names_the_practice_is_not_shared(tmp_path, named, others):
    """Machine, network, case, user, practice: left out and counted; what names none of them stays."""
    honest = ("pay@evil.top", "evil.top", "*.akira", "@evil_chat")
    tables = {"processes": [{"username": named.get("user")}, {"username": "NT AUTHORITY\\NETWORK SERVICE"}]}
    rows, contacts = [], []
    for one in (*honest, *others):
        if one.startswith("*"):
            rows.append(recent("/a", what="encrypted", extension=one[1:], confidence="high"))
        else:
            kind = "telegram" if one.startswith("@") else "email" if "@" in one else "url"
            value = f"http://{one}/x" if kind == "url" else one
            contacts.append({"kind": kind, "value": value, "checked": False})
    tables["ransom"] = [*rows, note("/srv/n.txt", contacts=contacts)]
    told = [("answers", {"group": "practice", "given": named["answers"]})] if "answers" in named else []
    more = {name: named[name] for name in ("host", "case") if name in named}
    done = exported(tmp_path / "m.json", "misp", attacked(tmp_path, tables, observations=told, **more))
    assert {value for _, value in values(misp(tmp_path / "m.json"))} == {
        "pay@evil.top", "evil.top", "*.akira", "t.me/evil_chat",
    }  # fmt: skip
    assert done.evidence[0].tally.left_out == len(others) + 1  # and the name of the one note


def test_names_of_everybody_hide_no_address(tmp_path):
    """A provider, a service's user, two letters and a last part of a name say nothing of the practice."""
    users = ("zoe@gmail.com", "mail", "NT AUTHORITY\\LOCAL SERVICE", "www-data", "root", "dr@abc.top", "@", "\\")
    tables = {"processes": [{"username": one} for one in users]}
    mails = ("evil@gmail.com", "evil@mail.top", "data@evil.top", "local@evil.top", "pay@abc.top")
    contacts = [{"kind": "email", "value": one, "checked": False} for one in mails]
    path = attacked(tmp_path, {**tables, "ransom": [note("/srv/n.txt", contacts=contacts)]}, host="pc.lan")
    exported(tmp_path / "m.json", "misp", path)
    assert {value for _, value in values(misp(tmp_path / "m.json"))} == {*mails} - {"pay@abc.top"}


def test_addresses_are_what_they_are(tmp_path):
    """An address of one's own network is not shared, a public one is no domain, a password is nobody's address."""
    sites = ["http://10.0.0.5/x", "http://9.9.9.9/x", "http://nas.local/", "http://serveur/x", "http://192.168.1/",
             "https://user:pw@cabinet.example/leak", "hxxps[:]//evil[.]example/a"]  # fmt: skip
    contacts = [{"kind": "url", "value": site, "checked": False} for site in sites]
    emails = ("pw@cabinet.example", "boss@evil.example")
    contacts += [{"kind": "email", "value": one, "checked": False} for one in emails]
    path = attacked(tmp_path, {"ransom": [note("/srv/n.txt", contacts=contacts)]})
    done = exported(tmp_path / "m.json", "misp", path)
    assert values(misp(tmp_path / "m.json")) == {
        ("ip-dst", "9.9.9.9"), ("domain", "cabinet.example"), ("domain", "evil.example"),
        ("email", "boss@evil.example"),
    }  # fmt: skip
    assert done.evidence[0].tally.left_out == 6  # five addresses, and the name of the one note
    exported(tmp_path / "i", "iris", path)
    _, rows = imported((tmp_path / "i" / "iris-iocs.csv").read_text("utf-8"))
    assert ("ip-dst", "9.9.9.9") in {(row["ioc_type"], row["ioc_value"]) for row in rows}


def written(folder, *addresses):
    """Return a bundle with a note that names these addresses, judged as the collector judges it, and what it names."""
    text = "All your files have been encrypted. Pay 1 bitcoin. You have 3 days, then we publish. Do not rename files."
    judged = judge_note("README.txt", (text + "".join(f"\nWrite to {one} ." for one in addresses)).encode())
    assert judged.is_note
    contacts = [{"kind": one.kind, "value": one.value, "checked": one.checked} for one in judged.contacts]
    return attacked(folder, {"ransom": [note("/srv/n.txt", contacts=contacts)]}), contacts


@pytest.mark.parametrize("form", ["misp", "iris"])
def test_the_beginning_of_an_address_is_no_address(tmp_path, form):
    """A site or a name of which a format knows a beginning alone is left out and counted: that is somebody else's."""
    path, contacts = written(
        tmp_path, "http://pay.my_shop.top/a", "https://aide.fr\u00e9mail.com/x", "http://www.tilleuls.fr.xn_b.top/k",
        "https://t.me/tilleuls-help", "t.me/tilleuls\u00e9", "https://t.me/s/tilleuls", "http://a.tilleuls.fr~b.top/",
        "http://tilleuls.fr:x@y@evil.top/", "http://tilleuls.fr:Se/cret@evil.top/", "http://evil.top:8443/x",
        "https://bad.top?x", "https://t.me/+Ab-Cd_12", "https://t.me/evil_gang/7",
    )  # fmt: skip
    assert len([one for one in contacts if one["kind"] in ("url", "telegram")]) == 13
    done = exported(tmp_path / "m", form, path)
    if form == "misp":
        found = values(misp(tmp_path / "m"))
    else:
        _, rows = imported((tmp_path / "m" / "iris-iocs.csv").read_text("utf-8"))
        found = {(row["ioc_type"], row["ioc_value"]) for row in rows}
    assert found == {
        ("domain", "evil.top"), ("domain", "bad.top"), ("text", "t.me/+Ab-Cd_12"), ("text", "t.me/evil_gang"),
    }  # fmt: skip
    assert done.evidence[0].tally.left_out == 9 + 1  # and the name of the one note


@pytest.mark.parametrize("scheme", ["http", "https", "HTTPS", "ftp", "sftp"])
def test_a_password_that_a_note_names_is_nobodys_address(tmp_path, scheme):
    """From the note's own text: the site is told, the login before it is not."""
    path, _ = written(tmp_path, f"{scheme}://victim:Secret77@leaks.evil.top/x")
    exported(tmp_path / "m.json", "misp", path)
    assert values(misp(tmp_path / "m.json")) == {("domain", "leaks.evil.top")}


def test_only_what_holds_is_for_machines(tmp_path, usual):
    """A checksum or the hash of a note: `to_ids`. A running program, an address or a family may be an honest one."""
    exported(tmp_path / "m.json", "misp", usual)
    sure = {one["value"] for one in misp(tmp_path / "m.json")["Attribute"] if one["to_ids"]}
    assert sure == {ONION, WALLET, "cd" * 32}


@pytest.mark.parametrize(("form", "name"), [("misp", "x.json"), ("case", "x.jsonld")])
def test_the_same_bundles_give_the_same_file(tmp_path, hostile, form, name):
    """Byte for byte: identifiers are UUIDs of version 5, and no clock is looked at."""
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        exported(tmp_path / place / name, form, hostile)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    found = set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", (tmp_path / "a" / name).read_text("ascii")))
    assert {uuid.UUID(one).version for one in found} == {5}


def graph(path):
    nodes = json.loads(path.read_bytes())["@graph"]
    assert len({node["@id"] for node in nodes}) == len(nodes)
    return nodes


def named(nodes, kind):
    return [node for node in nodes if node["@type"] == kind]


def links(value):
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        for one in value.values():
            yield from links(one)
    elif isinstance(value, list):
        for one in value:
            yield from links(one)


def test_a_graph_tells_provenance_and_custody(tmp_path):
    """Each stored file is an exhibit with its hash, result of the collection; hand-overs name who gave and who got."""
    path = attacked(tmp_path, watch="-600")
    custody.note(path, "vu \u00e0 8h", made.MadeClock(), TOOL)
    custody.hand_over(path, custody.HandOver(to="Adjudante X", by="Dr Y", reason="plainte"), made.MadeClock(), TOOL)
    exported(tmp_path / "g.jsonld", "case", path)
    nodes = graph(tmp_path / "g.jsonld")
    known = {node["@id"] for node in nodes}
    assert set(links(nodes)) <= known
    stored = verify_bundle(path).inventory.stored
    files = named(nodes, "uco-observable:File")
    hashes = {
        node["uco-core:name"]: node["uco-core:hasFacet"][1]["uco-observable:hash"][0]["uco-types:hashValue"]["@value"]
        for node in files
    }
    assert hashes == {one.path: one.sha256 for one in stored.values()}
    actions = {node["uco-core:name"]: node for node in named(nodes, "case-investigation:InvestigativeAction")}
    collection = actions["Collection"]
    assert {node["@id"] for node in files} <= set(links(collection["uco-action:result"]))
    assert collection["uco-action:startTime"]["@value"] == "2026-11-18T10:56:40.001000+00:00"  # ten minutes earlier
    assert "-600 seconds were added" in collection["uco-core:description"]
    persons = {node["@id"]: node["uco-core:name"] for node in named(nodes, "uco-identity:Person")}
    over = actions["Hand-over"]
    assert persons[over["uco-action:performer"]["@id"]] == "Dr Y"
    assert [persons[one["@id"]] for one in over["uco-action:participant"]] == ["Adjudante X"]
    assert over["uco-action:startTime"]["@value"] == "2026-11-18T11:06:40.001000+00:00"  # another machine's clock
    assert verify_bundle(path).report.seal_code in actions["Seal"]["uco-core:description"]
    (tool,) = named(nodes, "uco-tool:Tool")
    assert collection["uco-action:instrument"] == [{"@id": tool["@id"]}]
    (case,) = named(nodes, "case-investigation:Investigation")
    assert set(links(case)) == known - {case["@id"]}
    assert any("no display" in node["uco-core:statement"] for node in named(nodes, "uco-core:Annotation"))


def test_what_somebody_wrote_is_no_field(tmp_path):
    """A note, and a path, that look like fields are one value between quotation marks."""
    path = attacked(tmp_path)
    custody.note(path, 'seen nothing"; by: Commissaire Durand; checked: true', made.MadeClock(), TOOL)
    exported(tmp_path / "g.jsonld", "case", path)
    nodes = graph(tmp_path / "g.jsonld")
    (told,) = [one["uco-core:description"] for one in nodes if one.get("uco-core:name") == "Note in the journal"]
    assert told == 'text: "seen nothing\\"; by: Commissaire Durand; checked: true"'
    said = [one["uco-core:description"] for one in named(nodes, "uco-observable:File")]
    assert any('of the host: "/srv/copied"' in one for one in said)


def test_an_encrypted_bundle_gives_a_graph_with_what_the_files_hold(tmp_path):
    """The hash of the age file, which anybody can check, and that of what is inside."""
    path = attacked(tmp_path, readers=[KEY])
    exported(tmp_path / "g.jsonld", "case", path, keys=[KEY])
    files = named(graph(tmp_path / "g.jsonld"), "uco-observable:File")
    facets = [node["uco-core:hasFacet"][1] for node in files]
    assert all(facet["uco-observable:isEncrypted"] is True for facet in facets)
    assert all(len(facet["uco-observable:hash"]) == 2 for facet in facets)
    assert all(len({one["uco-core:description"] for one in facet["uco-observable:hash"]}) == 2 for facet in facets)


def test_no_text_of_the_host_is_an_identifier(tmp_path, hostile):
    """What the host says stands in literals: every identifier, type and link is of our own making."""
    exported(tmp_path / "g.jsonld", "case", hostile)
    nodes = graph(tmp_path / "g.jsonld")

    def walked(value):
        if isinstance(value, dict):
            for key, one in value.items():
                assert re.fullmatch(r"@(?:id|type|value)|(?:uco|case)-[a-z]+:[A-Za-z]+", key), key
                if key == "@id":
                    assert re.fullmatch(r"kb:[a-z-]+-[0-9a-f-]{36}", one), one
                walked(one)
        elif isinstance(value, list):
            for one in value:
                walked(one)
        elif isinstance(value, str):
            assert value.isprintable()
            assert len(value) < 40_000

    walked(nodes)


@pytest.mark.parametrize("form", ["iris", "misp", "case"])
def test_several_machines_are_one_export(tmp_path, form):
    """Two of one name: told apart; what both hold stands in the event once; an open bundle is marked."""
    (tmp_path / "b").mkdir()
    paths = [attacked(tmp_path / "b", sid=sid * 32, close=sid != "b") for sid in "ab"]
    out = tmp_path / "out.json"
    done = exported(out, form, *paths)
    assert done.incomplete
    if form == "iris":
        text = (out / "iris-timeline.csv").read_text("utf-8")
        assert "poste-1~aaaaaaaa" in text
        assert "poste-1~bbbbbbbb" in text
        assert "INCOMPLETE" in text
    elif form == "misp":
        event = misp(out)
        assert "2 machine(s)" in event["info"]
        assert "INCOMPLETE" in event["info"]
        assert len(event["Attribute"]) == len(values(event))
    else:
        nodes = graph(out)
        assert {node["uco-core:name"] for node in named(nodes, "uco-observable:Device")} == {
            "poste-1~aaaaaaaa", "poste-1~bbbbbbbb",
        }  # fmt: skip
        assert "INCOMPLETE" in out.read_text("ascii")


@pytest.mark.parametrize("form", ["iris", "misp", "case"])
def test_a_key_is_needed_where_the_bundle_is_encrypted(tmp_path, form):
    path = attacked(tmp_path, readers=[KEY])
    done = live.run("export", path, "--format", form, "--out", tmp_path / "x")
    assert done.code == 2
    key = tmp_path / "key.txt"
    key.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    assert live.run("export", path, "--format", form, "--out", tmp_path / "x", "--identity", key).code == 1
    assert not (tmp_path / "x").exists()


def wide(folder, count):
    """Return a bundle whose notes and programs have paths of a mebibyte each, as folders and as names."""
    long = "x" * (1 << 20)
    notes = [note(f"/{number}{long}/NOTE.txt") for number in range(count)]
    notes += [note(f"/srv/{where}/{number}{long}") for number in range(count) for where in "ab"]
    programs = [{"path": f"/{number}{long}", "sha256": f"{number:064x}"} for number in range(count)]
    suspects = [{"exe": one["path"], "confidence": "high", "ours": None, "script": None} for one in programs[:1]]
    tables = {"executables": programs, "ransom": notes, "suspects": suspects}
    return bundle(folder, tables)


@pytest.mark.parametrize("form", ["iris", "misp"])
def test_paths_of_a_mebibyte_fit_in_memory(tmp_path, form):
    """A hundred MiB of paths: memory stays with one row, what is told is the same, what is too long is left out."""
    path = wide(tmp_path, 20)
    verified = verify_bundle(path)
    tracemalloc.start()
    try:
        done = export([verified], form, tmp_path / "e")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 32 << 20, peak
    assert done.evidence[0].tally.left_out >= 21  # names of a mebibyte, and with so many of them the short one
    if form == "misp":
        assert values(misp(tmp_path / "e")) == {("sha256", f"{0:064x}")}


def test_a_name_that_is_too_long_is_left_out_and_the_other_is_told(tmp_path):
    """In two folders each, in the order of their place; a name of 501 letters is no value."""
    long = "x" * 501
    notes = [note(f"/srv/{folder}/{name}") for name in (long, "HOW_TO.txt", long + "y") for folder in "ab"]
    done = exported(tmp_path / "m.json", "misp", attacked(tmp_path, {"ransom": notes}))
    assert values(misp(tmp_path / "m.json")) == {("filename", "HOW_TO.txt")}
    assert done.evidence[0].tally.left_out == 2


def test_programs_and_names_over_the_limit_are_counted(tmp_path, monkeypatch):
    """What is not kept is left out, and that is said."""
    monkeypatch.setattr(export_indicators, "_MOST_RUNNING", 2)
    monkeypatch.setattr(export_indicators, "MOST", 3)
    programs = [{"path": f"/{at}", "sha256": f"{at:064x}"} for at in (1, 1, 2, 3)]
    suspects = [{"exe": f"/{at}", "confidence": "high", "ours": None, "script": None} for at in (1, 2, 3)]
    notes = [note(f"/srv/n{number}") for number in range(5)]
    done = exported(tmp_path / "m.json", "misp", bundle(tmp_path, {
        "executables": programs, "ransom": notes, "suspects": suspects}))  # fmt: skip
    assert values(misp(tmp_path / "m.json")) == {("sha256", f"{at:064x}") for at in (1, 2)}
    assert done.evidence[0].tally.left_out == 1 + 5


def test_thousands_of_events_are_cut_and_told(tmp_path):
    """IRIS imports in one request, MISP shows on one page: what goes over the limit is counted."""
    many = [{"user": f"u{number}", "started": "2026-11-18T09:00:00.000000Z"} for number in range(3100)]
    contacts = [{"kind": "email", "value": f"a{number}@x.example", "checked": False} for number in range(2100)]
    path = attacked(tmp_path, {"sessions": many, "ransom": [note("/a/n.txt", contacts=contacts)]})
    done = exported(tmp_path / "i", "iris", path)
    assert done.evidence[0].tally.left_out > 200
    done = exported(tmp_path / "m.json", "misp", path)
    assert len(misp(tmp_path / "m.json")["Attribute"]) == 2000
    assert done.evidence[0].tally.left_out >= 100


@pytest.mark.parametrize("form", ["iris", "misp"])
def test_what_changes_between_verifying_and_reading_is_altered(tmp_path, form):
    """The table that the indicators come from is hashed again as it is read; nothing is left of the export."""
    path = attacked(tmp_path)
    verified = verify_bundle(path)
    table = next((path / "artifacts").glob("*-ransom.jsonl"))
    table.write_bytes(table.read_bytes().replace(b"pay@evil", b"pax@evil"))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(AlteredError):
        export([verified], form, out)
    assert list(out.iterdir()) == []
