"""Two articles side by side: every passage leads to the same on the other side, and both texts are whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from aggregator import pipeline, reposts, words
from aggregator.home import Home
from aggregator.takedown import Scope
from aggregator.web.beside import pieces
from aggregator.web.limits import FOLDED_CHARS, WHOLE
from aggregator.web.serving import application
from tests.fakeweb import NOON, FakeWeb, articles, crawl, feed, following, page, source
from tests.stockedhome import article, stocked
from tests.test_saved_searches import hide
from tests.webbed import got, serving

FIRST = (
    "Four vans stood in the lane before the sun was up, and the bailiffs counted the tents twice before anybody spoke."
)
SECOND = (
    "By noon the council had sent a lorry for the blankets, and a clerk with a list of names that nobody would confirm."
)
OWN = "What follows is our own, and no other paper had it. " * 60
STORY = f"{FIRST}\n\n{OWN}\n\n{SECOND}"
COPY = f"{SECOND}\n\nThe neighbours tell it another way round.\n\n{FIRST}"

Get = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which one article has two passages of another, in another order."""
    root = tmp_path_factory.mktemp("beside")
    pages = {"http://a.example/1": page(STORY, title="Vans"), "http://b.example/1": page(COPY, title="Blankets")}
    pages["http://b.example/2"] = page("A choir sang in the harbour, and the ferry waited for the last verse of it.")
    feeds = {"http://a.example/feed": feed("http://a.example/1")}
    feeds["http://b.example/feed"] = feed("http://b.example/1", "http://b.example/2")
    crawl(root, FakeWeb({**feeds, **pages}), source("a"), source("b"))
    return Home(root)


@pytest.fixture(scope="module")
def served(home: Home) -> Iterator[str]:
    """Where the pages of the home are served."""
    (home.root / "sources.yaml").write_text("settings: {min_free: 1MB}\nsources: []\n")
    with serving(application(home)) as address:
        yield address


@pytest.fixture
def get(served: str) -> Get:
    return lambda path, **how: got(served + path, **how)


@pytest.fixture
def ids(home: Home) -> dict[str, str]:
    return {url: one.id for url, one in articles(home.root).items()}


def columns_of(answer: requests.Response) -> tuple[BeautifulSoup, list[str]]:
    """The page, and the text of each column without the words that are said of it."""
    assert answer.status_code == 200, answer.text
    read = BeautifulSoup(answer.text, "lxml")
    again = BeautifulSoup(answer.text, "lxml")
    for said in again.select(".column .number, .column summary"):
        said.decompose()
    return read, [" ".join(column.text.split()) for column in again.select(".column")]


def test_each_passage_leads_to_the_same_on_the_other_side_and_back(get: Get, ids: dict[str, str]) -> None:
    read, texts = columns_of(get(f"/articles/{ids['http://a.example/1']}/beside/{ids['http://b.example/1']}"))

    marks = {str(mark["id"]): mark for mark in read.select("mark")}
    assert set(marks) == {"l1", "l2", "r1", "r2"}
    for own, other in (("l1", "r1"), ("r1", "l1"), ("l2", "r2"), ("r2", "l2")):
        assert [str(link["href"]) for link in marks[own].select("a")] == [f"#{other}"]
    for number, passage in (("1", FIRST), ("2", SECOND)):
        assert passage[:-1] in marks[f"l{number}"].text and passage[:-1] in marks[f"r{number}"].text
    assert [mark["id"] for mark in read.select("mark")] == ["l1", "l2", "r2", "r1"]
    assert texts == [" ".join(text.split()) for text in (STORY, COPY)]
    assert [str(link["href"]) for link in read.select("nav.passages a")] == ["#l1", "#l2"]


def test_what_is_long_and_not_shared_is_folded(get: Get, ids: dict[str, str]) -> None:
    read, _ = columns_of(get(f"/articles/{ids['http://a.example/1']}/beside/{ids['http://b.example/1']}"))
    assert len(read.select(".column details")) == 1
    assert "characters that are not shared" in read.select(".column details")[0].text


def test_both_shares_and_the_reasons_stand_above_the_columns(get: Get, ids: dict[str, str]) -> None:
    a, b = ids["http://a.example/1"], ids["http://b.example/1"]
    read, _ = columns_of(get(f"/articles/{a}/beside/{b}"))
    [match] = get(f"/api/articles/{a}").json()["matches"]
    assert [item.text for item in read.select("section.why li")] == match["evidence"] != []
    assert [strong.text.split()[0] for strong in read.select(".head strong")] == [
        f"{100 * share:.0f}" for share in (match["coverage"] if a < b else match["coverage"][::-1])
    ]
    assert f"/articles/{a}/beside/{b}" in get(f"/articles/{a}/family").text or (
        f"/articles/{b}/beside/{a}" in get(f"/articles/{a}/family").text
    )


