"""An article against the known ones: the same, a new version, a match. Pure: it decides, the pipeline applies.

identity  which article a reading belongs to, and whether it is a new version
observing what was observed at its address
sharing   what two texts share
matching  what two articles are to each other, and which had the text first
"""

from aggregator.dedupe.identity import Decision, article_id, decide, history, version_digest
from aggregator.dedupe.matching import MAX_CANDIDATES, MAX_VERSIONS, Candidate, match, naming_digest
from aggregator.dedupe.observing import observations
from aggregator.dedupe.sharing import (
    GRAM_WORDS,
    MAX_COMPARED_CHARS,
    MIN_PASSAGE_WORDS,
    MIN_SHARED_GRAMS,
    Overlap,
    Words,
    fingerprint,
    overlap,
)

__all__ = [
    "GRAM_WORDS",
    "MAX_CANDIDATES",
    "MAX_COMPARED_CHARS",
    "MAX_VERSIONS",
    "MIN_PASSAGE_WORDS",
    "MIN_SHARED_GRAMS",
    "Candidate",
    "Decision",
    "Overlap",
    "Words",
    "article_id",
    "decide",
    "fingerprint",
    "history",
    "match",
    "naming_digest",
    "observations",
    "overlap",
    "version_digest",
]
