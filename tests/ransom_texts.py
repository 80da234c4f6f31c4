"""Ransom notes and texts that only look like them, all written for these tests: no word of them is a real gang's."""

from __future__ import annotations

ONION = "http://lockbitapt2yfbt7lchxejug47kmqvqqxvvjpqkmevv4l3azl3gy6pyd.onion/"  # the form; its checksum holds
MAIL = "helpdesk.example@mailbox.example"

NOTES = {
    "en": f"""Hello. If you read this, your network was attacked by us.
All your files, databases and backups have been encrypted with a strong algorithm. We also downloaded 40 GB of your
patients' personal data. If you do not pay, the data will be published on our blog.
Only we have the private key. To recover your files write to {MAIL} and give your personal ID: 7F3A99C1D2
You can send us two small files and we will decrypt them for free as a proof.
Do not rename the encrypted files and do not use third-party software: you may lose them forever. Do not call the police.
You have 72 hours to contact us, then the price will be doubled.""",
    "fr": f"""Bonjour,
Tous les fichiers de votre cabinet ont été chiffrés. Vos sauvegardes ont été effacées et nous avons copié les dossiers
de vos patients. Sans réponse de votre part, ces données seront publiées.
Pour récupérer vos fichiers, il faut acheter notre outil de déchiffrement. Le paiement se fait en bitcoins.
Écrivez-nous à l'adresse {MAIL} en indiquant votre identifiant personnel : 4471-AB-99
Nous déchiffrerons deux fichiers gratuitement, à titre de preuve.
Ne renommez pas les fichiers, n'utilisez aucun logiciel tiers, ne prévenez pas la police.
Vous avez 72 heures pour payer, ensuite le prix doublera.""",
    "fr_short": f"""Vos documents ont été cryptés. Contactez-nous pour les récupérer : {MAIL}
N'essayez pas de les déchiffrer vous-même.""",
    "de": f"""Achtung! Alle Ihre Dateien wurden verschlüsselt und vertrauliche Daten wurden kopiert.
Um Ihre Dateien wiederherzustellen, müssen Sie unseren Entschlüsseler kaufen. Zahlen Sie in Bitcoin.
Schreiben Sie uns an {MAIL} und nennen Sie Ihre persönliche ID 99-AC-17.
Benennen Sie die Dateien nicht um und verwenden Sie keine Software von Drittanbietern, sonst sind sie für immer verloren.
Wenn Sie nicht zahlen, werden Ihre Daten veröffentlicht.""",
    "es": f"""Todos sus archivos han sido cifrados y hemos descargado sus datos confidenciales.
Para recuperar sus archivos debe pagar un rescate en bitcoins y recibirá la clave de descifrado.
Escriba a {MAIL} con su identificador personal: 88A1-22
No cambie el nombre de los archivos ni utilice software de terceros: los perderá para siempre.
Si no paga, sus datos serán publicados.""",
    "it": f"""Tutti i vostri file sono stati crittografati. Abbiamo copiato i dati dei vostri clienti.
Per recuperare i file dovete acquistare la chiave di decrittazione e pagare in bitcoin.
Scriveteci a {MAIL} con il vostro codice personale 7781-ZX.
Non rinominare i file e non usare software di terze parti: i dati andranno persi per sempre.""",
    "pt": f"""Todos os seus arquivos foram criptografados e seus dados foram copiados.
Para recuperar seus arquivos você precisa comprar a chave de descriptografia. O pagamento é feito em bitcoin.
Entre em contato conosco: {MAIL} e envie o seu código pessoal 55-TT-01
Não renomeie os arquivos e não use software de terceiros, ou os dados serão perdidos para sempre.""",
    "nl": f"""Al uw bestanden zijn versleuteld en wij hebben uw gegevens gekopieerd.
Om uw bestanden terug te krijgen moet u losgeld betalen in bitcoin. U krijgt dan de sleutel.
Neem contact met ons op: {MAIL} en vermeld uw persoonlijke code 11-QQ.
Hernoem de bestanden niet en bel de politie niet, anders worden uw gegevens gepubliceerd.""",
    "ru": f"""Все ваши файлы зашифрованы, а данные вашей компании скачаны.
Чтобы восстановить файлы, нужно купить дешифратор. Оплата принимается в биткоинах.
Напишите нам на почту {MAIL} и укажите ваш личный идентификатор 17-FF-20.
Не переименовывайте файлы и не используйте сторонние программы: данные будут потеряны навсегда.""",
    "zh": f"""您的所有重要文件已经被加密,公司的数据也已被我们下载。
如需恢复文件,请购买解密工具,使用比特币支付。
请发送邮件到 {MAIL} 联系我们,并附上您的个人ID: 77-AB-19
请勿重命名文件,不要使用第三方软件,否则数据将永久丢失。""",
    "vi": f"""Tất cả tệp của bạn đã bị mã hóa. Chúng tôi đã tải xuống dữ liệu của công ty.
Để khôi phục tệp, bạn phải mua phần mềm giải mã và thanh toán bằng bitcoin.
Hãy liên hệ với chúng tôi qua email {MAIL} và gửi ID của bạn.
Không đổi tên tệp, không sử dụng phần mềm khác: dữ liệu sẽ bị mất vĩnh viễn.""",
    "tor": f"""What happened? Your servers are encrypted and your data is stolen.
Install Tor Browser and open our chat {ONION} with your ID.
What guarantees? It is just business, we only want money. After payment you get the decryptor.""",
}

