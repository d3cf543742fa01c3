"""What a search finds, looked at in other ways: words in context, over time, by families; and who had a text when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from bs4 import BeautifulSoup, Tag
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.home import Home
from aggregator.web.drawing import Placed, course
from aggregator.web.drawing.courses import EDGE
from aggregator.web.serving import application
from tests.fakecli import Aggregator
from tests.fakeweb import NOON
from tests.stockedhome import article, stocked
from tests.test_web import NAUGHTY
from tests.webbed import got, serving

Get = Callable[[str], requests.Response]

STORY = (
    "In the night before Sunday the police cleared the camp behind the harbour and took the tents away. "
    "Forty people, among them nine children, stood on the quay until the morning without blankets or water. "
    "A nurse who came with tea was sent back at the gate, and nobody would say by whose order. "
    "The town says that the ground is needed for containers; the dockers say that no ship is expected before spring."
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a text that three sources have, one of them without a date, and others beside it."""
    return stocked(
        tmp_path_factory.mktemp("views") / "home",
        [
            article("story", STORY, title="Camp cleared", at="2026-09-02", of="a"),
            article(
                "copy",
                f"{STORY}\n\nSource: http://a.example/story",
                title="Camp cleared",
                at="2026-10-20",
                of="b",
                seen=NOON + timedelta(days=1),
            ),
            article(
                "later",
                f"{STORY}\n\nSource: http://a.example/story",
                title="The camp",
                at=None,
                of="c",
                seen=NOON + timedelta(days=2),
            ),
            article(
                "other", f"Another camp, far away {NAUGHTY}, was left alone.", title="Camp", at="2026-11-01", of="c"
            ),
        ],
    )


@pytest.fixture(scope="module")
def get(home: Home) -> Iterator[Get]:
    with serving(application(home)) as address:
        yield lambda path: got(address + path)


def main_of(answer: requests.Response) -> Tag:
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "lxml").select_one("main") or pytest.fail("it has no content")


def words_of(element: Tag) -> str:
    return " ".join(element.get_text().split())


def test_each_way_to_look_at_a_search_leads_to_the_others_with_all_that_narrows_it(get: Get) -> None:
    for path in ("/", "/context", "/timeline", "/families"):
        tabs = main_of(get(f"{path}?q=camp&language=en&since=2026")).select("nav[aria-label='Ways to look at it'] a")
        assert [tab.get("href") for tab in tabs] == [
            f"{other}?q=camp&language=en&since=2026" for other in ("/", "/context", "/timeline", "/families")
        ]
        assert [tab.get("aria-current") == "page" for tab in tabs].count(True) == 1


def test_words_in_context_are_lined_up_in_the_order_that_is_asked_for(get: Get) -> None:
    by_right = main_of(get("/context?q=camp"))
    lines = [words_of(line) for line in by_right.select(".kwic .line")]
    assert "4 places in 4 articles, each copy counted" in words_of(by_right)
    assert "elsewhere" not in words_of(by_right)
    assert all(len(line.select("mark")) == 1 for line in by_right.select(".kwic .line"))
    assert ["camp behind" in line for line in lines] == [True, True, True, False]  # "behind" stands before "far"

    oldest = main_of(get("/context?q=camp&order=date"))
    assert words_of(oldest.select(".kwic li")[0]).endswith("a · 2026-09-02")


def test_counts_tell_texts_from_copies_and_articles_that_have_a_word_in_the_title_alone(
    get: Get, gathered: Get, home: Home, aggregator: Aggregator
) -> None:
    assert "4 articles: 2 texts and 2 copies (in " in words_of(main_of(get("/?q=camp")))
    lines = words_of(main_of(get("/context?q=cleared")))
    assert "3 places in 3 articles" in lines
    said = "2 places in 2 articles, each copy counted; 2 more have the words elsewhere, as in a title"
    assert said in words_of(main_of(gathered("/context?q=van+OR+part")))

    printed = aggregator("--home", str(home.root), "search", "camp")
    assert "4 articles found in" in printed.err
    assert " ms: 2 texts and 2 copies" in printed.err


def test_a_search_without_words_has_no_context_and_says_so(get: Get) -> None:
    answer = get("/context?source=a")
    assert answer.status_code == 400
    assert "no word or phrase" in answer.text


