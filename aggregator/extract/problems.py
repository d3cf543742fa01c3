"""What a reading may lack, as `aggregator` says it of an article."""

from aggregator.model import ON_INDEX

EMPTY = "empty-text"
NOT_HTML = "not-html"
UNREADABLE = "unreadable"
CUT = "cut-page"
"""Something of the page is beyond the limits of depth, elements or attributes."""
EXCERPT = "excerpt"
"""The page shows only how it begins."""

__all__ = ["CUT", "EMPTY", "EXCERPT", "NOT_HTML", "ON_INDEX", "UNREADABLE"]
