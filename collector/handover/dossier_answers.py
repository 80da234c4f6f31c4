"""What each answer is called on paper, French and English side by side: the label of its field, and its options.

A test holds the names against `collector.questions`. `~` stands for a no-break space; `dossier_said` puts it in.
"""

from __future__ import annotations

Pair = tuple[str, str]

LABELS: dict[str, Pair] = {
    # awareness
    "aware": ("Moment où l'attaque a été connue", "Moment when somebody became aware"),
    "noticed_by": ("Remarquée par", "Noticed by"),
    "first_sign": ("Premier signe", "First sign"),
    "last_normal": ("Dernier usage normal", "Last ordinary use"),
    "role": ("Fonction du déclarant", "Function of whoever reports"),
    "site": ("Emplacement du poste", "Where the computer stands"),
    "police_number": ("Numéro donné par la police ou la gendarmerie", "Number given by the police"),
    # seen
    "applications": ("Logiciels (dossiers, agenda, facturation)", "Programs (records, calendar, billing)"),
    "infrastructure": ("Réseau, serveur, téléphone, Internet", "Network, server, telephone, Internet"),
    "stopped": ("Ne fonctionne plus", "Does not work any more"),
    "machines": ("Ordinateurs et serveurs arrêtés ou touchés", "Computers and servers stopped or affected"),
    "files": ("État des fichiers", "State of the files"),
    "work": ("Effet sur le cabinet", "Effect on the practice"),
    "care": ("Effet sur les soins", "Effect on care"),
    "paper": ("Travail sur papier", "Work on paper"),
    "paper_since": ("Sur papier depuis", "On paper since"),
    "backup_last": ("Dernière bonne sauvegarde", "Last good backup"),
    "backup_plugged": ("Sauvegarde branchée pendant l'attaque", "Backup plugged in during the attack"),
    "done": ("Fait sur ce poste depuis", "Done on this computer since"),
    # practice
    "practice": ("Cabinet", "Practice"),
    "practice_form": ("Forme d'exercice", "Kind of practice"),
    "address": ("Adresse", "Address"),
    "siret": ("N° SIRET", "SIRET number"),
    "rpps": ("N° RPPS du responsable", "RPPS number of whoever is in charge"),
    "finess": ("N° FINESS, s'il existe", "FINESS number, if there is one"),
    "responsible": ("Responsable (nom, profession)", "In charge (name, profession)"),
    "phone": ("Téléphone hors du cabinet", "Telephone outside the practice"),
    "email": ("Courriel, lu sur un autre appareil", "E-mail, read on another device"),
    "dpo": ("Délégué à la protection des données (DPO)", "Data protection officer (DPO)"),
    "provider": ("Informaticien, prestataire", "IT provider"),
    "vendor": ("Logiciel du cabinet et son éditeur", "Program of the practice and its vendor"),
    "hosting": ("Hébergeur de données", "Host of data"),
    "insurer": ("Assureur", "Insurer"),
    "policy": ("N° de contrat", "Policy number"),
    # attack
    "amount": ("Somme demandée", "Amount asked for"),
    "ultimatum": ("Délai donné par le message", "Time limit in the message"),
    "leak": ("Menace de publier des données", "Threat to publish data"),
    "contacted": ("Réponse envoyée aux auteurs", "An answer was sent to the authors"),
    "paid": ("Paiement", "Payment"),
    "suspect_mail": ("Courriel, pièce jointe, appel ou site suspect", "Odd e-mail, attachment, call or website"),
    "remote_access": ("Accès à distance (qui, avec quoi)", "Access from outside (who, with what)"),
    "witnesses": ("Témoins", "Witnesses"),
    # damage
    "hours": ("Heures de travail perdues", "Hours of work lost"),
    "appointments": ("Rendez-vous perdus", "Appointments lost"),
    "damage": ("Coût provisoire (recettes, réparations, matériel)", "Cost so far (revenue, repairs, equipment)"),
    # data
    "confidentiality": (
        "Confidentialité~: données peut-être lues ou copiées",
        "Confidentiality: data perhaps read or copied",
    ),
    "integrity": ("Intégrité~: données modifiées", "Integrity: data changed"),
    "availability": ("Disponibilité~: données perdues ou inaccessibles", "Availability: data lost or out of reach"),
    "categories": ("Catégories de données", "Categories of data"),
    "persons": ("Nombre approximatif de personnes", "Approximate number of persons"),
    "records_count": ("Nombre approximatif d'enregistrements (dossiers)", "Approximate number of records (files)"),
    "minors": ("Mineurs ou personnes vulnérables", "Minors or vulnerable persons"),
    "before": ("Mesures de sécurité avant l'attaque", "Security measures before the attack"),
    "after": ("Mesures prises ou prévues depuis", "Measures taken or planned since"),
    "informed": ("Personnes concernées informées", "Persons concerned were told"),
    "severity": ("Gravité pour ces personnes", "Severity for these persons"),
    # reported
    "provider_told": ("Informaticien appelé", "IT provider called"),
    "insurer_told": ("Assureur prévenu", "Insurer told"),
    "cyber17": ("17Cyber contacté", "17Cyber asked"),
    "complaint": ("Plainte déposée", "Complaint lodged"),
    "cnil_initial": ("Première déclaration à la CNIL", "First notice to the CNIL"),
    "ars_told": ("ARS ou CERT Santé prévenu", "ARS or CERT Santé told"),
    "order_told": ("Conseil départemental de l'Ordre appelé", "Departmental council of the Order called"),
    "bank_told": ("Banque prévenue", "Bank told"),
}

