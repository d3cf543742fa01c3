"""What a page says of its article: title, authors, days, address. Pure."""

from __future__ import annotations

from aggregator.extract.metadata.address import canonical_of
from aggregator.extract.metadata.authors import authors_in, authors_of
from aggregator.extract.metadata.published import day_in_address, modified_of, published_of
from aggregator.extract.metadata.titles import titles_of

__all__ = ["authors_in", "authors_of", "canonical_of", "day_in_address", "modified_of", "published_of", "titles_of"]
