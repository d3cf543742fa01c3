"""Plain text, for footnotes and mails: a line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aggregator.citations.cited import Cited, day, one_line, said_of


def written(cited: Iterable[Cited]) -> Iterator[bytes]:
    """Yield a line for each, UTF-8."""
    for each in cited:
        yield f"{sentence(each)}\n".encode("utf-8", "replace")


def sentence(cited: Cited) -> str:
    """Return a citation for people, with what identifies the text and where the archive has it."""
    claimed = cited.article.claimed_at
    parts = (
        f"{'; '.join(cited.authors)}." if cited.authors else "",
        f"“{cited.title}”." if cited.title else "",
        f"{one_line(cited.source_name)}, {day(claimed) if claimed else 'no date claimed'}.",
        f"{one_line(cited.article.url)} .",  # with a blank, so that the point is not taken for a part of it
        said_of(cited),
    )
    return " ".join(part for part in parts if part)
