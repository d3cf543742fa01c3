"""The texts that the families are made of, as they stand in the folder `written`: all invented, for this purpose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "written"
LANGUAGES = {"english": "en", "french": "fr", "german": "de", "spanish": "es", "italian": "it"}
"""The files of originals in one language; `scripts` holds several, each text with its own."""
SPACELESS = {"zh", "ja", "th"}
"""Languages that put no space between words."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])(?! ?[»”“])\s+|(?<=[.!?…][»”“])\s+|(?<=[.!?…] »)\s+")
_FULL_STOP = re.compile(r"(?<=[。！？])(?!」)")

Paragraphs = tuple[tuple[str, ...], ...]
"""Paragraphs, each as its sentences."""


@dataclass(frozen=True, slots=True)
class Story:
    """One original text. Stories of one name are translations of one another, sentence by sentence."""

    name: str
    lang: str
    title: str
    paragraphs: Paragraphs


@dataclass(frozen=True, slots=True)
class Site:
    """An outlet, and what stands around every text on its pages."""

    id: str
    name: str
    lang: str
    """The language of its texts; "any" for those who gather from everywhere."""
    header: str = ""
    box: str = ""
    """Stands after the first paragraph."""
    footer: str = ""
    about: str = ""
    """The paragraph with which an organisation ends each of its releases."""
    own: bool = False
    """Whether it publishes nothing but its own form letters."""

    @property
    def furnished(self) -> bool:
        return bool(self.header or self.box or self.footer)

    def takes(self, lang: str) -> bool:
        return not self.own and self.lang in (lang, "any")


@cache
def read(name: str) -> Any:
    """What a file of the folder holds."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def sentences(paragraph: str, lang: str) -> tuple[str, ...]:
    """A paragraph's sentences; in Thai, which ends them with a space, its phrases."""
    if lang == "th":
        return tuple(paragraph.split())
    return tuple(part for part in (_FULL_STOP if lang in SPACELESS else _SENTENCE_END).split(paragraph) if part)


def paragraphs(text: str, lang: str) -> Paragraphs:
    return tuple(sentences(paragraph, lang) for paragraph in text.strip().split("\n\n"))


def stories() -> Iterator[Story]:
    """Every original, and every translation of one."""
    for file in (*LANGUAGES, "scripts"):
        for entry in read(file):
            lang = entry.get("lang") or LANGUAGES[file]
            yield Story(entry["story"], lang, entry["title"], paragraphs(entry["text"], lang))


def sites() -> list[Site]:
    return [Site(**entry) for entry in read("sites")]


def wording(kind: str, lang: str) -> list[str]:
    """The wordings of a kind in a language; none where the language has none."""
    return list(read("wordings")[kind].get(lang, []))
