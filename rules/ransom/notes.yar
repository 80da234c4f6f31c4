// What the words of a ransom note say: one rule, one thing that notes of this genre say, in as many ways as are known.
//
// The rules see no file but its words (collector/ransom/reading.py): small letters, no accents, no punctuation, no
// apostrophes, one space between words, and in place of a contact one of xemailx xonionx xurlx xtoxx xsessionx
// xtelegramx xwalletx xblobx. The first line is the name of the file after the word xname.
//
// language: that of the words, or any. A text is scored in the one language in which it says most.
// group: happened, threat, demand, recover, contact, warning, business, name, or about (a text about ransomware).
// weight: what it adds to the score, at most once; negative for `about`. reason: in plain words, as people read it.
//
// Written for the genre and measured by families kept apart (docs/RANSOM.md); none is there for one single note.

rule files_were_encrypted {
  meta:
    language = "en"
    group = "happened"
    weight = 4
    reason = "says that your files or systems have been encrypted"
  strings:
    $s0 = / (your|ur|you|all|entire|whole|every|important|our|hello|hi|unfortunately|sorry) (.{0,40} )?(files?|flies|fil[es]{2}|documents?|data|datas|databases?|photos|servers?|computers?|pcs?|network|systems?|machines?|workstations?|backups?|infrastructure|disks?|drives?|hosts?|nas|vms?|esxi|company|corporation|organi[sz]ation|environment|ecosystem|domain|information|devices?|images) .{0,40}(have|has|had|hav|was|were|got|been|just) .{0,24}(encrypted|encrypt|encypted|encripted|encryted|crypted|crypt|cryptted|locked|blocked|scrambled|ciphered|hijacked|taken hostage|held hostage|encoded|chiphered) /
    $s1 = / we (have |ve |had |also |just ){0,5}(.{0,20} )?(encrypted|encrypt|encypted|encripted|encryted|crypted|crypt|cryptted|locked|blocked|scrambled|ciphered|hijacked|taken hostage|held hostage|encoded|chiphered) /
    $s2 = / (have|has|had|was|were) (been )?(encrypted|encrypt|encypted|encripted|encryted|crypted|crypt|cryptted|locked|blocked|scrambled|ciphered|hijacked|taken hostage|held hostage|encoded|chiphered) (all|your|everything) /
    $s3 = / (encrypted|encrypt|encypted|encripted|encryted|crypted|crypt|cryptted|locked|blocked|scrambled|ciphered|hijacked|taken hostage|held hostage|encoded|chiphered) (all|every)? ?(of )?(your|ur) (files?|flies|fil[es]{2}|documents?|data|datas|databases?|photos|servers?|computers?|pcs?|network|systems?|machines?|workstations?|backups?|infrastructure|disks?|drives?|hosts?|nas|vms?|esxi|company|corporation|organi[sz]ation|environment|ecosystem|domain|information|devices?|images) /
    $s4 = / (has|have) (now |just )?(encrypted|crypted|locked|hacked|breached|seized|hijacked|infiltrated|compromised) (this|your|the whole|the entire|all of your) (.{0,20} )?(network|files|data|systems?|servers?|computers?|company|infrastructure|domain|machines?) /
  condition:
    any of them
}

rule things_were_encrypted {
  meta:
    language = "en"
    group = "happened"
    weight = 2
    reason = "says that files or systems have been encrypted"
  strings:
    $s0 = / (files?|flies|fil[es]{2}|documents?|data|datas|databases?|photos|servers?|computers?|pcs?|network|systems?|machines?|workstations?|backups?|infrastructure|disks?|drives?|hosts?|nas|vms?|esxi|company|corporation|organi[sz]ation|environment|ecosystem|domain|information|devices?|images) .{0,20}(have|has|had|hav|was|were|got|been|become|just|now) (.{0,16} )?(encrypted|encrypt|encypted|encripted|encryted|crypted|crypt|cryptted|locked|blocked|scrambled|ciphered|hijacked|taken hostage|held hostage|encoded|chiphered) /
    $s1 = / (contents?|files?|data|servers?|systems?|shares?|machines?) (.{0,30} )?(were|was|have been|has been|are) (.{0,20} )?(made|rendered) (.{0,16} )?(unavailable|inaccessible|unreadable|useless|unusable) /
  condition:
    any of them
}

rule files_are_encrypted {
  meta:
    language = "en"
    group = "happened"
    weight = 3
    reason = "says that your files or systems are encrypted"
  strings:
    $s0 = / (all|entire|whole|every) (.{0,24} )?(your|ur) (.{0,24} )?(files?|flies|fil[es]{2}|documents?|data|datas|databases?|photos|servers?|computers?|pcs?|network|systems?|machines?|workstations?|backups?|infrastructure|disks?|drives?|hosts?|nas|vms?|esxi|company|corporation|organi[sz]ation|environment|ecosystem|domain|information|devices?|images) (.{0,24} )?(are|is|r) (.{0,16} )?(encrypted|crypted|locked|blocked|inaccessible|unavailable|unreadable|hijacked|encoded) /
    $s1 = / (your|ur|you) (.{0,24} )?(all|important|computers?|servers?|network|company|systems?|critical|personal|pcs?|infrastructure) (.{0,30} )?(are|is|r) (.{0,16} )?(encrypted|crypted|locked|blocked|inaccessible|unavailable|unreadable|hijacked|encoded) /
    $s2 = / (oops|ooops|sorry|unfortunately|hello|hi|dear) (.{0,40} )?(your|all) (.{0,30} )?(files|data|network|server|system|pc|computer)s? (.{0,40} )?(encrypted|locked|hacked|crypted) /
    $s3 = / (encrypted|crypted|locked) (with|using|by) (.{0,20} )?(strong|strongest|military|unbreakable|powerful|very|most) /
    $s4 = / (what|why) (has )?(is |was )?happen(s|ed|d|end|ing)? (to|with) (my|your|our|you) /
    $s5 = / (files?|flies|fil[es]{2}|documents?|data|datas|databases?|photos|servers?|computers?|pcs?|network|systems?|machines?|workstations?|backups?|infrastructure|disks?|drives?|hosts?|nas|vms?|esxi|company|corporation|organi[sz]ation|environment|ecosystem|domain|information|devices?|images) (is|are|r) (now |all |already |currently |completely )?(stolen|hijacked|blocked|locked|encrypted|crypted) (and|but|with|by) (.{0,30} )?(stolen|encrypted|us|unavailable|currently|without|downloaded|leaked|our) /
  condition:
    any of them
}

rule your_files_encrypted {
  meta:
    language = "en"
    group = "happened"
    weight = 2
    reason = "says that your files are encrypted"
  strings:
    $s0 = / (your|ur|these|this) (.{0,24} )?(files?|flies|fil[es]{2}|documents?|data|datas|databases?|photos|servers?|computers?|pcs?|network|systems?|machines?|workstations?|backups?|infrastructure|disks?|drives?|hosts?|nas|vms?|esxi|company|corporation|organi[sz]ation|environment|ecosystem|domain|information|devices?|images) (.{0,24} )?(are|is|r) (.{0,16} )?(encrypted|crypted|locked|blocked|inaccessible|unavailable|unreadable|hijacked|encoded) /
    $s1 = / what (.{0,4} )?happen(s|ed|d|end|ing)? /
    $s2 = / (unreadable|inaccessible|useless|closed) to you (and|but|now|until|unless|readable) /
  condition:
    any of them
}

rule by_us {
  meta:
    language = "en"
    group = "happened"
    weight = 4
    reason = "says that its authors broke in or encrypted"
  strings:
    $s0 = / we (have |ve |had )?(.{0,20} )?(encrypted|hacked|hack|locked|penetrated|breached|infiltrated|compromised|attacked|infected|gained access|got access|broke into|broken into|crypted|exfiltrated|successfully|succesfully) (.{0,30} )?(your|you|all|network|files|data|corporate|company|everything|important) /
    $s1 = / (encrypted|hacked|attacked|penetrated|breached|compromised|locked) (.{0,10} )?by (us|our|me|the [a-z0-9]{2,20} (team|group|ransomware|gang|locker)|[a-z0-9]{2,20} (ransomware|ransom|group|team|gang|locker)|a (hacker|group|virus)|hackers?) /
    $s2 = / (you|your (.{0,20} )?(company|network|systems?|servers?|computers?|pc|infrastructure|organi[sz]ation|ecosystem|environment|domain|business|website)) (.{0,16} )?(have|has|been|were|was|are|got|is) (.{0,16} )?(hacked|attacked|penetrated|breached|infected by|compromised|pwned|under attack) /
    $s3 = / (security|network|it|corporate) perimeter (has|was|been|is) .{0,16}(breached|compromised|hacked) /
    $s4 = / you (have )?(became|become|are|been|re) (a |the |our |next ){0,5}(victim|target|client) (of|to) /
    $s5 = / (u|you) (got|have been|are|were|been) (pwned|owned|hacked) /
  condition:
    any of them
}

rule data_were_stolen {
  meta:
    language = "en"
    group = "happened"
    weight = 4
    reason = "says that data were stolen"
  strings:
    $s0 = / we (have |ve |had |also |already ){0,5}(.{0,20} )?(downloaded|stolen|stole|steal|exfiltrated|copied|uploaded|extracted|exported|took|taken|obtained|collected|dumped|leaked) (.{0,40} )?(your|you|all|gb|tb|confidential|sensitive|critical|private|important|personal|internal|valuable) (.{0,40} )?(data|files|documents|information|databases?|info) /
    $s1 = / (data|files|information|documents|databases|date|info) (.{0,60} )?(have|has|had|was|were|been|are|is|got) (.{0,30} )?(stolen|exfiltrated|downloaded|leaked|uploaded|copied to|extracted|stollen|in our (hands|possession)) /
    $s2 = / (stolen|stole|exfiltrated|downloaded|leaked|copied|extracted) (.{0,20} )?(and|&) (.{0,10} )?encrypted /
    $s3 = / (downloaded|exfiltrated|stolen|leaked|stole|uploaded|extracted) (.{0,30} )?(your|confidential|sensitive|personal|private|critical|compromising|important|internal) (.{0,30} )?(data|files|documents|information) /
    $s4 = / (gb|tb|gigabytes|terabytes?) of (.{0,20} )?(your|data|confidential|sensitive|private|personal|critical) /
    $s5 = / (we|our team|us) (now |also |currently |already ){0,3}(hold|holds|have|has|keep|keeps|possess) (.{0,10} )?cop(y|ies) of (.{0,10} )?(your|all) /
    $s6 = / we (have |ve |had |also |already |now |currently |still ){0,5}(got|hold|have) (.{0,40} )?(your|you|all|gb|tb|confidential|sensitive|critical|private|important|personal|internal|valuable) (.{0,40} )?(data|files|documents|information|databases?|info) /
    $s7 = / cop(y|ies) (.{0,30} )?in our (hands|custody|possession) /
    $s8 = / [0-9]{1,5} (gb|tb|gigabytes?|terabytes?) (.{0,24} )?(uploaded|downloaded|copied|transferred|moved|stored) (to|on|in|into|at) our /
  condition:
    any of them
}

rule backups_gone {
  meta:
    language = "en"
    group = "happened"
    weight = 2
    reason = "says that backups or shadow copies are gone"
  strings:
    $s0 = / (backups?|shadow copies|snapshots) (.{0,24} )?(were|was|are|have been|has been|also) (.{0,24} )?(deleted|removed|formatted|wiped|destroyed|erased|unavailable) /
    $s1 = / (deleted|removed|wiped|destroyed|erased) (.{0,24} )?(backups|shadow copies) /
  condition:
    any of them
}

rule strong_cipher {
  meta:
    language = "en"
    group = "happened"
    weight = 1
    reason = "names the cipher and says that it can't be broken"
  strings:
    $s0 = / (rsa|aes|chacha20|salsa20|curve25519|ecc|elliptic curve|ecdh|military grade|strong|strongest|unbreakable) (.{0,20} )?(encryption|algorithm|algorythm|algoritm|cryptography|cipher|key) /
    $s1 = / (rsa ?(1024|2048|4096)|aes ?(128|256)) /
  condition:
    any of them
}

