"""Standing phrases of pages, by language: what begins a line that is none of the article's.

English, French, German, Spanish, Italian, Dutch, Portuguese, Polish and some Nordic ones.
"""

from __future__ import annotations

import re


def _beginning(*phrases: str) -> re.Pattern[str]:
    """Return a pattern for lines that begin with one of the phrases, whatever signs stand before it."""
    return re.compile(rf"\W*(?:{'|'.join(phrases)})", re.IGNORECASE)


READ_ALSO = _beginning(
    r"(?:read|see|watch|listen|hear) (?:also|more|next|now)\b|also (?:read|see|on)\b|more (?:on|from|about) ",
    r"related(?: (?:articles?|stories|posts?|content|topics?|reading|coverage|links?))?\s*(?::|$)",
    r"(?:more )?recommended\b|don['’]t miss\b|you (?:may|might) (?:also )?(?:like|be interested)|further reading\b",
    r"lire (?:aussi|également|la suite)\b|à (?:lire|voir|écouter)(?: aussi| également)?\b|voir aussi\b",
    r"sur le même sujet|articles? (?:liés?|similaires?)",
    r"(?:lesen|sehen|hören) sie (?:auch|hier|dazu|mehr)\b|lies auch\b|auch interessant\b|weiterlesen\b|siehe auch\b",
    r"mehr (?:zum thema|dazu|über|aus)\b|das könnte (?:sie|dich)\b|passend dazu|zum (?:thema|artikel)\s*:",
    r"empfohlener (?:redaktioneller )?inhalt|link zum \w+[- ]inhalt",
    r"le[ea] también|lea además|te puede interesar|más (?:información|noticias)|noticias? relacionadas?|ver también",
    r"leggi anche|leggi (?:tutto|di più)|potrebbe interessarti|vedi anche|per approfondire",
    r"lees (?:ook|meer|verder|hier)\b|bekijk ook|meer over\b",
    r"leia (?:também|mais)|veja (?:também|mais)|saiba mais",
    r"(?:czytaj|zobacz) (?:też|także|również|więcej)|więcej na ten temat",
    r"läs (?:också|även|mer)|l[eæ]s også",
)
"""The teaser of another article."""

