"""What a document is made of: pieces of text, each of which knows the sentence that it was made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from tests.families.texts import Site, Story


class Key(NamedTuple):
    """A sentence of a story, the same in every language."""

    story: str
    paragraph: int
    sentence: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words in a document."""

    text: str
    key: Key | None = None
    """The sentence that they were made from; None for words of the document's own."""
    credits: Draft | None = None
    """The document that these words credit."""
    before: str = ""
    after: str = ""
    """Marks that belong to the document and not to the sentence."""


Body = list[list[Piece]]
"""Paragraphs of pieces."""


@dataclass(slots=True, eq=False, kw_only=True)
class Draft:
    """A document in the making."""

    id: str
    site: Site
    lang: str
    date: datetime | None
    """What the page says, without a zone; None when it says nothing."""
    known_date: datetime
    """When it was published in truth."""
    title: str
    kind: str
    body: Body
    """Without the furniture of the site."""
    parents: list[Draft] = field(default_factory=list)

    def text(self) -> str:
        return "".join(part for part, _ in self._parts())

    def spans(self) -> Iterator[tuple[int, int, Piece]]:
        """Where each piece of the body stands in the text, as offsets of characters, the end exclusive."""
        position = 0
        for part, piece in self._parts():
            if piece:
                yield position, position + len(part), piece
            position += len(part)

    def ancestors(self) -> Iterator[Draft]:
        for parent in self.parents:
            yield parent
            yield from parent.ancestors()

    def _parts(self) -> Iterator[tuple[str, Piece | None]]:
        """The text in its order: pieces, and what stands between and around them."""
        gap = ""
        for paragraph in furnished(self.body, self.site):
            yield gap, None
            gap = "\n\n"
            for number, piece in enumerate(paragraph):
                yield (self._space if number else "") + piece.before, None
                yield piece.text, piece
                yield piece.after, None

    @property
    def _space(self) -> str:
        return "" if self.lang in ("zh", "ja") else " "


def furnished(body: Body, site: Site) -> Iterator[list[Piece]]:
    """The paragraphs of a page: the body with what the site puts around every text."""
    around = {name: [Piece(text)] for name in ("header", "box", "footer", "about") if (text := getattr(site, name))}
    if "header" in around:
        yield around["header"]
    for number, paragraph in enumerate(body):
        if number == 1 and "box" in around:
            yield around["box"]
        yield paragraph
    for name in ("about", "footer"):
        if name in around:
            yield around[name]


def body_of(story: Story) -> Body:
    """A story as a body, every piece of which knows its sentence."""
    return [
        [Piece(text, Key(story.name, row, column)) for column, text in enumerate(paragraph)]
        for row, paragraph in enumerate(story.paragraphs)
    ]


def own(*paragraphs: str) -> Body:
    """Paragraphs of a document's own."""
    return [[Piece(paragraph)] for paragraph in paragraphs]


def copied(body: Body) -> Body:
    """What of a body comes from a story: without credits, remarks and all else that a copyist added."""
    kept = [[piece for piece in paragraph if piece.key] for paragraph in body]
    return [paragraph for paragraph in kept if paragraph]