rule will_publish {
  meta:
    language = "en"
    group = "threat"
    weight = 4
    reason = "threatens to publish or sell data"
  strings:
    $s0 = / (your|all|the|stolen|this|confidential|sensitive|collected|downloaded|its|private|personal|these|critical|exfiltrated|some|such|we|it|they) (.{0,30} )?(data|files|documents|information|info|databases|it|everything|part|we|leak)? ?(will|would|going to|ll|shall|gonna|to|can|start|may|ready) (be )?(.{0,16} )?(publish|published|publsh|publicly|leak|leaked|sold|disclosed|posted|released|made public|auctioned|publicated|made available|in public|public access|exposed|spread|disclose) (.{0,40} )?(data|files|documents|information|tor|darknet|dark ?web|dark ?net|blog|media|site|website|internet|public|leak|online|everyone|competitors|third part[a-z]{0,12}|journalists|forums?|market|free|if|unless|in case|xonionx|xurlx|after|soon|any|within|step|and|to|you) /
    $s1 = / (publish|leak|sell|disclose|publication|disclosure|leakage|publishing|leaking|share|selling|spread|auction) (.{0,10} )?(of )?(all |any |to )?(of )?(your|the stolen|stolen|sensitive|confidential|the leaked|leaked|all the|your company) (.{0,30} )?(data|files|documents|information|internet|media|competitors|info|databases|secrets) /
    $s2 = / (avoid|prevent|stop) (.{0,20} )?(data )?(leak|leaks|leakage|publication|disclosure|publishing|leaking|disclosing|exposure|data breach|(from )?being (leaked|published)) /
    $s3 = / (leak site|leaks? blog|our (news )?blog|our news site|wall of shame|darknet (site|blog|market)s?|leaked data|data leaks? (site|portals?)|leak portal|name and shame|our leak) /
    $s4 = / (your|to) (competitors|clients|customers|partners|employees|journalists|media|regulators|shareholders) (.{0,40} )?(data|leak|know|inform|informed|notif|published|about|sold|contact|journalists|media|competitors|clients)[a-z]{0,6} /
    $s5 = / (gb|tb|files|data|documents|records|part|it|everything|they) (.{0,12} )?(go|goes|going|gone|went) public /
    $s6 = / (no longer|unreadable to you and) readable (by|to) (us|anyone|everyone) /
    $s7 = / (documents|data|files|records|everything|them|it|they|names?|passports?|contracts) (.{0,30} )?(put|placed|posted|dumped|appear|land|end up|thrown) (out )?(on|in|onto) (the |a |our )?(internet|web|dark ?net|dark ?web|blog|open|public|forums?) /
    $s8 = / (offer|offered|sell|sold|pass|passed|hand|handed|give|given|transfer|transferred) (.{0,40} )?to (the |your |our |any |other |all ){0,3}(interested (parties|people|persons|buyers)|competitors?|third parties|rivals|highest bidder|brokers|other (groups|hackers|criminals)) /
  condition:
    any of them
}

rule will_be_lost {
  meta:
    language = "en"
    group = "threat"
    weight = 3
    reason = "threatens that files or their key will be lost"
  strings:
    $s0 = / (files?|data|keys?|everything|it|them|they|documents|information) (.{0,30} )?(lost|deleted|destroyed|gone|erased|unrecoverable|removed|unreachable|wiped|disappear) (for ?ever|permanently|completely|forewer) /
    $s1 = / (your|all) (.{0,20} )?(files?|data|documents) (.{0,20} )?(permanently|forever|irreversibly|irretrievably) (lost|deleted|destroyed|erased|damaged|locked|corrupted|inaccessible) /
    $s2 = / (permanently|forever|irreversibly) (delete|lose|destroy|lost|erase) (.{0,10} )?(your|all) /
    $s3 = / (the|your|our|private|decryption|decrypt|unique|encryption) keys? (.{0,20} )?(will|would|shall) (be )?(.{0,12} )?(deleted|destroyed|erased|removed|lost|disappear) /
    $s4 = / (we|i|it|they) (will|ll|would) (.{0,12} )?(delete|destroy|erase|remove|wipe) (.{0,12} )?(your|all|the|private|decryption|keys?) /
    $s5 = / (lose|loose) all (of )?(your )?(files|data|documents) /
    $s6 = / (lose|loose|lost) (all )?(of )?(your|the|these|this|them|everything|it) (.{0,16} )?(files |data |documents |money )?(forever|for good|permanently) /
    $s7 = / (you will|you ll|youll|or) never (.{0,20} )?(see|get|recover|restore|decrypt|return|have|be able to) (.{0,16} )?(your|them|it|files|data) /
  condition:
    any of them
}

rule price_rises {
  meta:
    language = "en"
    group = "threat"
    weight = 3
    reason = "says that the price rises or time runs out"
  strings:
    $s0 = / (price|cost|payment|ransom|fee|sum) (.{0,30} )?(will|is going to|would|shall) (.{0,10} )?(be )?(doubled?|increased?|higher|rise|raise|raised|grow|tripled?|go up|multiplied) /
    $s1 = / (doubled?|increased) (the )?(price|ransom|cost|payment) /
    $s2 = / (time is (running|ticking|limited|money|over)|clock is ticking|hours left|days left) /
    $s3 = / (you (only )?have|we (will )?(give|wait)( you| for you)?|within|less than|you have only) (just |only |the |next |first |about |exactly ){0,5}([0-9]{1,3}|one|two|three|four|five|six|seven|ten|twelve|several|few|a few) ([0-9]{1,3} )?(hours?|days?|hrs?|h|business days|working days|weeks?) (.{0,30} )?(pay|contact|contacting|price|payment|published|publish|lost|destroyed|double|doubled|destroy|leak|decide|write|reply|get in touch|send|we|otherwise|before|your) /
    $s4 = / (if|in case) (you )?(dont|do not|no|didnt|did not|will not|wont|not) (.{0,30} )?(contact|pay|payment|answer|respond|reply|write) (.{0,20} )?(in|within|for|during|after|before) ([0-9]{1,3}|one|two|three|five|seven|ten|the|this) (.{0,6} )?(hours?|days?|h|week|period|time) /
    $s5 = / (the )?(faster|sooner|quicker|earlier) (you|we) (.{0,20} )?(write|contact|pay|get|reply|respond|start) /
    $s6 = / (price|cost) (.{0,10} )?(depends|depend) (on|of) how (fast|quick|soon|much|quickly) /
  condition:
    any of them
}

rule pay {
  meta:
    language = "en"
    group = "demand"
    weight = 4
    reason = "demands payment"
  strings:
    $s0 = / pay (us|the ransom|a ransom|ransom|for (the |your |our |this |a )?(decrypt|decryption|key|decryptor|recovery|private|unlock|data|files|program|tool|software)[a-z]{0,12}|with bitcoins?|in bitcoins?|in btc|in monero|xamountx|by bitcoin) /
    $s1 = / (you|u|who) (will |must |need |have |should |can |only |can only |just |ll |would ){1,5}(to )?(.{0,10} )?(pay|purchase|buy|transfer|send us|deposit|make (a |the )?(payment|deal|transfer)) (.{0,40} )?(us|decrypt|decryption|decryptor|decrypter|decoder|key|bitcoins?|btc|monero|xmr|unlock|ransom|files|data|tool|software|program|deal|xwalletx|dollars|usd|fee|money|amount|sum|price) /
    $s2 = / pay (.{0,10} )?[0-9]{1,7} ([0-9]{1,7} )?(btc|bitcoins?|usd|dollars?|xmr|eur|euros?|k) /
    $s3 = / (if|unless|until|once|after|when|before) (you|we|u|the ransom|payment) (.{0,20} )?(pay|paid|not pay|dont pay|refuse to pay|payed|payment|receive (the )?payment|is paid) /
    $s4 = / (pay|paying|payment of|paid) (.{0,10} )?(the )?ransom /
    $s5 = / (after|upon|once|as soon as|before|when|without|for|non|no) (the |your |successful |making |we receive |full |receiving |confirmation of ){0,5}(payment|paying|the money|money) (.{0,30} )?(we|you will|decrypt|decryption|decryptor|key|you get|you receive|your (files|data)) /
    $s6 = / ransom (amount|demand|is|of|must|should|will|size|sum) /
    $s7 = / refus(e|al|ing) to pay /
    $s8 = / (cover|pay|settle|meet|transfer) (our|the agreed|us a) (fee|price|commission|compensation) /
    $s9 = / pay (.{0,16} )?(in|with) (btc|bitcoins?|monero|xmr|crypto|cryptocurrency) /
  condition:
    any of them
}

rule buy_key {
  meta:
    language = "en"
    group = "demand"
    weight = 4
    reason = "offers a decryptor or key for money"
  strings:
    $s0 = / (buy|buying|purchase|purchasing|purchased|pay for|acquire|order|obtain|get|receive|need|sell|give|send|provide|price (of|for)|cost of) (you |u |a |an |the |our |your |special |private |unique |from us |universal |working |of |to |us ){0,5}(.{0,12} )?(decryptor|decrypter|decoder|decryptors|decrypters|descryptor|decriptor|unlocker|unlock key|private key|decryption key|decrypt key|decryption (tool|software|program|utility|code|application|soft|keys)|decrypt (tool|software|program|code)|recovery (tool|software|key|program)|special (software|program|tool|key)|keys? (and|to) (.{0,16} )?(decrypt|restore|unlock)) /
    $s1 = / (purchase|purchasing|buy|price|cost|paying|payment) (.{0,30} )?(decrypt|decryption|decryptor|decrypter|decoder|unlock|recovery|private key|restoring) /
  condition:
    any of them
}

rule only_we_have_key {
  meta:
    language = "en"
    group = "demand"
    weight = 4
    reason = "says that only its authors have the key"
  strings:
    $s0 = / (only|exclusively) (we|us|i|our) (.{0,20} )?(can|have|has|own|know|could|able|are able|hold|possess|decrypt) /
    $s1 = / (we|i) (are|am|re) (the )?only (.{0,20} )?(can|who|able|ones|one|people|way) /
    $s2 = / (only|one|sole|single|just one) (way|method|possibility|chance|option|solution|possible way|means) (.{0,30} )?(recover|restore|decrypt|unlock|get|return|recovery|to save|of recovering|of decrypting|decryption) /
    $s3 = / (without|unless you have|impossible without|except with) (our|the|my|us|a|this|special|private|decryption|decrypt) (.{0,30} )?(key|decryptor|decrypter|decoder|software|tool|help|program|service|us|decryption) (.{0,20} )?(impossible|can not|cannot|cant|never|not|no) /
    $s4 = / (impossible|cannot|can not|cant|nobody|no one|noone|not possible|not be able|unable|no way) (.{0,40} )?(decrypt|recover|restore|unlock|be decrypted|be recovered|be restored|help) (.{0,40} )?(without|except|only|us|private key|our) /
    $s5 = / (private|decryption|secret|unique|master|decrypt) key (.{0,30} )?(on our|our (secret )?servers?|stored|in our|we have|only we|created|generated for|which is|with us|secret internet server) /
  condition:
    any of them
}

rule gift_cards {
  meta:
    language = "any"
    group = "demand"
    weight = 4
    reason = "demands gift cards"
  strings:
    $s0 = / (buy|purchase|get|send|pay|scratch) (.{0,24} )?(gift ?cards?|paysafe ?cards?|steam cards?|itunes cards?|vouchers?) (.{0,80} )?(send|codes?|xemailx|unlock|mail|enter) /
    $s1 = / (achetez|acheter|envoyez) (.{0,24} )?(cartes? (cadeaux?|prepayees?|steam|pcs|transcash|neosurf)|paysafe ?cards?|coupons? (pcs|transcash|neosurf)) (.{0,80} )?(envoyez|envoyer|saisissez|grattez) /
    $s2 = / (kaufen sie|kauf|kaufe) (.{0,24} )?(gutscheinkarten|guthabenkarten|paysafe ?cards?|paysafecards?) (.{0,80} )?(codes?|xemailx|senden|sende) /
    $s3 = / (tickets?|coupons?|cartes?|recharges?|bons) (.{0,10} )?(pcs|neosurf|transcash|paysafecard|toneo|ukash) (.{0,100} )?(grattez|(envoyez|saisissez|entrez) (les|vos|leurs) codes?) /
  condition:
    any of them
}
rule cryptocurrency {
  meta:
    language = "en"
    group = "demand"
    weight = 3
    reason = "speaks of paying in cryptocurrency"
  strings:
    $s0 = / (send|transfer|pay|payment|paid|deposit|accept|bitcoins?|btc|xmr|monero|wallet|address|amount|purchase|ethereum|eth) (.{0,40} )?xwalletx /
    $s1 = / (send|transfer|pay|deposit|worth|accept|payment|price is|price|cost|fee|ransom|amount)s? (.{0,40} )?(bitcoins?|btc|monero|xmr|cryptocurrency|crypto currency|usdt|litecoin|dash|bitcoin only) /
    $s2 = / (how|where) (can i |to |do i |you can |can you ){1,5}(buy|get|obtain|purchase|acquire|find) (.{0,10} )?(bitcoins?|btc|monero|xmr|cryptocurrency) /
    $s3 = / (buy|obtain|purchase|get|register|exchange) (.{0,12} )?(bitcoins?|btc|monero|xmr) /
    $s4 = / (bitcoins?|btc|monero|xmr) (address|wallet|payment|adress|wallets)/
    $s5 = / (localbitcoins|paxful|binance|coinbase|coindesk|blockchain info|bestchange|bitpanda|coinmama|cex io|localmonero|kraken) /
  condition:
    any of them
}

rule decryptor {
  meta:
    language = "en"
    group = "demand"
    weight = 2
    reason = "names a decryptor"
  strings:
    $s0 = / (decryptor|decrypter|decryptors|decrypters|decriptor|decryptor s|decoder|decryption (tool|software|program|key|keys|service|utility|code|process|instructions?|id|price)|decrypt (tool|software|key|code)|unlocker) /
  condition:
    any of them
}