def test_a_timeline_draws_what_was_found_and_counts_words_when_it_is_asked_to(get: Get) -> None:
    page = main_of(get("/timeline?q=camp"))
    assert len(page.select("figure")) == 2
    assert [bar.get("aria-label") for bar in page.select("figure")[0].select("a")] == [
        "2026-09: 1",
        "2026-10: 1",
        "2026-11: 2",
    ]
    counted = page.select_one("a[href*='words=count']")
    assert counted
    assert "per million words" in words_of(main_of(get(str(counted["href"])))).lower()
    assert [words_of(row) for row in main_of(get("/timeline?q=camp&by=year")).select("tbody th")] == ["2026", "all"]


def test_the_families_of_a_search_are_there_with_who_has_them(get: Get) -> None:
    page = main_of(get("/families?q=camp"))
    assert "1 text with copies among 4 articles" in words_of(page)
    assert "3 articles, all of them found · a, b, c · en" in words_of(page)
    assert "None of these articles has a copy" in words_of(main_of(get("/families?q=far")))


def test_a_family_is_drawn_with_a_dot_for_each_article_where_its_time_and_source_meet(get: Get) -> None:
    first = article("story", "", of="a").id
    page = main_of(get(f"/articles/{first}/family"))
    dots = page.select("figure.course circle")
    assert [dot["class"] for dot in dots] == [["copy", "here"], ["copy"], ["copy", "seen"]]
    places = [float(str(dot["cx"]).removesuffix("%")) for dot in dots]
    assert places == sorted(places)
    assert len({dot["cy"] for dot in dots}) == 3
    labels = [str(link["aria-label"]) for link in page.select("figure.course a")]
    assert labels[0] == "2026-09-02, a, en: Camp cleared"
    assert "first seen, c, en: The camp" in labels[2]


def test_the_legend_of_a_family_names_what_is_drawn_and_nothing_else(get: Get, gathered: Get) -> None:
    undecided, drawn_from = article("story", "", of="a").id, article("part1", "", of="b").id
    legends = [
        [words_of(one) for one in main_of(page).select("figure.course figcaption li")]
        for page in (get(f"/articles/{undecided}/family"), gathered(f"/articles/{drawn_from}/family"))
    ]
    ring, line = "with a ring: this article", "line: from where a text was to where it came"
    undated, large = "open: claims no date, was first seen then", "large: the probable original"
    assert legends == [[ring, undated, line], [large, ring, line]]


BUSES = (
    "From Monday the night bus will no longer stop at the reception centre, the transport office wrote on Friday. "
    "Whoever works late in the kitchens will have to walk four kilometres along a road without a pavement."
)
COURT = (
    "The court in the capital heard eleven witnesses on the third day, and none of them had seen a weapon in the van. "
    "The prosecutor asked for more time, which the judge gave her until the second week of the new year."
)


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Get]:
    """The pages of a home with three texts and an article that gathers them."""
    parts = [
        article(f"part{n}", text, title=f"Part {n}", of="ab"[n % 2]) for n, text in enumerate((STORY, BUSES, COURT))
    ]
    whole = article("whole", "\n\n".join((STORY, BUSES, COURT)), title="Round-up", at="2026-11-05", of="c")
    with serving(application(stocked(tmp_path_factory.mktemp("gathered") / "home", [*parts, whole]))) as address:
        yield lambda path: got(address + path)


def test_a_round_up_and_what_it_is_drawn_from_are_told_apart(gathered: Get) -> None:
    page = main_of(gathered(f"/articles/{article('whole', '', of='c').id}/family"))
    assert [words_of(cell) for cell in page.select("td[data-name=what]")] == [
        *["source of roundup"] * 3,
        "roundup of 3 texts",
    ]


ANYTIME = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.lists(st.tuples(ANYTIME, st.sampled_from("abcd"), st.booleans()), min_size=1, max_size=60))
@example([(datetime(2026, 1, 1, tzinfo=UTC), "a", True)] * 2)
@example([(datetime(2026, 1, 1, tzinfo=UTC), f"s{n}", True) for n in range(60)])
def test_whatever_a_family_claims_its_drawing_stays_within_its_frame(some: list[tuple[datetime, str, bool]]) -> None:
    placed = [
        Placed(id=f"i{n}", source=name, language="fr", title="t", at=at, is_claimed=claimed)
        for n, (at, name, claimed) in enumerate(sorted(some))
    ]
    came = [("i0", one.id, False) for one in placed[1:]]
    drawn = course(placed, came, first="i0", here="i0")
    for dot in drawn.dots:
        assert EDGE <= dot.x <= 100 - EDGE
        assert 0 <= dot.y <= drawn.height
    assert [dot.is_first for dot in drawn.dots] == [True] + [False] * (len(drawn.dots) - 1)
    assert {(line.x1, line.y1) for line in drawn.lines} <= {(drawn.dots[0].x, drawn.dots[0].y)}
    assert len(drawn.lines) == len(drawn.dots) - 1
    assert len(drawn.lanes) + drawn.left_out == len({one.source for one in placed})
    assert {drawn.ticks[0][1], drawn.ticks[-1][1]} <= {dot.x for dot in drawn.dots}  # days stand below what they are of
    assert all(EDGE <= x <= 100 - EDGE for _, x in drawn.ticks)


