"""What was found, taken along: citations for reference managers, spreadsheets and feed readers. Pure.

    cited       the noun: a version of an article, and where the archive has it
    ris         Zotero, EndNote, Citavi, Mendeley
    bibtex      LaTeX
    csl         Zotero, Pandoc, citeproc
    table       CSV
    lines       JSON lines
    prose       plain text
    atom        feed readers
    manifest    which articles a search found, in which versions, so that it can be repeated

Each format is written piece by piece: however much was found, little of it is in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from aggregator.citations import atom, bibtex, csl, lines, prose, ris, table
from aggregator.citations.cited import MAX_ABSTRACT_CHARS, Cited

_WRITE = {
    "csv": table.written,
    "ris": ris.written,
    "bibtex": bibtex.written,
    "csl": csl.written,
    "jsonl": lines.written,
    "text": prose.written,
}
FORMS = (*_WRITE, "atom")


def written(form: str, cited: Iterable[Cited], *, about: str, now: datetime) -> Iterator[bytes]:
    """Yield citations piece by piece.

    Args:
        form: One of ``FORMS``.
        cited: What is cited, in order.
        about: What that is, in words.
        now: When it is written.
    """
    if form == "atom":
        return atom.written(cited, about=about, now=now)
    return _WRITE[form](cited)


__all__ = ["FORMS", "MAX_ABSTRACT_CHARS", "Cited", "written"]