ORDINARY = {
    "advice_en": """What to do after a ransomware attack
Ransomware encrypts your files and the attackers demand a payment, usually in bitcoin. Do not pay the ransom: there is no
guarantee that you will recover your files. Unplug the network cable and do not turn off the computer. Contact the police
and your insurer. Keep the ransom note and some encrypted files; a free decryptor may exist. The victims should also ask
their IT provider whether backups are intact and change every password. Report the incident to the data protection
authority within 72 hours if personal data were stolen. Threat actors often publish data on a leak site.""",
    "advice_fr": """Que faire en cas de rançongiciel ?
Un rançongiciel est un programme malveillant qui chiffre les fichiers et demande une rançon, souvent en bitcoins.
Ne payez pas la rançon : rien ne garantit que vous pourrez récupérer vos données. Débranchez le câble réseau et n'éteignez
pas l'ordinateur. Prévenez votre prestataire informatique, déposez plainte auprès de la police ou de la gendarmerie et
appelez le 17Cyber. Si des données personnelles ont été volées, la CNIL doit être informée sous 72 heures. Conservez la
demande de rançon et quelques fichiers chiffrés : un outil de déchiffrement gratuit existe peut-être.""",
    "gpg": """To decrypt a file, type gpg --decrypt file.gpg and enter your passphrase. The private key never leaves your
keyring. If you lose the private key, your files are encrypted for good and nobody can decrypt them: keep a backup of it.
You can write to the mailing list gnupg-users@gnupg.org if you need help. Do not send your secret key to anybody.""",
    "wallet": """Electrum is a Bitcoin wallet. To send bitcoins, paste the address, enter the amount and press Pay. Your
wallet file is encrypted with your password. Write down the seed and do not share it: whoever has it can take your money.
The payment will be confirmed within one hour. See https://electrum.org/ for documentation.""",
    "backup": """Your backups are encrypted with AES-256. To restore your files, open the application, choose a snapshot and
click Restore. Contact us at support@backup.example if a file was deleted. Files older than 30 days are removed.""",
    "mail": """Bonjour Docteur, vos fichiers de facturation ont été transmis à la CPAM. Merci de nous contacter par mail à
secretariat@cabinet.example si le paiement n'est pas arrivé sous 15 jours. Bien cordialement, le secrétariat.""",
    "tor": f"""Our mirror is also an onion service: {ONION} . Download and install Tor Browser to visit it. Please write to
webmaster@site.example when the mirror is out of date.""",
    "empty": "",
}