_YES_NO = {"yes": ("oui", "yes"), "no": ("non", "no")}
_LEVELS = {
    "none": ("aucune gêne", "not disturbed"),
    "slow": ("plus lents, ou par moments", "slower, or now and then"),
    "part": ("arrêtés en partie", "stopped in part"),
    "all": ("complètement arrêtés", "stopped altogether"),
}
OPTIONS: dict[str, dict[str, Pair]] = {
    "applications": _LEVELS,
    "infrastructure": _LEVELS,
    "stopped": {
        "agenda": ("agenda des rendez-vous", "calendar of appointments"),
        "records": ("dossiers des patients", "patients' records"),
        "prescriptions": ("ordonnances", "prescriptions"),
        "billing": ("facturation et télétransmission", "billing and transmission to health insurance"),
        "imaging": ("imagerie, résultats de laboratoire", "imaging, laboratory results"),
        "secure-mail": ("messagerie sécurisée de santé", "secure medical mail"),
        "mail": ("courriel ordinaire", "ordinary mail"),
        "telephone": ("téléphone", "telephone"),
        "internet": ("Internet", "Internet"),
        "printing": ("impression, numérisation", "printing, scanning"),
    },
    "files": {
        "unreadable": ("impossibles à ouvrir", "they can't be opened"),
        "renamed": ("noms changés", "their names have changed"),
        "missing": ("fichiers disparus", "some are gone"),
    },
    "work": {
        "disorganised": ("travail désorganisé", "work is disorganised"),
        "overload": ("personnel surchargé", "staff are overloaded"),
        "delayed": ("rendez-vous retardés", "appointments are late"),
        "cancelled": ("rendez-vous annulés", "appointments are cancelled"),
        "closed": ("cabinet fermé", "the practice is closed"),
    },
    "care": {
        "none": ("aucun effet", "no effect"),
        "delayed": ("soins retardés", "care comes later"),
        "degraded": ("soins donnés sans les dossiers", "care is given without the records"),
        "danger": ("un patient peut être en danger", "a patient may be in danger"),
    },
    "paper": _YES_NO,
    "backup_plugged": _YES_NO,
    "done": {
        "unplugged": ("réseau débranché", "the network was unplugged"),
        "photo": ("écran photographié", "the screen was photographed"),
        "restarted": ("poste redémarré ou éteint", "it was restarted or powered off"),
        "antivirus": ("antivirus lancé", "an antivirus was run"),
        "deleted": ("fichiers effacés", "files were deleted"),
        "restored": ("fichiers remis depuis une sauvegarde", "files were put back from a backup"),
        "remote": ("connexion à distance pour aider", "somebody logged on from outside to help"),
    },
    "leak": _YES_NO,
    "contacted": _YES_NO,
    "paid": _YES_NO,
    "confidentiality": _YES_NO,
    "integrity": _YES_NO,
    "availability": _YES_NO,
    "categories": {
        "identity": ("noms, dates de naissance", "names, dates of birth"),
        "nir": ("numéros de sécurité sociale (NIR)", "social security numbers (NIR)"),
        "contact": ("adresses, téléphones", "addresses, telephone numbers"),
        "health": ("données de santé", "health data"),
        "bank": ("coordonnées bancaires", "bank details"),
        "logins": ("mots de passe, identifiants", "passwords, logins"),
        "staff": ("données du personnel", "data of staff"),
    },
    "minors": _YES_NO,
    "informed": _YES_NO,
    "severity": {
        "negligible": ("négligeable", "negligible"),
        "limited": ("limitée", "limited"),
        "important": ("importante", "serious"),
        "maximal": ("maximale", "very serious"),
    },
}

EYES: dict[str, Pair] = {
    "cable": ("Câble réseau de ce poste débranché", "Network cable of this computer unplugged"),
    "wifi": ("Wi-Fi de ce poste coupé", "Wi-Fi of this computer off"),
    "box": ("Box~: voyant de ce poste éteint", "Internet box: light of this computer off"),
    "others": ("Autres ordinateurs hors du réseau", "Other computers off the network"),
    "nas": ("Disque réseau (NAS) débranché", "Network drive (NAS) unplugged"),
    "backup": ("Disque de sauvegarde débranché", "Backup disk unplugged"),
    "reader": ("Lecteur de cartes débranché du réseau", "Card reader unplugged from the network"),
}
"""What a person saw of the isolation, by the names of `collector.eyes`."""
SEEN: dict[str, Pair] = {
    "yes": ("oui", "yes"),
    "no": ("NON", "NO"),
    "none": ("il n'y en a pas", "there is none"),
}
