"""What stands of a hidden article on the pages of others: its address, title and text in lists, feeds, boxes of news.

An event of its own says it, after that of the hide: to find what only this article has, every other text is read. Until
then its own pages are withheld already. Archived copies and exported captures go by it, nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from aggregator import access
from aggregator.access import Marker, Marks, Shown, Takedown
from aggregator.catalogue import Catalogue
from aggregator.decisions import Decisions
from aggregator.home import Home
from aggregator.model import Article, Progress, Report
from aggregator.takedown.deciding import address_marks, every_article, text_marks


def to_surround(home: Home, now: datetime, *, again: bool = False) -> list[Takedown]:
    """Return the hides of articles of which it is not known yet what stands of them on other pages, or no longer.

    Args:
        home: Of which.
        now: Those that have ended by then do not count.
        again: With those of which it is known: they may have other versions since.

    Raises:
        StoreError: The events cannot be read, or the catalogue is missing or damaged.
        Outdated: Another version wrote it.
    """
    hides = [
        each for each in access.takedowns(home) if each.action == "hide" and each.marks.articles and each.in_force(now)
    ]
    known = [] if again else [each for each in hides if each.around]
    outdated = _outdated(home, known, now) if known else set()
    return [each for each in hides if again or each.around is None or each.number in outdated]


def _outdated(home: Home, hides: Sequence[Takedown], now: datetime) -> set[int]:
    """Return the numbers of those hides of whose texts others that may be seen have a part by now.

    They came since, or what hid them was lifted; who shares a text is in the matches.
    """
    marker = Marker(Decisions(home.archive).make_key())
    found = set()
    with Catalogue(home.catalogue) as catalogue, access.opened(home, now=now) as shown:
        ids = {marker.article(i): i for i in catalogue.article_ids()}
        for each in hides:
            hidden = {ids[mark] for mark in each.marks.articles & ids.keys()}
            sharing = {i for match in catalogue.matches_of(hidden) for i in (match.a, match.b)} - hidden
            known = access.Recogniser(marker.key, each.around or Marks())
            if any(known.holds(access.text_of(article)) for article in shown.articles(sharing).values()):
                found.add(each.number)
    return found


def surround(home: Home, each: Takedown, *, now: datetime, report: Report = lambda _: None) -> None:
    """Note what stands of the articles of a hide on other pages: all that no article has which may be seen.

    Args:
        home: Which.
        each: The hide.
        now: When that is.
        report: Told how far the work is.

    Raises:
        NoSpaceError: The disk is full or read-only; the articles are hidden, what stands of them elsewhere is not.
        StoreError: The catalogue is missing or damaged; likewise.
        Outdated: Another version wrote it; likewise.
    """
    marker = Marker(Decisions(home.archive).make_key())
    with Catalogue(home.catalogue) as catalogue, access.opened(home, now=now) as shown:
        ids = [i for i in catalogue.article_ids() if marker.article(i) in each.marks.articles]
        seen = {facts.id for facts in shown.all_facts()}
        others = {i: url for i, (url, _) in catalogue.addresses_and_versions().items() if i in seen}
        marks = address_marks(catalogue, marker, catalogue.articles(ids).values(), others)
        versions = [version for i in ids for version in catalogue.versions(i)]
        marks |= text_marks(marker, versions, _others(shown, report) if versions else (), standing=1)
    said = {"takedown": each.number, "marks": marks.as_json()}
    Decisions(home.archive).append("surrounded", said, now=now)


def _others(shown: Shown, report: Report) -> Iterator[Article]:
    """Yield every article that may be seen."""
    total = len(shown.article_ids())
    for done, article in enumerate(every_article(shown), start=1):
        report(Progress(doing="looking into other texts", done=done, total=total))
        yield article
