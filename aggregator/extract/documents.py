"""A statement published as PDF: its text, and what the file says of itself."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from aggregator.extract.dates import FIRST_DAY, midnight
from aggregator.extract.language import language_of
from aggregator.extract.limits import MAX_DOCUMENT_PAGES, MAX_TITLE_CHARS
from aggregator.extract.problems import CUT, DOCUMENT, EMPTY
from aggregator.extract.tree import clean
from aggregator.extract.words import one_line
from aggregator.model import Reading

_FILE_NAME = re.compile(
    r"^Microsoft \w+ - |\.(?:docx?|odt|indd|rtf|pdf|pages|tex|dvi)$|^untitled|^document\s*\d*$", re.IGNORECASE
)
_HYPHEN = re.compile(r"(\w)-\n(\w)")
_SENTENCE_END = re.compile(r"[.!?:;»”\"’)]\s*$")
_FULL_LINE_SHARE = 0.75
"""A line shorter than this part of the longest ends a paragraph, if it ends a sentence."""


def read_pdf(body: bytes, *, captured_at: datetime, languages: tuple[str, ...]) -> Reading:
    """Read a PDF. Scans have no text: then the reading is empty, and says so.

    Raises:
        Exception: Of many kinds, where the file is damaged or encrypted.
    """
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it complains of every file that is not by the book
    reader = PdfReader(BytesIO(body))
    pages = [page.extract_text() for page in reader.pages[:MAX_DOCUMENT_PAGES]]
    text = clean("\n".join(line for page in pages for line in _paragraphs(page)))
    about = reader.metadata
    title = clean(_titled(about, text))
    made_at = _instant(about, "creation_date")
    is_dated = made_at is not None and made_at.date() >= FIRST_DAY and made_at <= captured_at
    changed_at = _instant(about, "modification_date")
    return Reading(
        title=title or None,
        authors=(clean(one_line(about.author)),) if about and about.author and about.author.strip() else (),
        claimed_at=midnight(made_at.date()) if made_at and is_dated else None,
        claimed_by="document" if is_dated else None,
        modified_at=midnight(changed_at.date()) if changed_at else None,
        language=language_of(text, languages),
        text=text,
        problems=(
            DOCUMENT,
            *([CUT] if len(reader.pages) > MAX_DOCUMENT_PAGES else []),
            *([] if text else [EMPTY]),
        ),
    )


def _paragraphs(page: str) -> list[str]:
    """Join the lines that a page was set in."""
    lines = [line.strip() for line in _HYPHEN.sub(r"\1\2", page).split("\n")]
    longest = max(map(len, lines), default=0)
    paragraphs, open_ = [], ""
    for line in lines:
        open_ = f"{open_} {line}".strip()
        if not line or (_SENTENCE_END.search(line) and len(line) < _FULL_LINE_SHARE * longest):
            paragraphs.append(open_)
            open_ = ""
    return [one_line(paragraph) for paragraph in (*paragraphs, open_) if paragraph]


def _titled(about: Any, text: str) -> str:
    """Return the title that the file says, unless it is the name of a file; else its first line."""
    said = one_line((about and about.title) or "")[:MAX_TITLE_CHARS]
    return said if said and not _FILE_NAME.search(said) else text.partition("\n")[0][:MAX_TITLE_CHARS]


def _instant(about: Any, name: str) -> datetime | None:
    try:
        found = getattr(about, name, None)
    except (ValueError, TypeError):  # a date that is none
        return None
    return found.replace(tzinfo=found.tzinfo or UTC) if found else None
