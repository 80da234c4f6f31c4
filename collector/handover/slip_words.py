"""The sentences of the « bordereau de remise », French and English side by side: on a paper the exact words matter.

`~` stands for a no-break space and `'` for a typographic apostrophe; `slip_said` puts them in. Never here: the names of
what only a police officer makes, and any word that claims more for the paper or the bundle than section 7 of
docs/THREAT_MODEL.md does. A test looks for them.
"""

from __future__ import annotations

TABLE = {
    # the head and foot of each page
    "title": ("Bordereau de remise", "Hand-over slip"),
    "subtitle": (
        "Éléments numériques recueillis après une attaque informatique",
        "Digital evidence collected after a computer attack",
    ),
    "private_paper": (
        "Écrit privé, établi par la victime ou pour elle. Il n'a pas la force des actes que seul un officier de police judiciaire peut établir. Les cases vides se remplissent à la main~; ce qui est inconnu se note «~inconnu~».",
        "A private paper, made by the victim or for the victim. It does not have the force of what only a police officer can draw up. Empty boxes are filled in by hand; for what is not known, write “not known”.",
    ),
    "escapes": (
        "Certaines lettres manquent aux polices de ce PDF~: leur code y est imprimé (\\u…)~; la page HTML montre ces lettres.",
        "The fonts of this PDF lack some letters: their code is printed instead (\\u…); the HTML page shows these letters.",
    ),
    "page": ("page {number}/{pages}", "page {number}/{pages}"),
    "initials": ("Paraphes~:", "Initials:"),
    "case_foot": ("Dossier {case}", "Case {case}"),
    "seal_foot": ("code de fermeture {code}", "seal code {code}"),
    # references
    "case": ("Dossier n°", "Case no."),
    "item": ("Pièce n°", "Item no."),
    "envelope": ("Enveloppe n°", "Envelope no."),
    "complaint": ("Plainte ou affaire n°", "Complaint or police reference"),
    # 1
    "medium": ("Support remis", "Medium handed over"),
    "nature": ("Nature (clé USB, disque…)", "Kind (USB stick, disk…)"),
    "maker": ("Marque", "Make"),
    "model": ("Modèle", "Model"),
    "serial": ("N° de série", "Serial no."),
    "capacity": ("Capacité", "Capacity"),
    "folder": ("Dossier sur le support", "Folder on the medium"),
    # 2
    "machine": ("Poste d'origine", "Computer of origin"),
    "name": ("Nom du poste", "Computer name"),
    "system": ("Système", "System"),
    "timezone": ("Fuseau horaire du poste", "Time zone of the computer"),
    "ntp": ("Horloge réglée par le réseau", "Clock set by the network"),
    "synchronized": ("oui", "yes"),
    "unsynchronized": ("non", "no"),
    "unknown": ("non établi", "not established"),
    "clock_computer": ("Dérive d'horloge constatée~: heure du poste", "Clock drift found: time on the computer"),
    "clock_watch": ("Heure d'une montre ou d'un téléphone", "Time on a watch or telephone"),
    "clock_drift": ("Écart", "Difference"),
    # 3
    "run": ("Collecte", "Collection"),
    "place": ("Lieu (adresse, pièce)", "Place (address, room)"),
    "started": ("Début", "Start"),
    "ended": ("Fin", "End"),
    "operator": ("Opérateur", "Operator"),
    "function": ("Fonction", "Function"),
    "witness": ("Témoin", "Witness"),
    "function_witness": ("Fonction du témoin", "Function of the witness"),
    "tool": ("Outil et version", "Tool and version"),
    "privileges": ("Droits", "Privileges"),
    "root": ("root (tous les droits)", "root (all rights)"),
    "administrator": ("administrateur", "administrator"),
    "user": ("utilisateur ordinaire", "ordinary user"),
    "tool_sha256": ("Empreinte SHA-256 de l'outil", "SHA-256 fingerprint of the tool"),
    "arguments": ("Ligne de commande", "Command line"),
    "kit_nonce": ("Numéro du kit", "Number of the kit"),
    # 4
    "content": ("Contenu", "Content"),
    "files": ("Nombre de fichiers", "Number of files"),
    "size": ("Taille", "Size"),
    "bytes": ("{number} octets", "{number} bytes"),
    "about_bytes": ("{about} ({number} octets)", "{about} ({number} bytes)"),
    "units": ("ko Mo Go To", "kB MB GB TB"),
    "records": ("Lignes du journal", "Lines of the log"),
    "isolation": ("Isolement du réseau", "Isolation from the network"),
    "isolation_all": (
        "au début~: {open}~; à la fin~: {close}~; constat le moins favorable de la collecte~: {run}",
        "at the start: {open}; at the end: {close}; worst found during the collection: {run}",
    ),
    "ISOLATED": ("isolé", "isolated"),
    "CONNECTED": ("relié à un réseau", "connected to a network"),
    "UNKNOWN": ("non établi", "not established"),
    "not_noted": ("non relevé", "not noted"),
    "same_boot": ("Poste resté allumé", "Computer stayed on"),
    "stayed_on": ("oui, du début à la fin", "yes, from start to end"),
    "recipients": ("Chiffré pour", "Encrypted for"),
    "not_encrypted": (
        "non chiffré~: quiconque détient le support peut tout lire",
        "not encrypted: whoever holds the medium can read all of it",
    ),
    "keys_1": ("{number} clé age~: {keys}", "{number} age key: {keys}"),
    "keys": ("{number} clés age~: {keys}", "{number} age keys: {keys}"),
    "and_more_1": ("et {number} autre", "and {number} more"),
    "and_more": ("et {number} autres", "and {number} more"),
    "hidden": ("chiffré~: à remplir à la main", "encrypted: fill in by hand"),
    # 5
    "codes": ("Codes et empreintes", "Codes and fingerprints"),
    "start_code": ("Code de départ", "Start code"),
    "start_meaning": ("Noté au début de la collecte.", "Written down when the collection began."),
    "seal_code": ("Code de fermeture", "Seal code"),
    "seal_meaning": (
        "Il doit être celui qui a été noté ou photographié à la fin de la collecte.",
        "It must be the one written down or photographed when the collection ended.",
    ),
    "checkpoint": (
        "Empreinte SHA-256 du fichier de fermeture (checkpoint), dont vient le code de fermeture",
        "SHA-256 fingerprint of the closing file (checkpoint), from which the seal code comes",
    ),
    "manifest": (
        "Empreinte SHA-256 du journal (manifest.jsonl)",
        "SHA-256 fingerprint of the log (manifest.jsonl)",
    ),
    "digests": ("Empreintes complètes, à recopier à la main", "Full fingerprints, to be copied by hand"),
    "key": ("Empreinte de la clé de signature (run_key.pub)", "Fingerprint of the signing key (run_key.pub)"),
    "checked_1": (
        "Contrôle à l'édition~: {number} fichier relu, conforme au journal.",
        "Check when this was printed: {number} file read again, as the log says.",
    ),
    "checked": (
        "Contrôle à l'édition~: {number} fichiers relus, conformes au journal.",
        "Check when this was printed: {number} files read again, as the log says.",
    ),
    "anchored": (
        "Confirmé de l'extérieur par ce qui a été fourni pour le contrôle (code de fermeture, reçu ou horodatage).",
        "Confirmed from outside by what was given for the check (seal code, receipt or timestamp).",
    ),
    "unanchored": (
        "Rien d'extérieur ne l'a encore confirmé~: comparez avec le code de fermeture noté sur papier.",
        "Nothing from outside has confirmed it yet: compare with the seal code written on paper.",
    ),
    # 6
    "method": ("Méthode", "Method"),
    "method_1": (
        "Collecte sur le poste allumé, du plus fugace au plus durable (RFC~3227). Les fichiers du poste sont ouverts en lecture seule. Ce n'est pas une copie complète du disque.",
        "Collected from the running computer, the most volatile first (RFC~3227). The computer's files are opened for reading only. This is no complete copy of the disk.",
    ),
    "method_2": (
        "Chaque fichier collecté reçoit son empreinte SHA-256 pendant sa copie. Un journal les enchaîne~: chaque ligne porte l'empreinte de la précédente. À la fin, une clé née avec la collecte signe l'ensemble.",
        "Each file is given its SHA-256 fingerprint while it is copied. A log chains them: each line bears the fingerprint of the line before. At the end, a key born with the collection signs the whole.",
    ),
    "changes": ("Modifications inévitables du poste", "Unavoidable changes to the computer"),
    "changes_1": (
        "Brancher le support et lancer l'outil laissent des traces~: un périphérique et un programme de plus, de la mémoire occupée, des lignes dans les journaux du système.",
        "Plugging the medium in and starting the tool leave traces: one more device and program, memory in use, lines in the logs of the system.",
    ),
    "changes_2": (
        "La lecture d'un fichier peut changer sa date de dernier accès, là où le système ne permet pas de l'éviter.",
        "Reading a file may change the time of its last access, where the system leaves no way to avoid that.",
    ),
    "changes_3": (
        "L'outil n'écrit que dans le dossier remis et n'envoie rien sur le réseau. S'il a coupé le réseau à la demande de l'opérateur, le journal le dit. Motif~: ces éléments auraient disparu à l'extinction. Responsable~: l'opérateur.",
        "The tool writes only into the folder handed over and sends nothing on the network. If it cut the network off because the operator asked for it, the log says so. Reason: these things would have been lost when the computer was switched off. Responsible: the operator.",
    ),
    # 7
    "gaps": ("Erreurs et absences", "Errors and gaps"),
    "no_gaps": ("Tout ce qui était attendu a été obtenu.", "All that was expected was obtained."),
    "gaps_1": ("{number} élément attendu n'a pas été obtenu~:", "{number} thing that was expected was not obtained:"),
    "gaps_n": (
        "{number} éléments attendus n'ont pas été obtenus~:",
        "{number} things that were expected were not obtained:",
    ),
    "gap_line": ("{source}~: {why}", "{source}: {why}"),
    "times": ("{outcome} ({number}~fois)", "{outcome} ({number}~times)"),
    "gaps_more_1": ("et {number} autre, inscrit au journal", "and {number} more, which the log has"),
    "gaps_more": ("et {number} autres, inscrits au journal", "and {number} more, which the log has"),
    "resumed_1": (
        "Collecte interrompue puis reprise {number} fois, avec une nouvelle clé~: la suite n'est liée que par ce qui a été noté à la fin.",
        "Collection interrupted and taken up again {number} time, with a new key: what follows is bound only by what was written down at the end.",
    ),
    "resumed": (
        "Collecte interrompue puis reprise {number} fois, chaque fois avec une nouvelle clé~: la suite n'est liée que par ce qui a été noté à la fin.",
        "Collection interrupted and taken up again {number} times, each with a new key: what follows is bound only by what was written down at the end.",
    ),
    "cut_short": ("Collecte écourtée~: {reason}.", "Collection cut short: {reason}."),
    "reason_signal": ("arrêt demandé", "it was asked to stop"),
    "reason_max_time": ("temps imparti écoulé", "the time allowed was over"),
    "reason_disk_full": ("support plein", "the medium was full"),
    # 8
    "verify": ("Vérifier sans notre outil", "To verify without our tool"),
    "verify_where": (
        "Sur une copie, sur un autre ordinateur, dans le dossier remis~:",
        "On a copy, on another computer, in the folder handed over:",
    ),
    "verify_sums": (
        "Chaque fichier est celui de la collecte (chaque ligne doit dire OK, ou Réussi)~:",
        "Each file is the one that was collected (each line must say OK):",
    ),
    "verify_signature": (
        "La signature est bonne (la réponse commence par Good)~:",
        "The signature is good (the answer begins with Good):",
    ),
    "verify_code": (
        "Le code de fermeture est celui du papier (sans les tirets)~:",
        "The seal code is that of the paper (without the hyphens):",
    ),
    "verify_windows": (
        "Sous Windows, «~certutil -hashfile checkpoint SHA256~» donne l'empreinte du fichier de fermeture. Ces commandes ne voient pas un fichier ajouté~; «~collect verify~» le voit.",
        "On Windows, “certutil -hashfile checkpoint SHA256” gives the fingerprint of the closing file. These commands do not see an added file; “collect verify” does.",
    ),
    # 9
    "limits": ("Ce que cela ne prouve pas", "What this does not prove"),
    "limits_1": (
        "Un logiciel malveillant qui a tous les droits peut donner de fausses informations avant qu'elles soient notées.",
        "A malicious program with full rights can feed in false data before it is noted.",
    ),
    "limits_2": (
        "La clé naît sur l'ordinateur attaqué. Elle prouve l'ordre et que rien n'a changé, pas l'origine.",
        "The key is born on the attacked computer. It proves the order and that nothing changed, not the origin.",
    ),
    "limits_3": (
        "L'origine se prouve de l'extérieur~: par le code de fermeture noté sur papier ou photographié.",
        "The origin comes from outside: the seal code on paper or photographed at the closing.",
    ),
    # 10
    "secrecy": ("Secret professionnel", "Professional secrecy"),
    "secrecy_call": (
        "Appelez le conseil départemental de l'Ordre avant remise.",
        "Call the departmental council of the medical Order before handing over.",
    ),
    "secrecy_1": (
        "Ce dossier peut contenir des données couvertes par le secret professionnel (noms de fichiers, titres de fenêtres, images d'écran). Ne remettez que ce qui est nécessaire. Si l'on demande l'ordinateur ou un disque, ne remettez ni l'un ni l'autre avant cet appel.",
        "This folder may hold data under professional secrecy (names of files, titles of windows, pictures of screens). Hand over only what is necessary. If the computer or a disk is asked for, hand over neither before that call.",
    ),
    "order_called": ("Ordre appelé le (date, heure)", "Order called on (date, time)"),
    "order_person": ("Personne jointe", "Person reached"),
    "order_answer": ("Réponse", "Answer"),
    # 11
    "end": ("Restitution ou destruction", "Return or destruction"),
    "keep_until": ("À conserver jusqu'au", "To be kept until"),
    "returned": ("Restitué le", "Returned on"),
    "returned_to": ("À (nom, signature)", "To (name, signature)"),
    "destroyed": ("Détruit le", "Destroyed on"),
    "destroyed_how": ("Par quel moyen", "By what means"),
    "destroyed_by": ("Par (nom, signature)", "By (name, signature)"),
    # 12
    "made": ("Bordereau établi", "Slip made"),
    "made_when": ("Le (date, heure)", "On (date, time)"),
    "made_where": ("À (lieu)", "At (place)"),
    "made_operator": ("Signature de l'opérateur", "Signature of the operator"),
    "made_witness": ("Signature du témoin", "Signature of the witness"),
    # 13
    "chain": ("Chaîne de possession", "Chain of possession"),
    "chain_says": (
        "Les lignes imprimées viennent du fichier de suivi (custody.jsonl). Quiconque détient le support peut réécrire ce fichier~; un reçu contresigné le fige jusqu'à lui. Chaque remise suivante s'inscrit à la main. R1, R2… ne comptent que les remises et les reçus~; la main courante compte aussi les notes et les réponses, et rappelle ces numéros.",
        "Printed lines come from the custody file (custody.jsonl). Whoever holds the medium can rewrite that file; a countersigned receipt fixes it up to itself. Each later hand-over is entered by hand. R1, R2… count hand-overs and receipts alone; the main courante counts notes and answers as well, and gives these numbers, too.",
    ),
    "col_number": ("N°", "No."),
    "col_when": ("Date, heure", "Date, time"),
    "col_by": ("Remis par", "Given by"),
    "col_to": ("Reçu par", "Received by"),
    "col_role": ("Qualité", "Capacity"),
    "col_reason": ("Motif", "Reason"),
    "col_place": ("Lieu", "Place"),
    "col_condition": ("État de l'enveloppe", "State of the envelope"),
    "col_sign_by": ("Signature (remet)", "Signature (gives)"),
    "col_sign_to": ("Signature (reçoit)", "Signature (receives)"),
    "handover": ("Remise", "Hand-over"),
    "receipt_signed": ("Reçu contresigné, clé {key}", "Receipt, countersigned, key {key}"),
    "receipt_signed_short": ("Reçu contresigné {key}", "Receipt, countersigned {key}"),
    "short_check": ("~: {number}~fichiers, {verdict}", ": {number}~files, {verdict}"),
    "receipt_unsigned": ("Reçu non contresigné", "Receipt, not countersigned"),
    "rechecked_1": ("{number} fichier relu ({size})~: {verdict}", "{number} file read again ({size}): {verdict}"),
    "rechecked": ("{number} fichiers relus ({size})~: {verdict}", "{number} files read again ({size}): {verdict}"),
    "verdict_ANCHORED": ("rien n'a changé, confirmé de l'extérieur", "nothing has changed, confirmed from outside"),
    "verdict_UNANCHORED": ("rien n'a changé", "nothing has changed"),
    "verdict_INCOMPLETE": ("incomplet", "incomplete"),
    "transfers_more": (
        "{number} lignes suivantes ne sont pas reproduites ici~: le fichier de suivi les a.",
        "{number} lines that follow are not printed here: the custody file has them.",
    ),
}
"""Name of a sentence: French, English (`vocabulary.LANGUAGES`). `X_1` is the form of `X` for one."""
