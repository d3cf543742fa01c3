"""Texts that people have themselves, as articles. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from aggregator.characters import is_whole, whole
from aggregator.errors import UsageError
from aggregator.model import Article

_NOW = datetime.max.replace(tzinfo=UTC)
"""When texts were seen that nobody says it of: after everything they claim."""
_OTHER_NAMES = {"source": "site", "language": "lang", "published": "date"}
"""What the keys are called, and what else they are called."""


def numbered(number: int) -> str:
    """Return what to call a text of which only its number is known."""
    return f"text number {number}"


def articles(docs: Iterable[Mapping[str, Any]], place: Callable[[int], str] = numbered) -> Iterator[Article]:
    """Yield texts as articles of one version.

    Args:
        docs: Each with ``id`` and ``text``; with ``title``, ``source`` (or ``site``), ``language`` (or ``lang``),
            ``published`` (or ``date``; ISO 8601, a day or an instant) and ``url``, if they have them.
        place: What to call the place of a text that was read, by its number from 1, where there is a complaint.

    Raises:
        UsageError: One has no id or text, two have the same id, an id cannot be written, a date is none, or a language
            no string.
    """
    numbers: dict[str, int] = {}
    for number, doc in enumerate(docs, 1):
        try:
            article = _article(doc)
            if (before := numbers.setdefault(article.id, number)) != number:
                raise ValueError(f"the id {article.id!r} is that of {place(before)}, too")
        except ValueError as error:
            raise UsageError(f"{place(number)}: {error}. Nothing was done.") from None
        yield article


def texts(docs: Iterable[Mapping[str, Any]], place: Callable[[int], str] = numbered) -> Iterator[tuple[str, str]]:
    """Yield ids and texts, of questions for example.

    Raises:
        UsageError: As for ``articles``.
    """
    return ((article.id, article.text) for article in articles(docs, place))


def _article(doc: Mapping[str, Any]) -> Article:
    """Return a text as an article.

    Raises:
        ValueError: What is wrong with it, in words.
    """
    article_id, text = doc.get("id"), doc.get("text")
    if isinstance(article_id, bool) or not isinstance(article_id, str | int) or article_id == "":
        raise ValueError("the text has no id; each needs one, a string or a whole number")
    if isinstance(article_id, str) and not is_whole(article_id):
        raise ValueError(f"the id {article_id!r} has half a character, which no file can hold")
    if not isinstance(text, str):
        raise ValueError(f"{article_id!r} has no text; each needs one, a string")
    said = {name: doc.get(name) or doc.get(other) for name, other in _OTHER_NAMES.items()}
    if not isinstance(said["language"], str | None):
        raise ValueError(f'{article_id!r}: the language {said["language"]!r} is no string; write "en"')
    return Article(
        id=str(article_id),
        source_id=whole(str(said["source"] or "")),
        url=whole(str(doc.get("url") or "")),
        title=whole(str(doc["title"])) if doc.get("title") else None,
        authors=(),
        claimed_at=_instant(said["published"], article_id),
        captured_at=_NOW,
        language=whole(said["language"] or "") or None,
        text=whole(text),
        version="",
        number=1,
    )


def _instant(said: Any, article_id: str | int) -> datetime | None:
    if not said:
        return None
    try:
        at = datetime.fromisoformat(str(said))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{article_id!r}: {said!r} is no date; write 2026-11-29 or 2026-11-29T10:00:00Z") from None
