"""An article against the known ones: the same, a new version, a match. Pure: it decides, the pipeline applies.

identity      which article a reading belongs to, and whether it is a new version
observing     what was observed at its address
runs          which runs of words pairs of texts have in common
alignment     what two texts share, word by word
differences   what was changed between two texts, word by word
known         what is known of articles besides their texts, and what people decided
columns       alignments as columns of numbers
rarity        what a run of words is worth as evidence, by who holds it
evidence      what of an alignment counts
families      which articles are one text
judging       what two articles are to each other
direction     which of them had the text first
settling      from the evidence to matches and families
signs         what of a text is compared with other languages
shelves       the texts of one language, and which of them are near to one of another
meanings      which texts of another script mean the same, where there is a model
translations  which texts are translations of one another
pairing       which sentence of a translation is which of the original
"""

from aggregator.dedupe.alignment import MAX_VERSIONS, MIN_STRETCH_WORDS, Cut, align, aligned, compared
from aggregator.dedupe.differences import MAX_COMPARED_PAIRS, Change, changes, is_coarse, words_changed
from aggregator.dedupe.evidence import Standing, covered
from aggregator.dedupe.identity import (
    Decision,
    article_id,
    article_number,
    decide,
    history,
    numbered_article,
    version_digest,
)
from aggregator.dedupe.judging import naming_digest, translation, writing
from aggregator.dedupe.known import GIVEN, About, Candidate, Decided, Holders, Readable, is_before
from aggregator.dedupe.observing import observations
from aggregator.dedupe.rarity import STANDING
from aggregator.dedupe.settling import Settled, settle
from aggregator.dedupe.signs import MAX_COMPARED_CHARS, Signs, signs_of
from aggregator.dedupe.translations import Writing, in_languages, translations

__all__ = [
    "GIVEN",
    "MAX_COMPARED_CHARS",
    "MAX_COMPARED_PAIRS",
    "MAX_VERSIONS",
    "MIN_STRETCH_WORDS",
    "STANDING",
    "About",
    "Candidate",
    "Change",
    "Cut",
    "Decided",
    "Decision",
    "Holders",
    "Readable",
    "Settled",
    "Signs",
    "Standing",
    "Writing",
    "align",
    "aligned",
    "article_id",
    "article_number",
    "changes",
    "compared",
    "covered",
    "decide",
    "history",
    "in_languages",
    "is_before",
    "is_coarse",
    "naming_digest",
    "numbered_article",
    "observations",
    "settle",
    "signs_of",
    "translation",
    "translations",
    "version_digest",
    "words_changed",
    "writing",
]
