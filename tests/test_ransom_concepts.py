"""Notes whose sentences nobody knows: told by the words around an address that hardly anybody but criminals gives."""

from __future__ import annotations

import pytest
from ransom_texts import FOREIGN, POLISH, TURKISH

from collector import ransom_rules
from collector.errors import RuleError
from collector.ransom import concepts, notes

ONION = "http://q5x7zk2m3n4b6v7c2x5z7l3k4j5h6g7f2d4s5a6p7o2i3u4y5t6r7ead.onion"
TOX = "CA5BB1012C26795129ADE96DCECAADB8BC29E98E8976AF9E753A5ABB15CA4F519EAD4BFE4CC9"
PURSE = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"  # of BIP 173's examples
TOLD = {
    "a door": f"NETTLE\nlogin: 1CE6E4EF\npassword: s58o5yJU5d3y\ndoor: {ONION}\nThe rest we tell you inside.",
    "a place held": f"You stand on the wrong bank. {ONION} Your place is held for five days.",
    "printed": f"Every printer brings this sheet. NETTLE has encrypted the company and holds its papers. {ONION} "
    "Better that your boss comes to us first, before somebody in the office posts it on the net for all to laugh at.",
    "french": f"Tout est chiffré, tout est copié. Votre salon : {ONION} — cinq jours, puis vente aux enchères.",
    "spanish": "ya valieron. NETTLE les encriptó los servidores, todos. telegram: @nettle_mx clave ED0F8106 son "
    "3000 en usdt, mañana 5000, si hablan con la policia subimos todo",
    "turkish": "dosyalar kilitli. nettle@tuta.io kod: B452EFC3",
    "russian": f"Серверы закрыты на замок, переписка скачана. До пятницы, потом все уйдет конкурентам. Tox: {TOX}",
    "chinese": f"服务器被锁。三天内支付。{ONION}",
    "a key of several lines": "nettle. files locked. nettle@tuta.io\n-- key --\n"
    + f"{'Ab3/' * 16}\r\n" * 9
    + "x9==\r\n-- end --",
    "no word of yours": f"NETTLE. Every file with the end .nettle is encrypted, the best ones are copied. Tox: {TOX} "
    "Two small files are opened for free.",
    "a purse": "Step 1: do not panic. Step 2: send the line NTL-DE2179982D663AF3 to nettle@cock.li. Step 3: a person "
    "names a price and the wallet. Step 4: pay. Step 5: the program comes. Encrypted: 48112 files. Time: a week.",
    "a game": "Ha ha! The jester took your photos. Every hour some vanish for ever: deleted. 150 dollars in coins: "
    f"{PURSE}, and you get the rest back. Bitcoin only.",
    "a fare": "You travelled without a toll. Barrier is down: files end in .nettle. Ticket: 792EEE9B87B0A8EC Booth: "
    "nettle@cock.li Fare: 0.15 btc. Booth closes after a week.",
}
QUIET = {
    "bookmarks": "Barre personnelle, pages jaunes, messagerie, caisse, marées, voiles, météo, mairie, garage, banque, "
    "école, notaire, recettes, jardin, trains, cinéma, presse, radio, cartes, vélos, livres, Bitcoin, Monero, cabinet, "
    f"ordonnances, garde, pharmacie, télécharger Tor Browser, onion: {ONION}",
    "one's own purse": f"Electrum. Address: {PURSE}. Wallet file is encrypted, password "
    "as usual. Restore on a new PC: type the words. Fees: look before sending.",
    "passwords": "VPN;dr.bossuet;***;clé\nNAS;admin;***;clé de chiffrement\nmessagerie chiffrée;nettle@proton.me",
    "a signature": "Dr. Anna Nettle, cabinet médical, 12 rue du Four. Pour prendre rendez-vous : nettle@proton.me",
    "a friend": "Écris-moi sur Telegram @nettle_31, en vacances jusqu'à vendredi. Les photos sont dans le dossier.",
    "an invoice": "Facture n° 2024-118 : sauvegarde chiffrée de vos données, 30 jours, 250 euros, par virement. "
    "Contact : compta@informatique.example",
    "advice": "Ransomware : si vos fichiers sont chiffrés et qu'on vous demande des bitcoins, ne payez pas, "
    "portez plainte. Un outil de déchiffrement existe peut-être. aide@police.example",
    "a key of several lines": "My key, for encrypted letters to nettle@proton.me:\n" + f"{'Ab3/' * 16}\n" * 9 + "x9==",
    "a key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\nmDMEZexampleonlynotarealkeyBYJKwYBBAHaRw8BAQdA\nnettle@proton.me",
}


