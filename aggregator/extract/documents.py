"""A statement published as PDF: its text, and what the file says of itself."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from aggregator.dates import FIRST_DAY, midnight
from aggregator.extract import phrases
from aggregator.extract.language import language_of
from aggregator.extract.limits import MAX_DOCUMENT_PAGES, MAX_TITLE_CHARS
from aggregator.extract.problems import CUT, DOCUMENT, EMPTY
from aggregator.extract.tree import clean
from aggregator.extract.words import one_line
from aggregator.model import Reading

if TYPE_CHECKING:
    from pypdf import PageObject

_FILE_NAME = re.compile(
    r"^Microsoft \w+ - |\.(?:docx?|odt|indd|rtf|pdf|pages|tex|dvi)$|^untitled|^document\s*\d*$", re.IGNORECASE
)
_HYPHEN = re.compile(r"(?<=\w)-\n(?=[a-zß-ÿ])|(?<=\w-)\n")
"""Where a line end parts a word; before a capital letter the hyphen is the word's own."""
_SENTENCE_END = re.compile(r"[.!?:;»”\"’)]\s*$")
_FULL_LINE_SHARE = 0.75
"""A line shorter than this part of the longest ends a paragraph, if it ends a sentence."""
_GAP = 1.3
"""Times the usual distance between two lines, above which another paragraph begins."""
_SAME_SIZE = 0.1
"""The part by which letters may be smaller or larger in one paragraph."""


def read_pdf(body: bytes, *, captured_at: datetime, languages: tuple[str, ...]) -> Reading:
    """Read a PDF. Scans have no text: then the reading is empty, and says so.

    Raises:
        Exception: Of many kinds, where the file is damaged or encrypted.
    """
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it complains of every file that is not by the book
    reader = PdfReader(BytesIO(body))
    pages = reader.pages[:MAX_DOCUMENT_PAGES]
    text = clean("\n".join(paragraph for page in pages for paragraph in _paragraphs(page)))
    about = reader.metadata
    title = clean(_titled(about, text))
    made_at = _instant(about, "creation_date")
    is_dated = made_at is not None and made_at.date() >= FIRST_DAY and made_at <= captured_at
    changed_at = _instant(about, "modification_date")
    return Reading(
        title=title or None,
        authors=_signed(about),
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


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    height: float
    """Of its base above the foot of the page, in points."""
    size: float
    """Of its letters."""


def _paragraphs(page: PageObject) -> list[str]:
    """Join the lines that a page was set in."""
    lines = _lines(page)
    longest = max((len(line.text) for line in lines), default=0)
    leadings = [above.height - below.height for above, below in pairwise(lines)]
    gaps = sorted(gap for gap in leadings if gap > 0)
    usual = gaps[len(gaps) // 4] if gaps else 0.0  # of a short statement half of them are between paragraphs
    usual_size = median([line.size for line in lines] or [0])
    paragraphs: list[list[str]] = []
    for number, line in enumerate(lines):
        above = lines[number - 1] if number else None
        if (
            above is None
            or leadings[number - 1] * usual_size > _GAP * usual * line.size
            or abs(line.size - above.size) > _SAME_SIZE * above.size
            or (_SENTENCE_END.search(above.text) and len(above.text) < _FULL_LINE_SHARE * longest)
        ):
            paragraphs.append([])
        paragraphs[-1].append(line.text)
    return [one_line(_HYPHEN.sub("", "\n".join(lines)).replace("\n", " ")) for lines in paragraphs]


def _lines(page: PageObject) -> list[_Line]:
    lines: list[_Line] = []
    said: list[str] = []
    begun: list[tuple[float, float]] = []

    def visit(text: str, page_matrix: list[float], text_matrix: list[float], _: Any, size: float) -> None:
        for number, piece in enumerate(text.split("\n")):
            if number:
                end()
            if piece.strip():
                height = text_matrix[5] * page_matrix[3] + page_matrix[5]
                begun.append((height, abs(size * text_matrix[3] * page_matrix[3])))
            said.append(piece)

    def end() -> None:
        if begun:
            lines.append(_Line(one_line("".join(said)), *begun[0]))
        said.clear()
        begun.clear()

    page.extract_text(visitor_text=visit)
    end()
    return lines


def _titled(about: Any, text: str) -> str:
    """Return the title that the file says, unless it is the name of a file; else its first line."""
    said = one_line((about and about.title) or "")[:MAX_TITLE_CHARS]
    return said if said and not _FILE_NAME.search(said) else text.partition("\n")[0][:MAX_TITLE_CHARS]


def _signed(about: Any) -> tuple[str, ...]:
    """Return who the file says wrote it; programs that are not told write that nobody is."""
    author = clean(one_line((about and about.author) or "")).strip("() ")
    return (author,) if author and author.lower() not in {*phrases.ANONYMOUS, "unspecified", "unknown"} else ()


def _instant(about: Any, name: str) -> datetime | None:
    try:
        found = getattr(about, name, None)
    except (ValueError, TypeError):  # a date that is none
        return None
    return found.replace(tzinfo=found.tzinfo or UTC) if found else None