rule recover_files {
  meta:
    language = "en"
    group = "recover"
    weight = 3
    reason = "tells how to get files back"
  strings:
    $s0 = / (how (to|do i|can i)|instructions? (on|for|to|how)|want to|wish to|need to|in order to|help you|for the) (.{0,12} )?(recover|recovery|restore|restoring|decrypt|decryption|unlock|decypt|unblock) (of )?(the |all |encrypted |these |those ){0,5}(files|data|documents|information|systems?) /
    $s1 = / (decrypt|restore|recover|unlock|decryp|return|get back|retrieve|decryption|decypt|recovery|restoring|recovering|decrypting|repair|regain|unblock) (of )?(all |any |back |access |to |up ){0,5}(your|ur|my|these|them|their|yours) (.{0,30} )?(files?|data|documents|network|systems?|information|computers?|servers?|infrastructure|pc|access|databases|information|info|company) /
    $s2 = / (how (to|can i|can you|do i|do you|you can)|want to|wish to|need to|in order to|if you want|would you like to|to be able to|able to|ready to|can) (.{0,10} )?(decrypt|restore|recover|unlock|get|return) (.{0,16} )?(files?|data|documents|network|system|everything|them|all|it|information) (.{0,20} )?(back|again|please|you|contact|write|files|need|must|email|send|follow|normal) /
    $s3 = / (get|have|give|take|return|bring|want) (you )?(all )?(of )?(your|my|the|them|it) (.{0,20} )?(files?|data|documents|everything|network|them|pc|systems?|access)? ?back /
    $s4 = / (data|files?|systems?) (recovery|decryption|restore|restoration) (instructions?|guide|process|software|company|service|manual|help) /
    $s5 = / (everything|all|files|data|it) (.{0,20} )?(can be|is possible to|possible to|will be|could be|may be|still be) (.{0,12} )?(recovered|restored|decrypted|recover|restore|returned|unlocked|fixed|decrypt) /
    $s6 = / (recover|restore|decrypt|unlock) (.{0,8} )?(everything|all files|all data|files|the files|all of them) /
  condition:
    any of them
}

rule free_test {
  meta:
    language = "en"
    group = "recover"
    weight = 4
    reason = "offers to decrypt some files as a proof"
  strings:
    $s0 = / (decrypt|decryption of|restore|unlock|recover|decrypting) (for (you )?)?(up to |you |at least |only |some |any |a |your |us ){0,5}(1|2|3|4|5|10|one|two|three|four|five|some|several|few|a few|couple|any|test|sample|random|small|single|file|non important)( [0-9])? (.{0,30} )?(files?|file|document|data|images) (.{0,40} )?(free|test|guarantee|proof|prove|trial|sample|evidence|demonstrate|sure|gratis|honesty|convince|make sure|confirm) /
    $s1 = / (free|test|trial|sample) (decryption|decrypt|decription|decrypting|file decryption) /
    $s2 = / (send|attach|upload|give|provide) (to )?(us|me|the|it)? ?(.{0,24} )?(1|2|3|4|5|10|one|two|three|four|five|some|several|few|couple|any|small|single|test|encrypted|sample) (.{0,30} )?(encrypted |test |random |small |sample )?(files?|documents|images?) (.{0,40} )?(decrypt|free|test|guarantee|proof|mb|decryption|sure|back|we) /
    $s3 = / (decrypt|decrypted|decryption|restore|test) (.{0,30} )?(for free|free of charge|free as|for test|as (a )?(guarantee|proof|test|evidence)) /
    $s4 = / (guarantee|guarantees|guaranty|garantee|proof|prove|proofs|evidence|trust) (.{0,60} )?(decrypt|decrypted|free|test file|one file|1 file|few files|some files) /
    $s5 = / for free (.{0,40} )?(decrypt|restore|files|guarantee|proof) /
  condition:
    any of them
}

rule guarantee {
  meta:
    language = "en"
    group = "business"
    weight = 3
    reason = "answers what guarantees there are"
  strings:
    $s0 = / (what|which|any|where|is|are|our|the|give you) (is |are |the |a |our |your |there |s ){0,5}(guarantees?|guaranty|garanties|guaranties|guarantys|garantees?) /
    $s1 = / (we|i) (can |will |always |do |could |fully |ll |hereby ){0,5}(guarantee|guaranty|keep our (word|promises?)|give (you )?(a |the )?guarantees?|honou?r|value our reputation|promise) /
    $s2 = / (no one|nobody|noone|none|no body) (.{0,24} )?(pay|trust|deal|cooperate|work|will contact|will buy) (.{0,8} )?(with )?(us|me) /
    $s3 = / (our|my|us) (.{0,16} )?reputation /
    $s4 = / how (can|do|could) (i|you|we) (trust|be sure|know|believe|make sure|verify) /
  condition:
    any of them
}

rule business {
  meta:
    language = "en"
    group = "business"
    weight = 4
    reason = "calls it business"
  strings:
    $s0 = / (it is|its|this is|is|are|just|only|simply|nothing personal|purely) (just |only |simply |our |a |purely |strictly ){0,5}(business|buisness|bussiness) (.{0,20} )?(we|us|nothing|and|our|for|only|with|not|absolutely|to|the|you) /
    $s1 = / (we|i) (are|re|am|only|just|dont|do not|absolutely|have) (.{0,24} )?(politic|politically|interested (only )?in (your )?money|financially|want (only )?(your )?money|need (only )?money|only need money|need is money|care about (you|money)|only in money|anything other than (your )?money|nothing (more|else) (but|than|except) money|only money) /
    $s2 = / (we want|our goal|motivat[a-z]{1,12}|interested) (.{0,24} )?(money|financial|paid|profit|get paid|benefits) /
    $s3 = / except getting benefits /
    $s4 = / not politically motivated /
    $s5 = / (security (audit|report|review)|list of (your )?vulnerabilit|how we (got|hacked|entered|penetrated|broke)|penetration report|pentest|vulnerabilities (we|you|that)|advice|advices|recommendations) (.{0,40} )?(security|network|protect|attack|hack|future|audit|paid|after|breach|we) /
  condition:
    any of them
}

rule contact_us {
  meta:
    language = "en"
    group = "contact"
    weight = 1
    reason = "asks to make contact"
  strings:
    $s0 = / (contact|write|email|mail|message|reach|text|call|connect|talk|speak|communicate|get in touch|get in contact|in touch|reply|respond|negotiate|chat) (to |with ){0,5}(us|me|our|ours|support) /
    $s1 = / (contact|write|email|mail|message|send) (.{0,60} )?(xemailx|xonionx|xtoxx|xtelegramx|xsessionx) /
    $s2 = / (our|my|the) (contacts?|e mails?|emails?|mail|telegram|tox|jabber|session|chat|support|operators?|manager|live chat|online chat|chat room|id) (.{0,16} )?(is|are|xemailx|xonionx|xtoxx|xtelegramx|address|id|at|below|in) /
    $s3 = / (email|e mail|mail|emails|mails|telegram|contact|contacts|support|tox|tox id|qtox|jabber|session|session id|skype|icq|wickr|protonmail)( [0-9])?( address| us| me| id)? (xemailx|xonionx|xtoxx|xtelegramx|xsessionx|xblobx) /
  condition:
    any of them
}

rule write_to_address {
  meta:
    language = "en"
    group = "contact"
    weight = 3
    reason = "says where to write, with an address"
  strings:
    $s0 = / (write|contact|email|mail|message|text|send|reach) (.{0,40} )?(us|me|letter|mail|email|message|e mail|e mails|id|request|to|on|at|via|by|through) (.{0,30} )?(xemailx|xtoxx|xsessionx|xtelegramx|xonionx) /
    $s1 = / (if|in case)( of)?( you)? (no|dont|not|do not|did not|didnt|have no|without|havent|we dont)( get| receive| have| recieve| been)?( an| a| any)? (.{0,10} )?(answers?|response|reply|respond|answered|replied|contact) (.{0,24} )?(in|within|for|during|after|more|[0-9]{1,2}|from|write|contact|xemailx|use|you) /
  condition:
    any of them
}

rule recover_by_writing {
  meta:
    language = "en"
    group = "contact"
    weight = 1
    reason = "says to write to an address to get files back"
  strings:
    $s0 = / to (decrypt|decipher|unlock|unblock|restore|recover|return|retrieve|get|regain|decode) (.{0,30} )?(them|it|files?|data|everything|documents|all|access|systems?|network|photos|servers?|backups?) (.{0,30} )?(send|write|contact|e ?mail|mail|message|text|reach|connect|talk|add) (.{0,40} )?(xemailx|xonionx|xtoxx|xsessionx|xtelegramx) /
    $s1 = / (write|mail|e ?mail|message|contact|text|reach|add|talk to) (.{0,16} )?(xemailx|xonionx|xtoxx|xsessionx|xtelegramx) (.{0,24} )?(to|for|and) (.{0,24} )?(decrypt|decipher|unlock|unblock|restore|recover|get (.{0,24} )?back|return|decode|decryption|key) /
  condition:
    any of them
}

rule onion_site {
  meta:
    language = "any"
    group = "contact"
    weight = 3
    reason = "names an onion site"
  strings:
    $s0 = / xonionx /
  condition:
    any of them
}

rule chat_address {
  meta:
    language = "any"
    group = "contact"
    weight = 2
    reason = "names an address of Tox, Session or Telegram"
  strings:
    $s0 = / (xtoxx|xsessionx|xtelegramx) /
  condition:
    any of them
}

rule mail_address {
  meta:
    language = "any"
    group = "contact"
    weight = 1
    reason = "names an e-mail address"
  strings:
    $s0 = / xemailx /
  condition:
    any of them
}

rule wallet {
  meta:
    language = "any"
    group = "demand"
    weight = 2
    reason = "names a wallet"
  strings:
    $s0 = / xwalletx /
  condition:
    any of them
}

rule tor_browser {
  meta:
    language = "en"
    group = "contact"
    weight = 3
    reason = "tells how to reach it through Tor"
  strings:
    $s0 = / (download|install|use|using|with|open|via|through|need|get|run|launch|start|by) (.{0,20} )?(tor|torbrowser|onion) ?browser /
    $s1 = / (open|visit|go to|follow|enter|access|copy|paste|type|links?|site|website|page|url|browser) (.{0,40} )?(in|with|using|through|via|by|from) (the |a |your ){0,5}(tor|torbrowser|onion) /
    $s2 = / tor ?browser (.{0,30} )?(link|open|copy|paste|torproject|download|xonionx|website|site|and|install|type|enter|you|visit|address|from) /
    $s3 = / (tor chat|chat (in|via|on) tor|tor (link|links|site|sites|website|network|url|page|mirror|darknet|domain|chat|address)) /
  condition:
    any of them
}

rule victim_number {
  meta:
    language = "en"
    group = "contact"
    weight = 4
    reason = "gives the victim a number or a key"
  strings:
    $s0 = / (your|personal|unique|victim|client|decryption|company|identification) ((personal|unique|decryption|decrypt|company|client|machine|chat|identification|private|reference|key|individual|special|infection|system|pc|computer) ){0,2}(id|ids|identifier|identificator|code|id key|key id|decryption key|id number|token) (.{0,8} )?(xblobx|snip|is|in (the|your)|to (us|our)|for (chat|decrypt|contact|us|test)|below) /
    $s1 = / (id|key|code|hostname) (.{0,12} )?(in|as|into) (the |your )?(subject|title|topic|theme|header)( of| line| your| in|) /
    $s2 = / (your personal (id|key|page|link|identification|code|identifier|decryption|chat)|personal (decryption )?(id|identifier|identification)|decryption id|decrypt id|your (decryption|decrypt|unique|client|victim|infection) (id|key|code|identifier)|your id|unique id and|machine ?id|key identifier) /
    $s3 = / (send|write|tell|provide|give|specify|indicate|mention) (us |me )?(the |this |that |your ){0,5}(personal |unique |decryption ){1,5}(id|key|code|identifier) /
    $s4 = / (login|password|id|key|credentials) (snip|xblobx) /
  condition:
    any of them
}

rule negotiate {
  meta:
    language = "en"
    group = "contact"
    weight = 2
    reason = "speaks of negotiation or a deal"
  strings:
    $s0 = / (negotiat(e|ion|ions|ing|or|ors|iate)|make a deal|deal with us|to (reach|come to) an agreement|bargain|discuss (the )?(terms|price|payment|conditions)|cooperate with us|contact and deal|start (the )?(dialog|dialogue|talks)|conversation with) /
  condition:
    any of them
}

rule do_not_touch {
  meta:
    language = "en"
    group = "warning"
    weight = 4
    reason = "warns against renaming or changing files"
  strings:
    $s0 = / (do not|dont|don t|not to|never|doesnt|please not|forbidden|not|avoid|stop) (.{0,24} )?(rename|renaming|modify|modifying|edit|editing|move|moving|delete|deleting|change|changing|touch|alter|modificate|rewrite|remove|repair|replace|damage) (.{0,30} )?(files?|extensions?|anything|data|encrypted|readme|them|it|name|documents|system|content|structure) /
    $s1 = / (renaming|modifying|editing|moving|deleting|changing|copying|modification|rename|modify|modified|renamed|changes?) (.{0,50} )?(files?|data|extensions?) (.{0,50} )?(damage|lost|lose|loss|impossible|corrupt|unrecoverable|irreversible|undecryptable|permanent|damaged|break|destroy) /
    $s2 = / (do not|dont|never) (modify|rename|delete|edit|repair|recover|change|move) /
  condition:
    any of them
}

rule no_other_tools {
  meta:
    language = "en"
    group = "warning"
    weight = 3
    reason = "warns against other software or helpers"
  strings:
    $s0 = / (do not|dont|not|never|no|any|avoid|using|use|trying|attempts?|with|by|without) (.{0,40} )?(third party|third parties|thirdparty|3rd party|3 party|third part|other|public|special|recovery|decryption|external|self|unofficial|antivirus|anti virus|free|any) (.{0,12} )?(software|softwares|tools?|soft|programs?|decryptors?|utilities|solutions?|companies|company|services|decrypt|specialists|applications|decoders?|decryption) (.{0,60} )?(decrypt|restore|recover|loss|damage|lost|lose|permanent|impossible|files|data|cannot|cant|help|useless|corrupt|destroy|break|may|can|will|scam) /
    $s1 = / (do not|dont|not|never) (try|attempt|trying) (.{0,10} )?(to )?(.{0,10} )?(decrypt|restore|recover|unlock|fix|repair|crack) (.{0,40} )?(your|yourself|files|data|self|own|them|without|it|using|third) /
    $s2 = / (third party|third parties|3rd party) (.{0,20} )?(software|tools?|decrypt|programs?|recovery|negotiator|compan|will|may|increase|can|only) /
    $s3 = / (recovery|data recovery|antivirus|negotiation|security|intermediary) (compan(y|ies)|software|services|firms?|agents?|negotiators?) (.{0,60} )?(not|cant|cannot|only|scam|wont|just|fail|useless|never|money|dont|will|they) /
    $s4 = / (do not|dont|not|never) (.{0,10} )?(hire|use|contact|involve|trust) (.{0,20} )?(recovery|negotiat|intermediar|third|compan|data|middlem) /
  condition:
    any of them
}

