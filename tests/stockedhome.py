"""A home with articles as a test wants them, catalogued and indexed as if they had been crawled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from aggregator import dedupe, pipeline
from aggregator.catalogue import Catalogue
from aggregator.home import Home
from aggregator.model import Article, Version
from tests.fakeweb import NOON, following, source

SOURCES = tuple(source(name) for name in "abc")


def article(
    name: str,
    text: str,
    *,
    at: str | None = "2026-11-02",
    of: str = "a",
    title: str = "Untitled",
    language: str | None = "en",
    seen: datetime = NOON,
) -> Article:
    """An article of one version. ``at`` is the claimed day; None: none is claimed."""
    address = f"http://{of}.example/{name}"
    return Article(
        id=dedupe.article_id(of, address),
        source_id=of,
        url=address,
        title=title,
        authors=(),
        claimed_at=datetime.fromisoformat(at).replace(tzinfo=UTC) if at else None,
        captured_at=seen,
        language=language,
        text=text,
        version=dedupe.version_digest(title, text),
        number=1,
        claimed_by="announced" if at else None,
    )


def stocked(root: Path, articles: Iterable[Article], *, engine: str = "whoosh") -> Home:
    """Return a home that has those articles; of one that comes twice the last is as it now is."""
    home = Home(root)
    home.index.mkdir(parents=True)
    home.archive.mkdir()
    (root / "sources.yaml").write_text("settings: {contact: desk@example.org, min_free: 1MB}\nsources: []\n")
    with Catalogue(home.catalogue, writing=True) as known, known.transaction():
        of_each: dict[str, list[Article]] = {}
        for one in articles:
            of_each.setdefault(one.id, []).append(one)
        for several in of_each.values():
            now = replace(several[-1], captured_at=several[0].captured_at, number=len(several))
            known.put_article(now, now.url, [_version(one, n) for n, one in enumerate(several, 1)], [])
    followed = following(*SOURCES)
    with pipeline.opened(home, replace(followed, settings=replace(followed.settings, index=engine))) as line:
        line.update_index(tidy=False)
    return home


def _version(one: Article, number: int) -> Version:
    return Version(
        article_id=one.id,
        number=number,
        digest=one.version,
        captured_at=one.captured_at,
        record_id=f"<urn:{one.id}-{number}>",
        generation="",
        title=one.title,
        text=one.text,
        read_title=one.title,
        authors=(),
        claimed_at=one.claimed_at,
        language=one.language,
        problems=(),
    )
