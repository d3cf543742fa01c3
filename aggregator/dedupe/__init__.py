"""An article against the known ones: the same, a new version, a match. Pure: it decides, the pipeline applies.

identity   which article a reading belongs to, and whether it is a new version
observing  what was observed at its address
alignment  what two texts share, word by word
families   which articles are one text, by all that is known of who shares what with whom
judging    what two articles are to each other, and which had the text first
settling   from the evidence to matches and families
translations  which texts are translations of one another
"""

from aggregator.dedupe.alignment import MAX_VERSIONS, MIN_STRETCH_WORDS, align, aligned
from aggregator.dedupe.families import STANDING, About, Decided
from aggregator.dedupe.identity import (
    Decision,
    article_id,
    article_number,
    decide,
    history,
    numbered_article,
    version_digest,
)
from aggregator.dedupe.judging import Candidate, naming_digest, translation, writing
from aggregator.dedupe.observing import observations
from aggregator.dedupe.settling import Readable, Settled, settle
from aggregator.dedupe.translations import Signs, Writing, signs_of, translations

__all__ = [
    "MAX_VERSIONS",
    "MIN_STRETCH_WORDS",
    "STANDING",
    "About",
    "Candidate",
    "Decided",
    "Decision",
    "Readable",
    "Settled",
    "Signs",
    "Writing",
    "align",
    "aligned",
    "article_id",
    "article_number",
    "decide",
    "history",
    "naming_digest",
    "numbered_article",
    "observations",
    "settle",
    "signs_of",
    "translation",
    "translations",
    "version_digest",
    "writing",
]
