"""What credits are worded with, by language: English, French, German, Spanish, Italian, Dutch; of others the commonest.

A *label* stands before a colon ("Source:"). A *taking* says that the text was taken over, wherever it stands in a
sentence ("we repost this from"). A *kind* names what the text is and needs its place at the head of a clause ("press
release by"): inside a sentence it would only mention somebody.
"""

from __future__ import annotations


def _any(*wordings: str) -> str:
    return "|".join(wordings)


def _few(words: int) -> str:
    return rf"(?:[\w'’.-]+\s+){{0,{words}}}?"


LABELS = _any(
    r"sources?|original(?:ly)?(?: (?:source|text|article|post|version|statement))?|credits?(?: to)?|text|copied from",
    r"texte|article original|version originale|origine",
    r"(?:original)?quellen?|originaltext|originalartikel|originalbeitrag|text von",
    r"fuentes?|texto|artículo original|fuente original",
    r"font[ei]|testo|articolo originale",
    r"bron(?:nen)?|tekst|origineel",
    r"πηγή|источник|джерело|kaynak|alıntı|المصدر|منبع|来源|來源|出处|出典|転載元|ที่มา",
)
"""Before a colon."""

_THING_EN = (
    r"(?:press\s?release|news\s?release|statement|communiqu[eé]|text|article|report|post|story|appeal|call(?:out)?|letter"
    r"|declaration|translation|message|leaflet|update)"
)
_THING_FR = (
    r"(?:communiqu[eé](?:\s+de\s+presse)?|texte|article|tribune|appel|déclaration|lettre|billet|compte[- ]rendu"
    r"|traduction|message|tract)"
)
_THING_DE = (
    r"(?:presse(?:mitteilung|erklärung|aussendung)|PM|erklärung|mitteilung|stellungnahme|text|artikel|beitrag|aufruf"
    r"|bericht|kommuniqué|übersetzung|flugblatt)"
)
_THING_ES = (
    r"(?:comunicado(?:\s+de\s+prensa)?|texto|artículo|nota(?:\s+de\s+prensa)?|declaración|carta|traducción|mensaje)"
)
_THING_IT = r"(?:comunicato(?:\s+stampa)?|testo|articolo|nota(?:\s+stampa)?|dichiarazione|appello|lettera|traduzione)"
_THING_NL = r"(?:persbericht|verklaring|tekst|artikel|bericht|oproep|brief|vertaling)"