rule no_police {
  meta:
    language = "en"
    group = "warning"
    weight = 4
    reason = "warns against calling the police"
  strings:
    $s0 = / (do not|dont|not|never|no|avoid|if you|without|involving|calling|contacting|or) (.{0,40} )?(police|fbi|law enforcement|authorities|interpol|europol|cops|cia|nsa|federal|government|lawyers|insurance) (.{0,60} )?(will|help|not|they|or|cant|any|business|care|only|agenc|recovery|etc|we|leak|publish|unable|able|allow|delay|end) /
    $s1 = / (police|fbi|law enforcement|authorities|interpol) (.{0,20} )?(will not|wont|cant|cannot|can not|dont|not|unable|never) (.{0,12} )?(help|able|care|save|protect|solve|do) /
    $s2 = / (do not|dont|not|never) (.{0,10} )?(report|contact|call|go|notify|inform|tell|hire|appeal|turn) (.{0,16} )?(police|fbi|law|authorit|interpol|europol|media|journalist) /
  condition:
    any of them
}

rule no_shutdown {
  meta:
    language = "en"
    group = "warning"
    weight = 3
    reason = "warns against turning the machine off"
  strings:
    $s0 = / (do not|dont|not|never) (.{0,24} )?(shutdown|shut down|turn off|reboot|restart|power off|reset|switch off|reinstall|shutdown or reset|disconnect|unplug|close this) (.{0,20} )?(your|pc|computer|server|system|machines?|files|device|or|the|window|network|it|vms|windows|virtual|os) /
    $s1 = / (shutdown|restart|reboot|reset|resetting|shutting down|turning off) (.{0,30} )?(damage|lose|lost|loss|corrupt|unrecoverable|key|may|will) /
  condition:
    any of them
}

rule may_be_lost {
  meta:
    language = "en"
    group = "warning"
    weight = 2
    reason = "warns that files may be lost for good"
  strings:
    $s0 = / (may|can|will|could|might|would|to|cause|causes|lead|leads|result|results) (.{0,24} )?(permanent|irreversible|irreversibly|irreparable|complete|permanently|corrupt|damage|break|destroy|permament) (.{0,16} )?(data )?(loss|lost|damage|your files|files|corruption|corrupted|the files|data|them|the cipher|lose) /
    $s1 = / (decryption|recovery|restoration|recovering|decrypt|restore|decrypting) (.{0,30} )?(impossible|not possible|will be lost|become impossible|a problem|unavailable) /
    $s2 = / (impossible|unable) (.{0,8} )?to (recover|decrypt|restore|unlock) /
    $s3 = / (at your own risk|lost forever|loss of (all )?(your )?(data|files)|undecryptable|irreversible|irrecoverable|unrecoverable) /
  condition:
    any of them
}

rule do_not_waste_time {
  meta:
    language = "en"
    group = "warning"
    weight = 1
    reason = "presses for time or reassures"
  strings:
    $s0 = / (do not|dont|not|no need to) (waste|lose|worry|panic|hesitate|delay|loose) (.{0,16} )?(your |our |any |the ){0,5}(time|to contact|you can|us|your|we|or|all|everything|this) /
    $s1 = / (dont|do not|not) (worry|panic|be afraid|be panic) /
    $s2 = / (follow|read) (.{0,10} )?(our|these|all|carefully|below|simple|my) (.{0,10} )?(instructions?|steps?|guidelines|recommendations|rules) /
    $s3 = / (read (this|me|carefully)|carefully read|attention) /
  condition:
    any of them
}

rule fr_encrypted {
  meta:
    language = "fr"
    group = "happened"
    weight = 4
    reason = "says in French that files have been encrypted"
  strings:
    $s0 = / (vos|vo|votre|tous|tout|toutes|les|mes|ces|toute|notre|tes|ton|ta) (.{0,50} )?(fichiers?|documents?|donnees|photos|serveurs?|ordinateurs?|reseau|systemes?|disques?|bases?|machines?|infrastructure|sauvegardes?|postes?|dossiers?) (.{0,50} )?(ete|viennent detre|vient detre|sont (desormais|maintenant|a present|tous|toutes)|est (desormais|maintenant)|ont) (.{0,24} )?(chiffre|crypte|verrouille|bloque|encrypte|pirate|infecte|compromis|inaccessible|pris en otage|code)[es]{0,3} /
    $s1 = / (vos|vo|votre|tous|tout|toutes|les|mes|ces|toute|notre|tes|ton|ta) (.{0,50} )?(fichiers?|documents?|donnees|photos|serveurs?|ordinateurs?|reseau|systemes?|disques?|bases?|machines?|infrastructure|sauvegardes?|postes?|dossiers?) (.{0,50} )?(sont|est|etes|maintenant|desormais) (.{0,24} )?(verrouille|bloque|pirate|infecte|compromis|pris en otage)[es]{0,3} /
    $s2 = / (tous|toutes|tout|lensemble de) (vos|votre|tes|les) (.{0,50} )?(fichiers?|documents?|donnees|photos|serveurs?|ordinateurs?|reseau|systemes?|disques?|bases?|machines?|infrastructure|sauvegardes?|postes?|dossiers?) (.{0,50} )?(sont|est) (.{0,24} )?(chiffre|crypte|verrouille|bloque|encrypte|pirate|infecte|compromis|inaccessible|pris en otage|code)[es]{0,3} /
    $s3 = / (nous|on|jai|je|notre equipe) (avons |a |ai |ont |vous avons |tai |ta |vous a )?(.{0,24} )?(chiffre|crypte|verrouille|pirate|infiltre|penetre|attaque|compromis|hacke|bloque) (.{0,40} )?(vos|votre|tous|tes|ton|fichiers|donnees|reseau|serveurs|chez (toi|vous)) /
    $s4 = / (vous|votre (entreprise|cabinet|societe|reseau|ordinateur|systeme|serveur|infrastructure|organisation)) (avez|a|etes|est) (.{0,20} )?(ete )?(pirate|attaque|victime|infecte|hacke|compromis)[es]{0,3} /
    $s5 = / et (vos|votre|tous vos|tes|tous tes) (.{0,12} )?(fichiers?|documents?|donnees|photos|serveurs?|ordinateurs?|reseau|systemes?|disques?|bases?|machines?|infrastructure|sauvegardes?|postes?) (chiffre|crypte|verrouille|bloque)[es]{0,3} /
  condition:
    any of them
}

rule fr_are_encrypted {
  meta:
    language = "fr"
    group = "happened"
    weight = 2
    reason = "says in French that files are encrypted, as software that protects them does too"
  strings:
    $s0 = / (vos|vo|votre|tous|tout|toutes|les|mes|ces|toute|notre|tes|ton|ta) (.{0,50} )?(fichiers?|documents?|donnees|photos|serveurs?|ordinateurs?|reseau|systemes?|disques?|bases?|machines?|infrastructure|sauvegardes?|postes?|dossiers?) (.{0,50} )?(sont|est|etes|maintenant|desormais) (.{0,24} )?(chiffre|crypte|encrypte|code|inaccessible)[es]{0,3} /
  condition:
    any of them
}

rule fr_out_of_reach {
  meta:
    language = "fr"
    group = "happened"
    weight = 3
    reason = "says in French that data can no longer be read, or that backups are gone"
  strings:
    $s0 = / (vos|votre|tes) (.{0,30} )?(fichiers?|documents?|donnees|photos|serveurs?|ordinateurs?|reseau|systemes?|disques?|bases?|machines?|infrastructure|sauvegardes?|postes?|dossiers?) (.{0,16} )?((ne (sont|seront) plus|nest plus) (accessible|lisible|utilisable|disponible)s?|(sont|est|devenus?|rendus?) (desormais |devenus? )?illisibles?) /
    $s1 = / sauvegardes? (.{0,24} )?(ete|sont) (.{0,12} )?(detruit|efface|supprime|formate)[es]{0,3} /
    $s2 = / (vos|votre|tes|toutes) (.{0,40} )?(fichiers?|donnees|serveurs?|bases?|sauvegardes?|dossiers?) (.{0,40} )?(sont|est) (.{0,16} )?(chez nous|entre nos mains|en notre possession|sous notre controle) /
    $s3 = / illisibles? chez (vous|toi) /
    $s4 = / (cet|votre|ton|lacces a (cet|votre)) (ordinateur|pc|poste|telephone|serveur) (est|a ete) (desormais |maintenant )?(bloque|verrouille|crypte|chiffre) /
  condition:
    any of them
}

rule fr_stolen {
  meta:
    language = "fr"
    group = "threat"
    weight = 4
    reason = "says in French that data were stolen or will be published"
  strings:
    $s0 = / (nous|on|jai) (avons |vous avons |a |ont )?(.{0,30} )?(telecharge|vole|copie|exfiltre|derobe) (.{0,50} )?(donnees|fichiers|documents|informations|go|to|dossiers) /
    $s1 = / (donnees|fichiers|documents|informations|dossiers) (.{0,50} )?(seront|ont ete|sera|seraient|etre|vont etre|va etre|allons) (.{0,24} )?(publie|vendu|divulgue|diffuse|vole|exfiltre|telecharge|copie|supprime|detruit|efface|rendu|mis en ligne|revendu)[es]{0,3} /
    $s2 = / (sinon|ou|sans quoi|autrement) (je|nous|on) (.{0,10} )?(supprim|publi|detrui|diffus|divulgu|revend|vend)[a-z]{1,6} /
    $s3 = / (publierons|vendrons|divulguerons|diffuserons|publier|divulguer|vendre|diffuser) (.{0,24} )?(vos|toutes|les|ces|tout|ensemble) (.{0,24} )?(donnees|fichiers|documents|informations|dossiers) /
  condition:
    any of them
}

rule fr_pay {
  meta:
    language = "fr"
    group = "demand"
    weight = 4
    reason = "demands payment in French"
  strings:
    $s0 = / (payer|paiement|payez|paye|verser|versez|envoyer|envoyez|regler|transferer|virer|acheter|achetez) (.{0,50} )?(rancon|bitcoins?|btc|monero|xmr|xwalletx|decrypteur|dechiffreur|cle (privee|de (dechiffrement|decryptage|dechiffrage))|logiciel de (dechiffrement|decryptage)|outil de (dechiffrement|decryptage)|cryptomonnaie) /
    $s1 = / (contre|moyennant) (une |un |le |votre )?(petite |juste |modeste )?(compensation|remuneration|paiement|rancon|contribution financiere|dedommagement) /
    $s2 = / (faut|tu dois|vous devez|devrez|devras|falloir) (que tu )?(payer|paye|paies|passer a la caisse) /
    $s3 = / (si vous (ne )?(payez|refusez)|apres (votre |reception du )?paiement|une fois le paiement|refus de payer|sans paiement|en bitcoins?|la rancon|rancon de|(payer|regler|paiement de|reglement de) (lamende|une amende)|prix (double|doublera|augmente|augmentera|sera double|depend)) /
  condition:
    any of them
}

rule fr_price {
  meta:
    language = "fr"
    group = "demand"
    weight = 2
    reason = "names in French a price, as an invoice does too"
  strings:
    $s0 = / (payer|paiement|payez|paye|verser|versez|envoyer|envoyez|envoie|regler|transferer|virer) (.{0,50} )?(euros?|eur|dollars?|usd) /
    $s1 = / (prix|tarif|cout|montant) (.{0,12} )?[0-9]{2,7} /
    $s2 = / apres le paiement /
  condition:
    any of them
}

rule fr_negotiate {
  meta:
    language = "fr"
    group = "demand"
    weight = 3
    reason = "offers in French to negotiate"
  strings:
    $s0 = / (pour|afin de|voulez|souhaitez|veux|pouvez|pouvons|devez) (.{0,12} )?(negocier|trouver un (accord|arrangement)) /
  condition:
    any of them
}

rule fr_recover {
  meta:
    language = "fr"
    group = "recover"
    weight = 3
    reason = "tells in French how to get files back"
  strings:
    $s0 = / (recuperer|restaurer|dechiffrer|decrypter|deverrouiller|debloquer|retrouver|recuperez|recuperation|restauration|dechiffrement|decryptage|acces a) (.{0,24} )?(vos|votre|tous|mes|de vos|des|les|toutes|a vos|lensemble) (.{0,24} )?(fichiers?|donnees|documents?|reseau|systeme|ordinateur|serveurs?|acces|dossiers) /
    $s1 = / (dechiffrer|decrypter|dechiffrement|decryptage|dechiffrerons|decrypterons|restaurer) (.{0,30} )?(un|deux|trois|1|2|3|quelques|5|fichiers?) (.{0,30} )?(gratuit|gratuitement|preuve|test|essai|garantie) /
    $s2 = / (cle|outil|logiciel|programme|code) (privee |prive |unique |special )?(de )?(dechiffrement|decryptage|dechiffrage) /
    $s3 = / (decrypteur|dechiffreur) /
    $s5 = / (pour|afin de|a) (les|le|la|tout) (recuperer|dechiffrer|decrypter|debloquer|deverrouiller|restaurer|retrouver) /
    $s6 = / si (tu|vous) (veux|voulez) (.{0,12} )?(revoir|ravoir|recuperer|retrouver|recouvrer) /
    $s4 = / (seul|unique|seule) (moyen|facon|solution|maniere|possibilite) (.{0,24} )?(recuperer|restaurer|dechiffrer|decrypter|retrouver) /
  condition:
    any of them
}

