"""Page bytes to a reading: what can be read of the article on one page, or of each post. Pure.

The way of a page: `tree` (bytes to a tree within limits), `page` (what it says of itself), `metadata` (title, authors,
dates), `comments` (what readers wrote), `posts` (those of a page of several), `cascade` (its main text, by
trafilatura's stages), `furniture` (lines that all pages of its source share), `repairs` (what is too much or lost),
`language`. `rules` are those of a source, before all of these; `documents` are PDFs, read instead. `workers` are
processes that do this within limits of time and memory; `serving` is their inside, `telling` what passes in and out.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import Future
from datetime import datetime
from functools import cache
from importlib.metadata import version

from aggregator import wire
from aggregator.dates import midnight
from aggregator.errors import ExtractError
from aggregator.extract.language import LanguageSpan, language_of, language_spans, tells_its_language
from aggregator.extract.limits import (
    MAX_ATTRIBUTES,
    MAX_DEPTH,
    MAX_DOCUMENT_PAGES,
    MAX_ELEMENTS,
    MAX_LINKED_DATA_CHARS,
    MAX_POSTS,
    MAX_READING_BYTES,
    MAX_READING_CPU_S,
    MAX_READING_S,
    MAX_READINGS,
    MAX_TITLE_CHARS,
)
from aggregator.extract.problems import (
    CUT,
    DOCUMENT,
    EMPTY,
    EXCERPT,
    HIDDEN,
    NEEDS_BROWSER,
    NOT_HTML,
    ON_INDEX,
    UNMATCHED,
    UNREADABLE,
)
from aggregator.extract.telling import about, key, reading_of, told
from aggregator.model import ExtractRule, Reading

__all__ = [
    "CUT",
    "DOCUMENT",
    "EMPTY",
    "EXCERPT",
    "HIDDEN",
    "MAX_ATTRIBUTES",
    "MAX_DEPTH",
    "MAX_DOCUMENT_PAGES",
    "MAX_ELEMENTS",
    "MAX_LINKED_DATA_CHARS",
    "MAX_POSTS",
    "MAX_READINGS",
    "MAX_READING_BYTES",
    "MAX_READING_CPU_S",
    "MAX_READING_S",
    "MAX_TITLE_CHARS",
    "NEEDS_BROWSER",
    "NOT_HTML",
    "ON_INDEX",
    "UNMATCHED",
    "UNREADABLE",
    "LanguageSpan",
    "about",
    "generation",
    "key",
    "language_of",
    "language_spans",
    "nothing",
    "read_page",
    "reading_of",
    "submit_page",
    "tells_its_language",
    "told",
]

_RULES = 9
"""Raised with every change of the rules in this package that may change a text, title, author or date."""
_HTML_TYPES = ("", "text/html", "application/xhtml+xml", "text/plain", "application/xml", "text/xml")
_NOT_TEXT = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04")


@cache
def _version() -> str:
    """Return the extractor's version. To look it up takes a millisecond, to import it and ask it half a second."""
    return version("trafilatura")


def generation(rule: ExtractRule | None = None) -> str:
    """Return the extractor, its version and that of our rules: what a text depends on besides the page.

    Args:
        rule: The source's own, which is named by a digest.
    """
    ours = f"trafilatura-{_version()}.r{_RULES}"
    if rule is None or not rule.inputs:
        return ours
    return f"{ours}+{hashlib.sha256(json.dumps(rule.inputs, sort_keys=True).encode()).hexdigest()[:8]}"