SHORT_NOTES = {
    "fr, present": f"Tous vos fichiers sont cryptés. Écrivez à {MAIL} pour les récupérer. Prix 900 €.",
    "fr, tu": "salut, on a tout chiffré chez toi. si tu veux revoir tes dossiers faut payer. telegram @example_nobody",
    "fr, a verb left out": f"Vos sauvegardes ont été effacées et vos serveurs chiffrés. Pour négocier : {MAIL}",
    "fr, compensation": f"Vos données ne sont plus accessibles. Nous les restaurons contre une compensation : {MAIL}",
    "fr, if you don't pay": f"Vos fichiers ont été bloqués. Si vous ne payez pas, ils seront publiés. Contact : {MAIL}",
    "en, polite": f"""Dear management, a security audit of your company ended badly. Our team now holds copies of your patient
records, and the servers you rely on have been locked. You cover our fee, we hand over the tool and wipe our copies. If we
hear nothing by Friday the first 10 GB go public. Tor only: {ONION}""",
    "en, where to write": f"All of your files are encrypted. To decrypt them, write to {MAIL}. No answer in 24 h? {MAIL}",
    "en, the authority": f"""Your company network was hacked: servers and backups encrypted, 40 GB uploaded to our storage. The
first to be told are your data protection authority and two newspapers. Contact {MAIL}. The price rises by 20% if you hire
an incident response firm.""",
    "en, vouchers": f"""This computer is locked and its files are encrypted. Buy two Steam gift cards of 100 and send the
codes to {MAIL} with your number 4471902.""",
    "en, to the journalists": "We encrypted your servers and took your data. Stay silent and the journalists will have it on "
    "Monday. Contact nettle@gmail.com.",
    "fr, to the journalists": "Vos fichiers sont chiffrés et vos données copiées. Sans réponse sous 72 heures, tout sera envoyé "
    "à nos journalistes et à la CNIL. Contact : nettle@gmail.com. Paiement en bitcoin.",
    "en, a fee": "Your files are encrypted. Send 0.1 BTC to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq, the network fee is "
    "yours. Then write to nettle@gmail.com and receive the key.",
    "fr, no laboratory": "Vos fichiers sont chiffrés. Ne croyez pas qu'une salle blanche vous aide. Payez 500 euros en bitcoin. "
    "nettle@gmail.com",
    "fr, a fine": """CET ORDINATEUR EST BLOQUÉ. Police des réseaux. Contenus interdits relevés à votre adresse. Vous devez régler
une amende de 150 € dans les 48 heures, par coupons Neosurf ou PCS : grattez, puis saisissez les codes ci-dessous.""",
    "fr, vouchers": f"""Votre ordinateur est bloqué, vos fichiers sont chiffrés. Achetez trois cartes prépayées PCS de 150 euros
et envoyez les codes à {MAIL}.""",
}
"""Notes of few words, or of polite ones."""

LETTERS = {
    "an archive": f"""Your records are in our custody. To retrieve them, write to {MAIL}. Records not collected will be destroyed
permanently after 30 days. Price of the access code: 40 EUR.""",
    "a locked disk": f"""Dear Doctor, after the update your disk has been locked by BitLocker. To unlock it contact {MAIL} with the
key ID. Do not reinstall Windows or your files will be lost.""",
    "a backup's provider": f"""Your backups have been encrypted with AES-256 and moved to our cloud. To restore them write to {MAIL}.
Keep the agent running, do not rename the files.""",
    "an unpaid bill": f"""Votre site a été suspendu et vos données sont bloquées suite à un défaut de paiement. Si vous ne payez pas
sous 72 heures, vos données seront supprimées définitivement. Contactez-nous à {MAIL}.""",
    "a quote": f"""Your disk has been analysed. Your files are inaccessible. To recover your data, contact {MAIL}. Price 850 EUR,
payable after recovery. Do not try to repair the disk, your data may be lost forever. We recover 3 files for free as proof.""",
}
"""Letters that say what notes say, and name an ordinary mailbox: if one is called a note, then never with confidence."""