rule fr_contact {
  meta:
    language = "fr"
    group = "contact"
    weight = 3
    reason = "asks in French to make contact"
  strings:
    $s0 = / (contactez|contacter|ecrivez|ecrire|ecris|joindre|joignez|envoyez|repondez|prenez contact|prendre contact|contacte) (.{0,20} )?(nous|moi|avec nous|a|un (mail|email|message|courriel|e mail)|par|sur|via|notre|le support|adresse) (.{0,30} )?(xemailx|xonionx|xtoxx|xtelegramx|xsessionx|adresse|mail|email|courriel|messagerie|chat|tor|telegram|nous|suivante?|fichiers|ci dessous|site|avec) /
    $s5 = / (contactez|ecrivez|joignez|repondez|contacte|ecris|negocier) (.{0,16} )?(xemailx|xtoxx|xtelegramx|xsessionx|xonionx) /
    $s1 = / (contactez|ecrivez|contacter|joindre) nous /
    $s2 = / nous (contacter|ecrire|joindre) /
    $s3 = / (votre|indiquez votre|avec votre|lidentifiant|identifiant|code) (identifiant|id|cle|code|numero) (personnel|personnelle|unique|de|victime|est|xblobx|[a-z0-9]{8,64}) /
    $s4 = / (telecharg|install|utilis|ouvr|avec|navigateur|lance)[a-z]{0,5} (.{0,24} )?(navigateur tor|tor browser|le tor) /
  condition:
    any of them
}

rule fr_warning {
  meta:
    language = "fr"
    group = "warning"
    weight = 4
    reason = "warns in French against police, renaming or other tools"
  strings:
    $s0 = / (ne|nessayez|nutilisez|neteignez|ni|navertissez|nappelez|ninformez|pas) (.{0,24} )?(renommez|renommer|modifiez|modifier|supprimez|supprimer|deplacez|deplacer|essayez|tentez|utilisez|utiliser|eteignez|eteindre|redemarrez|redemarrer|touchez|arretez|contactez|appelez|prevenez|avertissez|pas de|dechiffrer|restaurer|recuperer|reparer) (.{0,60} )?(fichiers?|donnees|extensions?|logiciels?|tiers|police|gendarmerie|ordinateur|serveurs?|autorites|dechiffrer|decrypter|restaurer|outils?|systemes?|machine|nom) /
    $s1 = / (police|gendarmerie|autorites|anssi|cnil|societe de recuperation|entreprises? de recuperation) (.{0,50} )?(pas|aider|rien|aidera|pourront|pourra|peut|peuvent|inutile) /
    $s2 = / (perte|perdu|perdus|perdues|endommager|endommages|irrecuperables?|impossibles?|irreversible) (.{0,20} )?(definitive|definitivement|a jamais|pour toujours|de (vos|donnees)|vos (fichiers|donnees)|a (dechiffrer|recuperer|restaurer)) /
  condition:
    any of them
}

rule fr_term {
  meta:
    language = "fr"
    group = "warning"
    weight = 1
    reason = "sets a term in French"
  strings:
    $s0 = / (vous avez|dans les|dans un delai de|sous|avant|delai de|il vous reste|apres|pendant) (.{0,12} )?([0-9]{1,3}|deux|trois|quatre|cinq|sept|dix) (heures|jours|h) (.{0,40} )?(payer|contacter|prix|publi|supprim|detrui|perdu|double|paiement|pour|faute|sinon|passe|repons)[a-z]{0,6} /
  condition:
    any of them
}

rule de_note {
  meta:
    language = "de"
    group = "happened"
    weight = 4
    reason = "says in German that files have been encrypted"
  strings:
    $s0 = / (ihre|alle|deine|ihr|eure|die|saemtliche|wichtigen|dein|ihrer) (.{0,50} )?(dateien|daten|dokumente|server|computer|netzwerk|systeme?|festplatten?|fotos|backups|datenbanken|rechner) (.{0,50} )?(wurden?|sind|ist|worden|haben wir) (.{0,40} )?(verschlusselt|verschluesselt|gesperrt|gehackt|gestohlen|kopiert|infiziert|kompromittiert|heruntergeladen) /
    $s1 = / (wir haben|ich habe) (.{0,60} )?(verschlusselt|verschluesselt|gehackt|gestohlen|heruntergeladen|kopiert|kompromittiert) /
  condition:
    any of them
}

rule de_demand {
  meta:
    language = "de"
    group = "demand"
    weight = 4
    reason = "demands payment in German"
  strings:
    $s0 = / (zahlen|bezahlen|zahlung|uberweisen|kaufen|losegeld|senden|ueberweisen|loesegeld|bezahlung) (.{0,50} )?(bitcoins?|btc|monero|losegeld|loesegeld|euro|xwalletx|schlussel|schluessel|entschlusselungs?[a-z]{0,12}|entschluesselungs?[a-z]{0,12}|decryptor|wir|sie) /
    $s1 = / (bitcoins?|btc|monero|losegeld|loesegeld) (.{0,40} )?(zahlen|bezahlen|senden|uberweisen|kaufen|xwalletx|adresse|zu|erwerben|schicken) /
  condition:
    any of them
}

rule de_key {
  meta:
    language = "de"
    group = "recover"
    weight = 3
    reason = "speaks in German of a key or a program that decrypts"
  strings:
    $s0 = / (privaten?|einzigartigen?|geheimen?|den|unseren) (schlussel|schluessel|entschlusseler|entschlusselungsschlussel|entschlusselungsprogramm) /
    $s1 = / (entschlusselungs(programm|software|tool|schlussel|code)|entschlusseler|entschluesselungs(programm|software|tool)) /
  condition:
    any of them
}

rule de_recover {
  meta:
    language = "de"
    group = "recover"
    weight = 3
    reason = "tells in German how to get files back"
  strings:
    $s0 = / (ihre|deine|alle|die|ihrer|der|eine|ein) (.{0,24} )?(dateien|daten|datei|netzwerk|systeme) (.{0,50} )?(wiederherstell[a-z]{0,4}|entschlussel[a-z]{0,5}|entschluessel[a-z]{0,5}|wiederherzustellen|zuruck|zuruckbekommen|zuruckzubekommen|wiederbekommen|kostenlos) /
    $s1 = / (wiederherstellung|entschlusselung|entschluesselung) (ihrer|der|deiner|von|aller|kostenlos) /
  condition:
    any of them
}

rule de_contact {
  meta:
    language = "de"
    group = "contact"
    weight = 3
    reason = "asks in German to make contact"
  strings:
    $s0 = / (kontaktieren|schreiben|schreib|kontaktiere|melden|senden|schicken|kontakt) (sie |du |bitte |mit ){0,5}(uns|mir|eine (e mail|mail|email|nachricht)|an|mich) /
    $s1 = / (ihre|deine|personliche|persoenliche|eindeutige) (personliche |eindeutige |persoenliche )?(id|kennung|identifikationsnummer|schlussel) /
    $s2 = / (laden|installieren|offnen|verwenden|nutzen|mit|im|den) (.{0,24} )?tor ?browser /
    $s3 = / tor browser (.{0,20} )?(herunter|installieren|offnen) /
  condition:
    any of them
}

rule de_warning {
  meta:
    language = "de"
    group = "warning"
    weight = 4
    reason = "warns in German against police, renaming or other tools"
  strings:
    $s0 = / (nicht|keine|niemals|kein|keinesfalls|vermeiden) (.{0,40} )?(umbenennen|umzubenennen|verandern|loschen|verschieben|entschlusseln|wiederherzustellen|polizei|drittanbieter[a-z]{0,10}|software|herunterfahren|neu starten|neustarten|abschalten|bearbeiten|andern|behorden|umbenannt) /
    $s1 = / (benennen|verandern|loschen|versuchen|verwenden|schalten|kontaktieren|informieren|starten|andern) sie (.{0,50} )?(nicht|keine|keinesfalls|niemals) /
    $s2 = / (polizei|behorden|dritte) (.{0,40} )?(nicht|helfen|kann|konnen) /
    $s3 = / (dauerhaft|unwiederbringlich|fur immer|endgultig|unwiderruflich) (.{0,16} )?(verloren|geloscht|verlieren|beschadigt|zerstort|vernichtet) /
    $s4 = / (veroffentlicht|veroffentlichen|verkauft|verkaufen) (.{0,20} )?(wir|werden|ihre|wird|daten|im) /
    $s5 = / (daten|dateien) (.{0,40} )?(veroffentlicht|veroffentlichen|verkauft|verkaufen) /
  condition:
    any of them
}

rule es_note {
  meta:
    language = "es"
    group = "happened"
    weight = 4
    reason = "says in Spanish that files have been encrypted"
  strings:
    $s0 = / (sus|tus|todos|los|su|tu|la|todas|nuestros) (.{0,50} )?(archivos|ficheros|datos|documentos|servidores|red|sistemas?|equipos?|computadora|ordenador|fotos|discos?|empresa) (.{0,50} )?(han sido|fueron|estan|esta|fue|ha sido|han|hemos) (.{0,24} )?(cifrad|encriptad|bloquead|secuestrad|hackead|robad|atacad|comprometid|publicad|infectad)[ao]s? /
    $s1 = / (hemos|he) (.{0,20} )?(cifrado|encriptado|bloqueado|robado|descargado|hackeado|copiado|penetrado|atacado|infectado) (.{0,40} )?(sus|tus|todos|su|tu|archivos|datos|red|gb) /
  condition:
    any of them
}

rule es_demand {
  meta:
    language = "es"
    group = "demand"
    weight = 4
    reason = "demands payment in Spanish or offers the key"
  strings:
    $s0 = / (pagar|pago|pague|paga|pagues|enviar|envie|envia|comprar|compre|transferir|rescate|compra) (.{0,50} )?(bitcoins?|btc|monero|rescate|xwalletx|dolares|euros|clave|descifrador|desencriptador|herramienta|llave|software de descifrado|programa) /
    $s1 = / (clave|llave|herramienta|software|programa) (privada |unica )?(de )?(descifrado|desencriptacion|desencriptado|decodificacion) /
    $s2 = / (descifrador|desencriptador) /
    $s3 = / (si no paga|despues del pago|el rescate|precio (se duplicara|aumentara|dependera)) /
  condition:
    any of them
}

rule es_recover {
  meta:
    language = "es"
    group = "recover"
    weight = 3
    reason = "tells in Spanish how to get files back"
  strings:
    $s0 = / (recuperar|restaurar|descifrar|desencriptar|desbloquear|recupere|recuperacion de|descifrado de) (.{0,16} )?(sus|tus|todos|los|su|tu|archivos|un|uno|datos|el acceso) (.{0,24} )?(archivos?|ficheros|datos|documentos|red|sistemas?|informacion|gratis)? /
    $s1 = / (descifrar|descifraremos|desencriptar|desencriptaremos|prueba) (.{0,30} )?(gratis|gratuitamente|prueba|garantia) /
  condition:
    any of them
}

rule es_contact {
  meta:
    language = "es"
    group = "contact"
    weight = 3
    reason = "asks in Spanish to make contact"
  strings:
    $s0 = / (contacte|contactenos|contactar|contactanos|escriba|escribanos|escribenos|escribir|escribe|comuniquese|envienos|contacta|pongase en contacto|ponte en contacto) (.{0,20} )?(con nosotros|nos|al|a|un (correo|email|mensaje)|por|en|xemailx|con|correo) /
    $s1 = / (su|tu|id|identificador|codigo) (id|identificador|codigo|identificacion|personal|clave) (personal|unico|unica|es|de|xblobx|[a-z0-9]{8,64}) /
    $s2 = / (descargue|instale|descarga|instala|descargar|instalar|abra|usando|utilice|navegador|el) (.{0,24} )?(navegador tor|tor browser) /
  condition:
    any of them
}

rule es_warning {
  meta:
    language = "es"
    group = "warning"
    weight = 4
    reason = "warns in Spanish against police, renaming or other tools"
  strings:
    $s0 = / (no|nunca|ni|evite) (.{0,16} )?(cambie|renombre|modifique|elimine|mueva|intente|utilice|use|apague|reinicie|contacte|llame|cambies|modifiques|intentes|uses|apagues|informe|avise|borre|renombrar|modificar) (.{0,60} )?(archivos|ficheros|nombre|extension|datos|software|terceros|policia|autoridades|equipo|servidor|programas|descifrar|recuperar|restaurar|herramientas|sistema|computadora) /
    $s1 = / (policia|autoridades|empresas? de recuperacion) (.{0,40} )?(no|ayudar) /
    $s2 = / (perdida|perdidos|perder|perdera) (.{0,16} )?(permanente|permanentemente|para siempre|definitivamente|sus (archivos|datos)|de (datos|archivos)) /
    $s3 = / (publicaremos|publicados|vendidos|venderemos|publicar|filtraremos|seran publicad[ao]s|publicacion de) (.{0,24} )?(sus|los|datos|archivos|en|todos|informacion|todo) /
  condition:
    any of them
}

