"""Words of the pages and numbers, in the language of the request that is being answered.

A catalogue is a JSON object: what the templates have, in English, to how it is said; what is counted to two forms, for
one and for several. JSON, for it is read in a millisecond when the first page in the language is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from aggregator.web.languages.choosing import DEFAULT
from aggregator.web.languages.speaking import speech

Catalogue: TypeAlias = Mapping[str, str | list[str]]

_MARKS = {
    "fr": (str.maketrans({",": "\u202f", ".": ","}), "\u202f%"),
    "de": (str.maketrans({",": ".", ".": ","}), "\u00a0%"),
}
"""How a number is set: what stands between thousands and in front of decimals, and in front of per cent."""


@lru_cache
def catalogue(language: str) -> Catalogue:
    """Return how messages are said in a language; in English, as they stand."""
    if language == DEFAULT:
        return {}
    found: Catalogue = json.loads((Path(__file__).parent / f"{language}.json").read_text("utf-8"))
    return found


def worded(message: str) -> str:
    """Return how a message is said; one that no catalogue has stays as it is."""
    said = catalogue(speech().language).get(message, message)
    return said if isinstance(said, str) else message


def worded_count(one: str, several: str, count: float) -> str:
    """Return how a message about a number of things is said.

    Args:
        one: The message about one, as in the catalogue.
        several: The English message about several.
        count: How many there are.
    """
    language = speech().language
    said = catalogue(language).get(one)
    forms = said if isinstance(said, list) else [one, several]
    is_one = abs(count) < 2 if language == "fr" else count == 1  # 0 article, 1 article, 2 articles
    return forms[0 if is_one else 1]


def counted(count: float, what: str) -> str:
    """Return a number of things.

    Args:
        count: How many there are.
        what: The English word for one; its plural ends with an s.
    """
    return worded_count(f"%(num)s {what}", f"%(num)s {what}s", count) % {"num": number(count)}


def number(value: float, form: str = ",") -> str:
    """Return a number as it is written.

    Args:
        value: Which.
        form: As ``format`` takes it.
    """
    written = format(value, form)
    marks = _MARKS.get(speech().language)
    if marks is None:
        return written
    return written.removesuffix("%").translate(marks[0]) + (marks[1] if written.endswith("%") else "")


def phrase(message: str, **values: object) -> str:
    """Return a message with values in it, as text: for what Python writes and a template escapes."""
    return worded(message) % values