PAPERS = {
    "an absence": "Bonjour docteur, je suis indisponible jeudi matin pour mon rendez-vous, avez-vous une place vendredi ? Je "
    "joins le règlement. Josette, j.durand@aol.com",
    "an illegible prescription": "Bonjour, l'ordonnance de Mme Durand est illisible, merci de la renvoyer avant samedi, elle "
    "part en pays basque. Pharmacie du Pont, pharmaciedupont@aol.com",
    "a data protection notice": "Conformément au règlement général sur la protection des données, vos données sont chiffrées "
    "et supprimées au bout de vingt ans. Délégué à la protection des données : dpo.cabinet@proton.me",
    "a farewell lunch": "Pot de départ de Sylvie jeudi midi : plats à emporter, participation 10 euros. Inscriptions avant "
    "mercredi : sylvie.pot@protonmail.com",
    "a night's duty": "Garde du samedi matin : salle indisponible, tarif habituel. Telegram @garde_mg",
    "an update of the diary": "Votre agenda est indisponible lundi matin pendant une mise à jour, deux heures. Rien n'est "
    "perdu. Une question : chat Telegram @agenda_aide",
    "a family's chat": "Notre Tox de famille, rendez-vous dimanche matin : "
    "CA5BB1012C26795129ADE96DCECAADB8BC29E98E8976AF9E753A5ABB15CA4F519EAD4BFE4CC9",
    "a thing for sale": "À vendre : échographe portatif, peu servi, prix 4500 euros, à emporter avant fin du mois. drvial@aol.com",
    "a fine": "Avis de contravention : vous devez régler une amende de 135 euros dans les 45 jours. Passé ce délai l'amende "
    "sera majorée. Contact : antai@service.example",
    "a tobacconist": "Tabac-presse du Marché. Timbres fiscaux, recharge PCS, coupons Neosurf. Écrivez-nous : "
    "tabac.marche@orange.example. Votre commande de vignettes est arrivée.",
    "a works council": "CE : achetez vos cartes cadeaux à tarif réduit, puis entrez les codes sur le site. Contact : "
    "ce@clinique.example",
    "a host's last bill": f"""Your servers were suspended and your data is locked, since we were unable to charge your card. If
the outstanding invoice is not paid in 72 hours, all volumes and backups will be deleted and we cannot recover your files.
Pay by card or bitcoin. Questions: {MAIL}""",
    "an exchange's mail": f"""You requested a withdrawal of 0.2 BTC. Network fee: 0.0001 BTC. Somebody claims that your files were
encrypted, or that your computer was hacked, and demands bitcoin? Contact {MAIL} at once.""",
    "a newspaper": """Three weeks after the ransomware attack that encrypted all servers of the clinic, nurses are back at their screens. "We have
downloaded your patients' data," the gang wrote, "install Tor Browser and pay." The clinic did not pay the 40 bitcoin. Part
of the data was published on a leak site, a spokeswoman said on Tuesday.""",
    "un journal": """Les pirates avaient chiffré tous les serveurs de l'hôpital et volé les données des patients. « Payez la
rançon en bitcoins, sinon vos données seront publiées », disait leur message. L'établissement n'a rien payé, a déclaré à la
presse la directrice. Selon le parquet, une enquête est ouverte.""",
    "an invitation": f""""Your files are encrypted, contact us, pay in bitcoin." Your whole office reads it on a Monday. What
now? Our free webinar shows how gangs negotiate and what a decryptor is worth. Questions: {MAIL}""",
    "a policy": """Cyber extortion means a credible threat with a demand for payment, to encrypt or delete your data or to
publish confidential information. We pay the reasonable cost of obtaining a decryption key and of a negotiator. Condition:
you notify us within 72 hours and inform the police. Data that cannot be restored are insured up to the sum above.""",
    "a backup's manual": f"""HOW TO RESTORE YOUR FILES: enter repository and passphrase, choose the files. All archives are
encrypted with AES-256. We do not have a copy of the key: if you lose the passphrase your data cannot be recovered by
anyone. Do not rename or modify the files of the repository, this may lead to permanent data loss. Contact: {MAIL}""",
    "a key's manual": f"""Your files are encrypted with AES-256. Without the private key there is no way to decrypt them. Back up
the private key and the revocation certificate. Report bugs: {MAIL}""",
    "a free tool": """Free decryption tool, how to use it: one encrypted file and its original are needed, then it restores
the key. Contact us through the form if decryption fails. Larger files may be damaged for good.""",
    "invoice": f"""Madame, Monsieur, sauf erreur de notre part, votre facture n° 2026-114 d'un montant de 350 euros reste
impayée. Nous vous demandons de payer cette somme sous 72 heures. Passé ce délai, votre dossier sera transmis à un
huissier. Contactez-nous : {MAIL}. Après le paiement, vos accès seront restaurés.""",
    "a term of payment": f"Bonjour, merci de régler 49 euros sous 10 jours. Pour nous joindre, écrivez-nous à {MAIL}.",
    "a program's manual": f"""Vos fichiers sont chiffrés avec AES-256 dans le coffre. Pour récupérer vos données après une
panne, contactez le support : {MAIL}. Conservez votre clé de restauration : sans elle, vos fichiers ne pourront pas être
déchiffrés. Ne renommez pas les fichiers et ne modifiez pas le dossier.""",
    "a portal": f"""Votre rendez-vous est confirmé. Vos documents médicaux sont chiffrés de bout en bout. Si vous perdez votre
mot de passe, vos documents seront définitivement perdus. Contactez {MAIL}.""",
    "the IT provider's advice": f"""Bonjour Docteur, vos données ont été chiffrées par un virus. Les pirates demandent 5000 euros
en bitcoin et menacent de publier vos données. Ne les contactez pas, ne payez pas. Envoyez-nous deux fichiers chiffrés à
{MAIL}, nous regarderons si un outil de déchiffrement existe. N'utilisez pas d'outil tiers, ne modifiez rien.""",
    "an alert": f"""ALERTE : Ransom.Example détecté. Vos fichiers sont peut-être chiffrés. Ne payez pas. Contactez votre
administrateur {MAIL} pour récupérer vos fichiers.""",
    "a complaint": f"""Monsieur le Procureur, j'ai l'honneur de porter plainte contre X : le 23 novembre, tous les fichiers de mon
cabinet ont été chiffrés. Les auteurs réclament une rançon de 3 000 euros en bitcoin sous 72 heures, sous peine de
publication des données de mes patients. Ils demandent d'écrire à {MAIL}.""",
    "what a secretary wrote down": f"""Lundi 8h05 : l'écran disait que tous nos fichiers sont chiffrés et qu'il faut payer 3000
euros en bitcoins et écrire à {MAIL} avant 72h, sinon ils publient les dossiers. J'ai débranché le câble.""",
    "a lesson": "Exemple de message : « Tous vos fichiers ont été chiffrés. Pour les récupérer, payez 0,5 bitcoin. »",
    "a leaflet": """<html><h1>Ransomware: what to do</h1><p>All your files have been encrypted and the attackers demand payment in
Bitcoin within 72 hours? They may threaten to publish your data. Do not pay. Do not turn off the computer. Report to the
police. There is no guarantee that you will get the decryption key.</p></html>""",
    "an archive for a patient": f"""Vos radios sont dans l'archive chiffrée jointe. Vos fichiers sont chiffrés. Pour obtenir le mot
de passe, écrivez à {MAIL}.""",
}
"""What lies about in a practice and speaks of encryption, payment or an attack."""

