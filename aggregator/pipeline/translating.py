"""Translations among a home's articles, month by month.

What is judged of two articles depends on all that were published in the month of the earlier one, the month before and
the month after: how frequent their signs are, and who else is near. So it does not matter in which order they came.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aggregator import dedupe
from aggregator.catalogue import UNTRANSLATED, Catalogue
from aggregator.dedupe import Decided, Signs, Writing
from aggregator.embeddings import Embeddings
from aggregator.errors import UsageError
from aggregator.extract import LanguageSpan, language_spans
from aggregator.matching import Articles
from aggregator.model import Article, Facts, Match, Progress, Relation, Report

_HELD = 10_000
"""Articles whose signs and languages are kept from one month, and one look, to the next: 40 MB."""
_HELD_VECTORS = 50_000
"""Texts of which it is kept likewise what they mean: 30 MB at 300 dimensions. Each takes 3 ms to be had again."""
_LOADED = 500
_MODEL = "translated-by"
"""The note of the catalogue that has the digest of the model; none, or an empty one: without a model."""
_UNUSABLE = "unusable"
"""What it has instead once something was looked for while the model could not be used: all is looked for anew, then."""

Month = int
"""Years times twelve, and months."""


class Translations:
    """Finds translations.

    Args:
        catalogue: Open for writing.
        model: The folder of the model that is asked what texts in different scripts mean; None: none is. One that
            cannot be used is as none, from then on: the catalogue notes why, and what it found before stays, but for
            the months that are looked at anew.
    """

    def __init__(self, catalogue: Catalogue, model: Path | None = None) -> None:
        self._catalogue = catalogue
        self._folder = model
        self._embeddings: Embeddings | None = None
        self._vectors: OrderedDict[tuple[str, bytes], NDArray[np.float16]] = OrderedDict()
        """By the language and the digest of a text."""
        self._refused = ""
        """Why the model is not asked any more."""
        self._compared: OrderedDict[tuple[str, str, str | None], tuple[Signs, tuple[LanguageSpan, ...]]] = OrderedDict()
        self._forgotten: set[tuple[str, str]] = set()

    def find(self, known: Articles, decided: Decided, report: Report) -> None:
        """Look anew for the translations of every month that something was read of since.

        Args:
            known: The articles.
            decided: What people decided.
            report: Told how far the work is.

        Raises:
            NoSpaceError: The disk is full or read-only; all that was found before is still there.
            StoreError: The catalogue is damaged.
        """
        before = self._catalogue.note(_MODEL) or ""
        model = self._digest(before)
        is_new = not self._refused and model != before
        if is_new:
            with self._catalogue.transaction():
                self._catalogue.translate_anew(self._catalogue.article_ids())
        waiting = self._catalogue.to_translate()
        if waiting:
            self._look(waiting, known, decided, report)
        with self._catalogue.transaction():
            if waiting and (is_new or self._refused):
                self._catalogue.set_note(_MODEL, _UNUSABLE if self._refused else model)
            if self._refused != (self._catalogue.note(UNTRANSLATED) or ""):
                self._catalogue.set_note(UNTRANSLATED, self._refused)

    def _digest(self, before: str) -> str:
        """Return the digest of the model, "" without one; another than before is read to its end first."""
        if self._folder is None or self._refused:
            return ""
        try:
            self._embeddings = self._embeddings or Embeddings(self._folder)
            if self._embeddings.digest != before:
                self._embeddings.verify()
        except UsageError as error:
            self._refuse(error)
            return ""
        return self._embeddings.digest

    def _refuse(self, why: UsageError) -> None:
        self._embeddings, self._refused = None, str(why)

    def _meanings(self, texts: Sequence[str], language: str) -> NDArray[np.float32] | None:
        """See ``dedupe.Vectors``; none of a model that turns out to be of no use."""
        keys = [(language, hashlib.sha1(text.encode("utf-8", "surrogatepass")).digest()) for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._vectors}
        try:
            found = self._embeddings.vectors(list(new.values()), language) if self._embeddings else None
        except UsageError as error:  # a file was changed or taken away since it was looked at
            self._refuse(error)
            return None
        if found is None:
            return None
        self._vectors.update(zip(new, found.astype(np.float16), strict=True))
        for key in keys:
            self._vectors.move_to_end(key)
        asked = np.array([self._vectors[key] for key in keys], np.float32)
        while len(self._vectors) > _HELD_VECTORS:
            self._vectors.popitem(last=False)
        return asked

    def _look(self, waiting: Collection[str], known: Articles, decided: Decided, report: Report) -> None:
        """Look for the translations of the months of what waits."""
        by_month: dict[Month, list[Facts]] = defaultdict(list)
        for facts in self._catalogue.all_facts():
            by_month[_month(facts)].append(facts)
        with self._catalogue.transaction():
            months = self._due(waiting, by_month)
        for done, month in enumerate(months):
            report(Progress(doing="looking for translations", done=done, total=len(months)))
            with self._catalogue.transaction():
                self._settle(month, by_month, known, decided)
        with self._catalogue.transaction():
            of = {facts.id: month for month, several in by_month.items() for facts in several}
            self._catalogue.translated(waiting, of)
            self._catalogue.not_lost(self._found_again())

    def _due(self, waiting: Collection[str], by_month: Mapping[Month, Iterable[Facts]]) -> list[Month]:
        """Return the months to look at: those of the articles that wait, and of what they were thought to translate."""
        before = [m for m in self._catalogue.matches_of(waiting) if m.relation is Relation.TRANSLATION]
        self._forget(before)
        ids = {i for m in before for i in (m.a, m.b)} | set(waiting)
        at = {month for month, several in by_month.items() if any(facts.id in ids for facts in several)}
        at |= self._catalogue.months_of(waiting)
        return sorted({near for month in at for near in (month - 1, month, month + 1)} & by_month.keys())

    def _forget(self, matches: Iterable[Match]) -> None:
        """Remove translations, until they are found again."""
        some = list(matches)
        self._catalogue.forget_translations(some)
        self._forgotten |= {(m.a, m.b) for m in some}

    def _found_again(self) -> set[str]:
        """Return the articles whose forgotten translations were all found again: nothing else is to be looked for."""
        ids = {a for a, _ in self._forgotten}
        found = {(m.a, m.b) for m in self._catalogue.matches_of(ids) if m.relation is Relation.TRANSLATION}
        lost = {a for a, _ in self._forgotten - found}
        self._forgotten.clear()
        return ids - lost

    def _settle(self, month: Month, by_month: Mapping[Month, list[Facts]], known: Articles, decided: Decided) -> None:
        several = [facts for near in (month - 1, month, month + 1) for facts in by_month.get(near, ())]
        months = {facts.id: _month(facts) for facts in several}
        own = {facts.id for facts in by_month[month]}
        self._forget(
            m for m in self._catalogue.matches_of(own) if m.relation is Relation.TRANSLATION and _of(m, months) == month
        )
        if len({facts.language for facts in several if facts.language}) < 2:
            return
        found = dedupe.translations(
            self._writings(several),
            same=self._catalogue.cluster_ids(months),
            asked=own,
            vectors=self._meanings if self._embeddings else None,
        )
        of_month = [
            pair for pair in found if min(months[pair.a], months[pair.b]) == month and decided.allows(pair.a, pair.b)
        ]
        candidates = known.candidates({i for pair in of_month for i in (pair.a, pair.b)})
        self._catalogue.put_translations(dedupe.translation(pair, candidates) for pair in of_month)

    def _writings(self, several: list[Facts]) -> list[Writing]:
        made = []
        for start in range(0, len(several), _LOADED):
            some = several[start : start + _LOADED]
            credits = self._catalogue.credits_of(facts.id for facts in some)
            articles = self._catalogue.articles(facts.id for facts in some)
            for facts in some:
                article = articles[facts.id]
                named = frozenset(c.source_id for c in credits.get(facts.id, ()) if c.source_id)
                signs, parts = self._compared_of(article)
                made += dedupe.in_languages(dedupe.writing(article, named, signs), parts)
        return made

    def _compared_of(self, article: Article) -> tuple[Signs, tuple[LanguageSpan, ...]]:
        """Return an article's signs, and which part of it is in which language."""
        key = article.id, article.version, article.language
        if key in self._compared:
            self._compared.move_to_end(key)
        else:
            start = article.text[: dedupe.MAX_COMPARED_CHARS]
            parts = language_spans(start, (article.language,)) if article.language else ()
            self._compared[key] = dedupe.signs_of(article.title or "", article.text), parts
            if len(self._compared) > _HELD:
                self._compared.popitem(last=False)
        return self._compared[key]


def _month(facts: Facts) -> Month:
    dated = min(facts.dated, facts.captured_at).astimezone(UTC)
    return dated.year * 12 + dated.month


def _of(match: Match, months: Mapping[str, Month]) -> Month | None:
    """Return in which month a match was settled; None: in none of those."""
    if match.a not in months or match.b not in months:
        return None
    return min(months[match.a], months[match.b])


__all__ = ["Translations"]