def test_articles_that_share_nothing_are_not_set_side_by_side(get: Get, ids: dict[str, str]) -> None:
    a, alone = ids["http://a.example/1"], ids["http://b.example/2"]
    for other, status in ((alone, 404), ("7k2mq4xw3nbd", 404), (a, 400)):
        assert get(f"/articles/{a}/beside/{other}").status_code == status


def test_of_many_versions_only_those_that_are_compared_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    words_of = words.words

    def noting(text: str) -> words.Words:
        read.append(text)
        return words_of(text)

    a = [article("one", f"{FIRST} Take {n}.") for n in range(40)]
    b = [article("other", f"Take {n} of others.", of="b") for n in range(39)]
    b.append(article("other", f"As they say, {FIRST}", of="b"))
    home = stocked(tmp_path / "home", [*a, *b])
    reposts.refuse(home, a[0].id, b[0].id, by="t", now=NOON)
    with pipeline.opened(home, following()):
        pass

    monkeypatch.setattr(words, "words", noting)
    compared = reposts.compare(home, a[-1], b[-1], passages_only=True)

    assert compared.match is None and compared.passages
    assert (compared.a_version.text, compared.b_version.text) == (a[-1].text, b[-1].text)
    assert read == [each.text for some in (a, b) for each in (some[0], *some[-3:])]


def test_what_is_withdrawn_stands_beside_nothing_and_is_not_among_the_newest(tmp_path: Path) -> None:
    one, other = article("one", STORY, title="Vans"), article("two", COPY, title="Vans again", of="b")
    home = stocked(tmp_path / "home", [one, other])
    (home.root / "sources.yaml").write_text(
        "settings: {min_free: 1MB}\n"
        "sources: [{id: a, name: A, url: 'http://a.example/'}, {id: b, name: B, url: 'http://b.example/'}]\n"
    )
    with serving(application(home)) as address:
        beside = f"{address}/articles/{one.id}/beside/{other.id}"
        assert requests.get(beside, timeout=60).status_code == 200
        assert "Vans again" in requests.get(address, timeout=60).text
        hide(home, f"{other.id}@1", scope=Scope.VERSION)
        assert requests.get(beside, timeout=60).status_code == 404
        front = requests.get(address, timeout=60).text
        assert "Vans again" not in front and "Vans" in front


def test_a_text_that_is_pasted_stands_whole_beside_what_has_it(served: str) -> None:
    answer = requests.post(f"{served}/reposts", data={"text": COPY}, timeout=60)
    read, texts = columns_of(answer)
    assert " ".join(COPY.split()) in texts and " ".join(STORY.split()) in texts
    ids = [str(mark["id"]) for mark in read.select("mark.shared")]
    assert len(ids) == len(set(ids)) >= 4
    for link in read.select("mark.shared a"):
        assert str(link["href"])[1:] in ids


def test_of_many_that_have_a_pasted_text_some_stand_whole_beside_it(tmp_path: Path) -> None:
    home = stocked(
        tmp_path / "home",
        [article("one", f"{FIRST}\n\n{SECOND}\n\nNumber {n}.", title=f"No. {n}", of=f"s{n}") for n in range(WHOLE + 2)],
    )
    with serving(application(home)) as address:
        answer = requests.post(f"{address}/reposts", data={"text": f"{FIRST}\n\n{SECOND}"}, timeout=60)
    read = BeautifulSoup(answer.text, "lxml")
    pairs = [pair for pair in read.select("section.pair") if "the text pasted" in pair.text]
    assert [bool(pair.select(".column")) for pair in pairs] == [True] * WHOLE + [False] * 2
    assert all(pair.select("blockquote") for pair in pairs[WHOLE:])
    assert not [link for link in read.select("a[href*=beside]") if "given" in str(link["href"])]


SPANS = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 40)), max_size=8)


@given(st.text("ab\n", max_size=100), SPANS)
def test_whatever_passages_overlap_the_pieces_are_the_text_and_each_passage_is_there_once(
    text: str, some: list[tuple[int, int]]
) -> None:
    spans = [(min(start, len(text)), min(start + long, len(text))) for start, long in some]
    found = list(pieces(text, spans))
    assert "".join(piece.text for piece in found) == text
    assert sorted(piece.number for piece in found if piece.number) == list(range(1, len(spans) + 1))


def test_only_what_is_longer_than_the_limit_is_folded() -> None:
    assert [piece.is_folded for piece in pieces("x" * FOLDED_CHARS, [])] == [False]
    assert [piece.is_folded for piece in pieces("x" * (FOLDED_CHARS + 1), [])] == [False, True, False]
