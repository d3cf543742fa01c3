"""Sources are written into sources.yaml as one would by hand, and exchanged with feed readers."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import sources
from aggregator.errors import SourcesError, UsageError
from aggregator.model import Access, ExtractRule, Listing, Source
from aggregator.sources import entries, opml
from tests.fakecli import Aggregator

FILE = Path("sources.yaml")
FULL = Source(
    id="full",
    name="Échos: du 161 # [nord]",
    url="https://full.example/",
    feeds=("https://full.example/feed?a=1&b=2", "https://full.example/atom.xml"),
    sitemap="https://full.example/map.xml",
    listing=Listing(links="h2 > a[href*='x']", next="a.next", start="https://full.example/news/"),
    engine="spip",
    languages=("fr", "no"),
    aliases=("échos", "161"),
    mirrors=("mirror.example",),
    tags=("calais", "a, b", "null"),
    every=timedelta(hours=36),
    timezone="Europe/Paris",
    recheck=False,
    pace_s=2.5,
    obey_robots=False,
    paused=True,
    certificate="ab" * 32,
    extract=(ExtractRule(content="div.text", valid_until=datetime(2027, 5, 1, tzinfo=UTC)), ExtractRule(title="h1")),
    access=Access.STAFF,
    access_until=datetime(2030, 1, 1, tzinfo=UTC),
    no_links=True,
)
DAILY = Source(id="daily", name="daily", url="http://daily.example/", every=time(4, 30))
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), min_size=1, max_size=40
)


def file_of(*written: Source) -> str:
    lines = [line for source in written for line in sources.lines(sources.written(source))]
    return "\n".join(["sources:", *lines]) + "\n"


@pytest.mark.parametrize("source", [FULL, DAILY], ids=["full", "daily"])
def test_what_is_written_of_a_source_is_read_as_that_source(source: Source) -> None:
    assert sources.parse(file_of(source), FILE).sources == (source,)


@given(name=TEXTS.map(lambda text: " ".join(text.split())).filter(bool), tag=TEXTS.filter(lambda t: bool(t.strip())))
def test_any_name_and_tag_survive_being_written(name: str, tag: str) -> None:
    tags = (" ".join(tag.split()),)
    source = Source(id="a", name=name, url="http://a.example/", tags=tags)

    assert sources.parse(file_of(source), FILE).sources == (source,)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sources: []\n", "sources:\n  - id: new\n    url: http://new.example/\n"),
        ("sources:  # whom\n", "sources:  # whom\n\n  - id: new\n    url: http://new.example/\n"),
        (
            "sources:\n- {id: a, url: 'http://a.example/'}\n# the end\n",
            "sources:\n- {id: a, url: 'http://a.example/'}\n# the end\n\n- id: new\n  url: http://new.example/\n",
        ),
        (
            "sources:\n    - id: a\n      url: http://a.example/\n\ndefaults: {pace: 1s}\n",
            "sources:\n    - id: a\n      url: http://a.example/\n    - id: new\n      url: http://new.example/\n\n"
            "defaults: {pace: 1s}\n",
        ),
    ],
)
def test_an_entry_is_put_at_the_end_of_the_sources_and_all_else_stays(before: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(before)

    following = sources.add(path, [{"id": "new", "url": "http://new.example/"}])

    assert path.read_text() == after
    assert following.sources[-1].id == "new"


def test_an_entry_that_would_be_refused_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text("sources:\n  - {id: a, url: 'http://a.example/'}\n")
    before = path.read_text()

    with pytest.raises(SourcesError, match="already that of the source"):
        sources.add(path, [{"id": "a", "url": "http://b.example/"}])
    path.write_text("sources: [{id: a, url: 'http://a.example/'}]\n")
    with pytest.raises(UsageError, match="brackets"):
        sources.add(path, [{"id": "b", "url": "http://b.example/"}])
    path.write_text(before)


def test_what_is_exported_as_opml_is_imported_as_it_was() -> None:
    document = opml.exported([FULL, DAILY], datetime(2026, 11, 28, tzinfo=UTC))

    found = opml.imported(document.encode(), FILE)
    text = "\n".join(["sources:", *(line for entry in found for line in entries.lines(entry))])

    first, second = sources.parse(text, FILE).sources
    assert second == DAILY
    assert first == Source(**{f: getattr(FULL, f) for f in FULL.__slots__} | {"tags": ("calais", "a b", "null")})


def test_the_subscriptions_of_a_feed_reader_become_sources_and_folders_tags() -> None:
    document = b"""<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>
    <opml version="1.0"><body><outline text="Calais">
      <outline text="One &amp; all" type="rss" xmlUrl="https://one.wordpress.com/feed/" htmlUrl="https://one.wordpress.com"/>
      <outline title="Two" xmlUrl="http://two.example/rss" category="/borders/north" language="fr-FR"/>
      <outline text="&x;nothing"/><outline text="bad" xmlUrl="javascript:alert(1)"/>
    </outline></body></opml>"""

    found = opml.imported(document, FILE)

    assert found == [
        {
            "id": "one", "name": "One & all", "url": "https://one.wordpress.com/",
            "feeds": ["https://one.wordpress.com/feed/"], "tags": ["Calais"],
        },
        {
            "id": "two", "name": "Two", "url": "http://two.example/", "feeds": ["http://two.example/rss"],
            "tags": ["Calais", "borders", "north"], "languages": ["fr"],
        },
    ]  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"<html/>", b"{}", b"<opml"])
def test_what_is_no_opml_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"no OPML|cannot be read as OPML|names nothing"):
        opml.imported(data, FILE)


def test_importing_twice_adds_nothing_the_second_time(tmp_path: Path, aggregator: Aggregator) -> None:
    (tmp_path / "sources.yaml").write_text("sources: []\n")
    (tmp_path / "in.opml").write_text(opml.exported([FULL, DAILY], datetime.now(UTC)))
    told: list[Any] = []
    for _ in range(2):
        told.append(aggregator("--home", tmp_path, "sources", "import", tmp_path / "in.opml", "--json").json)

    assert [(len(t["entries"]), t["known"], t["written"]) for t in told] == [(2, 0, True), (0, 2, False)]