TAKINGS = _any(
    r"we\s+(?:also\s+)?(?:re-?(?:publish|post|print)|reproduce|pass\s+on|document|share|forward|publish)\s+"
    rf"(?:\S+\s+){{0,4}}{_THING_EN}\s+(?:by|from|of)",
    r"nous\s+(?:reproduisons|publions|relayons|diffusons|partageons|transmettons|reprenons)\s+"
    rf"(?:\S+\s+){{0,4}}{_THING_FR}\s+(?:par|des|d[eu]|d['’])",
    r"wir\s+(?:dokumentieren|veröffentlichen|teilen|verbreiten|spiegeln|übernehmen)\s+"
    rf"(?:\S+\s+){{0,4}}{_THING_DE}\s+(?:von|vom|der|des|aus)",
    r"перепечатано\s+(?:с|из)|转载自|轉載自|αναδημοσίευση\s+από|نقلا\s+عن",
    r"(?:re-?|cross-?)?post(?:ed|ing)\s+" + _few(5) + r"(?:from|via)",
    r"(?:re-?(?:publish|print|blogg?)(?:ed|ing)|reproduc(?:ed|ing)|cop(?:ied|ying)|taken|lifted|borrowed|translated"
    r"|adapted|excerpted|extracted|syndicated|mirrored|shar(?:ed|ing)|forwarded|received)\s+"
    + _few(6)
    + r"(?:from|via)",
    r"(?:first|originally|previously|initially|earlier)\s+(?:published|appeared|posted|printed|released|issued|ran)\s+"
    r"(?:online\s+)?(?:on|in|at|by|with|via)",
    r"(?:published|appeared|posted|printed|released|issued|ran)\s+(?:first|originally|previously|initially|earlier)\s+"
    r"(?:on|in|at|by|with|via)",
    r"(?:with|by)\s+(?:kind\s+)?permission\s+(?:of|from)|(?:by\s+)?courtesy\s+of|hat\s?tip(?:\s+to)?|\bh/t",
    r"(?:read\s+the\s+)?original\s+" + _few(3) + r"(?:on|at|in|from|by)",
    r"(?:repris|reproduit|relayé|copié|tiré|extrait|emprunté|traduit|republié|reposté|rebloggé|transmis|partagé)e?s?\s+"
    + _few(4)
    + r"(?:d['’]après|à partir d[eu]|depuis|dans|chez|sur|par|des|d[eu]|d['’])",
    r"(?:lu|vu|trouvé)e?s?\s+(?:sur|dans|chez)",
    r"(?:paru|publié|diffusé|posté|mis\s+en\s+ligne)e?s?\s+(?:initialement|d['’]abord|à\s+l['’]origine|précédemment"
    r"|originellement|pour\s+la\s+première\s+fois)\s+(?:sur|dans|par|chez)",
    r"(?:initialement|d['’]abord|originellement)\s+(?:paru|publié|diffusé|posté)e?s?\s+(?:sur|dans|par|chez)",
    r"(?:version\s+)?original[e]?\s+(?:sur|chez|dans)",
    r"(?:übernommen|gespiegelt|kopiert|entnommen|übersetzt|nachgedruckt|geteilt|weiterverbreitet)\s+"
    + _few(4)
    + r"(?:von|vom|aus|bei|auf|nach|über|via)",
    r"(?:gelesen|gefunden|gesehen)\s+(?:bei|auf|in|im)",
    r"(?:zuerst|ursprünglich|erstmals|zunächst)\s+(?:veröffentlicht\s+|erschienen\s+|publiziert\s+)?"
    r"(?:bei|auf|in|im|von|durch)",
    r"(?:erst)?(?:veröffentlicht|erschienen|publiziert)\s+(?:zuerst|ursprünglich|erstmals)\s+(?:bei|auf|in|im|von|durch)",
    r"original(?:text|artikel|beitrag|version|fassung)?\s+(?:bei|auf|von|in|im|unter)",
    r"(?:tomado|copiado|extra[íi]do|traducido|reproducido|republicado|recogido|sacado|compartido)[oa]?s?\s+"
    + _few(4)
    + r"(?:desde|del|de|en)",
    r"(?:visto|le[íi]do|encontrado)\s+en",
    r"(?:publicad|aparecid|difundid|postead)[oa]\s+(?:originalmente|primero|inicialmente|antes|por\s+primera\s+vez)\s+"
    r"(?:en|por)",
    r"(?:originalmente|inicialmente)\s+(?:publicad|aparecid)[oa]\s+(?:en|por)",
    r"(?:(?:artículo|texto)\s+)?original\s+en",
    r"(?:ripres|tratt|copiat|tradott|riportat|riprodott|ripubblicat|estratt|condivis)[oaie]\s+"
    + _few(4)
    + r"(?:dalla|dallo|dagli|dal|dai|da|dall['’])",
    r"(?:lett|vist|trovat)[oa]\s+(?:sul|sulla|su)",
    r"(?:pubblicat|appars|uscit)[oa]\s+(?:originariamente|originalmente|inizialmente|prima|per\s+la\s+prima\s+volta)\s+"
    r"(?:sulla|sul|su|da|in)",
    r"(?:pubblicat|appars|uscit)[oa]\s+in\s+origine\s+(?:sulla|sul|su|da|in)",
    r"(?:originariamente|originalmente|inizialmente)\s+(?:pubblicat|appars)[oa]\s+(?:sulla|sul|su|da|in)",
    r"(?:(?:articolo|testo)\s+)?originale\s+(?:sulla|sul|su)",
    r"(?:overgenomen|gekopieerd|vertaald|ontleend|doorgeplaatst|gedeeld)\s+" + _few(4) + r"(?:van|uit|via|bij)",
    r"(?:gelezen|gezien|gevonden)\s+(?:op|bij)",
    r"(?:eerder|eerst|oorspronkelijk)\s+(?:verschenen|gepubliceerd|geplaatst)\s+(?:op|bij|in|door)",
    r"(?:verschenen|gepubliceerd|geplaatst)\s+(?:eerder|eerst|oorspronkelijk)\s+(?:op|bij|in|door)",
    r"(?:verscheen|stond)\s+(?:eerder|eerst|oorspronkelijk)\s+(?:op|bij|in)",
    r"origineel\s+(?:op|bij|in)",
)
"""That a text was taken over; an outlet follows."""

