"""What a crawl of one source would find: the line itself, in a home that is thrown away."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from aggregator.catalogue import Catalogue
from aggregator.fetch import Web
from aggregator.home import Home
from aggregator.model import Article, Capture, Following, Role, Run, Source
from aggregator.pipeline import opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was found at a source."""

    source: Source
    run: Run
    tried: tuple[Capture, ...]
    """robots.txt, feeds, sitemaps, list pages and front page, in the order asked for."""
    announced: dict[str, tuple[int, int]]
    """For each of these, how many articles it announced, and how many of them with a date."""
    sample: Article | None
    """The newest article, as it would be kept; None: none could be read."""


def check(source: Source, following: Following, web: Web) -> Check:
    """Visit a source and read one of its articles; nothing is kept.

    Raises:
        NoSpaceError: There is no room for a temporary folder.
    """
    alone = Following(settings=replace(following.settings, min_free_bytes=0), sources=following.sources)
    with tempfile.TemporaryDirectory(prefix="aggregator-check-") as folder:
        home = Home(Path(folder))
        with opened(home, alone) as line:
            run = line.crawl([source], web, max_pages=1)[0]
        with Catalogue(home.catalogue) as catalogue:
            return Check(
                source=source,
                run=run,
                tried=tuple(c for c in catalogue.captures(source.id) if c.role is not Role.PAGE),
                announced=catalogue.announced_in(source.id),
                sample=next(iter(catalogue.articles(catalogue.article_ids()).values()), None),
            )