rule pt_note {
  meta:
    language = "pt"
    group = "happened"
    weight = 4
    reason = "says in Portuguese that files have been encrypted"
  strings:
    $s0 = / (seus|todos|os|sua|seu|teus|suas) (.{0,50} )?(arquivos|ficheiros|dados|documentos|servidores|rede|sistemas?|computador|fotos|maquina|empresa) (.{0,50} )?(foram|estao|foi|esta|sao) (.{0,24} )?(criptografad|encriptad|cifrad|bloquead|sequestrad|roubad|hackead|codificad|baixad|comprometid)[ao]s? /
    $s1 = / (nos )?(criptografamos|encriptamos|ciframos|roubamos|baixamos|invadimos|hackeamos|copiamos) (.{0,40} )?(seus|todos|sua|os|dados|arquivos|rede|gb) /
  condition:
    any of them
}

rule pt_demand {
  meta:
    language = "pt"
    group = "demand"
    weight = 4
    reason = "demands payment in Portuguese or offers the key"
  strings:
    $s0 = / (pagar|pagamento|pague|enviar|envie|comprar|compre|transferir|resgate|adquirir) (.{0,50} )?(bitcoins?|btc|monero|resgate|xwalletx|dolares|reais|euros|chave|descriptografador|decodificador|ferramenta|desencriptador|programa) /
    $s1 = / (chave|ferramenta|software|programa) (privada |unica )?(de )?(descriptografia|desencriptacao|decodificacao|descriptacao|decifracao) /
    $s2 = / (descriptografador|desencriptador|decifrador) /
  condition:
    any of them
}

rule pt_recover {
  meta:
    language = "pt"
    group = "recover"
    weight = 3
    reason = "tells in Portuguese how to get files back"
  strings:
    $s0 = / (recuperar|restaurar|descriptografar|desencriptar|desbloquear|decifrar|recupere|recuperacao de) (.{0,16} )?(seus|todos|os|sua|seu|arquivos|um|dados) (.{0,24} )?(arquivos?|ficheiros|dados|documentos|rede|sistema|gratis|gratuitamente)? /
  condition:
    any of them
}

rule pt_contact {
  meta:
    language = "pt"
    group = "contact"
    weight = 3
    reason = "asks in Portuguese to make contact"
  strings:
    $s0 = / (entre em contato|contate|contacte|escreva|envie|entrar em contato|contatar|contactar|mande) (.{0,20} )?(conosco|connosco|nos|para|um (email|e mail|mensagem)|uma mensagem|o|pelo|com|via|xemailx) /
    $s1 = / (seu|sua|id) (id|identificador|codigo|identificacao|pessoal|chave) (pessoal|unico|unica|e|de|xblobx|[a-z0-9]{8,64}) /
    $s2 = / (baixe|instale|abra|usando|navegador|baixar|instalar|o) (.{0,24} )?(navegador tor|tor browser) /
  condition:
    any of them
}

rule pt_warning {
  meta:
    language = "pt"
    group = "warning"
    weight = 4
    reason = "warns in Portuguese against police, renaming or other tools"
  strings:
    $s0 = / (nao|nunca|nem|evite) (.{0,16} )?(renomeie|modifique|exclua|mova|tente|utilize|use|desligue|reinicie|contate|chame|altere|apague|mude|informe|renomear|modificar|delete|edite) (.{0,60} )?(arquivos|ficheiros|nome|extensao|dados|software|terceiros|policia|autoridades|computador|servidor|programas|descriptografar|recuperar|restaurar|ferramentas|sistema) /
    $s1 = / (policia|autoridades) (.{0,40} )?(nao|ajudar) /
    $s2 = / (perda|perdidos|perder|perdera) (.{0,16} )?(permanente|permanentemente|para sempre|definitivamente|seus (arquivos|dados)|de dados) /
    $s3 = / (publicaremos|publicados|vendidos|venderemos|divulgados|vazados|vazaremos|divulgaremos) (.{0,24} )?(seus|os|dados|arquivos|na|em|todos) /
  condition:
    any of them
}

rule it_note {
  meta:
    language = "it"
    group = "happened"
    weight = 4
    reason = "says in Italian that files have been encrypted"
  strings:
    $s0 = / (tuoi|vostri|tutti|suoi|i|la|il|tua|vostra|vostre) (.{0,50} )?(file|files|dati|documenti|server|rete|sistem[ai]|computer|foto|dischi|azienda) (.{0,50} )?(sono stati|sono|stati|e stat[ao]|stato|stata|abbiamo) (.{0,24} )?(crittografat|criptat|cifrat|bloccat|rubat|hackerat|codificat|compromess|violat|scaricat)[aieo] /
    $s1 = / abbiamo (.{0,20} )?(crittografato|criptato|cifrato|bloccato|rubato|scaricato|violato|hackerato|copiato|esfiltrato) (.{0,40} )?(tuoi|vostri|tutti|vostra|tua|dati|file|rete|gb|i) /
  condition:
    any of them
}

rule it_demand {
  meta:
    language = "it"
    group = "demand"
    weight = 4
    reason = "demands payment in Italian or offers the key"
  strings:
    $s0 = / (pagare|pagamento|paga|pagate|inviare|invia|acquistare|acquista|comprare|riscatto|inviate) (.{0,50} )?(bitcoins?|btc|monero|riscatto|xwalletx|dollari|euro|chiave|decryptor|decrittatore|decriptatore|strumento|programma) /
    $s1 = / (chiave|strumento|software|programma) (privata |unica )?(di )?(decrittazione|decriptazione|decifrazione|decifratura|decodifica) /
    $s2 = / (decriptatore|decrittatore|decifratore|il riscatto) /
  condition:
    any of them
}

rule it_recover {
  meta:
    language = "it"
    group = "recover"
    weight = 3
    reason = "tells in Italian how to get files back"
  strings:
    $s0 = / (recuperare|ripristinare|decifrare|decriptare|decrittare|decrittografare|sbloccare|riavere|recupero dei|riottenere) (.{0,16} )?(i|tuoi|vostri|tutti|dei|il|un|file|laccesso) (.{0,24} )?(file|files|dati|documenti|rete|sistema|gratis|gratuitamente)? /
  condition:
    any of them
}

rule it_contact {
  meta:
    language = "it"
    group = "contact"
    weight = 3
    reason = "asks in Italian to make contact"
  strings:
    $s0 = / (contattaci|contattateci|contattare|contatta|contattarci|scrivi|scrivici|scriveteci|scrivete|inviaci|inviateci|scrivere) (.{0,20} )?(a|al|allindirizzo|un (messaggio|email)|una (mail|email)|via|tramite|xemailx|noi|su|per|entro|il) /
    $s1 = / (tuo|vostro|id|codice) (id|identificativo|codice|personale|chiave) (personale|univoco|unico|e|di|xblobx|[a-z0-9]{8,64}) /
    $s2 = / (scarica|installa|apri|usando|utilizza|scaricate|installate|scaricare|installare|il) (.{0,24} )?(browser tor|tor browser) /
  condition:
    any of them
}

rule it_warning {
  meta:
    language = "it"
    group = "warning"
    weight = 4
    reason = "warns in Italian against police, renaming or other tools"
  strings:
    $s0 = / (non|mai|ne|evita|evitate) (.{0,16} )?(rinominare|rinominate|modificare|modificate|eliminare|cancellare|spostare|tentare|provare|usare|utilizzare|utilizzate|spegnere|spegnete|riavviare|contattare|contattate|chiamare|cercare|tentate) (.{0,60} )?(file|nome|estensione|dati|software|terze|terzi|polizia|autorita|computer|server|programmi|decifrare|recuperare|ripristinare|strumenti|sistema|decriptare) /
    $s1 = / (polizia|autorita) (.{0,40} )?(non|aiutare) /
    $s2 = / (perdita|persi|perdere|perderai|perderete) (.{0,16} )?(permanente|permanentemente|per sempre|definitivamente|definitiva|i (tuoi|vostri)|dei dati|dei file) /
    $s3 = / (pubblicheremo|pubblicati|venduti|venderemo|divulgati|divulgheremo) (.{0,24} )?(i|tutti|dati|file|sul|su|in|online|nel|vostri) /
  condition:
    any of them
}

rule nl_note {
  meta:
    language = "nl"
    group = "happened"
    weight = 4
    reason = "says in Dutch that files have been encrypted"
  strings:
    $s0 = / (uw|al|alle|je|jouw|de|jullie) (.{0,50} )?(bestanden|gegevens|documenten|servers?|netwerk|systemen|systeem|computers?|fotos|bedrijf) (.{0,50} )?(zijn|is|werden|worden|hebben|werd) (.{0,24} )?(versleuteld|vergrendeld|gegijzeld|gehackt|gestolen|geencrypteerd|gekopieerd|gecompromitteerd) /
    $s1 = / (wij|we) hebben (.{0,50} )?(versleuteld|gehackt|gestolen|gedownload|gekopieerd|vergrendeld) /
  condition:
    any of them
}

rule nl_rest {
  meta:
    language = "nl"
    group = "demand"
    weight = 4
    reason = "demands payment in Dutch or offers the key"
  strings:
    $s0 = / (betalen|betaling|betaal|kopen|losgeld|sturen|stuur|koop|overmaken) (.{0,50} )?(bitcoins?|btc|monero|losgeld|xwalletx|euro|sleutel|decryptor|ontsleutel[a-z]{0,14}|decoderings[a-z]{0,10}) /
    $s1 = / (bitcoins?|btc|losgeld) (.{0,30} )?(betalen|sturen|kopen|overmaken|xwalletx) /
    $s2 = / (prive|unieke|geheime|de) (sleutel|ontsleutelingssleutel|decoderingssleutel) /
  condition:
    any of them
}

rule nl_recover {
  meta:
    language = "nl"
    group = "recover"
    weight = 3
    reason = "tells in Dutch how to get files back"
  strings:
    $s0 = / (uw|je|jouw|alle|de|van|jullie|een) (.{0,20} )?(bestanden|gegevens|bestand|netwerk) (.{0,30} )?(terug|herstellen|ontsleutelen|herstel|ontgrendelen|decoderen|decrypten|terugkrijgen|gratis) /
  condition:
    any of them
}

rule nl_contact {
  meta:
    language = "nl"
    group = "contact"
    weight = 3
    reason = "asks in Dutch to make contact"
  strings:
    $s0 = / (neem contact|contacteer|schrijf|stuur|neem) (.{0,16} )?(met ons|ons|contact op|naar|een (e mail|mail|bericht|email)|xemailx) /
    $s1 = / (uw|je|jouw) (persoonlijke|unieke) (id|code|sleutel|identificatie) /
    $s2 = / (download|installeer|open|gebruik) (.{0,16} )?tor browser /
  condition:
    any of them
}

rule nl_warning {
  meta:
    language = "nl"
    group = "warning"
    weight = 4
    reason = "warns in Dutch against police, renaming or other tools"
  strings:
    $s0 = / (niet|geen|nooit) (.{0,40} )?(hernoemen|wijzigen|verwijderen|verplaatsen|ontsleutelen|herstellen|politie|software van derden|uitschakelen|opnieuw opstarten|software|afsluiten|autoriteiten) /
    $s1 = / (hernoem|wijzig|verwijder|gebruik|probeer|schakel|bel|verander|start) (.{0,40} )?(niet|geen|nooit) /
    $s2 = / (voorgoed|permanent|definitief|voor altijd) (.{0,10} )?(verloren|verwijderd|kwijt|verlies) /
    $s3 = / (gepubliceerd|publiceren|verkocht|verkopen|openbaar) (.{0,20} )?(wij|we|worden|uw|gegevens) /
    $s4 = / (gegevens|bestanden) (.{0,30} )?(gepubliceerd|publiceren|verkocht|verkopen|openbaar) /
  condition:
    any of them
}

rule ru_note {
  meta:
    language = "ru"
    group = "happened"
    weight = 4
    reason = "says in Russian that files have been encrypted"
  strings:
    $s0 = / (ваши|все|ваш|вашего|ваших|фаилы|твои|данные) (.{0,80} )?(зашифрован|заблокирован|закодирован|взломан|украден|скачан|похищен)[^ ]{0,6} /
    $s1 = / мы (.{0,40} )?(зашифровали|взломали|скачали|украли|заблокировали|похитили) /
    $s2 = / (зашифрованы|заблокированы|закодированы|зашифровано|были зашифрованы) (.{0,60} )?(фаилы|данные|ваши|все|документы|алгоритм) /
    $s3 = / (фаилы|данные|базы?|архивы?|документы) (.{0,16} )?у нас /
  condition:
    any of them
}

rule ru_demand {
  meta:
    language = "ru"
    group = "demand"
    weight = 4
    reason = "demands payment in Russian or offers the key"
  strings:
    $s0 = / (оплат|заплат|перевед|перечисл|куп|приобре|отправ)[^ ]{0,16} (.{0,90} )?(биткоин|битко|bitcoin|btc|ключ|дешифр|декодер|дешифратор|выкуп|xwalletx|декриптор|рубл|доллар|расшифров|кошел)[^ ]{0,16} /
    $s1 = / (дешифратор|дешифровщик|декодер|декриптор|ключ для расшифровки|выкуп|стоимость (расшифровки|дешифратора)|цена (расшифровки|дешифратора))[^ ]{0,6} /
    $s2 = / после оплаты /
    $s3 = / (сумма|стоимость|цена) (.{0,60} )?(зависит|увелич|удво|возраст)[^ ]{0,12} /
  condition:
    any of them
}