@pytest.mark.parametrize("path", ["/", "/context", "/timeline", "/families"])
def test_what_strangers_wrote_is_text_in_every_view(get: Get, path: str) -> None:
    for asked in (f"camp {NAUGHTY}", "alone"):
        page = BeautifulSoup(get(f"{path}?q={quote(asked)}").text, "lxml")
        assert not page.select("script:not([src='/static/keys.js']), img, iframe, [onload], [onerror]")


def test_the_interface_answers_each_view_as_the_commands_print_it(home: Home, get: Get, aggregator: Aggregator) -> None:
    root = ["--home", str(home.root), "search", "camp"]
    context = aggregator(*root, "--kwic", "--json")
    assert get("/api/context?q=camp").json() == context.json
    curve = aggregator(*root, "--curve", "month", "--json")
    assert get("/api/timeline?q=camp&words=count").json() == curve.json
    families = get("/api/families?q=camp").json()
    assert [len(kin["members"]) for kin in families["shown"]] == [3]
    assert {one["id"] for one in families["shown"][0]["members"]} >= {article("story", "", of="a").id}
    for view in ("context", "timeline", "families", "search"):
        assert get(f"/api/{view}").status_code in (400, 422)


def test_a_chip_is_removed_within_the_view(get: Get) -> None:
    page = main_of(get("/families?q=camp&source=a"))
    assert [chip["href"] for chip in page.select(".chips a")] == ["/families?q=camp"]


def test_an_article_that_claims_to_be_a_thousand_years_old_is_shown_with_what_it_claims(tmp_path: Path) -> None:
    old = article("old", "A chronicle of the camp.", title="Chronicle", at="0999-03-01")
    with serving(application(stocked(tmp_path / "home", [old]))) as address:
        for path in (f"/articles/{old.id}", "/?q=camp", "/timeline?q=camp", f"/api/articles/{old.id}"):
            answer = requests.get(address + path, timeout=20)
            assert (answer.status_code, "0999" in answer.text) == (200, True), path


def test_a_home_without_articles_says_so_in_every_view(tmp_path: Path) -> None:
    root = tmp_path / "home"
    (root / "index").mkdir(parents=True)
    (root / "sources.yaml").write_text("sources: []\n")
    with serving(application(Home(root))) as address:
        for path in ("/", "/context", "/timeline", "/families"):
            answer = requests.get(f"{address}{path}?q=camp", timeout=20)
            assert (answer.status_code, "Nothing was crawled yet." in answer.text) == (200, True)


def test_each_cell_of_a_table_has_the_name_of_its_column_for_there_are_no_headings_on_a_phone(get: Get) -> None:
    family = f"/articles/{article('story', '', of='a').id}/family"
    for path in ("/feeds", "/export?q=camp", "/timeline?q=camp", family):
        table = main_of(get(path)).select_one("table.wide") or pytest.fail(f"{path} has no table")
        for row in table.select("tbody tr"):
            headings = [words_of(heading) for heading in table.select("thead th")]
            names = [str(cell.get("data-name", "")) for cell in row.select("th, td")]
            assert [name and name.split()[0] for name in names] == [heading.split()[0] for heading in headings]


def test_a_long_passage_shows_its_first_lines_and_the_rest_on_a_click(tmp_path: Path) -> None:
    text = " ".join(f"{STORY} {BUSES} {COURT}".split())
    one, other = article("one", text, of="a"), article("two", text, of="b")
    with serving(application(stocked(tmp_path / "home", [one, other]))) as address:
        quoted = main_of(got(f"{address}/articles/{one.id}/family")).select(".two blockquote")
    assert len(quoted) == 2
    for each in quoted:
        [folded] = each.select("details")
        [summary] = folded.select("summary")
        summary.extract()
        assert each.get_text() == text
        assert len(folded.get_text()) > len(text) / 2