CALL = _beginning(
    r"(?:please )?(?:subscribe|sign up|follow (?:us|me)|like us|join (?:us|our|the|thought)|donate|support (?:us|our))",
    r"share (?:this|on|with)|click (?:here|below|on|to)|tap here|download (?:the|our) app|email this|copy link|loading",
    r"get (?:the|our) (?:latest|newsletter|app|best)|newsletter|advertisement|skip to|editor['’]?s['’]? picks?",
    r"comments?\b\s*(?:\(\d+\)|\d+)?\s*$|leave a (?:comment|reply)|view (?:comments|gallery)",
    r"listen to (?:this|the) article|print(?: this)?(?: page| article)?\s*$|all rights reserved|copyright\b|©",
    r"(?:this|some of the|our) .{0,60}\baffiliate\b|.{0,60}\bmay earn (?:us )?(?:a|an|some)\b.{0,40}\bcommission",
    r"(?:was|is) (?:this|the) (?:\w+ )?(?:helpful|useful)|rate this|log ?in to |sign in to |please log ?in",
    r"cet(?:te)? \w+ vous a(?:-t-\w+)? été utile|fanden sie diese|war dieser (?:artikel|beitrag|text) "
    r"|¿te (?:fue|ha sido"
    r"|resultó) útil|ti è stato utile",
    r"did you (?:like|enjoy) this|(?:found|spotted|see) (?:an?|any) (?:error|mistake|typo)|like it\? |pin it\b",
    r"abonnez-vous|inscrivez-vous|suivez[- ]nous|partage[rz]?(?:\s|$)|s['’]abonner|recevez|cliquez ici|publicité\s*$",
    r"soutene[zr][- ](?:nous|notre)|soutiens-nous|faites un don\b.{0,20}$|tous droits réservés|imprimer|(?:une erreur"
    r"|(?:vous avez )?repéré une)",
    r"cet article vous a|avez-vous aimé|votre avis|vous avez aimé",
    r"abonnieren|abonniere|melden sie sich|jetzt (?:anmelden|abonnieren|registrieren|kostenlos)|folgen sie|folge uns",
    r"teilen\b|anzeige\s*$|werbung\s*$|artikel (?:drucken|teilen|versenden|anhören)|zur startseite|hier klicken",
    r"alle rechte vorbehalten|kommentare?\s*\d*\s*$|fehler (?:gefunden|entdeckt)|folgst du"
    r"|unterstütz(?:e|t|en sie)? uns",
    r"spende[tn]?\b (?:sie )?(?:jetzt|an uns)|ap[oó]ya(?:nos\b| nuestr)|dona(?:te| ahora| ora)?\b\s*$|haz una donación"
    r"|sostien(?:i|ici)\b|fai una donazione|steun ons|doneer\b|doe een donatie|apoie(?:-nos)?\b|wesprzyj"
    r"|støtt oss|stöd oss",
    r"(?:wie )?hat (?:ihnen|dir) (?:dieser|der) |durchschnittliche bewertung|ein klick für den datenschutz",
    r"ihre meinung ist|senden sie uns|schreiben sie uns|(?:unabhängiger|guter|kritischer) journalismus",
    r"suscr[ií]b[ea]te|síguenos|compart[ei]r?\s*$|haz clic|publicidad\s*$|todos los derechos reservados",
    r"iscriviti|seguici|condividi|clicca qui|pubblicità\s*$|riproduzione riservata|tutti i diritti",
    r"schrijf je in|abonneer|volg ons|deel (?:dit|op|via)|klik hier|advertentie\s*$|alle rechten voorbehouden",
    r"inscreva-se|assine|siga-nos|siga (?:o|a) |compartilhe|clique aqui|publicidade\s*$",
    r"zapisz się|subskrybuj|obserwuj nas|udostępnij|reklama\s*$",
)
"""What the page wants of its reader."""

CAPTION = _beginning(
    r"(?:photo(?:graph)?s?|fotos?|image|picture|bild(?:er)?|imagen|immagine|beeld|credit|getty|reuters|afp|symbolbild"
    r"|crédits?(?: photo)?|archivbild|file photo|illustration)\s*(?:credits?|by|von|de|par|quelle)?\s*[:/©|]",
    r"(?:\d+|\w+) ?(?:-\s*)?(?:min(?:ute)?s?|minuten|minutos|minuti) ?(?:read|de lecture|lesezeit|de lectura|di lettura"
    r"|leestijd)\b",
    r"(?:reading time|lesezeit|temps de lecture|tiempo de lectura|tempo di lettura|leestijd)\b",
)
"""Who made a picture; how long the reading takes."""

_COUNTED = (
    r"comments?|replies|responses?|reactions?|views?|reads?|readers?|shares?|likes?|hits?|visits?|visitors?|votes?"
    r"|trackbacks?|commentaires?|réactions?|réponses?|vues?|lectures?|lecteurs?|visites?|visiteurs?|partages?|votes?"
    r"|kommentare?|antworten|aufrufe?|zugriffe?|besucher(?:innen)?|leser(?:innen)?|stimmen|comentarios?|respuestas?"
    r"|visitas?|visitantes?|lecturas?|commenti|commento|risposte|visite|visitatori|letture"
    r"|visualizzazioni|reacties|reactie"
    r"|antwoorden|weergaven|bezoekers|lezers|comentários?|visualizações|komentarz[ey]?|kommentarer"
)
COUNTER = re.compile(
    rf"\W*\d[\d .,'’]*\s*(?:{_COUNTED})\b.{{0,30}}$"
    rf"|\W*(?:{_COUNTED}|lu|vu|gelesen|leído|letto|gelezen|seen|viewed|read)\s*[:(]?\s*\d[\d .,'’]*\)?\s*"
    r"(?:times|fois|mal|veces|volte|keer|vezes)?\W*$",
    re.IGNORECASE,
)
"""What counts comments, readers, votes."""