FOREIGN = {
    "ar": "تم تشفير جميع ملفاتك وبياناتك. ادفع بعملة بيتكوين خلال ثلاثة أيام وإلا سيتم نشر كل شيء. المفتاح لدينا: nettle@tuta.io",
    "ro": "Toate fișierele dvs. au fost criptate. Plătiți în bitcoin în 3 zile, altfel datele vor fi publicate. nettle@tuta.io",
    "sv": "Alla dina filer är krypterade. Betala i bitcoin inom tre dagar, annars raderas nyckeln. Skriv: nettle@tuta.io",
    "uk": "Усі ваші файли зашифровано. Сплатіть у біткоїнах за три дні, інакше все буде опубліковано. Ключ: nettle@tuta.io",
    "cs": "Všechny vaše soubory jsou zašifrovány. Zaplaťte v bitcoinech do 72 hodin, jinak klíč smažeme. nettle@tuta.io",
    "hu": "Minden fájlja titkosítva van. Fizessen bitcoinban három napon belül, különben töröljük a kulcsot. nettle@tuta.io",
    "fi": "Kaikki tiedostosi on salattu. Maksa bitcoineina kolmen päivän kuluessa tai avain poistetaan. nettle@tuta.io",
    "id": "Semua berkas anda dienkripsi. Bayar dengan bitcoin dalam 3 hari atau kunci dihapus. nettle@tuta.io",
}
"""Notes in languages for which there is no rule, only words around an address."""

POLISH = (
    "Państwa pliki zostały zaszyfrowane i skopiowane. Opłata tylko w bitcoinach, po pięciu dniach rośnie. Bez klucza "
    "nikt ich nie odzyska. Numer sprawy 3F5E-07126. nettle@tuta.io"
)
TURKISH = (
    "Dosyalarınız şifrelendi ve kopyalandı. Ödeme bitcoin ile, üç gün içinde, yoksa yayınlanır. Anahtar bizde, çözüm "
    "için yazın: nettle@tuta.io"
)
"""Short notes in languages whose letters Western code pages lack."""
