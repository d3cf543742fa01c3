"""Whether a query asks for something that is withdrawn. Pure.

A query is read more strictly than a text: it is short, its words may stand in any order and between the names of
fields, and who keeps it keeps what it asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from aggregator.access.marks import Recogniser, words_of

_FIELD = re.compile(r"\b[A-Za-z]{2,12}:(?=[\w\".])")
_STRIPPED = "\"'“”„«»()-"


def asks_for_withdrawn(texts: Iterable[str], known: Recogniser) -> bool:
    """Whether any of the texts of a saved query (its name, its words, the values of its filters) does.

    Args:
        texts: All that is kept of it.
        known: What is withdrawn.
    """
    said = list(texts)
    words = [words_of(_FIELD.sub(" ", text)) for text in said]
    if any(known.is_asked_for(each) for each in (*words, [word for each in words for word in each])):
        return True
    return any(_is_named(part, known) for text in said for part in text.split())


def _is_named(part: str, known: Recogniser) -> bool:
    """Whether a part of a query, without the name of a field, is the id or the address of something withdrawn."""
    for value in (part, part.partition(":")[2]):
        value = value.strip(_STRIPPED)
        if known.knows_article(value.lower()):
            return True
        address = value if "://" in value else f"http://{value}"
        if "/" in value and known.knows_address(address):
            return True
    return False
