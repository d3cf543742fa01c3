"""Lines of CSV that a spreadsheet takes for text, and never for a formula. Pure."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable

_FORMULA = "=+-@"
_IGNORED = ("Z", "C")
"""Classes of characters (blanks, controls, invisible marks) that a spreadsheet may pass over before a formula."""


def line(cells: Iterable[str]) -> bytes:
    """Return one line of CSV (RFC 4180, UTF-8), no cell of which is a formula."""
    written = io.StringIO()
    csv.writer(written).writerow([harmless(cell) for cell in cells])
    return written.getvalue().encode("utf-8", "replace")


def harmless(cell: str) -> str:
    """Return what a spreadsheet takes for text.

    A cell that could be read as a formula gets an apostrophe before it, as OWASP advises: one that begins with ``=``,
    ``+``, ``-``, ``@``, a tab or a line break, also behind blanks, or in their full-width forms. Line breaks become LF.
    """
    text = cell.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    shown = next((c for c in text if unicodedata.category(c)[0] not in _IGNORED), " ")
    formula = unicodedata.normalize("NFKC", shown)[0] in _FORMULA or text.startswith(("\t", "\n"))
    return f"'{text}" if formula else text
