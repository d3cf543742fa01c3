"""The homes that are looked at: the demo world after two visits, and what strangers wrote to have it run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import yaml

from aggregator import dedupe, pipeline, sources
from aggregator.catalogue import Catalogue
from aggregator.characters import is_seen, whole
from aggregator.clock import SetClock
from aggregator.demo.server import DemoServer
from aggregator.demo.sources import sources_yaml
from aggregator.demo.world import FIRST_VISIT, SECOND_VISIT, load_world
from aggregator.fetch import Fetcher
from aggregator.home import Home
from aggregator.model import Article, Credit, Outcome, Run, Version
from aggregator.query import parse
from aggregator.search import saved

BROKEN = "broken"
"""A source that does not answer."""


@dataclass(frozen=True, slots=True, repr=False)
class Strange:
    """Two articles and a source in all fields of which stands what a stranger wrote; no report of a test prints it."""

    written: str
    id: str
    """Of the article that is copied by the other one; both have two versions."""
    source_id: str
    """Of the source, which publishes the copy and whose last visit failed."""
    name: str
    """Of that source."""
    word: str
    """Stands in the texts of both and nowhere else."""
    text: str
    """Of the newest version."""


def visited(root: Path) -> Home:
    """Return a home that followed the demo world on two days, and a source that never answered."""
    home = Home(root)
    root.mkdir()
    with DemoServer(load_world(), now=FIRST_VISIT) as server:
        home.sources_yaml.write_text(sources_yaml(server.port), encoding="utf-8")
        add_sources(home, {BROKEN: "A source that does not answer"})
        following = sources.load(home.sources_yaml)
        for now in (FIRST_VISIT, SECOND_VISIT):
            server.move_clock(now)
            clock = SetClock(now)
            with pipeline.opened(home, following, clock=clock) as line:
                for _ in line.crawl(following.sources, Fetcher(following.settings, clock)):
                    pass
    return home


def save_searches(home: Home) -> None:
    """Save searches, one of which finds nothing, the day before the second visit."""
    for name, query in (("police", "police"), ("evictions", "eviction OR expulsion"), ("silence", "nobodywrotethis")):
        saved.save(home, name, parse(query), by="Maren", now=SECOND_VISIT - timedelta(days=1))


def add_sources(home: Home, names: dict[str, str]) -> None:
    """Have a home follow more sources, which nobody can reach."""
    said = yaml.safe_load(home.sources_yaml.read_text(encoding="utf-8"))
    said["sources"] += [
        {"id": each, "name": name, "url": f"http://{each}.localhost:1/", "feeds": [f"http://{each}.localhost:1/feed"]}
        for each, name in names.items()
    ]
    home.sources_yaml.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")


def write_everywhere(home: Home, written: Sequence[str]) -> list[Strange]:
    """Put strings into every field that a page shows, as if a site had sent them; return where they are.

    Not into ids, dates, digests and languages, which are made here.
    """
    texts = [whole(each) for each in written]
    names = [f"{number} {''.join(filter(str.isprintable, text))[:100]}" for number, text in enumerate(texts)]
    add_sources(home, {f"strange-{number}": name for number, name in enumerate(names)})  # others it may not hold
    following = sources.load(home.sources_yaml)
    done = []
    with Catalogue(home.catalogue, writing=True) as known, known.transaction():
        for number, (text, name) in enumerate(zip(texts, names, strict=True)):
            done.append(_write(known, number, text, name))
    with pipeline.opened(home, following) as line:
        line.update_index(tidy=False)
    return done


def _write(known: Catalogue, number: int, written: str, name: str) -> Strange:
    word, *others = _words(number)
    passage = " ".join([word, *others])
    source = written if is_seen(written) else f"nobody-{number}"
    mine, theirs = partial(_article, source, number, written), partial(_article, f"strange-{number}", number, written)
    newest = mine(SECOND_VISIT, f"{written}\n{passage} {written}\n{written}")
    copy = theirs(SECOND_VISIT + timedelta(days=1), f"{written} {passage} {written}")
    credit = Credit(start=0, end=len(written), line=written, outlet=written)
    for first, last in ((mine(SECOND_VISIT, f"{passage} at first"), newest), (theirs(copy.captured_at, passage), copy)):
        known.put_article(replace(last, number=2), last.url, [_version(first, 1), _version(last, 2)], [credit])
    run = Run(source_id=f"strange-{number}", started_at=SECOND_VISIT, ended_at=SECOND_VISIT, outcome=Outcome.FAILED)
    known.add_runs([replace(run, failed=[(written, written)], notes=[written])])
    return Strange(written, newest.id, copy.source_id, name, word, newest.text)


def _words(number: int) -> list[str]:
    """Return words that nobody else uses, so many that with them around it the longest string is one text."""
    chance = random.Random(number)
    return ["".join(chance.choices("bdfgklmnprstvz", k=9)) + "e" for _ in range(60)]


def _article(source: str, number: int, written: str, captured_at: datetime, text: str) -> Article:
    address = f"http://strange.example/{number}/{written}"
    return Article(
        id=dedupe.article_id(source, address),
        source_id=source,
        url=address,
        title=written,
        authors=(written,),
        claimed_at=datetime(2026, 9, 1 + number % 30, tzinfo=UTC),
        captured_at=captured_at,
        language="en",
        text=text,
        version=dedupe.version_digest(written, text),
        number=1,
        problems=(written,),
    )


def _version(one: Article, number: int) -> Version:
    return Version(
        article_id=one.id,
        number=number,
        digest=one.version,
        captured_at=one.captured_at + timedelta(hours=number),
        record_id=f"<urn:{one.id}-{number}>",
        generation="",
        title=one.title,
        text=one.text,
        read_title=one.title,
        authors=one.authors,
        claimed_at=one.claimed_at,
        language=one.language,
        problems=one.problems,
    )
