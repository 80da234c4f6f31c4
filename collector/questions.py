"""What a person is asked about an attack, and the answers it may have: guided mode, and later for the papers. Pure.

What French authorities ask for decided what stands here: the observations of the URPS's page, the list of F34129 for a
complaint, the notice to the CNIL (GDPR, article 33), the report to the ARS. `answers` keeps what was said; the papers
have words of their own for each name. Every question may be answered with "I don't know".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LONGEST: Final = 300
"""Characters of one answer in a person's own words."""
NUMBER: Final = 1_000_000
"""Most of what is counted."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, in English; the catalogues have the other languages.

    `form`: `text`, `number`, `moment` (Paris time), `one` of the options, or `ticks` (any of them, also none).
    `options`: name and words of each. `example` is what such an answer looks like.
    """

    form: str
    text: str
    options: tuple[tuple[str, str], ...] = ()
    example: str | None = None


YES_NO: Final = (("yes", "yes"), ("no", "no"))
_LEVELS: Final = (
    ("none", "not disturbed"),
    ("slow", "slower, or now and then"),
    ("part", "stopped in part"),
    ("all", "stopped altogether"),
)

QUESTIONS: Final[dict[str, Question]] = {
    # awareness: before the run
    "aware": Question("moment", "When did somebody first notice the attack?", example="26/11/2026 8:30"),
    "noticed_by": Question("text", "Who noticed it?", example="Mrs Durand, secretary"),
    "first_sign": Question("text", "What did that person see first?", example="a red page that asks for money"),
    "last_normal": Question("moment", "When did this computer last work as usual?", example="25/11/2026 18:00"),
    "role": Question("text", "What is your function in the practice?", example="secretary"),
    "site": Question("text", "Where does this computer stand?", example="front desk, ground floor"),
    "police_number": Question(
        "text", "If the police or gendarmerie have given a number already, what is it?", example="2026/001234"
    ),
    # seen: before the run
    "applications": Question("one", "Are programs (records, calendar, billing) disturbed?", _LEVELS),
    "infrastructure": Question("one", "Are the network, the server, the telephone or the Internet disturbed?", _LEVELS),
    "stopped": Question(
        "ticks",
        "What does not work any more?",
        (
            ("agenda", "the calendar of appointments"),
            ("records", "patients' records"),
            ("prescriptions", "prescriptions"),
            ("billing", "billing and the transmission to health insurance"),
            ("imaging", "imaging, laboratory results"),
            ("secure-mail", "secure medical mail"),
            ("mail", "ordinary mail"),
            ("telephone", "the telephone"),
            ("internet", "the Internet"),
            ("printing", "printing, scanning"),
        ),
    ),
    "machines": Question("number", "How many computers and servers are stopped or show the message?", example="3"),
    "files": Question(
        "ticks",
        "What is wrong with the files?",
        (
            ("unreadable", "they can't be opened"),
            ("renamed", "their names have changed"),
            ("missing", "some are gone"),
        ),
    ),
    "work": Question(
        "ticks",
        "How does it disturb the practice?",
        (
            ("disorganised", "work is disorganised"),
            ("overload", "staff are overloaded"),
            ("delayed", "appointments are late"),
            ("cancelled", "appointments are cancelled"),
            ("closed", "the practice is closed"),
        ),
    ),
    "care": Question(
        "one",
        "Does it affect the care of patients?",
        (
            ("none", "no effect"),
            ("delayed", "care comes later"),
            ("degraded", "care is given without the records"),
            ("danger", "a patient may be in danger"),
        ),
    ),
    "paper": Question("one", "Do you work on paper meanwhile?", YES_NO),
    "paper_since": Question("moment", "Since when do you work on paper?", example="26/11/2026 9:00"),
    "backup_last": Question("moment", "When was the last good backup made?", example="24/11/2026"),
    "backup_plugged": Question("one", "Was the backup plugged in at the time of the attack?", YES_NO),
    "done": Question(
        "ticks",
        "What was done on this computer since?",
        (
            ("unplugged", "the network was unplugged"),
            ("photo", "the screen was photographed"),
            ("restarted", "it was restarted or powered off"),
            ("antivirus", "an antivirus was run"),
            ("deleted", "files were deleted"),
            ("restored", "files were put back from a backup"),
            ("remote", "somebody logged on from outside to help"),
        ),
    ),
    # practice: for the papers
    "practice": Question("text", "What is the name of the practice?"),
    "practice_form": Question("text", "What kind of practice is it?", example="sole practice, SELARL, health centre"),
    "address": Question("text", "What is the address of the practice?"),
    "siret": Question("text", "What is its SIRET number?"),
    "rpps": Question("text", "What is the RPPS number of whoever is in charge?"),
    "finess": Question("text", "What is its FINESS number, if it has one?"),
    "responsible": Question("text", "Who is in charge of the practice (name, profession)?"),
    "phone": Question("text", "At which number can you be reached that does not pass through the practice?"),
    "email": Question("text", "At which address, on another device, can you be reached?"),
    "dpo": Question("text", "Who is the data protection officer (DPO), if there is one?"),
    "provider": Question("text", "Who is your IT provider (name, number)?"),
    "vendor": Question("text", "Which program keeps the records, and who sells it?"),
    "hosting": Question("text", "Who hosts data of yours elsewhere, if anybody does?"),
    "insurer": Question("text", "Who insures the practice?"),
    "policy": Question("text", "What is the number of the policy?"),
    # attack: for the papers
    "amount": Question("text", "How much does the message ask for?"),
    "ultimatum": Question("text", "Until when, as the message says it?"),
    "leak": Question("one", "Does the message threaten to publish data?", YES_NO),
    "contacted": Question("one", "Has anybody answered the attackers?", YES_NO),
    "paid": Question("one", "Has anybody paid?", YES_NO),
    "suspect_mail": Question("text", "Was there an odd e-mail, attachment, call or website before?"),
    "remote_access": Question("text", "Who can log on from outside, and with what?", example="IT provider, TeamViewer"),
    "witnesses": Question("text", "Who else saw it (names)?"),
    # damage: for the papers
    "hours": Question("number", "How many hours of work were lost so far?"),
    "appointments": Question("number", "How many appointments were lost so far?"),
    "damage": Question("text", "What does it cost so far (revenue, repairs, equipment)?"),
    # data: for the papers
    "confidentiality": Question("one", "May somebody have read or copied data of patients?", YES_NO),
    "integrity": Question("one", "Were data changed without anybody wanting it?", YES_NO),
    "availability": Question("one", "Are data lost, or out of reach?", YES_NO),
    "categories": Question(
        "ticks",
        "Which data are concerned?",
        (
            ("identity", "names, dates of birth"),
            ("nir", "social security numbers (NIR)"),
            ("contact", "addresses, telephone numbers"),
            ("health", "health data"),
            ("bank", "bank details"),
            ("logins", "passwords, logins"),
            ("staff", "data of staff"),
        ),
    ),
    "persons": Question("number", "Of about how many persons?"),
    "records_count": Question("number", "About how many records (files of patients)?"),
    "minors": Question("one", "Are there minors or vulnerable persons among them?", YES_NO),
    "before": Question("text", "How were the data protected before?", example="antivirus, backups, passwords"),
    "after": Question("text", "What was done since, or will be, to limit the harm?"),
    "informed": Question("one", "Were the persons told?", YES_NO),
    "severity": Question(
        "one",
        "How serious may it be for these persons?",
        (("negligible", "negligible"), ("limited", "limited"), ("important", "serious"), ("maximal", "very serious")),
    ),
    # reported: for the papers
    "provider_told": Question("moment", "When was the IT provider called?"),
    "insurer_told": Question("moment", "When was the insurer told?"),
    "cyber17": Question("moment", "When was 17Cyber asked?"),
    "complaint": Question("moment", "When was the complaint lodged?"),
    "cnil_initial": Question("moment", "When did the CNIL get its first notice?"),
    "ars_told": Question("moment", "When was the ARS or CERT Santé told?"),
    "order_told": Question("moment", "When was the professional body (Ordre) told?"),
    "bank_told": Question("moment", "When was the bank told?"),
}
"""Each by its name, which is the field of an `answers` observation, in the order in which they are asked."""

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "awareness": ("aware", "noticed_by", "first_sign", "last_normal", "role", "site", "police_number"),
    "seen": (
        "applications", "infrastructure", "stopped", "machines", "files", "work", "care", "paper", "paper_since",
        "backup_last", "backup_plugged", "done",
    ),
    "practice": (
        "practice", "practice_form", "address", "siret", "rpps", "finess", "responsible", "phone", "email", "dpo",
        "provider", "vendor", "hosting", "insurer", "policy",
    ),
    "attack": (
        "amount", "ultimatum", "leak", "contacted", "paid", "suspect_mail", "remote_access", "witnesses",
    ),
    "damage": ("hours", "appointments", "damage"),
    "data": (
        "confidentiality", "integrity", "availability", "categories", "persons", "records_count", "minors", "before",
        "after", "informed", "severity",
    ),
    "reported": (
        "provider_told", "insurer_told", "cyber17", "complaint", "cnil_initial", "ars_told", "order_told", "bank_told",
    ),
}  # fmt: skip
"""What is asked together; one observation holds the answers of one group, so that each fits a line of the manifest."""

STEPS: Final = ("paper_since", *GROUPS["reported"])
"""Moments of what is done because somebody noticed: never before that."""

BEFORE: Final = ("awareness", "seen")
"""Groups that guided mode asks before the run; the others are asked when the evidence is safe, on any machine."""
