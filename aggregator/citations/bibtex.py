r"""BibTeX, for LaTeX: what BibTeX, biber and the programs that import it read.

Every sign that TeX takes for a command is written as the command that prints it. Braces are written without braces of
their own (``\textbraceleft``): BibTeX counts them before it looks at backslashes, so that ``\{`` would open a group.
Titles and names stand in a second pair of braces: no style changes their case or takes names apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from itertools import pairwise

from aggregator.citations.cited import Cited, day, one_line, said_of
from aggregator.periods import instant

_SIGNS = str.maketrans(
    {
        "\\": r"{\textbackslash}",
        "{": r"{\textbraceleft}",
        "}": r"{\textbraceright}",
        "~": r"{\textasciitilde}",
        "^": r"{\textasciicircum}",
        "\u00a0": "~",
        **{sign: f"\\{sign}" for sign in "%&#$_"},
    }
)
_LIGATURE = re.compile(r"(?<=-)(?=-)|(?<=')(?=')|(?<=`)(?=`)|(?<=,)(?=,)|(?<=<)(?=<)|(?<=>)(?=>)|(?<=[?!])(?=`)")
"""Between two signs that TeX makes one of."""
_NOT_IN_URLS = re.compile(r"[\s{}\\\"<>^`|%]")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")


def written(cited: Iterable[Cited]) -> Iterator[bytes]:
    """Yield an entry for each, UTF-8; its key is the article's id."""
    for each in cited:
        fields = "".join(f"  {name} = {{{value}}},\n" for name, value in _fields(each))
        yield f"@online{{{each.article.id},\n{fields}}}\n\n".encode("utf-8", "replace")


def _fields(cited: Cited) -> Iterator[tuple[str, str]]:
    article = cited.article
    if cited.authors:
        yield "author", " and ".join(f"{{{tex(author)}}}" for author in cited.authors)
    if cited.title:
        yield "title", f"{{{tex(cited.title)}}}"
    if article.claimed_at:
        yield "date", day(article.claimed_at)
        yield "year", f"{article.claimed_at.astimezone(UTC):%Y}"  # BibTeX knows no date; biber takes that
    yield "organization", f"{{{tex(one_line(cited.source_name))}}}"
    yield "url", address(article.url)
    yield "urldate", day(cited.captured_at)
    if article.language:
        yield "language", tex(one_line(article.language))
    if cited.abstract:
        yield "abstract", tex(cited.abstract)
    yield "note", tex(said_of(cited))
    # fields of our own, which styles pass over
    yield "version", cited.version
    yield "captured", instant(cited.captured_at)
    if cited.archived:
        yield "archived", address(one_line(cited.archived))


def tex(text: str) -> str:
    """Return what makes TeX print a text of one line, with ``{}`` where it would make one sign of two."""
    cuts = [0, *(each.start() for each in _LIGATURE.finditer(text)), len(text)]
    return "{}".join(text[start:end].translate(_SIGNS) for start, end in pairwise(cuts))


def address(url: str) -> str:
    """Return an address as it stands in a field that TeX prints as it is: escaped by percents, not by backslashes."""
    return _NOT_IN_URLS.sub(lambda hit: _percent(hit, url), url)


def _percent(hit: re.Match[str], url: str) -> str:
    if hit[0] == "%" and _ESCAPED.match(url, hit.start()):
        return "%"
    return "".join(f"%{byte:02X}" for byte in hit[0].encode("utf-8", "replace"))