MOMENT = _beginning(
    r"(?:(?:this \w+ (?:was )?)?(?:last |most recently )?(?:updated|modified|edited|changed|revised|posted|published)"
    r"|(?:dernière )?(?:mise à jour|modification)|maj|mis à jour|modifié|publié|posté|mis en ligne"
    r"|(?:zuletzt )?(?:aktualisiert|geändert|bearbeitet|veröffentlicht)|stand|letzte (?:änderung|aktualisierung)"
    r"|(?:última )?(?:actualización|modificación)|actualizado|publicado|ultim[ao] (?:aggiornamento|modifica)|aggiornato"
    r"|pubblicato|(?:laatst )?(?:bijgewerkt|gewijzigd|geplaatst)|il y a|vor|hace|(?:today|heute"
    r"|aujourd['’]hui) (?:is|ist)?)\b"
)
"""When a page was changed or put up; what follows says whether it is more than that."""

TAIL = re.compile(
    r"©|\bbest viewed (?:at|in|with)\b"
    r"|\bcopyright\b|all rights reserved|newsletter|subscribe|sign up|abonnieren|abonnez|inscrivez-vous|suscríbete"
    r"|iscriviti|\bfollow (?:him|her|them|us|me) on\b|is a (?:staff )?(?:writer|reporter|journalist) (?:at|for)\b"
    r"|^\W*(?:follow|contact) (?:the author|\w+(?: \w+)? on)"
    r"|^\W*(?:tags?|topics?|categor(?:y|ies)|filed under|posted in|labels?|keywords?|themen|schlagw[oö]rter?"
    r"|mots[- ]clés|thèmes?|etiquetas|temas|argomenti|trefwoorden)\s*:?",
    re.IGNORECASE,
)
"""What stands under an article, anywhere in its line."""

_MONTH = (
    r"(?:jan|feb|fév|mar|mär|mrt|apr|avr|abr|may|mai|maj|mei|mag|jun|juin|giu|jul|juil|lug|aug|août|ago|sep|set|oct|okt"
    r"|ott|nov|dec|dez|déc|dic)\w*\.?"
)
ANONYMOUS = frozenset("anonymous anonym anonyme anónimo anonimo anoniem anônimo".split())
"""How somebody signs who does not."""

DATE = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th|er|\.)?\s*(?:de |of )?{_MONTH},?\s*(?:de )?\d{{4}}"
    rf"|\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}|\b\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}\b"
    rf"|\b\d{{4}}-\d\d-\d\d\b",
    re.IGNORECASE,
)

AGO = re.compile(
    r"\d+\s*(?:min(?:ute)?s?|h(?:ours?|eures?)?|days?|weeks?|months?|years?|jours?|semaines?|mois|ans?|minuten|stunden?"
    r"|tag(?:en|e)?|wochen?|monat(?:en|e)?|jahr(?:en|e)?|horas?|d[ií]as?|semanas?|mes(?:es)?|años?|or[ae]|giorn[oi]"
    r"|settiman[ae]|mes[ei]|anni|uur|dagen|weken|maanden|jaar)\b",
    re.IGNORECASE,
)
"""How long ago."""
HOUR = re.compile(
    r"\b\d{1,2}\s*[:h.]\s*\d{0,2}(?::\d\d)?(?:\s*(?:[ap]\.?m\.?|uhr))?|\b\d{1,2}\s*[ap]m\b", re.IGNORECASE
)

BYLINE = _beginning(
    r"(?:written |posted |published |reviewed |edited )?(?:by|von|par|por|di|door|da)\s*:?\s+(?-i:[A-ZÀ-Þ@])",
    r"(?:published|posted|(?:last )?updated|modified|veröffentlicht|aktualisiert|stand|publié|mis à jour|modifié"
    r"|publicado|actualizado|pubblicato|aggiornato|gepubliceerd|bijgewerkt)\b\s*(?:on|at|le|am|el|il|op)?\s*:?",
    r"(?:author|autor|auteur|autore)s?\s*:",
)
"""Who wrote it, and when."""