rule ru_recover {
  meta:
    language = "ru"
    group = "recover"
    weight = 3
    reason = "tells in Russian how to get files back"
  strings:
    $s0 = / (расшифров|восстанов|вернуть|разблокиров|дешифров|верн|получить)[^ ]{0,16} (.{0,60} )?(фаил|данн|доступ|информац|документ)[^ ]{0,12} /
    $s1 = / (бесплатн)[^ ]{0,12} (.{0,60} )?(расшифр|дешифр|тест)[^ ]{0,16} /
    $s2 = / (расшифр|дешифр)[^ ]{0,16} (.{0,60} )?(бесплатн|гаранти)[^ ]{0,12} /
  condition:
    any of them
}

rule ru_contact {
  meta:
    language = "ru"
    group = "contact"
    weight = 3
    reason = "asks in Russian to make contact"
  strings:
    $s0 = / (напишите|свяжитесь|пишите|связаться|написать|связь|отправьте|обращаитесь|обратитесь|контакт|для связи|почта|почту) (.{0,60} )?(нам|нами|мне|мнои|xemailx|почту|xonionx|xtelegramx|xtoxx|адрес|адресу|письмо) /
    $s1 = / (ваш|ваш личныи|личныи|персональныи|уникальныи|укажите|свои) (личныи |персональныи |уникальныи )?(id|ид|код|идентификатор|ключ) /
    $s2 = / (скачаите|установите|откроите|браузер) (.{0,30} )?tor /
    $s3 = / tor браузер/
    $s4 = / (мои|наш|моя|наша|мое) (email|e mail|mail|почта|адрес|контакт|jabber|telegram) /
  condition:
    any of them
}

rule ru_warning {
  meta:
    language = "ru"
    group = "warning"
    weight = 4
    reason = "warns in Russian against police, renaming or other tools"
  strings:
    $s0 = / (не|нельзя|запрещено) (.{0,30} )?(переименов|измен|удал|пыта|использ|перезагру|выключ|обраща|перемещ|трога|сообща|меня)[^ ]{0,16} (.{0,90} )?(фаил|данн|расширен|программ|сторонн|полици|компьютер|самостоятельн|расшифров|восстанов|антивирус|утилит)[^ ]{0,16} /
    $s1 = / (самостоятельн|сторонн)[^ ]{0,12} (.{0,40} )?(расшифров|восстанов|программ|утилит|по)[^ ]{0,16} /
    $s2 = / (безвозвратн|навсегда|необратим)[^ ]{0,8} /
    $s3 = / (опубликован|опубликуем|проданы|продадим|публикац)[^ ]{0,12} /
  condition:
    any of them
}

rule zh_note {
  meta:
    language = "zh"
    group = "happened"
    weight = 4
    reason = "says in Chinese that files have been encrypted"
  strings:
    $s0 = /(您|你|所有|全部|重要|贵公司|我的|這些|这些|的).{0,60}(文件|数据|資料|檔案|资料|文档|数据库|服务器|伺服器|电脑|電腦|系统|網絡|网络).{0,30}(已|被|遭).{0,24}(加密|锁定|鎖定|窃取|竊取|入侵|劫持|盗取|泄露)/
    $s1 = /我们.{0,20}(加密|窃取|入侵|下载)了?.{0,30}(您|你|文件|数据)/
    $s2 = /加密了.{0,24}(文件|数据|檔案|系统)/
  condition:
    any of them
}

rule zh_demand {
  meta:
    language = "zh"
    group = "demand"
    weight = 4
    reason = "demands payment in Chinese or offers the key"
  strings:
    $s0 = /(支付|付款|购买|購買|赎金|贖金|汇款|转账|缴纳).{0,60}(比特币|比特幣|bitcoin|btc|赎金|贖金|xwalletx|解密|密钥|密鑰|费用|美元|门罗币|usdt)/
    $s1 = /(比特币|比特幣|btc|赎金|贖金).{0,40}(支付|付款|钱包|錢包|地址|xwalletx|转)/
    $s2 = /(解密(工具|器|软件|程序|密钥|密鑰|钥匙)|赎金|贖金|勒索)/
  condition:
    any of them
}

rule zh_recover {
  meta:
    language = "zh"
    group = "recover"
    weight = 3
    reason = "tells in Chinese how to get files back"
  strings:
    $s0 = /(恢复|恢復|解密|还原|還原|找回|解锁|解鎖|取回).{0,30}(文件|数据|檔案|资料|資料|系统|文档)/
    $s1 = /(文件|数据|檔案|资料|資料).{0,24}(恢复|恢復|解密|还原|還原|找回)/
    $s2 = /免费.{0,20}解密/
    $s3 = /(要回|拿回|换回|赎回|贖回).{0,12}(数据|文件|资料|資料|檔案)/
  condition:
    any of them
}

rule zh_contact {
  meta:
    language = "zh"
    group = "contact"
    weight = 3
    reason = "asks in Chinese to make contact"
  strings:
    $s0 = /(联系|聯繫|聯系|联络|聯絡|发送|發送|写信|邮件|郵件|邮箱|郵箱|写邮件|添加).{0,60}(我们|我們|我|xemailx|xonionx|xtelegramx|xtoxx|邮箱|郵箱|邮件|郵件)/
    $s1 = /(您|你|个人|個人|唯一|本机).{0,9}(id|识别码|識別碼|身份|编号|key)/
    $s2 = /(下载|安装|打开|使用|下載).{0,20}tor/
  condition:
    any of them
}

rule zh_warning {
  meta:
    language = "zh"
    group = "warning"
    weight = 4
    reason = "warns in Chinese against police, renaming or other tools"
  strings:
    $s0 = /(不要|请勿|請勿|切勿|勿|禁止|不得|别).{0,40}(重命名|修改|删除|刪除|移动|尝试|嘗試|使用|关机|重启|報警|报警|第三方|解密|更改|改名|关闭|联系)/
    $s1 = /(永久|永远|永遠|彻底).{0,20}(丢失|遗失|遺失|损坏|損壞|删除|刪除|无法|失去)/
    $s2 = /(公开|公開|公布|泄露|洩露|出售|曝光).{0,30}(数据|资料|資料|文件|隐私|信息)/
    $s3 = /(数据|资料|資料|文件|信息).{0,40}(公开|公開|公布|泄露|洩露|出售|曝光)/
  condition:
    any of them
}

rule vi_note {
  meta:
    language = "vi"
    group = "happened"
    weight = 4
    reason = "says in Vietnamese that files have been encrypted"
  strings:
    $s0 = / (tep|tap tin|file|files|du lieu|may tinh|he thong|tai lieu|may chu|anh) (.{0,50} )?(da )?(bi|duoc) (.{0,16} )?(ma hoa|khoa|hack|danh cap|tan cong) /
    $s1 = / chung toi da (.{0,20} )?(ma hoa|khoa|danh cap|xam nhap|tai xuong|hack) /
  condition:
    any of them
}

rule vi_rest {
  meta:
    language = "vi"
    group = "demand"
    weight = 4
    reason = "demands payment in Vietnamese or offers the key"
  strings:
    $s0 = / (thanh toan|tra tien|tra|gui|chuyen|mua|tien chuoc|nop) (.{0,50} )?(bitcoin|btc|tien chuoc|tien|xwalletx|usd|khoa giai ma|phan mem giai ma|cong cu giai ma|khoa rieng) /
    $s1 = / (khoa|phan mem|cong cu|chuong trinh) giai ma /
  condition:
    any of them
}

rule vi_recover {
  meta:
    language = "vi"
    group = "recover"
    weight = 3
    reason = "tells in Vietnamese how to get files back"
  strings:
    $s0 = / (khoi phuc|giai ma|mo khoa|lay lai|phuc hoi) (.{0,24} )?(tep|tap tin|file|files|du lieu|tai lieu|may tinh|chung|he thong) /
  condition:
    any of them
}

rule vi_contact {
  meta:
    language = "vi"
    group = "contact"
    weight = 3
    reason = "asks in Vietnamese to make contact"
  strings:
    $s0 = / (lien he|lien lac|gui email|gui mail|gui thu|nhan tin|viet thu) (.{0,24} )?(voi |cho |den |toi |qua ){0,5}(chung toi|toi|email|xemailx|dia chi|telegram|xtelegramx|qua|minh) /
    $s1 = / (id|ma) (.{0,8} )?(cua ban|ca nhan) /
  condition:
    any of them
}

rule vi_warning {
  meta:
    language = "vi"
    group = "warning"
    weight = 4
    reason = "warns in Vietnamese against police, renaming or other tools"
  strings:
    $s0 = / (khong|dung|khong duoc|cam) (.{0,16} )?(doi ten|sua doi|chinh sua|xoa|thu|su dung|tat may|khoi dong|di chuyen|bao canh sat|co gang|bao cong an|lien he canh sat|thay doi) /
    $s1 = / (mat|xoa|bi mat) (.{0,16} )?(vinh vien|mai mai) /
  condition:
    any of them
}

rule other_languages {
  meta:
    language = "other"
    group = "happened"
    weight = 4
    reason = "says in Polish, Turkish, Czech, Korean or Japanese that files have been encrypted"
  strings:
    $s0 = / (twoje|wasze|wszystkie|panstwa) (.{0,40} )?(pliki|dane|dokumenty|serwery) (.{0,40} )?(zaszyfrowane|zablokowane|skradzione) /
    $s1 = / zostaly zaszyfrowane /
    $s2 = / (dosyalariniz|verileriniz|tum dosyalar|bilgisayariniz|sunucunuz|dosyalarin)[a-z]{0,6} (.{0,40} )?(sifrelendi|sifrelenmistir|kilitlendi|sifrelenmis|calindi|calinmistir) /
    $s3 = / (vase|vsechny|vas) (.{0,30} )?(soubory|data|dokumenty) (.{0,30} )?(zasifrovan|zablokovan)[a-z]? /
    $s4 = /(파일|데이터|문서|서버|컴퓨터).{0,60}암호화.{0,20}(되었|됐|했|된)/
    $s5 = /(ファイル|データ|システム|サーバ).{0,60}(暗号化|ロック)(され|しま|した)/
  condition:
    any of them
}

rule other_languages_rest {
  meta:
    language = "other"
    group = "demand"
    weight = 4
    reason = "speaks in Polish, Turkish, Korean or Japanese of paying or getting files back"
  strings:
    $s0 = / (odszyfrowa|odzyska)[a-z]{0,6} (.{0,30} )?(pliki|plikow|dane|danych) /
    $s1 = / (okup|klucz (prywatny|deszyfrujacy)|zaplac)[a-z]{0,6} (.{0,30} )?(bitcoin|btc|odszyfrow|xwalletx|plik)[a-z]{0,8} /
    $s2 = / (fidye|odeme|bitcoin|btc) (.{0,40} )?(gonder|ode|sifre coz|anahtar|xwalletx)[a-z]{0,8} /
    $s3 = / (dosyalariniz|verileriniz|dosyalar)[a-z]{0,4} (.{0,30} )?(geri|kurtar|coz)[a-z]{0,8} /
    $s4 = /(복구|복호화).{0,60}(비트코인|지불|연락|xemailx|열쇠|키)/
    $s5 = /(비트코인|bitcoin).{0,60}(지불|보내|송금)/
    $s6 = /(復元|復号|回復|復旧).{0,60}(ビットコイン|支払|連絡|xemailx|鍵|キー)/
    $s7 = /(ビットコイン|bitcoin|身代金).{0,60}(支払|送金|送)/
  condition:
    any of them
}

rule about_rules {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "is a detection rule or a list of indicators"
  strings:
    $s0 = / (rule ([a-z0-9]{1,30} ){1,6}meta|strings .{0,400}condition|logsource|detection selection|yara rule|sigma rule|falsepositives|wide ascii|nocase fullword|mitre attack|tlp white|attack t1[0-9]{3}) /
  condition:
    any of them
}

rule about_malware {
  meta:
    language = "any"
    group = "about"
    weight = -6
    reason = "speaks of ransomware from outside"
  strings:
    $s0 = / (ransomware (is a|attacks?|families|family|variants?|threats?|protection|operators|samples?|infections?|detection|behaviou?r|gangs?|simulat[a-z]{1,12}|incidents?|encrypts)|malware (analysis|analyst|family|researchers?|samples?)|type of malware|malicious software|the (attackers?|malware|threat actors?|adversary|adversaries|criminals|cybercriminals) (will|can|may|has|have|was|were|uses?|is|are|encrypts?|demands?|often|then|ask)|security researchers|(the )?victims (are|were|of|who|to|computer|files|should|can|may)|threat actors?|indicators of compromise|incident response (plan|process|procedures?|playbook|guide|checklist)) /
    $s1 = / (rancongiciels?|logiciels? malveillants?|programmes? malveillants?|les (attaquants|cybercriminels|pirates|malfaiteurs)|cyberattaques?) /
    $s2 = / (schadsoftware|erpressungstrojaner|verschlusselungstrojaner|cyberkriminelle|programa malicioso|software malicioso|ciberdelincuentes|software malevolo|cybercriminali|criminosos|kwaadaardige software) /
  condition:
    any of them
}

