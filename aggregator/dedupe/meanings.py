"""Which texts of another script mean the same, by the vectors of a model. Pure; only where somebody gave a model.

What is said by signs goes before: a model is asked only of texts in different scripts, in which there are hardly any
common signs. None of the numbers here is tuned: no model is part of this project, and models differ.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aggregator.dedupe.shelves import WINDOW, Near, Writing, by_date
from aggregator.dedupe.signs import MAX_COMPARED_CHARS

Vectors = Callable[[Sequence[str], str], NDArray[np.float32] | None]
"""From texts of a language to what they mean: a vector of length 1 each, or 0; None: the model lacks the language."""
MIN_MEANING = 0.7
"""How near two texts are at least: the cosine of their vectors."""
MEANING_MARGIN = 1.3
"""How many times as far the next text must be; how far is 1 less how near."""
MAX_LENGTHS = 3.0
"""One is no more times as long as the other, in bytes: scripts differ in how much a letter says."""
_LETTERS_ASKED = 400
_ROUGHLY = 1e-3
"""More than a product of matrices errs by, in float32."""
_TOGETHER = 256
"""Texts whose cosines are taken together: half a megabyte."""


class MeaningShelf:
    """The texts of one language, with what they mean.

    Args:
        writings: By date.
        vectors: What each of them means.
        script: Of most of them.
    """

    def __init__(self, writings: list[Writing], vectors: NDArray[np.float32], script: str) -> None:
        self.script = script
        self._writings = writings
        self._places = {writing.id: place for place, writing in enumerate(self._writings)}
        self._seconds = np.array([by_date(writing)[0] for writing in self._writings])
        self._vectors = vectors

    def vector(self, writing: Writing) -> NDArray[np.float32]:
        """Return what one of its texts means."""
        return np.asarray(self._vectors[self._places[writing.id]])

    def near(self, writing: Writing, vector: NDArray[np.float32], least: float) -> list[Near]:
        """Return the texts within the window that mean much the same as one of another language, the nearest first."""
        seconds = by_date(writing)[0]
        in_time = (self._seconds < 0) | (seconds < 0) | (abs(self._seconds - seconds) <= WINDOW.total_seconds())
        # a product of matrices errs in the last bits by who else is there, and is ten times as fast: it only chooses
        places = np.flatnonzero(in_time & (self._vectors @ vector >= least - _ROUGHLY))
        near: list[Near] = []
        for some in (places[start : start + _TOGETHER] for start in range(0, len(places), _TOGETHER)):
            scores = np.round((self._vectors[some] * vector).astype(np.float64).sum(1), 4).tolist()
            near += [
                (self._writings[n], score) for n, score in zip(some.tolist(), scores, strict=True) if score >= least
            ]
        return sorted((f for f in near if f[0].id != writing.id), key=lambda f: (-f[1], f[0].id))


def meaning_shelves(languages: Mapping[str, Iterable[Writing]], vectors: Vectors) -> dict[str, MeaningShelf]:
    """Return a shelf for each language that the model has; none, if all are in one script: then nothing is asked."""
    several = {language: sorted(writings, key=by_date) for language, writings in languages.items()}
    scripts = {
        language: Counter(script_of(writing.text) for writing in writings).most_common(1)[0][0]
        for language, writings in several.items()
    }
    shelves = {}
    for language, writings in several.items() if len(set(scripts.values())) > 1 else ():
        found = vectors([writing.text[:MAX_COMPARED_CHARS] for writing in writings], language)
        if found is not None:
            shelves[language] = MeaningShelf(writings, found, scripts[language])
    return shelves


def script_of(text: str) -> str:
    """Return the script of most of a text's first letters, as Unicode calls it: LATIN, ARABIC, CJK."""
    letters = [letter for letter in text[: 2 * _LETTERS_ASKED] if letter.isalpha()][:_LETTERS_ASKED]
    scripts = Counter(unicodedata.name(letter, "").partition(" ")[0] for letter in letters)
    return scripts.most_common(1)[0][0] if scripts else ""


def is_nearest(score: float, rival: float) -> bool:
    """Whether a text is near enough, and the next far enough off."""
    return score >= MIN_MEANING and rival < score and 1 - rival >= MEANING_MARGIN * (1 - score)


def are_alike_long(one: Writing, other: Writing) -> bool:
    """Whether the two texts can be as long as each other."""
    short, long = sorted(len(w.text.encode("utf-8", "replace")) for w in (one, other))
    return long <= short * MAX_LENGTHS
