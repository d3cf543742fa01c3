"""What a crawl of one source would find: the line itself, in a home that is thrown away."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from aggregator import archive
from aggregator.catalogue import Catalogue
from aggregator.engines import ENGINES, Engine
from aggregator.fetch import Web
from aggregator.home import Home
from aggregator.model import Announcement, Article, Capture, Following, Keep, Role, Run, Source
from aggregator.pipeline import opened
from aggregator.pipeline.deriving import announcement
from aggregator.pipeline.lanes import Scope

MAX_LISTS = 5
"""Sitemaps and list pages that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was found at a source."""

    source: Source
    run: Run
    tried: tuple[tuple[Capture, Announcement], ...]
    """robots.txt, feeds, sitemaps, list pages and front page, in the order asked for, with what each announces."""
    sample: Article | None
    """The newest article, as it would be kept; None: none could be read."""

    @property
    def engine(self) -> tuple[Engine, str] | None:
        """What the site runs, and how that shows, in words; None: it does not show."""
        for _, said in self.tried:
            if said.engine and said.engine_sign:
                return ENGINES[said.engine], said.engine_sign
        return None

    @property
    def feed(self) -> str | None:
        """The feed that was read, by the address to write down; None: none was."""
        read = (c for c, said in self.tried if c.role is Role.FEED and said.discoveries)
        return next((c.url for c in read), None)

    @property
    def title(self) -> str | None:
        """What the site calls itself, the shortest of its names; None: it does not."""
        return min((said.title for _, said in self.tried if said.title), key=len, default=None)


def check(
    source: Source, following: Following, web: Web, *, max_lists: int = MAX_LISTS, stop: threading.Event | None = None
) -> Check:
    """Visit a source and read one of its articles; nothing is kept.

    Args:
        source: Which.
        following: The settings that hold, and who else is followed.
        web: Where responses come from.
        max_lists: Sitemaps and list pages to look at.
        stop: Set it to end early: nothing more is asked for.

    Raises:
        NoSpaceError: There is no room for a temporary folder.
    """
    alone = Following(
        settings=replace(following.settings, min_free_bytes=0, embeddings=None), sources=following.sources
    )
    without_pictures = replace(source, keep=Keep())
    with tempfile.TemporaryDirectory(prefix="aggregator-check-") as folder:
        home = Home(Path(folder))
        with opened(home, alone) as line:
            run = line.crawl([without_pictures], web, scope=Scope(max_pages=1, max_lists=max_lists), stop=stop)[0]
        with Catalogue(home.catalogue) as catalogue:
            return Check(
                source=source,
                run=run,
                tried=tuple(
                    (c, announcement(c, archive.body(home.archive, c), source))
                    for c in catalogue.captures(source.id)
                    if c.role is not Role.PAGE and c.status == 200
                ),
                sample=next(iter(catalogue.articles(catalogue.article_ids()).values()), None),
            )
