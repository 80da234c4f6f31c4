"""The sentences of the two sheets of a kit, French and English side by side: they are read in a panic, by anybody.

`~` stands for a no-break space and `'` for a typographic apostrophe; `said` puts them in. What stands in the drawings
are Windows' own words as a French or English Windows 10 and 11 shows them (from memory, not from a recording: the
drawings say that they are drawings, and the colours and words may differ on the screen).
"""

from __future__ import annotations

_TABLE = {
    # INSTRUCTIONS
    "title": ("Ordinateur attaqué~? Faites ceci, dans l'ordre", "Computer attacked? Do this, in this order"),
    "call": ("Un seul numéro à appeler", "One number to call"),
    "step1": ("Photographiez l'écran", "Photograph the screen"),
    "step1_how": ("avec votre téléphone, avant toute autre chose.", "with your telephone, before anything else."),
    "step2": ("Coupez le réseau", "Cut the network"),
    "step2_how": ("Retirez le câble réseau. Coupez le Wi-Fi.", "Pull the network cable out. Switch the Wi-Fi off."),
    "step3": ("N'éteignez pas l'ordinateur", "Do not power the computer off"),
    "step3_how": (
        "Ne le redémarrez pas. Laissez le chargeur branché. N'effacez rien. Ne payez pas.",
        "Do not restart it. Leave the charger plugged in. Delete nothing. Do not pay.",
    ),
    "step4": ("Branchez cette clé USB", "Plug this USB stick in"),
    "step4_windows": (
        "Touches Windows + E, ouvrez la clé, puis double-cliquez sur COLLECTER.",
        "Windows key + E, open the stick, then double-click COLLECTER.",
    ),
    "step4_linux": (
        "Ouvrez un terminal dans le dossier de la clé et tapez~: sh collecter.sh",
        "Open a terminal in the folder of the stick and type: sh collecter.sh",
    ),
    "step5": ("Répondez à Windows", "Answer Windows"),
    "step5_how": (
        "L'une de ces fenêtres peut s'ouvrir. C'est normal.",
        "One of these windows may open. That is normal.",
    ),
    "step6": ("Suivez l'écran", "Follow the screen"),
    "step6_how": (
        "Une question à la fois. «~Je ne sais pas~» est une bonne réponse. À la fin, recopiez les codes sur papier, retirez la clé et ne l'ouvrez sur aucun autre ordinateur.",
        "One question at a time. “I don't know” is a good answer. At the end copy the codes on paper, take the stick out and open it on no other computer.",
    ),
    # the drawings
    "drawing": ("dessin", "drawing"),
    "blue_title": ("Windows a protégé votre ordinateur", "Windows protected your PC"),
    "blue_text": (
        "Microsoft Defender SmartScreen a empêché le démarrage d'une application non reconnue.",
        "Microsoft Defender SmartScreen prevented an unrecognised app from starting.",
    ),
    "blue_more": ("Informations complémentaires", "More info"),
    "blue_run": ("Exécuter quand même", "Run anyway"),
    "blue_not": ("Ne pas exécuter", "Don't run"),
    "blue_do": (
        "Fenêtre bleue~: cliquez sur 1, puis sur 2, qui n'apparaît qu'ensuite.",
        "Blue window: click 1, then 2, which shows only then.",
    ),
    "uac_title": ("Contrôle de compte d'utilisateur", "User Account Control"),
    "uac_text": (
        "Voulez-vous autoriser cette application à apporter des modifications à votre appareil~?",
        "Do you want to allow this app to make changes to your device?",
    ),
    "uac_app": ("collect.exe", "collect.exe"),
    "uac_publisher": ("Éditeur~: inconnu", "Publisher: Unknown"),
    "uac_yes": ("Oui", "Yes"),
    "uac_no": ("Non", "No"),
    "uac_do": (
        "Fenêtre jaune ou bleue~: cliquez sur Oui. Un mot de passe que vous n'avez pas~? Cliquez sur Non~: la collecte continue, avec moins d'éléments.",
        "Yellow or blue window: click Yes. A password that you don't have? Click No: the collection goes on, with less.",
    ),
    # questions
    "locked": ("L'écran est verrouillé~?", "Is the screen locked?"),
    "locked_do": (
        "Tapez le mot de passe habituel. Vous ne l'avez pas, ou rien ne répond~: n'éteignez pas, appelez.",
        "Type the usual password. You don't have it, or nothing answers: do not power off, call.",
    ),
    "unseen": ("La clé n'apparaît pas~?", "The stick isn't seen?"),
    "unseen_do": (
        "Attendez une minute, puis essayez une autre prise USB, sans adaptateur. Toujours rien~: appelez.",
        "Wait for a minute, then try another USB socket, without an adapter. Still nothing: call.",
    ),
    "lid": ("Puis-je fermer le portable~?", "May I close the lid?"),
    "lid_do": (
        "Non. Fermé, il se met en veille. Laissez-le ouvert et branché à la prise.",
        "No. Closed, it goes to sleep. Leave it open and plugged in.",
    ),
    "leave": ("Puis-je partir~?", "May I leave?"),
    "leave_do": (
        "Oui, quand la collecte avance toute seule. Posez la feuille «~Ne pas éteindre~» sur l'ordinateur, fermez la pièce à clé et revenez noter les codes.",
        "Yes, once the collection goes on by itself. Put the sheet “Do not power off” on the computer, lock the room, and come back to note the codes.",
    ),
    "antivirus": ("L'antivirus se manifeste~?", "The antivirus shows up?"),
    "antivirus_do": (
        "Photographiez son message. Ne désactivez rien. S'il a retiré le programme, essayez une autre clé de collecte ou appelez.",
        "Photograph what it says. Switch nothing off. If it took the program away, try another collection stick, or call.",
    ),
    "full": ("La clé est pleine, ou refusée~?", "The stick is full, or refused?"),
    "full_do": (
        "Ce qui est copié est conservé. Branchez une autre clé, vide, et suivez l'écran.",
        "What is copied is kept. Plug another, empty stick in, and follow the screen.",
    ),
    "kit": ("Numéro du kit {nonce}, préparé le {day}", "Number of the kit {nonce}, prepared on {day}"),
    "case": ("Dossier {case}", "Case {case}"),
    # NE-PAS-ETEINDRE
    "not_touch": ("NE PAS TOUCHER", "DO NOT TOUCH"),
    "not_off": ("NE PAS ÉTEINDRE", "DO NOT POWER OFF"),
    "why": (
        "Cet ordinateur a été attaqué. Sa mémoire contient des preuves, qu'un arrêt efface.",
        "This computer was attacked. Its memory holds evidence, which powering off destroys.",
    ),
    "not1": ("Ne pas redémarrer, ne pas mettre en veille, ne pas fermer le portable.", "Do not restart it, put it to sleep or close its lid."),
    "not2": ("Ne pas débrancher le chargeur ni la prise de courant.", "Do not unplug the charger or the mains."),
    "not3": ("Ne pas rebrancher le réseau ni le Wi-Fi.", "Do not connect the network or the Wi-Fi again."),
    "not4": ("Ne pas retirer la clé USB avant la fin de la collecte.", "Do not take the USB stick out before the collection has ended."),
    "ask": ("Une question~? Appelez", "A question? Call"),
    "posted": ("Posée le", "Put here on"),
    "at": ("à (heure)", "at (time)"),
    "by": ("par", "by"),
}


def said(key: str, language: str, **fields: str) -> str:
    """Return a sentence in `fr` or `en`, its fields filled in as they are."""
    sentence = _TABLE[key][0 if language == "fr" else 1].replace("~", "\u00a0").replace("'", "\u2019")
    return sentence.format(**fields) if fields else sentence
