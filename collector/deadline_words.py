"""The steps after an attack and their sources, French and English side by side: read in a panic, by anybody.

What stands here follows `users.md`, section 1.4: nothing is promised, and whatever was not read in the law itself says
« à vérifier », whether it was read in a stored copy or comes from memory (docs/DEADLINES.md). `~` stands for a no-break
space; `said` puts it in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from collector import paris

LANGUAGES = ("fr", "en")
"""The order in every pair of sentences."""
Pair = tuple[str, str]


@dataclass(frozen=True)
class Step:
    """What is said of one step: its name, when it is due, what to know, where it stands, and how that is known.

    `when` is said where no moment can be named. `basis`: `read` in a stored copy of the source, or from `memory`.
    """

    name: Pair
    when: Pair
    know: Pair
    source: Pair
    basis: str = "read"


NOW = ("maintenant", "now")
_SEED = ("URPS médecins libéraux Nouvelle-Aquitaine", "URPS médecins libéraux Nouvelle-Aquitaine")
_72H = ("dans les 72~heures", "within 72 hours")

STEPS = {
    "disconnect": Step(
        name=("Débrancher le réseau, photographier l'écran, tout noter", "Unplug the network, photograph the screen, write all down"),
        when=NOW,
        know=("Sur papier~: l'heure, qui, quoi. N'éteignez pas l'ordinateur.", "On paper: the time, who, what. Do not power the computer off."),
        source=_SEED,
    ),
    "helpers": Step(
        name=("Appeler l'informaticien, l'éditeur du logiciel et l'assureur", "Call the IT provider, the software vendor and the insurer"),
        when=NOW,
        know=(
            "Un assureur peut demander qu'on l'appelle avant toute démarche~: lisez votre contrat.",
            "An insurer may ask to be called before any other step: read your policy.",
        ),
        source=("MACSF, conseils sur les risques numériques", "MACSF, advice on digital risks"),
    ),
    "17cyber": Step(
        name=("Demander conseil à 17Cyber (17cyber.gouv.fr)", "Ask 17Cyber for advice (17cyber.gouv.fr)"),
        when=NOW,
        know=(
            "Avec un téléphone ou un autre ordinateur. Cet échange n'est pas une plainte.",
            "With a telephone or another computer. This exchange is not a complaint.",
        ),
        source=_SEED,
    ),
    "ars": Step(
        name=("Signaler à l'ARS et au CERT Santé", "Report to the ARS and CERT Santé (health authorities)"),
        when=("sans délai", "without delay"),
        know=(
            "Recommandé pour un cabinet. Pour un centre ou une maison de santé, l'obligation est à vérifier.",
            "Recommended for a practice. For a health centre, whether it is a duty is to be verified.",
        ),
        source=("Code de la santé publique, art. L.1111-8-2", "Code de la santé publique, art. L.1111-8-2"),
    ),
    "complaint": Step(
        name=("Déposer plainte", "Lodge a complaint (plainte)"),
        when=_72H,
        know=(
            "Au commissariat, à la gendarmerie ou par lettre au procureur. L'assurance contre les cyberattaques en dépend. Seule une plainte compte~: ni 17Cyber, ni un signalement. Si le temps presse, allez-y en personne~: l'effet d'un courrier sur le délai est à vérifier.",
            "At a police or gendarmerie station, or by letter to the procureur. The insurance against cyber attacks depends on it. Only a complaint counts: neither 17Cyber nor a report does. If time is short go there in person: what a letter does for the deadline is to be verified.",
        ),
        source=("Code des assurances, art. L.12-10-1", "Code des assurances, art. L.12-10-1"),
    ),
    "cnil": Step(
        name=("Prévenir la CNIL~: première déclaration", "Notify the CNIL: first notice"),
        when=_72H,
        know=(
            "Sur notifications.cnil.fr (adresse à vérifier). Une déclaration incomplète suffit d'abord. En cas de doute, déclarez. Après 72~heures, déclarez tout de même et dites pourquoi c'est en retard.",
            "At notifications.cnil.fr (address to be verified). An incomplete notice will do at first. In doubt, notify. After 72 hours notify all the same, and say why it is late.",
        ),
        source=("RGPD, art. 33", "GDPR, art. 33"),
    ),
    "cnil-complement": Step(
        name=("Compléter la déclaration à la CNIL", "Complete the notice to the CNIL"),
        when=(
            "si possible dans les 72~heures après la première déclaration",
            "if possible within 72 hours after the first notice",
        ),
        know=(
            "Ce délai est «~si possible~». Notez l'heure de la première déclaration.",
            "This deadline is “if possible”. Write down the time of the first notice.",
        ),
        source=("cnil.fr, notifier une violation", "cnil.fr, notifying a breach"),
    ),
    "patients": Step(
        name=("Informer les patients", "Tell the patients"),
        when=(
            "sans retard, dès que le risque pour eux paraît élevé~; aucun nombre d'heures n'est fixé",
            "without undue delay once the risk for them looks high; no number of hours is set",
        ),
        know=(
            "Le responsable du cabinet décide. Notez la décision et ses raisons.",
            "Whoever is in charge of the practice decides. Write the decision and its reasons down.",
        ),
        source=("RGPD, art. 34", "GDPR, art. 34"),
    ),
    "insurer": Step(
        name=("Déclarer le sinistre à l'assureur", "Send the claim to the insurer"),
        when=("dans le délai de votre contrat", "within the time that your policy sets"),
        know=(
            "Lisez le contrat aujourd'hui. D'habitude au moins 5~jours ouvrés~: à vérifier.",
            "Read the policy today. Usually at least 5 working days: to be verified.",
        ),
        source=("Code des assurances, art. L.113-2", "Code des assurances, art. L.113-2"),
        basis="memory",
    ),
    "register": Step(
        name=("Inscrire la violation au registre du cabinet", "Enter the breach in the practice's own register"),
        when=("dans tous les cas", "in every case"),
        know=(
            "Même si personne d'autre n'est prévenu. Le récapitulatif de la déclaration à la CNIL peut servir.",
            "Even if nobody else is told. The summary of the notice to the CNIL may serve.",
        ),
        source=("RGPD, art. 33, paragraphe 5", "GDPR, art. 33(5)"),
    ),
    "limitation": Step(
        name=("Fin du délai pour poursuivre les auteurs", "End of the time to prosecute whoever did it"),
        when=("6~ans à partir des faits", "6 years from the facts"),
        know=(
            "6~ans à partir des faits, comptés ici depuis votre connaissance. Les faits ont pu commencer avant~: la vraie date est peut-être plus tôt. N'attendez pas.",
            "6 years from the facts, counted here from your awareness. The facts may have begun before: the true date may be earlier. Do not wait.",
        ),
        source=("service-public.fr, fiche F34129", "service-public.fr, sheet F34129"),
    ),
}  # fmt: skip
"""Every step of `deadlines.deadlines`, by its name there."""

_BASIS = {  # docs/DEADLINES.md says more: a copy that was read may be out of date
    "read": ("à vérifier", "to be verified"),
    "memory": ("de mémoire, à vérifier", "from memory, to be verified"),
}
_LABEL = ("Date prudente, à confirmer.", "Prudent date, to be confirmed.")
_LATEST = ("Date au plus tard, à confirmer.", "Latest date, to be confirmed.")

_DAYS = (
    ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
_MONTHS = (
    ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
)
CLOSED = {
    "saturday": ("C'est un samedi", "It is a Saturday"),
    "sunday": ("C'est un dimanche", "It is a Sunday"),
    "hours": ("C'est trop tôt ou trop tard dans la journée", "It is too early or too late in the day"),
    "new-year": ("C'est le jour de l'an", "It is New Year's Day"),
    "easter-monday": ("C'est le lundi de Pâques", "It is Easter Monday, a public holiday"),
    "may-1": ("C'est le 1er~mai", "It is 1 May, a public holiday"),
    "may-8": ("C'est le 8~mai, férié", "It is 8 May, a public holiday"),
    "ascension": ("C'est le jeudi de l'Ascension", "It is Ascension Day, a public holiday"),
    "whit-monday": ("C'est le lundi de Pentecôte", "It is Whit Monday, a public holiday"),
    "july-14": ("C'est le 14~juillet", "It is 14 July, a public holiday"),
    "assumption": ("C'est le 15~août, férié", "It is 15 August, a public holiday"),
    "all-saints": ("C'est la Toussaint", "It is All Saints' Day, a public holiday"),
    "november-11": ("C'est le 11~novembre, férié", "It is 11 November, a public holiday"),
    "christmas": ("C'est le jour de Noël", "It is Christmas Day"),
}
"""Why offices are closed, by the slugs of `paris.closed`."""
_SHUT = (
    "~: les bureaux peuvent être fermés, et il ne faut pas compter sur un délai plus long.",
    ": offices may be closed, and you should not count on a longer deadline.",
)
_RATHER = ("Visez plutôt~: {moment}.", "Rather aim at: {moment}.")
_AT_ONCE = (
    "Les bureaux risquent d'être fermés jusque-là~: n'attendez pas, appelez maintenant.",
    "Offices may be closed until then: do not wait, call now.",
)


def _column(language: str) -> int:
    """Return where a language stands in a pair; one that has none here reads English."""
    return LANGUAGES.index(language if language in LANGUAGES else "en")


def said(pair: Pair, language: str, **fields: object) -> str:
    """Return one of a pair of sentences, `fr` or `en`, its fields filled in."""
    return pair[_column(language)].replace("~", "\u00a0").format(**fields)


def moment(utc: datetime, language: str) -> str:
    """Return a moment as a person in Paris reads it: day, date, time, and how far that is ahead of UTC."""
    zone = ("heure de Paris, UTC+{ahead}", "Paris time, UTC+{ahead}")
    ahead = (paris.local(utc).utcoffset() or timedelta()) // timedelta(hours=1)
    return f"{_day_and_time(utc, language)} ({said(zone, language, ahead=ahead)})"


def _day_and_time(utc: datetime, language: str) -> str:
    here = paris.local(utc)
    if language != "fr":
        return f"{day(utc, language)} at {here:%H:%M}"
    minutes = f"~{here.minute:02}" if here.minute else ""
    return f"{day(utc, language)} à {here.hour}~h{minutes}".replace("~", "\u00a0")


def day(utc: datetime, language: str) -> str:
    """Return the day of a moment in Paris, where no hour was given."""
    here = paris.local(utc)
    column = _column(language)
    name, month = _DAYS[column][here.weekday()], _MONTHS[column][here.month - 1]
    if language == "fr":
        first = "1er" if here.day == 1 else str(here.day)
        return f"{name} {first}~{month}~{here.year}".replace("~", "\u00a0")
    return f"{name} {here.day} {month} {here.year}"


def label(step: str, language: str) -> str:
    """Return what is said of every date. The limitation's is no prudent one: its clock began before the awareness."""
    return said(_LATEST if step == "limitation" else _LABEL, language)


def office(closed: str | None, earlier: datetime | None, language: str) -> tuple[str, ...]:
    """Return the sentences about a moment at which offices are closed, and what to aim at; none where they are open."""
    if closed is None:
        return ()
    why = said(CLOSED[closed], language) + said(_SHUT, language)
    if earlier is None:
        return why, said(_AT_ONCE, language)
    return why, said(_RATHER, language, moment=_day_and_time(earlier, language))


def source(step: str, language: str) -> str:
    """Return where a step stands, and that it is still to be verified."""
    one = STEPS[step]
    return f"{said(one.source, language)} ({said(_BASIS[one.basis], language)})"