TAKEN_BEHIND = _any(
    r"(?:zuerst |ursprünglich )?(?:veröffentlicht|erschienen|übernommen|publiziert|kopiert|gespiegelt|entnommen)",
    r"(?:eerder |eerst |oorspronkelijk )?(?:verschenen|gepubliceerd|geplaatst|overgenomen|gekopieerd)",
)
"""The same where the verb comes last: between it and this, the outlet."""

BEFORE_BEHIND = r"(?:zuerst|ursprünglich|eerder|eerst|oorspronkelijk)?\s*(?:von|vom|aus|bei|auf|van|uit|op)"

KINDS = _any(
    rf"{_THING_EN}\s+(?:of\s+an?\s+{_THING_EN}\s+)?(?:by|from|of)(?:\s+the)?",
    rf"{_THING_FR}\s+(?:d['’]une?\s+{_THING_FR}\s+)?(?:publié\s+par|paru\s+(?:dans|sur)|par|des|d[eu]|d['’])",
    rf"{_THING_DE}\s+(?:eine[rs]\s+{_THING_DE}\s+)?(?:vom|von|der|des|aus)",
    rf"{_THING_ES}\s+(?:de\s+una?\s+{_THING_ES}\s+)?(?:del|de|por)",
    rf"{_THING_IT}\s+(?:di\s+una?\s+{_THING_IT}\s+)?(?:della|dello|degli|del|dei|di|da)",
    rf"{_THING_NL}\s+(?:van\s+een\s+{_THING_NL}\s+)?(?:van|door)",
    r"published\s+(?:on|in|at|by)|publié\s+(?:sur|dans|par)|paru\s+(?:sur|dans)|mis\s+en\s+ligne\s+(?:sur|par)",
    r"(?:veröffentlicht|erschienen)\s+(?:bei|auf|in|im|von)|publicado\s+(?:en|por)|pubblicato\s+(?:sul|su|da)",
    r"(?:verschenen|gepubliceerd)\s+(?:op|bij|in|door)|verschenen\s+in",
    r"press\s?release|communiqu[eé](?:\s+de\s+presse)?|pressemitteilung|comunicado(?:\s+de\s+prensa)?"
    r"|comunicato(?:\s+stampa)?|persbericht",
    r"via|from|translated from|par\s+la\s+rédaction\s+d[eu]|supplément\s+(?:au|à)|beilage\s+(?:der|zur)",
    r"suplemento\s+de|supplemento\s+(?:a|al|di)|bijlage\s+(?:van|bij)|thanks\s+to|merci\s+à|dank\s+an|gracias\s+a",
    r"grazie\s+a|met\s+dank\s+aan",
)
"""What the text is, at the head of its clause; a known outlet follows."""

DETERMINER = r"(?:(?:the|la|le|les|el|los|las|il|lo|gli|der|die|das|dem|den|de|het|site|website|blog)\s+|l['’]\s*)?"
"""What may stand between a cue and its outlet."""
