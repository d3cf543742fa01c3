"""How copyists alter a text: each alteration returns another body, whose pieces still know their sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.families.pieces import Body, Piece
from tests.families.texts import read, wording

SHORTEST_QUOTE = 130
"""Characters."""

Alteration = Callable[[Body, str, Random], Body]

MISREAD = {
    "e": "c",
    "c": "e",
    "l": "1",
    "o": "0",
    "m": "rn",
    "u": "n",
    "h": "b",
    "t": "f",
    "i": "l",
    "s": "5",
    "g": "q",
}
"""What a scanner takes a letter for."""


def each(body: Body, change: Callable[[str], str]) -> Body:
    """A body with the words of every piece changed."""
    return [[replace(piece, text=change(piece.text)) for piece in paragraph] for paragraph in body]


def unaltered(body: Body, lang: str, rng: Random) -> Body:
    """The text as it was, or as another editor types it: other quotation marks, dashes and spaces."""
    return each(body, retyped) if rng.random() < 0.5 else body


def retyped(text: str) -> str:
    text = re.sub(r'"([^"]*)"', r"“\1”", text.replace("'", "’"))
    return re.sub(r" ([:;!?»])", "\u00a0\\1", text).replace("« ", "«\u00a0").replace("; ", " – ")


def truncated(body: Body, lang: str, rng: Random) -> Body:
    """The beginning of a text, from a third to two thirds of it."""
    wanted = rng.uniform(0.35, 0.65) * sum(len(piece.text) for paragraph in body for piece in paragraph)
    kept: Body = []
    for paragraph in body:
        kept.append([])
        for piece in paragraph:
            kept[-1].append(piece)
            wanted -= len(piece.text)
            if wanted <= 0:
                return kept
    return kept


def reordered(body: Body, lang: str, rng: Random) -> Body:
    """The paragraphs in another order, the last one never in its place."""
    first, *rest = body
    rng.shuffle(rest)
    return [*rest, first]


def edited(body: Body, lang: str, rng: Random) -> Body:
    """Words replaced, some sentences left out and some put in."""
    kept = [[piece for piece in paragraph if rng.random() > 0.14] for paragraph in body]
    changed = each([paragraph for paragraph in kept if paragraph] or body, lambda text: reworded(text, lang, rng))
    for sentence in rng.sample(wording("insertions", lang), 2):
        rng.choice(changed).append(Piece(sentence))
    return changed


def reworded(text: str, lang: str, rng: Random) -> str:
    """A text with most of the words replaced for which there are others."""
    others: dict[str, str] = read("wordings")["words"][lang]

    def other(match: re.Match[str]) -> str:
        word = match[0]
        found = others.get(word) or others.get(word.lower())
        if not found or rng.random() > 0.8:
            return word
        return found[0].upper() + found[1:] if word[0].isupper() else found

    return re.sub(r"[^\W\d_]+", other, text)


def scanned(body: Body, lang: str, rng: Random) -> Body:
    """The text as it is read from a bad photocopy."""
    rate = rng.choice((0.02, 0.035, 0.05))

    def misread(letter: str) -> str:
        chance = rng.random()
        if chance < rate * 0.75:
            return MISREAD.get(letter, letter)
        return "" if chance < rate else letter

    return each(body, lambda text: "".join(map(misread, text)))


def quoted(body: Body, rng: Random, marks: tuple[str, str]) -> list[Piece]:
    """Two to four sentences that follow each other, not too short, in quotation marks."""
    pieces = [piece for paragraph in body for piece in paragraph]
    runs = [pieces[start : start + count] for count in (2, 3, 4) for start in range(len(pieces) - count + 1)]
    first, *rest = rng.choice([run for run in runs if sum(len(piece.text) for piece in run) >= SHORTEST_QUOTE])
    *between, last = [replace(first, before=marks[0]), *rest]
    return [*between, replace(last, after=marks[1])]


ALTERATIONS: dict[str, Alteration] = {
    "verbatim": unaltered,
    "credit": unaltered,
    "retitled": unaltered,
    "furniture": unaltered,
    "updated": unaltered,
    "chain": unaltered,
    "date-trap": unaltered,
    "truncated": truncated,
    "reordered": reordered,
    "edited": edited,
    "ocr": scanned,
}
"""How the text of each kind of copy is altered; what else makes the kind is in `making`."""