rule about_advice {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "advises victims as authorities do"
  strings:
    $s4 = / (do not|never|dont) pay (do not|never|dont (turn|touch|contact|delete)|report|unplug|disconnect|call your|inform your|keep the|ask your|there is no guarantee) /
    $s5 = / (no guarantee (.{0,40} )?pay(ing|s|ment)?|pay(ing|ment)? (.{0,40} )?(is|gives|offers|no) no guarantee|no guarantee that you will get (the |your |a )?(decrypt|key|data|files)[a-z]{0,8}) /
    $s6 = /([^s]|[^u]s|[^o]us|[^v]ous) ne (payez|payer|paie) (pas|rien|jamais) /
    $s7 = / (portons|porte|porter|portez|avoir porte|depose|deposons|depose une) plainte /
    $s8 = / (notre|mon|nos|le) (cabinet|etablissement|centre|serveur|reseau|laboratoire|clinique|pharmacie|systeme) (.{0,16} )?(a|avons|avoir) (.{0,8} )?ete victime dune? (cyberattaque|attaque|rancongiciel|piratage) /
    $s9 = / ne (les|lui|leur) (contactez|repondez|ecrivez|payez|contacter|repondre|ecrire) (pas|rien|jamais) /
    $s0 = / (do not|dont|never|should not|shouldnt|advise against|not recommended to|recommends? not|avoid|not to) pay(ing)? (the |any |a )?(ransoms?|criminals|attackers) /
    $s1 = / (report (the|this|it|any|an|your) (.{0,16} )?(incident|attack|crime|breach|police|authorities)|file a (police )?(complaint|report)|law enforcement (agencies )?(recommend|advise)|(inform|notify|contact|call) (your|the) (it (provider|department|support)|insurer|insurance|data protection)|nomoreransom|no more ransom|stopransomware|(must|should|shall|please) (.{0,12} )?(inform|notify|contact|report (it |this )?to) (.{0,30} )?data protection authority) /
    $s2 = / (ne (jamais )?(payez|payer|pas payer) (pas |jamais )?(la )?rancon|(faut|peut|peuvent|devez|pouvez|pensez a|pour|et|avant de) deposer plainte|deposez plainte|depot de plainte|17cyber|(site|service|dispositif|plateforme|sur|par|assistance) cybermalveillance|cybermalveillance gouv|(contactez|appelez|prevenez|alertez) (immediatement |aussitot )?(votre|le|notre) (prestataire|service) informatique|que faire en cas) /
    $s3 = / (losegeld nicht|kein losegeld|erstatten sie anzeige|no pague el rescate|no pagar el rescate|denuncie|nao pague o resgate|non pagare il riscatto|sporgere denuncia|betaal (het )?losgeld niet|doe aangifte) /
  condition:
    any of them
}

rule about_report {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "tells what happened to its author, or teaches about it"
  strings:
    $s0 = / (jai|nous avons|on a|avons) (tout de suite |aussitot |immediatement )?(debranche|appele (le|la|notre|le support|le technicien|lassistance)|constate|notifie la cnil|prevenu (le|la|notre|lassurance)|alerte (le|la|notre)) /
    $s1 = / (lecran|un message|une fenetre) (disait|affichait|affiche|indiquait|demandait|sest affiche)[a-z]{0,4} /
    $s2 = / (procureur|officier de police|commissariat|formation (cyber|securite|a la securite)[a-z]{0,10}|exemple de message|si vous (voyez|recevez) ce message|ne cliquez (pas|sur|jamais)) /
    $s3 = / (ransom|trojan|virus|malware|menace) (.{0,30} )?(detecte|detectee|detected|quarantined|mis en quarantaine) /
    $s4 = / (attackers|criminals|cybercriminals|hackers) (.{0,8} )?(demand(ed|s)?|threaten(ed|s)?) /
    $s5 = / (les|ces) (pirates|auteurs|attaquants|malfaiteurs|escrocs) (.{0,8} )?(demandent|reclament|menacent|exigent|veulent|ont) /
    $s6 = / (wir haben (nicht|kein losegeld|das losegeld nicht) (gezahlt|bezahlt)|unbekannte (tater )?(sind|haben)|we (did not|have not|refused to) pay|nous navons (pas|rien) paye) /
  condition:
    any of them
}

rule about_training {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "teaches: slides, exercises, a quiz"
  strings:
    $s0 = / (schulung|unterweisung|formation|cours|atelier|training|workshop|lesson|module [0-9]{1,3}|folie [0-9]{1,3}|diapo [0-9]{1,3}|slide [0-9]{1,3}) (.{0,60} )?(folie [0-9]{1,3}|diapo [0-9]{1,3}|slide [0-9]{1,3}|module [0-9]{1,3}|quiz|exemple (fictif|de texte)|exercice|ubung|erpressermail|elements? a reperer|points? a relever) /
    $s1 = / (never|nobody should|you should not) pay (for it|anybody|anyone|criminals|them|the ransom) /
    $s2 = / (true or false|vrai ou faux|richtig oder falsch|(free|our|this|gratuit|kostenloses|notre|ce) (.{0,16} )?(webinar|webinaire)|executive summary) /
    $s3 = / what every [a-z]{3,20} (should|must|needs to) know /
  condition:
    any of them
}

rule about_own_key {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "is the help of a program or service that protects files for their owner"
  strings:
    $s0 = / (conservez|gardez|notez|imprimez|keep|store|write down|remember) (.{0,10} )?(votre|la|le|your|the) (.{0,10} )?(cle de (restauration|recuperation)|mot de passe|passphrase|phrase secrete|code de recuperation|recovery key|password) /
    $s1 = / (si vous perdez|en cas de perte|perte|oubli|if you (lose|lost|forget|forgot)) (de |du |of )?(votre |le |la |your |the )?(mot de passe|passphrase|phrase secrete|password|recovery key|key we) /
    $s2 = / (de bout en bout|end to end encrypt[a-z]{1,6}|before (the )?upload|notice (pgp|gpg|technique|dutilisation)|nos serveurs (hds|securises)|hebergeur de donnees) /
    $s3 = / (archive chiffree|messagerie securisee|mssante|telechargement securise|lien securise) /
    $s4 = / without (your (password|passphrase|recovery key)|(the |a )?(passphrase|recovery key)) /
    $s5 = / (back ?up|export|save|protect) (your|the) (private|secret|recovery|encryption) key /
    $s6 = / (revocation certificate|openpgp|kleopatra|rescue disk) /
    $s7 = / (offentlichen schlussel|schlusselpaar|ende zu ende|wiederherstellungs(schlussel|satz|code)) /
  condition:
    any of them
}

rule about_invoice {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "asks for what is owed"
  strings:
    $s0 = / (votre facture|facture (n|no|numero|du|impayee)|reste impayee|impayees?|mise en demeure|huissier|recouvrement|sauf erreur de notre part|urssaf|carpimko|carmf|votre abonnement|your (invoice|subscription)|avis de contravention|amende (forfaitaire )?majoree|(amende|somme) sera majoree|stationnement|(outstanding|unpaid|open) invoices?|(unable|failed|not able) to charge your|hosting (account|plan|package|service)s?|payment reminder|overdue|penalites? de retard|une majoration|majorations? de retard) /
  condition:
    any of them
}

rule about_exchange {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "is the mail of an exchange or a bank about a payment"
  strings:
    $s0 = / (seed phrase|(asked|requested) to withdraw|your (bitcoin|btc|crypto|ethereum|eth) (withdrawal|deposit|purchase|order)|(withdrawal|transfer) (request|is being processed|has been (completed|sent))|you requested (a|this) (withdrawal|transfer)) /
    $s1 = / (votre (retrait|virement|achat) (de |en )?(bitcoin|btc|crypto[a-z]{0,10})) /
  condition:
    any of them
}
rule about_tips {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "asks for tips: a newsroom, a hotline for whoever reports abuses"
  strings:
    $s0 = / (securedrop|globaleaks|whistle ?blow(er|ers|ing)|our (newsroom|reporters)|(notre redaction|notre ligne dalerte)|lanceurs? dalerte|hinweisgeber[a-z]{0,16}|unsere redaktion) /
  condition:
    any of them
}
rule about_laboratory {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "offers to recover data from broken disks"
  strings:
    $s0 = / (free (evaluation|diagnosis)|no (data|recovery|success) no (fee|charge)|clean ?rooms?|diagnostic gratuit|notre salle blanche|kostenlose (diagnose|analyse)|reinraum[a-z]{0,8}) /
  condition:
    any of them
}
rule about_research {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "is a paper of researchers"
  strings:
    $s0 = / (in this (paper|study|article)|this (paper|article|study) (describes|presents|shows|proposes|examines|studies)|we (propose|evaluate|analy[sz]ed?|examined?) (.{0,24} )?(families|notes|samples|approach|method|dataset|corpus)|et al|doi org|dans cet article|cette etude) /
  condition:
    any of them
}
rule about_news {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "reports what others did and said"
  strings:
    $s0 = / (spokes(man|woman|person|people)|(chief information|chief security|press) officer|(said|told) (reporters|journalists|the (newspaper|press))|by staff reporter|lawsuits? (have|has|was|were|had) (been )?filed|the fbi (said|which|has|had|declined)|declined to comment|the gang (said|says|claims?|claimed|wants|wanted|had|demands?|demanded|wrote|left|posted)|(said|told) on (monday|tuesday|wednesday|thursday|friday|saturday|sunday)) /
    $s1 = / (porte parole|a declare (a la presse|le (directeur|maire|ministre|parquet|procureur)|la (directrice|direction))|selon (le parquet|la (direction|prefecture|police|gendarmerie)|lhopital|lanssi)|contactee? par (notre redaction|lafp)|agence france presse) /
    $s2 = / (pressesprecher(in)?|sagte (ein|eine|der|die) sprecher(in)?|wie (die|der) (polizei|staatsanwaltschaft) mitteilte|teilte (die|der) (polizei|staatsanwaltschaft|klinik) mit|portavoz|portavoce) /
  condition:
    any of them
}
rule about_contract {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "is a policy or a contract"
  strings:
    $s0 = / (policy (period|wording|schedule|holder)|policyholder|the insured (must|shall|person|event|will)|indemnification|(we|the insurer|insurers?) (will |shall )?(indemnify|reimburse)|condition precedent|(extortion|cyber) (event|threat|loss|extortion) means|means a credible threat) /
    $s1 = / (conditions (generales|particulieres)|lassure (doit|devra|sengage|est tenu)|le souscripteur|nous indemnisons|vertragsbedingungen|versicherungsbedingungen|versicherungsnehmer) /
    $s2 = / (coordinated|responsible|vulnerability) disclosure (policy|program|programme|process) /
  condition:
    any of them
}

rule about_blackmail {
  meta:
    language = "any"
    group = "about"
    weight = -9
    reason = "blackmails a person with pictures of them"
  strings:
    $s0 = / (videos?|webcam|camera|enregistrement|images) (.{0,40} )?(de vous|vous montrant|a tous vos contacts|of you|of yourself|masturb[a-z]{0,12}|porn[a-z]{0,8}|adultes?) /
    $s1 = / (masturb[a-z]{0,12}|sites? (porno|pour adultes|pornographiques?)|porn sites?) /
  condition:
    any of them
}

rule about_software {
  meta:
    language = "any"
    group = "about"
    weight = -3
    reason = "is documentation of software"
  strings:
    $s0 = / (usage|synopsis|options|see also|copyright (c )?(19|20)[0-9]{2}|licensed under|gnu general public|apache license|mit license|return value|api reference|command line|source code|man page|github com|sourceforge|debian|stdin|stdout|config file|environment variable|parameters?|arguments?|functions?|class|module|api|default value|public key|passphrase|keyring|keyserver|git|repository|pull request|changelog|release notes) (.{0,300} )?(options|synopsis|copyright|license|function|parameter|argument|command|class|module|default|api|returns?|passphrase|keyring|repository|config|debian|bug|version) /
  condition:
    any of them
}

rule name_telling {
  meta:
    language = "any"
    group = "name"
    weight = 3
    reason = "has a name that notes have"
  strings:
    $s0 = /xname .{0,60}(how|hov) ?(to|2|do|can|you) .{0,16}(decrypt|decode|recover|restore|unlock|back|get|return|open|fix|repair|decript|buy|pay|save)/
    $s1 = /xname .{0,60}(decrypt|decript|decode|restore|recover|recovery|unlock|unblock|encrypted|locked|ransom|hostage|back your|hacked|restoration|return|retrieve|breach|leak)[a-z]{0,6} ?(me |my |your |all |the |of ){0,5}(files?|instructions?|info|information|help|note|readme|read|data|guide|manual|now|warning|here|txt|html|hta|hint)/
    $s2 = /xname .{0,60}(readme|read me|read|help|instructions?|info|attention|warning|important|howto|note|lisez moi|lire|guide|follow|open) ?.{0,12}(decrypt|unlock|restore|recover|decript|ransom|encrypt|hacked|files|locked|decode|back)/
    $s3 = /xname .{0,60}(your files|files (encrypted|locked|back|are|recovery|help)|help (decrypt|restore|recover|you|me|your|my)|my files|all files|ransom note|pay or|buy decrypt|data breach|security event|what happen|whathappen|you are hacked|get your)/
    $s4 = /xname .{0,60}(comment (restaurer|recuperer|dechiffrer|decrypter)|fichiers (chiffres|cryptes)|recuper(er|ation)|restaurer|dechiffr|decrypt|como (recuperar|descifrar|restaurar|descriptografar)|wiederherstell|entschlussel|come recuperare|recuperare i file|восстанов|расшифр|解密|恢复|как расшифр|giai ma|khoi phuc)/
  condition:
    any of them
}

rule name_readme {
  meta:
    language = "any"
    group = "name"
    weight = 1
    reason = "has a name that asks to be read"
  strings:
    $s0 = /xname .{0,40}(readme|read ?me|r3adm3|read|help|instructions?|information|attention|warning|important|note|howto|how to|contact|urgent|notice|lisez ?moi|lisezmoi|lire|lies ?mich|leame|lee ?me|leia|leggimi|lees ?mij|прочти|читать|请读|info) /
    $s1 = /xname xmark/
    $s2 = /xname .{0,60} hta /
  condition:
    any of them
}