def read_page(
    body: bytes,
    *,
    url: str,
    content_type: str,
    captured_at: datetime,
    languages: tuple[str, ...] = (),
    rule: ExtractRule | None = None,
    with_comments: bool = False,
) -> Reading:
    """Read the article of a page.

    Args:
        body: The decoded body.
        url: Where it was captured.
        content_type: As the server declared it; empty: it did not.
        captured_at: When; a later date in the page is none of its publication.
        languages: What the source usually writes, ISO 639-1; decides when the text is too short to tell.
        rule: Where the source says that things stand, and which lines are its own; None: all that is looked for.
        with_comments: Whether to give what readers wrote under it, too.

    Returns:
        The reading. A page without a readable text gives an empty one, flagged, with title and date as far as they are
        known.

    Raises:
        ExtractError: The extractor failed on the page.
    """
    kind = content_type.partition(";")[0].strip().lower()
    is_pdf = wire.is_pdf(body)
    if not is_pdf and (kind not in _HTML_TYPES or body.startswith(_NOT_TEXT)):
        return nothing(NOT_HTML)
    try:
        if is_pdf:
            from aggregator.extract.documents import read_pdf

            return read_pdf(body, captured_at=captured_at, languages=languages)
        return _read(body, url, content_type, captured_at, languages, rule, with_comments)
    except Exception as error:  # a parser that meets the whole web fails in every way there is
        raise ExtractError(url, f"the extractor failed ({type(error).__name__}: {error})"[:200]) from error


def submit_page(
    body: bytes,
    *,
    url: str,
    content_type: str,
    captured_at: datetime,
    languages: tuple[str, ...] = (),
    rule: ExtractRule | None = None,
    with_comments: bool = False,
) -> Future[Reading]:
    """Have a page read as ``read_page`` does, in a process of its own: it may hang or die and costs no other.

    Returns:
        The reading to come. Asked for, it raises ExtractError where the page could not be read within the limits, and
        AggregatorError where no process can be had.
    """
    from aggregator.extract.workers import shared

    return shared().submit(
        body,
        url=url,
        content_type=content_type,
        captured_at=captured_at,
        languages=languages,
        rule=rule,
        with_comments=with_comments,
    )


def _read(
    body: bytes,
    url: str,
    content_type: str,
    captured_at: datetime,
    languages: tuple[str, ...],
    rule: ExtractRule | None,
    with_comments: bool,
) -> Reading:
    from aggregator.extract import cascade, comments, furniture, metadata, posts, repairs, rules, tree
    from aggregator.extract.page import is_thread, page_of

    root, was_cut = tree.parsed(tree.decoded(body, content_type))
    if root is None:
        return nothing(EMPTY)
    ruled = rules.applied(root, rule) if rule and rule.selectors else None
    page = page_of(ruled.tree if ruled else root, url)
    written = () if is_thread(page) else comments.taken_out(page.tree, with_lines=with_comments)
    titles = metadata.titles_of(page)
    authors = metadata.authors_of(page, titles)
    published_at, claimed_by = metadata.published_of(page, captured_at)
    if ruled and ruled.title:
        titles = (ruled.title, *titles)
    if ruled and ruled.day:
        published_at, claimed_by = midnight(ruled.day), "rule"
    content = ruled.content if ruled else None
    flags = [flag for flag, is_so in ((CUT, was_cut), (HIDDEN, page.is_hidden)) if is_so]
    found = () if content is not None else posts.readings_of(page, titles, captured_at, languages)
    known = repairs.known_of(page, titles, authors)  # the cascade prunes the tree: what needs it whole comes before
    if content is not None:
        lines = cascade.all_lines_of(content)
    else:
        lines = cascade.lines_of(page.tree, shown_chars=len(known.shown), is_thread=is_thread(page))
    if rule and rule.furniture:
        lines = furniture.without(lines, frozenset(rule.furniture))
    text = tree.clean(repairs.repaired(lines, known))
    without = NEEDS_BROWSER if page.needs_browser else EMPTY
    return Reading(
        title=tree.clean(titles[0]) if titles else None,
        authors=tuple(map(tree.clean, authors)),
        claimed_at=published_at,
        claimed_by=claimed_by,
        modified_at=metadata.modified_of(page),
        canonical_url=metadata.canonical_of(page),
        language=language_of(text, languages),
        text=text,
        comments=tree.clean("\n".join(written)),
        posts=found,
        problems=(*flags, *(ruled.unmatched if ruled else ()), *([] if text else [without])),
    )


def nothing(problem: str) -> Reading:
    """Return the reading of a page that gave nothing, flagged with why."""
    return Reading(title=None, authors=(), claimed_at=None, language=None, text="", problems=(problem,))
