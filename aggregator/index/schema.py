"""What an index holds of an article: which words are under which field. Each engine files it its own way.

title, text              the terms of the words, as ``analysis`` makes them in the article's language: for ranking
title_words, text_words  the words as they stand, folded, with their places: for phrases, prefixes and misspelt words
author_words, url_words  likewise, of the authors and of the address
facts                    a word for each: ``source:b``, ``language:fr``
id                       the article's; name: the same in bytes
published, captured      microseconds since 1970: as claimed, or else when it was first seen; when it was first seen
source, language         numbers that stand for them
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from aggregator import analysis
from aggregator.model import Article

ID_BYTES = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def document(article: Article) -> dict[str, Any]:
    """Return the fields of an article."""
    title, text = analysis.folded(article.title or ""), analysis.folded(article.text)
    language = article.language or ""
    return {
        "id": article.id,
        "name": article.id.encode().ljust(ID_BYTES, b"\0"),
        "published": instant(article.claimed_at or article.captured_at),
        "captured": instant(article.captured_at),
        "source": number_of(article.source_id),
        "language": number_of(language),
        "title": analysis.stemmed(title, article.language),
        "text": analysis.stemmed(text, article.language),
        "title_words": title,
        "text_words": text,
        "author_words": [word for author in article.authors for word in analysis.folded(author)],
        "url_words": analysis.folded(article.url),
        "facts": [f"source:{article.source_id}", f"language:{language}"],
    }


def instant(at: datetime) -> int:
    """Return an instant as it stands in a column."""
    return (at - _EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=1 << 14)
def number_of(name: str) -> int:
    """Return the number that stands for a source or a language in a column: the same everywhere and always."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) >> 1