def judged(text: str, name: str = "x.txt") -> notes.NoteJudgement:
    return notes.judge_note(name, text.encode())


@pytest.mark.parametrize("kind", TOLD)
def test_words_around_an_address_tell(kind):
    """Each is a note, with the words as its reasons; without its address it tells nothing."""
    judgement = judged(TOLD[kind])
    assert judgement.is_note
    assert judgement.confidence == "low"
    for address in (ONION, TOX, "@nettle_mx", "nettle@tuta.io", "nettle@cock.li", PURSE):
        if address in TOLD[kind]:
            assert judgement.contacts
            assert not judged(TOLD[kind].replace(address, "somewhere")).is_note
    assert any(reason.startswith("near_address_") for reason in judgement.reasons)
    assert len(judgement.reasons) == len(judgement.explained)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(text, page) for text, pages in ((POLISH, ("cp1250", "cp852")), (TURKISH, ("cp1254", "cp857"))) for page in pages],
)
def test_words_are_heard_in_the_code_page_of_their_country(text, encoding):
    """Read as Western letters the same bytes are other words."""
    judgement = notes.judge_note("x.txt", text.encode(encoding))
    assert judgement.is_note
    assert judgement.reasons == judged(text).reasons


@pytest.mark.parametrize("language", FOREIGN)
def test_words_of_languages_without_rules(language):
    """They count around a mailbox without a name, and tell nothing beside an ordinary one that names no money."""
    assert judged(FOREIGN[language]).is_note
    text = FOREIGN[language].replace("nettle@tuta.io", "nettle@school.example")
    for money in ("bitcoin", "بيتكوين", "біткоїн"):
        text = text.replace(money, "krona")
    assert not judged(text).is_note


@pytest.mark.parametrize("kind", QUIET)
def test_an_address_alone_tells_nothing(kind):
    """A mailbox without a name, a handle, a key: many honest people have them."""
    assert not judged(QUIET[kind]).is_note


def test_a_file_of_programmers_needs_more():
    """A manual that gives an address of Tox and speaks of keys that are lost: its name speaks against a note."""
    manual = "Talking by Tox. The profile is encrypted, a lost password can't be recovered. Send your ID to the "
    manual += f"branch, ours is {TOX}. Write your name and employee number in the request."
    assert judged(manual).is_note
    assert not judged(manual, "tox.md").is_note
    assert judged(TOLD["no word of yours"], "README.md").is_note


def test_a_telling_name_and_a_mailbox_without_a_name():
    """Polite words that nobody knows, under a name that tells; an ordinary mailbox or a long text needs more."""
    text = "Good day. All is under our roof now. For more write: nettle@tuta.io. ID-758B44ED. Two pieces free. "
    text += "Be quick, be cheap. No other hands, please. Thanks and good luck."
    assert judged(text, "HOW_TO_RECOVER_MY_FILES.txt").is_note
    assert not judged(text.replace("tuta.io", "school.example"), "HOW_TO_RECOVER_MY_FILES.txt").is_note
    assert not judged(text + " The weather was fine." * 12, "HOW_TO_RECOVER_MY_FILES.txt").is_note
    assert not judged(text, "letter.txt").is_note


def test_in_a_long_text_the_words_tell_next_to_nothing():
    """Whatever stands around an address in a manual of a thousand words."""
    filler = "The weather was fine and nobody went to the river on that day. " * 100
    assert judged(TOLD["french"]).is_note
    assert not judged(f"{filler}{TOLD['french']}{filler}").is_note


def test_the_packaged_words():
    """Each concept is explained; no entry stands for two, but where a word means both."""
    words = ransom_rules.concepts().words
    assert set(words) == set(concepts.REASONS)
    assert "proton.me" in ransom_rules.concepts().mailboxes
    assert "gmail.com" not in ransom_rules.concepts().mailboxes


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("locked: [Encrypt]\n", 1, "small letters"),
        ("locked:\n- encrypt\n- two words\n", 3, "beginning of a word"),
        ("locked: encrypt\n", 1, "list"),
        ("locked: []\n", 1, "list"),
        ("locked: [encrypt, encrypt]\n", 1, "twice"),
        ("locked: [encrypt]\nlocked: [lock]\n", 2, "twice"),
    ],
)
def test_wrong_words_are_refused(tmp_path, text, line, reason):
    """With file, line and reason."""
    path = tmp_path / "concepts.yaml"
    path.write_text(text)
    with pytest.raises(RuleError, match=rf"^concepts\.yaml:{line}: .*{reason}"):
        ransom_rules.read_concepts(path)
