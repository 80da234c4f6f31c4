"""The sentences of the three letters and of the breach register; see `dossier_words`.

The letter to the procureur follows the list of service-public.fr, sheet F34129.
"""

from __future__ import annotations

LETTERS = {
    # 10 complaint
    "letter": ("Lettre-plainte au procureur de la République", "Letter of complaint to the procureur"),
    "letter_intro": (
        "Une plainte compte pour l'assurance contre les cyberattaques (72~heures, Code des assurances, art. L.12-10-1, à vérifier)~; ni 17Cyber, ni un signalement ne la remplacent. Au commissariat ou à la gendarmerie, ou par la lettre qui suit. Si le temps presse, allez-y en personne~: l'effet d'un courrier sur le délai est à vérifier.",
        "A complaint counts for the insurance against cyber attacks (72 hours, Code des assurances, art. L.12-10-1, to be verified); neither 17Cyber nor a report takes its place. At a police or gendarmerie station, or by the letter that follows. If time is short go there in person: what a letter does for the deadline is to be verified.",
    ),
    "letter_before": ("Avant de la poster", "Before you post it"),
    "letter_step_1": ("Relire chaque phrase, compléter les pointillés, barrer ce qui est faux", "Read each sentence, fill in the dots, strike out what is wrong"),
    "letter_step_2": ("Adresser au tribunal judiciaire du lieu des faits (adresse à chercher)", "Address it to the tribunal judiciaire of the place of the facts (look the address up)"),
    "letter_step_3": ("Faire relire la qualification et les articles par un avocat ou l'enquêteur (à confirmer)", "Have the offences and articles looked at by a lawyer or the investigator (to be confirmed)"),
    "letter_step_4": ("Dater, signer, joindre les annexes numérotées, garder une copie", "Date it, sign it, enclose the numbered annexes, keep a copy"),
    "letter_step_5": ("Poster en recommandé, simple ou suivi~; un récépissé est remis à l'enregistrement", "Post it registered, plain or tracked; a receipt is given when it is registered"),
    "letter_step_6": ("Ne joindre aucune donnée de patient", "Enclose no data of patients"),
    "letter_note": (
        "Cette lettre existe aussi seule~: lettre-procureur.pdf. Elle doit partir en français.",
        "This letter also stands alone, in French as it has to be sent: lettre-procureur.pdf. Here is what it says.",
    ),
    "letter_to": (
        "Madame ou Monsieur le procureur|de la République|Tribunal judiciaire de {blank}|{blank}{blank}|{blank}{blank}",
        "The procureur|de la République|Tribunal judiciaire of {blank}|{blank}{blank}|{blank}{blank}",
    ),
    "letter_person": (
        "Nom~: {blank}{blank}|Prénoms~: {blank}{blank}|Né(e) le {blank} à {blank}, nationalité {blank}|Profession, fonction~: {role}|Domicile~: {blank}{blank}{blank}|Téléphone~: {phone}  —  Courriel~: {email}",
        "Name: {blank}{blank}|First names: {blank}{blank}|Born on {blank} in {blank}, nationality {blank}|Profession, function: {role}|Home address: {blank}{blank}{blank}|Telephone: {phone}  —  E-mail: {email}",
    ),
    "letter_for": (
        "agissant pour~: {practice}, {form}|{address}|SIRET~: {siret}  —  RPPS~: {rpps}|Responsable~: {responsible}",
        "acting for: {practice}, {form}|{address}|SIRET: {siret}  —  RPPS: {rpps}|In charge: {responsible}",
    ),
    "letter_place": ("À {blank}, le {blank}", "At {blank}, on {blank}"),
    "letter_object": (
        "Objet~: plainte contre X pour une attaque informatique{ransom}",
        "Subject: complaint against X (persons unknown) for a computer attack{ransom}",
    ),
    "with_ransom": (" avec demande de rançon", " with a demand for ransom"),
    "letter_reference": ("Dossier {case}. Numéro donné par la police ou la gendarmerie~: {number}", "Case {case}. Number given by the police: {number}"),
    "letter_hello": ("Madame, Monsieur,", "Dear Sir or Madam,"),
    "letter_open": (
        "J'ai l'honneur de porter plainte contre X pour les faits suivants, commis au préjudice de~: {practice}.",
        "I hereby lodge a complaint against X (persons unknown) for the following facts, to the detriment of: {practice}.",
    ),
    "letter_when": ("1. Date et lieu des faits", "1. Date and place of the facts"),
    "letter_when_1": (
        "L'attaque a été connue le {aware}, à l'adresse suivante~: {address}. Poste examiné~: {site}. Dernier usage normal~: {normal}.",
        "The attack became known on {aware}, at this address: {address}. Computer examined: {site}. Last ordinary use: {normal}.",
    ),
    "letter_estimate": (
        "D'après les traces relevées sur le poste, le chiffrement a probablement commencé au plus tard le {when} (estimation de l'outil, horloge du poste, à confirmer par l'expert).",
        "By the traces found on the computer the encryption probably began at the latest on {when} (estimate of the tool, the computer's clock, to be confirmed by the expert).",
    ),
    "letter_account": ("2. Récit détaillé", "2. Detailed account"),
    "letter_account_1": ("Attaque remarquée par~: {who}. Premier signe~: {sign}.", "Attack noticed by: {who}. First sign: {sign}."),
    "letter_account_2": (
        "Ne fonctionne plus~: {stopped}. Fichiers~: {files}. Ordinateurs et serveurs touchés~: {machines}. Effet sur le cabinet~: {work}. Effet sur les soins~: {care}.",
        "Does not work any more: {stopped}. Files: {files}. Computers and servers affected: {machines}. Effect on the practice: {work}. Effect on care: {care}.",
    ),
    "letter_account_3": (
        "Somme demandée~: {amount}. Délai donné~: {ultimatum}. Menace de publier des données~: {leak}. Réponse envoyée aux auteurs~: {contacted}. Paiement~: {paid}.",
        "Amount asked for: {amount}. Time limit: {ultimatum}. Threat to publish data: {leak}. Answer sent to the authors: {contacted}. Payment: {paid}.",
    ),
    "letter_account_4": (
        "Courriel, pièce jointe, appel ou site suspect avant les faits~: {mail}. Accès à distance existants~: {remote}. Fait depuis sur le poste~: {done}.",
        "Odd e-mail, attachment, call or website before: {mail}. Existing access from outside: {remote}. Done on the computer since: {done}.",
    ),
    "by_note": ("{what} (d'après le message trouvé)", "{what} (from the note that was found)"),
    "letter_found": (
        "Relevé sur le poste~: {what}.",
        "Found on the computer: {what}.",
    ),
    "letter_enclosed_contacts": (
        "Les adresses de contact ou portefeuilles relevés sont en annexe.",
        "The contact addresses or wallets that were found are enclosed.",
    ),
    "letter_enclosed_note": ("Le texte du message est en annexe.", "The text of the message is enclosed."),
    "letter_more": ("Complément, avec mes mots~:", "To add in my own words:"),
    "letter_author": ("3. Auteur", "3. Author"),
    "letter_author_1": (
        "L'auteur m'est inconnu~: je porte plainte contre X. Famille de rançongiciel supposée (ressemblance, à confirmer)~: {family}.",
        "I do not know the author: I complain against X. Supposed family of ransomware (a likeness, to be confirmed): {family}.",
    ),
    "letter_witnesses": ("4. Témoins", "4. Witnesses"),
    "letter_witnesses_1": ("Noms~: {names}. Adresses~: {blank}{blank}{blank}", "Names: {names}. Addresses: {blank}{blank}{blank}"),
    "letter_damage": ("5. Préjudice, estimation provisoire", "5. Damage, provisional estimate"),
    "letter_damage_1": (
        "Heures de travail perdues~: {hours}. Rendez-vous perdus~: {appointments}. Coût~: {damage}. Cette estimation sera complétée.",
        "Hours of work lost: {hours}. Appointments lost: {appointments}. Cost: {damage}. This estimate will be completed.",
    ),
    "letter_law": ("6. Qualification proposée, à confirmer", "6. Offences, proposed, to be confirmed"),
    "letter_law_1": (
        "Ces faits paraissent relever des atteintes à un système de traitement automatisé de données (articles 323-1 à 323-3-1 du code pénal){extortion}. Qualification proposée, à confirmer par vos services.",
        "These facts appear to be attacks on an automated data processing system (articles 323-1 to 323-3-1 of the code pénal){extortion}. Proposed, to be confirmed by your office.",
    ),
    "letter_extortion": (
        " et de l'extorsion ou de sa tentative (article 312-1 du code pénal)",
        " and extortion or its attempt (article 312-1 of the code pénal)",
    ),
    "letter_evidence": ("7. Éléments de preuve", "7. Evidence"),
    "letter_evidence_1": (
        "Les preuves ont été recueillies sur le poste en marche, du {start} au {end}, par l'outil evidence-collector {version}~: {files}, avec empreinte.",
        "The evidence was collected from the running computer from {start} to {end} with the tool evidence-collector {version}: {files}, with fingerprints.",
    ),
    "letter_evidence_code": (
        "Code de fermeture~: {code}. Empreinte SHA-256 correspondante~: {sha256}.",
        "Seal code: {code}. SHA-256 fingerprint of it: {sha256}.",
    ),
    "letter_evidence_open": (
        "Cette collecte n'est pas terminée~: elle n'a pas encore de code de fermeture.",
        "This collection is not finished: it has no seal code yet.",
    ),
    "letter_evidence_secret": (
        "Ces preuves peuvent contenir des données couvertes par le secret professionnel. Je les tiens à la disposition de la justice, dans le respect de ce secret.",
        "This evidence may hold data under professional secrecy. I hold it at the disposal of the courts, with due respect for that secrecy.",
    ),
    "letter_annexes": ("Annexes", "Annexes"),
    "annex_journal": ("Annexe {number}~: chronologie et main courante (partie 4 du dossier)", "Annex {number}: chronology and journal (part 4 of the dossier)"),
    "annex_attack": ("Annexe {number}~: ce qui a été relevé de l'attaque (partie 5)", "Annex {number}: what was found of the attack (part 5)"),
    "annex_machines": ("Annexe {number}~: postes touchés (partie 6)", "Annex {number}: machines affected (part 6)"),
    "annex_damage": ("Annexe {number}~: conséquences et préjudice (partie 7)", "Annex {number}: consequences and damage (part 7)"),
    "annex_exhibits": ("Annexe {number}~: inventaire des pièces et de ce qui manque (partie 12)", "Annex {number}: inventory of exhibits and of what is missing (part 12)"),
    "annex_slip": ("Annexe {number}~: bordereau de remise (partie 14)", "Annex {number}: hand-over slip (part 14)"),
    "annex_bills": ("Annexe {number}~: justificatifs du préjudice, factures {blank}", "Annex {number}: proof of the damage, bills {blank}"),
    "letter_ask": (
        "Je vous remercie de me faire parvenir le récépissé de cette plainte et vous prie d'agréer, Madame, Monsieur, l'expression de ma considération distinguée.",
        "Please send me the receipt for this complaint. Yours faithfully,",
    ),
    "signature_place": ("Fait à, le", "Place, date"),
    "signature_name": ("Nom et qualité", "Name and capacity"),
    "signature": ("Signature", "Signature"),
    # 11 insurer, patients, register
    "letters": ("Assureur, patients, registre des violations", "Insurer, patients, breach register"),
    "letters_intro": (
        "Trois modèles, chacun sur ses propres pages. Le responsable du cabinet décide~; rien n'est envoyé par l'outil.",
        "Three drafts, each on pages of its own. Whoever is in charge of the practice decides; the tool sends nothing.",
    ),
    "letters_1": ("Déclaration à l'assureur~: dans le délai du contrat, d'habitude au moins 5~jours ouvrés (à vérifier)", "Claim to the insurer: within the time of the policy, usually at least 5 working days (to be verified)"),
    "letters_2": ("Information des patients (RGPD, art. 34)~: sans retard dès que le risque pour eux paraît élevé", "Notice to patients (GDPR, art. 34): without delay once the risk for them looks high"),
    "letters_3": ("Registre des violations (RGPD, art. 33, paragraphe 5)~: dans tous les cas", "Breach register (GDPR, art. 33(5)): in every case"),
    "patients_decision": ("Décision d'informer les patients, et raisons", "Decision to tell the patients, and reasons"),
    "insurer_to": ("{insurer}|Service sinistres|{blank}{blank}|{blank}{blank}", "{insurer}|Claims|{blank}{blank}|{blank}{blank}"),
    "insurer_object": ("Objet~: déclaration d'une attaque informatique — contrat n° {policy}", "Subject: claim for a computer attack — policy no. {policy}"),
    "insurer_1": (
        "Je vous déclare une attaque informatique{ransom}, connue le {aware}, au préjudice de~: {practice}, {address}.",
        "I report a computer attack{ransom} that became known on {aware}, to the detriment of: {practice}, {address}.",
    ),
    "insurer_2": (
        "Ne fonctionne plus~: {stopped}. Ordinateurs et serveurs touchés~: {machines}. Effet sur le cabinet~: {work}. Dernière bonne sauvegarde~: {backup}.",
        "Does not work any more: {stopped}. Computers and servers affected: {machines}. Effect on the practice: {work}. Last good backup: {backup}.",
    ),
    "insurer_3": (
        "Préjudice provisoire. Heures de travail perdues~: {hours}. Rendez-vous perdus~: {appointments}. Coût~: {damage}. Paiement à ce jour~: {paid}.",
        "Damage so far. Hours of work lost: {hours}. Appointments lost: {appointments}. Cost: {damage}. Payment to this day: {paid}.",
    ),
    "insurer_unpaid": (
        "Aucune rançon n'est payée sans vous en parler.",
        "No ransom is paid without speaking to you.",
    ),
    "insurer_4": (
        "Plainte~: {complaint}. Déclaration à la CNIL~: {cnil}. Informaticien~: {provider}.",
        "Complaint: {complaint}. Notice to the CNIL: {cnil}. IT provider: {provider}.",
    ),
    "insurer_5": (
        "Dites-moi ce que le contrat prévoit (assistance, expert, délais), et ce que je dois garder. Les preuves ont été recueillies le {start} (horloge du poste). Vous pouvez me joindre au {phone}.",
        "Tell me what the policy provides for (assistance, expert, time limits), and what I have to keep. The evidence was collected on {start} (the computer's clock). You can reach me at {phone}.",
    ),
    "insurer_bye": ("Veuillez agréer, Madame, Monsieur, mes salutations distinguées.", "Yours faithfully,"),
    "patients_object": ("Attaque informatique de notre cabinet~: ce que vous devez savoir", "Computer attack on our practice: what you should know"),
    "patients_hello": ("Madame, Monsieur,", "Dear patient,"),
    "patients_nature": ("Ce qui s'est passé", "What happened"),
    "patients_nature_1": (
        "Notre cabinet ({practice}) a été victime d'une attaque informatique, découverte le {aware}.",
        "Our practice ({practice}) was the victim of a computer attack, found out on {aware}.",
    ),
    "patients_unreadable": (
        "Des personnes inconnues ont rendu une partie de nos fichiers illisible.",
        "Persons unknown made part of our files unreadable.",
    ),
    "patients_money": ("Une rançon est demandée.", "A ransom is asked for."),
    "patients_data": ("Les données concernées", "The data concerned"),
    "patients_data_1": (
        "Données qui peuvent être concernées~: {categories}. Peut-être lues ou copiées par ces personnes~: {confidentiality}. Peut-être modifiées~: {integrity}. Perdues ou inaccessibles pour le moment~: {availability}.",
        "Data that may be concerned: {categories}. Perhaps read or copied by these persons: {confidentiality}. Perhaps changed: {integrity}. Lost or out of reach for now: {availability}.",
    ),
    "patients_effects": ("Ce que cela peut changer pour vous", "What it may mean for you"),
    "patients_effects_1": (
        "Des rendez-vous ou des soins peuvent être retardés. Quelqu'un pourrait se servir de vos données pour vous tromper~: méfiez-vous des appels, messages ou courriels qui parlent de votre santé ou demandent de l'argent, un mot de passe ou un numéro de carte, même en notre nom.",
        "Appointments or care may come later. Somebody might use your data to deceive you: beware of calls, messages or e-mails that speak of your health or ask for money, a password or a card number, even in our name.",
    ),
    "patients_measures": ("Ce que nous avons fait", "What we have done"),
    "patients_measures_1": ("Mesures prises ou prévues~: {after}. Plainte déposée~: {complaint}. CNIL prévenue~: {cnil}.", "Measures taken or planned: {after}. Complaint lodged: {complaint}. CNIL notified: {cnil}."),
    "patients_you": (
        "Ce que vous pouvez faire~: apportez vos ordonnances et résultats à votre prochain rendez-vous~; changez un mot de passe que vous auriez aussi chez nous~; en cas d'urgence, appelez le 15.",
        "What you can do: bring your prescriptions and results to your next appointment; change a password that you also used with us; in an emergency call 15.",
    ),
    "patients_contact": ("Pour toute question", "For any question"),
    "patients_contact_1": (
        "{responsible}, téléphone {phone}. Délégué à la protection des données~: {dpo}.",
        "{responsible}, telephone {phone}. Data protection officer: {dpo}.",
    ),
    "register_title": ("Registre des violations de données~: entrée", "Breach register: entry"),
    "register_note": (
        "À garder au cabinet, même si personne d'autre n'est prévenu (RGPD, art. 33, paragraphe 5, à vérifier). Le récapitulatif de la déclaration à la CNIL peut servir d'entrée.",
        "To be kept in the practice, even if nobody else is told (GDPR, art. 33(5), to be verified). The summary of the notice to the CNIL may serve as the entry.",
    ),
    "register_facts": ("Faits", "Facts"),
    "register_effects": ("Effets", "Effects"),
    "register_measures": ("Mesures", "Measures"),
    "register_number": ("N° d'entrée au registre", "Number of the entry"),
    "register_by": ("Entrée écrite par, le", "Entry written by, on"),
    "register_why_not": ("Si la CNIL ou les personnes n'ont pas été prévenues~: pourquoi", "If the CNIL or the persons were not told: why"),
}
"""As `dossier_words.TABLE`."""
