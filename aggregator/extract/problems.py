"""What a reading may lack, as `aggregator` says it of an article."""

from aggregator.model import ON_INDEX

EMPTY = "empty-text"
NOT_HTML = "not-html"
UNREADABLE = "unreadable"
CUT = "cut-page"
"""Something of the page is beyond the limits of depth, elements or attributes."""
NEEDS_BROWSER = "needs-browser"
"""It has no text before its scripts have run."""
UNMATCHED = "unmatched"
"""With a dash and its name: a rule of the source that found nothing on the page, where the page was read without it."""
DOCUMENT = "pdf"
"""It was read from a PDF, where lines and columns are guessed."""
EXCERPT = "excerpt"
"""The page shows only how it begins."""

HIDDEN = "hidden"
"""The people of the site have taken it off their newswire, and say so on its page."""

__all__ = [
    "CUT",
    "DOCUMENT",
    "EMPTY",
    "EXCERPT",
    "HIDDEN",
    "NEEDS_BROWSER",
    "NOT_HTML",
    "ON_INDEX",
    "UNMATCHED",
    "UNREADABLE",
]
