"""Lines in which an article names its origin: "(source: indymedia london)", "Repris de Terre d'Accueil"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from aggregator import analysis, urls
from aggregator.model import Credit, Source

_MAX_LINE_CHARS = 160
"""Longer lines are sentences of the article; a credit inside a sentence is not looked for yet."""

_NOUNS = r"sources?|quellen?|fuentes?|fonte|fonti|bron|bronnen"
_PHRASES = "|".join(
    (
        r"press release (?:from|by)|statement (?:from|by)|communiqué (?:de presse )?d[eu]",
        r"comunicado de|comunicato (?:stampa )?di|pressemitteilung (?:von|des|der)|persbericht van",
        r"via|from|re-?posted from|first published (?:on|by|in)|originally published (?:on|by|in)|translated from",
        r"this article first appeared (?:on|in)|article initialement publié (?:sur|dans|par)|article paru dans",
        r"repris d[eu]|lu sur|traduit d[eu](?: l['’]\w+)?,? source|publié (?:d['’]abord )?(?:sur|par)",
        r"übernommen von|gelesen bei|zuerst (?:veröffentlicht )?(?:bei|auf)",
        r"tomado de|publicado (?:originalmente )?en|ripreso da|tratto da|pubblicato (?:originariamente )?su",
        r"overgenomen van|eerder verschenen (?:op|bij)",
    )
)
_BEFORE = r"(?:^|[.…\]]\s|read more\s*/\s*)"
_AFTER = r"\s*(?:\([^()]*\))?\s*[)\].]*\s*$"
_CREDITS = tuple(
    re.compile(_BEFORE + middle + _AFTER, re.IGNORECASE)
    for middle in (
        rf"[(\[\s]*(?:{_NOUNS}|{_PHRASES})\s*:{{1,2}}\s*(?P<outlet>[^()\[\]\n]{{2,80}}?)",  # with a colon
        rf"[(\[]\s*(?:{_NOUNS}|{_PHRASES})\s+(?P<outlet>[^()\[\]\n]{{2,80}}?)",  # in brackets
        rf"\s*(?:{_PHRASES})\s+(?P<outlet>(?-i:[A-ZÀ-ÖØ-Þ]|https?://)[^()\[\]\n,;!?]{{1,60}}?)",  # bare: a name
    )
)
_JOINT = re.compile(
    r"^[(\[\s]*(communiqué commun|joint (?:statement|press release)|gemeinsame (?:erklärung|pressemitteilung)"
    r"|comunicado conjunto|comunicato congiunto|gezamenlijke verklaring)",
    re.IGNORECASE | re.MULTILINE,
)


def find_credits(text: str) -> list[Credit]:
    """Return the credit lines of a text, unresolved, in order."""
    found, start = [], 0
    for line in text.split("\n"):
        outlet = _outlet(line) if len(line) <= _MAX_LINE_CHARS else None
        if outlet:
            found.append(Credit(start=start, end=start + len(line), line=line.strip(), outlet=outlet))
        start += len(line) + 1
    return found


def _outlet(line: str) -> str | None:
    for pattern in _CREDITS:
        if hit := pattern.search(line):
            return hit["outlet"].strip(" .:;,\"'“”«»") or None
    return None


def is_joint(text: str) -> bool:
    """Whether a text says that several signed it together: then no copy is the original."""
    return bool(_JOINT.search(text[:2000]))


def resolve(credit: Credit, sources: Sequence[Source]) -> Credit:
    """Return the credit with the source it means, if it is one that we follow: by name, id, alias or host."""
    address = urls.canonical(credit.outlet)
    given = _folded(urls.site(address) if address else credit.outlet.removeprefix("www."))
    for source in sources:
        names = (source.name, source.id, *source.aliases, urls.site(source.url))
        if any(_names(given, _folded(name)) for name in names):
            return replace(credit, source_id=source.id)
    return replace(credit, source_id=None)


def _names(given: str, name: str) -> bool:
    return bool(name) and (given == name or given.replace(" ", "") == name.replace(" ", ""))


def _folded(name: str) -> str:
    return " ".join(token.word for token in analysis.tokens(name))
