"""An article's versions as a line of points: each is there, in order, apart, and leads somewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import requests
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from aggregator.home import Home
from aggregator.model import Observation, Version
from aggregator.web.drawing import line
from aggregator.web.drawing.points import APART, MOST_POINTS
from aggregator.web.serving import application
from tests.fakeweb import NOON, STORY, FakeWeb, articles, crawl, feed, page, source
from tests.stockedhome import article, stocked
from tests.webbed import serving

DAY = timedelta(days=1)
URL = "http://a.example/1"
ANYTIME = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
WHAT = st.sampled_from(("seen", "back", "empty", "vanished", "blocked", "unavailable"))


def version(number: int, at: datetime) -> Version:
    return Version(
        article_id="x",
        number=number,
        digest=str(number),
        captured_at=at,
        record_id=f"<urn:{number}>",
        generation="",
        title=None,
        text="",
        read_title=None,
        authors=(),
        claimed_at=None,
        language=None,
        problems=(),
    )


def shown(address: str, path: str) -> BeautifulSoup:
    answer = requests.get(address + path, timeout=60)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "lxml")


@given(st.lists(ANYTIME, min_size=1, max_size=40), st.lists(st.tuples(ANYTIME, WHAT), max_size=20))
def test_whatever_was_observed_every_version_is_in_a_point_and_points_are_apart(
    times: list[datetime], turns: list[tuple[datetime, str]]
) -> None:
    versions = [version(number, at) for number, at in enumerate(sorted(times), 1)]
    observed = [Observation(at=at, what=what, why="", record_id="") for at, what in sorted(turns)]
    drawn = line(versions, observed, shown=1)
    if drawn is None:
        assert len(versions) == 1 and all(one.what == "seen" for one in observed)
        return
    assert [number for point in drawn.points for number in range(point.first, point.last + 1)] == [
        one.number for one in versions
    ]
    places = sorted([point.x for point in drawn.points] + [absence.x for absence in drawn.absences])
    assert len(places) <= MOST_POINTS
    assert all(0 <= x <= 100 for x in places)
    assert all(later - earlier > APART - 0.02 for earlier, later in pairwise(places))
    assert sum(point.is_shown for point in drawn.points) == 1
    assert all(absence.x < absence.end <= 100 for absence in drawn.absences)


def test_a_point_leads_to_its_version_and_the_one_shown_is_marked(tmp_path: Path) -> None:
    home = stocked(tmp_path / "home", [article("one", f"text {n}", seen=NOON + n * DAY) for n in range(3)])
    one = article("one", "").id
    with serving(application(home)) as address:
        page = shown(address, f"/articles/{one}?version=2")
    links = page.select("figure.line a")
    assert [link["href"] for link in links] == [f"/articles/{one}?version={n}" for n in (1, 2, 3)]
    assert [link.get("aria-current") for link in links] == [None, "true", None]
    assert all(link["aria-label"] == link.select("title")[0].text for link in links)
    assert str(links[0]["aria-label"]).startswith("version 1, seen ")


def test_hundreds_of_versions_are_a_few_points_that_lead_to_what_changed(tmp_path: Path) -> None:
    home = stocked(
        tmp_path / "home", [article("one", f"text {n}", seen=NOON + n * timedelta(hours=1)) for n in range(300)]
    )
    one = article("one", "").id
    with serving(application(home)) as address:
        page = shown(address, f"/articles/{one}")
        links = page.select("figure.line a")
        assert len(links) == MOST_POINTS
        assert sum(int(count.text) for count in page.select("figure.line .within")) == 300
        for link in (links[0], links[5]):
            assert shown(address, str(link["href"])).select("ins")
        assert len(page.select("details .versions li")) == 300


def test_an_article_that_vanished_and_came_back_has_a_gap_with_words(tmp_path: Path) -> None:
    for day, held in enumerate((page(STORY), 404, page(STORY), 410)):
        now = NOON + day * DAY
        announced = feed(URL, updated=f"{now:%Y-%m-%dT%H:%M:%SZ}")
        crawl(tmp_path, FakeWeb({"http://a.example/feed": announced, URL: held}, now=now), source("a"))
    (tmp_path / "sources.yaml").write_text("settings: {min_free: 1MB}\nsources: []\n")
    [one] = articles(tmp_path).values()
    with serving(application(Home(tmp_path))) as address:
        read = shown(address, f"/articles/{one.id}")
    said = [str(gap["aria-label"]) for gap in read.select("figure.line .absence")]
    assert [words.split()[0] for words in said] == ["vanished", "vanished"]
    assert " – " in said[0] and " – " not in said[1]
    facts = read.select("section[aria-labelledby=observed]")[0].text
    assert "HTTP 404" in facts and "HTTP 410" in facts and "back" in facts
